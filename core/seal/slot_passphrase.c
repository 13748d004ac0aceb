/* A slot under a passphrase; the layout stands in core/seal/slots.h. */
#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/crypto/hash.h"
#include "core/seal/slots_internal.h"

#define AAD_BYTES 36u
#define KEY_BYTES DBK_SLOT_STORE_KEY_BYTES
#define SALT_BYTES 16u
#define NONCE_BYTES 24u
#define WRAPPED_BYTES 48u
_Static_assert(crypto_pwhash_argon2id_SALTBYTES == SALT_BYTES, "Argon2id");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == NONCE_BYTES, "XChaCha20");
_Static_assert(KEY_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES == WRAPPED_BYTES, "Poly1305");
_Static_assert(AAD_BYTES + NONCE_BYTES + WRAPPED_BYTES + DBK_HASH_BYTES == DBK_SLOT_BYTES,
               "the slot's fields fill it");

typedef struct parts {
    dbk_span zeros;
    dbk_kdf_cost cost;
    uint8_t salt[SALT_BYTES];
    uint8_t nonce[NONCE_BYTES];
    uint8_t wrapped[WRAPPED_BYTES];
    dbk_hash commitment;
} parts;

static parts parts_of(const dbk_slot *s)
{
    parts p = { 0 };
    dbk_wire w = dbk_wire_from(dbk_span_of(s->b + 1, DBK_SLOT_BYTES - 1));
    p.zeros = dbk_wire_get_span(&w, 3);
    p.cost.ops = dbk_wire_get_u64(&w);
    p.cost.mem_bytes = dbk_wire_get_u64(&w);
    dbk_wire_get_copy(&w, p.salt, sizeof(p.salt));
    dbk_wire_get_copy(&w, p.nonce, sizeof(p.nonce));
    dbk_wire_get_copy(&w, p.wrapped, sizeof(p.wrapped));
    dbk_wire_get_copy(&w, p.commitment.b, sizeof(p.commitment.b));
    DBK_ASSERT(!w.failed);
    return p;
}

dbk_rc dbk_slot_passphrase_check(const dbk_slot *s, dbk_err *err)
{
    parts p = parts_of(s);
    if (sodium_is_zero(p.zeros.p, p.zeros.len) != 1)
        return dbk_fail(err, DBK_DAMAGED, "the key file is malformed");
    return dbk_kdf_check(&p.cost, err);
}

/* What the passphrase becomes: the key that wraps, and the commitment to it. */
typedef struct derived {
    dbk_hash kek;
    dbk_hash commitment;
} derived;

static dbk_rc derive(derived *out, const parts *p, const dbk_secret *passphrase, dbk_err *err)
{
    uint8_t hash[KEY_BYTES];
    dbk_span pass = dbk_secret_bytes(passphrase);
    memset(out, 0, sizeof(*out));
    int failed = crypto_pwhash_argon2id(hash, sizeof(hash), (const char *)pass.p, pass.len, p->salt,
                                        p->cost.ops, (size_t)p->cost.mem_bytes,
                                        crypto_pwhash_argon2id_ALG_ARGON2ID13);
    if (failed)
        return dbk_fail(err, DBK_NOMEM, "no memory for Argon2id");
    out->kek = dbk_hash_of("daybook/slot-kek/1", dbk_span_of(hash, sizeof(hash)));
    out->commitment = dbk_hash_of("daybook/slot-commitment/1", dbk_span_of(hash, sizeof(hash)));
    dbk_wipe(hash, sizeof(hash));
    return DBK_OK;
}

static size_t put_aad(uint8_t out[DBK_PREFIX_BYTES_MAX + AAD_BYTES], const dbk_slot *s)
{
    size_t len = dbk_label_prefix(out, "daybook/slot/1");
    memcpy(out + len, s->b, AAD_BYTES);
    return len + AAD_BYTES;
}

dbk_rc dbk_slot_passphrase_fill(dbk_slot *s, const dbk_secret *store_key,
                                const dbk_secret *passphrase, const dbk_kdf_cost *cost,
                                const dbk_env *env, dbk_err *err)
{
    uint8_t aad[DBK_PREFIX_BYTES_MAX + AAD_BYTES];
    parts p = { .cost = *cost };
    derived d;
    env->random(env->self, p.salt, sizeof(p.salt));
    env->random(env->self, p.nonce, sizeof(p.nonce));
    dbk_rc rc = derive(&d, &p, passphrase, err);
    if (rc != DBK_OK)
        return rc;
    memset(s, 0, sizeof(*s));
    s->b[0] = DBK_SLOT_PASSPHRASE;
    uint8_t *at = dbk_wire_put_u64(s->b + 4, cost->ops);
    at = dbk_wire_put_u64(at, cost->mem_bytes);
    at = dbk_wire_put_copy(at, p.salt, sizeof(p.salt));
    at = dbk_wire_put_copy(at, p.nonce, sizeof(p.nonce));
    size_t aad_len = put_aad(aad, s);
    DBK_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(at, NULL, dbk_secret_bytes(store_key).p,
                                                          KEY_BYTES, aad, aad_len, NULL, p.nonce,
                                                          d.kek.b) == 0);
    at = dbk_wire_put_copy(at + WRAPPED_BYTES, d.commitment.b, sizeof(d.commitment.b));
    DBK_ASSERT(at == s->b + DBK_SLOT_BYTES);
    dbk_wipe(&d, sizeof(d));
    return DBK_OK;
}

dbk_rc dbk_slot_passphrase_open(dbk_secret **store_key, const dbk_slot *s,
                                const dbk_secret *passphrase, dbk_err *err)
{
    uint8_t aad[DBK_PREFIX_BYTES_MAX + AAD_BYTES];
    parts p = parts_of(s);
    dbk_secret *key = NULL;
    derived d;
    dbk_rc rc = derive(&d, &p, passphrase, err);
    if (rc != DBK_OK)
        return rc;
    if (!dbk_equal_ct(dbk_span_of(d.commitment.b, DBK_HASH_BYTES),
                      dbk_span_of(p.commitment.b, DBK_HASH_BYTES))) {
        rc = DBK_PASSPHRASE;
        goto out;
    }
    rc = dbk_secret_new(&key, KEY_BYTES, err);
    if (rc != DBK_OK)
        goto out;
    size_t aad_len = put_aad(aad, s);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(dbk_secret_room(key), NULL, NULL, p.wrapped,
                                                   WRAPPED_BYTES, aad, aad_len, p.nonce,
                                                   d.kek.b) != 0) {
        rc = dbk_fail(err, DBK_DAMAGED, "the passphrase is right, but its key slot was changed");
        goto out;
    }
    *store_key = key;
    key = NULL;
out:
    dbk_secret_free(key);
    dbk_wipe(&d, sizeof(d));
    return rc;
}
