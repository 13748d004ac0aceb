/* A locked body and openers, of a backup and a book that somebody changed: what is put together of
 * them is what the op root stands for, or nothing.
 * Input: op count (u8) || body length (u32) || op root (32) || length of openers (u16) || openers
 * || locked body. */
#include <stdint.h>
#include <stdlib.h>

#include "core/base/wire.h"
#include "sync/relay/locked.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static dbk_locked locked;
static dbk_openers openers, again;
static dbk_kept kept;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void same_openers(dbk_span in)
{
    dbk_bytes out = DBK_BYTES_INIT(DBK_OPENERS_BYTES_MAX);
    must(dbk_openers_encode(&out, &openers, NULL) == DBK_OK);
    must(dbk_span_equal(dbk_bytes_span(&out), in));
    dbk_bytes_wipe(&out);
}

static void open_it(const dbk_header *h, dbk_span in, uint64_t ordered)
{
    dbk_bytes body = DBK_BYTES_INIT(DBK_KEPT_BYTES_MAX);
    dbk_bytes back = DBK_BYTES_INIT(DBK_LOCKED_BYTES_MAX);
    bool is_kept = false;
    size_t missing = 0;
    must(dbk_locked_open(&body, &is_kept, &missing, &locked, &openers, ordered, NULL) == DBK_OK);
    must((missing == 0) == (body.len != 0));
    if (missing == 0) {
        const dbk_sealed segment = { { NULL, 0 }, dbk_bytes_span(&body), is_kept };
        must(dbk_kept_read(&kept, h, segment.body, is_kept, NULL) == DBK_OK);
        must(dbk_locked_make(&back, &again, h, &segment, NULL) == DBK_OK);
        if (ordered == 0)
            must(dbk_span_equal(dbk_bytes_span(&back), in));
    }
    dbk_bytes_wipe(&back);
    dbk_bytes_wipe(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_header h = { 0 };
    dbk_wire w = dbk_wire_from(dbk_span_of(data, size));
    h.count = (uint16_t)(dbk_wire_get_u8(&w) % DBK_SEGMENT_OPS_MAX + 1);
    h.body_len = dbk_wire_get_u32(&w);
    dbk_wire_get_copy(&w, h.op_root.b, sizeof(h.op_root.b));
    dbk_span row = dbk_wire_get_span(&w, dbk_wire_get_u16(&w));
    if (w.failed || h.body_len > DBK_SEGMENT_BODY_BYTES_MAX)
        return 0;
    if (dbk_openers_decode(&openers, row, NULL) == DBK_OK)
        same_openers(row);
    if (dbk_locked_read(&locked, &h, w.left, NULL) == DBK_OK) {
        open_it(&h, w.left, 0);
        open_it(&h, w.left, UINT64_MAX);
    }
    return 0;
}
