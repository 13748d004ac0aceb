/* What was disposed of is shut in every backup of a relay, also in those that are older than the
 * order, as soon as the next one was made; everything else comes back (decision 0037, domain.md
 * 2.5). */
#include "tests/lib/test.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sync/relay/backup.h"
#include "sync/relay/files.h"
#include "sync/relay/tls.h"
#include "tests/lib/orderkit.h"

typedef struct fixture {
    orderkit *kit;
    dbk_home *home;
    char to[DBK_PATH_SIZE], book[DBK_PATH_SIZE], old_book[DBK_PATH_SIZE];
    char restored[DBK_PATH_SIZE], restored_db[DBK_PATH_SIZE], key[DBK_PATH_SIZE];
} fixture;

static void beside(const fixture *f, char out[DBK_PATH_SIZE], const char *name)
{
    dbk_err err = { 0 };
    assert_ok(dbk_files_path(out, f->kit->kit.dir, name, &err), &err);
}

static int setup(void **state)
{
    static fixture f;
    dbk_err err = { 0 };
    dbk_bytes cert = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    dbk_bytes key = DBK_BYTES_INIT(DBK_TLS_PEM_BYTES_MAX);
    memset(&f, 0, sizeof(f));
    (void)orderkit_setup((void **)&f.kit);
    if (relaykit_on_postgres(&f.kit->kit))
        skip();
    const char *dir = f.kit->kit.dir;
    assert_ok(dbk_tls_make(&cert, &key, DBK_TEST_START_MS, &err), &err);
    assert_ok(dbk_files_write(dir, DBK_HOME_CERT, dbk_bytes_span(&cert), &err), &err);
    assert_ok(dbk_files_write(dir, DBK_HOME_KEY, dbk_bytes_span(&key), &err), &err);
    assert_ok(dbk_files_write(dir, DBK_HOME_DB_KEY, dbk_secret_bytes(f.kit->kit.db_key), &err),
              &err);
    dbk_bytes_wipe(&cert);
    dbk_bytes_wipe(&key);
    beside(&f, f.to, "backups");
    beside(&f, f.book, "backups/" DBK_OPENER_BOOK_NAME);
    beside(&f, f.old_book, "old.book");
    beside(&f, f.restored, "restored");
    beside(&f, f.restored_db, "restored/" DBK_HOME_DB);
    beside(&f, f.key, DBK_HOME_DB_KEY);
    assert_ok(dbk_home_look(&f.home, dir, &err), &err);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    dbk_home_close(f->home);
    return orderkit_teardown((void **)&f->kit);
}

/* ---- steps ------------------------------------------------------------------------------- */

static dbk_rc try_back_up(fixture *f, dbk_backup *made, dbk_err *err)
{
    const dbk_backup_target target = { f->to, NULL };
    f->kit->kit.env.now_ms += 5000; /* a backup is named by its second */
    return dbk_backup_make(made, f->home, &target, &f->kit->kit.env.env, err);
}

static void back_up(fixture *f, dbk_backup *made)
{
    dbk_err err = { 0 };
    assert_ok(try_back_up(f, made, &err), &err);
}

static void path_of(const fixture *f, char out[DBK_PATH_SIZE], const dbk_backup *made)
{
    dbk_err err = { 0 };
    assert_ok(dbk_files_path(out, f->to, made->name, &err), &err);
}

/* book NULL: the one beside the backup. */
static dbk_rc restore(fixture *f, const dbk_backup *made, const char *book, dbk_backup *out,
                      dbk_err *err)
{
    char file[DBK_PATH_SIZE];
    bool waits = false;
    path_of(f, file, made);
    const dbk_backup_source from = { file, f->key, "the disk failed", book };
    dbk_rc rc = dbk_backup_restore(out, &waits, f->restored, &from, &f->kit->kit.env.env, err);
    assert_int_equal(waits, rc == DBK_OK);
    return rc;
}

static dbk_span frame_of(const fixture *f, size_t segment, size_t op, dbk_span *opener)
{
    static dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    const relaykit_segment *s = &f->kit->s[segment];
    assert_ok(dbk_body_split(frames, &s->header, dbk_bytes_span(&s->body), NULL), NULL);
    *opener = dbk_frame_opener(&frames[op]);
    assert_int_equal(opener->len, DBK_FRAME_OPENER_BYTES);
    return frames[op].sealed;
}

static bool holds_opener(const fixture *f, const char *path, size_t segment, size_t op)
{
    dbk_span opener;
    (void)frame_of(f, segment, op, &opener);
    return orderkit_pages_hold(path, f->kit->kit.db_key, opener);
}

static bool holds_rest(const fixture *f, const char *path, size_t segment, size_t op)
{
    dbk_span opener;
    dbk_span sealed = frame_of(f, segment, op, &opener);
    return orderkit_pages_hold(path, f->kit->kit.db_key, dbk_span_of(sealed.p + opener.len, 32));
}

/* The holes of the restored log's segments, one digit each, and of the first one all. */
typedef struct seen {
    char holes[ORDERKIT_SEGMENTS + 1];
    uint64_t of_first;
} seen;

static dbk_rc see(void *ctx, const dbk_log_segment *segment, bool *stop, dbk_err *err)
{
    seen *s = ctx;
    dbk_header h;
    dbk_kept kept;
    (void)stop;
    assert_ok(dbk_header_decode(&h, segment->header, err), err);
    assert_ok(dbk_kept_read(&kept, &h, segment->body, segment->kept, err), err);
    s->holes[segment->index] = (char)('0' + (kept.holes & 7));
    if (segment->index == 0)
        s->of_first = kept.holes;
    return DBK_OK;
}

static uint64_t expect_restored(const fixture *f, const char *holes)
{
    dbk_log log;
    seen s = { { 0 }, 0 };
    dbk_err err = { 0 };
    const dbk_log_embedded file = { f->restored_db, f->kit->kit.db_key };
    dbk_log_read read = { 0, see, &s, 0 };
    assert_ok(dbk_log_embedded_open(&file, &log, DBK_LOG_READS, &err), &err);
    assert_ok(log.ops->segments_read(log.self, &f->kit->space, &read, &err), &err);
    dbk_log_close(&log);
    assert_string_equal(s.holes, holes);
    return s.of_first;
}

/* ---- forgetting -------------------------------------------------------------------------- */

static void an_older_backup_is_shut_when_the_next_one_was_made_2_5(void **state)
{
    fixture *f = *state;
    static const orderkit_part parts[] = { { 1, 2 }, { 2, 7 } };
    dbk_backup before, after;
    char old[DBK_PATH_SIZE], fresh[DBK_PATH_SIZE];
    orderkit_push(f->kit, 0, ORDERKIT_SEGMENTS, "00000000");
    back_up(f, &before);
    path_of(f, old, &before);
    for (size_t i = 0; i < ORDERKIT_SEGMENTS; i++) {
        for (size_t op = 0; op < ORDERKIT_OPS; op++) {
            assert_true(holds_rest(f, old, i, op));
            assert_false(holds_opener(f, old, i, op));
            assert_true(holds_opener(f, f->book, i, op));
        }
    }
    orderkit_dispose(f->kit, parts, ARRAY_LEN(parts));
    back_up(f, &after);
    path_of(f, fresh, &after);
    for (size_t i = 0; i < ORDERKIT_SEGMENTS; i++) {
        for (size_t op = 0; op < ORDERKIT_OPS; op++) {
            bool gone = (i == 1 && op == 1) || i == 2;
            assert_int_equal(holds_opener(f, f->book, i, op), !gone);
            assert_true(holds_rest(f, old, i, op)); /* the file itself is as it was */
            assert_int_equal(holds_rest(f, fresh, i, op), !gone);
            assert_false(holds_opener(f, fresh, i, op));
        }
    }
}

static void nothing_else_stays_in_the_folder_and_the_last_book_is_overwritten(void **state)
{
    fixture *f = *state;
    dbk_backup made;
    dbk_bytes old = DBK_BYTES_INIT(4u << 20);
    dbk_err err = { 0 };
    size_t count = 0;
    orderkit_push(f->kit, 0, 2, "00");
    back_up(f, &made);
    assert_int_equal(link(f->book, f->old_book), 0); /* to see what becomes of its bytes */
    back_up(f, &made);
    assert_ok(dbk_files_read(f->old_book, &old, &err), &err);
    assert_true(old.len > 4096);
    for (size_t i = 0; i < old.len; i++)
        assert_int_equal(old.p[i], 0);
    dbk_bytes_wipe(&old);
    DIR *d = opendir(f->to);
    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        count += e->d_name[0] != '.' ? 1 : 0;
    assert_int_equal(closedir(d), 0);
    assert_int_equal(count, 2 * 2 + 1);
}

/* The book has two rows for it. */
static void of_a_full_segment_just_what_was_ordered_is_forgotten(void **state)
{
    fixture *f = *state;
    orderkit *k = f->kit;
    static const orderkit_part parts[] = { { 0, UINT64_C(1) << 31 | UINT64_C(1) << 40 } };
    dbk_backup before, after, back;
    dbk_err err = { 0 };
    for (size_t i = 0; i < ORDERKIT_SEGMENTS; i++)
        relaykit_segment_wipe(&k->s[i]);
    k->feed = relaykit_feed_begin(&k->kit, &k->officer, &k->space);
    relaykit_segment_make(&k->kit, &k->s[0], &k->feed, DBK_SEGMENT_OPS_MAX, 100);
    orderkit_push(k, 0, 1, "0");
    back_up(f, &before);
    orderkit_dispose(k, parts, 1);
    back_up(f, &after);
    for (size_t op = 0; op < DBK_SEGMENT_OPS_MAX; op++)
        if (holds_opener(f, f->book, 0, op) != (op != 31 && op != 40))
            fail_msg("op %zu", op);
    assert_ok(restore(f, &before, NULL, &back, &err), &err);
    assert_int_equal(expect_restored(f, "0"), parts[0].ops);
}

/* ---- coming back ------------------------------------------------------------------------- */

static void a_backup_older_than_an_order_comes_back_with_its_holes_and_the_order(void **state)
{
    fixture *f = *state;
    static const orderkit_part parts[] = { { 1, 2 }, { 2, 7 } };
    dbk_backup before, after, back;
    dbk_err err = { 0 };
    orderkit_push(f->kit, 0, ORDERKIT_SEGMENTS, "00000000");
    back_up(f, &before);
    orderkit_dispose(f->kit, parts, ARRAY_LEN(parts));
    back_up(f, &after);
    assert_ok(restore(f, &before, NULL, &back, &err), &err);
    /* The deep check has passed: each hole is one that the chain there orders. */
    assert_int_equal(back.holds.entries, before.holds.entries + 1);
    assert_int_equal(back.holds.segments, ORDERKIT_SEGMENTS);
    assert_int_equal(back.made_ms, before.made_ms);
    assert_int_equal(back.book_ms, after.made_ms);
    (void)expect_restored(f, "02700000");
    for (size_t op = 0; op < ORDERKIT_OPS; op++)
        assert_false(holds_rest(f, f->restored_db, 2, op));
}

static void the_evidence_of_a_fork_is_locked_and_forgotten_too_A15(void **state)
{
    fixture *f = *state;
    orderkit *k = f->kit;
    static const orderkit_part parts[] = { { 1, 1 } };
    dbk_backup before, after, back;
    char old[DBK_PATH_SIZE];
    dbk_err err = { 0 };
    for (size_t i = 0; i < 3; i++)
        relaykit_segment_wipe(&k->s[i]);
    k->feed = relaykit_feed_begin(&k->kit, &k->officer, &k->space);
    relaykit_segment_make(&k->kit, &k->s[0], &k->feed, ORDERKIT_OPS, 100);
    relaykit_feed twin = k->feed;
    relaykit_segment_make(&k->kit, &k->s[1], &k->feed, ORDERKIT_OPS, 100);
    relaykit_segment_make(&k->kit, &k->s[2], &twin, ORDERKIT_OPS, 100);
    orderkit_push(k, 0, 3, "003");
    back_up(f, &before);
    path_of(f, old, &before);
    assert_true(holds_rest(f, old, 2, 0));
    assert_false(holds_opener(f, old, 2, 0));
    assert_true(holds_opener(f, f->book, 2, 0));
    orderkit_dispose(k, parts, 1);
    back_up(f, &after);
    assert_false(holds_opener(f, f->book, 1, 0));
    assert_false(holds_opener(f, f->book, 2, 0));
    assert_true(holds_opener(f, f->book, 2, 1));
    assert_ok(restore(f, &before, NULL, &back, &err), &err);
    assert_int_equal(back.holds.forks, 1);
    (void)expect_restored(f, "01");
    assert_true(holds_rest(f, f->restored_db, 2, 1));
    assert_false(holds_rest(f, f->restored_db, 2, 0));
}

static void what_lacks_for_another_reason_is_counted_and_refused(void **state)
{
    fixture *f = *state;
    static const orderkit_part parts[] = { { 0, 1 } };
    dbk_backup first, second, back;
    dbk_err err = { 0 };
    orderkit_push(f->kit, 0, 5, "00000");
    back_up(f, &first);
    assert_ok(dbk_files_copy(f->old_book, f->book, &err), &err);
    orderkit_push(f->kit, 5, ORDERKIT_SEGMENTS, "000");
    orderkit_dispose(f->kit, parts, 1);
    back_up(f, &second);
    assert_rc(restore(f, &second, f->old_book, &back, &err), DBK_NOT_FOUND, &err);
    assert_non_null(strstr(err.text, "what 9 changes need"));
    assert_non_null(strstr(err.text, "older than the backup"));
    dbk_err_clear(&err);
    assert_int_equal(unlink(f->book), 0);
    assert_rc(restore(f, &second, NULL, &back, &err), DBK_NOT_FOUND, &err);
    assert_non_null(strstr(err.text, "no opener book"));
    assert_int_equal(rmdir(f->restored), 0); /* nothing is left of either */
}

/* Said plainly in OPERATIONS.md: whoever has relay.key and an old copy of the book. */
static void an_old_copy_of_the_book_still_opens_what_it_was_written_with(void **state)
{
    fixture *f = *state;
    static const orderkit_part parts[] = { { 0, 7 } };
    dbk_backup before, after, back;
    dbk_err err = { 0 };
    orderkit_push(f->kit, 0, 2, "00");
    back_up(f, &before);
    assert_ok(dbk_files_copy(f->old_book, f->book, &err), &err);
    orderkit_dispose(f->kit, parts, 1);
    back_up(f, &after);
    assert_ok(restore(f, &before, f->old_book, &back, &err), &err);
    (void)expect_restored(f, "00");
}

static void what_the_organisation_did_since_the_backup_comes_back_with_the_book(void **state)
{
    fixture *f = *state;
    orderkit *k = f->kit;
    dbk_backup before, after, back;
    relaykit_device late;
    dbk_err err = { 0 };
    orderkit_push(k, 0, 2, "00");
    back_up(f, &before);
    relaykit_enrol(&k->kit, &late, DBK_ROLE_OFFICER);
    const relaykit_device *members[] = { &late, &k->kit.admin };
    (void)relaykit_space(&k->kit, members, 2);
    back_up(f, &after);
    assert_ok(restore(f, &before, NULL, &back, &err), &err);
    assert_int_equal(back.holds.entries, after.holds.entries);
    assert_int_equal(back.holds.spaces, 2);
    (void)expect_restored(f, "00");
    relaykit_device_drop(&late);
}

/* ---- the book ---------------------------------------------------------------------------- */

static void what_only_the_earlier_book_knows_stays_but_for_what_is_ordered_erased_P1(void **state)
{
    fixture *f = *state;
    static const orderkit_part parts[] = { { 3, 2 } };
    dbk_backup rich, poor, back;
    dbk_err err = { 0 };
    orderkit_push(f->kit, 0, 2, "00");
    relaykit_backup(&f->kit->kit);
    relaykit_start(&f->kit->kit);
    orderkit_push(f->kit, 2, ORDERKIT_SEGMENTS, "000000");
    back_up(f, &rich);
    relaykit_put_back(&f->kit->kit); /* a poorer copy than there was */
    relaykit_start(&f->kit->kit);
    dbk_span order = orderkit_order_of(f->kit, parts, 1, &f->kit->second);
    assert_int_equal(
        relaykit_status(&f->kit->kit, &f->kit->kit.admin, "POST", "/v1/recovery", order), 200);
    back_up(f, &poor);
    assert_int_equal(poor.holds.segments, 2);
    assert_true(holds_opener(f, f->book, 3, 0));
    assert_false(holds_opener(f, f->book, 3, 1));
    assert_ok(restore(f, &rich, NULL, &back, &err), &err);
    (void)expect_restored(f, "00020000");
}

static void a_book_that_cannot_be_read_or_knows_more_is_never_replaced(void **state)
{
    fixture *f = *state;
    static const orderkit_part parts[] = { { 0, 1 } };
    dbk_backup made;
    dbk_bytes bytes = DBK_BYTES_INIT(4u << 20);
    dbk_err err = { 0 };
    orderkit_push(f->kit, 0, 2, "00");
    relaykit_backup(&f->kit->kit);
    relaykit_start(&f->kit->kit);
    orderkit_dispose(f->kit, parts, 1);
    back_up(f, &made);
    relaykit_put_back(&f->kit->kit);
    relaykit_start(&f->kit->kit);
    assert_rc(try_back_up(f, &made, &err), DBK_CONFLICT, &err);
    assert_non_null(strstr(err.text, "knows more"));
    assert_false(holds_opener(f, f->book, 0, 0));
    assert_true(holds_opener(f, f->book, 0, 1));

    dbk_err_clear(&err);
    assert_int_equal(unlink(f->book), 0);
    assert_ok(dbk_files_write(f->to, DBK_OPENER_BOOK_NAME, dbk_span_str("not a book"), &err), &err);
    assert_rc(try_back_up(f, &made, &err), DBK_DAMAGED, &err);
    assert_non_null(strstr(err.text, "can't be read"));
    dbk_err_clear(&err);
    assert_ok(dbk_files_read(f->book, &bytes, &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&bytes), dbk_span_str("not a book")));
    dbk_bytes_wipe(&bytes);
}

static void two_backups_at_a_time_never_share_a_book(void **state)
{
    fixture *f = *state;
    dbk_backup made, back;
    int fd;
    dbk_err err = { 0 };
    orderkit_push(f->kit, 0, 2, "00");
    back_up(f, &made);
    assert_ok(dbk_files_lock_dir(f->to, &fd, &err), &err); /* as the other one does */
    assert_rc(try_back_up(f, &made, &err), DBK_BUSY, &err);
    assert_int_equal(close(fd), 0);
    dbk_err_clear(&err);
    back_up(f, &made);
    assert_ok(restore(f, &made, NULL, &back, &err), &err);
    (void)expect_restored(f, "00");
}

static void the_book_may_lie_on_another_disk(void **state)
{
    fixture *f = *state;
    dbk_backup made, back;
    dbk_err err = { 0 };
    const dbk_backup_target target = { f->to, f->old_book };
    orderkit_push(f->kit, 0, 2, "00");
    assert_ok(dbk_backup_make(&made, f->home, &target, &f->kit->kit.env.env, &err), &err);
    assert_int_equal(access(f->book, F_OK), -1);
    assert_rc(restore(f, &made, NULL, &back, NULL), DBK_NOT_FOUND, NULL);
    assert_ok(restore(f, &made, f->old_book, &back, &err), &err);
    (void)expect_restored(f, "00");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_older_backup_is_shut_when_the_next_one_was_made_2_5),
        TEST(of_a_full_segment_just_what_was_ordered_is_forgotten),
        TEST(nothing_else_stays_in_the_folder_and_the_last_book_is_overwritten),
        TEST(a_backup_older_than_an_order_comes_back_with_its_holes_and_the_order),
        TEST(the_evidence_of_a_fork_is_locked_and_forgotten_too_A15),
        TEST(what_lacks_for_another_reason_is_counted_and_refused),
        TEST(an_old_copy_of_the_book_still_opens_what_it_was_written_with),
        TEST(what_the_organisation_did_since_the_backup_comes_back_with_the_book),
        TEST(what_only_the_earlier_book_knows_stays_but_for_what_is_ordered_erased_P1),
        TEST(a_book_that_cannot_be_read_or_knows_more_is_never_replaced),
        TEST(two_backups_at_a_time_never_share_a_book),
        TEST(the_book_may_lie_on_another_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
