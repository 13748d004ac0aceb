/* Reading the mark outside the store. As it is, nothing but what our key sealed opens; so the input
 * is sealed here first: a head of 24 bytes, then what stands inside. Whatever opens is what an
 * encoder writes, to the byte. */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/crypto/hash.h"
#include "core/seal/anchor.h"

#define HEAD_BYTES 24u
#define NONCE_BYTES 24u
#define TAG_BYTES 16u
#define INPUT_MAX 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void no_random(void *self, uint8_t *out, size_t len)
{
    (void)self;
    memset(out, 0, len);
}

static size_t seal(uint8_t *file, const uint8_t *data, size_t size, const dbk_secret *key)
{
    uint8_t aad[DBK_PREFIX_BYTES_MAX + HEAD_BYTES];
    size_t prefix = dbk_label_prefix(aad, "daybook/anchor/1");
    dbk_hash sealing = dbk_hash_of("daybook/anchor-key/1", dbk_secret_bytes(key));
    unsigned long long len = 0;
    memcpy(aad + prefix, data, HEAD_BYTES);
    memcpy(file, data, HEAD_BYTES);
    memset(file + HEAD_BYTES, 0, NONCE_BYTES);
    if (crypto_aead_xchacha20poly1305_ietf_encrypt(
            file + HEAD_BYTES + NONCE_BYTES, &len, data + HEAD_BYTES, size - HEAD_BYTES, aad,
            prefix + HEAD_BYTES, NULL, file + HEAD_BYTES, sealing.b) != 0)
        abort();
    return HEAD_BYTES + NONCE_BYTES + (size_t)len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const dbk_env env = { NULL, no_random, NULL };
    static uint8_t file[INPUT_MAX + NONCE_BYTES + TAG_BYTES];
    static dbk_secret *key;
    dbk_bytes again = DBK_BYTES_INIT(DBK_ANCHOR_BYTES_MAX);
    dbk_anchor a;
    if (key == NULL &&
        (dbk_crypto_init(NULL) != DBK_OK || dbk_secret_new(&key, 32, NULL) != DBK_OK))
        abort();
    if (dbk_anchor_open(&a, dbk_span_of(data, size), key, NULL) == DBK_OK)
        abort(); /* nobody has sealed that */
    if (size < HEAD_BYTES || size > INPUT_MAX)
        return 0;
    size_t len = seal(file, data, size, key);
    if (dbk_anchor_open(&a, dbk_span_of(file, len), key, NULL) != DBK_OK)
        return 0;
    if (dbk_anchor_seal(&again, &a, key, &env, NULL) != DBK_OK || again.len != len ||
        memcmp(again.p, file, len) != 0)
        abort();
    dbk_bytes_wipe(&again);
    dbk_anchor_wipe(&a);
    return 0;
}
