/* Bodies that relays have let go of (decision 0041): who lacks some says so, and who holds them
 * brings them. That one isn't heard, or can't bring any, is nothing:
 * it is said, and asked for, again with the next sync. */
#include <string.h>

#include "core/base/wire.h"
#include "core/journal/refill.h"
#include "sync/driver/line.h"
#include "sync/engine/msg.h"
#include "sync/engine/retry.h"

#define NOTE_PREFIX "wanted."
#define NOTE_SIZE (sizeof(NOTE_PREFIX) + DBK_ID_HEX_SIZE)
#define BATCH_BYTES 900000u
#define BATCHES_MAX 64u /* in one sync */
#define BINARY "application/octet-stream"

static dbk_rc post(dbk_line *line, const dbk_id *space, const char *what, dbk_span body,
                   dbk_err *err)
{
    char target[DBK_LINE_TARGET_SIZE];
    dbk_line_target(target, space, what);
    const dbk_call call = { .method = "POST",
                            .target = target,
                            .content_type = BINARY,
                            .body = body,
                            .has_body = true,
                            .answer_max = DBK_CONTROL_BYTES_MAX };
    return dbk_line_ask(line, &call, err);
}

/* What was said last, so that it can be taken back: a note of the book. */
static dbk_rc said_get(dbk_book *book, dbk_lacks *out, const dbk_id *space, dbk_err *err)
{
    char name[NOTE_SIZE] = NOTE_PREFIX;
    dbk_err absent = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(1);
    dbk_id_hex(name + sizeof(NOTE_PREFIX) - 1, space);
    dbk_rc rc = dbk_book_note_get(book, name, &value, &absent);
    *out = rc == DBK_OK && value.len == 1 ? (dbk_lacks)value.p[0] : DBK_LACKS_NOTHING;
    dbk_bytes_wipe(&value);
    return rc == DBK_OK || rc == DBK_NOT_FOUND ? DBK_OK : dbk_fail(err, rc, "%s", absent.text);
}

static dbk_rc said_put(dbk_book *book, dbk_lacks lacks, const dbk_id *space, dbk_err *err)
{
    char name[NOTE_SIZE] = NOTE_PREFIX;
    const uint8_t value = (uint8_t)lacks;
    dbk_id_hex(name + sizeof(NOTE_PREFIX) - 1, space);
    return dbk_book_note_put(book, name, dbk_span_of(&value, 1), err);
}

static dbk_rc say(dbk_line *line, const dbk_id *space, uint64_t from, dbk_err *err)
{
    uint8_t body[DBK_WANTED_BYTES];
    dbk_err why = { 0 };
    (void)dbk_wire_put_u64(body, from);
    dbk_rc rc = post(line, space, "/wanted", dbk_span_of(body, sizeof(body)), &why);
    return dbk_retry_is_local(rc) ? dbk_fail(err, rc, "%s", why.text) : DBK_OK;
}

dbk_rc dbk_line_lacks(dbk_line *line, dbk_lacks what, const dbk_id *space, uint64_t from,
                      dbk_err *err)
{
    dbk_rc rc = said_put(line->book, what, space, err);
    return rc == DBK_OK ? say(line, space, from, err) : rc;
}

dbk_rc dbk_line_lacks_nothing(dbk_line *line, dbk_lacks what, const dbk_id *space, dbk_err *err)
{
    dbk_lacks said;
    dbk_rc rc = said_get(line->book, &said, space, err);
    if (rc != DBK_OK || said != what)
        return rc;
    rc = say(line, space, DBK_WANTED_NOTHING, err);
    return rc == DBK_OK ? said_put(line->book, DBK_LACKS_NOTHING, space, err) : rc;
}

static dbk_rc add_body(void *ctx, const dbk_refill_entry *entry, dbk_err *err)
{
    dbk_range_item item = { entry->receipt_ms, true, entry->segment };
    return dbk_range_add(ctx, &item, err);
}

/* *from: what is wanted next; DBK_NOT_FOUND: nothing more, or it isn't here. */
static dbk_rc bring_batch(dbk_line *line, uint64_t *segments, const dbk_id *space, uint64_t *from,
                          dbk_err *err)
{
    dbk_refill_batch found;
    const dbk_refill_opts opts = { *from, DBK_PUSH_SEGMENTS_MAX, BATCH_BYTES };
    dbk_bytes items = DBK_BYTES_INIT(DBK_RANGE_BYTES_MAX),
              body = DBK_BYTES_INIT(DBK_RANGE_BYTES_MAX);
    dbk_rc rc = dbk_refill_bodies(line->book, &found, space, &opts, add_body, &items, err);
    if (rc == DBK_OK && found.count == 0)
        rc = DBK_NOT_FOUND;
    const dbk_range range = { .from = found.from,
                              .count = found.count,
                              .checkpoint = found.checkpoint };
    if (rc == DBK_OK)
        rc = dbk_range_begin(&body, &range, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&body, dbk_bytes_span(&items), err);
    if (rc == DBK_OK)
        rc = post(line, space, "/bodies", dbk_bytes_span(&body), err);
    *segments += rc == DBK_OK ? found.count : 0;
    if (rc == DBK_OK && dbk_line_answer(line)->status != 200)
        rc = DBK_NOT_FOUND;
    if (rc == DBK_OK)
        rc = dbk_posted_decode(from, dbk_bytes_span(&dbk_line_answer(line)->body), err);
    dbk_bytes_wipe(&items);
    dbk_bytes_wipe(&body);
    return rc;
}

dbk_rc dbk_line_bring(dbk_line *line, uint64_t *segments, const dbk_id *space, uint64_t from,
                      dbk_err *err)
{
    dbk_err why = { 0 };
    dbk_rc rc = DBK_OK;
    for (unsigned i = 0; i < BATCHES_MAX && rc == DBK_OK; i++)
        rc = bring_batch(line, segments, space, &from, &why);
    return dbk_retry_is_local(rc) ? dbk_fail(err, rc, "%s", why.text) : DBK_OK;
}
