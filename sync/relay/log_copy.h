/* sync/relay/log_copy.h - a whole log into an empty one of another store: rows and segments byte
 * for byte, so that every receipt, proof and signature holds there as it did. Knows nothing of what
 * they mean but which spaces there are: the membership chain says so. */
#ifndef DBK_RELAY_LOG_COPY_H
#define DBK_RELAY_LOG_COPY_H

#include "core/base/env.h"
#include "sync/relay/log_check.h"

/* from: a handle for reading; to: the one that writes, of a log with nothing in it. One
 * transaction; then both are checked deep, and have to say the same: report. DBK_DAMAGED: they
 * don't. */
DBK_MUST_CHECK dbk_rc dbk_log_copy(const dbk_log *to, const dbk_log *from, const dbk_env *env,
                                   dbk_log_report *report, dbk_err *err);

#endif
