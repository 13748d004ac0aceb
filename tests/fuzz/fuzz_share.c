/* A recovery share is refused, or prints as a text that reads as the same share. */
#include <stdint.h>
#include <stdlib.h>

#include "core/crypto/hash.h"
#include "core/seal/shares.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int started;
    dbk_bytes text = DBK_BYTES_INIT(DBK_SHARE_TEXT_BYTES_MAX);
    dbk_share share, again;
    if (!started && dbk_crypto_init(NULL) != DBK_OK)
        abort();
    started = 1;
    if (dbk_share_parse(&share, dbk_span_of(data, size), NULL) != DBK_OK) {
        if (share.part != NULL)
            abort();
        return 0;
    }
    dbk_id set = dbk_share_set(&share), same = { { 0 } };
    if (dbk_share_print(&text, &share, NULL) != DBK_OK ||
        dbk_share_parse(&again, dbk_bytes_span(&text), NULL) != DBK_OK)
        abort();
    same = dbk_share_set(&again);
    if (!dbk_id_equal(&set, &same) || share.number != again.number ||
        !dbk_span_equal(dbk_secret_bytes(share.part), dbk_secret_bytes(again.part)))
        abort();
    dbk_share_wipe(&share);
    dbk_share_wipe(&again);
    dbk_bytes_wipe(&text);
    return 0;
}
