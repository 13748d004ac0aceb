#include "core/journal/snapshot_stream.h"

#include <string.h>

#include "core/base/wire.h"

enum { SEGMENT = 1, RECORD = 2, END = 3 };

#define LENGTH_BYTES 4u
#define SEGMENT_HEAD_BYTES (1u + 3u + 8u + DBK_SEGMENT_HEADER_BYTES)
#define RECORD_HEAD_BYTES (1u + DBK_ID_BYTES + 4u)
#define END_BYTES (1u + 8u + 8u)
#define SPACE_AT 8u /* in a header: space, feed, incarnation */
#define PREV_AT 64u

static const char *const what = "a snapshot";

/* ---- writing --------------------------------------------------------------------------------- */

static dbk_rc begin(dbk_bytes *out, uint8_t **p, size_t len, uint8_t kind, dbk_err *err)
{
    dbk_rc rc = dbk_bytes_extend(out, p, LENGTH_BYTES + len, err);
    if (rc == DBK_OK) {
        *p = dbk_wire_put_u32(*p, (uint32_t)len);
        *(*p)++ = kind;
    }
    return rc;
}

static bool has_body(dbk_snap_fate fate)
{
    return fate == DBK_SNAP_WAITS || fate == DBK_SNAP_ASIDE;
}

dbk_rc dbk_snap_put_segment(dbk_bytes *out, const dbk_snap_segment *s, dbk_err *err)
{
    uint8_t *p;
    DBK_ASSERT(s->header.len == DBK_SEGMENT_HEADER_BYTES);
    dbk_span body = has_body(s->fate) ? s->body : (dbk_span){ NULL, 0 };
    dbk_rc rc = begin(out, &p, SEGMENT_HEAD_BYTES + body.len, SEGMENT, err);
    if (rc != DBK_OK)
        return rc;
    *p++ = (uint8_t)s->fate;
    *p++ = has_body(s->fate) && s->kept ? 1 : 0;
    *p++ = 0;
    p = dbk_wire_put_u64(p, s->receipt_ms);
    uint8_t *header = p;
    p = dbk_wire_put_copy(p, s->header.p, s->header.len);
    if (s->fate != DBK_SNAP_ASIDE)
        memset(header + PREV_AT, 0, DBK_HASH_BYTES);
    if (body.len > 0)
        (void)dbk_wire_put_copy(p, body.p, body.len);
    return DBK_OK;
}

dbk_rc dbk_snap_put_op(dbk_bytes *ops, const dbk_snap_op *op, dbk_err *err)
{
    uint8_t *p;
    dbk_rc rc = dbk_bytes_extend(ops, &p, DBK_SNAP_OP_BYTES, err);
    if (rc == DBK_OK)
        *dbk_wire_put_u32(p, op->index) = op->place;
    return rc;
}

dbk_rc dbk_snap_put_record(dbk_bytes *out, const dbk_snap_record *r, dbk_err *err)
{
    uint8_t *p;
    dbk_rc rc = begin(out, &p, RECORD_HEAD_BYTES + r->state.len + r->ops.len, RECORD, err);
    if (rc != DBK_OK)
        return rc;
    p = dbk_wire_put_copy(p, r->record.b, sizeof(r->record.b));
    p = dbk_wire_put_u32(p, (uint32_t)r->state.len);
    p = dbk_wire_put_copy(p, r->state.p, r->state.len);
    (void)dbk_wire_put_copy(p, r->ops.p, r->ops.len);
    return DBK_OK;
}

dbk_rc dbk_snap_put_end(dbk_bytes *out, uint64_t segments, uint64_t records, dbk_err *err)
{
    uint8_t *p;
    dbk_rc rc = begin(out, &p, END_BYTES, END, err);
    if (rc == DBK_OK)
        (void)dbk_wire_put_u64(dbk_wire_put_u64(p, segments), records);
    return rc;
}

dbk_snap_author dbk_snap_header_author(const uint8_t header[DBK_SEGMENT_HEADER_BYTES])
{
    dbk_wire w = dbk_wire_from(dbk_span_of(header + SPACE_AT, 3 * DBK_ID_BYTES));
    dbk_snap_author a = { .space = dbk_wire_get_id(&w) };
    a.feed = dbk_wire_get_id(&w);
    a.incarnation = dbk_wire_get_id(&w);
    return a;
}

void dbk_snap_header_link(uint8_t header[DBK_SEGMENT_HEADER_BYTES], const dbk_hash *prev)
{
    memcpy(header + PREV_AT, prev->b, sizeof(prev->b));
}

/* ---- reading --------------------------------------------------------------------------------- */

dbk_snap_op dbk_snap_op_at(const dbk_snap_record *r, size_t i)
{
    dbk_wire w = dbk_wire_from(dbk_span_of(r->ops.p + i * DBK_SNAP_OP_BYTES, DBK_SNAP_OP_BYTES));
    dbk_snap_op op = { .index = dbk_wire_get_u32(&w) };
    op.place = dbk_wire_get_u8(&w);
    return op;
}

void dbk_snap_reader_init(dbk_snap_reader *r, const dbk_snap_sink *sink)
{
    *r = (dbk_snap_reader){ .sink = sink };
    /* An item, and the part that brings its end. */
    dbk_bytes_init(&r->held, LENGTH_BYTES + 2 * DBK_SNAP_ITEM_BYTES_MAX);
}

void dbk_snap_reader_wipe(dbk_snap_reader *r)
{
    dbk_bytes_wipe(&r->held);
}

static dbk_rc malformed(dbk_err *err)
{
    return dbk_fail(err, DBK_FORMAT, "%s is malformed inside", what);
}

static dbk_rc read_segment(dbk_snap_reader *r, dbk_wire *w, dbk_err *err)
{
    static const uint8_t zero[DBK_HASH_BYTES];
    dbk_snap_segment s = { .fate = (dbk_snap_fate)dbk_wire_get_u8(w) };
    uint8_t kept = dbk_wire_get_u8(w);
    uint8_t none = dbk_wire_get_u8(w);
    s.receipt_ms = dbk_wire_get_u64(w);
    s.header = dbk_wire_get_span(w, DBK_SEGMENT_HEADER_BYTES);
    if (w->failed || s.fate > DBK_SNAP_ASIDE || kept > 1 || none != 0 || r->records > 0 ||
        s.receipt_ms > (uint64_t)INT64_MAX || r->segments == UINT32_MAX)
        return malformed(err);
    s.body = w->left;
    s.kept = kept == 1;
    if (has_body(s.fate) ? s.body.len == 0 || s.body.len > DBK_KEPT_BYTES_MAX
                         : s.body.len > 0 || s.kept)
        return malformed(err);
    if (s.fate != DBK_SNAP_ASIDE && memcmp(s.header.p + PREV_AT, zero, sizeof(zero)) != 0)
        return malformed(err);
    dbk_rc rc = r->sink->segment(r->sink->ctx, &s, err);
    r->segments++;
    return rc;
}

static dbk_rc read_record(dbk_snap_reader *r, dbk_wire *w, dbk_err *err)
{
    dbk_snap_record rec = { .record = dbk_wire_get_id(w) };
    size_t len = dbk_wire_get_u32(w);
    rec.state = dbk_wire_get_span(w, len);
    rec.ops = w->left;
    if (w->failed || len == 0 || len > DBK_STATE_BYTES_MAX || rec.ops.len == 0 ||
        rec.ops.len % DBK_SNAP_OP_BYTES != 0 || dbk_snap_ops(&rec) > DBK_SNAP_OPS_MAX ||
        dbk_id_compare(&rec.record, &r->last) <= 0)
        return malformed(err);
    for (size_t i = 0; i < dbk_snap_ops(&rec); i++) {
        dbk_snap_op at = dbk_snap_op_at(&rec, i);
        dbk_snap_op before = i == 0 ? (dbk_snap_op){ 0 } : dbk_snap_op_at(&rec, i - 1);
        if (at.index >= r->segments || at.place >= DBK_SEGMENT_OPS_MAX ||
            (i > 0 &&
             (at.index < before.index || (at.index == before.index && at.place <= before.place))))
            return malformed(err);
    }
    r->last = rec.record;
    r->records++;
    return r->sink->record(r->sink->ctx, &rec, err);
}

static dbk_rc read_item(dbk_snap_reader *r, dbk_span item, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(item);
    uint8_t kind = dbk_wire_get_u8(&w);
    if (r->ended)
        return malformed(err);
    if (kind == SEGMENT)
        return read_segment(r, &w, err);
    if (kind == RECORD)
        return read_record(r, &w, err);
    uint64_t segments = dbk_wire_get_u64(&w);
    uint64_t records = dbk_wire_get_u64(&w);
    if (kind != END || w.failed || w.left.len > 0 || segments != r->segments ||
        records != r->records)
        return malformed(err);
    r->ended = true;
    return DBK_OK;
}

dbk_rc dbk_snap_read(dbk_snap_reader *r, dbk_span part, dbk_err *err)
{
    size_t at = 0;
    if (part.len > DBK_SNAP_ITEM_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "a part of %s is too long", what);
    dbk_rc rc = dbk_bytes_append(&r->held, part, err);
    while (rc == DBK_OK && r->held.len - at >= LENGTH_BYTES) {
        dbk_wire w = dbk_wire_from(dbk_span_of(r->held.p + at, r->held.len - at));
        size_t len = dbk_wire_get_u32(&w);
        if (len == 0 || len > DBK_SNAP_ITEM_BYTES_MAX)
            return malformed(err);
        if (w.left.len < len)
            break;
        rc = read_item(r, dbk_span_of(w.left.p, len), err);
        at += LENGTH_BYTES + len;
    }
    if (rc == DBK_OK && at > 0) {
        memmove(r->held.p, r->held.p + at, r->held.len - at);
        dbk_bytes_truncate(&r->held, r->held.len - at);
    }
    return rc;
}

dbk_rc dbk_snap_read_end(const dbk_snap_reader *r, dbk_err *err)
{
    return r->ended && r->held.len == 0 ? DBK_OK : dbk_fail(err, DBK_FORMAT, "%s is cut off", what);
}
