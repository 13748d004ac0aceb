#include "tests/lib/test.h"
#include "tests/lib/chain.h"

#include <string.h>

#include "core/base/wire.h"
#include "core/seal/slots.h"
#include "core/seal/wrap.h"

/* The floor cost: 64 MiB and 2 passes, about 70 ms each time. */
static const dbk_kdf_cost floor_cost = { DBK_KDF_OPS_FLOOR, DBK_KDF_MEM_FLOOR_BYTES };

#define FILE_BYTES (24u + 140u + 32u)
#define OPS_AT 28u
#define MEM_AT 36u
#define SALT_AT 44u
#define NONCE_AT 60u
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
    const dbk_unlock with = { passphrase, NULL };
    dbk_rc rc = dbk_slots_open(&key, dbk_bytes_span(&f->file), &with, NULL);
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

/* What the passphrase makes of the file when this byte is another. */
static dbk_rc verdict_on(size_t at)
{
    if (at == 4 || at == 5)
        return DBK_VERSION;
    if (at >= OPS_AT && at < OPS_AT + 7)
        return DBK_LIMIT;
    if (at == OPS_AT + 7)
        return DBK_PASSPHRASE; /* 3 passes: another key, so not this passphrase's slot */
    if (at >= MEM_AT && at < MEM_AT + 4)
        return DBK_LIMIT;
    if (at == MEM_AT + 6 || at == MEM_AT + 7)
        return DBK_DAMAGED; /* Argon2id counts whole KiB: it is the AEAD that tells */
    if (at >= MEM_AT + 4 && at < SALT_AT + 16)
        return DBK_PASSPHRASE;
    return at >= COMMITMENT_AT && at < MAC_AT ? DBK_PASSPHRASE : DBK_DAMAGED;
}

/* Is this byte judged before Argon2id? Of the other fields the first and last byte are changed
 * here; all of their bytes are under the MAC, which the next test shows without a derivation. */
static bool worth_a_derivation(size_t at)
{
    static const size_t ends[] = { 8,
                                   15,
                                   OPS_AT + 7,
                                   MEM_AT + 4,
                                   MEM_AT + 7,
                                   SALT_AT,
                                   SALT_AT + 15,
                                   NONCE_AT,
                                   NONCE_AT + 23,
                                   WRAPPED_AT,
                                   WRAPPED_AT + 47,
                                   COMMITMENT_AT,
                                   COMMITMENT_AT + 31,
                                   MAC_AT,
                                   MAC_AT + 31 };
    bool early = at < 8 || (at >= 16 && at < OPS_AT + 7) || (at >= MEM_AT && at < MEM_AT + 4);
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        early = early || ends[i] == at;
    return early;
}

/* What a byte belongs to decides what may be said of it, and none of them unlocks. */
static void a_file_with_a_byte_of_any_field_changed_never_unlocks_A02(void **state)
{
    fixture f;
    (void)state;
    set_up(&f);
    for (size_t at = 0; at < f.file.len; at++) {
        dbk_rc want = verdict_on(at);
        uint8_t flip = want == DBK_VERSION ? 2 : 1;
        if (!worth_a_derivation(at))
            continue;
        f.file.p[at] ^= flip;
        dbk_rc got = open_with(&f, f.right);
        if (got != want)
            fail_msg("byte %zu: got %s, want %s", at, dbk_rc_name(got), dbk_rc_name(want));
        f.file.p[at] ^= flip;
    }
    assert_int_equal(open_with(&f, f.right), DBK_OK);
    tear_down(&f);
}

/* ---- headquarters' recovery key ------------------------------------------------------------- */

static dbk_recovery_to add_recovery(fixture *f, dbk_secret **sk)
{
    dbk_bytes old = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_recovery_to to = { .device = { { 7 } } };
    dbk_err err = { 0 };
    assert_ok(dbk_kem_keypair(to.key, sk, f->env, &err), &err);
    assert_ok(dbk_bytes_append(&old, dbk_bytes_span(&f->file), &err), &err);
    dbk_bytes_truncate(&f->file, 0);
    assert_ok(
        dbk_slots_put_recovery(&f->file, dbk_bytes_span(&old), f->store_key, &to, f->env, &err),
        &err);
    dbk_bytes_wipe(&old);
    return to;
}

static dbk_rc recover_with(const fixture *f, const dbk_secret *sk)
{
    dbk_secret *key;
    dbk_rc rc = dbk_slots_recover(&key, dbk_bytes_span(&f->file), sk, NULL);
    assert_int_equal(rc == DBK_OK, key != NULL);
    if (rc == DBK_OK)
        assert_true(dbk_span_equal(dbk_secret_bytes(key), dbk_secret_bytes(f->store_key)));
    dbk_secret_free(key);
    return rc;
}

static void the_recovery_key_and_the_passphrase_open_the_same_store(void **state)
{
    fixture f;
    dbk_slots_look look;
    dbk_secret *sk, *other;
    uint8_t pk[32];
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    assert_ok(dbk_slots_look_at(&look, dbk_bytes_span(&f.file), &err), &err);
    assert_int_equal(look.generation, 1);
    assert_true(look.recovery.key[0] == 0 &&
                memcmp(look.recovery.key, look.recovery.key + 1, 31) == 0);
    dbk_recovery_to to = add_recovery(&f, &sk);
    assert_int_equal(f.file.len, FILE_BYTES + 140);
    assert_int_equal(recover_with(&f, sk), DBK_OK);
    assert_int_equal(open_with(&f, f.right), DBK_OK);
    assert_ok(dbk_kem_keypair(pk, &other, f.env, &err), &err);
    assert_int_equal(recover_with(&f, other), DBK_PASSPHRASE);
    assert_ok(dbk_slots_look_at(&look, dbk_bytes_span(&f.file), &err), &err);
    assert_int_equal(look.generation, 2);
    assert_int_equal(look.passphrases, 1);
    assert_memory_equal(&look.recovery, &to, sizeof(to));
    dbk_secret_free(sk);
    dbk_secret_free(other);
    tear_down(&f);
}

/* Every byte of both slots, of the head and the MAC; no derivation is needed to see it. */
static void a_file_with_any_byte_changed_never_unlocks_by_the_recovery_key_A02(void **state)
{
    fixture f;
    dbk_secret *sk;
    (void)state;
    set_up(&f);
    (void)add_recovery(&f, &sk);
    for (size_t at = 0; at < f.file.len; at++) {
        for (uint8_t flip = 1; flip <= 2; flip++) {
            f.file.p[at] ^= flip;
            if (recover_with(&f, sk) == DBK_OK)
                fail_msg("byte %zu", at);
            f.file.p[at] ^= flip;
        }
    }
    assert_int_equal(recover_with(&f, sk), DBK_OK);
    dbk_secret_free(sk);
    tear_down(&f);
}

/* M32, M46: whoever can write the file but has no key can't add a slot for himself, and whoever
 * holds another store's key can't make a file of this one. */
static void a_recovery_slot_of_a_strangers_making_is_damage_M32(void **state)
{
    fixture f;
    dbk_secret *sk, *store_key;
    dbk_recovery_to to = { .device = { { 7 } } };
    dbk_bytes other = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX),
              made = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    assert_ok(dbk_kem_keypair(to.key, &sk, f.env, &err), &err);
    assert_ok(dbk_slots_create(&other, &store_key, f.right, &floor_cost, f.env, &err), &err);
    assert_rc(dbk_slots_put_recovery(&made, dbk_bytes_span(&f.file), store_key, &to, f.env, &err),
              DBK_DAMAGED, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_slots_put_recovery(&made, dbk_bytes_span(&other), store_key, &to, f.env, &err),
              &err);
    /* The stranger's slot behind ours: both its own MAC and the old one are wrong for the file. */
    dbk_bytes_truncate(&f.file, FILE_BYTES - 32);
    assert_ok(dbk_bytes_append(&f.file, dbk_span_of(made.p + 164, 140 + 32), &err), &err);
    f.file.p[7] = 2;
    assert_int_equal(recover_with(&f, sk), DBK_DAMAGED);
    assert_int_equal(open_with(&f, f.right), DBK_DAMAGED);
    dbk_secret_free(sk);
    dbk_secret_free(store_key);
    dbk_bytes_wipe(&other);
    dbk_bytes_wipe(&made);
    tear_down(&f);
}

static void after_recovery_only_the_new_passphrase_opens(void **state)
{
    fixture f;
    dbk_secret *sk;
    dbk_bytes old = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    (void)add_recovery(&f, &sk);
    assert_ok(dbk_bytes_append(&old, dbk_bytes_span(&f.file), &err), &err);
    dbk_bytes_truncate(&f.file, 0);
    assert_ok(dbk_slots_reset(&f.file, dbk_bytes_span(&old), f.store_key, f.wrong, &floor_cost,
                              f.env, &err),
              &err);
    assert_int_equal(open_with(&f, f.wrong), DBK_OK);
    assert_int_equal(open_with(&f, f.right), DBK_PASSPHRASE);
    assert_int_equal(recover_with(&f, sk), DBK_OK);
    dbk_secret_free(sk);
    dbk_bytes_wipe(&old);
    tear_down(&f);
}

static void a_rekeyed_file_holds_another_store_key_for_the_same_people(void **state)
{
    fixture f;
    dbk_secret *sk, *key = NULL;
    dbk_slots_look look;
    dbk_bytes old = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    dbk_recovery_to to = add_recovery(&f, &sk);
    assert_ok(dbk_bytes_append(&old, dbk_bytes_span(&f.file), &err), &err);
    dbk_bytes_truncate(&f.file, 0);
    const dbk_unlock with = { f.right, NULL };
    assert_ok(dbk_slots_rekey(&f.file, &key, dbk_bytes_span(&old), &with, &floor_cost, f.env, &err),
              &err);
    assert_false(dbk_span_equal(dbk_secret_bytes(key), dbk_secret_bytes(f.store_key)));
    dbk_secret_free(f.store_key);
    f.store_key = key;
    assert_int_equal(open_with(&f, f.right), DBK_OK);
    assert_int_equal(recover_with(&f, sk), DBK_OK);
    assert_ok(dbk_slots_look_at(&look, dbk_bytes_span(&f.file), &err), &err);
    assert_int_equal(look.generation, 3);
    assert_memory_equal(&look.recovery, &to, sizeof(to));
    dbk_secret_free(sk);
    dbk_bytes_wipe(&old);
    tear_down(&f);
}

/* ---- calibration --------------------------------------------------------------------------- */

#define ROOMY (UINT64_C(16) << 30)

/* A machine that needs this long for 64 MiB in one pass, and as much for each further 64 MiB. */
typedef struct machine {
    uint64_t pass_us;
    uint64_t mem_bytes; /* it has no more */
    unsigned runs;
} machine;

static dbk_rc run_on(void *self, uint64_t *took_ms, const dbk_kdf_cost *cost, dbk_err *err)
{
    machine *m = self;
    m->runs++;
    if (cost->mem_bytes > m->mem_bytes)
        return dbk_fail(err, DBK_NOMEM, "no memory for Argon2id");
    *took_ms = m->pass_us * cost->ops * (cost->mem_bytes / DBK_KDF_MEM_FLOOR_BYTES) / 1000;
    return DBK_OK;
}

static void the_cost_is_near_the_target_and_within_floor_and_ceiling_R18(void **state)
{
    static const struct {
        const char *what;
        machine m;
        uint64_t mem_max;
        dbk_kdf_cost want;
    } cases[] = {
        { "a laptop", { 35000, ROOMY, 0 }, 0, { 5, 256u << 20 } },
        { "a fast desk", { 8000, ROOMY, 0 }, 0, { 6, 1u << 30 } },
        { "a wonder", { 0, ROOMY, 0 }, 0, { 8, 1u << 30 } },
        { "an old tablet", { 300000, ROOMY, 0 }, 0, { 2, 64u << 20 } },
        { "a machine short of memory", { 35000, 100u << 20, 0 }, 0, { 8, 64u << 20 } },
        { "a small machine", { 35000, 1u << 30, 0 }, 128u << 20, { 8, 128u << 20 } },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        machine m = cases[i].m;
        const dbk_kdf_meter meter = { run_on, &m, cases[i].mem_max };
        dbk_kdf_cost got = { 0, 0 };
        dbk_err err = { 0 };
        assert_ok(dbk_kdf_calibrate(&got, &meter, &err), &err);
        if (got.ops != cases[i].want.ops || got.mem_bytes != cases[i].want.mem_bytes)
            fail_msg("%s: got %u passes, %u MiB", cases[i].what, (unsigned)got.ops,
                     (unsigned)(got.mem_bytes >> 20));
        assert_true(m.runs <= 5);
    }
}

static void a_machine_without_memory_for_the_floor_says_so(void **state)
{
    machine m = { 1000, 1u << 20, 0 };
    const dbk_kdf_meter meter = { run_on, &m, 0 };
    dbk_kdf_cost got;
    dbk_err err = { 0 };
    (void)state;
    assert_rc(dbk_kdf_calibrate(&got, &meter, &err), DBK_NOMEM, &err);
}

static void a_file_cut_short_or_grown_is_damaged(void **state)
{
    fixture f;
    dbk_secret *key;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    for (size_t len = 0; len < f.file.len; len++) {
        const dbk_unlock with = { f.right, NULL };
        assert_int_equal(dbk_slots_open(&key, dbk_span_of(f.file.p, len), &with, NULL),
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
    dbk_slots_change change = { .old_passphrase = f.right, .new_passphrase = f.wrong };
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
    dbk_slots_change change = { .old_passphrase = f.wrong, .new_passphrase = next };
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
        cmocka_unit_test(a_file_with_a_byte_of_any_field_changed_never_unlocks_A02),
        cmocka_unit_test(the_recovery_key_and_the_passphrase_open_the_same_store),
        cmocka_unit_test(a_file_with_any_byte_changed_never_unlocks_by_the_recovery_key_A02),
        cmocka_unit_test(a_recovery_slot_of_a_strangers_making_is_damage_M32),
        cmocka_unit_test(after_recovery_only_the_new_passphrase_opens),
        cmocka_unit_test(a_rekeyed_file_holds_another_store_key_for_the_same_people),
        cmocka_unit_test(the_cost_is_near_the_target_and_within_floor_and_ceiling_R18),
        cmocka_unit_test(a_machine_without_memory_for_the_floor_says_so),
        cmocka_unit_test(a_file_cut_short_or_grown_is_damaged),
        cmocka_unit_test(costs_outside_floor_and_ceiling_are_refused),
        cmocka_unit_test(a_new_passphrase_opens_the_same_store_and_the_old_one_no_more),
        cmocka_unit_test(a_slot_of_another_store_is_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
