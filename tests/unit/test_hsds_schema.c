/* What is exported is held against HSDS 3.0: its schema's keys, their types, what is required and
 * which words are allowed, read from Open Referral's specification and written down here; and
 * against a golden file. */
#include "tests/lib/test.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/model/value.h"
#include "core/practice/hsds.h"
#include "tests/lib/golden.h"

#define UPDATED_MS UINT64_C(1795960801234)

/* ---- the schema ------------------------------------------------------------------------------ */

typedef enum kind { TEXT, UUID, URI, EMAIL, TIME, DATE, NUMBER, OBJECT, LIST } kind;
typedef struct rule {
    const char *object, *key;
    kind kind;
    bool required;
    const char *allowed; /* words between bars, or NULL; of objects and lists: of which object */
} rule;
static const rule rules[] = {
    { "service", "id", UUID, true, NULL },
    { "service", "name", TEXT, true, NULL },
    { "service", "status", TEXT, true, "|active|inactive|defunct|temporarily closed|" },
    { "service", "description", TEXT, false, NULL },
    { "service", "url", URI, false, NULL },
    { "service", "email", EMAIL, false, NULL },
    { "service", "interpretation_services", TEXT, false, NULL },
    { "service", "application_process", TEXT, false, NULL },
    { "service", "fees_description", TEXT, false, NULL },
    { "service", "wait_time", TEXT, false, NULL },
    { "service", "eligibility_description", TEXT, false, NULL },
    { "service", "minimum_age", NUMBER, false, NULL },
    { "service", "maximum_age", NUMBER, false, NULL },
    { "service", "assured_date", DATE, false, NULL },
    { "service", "assurer_email", EMAIL, false, NULL },
    { "service", "alert", TEXT, false, NULL },
    { "service", "last_modified", TIME, false, NULL },
    { "service", "organization", OBJECT, false, "organization" },
    { "service", "phones", LIST, false, "phone" },
    { "service", "schedules", LIST, false, "schedule" },
    { "service", "service_areas", LIST, false, "service_area" },
    { "service", "service_at_locations", LIST, false, "service_at_location" },
    { "service", "languages", LIST, false, "language" },
    { "service", "attributes", LIST, false, "attribute" },
    { "organization", "id", UUID, true, NULL },
    { "organization", "name", TEXT, true, NULL },
    { "organization", "description", TEXT, true, NULL },
    { "phone", "id", UUID, true, NULL },
    { "phone", "number", TEXT, true, NULL },
    { "phone", "description", TEXT, false, NULL },
    { "schedule", "id", UUID, true, NULL },
    { "schedule", "description", TEXT, false, NULL },
    { "service_area", "id", UUID, true, NULL },
    { "service_area", "name", TEXT, false, NULL },
    { "service_area", "service_area", TEXT, false, NULL }, /* the UK's profile */
    { "service_area", "uri", URI, false, NULL },
    { "language", "id", UUID, true, NULL },
    { "language", "name", TEXT, false, NULL },
    { "service_at_location", "id", UUID, true, NULL },
    { "service_at_location", "location", OBJECT, false, "location" },
    { "location", "id", UUID, true, NULL },
    { "location", "location_type", TEXT, true, "|physical|postal|virtual|" },
    { "location", "latitude", NUMBER, false, NULL },
    { "location", "longitude", NUMBER, false, NULL },
    { "location", "addresses", LIST, false, "address" },
    { "address", "id", UUID, true, NULL },
    { "address", "address_1", TEXT, true, NULL },
    { "address", "city", TEXT, true, NULL },
    { "address", "state_province", TEXT, true, NULL },
    { "address", "postal_code", TEXT, true, NULL },
    { "address", "country", TEXT, true, "|GB|" }, /* ISO 3166-1, of which only this is written */
    { "address", "address_type", TEXT, true, "|physical|postal|virtual|" },
    { "attribute", "id", UUID, true, NULL },
    { "attribute", "link_entity", TEXT, false, "|service|" },
    { "attribute", "value", TEXT, false, NULL },
    { "attribute", "taxonomy_term", OBJECT, false, "taxonomy_term" },
    { "taxonomy_term", "id", UUID, true, NULL },
    { "taxonomy_term", "code", TEXT, false, NULL },
    { "taxonomy_term", "name", TEXT, true, NULL },
    { "taxonomy_term", "description", TEXT, true, NULL },
    { "taxonomy_term", "taxonomy", TEXT, false, NULL },
};

static bool is_allowed(const char *allowed, const char *text)
{
    char word[64];
    (void)snprintf(word, sizeof(word), "|%.60s|", text);
    return allowed == NULL || strstr(allowed, word) != NULL;
}

static bool fits(kind want, const json_t *value)
{
    const char *text = json_string_value(value);
    dbk_id id;
    switch (want) {
    case TEXT:
        return text != NULL && text[0] != '\0';
    case UUID:
        return text != NULL && strlen(text) == DBK_ID_UUID_SIZE - 1 &&
               dbk_id_parse(&id, text, NULL) == DBK_OK;
    case URI:
        return text != NULL && strncmp(text, "http", 4) == 0 && strchr(text, ' ') == NULL;
    case EMAIL:
        return text != NULL && strchr(text, '@') != NULL && strchr(text, ' ') == NULL;
    case TIME:
        return text != NULL && strlen(text) >= 20 && text[10] == 'T' &&
               text[strlen(text) - 1] == 'Z';
    case DATE:
        return text != NULL && dbk_date_valid(dbk_span_str(text));
    case NUMBER:
        return json_is_number(value);
    case OBJECT:
        return json_is_object(value);
    case LIST:
        return json_array_size(value) > 0;
    }
    return false;
}

typedef struct todo {
    const char *object;
    const json_t *json;
} todo;
typedef struct todos {
    todo rows[512];
    size_t count;
} todos;

static void push(todos *t, const char *object, const json_t *json)
{
    assert_true(t->count < ARRAY_LEN(t->rows));
    t->rows[t->count++] = (todo){ object, json };
}

static const rule *rule_of(const char *object, const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        if (strcmp(rules[i].object, object) == 0 && strcmp(rules[i].key, key) == 0)
            return &rules[i];
    fail_msg("HSDS has no %s.%s", object, key);
    return NULL;
}

static void check_value(todos *t, const rule *r, const json_t *value)
{
    const json_t *element;
    size_t i;
    /* An address may lack a county. */
    if (!fits(r->kind, value) && strcmp(r->key, "state_province") != 0)
        fail_msg("%s.%s isn't what HSDS says it is", r->object, r->key);
    if (r->kind == TEXT && !is_allowed(r->allowed, json_string_value(value)))
        fail_msg("%s.%s can't be \"%s\"", r->object, r->key, json_string_value(value));
    if (r->kind == OBJECT)
        push(t, r->allowed, value);
    json_array_foreach(value, i, element) push(t, r->allowed, element);
}

/* Returns how many objects it looked at. Ids must be of one part each. */
static size_t check(const json_t *service)
{
    static todos t;
    json_t *ids = json_object();
    t.count = 0;
    push(&t, "service", service);
    for (size_t n = 0; n < t.count; n++) {
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)t.rows[n].json, key, value)
            check_value(&t, rule_of(t.rows[n].object, key), value);
        for (size_t i = 0; i < ARRAY_LEN(rules); i++)
            if (rules[i].required && strcmp(rules[i].object, t.rows[n].object) == 0 &&
                json_object_get(t.rows[n].json, rules[i].key) == NULL)
                fail_msg("%s needs %s", rules[i].object, rules[i].key);
        const char *id = json_string_value(json_object_get(t.rows[n].json, "id"));
        if (json_object_get(ids, id) != NULL)
            fail_msg("two parts have the id %s", id);
        (void)json_object_set_new(ids, id, json_true());
    }
    json_decref(ids);
    return t.count;
}

/* ---- services -------------------------------------------------------------------------------- */

static dbk_forms *forms;
static const dbk_form *form;
static dbk_id id;

static int make_forms(void **state)
{
    (void)state;
    dbk_err err = { 0 };
    assert_ok(dbk_forms_new(&forms, &err), &err);
    form = dbk_forms_find(forms, dbk_span_str("service"), 0);
    assert_ok(dbk_id_parse(&id, "ac148810-d857-441c-9679-408f346de14b", &err), &err);
    return 0;
}

static int drop_forms(void **state)
{
    (void)state;
    dbk_forms_free(forms);
    return 0;
}

static const char full[] =
    "{\"name\":\"Roshni\",\"organization\":\"Roshni Trust\",\"description\":\"Support\","
    "\"eligibility_description\":\"Women\",\"minimum_age\":16,\"maximum_age\":60,"
    "\"la_areas\":[\"birmingham\",\"dudley\",\"out_of_force\"],"
    "\"categories\":[\"idva\",\"isva\"],\"hidden_crime\":[\"forced_marriage\"],"
    "\"phones\":[{\"number\":\"0800 953 9777\",\"description\":\"Day and night\"},"
    "{\"number\":\"0121 496 0000\"}],\"email\":\"help@example.org\","
    "\"url\":\"https://www.example.org/roshni\",\"schedule\":\"Always\","
    "\"languages\":[\"Urdu\",\"Punjabi\"],\"interpretation_services\":\"By phone\","
    "\"fees_description\":\"None\",\"referral_route\":\"Ring\",\"self_referral\":true,"
    "\"waiting_weeks\":1,\"status\":\"paused\",\"assured_date\":\"2026-11-01\","
    "\"assurer\":\"desk@example.org\",\"verify_every_days\":90,\"latitude\":\"52.4862\","
    "\"longitude\":\"-1.890\",\"address\":\"1 High Street\\nDudley\\nDY1 1AA\","
    "\"address_confidential\":false,\"alert\":\"New number\",\"recipient_key\":\"secret-key\","
    "\"safe_to_post\":\"not_known\"}";

static json_t *fields_of(const char *text)
{
    json_t *fields = json_loads(text, 0, NULL);
    assert_non_null(fields);
    return fields;
}

static json_t *written(const json_t *fields)
{
    json_t *out = NULL;
    dbk_err err = { 0 };
    assert_ok(dbk_hsds_write(&out, form, &id, fields, UPDATED_MS, &err), &err);
    return out;
}

static dbk_hsds read_again(const json_t *service)
{
    dbk_hsds h;
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    char *text = json_dumps(service, 0);
    assert_ok(dbk_hsds_read(&h, &problems, form, dbk_span_str(text), &err), &err);
    free(text);
    dbk_problems_wipe(&problems);
    return h;
}

static void what_is_exported_is_what_the_schema_of_HSDS_3_0_takes_B18(void **state)
{
    (void)state;
    json_t *fields = fields_of(full), *out = written(fields);
    /* The service, its organisation, 2 phones, 2 languages, hours, 3 areas, a place with location
     * and address, 2 + 1 codes, and 4 fields of ours and their terms. */
    assert_true(check(out) > 20);
    json_decref(out);
    json_decref(fields);
}

/* One field after the other is blank, not known, or as people type it. */
static void whatever_is_blank_or_not_known_the_schema_takes_it_B18(void **state)
{
    static const char *const odd[] = { "url",      "www.example.org",  "assurer",
                                       "The desk", "longitude",        "far",
                                       "address",  "Behind the church" };
    const char *name;
    json_t *value, *fields = fields_of(full);
    (void)state;
    json_object_foreach(fields, name, value)
    {
        if (strcmp(name, "name") == 0)
            continue;
        json_t *without = json_copy(fields);
        (void)json_object_del(without, name);
        json_t *out = written(without);
        (void)check(out);
        json_decref(out);
        (void)json_object_set_new(without, name, json_string("not_known"));
        out = written(without);
        (void)check(out);
        json_decref(out);
        json_decref(without);
    }
    for (size_t i = 0; i < ARRAY_LEN(odd); i += 2) {
        (void)json_object_set_new(fields, odd[i], json_string(odd[i + 1]));
        json_t *out = written(fields);
        (void)check(out);
        dbk_hsds h = read_again(out);
        assert_string_equal(json_string_value(json_object_get(h.services[0].fields, odd[i])),
                            odd[i + 1]);
        dbk_hsds_wipe(&h);
        json_decref(out);
    }
    json_decref(fields);
}

static void a_service_without_a_name_is_not_exported(void **state)
{
    static const char *const texts[] = { "{}", "{\"name\":\"\"}", "{\"name\":\"not_known\"}" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        json_t *fields = fields_of(texts[i]), *out = NULL;
        dbk_err err = { 0 };
        assert_rc(dbk_hsds_write(&out, form, &id, fields, 0, &err), DBK_INVALID, &err);
        assert_null(out);
        json_decref(fields);
    }
}

/* Coordinates that aren't a number as HSDS writes it stay as they were typed. */
static void everything_that_is_exported_is_read_again_as_it_was_B18(void **state)
{
    (void)state;
    json_t *fields = fields_of(full), *out = written(fields);
    dbk_hsds h = read_again(out);
    (void)json_object_del(fields, "recipient_key"); /* goes to nobody, and comes from nobody */
    char *want = json_dumps(fields, JSON_SORT_KEYS);
    char *got = json_dumps(h.services[0].fields, JSON_SORT_KEYS);
    assert_string_equal(got, want);
    assert_int_equal(h.left_out_count, 1); /* last_modified: the journal knows */
    free(want);
    free(got);
    dbk_hsds_wipe(&h);
    json_decref(out);
    json_decref(fields);
}

/* ---- what goes to nobody --------------------------------------------------------------------- */

static bool tells(const json_t *out, const char *words)
{
    char *text = json_dumps(out, 0);
    bool found = strstr(text, words) != NULL;
    free(text);
    return found;
}

static void where_a_refuge_is_and_a_key_leave_in_no_export_B18(void **state)
{
    static const char *const words[] = { "High Street", "DY1 1AA", "52.4", "-1.89" };
    (void)state;
    json_t *fields = fields_of(full), *out = written(fields);
    assert_true(tells(out, words[0]));
    assert_false(tells(out, "secret-key"));
    json_decref(out);
    for (size_t way = 0; way < 2; way++) {
        (void)json_object_set_new(fields, "address_confidential",
                                  way == 0 ? json_true() : json_string("not_known"));
        out = written(fields);
        (void)check(out);
        for (size_t i = 0; i < ARRAY_LEN(words); i++)
            if (tells(out, words[i]))
                fail_msg("\"%s\" of a confidential place is exported", words[i]);
        dbk_hsds h = read_again(out);
        assert_true(json_equal(json_object_get(h.services[0].fields, "address_confidential"),
                               json_object_get(fields, "address_confidential")));
        dbk_hsds_wipe(&h);
        json_decref(out);
    }
    json_decref(fields);
}

/* A file that says both: whoever wrote it didn't mean to tell. */
static void a_file_that_tells_a_confidential_place_is_read_without_it_B18(void **state)
{
    static const char *const names[] = { "address", "latitude", "longitude" };
    dbk_err err = { 0 };
    (void)state;
    json_t *fields = fields_of(full);
    json_t *out = written(fields);
    json_t *refuge = json_copy(fields), *told = NULL;
    (void)json_object_set_new(refuge, "address_confidential", json_true());
    assert_ok(dbk_hsds_write(&told, form, &id, refuge, 0, &err), &err);
    (void)json_object_set(told, "service_at_locations",
                          json_object_get(out, "service_at_locations"));
    dbk_hsds h = read_again(told);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_null(json_object_get(h.services[0].fields, names[i]));
    assert_string_equal(h.left_out[h.left_out_count - 3].path, "a confidential place: address");
    dbk_hsds_wipe(&h);
    json_decref(told);
    json_decref(refuge);
    json_decref(out);
    json_decref(fields);
}

static void the_bytes_of_an_export_stay_the_same(void **state)
{
    (void)state;
    json_t *fields = fields_of(full), *out = written(fields);
    char *text = json_dumps(out, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
    dbk_bytes lines = DBK_BYTES_INIT(65536);
    dbk_err err = { 0 };
    assert_ok(dbk_bytes_append_fmt(&lines, &err, "%s\n", text), &err);
    golden_file("tests/vectors/hsds.json", dbk_bytes_span(&lines));
    dbk_bytes_wipe(&lines);
    free(text);
    json_decref(out);
    json_decref(fields);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_exported_is_what_the_schema_of_HSDS_3_0_takes_B18),
        cmocka_unit_test(whatever_is_blank_or_not_known_the_schema_takes_it_B18),
        cmocka_unit_test(a_service_without_a_name_is_not_exported),
        cmocka_unit_test(everything_that_is_exported_is_read_again_as_it_was_B18),
        cmocka_unit_test(where_a_refuge_is_and_a_key_leave_in_no_export_B18),
        cmocka_unit_test(a_file_that_tells_a_confidential_place_is_read_without_it_B18),
        cmocka_unit_test(the_bytes_of_an_export_stay_the_same),
    };
    return cmocka_run_group_tests(tests, make_forms, drop_forms);
}
