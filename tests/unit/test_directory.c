/* The directory of services: what a look-up finds and in which order, overdue checks, and support
 * that nobody offers (domain.md B14, B18, B23). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/practice/directory.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define TODAY INT64_C(20786) /* 2026-11-29 */

enum { DESK, ANN, MEMBERS };
static dbk_test_org org;

static int make_org(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
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
    return dbk_test_add(org.books[DESK].book, &org.space, "service", fields);
}

/* The names of what is found, in order: "Safe House* ~Refuge": * a check is overdue, ~ something
 * isn't said, # by interpreters, | paused, x closed. */
static const char *found(int who, const dbk_directory_ask *ask)
{
    static char out[512];
    dbk_directory_hit *rows;
    dbk_book *book = org.books[who].book;
    size_t count;
    dbk_err err = { 0 };
    out[0] = '\0';
    assert_ok(dbk_directory_find(&rows, &count, book, ask, &err), &err);
    for (size_t i = 0; i < count; i++) {
        const dbk_directory_hit *h = &rows[i];
        size_t len = strlen(out);
        (void)snprintf(out + len, sizeof(out) - len, "%s%s%s%s%s%s", i > 0 ? " " : "",
                       dbk_test_text(book, &h->record, "name"), h->stale ? "*" : "",
                       h->area_unsaid || h->age_unsaid ? "~" : "", h->by_interpreter ? "#" : "",
                       h->status == DBK_OFFER_PAUSED   ? "|"
                       : h->status == DBK_OFFER_CLOSED ? "x"
                                                       : "");
    }
    dbk_free(rows);
    return out;
}

static dbk_directory_ask ask(void)
{
    return (dbk_directory_ask){ .age = DBK_OFFER_UNSAID, .today = TODAY };
}

static void
a_service_is_found_by_what_it_does_where_for_whom_and_in_which_language_B18(void **state)
{
    (void)state;
    dbk_directory_ask q = ask();
    (void)add(TEXTS("name=One", "categories=idva, isva", "hidden_crime=domestic_abuse",
                    "la_areas=dudley, walsall", "languages+=Urdu", "languages+=Español",
                    "minimum_age=16", "maximum_age=60", "assured_date=2026-11-01"));
    (void)add(TEXTS("name=Two", "categories=idva", "la_areas=dudley", "minimum_age=0",
                    "maximum_age=17", "assured_date=2026-11-20",
                    "interpretation_services=On request"));
    q.category = "idva";
    assert_string_equal(found(DESK, &q), "Two One");
    q.category = "isva";
    assert_string_equal(found(DESK, &q), "One");
    q.category = "domestic_abuse";
    assert_string_equal(found(DESK, &q), "One");
    q.category = "idv"; /* no part of a code is that code */
    assert_string_equal(found(DESK, &q), "");
    q = ask();
    q.area = "walsall";
    assert_string_equal(found(DESK, &q), "One");
    q = ask();
    q.language = "espanol"; /* accents and case don't count */
    assert_string_equal(found(DESK, &q), "One Two#");
    q.language = "URDU";
    assert_string_equal(found(DESK, &q), "One Two#");
    q = ask();
    for (int age = 15; age <= 18; age++) {
        static const char *const at[] = { "Two", "Two One", "Two One", "One" };
        q.age = age;
        assert_string_equal(found(DESK, &q), at[age - 15]);
    }
}

static void what_was_checked_lately_comes_first_and_an_overdue_check_is_said_B18(void **state)
{
    (void)state;
    dbk_directory_ask q = ask();
    (void)add(TEXTS("name=Late", "categories=mash", "la_areas=dudley", "minimum_age=0",
                    "assured_date=2026-06-01", "verify_every_days=180"));
    (void)add(TEXTS("name=Due", "categories=mash", "la_areas=dudley", "minimum_age=0",
                    "assured_date=2026-11-19", "verify_every_days=10"));
    (void)add(TEXTS("name=Never", "categories=mash", "la_areas=dudley", "minimum_age=0"));
    (void)add(TEXTS("name=Vague", "categories=mash", "assured_date=2026-11-28"));
    q.category = "mash";
    q.area = "dudley";
    q.age = 10;
    /* On its last day a check still counts. */
    assert_string_equal(found(DESK, &q), "Due Vague~ Late* Never*");
    q.today++;
    assert_string_equal(found(DESK, &q), "Vague~ Due* Late* Never*");
    q.stale_only = true;
    assert_string_equal(found(DESK, &q), "Due* Late* Never*");
}

/* Domain.md 3.7: of paused and active, or closed and active, the protective stands. */
static void nobody_is_sent_to_a_closed_service_and_a_paused_one_comes_last_B18(void **state)
{
    (void)state;
    dbk_directory_ask q = ask();
    dbk_id open = add(TEXTS("name=Open", "categories=fmu", "assured_date=2026-11-01"));
    dbk_id other = add(TEXTS("name=Other", "categories=fmu", "assured_date=2026-11-02"));
    q.category = "fmu";
    dbk_test_org_exchange(&org);
    assert_string_equal(found(ANN, &q), "Other Open");
    dbk_test_edit(org.books[ANN].book, &other, TEXTS("status=paused"));
    assert_string_equal(found(ANN, &q), "Open Other|");
    dbk_test_edit(org.books[ANN].book, &open, TEXTS("status=closed"));
    dbk_test_edit(org.books[DESK].book, &open, TEXTS("name=Open house"));
    dbk_test_org_exchange(&org);
    for (int who = DESK; who < MEMBERS; who++)
        assert_string_equal(found(who, &q), "Other|");
    q.with_closed = true;
    assert_string_equal(found(ANN, &q), "Other| Open housex");
}

static void what_an_officer_proposes_is_not_looked_up_before_headquarters_says_so_B18(void **state)
{
    (void)state;
    dbk_directory_ask q = ask();
    dbk_id one = add(TEXTS("name=Hub", "categories=health", "la_areas=solihull"));
    dbk_test_org_exchange(&org);
    dbk_test_edit(org.books[ANN].book, &one, TEXTS("la_areas=coventry"));
    q.category = "health";
    q.area = "solihull";
    assert_string_equal(found(ANN, &q), "Hub*");
    q.area = "coventry";
    assert_string_equal(found(ANN, &q), "");
    dbk_test_org_exchange(&org);
    dbk_test_edit(org.books[DESK].book, &one, TEXTS("la_areas=coventry"));
    dbk_test_org_exchange(&org);
    for (int who = DESK; who < MEMBERS; who++)
        assert_string_equal(found(who, &q), "Hub*");
}

static void a_withdrawn_service_is_not_found(void **state)
{
    (void)state;
    dbk_directory_ask q = ask();
    dbk_err err = { 0 };
    dbk_id one = add(TEXTS("name=Gone", "categories=coroner"));
    q.category = "coroner";
    assert_string_equal(found(DESK, &q), "Gone*");
    assert_ok(dbk_journal_withdraw(org.books[DESK].book, &one, "Entered twice", &err), &err);
    assert_string_equal(found(DESK, &q), "");
}

/* ---- gaps ------------------------------------------------------------------------------------ */

static const char *gaps(const char *category, int age)
{
    static const char *const kinds[] = { "none", "age", "unsaid", "stale" };
    static char out[1024];
    dbk_directory_gap *rows;
    dbk_directory_ask q = { .category = category, .age = age, .today = TODAY };
    size_t count;
    dbk_err err = { 0 };
    out[0] = '\0';
    assert_ok(dbk_directory_gaps(&rows, &count, org.books[DESK].book, &q, &err), &err);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(out);
        (void)snprintf(out + len, sizeof(out) - len, "%s%s=%s", i > 0 ? " " : "",
                       rows[i].area == NULL ? "anywhere" : rows[i].area->name, kinds[rows[i].kind]);
    }
    dbk_free(rows);
    return out;
}

static void a_gap_is_told_where_no_service_takes_anybody_under_18_B23(void **state)
{
    (void)state;
    const char *const rest = "birmingham=none coventry=none sandwell=none solihull=none";
    char want[256];
    assert_string_equal(gaps("marac", 17), "anywhere=none");
    (void)add(TEXTS("name=Adults", "categories=marac", "la_areas=dudley, walsall", "minimum_age=18",
                    "assured_date=2026-11-01"));
    (void)add(TEXTS("name=Anyone", "categories=marac", "la_areas=wolverhampton",
                    "assured_date=2026-11-01"));
    (void)add(TEXTS("name=Shut", "categories=marac", "la_areas=dudley", "minimum_age=0",
                    "assured_date=2026-11-01", "status=paused"));
    (void)snprintf(want, sizeof(want),
                   "birmingham=none coventry=none dudley=age sandwell=none "
                   "solihull=none walsall=age wolverhampton=unsaid");
    assert_string_equal(gaps("marac", 17), want);
    /* For adults there is no gap in Dudley and Walsall. */
    (void)snprintf(want, sizeof(want), "%s wolverhampton=unsaid", rest);
    assert_string_equal(gaps("marac", 30), want);
    (void)add(TEXTS("name=Young", "categories=marac", "la_areas=dudley", "minimum_age=11",
                    "maximum_age=17", "assured_date=2026-11-01"));
    (void)add(TEXTS("name=Old news", "categories=marac", "la_areas=walsall", "minimum_age=11",
                    "assured_date=2025-01-01"));
    (void)snprintf(want, sizeof(want),
                   "birmingham=none coventry=none sandwell=none solihull=none "
                   "walsall=stale wolverhampton=unsaid");
    assert_string_equal(gaps("marac", 17), want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_service_is_found_by_what_it_does_where_for_whom_and_in_which_language_B18),
        cmocka_unit_test(what_was_checked_lately_comes_first_and_an_overdue_check_is_said_B18),
        cmocka_unit_test(nobody_is_sent_to_a_closed_service_and_a_paused_one_comes_last_B18),
        cmocka_unit_test(what_an_officer_proposes_is_not_looked_up_before_headquarters_says_so_B18),
        cmocka_unit_test(a_withdrawn_service_is_not_found),
        cmocka_unit_test(a_gap_is_told_where_no_service_takes_anybody_under_18_B23),
    };
    return cmocka_run_group_tests(tests, make_org, drop_org);
}
