#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "tests/lib/org.h"

static dbk_test_org org;
static dbk_book *book;
static dbk_problems problems;
static char person_of_case[64], child_of_case[64], other_case[64];

static int make_org(void **state)
{
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    book = org.books[0].book;
    dbk_journal_heed(book, dbk_referral_judge);
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_problems_wipe(&problems);
    dbk_test_org_drop(&org);
    return 0;
}

/* A case of that kind, with an adult and a child of 10. */
static void make_case(const char *const *fields)
{
    char in[64];
    const char *const adult[] = { in, "name=Ruth", "dob=1980-02-03", NULL };
    const char *const child[] = { in, "name=Tom", "dob=2006-01-01", NULL };
    dbk_id id = dbk_test_add(book, &org.space, "case", fields);
    dbk_test_ref(in, "case_id", &id);
    (void)memcpy(other_case, in, sizeof(in));
    dbk_id ruth = dbk_test_add(book, &org.space, "person", adult);
    dbk_id tom = dbk_test_add(book, &org.space, "person", child);
    dbk_test_ref(person_of_case, "person", &ruth);
    dbk_test_ref(child_of_case, "person", &tom);
}
#define CASE(...)                                                        \
    make_case((const char *const[]){ __VA_ARGS__, "status=proposed",     \
                                     "happened_at=2016-01-10T10:00:00Z", \
                                     "no_exit_plan_reason=Not yet", NULL })

/* What comes of adding a referral; ends with NULL. */
static dbk_rc refer_with(dbk_id *id, const char *const *fields)
{
    dbk_problems_wipe(&problems);
    problems = (dbk_problems){ 0 };
    return dbk_test_try_add(book, id, &problems, &org.space, "referral", fields);
}
#define REFER(...)                                                                            \
    refer_with(&(dbk_id){ { 0 } }, (const char *const[]){ "happened_at=2016-01-15T12:00:00Z", \
                                                          "la_area=walsall", __VA_ARGS__, NULL })

#define MADE "decision=referred"
#define AGREED "consent=given"

static void a_hard_rule_stops_a_referral_until_the_officer_says_why_B23(void **state)
{
    (void)state;
    CASE("kind=fatal_rtc");
    assert_rc(REFER(person_of_case, "type=victim_support", MADE, AGREED), DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "override_reason", "Brake"));
    assert_true(dbk_test_told(&problems, "override_reason", "Fatal road collision"));
    /* Spaces are no reason. */
    assert_rc(REFER(person_of_case, "type=victim_support", MADE, AGREED, "override_reason= "),
              DBK_INVALID, NULL);
    assert_rc(REFER(person_of_case, "type=victim_support", "decision=override", AGREED,
                    "override_reason=Brake has no room until May"),
              DBK_OK, NULL);
    assert_rc(REFER(person_of_case, "type=brake", MADE, AGREED), DBK_OK, NULL);
    assert_int_equal(problems.faults, 0);
    /* What isn't made isn't stopped, nor what was not asked of the rule. */
    assert_rc(REFER(person_of_case, "type=victim_support", "decision=declined",
                    "reason=Has a counsellor", "revisit_on=2016-03-01"),
              DBK_OK, NULL);
    assert_rc(REFER(person_of_case, "type=coroner", MADE, AGREED), DBK_OK, NULL);
    /* Before anything was decided it is said, and the draft saved. */
    assert_rc(REFER(person_of_case, "type=victim_support"), DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "override_reason", "Brake"));
}

static void a_graver_assessment_counts_over_what_the_referral_says_B23(void **state)
{
    char subject[80];
    (void)state;
    CASE("kind=other", "hidden_crime=domestic_abuse");
    assert_rc(REFER(person_of_case, "type=victim_support", MADE, AGREED), DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "type", "if what is not recorded yet is so"));
    assert_rc(REFER(person_of_case, "type=victim_support", MADE, AGREED, "risk_band=high"),
              DBK_INVALID, NULL);
    (void)snprintf(subject, sizeof(subject), "subject=%s", person_of_case + strlen("person="));
    (void)dbk_test_add(
        book, &org.space, "risk_assessment",
        (const char *const[]){ subject, "kind=flo_deployment", "judgement_band=high", NULL });
    assert_rc(REFER(person_of_case, "type=victim_support", MADE, AGREED, "risk_band=medium"),
              DBK_OK, NULL);
    (void)dbk_test_add(book, &org.space, "risk_assessment",
                       (const char *const[]){ subject, "kind=dash", "judgement_band=high", NULL });
    assert_rc(REFER(person_of_case, "type=victim_support", MADE, AGREED, "risk_band=medium"),
              DBK_INVALID, NULL);
    assert_rc(REFER(person_of_case, "type=idva", MADE, AGREED), DBK_OK, NULL);
}

/* 14 of 24 Yes is high, whether somebody has graded it yet or not. */
static void what_the_answers_make_counts_before_anybody_graded_it_B47(void **state)
{
    char subject[80], answers[2048] = "answers:=[";
    (void)state;
    CASE("kind=other", "hidden_crime=domestic_abuse");
    (void)snprintf(subject, sizeof(subject), "subject=%s", person_of_case + strlen("person="));
    for (unsigned i = 1; i <= 14; i++) {
        size_t len = strlen(answers);
        (void)snprintf(answers + len, sizeof(answers) - len,
                       "%s{\"key\":\"q%u\",\"answer\":\"yes\"}%s", i == 1 ? "" : ",", i,
                       i == 14 ? "]" : "");
    }
    (void)dbk_test_add(
        book, &org.space, "risk_assessment",
        (const char *const[]){ subject, "kind=dash", "tool_version=safelives_ric", answers, NULL });
    assert_rc(REFER(person_of_case, "type=victim_support", MADE, AGREED, "risk_band=medium"),
              DBK_INVALID, NULL);
}

static void consent_is_always_recorded_and_a_refusal_stops_all_but_safeguarding_B22(void **state)
{
    (void)state;
    CASE("kind=homicide");
    assert_rc(REFER(person_of_case, "type=victim_support", MADE), DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "consent", "always"));
    assert_rc(REFER(person_of_case, "type=victim_support", MADE, "consent=not_known"), DBK_INVALID,
              NULL);
    assert_rc(REFER(person_of_case, "type=victim_support", MADE, "consent=refused"), DBK_INVALID,
              NULL);
    /* A reason against a routing rule is none against a refusal. */
    assert_rc(REFER(person_of_case, "type=victim_support", "decision=override", "consent=refused",
                    "override_reason=I think she needs it"),
              DBK_INVALID, NULL);
    assert_rc(REFER(person_of_case, "type=victim_support", MADE, "consent=not_needed_safeguarding"),
              DBK_INVALID, NULL);
    assert_rc(REFER(person_of_case, "type=cru", MADE, "consent=refused"), DBK_OK, NULL);
    /* Taken back after it was sent: that is always written down. */
    assert_rc(REFER(person_of_case, "type=victim_support", MADE, "consent=refused",
                    "sent_at=2016-01-15T12:30:00Z", "package_hash=00"),
              DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "consent", "Tell the recipient"));
    /* The National Referral Mechanism asks adults, and not children (B69). */
    assert_rc(REFER(person_of_case, "type=nrm", MADE, "consent=refused"), DBK_INVALID, NULL);
    assert_rc(REFER(child_of_case, "type=nrm", MADE, "consent=refused"), DBK_OK, NULL);
}

static void advice_and_gaps_are_told_and_stop_nothing_B23(void **state)
{
    (void)state;
    CASE("kind=homicide");
    assert_rc(REFER(child_of_case, "type=victim_support", MADE, AGREED), DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "type", "gap"));
    assert_rc(REFER(person_of_case, "type=mash", MADE, AGREED), DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "type", "Central referral unit"));
    assert_rc(REFER(person_of_case, "type=cru", MADE, AGREED), DBK_OK, NULL);
    assert_int_equal(problems.count, 0);
}

static void an_edit_is_judged_as_the_record_would_be_B22(void **state)
{
    dbk_id id = { { 0 } };
    (void)state;
    CASE("kind=fatal_rtc");
    const char *const left[] = { person_of_case, "type=victim_support", "decision=info_left",
                                 "reason=Not now", NULL };
    assert_rc(refer_with(&id, left), DBK_OK, NULL);
    dbk_input inputs[] = {
        { DBK_INPUT_SET, "decision", "referred", NULL },
        { DBK_INPUT_SET, "consent", "given", NULL },
        { DBK_INPUT_SET, "override_reason", "She asked for it by name", NULL },
    };
    dbk_edit edit = { id, inputs, 2, NULL };
    assert_rc(dbk_journal_edit(book, &problems, &edit, NULL), DBK_INVALID, NULL);
    assert_string_equal(dbk_test_text(book, &id, "decision"), "Information left");
    edit.inputs_count = 3;
    assert_rc(dbk_journal_edit(book, &problems, &edit, NULL), DBK_OK, NULL);
    dbk_input blank = { DBK_INPUT_REMOVE, "override_reason", "", NULL };
    edit = (dbk_edit){ id, &blank, 1, NULL };
    assert_rc(dbk_journal_edit(book, &problems, &edit, NULL), DBK_INVALID, NULL);
    assert_string_equal(dbk_test_text(book, &id, "override_reason"), "She asked for it by name");
}

/* The event is of 10 January 2016, wherever the day of the referral lies. */
static void the_age_at_the_event_routes_at_the_second_and_the_eighteenth_birthday_A27(void **state)
{
    static const struct {
        const char *dob, *rule;
    } rows[] = {
        { "dob=2014-01-11", "Sudden unexpected death under 2" }, /* 2 on the day after */
        { "dob=2014-01-10", "Sudden unexpected death from 2" },
        { "dob=1998-01-11", "Sudden unexpected death from 2" }, /* 18 on the day after */
        { "dob=1998-01-10", "" },
    };
    (void)state;
    CASE("kind=unexplained_death");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *const fields[] = { other_case, "name=Robin", rows[i].dob, NULL };
        dbk_routes *routes = NULL;
        dbk_referral_facts facts;
        dbk_err err = { 0 };
        dbk_referral_about about = { .person = dbk_test_add(book, &org.space, "person", fields),
                                     .on = dbk_span_str("2016-06-01") };
        assert_ok(dbk_routes_new(&routes, dbk_book_forms(book), &err), &err);
        assert_ok(dbk_referral_facts_of(&facts, book, &about, &err), &err);
        const dbk_route_rule *rule = dbk_routes_ask(routes, "ppu", &facts.route).rule;
        dbk_span name = rule == NULL ? dbk_span_str("") : dbk_route_name(rule);
        assert_true(name.len >= strlen(rows[i].rule));
        assert_memory_equal(name.p, rows[i].rule, strlen(rows[i].rule));
        assert_int_equal(rule == NULL, rows[i].rule[0] == '\0');
        dbk_referral_facts_wipe(&facts);
        dbk_routes_free(routes);
    }
}

static void the_case_of_the_referral_counts_before_the_persons_own(void **state)
{
    char rtc[64];
    (void)state;
    CASE("kind=fatal_rtc");
    (void)memcpy(rtc, other_case, sizeof(rtc));
    CASE("kind=homicide");
    assert_rc(REFER(person_of_case, "type=victim_support", MADE, AGREED), DBK_OK, NULL);
    assert_rc(REFER(person_of_case, rtc, "type=victim_support", MADE, AGREED), DBK_INVALID, NULL);
    /* Nothing is known of a person who isn't held here. */
    assert_rc(
        REFER("person=018f4e2a-0000-7000-8000-000000000001", "type=victim_support", MADE, AGREED),
        DBK_OK, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hard_rule_stops_a_referral_until_the_officer_says_why_B23),
        cmocka_unit_test(a_graver_assessment_counts_over_what_the_referral_says_B23),
        cmocka_unit_test(what_the_answers_make_counts_before_anybody_graded_it_B47),
        cmocka_unit_test(consent_is_always_recorded_and_a_refusal_stops_all_but_safeguarding_B22),
        cmocka_unit_test(advice_and_gaps_are_told_and_stop_nothing_B23),
        cmocka_unit_test(an_edit_is_judged_as_the_record_would_be_B22),
        cmocka_unit_test(the_age_at_the_event_routes_at_the_second_and_the_eighteenth_birthday_A27),
        cmocka_unit_test(the_case_of_the_referral_counts_before_the_persons_own),
    };
    return cmocka_run_group_tests(tests, make_org, drop_org);
}
