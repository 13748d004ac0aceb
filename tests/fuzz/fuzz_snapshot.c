/* A snapshot's plaintext reads alike in one part and in parts, and what is taken is written again
 * to the same bytes; or it is refused. */
#include <stdint.h>
#include <stdlib.h>

#include "core/journal/snapshot_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES_MAX (1u << 20)

static dbk_rc copy_segment(void *ctx, const dbk_snap_segment *s, dbk_err *err)
{
    return dbk_snap_put_segment(ctx, s, err);
}

static dbk_rc copy_record(void *ctx, const dbk_snap_record *r, dbk_err *err)
{
    return dbk_snap_put_record(ctx, r, err);
}

static dbk_rc read_all(dbk_bytes *out, const uint8_t *data, size_t size, size_t step)
{
    const dbk_snap_sink sink = { copy_segment, copy_record, out };
    dbk_snap_reader r;
    dbk_rc rc = DBK_OK;
    dbk_snap_reader_init(&r, &sink);
    for (size_t at = 0; at < size && rc == DBK_OK; at += step)
        rc = dbk_snap_read(&r, dbk_span_of(data + at, size - at < step ? size - at : step), NULL);
    if (rc == DBK_OK)
        rc = dbk_snap_read_end(&r, NULL);
    if (rc == DBK_OK)
        rc = dbk_snap_put_end(out, r.segments, r.records, NULL);
    dbk_snap_reader_wipe(&r);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_bytes whole = DBK_BYTES_INIT(BYTES_MAX), parts = DBK_BYTES_INIT(BYTES_MAX);
    if (size == 0 || size > BYTES_MAX / 2)
        return 0;
    dbk_rc rc = read_all(&whole, data, size, size);
    if (rc != read_all(&parts, data, size, 61))
        abort();
    if (rc == DBK_OK && (!dbk_span_equal(dbk_bytes_span(&whole), dbk_span_of(data, size)) ||
                         !dbk_span_equal(dbk_bytes_span(&parts), dbk_span_of(data, size))))
        abort();
    dbk_bytes_wipe(&whole);
    dbk_bytes_wipe(&parts);
    return 0;
}
