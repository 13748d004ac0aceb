#include "core/journal/evidence.h"

#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/evidence_internal.h"
#include "core/journal/orglog.h"
#include "core/store/chain.h"
#include "core/store/exhibits.h"

#define OPEN_MAX 256u

/* ---- keeping ------------------------------------------------------------------------------- */

typedef struct folding {
    dbk_roster *roster; /* borrowed */
    uint64_t count;
} folding;

static dbk_rc fold_entry(void *ctx, uint64_t seq, dbk_span entry, dbk_err *err)
{
    folding *f = ctx;
    if (seq >= f->count)
        return DBK_NOT_FOUND; /* the end, not a failure */
    return dbk_roster_add(f->roster, entry, err);
}

/* dbk_exhibit_basis.fold: the stored chain. */
static dbk_rc fold_chain(void *ctx, dbk_roster **out, uint64_t count, dbk_err *err)
{
    dbk_book *book = ctx;
    dbk_err inner = { 0 };
    dbk_rc rc = dbk_roster_new(out, &book->link.root, err);
    if (rc != DBK_OK)
        return rc;
    folding f = { *out, count };
    rc = dbk_chain_each(book->store, 0, fold_entry, &f, &inner);
    if (rc == DBK_OK || rc == DBK_NOT_FOUND)
        return DBK_OK;
    dbk_roster_free(*out);
    *out = NULL;
    return dbk_fail(err, rc, "%s", inner.text);
}

static bool find_entry(void *ctx, uint64_t *seq, const dbk_hash *head)
{
    return dbk_book_chain_seq(ctx, seq, head);
}

static dbk_rc check(dbk_book *book, dbk_exhibit_shows *out, const dbk_exhibit *x, dbk_err *err)
{
    const dbk_exhibit_basis basis = { book->roster, fold_chain, find_entry, book };
    return dbk_exhibit_check(out, x, &basis, err);
}

/* Whether it says anything about what was received: a failure of this device itself doesn't. */
static bool shows_nothing(dbk_rc rc)
{
    return rc == DBK_FORMAT || rc == DBK_AUTH || rc == DBK_VERSION || rc == DBK_DENIED ||
           rc == DBK_CONFLICT || rc == DBK_LIMIT;
}

dbk_rc dbk_evidence_own(dbk_book *book, evidence_step step, void *ctx, dbk_err *err)
{
    bool own = !dbk_store_in_transaction(book->store);
    dbk_rc rc = own ? dbk_book_begin(book, err) : DBK_OK;
    if (rc == DBK_OK)
        rc = step(book, ctx, err);
    if (rc == DBK_OK && own)
        rc = dbk_book_commit(book, err);
    if (rc != DBK_OK && own)
        dbk_book_rollback(book);
    return rc;
}

static dbk_rc add_row(dbk_book *book, void *ctx, dbk_err *err)
{
    return dbk_exhibits_add(book->store, ctx, err);
}

/* In a transaction: the feed is known to have two histories. */
static dbk_rc hold_feed(dbk_book *book, void *ctx, dbk_err *err)
{
    const dbk_id *id = ctx;
    dbk_book_feed *feed = dbk_tables_feed(&book->tables, id);
    (void)err;
    if (feed != NULL && !feed->now.forked)
        dbk_feed_touch(&book->tables, feed)->forked = true;
    return DBK_OK;
}

dbk_rc dbk_evidence_add(dbk_book *book, dbk_store_exhibit *row, dbk_err *err)
{
    row->found_ms = book->env->now_ms(book->env->self);
    row->reason = dbk_span_str("");
    return dbk_evidence_own(book, add_row, row, err);
}

dbk_rc dbk_evidence_keep(dbk_book *book, const dbk_exhibit *x, dbk_err *err)
{
    dbk_bytes bytes = DBK_BYTES_INIT(DBK_EXHIBIT_BYTES_MAX);
    dbk_exhibit_totals all = { 0 };
    dbk_exhibit_count count = { 0 };
    dbk_exhibit_shows shows;
    dbk_err inner = { 0 };
    bool needed = false;
    dbk_rc rc = check(book, &shows, x, &inner);
    if (shows_nothing(rc))
        return DBK_OK;
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", inner.text);
    rc = dbk_exhibit_encode(&bytes, x, err);
    if (rc == DBK_OK)
        rc = dbk_exhibits_of(book->store, &count, &shows.subject, dbk_bytes_span(&bytes), err);
    if (rc == DBK_OK)
        rc = dbk_exhibits_count(book->store, &all, 0, err);
    needed = count.open == 0 && count.same == 0 && all.open < OPEN_MAX;
    dbk_store_exhibit row = { .subject = shows.subject,
                              .kind = (uint32_t)shows.kind,
                              .space = shows.space,
                              .state = DBK_EXHIBIT_OPEN,
                              .bytes = dbk_bytes_span(&bytes) };
    if (rc == DBK_OK && needed)
        rc = dbk_evidence_add(book, &row, err);
    if (rc == DBK_OK && needed && shows.kind == DBK_EXHIBIT_CHAIN)
        book->frozen = true;
    if (rc == DBK_OK && shows.kind == DBK_EXHIBIT_FEED)
        rc = dbk_evidence_own(book, hold_feed, &shows.feed, err);
    dbk_bytes_wipe(&bytes);
    return rc;
}

/* ---- showing ------------------------------------------------------------------------------- */

typedef struct showing {
    dbk_book *book;
    dbk_evidence_fn fn;
    void *ctx;
} showing;

static dbk_rc open_row(dbk_book *book, dbk_evidence *out, const dbk_store_exhibit *row,
                       dbk_err *err)
{
    dbk_exhibit x;
    dbk_err inner = { 0 };
    dbk_rc rc = dbk_exhibit_decode(&x, row->bytes, &inner);
    if (rc == DBK_OK)
        rc = check(book, &out->shows, &x, &inner);
    if (shows_nothing(rc))
        return dbk_fail(err, DBK_DAMAGED, "evidence %lld does not hold: %s", (long long)row->id,
                        inner.text);
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", inner.text);
    out->id = (uint64_t)row->id;
    out->found_ms = row->found_ms;
    out->settled = row->state == DBK_EXHIBIT_SETTLED;
    out->reason = (const char *)row->reason.p;
    out->space_held = dbk_orglog_space_held(book, &row->space);
    return DBK_OK;
}

static dbk_rc show(void *ctx, const dbk_store_exhibit *row, dbk_err *err)
{
    const showing *s = ctx;
    dbk_evidence item = { 0 };
    if (row->state == DBK_EXHIBIT_WAITS)
        return DBK_OK;
    dbk_rc rc = open_row(s->book, &item, row, err);
    return rc == DBK_OK ? s->fn(s->ctx, &item, err) : rc;
}

dbk_rc dbk_evidence_each(dbk_book *book, dbk_evidence_fn fn, void *ctx, dbk_err *err)
{
    showing s = { book, fn, ctx };
    return dbk_exhibits_each(book->store, show, &s, err);
}

dbk_rc dbk_evidence_count(dbk_book *book, dbk_evidence_totals *out, dbk_err *err)
{
    dbk_exhibit_totals all = { 0 };
    dbk_rc rc = dbk_exhibits_count(book->store, &all, DBK_EXHIBIT_CHAIN, err);
    *out = (dbk_evidence_totals){ all.open, all.settled, all.waiting, all.of_kind > 0 };
    return rc;
}

static dbk_rc load_frozen(dbk_book *book, dbk_err *err)
{
    dbk_evidence_totals all;
    dbk_rc rc = dbk_evidence_count(book, &all, err);
    book->frozen = all.frozen;
    return rc;
}

/* Settled or not: that a person has looked doesn't say which history is meant. */
static dbk_rc load_feed(void *ctx, const dbk_store_exhibit *row, dbk_err *err)
{
    dbk_book *book = ctx;
    dbk_exhibit x;
    dbk_header h;
    if (row->kind != DBK_EXHIBIT_FEED || row->state == DBK_EXHIBIT_WAITS)
        return DBK_OK;
    dbk_rc rc = dbk_exhibit_decode(&x, row->bytes, err);
    if (rc == DBK_OK)
        rc = dbk_header_decode(&h, dbk_span_of(x.a.p, DBK_SEGMENT_HEADER_BYTES), err);
    dbk_book_feed *feed = rc == DBK_OK ? dbk_tables_feed(&book->tables, &h.feed) : NULL;
    if (feed != NULL)
        feed->now.forked = feed->kept.forked = true;
    return rc;
}

dbk_rc dbk_evidence_load(dbk_book *book, dbk_err *err)
{
    dbk_rc rc = load_frozen(book, err);
    return rc == DBK_OK ? dbk_exhibits_each(book->store, load_feed, book, err) : rc;
}

dbk_rc dbk_evidence_check_frozen(const dbk_book *book, dbk_err *err)
{
    if (!book->frozen)
        return DBK_OK;
    return dbk_fail(err, DBK_SPLIT,
                    "administrators signed two different courses of the membership: nothing is "
                    "exchanged until headquarters has settled it (daybook evidence list)");
}

/* ---- one item ------------------------------------------------------------------------------ */

typedef struct picking {
    dbk_rowid id;
    bool found, settled;
    dbk_bytes *bytes; /* or NULL */
} picking;

static dbk_rc pick(void *ctx, const dbk_store_exhibit *row, dbk_err *err)
{
    picking *p = ctx;
    if (row->id != p->id || row->state == DBK_EXHIBIT_WAITS)
        return DBK_OK;
    p->found = true;
    p->settled = row->state == DBK_EXHIBIT_SETTLED;
    return p->bytes == NULL ? DBK_OK : dbk_bytes_append(p->bytes, row->bytes, err);
}

static dbk_rc find(dbk_book *book, picking *p, uint64_t id, dbk_err *err)
{
    p->id = id > INT64_MAX ? 0 : (dbk_rowid)id;
    dbk_rc rc = dbk_exhibits_each(book->store, pick, p, err);
    if (rc == DBK_OK && !p->found)
        rc = dbk_fail(err, DBK_NOT_FOUND, "there is no such evidence");
    return rc;
}

typedef struct writing {
    dbk_bytes *out;
    uint64_t left;
} writing;

static dbk_rc write_entry(void *ctx, uint64_t seq, dbk_span entry, dbk_err *err)
{
    writing *w = ctx;
    (void)seq;
    if (w->left == 0)
        return DBK_NOT_FOUND; /* the end, not a failure */
    w->left--;
    return dbk_exhibit_file_add(w->out, entry, err);
}

dbk_rc dbk_evidence_export(dbk_book *book, dbk_bytes *out, uint64_t id, dbk_err *err)
{
    dbk_bytes bytes = DBK_BYTES_INIT(DBK_EXHIBIT_BYTES_MAX);
    picking p = { .bytes = &bytes };
    dbk_exhibit_shows shows;
    dbk_exhibit x;
    dbk_err inner = { 0 };
    dbk_rc rc = find(book, &p, id, err);
    if (rc == DBK_OK)
        rc = dbk_exhibit_decode(&x, dbk_bytes_span(&bytes), err);
    if (rc == DBK_OK)
        rc = check(book, &shows, &x, err);
    if (rc == DBK_OK)
        rc = dbk_exhibit_file_begin(out, shows.entries, err);
    if (rc == DBK_OK) {
        writing w = { out, shows.entries };
        rc = dbk_chain_each(book->store, 0, write_entry, &w, &inner);
        if (rc == DBK_NOT_FOUND)
            rc = DBK_OK;
        else if (rc != DBK_OK)
            (void)dbk_fail(err, rc, "%s", inner.text);
    }
    if (rc == DBK_OK)
        rc = dbk_exhibit_file_add(out, dbk_bytes_span(&bytes), err);
    dbk_bytes_wipe(&bytes);
    return rc;
}

typedef struct settling {
    dbk_rowid id;
    dbk_span reason;
} settling;

static dbk_rc settle_row(dbk_book *book, void *ctx, dbk_err *err)
{
    const settling *s = ctx;
    return dbk_exhibits_settle(book->store, s->id, s->reason, err);
}

dbk_rc dbk_evidence_settle(dbk_book *book, uint64_t id, const char *reason, dbk_err *err)
{
    picking p = { 0 };
    size_t len = reason == NULL ? 0 : strlen(reason);
    if (len == 0 || len > DBK_EVIDENCE_REASON_BYTES_MAX)
        return dbk_fail(err, DBK_INVALID, "a reason is needed, of at most %u bytes",
                        DBK_EVIDENCE_REASON_BYTES_MAX);
    dbk_rc rc = find(book, &p, id, err);
    if (rc == DBK_OK && p.settled)
        rc = dbk_fail(err, DBK_CONFLICT, "it is settled already");
    settling s = { p.id, dbk_span_str(reason == NULL ? "" : reason) };
    if (rc == DBK_OK)
        rc = dbk_evidence_own(book, settle_row, &s, err);
    return rc == DBK_OK ? load_frozen(book, err) : rc;
}
