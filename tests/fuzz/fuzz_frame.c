/* What a hostile member could put inside a sealed op: padding, lengths, zstd. What is taken holds
 * no more than an op may, and packs and unpacks again. */
#include <stdint.h>
#include <stdlib.h>

#include "core/seal/pack.h"
#include "core/seal/sealer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static dbk_packer *packer;
    static uint8_t packed[DBK_PACK_BYTES_MAX];
    dbk_bytes plain = DBK_BYTES_INIT(DBK_SEAL_PLAIN_BYTES_MAX);
    dbk_bytes again = DBK_BYTES_INIT(DBK_SEAL_PLAIN_BYTES_MAX);
    if (packer == NULL && dbk_packer_new(&packer, NULL) != DBK_OK)
        abort();
    if (dbk_unpack(packer, &plain, dbk_span_of(data, size), NULL) == DBK_OK) {
        size_t len = dbk_pack(packer, packed, dbk_bytes_span(&plain));
        if (dbk_unpack(packer, &again, dbk_span_of(packed, len), NULL) != DBK_OK ||
            !dbk_span_equal(dbk_bytes_span(&plain), dbk_bytes_span(&again)))
            abort();
    } else if (plain.len != 0) {
        abort();
    }
    dbk_bytes_wipe(&plain);
    dbk_bytes_wipe(&again);
    return 0;
}
