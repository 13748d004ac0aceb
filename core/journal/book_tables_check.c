/* The vector in memory against its rows: for tests. */
#include <string.h>

#include "core/journal/book_tables.h"

typedef struct tally {
    const dbk_tables *t;
    size_t spaces, feeds;
} tally;

static dbk_rc check_space(void *ctx, const dbk_store_space *row, dbk_err *err)
{
    tally *y = ctx;
    dbk_bytes frontier = DBK_BYTES_INIT(8 + sizeof(dbk_frontier));
    DBK_ASSERT(y->spaces < y->t->spaces_count);
    const dbk_book_space *space = y->t->spaces[y->spaces++];
    DBK_ASSERT(space->row == row->id);
    DBK_ASSERT(dbk_id_equal(&space->space, &row->space));
    DBK_ASSERT(dbk_tables_space(y->t, &row->space) == space);
    DBK_ASSERT(!space->touched);
    DBK_ASSERT(!space->added);
    DBK_ASSERT(dbk_id_equal(&space->now.log, &row->log));
    dbk_rc rc = dbk_frontier_encode(&frontier, &space->now.frontier, err);
    if (rc == DBK_OK && row->frontier.len > 0)
        DBK_ASSERT(dbk_span_equal(row->frontier, dbk_bytes_span(&frontier)));
    else if (rc == DBK_OK)
        DBK_ASSERT(space->now.frontier.size == 0);
    DBK_ASSERT(dbk_span_equal(row->checkpoint, dbk_span_of(space->now.note, space->now.note_len)));
    DBK_ASSERT(space->now.note_len == 0 || space->now.checkpoint_size >= space->now.frontier.size);
    dbk_bytes_wipe(&frontier);
    return rc;
}

static dbk_rc check_feed(void *ctx, const dbk_store_feed *row, dbk_err *err)
{
    tally *y = ctx;
    (void)err;
    DBK_ASSERT(y->feeds < y->t->feeds_count);
    const dbk_book_feed *feed = y->t->feeds[y->feeds++];
    DBK_ASSERT(feed->row == row->id);
    DBK_ASSERT(dbk_tables_feed(y->t, &row->feed) == feed);
    DBK_ASSERT(dbk_tables_feed_of_row(y->t, row->id) == feed);
    DBK_ASSERT(feed->space->row == row->space);
    DBK_ASSERT(dbk_id_equal(&feed->device, &row->device));
    DBK_ASSERT(dbk_id_equal(&feed->incarnation, &row->incarnation));
    DBK_ASSERT(feed->own == row->own);
    DBK_ASSERT(!feed->touched);
    DBK_ASSERT(!feed->added);
    DBK_ASSERT(feed->now.last_seq == row->last_seq);
    DBK_ASSERT(feed->kept.last_seq == row->last_seq);
    DBK_ASSERT(dbk_hash_equal(&feed->now.head, &row->head));
    DBK_ASSERT(feed->now.receipted_seq == row->receipted_seq);
    DBK_ASSERT(row->receipted_seq <= row->last_seq);
    DBK_ASSERT(feed->now.left_seq == row->left_seq);
    DBK_ASSERT(!feed->own || row->receipted_seq <= row->left_seq);
    return DBK_OK;
}

dbk_rc dbk_tables_check_deep(const dbk_tables *t, dbk_store *store, dbk_err *err)
{
    tally y = { t, 0, 0 };
    DBK_ASSERT(t->touched_count == 0);
    for (size_t i = 1; i < t->feeds_count; i++)
        DBK_ASSERT(dbk_id_compare(&t->by_id[i - 1]->feed, &t->by_id[i]->feed) < 0);
    dbk_rc rc = dbk_spaces_each(store, check_space, &y, err);
    if (rc == DBK_OK)
        rc = dbk_feeds_each(store, check_feed, &y, err);
    if (rc == DBK_OK)
        DBK_ASSERT(y.spaces == t->spaces_count);
    if (rc == DBK_OK)
        DBK_ASSERT(y.feeds == t->feeds_count);
    return rc;
}
