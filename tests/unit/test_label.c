#include "tests/lib/test.h"
#include "tests/lib/chain.h"

#include <sodium.h>
#include <string.h>

#include "core/crypto/hash.h"
#include "core/crypto/roster.h"
#include "core/seal/label.h"
#include "core/seal/sealer.h"

typedef struct fixture {
    fixed_source source;
    const dbk_env *env;
    dbk_keyring *keys;
    const dbk_secret *key; /* borrowed from the keyring */
    dbk_key_entry entry;
    dbk_label_scope scope;
    dbk_bytes sealed, text;
} fixture;

static void set_up(fixture *f)
{
    dbk_secret *key;
    dbk_err err = { 0 };
    memset(f, 0, sizeof(*f));
    f->env = fixed_source_init(&f->source, 31);
    assert_ok(dbk_keyring_new(&f->keys, &err), &err);
    assert_ok(dbk_secret_random(&key, 32, f->env, &err), &err);
    f->key = key;
    f->entry = (dbk_key_entry){ { { 7 } }, 1, dbk_key_id(key) };
    assert_ok(dbk_keyring_add_take(f->keys, &f->entry, &key, &err), &err);
    f->scope = (dbk_label_scope){ { { 1 } }, { { 2 } } };
    dbk_bytes_init(&f->sealed, DBK_LABEL_SEALED_BYTES_MAX);
    dbk_bytes_init(&f->text, DBK_LABEL_TEXT_BYTES_MAX);
}

static void tear_down(fixture *f)
{
    dbk_keyring_free(f->keys);
    dbk_bytes_wipe(&f->sealed);
    dbk_bytes_wipe(&f->text);
}

static void seal(fixture *f, const char *text)
{
    dbk_err err = { 0 };
    dbk_bytes_wipe(&f->sealed);
    assert_ok(dbk_label_seal(&f->sealed, dbk_span_str(text), &f->scope, f->key, f->env, &err),
              &err);
}

static dbk_rc open_it(fixture *f)
{
    dbk_bytes_wipe(&f->text);
    return dbk_label_open(&f->text, dbk_bytes_span(&f->sealed), &f->scope, &f->entry.space, f->keys,
                          NULL);
}

static void a_name_comes_back_and_its_length_shows_in_steps_of_64(void **state)
{
    static const struct {
        size_t text_len, sealed_len;
    } cases[] = { { 0, 120 }, { 1, 120 }, { 62, 120 }, { 63, 184 }, { 126, 184 }, { 256, 376 } };
    fixture f;
    char text[DBK_LABEL_TEXT_BYTES_MAX + 1];
    (void)state;
    set_up(&f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        memset(text, 'a', sizeof(text));
        text[cases[i].text_len] = '\0';
        seal(&f, text);
        assert_int_equal(f.sealed.len, cases[i].sealed_len);
        assert_int_equal(open_it(&f), DBK_OK);
        assert_true(dbk_span_equal(dbk_bytes_span(&f.text), dbk_span_str(text)));
    }
    tear_down(&f);
}

static void a_name_that_is_too_long_or_no_text_is_not_sealed(void **state)
{
    fixture f;
    char text[DBK_LABEL_TEXT_BYTES_MAX + 1];
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    memset(text, 'a', sizeof(text));
    assert_rc(
        dbk_label_seal(&f.sealed, dbk_span_of(text, sizeof(text)), &f.scope, f.key, f.env, &err),
        DBK_LIMIT, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_label_seal(&f.sealed, dbk_span_str("\xff"), &f.scope, f.key, f.env, &err),
              DBK_INVALID, &err);
    assert_int_equal(f.sealed.len, 0);
    tear_down(&f);
}

static void a_name_opens_only_for_what_it_names(void **state)
{
    fixture f;
    (void)state;
    set_up(&f);
    seal(&f, "PC 4711 Amina Khan");
    f.scope.org.b[0] ^= 1;
    assert_int_equal(open_it(&f), DBK_AUTH);
    f.scope.org.b[0] ^= 1;
    f.scope.subject.b[0] ^= 1;
    assert_int_equal(open_it(&f), DBK_AUTH); /* one officer's name on another's device */
    f.scope.subject.b[0] ^= 1;
    f.entry.space.b[0] ^= 1;
    assert_int_equal(open_it(&f), DBK_PENDING);
    f.entry.space.b[0] ^= 1;
    assert_int_equal(open_it(&f), DBK_OK);
    tear_down(&f);
}

static void each_bit_and_byte_of_a_sealed_name_counts(void **state)
{
    fixture f;
    (void)state;
    set_up(&f);
    seal(&f, "DS Okafor");
    for (size_t bit = 0; bit < f.sealed.len * 8; bit++) {
        f.sealed.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        dbk_rc rc = open_it(&f);
        assert_int_equal(rc, bit < 128 ? DBK_PENDING : DBK_AUTH); /* the key id stands first */
        f.sealed.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    dbk_span whole = dbk_bytes_span(&f.sealed);
    for (size_t len = 0; len < whole.len; len++) {
        dbk_rc rc = dbk_label_open(&f.text, dbk_span_of(whole.p, len), &f.scope, &f.entry.space,
                                   f.keys, NULL);
        assert_int_equal(rc, DBK_FORMAT);
    }
    tear_down(&f);
}

/* A label as a member with the key could make it, whatever stands inside. */
static dbk_rc open_plain(fixture *f, const uint8_t *plain, size_t len)
{
    uint8_t aad[DBK_PREFIX_BYTES_MAX + 48], sealed[DBK_LABEL_SEALED_BYTES_MAX];
    size_t n = dbk_label_prefix(aad, "daybook/label/1");
    dbk_hash key = dbk_hash_of("daybook/label-key/1", dbk_secret_bytes(f->key));
    memcpy(aad + n, f->scope.org.b, 16);
    memcpy(aad + n + 16, f->scope.subject.b, 16);
    memcpy(aad + n + 32, f->entry.key_id.b, 16);
    memcpy(sealed, f->entry.key_id.b, 16);
    memset(sealed + 16, 3, 24);
    assert_int_equal(crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + 40, NULL, plain, len, aad,
                                                                n + 48, NULL, sealed + 16, key.b),
                     0);
    dbk_bytes_wipe(&f->text);
    return dbk_label_open(&f->text, dbk_span_of(sealed, 40 + len + 16), &f->scope, &f->entry.space,
                          f->keys, NULL);
}

static void a_name_has_one_padding_and_is_text(void **state)
{
    fixture f;
    uint8_t plain[320] = { 0, 2, 'D', 'S' };
    (void)state;
    set_up(&f);
    assert_int_equal(open_plain(&f, plain, 64), DBK_OK);
    assert_int_equal(open_plain(&f, plain, 128), DBK_FORMAT); /* a step too many */
    plain[63] = 1;
    assert_int_equal(open_plain(&f, plain, 64), DBK_FORMAT); /* padding that isn't zero */
    plain[63] = 0;
    plain[1] = 63;
    assert_int_equal(open_plain(&f, plain, 64), DBK_FORMAT); /* longer than what is there */
    plain[1] = 2;
    plain[3] = 0xff;
    assert_int_equal(open_plain(&f, plain, 64), DBK_FORMAT); /* no UTF-8 */
    memset(plain, 'a', sizeof(plain));
    plain[0] = 1;
    plain[1] = 1;
    memset(plain + 2 + 257, 0, sizeof(plain) - 2 - 257);
    assert_int_equal(open_plain(&f, plain, 320), DBK_FORMAT); /* 257 bytes */
    plain[1] = 0;
    plain[2 + 256] = 0;
    assert_int_equal(open_plain(&f, plain, 320), DBK_OK); /* 256 */
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_comes_back_and_its_length_shows_in_steps_of_64),
        cmocka_unit_test(a_name_that_is_too_long_or_no_text_is_not_sealed),
        cmocka_unit_test(a_name_opens_only_for_what_it_names),
        cmocka_unit_test(each_bit_and_byte_of_a_sealed_name_counts),
        cmocka_unit_test(a_name_has_one_padding_and_is_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
