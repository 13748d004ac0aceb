#include <string.h>

#include "core/journal/absent.h"
#include "core/journal/quarantine_internal.h"
#include "core/journal/query_internal.h"
#include "core/store/lost.h"
#include "core/store/rows_query.h"

#define REASON_BYTES_MAX 256u

/* ---- what waits for a receipt -------------------------------------------------------------- */

typedef struct waiting {
    dbk_book *book;
    dbk_bytes plain;
    uint64_t seq; /* of the op that is asked for */
    uint64_t oldest_ms;
} waiting;

static dbk_rc look_waiting(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    waiting *w = ctx;
    dbk_opened op;
    dbk_err cause = { 0 };
    dbk_rc rc = dbk_query_open_op(w->book, &op, &w->plain, row, (uint32_t)(w->seq - row->first_seq),
                                  &cause);
    if (rc == DBK_OK) {
        uint64_t ms = dbk_hlc_ms(op.op.op.time);
        if (w->oldest_ms == 0 || ms < w->oldest_ms)
            w->oldest_ms = ms;
    }
    dbk_op_decoded_wipe(&op.op);
    if (rc == DBK_PENDING) /* closed: its time can't be read here either */
        return DBK_OK;
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", cause.text);
}

/* *ops: of the feed, those that stand in the log below size. They stand there in their order. */
static dbk_rc count_below(dbk_book *book, uint64_t *ops, const dbk_book_feed *feed, uint64_t size,
                          dbk_err *err)
{
    uint64_t low = 0, high = size > 0 ? feed->now.receipted_seq : 0;
    while (low < high) {
        dbk_store_segment_place at;
        uint64_t mid = low + (high - low + 1) / 2;
        dbk_rc rc = dbk_segments_place(book->store, &at, feed->row, mid, err);
        if (rc != DBK_OK)
            return rc;
        if (at.log.known && at.log.index < size)
            low = at.first_seq + at.count - 1;
        else
            high = at.first_seq - 1;
    }
    *ops = low;
    return DBK_OK;
}

/* The log of use is written by looking: nobody's change. */
static dbk_rc count_looks(dbk_book *book, uint64_t *looks, const dbk_book_feed *feed, uint64_t past,
                          dbk_err *err)
{
    const dbk_ops_of_log of = { feed->row, past + 1 };
    uint64_t count = 0;
    dbk_rc rc = past == feed->now.last_seq ? DBK_OK
                                           : dbk_ops_count_of_log(book->store, &count, &of, err);
    *looks += count;
    return rc;
}

/* A device's clock never goes back in its feed, so the first op without a receipt is its oldest. */
static dbk_rc count_own(dbk_book *book, dbk_space_status *s, const dbk_book_space *space,
                        dbk_err *err)
{
    waiting w = { .book = book, .plain = DBK_BYTES_INIT(DBK_QUERY_PLAIN_BYTES_MAX) };
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < book->tables.feeds_count && rc == DBK_OK; i++) {
        const dbk_book_feed *feed = book->tables.feeds[i];
        if (feed->space != space || dbk_id_is_zero(&feed->device))
            continue;
        s->ops += feed->own || !s->mine.over ? feed->now.last_seq : 0;
        if (!feed->own)
            continue;
        s->own_ops += feed->now.last_seq;
        s->own_receipted_ops += feed->now.receipted_seq;
        uint64_t confirmed = 0;
        rc = count_below(book, &confirmed, feed, dbk_cosigned_now(book, space).size, err);
        s->own_confirmed_ops += confirmed;
        if (rc == DBK_OK)
            rc = count_looks(book, &s->own_looks, feed, feed->now.receipted_seq, err);
        if (rc == DBK_OK)
            rc = count_looks(book, &s->own_unconfirmed_looks, feed, confirmed, err);
        w.seq = feed->now.receipted_seq + 1;
        if (rc == DBK_OK && w.seq <= feed->now.last_seq)
            rc = dbk_segments_at(book->store, feed->row, w.seq, look_waiting, &w, err);
    }
    s->oldest_waiting_ms = w.oldest_ms;
    dbk_bytes_wipe(&w.plain);
    return rc;
}

/* ---- what stands aside --------------------------------------------------------------------- */

typedef struct aside_count {
    dbk_book *book;
    const dbk_book_space *space;
    dbk_space_status *s;
} aside_count;

static dbk_rc count_one(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    aside_count *c = ctx;
    dbk_ruling ruling;
    dbk_header h;
    if (row->status == DBK_SEGMENT_MERGED && !dbk_inbox_is_spoiled((const char *)row->reason.p))
        return DBK_OK;
    c->s->aside++;
    if (!dbk_quarantine_decidable(row->reason))
        return DBK_OK;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc != DBK_OK)
        return rc;
    dbk_hash hash = dbk_header_hash(&h);
    rc = dbk_quarantine_ruling(c->book, &ruling, c->space, &hash, err);
    c->s->undecided += ruling == DBK_RULING_NONE ? 1 : 0;
    return rc;
}

static dbk_rc fill(dbk_book *book, dbk_space_status *s, dbk_bytes *reason, dbk_err *err)
{
    const dbk_book_space *space = dbk_tables_space(&book->tables, &s->space);
    dbk_segment_tally tally;
    dbk_record_totals records;
    dbk_lost_count lost;
    dbk_absent absent;
    if (space == NULL)
        return DBK_OK;
    dbk_id aside_id = dbk_inbox_aside_feed(&space->space);
    const dbk_book_feed *aside = dbk_tables_feed(&book->tables, &aside_id);
    aside_count counting = { book, space, s };
    s->log_refused = !dbk_recovered_is_settled(book, &s->space);
    dbk_rc rc = dbk_lost_waiting(book->store, &lost, space->row, err);
    if (rc == DBK_OK)
        s->lost_ops = lost.own_ops;
    if (rc == DBK_OK)
        rc = dbk_absent_get(book, &absent, &s->space, err);
    if (rc == DBK_OK)
        s->absent_ops = absent.ops;
    if (rc == DBK_OK)
        rc = dbk_segments_tally(book->store, &tally, reason, space->row,
                                aside == NULL ? 0 : aside->row, err);
    if (rc == DBK_OK && aside != NULL)
        rc = dbk_segments_of_feed(book->store, aside->row, 1, 0, count_one, &counting, err);
    if (rc == DBK_OK)
        rc = dbk_segments_noted(book->store, space->row, count_one, &counting, err);
    if (rc == DBK_OK)
        rc = dbk_records_count(book->store, &records, space->row, DBK_FORM_AUDIT, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(reason, '\0', err);
    if (rc != DBK_OK)
        return rc;
    if (s->mine.over)
        return count_own(book, s, space, err);
    s->segments = tally.segments;
    if (s->mine.role == DBK_ROLE_WRITER) /* all of it is this device's, and closed */
        return count_own(book, s, space, err);
    s->pending = tally.pending;
    s->pending_reason = tally.pending > 0 ? (const char *)reason->p : NULL;
    s->records = records.records;
    s->attention = records.attention;
    s->log_size = space->now.frontier.size;
    return count_own(book, s, space, err);
}

/* ---- spaces -------------------------------------------------------------------------------- */

static dbk_rc fill_own(dbk_book *book, dbk_space_status *s, dbk_bytes *reason, dbk_err *err)
{
    const dbk_book_space *space = dbk_tables_space(&book->tables, &s->space);
    (void)reason;
    return space == NULL ? DBK_OK : count_own(book, s, space, err);
}

typedef struct status_walk {
    dbk_book *book;
    dbk_rc (*fill)(dbk_book *book, dbk_space_status *s, dbk_bytes *reason, dbk_err *err);
    dbk_space_fn fn;
    void *ctx;
} status_walk;

static dbk_rc tell_space(const status_walk *w, const dbk_id *space, dbk_err *err)
{
    dbk_bytes reason = DBK_BYTES_INIT(REASON_BYTES_MAX);
    dbk_space_status s = { .space = *space,
                           .mine = dbk_book_standing(w->book, space),
                           .confirmed = dbk_cosigned_judge(w->book, space) };
    dbk_rc rc = w->fill(w->book, &s, &reason, err);
    if (rc == DBK_OK)
        rc = w->fn(w->ctx, &s, err);
    dbk_bytes_wipe(&reason);
    return rc;
}

static bool is_held(const dbk_book *book, const dbk_id *space)
{
    for (size_t i = 0; i < book->readable_count; i++)
        if (dbk_id_equal(&book->readable[i], space))
            return true;
    return false;
}

static dbk_rc tell_spaces(const status_walk *w, dbk_err *err)
{
    const dbk_book *book = w->book;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < book->readable_count && rc == DBK_OK; i++)
        rc = tell_space(w, &book->readable[i], err);
    /* Where this device is a member, but the key has not come: that is worth telling too. */
    size_t spaces = book->roster == NULL ? 0 : dbk_roster_spaces(book->roster);
    for (size_t i = 0; i < spaces && rc == DBK_OK; i++) {
        const dbk_space *s = dbk_roster_space_at(book->roster, i);
        if (!s->is_roster && !is_held(book, &s->space) &&
            dbk_book_role(book, &s->space) != DBK_ROLE_NONE)
            rc = tell_space(w, &s->space, err);
    }
    return rc;
}

dbk_rc dbk_query_status(dbk_book *book, dbk_space_fn fn, void *ctx, dbk_err *err)
{
    const status_walk w = { book, fill, fn, ctx };
    return tell_spaces(&w, err);
}

dbk_rc dbk_query_status_own(dbk_book *book, dbk_space_fn fn, void *ctx, dbk_err *err)
{
    const status_walk w = { book, fill_own, fn, ctx };
    return tell_spaces(&w, err);
}

dbk_rc dbk_query_heard(dbk_book *book, uint64_t *receipt_ms, const dbk_id *device,
                       const dbk_id *space, dbk_err *err)
{
    const dbk_tables *t = &book->tables;
    dbk_rc rc = DBK_OK;
    *receipt_ms = 0;
    for (size_t i = 0; rc == DBK_OK && i < t->feeds_count; i++) {
        const dbk_book_feed *feed = t->feeds[i];
        dbk_store_segment_place place = { 0 };
        if (!dbk_id_equal(&feed->device, device) || feed->now.last_seq == 0 ||
            !dbk_id_equal(&feed->space->space, space))
            continue;
        rc = dbk_segments_place(book->store, &place, feed->row, feed->now.last_seq, err);
        if (rc == DBK_OK && place.log.known && place.log.receipt_ms > *receipt_ms)
            *receipt_ms = place.log.receipt_ms;
    }
    return rc;
}
