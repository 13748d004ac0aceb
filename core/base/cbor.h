/* core/base/cbor.h - deterministic CBOR (RFC 8949 section 4.2.1), the subset Daybook uses:
 * unsigned and negative integers, byte strings, text, arrays, maps, tags, false, true, null.
 * No floats, no indefinite lengths, no undefined. Shortest heads; map keys unique and in
 * bytewise order of their encoding; text is strict UTF-8; depth at most DBK_CBOR_DEPTH_MAX.
 * dbk_cbor_check() establishes all of that once; a reader may then walk the item in comfort
 * (its getters still never read past the end). */
#ifndef DBK_BASE_CBOR_H
#define DBK_BASE_CBOR_H

#include "core/base/bytes.h"

#define DBK_CBOR_DEPTH_MAX 16u

typedef enum dbk_cbor_type {
    DBK_CBOR_UINT = 0,
    DBK_CBOR_NINT = 1,
    DBK_CBOR_BYTES = 2,
    DBK_CBOR_TEXT = 3,
    DBK_CBOR_ARRAY = 4,
    DBK_CBOR_MAP = 5,
    DBK_CBOR_TAG = 6,
    DBK_CBOR_SIMPLE = 7, /* false 20, true 21, null 22 */
    DBK_CBOR_NONE = 8    /* at the end, or malformed */
} dbk_cbor_type;
#define DBK_CBOR_FALSE 20u
#define DBK_CBOR_TRUE 21u
#define DBK_CBOR_NULL 22u
#define DBK_CBOR_TAG_UUID 37u /* a byte string of 16: RFC 9562 */

/* Exactly one well-formed deterministic item and nothing behind it, else DBK_FORMAT. */
DBK_MUST_CHECK dbk_rc dbk_cbor_check(dbk_span in, dbk_err *err);

/* A cursor over checked or unchecked bytes; the first failure sticks (type_of gives NONE,
 * getters give zero). */
typedef struct dbk_cbor {
    dbk_span left;
    bool failed;
} dbk_cbor;
static inline dbk_cbor dbk_cbor_from(dbk_span in)
{
    return (dbk_cbor){ in, false };
}
dbk_cbor_type dbk_cbor_peek(const dbk_cbor *c);
uint64_t dbk_cbor_get_uint(dbk_cbor *c);
int64_t dbk_cbor_get_int(dbk_cbor *c);    /* UINT or NINT that fits */
dbk_span dbk_cbor_get_bytes(dbk_cbor *c); /* borrowed from the input */
dbk_span dbk_cbor_get_text(dbk_cbor *c);  /* borrowed, not zero-ended */
uint64_t dbk_cbor_get_array(dbk_cbor *c); /* number of items that follow */
uint64_t dbk_cbor_get_map(dbk_cbor *c);   /* number of key, value pairs that follow */
uint64_t dbk_cbor_get_tag(dbk_cbor *c);
uint64_t dbk_cbor_get_simple(dbk_cbor *c);
dbk_span dbk_cbor_text_of(dbk_span item); /* the text that an item is; empty: it is another */
dbk_span dbk_cbor_get_item(dbk_cbor *c);  /* skips one whole item and returns its bytes */
void dbk_cbor_get_copy(dbk_cbor *c, uint8_t *out, size_t len); /* a byte string of just len */
/* For maps with small unsigned keys: true and moves past the key if the next key is `key`. */
bool dbk_cbor_key(dbk_cbor *c, uint64_t key);
DBK_MUST_CHECK dbk_rc dbk_cbor_ok(const dbk_cbor *c, const char *what, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_cbor_end(const dbk_cbor *c, const char *what, dbk_err *err);

/* Writers append to a capped buffer; the writer keeps the first failure, so that a layout can
 * be written as a list of calls and checked once. The caller keeps map keys in order. */
typedef struct dbk_cbor_out {
    dbk_bytes *out; /* borrowed */
    dbk_rc rc;
    dbk_err *err; /* borrowed */
} dbk_cbor_out;
static inline dbk_cbor_out dbk_cbor_to(dbk_bytes *out, dbk_err *err)
{
    return (dbk_cbor_out){ out, DBK_OK, err };
}
void dbk_cbor_put_uint(dbk_cbor_out *o, uint64_t v);
void dbk_cbor_put_int(dbk_cbor_out *o, int64_t v);
void dbk_cbor_put_bytes(dbk_cbor_out *o, const void *p, size_t len);
void dbk_cbor_put_text(dbk_cbor_out *o, dbk_span text);
void dbk_cbor_put_str(dbk_cbor_out *o, const char *text);
void dbk_cbor_put_array(dbk_cbor_out *o, uint64_t count);
void dbk_cbor_put_map(dbk_cbor_out *o, uint64_t pairs);
void dbk_cbor_put_tag(dbk_cbor_out *o, uint64_t tag);
void dbk_cbor_put_simple(dbk_cbor_out *o, uint64_t simple);
void dbk_cbor_put_item(dbk_cbor_out *o, dbk_span item); /* an item that is encoded already */

#endif
