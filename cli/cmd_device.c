/* Devices: device list, device revoke. */
#include <jansson.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/render.h"
#include "cli/words.h"

#define SPACES_BYTES_MAX (64u * 1024u) /* of one device's, in a list */

dbk_rc cmd_find_device(dbk_id *out, cli *c, const char *text, dbk_err *err)
{
    const dbk_roster *roster = dbk_book_roster(c->book);
    size_t found = 0, len = strlen(text);
    for (size_t i = 0; roster != NULL && i < dbk_roster_devices(roster); i++) {
        const dbk_member *m = dbk_roster_device_at(roster, i);
        dbk_bytes name = DBK_BYTES_INIT(CLI_NAME_BYTES_MAX);
        char hex[DBK_ID_HEX_SIZE];
        dbk_rc rc = dbk_book_device_name(c->book, &name, &m->device, err);
        if (rc != DBK_OK) {
            dbk_bytes_wipe(&name);
            return rc;
        }
        dbk_id_hex(hex, &m->device);
        if (dbk_span_equal(dbk_bytes_span(&name), dbk_span_str(text)) ||
            (len >= 6 && strncmp(hex, text, len) == 0)) {
            *out = m->device;
            found++;
        }
        dbk_bytes_wipe(&name);
    }
    if (found == 0)
        return dbk_fail(err, DBK_NOT_FOUND, "no device has that name or id");
    if (found > 1)
        return dbk_fail(err, DBK_CONFLICT, "%zu devices fit; give the device's id", found);
    return DBK_OK;
}

dbk_rc cmd_leave(cli *c, const dbk_leaving *leaving, dbk_err *err)
{
    dbk_transport t = { 0 };
    dbk_sync_report report;
    dbk_err late = { 0 };
    dbk_rc rc = dbk_driver_connect(&t, c->book, err);
    if (rc != DBK_OK)
        return rc;
    /* What has arrived by now was written in time. That a space can't be synced must not keep a
     * stolen device in: then its cut is where this device stands. */
    if (dbk_driver_sync(c->book, &t, &report, NULL, &late) != DBK_OK)
        out_note("Not everything could be synced first: %s.", late.text);
    rc = dbk_driver_leave(c->book, &t, leaving, err);
    dbk_transport_close(&t);
    return rc;
}

dbk_rc cmd_device_revoke(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_leaving leaving = { .reason = cli_option_value(a, "--reason") };
    if (leaving.reason == NULL || !dbk_entry_is_reason(dbk_span_str(leaving.reason)))
        return dbk_fail(err, DBK_USAGE, "--reason is needed: lost, stolen or left");
    dbk_rc rc = cmd_find_device(&leaving.device, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = cmd_leave(c, &leaving, err);
    if (rc != DBK_OK)
        return rc;
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:b}", "revoked", 1), err);
    out_text(
        "Revoked. Every space that it was in has a new key: what is written from now on it can't "
        "read.\nWhat it holds already, it keeps. Its notes that had not arrived will stand "
        "aside until someone decides.\n");
    return DBK_OK;
}

/* Where the device is, as far as this one may know: spaces that it can read itself. */
static dbk_rc list_spaces(cli *c, dbk_bytes *text, json_t *rows, const dbk_member *m, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < dbk_book_spaces(c->book); i++) {
        dbk_id space = dbk_book_space_at(c->book, i);
        char hex[DBK_ID_HEX_SIZE];
        dbk_standing theirs = dbk_book_standing_of(c->book, &m->device, &space);
        if (theirs.role == DBK_ROLE_NONE || !dbk_book_may_read(c->book, &space))
            continue;
        dbk_id_hex(hex, &space);
        rc = dbk_bytes_append_fmt(text, err, "%s%s (%s)", text->len > 0 ? ", " : "",
                                  cli_space_name(c, &space), cli_standing_words(&theirs));
        (void)json_array_append_new(
            rows, json_pack("{s:s, s:s, s:s, s:o, s:b}", "space", hex, "name",
                            cli_space_name(c, &space), "role", dbk_role_name(theirs.role), "until",
                            cli_time_json((int64_t)theirs.until_ms), "over", (int)theirs.over));
    }
    return rc == DBK_OK ? dbk_bytes_append_u8(text, 0, err) : rc;
}

static dbk_rc device_row(cli *c, out_table *table, json_t *rows, const dbk_member *m, dbk_err *err)
{
    dbk_bytes name = DBK_BYTES_INIT(CLI_NAME_BYTES_MAX);
    dbk_id self = dbk_book_device(c->book);
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, &m->device);
    const char *state = m->revoked ? "revoked" : "active";
    bool mine = dbk_id_equal(&self, &m->device);
    dbk_bytes where = DBK_BYTES_INIT(SPACES_BYTES_MAX);
    json_t *spaces = json_array();
    dbk_rc rc = dbk_book_device_name(c->book, &name, &m->device, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(&name, 0, err);
    if (rc == DBK_OK)
        rc = list_spaces(c, &where, spaces, m, err);
    if (rc == DBK_OK && table != NULL)
        rc = out_table_row(table,
                           (const char *[]){ (char *)name.p, dbk_role_name(m->role), state,
                                             mine ? "this device" : "", hex, (char *)where.p },
                           err);
    if (rc == DBK_OK && table == NULL)
        (void)json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:b, s:s, s:O}", "name",
                                                    (char *)name.p, "role", dbk_role_name(m->role),
                                                    "state", state, "this", (int)mine, "device",
                                                    hex, "spaces", spaces));
    json_decref(spaces);
    dbk_bytes_wipe(&where);
    dbk_bytes_wipe(&name);
    return rc;
}

dbk_rc cmd_device_list(cli *c, const cli_args *a, dbk_err *err)
{
    out_table *table = NULL;
    json_t *rows = json_array();
    const dbk_roster *roster = dbk_book_roster(c->book);
    dbk_rc rc = DBK_OK;
    (void)a;
    if (c->format == OUT_TEXT)
        rc = out_table_new(&table, (const char *[]){ "NAME", "ROLE", "STATE", "", "ID", "SPACES" },
                           6, err);
    for (size_t i = 0; rc == DBK_OK && roster != NULL && i < dbk_roster_devices(roster); i++)
        rc = device_row(c, table, rows, dbk_roster_device_at(roster, i), err);
    if (rc == DBK_OK && table != NULL)
        out_table_print(table);
    else if (rc == DBK_OK)
        rc = out_json_take(json_incref(rows), err);
    json_decref(rows);
    out_table_free(table);
    return rc;
}
