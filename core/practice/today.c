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

typedef struct list {
    void *rows;
    size_t count, room;
} list;

typedef struct today {
    const dbk_today_opts *opts;
    dbk_book *book;
    int64_t horizon_ms;           /* what is due from then on isn't told */
    list items;                   /* dbk_due */
    uint64_t more[DBK_DUE_WHENS]; /* what is counted and not told */
    dbk_cue_kind sure;            /* the days that are looked at */
    uint64_t taken;               /* of them */
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

static bool shows(const today *t, const dbk_id *space)
{
    return t->opts->shows == NULL || t->opts->shows(t->opts->ctx, space);
}

static dbk_rc keep(today *t, dbk_due *due, dbk_err *err)
{
    due->when = when_of(t, due);
    if (due->at_ms >= t->horizon_ms)
        return DBK_OK;
    return push(&t->items, due, sizeof(*due), err);
}

/* ---- dates of records ------------------------------------------------------------------------ */

static dbk_due_kind kind_of(dbk_cue_kind sure)
{
    return sure == DBK_CUE_DUE_EXPIRY   ? DBK_DUE_EXPIRY
           : sure == DBK_CUE_DUE_REVIEW ? DBK_DUE_REVIEW
                                        : DBK_DUE_ACTION;
}

static dbk_rc is_over(const dbk_cue_date *rule, dbk_reading *r, bool *over, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *over = false;
    for (size_t i = 0; rc == DBK_OK && !*over && i < 3 && rule->closed[i] != NULL; i++)
        rc = dbk_reading_says(r, over, rule->state, rule->closed[i], err);
    return rc;
}

static dbk_rc look_at_date(today *t, const dbk_cue_date *rule, dbk_reading *r, const dbk_row *row,
                           dbk_err *err)
{
    dbk_due due = { .record = row->record, .kind = kind_of(rule->sure) };
    bool over = false, there = false;
    dbk_rc rc = is_over(rule, r, &over, err);
    if (rc == DBK_OK && !over)
        rc = dbk_reading_time(r, &there, &due.at_ms, rule->field, err);
    if (rc == DBK_OK && there)
        rc = dbk_reading_says(r, &due.urgent, "priority", "urgent", err);
    if (rc == DBK_OK && there)
        rc = keep(t, &due, err);
    return rc;
}

static dbk_rc look_dated(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    if (!shows(ctx, &row->space))
        return DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < DBK_CUE_DATES; i++)
        if (strcmp(dbk_cue_dates[i].form, row->form) == 0)
            rc = look_at_date(ctx, &dbk_cue_dates[i], r, row, err);
    return rc;
}

/* What may be due before the horizon. */
static dbk_cued due_of(const today *t, dbk_cue_kind kind)
{
    return (dbk_cued){ .kind = kind, .from_ms = INT64_MIN, .until_ms = t->horizon_ms - 1 };
}

/* The cue says it all: no record is opened. */
static dbk_rc take_sure(void *ctx, const dbk_row *row, dbk_err *err)
{
    today *t = ctx;
    dbk_due due = { .record = row->record,
                    .kind = kind_of(t->sure),
                    .urgent = t->sure == DBK_CUE_DUE_URGENT,
                    .at_ms = row->cue_ms };
    t->taken++;
    return keep(t, &due, err);
}

/* Of days that are sure, in one space, the first so many, and whatever is of the same day as the
 * last of those; the others are counted. */
static dbk_rc take_days(today *t, dbk_cued *days, dbk_due_when when, dbk_err *err)
{
    uint64_t count = 0;
    dbk_rc rc = DBK_OK;
    t->taken = 0;
    if (t->opts->limit != 0)
        rc = dbk_query_cue_count(t->book, &count, days, err);
    if (rc == DBK_OK && count > t->opts->limit)
        rc = dbk_query_cue_nth(t->book, &days->until_ms, days, t->opts->limit, err);
    if (rc == DBK_OK)
        rc = dbk_query_cued(t->book, days, take_sure, t, err);
    if (rc == DBK_OK && t->opts->limit != 0)
        t->more[when] += count - t->taken;
    return rc;
}

static dbk_rc take_space(void *ctx, const dbk_id *space, dbk_err *err)
{
    today *t = ctx;
    int64_t today_ms = t->opts->today_ms, next_ms = today_ms + DBK_DAY_MS;
    const int64_t ends[] = { INT64_MIN, today_ms, next_ms, t->horizon_ms };
    static const dbk_due_when whens[] = { DBK_DUE_OVERDUE, DBK_DUE_TODAY, DBK_DUE_SOON };
    dbk_rc rc = DBK_OK;
    if (!dbk_book_may_read(t->book, space) || !shows(t, space))
        return DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < DBK_DUE_WHENS; i++) {
        dbk_cued days = {
            .kind = t->sure, .about = space, .from_ms = ends[i], .until_ms = ends[i + 1] - 1
        };
        rc = take_days(t, &days, whens[i], err);
    }
    return rc;
}

static dbk_rc look_days(today *t, dbk_err *err)
{
    static const dbk_cue_kind sure[] = { DBK_CUE_DUE_ACTION, DBK_CUE_DUE_URGENT, DBK_CUE_DUE_REVIEW,
                                         DBK_CUE_DUE_EXPIRY };
    const dbk_cued unsure = due_of(t, DBK_CUE_DUE_MAY);
    dbk_rc rc = dbk_reading_cued(t->book, &unsure, look_dated, t, err);
    for (size_t i = 0; rc == DBK_OK && i < sizeof(sure) / sizeof(sure[0]); i++) {
        t->sure = sure[i];
        rc = dbk_query_cue_abouts(t->book, t->sure, take_space, t, err);
    }
    return rc;
}

/* ---- contacts and risk ----------------------------------------------------------------------- */

/* A case, the contacts with its family, and how it was graded. */
typedef struct seen_case {
    today *t;
    const dbk_id *id;
    bool found;                   /* what is looked for; it ends the walk */
    bool met, graded, higher;     /* higher: than standard */
    bool hidden;                  /* its record is where nothing is told of */
    int64_t newest_ms, graded_ms; /* of the newest contact, of the latest assessment */
    uint64_t contacts;            /* since that, attempts apart (FL-2) */
} seen_case;

static dbk_rc is_of(const seen_case *c, dbk_reading *r, bool *yes, dbk_err *err)
{
    dbk_id id = { { 0 } };
    dbk_rc rc = dbk_reading_ref(r, &id, "case_id", err);
    *yes = rc == DBK_OK && dbk_id_equal(&id, c->id);
    return rc;
}

static dbk_rc keep_agreed(today *t, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    dbk_due due = { .record = row->record, .kind = DBK_DUE_CONTACT, .timed = true };
    bool agreed = false;
    if (!shows(t, &row->space))
        return DBK_OK;
    dbk_rc rc = dbk_reading_time(r, &agreed, &due.at_ms, "next_contact.when", err);
    return rc == DBK_OK && agreed ? keep(t, &due, err) : rc;
}

/* What was agreed in a newer one stands in its place. */
static dbk_rc look_newest(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    seen_case *c = ctx;
    dbk_rc rc = is_of(c, r, &c->found, err);
    if (rc != DBK_OK || !c->found)
        return rc;
    c->met = true;
    c->newest_ms = row->when_ms;
    rc = keep_agreed(c->t, r, row, err);
    return rc == DBK_OK ? DBK_LIMIT : rc;
}

/* The newest assessment is the one in force. */
static dbk_rc look_risk(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    seen_case *c = ctx;
    bool standard = false, ungraded = false;
    dbk_rc rc = is_of(c, r, &c->found, err);
    if (rc == DBK_OK && c->found)
        rc = dbk_reading_says(r, &standard, "judgement_band", "standard", err);
    if (rc == DBK_OK && c->found)
        rc = dbk_reading_says(r, &ungraded, "judgement_band", "not_graded", err);
    if (rc != DBK_OK || !c->found)
        return rc;
    c->graded = true;
    c->higher = !standard && !ungraded;
    c->graded_ms = row->when_ms;
    return DBK_LIMIT;
}

static dbk_rc count_contact(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    seen_case *c = ctx;
    bool of_case = false, attempt = false;
    (void)row;
    dbk_rc rc = is_of(c, r, &of_case, err);
    if (rc == DBK_OK && of_case)
        rc = dbk_reading_says(r, &attempt, "method", "attempted", err);
    c->contacts += rc == DBK_OK && of_case && !attempt;
    return rc;
}

static dbk_cued of_case(const seen_case *c, dbk_cue_kind kind)
{
    return (dbk_cued){ .kind = kind, .about = c->id, .from_ms = INT64_MIN, .until_ms = INT64_MAX };
}

/* The latest of the case's that `look` takes. */
static dbk_rc find_newest(seen_case *c, dbk_cue_kind kind, dbk_reading_fn look, dbk_err *err)
{
    const dbk_cued ask = of_case(c, kind);
    c->found = false;
    dbk_rc rc = dbk_reading_cued(c->t->book, &ask, look, c, err);
    return c->found && rc == DBK_LIMIT ? DBK_OK : rc;
}

/* Is the latest with one cue about the case the latest with the other? */
static dbk_rc is_latest(const seen_case *c, bool *same, const dbk_cue_place *place,
                        dbk_cue_kind kind, dbk_err *err)
{
    const dbk_cued ask = of_case(c, kind);
    dbk_cue_place other;
    dbk_rc rc = dbk_query_cue_latest(c->t->book, &other, &ask, err);
    *same = rc == DBK_OK && place->row != 0 && place->row == other.row &&
            place->at_ms == other.at_ms;
    return rc;
}

/* The newest contact is read if it may be of another case, an attempt, or say what was agreed. */
static dbk_rc look_met(seen_case *c, dbk_err *err)
{
    const dbk_cued ask = of_case(c, DBK_CUE_CONTACT);
    dbk_cue_place newest;
    bool agreed = false;
    dbk_rc rc = dbk_query_cue_latest(c->t->book, &newest, &ask, err);
    if (rc == DBK_OK)
        rc = is_latest(c, &c->met, &newest, DBK_CUE_MET, err);
    if (rc == DBK_OK && c->met)
        rc = is_latest(c, &agreed, &newest, DBK_CUE_AGREED, err);
    c->newest_ms = newest.at_ms;
    return rc == DBK_OK && (!c->met || agreed) ? find_newest(c, DBK_CUE_CONTACT, look_newest, err)
                                               : rc;
}

static dbk_rc look_graded(seen_case *c, dbk_err *err)
{
    const dbk_cued ask = of_case(c, DBK_CUE_GRADED);
    dbk_cue_place newest;
    bool low = false;
    dbk_rc rc = dbk_query_cue_latest(c->t->book, &newest, &ask, err);
    if (rc == DBK_OK)
        rc = is_latest(c, &c->higher, &newest, DBK_CUE_GRADED_HIGH, err);
    if (rc == DBK_OK && !c->higher)
        rc = is_latest(c, &low, &newest, DBK_CUE_GRADED_LOW, err);
    c->graded = c->higher || low;
    c->graded_ms = newest.at_ms;
    return rc == DBK_OK && !c->graded ? find_newest(c, DBK_CUE_GRADED, look_risk, err) : rc;
}

/* Most are known by their cues; the others are read. */
static dbk_rc count_contacts(seen_case *c, dbk_err *err)
{
    dbk_cued since = {
        .kind = DBK_CUE_MET, .about = c->id, .from_ms = c->graded_ms, .until_ms = INT64_MAX
    };
    dbk_rc rc = dbk_query_cue_count(c->t->book, &c->contacts, &since, err);
    since.kind = DBK_CUE_MAY_MEET;
    return rc == DBK_OK ? dbk_reading_cued(c->t->book, &since, count_contact, c, err) : rc;
}

static dbk_rc take_hidden(void *ctx, const dbk_row *row, dbk_err *err)
{
    seen_case *c = ctx;
    (void)err;
    c->hidden = !shows(c->t, &row->space);
    return DBK_OK;
}

/* A case whose record isn't here still counts its contacts. */
static dbk_rc keep_repeated(seen_case *c, dbk_err *err)
{
    const dbk_due due = { .record = *c->id,
                          .kind = DBK_DUE_REPEAT,
                          .when = DBK_DUE_TODAY,
                          .timed = true,
                          .at_ms = c->newest_ms,
                          .contacts = c->contacts };
    dbk_rc rc = dbk_query_one(c->t->book, c->id, take_hidden, c, err);
    return rc == DBK_OK && !c->hidden ? push(&c->t->items, &due, sizeof(due), err) : rc;
}

static dbk_rc look_case(void *ctx, const dbk_id *id, dbk_err *err)
{
    seen_case c = { .t = ctx, .id = id };
    dbk_rc rc = look_met(&c, err);
    if (rc == DBK_OK && c.met)
        rc = look_graded(&c, err);
    if (rc == DBK_OK && c.graded && !c.higher)
        rc = count_contacts(&c, err);
    return rc == DBK_OK && c.contacts >= DBK_TODAY_REPEATS ? keep_repeated(&c, err) : rc;
}

/* A contact that says of no case whose it is. */
static dbk_rc look_alone(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    dbk_id id = { { 0 } };
    dbk_rc rc = dbk_reading_ref(r, &id, "case_id", err);
    return rc == DBK_OK && dbk_id_is_zero(&id) ? keep_agreed(ctx, r, row, err) : rc;
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
    if (!shows(t, &action->space))
        return DBK_OK;
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
                                  .running_only = true,
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

typedef struct naming {
    const today *t;
    const dbk_id *service;
    bool named;
} naming;

/* Which service a referral of a compartment names is nobody's business outside of it. */
static dbk_rc look_referral(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    static const char *const over[] = { "rejected", "done", "closed_no_contact" };
    naming *n = ctx;
    dbk_id service = { { 0 } };
    bool closed = dbk_book_is_restricted(n->t->book, &row->space), made = false, against = false;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && !closed && i < 3; i++)
        rc = dbk_reading_says(r, &closed, "state", over[i], err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &made, "decision", "referred", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &against, "decision", "override", err);
    if (rc == DBK_OK)
        rc = dbk_reading_ref(r, &service, "service", err);
    n->named = rc == DBK_OK && !closed && (made || against) && dbk_id_equal(&service, n->service);
    return n->named ? DBK_LIMIT : rc;
}

static dbk_rc is_named(const today *t, bool *named, const dbk_id *service, dbk_err *err)
{
    const dbk_cued ask = {
        .kind = DBK_CUE_SERVICE, .about = service, .from_ms = INT64_MIN, .until_ms = INT64_MAX
    };
    naming n = { t, service, false };
    dbk_rc rc = dbk_reading_cued(t->book, &ask, look_referral, &n, err);
    *named = n.named;
    return n.named ? DBK_OK : rc;
}

static dbk_rc keep_services(today *t, dbk_err *err)
{
    const dbk_directory_ask ask = { .age = DBK_OFFER_UNSAID,
                                    .today = t->opts->today_ms / DBK_DAY_MS,
                                    .with_closed = true,
                                    .stale_only = true };
    dbk_directory_hit *hits = NULL;
    size_t count = 0;
    dbk_rc rc = dbk_directory_find(&hits, &count, t->book, &ask, err);
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        bool never = hits[i].checked_day == DBK_OFFER_NEVER, named = false;
        const dbk_due due = { .record = hits[i].record,
                              .kind = DBK_DUE_SERVICE,
                              .when = DBK_DUE_OVERDUE,
                              .at_ms = never ? t->opts->today_ms : hits[i].due_day * DBK_DAY_MS };
        rc = is_named(t, &named, &hits[i].record, err);
        if (rc == DBK_OK && named)
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
    int order = dbk_id_compare(&a->record, &b->record);
    return order != 0 ? order : (a->kind > b->kind) - (a->kind < b->kind);
}

/* Of each of three the first so many; the others are counted. */
static void cut(dbk_today_list *out, const today *t)
{
    uint64_t seen[DBK_DUE_WHENS] = { 0 };
    size_t kept = 0;
    memcpy(out->more, t->more, sizeof(out->more));
    for (size_t i = 0; i < out->count; i++) {
        dbk_due_when when = out->rows[i].when;
        if (t->opts->limit == 0 || seen[when]++ < t->opts->limit)
            out->rows[kept++] = out->rows[i];
        else
            out->more[when]++;
    }
    out->count = kept;
}

dbk_rc dbk_today(dbk_today_list *out, dbk_book *book, const dbk_today_opts *opts, dbk_err *err)
{
    today t = { .opts = opts, .book = book };
    t.horizon_ms = opts->today_ms + (1 + (int64_t)opts->days) * DBK_DAY_MS;
    const dbk_cued alone = due_of(&t, DBK_CUE_NEXT);
    *out = (dbk_today_list){ .rows = NULL };
    dbk_rc rc = look_days(&t, err);
    if (rc == DBK_OK)
        rc = dbk_reading_cued(book, &alone, look_alone, &t, err);
    if (rc == DBK_OK)
        rc = dbk_query_cue_abouts(book, DBK_CUE_CONTACT, look_case, &t, err);
    if (rc == DBK_OK)
        rc = dbk_deployment_clashes(book, NULL, keep_clash, &t, err);
    if (rc == DBK_OK)
        rc = look_limits(&t, book, err);
    if (rc == DBK_OK)
        rc = keep_services(&t, err);
    if (t.items.count > 0)
        qsort(t.items.rows, t.items.count, sizeof(dbk_due), by_severity);
    out->rows = t.items.rows;
    out->count = rc == DBK_OK ? t.items.count : 0;
    cut(out, &t);
    return rc;
}

void dbk_today_wipe(dbk_today_list *told)
{
    dbk_free(told->rows);
    *told = (dbk_today_list){ .rows = NULL };
}
