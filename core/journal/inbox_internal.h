/* core/journal/inbox_internal.h - inside the receive path: what its files share. Not for others.
 * inbox.c: the public calls for runs and carried segments. inbox_check.c: a run against its
 * checkpoint, changing nothing. inbox_feed.c: one feed's part of it: author, chain, signature.
 * inbox_role.c: what its author may.
 * inbox_take.c: segments into rows, ops into records. inbox_retry.c: what was pending.
 * inbox_claims.c: what a run says about others. inbox_receipts.c: what a push answered. */
#ifndef DBK_JOURNAL_INBOX_INTERNAL_H
#define DBK_JOURNAL_INBOX_INTERNAL_H

#include "core/journal/cosigned_internal.h"
#include "core/journal/inbox.h"
#include "core/journal/logtree.h"
#include "core/journal/reissue.h"
#include "core/store/segments.h"

/* Why a segment waits: what `status` shows. A segment of the first five has its place in its
 * feed, one of the others stands aside (inbox.h). */
#define DBK_WAIT_MEMBERS "what its author knew of the members has not arrived here yet"
#define DBK_WAIT_KEY "its key has not arrived here yet"
#define DBK_WAIT_EARLIER "it waits for an earlier note of the same author"
#define DBK_WAIT_NEWER "it was made by a newer version of Daybook"
#define DBK_WAIT_FLOOD "one of its records is over a limit: a person must look"
#define DBK_WAIT_AUTHOR "its author is not known here yet"
#define DBK_WAIT_ROLE "its author may not write here: a supervisor decides"
#define DBK_WAIT_LATE "it came after its author was taken out: a supervisor decides"
#define DBK_WAIT_FORK "its author signed two different histories: a supervisor decides"
#define DBK_WAIT_FORKED "its author signed two different histories before it: a supervisor decides"
#define DBK_WAIT_FORGED "it is not from the author that it names: a supervisor decides"
/* A merged segment's: at least one of its ops says nothing that can be understood. */
#define DBK_POISON "it holds something sealed that is not a note"
/* And: at least one names another form, or another space, than its record's id says (decision
 * 0033). That one counts for nothing. */
#define DBK_MISFIT "it would make something else of a record: it counts for nothing"
/* And: at least one names another form that fits the id too. It is merged; nobody meets such an id
 * by chance. */
#define DBK_TWO_FORMS "it writes to a record whose id was made to fit two forms"
/* Is this what a merged segment keeps as its reason? NULL is none. */
bool dbk_inbox_is_spoiled(const char *reason);

/* Segments that stand aside are rows of one made-up feed for each space: its device is zero, and
 * it counts its segments as 1, 2, ... whatever their headers say. */
dbk_id dbk_inbox_aside_feed(const dbk_id *space);
static inline bool dbk_inbox_is_aside(const dbk_book_feed *feed)
{
    return dbk_id_is_zero(&feed->device);
}

typedef enum dbk_fate {
    DBK_FATE_NEW,  /* the next of its feed */
    DBK_FATE_HELD, /* this device holds it: it only gets its place in the log */
    DBK_FATE_ASIDE /* kept outside of its feed, with a reason */
} dbk_fate;

typedef struct dbk_inbox_item {
    dbk_arrival in;
    uint64_t index; /* in the log */
    dbk_id feed;
    dbk_hash hash;      /* of the header */
    uint64_t seen_size; /* what its author says that the log was */
    dbk_hash seen_root;
    dbk_hash seen_members; /* by which membership: core/journal/evidence.h */
    dbk_fate fate;
    const char *reason; /* ASIDE */
    dbk_rowid held;     /* HELD: its row; NEW: the one in which it stands aside until now, or 0 */
    dbk_id device;      /* NEW: the author's */
} dbk_inbox_item;

typedef struct dbk_inbox_run_state {
    dbk_book *book; /* borrowed */
    const dbk_run *run;
    const dbk_book_space *space; /* NULL: no row yet */
    dbk_stand stand;             /* as it will be when all is taken */
    dbk_inbox_item *items;
    dbk_inbox_item **by_feed; /* the same, by feed, then by index */
    dbk_logtree_done done;    /* of the log's tree, to be kept */
    dbk_checkpoint checkpoint;
    dbk_reissue split; /* of an own feed; feed NULL: none */
    dbk_bytes aside;   /* of what stands aside in the space: hash and place (inbox_feed.c) */
    bool aside_listed;
    bool let_go; /* of a body that isn't here; lacks_from: its index */
    uint64_t lacks_from;
} dbk_inbox_run_state;

/* Verifies the whole run against stand, roster and checkpoint. DBK_PEER and its like: refused.
 * Takes memory for the items; wipe it in any case. DBK_OK with s->split.feed: the store is an old
 * copy, or there are two of it: reissue first, then go on with check_again. */
DBK_MUST_CHECK dbk_rc dbk_inbox_check_run(dbk_inbox_run_state *s, dbk_book *book,
                                          const dbk_run *run, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_inbox_check_again(dbk_inbox_run_state *s, dbk_err *err);
void dbk_inbox_run_wipe(dbk_inbox_run_state *s);
/* inbox_claims.c, when the run is stored, in its transaction: evidence that came in it. */
DBK_MUST_CHECK dbk_rc dbk_inbox_look_back(dbk_inbox_run_state *s, dbk_err *err);
/* The relay is refused all the same: DBK_PEER with err as it is; nothing is taken but what may
 * prove it wrong. */
DBK_MUST_CHECK dbk_rc dbk_inbox_keep_note(dbk_book *book, const dbk_id *space, dbk_span note,
                                          dbk_err *err);
/* The items of one feed, in the order of the log: fates, author, chain, signatures. */
DBK_MUST_CHECK dbk_rc dbk_inbox_check_feed(dbk_inbox_run_state *s, dbk_inbox_item **items,
                                           size_t count, dbk_err *err);

/* A checkpoint note against what is known of the space: signature, names, log, never smaller,
 * never another root for the same size. */
DBK_MUST_CHECK dbk_rc dbk_inbox_open_checkpoint(dbk_checkpoint *out, dbk_book *book,
                                                const dbk_stand *stand, const dbk_id *space,
                                                dbk_span note, dbk_err *err);
/* The recovery by which the log that stands here began; NULL: it is no restored relay's. */
const dbk_log_move *dbk_inbox_recovery(const dbk_book *book, const dbk_stand *stand,
                                       const dbk_id *space);
/* One more leaf of the space's log, and the subtrees that it makes whole; DBK_PEER when the tree
 * then has the size of the pinned checkpoint, of headquarters' word, or of what the root signed for
 * in a recovery, and another root. */
typedef struct dbk_leaf_in {
    dbk_id space;
    dbk_store_place place;
    dbk_hash header_hash;
} dbk_leaf_in;
DBK_MUST_CHECK dbk_rc dbk_inbox_add_leaf(dbk_stand *stand, dbk_logtree_done *done, dbk_book *book,
                                         const dbk_leaf_in *leaf, dbk_err *err);
/* The checkpoint covers all of stand's entries: it becomes the pinned one unless the pinned one
 * says more than is held here, which it must prove first. */
void dbk_inbox_pin(dbk_stand *stand, const dbk_checkpoint *c, dbk_span note);
/* Where the space's log stands here; zeros for a space without a row. */
dbk_stand dbk_inbox_stand(const dbk_book_space *space);

/* Of another device, and known to have two histories: what continues it now stands aside. */
bool dbk_inbox_is_held(const dbk_book_feed *feed);
/* Does what stands at this place of the log stand before the cut of an author who is out (NULL: who
 * isn't)? */
bool dbk_inbox_in_time(const dbk_member_space *out, const dbk_store_place *log);
/* Does a segment with this header stand aside? out->id 0: no. */
DBK_MUST_CHECK dbk_rc dbk_inbox_find_aside(dbk_book *book, dbk_store_segment_place *out,
                                           const dbk_id *space, const dbk_hash *hash, dbk_err *err);
/* DBK_DAMAGED when a header that was verified once can't be read any more. */
DBK_MUST_CHECK dbk_rc dbk_inbox_stored_header(dbk_header *h, const dbk_store_segment *row,
                                              dbk_err *err);

/* A feed that a segment was taken of, and whether it has pending ones: by its row id. */
#define DBK_KNOWN_FEEDS 256u
typedef struct dbk_known_feed {
    dbk_rowid row; /* 0: nothing is known */
    bool blocked;
} dbk_known_feed;

/* Taking: in a transaction. */
typedef struct dbk_taker {
    dbk_book *book; /* borrowed */
    dbk_inbox_stats *stats;
    dbk_bytes plain;   /* of one op */
    dbk_bytes touched; /* the records that were written to: for counting each once */
    bool flooded;      /* a segment waits with DBK_WAIT_FLOOD now */
    dbk_bytes trimmed; /* a body without what the chain orders erased */
    bool decided;      /* an op decides about what stands aside */
    dbk_known_feed known[DBK_KNOWN_FEEDS];
} dbk_taker;
void dbk_taker_init(dbk_taker *t, dbk_book *book, dbk_inbox_stats *stats);
void dbk_taker_wipe(dbk_taker *t);
/* Counts the touched records into the stats: once, when all is taken. */
void dbk_taker_sum(dbk_taker *t);

typedef struct dbk_segment_in {
    dbk_header header;
    dbk_hash hash;
    dbk_span header_bytes, body;
    bool kept; /* the body is a kept one */
    dbk_store_place log;
    dbk_rowid aside; /* the row in which it stands aside until now; 0: it is new here */
} dbk_segment_in;
/* The body against its header; DBK_PENDING: an op of it is missing that no order names, so that the
 * chain here is behind, or somebody lies. */
DBK_MUST_CHECK dbk_rc dbk_inbox_check_body(const dbk_book *book, const dbk_header *h, dbk_span body,
                                           bool kept, dbk_err *err);
/* The next segment of its feed, verified: stored, and merged if that can be. */
DBK_MUST_CHECK dbk_rc dbk_taker_next(dbk_taker *t, const dbk_segment_in *in, const dbk_id *device,
                                     dbk_err *err);
/* May an author's segment be merged, by the roster and the place of the log that it stands at?
 * *why NULL, or why it stands aside. Who was taken out wrote in time what stands before the cut
 * that the chain names: the same on every replica, whichever of log and chain came first (A24). An
 * auditor's may if it holds entries of that device's log of use and nothing else. */
DBK_MUST_CHECK dbk_rc dbk_inbox_may_write(dbk_book *book, const char **why,
                                          const dbk_member *author, const dbk_segment_in *in,
                                          dbk_err *err);
/* An auditor's, which follows something of theirs that stands aside: that isn't another history. */
bool dbk_inbox_waits_behind(const dbk_book *book, const dbk_member *author, const dbk_header *h,
                            uint64_t last_seq);
/* One that stands aside. */
DBK_MUST_CHECK dbk_rc dbk_taker_aside(dbk_taker *t, const dbk_segment_in *in, const char *reason,
                                      dbk_err *err);
/* One that is held and has got its place in the log. */
DBK_MUST_CHECK dbk_rc dbk_taker_placed(dbk_taker *t, dbk_rowid id, const dbk_store_place *log,
                                       dbk_span receipt, dbk_err *err);
/* Merges the ops of a stored segment that aren't in their records yet. *reason NULL: merged;
 * one of which dbk_inbox_is_spoiled: merged, but for what that says; else why it must wait. */
DBK_MUST_CHECK dbk_rc dbk_taker_merge(dbk_taker *t, const char **reason, const dbk_book_feed *feed,
                                      const dbk_store_segment *row, dbk_err *err);
/* Own segments that stand in the log without a gap count as receipted. */
DBK_MUST_CHECK dbk_rc dbk_inbox_advance_receipted(dbk_book *book, dbk_book_feed *feed,
                                                  dbk_err *err);

/* The first pending segment of a feed; 0: none. */
DBK_MUST_CHECK dbk_rc dbk_inbox_first_pending(dbk_book *book, uint64_t *seq,
                                              const dbk_book_feed *feed, dbk_err *err);
/* Tries everything that is pending in the space again, in transactions of its own. */
DBK_MUST_CHECK dbk_rc dbk_inbox_retry(dbk_book *book, const dbk_id *space, dbk_inbox_stats *stats,
                                      dbk_err *err);

#endif
