/* A shared tablet that only writes, over a real relay (decision 0011): what it wrote others read,
 * and it can't, with all that its store holds and all that the relay could hand it. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/feed.h"
#include "core/journal/inbox.h"
#include "core/journal/journal.h"
#include "core/journal/query.h"
#include "core/store/rows_query.h"
#include "core/store/sql.h"
#include "sync/driver/line.h"
#include "tests/lib/syncworld.h"

typedef struct team {
    syncworld world;
    sync_device admin, anne, tablet;
    dbk_id space;
} team;

static team *team_new(void)
{
    static team t;
    syncworld_open(&t.world);
    sync_device_open(&t.world, &t.admin, "admin");
    sync_device_open(&t.world, &t.anne, "anne");
    sync_device_open(&t.world, &t.tablet, "tablet");
    sync_found(&t.admin);
    t.space = sync_space(&t.admin, "Family Liaison");
    sync_enlist(&t.admin, &t.anne, DBK_ROLE_OFFICER, &t.space);
    sync_enlist(&t.admin, &t.tablet, DBK_ROLE_WRITER, &t.space);
    (void)sync_now(&t.admin);
    (void)sync_now(&t.anne);
    return &t;
}

static void team_end(team *t)
{
    sync_device_close(&t->admin);
    sync_device_close(&t->anne);
    sync_device_close(&t->tablet);
    syncworld_close(&t->world);
}

static dbk_rc count_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    (void)row;
    (void)err;
    (*(unsigned *)ctx)++;
    return DBK_OK;
}

static unsigned found(dbk_book *book, const char *words)
{
    unsigned count = 0;
    dbk_err err = { 0 };
    assert_ok(dbk_query_search(book, words, 10, count_row, &count, &err), &err);
    return count;
}

static dbk_rc take_status(void *ctx, const dbk_space_status *s, dbk_err *err)
{
    (void)err;
    *(dbk_space_status *)ctx = *s;
    return DBK_OK;
}

static dbk_space_status status_of(dbk_book *book)
{
    dbk_space_status s = { 0 };
    dbk_err err = { 0 };
    assert_ok(dbk_query_status(book, take_status, &s, &err), &err);
    return s;
}

static bool stands_in(const char *cell, size_t len, const char *text)
{
    size_t want = strlen(text);
    for (size_t at = 0; at + want <= len; at++)
        if (memcmp(cell + at, text, want) == 0)
            return true;
    return false;
}

/* Every cell of every table, as SQLite would give it: does the text stand there? */
static bool store_holds(dbk_book *book, const char *text)
{
    static const char *const tables[] = { "meta", "member",  "space", "feed",
                                          "op",   "segment", "record" };
    char sql[256], answer[32];
    dbk_err err = { 0 };
    bool holds = false;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        sqlite3_stmt *s = NULL;
        (void)snprintf(sql, sizeof(sql), "SELECT * FROM %s", tables[i]);
        assert_int_equal(sqlite3_prepare_v2(book->store->db, sql, -1, &s, NULL), SQLITE_OK);
        while (sqlite3_step(s) == SQLITE_ROW) {
            for (int k = 0; k < sqlite3_column_count(s); k++) {
                const char *cell = sqlite3_column_blob(s, k);
                size_t len = (size_t)sqlite3_column_bytes(s, k);
                holds = holds || (len > 0 && stands_in(cell, len, text));
            }
        }
        assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
    }
    assert_ok(dbk_sql_ask(book->store, answer, sizeof(answer), "SELECT count(*) FROM words", &err),
              &err);
    return holds || strcmp(answer, "0") != 0;
}

static void what_a_writer_wrote_others_read_and_it_does_not_LL5(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_err err = { 0 };
    dbk_note *note = NULL;
    dbk_id record = sync_write(&t->tablet, &t->space, "Seen at the back door");
    dbk_space_status s = status_of(t->tablet.book);
    assert_int_equal(s.mine.role, DBK_ROLE_WRITER);
    assert_int_equal(s.own_ops, 1);
    assert_int_equal(s.own_receipted_ops, 0);
    assert_int_equal(s.records + s.pending + s.attention, 0);
    assert_null(s.pending_reason);
    /* No key, no record, no word: not in memory's keyring, not in the store. */
    assert_null(dbk_keyring_current(t->tablet.book->keyring, &t->space, NULL));
    assert_false(store_holds(t->tablet.book, "back door"));
    assert_int_equal(found(t->tablet.book, "door"), 0);
    assert_rc(dbk_query_note(&note, t->tablet.book, &record, &err), DBK_NOT_FOUND, &err);
    dbk_sync_report report = sync_now(&t->tablet);
    assert_int_equal(report.pushed_segments, 1);
    assert_int_equal(report.pending, 0);
    (void)sync_now(&t->anne);
    (void)sync_now(&t->admin);
    assert_int_equal(found(t->anne.book, "door"), 1);
    sync_assert_equal(&t->anne, &t->admin, &t->space);
    assert_int_equal(sync_verify(&t->anne, &t->space).records, 1);
    /* The next start of the program knows no more; and the store proves whole. */
    sync_device_reopen(&t->tablet);
    s = status_of(t->tablet.book);
    assert_int_equal(s.own_receipted_ops, 1);
    assert_int_equal(sync_verify(&t->tablet, &t->space).records, 0);
    assert_false(store_holds(t->tablet.book, "back door"));
    team_end(t);
}

static void a_writer_fetches_nothing_and_the_relay_gives_it_nothing(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    const dbk_run run = { .space = t->space, .count = 0 };
    (void)sync_write(&t->anne, &t->space, "Not for the tablet");
    (void)sync_now(&t->anne);
    (void)sync_write(&t->tablet, &t->space, "From the tablet");
    dbk_sync_report report = sync_now(&t->tablet);
    assert_int_equal(report.pushed_segments, 1);
    assert_int_equal(report.pulled_segments, 0);
    assert_int_equal(sync_verify(&t->tablet, &t->space).segments, 1);
    /* Nor may it ask: 403, as of a member without the right. */
    char hex[DBK_ID_HEX_SIZE], target[128];
    dbk_line line;
    dbk_call call = { .method = "GET", .target = target, .answer_max = 65536 };
    dbk_id_hex(hex, &t->space);
    (void)snprintf(target, sizeof(target), "/v1/spaces/%s/segments?from=0&bytes=60000", hex);
    assert_ok(dbk_line_open(&line, t->tablet.book, &t->tablet.t, &err), &err);
    assert_rc(dbk_line_ask(&line, &call, &err), DBK_DENIED, &err);
    dbk_line_close(&line);
    dbk_err_clear(&err);
    assert_rc(dbk_inbox_run(t->tablet.book, &stats, &run, &err), DBK_NOT_FOUND, &err);
    /* By folder neither; what it wrote goes along. */
    char dir[DBK_TEST_PATH_SIZE];
    dbk_test_dir_make(dir);
    (void)sync_write(&t->tablet, &t->space, "By stick");
    (void)sync_folder(&t->anne, dir);
    report = sync_folder(&t->tablet, dir);
    assert_int_equal(report.pulled_segments, 0);
    assert_int_equal(sync_verify(&t->tablet, &t->space).segments, 2);
    (void)sync_folder(&t->anne, dir);
    assert_int_equal(found(t->anne.book, "stick"), 1);
    dbk_test_dir_remove(dir);
    team_end(t);
}

static void a_writer_only_adds(void **state)
{
    (void)state;
    team *t = team_new();
    const dbk_input input = { .op = DBK_INPUT_SET, .field = "name", .text = "Other" };
    dbk_problems p = { 0 };
    dbk_err err = { 0 };
    dbk_id record = sync_write(&t->tablet, &t->space, "Mine");
    const dbk_edit edit = { record, &input, 1, NULL };
    assert_rc(dbk_journal_edit(t->tablet.book, &p, &edit, &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_journal_withdraw(t->tablet.book, &record, "why", &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_book_check_write(t->tablet.book, &t->space, &err), &err);
    dbk_problems_wipe(&p);
    team_end(t);
}

/* After a rotation it seals to the new epoch; who left with the old key reads nothing of it. */
static void a_writer_goes_on_under_the_next_key(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_err err = { 0 };
    (void)sync_write(&t->tablet, &t->space, "Under the first key");
    assert_ok(dbk_driver_rotate(t->admin.book, &t->admin.t, &t->space, &err), &err);
    (void)sync_now(&t->tablet);
    (void)sync_write(&t->tablet, &t->space, "Under the second key");
    (void)sync_now(&t->tablet);
    (void)sync_now(&t->anne);
    assert_int_equal(found(t->anne.book, "key"), 2);
    assert_int_equal(sync_verify(&t->tablet, &t->space).segments, 2);
    team_end(t);
}

/* The tablet is given to an officer: with the keys, what was sealed on it opens there too. */
static void a_writer_that_becomes_an_officer_holds_what_all_hold(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_err err = { 0 };
    const dbk_new_grant grant = { t->space, dbk_book_device(t->tablet.book), DBK_ROLE_OFFICER, 0 };
    const dbk_new_grant back = { t->space, grant.device, DBK_ROLE_WRITER, 0 };
    (void)sync_write(&t->tablet, &t->space, "Closed");
    (void)sync_now(&t->tablet);
    (void)sync_write(&t->tablet, &t->space, "Closed, and not sent yet");
    (void)sync_now(&t->admin);
    assert_ok(dbk_driver_grant(t->admin.book, &t->admin.t, &grant, &err), &err);
    (void)sync_now(&t->tablet);
    assert_int_equal(found(t->tablet.book, "Closed"), 2);
    (void)sync_write(&t->tablet, &t->space, "Open");
    (void)sync_now(&t->tablet);
    (void)sync_now(&t->anne);
    sync_assert_equal(&t->anne, &t->tablet, &t->space);
    assert_int_equal(sync_verify(&t->tablet, &t->space).records, 3);
    /* Not back again while it holds the key. */
    (void)sync_now(&t->admin);
    assert_rc(dbk_driver_grant(t->admin.book, &t->admin.t, &back, &err), DBK_CONFLICT, &err);
    team_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_writer_wrote_others_read_and_it_does_not_LL5),
        cmocka_unit_test(a_writer_fetches_nothing_and_the_relay_gives_it_nothing),
        cmocka_unit_test(a_writer_only_adds),
        cmocka_unit_test(a_writer_goes_on_under_the_next_key),
        cmocka_unit_test(a_writer_that_becomes_an_officer_holds_what_all_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
