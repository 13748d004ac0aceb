/* core/practice/liaison.h - what headquarters looks after: for each family, or side of one, how
 * often it was met and what lacks (FL-2, FL-6, FL-7, FL-10, FL-11); for each liaison officer how
 * much they bear and when somebody last asked how they are (FL-8).
 * Knows:  forms case, contact, risk_assessment, officer.
 * Never:  wording, writing, the clock. Deployments that are closed are left out. */
#ifndef DBK_PRACTICE_LIAISON_H
#define DBK_PRACTICE_LIAISON_H

#include "core/practice/family.h"

#define DBK_LIAISON_NAME_SIZE 808u   /* of a side: 200 characters */
#define DBK_LIAISON_WELFARE_DAYS 90u /* after which a check is overdue */

typedef enum dbk_literature {
    DBK_LITERATURE_DUE,    /* not met yet, or day 2 isn't over */
    DBK_LITERATURE_GIVEN,  /* by day 2 */
    DBK_LITERATURE_LATE,   /* after it */
    DBK_LITERATURE_MISSING /* day 2 is over */
} dbk_literature;

typedef struct dbk_liaison_family {
    dbk_id case_id;
    char group[DBK_LIAISON_NAME_SIZE]; /* "": not said, or a family that isn't split */
    uint64_t contacts, attempts;       /* attempts apart (FL-2) */
    int64_t first_ms, last_ms;         /* of contacts; 0: none */
    int64_t gap_ms;                    /* the longest between two */
    uint64_t late, incomplete;
    uint64_t open; /* what they brought up and has no answer */
    int64_t oldest_open_ms;
    int64_t first_visit_ms; /* 0: none */
    bool assessed;          /* a risk assessment was in date then (FL-7) */
    int64_t literature_ms;  /* when it was first given; 0: never */
    dbk_literature literature;
} dbk_liaison_family;

typedef struct dbk_liaison_opts {
    int64_t now_ms;
    unsigned welfare_days; /* of officers: after how many a check is overdue */
    const dbk_id *after;   /* of families: the case that a page ended with, or NULL */
    uint64_t limit;        /* of families: so many cases, each with all its sides; 0: all */
    /* May what lies in that space be told? NULL: all. */
    bool (*shows)(void *ctx, const dbk_id *space);
    void *ctx;
} dbk_liaison_opts;
/* Case by case, the newest first: only their contacts are read. The caller frees *out with
 * dbk_free(). Sides that the case names are there without a contact. */
DBK_MUST_CHECK dbk_rc dbk_liaison_families(dbk_liaison_family **out, size_t *count, dbk_book *book,
                                           const dbk_liaison_opts *opts, dbk_err *err);

/* Borrowed for the callback. */
typedef struct dbk_liaison_officer {
    dbk_id record;
    dbk_reading *reading;
    uint64_t caseload, limit; /* limit 0: the register says nothing */
    bool over;
    bool asked; /* there was a welfare check */
    int64_t welfare_ms;
    bool overdue; /* none, or none for so long */
} dbk_liaison_officer;
typedef dbk_rc (*dbk_liaison_officer_fn)(void *ctx, const dbk_liaison_officer *o, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_liaison_officers(dbk_book *book, const dbk_liaison_opts *opts,
                                           dbk_liaison_officer_fn fn, void *ctx, dbk_err *err);

#endif
