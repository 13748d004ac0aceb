/* What a file would change of a service that is here. */
#include <jansson.h>
#include <string.h>

#include "core/model/value.h"
#include "core/practice/hsds.h"
#include "core/practice/place.h"
#include "core/practice/reading.h"

#define CBOR_BYTES_MAX (256u * 1024u)

/* {field: value}, as the group of a field that stands alone in it is kept. */
static dbk_rc group_value(dbk_bytes *out, const dbk_field *field, dbk_span value, dbk_err *err)
{
    dbk_cbor_out o = dbk_cbor_to(out, err);
    dbk_cbor_put_map(&o, 1);
    dbk_cbor_put_str(&o, field->name);
    return o.rc == DBK_OK ? dbk_bytes_append(out, value, err) : o.rc;
}

/* A file lowers nothing that protects: whoever does gives a reason for it. */
static dbk_rc lowers(bool *yes, const dbk_form *form, const dbk_field *field, dbk_span here,
                     dbk_span there, dbk_err *err)
{
    const dbk_group *groups;
    dbk_bytes a = DBK_BYTES_INIT(2 * CBOR_BYTES_MAX), b = DBK_BYTES_INIT(2 * CBOR_BYTES_MAX);
    (void)dbk_form_groups(form, &groups);
    const dbk_group *group = &groups[field->group];
    dbk_rc rc = DBK_OK;
    *yes = false;
    if (group->rule != DBK_RULE_CAUTIOUS || here.len == 0)
        return DBK_OK;
    rc = group_value(&a, field, here, err);
    if (rc == DBK_OK)
        rc = group_value(&b, field, there, err);
    if (rc == DBK_OK)
        *yes = dbk_form_rank(form, group, dbk_bytes_span(&b)) <
               dbk_form_rank(form, group, dbk_bytes_span(&a));
    dbk_bytes_wipe(&a);
    dbk_bytes_wipe(&b);
    return rc;
}

static dbk_rc compare_field(dbk_hsds_change *out, dbk_reading *r, const dbk_field *field,
                            json_t *value, dbk_err *err)
{
    dbk_bytes there = DBK_BYTES_INIT(CBOR_BYTES_MAX);
    dbk_problems problems = { 0 };
    dbk_span here = { NULL, 0 };
    bool lower = false;
    dbk_rc rc = dbk_value_from_json(&there, field, value, &problems, err);
    if (rc == DBK_OK)
        rc = dbk_reading_value(r, &here, field->name, err);
    bool same = rc == DBK_OK && dbk_span_equal(here, dbk_bytes_span(&there));
    if (rc == DBK_OK && !same)
        rc = lowers(&lower, r->note->form, field, here, dbk_bytes_span(&there), err);
    out->kept += lower ? 1 : 0;
    if (rc == DBK_OK && !same && !lower && json_object_set(out->fields, field->name, value) != 0)
        rc = dbk_fail(err, DBK_NOMEM, "no memory for the changes");
    dbk_problems_wipe(&problems);
    dbk_bytes_wipe(&there);
    return rc;
}

static dbk_rc compare_note(dbk_hsds_change *out, const dbk_note *note,
                           const dbk_hsds_service *service, dbk_err *err)
{
    dbk_reading r;
    const char *name;
    json_t *value;
    dbk_dispute dispute;
    dbk_rc rc = DBK_OK;
    out->space = note->space;
    if (note->form == NULL || strcmp(dbk_form_name(note->form), DBK_OFFER_FORM) != 0) {
        out->verdict = DBK_HSDS_OTHER;
        return DBK_OK;
    }
    if (dbk_view_life(note->state, &note->view, &dispute) > DBK_LIFE_SIGNED) {
        out->verdict = DBK_HSDS_WITHDRAWN;
        return DBK_OK;
    }
    bool hidden = dbk_place_is_confidential(note);
    dbk_reading_init(&r, note);
    json_object_foreach(service->fields, name, value)
    {
        const dbk_field *field = dbk_form_field(note->form, name);
        if (hidden && dbk_place_is_field(name))
            out->kept++;
        else if (rc == DBK_OK && field != NULL)
            rc = compare_field(out, &r, field, value, err);
    }
    dbk_reading_wipe(&r);
    out->verdict = json_object_size(out->fields) > 0 ? DBK_HSDS_CHANGED : DBK_HSDS_SAME;
    return rc;
}

dbk_rc dbk_hsds_compare(dbk_hsds_change *out, dbk_book *book, const dbk_hsds_service *service,
                        dbk_err *err)
{
    dbk_note *note = NULL;
    *out = (dbk_hsds_change){ .verdict = DBK_HSDS_NEW, .fields = json_object() };
    if (out->fields == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the changes");
    dbk_rc rc = dbk_query_note(&note, book, &service->id, err);
    if (rc == DBK_NOT_FOUND) {
        dbk_err_clear(err);
        return json_object_update(out->fields, service->fields) == 0
                   ? DBK_OK
                   : dbk_fail(err, DBK_NOMEM, "no memory for the changes");
    }
    if (rc == DBK_OK)
        rc = compare_note(out, note, service, err);
    dbk_note_free(note);
    return rc;
}

void dbk_hsds_change_wipe(dbk_hsds_change *c)
{
    json_decref(c->fields);
    memset(c, 0, sizeof(*c));
}
