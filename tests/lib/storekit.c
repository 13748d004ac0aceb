#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/store/feeds.h"
#include "tests/lib/storekit.h"

dbk_secret *storekit_key(uint8_t fill)
{
    uint8_t bytes[DBK_STORE_KEY_BYTES];
    dbk_secret *key = NULL;
    dbk_err err = { 0 };
    memset(bytes, fill, sizeof(bytes));
    assert_ok(dbk_crypto_init(&err), &err);
    assert_ok(dbk_secret_from(&key, dbk_span_of(bytes, sizeof(bytes)), &err), &err);
    return key;
}

int storekit_open(void **state)
{
    storekit *k = dbk_alloc(sizeof(*k));
    dbk_err err = { 0 };
    dbk_test_dir_make(k->dir);
    (void)snprintf(k->path, sizeof(k->path), "%s/store.db", k->dir);
    k->key = storekit_key(7);
    assert_ok(dbk_store_create(&k->store, k->path, k->key, &err), &err);
    *state = k;
    return 0;
}

int storekit_open_feed(void **state)
{
    (void)storekit_open(state);
    storekit *k = *state;
    k->space = storekit_add_space(k, 0x51);
    k->feed = storekit_add_feed(k, k->space, 0xf1);
    return 0;
}

int storekit_close(void **state)
{
    storekit *k = *state;
    dbk_store_close(k->store);
    dbk_secret_free(k->key);
    dbk_test_dir_remove(k->dir);
    dbk_free(k);
    return 0;
}

void storekit_reopen(storekit *k)
{
    dbk_err err = { 0 };
    dbk_store_close(k->store);
    k->store = NULL;
    assert_ok(dbk_store_open(&k->store, k->path, k->key, &err), &err);
}

dbk_id storekit_id(uint8_t fill)
{
    dbk_id id;
    memset(id.b, fill, sizeof(id.b));
    return id;
}

dbk_hash storekit_hash(uint8_t fill)
{
    dbk_hash hash;
    memset(hash.b, fill, sizeof(hash.b));
    return hash;
}

dbk_rowid storekit_add_space(storekit *k, uint8_t fill)
{
    dbk_err err = { 0 };
    dbk_store_space row = { .space = storekit_id(fill) };
    assert_ok(dbk_spaces_add(k->store, &row, &err), &err);
    assert_true(row.id > 0);
    return row.id;
}

dbk_rowid storekit_add_feed(storekit *k, dbk_rowid space, uint8_t fill)
{
    dbk_err err = { 0 };
    dbk_store_feed row = { .feed = storekit_id(fill),
                           .space = space,
                           .device = storekit_id(2),
                           .incarnation = storekit_id(3),
                           .own = true };
    assert_ok(dbk_feeds_add(k->store, &row, &err), &err);
    assert_true(row.id > 0);
    return row.id;
}
