#include "tests/lib/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/journal/book_internal.h"
#include "tests/lib/org.h"

static dbk_secret *secret_of(const char *text)
{
    dbk_secret *secret = NULL;
    dbk_err err = { 0 };
    assert_ok(dbk_crypto_init(&err), &err);
    assert_ok(dbk_secret_from(&secret, dbk_span_str(text), &err), &err);
    return secret;
}

/* Opens, and says what came of it. */
static dbk_rc try_open(dbk_test_book *b, const char *passphrase, dbk_err *err)
{
    dbk_secret *secret = secret_of(passphrase);
    const dbk_book_opts opts = { .env = &b->env.env };
    dbk_rc rc = dbk_book_open(&b->book, b->dir, secret, &opts, err);
    dbk_secret_free(secret);
    return rc;
}

/* With the n-th allocation failing; 0: none. *failed: it came so far. */
static dbk_rc try_create_failing(dbk_book **out, const char *dir, uint64_t n, bool *failed,
                                 dbk_err *err)
{
    dbk_test_env env;
    dbk_test_alloc a = { .fail_at = n };
    dbk_secret *secret = secret_of(DBK_TEST_PASSPHRASE);
    const dbk_book_opts opts = { .env = &env.env, .kdf = DBK_KDF_COST_FLOOR };
    dbk_test_env_init(&env, 1);
    if (n > 0)
        dbk_test_alloc_start(&a);
    dbk_rc rc = dbk_book_create(out, dir, secret, &opts, err);
    *failed = dbk_test_alloc_stop(&a) != 0;
    dbk_secret_free(secret);
    dbk_book_close(*out); /* its clock ends here */
    return rc;
}

static dbk_rc try_create(const char *dir, dbk_err *err)
{
    bool failed;
    dbk_book *book = NULL;
    return try_create_failing(&book, dir, 0, &failed, err);
}

/* ---- one device ---------------------------------------------------------------------------- */

static void a_new_book_is_the_same_device_each_time_it_is_opened(void **state)
{
    dbk_test_book b;
    dbk_err err = { 0 };
    (void)state;
    dbk_test_book_make(&b, 1);
    dbk_id device = dbk_book_device(b.book);
    dbk_device_keys keys = *dbk_book_keys(b.book);
    assert_true(dbk_device_keys_valid(&keys));
    assert_true(dbk_key_is_zero(keys.admin.b));
    assert_int_equal(dbk_book_link(b.book)->stage, DBK_ORG_NONE);
    assert_null(dbk_book_roster(b.book));
    assert_int_equal(dbk_book_spaces(b.book), 0);
    assert_true(dbk_forms_count(dbk_book_forms(b.book)) >= 5);
    assert_ok(dbk_book_check_deep(b.book, &err), &err);
    dbk_test_book_reopen(&b);
    dbk_id again = dbk_book_device(b.book);
    assert_true(dbk_id_equal(&device, &again));
    assert_memory_equal(&keys, dbk_book_keys(b.book), sizeof(keys));
    dbk_id derived = dbk_device_id(keys.sign.b, keys.kem);
    assert_true(dbk_id_equal(&device, &derived));
    dbk_sign_pk request;
    dbk_sign_pk_of(&request, dbk_book_request_key(b.book));
    assert_memory_equal(&request, &keys.request, sizeof(request));
    dbk_test_book_drop(&b);
}

static void files_of_a_book_are_its_owners_only(void **state)
{
    static const char *const names[] = { "store.db", "store.db-wal", "keys.slots", "lock" };
    dbk_test_book b;
    (void)state;
    mode_t old = umask(0);
    dbk_test_book_make(&b, 1);
    dbk_err err = { 0 };
    assert_ok(dbk_book_note_put(b.book, "x", dbk_span_str("y"), &err), &err);
    (void)umask(old);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct stat st;
        assert_int_equal(stat(dbk_test_path(b.dir, names[i]), &st), 0);
        if ((st.st_mode & 0777) != 0600)
            fail_msg("%s has mode %o", names[i], (unsigned)(st.st_mode & 0777));
    }
    dbk_test_book_drop(&b);
}

static void a_wrong_passphrase_a_missing_and_a_busy_store_are_told_apart(void **state)
{
    dbk_test_book b, twin;
    dbk_err err = { 0 };
    (void)state;
    dbk_test_book_make(&b, 1);
    twin = b;
    twin.book = NULL;
    assert_rc(try_open(&twin, DBK_TEST_PASSPHRASE, &err), DBK_BUSY, &err);
    assert_null(twin.book);
    dbk_book_close(b.book);
    b.book = NULL;
    dbk_err_clear(&err);
    assert_rc(try_open(&b, "wrong horse", &err), DBK_PASSPHRASE, &err);
    assert_null(b.book);
    dbk_err_clear(&err);
    assert_rc(try_create(b.dir, &err), DBK_CONFLICT, &err);
    dbk_err_clear(&err);
    twin = b;
    memcpy(twin.dir, "/absent-daybook", sizeof("/absent-daybook"));
    assert_rc(try_open(&twin, DBK_TEST_PASSPHRASE, &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    assert_ok(try_open(&b, DBK_TEST_PASSPHRASE, &err), &err);
    dbk_test_book_drop(&b);
}

static void a_changed_passphrase_opens_and_the_old_one_does_not(void **state)
{
    dbk_test_book b;
    dbk_err err = { 0 };
    (void)state;
    dbk_test_book_make(&b, 1);
    dbk_id device = dbk_book_device(b.book);
    dbk_secret *old = secret_of(DBK_TEST_PASSPHRASE), *bad = secret_of("guess"),
               *fresh = secret_of("six new random words for it");
    const dbk_slots_change wrong = { .old_passphrase = bad, .new_passphrase = fresh };
    const dbk_slots_change right = { .old_passphrase = old, .new_passphrase = fresh };
    assert_rc(dbk_book_change_passphrase(b.book, &wrong, &err), DBK_PASSPHRASE, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_book_change_passphrase(b.book, &right, &err), &err);
    dbk_book_close(b.book);
    b.book = NULL;
    assert_rc(try_open(&b, DBK_TEST_PASSPHRASE, &err), DBK_PASSPHRASE, &err);
    dbk_err_clear(&err);
    assert_ok(try_open(&b, "six new random words for it", &err), &err);
    dbk_id again = dbk_book_device(b.book);
    assert_true(dbk_id_equal(&device, &again));
    dbk_secret_free(old);
    dbk_secret_free(bad);
    dbk_secret_free(fresh);
    dbk_test_book_drop(&b);
}

static void the_key_of_an_open_book_opens_it_again_and_no_other_does(void **state)
{
    dbk_test_book b;
    dbk_err err = { 0 };
    dbk_secret *key = NULL, *other = NULL, *brief = NULL;
    (void)state;
    dbk_test_book_make(&b, 1);
    dbk_id device = dbk_book_device(b.book);
    assert_ok(dbk_secret_from(&key, dbk_secret_bytes(dbk_book_store_key(b.book)), &err), &err);
    assert_ok(dbk_secret_from(&other, dbk_secret_bytes(key), &err), &err);
    assert_ok(dbk_secret_new(&brief, dbk_secret_len(key) - 1, &err), &err);
    dbk_secret_room(other)[0] ^= 1;
    dbk_book_close(b.book);
    b.book = NULL;
    const dbk_book_opts opts = { .env = &b.env.env };
    assert_rc(dbk_book_open_with_key(&b.book, b.dir, other, &opts, &err), DBK_DAMAGED, &err);
    assert_null(b.book);
    dbk_err_clear(&err);
    assert_rc(dbk_book_open_with_key(&b.book, b.dir, brief, &opts, &err), DBK_FORMAT, &err);
    assert_null(b.book);
    dbk_err_clear(&err);
    assert_ok(dbk_book_open_with_key(&b.book, b.dir, key, &opts, &err), &err);
    dbk_id again = dbk_book_device(b.book);
    assert_true(dbk_id_equal(&device, &again));
    assert_ok(dbk_book_check_deep(b.book, &err), &err);
    dbk_secret_free(key);
    dbk_secret_free(other);
    dbk_secret_free(brief);
    dbk_test_book_drop(&b);
}

static void a_slot_file_with_any_byte_changed_never_opens_A02(void **state)
{
    dbk_test_book b;
    uint8_t bytes[512];
    (void)state;
    dbk_test_book_make(&b, 1);
    dbk_book_close(b.book);
    b.book = NULL;
    const char *path = dbk_test_path(b.dir, "keys.slots");
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t len = read(fd, bytes, sizeof(bytes));
    assert_in_range(len, 100, sizeof(bytes));
    for (ssize_t at = 0; at < len; at += 13) {
        dbk_err err = { 0 };
        uint8_t flipped = bytes[at] ^ 1u;
        assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
        dbk_rc rc = try_open(&b, DBK_TEST_PASSPHRASE, &err);
        if (rc != DBK_DAMAGED && rc != DBK_PASSPHRASE && rc != DBK_LIMIT && rc != DBK_VERSION)
            fail_msg("byte %zd: %s", at, dbk_rc_name(rc));
        assert_null(b.book);
        assert_int_equal(pwrite(fd, &bytes[at], 1, at), 1);
    }
    (void)close(fd);
    dbk_err err = { 0 };
    assert_ok(try_open(&b, DBK_TEST_PASSPHRASE, &err), &err);
    dbk_test_book_drop(&b);
}

/* ---- creating, interrupted ----------------------------------------------------------------- */

static void an_interrupted_create_never_opens_and_can_be_restarted(void **state)
{
    static const char *const lost[] = { "keys.slots", "store.db" };
    static const dbk_rc want[] = { DBK_NOT_FOUND, DBK_DAMAGED };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lost); i++) {
        dbk_test_book b;
        dbk_err err = { 0 };
        dbk_test_book_make(&b, 1);
        dbk_book_close(b.book);
        b.book = NULL;
        assert_int_equal(unlink(dbk_test_path(b.dir, lost[i])), 0);
        assert_rc(try_open(&b, DBK_TEST_PASSPHRASE, &err), want[i], &err);
        dbk_err_clear(&err);
        dbk_rc rc = try_create(b.dir, &err);
        /* Without its slot file the store is a leftover; a slot file is never thrown away. */
        assert_int_equal(rc, i == 0 ? DBK_OK : DBK_CONFLICT);
        dbk_test_book_drop(&b);
    }
}

/* They come first, and have their own test. */
static uint64_t allocations_of_forms(void)
{
    dbk_test_alloc a = { .fail_at = UINT64_MAX };
    dbk_err err = { 0 };
    dbk_forms *forms = NULL;
    dbk_test_alloc_start(&a);
    assert_ok(dbk_forms_new(&forms, &err), &err);
    (void)dbk_test_alloc_stop(&a);
    dbk_forms_free(forms);
    return a.seen;
}

static void create_under_every_failed_allocation_leaves_what_create_can_restart_A37(void **state)
{
    bool failed = true;
    uint64_t n = allocations_of_forms();
    (void)state;
    /* Steps keep the test short: each of them derives a key from a passphrase. */
    for (n++; failed; n += 149) {
        char dir[DBK_TEST_PATH_SIZE];
        dbk_err err = { 0 };
        dbk_book *book = NULL;
        dbk_test_dir_make(dir);
        dbk_rc rc = try_create_failing(&book, dir, n, &failed, &err);
        assert_true((rc == DBK_OK) == (book != NULL));
        if (rc != DBK_OK) {
            assert_rc(rc, DBK_NOMEM, &err);
            dbk_err_clear(&err);
            assert_ok(try_create(dir, &err), &err);
        }
        dbk_test_dir_remove(dir);
    }
}

static void opening_under_every_failed_allocation_is_clean_A37(void **state)
{
    dbk_test_book b;
    bool failed = true;
    uint64_t n = allocations_of_forms();
    (void)state;
    dbk_test_book_make(&b, 1);
    dbk_book_close(b.book);
    b.book = NULL;
    for (n++; failed; n += 83) {
        dbk_test_alloc a = { .fail_at = n };
        dbk_err err = { 0 };
        dbk_secret *secret = secret_of(DBK_TEST_PASSPHRASE);
        const dbk_book_opts opts = { .env = &b.env.env };
        dbk_test_alloc_start(&a);
        dbk_rc rc = dbk_book_open(&b.book, b.dir, secret, &opts, &err);
        failed = dbk_test_alloc_stop(&a) != 0;
        dbk_secret_free(secret);
        if (rc != DBK_OK)
            assert_rc(rc, DBK_NOMEM, &err);
        assert_true((rc == DBK_OK) == (b.book != NULL));
        dbk_book_close(b.book);
        b.book = NULL;
    }
    dbk_err err = { 0 };
    assert_ok(try_open(&b, DBK_TEST_PASSPHRASE, &err), &err);
    dbk_test_book_drop(&b);
}

/* ---- notes --------------------------------------------------------------------------------- */

static void notes_of_the_sync_layer_are_kept_and_bounded(void **state)
{
    static uint8_t big[4097];
    dbk_test_book b;
    dbk_err err = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(64);
    (void)state;
    dbk_test_book_make(&b, 1);
    assert_rc(dbk_book_note_get(b.book, "nonce", &value, &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_book_note_put(b.book, "nonce", dbk_span_str("abc"), &err), &err);
    assert_rc(dbk_book_note_put(b.book, "nonce", dbk_span_of(big, sizeof(big)), &err), DBK_LIMIT,
              &err);
    dbk_err_clear(&err);
    dbk_test_book_reopen(&b);
    assert_ok(dbk_book_note_get(b.book, "nonce", &value, &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&value), dbk_span_str("abc")));
    dbk_bytes_wipe(&value);
    dbk_test_book_drop(&b);
}

static void the_clock_is_kept_also_when_no_feed_changed(void **state)
{
    dbk_test_book b;
    dbk_err err = { 0 };
    (void)state;
    dbk_test_book_make(&b, 1);
    dbk_hlc ahead = (b.env.now_ms + 1000) << 16; /* another device's, a little fast */
    assert_ok(dbk_book_begin(b.book, &err), &err);
    dbk_book_seen(b.book, ahead);
    dbk_book_rollback(b.book);
    assert_true(b.book->clock < ahead);
    assert_ok(dbk_book_begin(b.book, &err), &err);
    dbk_book_seen(b.book, ahead);
    assert_ok(dbk_book_commit(b.book, &err), &err);
    assert_ok(dbk_book_check_deep(b.book, &err), &err);
    dbk_test_book_reopen(&b);
    assert_true(b.book->clock == ahead);
    assert_true(dbk_book_tick(b.book) > ahead);
    dbk_book_rollback(b.book);
    dbk_test_book_drop(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_book_is_the_same_device_each_time_it_is_opened),
        cmocka_unit_test(files_of_a_book_are_its_owners_only),
        cmocka_unit_test(a_wrong_passphrase_a_missing_and_a_busy_store_are_told_apart),
        cmocka_unit_test(a_changed_passphrase_opens_and_the_old_one_does_not),
        cmocka_unit_test(the_key_of_an_open_book_opens_it_again_and_no_other_does),
        cmocka_unit_test(a_slot_file_with_any_byte_changed_never_opens_A02),
        cmocka_unit_test(an_interrupted_create_never_opens_and_can_be_restarted),
        cmocka_unit_test(create_under_every_failed_allocation_leaves_what_create_can_restart_A37),
        cmocka_unit_test(opening_under_every_failed_allocation_is_clean_A37),
        cmocka_unit_test(notes_of_the_sync_layer_are_kept_and_bounded),
        cmocka_unit_test(the_clock_is_kept_also_when_no_feed_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
