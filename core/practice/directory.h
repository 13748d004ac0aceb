/* core/practice/directory.h - looking services up, and what is wrong with the directory: checks
 * that are overdue, and support that nobody offers (domain.md B14, B18, B23; 3.7).
 * Knows:  the small rows of services (dbk_query_offers), a day. No network is needed.
 * Never:  the clock, wording, writing.
 * What a service doesn't say of its area or ages doesn't hide it: it stands after those that do,
 * and is called unsaid. What it must say: the kind of support, and the language, unless it has
 * interpreters. A closed service is never offered, a paused one comes last. */
#ifndef DBK_PRACTICE_DIRECTORY_H
#define DBK_PRACTICE_DIRECTORY_H

#include "core/journal/query.h"

#define DBK_DIRECTORY_CHILD_AGE 18 /* below it one is a child (B23) */

typedef struct dbk_directory_ask {
    const char *category; /* code of a kind of support or of a hidden crime; NULL: any */
    const char *area;     /* code of a local authority area; NULL: any */
    const char *language; /* as people write it; NULL: any */
    int age;              /* DBK_OFFER_UNSAID: any */
    int64_t today;        /* since 1970-01-01, where the officer is */
    bool with_closed;
    bool with_restricted; /* a reason was given for looking into restricted spaces */
    bool stale_only;
} dbk_directory_ask;

typedef struct dbk_directory_hit {
    dbk_id record;
    dbk_offer_status status;
    bool stale;                   /* a check is overdue, or there never was one */
    bool area_unsaid, age_unsaid; /* asked for, and not said */
    bool by_interpreter;          /* the language is asked for, and only interpreters are named */
    int64_t checked_day, due_day; /* DBK_OFFER_NEVER */
} dbk_directory_hit;

/* Active before paused before closed; checked before overdue; what is said before what is unsaid;
 * then the latest check first. The caller frees *out with dbk_free(). */
DBK_MUST_CHECK dbk_rc dbk_directory_find(dbk_directory_hit **out, size_t *count, dbk_book *book,
                                         const dbk_directory_ask *ask, dbk_err *err);

/* Does one service answer the question? Pure: what dbk_directory_find does to each. */
typedef struct dbk_directory_terms {
    dbk_offer_term category, area, language;
} dbk_directory_terms;
DBK_MUST_CHECK dbk_rc dbk_directory_terms_of(dbk_directory_terms *out, const dbk_directory_ask *ask,
                                             dbk_err *err);
bool dbk_directory_judge(dbk_directory_hit *out, const dbk_offer *offer,
                         const dbk_directory_ask *ask, const dbk_directory_terms *terms);

/* ---- gaps ------------------------------------------------------------------------------------ */

typedef enum dbk_directory_gap_kind {
    DBK_GAP_NONE,   /* nobody offers this, in the area or (area NULL) anywhere */
    DBK_GAP_AGE,    /* there is something, and nothing for this age */
    DBK_GAP_UNSAID, /* there is something, and none says that it is for this age */
    DBK_GAP_STALE   /* there is something for this age, and every check of it is overdue */
} dbk_directory_gap_kind;

/* Codes and labels are the form's. */
typedef struct dbk_directory_gap {
    dbk_directory_gap_kind kind;
    const dbk_code *category, *area; /* area NULL: anywhere */
    size_t services;                 /* active ones that offer it there, for whatever age */
} dbk_directory_gap;

/* For one age; of every kind of support and hidden crime in every area, or of those that are asked
 * for. What nobody offers anywhere is one gap, not one in each area. A service that names no area
 * counts for none: it is no answer to "who helps in Dudley?". By category, then area, in the form's
 * order. What is in restricted spaces never counts. ask->language isn't looked at. The caller frees
 * *out with dbk_free(). */
DBK_MUST_CHECK dbk_rc dbk_directory_gaps(dbk_directory_gap **out, size_t *count, dbk_book *book,
                                         const dbk_directory_ask *ask, dbk_err *err);

#endif
