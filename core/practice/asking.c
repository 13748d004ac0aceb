#include "core/practice/asking.h"

#include "core/model/record.h"
#include "core/model/value.h"

/* A dbk_current_fn over a reading. */
typedef struct shown {
    dbk_reading reading;
    dbk_rc rc;
    dbk_err *err;
} shown;

static dbk_span current(void *ctx, const char *field)
{
    shown *s = ctx;
    dbk_span value = dbk_span_of(NULL, 0);
    if (s->rc == DBK_OK)
        s->rc = dbk_reading_value(&s->reading, &value, field, s->err);
    return value;
}

dbk_rc dbk_asking_next(const dbk_field **out, const dbk_note *note, const dbk_field *after,
                       dbk_err *err)
{
    const dbk_field *fields;
    shown s = { .rc = DBK_OK, .err = err };
    *out = NULL;
    if (note->form == NULL)
        return DBK_OK;
    size_t count = dbk_form_fields(note->form, &fields);
    dbk_reading_init(&s.reading, note);
    for (size_t i = after == NULL ? 0 : (size_t)(after - fields) + 1; i < count && *out == NULL;
         i++)
        if (dbk_record_wants(note->form, &fields[i], current, &s))
            *out = &fields[i];
    dbk_reading_wipe(&s.reading);
    return s.rc;
}

/* The other record's answer, if it has a field of that name and kind. */
static dbk_rc answer_of(dbk_bytes *json, dbk_book *book, const dbk_id *record,
                        const dbk_field *field, dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_reading reading;
    dbk_span value;
    if (dbk_query_note(&note, book, record, NULL) != DBK_OK)
        return DBK_OK; /* it isn't here */
    const dbk_field *same = note->form == NULL ? NULL : dbk_form_field(note->form, field->name);
    dbk_reading_init(&reading, note);
    dbk_rc rc = DBK_OK;
    if (same != NULL && same->kind == field->kind) {
        rc = dbk_reading_value(&reading, &value, field->name, err);
        if (rc == DBK_OK && value.len > 0)
            rc = dbk_value_to_json(json, value, err);
    }
    dbk_reading_wipe(&reading);
    dbk_note_free(note);
    return rc;
}

dbk_rc dbk_asking_known(dbk_bytes *json, dbk_book *book, const dbk_note *note,
                        const dbk_field *field, dbk_err *err)
{
    const dbk_field *fields;
    dbk_reading reading;
    dbk_rc rc = DBK_OK;
    size_t count = note->form == NULL ? 0 : dbk_form_fields(note->form, &fields);
    size_t before = json->len;
    dbk_reading_init(&reading, note);
    for (size_t i = 0; rc == DBK_OK && i < count && json->len == before; i++) {
        dbk_id other;
        if (fields[i].kind != DBK_FIELD_REF)
            continue;
        rc = dbk_reading_ref(&reading, &other, fields[i].name, err);
        if (rc == DBK_OK && !dbk_id_is_zero(&other))
            rc = answer_of(json, book, &other, field, err);
    }
    dbk_reading_wipe(&reading);
    return rc;
}

dbk_rc dbk_asking_missing(dbk_problems *problems, const dbk_note *note, dbk_err *err)
{
    shown s = { .rc = DBK_OK, .err = err };
    if (note->form == NULL)
        return DBK_OK;
    dbk_reading_init(&s.reading, note);
    dbk_rc rc = dbk_record_check_stage(problems, note->form, DBK_STAGE_SIGN, current, &s, NULL);
    dbk_reading_wipe(&s.reading);
    if (s.rc != DBK_OK)
        return s.rc;
    return rc == DBK_INVALID ? DBK_OK : rc;
}
