/* core/seal/wrap.h - an epoch key sealed to one device's X25519 key. Only ever valid inside an
 * admin-signed membership entry (security.md R8): by itself it authenticates nobody.
 * wrap (80) = ephemeral public key (32) || XChaCha20-Poly1305(epoch key) (48), key =
 * H("daybook/wrap/1", shared || ephemeral || recipient kem), nonce zero (the key is used once),
 * AAD = prefix "daybook/wrap-aad/1" || org || space || epoch (u64) || device || key id. */
#ifndef DBK_SEAL_WRAP_H
#define DBK_SEAL_WRAP_H

#include "core/crypto/roster.h"

typedef struct dbk_wrap_scope {
    dbk_id org, space, device;
    uint64_t epoch;
} dbk_wrap_scope;

DBK_MUST_CHECK dbk_rc dbk_kem_keypair(uint8_t pk[32], dbk_secret **sk, const dbk_env *env,
                                      dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_wrap_seal(uint8_t out[DBK_WRAP_BYTES], const dbk_secret *epoch_key,
                                    const dbk_wrap_scope *scope, const uint8_t recipient[32],
                                    const dbk_env *env, dbk_err *err);
/* Also checks key id, commitment and drop key of `epoch`: DBK_AUTH if anything differs. */
DBK_MUST_CHECK dbk_rc dbk_wrap_open(dbk_secret **epoch_key, const uint8_t wrap[DBK_WRAP_BYTES],
                                    const dbk_wrap_scope *scope, const dbk_epoch *epoch,
                                    const dbk_secret *kem_sk, dbk_err *err);

/* A new random epoch key and what the chain says of it, without a drop key. */
DBK_MUST_CHECK dbk_rc dbk_epoch_new(dbk_secret **key, dbk_epoch *out, uint64_t number,
                                    const dbk_env *env, dbk_err *err);

#endif
