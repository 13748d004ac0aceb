/* Interventions and referrals by month and area (core/practice/months.h). */
#include "tests/lib/test.h"

#include <string.h>

#include "core/practice/months.h"
#include "tests/lib/org.h"

#define WHEN_MS INT64_C(1767225600000) /* 2026-01-01 */
#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static dbk_test_org org;
static dbk_months months;

static int begin(void **state)
{
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    months = (dbk_months){ 0 };
    return 0;
}

static int end(void **state)
{
    (void)state;
    dbk_months_wipe(&months);
    dbk_test_org_drop(&org);
    return 0;
}

static void take(const char *form, const char *const *fields)
{
    dbk_err err = { 0 };
    dbk_note *note = NULL;
    dbk_id id = dbk_test_add(org.books[0].book, &org.space, form, fields);
    assert_ok(dbk_query_note(&note, org.books[0].book, &id, &err), &err);
    assert_ok(dbk_months_take(&months, note, WHEN_MS, &err), &err);
    dbk_note_free(note);
}

static void is_row(size_t i, const char *part, const char *month, const char *area, uint64_t count)
{
    assert_true(i < months.count);
    assert_string_equal(months.rows[i].part, part);
    assert_string_equal(months.rows[i].month, month);
    assert_string_equal(months.rows[i].area, area);
    assert_int_equal(months.rows[i].count, count);
}

static void each_stands_once_in_the_month_of_its_writers_clock(void **state)
{
    (void)state;
    take("intervention", TEXTS("airport=LHR", "happened_at=2026-11-30T23:30:00-05:00"));
    take("intervention", TEXTS("airport=BHX", "happened_at=2026-11-01T00:10:00+01:00"));
    take("referral", TEXTS("la_area=walsall", "happened_at=2026-10-05T10:00:00Z"));
    take("intervention", TEXTS("airport=LHR", "happened_at=2026-11-02T10:00:00Z"));
    take("intervention", TEXTS("airport=LHR", "happened_at=2026-10-02T10:00:00Z"));
    take("intervention", TEXTS("op_ref=LIME")); /* neither when nor where */
    take("contact", TEXTS("account=counts for nothing"));
    assert_int_equal(months.count, 5);
    is_row(0, "intervention", "2026-01", "", 1);
    is_row(1, "intervention", "2026-10", "LHR", 1);
    is_row(2, "intervention", "2026-11", "BHX", 1);
    is_row(3, "intervention", "2026-11", "LHR", 2);
    is_row(4, "referral", "2026-10", "walsall", 1);
    assert_string_equal(months.rows[4].label, "Walsall");
    assert_string_equal(months.rows[3].label, "LHR");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_stands_once_in_the_month_of_its_writers_clock, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
