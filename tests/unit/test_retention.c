#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/day.h"
#include "core/base/text.h"
#include "core/practice/retention.h"
#include "core/practice/rules.h"
#include "tests/lib/org.h"

#define YEAR_MS (365LL * 24 * 60 * 60 * 1000)

static dbk_test_org org;
static dbk_book *book; /* headquarters */
static dbk_id case_id, person;
static char of_case[DBK_TEST_REF_SIZE], about[DBK_TEST_REF_SIZE];
static int64_t now_ms;

static int make_org(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER, DBK_ROLE_HQ };
    (void)state;
    dbk_test_org_make(&org, roles, 2);
    book = org.books[0].book;
    for (size_t i = 0; i < org.count; i++)
        dbk_journal_heed(org.books[i].book, dbk_rules_judge);
    now_ms = (int64_t)org.books[0].env.now_ms;
    case_id = dbk_test_add(
        book, &org.space, "case",
        (const char *const[]){ "kind=fatal_rtc", "ref=26/0417", "happened_at=2005-03-01T10:00:00Z",
                               "mopi_group=mopi_3", "status=closed",
                               "closure_reason=court_complete",
                               "no_exit_plan_reason=None was needed", "lessons=None", NULL });
    dbk_test_ref(of_case, "case_id", &case_id);
    dbk_test_ref(about, "about", &case_id);
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_test_org_drop(&org);
    return 0;
}

#define ADD(form, ...) \
    dbk_test_add(book, &org.space, form, (const char *const[]){ of_case, __VA_ARGS__, NULL })

/* The list of all says the same as the look at one, which reads only what refers to it. */
static void assert_listed(dbk_book *from, const dbk_retention *one, const dbk_retention_opts *opts)
{
    dbk_retention *rows = NULL;
    size_t count = 0, i = 0;
    dbk_err err = { 0 };
    assert_ok(dbk_retention_all(&rows, &count, from, opts, &err), &err);
    while (i < count && !dbk_id_equal(&rows[i].record, &one->record))
        i++;
    assert_true(i < count);
    assert_int_equal(rows[i].stand, one->stand);
    assert_int_equal(rows[i].events, one->events);
    assert_int_equal(rows[i].until_ms, one->until_ms);
    assert_int_equal(rows[i].due_ms, one->due_ms);
    assert_int_equal(rows[i].held, one->held);
    dbk_free(rows);
}

static dbk_retention look_from(dbk_book *from, const dbk_id *record)
{
    const dbk_retention_opts opts = { .now_ms = now_ms };
    dbk_retention r;
    dbk_err err = { 0 };
    assert_rc(dbk_retention_of(&r, from, record, &opts, &err), DBK_OK, &err);
    assert_listed(from, &r, &opts);
    return r;
}

static dbk_retention look(void)
{
    return look_from(book, &case_id);
}

static const char *day_of(int64_t ms)
{
    static char text[DBK_TIME_TEXT_SIZE];
    dbk_time_print(text, ms);
    text[10] = '\0';
    return text;
}

/* A review as `daybook retention review` makes it; what refuses it goes into problems. */
static dbk_rc draft_of(dbk_id *review, dbk_book *from, const dbk_id *record, dbk_problems *problems,
                       const char *const *fields)
{
    const char *all[16];
    char ref[DBK_TEST_REF_SIZE], at[64], basis[80];
    size_t n = 0;
    dbk_retention r = look_from(from, record);
    dbk_test_ref(ref, "about", record);
    char text[DBK_TIME_TEXT_SIZE];
    const dbk_env *env = dbk_book_env(from);
    dbk_time_print(text, (int64_t)env->now_ms(env->self));
    (void)snprintf(at, sizeof(at), "reviewed_at=%s", text);
    (void)snprintf(basis, sizeof(basis), "basis=%s", r.basis);
    all[n++] = ref;
    all[n++] = at;
    all[n++] = basis;
    for (size_t i = 0; fields[i] != NULL; i++)
        all[n++] = fields[i];
    all[n] = NULL;
    return dbk_test_try_add(from, review, problems, &org.space, DBK_RETENTION_FORM, all);
}

static dbk_rc review_of(dbk_book *from, const dbk_id *record, dbk_problems *problems,
                        const char *const *fields)
{
    dbk_id id = { { 0 } };
    dbk_rc rc = draft_of(&id, from, record, problems, fields);
    if (rc == DBK_OK)
        rc = dbk_journal_sign(from, problems, &id, NULL);
    return rc;
}

static const char *const retain[] = { "decision=retain",
                                      "necessity=yes",
                                      "adequacy=yes",
                                      "accuracy=yes",
                                      "reason=An inquest is expected",
                                      NULL };
static const char *const dispose[] = { "decision=dispose",
                                       "necessity=no",
                                       "adequacy=yes",
                                       "accuracy=yes",
                                       "reason=Nothing needs it",
                                       NULL };

static void must_review(const dbk_id *record, const char *const *fields)
{
    dbk_problems problems = { 0 };
    dbk_rc rc = review_of(book, record, &problems, fields);
    if (rc != DBK_OK && problems.count > 0)
        print_error("%s\n", problems.rows[0].text);
    assert_int_equal(rc, DBK_OK);
    dbk_problems_wipe(&problems);
}

static void is_refused(const dbk_id *record, const char *const *fields, const char *field,
                       const char *words)
{
    dbk_problems problems = { 0 };
    assert_int_equal(review_of(book, record, &problems, fields), DBK_INVALID);
    if (!dbk_test_told(&problems, field, words))
        for (size_t i = 0; i < problems.count; i++)
            print_error("%s: %s\n", problems.rows[i].field, problems.rows[i].text);
    assert_true(dbk_test_told(&problems, field, words));
    dbk_problems_wipe(&problems);
}

/* ---- periods --------------------------------------------------------------------------------- */

static void a_clear_period_runs_from_the_newest_relevant_event_2_5(void **state)
{
    (void)state;
    dbk_retention r = look();
    assert_string_equal(r.group, "mopi_3");
    assert_int_equal(r.events, 1);
    assert_string_equal(day_of(r.due_ms), "2011-03-01");
    assert_int_equal(r.stand, DBK_RETENTION_DUE);
    /* A new event restarts it; an older one doesn't. */
    (void)ADD("contact", "method=visit", "started_at=2012-02-29T10:00:00Z");
    (void)ADD("contact", "method=visit", "started_at=2007-01-01T10:00:00Z");
    r = look();
    assert_int_equal(r.events, 3);
    assert_string_equal(day_of(r.first_ms), "2005-03-01");
    assert_string_equal(day_of(r.until_ms), "2018-03-01"); /* no 29 February then */
    /* A year that was typed wrongly puts nothing off for ever. */
    (void)ADD("contact", "method=visit", "started_at=2206-01-01T10:00:00Z");
    r = look();
    assert_true(r.newest_ms <= now_ms + DBK_DAY_MS);
}

static void a_withdrawn_entry_a_register_and_a_review_are_no_events_2_5(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    dbk_id entry = ADD("contact", "method=visit", "started_at=2015-01-01T10:00:00Z");
    assert_int_equal(look().events, 2);
    assert_rc(dbk_journal_withdraw(book, &entry, "entered twice", &err), DBK_OK, &err);
    assert_int_equal(look().events, 1);
    must_review(&case_id, retain);
    assert_int_equal(look().events, 1);
    assert_string_equal(day_of(look().until_ms), "2011-03-01");
}

static void the_longest_group_of_all_that_refers_to_it_counts_2_5(void **state)
{
    (void)state;
    (void)ADD("contact", "method=visit", "started_at=2005-04-01T10:00:00Z", "mopi_group=mopi_2");
    dbk_retention r = look();
    assert_string_equal(r.group, "mopi_2");
    assert_string_equal(day_of(r.until_ms), "2015-04-01");
    (void)ADD("contact", "method=visit", "started_at=2005-04-02T10:00:00Z", "mopi_group=mopi_4");
    assert_string_equal(look().group, "mopi_2");
}

static void group_1_is_reviewed_every_10_years_and_kept_to_age_100_2_5(void **state)
{
    (void)state;
    dbk_test_edit(book, &case_id, (const char *const[]){ "mopi_group=mopi_1", NULL });
    person = ADD("person", "name=Joan Marsh", "dob=1960-06-30", "happened_at=2005-03-02T10:00:00Z");
    dbk_retention r = look_from(book, &person);
    assert_string_equal(r.group, "mopi_1"); /* as their case */
    assert_string_equal(day_of(r.until_ms), "2060-06-30");
    assert_string_equal(day_of(r.due_ms), "2015-03-02");
    assert_string_equal(day_of(look().until_ms), "2060-06-30");
    /* Somebody in it whose day of birth nobody knows. */
    (void)ADD("person", "name=A brother", "happened_at=2005-03-02T10:00:00Z");
    assert_int_equal(look().until_ms, 0);
    /* An event doesn't put the next review of this group off. */
    (void)ADD("contact", "method=visit", "started_at=2012-01-01T10:00:00Z");
    assert_string_equal(day_of(look().due_ms), "2015-03-01");
    must_review(&case_id, retain);
    r = look();
    assert_int_equal(r.stand, DBK_RETENTION_KEPT);
    assert_true(r.due_ms > now_ms + 9 * YEAR_MS && r.due_ms < now_ms + 11 * YEAR_MS);
}

static void a_person_is_kept_while_their_case_is_2_5(void **state)
{
    (void)state;
    person = ADD("person", "name=Joan Marsh", "dob=1960-06-30", "happened_at=2005-03-02T10:00:00Z");
    assert_string_equal(day_of(look_from(book, &person).until_ms), "2011-03-02");
    (void)ADD("contact", "method=visit", "started_at=2014-05-01T10:00:00Z");
    assert_string_equal(day_of(look_from(book, &person).until_ms), "2020-05-01");
    dbk_test_edit(book, &case_id,
                  (const char *const[]){ "legal_hold=yes", "legal_hold_for=coroner", NULL });
    assert_true(look_from(book, &person).held);
}

static void groups_are_data_with_their_days_2_5(void **state)
{
    static const char table[] =
        "{\"groups\": [{\"group\": \"mopi_3\", \"from\": \"2005-01-01\", \"until\": \"2009-12-31\","
        " \"review_years\": 6, \"clear_years\": 6}, {\"group\": \"mopi_3\", \"from\": "
        "\"2010-01-01\", \"review_years\": 6, \"clear_years\": 8}, {\"group\": null, \"from\": "
        "\"0001-01-01\", \"review_years\": 6, \"clear_years\": 6}], \"no_events\": []}";
    dbk_retention_opts opts = { .now_ms = now_ms, .rules = dbk_span_str(table) };
    dbk_retention r;
    dbk_err err = { 0 };
    (void)state;
    assert_rc(dbk_retention_of(&r, book, &case_id, &opts, &err), DBK_OK, &err);
    assert_string_equal(day_of(r.until_ms), "2013-03-01");
    opts.now_ms = 1199145600000LL; /* 2008-01-01 */
    assert_rc(dbk_retention_of(&r, book, &case_id, &opts, &err), DBK_OK, &err);
    assert_string_equal(day_of(r.until_ms), "2011-03-01");
    opts.rules = dbk_span_str("{\"groups\": [{\"group\": \"mopi_3\", \"from\": \"2005-01-01\"}]}");
    assert_int_equal(dbk_retention_of(&r, book, &case_id, &opts, NULL), DBK_FORMAT);
    opts.rules = dbk_span_str("{\"groups\": []}"); /* nothing for what isn't graded */
    assert_int_equal(dbk_retention_of(&r, book, &case_id, &opts, NULL), DBK_FORMAT);
}

/* ---- decisions ------------------------------------------------------------------------------- */

static void a_review_asks_necessity_adequacy_and_accuracy_2_5(void **state)
{
    dbk_problems problems = { 0 };
    (void)state;
    assert_int_equal(review_of(book, &case_id, &problems,
                               (const char *const[]){ "decision=retain", "reason=Because", NULL }),
                     DBK_INVALID);
    assert_true(dbk_test_told(&problems, "necessity", "Necessary"));
    assert_true(dbk_test_told(&problems, "adequacy", "Adequate"));
    assert_true(dbk_test_told(&problems, "accuracy", "Accurate"));
    dbk_problems_wipe(&problems);
    dbk_id draft;
    assert_int_equal(draft_of(&draft, book, &case_id, &problems, dispose), DBK_OK);
    assert_int_equal(look().stand, DBK_RETENTION_DUE); /* a draft decides nothing */
    assert_int_equal(look().reviewed_ms, 0);
    is_refused(&case_id,
               (const char *const[]){ "decision=retain", "necessity=no", "adequacy=yes",
                                      "accuracy=yes", "reason=Because", NULL },
               "necessity", "can't be retained");
    must_review(&case_id, retain);
    dbk_retention r = look();
    assert_int_equal(r.stand, DBK_RETENTION_KEPT);
    assert_true(r.due_ms > now_ms + 5 * YEAR_MS && r.due_ms < now_ms + 7 * YEAR_MS);
    assert_true(dbk_id_is_zero(&r.decision));
}

static void a_day_that_a_reviewer_set_stands_2_5(void **state)
{
    char next[32];
    (void)state;
    (void)snprintf(next, sizeof(next), "next_review_on=%s", day_of(now_ms + 100 * DBK_DAY_MS));
    must_review(&case_id, (const char *const[]){ "decision=retain", "necessity=yes", "adequacy=yes",
                                                 "accuracy=yes", "reason=Because", next, NULL });
    assert_true(look().due_ms < now_ms + 101 * DBK_DAY_MS);
    is_refused(&case_id,
               (const char *const[]){ "decision=retain", "necessity=yes", "adequacy=yes",
                                      "accuracy=yes", "reason=Because", "next_review_on=2001-01-01",
                                      NULL },
               "next_review_on", "over");
}

static void only_headquarters_decides_2_5(void **state)
{
    dbk_book *officer = org.books[1].book;
    dbk_problems problems = { 0 };
    (void)state;
    dbk_test_org_exchange(&org);
    assert_int_equal(review_of(officer, &case_id, &problems, retain), DBK_INVALID);
    assert_true(dbk_test_told(&problems, "decision", "headquarters"));
    dbk_problems_wipe(&problems);
    /* A program that doesn't ask. */
    dbk_journal_heed(officer, NULL);
    assert_int_equal(review_of(officer, &case_id, &problems, retain), DBK_OK);
    dbk_problems_wipe(&problems);
    dbk_test_org_exchange(&org);
    assert_int_equal(look().stand, DBK_RETENTION_DUE);
    assert_int_equal(look().reviewed_ms, 0);
}

static void a_legal_hold_refuses_disposal_wherever_it_stands_2_5(void **state)
{
    static const char *const answers[] = { "legal_hold=yes", "legal_hold=not_known" };
    (void)state;
    dbk_id entry = ADD("contact", "method=visit", "started_at=2005-04-01T10:00:00Z");
    for (size_t i = 0; i < 2; i++) {
        dbk_test_edit(book, &entry,
                      i == 0 ? (const char *const[]){ answers[i], "legal_hold_for=cpia", NULL }
                             : (const char *const[]){ answers[i], NULL });
        is_refused(&case_id, dispose, "decision", "legal hold");
        dbk_test_edit(book, &entry, (const char *const[]){ "legal_hold=no", NULL });
    }
    must_review(&case_id, dispose);
    assert_int_equal(look().stand, DBK_RETENTION_DISPOSE);
    /* Also on one that was taken out of use: what it says is still here. */
    dbk_test_edit(book, &entry,
                  (const char *const[]){ "legal_hold=yes", "legal_hold_for=complaint", NULL });
    assert_int_equal(dbk_journal_withdraw(book, &entry, "entered twice", NULL), DBK_OK);
    assert_true(look().held);
    is_refused(&case_id, dispose, "decision", "legal hold");
}

static void disposal_is_refused_before_its_time_and_while_a_deployment_runs_2_5(void **state)
{
    (void)state;
    (void)ADD("contact", "method=visit", "started_at=2015-04-01T10:00:00Z");
    now_ms = look().newest_ms;
    is_refused(&case_id,
               (const char *const[]){ "decision=dispose", "necessity=yes", "adequacy=yes",
                                      "accuracy=yes", "reason=Because", NULL },
               "necessity", "no longer needed");
    dbk_test_edit(book, &case_id, (const char *const[]){ "mopi_group=mopi_1", NULL });
    is_refused(&case_id, dispose, "before_time", "isn't over");
    dbk_test_edit(book, &case_id, (const char *const[]){ "status=paused", NULL });
    is_refused(&case_id,
               (const char *const[]){ "decision=dispose", "necessity=no", "adequacy=yes",
                                      "accuracy=yes", "reason=Because", "before_time=court_order",
                                      NULL },
               "decision", "close the deployment");
    dbk_test_edit(book, &case_id,
                  (const char *const[]){ "status=closed", "closure_reason=court_complete",
                                         "no_exit_plan_reason=None was needed", "lessons=None",
                                         NULL });
    must_review(&case_id, (const char *const[]){ "decision=dispose", "necessity=no", "adequacy=yes",
                                                 "accuracy=no", "reason=Because",
                                                 "before_time=court_order", NULL });
    assert_int_equal(look().stand, DBK_RETENTION_DISPOSE);
}

static void what_has_no_group_is_graded_before_it_goes_2_5(void **state)
{
    dbk_id other = dbk_test_add(
        book, &org.space, "case",
        (const char *const[]){ "kind=other", "status=closed", "closure_reason=court_complete",
                               "no_exit_plan_reason=None was needed", "lessons=None",
                               "happened_at=2005-03-01T10:00:00Z", NULL });
    (void)state;
    assert_string_equal(day_of(look_from(book, &other).due_ms), "2011-03-01");
    is_refused(&other, dispose, "decision", "review group");
}

static void under_10s_are_considered_by_themselves_2_5(void **state)
{
    (void)state;
    person = ADD("person", "name=Sam", "dob=1996-06-30", "happened_at=2005-03-02T10:00:00Z");
    assert_true(look_from(book, &person).child); /* 8 then, however old now */
    assert_true(look().child);
    is_refused(&case_id, retain, "child", "under 10");
    must_review(&case_id, (const char *const[]){
                              "decision=retain", "necessity=yes", "adequacy=yes", "accuracy=yes",
                              "reason=Because",
                              "child=Named as a witness only; kept out of searches", NULL });
    dbk_id band = ADD("person", "name=Kim", "age_band=age_9_13",
                      "happened_at=2005-03-02T10:00:00Z");
    assert_true(look_from(book, &band).child); /* may be */
    dbk_id grown = ADD("person", "name=Joan", "dob=1960-06-30", "happened_at=2005-03-02T10:00:00Z");
    assert_false(look_from(book, &grown).child);
}

/* ---- two at the same time -------------------------------------------------------------------- */

static void a_hold_set_while_disposal_was_decided_elsewhere_wins_P6(void **state)
{
    dbk_book *officer = org.books[1].book;
    (void)state;
    dbk_test_org_exchange(&org);
    dbk_test_edit(officer, &case_id,
                  (const char *const[]){ "legal_hold=yes", "legal_hold_for=litigation", NULL });
    must_review(&case_id, dispose);
    assert_int_equal(look().stand, DBK_RETENTION_DISPOSE); /* as far as it is known here */
    dbk_test_org_exchange(&org);
    for (size_t i = 0; i < org.count; i++) {
        dbk_retention r = look_from(org.books[i].book, &case_id);
        assert_true(r.held);
        assert_int_not_equal(r.stand, DBK_RETENTION_DISPOSE);
    }
}

static void what_came_since_means_deciding_anew_2_5(void **state)
{
    dbk_book *officer = org.books[1].book;
    (void)state;
    dbk_test_org_exchange(&org);
    /* Of a day long ago, but nobody who decided had read it. */
    (void)dbk_test_add(
        officer, &org.space, "contact",
        (const char *const[]){ of_case, "method=visit", "started_at=2005-03-03T10:00:00Z", NULL });
    must_review(&case_id, dispose);
    dbk_test_org_exchange(&org);
    assert_int_equal(look().stand, DBK_RETENTION_AGAIN);
    must_review(&case_id, dispose);
    assert_int_equal(look().stand, DBK_RETENTION_DISPOSE);
    must_review(&case_id, retain);
    assert_int_equal(look().stand, DBK_RETENTION_KEPT);
}

static void two_decisions_at_the_same_time_dispose_of_nothing_P6(void **state)
{
    dbk_book *second = org.books[2].book;
    dbk_problems problems = { 0 };
    (void)state;
    dbk_test_org_exchange(&org);
    assert_int_equal(review_of(second, &case_id, &problems, retain), DBK_OK);
    must_review(&case_id, dispose);
    dbk_test_org_exchange(&org);
    assert_int_not_equal(look().stand, DBK_RETENTION_DISPOSE);
    assert_int_not_equal(look_from(second, &case_id).stand, DBK_RETENTION_DISPOSE);
    dbk_problems_wipe(&problems);
}

static void a_basis_is_the_same_on_every_device_2_5(void **state)
{
    (void)state;
    person = ADD("person", "name=Joan Marsh", "dob=1960-06-30", "happened_at=2005-03-02T10:00:00Z");
    (void)ADD("contact", "method=visit", "started_at=2005-04-01T10:00:00Z");
    dbk_test_org_exchange(&org);
    assert_string_equal(look_from(org.books[1].book, &person).basis,
                        look_from(book, &person).basis);
    must_review(&person, dispose);
    dbk_test_org_exchange(&org);
    assert_int_equal(look_from(org.books[1].book, &person).stand, DBK_RETENTION_DISPOSE);
    /* A review of the case isn't one of the person, and changes nothing about them. */
    must_review(&case_id, retain);
    assert_int_equal(look_from(book, &person).stand, DBK_RETENTION_DISPOSE);
    dbk_test_edit(book, &case_id, (const char *const[]){ "summary=More", NULL });
    assert_int_equal(look_from(book, &person).stand, DBK_RETENTION_AGAIN);
}

static void a_basis_that_was_copied_from_before_is_refused_2_5(void **state)
{
    dbk_problems problems = { 0 };
    dbk_id id;
    char basis[80];
    (void)state;
    (void)snprintf(basis, sizeof(basis), "basis=%s", look().basis);
    (void)ADD("contact", "method=visit", "started_at=2005-04-01T10:00:00Z");
    const char *const fields[] = { about,
                                   basis,
                                   "decision=dispose",
                                   "necessity=no",
                                   "adequacy=yes",
                                   "accuracy=yes",
                                   "reason=Because",
                                   "reviewed_at=2016-01-01T10:00:00Z",
                                   NULL };
    assert_int_equal(dbk_test_try_add(book, &id, &problems, &org.space, DBK_RETENTION_FORM, fields),
                     DBK_INVALID);
    assert_true(dbk_test_told(&problems, "basis", "isn't as it was"));
    dbk_problems_wipe(&problems);
}

static bool no_space(void *ctx, const dbk_id *space)
{
    (void)ctx;
    (void)space;
    return false;
}

static bool first_space(void *ctx, const dbk_id *space)
{
    (void)ctx;
    return dbk_id_equal(space, &org.space);
}

static void another_space_shows_in_no_review_and_its_hold_holds_P3(void **state)
{
    const dbk_retention_opts opts = { .now_ms = now_ms, .shows = first_space };
    dbk_id other = dbk_test_org_space(&org, "Op Larch");
    dbk_retention r, before = look();
    dbk_err err = { 0 };
    (void)state;
    must_review(&case_id, dispose);
    r = look();
    assert_int_equal(r.stand, DBK_RETENTION_DISPOSE);
    (void)dbk_test_add(book, &other, "contact",
                       (const char *const[]){ of_case, "method=visit", "legal_hold=yes",
                                              "legal_hold_for=inquiry",
                                              "started_at=2015-01-01T10:00:00Z", NULL });
    /* The basis stands in a record of the case's space. */
    assert_string_equal(look().basis, r.basis);
    assert_int_equal(look().stand, DBK_RETENTION_HELD);
    assert_int_equal(look().events, before.events + 1);
    assert_rc(dbk_retention_of(&r, book, &case_id, &opts, &err), DBK_OK, &err);
    assert_int_equal(r.events, before.events);
    assert_false(r.held);
    assert_int_equal(r.until_ms, before.until_ms);
    is_refused(&case_id, dispose, "decision", "legal hold");
}

static void what_may_not_be_shown_is_not_in_the_list_P3(void **state)
{
    dbk_retention_opts opts = { .now_ms = now_ms, .shows = no_space };
    dbk_retention *rows = NULL;
    size_t count = 9;
    dbk_err err = { 0 };
    (void)state;
    assert_rc(dbk_retention_all(&rows, &count, book, &opts, &err), DBK_OK, &err);
    assert_int_equal(count, 0);
    dbk_free(rows);
    opts.shows = NULL;
    person = ADD("person", "name=Joan", "happened_at=2004-03-02T10:00:00Z");
    assert_rc(dbk_retention_all(&rows, &count, book, &opts, &err), DBK_OK, &err);
    assert_int_equal(count, 2);
    assert_true(rows[0].due_ms <= rows[1].due_ms);
    dbk_free(rows);
}

#define T(name) cmocka_unit_test_setup_teardown(name, make_org, drop_org)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_clear_period_runs_from_the_newest_relevant_event_2_5),
        T(a_withdrawn_entry_a_register_and_a_review_are_no_events_2_5),
        T(the_longest_group_of_all_that_refers_to_it_counts_2_5),
        T(group_1_is_reviewed_every_10_years_and_kept_to_age_100_2_5),
        T(a_person_is_kept_while_their_case_is_2_5),
        T(groups_are_data_with_their_days_2_5),
        T(a_review_asks_necessity_adequacy_and_accuracy_2_5),
        T(a_day_that_a_reviewer_set_stands_2_5),
        T(only_headquarters_decides_2_5),
        T(a_legal_hold_refuses_disposal_wherever_it_stands_2_5),
        T(disposal_is_refused_before_its_time_and_while_a_deployment_runs_2_5),
        T(what_has_no_group_is_graded_before_it_goes_2_5),
        T(under_10s_are_considered_by_themselves_2_5),
        T(a_hold_set_while_disposal_was_decided_elsewhere_wins_P6),
        T(what_came_since_means_deciding_anew_2_5),
        T(two_decisions_at_the_same_time_dispose_of_nothing_P6),
        T(a_basis_is_the_same_on_every_device_2_5),
        T(a_basis_that_was_copied_from_before_is_refused_2_5),
        T(another_space_shows_in_no_review_and_its_hold_holds_P3),
        T(what_may_not_be_shown_is_not_in_the_list_P3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
