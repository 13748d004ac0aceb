/* What opening makes of the mark outside a store (R4, R5, M47, A04, decision 0018). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/markkit.h"

static void a_store_that_goes_on_fits_its_mark_r4(void **state)
{
    markkit s;
    (void)state;
    mark_begin(&s);
    assert_int_equal(mark_found(&s),
                     DBK_MARK_MISSING); /* the first time that marks are kept for it */
    mark_note(&s);
    dbk_id feed = mark_open_feed(&s)->feed;
    for (int i = 0; i < 5; i++) {
        dbk_test_book_reopen(s.anne);
        assert_int_equal(mark_found(&s), DBK_MARK_FITS);
        mark_note(&s);
    }
    assert_true(dbk_id_equal(&mark_open_feed(&s)->feed, &feed));
    assert_int_equal(mark_open_feed(&s)->now.last_seq, 6);
    assert_int_equal(dbk_book_restored_ms(s.anne->book), 0);
    mark_end(&s);
}

static void a_store_put_back_never_signs_a_seq_again_m47_r5(void **state)
{
    markkit s;
    (void)state;
    mark_begin(&s);
    mark_note(&s);
    mark_back_up(&s);
    dbk_id feed = mark_open_feed(&s)->feed;
    mark_note(&s);
    mark_shut(&s);
    mark_put_back(&s);
    dbk_test_book_reopen(s.anne);
    assert_int_equal(mark_found(&s), DBK_MARK_AHEAD);
    assert_int_not_equal(dbk_book_restored_ms(s.anne->book), 0);
    mark_expect_renewed(&s, &feed);
    /* Said once; it is known from then on. */
    dbk_test_book_reopen(s.anne);
    assert_int_equal(mark_found(&s), DBK_MARK_FITS);
    assert_int_not_equal(dbk_book_restored_ms(s.anne->book), 0);
    mark_end(&s);
}

static void a_store_put_back_twice_gets_two_new_incarnations_m47_r5(void **state)
{
    markkit s;
    (void)state;
    mark_begin(&s);
    mark_note(&s);
    mark_back_up(&s);
    dbk_id first = mark_open_feed(&s)->feed;
    mark_note(&s);
    mark_shut(&s);
    mark_put_back(&s);
    dbk_test_book_reopen(s.anne);
    mark_expect_renewed(&s, &first);
    dbk_id second = mark_open_feed(&s)->feed;
    mark_shut(&s);
    mark_put_back(&s);
    dbk_test_book_reopen(s.anne);
    assert_int_equal(mark_found(&s), DBK_MARK_AHEAD);
    mark_expect_renewed(&s, &first);
    assert_false(dbk_id_equal(&mark_open_feed(&s)->feed, &second));
    mark_end(&s);
}

static void a_store_put_back_without_a_mark_is_no_lock_out_m47(void **state)
{
    markkit s;
    (void)state;
    mark_begin(&s);
    mark_note(&s);
    mark_back_up(&s);
    mark_note(&s);
    mark_shut(&s);
    mark_put_back(&s);
    (void)unlink(mark_path(&s, 0));
    (void)unlink(mark_path(&s, 1));
    dbk_test_book_reopen(s.anne);
    assert_int_equal(mark_found(&s), DBK_MARK_MISSING);
    mark_note(&s); /* what the relay holds decides, at the next sync (decision 0012) */
    dbk_test_book_reopen(s.anne);
    assert_int_equal(mark_found(&s), DBK_MARK_FITS);
    mark_end(&s);
}

/* The salt is the store's, wherever it lies. */
static void a_moved_store_keeps_its_mark_and_a_clone_is_told(void **state)
{
    markkit s;
    char home[DBK_TEST_PATH_SIZE];
    (void)state;
    mark_begin(&s);
    mark_note(&s);
    mark_back_up(&s);
    dbk_id feed = mark_open_feed(&s)->feed;
    mark_note(&s);
    mark_shut(&s);
    memcpy(home, s.anne->dir, sizeof(home));
    memcpy(s.anne->dir, s.kept, sizeof(home));
    dbk_test_book_reopen(s.anne); /* the clone, elsewhere on this machine */
    assert_int_equal(mark_found(&s), DBK_MARK_AHEAD);
    mark_expect_renewed(&s, &feed);
    mark_shut(&s);
    memcpy(s.anne->dir, home, sizeof(home));
    dbk_test_book_reopen(s.anne); /* the first: another copy has written, its own feed goes on */
    assert_int_equal(mark_found(&s), DBK_MARK_AHEAD);
    mark_note(&s);
    assert_true(dbk_id_equal(&mark_open_feed(&s)->feed, &feed));
    assert_int_equal(mark_open_feed(&s)->now.last_seq, 3);
    mark_end(&s);
}

static void two_copies_at_once_share_no_mark(void **state)
{
    markkit s;
    dbk_test_book clone;
    (void)state;
    mark_begin(&s);
    mark_note(&s);
    mark_back_up(&s);
    clone = *s.anne;
    clone.env.env.self = &clone.env;
    memcpy(clone.dir, s.kept, sizeof(clone.dir));
    clone.book = NULL;
    dbk_test_book_reopen(&clone);
    const dbk_book_mark mark = dbk_book_mark_found(clone.book);
    assert_int_equal(mark.found, DBK_MARK_NONE);
    assert_non_null(strstr(mark.why_none, "in use"));
    dbk_book_close(clone.book);
    mark_end(&s);
}

/* ---- the key file -------------------------------------------------------------------------- */

static void change_passphrase(markkit *s)
{
    dbk_secret *secret = NULL;
    dbk_err err = { 0 };
    assert_ok(dbk_secret_from(&secret, dbk_span_str(DBK_TEST_PASSPHRASE), &err), &err);
    const dbk_slots_change change = { .old_passphrase = secret, .new_passphrase = secret };
    assert_ok(dbk_book_change_passphrase(s->anne->book, &change, &err), &err);
    dbk_secret_free(secret);
}

static void an_older_key_file_is_said_once_a04(void **state)
{
    markkit s;
    (void)state;
    mark_begin(&s);
    mark_back_up(&s);
    change_passphrase(&s);
    dbk_test_book_reopen(s.anne);
    assert_int_equal(mark_found(&s), DBK_MARK_FITS);
    assert_false(dbk_book_mark_found(s.anne->book).slots_older);
    mark_shut(&s);
    mark_copy_file(dbk_test_path(s.anne->dir, "keys.slots"), dbk_test_path(s.kept, "keys.slots"));
    dbk_test_book_reopen(s.anne);
    assert_int_equal(mark_found(&s), DBK_MARK_FITS);
    assert_true(dbk_book_mark_found(s.anne->book).slots_older);
    dbk_test_book_reopen(s.anne);
    assert_false(dbk_book_mark_found(s.anne->book).slots_older);
    mark_end(&s);
}

static dbk_rc open_again(markkit *s, const char *passphrase, dbk_err *err)
{
    dbk_secret *secret = NULL;
    const dbk_book_opts opts = { .env = &s->anne->env.env, .anchors = s->marks };
    assert_int_equal(dbk_secret_from(&secret, dbk_span_str(passphrase), NULL), DBK_OK);
    dbk_rc rc = dbk_book_open(&s->anne->book, s->anne->dir, secret, &opts, err);
    dbk_secret_free(secret);
    return rc;
}

static void after_a_rekey_an_old_key_file_opens_nothing_and_is_called_older_a04(void **state)
{
    markkit s;
    dbk_secret *secret = NULL;
    dbk_err err = { 0 };
    (void)state;
    mark_begin(&s);
    mark_note(&s);
    mark_back_up(&s);
    mark_shut(&s);
    const dbk_book_opts opts = { .env = &s.anne->env.env,
                                 .kdf = DBK_KDF_COST_FLOOR,
                                 .anchors = s.marks };
    assert_ok(dbk_secret_from(&secret, dbk_span_str(DBK_TEST_PASSPHRASE), &err), &err);
    assert_ok(dbk_book_rekey(s.anne->dir, secret, &opts, &err), &err);
    dbk_secret_free(secret);
    mark_copy_file(dbk_test_path(s.kept, "now.slots"), dbk_test_path(s.anne->dir, "keys.slots"));
    mark_copy_file(dbk_test_path(s.anne->dir, "keys.slots"), dbk_test_path(s.kept, "keys.slots"));
    assert_int_equal(open_again(&s, DBK_TEST_PASSPHRASE, &err), DBK_DAMAGED);
    if (strstr(err.text, "the key file is older") == NULL)
        fail_msg("said: %s", err.text);
    dbk_err_clear(&err);
    assert_int_equal(open_again(&s, "not it", &err), DBK_PASSPHRASE);
    assert_non_null(strstr(err.text, "the key file is older"));
    mark_copy_file(dbk_test_path(s.anne->dir, "keys.slots"), dbk_test_path(s.kept, "now.slots"));
    dbk_err_clear(&err);
    assert_ok(open_again(&s, DBK_TEST_PASSPHRASE, &err), &err);
    assert_int_equal(mark_found(&s), DBK_MARK_FITS);
    mark_shut(&s);
    /* The whole old store, under its old key: an older copy, though the mark can't be read. */
    mark_put_back(&s);
    dbk_test_book_reopen(s.anne);
    assert_int_equal(mark_found(&s), DBK_MARK_STRANGE);
    mark_note(&s);
    assert_int_equal(mark_open_feed(&s)->now.last_seq, 1);
    mark_end(&s);
}

static void a_wiped_store_takes_its_mark_along(void **state)
{
    markkit s;
    dbk_err err = { 0 };
    char path[2 * DBK_TEST_PATH_SIZE];
    (void)state;
    mark_begin(&s);
    mark_shut(&s);
    (void)snprintf(path, sizeof(path), "%s", mark_path(&s, 0));
    assert_int_equal(access(path, F_OK), 0);
    const dbk_book_opts opts = { .anchors = s.marks };
    assert_ok(dbk_book_wipe(s.anne->dir, &opts, &err), &err);
    assert_int_not_equal(access(path, F_OK), 0);
    dbk_test_dir_remove(s.marks);
    dbk_test_dir_remove(s.kept);
    dbk_book_close(s.org.books[0].book);
    dbk_test_dir_remove(s.org.books[0].dir);
    dbk_secret_free(s.org.relay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_that_goes_on_fits_its_mark_r4),
        cmocka_unit_test(a_store_put_back_never_signs_a_seq_again_m47_r5),
        cmocka_unit_test(a_store_put_back_twice_gets_two_new_incarnations_m47_r5),
        cmocka_unit_test(a_store_put_back_without_a_mark_is_no_lock_out_m47),
        cmocka_unit_test(a_moved_store_keeps_its_mark_and_a_clone_is_told),
        cmocka_unit_test(two_copies_at_once_share_no_mark),
        cmocka_unit_test(an_older_key_file_is_said_once_a04),
        cmocka_unit_test(after_a_rekey_an_old_key_file_opens_nothing_and_is_called_older_a04),
        cmocka_unit_test(a_wiped_store_takes_its_mark_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
