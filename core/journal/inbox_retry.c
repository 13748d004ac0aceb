#include <string.h>

#include "core/journal/absent.h"
#include "core/journal/feed.h"
#include "core/journal/quarantine_internal.h"
#include "core/journal/recovered.h"
#include "core/store/rows_query.h"

/* Segments tried in one transaction: it bounds the write-ahead log and what a failure undoes. */
#define RETRY_SEGMENTS 512u

/* Pending ones stand at the feed's end, so halving finds it. */
dbk_rc dbk_inbox_first_pending(dbk_book *book, uint64_t *seq, const dbk_book_feed *feed,
                               dbk_err *err)
{
    dbk_store_segment_place place;
    uint64_t lo = 1, hi = feed->now.last_seq;
    *seq = 0;
    if (hi == 0)
        return DBK_OK;
    dbk_rc rc = dbk_segments_place(book->store, &place, feed->row, hi, err);
    if (rc != DBK_OK || place.status != DBK_SEGMENT_PENDING)
        return rc;
    hi = place.first_seq;
    while (lo < hi && rc == DBK_OK) {
        uint64_t middle = lo + (hi - lo) / 2;
        rc = dbk_segments_place(book->store, &place, feed->row, middle, err);
        if (rc == DBK_OK && place.status == DBK_SEGMENT_PENDING)
            hi = place.first_seq;
        else if (rc == DBK_OK)
            lo = place.first_seq + place.count;
    }
    *seq = hi;
    return rc;
}

typedef struct feed_walk {
    dbk_taker *t;
    const dbk_book_feed *feed;
    uint64_t next_seq; /* of the segment to try next */
    uint64_t limit;    /* how many of them in this transaction */
    bool blocked;      /* it can't be merged yet, so the rest waits too */
} feed_walk;

static dbk_rc try_segment(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    feed_walk *w = ctx;
    dbk_store *store = w->t->book->store;
    const char *reason = NULL;
    if (w->blocked)
        return DBK_OK;
    dbk_rc rc = dbk_taker_merge(w->t, &reason, w->feed, row, err);
    if (rc != DBK_OK)
        return rc;
    w->blocked = reason != NULL && !dbk_inbox_is_spoiled(reason);
    w->next_seq = row->first_seq + row->count;
    dbk_span why = reason == NULL ? (dbk_span){ NULL, 0 } : dbk_span_str(reason);
    /* What this device sealed for others needn't be said to wait for a key. */
    if (w->blocked && (dbk_span_equal(why, row->reason) ||
                       dbk_span_equal(row->reason, dbk_span_str(DBK_FEED_CLOSED))))
        return DBK_OK;
    return dbk_segments_set_status(store, row->id,
                                   w->blocked ? DBK_SEGMENT_PENDING : DBK_SEGMENT_MERGED, why, err);
}

/* Merges the feed's pending segments until one has to wait on. */
static dbk_rc retry_feed(dbk_taker *t, const dbk_book_feed *feed, dbk_err *err)
{
    feed_walk w = { t, feed, 0, 1, false }; /* the first one tells whether it's worth reading on */
    dbk_rc rc = dbk_inbox_first_pending(t->book, &w.next_seq, feed, err);
    if (rc != DBK_OK || w.next_seq == 0)
        return rc;
    while (rc == DBK_OK && !w.blocked && w.next_seq <= feed->now.last_seq) {
        rc = dbk_book_begin(t->book, err);
        if (rc == DBK_OK)
            rc = dbk_segments_of_feed(t->book->store, feed->row, w.next_seq, w.limit, try_segment,
                                      &w, err);
        w.limit = RETRY_SEGMENTS;
        if (rc == DBK_OK)
            rc = dbk_book_commit(t->book, err);
        if (rc != DBK_OK)
            dbk_book_rollback(t->book);
    }
    return rc;
}

/* Merges what the space's feeds have pending, as far as it goes. */
static dbk_rc retry_feeds(dbk_taker *t, const dbk_book_space *space, dbk_err *err)
{
    const dbk_tables *tables = &t->book->tables;
    dbk_rc rc = DBK_OK;
    /* Merging adds no feeds. */
    for (size_t i = 0; i < tables->feeds_count && rc == DBK_OK; i++) {
        const dbk_book_feed *feed = tables->feeds[i];
        if (!dbk_inbox_is_aside(feed) && feed->space == space)
            rc = retry_feed(t, feed, err);
    }
    return rc;
}

/* What was cut off after this device had taken it goes out again: whether log or chain came first
 * must make no difference (A24). */
static dbk_rc evict_late(dbk_book *book, const dbk_book_space *space, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < book->tables.feeds_count && rc == DBK_OK; i++) {
        dbk_book_feed *feed = book->tables.feeds[i];
        uint64_t seq = 0;
        if (feed->own || dbk_inbox_is_aside(feed) || feed->space != space)
            continue;
        bool ready = false;
        rc = dbk_evict_late_seq(book, &seq, feed, err);
        if (rc == DBK_OK && seq != 0)
            rc = dbk_evict_ready(book, &ready, feed, seq, err);
        if (rc != DBK_OK || !ready)
            continue;
        rc = dbk_book_begin(book, err);
        if (rc == DBK_OK)
            rc = dbk_evict_run(book, feed, seq, DBK_WAIT_LATE, err);
        if (rc == DBK_OK)
            rc = dbk_book_commit(book, err);
        if (rc != DBK_OK)
            dbk_book_rollback(book);
    }
    return rc;
}

dbk_rc dbk_inbox_settle(dbk_book *book, dbk_err *err)
{
    dbk_rc rc = dbk_recovered_settle(book, err);
    for (size_t i = 0; i < book->tables.spaces_count && rc == DBK_OK; i++) {
        const dbk_book_space *space = book->tables.spaces[i];
        dbk_absent absent;
        rc = dbk_absent_get(book, &absent, &space->space, err);
        if (rc == DBK_OK && !absent.any)
            rc = evict_late(book, space, err);
    }
    return rc;
}

dbk_rc dbk_inbox_retry(dbk_book *book, const dbk_id *space, dbk_inbox_stats *stats, dbk_err *err)
{
    dbk_taker t;
    const dbk_book_space *home = dbk_tables_space(&book->tables, space);
    uint64_t moved = 0;
    uint64_t ops;
    bool any = false;
    dbk_absent absent;
    if (home == NULL)
        return DBK_OK;
    dbk_rc rc = dbk_absent_get(book, &absent, space, err);
    if (rc != DBK_OK || absent.any)
        return rc; /* it is tried when that is here again */
    rc = evict_late(book, home, err);
    if (rc == DBK_OK)
        rc = dbk_segments_any_pending(book->store, &any, home->row, err);
    if (rc != DBK_OK || !any)
        return rc;
    dbk_taker_init(&t, book, stats);
    /* What was merged may let in more: a decision, or its author's earlier notes. Each time round
     * something finds its place or is merged, so there is an end. */
    do {
        ops = stats->ops;
        rc = dbk_inbox_judge_aside(book, &moved, home, err);
        if (rc == DBK_OK)
            rc = retry_feeds(&t, home, err);
    } while (rc == DBK_OK && (moved > 0 || stats->ops != ops));
    dbk_taker_sum(&t);
    dbk_taker_wipe(&t);
    return rc;
}
