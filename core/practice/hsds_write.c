/* Writing HSDS: an object that the schema takes, whatever is blank. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/practice/hsds.h"
#include "core/practice/hsds_terms.h"
#include "core/practice/place.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define POSTCODE_MAX 8u

typedef struct writer {
    const dbk_form *form;
    const dbk_id *id;
    const json_t *fields;
    json_t *out, *attributes;
} writer;

/* FNV-1a, which needs no more than to tell parts apart. */
static uint64_t mix(uint64_t h, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* Ids must be unique and the same each time: what it is part of, turned by what it is. RFC 9562,
 * version 8. */
static json_t *id_of(const dbk_id *whole, const char *part, const char *which)
{
    char text[DBK_ID_UUID_SIZE];
    dbk_id id;
    for (unsigned half = 0; half < 2; half++) {
        uint64_t h = mix(UINT64_C(0xcbf29ce484222325) + half, whole->b, DBK_ID_BYTES);
        h = mix(h, part, strlen(part) + 1);
        h = mix(h, which, strlen(which));
        for (unsigned k = 0; k < 8; k++)
            id.b[8 * half + k] = (uint8_t)(h >> (8 * k));
    }
    id.b[6] = (uint8_t)(0x80 | (id.b[6] & 0x0f));
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3f));
    dbk_id_uuid(text, &id);
    return json_string(text);
}

static json_t *part_id(const writer *w, const char *part, size_t i)
{
    char which[24];
    (void)snprintf(which, sizeof(which), "%zu", i);
    return id_of(w->id, part, which);
}

/* The field's JSON; NULL: blank, or not known, which HSDS's own fields can't say. */
static const json_t *said(const writer *w, const char *name)
{
    const json_t *value = json_object_get(w->fields, name);
    return dbk_hsds_is_unknown(value) ? NULL : value;
}

static void add_attribute(writer *w, const char *taxonomy, const char *code, const char *label,
                          const char *value)
{
    static const dbk_id every = { { 0 } }; /* a term is the same one in every service */
    size_t i = json_array_size(w->attributes);
    json_t *term = json_pack("{s:o, s:s, s:s, s:s, s:s}", "id", id_of(&every, taxonomy, code),
                             "code", code, "name", label, "description", label, "taxonomy",
                             taxonomy);
    json_t *one = json_pack("{s:o, s:s, s:o}", "id", part_id(w, "attribute", i), "link_entity",
                            "service", "taxonomy_term", term);
    if (value != NULL)
        (void)json_object_set_new(one, "value", json_string(value));
    (void)json_array_append_new(w->attributes, one);
}

static void add_field(writer *w, const char *name, const char *value)
{
    const dbk_field *field = dbk_form_field(w->form, name);
    if (field != NULL)
        add_attribute(w, DBK_HSDS_FIELDS, name, field->label, value);
}

/* ---- HSDS's own ------------------------------------------------------------------------------ */

static void write_texts(writer *w)
{
    for (size_t i = 0; i < COUNT(dbk_hsds_texts); i++) {
        const json_t *value = said(w, dbk_hsds_texts[i].field);
        if (value != NULL)
            (void)json_object_set(w->out, dbk_hsds_texts[i].hsds, (json_t *)value);
    }
}

/* HSDS wants a URI: "www.example.org", as people type it, is none. */
static void write_url(writer *w)
{
    const char *text = json_string_value(said(w, "url"));
    if (text == NULL)
        return;
    bool absolute = strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;
    if (absolute && text[strcspn(text, " \t\"<>\\^`{|}")] == '\0')
        (void)json_object_set_new(w->out, "url", json_string(text));
    else
        add_field(w, "url", text);
}

static void write_status(writer *w)
{
    const char *code = json_string_value(said(w, "status")), *status = "temporarily closed";
    for (size_t i = COUNT(dbk_hsds_statuses); i-- > 0;)
        if (code != NULL && strcmp(dbk_hsds_statuses[i].code, code) == 0)
            status = dbk_hsds_statuses[i].hsds;
    (void)json_object_set_new(w->out, "status", json_string(status));
}

static void write_plain(writer *w, const char *name)
{
    const json_t *value = said(w, name);
    if (value != NULL)
        (void)json_object_set(w->out, name, (json_t *)value);
}

static void write_assurer(writer *w)
{
    const char *text = json_string_value(said(w, "assurer"));
    const char *at = text == NULL ? NULL : strchr(text, '@');
    if (text == NULL)
        return;
    if (at != NULL && at != text && at[1] != '\0' && strpbrk(text, " \t<>") == NULL)
        (void)json_object_set_new(w->out, "assurer_email", json_string(text));
    else
        add_field(w, "assurer", text);
}

static void write_wait(writer *w)
{
    const json_t *weeks = said(w, "waiting_weeks");
    if (json_is_integer(weeks))
        (void)json_object_set_new(w->out, "wait_time",
                                  json_sprintf("%lld week%s", (long long)json_integer_value(weeks),
                                               json_integer_value(weeks) == 1 ? "" : "s"));
}

static void write_organization(writer *w)
{
    const json_t *name = said(w, "organization");
    if (name == NULL)
        return;
    /* HSDS wants a description of it; nothing is known but the name. */
    (void)json_object_set_new(w->out, "organization",
                              json_pack("{s:o, s:O, s:O}", "id", part_id(w, "organization", 0),
                                        "name", (json_t *)name, "description", (json_t *)name));
}

static void write_phones(writer *w)
{
    const json_t *value = said(w, "phones");
    json_t *phones = json_array(), *phone;
    size_t i;
    json_array_foreach((json_t *)value, i, phone)
    {
        json_t *one = json_pack("{s:o, s:O*}", "id", part_id(w, "phone", i), "number",
                                json_object_get(phone, "number"));
        const json_t *about = json_object_get(phone, "description");
        if (json_is_string(about) && !dbk_hsds_is_unknown(about))
            (void)json_object_set(one, "description", (json_t *)about);
        (void)json_array_append_new(phones, one);
    }
    if (json_array_size(phones) > 0)
        (void)json_object_set(w->out, "phones", phones);
    json_decref(phones);
}

static void write_languages(writer *w)
{
    const json_t *value = said(w, "languages");
    json_t *languages = json_array(), *name;
    size_t i;
    json_array_foreach((json_t *)value, i, name)(void) json_array_append_new(
        languages, json_pack("{s:o, s:O}", "id", part_id(w, "language", i), "name", name));
    if (json_array_size(languages) > 0)
        (void)json_object_set(w->out, "languages", languages);
    json_decref(languages);
}

static void write_schedule(writer *w)
{
    const json_t *value = said(w, "schedule");
    if (value != NULL)
        (void)json_object_set_new(w->out, "schedules",
                                  json_pack("[{s:o, s:O}]", "id", part_id(w, "schedule", 0),
                                            "description", (json_t *)value));
}

/* ---- areas and codes ------------------------------------------------------------------------- */

static const dbk_code *code_in(const dbk_field *field, const char *name)
{
    for (size_t i = 0; field != NULL && name != NULL && i < field->codes_count; i++)
        if (strcmp(field->codes[i].name, name) == 0)
            return &field->codes[i];
    return NULL;
}

static void write_areas(writer *w)
{
    const json_t *value = said(w, "la_areas");
    json_t *areas = json_array(), *code;
    size_t i;
    json_array_foreach((json_t *)value, i, code)
    {
        const char *name = json_string_value(code);
        const dbk_code *known = code_in(dbk_form_field(w->form, "la_areas"), name);
        const char *label = known == NULL ? name : known->label;
        /* The UK's profile calls the name service_area. */
        json_t *one = json_pack("{s:o, s:s, s:s}", "id", part_id(w, "area", i), "name", label,
                                "service_area", label);
        for (size_t k = 0; k < COUNT(dbk_hsds_areas); k++)
            if (strcmp(dbk_hsds_areas[k].code, name) == 0)
                (void)json_object_set_new(
                    one, "uri", json_sprintf("%s%s", DBK_HSDS_AREA_URI, dbk_hsds_areas[k].gss));
        (void)json_array_append_new(areas, one);
    }
    if (json_array_size(areas) > 0)
        (void)json_object_set(w->out, "service_areas", areas);
    json_decref(areas);
}

static void write_codes(writer *w, const char *name)
{
    char taxonomy[64];
    const json_t *value = said(w, name);
    json_t *code;
    size_t i;
    (void)snprintf(taxonomy, sizeof(taxonomy), "%s%s", DBK_HSDS_TAXONOMY, name);
    json_array_foreach((json_t *)value, i, code)
    {
        const char *text = json_string_value(code);
        const dbk_code *known = code_in(dbk_form_field(w->form, name), text);
        add_attribute(w, taxonomy, text, known == NULL ? text : known->label, NULL);
    }
}

/* ---- the place ------------------------------------------------------------------------------- */

static bool degrees_of(double *out, const json_t *value, double max)
{
    return json_is_string(value) &&
           dbk_place_degrees(out, dbk_span_of(json_string_value(value), json_string_length(value)),
                             max);
}

/* "DY1 1AA": two halves, of which the second is a digit and two letters. */
static bool is_postcode(const char *p)
{
    size_t len = strlen(p);
    return len >= 5 && len <= POSTCODE_MAX && p[0] >= 'A' && p[0] <= 'Z' && p[len - 3] >= '0' &&
           p[len - 3] <= '9' && p[len - 1] >= 'A' && p[len - 1] <= 'Z';
}

/* HSDS wants street, town and postcode apart: only an address that ends so is written there. What
 * was typed goes along exactly, as a term of ours. */
static json_t *address_of(writer *w, const char *text)
{
    char street[512], *town, *code;
    int n = snprintf(street, sizeof(street), "%s", text);
    if (n < 0 || n >= (int)sizeof(street) || (code = strrchr(street, '\n')) == NULL)
        return NULL;
    *code++ = '\0';
    if (!is_postcode(code) || (town = strrchr(street, '\n')) == NULL)
        return NULL;
    *town++ = '\0';
    for (char *p = street; *p != '\0'; p++)
        *p = *p == '\n' ? ',' : *p;
    return json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:s}", "id", part_id(w, "address", 0),
                     "address_1", street, "city", town, "state_province", "", "postal_code", code,
                     "country", "GB", "address_type", "physical");
}

/* "52.50" is read again as 52.5, and one without the other, or what is no number, as nothing: what
 * was typed goes along. */
static void add_exactly(writer *w, const char *name, bool placed, double degrees)
{
    char text[DBK_HSDS_DEGREES_SIZE];
    const char *typed = json_string_value(said(w, name));
    dbk_hsds_degrees(text, degrees);
    if (typed != NULL && (!placed || strcmp(typed, text) != 0))
        add_field(w, name, typed);
}

static void write_place(writer *w)
{
    double latitude = 0, longitude = 0;
    if (dbk_hsds_is_hidden(w->fields))
        return;
    const char *text = json_string_value(said(w, "address"));
    bool placed = degrees_of(&latitude, said(w, "latitude"), 90) &&
                  degrees_of(&longitude, said(w, "longitude"), 180);
    json_t *address = text == NULL ? NULL : address_of(w, text);
    add_exactly(w, "latitude", placed, latitude);
    add_exactly(w, "longitude", placed, longitude);
    if (text != NULL)
        add_field(w, "address", text);
    if (!placed && address == NULL)
        return;
    json_t *location = json_pack("{s:o, s:s}", "id", part_id(w, "location", 0), "location_type",
                                 "physical");
    if (placed) {
        (void)json_object_set_new(location, "latitude", json_real(latitude));
        (void)json_object_set_new(location, "longitude", json_real(longitude));
    }
    if (address != NULL)
        (void)json_object_set_new(location, "addresses", json_pack("[o]", address));
    (void)json_object_set_new(
        w->out, "service_at_locations",
        json_pack("[{s:o, s:o}]", "id", part_id(w, "at", 0), "location", location));
}

/* ---- what HSDS has no field for -------------------------------------------------------------- */

static void write_own(writer *w)
{
    static const char *const names[] = { "self_referral", "safe_to_post", DBK_PLACE_CONFIDENTIAL,
                                         "verify_every_days" };
    for (size_t i = 0; i < COUNT(names); i++) {
        char text[24];
        const json_t *value = said(w, names[i]);
        if (json_is_boolean(value))
            add_field(w, names[i], json_is_true(value) ? "yes" : "no");
        if (!json_is_integer(value))
            continue;
        (void)snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
        add_field(w, names[i], text);
    }
}

/* Not known is an answer, and HSDS can't give it. */
static void write_unknown(writer *w)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)w->fields, name, value)
    {
        if (dbk_hsds_is_unknown(value) && strcmp(name, "recipient_key") != 0)
            add_field(w, name, DBK_HSDS_UNKNOWN);
    }
}

dbk_rc dbk_hsds_write(json_t **out, const dbk_form *form, const dbk_id *id, const json_t *fields,
                      uint64_t updated_ms, dbk_err *err)
{
    static const char *const plain[] = { "minimum_age", "maximum_age", "assured_date" };
    char uuid[DBK_ID_UUID_SIZE], time[DBK_TIME_TEXT_SIZE];
    const json_t *name = json_object_get(fields, "name");
    if (json_string_length(name) == 0 || dbk_hsds_is_unknown(name))
        return dbk_fail(err, DBK_INVALID, "a service needs a name");
    writer w = { form, id, fields, json_object(), json_array() };
    dbk_id_uuid(uuid, id);
    (void)json_object_set_new(w.out, "id", json_string(uuid));
    write_texts(&w);
    write_url(&w);
    write_status(&w);
    for (size_t i = 0; i < COUNT(plain); i++)
        write_plain(&w, plain[i]);
    write_assurer(&w);
    write_wait(&w);
    write_organization(&w);
    write_phones(&w);
    write_languages(&w);
    write_schedule(&w);
    write_areas(&w);
    write_place(&w);
    write_codes(&w, "categories");
    write_codes(&w, "hidden_crime");
    write_own(&w);
    write_unknown(&w);
    if (json_array_size(w.attributes) > 0)
        (void)json_object_set(w.out, "attributes", w.attributes);
    json_decref(w.attributes);
    if (updated_ms > 0) {
        dbk_time_print(time, (int64_t)updated_ms);
        (void)json_object_set_new(w.out, "last_modified", json_string(time));
    }
    *out = w.out;
    return w.out != NULL && json_object_get(w.out, "status") != NULL
               ? DBK_OK
               : dbk_fail(err, DBK_NOMEM, "no memory for the services");
}
