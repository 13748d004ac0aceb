/* sync/relay/append.h - appends segments to the logs of spaces within one transaction: the chain
 * rule of feeds, the tree, and one signed checkpoint for each space that was touched.
 * Knows:  log_space.h. Never: who may write (the roll has been asked), bodies.
 * A feed is a chain: a segment stands at last seq + 1 with the head's hash as prev, or it is
 *   the same as one that stands (a duplicate: same place, same receipt), or
 *   beyond the end (a gap: come again when the earlier ones are here), or
 *   a fork: another segment stands where it wants to stand. Both are kept: two signed headers
 *   that can't be in one chain prove that the device's store was copied, restored or forged.
 * One caller at a time: the writer. */
#ifndef DBK_RELAY_APPEND_H
#define DBK_RELAY_APPEND_H

#include "core/base/env.h"
#include "core/crypto/segment.h"
#include "sync/engine/msg.h"
#include "sync/relay/log_space.h"
#include "sync/relay/room.h"

typedef struct dbk_append dbk_append;

DBK_MUST_CHECK dbk_rc dbk_append_new(dbk_append **out, const dbk_env *env, dbk_err *err);
void dbk_append_free(dbk_append *a);

/* A space's log begins, empty, with a new random incarnation. */
DBK_MUST_CHECK dbk_rc dbk_append_open(dbk_append *a, const dbk_log *log, const dbk_id *space,
                                      dbk_err *err);

/* The log goes on under another incarnation, with the entries that it has. */
DBK_MUST_CHECK dbk_rc dbk_append_rename(dbk_append *a, const dbk_log *log, const dbk_id *space,
                                        const dbk_id *incarnation, dbk_err *err);
/* The log as this transaction leaves it so far; borrowed until the next call. */
DBK_MUST_CHECK dbk_rc dbk_append_state(dbk_append *a, const dbk_log *log, const dbk_id *space,
                                       const dbk_log_state **out, dbk_err *err);

/* What a device may still bring after it was revoked, in all spaces together: years of an honest
 * officer's notes, and no way to fill the disk. */
#define DBK_LATE_SEGMENTS_MAX 4096u

typedef struct dbk_append_item {
    dbk_header header; /* decoded; signature, owner and body have been checked */
    dbk_hash header_hash;
    dbk_id owner;
    dbk_sealed segment; /* as it came */
    uint64_t holes;     /* of its body */
    uint64_t now_ms;
    const dbk_quota *quota; /* borrowed; NULL: none, as it has had its room once */
    bool late; /* of a revoked device: at most DBK_LATE_SEGMENTS_MAX, and QUARANTINED */
    /* answered: */
    dbk_push_status status; /* ACCEPTED, QUARANTINED, DUPLICATE, FORK, GAP, REFUSED: too many
                             * feeds, or too many late ones; DEVICE_FULL, SPACE_FULL */
    dbk_log_place place;    /* if accepted, quarantined or duplicate */
    dbk_id log;             /* the log's incarnation */
} dbk_append_item;
/* A failure is the storage's. DBK_NOT_FOUND: the space has no log. */
DBK_MUST_CHECK dbk_rc dbk_append_take(dbk_append *a, const dbk_log *log, dbk_append_item *item,
                                      dbk_err *err);

/* Before the commit: stores what changed, with a checkpoint signed for each changed space. */
typedef struct dbk_append_signer {
    dbk_id org;
    const dbk_secret *relay_sk;
} dbk_append_signer;
DBK_MUST_CHECK dbk_rc dbk_append_finish(dbk_append *a, const dbk_log *log,
                                        const dbk_append_signer *signer, dbk_err *err);
/* After commit or rollback: forgets the transaction. */
void dbk_append_reset(dbk_append *a);

#endif
