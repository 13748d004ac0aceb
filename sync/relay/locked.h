/* sync/relay/locked.h - a segment's body without its openers, as a backup holds it, and the openers
 * by themselves, as the opener book does (decision 0037). Either without the other opens nothing,
 * whoever holds the space's key; together they are the body that was signed, to the last bit.
 * Never:  which ops may be missing: the caller says what the chain orders erased.
 *
 * Locked body, big-endian:
 *   offset size
 *        0    8  holes: bit i for op i that was erased already; none beyond the last op
 *        8       for each op, in order: of a hole the frame's length (u32, >= 6) || its leaf hash
 *                  (32); else key tag (u8) || length of what was sealed (u32, >= 1) || leaf hash
 *                  (32) || what was sealed, without its opener
 * The leaf hashes add up to the header's op root: a locked body is checked without its openers, and
 * one whose opener is gone for good becomes a hole.
 *
 * Openers of a segment:
 *        0    1  op count, 1..64
 *        1       for each op, in order: length (u16) || opener; 0: forgotten */
#ifndef DBK_RELAY_LOCKED_H
#define DBK_RELAY_LOCKED_H

#include "core/crypto/hole.h"

#define DBK_LOCKED_BYTES_MAX DBK_KEPT_BYTES_MAX
/* An opener may be all of a frame (dbk_frame_opener). */
#define DBK_OPENERS_BYTES_MAX (2u + DBK_SEGMENT_BODY_BYTES_MAX)

/* Borrowed. */
typedef struct dbk_openers {
    size_t count;
    dbk_span of[DBK_SEGMENT_OPS_MAX]; /* empty: forgotten */
} dbk_openers;
/* DBK_FORMAT. */
DBK_MUST_CHECK dbk_rc dbk_openers_decode(dbk_openers *out, dbk_span in, dbk_err *err);
/* Appends. */
DBK_MUST_CHECK dbk_rc dbk_openers_encode(dbk_bytes *out, const dbk_openers *openers, dbk_err *err);
/* bit i for op i. */
void dbk_openers_forget(dbk_openers *openers, uint64_t ops);

/* Appends the locked body; the openers are borrowed from the segment. It was checked when it was
 * stored, and is checked again: DBK_FORMAT, DBK_AUTH. */
DBK_MUST_CHECK dbk_rc dbk_locked_make(dbk_bytes *out, dbk_openers *openers, const dbk_header *h,
                                      const dbk_sealed *segment, dbk_err *err);

/* Borrowed from the bytes that it was read from. */
typedef struct dbk_locked {
    uint64_t holes;
    size_t count;
    uint8_t key_tags[DBK_SEGMENT_OPS_MAX];
    uint32_t lengths[DBK_SEGMENT_OPS_MAX]; /* of whole frames */
    dbk_hash leaves[DBK_SEGMENT_OPS_MAX];
    dbk_span rest[DBK_SEGMENT_OPS_MAX]; /* what was sealed, without its opener */
} dbk_locked;
/* Strict, and compared with the header's op root. DBK_FORMAT; DBK_AUTH. */
DBK_MUST_CHECK dbk_rc dbk_locked_read(dbk_locked *out, const dbk_header *h, dbk_span in,
                                      dbk_err *err);

/* Appends the body as it was; what is ordered erased is a hole in it, also where its opener is at
 * hand. *kept: it has holes. *missing: ops that nobody ordered erased and whose opener isn't there,
 * or isn't the right one; then nothing is appended. */
DBK_MUST_CHECK dbk_rc dbk_locked_open(dbk_bytes *out, bool *kept, size_t *missing,
                                      const dbk_locked *locked, const dbk_openers *openers,
                                      uint64_t ordered, dbk_err *err);

#endif
