#include "tests/lib/relaykit.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/crypto/reach.h"
#include "tests/lib/pgkit.h"

#define MUST(call) DBK_ASSERT((call) == DBK_OK)
#define LABEL_BYTES 120u /* of a sealed label of the smallest size */

static void some(relaykit *k, void *out, size_t len)
{
    k->env.env.random(&k->env, out, len);
}

/* ---- the relay --------------------------------------------------------------------------- */

static dbk_rc outer_open(void *self, dbk_log *out, dbk_log_use use, dbk_err *err)
{
    relaykit *k = self;
    return k->source.open(k->source.self, out, use, err);
}

void relaykit_start(relaykit *k)
{
    dbk_err err = { 0 };
    /* The kit's randomness is not for many threads at once. */
    dbk_relay_opts opts = { &k->outer,
                            k->mode == DBK_WRITER_INLINE ? &k->env.env : dbk_env_system(), k->mode,
                            RELAYKIT_READERS };
    dbk_rc rc = dbk_relay_open(&k->relay, &opts, &err);
    if (rc != DBK_OK)
        fprintf(stderr, "relaykit: %s\n", err.text);
    DBK_ASSERT(rc == DBK_OK);
}

void relaykit_stop(relaykit *k)
{
    dbk_relay_close(k->relay);
    k->relay = NULL;
}

void relaykit_backup(relaykit *k)
{
    relaykit_stop(k);
    (void)snprintf(k->backup, sizeof(k->backup), "%s/backup.db", k->dir);
    dbk_test_copy_file(k->backup, k->db); /* closed, the database is one file */
}

/* Where a relay that died has left it, SQLite's log of a database isn't that of its older copy. */
static void remove_wal(const relaykit *k)
{
    char path[sizeof(k->db) + 8];
    (void)snprintf(path, sizeof(path), "%s-wal", k->db);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s-shm", k->db);
    (void)unlink(path);
}

void relaykit_put_back(relaykit *k)
{
    relaykit_stop(k);
    remove_wal(k);
    dbk_test_copy_file(k->db, k->backup);
    relaykit_recover(k);
}

void relaykit_recover(relaykit *k)
{
    dbk_log log;
    MUST(k->source.open(k->source.self, &log, DBK_LOG_WRITES, NULL));
    MUST(dbk_relay_recover(&log, "the disk failed", &k->env.env, NULL));
    dbk_log_close(&log);
}

bool relaykit_on_postgres(const relaykit *k)
{
    return k->database.dsn != NULL;
}

static void make_log(relaykit *k)
{
    k->file = (dbk_log_embedded){ k->db, k->db_key };
    k->database = (dbk_log_postgres){ getenv("DBK_TEST_DSN"), k->db_key };
    if (relaykit_on_postgres(k)) {
        pgkit_clear(k->database.dsn);
        k->source = dbk_log_postgres_source(&k->database);
        MUST(dbk_log_postgres_create(&k->database, NULL));
    } else {
        k->source = dbk_log_embedded_source(&k->file);
        MUST(dbk_log_embedded_create(&k->file, NULL));
    }
}

void relaykit_open(relaykit *k, dbk_writer_mode mode)
{
    dbk_log log;
    memset(k, 0, sizeof(*k));
    MUST(dbk_crypto_init(NULL));
    dbk_test_env_init(&k->env, 42);
    dbk_test_dir_make(k->dir);
    (void)snprintf(k->db, sizeof(k->db), "%s/relay.db", k->dir);
    MUST(dbk_secret_random(&k->db_key, DBK_LOG_KEY_BYTES, &k->env.env, NULL));
    make_log(k);
    k->outer = (dbk_log_source){ outer_open, k, k->source.shared };
    k->mode = mode;
    k->now_ms = DBK_TEST_START_MS;
    MUST(k->source.open(k->source.self, &log, DBK_LOG_WRITES, NULL));
    MUST(dbk_relay_prepare(&k->birth, &log, &k->env.env, NULL));
    dbk_log_close(&log);
    MUST(dbk_sign_keypair(&k->root_pk, &k->root, &k->env.env, NULL));
    MUST(dbk_roster_new(&k->roster, &k->root_pk, NULL));
    some(k, k->roster_space.b, sizeof(k->roster_space.b));
    relaykit_device_make(k, &k->admin, DBK_ROLE_ADMIN);
    relaykit_start(k);
}

void relaykit_close(relaykit *k)
{
    relaykit_stop(k);
    relaykit_device_drop(&k->admin);
    dbk_roster_free(k->roster);
    dbk_secret_free(k->root);
    dbk_secret_free(k->db_key);
    dbk_test_dir_remove(k->dir);
    memset(k, 0, sizeof(*k));
}

dbk_log_report relaykit_check(relaykit *k)
{
    dbk_log log;
    dbk_log_report report;
    dbk_err err = { 0 };
    /* A reading view is enough, and leaves the relay's own handle alone. */
    MUST(k->source.open(k->source.self, &log, DBK_LOG_READS, NULL));
    MUST(log.ops->begin(log.self, NULL));
    dbk_rc rc = dbk_log_check_deep(&log, &report, &err);
    if (rc != DBK_OK)
        fprintf(stderr, "relaykit: %s\n", err.text);
    DBK_ASSERT(rc == DBK_OK);
    log.ops->rollback(log.self);
    dbk_log_close(&log);
    return report;
}

/* ---- devices ----------------------------------------------------------------------------- */

void relaykit_device_make(relaykit *k, relaykit_device *d, dbk_role role)
{
    uint8_t kem[32];
    memset(d, 0, sizeof(*d));
    d->role = role;
    MUST(dbk_sign_keypair(&d->keys.sign, &d->sign, &k->env.env, NULL));
    some(k, kem, sizeof(kem));
    DBK_ASSERT(crypto_scalarmult_base(d->keys.kem, kem) == 0);
    MUST(dbk_sign_keypair(&d->keys.request, &d->request, &k->env.env, NULL));
    if (role == DBK_ROLE_ADMIN)
        MUST(dbk_sign_keypair(&d->keys.admin, &d->admin, &k->env.env, NULL));
    d->id = dbk_device_id(d->keys.sign.b, d->keys.kem);
}

void relaykit_device_drop(relaykit_device *d)
{
    dbk_secret_free(d->sign);
    dbk_secret_free(d->request);
    dbk_secret_free(d->admin);
    memset(d, 0, sizeof(*d));
}

/* ---- calls ------------------------------------------------------------------------------- */

void relaykit_make(relaykit *k, const relaykit_device *d, relaykit_made *made,
                   const relaykit_request *req)
{
    dbk_relay_request *q = &made->req;
    memset(made, 0, sizeof(*made));
    (void)snprintf(made->target, sizeof(made->target), "%s", req->target);
    char *mark = strchr(made->target, '?');
    q->method = dbk_span_str(req->method);
    q->authority = dbk_span_str(RELAYKIT_HOST);
    q->query = mark != NULL ? dbk_span_str(mark + 1) : dbk_span_of("", 0);
    if (mark != NULL)
        *mark = '\0';
    q->path = dbk_span_str(made->target);
    q->body = req->body;
    q->has_body = req->body.p != NULL;
    q->now_ms = k->now_ms;
    if (q->has_body)
        q->content_type = dbk_span_str("application/octet-stream");
    if (req->setup != NULL)
        q->setup = dbk_span_str(req->setup);
    if (d == NULL)
        return;
    dbk_http_request what = { q->method,       q->authority, q->path,    q->query,
                              q->content_type, q->body,      q->has_body };
    dbk_http_sign_opts opts = { k->now_ms / 1000, d->nonce, d->request };
    MUST(dbk_http_sign(&made->sig, &what, &opts, NULL));
    q->digest = dbk_span_str(made->sig.digest);
    q->signature_input = dbk_span_str(made->sig.input);
    q->signature = dbk_span_str(made->sig.signature);
}

int relaykit_send(relaykit *k, relaykit_device *d, dbk_relay_answer *answer,
                  const relaykit_request *req)
{
    relaykit_made made;
    relaykit_make(k, d, &made, req);
    memset(answer, 0, sizeof(*answer));
    dbk_relay_handle(k->relay, answer, &made.req);
    if (d != NULL)
        memcpy(d->nonce, answer->nonce, sizeof(answer->nonce));
    return answer->status;
}

int relaykit_call(relaykit *k, relaykit_device *d, dbk_relay_answer *answer,
                  const relaykit_request *req)
{
    int status = relaykit_send(k, d, answer, req);
    if (d == NULL || status != 401)
        return status;
    dbk_bytes_wipe(&answer->body);
    return relaykit_send(k, d, answer, req);
}

int relaykit_status(relaykit *k, relaykit_device *d, const char *method, const char *target,
                    dbk_span body)
{
    dbk_relay_answer answer;
    relaykit_request req = { method, target, body, NULL };
    int status = relaykit_call(k, d, &answer, &req);
    dbk_bytes_wipe(&answer.body);
    return status;
}

const char *relaykit_space_target(char out[96], const dbk_id *space, const char *tail)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, space);
    (void)snprintf(out, 96, "/v1/spaces/%s/%s", hex, tail);
    return out;
}

/* ---- membership -------------------------------------------------------------------------- */

static dbk_entry begin(const relaykit *k, dbk_entry_kind kind)
{
    return (dbk_entry){ .org = dbk_org_id(&k->root_pk),
                        .seq = dbk_roster_count(k->roster),
                        .prev = dbk_roster_head(k->roster),
                        .kind = kind,
                        .time_ms = k->now_ms };
}

static dbk_epoch first_epoch(relaykit *k)
{
    dbk_epoch e = { .epoch = 1 };
    some(k, e.key_id.b, sizeof(e.key_id.b));
    some(k, e.commitment.b, sizeof(e.commitment.b));
    return e;
}

static dbk_wrapped wrap_for(relaykit *k, const relaykit_device *d)
{
    dbk_wrapped w = { .device = d->id, .epoch = 1 };
    some(k, w.wrap, sizeof(w.wrap));
    return w;
}

static dbk_span sign(dbk_bytes *out, const dbk_entry *e, const dbk_secret *signer)
{
    dbk_bytes_wipe(out);
    dbk_bytes_init(out, DBK_ENTRY_BYTES_MAX);
    MUST(dbk_entry_sign(out, e, signer, NULL));
    return dbk_bytes_span(out);
}

dbk_span relaykit_genesis(relaykit *k, dbk_bytes *out)
{
    uint8_t label[LABEL_BYTES];
    dbk_entry e = begin(k, DBK_ENTRY_GENESIS);
    dbk_wrapped wrap = wrap_for(k, &k->admin);
    some(k, label, sizeof(label));
    e.root = k->root_pk;
    e.relay = k->birth.relay;
    e.device = k->admin.id;
    e.keys = k->admin.keys;
    e.role = k->admin.role;
    e.label = dbk_span_of(label, sizeof(label));
    e.space = k->roster_space;
    e.epoch = first_epoch(k);
    e.wraps = &wrap;
    e.wraps_count = 1;
    return sign(out, &e, k->root);
}

dbk_span relaykit_entry_enrol(relaykit *k, dbk_bytes *out, const relaykit_device *d)
{
    uint8_t label[LABEL_BYTES];
    dbk_entry e = begin(k, DBK_ENTRY_ENROL);
    dbk_wrapped wrap = wrap_for(k, d);
    some(k, label, sizeof(label));
    e.device = d->id;
    e.keys = d->keys;
    e.role = d->role;
    e.label = dbk_span_of(label, sizeof(label));
    e.wraps = &wrap;
    e.wraps_count = 1;
    return sign(out, &e, k->admin.admin);
}

dbk_span relaykit_entry_space(relaykit *k, dbk_bytes *out, dbk_id *space,
                              const relaykit_device *const *members, size_t count)
{
    uint8_t label[LABEL_BYTES];
    dbk_grant grants[64];
    dbk_wrapped wraps[64];
    dbk_entry e = begin(k, DBK_ENTRY_SPACE);
    DBK_ASSERT(count <= 64);
    some(k, space->b, sizeof(space->b));
    some(k, label, sizeof(label));
    for (size_t i = 0; i < count; i++) {
        size_t at = i; /* insertion keeps both ascending, as the chain wants them */
        for (; at > 0 && dbk_id_compare(&grants[at - 1].device, &members[i]->id) > 0; at--) {
            grants[at] = grants[at - 1];
            wraps[at] = wraps[at - 1];
        }
        grants[at] = (dbk_grant){ members[i]->id, members[i]->role };
        wraps[at] = wrap_for(k, members[i]);
    }
    e.space = *space;
    e.label = dbk_span_of(label, sizeof(label));
    e.epoch = first_epoch(k);
    e.grants = grants;
    e.grants_count = count;
    e.wraps = wraps;
    e.wraps_count = count;
    return sign(out, &e, k->admin.admin);
}

dbk_span relaykit_entry_grant(relaykit *k, dbk_bytes *out, const dbk_id *space,
                              const relaykit_device *d, uint64_t expires_ms)
{
    dbk_entry e = begin(k, DBK_ENTRY_GRANT);
    dbk_wrapped wrap = wrap_for(k, d);
    e.space = *space;
    e.device = d->id;
    e.role = d->role;
    e.expires_ms = expires_ms;
    e.wraps = &wrap;
    e.wraps_count = 1;
    return sign(out, &e, k->admin.admin);
}

dbk_span relaykit_entry_revoke(relaykit *k, dbk_bytes *out, const relaykit_device *d)
{
    dbk_entry e = begin(k, DBK_ENTRY_REVOKE);
    e.device = d->id;
    e.reason = dbk_span_str("stolen");
    return sign(out, &e, k->admin.admin);
}

dbk_span relaykit_entry_remove(relaykit *k, dbk_bytes *out, const dbk_id *space,
                               const relaykit_device *d)
{
    dbk_entry e = begin(k, DBK_ENTRY_REMOVE);
    e.space = *space;
    e.device = d->id;
    return sign(out, &e, k->admin.admin);
}

dbk_span relaykit_entry_policy(relaykit *k, dbk_bytes *out, const dbk_sign_pk *witnesses,
                               size_t count)
{
    dbk_entry e = begin(k, DBK_ENTRY_POLICY);
    e.policy = (dbk_policy)DBK_POLICY_DEFAULT;
    DBK_ASSERT(count <= DBK_POLICY_KEYS_MAX);
    for (size_t i = 0; i < count; i++)
        memcpy(e.policy.witnesses.b[i], witnesses[i].b, sizeof(witnesses[i].b));
    e.policy.witnesses.count = count;
    return sign(out, &e, k->admin.admin);
}

dbk_span relaykit_entry_dispose(relaykit *k, dbk_bytes *out, const relaykit_order *order)
{
    dbk_bytes one = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_entry e = begin(k, DBK_ENTRY_DISPOSE);
    e.space = order->space;
    e.dots = order->dots;
    e.dots_count = order->count;
    memset(e.review.b, 7, sizeof(e.review.b));
    (void)sign(out, &e, k->admin.admin);
    if (order->second != NULL) {
        MUST(dbk_entry_cosign(&one, dbk_bytes_span(out), order->second->admin, NULL));
        dbk_bytes_wipe(out);
        *out = one;
    }
    return dbk_bytes_span(out);
}

dbk_span relaykit_entry_recovery(relaykit *k, dbk_bytes *out, const dbk_log_move *logs,
                                 size_t count, const dbk_secret *signer)
{
    dbk_entry e = begin(k, DBK_ENTRY_RECOVERY);
    e.logs = logs;
    e.logs_count = count;
    e.text = dbk_span_str("the disk failed");
    return sign(out, &e, signer != NULL ? signer : k->root);
}

int relaykit_post(relaykit *k, dbk_span entry)
{
    int status = relaykit_status(k, &k->admin, "POST", "/v1/members", entry);
    if (status == 200)
        MUST(dbk_roster_add(k->roster, entry, NULL));
    return status;
}

void relaykit_org(relaykit *k)
{
    dbk_bytes entry = { 0 };
    dbk_relay_answer answer;
    relaykit_request req = { "POST", "/v1/org", relaykit_genesis(k, &entry), k->birth.setup_code };
    DBK_ASSERT(relaykit_send(k, NULL, &answer, &req) == 200);
    MUST(dbk_roster_add(k->roster, req.body, NULL));
    dbk_bytes_wipe(&answer.body);
    dbk_bytes_wipe(&entry);
}

void relaykit_enrol(relaykit *k, relaykit_device *d, dbk_role role)
{
    dbk_bytes entry = { 0 };
    relaykit_device_make(k, d, role);
    DBK_ASSERT(relaykit_post(k, relaykit_entry_enrol(k, &entry, d)) == 200);
    dbk_bytes_wipe(&entry);
}

dbk_id relaykit_space(relaykit *k, const relaykit_device *const *members, size_t count)
{
    dbk_id space;
    dbk_bytes entry = { 0 };
    DBK_ASSERT(relaykit_post(k, relaykit_entry_space(k, &entry, &space, members, count)) == 200);
    dbk_bytes_wipe(&entry);
    return space;
}

void relaykit_hello(relaykit *k, relaykit_device *d, dbk_welcome *w, dbk_bytes *body)
{
    dbk_relay_answer answer;
    relaykit_request req = { "POST", "/v1/hello", dbk_span_str("{\"v\":1}"), NULL };
    DBK_ASSERT(relaykit_call(k, d, &answer, &req) == 200);
    *body = answer.body;
    MUST(dbk_welcome_decode(w, dbk_bytes_span(body), NULL));
}

/* ---- words ------------------------------------------------------------------------------- */

void relaykit_say_reach(relaykit *k, relaykit_device *d, const dbk_checkpoint *c)
{
    uint8_t word[DBK_REACH_BYTES];
    char target[96];
    const dbk_reach r = { .org = c->org,
                          .space = c->space,
                          .log = c->log,
                          .size = c->size,
                          .root = c->root,
                          .device = d->id };
    dbk_reach_sign(word, &r, d->sign);
    DBK_ASSERT(relaykit_status(k, d, "POST", relaykit_space_target(target, &c->space, "reach"),
                               dbk_span_of(word, sizeof(word))) == 204);
}
