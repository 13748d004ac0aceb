#include "sync/relay/gate.h"

#include <string.h>

#include "core/base/text.h"

/* Fields that may stand once. Of those without a place the relay uses nothing but their number. */
enum field_place {
    NOWHERE,
    HOST,
    LENGTH,
    TYPE,
    DIGEST,
    INPUT,
    SIGNATURE,
    SETUP,
    CLIENT,
    EXPECT,
    REFUSED
};
static const struct field_row {
    const char *name;
    enum field_place place;
} rows[] = {
    { "host", HOST },
    { "content-length", LENGTH },
    { "content-type", TYPE },
    { "content-digest", DIGEST },
    { "signature-input", INPUT },
    { "signature", SIGNATURE },
    { "daybook-setup", SETUP },
    { "x-real-ip", CLIENT },
    { "expect", EXPECT },
    { "connection", NOWHERE },
    { "authorization", REFUSED }, /* no bearer tokens: who sends one means another server */
    { "transfer-encoding", REFUSED },
    { "content-encoding", REFUSED },
    { "trailer", REFUSED },
    { "upgrade", REFUSED },
};

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool is_letter_or_digit(uint8_t c)
{
    c = lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* RFC 9110 section 5.6.2. */
static bool is_token(dbk_span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_letter_or_digit(s.p[i]) &&
            (s.p[i] == 0 || strchr("!#$%&'*+-.^_`|~", s.p[i]) == NULL))
            return false;
    }
    return s.len > 0;
}

static bool is_value(dbk_span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    }
    return s.len == 0 || (s.p[0] != ' ' && s.p[s.len - 1] != ' ');
}

static bool is_of(dbk_span s, const char *extra)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_letter_or_digit(s.p[i]) && (s.p[i] == 0 || strchr(extra, s.p[i]) == NULL))
            return false;
    }
    return true;
}

static bool same_name(dbk_span name, const char *want)
{
    size_t len = strlen(want);
    if (name.len != len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (lower(name.p[i]) != (uint8_t)want[i])
            return false;
    }
    return true;
}

/* ---- the request line -------------------------------------------------------------------- */

/* The calls' own targets need no escapes: so there are none, and nothing to decode differently. */
static bool take_target(dbk_gate *g, dbk_span target)
{
    if (target.len == 0 || target.len > DBK_GATE_TARGET_BYTES_MAX || target.p[0] != '/')
        return false;
    const uint8_t *mark = memchr(target.p, '?', target.len);
    size_t path_len = mark != NULL ? (size_t)(mark - target.p) : target.len;
    g->head.path = dbk_span_of(target.p, path_len);
    if (mark != NULL)
        g->head.query = dbk_span_of(mark + 1, target.len - path_len - 1);
    if (mark != NULL && g->head.query.len == 0)
        return false;
    return is_of(g->head.path, "/-_.") && is_of(g->head.query, "=&-_");
}

void dbk_gate_begin(dbk_gate *g, const dbk_gate_line *line)
{
    static const char *const methods[] = { "GET", "POST", "PUT" };
    bool method = false;
    memset(g, 0, sizeof(*g));
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        method = method || dbk_span_equal(line->method, dbk_span_str(methods[i]));
    g->head.method = line->method;
    g->bad = !method || !take_target(g, line->target) ||
             !dbk_span_equal(line->version, dbk_span_str("HTTP/1.1"));
    g->line_bytes = line->method.len + 1 + line->target.len + 1 + line->version.len + 2;
}

/* ---- fields ------------------------------------------------------------------------------ */

static bool take_host(dbk_gate *g, dbk_span value)
{
    if (value.len == 0 || value.len > DBK_GATE_HOST_BYTES_MAX || !is_of(value, ".:-[]"))
        return false;
    for (size_t i = 0; i < value.len; i++)
        g->host[i] = (char)lower(value.p[i]);
    g->host[value.len] = '\0';
    return true;
}

static bool take_value(dbk_gate *g, enum field_place place, dbk_span value)
{
    switch (place) {
    case HOST:
        return take_host(g, value);
    case LENGTH:
        g->head.has_body = true;
        return dbk_u64_parse(&g->length, value, NULL) == DBK_OK;
    case TYPE:
        g->head.content_type = value;
        return value.len > 0 && is_of(value, "/-+.");
    case DIGEST:
        g->head.digest = value;
        return value.len > 0;
    case INPUT:
        g->head.signature_input = value;
        return value.len > 0;
    case SIGNATURE:
        g->head.signature = value;
        return value.len > 0;
    case SETUP:
        g->head.setup = value;
        return value.len > 0;
    case CLIENT:
        g->client = value;
        return value.len > 0;
    case EXPECT:
        return dbk_span_equal(value, dbk_span_str("100-continue"));
    case NOWHERE:
        return true;
    case REFUSED:
        break;
    }
    return false;
}

void dbk_gate_field(dbk_gate *g, dbk_span name, dbk_span value)
{
    g->fields++;
    g->field_bytes += name.len + 2 + value.len + 2;
    if (!is_token(name) || !is_value(value) || g->fields > DBK_GATE_FIELDS_MAX ||
        g->field_bytes > DBK_GATE_FIELD_BYTES_MAX)
        g->bad = true;
    if (g->bad)
        return;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!same_name(name, rows[i].name))
            continue;
        if ((g->seen >> i & 1) != 0 || !take_value(g, rows[i].place, value))
            g->bad = true;
        g->seen |= UINT32_C(1) << i;
    }
}

bool dbk_gate_end(dbk_gate *g, size_t head_bytes)
{
    bool get = dbk_span_equal(g->head.method, dbk_span_str("GET"));
    if (g->host[0] == '\0' || g->head.has_body == get)
        g->bad = true;
    if (head_bytes != 0 && head_bytes != g->line_bytes + g->field_bytes + 2)
        g->bad = true;
    g->head.authority = dbk_span_str(g->host);
    if (g->bad)
        g->head = (dbk_relay_request){ .has_body = false };
    return !g->bad;
}
