/* Reading a key-slot file. Every slot's cost is set to nothing first, which is refused before
 * Argon2id starts: so each run takes microseconds, and no input may unlock. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/crypto/hash.h"
#include "core/seal/slots.h"

#define HEAD_BYTES 24u
#define SLOT_BYTES 140u
#define OPS_AT 4u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static dbk_secret *passphrase;
    uint8_t file[DBK_SLOTS_BYTES_MAX];
    dbk_secret *key = NULL;
    if (passphrase == NULL &&
        (dbk_crypto_init(NULL) != DBK_OK ||
         dbk_secret_from(&passphrase, dbk_span_str("a passphrase"), NULL) != DBK_OK))
        abort();
    if (size > sizeof(file))
        return 0;
    memcpy(file, data, size);
    for (size_t at = HEAD_BYTES + OPS_AT; at + 8 <= size; at += SLOT_BYTES)
        memset(file + at, 0, 8);
    const dbk_unlock with = { passphrase, NULL };
    if (dbk_slots_open(&key, dbk_span_of(file, size), &with, NULL) == DBK_OK || key != NULL)
        abort();
    return 0;
}
