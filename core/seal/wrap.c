#include "core/seal/wrap.h"

#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/crypto/secret.h"
#include "core/seal/drop.h"
#include "core/seal/sealer.h"

#define KEY_BYTES 32u
#define EPHEMERAL_BYTES 32u
#define AAD_LABEL "daybook/wrap-aad/1"
#define AAD_BYTES_MAX (DBK_PREFIX_BYTES_MAX + 4u * DBK_ID_BYTES + 8u)
_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == KEY_BYTES, "XChaCha20-Poly1305");
_Static_assert(crypto_scalarmult_BYTES == KEY_BYTES, "X25519");
_Static_assert(EPHEMERAL_BYTES + KEY_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES ==
                   DBK_WRAP_BYTES,
               "a wrap is an ephemeral key and a sealed key");

/* The wrapping key is used for one message, so its nonce may be fixed. */
static const uint8_t zero_nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];

dbk_id dbk_key_id(const dbk_secret *epoch_key)
{
    return dbk_hash_id("daybook/key-id/1", dbk_secret_bytes(epoch_key));
}

static dbk_hash commitment_of(const dbk_secret *epoch_key)
{
    return dbk_hash_of("daybook/key-commitment/1", dbk_secret_bytes(epoch_key));
}

dbk_rc dbk_kem_keypair(uint8_t pk[32], dbk_secret **sk, const dbk_env *env, dbk_err *err)
{
    memset(pk, 0, 32);
    dbk_rc rc = dbk_secret_random(sk, KEY_BYTES, env, err);
    if (rc == DBK_OK)
        DBK_ASSERT(crypto_scalarmult_base(pk, dbk_secret_bytes(*sk).p) == 0);
    return rc;
}

static size_t put_aad(uint8_t out[AAD_BYTES_MAX], const dbk_wrap_scope *scope, const dbk_id *key_id)
{
    uint8_t *p = out + dbk_label_prefix(out, AAD_LABEL);
    p = dbk_wire_put_copy(p, scope->org.b, sizeof(scope->org.b));
    p = dbk_wire_put_copy(p, scope->space.b, sizeof(scope->space.b));
    p = dbk_wire_put_u64(p, scope->epoch);
    p = dbk_wire_put_copy(p, scope->device.b, sizeof(scope->device.b));
    p = dbk_wire_put_copy(p, key_id->b, sizeof(key_id->b));
    return (size_t)(p - out);
}

/* The wrapping key of a shared secret, bound to both public keys. */
static void wrap_key(uint8_t key[KEY_BYTES], const uint8_t shared[32], const uint8_t ephemeral[32],
                     const uint8_t recipient[32])
{
    dbk_hasher h;
    dbk_hasher_init(&h, "daybook/wrap/1");
    dbk_hasher_add(&h, dbk_span_of(shared, 32));
    dbk_hasher_add(&h, dbk_span_of(ephemeral, 32));
    dbk_hasher_add(&h, dbk_span_of(recipient, 32));
    dbk_hash hash = dbk_hasher_end(&h);
    memcpy(key, hash.b, KEY_BYTES);
    dbk_wipe(&hash, sizeof(hash));
}

dbk_rc dbk_wrap_seal(uint8_t out[DBK_WRAP_BYTES], const dbk_secret *epoch_key,
                     const dbk_wrap_scope *scope, const uint8_t recipient[32], const dbk_env *env,
                     dbk_err *err)
{
    uint8_t secret[32], shared[32], key[KEY_BYTES], aad[AAD_BYTES_MAX];
    dbk_rc rc = DBK_OK;
    DBK_ASSERT(dbk_secret_len(epoch_key) == KEY_BYTES);
    memset(out, 0, DBK_WRAP_BYTES);
    memset(key, 0, sizeof(key));
    dbk_id key_id = dbk_key_id(epoch_key);
    size_t aad_len = put_aad(aad, scope, &key_id);
    env->random(env->self, secret, sizeof(secret));
    DBK_ASSERT(crypto_scalarmult_base(out, secret) == 0);
    if (crypto_scalarmult(shared, secret, recipient) != 0) {
        rc = dbk_fail(err, DBK_INVALID, "a device's key for receiving keys is not a proper one");
        goto out;
    }
    wrap_key(key, shared, out, recipient);
    DBK_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(
                   out + EPHEMERAL_BYTES, NULL, dbk_secret_bytes(epoch_key).p, KEY_BYTES, aad,
                   aad_len, NULL, zero_nonce, key) == 0);
out:
    if (rc != DBK_OK)
        memset(out, 0, DBK_WRAP_BYTES);
    dbk_wipe(secret, sizeof(secret));
    dbk_wipe(shared, sizeof(shared));
    dbk_wipe(key, sizeof(key));
    return rc;
}

/* The key is the one that the chain's epoch speaks of, with all that follows from it. */
static bool is_key_of(const dbk_secret *key, const dbk_epoch *epoch)
{
    dbk_id id = dbk_key_id(key);
    dbk_hash commitment = commitment_of(key);
    uint8_t drop[DBK_DROP_PUBLIC_BYTES];
    dbk_drop_public(drop, key);
    /* A key that writers would seal to for somebody else makes the epoch none that is taken. */
    bool own_drop = dbk_key_is_zero(epoch->drop) ||
                    dbk_span_equal(dbk_span_of(drop, sizeof(drop)),
                                   dbk_span_of(epoch->drop, sizeof(epoch->drop)));
    return own_drop && dbk_id_equal(&id, &epoch->key_id) &&
           dbk_hash_equal(&commitment, &epoch->commitment);
}

dbk_rc dbk_wrap_open(dbk_secret **epoch_key, const uint8_t wrap[DBK_WRAP_BYTES],
                     const dbk_wrap_scope *scope, const dbk_epoch *epoch, const dbk_secret *kem_sk,
                     dbk_err *err)
{
    uint8_t shared[32], recipient[32], key[KEY_BYTES], aad[AAD_BYTES_MAX];
    const uint8_t *secret = dbk_secret_bytes(kem_sk).p;
    dbk_secret *opened = NULL;
    DBK_ASSERT(dbk_secret_len(kem_sk) == 32);
    *epoch_key = NULL;
    memset(key, 0, sizeof(key));
    dbk_rc rc = dbk_secret_new(&opened, KEY_BYTES, err);
    if (rc != DBK_OK)
        goto out;
    size_t aad_len = put_aad(aad, scope, &epoch->key_id);
    DBK_ASSERT(crypto_scalarmult_base(recipient, secret) == 0);
    bool good = scope->epoch == epoch->epoch && crypto_scalarmult(shared, secret, wrap) == 0;
    if (good) {
        wrap_key(key, shared, wrap, recipient);
        good = crypto_aead_xchacha20poly1305_ietf_decrypt(
                   dbk_secret_room(opened), NULL, NULL, wrap + EPHEMERAL_BYTES,
                   DBK_WRAP_BYTES - EPHEMERAL_BYTES, aad, aad_len, zero_nonce, key) == 0 &&
               is_key_of(opened, epoch);
    }
    if (!good) {
        rc = dbk_fail(err, DBK_AUTH, "a wrapped key is not the one of its epoch");
        goto out;
    }
    *epoch_key = opened;
    opened = NULL;
out:
    dbk_secret_free(opened);
    dbk_wipe(shared, sizeof(shared));
    dbk_wipe(key, sizeof(key));
    return rc;
}

dbk_rc dbk_epoch_new(dbk_secret **key, dbk_epoch *out, uint64_t number, const dbk_env *env,
                     dbk_err *err)
{
    memset(out, 0, sizeof(*out));
    dbk_rc rc = dbk_secret_random(key, KEY_BYTES, env, err);
    if (rc != DBK_OK)
        return rc;
    out->epoch = number;
    out->key_id = dbk_key_id(*key);
    out->commitment = commitment_of(*key);
    return DBK_OK;
}
