/* Opening, the table of calls, and who is let in. */
#include "sync/relay/relay.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/crypto/reach.h"
#include "sync/engine/msg_snapshot.h"
#include "sync/relay/relay_calls.h"

#define HEARD_BYTES_MAX (1024u * 1024u) /* 20,000 devices and more */
#define RETRY_SECONDS 4u /* those who are sent away come back spread over this time */

/* ---- opening ----------------------------------------------------------------------------- */

/* What other relays have added to a shared log's chain counts from here on: who was let in, who is
 * out. What they wrote besides isn't cached. */
static dbk_rc catch_up(void *ctx, const dbk_log *log, dbk_err *err)
{
    dbk_relay *r = ctx;
    bool changed;
    dbk_rc rc = dbk_roll_refresh(r->roll, log, &changed, err);
    return rc == DBK_OK && changed ? dbk_recover_load(r, log, err) : rc;
}

static dbk_rc before_commit(void *ctx, const dbk_log *log, dbk_err *err)
{
    dbk_relay *r = ctx;
    dbk_roll_org org;
    dbk_roll_org_peek(r->roll, &org);
    dbk_append_signer signer = { org.org, r->sk };
    dbk_rc rc = dbk_append_finish(r->append, log, &signer, err);
    if (rc == DBK_OK && r->letting_go && !atomic_load(&r->recovering))
        rc = dbk_relay_let_go(r, log, err);
    return rc;
}

static dbk_rc after(void *ctx, const dbk_log *log, dbk_outcome outcome, dbk_err *err)
{
    dbk_relay *r = ctx;
    dbk_append_reset(r->append);
    dbk_recover_settle(r, outcome);
    if (outcome == DBK_ROLLED_BACK)
        r->letting_go = true; /* as far as it stood before */
    dbk_rc rc = dbk_roll_settle(r->roll, log, outcome, err);
    /* A shared log that can't be reached is read anew when it can. */
    if (rc != DBK_OK && !(r->shared && rc == DBK_BUSY))
        atomic_store(&r->failed, true);
    return rc;
}

static dbk_rc load_key(dbk_relay *r, dbk_err *err)
{
    dbk_rc rc = dbk_relay_load_key(&r->sk, &r->log, err);
    if (rc != DBK_OK)
        return rc;
    dbk_sign_pk_of(&r->pk, r->sk);
    dbk_sign_raw(&r->decoy, dbk_span_str(DBK_DECOY_TEXT), r->sk);
    return DBK_OK;
}

static dbk_rc open_readers(dbk_relay *r, const dbk_relay_opts *opts, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    r->readers = dbk_alloc_array(opts->readers, sizeof(*r->readers));
    r->idle_readers = dbk_alloc_array(opts->readers, sizeof(*r->idle_readers));
    if (r->readers == NULL || r->idle_readers == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for %u readers", opts->readers);
    for (size_t i = 0; i < opts->readers && rc == DBK_OK; i++) {
        rc = opts->source->open(opts->source->self, &r->readers[i], DBK_LOG_READS, err);
        if (rc == DBK_OK) {
            r->idle_readers[r->idle_count++] = i;
            r->readers_count++;
        }
    }
    return rc;
}

dbk_rc dbk_relay_open(dbk_relay **out, const dbk_relay_opts *opts, dbk_err *err)
{
    *out = NULL;
    DBK_ASSERT(opts->readers >= 1);
    DBK_ASSERT(opts->readers <= DBK_RELAY_READERS_MAX);
    dbk_relay *r = dbk_alloc(sizeof(*r));
    if (r == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the relay");
    r->env = opts->env;
    atomic_init(&r->failed, false);
    atomic_init(&r->recovering, false);
    r->letting_go = true; /* what an earlier run may have left */
    dbk_bytes_init(&r->heard, HEARD_BYTES_MAX);
    DBK_ASSERT(pthread_mutex_init(&r->lock, NULL) == 0);
    DBK_ASSERT(pthread_cond_init(&r->idle, NULL) == 0);
    r->shared = opts->source->shared;
    dbk_rc rc = dbk_metrics_new(&r->metrics, err);
    dbk_writer_hooks hooks = { r->shared ? catch_up : NULL, before_commit, after, r, r->metrics };
    if (rc == DBK_OK)
        rc = opts->source->open(opts->source->self, &r->log, DBK_LOG_WRITES, err);
    if (rc == DBK_OK)
        rc = load_key(r, err);
    if (rc == DBK_OK)
        rc = dbk_roll_new(&r->roll, &r->log, r->env, err);
    if (rc == DBK_OK)
        rc = dbk_append_new(&r->append, r->env, err);
    if (rc == DBK_OK)
        rc = dbk_recover_load(r, &r->log, err);
    if (rc == DBK_OK)
        rc = open_readers(r, opts, err);
    if (rc == DBK_OK)
        rc = dbk_writer_new(&r->writer, &r->log, &hooks, opts->mode, err);
    if (rc != DBK_OK) {
        dbk_relay_close(r);
        return rc;
    }
    *out = r;
    return DBK_OK;
}

dbk_rc dbk_relay_limit(dbk_relay *r, const dbk_relay_limits *limits, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    DBK_ASSERT(pthread_mutex_lock(&r->lock) == 0);
    r->quota = limits->quota;
    DBK_ASSERT(pthread_mutex_unlock(&r->lock) == 0);
    if (r->devices != NULL) { /* from here on requests may be under way */
        dbk_pace_change(r->devices, &limits->device);
        if (r->strangers != NULL && limits->stranger.burst > 0)
            dbk_pace_change(r->strangers, &limits->stranger);
        return DBK_OK;
    }
    rc = dbk_pace_new(&r->devices, &limits->device, err);
    if (rc == DBK_OK && limits->stranger.burst > 0)
        rc = dbk_pace_new(&r->strangers, &limits->stranger, err);
    return rc;
}

void dbk_relay_watch_disk(dbk_relay *r, bool (*is_full)(void *ctx), void *ctx)
{
    r->is_full = is_full;
    r->is_full_ctx = ctx;
}

void dbk_relay_close(dbk_relay *r)
{
    if (r == NULL)
        return;
    dbk_writer_free(r->writer);
    DBK_ASSERT(r->idle_count == r->readers_count);
    for (size_t i = 0; i < r->readers_count; i++)
        dbk_log_close(&r->readers[i]);
    dbk_log_close(&r->log); /* last: it alone may tidy the file up */
    dbk_append_free(r->append);
    dbk_roll_free(r->roll);
    dbk_secret_free(r->sk);
    dbk_pace_free(r->devices);
    dbk_pace_free(r->strangers);
    dbk_metrics_free(r->metrics);
    dbk_free(r->readers);
    dbk_free(r->idle_readers);
    dbk_bytes_wipe(&r->heard);
    (void)pthread_mutex_destroy(&r->lock);
    (void)pthread_cond_destroy(&r->idle);
    dbk_free(r);
}

const dbk_sign_pk *dbk_relay_key(const dbk_relay *r)
{
    return &r->pk;
}

dbk_quota dbk_relay_quota(dbk_relay *r)
{
    DBK_ASSERT(pthread_mutex_lock(&r->lock) == 0);
    dbk_quota quota = r->quota;
    DBK_ASSERT(pthread_mutex_unlock(&r->lock) == 0);
    return quota;
}

bool dbk_relay_announced(dbk_relay *r, const uint8_t pin[32])
{
    return dbk_roll_announces(r->roll, pin);
}

uint64_t dbk_relay_commits(dbk_relay *r)
{
    return dbk_writer_commits(r->writer);
}

dbk_rc dbk_relay_reader_take(dbk_relay *r, size_t *reader, dbk_err *err)
{
    DBK_ASSERT(pthread_mutex_lock(&r->lock) == 0);
    while (r->idle_count == 0)
        DBK_ASSERT(pthread_cond_wait(&r->idle, &r->lock) == 0);
    *reader = r->idle_readers[--r->idle_count];
    DBK_ASSERT(pthread_mutex_unlock(&r->lock) == 0);
    const dbk_log *log = &r->readers[*reader];
    dbk_rc rc = log->ops->begin(log->self, err);
    if (rc != DBK_OK)
        dbk_relay_reader_give(r, *reader);
    return rc;
}

void dbk_relay_reader_give(dbk_relay *r, size_t reader)
{
    const dbk_log *log = &r->readers[reader];
    log->ops->rollback(log->self); /* nothing was written: this only ends the view */
    DBK_ASSERT(pthread_mutex_lock(&r->lock) == 0);
    r->idle_readers[r->idle_count++] = reader;
    DBK_ASSERT(pthread_cond_signal(&r->idle) == 0);
    DBK_ASSERT(pthread_mutex_unlock(&r->lock) == 0);
}

dbk_rc dbk_relay_write(dbk_relay *r, const dbk_job *job, dbk_err *err)
{
    dbk_rc rc = dbk_writer_submit(r->writer, job, err);
    if (rc == DBK_IO || rc == DBK_DAMAGED)
        atomic_store(&r->failed, true);
    return rc;
}

dbk_rc dbk_relay_submit(dbk_relay *r, dbk_relay_answer *a, const dbk_job *job,
                        const dbk_rc *decision, dbk_err *err)
{
    dbk_rc rc = dbk_relay_write(r, job, err);
    if (rc == DBK_OK) /* 401 is about the request's own signature only */
        rc = *decision == DBK_AUTH ? DBK_DENIED : *decision;
    if (rc == DBK_OK)
        a->status = 204;
    return rc;
}

/* ---- the calls --------------------------------------------------------------------------- */

typedef enum call_right {
    ANYONE,  /* needs no signature */
    AUTHORS, /* any enrolled device, also one that was revoked: its notes may come late */
    MEMBERS, /* any enrolled device */
    ADMINS
} call_right;
enum {
    ASKS = 1,     /* may have a query */
    RECOVERS = 2, /* also answered while the relay waits for its recovery */
    FILLS = 4     /* brings much: not while the disk is nearly full */
};
typedef struct call_row {
    const char *method;
    const char *head; /* of the path; then, if tail is given, an id in hex and the tail */
    const char *tail;
    call_right right;
    size_t body_max; /* 0: no body */
    unsigned flags;
    dbk_call_fn fn;
    const char *name;
} call_row;
static const call_row calls[] = {
    { "POST", "/v1/hello", NULL, MEMBERS, 1024, RECOVERS, dbk_call_hello, "hello" },
    { "POST", "/v1/spaces/", "/segments", AUTHORS, DBK_RELAY_PUSH_BYTES_MAX, FILLS, dbk_call_push,
      "push" },
    { "GET", "/v1/spaces/", "/segments", MEMBERS, 0, ASKS, dbk_call_range, "range" },
    { "GET", "/v1/spaces/", "/proof", MEMBERS, 0, ASKS | RECOVERS, dbk_call_proof, "proof" },
    { "POST", "/v1/spaces/", "/snapshot/part", MEMBERS, DBK_PART_BYTES_MAX, FILLS,
      dbk_call_snapshot_part, "snapshot-part" },
    { "POST", "/v1/spaces/", "/snapshot", MEMBERS, DBK_MANIFEST_BYTES_MAX, FILLS,
      dbk_call_snapshot_make, "snapshot-make" },
    { "POST", "/v1/spaces/", "/snapshot/confirm", MEMBERS, DBK_CONFIRMATION_BYTES, 0,
      dbk_call_snapshot_confirm, "snapshot-confirm" },
    { "GET", "/v1/spaces/", "/snapshot", MEMBERS, 0, ASKS, dbk_call_snapshot_get, "snapshot" },
    { "GET", "/v1/spaces/", "/snapshot/part", MEMBERS, 0, ASKS, dbk_call_snapshot_fetch,
      "snapshot-fetch" },
    { "POST", "/v1/spaces/", "/cosign", MEMBERS, DBK_COSIGNED_NOTE_BYTES_MAX, 0, dbk_call_cosign,
      "cosign" },
    { "POST", "/v1/spaces/", "/reach", MEMBERS, DBK_REACH_BYTES, 0, dbk_call_reach, "reach" },
    { "GET", "/v1/spaces/", "/reach", MEMBERS, 0, 0, dbk_call_reaches, "reaches" },
    { "POST", "/v1/spaces/", "/wanted", MEMBERS, DBK_WANTED_BYTES, 0, dbk_call_wanted, "wanted" },
    { "POST", "/v1/spaces/", "/bodies", MEMBERS, DBK_RELAY_PUSH_BYTES_MAX, FILLS, dbk_call_bodies,
      "bodies" },
    { "GET", "/v1/members", NULL, MEMBERS, 0, ASKS | RECOVERS, dbk_call_members_get, "members" },
    { "POST", "/v1/members", NULL, ADMINS, DBK_ENTRY_BYTES_MAX, RECOVERS, dbk_call_members_post,
      "member" },
    { "GET", "/v1/recovery", NULL, ADMINS, 0, RECOVERS, dbk_call_claims, "claims" },
    { "POST", "/v1/recovery", NULL, MEMBERS, DBK_ENTRY_BYTES_MAX, RECOVERS, dbk_call_lost_entry,
      "lost-entry" },
    { "POST", "/v1/spaces/", "/refill", MEMBERS, DBK_RELAY_PUSH_BYTES_MAX, RECOVERS | FILLS,
      dbk_call_refill, "refill" },
    { "POST", "/v1/org", NULL, ANYONE, DBK_RELAY_GENESIS_BYTES_MAX, RECOVERS | FILLS, dbk_call_org,
      "org" },
    { "PUT", "/v1/join/", "", ADMINS, 1024, FILLS, dbk_call_join_open, "join-open" },
    { "POST", "/v1/join/", "", ANYONE, DBK_RELAY_JOIN_BYTES_MAX, FILLS, dbk_call_join_put, "join" },
    { "GET", "/v1/join", NULL, ADMINS, 0, 0, dbk_call_join_list, "join-list" },
    { "POST", "/v1/proposals", NULL, ADMINS, DBK_ENTRY_BYTES_MAX, 0, dbk_call_propose, "propose" },
    { "GET", "/v1/proposals", NULL, ADMINS, 0, 0, dbk_call_proposals, "proposals" },
    { "POST", "/v1/proposals/", "/decline", ADMINS, 1024, 0, dbk_call_decline, "decline" },
    { "GET", "/healthz", NULL, ANYONE, 0, RECOVERS, dbk_call_health, "health" },
};

void dbk_relay_name_calls(dbk_metrics *m)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        dbk_metrics_name_call(m, calls[i].name);
}

const char *dbk_relay_call_name(dbk_span name)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (dbk_span_equal(name, dbk_span_str(calls[i].name)))
            return calls[i].name;
    }
    return dbk_span_equal(name, dbk_span_str(DBK_METRICS_NO_CALL)) ? DBK_METRICS_NO_CALL : NULL;
}

static bool take_text(dbk_span *in, const char *text)
{
    size_t len = strlen(text);
    if (in->len < len || memcmp(in->p, text, len) != 0)
        return false;
    in->p += len;
    in->len -= len;
    return true;
}

/* 32 lower-case digits: one id has one path. */
static bool take_id(dbk_span *in, dbk_id *id)
{
    char hex[DBK_ID_HEX_SIZE];
    if (in->len < DBK_ID_HEX_SIZE - 1)
        return false;
    memcpy(hex, in->p, DBK_ID_HEX_SIZE - 1);
    hex[DBK_ID_HEX_SIZE - 1] = '\0';
    for (size_t i = 0; hex[i] != '\0'; i++) {
        if (hex[i] >= 'A' && hex[i] <= 'F')
            return false;
    }
    if (strlen(hex) != DBK_ID_HEX_SIZE - 1 ||
        dbk_hex_parse(id->b, sizeof(id->b), hex, NULL) != DBK_OK)
        return false;
    in->p += DBK_ID_HEX_SIZE - 1;
    in->len -= DBK_ID_HEX_SIZE - 1;
    return true;
}

static const call_row *find_call(const dbk_relay_request *req, dbk_id *id)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        const call_row *row = &calls[i];
        dbk_span path = req->path;
        memset(id, 0, sizeof(*id));
        if (!dbk_span_equal(req->method, dbk_span_str(row->method)) || !take_text(&path, row->head))
            continue;
        if (row->tail != NULL && (!take_id(&path, id) || !take_text(&path, row->tail)))
            continue;
        if (path.len == 0)
            return row;
    }
    memset(id, 0, sizeof(*id));
    return NULL;
}

/* ---- answers ----------------------------------------------------------------------------- */

void dbk_relay_refuse(dbk_relay_answer *a, int status, const char *word)
{
    dbk_bytes_wipe(&a->body);
    dbk_bytes_init(&a->body, DBK_CONTROL_BYTES_MAX);
    a->status = status;
    a->cause = word;
    a->content_type = DBK_TYPE_JSON;
    if (dbk_error_encode(&a->body, word, NULL) != DBK_OK)
        a->content_type = NULL; /* the status alone has to do */
}

static void refuse_rc(dbk_relay *r, dbk_relay_answer *a, dbk_rc rc)
{
    static const struct {
        dbk_rc rc;
        int status;
        const char *word;
    } rows[] = {
        { DBK_FORMAT, 400, "malformed" },  { DBK_INVALID, 400, "malformed" },
        { DBK_VERSION, 400, "version" },   { DBK_DENIED, 403, "denied" },
        { DBK_NOT_FOUND, 404, "unknown" }, { DBK_CONFLICT, 409, "conflict" },
        { DBK_LIMIT, 413, "too-large" },   { DBK_FULL, 507, "full" },
        { DBK_BUSY, 503, "busy" },
    };
    int status = 503;
    const char *word = "unavailable";
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].rc == rc) {
            status = rows[i].status;
            word = rows[i].word;
        }
    }
    dbk_relay_refuse(a, status, word);
    if (status == 503) {
        uint8_t some;
        r->env->random(r->env->self, &some, 1);
        a->retry_after_s = 1 + some % RETRY_SECONDS;
    }
}

/* ---- who is let in ----------------------------------------------------------------------- */

static dbk_http_request signed_part(const dbk_relay_request *req)
{
    return (dbk_http_request){ req->method,       req->authority, req->path,    req->query,
                               req->content_type, req->body,      req->has_body };
}

/* What a member's check costs, for a stranger. */
static void pretend(const dbk_relay *r, const dbk_relay_request *req)
{
    uint8_t digest[32];
    dbk_sha256(digest, req->body);
    (void)dbk_verify_raw(&r->decoy, dbk_span_str(DBK_DECOY_TEXT), &r->pk);
}

static bool is_known(const dbk_relay *r, const call_row *row, dbk_caller *caller,
                     const dbk_http_claim *claim)
{
    return dbk_roll_caller(r->roll, caller, claim->key_hash) &&
           (!caller->revoked || row->right == AUTHORS);
}

static bool stranger_may(const dbk_relay *r, const dbk_relay_request *req)
{
    return r->strangers == NULL || dbk_pace_take(r->strangers, req->peer, req->now_ms);
}

/* Cheap checks first, then one signature. Who isn't known or was revoked, and who is but shows a
 * wrong nonce or signature, all get the same answer, after the same work. */
static dbk_rc let_in(dbk_relay *r, const call_row *row, dbk_call *c, const dbk_http_claim *claim,
                     dbk_err *err)
{
    const dbk_relay_request *req = c->req;
    dbk_http_request what = signed_part(req);
    dbk_admit *admit = dbk_roll_admit(r->roll);
    bool known = is_known(r, row, &c->caller, claim);
    bool fresh = dbk_admit_check(admit, claim);
    if (!(known && fresh) && !stranger_may(r, req))
        return DBK_LIMIT;
    if (!fresh)
        return dbk_fail(err, DBK_AUTH, "no nonce of ours");
    if (!known) {
        pretend(r, req);
        return DBK_AUTH;
    }
    dbk_rc rc = dbk_http_verify(&what, req->digest, req->signature_input, req->signature,
                                &c->caller.request, err);
    if (rc == DBK_NOMEM)
        return rc;
    return rc == DBK_OK && dbk_admit_use(admit, claim) ? DBK_OK : DBK_AUTH;
}

static dbk_rc serve(dbk_relay *r, dbk_relay_answer *a, const call_row *row, dbk_call *c,
                    dbk_err *err)
{
    if ((row->flags & FILLS) != 0 && r->is_full != NULL && r->is_full(r->is_full_ctx))
        return dbk_fail(err, DBK_FULL, "the relay's disk is nearly full");
    if ((row->flags & RECOVERS) != 0 || !atomic_load(&r->recovering))
        return row->fn(r, a, c, err);
    dbk_relay_refuse(a, 409, DBK_WORD_RECOVERING);
    return DBK_OK;
}

/* In a second there are turns again. */
static dbk_rc too_often(dbk_relay_answer *a)
{
    dbk_relay_refuse(a, 429, "too-often");
    a->retry_after_s = 1;
    return DBK_OK;
}

/* When a failed change could not be undone in memory the roll is empty until the relay is started
 * again: that is no word about who asks. */
static bool knows_nobody(dbk_relay *r)
{
    dbk_roll_org org;
    if (!atomic_load(&r->failed))
        return false;
    dbk_roll_org_get(r->roll, &org);
    return org.count == 0;
}

static dbk_rc run_call(dbk_relay *r, dbk_relay_answer *a, const call_row *row, dbk_call *c,
                       dbk_err *err)
{
    dbk_http_claim claim;
    bool open = row->right == ANYONE;
    dbk_rc rc = DBK_AUTH;
    /* Health is asked for by machines, and costs nothing. */
    if ((open ? (row->flags & FILLS) != 0 : c->req->signature_input.len == 0) &&
        !stranger_may(r, c->req))
        return too_often(a);
    if (open)
        return serve(r, a, row, c, err);
    if (c->req->signature_input.len > 0) {
        rc = dbk_http_claim_parse(&claim, c->req->signature_input, err);
        if (rc != DBK_OK)
            return rc;
        dbk_admit_nonce(dbk_roll_admit(r->roll), a->nonce, claim.key_hash);
        rc = let_in(r, row, c, &claim, err);
        if (rc == DBK_LIMIT || (rc == DBK_OK && r->devices != NULL &&
                                !dbk_pace_take(r->devices, claim.key_hash, c->req->now_ms)))
            return too_often(a);
    }
    if (rc == DBK_AUTH && knows_nobody(r))
        return dbk_fail(err, DBK_IO, "the relay failed, and has to be started again");
    if (rc == DBK_AUTH) {
        dbk_relay_refuse(a, 401, "auth");
        return DBK_OK;
    }
    if (rc == DBK_OK && row->right == ADMINS && c->caller.role != DBK_ROLE_ADMIN)
        rc = dbk_fail(err, DBK_DENIED, "an admin's call");
    return rc == DBK_OK ? serve(r, a, row, c, err) : rc;
}

/* Before a caller is looked up: as any call's view of a shared log. */
static dbk_rc look_around(dbk_relay *r, dbk_err *err)
{
    size_t reader;
    if (!r->shared)
        return DBK_OK;
    dbk_rc rc = dbk_relay_reader_take(r, &reader, err);
    if (rc != DBK_OK)
        return rc;
    rc = catch_up(r, &r->readers[reader], err);
    dbk_relay_reader_give(r, reader);
    return rc;
}

void dbk_relay_handle(dbk_relay *r, dbk_relay_answer *a, const dbk_relay_request *req)
{
    dbk_err err = { 0 };
    dbk_call c = { .req = req };
    const call_row *row = find_call(req, &c.id);
    dbk_rc rc;
    a->status = 200;
    a->content_type = NULL;
    a->cause = NULL;
    a->call = row != NULL ? row->name : DBK_METRICS_NO_CALL;
    a->nonce[0] = '\0';
    a->retry_after_s = 0;
    dbk_bytes_init(&a->body, DBK_WELCOME_BYTES_MAX);
    if (row == NULL)
        rc = DBK_NOT_FOUND;
    else if (req->has_body != (row->body_max > 0) ||
             (req->query.len > 0 && (row->flags & ASKS) == 0))
        rc = DBK_FORMAT;
    else if (req->body.len > row->body_max)
        rc = DBK_LIMIT;
    else
        rc = look_around(r, &err);
    if (rc == DBK_OK)
        rc = run_call(r, a, row, &c, &err);
    if (rc != DBK_OK)
        refuse_rc(r, a, rc);
}

dbk_relay_expects dbk_relay_expect(dbk_relay *r, const dbk_relay_request *head)
{
    dbk_id id;
    dbk_caller caller;
    dbk_http_claim claim;
    const call_row *row = find_call(head, &id);
    if (row == NULL || row->body_max == 0)
        return (dbk_relay_expects){ 0, false };
    bool keep = row->right == ANYONE ||
                (dbk_http_claim_parse(&claim, head->signature_input, NULL) == DBK_OK &&
                 is_known(r, row, &caller, &claim) &&
                 dbk_admit_check(dbk_roll_admit(r->roll), &claim));
    return (dbk_relay_expects){ row->body_max, keep };
}

dbk_rc dbk_call_health(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    bool failed = atomic_load(&r->failed);
    (void)c;
    a->status = failed ? 503 : 200;
    a->content_type = DBK_TYPE_TEXT;
    return dbk_bytes_append_str(&a->body, failed ? "not ok\n" : "ok\n", err);
}
