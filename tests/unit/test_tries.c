/* Wrong passphrases, counted in the folder. */
#include "tests/lib/test.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/journal/tries.h"
#include "tests/lib/org.h"

static void waits_double_from_a_second_to_a_quarter_of_an_hour_A06(void **state)
{
    static const struct {
        uint64_t count, wait_s;
    } cases[] = { { 0, 0 },    { 3, 0 },    { 4, 1 },    { 5, 2 },           { 6, 4 },
                  { 13, 512 }, { 14, 900 }, { 20, 900 }, { UINT32_MAX, 900 } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(dbk_tries_wait_ms(cases[i].count), cases[i].wait_s * 1000);
}

static dbk_rc try_open(dbk_test_book *b, const char *passphrase, dbk_err *err)
{
    dbk_secret *secret = NULL;
    const dbk_book_opts opts = { .env = &b->env.env };
    dbk_err_clear(err);
    assert_int_equal(dbk_secret_from(&secret, dbk_span_str(passphrase), NULL), DBK_OK);
    dbk_rc rc = dbk_book_open(&b->book, b->dir, secret, &opts, err);
    dbk_secret_free(secret);
    return rc;
}

static void make_closed(dbk_test_book *b)
{
    dbk_test_book_make(b, 1);
    dbk_book_close(b->book);
    b->book = NULL;
}

/* Each open is a start of the program: nothing is kept but the folder. */
static void twenty_wrong_passphrases_wait_longer_and_the_right_one_still_opens_A06(void **state)
{
    dbk_test_book b;
    dbk_err err = { 0 };
    (void)state;
    make_closed(&b);
    for (uint64_t n = 1; n <= 20; n++) {
        uint64_t wait_ms = dbk_tries_wait_ms(n);
        assert_rc(try_open(&b, "a guess", &err), DBK_PASSPHRASE, &err);
        assert_int_equal(wait_ms > 0, strstr(err.text, "next try is in") != NULL);
        if (wait_ms == 0)
            continue;
        b.env.now_ms += wait_ms - 1; /* a moment too early: even the right one isn't looked at */
        assert_rc(try_open(&b, DBK_TEST_PASSPHRASE, &err), DBK_PENDING, &err);
        assert_non_null(strstr(err.text, "wait 1 second,"));
        b.env.now_ms++;
    }
    assert_ok(try_open(&b, DBK_TEST_PASSPHRASE, &err), &err);
    dbk_book_close(b.book);
    b.book = NULL;
    for (int n = 0; n < 3; n++) /* it cleared them */
        assert_rc(try_open(&b, "a guess", &err), DBK_PASSPHRASE, &err);
    assert_ok(try_open(&b, DBK_TEST_PASSPHRASE, &err), &err);
    dbk_test_book_drop(&b);
}

static void a_clock_set_back_shortens_no_wait_and_makes_none_endless_A06(void **state)
{
    dbk_test_book b;
    dbk_err err = { 0 };
    (void)state;
    make_closed(&b);
    for (int n = 0; n < 6; n++) {
        b.env.now_ms += 60000;
        assert_rc(try_open(&b, "a guess", &err), DBK_PASSPHRASE, &err);
    }
    b.env.now_ms -= (uint64_t)365 * 24 * 3600 * 1000;
    assert_rc(try_open(&b, DBK_TEST_PASSPHRASE, &err), DBK_PENDING, &err);
    assert_non_null(strstr(err.text, "wait 4 seconds"));
    b.env.now_ms += 3999;
    assert_rc(try_open(&b, DBK_TEST_PASSPHRASE, &err), DBK_PENDING, &err);
    b.env.now_ms++;
    assert_ok(try_open(&b, DBK_TEST_PASSPHRASE, &err), &err);
    dbk_test_book_drop(&b);
}

/* It is on the disk before Argon2id begins: whoever cuts the power in between has used it up. */
static void a_guess_counts_before_it_is_made_A06(void **state)
{
    dbk_test_book b;
    dbk_folder *folder = NULL;
    dbk_err err = { 0 };
    dbk_tries before = { 0 };
    (void)state;
    make_closed(&b);
    assert_ok(dbk_folder_open(&folder, b.dir, &err), &err);
    for (uint32_t n = 0; n < 4; n++) {
        assert_ok(dbk_tries_begin(folder, &before, &b.env.env, &err), &err);
        assert_int_equal(before.count, n);
    }
    dbk_folder_close(folder);
    assert_rc(try_open(&b, DBK_TEST_PASSPHRASE, &err), DBK_PENDING, &err);
    b.env.now_ms += 1000;
    assert_ok(try_open(&b, DBK_TEST_PASSPHRASE, &err), &err);
    dbk_test_book_drop(&b);
}

static void a_file_of_tries_that_was_changed_makes_one_wait_and_no_more(void **state)
{
    dbk_test_book b;
    dbk_err err = { 0 };
    (void)state;
    make_closed(&b);
    for (off_t at = 0; at < 40; at++) {
        uint8_t byte = 0;
        int fd = open(dbk_test_path(b.dir, "tries"), O_RDWR | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 1;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        (void)close(fd);
        assert_rc(try_open(&b, DBK_TEST_PASSPHRASE, &err), DBK_PENDING, &err);
        dbk_folder *folder = NULL;
        dbk_err_clear(&err);
        assert_ok(dbk_folder_open(&folder, b.dir, &err), &err);
        assert_ok(dbk_tries_end(folder, 0, &b.env.env, &err), &err);
        dbk_folder_close(folder);
    }
    assert_int_equal(truncate(dbk_test_path(b.dir, "tries"), 7), 0);
    assert_rc(try_open(&b, DBK_TEST_PASSPHRASE, &err), DBK_PENDING, &err);
    b.env.now_ms += 1000;
    assert_ok(try_open(&b, DBK_TEST_PASSPHRASE, &err), &err);
    dbk_test_book_drop(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_double_from_a_second_to_a_quarter_of_an_hour_A06),
        cmocka_unit_test(twenty_wrong_passphrases_wait_longer_and_the_right_one_still_opens_A06),
        cmocka_unit_test(a_clock_set_back_shortens_no_wait_and_makes_none_endless_A06),
        cmocka_unit_test(a_guess_counts_before_it_is_made_A06),
        cmocka_unit_test(a_file_of_tries_that_was_changed_makes_one_wait_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
