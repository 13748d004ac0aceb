/* A relay's limits.txt is refused and changes nothing, or gives numbers within their bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sync/relay/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
#define BOUNDS(name, text, normal, least, most, suffix) { least, most },
    static const struct {
        uint64_t least, most;
    } bounds[] = { DBK_LIMITS_TABLE(BOUNDS) };
#undef BOUNDS
    dbk_limits l;
    dbk_limits_default(&l);
    const dbk_limits before = l;
    if (dbk_limits_parse(&l, dbk_span_of(data, size), NULL) != DBK_OK) {
        if (memcmp(&l, &before, sizeof(l)) != 0)
            abort();
        return 0;
    }
    for (size_t i = 0; i < DBK_LIMITS_COUNT; i++)
        if (l.of[i] < bounds[i].least || l.of[i] > bounds[i].most)
            abort();
    return 0;
}
