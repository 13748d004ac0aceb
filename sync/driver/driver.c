#include "sync/driver/driver.h"

#include <string.h>

#include "sync/driver/sync.h"

#define TELL_EVERY_MS 100u

void dbk_watch_tell(dbk_watch *w, const char *phase, uint64_t done, uint64_t total)
{
    if (w->progress == NULL || w->progress->fn == NULL)
        return;
    uint64_t now_ms = dbk_monotonic_ms();
    if (now_ms - w->told_ms < TELL_EVERY_MS && (total == 0 || done < total))
        return;
    w->told_ms = now_ms;
    w->progress->fn(w->progress->ctx, phase, done, total);
}

void dbk_report_add(dbk_sync_report *report, const dbk_inbox_stats *stats)
{
    report->pulled_segments += stats->segments;
    report->pulled_ops += stats->ops;
    report->records_new += stats->records_new;
    report->records_changed += stats->records_changed;
    report->conflicts_new += stats->conflicts_new;
    report->pending += stats->pending;
}

static dbk_rc need_org(const dbk_book *book, dbk_err *err)
{
    if (dbk_book_link(book)->stage == DBK_ORG_NONE)
        return dbk_fail(err, DBK_DENIED, "this store belongs to no organisation yet");
    return DBK_OK;
}

void dbk_driver_pins(dbk_https_opts *opts, const uint8_t current[32], const dbk_pins *backup)
{
    memcpy(opts->tls_pin, current, sizeof(opts->tls_pin));
    _Static_assert(sizeof(opts->backup_pins) >= sizeof(backup->pin), "room for an invite's");
    memcpy(opts->backup_pins, backup->pin, sizeof(backup->pin));
    opts->backup_pins_count = backup->count;
}

static bool has_pin(const dbk_https_opts *opts, const uint8_t pin[32])
{
    bool found = memcmp(opts->tls_pin, pin, sizeof(opts->tls_pin)) == 0;
    for (size_t i = 0; i < opts->backup_pins_count; i++)
        found = found || memcmp(opts->backup_pins[i], pin, sizeof(opts->backup_pins[i])) == 0;
    return found;
}

/* What the administrators have signed since: the relay may have these keys, too. */
static void add_policy_pins(dbk_https_opts *opts, const dbk_book *book)
{
    const dbk_roster *roster = dbk_book_roster(book);
    const dbk_policy_keys *pins = roster != NULL ? &dbk_roster_policy(roster)->tls_pins : NULL;
    for (size_t i = 0; pins != NULL && i < pins->count; i++) {
        if (has_pin(opts, pins->b[i]) || opts->backup_pins_count == DBK_BACKUP_PINS_MAX)
            continue;
        memcpy(opts->backup_pins[opts->backup_pins_count++], pins->b[i], sizeof(pins->b[i]));
    }
}

dbk_rc dbk_driver_connect(dbk_transport *out, dbk_book *book, dbk_err *err)
{
    const dbk_org_link *link = dbk_book_link(book);
    memset(out, 0, sizeof(*out));
    dbk_rc rc = need_org(book, err);
    if (rc != DBK_OK)
        return rc;
    dbk_https_opts opts = { .url = link->relay_url };
    dbk_driver_pins(&opts, link->tls_pin, &link->backup);
    add_policy_pins(&opts, book);
    return dbk_transport_https(out, &opts, err);
}

/* Also where a space has met something: the others' officers wait for a word. */
static dbk_rc cosign(dbk_line *line, dbk_sync_report *report, dbk_rc before, dbk_err *err)
{
    dbk_err why = { 0 };
    dbk_rc rc = dbk_line_cosign_due(line, &report->cosigned, &why);
    if (before != DBK_OK || rc == DBK_OK)
        return before;
    return dbk_fail(err, rc, "%s", why.text);
}

/* Of the spaces that this device is in: how many haven't been confirmed for too long. */
static void count_stale(const dbk_book *book, dbk_sync_report *report)
{
    for (size_t i = 0; i < dbk_book_spaces(book); i++) {
        dbk_id space = dbk_book_space_at(book, i);
        if (dbk_cosigned_judge(book, &space).state == DBK_CONFIRMATION_STALE)
            report->stale++;
    }
}

static dbk_rc exchange(dbk_book *book, dbk_transport *t, dbk_sync_report *report,
                       const dbk_progress *progress, dbk_err *err)
{
    dbk_line line;
    dbk_watch watch = { .progress = progress };
    bool was_put_back = dbk_book_restored_ms(book) != 0;
    dbk_rc rc;
    if (t->carrier)
        return dbk_sync_folder(book, t, report, &watch, err);
    rc = dbk_line_open(&line, book, t, err);
    if (rc == DBK_OK)
        rc = dbk_sync_relay(&line, report, &watch, err);
    if (line.reached && t->met != NULL && rc == DBK_OK)
        rc = dbk_book_pin_met(book, t->met, err);
    if (rc == DBK_OK && !report->joining)
        rc = dbk_line_rotate_due(&line, err);
    if (rc == DBK_OK && !report->joining)
        rc = dbk_line_heed_proposals(&line, report, err);
    if (rc == DBK_OK && !report->joining)
        rc = dbk_book_restored_end(book, err);
    report->restored = report->restored || (was_put_back && !report->joining);
    if (line.reached && !report->joining && rc != DBK_UNREACHABLE &&
        dbk_book_restored_ms(book) == 0) /* an older copy vouches for nothing */
        rc = cosign(&line, report, rc, err);
    if (rc == DBK_OK && line.unsaid.rc != DBK_OK)
        rc = dbk_fail(err, line.unsaid.rc, "%s", line.unsaid.text);
    count_stale(book, report);
    report->round_trips = line.round_trips;
    report->sent_bytes = line.sent_bytes;
    report->received_bytes = line.received_bytes;
    dbk_line_close(&line);
    return rc;
}

dbk_rc dbk_driver_sync(dbk_book *book, dbk_transport *t, dbk_sync_report *report,
                       const dbk_progress *progress, dbk_err *err)
{
    dbk_evidence_totals before, after;
    dbk_err inner = { 0 };
    memset(report, 0, sizeof(*report));
    dbk_rc rc = need_org(book, err);
    if (rc == DBK_OK)
        rc = dbk_evidence_check_frozen(book, err);
    if (rc == DBK_OK)
        rc = dbk_evidence_count(book, &before, err);
    if (rc != DBK_OK)
        return rc;
    rc = exchange(book, t, report, progress, err);
    if (dbk_evidence_count(book, &after, &inner) == DBK_OK)
        report->evidence_new = after.open > before.open ? after.open - before.open : 0;
    else if (rc == DBK_OK)
        rc = dbk_fail(err, inner.rc, "%s", inner.text);
    return rc;
}
