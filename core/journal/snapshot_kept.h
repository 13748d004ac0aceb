/* core/journal/snapshot_kept.h - the chunks of a snapshot that is on its way, kept across syncs
 * until all are here (decision 0053).
 * Knows:  the manifest that they belong to, and that each opens under its key at its place.
 * Never:  the network; what the chunks say.
 * Invariant: of a space, chunks 0..n-1 of one manifest are kept, as they were sealed, and nothing
 * else. They go when the snapshot is taken, when the log itself is, by an order to dispose of
 * something in the space, and when they are given up. */
#ifndef DBK_JOURNAL_SNAPSHOT_KEPT_H
#define DBK_JOURNAL_SNAPSHOT_KEPT_H

#include "core/journal/snapshot.h"

#define DBK_SNAPSHOT_KEPT_CHUNKS_MAX 4096u /* of a space: 256 MiB; the rest is fetched anew */
/* In a row, that brought nothing, where something is kept. Where nothing is: one. */
#define DBK_SNAPSHOT_TRIES_MAX 5u

typedef struct dbk_snapshot_kept {
    uint32_t chunks;
    bool is_hopeless; /* it was tried as often as that */
} dbk_snapshot_kept;
/* Counts a try, durably: to be asked before anything is fetched. What is kept of another snapshot
 * goes. m: of one that dbk_snapshot_look() has found good. */
DBK_MUST_CHECK dbk_rc dbk_snapshot_kept_try(dbk_book *book, dbk_snapshot_kept *out,
                                            const dbk_manifest *m, dbk_err *err);
/* Keeps what follows on the kept->chunks that are here, durably and all or nothing; over the cap
 * nothing. DBK_AUTH, DBK_FORMAT: it is not this snapshot's, or not these chunks. */
typedef struct dbk_snapshot_chunks {
    const dbk_span *sealed;
    size_t count;
} dbk_snapshot_chunks;
DBK_MUST_CHECK dbk_rc dbk_snapshot_keep(dbk_book *book, dbk_snapshot_kept *kept,
                                        const dbk_manifest *m, const dbk_snapshot_chunks *chunks,
                                        dbk_err *err);
/* Appends the sealed chunk. */
DBK_MUST_CHECK dbk_rc dbk_snapshot_kept_get(dbk_book *book, dbk_bytes *sealed, const dbk_id *space,
                                            uint32_t index, dbk_err *err);
/* What is kept of a space goes; that it was tried stays. */
DBK_MUST_CHECK dbk_rc dbk_snapshot_kept_drop(dbk_book *book, const dbk_id *space, dbk_err *err);
/* All goes, that it was tried too, in the transaction that is open. *any: chunks were kept. */
DBK_MUST_CHECK dbk_rc dbk_snapshot_kept_forget(dbk_book *book, bool *any, const dbk_id *space,
                                               dbk_err *err);

/* Of all spaces: is each chunk there that should be, and nothing besides? */
DBK_MUST_CHECK dbk_rc dbk_snapshot_kept_check(dbk_book *book, bool *whole, dbk_err *err);

#endif
