/* Exchange, and what has arrived where: sync, status. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/render.h"
#include "cli/words.h"
#include "core/base/text.h"

#define INDEX_STEP 500u /* records between two looks at the progress bar */
#define NOTE_LAST_SYNC "last-sync"
#define NOTE_LAST_FAILURE "last-failure"
#define OUTCOME_BYTES_MAX 512u

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

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static const char *needs(uint64_t n)
{
    return n == 1 ? " needs" : "s need";
}

static void say_exchange(const dbk_sync_report *r, const char *folder)
{
    if (r->pushed_ops == 0)
        out_text("Nothing to send.");
    else
        out_text("%s %llu change%s.", folder ? "Put into the folder:" : "Sent",
                 (unsigned long long)r->pushed_ops, plural(r->pushed_ops));
    if (r->pulled_ops == 0)
        out_text(" Fetched nothing new.\n");
    else
        out_text(" Fetched %llu change%s: %llu new record%s, %llu changed.\n",
                 (unsigned long long)r->pulled_ops, plural(r->pulled_ops),
                 (unsigned long long)r->records_new, plural(r->records_new),
                 (unsigned long long)r->records_changed);
}

static dbk_rc say_report(cli *c, const dbk_sync_report *r, const char *folder, dbk_err *err)
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
    if (r->idle && folder)
        out_text("Nothing new: the folder and this device hold the same.\n");
    else if (r->idle && r->refused == 0)
        out_text("Nothing new. Everything written here is safe at the relay.\n");
    else
        say_exchange(r, folder);
    if (r->members_new > 0)
        out_text("News of the organisation's members and spaces: %llu.\n",
                 (unsigned long long)r->members_new);
    if (r->conflicts_new > 0)
        out_text("! %llu more record%s a decision: daybook conflicts\n",
                 (unsigned long long)r->conflicts_new, needs(r->conflicts_new));
    if (r->refused > 0)
        out_text("! The relay did not take %llu parcels of notes; they are kept here. Tell "
                 "headquarters.\n",
                 (unsigned long long)r->refused);
    if (r->pending > 0)
        out_text("%llu parcels can't be opened yet: daybook status\n",
                 (unsigned long long)r->pending);
    return DBK_OK;
}

static dbk_rc exchange(cli *c, dbk_sync_report *report, const char *folder, out_progress *bar,
                       dbk_err *err)
{
    dbk_transport t = { 0 };
    dbk_progress progress = { draw, bar };
    dbk_rc rc = folder == NULL ? dbk_driver_connect(&t, c->book, err)
                               : dbk_transport_dir(&t, folder, err);
    if (rc == DBK_OK)
        rc = dbk_driver_sync(c->book, &t, report, &progress, err);
    dbk_transport_close(&t);
    return rc;
}

/* When the relay was last heard, or why it wasn't: "TIME" or "TIME SENTENCE". */
static dbk_rc keep_outcome(cli *c, const char *name, const char *sentence, dbk_err *err)
{
    dbk_bytes text = DBK_BYTES_INIT(OUTCOME_BYTES_MAX);
    dbk_rc rc = dbk_bytes_append_fmt(&text, err, "%llu %s",
                                     (unsigned long long)dbk_env_system()->now_ms(NULL), sentence);
    if (rc == DBK_OK)
        rc = dbk_book_note_put(c->book, name, dbk_bytes_span(&text), err);
    dbk_bytes_wipe(&text);
    return rc;
}

dbk_rc cmd_sync(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_sync_report report = { 0 };
    dbk_err why = { 0 };
    out_progress bar;
    const char *folder = cli_option_value(a, "--folder");
    out_progress_start(&bar);
    dbk_rc rc = exchange(c, &report, folder, &bar, &why);
    if (rc != DBK_OK) {
        out_progress_end(&bar);
        if (folder == NULL) /* for `status`; the failure itself is what is reported */
            (void)!keep_outcome(c, NOTE_LAST_FAILURE, why.text, NULL);
        if (report.pushed_ops > 0 && c->format == OUT_TEXT)
            out_note("%llu change%s had arrived before that; the rest is kept here.",
                     (unsigned long long)report.pushed_ops, plural(report.pushed_ops));
        return dbk_fail(err, rc, "%s", why.text);
    }
    rc = index_all(c, &bar, err);
    out_progress_end(&bar);
    if (rc == DBK_OK && folder == NULL)
        rc = keep_outcome(c, NOTE_LAST_SYNC, "", err);
    return rc == DBK_OK ? say_report(c, &report, folder, err) : rc;
}

typedef struct statuses {
    cli *c;
    json_t *rows;
} statuses;

static void print_status(const statuses *all, const dbk_space_status *s)
{
    uint64_t waiting = s->own_ops - s->own_receipted_ops;
    out_text("%s (you: %s)\n", cli_space_name(all->c, &s->space), dbk_role_name(s->role));
    out_text("  %llu record%s here\n", (unsigned long long)s->records, plural(s->records));
    if (s->own_ops == 0)
        out_text("  nothing written on this device yet\n");
    else if (waiting == 0)
        out_text("  safe at the relay: every change written here (%llu)\n",
                 (unsigned long long)s->own_ops);
    else
        out_text("  safe at the relay: %llu of %llu changes written here\n"
                 "  on this device only: %llu, the oldest from %s\n",
                 (unsigned long long)s->own_receipted_ops, (unsigned long long)s->own_ops,
                 (unsigned long long)waiting, cli_time((int64_t)s->oldest_waiting_ms));
    if (s->pending > 0)
        out_text("  %llu parcel%s of notes can't be opened yet: %s\n",
                 (unsigned long long)s->pending, plural(s->pending),
                 s->pending_reason == NULL ? "no reason known" : out_safe_str(s->pending_reason));
    if (s->attention > 0)
        out_text("  ! %llu record%s a decision%s: daybook conflicts\n",
                 (unsigned long long)s->attention, needs(s->attention),
                 s->role == DBK_ROLE_HQ ? "" : " by headquarters");
}

static dbk_rc take_status(void *ctx, const dbk_space_status *s, dbk_err *err)
{
    statuses *all = ctx;
    char hex[DBK_ID_HEX_SIZE];
    (void)err;
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

typedef struct outcome {
    int64_t ms; /* 0: never */
    char sentence[DBK_ERR_TEXT_MAX];
} outcome;

static outcome read_outcome(cli *c, const char *name)
{
    dbk_bytes text = DBK_BYTES_INIT(OUTCOME_BYTES_MAX);
    outcome out = { 0 };
    uint64_t ms = 0;
    size_t digits = 0;
    if (dbk_book_note_get(c->book, name, &text, NULL) != DBK_OK)
        goto out;
    while (digits < text.len && text.p[digits] != ' ')
        digits++;
    if (dbk_u64_parse(&ms, dbk_span_of(text.p, digits), NULL) != DBK_OK)
        goto out;
    out.ms = (int64_t)ms;
    (void)snprintf(out.sentence, sizeof(out.sentence), "%.*s",
                   digits < text.len ? (int)(text.len - digits - 1) : 0,
                   (const char *)text.p + (digits < text.len ? digits + 1 : digits));
out:
    dbk_bytes_wipe(&text);
    return out;
}

static void print_outcomes(dbk_org_stage stage, const outcome *done, const outcome *failed)
{
    if (stage == DBK_ORG_NONE)
        out_text("This device belongs to no organisation yet: daybook join FILE\n");
    else if (stage == DBK_ORG_JOINING)
        out_text("This device has asked to join, and waits for an administrator's approval.\n");
    else if (done->ms == 0)
        out_text("Never synced with the relay.\n");
    else
        out_text("Last synced with the relay: %s\n", cli_time(done->ms));
    if (failed->ms > done->ms)
        out_text("The last try, %s, failed: %s\n", cli_time(failed->ms),
                 out_safe_str(failed->sentence));
}

static const char *stage_name(dbk_org_stage stage)
{
    return stage == DBK_ORG_MEMBER ? "member" : stage == DBK_ORG_JOINING ? "joining" : "none";
}

dbk_rc cmd_status(cli *c, const cli_args *a, dbk_err *err)
{
    statuses all = { .c = c, .rows = c->format == OUT_JSON ? json_array() : NULL };
    const dbk_org_link *link = dbk_book_link(c->book);
    outcome done = read_outcome(c, NOTE_LAST_SYNC), failed = read_outcome(c, NOTE_LAST_FAILURE);
    (void)a;
    dbk_rc rc = dbk_query_status(c->book, take_status, &all, err);
    if (rc == DBK_OK && all.rows != NULL)
        return out_json_take(json_pack("{s:s, s:s, s:o, s:o, s:s?, s:o}", "relay", link->relay_url,
                                       "stage", stage_name(link->stage), "last_sync",
                                       cli_time_json(done.ms), "last_failure",
                                       cli_time_json(failed.ms), "failure",
                                       failed.ms > done.ms ? out_safe_str(failed.sentence) : NULL,
                                       "spaces", all.rows),
                             err);
    json_decref(all.rows);
    if (rc == DBK_OK)
        print_outcomes(link->stage, &done, &failed);
    return rc;
}
