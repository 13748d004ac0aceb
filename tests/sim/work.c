/* What officers, a supervisor and the desks do with their notes. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/journal/form_packs.h"
#include "core/journal/quarantine.h"
#include "tests/sim/disk.h"
#include "tests/sim/sim.h"

#define INPUTS_MAX 4u
#define PRESENT_JSON "[{\"name\":\"Mrs Hall\",\"role\":\"family\"}]"

/* ---- who, where, what --------------------------------------------------------------------- */

static bool writes_in(const sim_device *d, size_t space)
{
    return d->role != DBK_ROLE_AUDITOR && dbk_book_role(d->d.book, &d->sim->spaces[space]) !=
                                              DBK_ROLE_NONE; /* as far as it knows */
}

static size_t pick_space(sim *s, const sim_device *d)
{
    size_t space = (size_t)sim_dice(s, SIM_SPACES);
    for (size_t i = 0; i < SIM_SPACES && !writes_in(d, space); i++)
        space = (space + 1) % SIM_SPACES;
    return space;
}

/* A record of a kind that it may well hold; SIZE_MAX: none. The newest are the likeliest, so that
 * several officers work on one. */
static size_t pick_record(sim *s, const sim_device *d, sim_kind kind)
{
    const sim_ledger *l = &s->ledger;
    for (unsigned tries = 0; tries < 8 && l->records_count > 0; tries++) {
        size_t window = sim_dice(s, 2) == 0 && l->records_count > 6 ? 6 : l->records_count;
        size_t i = l->records_count - 1 - (size_t)sim_dice(s, window);
        if (l->records[i].kind == kind && writes_in(d, l->records[i].space))
            return i;
    }
    return SIZE_MAX;
}

/* Nothing else may come of a change, unless the disk is at fault. */
static void judge(sim_device *d, dbk_rc rc, const char *what, const dbk_err *err)
{
    sim *s = d->sim;
    unsigned disk = (unsigned)d->index;
    sim_note(s, "%s %s: %s", d->d.name, what, dbk_rc_name(rc));
    d->last_rc = rc;
    if (rc == DBK_DENIED)
        sim_mark(s, MARK_DENIED);
    if (rc == DBK_FULL)
        sim_mark(s, MARK_DISK_FULL);
    if (rc == DBK_OK || rc == DBK_INVALID || rc == DBK_DENIED || rc == DBK_NOT_FOUND)
        return;
    if ((rc == DBK_IO && disk_is_dead(disk)) || (rc == DBK_FULL && disk_is_full(disk)) ||
        ((rc == DBK_IO || rc == DBK_FULL) && disk_is_full(disk)))
        return;
    /* An older copy whose feeds can't be closed is written to when it has been opened again. */
    if (d->rolled && (rc == DBK_FULL || rc == DBK_IO) && s->rates[FAULT_FULL] > 0)
        return;
    sim_blame(s, "%s can't %s: %s: %s", d->d.name, what, dbk_rc_name(rc), err->text);
}

/* ---- one change --------------------------------------------------------------------------- */

typedef struct change {
    dbk_input inputs[INPUTS_MAX];
    size_t count;
    char text[64]; /* with the change's number */
} change;

static void put(change *c, dbk_input_op op, const char *field, const char *text)
{
    DBK_ASSERT(c->count < INPUTS_MAX);
    c->inputs[c->count++] = (dbk_input){ op, field, text, NULL };
}

static void add(sim_device *d, sim_kind kind)
{
    static const char *const forms[] = { "person", "flight", "contact", "kit" };
    sim *s = d->sim;
    change c = { .count = 0 };
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    size_t space = pick_space(s, d);
    size_t record = ledger_record(s, d, space, kind);
    size_t number = ledger_open(s, d, record, c.text);
    put(&c, DBK_INPUT_SET,
        kind == KIND_PERSON   ? "name"
        : kind == KIND_FLIGHT ? "carrier"
        : kind == KIND_KIT    ? "colour"
                              : "place",
        c.text);
    if (kind == KIND_KIT && d->newer)
        put(&c, DBK_INPUT_SET, SIM_FIELD_NEWER, c.text);
    if (kind == KIND_CONTACT) {
        put(&c, DBK_INPUT_SET, "method", "visit");
        put(&c, DBK_INPUT_SET, "started_at", "2026-09-21T10:00:00Z");
    }
    dbk_add a = {
        .space = s->spaces[space], .form = forms[kind], .inputs = c.inputs, .inputs_count = c.count
    };
    dbk_rc rc = dbk_journal_add(d->d.book, &s->ledger.records[record].id, &problems, &a, &err);
    ledger_close(s, number, rc);
    if (rc == DBK_INVALID)
        sim_blame(s, "a new %s is refused: %s", forms[kind],
                  problems.count > 0 ? problems.rows[0].text : "");
    if (rc == DBK_OK)
        sim_mark(s, space == SPACE_COMPARTMENT ? MARK_COMPARTMENT : MARK_ADD);
    judge(d, rc, "add", &err);
    dbk_problems_wipe(&problems);
}

static dbk_rc edit(sim_device *d, size_t record, change *c, size_t number, const char *what)
{
    sim *s = d->sim;
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    dbk_edit e = { .record = s->ledger.records[record].id,
                   .inputs = c->inputs,
                   .inputs_count = c->count,
                   .reason = c->text };
    dbk_rc rc = dbk_journal_edit(d->d.book, &problems, &e, &err);
    ledger_close(s, number, rc);
    if (rc == DBK_OK && s->ledger.records[record].author != d->index)
        sim_mark(s, MARK_EDIT_OTHERS);
    judge(d, rc, what, &err);
    dbk_problems_wipe(&problems);
    return rc;
}

static void edit_name(sim_device *d)
{
    change c = { .count = 0 };
    size_t record = pick_record(d->sim, d, KIND_PERSON);
    if (record == SIZE_MAX)
        return;
    size_t number = ledger_open(d->sim, d, record, c.text);
    put(&c, DBK_INPUT_SET, sim_dice(d->sim, 3) == 0 ? "needs_detail" : "name", c.text);
    if (edit(d, record, &c, number, "edit") == DBK_OK)
        sim_mark(d->sim, MARK_EDIT);
}

static void edit_cautious(sim_device *d)
{
    static const char *const fields[] = { "safe_message", "safe_post", "safe_voicemail" };
    static const char *const answers[] = { "no", "not_known", "yes" };
    change c = { .count = 0 };
    size_t record = pick_record(d->sim, d, KIND_PERSON);
    size_t answer = (size_t)sim_dice(d->sim, 3);
    if (record == SIZE_MAX)
        return;
    size_t number = ledger_open(d->sim, d, record, c.text);
    put(&c, DBK_INPUT_SET, fields[sim_dice(d->sim, 3)], answers[answer]);
    if (edit(d, record, &c, number, "answer") == DBK_OK)
        sim_mark(d->sim, answer == 0 ? MARK_RAISE : MARK_LOWER);
}

static void edit_set(sim_device *d)
{
    static const char *const needs[] = { "hearing", "sight", "mobility", "learning" };
    change c = { .count = 0 };
    size_t record = pick_record(d->sim, d, KIND_PERSON);
    bool removes = sim_dice(d->sim, 3) == 0;
    if (record == SIZE_MAX)
        return;
    size_t number = ledger_open(d->sim, d, record, c.text);
    put(&c, removes ? DBK_INPUT_REMOVE : DBK_INPUT_ADD, "needs", needs[sim_dice(d->sim, 4)]);
    if (edit(d, record, &c, number, "set") == DBK_OK)
        sim_mark(d->sim, removes ? MARK_UNSET : MARK_SET);
}

static void edit_log(sim_device *d)
{
    change c = { .count = 0 };
    size_t record = pick_record(d->sim, d, KIND_PERSON);
    if (record == SIZE_MAX)
        return;
    struct json_t *entry = NULL;
    dbk_err err = { 0 };
    size_t number = ledger_open(d->sim, d, record, c.text);
    assert_ok(dbk_json_parse(&entry, dbk_span_str("{\"answer\":\"undecided\"}"), &err), &err);
    c.inputs[c.count++] = (dbk_input){ DBK_INPUT_ADD, "supports_prosecution", NULL, entry };
    if (edit(d, record, &c, number, "append") == DBK_OK)
        sim_mark(d->sim, MARK_LOG);
    dbk_json_free(entry);
}

static void edit_count(sim_device *d)
{
    static const char *const counters[] = { "leaflets", "girls_5_8", "families_approached" };
    change c = { .count = 0 };
    size_t record = pick_record(d->sim, d, KIND_FLIGHT);
    if (record == SIZE_MAX) {
        add(d, KIND_FLIGHT);
        return;
    }
    size_t number = ledger_open(d->sim, d, record, c.text);
    put(&c, DBK_INPUT_ADD, counters[sim_dice(d->sim, 3)], "1");
    if (edit(d, record, &c, number, "count") == DBK_OK)
        sim_mark(d->sim, MARK_COUNT_UP);
}

/* Who has the newer forms writes the field that they add, too. */
static void edit_kit(sim_device *d)
{
    change c = { .count = 0 };
    size_t record = pick_record(d->sim, d, KIND_KIT);
    bool adds = d->newer && sim_dice(d->sim, 2) == 0;
    if (record == SIZE_MAX || sim_dice(d->sim, 6) == 0) {
        add(d, KIND_KIT);
        return;
    }
    size_t number = ledger_open(d->sim, d, record, c.text);
    put(&c, DBK_INPUT_SET, adds ? SIM_FIELD_NEWER : "colour", c.text);
    if (edit(d, record, &c, number, "kit") == DBK_OK && adds)
        sim_mark(d->sim, MARK_NEWER_FIELD);
}

void sim_renew_forms(sim_device *d)
{
    dbk_form_pack_installed done;
    dbk_err err = { 0 };
    dbk_rc rc = dbk_form_pack_install(d->d.book, &done, dbk_bytes_span(&d->sim->newer_forms), &err);
    judge(d, rc, "install newer forms", &err);
    d->newer = d->newer || rc == DBK_OK;
}

static void sign(sim_device *d)
{
    sim *s = d->sim;
    change c = { .count = 0 };
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    struct json_t *present = NULL;
    size_t record = pick_record(s, d, KIND_CONTACT);
    if (record == SIZE_MAX || s->ledger.records[record].author != d->index) {
        add(d, KIND_CONTACT);
        return;
    }
    size_t number = ledger_open(s, d, record, c.text);
    assert_ok(dbk_json_parse(&present, dbk_span_str(PRESENT_JSON), &err), &err);
    put(&c, DBK_INPUT_SET, "direction", "police_to_family");
    put(&c, DBK_INPUT_SET, "case_id", "018f6b1c-0000-7000-8000-000000000001");
    put(&c, DBK_INPUT_SET, "s38", "fact");
    c.inputs[c.count++] = (dbk_input){ DBK_INPUT_SET, "present", NULL, present };
    if (edit(d, record, &c, number, "complete") == DBK_OK && !disk_is_dead((unsigned)d->index)) {
        number = ledger_open(s, d, record, c.text);
        s->ledger.acks[number].sign = true;
        dbk_rc rc = dbk_journal_sign(d->d.book, &problems, &s->ledger.records[record].id, &err);
        ledger_close(s, number, rc);
        if (rc == DBK_OK)
            sim_mark(s, MARK_SIGN);
        judge(d, rc, "sign", &err);
    }
    dbk_problems_wipe(&problems);
    dbk_json_free(present);
}

static void addendum(sim_device *d)
{
    sim *s = d->sim;
    char text[64];
    dbk_err err = { 0 };
    size_t record = pick_record(s, d, KIND_CONTACT);
    if (record == SIZE_MAX)
        return;
    size_t number = ledger_open(s, d, record, text);
    dbk_addendum a = { s->ledger.records[record].id, text, "more was told" };
    dbk_rc rc = dbk_journal_addendum(d->d.book, &a, &err);
    ledger_close(s, number, rc);
    if (rc == DBK_OK)
        sim_mark(s, MARK_ADDENDUM);
    judge(d, rc, "addendum", &err);
}

static void withdraw(sim_device *d)
{
    sim *s = d->sim;
    char text[64];
    dbk_err err = { 0 };
    size_t record = pick_record(s, d, KIND_PERSON);
    if (record == SIZE_MAX)
        return;
    size_t number = ledger_open(s, d, record, text);
    dbk_rc rc = dbk_journal_withdraw(d->d.book, &s->ledger.records[record].id, text, &err);
    ledger_close(s, number, rc);
    if (rc == DBK_OK)
        sim_mark(s, MARK_WITHDRAW);
    judge(d, rc, "withdraw", &err);
}

static void add_person(sim_device *d)
{
    add(d, KIND_PERSON);
}

static void work(sim_device *d)
{
    static const struct {
        unsigned weight;
        void (*act)(sim_device *d);
    } table[] = { { 20, add_person }, { 38, edit_name }, { 14, edit_cautious }, { 8, edit_set },
                  { 5, edit_log },    { 6, edit_count }, { 6, sign },           { 3, addendum },
                  { 2, withdraw },    { 12, edit_kit } };
    uint64_t all = 0, at;
    if (d->role == DBK_ROLE_AUDITOR)
        return;
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        all += table[i].weight;
    at = sim_dice(d->sim, all);
    for (size_t i = 0; i < ARRAY_LEN(table); at -= table[i++].weight) {
        if (at < table[i].weight) {
            table[i].act(d);
            return;
        }
    }
}

/* Once more when the record hasn't come to it yet. */
void sim_work(sim_device *d)
{
    for (unsigned tries = 0; tries < 5 && !disk_is_dead((unsigned)d->index); tries++) {
        d->last_rc = DBK_NOT_FOUND;
        work(d);
        if (d->last_rc != DBK_NOT_FOUND)
            return;
    }
}

/* ---- a desk decides ----------------------------------------------------------------------- */

#define DISPUTED_MAX 16u
typedef struct disputed {
    dbk_id ids[DISPUTED_MAX];
    size_t count;
} disputed;

static dbk_rc take_disputed(void *ctx, const dbk_row *row, dbk_err *err)
{
    disputed *l = ctx;
    (void)err;
    if (l->count < DISPUTED_MAX)
        l->ids[l->count++] = row->record;
    return DBK_OK;
}

/* The first group of which several values stand; NULL: the edits are only to be looked at. */
static const dbk_state_group *open_group(const dbk_note *note)
{
    for (size_t i = 0; i < dbk_state_groups(note->state); i++) {
        const dbk_state_group *g = dbk_state_group_at(note->state, i);
        if (g->registers_count > 1)
            return g;
    }
    return NULL;
}

static size_t record_of(const sim *s, const dbk_id *id)
{
    for (size_t i = 0; i < s->ledger.records_count; i++)
        if (dbk_id_equal(&s->ledger.records[i].id, id))
            return i;
    return SIZE_MAX;
}

/* True: it is decided. */
static bool decide(sim_device *d, const dbk_id *id)
{
    sim *s = d->sim;
    char text[64], group[64];
    dbk_note *note = NULL;
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    size_t record = record_of(s, id);
    if (record == SIZE_MAX || dbk_query_note(&note, d->d.book, id, &err) != DBK_OK)
        return false;
    const dbk_state_group *g = open_group(note);
    dbk_span name = g != NULL ? g->name : dbk_span_str(DBK_GROUP_REVIEW);
    (void)snprintf(group, sizeof(group), "%.*s", (int)name.len, (const char *)name.p);
    if (g != NULL && g->registers_count > 2)
        sim_mark(s, MARK_SIBLINGS);
    if (g != NULL && strcmp(group, DBK_GROUP_LIFECYCLE) == 0)
        sim_mark(s, MARK_LIFE_DISPUTE);
    size_t number = ledger_open(s, d, record, text);
    dbk_resolve r = { .record = *id,
                      .group = group,
                      .choice = g != NULL ? (int)sim_dice(s, g->registers_count) : -1,
                      .reason = text };
    dbk_rc rc = dbk_journal_resolve(d->d.book, &problems, &r, &err);
    ledger_close(s, number, rc);
    if (rc == DBK_OK)
        sim_mark(s, g != NULL ? MARK_RESOLVE : MARK_REVIEW);
    judge(d, rc, "resolve", &err);
    dbk_note_free(note);
    dbk_problems_wipe(&problems);
    return rc == DBK_OK;
}

/* One that stands aside, by dice among those that can be decided about. */
typedef struct asides {
    sim *s;
    dbk_id id;
    uint64_t count;
} asides;

static dbk_rc take_aside(void *ctx, const dbk_aside *aside, dbk_err *err)
{
    asides *a = ctx;
    (void)err;
    if (aside->decidable && aside->ruling != DBK_RULING_ADMITTED && sim_dice(a->s, ++a->count) == 0)
        a->id = aside->id;
    return DBK_OK;
}

/* True: something stood aside. */
static bool let_in(sim_device *d)
{
    sim *s = d->sim;
    asides a = { .s = s };
    uint64_t merged = 0;
    dbk_err err = { 0 };
    assert_ok(dbk_quarantine_each(d->d.book, take_aside, &a, &err), &err);
    if (a.count == 0)
        return false;
    const dbk_decision decision = { a.id, sim_dice(s, 3) > 0, "looked at" };
    dbk_rc rc = dbk_quarantine_decide(d->d.book, &merged, &decision, &err);
    sim_note(s, "%s decides about what stands aside: %s", d->d.name, dbk_rc_name(rc));
    if (rc == DBK_OK)
        sim_mark(s, decision.admit ? MARK_ADMITTED : MARK_REFUSED);
    else
        judge(d, rc, "decide", &err);
    return true;
}

void sim_decide(sim_device *d)
{
    disputed l = { .count = 0 };
    dbk_err err = { 0 };
    if (sim_dice(d->sim, 3) == 0 && let_in(d))
        return;
    if (dbk_query_conflicts(d->d.book, take_disputed, &l, &err) != DBK_OK || l.count == 0)
        return;
    const dbk_id *id = &l.ids[sim_dice(d->sim, l.count)];
    sim_device *other = &d->sim->devices[SIM_DESKS - 1 - d->index];
    if (!decide(d, id) || sim_dice(d->sim, 2) > 0 || !sim_lives(other) ||
        disk_is_dead((unsigned)other->index))
        return;
    sim_wake(other); /* which doesn't know that it is decided */
    if (decide(other, id))
        sim_mark(d->sim, MARK_RESOLVE_BOTH);
}
