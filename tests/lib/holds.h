/* tests/lib/holds.h - are these bytes among those? */
#ifndef DBK_TESTS_LIB_HOLDS_H
#define DBK_TESTS_LIB_HOLDS_H

#include <string.h>

#include "core/base/bytes.h"

static inline bool holds(dbk_span in, dbk_span part)
{
    const uint8_t *at = in.p, *end = in.p + in.len;
    while (at != NULL && (size_t)(end - at) >= part.len) {
        at = memchr(at, part.p[0], (size_t)(end - at) - part.len + 1);
        if (at != NULL && memcmp(at, part.p, part.len) == 0)
            return true;
        at = at != NULL ? at + 1 : NULL;
    }
    return false;
}

#endif
