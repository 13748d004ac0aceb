/* sync/relay/log_copy.h - a whole log into an empty one of another store: rows and segments byte
 * for byte, or through a filter; so that every receipt, proof and signature holds there as it did.
 * Knows nothing of what they mean but which spaces there are: the membership chain says so. */
#ifndef DBK_RELAY_LOG_COPY_H
#define DBK_RELAY_LOG_COPY_H

#include "core/base/env.h"
#include "sync/relay/log_check.h"
#include "sync/relay/log_space.h"

/* from: a handle for reading; to: the one that writes, of a log with nothing in it. One
 * transaction; then both are checked deep, and have to say the same: report. DBK_DAMAGED: they
 * don't. */
DBK_MUST_CHECK dbk_rc dbk_log_copy(const dbk_log *to, const dbk_log *from, const dbk_env *env,
                                   dbk_log_report *report, dbk_err *err);

/* What is changed of a log on its way into another one. Spans that a function puts in live until
 * its next call. */
typedef struct dbk_log_filter {
    dbk_rc (*segment)(void *ctx, const dbk_id *space, dbk_log_segment *segment, dbk_err *err);
    dbk_rc (*fork)(void *ctx, const dbk_id *space, dbk_log_fork *fork, dbk_err *err);
    void *ctx;
} dbk_log_filter;
/* Into `to`, whose transaction is open, from a view, but for snapshots: they can be made again.
 * Nothing is checked: neither need be a log that
 * a check would pass. */
DBK_MUST_CHECK dbk_rc dbk_log_copy_through(const dbk_log *to, const dbk_log *from,
                                           const dbk_log_filter *filter, const dbk_env *env,
                                           dbk_err *err);

#endif
