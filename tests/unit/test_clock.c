#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/practice/clock.h"
#include "core/practice/rules.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define RUNS_MAX 24u

static dbk_test_org org;
static dbk_book *book;
static dbk_problems problems;
static dbk_clocks clocks;
static dbk_clock_run runs[RUNS_MAX];
static char reasons[RUNS_MAX][64];
static size_t count;

static int begin(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    book = org.books[0].book;
    problems = (dbk_problems){ 0 };
    assert_ok(dbk_clocks_init(&clocks, &err), &err);
    return 0;
}

static int end(void **state)
{
    (void)state;
    dbk_problems_wipe(&problems);
    dbk_clocks_wipe(&clocks);
    dbk_test_org_drop(&org);
    return 0;
}

static int64_t at(const char *text)
{
    dbk_err err = { 0 };
    int64_t ms = 0;
    assert_ok(dbk_moment_parse(&ms, dbk_span_str(text), &err), &err);
    return ms;
}

static dbk_rc keep(void *ctx, const dbk_clock_run *run, dbk_err *err)
{
    (void)ctx;
    (void)err;
    assert_true(count < RUNS_MAX);
    (void)snprintf(reasons[count], sizeof(reasons[0]), "%.*s", (int)run->reason.len,
                   run->reason.len > 0 ? (const char *)run->reason.p : "");
    runs[count++] = *run;
    return DBK_OK;
}

static bool none(void *ctx, const dbk_id *space)
{
    (void)ctx;
    (void)space;
    return false;
}

static void look(const char *now)
{
    const dbk_clock_opts opts = { .now_ms = at(now) };
    dbk_err err = { 0 };
    count = 0;
    assert_ok(dbk_clocks_each(&clocks, book, &opts, keep, NULL, &err), &err);
}

static const dbk_clock_run *only(const char *code)
{
    assert_int_equal(count, 1);
    assert_string_equal(runs[0].clock->code, code);
    return &runs[0];
}

/* ---- reports of FGM -------------------------------------------------------------------------- */

static dbk_rc report(const char *const *fields)
{
    dbk_id id;
    dbk_problems_wipe(&problems);
    problems = (dbk_problems){ 0 };
    dbk_journal_heed(book, dbk_rules_judge);
    return dbk_test_try_add(book, &id, &problems, &org.space, "fgm_report", fields);
}

static void a_parents_word_makes_no_duty_to_report_2_3(void **state)
{
    (void)state;
    assert_rc(report(TEXTS("mandatory=yes", "known_from=parent")), DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "mandatory", "a parent or somebody else"));
    assert_rc(report(TEXTS("mandatory=yes", "known_from=other")), DBK_INVALID, NULL);
    assert_rc(report(TEXTS("mandatory=no", "known_from=parent")), DBK_OK, NULL);
    assert_int_equal(problems.count, 0);
    assert_rc(report(TEXTS("mandatory=yes", "known_from=girl")), DBK_OK, NULL);
    assert_rc(report(TEXTS("mandatory=yes", "known_from=signs")), DBK_OK, NULL);
}

/* Two officers, each of whom was right for what they saw: one answer or the other stands, no mix.
 */
static void concurrent_answers_never_make_a_duty_of_a_parents_word_2_3(void **state)
{
    dbk_test_org_drop(&org);
    dbk_test_org_make(&org, (const dbk_role[]){ DBK_ROLE_OFFICER }, 1);
    (void)state;
    book = org.books[0].book;
    dbk_id id = dbk_test_add(book, &org.space, "fgm_report",
                             TEXTS("identified_at=2026-11-24T10:00:00Z"));
    dbk_test_org_exchange(&org);
    dbk_test_edit(org.books[0].book, &id, TEXTS("mandatory=yes", "known_from=girl"));
    dbk_test_edit(org.books[1].book, &id, TEXTS("mandatory=no", "known_from=parent"));
    dbk_test_org_exchange(&org);
    bool yes = strcmp(dbk_test_text(book, &id, "mandatory"), "Yes") == 0;
    assert_string_equal(dbk_test_text(book, &id, "known_from"),
                        yes ? "The girl herself" : "A parent");
    assert_true(dbk_test_attention(book, &id).asks > 0);
}

static void only_a_girl_under_18_at_the_time_makes_a_duty_2_3(void **state)
{
    static const struct {
        const char *why, *dob, *precision, *identified;
        dbk_rc want;
        bool warned;
    } cases[] = {
        { "the day before her 18th birthday", "dob=2008-11-25", "dob_precision=day",
          "identified_at=2026-11-24T10:00:00Z", DBK_OK, false },
        { "on it", "dob=2008-11-24", "dob_precision=day", "identified_at=2026-11-24T10:00:00Z",
          DBK_INVALID, false },
        { "on it by the clock here, not yet by Greenwich", "dob=2008-06-02", "dob_precision=day",
          "identified_at=2026-06-02T00:30:00+01:00", DBK_INVALID, false },
        { "born on 29 February, on 28 February", "dob=2008-02-29", "dob_precision=day",
          "identified_at=2026-02-28T10:00:00Z", DBK_OK, false },
        { "and on 1 March", "dob=2008-02-29", "dob_precision=day",
          "identified_at=2026-03-01T10:00:00Z", DBK_INVALID, false },
        { "a year that isn't exact", "dob=2008-01-01", "dob_precision=year",
          "identified_at=2026-11-24T10:00:00Z", DBK_OK, true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char subject[DBK_TEST_REF_SIZE];
        dbk_id girl = dbk_test_add(book, &org.space, "person",
                                   TEXTS("name=A", cases[i].dob, cases[i].precision));
        dbk_test_ref(subject, "subject", &girl);
        dbk_rc rc = report(TEXTS("mandatory=yes", "known_from=girl", cases[i].identified, subject));
        bool warned = dbk_test_told(&problems, "mandatory", "may have been 18");
        if (rc != cases[i].want || warned != cases[i].warned)
            fail_msg("%s: got %d, warned %d", cases[i].why, (int)rc, warned);
    }
}

static void a_late_report_is_asked_why(void **state)
{
    (void)state;
    assert_rc(report(TEXTS("mandatory=yes", "known_from=girl", "identified_at=2026-12-24T15:00:00Z",
                           "reported_at=2026-12-29T22:00:00Z")),
              DBK_OK, NULL);
    assert_false(dbk_test_told(&problems, "late_reason", "after the next working day"));
    assert_rc(report(TEXTS("mandatory=yes", "known_from=girl", "identified_at=2026-12-24T15:00:00Z",
                           "reported_at=2026-12-30T09:00:00Z")),
              DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "late_reason", "after the next working day"));
}

static void a_report_is_due_by_the_end_of_the_next_working_day_2_3(void **state)
{
    (void)state;
    (void)dbk_test_add(book, &org.space, "fgm_report",
                       TEXTS("mandatory=yes", "known_from=girl", "late_reason=the school was shut",
                             "identified_at=2026-12-24T15:00:00Z",
                             "reported_at=2026-12-30T09:00:00Z"));
    look("2027-01-04T10:00:00Z");
    assert_int_equal(only("fgm_report")->state, DBK_CLOCK_LATE);
    assert_true(runs[0].due_ms == at("2026-12-29T23:59:59.999Z"));
    assert_string_equal(reasons[0], "the school was shut");
    assert_true(runs[0].vouched);
}

/* Written by an earlier version, or merged from elsewhere: it isn't counted as a duty. */
static void no_clock_runs_on_a_parents_word_2_3(void **state)
{
    (void)state;
    (void)dbk_test_add(
        book, &org.space, "fgm_report",
        TEXTS("mandatory=yes", "known_from=parent", "identified_at=2026-12-24T15:00:00Z"));
    look("2027-01-04T10:00:00Z");
    assert_int_equal(count, 0);
}

/* ---- victims --------------------------------------------------------------------------------- */

static dbk_id family(const char *reported, const char *rights)
{
    char of_case[DBK_TEST_REF_SIZE];
    dbk_id case_id = dbk_test_add(book, &org.space, "case", TEXTS("kind=homicide", reported));
    dbk_test_ref(of_case, "case_id", &case_id);
    return dbk_test_add(
        book, &org.space, "person",
        TEXTS("name=Joan", of_case, rights, "role_in_case:={\"role\":\"close_relative\"}"));
}

static void add_referral(const dbk_id *person, const char *const *more)
{
    char ref[DBK_TEST_REF_SIZE];
    dbk_test_ref(ref, "person", person);
    (void)dbk_test_add(book, &org.space, "referral",
                       TEXTS(ref, more[0], more[1], more[2], more[3]));
}

static void a_victim_is_referred_to_support_within_two_working_days_2_12(void **state)
{
    (void)state;
    dbk_id joan = family("reported_at=2026-11-27T10:00:00Z", "sex=female");
    look("2026-12-01T20:00:00Z");
    assert_int_equal(only("referral")->state, DBK_CLOCK_RUNNING);
    assert_false(runs[0].clock->verified);
    assert_true(runs[0].due_ms == at("2026-12-01T23:59:59.999Z"));
    look("2026-12-02T00:00:00Z");
    assert_int_equal(only("referral")->state, DBK_CLOCK_OVERDUE);
    add_referral(&joan, TEXTS("type=victim_support", "decision=not_appropriate", "reason=no need",
                              "happened_at=2026-11-28T10:00:00Z"));
    look("2026-12-02T00:00:00Z");
    assert_int_equal(only("referral")->state, DBK_CLOCK_OVERDUE);
    assert_string_equal(reasons[0], "no need");
    add_referral(&joan, TEXTS("type=mash", "decision=referred", "sent_at=2026-11-28T10:00:00Z",
                              "happened_at=2026-11-28T10:00:00Z"));
    look("2026-12-02T00:00:00Z");
    assert_int_equal(only("referral")->state, DBK_CLOCK_OVERDUE);
    add_referral(&joan, TEXTS("type=brake", "decision=referred", "sent_at=2026-12-03T10:00:00Z",
                              "late_reason=abroad"));
    look("2026-12-04T00:00:00Z");
    assert_int_equal(only("referral")->state, DBK_CLOCK_LATE);
    assert_string_equal(reasons[0], "abroad");
    add_referral(&joan, TEXTS("type=victim_support", "decision=info_left", "reason=x",
                              "happened_at=2026-11-28T10:00:00Z"));
    look("2026-12-04T00:00:00Z");
    assert_int_equal(only("referral")->state, DBK_CLOCK_IN_TIME);
}

/* Also where only what runs is asked for, which looks for cases and not for persons. */
static void who_is_still_in_a_withdrawn_case_keeps_their_time_limits_2_12(void **state)
{
    dbk_err err = { 0 };
    const dbk_clock_opts running = { .now_ms = at("2026-12-02T00:00:00Z"), .running_only = true };
    (void)state;
    (void)family("reported_at=2026-11-27T10:00:00Z", "sex=female");
    look("2026-12-02T00:00:00Z");
    dbk_id case_id = only("referral")->case_id;
    assert_ok(dbk_journal_withdraw(book, &case_id, "made twice", &err), &err);
    look("2026-12-02T00:00:00Z");
    assert_int_equal(only("referral")->state, DBK_CLOCK_OVERDUE);
    count = 0;
    assert_ok(dbk_clocks_each(&clocks, book, &running, keep, NULL, &err), &err);
    assert_int_equal(only("referral")->state, DBK_CLOCK_OVERDUE);
}

static void a_case_that_doesnt_say_when_it_was_reported_is_told_as_unknown_2_12(void **state)
{
    (void)state;
    (void)family("la_area=walsall", "sex=female");
    look("2026-12-04T00:00:00Z");
    assert_int_equal(only("referral")->state, DBK_CLOCK_UNKNOWN);
    assert_int_equal(runs[0].due_ms, 0);
}

static void what_was_reported_before_the_code_has_no_clock_2_12(void **state)
{
    (void)state;
    (void)family("reported_at=2021-03-31T10:00:00Z", "sex=female");
    look("2026-12-04T00:00:00Z");
    assert_int_equal(count, 0);
}

static const dbk_clock_run *update_of(const dbk_id *person)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(runs[i].clock->code, "update") == 0 && dbk_id_equal(&runs[i].person, person))
            return &runs[i];
    fail_msg("no such clock");
    return NULL;
}

static void
a_key_decision_is_told_within_1_working_day_or_5_without_enhanced_rights_2_12(void **state)
{
    char text[256], a[DBK_ID_UUID_SIZE], b[DBK_ID_UUID_SIZE];
    (void)state;
    dbk_id joan = family("la_area=walsall", "enhanced_rights=not_known");
    dbk_id peter = family("la_area=walsall", "enhanced_rights=no");
    dbk_id_uuid(a, &joan);
    dbk_id_uuid(b, &peter);
    (void)snprintf(text, sizeof(text), "victims=%s,%s", a, b);
    dbk_id id = dbk_test_add(book, &org.space, "key_decision",
                             TEXTS("kind=charge", "decided_at=2026-11-26T10:00:00Z", text));
    look("2026-11-30T10:00:00Z");
    assert_int_equal(update_of(&joan)->state, DBK_CLOCK_OVERDUE);
    assert_true(update_of(&joan)->due_ms == at("2026-11-27T23:59:59.999Z"));
    assert_int_equal(update_of(&peter)->state, DBK_CLOCK_RUNNING);
    assert_true(update_of(&peter)->due_ms == at("2026-12-03T23:59:59.999Z"));
    (void)snprintf(text, sizeof(text), "not_told:={\"person\":\"%s\",\"reason\":\"in hospital\"}",
                   a);
    dbk_test_edit(book, &id, TEXTS(text));
    look("2026-11-30T10:00:00Z");
    assert_int_equal(update_of(&joan)->state, DBK_CLOCK_OVERDUE);
    assert_string_equal(reasons[update_of(&joan) - runs], "in hospital");
    (void)snprintf(text, sizeof(text),
                   "notified:={\"person\":\"%s\",\"at\":\"2026-11-28T10:00:00Z\","
                   "\"answer\":\"told\"}",
                   a);
    dbk_test_edit(book, &id, TEXTS(text));
    look("2026-11-30T10:00:00Z");
    assert_int_equal(update_of(&joan)->state, DBK_CLOCK_LATE);
    assert_string_equal(reasons[update_of(&joan) - runs], "in hospital");
    assert_int_equal(update_of(&peter)->state, DBK_CLOCK_RUNNING);
}

static void what_may_not_be_shown_neither_counts_nor_stops(void **state)
{
    const dbk_clock_opts opts = { .now_ms = at("2026-12-02T00:00:00Z"), .shows = none };
    dbk_err err = { 0 };
    (void)state;
    (void)family("reported_at=2026-11-27T10:00:00Z", "sex=female");
    (void)dbk_test_add(
        book, &org.space, "fgm_report",
        TEXTS("mandatory=yes", "known_from=girl", "identified_at=2026-12-24T15:00:00Z"));
    count = 0;
    assert_ok(dbk_clocks_each(&clocks, book, &opts, keep, NULL, &err), &err);
    assert_int_equal(count, 0);
}

static bool elsewhere_is_closed(void *ctx, const dbk_id *space)
{
    return !dbk_id_equal(ctx, space);
}

/* A case, or a person, in a compartment: neither its times nor its answers show outside (P3). */
static void what_lies_in_a_compartment_is_not_told_through_what_refers_to_it_P3(void **state)
{
    dbk_id closed = dbk_test_org_space(&org, "Closed");
    const dbk_clock_opts opts = { .now_ms = at("2026-11-30T10:00:00Z"),
                                  .shows = elsewhere_is_closed,
                                  .ctx = &closed };
    char ref[DBK_TEST_REF_SIZE];
    dbk_err err = { 0 };
    (void)state;
    dbk_id case_id = dbk_test_add(book, &closed, "case",
                                  TEXTS("kind=other", "reported_at=2026-11-26T10:00:00Z"));
    dbk_test_ref(ref, "case_id", &case_id);
    (void)dbk_test_add(book, &org.space, "person",
                       TEXTS("name=Joan", ref, "role_in_case:={\"role\":\"victim\"}"));
    count = 0;
    assert_ok(dbk_clocks_each(&clocks, book, &opts, keep, NULL, &err), &err);
    assert_int_equal(count, 0);
    dbk_id person = dbk_test_add(book, &closed, "person", TEXTS("name=A", "enhanced_rights=no"));
    dbk_test_ref(ref, "victims", &person);
    (void)dbk_test_add(book, &org.space, "key_decision",
                       TEXTS("kind=charge", "decided_at=2026-11-26T10:00:00Z", ref));
    assert_ok(dbk_clocks_each(&clocks, book, &opts, keep, NULL, &err), &err);
    assert_int_equal(only("update")->state, DBK_CLOCK_OVERDUE); /* by the shorter limit */
}

static void a_victim_of_however_many_cases_has_rights_in_each_2_12(void **state)
{
    enum { CASES = 20 };
    dbk_bytes roles = DBK_BYTES_INIT(8192);
    dbk_err err = { 0 };
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        char uuid[DBK_ID_UUID_SIZE];
        dbk_id of = dbk_test_add(book, &org.space, "case",
                                 TEXTS("kind=fatal_rtc", "reported_at=2026-03-02T10:00:00Z"));
        dbk_id_uuid(uuid, &of);
        /* Twice in each: once is told. */
        for (size_t k = 0; k < 2; k++)
            assert_ok(dbk_bytes_append_fmt(&roles, &err, "%s{\"role\":\"%s\",\"case\":\"%s\"}",
                                           roles.len == 0 ? "role_in_case:=[" : ",",
                                           k == 0 ? "victim" : "close_relative", uuid),
                      &err);
    }
    assert_ok(dbk_bytes_append_str(&roles, "]", &err), &err);
    assert_ok(dbk_bytes_append_u8(&roles, 0, &err), &err);
    (void)dbk_test_add(book, &org.space, "person", TEXTS("name=Joan", (const char *)roles.p));
    look("2026-03-02T12:00:00Z");
    assert_int_equal(count, CASES);
    dbk_bytes_wipe(&roles);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_parents_word_makes_no_duty_to_report_2_3),
        TEST(concurrent_answers_never_make_a_duty_of_a_parents_word_2_3),
        TEST(only_a_girl_under_18_at_the_time_makes_a_duty_2_3),
        TEST(a_late_report_is_asked_why),
        TEST(a_report_is_due_by_the_end_of_the_next_working_day_2_3),
        TEST(no_clock_runs_on_a_parents_word_2_3),
        TEST(a_victim_is_referred_to_support_within_two_working_days_2_12),
        TEST(who_is_still_in_a_withdrawn_case_keeps_their_time_limits_2_12),
        TEST(a_case_that_doesnt_say_when_it_was_reported_is_told_as_unknown_2_12),
        TEST(a_victim_of_however_many_cases_has_rights_in_each_2_12),
        TEST(what_was_reported_before_the_code_has_no_clock_2_12),
        TEST(a_key_decision_is_told_within_1_working_day_or_5_without_enhanced_rights_2_12),
        TEST(what_may_not_be_shown_neither_counts_nor_stops),
        TEST(what_lies_in_a_compartment_is_not_told_through_what_refers_to_it_P3),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
