/* A file of evidence is refused with nothing given out; an exhibit in it is refused, or encodes to
 * the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/crypto/exhibit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(dbk_span in)
{
    dbk_exhibit x;
    dbk_bytes again = DBK_BYTES_INIT(DBK_EXHIBIT_BYTES_MAX);
    if (dbk_exhibit_decode(&x, in, NULL) != DBK_OK)
        return;
    if (dbk_exhibit_encode(&again, &x, NULL) != DBK_OK ||
        !dbk_span_equal(dbk_bytes_span(&again), in))
        abort();
    dbk_bytes_wipe(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_exhibit_file file;
    dbk_exhibit_shows shows, zero;
    dbk_sign_pk root;
    memset(&zero, 0, sizeof(zero));
    memset(&root, 9, sizeof(root)); /* nobody's: all is refused in the end */
    decode(dbk_span_of(data, size));
    if (dbk_exhibit_file_open(&file, dbk_span_of(data, size), NULL) == DBK_OK)
        decode(file.exhibit);
    if (dbk_exhibit_file_check(&shows, dbk_span_of(data, size), &root, NULL) == DBK_OK ||
        memcmp(&shows, &zero, sizeof(zero)) != 0)
        abort();
    return 0;
}
