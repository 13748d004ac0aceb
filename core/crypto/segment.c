#include "core/crypto/segment.h"

#include <string.h>

#include "core/base/wire.h"

#define MAGIC "DBKS"
#define MAGIC_BYTES 4u
#define VERSION 1u
/* Of a sealed frame: head, and at least one byte. */
#define FRAME_BYTES_MIN (DBK_FRAME_HEAD_BYTES + 1u)
#define SEQ_MAX ((uint64_t)INT64_MAX) /* SQLite's integers are signed */

void dbk_header_aad(uint8_t out[DBK_SEGMENT_AAD_BYTES], const dbk_header *h)
{
    uint8_t *p = out;
    p = dbk_wire_put_copy(p, (const uint8_t *)MAGIC, MAGIC_BYTES);
    *p++ = VERSION;
    *p++ = DBK_SUITE_1;
    p = dbk_wire_put_u16(p, h->count);
    p = dbk_wire_put_copy(p, h->space.b, sizeof(h->space.b));
    p = dbk_wire_put_copy(p, h->feed.b, sizeof(h->feed.b));
    p = dbk_wire_put_copy(p, h->incarnation.b, sizeof(h->incarnation.b));
    p = dbk_wire_put_u64(p, h->first_seq);
    p = dbk_wire_put_copy(p, h->prev.b, sizeof(h->prev.b));
    p = dbk_wire_put_copy(p, h->key_id.b, sizeof(h->key_id.b));
    p = dbk_wire_put_copy(p, h->members_seen.b, sizeof(h->members_seen.b));
    p = dbk_wire_put_u64(p, h->checkpoint_size);
    p = dbk_wire_put_copy(p, h->checkpoint_root.b, sizeof(h->checkpoint_root.b));
    p = dbk_wire_put_copy(p, h->salt, sizeof(h->salt));
    DBK_ASSERT(p == out + DBK_SEGMENT_AAD_BYTES);
}

static void put_core(uint8_t out[DBK_SEGMENT_CORE_BYTES], const dbk_header *h)
{
    dbk_header_aad(out, h);
    uint8_t *p = out + DBK_SEGMENT_AAD_BYTES;
    p = dbk_wire_put_copy(p, h->op_root.b, sizeof(h->op_root.b));
    p = dbk_wire_put_u32(p, h->body_len);
    DBK_ASSERT(p == out + DBK_SEGMENT_CORE_BYTES);
}

void dbk_header_encode(uint8_t out[DBK_SEGMENT_HEADER_BYTES], const dbk_header *h)
{
    put_core(out, h);
    (void)dbk_wire_put_copy(out + DBK_SEGMENT_CORE_BYTES, h->sig.b, sizeof(h->sig.b));
}

static dbk_rc decode_fields(dbk_header *h, dbk_span in, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(in);
    uint8_t magic[MAGIC_BYTES];
    dbk_wire_get_copy(&w, magic, sizeof(magic));
    uint8_t version = dbk_wire_get_u8(&w);
    uint8_t suite = dbk_wire_get_u8(&w);
    if (!w.failed) {
        if (!dbk_span_equal(dbk_span_of(magic, sizeof(magic)), dbk_span_str(MAGIC)) ||
            version == 0 || suite == 0)
            return dbk_fail(err, DBK_FORMAT, "this is no segment header");
        if (version > VERSION || suite > DBK_SUITE_1)
            return dbk_fail(err, DBK_VERSION, "segment version %u, suite %u", version, suite);
    }
    h->count = dbk_wire_get_u16(&w);
    h->space = dbk_wire_get_id(&w);
    h->feed = dbk_wire_get_id(&w);
    h->incarnation = dbk_wire_get_id(&w);
    h->first_seq = dbk_wire_get_u64(&w);
    dbk_wire_get_copy(&w, h->prev.b, sizeof(h->prev.b));
    h->key_id = dbk_wire_get_id(&w);
    dbk_wire_get_copy(&w, h->members_seen.b, sizeof(h->members_seen.b));
    h->checkpoint_size = dbk_wire_get_u64(&w);
    dbk_wire_get_copy(&w, h->checkpoint_root.b, sizeof(h->checkpoint_root.b));
    dbk_wire_get_copy(&w, h->salt, sizeof(h->salt));
    dbk_wire_get_copy(&w, h->op_root.b, sizeof(h->op_root.b));
    h->body_len = dbk_wire_get_u32(&w);
    dbk_wire_get_copy(&w, h->sig.b, sizeof(h->sig.b));
    return dbk_wire_end(&w, "the segment header", err);
}

static dbk_rc check_fields(const dbk_header *h, dbk_err *err)
{
    if (h->count < 1 || h->count > DBK_SEGMENT_OPS_MAX)
        return dbk_fail(err, DBK_FORMAT, "a segment of %u ops", h->count);
    if (h->first_seq < 1 || h->first_seq > SEQ_MAX - h->count)
        return dbk_fail(err, DBK_FORMAT, "a segment's first seq is out of range");
    if (dbk_id_is_zero(&h->space) || dbk_id_is_zero(&h->feed) || dbk_id_is_zero(&h->incarnation) ||
        dbk_id_is_zero(&h->key_id))
        return dbk_fail(err, DBK_FORMAT, "a segment with a zero id");
    if (dbk_hash_is_zero(&h->prev) != (h->first_seq == 1))
        return dbk_fail(err, DBK_FORMAT, "a segment's previous hash and first seq disagree");
    if (dbk_hash_is_zero(&h->checkpoint_root) != (h->checkpoint_size == 0) ||
        h->checkpoint_size > DBK_TREE_SIZE_MAX)
        return dbk_fail(err, DBK_FORMAT, "a segment's checkpoint is not one");
    if (h->body_len < h->count * FRAME_BYTES_MIN || h->body_len > DBK_SEGMENT_BODY_BYTES_MAX)
        return dbk_fail(err, DBK_FORMAT, "a segment body of %u bytes", h->body_len);
    return DBK_OK;
}

dbk_rc dbk_header_decode(dbk_header *out, dbk_span in, dbk_err *err)
{
    memset(out, 0, sizeof(*out));
    dbk_rc rc = decode_fields(out, in, err);
    if (rc == DBK_OK)
        rc = check_fields(out, err);
    if (rc != DBK_OK)
        memset(out, 0, sizeof(*out));
    return rc;
}

dbk_hash dbk_header_hash(const dbk_header *h)
{
    uint8_t core[DBK_SEGMENT_CORE_BYTES];
    put_core(core, h);
    return dbk_hash_of("daybook/segment-header/1", dbk_span_of(core, sizeof(core)));
}

void dbk_header_sign(dbk_header *h, const dbk_secret *device_sign)
{
    uint8_t core[DBK_SEGMENT_CORE_BYTES];
    put_core(core, h);
    dbk_sign(&h->sig, "daybook/segment/1", dbk_span_of(core, sizeof(core)), device_sign);
}

dbk_rc dbk_header_verify(const dbk_header *h, const dbk_sign_pk *device, dbk_err *err)
{
    uint8_t core[DBK_SEGMENT_CORE_BYTES];
    put_core(core, h);
    if (!dbk_verify(&h->sig, "daybook/segment/1", dbk_span_of(core, sizeof(core)), device))
        return dbk_fail(err, DBK_AUTH, "a segment is not signed by its device");
    return DBK_OK;
}

dbk_rc dbk_body_split(dbk_frame frames[DBK_SEGMENT_OPS_MAX], const dbk_header *h, dbk_span body,
                      dbk_err *err)
{
    dbk_wire w = dbk_wire_from(body);
    dbk_rc rc;
    DBK_ASSERT(h->count <= DBK_SEGMENT_OPS_MAX);
    memset(frames, 0, sizeof(*frames) * DBK_SEGMENT_OPS_MAX);
    if (body.len != h->body_len)
        return dbk_fail(err, DBK_FORMAT, "a segment body has another length than it should");
    for (size_t i = 0; i < h->count; i++) {
        const uint8_t *start = w.left.p;
        frames[i].key_tag = dbk_wire_get_u8(&w);
        uint32_t len = dbk_wire_get_u32(&w);
        frames[i].sealed = dbk_wire_get_span(&w, len);
        frames[i].whole = dbk_span_of(start, DBK_FRAME_HEAD_BYTES + len);
        if (!w.failed && len == 0) {
            rc = dbk_fail(err, DBK_FORMAT, "an op frame is empty");
            goto out;
        }
    }
    rc = dbk_wire_end(&w, "a segment body", err);
out:
    if (rc != DBK_OK)
        memset(frames, 0, sizeof(*frames) * DBK_SEGMENT_OPS_MAX);
    return rc;
}

dbk_span dbk_frame_opener(const dbk_frame *frame)
{
    size_t len = frame->sealed.len;
    if (frame->key_tag == DBK_FRAME_TAG_OP && len > DBK_FRAME_OPENER_BYTES)
        len = DBK_FRAME_OPENER_BYTES;
    if (frame->key_tag == DBK_FRAME_TAG_DROP && len > DBK_FRAME_EPHEMERAL_BYTES)
        len = DBK_FRAME_EPHEMERAL_BYTES;
    return dbk_span_of(frame->sealed.p, len);
}

dbk_hash dbk_frames_root(const dbk_frame *frames, size_t count)
{
    dbk_frontier f;
    dbk_frontier_init(&f);
    for (size_t i = 0; i < count; i++) {
        dbk_hash leaf = dbk_tree_leaf(DBK_TREE_OPS, frames[i].whole);
        dbk_frontier_add(&f, DBK_TREE_OPS, &leaf, NULL, NULL);
    }
    return dbk_frontier_root(&f, DBK_TREE_OPS);
}

dbk_rc dbk_body_check(const dbk_header *h, dbk_span body, dbk_err *err)
{
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    dbk_rc rc = dbk_body_split(frames, h, body, err);
    if (rc != DBK_OK)
        return rc;
    dbk_hash root = dbk_frames_root(frames, h->count);
    if (!dbk_hash_equal(&root, &h->op_root))
        return dbk_fail(err, DBK_AUTH, "a segment body is not the one that was signed");
    return DBK_OK;
}

dbk_hash dbk_log_leaf(uint64_t receipt_ms, const dbk_hash *header_hash)
{
    uint8_t data[8 + DBK_HASH_BYTES];
    (void)dbk_wire_put_copy(dbk_wire_put_u64(data, receipt_ms), header_hash->b,
                            sizeof(header_hash->b));
    return dbk_tree_leaf(DBK_TREE_LOG, dbk_span_of(data, sizeof(data)));
}
