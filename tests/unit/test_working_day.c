#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/practice/working_day.h"

static dbk_working_days *days;

static int begin(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_working_days_new(&days, &err), &err);
    return 0;
}

static int end(void **state)
{
    (void)state;
    dbk_working_days_free(days);
    return 0;
}

static int64_t at(const char *text)
{
    dbk_err err = { 0 };
    int64_t ms = 0;
    assert_ok(dbk_moment_parse(&ms, dbk_span_str(text), &err), &err);
    return ms;
}

static int64_t day(const char *text)
{
    return at(text) / DBK_DAY_MS - (at(text) < 0 && at(text) % DBK_DAY_MS != 0 ? 1 : 0);
}

/* The lists of GOV.UK (bank holidays in England and Wales), year by year. */
static void holidays_are_those_of_the_published_lists_2_3(void **state)
{
    static const struct {
        int year;
        const char *list;
    } cases[] = {
        { 2019, "01-01 04-19 04-22 05-06 05-27 08-26 12-25 12-26" },
        { 2020, "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28" },
        { 2021, "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28" },
        { 2022, "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27" },
        { 2023, "01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26" },
        { 2024, "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26" },
        { 2025, "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26" },
        { 2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28" },
        { 2027, "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28" },
        { 2028, "01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char first[24], next[24], text[DBK_TIME_TEXT_SIZE], got[128] = "";
        size_t len = 0;
        (void)snprintf(first, sizeof(first), "%d-01-01", cases[i].year);
        (void)snprintf(next, sizeof(next), "%d-01-01", cases[i].year + 1);
        for (int64_t d = day(first); d < day(next); d++) {
            if (dbk_bank_holiday(days, d) == NULL)
                continue;
            dbk_time_print(text, d * DBK_DAY_MS);
            len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%.5s", len > 0 ? " " : "",
                                    text + 5);
        }
        if (strcmp(got, cases[i].list) != 0)
            fail_msg("%d: got %s, want %s", cases[i].year, got, cases[i].list);
    }
}

static void a_substitute_day_says_what_it_is_for(void **state)
{
    (void)state;
    assert_string_equal(dbk_bank_holiday(days, day("2022-12-26")), "Boxing Day");
    assert_string_equal(dbk_bank_holiday(days, day("2022-12-27")), "Christmas Day");
    assert_string_equal(dbk_bank_holiday(days, day("2021-12-27")), "Christmas Day");
    assert_string_equal(dbk_bank_holiday(days, day("2021-12-28")), "Boxing Day");
    assert_null(dbk_bank_holiday(days, day("2022-05-30")));
}

/* The earliest and the latest Easter there can be, and the two corrections of the moon's table. */
static void easter_is_the_churches(void **state)
{
    static const char *const mondays[] = { "1818-03-23", "1943-04-26", "1954-04-19",
                                           "1981-04-20", "2000-04-24", "2038-04-26",
                                           "2049-04-19", "2076-04-20", "2285-03-23" };
    (void)state;
    for (size_t i = 0; i < sizeof(mondays) / sizeof(mondays[0]); i++) {
        const char *name = dbk_bank_holiday(days, day(mondays[i]));
        if (name == NULL || strcmp(name, "Easter Monday") != 0)
            fail_msg("%s is no Easter Monday", mondays[i]);
    }
}

static void within_n_working_days_ends_with_that_day_by_the_clock_here_2_3(void **state)
{
    static const struct {
        const char *why, *from, *due;
        unsigned count;
    } cases[] = {
        { "a weekday", "2026-11-24T10:00:00Z", "2026-11-25T23:59:59.999Z", 1 },
        { "over a weekend", "2026-11-27T10:00:00Z", "2026-11-30T23:59:59.999Z", 1 },
        { "on a Sunday", "2026-11-29T10:00:00Z", "2026-11-30T23:59:59.999Z", 1 },
        { "over Easter", "2026-04-02T16:00:00+01:00", "2026-04-07T23:59:59.999+01:00", 1 },
        { "over Christmas", "2026-12-24T16:00:00Z", "2026-12-29T23:59:59.999Z", 1 },
        { "five over Christmas", "2026-12-24T16:00:00Z", "2027-01-05T23:59:59.999Z", 5 },
        { "half past midnight in summer is the new day", "2026-06-01T00:30:00+01:00",
          "2026-06-02T23:59:59.999+01:00", 1 },
        { "an offset from elsewhere", "2026-06-01T04:30:00+09:00", "2026-06-01T23:59:59.999+01:00",
          1 },
        { "into summer time", "2026-03-27T12:00:00Z", "2026-03-30T23:59:59.999+01:00", 1 },
        { "out of it", "2026-10-23T12:00:00+01:00", "2026-10-26T23:59:59.999Z", 1 },
        { "the same day", "2026-06-01T10:00:00Z", "2026-06-01T23:59:59.999+01:00", 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dbk_deadline due = dbk_working_days_after(days, at(cases[i].from), cases[i].count);
        if (due.at_ms != at(cases[i].due) || !due.vouched)
            fail_msg("%s: due %lld, want %lld", cases[i].why, (long long)due.at_ms,
                     (long long)at(cases[i].due));
    }
}

static void years_that_no_list_vouches_for_are_said(void **state)
{
    (void)state;
    assert_int_equal(dbk_working_days_last_year(days), 2028);
    assert_true(dbk_working_days_after(days, at("2028-12-28T10:00:00Z"), 1).vouched);
    assert_false(dbk_working_days_after(days, at("2028-12-29T10:00:00Z"), 1).vouched);
    assert_false(dbk_working_days_after(days, at("2018-12-31T10:00:00Z"), 2).vouched);
    /* The rules go on. */
    assert_true(dbk_working_days_after(days, at("2029-12-24T10:00:00Z"), 1).at_ms ==
                at("2029-12-27T23:59:59.999Z"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(holidays_are_those_of_the_published_lists_2_3),
        TEST(a_substitute_day_says_what_it_is_for),
        TEST(easter_is_the_churches),
        TEST(within_n_working_days_ends_with_that_day_by_the_clock_here_2_3),
        TEST(years_that_no_list_vouches_for_are_said),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
