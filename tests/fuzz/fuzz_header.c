/* A segment header is refused, or encodes to the bytes it was read from. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/crypto/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_header h;
    uint8_t again[DBK_SEGMENT_HEADER_BYTES];
    if (dbk_header_decode(&h, dbk_span_of(data, size), NULL) != DBK_OK)
        return 0;
    dbk_header_encode(again, &h);
    if (size != sizeof(again) || memcmp(again, data, size) != 0)
        abort();
    return 0;
}
