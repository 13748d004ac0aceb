/* sync/relay/erasure.h - what the chain orders erased, in the relay's log (decision 0031): of what
 * stands there when the order comes, and of what comes afterwards.
 * Knows:  the roll's orders, kept bodies, log_space.h. Never: who may order it; what was written.
 * One caller at a time: the writer, in its transaction. */
#ifndef DBK_RELAY_ERASURE_H
#define DBK_RELAY_ERASURE_H

#include "sync/relay/append.h"
#include "sync/relay/roll.h"

/* The order has just been taken: every segment of its space that holds one of its ops, also where
 * it is the evidence of a fork, becomes one with a kept body. Nothing else of the log changes. A
 * failure is the storage's. */
DBK_MUST_CHECK dbk_rc dbk_erasure_run(const dbk_log *log, dbk_roll *roll, const dbk_entry *order,
                                      dbk_err *err);

/* Is each hole of what comes in one that the chain orders? */
bool dbk_erasure_allows(dbk_roll *roll, const dbk_append_item *item);
/* What is ordered of it besides becomes a hole. Its body stands in store then, and until that is
 * used again; room for DBK_KEPT_BYTES_MAX. */
DBK_MUST_CHECK dbk_rc dbk_erasure_apply(dbk_roll *roll, dbk_append_item *item, dbk_bytes *store,
                                        dbk_err *err);

#endif
