#include "core/journal/journal_draft.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/journal/fold.h"
#include "core/journal/query.h"

#define SHOWN_BYTES_MAX DBK_STATE_BYTES_MAX

void dbk_draft_wipe(dbk_draft *d)
{
    const dbk_field *fields;
    size_t count = d->form != NULL ? dbk_form_fields(d->form, &fields) : 0;
    for (size_t i = 0; d->scratch != NULL && i < count; i++)
        dbk_bytes_wipe(&d->scratch[i]);
    dbk_free(d->scratch);
    dbk_free(d->shown);
    dbk_change_wipe(&d->change);
    dbk_draft_drop_joined(d);
    dbk_state_free(d->state);
    *d = (dbk_draft){ 0 };
}

static dbk_rc check_role(dbk_draft *d, dbk_err *err)
{
    d->role = dbk_book_role(d->book, &d->space);
    d->hq = d->role == DBK_ROLE_HQ || d->role == DBK_ROLE_ADMIN;
    /* Of the log only appends come this far: dbk_draft_check_form. */
    bool log = d->form != NULL && strcmp(dbk_form_name(d->form), DBK_FORM_AUDIT) == 0;
    return log ? dbk_book_check_log(d->book, &d->space, err)
               : dbk_book_check_write(d->book, &d->space, err);
}

static dbk_rc begin(dbk_draft *d, dbk_book *book, dbk_err *err)
{
    *d = (dbk_draft){ .book = book };
    dbk_change_init(&d->change);
    if (book->link.stage == DBK_ORG_MEMBER)
        return DBK_OK;
    return dbk_fail(err, DBK_DENIED, "this device belongs to no organisation yet");
}

dbk_rc dbk_draft_new(dbk_draft *d, dbk_book *book, const dbk_id *space, const char *form,
                     dbk_err *err)
{
    dbk_rc rc = begin(d, book, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_space *s = dbk_roster_space(book->roster, space);
    d->space = *space;
    if (s == NULL || s->is_roster ||
        !(dbk_book_is_writer(book, space) ||
          dbk_keyring_current(book->keyring, space, NULL) != NULL))
        return dbk_fail(err, DBK_NOT_FOUND, "there is no such space here");
    d->form = dbk_forms_find(book->forms, dbk_span_str(form), 0);
    if (d->form == NULL)
        return dbk_fail(err, DBK_NOT_FOUND, "there is no form %.48s", form);
    d->view.form = d->form;
    return check_role(d, err);
}

dbk_rc dbk_draft_check_form(const dbk_draft *d, dbk_err *err)
{
    if (strcmp(dbk_form_name(d->form), DBK_FORM_AUDIT) != 0)
        return DBK_OK;
    return dbk_fail(err, DBK_DENIED, "the log of use is written by the program alone");
}

static dbk_rc load_row(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    dbk_draft *d = ctx;
    const dbk_book_space *space = dbk_tables_space_of_row(&d->book->tables, row->space);
    if (space == NULL)
        return dbk_fail(err, DBK_DAMAGED, "a record of the store has no space");
    d->space = space->space;
    dbk_rc rc = dbk_state_decode(&d->state, &row->record, row->state, err);
    if (rc == DBK_OK)
        d->view = dbk_book_view(d->book, d->state, row->form);
    return rc == DBK_FORMAT ? DBK_DAMAGED : rc;
}

dbk_rc dbk_draft_load(dbk_draft *d, dbk_book *book, const dbk_id *record, dbk_err *err)
{
    dbk_dispute dispute;
    dbk_rc rc = begin(d, book, err);
    d->record = *record;
    if (rc == DBK_OK)
        rc = dbk_records_find(book->store, record, 0, load_row, d, err);
    if (rc == DBK_OK)
        rc = check_role(d, err);
    if (rc == DBK_OK && d->role == DBK_ROLE_WRITER)
        rc = dbk_fail(err, DBK_DENIED, "this device only adds records in that space");
    if (rc != DBK_OK)
        return rc;
    d->form = d->view.form;
    d->life = dbk_view_life(d->state, &d->view, &dispute);
    if (d->form == NULL)
        return dbk_fail(err, DBK_VERSION, "this program doesn't know the record's form");
    return dbk_draft_check_form(d, err);
}

/* ---- what the author sees ------------------------------------------------------------------ */

static dbk_rc make_room(dbk_draft *d, size_t fields)
{
    if (d->shown != NULL)
        return DBK_OK;
    d->shown = dbk_alloc_array(fields, sizeof(*d->shown));
    d->scratch = dbk_alloc_array(fields, sizeof(*d->scratch));
    if (d->shown == NULL || d->scratch == NULL)
        return DBK_NOMEM;
    return DBK_OK;
}

dbk_span dbk_draft_current(void *ctx, const char *field)
{
    static const dbk_span blank = { NULL, 0 };
    dbk_draft *d = ctx;
    const dbk_field *fields;
    size_t count = dbk_form_fields(d->form, &fields);
    const dbk_field *f = dbk_form_field(d->form, field);
    if (d->state == NULL || f == NULL || d->shown_rc != DBK_OK)
        return blank;
    size_t i = (size_t)(f - fields);
    DBK_ASSERT(i < count);
    d->shown_rc = make_room(d, count);
    if (d->shown_rc == DBK_OK && d->shown[i].p == NULL) {
        dbk_err inner = { 0 };
        dbk_bytes_init(&d->scratch[i], SHOWN_BYTES_MAX);
        d->shown_rc = dbk_view_field(&d->shown[i], &d->scratch[i], d->state, f, &d->view, &inner);
    }
    return d->shown_rc == DBK_OK ? d->shown[i] : blank;
}

dbk_rc dbk_draft_check(dbk_draft *d, dbk_problems *problems, const dbk_input *inputs,
                       size_t inputs_count, dbk_err *err)
{
    const dbk_check_opts opts = { .form = d->form,
                                  .current = d->state == NULL ? NULL : dbk_draft_current,
                                  .current_ctx = d,
                                  .is_new = d->state == NULL,
                                  .is_signed = d->life == DBK_LIFE_SIGNED };
    dbk_rc rc = dbk_record_check(&d->change, problems, &opts, inputs, inputs_count, err);
    if (d->shown_rc != DBK_OK)
        rc = dbk_fail(err, d->shown_rc, "the record's values can't be shown");
    return rc == DBK_OK ? dbk_draft_keep_unknown(d, err) : rc;
}

/* ---- single writes ------------------------------------------------------------------------- */

dbk_rc dbk_draft_write(dbk_draft *d, dbk_write_kind kind, dbk_span group, dbk_span value,
                       dbk_err *err)
{
    dbk_change *c = &d->change;
    dbk_change_wipe(c);
    dbk_change_init(c);
    c->writes = dbk_alloc(sizeof(*c->writes));
    if (c->writes == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a write");
    dbk_rc rc = dbk_bytes_append(&c->buf, group, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&c->buf, value, err);
    if (rc != DBK_OK)
        return rc;
    c->writes[0] = (dbk_write){ .kind = kind, .group = dbk_span_of(c->buf.p, group.len) };
    if (value.len > 0)
        c->writes[0].value = dbk_span_of(c->buf.p + group.len, value.len);
    c->writes_count = 1;
    return DBK_OK;
}

dbk_rc dbk_draft_life(dbk_draft *d, const char *state, const char *reason, dbk_err *err)
{
    dbk_bytes value = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    dbk_cbor_out o = dbk_cbor_to(&value, err);
    dbk_cbor_put_map(&o, reason == NULL ? 1 : 2);
    dbk_cbor_put_str(&o, "state");
    dbk_cbor_put_str(&o, state);
    if (reason != NULL) {
        dbk_cbor_put_str(&o, "reason");
        dbk_cbor_put_str(&o, reason);
    }
    dbk_rc rc = o.rc;
    if (rc == DBK_OK)
        rc = dbk_draft_write(d, DBK_WRITE_LIFECYCLE, dbk_span_str(DBK_GROUP_LIFECYCLE),
                             dbk_bytes_span(&value), err);
    dbk_bytes_wipe(&value);
    return rc;
}

/* ---- preds --------------------------------------------------------------------------------- */

/* Room for what one write can name. */
static size_t preds_room(const dbk_draft *d, const dbk_write *w)
{
    const dbk_state_group *g = d->state == NULL ? NULL : dbk_state_group_find(d->state, w->group);
    size_t most = 0;
    if (g != NULL && w->kind == DBK_WRITE_REMOVE)
        most = g->elements_count;
    else if (g != NULL)
        most = g->registers_count;
    return most < DBK_WRITE_PRED_MAX ? most : DBK_WRITE_PRED_MAX;
}

static bool array_holds(dbk_span array, dbk_span item)
{
    dbk_cbor c = dbk_cbor_from(array);
    uint64_t count = dbk_cbor_get_array(&c);
    for (uint64_t i = 0; i < count && !c.failed; i++)
        if (dbk_span_equal(dbk_cbor_get_item(&c), item))
            return true;
    return false;
}

/* The dots that brought any of the elements; the table is in their order. */
static size_t preds_of_elements(const dbk_state_group *g, const dbk_write *w, dbk_dot *out,
                                size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < g->elements_count && count < max; i++) {
        const dbk_sibling *e = &g->elements[i];
        bool named = count > 0 && dbk_dot_compare(&out[count - 1], &e->dot) == 0;
        if (!named && array_holds(w->value, e->value))
            out[count++] = e->dot;
    }
    return count;
}

static size_t preds_of(const dbk_draft *d, const dbk_write *w, const dbk_author *author,
                       dbk_dot *out, size_t max)
{
    const dbk_state_group *g = d->state == NULL ? NULL : dbk_state_group_find(d->state, w->group);
    if (g == NULL || max == 0)
        return 0;
    switch (w->kind) {
    case DBK_WRITE_SET:
    case DBK_WRITE_LIFECYCLE:
        return dbk_view_pred(g, &d->view, author, out, max);
    case DBK_WRITE_RESOLVE: /* a decision names every value that stands */
        if (w->value.len == 0)
            return 0;
        for (size_t i = 0; i < max; i++)
            out[i] = g->registers[i].dot;
        return max;
    case DBK_WRITE_REMOVE:
        return preds_of_elements(g, w, out, max);
    default:
        return 0;
    }
}

/* ---- saving -------------------------------------------------------------------------------- */

dbk_rc dbk_draft_encode(dbk_draft *d, dbk_bytes *plain, const dbk_book_feed *feed, dbk_err *err)
{
    dbk_dot context[DBK_OP_CONTEXT_MAX];
    const dbk_author author = { feed->feed, d->hq };
    size_t room = 0;
    size_t used = 0;
    for (size_t i = 0; i < d->change.writes_count; i++)
        room += preds_room(d, &d->change.writes[i]);
    dbk_dot *preds = dbk_alloc_array(room + 1, sizeof(*preds));
    if (preds == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for what a change replaces");
    for (size_t i = 0; i < d->change.writes_count; i++) {
        dbk_write *w = &d->change.writes[i];
        w->pred = preds + used;
        w->pred_count = preds_of(d, w, &author, preds + used, preds_room(d, w));
        used += w->pred_count;
    }
    dbk_op op = { .record = d->record,
                  .form = dbk_span_str(dbk_form_name(d->form)),
                  .form_version = dbk_form_version(d->form),
                  .time = dbk_book_tick(d->book),
                  .writes = d->change.writes,
                  .writes_count = d->change.writes_count,
                  .context = context };
    if (d->state != NULL)
        op.context_count = dbk_state_context(d->state, &feed->feed, context, DBK_OP_CONTEXT_MAX);
    if (d->reason != NULL)
        op.reason = dbk_span_str(d->reason);
    dbk_rc rc = dbk_op_encode(plain, &op, &feed->feed, err);
    for (size_t i = 0; i < d->change.writes_count; i++) {
        d->change.writes[i].pred = NULL;
        d->change.writes[i].pred_count = 0;
    }
    dbk_free(preds);
    return rc;
}

/* What was sealed is decoded again: this device takes its own ops just as all others do. */
static dbk_rc fold(dbk_book *book, const dbk_book_feed *feed, const dbk_appended *at, size_t place,
                   dbk_span plain, dbk_err *err)
{
    dbk_op_decoded op = { 0 };
    dbk_fold_out out;
    dbk_hash seen = dbk_roster_head(book->roster);
    dbk_rc rc = dbk_op_decode(&op, plain, &feed->feed, err);
    if (rc == DBK_OK) {
        const dbk_fold_in in = { .op = &op.op,
                                 .origin = { .dot = { feed->feed, at->first_seq + place },
                                             .hq = dbk_book_author_is_hq(book, &book->own.device,
                                                                         &feed->space->space,
                                                                         &seen) },
                                 .space = feed->space,
                                 .segment = at->segment,
                                 .place = (uint32_t)place };
        rc = dbk_fold_op(book, &out, &in, err);
        if (rc == DBK_OK && out.misfit)
            rc = dbk_fail(err, DBK_INVALID, "the id is not one of a record of this form here");
    }
    dbk_op_decoded_wipe(&op);
    return rc;
}

dbk_rc dbk_draft_store(dbk_book *book, dbk_book_feed *feed, const dbk_span *plain, size_t count,
                       dbk_err *err)
{
    dbk_appended at;
    dbk_rc rc = dbk_feed_append(book, &at, feed, plain, count, err);
    for (size_t i = 0; rc == DBK_OK && !at.closed && i < count; i++)
        rc = fold(book, feed, &at, i, plain[i], err);
    return rc;
}

dbk_rc dbk_draft_save(dbk_draft *d, dbk_err *err)
{
    dbk_book *book = d->book;
    dbk_book_feed *feed = NULL;
    dbk_bytes plain = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    if (book->batch_open)
        return dbk_fail(err, DBK_BUSY, "an import is under way");
    dbk_rc rc = dbk_book_begin(book, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_feed_open(book, &feed, &d->space, err);
    if (rc == DBK_OK)
        rc = dbk_draft_encode(d, &plain, feed, err);
    if (rc == DBK_OK) {
        dbk_span span = dbk_bytes_span(&plain);
        rc = dbk_draft_store(book, feed, &span, 1, err);
    }
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc != DBK_OK)
        dbk_book_rollback(book);
    dbk_bytes_wipe(&plain);
    return rc;
}
