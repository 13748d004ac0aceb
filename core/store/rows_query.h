/* core/store/rows_query.h - rows that only the receive path, verify and history ask for. */
#ifndef DBK_STORE_ROWS_QUERY_H
#define DBK_STORE_ROWS_QUERY_H

#include "core/store/records.h"
#include "core/store/segments.h"

/* Is there this row of an op? */
DBK_MUST_CHECK dbk_rc dbk_ops_has(dbk_store *store, bool *yes, const dbk_store_op *row,
                                  dbk_err *err);
/* Of a space: how many rows of ops there are. */
DBK_MUST_CHECK dbk_rc dbk_ops_count(dbk_store *store, uint64_t *count, dbk_rowid space,
                                    dbk_err *err);

/* Ops of a feed on records of the log of use, in segments that begin at `from` or after it. */
typedef struct dbk_ops_of_log {
    dbk_rowid feed;
    uint64_t from;
} dbk_ops_of_log;
DBK_MUST_CHECK dbk_rc dbk_ops_count_of_log(dbk_store *store, uint64_t *count,
                                           const dbk_ops_of_log *of, dbk_err *err);

/* The newest change that this device made to a record, else the newest that anyone made: where does
 * the relay's log hold it? Its time is left out. */
DBK_MUST_CHECK dbk_rc dbk_records_place(dbk_store *store, dbk_store_place *out, dbk_rowid record,
                                        dbk_err *err);

/* Records, without states, that happened or were last changed by then, whichever is earlier; not
 * those of but_form. */
typedef struct dbk_records_until {
    int64_t until_ms;
    const char *but_form;
} dbk_records_until;
DBK_MUST_CHECK dbk_rc dbk_records_each_until(dbk_store *store, const dbk_records_until *ask,
                                             dbk_store_record_fn fn, void *ctx, dbk_err *err);

/* Records, without states, whichever was changed last first: all, or those that were changed since
 * by at least so many ops. The others aren't read. */
typedef struct dbk_records_changed {
    uint64_t since_ms;
    uint32_t ops_min;
    bool logs_only; /* of the log of use; then ops_min isn't asked */
} dbk_records_changed;
DBK_MUST_CHECK dbk_rc dbk_records_latest(dbk_store *store, const dbk_records_changed *ask,
                                         dbk_store_record_fn fn, void *ctx, dbk_err *err);

/* Numbers for `status` that indexes alone can tell: no segment is read. pending: of other feeds
 * than `aside` (0: none such). reason: of the first one that waits. */
typedef struct dbk_segment_tally {
    uint64_t segments, pending;
} dbk_segment_tally;
DBK_MUST_CHECK dbk_rc dbk_segments_tally(dbk_store *store, dbk_segment_tally *out,
                                         dbk_bytes *reason, dbk_rowid space, dbk_rowid aside,
                                         dbk_err *err);
/* When the relay received the newest entry of the space's log that is held here; 0: none. Cheap. */
DBK_MUST_CHECK dbk_rc dbk_segments_newest_receipt(dbk_store *store, uint64_t *ms, dbk_rowid space,
                                                  dbk_err *err);
/* Does anything of the space wait? Cheap. */
DBK_MUST_CHECK dbk_rc dbk_segments_any_pending(dbk_store *store, bool *yes, dbk_rowid space,
                                               dbk_err *err);
/* Gives a segment another feed and the place in it that its header says. DBK_CONFLICT: the feed
 * has a segment there. */
typedef struct dbk_segment_home {
    dbk_rowid feed;
    uint64_t first_seq;
    uint32_t count;
} dbk_segment_home;
DBK_MUST_CHECK dbk_rc dbk_segments_adopt(dbk_store *store, dbk_rowid id,
                                         const dbk_segment_home *home, dbk_err *err);

/* What a space's log holds at index from .. from + count - 1, by index: headers only. */
typedef struct dbk_segment_span {
    dbk_rowid space;
    uint64_t from, count;
} dbk_segment_span;
typedef dbk_rc (*dbk_store_leaf_fn)(void *ctx, uint64_t index, uint64_t receipt_ms, dbk_span header,
                                    dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_segments_leaves(dbk_store *store, const dbk_segment_span *range,
                                          dbk_store_leaf_fn fn, void *ctx, dbk_err *err);

#endif
