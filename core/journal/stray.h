/* core/journal/stray.h - segments of others that this device holds and no relay has signed for: a
 * restored relay lost them, or a folder brought them. Their author's device may be destroyed, so
 * who holds them takes them to the relay. What the relay would not take is not counted: of two
 * histories of a feed the one that isn't in its log, and what stands aside for another reason than
 * that its author may not write, or is out. */
#ifndef DBK_JOURNAL_STRAY_H
#define DBK_JOURNAL_STRAY_H

#include "core/journal/book.h"
#include "core/store/segments.h"

/* Costs a look at an index that is empty as a rule. */
DBK_MUST_CHECK dbk_rc dbk_strays_count(dbk_book *book, uint64_t *segments, const dbk_id *space,
                                       dbk_err *err);
/* From the skip-th on, each feed's in order. */
DBK_MUST_CHECK dbk_rc dbk_strays_each(dbk_book *book, const dbk_id *space, uint64_t skip,
                                      dbk_store_segment_fn fn, void *ctx, dbk_err *err);

#endif
