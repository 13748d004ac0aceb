/* core/journal/repack.h - own segments before their first push: sealed again under the space's
 * current key, and packed, for a note that is saved by itself is a segment by itself (decision
 * 0017). What may have left this device never changes: two signed headers with one seq would be two
 * histories. So up to where a feed may have left (left_seq in its row, and in the mark outside the
 * store) is on the disk before bytes are handed out, or copied into a backup; and where nothing
 * tells what another copy of the store gave out, all that stands counts as gone (book_anchor.c).
 * Seqs, the ops' bytes and what their author had seen (membership, checkpoint) stay as they are:
 * dots, records and rights don't change. */
#ifndef DBK_JOURNAL_REPACK_H
#define DBK_JOURNAL_REPACK_H

#include "core/journal/book_internal.h"

typedef struct dbk_repack_opts {
    uint64_t held_seq; /* what the receiver says it holds */
    bool apart;        /* each segment stays one by itself */
} dbk_repack_opts;
/* What hasn't left and follows held_seq, sealed again where that is worth it, in one transaction.
 * When it can't be (a key is missing, a bound is passed) all stays as it is: DBK_OK. DBK_IO and the
 * like: nothing has changed. */
DBK_MUST_CHECK dbk_rc dbk_repack_run(dbk_book *book, dbk_book_feed *feed,
                                     const dbk_repack_opts *opts, dbk_err *err);

#endif
