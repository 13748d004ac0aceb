/* core/practice/statistic.h - the returns of a period, as tables of figures
 * (core/practice/figures.h): cases by hidden crime or another of their codes (A8-9, A25, A32, A35),
 * the eight indicators of FGM as they were answered (B95), children who were there and whether they
 * were heard (A30), and what came of referrals by provider (B24). Knows:  forms case, intervention,
 * contact, referral. Never:  which records there are, wording of reports, scores: indicators are
 * never added up. */
#ifndef DBK_PRACTICE_STATISTIC_H
#define DBK_PRACTICE_STATISTIC_H

#include "core/practice/figures.h"
#include "core/practice/reading.h"

#define DBK_STATISTIC_TABLE(X)                                        \
    X(TRENDS, "trends", "case")                                       \
    X(INDICATORS, "indicators", "intervention")                       \
    X(CHILDREN, "children", "contact") /* attempts are no contacts */ \
    X(REFERRALS, "referrals", "referral")
#define DBK_STATISTIC_ENUM(name, text, form) DBK_STATISTIC_##name,
typedef enum dbk_statistic_kind {
    DBK_STATISTIC_TABLE(DBK_STATISTIC_ENUM) DBK_STATISTICS
} dbk_statistic_kind;
#undef DBK_STATISTIC_ENUM
/* The form whose records it counts. */
const char *dbk_statistic_form(dbk_statistic_kind kind);

typedef struct dbk_statistic_opts {
    dbk_statistic_kind kind;
    const char *by;       /* trends: a code of the case; referrals: "service"; or NULL */
    const char *category; /* trends: only cases of this hidden crime; or NULL */
    const char *la_area;  /* trends, referrals: only of this area; or NULL */
} dbk_statistic_opts;

typedef struct dbk_statistic {
    dbk_statistic_opts opts; /* texts are borrowed */
    const dbk_form *form;
    dbk_figures figures;
} dbk_statistic;
/* DBK_INVALID: no such field, category or area. The caller wipes it, whatever comes back. */
DBK_MUST_CHECK dbk_rc dbk_statistic_init(dbk_statistic *s, const dbk_forms *forms,
                                         const dbk_statistic_opts *opts, dbk_err *err);
void dbk_statistic_wipe(dbk_statistic *s);

/* Counts a record of the form; others count for nothing. book: for the names of services; in a
 * restricted space they have none here. */
DBK_MUST_CHECK dbk_rc dbk_statistic_take(dbk_statistic *s, dbk_book *book, const dbk_note *note,
                                         dbk_figures_when when, dbk_err *err);

#endif
