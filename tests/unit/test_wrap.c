#include "tests/lib/test.h"
#include "tests/lib/chain.h"

#include <string.h>

#include "core/seal/sealer.h"
#include "core/seal/wrap.h"

typedef struct fixture {
    fixed_source source;
    const dbk_env *env;
    dbk_secret *key, *sk, *other_sk;
    uint8_t pk[32], other_pk[32];
    dbk_epoch epoch;
    dbk_wrap_scope scope;
    uint8_t wrap[DBK_WRAP_BYTES];
} fixture;

static void set_up(fixture *f)
{
    dbk_err err = { 0 };
    memset(f, 0, sizeof(*f));
    f->env = fixed_source_init(&f->source, 21);
    assert_ok(dbk_epoch_new(&f->key, &f->epoch, 3, f->env, &err), &err);
    assert_ok(dbk_kem_keypair(f->pk, &f->sk, f->env, &err), &err);
    assert_ok(dbk_kem_keypair(f->other_pk, &f->other_sk, f->env, &err), &err);
    f->env->random(f->env->self, f->scope.org.b, 16);
    f->env->random(f->env->self, f->scope.space.b, 16);
    f->env->random(f->env->self, f->scope.device.b, 16);
    f->scope.epoch = 3;
    assert_ok(dbk_wrap_seal(f->wrap, f->key, &f->scope, f->pk, f->env, &err), &err);
}

static void tear_down(fixture *f)
{
    dbk_secret_free(f->key);
    dbk_secret_free(f->sk);
    dbk_secret_free(f->other_sk);
}

static void refused(const fixture *f, const char *why)
{
    dbk_secret *key;
    dbk_err err = { 0 };
    dbk_rc rc = dbk_wrap_open(&key, f->wrap, &f->scope, &f->epoch, f->sk, &err);
    if (rc != DBK_AUTH || key != NULL)
        fail_msg("%s: got %s", why, dbk_rc_name(rc));
}

static void a_wrap_gives_its_device_the_epoch_key(void **state)
{
    fixture f;
    dbk_secret *key;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    assert_ok(dbk_wrap_open(&key, f.wrap, &f.scope, &f.epoch, f.sk, &err), &err);
    assert_true(dbk_span_equal(dbk_secret_bytes(key), dbk_secret_bytes(f.key)));
    dbk_id id = dbk_key_id(key);
    assert_true(dbk_id_equal(&id, &f.epoch.key_id));
    assert_int_equal(f.epoch.epoch, 3);
    dbk_secret_free(key);
    tear_down(&f);
}

static void a_wrap_opens_for_no_other_device_place_or_epoch(void **state)
{
    fixture f;
    dbk_secret *key;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
#define CASE(why, field)  \
    do {                  \
        f.field ^= 1;     \
        refused(&f, why); \
        f.field ^= 1;     \
    } while (0)
    CASE("another organisation", scope.org.b[0]);
    CASE("another space", scope.space.b[15]);
    CASE("another device id (M04)", scope.device.b[7]);
    CASE("another epoch number (M15)", scope.epoch);
    CASE("the epoch's number alone", epoch.epoch);
    CASE("another key id", epoch.key_id.b[3]);
    CASE("another commitment", epoch.commitment.b[31]);
#undef CASE
    /* Both numbers changed alike: only the AEAD can tell. */
    f.scope.epoch = f.epoch.epoch = 4;
    refused(&f, "a wrap of another epoch");
    f.scope.epoch = f.epoch.epoch = 3;
    assert_rc(dbk_wrap_open(&key, f.wrap, &f.scope, &f.epoch, f.other_sk, &err), DBK_AUTH, &err);
    assert_null(key);
    tear_down(&f);
}

static void each_bit_of_a_wrap_counts(void **state)
{
    fixture f;
    (void)state;
    set_up(&f);
    for (size_t bit = 0; bit < DBK_WRAP_BYTES * 8; bit++) {
        /* X25519 ignores the top bit of a public key; the hash that makes the key doesn't. */
        f.wrap[bit / 8] ^= (uint8_t)(1u << bit % 8);
        refused(&f, "a flipped bit");
        f.wrap[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    memset(f.wrap, 0, 32);
    refused(&f, "an ephemeral key of small order");
    tear_down(&f);
}

static void a_wrap_of_another_key_is_not_the_epochs(void **state)
{
    fixture f;
    dbk_secret *other;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    assert_ok(dbk_secret_random(&other, 32, f.env, &err), &err);
    assert_ok(dbk_wrap_seal(f.wrap, other, &f.scope, f.pk, f.env, &err), &err);
    refused(&f, "another key wrapped for the same place");
    dbk_secret_free(other);
    tear_down(&f);
}

static void two_wraps_of_one_key_share_no_bytes(void **state)
{
    fixture f;
    uint8_t again[DBK_WRAP_BYTES];
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    assert_ok(dbk_wrap_seal(again, f.key, &f.scope, f.pk, f.env, &err), &err);
    assert_memory_not_equal(again, f.wrap, 32);
    assert_memory_not_equal(again + 32, f.wrap + 32, 32);
    tear_down(&f);
}

static void nothing_is_wrapped_for_a_key_of_small_order(void **state)
{
    fixture f;
    uint8_t zero[32] = { 0 }, wrap[DBK_WRAP_BYTES], none[DBK_WRAP_BYTES] = { 0 };
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    assert_rc(dbk_wrap_seal(wrap, f.key, &f.scope, zero, f.env, &err), DBK_INVALID, &err);
    assert_memory_equal(wrap, none, sizeof(wrap));
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrap_gives_its_device_the_epoch_key),
        cmocka_unit_test(a_wrap_opens_for_no_other_device_place_or_epoch),
        cmocka_unit_test(each_bit_of_a_wrap_counts),
        cmocka_unit_test(a_wrap_of_another_key_is_not_the_epochs),
        cmocka_unit_test(two_wraps_of_one_key_share_no_bytes),
        cmocka_unit_test(nothing_is_wrapped_for_a_key_of_small_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
