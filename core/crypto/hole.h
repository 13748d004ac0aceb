/* core/crypto/hole.h - what is kept of a segment's body when ops were erased from it. A frame's
 * place is held by its leaf hash, so the op root, the author's signature, the feed's chain and the
 * log's tree hold as before; nothing of what was sealed is left.
 * Never:  whether an op may be missing. Only an order in the membership chain says so: whoever
 * takes a kept body compares its holes with that (docs/decisions/0031).
 *
 * Kept body, big-endian:
 *   offset size
 *        0    8  holes: bit i for op i; not zero, none beyond the last op
 *        8       for each op, in order: its whole frame, or, where it is a hole,
 *                  the frame's length (u32, >= 6) || its leaf hash (32)
 * The lengths of frames, erased ones too, add up to the header's body length. */
#ifndef DBK_CRYPTO_HOLE_H
#define DBK_CRYPTO_HOLE_H

#include "core/crypto/segment.h"

#define DBK_HOLE_BYTES (4u + DBK_HASH_BYTES)
/* Frames as large as they get, and all the others holes. */
#define DBK_KEPT_BYTES_MAX (8u + DBK_SEGMENT_BODY_BYTES_MAX + DBK_SEGMENT_OPS_MAX * DBK_HOLE_BYTES)

/* A segment as it is stored and sent. */
typedef struct dbk_sealed {
    dbk_span header, body;
    bool kept; /* the body is a kept one */
} dbk_sealed;

/* A body, whole or not. Spans are borrowed from it. */
typedef struct dbk_kept {
    uint64_t holes; /* 0: it is whole */
    size_t count;
    dbk_frame frames[DBK_SEGMENT_OPS_MAX]; /* of a hole all zero */
    uint32_t lengths[DBK_SEGMENT_OPS_MAX]; /* of whole frames, as they were */
    dbk_hash leaves[DBK_SEGMENT_OPS_MAX];
} dbk_kept;
/* All of a segment's ops: bit i for op i. */
static inline uint64_t dbk_segment_ops(const dbk_header *h)
{
    return h->count == DBK_SEGMENT_OPS_MAX ? UINT64_MAX : (UINT64_C(1) << h->count) - 1;
}
static inline bool dbk_kept_is_hole(const dbk_kept *kept, size_t i)
{
    return (kept->holes >> i & 1) != 0;
}

/* By where it was found a whole body or a kept one: strict, and compared with the header's op root.
 * DBK_FORMAT; DBK_AUTH: it isn't what was signed. *out is zeroed on failure. */
DBK_MUST_CHECK dbk_rc dbk_kept_read(dbk_kept *out, const dbk_header *h, dbk_span body, bool kept,
                                    dbk_err *err);
/* The same of what was compared before it was stored: framing only, which hashes nothing. The
 * result has no leaves, but of holes, and can't be encoded. */
DBK_MUST_CHECK dbk_rc dbk_kept_split(dbk_kept *out, const dbk_header *h, dbk_span body, bool kept,
                                     dbk_err *err);
/* These ops are holes from now on; those that are already stay. The bytes that they were borrowed
 * from aren't touched: the caller overwrites what it stored. */
void dbk_kept_erase(dbk_kept *kept, uint64_t holes);
/* These holes get their frames from another reading of the same segment, where they are whole. */
void dbk_kept_fill(dbk_kept *kept, const dbk_kept *from, uint64_t holes);
/* The whole of it for one segment, which is compared with what was signed first. *erased: those of
 * the ops that weren't holes before; 0: the segment stays as it is. Else its body is in room, from
 * the beginning, and a kept one. */
DBK_MUST_CHECK dbk_rc dbk_sealed_erase(dbk_sealed *segment, uint64_t *erased, dbk_bytes *room,
                                       const dbk_header *h, uint64_t ops, dbk_err *err);
/* Appends the body: a kept one where there is a hole, else the frames. */
DBK_MUST_CHECK dbk_rc dbk_kept_body(dbk_bytes *out, const dbk_kept *kept, dbk_err *err);
/* Appends the kept body; there must be a hole. */
DBK_MUST_CHECK dbk_rc dbk_kept_encode(dbk_bytes *out, const dbk_kept *kept, dbk_err *err);

#endif
