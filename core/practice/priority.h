/* core/practice/priority.h - cases by the Victims Commission's priorities (B33): as the case says
 * them, and as its kind and hidden crimes mean them by the table of that day
 * (core/practice/priority.json).
 * Knows:  the form case; the two lists of codes don't cover each other.
 * Never:  wording, which cases there are, writing a priority into a case.
 * A case may count under several; one that counts under none is in the row without a code. */
#ifndef DBK_PRACTICE_PRIORITY_H
#define DBK_PRACTICE_PRIORITY_H

#include "core/practice/cells.h"
#include "core/practice/reading.h"

typedef struct dbk_priority_row {
    const char *code; /* NULL: no priority */
    const char *label;
    dbk_cell cases, said, meant; /* said by the case; meant by its kind or hidden crimes */
} dbk_priority_row;

typedef struct dbk_priority_rule dbk_priority_rule;
typedef struct dbk_priorities {
    dbk_priority_row *rows; /* in the form's order; the one without a code is the last */
    size_t rows_count;
    dbk_cell cases;
    uint64_t classified;
    dbk_priority_rule *rules;
    size_t rules_count;
    struct json_t *json; /* what the rules are borrowed from */
} dbk_priorities;
/* Labels are borrowed from the forms. The caller wipes it, whatever comes back. */
DBK_MUST_CHECK dbk_rc dbk_priorities_init(dbk_priorities *p, const dbk_forms *forms, dbk_err *err);
void dbk_priorities_wipe(dbk_priorities *p);

/* Counts a case by the table of that day (YYYY-MM-DD); other records count for nothing. */
DBK_MUST_CHECK dbk_rc dbk_priorities_take(dbk_priorities *p, const dbk_note *note, dbk_span day,
                                          dbk_err *err);
/* For whoever is outside of the force (B24). A case may stand in several rows; they are taken for
 * parts of the whole all the same, which hides more and never less. */
void dbk_priorities_hide_small(dbk_priorities *p);
/* Is no case dropped, and none counted that isn't there (B79)? DBK_DAMAGED: it doesn't add up. */
DBK_MUST_CHECK dbk_rc dbk_priorities_check(const dbk_priorities *p, dbk_err *err);

#endif
