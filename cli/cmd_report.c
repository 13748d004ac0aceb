/* What came of an airport operation, and on whom it fell: report outcome, report fairness. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/looks.h"
#include "cli/when.h"
#include "core/base/text.h"

#define CELL_SIZE 48u
#define HEADS_MAX (3u + DBK_REPORT_MEASURES)

typedef struct reporting {
    cli *c;
    const char *op; /* or NULL: any */
    dbk_id flight;  /* zero: any */
    int64_t from_ms, to_ms;
    bool outside, csv;
    dbk_report report;
} reporting;

/* ---- what is counted ------------------------------------------------------------------------- */

static dbk_rc is_asked(const reporting *job, const dbk_note *note, bool *asked, dbk_err *err)
{
    dbk_reading reading;
    dbk_span op = { NULL, 0 };
    dbk_id flight = { { 0 } };
    dbk_reading_init(&reading, note);
    dbk_rc rc = dbk_reading_text(&reading, &op, "op_ref", err);
    *asked = job->op == NULL || dbk_span_equal(op, dbk_span_str(job->op));
    if (rc == DBK_OK)
        rc = dbk_reading_ref(&reading, &flight, "flight", err);
    if (!dbk_id_is_zero(&job->flight))
        *asked = *asked &&
                 (dbk_id_equal(&flight, &job->flight) || dbk_id_equal(&note->record, &job->flight));
    dbk_reading_wipe(&reading);
    return rc;
}

static dbk_rc count_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    reporting *job = ctx;
    bool asked = false;
    if (row->when_ms < job->from_ms || row->when_ms > job->to_ms)
        return DBK_OK;
    dbk_rc rc = is_asked(job, row->note, &asked, err);
    if (rc == DBK_OK && asked && cli_shows(job->c, &row->space))
        rc = dbk_report_take(&job->report, row->note, err);
    return rc;
}

static dbk_rc count(reporting *job, dbk_err *err)
{
    static const char *const forms[] = { "flight", "intervention" };
    dbk_rc rc = dbk_report_init(&job->report, dbk_book_forms(job->c->book), err);
    for (size_t i = 0; rc == DBK_OK && i < sizeof(forms) / sizeof(forms[0]); i++) {
        const dbk_list_opts opts = { .form = forms[i],
                                     .since_ms = job->from_ms,
                                     .with_note = true };
        rc = dbk_query_list(job->c->book, &opts, count_row, job, err);
    }
    if (rc == DBK_OK)
        rc = dbk_report_check(&job->report, err);
    if (rc == DBK_OK && job->outside)
        dbk_report_hide_small(&job->report);
    return rc;
}

/* ---- how it is said -------------------------------------------------------------------------- */

static json_t *cell_json(const dbk_cell *cell)
{
    return cell->hidden ? json_null() : json_integer((json_int_t)cell->n);
}

/* "3", and beside what it is a part of "3 of 40"; hidden "*". */
static const char *cell_text(char out[CELL_SIZE], const dbk_cell *cell, const dbk_cell *of)
{
    if (cell->hidden)
        (void)snprintf(out, CELL_SIZE, "*");
    else if (of == NULL)
        (void)snprintf(out, CELL_SIZE, "%llu", (unsigned long long)cell->n);
    else if (of->hidden)
        (void)snprintf(out, CELL_SIZE, "%llu of *", (unsigned long long)cell->n);
    else
        (void)snprintf(out, CELL_SIZE, "%llu of %llu", (unsigned long long)cell->n,
                       (unsigned long long)of->n);
    return out;
}

static dbk_rc say_figures(const reporting *job, dbk_err *err)
{
    const dbk_report *r = &job->report;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < r->figures_count; i++) {
        const dbk_report_figure *f = &r->figures[i];
        char n[CELL_SIZE];
        if (job->csv) {
            out_csv_cell("flights", true);
            out_csv_cell(f->name, false);
            out_csv_cell(f->label, false);
            out_csv_cell(cell_text(n, &f->cell, NULL), false);
            out_text("\r\n");
        } else if (job->c->format == OUT_JSON) {
            rc = out_json_take(json_pack("{s:s, s:s, s:s, s:o}", "part", "flights", "code", f->name,
                                         "label", f->label, "count", cell_json(&f->cell)),
                               err);
        } else {
            out_text("%-40s %s\n", f->label, cell_text(n, &f->cell, NULL));
        }
    }
    return rc;
}

/* One row, or a part's total (row NULL). */
static dbk_rc row_json(const reporting *job, unsigned part, const dbk_report_row *row, dbk_err *err)
{
    const dbk_report *r = &job->report;
    const dbk_cell *cells = row == NULL ? r->total : row->cells;
    json_t *json = json_pack("{s:s, s:s*, s:s, s:b}", "part", dbk_report_part_name(part), "code",
                             row == NULL ? NULL : row->code, "label",
                             row == NULL ? "Total" : row->label, "total", row == NULL);
    for (unsigned m = 0; m < DBK_REPORT_MEASURES; m++)
        (void)json_object_set_new(json, dbk_report_measure_name(m), cell_json(&cells[m]));
    if (row != NULL && part == DBK_REPORT_BY_OUTCOME)
        (void)json_object_set_new(json, "named", cell_json(&row->named));
    return out_json_take(json, err);
}

static void row_csv(const reporting *job, unsigned part, const dbk_report_row *row)
{
    const dbk_cell *cells = row == NULL ? job->report.total : row->cells;
    char n[CELL_SIZE];
    out_csv_cell(dbk_report_part_name(part), true);
    out_csv_cell(row == NULL ? "total" : row->code == NULL ? "unclassified" : row->code, false);
    out_csv_cell(row == NULL ? "Total" : row->label, false);
    for (unsigned m = 0; m < DBK_REPORT_MEASURES; m++)
        out_csv_cell(cell_text(n, &cells[m], NULL), false);
    out_csv_cell(
        row == NULL || part != DBK_REPORT_BY_OUTCOME ? "" : cell_text(n, &row->named, NULL), false);
    out_text("\r\n");
}

static dbk_rc row_text(const reporting *job, out_table *table, unsigned part,
                       const dbk_report_row *row, dbk_err *err)
{
    char texts[DBK_REPORT_MEASURES + 1][CELL_SIZE];
    const dbk_cell *cells = row == NULL ? job->report.total : row->cells;
    const char *shown[HEADS_MAX] = { row == NULL ? "Total" : row->label };
    size_t columns = 1;
    shown[columns++] = cell_text(texts[0], &cells[DBK_REPORT_SPOKEN],
                                 &job->report.total[DBK_REPORT_SPOKEN]);
    if (part == DBK_REPORT_BY_OUTCOME) {
        shown[columns++] = row == NULL ? "" : cell_text(texts[1], &row->named, NULL);
    } else {
        for (size_t m = DBK_REPORT_SPOKEN + 1; m < DBK_REPORT_MEASURES; m++)
            shown[columns++] = cell_text(texts[m], &cells[m], &cells[DBK_REPORT_SPOKEN]);
    }
    return out_table_row(table, shown, err);
}

static dbk_rc begin_table(out_table **table, unsigned part, dbk_err *err)
{
    static const char *const outcome[] = { "OUTCOME", "FURTHEST", "NAMED" };
    static const char *const firsts[DBK_REPORT_PARTS] = { "", "WHY THIS FAMILY", "DIRECTION",
                                                          "AGENCY",
                                                          "ETHNICITY, AS THEY DEFINE IT" };
    const char *heads[] = { firsts[part], "SPOKEN TO",  "PAST ADVICE",
                            "SEARCHED",   "WITH POWER", "DECLINED" };
    return part == DBK_REPORT_BY_OUTCOME ? out_table_new(table, outcome, 3, err)
                                         : out_table_new(table, heads, 6, err);
}

static dbk_rc say_row(const reporting *job, out_table *table, unsigned part,
                      const dbk_report_row *row, dbk_err *err)
{
    if (table != NULL)
        return row_text(job, table, part, row, err);
    if (!job->csv)
        return row_json(job, part, row, err);
    row_csv(job, part, row);
    return DBK_OK;
}

/* In words, rows of codes that nobody used are left out; not the one of what fits no other. */
static bool is_said(const dbk_report_row *row, unsigned part, bool words)
{
    bool used = row->code == NULL || row->cells[DBK_REPORT_SPOKEN].n > 0 || row->named.n > 0;
    return row->part == part && (!words || used || part != DBK_REPORT_BY_ETHNICITY);
}

static dbk_rc say_part(const reporting *job, unsigned part, dbk_err *err)
{
    const dbk_report *r = &job->report;
    out_table *table = NULL;
    bool words = !job->csv && job->c->format != OUT_JSON;
    dbk_rc rc = words ? begin_table(&table, part, err) : DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < r->rows_count; i++)
        if (is_said(&r->rows[i], part, words))
            rc = say_row(job, table, part, &r->rows[i], err);
    if (rc == DBK_OK)
        rc = say_row(job, table, part, NULL, err);
    if (rc == DBK_OK && words) {
        out_text("\n");
        out_table_print(table);
    }
    out_table_free(table);
    return rc;
}

static void csv_head(void)
{
    out_csv_cell("part", true);
    out_csv_cell("code", false);
    out_csv_cell("label", false);
    for (unsigned m = 0; m < DBK_REPORT_MEASURES; m++)
        out_csv_cell(dbk_report_measure_name(m), false);
    out_csv_cell("named", false);
    out_text("\r\n");
}

/* ---- the commands ---------------------------------------------------------------------------- */

static dbk_rc read_asked(reporting *job, const cli_args *a, dbk_err *err)
{
    const char *flight = cli_option_value(a, "--flight"), *on = cli_option_value(a, "--on");
    uint64_t evening;
    job->op = cli_option_value(a, "--op");
    job->outside = cli_option_given(a, "--outside");
    job->csv = cli_option_given(a, "--csv");
    if (job->csv && job->c->format == OUT_JSON)
        return dbk_fail(err, DBK_USAGE, "--csv or --json, not both");
    dbk_rc rc = flight == NULL ? DBK_OK : cli_record_find(&job->flight, job->c, flight, err);
    if (rc != DBK_OK || on == NULL)
        return rc;
    if (!dbk_date_valid(dbk_span_str(on)))
        return dbk_fail(err, DBK_USAGE, "--on is a day, as 2026-11-29");
    rc = cli_since_parse(&job->from_ms, on, "--on", err);
    if (rc == DBK_OK)
        rc = cli_when_until(&evening, on, err);
    if (rc == DBK_OK)
        job->to_ms = (int64_t)evening + 999;
    return rc;
}

static dbk_rc say(const reporting *job, unsigned first, unsigned last, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    if (job->csv)
        csv_head();
    if (first == DBK_REPORT_BY_OUTCOME)
        rc = say_figures(job, err);
    for (unsigned part = first; rc == DBK_OK && part <= last; part++)
        rc = say_part(job, part, err);
    if (rc == DBK_OK && !job->csv && job->c->format != OUT_JSON && job->report.drafts > 0 &&
        !job->outside)
        out_note("%llu of the interventions not signed yet: what they say may change",
                 (unsigned long long)job->report.drafts);
    return rc;
}

static dbk_rc report(cli *c, const cli_args *a, unsigned first, unsigned last, dbk_err *err)
{
    reporting job = { .c = c, .from_ms = INT64_MIN, .to_ms = INT64_MAX };
    const char *file = cli_option_value(a, "--output");
    dbk_rc rc = read_asked(&job, a, err);
    if (rc == DBK_OK)
        rc = count(&job, err);
    if (rc == DBK_OK && file != NULL)
        rc = out_redirect(file, err);
    if (rc == DBK_OK)
        rc = say(&job, first, last, err);
    dbk_report_wipe(&job.report);
    return rc;
}

dbk_rc cmd_report_outcome(cli *c, const cli_args *a, dbk_err *err)
{
    return report(c, a, DBK_REPORT_BY_OUTCOME, DBK_REPORT_BY_OUTCOME, err);
}

dbk_rc cmd_report_fairness(cli *c, const cli_args *a, dbk_err *err)
{
    return report(c, a, DBK_REPORT_BY_BASIS, DBK_REPORT_BY_ETHNICITY, err);
}
