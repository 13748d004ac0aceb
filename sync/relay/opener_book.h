/* sync/relay/opener_book.h - the one file beside a relay's backups that forgets (decision 0037).
 * Backups hold locked bodies (locked.h); what opens them stands here, and only here. With each
 * backup the book is written anew, without the openers of what the chain has ordered erased since;
 * so no backup opens it any more, however old.
 * It is a database like a log's (log_embedded.h), sealed under relay.key, with these rows:
 *   the membership chain, as far as the relay had it: orders to dispose are in it, and who takes a
 *     backup back that is older than an order learns of it here
 *   the setting "backup-made": when it was written last, ms (u64)
 *   under a space: 'K' || feed (16) || first seq (u64) || header hash (32) || op (u8: 0, 32)
 *     -> openers (locked.h) of this op and those behind it, 32 at most: what is longer wouldn't fit
 *     beside its key in a page, and would take one of its own
 * A row is found by what its segment says of itself, not by its place in a log: logs are recovered,
 * and go on in another order. */
#ifndef DBK_RELAY_OPENER_BOOK_H
#define DBK_RELAY_OPENER_BOOK_H

#include "sync/relay/files.h"
#include "sync/relay/locked.h"
#include "sync/relay/log_embedded.h"
#include "sync/relay/roll.h"

#define DBK_OPENER_BOOK_NAME "openers.book"
#define DBK_SETTING_BACKUP_MADE "backup-made"

/* A new one, in a transaction; what a run that was cut short left at this path is shredded. */
DBK_MUST_CHECK dbk_rc dbk_opener_book_begin(dbk_log *book, const dbk_log_embedded *file,
                                            dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_opener_book_put(const dbk_log *book, const dbk_header *h,
                                          const dbk_openers *openers, dbk_err *err);
/* Into a book that has all of its log's openers: the chain, and what only an earlier book knows, of
 * segments that a recovery has lost and an older backup holds; without what the chain orders
 * erased. old: NULL, there was none. DBK_CONFLICT: the earlier book's chain isn't the beginning of
 * this one. */
DBK_MUST_CHECK dbk_rc dbk_opener_book_fill(const dbk_log *book, const dbk_log *log, dbk_roll *roll,
                                           const dbk_log *old, dbk_err *err);
/* Committed and closed; nothing of it is left in a file beside it. Durable but for its name. */
DBK_MUST_CHECK dbk_rc dbk_opener_book_end(dbk_log *book, const dbk_log_embedded *file,
                                          dbk_err *err);
/* For whoever failed: closed, shredded. */
void dbk_opener_book_drop(dbk_log *book, const dbk_log_embedded *file);

/* Of this segment; borrowed from store. None if there is no row. */
DBK_MUST_CHECK dbk_rc dbk_opener_book_find(const dbk_log *book, const dbk_header *h,
                                           dbk_openers *out, dbk_bytes *store, dbk_err *err);

/* Entries of a log's chain. */
DBK_MUST_CHECK dbk_rc dbk_opener_book_chain_count(const dbk_log *log, uint64_t *count,
                                                  dbk_err *err);
/* Is one of the two chains the beginning of the other? DBK_CONFLICT. longer: a has more entries. */
DBK_MUST_CHECK dbk_rc dbk_opener_book_chain_compare(const dbk_log *a, const dbk_log *b,
                                                    bool *longer, dbk_err *err);

#endif
