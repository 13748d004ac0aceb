/* sync/relay/log_reach.h - how far each device has a space's log, in rows of that log: the newest
 * word of each, as it signed it (core/crypto/reach.h), and when it came.
 * Knows:  rows. Never: who may, signatures, whether the log is so.
 * Key, under the space: 'H' || device (16); value: heard, Unix ms (u64) || word */
#ifndef DBK_RELAY_LOG_REACH_H
#define DBK_RELAY_LOG_REACH_H

#include "core/crypto/reach.h"
#include "sync/relay/log_space.h"

typedef struct dbk_log_reach {
    uint64_t heard_ms; /* by the relay's clock */
    uint8_t word[DBK_REACH_BYTES];
    dbk_reach said; /* decoded; writing doesn't look at it */
} dbk_log_reach;

/* DBK_NOT_FOUND: the device has said nothing. */
DBK_MUST_CHECK dbk_rc dbk_log_reach_get(const dbk_log_space *s, const dbk_id *device,
                                        dbk_log_reach *out, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_reach_put(const dbk_log_space *s, const dbk_id *device,
                                        const dbk_log_reach *row, dbk_err *err);
/* All of the space's, ascending by device. DBK_DAMAGED: a row is malformed, or another device's. */
typedef dbk_rc (*dbk_log_reach_fn)(void *ctx, const dbk_log_reach *row, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_reaches(const dbk_log_space *s, dbk_log_reach_fn fn, void *ctx,
                                      dbk_err *err);

#endif
