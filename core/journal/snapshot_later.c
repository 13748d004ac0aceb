/* What came since a snapshot was made, and makes an honest desk come to something else. */
#include <string.h>

#include "core/journal/disposal.h"
#include "core/journal/quarantine_internal.h"
#include "core/journal/snapshot_internal.h"
#include "core/store/records.h"
#include "core/store/rows_query.h"

/* ---- orders to dispose --------------------------------------------------------------------- */

dbk_rc dbk_snap_orders(dbk_book *book, dbk_snap_orders_left *out, const dbk_id *space, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *out = (dbk_snap_orders_left){ false, false };
    for (size_t i = 0; i < dbk_disposals_count(book) && rc == DBK_OK; i++) {
        dbk_disposal one;
        rc = dbk_disposal_at(book, &one, i, err);
        if (rc != DBK_OK || !dbk_id_equal(&one.order->space, space))
            continue;
        out->due = out->due || one.state == DBK_DISPOSAL_DUE;
        out->kept = out->kept || one.state == DBK_DISPOSAL_KEPT;
    }
    return rc;
}

/* ---- decisions on what stood aside --------------------------------------------------------- */

#define ENOUGH DBK_CONFLICT /* ends a walk, with nothing in err */

typedef struct later {
    dbk_book *book;
    const dbk_book_space *home;
    uint64_t size;
    bool found;
} later;

static dbk_rc look_segment(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    later *l = ctx;
    (void)err;
    l->found = !row->log.known || row->log.index >= l->size;
    return l->found ? ENOUGH : DBK_OK;
}

static dbk_rc look_op(void *ctx, const dbk_store_op *op, dbk_err *err)
{
    later *l = ctx;
    return dbk_segments_get(l->book->store, op->segment, look_segment, l, err);
}

static dbk_rc look_record(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    later *l = ctx;
    return dbk_ops_of_record(l->book->store, row->id, look_op, l, err);
}

static dbk_rc find_decision(later *l, dbk_err *err)
{
    const dbk_records_list_opts decisions = { .form = DBK_QUARANTINE_FORM,
                                              .space = l->home->row,
                                              .since_ms = INT64_MIN,
                                              .life_max = UINT32_MAX };
    dbk_rc rc = dbk_records_list(l->book->store, &decisions, look_record, l, err);
    return l->found ? DBK_OK : rc;
}

dbk_rc dbk_snap_decided(dbk_book *book, const dbk_book_space *home, uint64_t size, bool *later_on,
                        dbk_err *err)
{
    later l = { .book = book, .home = home, .size = size };
    dbk_rc rc = find_decision(&l, err);
    *later_on = l.found;
    return rc;
}

/* ---- who came and went --------------------------------------------------------------------- */

/* An author of something below the size is out now and wasn't then, or the other way. */
static dbk_rc find_author(later *l, uint64_t members_seq, dbk_err *err)
{
    const dbk_tables *t = &l->book->tables;
    const dbk_roster *r = l->book->roster;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < t->feeds_count && rc == DBK_OK && !l->found; i++) {
        const dbk_book_feed *feed = t->feeds[i];
        dbk_store_segment_place first = { 0 };
        dbk_err none = { 0 };
        if (feed->space != l->home || feed->now.last_seq == 0)
            continue;
        bool was = dbk_roster_role_at(r, &feed->device, &l->home->space, members_seq) !=
                   DBK_ROLE_NONE;
        bool is = dbk_roster_role(r, &feed->device, &l->home->space) != DBK_ROLE_NONE;
        if (was == is)
            continue;
        rc = dbk_segments_place(l->book->store, &first, feed->row, 1, &none);
        l->found = rc == DBK_OK && first.log.known && first.log.index < l->size;
        rc = rc == DBK_OK || rc == DBK_NOT_FOUND ? DBK_OK : dbk_fail(err, rc, "%s", none.text);
    }
    return rc;
}

dbk_rc dbk_snap_overtaken(dbk_book *book, const dbk_book_space *home, const dbk_claim *claim,
                          dbk_err *err)
{
    later l = { .book = book, .home = home, .size = claim->size };
    dbk_snap_orders_left orders;
    uint64_t seq = 0;
    dbk_rc rc = dbk_snap_orders(book, &orders, &home->space, err);
    if (rc == DBK_OK && (orders.due || orders.kept))
        return dbk_fail(err, DBK_PENDING,
                        "an order to dispose is not carried out here: only then can the snapshot "
                        "be confirmed");
    if (rc == DBK_OK)
        rc = find_decision(&l, err);
    if (rc == DBK_OK && !l.found && dbk_book_chain_seq(book, &seq, &claim->members))
        rc = find_author(&l, seq, err);
    if (rc == DBK_OK && l.found)
        rc = dbk_fail(err, DBK_NOT_FOUND,
                      "it was decided since whose notes count: the snapshot can't be confirmed any "
                      "more, and another one is to be made");
    return rc;
}
