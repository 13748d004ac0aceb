/* Single answers changed in place. */
#include "tests/lib/test.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/book_internal.h"
#include "core/seal/invite.h"
#include "tests/evilrelay/mutate.h"

#define ENDLESS_BYTES (9u * 1024u * 1024u) /* over the cap of every call */

static void must(dbk_rc rc)
{
    DBK_ASSERT(rc == DBK_OK);
}

static void set_body(dbk_relay_answer *answer, dbk_span body)
{
    dbk_bytes out = DBK_BYTES_INIT(64u * 1024u * 1024u);
    must(dbk_bytes_append(&out, body, NULL));
    dbk_bytes_wipe(&answer->body);
    answer->body = out;
}

bool lower_protocol(evil *e, dbk_relay_answer *answer)
{
    (void)e;
    if (answer->body.len < 6 || memcmp(answer->body.p, "{\"v\":1", 6) != 0)
        return false;
    answer->body.p[5] = '0';
    return true;
}

/* ---- receipts ---------------------------------------------------------------------------- */

static dbk_push_result results[DBK_PUSH_SEGMENTS_MAX];

typedef void (*receipt_fn)(evil *e, dbk_push_result *r);

static bool each_receipt(evil *e, dbk_relay_answer *answer, receipt_fn fn)
{
    size_t count;
    dbk_span note;
    dbk_bytes out = DBK_BYTES_INIT(DBK_RANGE_BYTES_MAX);
    if (answer->status != 200 ||
        dbk_results_decode(results, &count, &note, dbk_bytes_span(&answer->body), NULL) != DBK_OK)
        return false;
    for (size_t i = 0; i < count; i++)
        fn(e, &results[i]);
    must(dbk_results_encode(&out, results, count, note, NULL));
    set_body(answer, dbk_bytes_span(&out));
    dbk_bytes_wipe(&out);
    return true;
}

static void flip_sig(evil *e, dbk_push_result *r)
{
    r->receipt.sig.b[evil_random(e, 32)] ^= 1;
}

bool flip_receipt(evil *e, dbk_relay_answer *answer)
{
    return each_receipt(e, answer, flip_sig);
}

/* Signed by the relay for another header. */
static void sign_other(evil *e, dbk_push_result *r)
{
    dbk_receipt_scope scope = { dbk_roster_org(dbk_book_roster(e->hq.book)), e->space, { { 7 } } };
    dbk_receipt_sign(&r->receipt, &scope, e->relay_sk);
}

bool other_receipt(evil *e, dbk_relay_answer *answer)
{
    return each_receipt(e, answer, sign_other);
}

static void gap(evil *e, dbk_push_result *r)
{
    (void)e;
    *r = (dbk_push_result){ .status = DBK_PUSH_GAP };
}

bool no_receipts(evil *e, dbk_relay_answer *answer)
{
    return each_receipt(e, answer, gap);
}

/* ---- ranges ------------------------------------------------------------------------------ */

typedef bool (*range_fn)(evil *e, dbk_range *r);

/* Items are copied as they are, count of them. */
static bool with_range(evil *e, dbk_relay_answer *answer, range_fn fn, bool bodies)
{
    dbk_range r;
    dbk_range_item item;
    dbk_bytes out = DBK_BYTES_INIT(DBK_RANGE_BYTES_MAX);
    if (answer->status != 200 ||
        dbk_range_decode(&r, dbk_bytes_span(&answer->body), NULL) != DBK_OK || r.count == 0 ||
        !fn(e, &r))
        return false;
    must(dbk_range_begin(&out, &r, NULL));
    for (uint32_t i = 0; i < r.count && dbk_range_next(&r, &item, NULL) == DBK_OK; i++) {
        item.has_body = item.has_body && bodies;
        if (!item.has_body)
            item.segment.body = (dbk_span){ NULL, 0 };
        must(dbk_range_add(&out, &item, NULL));
    }
    set_body(answer, dbk_bytes_span(&out));
    dbk_bytes_wipe(&out);
    return true;
}

static bool fill_proof(evil *e, dbk_range *r)
{
    for (size_t i = 0; i < DBK_TREE_PROOF_MAX; i++)
        memset(r->proof.nodes[i].b, (int)evil_random(e, 256), sizeof(r->proof.nodes[i].b));
    r->proof.count = DBK_TREE_PROOF_MAX;
    if (r->count > 1)
        r->count--;
    return true;
}

bool long_proof(evil *e, dbk_relay_answer *answer)
{
    return with_range(e, answer, fill_proof, true);
}

static bool drop_last(evil *e, dbk_range *r)
{
    (void)e;
    if (r->count < 2)
        return false;
    r->count--;
    r->proof.count = 0;
    return true;
}

bool empty_proof(evil *e, dbk_relay_answer *answer)
{
    return with_range(e, answer, drop_last, true);
}

static bool none(evil *e, dbk_range *r)
{
    (void)e;
    r->count = 0;
    return true;
}

bool short_range(evil *e, dbk_relay_answer *answer)
{
    return with_range(e, answer, none, true);
}

static bool as_it_is(evil *e, dbk_range *r)
{
    (void)e;
    (void)r;
    return true;
}

bool no_bodies(evil *e, dbk_relay_answer *answer)
{
    return with_range(e, answer, as_it_is, false);
}

static bool one_later(evil *e, dbk_range *r)
{
    (void)e;
    r->from++;
    return true;
}

bool other_from(evil *e, dbk_relay_answer *answer)
{
    return with_range(e, answer, one_later, true);
}

static bool millions(evil *e, dbk_range *r)
{
    (void)e;
    (void)r;
    return true;
}

/* It says that there are a million of them, and there aren't. */
bool many_ops(evil *e, dbk_relay_answer *answer)
{
    if (!with_range(e, answer, millions, true))
        return false;
    memcpy(answer->body.p + 16, "\x00\x0f\x42\x40", 4);
    return true;
}

/* ---- kept bodies ------------------------------------------------------------------------- */

typedef void (*kept_fn)(evil *e, dbk_bytes *kept, const dbk_sealed *whole);

/* The body of the first item that has one comes as a kept body that fn makes of it. */
static bool with_kept(evil *e, dbk_relay_answer *answer, kept_fn fn)
{
    dbk_range r;
    dbk_range_item item;
    bool done = false;
    dbk_bytes out = DBK_BYTES_INIT(DBK_RANGE_BYTES_MAX), kept = DBK_BYTES_INIT(DBK_KEPT_BYTES_MAX);
    if (answer->status != 200 ||
        dbk_range_decode(&r, dbk_bytes_span(&answer->body), NULL) != DBK_OK)
        return false;
    must(dbk_range_begin(&out, &r, NULL));
    for (uint32_t i = 0; i < r.count && dbk_range_next(&r, &item, NULL) == DBK_OK; i++) {
        if (item.has_body && !done) {
            fn(e, &kept, &item.segment);
            item.segment.body = dbk_bytes_span(&kept);
            item.segment.kept = true;
            done = true;
        }
        must(dbk_range_add(&out, &item, NULL));
    }
    if (done)
        set_body(answer, dbk_bytes_span(&out));
    dbk_bytes_wipe(&out);
    dbk_bytes_wipe(&kept);
    return done;
}

static void one_hole(evil *e, dbk_bytes *out, const dbk_sealed *whole)
{
    dbk_header h;
    dbk_kept kept;
    must(dbk_header_decode(&h, whole->header, NULL));
    must(dbk_kept_read(&kept, &h, whole->body, whole->kept, NULL));
    dbk_kept_erase(&kept, UINT64_C(1) << evil_random(e, h.count));
    must(dbk_kept_encode(out, &kept, NULL));
}

bool leave_op_out(evil *e, dbk_relay_answer *answer)
{
    return with_kept(e, answer, one_hole);
}

/* Op 0's hash stands behind the holes and its length. */
static void another_hash(evil *e, dbk_bytes *out, const dbk_sealed *whole)
{
    dbk_header h;
    dbk_kept kept;
    must(dbk_header_decode(&h, whole->header, NULL));
    must(dbk_kept_read(&kept, &h, whole->body, whole->kept, NULL));
    dbk_kept_erase(&kept, 1);
    must(dbk_kept_encode(out, &kept, NULL));
    out->p[8 + 4 + evil_random(e, DBK_HASH_BYTES)] ^= 1;
}

bool other_leaf(evil *e, dbk_relay_answer *answer)
{
    return with_kept(e, answer, another_hash);
}

static void no_holes(evil *e, dbk_bytes *out, const dbk_sealed *whole)
{
    static const uint8_t none_of_them[8];
    (void)e;
    must(dbk_bytes_append(out, dbk_span_of(none_of_them, sizeof(none_of_them)), NULL));
    must(dbk_bytes_append(out, whole->body, NULL));
}

bool kept_though_whole(evil *e, dbk_relay_answer *answer)
{
    return with_kept(e, answer, no_holes);
}

/* ---- membership and joining -------------------------------------------------------------- */

bool flip_members(evil *e, dbk_relay_answer *answer)
{
    if (answer->status != 200 || answer->body.len < 8)
        return false;
    answer->body.p[4 + evil_random(e, answer->body.len - 4)] ^= (uint8_t)(1u << evil_random(e, 8));
    return true;
}

/* A request for the same invite with the relay's own keys, under a secret that it has to guess. */
bool forge_request(evil *e, dbk_relay_answer *answer)
{
    dbk_span left = dbk_bytes_span(&answer->body), request;
    dbk_invite invite = { 0 };
    dbk_join join = { .name = "fresh" };
    dbk_bytes sealed = DBK_BYTES_INIT(DBK_JOIN_BYTES_MAX), out = DBK_BYTES_INIT(65536);
    const dbk_own *own = &e->founder.book->own;
    if (answer->status != 200 || dbk_requests_next(&left, &invite.id, &request, NULL) != DBK_OK)
        return false;
    dbk_id id = invite.id;
    must(dbk_invite_new(&invite, &e->founder.env.env, NULL));
    invite.id = id;
    invite.root = *dbk_roster_root(dbk_book_roster(e->hq.book));
    join.keys = own->keys;
    memset(&join.keys.admin, 0, sizeof(join.keys.admin));
    dbk_join_secrets secrets = { own->sign, own->request, NULL };
    must(dbk_join_seal(&sealed, &join, &invite, &secrets, &e->founder.env.env, NULL));
    must(dbk_requests_add(&out, &id, dbk_bytes_span(&sealed), NULL));
    set_body(answer, dbk_bytes_span(&out));
    dbk_invite_wipe(&invite);
    dbk_bytes_wipe(&sealed);
    dbk_bytes_wipe(&out);
    return true;
}

bool double_request(evil *e, dbk_relay_answer *answer)
{
    dbk_bytes out = DBK_BYTES_INIT(1024u * 1024u);
    uint64_t times = 1 + evil_random(e, 50);
    if (answer->status != 200 || answer->body.len == 0)
        return false;
    for (uint64_t i = 0; i < times; i++)
        must(dbk_bytes_append(&out, dbk_bytes_span(&answer->body), NULL));
    set_body(answer, dbk_bytes_span(&out));
    dbk_bytes_wipe(&out);
    return true;
}

/* ---- resources --------------------------------------------------------------------------- */

/* As far as a wire in one process goes: more than any cap. */
bool endless_body(evil *e, dbk_relay_answer *answer)
{
    uint8_t *p;
    (void)e;
    dbk_bytes out = DBK_BYTES_INIT(ENDLESS_BYTES);
    must(dbk_bytes_extend(&out, &p, ENDLESS_BYTES, NULL)); /* zeros */
    dbk_bytes_wipe(&answer->body);
    answer->body = out;
    answer->status = 200;
    return true;
}

bool cut_body_anywhere(evil *e, dbk_relay_answer *answer)
{
    if (answer->body.len == 0)
        return false;
    dbk_bytes_truncate(&answer->body, evil_random(e, answer->body.len));
    return true;
}

bool redirect(evil *e, dbk_relay_answer *answer)
{
    (void)e;
    answer->status = 302;
    return true;
}

bool denied(evil *e, dbk_relay_answer *answer)
{
    (void)e;
    answer->status = 403;
    set_body(answer, dbk_span_str("{\"v\":1,\"error\":\"denied\"}"));
    return true;
}

bool nothing_said(evil *e, dbk_relay_answer *answer)
{
    (void)e;
    if (answer->body.len == 0)
        return false;
    dbk_bytes_truncate(&answer->body, 0);
    return true;
}

/* M42: not the last, whose lack would be that of a shorter list. */
bool hide_entry(evil *e, dbk_relay_answer *answer)
{
    dbk_bytes out = DBK_BYTES_INIT(DBK_RANGE_BYTES_MAX);
    dbk_span left = dbk_bytes_span(&answer->body), entry;
    uint64_t count = 0;
    while (dbk_entries_next(&left, &entry, NULL) == DBK_OK)
        count++;
    if (count < 2)
        return false;
    uint64_t hidden = evil_random(e, count - 1);
    left = dbk_bytes_span(&answer->body);
    for (uint64_t i = 0; dbk_entries_next(&left, &entry, NULL) == DBK_OK; i++)
        if (i != hidden)
            DBK_ASSERT(dbk_entries_add(&out, entry, NULL) == DBK_OK);
    dbk_bytes_wipe(&answer->body);
    answer->body = out;
    return true;
}
