/* sync/relay/log_check.h - re-derives everything that a log states from what it stores: the
 * membership chain from its entries, each space's tree, checkpoint, feeds and places from its
 * segments. For tests after every step, and for `daybook-relay fsck`. */
#ifndef DBK_RELAY_LOG_CHECK_H
#define DBK_RELAY_LOG_CHECK_H

#include "sync/relay/log.h"

typedef struct dbk_log_report {
    uint64_t entries, spaces, segments, feeds, forks;
} dbk_log_report;

/* DBK_DAMAGED names the first thing that isn't as it should be. report counts what was seen. */
DBK_MUST_CHECK dbk_rc dbk_log_check_deep(const dbk_log *log, dbk_log_report *report, dbk_err *err);

#endif
