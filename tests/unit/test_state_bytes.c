#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "tests/lib/diag.h"
#include "tests/lib/opkit.h"

/* ---- floods: every cap stops with DBK_LIMIT, never sooner, never with damage ---------------- */

static dbk_rc flood(dbk_state *s, size_t i, int what, dbk_err *err)
{
    kit_op k;
    char name[16];
    dbk_dot dot = kit_dot('a', i + 1);
    kit_begin(&k, 1);
    switch (what) {
    case 0: /* values that name nothing */
        kit_write(&k, DBK_WRITE_SET, "name", (int64_t)i);
        break;
    case 1: /* names of what never comes */
        kit_write(&k, DBK_WRITE_SET, "name", 1);
        kit_pred(&k, (dbk_dot){ kit_id('z'), i + 1 });
        if (i > 0)
            kit_pred(&k, kit_dot('a', i));
        break;
    case 2: /* groups */
        (void)snprintf(name, sizeof(name), "g%zu", i);
        kit_write(&k, DBK_WRITE_COUNT, name, 1);
        break;
    case 3: /* contexts of what never comes, ever more of it */
        kit_write(&k, DBK_WRITE_SET, "name", 1);
        if (i > 0)
            kit_pred(&k, kit_dot('a', i));
        kit_seen(&k, (dbk_dot){ kit_id('z'), i + 1 });
        break;
    default: /* feeds */
        kit_write(&k, DBK_WRITE_COUNT, "calls", 1);
        dot.feed.b[4] = (uint8_t)(i >> 8);
        dot.feed.b[5] = (uint8_t)i;
        dot.seq = 1;
        break;
    }
    return kit_apply(s, &k, dot, 'o', err);
}

static void floods_stop_at_their_caps(void **state)
{
    static const struct {
        const char *why;
        size_t cap;
    } cases[] = {
        { "siblings", DBK_STATE_SIBLINGS_MAX }, { "names that wait", DBK_STATE_REMOVED_MAX },
        { "groups", DBK_STATE_GROUPS_MAX },     { "a trail", DBK_STATE_TRAIL_FEED_MAX },
        { "feeds", DBK_STATE_FEEDS_MAX },
    };
    (void)state;
    for (int what = 0; what < (int)ARRAY_LEN(cases); what++) {
        dbk_state *s = kit_state();
        dbk_err err = { 0 };
        size_t i = 0;
        dbk_rc rc = DBK_OK;
        while (rc == DBK_OK && i <= cases[what].cap) {
            rc = flood(s, i, what, &err);
            i += rc == DBK_OK;
        }
        if (rc != DBK_LIMIT || i != cases[what].cap)
            fail_msg("%s: code %d after %zu, want a limit after %zu (%s)", cases[what].why, (int)rc,
                     i, cases[what].cap, err.text);
        dbk_state_free(s);
    }
}

static void an_honest_edit_after_gaps_have_closed_frees_the_trail(void **state)
{
    dbk_state *s = kit_state();
    dbk_err err = { 0 };
    dbk_bytes buf = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    (void)state;
    for (size_t i = 0; i < 100; i++)
        assert_ok(flood(s, i, 3, &err), &err);
    assert_ok(dbk_state_encode(&buf, s, &err), &err);
    size_t open = buf.len;
    dbk_bytes_wipe(&buf);
    kit_blind(s, kit_dot('z', 200), "name", 1);
    assert_ok(dbk_state_encode(&buf, s, &err), &err);
    assert_true(buf.len < open / 3);
    dbk_bytes_wipe(&buf);
    dbk_state_free(s);
}

/* ---- bytes --------------------------------------------------------------------------------- */

/* A state that has something in every part of its encoding. */
static dbk_state *rich_state(void)
{
    dbk_state *s = kit_state();
    kit_op k;
    kit_begin(&k, 100);
    kit_write(&k, DBK_WRITE_SET, "name", 1);
    kit_write(&k, DBK_WRITE_ADD, "markers", 2);
    kit_write(&k, DBK_WRITE_APPEND, "log", 3);
    kit_write(&k, DBK_WRITE_COUNT, "calls", 4);
    kit_life(&k, DBK_WRITE_LIFECYCLE, "live");
    kit_do(s, &k, kit_dot('a', 1), 'o');
    kit_begin(&k, 50);
    kit_write(&k, DBK_WRITE_SET, "name", 5);
    kit_pred(&k, kit_dot('x', 9));
    kit_write(&k, DBK_WRITE_REMOVE, "markers", 6);
    kit_pred(&k, kit_dot('y', 3));
    kit_write(&k, DBK_WRITE_APPEND, "name", 7); /* one name, two parts */
    kit_seen(&k, kit_dot('x', 9));
    kit_do(s, &k, kit_dot('b', 300), 'o');
    kit_decide(&k, 1);
    kit_seen(&k, kit_dot('y', 2));
    kit_do(s, &k, kit_dot('h', 1), 'h');
    kit_blind(s, kit_dot('c', 1), "phone", 8);
    return s;
}

static void a_state_round_trips_byte_for_byte(void **state)
{
    dbk_err err = { 0 };
    dbk_id record = kit_id('R');
    dbk_bytes one = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX), two = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_state *s = rich_state(), *back = NULL;
    const dbk_review_pair *pairs;
    (void)state;
    assert_ok(dbk_state_encode(&one, s, &err), &err);
    assert_ok(dbk_state_decode(&back, &record, dbk_bytes_span(&one), &err), &err);
    dbk_state_check_deep(back);
    assert_ok(dbk_state_encode(&two, back, &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&one), dbk_bytes_span(&two)));
    assert_int_equal(dbk_state_groups(back), dbk_state_groups(s));
    assert_int_equal(dbk_state_reviews(back, &pairs), dbk_state_reviews(s, &pairs));
    assert_true(dbk_state_reviews(s, &pairs) > 0);
    /* And it goes on from there as the first one does. */
    kit_blind(s, kit_dot('x', 9), "name", 1);
    kit_blind(back, kit_dot('x', 9), "name", 1);
    dbk_bytes_wipe(&one);
    dbk_bytes_wipe(&two);
    assert_ok(dbk_state_encode(&one, s, &err), &err);
    assert_ok(dbk_state_encode(&two, back, &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&one), dbk_bytes_span(&two)));
    dbk_bytes_wipe(&one);
    dbk_bytes_wipe(&two);
    dbk_state_free(s);
    dbk_state_free(back);
}

/* Refused, or taken and encoded to the same bytes. Returns 1 if taken. */
static int decode_strictly(dbk_span in)
{
    dbk_err err = { 0 };
    dbk_id record = kit_id('R');
    dbk_bytes again = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_state *s = NULL;
    dbk_rc rc = dbk_state_decode(&s, &record, in, &err);
    if (rc != DBK_OK) {
        assert_true(rc == DBK_FORMAT || rc == DBK_LIMIT || rc == DBK_VERSION);
        assert_null(s);
        return 0;
    }
    dbk_state_check_deep(s);
    assert_ok(dbk_state_encode(&again, s, &err), &err);
    assert_true(dbk_span_equal(in, dbk_bytes_span(&again)));
    dbk_bytes_wipe(&again);
    dbk_state_free(s);
    return 1;
}

static void every_truncation_and_bit_flip_of_a_state_is_refused_or_equal(void **state)
{
    dbk_err err = { 0 };
    dbk_bytes buf = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_state *s = rich_state();
    (void)state;
    assert_ok(dbk_state_encode(&buf, s, &err), &err);
    for (size_t len = 0; len < buf.len; len++)
        assert_int_equal(decode_strictly(dbk_span_of(buf.p, len)), 0);
    for (size_t bit = 0; bit < 8 * buf.len; bit++) {
        buf.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        (void)decode_strictly(dbk_bytes_span(&buf));
        buf.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(decode_strictly(dbk_bytes_span(&buf)), 1);
    dbk_bytes_wipe(&buf);
    dbk_state_free(s);
}

/* A small state by hand, independent of the encoder, one thing changed at a time. */
#define TWIST_TABLE(X)                                        \
    X(NONE, NULL)                                             \
    X(LAYOUT, "newer layout")                                 \
    X(UNUSED_FEED, "feeds that it doesn't use")               \
    X(FEEDS_SWAPPED, "feeds out of order")                    \
    X(UNUSED_OP, "an op that nothing refers to")              \
    X(OP_NOT_HERE, "an op that hasn't come")                  \
    X(HQ_2, "malformed")                                      \
    X(GROUPS_SWAPPED, "malformed")                            \
    X(GROUP_TWICE, "malformed")                               \
    X(GROUP_EMPTY, "malformed")                               \
    X(PART_EMPTY, "malformed")                                \
    X(RUN, NULL)                                              \
    X(RUN_SPLIT, "malformed")                                 \
    X(KIND, "a register of no known kind")                    \
    X(RESOLVE_BY_OFFICER, "a register of no known kind")      \
    X(VALUE_NOT_CBOR, "a value that isn't CBOR")              \
    X(OP_INDEX, "malformed")                                  \
    X(TIME_AFTER_UPDATED, "an op later than the last")        \
    X(REMOVED_IS_HERE, "a name that waits for what has come") \
    X(TRAIL_SPENT, "a trail that is spent")                   \
    X(GAP_CLOSED, "a gap that is closed")                     \
    X(REVIEW_ONE_FEED, "a review of a feed with itself")      \
    X(REVIEW_NO_EDIT, "a review of what isn't an edit")       \
    X(CLEAR_SETTLED, "a resolve that waits for nothing")      \
    X(BEHIND, "behind the CBOR item")
#define TWIST_ENUM(name, why) TWIST_##name,
#define TWIST_WHY(name, why) why,
typedef enum twist { TWIST_TABLE(TWIST_ENUM) TWISTS } twist;
static const char *const twist_why[] = { TWIST_TABLE(TWIST_WHY) };

static void put_small_group(dbk_cbor_out *o, const char *name, twist t)
{
    dbk_cbor_put_map(o, t == TWIST_GROUP_EMPTY ? 1 : 2);
    dbk_cbor_put_uint(o, 1);
    dbk_cbor_put_str(o, name);
    if (t == TWIST_GROUP_EMPTY)
        return;
    if (t == TWIST_RUN || t == TWIST_RUN_SPLIT) { /* elements 1 and 2 of op 0 */
        kit_cbor(o->out,
                 t == TWIST_RUN ? "3: [[0, [h'01', h'02']]]" : "3: [[0, [h'01']], [0, [h'02']]]");
        return;
    }
    dbk_cbor_put_uint(o, 2);
    dbk_cbor_put_array(o, t == TWIST_PART_EMPTY ? 0 : 1);
    if (t == TWIST_PART_EMPTY)
        return;
    dbk_cbor_put_array(o, 3);
    dbk_cbor_put_uint(o, t == TWIST_OP_INDEX ? 2 : 0);
    dbk_cbor_put_uint(o, t == TWIST_KIND ? 2 : t == TWIST_RESOLVE_BY_OFFICER ? 8 : 1);
    dbk_cbor_put_bytes(o, t == TWIST_VALUE_NOT_CBOR ? "\xbf" : "\xa0", 1);
}

static void put_pair(dbk_cbor_out *o, uint64_t a, uint64_t b)
{
    dbk_cbor_put_uint(o, a);
    dbk_cbor_put_uint(o, b);
}

static void put_small_feed(dbk_cbor_out *o, char letter, uint64_t last)
{
    dbk_id id = kit_id(letter);
    dbk_cbor_put_array(o, 2);
    dbk_cbor_put_bytes(o, id.b, DBK_ID_BYTES);
    dbk_cbor_put_uint(o, last);
}

/* What waits, and who had seen what. */
static void put_small_trail(dbk_cbor_out *o, twist t)
{
    dbk_cbor_put_array(o, t == TWIST_REMOVED_IS_HERE);
    if (t == TWIST_REMOVED_IS_HERE) {
        dbk_cbor_put_array(o, 3);
        put_pair(o, 1, 7);
        dbk_cbor_put_str(o, "g");
    }
    dbk_cbor_put_array(o, t == TWIST_TRAIL_SPENT ? 2 : 1);
    if (t == TWIST_TRAIL_SPENT) {
        dbk_cbor_put_array(o, 4);
        put_pair(o, 0, 4);
        dbk_cbor_put_simple(o, DBK_CBOR_NULL);
        dbk_cbor_put_array(o, 0);
    }
    dbk_cbor_put_array(o, 4);
    put_pair(o, 0, 5);
    dbk_cbor_put_simple(o, DBK_CBOR_NULL);
    dbk_cbor_put_array(o, t == TWIST_GAP_CLOSED);
    if (t == TWIST_GAP_CLOSED) {
        dbk_cbor_put_array(o, 2);
        put_pair(o, 1, 7);
    }
    dbk_cbor_put_array(o, t == TWIST_CLEAR_SETTLED);
    if (t == TWIST_CLEAR_SETTLED) {
        dbk_cbor_put_array(o, 3);
        put_pair(o, 1, 7);
        dbk_cbor_put_array(o, 1);
        dbk_cbor_put_array(o, 2);
        put_pair(o, 0, 5);
    }
    bool review = t == TWIST_REVIEW_ONE_FEED || t == TWIST_REVIEW_NO_EDIT;
    dbk_cbor_put_array(o, review);
    if (review) {
        dbk_cbor_put_array(o, 4);
        put_pair(o, 0, t == TWIST_REVIEW_ONE_FEED ? 4 : 5);
        put_pair(o, t == TWIST_REVIEW_ONE_FEED ? 0 : 1, 5);
    }
}

/* Feeds a (last 5) and b (last 7); one op a5 that wrote groups "g" and "h"; b7 only appended
 * to what is gone. */
static void put_small(dbk_bytes *buf, twist t)
{
    dbk_err err = { 0 };
    dbk_cbor_out o = dbk_cbor_to(buf, &err);
    bool swapped = t == TWIST_GROUPS_SWAPPED;
    dbk_cbor_put_array(&o, 11);
    dbk_cbor_put_uint(&o, t == TWIST_LAYOUT ? 2 : 1);
    dbk_cbor_put_array(&o, 3);
    dbk_cbor_put_str(&o, "note");
    put_pair(&o, 1, 0);
    dbk_cbor_put_uint(&o, 0);
    dbk_cbor_put_uint(&o, t == TWIST_TIME_AFTER_UPDATED ? 99 : 100);
    dbk_cbor_put_array(&o, t == TWIST_UNUSED_FEED ? 3 : 2);
    put_small_feed(&o, t == TWIST_FEEDS_SWAPPED ? 'b' : 'a', 5);
    put_small_feed(&o, t == TWIST_FEEDS_SWAPPED ? 'a' : 'b', 7);
    if (t == TWIST_UNUSED_FEED)
        put_small_feed(&o, 'c', 0);
    dbk_cbor_put_array(&o, t == TWIST_UNUSED_OP ? 2 : 1);
    dbk_cbor_put_array(&o, 4);
    put_pair(&o, 0, t == TWIST_OP_NOT_HERE ? 6 : 5);
    put_pair(&o, 100, t == TWIST_HQ_2 ? 2 : 0);
    if (t == TWIST_UNUSED_OP) {
        dbk_cbor_put_array(&o, 4);
        put_pair(&o, 1, 7);
        put_pair(&o, 100, 0);
    }
    dbk_cbor_put_array(&o, 2);
    put_small_group(&o, swapped ? "h" : "g", t);
    put_small_group(&o, swapped || t == TWIST_GROUP_TWICE ? "g" : "h", TWIST_NONE);
    put_small_trail(&o, t);
    if (t == TWIST_BEHIND)
        dbk_cbor_put_uint(&o, 0);
    assert_int_equal(o.rc, DBK_OK);
}

static void a_state_with_one_thing_wrong_is_refused(void **state)
{
    (void)state;
    for (twist t = TWIST_NONE; t < TWISTS; t++) {
        dbk_bytes buf = DBK_BYTES_INIT(4096);
        dbk_id record = kit_id('R');
        dbk_err err = { 0 };
        dbk_state *s = NULL;
        put_small(&buf, t);
        dbk_rc rc = dbk_state_decode(&s, &record, dbk_bytes_span(&buf), &err);
        bool sound = twist_why[t] == NULL;
        dbk_rc want = sound ? DBK_OK : t == TWIST_LAYOUT ? DBK_VERSION : DBK_FORMAT;
        if (rc != want)
            fail_msg("twist %d: got %d, want %d (%s)", (int)t, (int)rc, (int)want, err.text);
        if (rc != DBK_OK && strstr(err.text, twist_why[t]) == NULL)
            fail_msg("want \"%s\", got \"%s\"", twist_why[t], err.text);
        if (sound)
            assert_int_equal(decode_strictly(dbk_bytes_span(&buf)), 1);
        dbk_state_free(s);
        dbk_bytes_wipe(&buf);
    }
}

/* ---- memory -------------------------------------------------------------------------------- */

static int fail_at(void *ctx, size_t size)
{
    size_t *left = ctx;
    (void)size;
    if (*left == 0)
        return 0;
    (*left)--;
    return 1;
}

static dbk_rc apply_and_copy(dbk_bytes *out, const kit_op *k, dbk_err *err)
{
    dbk_id record = kit_id('R');
    dbk_state *s = NULL, *back = NULL;
    dbk_rc rc = dbk_state_new(&s, &record, err);
    if (rc == DBK_OK)
        rc = kit_apply(s, k, kit_dot('a', 1), 'h', err);
    if (rc == DBK_OK)
        rc = dbk_state_encode(out, s, err);
    if (rc == DBK_OK)
        rc = dbk_state_decode(&back, &record, dbk_bytes_span(out), err);
    dbk_state_free(s);
    dbk_state_free(back);
    return rc;
}

static void every_failing_allocation_is_reported_and_leaks_nothing(void **state)
{
    dbk_rc rc = DBK_NOMEM;
    size_t n = 0;
    kit_op k;
    (void)state;
    kit_begin(&k, 1);
    kit_write(&k, DBK_WRITE_RESOLVE, "name", 1);
    kit_pred(&k, kit_dot('b', 1));
    kit_seen(&k, kit_dot('b', 1));
    for (; rc == DBK_NOMEM && n < 100; n++) {
        dbk_bytes out = DBK_BYTES_INIT(4096);
        dbk_err err = { 0 };
        size_t left = n;
        dbk_alloc_set_hook(fail_at, &left);
        rc = apply_and_copy(&out, &k, &err);
        dbk_alloc_set_hook(NULL, NULL);
        dbk_bytes_wipe(&out);
    }
    assert_int_equal(rc, DBK_OK);
    assert_true(n > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floods_stop_at_their_caps),
        cmocka_unit_test(an_honest_edit_after_gaps_have_closed_frees_the_trail),
        cmocka_unit_test(a_state_round_trips_byte_for_byte),
        cmocka_unit_test(every_truncation_and_bit_flip_of_a_state_is_refused_or_equal),
        cmocka_unit_test(a_state_with_one_thing_wrong_is_refused),
        cmocka_unit_test(every_failing_allocation_is_reported_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
