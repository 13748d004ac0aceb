/* core/store/segments.h - rows of sealed segments, kept as they were received: the evidence. */
#ifndef DBK_STORE_SEGMENTS_H
#define DBK_STORE_SEGMENTS_H

#include "core/base/id.h"
#include "core/store/store.h"

typedef enum dbk_segment_status {
    DBK_SEGMENT_MERGED = 0, /* its ops are in the records */
    DBK_SEGMENT_PENDING = 1 /* verified, but can't be opened or merged yet */
} dbk_segment_status;

/* Where the relay's log holds a segment. */
typedef struct dbk_store_place {
    bool known; /* false: no receipt yet, and the rest is zero */
    uint64_t index;
    uint64_t receipt_ms;
} dbk_store_place;

typedef struct dbk_store_segment {
    dbk_rowid id; /* filled by add */
    dbk_rowid space, feed;
    uint64_t first_seq;
    uint32_t count;
    dbk_store_place log;
    dbk_span receipt; /* the relay's signature, for own segments that were pushed; or empty */
    dbk_segment_status status;
    dbk_span reason; /* why it is pending, or what is wrong with what is merged; or empty. Read:
                        ended by a zero byte too */
    dbk_span header, body;
    bool kept; /* ops were erased from the body: core/crypto/hole.h */
} dbk_store_segment;

/* DBK_CONFLICT: the feed has a segment with this first seq, or the log one with this index. */
DBK_MUST_CHECK dbk_rc dbk_segments_add(dbk_store *store, dbk_store_segment *row, dbk_err *err);
/* The relay has it: sets its place and, if not empty, the receipt. */
DBK_MUST_CHECK dbk_rc dbk_segments_set_log(dbk_store *store, dbk_rowid id,
                                           const dbk_store_place *place, dbk_span receipt,
                                           dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_segments_set_status(dbk_store *store, dbk_rowid id,
                                              dbk_segment_status status, dbk_span reason,
                                              dbk_err *err);

/* Ops were erased from it, or came back: the body that is held of it from now on, and whether that
 * is a kept one (core/crypto/hole.h). */
DBK_MUST_CHECK dbk_rc dbk_segments_put_body(dbk_store *store, dbk_rowid id, dbk_span body,
                                            bool kept, dbk_err *err);

/* Those of a space that are bare (core/journal/snapshot.h). Reads all of the space's rows. */
typedef struct dbk_store_bare {
    uint64_t count;
    uint64_t first,
        end; /* places in the log: of the first, and behind the last; 0, 0: none known */
} dbk_store_bare;
DBK_MUST_CHECK dbk_rc dbk_segments_bare(dbk_store *store, dbk_store_bare *out, dbk_rowid space,
                                        dbk_err *err);

/* Takes the row away: only for what was written again elsewhere (core/journal/reissue.h). Its ops'
 * rows must be gone. */
DBK_MUST_CHECK dbk_rc dbk_segments_del(dbk_store *store, dbk_rowid id, dbk_err *err);

typedef dbk_rc (*dbk_store_segment_fn)(void *ctx, const dbk_store_segment *row, dbk_err *err);
/* Calls fn once. DBK_NOT_FOUND. */
DBK_MUST_CHECK dbk_rc dbk_segments_get(dbk_store *store, dbk_rowid id, dbk_store_segment_fn fn,
                                       void *ctx, dbk_err *err);
/* The segment of the feed that holds this seq: fn is called once. DBK_NOT_FOUND. */
DBK_MUST_CHECK dbk_rc dbk_segments_at(dbk_store *store, dbk_rowid feed, uint64_t seq,
                                      dbk_store_segment_fn fn, void *ctx, dbk_err *err);
/* The same, without the bytes: cheap. */
typedef struct dbk_store_segment_place {
    dbk_rowid id;
    uint64_t first_seq;
    uint32_t count;
    dbk_store_place log;
    dbk_segment_status status;
} dbk_store_segment_place;
DBK_MUST_CHECK dbk_rc dbk_segments_place(dbk_store *store, dbk_store_segment_place *out,
                                         dbk_rowid feed, uint64_t seq, dbk_err *err);
/* Segments of one feed from the one that holds from_seq on, in order. limit 0: all. */
DBK_MUST_CHECK dbk_rc dbk_segments_of_feed(dbk_store *store, dbk_rowid feed, uint64_t from_seq,
                                           uint64_t limit, dbk_store_segment_fn fn, void *ctx,
                                           dbk_err *err);
/* All of a space, feed by feed, each feed's in order: not as their rows lie, since one that stood
 * aside has an older row than what it follows (dbk_segments_adopt). */
DBK_MUST_CHECK dbk_rc dbk_segments_of_space(dbk_store *store, dbk_rowid space,
                                            dbk_store_segment_fn fn, void *ctx, dbk_err *err);
/* Those that stand in the log at index `from` or later, by index. */
DBK_MUST_CHECK dbk_rc dbk_segments_by_log(dbk_store *store, dbk_rowid space, uint64_t from,
                                          dbk_store_segment_fn fn, void *ctx, dbk_err *err);
/* Feeds of others of which segments have no place in the log, and how many. Cheap: nothing of the
 * segments is read. */
typedef dbk_rc (*dbk_placeless_fn)(void *ctx, dbk_rowid feed, uint64_t segments, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_segments_placeless_feeds(dbk_store *store, dbk_rowid space,
                                                   dbk_placeless_fn fn, void *ctx, dbk_err *err);
/* Those of a feed, from the skip-th on, in its order. */
DBK_MUST_CHECK dbk_rc dbk_segments_placeless(dbk_store *store, dbk_rowid feed, uint64_t skip,
                                             dbk_store_segment_fn fn, void *ctx, dbk_err *err);
/* Those of a space that are pending, in the order of their rows. */
DBK_MUST_CHECK dbk_rc dbk_segments_pending(dbk_store *store, dbk_rowid space,
                                           dbk_store_segment_fn fn, void *ctx, dbk_err *err);

/* Those of a space that are merged and keep a reason, in the order of their rows. Cheap. */
DBK_MUST_CHECK dbk_rc dbk_segments_noted(dbk_store *store, dbk_rowid space, dbk_store_segment_fn fn,
                                         void *ctx, dbk_err *err);

typedef struct dbk_segment_totals {
    uint64_t segments;
    uint64_t ops;     /* in the feeds of devices */
    uint64_t pending; /* segments */
} dbk_segment_totals;
DBK_MUST_CHECK dbk_rc dbk_segments_count(dbk_store *store, dbk_segment_totals *out, dbk_rowid space,
                                         dbk_err *err);

#endif
