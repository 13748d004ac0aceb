/* A checkpoint note is refused with nothing given out, or signed by the relay. The relay's key is
 * the one that the corpus was made with (tests/unit/test_vectors.c): the only size that it ever
 * signed for is SIGNED_SIZE. */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/crypto/checkpoint.h"

#define SIGNED_SIZE 20852163u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_relay(dbk_sign_pk *relay)
{
    unsigned char seed[crypto_sign_SEEDBYTES], sk[crypto_sign_SECRETKEYBYTES];
    memset(seed, 7, sizeof(seed));
    if (crypto_sign_seed_keypair(relay->b, sk, seed) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_sign_pk relay;
    dbk_checkpoint c, zero;
    make_relay(&relay);
    memset(&zero, 0, sizeof(zero));
    if (dbk_checkpoint_open(&c, dbk_span_of(data, size), &relay, NULL) == DBK_OK) {
        if (c.size != SIGNED_SIZE)
            abort();
    } else if (memcmp(&c, &zero, sizeof(c)) != 0) {
        abort();
    }
    return 0;
}
