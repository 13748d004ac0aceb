#include <string.h>

#include "core/base/cbor.h"
#include "core/journal/query_internal.h"
#include "core/model/value.h"

#define SHOWN_BYTES_MAX (16u * 1024u * 1024u) /* of one field: a state has 8 MiB at most */

dbk_rc dbk_where_check(const dbk_book *book, const dbk_list_opts *opts, dbk_err *err)
{
    for (size_t i = 0; i < opts->where_count; i++) {
        const char *name = opts->where[i].field;
        bool known = false;
        for (size_t k = 0; k < dbk_forms_count(book->forms) && !known; k++) {
            const dbk_form *form = dbk_forms_at(book->forms, k);
            const dbk_field *top = NULL;
            if (opts->form == NULL || strcmp(dbk_form_name(form), opts->form) == 0)
                known = dbk_form_part(form, name, &top) != NULL;
        }
        if (!known && opts->form != NULL)
            return dbk_fail(err, DBK_INVALID, "form %.48s has no field %.48s", opts->form, name);
        if (!known)
            return dbk_fail(err, DBK_INVALID, "no form has a field %.48s", name);
    }
    return DBK_OK;
}

/* Is this the value as it is shown, or as it is typed: a code's name, an id in any form? */
static dbk_rc is_value(bool *yes, dbk_bytes *text, const dbk_field *field, dbk_span item,
                       const char *want, dbk_err *err)
{
    dbk_id id, wanted;
    dbk_cbor c = dbk_cbor_from(item);
    *yes = false;
    for (int raw = 0; raw < 2 && !*yes; raw++) {
        dbk_bytes_truncate(text, 0);
        dbk_rc rc = dbk_value_to_text(text, raw != 0 ? NULL : field, item, err);
        if (rc != DBK_OK)
            return rc;
        *yes = dbk_span_equal(dbk_bytes_span(text), dbk_span_str(want));
    }
    if (dbk_cbor_peek(&c) == DBK_CBOR_TAG && dbk_id_parse(&wanted, want, NULL) == DBK_OK) {
        (void)dbk_cbor_get_tag(&c);
        dbk_cbor_get_copy(&c, id.b, sizeof(id.b));
        *yes = !c.failed && dbk_id_equal(&id, &wanted);
    }
    return DBK_OK;
}

/* A member of a map by its name; empty if there is none. */
static dbk_span member_of(dbk_span map, const char *name)
{
    dbk_cbor c = dbk_cbor_from(map);
    uint64_t pairs = dbk_cbor_peek(&c) == DBK_CBOR_MAP ? dbk_cbor_get_map(&c) : 0;
    for (uint64_t i = 0; i < pairs && !c.failed; i++) {
        dbk_cbor key = dbk_cbor_from(dbk_cbor_get_item(&c));
        dbk_span value = dbk_cbor_get_item(&c);
        if (!c.failed && dbk_span_equal(dbk_cbor_get_text(&key), dbk_span_str(name)))
            return value;
    }
    return (dbk_span){ NULL, 0 };
}

/* The whole value, or one of its elements. */
static dbk_rc contains(bool *yes, dbk_bytes *text, const dbk_field *field, dbk_span value,
                       const char *want, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(value);
    dbk_rc rc = is_value(yes, text, field, value, want, err);
    if (rc != DBK_OK || *yes || dbk_cbor_peek(&c) != DBK_CBOR_ARRAY)
        return rc;
    uint64_t count = dbk_cbor_get_array(&c);
    for (uint64_t i = 0; i < count && rc == DBK_OK && !*yes; i++) {
        dbk_span item = dbk_cbor_get_item(&c);
        if (c.failed)
            return dbk_fail(err, DBK_DAMAGED, "a stored list is malformed");
        rc = is_value(yes, text, field, item, want, err);
    }
    return rc;
}

static dbk_rc holds(bool *yes, const dbk_state *state, const dbk_view_opts *view,
                    const dbk_where *where, dbk_err *err)
{
    dbk_bytes scratch = DBK_BYTES_INIT(SHOWN_BYTES_MAX);
    dbk_bytes text = DBK_BYTES_INIT(SHOWN_BYTES_MAX);
    const dbk_field *top = NULL;
    const dbk_field *field = view->form == NULL ? NULL
                                                : dbk_form_part(view->form, where->field, &top);
    dbk_span value = { NULL, 0 };
    dbk_rc rc = DBK_OK;
    *yes = false;
    if (field == NULL)
        return DBK_OK;
    rc = dbk_view_field(&value, &scratch, state, top, view, err);
    if (rc == DBK_OK && field != top)
        value = member_of(value, field->name);
    if (rc == DBK_OK && value.len == 0)
        *yes = where->value[0] == '\0'; /* blank is asked for as nothing */
    else if (rc == DBK_OK)
        rc = contains(yes, &text, field, value, where->value, err);
    dbk_bytes_wipe(&scratch);
    dbk_bytes_wipe(&text);
    return rc;
}

dbk_rc dbk_where_holds(dbk_book *book, bool *yes, const dbk_where_in *in, const dbk_list_opts *opts,
                       dbk_err *err)
{
    dbk_view_opts view = dbk_book_view(book, in->state, in->form);
    dbk_rc rc = DBK_OK;
    *yes = true;
    book->receipt_rc = DBK_OK;
    for (size_t i = 0; i < opts->where_count && rc == DBK_OK && *yes; i++)
        rc = holds(yes, in->state, &view, &opts->where[i], err);
    if (rc == DBK_OK && book->receipt_rc != DBK_OK)
        rc = dbk_fail(err, book->receipt_rc, "a receipt in the store can't be read");
    return rc;
}
