/* core/crypto/roster.h - membership: one linear, signed chain per organisation, and its fold.
 * Knows:  signatures, who is a member of what with which role and key. Never: names in clear
 *         (labels are sealed under the roster space's or the space's own epoch key), the
 *         epoch keys themselves, the store, the network.
 * Entry (deterministic CBOR, docs/FORMAT.md "Membership"):
 *   entry = [ core (bytes: the encoded core map), [ + signature ] ]
 *   signature = [ signer id (bytes 16), sig (bytes 64) ]     ; ascending by signer id
 *   core  = { 1: version 1, 2: suite 1, 3: org (bytes 16), 4: seq (uint, from 0),
 *             5: prev (bytes 32: hash of the entry before; zero for seq 0), 6: kind (uint),
 *             7: time (uint, claimed ms), 8: body (map), * uint => any }
 *   body  = { ? 1: root (bytes 32), ? 2: relay (bytes 32), ? 3: device (bytes 16), ? 4: keys,
 *             ? 5: role (uint), ? 6: label (bytes), ? 7: space (bytes 16), ? 8: restricted (bool),
 *             ? 9: expires (uint ms), ? 10: epoch, ? 11: reason (text), ? 12: [ + grant ],
 *             ? 13: [ + wrap ] }                           ; exactly the keys of its kind, below
 *   keys  = { 1: sign (bytes 32), 2: kem (bytes 32), 3: request (bytes 32), ? 4: admin (bytes 32) }
 *   epoch = [ number (uint), key id (bytes 16), commitment (bytes 32) ]
 *   grant = [ device (bytes 16), role (uint) ]               ; ascending by device
 *   wrap  = [ device (bytes 16), epoch (uint), wrap (bytes 80) ]  ; ascending by device, epoch
 * Hash: "daybook/member-hash/1" over core. Signed: label "daybook/member/1" over that hash (so
 * that signing never has to copy 64 KiB, and extra signatures don't change the chain).
 * Signer id: H16("daybook/signer-id/1", public key).
 * seq 0 is genesis, signed by the org root whose public key it carries; org id =
 * H16("daybook/org-id/1", root public key). Later entries are signed by admin keys that the
 * chain itself has enrolled: every signature listed must be one of theirs and hold. Unknown keys
 * of core are covered by hash and signature and otherwise ignored; kinds that this version
 * doesn't know stop the fold with DBK_VERSION. */
#ifndef DBK_CRYPTO_ROSTER_H
#define DBK_CRYPTO_ROSTER_H

#include "core/crypto/hash.h"
#include "core/crypto/sign.h"

#define DBK_ENTRY_BYTES_MAX (64u * 1024u)
#define DBK_ENTRY_SIGNERS_MAX 8u
#define DBK_ROSTER_DEVICES_MAX 20000u
#define DBK_ROSTER_SPACES_MAX 4096u
#define DBK_WRAP_BYTES 80u /* core/seal/wrap.h makes and opens it */
#define DBK_LABEL_SEALED_BYTES_MAX 512u

typedef enum dbk_entry_kind {
    DBK_ENTRY_GENESIS = 0, /* org, relay key, first admin device, the roster space */
    DBK_ENTRY_ENROL = 1,   /* one device with its keys, label and wrap of the roster space */
    DBK_ENTRY_SPACE = 2,   /* a new space with its members and epoch 1 */
    DBK_ENTRY_GRANT = 3,   /* one device into one space, with its wraps */
    DBK_ENTRY_REVOKE = 4,  /* a device, a reason */
    DBK_ENTRY_ROTATE = 5,  /* a space's next epoch with wraps for all who stay */
    DBK_ENTRY_POLICY = 6,  /* reserved: no layout yet */
    DBK_ENTRY_RECOVERY = 7 /* reserved: a log's new incarnation */
} dbk_entry_kind;

typedef enum dbk_role {
    DBK_ROLE_NONE = 0,
    DBK_ROLE_OFFICER = 1,
    DBK_ROLE_SUPERVISOR = 2,
    DBK_ROLE_HQ = 3,
    DBK_ROLE_AUDITOR = 4,
    DBK_ROLE_GUEST = 5,
    DBK_ROLE_WRITER = 6,
    DBK_ROLE_ADMIN = 7 /* signs the chain; in spaces it acts as hq */
} dbk_role;
const char *dbk_role_name(dbk_role role);
/* DBK_ROLE_NONE for an unknown word. */
dbk_role dbk_role_parse(const char *name);

/* A device's public keys, each for one purpose. */
typedef struct dbk_device_keys {
    dbk_sign_pk sign;    /* segments */
    uint8_t kem[32];     /* X25519: receives wraps */
    dbk_sign_pk request; /* RFC 9421 */
    dbk_sign_pk admin;   /* membership; zero unless role admin */
} dbk_device_keys;

/* A key of 32 bytes that stands for none. */
bool dbk_key_is_zero(const uint8_t key[32]);
/* Each key a proper point of its curve, none twice, the admin key perhaps none: to be asked once,
 * when they are enrolled (R13). */
bool dbk_device_keys_valid(const dbk_device_keys *keys);
dbk_id dbk_org_id(const dbk_sign_pk *root);

/* One epoch key for one device. */
typedef struct dbk_wrapped {
    dbk_id device;
    uint64_t epoch;
    uint8_t wrap[DBK_WRAP_BYTES];
} dbk_wrapped;
typedef struct dbk_epoch {
    uint64_t epoch; /* from 1 */
    dbk_id key_id;
    dbk_hash commitment; /* "daybook/key-commitment/1" over the key */
} dbk_epoch;

/* One entry's content, for building and reading. Spans are borrowed. Which fields count, by kind:
 * GENESIS: root, relay, device+keys+role+label, space(=roster space)+epoch+wraps
 * ENROL:   device, keys, role, label, wraps (roster space)
 * SPACE:   space, restricted, label, epoch, grants, wraps
 * GRANT:   space, device, role, expires, wraps (one per epoch the device may read)
 * REVOKE:  device, reason ("lost", "stolen", "left")
 * ROTATE:  space, epoch, wraps */
typedef struct dbk_grant {
    dbk_id device;
    dbk_role role;
} dbk_grant;
typedef struct dbk_entry {
    dbk_id org;
    uint64_t seq;
    dbk_hash prev;
    dbk_entry_kind kind;
    uint64_t time_ms;
    dbk_sign_pk root, relay;
    dbk_id device;
    dbk_device_keys keys;
    dbk_role role;
    dbk_span label; /* sealed: key id (16) || nonce (24) || ciphertext; core/seal/label.h */
    dbk_id space;
    bool restricted;
    uint64_t expires_ms; /* 0: never */
    dbk_epoch epoch;
    dbk_span reason;
    const dbk_grant *grants;
    size_t grants_count;
    const dbk_wrapped *wraps;
    size_t wraps_count;
} dbk_entry;

/* Appends an entry signed by one key. */
DBK_MUST_CHECK dbk_rc dbk_entry_sign(dbk_bytes *out, const dbk_entry *e, const dbk_secret *signer,
                                     dbk_err *err);
/* Strict; checks no signature. The result owns its arrays and borrows its spans from in. */
typedef struct dbk_entry_decoded {
    dbk_entry entry;
    dbk_hash hash; /* of the core */
    void *arrays;
} dbk_entry_decoded;
DBK_MUST_CHECK dbk_rc dbk_entry_decode(dbk_entry_decoded *out, dbk_span in, dbk_err *err);
void dbk_entry_decoded_wipe(dbk_entry_decoded *d);

/* The fold: the verified state after a prefix of the chain. */
typedef struct dbk_roster dbk_roster;
/* Trusts nothing but this root key. */
DBK_MUST_CHECK dbk_rc dbk_roster_new(dbk_roster **out, const dbk_sign_pk *root, dbk_err *err);
/* Verifies the next entry wholly (seq, prev, signers, right, references, caps), then takes it:
 * DBK_FORMAT, DBK_AUTH, DBK_CONFLICT (prev is not our head), DBK_DENIED, DBK_LIMIT, DBK_VERSION,
 * DBK_NOMEM; on any failure the roster is as it was. The bytes are copied where needed.
 * What each kind must hold, beyond its layout:
 *   all      later than seq 0, signed by admins that are enrolled and not revoked
 *   GENESIS  the pinned root; the device with role admin; epoch 1; one wrap, for it
 *   ENROL    device = H16(sign, kem); keys valid, and new to the whole chain; a wrap of the roster
 *            space's current epoch for it, and no other
 *   SPACE    a new id; epoch 1 with a key id new to the chain; members enrolled, not revoked; a
 *            wrap for each member and no other
 *   GRANT    the device enrolled, not revoked; not the roster space; a wrap of the current epoch
 *            and perhaps of earlier ones. Given again: the new role and expiry stand
 *   REVOKE   not yet revoked; not the last admin. It stays known as the owner of its feeds, and
 *            has no role in any space
 *   ROTATE   the next epoch with a key id new to the chain; a wrap for each member that is not
 *            revoked, and no other
 * Role admin in a space needs a device with role admin. */
DBK_MUST_CHECK dbk_rc dbk_roster_add(dbk_roster *r, dbk_span entry, dbk_err *err);
void dbk_roster_free(dbk_roster *r);

/* Threads: one caller at a time, for reading too: dbk_roster_feed_owner keeps a cache. */
typedef struct dbk_member_space {
    dbk_id space;
    dbk_role role;
    uint64_t expires_ms;
    uint64_t granted_seq; /* chain seq of the grant */
} dbk_member_space;
typedef struct dbk_member {
    dbk_id device;
    dbk_device_keys keys;
    dbk_role role;
    uint64_t enrolled_seq;
    bool revoked;
    dbk_span label;                 /* sealed; borrowed from the roster */
    const dbk_member_space *spaces; /* ascending by space; the roster space among them */
    size_t spaces_count;
} dbk_member;
typedef struct dbk_space {
    dbk_id space;
    bool restricted;
    bool is_roster;          /* holds only labels; no records */
    dbk_span label;          /* sealed; empty for the roster space */
    const dbk_epoch *epochs; /* oldest first; the last is current */
    size_t epochs_count;
} dbk_space;

dbk_id dbk_roster_org(const dbk_roster *r);
const dbk_sign_pk *dbk_roster_root(const dbk_roster *r);
const dbk_sign_pk *dbk_roster_relay(const dbk_roster *r); /* NULL before genesis */
uint64_t dbk_roster_count(const dbk_roster *r);           /* entries taken */
dbk_hash dbk_roster_head(const dbk_roster *r);            /* zero before genesis */
/* Borrowed until the next add. NULL: unknown. */
const dbk_member *dbk_roster_device(const dbk_roster *r, const dbk_id *device);
const dbk_member *dbk_roster_device_by_request_key(const dbk_roster *r, const dbk_sign_pk *pk);
const dbk_space *dbk_roster_space(const dbk_roster *r, const dbk_id *space);
size_t dbk_roster_devices(const dbk_roster *r);
const dbk_member *dbk_roster_device_at(const dbk_roster *r, size_t i); /* in order of enrolment */
size_t dbk_roster_spaces(const dbk_roster *r);
const dbk_space *dbk_roster_space_at(const dbk_roster *r, size_t i);
/* DBK_ROLE_NONE when the device isn't in the space, or was revoked. The caller looks at expiry. */
dbk_role dbk_roster_role(const dbk_roster *r, const dbk_id *device, const dbk_id *space);
/* Which member device owns this feed: derives the ids of the space's members. NULL: nobody. */
const dbk_member *dbk_roster_feed_owner(const dbk_roster *r, const dbk_id *space,
                                        const dbk_id *feed, const dbk_id *incarnation);
/* The wraps that the chain holds for one device, in chain order; calls fn for each. */
typedef dbk_rc (*dbk_wrap_fn)(void *ctx, const dbk_id *space, const dbk_epoch *epoch,
                              const uint8_t wrap[DBK_WRAP_BYTES], dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_roster_each_wrap(const dbk_roster *r, const dbk_id *device,
                                           dbk_wrap_fn fn, void *ctx, dbk_err *err);
void dbk_roster_check_deep(const dbk_roster *r);

#endif
