#include "tests/lib/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/crypto/hash.h"
#include "core/store/schema.h"
#include "core/store/sql.h"
#include "tests/lib/env.h"

typedef struct bench {
    char dir[DBK_TEST_PATH_SIZE];
    char path[2 * DBK_TEST_PATH_SIZE];
    dbk_secret *key;
    dbk_store *store;
} bench;

static dbk_secret *key_of(uint8_t fill)
{
    uint8_t bytes[DBK_STORE_KEY_BYTES];
    dbk_secret *key = NULL;
    dbk_err err = { 0 };
    memset(bytes, fill, sizeof(bytes));
    assert_ok(dbk_crypto_init(&err), &err);
    assert_ok(dbk_secret_from(&key, dbk_span_of(bytes, sizeof(bytes)), &err), &err);
    return key;
}

static int setup(void **state)
{
    bench *b = dbk_alloc(sizeof(*b));
    dbk_err err = { 0 };
    dbk_test_dir_make(b->dir);
    (void)snprintf(b->path, sizeof(b->path), "%s/store.db", b->dir);
    b->key = key_of(7);
    assert_ok(dbk_store_create(&b->store, b->path, b->key, &err), &err);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    bench *b = *state;
    dbk_store_close(b->store);
    dbk_secret_free(b->key);
    dbk_test_dir_remove(b->dir);
    dbk_free(b);
    return 0;
}

static void reopen(bench *b)
{
    dbk_err err = { 0 };
    dbk_store_close(b->store);
    b->store = NULL;
    assert_ok(dbk_store_open(&b->store, b->path, b->key, &err), &err);
}

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
    bench *b = *state;
    dbk_err err = { 0 };
    char wal[2 * DBK_TEST_PATH_SIZE + 8];
    (void)snprintf(wal, sizeof(wal), "%s-wal", b->path);
    assert_ok(dbk_store_meta_put(b->store, "secret-name-of-a-fact",
                                 dbk_span_str("the family lives at the mill"), &err),
              &err);
    assert_false(file_holds(wal, "the family lives"));
    assert_false(file_holds(wal, "secret-name-of"));
    reopen(b); /* which puts the WAL into the file */
    assert_false(file_holds(b->path, "the family lives"));
    assert_false(file_holds(b->path, "CREATE TABLE"));
    assert_false(file_holds(b->path, "SQLite format 3"));
}

static void another_key_opens_nothing(void **state)
{
    bench *b = *state;
    dbk_err err = { 0 };
    dbk_store *other = NULL;
    dbk_secret *wrong = key_of(8);
    dbk_store_close(b->store);
    b->store = NULL;
    assert_rc(dbk_store_open(&other, b->path, wrong, &err), DBK_DAMAGED, &err);
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
        { "PRAGMA cell_size_check", "1" },     { "PRAGMA user_version", "1" },
        { "PRAGMA cipher_log_level", "NONE" },
    };
    bench *b = *state;
    char got[64];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_err err = { 0 };
        assert_ok(dbk_sql_ask(b->store, got, sizeof(got), cases[i].pragma, &err), &err);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s: got %s, want %s", cases[i].pragma, got, cases[i].want);
    }
}

static void a_plain_text_database_is_refused_F5(void **state)
{
    bench *b = *state;
    sqlite3 *plain = NULL;
    dbk_store *store = NULL;
    dbk_err err = { 0 };
    const char *path = dbk_test_path(b->dir, "plain.db");
    assert_int_equal(sqlite3_open(path, &plain), SQLITE_OK);
    assert_int_equal(sqlite3_exec(plain, "CREATE TABLE t(a)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(plain), SQLITE_OK);
    assert_true(file_holds(path, "SQLite format 3"));
    assert_rc(dbk_store_open(&store, path, b->key, &err), DBK_DAMAGED, &err);
    assert_string_equal(err.text, "the store's file is not encrypted");
    assert_null(store);
}

static void one_connection_at_a_time_F4(void **state)
{
    bench *b = *state;
    dbk_store *second = NULL;
    dbk_err err = { 0 };
    assert_rc(dbk_store_open(&second, b->path, b->key, &err), DBK_BUSY, &err);
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
    bench *b = *state;
    dbk_store *store = NULL;
    dbk_err err = { 0 };
    size_t len[2];
    assert_ok(dbk_sql_exec(b->store, "PRAGMA user_version=99", &err), &err);
    copy_file(dbk_test_path(b->dir, names[0]), b->path);
    copy_file(dbk_test_path(b->dir, names[1]), dbk_test_path(b->dir, "store.db-wal"));
    for (size_t i = 0; i < 2; i++)
        len[i] = file_read(dbk_test_path(b->dir, names[i]), before[i], sizeof(before[i]));
    assert_true(len[1] > 4096);
    assert_rc(dbk_store_open(&store, dbk_test_path(b->dir, names[0]), b->key, &err), DBK_VERSION,
              &err);
    assert_null(store);
    for (size_t i = 0; i < 2; i++) {
        const char *path = dbk_test_path(b->dir, names[i]);
        assert_int_equal(file_read(path, after, sizeof(after)), len[i]);
        assert_memory_equal(before[i], after, len[i]);
    }
    assert_int_not_equal(access(dbk_test_path(b->dir, "newer.db.before-99"), F_OK), 0);
}

static void every_flipped_byte_of_the_file_is_found_or_harmless(void **state)
{
    static uint8_t bytes[1024 * 1024];
    bench *b = *state;
    dbk_err err = { 0 };
    dbk_store *store = NULL;
    assert_ok(dbk_store_meta_put(b->store, "fact", dbk_span_str("kept"), &err), &err);
    dbk_store_close(b->store);
    b->store = NULL;
    size_t len = file_read(b->path, bytes, sizeof(bytes));
    for (size_t at = 0; at < len; at += 509) {
        dbk_bytes value = DBK_BYTES_INIT(16);
        dbk_err_clear(&err);
        bytes[at] ^= 0x10;
        file_write(b->path, bytes, len);
        bytes[at] ^= 0x10;
        dbk_rc rc = dbk_store_open(&store, b->path, b->key, &err);
        if (rc == DBK_OK)
            rc = dbk_store_meta_get(store, &value, "fact", &err);
        if (rc == DBK_OK)
            assert_true(dbk_span_equal(dbk_bytes_span(&value), dbk_span_str("kept")));
        else if (rc != DBK_DAMAGED)
            fail_msg("byte %zu: %s (%s)", at, dbk_rc_name(rc), err.text);
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
    bench *b = *state;
    dbk_err err = { 0 };
    size_t faults = 0;
    assert_ok(dbk_store_integrity(b->store, count_fault, &faults, &err), &err);
    assert_int_equal(faults, 0);
    dbk_store_close(b->store);
    b->store = NULL;
    size_t len = file_read(b->path, bytes, sizeof(bytes));
    assert_true(len > 5 * 4096);
    bytes[len - 2000] ^= 1; /* in the last page, which opening doesn't read */
    file_write(b->path, bytes, len);
    assert_ok(dbk_store_open(&b->store, b->path, b->key, &err), &err);
    dbk_rc rc = dbk_store_integrity(b->store, count_fault, &faults, &err);
    assert_true(rc == DBK_OK || rc == DBK_DAMAGED);
    assert_true(faults > 0);
}

/* ---- migrations ---------------------------------------------------------------------------- */

static void a_migration_copies_the_store_first_and_is_all_or_nothing(void **state)
{
    static const char *const two[] = { NULL, "CREATE TABLE later(a INTEGER) STRICT;" };
    static const char *const three[] = { NULL, NULL,
                                         "CREATE TABLE more(a INTEGER) STRICT; CREATE TABLE (;" };
    bench *b = *state;
    dbk_err err = { 0 };
    dbk_store *copy = NULL;
    char text[32];
    assert_ok(dbk_store_meta_put(b->store, "fact", dbk_span_str("kept"), &err), &err);
    assert_ok(dbk_schema_apply(b->store, b->path, two, 2, &err), &err);
    assert_ok(dbk_sql_ask(b->store, text, sizeof(text), "PRAGMA user_version", &err), &err);
    assert_string_equal(text, "2");
    assert_ok(dbk_sql_exec(b->store, "INSERT INTO later VALUES(1)", &err), &err);

    /* The copy is an encrypted store of the version before, with all that was in it. */
    const char *kept = dbk_test_path(b->dir, "store.db.before-1");
    assert_ok(dbk_store_open(&copy, kept, b->key, &err), &err);
    dbk_bytes value = DBK_BYTES_INIT(16);
    assert_ok(dbk_store_meta_get(copy, &value, "fact", &err), &err);
    dbk_bytes_wipe(&value);
    dbk_store_close(copy);
    struct stat st;
    assert_int_equal(stat(kept, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);

    /* A migration that fails in its middle leaves the version before. */
    dbk_rc rc = dbk_schema_apply(b->store, b->path, three, 3, &err);
    assert_true(rc != DBK_OK);
    dbk_err_clear(&err);
    assert_ok(dbk_sql_ask(b->store, text, sizeof(text), "PRAGMA user_version", &err), &err);
    assert_string_equal(text, "2");
    assert_ok(dbk_sql_ask(b->store, text, sizeof(text),
                          "SELECT count(*) FROM sqlite_master WHERE name='more'", &err),
              &err);
    assert_string_equal(text, "0");
}

/* ---- failures ------------------------------------------------------------------------------ */

static void codes_become_ours_in_one_place(void **state)
{
    static const struct {
        int code;
        dbk_rc want;
    } cases[] = {
        { SQLITE_OK, DBK_OK },
        { SQLITE_ROW, DBK_OK },
        { SQLITE_DONE, DBK_OK },
        { SQLITE_FULL, DBK_FULL },
        { SQLITE_NOTADB, DBK_DAMAGED },
        { SQLITE_ERROR, DBK_DAMAGED }, /* SQLCipher: a page's MAC */
        { SQLITE_CORRUPT, DBK_DAMAGED },
        { SQLITE_CORRUPT_INDEX, DBK_DAMAGED },
        { SQLITE_NOMEM, DBK_NOMEM },
        { SQLITE_IOERR_NOMEM, DBK_NOMEM },
        { SQLITE_IOERR_FSYNC, DBK_IO },
        { SQLITE_CANTOPEN, DBK_IO },
        { SQLITE_READONLY, DBK_IO },
        { SQLITE_BUSY, DBK_BUSY },
        { SQLITE_LOCKED, DBK_BUSY },
        { SQLITE_CONSTRAINT_UNIQUE, DBK_CONFLICT },
        { SQLITE_TOOBIG, DBK_LIMIT },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_err err = { 0 };
        dbk_rc rc = dbk_sql_rc(NULL, cases[i].code, &err);
        if (rc != cases[i].want)
            fail_msg("SQLite %d: got %s", cases[i].code, dbk_rc_name(rc));
        assert_int_equal(err.rc, cases[i].want);
    }
}

/* A file that can't grow, as a full disk: EFBIG where a disk says ENOSPC. */
static void a_full_disk_is_DBK_FULL_and_the_store_goes_on_when_there_is_room_A38(void **state)
{
    static uint8_t big[48 * 1024];
    bench *b = *state;
    struct rlimit old, small;
    dbk_err err = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(sizeof(big));
    assert_ok(dbk_store_meta_put(b->store, "before", dbk_span_str("safe"), &err), &err);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 64 * 1024;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    dbk_rc rc = dbk_store_begin(b->store, &err);
    for (int i = 0; rc == DBK_OK && i < 8; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "big%d", i);
        rc = dbk_store_meta_put(b->store, name, dbk_span_of(big, sizeof(big)), &err);
    }
    if (rc == DBK_OK)
        rc = dbk_store_commit(b->store, &err);
    dbk_store_rollback(b->store);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_rc(rc, DBK_FULL, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_store_meta_get(b->store, &value, "before", &err), &err);
    dbk_bytes_truncate(&value, 0);
    assert_rc(dbk_store_meta_get(b->store, &value, "big0", &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_store_meta_put(b->store, "after", dbk_span_str("works"), &err), &err);
    reopen(b);
    assert_ok(dbk_store_meta_get(b->store, &value, "after", &err), &err);
    dbk_bytes_wipe(&value);
}

/* A disk whose fsync fails on command: the system's VFS with one call of ours in it. Files differ
 * in their methods (only the database is locked), so each kind is wrapped by itself. */
static int (*real_open)(sqlite3_vfs *, sqlite3_filename, sqlite3_file *, int, int *);
static struct wrapped {
    const sqlite3_io_methods *real;
    sqlite3_io_methods methods;
} wrapped[8];
static bool fsync_fails;

static int failing_sync(sqlite3_file *file, int flags)
{
    size_t i = 0;
    while (&wrapped[i].methods != file->pMethods)
        i++;
    return fsync_fails ? SQLITE_IOERR_FSYNC : wrapped[i].real->xSync(file, flags);
}

static int failing_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
                        int *out_flags)
{
    size_t i = 0;
    int code = real_open(vfs, name, file, flags, out_flags);
    if (code != SQLITE_OK || file->pMethods == NULL)
        return code;
    while (wrapped[i].real != NULL && wrapped[i].real != file->pMethods)
        i++;
    assert_true(i < ARRAY_LEN(wrapped));
    wrapped[i].real = file->pMethods;
    wrapped[i].methods = *file->pMethods;
    wrapped[i].methods.xSync = failing_sync;
    file->pMethods = &wrapped[i].methods;
    return SQLITE_OK;
}

static void after_a_failed_fsync_nothing_is_written_until_it_is_opened_again(void **state)
{
    bench *b = *state;
    dbk_err err = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(16);
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    static sqlite3_vfs failing;
    failing = *real;
    failing.zName = "failing";
    real_open = real->xOpen;
    failing.xOpen = failing_open;
    assert_int_equal(sqlite3_vfs_register(&failing, 1), SQLITE_OK);
    reopen(b);
    assert_ok(dbk_store_meta_put(b->store, "before", dbk_span_str("safe"), &err), &err);
    assert_ok(dbk_store_begin(b->store, &err), &err);
    assert_ok(dbk_store_meta_put(b->store, "lost", dbk_span_str("?"), &err), &err);
    fsync_fails = true;
    assert_rc(dbk_store_commit(b->store, &err), DBK_IO, &err);
    fsync_fails = false;
    assert_false(dbk_store_in_transaction(b->store));
    /* The disk may say "fine" again and have forgotten the pages all the same. */
    dbk_err_clear(&err);
    assert_rc(dbk_store_begin(b->store, &err), DBK_IO, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_store_meta_put(b->store, "x", dbk_span_str("y"), &err), DBK_IO, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_store_meta_get(b->store, &value, "before", &err), &err);
    reopen(b);
    assert_ok(dbk_store_meta_put(b->store, "x", dbk_span_str("y"), &err), &err);
    dbk_store_close(b->store);
    b->store = NULL;
    assert_int_equal(sqlite3_vfs_unregister(&failing), SQLITE_OK);
    assert_int_equal(sqlite3_vfs_register(real, 1), SQLITE_OK);
    dbk_bytes_wipe(&value);
}

static dbk_rc two_facts(dbk_store *store, dbk_err *err)
{
    dbk_rc rc = dbk_store_begin(store, err);
    if (rc == DBK_OK)
        rc = dbk_store_meta_put(store, "one", dbk_span_str("1"), err);
    if (rc == DBK_OK)
        rc = dbk_store_meta_put(store, "two", dbk_span_str("2"), err);
    if (rc == DBK_OK)
        rc = dbk_store_commit(store, err);
    if (rc != DBK_OK)
        dbk_store_rollback(store);
    return rc;
}

static void every_failed_allocation_is_DBK_NOMEM_and_changes_nothing_A37(void **state)
{
    bench *b = *state;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        dbk_test_alloc a = { .fail_at = n };
        dbk_err err = { 0 };
        dbk_bytes value = DBK_BYTES_INIT(16);
        reopen(b);
        assert_ok(dbk_store_meta_del(b->store, "one", &err), &err);
        assert_ok(dbk_store_meta_del(b->store, "two", &err), &err);
        dbk_test_alloc_start(&a);
        dbk_rc rc = two_facts(b->store, &err);
        failed = dbk_test_alloc_stop(&a) != 0;
        assert_false(dbk_store_in_transaction(b->store));
        if (rc != DBK_OK)
            assert_rc(rc, DBK_NOMEM, &err);
        dbk_err_clear(&err);
        dbk_rc one = dbk_store_meta_get(b->store, &value, "one", &err);
        dbk_err_clear(&err);
        dbk_rc two = dbk_store_meta_get(b->store, &value, "two", &err);
        assert_int_equal(one, two); /* both or neither */
        assert_int_equal(one, rc == DBK_OK ? DBK_OK : DBK_NOT_FOUND);
        dbk_bytes_wipe(&value);
    }
}

static void opening_survives_every_failed_allocation(void **state)
{
    bench *b = *state;
    bool failed = true;
    dbk_store_close(b->store);
    b->store = NULL;
    for (uint64_t n = 1; failed; n++) {
        dbk_test_alloc a = { .fail_at = n };
        dbk_err err = { 0 };
        dbk_store *store = NULL;
        dbk_test_alloc_start(&a);
        dbk_rc rc = dbk_store_open(&store, b->path, b->key, &err);
        failed = dbk_test_alloc_stop(&a) != 0;
        if (rc != DBK_OK)
            assert_rc(rc, DBK_NOMEM, &err);
        assert_true((rc == DBK_OK) == (store != NULL));
        dbk_store_close(store);
    }
}

/* ---- memory -------------------------------------------------------------------------------- */

/* Does the inverted marker stand here, upright? */
static bool stands_at(const uint8_t *p, const uint8_t *inverted, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((p[i] ^ inverted[i]) != 0xff)
            return false;
    return true;
}

/* Copies of the marker in this process' writable memory. It is given inverted, so that the search
 * doesn't find its own argument. */
static size_t copies_in_memory(const uint8_t *inverted, size_t len)
{
    static uint8_t part[1 << 20];
    char line[512];
    size_t count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    assert_non_null(maps);
    assert_true(mem >= 0);
    while (fgets(line, sizeof(line), maps) != NULL) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx", &from, &to) != 2 || strstr(line, " rw") == NULL)
            continue;
        if (to - from > (64u << 20)) /* a sanitizer's shadow */
            continue;
        for (unsigned long at = from; at + len <= to; at += sizeof(part) - len) {
            size_t want = to - at < sizeof(part) ? to - at : sizeof(part);
            uintptr_t own = (uintptr_t)part;
            if (own < at + want && own + sizeof(part) > at)
                continue; /* what was read last */
            ssize_t got = pread(mem, part, want, (off_t)at);
            for (ssize_t i = 0; i + (ssize_t)len <= got; i++)
                count += stands_at(part + i, inverted, len);
        }
    }
    (void)fclose(maps);
    (void)close(mem);
    return count;
}

static void no_row_text_stays_in_memory_after_closing_F3_A08(void **state)
{
    bench *b = *state;
    dbk_err err = { 0 };
    uint8_t inverted[24];
    char text[sizeof(inverted) + 1] = { 0 };
    for (size_t i = 0; i < sizeof(inverted); i++)
        inverted[i] = (uint8_t) ~("row text that must be gone"[i]);
    for (size_t i = 0; i < sizeof(inverted); i++)
        text[i] = (char)~inverted[i];
    dbk_bytes value = DBK_BYTES_INIT(64);
    for (int i = 0; i < 50; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "n%d", i);
        assert_ok(dbk_store_meta_put(b->store, name, dbk_span_str(text), &err), &err);
        dbk_bytes_truncate(&value, 0);
        assert_ok(dbk_store_meta_get(b->store, &value, name, &err), &err);
    }
    dbk_bytes_wipe(&value);
    dbk_wipe(text, sizeof(text));
    assert_true(copies_in_memory(inverted, sizeof(inverted)) > 0); /* the search works */
    dbk_store_close(b->store);
    b->store = NULL;
    /* One may be the constant's copy on this function's stack. */
    assert_in_range(copies_in_memory(inverted, sizeof(inverted)), 0, 1);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
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
        cmocka_unit_test(codes_become_ours_in_one_place),
        WITH_STORE(a_full_disk_is_DBK_FULL_and_the_store_goes_on_when_there_is_room_A38),
        WITH_STORE(after_a_failed_fsync_nothing_is_written_until_it_is_opened_again),
        WITH_STORE(every_failed_allocation_is_DBK_NOMEM_and_changes_nothing_A37),
        WITH_STORE(opening_survives_every_failed_allocation),
        WITH_STORE(no_row_text_stays_in_memory_after_closing_F3_A08),
    };
#undef WITH_STORE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
