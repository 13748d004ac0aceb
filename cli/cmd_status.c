/* What has arrived where, what hasn't, and why, in plain words. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/outcome.h"
#include "cli/recovery.h"
#include "cli/render.h"
#include "cli/words.h"
#include "core/base/text.h"

typedef struct statuses {
    cli *c;
    json_t *rows;
    bool unwitnessed; /* nobody confirms anything */
} statuses;

#define HOUR_MS 3600000u

/* How fresh this view is, and how far what was written here has come. */
static void print_confirmed(const dbk_space_status *s)
{
    const dbk_confirmed *c = &s->confirmed;
    const char *when = cli_time((int64_t)c->time_ms);
    if (c->size > 0 && s->own_ops == 0)
        out_text("  confirmed by headquarters %s\n", when);
    else if (c->size > 0)
        out_text("  held by headquarters: %llu of %llu changes written here, confirmed %s\n",
                 (unsigned long long)s->own_confirmed_ops, (unsigned long long)s->own_ops, when);
    else if (c->state == DBK_CONFIRMATION_WAITS)
        out_text("  not confirmed by headquarters yet\n");
    if (c->state == DBK_CONFIRMATION_STALE)
        out_text("  ! Headquarters has not confirmed this space for %llu hours, by this device's "
                 "clock:\n    notes may be held back on the way. If the clock is right, ring "
                 "headquarters.\n",
                 (unsigned long long)(c->age_ms / HOUR_MS));
    else if (c->state == DBK_CONFIRMATION_DOUBT)
        out_text("  ! That is later than this device's clock says it is now: one of the clocks is "
                 "wrong.\n");
}

static void print_restored_relay(const dbk_space_status *s)
{
    if (s->lost_ops > 0)
        out_text("  ! the relay was restored from a backup and lost %llu of them: the next sync "
                 "sends them again\n",
                 (unsigned long long)s->lost_ops);
    if (s->log_refused)
        out_text("  ! what was signed about the relay's restore does not fit what this device has "
                 "verified: nothing goes in or out. Tell headquarters, and keep this device\n");
}

static void print_begun(const cli *c, const dbk_snapshot_begun *b)
{
    if (b->size == 0)
        return;
    out_text("  this device began with headquarters' snapshot of %s, made by %s",
             cli_time((int64_t)b->made_ms), cli_device_name(c, &b->maker));
    out_text(" and confirmed by %s:\n  every record stands here, its changes before that do not: "
             "daybook snapshot fetch\n",
             cli_device_name(c, &b->confirmer));
}

static json_t *begun_json(const cli *c, const dbk_snapshot_begun *b)
{
    if (b->size == 0)
        return json_null();
    json_t *row = json_pack("{s:o, s:I, s:I}", "made", cli_time_json((int64_t)b->made_ms),
                            "log_size", (json_int_t)b->size, "bare", (json_int_t)b->bare);
    if (row != NULL) {
        (void)json_object_set_new(row, "maker", json_string(cli_device_name(c, &b->maker)));
        (void)json_object_set_new(row, "confirmer", json_string(cli_device_name(c, &b->confirmer)));
    }
    return row;
}

static void print_status(const statuses *all, const dbk_space_status *s)
{
    uint64_t waiting = s->own_ops - s->own_receipted_ops;
    out_text("%s (you: %s)\n", cli_space_name(all->c, &s->space), cli_standing_words(&s->mine));
    if (s->mine.over)
        out_text("  your time here is over: nothing of it is shown any more\n");
    else if (s->mine.role == DBK_ROLE_WRITER)
        out_text("  what is written here is sealed: only who may read this space can open it\n");
    else
        out_text("  %llu record%s here\n", (unsigned long long)s->records, cli_plural(s->records));
    if (s->absent_ops > 0)
        out_text("  ! restored from a backup that left out %llu change%s: the next sync fetches "
                 "them\n",
                 (unsigned long long)s->absent_ops, cli_plural(s->absent_ops));
    if (s->own_ops == 0)
        out_text("  nothing written on this device yet\n");
    else if (waiting == 0)
        out_text("  safe at the relay: every change written here (%llu)\n",
                 (unsigned long long)s->own_ops);
    else
        out_text("  safe at the relay: %llu of %llu changes written here\n"
                 "  on this device only: %llu%s%s\n",
                 (unsigned long long)s->own_receipted_ops, (unsigned long long)s->own_ops,
                 (unsigned long long)waiting, s->oldest_waiting_ms > 0 ? ", the oldest from " : "",
                 cli_time((int64_t)s->oldest_waiting_ms));
    print_restored_relay(s);
    print_confirmed(s);
    if (s->pending > 0)
        out_text("  %llu parcel%s of notes can't be opened yet: %s\n",
                 (unsigned long long)s->pending, cli_plural(s->pending),
                 s->pending_reason == NULL ? "no reason known" : out_safe_str(s->pending_reason));
    if (s->undecided > 0)
        out_text("  ! %llu parcel%s of notes stand%s aside until a supervisor decides: daybook "
                 "quarantine list\n",
                 (unsigned long long)s->undecided, cli_plural(s->undecided),
                 s->undecided == 1 ? "s" : "");
    if (s->attention > 0)
        out_text("  ! %llu record%s a decision%s: daybook conflicts\n",
                 (unsigned long long)s->attention, cli_needs(s->attention),
                 s->mine.role == DBK_ROLE_HQ ? "" : " by headquarters");
}

static dbk_rc take_status(void *ctx, const dbk_space_status *s, dbk_err *err)
{
    statuses *all = ctx;
    char hex[DBK_ID_HEX_SIZE];
    dbk_snapshot_begun begun;
    dbk_rc rc = dbk_snapshot_begun_with(all->c->book, &begun, &s->space, err);
    if (rc != DBK_OK)
        return rc;
    all->unwitnessed = s->confirmed.state == DBK_CONFIRMATION_NO_WITNESS;
    if (all->rows == NULL) {
        print_status(all, s);
        print_begun(all->c, &begun);
        return DBK_OK;
    }
    dbk_id_hex(hex, &s->space);
    json_t *row = json_pack(
        "{s:s, s:s, s:s, s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:o, s:I, s:o, s:I, s:I, "
        "s:I, s:I, s:I, s:I, s:I, s:b}",
        "space", hex, "name", cli_space_name(all->c, &s->space), "role",
        dbk_role_name(s->mine.role), "until", cli_time_json((int64_t)s->mine.until_ms), "over",
        (int)s->mine.over, "records", (json_int_t)s->records, "ops", (json_int_t)s->ops, "segments",
        (json_int_t)s->segments, "own_ops", (json_int_t)s->own_ops, "own_at_relay",
        (json_int_t)s->own_receipted_ops, "own_at_hq", (json_int_t)s->own_confirmed_ops,
        "confirmation", dbk_confirmation_name(s->confirmed.state), "confirmed",
        cli_time_json((int64_t)s->confirmed.time_ms), "confirmed_size",
        (json_int_t)s->confirmed.size, "oldest_waiting",
        cli_time_json((int64_t)s->oldest_waiting_ms), "pending", (json_int_t)s->pending,
        "undecided", (json_int_t)s->undecided, "aside", (json_int_t)s->aside, "attention",
        (json_int_t)s->attention, "log_size", (json_int_t)s->log_size, "absent",
        (json_int_t)s->absent_ops, "lost", (json_int_t)s->lost_ops, "log_refused",
        (int)s->log_refused);
    (void)json_object_set_new(row, "begun", begun_json(all->c, &begun));
    if (s->pending_reason != NULL)
        (void)json_object_set_new(row, "pending_reason", json_string(s->pending_reason));
    (void)json_array_append_new(all->rows, row);
    return DBK_OK;
}

static void print_outcomes(dbk_org_stage stage, const cli_outcome *done, const cli_outcome *failed)
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

/* Above everything else. */
static void print_alarm(const dbk_evidence_totals *evidence)
{
    if (evidence->open > 0)
        out_text("! ALARM: %llu finding%s of two histories: daybook evidence list\n",
                 (unsigned long long)evidence->open, cli_plural(evidence->open));
    if (evidence->frozen)
        out_text("! Nothing is exchanged until headquarters has settled who is a member.\n");
}

static const char *stage_name(dbk_org_stage stage)
{
    return stage == DBK_ORG_MEMBER ? "member" : stage == DBK_ORG_JOINING ? "joining" : "none";
}

static void print_mark(const dbk_book_mark *mark, uint64_t restored_ms)
{
    if (restored_ms > 0)
        out_text("! This store is an older copy, found so on %s: what it lacks comes with the next "
                 "sync.\n",
                 cli_time((int64_t)restored_ms));
    if (mark->why_none[0] != '\0')
        out_text("No mark of how far this store is can be kept outside of it: %s\n",
                 out_safe_str(mark->why_none));
}

dbk_rc cmd_status(cli *c, const cli_args *a, dbk_err *err)
{
    statuses all = { .c = c, .rows = c->format == OUT_JSON ? json_array() : NULL };
    const dbk_org_link *link = dbk_book_link(c->book);
    json_t *recovery = NULL;
    cli_outcome done = cli_outcome_read(c, CLI_OUTCOME_DONE);
    cli_outcome failed = cli_outcome_read(c, CLI_OUTCOME_FAILED);
    const dbk_book_mark mark = dbk_book_mark_found(c->book);
    uint64_t restored_ms = dbk_book_restored_ms(c->book);
    (void)a;
    dbk_evidence_totals evidence = { 0 };
    dbk_rc rc = dbk_evidence_count(c->book, &evidence, err);
    if (rc == DBK_OK && all.rows == NULL)
        print_alarm(&evidence);
    if (rc == DBK_OK)
        rc = dbk_query_status(c->book, take_status, &all, err);
    if (rc == DBK_OK && all.rows != NULL)
        rc = cli_recovery_json(&recovery, c, err);
    if (rc == DBK_OK && all.rows != NULL)
        return out_json_take(
            json_pack("{s:s, s:s, s:o, s:o, s:s?, s:I, s:b, s:b, s:o, s:o, s:o}", "relay",
                      link->relay_url, "stage", stage_name(link->stage), "last_sync",
                      cli_time_json(done.ms), "last_failure", cli_time_json(failed.ms), "failure",
                      failed.ms > done.ms ? out_safe_str(failed.sentence) : NULL, "evidence",
                      (json_int_t)evidence.open, "frozen", (int)evidence.frozen, "mark",
                      mark.found != DBK_MARK_NONE, "restored", cli_time_json((int64_t)restored_ms),
                      "spaces", all.rows, "recovery", recovery),
            err);
    json_decref(all.rows);
    if (rc == DBK_OK && all.unwitnessed)
        out_text(
            "No witness is named: nobody confirms what headquarters holds, and notes that "
            "are held back\non the way may not be noticed. Administrators: daybook org witness "
            "--help\n");
    if (rc == DBK_OK) {
        print_outcomes(link->stage, &done, &failed);
        print_mark(&mark, restored_ms);
    }
    return rc == DBK_OK ? cli_recovery_print(c, err) : rc;
}
