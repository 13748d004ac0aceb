/* core/crypto/snapshot.h - what is signed about a snapshot of a space (decision 0039): the manifest
 * of the device that made it, and the word of another that made the same.
 * Knows:  signatures, roles, trees. Never: what is in it, nor any key that opens it.
 * Manifest, big-endian, at most DBK_MANIFEST_BYTES_MAX:
 *   offset size
 *        0    4  magic "DBKN"
 *        4    1  version = 1
 *        5    1  suite = 1
 *        6    2  zero
 *        8   16  organisation \
 *       24   16  space         |
 *       40   16  log           |  incarnation
 *       56    8  size          |  entries of the log that it stands for, 1..2^32 - 1
 *       64   32  root          |  of the log at that size
 *       96   32  members       |  the chain's head that the maker had seen
 *      128   32  state hash    |  as `verify` prints it
 *      160   32  vector hash   |  "daybook/vector/1", likewise
 *      192   32  plain hash    |  "daybook/snapshot-plain/1" over all of the plaintext
 *      224    8  plain bytes   |
 *      232    8  records      /   up to here: the claim
 *      240   16  device that made it
 *      256    8  when, Unix ms, by its clock
 *      264   16  salt, random: what the snapshot is called by
 *      280   72  the snapshot's key, sealed (core/seal/snapshot_seal.h)
 *      352    4  chunks
 *      356   32  root of the tree (DBK_TREE_SNAPSHOT) over the sealed chunks
 *      388    2  n: key ids, 1..4096
 *      390    2  m: length of the note
 *      392 16 n  ids of the epoch keys that together open it, ascending
 *           m    the relay's checkpoint note of just this log, size and root
 *          64    Ed25519 by the maker's sign key, label "daybook/snapshot/1", over
 *                H("daybook/snapshot-manifest/1", all before)
 * Confirmation, 128 bytes: magic "DBKY" || 1 || 1 || 0 0 || H("daybook/snapshot-claim/1", claim) ||
 * device (16) || when (u64) || Ed25519, label "daybook/snapshot-confirm/1", over the 64 before. */
#ifndef DBK_CRYPTO_SNAPSHOT_H
#define DBK_CRYPTO_SNAPSHOT_H

#include "core/crypto/checkpoint.h"
#include "core/crypto/roster.h"
#include "core/crypto/tree.h"

#define DBK_TREE_SNAPSHOT "daybook/tree/snapshot/1"
#define DBK_SNAPSHOT_KEYS_MAX 4096u
#define DBK_SNAPSHOT_SIZE_MAX UINT32_MAX
#define DBK_SNAPSHOT_WRAP_BYTES 72u
#define DBK_SNAPSHOT_BOUND_BYTES 280u /* of the manifest, that the wrap and each chunk bind */
#define DBK_MANIFEST_FIXED_BYTES 392u
#define DBK_MANIFEST_BYTES_MAX                                                                    \
    (DBK_MANIFEST_FIXED_BYTES + DBK_SNAPSHOT_KEYS_MAX * DBK_ID_BYTES + DBK_CHECKPOINT_BYTES_MAX + \
     DBK_SIG_BYTES)
#define DBK_CONFIRMATION_BYTES 128u

typedef struct dbk_claim {
    dbk_id org, space, log;
    uint64_t size;
    dbk_hash root, members, state_hash, vector_hash, plain_hash;
    uint64_t plain_bytes, records;
} dbk_claim;
bool dbk_claim_equal(const dbk_claim *a, const dbk_claim *b);

typedef struct dbk_manifest {
    dbk_claim claim;
    dbk_id device;
    uint64_t made_ms;
    uint8_t salt[16];
    uint8_t wrap[DBK_SNAPSHOT_WRAP_BYTES];
    uint32_t chunks;
    dbk_hash chunk_root;
    const dbk_id *keys; /* ascending; borrowed, also from what was decoded */
    size_t keys_count;
    dbk_span note;
    dbk_sig sig;
    dbk_hash core; /* what sig is over; filled by decoding */
} dbk_manifest;

/* The first DBK_SNAPSHOT_BOUND_BYTES. */
void dbk_manifest_bound(uint8_t out[DBK_SNAPSHOT_BOUND_BYTES], const dbk_manifest *m);
/* Appends the manifest; signs it into m->sig. */
DBK_MUST_CHECK dbk_rc dbk_manifest_sign(dbk_bytes *out, dbk_manifest *m,
                                        const dbk_secret *device_sign, dbk_err *err);
/* Strict; checks no signature. DBK_FORMAT, DBK_VERSION. */
DBK_MUST_CHECK dbk_rc dbk_manifest_decode(dbk_manifest *out, dbk_span in, dbk_err *err);

typedef struct dbk_confirmation_word {
    dbk_hash claim;
    dbk_id device;
    uint64_t time_ms;
    dbk_sig sig;
} dbk_confirmation_word;
void dbk_confirmation_sign(uint8_t out[DBK_CONFIRMATION_BYTES], const dbk_claim *claim,
                           const dbk_id *device, uint64_t time_ms, const dbk_secret *device_sign);
DBK_MUST_CHECK dbk_rc dbk_confirmation_decode(dbk_confirmation_word *out, dbk_span in,
                                              dbk_err *err);

/* May a device make or confirm a snapshot of this space? Role hq, or admin, in it now. */
bool dbk_snapshot_may_vouch(const dbk_roster *r, const dbk_id *device, const dbk_id *space);
/* And confirm one that `maker` made? Another device; in a restricted space, of another person.
 * DBK_DENIED. */
DBK_MUST_CHECK dbk_rc dbk_snapshot_may_confirm(const dbk_roster *r, const dbk_id *device,
                                               const dbk_id *maker, const dbk_id *space,
                                               dbk_err *err);
/* Whose manifest it is, and that: signed by one who may; the note the relay's, and of just this
 * log, size and root; no order to dispose of anything in the space behind members_seq, where the
 * chain has the claim's members. DBK_AUTH, DBK_DENIED, DBK_CONFLICT (overtaken by an order). */
DBK_MUST_CHECK dbk_rc dbk_manifest_check(const dbk_manifest *m, const dbk_roster *r,
                                         uint64_t members_seq, dbk_err *err);
/* That another device says the same: in a restricted space, one of another person. */
DBK_MUST_CHECK dbk_rc dbk_confirmation_check(const dbk_confirmation_word *c, const dbk_manifest *m,
                                             const dbk_roster *r, dbk_err *err);

#endif
