#include "core/journal/device_log.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/wire.h"
#include "core/journal/book_internal.h"

/* What waits: an array of event (1), count (4), time of the last (8), big-endian, each event once.
 */
#define WAITS_NAME "device-log"
#define ROW_BYTES 13u
#define WAITS_BYTES_MAX (ROW_BYTES * DBK_DEVICE_EVENTS)
#define WHAT_SIZE 128u
#define SOON_MS 60000u /* an entry's own time says enough */

typedef struct kind {
    dbk_audit_op op;
    const char *what;
} kind;
static const kind kinds[] = {
#define KIND(name, op, text) [DBK_DEVICE_##name] = { DBK_AUDIT_##op, (text) },
    DBK_DEVICE_EVENT_TABLE(KIND)
#undef KIND
};

typedef struct waits {
    dbk_device_happened rows[DBK_DEVICE_EVENTS]; /* by event; count 0: it doesn't wait */
} waits;

/* ---- what waits ----------------------------------------------------------------------------- */

static dbk_rc parse(waits *w, dbk_span in, dbk_err *err)
{
    dbk_wire from = dbk_wire_from(in);
    bool good = in.len % ROW_BYTES == 0 && in.len <= WAITS_BYTES_MAX;
    for (size_t i = 0; good && i < in.len / ROW_BYTES; i++) {
        uint8_t event = dbk_wire_get_u8(&from);
        uint32_t count = dbk_wire_get_u32(&from);
        uint64_t at_ms = dbk_wire_get_u64(&from);
        good = event < DBK_DEVICE_EVENTS && count > 0;
        if (good)
            w->rows[event] = (dbk_device_happened){ (dbk_device_event)event, count, at_ms };
    }
    return good ? DBK_OK : dbk_fail(err, DBK_DAMAGED, "what waits for the log of use is malformed");
}

static dbk_rc load(dbk_book *book, waits *w, dbk_err *err)
{
    dbk_bytes in = DBK_BYTES_INIT(WAITS_BYTES_MAX);
    dbk_err none = { 0 };
    *w = (waits){ 0 };
    dbk_rc rc = dbk_book_note_get(book, WAITS_NAME, &in, &none);
    if (rc == DBK_OK)
        rc = parse(w, dbk_bytes_span(&in), err);
    else if (rc == DBK_NOT_FOUND)
        rc = DBK_OK;
    else
        (void)dbk_fail(err, rc, "%s", none.text);
    dbk_bytes_wipe(&in);
    return rc;
}

static dbk_rc save(dbk_book *book, const waits *w, dbk_err *err)
{
    uint8_t out[WAITS_BYTES_MAX];
    uint8_t *p = out;
    for (size_t i = 0; i < DBK_DEVICE_EVENTS; i++) {
        if (w->rows[i].count == 0)
            continue;
        *p++ = (uint8_t)i;
        p = dbk_wire_put_u32(p, w->rows[i].count);
        p = dbk_wire_put_u64(p, w->rows[i].at_ms);
    }
    return dbk_book_note_put(book, WAITS_NAME, dbk_span_of(out, (size_t)(p - out)), err);
}

dbk_rc dbk_device_log_note(dbk_book *book, const dbk_device_happened *what, dbk_err *err)
{
    waits w;
    DBK_ASSERT(what->event < DBK_DEVICE_EVENTS && what->count > 0);
    dbk_rc rc = load(book, &w, err);
    if (rc != DBK_OK)
        return rc;
    dbk_device_happened *row = &w.rows[what->event];
    uint32_t room = UINT32_MAX - row->count;
    row->count += what->count < room ? what->count : room;
    row->at_ms = what->at_ms;
    return save(book, &w, err);
}

dbk_rc dbk_device_log_now(dbk_book *book, dbk_device_event event, dbk_err *err)
{
    const dbk_device_happened now = { event, 1, book->env->now_ms(book->env->self) };
    return dbk_device_log_note(book, &now, err);
}

/* ---- into the log --------------------------------------------------------------------------- */

/* The first by name that is ordinary; else the first of all. */
static bool find_space(const dbk_book *book, dbk_id *out)
{
    bool found = false, ordinary = false;
    for (size_t i = 0; i < dbk_book_spaces(book) && !ordinary; i++) {
        dbk_id space = dbk_book_space_at(book, i);
        const dbk_space *s = dbk_roster_space(book->roster, &space);
        if (s == NULL || s->is_roster || dbk_book_check_log(book, &space, NULL) != DBK_OK)
            continue;
        ordinary = !s->restricted;
        if (!found || ordinary)
            *out = space;
        found = true;
    }
    return found;
}

static dbk_rc write_entry(dbk_book *book, const dbk_id *space, const dbk_device_happened *row,
                          dbk_err *err)
{
    char what[WHAT_SIZE], at[DBK_TIME_TEXT_SIZE];
    uint64_t now_ms = book->env->now_ms(book->env->self);
    bool soon = now_ms >= row->at_ms && now_ms - row->at_ms < SOON_MS;
    dbk_time_print(at, (int64_t)row->at_ms);
    (void)snprintf(what, sizeof(what), "%s%s%s", kinds[row->event].what,
                   soon ? "" : ", the last at ", soon ? "" : at);
    const dbk_audit_entry entry = {
        .op = kinds[row->event].op, .space = *space, .what = what, .count = row->count
    };
    return dbk_audit_log(book, &entry, err);
}

dbk_rc dbk_device_log_settle(dbk_book *book, bool *left, dbk_err *err)
{
    waits w;
    dbk_id space = { { 0 } };
    dbk_rc rc = load(book, &w, err);
    bool any = false;
    *left = false;
    for (size_t i = 0; rc == DBK_OK && i < DBK_DEVICE_EVENTS; i++)
        any = any || w.rows[i].count > 0;
    if (!any)
        return rc;
    *left = book->link.stage != DBK_ORG_MEMBER || book->roster == NULL || !find_space(book, &space);
    for (size_t i = 0; rc == DBK_OK && !*left && i < DBK_DEVICE_EVENTS; i++) {
        if (w.rows[i].count == 0)
            continue;
        rc = write_entry(book, &space, &w.rows[i], err);
        w.rows[i].count = 0;
        if (rc == DBK_OK)
            rc = save(book, &w, err);
    }
    return rc;
}
