/* How far each device has a log (decision 0041): its own signed word, kept for headquarters. The
 * relay asks for it in its welcome, seldom enough that it costs nothing, and takes only words about
 * what it has signed for itself, each device's own, and never one behind what that device said of
 * the same log. */
#include <string.h>

#include "sync/relay/log_reach.h"
#include "sync/relay/relay_calls.h"

/* A word is asked for anew when it is so far behind the log, or that old and behind at all: so a
 * busy space costs a write for each device and sixty-four segments, a quiet one a write a day. */
#define ASK_BEHIND_SEGMENTS 64u
#define ASK_AFTER_MS (UINT64_C(24) * 3600 * 1000)

typedef struct reach_job {
    dbk_id space;
    dbk_log_reach row;
    dbk_rc decision; /* what the sender is told */
} reach_job;

/* All that needs no order. */
static dbk_rc screen(reach_job *job, dbk_relay *r, const dbk_call *c, dbk_err *err)
{
    dbk_roll_org org;
    dbk_sign_pk sign;
    dbk_reach *said = &job->row.said;
    dbk_rc rc = dbk_reach_decode(said, c->req->body, err);
    if (rc != DBK_OK)
        return rc;
    dbk_roll_org_get(r->roll, &org);
    if (!dbk_id_equal(&said->org, &org.org) || !dbk_id_equal(&said->space, &job->space))
        return dbk_fail(err, DBK_FORMAT, "a word about another log");
    if (!dbk_id_equal(&said->device, &c->caller.device) ||
        !dbk_roll_sign_key(r->roll, &sign, &said->device) || !dbk_reach_verify(said, &sign))
        return dbk_fail(err, DBK_DENIED, "a word that the sender did not say");
    memcpy(job->row.word, c->req->body.p, sizeof(job->row.word));
    return DBK_OK;
}

/* Compares and stores in one transaction, in the writer's order. */
static dbk_rc run_reach(void *ctx, const dbk_log *log, dbk_err *err)
{
    reach_job *job = ctx;
    const dbk_reach *said = &job->row.said;
    const dbk_log_space s = { log, job->space };
    const dbk_checkpoint point = { said->org, said->space, said->log, said->size, said->root };
    dbk_log_reach held;
    dbk_err absent = { 0 };
    dbk_rc rc = dbk_relay_check_history(&s, &point, &job->decision, err);
    if (rc != DBK_OK || job->decision != DBK_OK)
        return rc;
    rc = dbk_log_reach_get(&s, &said->device, &held, &absent);
    if (rc != DBK_OK && rc != DBK_NOT_FOUND)
        return dbk_fail(err, rc, "%s", absent.text);
    if (rc == DBK_OK && dbk_id_equal(&held.said.log, &said->log)) {
        bool fuller = said->size == held.said.size && said->whole && !held.said.whole;
        if (said->size < held.said.size)
            job->decision = DBK_CONFLICT;
        if (said->size <= held.said.size && !fuller)
            return DBK_OK;
    }
    return dbk_log_reach_put(&s, &said->device, &job->row, err);
}

dbk_rc dbk_call_reach(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    reach_job job = { .space = c->id, .decision = DBK_OK };
    const dbk_job submit = { run_reach, &job };
    job.row.heard_ms = c->req->now_ms;
    dbk_rc rc = dbk_relay_check_reader(r, c, err);
    if (rc == DBK_OK)
        rc = screen(&job, r, c, err);
    return rc == DBK_OK ? dbk_relay_submit(r, a, &submit, &job.decision, err) : rc;
}

static dbk_rc list_word(void *ctx, const dbk_log_reach *row, dbk_err *err)
{
    return dbk_bytes_append(ctx, dbk_span_of(row->word, sizeof(row->word)), err);
}

dbk_rc dbk_call_reaches(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    size_t reader;
    dbk_rc rc = dbk_relay_check_desk(r, c, err);
    if (rc == DBK_OK)
        rc = dbk_relay_reader_take(r, &reader, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_log_space s = { &r->readers[reader], c->id };
    a->content_type = DBK_TYPE_BINARY;
    rc = dbk_log_reaches(&s, list_word, &a->body, err);
    dbk_relay_reader_give(r, reader);
    return rc;
}

dbk_rc dbk_relay_asks_reach(dbk_relay *r, const dbk_log_space *s, const dbk_caller *caller,
                            uint64_t now_ms, bool *asks, dbk_err *err)
{
    dbk_log_state state;
    dbk_log_reach held;
    dbk_err absent = { 0 };
    *asks = false;
    if (!dbk_roll_reads(r->roll, caller, &s->space))
        return DBK_OK;
    dbk_rc rc = dbk_log_state_get(s, &state, err);
    if (rc != DBK_OK)
        return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
    rc = dbk_log_reach_get(s, &caller->device, &held, &absent);
    if (rc != DBK_OK && rc != DBK_NOT_FOUND)
        return dbk_fail(err, rc, "%s", absent.text);
    if (rc == DBK_NOT_FOUND || !dbk_id_equal(&held.said.log, &state.log)) {
        *asks = true;
        return DBK_OK;
    }
    uint64_t size = state.frontier.size;
    uint64_t behind = size > held.said.size ? size - held.said.size : 0;
    bool old = now_ms >= held.heard_ms && now_ms - held.heard_ms >= ASK_AFTER_MS;
    *asks = behind >= ASK_BEHIND_SEGMENTS || (behind > 0 && old);
    return DBK_OK;
}
