#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/practice/intelligence.h"
#include "core/practice/rules.h"
#include "core/practice/wording.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static dbk_test_org org;
static dbk_book *book;
static dbk_problems problems;

static int begin(void **state)
{
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    book = org.books[0].book;
    problems = (dbk_problems){ 0 };
    return 0;
}

static int end(void **state)
{
    (void)state;
    dbk_problems_wipe(&problems);
    dbk_test_org_drop(&org);
    return 0;
}

static bool may_go(const char *form, const char *const *fields, const char *recipient)
{
    dbk_err err = { 0 };
    dbk_note *note = NULL;
    bool may = false;
    dbk_id id = dbk_test_add(book, &org.space, form, fields);
    assert_ok(dbk_query_note(&note, book, &id, &err), &err);
    assert_ok(dbk_intelligence_may_go(&may, note, recipient, &err), &err);
    dbk_note_free(note);
    return may;
}

static void handling_c_goes_only_to_whom_its_conditions_name_2_10(void **state)
{
    const char *const *c = TEXTS("subject=x", "handling=c", "conditions=No further",
                                 "may_see:=[\"Border Force, Birmingham\",\"Ms Hall\"]");
    (void)state;
    assert_true(may_go("intel_report", c, "border  force, Birmingham"));
    assert_true(may_go("intel_report", c, "Ms Hall"));
    assert_false(may_go("intel_report", c, "Border Force"));
    assert_false(may_go("intel_report", c, "Ms Halley"));
    assert_false(may_go("intel_report", c, ""));
    assert_false(may_go("intel_report", c, NULL));
    assert_false(may_go("intel_report",
                        TEXTS("subject=x", "handling=c", "conditions=x", "may_see:=[\"Ms Hall\"]"),
                        "Border Force, Birmingham"));
}

static void handling_p_goes_and_what_is_not_graded_does_not_2_10(void **state)
{
    (void)state;
    assert_true(may_go("intel_report", TEXTS("subject=x", "handling=p"), "Ms Hall"));
    assert_true(may_go("intel_report", TEXTS("subject=x", "handling=p"), NULL));
    assert_false(may_go("intel_report", TEXTS("subject=x"), "Ms Hall"));
    assert_false(may_go("intel_report", TEXTS("subject=x", "handling=not_known"), "Ms Hall"));
    assert_true(may_go("contact", TEXTS("method=visit"), NULL));
}

static void an_intervention_follows_its_grade_2_10(void **state)
{
    (void)state;
    assert_true(may_go("intervention", TEXTS("selection_basis=whole_flight"), NULL));
    assert_false(may_go("intervention", TEXTS("selection_basis=intelligence_led"), "Ms Hall"));
    assert_false(may_go("intervention",
                        TEXTS("selection_basis=referral",
                              "grade:={\"source\":\"s1\",\"information\":\"a\",\"handling\":\"c\","
                              "\"conditions\":\"x\"}"),
                        "Ms Hall"));
    assert_true(may_go("intervention",
                       TEXTS("selection_basis=referral", "grade_may_see:=[\"Ms Hall\"]",
                             "grade:={\"source\":\"s1\",\"information\":\"a\",\"handling\":\"c\","
                             "\"conditions\":\"x\"}"),
                       "Ms Hall"));
}

static void a_source_goes_to_nobody_who_is_named_2_10(void **state)
{
    (void)state;
    assert_false(may_go("source", TEXTS("reference=S1"), "Ms Hall"));
    assert_true(may_go("source", TEXTS("reference=S1"), NULL));
}

static dbk_rc add(const char *form, const char *const *fields)
{
    dbk_id id;
    dbk_problems_wipe(&problems);
    problems = (dbk_problems){ 0 };
    dbk_journal_heed(book, dbk_rules_judge);
    return dbk_test_try_add(book, &id, &problems, &org.space, form, fields);
}

static void a_source_is_refused_where_everybody_reads_it_2_10(void **state)
{
    (void)state;
    assert_rc(add("source", TEXTS("reference=S1")), DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "reference", "restricted space of its own"));
    assert_rc(add("source", TEXTS("note=x")), DBK_INVALID, NULL);
}

static void a_report_does_not_lie_beside_its_source_2_10(void **state)
{
    char ref[DBK_TEST_REF_SIZE];
    (void)state;
    dbk_id source = dbk_test_add(book, &org.space, "source", TEXTS("reference=S1"));
    dbk_id apart = dbk_test_org_space(&org, "Sources");
    dbk_test_ref(ref, "source", &source);
    assert_rc(add("intel_report", TEXTS("subject=x", ref)), DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "source", "same space as this report"));
    dbk_journal_heed(book, NULL);
    source = dbk_test_add(book, &apart, "source", TEXTS("reference=S1"));
    dbk_test_ref(ref, "source", &source);
    assert_rc(add("intel_report", TEXTS("subject=x", ref)), DBK_OK, NULL);
}

static void handing_over_outside_of_the_conditions_is_refused_2_10(void **state)
{
    (void)state;
    const char *to_hall = "submitted:={\"to\":\"Ms Hall\",\"at\":\"2026-11-24T10:00:00Z\"}";
    const char *only = "may_see:=[\"Border Force\"]";
    assert_rc(add("intel_report", TEXTS("subject=x", "handling=c", "conditions=x", only, to_hall)),
              DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "submitted[0].to", "don't name \"Ms Hall\""));
    assert_rc(add("intel_report", TEXTS("subject=x", to_hall)), DBK_INVALID, NULL);
    assert_rc(add("intel_report", TEXTS("subject=x", "handling=p", to_hall)), DBK_OK, NULL);
    assert_rc(add("intel_report", TEXTS("subject=x", "handling=c", "conditions=x",
                                        "may_see:=[\"ms hall\"]", to_hall)),
              DBK_OK, NULL);
}

static void words_are_the_same_whatever_their_spaces_and_case(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        { "Ms Hall", " ms\n hall ", true },
        { "Ms Hall", "MsHall", false },
        { "", "  ", true },
        { "Hall", "Hall Ms", false },
        { "a b", "a  b", true },
        { "a b c", "a b d", false },
        { "a", "a b", false },
        { "x y z w", "x y z w", true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (dbk_wording_same(dbk_span_str(cases[i].a), dbk_span_str(cases[i].b)) != cases[i].same)
            fail_msg("\"%s\" and \"%s\"", cases[i].a, cases[i].b);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(handling_c_goes_only_to_whom_its_conditions_name_2_10),
        TEST(handling_p_goes_and_what_is_not_graded_does_not_2_10),
        TEST(an_intervention_follows_its_grade_2_10),
        TEST(a_source_goes_to_nobody_who_is_named_2_10),
        TEST(a_source_is_refused_where_everybody_reads_it_2_10),
        TEST(a_report_does_not_lie_beside_its_source_2_10),
        TEST(handing_over_outside_of_the_conditions_is_refused_2_10),
        TEST(words_are_the_same_whatever_their_spaces_and_case),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
