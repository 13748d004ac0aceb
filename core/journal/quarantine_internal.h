/* core/journal/quarantine_internal.h - inside the quarantine: what its files and the receive path
 * share. Not for others. quarantine.c: decisions, read and written. quarantine_list.c: what stands
 * aside, shown. inbox_aside.c: what stands aside, judged. evict.c: what has no right to its place.
 */
#ifndef DBK_JOURNAL_QUARANTINE_INTERNAL_H
#define DBK_JOURNAL_QUARANTINE_INTERNAL_H

#include "core/journal/inbox_internal.h"
#include "core/journal/quarantine.h"

#define DBK_QUARANTINE_FORM "quarantine"
/* The record that holds what is decided about the segment with this header. */
dbk_id dbk_quarantine_id(const dbk_id *space, const dbk_hash *header_hash);
/* What stands decided, by the records as they are merged here. */
DBK_MUST_CHECK dbk_rc dbk_quarantine_ruling(dbk_book *book, dbk_ruling *out,
                                            const dbk_book_space *space,
                                            const dbk_hash *header_hash, dbk_err *err);
bool dbk_quarantine_is_decision(const dbk_op *op);
/* Is this a reason that a decision takes away? */
bool dbk_quarantine_decidable(dbk_span why);

/* evict.c: takes the feed's segments from from_seq on out of their place and puts them aside; their
 * records are made anew without them. In a transaction. */
DBK_MUST_CHECK dbk_rc dbk_evict_run(dbk_book *book, dbk_book_feed *feed, uint64_t from_seq,
                                    const char *reason, dbk_err *err);
/* Can it? Not while a body is missing that its records would be made anew from: they came with
 * headquarters' snapshot, and it waits until they are here. */
DBK_MUST_CHECK dbk_rc dbk_evict_ready(dbk_book *book, bool *yes, const dbk_book_feed *feed,
                                      uint64_t from_seq, dbk_err *err);
/* The first seq of the feed that stands beyond its author's cut, and that nobody admitted; 0: none.
 */
DBK_MUST_CHECK dbk_rc dbk_evict_late_seq(dbk_book *book, uint64_t *seq, const dbk_book_feed *feed,
                                         dbk_err *err);

/* inbox_aside.c: everything that stands aside in the space, judged again: what may takes its place
 * at the end of its feed, to be merged with what that has pending. *moved: how many did. In
 * transactions of its own. */
DBK_MUST_CHECK dbk_rc dbk_inbox_judge_aside(dbk_book *book, uint64_t *moved,
                                            const dbk_book_space *space, dbk_err *err);

#endif
