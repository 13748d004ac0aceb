/* A segment body splits into frames that stand side by side and fill it, or not at all.
 * Input: op count (u8) || body. */
#include <stdint.h>
#include <stdlib.h>

#include "core/crypto/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    dbk_header h = { 0 };
    if (size < 1)
        return 0;
    h.count = (uint16_t)(data[0] % DBK_SEGMENT_OPS_MAX + 1);
    h.body_len = (uint32_t)(size - 1);
    if (dbk_body_split(frames, &h, dbk_span_of(data + 1, size - 1), NULL) != DBK_OK)
        return 0;
    const uint8_t *at = data + 1;
    for (size_t i = 0; i < h.count; i++) {
        if (frames[i].whole.p != at || frames[i].sealed.len == 0 ||
            frames[i].whole.len != DBK_FRAME_HEAD_BYTES + frames[i].sealed.len)
            abort();
        at += frames[i].whole.len;
    }
    if (at != data + size)
        abort();
    return 0;
}
