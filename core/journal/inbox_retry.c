#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/evidence.h"
#include "core/journal/feed.h"
#include "core/journal/inbox_internal.h"
#include "core/store/rows_query.h"

/* Segments tried in one transaction: it bounds the write-ahead log and what a failure undoes. */
#define RETRY_SEGMENTS 512u
#define ASIDE_BYTES_MAX (64u * 1024u * 1024u) /* of row ids */

/* The first pending segment of a feed. Pending ones stand at its end, so halving finds it. */
static dbk_rc first_pending(dbk_book *book, uint64_t *seq, const dbk_book_feed *feed, dbk_err *err)
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
    w->blocked = reason != NULL && strcmp(reason, DBK_POISON) != 0;
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
    dbk_rc rc = first_pending(t->book, &w.next_seq, feed, err);
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

/* Why a segment that stands aside must stay there, or NULL: it is the next of its feed. */
static const char *judge_aside(dbk_book *book, const dbk_member **author, const dbk_segment_in *in)
{
    const dbk_header *h = &in->header;
    const dbk_book_feed *feed = dbk_tables_feed(&book->tables, &h->feed);
    uint64_t last_seq = feed == NULL ? 0 : feed->now.last_seq;
    dbk_hash head = { { 0 } };
    uint64_t seen;
    if (feed != NULL)
        head = feed->now.head;
    *author = dbk_roster_feed_owner(book->roster, &h->space, &h->feed, &h->incarnation);
    if (*author == NULL)
        return dbk_book_chain_seq(book, &seen, &h->members_seen) ? DBK_WAIT_FORGED
                                                                 : DBK_WAIT_AUTHOR;
    const char *reason = dbk_inbox_may_write(book, *author, &h->space, &in->log);
    if (reason != NULL)
        return reason;
    if (dbk_header_verify(h, &(*author)->keys.sign, NULL) != DBK_OK ||
        dbk_body_check(h, in->body, NULL) != DBK_OK)
        return DBK_WAIT_FORGED;
    if (h->first_seq != last_seq + 1 || !dbk_hash_equal(&h->prev, &head) ||
        dbk_id_equal(&(*author)->device, &book->own.device))
        return DBK_WAIT_FORK;
    return NULL;
}

/* The segment leaves the aside feed and takes its place at the end of its own. It is merged
 * with whatever else the feed has pending. */
static dbk_rc adopt(dbk_book *book, const dbk_store_segment *row, const dbk_segment_in *in,
                    const dbk_member *author, dbk_err *err)
{
    const dbk_header *h = &in->header;
    dbk_book_space *space = dbk_tables_space(&book->tables, &h->space);
    dbk_book_feed *feed = NULL;
    dbk_new_feed new_feed = { h->feed, author->device, h->incarnation, false };
    DBK_ASSERT(space != NULL);
    dbk_rc rc = dbk_tables_need_feed(&book->tables, book->store, &feed, space, &new_feed, err);
    if (rc == DBK_OK)
        rc = dbk_segments_adopt(book->store, row->id,
                                &(dbk_segment_home){ feed->row, h->first_seq, h->count }, err);
    if (rc == DBK_OK)
        rc = dbk_segments_set_status(book->store, row->id, DBK_SEGMENT_PENDING,
                                     dbk_span_str(DBK_WAIT_EARLIER), err);
    if (rc != DBK_OK)
        return rc;
    dbk_feed_head_now *now = dbk_feed_touch(&book->tables, feed);
    now->last_seq = dbk_header_last_seq(h);
    now->head = in->hash;
    return DBK_OK;
}

static dbk_rc try_aside(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    dbk_book *book = ctx;
    const dbk_member *author = NULL;
    dbk_segment_in in = { .header_bytes = row->header, .body = row->body, .log = row->log };
    dbk_rc rc = dbk_inbox_stored_header(&in.header, row, err);
    if (rc != DBK_OK)
        return rc;
    in.hash = dbk_header_hash(&in.header);
    const char *reason = judge_aside(book, &author, &in);
    if (reason == NULL)
        return adopt(book, row, &in, author, err);
    if (dbk_span_equal(dbk_span_str(reason), row->reason))
        return DBK_OK;
    if (strcmp(reason, DBK_WAIT_FORK) == 0)
        rc = dbk_evidence_fork(book, row->header, err);
    if (rc != DBK_OK)
        return rc;
    return dbk_segments_set_status(book->store, row->id, DBK_SEGMENT_PENDING, dbk_span_str(reason),
                                   err);
}

static dbk_rc note_pending(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    dbk_bytes *ids = ctx;
    if (row->status != DBK_SEGMENT_PENDING)
        return DBK_OK;
    return dbk_bytes_append(ids, dbk_span_of(&row->id, sizeof(row->id)), err);
}

/* In the order in which they came, so that each feed's are in theirs. */
static dbk_rc retry_aside(dbk_book *book, const dbk_book_feed *aside, dbk_err *err)
{
    dbk_bytes ids = DBK_BYTES_INIT(ASIDE_BYTES_MAX);
    dbk_rc rc = dbk_segments_of_feed(book->store, aside->row, 1, 0, note_pending, &ids, err);
    if (rc == DBK_OK && ids.len > 0)
        rc = dbk_book_begin(book, err);
    for (size_t at = 0; at < ids.len && rc == DBK_OK; at += sizeof(dbk_rowid)) {
        dbk_rowid id;
        memcpy(&id, ids.p + at, sizeof(id));
        rc = dbk_segments_get(book->store, id, try_aside, book, err);
    }
    if (rc == DBK_OK && ids.len > 0)
        rc = dbk_book_commit(book, err);
    if (rc != DBK_OK)
        dbk_book_rollback(book);
    dbk_bytes_wipe(&ids);
    return rc;
}

dbk_rc dbk_inbox_retry(dbk_book *book, const dbk_id *space, dbk_inbox_stats *stats, dbk_err *err)
{
    dbk_taker t;
    dbk_id aside_id = dbk_inbox_aside_feed(space);
    const dbk_book_feed *aside = dbk_tables_feed(&book->tables, &aside_id);
    const dbk_book_space *home = dbk_tables_space(&book->tables, space);
    bool any = false;
    dbk_rc rc = DBK_OK;
    if (home != NULL)
        rc = dbk_segments_any_pending(book->store, &any, home->row, err);
    if (rc != DBK_OK || !any)
        return rc;
    dbk_taker_init(&t, book, stats);
    if (aside != NULL)
        rc = retry_aside(book, aside, err);
    /* Merging adds no feeds. */
    for (size_t i = 0; i < book->tables.feeds_count && rc == DBK_OK; i++) {
        const dbk_book_feed *feed = book->tables.feeds[i];
        if (!dbk_inbox_is_aside(feed) && dbk_id_equal(&feed->space->space, space))
            rc = retry_feed(&t, feed, err);
    }
    dbk_taker_sum(&t);
    dbk_taker_wipe(&t);
    return rc;
}
