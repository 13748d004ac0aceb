/* Segments that lose their place: what was merged before this device heard that its author was cut
 * off, or of another history that a person chose. Nothing is deleted: they go aside. */
#include <stdlib.h>
#include <string.h>

#include "core/journal/anew.h"
#include "core/journal/feed.h"
#include "core/journal/quarantine_internal.h"
#include "core/journal/query_internal.h"
#include "core/journal/snapshot.h"
#include "core/store/rows_query.h"

#define ROWS_BYTES_MAX (64u * 1024u * 1024u)

typedef struct evicted {
    dbk_book *book;
    dbk_bytes segments; /* dbk_rowid */
    dbk_bytes records;  /* dbk_rowid: those that lost an op */
    dbk_bytes plain;
} evicted;

/* ---- what nobody let in -------------------------------------------------------------------- */

typedef struct late_search {
    dbk_book *book;
    const dbk_book_feed *feed;
    uint64_t cut_size;
    uint64_t seq; /* 0: nothing so far */
} late_search;

static dbk_rc look_late(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    late_search *s = ctx;
    dbk_header h;
    dbk_ruling ruling;
    if (row->log.known && row->log.index < s->cut_size)
        return DBK_OK;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc != DBK_OK)
        return rc;
    dbk_hash hash = dbk_header_hash(&h);
    rc = dbk_quarantine_ruling(s->book, &ruling, s->feed->space, &hash, err);
    /* An admitted one takes with it all that its author wrote before. */
    if (ruling == DBK_RULING_ADMITTED)
        s->seq = 0;
    else if (s->seq == 0)
        s->seq = row->first_seq;
    return rc;
}

/* The first segment that doesn't stand in the log before the cut: behind it, or in no log that is
 * known here. A folder brought that one; whoever heard of the cut first has it aside as well
 * (dbk_inbox_in_time). They stand in the feed's order there, so halving would do; a feed has few
 * behind the cut, so walking back is as good. */
static dbk_rc first_beyond(dbk_book *book, uint64_t *seq, const dbk_book_feed *feed,
                           uint64_t cut_size, dbk_err *err)
{
    dbk_store_segment_place place;
    uint64_t at = feed->now.last_seq;
    *seq = 0;
    while (at > 0) {
        dbk_rc rc = dbk_segments_place(book->store, &place, feed->row, at, err);
        if (rc != DBK_OK)
            return rc;
        if (place.log.known && place.log.index < cut_size)
            break;
        *seq = place.first_seq;
        at = place.first_seq - 1;
    }
    return DBK_OK;
}

dbk_rc dbk_evict_late_seq(dbk_book *book, uint64_t *seq, const dbk_book_feed *feed, dbk_err *err)
{
    const dbk_member_space *out = dbk_roster_out(book->roster, &feed->device, &feed->space->space);
    uint64_t from = 0;
    *seq = 0;
    /* Where no cut was said, what this device had taken before it heard stays. */
    if (out == NULL || !out->cut_known)
        return DBK_OK;
    dbk_rc rc = first_beyond(book, &from, feed, out->cut_size, err);
    if (rc != DBK_OK || from == 0)
        return rc;
    late_search s = { book, feed, out->cut_size, 0 };
    rc = dbk_segments_of_feed(book->store, feed->row, from, 0, look_late, &s, err);
    *seq = s.seq;
    return rc;
}

/* ---- what can't go yet ----------------------------------------------------------------------- */

typedef struct readiness {
    dbk_store *store;
    bool bare;
} readiness;

static dbk_rc look_bare(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    readiness *r = ctx;
    (void)err;
    r->bare = r->bare || dbk_segment_is_bare(row);
    return DBK_OK;
}

static dbk_rc look_at_op(void *ctx, const dbk_store_op *op, dbk_err *err)
{
    readiness *r = ctx;
    return r->bare ? DBK_OK : dbk_segments_get(r->store, op->segment, look_bare, r, err);
}

static dbk_rc look_at_record(void *ctx, const dbk_store_op *op, dbk_err *err)
{
    readiness *r = ctx;
    return r->bare ? DBK_OK : dbk_ops_of_record(r->store, op->record, look_at_op, r, err);
}

static dbk_rc look_at_segment(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    readiness *r = ctx;
    r->bare = r->bare || dbk_segment_is_bare(row);
    return r->bare ? DBK_OK : dbk_ops_of_segment(r->store, row->id, look_at_record, r, err);
}

dbk_rc dbk_evict_ready(dbk_book *book, bool *yes, const dbk_book_feed *feed, uint64_t from_seq,
                       dbk_err *err)
{
    readiness r = { .store = book->store };
    dbk_snapshot_begun begun;
    *yes = true;
    dbk_rc rc = dbk_snapshot_begun_with(book, &begun, &feed->space->space, err);
    if (rc != DBK_OK || begun.size == 0)
        return rc;
    rc = dbk_segments_of_feed(book->store, feed->row, from_seq, 0, look_at_segment, &r, err);
    *yes = !r.bare;
    return rc;
}

/* ---- out of the place ---------------------------------------------------------------------- */

static dbk_rc note_segment(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    evicted *e = ctx;
    return dbk_bytes_append(&e->segments, dbk_span_of(&row->id, sizeof(row->id)), err);
}

static dbk_rc take_op(evicted *e, const dbk_store_segment *row, uint32_t place, dbk_err *err)
{
    dbk_opened o;
    dbk_err cause = { 0 };
    dbk_store_op op = { .segment = row->id, .place = place };
    bool there = false;
    dbk_rc rc = dbk_query_open_op(e->book, &o, &e->plain, row, place, &cause);
    if (rc == DBK_NOMEM || rc == DBK_IO || rc == DBK_DAMAGED)
        rc = dbk_fail(err, rc, "%s", cause.text);
    else if (rc != DBK_OK)
        rc = DBK_OK; /* no key, or no note: then it is in no record */
    else
        rc = dbk_records_lookup(e->book->store, &op.record, &o.op.op.record, row->space, err);
    if (rc == DBK_OK && op.record != 0)
        rc = dbk_ops_has(e->book->store, &there, &op, err);
    if (rc == DBK_OK && there)
        rc = dbk_ops_del(e->book->store, &op, err);
    if (rc == DBK_OK && there)
        rc = dbk_bytes_append(&e->records, dbk_span_of(&op.record, sizeof(op.record)), err);
    dbk_op_decoded_wipe(&o.op);
    return rc;
}

static dbk_rc take_ops(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    evicted *e = ctx;
    dbk_rc rc = DBK_OK;
    if (dbk_segment_is_bare(row))
        return dbk_fail(err, DBK_PENDING, "%s", DBK_SNAPSHOT_BARE);
    for (uint32_t i = 0; i < row->count && rc == DBK_OK; i++)
        rc = take_op(e, row, i, err);
    return rc;
}

static dbk_rc put_aside(evicted *e, dbk_book_feed *aside, dbk_rowid id, const char *reason,
                        dbk_err *err)
{
    dbk_feed_head_now *now = dbk_feed_touch(&e->book->tables, aside);
    dbk_rc rc = dbk_segments_get(e->book->store, id, take_ops, e, err);
    if (rc == DBK_OK)
        rc = dbk_segments_adopt(e->book->store, id,
                                &(dbk_segment_home){ aside->row, ++now->last_seq, 1 }, err);
    if (rc == DBK_OK)
        rc = dbk_segments_set_status(e->book->store, id, DBK_SEGMENT_PENDING, dbk_span_str(reason),
                                     err);
    return rc;
}

static int by_row(const void *a, const void *b)
{
    const dbk_rowid *x = a;
    const dbk_rowid *y = b;
    return (*x > *y) - (*x < *y);
}

static dbk_rc make_anew(evicted *e, dbk_err *err)
{
    size_t count = e->records.len / sizeof(dbk_rowid);
    dbk_rowid *rows = (dbk_rowid *)(void *)e->records.p;
    dbk_rc rc = DBK_OK;
    if (count > 0)
        qsort(rows, count, sizeof(*rows), by_row);
    for (size_t i = 0; i < count && rc == DBK_OK; i++)
        if (i == 0 || rows[i] != rows[i - 1])
            rc = dbk_record_anew(e->book, rows[i], &e->plain, err);
    return rc;
}

static dbk_rc shorten(dbk_book *book, dbk_book_feed *feed, uint64_t last_seq, dbk_err *err)
{
    dbk_hash head;
    dbk_rc rc = dbk_feed_hash_at(book, &head, feed, last_seq, err);
    if (rc != DBK_OK)
        return rc;
    dbk_feed_head_now *now = dbk_feed_touch(&book->tables, feed);
    now->last_seq = last_seq;
    now->head = head;
    return DBK_OK;
}

dbk_rc dbk_evict_run(dbk_book *book, dbk_book_feed *feed, uint64_t from_seq, const char *reason,
                     dbk_err *err)
{
    evicted e = { .book = book,
                  .segments = DBK_BYTES_INIT(ROWS_BYTES_MAX),
                  .records = DBK_BYTES_INIT(ROWS_BYTES_MAX),
                  .plain = DBK_BYTES_INIT(DBK_QUERY_PLAIN_BYTES_MAX) };
    dbk_new_feed new_aside = { .feed = dbk_inbox_aside_feed(&feed->space->space) };
    dbk_book_feed *aside = NULL;
    DBK_ASSERT(!feed->own);
    DBK_ASSERT(from_seq >= 1);
    dbk_rc rc = dbk_tables_need_feed(&book->tables, book->store, &aside, feed->space, &new_aside,
                                     err);
    if (rc == DBK_OK)
        rc = dbk_segments_of_feed(book->store, feed->row, from_seq, 0, note_segment, &e, err);
    for (size_t at = 0; at < e.segments.len && rc == DBK_OK; at += sizeof(dbk_rowid)) {
        dbk_rowid id;
        memcpy(&id, e.segments.p + at, sizeof(id));
        rc = put_aside(&e, aside, id, reason, err);
    }
    if (rc == DBK_OK)
        rc = shorten(book, feed, from_seq - 1, err);
    if (rc == DBK_OK)
        rc = make_anew(&e, err);
    dbk_bytes_wipe(&e.segments);
    dbk_bytes_wipe(&e.records);
    dbk_bytes_wipe(&e.plain);
    return rc;
}
