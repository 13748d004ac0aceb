/* Figures of a period beside the one before: report trends, indicators, children, referrals. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/looks.h"
#include "cli/when.h"
#include "core/base/text.h"

#define CELL_SIZE 64u

typedef struct counting {
    cli *c;
    dbk_period period;
    int64_t before_ms, from_ms, end_ms; /* the ends of both, in this machine's zone */
    bool outside, csv;
    dbk_statistic statistic;
} counting;

/* ---- counting -------------------------------------------------------------------------------- */

static dbk_rc count_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    counting *job = ctx;
    if (row->when_ms < job->before_ms || row->when_ms >= job->end_ms ||
        !cli_shows(job->c, &row->space))
        return DBK_OK;
    return dbk_statistic_take(&job->statistic, job->c->book, row->note,
                              row->when_ms < job->from_ms ? DBK_FIGURES_BEFORE : DBK_FIGURES_NOW,
                              err);
}

static dbk_rc count(counting *job, dbk_err *err)
{
    const dbk_list_opts opts = { .form = dbk_statistic_form(job->statistic.opts.kind),
                                 .since_ms = job->before_ms,
                                 .with_note = true };
    dbk_rc rc = dbk_query_list(job->c->book, &opts, count_row, job, err);
    if (rc == DBK_OK)
        rc = dbk_figures_check(&job->statistic.figures, err);
    if (rc == DBK_OK && job->outside)
        dbk_figures_hide_small(&job->statistic.figures);
    return rc;
}

dbk_rc cmd_period(cmd_days *days, const cli_args *a, dbk_err *err)
{
    const char *from = cli_option_value(a, "--from"), *to = cli_option_value(a, "--to");
    char next[DBK_PERIOD_DAY_SIZE];
    if (from == NULL || to == NULL)
        return dbk_fail(err, DBK_USAGE,
                        "--from DAY and --to DAY are needed: the first and the last day, as "
                        "2026-07-01 and 2026-09-30");
    dbk_rc rc = dbk_period_of(&days->period, from, to, err);
    if (rc != DBK_OK)
        return rc;
    dbk_period_next_day(next, days->period.to);
    rc = cli_since_parse(&days->from_ms, days->period.from, "--from", err);
    return rc == DBK_OK ? cli_since_parse(&days->end_ms, next, "--to", err) : rc;
}

static dbk_rc read_period(counting *job, const cli_args *a, dbk_err *err)
{
    cmd_days days;
    dbk_rc rc = cmd_period(&days, a, err);
    if (rc != DBK_OK)
        return rc;
    job->period = days.period;
    job->from_ms = days.from_ms;
    job->end_ms = days.end_ms;
    return cli_since_parse(&job->before_ms, job->period.before_from, "--from", err);
}

/* ---- one figure ------------------------------------------------------------------------------ */

/* A row, or a part's total (row NULL), with all that it is to be read with. */
typedef struct figure {
    const dbk_figures_part *part;
    const dbk_figures_row *row;
    const dbk_cell *cells;
    const char *of; /* the code of the provider; or NULL */
} figure;

static figure figure_of(const counting *job, const dbk_figures_part *part,
                        const dbk_figures_row *row)
{
    const dbk_figures *f = &job->statistic.figures;
    figure one = { part, row, row == NULL ? part->total : row->cells, NULL };
    if (part->above != DBK_FIGURES_NONE)
        one.of = f->parts[part->above].rows[part->above_row].code;
    if (part->above != DBK_FIGURES_NONE && one.of == NULL)
        one.of = "unclassified";
    return one;
}

static const char *label_of(const figure *f)
{
    return f->row == NULL ? "Total" : f->row->label;
}

static bool change_of(const figure *f, int64_t *tenths)
{
    const dbk_cell *now = &f->cells[DBK_FIGURES_NOW], *before = &f->cells[DBK_FIGURES_BEFORE];
    return !now->hidden && !before->hidden && dbk_period_change_tenths(tenths, now->n, before->n);
}

static json_t *cell_json(const dbk_cell *cell)
{
    return cell->hidden ? json_null() : json_integer((json_int_t)cell->n);
}

static json_t *mean_json(const counting *job, const dbk_cell *cell)
{
    return cell->hidden ? json_null()
                        : json_real((double)dbk_period_mean_tenths(&job->period, cell->n) / 10);
}

static json_t *time_json(const counting *job, const figure *f, dbk_figures_when when)
{
    const dbk_period *p = &job->period;
    bool now = when == DBK_FIGURES_NOW;
    return json_pack("{s:s, s:s, s:f, s:o, s:o, s:o}", "from", now ? p->from : p->before_from, "to",
                     now ? p->to : p->before_to, "months", (double)dbk_period_months_tenths(p) / 10,
                     "count", cell_json(&f->cells[when]), "out_of",
                     cell_json(&f->part->total[when]), "a_month", mean_json(job, &f->cells[when]));
}

static dbk_rc say_json(const counting *job, const figure *f, dbk_err *err)
{
    int64_t tenths;
    bool changed = change_of(f, &tenths);
    return out_json_take(
        json_pack("{s:s, s:s*, s:s*, s:s, s:b, s:o, s:o, s:o}", "part", f->part->code, "of", f->of,
                  "code", f->row == NULL ? NULL : f->row->code, "label", out_safe_str(label_of(f)),
                  "total", f->row == NULL, "period", time_json(job, f, DBK_FIGURES_NOW), "before",
                  time_json(job, f, DBK_FIGURES_BEFORE), "change_percent",
                  changed ? json_real((double)tenths / 10) : json_null()),
        err);
}

static const char *count_text(char out[CELL_SIZE], const dbk_cell *cell)
{
    if (cell->hidden)
        (void)snprintf(out, CELL_SIZE, "*");
    else
        (void)snprintf(out, CELL_SIZE, "%llu", (unsigned long long)cell->n);
    return out;
}

static const char *mean_text(char out[CELL_SIZE], const counting *job, const dbk_cell *cell)
{
    uint64_t tenths = dbk_period_mean_tenths(&job->period, cell->n);
    if (cell->hidden)
        (void)snprintf(out, CELL_SIZE, "*");
    else
        (void)snprintf(out, CELL_SIZE, "%llu.%llu", (unsigned long long)(tenths / 10),
                       (unsigned long long)(tenths % 10));
    return out;
}

/* "+20.0%"; "*" when one of the two is hidden, "-" when there was none before. */
static const char *change_text(char out[CELL_SIZE], const figure *f)
{
    int64_t tenths;
    bool hidden = f->cells[0].hidden || f->cells[1].hidden;
    if (!change_of(f, &tenths)) {
        (void)snprintf(out, CELL_SIZE, "%s", hidden ? "*" : "-");
        return out;
    }
    uint64_t size = (uint64_t)(tenths < 0 ? -tenths : tenths);
    (void)snprintf(out, CELL_SIZE, "%s%llu.%llu%%", tenths < 0 ? "-" : "+",
                   (unsigned long long)(size / 10), (unsigned long long)(size % 10));
    return out;
}

/* "12 of 40" */
static const char *share_text(char out[CELL_SIZE], const figure *f, dbk_figures_when when)
{
    char n[CELL_SIZE], of[CELL_SIZE];
    if (f->row == NULL)
        return count_text(out, &f->cells[when]);
    (void)snprintf(out, CELL_SIZE, "%.24s of %.24s", count_text(n, &f->cells[when]),
                   count_text(of, &f->part->total[when]));
    return out;
}

static void say_csv(const counting *job, const figure *f)
{
    char text[CELL_SIZE];
    const dbk_period *p = &job->period;
    uint64_t months = dbk_period_months_tenths(p);
    out_csv_cell(f->part->code, true);
    out_csv_cell(f->of == NULL ? "" : f->of, false);
    out_csv_cell(f->row == NULL         ? "total"
                 : f->row->code == NULL ? "unclassified"
                                        : f->row->code,
                 false);
    out_csv_cell(label_of(f), false);
    for (size_t when = 0; when < DBK_FIGURES_TIMES; when++) {
        out_csv_cell(when == 0 ? p->from : p->before_from, false);
        out_csv_cell(when == 0 ? p->to : p->before_to, false);
        (void)snprintf(text, sizeof(text), "%llu.%llu", (unsigned long long)(months / 10),
                       (unsigned long long)(months % 10));
        out_csv_cell(text, false);
        out_csv_cell(count_text(text, &f->cells[when]), false);
        out_csv_cell(count_text(text, &f->part->total[when]), false);
        out_csv_cell(mean_text(text, job, &f->cells[when]), false);
    }
    out_csv_cell(change_text(text, f), false);
    out_text("\r\n");
}

static dbk_rc say_text(const counting *job, out_table *table, const figure *f, dbk_err *err)
{
    char text[5][CELL_SIZE];
    const char *cells[] = { label_of(f),
                            share_text(text[0], f, DBK_FIGURES_NOW),
                            mean_text(text[1], job, &f->cells[DBK_FIGURES_NOW]),
                            share_text(text[2], f, DBK_FIGURES_BEFORE),
                            mean_text(text[3], job, &f->cells[DBK_FIGURES_BEFORE]),
                            change_text(text[4], f) };
    return out_table_row(table, cells, err);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static dbk_rc say_figure(const counting *job, out_table *table, const dbk_figures_part *part,
                         const dbk_figures_row *row, dbk_err *err)
{
    const figure f = figure_of(job, part, row);
    if (table != NULL)
        return say_text(job, table, &f, err);
    if (!job->csv)
        return say_json(job, &f, err);
    say_csv(job, &f);
    return DBK_OK;
}

/* Of a provider, in words, only what there was of: not the one of what fits no other. */
static bool is_said(const dbk_figures_part *part, size_t row, bool words)
{
    const dbk_cell *cells = part->rows[row].cells;
    return !words || row == 0 || part->above == DBK_FIGURES_NONE || cells[0].n + cells[1].n > 0;
}

static dbk_rc say_part(const counting *job, const dbk_figures_part *part, dbk_err *err)
{
    bool words = !job->csv && job->c->format != OUT_JSON;
    const char *heads[] = { part->label, "COUNT", "A MONTH", "BEFORE", "A MONTH", "CHANGE" };
    out_table *table = NULL;
    dbk_rc rc = words ? out_table_new(&table, heads, 6, err) : DBK_OK;
    for (size_t i = 1; rc == DBK_OK && i < part->rows_count; i++)
        if (is_said(part, i, words))
            rc = say_figure(job, table, part, &part->rows[i], err);
    if (rc == DBK_OK)
        rc = say_figure(job, table, part, &part->rows[0], err);
    if (rc == DBK_OK)
        rc = say_figure(job, table, part, NULL, err);
    if (rc == DBK_OK && words) {
        out_text("\n");
        out_table_print(table);
    }
    out_table_free(table);
    return rc;
}

static void say_head(const counting *job)
{
    static const char *const heads[] = {
        "part",          "of",           "code",          "label",
        "from",          "to",           "months",        "count",
        "out_of",        "a_month",      "before_from",   "before_to",
        "before_months", "before_count", "before_out_of", "before_a_month",
        "change_percent"
    };
    const dbk_period *p = &job->period;
    uint64_t months = dbk_period_months_tenths(p);
    for (size_t i = 0; job->csv && i < sizeof(heads) / sizeof(heads[0]); i++)
        out_csv_cell(heads[i], i == 0);
    if (job->csv)
        out_text("\r\n");
    else if (job->c->format != OUT_JSON)
        out_text("%s to %s, and before it %s to %s: %llu.%llu months each.\n", p->from, p->to,
                 p->before_from, p->before_to, (unsigned long long)(months / 10),
                 (unsigned long long)(months % 10));
}

static dbk_rc say(const counting *job, dbk_err *err)
{
    const dbk_figures *f = &job->statistic.figures;
    dbk_rc rc = DBK_OK;
    say_head(job);
    for (size_t i = 0; rc == DBK_OK && i < f->parts_count; i++)
        rc = say_part(job, &f->parts[i], err);
    return rc;
}

static dbk_rc report(cli *c, const cli_args *a, const dbk_statistic_opts *opts, dbk_err *err)
{
    const char *file = cli_option_value(a, "--output");
    counting job = { .c = c,
                     .outside = cli_option_given(a, "--outside"),
                     .csv = cli_option_given(a, "--csv") };
    if (job.csv && c->format == OUT_JSON)
        return dbk_fail(err, DBK_USAGE, "--csv or --json, not both");
    dbk_rc rc = read_period(&job, a, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_statistic_init(&job.statistic, dbk_book_forms(c->book), opts, err);
    if (rc == DBK_OK)
        rc = count(&job, err);
    if (rc == DBK_OK && file != NULL)
        rc = out_redirect(file, err);
    if (rc == DBK_OK)
        rc = say(&job, err);
    dbk_statistic_wipe(&job.statistic);
    return rc;
}

dbk_rc cmd_report_trends(cli *c, const cli_args *a, dbk_err *err)
{
    const dbk_statistic_opts opts = { .kind = DBK_STATISTIC_TRENDS,
                                      .by = cli_option_value(a, "--by"),
                                      .category = cli_option_value(a, "--category"),
                                      .la_area = cli_option_value(a, "--la") };
    return report(c, a, &opts, err);
}

dbk_rc cmd_report_indicators(cli *c, const cli_args *a, dbk_err *err)
{
    const dbk_statistic_opts opts = { .kind = DBK_STATISTIC_INDICATORS };
    return report(c, a, &opts, err);
}

dbk_rc cmd_report_children(cli *c, const cli_args *a, dbk_err *err)
{
    const dbk_statistic_opts opts = { .kind = DBK_STATISTIC_CHILDREN };
    return report(c, a, &opts, err);
}

dbk_rc cmd_report_referrals(cli *c, const cli_args *a, dbk_err *err)
{
    const dbk_statistic_opts opts = { .kind = DBK_STATISTIC_REFERRALS,
                                      .by = cli_option_value(a, "--by"),
                                      .la_area = cli_option_value(a, "--la") };
    return report(c, a, &opts, err);
}
