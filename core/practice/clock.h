/* core/practice/clock.h - the law's time limits: what has to be done within so many working days
 * of what (core/practice/clock.json, dated), and whether it was (domain.md 2.3, 2.12).
 * Knows:  forms fgm_report, key_decision, referral, person, case; working days.
 * Never:  wording, writing, the clock.
 * A victim's enhanced rights hold unless their record says no. A report of FGM runs only where
 * there is a duty (core/practice/duty.h). What isn't held or isn't readable here is not known. */
#ifndef DBK_PRACTICE_CLOCK_H
#define DBK_PRACTICE_CLOCK_H

#include "core/practice/reading.h"

#define DBK_CLOCKS_MAX 32u

/* A row of the table. */
typedef struct dbk_clock {
    const char *code, *label, *source;
    const char *from, *until; /* days that it begins on; until NULL: still */
    unsigned working_days, enhanced_days;
    bool verified; /* false: no source that we hold confirms it */
    const struct json_t *types;
} dbk_clock;
typedef struct dbk_clocks {
    dbk_clock rows[DBK_CLOCKS_MAX];
    size_t count;
    int last_year; /* that the bank holidays are published for */
    struct dbk_working_days *days;
    struct json_t *json; /* what the rows are borrowed from */
} dbk_clocks;
/* The caller wipes it, whatever comes back. */
DBK_MUST_CHECK dbk_rc dbk_clocks_init(dbk_clocks *c, dbk_err *err);
void dbk_clocks_wipe(dbk_clocks *c);

#define DBK_CLOCK_STATE_TABLE(X)                               \
    X(IN_TIME, "in_time")                                      \
    X(LATE, "late")                                            \
    X(RUNNING, "running")                                      \
    X(OVERDUE, "overdue") /* not done, and the time is over */ \
    X(UNKNOWN, "unknown") /* nothing says when it began: it isn't judged */
#define DBK_CLOCK_STATE_ENUM(name, text) DBK_CLOCK_##name,
typedef enum dbk_clock_state {
    DBK_CLOCK_STATE_TABLE(DBK_CLOCK_STATE_ENUM) DBK_CLOCK_STATES
} dbk_clock_state;
#undef DBK_CLOCK_STATE_ENUM
const char *dbk_clock_state_name(dbk_clock_state state);

/* One that began, or should have. Borrowed for the callback. */
typedef struct dbk_clock_run {
    const dbk_clock *clock; /* the row that was in force when it began */
    dbk_id record;          /* what is to be done: a report, a decision, a person to refer */
    dbk_id person, case_id; /* or zero */
    dbk_clock_state state;
    bool enhanced, closed;                /* closed: its case is */
    bool vouched;                         /* by a published list of bank holidays */
    int64_t began_ms, due_ms, stopped_ms; /* 0: not, or not known. due: the last that is in time */
    dbk_span reason;                      /* why it is late; empty: nobody said */
} dbk_clock_run;
typedef dbk_rc (*dbk_clock_fn)(void *ctx, const dbk_clock_run *run, dbk_err *err);
typedef struct dbk_clock_opts {
    int64_t now_ms;
    /* What is done or isn't judged, and the persons of cases that are closed, needn't be told, nor
     * the reasons of the others. Only what may still run is read then. */
    bool running_only;
    /* May what lies in that space be told? NULL: all. What may not neither counts nor stops. */
    bool (*shows)(void *ctx, const dbk_id *space);
    void *ctx;
} dbk_clock_opts;
DBK_MUST_CHECK dbk_rc dbk_clocks_each(const dbk_clocks *c, dbk_book *book,
                                      const dbk_clock_opts *opts, dbk_clock_fn fn, void *ctx,
                                      dbk_err *err);

#endif
