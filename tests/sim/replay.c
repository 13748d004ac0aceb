/* The records once more, from their history alone: a merge of its own, which knows nothing but that
 * a write stands until another one names it; and the ledger, against what it finds. */
#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cbor.h"
#include "core/journal/quarantine.h"
#include "tests/lib/holds.h"
#include "tests/sim/sim.h"

#define WRITES_MAX 1024u
#define NAMED_MAX 8192u
#define GROUP_SIZE 48u
#define TALLIES_MAX 64u

typedef struct written {
    dbk_dot dot;
    char group[GROUP_SIZE];
    bool newer;                  /* its value has the field that only newer forms know */
    bool edited;                 /* by an officer: a resolve chooses, and may leave it out */
    size_t names_from, names_to; /* of the writes that it overwrites */
} written;
typedef struct named {
    dbk_dot dot;
    char group[GROUP_SIZE];
} named;
/* What was counted and appended in a group. */
typedef struct tallied {
    char group[GROUP_SIZE];
    uint64_t count;
    size_t entries;
} tallied;
typedef struct replay {
    sim *s;
    size_t record;
    written writes[WRITES_MAX];
    size_t writes_count;
    named names[NAMED_MAX];
    size_t names_count;
    tallied tallies[TALLIES_MAX];
    size_t tallies_count;
    dbk_id signer; /* zero: nobody signed */
} replay;

/* ---- reading ------------------------------------------------------------------------------ */

static void find_numbers(sim *s, dbk_span text)
{
    size_t numbers[8], count = ledger_numbers(s, numbers, text, ARRAY_LEN(numbers));
    for (size_t i = 0; i < count; i++)
        s->ledger.acks[numbers[i]].found = true;
}

static bool is_register(const dbk_write *w)
{
    return w->kind == DBK_WRITE_SET || w->kind == DBK_WRITE_LIFECYCLE ||
           (w->kind == DBK_WRITE_RESOLVE && w->value.len > 0);
}

static void take_tally(replay *r, const dbk_write *w, const char group[GROUP_SIZE])
{
    dbk_cbor c = dbk_cbor_from(w->value);
    size_t at = 0;
    if (w->kind != DBK_WRITE_COUNT && w->kind != DBK_WRITE_APPEND)
        return;
    while (at < r->tallies_count && strcmp(r->tallies[at].group, group) != 0)
        at++;
    DBK_ASSERT(at < TALLIES_MAX);
    tallied *t = &r->tallies[at];
    if (at == r->tallies_count) {
        *t = (tallied){ .count = 0 };
        memcpy(t->group, group, GROUP_SIZE);
        r->tallies_count++;
    }
    if (w->kind == DBK_WRITE_COUNT)
        t->count += dbk_cbor_get_uint(&c);
    else
        t->entries += (size_t)dbk_cbor_get_array(&c);
}

static void take_write(replay *r, const dbk_event *e, const dbk_write *w)
{
    char group[GROUP_SIZE] = { 0 };
    DBK_ASSERT(w->group.len < sizeof(group));
    memcpy(group, w->group.p, w->group.len);
    find_numbers(r->s, w->value);
    take_tally(r, w, group);
    if (!is_register(w))
        return;
    DBK_ASSERT(r->writes_count < WRITES_MAX);
    written *one = &r->writes[r->writes_count++];
    *one = (written){ .dot = e->dot,
                      .newer = holds(w->value, dbk_span_str(SIM_FIELD_NEWER)),
                      .edited = w->kind == DBK_WRITE_SET,
                      .names_from = r->names_count };
    memcpy(one->group, group, sizeof(group));
    for (size_t i = 0; i < w->pred_count; i++) {
        DBK_ASSERT(r->names_count < NAMED_MAX);
        r->names[r->names_count].dot = w->pred[i];
        memcpy(r->names[r->names_count++].group, group, sizeof(group));
    }
    one->names_to = r->names_count;
    if (w->kind == DBK_WRITE_LIFECYCLE && holds(w->value, dbk_span_str("signed")))
        r->signer = e->device;
}

static dbk_rc take_event(void *ctx, const dbk_event *e, dbk_err *err)
{
    replay *r = ctx;
    (void)err;
    find_numbers(r->s, e->op->reason);
    for (size_t i = 0; i < e->op->writes_count; i++)
        take_write(r, e, &e->op->writes[i]);
    if (e->doubt)
        sim_mark(r->s, MARK_DOUBT);
    if (e->carriage == DBK_HQ_DURABLE)
        sim_mark(r->s, MARK_CONFIRMED);
    return DBK_OK;
}

/* ---- what must stand ---------------------------------------------------------------------- */

static bool same_dot(const dbk_dot *a, const dbk_dot *b)
{
    return dbk_id_equal(&a->feed, &b->feed) && a->seq == b->seq;
}

static bool is_named(const replay *r, const written *w)
{
    for (size_t i = 0; i < r->names_count; i++)
        if (same_dot(&r->names[i].dot, &w->dot) && strcmp(r->names[i].group, w->group) == 0)
            return true;
    return false;
}

static bool stands(const dbk_state_group *g, const dbk_dot *dot)
{
    for (size_t i = 0; g != NULL && i < g->registers_count; i++)
        if (same_dot(&g->registers[i].dot, dot))
            return true;
    return false;
}

/* P2: a value is gone if an op names it, and else it stands. */
static void check_standing(replay *r, const dbk_note *note)
{
    size_t must = 0, do_stand = 0;
    for (size_t i = 0; i < r->writes_count; i++) {
        const written *w = &r->writes[i];
        if (is_named(r, w))
            continue;
        must++;
        if (!stands(dbk_state_group_find(note->state, dbk_span_str(w->group)), &w->dot))
            sim_blame(r->s, "a value of %s is gone that no change overwrote", w->group);
    }
    for (size_t i = 0; i < dbk_state_groups(note->state); i++)
        do_stand += dbk_state_group_at(note->state, i)->registers_count;
    if (do_stand != must)
        sim_blame(r->s, "%zu values stand in a record, %zu should", do_stand, must);
}

/* What an older form doesn't know goes on through its edits. */
static void check_newer(const replay *r)
{
    for (size_t i = 0; i < r->writes_count; i++) {
        const written *w = &r->writes[i];
        size_t newer = 0, known = 0;
        for (size_t k = w->names_from; k < w->names_to; k++)
            for (size_t j = 0; j < r->writes_count; j++)
                if (same_dot(&r->names[k].dot, &r->writes[j].dot) &&
                    strcmp(r->writes[j].group, w->group) == 0) {
                    known++;
                    newer += r->writes[j].newer ? 1 : 0;
                }
        if (!w->edited || known == 0 || newer < known)
            continue;
        sim_mark(r->s, MARK_NEWER_KEPT);
        if (!w->newer)
            sim_blame(r->s, "an edit dropped a field that its form didn't know");
    }
}

/* Nothing that was counted or appended is gone, and nothing is there twice. */
static void check_tallies(const replay *r, const dbk_note *note)
{
    for (size_t i = 0; i < r->tallies_count; i++) {
        const tallied *t = &r->tallies[i];
        const dbk_state_group *g = dbk_state_group_find(note->state, dbk_span_str(t->group));
        if (g == NULL || g->count != t->count || g->entries_count != t->entries)
            sim_blame(r->s, "%s shows %llu counted and %zu entries, of %llu and %zu", t->group,
                      (unsigned long long)(g != NULL ? g->count : 0),
                      g != NULL ? g->entries_count : 0, (unsigned long long)t->count, t->entries);
    }
}

/* An author is a feed: who goes on with an older store hasn't seen what it wrote since. */
static void check_authors(const replay *r, const dbk_state_group *g)
{
    dbk_id authors[64];
    size_t count = 0;
    for (size_t i = 0; i < r->writes_count; i++) {
        bool known = false;
        for (size_t k = 0; k < count && !known; k++)
            known = dbk_id_equal(&authors[k], &r->writes[i].dot.feed);
        if (!known && count < ARRAY_LEN(authors) &&
            dbk_span_equal(g->name, dbk_span_str(r->writes[i].group)))
            authors[count++] = r->writes[i].dot.feed;
    }
    if (g->registers_count > count)
        sim_blame(r->s, "%zu values of %.*s stand side by side, of %zu authors", g->registers_count,
                  (int)g->name.len, (const char *)g->name.p, count);
}

/* Of the three answers that person's protective fields take here. */
static int weight_of(dbk_span value)
{
    dbk_cbor c = dbk_cbor_from(value);
    if (dbk_cbor_peek(&c) != DBK_CBOR_SIMPLE)
        return 1; /* "not_known" */
    return dbk_cbor_get_simple(&c) == DBK_CBOR_FALSE ? 2 : 0;
}

/* P6: the most protective of what stands is shown. */
static void check_protection(const replay *r, const dbk_note *note, const dbk_state_group *g)
{
    static const char *const fields[] = { "safe_message", "safe_post", "safe_voicemail" };
    for (size_t f = 0; f < ARRAY_LEN(fields); f++) {
        if (!dbk_span_equal(g->name, dbk_span_str(fields[f])) || g->registers_count == 0)
            continue;
        size_t winner = dbk_view_group(g, &note->view).winner;
        int shown = weight_of(dbk_view_member(g->registers[winner].value, fields[f]));
        for (size_t i = 0; i < g->registers_count; i++)
            if (weight_of(dbk_view_member(g->registers[i].value, fields[f])) > shown)
                sim_blame(r->s, "%s shows less protection than stands", fields[f]);
    }
}

static void check_record(replay *r, sim_device *at)
{
    const sim_record *record = &r->s->ledger.records[r->record];
    dbk_note *note = NULL;
    dbk_err err = { 0 };
    r->writes_count = r->names_count = r->tallies_count = 0;
    memset(&r->signer, 0, sizeof(r->signer));
    if (dbk_query_note(&note, at->d.book, &record->id, &err) != DBK_OK)
        return; /* the ledger tells whether it should be there */
    assert_ok(dbk_query_history(at->d.book, &record->id, take_event, r, &err), &err);
    check_standing(r, note);
    check_tallies(r, note);
    check_newer(r);
    for (size_t i = 0; i < dbk_state_groups(note->state); i++) {
        check_authors(r, dbk_state_group_at(note->state, i));
        check_protection(r, note, dbk_state_group_at(note->state, i));
    }
    dbk_note_free(note);
    for (size_t i = 0; i < r->s->ledger.acks_count && !dbk_id_is_zero(&r->signer); i++)
        if (r->s->ledger.acks[i].sign && r->s->ledger.acks[i].record == r->record)
            r->s->ledger.acks[i].found = true;
}

/* What stands aside is kept, and can be read by who decides. */
typedef struct aside_ids {
    sim *s;
    dbk_id ids[512];
    size_t count;
} aside_ids;

static dbk_rc take_aside_id(void *ctx, const dbk_aside *aside, dbk_err *err)
{
    aside_ids *a = ctx;
    (void)err;
    if (a->count < ARRAY_LEN(a->ids))
        a->ids[a->count++] = aside->id;
    sim_mark(a->s, MARK_ASIDE);
    return DBK_OK;
}

static dbk_rc take_aside_event(void *ctx, const dbk_event *e, dbk_err *err)
{
    sim *s = ctx;
    (void)err;
    find_numbers(s, e->op->reason);
    for (size_t i = 0; i < e->op->writes_count; i++) {
        const dbk_write *w = &e->op->writes[i];
        find_numbers(s, w->value);
        for (size_t k = 0; w->kind == DBK_WRITE_LIFECYCLE && k < s->ledger.acks_count; k++)
            if (s->ledger.acks[k].sign &&
                dbk_id_equal(&s->ledger.records[s->ledger.acks[k].record].id, &e->op->record))
                s->ledger.acks[k].found = true;
    }
    return DBK_OK;
}

static void look_aside(sim *s, sim_device *at)
{
    static aside_ids a;
    dbk_err err = { 0 };
    a = (aside_ids){ .s = s };
    assert_ok(dbk_quarantine_each(at->d.book, take_aside_id, &a, &err), &err);
    for (size_t i = 0; i < a.count; i++)
        if (dbk_quarantine_notes(at->d.book, &a.ids[i], take_aside_event, s, &err) != DBK_OK)
            dbk_err_clear(&err); /* whose key isn't here */
}

void check_records(sim *s, sim_device *at)
{
    replay *r = calloc(1, sizeof(*r));
    DBK_ASSERT(r != NULL);
    r->s = s;
    for (r->record = 0; r->record < s->ledger.records_count; r->record++)
        check_record(r, at);
    free(r);
    look_aside(s, at);
    holders_find_stranded(s);
    /* P1: nothing that an officer was told is saved is missing. */
    for (size_t i = 0; i < s->ledger.acks_count; i++) {
        const sim_ack *a = &s->ledger.acks[i];
        if (a->told && !a->found && !a->may_miss && !a->erased)
            sim_blame(s, "change %zu, which %s was told is saved, is not at %s", i,
                      s->devices[a->device].d.name, at->d.name);
    }
}
