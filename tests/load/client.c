#include "tests/load/client.h"

#include <string.h>
#include <time.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/model/op.h"
#include "tests/lib/notegen.h"

#define CONNECT_MS 30000u
#define CALL_MS 120000u

const char *const client_call_names[CLIENT_CALLS] = { "hello", "push", "range", "other" };

void client_desk_open(client_desk *d, const fleet *f, ledger *l)
{
    dbk_err err = { 0 };
    memset(d, 0, sizeof(*d));
    d->fleet = f;
    d->ledger = l;
    load_must(dbk_sealer_new(&d->sealer, &err), &err, "sealer");
    dbk_bytes_init(&d->plain, DBK_SEAL_PLAIN_BYTES_MAX);
    dbk_bytes_init(&d->answer, DBK_RESPONSE_BYTES_MAX);
}

void client_desk_close(client_desk *d)
{
    for (int i = 0; i < CLIENT_CALLS; i++)
        meter_wipe(&d->calls[i]);
    meter_wipe(&d->syncs);
    dbk_sealer_free(d->sealer);
    dbk_bytes_wipe(&d->plain);
    dbk_bytes_wipe(&d->answer);
}

void client_open(client *c, const fleet *f, uint32_t number, const char *url)
{
    dbk_err err = { 0 };
    dbk_epoch epoch;
    const dbk_env *env = dbk_env_system();
    memset(c, 0, sizeof(*c));
    c->number = number;
    c->space_number = number / f->share;
    fleet_device(f, &c->keys, number);
    c->space = fleet_space(f, c->space_number);
    c->epoch_key = fleet_epoch(f, &epoch, c->space_number);
    c->key_id = epoch.key_id;
    env->random(env->self, c->incarnation.b, sizeof(c->incarnation.b));
    c->feed = dbk_feed_id(&c->keys.id, &c->space, &c->incarnation);
    dbk_frontier_init(&c->frontier);
    c->root = dbk_frontier_root(&c->frontier, DBK_TREE_LOG);
    dbk_https_opts opts = { .url = url, .connect_timeout_ms = CONNECT_MS };
    memcpy(opts.tls_pin, f->card.tls_pin, sizeof(opts.tls_pin));
    load_must(dbk_transport_https(&c->transport, &opts, &err), &err, "transport");
}

static void forget(client *c, size_t count)
{
    for (size_t i = 0; i < count; i++)
        dbk_bytes_wipe(&c->waiting[i].body);
    c->waiting_count -= count;
    if (c->waiting_count > 0)
        memmove(c->waiting, c->waiting + count, c->waiting_count * sizeof(*c->waiting));
}

void client_close(client *c)
{
    forget(c, c->waiting_count);
    dbk_free(c->waiting);
    dbk_transport_close(&c->transport);
    dbk_secret_free(c->epoch_key);
    fleet_keys_drop(&c->keys);
    memset(c, 0, sizeof(*c));
}

/* ---- writing ----------------------------------------------------------------------------- */

/* A family contact of about 1.1 KB, as one field of one record. */
static void write_note(client_desk *d, const client *c, uint32_t number, dbk_bytes *plain)
{
    char text[NOTEGEN_BYTES_MAX];
    dbk_err err = { 0 };
    const dbk_env *env = dbk_env_system();
    uint64_t now_ms = env->now_ms(env->self);
    dbk_bytes value = DBK_BYTES_INIT(2 * NOTEGEN_BYTES_MAX);
    size_t len = notegen_contact(text, d->fleet->seed, number);
    dbk_cbor_out o = dbk_cbor_to(&value, &err);
    dbk_cbor_put_map(&o, 1);
    dbk_cbor_put_str(&o, "account");
    dbk_cbor_put_text(&o, dbk_span_of(text, len));
    load_must(o.rc, &err, "note");
    dbk_write write = { .kind = DBK_WRITE_SET,
                        .group = dbk_span_str("account"),
                        .value = dbk_bytes_span(&value) };
    dbk_op op = { .record = ledger_record(d->ledger, number, now_ms),
                  .form = dbk_span_str("contact"),
                  .form_version = 1,
                  .time = (dbk_hlc)now_ms << 16,
                  .writes = &write,
                  .writes_count = 1 };
    load_must(dbk_op_encode(plain, &op, &c->feed, &err), &err, "op");
    dbk_bytes_wipe(&value);
}

static client_segment *room_for_one(client *c)
{
    if (c->waiting_count == c->waiting_room) {
        size_t room = c->waiting_room == 0 ? 4 : 2 * c->waiting_room;
        client_segment *grown = dbk_realloc(c->waiting, room * sizeof(*grown));
        DBK_ASSERT(grown != NULL);
        c->waiting = grown;
        c->waiting_room = room;
    }
    client_segment *s = &c->waiting[c->waiting_count++];
    memset(s, 0, sizeof(*s));
    return s;
}

static void seal(client *c, client_desk *d, client_segment *s, const dbk_span *plain,
                 unsigned notes)
{
    dbk_err err = { 0 };
    const dbk_env *env = dbk_env_system();
    dbk_seal_keys keys = { c->epoch_key, c->key_id, c->keys.sign, NULL, env };
    dbk_header h = { .count = (uint16_t)notes,
                     .space = c->space,
                     .feed = c->feed,
                     .incarnation = c->incarnation,
                     .first_seq = c->last_seq + 1,
                     .prev = c->head,
                     .members_seen = d->fleet->members_head,
                     .checkpoint_size = c->frontier.size };
    if (h.checkpoint_size > 0)
        h.checkpoint_root = c->root;
    env->random(env->self, h.salt, sizeof(h.salt));
    dbk_bytes_init(&s->body, DBK_SEGMENT_BODY_BYTES_MAX);
    load_must(dbk_seal_segment(d->sealer, &h, &s->body, plain, &keys, &err), &err, "seal");
    dbk_header_encode(s->header, &h);
    s->hash = dbk_header_hash(&h);
    s->first_seq = h.first_seq;
    c->head = s->hash;
    c->last_seq = dbk_header_last_seq(&h);
}

static bool write_segment(client *c, client_desk *d, unsigned notes)
{
    size_t ends[DBK_SEGMENT_OPS_MAX];
    dbk_span spans[DBK_SEGMENT_OPS_MAX];
    client_segment *s = room_for_one(c);
    dbk_bytes plain = DBK_BYTES_INIT(DBK_SEGMENT_OPS_MAX * NOTEGEN_BYTES_MAX);
    s->first_note = ledger_next(d->ledger, notes);
    s->notes = notes;
    if (s->first_note == UINT32_MAX) {
        c->waiting_count--;
        return false;
    }
    for (unsigned i = 0; i < notes; i++) {
        size_t begin = plain.len;
        uint32_t number = s->first_note + i;
        write_note(d, c, number, &plain);
        ends[i] = plain.len;
        ledger_wrote(d->ledger, number, dbk_span_of(plain.p + begin, plain.len - begin));
    }
    for (unsigned i = 0; i < notes; i++) {
        size_t begin = i > 0 ? ends[i - 1] : 0;
        spans[i] = dbk_span_of(plain.p + begin, ends[i] - begin);
    }
    seal(c, d, s, spans, notes);
    dbk_bytes_wipe(&plain);
    return true;
}

bool client_write(client *c, client_desk *d, unsigned segments, unsigned notes)
{
    for (unsigned i = 0; i < segments; i++) {
        if (!write_segment(c, d, notes))
            return false;
    }
    return true;
}

/* ---- one request ------------------------------------------------------------------------- */

static client_call call_of(const dbk_session_request *r)
{
    if (strcmp(r->target, "/v1/hello") == 0)
        return CLIENT_HELLO;
    if (strstr(r->target, "/segments") == NULL)
        return CLIENT_OTHER;
    return r->has_body ? CLIENT_PUSH : CLIENT_RANGE;
}

static dbk_rc sign(const client *c, dbk_http_signature *out, const dbk_session_request *r,
                   dbk_err *err)
{
    const dbk_env *env = dbk_env_system();
    const char *query = strchr(r->target, '?');
    size_t path_len = query != NULL ? (size_t)(query - r->target) : strlen(r->target);
    dbk_http_request what = {
        .method = dbk_span_str(r->method),
        .authority = dbk_span_str(c->transport.authority),
        .path = dbk_span_of(r->target, path_len),
        .query = query != NULL ? dbk_span_str(query + 1) : (dbk_span){ NULL, 0 },
        .body = r->body,
        .has_body = r->has_body,
    };
    if (r->has_body)
        what.content_type = dbk_span_str(r->content_type);
    dbk_http_sign_opts opts = { env->now_ms(env->self) / 1000, r->nonce, c->keys.request };
    return dbk_http_sign(out, &what, &opts, err);
}

static void add_field(dbk_exchange *x, const char *name, const char *value)
{
    x->fields[x->fields_count++] = (dbk_http_field){ name, value };
}

/* Its whole time counts, with the signature and, on a new connection, the TLS handshake. */
static dbk_rc exchange(client *c, client_desk *d, dbk_answer *answer, const dbk_session_request *r,
                       dbk_err *err)
{
    dbk_http_signature sig;
    dbk_exchange x = { .method = r->method,
                       .target = r->target,
                       .body = r->body,
                       .has_body = r->has_body,
                       .timeout_ms = CALL_MS };
    double begin = load_now_s();
    dbk_rc rc = sign(c, &sig, r, err);
    if (rc != DBK_OK)
        return rc;
    if (r->has_body) {
        add_field(&x, "Content-Type", r->content_type);
        add_field(&x, "Content-Digest", sig.digest);
    }
    add_field(&x, "Signature-Input", sig.input);
    add_field(&x, "Signature", sig.signature);
    rc = c->transport.ops->exchange(c->transport.self, answer, &x, err);
    meter_add(&d->calls[call_of(r)], (load_now_s() - begin) * 1e3);
    d->sent_bytes += answer->sent_bytes;
    d->received_bytes += answer->received_bytes;
    if (rc == DBK_OK && answer->nonce[0] != '\0')
        memcpy(c->nonce, answer->nonce, sizeof(c->nonce));
    return rc;
}

static dbk_rc ask(client *c, client_desk *d, const dbk_session_request *r, dbk_err *err)
{
    dbk_answer answer = { .body = d->answer };
    dbk_rc rc = exchange(c, d, &answer, r, err);
    if (rc == DBK_OK && answer.status == 401) { /* the first of all: it brings a nonce */
        dbk_session_request again = *r;
        again.nonce = c->nonce;
        rc = exchange(c, d, &answer, &again, err);
    }
    if (rc == DBK_OK && answer.status != 200)
        rc = dbk_fail(err, DBK_PEER, "status %d", answer.status);
    d->answer = answer.body;
    return rc;
}

dbk_rc client_get(client *c, client_desk *d, const char *target, dbk_err *err)
{
    dbk_session_request r = { .method = "GET", .target = target, .nonce = c->nonce };
    return ask(c, d, &r, err);
}

dbk_rc client_hello(client *c, client_desk *d, dbk_err *err)
{
    dbk_hello hello = { .has_known = false };
    dbk_bytes body = DBK_BYTES_INIT(1024);
    dbk_session_request r = { .method = "POST",
                              .target = "/v1/hello",
                              .content_type = "application/json",
                              .nonce = c->nonce,
                              .has_body = true };
    dbk_rc rc = dbk_hello_encode(&body, &hello, err);
    r.body = dbk_bytes_span(&body);
    if (rc == DBK_OK)
        rc = ask(c, d, &r, err);
    dbk_bytes_wipe(&body);
    return rc;
}

/* ---- the session's wishes ---------------------------------------------------------------- */

typedef struct run {
    client *c;
    client_desk *d;
    dbk_session *session;
    dbk_local_space space;
    dbk_local local;
    dbk_trust trust;
    dbk_answer answer;
    dbk_err why;
} run;

static void stand(run *r)
{
    const client *c = r->c;
    r->space = (dbk_local_space){ .space = c->space,
                                  .log = c->log,
                                  .size = c->frontier.size,
                                  .root = c->root,
                                  .own_last_seq = c->last_seq,
                                  .own_receipted_seq = c->receipted_seq,
                                  .push_only = !r->d->pulls };
    if (c->last_seq > 0)
        r->space.own_feed = c->feed;
    r->local = (dbk_local){ r->d->fleet->members_count, r->d->fleet->members_head, &r->space, 1 };
}

static dbk_session_event do_send(run *r, const dbk_session_action *a)
{
    dbk_rc rc = exchange(r->c, r->d, &r->answer, &a->request, &r->why);
    if (rc != DBK_OK)
        return (dbk_session_event){
            .kind = DBK_EVENT_FAILED, .round = a->round, .rc = rc, .why = r->why.text
        };
    return (dbk_session_event){ .kind = DBK_EVENT_ANSWER,
                                .round = a->round,
                                .status = r->answer.status,
                                .body = dbk_bytes_span(&r->answer.body),
                                .nonce = r->answer.nonce,
                                .retry_after_s = r->answer.retry_after_s };
}

static dbk_session_event do_load(run *r, const dbk_session_action *a)
{
    size_t bytes = 0;
    uint32_t count = 0;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < r->c->waiting_count && rc == DBK_OK; i++) {
        const client_segment *s = &r->c->waiting[i];
        if (s->first_seq <= a->after_seq)
            continue;
        bytes += sizeof(s->header) + s->body.len;
        if (count == a->count_max || (count > 0 && bytes > a->bytes_max))
            break;
        count++;
        const dbk_sealed segment = { dbk_span_of(s->header, sizeof(s->header)),
                                     dbk_bytes_span(&s->body), false };
        rc = dbk_session_add(r->session, &segment, &r->why);
    }
    return (dbk_session_event){ .kind = DBK_EVENT_BATCH, .rc = rc, .why = r->why.text };
}

static dbk_session_event taken(const run *r, dbk_rc rc, bool moved)
{
    return (dbk_session_event){
        .kind = DBK_EVENT_TAKEN, .rc = rc, .why = r->why.text, .local = moved ? &r->local : NULL
    };
}

/* Each has to be the relay's word for just this segment. */
static dbk_session_event do_receipts(run *r, const dbk_session_action *a)
{
    client *c = r->c;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < a->acked_count && rc == DBK_OK; i++) {
        const client_segment *s = &c->waiting[i];
        dbk_receipt_scope scope = { r->trust.org, c->space, s->hash };
        if (i >= c->waiting_count || !dbk_hash_equal(&s->hash, &a->acked[i].header_hash) ||
            !dbk_receipt_verify(&a->acked[i].receipt, &scope, &r->trust.relay))
            rc = dbk_fail(&r->why, DBK_PEER, "a receipt is for something else");
        else
            ledger_signed_for(r->d->ledger, s->first_note, s->notes);
        if (rc == DBK_OK)
            c->receipted_seq = s->first_seq + s->notes - 1;
    }
    if (rc == DBK_OK)
        forget(c, a->acked_count);
    stand(r);
    return taken(r, rc, rc == DBK_OK);
}

static dbk_rc open_ops(run *r, const dbk_header *h, dbk_span body, dbk_err *err)
{
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    dbk_rc rc = dbk_body_check(h, body, err);
    if (rc == DBK_OK)
        rc = dbk_body_split(frames, h, body, err);
    for (uint32_t i = 0; rc == DBK_OK && i < h->count; i++) {
        dbk_op_decoded op = { 0 };
        dbk_bytes_truncate(&r->d->plain, 0);
        rc = dbk_open_frame(r->d->sealer, &r->d->plain, h, &frames[i], i, r->c->epoch_key, err);
        if (rc == DBK_OK)
            rc = dbk_op_decode(&op, dbk_bytes_span(&r->d->plain), &h->feed, err);
        if (rc == DBK_OK && r->d->is_reader)
            (void)ledger_arrived(r->d->ledger, &op.op.record, dbk_bytes_span(&r->d->plain));
        r->d->pulled_ops += rc == DBK_OK;
        dbk_op_decoded_wipe(&op);
    }
    return rc;
}

static dbk_rc take_item(run *r, const dbk_range_item *item, dbk_frontier *f, dbk_err *err)
{
    dbk_header h;
    dbk_rc rc = dbk_header_decode(&h, item->segment.header, err);
    if (rc != DBK_OK)
        return rc;
    const fleet_member *author = fleet_author(r->d->fleet, r->c->space_number, &h.feed,
                                              &h.incarnation);
    if (author == NULL)
        return dbk_fail(err, DBK_PEER, "a segment is of nobody in the space");
    rc = dbk_header_verify(&h, &author->sign, err);
    if (rc == DBK_OK && item->has_body)
        rc = open_ops(r, &h, item->segment.body, err);
    dbk_hash hash = dbk_header_hash(&h);
    dbk_hash leaf = dbk_log_leaf(item->receipt_ms, &hash);
    dbk_frontier_add(f, DBK_TREE_LOG, &leaf, NULL, NULL);
    return rc;
}

/* The tree has to lead to what the relay has signed. */
static dbk_session_event do_range(run *r, const dbk_session_action *a)
{
    client *c = r->c;
    dbk_checkpoint note;
    dbk_range range = a->range;
    dbk_frontier f = c->frontier;
    dbk_range_item item;
    dbk_rc rc = dbk_plan_checkpoint(&note, a->range.checkpoint, &c->space, &r->trust, &r->why);
    for (uint32_t i = 0; rc == DBK_OK && i < a->range.count; i++) {
        rc = dbk_range_next(&range, &item, &r->why);
        if (rc == DBK_OK)
            rc = take_item(r, &item, &f, &r->why);
    }
    dbk_hash root = dbk_frontier_root(&f, DBK_TREE_LOG);
    if (rc == DBK_OK && !dbk_tree_check_consistency(&a->range.proof, DBK_TREE_LOG, f.size, &root,
                                                    note.size, &note.root))
        rc = dbk_fail(&r->why, DBK_PEER, "the range is not what the relay signed for");
    if (rc == DBK_OK) {
        c->frontier = f;
        c->root = root;
        c->log = note.log;
        stand(r);
    }
    return taken(r, rc, false);
}

static dbk_session_event do_wait(run *r, const dbk_session_action *a)
{
    struct timespec left = { (time_t)(a->wait_ms / 1000), (long)(a->wait_ms % 1000) * 1000000L };
    r->d->waits++;
    (void)nanosleep(&left, NULL);
    return (dbk_session_event){ .kind = DBK_EVENT_TIMER };
}

static dbk_session_event perform(run *r, const dbk_session_action *a)
{
    dbk_err_clear(&r->why);
    switch (a->kind) {
    case DBK_ACTION_SEND:
        return do_send(r, a);
    case DBK_ACTION_LOAD:
        return do_load(r, a);
    case DBK_ACTION_TAKE_RECEIPTS:
        return do_receipts(r, a);
    case DBK_ACTION_TAKE_RANGE:
        return do_range(r, a);
    case DBK_ACTION_TAKE_MEMBERS: /* the fleet knows the whole chain: one more is a mistake */
        return taken(r, dbk_fail(&r->why, DBK_PEER, "unexpected members"), false);
    case DBK_ACTION_TAKE_COSIGNED:
        return taken(r, DBK_OK, false);
    default:
        DBK_ASSERT(a->kind == DBK_ACTION_WAIT);
        return do_wait(r, a);
    }
}

static dbk_rc loop(run *r, dbk_err *err)
{
    const dbk_env *env = dbk_env_system();
    dbk_session_event event = {
        .kind = DBK_EVENT_START, .local = &r->local, .trust = &r->trust, .nonce = r->c->nonce
    };
    for (;;) {
        dbk_session_action action;
        env->random(env->self, (uint8_t *)&event.random, sizeof(event.random));
        dbk_session_step(r->session, &action, &event);
        if (action.kind == DBK_ACTION_DONE)
            return DBK_OK;
        if (action.kind == DBK_ACTION_FAIL)
            return dbk_fail(err, action.failure->rc, "%s", action.failure->text);
        event = perform(r, &action);
    }
}

dbk_rc client_sync(client *c, client_desk *d, dbk_err *err)
{
    run r = { .c = c, .d = d, .trust = { d->fleet->org, d->fleet->card.relay } };
    r.answer.body = d->answer; /* its room is kept from sync to sync */
    stand(&r);
    dbk_rc rc = dbk_session_new(&r.session, err);
    if (rc == DBK_OK)
        rc = loop(&r, err);
    dbk_session_free(r.session);
    d->answer = r.answer.body;
    if (rc == DBK_OK && c->waiting_count > 0)
        rc = dbk_fail(err, DBK_PEER, "%zu segments stayed here", c->waiting_count);
    return rc;
}
