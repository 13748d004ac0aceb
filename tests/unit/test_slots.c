#include "tests/lib/test.h"
#include "tests/lib/chain.h"

#include <string.h>

#include "core/base/wire.h"
#include "core/seal/slots.h"

/* The floor cost: 64 MiB and 2 passes, about 70 ms each time. */
static const dbk_kdf_cost floor_cost = { DBK_KDF_OPS_FLOOR, DBK_KDF_MEM_FLOOR_BYTES };

#define FILE_BYTES (24u + 140u + 32u)
#define OPS_AT 28u
#define MEM_AT 36u
#define SALT_AT 44u
#define WRAPPED_AT 84u
#define COMMITMENT_AT 132u
#define MAC_AT 164u

typedef struct fixture {
    fixed_source source;
    const dbk_env *env;
    dbk_secret *right, *wrong, *store_key;
    dbk_bytes file;
} fixture;

static void set_up(fixture *f)
{
    dbk_err err = { 0 };
    memset(f, 0, sizeof(*f));
    f->env = fixed_source_init(&f->source, 51);
    dbk_bytes_init(&f->file, DBK_SLOTS_BYTES_MAX);
    assert_ok(dbk_secret_from(&f->right, dbk_span_str("correct horse battery staple"), &err), &err);
    assert_ok(dbk_secret_from(&f->wrong, dbk_span_str("correct horse battery stapl"), &err), &err);
    assert_ok(dbk_slots_create(&f->file, &f->store_key, f->right, &floor_cost, f->env, &err), &err);
}

static void tear_down(fixture *f)
{
    dbk_secret_free(f->right);
    dbk_secret_free(f->wrong);
    dbk_secret_free(f->store_key);
    dbk_bytes_wipe(&f->file);
}

static dbk_rc open_with(const fixture *f, const dbk_secret *passphrase)
{
    dbk_secret *key;
    dbk_rc rc = dbk_slots_open(&key, dbk_bytes_span(&f->file), passphrase, NULL);
    assert_int_equal(rc == DBK_OK, key != NULL);
    if (rc == DBK_OK)
        assert_true(dbk_span_equal(dbk_secret_bytes(key), dbk_secret_bytes(f->store_key)));
    dbk_secret_free(key);
    return rc;
}

static void the_right_passphrase_opens_and_no_other(void **state)
{
    fixture f;
    (void)state;
    set_up(&f);
    assert_int_equal(f.file.len, FILE_BYTES);
    assert_int_equal(dbk_secret_len(f.store_key), 32);
    assert_int_equal(open_with(&f, f.right), DBK_OK);
    assert_int_equal(open_with(&f, f.wrong), DBK_PASSPHRASE);
    tear_down(&f);
}

/* A02. What a byte belongs to decides what may be said of it, and none of them unlocks. */
static void a_file_with_any_byte_changed_never_unlocks(void **state)
{
    fixture f;
    (void)state;
    set_up(&f);
    for (size_t at = 0; at < f.file.len; at++) {
        dbk_rc want = DBK_DAMAGED;
        uint8_t flip = 1;
        if (at == 4 || at == 5)
            want = DBK_VERSION, flip = 2;
        else if (at >= OPS_AT && at < OPS_AT + 7)
            want = DBK_LIMIT;
        else if (at == OPS_AT + 7)
            want = DBK_PASSPHRASE; /* 3 passes: another key, so not this passphrase's slot */
        else if (at >= MEM_AT && at < MEM_AT + 4)
            want = DBK_LIMIT;
        else if (at == MEM_AT + 6 || at == MEM_AT + 7)
            want = DBK_DAMAGED; /* Argon2id counts whole KiB: it is the AEAD that tells */
        else if (at >= MEM_AT + 4 && at < SALT_AT + 16)
            want = DBK_PASSPHRASE;
        else if (at >= COMMITMENT_AT && at < MAC_AT)
            want = DBK_PASSPHRASE;
        f.file.p[at] ^= flip;
        dbk_rc got = open_with(&f, f.right);
        if (got != want)
            fail_msg("byte %zu: got %s, want %s", at, dbk_rc_name(got), dbk_rc_name(want));
        f.file.p[at] ^= flip;
    }
    assert_int_equal(open_with(&f, f.right), DBK_OK);
    tear_down(&f);
}

static void a_file_cut_short_or_grown_is_damaged(void **state)
{
    fixture f;
    dbk_secret *key;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    for (size_t len = 0; len < f.file.len; len++) {
        assert_int_equal(dbk_slots_open(&key, dbk_span_of(f.file.p, len), f.right, NULL),
                         DBK_DAMAGED);
        assert_null(key);
    }
    assert_ok(dbk_bytes_append_u8(&f.file, 0, &err), &err);
    assert_int_equal(open_with(&f, f.right), DBK_DAMAGED);
    tear_down(&f);
}

/* A03, M33: before any work, and whatever the passphrase. The clock is the witness: 64 GiB could
 * not be had, and 8 KiB would be done at once, so the code is what tells. */
static void costs_outside_floor_and_ceiling_are_refused(void **state)
{
    static const dbk_kdf_cost costs[] = {
        { DBK_KDF_OPS_FLOOR - 1, DBK_KDF_MEM_FLOOR_BYTES },
        { DBK_KDF_OPS_CEILING + 1, DBK_KDF_MEM_FLOOR_BYTES },
        { DBK_KDF_OPS_FLOOR, 8192 },
        { DBK_KDF_OPS_FLOOR, DBK_KDF_MEM_FLOOR_BYTES - 1 },
        { DBK_KDF_OPS_FLOOR, (uint64_t)DBK_KDF_MEM_CEILING_BYTES + 1 },
        { DBK_KDF_OPS_FLOOR, (uint64_t)64 << 30 },
        { UINT64_MAX, UINT64_MAX },
    };
    fixture f;
    dbk_secret *key;
    dbk_bytes file = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    dbk_slots_change change = { f.right, f.wrong };
    for (size_t i = 0; i < ARRAY_LEN(costs); i++) {
        (void)dbk_wire_put_u64(f.file.p + OPS_AT, costs[i].ops);
        (void)dbk_wire_put_u64(f.file.p + MEM_AT, costs[i].mem_bytes);
        assert_int_equal(open_with(&f, f.right), DBK_LIMIT);
        dbk_err_clear(&err);
        assert_rc(dbk_slots_create(&file, &key, f.right, &costs[i], f.env, &err), DBK_LIMIT, &err);
        assert_null(key);
        dbk_err_clear(&err);
        assert_rc(dbk_slots_rewrap(&file, dbk_bytes_span(&f.file), &change, &costs[i], f.env, &err),
                  DBK_LIMIT, &err);
    }
    assert_int_equal(file.len, 0);
    tear_down(&f);
}

static void a_new_passphrase_opens_the_same_store_and_the_old_one_no_more(void **state)
{
    fixture f;
    dbk_bytes old = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_secret *next;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    assert_ok(dbk_secret_from(&next, dbk_span_str("another one"), &err), &err);
    assert_ok(dbk_bytes_append(&old, dbk_bytes_span(&f.file), &err), &err);
    dbk_slots_change change = { f.wrong, next };
    dbk_bytes_truncate(&f.file, 0);
    assert_rc(dbk_slots_rewrap(&f.file, dbk_bytes_span(&old), &change, &floor_cost, f.env, &err),
              DBK_PASSPHRASE, &err);
    assert_int_equal(f.file.len, 0);
    dbk_err_clear(&err);
    change.old_passphrase = f.right;
    assert_ok(dbk_slots_rewrap(&f.file, dbk_bytes_span(&old), &change, &floor_cost, f.env, &err),
              &err);
    assert_int_equal(open_with(&f, next), DBK_OK);
    assert_int_equal(open_with(&f, f.right), DBK_PASSPHRASE);
    /* Generation 2, and nothing of the old slot is used again. */
    dbk_wire w = dbk_wire_from(dbk_span_of(f.file.p + 8, 8));
    assert_int_equal(dbk_wire_get_u64(&w), 2);
    assert_memory_not_equal(f.file.p + SALT_AT, old.p + SALT_AT, 16);
    assert_memory_not_equal(f.file.p + WRAPPED_AT, old.p + WRAPPED_AT, 48);
    dbk_secret_free(next);
    dbk_bytes_wipe(&old);
    tear_down(&f);
}

/* M46: a slot of another file, taken in whole, gives a key that this file's MAC is not made with.
 */
static void a_slot_of_another_store_is_damage(void **state)
{
    fixture f;
    dbk_bytes other = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_secret *key;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    assert_ok(dbk_slots_create(&other, &key, f.right, &floor_cost, f.env, &err), &err);
    assert_false(dbk_span_equal(dbk_secret_bytes(key), dbk_secret_bytes(f.store_key)));
    memcpy(f.file.p + 24, other.p + 24, 140);
    assert_int_equal(open_with(&f, f.right), DBK_DAMAGED);
    dbk_secret_free(key);
    dbk_bytes_wipe(&other);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_passphrase_opens_and_no_other),
        cmocka_unit_test(a_file_with_any_byte_changed_never_unlocks),
        cmocka_unit_test(a_file_cut_short_or_grown_is_damaged),
        cmocka_unit_test(costs_outside_floor_and_ceiling_are_refused),
        cmocka_unit_test(a_new_passphrase_opens_the_same_store_and_the_old_one_no_more),
        cmocka_unit_test(a_slot_of_another_store_is_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
