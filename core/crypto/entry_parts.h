/* core/crypto/entry_parts.h - inside the membership codec: an entry taken apart before its body
 * is trusted. Used by entry*.c, roster*.c, core/seal/join.c and tests; the contract is roster.h. */
#ifndef DBK_CRYPTO_ENTRY_PARTS_H
#define DBK_CRYPTO_ENTRY_PARTS_H

#include "core/base/cbor.h"
#include "core/crypto/roster.h"

#define DBK_ENTRY_VERSION 1u
#define DBK_ENTRY_KINDS 12u /* GENESIS .. FLOOR: those whose body this version reads */

typedef struct dbk_entry_sig {
    dbk_id signer;
    dbk_sig sig;
} dbk_entry_sig;

/* Everything but the body; spans borrow from the entry. */
typedef struct dbk_entry_parts {
    dbk_span core;
    dbk_hash hash; /* of the core */
    dbk_id org;
    uint64_t seq;
    dbk_hash prev;
    uint64_t kind; /* perhaps one that this version doesn't know */
    uint64_t time_ms;
    dbk_span body; /* one map */
    dbk_entry_sig sigs[DBK_ENTRY_SIGNERS_MAX];
    size_t sigs_count;
} dbk_entry_parts;

/* Keys of a body map, and which of them each kind has: bit n for key n. */
typedef enum dbk_entry_key {
    DBK_KEY_ROOT = 1,
    DBK_KEY_RELAY = 2,
    DBK_KEY_DEVICE = 3,
    DBK_KEY_KEYS = 4,
    DBK_KEY_ROLE = 5,
    DBK_KEY_LABEL = 6,
    DBK_KEY_SPACE = 7,
    DBK_KEY_RESTRICTED = 8,
    DBK_KEY_EXPIRES = 9,
    DBK_KEY_EPOCH = 10,
    DBK_KEY_REASON = 11,
    DBK_KEY_GRANTS = 12,
    DBK_KEY_WRAPS = 13,
    DBK_KEY_DROP = 14,
    DBK_KEY_POLICY = 15,
    DBK_KEY_PERSON = 16,
    DBK_KEY_CUTS = 17,
    DBK_KEY_LOGS = 18,
    DBK_KEY_TEXT = 19,
    DBK_KEY_DOTS = 20,
    DBK_KEY_REVIEW = 21,
    DBK_KEY_FLOOR = 22,
    DBK_ENTRY_KEYS_END = 23
} dbk_entry_key;
extern const uint32_t dbk_entry_keys_of[DBK_ENTRY_KINDS];
/* Those that a kind may have besides; what stands for nothing is absent. */
extern const uint32_t dbk_entry_keys_more[DBK_ENTRY_KINDS];

/* entry_policy.c: the policy map. */
void dbk_policy_put(dbk_cbor_out *o, const dbk_policy *policy);
void dbk_policy_get(dbk_cbor *c, dbk_policy *policy);

/* DBK_FORMAT, or DBK_VERSION for a newer version or suite. Checks no signature. */
DBK_MUST_CHECK dbk_rc dbk_entry_split(dbk_entry_parts *out, dbk_span in, dbk_err *err);
/* DBK_VERSION for a kind or a role that this version doesn't know. */
DBK_MUST_CHECK dbk_rc dbk_entry_read_body(dbk_entry_decoded *out, const dbk_entry_parts *parts,
                                          dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_entry_encode_core(dbk_bytes *out, const dbk_entry *e, dbk_err *err);
/* The map `keys` of roster.h. Getting checks its form only: dbk_device_keys_valid. */
void dbk_device_keys_put(dbk_cbor_out *o, const dbk_device_keys *keys);
void dbk_device_keys_get(dbk_cbor *c, dbk_device_keys *keys);
dbk_hash dbk_entry_hash(dbk_span core);
dbk_id dbk_signer_id(const dbk_sign_pk *pk);
/* The signature of the entry whose core has this hash. */
void dbk_entry_sign_hash(dbk_entry_sig *out, const dbk_hash *hash, const dbk_secret *signer);
bool dbk_entry_sig_holds(const dbk_entry_sig *sig, const dbk_hash *hash, const dbk_sign_pk *pk);

#endif
