/* How high a log's floor may be (decision 0041), by what the relay shows. */
#include <stdio.h>
#include <string.h>

#include "core/journal/floor.h"
#include "sync/driver/line.h"
#include "sync/engine/msg.h"
#include "sync/engine/msg_snapshot.h"

#define TARGET_MAX 80u
#define WORDS_BYTES_MAX (DBK_ROSTER_DEVICES_MAX * DBK_REACH_BYTES)

/* The answer's body, copied: the next request takes its place. DBK_NOT_FOUND. */
static dbk_rc fetch(dbk_line *line, dbk_bytes *out, const dbk_id *space, const char *what,
                    dbk_err *err)
{
    char target[TARGET_MAX], hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, space);
    (void)snprintf(target, sizeof(target), "/v1/spaces/%s/%s", hex, what);
    const dbk_call call = { .method = "GET", .target = target, .answer_max = out->max };
    dbk_rc rc = dbk_line_ask(line, &call, err);
    return rc == DBK_OK ? dbk_bytes_append(out, dbk_bytes_span(&dbk_line_answer(line)->body), err)
                        : rc;
}

/* *there: false where there is none, and where nobody could read what it is. */
static dbk_rc fetch_snapshot(dbk_line *line, dbk_bytes *store, dbk_snapshot_in *out, bool *there,
                             const dbk_id *space, dbk_err *err)
{
    dbk_err why = { 0 };
    dbk_snapshot_offer offer;
    memset(out, 0, sizeof(*out));
    dbk_rc rc = fetch(line, store, space, "snapshot", &why);
    *there = rc == DBK_OK &&
             dbk_snapshot_offer_decode(&offer, dbk_bytes_span(store), NULL) == DBK_OK;
    if (rc != DBK_OK && rc != DBK_NOT_FOUND)
        return dbk_fail(err, rc, "%s", why.text);
    if (*there) {
        out->manifest = offer.manifest;
        out->confirmations_count = offer.words_count;
        memcpy(out->confirmations, offer.words, sizeof(offer.words));
    }
    return DBK_OK;
}

static dbk_rc find(dbk_line *line, dbk_floor_place *out, dbk_floor_in *in, dbk_err *err)
{
    dbk_snapshot_in snapshot;
    bool there = false, ours = false;
    dbk_bytes words = DBK_BYTES_INIT(WORDS_BYTES_MAX);
    dbk_bytes offer = DBK_BYTES_INIT(DBK_SNAPSHOT_OFFER_BYTES_MAX);
    dbk_rc rc = dbk_line_catch_up(line, (dbk_span){ NULL, 0 }, &ours, err);
    if (rc == DBK_OK)
        rc = fetch(line, &words, &in->space, "reach", err);
    if (rc == DBK_OK)
        rc = fetch_snapshot(line, &offer, &snapshot, &there, &in->space, err);
    in->words = dbk_bytes_span(&words);
    in->snapshot = there ? &snapshot : NULL;
    if (rc == DBK_OK)
        rc = dbk_floor_find(line->book, out, in, err);
    dbk_bytes_wipe(&words);
    dbk_bytes_wipe(&offer);
    return rc;
}

dbk_rc dbk_driver_floor_find(dbk_book *book, const dbk_transport *t, dbk_floor_place *out,
                             const dbk_id *space, dbk_reached_fn fn, void *ctx, dbk_err *err)
{
    dbk_line line;
    dbk_floor_in in = { .space = *space, .fn = fn, .ctx = ctx };
    const dbk_id device = dbk_book_device(book);
    const dbk_roster *roster = dbk_book_roster(book);
    *out = (dbk_floor_place){ .whole = 0 };
    if (roster == NULL || !dbk_snapshot_may_vouch(roster, &device, space))
        return dbk_fail(err, DBK_DENIED, "only headquarters is told how far devices have a space");
    dbk_rc rc = dbk_line_open(&line, book, t, err);
    if (rc == DBK_OK)
        rc = find(&line, out, &in, err);
    dbk_line_close(&line);
    return rc;
}
