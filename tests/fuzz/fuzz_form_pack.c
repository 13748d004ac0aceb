/* A pack of forms is refused, or holds what signing the same content again would hold; nobody's
 * pack counts here. */
#include <stdint.h>
#include <stdlib.h>

#include "core/crypto/form_pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static dbk_secret *sk;
    static dbk_form_pack p, again;
    dbk_bytes bytes = DBK_BYTES_INIT(DBK_FORM_PACK_BYTES_MAX);
    dbk_sign_pk pk;
    if (sk == NULL && (dbk_crypto_init(NULL) != DBK_OK ||
                       dbk_sign_keypair(&pk, &sk, dbk_env_system(), NULL) != DBK_OK))
        abort();
    if (dbk_form_pack_open(&p, dbk_span_of(data, size), NULL) != DBK_OK) {
        if (p.texts_count != 0 || p.name.p != NULL)
            abort();
        return 0;
    }
    dbk_rc rc = dbk_form_pack_sign(&bytes, &p, sk, NULL);
    if (rc == DBK_OK && (dbk_form_pack_open(&again, dbk_bytes_span(&bytes), NULL) != DBK_OK ||
                         !dbk_hash_equal(&p.hash, &again.hash)))
        abort();
    dbk_bytes_wipe(&bytes);
    return 0;
}
