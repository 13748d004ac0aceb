/* Devices: device list, device reach, device revoke. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/floor.h"
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
    if (rc == DBK_OK)
        cli_floor_warn(c, &t, leaving->space);
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

typedef struct listing {
    cli *c;
    out_table *table; /* or NULL: JSON */
    json_t *rows;
    json_t *heard, *silent; /* by a device's id: when the relay last received something of it */
} listing;

static dbk_rc hear(void *ctx, const dbk_heard *heard, dbk_err *err)
{
    const listing *l = ctx;
    char hex[DBK_ID_HEX_SIZE];
    (void)err;
    dbk_id_hex(hex, &heard->device);
    (void)json_object_set_new(l->heard, hex, cli_time_json((int64_t)heard->heard_ms));
    (void)json_object_set_new(l->silent, hex, json_boolean(heard->silent));
    return DBK_OK;
}

static dbk_rc device_row(const listing *l, const dbk_member *m, dbk_err *err)
{
    cli *c = l->c;
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
    if (rc == DBK_OK && l->table != NULL)
        rc = out_table_row(l->table,
                           (const char *[]){ (char *)name.p, dbk_role_name(m->role), state,
                                             mine ? "this device" : "", hex, (char *)where.p },
                           err);
    if (rc == DBK_OK && l->table == NULL)
        (void)json_array_append_new(
            l->rows,
            json_pack("{s:s, s:s, s:s, s:b, s:s, s:O, s:O*, s:O*}", "name", (char *)name.p, "role",
                      dbk_role_name(m->role), "state", state, "this", (int)mine, "device", hex,
                      "spaces", spaces, "heard", json_object_get(l->heard, hex), "silent",
                      json_object_get(l->silent, hex)));
    json_decref(spaces);
    dbk_bytes_wipe(&where);
    dbk_bytes_wipe(&name);
    return rc;
}

/* Which are listed, in the order of enrolment: from `at`, before `end`. */
typedef struct device_range {
    size_t at, end;
} device_range;

static dbk_rc place_of(size_t *at, cli *c, const char *text, dbk_err *err)
{
    const dbk_roster *roster = dbk_book_roster(c->book);
    dbk_id device;
    dbk_rc rc = cmd_find_device(&device, c, text, err);
    *at = 0;
    while (rc == DBK_OK && !dbk_id_equal(&dbk_roster_device_at(roster, *at)->device, &device))
        ++*at;
    return rc;
}

static dbk_rc read_range(device_range *out, cli *c, const cli_args *a, dbk_err *err)
{
    const dbk_roster *roster = dbk_book_roster(c->book);
    const char *after = cli_option_value(a, "--after");
    uint64_t limit = 0;
    size_t place = 0;
    *out = (device_range){ 0, roster == NULL ? 0 : dbk_roster_devices(roster) };
    dbk_rc rc = cli_limit_read(&limit, a, err);
    if (rc == DBK_OK && (a->count > 0 || after != NULL))
        rc = place_of(&place, c, a->count > 0 ? a->positional[0] : after, err);
    if (rc != DBK_OK)
        return rc;
    if (a->count > 0)
        *out = (device_range){ place, place + 1 };
    else if (after != NULL)
        out->at = place + 1;
    if (limit != 0 && limit < out->end - out->at)
        out->end = out->at + (size_t)limit;
    return DBK_OK;
}

dbk_rc cmd_device_list(cli *c, const cli_args *a, dbk_err *err)
{
    static const char *const heads[] = { "NAME", "ROLE", "STATE", "", "ID", "SPACES" };
    listing l = { .c = c, .rows = json_array(), .heard = json_object(), .silent = json_object() };
    const dbk_roster *roster = dbk_book_roster(c->book);
    device_range range;
    dbk_rc rc = read_range(&range, c, a, err);
    if (rc == DBK_OK)
        rc = c->format == OUT_TEXT ? out_table_new(&l.table, heads, 6, err)
                                   : dbk_query_devices(c->book, hear, &l, err);
    for (size_t i = range.at; rc == DBK_OK && i < range.end; i++)
        rc = device_row(&l, dbk_roster_device_at(roster, i), err);
    if (rc == DBK_OK && l.table != NULL)
        out_table_print(l.table);
    else if (rc == DBK_OK)
        rc = out_json_take(json_incref(l.rows), err);
    json_decref(l.rows);
    json_decref(l.heard);
    json_decref(l.silent);
    out_table_free(l.table);
    return rc;
}

/* ---- how far each has a space --------------------------------------------------------------- */

typedef struct reaching {
    cli *c;
    out_table *table; /* or NULL: JSON */
    json_t *rows;
    uint64_t log_size; /* on this device */
} reaching;

static dbk_rc reach_row(void *ctx, const dbk_reached *r, dbk_err *err)
{
    reaching *l = ctx;
    char hex[DBK_ID_HEX_SIZE], has[64] = "nothing said";
    const char *said = "", *notes = "";
    bool spoke = r->size > 0;
    l->log_size = r->here;
    dbk_id_hex(hex, &r->device);
    if (l->table == NULL) {
        json_t *size = spoke ? json_integer((json_int_t)r->size) : json_null();
        (void)json_array_append_new(
            l->rows,
            json_pack("{s:s, s:s, s:o, s:b, s:o, s:b}", "device", hex, "name",
                      cli_device_name(l->c, &r->device), "size", size, "whole", (int)r->whole,
                      "said", cli_time_json((int64_t)r->time_ms), "ahead", (int)r->ahead));
        return DBK_OK;
    }
    if (spoke) {
        (void)snprintf(has, sizeof(has), "%llu of %llu%s", (unsigned long long)r->size,
                       (unsigned long long)r->here, r->ahead ? " here: sync" : "");
        said = cli_time((int64_t)r->time_ms);
        notes = r->whole ? "whole" : "what a snapshot brought is without its notes";
    }
    return out_table_row(
        l->table, (const char *[]){ cli_device_name(l->c, &r->device), has, notes, said, hex },
        err);
}

static dbk_rc ask_reach(reaching *l, const dbk_id *space, dbk_err *err)
{
    dbk_transport t = { 0 };
    dbk_rc rc = dbk_driver_connect(&t, l->c->book, err);
    if (rc == DBK_OK)
        rc = dbk_driver_reaches(l->c->book, &t, space, reach_row, l, err);
    dbk_transport_close(&t);
    return rc;
}

dbk_rc cmd_device_reach(cli *c, const cli_args *a, dbk_err *err)
{
    static const char *const heads[] = { "NAME", "HAS", "NOTES", "SAID", "ID" };
    char hex[DBK_ID_HEX_SIZE];
    dbk_id space;
    reaching l = { .c = c, .rows = json_array() };
    dbk_rc rc = dbk_book_space_find(c->book, &space, cli_option_value(a, "--space"), err);
    if (rc == DBK_OK && c->format == OUT_TEXT)
        rc = out_table_new(&l.table, heads, 5, err);
    if (rc == DBK_OK)
        rc = ask_reach(&l, &space, err);
    dbk_id_hex(hex, &space);
    if (rc == DBK_OK && l.table != NULL)
        out_table_print(l.table);
    else if (rc == DBK_OK)
        rc = out_json_take(json_pack("{s:s, s:s, s:I, s:O}", "space", hex, "name",
                                     cli_space_name(c, &space), "log_size", (json_int_t)l.log_size,
                                     "devices", l.rows),
                           err);
    json_decref(l.rows);
    out_table_free(l.table);
    return rc;
}
