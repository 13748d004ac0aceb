/* The store when memory, disk or fsync fail, and what of it stays in memory. */
#include "tests/lib/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/crypto/hash.h"
#include "core/store/sql.h"
#include "tests/lib/storekit.h"

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
        { SQLITE_NOMEM, DBK_DAMAGED }, /* SQLCipher again: nothing was refused so far */
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
    storekit *k = *state;
    struct rlimit old, small;
    dbk_err err = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(sizeof(big));
    assert_ok(dbk_store_meta_put(k->store, "before", dbk_span_str("safe"), &err), &err);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 64 * 1024;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    dbk_rc rc = dbk_store_begin(k->store, &err);
    for (int i = 0; rc == DBK_OK && i < 8; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "big%d", i);
        rc = dbk_store_meta_put(k->store, name, dbk_span_of(big, sizeof(big)), &err);
    }
    if (rc == DBK_OK)
        rc = dbk_store_commit(k->store, &err);
    dbk_store_rollback(k->store);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_rc(rc, DBK_FULL, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_store_meta_get(k->store, &value, "before", &err), &err);
    dbk_bytes_truncate(&value, 0);
    assert_rc(dbk_store_meta_get(k->store, &value, "big0", &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_store_meta_put(k->store, "after", dbk_span_str("works"), &err), &err);
    storekit_reopen(k);
    assert_ok(dbk_store_meta_get(k->store, &value, "after", &err), &err);
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
    storekit *k = *state;
    dbk_err err = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(16);
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    static sqlite3_vfs failing;
    failing = *real;
    failing.zName = "failing";
    real_open = real->xOpen;
    failing.xOpen = failing_open;
    assert_int_equal(sqlite3_vfs_register(&failing, 1), SQLITE_OK);
    storekit_reopen(k);
    assert_ok(dbk_store_meta_put(k->store, "before", dbk_span_str("safe"), &err), &err);
    assert_ok(dbk_store_begin(k->store, &err), &err);
    assert_ok(dbk_store_meta_put(k->store, "lost", dbk_span_str("?"), &err), &err);
    fsync_fails = true;
    assert_rc(dbk_store_commit(k->store, &err), DBK_IO, &err);
    fsync_fails = false;
    assert_false(dbk_store_in_transaction(k->store));
    /* The disk may say "fine" again and have forgotten the pages all the same. */
    dbk_err_clear(&err);
    assert_rc(dbk_store_begin(k->store, &err), DBK_IO, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_store_meta_put(k->store, "x", dbk_span_str("y"), &err), DBK_IO, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_store_meta_get(k->store, &value, "before", &err), &err);
    storekit_reopen(k);
    assert_ok(dbk_store_meta_put(k->store, "x", dbk_span_str("y"), &err), &err);
    dbk_store_close(k->store);
    k->store = NULL;
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
    storekit *k = *state;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        dbk_test_alloc a = { .fail_at = n };
        dbk_err err = { 0 };
        dbk_bytes value = DBK_BYTES_INIT(16);
        storekit_reopen(k);
        assert_ok(dbk_store_meta_del(k->store, "one", &err), &err);
        assert_ok(dbk_store_meta_del(k->store, "two", &err), &err);
        dbk_test_alloc_start(&a);
        dbk_rc rc = two_facts(k->store, &err);
        failed = dbk_test_alloc_stop(&a) != 0;
        assert_false(dbk_store_in_transaction(k->store));
        if (rc != DBK_OK)
            assert_rc(rc, DBK_NOMEM, &err);
        dbk_err_clear(&err);
        dbk_rc one = dbk_store_meta_get(k->store, &value, "one", &err);
        dbk_err_clear(&err);
        dbk_rc two = dbk_store_meta_get(k->store, &value, "two", &err);
        assert_int_equal(one, two); /* both or neither */
        assert_int_equal(one, rc == DBK_OK ? DBK_OK : DBK_NOT_FOUND);
        dbk_bytes_wipe(&value);
    }
}

static void opening_survives_every_failed_allocation(void **state)
{
    storekit *k = *state;
    bool failed = true;
    dbk_store_close(k->store);
    k->store = NULL;
    for (uint64_t n = 1; failed; n++) {
        dbk_test_alloc a = { .fail_at = n };
        dbk_err err = { 0 };
        dbk_store *store = NULL;
        dbk_test_alloc_start(&a);
        dbk_rc rc = dbk_store_open(&store, k->path, k->key, &err);
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
    storekit *k = *state;
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
        assert_ok(dbk_store_meta_put(k->store, name, dbk_span_str(text), &err), &err);
        dbk_bytes_truncate(&value, 0);
        assert_ok(dbk_store_meta_get(k->store, &value, name, &err), &err);
    }
    dbk_bytes_wipe(&value);
    dbk_wipe(text, sizeof(text));
    assert_true(copies_in_memory(inverted, sizeof(inverted)) > 0); /* the search works */
    dbk_store_close(k->store);
    k->store = NULL;
    /* One may be the constant's copy on this function's stack. */
    assert_in_range(copies_in_memory(inverted, sizeof(inverted)), 0, 1);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, storekit_open, storekit_close)
    const struct CMUnitTest tests[] = {
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
