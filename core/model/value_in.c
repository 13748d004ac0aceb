/* The way in: typed text or JSON of a whole field. Lists and objects are taken apart here, down to
 * values that value_scalar.c checks. Sub-fields nest one level, so nothing calls itself. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/value_impl.h"

/* Where a message points while one element or sub-field is looked at. */
typedef struct place {
    size_t path_len, label_len;
} place;

/* Cut short at the end of its place. */
static void add_text(char *to, size_t size, const char *text)
{
    size_t at = strlen(to), len = strlen(text);
    size_t room = size - 1 - at;
    size_t taken = len < room ? len : room;
    memcpy(to + at, text, taken);
    to[at + taken] = '\0';
}

static place here(const value_in *v)
{
    return (place){ strlen(v->path), strlen(v->label) };
}

static void go_back(value_in *v, place back)
{
    v->path[back.path_len] = '\0';
    v->label[back.label_len] = '\0';
}

/* Elements are counted from 0 in paths, which programs read, and from 1 for people. */
static place go_to_element(value_in *v, size_t i)
{
    char number[32];
    place back = here(v);
    (void)snprintf(number, sizeof(number), "[%zu]", i);
    add_text(v->path, sizeof(v->path), number);
    (void)snprintf(number, sizeof(number), " %zu", i + 1);
    add_text(v->label, sizeof(v->label), number);
    return back;
}

static place go_to_part(value_in *v, const dbk_field *part)
{
    place back = here(v);
    add_text(v->path, sizeof(v->path), ".");
    add_text(v->path, sizeof(v->path), part->name);
    add_text(v->label, sizeof(v->label), ", ");
    add_text(v->label, sizeof(v->label), part->label);
    return back;
}

static bool stopped(const value_in *v)
{
    return (v->rc != DBK_OK && v->rc != DBK_INVALID) || v->out.rc != DBK_OK;
}

static bool is_plain(const dbk_field *f)
{
    return f->kind != DBK_FIELD_CODES && f->kind != DBK_FIELD_REFS &&
           f->kind != DBK_FIELD_PRESENT && f->kind != DBK_FIELD_LIST && f->kind != DBK_FIELD_OBJECT;
}

static bool is_not_known(dbk_span text)
{
    return dbk_span_equal(dbk_value_trim(text), dbk_span_str("not_known"));
}

static dbk_span json_text(const json_t *json)
{
    return dbk_span_of(json_string_value(json), json_string_length(json));
}

/* ---- plain values ---------------------------------------------------------------------------- */

static void put_json_scalar(value_in *v, const dbk_field *field, const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_STRING:
        if (field->kind == DBK_FIELD_NUMBER && !is_not_known(json_text(json)))
            dbk_value_fault(v, "this must be a number, without quotation marks.");
        else
            dbk_value_put_scalar(v, field, json_text(json));
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        if (field->kind == DBK_FIELD_BOOL3)
            dbk_cbor_put_simple(&v->out, json_is_true(json) ? DBK_CBOR_TRUE : DBK_CBOR_FALSE);
        else
            dbk_value_fault(v, "this can't be answered with true or false.");
        return;
    case JSON_INTEGER: {
        char digits[32];
        (void)snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(json));
        if (field->kind == DBK_FIELD_NUMBER)
            dbk_value_put_scalar(v, field, dbk_span_str(digits));
        else
            dbk_value_fault(v, "this must be text, in quotation marks.");
        return;
    }
    case JSON_REAL:
        dbk_value_fault(v, "this must be a whole number.");
        return;
    case JSON_NULL:
        dbk_value_fault(v, "null is no answer. Leave it out, or answer \"not_known\".");
        return;
    default:
        dbk_value_fault(v, "this must be one value, not a list or an object.");
        return;
    }
}

/* ---- codes, refs and texts: arrays of plain values ------------------------------------------- */

/* Codes and references are a set by nature: sorted, each once. Texts keep their order. */
static bool is_set_by_nature(const dbk_field *field)
{
    return field->kind == DBK_FIELD_CODES || field->kind == DBK_FIELD_REFS;
}

/* One element into items; v->out stands on a buffer of its own meanwhile. */
static void collect(value_in *v, value_items *items, const dbk_field *field, dbk_span text)
{
    dbk_bytes one = DBK_BYTES_INIT(DBK_FORM_JSON_BYTES_MAX);
    dbk_cbor_out outer = v->out;
    v->out = dbk_cbor_to(&one, v->err);
    if (is_not_known(text))
        dbk_value_fault(v, "not_known can't stand in a list. Answer not_known by itself.");
    else
        dbk_value_put_scalar(v, field, text);
    if (v->out.rc == DBK_OK && one.len > 0)
        v->out.rc = dbk_items_add(items, dbk_bytes_span(&one), v->err);
    outer.rc = outer.rc != DBK_OK ? outer.rc : v->out.rc;
    v->out = outer;
    dbk_bytes_wipe(&one);
}

static void put_collected(value_in *v, value_items *items, const dbk_field *field)
{
    if (is_set_by_nature(field))
        dbk_items_sort(items);
    dbk_items_put(&v->out, items);
    dbk_items_wipe(items);
}

static bool size_is_fit(value_in *v, size_t count)
{
    if (count <= VALUE_ITEMS_MAX)
        return true;
    dbk_value_fault(v, "there are %zu of these; the most is %u.", count, VALUE_ITEMS_MAX);
    return false;
}

static void put_json_plain_array(value_in *v, const dbk_field *field, const json_t *json)
{
    value_items items = VALUE_ITEMS_INIT;
    size_t count = json_is_array(json) ? json_array_size(json) : 1;
    if (!size_is_fit(v, count))
        return;
    for (size_t i = 0; i < count && !stopped(v); i++) {
        const json_t *one = json_is_array(json) ? json_array_get(json, i) : json;
        place back = go_to_element(v, i);
        if (json_is_string(one))
            collect(v, &items, field, json_text(one));
        else
            dbk_value_fault(v, "this must be text, in quotation marks.");
        go_back(v, back);
    }
    put_collected(v, &items, field);
}

/* "update, vps" or "update vps"; a text of a list stays whole. */
static void put_text_plain_array(value_in *v, const dbk_field *field, dbk_span text)
{
    static const char separators[] = ", \t\n";
    value_items items = VALUE_ITEMS_INIT;
    size_t at = 0;
    if (!is_set_by_nature(field)) {
        collect(v, &items, field, text);
        put_collected(v, &items, field);
        return;
    }
    while (at < text.len && !stopped(v)) {
        size_t start = at;
        while (at < text.len && (text.p[at] == 0 || strchr(separators, text.p[at]) == NULL))
            at++;
        if (at > start)
            collect(v, &items, field, dbk_span_of(text.p + start, at - start));
        else
            at++;
    }
    if (items.count == 0 && v->rc == DBK_OK && !stopped(v))
        dbk_value_fault(v, "this is empty. Leave it out, or answer not_known.");
    put_collected(v, &items, field);
}

/* ---- who was there --------------------------------------------------------------------------- */

/* What CBOR's order of keys makes of it: name, role, person. */
typedef struct somebody {
    dbk_span name, role, person;
} somebody;

static void put_somebody(value_in *v, const dbk_field *field, const somebody *who)
{
    static const dbk_field person = { .kind = DBK_FIELD_REF };
    const dbk_field name = { .kind = DBK_FIELD_TEXT, .len_max = field->len_max };
    const dbk_field role = { .kind = DBK_FIELD_CODE,
                             .codes = field->codes,
                             .codes_count = field->codes_count };
    const struct {
        const char *key;
        dbk_span text;
        const dbk_field *field;
    } parts[] = { { "name", who->name, &name },
                  { "role", who->role, &role },
                  { "person", who->person, &person } };
    size_t count = 0;
    for (size_t i = 0; i < 3; i++)
        count += parts[i].text.p != NULL;
    if (who->name.p == NULL && who->person.p == NULL)
        dbk_value_fault(v, "say who: a name, or a person's id.");
    dbk_cbor_put_map(&v->out, count);
    for (size_t i = 0; i < 3; i++) {
        if (parts[i].text.p == NULL)
            continue;
        dbk_cbor_put_str(&v->out, parts[i].key);
        dbk_value_put_scalar(v, parts[i].field, parts[i].text);
    }
}

/* "Joan Marsh (family)", "018f...-... (family)" or the name alone. */
static void put_text_somebody(value_in *v, const dbk_field *field, dbk_span text)
{
    somebody who = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
    char id_text[DBK_ID_UUID_SIZE];
    dbk_id id;
    text = dbk_value_trim(text);
    if (text.len > 0 && text.p[text.len - 1] == ')') {
        size_t open = text.len - 1;
        while (open > 0 && text.p[open] != '(')
            open--;
        if (text.p[open] == '(') {
            who.role = dbk_span_of(text.p + open + 1, text.len - open - 2);
            text.len = open;
        }
    }
    text = dbk_value_trim(text);
    bool is_id = text.len == DBK_ID_UUID_SIZE - 1;
    if (is_id) {
        memcpy(id_text, text.p, text.len);
        id_text[text.len] = '\0';
        is_id = dbk_id_parse(&id, id_text, NULL) == DBK_OK;
    }
    if (is_id)
        who.person = text;
    else
        who.name = text;
    put_somebody(v, field, &who);
}

static void put_json_somebody(value_in *v, const dbk_field *field, const json_t *json)
{
    static const char *const keys[] = { "name", "role", "person" };
    somebody who = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
    dbk_span *const slots[] = { &who.name, &who.role, &who.person };
    const char *key;
    json_t *one;
    if (json_is_string(json)) {
        put_text_somebody(v, field, json_text(json));
        return;
    }
    if (!json_is_object(json)) {
        dbk_value_fault(v, "this must be like {\"name\": \"...\", \"role\": \"...\"}.");
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)json, key, one)
    {
        size_t i = 0;
        while (i < 3 && strcmp(keys[i], key) != 0)
            i++;
        if (i == 3)
            dbk_value_fault(v, "there is no %s here: it is name, role and person.",
                            dbk_value_show(dbk_span_str(key)).text);
        else if (!json_is_string(one))
            dbk_value_fault(v, "%s must be text, in quotation marks.", key);
        else
            *slots[i] = json_text(one);
    }
    put_somebody(v, field, &who);
}

static void put_json_present(value_in *v, const dbk_field *field, const json_t *json)
{
    size_t count = json_is_array(json) ? json_array_size(json) : 1;
    if (!size_is_fit(v, count))
        return;
    dbk_cbor_put_array(&v->out, count);
    for (size_t i = 0; i < count && !stopped(v); i++) {
        place back = go_to_element(v, i);
        put_json_somebody(v, field, json_is_array(json) ? json_array_get(json, i) : json);
        go_back(v, back);
    }
}

/* "Joan Marsh (family); PC Amir (officer)" */
static void put_text_present(value_in *v, const dbk_field *field, dbk_span text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++)
        count += text.p[i] == ';';
    if (!size_is_fit(v, count))
        return;
    dbk_cbor_put_array(&v->out, count);
    for (size_t i = 0; i < count && !stopped(v); i++) {
        size_t len = 0;
        while (len < text.len && text.p[len] != ';')
            len++;
        place back = go_to_element(v, i);
        put_text_somebody(v, field, dbk_span_of(text.p, len));
        go_back(v, back);
        size_t used = len < text.len ? len + 1 : len;
        text = dbk_span_of(text.p + used, text.len - used);
    }
}

/* ---- objects --------------------------------------------------------------------------------- */

int dbk_value_key_compare(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len != b_len)
        return a_len < b_len ? -1 : 1;
    return memcmp(a, b, a_len);
}

/* The sub-field whose key comes next after `last` in CBOR's order, or NULL. */
static const dbk_field *next_part(const dbk_field *field, const char *last)
{
    const dbk_field *best = NULL;
    for (size_t i = 0; i < field->fields_count; i++) {
        const dbk_field *part = &field->fields[i];
        if (last != NULL && dbk_value_key_compare(part->name, last) <= 0)
            continue;
        if (best == NULL || dbk_value_key_compare(part->name, best->name) < 0)
            best = part;
    }
    return best;
}

static void say_unknown_part(value_in *v, const dbk_field *field, const char *key)
{
    dbk_near near = dbk_near_from(dbk_span_str(key));
    value_shown shown = dbk_value_show(dbk_span_str(key));
    for (size_t i = 0; i < field->fields_count; i++)
        dbk_near_try(&near, field->fields[i].name, field->fields[i].label);
    if (near.best != NULL)
        dbk_value_fault(v, "there is no %s here. Did you mean %s?", shown.text, near.best);
    else
        dbk_value_fault(v, "there is no %s here.", shown.text);
}

static void say_unknown_parts(value_in *v, const dbk_field *field, const json_t *json)
{
    const char *key;
    json_t *one;
    json_object_foreach((json_t *)(uintptr_t)json, key, one)
    {
        size_t i = 0;
        while (i < field->fields_count && strcmp(field->fields[i].name, key) != 0)
            i++;
        if (i == field->fields_count)
            say_unknown_part(v, field, key);
    }
}

static void put_json_part(value_in *v, const dbk_field *part, const json_t *json)
{
    place back = go_to_part(v, part);
    dbk_cbor_put_str(&v->out, part->name);
    if (is_plain(part))
        put_json_scalar(v, part, json);
    else if (json_is_string(json) && is_not_known(json_text(json)))
        dbk_cbor_put_simple(&v->out, DBK_CBOR_NULL);
    else
        put_json_plain_array(v, part, json);
    go_back(v, back);
}

/* The text answers the first sub-field: told+="Date of the opening" is its topic. */
static void put_text_object(value_in *v, const dbk_field *field, dbk_span text)
{
    const dbk_field *part = &field->fields[0];
    place back = go_to_part(v, part);
    dbk_cbor_put_map(&v->out, 1);
    dbk_cbor_put_str(&v->out, part->name);
    if (is_plain(part))
        dbk_value_put_scalar(v, part, text);
    else
        put_text_plain_array(v, part, text);
    go_back(v, back);
}

static void put_json_object(value_in *v, const dbk_field *field, const json_t *json)
{
    size_t count = 0;
    if (json_is_string(json)) {
        put_text_object(v, field, json_text(json));
        return;
    }
    if (!json_is_object(json)) {
        dbk_value_fault(v, "this must be an object like {\"%s\": ...}.", field->fields[0].name);
        return;
    }
    say_unknown_parts(v, field, json);
    for (size_t i = 0; i < field->fields_count; i++)
        count += json_object_get(json, field->fields[i].name) != NULL;
    if (json_object_size(json) == 0)
        dbk_value_fault(v, "this is empty. Leave it out, or answer not_known.");
    dbk_cbor_put_map(&v->out, count);
    const dbk_field *part = next_part(field, NULL);
    for (; part != NULL && !stopped(v); part = next_part(field, part->name)) {
        const json_t *one = json_object_get(json, part->name);
        if (one != NULL)
            put_json_part(v, part, one);
    }
}

static void put_json_objects(value_in *v, const dbk_field *field, const json_t *json)
{
    size_t count = json_is_array(json) ? json_array_size(json) : 1;
    if (!size_is_fit(v, count))
        return;
    dbk_cbor_put_array(&v->out, count);
    for (size_t i = 0; i < count && !stopped(v); i++) {
        place back = go_to_element(v, i);
        put_json_object(v, field, json_is_array(json) ? json_array_get(json, i) : json);
        go_back(v, back);
    }
}

/* ---- whole fields ---------------------------------------------------------------------------- */

static void put_json(value_in *v, const dbk_field *field, const json_t *json)
{
    if (is_plain(field)) {
        put_json_scalar(v, field, json);
        return;
    }
    if (json_is_string(json) && is_not_known(json_text(json))) {
        dbk_cbor_put_simple(&v->out, DBK_CBOR_NULL);
        return;
    }
    if (json_is_null(json))
        dbk_value_fault(v, "null is no answer. Leave it out, or answer \"not_known\".");
    else if (field->kind == DBK_FIELD_OBJECT)
        put_json_object(v, field, json);
    else if (field->kind == DBK_FIELD_PRESENT)
        put_json_present(v, field, json);
    else if (field->kind == DBK_FIELD_LIST && field->fields_count > 0)
        put_json_objects(v, field, json);
    else
        put_json_plain_array(v, field, json);
}

static void put_text(value_in *v, const dbk_field *field, dbk_span text)
{
    if (is_plain(field) || is_not_known(text)) {
        dbk_value_put_scalar(v, field, text);
        return;
    }
    if (dbk_value_trim(text).len == 0)
        dbk_value_fault(v, "this is empty. Leave it out, or answer not_known.");
    else if (field->kind == DBK_FIELD_OBJECT) {
        put_text_object(v, field, text);
    } else if (field->kind == DBK_FIELD_PRESENT) {
        put_text_present(v, field, text);
    } else if (field->kind == DBK_FIELD_LIST && field->fields_count > 0) {
        dbk_cbor_put_array(&v->out, 1);
        put_text_object(v, field, text);
    } else {
        put_text_plain_array(v, field, text);
    }
}

static value_in begin(dbk_bytes *cbor, const dbk_field *field, dbk_problems *problems, dbk_err *err)
{
    value_in v = { .out = dbk_cbor_to(cbor, err), .problems = problems, .rc = DBK_OK, .err = err };
    add_text(v.path, sizeof(v.path), field->name);
    add_text(v.label, sizeof(v.label), field->label);
    return v;
}

/* A faulty value leaves nothing behind. */
static dbk_rc finish(value_in *v, size_t start)
{
    dbk_rc rc = v->rc;
    if (rc == DBK_OK)
        rc = v->out.rc;
    if (rc == DBK_INVALID)
        (void)dbk_fail(v->err, rc, "the value is not valid");
    if (rc != DBK_OK)
        dbk_bytes_truncate(v->out.out, start);
    return rc;
}

dbk_rc dbk_value_from_text(dbk_bytes *cbor, const dbk_field *field, dbk_span text,
                           dbk_problems *problems, dbk_err *err)
{
    size_t start = cbor->len;
    value_in v = begin(cbor, field, problems, err);
    put_text(&v, field, text);
    return finish(&v, start);
}

dbk_rc dbk_value_from_json(dbk_bytes *cbor, const dbk_field *field, const struct json_t *json,
                           dbk_problems *problems, dbk_err *err)
{
    size_t start = cbor->len;
    value_in v = begin(cbor, field, problems, err);
    put_json(&v, field, json);
    return finish(&v, start);
}
