#include "cli/recovery.h"

#include <jansson.h>
#include <string.h>

#include "cli/render.h"
#include "cli/words.h"

/* What was told: the print of the key in the slot (zeros: none), and the time of the last opening.
 */
#define TOLD_NAME "recovery-told"
#define TOLD_BYTES 24u

#define CAN_OPEN                                                                            \
    "Headquarters can open this store without your passphrase, when enough keepers of its " \
    "recovery key bring their shares together."
#define THEN_REKEY                                                                            \
    "Whoever did it may know the key of this store: run `daybook passphrase`, then `daybook " \
    "rekey`."

static uint64_t last_opening(const dbk_recovery *r)
{
    return r->openings_count == 0 ? 0 : r->openings[r->openings_count - 1].at_ms;
}

static const char *print_of(const dbk_id *print)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, print);
    return out_safe_str(hex);
}

static void told_of(uint8_t out[TOLD_BYTES], const dbk_recovery *r)
{
    uint64_t at_ms = last_opening(r);
    memcpy(out, r->print.b, DBK_ID_BYTES);
    for (size_t i = 0; i < 8; i++)
        out[DBK_ID_BYTES + i] = (uint8_t)(at_ms >> (56 - 8 * i));
}

static void tell_slot(const dbk_recovery *r)
{
    if (r->there)
        out_note("! " CAN_OPEN " Recovery key: %s", print_of(&r->print));
    else
        out_note("Headquarters can't open this store without your passphrase any more.");
}

static void tell_news(cli *c, const dbk_recovery *r)
{
    static const uint8_t nothing[TOLD_BYTES];
    dbk_bytes told = DBK_BYTES_INIT(TOLD_BYTES);
    uint8_t now[TOLD_BYTES];
    told_of(now, r);
    if (dbk_book_note_get(c->book, TOLD_NAME, &told, NULL) != DBK_OK || told.len != TOLD_BYTES) {
        dbk_bytes_wipe(&told);
        (void)!dbk_bytes_append(&told, dbk_span_of(nothing, TOLD_BYTES), NULL);
    }
    if (told.len == TOLD_BYTES && memcmp(told.p, now, TOLD_BYTES) != 0) {
        if (memcmp(told.p, now, DBK_ID_BYTES) != 0)
            tell_slot(r);
        if (memcmp(told.p + DBK_ID_BYTES, now + DBK_ID_BYTES, 8) != 0)
            out_note("! This store was opened with headquarters' recovery key on %s. " THEN_REKEY,
                     cli_time((int64_t)last_opening(r)));
        (void)!dbk_book_note_put(c->book, TOLD_NAME, dbk_span_of(now, TOLD_BYTES), NULL);
    }
    dbk_bytes_wipe(&told);
}

void cli_recovery_settle(cli *c)
{
    dbk_err why = { 0 };
    dbk_recovery r;
    dbk_rc rc = dbk_recovery_settle(c->book, &why);
    if (rc == DBK_OK)
        rc = dbk_recovery_look(c->book, &r, &why);
    if (c->format == OUT_JSON) /* notes aren't read there: they wait for a person */
        return;
    if (rc == DBK_OK)
        tell_news(c, &r);
    else
        out_note("! The key slot for headquarters' recovery: %s", out_safe_str(why.text));
}

dbk_rc cli_recovery_print(cli *c, dbk_err *err)
{
    dbk_recovery r;
    dbk_rc rc = dbk_recovery_look(c->book, &r, err);
    if (rc != DBK_OK)
        return rc;
    if (r.there)
        out_text(CAN_OPEN "\n  recovery key: %s\n", print_of(&r.print));
    for (size_t i = 0; i < r.openings_count; i++)
        out_text("! Opened with recovery key %s on %s\n", print_of(&r.openings[i].print),
                 cli_time((int64_t)r.openings[i].at_ms));
    if (r.rekey_due)
        out_text("! " THEN_REKEY "\n");
    return DBK_OK;
}

dbk_rc cli_recovery_json(json_t **out, cli *c, dbk_err *err)
{
    dbk_recovery r;
    json_t *openings = json_array();
    dbk_rc rc = dbk_recovery_look(c->book, &r, err);
    for (size_t i = 0; rc == DBK_OK && i < r.openings_count; i++)
        (void)json_array_append_new(
            openings, json_pack("{s:o, s:s}", "time", cli_time_json((int64_t)r.openings[i].at_ms),
                                "recovery_key", print_of(&r.openings[i].print)));
    if (rc != DBK_OK) {
        json_decref(openings);
        return rc;
    }
    *out = json_pack("{s:b, s:b, s:s?, s:o, s:b}", "wanted", (int)r.wanted, "there", (int)r.there,
                     "recovery_key", r.there ? print_of(&r.print) : NULL, "opened", openings,
                     "rekey_due", (int)r.rekey_due);
    return DBK_OK;
}
