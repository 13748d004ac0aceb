/* core/journal/snapshot_internal.h - inside snapshots: what making and taking share. Not for
 * others. snapshot_stream.c: the plaintext. snapshot_make.c: out of a book. snapshot.c: made,
 * confirmed. snapshot_later.c: what came since. snapshot_take.c: into a book. */
#ifndef DBK_JOURNAL_SNAPSHOT_INTERNAL_H
#define DBK_JOURNAL_SNAPSHOT_INTERNAL_H

#include "core/journal/book_internal.h"
#include "core/journal/snapshot.h"
#include "core/journal/snapshot_stream.h"

#define DBK_SNAP_INDEX_BYTES_MAX (512u * 1024u * 1024u)

/* The plaintext of a space at a size of its log, given in whole items; fills all of the claim but
 * org, space, log, size, root and members; and which keys the segments name, ascending. */
typedef struct dbk_snap_survey {
    const dbk_book_space *space;
    uint64_t size; /* at most what is applied here */
    bool anew;     /* every state from its sealed ops, not from its row */
    dbk_rc (*item)(void *ctx, dbk_span item, dbk_err *err);
    void *ctx;
} dbk_snap_survey;
DBK_MUST_CHECK dbk_rc dbk_snap_survey_run(dbk_book *book, dbk_claim *claim, dbk_bytes *keys,
                                          const dbk_snap_survey *survey, dbk_err *err);

/* Orders to dispose of something in the space, by the chain as it is here, that aren't carried out
 * here. */
typedef struct dbk_snap_orders_left {
    bool due, kept; /* nothing was done about one; something is against one */
} dbk_snap_orders_left;
DBK_MUST_CHECK dbk_rc dbk_snap_orders(dbk_book *book, dbk_snap_orders_left *out,
                                      const dbk_id *space, dbk_err *err);
/* Is something here that was decided on notes which stood aside, and that doesn't stand in the log
 * below the size? What was let in by it is merged here, and nowhere else by that much of the log.
 */
DBK_MUST_CHECK dbk_rc dbk_snap_decided(dbk_book *book, const dbk_book_space *home, uint64_t size,
                                       bool *later_on, dbk_err *err);
/* Of the same notes this desk makes something else than the claim says. Nobody has lied if
 * DBK_PENDING: an order isn't carried out here; DBK_NOT_FOUND: what stood aside was decided on
 * since, or who had written below its size came or went. */
DBK_MUST_CHECK dbk_rc dbk_snap_overtaken(dbk_book *book, const dbk_book_space *home,
                                         const dbk_claim *claim, dbk_err *err);

/* Is it one with which a device that has nothing of the space would begin? As dbk_snapshot_look,
 * but for what is here already and the keys. */
DBK_MUST_CHECK dbk_rc dbk_snapshot_vouched(dbk_book *book, dbk_manifest *m, dbk_id *confirmer,
                                           const dbk_snapshot_in *in, dbk_err *err);

/* As `verify` has them. */
void dbk_snap_hash_state(dbk_hasher *h, const dbk_id *record, dbk_span state);
void dbk_snap_hash_vector(dbk_hasher *h, const dbk_id *feed, uint64_t last_seq);

/* Why a merged segment keeps a reason, and back; NULL: none. */
const char *dbk_snap_reason(dbk_snap_fate fate);

#endif
