/* The merge against an oracle that was written from the design in another language: random
 * schedules are delivered to a state here and, as JSON lines in the same order, to
 * tests/model/merge_model.py; both print what stands in the same canonical form.
 * $SRC is the source tree (else the working directory); needs python3. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/model/view.h"
#include "tests/lib/opkit.h"

#define SCHEDULES 2500u
#define FEEDS 4u
#define RECORDS 2u
#define OPS_MAX 100u
#define TEXT_MAX (64u * 1024u * 1024u)

static const char *const groups[] = { "notes", "risk", "status", "tags" };
enum { GROUP_NOTES, GROUP_RISK, GROUP_STATUS, GROUP_TAGS, GROUPS };

/* The oracle's op: one write. The value is the op's place in the making. */
typedef struct made {
    kit_op k;
    dbk_dot dot;
    size_t feed, record, group;
    const char *kind;
    int64_t value; /* also of the element that a remove takes */
} made;

typedef struct replica {
    dbk_state *states[RECORDS];
    uint64_t vector[FEEDS];
} replica;

typedef struct world {
    kit_random random;
    made ops[OPS_MAX];
    size_t ops_count;
    uint64_t heads[FEEDS];
    replica replicas[FEEDS];
} world;

static size_t pick(world *w, size_t n)
{
    return (size_t)kit_random_below(&w->random, n);
}

static void open_replica(replica *r)
{
    memset(r, 0, sizeof(*r));
    for (size_t i = 0; i < RECORDS; i++)
        r->states[i] = kit_state();
}

static void close_replica(replica *r)
{
    for (size_t i = 0; i < RECORDS; i++)
        dbk_state_free(r->states[i]);
}

static const made *find_op(const world *w, const dbk_dot *dot)
{
    for (size_t i = 0; i < w->ops_count; i++) {
        if (dbk_dot_compare(&w->ops[i].dot, dot) == 0)
            return &w->ops[i];
    }
    fail_msg("no such op");
    return NULL;
}

static void receive(replica *r, const made *op)
{
    assert_int_equal(op->dot.seq, r->vector[op->feed] + 1);
    r->vector[op->feed]++;
    kit_do(r->states[op->record], &op->k, op->dot, 'h');
}

/* The next op to deliver of a random feed that isn't at its end; NULL: all are. */
static const made *next_op(world *w, const replica *r, const uint64_t *upto)
{
    size_t open[FEEDS], count = 0;
    for (size_t f = 0; f < FEEDS; f++) {
        if (r->vector[f] < upto[f])
            open[count++] = f;
    }
    if (count == 0)
        return NULL;
    size_t f = open[pick(w, count)];
    const dbk_dot dot = { kit_id((char)('a' + f)), r->vector[f] + 1 };
    return find_op(w, &dot);
}

/* ---- making ops ---------------------------------------------------------------------------- */

static void make_register(world *w, made *op, const dbk_state_group *g)
{
    static const dbk_view_opts opts = { NULL, NULL, NULL };
    const dbk_author author = { op->dot.feed, true };
    dbk_dot pred[KIT_PREDS_MAX];
    size_t standing = g == NULL ? 0 : g->registers_count;
    bool resolve = standing > 1 && pick(w, 4) == 0;
    op->kind = resolve ? "resolve" : "set";
    kit_write(&op->k, resolve ? DBK_WRITE_RESOLVE : DBK_WRITE_SET, groups[op->group], op->value);
    size_t count = g == NULL ? 0 : dbk_view_pred(g, &opts, &author, pred, KIT_PREDS_MAX);
    for (size_t i = 0; i < count; i++)
        kit_pred(&op->k, pred[i]);
    for (size_t i = 0; resolve && i < standing; i++)
        kit_pred(&op->k, g->registers[i].dot);
    /* Sometimes it names a write of its group that its author can't have seen yet. */
    const made *other = &w->ops[pick(w, w->ops_count + 1)];
    if (other != op && other->record == op->record && other->group == op->group)
        kit_pred(&op->k, other->dot);
}

static void make_set(world *w, made *op, const dbk_state_group *g)
{
    const made *gone = NULL;
    if (g != NULL && g->elements_count > 0 && pick(w, 2) == 0)
        gone = find_op(w, &g->elements[pick(w, g->elements_count)].dot);
    const made *other = &w->ops[pick(w, w->ops_count + 1)];
    if (other != op && other->record == op->record && other->group == GROUP_TAGS &&
        strcmp(other->kind, "add") == 0 && other->feed != op->feed)
        gone = other; /* named before it comes, at most replicas */
    op->kind = gone == NULL ? "add" : "remove";
    if (gone == NULL) {
        kit_write(&op->k, DBK_WRITE_ADD, groups[op->group], op->value);
        return;
    }
    op->value = gone->value;
    kit_write(&op->k, DBK_WRITE_REMOVE, groups[op->group], op->value);
    kit_pred(&op->k, gone->dot);
}

static void make_op(world *w, size_t feed)
{
    made *op = &w->ops[w->ops_count];
    replica *r = &w->replicas[feed];
    op->feed = feed;
    op->dot = (dbk_dot){ kit_id((char)('a' + feed)), w->heads[feed] + 1 };
    op->record = pick(w, RECORDS);
    op->group = pick(w, GROUPS);
    op->value = (int64_t)w->ops_count;
    const dbk_state *s = r->states[op->record];
    const dbk_state_group *g = dbk_state_group_find(s, dbk_span_str(groups[op->group]));
    kit_begin(&op->k, (dbk_hlc)pick(w, 9) << 16);
    kit_seen_all(&op->k, s, &op->dot.feed);
    if (op->group == GROUP_NOTES) {
        op->kind = "append";
        kit_write(&op->k, DBK_WRITE_APPEND, groups[op->group], op->value);
    } else if (op->group == GROUP_TAGS) {
        make_set(w, op, g);
    } else {
        make_register(w, op, g);
    }
    w->heads[feed]++;
    w->ops_count++;
    receive(r, op);
}

static void make_world(world *w, uint64_t seed)
{
    memset(w, 0, sizeof(*w));
    kit_random_seed(&w->random, seed);
    for (size_t f = 0; f < FEEDS; f++)
        open_replica(&w->replicas[f]);
    for (size_t steps = 15 + pick(w, 80); steps > 0; steps--) {
        size_t feed = pick(w, FEEDS);
        if (pick(w, 100) < 55) {
            make_op(w, feed);
            continue;
        }
        const uint64_t *upto = w->replicas[pick(w, FEEDS)].vector;
        for (const made *op = next_op(w, &w->replicas[feed], upto); op != NULL && pick(w, 10) > 0;
             op = next_op(w, &w->replicas[feed], upto))
            receive(&w->replicas[feed], op);
    }
    for (size_t f = 0; f < FEEDS; f++)
        close_replica(&w->replicas[f]);
}

/* ---- both sides' text ---------------------------------------------------------------------- */

static void put(dbk_bytes *out, dbk_rc rc)
{
    assert_int_equal(rc, DBK_OK);
    assert_true(out->len > 0);
}
#define say(out, ...) put(out, dbk_bytes_append_fmt(out, NULL, __VA_ARGS__))

/* Names carry the schedule, so that one run of the oracle serves all. */
static void say_dot(dbk_bytes *out, size_t schedule, const dbk_dot *dot)
{
    say(out, "[\"s%05zu%c\",%llu]", schedule, dot->feed.b[0], (unsigned long long)dot->seq);
}

static void say_op(dbk_bytes *out, size_t schedule, const made *op)
{
    say(out, "{\"feed\":\"s%05zu%c\",\"seq\":%llu,", schedule, op->dot.feed.b[0],
        (unsigned long long)op->dot.seq);
    say(out, "\"record\":\"s%05zur%zu\",\"group\":\"%s\",\"kind\":\"%s\",\"value\":%lld,\"pred\":[",
        schedule, op->record, groups[op->group], op->kind, (long long)op->value);
    const dbk_write *x = &op->k.writes[0];
    for (size_t i = 0; i < x->pred_count; i++) {
        if (i > 0)
            say(out, ",");
        say_dot(out, schedule, &x->pred[i]);
    }
    say(out, "]}\n");
}

static void say_state(dbk_bytes *out, size_t schedule, size_t record, const dbk_state *s)
{
    if (dbk_state_groups(s) == 0)
        return;
    say(out, "%s\"s%05zur%zu\":{", out->len > 1 ? "," : "", schedule, record);
    for (size_t i = 0; i < dbk_state_groups(s); i++) {
        const dbk_state_group *g = dbk_state_group_at(s, i);
        /* No group of this test has more than one part. */
        const dbk_sibling *rows = g->registers_count > 0  ? g->registers
                                  : g->elements_count > 0 ? g->elements
                                                          : g->entries;
        size_t count = g->registers_count + g->elements_count + g->entries_count;
        say(out, "%s\"%.*s\":[", i > 0 ? "," : "", (int)g->name.len, (const char *)g->name.p);
        for (size_t k = 0; k < count; k++) {
            say(out, "%s{\"dot\":", k > 0 ? "," : "");
            say_dot(out, schedule, &rows[k].dot);
            say(out, ",\"value\":%lld}", (long long)kit_number(rows[k].value));
        }
        say(out, "]");
    }
    say(out, "}");
}

static void reopen(dbk_state **s)
{
    dbk_err err = { 0 };
    dbk_bytes bytes = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_id record = kit_id('R');
    assert_ok(dbk_state_encode(&bytes, *s, &err), &err);
    dbk_state_free(*s);
    assert_ok(dbk_state_decode(s, &record, dbk_bytes_span(&bytes), &err), &err);
    dbk_bytes_wipe(&bytes);
}

/* Delivers the schedule, or a part of every feed, in one more random order to both. */
static void run_schedule(world *w, size_t schedule, dbk_bytes *lines, dbk_bytes *ours)
{
    uint64_t upto[FEEDS];
    replica r;
    make_world(w, schedule);
    for (size_t f = 0; f < FEEDS; f++)
        upto[f] = schedule % 3 == 0 ? pick(w, (size_t)w->heads[f] + 1) : w->heads[f];
    open_replica(&r);
    for (const made *op = next_op(w, &r, upto); op != NULL; op = next_op(w, &r, upto)) {
        say_op(lines, schedule, op);
        if (pick(w, 8) == 0)
            say_op(lines, schedule, op); /* the oracle drops it; the journal would, here */
        receive(&r, op);
        if (pick(w, 10) == 0)
            reopen(&r.states[op->record]);
    }
    for (size_t record = 0; record < RECORDS; record++)
        say_state(ours, schedule, record, r.states[record]);
    close_replica(&r);
}

static void ask_oracle(dbk_bytes *theirs, const dbk_bytes *lines)
{
    const char *src = getenv("SRC");
    char path[1024];
    int status = 0;
    FILE *in = tmpfile(), *out = tmpfile();
    assert_non_null(in);
    assert_non_null(out);
    (void)snprintf(path, sizeof(path), "%s/tests/model/merge_model.py", src == NULL ? "." : src);
    assert_int_equal(fwrite(lines->p, 1, lines->len, in), lines->len);
    assert_int_equal(fflush(in), 0);
    rewind(in);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (dup2(fileno(in), STDIN_FILENO) >= 0 && dup2(fileno(out), STDOUT_FILENO) >= 0)
            (void)execlp("python3", "python3", path, "replay", (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("python3 %s replay: status %d", path, status);
    uint8_t buf[4096];
    rewind(out);
    for (size_t n = fread(buf, 1, sizeof(buf), out); n > 0; n = fread(buf, 1, sizeof(buf), out))
        put(theirs, dbk_bytes_append(theirs, dbk_span_of(buf, n), NULL));
    (void)fclose(in);
    (void)fclose(out);
}

static void the_merge_agrees_with_the_oracle_on_random_schedules_P1_P2(void **state)
{
    static world w;
    dbk_bytes lines = DBK_BYTES_INIT(TEXT_MAX), ours = DBK_BYTES_INIT(TEXT_MAX);
    dbk_bytes theirs = DBK_BYTES_INIT(TEXT_MAX);
    size_t same = 0;
    (void)state;
    say(&ours, "{");
    for (size_t schedule = 0; schedule < SCHEDULES; schedule++)
        run_schedule(&w, schedule, &lines, &ours);
    say(&ours, "}\n");
    ask_oracle(&theirs, &lines);
    put(&ours, dbk_bytes_append_u8(&ours, 0, NULL)); /* they can be printed now */
    put(&theirs, dbk_bytes_append_u8(&theirs, 0, NULL));
    while (same < ours.len && same < theirs.len && ours.p[same] == theirs.p[same])
        same++;
    if (same < ours.len || same < theirs.len) {
        size_t from = same < 200 ? 0 : same - 200;
        fail_msg("they part after %zu bytes:\n  ours:   %.300s\n  theirs: %.300s", same,
                 (const char *)ours.p + from, (const char *)theirs.p + from);
    }
    assert_true(ours.len > 100 * SCHEDULES); /* there was something to agree on */
    dbk_bytes_wipe(&lines);
    dbk_bytes_wipe(&ours);
    dbk_bytes_wipe(&theirs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_merge_agrees_with_the_oracle_on_random_schedules_P1_P2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
