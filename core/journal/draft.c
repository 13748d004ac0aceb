#include "core/journal/draft.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/journal/feed.h"

static bool may_write(dbk_role role)
{
    switch (role) {
    case DBK_ROLE_OFFICER:
    case DBK_ROLE_SUPERVISOR:
    case DBK_ROLE_HQ:
    case DBK_ROLE_GUEST:
    case DBK_ROLE_WRITER:
    case DBK_ROLE_ADMIN:
        return true;
    case DBK_ROLE_NONE:
    case DBK_ROLE_AUDITOR:
        break;
    }
    return false;
}

static dbk_rc check_role(const dbk_draft *d, dbk_err *err)
{
    dbk_role role = dbk_book_role(d->book, &d->space);
    if (!may_write(role))
        return dbk_fail(err, DBK_DENIED, "this device may not write in that space");
    return DBK_OK;
}

static dbk_rc make_scratch(dbk_draft *d, dbk_err *err)
{
    const dbk_field *fields;
    size_t count = d->view.form == NULL ? 0 : dbk_form_fields(d->view.form, &fields);
    d->scratch = dbk_alloc_array(count + 1, sizeof(d->scratch[0]));
    if (d->scratch == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a record");
    for (size_t i = 0; i < count; i++)
        dbk_bytes_init(&d->scratch[i], DBK_STATE_BYTES_MAX);
    d->scratch_count = count;
    return DBK_OK;
}

static dbk_rc take_row(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    dbk_draft *d = ctx;
    const dbk_book_space *space = dbk_tables_space_of_row(&d->book->tables, row->space);
    DBK_ASSERT(space != NULL);
    d->space = space->space;
    return dbk_state_decode(&d->state, &d->record, row->state, err);
}

dbk_rc dbk_draft_load(dbk_draft *d, dbk_book *book, const dbk_id *record, dbk_err *err)
{
    *d = (dbk_draft){ .book = book, .record = *record };
    dbk_rc rc = dbk_records_find(book->store, record, 0, take_row, d, err);
    if (rc == DBK_OK)
        rc = check_role(d, err);
    if (rc == DBK_OK) {
        d->view = dbk_book_view(book, d->state);
        rc = make_scratch(d, err);
    }
    if (rc != DBK_OK)
        dbk_draft_wipe(d);
    return rc;
}

dbk_id dbk_draft_new_id(const dbk_book *book, const dbk_id *given)
{
    uint8_t random[10];
    if (given != NULL)
        return *given;
    book->env->random(book->env->self, random, sizeof(random));
    return dbk_id_v7(book->env->now_ms(book->env->self), random);
}

dbk_rc dbk_draft_begin(dbk_draft *d, dbk_book *book, const dbk_draft_new *what, dbk_err *err)
{
    dbk_rowid row = 0;
    *d = (dbk_draft){ .book = book, .record = what->record, .space = what->space };
    dbk_rc rc = check_role(d, err);
    if (rc != DBK_OK)
        return rc;
    d->view.form = dbk_forms_find(book->forms, dbk_span_str(what->form), 0);
    if (d->view.form == NULL)
        return dbk_fail(err, DBK_NOT_FOUND, "no such form");
    const dbk_book_space *space = dbk_tables_space(&book->tables, &what->space);
    if (space != NULL)
        rc = dbk_records_lookup(book->store, &row, &what->record, space->row, err);
    if (rc == DBK_OK && row != 0)
        rc = dbk_fail(err, DBK_CONFLICT, "there is a record of that id already");
    if (rc == DBK_OK)
        rc = make_scratch(d, err);
    return rc;
}

void dbk_draft_wipe(dbk_draft *d)
{
    for (size_t i = 0; i < d->scratch_count; i++)
        dbk_bytes_wipe(&d->scratch[i]);
    dbk_free(d->scratch);
    dbk_state_free(d->state);
    *d = (dbk_draft){ 0 };
}

dbk_span dbk_draft_current(void *draft, const char *field)
{
    dbk_draft *d = draft;
    dbk_span value = { NULL, 0 };
    const dbk_field *fields;
    if (d->state == NULL || d->view.form == NULL)
        return value;
    size_t count = dbk_form_fields(d->view.form, &fields);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, field) != 0)
            continue;
        /* Short of memory it looks blank; the save that follows will fail for the same cause. */
        dbk_bytes_wipe(&d->scratch[i]);
        if (dbk_view_field(&value, &d->scratch[i], d->state, &fields[i], &d->view, NULL) != DBK_OK)
            return (dbk_span){ NULL, 0 };
        return value;
    }
    return value;
}

bool dbk_draft_is_hq(const dbk_draft *d)
{
    dbk_role role = dbk_book_role(d->book, &d->space);
    return role == DBK_ROLE_HQ || role == DBK_ROLE_ADMIN;
}

bool dbk_draft_is_own(const dbk_draft *d)
{
    dbk_dot first;
    dbk_hlc time;
    if (d->state == NULL || !dbk_state_created(d->state, &first, &time))
        return true;
    const dbk_book_feed *feed = dbk_tables_feed(&d->book->tables, &first.feed);
    return feed != NULL && dbk_id_equal(&feed->device, &d->book->own.device);
}

/* Does an array of elements (CBOR) hold this one? */
static bool holds(dbk_span array, dbk_span element)
{
    dbk_cbor c = dbk_cbor_from(array);
    uint64_t count = dbk_cbor_get_array(&c);
    for (uint64_t i = 0; i < count && !c.failed; i++)
        if (dbk_span_equal(dbk_cbor_get_item(&c), element))
            return true;
    return false;
}

/* The dots that brought the elements which a REMOVE takes away: siblings are in dot order. */
static size_t removed_dots(const dbk_state_group *g, dbk_span elements, dbk_dot *out, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < g->elements_count && count < max; i++) {
        const dbk_sibling *e = &g->elements[i];
        bool same = count > 0 && dbk_dot_compare(&out[count - 1], &e->dot) == 0;
        if (!same && holds(elements, e->value))
            out[count++] = e->dot;
    }
    return count;
}

static size_t all_dots(const dbk_state_group *g, dbk_dot *out, size_t max)
{
    size_t count = 0;
    for (; count < g->registers_count && count < max; count++)
        out[count] = g->registers[count].dot;
    return count;
}

/* What a write overwrites; dots has room for DBK_WRITE_PRED_MAX. */
static size_t preds_of(const dbk_draft *d, const dbk_write *w, const dbk_author *author,
                       dbk_dot *dots)
{
    const dbk_state_group *g = d->state == NULL ? NULL : dbk_state_group_find(d->state, w->group);
    if (g == NULL)
        return 0;
    if (w->kind == DBK_WRITE_SET || w->kind == DBK_WRITE_LIFECYCLE)
        return dbk_view_pred(g, &d->view, author, dots, DBK_WRITE_PRED_MAX);
    if (w->kind == DBK_WRITE_REMOVE)
        return removed_dots(g, w->value, dots, DBK_WRITE_PRED_MAX);
    if (w->kind == DBK_WRITE_RESOLVE)
        return all_dots(g, dots, DBK_WRITE_PRED_MAX);
    return 0;
}

dbk_rc dbk_draft_encode(dbk_bytes *out, const dbk_draft *d, const dbk_draft_op *in,
                        const dbk_book_feed *feed, dbk_err *err)
{
    const dbk_author author = { feed->feed, dbk_draft_is_hq(d) };
    size_t writes = d->state == NULL ? 0 : in->writes_count; /* a new record overwrites nothing */
    dbk_dot *dots = dbk_alloc_array(writes * DBK_WRITE_PRED_MAX + DBK_OP_CONTEXT_MAX,
                                    sizeof(*dots));
    if (dots == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for an op");
    for (size_t i = 0; i < writes; i++) {
        dbk_dot *own = dots + i * DBK_WRITE_PRED_MAX;
        in->writes[i].pred = own;
        in->writes[i].pred_count = preds_of(d, &in->writes[i], &author, own);
    }
    dbk_dot *context = dots + writes * DBK_WRITE_PRED_MAX;
    dbk_op op = { .record = d->record,
                  .time = dbk_book_tick(d->book),
                  .writes = in->writes,
                  .writes_count = in->writes_count,
                  .context = context };
    if (d->state != NULL) {
        op.form = dbk_state_form(d->state);
        op.form_version = dbk_state_form_version(d->state);
        op.context_count = dbk_state_context(d->state, &feed->feed, context, DBK_OP_CONTEXT_MAX);
    } else {
        op.form = dbk_span_str(dbk_form_name(d->view.form));
        op.form_version = dbk_form_version(d->view.form);
    }
    if (in->reason != NULL && in->reason[0] != '\0')
        op.reason = dbk_span_str(in->reason);
    dbk_rc rc = dbk_op_encode(out, &op, &feed->feed, err);
    dbk_free(dots);
    return rc;
}

dbk_rc dbk_draft_fold(dbk_book *book, const dbk_draft_place *at, const dbk_span *plain,
                      size_t count, dbk_err *err)
{
    dbk_hash head = dbk_roster_head(book->roster);
    dbk_fold_in in = { .space = at->feed->space, .segment = at->segment };
    in.origin.hq = dbk_book_author_is_hq(book, &book->own.device, &at->feed->space->space, &head);
    in.origin.dot.feed = at->feed->feed;
    for (size_t i = 0; i < count; i++) {
        dbk_op_decoded decoded = { 0 };
        dbk_fold_out out;
        /* What was just encoded must be what every reader will decode (lesson 2.33). */
        dbk_rc rc = dbk_op_decode(&decoded, plain[i], &at->feed->feed, err);
        in.op = &decoded.op;
        in.origin.dot.seq = at->first_seq + i;
        in.place = (uint32_t)i;
        if (rc == DBK_OK)
            rc = dbk_fold_op(book, &out, &in, err);
        dbk_op_decoded_wipe(&decoded);
        if (rc != DBK_OK)
            return rc;
    }
    return DBK_OK;
}

dbk_rc dbk_draft_save(dbk_draft *d, const dbk_draft_op *op, dbk_err *err)
{
    dbk_bytes plain = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    dbk_book_feed *feed = NULL;
    dbk_appended appended = { 0 };
    if (d->book->batch_open)
        return dbk_fail(err, DBK_BUSY, "an import is under way");
    dbk_rc rc = dbk_book_begin(d->book, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_feed_open(d->book, &feed, &d->space, err);
    if (rc == DBK_OK)
        rc = dbk_draft_encode(&plain, d, op, feed, err);
    dbk_span span = dbk_bytes_span(&plain);
    if (rc == DBK_OK)
        rc = dbk_feed_append(d->book, &appended, feed, &span, 1, err);
    if (rc == DBK_OK) {
        const dbk_draft_place at = { feed, appended.segment, appended.first_seq };
        rc = dbk_draft_fold(d->book, &at, &span, 1, err);
    }
    if (rc == DBK_OK)
        rc = dbk_book_commit(d->book, err);
    else
        dbk_book_rollback(d->book);
    dbk_bytes_wipe(&plain);
    return rc;
}
