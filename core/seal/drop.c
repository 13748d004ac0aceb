#include "core/seal/drop.h"

#include <sodium.h>

#include "core/base/alloc.h"
#include "core/crypto/hash.h"
#include "core/crypto/secret.h"
#include "core/crypto/segment.h"

#define KEY_BYTES 32u
_Static_assert(crypto_scalarmult_BYTES == KEY_BYTES, "X25519");
_Static_assert(DBK_DROP_PUBLIC_BYTES == DBK_FRAME_EPHEMERAL_BYTES, "a frame's opener");
_Static_assert(crypto_scalarmult_SCALARBYTES == DBK_HASH_BYTES, "a hash is a secret half");

/* Wiped by the caller. */
static dbk_hash secret_half(const dbk_secret *epoch_key)
{
    DBK_ASSERT(dbk_secret_len(epoch_key) == KEY_BYTES);
    return dbk_hash_of("daybook/drop-seed/1", dbk_secret_bytes(epoch_key));
}

void dbk_drop_public(uint8_t out[DBK_DROP_PUBLIC_BYTES], const dbk_secret *epoch_key)
{
    dbk_hash secret = secret_half(epoch_key);
    DBK_ASSERT(crypto_scalarmult_base(out, secret.b) == 0);
    dbk_wipe(&secret, sizeof(secret));
}

static dbk_rc frame_key(dbk_secret **key, const uint8_t shared[KEY_BYTES],
                        const uint8_t ephemeral[KEY_BYTES], const uint8_t drop[KEY_BYTES],
                        dbk_err *err)
{
    dbk_hasher h;
    dbk_hasher_init(&h, "daybook/drop/1");
    dbk_hasher_add(&h, dbk_span_of(shared, KEY_BYTES));
    dbk_hasher_add(&h, dbk_span_of(ephemeral, KEY_BYTES));
    dbk_hasher_add(&h, dbk_span_of(drop, KEY_BYTES));
    dbk_hash hash = dbk_hasher_end(&h);
    dbk_rc rc = dbk_secret_from(key, dbk_span_of(hash.b, sizeof(hash.b)), err);
    dbk_wipe(&h, sizeof(h));
    dbk_wipe(&hash, sizeof(hash));
    return rc;
}

dbk_rc dbk_drop_seal(dbk_secret **key, uint8_t ephemeral[DBK_DROP_PUBLIC_BYTES],
                     const uint8_t drop[DBK_DROP_PUBLIC_BYTES], const dbk_env *env, dbk_err *err)
{
    uint8_t secret[KEY_BYTES], shared[KEY_BYTES];
    dbk_rc rc;
    *key = NULL;
    env->random(env->self, secret, sizeof(secret));
    DBK_ASSERT(crypto_scalarmult_base(ephemeral, secret) == 0);
    if (crypto_scalarmult(shared, secret, drop) != 0)
        rc = dbk_fail(err, DBK_INVALID, "the key that writers seal to is not a proper one");
    else
        rc = frame_key(key, shared, ephemeral, drop, err);
    dbk_wipe(secret, sizeof(secret));
    dbk_wipe(shared, sizeof(shared));
    return rc;
}

dbk_rc dbk_drop_open(dbk_secret **key, const uint8_t ephemeral[DBK_DROP_PUBLIC_BYTES],
                     const dbk_secret *epoch_key, dbk_err *err)
{
    uint8_t shared[KEY_BYTES], drop[KEY_BYTES];
    dbk_hash secret = secret_half(epoch_key);
    dbk_rc rc;
    *key = NULL;
    DBK_ASSERT(crypto_scalarmult_base(drop, secret.b) == 0);
    if (crypto_scalarmult(shared, secret.b, ephemeral) != 0)
        rc = dbk_fail(err, DBK_AUTH, "an op is sealed with a key that is none");
    else
        rc = frame_key(key, shared, ephemeral, drop, err);
    dbk_wipe(&secret, sizeof(secret));
    dbk_wipe(shared, sizeof(shared));
    return rc;
}
