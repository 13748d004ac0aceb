/* core/practice/months.h - what was done, by month and area: interventions by airport, referrals by
 * local authority (domain.md rows 14 and 8). The month is the one on the clock of who wrote it.
 * Knows:  forms intervention and referral.
 * Never:  which records there are, wording of reports, who did it. */
#ifndef DBK_PRACTICE_MONTHS_H
#define DBK_PRACTICE_MONTHS_H

#include "core/practice/reading.h"

#define DBK_MONTHS_ROWS_MAX 20000u /* ten years of two kinds in eighty areas each */
#define DBK_MONTH_SIZE 8u          /* "2026-11" */

typedef struct dbk_months_row {
    const char *part; /* "intervention", "referral" */
    char month[DBK_MONTH_SIZE];
    char *area;  /* an airport as it was written, or the code of an area; "": not recorded */
    char *label; /* as people call it */
    uint64_t count;
} dbk_months_row;

typedef struct dbk_months {
    dbk_months_row *rows; /* by part, month and area */
    size_t count, room;
} dbk_months; /* { 0 } is empty */
void dbk_months_wipe(dbk_months *m);

/* The forms that are counted, from 0; NULL: no more. */
const char *dbk_months_form(size_t i);
/* Counts a record of one of them; others, and those that were withdrawn, count for nothing.
 * when_ms: where it stands in lists, for one whose time isn't recorded. */
DBK_MUST_CHECK dbk_rc dbk_months_take(dbk_months *m, const dbk_note *note, int64_t when_ms,
                                      dbk_err *err);

#endif
