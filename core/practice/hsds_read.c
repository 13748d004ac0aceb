/* Reading HSDS: every key of a service is one row of a table; what no row knows is left out, and
 * said. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/language.h"
#include "core/model/value.h"
#include "core/practice/hsds.h"
#include "core/practice/hsds_terms.h"

#define CBOR_BYTES_MAX (256u * 1024u)
#define TEXT_BYTES_MAX (32u * 1024u)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

typedef struct reader {
    dbk_hsds *out;
    dbk_problems *problems;
    const dbk_form *form;
    const char *root; /* "contents", or "" */
    bool many;
    size_t index;
    json_t *fields; /* of the service that is being read */
    dbk_err *err;
} reader;

/* ---- what is wrong, what is left out --------------------------------------------------------- */

static dbk_rc wrong(reader *r, const char *part, const char *text)
{
    char path[DBK_HSDS_PATH_SIZE];
    if (r->many)
        (void)snprintf(path, sizeof(path), "%s[%zu]%s%.80s", r->root, r->index,
                       part[0] == '\0' ? "" : ".", part);
    else
        (void)snprintf(path, sizeof(path), "%.80s", part);
    return dbk_problems_add(r->problems, DBK_PROBLEM, path, r->err, "%s: %s", path, text);
}

static void leave_out(reader *r, const char *part)
{
    char path[DBK_HSDS_PATH_SIZE];
    dbk_hsds *h = r->out;
    int n = snprintf(path, sizeof(path), "%s%s%s", r->root, r->many ? "[]." : "", part);
    if (n >= (int)sizeof(path)) /* cut between characters */
        for (size_t len = sizeof(path) - 1; !dbk_utf8_valid(dbk_span_str(path)) && len > 0;)
            path[--len] = '\0';
    for (size_t i = 0; i < h->left_out_count; i++)
        if (strcmp(h->left_out[i].path, path) == 0) {
            h->left_out[i].count++;
            return;
        }
    if (h->left_out_count == DBK_HSDS_LEFT_OUT_MAX) {
        dbk_hsds_left_out *last = &h->left_out[DBK_HSDS_LEFT_OUT_MAX - 1];
        (void)snprintf(last->path, sizeof(last->path), "(others)");
        last->count++;
        return;
    }
    dbk_hsds_left_out *row = &h->left_out[h->left_out_count++];
    memcpy(row->path, path, sizeof(path));
    row->count = 1;
}

/* "attributes[].taxonomy_term: NAME" */
static void leave_named(reader *r, const char *part, const char *name)
{
    char path[DBK_HSDS_PATH_SIZE];
    (void)snprintf(path, sizeof(path), "%s: %.60s", part, name);
    for (size_t len = strlen(path); !dbk_utf8_valid(dbk_span_str(path)) && len > 0;)
        path[--len] = '\0';
    leave_out(r, path);
}

static dbk_rc no_memory(reader *r)
{
    return dbk_fail(r->err, DBK_NOMEM, "no memory for the services");
}

/* Keys of a part of a service that nothing was made of. Ids of parts, and of what they belong to,
 * are structure: they are made anew when the service is written. */
static void leave_others(reader *r, const char *part, const json_t *object,
                         const char *const *known)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        char path[DBK_HSDS_PATH_SIZE];
        size_t len = strlen(key);
        bool taken = json_is_null(value) || strcmp(key, "id") == 0 ||
                     (len > 3 && strcmp(key + len - 3, "_id") == 0);
        for (size_t i = 0; known[i] != NULL && !taken; i++)
            taken = strcmp(key, known[i]) == 0;
        if (taken)
            continue;
        (void)snprintf(path, sizeof(path), "%s.%.60s", part, key);
        for (len = strlen(path); !dbk_utf8_valid(dbk_span_str(path)) && len > 0;)
            path[--len] = '\0';
        leave_out(r, path);
    }
}

/* ---- one field ------------------------------------------------------------------------------- */

/* Takes value. The form judges it; what it finds is said under the path of the file. */
static dbk_rc put(reader *r, const char *part, const char *name, json_t *value)
{
    const dbk_field *field = dbk_form_field(r->form, name);
    dbk_bytes cbor = DBK_BYTES_INIT(CBOR_BYTES_MAX);
    dbk_problems found = { 0 };
    dbk_rc rc;
    if (value == NULL)
        return no_memory(r);
    rc = field == NULL ? DBK_OK : dbk_value_from_json(&cbor, field, value, &found, r->err);
    if (rc == DBK_INVALID) {
        rc = DBK_OK;
        for (size_t i = 0; rc == DBK_OK && i < found.count; i++)
            if (found.rows[i].severity == DBK_PROBLEM)
                rc = wrong(r, part, found.rows[i].text);
        json_decref(value);
    } else if (rc == DBK_OK && field != NULL) {
        if (json_object_set_new(r->fields, name, value) != 0)
            rc = no_memory(r);
    } else {
        json_decref(value);
    }
    dbk_problems_wipe(&found);
    dbk_bytes_wipe(&cbor);
    return rc;
}

static dbk_rc put_text(reader *r, const char *part, const char *name, const json_t *value)
{
    if (!json_is_string(value))
        return wrong(r, part, "must be text");
    if (json_string_length(value) == 0) /* says nothing */
        return DBK_OK;
    return put(r, part, name, json_incref((json_t *)value));
}

/* ---- the keys of a service ------------------------------------------------------------------- */

static dbk_rc take_status(reader *r, const char *key, const json_t *value)
{
    const char *text = json_string_value(value);
    for (size_t i = 0; text != NULL && i < COUNT(dbk_hsds_statuses); i++)
        if (strcmp(text, dbk_hsds_statuses[i].hsds) == 0)
            return put(r, key, "status", json_string(dbk_hsds_statuses[i].code));
    return wrong(r, key, "must be active, inactive, defunct or temporarily closed");
}

static dbk_rc take_age(reader *r, const char *key, const json_t *value)
{
    double number = json_number_value(value);
    if (!json_is_number(value) || number < 0 || number > 1e6 || number != floor(number))
        return wrong(r, key, "must be a whole number");
    return put(r, key, key, json_integer((json_int_t)number));
}

/* A date, or a date and time of which the date counts. */
static dbk_rc take_date(reader *r, const char *key, const json_t *value)
{
    dbk_span text = dbk_span_of(json_string_value(value), json_string_length(value));
    int64_t ms;
    if (!json_is_string(value) || dbk_moment_parse(&ms, text, NULL) != DBK_OK)
        return wrong(r, key, "must be a date, as 2026-11-29");
    return put(r, key, "assured_date", json_stringn((const char *)text.p, 10));
}

static dbk_rc take_assurer(reader *r, const char *key, const json_t *value)
{
    return put_text(r, key, "assurer", value);
}

/* Only where nothing better is said. */
static dbk_rc take_fees(reader *r, const char *key, const json_t *value)
{
    if (json_object_get(r->fields, "fees_description") == NULL)
        return put_text(r, key, "fees_description", value);
    leave_out(r, key);
    return DBK_OK;
}

/* "6 weeks" */
static dbk_rc take_wait(reader *r, const char *key, const json_t *value)
{
    uint64_t weeks = 0;
    const char *text = json_string_value(value);
    size_t len = text == NULL ? 0 : strcspn(text, " ");
    if (text == NULL)
        return wrong(r, key, "must be text");
    bool read = dbk_u64_parse(&weeks, dbk_span_of(text, len), NULL) == DBK_OK && weeks <= 520 &&
                (strcmp(text + len, " weeks") == 0 || strcmp(text + len, " week") == 0);
    if (read)
        return put(r, key, "waiting_weeks", json_integer((json_int_t)weeks));
    leave_named(r, key, text);
    return DBK_OK;
}

static dbk_rc take_organization(reader *r, const char *key, const json_t *value)
{
    static const char *const known[] = { "name", NULL };
    if (!json_is_object(value))
        return wrong(r, key, "must be an object");
    leave_others(r, key, value, known);
    const json_t *name = json_object_get(value, "name");
    return name == NULL ? DBK_OK : put_text(r, "organization.name", "organization", name);
}

/* ---- arrays ---------------------------------------------------------------------------------- */

typedef dbk_rc (*element_fn)(reader *r, const char *part, const json_t *element, void *ctx);

/* part is "phones[2]" */
static dbk_rc each(reader *r, const char *key, const json_t *array, element_fn fn, void *ctx)
{
    char part[DBK_HSDS_PATH_SIZE];
    size_t count = json_array_size(array);
    dbk_rc rc = DBK_OK;
    if (!json_is_array(array) || count > DBK_HSDS_PARTS_MAX)
        return wrong(r, key, "must be an array of at most 1000");
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        const json_t *element = json_array_get(array, i);
        (void)snprintf(part, sizeof(part), "%s[%zu]", key, i);
        rc = json_is_object(element) ? fn(r, part, element, ctx)
                                     : wrong(r, part, "must be an object");
    }
    return rc;
}

static dbk_rc take_phone(reader *r, const char *part, const json_t *phone, void *ctx)
{
    static const char *const known[] = { "number", "description", "extension", NULL };
    json_t *phones = ctx;
    const char *number = json_string_value(json_object_get(phone, "number"));
    const json_t *about = json_object_get(phone, "description");
    const json_t *extension = json_object_get(phone, "extension");
    if (number == NULL || number[0] == '\0')
        return wrong(r, part, "a phone needs its number as text");
    json_t *one = json_integer_value(extension) > 0
                      ? json_pack("{s:o}", "number",
                                  json_sprintf("%s ext %lld", number,
                                               (long long)json_integer_value(extension)))
                      : json_pack("{s:s}", "number", number);
    if (json_string_length(about) > 0)
        (void)json_object_set(one, "description", (json_t *)about);
    leave_others(r, "phones[]", phone, known);
    return json_array_append_new(phones, one) == 0 ? DBK_OK : no_memory(r);
}

static dbk_rc take_phones(reader *r, const char *key, const json_t *value)
{
    json_t *have = json_object_get(r->fields, "phones");
    json_t *phones = have == NULL ? json_array() : json_copy(have);
    dbk_rc rc = phones == NULL ? no_memory(r) : each(r, key, value, take_phone, phones);
    if (rc == DBK_OK && json_array_size(phones) > 0)
        return put(r, key, "phones", phones);
    json_decref(phones);
    return rc;
}

/* Who to ask for is a person's name: only the numbers are taken. */
static dbk_rc take_contact(reader *r, const char *part, const json_t *contact, void *ctx)
{
    static const char *const known[] = { "phones", NULL };
    char key[DBK_HSDS_PATH_SIZE];
    const json_t *phones = json_object_get(contact, "phones");
    (void)ctx;
    (void)snprintf(key, sizeof(key), "%.80s.phones", part);
    leave_others(r, "contacts[]", contact, known);
    return phones == NULL || json_is_null(phones) ? DBK_OK : take_phones(r, key, phones);
}

static dbk_rc take_contacts(reader *r, const char *key, const json_t *value)
{
    return each(r, key, value, take_contact, NULL);
}

static dbk_rc take_language(reader *r, const char *part, const json_t *language, void *ctx)
{
    static const char *const known[] = { "name", "code", NULL };
    json_t *languages = ctx;
    const char *name = json_string_value(json_object_get(language, "name"));
    const char *code = json_string_value(json_object_get(language, "code"));
    char text[DBK_LANGUAGE_SIZE];
    (void)part;
    leave_others(r, "languages[]", language, known);
    if ((name == NULL || name[0] == '\0') && code != NULL && dbk_language_of_code(text, code))
        name = text;
    if (name == NULL || name[0] == '\0') {
        leave_named(r, "languages[]", code == NULL ? "without name and code" : code);
        return DBK_OK;
    }
    return json_array_append_new(languages, json_string(name)) == 0 ? DBK_OK : no_memory(r);
}

static dbk_rc take_languages(reader *r, const char *key, const json_t *value)
{
    json_t *languages = json_array();
    dbk_rc rc = languages == NULL ? no_memory(r) : each(r, key, value, take_language, languages);
    if (rc == DBK_OK && json_array_size(languages) > 0)
        return put(r, key, "languages", languages);
    json_decref(languages);
    return rc;
}

/* In words if there are words, else the days and hours. */
static dbk_rc take_schedule(reader *r, const char *part, const json_t *s, void *ctx)
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
    leave_others(r, "schedules[]", s, worded ? words : hours);
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

static dbk_rc take_schedules(reader *r, const char *key, const json_t *value)
{
    dbk_bytes text = DBK_BYTES_INIT(TEXT_BYTES_MAX);
    dbk_rc rc = each(r, key, value, take_schedule, &text);
    if (rc == DBK_OK && text.len > 0 && dbk_utf8_valid(dbk_bytes_span(&text)))
        rc = put(r, key, "schedule", json_stringn((const char *)text.p, text.len));
    if (rc == DBK_LIMIT)
        rc = wrong(r, key, "is too long");
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

static dbk_rc add_code(reader *r, const char *part, const char *name, const char *code)
{
    json_t *have = json_object_get(r->fields, name), *one;
    size_t i;
    json_array_foreach(have, i, one) if (strcmp(json_string_value(one), code) == 0) return DBK_OK;
    json_t *more = have == NULL ? json_array() : json_copy(have);
    if (json_array_append_new(more, json_string(code)) != 0) {
        json_decref(more);
        return no_memory(r);
    }
    return put(r, part, name, more);
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

static dbk_rc take_area(reader *r, const char *part, const json_t *area, void *ctx)
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
    leave_named(r, "service_areas[]", name == NULL ? "without name" : name);
    return DBK_OK;
}

static dbk_rc take_areas(reader *r, const char *key, const json_t *value)
{
    return each(r, key, value, take_area, NULL);
}

/* ---- attributes ------------------------------------------------------------------------------ */

/* A field that HSDS has no place for, as we write it. */
static dbk_rc take_own_field(reader *r, const char *part, const char *name, const char *text)
{
    const dbk_field *field = name == NULL ? NULL : dbk_form_field(r->form, name);
    uint64_t number = 0;
    if (field == NULL || text == NULL || strcmp(field->name, "recipient_key") == 0) {
        leave_named(r, "attributes[].taxonomy_term", name == NULL ? "without code" : name);
        return DBK_OK;
    }
    if (strcmp(text, DBK_HSDS_UNKNOWN) == 0)
        return put(r, part, name, json_string(text));
    if (field->kind == DBK_FIELD_BOOL3 && (strcmp(text, "yes") == 0 || strcmp(text, "no") == 0))
        return put(r, part, name, json_boolean(text[0] == 'y'));
    if (field->kind == DBK_FIELD_NUMBER &&
        dbk_u64_parse(&number, dbk_span_str(text), NULL) == DBK_OK && number <= INT32_MAX)
        return put(r, part, name, json_integer((json_int_t)number));
    return put(r, part, name, json_string(text));
}

static dbk_rc take_attribute(reader *r, const char *part, const json_t *attribute, void *ctx)
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
    leave_named(r, "attributes[].taxonomy_term", name == NULL ? "without name" : name);
    return DBK_OK;
}

static dbk_rc take_attributes(reader *r, const char *key, const json_t *value)
{
    return each(r, key, value, take_attribute, NULL);
}

/* ---- places ---------------------------------------------------------------------------------- */

static dbk_rc put_degrees(reader *r, const char *part, const char *name, const json_t *value,
                          double max)
{
    char text[32];
    double degrees = json_number_value(value);
    if (value == NULL || json_is_null(value))
        return DBK_OK;
    if (!json_is_number(value) || !(fabs(degrees) <= max))
        return wrong(r, part, "must be a number of degrees");
    (void)snprintf(text, sizeof(text), "%.7f", degrees);
    for (size_t len = strlen(text); len > 2 && text[len - 1] == '0' && text[len - 2] != '.';)
        text[--len] = '\0';
    return put(r, part, name, json_string(text));
}

static dbk_rc put_address(reader *r, const char *part, const json_t *address)
{
    static const char *const lines[] = { "attention", "address_1",      "address_2",   "city",
                                         "region",    "state_province", "postal_code", NULL };
    static const char *const known[] = { "attention",   "address_1", "address_2",
                                         "city",        "region",    "state_province",
                                         "postal_code", "country",   "address_type",
                                         NULL };
    dbk_bytes text = DBK_BYTES_INIT(TEXT_BYTES_MAX);
    dbk_rc rc = DBK_OK;
    if (!json_is_object(address))
        return wrong(r, part, "must be an object");
    leave_others(r, "service_at_locations[].location.addresses[]", address, known);
    for (size_t i = 0; rc == DBK_OK && lines[i] != NULL; i++) {
        const char *line = json_string_value(json_object_get(address, lines[i]));
        if (line == NULL || line[0] == '\0')
            continue;
        rc = text.len > 0 ? dbk_bytes_append_str(&text, "\n", r->err) : DBK_OK;
        if (rc == DBK_OK)
            rc = dbk_bytes_append_str(&text, line, r->err);
    }
    if (rc == DBK_OK && text.len > 0)
        rc = put(r, part, "address", json_stringn((const char *)text.p, text.len));
    if (rc == DBK_LIMIT)
        rc = wrong(r, part, "is too long");
    dbk_bytes_wipe(&text);
    return rc;
}

static dbk_rc take_location(reader *r, const char *part, const json_t *at, void *ctx)
{
    static const char *const known[] = { "latitude", "longitude", "addresses", "location_type",
                                         NULL };
    static const char *const outer[] = { "location", NULL };
    bool *taken = ctx;
    char path[DBK_HSDS_PATH_SIZE];
    const json_t *location = json_object_get(at, "location");
    if (location == NULL || json_is_null(location))
        return DBK_OK;
    if (!json_is_object(location))
        return wrong(r, part, "its location must be an object");
    if (*taken) {
        leave_out(r, "service_at_locations[]: all but the first");
        return DBK_OK;
    }
    *taken = true;
    leave_others(r, "service_at_locations[]", at, outer);
    leave_others(r, "service_at_locations[].location", location, known);
    (void)snprintf(path, sizeof(path), "%.60s.location.latitude", part);
    dbk_rc rc = put_degrees(r, path, "latitude", json_object_get(location, "latitude"), 90);
    (void)snprintf(path, sizeof(path), "%.60s.location.longitude", part);
    if (rc == DBK_OK)
        rc = put_degrees(r, path, "longitude", json_object_get(location, "longitude"), 180);
    const json_t *addresses = json_object_get(location, "addresses");
    (void)snprintf(path, sizeof(path), "%.60s.location.addresses[0]", part);
    if (rc == DBK_OK && json_array_size(addresses) > 0)
        rc = put_address(r, path, json_array_get(addresses, 0));
    if (json_array_size(addresses) > 1)
        leave_out(r, "service_at_locations[].location.addresses[]: all but the first");
    return rc;
}

static dbk_rc take_locations(reader *r, const char *key, const json_t *value)
{
    bool taken = false;
    return each(r, key, value, take_location, &taken);
}

/* ---- a service ------------------------------------------------------------------------------- */

/* In this order: attributes say a field exactly that was read from something else before. */
static const struct {
    const char *key;
    dbk_rc (*take)(reader *r, const char *key, const json_t *value);
} keys[] = {
    { "status", take_status },         { "minimum_age", take_age },
    { "maximum_age", take_age },       { "assured_date", take_date },
    { "assurer_email", take_assurer }, { "fees", take_fees },
    { "wait_time", take_wait },        { "organization", take_organization },
    { "phones", take_phones },         { "contacts", take_contacts },
    { "languages", take_languages },   { "schedules", take_schedules },
    { "service_areas", take_areas },   { "service_at_locations", take_locations },
    { "attributes", take_attributes },
};

static bool is_known(const char *key)
{
    bool known = strcmp(key, "id") == 0;
    for (size_t i = 0; !known && i < COUNT(dbk_hsds_texts); i++)
        known = strcmp(key, dbk_hsds_texts[i].hsds) == 0;
    for (size_t i = 0; !known && i < COUNT(keys); i++)
        known = strcmp(key, keys[i].key) == 0;
    return known;
}

static dbk_rc read_keys(reader *r, const json_t *service)
{
    dbk_rc rc = DBK_OK;
    const char *key;
    json_t *value;
    for (size_t i = 0; rc == DBK_OK && i < COUNT(dbk_hsds_texts); i++) {
        value = json_object_get(service, dbk_hsds_texts[i].hsds);
        if (value != NULL && !json_is_null(value))
            rc = put_text(r, dbk_hsds_texts[i].hsds, dbk_hsds_texts[i].field, value);
    }
    for (size_t i = 0; rc == DBK_OK && i < COUNT(keys); i++) {
        value = json_object_get(service, keys[i].key);
        if (value != NULL && !json_is_null(value))
            rc = keys[i].take(r, keys[i].key, value);
    }
    json_object_foreach((json_t *)service, key, value)
    {
        if (!is_known(key) && !json_is_null(value)) {
            char path[DBK_HSDS_PATH_SIZE];
            (void)snprintf(path, sizeof(path), "%.60s", key);
            for (size_t len = strlen(path); !dbk_utf8_valid(dbk_span_str(path)) && len > 0;)
                path[--len] = '\0';
            leave_out(r, path);
        }
    }
    return rc;
}

static dbk_rc read_id(reader *r, dbk_id *id, const json_t *service)
{
    const char *text = json_string_value(json_object_get(service, "id"));
    if (text == NULL || strlen(text) != DBK_ID_UUID_SIZE - 1 ||
        dbk_id_parse(id, text, NULL) != DBK_OK || dbk_id_is_zero(id))
        return wrong(r, "id", "must be a UUID");
    return DBK_OK;
}

static dbk_rc read_service(reader *r, const json_t *service)
{
    dbk_hsds_service *s = &r->out->services[r->out->count];
    if (!json_is_object(service))
        return wrong(r, "", "must be an object");
    s->fields = json_object();
    if (s->fields == NULL)
        return no_memory(r);
    r->out->count++;
    r->fields = s->fields;
    dbk_rc rc = read_id(r, &s->id, service);
    if (rc == DBK_OK)
        rc = read_keys(r, service);
    if (rc == DBK_OK && json_string_length(json_object_get(service, "name")) == 0)
        rc = wrong(r, "name", "is needed");
    if (rc == DBK_OK && json_object_get(service, "status") == NULL)
        rc = wrong(r, "status", "is needed");
    return rc;
}

/* ---- a file ---------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    const dbk_hsds_service *x = a, *y = b;
    return dbk_id_compare(&x->id, &y->id);
}

static dbk_rc check_twice(reader *r)
{
    dbk_hsds *h = r->out;
    dbk_rc rc = DBK_OK;
    if (h->count > 1)
        qsort(h->services, h->count, sizeof(h->services[0]), by_id);
    for (size_t i = 1; rc == DBK_OK && i < h->count; i++) {
        char uuid[DBK_ID_UUID_SIZE];
        if (dbk_id_is_zero(&h->services[i].id) ||
            !dbk_id_equal(&h->services[i].id, &h->services[i - 1].id))
            continue;
        dbk_id_uuid(uuid, &h->services[i].id);
        rc = dbk_problems_add(r->problems, DBK_PROBLEM, "id", r->err,
                              "id: %s stands twice in the file", uuid);
    }
    return rc;
}

/* *list: the services, or NULL for one that stands alone. */
static dbk_rc find_services(reader *r, const json_t **list, const json_t *root)
{
    const json_t *contents = json_object_get(root, "contents");
    *list = json_is_array(root) ? root : json_is_array(contents) ? contents : NULL;
    r->root = *list != NULL && *list == contents ? "contents" : "";
    r->many = *list != NULL;
    if (*list == NULL && !json_is_object(root))
        return dbk_fail(r->err, DBK_FORMAT, "this is neither a service nor a list of services");
    if (json_array_size(*list) > DBK_HSDS_SERVICES_MAX)
        return dbk_fail(r->err, DBK_LIMIT, "more than %u services", DBK_HSDS_SERVICES_MAX);
    if (json_integer_value(json_object_get(root, "total_pages")) > 1)
        return dbk_problems_add(
            r->problems, DBK_WARNING, "total_pages", r->err, "This file is one page of %lld.",
            (long long)json_integer_value(json_object_get(root, "total_pages")));
    return DBK_OK;
}

static dbk_rc read_all(reader *r, const json_t *root)
{
    const json_t *list = NULL;
    dbk_rc rc = find_services(r, &list, root);
    size_t count = list == NULL ? 1 : json_array_size(list);
    if (rc != DBK_OK || count == 0)
        return rc;
    r->out->services = dbk_alloc_array(count, sizeof(r->out->services[0]));
    if (r->out->services == NULL)
        return no_memory(r);
    memset(r->out->services, 0, count * sizeof(r->out->services[0]));
    for (r->index = 0; rc == DBK_OK && r->index < count; r->index++)
        rc = read_service(r, list == NULL ? root : json_array_get(list, r->index));
    if (rc == DBK_OK)
        rc = check_twice(r);
    if (rc == DBK_OK && r->problems->faults > 0)
        rc = dbk_fail(r->err, DBK_INVALID, "the file has faults");
    return rc;
}

dbk_rc dbk_hsds_read(dbk_hsds *out, dbk_problems *problems, const dbk_form *form, dbk_span text,
                     dbk_err *err)
{
    json_error_t fault;
    reader r = { .out = out, .problems = problems, .form = form, .root = "", .err = err };
    memset(out, 0, sizeof(*out));
    if (text.len > DBK_HSDS_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "the file is larger than %u MiB", DBK_HSDS_BYTES_MAX >> 20);
    json_t *root = json_loadb((const char *)text.p, text.len, JSON_REJECT_DUPLICATES, &fault);
    if (root == NULL)
        return dbk_fail(err, DBK_FORMAT, "this is no JSON: line %d, column %d", fault.line,
                        fault.column);
    dbk_rc rc = read_all(&r, root);
    json_decref(root);
    if (rc != DBK_OK) {
        for (size_t i = 0; i < out->count; i++)
            json_decref(out->services[i].fields);
        out->count = 0;
    }
    return rc;
}

void dbk_hsds_wipe(dbk_hsds *h)
{
    for (size_t i = 0; i < h->count; i++)
        json_decref(h->services[i].fields);
    dbk_free(h->services);
    memset(h, 0, sizeof(*h));
}
