#include "core/journal/anew.h"

#include "core/journal/fold.h"
#include "core/journal/query_internal.h"

typedef struct replay {
    dbk_book *book;
    dbk_bytes *plain;
    dbk_state *state;
    uint32_t place;
    uint64_t ops;
} replay;

static dbk_rc replay_segment(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    replay *r = ctx;
    dbk_opened o;
    const dbk_book_feed *feed = dbk_tables_feed_of_row(&r->book->tables, row->feed);
    dbk_rc rc = dbk_query_open_op(r->book, &o, r->plain, row, r->place, err);
    if (rc == DBK_OK && feed == NULL)
        rc = dbk_fail(err, DBK_DAMAGED, "a feed of the store has no place");
    if (rc == DBK_OK) {
        dbk_origin origin = { { o.header.feed, o.header.first_seq + r->place },
                              dbk_book_author_is_hq(r->book, &feed->device, &o.header.space,
                                                    &o.header.members_seen) };
        rc = dbk_state_apply(r->state, &o.op.op, &origin, err);
    }
    dbk_op_decoded_wipe(&o.op);
    return rc;
}

static dbk_rc replay_op(void *ctx, const dbk_store_op *op, dbk_err *err)
{
    replay *r = ctx;
    r->place = op->place;
    r->ops++;
    return dbk_segments_get(r->book->store, op->segment, replay_segment, r, err);
}

typedef struct found {
    dbk_id record;
    dbk_rowid space;
} found;

static dbk_rc find_row(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    found *f = ctx;
    (void)err;
    *f = (found){ row->record, row->space };
    return DBK_OK;
}

dbk_rc dbk_record_anew(dbk_book *book, dbk_rowid record, dbk_bytes *plain, dbk_err *err)
{
    replay r = { .book = book, .plain = plain };
    found of = { .space = 0 };
    dbk_rc rc = dbk_records_get(book->store, record, find_row, &of, err);
    if (rc == DBK_OK)
        rc = dbk_state_new(&r.state, &of.record, err);
    if (rc == DBK_OK)
        rc = dbk_ops_of_record(book->store, record, replay_op, &r, err);
    if (rc == DBK_OK)
        rc = r.ops == 0 ? dbk_records_del(book->store, record, err)
                        : dbk_fold_replace(book, &(dbk_fold_row){ record, of.space }, r.state, err);
    dbk_state_free(r.state);
    return rc;
}
