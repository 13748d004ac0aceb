#include "cli/looks.h"

#include <string.h>

#include "core/base/alloc.h"

#define FIRST_ROOM 64u

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
    dbk_id *ids = dbk_alloc_array(room, sizeof(ids[0]));
    if (ids == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the log");
    if (s->named > 0)
        memcpy(ids, s->ids, s->named * sizeof(ids[0]));
    dbk_free(s->ids);
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

/* As many entries as it takes to name them all. */
static dbk_rc log_space(cli *c, const cli_looks_space *s, const dbk_audit_entry *how, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t at = 0; rc == DBK_OK && at < s->named;) {
        dbk_audit_entry entry = *how;
        size_t left = s->named - at;
        bool logged;
        entry.space = s->space;
        entry.records = s->ids + at;
        entry.records_count = left < DBK_AUDIT_RECORDS_MAX ? left : DBK_AUDIT_RECORDS_MAX;
        entry.count = entry.records_count;
        rc = dbk_audit_log(c->book, &logged, &entry, err);
        at += entry.records_count;
    }
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

dbk_rc cli_look(cli *c, const dbk_note *note, const char *what, dbk_err *err)
{
    bool logged;
    const dbk_audit_entry entry = { .op = DBK_AUDIT_CONSULTATION,
                                    .space = note->space,
                                    .what = what,
                                    .records = &note->record,
                                    .records_count = 1,
                                    .count = 1 };
    return dbk_audit_log(c->book, &logged, &entry, err);
}
