#include "tests/lib/test.h"

#include <stdio.h>

#include "core/practice/reading.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static dbk_test_org org;
static dbk_note *note;
static dbk_reading reading;

static dbk_id add(const char *form, const char *const *fields)
{
    return dbk_test_add(org.books[0].book, &org.space, form, fields);
}

static void read_note(const dbk_id *id)
{
    dbk_err err = { 0 };
    dbk_reading_wipe(&reading);
    dbk_note_free(note);
    note = NULL;
    assert_ok(dbk_query_note(&note, org.books[0].book, id, &err), &err);
    dbk_reading_init(&reading, note);
}

static int make_org(void **state)
{
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_reading_wipe(&reading);
    dbk_note_free(note);
    dbk_test_org_drop(&org);
    return 0;
}

static bool says(const char *field, const char *code)
{
    bool yes;
    assert_rc(dbk_reading_says(&reading, &yes, field, code, NULL), DBK_OK, NULL);
    return yes;
}

static void a_code_is_said_or_held_and_a_doubt_is_none(void **state)
{
    (void)state;
    dbk_id id = add("person", TEXTS("name=Ruth", "safe_rule=times", "safe_voicemail=no",
                                    "safe_post=not_known", "needs=hearing, sight"));
    read_note(&id);
    assert_true(says("safe_rule", "times"));
    assert_false(says("safe_rule", "free"));
    assert_true(says("safe_voicemail", "no"));
    assert_false(says("safe_voicemail", "yes"));
    assert_true(says("safe_post", "not_known"));
    assert_false(says("safe_post", "no"));
    assert_true(says("needs", "sight"));
    assert_false(says("needs", "mobility"));
    assert_false(says("gender", "not_known")); /* blank is no answer */
    assert_false(says("a_field_of_next_year", "yes"));
}

static void texts_times_and_references_are_read_or_blank(void **state)
{
    dbk_span text;
    dbk_id ref;
    bool there;
    int64_t ms;
    (void)state;
    dbk_id person = add("person", TEXTS("name=Ruth", "dob=2011-02-03"));
    read_note(&person);
    assert_rc(dbk_reading_text(&reading, &text, "name", NULL), DBK_OK, NULL);
    assert_true(dbk_span_equal(text, dbk_span_str("Ruth")));
    assert_rc(dbk_reading_text(&reading, &text, "sex", NULL), DBK_OK, NULL);
    assert_int_equal(text.len, 0);
    assert_rc(dbk_reading_time(&reading, &there, &ms, "dob", NULL), DBK_OK, NULL);
    assert_true(there);
    assert_true(ms == INT64_C(1296691200000));
    assert_rc(dbk_reading_time(&reading, &there, &ms, "name", NULL), DBK_OK, NULL);
    assert_false(there);
    char uuid[DBK_ID_UUID_SIZE], field[64];
    dbk_id_uuid(uuid, &person);
    (void)snprintf(field, sizeof(field), "person=%s", uuid);
    dbk_id referral = add("referral", TEXTS(field, "type=brake"));
    read_note(&referral);
    assert_rc(dbk_reading_ref(&reading, &ref, "person", NULL), DBK_OK, NULL);
    assert_true(dbk_id_equal(&ref, &person));
    assert_rc(dbk_reading_ref(&reading, &ref, "service", NULL), DBK_OK, NULL);
    assert_true(dbk_id_is_zero(&ref));
}

static void a_part_of_an_object_and_the_elements_of_a_log_are_read(void **state)
{
    dbk_span value, one;
    bool there;
    int64_t ms;
    size_t count = 0;
    (void)state;
    dbk_id id = add("contact", TEXTS("method=phone", "next_contact.when=2026-12-01T10:00:00Z",
                                     "requests=Their keys"));
    read_note(&id);
    assert_rc(dbk_reading_time(&reading, &there, &ms, "next_contact.when", NULL), DBK_OK, NULL);
    assert_true(there);
    assert_rc(dbk_reading_value(&reading, &value, "requests", NULL), DBK_OK, NULL);
    for (dbk_elements e = dbk_elements_of(value); dbk_elements_next(&e, &one); count++)
        assert_true(dbk_cbor_text_of(dbk_view_member(one, "text")).len > 0);
    assert_int_equal(count, 1);
    dbk_elements none = dbk_elements_of(dbk_span_of(NULL, 0));
    assert_false(dbk_elements_next(&none, &one));
    /* Damaged bytes end the walk. */
    dbk_elements cut = dbk_elements_of(dbk_span_of(value.p, value.len - 1));
    for (count = 0; dbk_elements_next(&cut, &one);)
        count++;
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_is_said_or_held_and_a_doubt_is_none),
        cmocka_unit_test(texts_times_and_references_are_read_or_blank),
        cmocka_unit_test(a_part_of_an_object_and_the_elements_of_a_log_are_read),
    };
    return cmocka_run_group_tests(tests, make_org, drop_org);
}
