/* A sealed referral's head, and what stands inside of the seal: refused, or it encodes to the same
 * bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/seal/package_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static dbk_package_opened opened;
    dbk_bytes again = DBK_BYTES_INIT(DBK_PACKAGE_BYTES_MAX);
    dbk_span in = { data, size }, core;
    dbk_id to;
    dbk_sig sig;
    if (dbk_package_for(&to, in, NULL) == DBK_OK && memcmp(data + 8, to.b, sizeof(to.b)) != 0)
        abort();
    memset(&opened, 0, sizeof(opened));
    if (dbk_package_decode(&opened, &core, &sig, in, NULL) != DBK_OK)
        return 0;
    if (dbk_package_put_core(&again, &opened.package, NULL) != DBK_OK ||
        !dbk_span_equal(dbk_bytes_span(&again), core))
        abort();
    dbk_bytes_wipe(&again);
    return 0;
}
