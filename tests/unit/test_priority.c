#include "tests/lib/test.h"

#include <string.h>

#include "core/practice/priority.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static dbk_test_org org;
static dbk_priorities priorities;

static int begin(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    assert_ok(dbk_priorities_init(&priorities, dbk_book_forms(org.books[0].book), &err), &err);
    return 0;
}

static int end(void **state)
{
    (void)state;
    dbk_priorities_wipe(&priorities);
    dbk_test_org_drop(&org);
    return 0;
}

static void take(const char *day, const char *form, const char *const *fields)
{
    dbk_book *book = org.books[0].book;
    dbk_note *note = NULL;
    dbk_err err = { 0 };
    dbk_id id = dbk_test_add(book, &org.space, form, fields);
    assert_ok(dbk_query_note(&note, book, &id, &err), &err);
    assert_ok(dbk_priorities_take(&priorities, note, dbk_span_str(day), &err), &err);
    dbk_note_free(note);
}

static const dbk_priority_row *row(const char *code)
{
    for (size_t i = 0; i < priorities.rows_count; i++) {
        const char *own = priorities.rows[i].code;
        if (code == NULL || own == NULL ? code == own : strcmp(code, own) == 0)
            return &priorities.rows[i];
    }
    fail_msg("no such row");
    return NULL;
}

static void kind_and_hidden_crime_mean_a_priority_and_the_case_may_say_more_B33(void **state)
{
    (void)state;
    take("2016-01-10", "case", TEXTS("kind=fatal_rtc"));
    take("2016-01-10", "case", TEXTS("kind=fgm", "hidden_crime=fgm,forced_marriage"));
    take("2016-01-10", "case", TEXTS("kind=other", "victim_priority=rape,fgm"));
    take("2016-01-10", "person", TEXTS("happened_at=2016-01-10T10:00:00Z"));
    assert_int_equal(row("fatal_rtc")->meant.n, 1);
    assert_int_equal(row("fgm")->cases.n, 2); /* once each, whatever it is for */
    assert_int_equal(row("fgm")->meant.n, 1);
    assert_int_equal(row("fgm")->said.n, 1);
    assert_int_equal(row("hbv_fm")->cases.n, 1);
    assert_int_equal(row("rape")->said.n, 1);
    assert_int_equal(priorities.cases.n, 3);
    assert_int_equal(row(NULL)->cases.n, 0);
}

static void a_case_that_maps_to_nothing_is_not_dropped_B33(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    take("2016-01-10", "case", TEXTS("kind=homicide", "hidden_crime=modern_slavery"));
    take("2016-01-10", "case", TEXTS("summary=x", "victim_priority=not_known"));
    assert_int_equal(row(NULL)->cases.n, 2);
    assert_int_equal(priorities.cases.n, 2);
    assert_ok(dbk_priorities_check(&priorities, &err), &err);
    priorities.cases.n = 3;
    assert_rc(dbk_priorities_check(&priorities, &err), DBK_DAMAGED, &err);
}

static void the_table_counts_from_its_day_on_B33(void **state)
{
    (void)state;
    take("2015-03-31", "case", TEXTS("kind=fatal_rtc"));
    assert_int_equal(row("fatal_rtc")->cases.n, 0);
    assert_int_equal(row(NULL)->cases.n, 1);
    take("2015-04-01", "case", TEXTS("kind=fatal_rtc"));
    assert_int_equal(row("fatal_rtc")->cases.n, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(kind_and_hidden_crime_mean_a_priority_and_the_case_may_say_more_B33),
        TEST(a_case_that_maps_to_nothing_is_not_dropped_B33),
        TEST(the_table_counts_from_its_day_on_B33),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
