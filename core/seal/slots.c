#include "core/seal/slots.h"

#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/crypto/hash.h"

#define MAGIC "DBKK"
#define MAGIC_BYTES 4u
#define VERSION 1u
#define CIPHER_COMPAT 4u
#define PAGE_BYTES 4096u
#define HEAD_BYTES 24u
#define SLOT_BYTES 140u
#define SLOT_AAD_BYTES 36u
#define MAC_BYTES 32u
#define KEY_BYTES 32u
#define SALT_BYTES 16u
#define NONCE_BYTES 24u
#define WRAPPED_BYTES 48u
#define KIND_PASSPHRASE 1u
#define KIND_LAST 3u
_Static_assert(crypto_pwhash_argon2id_SALTBYTES == SALT_BYTES, "Argon2id");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == NONCE_BYTES, "XChaCha20");
_Static_assert(KEY_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES == WRAPPED_BYTES, "Poly1305");
_Static_assert(SLOT_AAD_BYTES + NONCE_BYTES + WRAPPED_BYTES + DBK_HASH_BYTES == SLOT_BYTES,
               "the slot's fields fill it");
_Static_assert(HEAD_BYTES + DBK_SLOTS_MAX * SLOT_BYTES + MAC_BYTES <= DBK_SLOTS_BYTES_MAX,
               "a full file is within its cap");

typedef struct slot {
    uint8_t kind;
    dbk_kdf_cost cost;
    uint8_t salt[SALT_BYTES];
    uint8_t nonce[NONCE_BYTES];
    uint8_t wrapped[WRAPPED_BYTES];
    dbk_hash commitment;
} slot;

typedef struct slot_file {
    uint64_t generation;
    size_t count;
    slot slots[DBK_SLOTS_MAX];
    uint8_t mac[MAC_BYTES];
} slot_file;

static dbk_rc check_cost(const dbk_kdf_cost *cost, dbk_err *err)
{
    if (cost->ops < DBK_KDF_OPS_FLOOR || cost->ops > DBK_KDF_OPS_CEILING ||
        cost->mem_bytes < DBK_KDF_MEM_FLOOR_BYTES || cost->mem_bytes > DBK_KDF_MEM_CEILING_BYTES)
        return dbk_fail(err, DBK_LIMIT,
                        "the cost of the key slot is outside its floor and ceiling");
    return DBK_OK;
}

/* Slot bytes 0..35: what its AEAD binds. */
static void put_slot_aad(uint8_t out[SLOT_AAD_BYTES], const slot *s)
{
    memset(out, 0, SLOT_AAD_BYTES);
    out[0] = s->kind;
    uint8_t *p = dbk_wire_put_u64(out + 4, s->cost.ops);
    p = dbk_wire_put_u64(p, s->cost.mem_bytes);
    p = dbk_wire_put_copy(p, s->salt, sizeof(s->salt));
    DBK_ASSERT(p == out + SLOT_AAD_BYTES);
}

static uint8_t *put_slot(uint8_t *p, const slot *s)
{
    put_slot_aad(p, s);
    p = dbk_wire_put_copy(p + SLOT_AAD_BYTES, s->nonce, sizeof(s->nonce));
    p = dbk_wire_put_copy(p, s->wrapped, sizeof(s->wrapped));
    return dbk_wire_put_copy(p, s->commitment.b, sizeof(s->commitment.b));
}

static void mac_of(uint8_t out[MAC_BYTES], dbk_span before, const dbk_secret *store_key)
{
    crypto_generichash_state state;
    uint8_t prefix[DBK_PREFIX_BYTES_MAX];
    size_t prefix_len = dbk_label_prefix(prefix, "daybook/slot-file/1");
    dbk_hash key = dbk_hash_of("daybook/slot-mac/1", dbk_secret_bytes(store_key));
    DBK_ASSERT(crypto_generichash_init(&state, key.b, sizeof(key.b), MAC_BYTES) == 0);
    DBK_ASSERT(crypto_generichash_update(&state, prefix, prefix_len) == 0);
    DBK_ASSERT(crypto_generichash_update(&state, before.p, before.len) == 0);
    DBK_ASSERT(crypto_generichash_final(&state, out, MAC_BYTES) == 0);
    dbk_wipe(&key, sizeof(key));
    dbk_wipe(&state, sizeof(state));
}

static dbk_rc append_file(dbk_bytes *out, const slot_file *f, const dbk_secret *store_key,
                          dbk_err *err)
{
    size_t len = HEAD_BYTES + f->count * SLOT_BYTES;
    uint8_t *start;
    dbk_rc rc = dbk_bytes_extend(out, &start, len + MAC_BYTES, err);
    if (rc != DBK_OK)
        return rc;
    uint8_t *p = dbk_wire_put_copy(start, (const uint8_t *)MAGIC, MAGIC_BYTES);
    *p++ = VERSION;
    *p++ = DBK_SUITE_1;
    *p++ = CIPHER_COMPAT;
    *p++ = (uint8_t)f->count;
    p = dbk_wire_put_u64(p, f->generation);
    p = dbk_wire_put_u32(p, PAGE_BYTES);
    p = dbk_wire_put_u32(p, 0);
    for (size_t i = 0; i < f->count; i++)
        p = put_slot(p, &f->slots[i]);
    DBK_ASSERT(p == start + len);
    mac_of(p, dbk_span_of(start, len), store_key);
    return DBK_OK;
}

static void get_slot(dbk_wire *w, slot *s)
{
    s->kind = dbk_wire_get_u8(w);
    dbk_span zeros = dbk_wire_get_span(w, 3);
    s->cost.ops = dbk_wire_get_u64(w);
    s->cost.mem_bytes = dbk_wire_get_u64(w);
    dbk_wire_get_copy(w, s->salt, sizeof(s->salt));
    dbk_wire_get_copy(w, s->nonce, sizeof(s->nonce));
    dbk_wire_get_copy(w, s->wrapped, sizeof(s->wrapped));
    dbk_wire_get_copy(w, s->commitment.b, sizeof(s->commitment.b));
    if (s->kind < KIND_PASSPHRASE || s->kind > KIND_LAST || zeros.len != 3 ||
        sodium_is_zero(zeros.p, zeros.len) != 1)
        w->failed = true;
}

/* All that can be judged before any work: form, then every slot's cost (A03). */
static dbk_rc read_file(slot_file *f, dbk_span in, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(in);
    uint8_t magic[MAGIC_BYTES];
    memset(f, 0, sizeof(*f));
    dbk_wire_get_copy(&w, magic, sizeof(magic));
    uint8_t version = dbk_wire_get_u8(&w), suite = dbk_wire_get_u8(&w);
    uint8_t compat = dbk_wire_get_u8(&w);
    f->count = dbk_wire_get_u8(&w);
    f->generation = dbk_wire_get_u64(&w);
    uint32_t page = dbk_wire_get_u32(&w), zero = dbk_wire_get_u32(&w);
    if (w.failed || !dbk_span_equal(dbk_span_of(magic, sizeof(magic)), dbk_span_str(MAGIC)) ||
        version == 0 || suite == 0)
        return dbk_fail(err, DBK_DAMAGED, "this is no key file");
    if (version > VERSION || suite > DBK_SUITE_1)
        return dbk_fail(err, DBK_VERSION, "a key file of version %u, suite %u", version, suite);
    if (compat != CIPHER_COMPAT || page != PAGE_BYTES || zero != 0 || f->generation == 0 ||
        f->count < 1 || f->count > DBK_SLOTS_MAX)
        return dbk_fail(err, DBK_DAMAGED, "the key file is malformed");
    for (size_t i = 0; i < f->count; i++)
        get_slot(&w, &f->slots[i]);
    dbk_wire_get_copy(&w, f->mac, sizeof(f->mac));
    if (w.failed || w.left.len > 0)
        return dbk_fail(err, DBK_DAMAGED, "the key file is malformed");
    for (size_t i = 0; i < f->count; i++) {
        dbk_rc rc = f->slots[i].kind == KIND_PASSPHRASE ? check_cost(&f->slots[i].cost, err)
                                                        : DBK_OK;
        if (rc != DBK_OK)
            return rc;
    }
    return DBK_OK;
}

/* What the passphrase becomes: the key that wraps, and the commitment to it. */
typedef struct derived {
    dbk_hash kek;
    dbk_hash commitment;
} derived;

static dbk_rc derive(derived *out, const slot *s, const dbk_secret *passphrase, dbk_err *err)
{
    uint8_t hash[KEY_BYTES];
    dbk_span pass = dbk_secret_bytes(passphrase);
    memset(out, 0, sizeof(*out));
    int failed = crypto_pwhash_argon2id(hash, sizeof(hash), (const char *)pass.p, pass.len, s->salt,
                                        s->cost.ops, (size_t)s->cost.mem_bytes,
                                        crypto_pwhash_argon2id_ALG_ARGON2ID13);
    if (failed)
        return dbk_fail(err, DBK_NOMEM, "no memory for Argon2id");
    out->kek = dbk_hash_of("daybook/slot-kek/1", dbk_span_of(hash, sizeof(hash)));
    out->commitment = dbk_hash_of("daybook/slot-commitment/1", dbk_span_of(hash, sizeof(hash)));
    dbk_wipe(hash, sizeof(hash));
    return DBK_OK;
}

static size_t put_aad(uint8_t out[DBK_PREFIX_BYTES_MAX + SLOT_AAD_BYTES], const slot *s)
{
    size_t len = dbk_label_prefix(out, "daybook/slot/1");
    put_slot_aad(out + len, s);
    return len + SLOT_AAD_BYTES;
}

/* A slot with a salt and nonce of its own around the store key. */
static dbk_rc fill_slot(slot *s, const dbk_secret *store_key, const dbk_secret *passphrase,
                        const dbk_kdf_cost *cost, const dbk_env *env, dbk_err *err)
{
    uint8_t aad[DBK_PREFIX_BYTES_MAX + SLOT_AAD_BYTES];
    derived d;
    memset(s, 0, sizeof(*s));
    s->kind = KIND_PASSPHRASE;
    s->cost = *cost;
    env->random(env->self, s->salt, sizeof(s->salt));
    env->random(env->self, s->nonce, sizeof(s->nonce));
    dbk_rc rc = derive(&d, s, passphrase, err);
    if (rc != DBK_OK)
        return rc;
    size_t aad_len = put_aad(aad, s);
    s->commitment = d.commitment;
    DBK_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(
                   s->wrapped, NULL, dbk_secret_bytes(store_key).p, KEY_BYTES, aad, aad_len, NULL,
                   s->nonce, d.kek.b) == 0);
    dbk_wipe(&d, sizeof(d));
    return DBK_OK;
}

/* DBK_PASSPHRASE: it isn't this slot's. */
static dbk_rc open_slot(dbk_secret **store_key, const slot *s, const dbk_secret *passphrase,
                        dbk_err *err)
{
    uint8_t aad[DBK_PREFIX_BYTES_MAX + SLOT_AAD_BYTES];
    dbk_secret *key = NULL;
    derived d;
    dbk_rc rc = derive(&d, s, passphrase, err);
    if (rc != DBK_OK)
        return rc;
    if (!dbk_equal_ct(dbk_span_of(d.commitment.b, DBK_HASH_BYTES),
                      dbk_span_of(s->commitment.b, DBK_HASH_BYTES))) {
        rc = DBK_PASSPHRASE;
        goto out;
    }
    rc = dbk_secret_new(&key, KEY_BYTES, err);
    if (rc != DBK_OK)
        goto out;
    size_t aad_len = put_aad(aad, s);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(dbk_secret_room(key), NULL, NULL, s->wrapped,
                                                   WRAPPED_BYTES, aad, aad_len, s->nonce,
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

/* Reads and opens; *which is the slot that the passphrase opened. */
static dbk_rc open_file(dbk_secret **store_key, slot_file *f, size_t *which, dbk_span in,
                        const dbk_secret *passphrase, dbk_err *err)
{
    uint8_t mac[MAC_BYTES];
    *store_key = NULL;
    dbk_rc rc = read_file(f, in, err);
    if (rc != DBK_OK)
        return rc;
    rc = DBK_PASSPHRASE;
    for (size_t i = 0; i < f->count && rc == DBK_PASSPHRASE; i++) {
        *which = i;
        if (f->slots[i].kind == KIND_PASSPHRASE)
            rc = open_slot(store_key, &f->slots[i], passphrase, err);
    }
    if (rc == DBK_PASSPHRASE)
        return dbk_fail(err, DBK_PASSPHRASE, "no key slot opens with this passphrase");
    if (rc != DBK_OK)
        return rc;
    mac_of(mac, dbk_span_of(in.p, in.len - MAC_BYTES), *store_key);
    if (!dbk_equal_ct(dbk_span_of(mac, sizeof(mac)), dbk_span_of(f->mac, sizeof(f->mac)))) {
        dbk_secret_free(*store_key);
        *store_key = NULL;
        return dbk_fail(err, DBK_DAMAGED, "the passphrase is right, but the key file was changed");
    }
    return DBK_OK;
}

dbk_rc dbk_slots_create(dbk_bytes *file, dbk_secret **store_key, const dbk_secret *passphrase,
                        const dbk_kdf_cost *cost, const dbk_env *env, dbk_err *err)
{
    slot_file f = { .generation = 1, .count = 1 };
    dbk_secret *key = NULL;
    *store_key = NULL;
    dbk_rc rc = check_cost(cost, err);
    if (rc == DBK_OK)
        rc = dbk_secret_random(&key, KEY_BYTES, env, err);
    if (rc == DBK_OK)
        rc = fill_slot(&f.slots[0], key, passphrase, cost, env, err);
    if (rc == DBK_OK)
        rc = append_file(file, &f, key, err);
    if (rc == DBK_OK) {
        *store_key = key;
        key = NULL;
    }
    dbk_secret_free(key);
    return rc;
}

dbk_rc dbk_slots_open(dbk_secret **store_key, dbk_span file, const dbk_secret *passphrase,
                      dbk_err *err)
{
    slot_file f;
    size_t which;
    return open_file(store_key, &f, &which, file, passphrase, err);
}

dbk_rc dbk_slots_rewrap(dbk_bytes *file, dbk_span old_file, const dbk_slots_change *change,
                        const dbk_kdf_cost *cost, const dbk_env *env, dbk_err *err)
{
    slot_file f = { 0 };
    size_t which;
    dbk_secret *key = NULL;
    dbk_rc rc = check_cost(cost, err);
    if (rc == DBK_OK)
        rc = open_file(&key, &f, &which, old_file, change->old_passphrase, err);
    if (rc == DBK_OK && f.generation == UINT64_MAX)
        rc = dbk_fail(err, DBK_LIMIT, "the key file cannot be changed again");
    if (rc == DBK_OK)
        rc = fill_slot(&f.slots[which], key, change->new_passphrase, cost, env, err);
    f.generation++;
    if (rc == DBK_OK)
        rc = append_file(file, &f, key, err);
    dbk_secret_free(key);
    return rc;
}
