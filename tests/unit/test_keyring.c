#include "tests/lib/test.h"
#include "tests/lib/chain.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/seal/keyring.h"
#include "core/seal/sealer.h"

static dbk_secret *key_new(const dbk_env *env, dbk_key_entry *entry, uint8_t space, uint64_t epoch)
{
    dbk_secret *key;
    dbk_err err = { 0 };
    assert_ok(dbk_secret_random(&key, 32, env, &err), &err);
    memset(entry, 0, sizeof(*entry));
    entry->space.b[0] = space;
    entry->epoch = epoch;
    entry->key_id = dbk_key_id(key);
    return key;
}

static void a_key_is_found_by_its_id_and_only_in_its_space(void **state)
{
    enum { KEYS = 100 };
    fixed_source source;
    const dbk_env *env = fixed_source_init(&source, 1);
    dbk_keyring *k;
    dbk_key_entry entries[KEYS], current;
    const dbk_secret *keys[KEYS];
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_keyring_new(&k, &err), &err);
    for (size_t i = 0; i < KEYS; i++) {
        /* Epochs arrive in a mixed order: 37 walks through all residues. */
        dbk_secret *key = key_new(env, &entries[i], (uint8_t)(i % 5 + 1), i * 37 % KEYS + 1);
        keys[i] = key;
        assert_ok(dbk_keyring_add_take(k, &entries[i], &key, &err), &err);
        assert_null(key);
    }
    dbk_id elsewhere = { { 99 } };
    for (size_t i = 0; i < KEYS; i++) {
        assert_ptr_equal(dbk_keyring_find(k, &entries[i].space, &entries[i].key_id), keys[i]);
        assert_null(dbk_keyring_find(k, &elsewhere, &entries[i].key_id));
        assert_null(dbk_keyring_find(k, &entries[i].space, &entries[i].space));
    }
    for (uint8_t space = 1; space <= 5; space++) {
        dbk_id id = { { space } };
        size_t best = space - 1u;
        for (size_t i = best; i < KEYS; i += 5)
            best = entries[i].epoch > entries[best].epoch ? i : best;
        assert_ptr_equal(dbk_keyring_current(k, &id, &current), keys[best]);
        assert_int_equal(current.epoch, entries[best].epoch);
        assert_true(dbk_id_equal(&current.key_id, &entries[best].key_id));
        assert_ptr_equal(dbk_keyring_current(k, &id, NULL), keys[best]);
    }
    dbk_id below = { { 0 } }, between = { { 3, 1 } };
    assert_null(dbk_keyring_current(k, &below, NULL));
    assert_null(dbk_keyring_current(k, &between, NULL));
    assert_null(dbk_keyring_current(k, &elsewhere, NULL));
    dbk_keyring_free(k);
}

static void keys_are_only_ever_added(void **state)
{
    fixed_source source;
    const dbk_env *env = fixed_source_init(&source, 2);
    dbk_keyring *k;
    dbk_key_entry entry, other_entry;
    dbk_secret *again;
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_keyring_new(&k, &err), &err);
    dbk_secret *key = key_new(env, &entry, 1, 1), *other = key_new(env, &other_entry, 1, 1);
    const dbk_secret *held = key;
    assert_ok(dbk_secret_from(&again, dbk_secret_bytes(key), &err), &err);
    assert_ok(dbk_keyring_add_take(k, &entry, &key, &err), &err);
    /* The same again is nothing. */
    assert_ok(dbk_keyring_add_take(k, &entry, &again, &err), &err);
    assert_null(again);
    assert_ptr_equal(dbk_keyring_find(k, &entry.space, &entry.key_id), held);
    /* Another key of that epoch (lesson 1.21), and a key under a wrong id, stay the caller's. */
    assert_rc(dbk_keyring_add_take(k, &other_entry, &other, &err), DBK_CONFLICT, &err);
    dbk_err_clear(&err);
    other_entry.epoch = 2;
    other_entry.key_id.b[0] ^= 1;
    assert_rc(dbk_keyring_add_take(k, &other_entry, &other, &err), DBK_AUTH, &err);
    dbk_err_clear(&err);
    assert_non_null(other);
    /* One key for two spaces or two epochs. */
    assert_ok(dbk_secret_from(&again, dbk_secret_bytes(held), &err), &err);
    entry.space.b[0] = 2;
    assert_rc(dbk_keyring_add_take(k, &entry, &again, &err), DBK_CONFLICT, &err);
    entry.space.b[0] = 1;
    entry.epoch = 9;
    dbk_err_clear(&err);
    assert_rc(dbk_keyring_add_take(k, &entry, &again, &err), DBK_CONFLICT, &err);
    dbk_secret_free(again);
    dbk_secret_free(other);
    dbk_keyring_free(k);
}

static int never(void *ctx, size_t size)
{
    (void)ctx;
    (void)size;
    return 0;
}

static void no_memory_leaves_the_keyring_as_it_was(void **state)
{
    fixed_source source;
    const dbk_env *env = fixed_source_init(&source, 3);
    dbk_keyring *k;
    dbk_key_entry entry;
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_keyring_new(&k, &err), &err);
    dbk_secret *key = key_new(env, &entry, 1, 1);
    dbk_alloc_set_hook(never, NULL);
    dbk_rc rc = dbk_keyring_add_take(k, &entry, &key, &err);
    dbk_alloc_set_hook(NULL, NULL);
    assert_rc(rc, DBK_NOMEM, &err);
    assert_non_null(key);
    assert_null(dbk_keyring_find(k, &entry.space, &entry.key_id));
    dbk_err_clear(&err);
    assert_ok(dbk_keyring_add_take(k, &entry, &key, &err), &err);
    assert_non_null(dbk_keyring_find(k, &entry.space, &entry.key_id));
    dbk_keyring_free(k);
    dbk_keyring_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_found_by_its_id_and_only_in_its_space),
        cmocka_unit_test(keys_are_only_ever_added),
        cmocka_unit_test(no_memory_leaves_the_keyring_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
