/* One field of a form's JSON, and its sub-fields. */
#include "core/model/form_impl.h"

#include <string.h>

/* What a kind allows, and how long its texts may be unless the form says otherwise. */
typedef struct kind_row {
    bool codes, fields, lengthy, refers, sub;
    size_t len_default;
} kind_row;
#define LEN_LINE 200u
#define LEN_LINES 20000u
#define LEN_MAX 40000u                /* what an op of 60 KiB can hold of ordinary English */
#define NUMBER_MAX 1000000000         /* of a field that says nothing */
#define NUMBER_END (INT64_C(1) << 53) /* of all: what JSON holds exactly */

static const kind_row kinds[DBK_FIELD_KINDS] = {
    [DBK_FIELD_TEXT] = { .lengthy = true, .sub = true, .len_default = LEN_LINE },
    [DBK_FIELD_LONGTEXT] = { .lengthy = true, .sub = true, .len_default = LEN_LINES },
    [DBK_FIELD_CODE] = { .codes = true, .sub = true },
    [DBK_FIELD_CODES] = { .codes = true, .sub = true },
    [DBK_FIELD_BOOL3] = { .sub = true },
    [DBK_FIELD_DATE] = { .sub = true },
    [DBK_FIELD_DATETIME] = { .sub = true },
    [DBK_FIELD_NUMBER] = { .sub = true },
    [DBK_FIELD_REF] = { .refers = true, .sub = true },
    [DBK_FIELD_REFS] = { .refers = true, .sub = true },
    [DBK_FIELD_PRESENT] = { .codes = true, .refers = true, .len_default = LEN_LINE },
    [DBK_FIELD_PHONE] = { .lengthy = true, .sub = true, .len_default = 40 },
    [DBK_FIELD_EMAIL] = { .lengthy = true, .sub = true, .len_default = 254 },
    [DBK_FIELD_ADDRESS] = { .lengthy = true, .sub = true, .len_default = 500 },
    [DBK_FIELD_LIST] = { .fields = true, .lengthy = true, .sub = true, .len_default = 1000 },
    [DBK_FIELD_OBJECT] = { .fields = true },
};

static const dbk_code yes_no[] = { { .name = "yes", .label = "Yes" },
                                   { .name = "no", .label = "No" } };

static void read_kind(form_reader *r, dbk_field *field, const json_t *from)
{
    const char *kind = dbk_form_get_text(r, from, "kind", DBK_NAME_BYTES_MAX, FORM_MUST);
    for (int i = 0; kind != NULL && i < DBK_FIELD_KINDS; i++) {
        if (strcmp(dbk_field_kind_name((dbk_field_kind)i), kind) == 0) {
            field->kind = (dbk_field_kind)i;
            return;
        }
    }
    if (kind != NULL)
        dbk_form_fail(r, "there is no kind \"%s\"", kind);
}

static void read_need(form_reader *r, dbk_field *field, const json_t *from)
{
    const char *need = dbk_form_get_text(r, from, "need", DBK_NAME_BYTES_MAX, FORM_MAY);
    field->need = DBK_NEED_OPTIONAL;
    if (need == NULL)
        return;
    if (strcmp(need, "sign") == 0)
        field->need = DBK_NEED_SIGN;
    else if (strcmp(need, "warn") == 0)
        field->need = DBK_NEED_WARN;
    else
        dbk_form_fail(r, "\"need\" is \"sign\" or \"warn\"");
}

static void read_length(form_reader *r, dbk_field *field, const json_t *from)
{
    const kind_row *kind = &kinds[field->kind];
    int64_t len = dbk_form_get_int(r, from, "length", (int64_t)kind->len_default);
    bool given = json_object_get(from, "length") != NULL;
    if (given && (!kind->lengthy || len < 1 || len > (int64_t)LEN_MAX))
        dbk_form_fail(r, "\"length\" is 1 to %u, and for texts only", LEN_MAX);
    field->len_max = (size_t)len;
}

static void read_range(form_reader *r, dbk_field *field, const json_t *from)
{
    bool given = json_object_get(from, "min") != NULL || json_object_get(from, "max") != NULL;
    if (field->kind != DBK_FIELD_NUMBER) {
        if (given)
            dbk_form_fail(r, "\"min\" and \"max\" are for numbers only");
        return;
    }
    field->min = dbk_form_get_int(r, from, "min", 0);
    field->max = dbk_form_get_int(r, from, "max", NUMBER_MAX);
    if (field->min > field->max)
        dbk_form_fail(r, "\"min\" is over \"max\"");
    if (field->min < -NUMBER_END || field->max > NUMBER_END)
        dbk_form_fail(r, "\"min\" and \"max\" are within 2^53");
}

static void read_answers(form_reader *r, dbk_field *field, const json_t *from)
{
    const json_t *codes = json_object_get(from, "codes");
    if (field->kind == DBK_FIELD_BOOL3) {
        /* A copy of its own: an order ("protect") writes its ranks there. */
        dbk_code *own = dbk_form_take(r->form, 2, sizeof(own[0]));
        if (own == NULL) {
            r->rc = dbk_fail(r->err, DBK_NOMEM, "no memory for a form");
            return;
        }
        memcpy(own, yes_no, sizeof(yes_no));
        field->codes = own;
        field->codes_count = 2;
    }
    if (codes == NULL && kinds[field->kind].codes)
        dbk_form_fail(r, "\"codes\" is missing");
    else if (codes != NULL && !kinds[field->kind].codes)
        dbk_form_fail(r, "a field of this kind has no \"codes\"");
    else if (codes != NULL)
        dbk_form_read_codes(r, field, codes);
}

/* All of a field but its sub-fields and conditions. */
static void read_plain(form_reader *r, dbk_field *field, const json_t *from)
{
    read_kind(r, field, from);
    field->label = dbk_form_get_text(r, from, "label", FORM_LABEL_MAX, FORM_MUST);
    field->help = dbk_form_get_text(r, from, "help", FORM_HELP_MAX, FORM_MAY);
    read_need(r, field, from);
    if (r->rc != DBK_OK)
        return;
    read_length(r, field, from);
    read_range(r, field, from);
    read_answers(r, field, from);
    field->ref_form = dbk_form_get_name(r, from, "form", FORM_MAY);
    if (field->ref_form != NULL && !kinds[field->kind].refers)
        dbk_form_fail(r, "\"form\" is for references only");
    field->sensitive = dbk_form_get_bool(r, from, "sensitive");
    if (json_object_get(from, "fields") != NULL && !kinds[field->kind].fields)
        dbk_form_fail(r, "a field of this kind has no \"fields\"");
    if (json_object_get(from, "fields") == NULL && field->kind == DBK_FIELD_OBJECT)
        dbk_form_fail(r, "\"fields\" is missing");
}

static void read_part(form_reader *r, dbk_field *part, const json_t *from)
{
    static const char *const top_only[] = { "group",   "rule",       "own",     "lower_needs",
                                            "protect", "after_sign", "default", "route" };
    for (size_t i = 0; i < sizeof(top_only) / sizeof(top_only[0]); i++)
        if (json_object_get(from, top_only[i]) != NULL)
            dbk_form_fail(r, "\"%s\" belongs to the whole field", top_only[i]);
    read_plain(r, part, from);
    if (r->rc == DBK_OK && (!kinds[part->kind].sub || json_object_get(from, "fields") != NULL))
        dbk_form_fail(r, "sub-fields can't have sub-fields themselves");
}

/* Sub-fields nest one level: a person has to answer them, and checking needs no recursion. */
static void read_parts(form_reader *r, dbk_field *field, form_more *more, const json_t *from)
{
    const json_t *array = dbk_form_get(r, from, "fields", JSON_ARRAY);
    size_t count = json_array_size(array);
    if (array == NULL)
        return;
    if (count == 0 || count > FORM_PART_FIELDS_MAX)
        dbk_form_fail(r, "\"fields\" has 1 to %u sub-fields", FORM_PART_FIELDS_MAX);
    dbk_field *parts = dbk_form_take(r->form, count, sizeof(parts[0]));
    form_more *mores = dbk_form_take(r->form, count, sizeof(mores[0]));
    if (parts == NULL || mores == NULL) {
        r->rc = dbk_fail(r->err, DBK_NOMEM, "no memory for a form");
        return;
    }
    for (size_t i = 0; i < count && r->rc == DBK_OK; i++) {
        const json_t *one = json_array_get(array, i);
        dbk_form_at(r, "field %s, sub-field %zu", field->name, i + 1);
        parts[i].name = dbk_form_get_name(r, one, "name", FORM_MUST);
        if (parts[i].name != NULL)
            dbk_form_at(r, "field %s.%s", field->name, parts[i].name);
        read_part(r, &parts[i], one);
        for (size_t k = 0; k < i && r->rc == DBK_OK; k++)
            if (strcmp(parts[k].name, parts[i].name) == 0)
                dbk_form_fail(r, "the name is there twice");
    }
    form_siblings siblings = { parts, count };
    for (size_t i = 0; i < count && r->rc == DBK_OK; i++) {
        dbk_form_at(r, "field %s.%s", field->name, parts[i].name);
        dbk_form_read_conditions(r, &mores[i], json_array_get(array, i), siblings);
    }
    field->fields = parts;
    field->fields_count = count;
    more->parts = mores;
}

void dbk_form_read_field(form_reader *r, dbk_field *field, form_more *more, const json_t *from)
{
    read_plain(r, field, from);
    field->after_sign = dbk_form_get_bool(r, from, "after_sign");
    field->route = dbk_form_get_bool(r, from, "route");
    if (r->rc != DBK_OK)
        return;
    dbk_form_read_order(r, field, more, from);
    read_parts(r, field, more, from);
    dbk_form_at(r, "field %s", field->name);
}
