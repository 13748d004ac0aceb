#include "core/practice/reading.h"

#include <string.h>

#include "core/base/text.h"

void dbk_reading_init(dbk_reading *r, const dbk_note *note)
{
    *r = (dbk_reading){ .note = note };
    dbk_bytes_init(&r->scratch, DBK_STATE_BYTES_MAX);
}

dbk_rc dbk_reading_open(dbk_reading *r, dbk_book *book, const dbk_id *record, dbk_err *err)
{
    dbk_reading_init(r, NULL);
    dbk_rc rc = dbk_query_said(&r->own, book, record, err);
    r->note = r->own;
    return rc;
}

dbk_rc dbk_reading_find(dbk_reading *r, dbk_book *book, const dbk_id *record, dbk_err *err)
{
    dbk_reading_init(r, NULL);
    dbk_rc rc = dbk_reading_find_note(&r->own, book, record, err);
    r->note = r->own;
    return rc;
}

dbk_rc dbk_reading_find_note(dbk_note **out, dbk_book *book, const dbk_id *record, dbk_err *err)
{
    dbk_err inner = { 0 };
    *out = NULL;
    if (dbk_id_is_zero(record))
        return DBK_OK;
    dbk_rc rc = dbk_query_said(out, book, record, &inner);
    if (rc == DBK_NOT_FOUND || rc == DBK_DENIED)
        return DBK_OK;
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", inner.text);
}

void dbk_reading_wipe(dbk_reading *r)
{
    dbk_bytes_wipe(&r->scratch);
    dbk_note_free(r->own);
    r->own = NULL;
    r->note = NULL;
}

typedef struct each {
    dbk_reading_fn fn;
    void *ctx;
} each;

static dbk_rc read_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    const each *e = ctx;
    dbk_reading r;
    dbk_reading_init(&r, row->note);
    dbk_rc rc = e->fn(e->ctx, &r, row, err);
    dbk_reading_wipe(&r);
    return rc;
}

dbk_rc dbk_reading_list(dbk_book *book, const dbk_list_opts *opts, dbk_reading_fn fn, void *ctx,
                        dbk_err *err)
{
    each e = { fn, ctx };
    dbk_list_opts with_notes = *opts;
    with_notes.with_note = true;
    return dbk_query_list(book, &with_notes, read_row, &e, err);
}

dbk_rc dbk_reading_each(dbk_book *book, const char *form, dbk_reading_fn fn, void *ctx,
                        dbk_err *err)
{
    const dbk_list_opts opts = { .form = form, .since_ms = INT64_MIN };
    return dbk_reading_list(book, &opts, fn, ctx, err);
}

dbk_rc dbk_reading_cued(dbk_book *book, const dbk_cued *ask, dbk_reading_fn fn, void *ctx,
                        dbk_err *err)
{
    each e = { fn, ctx };
    dbk_cued with_notes = *ask;
    with_notes.with_note = true;
    return dbk_query_cued(book, &with_notes, read_row, &e, err);
}

/* ---- elements -------------------------------------------------------------------------------- */

/* NULL: the form doesn't have it, or nobody wrote it. */
static const dbk_state_group *group_of(const dbk_note *note, const char *name)
{
    const dbk_field *field = note->form == NULL ? NULL : dbk_form_field(note->form, name);
    const dbk_group *groups;
    if (field == NULL)
        return NULL;
    (void)dbk_form_groups(note->form, &groups);
    return dbk_state_group_find(note->state, dbk_span_str(groups[field->group].name));
}

bool dbk_reading_is_hq(const dbk_note *note, const char *name)
{
    const dbk_state_group *g = group_of(note, name);
    return g != NULL && g->registers_count > 0 &&
           g->registers[dbk_view_group(g, &note->view).winner].hq;
}

const dbk_sibling *dbk_reading_log(const dbk_note *note, size_t *count, const char *name)
{
    const dbk_state_group *g = group_of(note, name);
    *count = g == NULL ? 0 : g->entries_count;
    return *count == 0 ? NULL : g->entries;
}

dbk_elements dbk_elements_of(dbk_span value)
{
    dbk_elements e = { dbk_cbor_from(value), value.len > 0 };
    if (dbk_cbor_peek(&e.at) == DBK_CBOR_ARRAY)
        e.left = dbk_cbor_get_array(&e.at);
    return e;
}

bool dbk_elements_next(dbk_elements *e, dbk_span *out)
{
    if (e->left == 0)
        return false;
    e->left--;
    *out = dbk_cbor_get_item(&e->at);
    return !e->at.failed;
}

dbk_id dbk_element_id(dbk_span value)
{
    dbk_id id = { { 0 } };
    dbk_cbor c = dbk_cbor_from(value);
    if (dbk_cbor_peek(&c) == DBK_CBOR_TAG && dbk_cbor_get_tag(&c) == DBK_CBOR_TAG_UUID)
        dbk_cbor_get_copy(&c, id.b, sizeof(id.b));
    return id;
}

/* ---- fields ---------------------------------------------------------------------------------- */

dbk_rc dbk_reading_value(dbk_reading *r, dbk_span *out, const char *name, dbk_err *err)
{
    const dbk_field *top = NULL;
    const dbk_note *note = r->note;
    *out = dbk_span_of(NULL, 0);
    if (note->form == NULL)
        return DBK_OK;
    const dbk_field *field = dbk_form_part(note->form, name, &top);
    if (field == NULL)
        return DBK_OK;
    dbk_bytes_truncate(&r->scratch, 0);
    dbk_rc rc = dbk_view_field(out, &r->scratch, note->state, top, &note->view, err);
    if (rc == DBK_OK && field != top)
        *out = dbk_view_member(*out, field->name);
    return rc;
}

dbk_rc dbk_reading_text(dbk_reading *r, dbk_span *out, const char *name, dbk_err *err)
{
    dbk_rc rc = dbk_reading_value(r, out, name, err);
    *out = dbk_cbor_text_of(*out);
    return rc;
}

static bool is_code(dbk_span value, const char *code)
{
    dbk_cbor c = dbk_cbor_from(value);
    if (dbk_cbor_peek(&c) != DBK_CBOR_SIMPLE)
        return dbk_span_equal(dbk_cbor_text_of(value), dbk_span_str(code));
    switch (dbk_cbor_get_simple(&c)) {
    case DBK_CBOR_TRUE:
        return strcmp(code, "yes") == 0;
    case DBK_CBOR_FALSE:
        return strcmp(code, "no") == 0;
    default:
        return strcmp(code, "not_known") == 0;
    }
}

dbk_rc dbk_reading_says(dbk_reading *r, bool *yes, const char *name, const char *code, dbk_err *err)
{
    dbk_span value, one;
    *yes = false;
    dbk_rc rc = dbk_reading_value(r, &value, name, err);
    dbk_elements e = dbk_elements_of(value);
    while (rc == DBK_OK && !*yes && dbk_elements_next(&e, &one))
        *yes = is_code(one, code);
    return rc;
}

dbk_rc dbk_reading_time(dbk_reading *r, bool *there, int64_t *unix_ms, const char *name,
                        dbk_err *err)
{
    dbk_span text;
    *there = false;
    dbk_rc rc = dbk_reading_text(r, &text, name, err);
    if (rc != DBK_OK || text.len == 0)
        return rc;
    *there = dbk_moment_parse(unix_ms, text, NULL) == DBK_OK;
    return DBK_OK;
}

dbk_rc dbk_reading_ref(dbk_reading *r, dbk_id *out, const char *name, dbk_err *err)
{
    dbk_span value;
    dbk_rc rc = dbk_reading_value(r, &value, name, err);
    *out = dbk_element_id(value);
    return rc;
}

bool dbk_element_is(dbk_span value, const char *code)
{
    return dbk_span_equal(dbk_cbor_text_of(value), dbk_span_str(code));
}
