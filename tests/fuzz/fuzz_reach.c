/* A device's word how far it has a log that decodes is written again to the same bytes, but for the
 * signature. */
#include <stdlib.h>
#include <string.h>

#include "core/crypto/reach.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static dbk_secret *key;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_reach r;
    dbk_sign_pk pk;
    uint8_t again[DBK_REACH_BYTES];
    if (key == NULL && (dbk_crypto_init(NULL) != DBK_OK ||
                        dbk_sign_keypair(&pk, &key, dbk_env_system(), NULL) != DBK_OK))
        abort();
    if (dbk_reach_decode(&r, dbk_span_of(data, size), NULL) != DBK_OK)
        return 0;
    dbk_reach_sign(again, &r, key);
    if (size != sizeof(again) || memcmp(again, data, size - DBK_SIG_BYTES) != 0)
        abort();
    return 0;
}
