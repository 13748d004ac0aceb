#include "core/journal/query.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/query_internal.h"
#include "core/store/rows_query.h"

#define ID_DIGITS_MIN 6u
#define ID_DIGITS 32u

/* ---- rows ---------------------------------------------------------------------------------- */

static dbk_rc damaged(dbk_err *err)
{
    return dbk_fail(err, DBK_DAMAGED, "a record's row in the store can't be read");
}

dbk_rc dbk_query_state(dbk_state **out, const dbk_store_record *row, dbk_err *err)
{
    dbk_err inner = { 0 };
    dbk_rc rc = dbk_state_decode(out, &row->record, row->state, &inner);
    if (rc == DBK_FORMAT)
        return damaged(err);
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", inner.text);
}

dbk_carriage dbk_query_carriage(const dbk_book *book, const dbk_book_space *space,
                                const dbk_store_place *log)
{
    if (!log->known)
        return DBK_HERE_ONLY;
    return log->index < dbk_cosigned_now(book, space).size ? DBK_HQ_DURABLE : DBK_RELAY_DURABLE;
}

/* ---- one record ---------------------------------------------------------------------------- */

typedef struct note_load {
    dbk_book *book;
    dbk_note *note;
    dbk_rowid row;
} note_load;

dbk_rc dbk_query_row_note(dbk_book *book, dbk_note *out, dbk_state *state,
                          const dbk_store_record *row, dbk_err *err)
{
    const dbk_book_space *space = dbk_tables_space_of_row(&book->tables, row->space);
    if (space == NULL)
        return damaged(err);
    *out = (dbk_note){ .record = row->record,
                       .space = space->space,
                       .state = state,
                       .view = dbk_book_view(book, state, row->form),
                       .carriage = DBK_HERE_ONLY };
    out->form = out->view.form;
    return DBK_OK;
}

static dbk_rc load_note(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    note_load *l = ctx;
    if (!dbk_query_is_open(l->book, row)) /* as one that isn't here */
        return dbk_fail(err, DBK_NOT_FOUND, "there is no such record");
    l->row = row->id;
    dbk_rc rc = dbk_query_state(&l->note->state, row, err);
    return rc == DBK_OK ? dbk_query_row_note(l->book, l->note, l->note->state, row, err) : rc;
}

dbk_span dbk_note_form(const dbk_note *note)
{
    return note->form == NULL ? dbk_state_form(note->state)
                              : dbk_span_str(dbk_form_name(note->form));
}

static dbk_rc load(note_load *l, dbk_book *book, const dbk_id *record, dbk_err *err)
{
    *l = (note_load){ book, dbk_alloc(sizeof(dbk_note)), 0 };
    if (l->note == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a record");
    return dbk_records_find(book->store, record, 0, load_note, l, err);
}

dbk_rc dbk_query_said(dbk_note **out, dbk_book *book, const dbk_id *record, dbk_err *err)
{
    note_load l;
    dbk_rc rc = load(&l, book, record, err);
    *out = rc == DBK_OK ? l.note : NULL;
    if (rc != DBK_OK)
        dbk_note_free(l.note);
    return rc;
}

dbk_rc dbk_query_note(dbk_note **out, dbk_book *book, const dbk_id *record, dbk_err *err)
{
    note_load l;
    dbk_store_place place;
    dbk_rc rc = load(&l, book, record, err);
    if (rc == DBK_OK)
        rc = dbk_records_place(book->store, &place, l.row, err);
    *out = rc == DBK_OK ? l.note : NULL;
    if (rc != DBK_OK) {
        dbk_note_free(l.note);
        return rc;
    }
    l.note->carriage = dbk_query_carriage(book, dbk_tables_space(&book->tables, &l.note->space),
                                          &place);
    return DBK_OK;
}

void dbk_note_free(dbk_note *note)
{
    if (note == NULL)
        return;
    dbk_state_free(note->state);
    dbk_free(note);
}

dbk_rc dbk_note_hash(dbk_hash *out, const dbk_note *note, dbk_err *err)
{
    dbk_bytes state = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_hasher h;
    dbk_rc rc = dbk_state_encode(&state, note->state, err);
    dbk_hasher_init(&h, "daybook/basis/1");
    dbk_hasher_add(&h, dbk_span_of(note->record.b, sizeof(note->record.b)));
    dbk_hasher_add(&h, dbk_bytes_span(&state));
    *out = dbk_hasher_end(&h);
    dbk_bytes_wipe(&state);
    return rc;
}

/* The digits of a whole or a partial id; *count of them. */
static dbk_rc parse_digits(char digits[ID_DIGITS + 1], size_t *count, const char *text,
                           dbk_err *err)
{
    *count = 0;
    for (const char *p = text; *p != '\0'; p++) {
        bool digit = (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f') ||
                     (*p >= 'A' && *p <= 'F');
        if (*p == '-')
            continue;
        if (!digit || *count == ID_DIGITS)
            return dbk_fail(err, DBK_INVALID, "this is no record id");
        digits[(*count)++] = *p;
    }
    if (*count < ID_DIGITS_MIN)
        return dbk_fail(err, DBK_INVALID, "a record id needs at least %u digits", ID_DIGITS_MIN);
    return DBK_OK;
}

/* The first ids in the range, of all spaces that may be read: two tell that one isn't enough. */
static dbk_rc find_between(dbk_book *book, dbk_id found[2], size_t *count, const dbk_id *from,
                           const dbk_id *to, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *count = 0;
    for (size_t i = 0; rc == DBK_OK && i < book->tables.spaces_count && *count < 2; i++) {
        const dbk_book_space *space = book->tables.spaces[i];
        const dbk_records_range range = { space->row, from, to };
        dbk_id here[2];
        size_t here_count = 0;
        if (!dbk_book_may_read(book, &space->space))
            continue;
        rc = dbk_records_between(book->store, here, &here_count, 2, &range, err);
        for (size_t k = 0; rc == DBK_OK && k < here_count && *count < 2; k++)
            if (*count == 0 || !dbk_id_equal(&found[0], &here[k]))
                found[(*count)++] = here[k];
    }
    return rc;
}

dbk_rc dbk_query_resolve_id(dbk_id *out, dbk_book *book, const char *text, dbk_err *err)
{
    char low[ID_DIGITS + 1], high[ID_DIGITS + 1];
    dbk_id from, to, found[2];
    size_t digits, count = 0;
    memset(out, 0, sizeof(*out));
    dbk_rc rc = parse_digits(low, &digits, text, err);
    if (rc != DBK_OK)
        return rc;
    memcpy(high, low, digits);
    memset(low + digits, '0', ID_DIGITS - digits);
    memset(high + digits, 'f', ID_DIGITS - digits);
    low[ID_DIGITS] = high[ID_DIGITS] = '\0';
    rc = dbk_id_parse(&from, low, err);
    if (rc == DBK_OK)
        rc = dbk_id_parse(&to, high, err);
    if (rc == DBK_OK)
        rc = find_between(book, found, &count, &from, &to, err);
    if (rc != DBK_OK)
        return rc;
    if (count == 0)
        return dbk_fail(err, DBK_NOT_FOUND, "no record begins so");
    if (count > 1)
        return dbk_fail(err, DBK_CONFLICT, "more than one record begins so");
    *out = found[0];
    return DBK_OK;
}

/* ---- lists --------------------------------------------------------------------------------- */

bool dbk_query_is_open(const dbk_book *book, const dbk_store_record *row)
{
    const dbk_book_space *space = dbk_tables_space_of_row(&book->tables, row->space);
    return space == NULL || dbk_book_may_read(book, &space->space);
}

uint64_t dbk_query_limit(const dbk_book *book, uint64_t limit)
{
    for (size_t i = 0; i < book->tables.spaces_count; i++)
        if (!dbk_book_may_read(book, &book->tables.spaces[i]->space))
            return 0;
    return limit;
}

dbk_rc dbk_query_row_alone(dbk_book *book, dbk_row *out, const dbk_store_record *row, dbk_err *err)
{
    const dbk_book_space *space = dbk_tables_space_of_row(&book->tables, row->space);
    if (space == NULL || row->life > DBK_LIFE_DISPOSED)
        return damaged(err);
    *out = (dbk_row){ .record = row->record,
                      .space = space->space,
                      .form = (const char *)row->form.p,
                      .summary = (const char *)row->summary.p,
                      .when_ms = row->when_ms,
                      .begun_ms = row->created_ms,
                      .updated_ms = row->updated_ms,
                      .life = (dbk_life)row->life,
                      .attention = { row->asks, row->cautious, row->proposals, row->reviews },
                      .carriage = DBK_HERE_ONLY };
    return DBK_OK;
}

dbk_rc dbk_query_row(dbk_book *book, dbk_row *out, const dbk_store_record *row, dbk_err *err)
{
    dbk_store_place place;
    dbk_rc rc = dbk_query_row_alone(book, out, row, err);
    if (rc == DBK_OK)
        rc = dbk_records_place(book->store, &place, row->id, err);
    if (rc == DBK_OK)
        out->carriage = dbk_query_carriage(book, dbk_tables_space_of_row(&book->tables, row->space),
                                           &place);
    return rc;
}

typedef struct list_walk {
    dbk_book *book;
    const dbk_list_opts *opts;
    const dbk_records_list_opts *rows; /* those that the store is asked for */
    dbk_row_fn fn;
    void *ctx;
    uint64_t given;
    bool full; /* as many as were asked for */
} list_walk;

static dbk_rc give_row(list_walk *w, dbk_state *state, const dbk_store_record *row, dbk_err *err)
{
    dbk_row out;
    dbk_note note;
    dbk_rc rc = w->opts->with_note ? dbk_query_row_alone(w->book, &out, row, err)
                                   : dbk_query_row(w->book, &out, row, err);
    if (rc == DBK_OK && w->opts->with_note) {
        rc = dbk_query_row_note(w->book, &note, state, row, err);
        out.note = &note;
    }
    if (rc != DBK_OK)
        return rc;
    w->given++;
    return w->fn(w->ctx, &out, err);
}

static bool wants_state(const dbk_list_opts *opts)
{
    return opts->where_count > 0 || opts->with_note;
}

static dbk_rc list_row(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    list_walk *w = ctx;
    dbk_state *state = NULL;
    bool meets = true;
    dbk_rc rc = DBK_OK;
    if (!dbk_query_is_open(w->book, row) || (int64_t)row->updated_ms < w->opts->changed_ms)
        return DBK_OK;
    if (w->opts->limit != 0 && w->given == w->opts->limit) {
        w->full = true;
        return DBK_LIMIT; /* ends the walk */
    }
    if (wants_state(w->opts))
        rc = dbk_query_state(&state, row, err);
    if (rc == DBK_OK && w->opts->where_count > 0)
        rc = dbk_where_holds(w->book, &meets, &(dbk_where_in){ state, row->form }, w->opts, err);
    if (rc == DBK_OK && meets)
        rc = give_row(w, state, row, err);
    dbk_state_free(state);
    return rc;
}

/* What dbk_records_list asks of a row besides its time, of one that was found by a value. */
static dbk_rc found_row(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    list_walk *w = ctx;
    const char *form = w->rows->form != NULL ? w->rows->form : w->rows->but_form;
    bool same = dbk_span_equal(row->form, dbk_span_str(form));
    if (same != (w->rows->form != NULL) || row->life > w->rows->life_max ||
        (w->rows->space != 0 && row->space != w->rows->space))
        return DBK_OK;
    return list_row(w, row, err);
}

static dbk_rc found(void *ctx, dbk_rowid record, dbk_err *err)
{
    list_walk *w = ctx;
    return dbk_records_get(w->book->store, record, found_row, w, err);
}

/* By the values' keys where a condition has one; else every record is looked at. Keys that can't
 * be brought up to date (a full disk, a store that may not be written to) aren't asked. */
static dbk_rc walk_list(list_walk *w, dbk_err *err)
{
    dbk_values_ask ask = { .keys = { 0 } };
    uint64_t left = 0;
    bool keyed = false;
    dbk_rc rc = DBK_OK;
    if (w->opts->where_count > 0 && dbk_query_index(w->book, &left, UINT64_MAX, NULL) == DBK_OK)
        rc = dbk_query_where_key(w->book, &keyed, &ask, w->opts, err);
    ask.after = w->rows->after;
    if (rc != DBK_OK)
        return rc;
    return keyed ? dbk_values_find(w->book->store, &ask, found, w, err)
                 : dbk_records_list(w->book->store, w->rows, list_row, w, err);
}

static dbk_rc take_place(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    (void)err;
    *(dbk_list_place *)ctx = (dbk_list_place){ row->when_ms, row->id };
    return DBK_OK;
}

dbk_rc dbk_query_list(dbk_book *book, const dbk_list_opts *opts, dbk_row_fn fn, void *ctx,
                      dbk_err *err)
{
    list_walk w = { .book = book, .opts = opts, .fn = fn, .ctx = ctx };
    dbk_records_list_opts rows = { .form = opts->form,
                                   .but_form = DBK_FORM_AUDIT,
                                   .since_ms = opts->since_ms,
                                   .life_max = opts->with_withdrawn ? DBK_LIFE_DISPOSED
                                                                    : DBK_LIFE_SIGNED,
                                   .with_state = wants_state(opts),
                                   .limit = opts->where_count > 0 || opts->changed_ms > 0
                                                ? 0
                                                : dbk_query_limit(book, opts->limit) };
    dbk_rc rc = dbk_where_check(book, opts, err);
    if (rc != DBK_OK)
        return rc;
    if (opts->space != NULL) {
        const dbk_book_space *space = dbk_tables_space(&book->tables, opts->space);
        if (dbk_book_standing(book, opts->space).over)
            return dbk_fail(err, DBK_DENIED, "this device's time in that space is over");
        if (space == NULL)
            return DBK_OK;
        rows.space = space->row;
    }
    w.rows = &rows;
    dbk_list_place after;
    if (opts->after != NULL) {
        rc = dbk_records_find(book->store, opts->after, 0, take_place, &after, err);
        rows.after = &after;
    }
    if (rc != DBK_OK)
        return rc;
    rc = walk_list(&w, err);
    return w.full ? DBK_OK : rc;
}

static dbk_rc conflict_row(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    list_walk *w = ctx;
    dbk_row out;
    if (!dbk_query_is_open(w->book, row))
        return DBK_OK;
    dbk_rc rc = dbk_query_row(w->book, &out, row, err);
    return rc == DBK_OK ? w->fn(w->ctx, &out, err) : rc;
}

dbk_rc dbk_query_conflicts(dbk_book *book, dbk_row_fn fn, void *ctx, dbk_err *err)
{
    list_walk w = { .book = book, .fn = fn, .ctx = ctx };
    return dbk_records_attention(book->store, conflict_row, &w, err);
}
