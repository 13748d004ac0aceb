/* What is told by cues alone (decisions 0043, 0048), where it must not be. */
#include "tests/lib/test.h"

#include "core/practice/today.h"
#include "tests/lib/org.h"

/* A case that is graded standard, and as many contacts since as make it stand out. */
static dbk_id add_repeated(dbk_test_org *org, dbk_id *assessment)
{
    const char *const none[] = { "kind=fatal_rtc", NULL };
    dbk_book *hq = org->books[0].book;
    dbk_id of = dbk_test_add(hq, &org->space, "case", none);
    char ref[DBK_TEST_REF_SIZE];
    dbk_test_ref(ref, "case_id", &of);
    const char *const graded[] = { ref, "kind=dash", "judgement_band=standard",
                                   "happened_at=2026-01-02T10:00:00Z", NULL };
    *assessment = dbk_test_add(hq, &org->space, "risk_assessment", graded);
    for (size_t i = 0; i < DBK_TODAY_REPEATS; i++) {
        const char *const met[] = { ref, "method=visit", "direction=police_to_family",
                                    "started_at=2026-02-02T10:00:00Z", NULL };
        (void)dbk_test_add(hq, &org->space, "contact", met);
    }
    dbk_test_org_exchange(org);
    return of;
}

static void see_repeated(dbk_book *book, const dbk_id *of, uint64_t want, size_t want_due)
{
    const dbk_cued met = {
        .kind = DBK_CUE_MET, .about = of, .from_ms = INT64_MIN, .until_ms = INT64_MAX
    };
    const dbk_today_opts opts = { .now_ms = INT64_MAX / 4, .today_ms = INT64_MAX / 4 };
    uint64_t count = 0;
    dbk_cue_place place;
    dbk_today_list list;
    dbk_err err = { 0 };
    assert_ok(dbk_query_cue_count(book, &count, &met, &err), &err);
    assert_int_equal(count, want);
    assert_ok(dbk_query_cue_latest(book, &place, &met, &err), &err);
    assert_true((place.row != 0) == (want > 0));
    assert_ok(dbk_today(&list, book, &opts, &err), &err);
    assert_int_equal(list.count, want_due);
    dbk_today_wipe(&list);
}

static void what_may_not_be_read_any_more_is_not_counted_unread_P3(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_GUEST };
    dbk_test_org org;
    dbk_id assessment;
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    dbk_id of = add_repeated(&org, &assessment);
    see_repeated(org.books[1].book, &of, DBK_TODAY_REPEATS, 1);
    org.books[1].env.now_ms = DBK_TEST_GUEST_UNTIL_MS;
    see_repeated(org.books[1].book, &of, 0, 0);
    see_repeated(org.books[0].book, &of, DBK_TODAY_REPEATS, 1);
    dbk_test_org_drop(&org);
}

/* The same in an organisation of headquarters and an officer; ref: "case_id=" and the case. */
static dbk_id begin_repeated(dbk_test_org *org, dbk_id *assessment, char ref[DBK_TEST_REF_SIZE])
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org_make(org, roles, ARRAY_LEN(roles));
    dbk_id of = add_repeated(org, assessment);
    dbk_test_ref(ref, "case_id", &of);
    return of;
}

static void a_withdrawn_assessment_grades_nothing_B46(void **state)
{
    dbk_test_org org;
    dbk_id assessment;
    char ref[DBK_TEST_REF_SIZE];
    dbk_err err = { 0 };
    (void)state;
    dbk_id of = begin_repeated(&org, &assessment, ref);
    const char *const before[] = { ref, "kind=dash", "judgement_band=high",
                                   "happened_at=2026-01-01T10:00:00Z", NULL };
    (void)dbk_test_add(org.books[0].book, &org.space, "risk_assessment", before);
    see_repeated(org.books[0].book, &of, DBK_TODAY_REPEATS, 1);
    assert_ok(dbk_journal_withdraw(org.books[0].book, &assessment, "another case", &err), &err);
    see_repeated(org.books[0].book, &of, DBK_TODAY_REPEATS, 0);
    dbk_test_org_drop(&org);
}

static void a_withdrawn_contact_is_no_meeting_B46(void **state)
{
    dbk_test_org org;
    dbk_id assessment;
    char ref[DBK_TEST_REF_SIZE];
    dbk_err err = { 0 };
    (void)state;
    dbk_id of = begin_repeated(&org, &assessment, ref);
    const char *const met[] = { ref, "method=visit", "direction=police_to_family",
                                "started_at=2026-02-03T10:00:00Z", NULL };
    dbk_id one = dbk_test_add(org.books[0].book, &org.space, "contact", met);
    see_repeated(org.books[0].book, &of, DBK_TODAY_REPEATS + 1, 1);
    assert_ok(dbk_journal_withdraw(org.books[0].book, &one, "another case", &err), &err);
    see_repeated(org.books[0].book, &of, DBK_TODAY_REPEATS, 1);
    dbk_test_org_drop(&org);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_withdrawn_assessment_grades_nothing_B46),
        cmocka_unit_test(a_withdrawn_contact_is_no_meeting_B46),
        cmocka_unit_test(what_may_not_be_read_any_more_is_not_counted_unread_P3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
