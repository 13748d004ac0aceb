/* A new store key: the old one opens nothing, and no kill leaves the officer without a store. */
#include "tests/lib/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/journal/book_internal.h"
#include "tests/lib/org.h"

#define COPY_BYTES_MAX (4u * 1024u * 1024u)

static dbk_secret *secret_of(const char *text)
{
    dbk_secret *secret = NULL;
    assert_int_equal(dbk_secret_from(&secret, dbk_span_str(text), NULL), DBK_OK);
    return secret;
}

static dbk_rc rekey(const dbk_test_book *b, const char *passphrase, dbk_err *err)
{
    dbk_secret *secret = secret_of(passphrase);
    const dbk_book_opts opts = { .env = &b->env.env, .kdf = DBK_KDF_COST_FLOOR };
    dbk_rc rc = dbk_book_rekey(b->dir, secret, &opts, err);
    dbk_secret_free(secret);
    return rc;
}

static dbk_rc try_open(dbk_test_book *b, dbk_err *err)
{
    dbk_secret *secret = secret_of(DBK_TEST_PASSPHRASE);
    const dbk_book_opts opts = { .env = &b->env.env };
    dbk_rc rc = dbk_book_open(&b->book, b->dir, secret, &opts, err);
    dbk_secret_free(secret);
    return rc;
}

static void make(dbk_test_book *b)
{
    dbk_err err = { 0 };
    dbk_test_book_make(b, 1);
    assert_ok(dbk_book_note_put(b->book, "kept", dbk_span_str("a fact"), &err), &err);
    dbk_book_close(b->book);
    b->book = NULL;
}

/* Opens, holds what it held, and is of one piece. */
static void check_whole(dbk_test_book *b, const char *when)
{
    static const char *const gone[] = { "store.next", "keys.next", "keys.next.new",
                                        "store.next-wal", "store.next-journal" };
    dbk_bytes value = DBK_BYTES_INIT(64);
    dbk_err err = { 0 };
    if (try_open(b, &err) != DBK_OK)
        fail_msg("%s: %s", when, err.text);
    assert_ok(dbk_book_note_get(b->book, "kept", &value, &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&value), dbk_span_str("a fact")));
    assert_ok(dbk_book_check_deep(b->book, &err), &err);
    dbk_book_close(b->book);
    b->book = NULL;
    for (size_t i = 0; i < ARRAY_LEN(gone); i++)
        if (access(dbk_test_path(b->dir, gone[i]), F_OK) == 0)
            fail_msg("%s: %s was left", when, gone[i]);
    dbk_bytes_wipe(&value);
}

static dbk_bytes read_file(const dbk_test_book *b, const char *name)
{
    uint8_t part[4096];
    ssize_t got;
    dbk_bytes out = DBK_BYTES_INIT(COPY_BYTES_MAX);
    int fd = open(dbk_test_path(b->dir, name), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    while ((got = read(fd, part, sizeof(part))) > 0)
        assert_int_equal(dbk_bytes_append(&out, dbk_span_of(part, (size_t)got), NULL), DBK_OK);
    (void)close(fd);
    return out;
}

static void write_file(const dbk_test_book *b, const char *name, const dbk_bytes *in, size_t len)
{
    int fd = open(dbk_test_path(b->dir, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, in->p, len), (ssize_t)len);
    (void)close(fd);
}

typedef struct pair {
    dbk_bytes store, slots;
} pair;

static pair take(const dbk_test_book *b)
{
    return (pair){ read_file(b, "store.db"), read_file(b, "keys.slots") };
}

static void put(const dbk_test_book *b, const char *store, const char *slots, const pair *p)
{
    if (store != NULL)
        write_file(b, store, &p->store, p->store.len);
    if (slots != NULL)
        write_file(b, slots, &p->slots, p->slots.len);
}

static void drop(dbk_test_book *b, pair *before, pair *after)
{
    dbk_bytes_wipe(&before->store);
    dbk_bytes_wipe(&before->slots);
    dbk_bytes_wipe(&after->store);
    dbk_bytes_wipe(&after->slots);
    dbk_test_book_drop(b);
}

static void an_old_slot_file_and_passphrase_open_no_rekeyed_store_A04(void **state)
{
    dbk_test_book b;
    dbk_err err = { 0 };
    (void)state;
    make(&b);
    pair before = take(&b);
    assert_rc(rekey(&b, "a guess", &err), DBK_PASSPHRASE, &err);
    dbk_err_clear(&err);
    assert_ok(rekey(&b, DBK_TEST_PASSPHRASE, &err), &err);
    check_whole(&b, "after the rekey");
    pair after = take(&b);
    assert_int_equal(before.store.len, after.store.len);
    size_t same = 0; /* pages that could be read with the old key, one by one */
    for (size_t at = 0; at < after.store.len; at += 4096)
        same += memcmp(before.store.p + at + 16, after.store.p + at + 16, 4000) == 0;
    assert_int_equal(same, 0);
    put(&b, NULL, "keys.slots", &before);
    assert_rc(try_open(&b, &err), DBK_DAMAGED, &err);
    assert_null(b.book);
    put(&b, NULL, "keys.slots", &after);
    check_whole(&b, "with its own slot file");
    drop(&b, &before, &after);
}

static void a_rekey_cut_off_at_any_step_leaves_one_store_that_opens_A36(void **state)
{
    dbk_test_book b;
    dbk_err err = { 0 };
    (void)state;
    make(&b);
    pair before = take(&b);
    assert_ok(rekey(&b, DBK_TEST_PASSPHRASE, &err), &err);
    pair after = take(&b);

    put(&b, "store.db", "keys.slots", &before);
    write_file(&b, "store.next", &after.store, after.store.len / 2);
    check_whole(&b, "in mid-copy");
    put(&b, "store.next", "keys.next.new", &after);
    check_whole(&b, "before the slot file counts");
    put(&b, "store.next", "keys.next", &after);
    check_whole(&b, "when the slot file counts");

    put(&b, "store.db", "keys.slots", &before);
    put(&b, "store.next", "keys.next", &after);
    assert_int_equal(unlink(dbk_test_path(b.dir, "store.db")), 0);
    check_whole(&b, "when the old store is gone");
    put(&b, NULL, "keys.slots", &before);
    put(&b, "store.db", "keys.next", &after);
    check_whole(&b, "when the new store is in its place");
    drop(&b, &before, &after);
}

static void a_rekey_killed_at_any_time_leaves_one_store_that_opens_A36(void **state)
{
    dbk_test_book b;
    int finished = 0;
    (void)state;
    make(&b);
    for (long us = 3000; finished == 0; us = us * 3 / 2) {
        const struct timespec t = { us / 1000000, us % 1000000 * 1000 };
        int status = 0;
        dbk_err err = { 0 };
        assert_true(us < 60000000);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(rekey(&b, DBK_TEST_PASSPHRASE, &err) == DBK_OK ? 0 : 1);
        (void)nanosleep(&t, NULL);
        (void)kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (WIFEXITED(status)) {
            assert_int_equal(WEXITSTATUS(status), 0);
            finished++;
        }
        b.env.now_ms += 1000000; /* a guess that was cut off counts */
        check_whole(&b, "after a kill");
    }
    dbk_test_book_drop(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_old_slot_file_and_passphrase_open_no_rekeyed_store_A04),
        cmocka_unit_test(a_rekey_cut_off_at_any_step_leaves_one_store_that_opens_A36),
        cmocka_unit_test(a_rekey_killed_at_any_time_leaves_one_store_that_opens_A36),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
