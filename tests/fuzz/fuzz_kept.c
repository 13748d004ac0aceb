/* A kept body decodes to frames and holes that encode to the same bytes, or not at all.
 * Input: op count (u8) || body length (u32) || op root (32) || kept body. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/wire.h"
#include "core/crypto/hole.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static dbk_kept kept, again;

static void same_bytes(const dbk_header *h, dbk_span in)
{
    dbk_bytes out = DBK_BYTES_INIT(DBK_KEPT_BYTES_MAX);
    if (dbk_kept_encode(&out, &kept, NULL) != DBK_OK || !dbk_span_equal(dbk_bytes_span(&out), in))
        abort();
    dbk_kept_erase(&kept, UINT64_MAX);
    dbk_bytes_truncate(&out, 0);
    if (dbk_kept_encode(&out, &kept, NULL) != DBK_OK ||
        dbk_kept_read(&again, h, dbk_bytes_span(&out), true, NULL) != DBK_OK)
        abort();
    dbk_bytes_wipe(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_header h = { 0 };
    dbk_wire w = dbk_wire_from(dbk_span_of(data, size));
    h.count = (uint16_t)(dbk_wire_get_u8(&w) % DBK_SEGMENT_OPS_MAX + 1);
    h.body_len = dbk_wire_get_u32(&w);
    dbk_wire_get_copy(&w, h.op_root.b, sizeof(h.op_root.b));
    if (w.failed)
        return 0;
    if (dbk_kept_read(&kept, &h, w.left, true, NULL) == DBK_OK)
        same_bytes(&h, w.left);
    return 0;
}
