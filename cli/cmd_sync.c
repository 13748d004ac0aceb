/* Exchange with the relay or a folder, once or again and again. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/agent.h"
#include "cli/cmd.h"
#include "cli/dispose.h"
#include "cli/outcome.h"
#include "cli/recovery.h"
#include "cli/render.h"
#include "cli/words.h"
#include "core/base/text.h"

#define INDEX_STEP 500u   /* records between two looks at the progress bar */
#define WATCH_EVERY_S 10u /* between two exchanges, and up to twice that by chance */
#define WATCH_MOST_S 160u /* while the relay can't be reached */

/* With whom. */
typedef struct route {
    const char *folder; /* NULL: the relay */
    const char *begin; /* a folder to begin with, before the relay is asked for the rest; or NULL */
} route;

/* What came of it. */
typedef struct outcome {
    dbk_sync_report report;
    cli_disposed disposed;
} outcome;

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

static void say_exchange(const dbk_sync_report *r, const char *folder)
{
    if (r->pushed_ops == 0)
        out_text("Nothing to send.");
    else
        out_text("%s %llu change%s.", folder ? "Put into the folder:" : "Sent",
                 (unsigned long long)r->pushed_ops, cli_plural(r->pushed_ops));
    if (r->pulled_ops == 0)
        out_text(" Fetched nothing new.\n");
    else
        out_text(" Fetched %llu change%s: %llu new record%s, %llu changed.\n",
                 (unsigned long long)r->pulled_ops, cli_plural(r->pulled_ops),
                 (unsigned long long)r->records_new, cli_plural(r->records_new),
                 (unsigned long long)r->records_changed);
}

static const char *const own_codes[] = { [DBK_OWN_NONE] = "none",
                                         [DBK_OWN_WAITS] = "waits",
                                         [DBK_OWN_AGREED] = "agreed",
                                         [DBK_OWN_DECLINED] = "declined",
                                         [DBK_OWN_OVERTAKEN] = "overtaken" };

/* What administrators have to do with each other. */
static void say_proposals(const dbk_sync_report *r)
{
    static const char *const own[] = {
        [DBK_OWN_NONE] = "",
        [DBK_OWN_WAITS] = "What you proposed still waits for another administrator.\n",
        [DBK_OWN_AGREED] = "Another administrator agreed to what you proposed: it is done. A "
                           "device gets its spaces when\nyou give the command again: daybook org "
                           "approve NAME\n",
        [DBK_OWN_DECLINED] = "! What you proposed waits no longer: another administrator declined "
                             "it, or the relay lost it.\n",
        [DBK_OWN_OVERTAKEN] = "! The organisation changed before anyone agreed to what you "
                              "proposed. If it is still wanted, give the command again.\n",
    };
    out_text("%s", own[r->proposal]);
    if (r->to_agree > 0)
        out_text("! %llu change%s you, the second administrator: daybook org proposals\n",
                 (unsigned long long)r->to_agree, cli_needs(r->to_agree));
}

static json_t *report_json(const outcome *out)
{
    const dbk_sync_report *r = &out->report;
    json_t *top = json_pack(
        "{s:b, s:b, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:s, "
        "s:I, "
        "s:I, s:I, s:I}",
        "idle", (int)r->idle, "joining", (int)r->joining, "round_trips", (int)r->round_trips,
        "sent_bytes", (json_int_t)r->sent_bytes, "received_bytes", (json_int_t)r->received_bytes,
        "sent", (json_int_t)r->pushed_ops, "fetched", (json_int_t)r->pulled_ops, "records_new",
        (json_int_t)r->records_new, "records_changed", (json_int_t)r->records_changed,
        "conflicts_new", (json_int_t)r->conflicts_new, "members_new", (json_int_t)r->members_new,
        "refused", (json_int_t)r->refused, "pending", (json_int_t)r->pending, "restored",
        (int)r->restored, "reissued", (json_int_t)r->reissued, "to_agree", (json_int_t)r->to_agree,
        "proposal", own_codes[r->proposal], "evidence", (json_int_t)r->evidence_new, "cosigned",
        (json_int_t)r->cosigned, "stale", (json_int_t)r->stale, "begun_records",
        (json_int_t)r->begun_records);
    json_t *relay = json_pack("{s:b, s:I, s:I, s:I, s:I}", "relay_restored", (int)r->relay_restored,
                              "lost", (json_int_t)r->lost_ops, "lost_others",
                              (json_int_t)r->lost_others, "carried", (json_int_t)r->carried,
                              "contradictions", (json_int_t)r->contradictions);
    json_t *snapshots = json_pack("{s:I, s:I}", "snapshots_refused", (json_int_t)r->begun_refused,
                                  "snapshots_confirmed", (json_int_t)r->snapshots_confirmed);
    json_t *disposed = json_pack("{s:I, s:I, s:I}", "disposed", (json_int_t)out->disposed.changes,
                                 "disposal_held", (json_int_t)out->disposed.held,
                                 "disposal_changed", (json_int_t)out->disposed.changed);
    if (top != NULL && relay != NULL)
        (void)json_object_update(top, relay);
    if (top != NULL && disposed != NULL)
        (void)json_object_update(top, disposed);
    if (top != NULL && snapshots != NULL)
        (void)json_object_update(top, snapshots);
    json_decref(snapshots);
    json_decref(relay);
    json_decref(disposed);
    return top;
}

static void say_restored_relay(const dbk_sync_report *r)
{
    if (r->relay_restored)
        out_text("! The relay was restored from a backup, and headquarters has confirmed it.\n");
    if (r->lost_ops > 0)
        out_text("  %llu change%s of yours that it had signed for %s lost there and %s sent "
                 "again.\n",
                 (unsigned long long)r->lost_ops, cli_plural(r->lost_ops),
                 r->lost_ops == 1 ? "was" : "were", r->lost_ops == 1 ? "is" : "are");
    if (r->carried > 0)
        out_text("  %llu parcel%s of colleagues' notes that the relay hadn't got went there from "
                 "here.\n",
                 (unsigned long long)r->carried, cli_plural(r->carried));
    if (r->contradictions > 0)
        out_text("! What was signed about the relay's restore does not fit what this device has "
                 "verified: %zu space%s stay%s stopped. Tell headquarters, and keep this device.\n",
                 r->contradictions, cli_plural(r->contradictions),
                 r->contradictions == 1 ? "s" : "");
}

static dbk_rc say_report(cli *c, const outcome *out, const char *folder, dbk_err *err)
{
    const dbk_sync_report *r = &out->report;
    if (c->format == OUT_JSON)
        return out_json_take(report_json(out), err);
    say_restored_relay(r);
    if (r->restored)
        out_text("! This store was restored from an older copy, or there are two of it. What the "
                 "relay had of it came back.\n");
    if (r->reissued > 0)
        out_text("  %llu change%s that the relay did not have %s written again and sent; nothing "
                 "was lost. If a second copy is in use, tell headquarters.\n",
                 (unsigned long long)r->reissued, cli_plural(r->reissued),
                 r->reissued == 1 ? "was" : "were");
    if (r->joining) {
        out_text("Waiting for an administrator to approve this device.\n");
        return DBK_OK;
    }
    if (r->begun > 0)
        out_text("Began with headquarters' snapshot: %llu record%s. Earlier changes of them are "
                 "not on this device: daybook snapshot fetch\n",
                 (unsigned long long)r->begun_records, cli_plural(r->begun_records));
    if (r->begun_refused > 0)
        out_text("! The snapshot of headquarters that the relay gave could not be used: all notes "
                 "were fetched instead.\n");
    if (r->snapshots_confirmed > 0)
        out_text("Confirmed %llu snapshot%s for headquarters: this device makes the same.\n",
                 (unsigned long long)r->snapshots_confirmed, cli_plural(r->snapshots_confirmed));
    if (r->idle && folder)
        out_text("Nothing new: the folder and this device hold the same.\n");
    else if (r->idle && r->refused == 0)
        out_text("Nothing new. Everything written here is safe at the relay.\n");
    else
        say_exchange(r, folder);
    if (r->stale > 0)
        out_text("! Headquarters has not confirmed %llu space%s for too long: notes may be held "
                 "back: daybook status\n",
                 (unsigned long long)r->stale, cli_plural(r->stale));
    if (r->members_new > 0)
        out_text("%llu change%s of membership: daybook org log\n",
                 (unsigned long long)r->members_new, cli_plural(r->members_new));
    say_proposals(r);
    cli_dispose_tell(&out->disposed);
    if (r->conflicts_new > 0)
        out_text("! %llu more record%s a decision: daybook conflicts\n",
                 (unsigned long long)r->conflicts_new, cli_needs(r->conflicts_new));
    if (r->evidence_new > 0)
        out_text("! Two histories were found: daybook evidence list\n");
    if (r->refused > 0)
        out_text("! The relay did not take %llu parcels of notes; they are kept here. Tell "
                 "headquarters.\n",
                 (unsigned long long)r->refused);
    if (r->pending > 0)
        out_text("%llu parcel%s of notes can't be merged yet: daybook status\n",
                 (unsigned long long)r->pending, cli_plural(r->pending));
    return DBK_OK;
}

/* What a new device begins with; *begun as much as was. */
static dbk_rc begin_with(cli *c, dbk_transport *relay, dbk_sync_report *begun, const char *folder,
                         const dbk_progress *progress, dbk_err *err)
{
    dbk_transport t = { 0 };
    dbk_rc rc = dbk_transport_dir(&t, folder, err);
    if (rc == DBK_OK)
        rc = dbk_driver_begin_with(c->book, relay, &t, begun, progress, err);
    dbk_transport_close(&t);
    return rc;
}

static dbk_rc exchange(cli *c, dbk_sync_report *report, const route *by, out_progress *bar,
                       dbk_err *err)
{
    const char *folder = by->folder;
    dbk_sync_report begun = { 0 };
    dbk_transport t = { 0 };
    dbk_progress progress = { draw, bar };
    dbk_rc rc = folder == NULL ? dbk_driver_connect(&t, c->book, err)
                               : dbk_transport_dir(&t, folder, err);
    if (rc == DBK_OK && by->begin != NULL)
        rc = begin_with(c, &t, &begun, by->begin, &progress, err);
    if (rc == DBK_OK)
        rc = dbk_driver_sync(c->book, &t, report, &progress, err);
    report->begun += begun.begun;
    report->begun_records += begun.begun_records;
    dbk_transport_close(&t);
    return rc;
}

/* With --watch only news is worth a line. stale: how many spaces were when last told. */
static bool is_news(const outcome *out, uint64_t *stale)
{
    const dbk_sync_report *r = &out->report;
    bool more = r->stale > *stale;
    *stale = r->stale;
    return (!r->idle && !r->joining) || more || out->disposed.changes > 0;
}

/* Two histories were found now; or before, and the relay still lies while nobody has settled it:
 * status 21 of docs/CLI.md. */
static bool shows_split(const cli *c, const dbk_sync_report *report, dbk_rc rc)
{
    dbk_evidence_totals all = { 0 };
    if (report->evidence_new > 0)
        return true;
    return rc == DBK_PEER && dbk_evidence_count(c->book, &all, NULL) == DBK_OK && all.open > 0;
}

static dbk_rc sync_once(cli *c, const route *by, out_progress *bar, outcome *out, dbk_err *err)
{
    const char *folder = by->folder;
    dbk_sync_report *report = &out->report;
    dbk_err why = { 0 };
    out_progress_start(bar);
    dbk_rc rc = exchange(c, report, by, bar, &why);
    if (rc == DBK_OK) {
        rc = cli_dispose_carry_out(c, &out->disposed, err);
        if (rc == DBK_OK)
            rc = index_all(c, bar, err);
        out_progress_end(bar);
        cli_recovery_settle(c); /* a new policy may have come */
        return rc == DBK_OK && folder == NULL ? cli_outcome_keep(c, CLI_OUTCOME_DONE, "", err) : rc;
    }
    out_progress_end(bar);
    if (folder == NULL) /* for `status`; the failure itself is what is reported */
        (void)!cli_outcome_keep(c, CLI_OUTCOME_FAILED, why.text, NULL);
    if (report->pushed_ops > 0 && c->format == OUT_TEXT)
        out_note("%llu change%s had arrived before that; the rest is kept here.",
                 (unsigned long long)report->pushed_ops, cli_plural(report->pushed_ops));
    if (rc != DBK_SPLIT && shows_split(c, report, rc))
        return dbk_fail(err, DBK_SPLIT, "%s; what shows it is kept: daybook evidence list",
                        why.text);
    return dbk_fail(err, rc, "%s", why.text);
}

static volatile sig_atomic_t watch_ended;

static void end_watch(int sig)
{
    (void)sig;
    watch_ended = 1;
}

/* Devices that lost the relay together don't come back together. */
static void watch_pause(uint64_t seconds)
{
    uint8_t jitter = 0;
    dbk_env_system()->random(NULL, &jitter, 1);
    uint64_t ms = seconds * 1000 + seconds * jitter;
    struct timespec left = { .tv_sec = (time_t)(ms / 1000),
                             .tv_nsec = (long)(ms % 1000) * 1000000 };
    if (!watch_ended) /* a signal ends the pause */
        (void)nanosleep(&left, NULL);
}

/* Is this to be tried again in a while? Anything else a person has to look at. */
static bool passes_by(dbk_rc rc)
{
    return rc == DBK_UNREACHABLE || rc == DBK_BUSY || rc == DBK_PENDING;
}

/* What a watch opens the store with: a key of its own, or whatever the agent has by then. */
static dbk_rc reopen(cli *c, const dbk_secret *key, dbk_err *err)
{
    const dbk_book_opts opts = cli_book_opts(c);
    if (c->book != NULL)
        return DBK_OK;
    if (key != NULL)
        return dbk_book_open_with_key(&c->book, c->store, key, &opts, err);
    return agent_open_book(c, AGENT_QUIETLY, err);
}

/* Between two exchanges the store is closed, so that notes can be written meanwhile. When the agent
 * has locked, nothing is left here that opens it: the watch goes on after the next unlock. */
static dbk_rc watch(cli *c, const route *by, const dbk_secret *key, dbk_err *err)
{
    struct sigaction end = { .sa_handler = end_watch };
    uint64_t pause_s = WATCH_EVERY_S, stale = 0;
    bool locked = false;
    (void)sigaction(SIGINT, &end, NULL);
    (void)sigaction(SIGTERM, &end, NULL);
    while (!watch_ended) {
        outcome out = { 0 };
        dbk_err why = { 0 };
        out_progress bar;
        dbk_rc rc = reopen(c, key, &why);
        if (rc == DBK_PENDING && key == NULL && !locked)
            out_note("The store is locked: nothing is exchanged until `daybook unlock`.");
        locked = rc == DBK_PENDING && key == NULL;
        if (rc == DBK_OK)
            rc = sync_once(c, by, &bar, &out, &why);
        if (rc == DBK_OK && is_news(&out, &stale))
            rc = say_report(c, &out, by->folder, &why);
        if (rc == DBK_OK)
            rc = out_finish(&why);
        dbk_book_close(c->book);
        c->book = NULL;
        if (rc != DBK_OK && !passes_by(rc))
            return dbk_fail(err, rc, "%s", why.text);
        if (rc == DBK_UNREACHABLE)
            out_note("%s: trying again", out_safe_str(why.text));
        pause_s = rc == DBK_OK || locked   ? WATCH_EVERY_S
                  : pause_s < WATCH_MOST_S ? pause_s * 2
                                           : pause_s;
        watch_pause(pause_s);
    }
    return DBK_OK;
}

/* Opens the store itself: with --watch it is opened again and again. */
dbk_rc cmd_sync(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_secret *key = NULL;
    const route by = { cli_option_value(a, "--folder"), cli_option_value(a, "--begin-with") };
    bool again = cli_option_given(a, "--watch");
    if (by.begin != NULL && (by.folder != NULL || again))
        return dbk_fail(err, DBK_USAGE, "--begin-with is for one exchange with the relay");
    dbk_rc rc = cli_open_book(c, NULL, err);
    if (rc == DBK_OK && again && !c->by_agent)
        rc = dbk_secret_from(&key, dbk_secret_bytes(dbk_book_store_key(c->book)), err);
    if (rc == DBK_OK && again) {
        rc = watch(c, &by, key, err);
    } else if (rc == DBK_OK) {
        outcome out = { 0 };
        out_progress bar;
        rc = sync_once(c, &by, &bar, &out, err);
        if (rc == DBK_OK)
            rc = say_report(c, &out, by.folder, err);
        if (rc == DBK_OK && out.report.evidence_new > 0)
            rc = dbk_fail(err, DBK_SPLIT,
                          "everything was exchanged, and it shows two histories: tell headquarters "
                          "(daybook evidence list)");
    }
    dbk_secret_free(key);
    return rc;
}
