#include "sync/relay/log_reach.h"

#include <string.h>

#include "core/base/wire.h"

#define PREFIX 'H'
#define KEY_BYTES (1u + DBK_ID_BYTES)
#define ROW_BYTES (8u + DBK_REACH_BYTES)

static dbk_span key_of(uint8_t key[KEY_BYTES], const dbk_id *device)
{
    key[0] = PREFIX;
    memcpy(key + 1, device->b, sizeof(device->b));
    return dbk_span_of(key, KEY_BYTES);
}

static dbk_rc parse(dbk_log_reach *out, dbk_span in, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(in);
    memset(out, 0, sizeof(*out));
    out->heard_ms = dbk_wire_get_u64(&w);
    dbk_wire_get_copy(&w, out->word, sizeof(out->word));
    if (w.failed || w.left.len != 0 ||
        dbk_reach_decode(&out->said, dbk_span_of(out->word, sizeof(out->word)), NULL) != DBK_OK)
        return dbk_fail(err, DBK_DAMAGED, "a word how far a device has a log is malformed");
    return DBK_OK;
}

dbk_rc dbk_log_reach_get(const dbk_log_space *s, const dbk_id *device, dbk_log_reach *out,
                         dbk_err *err)
{
    uint8_t key[KEY_BYTES];
    dbk_bytes value = DBK_BYTES_INIT(ROW_BYTES);
    memset(out, 0, sizeof(*out));
    dbk_rc rc = s->log->ops->get(s->log->self, &s->space, key_of(key, device), &value, err);
    if (rc == DBK_OK)
        rc = parse(out, dbk_bytes_span(&value), err);
    dbk_bytes_wipe(&value);
    return rc;
}

dbk_rc dbk_log_reach_put(const dbk_log_space *s, const dbk_id *device, const dbk_log_reach *row,
                         dbk_err *err)
{
    uint8_t key[KEY_BYTES], value[ROW_BYTES];
    uint8_t *p = dbk_wire_put_u64(value, row->heard_ms);
    (void)dbk_wire_put_copy(p, row->word, sizeof(row->word));
    const dbk_log_row stored = { key_of(key, device), dbk_span_of(value, sizeof(value)) };
    return s->log->ops->put(s->log->self, &s->space, &stored, err);
}

typedef struct walk {
    dbk_log_reach_fn fn;
    void *ctx;
} walk;

static dbk_rc each(void *ctx, const dbk_log_row *row, bool *stop, dbk_err *err)
{
    const walk *w = ctx;
    dbk_log_reach found;
    (void)stop;
    dbk_rc rc = parse(&found, row->value, err);
    if (rc == DBK_OK &&
        (row->key.len != KEY_BYTES || memcmp(row->key.p + 1, found.said.device.b, DBK_ID_BYTES)))
        rc = dbk_fail(err, DBK_DAMAGED, "a word how far a device has a log is another device's");
    return rc == DBK_OK ? w->fn(w->ctx, &found, err) : rc;
}

dbk_rc dbk_log_reaches(const dbk_log_space *s, dbk_log_reach_fn fn, void *ctx, dbk_err *err)
{
    static const uint8_t prefix = PREFIX;
    walk w = { fn, ctx };
    const dbk_log_scan scan = { dbk_span_of(&prefix, 1), { NULL, 0 }, each, &w };
    return s->log->ops->scan(s->log->self, &s->space, &scan, err);
}
