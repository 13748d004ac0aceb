#include "tests/lib/test.h"

#include <string.h>

#include "core/base/env.h"
#include "core/base/id.h"

static dbk_id id_of(const char *text)
{
    dbk_id id;
    dbk_err err = { 0 };
    assert_ok(dbk_id_parse(&id, text, &err), &err);
    return id;
}

/* RFC 9562 appendix A.6: 2022-02-22 14:22:22 -05:00, rand_a CC3, rand_b 18C4DC0C0C07398F. */
static void a_record_id_is_the_uuidv7_of_rfc_9562(void **state)
{
    static const uint8_t random[10] = {
        0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f
    };
    char text[DBK_ID_UUID_SIZE];
    (void)state;
    dbk_id id = dbk_id_v7(0x017f22e279b0, random);
    dbk_id_uuid(text, &id);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

static void version_and_variant_stand_whatever_the_random_bytes(void **state)
{
    (void)state;
    for (int v = 0; v < 256; v++) {
        uint8_t random[10];
        memset(random, v, sizeof(random));
        dbk_id id = dbk_id_v7(UINT64_MAX, random); /* only 48 bits of the time fit */
        assert_int_equal(id.b[6] >> 4, 7);
        assert_int_equal(id.b[8] >> 6, 2);
        assert_int_equal(id.b[6] & 0x0f, v & 0x0f);
        assert_int_equal(id.b[8] & 0x3f, v & 0x3f);
        assert_int_equal(id.b[9], v);
        assert_memory_equal(id.b, "\xff\xff\xff\xff\xff\xff", 6);
    }
}

static void later_ids_sort_later(void **state)
{
    static const uint64_t times[] = {
        0, 1, 255, 256, 65535, 65536, 1795530600000, 1795530600001, ((uint64_t)1 << 48) - 1
    };
    static const uint8_t low[10] = { 0 };
    static const uint8_t high[10] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };
    (void)state;
    for (size_t i = 1; i < ARRAY_LEN(times); i++) {
        dbk_id a = dbk_id_v7(times[i - 1], high), b = dbk_id_v7(times[i], low);
        assert_true(dbk_id_compare(&a, &b) < 0);
        assert_true(dbk_id_compare(&b, &a) > 0);
        assert_false(dbk_id_equal(&a, &b));
    }
}

static void both_text_forms_come_back(void **state)
{
    char hex[DBK_ID_HEX_SIZE], uuid[DBK_ID_UUID_SIZE];
    dbk_id id;
    (void)state;
    for (size_t i = 0; i < DBK_ID_BYTES; i++)
        id.b[i] = (uint8_t)(i * 17);
    dbk_id_hex(hex, &id);
    assert_string_equal(hex, "00112233445566778899aabbccddeeff");
    dbk_id_uuid(uuid, &id);
    assert_string_equal(uuid, "00112233-4455-6677-8899-aabbccddeeff");
    dbk_id a = id_of(hex), b = id_of(uuid), c = id_of("00112233-4455-6677-8899-AABBCCDDEEFF");
    assert_true(dbk_id_equal(&a, &id));
    assert_true(dbk_id_equal(&b, &id));
    assert_true(dbk_id_equal(&c, &id));
}

static void what_only_looks_like_an_id_is_refused_and_gives_zeros(void **state)
{
    static const char *const bad[] = {
        "",
        "0",
        "00112233445566778899aabbccddeef",
        "00112233445566778899aabbccddeeff0",
        "0011223344556677-8899-aabbccddeeffaa",
        "00112233-4455-6677-8899-aabbccddeef",
        "00112233-4455-6677-8899-aabbccddeeffa",
        "00112233_4455_6677_8899_aabbccddeeff",
        "001122334-455-6677-8899-aabbccddeeff",
        "g0112233445566778899aabbccddeeff",
        "{00112233-4455-6677-8899-aabbccddee}",
        "00112233-4455-6677-8899-aabbccdd-eff",
        " 0112233445566778899aabbccddeeff",
        "-0112233445566778899aabbccddeeff",
        "00112233-4455-6677-8899-aabbccddee\xc3\xa9",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        dbk_id id;
        memset(&id, 0xee, sizeof(id));
        if (dbk_id_parse(&id, bad[i], NULL) != DBK_FORMAT || !dbk_id_is_zero(&id))
            fail_msg("%s", bad[i]);
    }
}

static void hashes_compare_whole(void **state)
{
    dbk_hash a = { { 0 } }, b = { { 0 } };
    (void)state;
    assert_true(dbk_hash_is_zero(&a));
    for (size_t i = 0; i < DBK_HASH_BYTES; i++) {
        b.b[i] = 1;
        assert_false(dbk_hash_equal(&a, &b));
        assert_false(dbk_hash_is_zero(&b));
        b.b[i] = 0;
    }
    assert_true(dbk_hash_equal(&a, &b));
}

static void dots_order_by_feed_then_seq(void **state)
{
    dbk_dot dots[] = { { { { 1 } }, 5 },
                       { { { 1 } }, 6 },
                       { { { 1 } }, UINT64_MAX },
                       { { { 2 } }, 1 },
                       { { { 255 } }, 1 } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(dots); i++)
        for (size_t k = 0; k < ARRAY_LEN(dots); k++) {
            int order = dbk_dot_compare(&dots[i], &dots[k]);
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
}

/* ---- the hybrid clock ---------------------------------------------------------------------- */

#define HLC(ms, counter) (((dbk_hlc)(ms) << 16) + (counter))

static void a_tick_follows_the_clock_and_never_goes_back(void **state)
{
    (void)state;
    assert_true(dbk_hlc_tick(0, 1000) == HLC(1000, 0));
    assert_true(dbk_hlc_tick(HLC(1000, 0), 1000) == HLC(1000, 1)); /* the same millisecond */
    assert_true(dbk_hlc_tick(HLC(1000, 7), 1001) == HLC(1001, 0));
    assert_true(dbk_hlc_tick(HLC(5000, 7), 1000) == HLC(5000, 8)); /* the clock was set back */
    assert_true(dbk_hlc_ms(HLC(1795530600000, 3)) == 1795530600000);
    /* The counter is full: the time moves on by a millisecond rather than back. */
    assert_true(dbk_hlc_tick(HLC(1000, 0xffff), 1000) == HLC(1001, 0));
}

/* sync-lessons 2.19: one far-future stamp must not poison everybody's clock. */
static void a_far_future_stamp_moves_us_by_the_allowed_drift_only_2_19(void **state)
{
    const uint64_t now = 1795530600000;
    (void)state;
    assert_true(dbk_hlc_merge(HLC(now, 0), HLC(now + 10, 3), now) == HLC(now + 10, 3));
    assert_true(dbk_hlc_merge(HLC(now, 9), HLC(now - 10, 3), now) == HLC(now, 9));
    dbk_hlc far = dbk_hlc_merge(HLC(now, 0), UINT64_MAX, now);
    assert_true(far == HLC(now + DBK_HLC_DRIFT_MS, 0));
    /* And what we already hold never goes back, even if it is over the bound. */
    assert_true(dbk_hlc_merge(UINT64_MAX - 5, UINT64_MAX, now) == UINT64_MAX - 5);
}

static void the_system_clock_and_randomness_are_there(void **state)
{
    const dbk_env *env = dbk_env_system();
    uint8_t a[32] = { 0 }, b[32] = { 0 };
    (void)state;
    assert_true(env->now_ms(env->self) > 1600000000000u); /* after 2020 */
    env->random(env->self, a, sizeof(a));
    env->random(env->self, b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    uint64_t t = dbk_monotonic_ms();
    assert_true(dbk_monotonic_ms() >= t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_id_is_the_uuidv7_of_rfc_9562),
        cmocka_unit_test(version_and_variant_stand_whatever_the_random_bytes),
        cmocka_unit_test(later_ids_sort_later),
        cmocka_unit_test(both_text_forms_come_back),
        cmocka_unit_test(what_only_looks_like_an_id_is_refused_and_gives_zeros),
        cmocka_unit_test(hashes_compare_whole),
        cmocka_unit_test(dots_order_by_feed_then_seq),
        cmocka_unit_test(a_tick_follows_the_clock_and_never_goes_back),
        cmocka_unit_test(a_far_future_stamp_moves_us_by_the_allowed_drift_only_2_19),
        cmocka_unit_test(the_system_clock_and_randomness_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
