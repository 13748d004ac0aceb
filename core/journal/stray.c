#include "core/journal/stray.h"

#include <string.h>

#include "core/journal/inbox_internal.h"

/* A walk from feed to feed. What stands aside comes last, since it may continue a feed. */
typedef struct walk {
    dbk_book *book;
    uint64_t skip, seen;
    dbk_store_segment_fn fn; /* NULL: they are only counted */
    void *ctx;
    const dbk_book_feed *aside; /* of which something has no place; or NULL */
} walk;

typedef struct rival {
    dbk_id feed;
    bool placed;
} rival;

static dbk_rc look_rival(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    rival *r = ctx;
    dbk_header h;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    r->placed = r->placed || (rc == DBK_OK && row->log.known && dbk_id_equal(&h.feed, &r->feed));
    return rc;
}

/* Does the relay's log go on with another history of it? */
static dbk_rc has_rival(dbk_book *book, bool *yes, const dbk_book_feed *feed, dbk_err *err)
{
    rival r = { .feed = feed->feed };
    dbk_id aside_id = dbk_inbox_aside_feed(&feed->space->space);
    const dbk_book_feed *aside = dbk_tables_feed(&book->tables, &aside_id);
    dbk_rc rc = DBK_OK;
    if (feed->now.forked && aside != NULL)
        rc = dbk_segments_of_feed(book->store, aside->row, 1, 0, look_rival, &r, err);
    *yes = r.placed;
    return rc;
}

static dbk_rc walk_feed(void *ctx, dbk_rowid row, uint64_t segments, dbk_err *err)
{
    walk *w = ctx;
    bool rivalled = false;
    uint64_t before = w->seen;
    const dbk_book_feed *feed = dbk_tables_feed_of_row(&w->book->tables, row);
    DBK_ASSERT(feed != NULL);
    if (dbk_inbox_is_aside(feed)) {
        w->aside = feed;
        return DBK_OK;
    }
    dbk_rc rc = has_rival(w->book, &rivalled, feed, err);
    if (rc != DBK_OK || rivalled)
        return rc;
    w->seen += segments;
    if (w->fn == NULL || w->seen <= w->skip)
        return DBK_OK;
    return dbk_segments_placeless(w->book->store, feed->row,
                                  w->skip > before ? w->skip - before : 0, w->fn, w->ctx, err);
}

static bool is_carried(const dbk_store_segment *row)
{
    static const char *const reasons[] = { DBK_WAIT_LATE, DBK_WAIT_ROLE, DBK_WAIT_EARLIER };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (dbk_span_equal(row->reason, dbk_span_str(reasons[i])))
            return true;
    return false;
}

static dbk_rc walk_aside(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    walk *w = ctx;
    if (!is_carried(row) || w->seen++ < w->skip || w->fn == NULL)
        return DBK_OK;
    return w->fn(w->ctx, row, err);
}

static dbk_rc walk_all(walk *w, const dbk_id *space, dbk_err *err)
{
    const dbk_book_space *row = dbk_tables_space(&w->book->tables, space);
    if (row == NULL)
        return DBK_OK;
    dbk_rc rc = dbk_segments_placeless_feeds(w->book->store, row->row, walk_feed, w, err);
    if (rc == DBK_OK && w->aside != NULL)
        rc = dbk_segments_placeless(w->book->store, w->aside->row, 0, walk_aside, w, err);
    return rc;
}

dbk_rc dbk_strays_count(dbk_book *book, uint64_t *segments, const dbk_id *space, dbk_err *err)
{
    walk w = { .book = book };
    dbk_rc rc = walk_all(&w, space, err);
    *segments = w.seen;
    return rc;
}

dbk_rc dbk_strays_each(dbk_book *book, const dbk_id *space, uint64_t skip, dbk_store_segment_fn fn,
                       void *ctx, dbk_err *err)
{
    walk w = { .book = book, .skip = skip, .fn = fn, .ctx = ctx };
    return walk_all(&w, space, err);
}
