/* What must hold once all is healed: of each store, of the relay, and between them. */
#include "tests/lib/test.h"

#include <string.h>

#include "core/journal/verify.h"
#include "tests/lib/holds.h"
#include "tests/sim/faults.h"

#define ROWS_MAX 64u

typedef struct look {
    sim *s;
    const sim_device *d;
    sync_held held[SIM_SPACES];
    dbk_vector_row rows[SIM_SPACES][ROWS_MAX];
    size_t rows_count[SIM_SPACES];
} look;

void check_plaintext(sim *s, dbk_span bytes, const char *where)
{
    if (holds(bytes, dbk_span_str(SIM_CANARY)))
        sim_blame(s, "%s holds a note in clear", where);
}

/* ---- each store --------------------------------------------------------------------------- */

static dbk_rc take_space(void *ctx, const dbk_verified *v, dbk_err *err)
{
    look *l = ctx;
    (void)err;
    for (size_t i = 0; i < SIM_SPACES; i++) {
        if (!dbk_id_equal(&v->space, &l->s->spaces[i]))
            continue;
        l->held[i] = (sync_held){ v->ops,      v->records,    v->segments,
                                  v->log_size, v->state_hash, v->vector_hash };
        for (size_t k = 0; k < v->vector_count && k < ROWS_MAX; k++)
            l->rows[i][l->rows_count[i]++] = v->vector[k];
    }
    return DBK_OK;
}

static dbk_rc take_fault(void *ctx, const char *sentence, dbk_err *err)
{
    look *l = ctx;
    (void)err;
    sim_blame(l->s, "%s doesn't verify: %s", l->d->d.name, sentence);
    return DBK_OK;
}

static void look_at(look *l, sim *s, sim_device *d)
{
    dbk_err err = { 0 };
    *l = (look){ .s = s, .d = d };
    dbk_verify_sink sink = { .space = take_space, .fault = take_fault, .ctx = l };
    dbk_rc rc = dbk_verify_book(d->d.book, &sink, &err);
    if (rc != DBK_OK)
        sim_blame(s, "%s doesn't verify: %s", d->d.name, err.text);
    /* Costs as much again: those that had a hard time, and one other. */
    rc = d->restarts > 0 || sim_dice(s, s->count) == 0 ? dbk_book_check_deep(d->d.book, &err)
                                                       : DBK_OK;
    if (rc != DBK_OK)
        sim_blame(s, "%s isn't sound: %s", d->d.name, err.text);
}

/* ---- between them ------------------------------------------------------------------------- */

static bool may_read(const sim_device *d, size_t space)
{
    return !d->split && sim_in_space(d, space) &&
           dbk_book_may_read(d->d.book, &d->sim->spaces[space]);
}

/* True: a or b knows that the feed has two histories. Then each stays with the one that it met
 * first, until a person decides, and the relay has but one of them to give. */
static bool is_forked(const look *a, const look *b, const dbk_id *id)
{
    const dbk_book_feed *x = dbk_tables_feed(&a->d->d.book->tables, id);
    const dbk_book_feed *y = dbk_tables_feed(&b->d->d.book->tables, id);
    return (x != NULL && x->now.forked) || (y != NULL && y->now.forked);
}

static const dbk_vector_row *row_of(const look *l, const dbk_id *feed, size_t space)
{
    for (size_t k = 0; k < l->rows_count[space]; k++)
        if (dbk_id_equal(&l->rows[space][k].feed, feed))
            return &l->rows[space][k];
    return NULL;
}

/* Of each of a's feeds b holds just as much, of the same history. */
static bool holds_same(const dbk_vector_row *x, const dbk_vector_row *y)
{
    return y != NULL && y->last_seq == x->last_seq && dbk_hash_equal(&y->head, &x->head);
}

static bool same_changes(const look *a, const look *b, size_t space)
{
    for (size_t i = 0; i < a->rows_count[space]; i++)
        if (!holds_same(&a->rows[space][i], row_of(b, &a->rows[space][i].feed, space)))
            return false;
    return true;
}

/* The feeds of which a holds other than b, into the trace. False: one of them is no forked one. */
static bool only_forked(sim *s, const look *a, const look *b, size_t space)
{
    bool only = true;
    for (size_t i = 0; i < a->rows_count[space]; i++) {
        const dbk_vector_row *x = &a->rows[space][i], *y = row_of(b, &x->feed, space);
        if (holds_same(x, y))
            continue;
        only = only && is_forked(a, b, &x->feed);
        for (size_t k = 0; k < s->made; k++)
            if (dbk_id_equal(&s->devices[k].device, &x->device))
                sim_note(s, "of %s's feed %02x%02x %s holds up to %llu, %s up to %llu",
                         s->devices[k].d.name, x->feed.b[0], x->feed.b[1], a->d->d.name,
                         (unsigned long long)x->last_seq, b->d->d.name,
                         y != NULL ? (unsigned long long)y->last_seq : 0);
    }
    return only;
}

static void compare(sim *s, const look *a, const look *b, size_t space)
{
    const sync_held *x = &a->held[space], *y = &b->held[space];
    bool same = same_changes(a, b, space) && same_changes(b, a, space);
    if (same &&
        (x->ops != y->ops || x->records != y->records || !dbk_hash_equal(&x->state, &y->state)))
        sim_blame(s, "%s and %s hold the same changes of space %zu and see other records",
                  a->d->d.name, b->d->d.name, space);
    if (same || !may_read(a->d, space) || !may_read(b->d, space))
        return;
    bool forked = only_forked(s, a, b, space);
    forked = only_forked(s, b, a, space) && forked;
    if (forked)
        sim_mark(s, MARK_STRANDED);
    else
        sim_blame(s, "%s holds %llu changes of space %zu, %s %llu", a->d->d.name,
                  (unsigned long long)x->ops, space, b->d->d.name, (unsigned long long)y->ops);
}

/* P3: who was never in it holds nothing of it. */
static void check_compartment(sim *s, const look *l)
{
    const sync_held *held = &l->held[SPACE_COMPARTMENT];
    if (!sim_ever_in_space(l->d, SPACE_COMPARTMENT) && (held->segments > 0 || held->records > 0))
        sim_blame(s, "%s holds something of the compartment", l->d->d.name);
}

/* ---- the relay ---------------------------------------------------------------------------- */

static void check_relay(sim *s)
{
    image files;
    (void)relaykit_check(&s->world.kit);
    image_take(&files, s->world.kit.dir);
    for (size_t i = 0; i < files.count; i++)
        check_plaintext(s, dbk_span_of(files.files[i].bytes, files.files[i].len), "the relay");
    image_wipe(&files);
}

void sim_check(sim *s)
{
    static look looks[SIM_DEVICES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++)
        if (sim_lives(&s->devices[i]))
            look_at(&looks[count++], s, &s->devices[i]);
    for (size_t i = 0; i < count; i++) {
        check_compartment(s, &looks[i]);
        for (size_t space = 0; space < SIM_SPACES; space++) {
            dbk_hasher_add(&s->trace, dbk_span_of(looks[i].held[space].state.b, 32));
            if (i > 0)
                compare(s, &looks[0], &looks[i], space);
        }
    }
    check_relay(s);
    hostile_check(s);
    check_records(s, sim_hq(s));
}
