#include "core/practice/period.h"

#include <stdio.h>
#include <string.h>

#include "core/base/day.h"
#include "core/base/text.h"

/* A year has 365.25 days, and 12 months. */
#define YEAR_CENTIDAYS 36525u
#define CENTIMONTHS 1200u

typedef struct month {
    int year, month;
} month;

static month month_of(const char *day)
{
    month m = { 0, 0 };
    for (size_t i = 0; i < 4; i++)
        m.year = 10 * m.year + (day[i] - '0');
    m.month = 10 * (day[5] - '0') + (day[6] - '0');
    return m;
}

static int number_of(month m)
{
    return 12 * m.year + m.month - 1;
}

/* The first day of a month by its number. */
static void first_day(char out[DBK_PERIOD_DAY_SIZE], int number)
{
    (void)snprintf(out, DBK_PERIOD_DAY_SIZE, "%04u-%02u-01", (unsigned)(number / 12) % 10000u,
                   (unsigned)(number % 12) + 1u);
}

static int64_t ms_of(const char *day)
{
    int64_t ms = 0;
    dbk_rc rc = dbk_moment_parse(&ms, dbk_span_str(day), NULL);
    DBK_ASSERT(rc == DBK_OK); /* it has been found valid */
    return ms;
}

static void day_at(char out[DBK_PERIOD_DAY_SIZE], int64_t ms)
{
    char text[DBK_TIME_TEXT_SIZE];
    dbk_time_print(text, ms);
    memcpy(out, text, DBK_PERIOD_DAY_SIZE - 1);
    out[DBK_PERIOD_DAY_SIZE - 1] = '\0';
}

void dbk_period_next_day(char out[DBK_PERIOD_DAY_SIZE], const char *day)
{
    day_at(out, ms_of(day) + DBK_DAY_MS);
}

/* 0: it doesn't begin on a first, or doesn't end on a last day of a month. */
static unsigned whole_months(const dbk_period *p)
{
    char next[DBK_PERIOD_DAY_SIZE];
    dbk_period_next_day(next, p->to);
    if (strcmp(p->from + 8, "01") != 0 || strcmp(next + 8, "01") != 0)
        return 0;
    return (unsigned)(number_of(month_of(next)) - number_of(month_of(p->from)));
}

dbk_rc dbk_period_of(dbk_period *out, const char *from, const char *to, dbk_err *err)
{
    *out = (dbk_period){ .days = 0 };
    if (!dbk_date_valid(dbk_span_str(from)) || !dbk_date_valid(dbk_span_str(to)))
        return dbk_fail(err, DBK_INVALID, "a period is from one day to another, as 2026-09-30");
    int64_t from_ms = ms_of(from), to_ms = ms_of(to);
    if (to_ms < from_ms || (to_ms - from_ms) / DBK_DAY_MS >= DBK_PERIOD_DAYS_MAX)
        return dbk_fail(err, DBK_INVALID, "the last day of a period is not before its first");
    memcpy(out->from, from, DBK_PERIOD_DAY_SIZE);
    memcpy(out->to, to, DBK_PERIOD_DAY_SIZE);
    out->days = (unsigned)((to_ms - from_ms) / DBK_DAY_MS) + 1;
    out->months = whole_months(out);
    day_at(out->before_to, from_ms - DBK_DAY_MS);
    if (out->months > 0)
        first_day(out->before_from, number_of(month_of(from)) - (int)out->months);
    else
        day_at(out->before_from, from_ms - (int64_t)out->days * DBK_DAY_MS);
    return DBK_OK;
}

uint64_t dbk_period_months_tenths(const dbk_period *p)
{
    if (p->months > 0)
        return 10u * (uint64_t)p->months;
    return (10u * (uint64_t)p->days * CENTIMONTHS + YEAR_CENTIDAYS / 2) / YEAR_CENTIDAYS;
}

uint64_t dbk_period_mean_tenths(const dbk_period *p, uint64_t count)
{
    if (p->months > 0)
        return (10u * count + p->months / 2) / p->months;
    uint64_t divisor = (uint64_t)p->days * CENTIMONTHS;
    return (10u * count * YEAR_CENTIDAYS + divisor / 2) / divisor;
}

bool dbk_period_change_tenths(int64_t *out, uint64_t count, uint64_t before)
{
    *out = 0;
    if (before == 0)
        return false;
    uint64_t by = count > before ? count - before : before - count;
    int64_t tenths = (int64_t)((1000u * by + before / 2) / before);
    *out = count >= before ? tenths : -tenths;
    return true;
}
