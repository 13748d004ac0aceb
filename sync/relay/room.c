#include "sync/relay/room.h"

#include <string.h>

#include "core/base/wire.h"

#define ROOM_BYTES 16u
#define DEVICE_KEY_BYTES (1u + DBK_ID_BYTES)

static const dbk_id no_space;

static dbk_span device_key(uint8_t key[DEVICE_KEY_BYTES], const dbk_id *device)
{
    key[0] = 'Q';
    memcpy(key + 1, device->b, DBK_ID_BYTES);
    return dbk_span_of(key, DEVICE_KEY_BYTES);
}

static dbk_rc parse(dbk_room *out, dbk_span value, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(value);
    out->segments = dbk_wire_get_u64(&w);
    out->bytes = dbk_wire_get_u64(&w);
    if (w.failed || w.left.len != 0)
        return dbk_fail(err, DBK_DAMAGED, "a count of room is malformed");
    return DBK_OK;
}

static dbk_rc get(const dbk_log *log, const dbk_id *space, dbk_span key, dbk_room *out,
                  dbk_err *err)
{
    dbk_err absent = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(ROOM_BYTES);
    *out = (dbk_room){ 0, 0 };
    dbk_rc rc = log->ops->get(log->self, space, key, &value, &absent);
    if (rc == DBK_OK)
        rc = parse(out, dbk_bytes_span(&value), err);
    else if (rc == DBK_NOT_FOUND)
        rc = DBK_OK;
    else
        rc = dbk_fail(err, rc, "%s", absent.text);
    dbk_bytes_wipe(&value);
    return rc;
}

static dbk_rc put(const dbk_log *log, const dbk_id *space, dbk_span key, const dbk_room *room,
                  dbk_err *err)
{
    uint8_t value[ROOM_BYTES];
    (void)dbk_wire_put_u64(dbk_wire_put_u64(value, room->segments), room->bytes);
    const dbk_log_row row = { key, dbk_span_of(value, sizeof(value)) };
    return log->ops->put(log->self, space, &row, err);
}

dbk_rc dbk_room_of_space(const dbk_log *log, const dbk_id *space, dbk_room *out, dbk_err *err)
{
    return get(log, space, dbk_span_of("Q", 1), out, err);
}

dbk_rc dbk_room_of_device(const dbk_log *log, const dbk_id *device, dbk_room *out, dbk_err *err)
{
    uint8_t key[DEVICE_KEY_BYTES];
    return get(log, &no_space, device_key(key, device), out, err);
}

dbk_rc dbk_room_put_space(const dbk_log *log, const dbk_id *space, const dbk_room *room,
                          dbk_err *err)
{
    return put(log, space, dbk_span_of("Q", 1), room, err);
}

dbk_rc dbk_room_put_device(const dbk_log *log, const dbk_id *device, const dbk_room *room,
                           dbk_err *err)
{
    uint8_t key[DEVICE_KEY_BYTES];
    return put(log, &no_space, device_key(key, device), room, err);
}

typedef struct walk {
    dbk_room_fn fn;
    void *ctx;
} walk;

static dbk_rc each_row(void *ctx, const dbk_log_row *row, bool *stop, dbk_err *err)
{
    const walk *w = ctx;
    dbk_id device;
    dbk_room room;
    (void)stop;
    if (row->key.len != DEVICE_KEY_BYTES)
        return dbk_fail(err, DBK_DAMAGED, "a count of room is of no proper device");
    memcpy(device.b, row->key.p + 1, DBK_ID_BYTES);
    dbk_rc rc = parse(&room, row->value, err);
    return rc == DBK_OK ? w->fn(w->ctx, &device, &room, err) : rc;
}

dbk_rc dbk_room_devices(const dbk_log *log, dbk_room_fn fn, void *ctx, dbk_err *err)
{
    walk w = { fn, ctx };
    const dbk_log_scan scan = { dbk_span_of("Q", 1), { NULL, 0 }, each_row, &w };
    return log->ops->scan(log->self, &no_space, &scan, err);
}

/* ---- how much may be --------------------------------------------------------------------- */

static bool is_within(uint64_t taken, uint64_t more, uint64_t most)
{
    return most == 0 || (taken <= most && more <= most - taken);
}

bool dbk_room_fits(const dbk_room *taken, const dbk_room *most, uint64_t bytes)
{
    return is_within(taken->segments, 1, most->segments) &&
           is_within(taken->bytes, bytes, most->bytes);
}

void dbk_room_add(dbk_room *taken, uint64_t bytes)
{
    taken->segments++;
    taken->bytes += bytes;
}

static unsigned share(uint64_t taken, uint64_t most)
{
    if (most == 0)
        return 0;
    return taken >= most ? 100 : (unsigned)((double)taken * 100 / (double)most);
}

unsigned dbk_room_percent(const dbk_room *taken, const dbk_room *most)
{
    unsigned segments = share(taken->segments, most->segments);
    unsigned bytes = share(taken->bytes, most->bytes);
    return segments > bytes ? segments : bytes;
}
