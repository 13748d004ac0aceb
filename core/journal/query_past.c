/* The ops behind a record, opened from the sealed segments. */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/day.h"
#include "core/crypto/hole.h"
#include "core/journal/query_internal.h"
#include "core/journal/snapshot.h"

#define EVENTS_BYTES_MAX (256u * 1024u * 1024u)

dbk_rc dbk_query_open_op(dbk_book *book, dbk_opened *out, dbk_bytes *plain,
                         const dbk_store_segment *row, uint32_t place, dbk_err *err)
{
    dbk_kept kept;
    memset(out, 0, sizeof(*out));
    dbk_bytes_truncate(plain, 0);
    dbk_rc rc = dbk_header_decode(&out->header, row->header, err);
    if (rc == DBK_OK && dbk_segment_is_bare(row))
        rc = dbk_fail(err, DBK_PENDING, "%s", DBK_SNAPSHOT_BARE);
    if (rc == DBK_OK)
        rc = dbk_kept_split(&kept, &out->header, row->body, row->kept, err);
    if (rc != DBK_OK)
        return rc;
    if (place >= out->header.count)
        return dbk_fail(err, DBK_DAMAGED, "a stored op lies outside of its segment");
    if (dbk_kept_is_hole(&kept, place))
        return dbk_fail(err, DBK_NOT_FOUND, "this change was disposed of");
    const dbk_secret *key = dbk_keyring_find(book->keyring, &out->header.space,
                                             &out->header.key_id);
    if (key == NULL)
        return dbk_fail(err, DBK_PENDING, "the key of a segment has not arrived here");
    rc = dbk_open_frame(book->sealer, plain, &out->header, &kept.frames[place], place, key, err);
    if (rc == DBK_OK)
        rc = dbk_op_decode(&out->op, dbk_bytes_span(plain), &out->header.feed, err);
    return rc;
}

/* ---- history ------------------------------------------------------------------------------- */

/* Enough to put an op in its place among the others; it is opened again when its turn comes, so
 * that a long history takes little memory. */
typedef struct past {
    dbk_hlc time;
    dbk_dot dot;
    dbk_rowid segment;
    uint32_t place;
} past;

typedef struct history {
    dbk_book *book;
    dbk_rowid record;
    dbk_bytes rows;  /* past */
    dbk_bytes plain; /* of one op */
    const past *now; /* the one that is told */
    dbk_event_fn fn;
    void *ctx;
} history;

static dbk_rc note_segment(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    history *h = ctx;
    past *p = (past *)(void *)(h->rows.p + h->rows.len - sizeof(past));
    dbk_opened op;
    if (dbk_segment_is_bare(row)) { /* dbk_query_history_lacks tells how many */
        dbk_bytes_truncate(&h->rows, h->rows.len - sizeof(past));
        return DBK_OK;
    }
    dbk_rc rc = dbk_query_open_op(h->book, &op, &h->plain, row, p->place, err);
    if (rc == DBK_OK) {
        p->time = op.op.op.time;
        p->dot = (dbk_dot){ op.header.feed, op.header.first_seq + p->place };
    }
    dbk_op_decoded_wipe(&op.op);
    return rc;
}

static dbk_rc note_op(void *ctx, const dbk_store_op *row, dbk_err *err)
{
    history *h = ctx;
    past p = { .segment = row->segment, .place = row->place };
    dbk_rc rc = dbk_bytes_append(&h->rows, dbk_span_of(&p, sizeof(p)), err);
    if (rc == DBK_OK)
        rc = dbk_segments_get(h->book->store, row->segment, note_segment, h, err);
    return rc;
}

static int by_time(const void *a, const void *b)
{
    const past *x = a;
    const past *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return dbk_dot_compare(&x->dot, &y->dot);
}

/* A clock that says a time after the receipt is wrong; so may be one that is a day behind it,
 * though a note that waited for a network is the usual cause. */
static bool is_doubtful(uint64_t claimed_ms, const dbk_store_place *log)
{
    if (!log->known)
        return false;
    return claimed_ms > log->receipt_ms || log->receipt_ms - claimed_ms > DBK_DAY_MS;
}

/* A guest's own program writes nothing then, but may have held back what it wrote before; another
 * program may claim any time, so that the relay's counts as well. */
static bool is_after_end(const dbk_book *book, const dbk_book_feed *feed, uint64_t claimed_ms,
                         const dbk_store_place *log)
{
    dbk_standing theirs = dbk_book_standing_of(book, &feed->device, &feed->space->space);
    return theirs.until_ms != 0 &&
           (claimed_ms >= theirs.until_ms || (log->known && log->receipt_ms >= theirs.until_ms));
}

static dbk_rc tell(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    history *h = ctx;
    dbk_opened op;
    const dbk_book_feed *feed = dbk_tables_feed_of_row(&h->book->tables, row->feed);
    if (feed == NULL)
        return dbk_fail(err, DBK_DAMAGED, "a stored segment belongs to no feed");
    dbk_rc rc = dbk_query_open_op(h->book, &op, &h->plain, row, h->now->place, err);
    if (rc == DBK_OK) {
        dbk_event event = { .dot = h->now->dot,
                            .device = feed->device,
                            .time = op.op.op.time,
                            .receipt_ms = row->log.receipt_ms,
                            .doubt = is_doubtful(dbk_hlc_ms(op.op.op.time), &row->log),
                            .after_end = is_after_end(h->book, feed, dbk_hlc_ms(op.op.op.time),
                                                      &row->log),
                            .carriage = dbk_query_carriage(h->book, feed->space, &row->log),
                            .op = &op.op.op };
        rc = h->fn(h->ctx, &event, err);
    }
    dbk_op_decoded_wipe(&op.op);
    return rc;
}

static dbk_rc which_record(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    history *h = ctx;
    if (!dbk_query_is_open(h->book, row)) /* as one that isn't here */
        return dbk_fail(err, DBK_NOT_FOUND, "there is no such record");
    h->record = row->id;
    return DBK_OK;
}

dbk_rc dbk_query_history(dbk_book *book, const dbk_id *record, dbk_event_fn fn, void *ctx,
                         dbk_err *err)
{
    history h = { .book = book,
                  .rows = DBK_BYTES_INIT(EVENTS_BYTES_MAX),
                  .plain = DBK_BYTES_INIT(DBK_QUERY_PLAIN_BYTES_MAX),
                  .fn = fn,
                  .ctx = ctx };
    dbk_rc rc = dbk_records_find(book->store, record, 0, which_record, &h, err);
    if (rc == DBK_OK)
        rc = dbk_ops_of_record(book->store, h.record, note_op, &h, err);
    size_t count = h.rows.len / sizeof(past);
    if (rc == DBK_OK && count > 0)
        qsort(h.rows.p, count, sizeof(past), by_time);
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        h.now = (const past *)(const void *)h.rows.p + i;
        rc = dbk_segments_get(book->store, h.now->segment, tell, &h, err);
    }
    dbk_bytes_wipe(&h.rows);
    dbk_bytes_wipe(&h.plain);
    return rc;
}

typedef struct lack {
    dbk_store *store;
    dbk_rowid record;
    uint64_t *count;
} lack;

static dbk_rc look_bare(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    (void)err;
    *((lack *)ctx)->count += dbk_segment_is_bare(row) ? 1 : 0;
    return DBK_OK;
}

static dbk_rc count_bare(void *ctx, const dbk_store_op *op, dbk_err *err)
{
    const lack *l = ctx;
    return dbk_segments_get(l->store, op->segment, look_bare, ctx, err);
}

static dbk_rc take_row(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    (void)err;
    ((lack *)ctx)->record = row->id;
    return DBK_OK;
}

dbk_rc dbk_query_history_lacks(dbk_book *book, uint64_t *count, const dbk_id *record, dbk_err *err)
{
    lack l = { .store = book->store, .count = count };
    *count = 0;
    dbk_rc rc = dbk_records_find(book->store, record, 0, take_row, &l, err);
    return rc == DBK_OK ? dbk_ops_of_record(book->store, l.record, count_bare, &l, err) : rc;
}

/* ---- authors ------------------------------------------------------------------------------- */

typedef struct author_look {
    dbk_book *book;
    dbk_authorship *out;
} author_look;

static dbk_rc look_author(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    author_look *l = ctx;
    dbk_header h;
    dbk_rc rc = dbk_header_decode(&h, row->header, NULL);
    if (rc != DBK_OK)
        return dbk_fail(err, DBK_DAMAGED, "a stored segment header is malformed");
    l->out->receipt_ms = row->log.receipt_ms;
    l->out->hq = dbk_book_author_is_hq(l->book, &l->out->device, &h.space, &h.members_seen);
    return DBK_OK;
}

dbk_rc dbk_query_author(dbk_book *book, dbk_authorship *out, const dbk_dot *dot, dbk_err *err)
{
    const dbk_book_feed *feed = dbk_tables_feed(&book->tables, &dot->feed);
    author_look l = { book, out };
    memset(out, 0, sizeof(*out));
    if (feed == NULL)
        return dbk_fail(err, DBK_NOT_FOUND, "nothing of this author is here");
    out->device = feed->device;
    return dbk_segments_at(book->store, feed->row, dot->seq, look_author, &l, err);
}
