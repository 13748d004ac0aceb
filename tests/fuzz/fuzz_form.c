/* Arbitrary bytes as a form's JSON: refused with a text, or a form that keeps what form.h says. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/base/text.h"
#include "core/model/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at_field(const dbk_form *form, const dbk_field *field, size_t groups_count)
{
    const dbk_field *top;
    DBK_ASSERT(field->group < groups_count);
    DBK_ASSERT(strlen(field->name) <= DBK_NAME_BYTES_MAX);
    DBK_ASSERT(strlen(field->label) > 0);
    DBK_ASSERT(dbk_form_field(form, field->name) == field);
    DBK_ASSERT(dbk_form_part(form, field->name, &top) == field);
    DBK_ASSERT((unsigned)field->kind < DBK_FIELD_KINDS);
    DBK_ASSERT(field->min <= field->max);
    for (size_t i = 0; i < field->codes_count; i++)
        DBK_ASSERT(field->codes[i].label != NULL);
    for (size_t i = 0; i < field->fields_count; i++) {
        DBK_ASSERT(field->fields[i].label != NULL);
        DBK_ASSERT(field->fields[i].fields_count == 0);
    }
}

static void look_at(const dbk_form *form)
{
    const dbk_field *fields;
    const dbk_field *const *summary;
    const dbk_group *groups;
    size_t fields_count = dbk_form_fields(form, &fields);
    size_t groups_count = dbk_form_groups(form, &groups);
    DBK_ASSERT(fields_count > 0);
    DBK_ASSERT(fields_count <= DBK_FORM_FIELDS_MAX);
    DBK_ASSERT(groups_count <= fields_count);
    for (size_t i = 0; i < fields_count; i++)
        look_at_field(form, &fields[i], groups_count);
    for (size_t i = 0; i < groups_count; i++) {
        static const uint8_t empty_map = 0xa0;
        DBK_ASSERT(dbk_form_group(form, dbk_span_str(groups[i].name)) == &groups[i]);
        DBK_ASSERT(dbk_form_rank(form, &groups[i], dbk_span_of(&empty_map, 1)) == 0);
    }
    size_t count = dbk_form_summary(form, &summary);
    for (size_t i = 0; i < count; i++)
        DBK_ASSERT(summary[i] >= fields && summary[i] < fields + fields_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_form *form = NULL;
    dbk_err err = { 0 };
    dbk_rc rc = dbk_form_parse(&form, dbk_span_of(data, size), &err);
    DBK_ASSERT((rc == DBK_OK) == (form != NULL));
    DBK_ASSERT(rc == DBK_OK || (err.rc == rc && err.text[0] != '\0'));
    DBK_ASSERT(dbk_utf8_valid(dbk_span_str(err.text)));
    if (form != NULL)
        look_at(form);
    dbk_form_free(form);
    return 0;
}
