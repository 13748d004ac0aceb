/* core/journal/inbox.h - the receive path: verify, open, merge, in one transaction a batch.
 * Nothing that fails a check changes any state (security.md R3): caps -> canonical parse ->
 * member's feed -> chain -> signature -> op root -> open -> decode -> merge. What verifies but
 * can't be opened yet (no key, unknown version) is kept as pending with a reason and the cursor
 * goes on. */
#ifndef DBK_JOURNAL_INBOX_H
#define DBK_JOURNAL_INBOX_H

#include "core/crypto/checkpoint.h"
#include "core/crypto/segment.h"
#include "core/journal/book.h"

/* One membership entry: verified, stored, own wraps opened into the keyring; pending segments
 * that can now be opened are merged. An entry that is held already is DBK_OK. */
DBK_MUST_CHECK dbk_rc dbk_inbox_member(dbk_book *book, dbk_span entry, dbk_err *err);

/* A contiguous run of a space's log, from the position that this device holds. */
typedef struct dbk_arrival {
    uint64_t receipt_ms;
    bool has_body; /* false: this device wrote it and holds it */
    dbk_span header, body;
} dbk_arrival;
typedef dbk_rc (*dbk_arrival_fn)(void *ctx, dbk_arrival *out, dbk_err *err); /* DBK_NOT_FOUND: end */
typedef struct dbk_run {
    dbk_id space;
    uint64_t from;         /* must be the position's size, else DBK_CONFLICT */
    uint32_t count;
    dbk_span checkpoint;   /* note, signed by the relay */
    const dbk_proof *proof; /* consistency from from+count to the checkpoint's size */
    dbk_arrival_fn next;
    void *next_ctx;
} dbk_run;
typedef struct dbk_inbox_stats {
    uint64_t segments, ops, records_new, records_changed, conflicts_new, pending;
} dbk_inbox_stats;
/* Verifies all of the run (headers, chains, bodies, tree root, checkpoint) before it merges; one
 * durable transaction. DBK_PEER: the relay's log doesn't verify (nothing changed). */
DBK_MUST_CHECK dbk_rc dbk_inbox_run(dbk_book *book, dbk_inbox_stats *stats, const dbk_run *run,
                                    dbk_err *err);

/* Receipts for own segments first_seq.. in order, as the push answered; verified, stored. When
 * their indexes continue the position without a gap the position moves too (and is checked
 * against the checkpoint note), so own segments needn't be pulled back. */
typedef struct dbk_receipted {
    dbk_hash header_hash;
    dbk_receipt receipt;
} dbk_receipted;
DBK_MUST_CHECK dbk_rc dbk_inbox_receipts(dbk_book *book, const dbk_id *space,
                                         const dbk_receipted *receipts, size_t count,
                                         dbk_span checkpoint, dbk_err *err);

/* Segments without log index or receipt (a folder carried them), of any feeds of the space, each
 * feed's in order. Duplicates are nothing. A gap in a feed: DBK_PENDING, that segment is skipped
 * and counted. */
DBK_MUST_CHECK dbk_rc dbk_inbox_carried(dbk_book *book, dbk_inbox_stats *stats, dbk_span header,
                                        dbk_span body, dbk_err *err);

#endif
