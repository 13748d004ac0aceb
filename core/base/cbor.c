#include "core/base/cbor.h"

#include <string.h>

#include "core/base/text.h"

/* Initial byte: 3 bits of major type, 5 bits of additional information (RFC 8949 section 3). */
#define INFO_1_BYTE 24u
#define INFO_8_BYTES 27u

typedef struct head {
    dbk_cbor_type type;
    uint64_t arg;
} head;

/* Takes one head. False: cut short, reserved, indefinite, or longer than it need be. */
static bool take_head(dbk_span *in, head *out)
{
    if (in->len == 0)
        return false;
    uint8_t first = in->p[0];
    unsigned info = first & 31u;
    out->type = (dbk_cbor_type)(first >> 5);
    in->p++;
    in->len--;
    if (info < INFO_1_BYTE) {
        out->arg = info;
        return out->type != DBK_CBOR_SIMPLE || (info >= DBK_CBOR_FALSE && info <= DBK_CBOR_NULL);
    }
    /* Two-byte simple values and floats share major type 7: none of them is ours. */
    if (info > INFO_8_BYTES || out->type == DBK_CBOR_SIMPLE)
        return false;
    size_t len = (size_t)1 << (info - INFO_1_BYTE);
    if (in->len < len)
        return false;
    out->arg = 0;
    for (size_t i = 0; i < len; i++)
        out->arg = out->arg << 8 | in->p[i];
    in->p += len;
    in->len -= len;
    /* The shortest head: a 1-byte argument is at least 24, an n-byte one needs its upper half. */
    if (len == 1)
        return out->arg >= INFO_1_BYTE;
    return out->arg >> (4 * len) != 0;
}

/* One level of an item that is being walked: how many items are still to come, and for maps
 * the key before, so that the order is checked without recursion. */
typedef struct level {
    uint64_t left;
    bool map;
    dbk_span last_key;
} level;

typedef struct walk {
    level levels[DBK_CBOR_DEPTH_MAX];
    size_t depth;
} walk;

/* Opens an array, map or tag. False: too deep, or more items than bytes are left. */
static bool open_level(walk *w, head h, size_t bytes_left)
{
    uint64_t items = h.type == DBK_CBOR_TAG ? 1 : h.arg;
    if (items > bytes_left || w->depth == DBK_CBOR_DEPTH_MAX)
        return false;
    if (h.type == DBK_CBOR_MAP)
        items *= 2;
    w->levels[w->depth++] = (level){ items, h.type == DBK_CBOR_MAP, { NULL, 0 } };
    return true;
}

/* A map key must be a plain item: integer, bytes or text (all that Daybook writes). */
static bool key_in_order(level *l, dbk_span key)
{
    if (l->last_key.p != NULL && dbk_span_compare(l->last_key, key) >= 0)
        return false;
    l->last_key = key;
    return true;
}

/* Walks one item; strict: also key order and UTF-8. Returns false when it is malformed. */
static bool walk_item(dbk_span *in, bool strict)
{
    walk w = { .depth = 0 };
    do {
        const uint8_t *start = in->p;
        head h;
        if (!take_head(in, &h))
            return false;
        level *parent = w.depth > 0 ? &w.levels[w.depth - 1] : NULL;
        bool is_key = parent != NULL && parent->map && parent->left % 2 == 0;
        if (h.type == DBK_CBOR_BYTES || h.type == DBK_CBOR_TEXT) {
            if (h.arg > in->len)
                return false;
            dbk_span body = { in->p, (size_t)h.arg };
            if (strict && h.type == DBK_CBOR_TEXT && !dbk_utf8_valid(body))
                return false;
            in->p += body.len;
            in->len -= body.len;
        } else if (is_key && h.type > DBK_CBOR_TEXT) {
            return false;
        }
        if (is_key && strict && !key_in_order(parent, dbk_span_of(start, (size_t)(in->p - start))))
            return false;
        if (parent != NULL)
            parent->left--;
        if ((h.type == DBK_CBOR_ARRAY || h.type == DBK_CBOR_MAP || h.type == DBK_CBOR_TAG) &&
            !open_level(&w, h, in->len))
            return false;
        while (w.depth > 0 && w.levels[w.depth - 1].left == 0)
            w.depth--;
    } while (w.depth > 0);
    return true;
}

dbk_rc dbk_cbor_check(dbk_span in, dbk_err *err)
{
    if (!walk_item(&in, true))
        return dbk_fail(err, DBK_FORMAT, "not deterministic CBOR");
    if (in.len > 0)
        return dbk_fail(err, DBK_FORMAT, "%zu bytes behind the CBOR item", in.len);
    return DBK_OK;
}

dbk_cbor_type dbk_cbor_peek(const dbk_cbor *c)
{
    if (c->failed || c->left.len == 0)
        return DBK_CBOR_NONE;
    return (dbk_cbor_type)(c->left.p[0] >> 5);
}

static uint64_t get_head(dbk_cbor *c, dbk_cbor_type type)
{
    head h = { DBK_CBOR_NONE, 0 };
    if (c->failed || !take_head(&c->left, &h) || h.type != type) {
        c->failed = true;
        return 0;
    }
    return h.arg;
}

uint64_t dbk_cbor_get_uint(dbk_cbor *c)
{
    return get_head(c, DBK_CBOR_UINT);
}

int64_t dbk_cbor_get_int(dbk_cbor *c)
{
    bool negative = dbk_cbor_peek(c) == DBK_CBOR_NINT;
    uint64_t v = get_head(c, negative ? DBK_CBOR_NINT : DBK_CBOR_UINT);
    if (v > INT64_MAX) {
        c->failed = true;
        return 0;
    }
    return negative ? -1 - (int64_t)v : (int64_t)v;
}

static dbk_span get_string(dbk_cbor *c, dbk_cbor_type type)
{
    uint64_t len = get_head(c, type);
    if (c->failed || len > c->left.len) {
        c->failed = true;
        return (dbk_span){ NULL, 0 };
    }
    dbk_span got = { c->left.p, (size_t)len };
    c->left.p += got.len;
    c->left.len -= got.len;
    return got;
}

dbk_span dbk_cbor_get_bytes(dbk_cbor *c)
{
    return get_string(c, DBK_CBOR_BYTES);
}

dbk_span dbk_cbor_get_text(dbk_cbor *c)
{
    return get_string(c, DBK_CBOR_TEXT);
}

dbk_span dbk_cbor_text_of(dbk_span item)
{
    dbk_cbor c = dbk_cbor_from(item);
    return dbk_cbor_peek(&c) == DBK_CBOR_TEXT ? dbk_cbor_get_text(&c) : dbk_span_of(NULL, 0);
}

/* Each item takes at least a byte, so a count over what is left is refused before any use. */
static uint64_t get_count(dbk_cbor *c, dbk_cbor_type type)
{
    uint64_t count = get_head(c, type);
    if (count > c->left.len) {
        c->failed = true;
        return 0;
    }
    return count;
}

uint64_t dbk_cbor_get_array(dbk_cbor *c)
{
    return get_count(c, DBK_CBOR_ARRAY);
}

uint64_t dbk_cbor_get_map(dbk_cbor *c)
{
    return get_count(c, DBK_CBOR_MAP);
}

uint64_t dbk_cbor_get_tag(dbk_cbor *c)
{
    return get_head(c, DBK_CBOR_TAG);
}

uint64_t dbk_cbor_get_simple(dbk_cbor *c)
{
    return get_head(c, DBK_CBOR_SIMPLE);
}

/* One item that holds no others: most are, and for them a walk with its levels is too much. */
static bool skip_plain(dbk_span *in)
{
    head h;
    if (!take_head(in, &h))
        return false;
    if (h.type != DBK_CBOR_BYTES && h.type != DBK_CBOR_TEXT)
        return true;
    if (h.arg > in->len)
        return false;
    in->p += h.arg;
    in->len -= (size_t)h.arg;
    return true;
}

dbk_span dbk_cbor_get_item(dbk_cbor *c)
{
    dbk_span start = c->left;
    dbk_cbor_type type = dbk_cbor_peek(c);
    bool nests = type == DBK_CBOR_ARRAY || type == DBK_CBOR_MAP || type == DBK_CBOR_TAG;
    if (c->failed || !(nests ? walk_item(&c->left, false) : skip_plain(&c->left))) {
        c->failed = true;
        return (dbk_span){ NULL, 0 };
    }
    return dbk_span_of(start.p, start.len - c->left.len);
}

void dbk_cbor_get_copy(dbk_cbor *c, uint8_t *out, size_t len)
{
    dbk_span in = dbk_cbor_get_bytes(c);
    if (in.len != len)
        c->failed = true;
    if (len == 0)
        return;
    if (c->failed)
        memset(out, 0, len);
    else
        memcpy(out, in.p, len);
}

bool dbk_cbor_key(dbk_cbor *c, uint64_t key)
{
    dbk_cbor ahead = *c;
    uint64_t got = dbk_cbor_get_uint(&ahead);
    if (ahead.failed || got != key)
        return false;
    *c = ahead;
    return true;
}

dbk_rc dbk_cbor_ok(const dbk_cbor *c, const char *what, dbk_err *err)
{
    if (c->failed)
        return dbk_fail(err, DBK_FORMAT, "%s is malformed", what);
    return DBK_OK;
}

dbk_rc dbk_cbor_end(const dbk_cbor *c, const char *what, dbk_err *err)
{
    dbk_rc rc = dbk_cbor_ok(c, what, err);
    if (rc == DBK_OK && c->left.len > 0)
        rc = dbk_fail(err, DBK_FORMAT, "%s has something behind it", what);
    return rc;
}

static void put_raw(dbk_cbor_out *o, const void *p, size_t len)
{
    if (o->rc == DBK_OK)
        o->rc = dbk_bytes_append(o->out, dbk_span_of(p, len), o->err);
}

static void put_head(dbk_cbor_out *o, dbk_cbor_type type, uint64_t arg)
{
    uint8_t buf[9];
    uint8_t major = (uint8_t)((unsigned)type << 5);
    size_t len = arg < 24 ? 0 : arg <= 0xff ? 1 : arg <= 0xffff ? 2 : arg <= 0xffffffff ? 4 : 8;
    unsigned info = len == 0   ? (unsigned)arg
                    : len == 1 ? 24u
                    : len == 2 ? 25u
                    : len == 4 ? 26u
                               : INFO_8_BYTES;
    buf[0] = (uint8_t)(major | info);
    for (size_t i = 0; i < len; i++)
        buf[1 + i] = (uint8_t)(arg >> (8 * (len - 1 - i)));
    put_raw(o, buf, 1 + len);
}

void dbk_cbor_put_uint(dbk_cbor_out *o, uint64_t v)
{
    put_head(o, DBK_CBOR_UINT, v);
}

void dbk_cbor_put_int(dbk_cbor_out *o, int64_t v)
{
    if (v < 0)
        put_head(o, DBK_CBOR_NINT, (uint64_t)(-1 - v));
    else
        put_head(o, DBK_CBOR_UINT, (uint64_t)v);
}

void dbk_cbor_put_bytes(dbk_cbor_out *o, const void *p, size_t len)
{
    put_head(o, DBK_CBOR_BYTES, len);
    put_raw(o, p, len);
}

void dbk_cbor_put_text(dbk_cbor_out *o, dbk_span text)
{
    put_head(o, DBK_CBOR_TEXT, text.len);
    put_raw(o, text.p, text.len);
}

void dbk_cbor_put_str(dbk_cbor_out *o, const char *text)
{
    dbk_cbor_put_text(o, dbk_span_str(text));
}

void dbk_cbor_put_array(dbk_cbor_out *o, uint64_t count)
{
    put_head(o, DBK_CBOR_ARRAY, count);
}

void dbk_cbor_put_map(dbk_cbor_out *o, uint64_t pairs)
{
    put_head(o, DBK_CBOR_MAP, pairs);
}

void dbk_cbor_put_tag(dbk_cbor_out *o, uint64_t tag)
{
    put_head(o, DBK_CBOR_TAG, tag);
}

void dbk_cbor_put_simple(dbk_cbor_out *o, uint64_t simple)
{
    put_head(o, DBK_CBOR_SIMPLE, simple);
}

void dbk_cbor_put_item(dbk_cbor_out *o, dbk_span item)
{
    put_raw(o, item.p, item.len);
}
