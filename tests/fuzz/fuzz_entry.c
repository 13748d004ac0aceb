/* A membership entry is refused, or its content encodes to a core of the same hash. Entries with
 * unknown keys are the exception: those keys are covered, and not kept apart. */
#include <stdint.h>
#include <stdlib.h>

#include "core/base/cbor.h"
#include "core/crypto/entry_parts.h"

#define CORE_KEYS 8u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int has_unknown_keys(dbk_span entry)
{
    dbk_cbor c = dbk_cbor_from(entry);
    (void)dbk_cbor_get_array(&c);
    dbk_cbor core = dbk_cbor_from(dbk_cbor_get_bytes(&c));
    return dbk_cbor_get_map(&core) > CORE_KEYS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_span in = { data, size };
    dbk_entry_decoded d;
    dbk_bytes again = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    if (dbk_entry_decode(&d, in, NULL) != DBK_OK) {
        if (d.arrays != NULL)
            abort();
        return 0;
    }
    if (!has_unknown_keys(in)) {
        if (dbk_entry_encode_core(&again, &d.entry, NULL) != DBK_OK)
            abort();
        dbk_hash hash = dbk_entry_hash(dbk_bytes_span(&again));
        if (!dbk_hash_equal(&hash, &d.hash))
            abort();
    }
    dbk_bytes_wipe(&again);
    dbk_entry_decoded_wipe(&d);
    return 0;
}
