/* A snapshot's manifest that decodes is written again to the same bytes, but for the signature; a
 * confirmation reads or doesn't. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/crypto/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static dbk_secret *key;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_manifest m;
    dbk_confirmation_word word;
    dbk_sign_pk pk;
    dbk_bytes out = DBK_BYTES_INIT(DBK_MANIFEST_BYTES_MAX);
    if (key == NULL && (dbk_crypto_init(NULL) != DBK_OK ||
                        dbk_sign_keypair(&pk, &key, dbk_env_system(), NULL) != DBK_OK))
        abort();
    if (dbk_confirmation_decode(&word, dbk_span_of(data, size), NULL) == DBK_OK &&
        size != DBK_CONFIRMATION_BYTES)
        abort();
    if (dbk_manifest_decode(&m, dbk_span_of(data, size), NULL) != DBK_OK)
        return 0;
    if (dbk_manifest_sign(&out, &m, key, NULL) != DBK_OK || out.len != size ||
        memcmp(out.p, data, size - DBK_SIG_BYTES) != 0)
        abort();
    dbk_bytes_wipe(&out);
    return 0;
}
