/* The backup pins of an invite, a book's link, a relay's card. */
#include <string.h>

#include "core/seal/invite.h"

#define PIN_BYTES 32u

/* Pins are public: their order is nobody's secret. */
static int compare(const uint8_t a[32], const uint8_t b[32])
{
    return dbk_span_compare(dbk_span_of(a, PIN_BYTES), dbk_span_of(b, PIN_BYTES));
}

bool dbk_pins_has(const dbk_pins *pins, const uint8_t pin[32])
{
    DBK_ASSERT(pins->count <= DBK_PINS_MAX);
    for (size_t i = 0; i < pins->count; i++) {
        if (compare(pins->pin[i], pin) == 0)
            return true;
    }
    return false;
}

dbk_rc dbk_pins_add(dbk_pins *pins, const uint8_t pin[32], dbk_err *err)
{
    size_t at = 0;
    if (dbk_pins_has(pins, pin))
        return DBK_OK;
    if (pins->count == DBK_PINS_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u backup pins", DBK_PINS_MAX);
    while (at < pins->count && compare(pins->pin[at], pin) < 0)
        at++;
    memmove(pins->pin[at + 1], pins->pin[at], (pins->count - at) * PIN_BYTES);
    memcpy(pins->pin[at], pin, PIN_BYTES);
    pins->count++;
    return DBK_OK;
}

void dbk_pins_put(dbk_cbor_out *o, const dbk_pins *pins)
{
    DBK_ASSERT(pins->count >= 1 && pins->count <= DBK_PINS_MAX);
    dbk_cbor_put_array(o, pins->count);
    for (size_t i = 0; i < pins->count; i++)
        dbk_cbor_put_bytes(o, pins->pin[i], PIN_BYTES);
}

void dbk_pins_get(dbk_cbor *c, dbk_pins *pins)
{
    uint64_t count = dbk_cbor_get_array(c);
    memset(pins, 0, sizeof(*pins));
    if (count < 1 || count > DBK_PINS_MAX) {
        c->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        dbk_cbor_get_copy(c, pins->pin[i], PIN_BYTES);
        if (i > 0 && compare(pins->pin[i - 1], pins->pin[i]) >= 0)
            c->failed = true;
    }
    if (!c->failed)
        pins->count = (size_t)count;
}
