#include "core/crypto/reach.h"

#include <string.h>

#include "core/base/wire.h"

#define LABEL "daybook/reach/1"
#define SIGNED_BYTES (DBK_REACH_BYTES - DBK_SIG_BYTES)
#define TIME_MAX ((uint64_t)INT64_MAX)

static const uint8_t magic[6] = { 'D', 'B', 'K', 'H', 1, DBK_SUITE_1 };

static void put_signed(uint8_t out[SIGNED_BYTES], const dbk_reach *r)
{
    uint8_t *p = dbk_wire_put_copy(out, magic, sizeof(magic));
    *p++ = r->whole ? 1 : 0;
    *p++ = 0;
    p = dbk_wire_put_copy(p, r->org.b, sizeof(r->org.b));
    p = dbk_wire_put_copy(p, r->space.b, sizeof(r->space.b));
    p = dbk_wire_put_copy(p, r->log.b, sizeof(r->log.b));
    p = dbk_wire_put_u64(p, r->size);
    p = dbk_wire_put_copy(p, r->root.b, sizeof(r->root.b));
    p = dbk_wire_put_copy(p, r->device.b, sizeof(r->device.b));
    p = dbk_wire_put_u64(p, r->time_ms);
    DBK_ASSERT(p == out + SIGNED_BYTES);
}

void dbk_reach_sign(uint8_t out[DBK_REACH_BYTES], const dbk_reach *r, const dbk_secret *device_sign)
{
    dbk_sig sig;
    DBK_ASSERT(r->size >= 1);
    DBK_ASSERT(r->size <= DBK_REACH_SIZE_MAX);
    put_signed(out, r);
    dbk_sign(&sig, LABEL, dbk_span_of(out, SIGNED_BYTES), device_sign);
    (void)dbk_wire_put_copy(out + SIGNED_BYTES, sig.b, sizeof(sig.b));
}

/* Its bounds: what a proper device never breaks. */
static bool is_sound(const dbk_reach *r)
{
    return r->size >= 1 && r->size <= DBK_REACH_SIZE_MAX && r->time_ms <= TIME_MAX &&
           !dbk_id_is_zero(&r->org) && !dbk_id_is_zero(&r->space) && !dbk_id_is_zero(&r->log) &&
           !dbk_id_is_zero(&r->device);
}

dbk_rc dbk_reach_decode(dbk_reach *out, dbk_span in, dbk_err *err)
{
    static const char *const what = "word how far a device has a log";
    dbk_wire w = dbk_wire_from(in);
    dbk_reach r = { .size = 0 };
    memset(out, 0, sizeof(*out));
    dbk_span head = dbk_wire_get_span(&w, sizeof(magic) + 2);
    if (w.failed || !dbk_span_equal(dbk_span_of(head.p, 4), dbk_span_of(magic, 4)))
        return dbk_fail(err, DBK_FORMAT, "this is no %s", what);
    if (head.p[4] > magic[4] || head.p[5] > magic[5])
        return dbk_fail(err, DBK_VERSION, "the %s is of a newer version", what);
    r.whole = head.p[6] == 1;
    r.org = dbk_wire_get_id(&w);
    r.space = dbk_wire_get_id(&w);
    r.log = dbk_wire_get_id(&w);
    r.size = dbk_wire_get_u64(&w);
    dbk_wire_get_copy(&w, r.root.b, sizeof(r.root.b));
    r.device = dbk_wire_get_id(&w);
    r.time_ms = dbk_wire_get_u64(&w);
    dbk_wire_get_copy(&w, r.sig.b, sizeof(r.sig.b));
    dbk_rc rc = dbk_wire_end(&w, what, err);
    if (rc == DBK_OK && (head.p[4] != magic[4] || head.p[5] != magic[5] || head.p[6] > 1 ||
                         head.p[7] != 0 || !is_sound(&r)))
        rc = dbk_fail(err, DBK_FORMAT, "the %s is malformed", what);
    if (rc == DBK_OK)
        *out = r;
    return rc;
}

bool dbk_reach_verify(const dbk_reach *r, const dbk_sign_pk *device_sign)
{
    uint8_t bytes[SIGNED_BYTES];
    put_signed(bytes, r);
    return dbk_verify(&r->sig, LABEL, dbk_span_of(bytes, sizeof(bytes)), device_sign);
}
