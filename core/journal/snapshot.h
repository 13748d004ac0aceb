/* core/journal/snapshot.h - a space as headquarters holds it at one size of its log, for a device
 * that begins (decision 0039).
 * Knows:  headers, states, what they hash to; who may vouch. Never: files, the network.
 * A segment whose body didn't come along is bare: its row has an empty body. What needs the body
 * says DBK_PENDING. Bodies that come later, in a folder or from the relay, are compared with their
 * headers, as ever, and fill it in. */
#ifndef DBK_JOURNAL_SNAPSHOT_H
#define DBK_JOURNAL_SNAPSHOT_H

#include "core/crypto/snapshot.h"
#include "core/journal/book.h"
#include "core/journal/inbox.h"
#include "core/store/segments.h"

#define DBK_SNAPSHOT_CONFIRMATIONS_MAX 8u

/* Of the space's log up to the relay's newest checkpoint of what is applied here. Appends the
 * manifest when the last chunk was given. DBK_DENIED: this device doesn't vouch for the space, or
 * two courses of the membership were signed. DBK_PENDING: the relay has signed for nothing that is
 * all here, a body isn't here, what an order to dispose names still is, or what was decided here on
 * notes that stood aside isn't in that much of the log. */
typedef struct dbk_snapshot_out {
    /* name: the manifest's salt, by which the snapshot is called. */
    dbk_rc (*chunk)(void *ctx, const dbk_id *name, uint32_t index, dbk_span sealed, dbk_err *err);
    void *ctx;
} dbk_snapshot_out;
DBK_MUST_CHECK dbk_rc dbk_snapshot_make(dbk_book *book, dbk_bytes *manifest, const dbk_id *space,
                                        const dbk_snapshot_out *out, dbk_err *err);

/* Makes the same of what is here, sealed bodies first, and says so. DBK_CONFLICT: it comes to
 * something else here. DBK_AUTH, DBK_DENIED as of dbk_manifest_check; DBK_PENDING: not so much of
 * the log, or of the membership, is here, or an order to dispose isn't carried out; DBK_NOT_FOUND:
 * what came since has overtaken it. */
DBK_MUST_CHECK dbk_rc dbk_snapshot_confirm(dbk_book *book, uint8_t out[DBK_CONFIRMATION_BYTES],
                                           dbk_span manifest, dbk_err *err);

/* Would it be taken? Everything but its chunks. DBK_AUTH, DBK_DENIED (nobody who may vouch
 * confirmed it), DBK_CONFLICT: overtaken, or there is something of the space here already.
 * DBK_PENDING: its keys or the membership that it names aren't here. */
typedef struct dbk_snapshot_in {
    dbk_span manifest;
    dbk_span confirmations[DBK_SNAPSHOT_CONFIRMATIONS_MAX];
    size_t confirmations_count;
    /* From 0 on, in order; a borrowed chunk lives until the next call. */
    dbk_rc (*chunk)(void *ctx, dbk_span *sealed, uint32_t index, dbk_err *err);
    void *ctx;
} dbk_snapshot_in;
DBK_MUST_CHECK dbk_rc dbk_snapshot_look(dbk_book *book, const dbk_snapshot_in *in, dbk_err *err);
/* Takes it, in one durable transaction: nothing of it is here when that fails. Besides the above:
 * DBK_AUTH, DBK_FORMAT: it isn't what was signed. DBK_CONFLICT also: something in it came after its
 * author was taken out. */
typedef struct dbk_snapshot_taken {
    uint64_t segments, records;
} dbk_snapshot_taken;
DBK_MUST_CHECK dbk_rc dbk_snapshot_take(dbk_book *book, dbk_snapshot_taken *taken,
                                        const dbk_snapshot_in *in, dbk_err *err);

/* What this device began with in a space. */
typedef struct dbk_snapshot_begun {
    uint64_t size; /* of the log then; 0: it began with the log itself, or has all of it now */
    uint64_t made_ms;
    dbk_id maker, confirmer;
    uint64_t bare; /* segments whose bodies aren't here */
    /* Where in the log that is in force the first of them is known to stand, and behind the last. A
     * relay that was restored may have them elsewhere than the one that the snapshot was made of.
     */
    uint64_t first_bare, bare_end;
} dbk_snapshot_begun;
DBK_MUST_CHECK dbk_rc dbk_snapshot_begun_with(dbk_book *book, dbk_snapshot_begun *out,
                                              const dbk_id *space, dbk_err *err);

/* Is a body here? */
static inline bool dbk_segment_is_bare(const dbk_store_segment *row)
{
    return row->body.len == 0;
}
#define DBK_SNAPSHOT_BARE "it came with headquarters' snapshot: its notes are not on this device"

#endif
