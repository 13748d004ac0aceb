/* Reading the arrays of a service: phones, languages, hours, areas, attributes. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/text.h"
#include "core/model/language.h"
#include "core/practice/hsds_reader.h"
#include "core/practice/hsds_terms.h"

#define TEXT_BYTES_MAX (32u * 1024u)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static dbk_rc take_phone(dbk_hsds_reader *r, const char *part, const json_t *phone, void *ctx)
{
    static const char *const known[] = { "number", "description", "extension", NULL };
    json_t *phones = ctx;
    const char *number = json_string_value(json_object_get(phone, "number"));
    const json_t *about = json_object_get(phone, "description");
    const json_t *extension = json_object_get(phone, "extension");
    if (number == NULL || number[0] == '\0' || strcmp(number, DBK_HSDS_UNKNOWN) == 0)
        return dbk_hsds_wrong(r, part, "a phone needs its number as text");
    json_t *one = json_integer_value(extension) > 0
                      ? json_pack("{s:o}", "number",
                                  json_sprintf("%s ext %lld", number,
                                               (long long)json_integer_value(extension)))
                      : json_pack("{s:s}", "number", number);
    if (json_string_length(about) > 0 && !dbk_hsds_is_unknown(about))
        (void)json_object_set(one, "description", (json_t *)about);
    dbk_hsds_leave_others(r, "phones[]", phone, known);
    return json_array_append_new(phones, one) == 0 ? DBK_OK : dbk_hsds_no_memory(r);
}

dbk_rc dbk_hsds_take_phones(dbk_hsds_reader *r, const char *key, const json_t *value)
{
    json_t *have = json_object_get(r->fields, "phones");
    json_t *phones = have == NULL ? json_array() : json_copy(have);
    dbk_rc rc = phones == NULL ? dbk_hsds_no_memory(r)
                               : dbk_hsds_each(r, key, value, take_phone, phones);
    if (rc == DBK_OK && json_array_size(phones) > 0)
        return dbk_hsds_put(r, key, "phones", phones);
    json_decref(phones);
    return rc;
}

/* Who to ask for is a person's name: only the numbers are taken. */
static dbk_rc take_contact(dbk_hsds_reader *r, const char *part, const json_t *contact, void *ctx)
{
    static const char *const known[] = { "phones", NULL };
    char key[DBK_HSDS_PATH_SIZE];
    const json_t *phones = json_object_get(contact, "phones");
    (void)ctx;
    (void)snprintf(key, sizeof(key), "%.80s.phones", part);
    dbk_hsds_leave_others(r, "contacts[]", contact, known);
    return phones == NULL || json_is_null(phones) ? DBK_OK : dbk_hsds_take_phones(r, key, phones);
}

dbk_rc dbk_hsds_take_contacts(dbk_hsds_reader *r, const char *key, const json_t *value)
{
    return dbk_hsds_each(r, key, value, take_contact, NULL);
}

static dbk_rc take_language(dbk_hsds_reader *r, const char *part, const json_t *language, void *ctx)
{
    static const char *const known[] = { "name", "code", NULL };
    json_t *languages = ctx;
    const char *name = json_string_value(json_object_get(language, "name"));
    const char *code = json_string_value(json_object_get(language, "code"));
    char text[DBK_LANGUAGE_SIZE];
    (void)part;
    dbk_hsds_leave_others(r, "languages[]", language, known);
    if ((name == NULL || name[0] == '\0') && code != NULL && dbk_language_of_code(text, code))
        name = text;
    if (name == NULL || name[0] == '\0' || strcmp(name, DBK_HSDS_UNKNOWN) == 0) {
        dbk_hsds_leave_named(r, "languages[]", code == NULL ? "without name and code" : code);
        return DBK_OK;
    }
    return json_array_append_new(languages, json_string(name)) == 0 ? DBK_OK
                                                                    : dbk_hsds_no_memory(r);
}

dbk_rc dbk_hsds_take_languages(dbk_hsds_reader *r, const char *key, const json_t *value)
{
    json_t *languages = json_array();
    dbk_rc rc = languages == NULL ? dbk_hsds_no_memory(r)
                                  : dbk_hsds_each(r, key, value, take_language, languages);
    if (rc == DBK_OK && json_array_size(languages) > 0)
        return dbk_hsds_put(r, key, "languages", languages);
    json_decref(languages);
    return rc;
}

/* In words if there are words, else the days and hours. */
static dbk_rc take_schedule(dbk_hsds_reader *r, const char *part, const json_t *s, void *ctx)
{
    static const char *const words[] = { "description", NULL };
    static const char *const hours[] = { "byday", "opens_at", "closes_at", NULL };
    dbk_bytes *text = ctx;
    const char *about = json_string_value(json_object_get(s, "description"));
    const char *days = json_string_value(json_object_get(s, "byday"));
    const char *from = json_string_value(json_object_get(s, "opens_at"));
    const char *to = json_string_value(json_object_get(s, "closes_at"));
    bool worded = about != NULL && about[0] != '\0';
    (void)part;
    dbk_hsds_leave_others(r, "schedules[]", s, worded ? words : hours);
    if (!worded && days == NULL && from == NULL)
        return DBK_OK;
    dbk_rc rc = text->len > 0 ? dbk_bytes_append_str(text, "; ", r->err) : DBK_OK;
    if (rc == DBK_OK && worded)
        return dbk_bytes_append_str(text, about, r->err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_fmt(text, r->err, "%s%s%.5s%s%.5s", days == NULL ? "" : days,
                                  days != NULL && from != NULL ? " " : "", from == NULL ? "" : from,
                                  from != NULL && to != NULL ? "-" : "", to == NULL ? "" : to);
    return rc;
}

dbk_rc dbk_hsds_take_schedules(dbk_hsds_reader *r, const char *key, const json_t *value)
{
    dbk_bytes text = DBK_BYTES_INIT(TEXT_BYTES_MAX);
    dbk_rc rc = dbk_hsds_each(r, key, value, take_schedule, &text);
    if (rc == DBK_OK && text.len > 0 && dbk_utf8_valid(dbk_bytes_span(&text)))
        rc = dbk_hsds_put(r, key, "schedule", json_stringn((const char *)text.p, text.len));
    if (rc == DBK_LIMIT)
        rc = dbk_hsds_wrong(r, key, "is too long");
    dbk_bytes_wipe(&text);
    return rc;
}

/* ---- codes ----------------------------------------------------------------------------------- */

/* By code or label, in whatever case; NULL: none. */
static const dbk_code *code_of(const dbk_form *form, const char *name, const char *text)
{
    const dbk_field *field = dbk_form_field(form, name);
    for (size_t i = 0; field != NULL && text != NULL && i < field->codes_count; i++)
        if (strcasecmp(field->codes[i].name, text) == 0 ||
            strcasecmp(field->codes[i].label, text) == 0)
            return &field->codes[i];
    return NULL;
}

static dbk_rc add_code(dbk_hsds_reader *r, const char *part, const char *name, const char *code)
{
    json_t *have = json_object_get(r->fields, name), *one;
    size_t i;
    json_array_foreach(have, i, one) if (strcmp(json_string_value(one), code) == 0) return DBK_OK;
    json_t *more = have == NULL ? json_array() : json_copy(have);
    if (json_array_append_new(more, json_string(code)) != 0) {
        json_decref(more);
        return dbk_hsds_no_memory(r);
    }
    return dbk_hsds_put(r, part, name, more);
}

static const char *area_of_gss(const json_t *area)
{
    const char *uri = json_string_value(json_object_get(area, "uri"));
    const char *extent = json_string_value(json_object_get(area, "extent"));
    for (size_t i = 0; i < COUNT(dbk_hsds_areas); i++)
        if ((uri != NULL && strstr(uri, dbk_hsds_areas[i].gss) != NULL) ||
            (extent != NULL && strcmp(extent, dbk_hsds_areas[i].gss) == 0))
            return dbk_hsds_areas[i].code;
    return NULL;
}

static dbk_rc take_area(dbk_hsds_reader *r, const char *part, const json_t *area, void *ctx)
{
    static const char *const names[] = { "name", "service_area" };
    const char *name = NULL, *code = area_of_gss(area);
    (void)ctx;
    for (size_t i = 0; code == NULL && i < COUNT(names); i++) {
        const char *text = json_string_value(json_object_get(area, names[i]));
        const dbk_code *found = code_of(r->form, "la_areas", text);
        name = name == NULL ? text : name;
        code = found == NULL ? NULL : found->name;
    }
    if (code != NULL)
        return add_code(r, part, "la_areas", code);
    dbk_hsds_leave_named(r, "service_areas[]", name == NULL ? "without name" : name);
    return DBK_OK;
}

dbk_rc dbk_hsds_take_areas(dbk_hsds_reader *r, const char *key, const json_t *value)
{
    return dbk_hsds_each(r, key, value, take_area, NULL);
}

/* ---- attributes ------------------------------------------------------------------------------ */

/* A field that HSDS has no place for, as we write it. */
static dbk_rc take_own_field(dbk_hsds_reader *r, const char *part, const char *name,
                             const char *text)
{
    const dbk_field *field = name == NULL ? NULL : dbk_form_field(r->form, name);
    uint64_t number = 0;
    if (field == NULL || text == NULL || strcmp(field->name, "recipient_key") == 0) {
        dbk_hsds_leave_named(r, "attributes[].taxonomy_term", name == NULL ? "without code" : name);
        return DBK_OK;
    }
    if (strcmp(text, DBK_HSDS_UNKNOWN) == 0)
        return dbk_hsds_put(r, part, name, json_string(text));
    if (field->kind == DBK_FIELD_BOOL3 && (strcmp(text, "yes") == 0 || strcmp(text, "no") == 0))
        return dbk_hsds_put(r, part, name, json_boolean(text[0] == 'y'));
    if (field->kind == DBK_FIELD_NUMBER &&
        dbk_u64_parse(&number, dbk_span_str(text), NULL) == DBK_OK && number <= INT32_MAX)
        return dbk_hsds_put(r, part, name, json_integer((json_int_t)number));
    return dbk_hsds_put(r, part, name, json_string(text));
}

static dbk_rc take_attribute(dbk_hsds_reader *r, const char *part, const json_t *attribute,
                             void *ctx)
{
    static const char *const lists[] = { "categories", "hidden_crime" };
    const json_t *term = json_object_get(attribute, "taxonomy_term");
    const char *taxonomy = json_string_value(json_object_get(term, "taxonomy"));
    const char *code = json_string_value(json_object_get(term, "code"));
    const char *name = json_string_value(json_object_get(term, "name"));
    bool ours = taxonomy != NULL &&
                strncmp(taxonomy, DBK_HSDS_TAXONOMY, strlen(DBK_HSDS_TAXONOMY)) == 0;
    (void)ctx;
    if (ours && strcmp(taxonomy, DBK_HSDS_FIELDS) == 0)
        return take_own_field(r, part, code,
                              json_string_value(json_object_get(attribute, "value")));
    for (size_t i = 0; i < COUNT(lists); i++) {
        if (ours && strcmp(taxonomy + strlen(DBK_HSDS_TAXONOMY), lists[i]) != 0)
            continue;
        const dbk_code *found = code_of(r->form, lists[i], code);
        if (found == NULL)
            found = code_of(r->form, lists[i], name);
        if (found != NULL)
            return add_code(r, part, lists[i], found->name);
    }
    dbk_hsds_leave_named(r, "attributes[].taxonomy_term", name == NULL ? "without name" : name);
    return DBK_OK;
}

dbk_rc dbk_hsds_take_attributes(dbk_hsds_reader *r, const char *key, const json_t *value)
{
    return dbk_hsds_each(r, key, value, take_attribute, NULL);
}
