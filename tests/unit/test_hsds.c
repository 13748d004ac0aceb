/* HSDS 3.0, as Open Referral UK publishes services: read strictly, written so that it is read
 * again for the same. */
#include "tests/lib/test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/practice/hsds.h"
#include "tests/lib/org.h"

#define ID "ac148810-d857-441c-9679-408f346de14b"

static dbk_test_org org;
static const dbk_form *form;

static int make_org(void **state)
{
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    form = dbk_forms_find(dbk_book_forms(org.books[0].book), dbk_span_str("service"), 0);
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_test_org_drop(&org);
    return 0;
}

static const char sample[] =
    "{\"total_pages\":1,\"contents\":[{\"id\":\"" ID "\",\"name\":\"Roshni\",\"status\":\"active\","
    "\"organization\":{\"id\":\"d9d5e0f5-d3ce-4f73-9a2f-4dd0ecc6c610\",\"name\":\"Roshni Trust\","
    "\"description\":\"A charity\"},\"minimum_age\":16,\"maximum_age\":60,"
    "\"assured_date\":\"2026-11-01\",\"assurer_email\":\"desk@example.org\","
    "\"wait_time\":\"6 weeks\",\"alert\":\"New number\",\"licenses\":\"none\","
    "\"phones\":[{\"id\":\"ac148810-d857-441c-9679-408f346de14c\",\"number\":\"0800 953 9777\","
    "\"description\":\"Day and night\"}],"
    "\"languages\":[{\"id\":\"ac148810-d857-441c-9679-408f346de14d\",\"code\":\"ur\"},"
    "{\"id\":\"ac148810-d857-441c-9679-408f346de14e\",\"name\":\"Punjabi\"}],"
    "\"schedules\":[{\"byday\":\"MO,TU\",\"opens_at\":\"09:00:00\",\"closes_at\":\"17:00:00\"}],"
    "\"service_areas\":[{\"name\":\"Greater Dudley\",\"uri\":\"http://x/E08000027\"},"
    "{\"name\":\"Walsall\"},{\"name\":\"Wales\"}],"
    "\"service_at_locations\":[{\"location\":{\"location_type\":\"physical\",\"latitude\":52.5,"
    "\"longitude\":-2.125,\"addresses\":[{\"address_1\":\"1 High Street\",\"city\":\"Dudley\","
    "\"state_province\":\"\",\"postal_code\":\"DY1 1AA\",\"country\":\"GB\","
    "\"address_type\":\"physical\"}]}}],"
    "\"attributes\":[{\"taxonomy_term\":{\"name\":\"Forced marriage\",\"description\":\"x\"}},"
    "{\"taxonomy_term\":{\"taxonomy\":\"daybook:field\",\"code\":\"recipient_key\"},"
    "\"value\":\"stolen\"},{\"taxonomy_term\":{\"taxonomy\":\"daybook:categories\","
    "\"code\":\"idva\"}}]}]}";

static dbk_hsds read_ok(const char *text)
{
    dbk_hsds h;
    dbk_problems problems = { 0 };
    dbk_err err = { 0 };
    dbk_rc rc = dbk_hsds_read(&h, &problems, form, dbk_span_str(text), &err);
    for (size_t i = 0; i < problems.count; i++)
        print_message("%s\n", problems.rows[i].text);
    assert_ok(rc, &err);
    dbk_problems_wipe(&problems);
    return h;
}

static const char *text_of(const dbk_hsds *h, const char *field)
{
    static char out[512];
    char *text = json_dumps(json_object_get(h->services[0].fields, field),
                            JSON_ENCODE_ANY | JSON_COMPACT);
    (void)snprintf(out, sizeof(out), "%s", text == NULL ? "(blank)" : text);
    free(text);
    return out;
}

static bool left_out(const dbk_hsds *h, const char *path)
{
    for (size_t i = 0; i < h->left_out_count; i++)
        if (strcmp(h->left_out[i].path, path) == 0)
            return true;
    return false;
}

static void a_page_is_read_field_by_field_and_what_has_no_place_is_named_B18(void **state)
{
    (void)state;
    dbk_hsds h = read_ok(sample);
    assert_int_equal(h.count, 1);
    assert_string_equal(text_of(&h, "organization"), "\"Roshni Trust\"");
    assert_string_equal(text_of(&h, "languages"), "[\"Urdu\",\"Punjabi\"]");
    assert_string_equal(text_of(&h, "la_areas"), "[\"dudley\",\"walsall\"]");
    assert_string_equal(text_of(&h, "schedule"), "\"MO,TU 09:00-17:00\"");
    assert_string_equal(text_of(&h, "address"), "\"1 High Street\\nDudley\\nDY1 1AA\"");
    assert_string_equal(text_of(&h, "longitude"), "\"-2.125\"");
    assert_string_equal(text_of(&h, "hidden_crime"), "[\"forced_marriage\"]");
    assert_string_equal(text_of(&h, "categories"), "[\"idva\"]");
    assert_string_equal(text_of(&h, "waiting_weeks"), "6");
    assert_true(left_out(&h, "contents[].licenses"));
    assert_true(left_out(&h, "contents[].organization.description"));
    assert_true(left_out(&h, "contents[].service_areas[]: Wales"));
    /* Who publishes a file must not choose whom sealed referrals are sealed to. */
    assert_string_equal(text_of(&h, "recipient_key"), "(blank)");
    assert_true(left_out(&h, "contents[].attributes[].taxonomy_term: recipient_key"));
    dbk_hsds_wipe(&h);
}

static void assert_same_again(const dbk_hsds *h)
{
    dbk_err err = { 0 };
    json_t *object = NULL;
    assert_ok(dbk_hsds_write(&object, form, &h->services[0].id, h->services[0].fields, 1, &err),
              &err);
    char *text = json_dumps(object, 0);
    dbk_hsds again = read_ok(text);
    if (!json_equal(h->services[0].fields, again.services[0].fields))
        fail_msg("%s is read as %s", json_dumps(h->services[0].fields, 0),
                 json_dumps(again.services[0].fields, 0));
    assert_true(dbk_id_equal(&h->services[0].id, &again.services[0].id));
    free(text);
    json_decref(object);
    dbk_hsds_wipe(&again);
}

static void what_is_written_is_read_again_for_the_same_B18(void **state)
{
    (void)state;
    dbk_hsds h = read_ok(sample);
    (void)json_object_set_new(h.services[0].fields, "safe_to_post", json_string("not_known"));
    (void)json_object_set_new(h.services[0].fields, "self_referral", json_true());
    (void)json_object_set_new(h.services[0].fields, "verify_every_days", json_integer(90));
    assert_same_again(&h);
    dbk_hsds_wipe(&h);
}

static void every_fault_of_a_file_is_named_by_its_path_at_once(void **state)
{
    (void)state;
    static const char bad[] =
        "[{\"id\":\"7\",\"name\":\"A\",\"status\":\"open\",\"email\":\"nobody\","
        "\"minimum_age\":1.5,\"phones\":[{}]},{\"id\":\"" ID "\",\"status\":\"active\"}]";
    static const char *const paths[] = { "[0].id",          "[0].status",    "[0].email",
                                         "[0].minimum_age", "[0].phones[0]", "[1].name" };
    dbk_hsds h;
    dbk_problems problems = { 0 };
    dbk_err err = { 0 };
    assert_rc(dbk_hsds_read(&h, &problems, form, dbk_span_str(bad), &err), DBK_INVALID, &err);
    assert_int_equal(h.count, 0);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        bool found = false;
        for (size_t k = 0; k < problems.count && !found; k++)
            found = strcmp(problems.rows[k].field, paths[i]) == 0;
        if (!found)
            fail_msg("no problem at %s", paths[i]);
    }
    dbk_problems_wipe(&problems);
    dbk_hsds_wipe(&h);
}

static void cut_anywhere_a_file_is_refused_whole(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof(sample) - 1; len++) {
        dbk_hsds h;
        dbk_problems problems = { 0 };
        dbk_err err = { 0 };
        dbk_rc rc = dbk_hsds_read(&h, &problems, form, dbk_span_of(sample, len), &err);
        assert_int_equal(rc, DBK_FORMAT);
        assert_int_equal(h.count, 0);
        dbk_problems_wipe(&problems);
        dbk_hsds_wipe(&h);
    }
}

/* Whatever a bit makes of it: refused with what is wrong, or services that are written and read
 * again for the same. */
static void every_bit_that_is_turned_is_refused_or_read_whole(void **state)
{
    static char text[sizeof(sample)];
    size_t read = 0;
    (void)state;
    for (size_t bit = 0; bit < 8 * (sizeof(sample) - 1); bit++) {
        dbk_hsds h;
        dbk_problems problems = { 0 };
        dbk_err err = { 0 };
        memcpy(text, sample, sizeof(sample));
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        dbk_rc rc = dbk_hsds_read(&h, &problems, form, dbk_span_of(text, sizeof(sample) - 1), &err);
        assert_true(rc == DBK_OK || rc == DBK_FORMAT || rc == DBK_INVALID);
        assert_int_equal(rc == DBK_INVALID, problems.faults > 0);
        read += rc == DBK_OK ? 1 : 0;
        dbk_problems_wipe(&problems);
        if (h.count > 0)
            assert_same_again(&h);
        dbk_hsds_wipe(&h);
    }
    assert_true(read > 1000); /* letters of texts */
}

static void apply(const dbk_hsds *h, dbk_hsds_verdict want, unsigned kept)
{
    dbk_book *book = org.books[0].book;
    dbk_hsds_change change;
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    dbk_input *inputs;
    size_t count;
    dbk_id id;
    assert_ok(dbk_hsds_compare(&change, book, &h->services[0], &err), &err);
    assert_int_equal(change.verdict, want);
    assert_int_equal(change.kept, kept);
    assert_ok(dbk_inputs_from_json(&inputs, &count, change.fields, &err), &err);
    const dbk_add add = { org.space, "service", inputs, count, &h->services[0].id };
    const dbk_edit edit = { h->services[0].id, inputs, count, NULL };
    if (want == DBK_HSDS_NEW)
        assert_ok(dbk_journal_add(book, &id, &problems, &add, &err), &err);
    if (want == DBK_HSDS_CHANGED)
        assert_ok(dbk_journal_edit(book, &problems, &edit, &err), &err);
    dbk_free(inputs);
    dbk_problems_wipe(&problems);
    dbk_hsds_change_wipe(&change);
}

static void the_same_file_again_changes_nothing_and_lowers_nothing_that_protects_B18(void **state)
{
    (void)state;
    dbk_hsds h = read_ok(sample);
    dbk_book *book = org.books[0].book;
    apply(&h, DBK_HSDS_NEW, 0);
    uint64_t ops = dbk_test_own_ops(book, &org.space);
    apply(&h, DBK_HSDS_SAME, 0);
    assert_int_equal(dbk_test_own_ops(book, &org.space), ops);
    (void)json_object_set_new(h.services[0].fields, "alert", json_string("Another"));
    apply(&h, DBK_HSDS_CHANGED, 0);
    apply(&h, DBK_HSDS_SAME, 0);
    assert_string_equal(dbk_test_text(book, &h.services[0].id, "alert"), "Another");
    dbk_test_edit(book, &h.services[0].id, (const char *const[]){ "status=closed", NULL });
    apply(&h, DBK_HSDS_SAME, 1);
    assert_string_equal(dbk_test_text(book, &h.services[0].id, "status"), "Closed");
    dbk_hsds_wipe(&h);
}

/* Refuges are closed off one by one; another's directory may still tell the old address. */
static void no_file_brings_or_opens_the_place_of_a_confidential_service_B18(void **state)
{
    (void)state;
    dbk_hsds h = read_ok(sample);
    dbk_book *book = org.books[0].book;
    h.services[0].id.b[15] ^= 0xff; /* another one */
    apply(&h, DBK_HSDS_NEW, 0);
    dbk_test_edit(book, &h.services[0].id,
                  (const char *const[]){ "address_confidential=yes", NULL });
    (void)json_object_set_new(h.services[0].fields, "address", json_string("2 Elm Road"));
    (void)json_object_set_new(h.services[0].fields, "address_confidential", json_false());
    apply(&h, DBK_HSDS_SAME, 4); /* that it is confidential, and what tells where it is */
    assert_string_equal(dbk_test_text(book, &h.services[0].id, "address_confidential"), "Yes");
    dbk_hsds_wipe(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_read_field_by_field_and_what_has_no_place_is_named_B18),
        cmocka_unit_test(what_is_written_is_read_again_for_the_same_B18),
        cmocka_unit_test(every_fault_of_a_file_is_named_by_its_path_at_once),
        cmocka_unit_test(cut_anywhere_a_file_is_refused_whole),
        cmocka_unit_test(every_bit_that_is_turned_is_refused_or_read_whole),
        cmocka_unit_test(the_same_file_again_changes_nothing_and_lowers_nothing_that_protects_B18),
        cmocka_unit_test(no_file_brings_or_opens_the_place_of_a_confidential_service_B18),
    };
    return cmocka_run_group_tests(tests, make_org, drop_org);
}
