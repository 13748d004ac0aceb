/* core/practice/dmm.h - what a daily management meeting looks at (A19): high risk that is new or
 * changed, and actions that are overdue.
 * Knows:  forms risk_assessment, referral, action, case.
 * Never:  wording, writing, the clock. Devices: dbk_query_devices().
 * For one area what has no area recorded is told too: a blank never hides a risk. */
#ifndef DBK_PRACTICE_DMM_H
#define DBK_PRACTICE_DMM_H

#include "core/practice/reading.h"

typedef enum dbk_dmm_kind { DBK_DMM_RISK, DBK_DMM_ACTION } dbk_dmm_kind;

/* Borrowed for the callback. */
typedef struct dbk_dmm_item {
    dbk_dmm_kind kind;
    dbk_id record, space;
    dbk_id case_id;          /* zero: not said */
    const dbk_note *of_case; /* NULL: not held, or not to be read here */
    int64_t at_ms;           /* of a risk when it was last changed; of an action its day, UTC */
    bool is_new;             /* a risk that was begun since */
    bool urgent;             /* an action */
    bool area_unsaid;
    const char *summary; /* the record's line; not terminal-safe */
} dbk_dmm_item;
typedef dbk_rc (*dbk_dmm_fn)(void *ctx, const dbk_dmm_item *item, dbk_err *err);

typedef struct dbk_dmm_opts {
    int64_t since_ms;    /* what was changed since */
    int64_t today_ms;    /* midnight, UTC, of the day that it is where the officer is */
    const char *la_area; /* NULL: all */
} dbk_dmm_opts;
/* Risks, the newest first; then actions, the one that was due last first. */
DBK_MUST_CHECK dbk_rc dbk_dmm(dbk_book *book, const dbk_dmm_opts *opts, dbk_dmm_fn fn, void *ctx,
                              dbk_err *err);

#endif
