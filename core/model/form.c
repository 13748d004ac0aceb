#include "core/model/form_impl.h"

#include <stdarg.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/base/text.h"
#include "core/model/record.h"

/* Memory of a form's many small parts, so that each isn't an allocation of its own. */
#define BLOCK_BYTES 4096u
#define ALIGNMENT 16u
struct form_block {
    form_block *next;
    size_t used, size; /* of the bytes */
    _Alignas(ALIGNMENT) uint8_t bytes[];
};

#define DBK_RULE_ROW(name, text) text,
static const char *const rule_names[DBK_RULES] = { DBK_RULE_TABLE(DBK_RULE_ROW) };
#undef DBK_RULE_ROW

#define DBK_KIND_ROW(name, text) text,
static const char *const kind_names[DBK_FIELD_KINDS] = { DBK_FIELD_KIND_TABLE(DBK_KIND_ROW) };
#undef DBK_KIND_ROW

const char *dbk_rule_name(dbk_rule rule)
{
    DBK_ASSERT((unsigned)rule < DBK_RULES);
    return rule_names[rule];
}

const char *dbk_field_kind_name(dbk_field_kind kind)
{
    DBK_ASSERT((unsigned)kind < DBK_FIELD_KINDS);
    return kind_names[kind];
}

void *dbk_form_take(dbk_form *form, size_t count, size_t item_size)
{
    size_t size;
    form_block *block = form->blocks;
    if (__builtin_mul_overflow(count, item_size, &size) ||
        __builtin_add_overflow(size, ALIGNMENT - 1, &size))
        return NULL;
    size -= size % ALIGNMENT;
    if (block == NULL || block->size - block->used < size) {
        size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        size_t all;
        block = __builtin_add_overflow(room, sizeof(*block), &all) ? NULL : dbk_alloc(all);
        if (block == NULL)
            return NULL;
        *block = (form_block){ .next = form->blocks, .size = room };
        form->blocks = block;
    }
    void *taken = block->bytes + block->used;
    block->used += size;
    return taken;
}

void dbk_form_free(dbk_form *form)
{
    if (form == NULL)
        return;
    while (form->blocks != NULL) {
        form_block *block = form->blocks;
        form->blocks = block->next;
        dbk_free(block);
    }
    dbk_free(form);
}

const char *dbk_form_name(const dbk_form *form)
{
    return form->name;
}

uint32_t dbk_form_version(const dbk_form *form)
{
    return form->version;
}

const char *dbk_form_title(const dbk_form *form)
{
    return form->title;
}

const char *dbk_form_help(const dbk_form *form)
{
    return form->help;
}

bool dbk_form_signs(const dbk_form *form)
{
    return form->signs;
}

size_t dbk_form_fields(const dbk_form *form, const dbk_field **out)
{
    *out = form->fields;
    return form->fields_count;
}

size_t dbk_form_groups(const dbk_form *form, const dbk_group **out)
{
    *out = form->groups;
    return form->groups_count;
}

static const dbk_field *find_field(const dbk_field *fields, size_t count, dbk_span name)
{
    /* The first letter rules most of them out. */
    for (size_t i = 0; i < count && name.len > 0; i++)
        if ((uint8_t)fields[i].name[0] == name.p[0] &&
            dbk_span_equal(dbk_span_str(fields[i].name), name))
            return &fields[i];
    return NULL;
}

const dbk_field *dbk_form_field(const dbk_form *form, const char *name)
{
    return find_field(form->fields, form->fields_count, dbk_span_str(name));
}

const dbk_field *dbk_form_part(const dbk_form *form, const char *path, const dbk_field **top)
{
    const char *dot = strchr(path, '.');
    size_t len = dot != NULL ? (size_t)(dot - path) : strlen(path);
    const dbk_field *field = find_field(form->fields, form->fields_count, dbk_span_of(path, len));
    *top = field;
    if (dot == NULL || field == NULL)
        return field;
    if (field->kind != DBK_FIELD_OBJECT)
        return NULL;
    return find_field(field->fields, field->fields_count, dbk_span_str(dot + 1));
}

const dbk_group *dbk_form_group(const dbk_form *form, dbk_span name)
{
    for (size_t i = 0; i < form->groups_count; i++)
        if (dbk_span_equal(dbk_span_str(form->groups[i].name), name))
            return &form->groups[i];
    return NULL;
}

size_t dbk_form_summary(const dbk_form *form, const dbk_field *const **out)
{
    *out = form->summary;
    return form->summary_count;
}

const dbk_field *dbk_form_when(const dbk_form *form)
{
    return form->when;
}

bool dbk_form_is_late(const dbk_form *form, int64_t when_ms, uint64_t begun_ms)
{
    return form->when != NULL && form->when->kind == DBK_FIELD_DATETIME && form->signs &&
           (int64_t)begun_ms - when_ms > DBK_FORM_LATE_MS;
}

const form_more *dbk_form_more(const dbk_form *form, const dbk_field *field)
{
    DBK_ASSERT(field >= form->fields);
    DBK_ASSERT(field < form->fields + form->fields_count);
    return &form->more[field - form->fields];
}

/* ---- rank ------------------------------------------------------------------------------------ */

/* The milliseconds that dbk_time_parse() knows: the year 0001 to the end of 9999. */
#define SCALE_TIME_FIRST INT64_C(-62135596800000)
#define SCALE_TIME_END (INT64_C(253402300799999) - SCALE_TIME_FIRST)

static int rank_of_code(const dbk_field *field, const form_more *more, dbk_span code)
{
    for (size_t i = 0; i < field->codes_count; i++)
        if (dbk_span_equal(dbk_span_str(field->codes[i].name), code))
            return field->codes[i].rank;
    return more->rank_unknown;
}

static int rank_of_scalar(const dbk_field *field, const form_more *more, dbk_span value)
{
    dbk_cbor c = dbk_cbor_from(value);
    switch (dbk_cbor_peek(&c)) {
    case DBK_CBOR_TEXT:
        return rank_of_code(field, more, dbk_cbor_get_text(&c));
    case DBK_CBOR_SIMPLE:
        switch (dbk_cbor_get_simple(&c)) {
        case DBK_CBOR_TRUE:
            return rank_of_code(field, more, dbk_span_str("yes"));
        case DBK_CBOR_FALSE:
            return rank_of_code(field, more, dbk_span_str("no"));
        default:
            return more->rank_not_known;
        }
    default:
        return more->rank_unknown; /* not what the form expects: doubt */
    }
}

/* Where a date or a number lies on its scale, from 0. False: it has no place there. */
static bool place_of(int64_t *out, const dbk_field *field, dbk_span value)
{
    dbk_cbor c = dbk_cbor_from(value);
    if (field->kind == DBK_FIELD_NUMBER) {
        int64_t number = dbk_cbor_get_int(&c);
        if (c.failed || number < field->min || number > field->max)
            return false;
        *out = number - field->min;
        return true;
    }
    dbk_span text = dbk_cbor_get_text(&c);
    dbk_rc rc = field->kind == DBK_FIELD_DATE ? dbk_moment_parse(out, text, NULL)
                                              : dbk_time_parse(out, text, NULL);
    if (c.failed || rc != DBK_OK)
        return false;
    *out -= SCALE_TIME_FIRST;
    return *out >= 0 && *out <= SCALE_TIME_END;
}

static int64_t rank_on_scale(const dbk_field *field, const form_more *more, dbk_span value)
{
    const int64_t end = field->kind == DBK_FIELD_NUMBER ? field->max - field->min : SCALE_TIME_END;
    int64_t place = 0;
    if (!place_of(&place, field, value))
        return FORM_RANK_ANY;
    return FORM_RANK_ANY + 1 + (more->order == FORM_ORDER_LOWEST ? end - place : place);
}

static int64_t rank_of_value(const dbk_field *field, const form_more *more, dbk_span value)
{
    dbk_cbor c = dbk_cbor_from(value);
    int rank = FORM_RANK_BLANK;
    if (more->order == FORM_ORDER_NONE)
        return FORM_RANK_ANY;
    if (more->order != FORM_ORDER_CODES)
        return rank_on_scale(field, more, value);
    if (dbk_cbor_peek(&c) != DBK_CBOR_ARRAY)
        return rank_of_scalar(field, more, value);
    uint64_t count = dbk_cbor_get_array(&c);
    for (uint64_t i = 0; i < count && !c.failed; i++) {
        int one = rank_of_scalar(field, more, dbk_cbor_get_item(&c));
        if (one > rank)
            rank = one;
    }
    return rank;
}

int64_t dbk_form_rank(const dbk_form *form, const dbk_group *group, dbk_span value)
{
    int64_t rank = FORM_RANK_BLANK;
    dbk_cbor c = dbk_cbor_from(value);
    uint64_t pairs = dbk_cbor_get_map(&c);
    for (uint64_t i = 0; i < pairs; i++) {
        dbk_span name = dbk_cbor_get_text(&c);
        dbk_span part = dbk_cbor_get_item(&c);
        if (c.failed)
            break;
        const dbk_field *field = find_field(form->fields, form->fields_count, name);
        int64_t one = FORM_RANK_ANY;
        if (field != NULL && &form->groups[field->group] == group)
            one = rank_of_value(field, dbk_form_more(form, field), part);
        if (one > rank)
            rank = one;
    }
    return rank;
}
