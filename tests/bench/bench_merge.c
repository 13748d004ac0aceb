/* What merging costs: microseconds an op for decoding it, applying it to a state and encoding the
 * state. Medians of ROUNDS; prints, never fails.
 *   new      a note of 15 groups and about 1.1 KB: the first op of its record
 *   edit     one group of that note, the state read from its bytes first, as in a sync
 *   conflict the same, by an author who had seen nothing of it */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/cbor.h"
#include "core/model/state.h"

#define ROUNDS 41u
#define OPS 1000u
#define GROUPS 15u

static const char prose[] =
    "Rang at ten past six as arranged. The kettle could be heard, then a man's voice. ";

static const dbk_id record = { { 'R' } };

static double now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void must(dbk_rc rc)
{
    if (rc == DBK_OK)
        return;
    (void)fprintf(stderr, "bench_merge: code %d\n", (int)rc);
    exit(1);
}

/* An op that writes the first `groups` groups; the first of them names what an edit replaces. */
static void make_op(dbk_bytes *out, const dbk_dot *dot, size_t groups, const dbk_dot *seen)
{
    dbk_write writes[GROUPS];
    dbk_bytes values = DBK_BYTES_INIT(64 * 1024);
    size_t starts[GROUPS + 1];
    static char names[GROUPS][32];
    dbk_cbor_out o = dbk_cbor_to(&values, NULL);
    for (size_t i = 0; i < groups; i++) {
        starts[i] = values.len;
        (void)snprintf(names[i], sizeof(names[i]), "group_%zu", i);
        dbk_cbor_put_map(&o, 1);
        dbk_cbor_put_str(&o, names[i]);
        dbk_cbor_put_text(&o, dbk_span_of(prose, i % 5 == 0 ? 80 : 40));
    }
    must(o.rc);
    starts[groups] = values.len;
    for (size_t i = 0; i < groups; i++) {
        writes[i] = (dbk_write){ .kind = DBK_WRITE_SET,
                                 .group = dbk_span_str(names[i]),
                                 .value = dbk_span_of(values.p + starts[i],
                                                      starts[i + 1] - starts[i]),
                                 .pred = seen,
                                 .pred_count = seen != NULL };
    }
    dbk_op op = { .record = record,
                  .form = dbk_span_str("contact"),
                  .form_version = 1,
                  .time = (uint64_t)1764000000000 << 16,
                  .writes = writes,
                  .writes_count = groups,
                  .context = seen,
                  .context_count = seen != NULL };
    must(dbk_op_encode(out, &op, &dot->feed, NULL));
    dbk_bytes_wipe(&values);
}

typedef struct times {
    double decode, apply, encode;
} times;

/* One op onto a state (NULL: a fresh one); the time of each step is added. */
static void run_one(times *t, dbk_span op, const dbk_dot *dot, dbk_span before, dbk_bytes *after)
{
    dbk_op_decoded d;
    dbk_state *s;
    const dbk_origin origin = { *dot, false };
    double start = now_us();
    must(dbk_op_decode(&d, op, &dot->feed, NULL));
    double decoded = now_us();
    must(before.len == 0 ? dbk_state_new(&s, &record, NULL)
                         : dbk_state_decode(&s, &record, before, NULL));
    must(dbk_state_apply(s, &d.op, &origin, NULL));
    double applied = now_us();
    dbk_bytes_truncate(after, 0);
    must(dbk_state_encode(after, s, NULL));
    double encoded = now_us();
    dbk_state_free(s);
    dbk_op_decoded_wipe(&d);
    t->decode += decoded - start;
    t->apply += applied - decoded;
    t->encode += encoded - applied + now_us() - encoded;
}

static void run(const char *what, dbk_span op, const dbk_dot *dot, dbk_span before)
{
    double decode[ROUNDS], apply[ROUNDS], encode[ROUNDS];
    dbk_bytes after = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    for (size_t r = 0; r < ROUNDS; r++) {
        times t = { 0, 0, 0 };
        for (size_t i = 0; i < OPS; i++)
            run_one(&t, op, dot, before, &after);
        decode[r] = t.decode / OPS;
        apply[r] = t.apply / OPS;
        encode[r] = t.encode / OPS;
    }
    qsort(decode, ROUNDS, sizeof(double), compare);
    qsort(apply, ROUNDS, sizeof(double), compare);
    qsort(encode, ROUNDS, sizeof(double), compare);
    (void)printf("merge %-9s op %4zu B, decode %5.2f us; %s %5.2f us; encode and free %5.2f us; "
                 "state %zu B\n",
                 what, op.len, decode[ROUNDS / 2], before.len == 0 ? "apply" : "read and apply",
                 apply[ROUNDS / 2], encode[ROUNDS / 2], after.len);
    dbk_bytes_wipe(&after);
}

int main(void)
{
    const dbk_dot first = { { { 'a' } }, 1000 }, second = { { { 'b' } }, 70 };
    dbk_bytes fresh = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    dbk_bytes edit = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    dbk_bytes blind = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    dbk_bytes state = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    const dbk_span nothing = { NULL, 0 };
    times t = { 0, 0, 0 };
    make_op(&fresh, &first, GROUPS, NULL);
    make_op(&edit, &second, 1, &first);
    make_op(&blind, &second, 1, NULL);
    run_one(&t, dbk_bytes_span(&fresh), &first, nothing, &state);
    run("new", dbk_bytes_span(&fresh), &first, nothing);
    run("edit", dbk_bytes_span(&edit), &second, dbk_bytes_span(&state));
    run("conflict", dbk_bytes_span(&blind), &second, dbk_bytes_span(&state));
    dbk_bytes_wipe(&fresh);
    dbk_bytes_wipe(&edit);
    dbk_bytes_wipe(&blind);
    dbk_bytes_wipe(&state);
    return 0;
}
