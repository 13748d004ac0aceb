/* Persons who may be the same: B39, B77 (repeat victims), never by where they come from. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/practice/match.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static dbk_test_org org;

static int make_org(void **state)
{
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_test_org_drop(&org);
    return 0;
}

static dbk_id add(const char *const *fields)
{
    return dbk_test_add(org.books[0].book, &org.space, "person", fields);
}

/* An entry of one of a person's logs. */
static void enter(const dbk_id *person, const char *field, const char *entry)
{
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    struct json_t *json = NULL;
    assert_ok(dbk_json_parse(&json, dbk_span_str(entry), &err), &err);
    const dbk_input input = { DBK_INPUT_ADD, field, NULL, json };
    const dbk_edit edit = { *person, &input, 1, NULL };
    assert_ok(dbk_journal_edit(org.books[0].book, &problems, &edit, &err), &err);
    dbk_json_free(json);
    dbk_problems_wipe(&problems);
}

static size_t find(dbk_match out[DBK_MATCH_FOUND_MAX], const dbk_id *person)
{
    dbk_err err = { 0 };
    size_t count = 0;
    assert_ok(dbk_match_find(org.books[0].book, out, &count, person, &err), &err);
    return count;
}

/* Each pair in a space of its own would be slow: what must not match has other names. */
static void names_of_many_cultures_meet_with_a_day_of_birth(void **state)
{
    static const struct {
        const char *one, *other;
    } cases[] = {
        { "name=Mohammed Al-Hussain", "name=Hussein Muhammad" },
        { "name=\xd9\x85\xd8\xad\xd9\x85\xd8\xaf \xd8\xad\xd8\xb3\xd9\x8a\xd9\x86",
          "name=Mohamed Hussain" },
        { "name=F\xc3\xa1tima \xc3\x96zt\xc3\xbcrk", "name=OZTURK Fatma" },
        { "name=\xd0\x9d\xd0\xb0\xd1\x82\xd0\xb0\xd0\xbb\xd1\x8c\xd1\x8f "
          "\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd\xd0\xbe\xd0\xb2\xd0\xb0",
          "name=Natalia Ivanova" },
        { "name=Priya Chaudhry", "name=Choudhary, Priya" },
        { "name=Ahmed Yusuf", "name=Ahmet Youssef" },
    };
    dbk_match found[DBK_MATCH_FOUND_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char dob[32];
        (void)snprintf(dob, sizeof(dob), "dob=19%02zu-03-1%zu", 50 + 5 * i, i);
        dbk_id one = add(TEXTS(cases[i].one, dob));
        dbk_id other = add(TEXTS(cases[i].other, dob));
        if (find(found, &other) != 1 || !dbk_id_equal(&found[0].record, &one))
            fail_msg("%s isn't found by %s", cases[i].one, cases[i].other);
        assert_in_range(found[0].score, DBK_MATCH_SUGGEST, 70);
        assert_int_equal(found[0].parts[DBK_MATCH_BIRTH].how, DBK_MATCH_SAME);
        assert_int_equal(found[0].parts[DBK_MATCH_BIRTH].points, 30);
    }
}

static void the_parts_explain_the_score_and_nothing_else_counts(void **state)
{
    dbk_match found[DBK_MATCH_FOUND_MAX];
    int sum = 0;
    (void)state;
    dbk_id one = add(TEXTS("name=Joan Marsh", "dob=1961-04-05", "nationality=gb"));
    dbk_id other = add(TEXTS("name=Joan Marsh", "dob=1961-05-04", "nationality=fr"));
    enter(&one, "phones", "{\"value\":\"07700 900123\",\"safe\":\"yes\"}");
    enter(&other, "phones", "{\"value\":\"+44 7700 900123\",\"safe\":\"no\"}");
    enter(&one, "addresses", "{\"value\":\"1 High Street, B15 2TT\",\"safe\":\"yes\"}");
    enter(&other, "addresses", "{\"value\":\"High St b152tt\",\"safe\":\"yes\"}");
    assert_int_equal(find(found, &other), 1);
    assert_true(dbk_id_equal(&found[0].record, &one));
    assert_int_equal(found[0].parts[DBK_MATCH_NAME].how, DBK_MATCH_SAME);
    assert_int_equal(found[0].parts[DBK_MATCH_BIRTH].how, DBK_MATCH_NEAR); /* exchanged */
    assert_int_equal(found[0].parts[DBK_MATCH_PHONE].how, DBK_MATCH_SAME);
    assert_int_equal(found[0].parts[DBK_MATCH_POSTCODE].how, DBK_MATCH_SAME);
    assert_int_equal(found[0].parts[DBK_MATCH_EMAIL].how, DBK_MATCH_BLANK);
    for (size_t i = 0; i < DBK_MATCH_PARTS; i++)
        sum += found[0].parts[i].points;
    assert_int_equal(found[0].score, sum); /* another nationality took nothing away */
}

static void a_name_alone_another_year_or_a_country_suggests_nobody(void **state)
{
    dbk_match found[DBK_MATCH_FOUND_MAX];
    (void)state;
    (void)add(TEXTS("name=Peter Lane", "dob=1980-06-07", "nationality=in",
                    "ethnicity_self_defined=not_known"));
    dbk_id alone = add(TEXTS("name=Peter Lane"));
    assert_int_equal(find(found, &alone), 0);
    dbk_id year = add(TEXTS("name=Peter Lane", "dob=1955-01-09"));
    assert_int_equal(find(found, &year), 0);
    dbk_id country = add(TEXTS("name=Ravi Kumar", "dob=1993-12-12", "nationality=in"));
    assert_int_equal(find(found, &country), 0);
}

static void link(const dbk_id *a, const dbk_id *b, const char *how)
{
    char entry[160], uuid[DBK_ID_UUID_SIZE];
    dbk_id holder = dbk_match_holder(a, b);
    dbk_id_uuid(uuid, dbk_id_equal(&holder, a) ? b : a);
    (void)snprintf(entry, sizeof(entry), "{\"person\":\"%s\",\"link\":\"%s\"}", uuid, how);
    enter(&holder, "linked_persons", entry);
}

static size_t linked(dbk_id out[8], const dbk_id *person)
{
    dbk_err err = { 0 };
    size_t count = 0;
    assert_ok(dbk_match_linked(org.books[0].book, out, &count, 8, person, &err), &err);
    return count;
}

static void a_link_is_told_from_both_sides_and_can_be_taken_back(void **state)
{
    dbk_match found[DBK_MATCH_FOUND_MAX];
    dbk_id ids[8];
    (void)state;
    dbk_id a = add(TEXTS("name=Ruth Fenn", "dob=1971-02-03"));
    dbk_id b = add(TEXTS("name=Ruth Fenn", "dob=1971-02-03"));
    dbk_id c = add(TEXTS("name=Rut Fenn", "dob=1971-02-03"));
    assert_int_equal(find(found, &a), 2);
    link(&a, &b, "confirmed");
    link(&b, &c, "confirmed");
    assert_int_equal(linked(ids, &a), 2); /* the old id tells of all, also over another */
    assert_int_equal(linked(ids, &c), 2);
    assert_int_equal(find(found, &b), 0); /* decided: not suggested again */
    link(&c, &b, "rejected");
    assert_int_equal(linked(ids, &a), 1);
    assert_true(dbk_id_equal(&ids[0], &b));
    assert_int_equal(linked(ids, &c), 0);
    assert_int_equal(find(found, &b), 0);
    dbk_test_edit(org.books[0].book, &a, TEXTS("name=Ruth Fenn-Lane")); /* both records stay */
    assert_string_equal(dbk_test_text(org.books[0].book, &b, "name"), "Ruth Fenn");
}

static void repeats_are_counted_over_linked_records_up_to_a_day(void **state)
{
    char role[3][160], uuid[DBK_ID_UUID_SIZE];
    dbk_err err = { 0 };
    dbk_id cases[8], people[2];
    size_t count = 0;
    (void)state;
    static const char *const days[] = { "2025-01-10", "2026-02-10", "2026-09-10" };
    for (size_t i = 0; i < 3; i++) {
        dbk_id one = dbk_test_add(org.books[0].book, &org.space, "case", TEXTS("summary=x"));
        dbk_id_uuid(uuid, &one);
        (void)snprintf(role[i], sizeof(role[i]),
                       "{\"role\":\"victim\",\"case\":\"%s\",\"from\":\"%s\"}", uuid, days[i]);
    }
    people[0] = add(TEXTS("name=Dalia Heath"));
    people[1] = add(TEXTS("name=Dalia Heath"));
    for (size_t i = 0; i < 3; i++)
        enter(&people[i % 2], "role_in_case", role[i]);
    dbk_book *book = org.books[0].book;
    assert_ok(dbk_match_cases(book, cases, &count, 8, &people[1], "2026-12-31", &err), &err);
    assert_int_equal(count, 1);
    link(&people[0], &people[1], "confirmed");
    assert_ok(dbk_match_cases(book, cases, &count, 8, &people[1], "2026-12-31", &err), &err);
    assert_int_equal(count, 3);
    assert_ok(dbk_match_cases(book, cases, &count, 8, &people[1], "2026-02-10", &err), &err);
    assert_int_equal(count, 2);
    assert_ok(dbk_match_cases(book, cases, &count, 8, &people[1], "2024-12-31", &err), &err);
    assert_int_equal(count, 0);
}

static void a_changed_record_is_found_by_what_it_says_now(void **state)
{
    dbk_match found[DBK_MATCH_FOUND_MAX];
    (void)state;
    dbk_id one = add(TEXTS("name=Olga Novak", "dob=1944-10-11"));
    dbk_id other = add(TEXTS("name=Olga Novak", "dob=1944-10-11"));
    assert_int_equal(find(found, &other), 1);
    dbk_test_edit(org.books[0].book, &one, TEXTS("name=Irina Petrova", "dob=1990-01-02"));
    assert_int_equal(find(found, &other), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_of_many_cultures_meet_with_a_day_of_birth, make_org,
                                        drop_org),
        cmocka_unit_test_setup_teardown(the_parts_explain_the_score_and_nothing_else_counts,
                                        make_org, drop_org),
        cmocka_unit_test_setup_teardown(a_name_alone_another_year_or_a_country_suggests_nobody,
                                        make_org, drop_org),
        cmocka_unit_test_setup_teardown(a_link_is_told_from_both_sides_and_can_be_taken_back,
                                        make_org, drop_org),
        cmocka_unit_test_setup_teardown(repeats_are_counted_over_linked_records_up_to_a_day,
                                        make_org, drop_org),
        cmocka_unit_test_setup_teardown(a_changed_record_is_found_by_what_it_says_now, make_org,
                                        drop_org),
    };
    return cmocka_run_group_tests_name("B39, B77: persons who may be the same", tests, NULL, NULL);
}
