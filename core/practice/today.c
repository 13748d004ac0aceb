#include "core/practice/today.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/day.h"
#include "core/base/room.h"
#include "core/practice/clock.h"
#include "core/practice/deployment.h"
#include "core/practice/directory.h"

#define ITEMS_MAX 65536u

/* What is due where: a new kind of review is one row. A form that isn't known has no records. */
typedef struct due_rule {
    const char *form, *field;
    dbk_due_kind kind;
    const char *state;     /* a field that says that it is over, or NULL */
    const char *closed[3]; /* its answers that say so */
} due_rule;
static const due_rule due_rules[] = {
    { "action", "due", DBK_DUE_ACTION, "state", { "done", "declined" } },
    { "risk_assessment", "review_on", DBK_DUE_REVIEW, NULL, { NULL } },
    { "decision", "review_on", DBK_DUE_REVIEW, NULL, { NULL } },
    { "referral", "revisit_on", DBK_DUE_REVIEW, "state", { "done", "closed_no_contact" } },
    { "protective_order", "expires_on", DBK_DUE_EXPIRY, NULL, { NULL } },
    { "marker", "review_on", DBK_DUE_REVIEW, "state", { "cancelled" } },
    { "marker", "expires_on", DBK_DUE_EXPIRY, "state", { "cancelled" } },
};

/* A case, the contacts with its family, and how it was graded. */
typedef struct seen_case {
    dbk_id id;
    bool higher;       /* than standard */
    int64_t graded_ms; /* the latest assessment */
} seen_case;

typedef struct list {
    void *rows;
    size_t count, room;
} list;

typedef struct today {
    const dbk_today_opts *opts;
    const due_rule *rule;
    dbk_book *book;
    list items, contacts, cases; /* dbk_due, dbk_due, seen_case */
    list services;               /* dbk_id, of open referrals */
} today;

static dbk_rc push(list *l, const void *row, size_t size, dbk_err *err)
{
    if (l->count == ITEMS_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u things wait", ITEMS_MAX);
    void *rows = dbk_room_for(l->rows, &l->room, l->count + 1, size);
    if (rows == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for what is due");
    l->rows = rows;
    memcpy((uint8_t *)l->rows + l->count++ * size, row, size);
    return DBK_OK;
}

static dbk_due_when when_of(const today *t, const dbk_due *due)
{
    if (due->timed ? due->at_ms < t->opts->now_ms : due->at_ms < t->opts->today_ms)
        return DBK_DUE_OVERDUE;
    return due->at_ms < t->opts->today_ms + DBK_DAY_MS ? DBK_DUE_TODAY : DBK_DUE_SOON;
}

static dbk_rc keep(today *t, dbk_due *due, dbk_err *err)
{
    due->when = when_of(t, due);
    if (due->at_ms >= t->opts->today_ms + (1 + (int64_t)t->opts->days) * DBK_DAY_MS)
        return DBK_OK;
    return push(&t->items, due, sizeof(*due), err);
}

/* ---- dates of records ------------------------------------------------------------------------ */

static dbk_rc is_over(const due_rule *rule, dbk_reading *r, bool *over, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *over = false;
    for (size_t i = 0; rc == DBK_OK && !*over && i < 3 && rule->closed[i] != NULL; i++)
        rc = dbk_reading_says(r, over, rule->state, rule->closed[i], err);
    return rc;
}

static dbk_rc look_dated(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    today *t = ctx;
    dbk_due due = { .record = row->record, .kind = t->rule->kind };
    bool over = false, there = false;
    dbk_rc rc = is_over(t->rule, r, &over, err);
    if (rc == DBK_OK && !over)
        rc = dbk_reading_time(r, &there, &due.at_ms, t->rule->field, err);
    if (rc == DBK_OK && there)
        rc = dbk_reading_says(r, &due.urgent, "priority", "urgent", err);
    if (rc == DBK_OK && there)
        rc = keep(t, &due, err);
    return rc;
}

/* ---- contacts and risk ----------------------------------------------------------------------- */

static seen_case *case_of(today *t, const dbk_id *id)
{
    seen_case *cases = t->cases.rows;
    for (size_t i = 0; i < t->cases.count; i++)
        if (dbk_id_equal(&cases[i].id, id))
            return &cases[i];
    return NULL;
}

static dbk_rc look_risk(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    today *t = ctx;
    dbk_id id = { { 0 } };
    bool standard = false, ungraded = false;
    dbk_rc rc = dbk_reading_ref(r, &id, "case_id", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &standard, "judgement_band", "standard", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &ungraded, "judgement_band", "not_graded", err);
    /* Newest first: the first of a case is the one in force. */
    if (rc == DBK_OK && !dbk_id_is_zero(&id) && case_of(t, &id) == NULL) {
        seen_case one = { .id = id, .higher = !standard && !ungraded, .graded_ms = row->when_ms };
        rc = push(&t->cases, &one, sizeof(one), err);
    }
    return rc;
}

/* One row for each case, of its newest contact, with what was agreed in that; repeats are counted
 * since the assessment, attempts apart (FL-2). */
static dbk_rc note_contact(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    today *t = ctx;
    dbk_id id = { { 0 } };
    bool agreed = false, attempt = false;
    dbk_due due = { .record = row->record, .kind = DBK_DUE_CONTACT, .timed = true };
    dbk_due *rows = t->contacts.rows;
    dbk_rc rc = dbk_reading_ref(r, &id, "case_id", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &attempt, "method", "attempted", err);
    if (rc == DBK_OK)
        rc = dbk_reading_time(r, &agreed, &due.at_ms, "next_contact.when", err);
    if (rc != DBK_OK)
        return rc;
    size_t i = 0;
    while (i < t->contacts.count && !dbk_id_equal(&rows[i].record, &id))
        i++;
    bool newest = dbk_id_is_zero(&id) || i == t->contacts.count;
    if (newest && agreed)
        rc = keep(t, &due, err);
    if (rc == DBK_OK && newest && !dbk_id_is_zero(&id)) {
        dbk_due of_case = { .record = id, .kind = DBK_DUE_REPEAT, .at_ms = row->when_ms };
        rc = push(&t->contacts, &of_case, sizeof(of_case), err);
        rows = t->contacts.rows;
    }
    const seen_case *graded = case_of(t, &id);
    if (rc == DBK_OK && !dbk_id_is_zero(&id) && !attempt && graded != NULL &&
        row->when_ms >= graded->graded_ms)
        rows[i].contacts++;
    return rc;
}

static dbk_rc keep_repeats(today *t, dbk_err *err)
{
    dbk_due *rows = t->contacts.rows;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < t->contacts.count; i++) {
        const seen_case *graded = case_of(t, &rows[i].record);
        if (graded == NULL || graded->higher || rows[i].contacts < DBK_TODAY_REPEATS)
            continue;
        rows[i].when = DBK_DUE_TODAY;
        rows[i].timed = true;
        rc = push(&t->items, &rows[i], sizeof(rows[i]), err);
    }
    return rc;
}

static dbk_rc keep_clash(void *ctx, const dbk_row *action, dbk_err *err)
{
    today *t = ctx;
    const dbk_due due = { .record = action->record,
                          .kind = DBK_DUE_CLASH,
                          .when = DBK_DUE_OVERDUE,
                          .urgent = true,
                          .timed = true,
                          .at_ms = action->when_ms };
    return push(&t->items, &due, sizeof(due), err);
}

/* ---- limits of the law ----------------------------------------------------------------------- */

/* One row for a decision, whoever has to be told of it: at the first of their limits. */
static dbk_rc keep_limit(void *ctx, const dbk_clock_run *run, dbk_err *err)
{
    today *t = ctx;
    dbk_due due = { .record = run->record, .kind = DBK_DUE_LIMIT, .timed = true };
    dbk_due *rows = t->items.rows;
    due.at_ms = run->due_ms;
    if (run->closed || (run->state != DBK_CLOCK_RUNNING && run->state != DBK_CLOCK_OVERDUE))
        return DBK_OK;
    dbk_due *last = t->items.count == 0 ? NULL : &rows[t->items.count - 1];
    if (last == NULL || last->kind != DBK_DUE_LIMIT || !dbk_id_equal(&last->record, &due.record))
        return keep(t, &due, err);
    last->at_ms = due.at_ms < last->at_ms ? due.at_ms : last->at_ms;
    last->when = when_of(t, last);
    return DBK_OK;
}

static dbk_rc look_limits(today *t, dbk_book *book, dbk_err *err)
{
    const dbk_clock_opts opts = { .now_ms = t->opts->now_ms,
                                  .shows = t->opts->shows,
                                  .ctx = t->opts->ctx };
    dbk_clocks clocks;
    dbk_rc rc = dbk_clocks_init(&clocks, err);
    if (rc == DBK_OK)
        rc = dbk_clocks_each(&clocks, book, &opts, keep_limit, t, err);
    dbk_clocks_wipe(&clocks);
    return rc;
}

/* ---- services -------------------------------------------------------------------------------- */

static bool has_service(const today *t, const dbk_id *id)
{
    const dbk_id *services = t->services.rows;
    for (size_t i = 0; i < t->services.count; i++)
        if (dbk_id_equal(&services[i], id))
            return true;
    return false;
}

/* Which service a referral of a compartment names is nobody's business outside of it. */
static dbk_rc note_service(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    static const char *const over[] = { "rejected", "done", "closed_no_contact" };
    today *t = ctx;
    dbk_id service = { { 0 } };
    bool closed = dbk_book_is_restricted(t->book, &row->space), made = false, against = false;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && !closed && i < 3; i++)
        rc = dbk_reading_says(r, &closed, "state", over[i], err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &made, "decision", "referred", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &against, "decision", "override", err);
    if (rc == DBK_OK)
        rc = dbk_reading_ref(r, &service, "service", err);
    if (rc != DBK_OK || closed || (!made && !against) || dbk_id_is_zero(&service) ||
        has_service(t, &service))
        return rc;
    return push(&t->services, &service, sizeof(service), err);
}

static dbk_rc keep_services(today *t, dbk_err *err)
{
    const dbk_directory_ask ask = { .age = DBK_OFFER_UNSAID,
                                    .today = t->opts->today_ms / DBK_DAY_MS,
                                    .with_closed = true,
                                    .stale_only = true };
    dbk_directory_hit *hits = NULL;
    size_t count = 0;
    dbk_rc rc = dbk_reading_each(t->book, "referral", note_service, t, err);
    if (rc == DBK_OK && t->services.count > 0)
        rc = dbk_directory_find(&hits, &count, t->book, &ask, err);
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        bool never = hits[i].checked_day == DBK_OFFER_NEVER;
        const dbk_due due = { .record = hits[i].record,
                              .kind = DBK_DUE_SERVICE,
                              .when = DBK_DUE_OVERDUE,
                              .at_ms = never ? t->opts->today_ms : hits[i].due_day * DBK_DAY_MS };
        if (has_service(t, &hits[i].record))
            rc = push(&t->items, &due, sizeof(due), err);
    }
    dbk_free(hits);
    return rc;
}

/* ---- all ------------------------------------------------------------------------------------- */

static int by_severity(const void *pa, const void *pb)
{
    const dbk_due *a = pa, *b = pb;
    if (a->when != b->when)
        return a->when > b->when ? -1 : 1;
    if (a->urgent != b->urgent)
        return a->urgent ? -1 : 1;
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return dbk_span_compare(dbk_span_of(a->record.b, sizeof(a->record.b)),
                            dbk_span_of(b->record.b, sizeof(b->record.b)));
}

dbk_rc dbk_today(dbk_due **out, size_t *count, dbk_book *book, const dbk_today_opts *opts,
                 dbk_err *err)
{
    today t = { .opts = opts, .book = book };
    dbk_rc rc = DBK_OK;
    *out = NULL;
    *count = 0;
    for (size_t i = 0; rc == DBK_OK && i < sizeof(due_rules) / sizeof(due_rules[0]); i++) {
        t.rule = &due_rules[i];
        rc = dbk_reading_each(book, t.rule->form, look_dated, &t, err);
    }
    if (rc == DBK_OK)
        rc = dbk_reading_each(book, "risk_assessment", look_risk, &t, err);
    if (rc == DBK_OK)
        rc = dbk_reading_each(book, "contact", note_contact, &t, err);
    if (rc == DBK_OK)
        rc = keep_repeats(&t, err);
    if (rc == DBK_OK)
        rc = dbk_deployment_clashes(book, NULL, keep_clash, &t, err);
    if (rc == DBK_OK)
        rc = look_limits(&t, book, err);
    if (rc == DBK_OK)
        rc = keep_services(&t, err);
    if (rc == DBK_OK && t.items.count > 0) {
        qsort(t.items.rows, t.items.count, sizeof(dbk_due), by_severity);
        *out = t.items.rows;
        *count = t.items.count;
        t.items.rows = NULL;
    }
    dbk_free(t.items.rows);
    dbk_free(t.contacts.rows);
    dbk_free(t.cases.rows);
    dbk_free(t.services.rows);
    return rc;
}
