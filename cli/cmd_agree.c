/* What needs a second administrator: org proposals, org agree, org decline. */
#include <jansson.h>
#include <string.h>

#include "cli/change.h"
#include "cli/cmd.h"
#include "cli/dispose.h"
#include "cli/floor.h"
#include "cli/render.h"
#include "cli/words.h"

#define SHOWN_NOTE "proposals-shown"
#define SHOWN_MAX 64u
#define TYPED_DIGITS_LEAST 6u
#define SHORT_DIGITS 8

/* ---- nobody signs what they haven't seen ------------------------------------------------- */

/* The ids of what was shown on this device last. The short id that a person types is no proof: who
 * proposes could look for two entries that share it. */
typedef struct shown {
    dbk_id ids[SHOWN_MAX];
    size_t count;
} shown;

static dbk_rc shown_keep(const cli *c, const shown *s, dbk_err *err)
{
    return dbk_book_note_put(c->book, SHOWN_NOTE, dbk_span_of(s->ids, s->count * sizeof(s->ids[0])),
                             err);
}

static dbk_rc shown_check(const cli *c, const dbk_id *id, dbk_err *err)
{
    dbk_bytes kept = DBK_BYTES_INIT(SHOWN_MAX * sizeof(dbk_id));
    bool found = false;
    if (dbk_book_note_get(c->book, SHOWN_NOTE, &kept, NULL) == DBK_OK) {
        for (size_t at = 0; at + sizeof(*id) <= kept.len; at += sizeof(*id))
            found = found || memcmp(kept.p + at, id->b, sizeof(*id)) == 0;
    }
    dbk_bytes_wipe(&kept);
    if (!found)
        return dbk_fail(err, DBK_CONFLICT, "look at what it would do first: daybook org proposals");
    return DBK_OK;
}

/* ---- org proposals ----------------------------------------------------------------------- */

typedef struct listing {
    cli *c;
    json_t *rows;
    shown shown;
    size_t count;
} listing;

static dbk_rc say_proposal(cli *c, const dbk_proposal *p, const char *who, const char *what,
                           const char *hex, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    out_text("%.*s  %s asks to %s.\n", SHORT_DIGITS, hex, who, what);
    out_text("          Claimed time: %s.\n", cli_time((int64_t)p->decoded.entry.time_ms));
    if (p->decoded.entry.kind == DBK_ENTRY_DISPOSE)
        rc = cli_dispose_say(c, p, err);
    if (p->decoded.entry.kind == DBK_ENTRY_FLOOR)
        rc = cli_floor_say(c, p, err);
    if (p->mine)
        out_text("          It waits for another administrator.\n");
    else
        out_text("          To sign just this: daybook org agree %.*s; or: daybook org decline "
                 "%.*s\n",
                 SHORT_DIGITS, hex, SHORT_DIGITS, hex);
    return rc;
}

static dbk_rc show_proposal(void *ctx, const dbk_proposal *p, dbk_span entry, dbk_err *err)
{
    listing *l = ctx;
    char hex[DBK_ID_HEX_SIZE];
    dbk_bytes what = DBK_BYTES_INIT(CLI_CHANGE_BYTES_MAX),
              who = DBK_BYTES_INIT(CLI_CHANGE_BYTES_MAX);
    (void)entry;
    dbk_id_hex(hex, &p->id);
    dbk_rc rc = cli_change_words(&what, l->c, &p->change, CLI_CHANGE_ASKED, err);
    if (rc == DBK_OK)
        rc = cli_change_signers(&who, l->c, &p->change, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(&what, 0, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(&who, 0, err);
    if (rc == DBK_OK && l->shown.count < SHOWN_MAX)
        l->shown.ids[l->shown.count++] = p->id;
    l->count++;
    if (rc == DBK_OK && l->c->format == OUT_JSON)
        (void)json_array_append_new(
            l->rows,
            json_pack("{s:s, s:s, s:s, s:s, s:o, s:b}", "proposal", hex, "kind",
                      cli_change_code(p->decoded.entry.kind), "text", (char *)what.p, "proposed_by",
                      (char *)who.p, "claimed", cli_time_json((int64_t)p->decoded.entry.time_ms),
                      "mine", (int)p->mine));
    else if (rc == DBK_OK)
        rc = say_proposal(l->c, p, (char *)who.p, (char *)what.p, hex, err);
    dbk_bytes_wipe(&what);
    dbk_bytes_wipe(&who);
    return rc;
}

dbk_rc cmd_org_proposals(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_transport t = { 0 };
    listing l = { .c = c, .rows = json_array() };
    (void)a;
    dbk_rc rc = dbk_driver_connect(&t, c->book, err);
    if (rc == DBK_OK)
        rc = dbk_driver_proposals(c->book, &t, show_proposal, &l, err);
    dbk_transport_close(&t);
    if (rc == DBK_OK)
        rc = shown_keep(c, &l.shown, err);
    if (rc == DBK_OK && c->format == OUT_JSON)
        rc = out_json_take(json_incref(l.rows), err);
    else if (rc == DBK_OK && l.count == 0)
        out_text("Nothing waits for a second administrator.\n");
    json_decref(l.rows);
    return rc;
}

/* ---- org agree, org decline -------------------------------------------------------------- */

/* The one proposal that a typed number means, copied. */
typedef struct search {
    const char *typed;
    size_t found;
    dbk_bytes entry;
} search;

static dbk_rc match(void *ctx, const dbk_proposal *p, dbk_span entry, dbk_err *err)
{
    search *s = ctx;
    char hex[DBK_ID_HEX_SIZE];
    size_t len = strlen(s->typed);
    dbk_id_hex(hex, &p->id);
    if (len < TYPED_DIGITS_LEAST || strncmp(hex, s->typed, len) != 0)
        return DBK_OK;
    s->found++;
    dbk_bytes_truncate(&s->entry, 0);
    return dbk_bytes_append(&s->entry, entry, err);
}

static dbk_rc find(search *s, cli *c, dbk_transport *t, dbk_err *err)
{
    dbk_rc rc = dbk_driver_proposals(c->book, t, match, s, err);
    if (rc != DBK_OK)
        return rc;
    if (s->found == 0)
        return dbk_fail(err, DBK_NOT_FOUND,
                        "no such proposal waits; the organisation may have changed meanwhile: "
                        "daybook org proposals");
    if (s->found > 1)
        return dbk_fail(err, DBK_CONFLICT, "%zu proposals begin so: give more digits", s->found);
    return DBK_OK;
}

typedef dbk_rc (*decide_fn)(cli *c, dbk_transport *t, const dbk_proposal *p, dbk_span entry,
                            dbk_err *err);

static dbk_rc decide(cli *c, const cli_args *a, decide_fn fn, const char *state, dbk_err *err)
{
    dbk_transport t = { 0 };
    dbk_proposal p = { .lacking = 0 };
    search s = { a->positional[0], 0, DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX) };
    char hex[DBK_ID_HEX_SIZE] = "";
    dbk_rc rc = dbk_driver_connect(&t, c->book, err);
    if (rc == DBK_OK)
        rc = find(&s, c, &t, err);
    if (rc == DBK_OK)
        rc = dbk_proposal_open(&p, c->book, dbk_bytes_span(&s.entry), err);
    dbk_id_hex(hex, &p.id);
    if (rc == DBK_OK)
        rc = fn(c, &t, &p, dbk_bytes_span(&s.entry), err);
    dbk_transport_close(&t);
    dbk_proposal_wipe(&p);
    dbk_bytes_wipe(&s.entry);
    if (rc == DBK_OK && c->format == OUT_JSON)
        rc = out_json_take(json_pack("{s:s, s:s}", "proposal", hex, "state", state), err);
    return rc;
}

/* What is still to be done, and by whom. */
static void say_signed(const dbk_proposal *p, const dbk_bytes *what)
{
    out_text("Signed and done: %.*s.\n", (int)what->len, (const char *)what->p);
    if (p->decoded.entry.kind == DBK_ENTRY_ENROL)
        out_text(
            "It gets its spaces from whoever proposed it, who gives the command again: daybook "
            "org approve\n");
    out_text("The others have it after their next sync; every member sees it: daybook org log\n");
}

static dbk_rc agree(cli *c, dbk_transport *t, const dbk_proposal *p, dbk_span entry, dbk_err *err)
{
    dbk_bytes what = DBK_BYTES_INIT(CLI_CHANGE_BYTES_MAX);
    dbk_rc rc = shown_check(c, &p->id, err);
    if (rc == DBK_OK && p->decoded.entry.kind == DBK_ENTRY_DISPOSE)
        rc = cli_dispose_check(c, p, err);
    if (rc == DBK_OK && p->decoded.entry.kind == DBK_ENTRY_FLOOR)
        rc = cli_floor_check(c, t, p, err);
    if (rc == DBK_OK)
        rc = cli_change_words(&what, c, &p->change, CLI_CHANGE_ASKED, err);
    if (rc == DBK_OK)
        rc = dbk_driver_agree(c->book, t, entry, err);
    if (rc == DBK_OK && c->format == OUT_TEXT)
        say_signed(p, &what);
    dbk_bytes_wipe(&what);
    return rc;
}

dbk_rc cmd_org_agree(cli *c, const cli_args *a, dbk_err *err)
{
    return decide(c, a, agree, "agreed", err);
}

static dbk_rc decline(cli *c, dbk_transport *t, const dbk_proposal *p, dbk_span entry, dbk_err *err)
{
    (void)entry;
    dbk_rc rc = dbk_driver_decline(c->book, t, p, err);
    if (rc == DBK_OK && c->format == OUT_TEXT)
        out_text("%s\n", p->mine ? "Taken back."
                                 : "Declined; the one who proposed it is told at their next sync.");
    return rc;
}

dbk_rc cmd_org_decline(cli *c, const cli_args *a, dbk_err *err)
{
    return decide(c, a, decline, "declined", err);
}
