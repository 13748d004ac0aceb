/* sync/relay/log_space.h - one space's log in rows: its state, its feeds, where each segment
 * stands, the tree's nodes, and the evidence of forks. Thin: no rule of the protocol.
 * Keys, under the space:
 *   'L'                               the log's state
 *   'F' || feed (16)                  a feed's head
 *   'O' || owner (16) || feed (16)    the feeds of one device; no value
 *   'P' || feed (16) || seq (u64)     where the segment that begins at seq stands
 *   'C' || signer id (16)             the newest note that this witness cosigned
 *   'N' || level (u8) || index (u64)  the root of a perfect subtree
 *   'Q'                               the room that it has taken (room.h)
 *   'R'                               while the log waits for its recovery: its claim
 *   'X' || feed (16) || hash (32)     a segment that can't stand where another stands: seen ms
 *                                     (u64) || kept (u8: 1 if ops were erased from its body) ||
 *                                     header || body, both signed by the feed's owner */
#ifndef DBK_RELAY_LOG_SPACE_H
#define DBK_RELAY_LOG_SPACE_H

#include "core/crypto/checkpoint.h"
#include "core/crypto/hole.h"
#include "sync/relay/log.h"

#define DBK_FORKS_KEPT_MAX                                                 \
    16u /* for each feed: proof needs one, a flood shall not fill the disk \
         */

typedef struct dbk_log_space {
    const dbk_log *log;
    dbk_id space;
} dbk_log_space;

typedef struct dbk_log_state {
    dbk_id log; /* incarnation */
    dbk_hash root;
    dbk_frontier frontier;                  /* its size is the log's */
    uint8_t note[DBK_CHECKPOINT_BYTES_MAX]; /* the checkpoint of just this size and root */
    size_t note_len;
} dbk_log_state;
/* DBK_NOT_FOUND: there is no log of this space. */
DBK_MUST_CHECK dbk_rc dbk_log_state_get(const dbk_log_space *s, dbk_log_state *out, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_state_put(const dbk_log_space *s, const dbk_log_state *state,
                                        dbk_err *err);

/* What a log says of itself after the relay was put back from a backup: its first `size` entries
 * are those of old_log, and once the root has signed for that it goes on as new_log. */
typedef struct dbk_log_claim {
    dbk_id new_log;
    dbk_id old_log;
    uint64_t size;
    dbk_hash root; /* of so many */
} dbk_log_claim;
/* DBK_NOT_FOUND: it waits for nothing. */
DBK_MUST_CHECK dbk_rc dbk_log_claim_get(const dbk_log_space *s, dbk_log_claim *out, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_claim_put(const dbk_log_space *s, const dbk_log_claim *claim,
                                        dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_claim_del(const dbk_log_space *s, dbk_err *err);

typedef struct dbk_log_feed {
    dbk_id feed, owner;
    uint64_t last_seq; /* 0: nothing yet */
    dbk_hash head;     /* header hash of its newest segment */
} dbk_log_feed;
/* DBK_NOT_FOUND. */
DBK_MUST_CHECK dbk_rc dbk_log_feed_get(const dbk_log_space *s, const dbk_id *feed,
                                       dbk_log_feed *out, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_feed_put(const dbk_log_space *s, const dbk_log_feed *feed,
                                       dbk_err *err);
typedef dbk_rc (*dbk_log_feed_fn)(void *ctx, const dbk_id *feed, bool *stop, dbk_err *err);
/* The feeds of one device, sorted. */
DBK_MUST_CHECK dbk_rc dbk_log_feeds_of(const dbk_log_space *s, const dbk_id *owner,
                                       dbk_log_feed_fn fn, void *ctx, dbk_err *err);

typedef struct dbk_log_place {
    uint64_t index;
    uint64_t receipt_ms;
    dbk_hash header_hash;
} dbk_log_place;
/* DBK_NOT_FOUND: no segment of the feed begins at this seq. */
DBK_MUST_CHECK dbk_rc dbk_log_place_get(const dbk_log_space *s, const dbk_dot *first,
                                        dbk_log_place *out, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_place_put(const dbk_log_space *s, const dbk_dot *first,
                                        const dbk_log_place *place, dbk_err *err);

/* The places of a feed's segments that begin behind seq `after`, in order. */
typedef dbk_rc (*dbk_log_place_fn)(void *ctx, uint64_t first_seq, const dbk_log_place *place,
                                   bool *stop, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_places(const dbk_log_space *s, const dbk_dot *after,
                                     dbk_log_place_fn fn, void *ctx, dbk_err *err);

/* A dbk_node_get_fn: ctx is a const dbk_log_space. */
DBK_MUST_CHECK dbk_rc dbk_log_node_get(void *ctx, unsigned level, uint64_t index, dbk_hash *out,
                                       dbk_err *err);
typedef struct dbk_log_node {
    unsigned level;
    uint64_t index;
    dbk_hash hash;
} dbk_log_node;
DBK_MUST_CHECK dbk_rc dbk_log_node_put(const dbk_log_space *s, const dbk_log_node *node,
                                       dbk_err *err);

/* What a witness said last of the log of this incarnation, and the note: the relay's own line and
 * the witness's, nothing else. */
typedef struct dbk_log_cosigned {
    dbk_id log;
    dbk_cosigned said;
    size_t note_len;
    uint8_t note[DBK_COSIGNED_NOTE_BYTES_MAX];
} dbk_log_cosigned;
/* witness: dbk_witness_id of its key. DBK_NOT_FOUND. */
DBK_MUST_CHECK dbk_rc dbk_log_cosigned_get(const dbk_log_space *s, const dbk_id *witness,
                                           dbk_log_cosigned *out, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_cosigned_put(const dbk_log_space *s, const dbk_id *witness,
                                           const dbk_log_cosigned *row, dbk_err *err);

/* Keeps the evidence, unless it is kept already or DBK_FORKS_KEPT_MAX are. */
typedef struct dbk_log_fork {
    dbk_id feed;
    dbk_hash header_hash;
    uint64_t seen_ms;
    dbk_sealed segment;
} dbk_log_fork;
DBK_MUST_CHECK dbk_rc dbk_log_fork_keep(const dbk_log_space *s, const dbk_log_fork *fork,
                                        dbk_err *err);
/* The same evidence with a kept body. */
DBK_MUST_CHECK dbk_rc dbk_log_fork_put(const dbk_log_space *s, const dbk_log_fork *fork,
                                       dbk_err *err);
/* For copies of a whole log: is this row of a space evidence of a fork, and of which; borrowed.
 * DBK_DAMAGED. */
bool dbk_log_row_is_fork(const dbk_log_row *row);
DBK_MUST_CHECK dbk_rc dbk_log_fork_of_row(dbk_log_fork *out, const dbk_log_row *row, dbk_err *err);
typedef dbk_rc (*dbk_log_fork_fn)(void *ctx, const dbk_log_fork *fork, bool *stop, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_log_forks_of(const dbk_log_space *s, const dbk_id *feed,
                                       dbk_log_fork_fn fn, void *ctx, dbk_err *err);

#endif
