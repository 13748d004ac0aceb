/* core/journal/disposal.h - orders to dispose, carried out on this device (decision 0031): ops that
 * the membership chain names leave their segments, their records and the index of words, and the
 * proofs hold.
 * Knows:  the chain's orders; kept bodies (core/crypto/hole.h); records made anew without an op.
 * Never:  whether an order is carried out here now: what is against it, holds and what came since,
 *         is core/practice/dispose.h's to see.
 * What comes in later, whole, loses what was ordered before it is stored, whatever is known of it:
 * who was told first makes no difference. */
#ifndef DBK_JOURNAL_DISPOSAL_H
#define DBK_JOURNAL_DISPOSAL_H

#include "core/crypto/hole.h"
#include "core/journal/book.h"
#include "core/store/disposals.h"
#include "core/store/segments.h"

typedef struct dbk_disposal {
    const dbk_order *order;   /* borrowed from the roster */
    dbk_id id;                /* the first 16 bytes of its entry's hash: what people call it by */
    dbk_disposal_state state; /* here */
    uint64_t owed;            /* OWED: so many ops went, and nobody was told */
    bool changed;             /* KEPT: the space has changed here since it was looked at */
} dbk_disposal;
size_t dbk_disposals_count(const dbk_book *book);
/* In the chain's order, from 0. */
DBK_MUST_CHECK dbk_rc dbk_disposal_at(dbk_book *book, dbk_disposal *out, size_t i, dbk_err *err);
/* Is there one that wants to be looked at? Cheap. */
DBK_MUST_CHECK dbk_rc dbk_disposal_any_due(dbk_book *book, bool *yes, dbk_err *err);

/* The records that these ops of a space wrote to and that are held here, ascending; free with
 * dbk_free(). Of the order only space and dots count. */
DBK_MUST_CHECK dbk_rc dbk_disposal_records(dbk_book *book, dbk_id **out, size_t *count,
                                           const dbk_order *order, dbk_err *err);
/* The ops of these records that are held here, ascending: what an order of them would name.
 * DBK_LIMIT: more than one order names. DBK_PENDING: one has no place in the relay's log yet. */
DBK_MUST_CHECK dbk_rc dbk_disposal_ops(dbk_book *book, dbk_dot **out, size_t *count,
                                       const dbk_id *space, const dbk_id *records,
                                       size_t records_count, dbk_err *err);

/* Devices of the space that read it, aren't revoked, and have signed nothing yet that says they
 * hold its log beyond these records' newest changes: what they wrote before may still be on its
 * way. Not this device; not who is only let in for a time that is over. Free with dbk_free().
 * DBK_PENDING: such a change has no place in the log yet. */
DBK_MUST_CHECK dbk_rc dbk_disposal_silent(dbk_book *book, dbk_id **out, size_t *count,
                                          const dbk_id *space, const dbk_id *records,
                                          size_t records_count, dbk_err *err);

/* Carried out: everything of the order that is whole here becomes a hole, in one durable
 * transaction, after which it is OWED; then the index of words is written anew, and nothing of it
 * stays in the write-ahead log or in copies that a migration made. *ops: how many there were.
 * DBK_PENDING: a record would have to be made anew from notes that headquarters' snapshot left out;
 * nothing was erased. */
DBK_MUST_CHECK dbk_rc dbk_disposal_erase(dbk_book *book, uint64_t *ops, const dbk_order *order,
                                         dbk_err *err);
/* The log of use says so. */
DBK_MUST_CHECK dbk_rc dbk_disposal_said(dbk_book *book, const dbk_order *order, dbk_err *err);
/* Not carried out, and not to be looked at again before something changes in the space. */
DBK_MUST_CHECK dbk_rc dbk_disposal_keep(dbk_book *book, const dbk_order *order, dbk_err *err);

/* Is one of these ops (bit i: the i-th from `first` on) of an order that is done here? */
DBK_MUST_CHECK dbk_rc dbk_disposal_is_done(dbk_book *book, bool *yes, const dbk_id *space,
                                           const dbk_dot *first, uint64_t ops, dbk_err *err);
/* A row that is about to be stored, without what the chain orders erased; room holds the bytes that
 * it then points to. */
DBK_MUST_CHECK dbk_rc dbk_disposal_trim(const dbk_book *book, dbk_store_segment *row,
                                        const dbk_header *h, dbk_bytes *room, dbk_err *err);

#endif
