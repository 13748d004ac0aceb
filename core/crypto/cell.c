#include "core/crypto/cell.h"

#include <sodium.h>
#include <string.h>

#include "core/crypto/hash.h"

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define AD_BYTES_MAX (DBK_PREFIX_BYTES_MAX + DBK_CELL_PLACE_BYTES_MAX)
_Static_assert(DBK_CELL_MORE_BYTES == NONCE_BYTES + TAG_BYTES, "the header says how much more");

static size_t associated(uint8_t out[AD_BYTES_MAX], dbk_span place)
{
    size_t len = dbk_label_prefix(out, "daybook/cell/1");
    DBK_ASSERT(place.len <= DBK_CELL_PLACE_BYTES_MAX);
    memcpy(out + len, place.p, place.len);
    return len + place.len;
}

dbk_rc dbk_cell_key(dbk_secret **out, const dbk_secret *master, dbk_err *err)
{
    dbk_hash key = dbk_hash_of("daybook/cell-key/1", dbk_secret_bytes(master));
    dbk_rc rc = dbk_secret_from(out, dbk_span_of(key.b, sizeof(key.b)), err);
    sodium_memzero(&key, sizeof(key));
    return rc;
}

dbk_rc dbk_cell_close(dbk_bytes *out, const dbk_secret *key, dbk_span place, dbk_span value,
                      const dbk_env *env, dbk_err *err)
{
    uint8_t ad[AD_BYTES_MAX];
    size_t ad_len = associated(ad, place);
    uint8_t *room;
    DBK_ASSERT(dbk_secret_len(key) == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
    dbk_rc rc = dbk_bytes_extend(out, &room, DBK_CELL_MORE_BYTES + value.len, err);
    if (rc != DBK_OK)
        return rc;
    env->random(env->self, room, NONCE_BYTES);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(room + NONCE_BYTES, NULL, value.p, value.len,
                                                     ad, ad_len, NULL, room,
                                                     dbk_secret_bytes(key).p);
    return DBK_OK;
}

dbk_rc dbk_cell_open(dbk_bytes *out, const dbk_secret *key, dbk_span place, dbk_span cell,
                     dbk_err *err)
{
    uint8_t ad[AD_BYTES_MAX];
    size_t ad_len = associated(ad, place);
    size_t before = out->len;
    uint8_t *room;
    DBK_ASSERT(dbk_secret_len(key) == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
    if (cell.len < DBK_CELL_MORE_BYTES)
        return dbk_fail(err, DBK_AUTH, "a sealed value is cut short");
    dbk_rc rc = dbk_bytes_extend(out, &room, cell.len - DBK_CELL_MORE_BYTES, err);
    if (rc != DBK_OK)
        return rc;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(room, NULL, NULL, cell.p + NONCE_BYTES,
                                                   cell.len - NONCE_BYTES, ad, ad_len, cell.p,
                                                   dbk_secret_bytes(key).p) == 0)
        return DBK_OK;
    out->len = before;
    return dbk_fail(err, DBK_AUTH, "a sealed value isn't of this key and place");
}
