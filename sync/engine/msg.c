/* The binary messages; layouts in msg.h. */
#include "sync/engine/msg.h"

#include <string.h>

#include "core/base/wire.h"
#include "core/crypto/roster.h"

#define VERSION 1u
#define HEAD_BYTES 8u    /* magic 4, version 1, three zeros */
#define BODY_LEN_AT 232u /* in a segment header */
#define PUSH_COUNT_AT 8u

static uint8_t *put_head(uint8_t *p, const char magic[4])
{
    static const uint8_t rest[4] = { VERSION, 0, 0, 0 };
    p = dbk_wire_put_copy(p, (const uint8_t *)magic, 4);
    return dbk_wire_put_copy(p, rest, sizeof(rest));
}

static dbk_rc get_head(dbk_wire *w, const char magic[4], const char *what, dbk_err *err)
{
    dbk_span head = dbk_wire_get_span(w, HEAD_BYTES);
    if (w->failed)
        return dbk_wire_ok(w, what, err);
    if (memcmp(head.p, magic, 4) != 0)
        return dbk_fail(err, DBK_FORMAT, "%s begins with other letters", what);
    if (head.p[4] > VERSION)
        return dbk_fail(err, DBK_VERSION, "%s is of a newer protocol", what);
    if (head.p[4] != VERSION || head.p[5] != 0 || head.p[6] != 0 || head.p[7] != 0)
        return dbk_fail(err, DBK_FORMAT, "%s has a malformed head", what);
    return DBK_OK;
}

static bool all_zero(dbk_span s)
{
    uint8_t any = 0;
    for (size_t i = 0; i < s.len; i++)
        any |= s.p[i];
    return any == 0;
}

/* The body length that a whole header states. */
static uint32_t stated_body_len(dbk_span header)
{
    dbk_wire w = dbk_wire_from(dbk_span_of(header.p + BODY_LEN_AT, 4));
    return dbk_wire_get_u32(&w);
}

/* ---- a segment ------------------------------------------------------------------------ */

typedef enum body_form { BODY_WHOLE = 0, BODY_LEFT_OUT = 1, BODY_KEPT = 2 } body_form;

static dbk_rc check_segment(const dbk_sealed *s, body_form form, dbk_err *err)
{
    if (s->header.len != DBK_SEGMENT_HEADER_BYTES)
        return dbk_fail(err, DBK_FORMAT, "a segment's header isn't whole");
    if (form == BODY_WHOLE && stated_body_len(s->header) != s->body.len)
        return dbk_fail(err, DBK_FORMAT, "a segment's body isn't as long as its header says");
    if (form == BODY_LEFT_OUT && (s->body.len != 0 || s->kept))
        return dbk_fail(err, DBK_FORMAT, "a range item without body is its header alone");
    if (form == BODY_KEPT && (s->body.len == 0 || s->body.len > DBK_KEPT_BYTES_MAX))
        return dbk_fail(err, DBK_FORMAT, "what is kept of a segment's body is too long");
    return DBK_OK;
}

static size_t segment_bytes(const dbk_sealed *s)
{
    return 1 + s->header.len + (s->kept ? 4 : 0) + s->body.len;
}

static uint8_t *put_segment(uint8_t *p, const dbk_sealed *s, body_form form)
{
    *p++ = (uint8_t)form;
    p = dbk_wire_put_copy(p, s->header.p, s->header.len);
    if (s->kept)
        p = dbk_wire_put_u32(p, (uint32_t)s->body.len);
    return dbk_wire_put_copy(p, s->body.p, s->body.len);
}

/* Too short: w->failed. */
static dbk_rc get_segment(dbk_sealed *out, bool *left_out, dbk_wire *w, dbk_err *err)
{
    *left_out = false;
    memset(out, 0, sizeof(*out));
    uint8_t form = dbk_wire_get_u8(w);
    out->header = dbk_wire_get_span(w, DBK_SEGMENT_HEADER_BYTES);
    if (w->failed)
        return DBK_OK;
    if (form > BODY_KEPT)
        return dbk_fail(err, DBK_FORMAT, "a segment has an unknown form");
    out->kept = form == BODY_KEPT;
    *left_out = form == BODY_LEFT_OUT;
    if (form == BODY_WHOLE)
        out->body = dbk_wire_get_span(w, stated_body_len(out->header));
    else if (out->kept)
        out->body = dbk_wire_get_span(w, dbk_wire_get_u32(w));
    return w->failed ? DBK_OK : check_segment(out, (body_form)form, err);
}

/* ---- push ---------------------------------------------------------------------------- */

dbk_rc dbk_push_begin(dbk_bytes *out, dbk_err *err)
{
    uint8_t head[DBK_PUSH_HEAD_BYTES] = { 0 };
    DBK_ASSERT(out->len == 0);
    (void)put_head(head, "DBKP");
    return dbk_bytes_append(out, dbk_span_of(head, sizeof(head)), err);
}

dbk_rc dbk_push_add(dbk_bytes *out, const dbk_sealed *segment, dbk_err *err)
{
    uint8_t *room;
    DBK_ASSERT(out->len >= DBK_PUSH_HEAD_BYTES);
    size_t count = (size_t)out->p[PUSH_COUNT_AT] << 8 | out->p[PUSH_COUNT_AT + 1];
    body_form form = segment->kept ? BODY_KEPT : BODY_WHOLE;
    dbk_rc rc = check_segment(segment, form, err);
    if (rc != DBK_OK)
        return rc;
    size_t need = segment_bytes(segment);
    if (count == DBK_PUSH_SEGMENTS_MAX || need > DBK_PUSH_BYTES_MAX - out->len)
        return dbk_fail(err, DBK_LIMIT, "a push message is full");
    rc = dbk_bytes_extend(out, &room, need, err);
    if (rc != DBK_OK)
        return rc;
    (void)put_segment(room, segment, form);
    (void)dbk_wire_put_u16(out->p + PUSH_COUNT_AT, (uint16_t)(count + 1));
    return DBK_OK;
}

dbk_rc dbk_push_decode(dbk_sealed *items, size_t *count, dbk_span in, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(in);
    *count = 0;
    if (in.len > DBK_PUSH_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "a push message is too long");
    dbk_rc rc = get_head(&w, "DBKP", "a push message", err);
    if (rc != DBK_OK)
        return rc;
    size_t n = dbk_wire_get_u16(&w);
    bool odd = dbk_wire_get_u16(&w) != 0;
    if (odd || n == 0 || n > DBK_PUSH_SEGMENTS_MAX)
        return dbk_fail(err, DBK_FORMAT, "a push message has a malformed head");
    for (size_t i = 0; i < n && !w.failed; i++) {
        bool left_out;
        rc = get_segment(&items[i], &left_out, &w, err);
        if (rc == DBK_OK && left_out)
            rc = dbk_fail(err, DBK_FORMAT, "a push message leaves a body out");
        if (rc != DBK_OK)
            return rc;
    }
    rc = dbk_wire_end(&w, "a push message", err);
    if (rc == DBK_OK)
        *count = n;
    return rc;
}

/* ---- results ------------------------------------------------------------------------- */

bool dbk_push_has_receipt(dbk_push_status status)
{
    return status == DBK_PUSH_ACCEPTED || status == DBK_PUSH_DUPLICATE ||
           status == DBK_PUSH_QUARANTINED;
}

static uint8_t *put_result(uint8_t *p, const dbk_push_result *r)
{
    static const uint8_t zeros[7];
    *p++ = (uint8_t)r->status;
    p = dbk_wire_put_copy(p, zeros, sizeof(zeros));
    if (!dbk_push_has_receipt(r->status)) {
        memset(p, 0, DBK_RESULT_BYTES - 8);
        return p + (DBK_RESULT_BYTES - 8);
    }
    p = dbk_wire_put_u64(p, r->receipt.index);
    p = dbk_wire_put_u64(p, r->receipt.receipt_ms);
    p = dbk_wire_put_copy(p, r->receipt.log.b, DBK_ID_BYTES);
    return dbk_wire_put_copy(p, r->receipt.sig.b, DBK_SIG_BYTES);
}

dbk_rc dbk_results_encode(dbk_bytes *out, const dbk_push_result *results, size_t count,
                          dbk_span checkpoint, dbk_err *err)
{
    uint8_t *p;
    DBK_ASSERT(count <= DBK_PUSH_SEGMENTS_MAX);
    DBK_ASSERT(checkpoint.len <= DBK_CHECKPOINT_BYTES_MAX);
    dbk_rc rc = dbk_bytes_extend(
        out, &p, DBK_PUSH_HEAD_BYTES + count * DBK_RESULT_BYTES + 2 + checkpoint.len, err);
    if (rc != DBK_OK)
        return rc;
    p = put_head(p, "DBKR");
    p = dbk_wire_put_u16(p, (uint16_t)count);
    p = dbk_wire_put_u16(p, 0);
    for (size_t i = 0; i < count; i++)
        p = put_result(p, &results[i]);
    p = dbk_wire_put_u16(p, (uint16_t)checkpoint.len);
    (void)dbk_wire_put_copy(p, checkpoint.p, checkpoint.len);
    return DBK_OK;
}

static dbk_rc get_result(dbk_push_result *out, dbk_wire *w, dbk_err *err)
{
    dbk_span whole = dbk_wire_get_span(w, DBK_RESULT_BYTES);
    dbk_wire in = dbk_wire_from(whole);
    memset(out, 0, sizeof(*out));
    if (w->failed)
        return dbk_wire_ok(w, "a results message", err);
    uint8_t status = dbk_wire_get_u8(&in);
    if (status > DBK_PUSH_SPACE_FULL || !all_zero(dbk_wire_get_span(&in, 7)))
        return dbk_fail(err, DBK_FORMAT, "a result is malformed");
    if (!dbk_push_has_receipt((dbk_push_status)status) && !all_zero(in.left))
        return dbk_fail(err, DBK_FORMAT, "a result has a receipt that it can't have");
    out->status = (dbk_push_status)status;
    out->receipt.index = dbk_wire_get_u64(&in);
    out->receipt.receipt_ms = dbk_wire_get_u64(&in);
    out->receipt.log = dbk_wire_get_id(&in);
    dbk_wire_get_copy(&in, out->receipt.sig.b, DBK_SIG_BYTES);
    return dbk_wire_end(&in, "a result", err);
}

static dbk_span get_note(dbk_wire *w, dbk_rc *rc, dbk_err *err)
{
    size_t len = dbk_wire_get_u16(w);
    if (len > DBK_CHECKPOINT_BYTES_MAX)
        *rc = dbk_fail(err, DBK_FORMAT, "a checkpoint is too long");
    return dbk_wire_get_span(w, len);
}

dbk_rc dbk_results_decode(dbk_push_result *results, size_t *count, dbk_span *checkpoint,
                          dbk_span in, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(in);
    *count = 0;
    *checkpoint = (dbk_span){ NULL, 0 };
    dbk_rc rc = get_head(&w, "DBKR", "a results message", err);
    if (rc != DBK_OK)
        return rc;
    size_t n = dbk_wire_get_u16(&w);
    bool odd = dbk_wire_get_u16(&w) != 0;
    if (odd || n > DBK_PUSH_SEGMENTS_MAX)
        return dbk_fail(err, DBK_FORMAT, "a results message has a malformed head");
    for (size_t i = 0; i < n && rc == DBK_OK; i++)
        rc = get_result(&results[i], &w, err);
    if (rc != DBK_OK)
        return rc;
    dbk_span note = get_note(&w, &rc, err);
    if (rc == DBK_OK)
        rc = dbk_wire_end(&w, "a results message", err);
    if (rc != DBK_OK)
        return rc;
    *count = n;
    *checkpoint = note;
    return DBK_OK;
}

/* ---- range --------------------------------------------------------------------------- */

dbk_rc dbk_range_begin(dbk_bytes *out, const dbk_range *r, dbk_err *err)
{
    uint8_t *p;
    DBK_ASSERT(r->checkpoint.len <= DBK_CHECKPOINT_BYTES_MAX);
    DBK_ASSERT(r->proof.count <= DBK_TREE_PROOF_MAX);
    size_t fixed = HEAD_BYTES + 8 + 4 + 2 + 1;
    dbk_rc rc = dbk_bytes_extend(out, &p,
                                 fixed + r->checkpoint.len + r->proof.count * DBK_HASH_BYTES, err);
    if (rc != DBK_OK)
        return rc;
    p = put_head(p, "DBKL");
    p = dbk_wire_put_u64(p, r->from);
    p = dbk_wire_put_u32(p, r->count);
    p = dbk_wire_put_u16(p, (uint16_t)r->checkpoint.len);
    p = dbk_wire_put_copy(p, r->checkpoint.p, r->checkpoint.len);
    *p++ = (uint8_t)r->proof.count;
    for (size_t i = 0; i < r->proof.count; i++)
        p = dbk_wire_put_copy(p, r->proof.nodes[i].b, DBK_HASH_BYTES);
    return DBK_OK;
}

dbk_rc dbk_range_add(dbk_bytes *out, const dbk_range_item *item, dbk_err *err)
{
    uint8_t *p;
    const dbk_sealed *s = &item->segment;
    body_form form = !item->has_body ? BODY_LEFT_OUT : s->kept ? BODY_KEPT : BODY_WHOLE;
    dbk_rc rc = check_segment(s, form, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_extend(out, &p, 8 + segment_bytes(s), err);
    if (rc != DBK_OK)
        return rc;
    p = dbk_wire_put_u64(p, item->receipt_ms);
    (void)put_segment(p, s, form);
    return DBK_OK;
}

static dbk_rc get_item(dbk_range_item *out, dbk_wire *w, dbk_err *err)
{
    bool left_out;
    out->receipt_ms = dbk_wire_get_u64(w);
    dbk_rc rc = get_segment(&out->segment, &left_out, w, err);
    out->has_body = !left_out;
    return rc == DBK_OK ? dbk_wire_ok(w, "a range", err) : rc;
}

/* Walks all items once, so that a range that decodes holds exactly what it says. */
static dbk_rc check_items(dbk_wire w, uint32_t count, dbk_err *err)
{
    dbk_range_item item;
    if (count > w.left.len / DBK_RANGE_ITEM_BYTES_MIN)
        return dbk_fail(err, DBK_FORMAT, "a range is cut short");
    for (uint32_t i = 0; i < count; i++) {
        dbk_rc rc = get_item(&item, &w, err);
        if (rc != DBK_OK)
            return rc;
    }
    return dbk_wire_end(&w, "a range", err);
}

dbk_rc dbk_range_decode(dbk_range *out, dbk_span in, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(in);
    memset(out, 0, sizeof(*out));
    dbk_rc rc = get_head(&w, "DBKL", "a range", err);
    if (rc != DBK_OK)
        return rc;
    uint64_t from = dbk_wire_get_u64(&w);
    uint32_t count = dbk_wire_get_u32(&w);
    dbk_span note = get_note(&w, &rc, err);
    size_t proofs = dbk_wire_get_u8(&w);
    dbk_wire nodes = dbk_wire_from(dbk_wire_get_span(&w, proofs * DBK_HASH_BYTES));
    if (rc == DBK_OK)
        rc = dbk_wire_ok(&w, "a range", err);
    if (rc != DBK_OK)
        return rc;
    if (proofs > DBK_TREE_PROOF_MAX || count > UINT64_MAX - from)
        return dbk_fail(err, DBK_FORMAT, "a range has a malformed head");
    rc = check_items(w, count, err);
    if (rc != DBK_OK)
        return rc;
    out->from = from;
    out->count = count;
    out->checkpoint = note;
    out->proof.count = proofs;
    for (size_t i = 0; i < proofs; i++)
        dbk_wire_get_copy(&nodes, out->proof.nodes[i].b, DBK_HASH_BYTES);
    out->items = w.left;
    return DBK_OK;
}

dbk_rc dbk_range_next(dbk_range *r, dbk_range_item *item, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(r->items);
    if (r->items.len == 0) {
        memset(item, 0, sizeof(*item));
        return dbk_fail(err, DBK_NOT_FOUND, "no more items");
    }
    dbk_rc rc = get_item(item, &w, err);
    if (rc == DBK_OK)
        r->items = w.left;
    else
        memset(item, 0, sizeof(*item));
    return rc;
}

/* ---- entries, requests --------------------------------------------------------------- */

dbk_rc dbk_entries_add(dbk_bytes *out, dbk_span entry, dbk_err *err)
{
    uint8_t *p;
    if (entry.len == 0 || entry.len > DBK_ENTRY_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "a membership entry is empty or too long");
    dbk_rc rc = dbk_bytes_extend(out, &p, 4 + entry.len, err);
    if (rc != DBK_OK)
        return rc;
    p = dbk_wire_put_u32(p, (uint32_t)entry.len);
    (void)dbk_wire_put_copy(p, entry.p, entry.len);
    return DBK_OK;
}

dbk_rc dbk_entries_next(dbk_span *left, dbk_span *entry, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(*left);
    *entry = (dbk_span){ NULL, 0 };
    if (left->len == 0)
        return dbk_fail(err, DBK_NOT_FOUND, "no more entries");
    uint32_t len = dbk_wire_get_u32(&w);
    if (!w.failed && (len == 0 || len > DBK_ENTRY_BYTES_MAX))
        return dbk_fail(err, DBK_FORMAT, "a membership entry is empty or too long");
    dbk_span got = dbk_wire_get_span(&w, len);
    dbk_rc rc = dbk_wire_ok(&w, "a list of entries", err);
    if (rc != DBK_OK)
        return rc;
    *entry = got;
    *left = w.left;
    return DBK_OK;
}

dbk_rc dbk_requests_add(dbk_bytes *out, const dbk_id *invite, dbk_span request, dbk_err *err)
{
    uint8_t *p;
    if (request.len == 0 || request.len > DBK_REQUEST_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "a join request is empty or too long");
    dbk_rc rc = dbk_bytes_extend(out, &p, DBK_ID_BYTES + 4 + request.len, err);
    if (rc != DBK_OK)
        return rc;
    p = dbk_wire_put_copy(p, invite->b, DBK_ID_BYTES);
    p = dbk_wire_put_u32(p, (uint32_t)request.len);
    (void)dbk_wire_put_copy(p, request.p, request.len);
    return DBK_OK;
}

dbk_rc dbk_requests_next(dbk_span *left, dbk_id *invite, dbk_span *request, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(*left);
    *request = (dbk_span){ NULL, 0 };
    memset(invite, 0, sizeof(*invite));
    if (left->len == 0)
        return dbk_fail(err, DBK_NOT_FOUND, "no more requests");
    dbk_id id = dbk_wire_get_id(&w);
    uint32_t len = dbk_wire_get_u32(&w);
    if (!w.failed && (len == 0 || len > DBK_REQUEST_BYTES_MAX))
        return dbk_fail(err, DBK_FORMAT, "a join request is empty or too long");
    dbk_span got = dbk_wire_get_span(&w, len);
    dbk_rc rc = dbk_wire_ok(&w, "a list of requests", err);
    if (rc != DBK_OK)
        return rc;
    *invite = id;
    *request = got;
    *left = w.left;
    return DBK_OK;
}
