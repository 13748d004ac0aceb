/* Arbitrary bytes as CBOR: what the check takes, getters and putters must copy byte for byte; on
 * what it refuses, getters must stay inside. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Copies heads and strings one by one; containers come out as their parts follow. */
static void copy(dbk_cbor_out *out, dbk_cbor *c)
{
    dbk_span text;
    while (!c->failed && c->left.len > 0) {
        dbk_cbor number = *c;
        switch (dbk_cbor_peek(c)) {
        case DBK_CBOR_UINT:
            dbk_cbor_put_uint(out, dbk_cbor_get_uint(c));
            break;
        case DBK_CBOR_NINT:
            (void)dbk_cbor_get_int(&number);
            dbk_cbor_put_item(out, dbk_cbor_get_item(c));
            break;
        case DBK_CBOR_BYTES:
            text = dbk_cbor_get_bytes(c);
            dbk_cbor_put_bytes(out, text.p, text.len);
            break;
        case DBK_CBOR_TEXT:
            dbk_cbor_put_text(out, dbk_cbor_get_text(c));
            break;
        case DBK_CBOR_ARRAY:
            dbk_cbor_put_array(out, dbk_cbor_get_array(c));
            break;
        case DBK_CBOR_MAP:
            dbk_cbor_put_map(out, dbk_cbor_get_map(c));
            break;
        case DBK_CBOR_TAG:
            dbk_cbor_put_tag(out, dbk_cbor_get_tag(c));
            break;
        case DBK_CBOR_SIMPLE:
            dbk_cbor_put_simple(out, dbk_cbor_get_simple(c));
            break;
        case DBK_CBOR_NONE:
            return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_span in = dbk_span_of(data, size);
    dbk_bytes again = DBK_BYTES_INIT(2 * size + 16);
    dbk_cbor_out out = dbk_cbor_to(&again, NULL);
    dbk_cbor c = dbk_cbor_from(in), whole = dbk_cbor_from(in);
    bool canonical = dbk_cbor_check(in, NULL) == DBK_OK;

    copy(&out, &c);
    dbk_span item = dbk_cbor_get_item(&whole);
    if (canonical) {
        DBK_ASSERT(!c.failed);
        DBK_ASSERT(out.rc == DBK_OK);
        DBK_ASSERT(dbk_span_equal(dbk_bytes_span(&again), in));
        DBK_ASSERT(item.len == size);
    }
    dbk_bytes_wipe(&again);
    return 0;
}
