/* Headquarters' word about each space's log, to the relay, which passes it on. */
#include <stdio.h>

#include "core/base/alloc.h"
#include "core/journal/outbox.h"
#include "core/journal/witness.h"
#include "sync/driver/line.h"
#include "sync/engine/msg.h"

#define TARGET_MAX 80u

static dbk_rc post(dbk_line *line, const dbk_id *space, dbk_span note, dbk_err *err)
{
    char target[TARGET_MAX], hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, space);
    (void)snprintf(target, sizeof(target), "/v1/spaces/%s/cosign", hex);
    dbk_call call = { .method = "POST",
                      .target = target,
                      .content_type = "application/octet-stream",
                      .body = note,
                      .has_body = true,
                      .answer_max = DBK_CONTROL_BYTES_MAX };
    return dbk_line_ask(line, &call, err);
}

/* A checkpoint that the relay signed, of a log that it hasn't got: one of the two is a lie. An
 * honest relay says so of a word that is older than one which this key gave: then there are two of
 * it. */
static dbk_rc contradicted(dbk_err *why)
{
    dbk_err_clear(why);
    return dbk_fail(
        why, DBK_PEER,
        "the relay does not take it: it holds another log than it showed here, or there "
        "is a copy of this device");
}

/* The note is durable before it is sent, so that a lost answer only means the same bytes again. */
static dbk_rc say(dbk_line *line, uint64_t *said, const dbk_id *space, dbk_err *err)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_err why = { 0 };
    dbk_bytes note = DBK_BYTES_INIT(DBK_COSIGNED_NOTE_BYTES_MAX);
    dbk_rc rc = dbk_witness_word(line->book, &note, space, &why);
    bool nothing = rc == DBK_NOT_FOUND;
    if (rc == DBK_OK)
        rc = post(line, space, dbk_bytes_span(&note), &why);
    if (rc == DBK_CONFLICT)
        rc = contradicted(&why);
    if (rc == DBK_OK)
        rc = dbk_witness_posted(line->book, space, &why);
    *said += rc == DBK_OK ? 1 : 0;
    dbk_bytes_wipe(&note);
    if (rc == DBK_OK || nothing)
        return DBK_OK;
    dbk_id_hex(hex, space);
    return dbk_fail(err, rc, "space %.8s: headquarters' word about it: %s", hex, why.text);
}

dbk_rc dbk_line_cosign_due(dbk_line *line, uint64_t *said, dbk_err *err)
{
    dbk_position *spaces = NULL;
    size_t count = 0;
    dbk_err first = { 0 };
    *said = 0;
    dbk_rc rc = dbk_outbox_positions(line->book, &spaces, &count, err);
    if (rc != DBK_OK)
        return rc;
    for (size_t i = 0; i < count && rc != DBK_UNREACHABLE; i++)
        rc = say(line, said, &spaces[i].space, &first);
    dbk_free(spaces);
    return first.rc == DBK_OK ? DBK_OK : dbk_fail(err, first.rc, "%s", first.text);
}
