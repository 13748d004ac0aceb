/* core/practice/report.h - what came of an operation, and whom it fell on: interventions by
 * outcome, by why the family was chosen, direction, agency and ethnicity, with the counts of the
 * flight sheets as denominators (domain.md LL-2, LL-4). Knows:  the forms intervention and flight;
 * every record that it is given is counted once in each part. A part's rows add up to the total:
 * what fits no row is in the row without a code. Never:  which records there are, wording, dates,
 * scores: indicators are no part of it. */
#ifndef DBK_PRACTICE_REPORT_H
#define DBK_PRACTICE_REPORT_H

#include "core/practice/cells.h"
#include "core/practice/reading.h"

/* What is counted of interventions. As a word: dbk_report_measure_name(). */
#define DBK_REPORT_MEASURE_TABLE(X)                                                   \
    X(SPOKEN, "interventions")                                                        \
    X(PAST_ADVICE, "past_advice") /* an outcome beyond advice, material, a refusal */ \
    X(SEARCHED, "searched")       /* baggage */                                       \
    X(POWER, "power_used")        /* a power is named for the search */               \
    X(DECLINED, "declined")       /* they did not want to talk */
#define DBK_REPORT_MEASURE_ENUM(name, text) DBK_REPORT_##name,
typedef enum dbk_report_measure {
    DBK_REPORT_MEASURE_TABLE(DBK_REPORT_MEASURE_ENUM) DBK_REPORT_MEASURES
} dbk_report_measure;
#undef DBK_REPORT_MEASURE_ENUM
const char *dbk_report_measure_name(dbk_report_measure measure);

/* The parts, by the field of an intervention; of the outcome the furthest on the ladder counts. */
#define DBK_REPORT_PART_TABLE(X) \
    X(OUTCOME, "outcome")        \
    X(BASIS, "selection_basis")  \
    X(DIRECTION, "direction")    \
    X(AGENCY, "agency")          \
    X(ETHNICITY, "ethnicity_self_defined")
#define DBK_REPORT_PART_ENUM(name, text) DBK_REPORT_BY_##name,
typedef enum dbk_report_part {
    DBK_REPORT_PART_TABLE(DBK_REPORT_PART_ENUM) DBK_REPORT_PARTS
} dbk_report_part;
#undef DBK_REPORT_PART_ENUM
const char *dbk_report_part_name(dbk_report_part part);

typedef struct dbk_report_row {
    dbk_report_part part;
    const char *code; /* NULL: not recorded, or fits no other row */
    const char *label;
    dbk_cell cells[DBK_REPORT_MEASURES];
    dbk_cell named; /* outcome: those that name it, whatever else they name */
} dbk_report_row;

/* A denominator, of the flight sheets; a name of the form's, or "flights", "flights_without_pax".
 */
typedef struct dbk_report_figure {
    const char *name, *label;
    dbk_cell cell;
} dbk_report_figure;

typedef struct dbk_report {
    dbk_report_row *rows; /* part by part, in the form's order */
    dbk_report_figure *figures;
    size_t rows_count, figures_count;
    dbk_cell total[DBK_REPORT_MEASURES];
    uint64_t drafts; /* interventions that nobody has signed yet */
} dbk_report;
/* Texts are borrowed from the forms. The caller wipes it, whatever comes back. */
DBK_MUST_CHECK dbk_rc dbk_report_init(dbk_report *r, const dbk_forms *forms, dbk_err *err);
void dbk_report_wipe(dbk_report *r);

/* Counts an intervention or a flight sheet; other records count for nothing. */
DBK_MUST_CHECK dbk_rc dbk_report_take(dbk_report *r, const dbk_note *note, dbk_err *err);

/* For whoever is outside of the force: hides numbers from 1 to 4, and as many others as it takes so
 * that nobody can work them out from the totals. */
void dbk_report_hide_small(dbk_report *r);

/* Do each part's rows add up to the total (B79)? DBK_DAMAGED: they don't. */
DBK_MUST_CHECK dbk_rc dbk_report_check(const dbk_report *r, dbk_err *err);

#endif
