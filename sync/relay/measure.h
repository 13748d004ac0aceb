/* sync/relay/measure.h - how a log stands: its spaces in the order of the chain with their sizes,
 * and what waits for a witness. For `daybook-relay status` and for monitoring. */
#ifndef DBK_RELAY_MEASURE_H
#define DBK_RELAY_MEASURE_H

#include "sync/relay/log_space.h"
#include "sync/relay/roll.h"

typedef struct dbk_measure {
    uint64_t spaces, segments;
    uint64_t unwitnessed;
    uint64_t oldest_ms; /* receipt of the oldest of these; 0: there is none */
    uint64_t witnesses; /* that the policy names */
    uint64_t bytes;     /* of segments in all spaces */
} dbk_measure;

/* Called for each space in turn; number: from 1. */
typedef struct dbk_measure_space {
    uint64_t number, segments, bytes;
} dbk_measure_space;
typedef dbk_rc (*dbk_measure_fn)(void *ctx, const dbk_measure_space *space, dbk_err *err);

/* log: a handle in an open view. roll: folded from it. */
DBK_MUST_CHECK dbk_rc dbk_measure_log(dbk_measure *out, const dbk_log *log, dbk_roll *roll,
                                      dbk_measure_fn fn, void *ctx, dbk_err *err);

#endif
