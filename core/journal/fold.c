#include "core/journal/fold.h"

#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/base/room.h"
#include "core/base/text.h"
#include "core/journal/record_id.h"
#include "core/model/deed.h"
#include "core/model/likeness.h"
#include "core/model/offer.h"
#include "core/model/value.h"
#include "core/store/deeds.h"
#include "core/store/segments.h"

#define FIELD_BYTES_MAX (256u * 1024u) /* of one field's value, to be shown in a line */

/* ---- the view ------------------------------------------------------------------------------ */

static uint64_t receipt_of(void *ctx, const dbk_dot *dot)
{
    dbk_book *book = ctx;
    dbk_store_segment_place place;
    dbk_err inner = { 0 };
    const dbk_book_feed *feed = dbk_tables_feed(&book->tables, &dot->feed);
    if (feed == NULL)
        return 0;
    dbk_rc rc = dbk_segments_place(book->store, &place, feed->row, dot->seq, &inner);
    if (rc != DBK_OK && rc != DBK_NOT_FOUND && book->receipt_rc == DBK_OK)
        book->receipt_rc = rc;
    return rc == DBK_OK && place.log.known ? place.log.receipt_ms : 0;
}

dbk_view_opts dbk_book_view(dbk_book *book, const dbk_state *state, dbk_span form)
{
    const dbk_form *found = NULL;
    if (dbk_span_equal(form, dbk_state_form(state)))
        found = dbk_forms_find(book->forms, form, dbk_state_form_version(state));
    if (found == NULL)
        found = dbk_forms_find(book->forms, form, 0);
    return (dbk_view_opts){ found, receipt_of, book };
}

/* A name that nobody knows can be sought until it fits an id, so it never stands before one that is
 * known here and fits too (decision 0033). */
static dbk_span form_of(const dbk_book *book, const dbk_state *s, dbk_rowid space)
{
    const dbk_book_space *home = dbk_tables_space_of_row(&book->tables, space);
    dbk_span said = dbk_state_form(s);
    if (home == NULL || dbk_forms_find(book->forms, said, 0) != NULL)
        return said;
    for (size_t i = 0; i < dbk_forms_count(book->forms); i++) {
        dbk_span name = dbk_span_str(dbk_form_name(dbk_forms_at(book->forms, i)));
        if (dbk_record_id_fits(dbk_state_record(s), &home->space, name))
            return name;
    }
    return said;
}

/* ---- what lists show ----------------------------------------------------------------------- */

typedef struct derived {
    dbk_store_record row; /* its spans point into the other two */
    dbk_bytes summary;
    dbk_bytes state;
} derived;

static void derived_init(derived *d)
{
    *d = (derived){ .summary = DBK_BYTES_INIT(DBK_SUMMARY_BYTES_MAX),
                    .state = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX) };
}

static void derived_wipe(derived *d)
{
    dbk_bytes_wipe(&d->summary);
    dbk_bytes_wipe(&d->state);
}

/* A date stands for its first moment in UTC. False: blank, not known, or not a time. */
static bool time_of(int64_t *unix_ms, dbk_span cbor)
{
    dbk_cbor c = dbk_cbor_from(cbor);
    if (dbk_cbor_peek(&c) != DBK_CBOR_TEXT)
        return false;
    return dbk_moment_parse(unix_ms, dbk_cbor_get_text(&c), NULL) == DBK_OK;
}

static dbk_rc derive_when(derived *d, const dbk_state *s, const dbk_view_opts *view, dbk_err *err)
{
    dbk_bytes scratch = DBK_BYTES_INIT(FIELD_BYTES_MAX);
    dbk_dot dot;
    dbk_hlc created = 0;
    dbk_span value = { NULL, 0 };
    dbk_rc rc = DBK_OK;
    const dbk_field *field = view->form == NULL ? NULL : dbk_form_when(view->form);
    bool began = dbk_state_created(s, &dot, &created);
    DBK_ASSERT(began);
    d->row.created_ms = dbk_hlc_ms(created);
    d->row.updated_ms = dbk_hlc_ms(dbk_state_updated(s));
    if (field != NULL)
        rc = dbk_view_field(&value, &scratch, s, field, view, err);
    if (rc == DBK_OK && !time_of(&d->row.when_ms, value))
        d->row.when_ms = (int64_t)d->row.created_ms;
    dbk_bytes_wipe(&scratch);
    return rc;
}

/* As much of the text as there is room for, whole characters only. */
static dbk_rc append_cut(dbk_bytes *out, dbk_span text, dbk_err *err)
{
    size_t room = out->max - out->len;
    size_t len = text.len < room ? text.len : room;
    while (len > 0 && len < text.len && (text.p[len] & 0xc0u) == 0x80u)
        len--;
    return dbk_bytes_append(out, dbk_span_of(text.p, len), err);
}

/* One field's text behind what is there. A value that is too long for a line is left out. */
static dbk_rc append_field(derived *d, const dbk_state *s, const dbk_field *field,
                           const dbk_view_opts *view, dbk_err *err)
{
    dbk_bytes scratch = DBK_BYTES_INIT(FIELD_BYTES_MAX);
    dbk_bytes text = DBK_BYTES_INIT(FIELD_BYTES_MAX);
    dbk_span value = { NULL, 0 };
    dbk_err inner = { 0 };
    dbk_rc rc = dbk_view_field(&value, &scratch, s, field, view, &inner);
    if (rc == DBK_OK && value.len > 0)
        rc = dbk_value_to_text(&text, field, value, &inner);
    if (rc == DBK_OK && text.len > 0 && d->summary.len > 0)
        rc = append_cut(&d->summary, dbk_span_str(", "), &inner);
    if (rc == DBK_OK)
        rc = append_cut(&d->summary, dbk_bytes_span(&text), &inner);
    if (rc == DBK_LIMIT)
        rc = DBK_OK;
    if (rc != DBK_OK)
        (void)dbk_fail(err, rc, "%s", inner.text);
    dbk_bytes_wipe(&text);
    dbk_bytes_wipe(&scratch);
    return rc;
}

static dbk_rc derive_summary(derived *d, const dbk_state *s, const dbk_view_opts *view,
                             dbk_err *err)
{
    const dbk_field *const *fields = NULL;
    size_t count = view->form == NULL ? 0 : dbk_form_summary(view->form, &fields);
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < count; i++)
        rc = append_field(d, s, fields[i], view, err);
    d->row.summary = dbk_bytes_span(&d->summary);
    return rc;
}

dbk_rc dbk_fold_summary(dbk_book *book, dbk_bytes *out, const dbk_state *state, dbk_err *err)
{
    derived d;
    dbk_view_opts view = dbk_book_view(book, state, dbk_state_form(state));
    derived_init(&d);
    dbk_rc rc = derive_summary(&d, state, &view, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(out, d.row.summary, err);
    derived_wipe(&d);
    return rc;
}

static uint32_t count_contested(const dbk_state *s)
{
    uint32_t count = 0;
    for (size_t i = 0; i < dbk_state_groups(s); i++)
        count += dbk_state_group_at(s, i)->registers_count > 1 ? 1 : 0;
    return count;
}

/* Every column that follows from the state of a record of this space. */
static dbk_rc derive(derived *d, dbk_book *book, const dbk_state *s, dbk_rowid space, dbk_err *err)
{
    d->row.form = form_of(book, s, space);
    dbk_view_opts view = dbk_book_view(book, s, d->row.form);
    book->receipt_rc = DBK_OK;
    dbk_rc rc = derive_when(d, s, &view, err);
    if (rc == DBK_OK)
        rc = derive_summary(d, s, &view, err);
    if (rc != DBK_OK)
        return rc;
    dbk_dispute life_dispute;
    dbk_attention attention = dbk_view_attention(s, &view);
    d->row.asks = (uint32_t)attention.asks;
    d->row.cautious = (uint32_t)attention.cautious;
    d->row.proposals = (uint32_t)attention.proposals;
    d->row.reviews = (uint32_t)attention.reviews;
    d->row.contested = count_contested(s);
    d->row.life = (uint32_t)dbk_view_life(s, &view, &life_dispute);
    if (book->receipt_rc != DBK_OK)
        return dbk_fail(err, book->receipt_rc, "a receipt in the store can't be read");
    return DBK_OK;
}

static bool needs_person(const dbk_store_record *row)
{
    return row->asks > 0 || row->cautious > 0 || row->proposals > 0 || row->reviews > 0;
}

/* ---- one op -------------------------------------------------------------------------------- */

typedef struct loaded {
    dbk_state *state;
    dbk_rowid id; /* 0: the record is new */
    bool needed_person;
} loaded;

static dbk_rc load_row(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    loaded *l = ctx;
    l->id = row->id;
    l->needed_person = needs_person(row);
    dbk_rc rc = dbk_state_decode(&l->state, &row->record, row->state, err);
    /* The row was encoded here: bytes that can't be read are the store's damage. */
    return rc == DBK_FORMAT ? DBK_DAMAGED : rc;
}

static dbk_rc load(dbk_book *book, loaded *l, const dbk_fold_in *in, dbk_err *err)
{
    dbk_err inner = { 0 };
    dbk_rc rc = dbk_records_find(book->store, &in->op->record, in->space->row, load_row, l, &inner);
    if (rc == DBK_NOT_FOUND)
        return dbk_state_new(&l->state, &in->op->record, err);
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", inner.text);
}

dbk_rc dbk_fold_op(dbk_book *book, dbk_fold_out *out, const dbk_fold_in *in, dbk_err *err)
{
    loaded l = { 0 };
    derived d;
    *out = (dbk_fold_out){ 0 };
    if (!dbk_record_id_fits(&in->op->record, &in->space->space, in->op->form)) {
        out->misfit = true;
        return DBK_OK;
    }
    derived_init(&d);
    dbk_rc rc = load(book, &l, in, err);
    if (rc == DBK_OK && l.id != 0)
        out->two_forms = !dbk_span_equal(dbk_state_form(l.state), in->op->form);
    if (rc == DBK_OK)
        rc = dbk_state_apply(l.state, in->op, &in->origin, err);
    if (rc == DBK_OK)
        rc = dbk_state_encode(&d.state, l.state, err);
    if (rc == DBK_OK)
        rc = derive(&d, book, l.state, in->space->row, err);
    if (rc == DBK_OK) {
        d.row.id = l.id;
        d.row.record = in->op->record;
        d.row.space = in->space->row;
        d.row.state = dbk_bytes_span(&d.state);
        rc = l.id == 0 ? dbk_records_add(book->store, &d.row, err)
                       : dbk_records_update(book->store, &d.row, err);
    }
    if (rc == DBK_OK) {
        const dbk_store_op op = { d.row.id, in->segment, in->place };
        rc = dbk_ops_add(book->store, &op, err);
    }
    if (rc == DBK_OK && (dbk_op_ends(in->op) || dbk_op_combines(in->op)))
        rc = dbk_deeds_add(book->store, d.row.id, err);
    if (rc == DBK_OK) {
        out->is_new = l.id == 0;
        out->conflict_new = needs_person(&d.row) && !l.needed_person;
    }
    dbk_state_free(l.state);
    derived_wipe(&d);
    return rc;
}

dbk_rc dbk_fold_replace(dbk_book *book, const dbk_fold_row *row, const dbk_state *state,
                        dbk_err *err)
{
    derived d;
    derived_init(&d);
    dbk_rc rc = dbk_state_encode(&d.state, state, err);
    if (rc == DBK_OK)
        rc = derive(&d, book, state, row->space, err);
    if (rc == DBK_OK) {
        d.row.id = row->id;
        d.row.state = dbk_bytes_span(&d.state);
        rc = dbk_records_update(book->store, &d.row, err);
    }
    derived_wipe(&d);
    return rc;
}

dbk_rc dbk_fold_adopt(dbk_book *book, dbk_fold_row *row, const dbk_state *state, dbk_err *err)
{
    derived d;
    derived_init(&d);
    dbk_rc rc = dbk_state_encode(&d.state, state, err);
    if (rc == DBK_OK)
        rc = derive(&d, book, state, row->space, err);
    if (rc == DBK_OK) {
        d.row.record = *dbk_state_record(state);
        d.row.space = row->space;
        d.row.state = dbk_bytes_span(&d.state);
        rc = dbk_records_add(book->store, &d.row, err);
    }
    row->id = d.row.id;
    derived_wipe(&d);
    return rc;
}

/* ---- receipts ------------------------------------------------------------------------------ */

static bool is_shown_alike(const dbk_store_record *a, const dbk_store_record *b)
{
    return a->when_ms == b->when_ms && a->life == b->life && a->asks == b->asks &&
           a->cautious == b->cautious && a->proposals == b->proposals && a->reviews == b->reviews &&
           dbk_span_equal(a->summary, b->summary);
}

static dbk_rc show_again(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    dbk_book *book = ctx;
    dbk_state *s = NULL;
    derived d;
    derived_init(&d);
    dbk_rc rc = dbk_state_decode(&s, &row->record, row->state, err);
    if (rc == DBK_FORMAT)
        rc = DBK_DAMAGED;
    if (rc == DBK_OK)
        rc = derive(&d, book, s, row->space, err);
    /* What a service offers may have changed with it, and what a person is known by: their small
     * rows are made anew. */
    bool has_rows = dbk_span_equal(row->form, dbk_span_str(DBK_OFFER_FORM)) ||
                    dbk_span_equal(row->form, dbk_span_str(DBK_LIKENESS_FORM));
    if (rc == DBK_OK && (has_rows || !is_shown_alike(&d.row, row))) {
        d.row.id = row->id;
        d.row.state = row->state;
        rc = dbk_records_update(book->store, &d.row, err);
    }
    dbk_state_free(s);
    derived_wipe(&d);
    return rc;
}

dbk_rc dbk_fold_receipted(dbk_book *book, dbk_rowid segment, dbk_err *err)
{
    return dbk_records_contested(book->store, segment, show_again, book, err);
}

/* ---- forms --------------------------------------------------------------------------------- */

/* Rows of which something is to be done: a walk must not change what it walks over. */
typedef struct row_ids {
    const dbk_book *book;
    bool unknown; /* only rows of forms that aren't known here */
    dbk_rowid *ids;
    size_t count, cap;
} row_ids;

static dbk_rc keep_id(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    row_ids *r = ctx;
    if (r->unknown && dbk_forms_find(r->book->forms, row->form, 0) != NULL)
        return DBK_OK;
    dbk_rowid *ids = dbk_room_for(r->ids, &r->cap, r->count + 1, sizeof(*ids));
    if (ids == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the records of a form");
    r->ids = ids;
    r->ids[r->count++] = row->id;
    return DBK_OK;
}

/* Its words are made anew too. */
static dbk_rc read_again(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    dbk_book *book = ctx;
    dbk_state *s = NULL;
    dbk_rc rc = dbk_state_decode(&s, &row->record, row->state, err);
    if (rc == DBK_FORMAT)
        rc = DBK_DAMAGED;
    if (rc == DBK_OK)
        rc = dbk_fold_replace(book, &(dbk_fold_row){ row->id, row->space }, s, err);
    dbk_state_free(s);
    return rc;
}

dbk_rc dbk_fold_read_again(dbk_book *book, size_t *count, const char *form, dbk_err *err)
{
    row_ids rows = { .book = book, .unknown = form == NULL };
    const dbk_records_list_opts opts = { .form = form,
                                         .since_ms = INT64_MIN,
                                         .life_max = UINT32_MAX };
    dbk_rc rc = dbk_records_list(book->store, &opts, keep_id, &rows, err);
    for (size_t i = 0; rc == DBK_OK && i < rows.count; i++)
        rc = dbk_records_get(book->store, rows.ids[i], read_again, book, err);
    *count = rc == DBK_OK ? rows.count : 0;
    dbk_free(rows.ids);
    return rc;
}

/* ---- verify -------------------------------------------------------------------------------- */

dbk_rc dbk_fold_in_step(dbk_book *book, bool *yes, const dbk_store_record *row,
                        const dbk_state *state, dbk_err *err)
{
    derived d;
    derived_init(&d);
    dbk_rc rc = derive(&d, book, state, row->space, err);
    *yes = rc == DBK_OK && is_shown_alike(&d.row, row) && d.row.contested == row->contested &&
           d.row.created_ms == row->created_ms && d.row.updated_ms == row->updated_ms &&
           dbk_span_equal(d.row.form, row->form);
    derived_wipe(&d);
    return rc;
}

dbk_rc dbk_fold_check_deep(dbk_book *book, const dbk_store_record *row, dbk_err *err)
{
    dbk_state *s = NULL;
    derived d;
    derived_init(&d);
    dbk_rc rc = dbk_state_decode(&s, &row->record, row->state, err);
    if (rc == DBK_OK)
        dbk_state_check_deep(s);
    if (rc == DBK_OK)
        rc = dbk_state_encode(&d.state, s, err);
    if (rc == DBK_OK)
        rc = derive(&d, book, s, row->space, err);
    if (rc == DBK_OK) {
        DBK_ASSERT(dbk_span_equal(dbk_bytes_span(&d.state), row->state));
        DBK_ASSERT(is_shown_alike(&d.row, row));
        DBK_ASSERT(d.row.contested == row->contested);
        DBK_ASSERT(d.row.created_ms == row->created_ms);
        DBK_ASSERT(d.row.updated_ms == row->updated_ms);
        DBK_ASSERT(dbk_span_equal(d.row.form, row->form));
    }
    dbk_state_free(s);
    derived_wipe(&d);
    return rc;
}
