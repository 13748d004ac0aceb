#include "sync/engine/msg_snapshot.h"

#include <string.h>

#include "core/base/wire.h"

static const uint8_t part_magic[8] = { 'D', 'B', 'K', 'Q', 1, 0, 0, 0 };
static const uint8_t offer_magic[8] = { 'D', 'B', 'K', 'O', 1, 0, 0, 0 };

static dbk_rc take_magic(dbk_wire *w, const uint8_t magic[8], const char *what, dbk_err *err)
{
    dbk_span head = dbk_wire_get_span(w, 8);
    if (w->failed || memcmp(head.p, magic, 4) != 0)
        return dbk_fail(err, DBK_FORMAT, "this is no %s", what);
    if (head.p[4] > magic[4])
        return dbk_fail(err, DBK_VERSION, "the %s is of a newer version", what);
    if (memcmp(head.p, magic, 8) != 0)
        return dbk_fail(err, DBK_FORMAT, "the %s is malformed", what);
    return DBK_OK;
}

/* ---- parts ----------------------------------------------------------------------------------- */

static const char *const part_what = "part of a snapshot";

dbk_rc dbk_part_begin(dbk_bytes *out, const dbk_id *name, uint32_t number, dbk_err *err)
{
    uint8_t *p;
    dbk_rc rc = dbk_bytes_extend(out, &p, DBK_PART_HEAD_BYTES, err);
    if (rc != DBK_OK)
        return rc;
    p = dbk_wire_put_copy(p, part_magic, sizeof(part_magic));
    p = dbk_wire_put_copy(p, name->b, sizeof(name->b));
    (void)dbk_wire_put_u32(p, number);
    return DBK_OK;
}

dbk_rc dbk_part_add(dbk_bytes *out, dbk_span chunk, dbk_err *err)
{
    uint8_t *p;
    DBK_ASSERT(chunk.len >= 1 && chunk.len <= DBK_PART_CHUNK_BYTES_MAX);
    dbk_rc rc = dbk_bytes_extend(out, &p, 4 + chunk.len, err);
    if (rc == DBK_OK)
        (void)dbk_wire_put_copy(dbk_wire_put_u32(p, (uint32_t)chunk.len), chunk.p, chunk.len);
    return rc;
}

bool dbk_part_next(dbk_part *part, dbk_span *chunk)
{
    dbk_wire w = dbk_wire_from(part->chunks);
    if (part->chunks.len == 0)
        return false;
    *chunk = dbk_wire_get_span(&w, dbk_wire_get_u32(&w));
    DBK_ASSERT(!w.failed);
    part->chunks = w.left;
    return true;
}

dbk_rc dbk_part_decode(dbk_part *out, dbk_span in, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(in);
    memset(out, 0, sizeof(*out));
    if (in.len > DBK_PART_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "the %s is too long", part_what);
    dbk_rc rc = take_magic(&w, part_magic, part_what, err);
    if (rc != DBK_OK)
        return rc;
    dbk_part part = { .name = dbk_wire_get_id(&w) };
    part.number = dbk_wire_get_u32(&w);
    part.chunks = w.left;
    while (!w.failed && w.left.len > 0 && part.count <= DBK_PART_CHUNKS) {
        dbk_span chunk = dbk_wire_get_span(&w, dbk_wire_get_u32(&w));
        if (chunk.len == 0 || chunk.len > DBK_PART_CHUNK_BYTES_MAX)
            w.failed = true;
        part.count++;
    }
    if (w.failed || part.count == 0 || part.count > DBK_PART_CHUNKS || dbk_id_is_zero(&part.name) ||
        part.number >= DBK_PARTS_MAX)
        return dbk_fail(err, DBK_FORMAT, "the %s is malformed", part_what);
    *out = part;
    return DBK_OK;
}

/* ---- offers ---------------------------------------------------------------------------------- */

dbk_rc dbk_snapshot_offer_encode(dbk_bytes *out, const dbk_snapshot_offer *o, dbk_err *err)
{
    uint8_t head[12];
    DBK_ASSERT(o->words_count <= DBK_SNAPSHOT_OFFER_WORDS_MAX);
    (void)dbk_wire_put_u32(dbk_wire_put_copy(head, offer_magic, sizeof(offer_magic)),
                           (uint32_t)o->manifest.len);
    dbk_rc rc = dbk_bytes_append(out, dbk_span_of(head, sizeof(head)), err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(out, o->manifest, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(out, (uint8_t)o->words_count, err);
    for (size_t i = 0; i < o->words_count && rc == DBK_OK; i++) {
        DBK_ASSERT(o->words[i].len == DBK_CONFIRMATION_BYTES);
        rc = dbk_bytes_append(out, o->words[i], err);
    }
    return rc;
}

dbk_rc dbk_snapshot_offer_decode(dbk_snapshot_offer *out, dbk_span in, dbk_err *err)
{
    static const char *const what = "relay's offer of a snapshot";
    dbk_wire w = dbk_wire_from(in);
    memset(out, 0, sizeof(*out));
    dbk_rc rc = take_magic(&w, offer_magic, what, err);
    if (rc != DBK_OK)
        return rc;
    dbk_snapshot_offer o = { .manifest = dbk_wire_get_span(&w, dbk_wire_get_u32(&w)) };
    o.words_count = dbk_wire_get_u8(&w);
    if (w.failed || o.manifest.len > DBK_MANIFEST_BYTES_MAX ||
        o.words_count > DBK_SNAPSHOT_OFFER_WORDS_MAX)
        return dbk_fail(err, DBK_FORMAT, "the %s is malformed", what);
    for (size_t i = 0; i < o.words_count; i++)
        o.words[i] = dbk_wire_get_span(&w, DBK_CONFIRMATION_BYTES);
    rc = dbk_wire_end(&w, what, err);
    if (rc == DBK_OK)
        *out = o;
    return rc;
}
