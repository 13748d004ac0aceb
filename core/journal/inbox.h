/* core/journal/inbox.h - the receive path: verify, open, merge, in one transaction a batch.
 * Nothing that fails a check changes any state (security.md R3): caps -> canonical parse ->
 * member's feed -> chain -> signature -> op root -> open -> decode -> merge. Each signature is
 * checked: no hash covers it, and what is kept must stand alone where it is passed on.
 *
 * What can't be merged is kept with a reason, and the cursor goes on:
 * - Pending: the key isn't here, or what its author had seen of the membership isn't, a newer
 *   version made it, or a record that it writes to is over a limit. Such a segment blocks its own
 *   feed, since ops are merged in the order of their feed, and no other: what follows it in the
 *   feed is pending too. In a feed pending segments stand behind all merged ones. They are tried
 *   again when membership grows and after each run.
 * - Aside: it can't take its place in its feed. Its author isn't known yet (membership hasn't come
 *   this far), or may not write here, or signed another segment for the same place (both histories
 *   are kept; the one that was here first stays in the records, and a person decides). What
 * continues a feed that is proved to have two histories stands aside too (evidence.h). Nothing else
 * waits for it. What was decided about it is looked up after each run: quarantine.h.
 * - Poison: an op that no device can understand, by the bytes that its author sealed: opened with
 *   the key that the header names, but with a broken seal, padding, compression or encoding. That
 *   is the same on every replica and for ever, so the op counts as merged and does nothing; the
 *   segment's row keeps the reason, and all other ops go on (sync-lessons 2.28).
 * - Misfit: an op that names another form, or stands in another space, than its record's id says
 *   (core/journal/record_id.h). That is told by the bytes too, and treated alike: no op can make
 *   something else of a record, whatever came first. */
#ifndef DBK_JOURNAL_INBOX_H
#define DBK_JOURNAL_INBOX_H

#include "core/crypto/checkpoint.h"
#include "core/crypto/hole.h"
#include "core/journal/book.h"

/* One membership entry: verified, stored, own wraps opened into the keyring; pending segments
 * that can now be opened are merged; a log that it says was restored is left for the one that takes
 * its place (core/journal/recovered.h). An entry that is held already is DBK_OK. */
DBK_MUST_CHECK dbk_rc dbk_inbox_member(dbk_book *book, dbk_span entry, dbk_err *err);
/* Finishes what an entry began, should the program have been cut off in between: recoveries, and
 * what of somebody who was taken out goes out again. To be done before an exchange. */
DBK_MUST_CHECK dbk_rc dbk_inbox_settle(dbk_book *book, dbk_err *err);

/* A contiguous run of a space's log, from the position that this device holds. Header and body
 * are borrowed until dbk_inbox_run returns. */
typedef struct dbk_arrival {
    uint64_t receipt_ms;
    bool has_body; /* false: this device wrote it and holds it */
    dbk_sealed segment;
} dbk_arrival;
typedef dbk_rc (*dbk_arrival_fn)(void *ctx, dbk_arrival *out,
                                 dbk_err *err); /* DBK_NOT_FOUND: end */
typedef struct dbk_run {
    dbk_id space;
    uint64_t from; /* must be the position's size, else DBK_CONFLICT */
    uint32_t count;
    dbk_span checkpoint;    /* note, signed by the relay */
    const dbk_proof *proof; /* consistency from from+count to the checkpoint's size */
    dbk_arrival_fn next;
    void *next_ctx;
} dbk_run;
typedef struct dbk_inbox_stats {
    uint64_t segments, ops, records_new, records_changed, conflicts_new, pending;
    bool restored;       /* this store is an old copy, or there are two: it has a new incarnation */
    uint64_t reissued;   /* own ops that were written again under it */
    bool bare;           /* DBK_PENDING: notes that a snapshot left out have to be fetched first */
    bool let_go;         /* DBK_PENDING: a relay has let go of bodies below the log's floor ... */
    uint64_t lacks_from; /* ... that are lacking here from this index on (core/journal/floor.h) */
} dbk_inbox_stats;
/* Verifies all of the run (headers, chains, bodies, tree root, checkpoint) before it merges; one
 * durable transaction. Fills stats: records are counted once each, without the log of use; pending
 * counts what had to be kept unmerged. If the log holds, signed by this device, what this store
 * doesn't, the store is an old copy or there are two of it: then the own feed is closed and what
 * the log lacks of it written again (core/journal/reissue.h) before the run is taken; stats tell.
 * DBK_PEER: the relay's log doesn't verify, or is another log than before (nothing changed).
 * DBK_PENDING: a note is missing that no order in the chain here disposes of, or that a relay has
 * let go of; or what a backup left out has to come first (core/journal/absent.h): nothing changed.
 * DBK_CONFLICT, DBK_LIMIT (too many segments), DBK_NOT_FOUND (no such space), DBK_VERSION: nothing
 * changed. A checkpoint that says more than was held when it came stays pinned until the log has
 * reached its size, and the log must then have its root. */
DBK_MUST_CHECK dbk_rc dbk_inbox_run(dbk_book *book, dbk_inbox_stats *stats, const dbk_run *run,
                                    dbk_err *err);
/* The relay signs for just what is applied here: after it was restored, its log has a new name, and
 * no entry need come for a long time. DBK_PEER as above. */
DBK_MUST_CHECK dbk_rc dbk_inbox_checkpoint(dbk_book *book, const dbk_id *space, dbk_span note,
                                           dbk_err *err);

/* Receipts for own segments first_seq.. in order, as the push answered; verified, stored. When
 * their indexes continue the position without a gap the position moves too (and is checked
 * against the checkpoint note), so own segments needn't be pulled back. checkpoint may be empty.
 * DBK_PEER: a receipt or the checkpoint doesn't verify, or they contradict what is known (nothing
 * changed). */
typedef struct dbk_receipted {
    dbk_hash header_hash;
    dbk_receipt receipt;
} dbk_receipted;
DBK_MUST_CHECK dbk_rc dbk_inbox_receipts(dbk_book *book, const dbk_id *space,
                                         const dbk_receipted *receipts, size_t count,
                                         dbk_span checkpoint, dbk_err *err);

/* Segments without log index or receipt (a folder carried them), of any feeds of the space, each
 * feed's in order. Duplicates are nothing. A gap in a feed, or an author who isn't known yet:
 * DBK_PENDING, that segment is skipped and counted. DBK_FORMAT, DBK_AUTH: it isn't what it says.
 * DBK_NOT_FOUND: of a space that this device isn't in. DBK_PEER: a segment of this device that
 * this store doesn't hold. Fills stats. */
DBK_MUST_CHECK dbk_rc dbk_inbox_carried(dbk_book *book, dbk_inbox_stats *stats,
                                        const dbk_sealed *segment, dbk_err *err);

#endif
