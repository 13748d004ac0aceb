/* core/store/feeds.h - rows of spaces (where this device stands in each log) and of feeds (the
 * vector). The book keeps all of them in memory too: core/journal/tables.h. */
#ifndef DBK_STORE_FEEDS_H
#define DBK_STORE_FEEDS_H

#include "core/base/id.h"
#include "core/store/store.h"

typedef struct dbk_store_space {
    dbk_rowid id; /* filled by add */
    dbk_id space;
    dbk_id log;          /* incarnation; zero before the first contact */
    dbk_span frontier;   /* dbk_frontier_encode(); empty: no entry applied */
    dbk_span checkpoint; /* the last verified note; empty: none */
} dbk_store_space;
DBK_MUST_CHECK dbk_rc dbk_spaces_add(dbk_store *store, dbk_store_space *row, dbk_err *err);
/* By id: log, frontier, checkpoint. */
DBK_MUST_CHECK dbk_rc dbk_spaces_update(dbk_store *store, const dbk_store_space *row, dbk_err *err);
typedef dbk_rc (*dbk_store_space_fn)(void *ctx, const dbk_store_space *row, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_spaces_each(dbk_store *store, dbk_store_space_fn fn, void *ctx,
                                      dbk_err *err); /* by row id */

typedef struct dbk_store_feed {
    dbk_rowid id; /* filled by add */
    dbk_id feed;
    dbk_rowid space;
    dbk_id device, incarnation; /* device zero: made up, for segments that stand aside */
    bool own;                   /* written by this device */
    uint64_t last_seq;          /* of the newest segment held */
    dbk_hash head;              /* its header hash */
    uint64_t receipted_seq;     /* up to which the relay has signed, without a gap */
    uint64_t left_seq;          /* own: up to which it may have left this device */
    uint64_t clock;             /* the book's, when the row was written last */
} dbk_store_feed;
DBK_MUST_CHECK dbk_rc dbk_feeds_add(dbk_store *store, dbk_store_feed *row, dbk_err *err);
/* By id: last_seq, head, receipted_seq, left_seq, clock. */
DBK_MUST_CHECK dbk_rc dbk_feeds_update(dbk_store *store, const dbk_store_feed *row, dbk_err *err);
typedef dbk_rc (*dbk_store_feed_fn)(void *ctx, const dbk_store_feed *row, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_feeds_each(dbk_store *store, dbk_store_feed_fn fn, void *ctx,
                                     dbk_err *err); /* by row id */

#endif
