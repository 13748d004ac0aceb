#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/practice/rules.h"
#include "tests/lib/org.h"

static dbk_test_org org;
static dbk_book *book;
static dbk_problems problems;
static char lead[DBK_ID_UUID_SIZE], of_case[64];

static int make_org(void **state)
{
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    book = org.books[0].book;
    dbk_journal_heed(book, dbk_rules_judge);
    dbk_id id = dbk_test_add(book, &org.space, "officer",
                             (const char *const[]){ "name=Lee", NULL });
    dbk_id_uuid(lead, &id);
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_problems_wipe(&problems);
    dbk_test_org_drop(&org);
    return 0;
}

/* A case under version 1 of a strategy that is approved, version 2 that isn't. */
static void make_case(const char *suspect)
{
    char strategy[512], in_family[64], deputy[80];
    (void)snprintf(
        strategy, sizeof(strategy),
        "strategy:=[{\"version\":1,\"objectives\":\"x\",\"held_back\":[\"Cause of death\","
        "\"the driver's name\"],\"approved_by\":\"%s\","
        "\"approved_at\":\"2016-01-09T10:00:00Z\"},"
        "{\"version\":2,\"objectives\":\"y\",\"held_back\":[\"speed\"]}]",
        lead);
    (void)snprintf(in_family, sizeof(in_family), "suspect_in_family=%s", suspect);
    (void)snprintf(deputy, sizeof(deputy), "flo_deputy=%s", lead);
    const char *const fields[] = { "kind=homicide",
                                   "status=proposed",
                                   in_family,
                                   deputy,
                                   strategy,
                                   "happened_at=2016-01-10T10:00:00Z",
                                   "no_exit_plan_reason=Not yet",
                                   NULL };
    dbk_id id = dbk_test_add(book, &org.space, "case", fields);
    dbk_test_ref(of_case, "case_id", &id);
}

/* What comes of adding a contact; ends with NULL. */
static dbk_rc meet_with(const char *const *fields)
{
    dbk_id id;
    dbk_problems_wipe(&problems);
    problems = (dbk_problems){ 0 };
    return dbk_test_try_add(book, &id, &problems, &org.space, "contact", fields);
}
#define MEET(...)                                                                                \
    meet_with((const char *const[]){ of_case, "started_at=2016-01-15T12:00:00Z", "method=visit", \
                                     __VA_ARGS__, NULL })

static void a_topic_held_back_stops_until_the_leads_decision_is_named_FL3(void **state)
{
    (void)state;
    make_case("no");
    assert_rc(
        MEET("told:=[{\"topic\":\"funeral\"},{\"topic\":\"The CAUSE of death, provisional\"}]"),
        DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "told[1].authority",
                              "\"Cause of death\" is held back by strategy 1"));
    assert_int_equal(problems.faults, 1);
    /* A part of it is told as well as the whole. */
    assert_rc(MEET("told:=[{\"topic\":\"driver's name\"}]"), DBK_INVALID, NULL);
    assert_rc(MEET("told:=[{\"topic\":\"cause of death\",\"held_back\":\"yes\","
                   "\"authority\":\"Decision 12\"}]"),
              DBK_OK, NULL);
    assert_rc(MEET("told:=[{\"topic\":\"funeral\"}]"), DBK_OK, NULL);
    assert_int_equal(problems.faults, 0);
    /* Version 2 isn't in force: nobody approved it. */
    assert_rc(MEET("told:=[{\"topic\":\"speed\"}]"), DBK_OK, NULL);
    /* Words in an account are a hint. */
    assert_rc(MEET("told:=[{\"topic\":\"inquest\",\"detail\":\"That the cause of death waits\"}]"),
              DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "told[0].authority", "speaks of \"Cause of death\""));
    /* Without a case nothing is known. */
    of_case[0] = 'x';
    assert_rc(meet_with((const char *const[]){ "started_at=2016-01-15T12:00:00Z", "method=visit",
                                               "told:=[{\"topic\":\"cause of death\"}]", NULL }),
              DBK_OK, NULL);
}

static void with_a_suspect_in_the_family_the_list_is_shown_on_every_entry_FL5(void **state)
{
    static const char *const suspects[] = { "yes", "possible" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(suspects); i++) {
        make_case(suspects[i]);
        assert_rc(MEET("account=They asked about the car"), DBK_OK, NULL);
        assert_true(
            dbk_test_told(&problems, "told", "Held back: Cause of death; the driver's name."));
    }
    make_case("no");
    assert_rc(MEET("account=They asked about the car"), DBK_OK, NULL);
    assert_false(dbk_test_told(&problems, "told", "Held back"));
}

static void a_first_visit_without_an_assessment_in_date_is_warned_of_FL7(void **state)
{
    (void)state;
    make_case("no");
    assert_rc(MEET("purpose=first_visit,support"), DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "purpose", "no risk assessment"));
    assert_rc(MEET("purpose=support"), DBK_OK, NULL);
    assert_false(dbk_test_told(&problems, "purpose", "no risk assessment"));
    /* Of another kind, or over, it isn't one. */
    (void)dbk_test_add(book, &org.space, "risk_assessment",
                       (const char *const[]){ of_case, "kind=dash", "tool_version=1", NULL });
    (void)dbk_test_add(book, &org.space, "risk_assessment",
                       (const char *const[]){ of_case, "kind=flo_deployment", "tool_version=1",
                                              "review_on=2001-01-01", NULL });
    assert_rc(MEET("purpose=first_visit"), DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "purpose", "no risk assessment"));
    (void)dbk_test_add(book, &org.space, "risk_assessment",
                       (const char *const[]){ of_case, "kind=flo_deployment", "tool_version=1",
                                              "review_on=2999-01-01", NULL });
    assert_rc(MEET("purpose=first_visit"), DBK_OK, NULL);
    assert_false(dbk_test_told(&problems, "purpose", "no risk assessment"));
    /* That of another case doesn't count. */
    make_case("no");
    assert_rc(MEET("purpose=first_visit"), DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "purpose", "no risk assessment"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_topic_held_back_stops_until_the_leads_decision_is_named_FL3, make_org, drop_org),
        cmocka_unit_test_setup_teardown(
            with_a_suspect_in_the_family_the_list_is_shown_on_every_entry_FL5, make_org, drop_org),
        cmocka_unit_test_setup_teardown(
            a_first_visit_without_an_assessment_in_date_is_warned_of_FL7, make_org, drop_org),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
