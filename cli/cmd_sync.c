/* Exchange, and what has arrived where: sync, status. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/render.h"
#include "core/base/text.h"

#define INDEX_STEP 500u /* records between two looks at the progress bar */
#define NOTE_LAST_SYNC "last-sync"

static void draw(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
    out_progress_draw(ctx, phase, done, total);
}

/* Words become searchable after the exchange, so that it never waits for them. */
static dbk_rc index_all(cli *c, out_progress *bar, dbk_err *err)
{
    uint64_t left = 1, first = 0;
    dbk_rc rc = DBK_OK;
    while (rc == DBK_OK && left > 0) {
        rc = dbk_query_index(c->book, &left, INDEX_STEP, err);
        if (first == 0)
            first = left + INDEX_STEP;
        out_progress_draw(bar, "indexing", first - (left < first ? left : first), first);
    }
    return rc;
}

static dbk_rc say_report(cli *c, const dbk_sync_report *r, dbk_err *err)
{
    if (c->format == OUT_JSON)
        return out_json_take(
            json_pack("{s:b, s:b, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "idle",
                      (int)r->idle, "joining", (int)r->joining, "round_trips", (int)r->round_trips,
                      "sent_bytes", (json_int_t)r->sent_bytes, "received_bytes",
                      (json_int_t)r->received_bytes, "sent", (json_int_t)r->pushed_ops, "fetched",
                      (json_int_t)r->pulled_ops, "records_new", (json_int_t)r->records_new,
                      "records_changed", (json_int_t)r->records_changed, "conflicts_new",
                      (json_int_t)r->conflicts_new, "members_new", (json_int_t)r->members_new,
                      "refused", (json_int_t)r->refused, "pending", (json_int_t)r->pending),
            err);
    if (r->joining) {
        out_text("Waiting for an administrator to approve this device.\n");
        return DBK_OK;
    }
    if (r->idle) {
        out_text("Nothing new. Everything written here is safe at the relay.\n");
        return DBK_OK;
    }
    out_text("Sent %llu, fetched %llu: %llu new records, %llu changed.\n",
             (unsigned long long)r->pushed_ops, (unsigned long long)r->pulled_ops,
             (unsigned long long)r->records_new, (unsigned long long)r->records_changed);
    if (r->members_new > 0)
        out_text("The organisation's membership changed (%llu entries).\n",
                 (unsigned long long)r->members_new);
    if (r->conflicts_new > 0)
        out_text("! %llu records need a decision: daybook conflicts\n",
                 (unsigned long long)r->conflicts_new);
    if (r->refused > 0)
        out_text("! The relay did not take %llu parcels of notes; they are kept here. Tell "
                 "headquarters.\n",
                 (unsigned long long)r->refused);
    if (r->pending > 0)
        out_text("%llu parcels can't be opened yet: daybook status\n",
                 (unsigned long long)r->pending);
    return DBK_OK;
}

dbk_rc cmd_sync(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_transport t = { 0 };
    dbk_sync_report report = { 0 };
    out_progress bar;
    dbk_progress progress = { draw, &bar };
    const char *folder = cli_option_value(a, "--folder");
    out_progress_start(&bar);
    dbk_rc rc = folder == NULL ? dbk_driver_connect(&t, c->book, err)
                               : dbk_transport_dir(&t, folder, err);
    if (rc == DBK_OK)
        rc = dbk_driver_sync(c->book, &t, &report, &progress, err);
    dbk_transport_close(&t);
    if (rc == DBK_OK)
        rc = index_all(c, &bar, err);
    out_progress_end(&bar);
    if (rc == DBK_OK && folder == NULL) {
        char now[32];
        int n = snprintf(now, sizeof(now), "%llu",
                         (unsigned long long)dbk_env_system()->now_ms(NULL));
        rc = dbk_book_note_put(c->book, NOTE_LAST_SYNC, dbk_span_of(now, (size_t)n), err);
    }
    if (rc == DBK_OK)
        return say_report(c, &report, err);
    if (report.pushed_ops > 0 && c->format == OUT_TEXT)
        out_note("%llu changes had reached the relay before that; the rest is kept here.",
                 (unsigned long long)report.pushed_ops);
    return rc;
}

typedef struct statuses {
    cli *c;
    json_t *rows;
    uint64_t waiting;
} statuses;

static void print_status(const statuses *all, const dbk_space_status *s)
{
    uint64_t waiting = s->own_ops - s->own_receipted_ops;
    out_text("%s (you: %s)\n", cli_space_name(all->c, &s->space), dbk_role_name(s->role));
    out_text("  %llu records here, from %llu changes\n", (unsigned long long)s->records,
             (unsigned long long)s->ops);
    if (s->own_ops == 0)
        out_text("  nothing written on this device yet\n");
    else if (waiting == 0)
        out_text("  all %llu changes written here are safe at the relay\n",
                 (unsigned long long)s->own_ops);
    else
        out_text("  %llu of %llu changes written here are on this device only, the oldest from "
                 "%s; run `daybook sync`\n",
                 (unsigned long long)waiting, (unsigned long long)s->own_ops,
                 cli_time((int64_t)s->oldest_waiting_ms));
    if (s->pending > 0)
        out_text("  %llu parcels can't be opened yet: %s\n", (unsigned long long)s->pending,
                 s->pending_reason == NULL ? "no reason known" : out_safe_str(s->pending_reason));
    if (s->attention > 0)
        out_text("  ! %llu records need a decision: daybook conflicts\n",
                 (unsigned long long)s->attention);
}

static dbk_rc take_status(void *ctx, const dbk_space_status *s, dbk_err *err)
{
    statuses *all = ctx;
    char hex[DBK_ID_HEX_SIZE];
    (void)err;
    all->waiting += s->own_ops - s->own_receipted_ops;
    if (all->rows == NULL) {
        print_status(all, s);
        return DBK_OK;
    }
    dbk_id_hex(hex, &s->space);
    json_t *row = json_pack(
        "{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:I}", "space", hex, "name",
        cli_space_name(all->c, &s->space), "role", dbk_role_name(s->role), "records",
        (json_int_t)s->records, "ops", (json_int_t)s->ops, "segments", (json_int_t)s->segments,
        "own_ops", (json_int_t)s->own_ops, "own_at_relay", (json_int_t)s->own_receipted_ops,
        "oldest_waiting", cli_time_json((int64_t)s->oldest_waiting_ms), "pending",
        (json_int_t)s->pending, "attention", (json_int_t)s->attention, "log_size",
        (json_int_t)s->log_size);
    if (s->pending_reason != NULL)
        (void)json_object_set_new(row, "pending_reason", json_string(s->pending_reason));
    (void)json_array_append_new(all->rows, row);
    return DBK_OK;
}

static int64_t last_sync_ms(cli *c)
{
    dbk_bytes text = DBK_BYTES_INIT(CLI_NAME_BYTES_MAX);
    uint64_t ms = 0;
    if (dbk_book_note_get(c->book, NOTE_LAST_SYNC, &text, NULL) != DBK_OK ||
        dbk_u64_parse(&ms, dbk_bytes_span(&text), NULL) != DBK_OK)
        ms = 0;
    dbk_bytes_wipe(&text);
    return (int64_t)ms;
}

dbk_rc cmd_status(cli *c, const cli_args *a, dbk_err *err)
{
    statuses all = { .c = c, .rows = c->format == OUT_JSON ? json_array() : NULL };
    const dbk_org_link *link = dbk_book_link(c->book);
    int64_t last = last_sync_ms(c);
    (void)a;
    if (link->stage == DBK_ORG_JOINING && all.rows == NULL)
        out_text("This device has asked to join and waits for an administrator's approval.\n");
    dbk_rc rc = dbk_query_status(c->book, take_status, &all, err);
    if (rc == DBK_OK && all.rows != NULL)
        return out_json_take(json_pack("{s:s, s:s, s:o, s:o}", "relay", link->relay_url, "stage",
                                       link->stage == DBK_ORG_MEMBER    ? "member"
                                       : link->stage == DBK_ORG_JOINING ? "joining"
                                                                        : "none",
                                       "last_sync", cli_time_json(last), "spaces", all.rows),
                             err);
    json_decref(all.rows);
    if (rc == DBK_OK)
        out_text("%s%s\n", last == 0 ? "Never synced with the relay" : "Last synced ",
                 last == 0 ? "" : cli_time(last));
    return rc;
}
