/* core/store/disposals.h - rows of orders to dispose (core/journal/disposal.h): where this device
 * stands with each, by the order's place in the membership chain. No row: not looked at yet. */
#ifndef DBK_STORE_DISPOSALS_H
#define DBK_STORE_DISPOSALS_H

#include "core/store/store.h"

typedef enum dbk_disposal_state {
    DBK_DISPOSAL_DUE = 0,  /* nothing was done about it; never in a row */
    DBK_DISPOSAL_DONE = 1, /* nothing that it names is whole here any more */
    DBK_DISPOSAL_KEPT = 2, /* something is against it here */
    DBK_DISPOSAL_OWED = 3  /* as DONE, and the log of use doesn't say so yet */
} dbk_disposal_state;

typedef struct dbk_store_disposal {
    uint64_t seq; /* of the chain's entry */
    dbk_disposal_state state;
    uint64_t held; /* KEPT: how much of the space was held when it was looked at last. OWED: how
                      many ops went */
} dbk_store_disposal;
/* One that is there already is replaced. */
DBK_MUST_CHECK dbk_rc dbk_disposals_put(dbk_store *store, const dbk_store_disposal *row,
                                        dbk_err *err);
/* Without a row: DUE. */
DBK_MUST_CHECK dbk_rc dbk_disposals_get(dbk_store *store, dbk_store_disposal *out, uint64_t seq,
                                        dbk_err *err);
/* DONE ones. */
DBK_MUST_CHECK dbk_rc dbk_disposals_count_done(dbk_store *store, uint64_t *count, dbk_err *err);

#endif
