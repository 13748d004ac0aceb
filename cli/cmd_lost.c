/* Devices that were reported lost, what they could read, and how long there is to decide. */
#include <jansson.h>

#include "cli/cmd.h"
#include "cli/looks.h"
#include "cli/render.h"
#include "cli/words.h"
#include "core/base/alloc.h"

static bool may_look(void *ctx, const dbk_id *space)
{
    return cli_looks_allowed(ctx, space, NULL) == DBK_OK;
}

static dbk_rc find(cli *c, dbk_breach **rows, size_t *count, dbk_err *err)
{
    const dbk_breach_opts opts = { .shows = may_look, .ctx = c };
    return dbk_breaches(rows, count, c->book, &opts, err);
}

static bool is_over(const dbk_breach *b)
{
    return dbk_env_system()->now_ms(NULL) >= b->until_ms;
}

static const char *state_of(const dbk_breach *b)
{
    return b->decided ? "decided" : is_over(b) ? "overdue" : "open";
}

/* ---- what it could read ---------------------------------------------------------------------- */

static dbk_rc say_space(cli *c, json_t *rows, const dbk_breach *b, const dbk_id *space,
                        dbk_err *err)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_breach_reach reach;
    dbk_rc rc = dbk_breach_reach_of(&reach, c->book, b, space, err);
    if (rc != DBK_OK || reach.role == DBK_ROLE_NONE)
        return rc;
    (void)cli_shows(c, space);
    dbk_id_hex(hex, space);
    if (rows != NULL) {
        (void)json_array_append_new(
            rows, json_pack("{s:s, s:s, s:s, s:b, s:I, s:o}", "space", hex, "name",
                            cli_space_name(c, space), "role", dbk_role_name(reach.role), "left",
                            (int)reach.left, "records", (json_int_t)reach.records, "heard",
                            cli_time_json((int64_t)reach.heard_ms)));
        return DBK_OK;
    }
    out_text("  %s (%s%s): at most %llu record%s", cli_space_name(c, space),
             dbk_role_name(reach.role), reach.left ? ", taken out before" : "",
             (unsigned long long)reach.records, cli_plural(reach.records));
    if (reach.heard_ms > 0)
        out_text("; last heard of %s\n", cli_time((int64_t)reach.heard_ms));
    else
        out_text("; nothing of it ever came\n");
    return DBK_OK;
}

static dbk_rc say_spaces(cli *c, json_t *rows, const dbk_breach *b, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < dbk_book_spaces(c->book); i++) {
        dbk_id space = dbk_book_space_at(c->book, i);
        if (dbk_book_may_read(c->book, &space) && may_look(c, &space))
            rc = say_space(c, rows, b, &space, err);
    }
    return rc;
}

/* ---- the command ----------------------------------------------------------------------------- */

static dbk_rc say_json(cli *c, const dbk_breach *b, dbk_err *err)
{
    char device[DBK_ID_HEX_SIZE], record[DBK_ID_UUID_SIZE];
    json_t *spaces = json_array();
    dbk_id_hex(device, &b->device);
    dbk_id_uuid(record, &b->record);
    dbk_rc rc = say_spaces(c, spaces, b, err);
    if (rc == DBK_OK)
        rc = out_json_take(
            json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:O}", "device", device, "name",
                      cli_device_name(c, &b->device), "reason", b->stolen ? "stolen" : "lost",
                      "reported", cli_time_json((int64_t)b->reported_ms), "until",
                      cli_time_json((int64_t)b->until_ms), "state", state_of(b), "record",
                      dbk_id_is_zero(&b->record) ? json_null() : json_string(record), "spaces",
                      spaces),
            err);
    json_decref(spaces);
    return rc;
}

static dbk_rc say_text(cli *c, const dbk_breach *b, dbk_err *err)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, &b->device);
    out_text("%s %s: reported %s %s\n", hex, cli_device_name(c, &b->device),
             b->stolen ? "stolen" : "lost", cli_time((int64_t)b->reported_ms));
    if (b->decided)
        out_text("  decided: %s\n", cli_short_id(&b->record));
    else
        out_text("  %s 72 hours %s %s: daybook add breach device=%s ...\n", is_over(b) ? "!" : "",
                 is_over(b) ? "ended" : "end", cli_time((int64_t)b->until_ms), hex);
    return say_spaces(c, NULL, b, err);
}

dbk_rc cmd_device_lost(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_breach *rows = NULL;
    size_t count = 0;
    (void)a;
    dbk_rc rc = find(c, &rows, &count, err);
    for (size_t i = 0; rc == DBK_OK && i < count; i++)
        rc = c->format == OUT_JSON ? say_json(c, &rows[i], err) : say_text(c, &rows[i], err);
    if (rc == DBK_OK && count == 0 && c->format == OUT_TEXT)
        out_text("No device was reported lost or stolen.\n");
    dbk_free(rows);
    return rc;
}

/* ---- in today and desk ----------------------------------------------------------------------- */

static bool is_desk(const cli *c)
{
    const dbk_roster *roster = dbk_book_roster(c->book);
    const dbk_id self = dbk_book_device(c->book);
    const dbk_member *m = roster == NULL ? NULL : dbk_roster_device(roster, &self);
    return m != NULL && (m->role == DBK_ROLE_HQ || m->role == DBK_ROLE_ADMIN);
}

dbk_rc cmd_lost_remind(cli *c, uint64_t *open, dbk_err *err)
{
    dbk_breach *rows = NULL;
    size_t count = 0;
    *open = 0;
    dbk_rc rc = is_desk(c) ? find(c, &rows, &count, err) : DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        char hex[DBK_ID_HEX_SIZE];
        if (rows[i].decided)
            continue;
        ++*open;
        dbk_id_hex(hex, &rows[i].device);
        if (c->format == OUT_TEXT)
            out_text("! %s was reported %s: 72 hours %s %s, and nobody has decided: daybook device "
                     "lost\n",
                     cli_device_name(c, &rows[i].device), rows[i].stolen ? "stolen" : "lost",
                     is_over(&rows[i]) ? "ended" : "end", cli_time((int64_t)rows[i].until_ms));
    }
    dbk_free(rows);
    return rc;
}
