#include "core/base/wire.h"

#include <string.h>

dbk_span dbk_wire_get_span(dbk_wire *w, size_t len)
{
    if (w->failed || len > w->left.len) {
        w->failed = true;
        return (dbk_span){ NULL, 0 };
    }
    dbk_span got = { w->left.p, len };
    w->left.p += len;
    w->left.len -= len;
    return got;
}

static uint64_t get_uint(dbk_wire *w, size_t len)
{
    dbk_span in = dbk_wire_get_span(w, len);
    uint64_t v = 0;
    for (size_t i = 0; i < in.len; i++)
        v = v << 8 | in.p[i];
    return v;
}

uint8_t dbk_wire_get_u8(dbk_wire *w)
{
    return (uint8_t)get_uint(w, 1);
}

uint16_t dbk_wire_get_u16(dbk_wire *w)
{
    return (uint16_t)get_uint(w, 2);
}

uint32_t dbk_wire_get_u32(dbk_wire *w)
{
    return (uint32_t)get_uint(w, 4);
}

uint64_t dbk_wire_get_u64(dbk_wire *w)
{
    return get_uint(w, 8);
}

void dbk_wire_get_copy(dbk_wire *w, uint8_t *out, size_t len)
{
    dbk_span in = dbk_wire_get_span(w, len);
    memset(out, 0, len);
    if (in.len > 0)
        memcpy(out, in.p, in.len);
}

dbk_id dbk_wire_get_id(dbk_wire *w)
{
    dbk_id id;
    dbk_wire_get_copy(w, id.b, sizeof(id.b));
    return id;
}

dbk_rc dbk_wire_ok(const dbk_wire *w, const char *what, dbk_err *err)
{
    if (w->failed)
        return dbk_fail(err, DBK_FORMAT, "%s is cut short", what);
    return DBK_OK;
}

dbk_rc dbk_wire_end(const dbk_wire *w, const char *what, dbk_err *err)
{
    dbk_rc rc = dbk_wire_ok(w, what, err);
    if (rc == DBK_OK && w->left.len > 0)
        rc = dbk_fail(err, DBK_FORMAT, "%s has %zu bytes too many", what, w->left.len);
    return rc;
}

static uint8_t *put_uint(uint8_t *p, uint64_t v, size_t len)
{
    for (size_t i = len; i > 0; i--) {
        p[i - 1] = (uint8_t)v;
        v >>= 8;
    }
    return p + len;
}

uint8_t *dbk_wire_put_u16(uint8_t *p, uint16_t v)
{
    return put_uint(p, v, 2);
}

uint8_t *dbk_wire_put_u32(uint8_t *p, uint32_t v)
{
    return put_uint(p, v, 4);
}

uint8_t *dbk_wire_put_u64(uint8_t *p, uint64_t v)
{
    return put_uint(p, v, 8);
}

uint8_t *dbk_wire_put_copy(uint8_t *p, const uint8_t *in, size_t len)
{
    if (len > 0)
        memcpy(p, in, len);
    return p + len;
}
