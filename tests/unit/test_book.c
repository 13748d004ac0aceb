#include "tests/lib/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/journal/book_internal.h"
#include "core/journal/inbox.h"
#include "core/journal/outbox.h"
#include "core/store/chain.h"
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
    const dbk_book_opts opts = { &env.env, { DBK_KDF_OPS_FLOOR, DBK_KDF_MEM_FLOOR_BYTES } };
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
    const dbk_slots_change wrong = { bad, fresh }, right = { old, fresh };
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
    for (n++; failed; n += 61) {
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
    for (n++; failed; n += 37) {
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

/* ---- membership ---------------------------------------------------------------------------- */

static void the_chain_roster_and_keys_are_there_again_after_opening(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    dbk_err err = { 0 };
    dbk_bytes name = DBK_BYTES_INIT(64);
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    for (size_t i = 0; i < org.count; i++) {
        dbk_book *book = org.books[i].book;
        dbk_hash head = dbk_roster_head(dbk_book_roster(book));
        dbk_test_book_reopen(&org.books[i]);
        book = org.books[i].book;
        dbk_hash again = dbk_roster_head(dbk_book_roster(book));
        assert_true(dbk_hash_equal(&head, &again));
        assert_int_equal(dbk_book_link(book)->stage, DBK_ORG_MEMBER);
        assert_int_equal(dbk_book_spaces(book), 1);
        dbk_bytes_truncate(&name, 0);
        assert_ok(dbk_book_space_name(book, &name, &org.space, &err), &err);
        assert_true(dbk_span_equal(dbk_bytes_span(&name), dbk_span_str("Op Cedar")));
        dbk_id officer = dbk_book_device(org.books[1].book);
        dbk_bytes_truncate(&name, 0);
        assert_ok(dbk_book_device_name(book, &name, &officer, &err), &err);
        assert_true(dbk_span_equal(dbk_bytes_span(&name), dbk_span_str("Officer 1")));
        assert_ok(dbk_book_check_deep(book, &err), &err);
    }
    dbk_bytes_wipe(&name);
    dbk_test_org_drop(&org);
}

static dbk_rc keep_entry(void *ctx, dbk_span entry, dbk_err *err)
{
    dbk_bytes *out = ctx;
    dbk_bytes_truncate(out, 0);
    return dbk_bytes_append(out, entry, err);
}

static void an_entry_is_taken_once_and_a_fork_never_M(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    dbk_err err = { 0 };
    dbk_bytes last = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX),
              fork = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_id space;
    bool is_new = true;
    const dbk_new_space one = { "Op Elm", DBK_ROLE_HQ }, two = { "Op Oak", DBK_ROLE_HQ };
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    dbk_book *admin = org.books[0].book, *officer = org.books[1].book;
    assert_ok(dbk_org_space(admin, &last, &space, &one, &err), &err);
    assert_ok(dbk_org_space(admin, &fork, &space, &two, &err), &err);
    dbk_test_org_post(&org, dbk_bytes_span(&last));
    uint64_t count = dbk_roster_count(dbk_book_roster(officer));
    assert_ok(dbk_book_take_entry(officer, &is_new, dbk_bytes_span(&last), &err), &err);
    assert_false(is_new);
    assert_rc(dbk_book_take_entry(officer, &is_new, dbk_bytes_span(&fork), &err), DBK_CONFLICT,
              &err);
    dbk_err_clear(&err);
    last.p[last.len - 1] ^= 1; /* a signature */
    assert_ok(dbk_outbox_members(officer, count - 1, keep_entry, &fork, &err), &err);
    assert_rc(dbk_book_take_entry(officer, &is_new, dbk_span_of(fork.p, fork.len - 1), &err),
              DBK_FORMAT, &err);
    dbk_err_clear(&err);
    assert_int_equal(dbk_roster_count(dbk_book_roster(officer)), count);
    assert_ok(dbk_book_check_deep(officer, &err), &err);
    dbk_bytes_wipe(&last);
    dbk_bytes_wipe(&fork);
    dbk_test_org_drop(&org);
}

static void
a_membership_entry_under_every_failed_allocation_is_taken_wholly_or_not_A37(void **state)
{
    dbk_test_org org;
    dbk_err err = { 0 };
    bool failed = true;
    size_t rounds = 0;
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    dbk_book *book = org.books[0].book;
    /* Each round adds a space, and thereby some allocations to the next: the steps outrun them. */
    for (uint64_t n = 1; failed; n += n < 40 ? 1 : 23) {
        rounds++;
        dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
        dbk_id space;
        char name[32];
        bool is_new = false;
        uint64_t before = dbk_roster_count(dbk_book_roster(book));
        (void)snprintf(name, sizeof(name), "Op %d", (int)n);
        const dbk_new_space opts = { name, DBK_ROLE_HQ };
        assert_ok(dbk_org_space(book, &entry, &space, &opts, &err), &err);
        dbk_test_alloc a = { .fail_at = n };
        dbk_test_alloc_start(&a);
        dbk_rc rc = dbk_book_take_entry(book, &is_new, dbk_bytes_span(&entry), &err);
        failed = dbk_test_alloc_stop(&a) != 0;
        if (rc != DBK_OK)
            assert_rc(rc, DBK_NOMEM, &err);
        dbk_err_clear(&err);
        uint64_t after = dbk_roster_count(dbk_book_roster(book));
        assert_true(after == before || after == before + 1);
        assert_true(rc != DBK_OK || after == before + 1);
        assert_ok(dbk_book_check_deep(book, &err), &err);
        /* Again, with memory: then it is there, and its key is held. */
        assert_ok(dbk_book_take_entry(book, &is_new, dbk_bytes_span(&entry), &err), &err);
        assert_int_equal(is_new, after == before);
        assert_non_null(dbk_keyring_current(book->keyring, &space, NULL));
        assert_int_equal(dbk_book_spaces(book), rounds + 1);
        dbk_bytes_wipe(&entry);
    }
    dbk_test_org_drop(&org);
}

/* A grant given again adds nothing to what there is, so that every allocation has its turn. */
static void grant_again(dbk_test_org *org, dbk_bytes *entry, dbk_role role)
{
    dbk_err err = { 0 };
    const dbk_new_grant grant = { org->space, dbk_book_device(org->books[1].book), role };
    dbk_bytes_truncate(entry, 0);
    assert_ok(dbk_org_grant(org->books[0].book, entry, &grant, &err), &err);
}

static void an_entry_that_finds_no_memory_is_in_neither_rows_nor_roster_A37(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    bool failed = true;
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    dbk_book *admin = org.books[0].book;
    for (uint64_t n = 1; failed; n++) {
        dbk_test_alloc a = { .fail_at = n };
        dbk_err err = { 0 };
        bool is_new = false;
        dbk_hash before = dbk_roster_head(dbk_book_roster(admin));
        grant_again(&org, &entry, n % 2 ? DBK_ROLE_SUPERVISOR : DBK_ROLE_OFFICER);
        dbk_test_alloc_start(&a);
        dbk_rc rc = dbk_book_take_entry(admin, &is_new, dbk_bytes_span(&entry), &err);
        failed = dbk_test_alloc_stop(&a) != 0;
        dbk_hash after = dbk_roster_head(dbk_book_roster(admin));
        assert_true(rc == DBK_OK || dbk_hash_equal(&before, &after));
        dbk_err_clear(&err);
        assert_ok(dbk_book_check_deep(admin, &err), &err);
    }
    dbk_bytes_wipe(&entry);
    dbk_test_org_drop(&org);
}

/* The fold can't give an entry back: it is made anew from the rows. */
static void an_entry_whose_commit_fails_leaves_the_roster_as_it_was_A38(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    struct rlimit old, small;
    dbk_err err = { 0 };
    bool is_new = true;
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    dbk_book *admin = org.books[0].book;
    dbk_id officer = dbk_book_device(org.books[1].book);
    dbk_hash before = dbk_roster_head(dbk_book_roster(admin));
    grant_again(&org, &entry, DBK_ROLE_SUPERVISOR);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 4096;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    dbk_rc rc = dbk_book_take_entry(admin, &is_new, dbk_bytes_span(&entry), &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_rc(rc, DBK_FULL, &err);
    assert_false(is_new);
    dbk_hash after = dbk_roster_head(dbk_book_roster(admin));
    assert_true(dbk_hash_equal(&before, &after));
    assert_int_equal(dbk_roster_role(dbk_book_roster(admin), &officer, &org.space),
                     DBK_ROLE_OFFICER);
    dbk_err_clear(&err);
    assert_ok(dbk_book_check_deep(admin, &err), &err);
    assert_ok(dbk_book_take_entry(admin, &is_new, dbk_bytes_span(&entry), &err), &err);
    assert_true(is_new);
    assert_ok(dbk_book_check_deep(admin, &err), &err);
    dbk_bytes_wipe(&entry);
    dbk_test_org_drop(&org);
}

/* ---- names --------------------------------------------------------------------------------- */

static void a_space_is_found_by_name_by_id_or_as_the_only_one(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    dbk_err err = { 0 };
    dbk_id found;
    char hex[DBK_ID_HEX_SIZE];
    dbk_bytes name = DBK_BYTES_INIT(64);
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    dbk_book *admin = org.books[0].book, *officer = org.books[1].book;
    assert_ok(dbk_book_space_find(officer, &found, NULL, &err), &err);
    assert_true(dbk_id_equal(&found, &org.space));
    dbk_id_hex(hex, &org.space);
    assert_ok(dbk_book_space_find(officer, &found, hex, &err), &err);
    assert_true(dbk_id_equal(&found, &org.space));

    /* A space that the officer isn't in: not listed, not found, its name not known (P3). */
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_id hidden;
    const dbk_new_space opts = { "Op Ash", DBK_ROLE_HQ };
    assert_ok(dbk_org_space(admin, &entry, &hidden, &opts, &err), &err);
    dbk_test_org_post(&org, dbk_bytes_span(&entry));
    assert_int_equal(dbk_book_spaces(admin), 2);
    dbk_id first = dbk_book_space_at(admin, 0);
    assert_true(dbk_id_equal(&first, &hidden)); /* by name: Ash before Cedar */
    assert_int_equal(dbk_book_spaces(officer), 1);
    assert_ok(dbk_book_space_find(admin, &found, "Op Ash", &err), &err);
    assert_rc(dbk_book_space_find(officer, &found, "Op Ash", &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    dbk_id_hex(hex, &hidden);
    assert_rc(dbk_book_space_find(officer, &found, hex, &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_book_space_name(officer, &name, &hidden, &err), &err);
    assert_int_equal(name.len, 9);
    assert_int_equal(name.p[0], '?');
    assert_memory_equal(name.p + 1, hex, 8);
    assert_rc(dbk_book_space_find(admin, &found, NULL, &err), DBK_USAGE, &err);
    dbk_err_clear(&err);

    /* Two of one name are told apart by id only. */
    dbk_bytes_truncate(&entry, 0);
    assert_ok(dbk_org_space(admin, &entry, &found, &opts, &err), &err);
    dbk_test_org_post(&org, dbk_bytes_span(&entry));
    assert_rc(dbk_book_space_find(admin, &found, "Op Ash", &err), DBK_USAGE, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_book_space_find(admin, &found, hex, &err), &err);
    assert_true(dbk_id_equal(&found, &hidden));
    dbk_bytes_wipe(&entry);
    dbk_bytes_wipe(&name);
    dbk_test_org_drop(&org);
}

/* ---- roles --------------------------------------------------------------------------------- */

static void hq_is_judged_by_the_membership_that_the_author_had_seen(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    dbk_err err = { 0 };
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_hash unknown = { { 7 } };
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    dbk_book *admin = org.books[0].book;
    dbk_id officer = dbk_book_device(org.books[1].book), desk = dbk_book_device(admin);
    dbk_hash before = dbk_roster_head(dbk_book_roster(admin));
    assert_true(dbk_book_author_is_hq(admin, &desk, &org.space, &before));
    assert_false(dbk_book_author_is_hq(admin, &officer, &org.space, &before));
    const dbk_new_grant grant = { org.space, officer, DBK_ROLE_HQ };
    assert_ok(dbk_org_grant(admin, &entry, &grant, &err), &err);
    dbk_test_org_post(&org, dbk_bytes_span(&entry));
    dbk_hash after = dbk_roster_head(dbk_book_roster(admin));
    assert_true(dbk_book_author_is_hq(admin, &officer, &org.space, &after));
    /* What was written as an officer stays an officer's on every replica. */
    assert_false(dbk_book_author_is_hq(admin, &officer, &org.space, &before));
    assert_false(dbk_book_author_is_hq(admin, &officer, &org.space, &unknown));
    assert_int_equal(dbk_book_role(org.books[1].book, &org.space), DBK_ROLE_HQ);
    dbk_bytes_wipe(&entry);
    dbk_test_org_drop(&org);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_book_is_the_same_device_each_time_it_is_opened),
        cmocka_unit_test(files_of_a_book_are_its_owners_only),
        cmocka_unit_test(a_wrong_passphrase_a_missing_and_a_busy_store_are_told_apart),
        cmocka_unit_test(a_changed_passphrase_opens_and_the_old_one_does_not),
        cmocka_unit_test(a_slot_file_with_any_byte_changed_never_opens_A02),
        cmocka_unit_test(an_interrupted_create_never_opens_and_can_be_restarted),
        cmocka_unit_test(create_under_every_failed_allocation_leaves_what_create_can_restart_A37),
        cmocka_unit_test(opening_under_every_failed_allocation_is_clean_A37),
        cmocka_unit_test(notes_of_the_sync_layer_are_kept_and_bounded),
        cmocka_unit_test(the_chain_roster_and_keys_are_there_again_after_opening),
        cmocka_unit_test(an_entry_is_taken_once_and_a_fork_never_M),
        cmocka_unit_test(
            a_membership_entry_under_every_failed_allocation_is_taken_wholly_or_not_A37),
        cmocka_unit_test(an_entry_that_finds_no_memory_is_in_neither_rows_nor_roster_A37),
        cmocka_unit_test(an_entry_whose_commit_fails_leaves_the_roster_as_it_was_A38),
        cmocka_unit_test(a_space_is_found_by_name_by_id_or_as_the_only_one),
        cmocka_unit_test(hq_is_judged_by_the_membership_that_the_author_had_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
