/* sync/relay/roll.h - the roll of members: the folded membership chain, shared by all threads.
 * Lookups copy out what they find under a short lock. Changes are the writer's alone: add takes
 * the lock and keeps it until settle, so that no reader sees an entry that isn't durable.
 * Threads: changes are one thread's; that one must not look anything up between
 * add and settle, but peek. */
#ifndef DBK_RELAY_ROLL_H
#define DBK_RELAY_ROLL_H

#include "core/crypto/segment.h"
#include "core/crypto/snapshot.h"
#include "sync/relay/admit.h"
#include "sync/relay/log.h"

typedef struct dbk_roll dbk_roll;

/* Folds the chain that the log holds: a relay's start. */
DBK_MUST_CHECK dbk_rc dbk_roll_new(dbk_roll **out, const dbk_log *log, const dbk_env *env,
                                   dbk_err *err);
void dbk_roll_free(dbk_roll *roll);
dbk_admit *dbk_roll_admit(const dbk_roll *roll);

/* The organisation; count 0: not set up yet. */
typedef struct dbk_roll_org {
    dbk_id org;
    uint64_t count; /* entries */
    dbk_hash head;
} dbk_roll_org;
void dbk_roll_org_get(dbk_roll *roll, dbk_roll_org *out);
/* The same for the one thread that changes the roll, also between add and settle. */
void dbk_roll_org_peek(const dbk_roll *roll, dbk_roll_org *out);

/* The witness keys that the policy in force names. */
void dbk_roll_witnesses(dbk_roll *roll, dbk_policy_keys *out);

/* Do devices take a relay with this pin for theirs, by the policy in force? Also where there is no
 * organisation yet. */
bool dbk_roll_announces(dbk_roll *roll, const uint8_t pin[32]);

/* One who asks. */
typedef struct dbk_caller {
    dbk_id device;
    dbk_role role;
    dbk_sign_pk request;
    bool revoked; /* may bring what it wrote, and nothing else: nobody shall learn that it was known
                   */
} dbk_caller;
/* By the hash of its request key. false: a stranger. */
bool dbk_roll_caller(dbk_roll *roll, dbk_caller *out, const uint8_t key_hash[DBK_KEY_HASH_BYTES]);

/* Spaces of records (not the roster space) that the device is in now, sorted by id. Appends
 * dbk_id to out. now_ms 0: also where a guest's time is over. */
DBK_MUST_CHECK dbk_rc dbk_roll_spaces(dbk_roll *roll, const dbk_caller *caller, uint64_t now_ms,
                                      dbk_bytes *out, dbk_err *err);
/* Of a revoked device: was it in the space. */
bool dbk_roll_in_space(dbk_roll *roll, const dbk_caller *caller, const dbk_id *space,
                       uint64_t now_ms);
/* Was it in the space, and is out of it by now? What it wrote before it heard may still come. */
bool dbk_roll_left_space(dbk_roll *roll, const dbk_caller *caller, const dbk_id *space);
/* May a member of the space have its segments? Not one that only writes there. peek: for the one
 * thread that changes the roll, also between add and settle. */
bool dbk_roll_reads(dbk_roll *roll, const dbk_caller *caller, const dbk_id *space);
bool dbk_roll_reads_peek(const dbk_roll *roll, const dbk_id *device, const dbk_id *space);

/* The devices that read the space now, their time not over, in the order of enrolment, and which of
 * them may vouch there. Appends dbk_reader. For the one thread that changes the roll, also between
 * add and settle. */
typedef struct dbk_reader {
    dbk_id device;
    bool vouches;
} dbk_reader;
DBK_MUST_CHECK dbk_rc dbk_roll_readers(dbk_roll *roll, const dbk_id *space, uint64_t now_ms,
                                       dbk_bytes *out, dbk_err *err);

/* Its key for segments and words. false: no such device. */
bool dbk_roll_sign_key(dbk_roll *roll, dbk_sign_pk *out, const dbk_id *device);

/* Who may make and confirm snapshots of a space (core/crypto/snapshot.h): headquarters' devices in
 * it; confirm one that `maker` made. */
bool dbk_roll_vouches(dbk_roll *roll, const dbk_id *device, const dbk_id *space);
bool dbk_roll_may_confirm(dbk_roll *roll, const dbk_id *device, const dbk_id *maker,
                          const dbk_id *space);
/* dbk_manifest_check and dbk_confirmation_check by the chain as it is. For the one thread that
 * changes the roll, also between add and settle. */
DBK_MUST_CHECK dbk_rc dbk_roll_check_snapshot(dbk_roll *roll, const dbk_manifest *m,
                                              uint64_t members_seq, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_roll_check_confirmation(dbk_roll *roll, const dbk_confirmation_word *word,
                                                  const dbk_manifest *m, dbk_err *err);

/* The newest recovery of every space of records, in the chain's order; of one that had none, only
 * the space stands in it. Appends dbk_log_move. peek: for the one thread that changes the roll,
 * also between add and settle. */
DBK_MUST_CHECK dbk_rc dbk_roll_logs(dbk_roll *roll, dbk_bytes *out, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_roll_logs_peek(const dbk_roll *roll, dbk_bytes *out, dbk_err *err);

/* The device that may write this header's feed into its space, or might until it was revoked, and
 * its key for segments. false: none may. A guest's time is not looked at: what it wrote in time may
 * arrive late, and readers know both times. */
typedef struct dbk_feed_owner {
    dbk_id device;
    dbk_sign_pk sign;
} dbk_feed_owner;
bool dbk_roll_feed_owner(dbk_roll *roll, dbk_feed_owner *out, const dbk_header *h);
/* Is the owner of a feed out of the space by now, revoked or removed? For the one thread that
 * changes the roll, also between add and settle: its order is the log's. */
bool dbk_roll_is_late(dbk_roll *roll, const dbk_id *owner, const dbk_id *space);

/* Which of a segment's ops the chain orders erased: bit i for op i. For the same one thread, also
 * between add and settle. */
uint64_t dbk_roll_erased(dbk_roll *roll, const dbk_header *h);

/* Of how many entries of this log no bodies need be kept (dbk_roster_floor). For the same one
 * thread, also between add and settle. */
uint64_t dbk_roll_floor(dbk_roll *roll, const dbk_id *space, const dbk_id *log);

/* Takes what the log's chain has beyond this roll: another relay on a shared log wrote it. Folds
 * all of it where an earlier failure left nothing. Any thread may call it, with a handle of its
 * own, but not between add and settle. changed: there was something. */
DBK_MUST_CHECK dbk_rc dbk_roll_refresh(dbk_roll *roll, const dbk_log *log, bool *changed,
                                       dbk_err *err);

/* dbk_roster_weigh on the chain as it is; for the one thread that changes the roll. DBK_NOT_FOUND:
 * there is no organisation. */
DBK_MUST_CHECK dbk_rc dbk_roll_weigh(dbk_roll *roll, size_t *lacking, dbk_span entry, dbk_err *err);

/* Takes the next entry of the chain, in memory and into the log's open transaction. On success
 * the roll is locked until settle. codes of dbk_roster_add, and the log's.
 * made: what the entry was about. */
typedef struct dbk_roll_change {
    dbk_entry_kind kind;
    dbk_id space; /* of kind SPACE */
} dbk_roll_change;
DBK_MUST_CHECK dbk_rc dbk_roll_add(dbk_roll *roll, const dbk_log *log, dbk_span entry,
                                   dbk_roll_change *made, dbk_err *err);
typedef enum dbk_outcome { DBK_COMMITTED, DBK_ROLLED_BACK } dbk_outcome;
/* After the transaction. Without an add before it, nothing. When it was rolled back the chain is
 * folded anew from the log; on failure the roll knows nobody any more. */
DBK_MUST_CHECK dbk_rc dbk_roll_settle(dbk_roll *roll, const dbk_log *log, dbk_outcome outcome,
                                      dbk_err *err);

#endif
