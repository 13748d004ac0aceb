#include "core/seal/pack.h"

#define ZSTD_STATIC_LINKING_ONLY /* for memory of our own */
#include <zstd.h>

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/seal/dict_builtin.h"
#include "core/seal/sealer.h"

/* Measured on notes of 230 B to 1.1 KiB by tests/bench/bench_seal.c: see docs/format/crypto.md. */
#define LEVEL 5
#define TYPICAL_BYTES 1024u

enum { STORED = 0, ZSTD = 1, ZSTD_NOTES_1 = 2 };

struct dbk_packer {
    uint8_t *dict;           /* notes-1; cdict and ddict borrow it */
    uint8_t *cdict_room;     /* zstd up to 1.5.4 crashes when it can't get this memory by itself */
    const ZSTD_CDict *cdict; /* in cdict_room */
    ZSTD_CCtx *cctx;
    ZSTD_DCtx *dctx;
    ZSTD_DDict *ddict;
};

static void *zstd_alloc(void *ctx, size_t size)
{
    (void)ctx;
    return dbk_alloc(size);
}

static void zstd_free(void *ctx, void *block)
{
    (void)ctx;
    dbk_free(block);
}

static const ZSTD_customMem memory = { zstd_alloc, zstd_free, NULL };

/* 0: done. */
static size_t set_up_compression(dbk_packer *p)
{
    size_t failed = ZSTD_CCtx_setParameter(p->cctx, ZSTD_c_checksumFlag, 0);
    if (!ZSTD_isError(failed))
        failed = ZSTD_CCtx_setParameter(p->cctx, ZSTD_c_dictIDFlag, 0);
    if (!ZSTD_isError(failed))
        failed = ZSTD_CCtx_setParameter(p->cctx, ZSTD_c_contentSizeFlag, 1);
    if (!ZSTD_isError(failed))
        failed = ZSTD_CCtx_refCDict(p->cctx, p->cdict);
    return ZSTD_isError(failed);
}

/* The dictionary in one piece, as zstd wants it. */
static uint8_t *dict_new(size_t dict_len)
{
    uint8_t *dict = dbk_alloc(dict_len);
    if (dict == NULL)
        return NULL;
    uint8_t *p = dbk_wire_put_copy(dict, dbk_notes_1_tables, DBK_NOTES_1_TABLES_BYTES);
    p = dbk_wire_put_copy(p, dbk_notes_1_ops, DBK_NOTES_1_OPS_BYTES);
    (void)dbk_wire_put_copy(p, dbk_blob_notes_1, dbk_blob_notes_1_len);
    return dict;
}

static bool set_up(dbk_packer *p)
{
    const size_t dict_len = DBK_NOTES_1_TABLES_BYTES + DBK_NOTES_1_OPS_BYTES + dbk_blob_notes_1_len;
    const ZSTD_compressionParameters how = ZSTD_getCParams(LEVEL, TYPICAL_BYTES, dict_len);
    const size_t cdict_len = ZSTD_estimateCDictSize_advanced(dict_len, how, ZSTD_dlm_byRef);
    p->dict = dict_new(dict_len);
    p->cdict_room = dbk_alloc(cdict_len);
    if (p->dict == NULL || p->cdict_room == NULL)
        return false;
    p->cdict = ZSTD_initStaticCDict(p->cdict_room, cdict_len, p->dict, dict_len, ZSTD_dlm_byRef,
                                    ZSTD_dct_fullDict, how);
    p->ddict = ZSTD_createDDict_advanced(p->dict, dict_len, ZSTD_dlm_byRef, ZSTD_dct_fullDict,
                                         memory);
    p->cctx = ZSTD_createCCtx_advanced(memory);
    p->dctx = ZSTD_createDCtx_advanced(memory);
    return p->cdict != NULL && p->ddict != NULL && p->cctx != NULL && p->dctx != NULL &&
           set_up_compression(p) == 0;
}

dbk_rc dbk_packer_new(dbk_packer **out, dbk_err *err)
{
    *out = NULL;
    dbk_packer *p = dbk_alloc(sizeof(*p));
    if (p == NULL || !set_up(p)) {
        dbk_packer_free(p);
        return dbk_fail(err, DBK_NOMEM, "no memory for compression");
    }
    *out = p;
    return DBK_OK;
}

void dbk_packer_free(dbk_packer *p)
{
    if (p == NULL)
        return;
    (void)ZSTD_freeCCtx(p->cctx);
    (void)ZSTD_freeDCtx(p->dctx);
    (void)ZSTD_freeDDict(p->ddict);
    dbk_free(p->cdict_room);
    dbk_free(p->dict);
    dbk_free(p);
}

static unsigned floor_log2(size_t n)
{
    unsigned log = 0;
    while (n >> log > 1)
        log++;
    return log;
}

size_t dbk_pack_size(size_t data_len)
{
    size_t len = DBK_PACK_HEAD_BYTES + data_len;
    if (len < DBK_PACK_BYTES_MIN)
        len = DBK_PACK_BYTES_MIN;
    /* Padme: as many low bits are zero as leave the length a float with a short mantissa. */
    unsigned exponent = floor_log2(len);
    size_t mask = ((size_t)1 << (exponent - (floor_log2(exponent) + 1))) - 1;
    return (len + mask) & ~mask;
}

size_t dbk_pack(dbk_packer *p, uint8_t *out, dbk_span plain)
{
    uint8_t *data = out + DBK_PACK_HEAD_BYTES;
    DBK_ASSERT(plain.len <= DBK_SEAL_PLAIN_BYTES_MAX);
    uint8_t encoding = ZSTD_NOTES_1;
    /* Room for less than the plaintext: what doesn't get smaller fails, and is stored; so is what
     * zstd has no memory for. */
    size_t len = plain.len == 0 ? 0
                                : ZSTD_compress2(p->cctx, data, plain.len - 1, plain.p, plain.len);
    if (plain.len == 0 || ZSTD_isError(len)) {
        encoding = STORED;
        len = plain.len;
        (void)dbk_wire_put_copy(data, plain.p, plain.len);
    }
    out[0] = encoding;
    (void)dbk_wire_put_u32(out + 1, (uint32_t)len);
    size_t size = dbk_pack_size(len);
    DBK_ASSERT(size <= DBK_PACK_BYTES_MAX);
    memset(data + len, 0, size - DBK_PACK_HEAD_BYTES - len);
    return size;
}

/* One whole zstd frame that says how much it holds, within the cap. */
static dbk_rc decompress(dbk_packer *p, dbk_bytes *out, dbk_span data, const ZSTD_DDict *dict,
                         dbk_err *err)
{
    unsigned long long size = ZSTD_getFrameContentSize(data.p, data.len);
    size_t frame_len = ZSTD_findFrameCompressedSize(data.p, data.len);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ||
        size > DBK_SEAL_PLAIN_BYTES_MAX || ZSTD_isError(frame_len) || frame_len != data.len)
        return dbk_fail(err, DBK_FORMAT, "an op's compression is malformed or holds too much");
    uint8_t *room;
    size_t before = out->len;
    dbk_rc rc = dbk_bytes_extend(out, &room, (size_t)size, err);
    if (rc != DBK_OK)
        return rc;
    size_t got = ZSTD_decompress_usingDDict(p->dctx, room, (size_t)size, data.p, data.len, dict);
    if (ZSTD_isError(got) || got != size) {
        dbk_bytes_truncate(out, before);
        return dbk_fail(err, DBK_FORMAT, "an op's compression is malformed or holds too much");
    }
    return DBK_OK;
}

dbk_rc dbk_unpack(dbk_packer *p, dbk_bytes *out, dbk_span packed, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(packed);
    uint8_t encoding = dbk_wire_get_u8(&w);
    uint32_t len = dbk_wire_get_u32(&w);
    dbk_span data = dbk_wire_get_span(&w, len);
    if (w.failed || len > DBK_SEAL_PLAIN_BYTES_MAX || packed.len != dbk_pack_size(len))
        return dbk_fail(err, DBK_FORMAT, "an op's padding is malformed");
    for (size_t i = 0; i < w.left.len; i++) {
        if (w.left.p[i] != 0)
            return dbk_fail(err, DBK_FORMAT, "an op's padding is malformed");
    }
    switch (encoding) {
    case STORED:
        return dbk_bytes_append(out, data, err);
    case ZSTD:
        return decompress(p, out, data, NULL, err);
    case ZSTD_NOTES_1:
        return decompress(p, out, data, p->ddict, err);
    default:
        return dbk_fail(err, DBK_VERSION, "an op in encoding %u", encoding);
    }
}
