/* The call that takes a witness's word: headquarters holds this log up to this size (decision
 * 0015). The relay passes it on and can't make it. It takes only words about what it has signed
 * itself, of keys that the policy in force names, and each witness's newest stays: whatever comes
 * at the same time, or again, or late, moves no cosigned head back (R23, M44). */
#include <string.h>

#include "sync/relay/relay_calls.h"

typedef struct cosign {
    dbk_id space, witness;
    dbk_checkpoint point;
    dbk_log_cosigned row;
    dbk_rc decision; /* what the sender is told */
} cosign;

/* The note as the relay would sign it, and one line: so nothing else is stored and handed out. */
static dbk_rc check_form(const cosign *job, dbk_span note, const dbk_secret *sk, dbk_err *err)
{
    dbk_bytes own = DBK_BYTES_INIT(DBK_CHECKPOINT_BYTES_MAX);
    dbk_rc rc = dbk_checkpoint_sign(&own, &job->point, sk, err);
    if (rc == DBK_OK) {
        const uint8_t *line = note.p + own.len;
        bool good = note.len > own.len &&
                    dbk_span_equal(dbk_span_of(note.p, own.len), dbk_bytes_span(&own)) &&
                    memchr(line, '\n', note.len - own.len) == note.p + note.len - 1;
        rc = good ? DBK_OK : dbk_fail(err, DBK_FORMAT, "not a checkpoint and one more line");
    }
    dbk_bytes_wipe(&own);
    return rc;
}

/* Which of the policy's witnesses signed it. DBK_DENIED: none of them. */
static dbk_rc find_witness(cosign *job, dbk_span note, const dbk_policy_keys *named, dbk_err *err)
{
    for (size_t i = 0; i < named->count; i++) {
        dbk_sign_pk pk;
        dbk_err why = { 0 };
        memcpy(pk.b, named->b[i], sizeof(pk.b));
        dbk_rc rc = dbk_checkpoint_cosigned(&job->row.said.time_s, note, &pk, &why);
        if (rc == DBK_OK) {
            job->witness = dbk_witness_id(&pk);
            return DBK_OK;
        }
        if (rc != DBK_NOT_FOUND)
            return dbk_fail(err, rc == DBK_AUTH ? DBK_DENIED : rc, "%s", why.text);
    }
    return dbk_fail(err, DBK_DENIED, "no line of a witness that the policy names");
}

/* All that needs no order. */
static dbk_rc screen(cosign *job, dbk_relay *r, dbk_span note, dbk_err *err)
{
    dbk_roll_org org;
    dbk_policy_keys named;
    dbk_err why = { 0 };
    dbk_rc rc = dbk_checkpoint_open(&job->point, note, &r->pk, &why);
    if (rc != DBK_OK)
        return dbk_fail(err, rc == DBK_AUTH ? DBK_DENIED : rc, "%s", why.text);
    dbk_roll_org_get(r->roll, &org);
    if (!dbk_id_equal(&job->point.org, &org.org) || !dbk_id_equal(&job->point.space, &job->space) ||
        job->point.size == 0)
        return dbk_fail(err, DBK_FORMAT, "a checkpoint of another log");
    rc = check_form(job, note, r->sk, err);
    dbk_roll_witnesses(r->roll, &named);
    if (rc == DBK_OK)
        rc = find_witness(job, note, &named, err);
    if (rc != DBK_OK)
        return rc;
    job->row.log = job->point.log;
    job->row.said.size = job->point.size;
    job->row.note_len = note.len;
    DBK_ASSERT(note.len <= sizeof(job->row.note));
    memcpy(job->row.note, note.p, note.len);
    return DBK_OK;
}

dbk_rc dbk_relay_check_history(const dbk_log_space *s, const dbk_checkpoint *point,
                               dbk_rc *decision, dbk_err *err)
{
    dbk_log_state state;
    dbk_proof proof = { .count = 0 };
    dbk_log_space nodes = *s;
    dbk_rc rc = dbk_log_state_get(s, &state, err);
    if (rc != DBK_OK)
        return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
    uint64_t size = state.frontier.size;
    if (!dbk_id_equal(&point->log, &state.log) || point->size > size) {
        *decision = DBK_CONFLICT;
        return DBK_OK;
    }
    if (point->size < size)
        rc = dbk_tree_consistency(&proof, DBK_TREE_LOG, point->size, size, dbk_log_node_get, &nodes,
                                  err);
    if (rc != DBK_OK)
        return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
    if (!dbk_tree_check_consistency(&proof, DBK_TREE_LOG, point->size, &point->root, size,
                                    &state.root))
        *decision = DBK_CONFLICT;
    return DBK_OK;
}

/* Compares and stores in one transaction, in the writer's order. */
static dbk_rc run_cosign(void *ctx, const dbk_log *log, dbk_err *err)
{
    cosign *job = ctx;
    dbk_log_cosigned held;
    dbk_err absent = { 0 };
    dbk_log_space s = { log, job->space };
    dbk_rc rc = dbk_relay_check_history(&s, &job->point, &job->decision, err);
    if (rc != DBK_OK || job->decision != DBK_OK)
        return rc;
    rc = dbk_log_cosigned_get(&s, &job->witness, &held, &absent);
    if (rc != DBK_OK && rc != DBK_NOT_FOUND)
        return dbk_fail(err, rc, "%s", absent.text);
    bool same_log = rc == DBK_OK && dbk_id_equal(&held.log, &job->row.log);
    if (same_log && held.note_len == job->row.note_len &&
        memcmp(held.note, job->row.note, held.note_len) == 0)
        return DBK_OK; /* the same once more: its sender didn't hear the answer */
    if (same_log && !dbk_cosigned_is_newer(&job->row.said, &held.said)) {
        job->decision = DBK_CONFLICT;
        return DBK_OK;
    }
    return dbk_log_cosigned_put(&s, &job->witness, &job->row, err);
}

dbk_rc dbk_call_cosign(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    cosign job = { .space = c->id, .decision = DBK_OK };
    dbk_job submit = { run_cosign, &job };
    dbk_rc rc = dbk_relay_check_member(r, c, err);
    if (rc == DBK_OK)
        rc = screen(&job, r, c->req->body, err);
    return rc == DBK_OK ? dbk_relay_submit(r, a, &submit, &job.decision, err) : rc;
}
