#include "tests/lib/test.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/crypto/hash.h"
#include "core/store/schema.h"
#include "core/store/sql.h"
#include "tests/lib/storekit.h"

static size_t file_read(const char *path, uint8_t *out, size_t max)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t got = read(fd, out, max);
    (void)close(fd);
    assert_true(got >= 0);
    return (size_t)got;
}

static void file_write(const char *path, const uint8_t *in, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, in, len), len);
    (void)close(fd);
}

/* ---- what stands on the disk --------------------------------------------------------------- */

static bool file_holds(const char *path, const char *marker)
{
    static uint8_t bytes[4 * 1024 * 1024];
    size_t len = file_read(path, bytes, sizeof(bytes));
    size_t n = strlen(marker);
    for (size_t i = 0; i + n <= len; i++)
        if (memcmp(bytes + i, marker, n) == 0)
            return true;
    return false;
}

static void nothing_readable_stands_in_file_or_wal_F5_A05(void **state)
{
    storekit *k = *state;
    dbk_err err = { 0 };
    char wal[2 * DBK_TEST_PATH_SIZE + 8];
    (void)snprintf(wal, sizeof(wal), "%s-wal", k->path);
    assert_ok(dbk_store_meta_put(k->store, "secret-name-of-a-fact",
                                 dbk_span_str("the family lives at the mill"), &err),
              &err);
    assert_false(file_holds(wal, "the family lives"));
    assert_false(file_holds(wal, "secret-name-of"));
    storekit_reopen(k); /* which puts the WAL into the file */
    assert_false(file_holds(k->path, "the family lives"));
    assert_false(file_holds(k->path, "CREATE TABLE"));
    assert_false(file_holds(k->path, "SQLite format 3"));
}

static void another_key_opens_nothing(void **state)
{
    storekit *k = *state;
    dbk_err err = { 0 };
    dbk_store *other = NULL;
    dbk_secret *wrong = storekit_key(8);
    dbk_store_close(k->store);
    k->store = NULL;
    assert_rc(dbk_store_open(&other, k->path, wrong, &err), DBK_DAMAGED, &err);
    assert_null(other);
    dbk_secret_free(wrong);
}

/* The pragmas of security.md F1-F5, asked of the open connection. */
static void the_connection_is_settled_as_security_F1_to_F5_say(void **state)
{
    static const struct {
        const char *pragma, *want;
    } cases[] = {
        { "PRAGMA cipher_page_size", "4096" }, { "PRAGMA journal_mode", "wal" },
        { "PRAGMA synchronous", "2" },         { "PRAGMA locking_mode", "exclusive" },
        { "PRAGMA trusted_schema", "0" },      { "PRAGMA foreign_keys", "1" },
        { "PRAGMA secure_delete", "1" },       { "PRAGMA temp_store", "2" },
        { "PRAGMA cell_size_check", "1" },     { "PRAGMA user_version", "12" },
        { "PRAGMA cipher_log_level", "NONE" },
    };
    storekit *k = *state;
    char got[64];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_err err = { 0 };
        assert_ok(dbk_sql_ask(k->store, got, sizeof(got), cases[i].pragma, &err), &err);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s: got %s, want %s", cases[i].pragma, got, cases[i].want);
    }
}

static void a_plain_text_database_is_refused_F5(void **state)
{
    storekit *k = *state;
    sqlite3 *plain = NULL;
    dbk_store *store = NULL;
    dbk_err err = { 0 };
    const char *path = dbk_test_path(k->dir, "plain.db");
    assert_int_equal(sqlite3_open(path, &plain), SQLITE_OK);
    assert_int_equal(sqlite3_exec(plain, "CREATE TABLE t(a)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(plain), SQLITE_OK);
    assert_true(file_holds(path, "SQLite format 3"));
    assert_rc(dbk_store_open(&store, path, k->key, &err), DBK_DAMAGED, &err);
    assert_string_equal(err.text, "the store's file is not encrypted");
    assert_null(store);
}

static void one_connection_at_a_time_F4(void **state)
{
    storekit *k = *state;
    dbk_store *second = NULL;
    dbk_err err = { 0 };
    assert_rc(dbk_store_open(&second, k->path, k->key, &err), DBK_BUSY, &err);
    assert_null(second);
}

static void copy_file(const char *to, const char *from)
{
    static uint8_t bytes[1024 * 1024];
    size_t len = file_read(from, bytes, sizeof(bytes));
    assert_true(len < sizeof(bytes));
    file_write(to, bytes, len);
}

/* Also when the last program was killed, and half of the store stands in its WAL. */
static void a_store_of_a_newer_version_is_refused_and_left_byte_for_byte_A40(void **state)
{
    static uint8_t before[2][1024 * 1024], after[1024 * 1024];
    static const char *const names[] = { "newer.db", "newer.db-wal" };
    storekit *k = *state;
    dbk_store *store = NULL;
    dbk_err err = { 0 };
    size_t len[2];
    assert_ok(dbk_sql_exec(k->store, "PRAGMA user_version=99", &err), &err);
    copy_file(dbk_test_path(k->dir, names[0]), k->path);
    copy_file(dbk_test_path(k->dir, names[1]), dbk_test_path(k->dir, "store.db-wal"));
    for (size_t i = 0; i < 2; i++)
        len[i] = file_read(dbk_test_path(k->dir, names[i]), before[i], sizeof(before[i]));
    assert_true(len[1] > 4096);
    assert_rc(dbk_store_open(&store, dbk_test_path(k->dir, names[0]), k->key, &err), DBK_VERSION,
              &err);
    assert_null(store);
    for (size_t i = 0; i < 2; i++) {
        const char *path = dbk_test_path(k->dir, names[i]);
        assert_int_equal(file_read(path, after, sizeof(after)), len[i]);
        assert_memory_equal(before[i], after, len[i]);
    }
    assert_int_not_equal(access(dbk_test_path(k->dir, "newer.db.before-99"), F_OK), 0);
}

static void every_flipped_byte_of_the_file_is_found_or_harmless(void **state)
{
    static uint8_t bytes[1024 * 1024];
    storekit *k = *state;
    dbk_err err = { 0 };
    dbk_store *store = NULL;
    assert_ok(dbk_store_meta_put(k->store, "fact", dbk_span_str("kept"), &err), &err);
    dbk_store_close(k->store);
    k->store = NULL;
    size_t len = file_read(k->path, bytes, sizeof(bytes));
    for (size_t at = 0; at < len; at += 509) {
        dbk_bytes value = DBK_BYTES_INIT(16);
        dbk_err_clear(&err);
        bytes[at] ^= 0x10;
        file_write(k->path, bytes, len);
        bytes[at] ^= 0x10;
        dbk_rc rc = dbk_store_open(&store, k->path, k->key, &err);
        if (rc == DBK_OK)
            rc = dbk_store_meta_get(store, &value, "fact", &err);
        if (rc == DBK_OK)
            assert_true(dbk_span_equal(dbk_bytes_span(&value), dbk_span_str("kept")));
        else if (rc != DBK_DAMAGED)
            fail_msg("byte %zu: %s (%s)", at, dbk_rc_name(rc), err.text);
        /* What SQLCipher met once, it says of all that comes after in other words. */
        for (int again = 0; store != NULL && again < 2; again++) {
            dbk_err_clear(&err);
            rc = dbk_store_meta_put(store, "fact", dbk_span_str("kept"), &err);
            if (rc != DBK_OK && rc != DBK_DAMAGED)
                fail_msg("byte %zu, writing: %s (%s)", at, dbk_rc_name(rc), err.text);
        }
        dbk_bytes_wipe(&value);
        dbk_store_close(store);
        store = NULL;
    }
}

static dbk_rc count_fault(void *ctx, const char *sentence, dbk_err *err)
{
    size_t *count = ctx;
    (void)err;
    assert_true(strlen(sentence) > 5);
    (*count)++;
    return DBK_OK;
}

static void integrity_names_a_page_that_was_changed(void **state)
{
    static uint8_t bytes[1024 * 1024];
    storekit *k = *state;
    dbk_err err = { 0 };
    size_t faults = 0;
    assert_ok(dbk_store_integrity(k->store, count_fault, &faults, &err), &err);
    assert_int_equal(faults, 0);
    dbk_store_close(k->store);
    k->store = NULL;
    size_t len = file_read(k->path, bytes, sizeof(bytes));
    assert_true(len > 5 * 4096);
    /* In the last page that opening doesn't read: the tables' own names may take several. */
    for (size_t at = len; at > 4096 && k->store == NULL; at -= 4096) {
        bytes[at - 2000] ^= 1;
        file_write(k->path, bytes, len);
        if (dbk_store_open(&k->store, k->path, k->key, NULL) != DBK_OK)
            bytes[at - 2000] ^= 1;
    }
    assert_non_null(k->store);
    dbk_rc rc = dbk_store_integrity(k->store, count_fault, &faults, &err);
    assert_true(rc == DBK_OK || rc == DBK_DAMAGED);
    assert_true(faults > 0);
}

/* ---- migrations ---------------------------------------------------------------------------- */

static void a_migration_copies_the_store_first_and_is_all_or_nothing(void **state)
{
    enum { NOW = DBK_STORE_SCHEMA };
    static const char *const next[NOW + 1] = { [NOW] = "CREATE TABLE later(a INTEGER) STRICT;" };
    static const char *const broken[NOW + 2] = {
        [NOW + 1] = "CREATE TABLE more(a INTEGER) STRICT; CREATE TABLE (;"
    };
    storekit *k = *state;
    dbk_err err = { 0 };
    dbk_store *copy = NULL;
    char text[32];
    assert_ok(dbk_store_meta_put(k->store, "fact", dbk_span_str("kept"), &err), &err);
    assert_ok(dbk_schema_apply(k->store, k->path, next, NOW + 1, &err), &err);
    assert_ok(dbk_sql_ask(k->store, text, sizeof(text), "PRAGMA user_version", &err), &err);
    assert_string_equal(text, "13");
    assert_ok(dbk_sql_exec(k->store, "INSERT INTO later VALUES(1)", &err), &err);

    /* The copy is an encrypted store of the version before, with all that was in it. */
    const char *kept = dbk_test_path(k->dir, "store.db.before-12");
    assert_ok(dbk_store_open(&copy, kept, k->key, &err), &err);
    dbk_bytes value = DBK_BYTES_INIT(16);
    assert_ok(dbk_store_meta_get(copy, &value, "fact", &err), &err);
    dbk_bytes_wipe(&value);
    dbk_store_close(copy);
    struct stat st;
    assert_int_equal(stat(kept, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);

    /* A migration that fails in its middle leaves the version before. */
    dbk_rc rc = dbk_schema_apply(k->store, k->path, broken, NOW + 2, &err);
    assert_true(rc != DBK_OK);
    dbk_err_clear(&err);
    assert_ok(dbk_sql_ask(k->store, text, sizeof(text), "PRAGMA user_version", &err), &err);
    assert_string_equal(text, "13");
    assert_ok(dbk_sql_ask(k->store, text, sizeof(text),
                          "SELECT count(*) FROM sqlite_master WHERE name='more'", &err),
              &err);
    assert_string_equal(text, "0");
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, storekit_open, storekit_close)
    const struct CMUnitTest tests[] = {
        WITH_STORE(nothing_readable_stands_in_file_or_wal_F5_A05),
        WITH_STORE(another_key_opens_nothing),
        WITH_STORE(the_connection_is_settled_as_security_F1_to_F5_say),
        WITH_STORE(a_plain_text_database_is_refused_F5),
        WITH_STORE(one_connection_at_a_time_F4),
        WITH_STORE(a_store_of_a_newer_version_is_refused_and_left_byte_for_byte_A40),
        WITH_STORE(every_flipped_byte_of_the_file_is_found_or_harmless),
        WITH_STORE(integrity_names_a_page_that_was_changed),
        WITH_STORE(a_migration_copies_the_store_first_and_is_all_or_nothing),
    };
#undef WITH_STORE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
