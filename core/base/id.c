#include "core/base/id.h"

#include <string.h>

#include "core/base/text.h"

bool dbk_id_equal(const dbk_id *a, const dbk_id *b)
{
    return memcmp(a->b, b->b, DBK_ID_BYTES) == 0;
}

bool dbk_id_is_zero(const dbk_id *id)
{
    static const dbk_id zero;
    return dbk_id_equal(id, &zero);
}

int dbk_id_compare(const dbk_id *a, const dbk_id *b)
{
    return memcmp(a->b, b->b, DBK_ID_BYTES);
}

bool dbk_hash_equal(const dbk_hash *a, const dbk_hash *b)
{
    return memcmp(a->b, b->b, DBK_HASH_BYTES) == 0;
}

bool dbk_hash_is_zero(const dbk_hash *h)
{
    static const dbk_hash zero;
    return dbk_hash_equal(h, &zero);
}

/* RFC 9562 section 5.7: 48 bits of milliseconds, version 7, 12 random bits, variant 10,
 * 62 random bits. */
dbk_id dbk_id_v7(uint64_t unix_ms, const uint8_t random[10])
{
    dbk_id id;
    for (size_t i = 0; i < 6; i++)
        id.b[i] = (uint8_t)(unix_ms >> (40 - 8 * i));
    memcpy(id.b + 6, random, 10);
    id.b[6] = (uint8_t)(0x70 | (id.b[6] & 0x0f));
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3f));
    return id;
}

void dbk_id_hex(char out[DBK_ID_HEX_SIZE], const dbk_id *id)
{
    dbk_hex_print(out, dbk_span_of(id->b, DBK_ID_BYTES));
}

void dbk_id_uuid(char out[DBK_ID_UUID_SIZE], const dbk_id *id)
{
    static const size_t groups[] = { 4, 2, 2, 2, 6 };
    char *p = out;
    size_t at = 0;
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (i > 0)
            *p++ = '-';
        dbk_hex_print(p, dbk_span_of(id->b + at, groups[i]));
        p += 2 * groups[i];
        at += groups[i];
    }
}

dbk_rc dbk_id_parse(dbk_id *out, const char *text, dbk_err *err)
{
    char hex[DBK_ID_HEX_SIZE];
    size_t len = strlen(text), n = 0;
    memset(out, 0, sizeof(*out));
    bool uuid = len == DBK_ID_UUID_SIZE - 1;
    if (!uuid && len != DBK_ID_HEX_SIZE - 1)
        return dbk_fail(err, DBK_FORMAT, "an id has 32 hex digits, or is a UUID");
    for (size_t i = 0; i < len; i++) {
        bool hyphen = uuid && (i == 8 || i == 13 || i == 18 || i == 23);
        if (hyphen != (text[i] == '-'))
            return dbk_fail(err, DBK_FORMAT, "an id has 32 hex digits, or is a UUID");
        if (!hyphen)
            hex[n++] = text[i];
    }
    hex[n] = '\0';
    return dbk_hex_parse(out->b, DBK_ID_BYTES, hex, err);
}

int dbk_dot_compare(const dbk_dot *a, const dbk_dot *b)
{
    int order = dbk_id_compare(&a->feed, &b->feed);
    if (order != 0)
        return order;
    return (a->seq > b->seq) - (a->seq < b->seq);
}
