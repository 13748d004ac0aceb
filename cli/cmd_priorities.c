/* Cases by the Victims Commission's priorities: report priorities. */
#include <jansson.h>
#include <stdio.h>

#include "cli/cmd.h"
#include "cli/looks.h"
#include "cli/when.h"
#include "core/base/text.h"

#define NUMBER_SIZE 24u
#define DATE_CHARS 10u

typedef struct counting {
    cli *c;
    int64_t from_ms, to_ms;
    dbk_priorities priorities;
} counting;

static dbk_rc count_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    counting *job = ctx;
    char day[DBK_TIME_TEXT_SIZE];
    if (row->when_ms < job->from_ms || row->when_ms >= job->to_ms ||
        !cli_shows(job->c, &row->space))
        return DBK_OK;
    dbk_time_print(day, row->when_ms);
    return dbk_priorities_take(&job->priorities, row->note, dbk_span_of(day, DATE_CHARS), err);
}

static const char *number(char out[NUMBER_SIZE], const dbk_cell *cell)
{
    if (cell->hidden)
        (void)snprintf(out, NUMBER_SIZE, "*");
    else
        (void)snprintf(out, NUMBER_SIZE, "%llu", (unsigned long long)cell->n);
    return out;
}

static json_t *number_json(const dbk_cell *cell)
{
    return cell->hidden ? json_null() : json_integer((json_int_t)cell->n);
}

static dbk_rc say_row(out_table *table, const dbk_priority_row *row, bool total, dbk_err *err)
{
    char cases[NUMBER_SIZE], said[NUMBER_SIZE], meant[NUMBER_SIZE];
    bool parts = !total && row->code != NULL;
    if (table == NULL)
        return out_json_take(json_pack("{s:s*, s:s, s:b, s:o, s:o, s:o}", "code", row->code,
                                       "label", row->label, "total", total, "cases",
                                       number_json(&row->cases), "said", number_json(&row->said),
                                       "meant", number_json(&row->meant)),
                             err);
    const char *cells[] = { row->label, number(cases, &row->cases),
                            parts ? number(said, &row->said) : "",
                            parts ? number(meant, &row->meant) : "" };
    return out_table_row(table, cells, err);
}

static dbk_rc say(const counting *job, dbk_err *err)
{
    static const char *const heads[] = { "PRIORITY", "CASES", "SAID", "BY KIND OR CRIME" };
    const dbk_priorities *p = &job->priorities;
    const dbk_priority_row total = { .label = "Cases in all", .cases = p->cases };
    out_table *table = NULL;
    dbk_rc rc = job->c->format == OUT_JSON ? DBK_OK : out_table_new(&table, heads, 4, err);
    for (size_t i = 0; rc == DBK_OK && i < p->rows_count; i++)
        rc = say_row(table, &p->rows[i], false, err);
    if (rc == DBK_OK)
        rc = say_row(table, &total, true, err);
    if (rc == DBK_OK && table != NULL)
        out_table_print(table);
    out_table_free(table);
    return rc;
}

dbk_rc cmd_report_priorities(cli *c, const cli_args *a, dbk_err *err)
{
    counting job = { .c = c, .from_ms = INT64_MIN, .to_ms = INT64_MAX };
    const dbk_list_opts opts = { .form = "case", .since_ms = INT64_MIN, .with_note = true };
    const char *since = cli_option_value(a, "--since"), *until = cli_option_value(a, "--until");
    dbk_rc rc = since == NULL ? DBK_OK : cli_since_parse(&job.from_ms, since, "--since", err);
    if (rc == DBK_OK && until != NULL)
        rc = cli_since_parse(&job.to_ms, until, "--until", err);
    if (rc == DBK_OK)
        rc = dbk_priorities_init(&job.priorities, dbk_book_forms(c->book), err);
    if (rc == DBK_OK)
        rc = dbk_query_list(c->book, &opts, count_row, &job, err);
    if (rc == DBK_OK)
        rc = dbk_priorities_check(&job.priorities, err);
    if (rc == DBK_OK && cli_option_given(a, "--outside"))
        dbk_priorities_hide_small(&job.priorities);
    if (rc == DBK_OK)
        rc = say(&job, err);
    dbk_priorities_wipe(&job.priorities);
    return rc;
}
