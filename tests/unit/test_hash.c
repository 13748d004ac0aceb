#include "tests/lib/test.h"

#include <string.h>

#include "core/base/text.h"
#include "core/crypto/hash.h"

static int set_up(void **state)
{
    (void)state;
    return dbk_crypto_init(NULL) == DBK_OK ? 0 : -1;
}

static void a_label_stands_before_everything_with_its_length_and_the_suite(void **state)
{
    uint8_t prefix[DBK_PREFIX_BYTES_MAX];
    (void)state;
    size_t len = dbk_label_prefix(prefix, "daybook/x/1");
    assert_int_equal(len, 13);
    assert_memory_equal(prefix,
                        "\x0b"
                        "daybook/x/1\x01",
                        13);
    /* BLAKE2b-256 of those bytes and "abc", by another implementation (Python's hashlib). */
    static const char want[] = "cd08ba4ebcfcc30480eb3692ddc9517a262e6365bb2d1a352d88e2568eefb900";
    char hex[65];
    dbk_hash hash = dbk_hash_of("daybook/x/1", dbk_span_str("abc"));
    dbk_hex_print(hex, dbk_span_of(hash.b, sizeof(hash.b)));
    assert_string_equal(hex, want);
}

static void parts_hash_as_the_whole(void **state)
{
    dbk_hasher h;
    (void)state;
    dbk_hasher_init(&h, "daybook/x/1");
    dbk_hasher_add(&h, dbk_span_str("a"));
    dbk_hasher_add(&h, (dbk_span){ NULL, 0 });
    dbk_hasher_add(&h, dbk_span_str("bc"));
    dbk_hash parts = dbk_hasher_end(&h), whole = dbk_hash_of("daybook/x/1", dbk_span_str("abc"));
    assert_true(dbk_hash_equal(&parts, &whole));
    dbk_id id = dbk_hash_id("daybook/x/1", dbk_span_str("abc"));
    assert_memory_equal(id.b, whole.b, 16);
}

/* R14, M28: the same bytes are another hash under another label, also where label and data could
 * be cut differently. */
static void one_label_cannot_be_taken_for_another(void **state)
{
    (void)state;
    dbk_hash a = dbk_hash_of("daybook/a/1", dbk_span_str("b"));
    dbk_hash b = dbk_hash_of("daybook/a/2", dbk_span_str("b"));
    dbk_hash c = dbk_hash_of("daybook/a/", dbk_span_str("1b"));
    assert_false(dbk_hash_equal(&a, &b));
    assert_false(dbk_hash_equal(&a, &c));
}

static void ids_of_devices_and_feeds_depend_on_each_part(void **state)
{
    uint8_t sign[32] = { 1 }, kem[32] = { 2 };
    dbk_id device = dbk_device_id(sign, kem), swapped = dbk_device_id(kem, sign);
    dbk_id space = { { 3 } }, inc = { { 4 } };
    (void)state;
    assert_false(dbk_id_equal(&device, &swapped));
    dbk_id feed = dbk_feed_id(&device, &space, &inc), other = dbk_feed_id(&device, &inc, &space);
    dbk_id third = dbk_feed_id(&swapped, &space, &inc);
    assert_false(dbk_id_equal(&feed, &other));
    assert_false(dbk_id_equal(&feed, &third));
}

static void sha256_is_the_standards(void **state)
{
    uint8_t out[32];
    char hex[65];
    (void)state;
    dbk_sha256(out, dbk_span_str("abc"));
    dbk_hex_print(hex, dbk_span_of(out, sizeof(out)));
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void equal_in_constant_time_is_equal(void **state)
{
    (void)state;
    assert_true(dbk_equal_ct(dbk_span_str("abc"), dbk_span_str("abc")));
    assert_true(dbk_equal_ct((dbk_span){ NULL, 0 }, dbk_span_str("")));
    assert_false(dbk_equal_ct(dbk_span_str("abc"), dbk_span_str("abd")));
    assert_false(dbk_equal_ct(dbk_span_str("abc"), dbk_span_str("ab")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_label_stands_before_everything_with_its_length_and_the_suite),
        cmocka_unit_test(parts_hash_as_the_whole),
        cmocka_unit_test(one_label_cannot_be_taken_for_another),
        cmocka_unit_test(ids_of_devices_and_feeds_depend_on_each_part),
        cmocka_unit_test(sha256_is_the_standards),
        cmocka_unit_test(equal_in_constant_time_is_equal),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
