#include "sync/relay/log_floor.h"

#include <string.h>

#include "core/base/wire.h"

#define LET_GO 'G'
#define WANT 'W'
#define BROUGHT 'V'
#define BESIDE 'B'
#define WANT_BYTES 16u
#define BESIDE_KEY_BYTES 9u
#define BESIDE_BYTES_MAX (1u + DBK_KEPT_BYTES_MAX)
#define FORGET_AT_ONCE 1024u /* keys that are gathered before they are deleted */

/* ---- how far ------------------------------------------------------------------------------- */

/* One row of numbers; zeros where there is none. */
static dbk_rc get_numbers(const dbk_log_space *s, uint8_t key, uint64_t *out, size_t count,
                          dbk_err *err)
{
    dbk_err absent = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(16);
    DBK_ASSERT(count <= 2);
    memset(out, 0, count * sizeof(*out));
    dbk_rc rc = s->log->ops->get(s->log->self, &s->space, dbk_span_of(&key, 1), &value, &absent);
    dbk_wire w = dbk_wire_from(dbk_bytes_span(&value));
    for (size_t i = 0; i < count && rc == DBK_OK; i++)
        out[i] = dbk_wire_get_u64(&w);
    if (rc == DBK_OK && (w.failed || w.left.len != 0))
        rc = dbk_fail(err, DBK_DAMAGED, "how far a log's bodies are here is malformed");
    else if (rc != DBK_OK)
        rc = rc == DBK_NOT_FOUND ? DBK_OK : dbk_fail(err, rc, "%s", absent.text);
    dbk_bytes_wipe(&value);
    return rc;
}

static dbk_rc put_numbers(const dbk_log_space *s, uint8_t key, const uint64_t *numbers,
                          size_t count, dbk_err *err)
{
    uint8_t value[16], *p = value;
    DBK_ASSERT(count <= 2);
    for (size_t i = 0; i < count; i++)
        p = dbk_wire_put_u64(p, numbers[i]);
    const dbk_log_row row = { dbk_span_of(&key, 1), dbk_span_of(value, 8 * count) };
    return s->log->ops->put(s->log->self, &s->space, &row, err);
}

dbk_rc dbk_log_let_go_get(const dbk_log_space *s, uint64_t *index, dbk_err *err)
{
    return get_numbers(s, LET_GO, index, 1, err);
}

dbk_rc dbk_log_let_go_put(const dbk_log_space *s, uint64_t index, dbk_err *err)
{
    return put_numbers(s, LET_GO, &index, 1, err);
}

dbk_rc dbk_log_brought_get(const dbk_log_space *s, dbk_log_brought *out, dbk_err *err)
{
    uint64_t numbers[2];
    dbk_rc rc = get_numbers(s, BROUGHT, numbers, 2, err);
    *out = (dbk_log_brought){ numbers[0], numbers[1] };
    return rc;
}

dbk_rc dbk_log_brought_put(const dbk_log_space *s, const dbk_log_brought *brought, dbk_err *err)
{
    const uint64_t numbers[2] = { brought->from, brought->to };
    return put_numbers(s, BROUGHT, numbers, 2, err);
}

/* ---- who lacks ----------------------------------------------------------------------------- */

static dbk_span want_key(uint8_t key[1 + DBK_ID_BYTES], const dbk_id *device)
{
    key[0] = WANT;
    memcpy(key + 1, device->b, sizeof(device->b));
    return dbk_span_of(key, 1 + DBK_ID_BYTES);
}

dbk_rc dbk_log_want_put(const dbk_log_space *s, const dbk_log_want *want, dbk_err *err)
{
    uint8_t key[1 + DBK_ID_BYTES], value[WANT_BYTES];
    (void)dbk_wire_put_u64(dbk_wire_put_u64(value, want->from), want->heard_ms);
    const dbk_log_row row = { want_key(key, &want->device), dbk_span_of(value, sizeof(value)) };
    return s->log->ops->put(s->log->self, &s->space, &row, err);
}

dbk_rc dbk_log_want_del(const dbk_log_space *s, const dbk_id *device, dbk_err *err)
{
    uint8_t key[1 + DBK_ID_BYTES];
    return s->log->ops->del(s->log->self, &s->space, want_key(key, device), err);
}

typedef struct want_walk {
    dbk_log_want_fn fn;
    void *ctx;
} want_walk;

static dbk_rc each_want(void *ctx, const dbk_log_row *row, bool *stop, dbk_err *err)
{
    const want_walk *walk = ctx;
    dbk_log_want want;
    dbk_wire w = dbk_wire_from(row->value);
    (void)stop;
    want.from = dbk_wire_get_u64(&w);
    want.heard_ms = dbk_wire_get_u64(&w);
    if (row->key.len != 1 + DBK_ID_BYTES || w.failed || w.left.len != 0)
        return dbk_fail(err, DBK_DAMAGED, "a row about what a device lacks is malformed");
    memcpy(want.device.b, row->key.p + 1, sizeof(want.device.b));
    return walk->fn(walk->ctx, &want, err);
}

dbk_rc dbk_log_wants(const dbk_log_space *s, dbk_log_want_fn fn, void *ctx, dbk_err *err)
{
    static const uint8_t prefix = WANT;
    want_walk walk = { fn, ctx };
    const dbk_log_scan scan = { dbk_span_of(&prefix, 1), { NULL, 0 }, each_want, &walk };
    return s->log->ops->scan(s->log->self, &s->space, &scan, err);
}

/* ---- what was brought ---------------------------------------------------------------------- */

static dbk_span beside_key(uint8_t key[BESIDE_KEY_BYTES], uint64_t index)
{
    key[0] = BESIDE;
    (void)dbk_wire_put_u64(key + 1, index);
    return dbk_span_of(key, BESIDE_KEY_BYTES);
}

static dbk_rc parse_beside(dbk_log_beside *out, dbk_span value, dbk_err *err)
{
    if (value.len < 2 || value.p[0] > 1)
        return dbk_fail(err, DBK_DAMAGED, "a body beside the log is malformed");
    out->kept = value.p[0] == 1;
    out->body = dbk_span_of(value.p + 1, value.len - 1);
    return DBK_OK;
}

dbk_rc dbk_log_beside_get(const dbk_log_space *s, dbk_log_beside *out, dbk_bytes *store,
                          uint64_t index, dbk_err *err)
{
    uint8_t key[BESIDE_KEY_BYTES];
    memset(out, 0, sizeof(*out));
    out->index = index;
    dbk_bytes_truncate(store, 0);
    dbk_rc rc = s->log->ops->get(s->log->self, &s->space, beside_key(key, index), store, err);
    return rc == DBK_OK ? parse_beside(out, dbk_bytes_span(store), err) : rc;
}

dbk_rc dbk_log_beside_put(const dbk_log_space *s, const dbk_log_beside *body, dbk_err *err)
{
    uint8_t key[BESIDE_KEY_BYTES], kept = body->kept ? 1 : 0;
    dbk_bytes value = DBK_BYTES_INIT(BESIDE_BYTES_MAX);
    dbk_rc rc = dbk_bytes_append(&value, dbk_span_of(&kept, 1), err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&value, body->body, err);
    const dbk_log_row row = { beside_key(key, body->index), dbk_bytes_span(&value) };
    if (rc == DBK_OK)
        rc = s->log->ops->put(s->log->self, &s->space, &row, err);
    dbk_bytes_wipe(&value);
    return rc;
}

static dbk_rc note_key(void *ctx, const dbk_log_row *row, bool *stop, dbk_err *err)
{
    dbk_bytes *keys = ctx;
    if (row->key.len != BESIDE_KEY_BYTES)
        return dbk_fail(err, DBK_DAMAGED, "a body beside the log is malformed");
    dbk_rc rc = dbk_bytes_append(keys, row->key, err);
    *stop = keys->len == keys->max;
    return rc;
}

/* Nothing is deleted while the rows are walked through. */
dbk_rc dbk_log_besides_forget(const dbk_log_space *s, dbk_err *err)
{
    static const uint8_t prefix = BESIDE;
    const dbk_log *log = s->log;
    dbk_bytes keys = DBK_BYTES_INIT(FORGET_AT_ONCE * BESIDE_KEY_BYTES);
    const dbk_log_scan scan = { dbk_span_of(&prefix, 1), { NULL, 0 }, note_key, &keys };
    dbk_rc rc = DBK_OK;
    bool any = false, more = true;
    while (rc == DBK_OK && more) {
        dbk_bytes_truncate(&keys, 0);
        rc = log->ops->scan(log->self, &s->space, &scan, err);
        more = keys.len == keys.max;
        for (size_t at = 0; at < keys.len && rc == DBK_OK; at += BESIDE_KEY_BYTES) {
            rc = log->ops->del(log->self, &s->space, dbk_span_of(keys.p + at, BESIDE_KEY_BYTES),
                               err);
            any = true;
        }
    }
    dbk_bytes_wipe(&keys);
    if (!any || rc != DBK_OK)
        return rc;
    log->ops->forget(log->self);
    return dbk_log_brought_put(s, &(dbk_log_brought){ 0, 0 }, err);
}

bool dbk_log_row_is_beside(const dbk_log_row *row)
{
    return row->key.len > 0 && (row->key.p[0] == BESIDE || row->key.p[0] == BROUGHT);
}
