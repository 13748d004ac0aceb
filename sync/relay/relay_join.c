/* Enrolment mailboxes: an admin opens one under an invite's id, a device that the relay can't know
 * yet leaves one sealed request in it, admins fetch. The relay can't read a request, nor make one:
 * the invite's secret never comes here. */
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/day.h"
#include "sync/relay/relay_calls.h"

typedef struct join_job {
    dbk_id invite;
    uint64_t now_ms;
    uint64_t expires_ms; /* when opening */
    dbk_span request;    /* when putting */
    dbk_rc decision;
} join_job;

static bool is_over(const dbk_mailbox *m, uint64_t now_ms)
{
    return now_ms >= m->expires_ms;
}

/* ---- opening ----------------------------------------------------------------------------- */

typedef struct tidy_walk {
    uint64_t now_ms;
    size_t open;
    bool found;
    dbk_id over; /* one whose time is over, if found */
} tidy_walk;

static dbk_rc tidy_one(void *ctx, const dbk_id *invite, const dbk_mailbox *m, bool *stop,
                       dbk_err *err)
{
    tidy_walk *walk = ctx;
    (void)stop;
    (void)err;
    if (is_over(m, walk->now_ms)) {
        walk->found = true;
        walk->over = *invite;
    } else {
        walk->open++;
    }
    return DBK_OK;
}

/* How many are open; takes one expired mailbox away. One for each that is opened keeps their
 * number bounded. */
static dbk_rc tidy(const dbk_log *log, uint64_t now_ms, size_t *open, dbk_err *err)
{
    tidy_walk walk = { now_ms, 0, false, { { 0 } } };
    dbk_rc rc = dbk_log_mailboxes(log, tidy_one, &walk, err);
    if (rc == DBK_OK && walk.found)
        rc = dbk_log_mailbox_del(log, &walk.over, err);
    *open = walk.open;
    return rc;
}

/* Opening again moves the expiry; a request that has arrived stays. */
static dbk_rc run_open(void *ctx, const dbk_log *log, dbk_err *err)
{
    join_job *job = ctx;
    dbk_mailbox m = { 0, { NULL, 0 } };
    dbk_bytes store = DBK_BYTES_INIT(2 * DBK_RELAY_JOIN_BYTES_MAX);
    dbk_err absent = { 0 };
    size_t open;
    dbk_rc rc = tidy(log, job->now_ms, &open, err);
    if (rc != DBK_OK)
        goto out;
    rc = dbk_log_mailbox_get(log, &job->invite, &m, &store, &absent);
    if (rc == DBK_NOT_FOUND) {
        rc = DBK_OK;
        if (open >= DBK_RELAY_MAILBOXES_MAX)
            job->decision = DBK_FULL;
    } else if (rc != DBK_OK) {
        rc = dbk_fail(err, rc, "%s", absent.text);
    }
    m.expires_ms = job->expires_ms;
    if (rc == DBK_OK && job->decision == DBK_OK)
        rc = dbk_log_mailbox_put(log, &job->invite, &m, err);
out:
    dbk_bytes_wipe(&store);
    return rc;
}

dbk_rc dbk_call_join_open(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    join_job job = { .invite = c->id, .now_ms = c->req->now_ms };
    dbk_rc rc = dbk_mailbox_decode(&job.expires_ms, c->req->body, err);
    if (rc == DBK_OK && (job.expires_ms <= job.now_ms ||
                         job.expires_ms - job.now_ms > DBK_RELAY_MAILBOX_DAYS_MAX * DBK_DAY_MS))
        rc = dbk_fail(err, DBK_INVALID, "an expiry in the past or too far ahead");
    const dbk_job work = { run_open, &job };
    return rc == DBK_OK ? dbk_relay_submit(r, a, &work, &job.decision, err) : rc;
}

/* ---- putting ----------------------------------------------------------------------------- */

/* The first request wins. The same bytes once more are fine (the answer may have been lost);
 * others are a conflict, so that a device learns that its invite was used by someone else. */
static dbk_rc run_put(void *ctx, const dbk_log *log, dbk_err *err)
{
    join_job *job = ctx;
    dbk_mailbox m;
    dbk_bytes store = DBK_BYTES_INIT(2 * DBK_RELAY_JOIN_BYTES_MAX);
    dbk_err absent = { 0 };
    dbk_rc rc = dbk_log_mailbox_get(log, &job->invite, &m, &store, &absent);
    if (rc == DBK_NOT_FOUND) {
        job->decision = DBK_NOT_FOUND;
        rc = DBK_OK;
    } else if (rc != DBK_OK) {
        rc = dbk_fail(err, rc, "%s", absent.text);
    } else if (is_over(&m, job->now_ms)) {
        job->decision = DBK_NOT_FOUND;
    } else if (m.request.len > 0) {
        job->decision = dbk_span_equal(m.request, job->request) ? DBK_OK : DBK_CONFLICT;
    } else {
        m.request = job->request;
        rc = dbk_log_mailbox_put(log, &job->invite, &m, err);
    }
    dbk_bytes_wipe(&store);
    return rc;
}

/* Strangers who guess at ids don't get as far as the writer. */
static dbk_rc look(dbk_relay *r, const dbk_call *c, dbk_err *err)
{
    dbk_mailbox m;
    size_t reader;
    dbk_bytes store = DBK_BYTES_INIT(2 * DBK_RELAY_JOIN_BYTES_MAX);
    dbk_rc rc = dbk_relay_reader_take(r, &reader, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_log_mailbox_get(&r->readers[reader], &c->id, &m, &store, err);
    dbk_relay_reader_give(r, reader);
    if (rc == DBK_OK && is_over(&m, c->req->now_ms))
        rc = dbk_fail(err, DBK_NOT_FOUND, "the mailbox's time is over");
    dbk_bytes_wipe(&store);
    return rc;
}

dbk_rc dbk_call_join_put(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    join_job job = { .invite = c->id, .now_ms = c->req->now_ms, .request = c->req->body };
    if (c->req->body.len == 0)
        return dbk_fail(err, DBK_FORMAT, "an empty request");
    dbk_rc rc = look(r, c, err);
    const dbk_job work = { run_put, &job };
    return rc == DBK_OK ? dbk_relay_submit(r, a, &work, &job.decision, err) : rc;
}

/* ---- fetching ---------------------------------------------------------------------------- */

typedef struct list_walk {
    uint64_t now_ms;
    dbk_bytes *out;
} list_walk;

static dbk_rc list_one(void *ctx, const dbk_id *invite, const dbk_mailbox *m, bool *stop,
                       dbk_err *err)
{
    list_walk *walk = ctx;
    (void)stop;
    if (m->request.len == 0 || is_over(m, walk->now_ms))
        return DBK_OK;
    return dbk_requests_add(walk->out, invite, m->request, err);
}

dbk_rc dbk_call_join_list(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    list_walk walk = { c->req->now_ms, &a->body };
    size_t reader;
    dbk_rc rc = dbk_relay_reader_take(r, &reader, err);
    if (rc != DBK_OK)
        return rc;
    a->content_type = DBK_TYPE_BINARY;
    rc = dbk_log_mailboxes(&r->readers[reader], list_one, &walk, err);
    dbk_relay_reader_give(r, reader);
    return rc;
}
