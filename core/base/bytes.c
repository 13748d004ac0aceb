#include "core/base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"

#define FIRST_CAP 256u

dbk_span dbk_span_str(const char *text)
{
    return dbk_span_of(text, strlen(text));
}

bool dbk_span_equal(dbk_span a, dbk_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

int dbk_span_compare(dbk_span a, dbk_span b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.p, b.p, shorter);
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

void dbk_bytes_init(dbk_bytes *b, size_t max_bytes)
{
    *b = (dbk_bytes)DBK_BYTES_INIT(max_bytes);
}

/* Doubling keeps the copies linear in the final size; the cap bounds the last step. */
static dbk_rc reserve(dbk_bytes *b, size_t n, dbk_err *err)
{
    DBK_ASSERT(b->len <= b->cap);
    DBK_ASSERT(b->cap <= b->max);
    if (n == 0)
        return DBK_OK;
    if (n > b->max - b->len)
        return dbk_fail(err, DBK_LIMIT, "more than %zu bytes", b->max);
    if (n <= b->cap - b->len)
        return DBK_OK;
    size_t need = b->len + n;
    size_t cap = b->cap == 0 ? FIRST_CAP : b->cap;
    while (cap < need)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    if (cap > b->max)
        cap = b->max;
    uint8_t *grown = dbk_realloc(b->p, cap);
    if (grown == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for %zu bytes", cap);
    b->p = grown;
    b->cap = cap;
    return DBK_OK;
}

dbk_rc dbk_bytes_extend(dbk_bytes *b, uint8_t **room, size_t n, dbk_err *err)
{
    dbk_rc rc = reserve(b, n, err);
    *room = NULL;
    if (rc != DBK_OK)
        return rc;
    /* An empty buffer has no memory yet, and NULL + 0 is undefined in C. */
    if (b->p != NULL)
        *room = b->p + b->len;
    b->len += n;
    return DBK_OK;
}

dbk_rc dbk_bytes_append(dbk_bytes *b, dbk_span in, dbk_err *err)
{
    uint8_t *room;
    dbk_rc rc = dbk_bytes_extend(b, &room, in.len, err);
    if (rc == DBK_OK && in.len > 0)
        memcpy(room, in.p, in.len);
    return rc;
}

dbk_rc dbk_bytes_append_u8(dbk_bytes *b, uint8_t v, dbk_err *err)
{
    return dbk_bytes_append(b, dbk_span_of(&v, 1), err);
}

dbk_rc dbk_bytes_append_str(dbk_bytes *b, const char *text, dbk_err *err)
{
    return dbk_bytes_append(b, dbk_span_str(text), err);
}

dbk_rc dbk_bytes_append_fmt(dbk_bytes *b, dbk_err *err, const char *fmt, ...)
{
    char few[256];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(few, sizeof(few), fmt, args);
    va_end(args);
    DBK_ASSERT(n >= 0);
    /* The final zero byte that vsnprintf writes is no part of the text: it must not count against
     * the cap, so the text is made elsewhere first. */
    if ((size_t)n < sizeof(few)) {
        dbk_rc done = dbk_bytes_append(b, dbk_span_of(few, (size_t)n), err);
        dbk_wipe(few, sizeof(few));
        return done;
    }
    dbk_wipe(few, sizeof(few));
    if ((size_t)n > b->max - b->len)
        return dbk_fail(err, DBK_LIMIT, "more than %zu bytes", b->max);
    char *many = dbk_alloc((size_t)n + 1);
    if (many == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for %d bytes", n);
    va_start(args, fmt);
    (void)vsnprintf(many, (size_t)n + 1, fmt, args);
    va_end(args);
    dbk_rc rc = dbk_bytes_append(b, dbk_span_of(many, (size_t)n), err);
    dbk_free(many);
    return rc;
}

void dbk_bytes_truncate(dbk_bytes *b, size_t len)
{
    DBK_ASSERT(len <= b->len);
    if (len < b->len)
        dbk_wipe(b->p + len, b->len - len);
    b->len = len;
}

dbk_span dbk_bytes_span(const dbk_bytes *b)
{
    return dbk_span_of(b->p, b->len);
}

void dbk_bytes_wipe(dbk_bytes *b)
{
    size_t max = b->max;
    dbk_free(b->p);
    dbk_bytes_init(b, max);
}
