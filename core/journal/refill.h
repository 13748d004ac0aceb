/* core/journal/refill.h - what this device holds of a space's log, for a relay that lost it:
 * entries in their places, with the receipt times that they had, and the relay's own signed word
 * that they belong there (docs/decisions/0019). Reading only. */
#ifndef DBK_JOURNAL_REFILL_H
#define DBK_JOURNAL_REFILL_H

#include "core/crypto/checkpoint.h"
#include "core/crypto/hole.h"
#include "core/crypto/tree.h"
#include "core/journal/book.h"

#define DBK_REFILL_LEAVES_MAX (1u << 20) /* 32 MiB of hashes while it is open */

typedef struct dbk_refill dbk_refill;

/* DBK_NOT_FOUND: the relay has signed for nothing that is all here. DBK_LIMIT: too long a log. */
DBK_MUST_CHECK dbk_rc dbk_refill_open(dbk_refill **out, dbk_book *book, const dbk_id *space,
                                      dbk_err *err);
void dbk_refill_close(dbk_refill *r); /* NULL is nothing */

typedef struct dbk_refill_batch {
    uint64_t from;
    uint32_t count;      /* 0: nothing is held from there on */
    dbk_span checkpoint; /* borrowed until close */
    dbk_proof proof;     /* from from + count to the checkpoint's size */
} dbk_refill_batch;
/* As many entries from index `from` on as fit, at least one if there is one. */
typedef struct dbk_refill_opts {
    uint64_t from;
    uint32_t count_max, bytes_max;
} dbk_refill_opts;
DBK_MUST_CHECK dbk_rc dbk_refill_next(dbk_refill *r, dbk_refill_batch *out,
                                      const dbk_refill_opts *opts, dbk_err *err);
/* An entry that is given, in order. */
typedef struct dbk_refill_entry {
    uint64_t receipt_ms;
    dbk_sealed segment;
} dbk_refill_entry;
typedef dbk_rc (*dbk_refill_fn)(void *ctx, const dbk_refill_entry *entry, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_refill_entries(dbk_refill *r, const dbk_refill_batch *batch,
                                         dbk_refill_fn fn, void *ctx, dbk_err *err);

/* For whoever lacks bodies that relays have let go of (decision 0041): as many of the space's
 * entries from opts->from on as fit, whose bodies are all here; out->proof stays empty. None
 * (out->count 0) where a body isn't here. */
DBK_MUST_CHECK dbk_rc dbk_refill_bodies(dbk_book *book, dbk_refill_batch *out, const dbk_id *space,
                                        const dbk_refill_opts *opts, dbk_refill_fn fn, void *ctx,
                                        dbk_err *err);

#endif
