/* A body without its openers, and the openers without it (decision 0037). */
#include "tests/lib/test.h"
#include "tests/lib/chain.h"
#include "tests/lib/golden.h"

#include <string.h>

#include "core/base/wire.h"
#include "sync/relay/locked.h"

#define OPS 6u

/* Kinds of frames as they come: an op's, a writer's, one too short for its opener, one of a version
 * that this program doesn't know. */
static const struct {
    uint8_t tag;
    size_t sealed, opener;
} kinds[OPS] = { { 1, 60, 16 }, { 2, 70, 32 }, { 1, 7, 7 },
                 { 9, 33, 33 }, { 1, 17, 16 }, { 2, 32, 32 } };

typedef struct fixture {
    fixed_source source;
    const dbk_env *env;
    dbk_header header;
    dbk_bytes body, kept, locked, row, back;
    dbk_openers openers;
} fixture;

static dbk_sealed whole(const fixture *f)
{
    return (dbk_sealed){ { NULL, 0 }, dbk_bytes_span(&f->body), false };
}

static void lock(fixture *f, const dbk_sealed *segment)
{
    dbk_err err = { 0 };
    dbk_bytes_truncate(&f->locked, 0);
    dbk_bytes_truncate(&f->row, 0);
    assert_ok(dbk_locked_make(&f->locked, &f->openers, &f->header, segment, &err), &err);
    assert_ok(dbk_openers_encode(&f->row, &f->openers, &err), &err);
}

static int setup(void **state)
{
    static fixture f;
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    memset(&f, 0, sizeof(f));
    f.env = fixed_source_init(&f.source, 37);
    dbk_bytes_init(&f.body, DBK_SEGMENT_BODY_BYTES_MAX);
    dbk_bytes_init(&f.kept, DBK_KEPT_BYTES_MAX);
    dbk_bytes_init(&f.locked, DBK_LOCKED_BYTES_MAX);
    dbk_bytes_init(&f.row, DBK_OPENERS_BYTES_MAX);
    dbk_bytes_init(&f.back, DBK_KEPT_BYTES_MAX);
    for (size_t i = 0; i < OPS; i++) {
        uint8_t *p;
        assert_rc(dbk_bytes_extend(&f.body, &p, DBK_FRAME_HEAD_BYTES + kinds[i].sealed, NULL),
                  DBK_OK, NULL);
        *p++ = kinds[i].tag;
        p = dbk_wire_put_u32(p, (uint32_t)kinds[i].sealed);
        f.env->random(f.env->self, p, kinds[i].sealed);
    }
    f.header.count = OPS;
    f.header.body_len = (uint32_t)f.body.len;
    assert_rc(dbk_body_split(frames, &f.header, dbk_bytes_span(&f.body), NULL), DBK_OK, NULL);
    f.header.op_root = dbk_frames_root(frames, OPS);
    const dbk_sealed segment = whole(&f);
    lock(&f, &segment);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    dbk_bytes_wipe(&f->body);
    dbk_bytes_wipe(&f->kept);
    dbk_bytes_wipe(&f->locked);
    dbk_bytes_wipe(&f->row);
    dbk_bytes_wipe(&f->back);
    return 0;
}

typedef struct opened {
    bool kept;
    size_t missing;
} opened;

/* From the two byte strings, as a restore has them. */
static opened unlock(fixture *f, uint64_t ordered)
{
    dbk_locked locked;
    dbk_openers openers;
    opened o;
    dbk_err err = { 0 };
    dbk_bytes_truncate(&f->back, 0);
    assert_ok(dbk_locked_read(&locked, &f->header, dbk_bytes_span(&f->locked), &err), &err);
    assert_ok(dbk_openers_decode(&openers, dbk_bytes_span(&f->row), &err), &err);
    assert_ok(dbk_locked_open(&f->back, &o.kept, &o.missing, &locked, &openers, ordered, &err),
              &err);
    assert_int_equal(o.missing > 0 && f->back.len != 0, false);
    return o;
}

static bool stands_in(dbk_span all, dbk_span part)
{
    for (size_t at = 0; at + part.len <= all.len; at++) {
        if (memcmp(all.p + at, part.p, part.len) == 0)
            return true;
    }
    return false;
}

static void body_and_openers_together_are_what_was_signed(void **state)
{
    fixture *f = *state;
    opened o = unlock(f, 0);
    assert_false(o.kept);
    assert_int_equal(o.missing, 0);
    assert_true(dbk_span_equal(dbk_bytes_span(&f->back), dbk_bytes_span(&f->body)));
}

static void no_opener_stands_in_a_locked_body_2_5(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < OPS; i++) {
        assert_int_equal(f->openers.of[i].len, kinds[i].opener);
        assert_false(stands_in(dbk_bytes_span(&f->locked), f->openers.of[i]));
        assert_true(stands_in(dbk_bytes_span(&f->row), f->openers.of[i]));
    }
}

static void a_forgotten_opener_is_missing_until_the_chain_orders_it_erased_2_5(void **state)
{
    fixture *f = *state;
    dbk_kept kept;
    dbk_err err = { 0 };
    dbk_openers_forget(&f->openers, 1u << 0 | 1u << 4);
    dbk_bytes_truncate(&f->row, 0);
    assert_ok(dbk_openers_encode(&f->row, &f->openers, &err), &err);
    assert_int_equal(unlock(f, 0).missing, 2);
    assert_int_equal(unlock(f, 1u << 0).missing, 1);
    opened o = unlock(f, 1u << 0 | 1u << 4);
    assert_int_equal(o.missing, 0);
    assert_true(o.kept);
    assert_ok(dbk_kept_read(&kept, &f->header, dbk_bytes_span(&f->back), true, &err), &err);
    assert_int_equal(kept.holes, 1u << 0 | 1u << 4);
}

/* An old copy of the book may still have it. */
static void what_is_ordered_erased_is_a_hole_also_where_its_opener_is_at_hand(void **state)
{
    fixture *f = *state;
    dbk_kept kept;
    dbk_err err = { 0 };
    opened o = unlock(f, UINT64_MAX);
    assert_true(o.kept);
    assert_int_equal(o.missing, 0);
    assert_ok(dbk_kept_read(&kept, &f->header, dbk_bytes_span(&f->back), true, &err), &err);
    assert_int_equal(kept.holes, (1u << OPS) - 1);
}

static void a_kept_body_keeps_its_holes_and_needs_no_openers_for_them(void **state)
{
    fixture *f = *state;
    dbk_kept kept;
    dbk_err err = { 0 };
    assert_ok(dbk_kept_read(&kept, &f->header, dbk_bytes_span(&f->body), false, &err), &err);
    dbk_kept_erase(&kept, 1u << 1);
    assert_ok(dbk_kept_encode(&f->kept, &kept, &err), &err);
    const dbk_sealed segment = { { NULL, 0 }, dbk_bytes_span(&f->kept), true };
    lock(f, &segment);
    assert_int_equal(f->openers.of[1].len, 0);
    opened o = unlock(f, 0);
    assert_true(o.kept);
    assert_int_equal(o.missing, 0);
    assert_true(dbk_span_equal(dbk_bytes_span(&f->back), dbk_bytes_span(&f->kept)));
}

static void an_opener_of_another_op_opens_nothing(void **state)
{
    fixture *f = *state;
    dbk_err err = { 0 };
    dbk_span first = f->openers.of[0];
    f->openers.of[0] = f->openers.of[4];
    f->openers.of[4] = first;
    dbk_bytes_truncate(&f->row, 0);
    assert_ok(dbk_openers_encode(&f->row, &f->openers, &err), &err);
    assert_int_equal(unlock(f, 0).missing, 2);
}

/* What neither is as it was nor missing. */
static bool is_harmed(fixture *f)
{
    dbk_locked locked;
    dbk_openers openers;
    bool kept;
    size_t missing;
    dbk_bytes_truncate(&f->back, 0);
    if (dbk_locked_read(&locked, &f->header, dbk_bytes_span(&f->locked), NULL) != DBK_OK) {
        assert_int_equal(locked.count, 0);
        return false;
    }
    if (dbk_openers_decode(&openers, dbk_bytes_span(&f->row), NULL) != DBK_OK) {
        assert_int_equal(openers.count, 0);
        return false;
    }
    assert_rc(dbk_locked_open(&f->back, &kept, &missing, &locked, &openers, 0, NULL), DBK_OK, NULL);
    return missing == 0;
}

static void each_bit_of_both_counts(void **state)
{
    fixture *f = *state;
    dbk_bytes *const both[] = { &f->locked, &f->row };
    for (size_t which = 0; which < 2; which++) {
        dbk_bytes *b = both[which];
        for (size_t bit = 0; bit < b->len * 8; bit++) {
            b->p[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (is_harmed(f))
                fail_msg("%s, bit %zu", which == 0 ? "the body" : "the openers", bit);
            b->p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    assert_int_equal(unlock(f, 0).missing, 0);
}

static void no_cut_of_either_is_taken(void **state)
{
    fixture *f = *state;
    dbk_locked locked;
    dbk_openers openers;
    for (size_t len = 0; len < f->locked.len; len++)
        assert_rc(dbk_locked_read(&locked, &f->header, dbk_span_of(f->locked.p, len), NULL),
                  DBK_FORMAT, NULL);
    for (size_t len = 0; len < f->row.len; len++)
        assert_rc(dbk_openers_decode(&openers, dbk_span_of(f->row.p, len), NULL), DBK_FORMAT, NULL);
    uint8_t many[1 + 2 * (DBK_SEGMENT_OPS_MAX + 1)] = { DBK_SEGMENT_OPS_MAX + 1 };
    assert_rc(dbk_openers_decode(&openers, dbk_span_of(many, sizeof(many)), NULL), DBK_FORMAT,
              NULL);
}

static void a_body_that_was_not_signed_is_not_locked(void **state)
{
    fixture *f = *state;
    dbk_openers openers;
    const dbk_sealed segment = whole(f);
    f->body.p[f->body.len - 1] ^= 1;
    dbk_bytes_truncate(&f->back, 0);
    assert_rc(dbk_locked_make(&f->back, &openers, &f->header, &segment, NULL), DBK_AUTH, NULL);
    assert_int_equal(f->back.len, 0);
    f->body.p[f->body.len - 1] ^= 1;
}

/* The fuzz target's seed: count || body length || op root || length of openers (u16) || openers ||
 * locked body. */
static void both_are_these_bytes(void **state)
{
    fixture *f = *state;
    golden g;
    uint8_t head[1 + 4 + DBK_HASH_BYTES + 2], *p = head;
    dbk_bytes seed = DBK_BYTES_INIT(4096);
    golden_begin(&g, "tests/vectors/locked.json");
    golden_hex(&g, "body", dbk_bytes_span(&f->body));
    golden_hex(&g, "op root", dbk_span_of(f->header.op_root.b, DBK_HASH_BYTES));
    golden_hex(&g, "locked body", dbk_bytes_span(&f->locked));
    golden_hex(&g, "openers", dbk_bytes_span(&f->row));
    golden_end(&g);
    *p++ = OPS - 1;
    p = dbk_wire_put_u32(p, f->header.body_len);
    p = dbk_wire_put_copy(p, f->header.op_root.b, DBK_HASH_BYTES);
    (void)dbk_wire_put_u16(p, (uint16_t)f->row.len);
    assert_rc(dbk_bytes_append(&seed, dbk_span_of(head, sizeof(head)), NULL), DBK_OK, NULL);
    assert_rc(dbk_bytes_append(&seed, dbk_bytes_span(&f->row), NULL), DBK_OK, NULL);
    assert_rc(dbk_bytes_append(&seed, dbk_bytes_span(&f->locked), NULL), DBK_OK, NULL);
    golden_file("tests/fuzz/corpus/locked/six-ops", dbk_bytes_span(&seed));
    dbk_bytes_wipe(&seed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(body_and_openers_together_are_what_was_signed),
        TEST(no_opener_stands_in_a_locked_body_2_5),
        TEST(a_forgotten_opener_is_missing_until_the_chain_orders_it_erased_2_5),
        TEST(what_is_ordered_erased_is_a_hole_also_where_its_opener_is_at_hand),
        TEST(a_kept_body_keeps_its_holes_and_needs_no_openers_for_them),
        TEST(an_opener_of_another_op_opens_nothing),
        TEST(each_bit_of_both_counts),
        TEST(no_cut_of_either_is_taken),
        TEST(a_body_that_was_not_signed_is_not_locked),
        TEST(both_are_these_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
