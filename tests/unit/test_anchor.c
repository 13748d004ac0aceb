/* The mark outside the store, as bytes (R4, docs/format/crypto.md "Mark"). */
#include "tests/lib/test.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/crypto/hash.h"
#include "core/seal/anchor.h"
#include "tests/lib/env.h"
#include "tests/lib/golden.h"

static dbk_id id_of(uint8_t fill)
{
    dbk_id id;
    memset(&id, fill, sizeof(id));
    return id;
}

static dbk_hash hash_of(uint8_t fill)
{
    dbk_hash h;
    memset(&h, fill, sizeof(h));
    return h;
}

static dbk_secret *key_of(uint8_t fill)
{
    const dbk_hash bytes = hash_of(fill);
    dbk_secret *key = NULL;
    assert_int_equal(dbk_crypto_init(NULL), DBK_OK);
    assert_int_equal(dbk_secret_from(&key, dbk_span_of(&bytes, sizeof(bytes)), NULL), DBK_OK);
    return key;
}

static void raise_log(dbk_anchor *a, uint8_t space, uint64_t size)
{
    bool changed = false;
    const dbk_log_mark mark = { id_of(space), id_of(9), size, hash_of(space) };
    assert_int_equal(dbk_anchor_raise_log(a, &changed, &mark, NULL), DBK_OK);
    assert_true(changed);
}

static void raise_feed(dbk_anchor *a, uint8_t feed, uint64_t seq)
{
    bool changed = false;
    const dbk_feed_mark mark = { id_of(feed), seq, hash_of(feed), seq - 50 };
    assert_int_equal(dbk_anchor_raise_feed(a, &changed, &mark, NULL), DBK_OK);
    assert_true(changed);
}

static dbk_anchor sample(void)
{
    dbk_anchor a = { .turn = 7,
                     .slots_generation = 3,
                     .device = id_of(1),
                     .members_count = 4,
                     .members_head = hash_of(2),
                     .version_floor = 1 };
    raise_log(&a, 5, 50);
    raise_log(&a, 3, 30);
    for (uint8_t i = 20; i > 0; i--)
        raise_feed(&a, i, 100u + i);
    return a;
}

static dbk_bytes sealed(const dbk_anchor *a, const dbk_secret *key)
{
    dbk_test_env env;
    dbk_bytes file = DBK_BYTES_INIT(DBK_ANCHOR_BYTES_MAX);
    dbk_test_env_init(&env, 1);
    assert_int_equal(dbk_anchor_seal(&file, a, key, &env.env, NULL), DBK_OK);
    return file;
}

static void a_mark_comes_back_as_it_was_r4(void **state)
{
    dbk_secret *key = key_of(7);
    dbk_anchor a = sample(), b;
    dbk_err err = { 0 };
    dbk_bytes file = sealed(&a, key);
    (void)state;
    assert_ok(dbk_anchor_open(&b, dbk_bytes_span(&file), key, &err), &err);
    assert_int_equal(b.turn, 7);
    assert_int_equal(b.slots_generation, 3);
    assert_true(dbk_id_equal(&b.device, &a.device));
    assert_int_equal(b.members_count, 4);
    assert_true(dbk_hash_equal(&b.members_head, &a.members_head));
    assert_int_equal(b.version_floor, 1);
    assert_int_equal(b.logs_count, 2);
    assert_memory_equal(b.logs, a.logs, 2 * sizeof(a.logs[0]));
    assert_int_equal(b.feeds_count, 20);
    assert_memory_equal(b.feeds, a.feeds, 20 * sizeof(a.feeds[0]));
    dbk_id five = id_of(5), six = id_of(6);
    assert_int_equal(dbk_anchor_log(&b, &five)->size, 50);
    assert_null(dbk_anchor_log(&b, &six));
    dbk_bytes_wipe(&file);
    dbk_anchor_wipe(&a);
    dbk_anchor_wipe(&b);
    dbk_secret_free(key);
}

static void a_mark_rises_and_never_sinks_r4(void **state)
{
    dbk_anchor a = sample();
    bool changed = false;
    dbk_feed_mark lower = { id_of(4), 103, hash_of(8), 1 };
    dbk_log_mark shorter = { id_of(5), id_of(9), 49, hash_of(8) };
    dbk_log_mark other = { id_of(5), id_of(10), 1, hash_of(8) };
    (void)state;
    assert_int_equal(dbk_anchor_raise_feed(&a, &changed, &lower, NULL), DBK_OK);
    assert_int_equal(dbk_anchor_raise_log(&a, &changed, &shorter, NULL), DBK_OK);
    assert_false(changed);
    assert_int_equal(dbk_anchor_feed(&a, &lower.feed)->seq, 104);
    assert_int_equal(dbk_anchor_log(&a, &shorter.space)->size, 50);
    assert_int_equal(dbk_anchor_raise_log(&a, &changed, &other, NULL), DBK_OK);
    assert_true(changed);
    assert_int_equal(dbk_anchor_log(&a, &other.space)->size, 1);
    dbk_anchor_wipe(&a);
}

static void a_mark_that_is_cut_changed_or_of_another_key_is_refused_r4(void **state)
{
    dbk_secret *key = key_of(7), *other = key_of(8);
    dbk_anchor a = sample(), b;
    dbk_bytes file = sealed(&a, key);
    (void)state;
    assert_int_equal(dbk_anchor_open(&b, dbk_bytes_span(&file), other, NULL), DBK_AUTH);
    for (size_t len = 0; len < file.len; len++)
        assert_int_not_equal(dbk_anchor_open(&b, dbk_span_of(file.p, len), key, NULL), DBK_OK);
    for (size_t bit = 0; bit < file.len * 8; bit++) {
        file.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        dbk_rc rc = dbk_anchor_open(&b, dbk_bytes_span(&file), key, NULL);
        if (rc == DBK_OK || b.feeds != NULL)
            fail_msg("bit %zu turned: taken", bit);
        file.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    dbk_bytes_wipe(&file);
    dbk_anchor_wipe(&a);
    dbk_secret_free(key);
    dbk_secret_free(other);
}

/* What hasn't left may be sealed again under its seq; what has left may not (decision 0017). */
static void a_marks_head_follows_only_what_has_not_left_r5(void **state)
{
    dbk_anchor a = sample();
    bool changed = false;
    dbk_feed_mark mark = { id_of(4), 104, hash_of(8), 54 };
    const dbk_hash anew = hash_of(8), still = hash_of(9);
    (void)state;
    assert_int_equal(dbk_anchor_raise_feed(&a, &changed, &mark, NULL), DBK_OK);
    assert_true(changed);
    assert_true(dbk_hash_equal(&dbk_anchor_feed(&a, &mark.feed)->head, &anew));
    mark.left_seq = 104;
    changed = false;
    assert_int_equal(dbk_anchor_raise_feed(&a, &changed, &mark, NULL), DBK_OK);
    assert_true(changed);
    mark.left_seq = 60;
    mark.head = still;
    changed = false;
    assert_int_equal(dbk_anchor_raise_feed(&a, &changed, &mark, NULL), DBK_OK);
    assert_false(changed);
    assert_int_equal(dbk_anchor_feed(&a, &mark.feed)->left_seq, 104);
    assert_true(dbk_hash_equal(&dbk_anchor_feed(&a, &mark.feed)->head, &anew));
    dbk_anchor_wipe(&a);
}

/* Sealed with the right key and still not what an encoder writes. */
static void rows_out_of_order_are_refused(void **state)
{
    dbk_secret *key = key_of(7);
    dbk_anchor a = sample(), b;
    (void)state;
    dbk_feed_mark first = a.feeds[0];
    a.feeds[0] = a.feeds[1];
    a.feeds[1] = first;
    dbk_bytes file = sealed(&a, key);
    assert_int_equal(dbk_anchor_open(&b, dbk_bytes_span(&file), key, NULL), DBK_FORMAT);
    dbk_bytes_wipe(&file);
    a.feeds[1] = a.feeds[0];
    file = sealed(&a, key);
    assert_int_equal(dbk_anchor_open(&b, dbk_bytes_span(&file), key, NULL), DBK_FORMAT);
    dbk_bytes_wipe(&file);
    a.feeds[0] = first;
    a.feeds[0].left_seq = first.seq + 1;
    file = sealed(&a, key);
    assert_int_equal(dbk_anchor_open(&b, dbk_bytes_span(&file), key, NULL), DBK_FORMAT);
    dbk_bytes_wipe(&file);
    dbk_anchor_wipe(&a);
    dbk_secret_free(key);
}

static void count_up(void *self, uint8_t *out, size_t len)
{
    (void)self;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)i;
}

static void a_mark_is_sealed_to_these_bytes(void **state)
{
    static const dbk_env env = { NULL, count_up, NULL };
    dbk_secret *key = key_of(7);
    dbk_anchor a = sample();
    dbk_bytes file = DBK_BYTES_INIT(DBK_ANCHOR_BYTES_MAX), inside = DBK_BYTES_INIT(4096);
    dbk_err err = { 0 };
    golden g;
    (void)state;
    a.feeds_count = 2;
    assert_ok(dbk_anchor_seal(&file, &a, key, &env, &err), &err);
    golden_begin(&g, "tests/vectors/anchor.json");
    golden_hex(&g, "store key", dbk_secret_bytes(key));
    golden_hex(&g, "mark: turn 7, generation 3, two logs, two feeds, nonce 00 01 02 ..",
               dbk_bytes_span(&file));
    golden_end(&g);
    /* For fuzzing: a head, and what tests/fuzz/fuzz_anchor.c seals behind it. */
    uint8_t *room;
    assert_ok(dbk_bytes_extend(&inside, &room, 24 + 72 + 2 * 72, &err), &err);
    memcpy(room, file.p, 24);
    room[24 + 67] = 2; /* two logs, of spaces 0 and 1, no feed */
    room[24 + 72 + 72] = 1;
    golden_file("tests/fuzz/corpus/anchor/two-logs", dbk_bytes_span(&inside));
    dbk_bytes_wipe(&inside);
    dbk_bytes_wipe(&file);
    dbk_anchor_wipe(&a);
    dbk_secret_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_comes_back_as_it_was_r4),
        cmocka_unit_test(a_mark_rises_and_never_sinks_r4),
        cmocka_unit_test(a_mark_that_is_cut_changed_or_of_another_key_is_refused_r4),
        cmocka_unit_test(a_marks_head_follows_only_what_has_not_left_r5),
        cmocka_unit_test(rows_out_of_order_are_refused),
        cmocka_unit_test(a_mark_is_sealed_to_these_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
