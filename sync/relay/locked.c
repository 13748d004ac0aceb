#include "sync/relay/locked.h"

#include <string.h>

#include "core/base/wire.h"

#define FRAME_BYTES_MIN (DBK_FRAME_HEAD_BYTES + 1u)
#define HEAD_BYTES 8u
_Static_assert(HEAD_BYTES + DBK_SEGMENT_BODY_BYTES_MAX + DBK_SEGMENT_OPS_MAX * DBK_HOLE_BYTES ==
                   DBK_LOCKED_BYTES_MAX,
               "a leaf hash to each frame, or a hole");

static bool is_in(uint64_t ops, size_t i)
{
    return (ops >> i & 1) != 0;
}

/* ---- openers ----------------------------------------------------------------------------- */

dbk_rc dbk_openers_decode(dbk_openers *out, dbk_span in, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(in);
    memset(out, 0, sizeof(*out));
    out->count = dbk_wire_get_u8(&w);
    if (!w.failed && (out->count < 1 || out->count > DBK_SEGMENT_OPS_MAX)) {
        out->count = 0;
        return dbk_fail(err, DBK_FORMAT, "openers of no segment");
    }
    for (size_t i = 0; i < out->count && !w.failed; i++) {
        size_t len = dbk_wire_get_u16(&w);
        out->of[i] = dbk_wire_get_span(&w, len);
    }
    dbk_rc rc = dbk_wire_end(&w, "a segment's openers", err);
    if (rc != DBK_OK)
        memset(out, 0, sizeof(*out));
    return rc;
}

dbk_rc dbk_openers_encode(dbk_bytes *out, const dbk_openers *openers, dbk_err *err)
{
    uint8_t head[2];
    DBK_ASSERT(openers->count >= 1);
    DBK_ASSERT(openers->count <= DBK_SEGMENT_OPS_MAX);
    head[0] = (uint8_t)openers->count;
    dbk_rc rc = dbk_bytes_append(out, dbk_span_of(head, 1), err);
    for (size_t i = 0; i < openers->count && rc == DBK_OK; i++) {
        DBK_ASSERT(openers->of[i].len <= UINT16_MAX);
        (void)dbk_wire_put_u16(head, (uint16_t)openers->of[i].len);
        rc = dbk_bytes_append(out, dbk_span_of(head, sizeof(head)), err);
        if (rc == DBK_OK)
            rc = dbk_bytes_append(out, openers->of[i], err);
    }
    return rc;
}

void dbk_openers_forget(dbk_openers *openers, uint64_t ops)
{
    for (size_t i = 0; i < openers->count; i++) {
        if (is_in(ops, i))
            openers->of[i] = dbk_span_of(NULL, 0);
    }
}

/* ---- taking them out --------------------------------------------------------------------- */

static dbk_rc put_hole(dbk_bytes *out, const dbk_kept *kept, size_t i, dbk_err *err)
{
    uint8_t fixed[DBK_HOLE_BYTES];
    uint8_t *p = dbk_wire_put_u32(fixed, kept->lengths[i]);
    (void)dbk_wire_put_copy(p, kept->leaves[i].b, sizeof(kept->leaves[i].b));
    return dbk_bytes_append(out, dbk_span_of(fixed, sizeof(fixed)), err);
}

static dbk_rc put_locked(dbk_bytes *out, const dbk_kept *kept, size_t i, dbk_span opener,
                         dbk_err *err)
{
    uint8_t fixed[DBK_FRAME_HEAD_BYTES + DBK_HASH_BYTES], *p = fixed;
    dbk_span sealed = kept->frames[i].sealed;
    *p++ = kept->frames[i].key_tag;
    p = dbk_wire_put_u32(p, (uint32_t)sealed.len);
    (void)dbk_wire_put_copy(p, kept->leaves[i].b, sizeof(kept->leaves[i].b));
    dbk_rc rc = dbk_bytes_append(out, dbk_span_of(fixed, sizeof(fixed)), err);
    dbk_span rest = dbk_span_of(sealed.p + opener.len, sealed.len - opener.len);
    return rc == DBK_OK ? dbk_bytes_append(out, rest, err) : rc;
}

dbk_rc dbk_locked_make(dbk_bytes *out, dbk_openers *openers, const dbk_header *h,
                       const dbk_sealed *segment, dbk_err *err)
{
    dbk_kept kept;
    uint8_t holes[HEAD_BYTES];
    memset(openers, 0, sizeof(*openers));
    dbk_rc rc = dbk_kept_read(&kept, h, segment->body, segment->kept, err);
    (void)dbk_wire_put_u64(holes, kept.holes);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(out, dbk_span_of(holes, sizeof(holes)), err);
    for (size_t i = 0; i < kept.count && rc == DBK_OK; i++) {
        if (dbk_kept_is_hole(&kept, i)) {
            rc = put_hole(out, &kept, i, err);
            continue;
        }
        openers->of[i] = dbk_frame_opener(&kept.frames[i]);
        rc = put_locked(out, &kept, i, openers->of[i], err);
    }
    openers->count = kept.count;
    return rc;
}

/* ---- putting them back ------------------------------------------------------------------- */

static size_t opener_len(uint8_t key_tag, size_t sealed_len)
{
    const dbk_frame frame = { key_tag, dbk_span_of(NULL, sealed_len), { NULL, 0 } };
    return dbk_frame_opener(&frame).len;
}

static void get_op(dbk_wire *w, dbk_locked *locked, size_t i)
{
    if (is_in(locked->holes, i)) {
        locked->lengths[i] = dbk_wire_get_u32(w);
        dbk_wire_get_copy(w, locked->leaves[i].b, sizeof(locked->leaves[i].b));
        return;
    }
    locked->key_tags[i] = dbk_wire_get_u8(w);
    uint32_t len = dbk_wire_get_u32(w);
    dbk_wire_get_copy(w, locked->leaves[i].b, sizeof(locked->leaves[i].b));
    locked->rest[i] = dbk_wire_get_span(w, len - opener_len(locked->key_tags[i], len));
    if (!w->failed && len <= DBK_SEGMENT_BODY_BYTES_MAX)
        locked->lengths[i] = DBK_FRAME_HEAD_BYTES + len;
}

static dbk_rc check_root(const dbk_locked *locked, const dbk_header *h, dbk_err *err)
{
    dbk_frontier f;
    uint64_t sum = 0;
    dbk_frontier_init(&f);
    for (size_t i = 0; i < locked->count; i++) {
        if (locked->lengths[i] < FRAME_BYTES_MIN)
            return dbk_fail(err, DBK_FORMAT, "an op frame is empty");
        sum += locked->lengths[i];
        dbk_frontier_add(&f, DBK_TREE_OPS, &locked->leaves[i], NULL, NULL);
    }
    if (sum != h->body_len)
        return dbk_fail(err, DBK_FORMAT, "a segment body has another length than it should");
    dbk_hash root = dbk_frontier_root(&f, DBK_TREE_OPS);
    if (!dbk_hash_equal(&root, &h->op_root))
        return dbk_fail(err, DBK_AUTH, "a segment body is not the one that was signed");
    return DBK_OK;
}

dbk_rc dbk_locked_read(dbk_locked *out, const dbk_header *h, dbk_span in, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(in);
    DBK_ASSERT(h->count <= DBK_SEGMENT_OPS_MAX);
    memset(out, 0, sizeof(*out));
    out->count = h->count;
    out->holes = dbk_wire_get_u64(&w);
    /* A shift by 64 isn't defined: that many ops leave no bit over. */
    uint64_t beyond = h->count == DBK_SEGMENT_OPS_MAX ? 0 : out->holes >> h->count;
    dbk_rc rc = DBK_OK;
    if (!w.failed && beyond != 0)
        rc = dbk_fail(err, DBK_FORMAT, "a locked body's holes are not among its ops");
    for (size_t i = 0; i < out->count && !w.failed && rc == DBK_OK; i++)
        get_op(&w, out, i);
    if (rc == DBK_OK)
        rc = dbk_wire_end(&w, "a locked body", err);
    if (rc == DBK_OK)
        rc = check_root(out, h, err);
    if (rc != DBK_OK)
        memset(out, 0, sizeof(*out));
    return rc;
}

/* Appends the frame; what was appended lives as long as out isn't appended to. */
static dbk_rc put_whole(dbk_bytes *out, const dbk_locked *locked, size_t i, dbk_span opener,
                        dbk_err *err)
{
    uint8_t head[DBK_FRAME_HEAD_BYTES];
    head[0] = locked->key_tags[i];
    (void)dbk_wire_put_u32(head + 1, locked->lengths[i] - DBK_FRAME_HEAD_BYTES);
    dbk_rc rc = dbk_bytes_append(out, dbk_span_of(head, sizeof(head)), err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(out, opener, err);
    return rc == DBK_OK ? dbk_bytes_append(out, locked->rest[i], err) : rc;
}

/* Is what stands in out from `at` on the frame of this place? */
static bool is_frame(const dbk_bytes *out, size_t at, const dbk_hash *leaf)
{
    dbk_hash found = dbk_tree_leaf(DBK_TREE_OPS, dbk_span_of(out->p + at, out->len - at));
    return dbk_hash_equal(&found, leaf);
}

dbk_rc dbk_locked_open(dbk_bytes *out, bool *kept, size_t *missing, const dbk_locked *locked,
                       const dbk_openers *openers, uint64_t ordered, dbk_err *err)
{
    const size_t start = out->len;
    uint8_t fixed[DBK_HOLE_BYTES];
    uint64_t all = locked->count == DBK_SEGMENT_OPS_MAX ? UINT64_MAX
                                                        : (UINT64_C(1) << locked->count) - 1;
    uint64_t holes = (locked->holes | ordered) & all;
    dbk_rc rc = DBK_OK;
    *kept = holes != 0;
    *missing = 0;
    (void)dbk_wire_put_u64(fixed, holes);
    if (*kept)
        rc = dbk_bytes_append(out, dbk_span_of(fixed, HEAD_BYTES), err);
    for (size_t i = 0; i < locked->count && rc == DBK_OK; i++) {
        const size_t at = out->len;
        if (is_in(holes, i)) {
            uint8_t *p = dbk_wire_put_u32(fixed, locked->lengths[i]);
            (void)dbk_wire_put_copy(p, locked->leaves[i].b, sizeof(locked->leaves[i].b));
            rc = dbk_bytes_append(out, dbk_span_of(fixed, sizeof(fixed)), err);
            continue;
        }
        dbk_span opener = i < openers->count ? openers->of[i] : dbk_span_of(NULL, 0);
        if (opener.len == 0 ||
            opener.len + locked->rest[i].len + DBK_FRAME_HEAD_BYTES != locked->lengths[i]) {
            ++*missing;
            continue;
        }
        rc = put_whole(out, locked, i, opener, err);
        if (rc == DBK_OK && !is_frame(out, at, &locked->leaves[i]))
            ++*missing;
    }
    if (rc != DBK_OK || *missing > 0)
        dbk_bytes_truncate(out, start);
    return rc;
}
