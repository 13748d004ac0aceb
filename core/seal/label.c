#include "core/seal/label.h"

#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/base/wire.h"
#include "core/crypto/hash.h"
#include "core/crypto/roster.h"
#include "core/seal/sealer.h"

#define AAD_LABEL "daybook/label/1"
#define AAD_BYTES_MAX (DBK_PREFIX_BYTES_MAX + 3u * DBK_ID_BYTES)
#define NONCE_BYTES 24u
#define TAG_BYTES 16u
#define STEP_BYTES 64u /* lengths of names show in steps of this much */
#define PLAIN_BYTES_MAX ((2u + DBK_LABEL_TEXT_BYTES_MAX + STEP_BYTES - 1) / STEP_BYTES * STEP_BYTES)
#define HEAD_BYTES (DBK_ID_BYTES + NONCE_BYTES)
_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == NONCE_BYTES, "XChaCha20");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == TAG_BYTES, "Poly1305");
_Static_assert(HEAD_BYTES + PLAIN_BYTES_MAX + TAG_BYTES <= DBK_LABEL_SEALED_BYTES_MAX,
               "a sealed label fits a membership entry");

static size_t put_aad(uint8_t out[AAD_BYTES_MAX], const dbk_label_scope *scope,
                      const dbk_id *key_id)
{
    uint8_t *p = out + dbk_label_prefix(out, AAD_LABEL);
    p = dbk_wire_put_copy(p, scope->org.b, sizeof(scope->org.b));
    p = dbk_wire_put_copy(p, scope->subject.b, sizeof(scope->subject.b));
    p = dbk_wire_put_copy(p, key_id->b, sizeof(key_id->b));
    return (size_t)(p - out);
}

/* Notes and names never share a key. */
static dbk_hash label_key(const dbk_secret *epoch_key)
{
    return dbk_hash_of("daybook/label-key/1", dbk_secret_bytes(epoch_key));
}

dbk_rc dbk_label_seal(dbk_bytes *out, dbk_span text, const dbk_label_scope *scope,
                      const dbk_secret *epoch_key, const dbk_env *env, dbk_err *err)
{
    uint8_t plain[PLAIN_BYTES_MAX], aad[AAD_BYTES_MAX];
    uint8_t *room;
    if (text.len > DBK_LABEL_TEXT_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "a name has at most %u bytes", DBK_LABEL_TEXT_BYTES_MAX);
    if (!dbk_utf8_valid(text))
        return dbk_fail(err, DBK_INVALID, "a name is not proper text");
    size_t plain_len = (2 + text.len + STEP_BYTES - 1) / STEP_BYTES * STEP_BYTES;
    dbk_rc rc = dbk_bytes_extend(out, &room, HEAD_BYTES + plain_len + TAG_BYTES, err);
    if (rc != DBK_OK)
        return rc;
    memset(plain, 0, sizeof(plain));
    (void)dbk_wire_put_copy(dbk_wire_put_u16(plain, (uint16_t)text.len), text.p, text.len);
    dbk_id key_id = dbk_key_id(epoch_key);
    size_t aad_len = put_aad(aad, scope, &key_id);
    dbk_hash key = label_key(epoch_key);
    uint8_t *nonce = dbk_wire_put_copy(room, key_id.b, sizeof(key_id.b));
    env->random(env->self, nonce, NONCE_BYTES);
    DBK_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE_BYTES, NULL, plain,
                                                          plain_len, aad, aad_len, NULL, nonce,
                                                          key.b) == 0);
    dbk_wipe(&key, sizeof(key));
    dbk_wipe(plain, sizeof(plain));
    return DBK_OK;
}

/* length || text || zeros, in as few steps as it takes. */
static bool read_plain(dbk_span *text, dbk_span plain)
{
    dbk_wire w = dbk_wire_from(plain);
    *text = dbk_wire_get_span(&w, dbk_wire_get_u16(&w));
    if (w.failed || text->len > DBK_LABEL_TEXT_BYTES_MAX || w.left.len >= STEP_BYTES)
        return false;
    for (size_t i = 0; i < w.left.len; i++) {
        if (w.left.p[i] != 0)
            return false;
    }
    return dbk_utf8_valid(*text);
}

dbk_rc dbk_label_open(dbk_bytes *text, dbk_span sealed, const dbk_label_scope *scope,
                      const dbk_id *space, const dbk_keyring *keys, dbk_err *err)
{
    uint8_t plain[PLAIN_BYTES_MAX], aad[AAD_BYTES_MAX];
    dbk_wire w = dbk_wire_from(sealed);
    dbk_id key_id = dbk_wire_get_id(&w);
    dbk_span nonce = dbk_wire_get_span(&w, NONCE_BYTES);
    dbk_span found;
    if (w.failed || w.left.len <= TAG_BYTES || w.left.len > PLAIN_BYTES_MAX + TAG_BYTES ||
        (w.left.len - TAG_BYTES) % STEP_BYTES != 0)
        return dbk_fail(err, DBK_FORMAT, "a sealed name has an odd length");
    const dbk_secret *epoch_key = dbk_keyring_find(keys, space, &key_id);
    if (epoch_key == NULL)
        return dbk_fail(err, DBK_PENDING, "the key of a name is not held");
    size_t aad_len = put_aad(aad, scope, &key_id);
    dbk_hash key = label_key(epoch_key);
    int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, w.left.p, w.left.len,
                                                            aad, aad_len, nonce.p, key.b);
    dbk_wipe(&key, sizeof(key));
    dbk_rc rc;
    if (failed)
        rc = dbk_fail(err, DBK_AUTH, "a sealed name does not verify");
    else if (!read_plain(&found, dbk_span_of(plain, w.left.len - TAG_BYTES)))
        rc = dbk_fail(err, DBK_FORMAT, "a sealed name is malformed inside");
    else
        rc = dbk_bytes_append(text, found, err);
    dbk_wipe(plain, sizeof(plain));
    return rc;
}
