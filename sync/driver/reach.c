/* How far devices have each log (decision 0041): this one's word to the relay that asks for it, and
 * for headquarters what all have said. */
#include "core/journal/reach.h"
#include "sync/driver/line.h"
#include "sync/engine/msg.h"
#include "sync/engine/retry.h"

dbk_rc dbk_line_say_reach(dbk_line *line, const dbk_id *space, dbk_err *err)
{
    uint8_t word[DBK_REACH_BYTES];
    char target[DBK_LINE_TARGET_SIZE];
    dbk_err why = { 0 };
    dbk_line_target(target, space, "/reach");
    const dbk_call call = { .method = "POST",
                            .target = target,
                            .content_type = "application/octet-stream",
                            .body = dbk_span_of(word, sizeof(word)),
                            .has_body = true,
                            .answer_max = DBK_CONTROL_BYTES_MAX };
    dbk_rc rc = dbk_reach_word(line->book, word, space, &why);
    if (rc == DBK_OK)
        rc = dbk_line_ask(line, &call, &why);
    return dbk_retry_is_local(rc) ? dbk_fail(err, rc, "%s", why.text) : DBK_OK;
}

dbk_rc dbk_driver_reaches(dbk_book *book, const dbk_transport *t, const dbk_id *space,
                          dbk_reached_fn fn, void *ctx, dbk_err *err)
{
    dbk_line line;
    char target[DBK_LINE_TARGET_SIZE];
    bool ours = false;
    dbk_line_target(target, space, "/reach");
    const dbk_call call = { .method = "GET",
                            .target = target,
                            .answer_max = DBK_ROSTER_DEVICES_MAX * DBK_REACH_BYTES };
    const dbk_id device = dbk_book_device(book);
    const dbk_roster *roster = dbk_book_roster(book);
    if (roster == NULL || !dbk_snapshot_may_vouch(roster, &device, space))
        return dbk_fail(err, DBK_DENIED, "only headquarters is told how far devices have a space");
    dbk_rc rc = dbk_line_open(&line, book, t, err);
    if (rc == DBK_OK)
        rc = dbk_line_catch_up(&line, (dbk_span){ NULL, 0 }, &ours, err);
    if (rc == DBK_OK)
        rc = dbk_line_ask(&line, &call, err);
    if (rc == DBK_OK)
        rc = dbk_reach_read(book, space, dbk_bytes_span(&dbk_line_answer(&line)->body), fn, ctx,
                            err);
    dbk_line_close(&line);
    return rc;
}
