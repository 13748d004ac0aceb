/* What a new device begins with, instead of the whole log: made and confirmed by headquarters, at
 * the relay or on a folder. */
#include <jansson.h>

#include "cli/cmd.h"
#include "cli/render.h"
#include "cli/words.h"

typedef dbk_rc (*driver_fn)(dbk_book *book, const dbk_transport *t, const dbk_id *space,
                            dbk_snapshot_told *told, const dbk_progress *progress, dbk_err *err);

static void draw(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    out_progress_draw(ctx, phase, done, total);
}

static dbk_rc run(cli *c, const cli_args *a, driver_fn fn, dbk_snapshot_told *told, dbk_err *err)
{
    dbk_transport t = { 0 };
    dbk_id space;
    out_progress bar;
    const dbk_progress progress = { draw, &bar };
    dbk_rc rc = dbk_book_space_find(c->book, &space, cli_option_value(a, "--space"), err);
    if (rc == DBK_OK)
        rc = a->positional[0] != NULL ? dbk_transport_dir(&t, a->positional[0], err)
                                      : dbk_driver_connect(&t, c->book, err);
    if (rc != DBK_OK)
        return rc;
    out_progress_start(&bar);
    rc = fn(c->book, &t, &space, told, &progress, err);
    out_progress_end(&bar);
    dbk_transport_close(&t);
    return rc;
}

static json_t *told_json(const cli *c, const dbk_snapshot_told *told)
{
    char space[DBK_ID_HEX_SIZE], maker[DBK_ID_HEX_SIZE];
    dbk_id_hex(space, &told->space);
    dbk_id_hex(maker, &told->maker);
    return json_pack("{s:s, s:s, s:I, s:I, s:s}", "space", space, "name",
                     cli_space_name(c, &told->space), "log_size", (json_int_t)told->size, "records",
                     (json_int_t)told->records, "maker", maker);
}

dbk_rc cmd_snapshot_make(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_snapshot_told told;
    dbk_rc rc = run(c, a, dbk_driver_snapshot_make, &told, err);
    if (rc != DBK_OK)
        return rc;
    if (c->format == OUT_JSON) {
        json_t *row = told_json(c, &told);
        if (row != NULL)
            (void)json_object_set_new(row, "bytes", json_integer((json_int_t)told.bytes));
        return out_json_take(row, err);
    }
    bool folder = a->positional[0] != NULL;
    out_text(
        "%s: %s as it stands, %llu record%s from %llu parcels of notes.\n"
        "Another device of headquarters confirms it, and only then is it taken:\n%s\n",
        folder ? "Put into the folder" : "Put at the relay", cli_space_name(c, &told.space),
        (unsigned long long)told.records, cli_plural(told.records), (unsigned long long)told.size,
        folder ? "daybook snapshot confirm FOLDER" : "daybook sync, or daybook snapshot confirm");
    return DBK_OK;
}

dbk_rc cmd_snapshot_confirm(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_snapshot_told told;
    dbk_rc rc = run(c, a, dbk_driver_snapshot_confirm, &told, err);
    if (rc != DBK_OK)
        return rc;
    if (c->format == OUT_JSON)
        return out_json_take(told_json(c, &told), err);
    out_text("Confirmed: this device makes the same %llu record%s of %s from its own notes as %s "
             "did.\nA new device begins with them: daybook sync%s\n",
             (unsigned long long)told.records, cli_plural(told.records),
             cli_space_name(c, &told.space), cli_device_name(c, &told.maker),
             a->positional[0] != NULL ? " --folder FOLDER" : "");
    return DBK_OK;
}

static dbk_rc fetch(cli *c, dbk_snapshot_begun *left, const dbk_id *space, dbk_err *err)
{
    dbk_transport t = { 0 };
    out_progress bar;
    const dbk_progress progress = { draw, &bar };
    dbk_rc rc = dbk_driver_connect(&t, c->book, err);
    out_progress_start(&bar);
    if (rc == DBK_OK)
        rc = dbk_driver_snapshot_fetch(c->book, &t, space, left, &progress, err);
    out_progress_end(&bar);
    dbk_transport_close(&t);
    return rc;
}

dbk_rc cmd_snapshot_fetch(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_id space;
    dbk_snapshot_begun before, left;
    dbk_rc rc = dbk_book_space_find(c->book, &space, cli_option_value(a, "--space"), err);
    if (rc == DBK_OK)
        rc = dbk_snapshot_begun_with(c->book, &before, &space, err);
    left = before;
    if (rc == DBK_OK && before.size > 0)
        rc = fetch(c, &left, &space, err);
    if (rc != DBK_OK)
        return rc;
    uint64_t fetched = before.bare - left.bare;
    if (c->format == OUT_JSON)
        return out_json_take(
            json_pack("{s:I, s:I}", "fetched", (json_int_t)fetched, "left", (json_int_t)left.bare),
            err);
    if (before.size == 0)
        out_text("Every note of that space is on this device already.\n");
    else if (left.bare == 0)
        out_text("Fetched %llu parcel%s of notes: every note of that space is on this device now.\n"
                 "daybook verify holds what headquarters said against them.\n",
                 (unsigned long long)fetched, cli_plural(fetched));
    else
        out_text("Fetched %llu parcel%s of notes; %llu more are not at the relay.\n",
                 (unsigned long long)fetched, cli_plural(fetched), (unsigned long long)left.bare);
    return DBK_OK;
}
