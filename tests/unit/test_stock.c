/* The store linked against stock SQLite, which takes a key without a word and writes plain text
 * (security.md F5). tests/CMakeLists.txt compiles the same source without its codec into this
 * program; where there is only a system library, there is nothing to compile, and this is skipped.
 */
#include "tests/lib/test.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/crypto/hash.h"
#include "core/crypto/secret.h"
#include "core/store/store.h"
#include "tests/lib/env.h"

#define SKIPPED 77

#ifdef DBK_STOCK_SQLITE

/* What a build without the codec has: the key is taken, and nothing comes of it. */
static int keys_taken;

int sqlite3_key(sqlite3 *db, const void *key, int len)
{
    keys_taken++;
    return db != NULL && key != NULL && len > 0 ? SQLITE_OK : SQLITE_MISUSE;
}

int sqlite3_rekey(sqlite3 *db, const void *key, int len)
{
    return sqlite3_key(db, key, len);
}

typedef struct bench {
    char dir[DBK_TEST_PATH_SIZE];
    char path[2 * DBK_TEST_PATH_SIZE];
    dbk_secret *key;
} bench;

static int setup(void **state)
{
    static const uint8_t bytes[DBK_STORE_KEY_BYTES] = { 7 };
    bench *b = dbk_alloc(sizeof(*b));
    dbk_err err = { 0 };
    dbk_test_dir_make(b->dir);
    (void)snprintf(b->path, sizeof(b->path), "%s/store.db", b->dir);
    assert_ok(dbk_crypto_init(&err), &err);
    assert_ok(dbk_secret_from(&b->key, dbk_span_of(bytes, sizeof(bytes)), &err), &err);
    assert_ok(dbk_store_start(&err), &err);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench *b = *state;
    dbk_secret_free(b->key);
    dbk_test_dir_remove(b->dir);
    dbk_free(b);
    return 0;
}

/* The bytes in all files of the folder. */
static size_t bytes_in(const char *dir)
{
    DIR *list = opendir(dir);
    size_t total = 0;
    assert_non_null(list);
    for (struct dirent *d = readdir(list); d != NULL; d = readdir(list)) {
        char path[2 * DBK_TEST_PATH_SIZE + 256];
        if (d->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", dir, d->d_name);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        assert_int_equal(fseek(file, 0, SEEK_END), 0);
        total += (size_t)ftell(file);
        (void)fclose(file);
    }
    (void)closedir(list);
    return total;
}

static void plain_file(bench *b)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "CREATE TABLE meta(name TEXT, value BLOB);"
                                  "INSERT INTO meta VALUES('family', 'lives at the mill')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int says_version(void *ctx, int count, char **values, char **names)
{
    (void)count;
    (void)values;
    (void)names;
    ++*(int *)ctx;
    return 0;
}

/* Without this the tests below could pass against SQLCipher. */
static void control_this_library_takes_a_key_and_writes_plain_text_F5(void **state)
{
    bench *b = *state;
    sqlite3 *db = NULL;
    int rows = 0;
    keys_taken = 0;
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_key(db, "x", 1), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA cipher_version", says_version, &rows, NULL),
                     SQLITE_OK);
    assert_int_equal(rows, 0);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t(x)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    FILE *file = fopen(b->path, "rb");
    char head[16] = "";
    assert_non_null(file);
    assert_int_equal(fread(head, 1, sizeof(head), file), sizeof(head));
    (void)fclose(file);
    assert_string_equal(head, "SQLite format 3");
}

static void no_store_is_made_by_a_library_that_does_not_encrypt_A05(void **state)
{
    bench *b = *state;
    dbk_store *store = NULL;
    dbk_err err = { 0 };
    keys_taken = 0;
    assert_rc(dbk_store_create(&store, b->path, b->key, &err), DBK_DAMAGED, &err);
    assert_string_equal(err.text, "the SQLite library here doesn't encrypt");
    assert_null(store);
    assert_int_equal(keys_taken, 0); /* a library that nobody knows gets no key */
    assert_int_equal(bytes_in(b->dir), 0);
}

static void a_plain_file_is_not_opened_and_not_changed_A05(void **state)
{
    bench *b = *state;
    dbk_store *store = NULL;
    dbk_err err = { 0 };
    plain_file(b);
    size_t before = bytes_in(b->dir);
    keys_taken = 0;
    assert_rc(dbk_store_open(&store, b->path, b->key, &err), DBK_DAMAGED, &err);
    assert_string_equal(err.text, "the store's file is not encrypted");
    assert_rc(dbk_store_create(&store, b->path, b->key, &err), DBK_DAMAGED, &err);
    assert_rc(dbk_store_prove(b->path, b->key, &err), DBK_DAMAGED, &err);
    assert_null(store);
    assert_int_equal(keys_taken, 0);
    assert_int_equal(bytes_in(b->dir), before);
}

/* A sealed file stays what it was: nothing of it is taken for pages and mended. */
static void a_file_that_is_no_database_is_not_touched_A05(void **state)
{
    bench *b = *state;
    dbk_store *store = NULL;
    dbk_err err = { 0 };
    FILE *file = fopen(b->path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 8192; i++)
        assert_int_not_equal(fputc((i * 7919) >> 3 & 255, file), EOF);
    assert_int_equal(fclose(file), 0);
    keys_taken = 0;
    assert_rc(dbk_store_open(&store, b->path, b->key, &err), DBK_DAMAGED, &err);
    assert_string_equal(err.text, "the SQLite library here doesn't encrypt");
    assert_int_equal(keys_taken, 0);
    assert_int_equal(bytes_in(b->dir), 8192);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(control_this_library_takes_a_key_and_writes_plain_text_F5,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(no_store_is_made_by_a_library_that_does_not_encrypt_A05,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_plain_file_is_not_opened_and_not_changed_A05, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_no_database_is_not_touched_A05, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    (void)puts("skipped: no source of SQLite here to compile without its codec");
    return SKIPPED;
}

#endif
