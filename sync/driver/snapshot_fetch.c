/* The notes that a snapshot left out, from the relay's log (decision 0039). */
#include <stdio.h>

#include "core/journal/floor.h"
#include "core/journal/inbox.h"
#include "sync/driver/line.h"
#include "sync/driver/sync.h"
#include "sync/engine/msg.h"

#define TARGET_MAX 120u
#define RANGE_BYTES 1000000u

static dbk_rc ask(dbk_line *line, const dbk_id *space, uint64_t from, dbk_err *err)
{
    char target[TARGET_MAX], hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, space);
    (void)snprintf(target, sizeof(target), "/v1/spaces/%s/segments?from=%llu&bytes=%u", hex,
                   (unsigned long long)from, RANGE_BYTES);
    const dbk_call call = { .method = "GET",
                            .target = target,
                            .answer_max = DBK_RESPONSE_BYTES_MAX };
    return dbk_line_ask(line, &call, err);
}

/* Each body is compared with the header that is here; what fits no header is nobody's. */
static dbk_rc take_range(dbk_line *line, uint64_t *from, uint64_t end, dbk_err *err)
{
    dbk_range range;
    dbk_range_item item;
    dbk_rc rc = dbk_range_decode(&range, dbk_bytes_span(&dbk_line_answer(line)->body), err);
    if (rc == DBK_OK && (range.from != *from || range.count == 0))
        rc = dbk_fail(err, DBK_PEER, "the relay sent other entries than it was asked for");
    for (uint32_t i = 0; rc == DBK_OK && i < range.count && *from < end; i++) {
        dbk_inbox_stats stats;
        rc = dbk_range_next(&range, &item, err);
        if (rc == DBK_OK && item.has_body)
            rc = dbk_inbox_carried(line->book, &stats, &item.segment, err);
        *from += rc == DBK_OK ? 1 : 0;
    }
    return rc;
}

dbk_rc dbk_driver_snapshot_fetch(dbk_book *book, const dbk_transport *t, const dbk_id *space,
                                 dbk_snapshot_begun *left, const dbk_progress *progress,
                                 dbk_err *err)
{
    dbk_line line;
    dbk_watch watch = { .progress = progress };
    dbk_rc rc = dbk_snapshot_begun_with(book, left, space, err);
    if (rc != DBK_OK || left->size == 0)
        return rc;
    uint64_t from = left->first_bare;
    rc = dbk_line_open(&line, book, t, err);
    while (rc == DBK_OK && from < left->bare_end) {
        rc = ask(&line, space, from, err);
        if (rc == DBK_OK)
            rc = take_range(&line, &from, left->bare_end, err);
        dbk_watch_tell(&watch, "fetch", from, left->bare_end);
    }
    if (rc == DBK_PENDING && from < dbk_floor_now(book, space)) {
        dbk_err_clear(err);
        rc = dbk_line_lacks(&line, DBK_LACKS_BODIES, space, from, err);
        if (rc == DBK_OK)
            rc = dbk_fail(err, DBK_PENDING, DBK_FLOOR_LET_GO);
    } else if (rc == DBK_OK) {
        rc = dbk_line_lacks_nothing(&line, DBK_LACKS_BODIES, space, err);
    }
    dbk_line_close(&line);
    return rc == DBK_OK ? dbk_snapshot_begun_with(book, left, space, err) : rc;
}
