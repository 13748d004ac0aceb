/* Destroy the store, after saying what nobody else has. */
#include <jansson.h>

#include "cli/cmd.h"
#include "cli/render.h"
#include "cli/words.h"

typedef struct losses {
    cli *c;
    json_t *rows;
    size_t spaces;
    bool yes, told; /* headquarters was told of it */
} losses;

static dbk_rc take_space(void *ctx, const dbk_space_status *s, dbk_err *err)
{
    losses *all = ctx;
    uint64_t waiting = s->own_ops - s->own_receipted_ops;
    char hex[DBK_ID_HEX_SIZE];
    (void)err;
    if (waiting == 0)
        return DBK_OK;
    all->spaces++;
    dbk_id_hex(hex, &s->space);
    (void)json_array_append_new(all->rows, json_pack("{s:s, s:s, s:I}", "space", hex, "name",
                                                     cli_space_name(all->c, &s->space), "ops",
                                                     (json_int_t)waiting));
    if (all->c->format != OUT_JSON)
        out_text("%s: %llu change%s on this device only, the oldest from %s\n",
                 cli_space_name(all->c, &s->space), (unsigned long long)waiting,
                 cli_plural(waiting), cli_time((int64_t)s->oldest_waiting_ms));
    return DBK_OK;
}

/* Before the keys go, if the relay can be reached: nobody could say it afterwards. What was not
 * pushed yet goes with it. */
static bool tell_wipe(const cli *c)
{
    dbk_transport t = { 0 };
    dbk_sync_report report;
    dbk_err none = { 0 };
    bool left = true;
    dbk_rc rc = dbk_device_log_now(c->book, DBK_DEVICE_WIPED, &none);
    if (rc == DBK_OK)
        rc = dbk_device_log_settle(c->book, &left, &none);
    if (rc != DBK_OK || left || dbk_driver_connect(&t, c->book, &none) != DBK_OK)
        return false;
    rc = dbk_driver_sync(c->book, &t, &report, NULL, &none);
    dbk_transport_close(&t);
    return rc == DBK_OK;
}

/* Opens the store, tells, and closes it again. */
static dbk_rc tell_losses(losses *all, dbk_err *err)
{
    dbk_rc rc = cli_open_book(all->c, NULL, err);
    all->told = rc == DBK_OK && all->yes && tell_wipe(all->c);
    if (rc == DBK_OK)
        rc = dbk_query_status(all->c->book, take_space, all, err);
    dbk_book_close(all->c->book);
    all->c->book = NULL;
    if (rc == DBK_OK && all->spaces == 0 && all->c->format != OUT_JSON)
        out_text("Nothing would be lost: the relay has signed for every change made here.\n");
    return rc;
}

dbk_rc cmd_wipe(cli *c, const cli_args *a, dbk_err *err)
{
    bool yes = cli_option_given(a, "--yes");
    losses all = { .c = c, .rows = json_array(), .yes = yes };
    const dbk_book_opts opts = cli_book_opts(c);
    bool unseen = cli_option_given(a, "--unseen");
    dbk_rc rc = cli_store_exists(c, err);
    if (rc == DBK_OK && !unseen)
        rc = tell_losses(&all, err);
    if (rc == DBK_OK && yes)
        rc = dbk_book_wipe(c->store, &opts, err);
    if (rc != DBK_OK) {
        json_decref(all.rows);
        return rc;
    }
    if (c->format == OUT_JSON) {
        if (unseen) {
            json_decref(all.rows);
            all.rows = json_null();
        }
        return out_json_take(json_pack("{s:b, s:b, s:o}", "wiped", (int)yes, "told", (int)all.told,
                                       "lost", all.rows),
                             err);
    }
    json_decref(all.rows);
    out_text(yes ? "The store is gone: its keys first, then everything else.\n"
                 : "Nothing was wiped. To do it: daybook wipe --yes\n");
    if (yes)
        out_text(all.told ? "Headquarters sees with its next sync that it was wiped, and when.\n"
                          : "Headquarters was not told: tell your administrator that this device "
                            "holds nothing any more.\n");
    return DBK_OK;
}
