#include "core/seal/snapshot_seal.h"

#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/seal/pack.h"

#define KEY_BYTES 32u
#define NONCE_BYTES 24u
#define TAG_BYTES 16u
#define SALT_BYTES 16u
#define WRAP_AAD_BYTES_MAX (DBK_PREFIX_BYTES_MAX + DBK_SNAPSHOT_BOUND_BYTES)
#define CHUNK_AAD_BYTES_MAX (DBK_PREFIX_BYTES_MAX + SALT_BYTES + 4u)
_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == NONCE_BYTES, "XChaCha20");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == TAG_BYTES, "Poly1305");
_Static_assert(NONCE_BYTES + KEY_BYTES + TAG_BYTES == DBK_SNAPSHOT_WRAP_BYTES, "a wrap");
_Static_assert(DBK_PACK_BYTES_MAX + TAG_BYTES <= DBK_CHUNK_BYTES_MAX, "a chunk");

static size_t put_wrap_aad(uint8_t out[WRAP_AAD_BYTES_MAX], const dbk_manifest *m)
{
    size_t at = dbk_label_prefix(out, "daybook/snapshot-wrap/1");
    dbk_manifest_bound(out + at, m);
    return at + DBK_SNAPSHOT_BOUND_BYTES;
}

/* ---- the key --------------------------------------------------------------------------------- */

static dbk_rc wrap_key(dbk_hash *out, const dbk_manifest *m, const dbk_keyring *keys, dbk_err *err)
{
    dbk_hasher h;
    dbk_rc rc = DBK_OK;
    dbk_hasher_init(&h, "daybook/snapshot-wrap-key/1");
    for (size_t i = 0; rc == DBK_OK && i < m->keys_count; i++) {
        const dbk_secret *key = dbk_keyring_find(keys, &m->claim.space, &m->keys[i]);
        if (key == NULL) {
            rc = dbk_fail(err, DBK_PENDING, "not every key of a snapshot is held here");
            break;
        }
        dbk_hasher_add(&h, dbk_span_of(m->keys[i].b, sizeof(m->keys[i].b)));
        dbk_hasher_add(&h, dbk_secret_bytes(key));
    }
    *out = dbk_hasher_end(&h);
    dbk_wipe(&h, sizeof(h));
    return rc;
}

dbk_rc dbk_snapshot_wrap(dbk_manifest *m, const dbk_secret *key, const dbk_keyring *keys,
                         const dbk_env *env, dbk_err *err)
{
    uint8_t aad[WRAP_AAD_BYTES_MAX];
    dbk_hash under;
    DBK_ASSERT(dbk_secret_len(key) == KEY_BYTES);
    dbk_rc rc = wrap_key(&under, m, keys, err);
    if (rc == DBK_OK) {
        size_t aad_len = put_wrap_aad(aad, m);
        env->random(env->self, m->wrap, NONCE_BYTES);
        DBK_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(
                       m->wrap + NONCE_BYTES, NULL, dbk_secret_bytes(key).p, KEY_BYTES, aad,
                       aad_len, NULL, m->wrap, under.b) == 0);
    }
    dbk_wipe(&under, sizeof(under));
    return rc;
}

dbk_rc dbk_snapshot_unwrap(dbk_secret **key, const dbk_manifest *m, const dbk_keyring *keys,
                           dbk_err *err)
{
    uint8_t aad[WRAP_AAD_BYTES_MAX];
    dbk_hash under;
    *key = NULL;
    dbk_rc rc = wrap_key(&under, m, keys, err);
    if (rc == DBK_OK)
        rc = dbk_secret_new(key, KEY_BYTES, err);
    if (rc == DBK_OK) {
        size_t aad_len = put_wrap_aad(aad, m);
        if (crypto_aead_xchacha20poly1305_ietf_decrypt(dbk_secret_room(*key), NULL, NULL,
                                                       m->wrap + NONCE_BYTES, KEY_BYTES + TAG_BYTES,
                                                       aad, aad_len, m->wrap, under.b) != 0)
            rc = dbk_fail(err, DBK_AUTH, "the key of a snapshot does not verify");
    }
    if (rc != DBK_OK) {
        dbk_secret_free(*key);
        *key = NULL;
    }
    dbk_wipe(&under, sizeof(under));
    return rc;
}

/* ---- chunks ---------------------------------------------------------------------------------- */

struct dbk_chunker {
    const dbk_secret *key; /* borrowed */
    dbk_packer *packer;
    size_t aad_len; /* without the index */
    uint8_t aad[CHUNK_AAD_BYTES_MAX];
    uint8_t packed[DBK_PACK_BYTES_MAX];
};

dbk_rc dbk_chunker_new(dbk_chunker **out, const uint8_t salt[16], const dbk_secret *key,
                       dbk_err *err)
{
    dbk_chunker *c = dbk_alloc(sizeof(*c));
    *out = NULL;
    if (c == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a snapshot");
    DBK_ASSERT(dbk_secret_len(key) == KEY_BYTES);
    c->key = key;
    c->aad_len = dbk_label_prefix(c->aad, "daybook/snapshot-chunk/1");
    memcpy(c->aad + c->aad_len, salt, SALT_BYTES);
    c->aad_len += SALT_BYTES;
    dbk_rc rc = dbk_packer_new(&c->packer, err);
    if (rc == DBK_OK)
        *out = c;
    else
        dbk_chunker_free(c);
    return rc;
}

void dbk_chunker_free(dbk_chunker *c)
{
    if (c == NULL)
        return;
    dbk_packer_free(c->packer);
    dbk_wipe(c, sizeof(*c));
    dbk_free(c);
}

static size_t bind(dbk_chunker *c, uint8_t nonce[NONCE_BYTES], uint32_t index)
{
    memset(nonce, 0, NONCE_BYTES);
    (void)dbk_wire_put_u64(nonce + NONCE_BYTES - 8, index);
    (void)dbk_wire_put_u32(c->aad + c->aad_len, index);
    return c->aad_len + 4;
}

dbk_rc dbk_chunk_seal(dbk_chunker *c, dbk_bytes *out, uint32_t index, dbk_span plain, dbk_err *err)
{
    uint8_t nonce[NONCE_BYTES];
    uint8_t *room;
    DBK_ASSERT(plain.len >= 1);
    DBK_ASSERT(plain.len <= DBK_CHUNK_PLAIN_BYTES);
    size_t aad_len = bind(c, nonce, index);
    size_t len = dbk_pack(c->packer, c->packed, plain);
    dbk_rc rc = dbk_bytes_extend(out, &room, len + TAG_BYTES, err);
    if (rc == DBK_OK)
        DBK_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(room, NULL, c->packed, len, c->aad,
                                                              aad_len, NULL, nonce,
                                                              dbk_secret_bytes(c->key).p) == 0);
    dbk_wipe(c->packed, len);
    return rc;
}

dbk_rc dbk_chunk_open(dbk_chunker *c, dbk_bytes *out, uint32_t index, dbk_span sealed, dbk_err *err)
{
    uint8_t nonce[NONCE_BYTES];
    dbk_rc rc;
    size_t before = out->len;
    if (sealed.len < DBK_PACK_BYTES_MIN + TAG_BYTES || sealed.len > DBK_PACK_BYTES_MAX + TAG_BYTES)
        return dbk_fail(err, DBK_FORMAT, "a part of a snapshot has %zu bytes", sealed.len);
    size_t aad_len = bind(c, nonce, index);
    size_t len = sealed.len - TAG_BYTES;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(c->packed, NULL, NULL, sealed.p, sealed.len,
                                                   c->aad, aad_len, nonce,
                                                   dbk_secret_bytes(c->key).p) != 0)
        rc = dbk_fail(err, DBK_AUTH, "a part of a snapshot does not verify");
    else
        rc = dbk_unpack(c->packer, out, dbk_span_of(c->packed, len), err);
    dbk_wipe(c->packed, len);
    if (rc == DBK_OK && out->len - before > DBK_CHUNK_PLAIN_BYTES) {
        dbk_bytes_truncate(out, before);
        rc = dbk_fail(err, DBK_FORMAT, "a part of a snapshot is too long inside");
    }
    return rc;
}
