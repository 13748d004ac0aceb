/* whoami: whose device this is, and what it may do. */
#include <jansson.h>

#include "cli/cmd.h"
#include "cli/render.h"

/* From the least to the most of what there is to see and do. */
static const dbk_role ranks[] = { DBK_ROLE_WRITER,     DBK_ROLE_GUEST,   DBK_ROLE_OFFICER,
                                  DBK_ROLE_SUPERVISOR, DBK_ROLE_AUDITOR, DBK_ROLE_HQ,
                                  DBK_ROLE_ADMIN };

static size_t rank(dbk_role role)
{
    for (size_t i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++)
        if (ranks[i] == role)
            return i + 1;
    return 0;
}

static json_t *space_json(cli *c, const dbk_id *space, const dbk_standing *mine)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, space);
    return json_pack("{s:s, s:s, s:s, s:b, s:b}", "id", hex, "name", cli_space_name(c, space),
                     "role", dbk_role_name(mine->role), "restricted",
                     (int)dbk_book_is_restricted(c->book, space), "over", (int)mine->over);
}

dbk_rc cmd_whoami(cli *c, const cli_args *a, dbk_err *err)
{
    char hex[DBK_ID_HEX_SIZE];
    const dbk_id device = dbk_book_device(c->book);
    const dbk_roster *roster = dbk_book_roster(c->book);
    const dbk_member *me = roster == NULL ? NULL : dbk_roster_device(roster, &device);
    dbk_role strongest = me == NULL ? DBK_ROLE_NONE : me->role;
    json_t *spaces = json_array();
    (void)a;
    dbk_id_hex(hex, &device);
    for (size_t i = 0; i < dbk_book_spaces(c->book); i++) {
        dbk_id space = dbk_book_space_at(c->book, i);
        dbk_standing mine = dbk_book_standing(c->book, &space);
        if (!mine.over && rank(mine.role) > rank(strongest))
            strongest = mine.role;
        (void)json_array_append_new(spaces, space_json(c, &space, &mine));
    }
    const char *name = me == NULL ? "" : cli_device_name(c, &device);
    dbk_rc rc = DBK_OK;
    if (c->format == OUT_JSON)
        rc = out_json_take(json_pack("{s:s, s:s, s:s, s:O}", "name", name, "device", hex, "role",
                                     dbk_role_name(strongest), "spaces", spaces),
                           err);
    else
        out_text("%s (%s), device %s\n", name, dbk_role_name(strongest), hex);
    json_decref(spaces);
    return rc;
}
