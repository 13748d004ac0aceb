/* Entries that wait for a second administrator. The relay passes them on, and checks all that the
 * chain would but for the missing signature; it can't sign one itself, and a device believes none
 * until it verifies in the chain. One stands for each admin's device, the newest: all of them
 * follow the same head, so only one can become the chain's next entry, and then all go. */
#include <string.h>

#include "sync/engine/msg.h"
#include "sync/relay/relay_calls.h"

typedef struct proposal_job {
    dbk_relay *relay;
    dbk_id device;   /* of the caller */
    dbk_span entry;  /* when proposing */
    dbk_id declined; /* when declining */
    uint64_t seq;    /* of that one */
    dbk_rc decision; /* what the sender is told */
} proposal_job;

/* ---- proposing --------------------------------------------------------------------------- */

typedef struct count_walk {
    const dbk_id *but;
    size_t others;
} count_walk;

static dbk_rc count_one(void *ctx, const dbk_id *device, dbk_span entry, bool *stop, dbk_err *err)
{
    count_walk *walk = ctx;
    (void)entry;
    (void)stop;
    (void)err;
    walk->others += dbk_id_equal(device, walk->but) ? 0 : 1;
    return DBK_OK;
}

static dbk_rc run_propose(void *ctx, const dbk_log *log, dbk_err *err)
{
    proposal_job *job = ctx;
    dbk_err why = { 0 };
    size_t lacking;
    count_walk walk = { &job->device, 0 };
    dbk_rc rc = dbk_roll_weigh(job->relay->roll, &lacking, job->entry, &why);
    if (rc == DBK_OK && lacking == 0)
        rc = DBK_FORMAT; /* whole as it is: it belongs into the chain */
    if (rc != DBK_OK && dbk_relay_is_decision(rc)) {
        job->decision = rc;
        return DBK_OK;
    }
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", why.text);
    rc = dbk_log_proposals(log, count_one, &walk, err);
    if (rc == DBK_OK && walk.others >= DBK_RELAY_PROPOSALS_MAX)
        job->decision = DBK_FULL;
    if (rc == DBK_OK && job->decision == DBK_OK)
        rc = dbk_log_proposal_put(log, &job->device, job->entry, err);
    return rc;
}

dbk_rc dbk_call_propose(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    proposal_job job = { .relay = r, .device = c->caller.device, .entry = c->req->body };
    const dbk_job work = { run_propose, &job };
    return dbk_relay_submit(r, a, &work, &job.decision, err);
}

/* ---- what waits -------------------------------------------------------------------------- */

static dbk_rc list_one(void *ctx, const dbk_id *device, dbk_span entry, bool *stop, dbk_err *err)
{
    (void)device;
    (void)stop;
    return dbk_entries_add(ctx, entry, err);
}

dbk_rc dbk_call_proposals(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    size_t reader;
    (void)c;
    dbk_rc rc = dbk_relay_reader_take(r, &reader, err);
    if (rc != DBK_OK)
        return rc;
    a->content_type = DBK_TYPE_BINARY;
    rc = dbk_log_proposals(&r->readers[reader], list_one, &a->body, err);
    dbk_relay_reader_give(r, reader);
    return rc;
}

/* ---- taking away ------------------------------------------------------------------------- */

typedef struct find_walk {
    const dbk_id *want; /* NULL: the first that stands there */
    uint64_t seq;
    dbk_id device;
    bool found;
} find_walk;

static dbk_rc find_one(void *ctx, const dbk_id *device, dbk_span entry, bool *stop, dbk_err *err)
{
    find_walk *walk = ctx;
    dbk_entry_decoded d = { 0 };
    dbk_rc rc = walk->want == NULL ? DBK_OK : dbk_entry_decode(&d, entry, err);
    walk->found = rc == DBK_OK &&
                  (walk->want == NULL || (memcmp(d.hash.b, walk->want->b, DBK_ID_BYTES) == 0 &&
                                          d.entry.seq == walk->seq));
    walk->device = *device;
    *stop = walk->found;
    dbk_entry_decoded_wipe(&d);
    return rc;
}

static dbk_rc run_decline(void *ctx, const dbk_log *log, dbk_err *err)
{
    proposal_job *job = ctx;
    find_walk walk = { &job->declined, job->seq, { { 0 } }, false };
    dbk_rc rc = dbk_log_proposals(log, find_one, &walk, err);
    if (rc == DBK_OK && !walk.found)
        job->decision = DBK_NOT_FOUND;
    if (rc == DBK_OK && walk.found)
        rc = dbk_log_proposal_del(log, &walk.device, err);
    return rc;
}

dbk_rc dbk_call_decline(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    proposal_job job = { .relay = r, .declined = c->id };
    dbk_rc rc = dbk_decline_decode(&job.seq, c->req->body, err);
    const dbk_job work = { run_decline, &job };
    return rc == DBK_OK ? dbk_relay_submit(r, a, &work, &job.decision, err) : rc;
}

dbk_rc dbk_relay_proposals_clear(const dbk_log *log, dbk_err *err)
{
    dbk_rc rc;
    find_walk walk;
    do {
        walk = (find_walk){ .want = NULL };
        rc = dbk_log_proposals(log, find_one, &walk, err);
        if (rc == DBK_OK && walk.found)
            rc = dbk_log_proposal_del(log, &walk.device, err);
    } while (rc == DBK_OK && walk.found);
    return rc;
}
