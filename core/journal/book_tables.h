/* core/journal/book_tables.h - the vector: where this device stands in every log and feed, held
 * in memory in step with the rows of core/store/feeds.h.
 * Inside a transaction (dbk_book_begin) a change is made to what dbk_space_touch and
 * dbk_feed_touch return; dbk_book_commit writes each touched row once, and a rollback, or a commit
 * that fails, puts everything back as it was, without being able to fail itself.
 * Pointers to rows stay valid while the book is open, but for rows added in a transaction that is
 * rolled back. */
#ifndef DBK_JOURNAL_BOOK_TABLES_H
#define DBK_JOURNAL_BOOK_TABLES_H

#include "core/crypto/checkpoint.h"
#include "core/crypto/tree.h"
#include "core/store/feeds.h"

/* A witness's word about a log: core/journal/cosigned.h. */
typedef struct dbk_said {
    dbk_id log;
    dbk_sign_pk witness;
    dbk_cosigned said; /* size 0: nothing was said yet */
} dbk_said;

/* Where this device stands in a space's log. */
typedef struct dbk_stand {
    dbk_id log;               /* incarnation; zero before the first contact */
    dbk_frontier frontier;    /* of the entries applied here */
    uint64_t checkpoint_size; /* of the last checkpoint that was verified; 0: none */
    dbk_hash checkpoint_root; /* zero when the size is 0 */
    size_t note_len;          /* and its note */
    uint8_t note[DBK_CHECKPOINT_BYTES_MAX];
    dbk_said said; /* headquarters' newest word that holds here; in a row of its own */
} dbk_stand;

typedef struct dbk_book_space {
    dbk_rowid row;
    dbk_id space;
    dbk_stand now;
    dbk_stand kept; /* what the disk holds */
    bool touched;
    bool added; /* in this transaction */
} dbk_book_space;

typedef struct dbk_feed_head_now {
    uint64_t last_seq; /* 0: nothing yet */
    dbk_hash head;     /* header hash of the newest segment */
    uint64_t receipted_seq;
    uint64_t left_seq; /* own: up to which its segments may have left this device (repack.h) */
    bool forked; /* its author signed two histories of it: core/journal/evidence.h; in no row */
} dbk_feed_head_now;

typedef struct dbk_book_feed {
    dbk_rowid row;
    dbk_id feed;
    dbk_book_space *space;
    dbk_id device, incarnation;
    bool own;
    dbk_feed_head_now now;
    dbk_feed_head_now kept;
    bool touched;
    bool added;
} dbk_book_feed;

typedef struct dbk_tables {
    dbk_book_space **spaces; /* in the order of their rows */
    size_t spaces_count, spaces_cap;
    dbk_book_feed **feeds; /* in the order of their rows */
    size_t feeds_count, feeds_cap;
    dbk_book_feed **by_id;         /* the feeds, by feed id */
    dbk_book_feed **touched_feeds; /* room for all */
    size_t touched_count;
    uint64_t clock; /* the greatest that a feed's row holds */
} dbk_tables;

/* relay: whose checkpoints the notes are; NULL when there is no organisation, thus no note. */
DBK_MUST_CHECK dbk_rc dbk_tables_load(dbk_tables *t, dbk_store *store, const dbk_sign_pk *relay,
                                      dbk_err *err);
void dbk_tables_wipe(dbk_tables *t);
/* NULL: no row. */
dbk_book_space *dbk_tables_space(const dbk_tables *t, const dbk_id *space);
dbk_book_space *dbk_tables_space_of_row(const dbk_tables *t, dbk_rowid row);
dbk_book_feed *dbk_tables_feed(const dbk_tables *t, const dbk_id *feed);
dbk_book_feed *dbk_tables_feed_of_row(const dbk_tables *t, dbk_rowid row);
/* The open feed of this device: of the newest incarnation. NULL: nothing was written there yet. */
dbk_book_feed *dbk_tables_own_feed(const dbk_tables *t, const dbk_book_space *space);

/* The own feed that is to be pushed: the oldest that the relay hasn't signed for, so that nothing
 * leaves before what it may build on; the open one when nothing waits. NULL: none. */
dbk_book_feed *dbk_tables_push_feed(const dbk_tables *t, const dbk_book_space *space);

/* Adds the row unless it is there. */
DBK_MUST_CHECK dbk_rc dbk_tables_need_space(dbk_tables *t, dbk_store *store, dbk_book_space **out,
                                            const dbk_id *space, dbk_err *err);
typedef struct dbk_new_feed {
    dbk_id feed, device, incarnation;
    bool own;
} dbk_new_feed;
DBK_MUST_CHECK dbk_rc dbk_tables_need_feed(dbk_tables *t, dbk_store *store, dbk_book_feed **out,
                                           dbk_book_space *space, const dbk_new_feed *feed,
                                           dbk_err *err);
dbk_stand *dbk_space_touch(dbk_book_space *space);
dbk_feed_head_now *dbk_feed_touch(dbk_tables *t, dbk_book_feed *feed);

/* Writes what was touched; the clock goes into each feed's row, which is cheaper than a row of its
 * own. */
DBK_MUST_CHECK dbk_rc dbk_tables_write(dbk_tables *t, dbk_store *store, uint64_t clock,
                                       dbk_err *err);
void dbk_tables_keep(dbk_tables *t);   /* the commit is done */
void dbk_tables_revert(dbk_tables *t); /* it isn't */
/* Asserts that memory and rows are the same; outside of a transaction, for tests. */
DBK_MUST_CHECK dbk_rc dbk_tables_check_deep(const dbk_tables *t, dbk_store *store, dbk_err *err);

#endif
