/* core/journal/verify.h - every chain, seal, signature and row, from the stored bytes up. */
#ifndef DBK_JOURNAL_VERIFY_H
#define DBK_JOURNAL_VERIFY_H

#include "core/journal/book.h"

/* What is merged of a feed; segments that wait are not in it. */
typedef struct dbk_vector_row {
    dbk_id feed, device;
    uint64_t last_seq;
    dbk_hash head; /* header hash of the newest merged segment */
} dbk_vector_row;
typedef struct dbk_verified {
    dbk_id space;
    uint64_t segments, ops, records; /* also of what waits */
    const dbk_vector_row *vector;    /* by feed id */
    size_t vector_count;
    /* "daybook/state/1" over, for each record in id order: id (16) || length (u32) || canonical
     * state. Equal on replicas that hold the same. */
    dbk_hash state_hash;
    dbk_hash vector_hash; /* "daybook/vector/1" over feed (16) || last seq (u64) rows */
    uint64_t log_size;
    uint64_t absent; /* ops that a backup left out and that are to come back from the relay */
    /* What came with headquarters' snapshot (snapshot.h): segments whose notes aren't here, and
     * records that were believed, because they can't be made anew from them. */
    uint64_t bare, believed;
    size_t faults; /* of this space; 0: all is well */
} dbk_verified;
typedef struct dbk_verify_sink {
    dbk_rc (*space)(void *ctx, const dbk_verified *v, dbk_err *err);
    dbk_rc (*fault)(void *ctx, const char *sentence, dbk_err *err); /* each thing that is wrong */
    void (*progress)(void *ctx, uint64_t done, uint64_t total);     /* may be NULL */
    void *ctx;
} dbk_verify_sink;
/* Checks the database's own integrity, the membership chain, each feed's chain, each header
 * signature (the newest one that holds vouches for those before it in its feed), each op root,
 * opens each op, replays all merges into fresh states and compares them with the stored rows, and
 * the log's root with the last checkpoint. DBK_DAMAGED if faults. A fault doesn't stop it: all that
 * can be read is checked. Memory is the same for any number of notes. */
DBK_MUST_CHECK dbk_rc dbk_verify_book(dbk_book *book, const dbk_verify_sink *sink, dbk_err *err);

#endif
