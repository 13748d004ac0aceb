/* A log's right edge is refused, or encodes to the bytes it was read from. */
#include <stdint.h>
#include <stdlib.h>

#include "core/crypto/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_frontier f;
    dbk_bytes again = DBK_BYTES_INIT(8 + DBK_TREE_LEVELS_MAX * sizeof(dbk_hash));
    if (dbk_frontier_decode(&f, dbk_span_of(data, size), NULL) != DBK_OK)
        return 0;
    if (dbk_frontier_encode(&again, &f, NULL) != DBK_OK ||
        !dbk_span_equal(dbk_bytes_span(&again), dbk_span_of(data, size)))
        abort();
    dbk_bytes_wipe(&again);
    return 0;
}
