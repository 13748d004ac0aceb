#include "core/crypto/hole.h"

#include <string.h>

#include "core/base/wire.h"

#define FRAME_BYTES_MIN (DBK_FRAME_HEAD_BYTES + 1u)

static dbk_rc check_root(const dbk_kept *kept, const dbk_header *h, dbk_err *err)
{
    dbk_frontier f;
    dbk_frontier_init(&f);
    for (size_t i = 0; i < kept->count; i++)
        dbk_frontier_add(&f, DBK_TREE_OPS, &kept->leaves[i], NULL, NULL);
    dbk_hash root = dbk_frontier_root(&f, DBK_TREE_OPS);
    if (!dbk_hash_equal(&root, &h->op_root))
        return dbk_fail(err, DBK_AUTH, "a segment body is not the one that was signed");
    return DBK_OK;
}

static void add_leaves(dbk_kept *kept)
{
    for (size_t i = 0; i < kept->count; i++) {
        if (!dbk_kept_is_hole(kept, i))
            kept->leaves[i] = dbk_tree_leaf(DBK_TREE_OPS, kept->frames[i].whole);
    }
}

static dbk_rc split_body(dbk_kept *out, const dbk_header *h, dbk_span body, dbk_err *err)
{
    dbk_rc rc = dbk_body_split(out->frames, h, body, err);
    out->count = rc == DBK_OK ? h->count : 0;
    for (size_t i = 0; i < out->count; i++)
        out->lengths[i] = (uint32_t)out->frames[i].whole.len;
    return rc;
}

static void get_frame(dbk_wire *w, dbk_kept *kept, size_t i)
{
    const uint8_t *start = w->left.p;
    dbk_frame *frame = &kept->frames[i];
    frame->key_tag = dbk_wire_get_u8(w);
    uint32_t len = dbk_wire_get_u32(w);
    frame->sealed = dbk_wire_get_span(w, len);
    if (w->failed)
        return;
    frame->whole = dbk_span_of(start, DBK_FRAME_HEAD_BYTES + frame->sealed.len);
    kept->lengths[i] = (uint32_t)frame->whole.len;
}

static void get_hole(dbk_wire *w, dbk_kept *kept, size_t i)
{
    kept->lengths[i] = dbk_wire_get_u32(w);
    dbk_wire_get_copy(w, kept->leaves[i].b, sizeof(kept->leaves[i].b));
}

static dbk_rc check_lengths(const dbk_kept *kept, const dbk_header *h, dbk_err *err)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < kept->count; i++) {
        if (kept->lengths[i] < FRAME_BYTES_MIN)
            return dbk_fail(err, DBK_FORMAT, "an op frame is empty");
        sum += kept->lengths[i];
    }
    if (sum != h->body_len)
        return dbk_fail(err, DBK_FORMAT, "a segment body has another length than it should");
    return DBK_OK;
}

static dbk_rc split_kept(dbk_kept *out, const dbk_header *h, dbk_span in, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(in);
    out->count = h->count;
    out->holes = dbk_wire_get_u64(&w);
    /* A shift by 64 isn't defined: that many ops leave no bit over. */
    uint64_t beyond = h->count == DBK_SEGMENT_OPS_MAX ? 0 : out->holes >> h->count;
    if (!w.failed && (out->holes == 0 || beyond != 0))
        return dbk_fail(err, DBK_FORMAT, "a kept body's holes are not among its ops");
    for (size_t i = 0; i < out->count && !w.failed; i++) {
        if (dbk_kept_is_hole(out, i))
            get_hole(&w, out, i);
        else
            get_frame(&w, out, i);
    }
    dbk_rc rc = dbk_wire_end(&w, "a kept body", err);
    return rc == DBK_OK ? check_lengths(out, h, err) : rc;
}

dbk_rc dbk_kept_split(dbk_kept *out, const dbk_header *h, dbk_span body, bool kept, dbk_err *err)
{
    DBK_ASSERT(h->count <= DBK_SEGMENT_OPS_MAX);
    memset(out, 0, sizeof(*out));
    dbk_rc rc = kept ? split_kept(out, h, body, err) : split_body(out, h, body, err);
    if (rc != DBK_OK)
        memset(out, 0, sizeof(*out));
    return rc;
}

dbk_rc dbk_kept_read(dbk_kept *out, const dbk_header *h, dbk_span body, bool kept, dbk_err *err)
{
    dbk_rc rc = dbk_kept_split(out, h, body, kept, err);
    if (rc != DBK_OK)
        return rc;
    add_leaves(out);
    rc = check_root(out, h, err);
    if (rc != DBK_OK)
        memset(out, 0, sizeof(*out));
    return rc;
}

void dbk_kept_erase(dbk_kept *kept, uint64_t holes)
{
    for (size_t i = 0; i < kept->count; i++) {
        if ((holes >> i & 1) == 0)
            continue;
        kept->holes |= UINT64_C(1) << i;
        memset(&kept->frames[i], 0, sizeof(kept->frames[i]));
    }
}

void dbk_kept_fill(dbk_kept *kept, const dbk_kept *from, uint64_t holes)
{
    DBK_ASSERT((holes & (from->holes | ~kept->holes)) == 0);
    for (size_t i = 0; i < kept->count; i++) {
        if ((holes >> i & 1) != 0)
            kept->frames[i] = from->frames[i];
    }
    kept->holes &= ~holes;
}

dbk_rc dbk_kept_body(dbk_bytes *out, const dbk_kept *kept, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    if (kept->holes != 0)
        return dbk_kept_encode(out, kept, err);
    for (size_t i = 0; i < kept->count && rc == DBK_OK; i++)
        rc = dbk_bytes_append(out, kept->frames[i].whole, err);
    return rc;
}

dbk_rc dbk_kept_encode(dbk_bytes *out, const dbk_kept *kept, dbk_err *err)
{
    uint8_t fixed[DBK_HOLE_BYTES];
    DBK_ASSERT(kept->holes != 0);
    (void)dbk_wire_put_u64(fixed, kept->holes);
    dbk_rc rc = dbk_bytes_append(out, dbk_span_of(fixed, 8), err);
    for (size_t i = 0; i < kept->count && rc == DBK_OK; i++) {
        if (!dbk_kept_is_hole(kept, i)) {
            rc = dbk_bytes_append(out, kept->frames[i].whole, err);
            continue;
        }
        uint8_t *p = dbk_wire_put_u32(fixed, kept->lengths[i]);
        (void)dbk_wire_put_copy(p, kept->leaves[i].b, sizeof(kept->leaves[i].b));
        rc = dbk_bytes_append(out, dbk_span_of(fixed, DBK_HOLE_BYTES), err);
    }
    return rc;
}

dbk_rc dbk_sealed_erase(dbk_sealed *segment, uint64_t *erased, dbk_bytes *room, const dbk_header *h,
                        uint64_t ops, dbk_err *err)
{
    dbk_kept kept;
    *erased = 0;
    dbk_bytes_truncate(room, 0);
    if (ops == 0)
        return DBK_OK;
    dbk_rc rc = dbk_kept_read(&kept, h, segment->body, segment->kept, err);
    if (rc != DBK_OK || (ops & ~kept.holes) == 0)
        return rc;
    *erased = ops & ~kept.holes;
    dbk_kept_erase(&kept, ops);
    rc = dbk_kept_encode(room, &kept, err);
    if (rc == DBK_OK) {
        segment->body = dbk_bytes_span(room);
        segment->kept = true;
    }
    return rc;
}
