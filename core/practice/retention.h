/* core/practice/retention.h - how long a case's or a person's records are kept, when somebody has
 * to look again whether they must be, and what headquarters has decided about it (domain.md 2.5).
 * Knows:  the review groups, which are data (core/practice/retention.json); the header's mopi_group
 *         and legal_hold; form retention_review. What refers to a case or a person, in any value
 *         that stands, is part of what is known about them; a person's cases are too.
 * Never:  wording, the clock, writing, disposal itself. Nothing ends because a time is over: a
 *         person decides.
 * Where records differ the longer time and the hold stand (P6). A decision to dispose counts while
 * everything that it was made on is as it was: whatever came since, or at the same time
 * elsewhere, means deciding anew. */
#ifndef DBK_PRACTICE_RETENTION_H
#define DBK_PRACTICE_RETENTION_H

#include "core/journal/journal.h"
#include "core/practice/reading.h"

#define DBK_RETENTION_FORM "retention_review"
#define DBK_RETENTION_BASIS_CHARS 64u
#define DBK_RETENTION_GROUP_SIZE 49u

/* As a word: dbk_retention_stand_name(). The gravest last. */
#define DBK_RETENTION_STAND_TABLE(X)                                                     \
    X(KEPT, "kept")       /* its review isn't due yet */                                 \
    X(DUE, "due")         /* somebody has to review it */                                \
    X(AGAIN, "again")     /* to be disposed of, was decided; something has come since */ \
    X(HELD, "held")       /* the same, and a legal hold stands */                        \
    X(DISPOSE, "dispose") /* the same, and nothing is against it */
#define DBK_RETENTION_STAND_ENUM(name, text) DBK_RETENTION_##name,
typedef enum dbk_retention_stand {
    DBK_RETENTION_STAND_TABLE(DBK_RETENTION_STAND_ENUM) DBK_RETENTION_STANDS
} dbk_retention_stand;
#undef DBK_RETENTION_STAND_ENUM
const char *dbk_retention_stand_name(dbk_retention_stand stand);

/* One case or person. Times: 0 is none. */
typedef struct dbk_retention {
    dbk_id record, space;
    bool is_case;
    dbk_retention_stand stand;
    char group[DBK_RETENTION_GROUP_SIZE]; /* the longest of all that refers to it; empty: none */
    uint64_t events;                      /* records that count as something that happened */
    int64_t first_ms, newest_ms;          /* of those */
    int64_t until_ms;    /* the end of the clear period, or of the hundredth year */
    int64_t due_ms;      /* of its next review */
    int64_t reviewed_ms; /* the newest review that counts */
    bool held;           /* a legal hold, or nobody knows whether there is one */
    bool open;           /* a deployment that isn't closed */
    bool child;          /* somebody is, or may be, under 10 at the first event */
    dbk_id decision;     /* the review that says "dispose"; zero: none */
    /* Of everything that a decision is made on. In dbk_retention_all() only if there is a decision
     * to dispose of anything. */
    char basis[DBK_RETENTION_BASIS_CHARS + 1];
} dbk_retention;

typedef struct dbk_retention_opts {
    int64_t now_ms;
    dbk_span rules; /* as retention.json is; empty: the shipped ones */
    /* May what is in this space be shown now? What may not counts for nothing; NULL: everything
     * that is held may. A decision is judged by everything. */
    bool (*shows)(void *ctx, const dbk_id *space);
    void *ctx;
} dbk_retention_opts;
/* All cases and persons that are held, also those that were withdrawn; the one whose review is due
 * first comes first. The caller frees *out with dbk_free(). */
DBK_MUST_CHECK dbk_rc dbk_retention_all(dbk_retention **out, size_t *count, dbk_book *book,
                                        const dbk_retention_opts *opts, dbk_err *err);
/* Those of them whose review is due by then, or by now, or that were decided otherwise than to be
 * kept: without reading what can't be (core/practice/retention_seek.h). */
DBK_MUST_CHECK dbk_rc dbk_retention_due(dbk_retention **out, size_t *count, dbk_book *book,
                                        int64_t until_ms, const dbk_retention_opts *opts,
                                        dbk_err *err);
/* One of them. DBK_INVALID: it is neither case nor person; DBK_NOT_FOUND. */
DBK_MUST_CHECK dbk_rc dbk_retention_of(dbk_retention *out, dbk_book *book, const dbk_id *record,
                                       const dbk_retention_opts *opts, dbk_err *err);

/* A dbk_practice_fn for form retention_review: headquarters decides, in the record's own space;
 * what is needed is kept; a hold, a deployment that runs, a time that isn't over, and a basis that
 * isn't the one of now refuse "dispose"; under-10s are considered by themselves. */
DBK_MUST_CHECK dbk_rc dbk_retention_judge(dbk_problems *problems, const dbk_intent *proposed,
                                          dbk_err *err);

#endif
