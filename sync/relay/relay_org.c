/* The membership chain's calls, and the one-time setup of the organisation. */
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "sync/relay/erasure.h"
#include "sync/relay/log_floor.h"
#include "sync/relay/log_snapshot.h"
#include "sync/relay/relay_calls.h"

#define SETUP_LABEL "daybook/relay-setup/1"
#define SETUP_CODE_BYTES 18u
#define KEY_BYTES 64u /* seed and public key, as libsodium has it */

/* ---- before the first start -------------------------------------------------------------- */

static dbk_rc make_code(dbk_relay_birth *out, dbk_hash *hash, const dbk_env *env, dbk_err *err)
{
    uint8_t raw[SETUP_CODE_BYTES];
    dbk_bytes text = DBK_BYTES_INIT(DBK_SETUP_CODE_SIZE);
    env->random(env->self, raw, sizeof(raw));
    dbk_rc rc = dbk_base64url_append(&text, dbk_span_of(raw, sizeof(raw)), err);
    if (rc == DBK_OK) {
        DBK_ASSERT(text.len == DBK_SETUP_CODE_SIZE - 1);
        memcpy(out->setup_code, text.p, text.len);
        out->setup_code[text.len] = '\0';
        *hash = dbk_hash_of(SETUP_LABEL, dbk_bytes_span(&text));
    }
    dbk_wipe(raw, sizeof(raw));
    dbk_bytes_wipe(&text);
    return rc;
}

dbk_rc dbk_relay_prepare(dbk_relay_birth *out, const dbk_log *log, const dbk_env *env, dbk_err *err)
{
    dbk_secret *sk = NULL;
    dbk_hash hash;
    memset(out, 0, sizeof(*out));
    dbk_rc rc = dbk_sign_keypair(&out->relay, &sk, env, err);
    if (rc == DBK_OK)
        rc = make_code(out, &hash, env, err);
    if (rc == DBK_OK)
        rc = log->ops->begin(log->self, err);
    if (rc != DBK_OK)
        goto out;
    rc = dbk_log_setting_put(log, DBK_SETTING_RELAY_SK, dbk_secret_bytes(sk), err);
    if (rc == DBK_OK)
        rc = dbk_log_setting_put(log, DBK_SETTING_SETUP, dbk_span_of(hash.b, sizeof(hash.b)), err);
    if (rc == DBK_OK)
        rc = log->ops->commit(log->self, err);
    if (rc != DBK_OK)
        log->ops->rollback(log->self);
out:
    dbk_secret_free(sk);
    if (rc != DBK_OK)
        dbk_wipe(out, sizeof(*out));
    return rc;
}

dbk_rc dbk_relay_load_key(dbk_secret **sk, const dbk_log *log, dbk_err *err)
{
    dbk_bytes raw = DBK_BYTES_INIT(KEY_BYTES);
    dbk_rc rc = dbk_log_setting_get(log, DBK_SETTING_RELAY_SK, &raw, err);
    *sk = NULL;
    if (rc == DBK_NOT_FOUND)
        rc = DBK_DAMAGED;
    if (rc == DBK_OK && raw.len != KEY_BYTES)
        rc = dbk_fail(err, DBK_DAMAGED, "the relay's key is malformed");
    if (rc == DBK_OK)
        rc = dbk_secret_from(sk, dbk_bytes_span(&raw), err);
    dbk_bytes_wipe(&raw);
    return rc;
}

dbk_rc dbk_relay_recall(dbk_relay_memory *out, const dbk_log *log, dbk_err *err)
{
    dbk_secret *sk;
    dbk_err absent = { 0 };
    dbk_bytes hash = DBK_BYTES_INIT(DBK_HASH_BYTES);
    memset(out, 0, sizeof(*out));
    dbk_rc rc = dbk_relay_load_key(&sk, log, err);
    if (rc != DBK_OK)
        return rc;
    dbk_sign_pk_of(&out->relay, sk);
    dbk_secret_free(sk);
    rc = dbk_log_setting_get(log, DBK_SETTING_SETUP, &hash, &absent);
    out->awaits_setup = rc == DBK_OK;
    dbk_bytes_wipe(&hash);
    return rc == DBK_OK || rc == DBK_NOT_FOUND ? DBK_OK : dbk_fail(err, rc, "%s", absent.text);
}

/* ---- the chain --------------------------------------------------------------------------- */

typedef struct entry_job {
    dbk_relay *relay;
    dbk_span entry;
    dbk_span setup; /* of a genesis */
    bool lost;      /* one that the relay had before it was put back from a backup */
    uint64_t now_ms;
    dbk_rc decision; /* what the sender is told */
    uint64_t count;  /* the chain's length, if OK */
} entry_job;

typedef struct same_entry {
    dbk_span want;
    bool same;
} same_entry;

static dbk_rc compare_entry(void *ctx, uint64_t seq, dbk_span entry, bool *stop, dbk_err *err)
{
    same_entry *s = ctx;
    (void)seq;
    (void)err;
    s->same = dbk_span_equal(s->want, entry);
    *stop = true;
    return DBK_OK;
}

bool dbk_relay_is_decision(dbk_rc rc)
{
    switch (rc) {
    case DBK_FORMAT:
    case DBK_AUTH:
    case DBK_CONFLICT:
    case DBK_DENIED:
    case DBK_LIMIT:
    case DBK_VERSION:
    case DBK_NOT_FOUND:
        return true;
    default:
        return false;
    }
}

/* Snapshots hold what is ordered erased, and nobody takes one any more. */
static dbk_rc dispose(dbk_relay *r, const dbk_log *log, const dbk_entry *e, dbk_err *err)
{
    const dbk_log_space s = { log, e->space };
    dbk_rc rc = dbk_erasure_run(log, r->roll, e, err);
    if (rc == DBK_OK)
        rc = dbk_log_besides_forget(&s, err);
    return rc == DBK_OK ? dbk_log_snapshots_forget(&s, err) : rc;
}

/* Everybody has what stands below it: what was brought for somebody can go, and what stands there
 * goes by and by. */
static dbk_rc move_floor(dbk_relay *r, const dbk_log *log, const dbk_entry *e, dbk_err *err)
{
    const dbk_log_space s = { log, e->space };
    r->letting_go = true;
    return dbk_log_besides_forget(&s, err);
}

static dbk_rc add_entry(entry_job *job, const dbk_log *log, const dbk_entry *e, dbk_err *err)
{
    dbk_roll_change made;
    dbk_roll_org org;
    dbk_err why = { 0 };
    dbk_relay *r = job->relay;
    const dbk_recover_entry taking = { e, job->lost };
    dbk_rc rc = dbk_recover_may_take(r, log, &taking, &job->decision, err);
    if (rc == DBK_OK && job->decision == DBK_OK && e->kind == DBK_ENTRY_FLOOR && !job->lost)
        rc = dbk_relay_may_floor(r, log, e, job->now_ms, &job->decision, err);
    if (rc != DBK_OK || job->decision != DBK_OK)
        return rc;
    rc = dbk_roll_add(r->roll, log, job->entry, &made, &why);
    if (rc != DBK_OK && dbk_relay_is_decision(rc)) {
        job->decision = rc;
        return DBK_OK;
    }
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", why.text);
    rc = dbk_relay_proposals_clear(log, err);
    if (rc == DBK_OK && made.kind == DBK_ENTRY_SPACE)
        rc = dbk_append_open(r->append, log, &made.space, err);
    if (rc == DBK_OK && made.kind == DBK_ENTRY_DISPOSE)
        rc = dispose(r, log, e, err);
    if (rc == DBK_OK && made.kind == DBK_ENTRY_FLOOR)
        rc = move_floor(r, log, e, err);
    if (rc == DBK_OK)
        rc = dbk_recover_taken(r, log, &taking, err);
    dbk_roll_org_peek(r->roll, &org);
    job->count = org.count;
    return rc;
}

/* The sender may not have heard the first answer: the same entry once more is fine. */
static dbk_rc held_already(entry_job *job, const dbk_log *log, uint64_t seq, bool *held,
                           dbk_err *err)
{
    same_entry s = { job->entry, false };
    dbk_roll_org org;
    dbk_rc rc = dbk_log_entries(log, seq, compare_entry, &s, err);
    dbk_roll_org_peek(job->relay->roll, &org);
    *held = s.same;
    job->count = org.count;
    return rc;
}

static dbk_rc run_member(void *ctx, const dbk_log *log, dbk_err *err)
{
    entry_job *job = ctx;
    dbk_entry_decoded d = { 0 };
    bool held = false;
    dbk_rc rc = dbk_entry_decode(&d, job->entry, NULL);
    if (rc != DBK_OK) {
        job->decision = rc;
        return rc == DBK_NOMEM ? rc : DBK_OK;
    }
    rc = held_already(job, log, d.entry.seq, &held, err);
    if (rc == DBK_OK && !held)
        rc = add_entry(job, log, &d.entry, err);
    dbk_entry_decoded_wipe(&d);
    return rc;
}

/* Constant time over what an attacker may guess at. */
static dbk_rc check_setup(entry_job *job, const dbk_log *log, dbk_err *err)
{
    dbk_err absent = { 0 };
    dbk_bytes stored = DBK_BYTES_INIT(DBK_HASH_BYTES);
    dbk_hash hash = dbk_hash_of(SETUP_LABEL, job->setup);
    dbk_rc rc = dbk_log_setting_get(log, DBK_SETTING_SETUP, &stored, &absent);
    if (rc == DBK_NOT_FOUND)
        job->decision = DBK_CONFLICT; /* used up */
    else if (rc != DBK_OK)
        rc = dbk_fail(err, rc, "%s", absent.text);
    else if (!dbk_equal_ct(dbk_bytes_span(&stored), dbk_span_of(hash.b, sizeof(hash.b))))
        job->decision = DBK_DENIED;
    dbk_bytes_wipe(&stored);
    return rc == DBK_NOT_FOUND ? DBK_OK : rc;
}

/* A genesis names the relay whose word its devices will trust: it must be this one. */
static dbk_rc take_genesis(entry_job *job, const dbk_log *log, dbk_err *err)
{
    dbk_entry_decoded d = { 0 };
    dbk_rc rc = DBK_OK;
    job->decision = dbk_entry_decode(&d, job->entry, NULL);
    if (job->decision == DBK_OK && d.entry.kind != DBK_ENTRY_GENESIS)
        job->decision = DBK_FORMAT;
    if (job->decision == DBK_OK &&
        memcmp(d.entry.relay.b, job->relay->pk.b, sizeof(d.entry.relay.b)) != 0)
        job->decision = DBK_DENIED;
    if (job->decision == DBK_OK)
        rc = add_entry(job, log, &d.entry, err);
    dbk_entry_decoded_wipe(&d);
    return rc;
}

static dbk_rc run_genesis(void *ctx, const dbk_log *log, dbk_err *err)
{
    entry_job *job = ctx;
    dbk_roll_org org;
    bool held = false;
    dbk_rc rc = DBK_OK;
    dbk_roll_org_peek(job->relay->roll, &org);
    if (org.count > 0) {
        rc = held_already(job, log, 0, &held, err);
        if (!held)
            job->decision = DBK_CONFLICT;
        return rc;
    }
    rc = check_setup(job, log, err);
    if (rc == DBK_OK && job->decision == DBK_OK)
        rc = take_genesis(job, log, err);
    if (rc == DBK_OK && job->decision == DBK_OK)
        rc = dbk_log_setting_del(log, DBK_SETTING_SETUP, err);
    return rc;
}

typedef dbk_rc (*run_fn)(void *ctx, const dbk_log *log, dbk_err *err);

static dbk_rc post_entry(dbk_relay_answer *a, entry_job *job, run_fn run, dbk_err *err)
{
    dbk_job submit = { run, job };
    dbk_rc rc = dbk_relay_write(job->relay, &submit, err);
    if (rc != DBK_OK)
        return rc;
    if (job->decision == DBK_PENDING) {
        dbk_relay_refuse(a, 409, DBK_WORD_RECOVERING);
        return DBK_OK;
    }
    if (job->decision == DBK_AUTH || job->decision == DBK_NOT_FOUND)
        return DBK_DENIED; /* 401 is about the request's own signature only */
    if (job->decision != DBK_OK)
        return job->decision;
    a->content_type = DBK_TYPE_JSON;
    return dbk_posted_encode(&a->body, job->count, err);
}

dbk_rc dbk_call_members_post(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    entry_job job = { .relay = r, .entry = c->req->body, .now_ms = c->req->now_ms };
    return post_entry(a, &job, run_member, err);
}

dbk_rc dbk_call_lost_entry(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    entry_job job = { .relay = r, .entry = c->req->body, .lost = true };
    return post_entry(a, &job, run_member, err);
}

dbk_rc dbk_call_org(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    entry_job job = { .relay = r, .entry = c->req->body, .setup = c->req->setup };
    return post_entry(a, &job, run_genesis, err);
}
