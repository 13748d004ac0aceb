/* Who holds which change: by its text in the stores that live, and by its place in the relay's log.
 * What befalls stores and the relay takes holders away, and only a change that nobody holds any
 * more may be missing in the end. */
#include "tests/lib/test.h"

#include <string.h>

#include "core/journal/quarantine.h"
#include "sync/relay/log_space.h"
#include "tests/sim/sim.h"

typedef struct looking {
    sim *s;
    sim_device *at;
    const dbk_log_state *logs; /* the relay's, by space; NULL: places don't matter */
    void (*found)(struct looking *l, size_t number, const dbk_event *e);
} looking;

/* ---- one store ------------------------------------------------------------------------------ */

static void take_event_of(looking *l, const dbk_event *e)
{
    sim *s = l->s;
    size_t numbers[8], count = ledger_numbers(s, numbers, e->op->reason, 8);
    for (size_t i = 0; i < e->op->writes_count; i++) {
        const dbk_write *w = &e->op->writes[i];
        count += ledger_numbers(s, numbers + count, w->value, 8 - count);
        for (size_t k = 0; w->kind == DBK_WRITE_LIFECYCLE && k < s->ledger.acks_count; k++)
            if (s->ledger.acks[k].sign &&
                dbk_id_equal(&s->ledger.records[s->ledger.acks[k].record].id, &e->op->record))
                l->found(l, k, e);
    }
    for (size_t i = 0; i < count; i++)
        l->found(l, numbers[i], e);
}

static dbk_rc take_event(void *ctx, const dbk_event *e, dbk_err *err)
{
    (void)err;
    take_event_of(ctx, e);
    return DBK_OK;
}

static dbk_rc take_aside(void *ctx, const dbk_aside *aside, dbk_err *err)
{
    looking *l = ctx;
    dbk_err none = { 0 }; /* one whose key isn't here */
    (void)err;
    (void)!dbk_quarantine_notes(l->at->d.book, &aside->id, take_event, l, &none);
    return DBK_OK;
}

/* Every change that can be read in it, in its records or beside them. */
static void look_through(looking *l)
{
    dbk_err err = { 0 };
    for (size_t i = 0; i < l->s->ledger.records_count; i++) {
        (void)!dbk_query_history(l->at->d.book, &l->s->ledger.records[i].id, take_event, l, &err);
        dbk_err_clear(&err);
    }
    (void)!dbk_quarantine_each(l->at->d.book, take_aside, l, &err);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static void relay_logs(sim *s, dbk_log_state logs[SIM_SPACES])
{
    dbk_log log;
    memset(logs, 0, SIM_SPACES * sizeof(logs[0]));
    assert_ok(s->world.kit.source.open(s->world.kit.source.self, &log, DBK_LOG_READS, NULL), NULL);
    assert_ok(log.ops->begin(log.self, NULL), NULL);
    for (size_t i = 0; i < SIM_SPACES; i++) {
        const dbk_log_space at = { &log, s->spaces[i] };
        dbk_err none = { 0 }; /* a space that it doesn't know any more: zeros */
        (void)!dbk_log_state_get(&at, &logs[i], &none);
    }
    log.ops->rollback(log.self);
    dbk_log_close(&log);
}

static void hold(looking *l, size_t number, const dbk_event *e)
{
    sim_ack *a = &l->s->ledger.acks[number];
    size_t space = l->s->ledger.records[a->record].space;
    const dbk_book_feed *feed = dbk_tables_feed(&l->at->d.book->tables, &e->dot.feed);
    dbk_store_segment_place place;
    dbk_err none = { 0 };
    a->held |= UINT32_C(1) << l->at->index;
    if (l->logs == NULL || feed == NULL ||
        !dbk_id_equal(&feed->space->now.log, &l->logs[space].log) ||
        dbk_segments_place(l->at->d.book->store, &place, feed->row, e->dot.seq, &none) != DBK_OK)
        return;
    if (place.log.known && place.log.index < l->logs[space].frontier.size)
        a->place = place.log.index + 1;
}

static void look_at(sim *s, sim_device *d, const dbk_log_state *logs)
{
    looking l = { .s = s, .at = d, .logs = logs, .found = hold };
    for (size_t i = 0; i < s->ledger.acks_count; i++)
        s->ledger.acks[i].held &= ~(UINT32_C(1) << d->index);
    if (sim_lives(d))
        look_through(&l);
}

void holders_look(sim *s)
{
    dbk_log_state logs[SIM_SPACES];
    relay_logs(s, logs);
    for (size_t i = 0; i < s->count; i++)
        look_at(s, &s->devices[i], logs);
}

void holders_judge(sim *s, sim_device *changed)
{
    dbk_log_state logs[SIM_SPACES];
    relay_logs(s, logs);
    if (changed != NULL)
        look_at(s, changed, NULL);
    for (size_t i = 0; i < s->ledger.acks_count; i++) {
        sim_ack *a = &s->ledger.acks[i];
        if (a->place > logs[s->ledger.records[a->record].space].frontier.size)
            a->place = 0;
        a->may_miss = a->may_miss || (a->told && a->held == 0 && a->place == 0);
    }
}

/* ---- at the end ----------------------------------------------------------------------------- */

static void find(looking *l, size_t number, const dbk_event *e)
{
    const dbk_book_feed *feed = dbk_tables_feed(&l->at->d.book->tables, &e->dot.feed);
    sim_ack *a = &l->s->ledger.acks[number];
    bool forked = feed != NULL && feed->now.forked;
    bool alone = l->at->out || l->at->split || (l->at->moved && l->at->rolled);
    if (a->found || (!alone && !forked))
        return;
    a->found = true;
    if (forked)
        sim_mark(l->s, MARK_STRANDED);
}

/* Who was shut out and heard of it before all was sent keeps the rest: it isn't lost, and a
 * supervisor can have the device read; so does one of two stores of a device that may not look any
 * more at what the other has brought. Who was shown another log can't send it. And of two histories
 * of a feed the relay has one, and the other stays where it is until a person decides. */
void holders_find_stranded(sim *s)
{
    for (size_t i = 0; i < s->count; i++) {
        looking l = { .s = s, .at = &s->devices[i], .found = find };
        if (sim_lives(&s->devices[i]))
            look_through(&l);
    }
}
