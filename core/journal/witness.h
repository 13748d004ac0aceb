/* core/journal/witness.h - headquarters' device as a witness: it says that it holds a space's log
 * (decision 0015). Officers' devices learn from it what headquarters holds, how fresh their view
 * is, and whether the relay shows them the log that it shows headquarters.
 * Invariant (R23, M44): what is said of a space is durable here before its signature leaves, and
 * nothing smaller, or of another root, is ever said after it, of one log. */
#ifndef DBK_JOURNAL_WITNESS_H
#define DBK_JOURNAL_WITNESS_H

#include "core/journal/book.h"

/* The public half of this device's witness key, which is made the first time. It counts once the
 * policy names it. DBK_DENIED: not a device of headquarters or an administrator. */
DBK_MUST_CHECK dbk_rc dbk_witness_key(dbk_book *book, dbk_sign_pk *out, dbk_err *err);

/* A note to be posted, appended: all of the log up to the checkpoint is applied here, and that is
 * news, or was said so long ago that it is said again, or was never posted. DBK_NOT_FOUND: there is
 * nothing to be said, or this device is no witness in force. DBK_PEER: the log is not the one that
 * this device vouched for. */
DBK_MUST_CHECK dbk_rc dbk_witness_word(dbk_book *book, dbk_bytes *note, const dbk_id *space,
                                       dbk_err *err);
/* The relay has taken it. */
DBK_MUST_CHECK dbk_rc dbk_witness_posted(dbk_book *book, const dbk_id *space, dbk_err *err);

#endif
