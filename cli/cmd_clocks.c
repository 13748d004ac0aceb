/* Time limits of the law, met and missed: report clocks. */
#include <jansson.h>
#include <stdio.h>

#include "cli/cmd.h"
#include "cli/looks.h"
#include "cli/render.h"
#include "cli/when.h"
#include "cli/words.h"
#include "core/base/alloc.h"
#include "core/base/room.h"
#include "core/base/text.h"

#define NUMBER_SIZE 64u
#define MISSED_MAX 65536u

typedef struct missed {
    dbk_clock_run run;
    char *reason; /* or NULL */
} missed;
typedef struct tally {
    uint64_t states[DBK_CLOCK_STATES], total, unexplained;
} tally;
typedef struct reporting {
    cli *c;
    int64_t from_ms, to_ms;
    dbk_clocks clocks;
    tally tallies[DBK_CLOCKS_MAX];
    missed *missed;
    size_t count, room;
    bool unvouched;
} reporting;

static bool may_show(void *ctx, const dbk_id *space)
{
    return cli_shows(ctx, space);
}

/* ---- counting -------------------------------------------------------------------------------- */

static dbk_rc keep_missed(reporting *job, const dbk_clock_run *run, dbk_err *err)
{
    missed one = { .run = *run };
    if (job->count == MISSED_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u time limits were missed", MISSED_MAX);
    missed *rows = dbk_room_for(job->missed, &job->room, job->count + 1, sizeof(*rows));
    if (rows == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for what was missed");
    job->missed = rows;
    if (run->reason.len > 0) {
        one.reason = dbk_alloc(run->reason.len + 1);
        if (one.reason == NULL)
            return dbk_fail(err, DBK_NOMEM, "no memory for what was missed");
        (void)snprintf(one.reason, run->reason.len + 1, "%.*s", (int)run->reason.len,
                       (const char *)run->reason.p);
    }
    one.run.reason = dbk_span_of(NULL, 0);
    job->missed[job->count++] = one;
    return DBK_OK;
}

static dbk_rc take(void *ctx, const dbk_clock_run *run, dbk_err *err)
{
    reporting *job = ctx;
    bool judged = run->state != DBK_CLOCK_UNKNOWN;
    if (judged && (run->began_ms < job->from_ms || run->began_ms >= job->to_ms))
        return DBK_OK;
    tally *t = &job->tallies[run->clock - job->clocks.rows];
    bool late = run->state == DBK_CLOCK_LATE || run->state == DBK_CLOCK_OVERDUE;
    t->states[run->state]++;
    t->total++;
    t->unexplained += late && run->reason.len == 0;
    job->unvouched = job->unvouched || (judged && !run->vouched);
    return late ? keep_missed(job, run, err) : DBK_OK;
}

/* ---- how it is said -------------------------------------------------------------------------- */

static const char *number(char out[NUMBER_SIZE], uint64_t n)
{
    (void)snprintf(out, NUMBER_SIZE, "%llu", (unsigned long long)n);
    return out;
}

static dbk_rc limit_json(const dbk_clock *clock, const tally *t, dbk_err *err)
{
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:b, s:I}", "part", "limit",
                             "code", clock->code, "label", clock->label, "from", clock->from,
                             "working_days", (int)clock->working_days, "enhanced_days",
                             (int)clock->enhanced_days, "source", clock->source, "verified",
                             clock->verified, "total", (json_int_t)t->total);
    for (unsigned s = 0; s < DBK_CLOCK_STATES; s++)
        (void)json_object_set_new(json, dbk_clock_state_name(s),
                                  json_integer((json_int_t)t->states[s]));
    (void)json_object_set_new(json, "unexplained", json_integer((json_int_t)t->unexplained));
    return out_json_take(json, err);
}

static dbk_rc limit_text(out_table *table, const dbk_clock *clock, const tally *t, dbk_err *err)
{
    char days[NUMBER_SIZE], total[NUMBER_SIZE], states[DBK_CLOCK_STATES][NUMBER_SIZE];
    const char *cells[3 + DBK_CLOCK_STATES] = { clock->label, days, number(total, t->total) };
    if (clock->enhanced_days == clock->working_days)
        (void)snprintf(days, sizeof(days), "%u", clock->working_days);
    else
        (void)snprintf(days, sizeof(days), "%u or %u", clock->enhanced_days, clock->working_days);
    for (size_t s = 0; s < DBK_CLOCK_STATES; s++)
        cells[3 + s] = number(states[s], t->states[s]);
    return out_table_row(table, cells, err);
}

static dbk_rc missed_json(const missed *m, dbk_err *err)
{
    char id[DBK_ID_UUID_SIZE], person[DBK_ID_UUID_SIZE], case_id[DBK_ID_UUID_SIZE];
    const dbk_clock_run *run = &m->run;
    dbk_id_uuid(id, &run->record);
    dbk_id_uuid(person, &run->person);
    dbk_id_uuid(case_id, &run->case_id);
    return out_json_take(
        json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:s, s:b, s:o, s:o, s:o, s:b, s:s?}", "part",
                  "missed", "code", run->clock->code, "id", id, "person",
                  dbk_id_is_zero(&run->person) ? NULL : person, "case",
                  dbk_id_is_zero(&run->case_id) ? NULL : case_id, "state",
                  dbk_clock_state_name(run->state), "enhanced", run->enhanced, "began",
                  cli_time_json(run->began_ms), "due", cli_time_json(run->due_ms), "done",
                  cli_time_json(run->stopped_ms), "vouched", run->vouched, "reason", m->reason),
        err);
}

static dbk_rc missed_text(out_table *table, const missed *m, dbk_err *err)
{
    const dbk_clock_run *run = &m->run;
    const char *cells[] = { run->clock->label,
                            cli_short_id(&run->record),
                            dbk_id_is_zero(&run->person) ? "" : cli_short_id(&run->person),
                            cli_time(run->due_ms),
                            run->stopped_ms == 0 ? "not yet" : cli_time(run->stopped_ms),
                            m->reason == NULL ? "no reason given" : m->reason };
    return out_table_row(table, cells, err);
}

static dbk_rc say_limits(const reporting *job, dbk_err *err)
{
    static const char *const heads[] = { "WORKING DAYS FOR", "WITHIN",   "IN ALL",
                                         "IN TIME",          "LATE",     "RUNNING",
                                         "OVERDUE",          "NOT KNOWN" };
    bool json = job->c->format == OUT_JSON;
    out_table *table = NULL;
    dbk_rc rc = json ? DBK_OK : out_table_new(&table, heads, 8, err);
    for (size_t i = 0; rc == DBK_OK && i < job->clocks.count; i++)
        rc = json ? limit_json(&job->clocks.rows[i], &job->tallies[i], err)
                  : limit_text(table, &job->clocks.rows[i], &job->tallies[i], err);
    if (rc == DBK_OK && table != NULL)
        out_table_print(table);
    out_table_free(table);
    return rc;
}

static dbk_rc say_missed(const reporting *job, dbk_err *err)
{
    static const char *const heads[] = { "MISSED", "ID", "PERSON", "DUE", "DONE", "WHY" };
    bool json = job->c->format == OUT_JSON;
    out_table *table = NULL;
    dbk_rc rc = json || job->count == 0 ? DBK_OK : out_table_new(&table, heads, 6, err);
    for (size_t i = 0; rc == DBK_OK && i < job->count; i++)
        rc = json ? missed_json(&job->missed[i], err) : missed_text(table, &job->missed[i], err);
    if (rc == DBK_OK && table != NULL) {
        out_text("\n");
        out_table_print(table);
    }
    out_table_free(table);
    return rc;
}

/* What the figures rest on. */
static void say_ground(const reporting *job)
{
    for (size_t i = 0; i < job->clocks.count; i++)
        if (!job->clocks.rows[i].verified)
            out_note("Not confirmed by a source, to be checked by the force: %s (%s).",
                     job->clocks.rows[i].label, job->clocks.rows[i].source);
    if (job->unvouched)
        out_note("Some of these days are of years without a published list of bank holidays (it "
                 "ends with %d): what was proclaimed for them is missing.",
                 job->clocks.last_year);
}

dbk_rc cmd_report_clocks(cli *c, const cli_args *a, dbk_err *err)
{
    reporting job = { .c = c, .from_ms = INT64_MIN, .to_ms = INT64_MAX };
    const dbk_clock_opts opts = { .now_ms = (int64_t)dbk_env_system()->now_ms(NULL),
                                  .shows = may_show,
                                  .ctx = c };
    const char *since = cli_option_value(a, "--since"), *until = cli_option_value(a, "--until");
    dbk_rc rc = since == NULL ? DBK_OK : cli_since_parse(&job.from_ms, since, "--since", err);
    if (rc == DBK_OK && until != NULL)
        rc = cli_since_parse(&job.to_ms, until, "--until", err);
    if (rc == DBK_OK)
        rc = dbk_clocks_init(&job.clocks, err);
    if (rc == DBK_OK)
        rc = dbk_clocks_each(&job.clocks, c->book, &opts, take, &job, err);
    if (rc == DBK_OK)
        rc = say_limits(&job, err);
    if (rc == DBK_OK)
        rc = say_missed(&job, err);
    if (rc == DBK_OK)
        say_ground(&job);
    for (size_t i = 0; i < job.count; i++)
        dbk_free(job.missed[i].reason);
    dbk_free(job.missed);
    dbk_clocks_wipe(&job.clocks);
    return rc;
}
