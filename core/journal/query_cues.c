/* Where the rules of the work look for a record, and keeping the rows that tell it. A row follows
 * from the record's state, its form and its time alone, so what is indexed is in step, whatever
 * receipts or roles come later. */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/room.h"
#include "core/journal/query_internal.h"
#include "core/journal/record_id.h"
#include "core/store/cues.h"
#include "core/store/rows_query.h"

/* More than any state gives: an id takes 16 of its bytes, and is told less often than eight times.
 */
#define CUES_MAX (DBK_STATE_BYTES_MAX / 2u)

/* ---- keeping --------------------------------------------------------------------------------- */

typedef struct cues {
    dbk_store_cue *rows;
    size_t count, room;
} cues;

static dbk_rc take_cue(void *ctx, const dbk_cue *cue, dbk_err *err)
{
    cues *c = ctx;
    if (c->count == CUES_MAX)
        return dbk_fail(err, DBK_LIMIT, "a record refers to more than %u others", CUES_MAX);
    dbk_store_cue *rows = dbk_room_for(c->rows, &c->room, c->count + 1, sizeof(*rows));
    if (rows == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for what a record is found by");
    c->rows = rows;
    c->rows[c->count++] = (dbk_store_cue){ (uint32_t)cue->kind, cue->about, cue->at_ms };
    return DBK_OK;
}

/* As the store gives them. */
static int by_place(const void *pa, const void *pb)
{
    const dbk_store_cue *a = pa, *b = pb;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    int order = dbk_id_compare(&a->about, &b->about);
    return order != 0 ? order : (a->at_ms > b->at_ms) - (a->at_ms < b->at_ms);
}

static dbk_id space_of(const dbk_book *book, const dbk_store_record *row)
{
    const dbk_book_space *space = dbk_tables_space_of_row(&book->tables, row->space);
    return space == NULL ? (dbk_id){ { 0 } } : space->space;
}

/* Each once, in order. The log of use is asked for by nobody's rules (core/journal/audit.h). */
static dbk_rc make_cues(dbk_book *book, cues *c, const dbk_store_record *row, dbk_err *err)
{
    dbk_state *state = NULL;
    size_t kept = 0;
    if (dbk_span_equal(row->form, dbk_span_str(DBK_FORM_AUDIT)))
        return DBK_OK;
    dbk_rc rc = dbk_query_state(&state, row, err);
    if (rc == DBK_OK) {
        const dbk_cue_of of = { state, dbk_book_view(book, state, row->form).form, row->when_ms,
                                space_of(book, row), dbk_record_id_fits };
        rc = dbk_cues_each(&of, take_cue, c, err);
    }
    if (c->count > 0)
        qsort(c->rows, c->count, sizeof(c->rows[0]), by_place);
    for (size_t i = 0; i < c->count; i++)
        if (kept == 0 || by_place(&c->rows[kept - 1], &c->rows[i]) != 0)
            c->rows[kept++] = c->rows[i];
    c->count = kept;
    dbk_state_free(state);
    return rc;
}

dbk_rc dbk_query_cue_rows(dbk_book *book, const dbk_store_record *row, dbk_err *err)
{
    cues c = { 0 };
    dbk_rc rc = dbk_cues_clear(book->store, row->id, err);
    if (rc == DBK_OK)
        rc = make_cues(book, &c, row, err);
    for (size_t i = 0; rc == DBK_OK && i < c.count; i++)
        rc = dbk_cues_add(book->store, row->id, &c.rows[i], err);
    dbk_free(c.rows);
    return rc;
}

typedef struct comparing {
    const cues *made;
    size_t at;
    bool same;
} comparing;

static dbk_rc compare_cue(void *ctx, const dbk_store_cue *cue, dbk_err *err)
{
    comparing *c = ctx;
    (void)err;
    c->same = c->same && c->at < c->made->count && by_place(&c->made->rows[c->at], cue) == 0;
    c->at++;
    return DBK_OK;
}

dbk_rc dbk_query_cues_in_step(dbk_book *book, bool *same, const dbk_store_record *row, dbk_err *err)
{
    cues made = { 0 };
    comparing c = { &made, 0, true };
    *same = true;
    if (!row->indexed)
        return DBK_OK;
    dbk_rc rc = make_cues(book, &made, row, err);
    if (rc == DBK_OK)
        rc = dbk_cues_of(book->store, row->id, compare_cue, &c, err);
    *same = c.same && c.at == made.count;
    dbk_free(made.rows);
    return rc;
}

/* ---- asking ---------------------------------------------------------------------------------- */

dbk_rc dbk_query_keep_up(dbk_book *book, dbk_err *err)
{
    uint64_t waiting = 0;
    dbk_rc rc = dbk_words_waiting_count(book->store, &waiting, err);
    return rc == DBK_OK && waiting > 0 ? dbk_query_index(book, &waiting, UINT64_MAX, err) : rc;
}

typedef struct walk {
    dbk_book *book;
    const char *form; /* NULL: all */
    bool with_withdrawn, with_note;
    dbk_row_fn fn;
    void *ctx;
    dbk_cue_place cue; /* by which the row was found */
} walk;

static dbk_rc give_note(const walk *w, dbk_row *out, const dbk_store_record *row, dbk_err *err)
{
    dbk_state *state = NULL;
    dbk_note note;
    dbk_rc rc = dbk_query_state(&state, row, err);
    if (rc == DBK_OK)
        rc = dbk_query_row_note(w->book, &note, state, row, err);
    out->note = &note;
    if (rc == DBK_OK)
        rc = w->fn(w->ctx, out, err);
    dbk_state_free(state);
    return rc;
}

static dbk_rc take_row(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    const walk *w = ctx;
    dbk_row out;
    if (!dbk_query_is_open(w->book, row) || (!w->with_withdrawn && row->life > DBK_LIFE_SIGNED) ||
        (w->form != NULL && !dbk_span_equal(row->form, dbk_span_str(w->form))))
        return DBK_OK;
    dbk_rc rc = dbk_query_row_alone(w->book, &out, row, err);
    out.cue_ms = w->cue.at_ms;
    out.cue_row = w->cue.row;
    if (rc != DBK_OK)
        return rc;
    return w->with_note ? give_note(w, &out, row, err) : w->fn(w->ctx, &out, err);
}

static dbk_rc take_found(void *ctx, dbk_rowid record, int64_t at_ms, dbk_err *err)
{
    walk *w = ctx;
    w->cue = (dbk_cue_place){ record, at_ms };
    return dbk_records_get(w->book->store, record, take_row, w, err);
}

static dbk_cues_ask rows_of(const dbk_cued *ask)
{
    dbk_cues_ask rows = { .kind = (uint32_t)ask->kind,
                          .from_ms = ask->from_ms,
                          .until_ms = ask->until_ms };
    if (ask->about != NULL)
        rows.about = *ask->about;
    return rows;
}

static dbk_rc count_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    (void)row;
    (void)err;
    ++*(uint64_t *)ctx;
    return DBK_OK;
}

dbk_rc dbk_query_cue_count(dbk_book *book, uint64_t *count, const dbk_cued *ask, dbk_err *err)
{
    walk w = { .book = book, .with_withdrawn = true, .fn = count_row, .ctx = count };
    const dbk_cues_ask rows = rows_of(ask);
    bool all_open = dbk_query_limit(book, 1) != 0;
    *count = 0;
    dbk_rc rc = dbk_query_keep_up(book, err);
    if (rc != DBK_OK)
        return rc;
    return all_open ? dbk_cues_count(book->store, count, &rows, err)
                    : dbk_cues_find(book->store, &rows, take_found, &w, err);
}

dbk_rc dbk_query_cue_nth(dbk_book *book, int64_t *at_ms, const dbk_cued *ask, uint64_t n,
                         dbk_err *err)
{
    const dbk_cues_ask rows = rows_of(ask);
    dbk_rc rc = dbk_query_keep_up(book, err);
    return rc == DBK_OK ? dbk_cues_nth(book->store, at_ms, &rows, n, err) : rc;
}

dbk_rc dbk_query_cue_latest(dbk_book *book, dbk_cue_place *out, const dbk_cued *ask, dbk_err *err)
{
    const dbk_cues_ask rows = rows_of(ask);
    *out = (dbk_cue_place){ .row = 0 };
    dbk_rc rc = dbk_query_keep_up(book, err);
    if (rc != DBK_OK || dbk_query_limit(book, 1) == 0)
        return rc;
    return dbk_cues_latest(book->store, &out->row, &out->at_ms, &rows, err);
}

typedef struct placing {
    dbk_place_fn fn;
    void *ctx;
} placing;

static dbk_rc give_place(void *ctx, dbk_rowid record, int64_t at_ms, dbk_err *err)
{
    const placing *p = ctx;
    const dbk_cue_place place = { record, at_ms };
    return p->fn(p->ctx, &place, err);
}

dbk_rc dbk_query_cue_places(dbk_book *book, const dbk_cued *ask, dbk_place_fn fn, void *ctx,
                            dbk_err *err)
{
    const dbk_cues_ask rows = rows_of(ask);
    placing p = { fn, ctx };
    dbk_rc rc = dbk_query_keep_up(book, err);
    return rc == DBK_OK ? dbk_cues_find(book->store, &rows, give_place, &p, err) : rc;
}

dbk_rc dbk_query_cued(dbk_book *book, const dbk_cued *ask, dbk_row_fn fn, void *ctx, dbk_err *err)
{
    walk w = { book, ask->form, ask->with_withdrawn, ask->with_note, fn, ctx, { 0, 0 } };
    const dbk_cues_ask rows = rows_of(ask);
    dbk_rc rc = dbk_query_keep_up(book, err);
    return rc == DBK_OK ? dbk_cues_find(book->store, &rows, take_found, &w, err) : rc;
}

dbk_rc dbk_query_cue_abouts(dbk_book *book, dbk_cue_kind kind, dbk_about_fn fn, void *ctx,
                            dbk_err *err)
{
    dbk_id about = { { 0 } };
    bool found = true;
    dbk_rc rc = dbk_query_keep_up(book, err);
    while (rc == DBK_OK && found) {
        rc = dbk_cues_next(book->store, &found, &about, (uint32_t)kind, err);
        if (rc == DBK_OK && found)
            rc = fn(ctx, &about, err);
    }
    return rc;
}

dbk_rc dbk_query_one(dbk_book *book, const dbk_id *record, dbk_row_fn fn, void *ctx, dbk_err *err)
{
    walk w = { .book = book, .with_withdrawn = true, .fn = fn, .ctx = ctx };
    dbk_rowid id = 0;
    dbk_rc rc = dbk_records_lookup(book->store, &id, record, 0, err);
    return rc == DBK_OK && id != 0 ? dbk_records_get(book->store, id, take_row, &w, err) : rc;
}

dbk_rc dbk_query_until(dbk_book *book, int64_t until_ms, dbk_row_fn fn, void *ctx, dbk_err *err)
{
    walk w = { .book = book, .with_withdrawn = true, .fn = fn, .ctx = ctx };
    const dbk_records_until ask = { until_ms, DBK_FORM_AUDIT };
    return dbk_records_each_until(book->store, &ask, take_row, &w, err);
}
