/* A slot for headquarters' recovery key; the layout stands in core/seal/slots.h. Anyone can make
 * one, so it counts only inside a file whose MAC holds, and only for a key that the membership
 * chain names (security.md R16). */
#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/crypto/hash.h"
#include "core/seal/slots_internal.h"

#define KEY_BYTES DBK_SLOT_STORE_KEY_BYTES
#define RECOVERY_AT 4u
#define EPHEMERAL_AT 36u
#define WRAPPED_AT 68u
#define WRAPPED_BYTES 48u
#define DEVICE_AT 116u
#define ZEROS_AT 132u
#define AAD_BYTES_MAX (DBK_PREFIX_BYTES_MAX + WRAPPED_AT + DBK_SLOT_BYTES - DEVICE_AT)
_Static_assert(WRAPPED_AT + WRAPPED_BYTES == DEVICE_AT, "the slot's fields fill it");
_Static_assert(DEVICE_AT + DBK_ID_BYTES == ZEROS_AT, "the slot's fields fill it");
_Static_assert(KEY_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES == WRAPPED_BYTES, "Poly1305");

/* The wrapping key is used for one message, so its nonce may be fixed. */
static const uint8_t zero_nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];

static size_t put_aad(uint8_t out[AAD_BYTES_MAX], const dbk_slot *s)
{
    uint8_t *p = out + dbk_label_prefix(out, "daybook/recovery-slot/1");
    p = dbk_wire_put_copy(p, s->b, WRAPPED_AT);
    p = dbk_wire_put_copy(p, s->b + DEVICE_AT, DBK_SLOT_BYTES - DEVICE_AT);
    return (size_t)(p - out);
}

/* Bound to both public keys. */
static dbk_hash kek_of(const uint8_t shared[32], const dbk_slot *s)
{
    dbk_hasher h;
    dbk_hasher_init(&h, "daybook/recovery-kek/1");
    dbk_hasher_add(&h, dbk_span_of(shared, 32));
    dbk_hasher_add(&h, dbk_span_of(s->b + EPHEMERAL_AT, 32));
    dbk_hasher_add(&h, dbk_span_of(s->b + RECOVERY_AT, 32));
    return dbk_hasher_end(&h);
}

dbk_rc dbk_slot_recovery_check(const dbk_slot *s, dbk_err *err)
{
    if (sodium_is_zero(s->b + 1, RECOVERY_AT - 1) != 1 ||
        sodium_is_zero(s->b + ZEROS_AT, DBK_SLOT_BYTES - ZEROS_AT) != 1 ||
        sodium_is_zero(s->b + RECOVERY_AT, 32) == 1)
        return dbk_fail(err, DBK_DAMAGED, "the key file is malformed");
    return DBK_OK;
}

dbk_recovery_to dbk_slot_recovery_to(const dbk_slot *s)
{
    dbk_recovery_to to;
    memcpy(to.key, s->b + RECOVERY_AT, sizeof(to.key));
    memcpy(to.device.b, s->b + DEVICE_AT, sizeof(to.device.b));
    return to;
}

dbk_rc dbk_slot_recovery_fill(dbk_slot *s, const dbk_secret *store_key, const dbk_recovery_to *to,
                              const dbk_env *env, dbk_err *err)
{
    uint8_t secret[32], shared[32] = { 0 }, aad[AAD_BYTES_MAX];
    dbk_slot made = { { 0 } };
    dbk_rc rc = DBK_OK;
    made.b[0] = DBK_SLOT_RECOVERY;
    memcpy(made.b + RECOVERY_AT, to->key, sizeof(to->key));
    memcpy(made.b + DEVICE_AT, to->device.b, sizeof(to->device.b));
    env->random(env->self, secret, sizeof(secret));
    DBK_ASSERT(crypto_scalarmult_base(made.b + EPHEMERAL_AT, secret) == 0);
    if (crypto_scalarmult(shared, secret, to->key) != 0) {
        rc = dbk_fail(err, DBK_INVALID, "the recovery key is not a proper one");
    } else {
        dbk_hash kek = kek_of(shared, &made);
        size_t aad_len = put_aad(aad, &made);
        DBK_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(
                       made.b + WRAPPED_AT, NULL, dbk_secret_bytes(store_key).p, KEY_BYTES, aad,
                       aad_len, NULL, zero_nonce, kek.b) == 0);
        dbk_wipe(&kek, sizeof(kek));
        *s = made;
    }
    dbk_wipe(secret, sizeof(secret));
    dbk_wipe(shared, sizeof(shared));
    return rc;
}

dbk_rc dbk_slot_recovery_open(dbk_secret **store_key, const dbk_slot *s, const dbk_slot_with *with,
                              dbk_err *err)
{
    const dbk_secret *recovery_key = with->secret;
    uint8_t own[32], shared[32] = { 0 }, aad[AAD_BYTES_MAX];
    dbk_secret *key = NULL;
    DBK_ASSERT(dbk_secret_len(recovery_key) == 32);
    DBK_ASSERT(crypto_scalarmult_base(own, dbk_secret_bytes(recovery_key).p) == 0);
    if (!dbk_equal_ct(dbk_span_of(own, 32), dbk_span_of(s->b + RECOVERY_AT, 32)))
        return DBK_PASSPHRASE;
    dbk_rc rc = dbk_secret_new(&key, KEY_BYTES, err);
    if (rc != DBK_OK)
        return rc;
    bool opened = crypto_scalarmult(shared, dbk_secret_bytes(recovery_key).p,
                                    s->b + EPHEMERAL_AT) == 0;
    dbk_hash kek = kek_of(shared, s);
    size_t aad_len = put_aad(aad, s);
    opened = opened && crypto_aead_xchacha20poly1305_ietf_decrypt(
                           dbk_secret_room(key), NULL, NULL, s->b + WRAPPED_AT, WRAPPED_BYTES, aad,
                           aad_len, zero_nonce, kek.b) == 0;
    dbk_wipe(&kek, sizeof(kek));
    dbk_wipe(shared, sizeof(shared));
    if (!opened) {
        dbk_secret_free(key);
        return dbk_fail(err, DBK_DAMAGED, "the recovery key is right, but its slot was changed");
    }
    *store_key = key;
    return DBK_OK;
}
