#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/journal/feed.h"
#include "core/journal/inbox.h"
#include "core/journal/org_internal.h"
#include "core/journal/quarantine.h"
#include "core/store/store.h"
#include "sync/driver/line.h"
#include "tests/lib/syncworld.h"

#define field_of(req, name) field_of(req, name)

/* ---- the wire ------------------------------------------------------------------------ */

static dbk_span field_of(const dbk_exchange *req, const char *name)
{
    for (size_t i = 0; i < req->fields_count; i++) {
        if (strcmp(req->fields[i].name, name) == 0)
            return dbk_span_str(req->fields[i].value);
    }
    return (dbk_span){ NULL, 0 };
}

void sync_deliver(sync_device *d, dbk_relay_answer *answer, const dbk_exchange *req)
{
    relaykit *kit = &d->world->kit;
    const char *query = strchr(req->target, '?');
    size_t path_len = query != NULL ? (size_t)(query - req->target) : strlen(req->target);
    dbk_relay_request in = {
        .method = dbk_span_str(req->method),
        .authority = dbk_span_str(d->t.authority),
        .path = dbk_span_of(req->target, path_len),
        .query = query != NULL ? dbk_span_str(query + 1) : (dbk_span){ NULL, 0 },
        .content_type = field_of(req, "Content-Type"),
        .digest = field_of(req, "Content-Digest"),
        .signature_input = field_of(req, "Signature-Input"),
        .signature = field_of(req, "Signature"),
        .setup = field_of(req, "Daybook-Setup"),
        .body = req->body,
        .has_body = req->has_body,
        .now_ms = ++kit->now_ms,
    };
    memset(answer, 0, sizeof(*answer));
    dbk_relay_handle(kit->relay, answer, &in);
}

static dbk_rc exchange(void *self, dbk_answer *out, const dbk_exchange *req, dbk_err *err)
{
    sync_device *d = self;
    syncworld *w = d->world;
    dbk_relay_answer answer;
    bool now = ++w->exchanges == w->fail_at ||
               (w->lasting && w->fail_at > 0 && w->exchanges > w->fail_at);
    wire_fault fault = now ? w->fault : WIRE_WHOLE;
    dbk_bytes_truncate(&out->body, 0);
    out->nonce[0] = '\0';
    out->sent_bytes = out->received_bytes = 0;
    if (fault == WIRE_LOSES_REQUEST)
        return dbk_fail(err, DBK_UNREACHABLE, "the wire was cut");
    sync_deliver(d, &answer, req);
    if (fault == WIRE_DOUBLES) {
        dbk_relay_answer second;
        sync_deliver(d, &second, req);
        dbk_bytes_wipe(&second.body);
    }
    if (w->meddle != NULL)
        w->meddle(w->meddle_ctx, d, req, &answer);
    if (fault == WIRE_LOSES_ANSWER) {
        dbk_bytes_wipe(&answer.body);
        return dbk_fail(err, DBK_UNREACHABLE, "the wire was cut");
    }
    if (fault == WIRE_FLIPS && answer.body.len > 0)
        answer.body.p[w->place / 8 % answer.body.len] ^= (uint8_t)(1u << w->place % 8);
    if (fault == WIRE_CUTS && answer.body.len > 0)
        dbk_bytes_truncate(&answer.body, w->place % answer.body.len);
    out->status = answer.status;
    out->retry_after_s = answer.retry_after_s;
    memcpy(out->nonce, answer.nonce, sizeof(answer.nonce));
    out->sent_bytes = req->body.len;
    out->received_bytes = answer.body.len;
    dbk_rc rc = dbk_bytes_append(&out->body, dbk_bytes_span(&answer.body), NULL);
    if (rc == DBK_LIMIT)
        (void)dbk_fail(err, rc, "the relay's answer is longer than it may be");
    dbk_bytes_wipe(&answer.body);
    return rc;
}

static void close_nothing(void *self)
{
    (void)self;
}

static const dbk_transport_ops wire = { exchange, close_nothing };

void syncworld_fail(syncworld *w, wire_fault fault, unsigned at, bool lasting)
{
    w->fault = fault;
    w->fail_at = at;
    w->lasting = lasting;
    w->exchanges = 0;
}

void syncworld_mend(syncworld *w)
{
    syncworld_fail(w, WIRE_WHOLE, 0, false);
}

/* ---- devices ------------------------------------------------------------------------- */

void syncworld_open(syncworld *w)
{
    dbk_err err = { 0 };
    memset(w, 0, sizeof(*w));
    /* Both ends use SQLite in this process; the store's wiping heap has to be there first. */
    assert_ok(dbk_store_start(&err), &err);
    relaykit_open(&w->kit, DBK_WRITER_INLINE);
    assert_ok(dbk_secret_from(&w->passphrase, dbk_span_str("correct horse battery"), &err), &err);
}

void syncworld_close(syncworld *w)
{
    dbk_secret_free(w->passphrase);
    relaykit_close(&w->kit);
}

/* The floor of the costs: these passphrases guard nothing. */
static dbk_book_opts book_opts(sync_device *d)
{
    return (dbk_book_opts){ .env = &d->env.env,
                            .forms = dbk_test_forms(),
                            .anchors = d->world->anchors,
                            .kdf = { DBK_KDF_OPS_FLOOR, DBK_KDF_MEM_FLOOR_BYTES } };
}

void sync_device_open(syncworld *w, sync_device *d, const char *name)
{
    static uint64_t seed = 1;
    dbk_err err = { 0 };
    memset(d, 0, sizeof(*d));
    d->world = w;
    d->name = name;
    dbk_test_env_init(&d->env, seed++);
    d->env.step_ms = 1;
    dbk_test_dir_make(d->dir);
    d->t.ops = &wire;
    d->t.self = d;
    d->t.is_slow = w->is_slow;
    memcpy(d->t.authority, RELAYKIT_HOST, sizeof(RELAYKIT_HOST));
    dbk_book_opts opts = book_opts(d);
    assert_ok(dbk_book_create(&d->book, d->dir, w->passphrase, &opts, &err), &err);
}

void sync_device_reopen(sync_device *d)
{
    dbk_err err = { 0 };
    dbk_book_opts opts = book_opts(d);
    dbk_book_close(d->book);
    assert_ok(dbk_book_open(&d->book, d->dir, d->world->passphrase, &opts, &err), &err);
}

/* The files of a store: all but its lock, which belongs to the folder. */
static const char *const files[] = { "store.db", "store.db-wal", "keys.slots", "anchor.0",
                                     "anchor.1" };
#define FILES (sizeof(files) / sizeof(files[0]))

static const char *file_path(char out[2 * DBK_TEST_PATH_SIZE], const sync_device *d,
                             const char *folder, size_t i)
{
    (void)snprintf(out, 2 * DBK_TEST_PATH_SIZE, "%s%s/%s", d->dir, folder, files[i]);
    return out;
}

/* Not every store has every file. */
static void copy_file(const char *to, const char *from)
{
    (void)remove(to);
    if (access(from, F_OK) == 0)
        dbk_test_copy_file(to, from);
}

void sync_device_copy(sync_device *d)
{
    char from[2 * DBK_TEST_PATH_SIZE], to[2 * DBK_TEST_PATH_SIZE];
    dbk_book_close(d->book); /* the files on the disk are the whole store then */
    d->book = NULL;
    (void)snprintf(to, sizeof(to), "%s/copy", d->dir);
    (void)mkdir(to, 0700);
    for (size_t i = 0; i < FILES; i++)
        copy_file(file_path(to, d, "/copy", i), file_path(from, d, "", i));
    sync_device_reopen(d);
}

void sync_device_swap(sync_device *d)
{
    char here[2 * DBK_TEST_PATH_SIZE], there[2 * DBK_TEST_PATH_SIZE];
    char aside[2 * DBK_TEST_PATH_SIZE];
    dbk_book_close(d->book);
    d->book = NULL;
    (void)snprintf(aside, sizeof(aside), "%s/aside", d->dir);
    for (size_t i = 0; i < FILES; i++) {
        bool had = rename(file_path(here, d, "", i), aside) == 0;
        (void)rename(file_path(there, d, "/copy", i), here);
        if (had)
            assert_int_equal(rename(aside, there), 0);
    }
    sync_device_reopen(d);
}

void sync_device_close(sync_device *d)
{
    dbk_book_close(d->book);
    dbk_test_dir_remove(d->dir);
}

/* ---- the organisation ---------------------------------------------------------------- */

void sync_found(sync_device *d)
{
    dbk_err err = { 0 };
    const relaykit *kit = &d->world->kit;
    dbk_relay_card card = { .url = "https://" RELAYKIT_HOST, .relay = kit->birth.relay };
    memcpy(card.setup_code, kit->birth.setup_code, sizeof(kit->birth.setup_code));
    assert_ok(dbk_driver_org_create_over(d->book, &d->t, &card, d->name, &err), &err);
}

dbk_id sync_space(sync_device *admin, const char *name)
{
    dbk_id space;
    dbk_err err = { 0 };
    dbk_new_space opts = { .name = name, .creator_role = DBK_ROLE_HQ };
    assert_ok(dbk_driver_space_create(admin->book, &admin->t, &space, &opts, &err), &err);
    return space;
}

typedef struct search {
    dbk_id id;
    bool arrived;
} search;

static dbk_rc find_arrived(void *ctx, const dbk_invite_row *row, dbk_err *err)
{
    search *s = ctx;
    (void)err;
    if (row->arrived) {
        s->id = row->id;
        s->arrived = true;
    }
    return DBK_OK;
}

void sync_admit(sync_device *admin, sync_device *d, dbk_role role, const dbk_id *space)
{
    dbk_err err = { 0 };
    search s = { .arrived = false };
    dbk_bytes text = DBK_BYTES_INIT(DBK_INVITE_TEXT_BYTES_MAX);
    dbk_bytes request = DBK_BYTES_INIT(DBK_JOIN_BYTES_MAX);
    uint64_t until_ms = role == DBK_ROLE_GUEST ? DBK_TEST_GUEST_UNTIL_MS : 0;
    dbk_new_invite invite = { d->name, role, space, 1, UINT64_C(86400000), until_ms, { { 0 } } };
    assert_ok(dbk_driver_invite(admin->book, &admin->t, &text, &invite, &err), &err);
    assert_ok(dbk_org_join(d->book, &request, dbk_bytes_span(&text), d->name, &err), &err);
    assert_ok(dbk_driver_join_over(d->book, &d->t, &err), &err);
    assert_true(sync_now(d).joining);
    assert_ok(dbk_driver_requests(admin->book, &admin->t, &err), &err);
    assert_ok(dbk_org_invites(admin->book, find_arrived, &s, &err), &err);
    assert_true(s.arrived);
    assert_ok(dbk_driver_approve(admin->book, &admin->t, &s.id, &err), &err);
    dbk_bytes_wipe(&text);
    dbk_bytes_wipe(&request);
}

void sync_enlist(sync_device *admin, sync_device *d, dbk_role role, const dbk_id *space)
{
    sync_admit(admin, d, role, space);
    assert_false(sync_now(d).joining);
    assert_int_equal(dbk_book_link(d->book)->stage, DBK_ORG_MEMBER);
}

/* One proposal that this device may agree to, kept until the relay isn't being read any more. */
typedef struct waiting {
    dbk_bytes entry;
    bool found;
} waiting;

static dbk_rc find_waiting(void *ctx, const dbk_proposal *p, dbk_span entry, dbk_err *err)
{
    waiting *w = ctx;
    if (p->mine || w->found)
        return DBK_OK;
    w->found = true;
    return dbk_bytes_append(&w->entry, entry, err);
}

dbk_rc sync_agree(sync_device *admin, bool *agreed, dbk_err *err)
{
    waiting w = { .entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX) };
    dbk_rc rc = dbk_driver_proposals(admin->book, &admin->t, find_waiting, &w, err);
    *agreed = false;
    if (rc == DBK_OK && w.found) {
        rc = dbk_driver_agree(admin->book, &admin->t, dbk_bytes_span(&w.entry), err);
        *agreed = rc == DBK_OK;
    }
    dbk_bytes_wipe(&w.entry);
    return rc;
}

void sync_policy(sync_device *admin, const dbk_policy *policy)
{
    dbk_err err = { 0 };
    dbk_line line;
    dbk_bytes out = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_entry e = { .kind = DBK_ENTRY_POLICY, .policy = *policy };
    assert_ok(dbk_org_sign(admin->book, &out, &e, &err), &err);
    assert_ok(dbk_line_open(&line, admin->book, &admin->t, &err), &err);
    dbk_call call = { .method = "POST",
                      .target = "/v1/members",
                      .content_type = "application/octet-stream",
                      .body = dbk_bytes_span(&out),
                      .has_body = true,
                      .answer_max = DBK_CONTROL_BYTES_MAX };
    assert_ok(dbk_line_ask(&line, &call, &err), &err);
    dbk_line_close(&line);
    assert_ok(dbk_inbox_member(admin->book, dbk_bytes_span(&out), &err), &err);
    dbk_bytes_wipe(&out);
}

void sync_witness(sync_device *d)
{
    dbk_err err = { 0 };
    dbk_sign_pk pk;
    dbk_policy policy = DBK_POLICY_DEFAULT;
    assert_ok(dbk_witness_key(d->book, &pk, &err), &err);
    policy.witnesses.count = 1;
    memcpy(policy.witnesses.b[0], pk.b, sizeof(pk.b));
    sync_policy(d, &policy);
}

/* ---- notes and syncs
 * ------------------------------------------------------------------------------ */

/* What may have left stays as it was saved. */
static dbk_rc keep_apart(sync_device *d, dbk_err *err)
{
    return d->world->packs ? DBK_OK : dbk_feed_keep_left(d->book, NULL, err);
}

dbk_rc sync_try(sync_device *d, dbk_sync_report *report, dbk_err *err)
{
    dbk_rc rc = keep_apart(d, err);
    return rc == DBK_OK ? dbk_driver_sync(d->book, &d->t, report, NULL, err) : rc;
}

dbk_sync_report sync_now(sync_device *d)
{
    dbk_sync_report report;
    dbk_err err = { 0 };
    dbk_rc rc = sync_try(d, &report, &err);
    if (rc != DBK_OK)
        fail_msg("%s can't sync: %s: %s", d->name, dbk_rc_name(rc), err.text);
    return report;
}

dbk_sync_report sync_folder(sync_device *d, const char *dir)
{
    dbk_sync_report report;
    dbk_transport t;
    dbk_err err = { 0 };
    assert_ok(dbk_transport_dir(&t, dir, &err), &err);
    assert_ok(keep_apart(d, &err), &err);
    dbk_rc rc = dbk_driver_sync(d->book, &t, &report, NULL, &err);
    if (rc != DBK_OK)
        fail_msg("%s can't sync with the folder: %s: %s", d->name, dbk_rc_name(rc), err.text);
    dbk_transport_close(&t);
    return report;
}

dbk_id sync_write(sync_device *d, const dbk_id *space, const char *name)
{
    dbk_id record;
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    const dbk_input inputs[] = { { .op = DBK_INPUT_SET, .field = "name", .text = name } };
    dbk_add add = {
        .space = *space, .form = "person", .inputs = inputs, .inputs_count = ARRAY_LEN(inputs)
    };
    dbk_rc rc = dbk_journal_add(d->book, &record, &problems, &add, &err);
    if (rc != DBK_OK)
        fail_msg("%s can't write: %s %s", d->name, err.text,
                 problems.count > 0 ? problems.rows[0].text : "");
    dbk_problems_wipe(&problems);
    return record;
}

void sync_edit(sync_device *d, const dbk_id *record, const char *name)
{
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    const dbk_input input = { .op = DBK_INPUT_SET, .field = "name", .text = name };
    dbk_edit edit = { .record = *record, .inputs = &input, .inputs_count = 1 };
    dbk_rc rc = dbk_journal_edit(d->book, &problems, &edit, &err);
    if (rc != DBK_OK)
        fail_msg("%s can't edit: %s %s", d->name, err.text,
                 problems.count > 0 ? problems.rows[0].text : "");
    dbk_problems_wipe(&problems);
}

/* ---- what is held
 * ----------------------------------------------------------------------------------- */

typedef struct verify_ctx {
    const sync_device *d;
    dbk_id space;
    sync_held held;
} verify_ctx;

static dbk_rc take_space(void *ctx, const dbk_verified *v, dbk_err *err)
{
    verify_ctx *c = ctx;
    (void)err;
    if (dbk_id_equal(&v->space, &c->space))
        c->held = (sync_held){ v->ops,      v->records,    v->segments,
                               v->log_size, v->state_hash, v->vector_hash };
    return DBK_OK;
}

static dbk_rc take_fault(void *ctx, const char *sentence, dbk_err *err)
{
    const verify_ctx *c = ctx;
    (void)err;
    print_error("%s: %s\n", c->d->name, sentence);
    return DBK_OK;
}

static dbk_rc take_aside(void *ctx, const dbk_aside *a, dbk_err *err)
{
    sync_asides *all = ctx;
    (void)err;
    assert_true(all->count < SYNC_ASIDES_MAX);
    all->ids[all->count++] = a->id;
    return DBK_OK;
}

sync_asides sync_asides_of(sync_device *d)
{
    sync_asides all = { .count = 0 };
    dbk_err err = { 0 };
    assert_ok(dbk_quarantine_each(d->book, take_aside, &all, &err), &err);
    return all;
}

void sync_decide(sync_device *d, const dbk_id *id, bool admit)
{
    const dbk_decision decision = { *id, admit, "the desk was rung about it" };
    uint64_t merged;
    dbk_err err = { 0 };
    assert_ok(dbk_quarantine_decide(d->book, &merged, &decision, &err), &err);
}

sync_held sync_verify(sync_device *d, const dbk_id *space)
{
    dbk_err err = { 0 };
    verify_ctx c = { .d = d, .space = *space };
    dbk_verify_sink sink = { .space = take_space, .fault = take_fault, .ctx = &c };
    assert_ok(dbk_verify_book(d->book, &sink, &err), &err);
    return c.held; /* zeros: nothing was ever written or fetched there */
}

void sync_assert_equal(sync_device *a, sync_device *b, const dbk_id *space)
{
    sync_held x = sync_verify(a, space), y = sync_verify(b, space);
    if (x.ops != y.ops || x.records != y.records || !dbk_hash_equal(&x.state, &y.state) ||
        !dbk_hash_equal(&x.vector, &y.vector))
        fail_msg("%s holds %llu ops in %llu records, %s %llu in %llu", a->name,
                 (unsigned long long)x.ops, (unsigned long long)x.records, b->name,
                 (unsigned long long)y.ops, (unsigned long long)y.records);
}
