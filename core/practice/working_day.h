/* core/practice/working_day.h - working days in England and Wales: no Saturday, no Sunday, no bank
 * holiday (core/practice/bank_holidays.json); and when "within n working days" is over.
 * Knows:  the rules of the Banking and Financial Dealings Act 1971, what was proclaimed besides,
 * and the legal time of the United Kingdom (GMT, BST). Never:  the machine's clock or zone.
 * Scotland and Northern Ireland have other holidays. Other years than those that the data vouches
 * for follow the rules alone: a holiday that is proclaimed, or moved, isn't known. Days are counted
 * from 1970-01-01. */
#ifndef DBK_PRACTICE_WORKING_DAY_H
#define DBK_PRACTICE_WORKING_DAY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/day.h"
#include "core/base/err.h"

/* The day that it is in the United Kingdom at that moment, and a day's first moment there. */
int64_t dbk_uk_day(int64_t unix_ms);
int64_t dbk_uk_midnight(int64_t day);

typedef struct dbk_working_days dbk_working_days;
/* The caller frees *out: dbk_working_days_free(). */
DBK_MUST_CHECK dbk_rc dbk_working_days_new(dbk_working_days **out, dbk_err *err);
void dbk_working_days_free(dbk_working_days *w);
int dbk_working_days_last_year(const dbk_working_days *w); /* that the data vouches for */

/* The bank holiday's name, borrowed; NULL: none. A substitute day has the name of what it is for.
 */
const char *dbk_bank_holiday(const dbk_working_days *w, int64_t day);

/* The end of the count-th working day after the day of a moment; with 0 of that day itself. */
typedef struct dbk_deadline {
    int64_t at_ms; /* the last millisecond that is in time */
    bool vouched;  /* all days on the way are of years that the data vouches for */
} dbk_deadline;
#define DBK_WORKING_DAYS_MAX 366u
dbk_deadline dbk_working_days_after(const dbk_working_days *w, int64_t from_ms, unsigned count);

#endif
