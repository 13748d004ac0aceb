#include "sync/relay/limits.h"

#include <string.h>

#include "core/base/text.h"
#include "sync/relay/home.h"

static const struct {
    const char *name;
    uint64_t normal, least, most;
    bool suffix;
} rows[DBK_LIMITS_COUNT] = {
#define LIMIT_ROW(name, text, normal, least, most, suffix) { text, normal, least, most, suffix },
    DBK_LIMITS_TABLE(LIMIT_ROW)
#undef LIMIT_ROW
};

void dbk_limits_default(dbk_limits *out)
{
    for (size_t i = 0; i < DBK_LIMITS_COUNT; i++)
        out->of[i] = rows[i].normal;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static dbk_span trim(dbk_span s)
{
    while (s.len > 0 && is_blank(s.p[0])) {
        s.p++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.p[s.len - 1]))
        s.len--;
    return s;
}

/* Up to the byte; what is left begins behind it. */
static dbk_span take_until(dbk_span *left, uint8_t byte)
{
    const uint8_t *at = left->len > 0 ? memchr(left->p, byte, left->len) : NULL;
    dbk_span part = { left->p, at != NULL ? (size_t)(at - left->p) : left->len };
    size_t gone = part.len + (at != NULL ? 1 : 0);
    left->p += gone;
    left->len -= gone;
    return part;
}

static bool read_number(uint64_t *out, dbk_span text, bool suffix)
{
    static const struct {
        uint8_t letter;
        uint64_t times;
    } units[] = { { 'k', 1000 }, { 'M', 1000000 }, { 'G', 1000000000 } };
    uint64_t times = 1;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && suffix && text.len > 0; i++) {
        if (text.p[text.len - 1] == units[i].letter && times == 1) {
            times = units[i].times;
            text.len--;
        }
    }
    if (dbk_u64_parse(out, text, NULL) != DBK_OK || *out > UINT64_MAX / times)
        return false;
    *out *= times;
    return true;
}

static dbk_rc take_line(dbk_limits *l, uint32_t *seen, dbk_span line, unsigned at, dbk_err *err)
{
    dbk_span rest = take_until(&line, '#');
    rest = trim(rest);
    if (rest.len == 0)
        return DBK_OK;
    size_t len = 0;
    while (len < rest.len && !is_blank(rest.p[len]))
        len++;
    dbk_span name = { rest.p, len };
    dbk_span value = trim(dbk_span_of(rest.p + len, rest.len - len));
    for (size_t i = 0; i < DBK_LIMITS_COUNT; i++) {
        uint64_t n;
        if (!dbk_span_equal(name, dbk_span_str(rows[i].name)))
            continue;
        if ((*seen >> i & 1) != 0)
            return dbk_fail(err, DBK_USAGE, "limits.txt, line %u: %s stands twice", at,
                            rows[i].name);
        if (!read_number(&n, value, rows[i].suffix) || n < rows[i].least || n > rows[i].most)
            return dbk_fail(err, DBK_USAGE, "limits.txt, line %u: not a number for %s", at,
                            rows[i].name);
        *seen |= UINT32_C(1) << i;
        l->of[i] = n;
        return DBK_OK;
    }
    return dbk_fail(err, DBK_USAGE, "limits.txt, line %u: there is no such limit", at);
}

dbk_rc dbk_limits_parse(dbk_limits *out, dbk_span text, dbk_err *err)
{
    dbk_limits fresh;
    uint32_t seen = 0;
    dbk_rc rc = DBK_OK;
    dbk_limits_default(&fresh);
    for (unsigned at = 1; text.len > 0 && rc == DBK_OK; at++)
        rc = take_line(&fresh, &seen, take_until(&text, '\n'), at, err);
    if (rc == DBK_OK)
        *out = fresh;
    return rc;
}

dbk_rc dbk_limits_read(dbk_limits *out, const dbk_home *home, dbk_err *err)
{
    dbk_err why = { 0 };
    dbk_bytes text = DBK_BYTES_INIT(DBK_LIMITS_BYTES_MAX);
    dbk_rc rc = dbk_home_read(home, DBK_HOME_LIMITS, &text, &why);
    if (rc != DBK_OK && rc != DBK_NOT_FOUND)
        rc = dbk_fail(err, rc, "%s", why.text);
    else
        rc = dbk_limits_parse(out, dbk_bytes_span(&text), err);
    dbk_bytes_wipe(&text);
    return rc;
}

dbk_relay_limits dbk_limits_of_relay(const dbk_limits *l)
{
    const uint64_t *n = l->of;
    return (dbk_relay_limits){
        .device = { (uint32_t)n[DBK_LIMITS_DEVICE_REQUESTS_BURST],
                    (uint32_t)n[DBK_LIMITS_DEVICE_REQUESTS_PER_SECOND] },
        .stranger = { (uint32_t)n[DBK_LIMITS_STRANGER_REQUESTS_BURST],
                      (uint32_t)n[DBK_LIMITS_STRANGER_REQUESTS_PER_SECOND] },
        .quota = { { n[DBK_LIMITS_DEVICE_SEGMENTS_MAX], n[DBK_LIMITS_DEVICE_BYTES_MAX] },
                   { n[DBK_LIMITS_SPACE_SEGMENTS_MAX], n[DBK_LIMITS_SPACE_BYTES_MAX] } },
    };
}
