/* core/practice/breach.h - devices that were reported lost or stolen, and the time limit of 72
 * hours that begins with the report (DPA 2018 s67; domain.md 2.6): until headquarters has decided,
 * in a record of the form `breach` that names the device, whether the Commissioner is told. Knows:
 * the membership chain, the form breach. Never:  wording, writing, the clock. A decision counts if
 * headquarters wrote the value that is shown, which is the more protective where two desks differ;
 * "being assessed", "to be told" and what isn't known end nothing. */
#ifndef DBK_PRACTICE_BREACH_H
#define DBK_PRACTICE_BREACH_H

#include "core/practice/reading.h"

#define DBK_BREACH_HOURS 72u

typedef struct dbk_breach {
    dbk_id device;
    bool stolen;          /* else lost */
    uint64_t reported_ms; /* claimed by the administrator's device that signed the removal */
    uint64_t until_ms;
    bool decided;
    dbk_id record; /* that names the device, the deciding one if there is one; zero: none */
} dbk_breach;
typedef struct dbk_breach_opts {
    /* Records in spaces where this says no are not looked at. NULL: all. */
    bool (*shows)(void *ctx, const dbk_id *space);
    void *ctx;
} dbk_breach_opts;
/* In the order in which they were reported. The caller frees *out with dbk_free(). */
DBK_MUST_CHECK dbk_rc dbk_breaches(dbk_breach **out, size_t *count, dbk_book *book,
                                   const dbk_breach_opts *opts, dbk_err *err);

/* What one of them could read in a space: its role there as it was, the records that were begun
 * before it was reported, and the newest time at which something of its own arrived (0: nothing).
 * A device that only writes could read none. */
typedef struct dbk_breach_reach {
    dbk_role role; /* DBK_ROLE_NONE: it was never in that space */
    bool left;     /* it was taken out of that space before: then it may hold fewer */
    uint64_t records, heard_ms;
} dbk_breach_reach;
DBK_MUST_CHECK dbk_rc dbk_breach_reach_of(dbk_breach_reach *out, dbk_book *book,
                                          const dbk_breach *breach, const dbk_id *space,
                                          dbk_err *err);

#endif
