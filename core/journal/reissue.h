/* core/journal/reissue.h - when this store was restored or copied: what it wrote, and the relay's
 * log has something else in the place of, is written again under a new incarnation (security.md
 * R5, sync-lessons 2.26, decision 0012).
 * Invariant: afterwards the closed feed is a prefix of what the log holds of it, no dot that was
 * moved is named by anything that this store holds but `replaces`, and every record says the same
 * as before. All of it in one transaction: nothing is lost, nothing doubled. */
#ifndef DBK_JOURNAL_REISSUE_H
#define DBK_JOURNAL_REISSUE_H

#include "core/journal/book_internal.h"

/* Closes the own feed at from_seq: its segments from there on, and whatever the own feeds after it
 * hold that has no place in the log, become segments of the open feed. *ops: how many ops moved.
 * DBK_PENDING: no key here to seal them with, nothing changed. DBK_PEER: the log holds one of
 * them, so it can't hold another in its place. */
typedef struct dbk_reissue {
    dbk_book_feed *feed;
    uint64_t from_seq; /* at the beginning of a segment; behind the last: only closes */
    uint64_t twin_seq; /* the log holds the ops from there up to this one, sealed again (repack.h):
                        * they only go, and are taken from the log. 0: none */
} dbk_reissue;
DBK_MUST_CHECK dbk_rc dbk_reissue_run(dbk_book *book, uint64_t *ops, const dbk_reissue *what,
                                      dbk_err *err);

#endif
