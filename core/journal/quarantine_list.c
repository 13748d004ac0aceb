/* What stands aside, in words: opened with the keys that are held here, and merged into nothing. */
#include <string.h>

#include "core/journal/fold.h"
#include "core/journal/quarantine_internal.h"
#include "core/journal/query_internal.h"
#include "core/journal/record_id.h"

typedef struct listing {
    dbk_book *book;
    const dbk_book_space *space;
    dbk_bytes plain; /* of one op */
    dbk_bytes text;  /* of one summary */
    dbk_aside_fn fn;
    void *ctx;
} listing;

/* Stands aside, or is merged but for what its reason says. */
static bool is_listed(const dbk_store_segment *row)
{
    return row->status == DBK_SEGMENT_PENDING || dbk_inbox_is_spoiled((const char *)row->reason.p);
}

/* ---- one segment --------------------------------------------------------------------------- */

typedef struct record_form {
    dbk_span said;
    bool differs;
} record_form;

static dbk_rc compare_form(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    record_form *of = ctx;
    (void)err;
    of->differs = !dbk_span_equal(row->form, of->said);
    return DBK_OK;
}

/* Is it this op that is wrong in a segment that is taken? Its record is of another form, or in
 * another space. */
static dbk_rc is_odd(dbk_book *book, bool *odd, const dbk_store_segment *row, const dbk_opened *o,
                     dbk_err *err)
{
    const dbk_op *op = &o->op.op;
    dbk_err inner = { 0 };
    record_form of = { op->form, false };
    if (!dbk_record_id_fits(&op->record, &o->header.space, op->form)) {
        *odd = true;
        return DBK_OK;
    }
    dbk_rc rc = dbk_records_find(book->store, &op->record, row->space, compare_form, &of, &inner);
    *odd = of.differs;
    return rc == DBK_OK || rc == DBK_NOT_FOUND ? DBK_OK : dbk_fail(err, rc, "%s", inner.text);
}

/* What the op alone would make of a record. */
static dbk_rc summarise(listing *l, dbk_aside *a, const dbk_opened *o, dbk_err *err)
{
    dbk_state *s = NULL;
    const dbk_origin origin = { { o->header.feed, o->header.first_seq }, false };
    dbk_bytes_truncate(&l->text, 0);
    dbk_rc rc = dbk_state_new(&s, &o->op.op.record, err);
    if (rc == DBK_OK)
        rc = dbk_state_apply(s, &o->op.op, &origin, err);
    if (rc == DBK_OK)
        rc = dbk_fold_summary(l->book, &l->text, s, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(&l->text, '\0', err);
    if (rc == DBK_OK)
        a->summary = (const char *)l->text.p;
    dbk_state_free(s);
    return rc;
}

/* Opens the op that is to be shown: the first, or of what is taken the first that is wrong. */
static dbk_rc open_shown(listing *l, bool *found, const dbk_aside *a, const dbk_store_segment *row,
                         dbk_opened *o, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *found = false;
    for (uint32_t i = 0; i < a->ops && rc == DBK_OK && !*found; i++) {
        dbk_err cause = { 0 };
        dbk_op_decoded_wipe(&o->op);
        dbk_rc opened = dbk_query_open_op(l->book, o, &l->plain, row, i, &cause);
        if (opened == DBK_NOMEM)
            rc = dbk_fail(err, opened, "%s", cause.text);
        else if (opened == DBK_OK && a->taken)
            rc = is_odd(l->book, found, row, o, err);
        else
            *found = opened == DBK_OK;
        if (!a->taken)
            break;
    }
    return rc;
}

static dbk_rc look_inside(listing *l, dbk_aside *a, const dbk_store_segment *row, dbk_opened *o,
                          dbk_err *err)
{
    bool found = false;
    dbk_rc rc = open_shown(l, &found, a, row, o, err);
    if (rc != DBK_OK || !found)
        return rc; /* no key here, or no note */
    a->readable = true;
    a->claimed_ms = dbk_hlc_ms(o->op.op.time);
    a->form = o->op.op.form;
    a->about = o->op.op.record;
    return summarise(l, a, o, err);
}

static void name_author(const listing *l, dbk_aside *a, const dbk_header *h)
{
    const dbk_member *author = dbk_roster_feed_owner(l->book->roster, &h->space, &h->feed,
                                                     &h->incarnation);
    if (author != NULL)
        a->device = author->device;
}

static dbk_rc describe(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    listing *l = ctx;
    dbk_header h;
    dbk_opened o = { 0 };
    if (!is_listed(row))
        return DBK_OK;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc != DBK_OK)
        return rc;
    dbk_aside a = { .space = h.space,
                    .hash = dbk_header_hash(&h),
                    .prev = h.prev,
                    .first_seq = h.first_seq,
                    .ops = h.count,
                    .receipt_ms = row->log.receipt_ms,
                    .why = (const char *)row->reason.p,
                    .decidable = dbk_quarantine_decidable(row->reason),
                    .taken = row->status == DBK_SEGMENT_MERGED,
                    .summary = "" };
    a.id = dbk_quarantine_id(&h.space, &a.hash);
    name_author(l, &a, &h);
    rc = dbk_quarantine_ruling(l->book, &a.ruling, l->space, &a.hash, err);
    if (rc == DBK_OK)
        rc = look_inside(l, &a, row, &o, err);
    if (rc == DBK_OK)
        rc = l->fn(l->ctx, &a, err);
    dbk_op_decoded_wipe(&o.op);
    return rc;
}

/* ---- all of them --------------------------------------------------------------------------- */

/* Calls fn with each row that stands aside in a space that this device reads, and with each merged
 * one that keeps a reason. */
static dbk_rc each_row(dbk_book *book, const dbk_book_space **now, dbk_store_segment_fn fn,
                       void *ctx, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < book->readable_count && rc == DBK_OK; i++) {
        dbk_id id = dbk_inbox_aside_feed(&book->readable[i]);
        const dbk_book_feed *aside = dbk_tables_feed(&book->tables, &id);
        *now = dbk_tables_space(&book->tables, &book->readable[i]);
        if (aside != NULL && dbk_book_may_read(book, &book->readable[i]))
            rc = dbk_segments_of_feed(book->store, aside->row, 1, 0, fn, ctx, err);
        if (rc == DBK_OK && *now != NULL && dbk_book_may_read(book, &book->readable[i]))
            rc = dbk_segments_noted(book->store, (*now)->row, fn, ctx, err);
    }
    return rc;
}

dbk_rc dbk_quarantine_each(dbk_book *book, dbk_aside_fn fn, void *ctx, dbk_err *err)
{
    listing l = { .book = book,
                  .plain = DBK_BYTES_INIT(DBK_QUERY_PLAIN_BYTES_MAX),
                  .text = DBK_BYTES_INIT(DBK_SUMMARY_BYTES_MAX + 1),
                  .fn = fn,
                  .ctx = ctx };
    dbk_rc rc = each_row(book, &l.space, describe, &l, err);
    dbk_bytes_wipe(&l.plain);
    dbk_bytes_wipe(&l.text);
    return rc;
}

/* ---- what one holds ------------------------------------------------------------------------ */

typedef struct contents {
    dbk_book *book;
    const dbk_book_space *space;
    const dbk_id *id;
    bool found;
    dbk_bytes plain;
    dbk_event_fn fn;
    void *ctx;
} contents;

static dbk_rc tell_op(contents *c, const dbk_store_segment *row, uint32_t place, dbk_err *err)
{
    dbk_opened o = { 0 };
    dbk_err cause = { 0 };
    bool tell = true;
    dbk_rc rc = dbk_query_open_op(c->book, &o, &c->plain, row, place, &cause);
    if (rc == DBK_OK && row->status == DBK_SEGMENT_MERGED)
        rc = is_odd(c->book, &tell, row, &o, &cause);
    if (rc == DBK_OK && tell) {
        const dbk_member *author = dbk_roster_feed_owner(c->book->roster, &o.header.space,
                                                         &o.header.feed, &o.header.incarnation);
        dbk_event event = { .dot = { o.header.feed, o.header.first_seq + place },
                            .time = o.op.op.time,
                            .receipt_ms = row->log.receipt_ms,
                            .carriage = row->log.known ? DBK_RELAY_DURABLE : DBK_HERE_ONLY,
                            .op = &o.op.op };
        if (author != NULL)
            event.device = author->device;
        rc = c->fn(c->ctx, &event, err);
    } else if (rc == DBK_NOMEM || rc == DBK_PENDING) {
        rc = dbk_fail(err, rc, "%s", cause.text);
    } else {
        rc = DBK_OK;
    }
    dbk_op_decoded_wipe(&o.op);
    return rc;
}

static dbk_rc tell_if(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    contents *c = ctx;
    dbk_header h;
    if (!is_listed(row))
        return DBK_OK;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc != DBK_OK)
        return rc;
    dbk_hash hash = dbk_header_hash(&h);
    dbk_id id = dbk_quarantine_id(&h.space, &hash);
    if (!dbk_id_equal(&id, c->id))
        return DBK_OK;
    c->found = true;
    for (uint32_t i = 0; i < h.count && rc == DBK_OK; i++)
        rc = tell_op(c, row, i, err);
    return rc;
}

dbk_rc dbk_quarantine_notes(dbk_book *book, const dbk_id *id, dbk_event_fn fn, void *ctx,
                            dbk_err *err)
{
    contents c = { .book = book,
                   .id = id,
                   .plain = DBK_BYTES_INIT(DBK_QUERY_PLAIN_BYTES_MAX),
                   .fn = fn,
                   .ctx = ctx };
    dbk_rc rc = each_row(book, &c.space, tell_if, &c, err);
    if (rc == DBK_OK && !c.found)
        rc = dbk_fail(err, DBK_NOT_FOUND, "nothing stands aside under this id");
    dbk_bytes_wipe(&c.plain);
    return rc;
}
