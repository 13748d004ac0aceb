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
 *             ? 13: [ * wrap ], ? 14: drop (bytes 32), ? 15: policy, ? 16: person (bytes 16),
 *             ? 17: [ + cut ], ? 18: [ + log ], ? 19: text, ? 20: [ + feed ],
 *             ? 21: review (bytes 32), ? 22: floor }        ; the keys of its kind, below
 *   keys  = { 1: sign (bytes 32), 2: kem (bytes 32), 3: request (bytes 32), ? 4: admin (bytes 32) }
 *   epoch = [ number (uint), key id (bytes 16), commitment (bytes 32) ]
 *   grant = [ device (bytes 16), role (uint) ]               ; ascending by device
 *   wrap  = [ device (bytes 16), epoch (uint), wrap (bytes 80) ]  ; ascending by device, epoch
 *   cut   = [ space (bytes 16), log size (uint) ]            ; ascending by space
 *   log   = [ space, new log, old log (bytes 16), old size (uint), old root (bytes 32) ]
 *                                                            ; ascending by space
 *   feed  = [ feed (bytes 16), [ + seq (uint, from 1) ] ]     ; each ascending: ops
 *   floor = [ log (bytes 16), size (uint, 1..2^40), root (bytes 32) ]
 *   policy = below
 * Hash: "daybook/member-hash/1" over core. Signed: label "daybook/member/1" over that hash (so
 * that signing never has to copy 64 KiB, and extra signatures don't change the chain).
 * Signer id: H16("daybook/signer-id/1", public key).
 * seq 0 is genesis, signed by the org root whose public key it carries; org id =
 * H16("daybook/org-id/1", root public key). Later entries are signed by admin keys that the
 * chain itself has enrolled: every signature listed must be one of theirs and hold; the root may
 * sign beside them. What widens access needs two signers once there ever were two admins (below).
 * Unknown keys of core are covered by hash and signature and otherwise ignored; kinds that this
 * version doesn't know stop the fold with DBK_VERSION. */
#ifndef DBK_CRYPTO_ROSTER_H
#define DBK_CRYPTO_ROSTER_H

#include "core/crypto/hash.h"
#include "core/crypto/sign.h"

#define DBK_ENTRY_BYTES_MAX (64u * 1024u)
#define DBK_ENTRY_SIGNERS_MAX 8u
#define DBK_ROSTER_DEVICES_MAX 20000u
#define DBK_ROSTER_SPACES_MAX 4096u
#define DBK_ROSTER_ORDERS_MAX 65536u
#define DBK_WRAP_BYTES 80u /* core/seal/wrap.h makes and opens it */
#define DBK_LABEL_SEALED_BYTES_MAX 512u

typedef enum dbk_entry_kind {
    DBK_ENTRY_GENESIS = 0,  /* org, relay key, first admin device, the roster space */
    DBK_ENTRY_ENROL = 1,    /* one device with its keys, label and wrap of the roster space */
    DBK_ENTRY_SPACE = 2,    /* a new space with its members and epoch 1 */
    DBK_ENTRY_GRANT = 3,    /* one device into one space, with its wraps */
    DBK_ENTRY_REVOKE = 4,   /* a device, a reason */
    DBK_ENTRY_ROTATE = 5,   /* a space's next epoch with wraps for all who stay */
    DBK_ENTRY_POLICY = 6,   /* the organisation's rules, whole; the newest stands */
    DBK_ENTRY_RECOVERY = 7, /* logs' new incarnations after a relay was restored; by the root */
    DBK_ENTRY_REMOVE = 8,   /* one device out of one space */
    DBK_ENTRY_BAR = 9,      /* a person who can never be in a space */
    DBK_ENTRY_DISPOSE = 10, /* ops of a space that are erased everywhere (decision 0031) */
    DBK_ENTRY_FLOOR = 11    /* below it a relay need keep no bodies of a log (decision 0041) */
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
/* May a device with this role lengthen a space's log? Every role may. */
bool dbk_role_writes(dbk_role role);
/* Does it hold the space's key? Every role but a writer's does. */
bool dbk_role_reads(dbk_role role);
/* It writes what it looks at, and nothing else: an auditor (decision 0029). Who can't read the
 * segments can't tell the one from the other; members do when they merge. */
bool dbk_role_only_logs(dbk_role role);
/* Why a device is revoked: "lost", "stolen" or "left". */
bool dbk_entry_is_reason(dbk_span text);

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
    uint8_t drop[32];    /* X25519: what writers seal to; zero: none. Key 14 of SPACE and ROTATE */
} dbk_epoch;

/* What an organisation has decided for all its devices: a map of 1 protocol floor, 2 freshness
 * hours, 3 lease hours, 4 rotate days (uints from 1); ? 5 TLS pins, ? 6 witness keys, ? 7 recovery
 * keys: arrays of 1..4 byte strings of 32. */
#define DBK_POLICY_KEYS_MAX 4u
typedef struct dbk_policy_keys {
    uint8_t b[DBK_POLICY_KEYS_MAX][32];
    size_t count;
} dbk_policy_keys;
typedef struct dbk_policy {
    uint64_t protocol_floor; /* never lower than before (R11) */
    uint64_t freshness_h;    /* how old the newest cosignature may be before devices say so */
    uint64_t lease_h;        /* how long a device opens without a fresh one */
    uint64_t rotate_days;    /* how old an epoch gets */
    dbk_policy_keys tls_pins, witnesses, recovery;
} dbk_policy;
#define DBK_POLICY_DEFAULT                                                       \
    {                                                                            \
        .protocol_floor = 1, .freshness_h = 24, .lease_h = 72, .rotate_days = 90 \
    }
#define DBK_POLICY_NUMBER_MAX (10u * 366u * 24u) /* of any of its numbers: ten years of hours */
bool dbk_policy_equal(const dbk_policy *a, const dbk_policy *b);

/* Up to where a device that is taken out may have written: what it has at this index of the space's
 * log or later came too late. */
typedef struct dbk_cut {
    dbk_id space;
    uint64_t log_size;
} dbk_cut;
/* A relay was restored: the space's log goes on under a new incarnation. */
typedef struct dbk_log_move {
    dbk_id space, new_log, old_log;
    uint64_t old_size; /* of the old log, as far as whoever signs has verified it */
    dbk_hash old_root;
} dbk_log_move;

/* A space's log as it was at one size: below that a relay need keep headers only. */
#define DBK_FLOOR_SIZE_MAX (UINT64_C(1) << 40)
typedef struct dbk_floor {
    dbk_id log;
    uint64_t size; /* 0: none */
    dbk_hash root;
} dbk_floor;

/* One entry's content, for building and reading. Spans are borrowed. Which fields count, by kind:
 * GENESIS: root, relay, device+keys+role+label, space(=roster space)+epoch+wraps
 * ENROL:   device, keys, role, label, wraps (roster space)
 * SPACE:   space, restricted, label, epoch (with drop), grants, wraps
 * GRANT:   space, device, role, expires, wraps (one per epoch the device may read)
 * REVOKE:  device, reason ("lost", "stolen", "left"), cuts
 * ROTATE:  space, epoch (with drop), wraps
 * POLICY:  policy
 * RECOVERY: logs, text (why)
 * REMOVE:  space, device, cuts (at most one, of that space)
 * BAR:     space, person
 * DISPOSE: space, dots, review (the hash of what was decided, and on what)
 * FLOOR:   space, floor
 * GENESIS and ENROL may name a person; the device's id stands for one who isn't named. */
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
    dbk_policy policy;
    dbk_id person; /* zero: not named */
    const dbk_cut *cuts;
    size_t cuts_count;
    const dbk_log_move *logs;
    size_t logs_count;
    dbk_span text;
    const dbk_dot *dots;
    size_t dots_count;
    dbk_hash review;
    dbk_floor floor;
} dbk_entry;
#define DBK_ENTRY_TEXT_BYTES_MAX 512u
#define DBK_ENTRY_DOTS_MAX 10000u /* and as many as fit an entry */

/* Appends an entry signed by one key. */
DBK_MUST_CHECK dbk_rc dbk_entry_sign(dbk_bytes *out, const dbk_entry *e, const dbk_secret *signer,
                                     dbk_err *err);
/* Appends the entry with one more signature. DBK_CONFLICT: that key has signed it already;
 * DBK_LIMIT; DBK_FORMAT, DBK_VERSION: it isn't an entry that this version would sign. */
DBK_MUST_CHECK dbk_rc dbk_entry_cosign(dbk_bytes *out, dbk_span entry, const dbk_secret *signer,
                                       dbk_err *err);
/* Strict; checks no signature. The result owns its arrays and borrows its spans from in. */
typedef struct dbk_entry_decoded {
    dbk_entry entry;
    dbk_hash hash; /* of the core */
    void *arrays;
} dbk_entry_decoded;
DBK_MUST_CHECK dbk_rc dbk_entry_decode(dbk_entry_decoded *out, dbk_span in, dbk_err *err);
void dbk_entry_decoded_wipe(dbk_entry_decoded *d);
/* The ids of those who signed an entry, ascending; checks no signature. DBK_FORMAT, DBK_VERSION. */
DBK_MUST_CHECK dbk_rc dbk_entry_signers(dbk_id out[DBK_ENTRY_SIGNERS_MAX], size_t *count,
                                        dbk_span entry, dbk_err *err);

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
 *            space's current epoch for it, and no other (for role writer none); no rotation of that
 *            space is due
 *   SPACE    a new id; epoch 1 with a key id new to the chain; members enrolled, not revoked; a
 *            wrap for each member but writers, and no other. Restricted: only where there ever
 *            were two admins
 *   GRANT    the device enrolled, not revoked, its person not barred; not the roster space; no
 *            rotation due; a wrap of the current epoch and perhaps of earlier ones, for a writer
 *            none. Given again: the new role and expiry stand. A guest has an expiry
 *   REVOKE   not yet revoked; not the last admin. It stays known as the owner of its feeds, and
 *            has no role in any space; a rotation is due in each that it was in
 *   ROTATE   the next epoch with a key id new to the chain; a wrap for each member that is in the
 *            space now, but writers, and no other
 *   POLICY   the protocol's floor is not lower than it was
 *   RECOVERY spaces of records; each with another incarnation than before
 *   REMOVE   in the space now; not the roster space. A rotation is due
 *   BAR      not the roster space; a person of the chain, none of whose devices is in it
 *   DISPOSE  not the roster space; no op whose erasing is ordered already
 *   FLOOR    not the roster space; of the log in force, if the chain names one; higher than the one
 *            before, as far as that holds in this log
 * Role admin in a space needs a device with role admin. A writer needs an epoch with a drop key,
 * also of each ROTATE while one is in the space, and holds no key of it: who has another role there
 * is removed first. A drop key is a proper key and no device's.
 * Two signers, once there ever were two admins: ENROL with role hq or admin; SPACE and GRANT where
 * restricted; REVOKE of an admin; POLICY; BAR. The root may be the second only where no second
 * person is left to ask (dbk_roster_root_may_second). RECOVERY: the root. ROTATE of a restricted
 * space: an admin whose device is in it. DISPOSE, FLOOR: two persons always, never the root, and
 * each by a device that reads the space: nobody agrees to the end of what they can't look at. */
DBK_MUST_CHECK dbk_rc dbk_roster_add(dbk_roster *r, dbk_span entry, dbk_err *err);
/* The next entry, judged as dbk_roster_add judges it, and not taken: the same codes, but that
 * signers may be missing. *lacking: how many persons must sign yet; 0: it would be taken. */
DBK_MUST_CHECK dbk_rc dbk_roster_weigh(const dbk_roster *r, size_t *lacking, dbk_span entry,
                                       dbk_err *err);
void dbk_roster_free(dbk_roster *r);

/* Threads: one caller at a time, for reading too: dbk_roster_feed_owner keeps a cache. */
typedef struct dbk_member_space {
    dbk_id space;
    dbk_role role; /* of the newest grant, also when it was removed since */
    uint64_t expires_ms;
    uint64_t granted_seq; /* chain seq of the grant */
    bool removed;         /* from this space */
    bool cut_known;       /* it is out, and up to where it may have written was said */
    uint64_t cut_size;    /* of the space's log */
} dbk_member_space;
typedef struct dbk_member {
    dbk_id device;
    dbk_id person; /* the device's own id where none was named */
    dbk_device_keys keys;
    dbk_role role;
    uint64_t enrolled_seq;
    bool revoked;
    uint64_t revoked_seq;
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
    bool rotation_due;     /* someone left since the last epoch began */
    uint64_t epoch_ms;     /* claimed time of the current epoch */
    dbk_log_move recovery; /* of its log, the newest; new_log zero: none */
    uint64_t recovery_ms;  /* its entry's claimed time; 0: none */
    dbk_floor floor;       /* the newest, which is the highest */
    uint64_t floor_ms;     /* its entry's claimed time; 0: none */
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
/* What it was by the chain's entries 0..seq: the same whatever came later. */
dbk_role dbk_roster_role_at(const dbk_roster *r, const dbk_id *device, const dbk_id *space,
                            uint64_t seq);
/* Is the device out of the space (revoked, or removed), having been in it? NULL: it is in, or never
 * was. Else its grant, which says where it was cut. */
const dbk_member_space *dbk_roster_out(const dbk_roster *r, const dbk_id *device,
                                       const dbk_id *space);
/* A space's logs, one after the other: 0 is the one that it began with, each RECOVERY lets it go on
 * in the next. What the chain doesn't name is taken for the first. */
size_t dbk_roster_log_turn(const dbk_roster *r, const dbk_id *space, const dbk_id *log);
/* The one in force by the chain's entries 0..seq. */
size_t dbk_roster_log_turn_at(const dbk_roster *r, const dbk_id *space, uint64_t seq);
/* With how many entries both begin; UINT64_MAX: they are one. */
uint64_t dbk_roster_logs_share(const dbk_roster *r, const dbk_id *space, size_t a, size_t b);
/* The same of two logs by their names; 0: they are two, and the chain names one of them nowhere. */
uint64_t dbk_roster_logs_common(const dbk_roster *r, const dbk_id *space, const dbk_id *a,
                                const dbk_id *b);
/* The entry that let it begin; of turn 0 GENESIS. */
uint64_t dbk_roster_log_seq(const dbk_roster *r, const dbk_id *space, size_t turn);
bool dbk_roster_barred(const dbk_roster *r, const dbk_id *person, const dbk_id *space);
/* The orders to dispose, in the chain's order. */
typedef struct dbk_order {
    uint64_t seq; /* of its entry */
    uint64_t time_ms;
    dbk_id space;
    dbk_hash review;
    dbk_dot *dots; /* ascending; the roster's own */
    size_t dots_count;
} dbk_order;
size_t dbk_roster_orders(const dbk_roster *r);
const dbk_order *dbk_roster_order_at(const dbk_roster *r, size_t i);
/* The place of the order that names an op; SIZE_MAX: none does. */
size_t dbk_roster_order_of(const dbk_roster *r, const dbk_id *space, const dbk_dot *dot);
/* Of the ops from `first` on, at most 64: bit i for the i-th, if the chain orders it erased. */
uint64_t dbk_roster_erased(const dbk_roster *r, const dbk_id *space, const dbk_dot *first,
                           size_t count);
/* How many entries of this log of the space stand below its floor: no relay need hold their bodies.
 * Where the log in force is another one than the floor's, as far as both are one. */
uint64_t dbk_roster_floor(const dbk_roster *r, const dbk_id *space, const dbk_id *log);
const dbk_policy *dbk_roster_policy(const dbk_roster *r); /* the defaults before the first */
uint64_t dbk_roster_policy_ms(const dbk_roster *r);       /* its entry's claimed time; 0 before */
/* How many signers an entry of this content needs now. */
size_t dbk_roster_signers_needed(const dbk_roster *r, const dbk_entry *e);
/* Would the root's signature count as the second person's? Only where the admins in force, but for
 * a device that the entry itself revokes, are one person's. */
bool dbk_roster_root_may_second(const dbk_roster *r, const dbk_entry *e);
/* Which member device owns this feed: derives the ids of the space's members. NULL: nobody. */
const dbk_member *dbk_roster_feed_owner(const dbk_roster *r, const dbk_id *space,
                                        const dbk_id *feed, const dbk_id *incarnation);
/* The admin's device whose key has this signer id, also a revoked one. NULL: nobody's; *is_root
 * tells whether it is the root's. */
const dbk_member *dbk_roster_signer(const dbk_roster *r, bool *is_root, const dbk_id *signer);
/* The wraps that the chain holds for one device, in chain order; calls fn for each. */
typedef dbk_rc (*dbk_wrap_fn)(void *ctx, const dbk_id *space, const dbk_epoch *epoch,
                              const uint8_t wrap[DBK_WRAP_BYTES], dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_roster_each_wrap(const dbk_roster *r, const dbk_id *device,
                                           dbk_wrap_fn fn, void *ctx, dbk_err *err);
void dbk_roster_check_deep(const dbk_roster *r);

#endif
