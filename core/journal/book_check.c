/* A book against itself, from the stored bytes up: for tests. */
#include "core/crypto/hole.h"
#include "core/journal/absent.h"
#include "core/journal/cosigned_internal.h"
#include "core/journal/feed.h"
#include "core/journal/fold.h"
#include "core/journal/snapshot.h"
#include "core/store/chain.h"
#include "core/store/segments.h"

static dbk_rc check_chain(dbk_book *book, dbk_err *err)
{
    uint64_t count = 0;
    dbk_hash hash;
    dbk_rc rc = dbk_chain_count(book->store, &count, err);
    if (rc != DBK_OK)
        return rc;
    DBK_ASSERT(count == book->chain_count);
    DBK_ASSERT((book->roster == NULL) == (count == 0));
    if (book->roster == NULL)
        return DBK_OK;
    dbk_roster_check_deep(book->roster);
    DBK_ASSERT(dbk_roster_count(book->roster) == count);
    rc = dbk_chain_hash(book->store, &hash, count - 1, err);
    if (rc != DBK_OK)
        return rc;
    dbk_hash head = dbk_roster_head(book->roster);
    DBK_ASSERT(dbk_hash_equal(&hash, &head));
    DBK_ASSERT(dbk_hash_equal(&hash, &book->chain_hashes[count - 1]));
    return DBK_OK;
}

/* ---- feeds --------------------------------------------------------------------------------- */

typedef struct feed_walk {
    const dbk_book *book;
    const dbk_book_feed *feed;
    bool lacks; /* what a backup left out */
    uint64_t last_seq;
    dbk_hash head;
} feed_walk;

static dbk_rc check_segment(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    feed_walk *w = ctx;
    dbk_header h;
    dbk_kept kept;
    dbk_rc rc = dbk_header_decode(&h, row->header, err);
    kept.holes = 0;
    if (rc == DBK_OK && !dbk_segment_is_bare(row))
        rc = dbk_kept_read(&kept, &h, row->body, row->kept, err);
    if (rc != DBK_OK)
        return rc;
    DBK_ASSERT(dbk_absent_ops(w->book, &h, &kept) == 0 || w->lacks);
    DBK_ASSERT(row->feed == w->feed->row);
    DBK_ASSERT(row->space == w->feed->space->row);
    DBK_ASSERT(dbk_id_equal(&h.feed, &w->feed->feed));
    DBK_ASSERT(dbk_id_equal(&h.space, &w->feed->space->space));
    DBK_ASSERT(dbk_id_equal(&h.incarnation, &w->feed->incarnation));
    DBK_ASSERT(h.first_seq == w->last_seq + 1);
    DBK_ASSERT(row->first_seq == h.first_seq);
    DBK_ASSERT(row->count == h.count);
    DBK_ASSERT(dbk_hash_equal(&h.prev, &w->head));
    DBK_ASSERT(row->status == DBK_SEGMENT_MERGED || row->reason.len > 0);
    if (w->feed->own) {
        const dbk_secret *key = dbk_keyring_find(w->book->keyring, &h.space, &h.key_id);
        /* What came back from the relay after a restore may have to wait, as others' may. */
        DBK_ASSERT(key != NULL || row->status == DBK_SEGMENT_PENDING);
        DBK_ASSERT(row->status == DBK_SEGMENT_MERGED || row->log.known ||
                   dbk_span_equal(row->reason, dbk_span_str(DBK_FEED_CLOSED)));
        rc = dbk_header_verify(&h, &w->book->own.keys.sign, err);
    }
    w->last_seq = dbk_header_last_seq(&h);
    w->head = dbk_header_hash(&h);
    /* What the relay has signed for stands in its log. */
    DBK_ASSERT(w->last_seq > w->feed->now.receipted_seq || row->log.known);
    return rc;
}

static dbk_rc check_feed(dbk_book *book, const dbk_book_feed *feed, dbk_err *err)
{
    feed_walk w = { .book = book, .feed = feed };
    dbk_absent absent;
    if (dbk_id_is_zero(&feed->device))
        return DBK_OK; /* segments that stand aside chain to nothing */
    dbk_rc rc = dbk_absent_get(book, &absent, &feed->space->space, err);
    if (rc != DBK_OK)
        return rc;
    w.lacks = absent.any;
    dbk_id id = dbk_feed_id(&feed->device, &feed->space->space, &feed->incarnation);
    DBK_ASSERT(dbk_id_equal(&id, &feed->feed));
    /* Of other incarnations of this device, which another store wrote, it is not the owner. */
    DBK_ASSERT(!feed->own || dbk_id_equal(&feed->device, &book->own.device));
    rc = dbk_segments_of_feed(book->store, feed->row, 1, 0, check_segment, &w, err);
    if (rc != DBK_OK)
        return rc;
    DBK_ASSERT(w.last_seq == feed->now.last_seq);
    DBK_ASSERT(dbk_hash_equal(&w.head, &feed->now.head));
    return DBK_OK;
}

/* ---- records ------------------------------------------------------------------------------- */

typedef struct record_walk {
    dbk_book *book;
    dbk_id before;
    bool first;
    uint64_t ops; /* of the record at hand */
} record_walk;

static dbk_rc check_op_segment(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    const dbk_store_op *op = ctx;
    (void)err;
    DBK_ASSERT(op->place < row->count);
    return DBK_OK;
}

static dbk_rc check_op(void *ctx, const dbk_store_op *op, dbk_err *err)
{
    record_walk *w = ctx;
    dbk_store_op copy = *op;
    w->ops++;
    return dbk_segments_get(w->book->store, op->segment, check_op_segment, &copy, err);
}

static dbk_rc check_record(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    record_walk *w = ctx;
    DBK_ASSERT(w->first || dbk_id_compare(&w->before, &row->record) < 0);
    w->before = row->record;
    w->first = false;
    w->ops = 0;
    dbk_rc rc = dbk_fold_check_deep(w->book, row, err);
    if (rc == DBK_OK)
        rc = dbk_ops_of_record(w->book->store, row->id, check_op, w, err);
    if (rc == DBK_OK)
        DBK_ASSERT(w->ops > 0);
    return rc;
}

static dbk_rc see_clock(void *ctx, const dbk_store_feed *row, dbk_err *err)
{
    dbk_book *again = ctx;
    (void)err;
    if (row->clock > again->tables.clock)
        again->tables.clock = row->clock;
    return DBK_OK;
}

/* What the next opening will find. */
static dbk_rc check_clock(const dbk_book *book, dbk_err *err)
{
    dbk_book again = { .store = book->store };
    dbk_rc rc = dbk_feeds_each(book->store, see_clock, &again, err);
    if (rc == DBK_OK)
        rc = dbk_book_load_clock(&again, err);
    if (rc == DBK_OK) {
        DBK_ASSERT(again.clock == book->clock);
        DBK_ASSERT(book->clock == book->clock_kept);
    }
    return rc;
}

dbk_rc dbk_book_check_deep(dbk_book *book, dbk_err *err)
{
    DBK_ASSERT(!book->broken);
    DBK_ASSERT(!dbk_store_in_transaction(book->store));
    dbk_rc rc = check_chain(book, err);
    if (rc == DBK_OK)
        rc = check_clock(book, err);
    if (rc == DBK_OK)
        rc = dbk_tables_check_deep(&book->tables, book->store, err);
    for (size_t i = 0; rc == DBK_OK && i < book->tables.feeds_count; i++)
        rc = check_feed(book, book->tables.feeds[i], err);
    for (size_t i = 0; rc == DBK_OK && i < book->tables.spaces_count; i++) {
        bool good = false;
        rc = dbk_cosigned_verify(book, &good, book->tables.spaces[i], err);
        DBK_ASSERT(rc != DBK_OK || good);
    }
    for (size_t i = 0; rc == DBK_OK && i < book->tables.spaces_count; i++) {
        record_walk w = { .book = book, .first = true };
        rc = dbk_records_of_space(book->store, book->tables.spaces[i]->row, check_record, &w, err);
    }
    return rc;
}
