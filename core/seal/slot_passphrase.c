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

/* The Argon2id output. */
static dbk_rc stretch(dbk_secret **out, const parts *p, const dbk_secret *passphrase, dbk_err *err)
{
    dbk_secret *hash = NULL;
    dbk_span pass = dbk_secret_bytes(passphrase);
    dbk_rc rc = dbk_secret_new(&hash, KEY_BYTES, err);
    if (rc != DBK_OK)
        return rc;
    if (crypto_pwhash_argon2id(dbk_secret_room(hash), KEY_BYTES, (const char *)pass.p, pass.len,
                               p->salt, p->cost.ops, p->cost.mem_bytes,
                               crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0) {
        dbk_secret_free(hash);
        return dbk_fail(err, DBK_NOMEM, "no memory for Argon2id");
    }
    *out = hash;
    return DBK_OK;
}

static dbk_hash mix(const char *label, const dbk_secret *hash, const dbk_secret *second)
{
    dbk_hasher h;
    dbk_hasher_init(&h, label);
    dbk_hasher_add(&h, dbk_secret_bytes(hash));
    if (second != NULL)
        dbk_hasher_add(&h, dbk_secret_bytes(second));
    return dbk_hasher_end(&h);
}

/* second: NULL in a slot of the passphrase alone. */
static derived derive(const dbk_secret *hash, const dbk_secret *second)
{
    bool alone = second == NULL;
    return (derived){
        mix(alone ? "daybook/slot-kek/1" : "daybook/tpm-kek/1", hash, second),
        mix(alone ? "daybook/slot-commitment/1" : "daybook/tpm-commitment/1", hash, second),
    };
}

/* What the factor asks for: it can't be turned back into what the key is made of. */
static dbk_rc auth_of(dbk_secret **out, const dbk_secret *hash, dbk_err *err)
{
    dbk_hash auth = mix("daybook/tpm-auth/1", hash, NULL);
    dbk_rc rc = dbk_secret_from(out, dbk_span_of(auth.b, sizeof(auth.b)), err);
    dbk_wipe(&auth, sizeof(auth));
    return rc;
}

static size_t put_aad(uint8_t out[DBK_PREFIX_BYTES_MAX + AAD_BYTES], const dbk_slot *s)
{
    size_t len = dbk_label_prefix(out, "daybook/slot/1");
    memcpy(out + len, s->b, AAD_BYTES);
    return len + AAD_BYTES;
}

static parts new_parts(const dbk_kdf_cost *cost, const dbk_env *env)
{
    parts p = { .cost = *cost };
    env->random(env->self, p.salt, sizeof(p.salt));
    env->random(env->self, p.nonce, sizeof(p.nonce));
    return p;
}

static void put_slot(dbk_slot *s, uint8_t kind, const parts *p, const derived *d,
                     const dbk_secret *store_key)
{
    uint8_t aad[DBK_PREFIX_BYTES_MAX + AAD_BYTES];
    memset(s, 0, sizeof(*s));
    s->b[0] = kind;
    uint8_t *at = dbk_wire_put_u64(s->b + 4, p->cost.ops);
    at = dbk_wire_put_u64(at, p->cost.mem_bytes);
    at = dbk_wire_put_copy(at, p->salt, sizeof(p->salt));
    at = dbk_wire_put_copy(at, p->nonce, sizeof(p->nonce));
    size_t aad_len = put_aad(aad, s);
    DBK_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(at, NULL, dbk_secret_bytes(store_key).p,
                                                          KEY_BYTES, aad, aad_len, NULL, p->nonce,
                                                          d->kek.b) == 0);
    at = dbk_wire_put_copy(at + WRAPPED_BYTES, d->commitment.b, sizeof(d->commitment.b));
    DBK_ASSERT(at == s->b + DBK_SLOT_BYTES);
}

dbk_rc dbk_slot_passphrase_fill(dbk_slot *s, const dbk_secret *store_key,
                                const dbk_secret *passphrase, const dbk_kdf_cost *cost,
                                const dbk_env *env, dbk_err *err)
{
    parts p = new_parts(cost, env);
    dbk_secret *hash = NULL;
    dbk_rc rc = stretch(&hash, &p, passphrase, err);
    if (rc != DBK_OK)
        return rc;
    derived d = derive(hash, NULL);
    put_slot(s, DBK_SLOT_PASSPHRASE, &p, &d, store_key);
    dbk_secret_free(hash);
    dbk_wipe(&d, sizeof(d));
    return DBK_OK;
}

dbk_rc dbk_slot_tpm_fill(dbk_slot *s, dbk_bytes *blob, const dbk_secret *store_key,
                         const dbk_unlock *with, const dbk_kdf_cost *cost, const dbk_env *env,
                         dbk_err *err)
{
    parts p = new_parts(cost, env);
    dbk_secret *hash = NULL, *auth = NULL, *second = NULL;
    dbk_rc rc = stretch(&hash, &p, with->passphrase, err);
    if (rc == DBK_OK)
        rc = auth_of(&auth, hash, err);
    if (rc == DBK_OK)
        rc = dbk_secret_random(&second, DBK_FACTOR_SECRET_BYTES, env, err);
    if (rc == DBK_OK)
        rc = with->factor->keep(with->factor->self, blob, second, auth, err);
    if (rc == DBK_OK) {
        derived d = derive(hash, second);
        put_slot(s, DBK_SLOT_TPM, &p, &d, store_key);
        dbk_wipe(&d, sizeof(d));
    }
    dbk_secret_free(hash);
    dbk_secret_free(auth);
    dbk_secret_free(second);
    return rc;
}

/* What the slot's kind makes of the passphrase. */
static dbk_rc derive_for(derived *d, const dbk_slot *s, const parts *p, const dbk_slot_with *with,
                         dbk_err *err)
{
    dbk_secret *hash = NULL, *auth = NULL, *second = NULL;
    bool alone = s->b[0] == DBK_SLOT_PASSPHRASE;
    if (!alone && with->factor == NULL)
        return dbk_fail(err, DBK_NOT_FOUND, "this store also needs the TPM of its machine");
    dbk_rc rc = stretch(&hash, p, with->secret, err);
    if (rc == DBK_OK && !alone)
        rc = auth_of(&auth, hash, err);
    if (rc == DBK_OK && !alone)
        rc = with->factor->give(with->factor->self, &second, with->blob, auth, err);
    if (rc == DBK_OK)
        *d = derive(hash, second);
    dbk_secret_free(hash);
    dbk_secret_free(auth);
    dbk_secret_free(second);
    return rc;
}

dbk_rc dbk_slot_passphrase_open(dbk_secret **store_key, const dbk_slot *s,
                                const dbk_slot_with *with, dbk_err *err)
{
    uint8_t aad[DBK_PREFIX_BYTES_MAX + AAD_BYTES];
    parts p = parts_of(s);
    dbk_secret *key = NULL;
    derived d;
    dbk_rc rc = derive_for(&d, s, &p, with, err);
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
