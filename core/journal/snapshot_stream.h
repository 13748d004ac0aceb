/* core/journal/snapshot_stream.h - a snapshot's plaintext, item by item. Pure.
 * item = length of what follows (u32) || kind (u8) || content, big-endian:
 *   1  segment: fate (u8) || 1 if its body is a kept one, else 0 || 0 || receipt ms (u64) ||
 *      header (300) || body, only where the fate is to wait or to stand aside. In a segment that
 *      doesn't stand aside the header's `prev` is zero: it is the hash of the one before it
 *   2  record: id (16) || length of the state (u32) || canonical state || for each op of it, by log
 *      index and place: index (u32) || place (u8)
 *   3  end: segments (u64) || records (u64)
 * Segments first, by log index from 0; then records, ascending; then the end, and nothing more.
 * There is one way to say a thing: what a reader takes, a writer would write. */
#ifndef DBK_JOURNAL_SNAPSHOT_STREAM_H
#define DBK_JOURNAL_SNAPSHOT_STREAM_H

#include "core/crypto/hole.h"
#include "core/model/state.h"

typedef enum dbk_snap_fate {
    DBK_SNAP_MERGED = 0,
    DBK_SNAP_POISON = 1, /* merged, with what is wrong with it: inbox_internal.h */
    DBK_SNAP_MISFIT = 2,
    DBK_SNAP_TWO_FORMS = 3,
    DBK_SNAP_WAITS = 4, /* in its feed */
    DBK_SNAP_ASIDE = 5
} dbk_snap_fate;

typedef struct dbk_snap_segment {
    dbk_snap_fate fate;
    bool kept;
    uint64_t receipt_ms;
    dbk_span header, body;
} dbk_snap_segment;

/* A header that lacks its `prev`, which decodes only when that is there: whose it says it is, and
 * with what it follows. */
typedef struct dbk_snap_author {
    dbk_id space, feed, incarnation;
} dbk_snap_author;
dbk_snap_author dbk_snap_header_author(const uint8_t header[DBK_SEGMENT_HEADER_BYTES]);
void dbk_snap_header_link(uint8_t header[DBK_SEGMENT_HEADER_BYTES], const dbk_hash *prev);

typedef struct dbk_snap_op {
    uint32_t index; /* of its segment in the log */
    uint8_t place;
} dbk_snap_op;
#define DBK_SNAP_OP_BYTES 5u
#define DBK_SNAP_OPS_MAX (1u << 20) /* of one record */
typedef struct dbk_snap_record {
    dbk_id record;
    dbk_span state;
    dbk_span ops; /* as they stand; dbk_snap_op_at() */
} dbk_snap_record;
static inline size_t dbk_snap_ops(const dbk_snap_record *r)
{
    return r->ops.len / DBK_SNAP_OP_BYTES;
}
dbk_snap_op dbk_snap_op_at(const dbk_snap_record *r, size_t i);
DBK_MUST_CHECK dbk_rc dbk_snap_put_op(dbk_bytes *ops, const dbk_snap_op *op, dbk_err *err);

/* Each appends one item. */
#define DBK_SNAP_ITEM_BYTES_MAX (DBK_STATE_BYTES_MAX + DBK_SNAP_OPS_MAX * DBK_SNAP_OP_BYTES + 64u)
DBK_MUST_CHECK dbk_rc dbk_snap_put_segment(dbk_bytes *out, const dbk_snap_segment *s, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_snap_put_record(dbk_bytes *out, const dbk_snap_record *r, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_snap_put_end(dbk_bytes *out, uint64_t segments, uint64_t records,
                                       dbk_err *err);

typedef struct dbk_snap_sink {
    dbk_rc (*segment)(void *ctx, const dbk_snap_segment *s, dbk_err *err);
    dbk_rc (*record)(void *ctx, const dbk_snap_record *r, dbk_err *err);
    void *ctx;
} dbk_snap_sink;
/* Reads what comes in parts of any length. { 0 } with a sink; wipe it. */
typedef struct dbk_snap_reader {
    const dbk_snap_sink *sink; /* borrowed */
    dbk_bytes held;            /* the beginning of an item */
    uint64_t segments, records;
    dbk_id last; /* record */
    bool ended;
} dbk_snap_reader;
void dbk_snap_reader_init(dbk_snap_reader *r, const dbk_snap_sink *sink);
void dbk_snap_reader_wipe(dbk_snap_reader *r);
/* DBK_FORMAT; or what the sink said. */
DBK_MUST_CHECK dbk_rc dbk_snap_read(dbk_snap_reader *r, dbk_span part, dbk_err *err);
/* DBK_FORMAT unless the last part was the end. */
DBK_MUST_CHECK dbk_rc dbk_snap_read_end(const dbk_snap_reader *r, dbk_err *err);

#endif
