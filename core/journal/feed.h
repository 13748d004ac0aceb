/* core/journal/feed.h - this device's own feeds: ops become sealed, signed, chained segments.
 * Invariant: in a space this device has one open feed, of its newest incarnation; its segments
 * follow each other without a gap. */
#ifndef DBK_JOURNAL_FEED_H
#define DBK_JOURNAL_FEED_H

#include "core/journal/book_internal.h"

/* The open feed in the space; the first call makes one with a random incarnation. In a
 * transaction. Fails while an older copy's feeds are not closed (book_anchor.c). */
DBK_MUST_CHECK dbk_rc dbk_feed_open(dbk_book *book, dbk_book_feed **out, const dbk_id *space,
                                    dbk_err *err);
/* Closes the open feed for ever, if there is one: a new one with a random incarnation takes its
 * place (decision 0012). In a transaction. */
DBK_MUST_CHECK dbk_rc dbk_feed_renew(dbk_book *book, dbk_book_feed **out, const dbk_id *space,
                                     dbk_err *err);
/* Seals encoded ops as the feed's next segment under the space's current epoch key and stores
 * it: the ops are seq first_seq, first_seq + 1 ... Where this device only writes, it seals to the
 * epoch's drop key: closed, which the device can't open again, so that nothing of it may be folded
 * into records here. In a transaction. DBK_PENDING: no key here; DBK_LIMIT: more than a segment
 * holds. */
#define DBK_FEED_CLOSED "it is sealed for those who may read the space"
typedef struct dbk_appended {
    dbk_rowid segment;
    uint64_t first_seq;
    bool closed;
} dbk_appended;
DBK_MUST_CHECK dbk_rc dbk_feed_append(dbk_book *book, dbk_appended *out, dbk_book_feed *feed,
                                      const dbk_span *plain, size_t count, dbk_err *err);

/* The same with ops of dbk_open_packed(), under what another own segment's author had seen of
 * membership and log: for ops that are sealed again, and must mean what they meant
 * (core/journal/repack.h). */
DBK_MUST_CHECK dbk_rc dbk_feed_append_again(dbk_book *book, dbk_appended *out, dbk_book_feed *feed,
                                            const dbk_header *seen, const dbk_span *packed,
                                            size_t count, dbk_err *err);
/* What may have left this device never changes again: repack.h. In a transaction; left_all: all own
 * feeds of the space (NULL: of all spaces) as they stand. */
void dbk_feed_left(dbk_book *book, dbk_book_feed *feed, uint64_t seq);
void dbk_feed_left_all(dbk_book *book, const dbk_book_space *space);
/* The latter in a transaction of its own, unless nothing rises: on the disk when it returns. */
DBK_MUST_CHECK dbk_rc dbk_feed_keep_left(dbk_book *book, const dbk_book_space *space, dbk_err *err);

/* The header's hash of the segment that holds this seq, of anybody's feed; zero for seq 0. */
DBK_MUST_CHECK dbk_rc dbk_feed_hash_at(dbk_book *book, dbk_hash *out, const dbk_book_feed *feed,
                                       uint64_t seq, dbk_err *err);

#endif
