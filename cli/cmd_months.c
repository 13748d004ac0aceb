/* report months: interventions and referrals, by month and area. */
#include <jansson.h>
#include <stdio.h>

#include "cli/cmd.h"
#include "cli/looks.h"

typedef struct counting {
    cli *c;
    cmd_days days;
    dbk_months months;
} counting;

static dbk_rc count_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    counting *job = ctx;
    if (row->when_ms >= job->days.end_ms || !cli_shows(job->c, &row->space))
        return DBK_OK;
    return dbk_months_take(&job->months, row->note, row->when_ms, err);
}

static dbk_rc count(counting *job, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && dbk_months_form(i) != NULL; i++) {
        const dbk_list_opts opts = { .form = dbk_months_form(i),
                                     .since_ms = job->days.from_ms,
                                     .with_note = true };
        rc = dbk_query_list(job->c->book, &opts, count_row, job, err);
    }
    return rc;
}

static dbk_rc say_json(const counting *job, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < job->months.count; i++) {
        const dbk_months_row *row = &job->months.rows[i];
        rc = out_json_take(json_pack("{s:s, s:s, s:s, s:s, s:I}", "part", row->part, "month",
                                     row->month, "area", out_safe_str(row->area), "label",
                                     out_safe_str(row->label), "count", (json_int_t)row->count),
                           err);
    }
    return rc;
}

static dbk_rc say_csv(const counting *job)
{
    static const char *const heads[] = { "part", "month", "area", "label", "count" };
    char number[24];
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        out_csv_cell(heads[i], i == 0);
    out_text("\r\n");
    for (size_t i = 0; i < job->months.count; i++) {
        const dbk_months_row *row = &job->months.rows[i];
        (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)row->count);
        const char *cells[] = { row->part, row->month, row->area, row->label, number };
        for (size_t k = 0; k < sizeof(cells) / sizeof(cells[0]); k++)
            out_csv_cell(cells[k], k == 0);
        out_text("\r\n");
    }
    return DBK_OK;
}

static dbk_rc say_text(const counting *job, dbk_err *err)
{
    out_table *table = NULL;
    char number[24];
    dbk_rc rc = out_table_new(&table, (const char *[]){ "WHAT", "MONTH", "COUNT", "AREA" }, 4, err);
    for (size_t i = 0; rc == DBK_OK && i < job->months.count; i++) {
        const dbk_months_row *row = &job->months.rows[i];
        const char *label = row->label[0] == '\0' ? "not recorded" : row->label;
        (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)row->count);
        rc = out_table_row(table, (const char *[]){ row->part, row->month, number, label }, err);
    }
    if (rc == DBK_OK && job->months.count == 0)
        out_text("No intervention and no referral is recorded for these months.\n");
    else if (rc == DBK_OK)
        out_table_print(table);
    out_table_free(table);
    return rc;
}

dbk_rc cmd_report_months(cli *c, const cli_args *a, dbk_err *err)
{
    counting job = { .c = c };
    const char *output = cli_option_value(a, "--output");
    dbk_rc rc = cmd_period(&job.days, a, err);
    if (rc == DBK_OK)
        rc = count(&job, err);
    if (rc == DBK_OK && output != NULL)
        rc = out_redirect(output, err);
    if (rc == DBK_OK)
        rc = c->format == OUT_JSON          ? say_json(&job, err)
             : cli_option_given(a, "--csv") ? say_csv(&job)
                                            : say_text(&job, err);
    dbk_months_wipe(&job.months);
    return rc;
}
