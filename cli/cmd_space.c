/* Spaces: space create, grant, remove, bar, rotate, list. */
#include <jansson.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/render.h"
#include "cli/when.h"
#include "cli/words.h"

/* DEVICE or DEVICE=ROLE; officer where none is named. */
static dbk_rc take_member(dbk_grant *out, cli *c, const char *typed, dbk_err *err)
{
    char name[CLI_NAME_BYTES_MAX + 1];
    const char *equals = strrchr(typed, '=');
    size_t len = equals != NULL ? (size_t)(equals - typed) : strlen(typed);
    if (len > CLI_NAME_BYTES_MAX)
        return dbk_fail(err, DBK_USAGE, "the name of a device is too long");
    memcpy(name, typed, len);
    name[len] = '\0';
    out->role = equals != NULL ? dbk_role_parse(equals + 1) : DBK_ROLE_OFFICER;
    if (out->role == DBK_ROLE_NONE)
        return dbk_fail(err, DBK_USAGE, "no such role: %.40s", out_safe_str(equals + 1));
    return cmd_find_device(&out->device, c, name, err);
}

dbk_rc cmd_space_create(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_transport t = { 0 };
    dbk_id space = { 0 };
    char hex[DBK_ID_HEX_SIZE];
    dbk_grant members[CLI_REPEATS_MAX];
    const cli_values *typed = cli_option_values(a, "--member");
    dbk_new_space opts = { .name = a->positional[0],
                           .creator_role = DBK_ROLE_HQ,
                           .restricted = cli_option_given(a, "--restricted"),
                           .members = members,
                           .members_count = typed->count };
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < typed->count; i++)
        rc = take_member(&members[i], c, typed->rows[i], err);
    if (rc == DBK_OK)
        rc = dbk_driver_connect(&t, c->book, err);
    if (rc == DBK_OK)
        rc = dbk_driver_space_create(c->book, &t, &space, &opts, err);
    dbk_transport_close(&t);
    if (rc != DBK_OK)
        return rc;
    dbk_id_hex(hex, &space);
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:s, s:s}", "space", hex, "name", a->positional[0]), err);
    out_text("The space \"%s\" exists. Its id is %s.\n", out_safe_str(a->positional[0]), hex);
    return DBK_OK;
}

dbk_rc cmd_space_bar(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_transport t = { 0 };
    dbk_new_bar bar;
    dbk_id device;
    dbk_rc rc = dbk_book_space_find(c->book, &bar.space, a->positional[0], err);
    if (rc == DBK_OK)
        rc = cmd_find_device(&device, c, a->positional[1], err);
    if (rc == DBK_OK) {
        bar.person = dbk_roster_device(dbk_book_roster(c->book), &device)->person;
        rc = dbk_driver_connect(&t, c->book, err);
    }
    if (rc == DBK_OK)
        rc = dbk_driver_bar(c->book, &t, &bar, err);
    dbk_transport_close(&t);
    if (rc != DBK_OK)
        return rc;
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:b}", "barred", 1), err);
    out_text("Barred: no device of that person can ever be let into this space.\n");
    return DBK_OK;
}

dbk_rc cmd_space_grant(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_transport t = { 0 };
    dbk_new_grant grant = { .role = DBK_ROLE_OFFICER };
    const char *role = cli_option_value(a, "--role");
    if (role != NULL)
        grant.role = dbk_role_parse(role);
    if (grant.role == DBK_ROLE_NONE)
        return cmd_no_such_role(role, err);
    dbk_rc rc = cli_when_until(&grant.until_ms, cli_option_value(a, "--until"), err);
    if (rc == DBK_OK)
        rc = dbk_book_space_find(c->book, &grant.space, a->positional[0], err);
    if (rc == DBK_OK)
        rc = cmd_find_device(&grant.device, c, a->positional[1], err);
    if (rc == DBK_OK)
        rc = dbk_driver_connect(&t, c->book, err);
    if (rc == DBK_OK)
        rc = dbk_driver_grant(c->book, &t, &grant, err);
    dbk_transport_close(&t);
    if (rc != DBK_OK)
        return rc;
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:b}", "granted", 1), err);
    out_text("Granted.\n");
    return DBK_OK;
}

dbk_rc cmd_space_remove(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_id space;
    dbk_leaving leaving = { .space = &space };
    dbk_rc rc = dbk_book_space_find(c->book, &space, a->positional[0], err);
    if (rc == DBK_OK)
        rc = cmd_find_device(&leaving.device, c, a->positional[1], err);
    if (rc == DBK_OK)
        rc = cmd_leave(c, &leaving, err);
    if (rc != DBK_OK)
        return rc;
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:b}", "removed", 1), err);
    out_text("Removed, and the space has a new key. What the device holds already, it keeps.\n");
    return DBK_OK;
}

dbk_rc cmd_space_rotate(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_transport t = { 0 };
    dbk_id space;
    dbk_rc rc = dbk_book_space_find(c->book, &space, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_driver_connect(&t, c->book, err);
    if (rc == DBK_OK)
        rc = dbk_driver_rotate(c->book, &t, &space, err);
    dbk_transport_close(&t);
    if (rc != DBK_OK)
        return rc;
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:b}", "rotated", 1), err);
    out_text("The space has a new key, for all who are in it.\n");
    return DBK_OK;
}

static dbk_rc space_row(cli *c, out_table *table, json_t *rows, const dbk_id *space, dbk_err *err)
{
    dbk_standing mine = dbk_book_standing(c->book, space);
    dbk_bytes name = DBK_BYTES_INIT(CLI_NAME_BYTES_MAX);
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, space);
    dbk_rc rc = dbk_book_space_name(c->book, &name, space, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(&name, 0, err);
    if (rc == DBK_OK && table != NULL)
        rc = out_table_row(table,
                           (const char *[]){ (char *)name.p, cli_standing_words(&mine), hex }, err);
    if (rc == DBK_OK && table == NULL)
        (void)json_array_append_new(
            rows, json_pack("{s:s, s:s, s:s, s:o, s:b}", "name", (char *)name.p, "role",
                            dbk_role_name(mine.role), "space", hex, "until",
                            cli_time_json((int64_t)mine.until_ms), "over", (int)mine.over));
    dbk_bytes_wipe(&name);
    return rc;
}

dbk_rc cmd_space_list(cli *c, const cli_args *a, dbk_err *err)
{
    out_table *table = NULL;
    json_t *rows = json_array();
    dbk_rc rc = DBK_OK;
    (void)a;
    if (c->format == OUT_TEXT)
        rc = out_table_new(&table, (const char *[]){ "SPACE", "MY ROLE", "ID" }, 3, err);
    for (size_t i = 0; rc == DBK_OK && i < dbk_book_spaces(c->book); i++) {
        dbk_id space = dbk_book_space_at(c->book, i);
        rc = space_row(c, table, rows, &space, err);
    }
    if (rc == DBK_OK && table != NULL)
        out_table_print(table);
    else if (rc == DBK_OK)
        rc = out_json_take(json_incref(rows), err);
    json_decref(rows);
    out_table_free(table);
    return rc;
}
