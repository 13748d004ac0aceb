/* core/base/bytes.h - borrowed spans, and a growing buffer that has a cap from its birth.
 * Invariant: len <= cap <= max. The memory is wiped when it is freed or moves.
 * A failing append leaves the buffer as it was. */
#ifndef DBK_BASE_BYTES_H
#define DBK_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

/* Borrowed: whoever made it says how long it lives. { NULL, 0 } is empty. */
typedef struct dbk_span {
    const uint8_t *p;
    size_t len;
} dbk_span;

static inline dbk_span dbk_span_of(const void *p, size_t len)
{
    return (dbk_span){ (const uint8_t *)p, len };
}
/* The text without its final zero byte. */
dbk_span dbk_span_str(const char *text);
bool dbk_span_equal(dbk_span a, dbk_span b);
/* Bytewise order, a shorter prefix first: the order of deterministic CBOR keys of one length. */
int dbk_span_compare(dbk_span a, dbk_span b);

typedef struct dbk_bytes {
    uint8_t *p;
    size_t len;
    size_t cap;
    size_t max;
} dbk_bytes;

/* { 0 } with a cap; no memory is taken yet. */
#define DBK_BYTES_INIT(max_bytes) \
    {                             \
        NULL, 0, 0, (max_bytes)   \
    }
void dbk_bytes_init(dbk_bytes *b, size_t max_bytes);
/* DBK_LIMIT over the cap, DBK_NOMEM; then the buffer is unchanged. */
DBK_MUST_CHECK dbk_rc dbk_bytes_append(dbk_bytes *b, dbk_span in, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_bytes_append_u8(dbk_bytes *b, uint8_t v, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_bytes_append_str(dbk_bytes *b, const char *text, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_bytes_append_fmt(dbk_bytes *b, dbk_err *err, const char *fmt, ...)
    DBK_PRINTF(3, 4);
/* Makes room for n more and returns where they start; len grows by n. *room is borrowed. */
DBK_MUST_CHECK dbk_rc dbk_bytes_extend(dbk_bytes *b, uint8_t **room, size_t n, dbk_err *err);
void dbk_bytes_truncate(dbk_bytes *b, size_t len); /* len <= b->len; the cut is wiped */
dbk_span dbk_bytes_span(const dbk_bytes *b);       /* borrowed until the next change */
void dbk_bytes_wipe(dbk_bytes *b);                 /* frees; the cap stays, ready for reuse */

#endif
