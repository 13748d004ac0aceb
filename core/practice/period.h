/* core/practice/period.h - a period and the one before it, of equal length: what a figure is of,
 * and what it is compared with (A8-9: a mean of 13 months was printed as one of 12). Pure.
 * Days are calendar days, from the first to the last. Whole calendar months are compared with as
 * many before them; other periods with as many days. */
#ifndef DBK_PRACTICE_PERIOD_H
#define DBK_PRACTICE_PERIOD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

#define DBK_PERIOD_DAY_SIZE 11u /* "2026-11-29" */
#define DBK_PERIOD_DAYS_MAX 36600u

typedef struct dbk_period {
    char from[DBK_PERIOD_DAY_SIZE], to[DBK_PERIOD_DAY_SIZE]; /* the first and the last day */
    char before_from[DBK_PERIOD_DAY_SIZE], before_to[DBK_PERIOD_DAY_SIZE];
    unsigned days;
    unsigned months; /* whole calendar months; 0: it isn't of such */
} dbk_period;
/* DBK_INVALID: no days, the last before the first, or too many. */
DBK_MUST_CHECK dbk_rc dbk_period_of(dbk_period *out, const char *from, const char *to,
                                    dbk_err *err);
/* The day behind it. */
void dbk_period_next_day(char out[DBK_PERIOD_DAY_SIZE], const char *day);

/* In tenths, rounded. A period that isn't of whole months has days / 30.4375 of them. */
uint64_t dbk_period_months_tenths(const dbk_period *p);
uint64_t dbk_period_mean_tenths(const dbk_period *p, uint64_t count);
/* By how many per cent, in tenths; false: there was none before. */
bool dbk_period_change_tenths(int64_t *out, uint64_t count, uint64_t before);

#endif
