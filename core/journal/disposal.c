#include "core/journal/disposal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/anew.h"
#include "core/journal/inbox_internal.h"
#include "core/journal/query_internal.h"
#include "core/journal/snapshot_kept.h"
#include "core/store/rows_query.h"

#define IDS_BYTES_MAX (DBK_ENTRY_DOTS_MAX * (DBK_ID_BYTES + sizeof(dbk_rowid)))
#define DOTS_BYTES_MAX (DBK_ENTRY_DOTS_MAX * sizeof(dbk_dot))

/* ---- where this device stands -------------------------------------------------------------- */

size_t dbk_disposals_count(const dbk_book *book)
{
    return book->roster == NULL ? 0 : dbk_roster_orders(book->roster);
}

/* Grows with whatever is taken or written in the space. */
static uint64_t held_of(const dbk_book *book, const dbk_id *space)
{
    uint64_t held = 0;
    for (size_t i = 0; i < book->tables.feeds_count; i++) {
        const dbk_book_feed *feed = book->tables.feeds[i];
        if (dbk_id_equal(&feed->space->space, space))
            held += feed->now.last_seq;
    }
    return held;
}

dbk_rc dbk_disposal_at(dbk_book *book, dbk_disposal *out, size_t i, dbk_err *err)
{
    dbk_store_disposal row;
    memset(out, 0, sizeof(*out));
    out->order = dbk_roster_order_at(book->roster, i);
    const dbk_hash *hash = &book->chain_hashes[out->order->seq];
    memcpy(out->id.b, hash->b, sizeof(out->id.b));
    dbk_rc rc = dbk_disposals_get(book->store, &row, out->order->seq, err);
    out->state = row.state;
    out->owed = row.state == DBK_DISPOSAL_OWED ? row.held : 0;
    out->changed = row.held != held_of(book, &out->order->space);
    return rc;
}

dbk_rc dbk_disposal_any_due(dbk_book *book, bool *yes, dbk_err *err)
{
    uint64_t done = 0;
    dbk_rc rc = dbk_disposals_count_done(book->store, &done, err);
    *yes = rc == DBK_OK && done < dbk_disposals_count(book);
    return rc;
}

dbk_rc dbk_disposal_is_done(dbk_book *book, bool *yes, const dbk_id *space, const dbk_dot *first,
                            uint64_t ops, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *yes = false;
    for (uint64_t i = 0; i < DBK_SEGMENT_OPS_MAX && rc == DBK_OK; i++) {
        const dbk_dot dot = { first->feed, first->seq + i };
        dbk_store_disposal row;
        if ((ops >> i & 1) == 0)
            continue;
        size_t at = dbk_roster_order_of(book->roster, space, &dot);
        DBK_ASSERT(at != SIZE_MAX);
        rc = dbk_disposals_get(book->store, &row, dbk_roster_order_at(book->roster, at)->seq, err);
        *yes = *yes || row.state == DBK_DISPOSAL_DONE || row.state == DBK_DISPOSAL_OWED;
    }
    return rc;
}

static int by_dot(const void *a, const void *b)
{
    return dbk_dot_compare(a, b);
}

/* ---- segments that an order names ---------------------------------------------------------- */

/* Each stored segment that holds an op of the order, also one that stands aside. */
typedef struct walk {
    dbk_book *book;
    const dbk_order *order;
    dbk_rc (*fn)(struct walk *w, const dbk_store_segment *row, const dbk_header *h, uint64_t ops,
                 dbk_err *err);
    dbk_bytes segments; /* dbk_rowid */
    dbk_bytes records;  /* of what fn found: dbk_rowid */
    dbk_bytes ids;      /* or dbk_id */
    uint64_t ops;
    bool had_kept; /* chunks of a snapshot */
} walk;

static void walk_init(walk *w, dbk_book *book, const dbk_order *order)
{
    memset(w, 0, sizeof(*w));
    w->book = book;
    w->order = order;
    dbk_bytes_init(&w->segments, IDS_BYTES_MAX);
    dbk_bytes_init(&w->records, IDS_BYTES_MAX);
    dbk_bytes_init(&w->ids, IDS_BYTES_MAX);
}

static void walk_wipe(walk *w)
{
    dbk_bytes_wipe(&w->segments);
    dbk_bytes_wipe(&w->records);
    dbk_bytes_wipe(&w->ids);
}

/* Those of a segment that this order names: another order's are another's. */
static uint64_t ops_of(const walk *w, const dbk_header *h)
{
    uint64_t ops = 0;
    for (uint64_t i = 0; i < h->count; i++) {
        const dbk_dot dot = { h->feed, h->first_seq + i };
        if (bsearch(&dot, w->order->dots, w->order->dots_count, sizeof(dot), by_dot) != NULL)
            ops |= UINT64_C(1) << i;
    }
    return ops;
}

static dbk_rc visit(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    walk *w = ctx;
    dbk_header h;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    uint64_t ops = rc == DBK_OK ? ops_of(w, &h) : 0;
    return ops != 0 ? w->fn(w, row, &h, ops, err) : rc;
}

static dbk_rc note_aside(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    walk *w = ctx;
    dbk_header h;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc == DBK_OK && ops_of(w, &h) != 0)
        rc = dbk_bytes_append(&w->segments, dbk_span_of(&row->id, sizeof(row->id)), err);
    return rc;
}

/* The rows first, and then each: fn may write to them. */
static dbk_rc find_segments(walk *w, dbk_err *err)
{
    const dbk_order *order = w->order;
    dbk_store_segment_place place = { 0 };
    const dbk_id aside_id = dbk_inbox_aside_feed(&order->space);
    const dbk_book_feed *aside = dbk_tables_feed(&w->book->tables, &aside_id);
    const dbk_book_feed *feed = NULL;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < order->dots_count && rc == DBK_OK; i++) {
        const dbk_dot *dot = &order->dots[i];
        dbk_err none = { 0 };
        if (i == 0 || !dbk_id_equal(&dot->feed, &order->dots[i - 1].feed)) {
            feed = dbk_tables_feed(&w->book->tables, &dot->feed);
            place = (dbk_store_segment_place){ 0 };
        }
        if (feed == NULL || (place.id != 0 && dot->seq - place.first_seq < place.count))
            continue;
        rc = dbk_segments_place(w->book->store, &place, feed->row, dot->seq, &none);
        if (rc == DBK_OK)
            rc = dbk_bytes_append(&w->segments, dbk_span_of(&place.id, sizeof(place.id)), err);
        else if (rc == DBK_NOT_FOUND)
            rc = DBK_OK; /* it isn't here */
        else
            rc = dbk_fail(err, rc, "%s", none.text);
    }
    if (rc == DBK_OK && aside != NULL)
        rc = dbk_segments_of_feed(w->book->store, aside->row, 1, 0, note_aside, w, err);
    return rc;
}

static dbk_rc walk_run(walk *w, dbk_err *err)
{
    dbk_rc rc = find_segments(w, err);
    for (size_t at = 0; at < w->segments.len && rc == DBK_OK; at += sizeof(dbk_rowid)) {
        dbk_rowid id;
        memcpy(&id, w->segments.p + at, sizeof(id));
        rc = dbk_segments_get(w->book->store, id, visit, w, err);
    }
    return rc;
}

/* ---- records ------------------------------------------------------------------------------- */

static dbk_rc take_id(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    return dbk_bytes_append(ctx, dbk_span_of(row->record.b, sizeof(row->record.b)), err);
}

typedef struct op_search {
    walk *w;
    uint64_t ops;
    uint64_t erased; /* of them: counted already, where the body held them */
} op_search;

static dbk_rc note_record(void *ctx, const dbk_store_op *op, dbk_err *err)
{
    op_search *s = ctx;
    if ((s->ops >> op->place & 1) == 0)
        return DBK_OK;
    return dbk_records_get(s->w->book->store, op->record, take_id, &s->w->ids, err);
}

static dbk_rc find_records(walk *w, const dbk_store_segment *row, const dbk_header *h, uint64_t ops,
                           dbk_err *err)
{
    op_search s = { w, ops, 0 };
    (void)h;
    return dbk_ops_of_segment(w->book->store, row->id, note_record, &s, err);
}

static int by_id(const void *a, const void *b)
{
    return dbk_id_compare(a, b);
}

dbk_rc dbk_disposal_records(dbk_book *book, dbk_id **out, size_t *count, const dbk_order *order,
                            dbk_err *err)
{
    walk w;
    *out = NULL;
    *count = 0;
    walk_init(&w, book, order);
    w.fn = find_records;
    dbk_rc rc = walk_run(&w, err);
    size_t found = w.ids.len / sizeof(dbk_id);
    if (rc == DBK_OK) {
        *out = dbk_alloc_array(found + 1, sizeof(dbk_id));
        if (*out == NULL)
            rc = dbk_fail(err, DBK_NOMEM, "no memory for records");
    }
    if (rc == DBK_OK && found > 0) {
        memcpy(*out, w.ids.p, w.ids.len);
        qsort(*out, found, sizeof(dbk_id), by_id);
        for (size_t i = 0; i < found; i++) {
            if (i == 0 || !dbk_id_equal(&(*out)[*count - 1], &(*out)[i]))
                (*out)[(*count)++] = (*out)[i];
        }
    }
    walk_wipe(&w);
    return rc;
}

typedef struct op_list {
    dbk_book *book;
    dbk_bytes dots;
    uint32_t place;
} op_list;

static dbk_rc take_dot(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    op_list *l = ctx;
    dbk_header h;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc != DBK_OK)
        return rc;
    if (!row->log.known)
        return dbk_fail(err, DBK_PENDING, "a change of it has not reached the relay: sync first");
    const dbk_dot dot = { h.feed, h.first_seq + l->place };
    if (l->dots.len == DOTS_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u changes: dispose of fewer at once",
                        DBK_ENTRY_DOTS_MAX);
    return dbk_bytes_append(&l->dots, dbk_span_of(&dot, sizeof(dot)), err);
}

static dbk_rc note_op(void *ctx, const dbk_store_op *op, dbk_err *err)
{
    op_list *l = ctx;
    l->place = op->place;
    return dbk_segments_get(l->book->store, op->segment, take_dot, l, err);
}

dbk_rc dbk_disposal_ops(dbk_book *book, dbk_dot **out, size_t *count, const dbk_id *space,
                        const dbk_id *records, size_t records_count, dbk_err *err)
{
    op_list l = { .book = book, .dots = DBK_BYTES_INIT(DOTS_BYTES_MAX) };
    const dbk_book_space *home = dbk_tables_space(&book->tables, space);
    dbk_rc rc = DBK_OK;
    *out = NULL;
    *count = 0;
    if (home == NULL)
        return dbk_fail(err, DBK_NOT_FOUND, "there is no such space");
    for (size_t i = 0; i < records_count && rc == DBK_OK; i++) {
        dbk_rowid row = 0;
        rc = dbk_records_lookup(book->store, &row, &records[i], home->row, err);
        if (rc == DBK_OK && row != 0)
            rc = dbk_ops_of_record(book->store, row, note_op, &l, err);
    }
    if (rc == DBK_OK) {
        *count = l.dots.len / sizeof(dbk_dot);
        *out = dbk_alloc_array(*count + 1, sizeof(dbk_dot));
        if (*out == NULL)
            rc = dbk_fail(err, DBK_NOMEM, "no memory for an order");
    }
    if (rc == DBK_OK && *count > 0) {
        memcpy(*out, l.dots.p, l.dots.len);
        qsort(*out, *count, sizeof(dbk_dot), by_dot);
    }
    dbk_bytes_wipe(&l.dots);
    return rc;
}

/* ---- erasing ------------------------------------------------------------------------------- */

static dbk_rc drop_op(void *ctx, const dbk_store_op *op, dbk_err *err)
{
    op_search *s = ctx;
    if ((s->ops >> op->place & 1) == 0)
        return DBK_OK;
    const dbk_store_op copy = *op;
    s->w->ops += ~s->erased >> op->place & 1;
    dbk_rc rc = dbk_bytes_append(&s->w->records, dbk_span_of(&copy.record, sizeof(copy.record)),
                                 err);
    return rc == DBK_OK ? dbk_ops_del(s->w->book->store, &copy, err) : rc;
}

/* Its records lose them also where the body isn't here, or came without them. */
static dbk_rc erase_segment(walk *w, const dbk_store_segment *row, const dbk_header *h,
                            uint64_t ops, dbk_err *err)
{
    dbk_sealed segment = { row->header, row->body, row->kept };
    dbk_bytes room = DBK_BYTES_INIT(DBK_KEPT_BYTES_MAX);
    op_search s = { w, ops, 0 };
    dbk_rc rc = DBK_OK;
    if (!dbk_segment_is_bare(row))
        rc = dbk_sealed_erase(&segment, &s.erased, &room, h, ops, err);
    if (rc == DBK_OK && s.erased != 0)
        rc = dbk_segments_put_body(w->book->store, row->id, segment.body, true, err);
    w->ops += (uint64_t)__builtin_popcountll(s.erased);
    if (rc == DBK_OK)
        rc = dbk_ops_of_segment(w->book->store, row->id, drop_op, &s, err);
    dbk_bytes_wipe(&room);
    return rc;
}

static int by_row(const void *a, const void *b)
{
    dbk_rowid x = *(const dbk_rowid *)a, y = *(const dbk_rowid *)b;
    return (x > y) - (x < y);
}

static dbk_rc make_anew(walk *w, dbk_err *err)
{
    dbk_bytes plain = DBK_BYTES_INIT(DBK_QUERY_PLAIN_BYTES_MAX);
    dbk_rowid *rows = (dbk_rowid *)(void *)w->records.p;
    size_t count = w->records.len / sizeof(*rows);
    dbk_rc rc = DBK_OK;
    if (count > 0)
        qsort(rows, count, sizeof(*rows), by_row);
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        if (i == 0 || rows[i] != rows[i - 1])
            rc = dbk_record_anew(w->book, rows[i], &plain, err);
    }
    dbk_bytes_wipe(&plain);
    return rc;
}

static dbk_rc erase(walk *w, dbk_err *err)
{
    dbk_book *book = w->book;
    dbk_store_disposal row = { w->order->seq, DBK_DISPOSAL_OWED, 0 };
    dbk_rc rc = dbk_book_begin(book, err);
    if (rc == DBK_OK)
        rc = walk_run(w, err);
    if (rc == DBK_OK)
        rc = make_anew(w, err);
    /* A snapshot that is on its way here was made before the order. */
    if (rc == DBK_OK)
        rc = dbk_snapshot_kept_forget(book, &w->had_kept, &w->order->space, err);
    row.held = w->ops;
    if (rc == DBK_OK)
        rc = dbk_disposals_put(book->store, &row, err);
    if (rc == DBK_OK && w->ops > 0)
        rc = dbk_words_forget(book->store, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc != DBK_OK)
        dbk_book_rollback(book);
    return rc;
}

dbk_rc dbk_disposal_erase(dbk_book *book, uint64_t *ops, const dbk_order *order, dbk_err *err)
{
    walk w;
    walk_init(&w, book, order);
    w.fn = erase_segment;
    dbk_rc rc = erase(&w, err);
    *ops = rc == DBK_OK ? w.ops : 0;
    bool wrote = w.ops > 0 || w.had_kept;
    if (rc == DBK_OK && wrote)
        rc = dbk_store_checkpoint(book->store, err);
    if (rc == DBK_OK && wrote)
        rc = dbk_book_shred_copies(book->folder, err);
    walk_wipe(&w);
    return rc;
}

static dbk_rc put(dbk_book *book, const dbk_store_disposal *row, dbk_err *err)
{
    dbk_rc rc = dbk_book_begin(book, err);
    if (rc == DBK_OK)
        rc = dbk_disposals_put(book->store, row, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc != DBK_OK)
        dbk_book_rollback(book);
    return rc;
}

dbk_rc dbk_disposal_said(dbk_book *book, const dbk_order *order, dbk_err *err)
{
    return put(book, &(dbk_store_disposal){ order->seq, DBK_DISPOSAL_DONE, 0 }, err);
}

dbk_rc dbk_disposal_keep(dbk_book *book, const dbk_order *order, dbk_err *err)
{
    const dbk_store_disposal row = { order->seq, DBK_DISPOSAL_KEPT, held_of(book, &order->space) };
    return put(book, &row, err);
}

/* ---- what comes in later ------------------------------------------------------------------- */

dbk_rc dbk_disposal_trim(const dbk_book *book, dbk_store_segment *row, const dbk_header *h,
                         dbk_bytes *room, dbk_err *err)
{
    const dbk_dot first = { h->feed, h->first_seq };
    dbk_sealed segment = { row->header, row->body, row->kept };
    uint64_t erased, ordered = dbk_roster_erased(book->roster, &h->space, &first, h->count);
    dbk_rc rc = dbk_sealed_erase(&segment, &erased, room, h, ordered, err);
    row->body = segment.body;
    row->kept = segment.kept;
    return rc;
}
