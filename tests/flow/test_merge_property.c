/* Random schedules over several replicas against a model that keeps every op and computes the
 * state from the definitions of core/model/state.h, with no table of what waits and no trail.
 * Half of the schedules are honest; in the others preds and contexts lie.
 * DBK_SCHEDULES and DBK_SEED change how many run and where they begin. */
#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "core/model/view.h"
#include "tests/lib/opkit.h"

#define FEEDS 5u /* the last two are HQ desks */
#define RECORDS 2u
#define OPS_MAX 160u
#define REVIEWS_MAX 4096u

typedef struct made {
    kit_op k;
    dbk_dot dot;
    size_t feed;
    size_t record;
    char role;
} made;

typedef struct replica {
    dbk_state *states[RECORDS];
    uint64_t vector[FEEDS];
} replica;

typedef struct world {
    kit_random random;
    bool lies;
    made ops[OPS_MAX]; /* in the order of their making */
    size_t ops_count;
    uint64_t heads[FEEDS];
    replica replicas[FEEDS];
} world;

static const char *const registers[] = { "status", "risk", "name" };

static size_t pick(world *w, size_t n)
{
    return (size_t)kit_random_below(&w->random, n);
}

static bool chance(world *w, unsigned percent)
{
    return pick(w, 100) < percent;
}

static dbk_id feed_id(size_t feed)
{
    return kit_id((char)('a' + feed));
}

static const made *find_op(const world *w, size_t feed, uint64_t seq)
{
    for (size_t i = 0; i < w->ops_count; i++) {
        if (w->ops[i].feed == feed && w->ops[i].dot.seq == seq)
            return &w->ops[i];
    }
    return NULL;
}

/* ---- replicas ------------------------------------------------------------------------------ */

static void open_replica(replica *r)
{
    dbk_err err = { 0 };
    memset(r, 0, sizeof(*r));
    for (size_t i = 0; i < RECORDS; i++) {
        dbk_id record = kit_id((char)('R' + i));
        assert_ok(dbk_state_new(&r->states[i], &record, &err), &err);
    }
}

static void close_replica(replica *r)
{
    for (size_t i = 0; i < RECORDS; i++)
        dbk_state_free(r->states[i]);
}

static void encode(dbk_bytes *out, const dbk_state *s)
{
    dbk_err err = { 0 };
    dbk_dot dot;
    dbk_hlc time;
    dbk_bytes_init(out, DBK_STATE_BYTES_MAX);
    if (dbk_state_created(s, &dot, &time))
        assert_ok(dbk_state_encode(out, s, &err), &err);
}

/* As if the program had stopped: what goes on is what was written. */
static void reopen(replica *r, size_t record)
{
    dbk_err err = { 0 };
    dbk_bytes bytes;
    dbk_id id = kit_id((char)('R' + record));
    encode(&bytes, r->states[record]);
    if (bytes.len > 0) {
        dbk_state_free(r->states[record]);
        assert_ok(dbk_state_decode(&r->states[record], &id, dbk_bytes_span(&bytes), &err), &err);
    }
    dbk_bytes_wipe(&bytes);
}

static void receive(world *w, replica *r, const made *op)
{
    dbk_err err = { 0 };
    assert_int_equal(op->dot.seq, r->vector[op->feed] + 1);
    r->vector[op->feed]++;
    assert_ok(kit_apply(r->states[op->record], &op->k, op->dot, op->role, &err), &err);
    if (chance(w, 5))
        reopen(r, op->record);
}

/* Feeds interleave at random, each in its order, up to the vector or until a cut. */
static void deliver(world *w, replica *r, const uint64_t *upto, unsigned cut_percent)
{
    for (;;) {
        size_t open[FEEDS], count = 0;
        for (size_t f = 0; f < FEEDS; f++) {
            if (r->vector[f] < upto[f])
                open[count++] = f;
        }
        if (count == 0 || chance(w, cut_percent))
            return;
        size_t f = open[pick(w, count)];
        receive(w, r, find_op(w, f, r->vector[f] + 1));
    }
}

/* ---- making ops ---------------------------------------------------------------------------- */

static void write_register(world *w, kit_op *k, const dbk_state *s, const made *op, bool life)
{
    static const char *const lives[] = { "live", "withdrawn", "live", "disposed" };
    const dbk_view_opts opts = { NULL, NULL, NULL };
    const dbk_author author = { op->dot.feed, op->role == 'h' };
    const char *name = life ? DBK_GROUP_LIFECYCLE : registers[pick(w, ARRAY_LEN(registers))];
    const dbk_state_group *g = dbk_state_group_find(s, dbk_span_str(name));
    size_t standing = g == NULL ? 0 : g->registers_count;
    bool resolve = standing > 1 && chance(w, op->role == 'h' ? 60 : 10);
    for (size_t i = 0; i < k->op.writes_count; i++) {
        if (dbk_span_equal(k->writes[i].group, dbk_span_str(name)))
            return;
    }
    if (life)
        kit_life(k, resolve ? DBK_WRITE_RESOLVE : DBK_WRITE_LIFECYCLE, lives[pick(w, 4)]);
    else
        kit_write(k, resolve ? DBK_WRITE_RESOLVE : DBK_WRITE_SET, name, (int64_t)pick(w, 4));
    if (g == NULL)
        return;
    dbk_dot pred[KIT_PREDS_MAX];
    size_t count = dbk_view_pred(g, &opts, &author, pred, KIT_PREDS_MAX);
    for (size_t i = 0; i < count; i++)
        kit_pred(k, pred[i]);
    for (size_t i = 0; resolve && i < standing && i < KIT_PREDS_MAX; i++)
        kit_pred(k, g->registers[i].dot);
}

static void write_set(world *w, kit_op *k, const dbk_state *s)
{
    const dbk_state_group *g = dbk_state_group_find(s, dbk_span_str("markers"));
    if (g == NULL || g->elements_count == 0 || chance(w, 60)) {
        kit_items(k, DBK_WRITE_ADD, "markers", (int64_t)pick(w, 4), 1 + pick(w, 3));
        return;
    }
    int64_t n = kit_number(g->elements[pick(w, g->elements_count)].value);
    kit_write(k, DBK_WRITE_REMOVE, "markers", n);
    for (size_t i = 0, named = 0; i < g->elements_count && named < KIT_PREDS_MAX; i++) {
        if (kit_number(g->elements[i].value) == n && named++ < KIT_PREDS_MAX)
            kit_pred(k, g->elements[i].dot);
    }
}

/* A dot that may be anything: past, future, another record's, its own. */
static dbk_dot any_dot(world *w)
{
    size_t feed = pick(w, FEEDS);
    return (dbk_dot){ feed_id(feed), 1 + pick(w, (size_t)w->heads[feed] + 4) };
}

static void tell_lies(world *w, made *op)
{
    kit_op *k = &op->k;
    for (size_t i = 0; i < k->op.writes_count; i++) {
        dbk_write *x = &k->writes[i];
        bool names = x->kind == DBK_WRITE_SET || x->kind == DBK_WRITE_REMOVE ||
                     x->kind == DBK_WRITE_LIFECYCLE ||
                     (x->kind == DBK_WRITE_RESOLVE && x->value.len > 0);
        for (size_t n = pick(w, 3); names && n > 0 && x->pred_count < KIT_PREDS_MAX; n--) {
            size_t count = k->op.writes_count;
            k->op.writes_count = i + 1; /* kit_pred() works on the last write */
            kit_pred(k, any_dot(w));
            k->op.writes_count = count;
        }
    }
    if (chance(w, 30))
        k->op.context_count = 0;
    for (size_t n = pick(w, 3); n > 0; n--) {
        dbk_dot dot = any_dot(w);
        if (!dbk_id_equal(&dot.feed, &op->dot.feed))
            kit_seen(k, dot);
    }
}

/* Two desks that decide between few values often decide the same without having met. */
static void make_decision(world *w, made *op, const dbk_state *s)
{
    const dbk_state_group *g = dbk_state_group_find(s, dbk_span_str("name"));
    kit_begin(&op->k, (dbk_hlc)pick(w, 20) << 16);
    kit_write(&op->k, DBK_WRITE_RESOLVE, "name", (int64_t)pick(w, 2));
    for (size_t i = 0; g != NULL && i < g->registers_count && i < KIT_PREDS_MAX; i++)
        kit_pred(&op->k, g->registers[i].dot);
}

static void make_op(world *w, size_t feed)
{
    made *op = &w->ops[w->ops_count];
    replica *r = &w->replicas[feed];
    op->feed = feed;
    op->record = pick(w, RECORDS);
    op->role = feed + 2 >= FEEDS ? 'h' : 'o';
    op->dot = (dbk_dot){ feed_id(feed), w->heads[feed] + 1 };
    const dbk_state *s = r->states[op->record];
    kit_op *k = &op->k;
    kit_begin(k, (dbk_hlc)pick(w, 20) << 16);
    for (size_t n = 1 + (size_t)chance(w, 25); n > 0; n--)
        write_register(w, k, s, op, chance(w, 20));
    if (chance(w, 30))
        write_set(w, k, s);
    if (chance(w, 20))
        kit_items(k, DBK_WRITE_APPEND, "log", (int64_t)pick(w, 9), 1 + pick(w, 2));
    if (chance(w, 15))
        kit_write(k, DBK_WRITE_COUNT, "calls", (int64_t)pick(w, 9));
    if (chance(w, 10))
        kit_write(k, DBK_WRITE_RESOLVE, DBK_GROUP_REVIEW, 0);
    if (chance(w, 15)) { /* only what commutes */
        kit_begin(k, (dbk_hlc)pick(w, 20) << 16);
        kit_write(k, chance(w, 50) ? DBK_WRITE_RESOLVE : DBK_WRITE_COUNT, DBK_GROUP_REVIEW, 0);
        if (k->writes[0].kind == DBK_WRITE_COUNT)
            k->writes[0].group = dbk_span_str("calls");
    }
    if (op->role == 'h' && chance(w, 50))
        make_decision(w, op, s);
    k->op.record = kit_id((char)('R' + op->record));
    kit_seen_all(k, s, &op->dot.feed);
    if (w->lies && chance(w, 50))
        tell_lies(w, op);
    w->heads[feed]++;
    w->ops_count++;
    receive(w, r, op);
}

/* ---- the model ----------------------------------------------------------------------------- */

static bool is_register(const dbk_write *x)
{
    return x->value.len > 0 && (x->kind == DBK_WRITE_SET || x->kind == DBK_WRITE_LIFECYCLE ||
                                x->kind == DBK_WRITE_RESOLVE);
}

static bool held(const made *op, size_t record, const uint64_t *vector)
{
    return op->record == record && op->dot.seq <= vector[op->feed];
}

static bool same_group(const dbk_write *x, const dbk_write *y)
{
    return dbk_span_equal(x->group, y->group);
}

/* Does this write of this op name the dot? Its own dot and its feed's later ones don't count. */
static bool names(const made *op, const dbk_write *x, const dbk_dot *dot)
{
    if (dbk_id_equal(&op->dot.feed, &dot->feed) && dot->seq >= op->dot.seq)
        return false;
    for (size_t i = 0; i < x->pred_count; i++) {
        if (dbk_dot_compare(&x->pred[i], dot) == 0)
            return true;
    }
    return false;
}

static bool holds_item(const dbk_write *x, int64_t n)
{
    dbk_cbor c = dbk_cbor_from(x->value);
    for (uint64_t left = dbk_cbor_get_array(&c); left > 0; left--) {
        if (dbk_cbor_get_int(&c) == n)
            return true;
    }
    return false;
}

/* Is the value of this write (or this element of it) named by any op that is held? */
static bool is_named(const world *w, size_t record, const uint64_t *vector, const made *op,
                     const dbk_write *x, int64_t element)
{
    for (size_t i = 0; i < w->ops_count; i++) {
        const made *by = &w->ops[i];
        for (size_t k = 0; held(by, record, vector) && k < by->k.op.writes_count; k++) {
            const dbk_write *y = &by->k.writes[k];
            bool may = is_register(x) ? is_register(y)
                                      : y->kind == DBK_WRITE_REMOVE && holds_item(y, element);
            if (may && same_group(x, y) && names(by, y, &op->dot))
                return true;
        }
    }
    return false;
}

static const dbk_sibling *find_sibling(const dbk_sibling *rows, size_t count, const dbk_dot *dot,
                                       dbk_span value)
{
    for (size_t i = 0; i < count; i++) {
        if (dbk_dot_compare(&rows[i].dot, dot) == 0 && dbk_span_equal(rows[i].value, value))
            return &rows[i];
    }
    return NULL;
}

/* An entry stands in the place that it had in its op. */
static bool is_entry(const dbk_state_group *g, const dbk_dot *dot, dbk_span value, uint32_t index)
{
    for (size_t i = 0; i < g->entries_count; i++) {
        const dbk_sibling *v = &g->entries[i];
        if (dbk_dot_compare(&v->dot, dot) == 0 && v->index == index)
            return dbk_span_equal(v->value, value);
    }
    return false;
}

/* Each value of each op is in the state, or is named; counts all that must be there. */
static size_t check_values(const world *w, const replica *r, size_t record)
{
    size_t want = 0;
    for (size_t i = 0; i < w->ops_count; i++) {
        const made *op = &w->ops[i];
        for (size_t k = 0; held(op, record, r->vector) && k < op->k.op.writes_count; k++) {
            const dbk_write *x = &op->k.writes[k];
            const dbk_state_group *g = dbk_state_group_find(r->states[record], x->group);
            if (is_register(x)) {
                bool there = g != NULL && find_sibling(g->registers, g->registers_count, &op->dot,
                                                       x->value) != NULL;
                assert_true(there != is_named(w, record, r->vector, op, x, 0));
                want += there;
                continue;
            }
            dbk_cbor c = dbk_cbor_from(x->value);
            bool items = x->kind == DBK_WRITE_ADD || x->kind == DBK_WRITE_APPEND;
            uint32_t at = 0;
            for (uint64_t n = items ? dbk_cbor_get_array(&c) : 0; n > 0; n--) {
                dbk_span item = dbk_cbor_get_item(&c);
                bool log = x->kind == DBK_WRITE_APPEND;
                bool there = g != NULL && (log ? is_entry(g, &op->dot, item, at)
                                               : find_sibling(g->elements, g->elements_count,
                                                              &op->dot, item) != NULL);
                assert_true(there !=
                            (!log && is_named(w, record, r->vector, op, x, kit_number(item))));
                want += there;
                at++;
            }
        }
    }
    return want;
}

static void check_counts(const world *w, const replica *r, size_t record)
{
    uint64_t total = 0;
    bool any = false;
    for (size_t i = 0; i < w->ops_count; i++) {
        const made *op = &w->ops[i];
        for (size_t k = 0; held(op, record, r->vector) && k < op->k.op.writes_count; k++) {
            if (op->k.writes[k].kind != DBK_WRITE_COUNT)
                continue;
            any = true;
            total += (uint64_t)kit_number(op->k.writes[k].value);
        }
    }
    const dbk_state_group *g = dbk_state_group_find(r->states[record], dbk_span_str("calls"));
    assert_true((g != NULL && g->has_count) == any);
    assert_true(!any || g->count == total);
}

static bool has_seen(const made *op, const dbk_dot *dot)
{
    if (dbk_id_equal(&op->dot.feed, &dot->feed))
        return dot->seq < op->dot.seq;
    for (size_t i = 0; i < op->k.op.context_count; i++) {
        if (dbk_id_equal(&op->k.context[i].feed, &dot->feed))
            return op->k.context[i].seq >= dot->seq;
    }
    return false;
}

static bool edits(const made *op)
{
    for (size_t k = 0; k < op->k.op.writes_count; k++) {
        if (is_register(&op->k.writes[k]))
            return true;
    }
    return false;
}

static bool resolves(const made *op)
{
    for (size_t k = 0; k < op->k.op.writes_count; k++) {
        if (op->k.writes[k].kind == DBK_WRITE_RESOLVE)
            return op->role == 'h';
    }
    return false;
}

static bool write_the_same(const made *a, const made *b)
{
    if (!resolves(a) || !resolves(b) || a->k.op.writes_count != b->k.op.writes_count)
        return false;
    for (size_t k = 0; k < a->k.op.writes_count; k++) {
        const dbk_write *x = &a->k.writes[k], *y = &b->k.writes[k];
        if (x->kind != y->kind || !same_group(x, y) || !dbk_span_equal(x->value, y->value))
            return false;
    }
    return true;
}

static bool are_concurrent(const made *a, const made *b)
{
    return a->feed != b->feed && edits(a) && edits(b) && !has_seen(a, &b->dot) &&
           !has_seen(b, &a->dot) && !write_the_same(a, b);
}

/* All concurrent pairs; of those between two feeds only the ones that no later pair tells; of
 * those only what no resolve has seen both of. */
static void check_reviews(const world *w, const replica *r, size_t record)
{
    static const made *all[REVIEWS_MAX][2];
    size_t count = 0, want = 0;
    const dbk_review_pair *pairs;
    size_t got = dbk_state_reviews(r->states[record], &pairs);
    for (size_t i = 0; i < w->ops_count; i++) {
        for (size_t k = 0; k < w->ops_count; k++) {
            const made *a = &w->ops[i], *b = &w->ops[k];
            if (a->feed < b->feed && held(a, record, r->vector) && held(b, record, r->vector) &&
                are_concurrent(a, b)) {
                assert_true(count < REVIEWS_MAX);
                all[count][0] = a;
                all[count++][1] = b;
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        const made *a = all[i][0], *b = all[i][1];
        bool told = false, cleared = false, there = false;
        for (size_t k = 0; k < count; k++) {
            told = told || (k != i && all[k][0]->feed == a->feed && all[k][1]->feed == b->feed &&
                            all[k][0]->dot.seq >= a->dot.seq && all[k][1]->dot.seq >= b->dot.seq);
        }
        for (size_t k = 0; k < w->ops_count; k++) {
            const made *by = &w->ops[k];
            cleared = cleared || (held(by, record, r->vector) && resolves(by) &&
                                  has_seen(by, &a->dot) && has_seen(by, &b->dot));
        }
        for (size_t k = 0; k < got; k++) {
            there = there || (dbk_dot_compare(&pairs[k].a, &a->dot) == 0 &&
                              dbk_dot_compare(&pairs[k].b, &b->dot) == 0);
        }
        assert_true(there == (!told && !cleared));
        want += there;
    }
    assert_int_equal(got, want);
}

static void check_model(const world *w, const replica *r)
{
    for (size_t record = 0; record < RECORDS; record++) {
        const dbk_state *s = r->states[record];
        size_t got = 0, want = check_values(w, r, record);
        for (size_t i = 0; i < dbk_state_groups(s); i++) {
            const dbk_state_group *g = dbk_state_group_at(s, i);
            got += g->registers_count + g->elements_count + g->entries_count;
            assert_true(w->lies || g->registers_count <= FEEDS); /* siblings <= authors */
        }
        assert_int_equal(got, want);
        check_counts(w, r, record);
        check_reviews(w, r, record);
    }
}

/* ---- the property -------------------------------------------------------------------------- */

static void assert_equal_replicas(const replica *a, const replica *b)
{
    assert_memory_equal(a->vector, b->vector, sizeof(a->vector));
    for (size_t record = 0; record < RECORDS; record++) {
        dbk_bytes one, two;
        encode(&one, a->states[record]);
        encode(&two, b->states[record]);
        assert_true(dbk_span_equal(dbk_bytes_span(&one), dbk_bytes_span(&two)));
        dbk_bytes_wipe(&one);
        dbk_bytes_wipe(&two);
    }
}

/* Two fresh replicas get the same part of every feed, each in an order of its own. */
static void check_part(world *w)
{
    uint64_t upto[FEEDS];
    replica a, b;
    for (size_t f = 0; f < FEEDS; f++)
        upto[f] = pick(w, (size_t)w->heads[f] + 1);
    open_replica(&a);
    open_replica(&b);
    deliver(w, &a, upto, 0);
    deliver(w, &b, upto, 0);
    assert_equal_replicas(&a, &b);
    check_model(w, &a);
    close_replica(&a);
    close_replica(&b);
}

static size_t run_schedule(world *w, uint64_t seed)
{
    size_t conflicts = 0;
    memset(w, 0, sizeof(*w));
    kit_random_seed(&w->random, seed);
    w->lies = seed % 2 == 1;
    for (size_t f = 0; f < FEEDS; f++)
        open_replica(&w->replicas[f]);
    size_t steps = 20 + pick(w, 100);
    for (size_t step = 0; step < steps; step++) {
        size_t feed = pick(w, FEEDS);
        if (chance(w, 55))
            make_op(w, feed);
        else
            deliver(w, &w->replicas[feed], w->replicas[pick(w, FEEDS)].vector, 10);
    }
    check_part(w);
    check_part(w);
    for (size_t f = 0; f < FEEDS; f++) {
        deliver(w, &w->replicas[f], w->heads, 0);
        assert_equal_replicas(&w->replicas[f], &w->replicas[0]);
    }
    check_model(w, &w->replicas[0]);
    for (size_t record = 0; record < RECORDS; record++) {
        const dbk_review_pair *pairs;
        conflicts += dbk_state_reviews(w->replicas[0].states[record], &pairs);
    }
    for (size_t f = 0; f < FEEDS; f++)
        close_replica(&w->replicas[f]);
    return conflicts;
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static uint64_t running_seed;

static int say_where(void **state)
{
    (void)state;
    print_message("last schedule: DBK_SEED=%zu\n", (size_t)running_seed);
    return 0;
}

static void replicas_with_equal_ops_hold_equal_bytes_and_nothing_vanishes_unnamed(void **state)
{
    static world w;
    uint64_t schedules = setting("DBK_SCHEDULES", 600), first = setting("DBK_SEED", 1);
    size_t conflicts = 0;
    (void)state;
    for (uint64_t seed = first; seed < first + schedules; seed++) {
        running_seed = seed;
        conflicts += run_schedule(&w, seed);
    }
    print_message("%zu review pairs stood at the end of %zu schedules\n", conflicts,
                  (size_t)schedules);
    assert_true(conflicts > schedules / 4); /* the schedules do conflict */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            replicas_with_equal_ops_hold_equal_bytes_and_nothing_vanishes_unnamed, say_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
