/* Reading a form's JSON: typed getters that fail once, and name the place. */
#include "core/model/form_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

void dbk_form_fail(form_reader *r, const char *fmt, ...)
{
    char text[DBK_ERR_TEXT_MAX];
    if (r->rc != DBK_OK)
        return;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    const char *form = r->form->name != NULL ? r->form->name : "?";
    const char *colon = r->place[0] != '\0' ? ", " : "";
    r->rc = dbk_fail(r->err, DBK_FORMAT, "form %s%s%s: %s", form, colon, r->place, text);
}

void dbk_form_at(form_reader *r, const char *fmt, ...)
{
    va_list args;
    if (r->rc != DBK_OK)
        return;
    va_start(args, fmt);
    (void)vsnprintf(r->place, sizeof(r->place), fmt, args);
    va_end(args);
}

static const char *type_word(json_type type)
{
    switch (type) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "text";
    case JSON_INTEGER:
        return "a whole number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    default:
        return "something else";
    }
}

const json_t *dbk_form_get(form_reader *r, const json_t *from, const char *key, json_type type)
{
    const json_t *got = json_object_get(from, key);
    if (r->rc != DBK_OK || got == NULL)
        return NULL;
    if (json_typeof(got) != type) {
        dbk_form_fail(r, "\"%s\" must be %s", key, type_word(type));
        return NULL;
    }
    return got;
}

bool dbk_form_get_bool(form_reader *r, const json_t *from, const char *key)
{
    const json_t *got = json_object_get(from, key);
    if (r->rc != DBK_OK || got == NULL)
        return false;
    if (!json_is_boolean(got))
        dbk_form_fail(r, "\"%s\" must be true or false", key);
    return json_is_true(got);
}

const char *dbk_form_copy(form_reader *r, const char *text)
{
    if (r->rc != DBK_OK)
        return NULL;
    size_t size = strlen(text) + 1;
    char *copy = dbk_form_take(r->form, size, 1);
    if (copy == NULL)
        r->rc = dbk_fail(r->err, DBK_NOMEM, "no memory for a form");
    else
        memcpy(copy, text, size);
    return copy;
}

const char *dbk_form_get_text(form_reader *r, const json_t *from, const char *key, size_t len_max,
                              form_need need)
{
    const json_t *got = dbk_form_get(r, from, key, JSON_STRING);
    if (got == NULL) {
        if (need == FORM_MUST)
            dbk_form_fail(r, "\"%s\" is missing", key);
        return NULL;
    }
    dbk_span text = dbk_span_of(json_string_value(got), json_string_length(got));
    if (text.len == 0 || dbk_utf8_count(text) > len_max)
        dbk_form_fail(r, "\"%s\" must have 1 to %zu characters", key, len_max);
    return dbk_form_copy(r, json_string_value(got));
}

bool dbk_form_name_valid(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > DBK_NAME_BYTES_MAX || name[0] < 'a' || name[0] > 'z')
        return false;
    for (size_t i = 0; i < len; i++) {
        bool letter = name[i] >= 'a' && name[i] <= 'z';
        bool digit = name[i] >= '0' && name[i] <= '9';
        if (!letter && !digit && name[i] != '_')
            return false;
    }
    return true;
}

const char *dbk_form_get_name(form_reader *r, const json_t *from, const char *key, form_need need)
{
    const char *name = dbk_form_get_text(r, from, key, DBK_NAME_BYTES_MAX, need);
    if (name != NULL && !dbk_form_name_valid(name))
        dbk_form_fail(r, "\"%.48s\" is no name: a-z, 0-9 and _, beginning with a letter", name);
    return r->rc == DBK_OK ? name : NULL;
}

int64_t dbk_form_get_int(form_reader *r, const json_t *from, const char *key, int64_t otherwise)
{
    const json_t *got = dbk_form_get(r, from, key, JSON_INTEGER);
    return got == NULL ? otherwise : (int64_t)json_integer_value(got);
}

/* ---- codes ----------------------------------------------------------------------------------- */

static const char *get_date(form_reader *r, const json_t *from, const char *key)
{
    const char *date = dbk_form_get_text(r, from, key, 10, FORM_MAY);
    if (date != NULL && !dbk_date_valid(dbk_span_str(date)))
        dbk_form_fail(r, "\"%s\" must be a date like 2026-11-24", key);
    return date;
}

/* "visit": "Visit"   or   "hbv": { "label": "...", "until": "2019-03-31" } */
static void read_code(form_reader *r, dbk_code *code, const char *name, const json_t *from)
{
    if (!dbk_form_name_valid(name) || strcmp(name, "not_known") == 0)
        dbk_form_fail(r, "\"%.48s\" can't be the name of a code", name);
    code->name = dbk_form_copy(r, name);
    if (json_is_string(from)) {
        dbk_span label = dbk_span_of(json_string_value(from), json_string_length(from));
        if (label.len == 0 || dbk_utf8_count(label) > FORM_LABEL_MAX)
            dbk_form_fail(r, "the label of code %.48s must have 1 to %u characters", name,
                          FORM_LABEL_MAX);
        code->label = dbk_form_copy(r, json_string_value(from));
    } else if (json_is_object(from)) {
        code->label = dbk_form_get_text(r, from, "label", FORM_LABEL_MAX, FORM_MUST);
        code->from = get_date(r, from, "from");
        code->until = get_date(r, from, "until");
    } else {
        dbk_form_fail(r, "code %.48s must be its label, or an object with one", name);
    }
}

/* The list itself, or the list of that name: the form's own first, then the shared ones. */
static const json_t *find_list(form_reader *r, const json_t *from)
{
    if (json_is_object(from))
        return from;
    if (!json_is_string(from)) {
        dbk_form_fail(r, "\"codes\" must be a list of codes, or the name of one");
        return NULL;
    }
    const char *name = json_string_value(from);
    const json_t *list = json_object_get(r->lists, name);
    if (list == NULL)
        list = json_object_get(json_object_get(dbk_form_part_json(r, "codes"), "lists"), name);
    if (!json_is_object(list))
        dbk_form_fail(r, "there is no code list \"%.48s\"", name);
    return list;
}

void dbk_form_read_codes(form_reader *r, dbk_field *field, const json_t *from)
{
    const char *name;
    json_t *one;
    const json_t *list = find_list(r, from);
    size_t count = json_object_size(list), i = 0;
    if (r->rc == DBK_OK && (count == 0 || count > FORM_CODES_MAX))
        dbk_form_fail(r, "a code list has 1 to %u codes", FORM_CODES_MAX);
    if (r->rc != DBK_OK)
        return;
    dbk_code *codes = dbk_form_take(r->form, count, sizeof(codes[0]));
    if (codes == NULL) {
        r->rc = dbk_fail(r->err, DBK_NOMEM, "no memory for a form");
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)list, name, one)
    {
        read_code(r, &codes[i++], name, one);
    }
    field->codes = codes;
    field->codes_count = count;
}

/* Gives one name of an order its rank. The field's codes were made by this reader, so they may
 * be written here. */
static void rank_one(form_reader *r, dbk_field *field, form_more *more, const json_t *name,
                     int rank)
{
    const char *text = json_string_value(name);
    if (text == NULL) {
        dbk_form_fail(r, "\"protect\" holds codes, and arrays of codes that weigh the same");
        return;
    }
    int *slot = strcmp(text, "not_known") == 0 ? &more->rank_not_known : NULL;
    for (size_t i = 0; i < field->codes_count; i++) {
        dbk_code *code = (dbk_code *)(uintptr_t)&field->codes[i];
        if (strcmp(code->name, text) == 0)
            slot = &code->rank;
    }
    if (slot == NULL)
        dbk_form_fail(r, "\"protect\" names \"%.48s\", which is no answer", text);
    else if (*slot != 0)
        dbk_form_fail(r, "\"protect\" names \"%.48s\" twice", text);
    else
        *slot = rank;
}

/* "earliest" and "latest" of dates, "lowest" and "highest" of numbers. */
static void read_scale(form_reader *r, const dbk_field *field, form_more *more, const char *word)
{
    bool dates = field->kind == DBK_FIELD_DATE || field->kind == DBK_FIELD_DATETIME;
    if (!dates && field->kind != DBK_FIELD_NUMBER)
        dbk_form_fail(r, "\"protect\" is an array here; one word is for dates and numbers");
    else if (strcmp(word, dates ? "earliest" : "lowest") == 0)
        more->order = FORM_ORDER_LOWEST;
    else if (strcmp(word, dates ? "latest" : "highest") == 0)
        more->order = FORM_ORDER_HIGHEST;
    else
        dbk_form_fail(r, "\"protect\" is \"%s\" or \"%s\" here", dates ? "earliest" : "lowest",
                      dates ? "latest" : "highest");
}

void dbk_form_read_order(form_reader *r, dbk_field *field, form_more *more, const json_t *from)
{
    const char *word = json_string_value(json_object_get(from, "protect"));
    if (word != NULL) {
        read_scale(r, field, more, word);
        return;
    }
    const json_t *order = dbk_form_get(r, from, "protect", JSON_ARRAY);
    int highest = 0;
    if (order == NULL)
        return;
    if (field->codes_count == 0 || field->kind == DBK_FIELD_PRESENT)
        dbk_form_fail(r, "only codes and yes-or-no have an array to \"protect\"");
    size_t steps = json_array_size(order);
    for (size_t i = 0; i < steps && r->rc == DBK_OK; i++) {
        /* Odd ranks, so that an unknown code finds room below the highest. */
        int rank = FORM_RANK_ANY + 2 * (int)(steps - i);
        const json_t *step = json_array_get(order, i);
        size_t equals = json_is_array(step) ? json_array_size(step) : 1;
        for (size_t k = 0; k < equals; k++)
            rank_one(r, field, more, json_is_array(step) ? json_array_get(step, k) : step, rank);
    }
    for (size_t i = 0; i < field->codes_count; i++) {
        if (field->codes[i].rank == 0)
            dbk_form_fail(r, "\"protect\" leaves out \"%s\"", field->codes[i].name);
        if (field->codes[i].rank > highest)
            highest = field->codes[i].rank;
    }
    more->order = FORM_ORDER_CODES;
    more->rank_unknown = highest - 1;
    if (more->rank_not_known == 0)
        more->rank_not_known = more->rank_unknown;
}

/* ---- conditions ------------------------------------------------------------------------------ */

static const dbk_field *sibling(form_reader *r, form_siblings siblings, const char *name)
{
    for (size_t i = 0; i < siblings.count; i++)
        if (strcmp(siblings.fields[i].name, name) == 0)
            return &siblings.fields[i];
    dbk_form_fail(r, "a condition names \"%.48s\", which is no field beside it", name);
    return NULL;
}

static const char *read_answer(form_reader *r, const dbk_field *field, const json_t *from)
{
    const char *text = json_string_value(from);
    bool known = text != NULL && strcmp(text, "not_known") == 0;
    for (size_t i = 0; i < field->codes_count && text != NULL; i++)
        known = known || strcmp(field->codes[i].name, text) == 0;
    if (!known || field->kind == DBK_FIELD_PRESENT)
        dbk_form_fail(r, "a condition names an answer that %s does not have", field->name);
    return r->rc == DBK_OK ? dbk_form_copy(r, text) : NULL;
}

/* "status": "active"   "status": ["active", "exiting"]   "exit_plan": true */
static void read_test(form_reader *r, form_test *test, const dbk_field *field, const json_t *from)
{
    test->field = field->name;
    if (json_is_true(from))
        return;
    size_t count = json_is_array(from) ? json_array_size(from) : 1;
    const char **codes = dbk_form_take(r->form, count, sizeof(codes[0]));
    if (codes == NULL)
        r->rc = dbk_fail(r->err, DBK_NOMEM, "no memory for a form");
    else if (count == 0)
        dbk_form_fail(r, "a condition needs at least one answer");
    if (codes == NULL || count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        codes[i] = read_answer(r, field, json_is_array(from) ? json_array_get(from, i) : from);
    test->codes = codes;
    test->codes_count = count;
}

static void read_condition(form_reader *r, form_cond *cond, const json_t *from, const char *key,
                           form_siblings siblings)
{
    const char *name;
    json_t *one;
    const json_t *object = dbk_form_get(r, from, key, JSON_OBJECT);
    size_t count = json_object_size(object), i = 0;
    if (object == NULL)
        return;
    if (count == 0)
        dbk_form_fail(r, "\"%s\" is empty", key);
    form_test *tests = dbk_form_take(r->form, count, sizeof(tests[0]));
    if (tests == NULL) {
        r->rc = dbk_fail(r->err, DBK_NOMEM, "no memory for a form");
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)object, name, one)
    {
        const dbk_field *field = sibling(r, siblings, name);
        if (field != NULL)
            read_test(r, &tests[i++], field, one);
    }
    cond->tests = tests;
    cond->count = count;
}

void dbk_form_read_conditions(form_reader *r, form_more *more, const json_t *from,
                              form_siblings siblings)
{
    read_condition(r, &more->need_if, from, "need_if", siblings);
    read_condition(r, &more->only_if, from, "only_if", siblings);
    const char *other = dbk_form_get_name(r, from, "need_or", FORM_MAY);
    if (other != NULL && sibling(r, siblings, other) != NULL)
        more->need_or = other;
}
