#include "cli/looks.h"

#include <stdio.h>

#include "core/base/alloc.h"

#define FIRST_ROOM 64u
#define AS_FILE ", saved as a file"

static cli_looks_space *space_of(cli_looks *looks, const dbk_id *space)
{
    for (size_t i = 0; i < looks->count; i++)
        if (dbk_id_equal(&looks->spaces[i].space, space))
            return &looks->spaces[i];
    if (looks->count == CLI_LOOKS_SPACES_MAX)
        return NULL;
    looks->spaces[looks->count].space = *space;
    return &looks->spaces[looks->count++];
}

static dbk_rc make_room(cli_looks_space *s, dbk_err *err)
{
    size_t room = s->room == 0 ? FIRST_ROOM : 2 * s->room;
    if (s->named < s->room)
        return DBK_OK;
    dbk_id *ids = dbk_realloc(s->ids, room * sizeof(ids[0]));
    if (ids == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the log");
    s->ids = ids;
    s->room = room;
    return DBK_OK;
}

dbk_rc cli_looks_add(cli_looks *looks, const dbk_id *space, const dbk_id *record, dbk_err *err)
{
    cli_looks_space *s = space_of(looks, space);
    if (s == NULL)
        return dbk_fail(err, DBK_LIMIT,
                        "records of more than %u spaces at once; name one by "
                        "--space",
                        CLI_LOOKS_SPACES_MAX);
    dbk_rc rc = make_room(s, err);
    if (rc == DBK_OK)
        s->ids[s->named++] = *record;
    s->count++;
    return rc;
}

static dbk_rc write_one(cli *c, const dbk_audit_entry *how, const cli_looks_space *s, size_t at,
                        size_t named, dbk_err *err)
{
    dbk_audit_entry entry = *how;
    entry.space = s->space;
    entry.records = s->named > 0 ? s->ids + at : NULL;
    entry.records_count = named;
    entry.count = s->named > 0 ? named : s->count;
    /* What somebody looks for in a restricted space is nobody's business in the others. */
    if (entry.op == DBK_AUDIT_CONSULTATION && !dbk_book_is_restricted(c->book, &s->space))
        entry.reason = NULL;
    return dbk_audit_log(c->book, &entry, err);
}

/* As many entries as it takes to name them all; or one that only counts. */
static dbk_rc log_space(cli *c, const cli_looks_space *s, const dbk_audit_entry *how, dbk_err *err)
{
    size_t at = 0;
    dbk_rc rc;
    do {
        size_t left = s->named - at;
        size_t named = left < DBK_AUDIT_RECORDS_MAX ? left : DBK_AUDIT_RECORDS_MAX;
        rc = write_one(c, how, s, at, named, err);
        at += named;
    } while (rc == DBK_OK && at < s->named);
    return rc;
}

dbk_rc cli_looks_log(cli *c, const cli_looks *looks, const dbk_audit_entry *how, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < looks->count; i++)
        rc = log_space(c, &looks->spaces[i], how, err);
    return rc;
}

void cli_looks_wipe(cli_looks *looks)
{
    for (size_t i = 0; i < looks->count; i++)
        dbk_free(looks->spaces[i].ids);
    looks->count = 0;
}

void cli_looks_device(const cli *c)
{
    dbk_err why = { 0 };
    bool left = false;
    if (dbk_device_log_settle(c->book, &left, &why) != DBK_OK && c->format == OUT_TEXT)
        out_note("! What happened to this device is not in the log of use yet: %s",
                 out_safe_str(why.text));
}

/* ---- one record ---------------------------------------------------------------------------- */

dbk_rc cli_looks_allowed(cli *c, const dbk_id *space, dbk_err *err)
{
    if (c->reason != NULL || !dbk_book_is_restricted(c->book, space))
        return DBK_OK;
    c->wants_reason = c->wants_reason || err != NULL;
    return dbk_fail(err, DBK_USAGE,
                    "that is in a restricted space: say why you look at it, with --reason; it goes "
                    "into the log of that space");
}

dbk_rc cli_look(cli *c, const dbk_note *note, const char *what, dbk_err *err)
{
    bool restricted = dbk_book_is_restricted(c->book, &note->space);
    const dbk_audit_entry entry = { .op = DBK_AUDIT_CONSULTATION,
                                    .space = note->space,
                                    .what = what,
                                    .records = &note->record,
                                    .records_count = 1,
                                    .count = 1,
                                    .reason = restricted ? c->reason : NULL };
    dbk_rc rc = cli_looks_allowed(c, &note->space, err);
    if (rc == DBK_OK)
        rc = dbk_audit_log(c->book, &entry, err);
    if (rc == DBK_OK && restricted)
        c->opened = note->space;
    return rc;
}

/* ---- lists --------------------------------------------------------------------------------- */

bool cli_shows(cli *c, const dbk_id *space)
{
    DBK_ASSERT(c->looks != NULL);
    if (c->reason == NULL && dbk_book_is_restricted(c->book, space))
        return false;
    cli_looks_space *s = space_of(c->looks, space);
    c->looks->over = c->looks->over || s == NULL;
    if (s != NULL)
        s->count++;
    return s != NULL;
}

void cli_looks_call(cli *c, const char *name, const char *form)
{
    (void)snprintf(c->looks->what, sizeof(c->looks->what), "%s%s%s", name, form == NULL ? "" : " ",
                   form == NULL ? "" : form);
}

bool cli_leaves_out(const cli *c)
{
    const dbk_roster *roster = dbk_book_roster(c->book);
    for (size_t i = 0; c->reason == NULL && roster != NULL && i < dbk_roster_spaces(roster); i++) {
        const dbk_space *s = dbk_roster_space_at(roster, i);
        if (s->restricted && dbk_book_may_read(c->book, &s->space))
            return true;
    }
    return false;
}

static bool saves;

void cli_looks_save(void)
{
    saves = true;
}

dbk_rc cli_looks_end(cli *c, const char *name, dbk_err *err)
{
    char what[CLI_LOOKS_WHAT_SIZE + sizeof(AS_FILE)];
    (void)snprintf(what, sizeof(what), "%s%s", c->looks->what[0] == '\0' ? name : c->looks->what,
                   saves ? AS_FILE : "");
    const dbk_audit_entry how = { .op = DBK_AUDIT_CONSULTATION, .what = what, .reason = c->reason };
    if (c->looks->over)
        return dbk_fail(err, DBK_LIMIT, "records of more than %u spaces at once; name one",
                        CLI_LOOKS_SPACES_MAX);
    dbk_rc rc = cli_looks_log(c, c->looks, &how, err);
    if (rc == DBK_OK)
        rc = out_release(err);
    /* Told whether anything is there or not: that is nobody's business who looks over a shoulder.
     */
    if (rc == DBK_OK && c->format == OUT_TEXT && cli_leaves_out(c))
        out_note("Restricted spaces are left out; with --reason TEXT they are shown too.");
    return rc;
}
