#include "core/journal/book_tables.h"

#include <string.h>

#include "core/base/alloc.h"

/* Makes room for one more pointer. */
static dbk_rc grow(void ***rows, size_t count, size_t *cap, dbk_err *err)
{
    if (count < *cap)
        return DBK_OK;
    size_t wanted = *cap == 0 ? 16 : *cap * 2;
    void **grown = dbk_realloc(*rows, wanted * sizeof(void *));
    if (grown == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the vector");
    *rows = grown;
    *cap = wanted;
    return DBK_OK;
}

/* ---- finding ------------------------------------------------------------------------------- */

dbk_book_space *dbk_tables_space(const dbk_tables *t, const dbk_id *space)
{
    for (size_t i = 0; i < t->spaces_count; i++)
        if (dbk_id_equal(&t->spaces[i]->space, space))
            return t->spaces[i];
    return NULL;
}

dbk_book_space *dbk_tables_space_of_row(const dbk_tables *t, dbk_rowid row)
{
    for (size_t i = 0; i < t->spaces_count; i++)
        if (t->spaces[i]->row == row)
            return t->spaces[i];
    return NULL;
}

/* Where the feed stands in by_id, or should. */
static size_t place_of(const dbk_tables *t, const dbk_id *feed)
{
    size_t low = 0;
    size_t high = t->feeds_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (dbk_id_compare(&t->by_id[mid]->feed, feed) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

dbk_book_feed *dbk_tables_feed(const dbk_tables *t, const dbk_id *feed)
{
    size_t at = place_of(t, feed);
    if (at == t->feeds_count || !dbk_id_equal(&t->by_id[at]->feed, feed))
        return NULL;
    return t->by_id[at];
}

/* Rows are never deleted, and SQLite gives ascending numbers. */
dbk_book_feed *dbk_tables_feed_of_row(const dbk_tables *t, dbk_rowid row)
{
    size_t low = 0;
    size_t high = t->feeds_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (t->feeds[mid]->row < row)
            low = mid + 1;
        else
            high = mid;
    }
    return low < t->feeds_count && t->feeds[low]->row == row ? t->feeds[low] : NULL;
}

dbk_book_feed *dbk_tables_own_feed(const dbk_tables *t, const dbk_book_space *space)
{
    for (size_t i = t->feeds_count; i > 0; i--)
        if (t->feeds[i - 1]->own && t->feeds[i - 1]->space == space)
            return t->feeds[i - 1];
    return NULL;
}

dbk_book_feed *dbk_tables_push_feed(const dbk_tables *t, const dbk_book_space *space)
{
    for (size_t i = 0; i < t->feeds_count; i++) {
        dbk_book_feed *feed = t->feeds[i];
        if (feed->own && feed->space == space && feed->now.receipted_seq < feed->now.last_seq)
            return feed;
    }
    return dbk_tables_own_feed(t, space);
}

/* ---- adding -------------------------------------------------------------------------------- */

/* Takes the row: after this nothing can fail. */
static dbk_rc take_space(dbk_tables *t, dbk_book_space **space, dbk_err *err)
{
    void **rows = (void **)t->spaces;
    dbk_rc rc = grow(&rows, t->spaces_count, &t->spaces_cap, err);
    t->spaces = (dbk_book_space **)rows;
    if (rc != DBK_OK)
        return rc;
    t->spaces[t->spaces_count++] = *space;
    *space = NULL;
    return DBK_OK;
}

static dbk_rc grow_feeds(dbk_tables *t, dbk_err *err)
{
    void **arrays[] = { (void **)t->feeds, (void **)t->by_id, (void **)t->touched_feeds };
    size_t cap = t->feeds_cap;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < sizeof(arrays) / sizeof(arrays[0]); i++) {
        cap = t->feeds_cap;
        rc = grow(&arrays[i], t->feeds_count, &cap, err);
    }
    t->feeds = (dbk_book_feed **)arrays[0];
    t->by_id = (dbk_book_feed **)arrays[1];
    t->touched_feeds = (dbk_book_feed **)arrays[2];
    if (rc == DBK_OK)
        t->feeds_cap = cap; /* all three have grown */
    return rc;
}

static dbk_rc take_feed(dbk_tables *t, dbk_book_feed **feed, dbk_err *err)
{
    dbk_rc rc = grow_feeds(t, err);
    if (rc != DBK_OK)
        return rc;
    size_t at = place_of(t, &(*feed)->feed);
    memmove(&t->by_id[at + 1], &t->by_id[at], (t->feeds_count - at) * sizeof(t->by_id[0]));
    t->by_id[at] = *feed;
    t->feeds[t->feeds_count++] = *feed;
    *feed = NULL;
    return DBK_OK;
}

dbk_rc dbk_tables_need_space(dbk_tables *t, dbk_store *store, dbk_book_space **out,
                             const dbk_id *space, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *out = dbk_tables_space(t, space);
    if (*out != NULL)
        return DBK_OK;
    dbk_book_space *made = dbk_alloc(sizeof(*made));
    if (made == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a space");
    dbk_frontier_init(&made->now.frontier);
    dbk_frontier_init(&made->kept.frontier);
    made->space = *space;
    made->added = true;
    dbk_store_space row = { .space = *space };
    rc = dbk_spaces_add(store, &row, err);
    made->row = row.id;
    dbk_book_space *taken = made;
    if (rc == DBK_OK)
        rc = take_space(t, &made, err);
    if (rc == DBK_OK)
        *out = taken;
    dbk_free(made);
    return rc;
}

dbk_rc dbk_tables_need_feed(dbk_tables *t, dbk_store *store, dbk_book_feed **out,
                            dbk_book_space *space, const dbk_new_feed *feed, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *out = dbk_tables_feed(t, &feed->feed);
    if (*out != NULL)
        return DBK_OK;
    dbk_book_feed *made = dbk_alloc(sizeof(*made));
    if (made == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a feed");
    made->feed = feed->feed;
    made->space = space;
    made->device = feed->device;
    made->incarnation = feed->incarnation;
    made->own = feed->own;
    made->added = true;
    dbk_store_feed row = { .feed = feed->feed,
                           .space = space->row,
                           .device = feed->device,
                           .incarnation = feed->incarnation,
                           .own = feed->own };
    rc = dbk_feeds_add(store, &row, err);
    made->row = row.id;
    dbk_book_feed *taken = made;
    if (rc == DBK_OK)
        rc = take_feed(t, &made, err);
    if (rc == DBK_OK)
        *out = taken;
    dbk_free(made);
    return rc;
}

/* ---- loading ------------------------------------------------------------------------------- */

typedef struct load {
    dbk_tables *t;
    const dbk_sign_pk *relay;
} load;

static dbk_rc load_stand(dbk_stand *out, const dbk_store_space *row, const dbk_sign_pk *relay,
                         dbk_err *err)
{
    dbk_checkpoint c;
    dbk_rc rc = DBK_OK;
    out->log = row->log;
    dbk_frontier_init(&out->frontier);
    if (row->frontier.len > 0)
        rc = dbk_frontier_decode(&out->frontier, row->frontier, err);
    if (rc != DBK_OK || row->checkpoint.len == 0)
        return rc;
    if (relay == NULL || row->checkpoint.len > sizeof(out->note))
        return dbk_fail(err, DBK_DAMAGED, "a space has a checkpoint that can't be");
    rc = dbk_checkpoint_open(&c, row->checkpoint, relay, err);
    if (rc != DBK_OK)
        return rc;
    out->checkpoint_size = c.size;
    if (c.size > 0)
        out->checkpoint_root = c.root;
    out->note_len = row->checkpoint.len;
    memcpy(out->note, row->checkpoint.p, row->checkpoint.len);
    return DBK_OK;
}

static dbk_rc load_space(void *ctx, const dbk_store_space *row, dbk_err *err)
{
    const load *l = ctx;
    dbk_book_space *space = dbk_alloc(sizeof(*space));
    if (space == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a space");
    space->row = row->id;
    space->space = row->space;
    dbk_rc rc = load_stand(&space->now, row, l->relay, err);
    space->kept = space->now;
    if (rc == DBK_OK)
        rc = take_space(l->t, &space, err);
    dbk_free(space);
    return rc;
}

static dbk_rc load_feed(void *ctx, const dbk_store_feed *row, dbk_err *err)
{
    const load *l = ctx;
    dbk_book_feed *feed = dbk_alloc(sizeof(*feed));
    if (feed == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a feed");
    feed->row = row->id;
    feed->feed = row->feed;
    feed->space = dbk_tables_space_of_row(l->t, row->space);
    feed->device = row->device;
    feed->incarnation = row->incarnation;
    feed->own = row->own;
    feed->now = (dbk_feed_head_now){ row->last_seq, row->head, row->receipted_seq, row->left_seq,
                                     false };
    feed->kept = feed->now;
    if (row->clock > l->t->clock)
        l->t->clock = row->clock;
    dbk_rc rc = DBK_OK;
    if (feed->space == NULL || dbk_tables_feed(l->t, &row->feed) != NULL)
        rc = dbk_fail(err, DBK_DAMAGED, "a feed of the store has no place");
    if (rc == DBK_OK)
        rc = take_feed(l->t, &feed, err);
    dbk_free(feed);
    return rc;
}

dbk_rc dbk_tables_load(dbk_tables *t, dbk_store *store, const dbk_sign_pk *relay, dbk_err *err)
{
    load l = { t, relay };
    dbk_rc rc = dbk_spaces_each(store, load_space, &l, err);
    return rc == DBK_OK ? dbk_feeds_each(store, load_feed, &l, err) : rc;
}

void dbk_tables_wipe(dbk_tables *t)
{
    for (size_t i = 0; i < t->spaces_count; i++)
        dbk_free(t->spaces[i]);
    for (size_t i = 0; i < t->feeds_count; i++)
        dbk_free(t->feeds[i]);
    dbk_free(t->spaces);
    dbk_free(t->feeds);
    dbk_free(t->by_id);
    dbk_free(t->touched_feeds);
    *t = (dbk_tables){ 0 };
}

/* ---- changing ------------------------------------------------------------------------------ */

dbk_stand *dbk_space_touch(dbk_book_space *space)
{
    space->touched = true;
    return &space->now;
}

dbk_feed_head_now *dbk_feed_touch(dbk_tables *t, dbk_book_feed *feed)
{
    if (!feed->touched) {
        DBK_ASSERT(t->touched_count < t->feeds_count);
        feed->touched = true;
        t->touched_feeds[t->touched_count++] = feed;
    }
    return &feed->now;
}

dbk_rc dbk_tables_write(dbk_tables *t, dbk_store *store, uint64_t clock, dbk_err *err)
{
    dbk_bytes frontier = DBK_BYTES_INIT(8 + sizeof(dbk_frontier));
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < t->touched_count; i++) {
        const dbk_book_feed *feed = t->touched_feeds[i];
        const dbk_store_feed row = { .id = feed->row,
                                     .last_seq = feed->now.last_seq,
                                     .head = feed->now.head,
                                     .receipted_seq = feed->now.receipted_seq,
                                     .left_seq = feed->now.left_seq,
                                     .clock = clock };
        rc = dbk_feeds_update(store, &row, err);
    }
    for (size_t i = 0; rc == DBK_OK && i < t->spaces_count; i++) {
        const dbk_book_space *space = t->spaces[i];
        if (!space->touched)
            continue;
        dbk_bytes_truncate(&frontier, 0);
        rc = dbk_frontier_encode(&frontier, &space->now.frontier, err);
        const dbk_store_space row = { .id = space->row,
                                      .log = space->now.log,
                                      .frontier = dbk_bytes_span(&frontier),
                                      .checkpoint = dbk_span_of(space->now.note,
                                                                space->now.note_len) };
        if (rc == DBK_OK)
            rc = dbk_spaces_update(store, &row, err);
    }
    dbk_bytes_wipe(&frontier);
    return rc;
}

void dbk_tables_keep(dbk_tables *t)
{
    for (size_t i = 0; i < t->touched_count; i++) {
        t->touched_feeds[i]->kept = t->touched_feeds[i]->now;
        t->touched_feeds[i]->touched = false;
    }
    t->touched_count = 0;
    for (size_t i = t->feeds_count; i > 0 && t->feeds[i - 1]->added; i--)
        t->feeds[i - 1]->added = false;
    for (size_t i = 0; i < t->spaces_count; i++) {
        dbk_book_space *space = t->spaces[i];
        if (space->touched)
            space->kept = space->now;
        space->touched = false;
        space->added = false;
    }
}

void dbk_tables_revert(dbk_tables *t)
{
    size_t left = 0;
    for (size_t i = 0; i < t->touched_count; i++) {
        t->touched_feeds[i]->now = t->touched_feeds[i]->kept;
        t->touched_feeds[i]->touched = false;
    }
    t->touched_count = 0;
    for (size_t i = 0; i < t->feeds_count; i++)
        if (!t->by_id[i]->added)
            t->by_id[left++] = t->by_id[i];
    while (t->feeds_count > left)
        dbk_free(t->feeds[--t->feeds_count]); /* the newest rows are the last */
    for (size_t i = 0; i < t->spaces_count; i++) {
        dbk_book_space *space = t->spaces[i];
        if (space->touched)
            space->now = space->kept;
        space->touched = false;
    }
    while (t->spaces_count > 0 && t->spaces[t->spaces_count - 1]->added)
        dbk_free(t->spaces[--t->spaces_count]);
}
