/* core/base/wire.h - reading fixed big-endian layouts from hostile bytes, and writing them.
 * A cursor compares with what is left, never adds to an offset; its first failure sticks:
 * every later getter returns zeros and dbk_wire_end() reports the failure once. */
#ifndef DBK_BASE_WIRE_H
#define DBK_BASE_WIRE_H

#include "core/base/bytes.h"
#include "core/base/id.h"

typedef struct dbk_wire {
    dbk_span left;
    bool failed;
} dbk_wire;

static inline dbk_wire dbk_wire_from(dbk_span in)
{
    return (dbk_wire){ in, false };
}
uint8_t dbk_wire_get_u8(dbk_wire *w);
uint16_t dbk_wire_get_u16(dbk_wire *w);
uint32_t dbk_wire_get_u32(dbk_wire *w);
uint64_t dbk_wire_get_u64(dbk_wire *w);
void dbk_wire_get_copy(dbk_wire *w, uint8_t *out, size_t len);
dbk_span dbk_wire_get_span(dbk_wire *w, size_t len); /* borrowed from the input */
dbk_id dbk_wire_get_id(dbk_wire *w);
/* DBK_FORMAT "WHAT is cut short" when any getter failed. */
DBK_MUST_CHECK dbk_rc dbk_wire_ok(const dbk_wire *w, const char *what, dbk_err *err);
/* The same, and nothing may be left over. */
DBK_MUST_CHECK dbk_rc dbk_wire_end(const dbk_wire *w, const char *what, dbk_err *err);

/* Into a place that is known to be large enough; each returns the byte behind what it wrote. */
uint8_t *dbk_wire_put_u16(uint8_t *p, uint16_t v);
uint8_t *dbk_wire_put_u32(uint8_t *p, uint32_t v);
uint8_t *dbk_wire_put_u64(uint8_t *p, uint64_t v);
uint8_t *dbk_wire_put_copy(uint8_t *p, const uint8_t *in, size_t len);

#endif
