#include "tests/lib/test.h"

#include <string.h>

#include "core/practice/period.h"

static void a_period_is_compared_with_the_one_before_of_equal_length_A8(void **state)
{
    static const struct {
        const char *from, *to, *before_from, *before_to;
        unsigned days, months;
        uint64_t months_tenths;
    } rows[] = {
        { "2026-07-01", "2026-09-30", "2026-04-01", "2026-06-30", 92, 3, 30 },
        { "2026-01-01", "2026-01-31", "2025-12-01", "2025-12-31", 31, 1, 10 },
        { "2016-02-01", "2016-02-29", "2016-01-01", "2016-01-31", 29, 1, 10 },
        { "2015-02-01", "2015-02-28", "2015-01-01", "2015-01-31", 28, 1, 10 },
        { "2016-02-01", "2016-02-28", "2016-01-04", "2016-01-31", 28, 0, 9 },
        /* July to July is thirteen months, whatever was printed. */
        { "2014-07-01", "2015-07-31", "2013-06-01", "2014-06-30", 396, 13, 130 },
        { "2014-07-01", "2015-06-30", "2013-07-01", "2014-06-30", 365, 12, 120 },
        { "2026-11-29", "2026-11-29", "2026-11-28", "2026-11-28", 1, 0, 0 },
        { "2026-03-16", "2026-04-15", "2026-02-13", "2026-03-15", 31, 0, 10 },
    };
    dbk_err err = { 0 };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        dbk_period p;
        assert_rc(dbk_period_of(&p, rows[i].from, rows[i].to, &err), DBK_OK, &err);
        assert_string_equal(p.from, rows[i].from);
        assert_string_equal(p.to, rows[i].to);
        assert_string_equal(p.before_from, rows[i].before_from);
        assert_string_equal(p.before_to, rows[i].before_to);
        assert_int_equal(p.days, rows[i].days);
        assert_int_equal(p.months, rows[i].months);
        assert_int_equal(dbk_period_months_tenths(&p), rows[i].months_tenths);
    }
}

static void a_mean_is_over_the_months_that_there_were_A8(void **state)
{
    dbk_period p;
    (void)state;
    assert_rc(dbk_period_of(&p, "2014-07-01", "2015-06-30", NULL), DBK_OK, NULL);
    assert_int_equal(dbk_period_mean_tenths(&p, 19828), 16523);
    assert_rc(dbk_period_of(&p, "2014-07-01", "2015-07-31", NULL), DBK_OK, NULL);
    assert_int_equal(dbk_period_mean_tenths(&p, 19828), 15252);
    assert_rc(dbk_period_of(&p, "2026-11-01", "2026-11-15", NULL), DBK_OK, NULL);
    assert_int_equal(dbk_period_mean_tenths(&p, 10), 203);
    assert_int_equal(dbk_period_mean_tenths(&p, 0), 0);
}

static void a_change_is_against_what_was_before_A8(void **state)
{
    static const struct {
        uint64_t now, before;
        bool there;
        int64_t tenths;
    } rows[] = {
        { 125, 100, true, 250 }, { 12, 10, true, 200 }, { 10, 12, true, -167 },
        { 0, 4, true, -1000 },   { 7, 7, true, 0 },     { 7, 0, false, 0 },
        { 135, 25, true, 4400 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t tenths = 1;
        assert_int_equal(dbk_period_change_tenths(&tenths, rows[i].now, rows[i].before),
                         rows[i].there);
        assert_int_equal(tenths, rows[i].tenths);
    }
}

static void what_is_no_period_is_refused(void **state)
{
    static const char *const rows[][2] = {
        { "2026-09-30", "2026-07-01" }, { "2026-02-30", "2026-03-01" }, { "", "2026-03-01" },
        { "yesterday", "2026-03-01" },  { "1900-01-01", "2026-03-01" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        dbk_period p;
        assert_rc(dbk_period_of(&p, rows[i][0], rows[i][1], NULL), DBK_INVALID, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_period_is_compared_with_the_one_before_of_equal_length_A8),
        cmocka_unit_test(a_mean_is_over_the_months_that_there_were_A8),
        cmocka_unit_test(a_change_is_against_what_was_before_A8),
        cmocka_unit_test(what_is_no_period_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
