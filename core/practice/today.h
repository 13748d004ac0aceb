/* core/practice/today.h - what waits for somebody: actions due, reviews and expiries, contacts that
 * were agreed, time limits of the law that run (core/practice/clock.h), cases graded standard to
 * which police come again and again (domain.md B46), actions that somebody else must take over
 * (FL-5), and services to ring before anybody is sent (B18).
 * Never:  wording, writing, the clock. */
#ifndef DBK_PRACTICE_TODAY_H
#define DBK_PRACTICE_TODAY_H

#include "core/practice/reading.h"

/* Contacts since the assessment that make a standard case stand out. */
#define DBK_TODAY_REPEATS 3u

typedef enum dbk_due_kind {
    DBK_DUE_ACTION,
    DBK_DUE_REVIEW,
    DBK_DUE_EXPIRY,
    DBK_DUE_CONTACT,
    DBK_DUE_LIMIT,  /* of the law, not met yet, while its case isn't closed */
    DBK_DUE_REPEAT, /* at_ms: of the latest contact */
    DBK_DUE_CLASH,  /* an action to search or arrest that the family's own officer has (FL-5);
                       at_ms: when it was raised */
    DBK_DUE_SERVICE /* one that an open referral names, whose check is overdue (B18); at_ms: since
                       when, or today: it was never checked */
} dbk_due_kind;

/* By severity. */
typedef enum dbk_due_when { DBK_DUE_SOON, DBK_DUE_TODAY, DBK_DUE_OVERDUE } dbk_due_when;

typedef struct dbk_due {
    dbk_id record;
    dbk_due_kind kind;
    dbk_due_when when;
    bool urgent;
    int64_t at_ms;     /* of a date its midnight, UTC */
    bool timed;        /* at_ms is a moment, not a day */
    uint64_t contacts; /* DBK_DUE_REPEAT */
} dbk_due;

typedef struct dbk_today_opts {
    int64_t now_ms;
    int64_t today_ms; /* midnight, UTC, of the day that it is where the officer is */
    unsigned days;    /* how far ahead; what is overdue is always told */
    /* What lies where this says no isn't told. NULL: all. Services are never of a restricted
     * space. */
    bool (*shows)(void *ctx, const dbk_id *space);
    void *ctx;
    uint64_t limit; /* of each dbk_due_when the first so many: a backlog hides no appointment; 0:
                       all */
} dbk_today_opts;

/* The most severe first, then urgent ones, then by time. */
#define DBK_DUE_WHENS 3u
typedef struct dbk_today_list {
    dbk_due *rows;
    size_t count;
    uint64_t more[DBK_DUE_WHENS]; /* how many were left out, by dbk_due_when */
} dbk_today_list;
/* The caller wipes it, whatever comes back. */
DBK_MUST_CHECK dbk_rc dbk_today(dbk_today_list *out, dbk_book *book, const dbk_today_opts *opts,
                                dbk_err *err);
void dbk_today_wipe(dbk_today_list *told);

#endif
