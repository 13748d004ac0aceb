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

static void make_case_holding(const char *topic)
{
    char strategy[512];
    (void)snprintf(strategy, sizeof(strategy),
                   "strategy:=[{\"version\":1,\"objectives\":\"x\",\"held_back\":[\"%s\"],"
                   "\"approved_by\":\"%s\",\"approved_at\":\"2016-01-09T10:00:00Z\"}]",
                   topic, lead);
    dbk_id id = dbk_test_add(book, &org.space, "case",
                             (const char *const[]){ "kind=homicide", strategy, NULL });
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

static void a_topic_is_known_with_or_without_accents_and_in_any_case_FL3(void **state)
{
    static const struct {
        const char *held, *told;
    } rows[] = {
        { "the name of Zo\u00eb Brand\u00e9s", "ZOE BRANDES" },
        { "the name of Zoe Brandes", "The name of ZO\u00cb Brand\u00c9s, the witness" },
        { "Zoe\u0308's phone", "zo\u00eb\u2019s phone" }, /* decomposed; another apostrophe */
        { "\u0412\u0430\u0434\u0438\u043c", "Vadim" },
    };
    char told[256], long_detail[4000];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        make_case_holding(rows[i].held);
        (void)snprintf(told, sizeof(told), "told:=[{\"topic\":\"%s\"}]", rows[i].told);
        if (MEET(told) != DBK_INVALID)
            fail_msg("row %zu: \"%s\" passes", i, rows[i].told);
    }
    /* Behind many words too, of which the namer takes only the first. */
    make_case_holding("Vadim");
    size_t at = (size_t)snprintf(long_detail, sizeof(long_detail),
                                 "told:=[{\"topic\":\"inquest\",\"detail\":\"");
    while (at < 3000)
        at += (size_t)snprintf(long_detail + at, sizeof(long_detail) - at, "r\u00e9sum\u00e9 ");
    (void)snprintf(long_detail + at, sizeof(long_detail) - at, "v\u00e1dim said\"}]");
    assert_rc(MEET(long_detail), DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "told[0].authority", "speaks of \"Vadim\""));
}

static void an_entry_gets_the_version_that_was_in_force_at_the_contact_FL3(void **state)
{
    dbk_id id;
    (void)state;
    make_case("no");
    problems = (dbk_problems){ 0 };
#define ADD(...)                                                                               \
    assert_rc(                                                                                 \
        dbk_test_try_add(book, &id, &problems, &org.space, "contact",                          \
                         (const char *const[]){ of_case, "method=visit", __VA_ARGS__, NULL }), \
        DBK_OK, NULL)
    ADD("started_at=2016-01-15T12:00:00Z");
    assert_string_equal(dbk_test_text(book, &id, "strategy_version"), "1");
    /* Version 1 was approved at 10 on the 9th: before that there was none. */
    ADD("started_at=2016-01-09T09:59:00Z");
    assert_string_equal(dbk_test_text(book, &id, "strategy_version"), "");
    /* What the officer says stands; a draft that gets its time later gets the version then. */
    ADD("started_at=2016-01-15T12:00:00Z", "strategy_version=7");
    assert_string_equal(dbk_test_text(book, &id, "strategy_version"), "7");
    ADD("account=They rang");
    assert_string_equal(dbk_test_text(book, &id, "strategy_version"), "");
    dbk_test_edit(book, &id, (const char *const[]){ "started_at=2016-01-15T12:00:00Z", NULL });
    assert_string_equal(dbk_test_text(book, &id, "strategy_version"), "1");
    assert_string_equal(dbk_test_text(book, &id, "account"), "They rang");
    dbk_test_edit(book, &id, (const char *const[]){ "strategy_version-=", NULL });
    assert_string_equal(dbk_test_text(book, &id, "strategy_version"), "");
#undef ADD
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

static void a_side_that_the_case_does_not_name_is_warned_of_with_the_nearest_FL12(void **state)
{
    (void)state;
    dbk_id id = dbk_test_add(
        book, &org.space, "case",
        (const char *const[]){
            "kind=homicide",
            "family_groups:=[{\"name\":\"Joan's side\"},{\"name\":\"Kevin's side\"}]", NULL });
    dbk_test_ref(of_case, "case_id", &id);
    assert_rc(MEET("family_group=Kevins side"), DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "family_group",
                              "no \"Kevins side\"; did you mean \"Kevin's side\"?"));
    assert_rc(MEET("family_group=The neighbours"), DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "family_group", "no \"The neighbours\". An entry"));
    assert_rc(MEET("family_group=Joan's side"), DBK_OK, NULL);
    assert_false(dbk_test_told(&problems, "family_group", ""));
    /* A family that isn't split may be called anything. */
    id = dbk_test_add(book, &org.space, "case", (const char *const[]){ "kind=homicide", NULL });
    dbk_test_ref(of_case, "case_id", &id);
    assert_rc(MEET("family_group=Kevins side"), DBK_OK, NULL);
    assert_false(dbk_test_told(&problems, "family_group", ""));
}

static void add_strategy(dbk_book *by, const dbk_id *of, int version, const char *held)
{
    char text[512];
    (void)snprintf(text, sizeof(text),
                   "strategy:=[{\"version\":%d,\"objectives\":\"x\",\"held_back\":[%s],"
                   "\"approved_by\":\"%s\",\"approved_at\":\"2016-01-09T10:00:00Z\"}]",
                   version, held, lead);
    dbk_test_edit(by, of, (const char *const[]){ text, NULL });
    dbk_test_org_exchange(&org);
}

static void an_officer_lifts_nothing_by_calling_a_strategy_approved_FL3(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    (void)state;
    dbk_test_org_drop(&org);
    dbk_test_org_make(&org, roles, 1);
    book = org.books[0].book;
    dbk_book *officers = org.books[1].book;
    dbk_journal_heed(book, dbk_rules_judge);
    dbk_id id = dbk_test_add(book, &org.space, "officer",
                             (const char *const[]){ "name=Lee", NULL });
    dbk_id_uuid(lead, &id);
    make_case_holding("speed");
    id = dbk_test_add(book, &org.space, "case", (const char *const[]){ "kind=homicide", NULL });
    dbk_test_ref(of_case, "case_id", &id);
    dbk_test_org_exchange(&org);
    /* Until headquarters has said anything an officer's word holds things back, and that is all. */
    add_strategy(officers, &id, 1, "\"the phone\"");
    assert_rc(MEET("told:=[{\"topic\":\"the phone\"}]"), DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "told[0].authority", "held back by strategy 1"));
    add_strategy(book, &id, 1, "\"speed\"");
    assert_rc(MEET("told:=[{\"topic\":\"speed\"}]"), DBK_INVALID, NULL);
    assert_rc(MEET("told:=[{\"topic\":\"the phone\"}]"), DBK_OK, NULL);
    add_strategy(officers, &id, 2, "\"the witness\"");
    assert_rc(MEET("told:=[{\"topic\":\"speed\"},{\"topic\":\"the witness\"}]"), DBK_INVALID, NULL);
    assert_int_equal(problems.faults, 2);
    /* Headquarters lets go. */
    add_strategy(book, &id, 2, "\"the witness\"");
    assert_rc(MEET("told:=[{\"topic\":\"speed\"}]"), DBK_OK, NULL);
    assert_rc(MEET("told:=[{\"topic\":\"the witness\"}]"), DBK_INVALID, NULL);
}

/* Of demeanour, reluctance and needs, how many are missed. */
static size_t missed(void)
{
    return (size_t)dbk_test_told(&problems, "demeanour", "how they seemed") +
           (size_t)dbk_test_told(&problems, "reluctance_reason", "and why") +
           (size_t)dbk_test_told(&problems, "practical_needs", "what they need");
}

#define MEET_AT(hour, ...)                                                             \
    meet_with((const char *const[]){ of_case, "started_at=2016-01-15T" hour ":00:00Z", \
                                     __VA_ARGS__, NULL })

static void the_first_contact_says_how_they_were_and_what_they_need_FL13(void **state)
{
    char present[160], uuid[DBK_ID_UUID_SIZE];
    (void)state;
    make_case("no");
    assert_rc(MEET_AT("12", "method=attempted", "attempt=no_answer"), DBK_OK, NULL);
    assert_int_equal(missed(), 0); /* nobody was met */
    assert_rc(MEET_AT("13", "method=visit"), DBK_OK, NULL);
    assert_int_equal(missed(), 3);
    /* The second needs nothing more; one that was before it is the first. */
    assert_rc(MEET_AT("14", "method=visit"), DBK_OK, NULL);
    assert_int_equal(missed(), 0);
    assert_rc(MEET_AT("11", "method=visit", "demeanour:={\"observed\":\"calm\"}",
                      "reluctance_reason=none", "practical_needs=not_known"),
              DBK_OK, NULL);
    assert_int_equal(missed(), 0);
    /* The other side is met for the first time (FL-12). */
    assert_rc(MEET_AT("15", "method=visit", "family_group=Kevin's side"), DBK_OK, NULL);
    assert_int_equal(missed(), 3);
    /* Physical and communication needs stand in the person's record. */
    make_case("no");
    dbk_id joan = dbk_test_add(book, &org.space, "person",
                               (const char *const[]){ "name=Joan", "needs=hearing", NULL });
    dbk_id_uuid(uuid, &joan);
    (void)snprintf(present, sizeof(present), "present:=[{\"person\":\"%s\",\"role\":\"family\"}]",
                   uuid);
    assert_rc(MEET("reluctance_reason=none", present), DBK_OK, NULL);
    assert_int_equal(missed(), 1);
    assert_false(dbk_test_told(&problems, "practical_needs", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_topic_held_back_stops_until_the_leads_decision_is_named_FL3, make_org, drop_org),
        cmocka_unit_test_setup_teardown(
            a_topic_is_known_with_or_without_accents_and_in_any_case_FL3, make_org, drop_org),
        cmocka_unit_test_setup_teardown(
            an_entry_gets_the_version_that_was_in_force_at_the_contact_FL3, make_org, drop_org),
        cmocka_unit_test_setup_teardown(
            with_a_suspect_in_the_family_the_list_is_shown_on_every_entry_FL5, make_org, drop_org),
        cmocka_unit_test_setup_teardown(
            a_first_visit_without_an_assessment_in_date_is_warned_of_FL7, make_org, drop_org),
        cmocka_unit_test_setup_teardown(
            a_side_that_the_case_does_not_name_is_warned_of_with_the_nearest_FL12, make_org,
            drop_org),
        cmocka_unit_test_setup_teardown(
            the_first_contact_says_how_they_were_and_what_they_need_FL13, make_org, drop_org),
        cmocka_unit_test_setup_teardown(an_officer_lifts_nothing_by_calling_a_strategy_approved_FL3,
                                        make_org, drop_org),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
