/* Key slots that need a second factor beside the passphrase; the factor is a fake behind its seam.
 * The real one, on a software TPM: tests/cli/28-tpm.sh. */
#include "tests/lib/test.h"
#include "tests/lib/chain.h"
#include "tests/lib/golden.h"

#include <string.h>

#include "core/seal/slots.h"
#include "core/seal/wrap.h"

static const dbk_kdf_cost floor_cost = { DBK_KDF_OPS_FLOOR, DBK_KDF_MEM_FLOOR_BYTES };

#define SLOT_AT 24u
#define SLOT_BYTES 140u
#define BLOB_AT (SLOT_AT + SLOT_BYTES)
#define BLOB "kept by a fake chip"

/* Keeps one secret, for one authorisation. */
typedef struct chip {
    uint8_t secret[32], auth[32];
    bool empty; /* as another chip is, or this one after it was cleared */
    unsigned wrong;
} chip;

static dbk_rc keep(void *self, dbk_bytes *blob, const dbk_secret *secret, const dbk_secret *auth,
                   dbk_err *err)
{
    chip *c = self;
    memcpy(c->secret, dbk_secret_bytes(secret).p, 32);
    memcpy(c->auth, dbk_secret_bytes(auth).p, 32);
    return dbk_bytes_append_str(blob, BLOB, err);
}

static dbk_rc give(void *self, dbk_secret **secret, dbk_span blob, const dbk_secret *auth,
                   dbk_err *err)
{
    chip *c = self;
    if (c->empty || !dbk_span_equal(blob, dbk_span_str(BLOB)))
        return dbk_fail(err, DBK_NOT_FOUND, "another chip");
    if (memcmp(c->auth, dbk_secret_bytes(auth).p, 32) != 0) {
        c->wrong++;
        return dbk_fail(err, DBK_PASSPHRASE, "not so");
    }
    return dbk_secret_from(secret, dbk_span_of(c->secret, 32), err);
}

typedef struct fixture {
    fixed_source source;
    const dbk_env *env;
    chip chip;
    dbk_factor factor;
    dbk_secret *right, *wrong, *store_key;
    dbk_bytes file;
} fixture;

static void rewrap(fixture *f, const dbk_factor *from, const dbk_factor *to)
{
    const dbk_slots_change change = { f->right, f->right, from, to };
    dbk_bytes made = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_err err = { 0 };
    assert_ok(dbk_slots_rewrap(&made, dbk_bytes_span(&f->file), &change, &floor_cost, f->env, &err),
              &err);
    dbk_bytes_wipe(&f->file);
    f->file = made;
}

static void set_up(fixture *f)
{
    dbk_err err = { 0 };
    memset(f, 0, sizeof(*f));
    f->env = fixed_source_init(&f->source, 91);
    f->factor = (dbk_factor){ keep, give, &f->chip };
    dbk_bytes_init(&f->file, DBK_SLOTS_BYTES_MAX);
    assert_ok(dbk_secret_from(&f->right, dbk_span_str("correct horse battery staple"), &err), &err);
    assert_ok(dbk_secret_from(&f->wrong, dbk_span_str("correct horse battery stapl"), &err), &err);
    assert_ok(dbk_slots_create(&f->file, &f->store_key, f->right, &floor_cost, f->env, &err), &err);
    rewrap(f, NULL, &f->factor);
}

static void tear_down(fixture *f)
{
    dbk_secret_free(f->right);
    dbk_secret_free(f->wrong);
    dbk_secret_free(f->store_key);
    dbk_bytes_wipe(&f->file);
}

static dbk_rc open_with(const fixture *f, const dbk_secret *passphrase, const dbk_factor *factor)
{
    const dbk_unlock with = { passphrase, factor };
    dbk_secret *key;
    dbk_rc rc = dbk_slots_open(&key, dbk_bytes_span(&f->file), &with, NULL);
    assert_int_equal(rc == DBK_OK, key != NULL);
    if (rc == DBK_OK)
        assert_true(dbk_span_equal(dbk_secret_bytes(key), dbk_secret_bytes(f->store_key)));
    dbk_secret_free(key);
    return rc;
}

static bool has_factor(const fixture *f)
{
    dbk_slots_look look;
    dbk_err err = { 0 };
    assert_ok(dbk_slots_look_own(&look, dbk_bytes_span(&f->file), f->store_key, &err), &err);
    assert_int_equal(look.passphrases, look.has_factor ? 0 : 1);
    return look.has_factor;
}

static void it_takes_the_passphrase_and_the_factor(void **state)
{
    chip other = { .empty = true };
    fixture f;
    (void)state;
    set_up(&f);
    const dbk_factor stranger = { keep, give, &other };
    assert_int_equal(open_with(&f, f.right, &f.factor), DBK_OK);
    assert_int_equal(open_with(&f, f.wrong, &f.factor), DBK_PASSPHRASE);
    assert_int_equal(f.chip.wrong, 1); /* the chip counts it as well */
    assert_int_equal(open_with(&f, f.right, &stranger), DBK_NOT_FOUND);
    assert_int_equal(open_with(&f, f.right, NULL), DBK_NOT_FOUND);
    f.chip.secret[7] ^= 1; /* it gives something else */
    assert_int_equal(open_with(&f, f.right, &f.factor), DBK_PASSPHRASE);
    tear_down(&f);
}

static void the_factor_never_sees_what_the_key_is_made_of(void **state)
{
    fixture f;
    (void)state;
    set_up(&f);
    /* Neither what it keeps nor what it is shown is in the file, or opens a slot by itself. */
    for (size_t at = 0; at + 32 <= f.file.len; at++) {
        assert_memory_not_equal(f.file.p + at, f.chip.secret, 32);
        assert_memory_not_equal(f.file.p + at, f.chip.auth, 32);
    }
    tear_down(&f);
}

static void no_slot_without_the_factor_stays_beside_it(void **state)
{
    fixture f;
    (void)state;
    set_up(&f);
    assert_true(has_factor(&f));
    assert_int_equal(f.file.len, SLOT_AT + SLOT_BYTES + strlen(BLOB) + 32);
    rewrap(&f, &f.factor, &f.factor); /* another passphrase, say: a new secret is kept */
    assert_int_equal(open_with(&f, f.right, &f.factor), DBK_OK);
    rewrap(&f, &f.factor, NULL);
    assert_false(has_factor(&f));
    assert_int_equal(f.file.len, SLOT_AT + SLOT_BYTES + 32);
    assert_int_equal(open_with(&f, f.right, NULL), DBK_OK);
    tear_down(&f);
}

static void a_rekey_keeps_the_factor(void **state)
{
    dbk_bytes made = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_secret *key;
    fixture f;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    const dbk_unlock with = { f.right, &f.factor };
    assert_ok(
        dbk_slots_rekey(&made, &key, dbk_bytes_span(&f.file), &with, &floor_cost, f.env, &err),
        &err);
    dbk_secret_free(f.store_key);
    dbk_bytes_wipe(&f.file);
    f.store_key = key;
    f.file = made;
    assert_true(has_factor(&f));
    assert_int_equal(open_with(&f, f.right, &f.factor), DBK_OK);
    tear_down(&f);
}

/* The mainboard is gone: headquarters opens, and the new passphrase needs no chip. */
static void the_recovery_key_opens_without_the_factor_A30(void **state)
{
    dbk_bytes made = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_recovery_to to = { .device = { { 0x44 } } };
    dbk_secret *sk, *key;
    fixture f;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    assert_ok(dbk_kem_keypair(to.key, &sk, f.env, &err), &err);
    assert_ok(dbk_slots_put_recovery(&made, dbk_bytes_span(&f.file), f.store_key, &to, f.env, &err),
              &err);
    dbk_bytes_wipe(&f.file);
    f.file = made;
    assert_int_equal(open_with(&f, f.right, &f.factor), DBK_OK);
    rewrap(&f, &f.factor, &f.factor);
    assert_ok(dbk_slots_recover(&key, dbk_bytes_span(&f.file), sk, &err), &err);
    dbk_bytes_init(&made, DBK_SLOTS_BYTES_MAX);
    assert_ok(
        dbk_slots_reset(&made, dbk_bytes_span(&f.file), key, f.wrong, &floor_cost, f.env, &err),
        &err);
    dbk_bytes_wipe(&f.file);
    f.file = made;
    assert_int_equal(open_with(&f, f.wrong, NULL), DBK_OK);
    assert_int_equal(open_with(&f, f.right, &f.factor), DBK_PASSPHRASE);
    dbk_secret_free(sk);
    dbk_secret_free(key);
    tear_down(&f);
}

static void a_file_with_a_byte_changed_never_unlocks_A02(void **state)
{
    fixture f;
    (void)state;
    set_up(&f);
    for (size_t at = 0; at < f.file.len; at++) {
        bool in_slot = at > SLOT_AT && at < BLOB_AT;
        if (in_slot && at % 16 != 0)
            continue; /* each is a derivation; unit/slots looks at all of them */
        f.file.p[at] ^= 0x01;
        assert_int_not_equal(open_with(&f, f.right, &f.factor), DBK_OK);
        f.file.p[at] ^= 0x01;
    }
    for (size_t len = 0; len < f.file.len; len++) {
        const dbk_unlock with = { f.right, &f.factor };
        dbk_secret *key;
        assert_int_equal(dbk_slots_open(&key, dbk_span_of(f.file.p, len), &with, NULL),
                         DBK_DAMAGED);
    }
    tear_down(&f);
}

static void a_blob_without_its_slot_and_a_slot_without_its_blob_are_damage(void **state)
{
    fixture f;
    (void)state;
    set_up(&f);
    f.file.p[SLOT_AT] = 1; /* a slot of the passphrase alone, and a blob */
    assert_int_equal(open_with(&f, f.right, &f.factor), DBK_DAMAGED);
    f.file.p[SLOT_AT] = 3;
    f.file.p[23] = 0; /* no blob: its bytes are too many now */
    assert_int_equal(open_with(&f, f.right, &f.factor), DBK_DAMAGED);
    memmove(f.file.p + BLOB_AT, f.file.p + BLOB_AT + strlen(BLOB), 32);
    f.file.len -= strlen(BLOB);
    assert_int_equal(open_with(&f, f.right, &f.factor), DBK_DAMAGED);
    tear_down(&f);
}

static void a_slot_with_a_factor_is_these_bytes(void **state)
{
    fixture f;
    golden g;
    (void)state;
    set_up(&f);
    golden_begin(&g, "tests/vectors/factor.json");
    golden_hex(&g, "store key", dbk_secret_bytes(f.store_key));
    golden_hex(&g, "the factor's secret", dbk_span_of(f.chip.secret, 32));
    golden_hex(&g, "what it is given out for", dbk_span_of(f.chip.auth, 32));
    golden_hex(&g, "slot file, passphrase 'correct horse battery staple'", dbk_bytes_span(&f.file));
    golden_end(&g);
    golden_file("tests/fuzz/corpus/slots/factor", dbk_bytes_span(&f.file));
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_takes_the_passphrase_and_the_factor),
        cmocka_unit_test(the_factor_never_sees_what_the_key_is_made_of),
        cmocka_unit_test(no_slot_without_the_factor_stays_beside_it),
        cmocka_unit_test(a_rekey_keeps_the_factor),
        cmocka_unit_test(the_recovery_key_opens_without_the_factor_A30),
        cmocka_unit_test(a_file_with_a_byte_changed_never_unlocks_A02),
        cmocka_unit_test(a_blob_without_its_slot_and_a_slot_without_its_blob_are_damage),
        cmocka_unit_test(a_slot_with_a_factor_is_these_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
