/* A mark outside a store when power, disk or memory fail, and when somebody meddles (R4, R5, A37,
 * A38). */
#include "tests/lib/test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/journal/feed.h"
#include "tests/lib/markkit.h"

/* ---- power, disks, meddling ---------------------------------------------------------------- */

/* Between commit and mark: the mark is one note behind. */
static void power_lost_before_the_mark_makes_no_honest_store_look_old_r4(void **state)
{
    markkit s;
    (void)state;
    mark_begin(&s);
    mark_note(&s);
    dbk_test_book_reopen(s.anne);
    dbk_id feed = mark_open_feed(&s)->feed;
    dbk_bytes before[2] = { mark_read_file(mark_path(&s, 0)), mark_read_file(mark_path(&s, 1)) };
    mark_note(&s);
    mark_shut(&s);
    for (unsigned i = 0; i < 2; i++)
        mark_write_file(mark_path(&s, i), dbk_bytes_span(&before[i]));
    dbk_test_book_reopen(s.anne);
    assert_int_equal(mark_found(&s), DBK_MARK_FITS);
    mark_note(&s);
    assert_true(dbk_id_equal(&mark_open_feed(&s)->feed, &feed));
    assert_int_equal(mark_open_feed(&s)->now.last_seq, 3);
    for (unsigned i = 0; i < 2; i++)
        dbk_bytes_wipe(&before[i]);
    mark_end(&s);
}

/* The other order, which must not happen: it would be taken for a store that was put back. That is
 * how a disk is met that lost a commit which it had called durable. */
static void a_commit_that_the_disk_lost_is_an_older_store_r5(void **state)
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
    mark_expect_renewed(&s, &feed);
    mark_end(&s);
}

/* Whatever a crash leaves of the file that was being written, the other one is whole. */
static void a_torn_mark_leaves_the_one_before_r4(void **state)
{
    markkit s;
    (void)state;
    mark_begin(&s);
    mark_note(&s);
    dbk_test_book_reopen(s.anne);
    mark_note(&s);
    mark_shut(&s);
    for (unsigned torn = 0; torn < 2; torn++) {
        dbk_bytes whole = mark_read_file(mark_path(&s, torn));
        assert_true(whole.len > 0);
        mark_write_file(mark_path(&s, torn), dbk_span_of(whole.p, whole.len / 2));
        dbk_test_book_reopen(s.anne);
        if (mark_found(&s) != DBK_MARK_FITS)
            fail_msg("file %u torn: found %d", torn, (int)mark_found(&s));
        mark_shut(&s);
        mark_write_file(mark_path(&s, torn), dbk_bytes_span(&whole));
        dbk_bytes_wipe(&whole);
    }
    dbk_test_book_reopen(s.anne);
    mark_end(&s);
}

/* Each file holds what was true when a run of the program ended. */
static void one_of_the_two_files_set_back_still_tells_m47(void **state)
{
    markkit s;
    (void)state;
    mark_begin(&s);
    mark_note(&s);
    mark_back_up(&s);
    dbk_id feed = mark_open_feed(&s)->feed;
    dbk_bytes old[2] = { mark_read_file(mark_path(&s, 0)), mark_read_file(mark_path(&s, 1)) };
    mark_note(&s);
    dbk_test_book_reopen(s.anne);
    mark_note(&s);
    mark_shut(&s);
    for (unsigned which = 0; which < 2; which++) {
        dbk_bytes now[2] = { mark_read_file(mark_path(&s, 0)), mark_read_file(mark_path(&s, 1)) };
        mark_put_back(&s);
        mark_write_file(mark_path(&s, which), dbk_bytes_span(&old[which]));
        dbk_test_book_reopen(s.anne);
        assert_int_equal(mark_found(&s), DBK_MARK_AHEAD);
        assert_false(dbk_id_equal(&mark_open_feed(&s)->feed, &feed));
        mark_shut(&s);
        for (unsigned i = 0; i < 2; i++) {
            mark_write_file(mark_path(&s, i), dbk_bytes_span(&now[i]));
            dbk_bytes_wipe(&now[i]);
        }
    }
    /* Both, with the store: nothing here can tell; the relay's log can (decision 0012). */
    mark_put_back(&s);
    for (unsigned i = 0; i < 2; i++) {
        mark_write_file(mark_path(&s, i), dbk_bytes_span(&old[i]));
        dbk_bytes_wipe(&old[i]);
    }
    dbk_test_book_reopen(s.anne);
    assert_int_equal(mark_found(&s), DBK_MARK_FITS);
    mark_end(&s);
}

static void a_mark_that_nobody_can_read_counts_as_one_ahead_r5(void **state)
{
    markkit s;
    (void)state;
    mark_begin(&s);
    mark_note(&s);
    dbk_id feed = mark_open_feed(&s)->feed;
    mark_shut(&s);
    for (unsigned i = 0; i < 2; i++) {
        dbk_bytes file = mark_read_file(mark_path(&s, i));
        if (file.len > 0)
            file.p[file.len - 1] ^= 1;
        mark_write_file(mark_path(&s, i), dbk_bytes_span(&file));
        dbk_bytes_wipe(&file);
    }
    dbk_test_book_reopen(s.anne);
    assert_int_equal(mark_found(&s), DBK_MARK_STRANGE);
    mark_expect_renewed(&s, &feed);
    dbk_test_book_reopen(s.anne);
    assert_int_equal(mark_found(&s), DBK_MARK_FITS);
    mark_end(&s);
}

static void without_a_place_for_marks_all_goes_on_and_status_says_why(void **state)
{
    markkit s;
    (void)state;
    mark_begin(&s);
    mark_shut(&s);
    s.anne->anchors = dbk_test_path(s.kept, "file/marks");
    mark_write_file(dbk_test_path(s.kept, "file"), dbk_span_str("in the way"));
    dbk_test_book_reopen(s.anne);
    assert_int_equal(mark_found(&s), DBK_MARK_NONE);
    assert_string_not_equal(dbk_book_mark_found(s.anne->book).why_none, "");
    mark_note(&s);
    dbk_test_book_reopen(s.anne);
    mark_note(&s);
    s.anne->anchors = s.marks;
    assert_int_equal(chmod(s.marks, 0777), 0);
    dbk_test_book_reopen(s.anne);
    assert_int_equal(mark_found(&s), DBK_MARK_NONE);
    assert_int_equal(chmod(s.marks, 0700), 0);
    dbk_test_book_reopen(s.anne);
    mark_end(&s);
}

/* A file that can't grow, as a full disk; the database isn't written to meanwhile. */
static void a_mark_that_cannot_be_written_stops_no_note_a38(void **state)
{
    markkit s;
    struct rlimit old, small;
    (void)state;
    mark_begin(&s);
    mark_note(&s);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 64;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    s.anne->book->anchor.stale = true;
    dbk_book_anchor_raise(s.anne->book);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(mark_found(&s), DBK_MARK_NONE);
    assert_string_not_equal(dbk_book_mark_found(s.anne->book).why_none, "");
    mark_note(&s);
    dbk_id feed = mark_open_feed(&s)->feed;
    dbk_test_book_reopen(s.anne); /* by the file that was whole before */
    assert_int_equal(mark_found(&s), DBK_MARK_FITS);
    mark_note(&s);
    assert_true(dbk_id_equal(&mark_open_feed(&s)->feed, &feed));
    mark_end(&s);
}

/* While a store that was put back can't be made safe to write to, it can be read. */
static void an_older_copy_that_cannot_be_settled_is_read_only_r5_a38(void **state)
{
    markkit s;
    dbk_err err = { 0 };
    dbk_book_feed *feed = NULL;
    (void)state;
    mark_begin(&s);
    mark_note(&s);
    s.anne->book->anchor.unsettled.rc = DBK_FULL; /* as opening leaves it on a full disk */
    assert_ok(dbk_book_begin(s.anne->book, &err), &err);
    assert_int_equal(dbk_feed_open(s.anne->book, &feed, &s.org.space, &err), DBK_FULL);
    dbk_book_rollback(s.anne->book);
    assert_non_null(dbk_book_mark_found(s.anne->book).unsettled);
    dbk_test_book_reopen(s.anne);
    mark_note(&s);
    mark_end(&s);
}

/* How many allocations opening takes. */
static uint64_t opens_with(markkit *s, const dbk_secret *key, dbk_book_opts *opts)
{
    dbk_test_alloc a = { .fail_at = UINT64_MAX };
    dbk_err err = { 0 };
    dbk_test_alloc_start(&a);
    dbk_rc rc = dbk_book_open_with_key(&s->anne->book, s->anne->dir, key, opts, &err);
    (void)dbk_test_alloc_stop(&a);
    assert_ok(rc, &err);
    mark_shut(s);
    opts->anchors = s->marks; /* what comes after these is the mark's */
    return a.seen;
}

/* Each allocation of opening a store that was put back fails in turn: what then opens and can be
 * written to has closed the old feed. */
static void no_failing_allocation_lets_an_older_copy_sign_r5_a37(void **state)
{
    markkit s;
    dbk_secret *key = NULL;
    dbk_err err = { 0 };
    bool reached = true;
    (void)state;
    mark_begin(&s);
    mark_note(&s);
    mark_back_up(&s);
    dbk_id old = mark_open_feed(&s)->feed;
    mark_note(&s);
    assert_ok(dbk_secret_from(&key, dbk_secret_bytes(dbk_book_store_key(s.anne->book)), &err),
              &err);
    mark_shut(&s);
    dbk_bytes marks[2] = { mark_read_file(mark_path(&s, 0)), mark_read_file(mark_path(&s, 1)) };
    dbk_book_opts opts = { .env = &s.anne->env.env };
    for (uint64_t n = opens_with(&s, key, &opts); reached; n++) {
        dbk_test_alloc a = { .fail_at = n };
        dbk_book_feed *feed = NULL;
        mark_put_back(&s);
        for (unsigned i = 0; i < 2; i++)
            mark_write_file(mark_path(&s, i), dbk_bytes_span(&marks[i]));
        dbk_test_alloc_start(&a);
        dbk_rc rc = dbk_book_open_with_key(&s.anne->book, s.anne->dir, key, &opts, NULL);
        reached = dbk_test_alloc_stop(&a);
        if (rc != DBK_OK)
            continue;
        if (dbk_book_begin(s.anne->book, NULL) == DBK_OK) {
            rc = dbk_feed_open(s.anne->book, &feed, &s.org.space, NULL);
            if (rc == DBK_OK && dbk_id_equal(&feed->feed, &old) &&
                dbk_book_mark_found(s.anne->book).why_none[0] == '\0')
                fail_msg("allocation %llu: the old feed is open", (unsigned long long)n);
            dbk_book_rollback(s.anne->book);
        }
        mark_shut(&s);
    }
    for (unsigned i = 0; i < 2; i++)
        dbk_bytes_wipe(&marks[i]);
    dbk_secret_free(key);
    dbk_test_book_reopen(s.anne);
    mark_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_lost_before_the_mark_makes_no_honest_store_look_old_r4),
        cmocka_unit_test(a_commit_that_the_disk_lost_is_an_older_store_r5),
        cmocka_unit_test(a_torn_mark_leaves_the_one_before_r4),
        cmocka_unit_test(one_of_the_two_files_set_back_still_tells_m47),
        cmocka_unit_test(a_mark_that_nobody_can_read_counts_as_one_ahead_r5),
        cmocka_unit_test(without_a_place_for_marks_all_goes_on_and_status_says_why),
        cmocka_unit_test(a_mark_that_cannot_be_written_stops_no_note_a38),
        cmocka_unit_test(an_older_copy_that_cannot_be_settled_is_read_only_r5_a38),
        cmocka_unit_test(no_failing_allocation_lets_an_older_copy_sign_r5_a37),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
