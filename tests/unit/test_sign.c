#include "tests/lib/test.h"
#include "tests/lib/chain.h"

#include <sodium.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/crypto/secret.h"

typedef struct fixture {
    fixed_source source;
    const dbk_env *env;
    dbk_sign_pk pk;
    dbk_secret *sk;
    dbk_sig sig;
} fixture;

static void set_up(fixture *f)
{
    dbk_err err = { 0 };
    f->env = fixed_source_init(&f->source, 71);
    assert_ok(dbk_sign_keypair(&f->pk, &f->sk, f->env, &err), &err);
    dbk_sign(&f->sig, "daybook/a/1", dbk_span_str("message"), f->sk);
}

static bool holds(const fixture *f, const char *label, const char *message)
{
    return dbk_verify(&f->sig, label, dbk_span_str(message), &f->pk);
}

static void a_signature_holds_for_its_label_message_and_key_alone(void **state)
{
    fixture f;
    dbk_sign_pk other;
    dbk_secret *other_sk;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    assert_true(holds(&f, "daybook/a/1", "message"));
    assert_false(holds(&f, "daybook/a/2", "message")); /* M30 */
    assert_false(holds(&f, "daybook/a/", "1message"));
    assert_false(holds(&f, "daybook/a/1", "messages"));
    assert_false(holds(&f, "daybook/a/1", ""));
    assert_false(dbk_verify_raw(&f.sig, dbk_span_str("message"), &f.pk));
    assert_ok(dbk_sign_keypair(&other, &other_sk, f.env, &err), &err);
    assert_false(dbk_verify(&f.sig, "daybook/a/1", dbk_span_str("message"), &other));
    dbk_sign_pk_of(&other, f.sk);
    assert_memory_equal(&other, &f.pk, sizeof(other));
    dbk_secret_free(other_sk);
    dbk_secret_free(f.sk);
}

static void each_bit_of_a_signature_counts(void **state)
{
    fixture f;
    (void)state;
    set_up(&f);
    for (size_t bit = 0; bit < DBK_SIG_BYTES * 8; bit++) {
        f.sig.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(holds(&f, "daybook/a/1", "message"));
        f.sig.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(holds(&f, "daybook/a/1", "message"));
    dbk_secret_free(f.sk);
}

/* S + L verifies in the equation, and is not canonical. */
static void a_signature_has_one_form(void **state)
{
    static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                       0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                       0,    0,    0,    0,    0,    0,    0,    0,
                                       0,    0,    0,    0,    0,    0,    0,    0x10 };
    fixture f;
    unsigned carry = 0;
    (void)state;
    set_up(&f);
    for (size_t i = 0; i < 32; i++) {
        carry += f.sig.b[32 + i] + (unsigned)order[i];
        f.sig.b[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
    assert_false(holds(&f, "daybook/a/1", "message"));
    dbk_secret_free(f.sk);
}

static dbk_sign_pk pk_of_hex(const char *hex)
{
    dbk_sign_pk pk;
    dbk_err err = { 0 };
    assert_ok(dbk_hex_parse(pk.b, sizeof(pk.b), hex, &err), &err);
    return pk;
}

/* R13: points that some implementations take: small order, mixed order, not canonical. */
static void only_proper_points_are_keys(void **state)
{
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000", /* order 4 */
        "0100000000000000000000000000000000000000000000000000000000000000", /* the identity */
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* order 2 */
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", /* order 8 */
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* y = p + 1 */
        "919811d6a6d4865d44389ed8c4d72b405e3d7aeaeff03b9f0a3512cefb533c7e", /* test key + order 2 */
        "fce5b59acb6910ac30cd10bf05e68ea1ab2db385c5863ed6d8672fee"          /* test key + order 8 */
        "ce3b8c6c",
        "0200000000000000000000000000000000000000000000000000000000000000", /* not on the curve */
    };
    (void)state;
    dbk_sign_pk good = pk_of_hex(
        "5c67ee29592b79a2bbc761273b28d4bfa1c28515100fc460f5caed3104acc381");
    assert_int_equal(dbk_crypto_init(NULL), DBK_OK);
    assert_true(dbk_sign_pk_valid(&good));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        dbk_sign_pk pk = pk_of_hex(bad[i]);
        if (dbk_sign_pk_valid(&pk))
            fail_msg("case %zu is no key", i);
    }
}

/* R13, F7: R = rB + a point of order 8. The cofactored equation holds for it, the other doesn't:
 * were it taken by some devices, a member could split them. */
static void a_signature_on_which_libraries_differ_is_refused(void **state)
{
    dbk_sig mixed;
    dbk_err err = { 0 };
    (void)state;
    assert_int_equal(dbk_crypto_init(NULL), DBK_OK);
    dbk_sign_pk pk = pk_of_hex("5c67ee29592b79a2bbc761273b28d4bfa1c28515100fc460f5caed3104acc381");
    assert_ok(dbk_hex_parse(mixed.b, sizeof(mixed.b),
                            "5b61c2e3b93e6c06450f327ea72cdfeb8cde6aa020d2dd827ab3f86e708c8393"
                            "851bdcb80f2bb94df09d8b88f2af18bd52512e74b6e4841f4cff1558a3ff7207",
                            &err),
              &err);
    assert_false(dbk_verify_raw(&mixed, dbk_span_str("daybook"), &pk));
    /* What a cofactored library is checked for in addition: R is no point of the main subgroup. */
    assert_int_equal(crypto_core_ed25519_is_valid_point(mixed.b), 0);
}

static void long_messages_are_not_signed_but_by_hash(void **state)
{
    fixture f;
    uint8_t *message = dbk_alloc(DBK_SIGN_MESSAGE_BYTES_MAX + 1);
    dbk_sig sig;
    (void)state;
    assert_non_null(message);
    set_up(&f);
    dbk_sign(&sig, "daybook/a/1", dbk_span_of(message, DBK_SIGN_MESSAGE_BYTES_MAX), f.sk);
    assert_true(
        dbk_verify(&sig, "daybook/a/1", dbk_span_of(message, DBK_SIGN_MESSAGE_BYTES_MAX), &f.pk));
    assert_false(dbk_verify(&sig, "daybook/a/1",
                            dbk_span_of(message, DBK_SIGN_MESSAGE_BYTES_MAX + 1), &f.pk));
    dbk_free(message);
    dbk_secret_free(f.sk);
}

static void a_raw_signature_is_plain_ed25519(void **state)
{
    fixture f;
    unsigned char want[64];
    (void)state;
    set_up(&f);
    dbk_sign_raw(&f.sig, dbk_span_str("text"), f.sk);
    assert_int_equal(crypto_sign_detached(want, NULL, (const unsigned char *)"text", 4,
                                          dbk_secret_bytes(f.sk).p),
                     0);
    assert_memory_equal(f.sig.b, want, sizeof(want));
    assert_true(dbk_verify_raw(&f.sig, dbk_span_str("text"), &f.pk));
    dbk_secret_free(f.sk);
}

static void a_secret_holds_what_it_was_given_and_starts_as_zeros(void **state)
{
    fixed_source source;
    const dbk_env *env = fixed_source_init(&source, 72);
    static const uint8_t zeros[64];
    dbk_secret *s;
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_secret_new(&s, 64, &err), &err);
    assert_int_equal(dbk_secret_len(s), 64);
    assert_memory_equal(dbk_secret_bytes(s).p, zeros, 64);
    memcpy(dbk_secret_room(s), "filled", 6);
    assert_memory_equal(dbk_secret_bytes(s).p, "filled", 6);
    (void)dbk_secret_locked(s); /* either may be true here */
    dbk_secret_free(s);
    assert_ok(dbk_secret_from(&s, dbk_span_str("pass"), &err), &err);
    assert_true(dbk_span_equal(dbk_secret_bytes(s), dbk_span_str("pass")));
    dbk_secret_free(s);
    assert_ok(dbk_secret_from(&s, (dbk_span){ NULL, 0 }, &err), &err);
    assert_int_equal(dbk_secret_len(s), 0);
    dbk_secret_free(s);
    assert_ok(dbk_secret_random(&s, 32, env, &err), &err);
    assert_memory_not_equal(dbk_secret_bytes(s).p, zeros, 32);
    dbk_secret_free(s);
    assert_rc(dbk_secret_new(&s, DBK_SECRET_BYTES_MAX + 1, &err), DBK_LIMIT, &err);
    assert_null(s);
    dbk_secret_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_holds_for_its_label_message_and_key_alone),
        cmocka_unit_test(each_bit_of_a_signature_counts),
        cmocka_unit_test(a_signature_has_one_form),
        cmocka_unit_test(only_proper_points_are_keys),
        cmocka_unit_test(a_signature_on_which_libraries_differ_is_refused),
        cmocka_unit_test(long_messages_are_not_signed_but_by_hash),
        cmocka_unit_test(a_raw_signature_is_plain_ed25519),
        cmocka_unit_test(a_secret_holds_what_it_was_given_and_starts_as_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
