/* The sample notes of docs/examples: they are what demo, import and benchmarks stand on. */
#include "tests/lib/test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/base/id.h"
#include "core/model/record.h"
#include "core/model/value.h"

#define FILE_BYTES_MAX (1u << 20)
#define LINES_MAX 200u

static const char *const files[] = { "flo-amir.jsonl", "flo-bethan.jsonl", "limelight.jsonl" };

typedef struct sample {
    size_t file, line;
    json_t *json;
    const char *form, *handle;
    json_t *fields;
} sample;

static dbk_forms *forms;
static sample samples[LINES_MAX];
static size_t samples_count;

/* ---- reading --------------------------------------------------------------------------------- */

static void read_file(size_t file)
{
    static char text[FILE_BYTES_MAX];
    char path[1024];
    const char *src = getenv("SRC");
    (void)snprintf(path, sizeof(path), "%s/docs/examples/%s", src != NULL ? src : ".", files[file]);
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        fail_msg("%s cannot be read (SRC names the source folder)", path);
    size_t len = fread(text, 1, sizeof(text), in);
    (void)fclose(in);
    assert_true(len > 0 && len < sizeof(text));
    assert_int_equal(text[len - 1], '\n');
    size_t line = 0;
    for (size_t at = 0; at < len; line++) {
        size_t end = at;
        while (text[end] != '\n')
            end++;
        assert_true(samples_count < LINES_MAX);
        sample *s = &samples[samples_count++];
        dbk_err err = { 0 };
        *s = (sample){ .file = file, .line = line + 1 };
        if (dbk_json_parse(&s->json, dbk_span_of(text + at, end - at), &err) != DBK_OK)
            fail_msg("%s:%zu: %s", files[file], s->line, err.text);
        s->form = json_string_value(json_object_get(s->json, "form"));
        s->handle = json_string_value(json_object_get(s->json, "ref"));
        s->fields = json_object_get(s->json, "fields");
        if (s->form == NULL || s->handle == NULL || !json_is_object(s->fields))
            fail_msg("%s:%zu: needs form, ref and fields", files[file], s->line);
        at = end + 1;
    }
}

/* What an importer would give the line: any id will do, the same for the same line. */
static void id_of(char uuid[DBK_ID_UUID_SIZE], const sample *s)
{
    uint8_t random[10] = { 0 };
    random[0] = (uint8_t)s->file;
    random[1] = (uint8_t)s->line;
    dbk_id id = dbk_id_v7(1795530600000, random);
    dbk_id_uuid(uuid, &id);
}

/* A handle is that of an earlier line of the same file. */
static json_t *resolved(const sample *from, const char *text)
{
    for (const sample *s = samples; s < from; s++) {
        if (s->file == from->file && strcmp(s->handle, text + 1) == 0) {
            char uuid[DBK_ID_UUID_SIZE];
            id_of(uuid, s);
            return json_string(uuid);
        }
    }
    fail_msg("%s:%zu: no earlier line is called %s", files[from->file], from->line, text);
    return NULL;
}

static void resolve(const sample *s, json_t *value)
{
    const char *key;
    size_t i;
    json_t *one;
    json_object_foreach(value, key, one)
    {
        const char *text = json_string_value(one);
        if (text != NULL && text[0] == '@')
            assert_int_equal(json_object_set_new(value, key, resolved(s, text)), 0);
        else
            resolve(s, one);
    }
    json_array_foreach(value, i, one)
    {
        const char *text = json_string_value(one);
        if (text != NULL && text[0] == '@')
            assert_int_equal(json_array_set_new(value, i, resolved(s, text)), 0);
        else
            resolve(s, one);
    }
}

static int open_samples(void **state)
{
    (void)state;
    if (dbk_forms_new(&forms, NULL) != DBK_OK)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        read_file(i);
    for (size_t i = 0; i < samples_count; i++)
        resolve(&samples[i], samples[i].fields);
    return 0;
}

static int close_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < samples_count; i++)
        json_decref(samples[i].json);
    dbk_forms_free(forms);
    return 0;
}

/* ---- checking -------------------------------------------------------------------------------- */

/* The values that a new record shows after its first op. */
static dbk_span shown(void *ctx, const char *name)
{
    const dbk_change *change = ctx;
    for (size_t i = 0; i < change->writes_count; i++) {
        const dbk_write *w = &change->writes[i];
        if (w->kind != DBK_WRITE_SET) {
            if (dbk_span_equal(w->group, dbk_span_str(name)))
                return w->value;
            continue;
        }
        dbk_cbor c = dbk_cbor_from(w->value);
        uint64_t pairs = dbk_cbor_get_map(&c);
        for (uint64_t k = 0; k < pairs; k++) {
            dbk_span key = dbk_cbor_get_text(&c), value = dbk_cbor_get_item(&c);
            if (dbk_span_equal(key, dbk_span_str(name)))
                return value;
        }
    }
    return dbk_span_of(NULL, 0);
}

static dbk_rc check(const sample *s, dbk_change *change, dbk_problems *problems)
{
    const dbk_form *form = dbk_forms_find(forms, dbk_span_str(s->form), 0);
    dbk_check_opts opts = { .form = form, .is_new = true };
    dbk_input *inputs = NULL;
    size_t count = 0;
    if (form == NULL)
        fail_msg("%s:%zu: there is no form %s", files[s->file], s->line, s->form);
    assert_rc(dbk_inputs_from_json(&inputs, &count, s->fields, NULL), DBK_OK, NULL);
    dbk_change_init(change);
    dbk_rc rc = dbk_record_check(change, problems, &opts, inputs, count, NULL);
    dbk_free(inputs);
    return rc;
}

static void every_sample_is_saved_without_a_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < samples_count; i++) {
        const sample *s = &samples[i];
        dbk_change change;
        dbk_problems problems = { 0 };
        dbk_rc rc = check(s, &change, &problems);
        if (rc != DBK_OK || problems.count > 0)
            fail_msg("%s:%zu (%s): %s", files[s->file], s->line, s->handle,
                     problems.count > 0 ? problems.rows[0].text : dbk_rc_text(rc));
        const dbk_form *form = dbk_forms_find(forms, dbk_span_str(s->form), 0);
        assert_rc(dbk_record_check_stage(&problems, form, DBK_STAGE_DRAFT, shown, &change, NULL),
                  DBK_OK, NULL);
        assert_int_equal(problems.count, 0);
        for (size_t w = 0; w < change.writes_count; w++)
            assert_rc(dbk_cbor_check(change.writes[w].value, NULL), DBK_OK, NULL);
        dbk_change_wipe(&change);
    }
}

/* Some are drafts, as on any evening; most could be signed as they are. */
static void nine_of_ten_samples_could_be_signed(void **state)
{
    size_t fit = 0;
    (void)state;
    for (size_t i = 0; i < samples_count; i++) {
        const sample *s = &samples[i];
        const dbk_form *form = dbk_forms_find(forms, dbk_span_str(s->form), 0);
        dbk_change change;
        dbk_problems problems = { 0 };
        assert_rc(check(s, &change, &problems), DBK_OK, NULL);
        dbk_rc rc = dbk_record_check_stage(&problems, form, DBK_STAGE_SIGN, shown, &change, NULL);
        fit += rc == DBK_OK;
        assert_int_equal(dbk_record_lacks(form, shown, &change), problems.count > 0);
        dbk_problems_wipe(&problems);
        dbk_change_wipe(&change);
    }
    assert_true(fit * 10 >= samples_count * 9);
    assert_true(fit < samples_count);
}

static size_t count_of(const char *form)
{
    size_t count = 0;
    for (size_t i = 0; i < samples_count; i++)
        count += strcmp(samples[i].form, form) == 0;
    return count;
}

/* "Notes from at least two FLO deployments and sixty Limelight interventions." */
static void there_are_as_many_samples_as_promised(void **state)
{
    (void)state;
    assert_int_equal(count_of("case"), 2);
    assert_true(count_of("contact") >= 44);
    assert_true(count_of("person") >= 12);
    assert_int_equal(count_of("flight"), 4);
    assert_true(count_of("intervention") >= 64);
    for (size_t i = 0; i < samples_count; i++)
        if (strcmp(samples[i].form, "case") == 0)
            assert_string_equal(json_string_value(json_object_get(samples[i].fields, "kind")),
                                "fatal_rtc");
}

static bool holds(const json_t *field, const char *text)
{
    size_t i;
    json_t *one;
    if (json_is_string(field))
        return strcmp(json_string_value(field), text) == 0;
    json_array_foreach((json_t *)(uintptr_t)field, i, one)
    {
        if (json_is_string(one) && strcmp(json_string_value(one), text) == 0)
            return true;
    }
    return false;
}

static void the_contacts_show_what_family_liaison_is(void **state)
{
    static const struct {
        const char *field, *value;
    } wanted[] = {
        { "purpose", "first_visit" },
        { "purpose", "identification" },
        { "purpose", "viewing" },
        { "purpose", "property" },
        { "purpose", "coroner" },
        { "purpose", "vps" },
        { "purpose", "complaint" },
        { "purpose", "court" },
        { "purpose", "statement" },
        { "method", "attempted" },
        { "method", "inquest" },
        { "method", "mortuary_viewing" },
        { "method", "hospital" },
        { "method", "video" },
        { "method", "text" },
        { "method", "letter" },
        { "method", "scene_visit" },
        { "attempt", "refused" },
        { "direction", "family_to_police" },
        { "cpia", "relevant" },
    };
    (void)state;
    for (size_t w = 0; w < ARRAY_LEN(wanted); w++) {
        size_t found = 0;
        for (size_t i = 0; i < samples_count; i++)
            found += strcmp(samples[i].form, "contact") == 0 &&
                     holds(json_object_get(samples[i].fields, wanted[w].field), wanted[w].value);
        if (found == 0)
            fail_msg("no contact has %s=%s", wanted[w].field, wanted[w].value);
    }
}

/* LL-1, LL-2: numbers only is the rule, and why a family was spoken to is always there. */
static void most_interventions_name_nobody_LL_1(void **state)
{
    size_t interventions = 0, named = 0;
    (void)state;
    for (size_t i = 0; i < samples_count; i++) {
        if (strcmp(samples[i].form, "intervention") != 0)
            continue;
        interventions++;
        named += json_object_get(samples[i].fields, "persons") != NULL;
        assert_non_null(json_object_get(samples[i].fields, "selection_basis"));
        assert_non_null(json_object_get(samples[i].fields, "group"));
    }
    assert_true(named >= 3);
    assert_true(named * 10 <= interventions);
}

/* The flight sheets' tallies are the sums of their interventions: the report adds up (B79). */
static void flight_tallies_are_the_sums_of_the_interventions(void **state)
{
    (void)state;
    for (size_t f = 0; f < samples_count; f++) {
        char uuid[DBK_ID_UUID_SIZE];
        json_int_t families = 0, adults = 0;
        if (strcmp(samples[f].form, "flight") != 0)
            continue;
        id_of(uuid, &samples[f]);
        for (size_t i = 0; i < samples_count; i++) {
            if (strcmp(samples[i].form, "intervention") != 0 ||
                !holds(json_object_get(samples[i].fields, "flight"), uuid))
                continue;
            families++;
            adults += json_integer_value(
                json_object_get(json_object_get(samples[i].fields, "group"), "adults"));
        }
        assert_true(families >= 16);
        assert_int_equal(
            json_integer_value(json_object_get(samples[f].fields, "families_approached")),
            families);
        assert_int_equal(json_integer_value(json_object_get(samples[f].fields, "adults")), adults);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_is_saved_without_a_word),
        cmocka_unit_test(nine_of_ten_samples_could_be_signed),
        cmocka_unit_test(there_are_as_many_samples_as_promised),
        cmocka_unit_test(the_contacts_show_what_family_liaison_is),
        cmocka_unit_test(most_interventions_name_nobody_LL_1),
        cmocka_unit_test(flight_tallies_are_the_sums_of_the_interventions),
    };
    return cmocka_run_group_tests(tests, open_samples, close_samples);
}
