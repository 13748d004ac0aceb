/* What an auditor, a guest and a supervisor may do, over a real relay: issue 3 point 1. */
#include "tests/lib/test.h"

#include <string.h>

#include "core/base/day.h"
#include "core/journal/book_internal.h"
#include "core/journal/journal.h"
#include "core/journal/query.h"
#include "tests/lib/syncworld.h"

typedef struct team {
    syncworld world;
    sync_device admin, anne, other;
    dbk_id space, record;
} team;

/* Anne is an officer who has written; `other` holds the role that the test is about. */
static team *team_new(dbk_role role)
{
    static team t;
    syncworld_open(&t.world);
    sync_device_open(&t.world, &t.admin, "admin");
    sync_device_open(&t.world, &t.anne, "anne");
    sync_device_open(&t.world, &t.other, "other");
    sync_found(&t.admin);
    t.space = sync_space(&t.admin, "Family Liaison");
    sync_enlist(&t.admin, &t.anne, DBK_ROLE_OFFICER, &t.space);
    sync_enlist(&t.admin, &t.other, role, &t.space);
    t.record = sync_write(&t.anne, &t.space, "Maria Alvarez");
    (void)sync_now(&t.anne);
    (void)sync_now(&t.other);
    return &t;
}

static void team_end(team *t)
{
    sync_device_close(&t->admin);
    sync_device_close(&t->anne);
    sync_device_close(&t->other);
    syncworld_close(&t->world);
}

static dbk_rc count_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    (void)row;
    (void)err;
    (*(unsigned *)ctx)++;
    return DBK_OK;
}

static unsigned listed(dbk_book *book)
{
    const dbk_list_opts all = { .since_ms = INT64_MIN, .limit = 10 };
    unsigned count = 0;
    dbk_err err = { 0 };
    assert_ok(dbk_query_list(book, &all, count_row, &count, &err), &err);
    return count;
}

static unsigned found(dbk_book *book, const char *words)
{
    unsigned count = 0;
    dbk_err err = { 0 };
    assert_ok(dbk_query_search(book, words, 10, count_row, &count, &err), &err);
    return count;
}

static dbk_rc count_event(void *ctx, const dbk_event *event, dbk_err *err)
{
    (void)ctx;
    (void)event;
    (void)err;
    return DBK_OK;
}

/* Changes that are shown as a guest's whose time was over. */
static dbk_rc count_late(void *ctx, const dbk_event *event, dbk_err *err)
{
    (void)err;
    *(unsigned *)ctx += event->after_end;
    return DBK_OK;
}

static unsigned late_events(dbk_book *book, const dbk_id *record)
{
    unsigned late = 0;
    dbk_err err = { 0 };
    assert_ok(dbk_query_history(book, record, count_late, &late, &err), &err);
    return late;
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

/* Each way of writing; none of them may reach the disk. */
static void assert_writes_nothing(team *t, const char *why)
{
    const dbk_input input = { .op = DBK_INPUT_SET, .field = "name", .text = "Other" };
    const dbk_add add = { t->space, "person", &input, 1, NULL };
    const dbk_edit edit = { t->record, &input, 1, "a reason" };
    dbk_book *book = t->other.book;
    uint64_t before = sync_verify(&t->other, &t->space).ops;
    for (unsigned i = 0; i < 6; i++) {
        dbk_problems p = { 0 };
        dbk_err err = { 0 };
        dbk_batch *batch = NULL;
        dbk_id id;
        dbk_rc rc = DBK_OK;
        if (i == 0)
            rc = dbk_journal_add(book, &id, &p, &add, &err);
        else if (i == 1)
            rc = dbk_journal_edit(book, &p, &edit, &err);
        else if (i == 2)
            rc = dbk_journal_addendum(book, &(dbk_addendum){ t->record, "more", "left out" }, &err);
        else if (i == 3)
            rc = dbk_journal_withdraw(book, &t->record, "a reason", &err);
        else if (i == 4)
            rc = dbk_book_check_write(book, &t->space, &err);
        else {
            assert_ok(dbk_batch_begin(&batch, book, &err), &err);
            rc = dbk_batch_add(batch, &id, &p, &add, &err);
            dbk_batch_end(batch);
        }
        if (rc != DBK_DENIED || strstr(err.text, why) == NULL)
            fail_msg("way %u: %s (%s)", i, dbk_rc_name(rc), err.text);
        dbk_problems_wipe(&p);
    }
    assert_int_equal(sync_verify(&t->other, &t->space).ops, before);
}

static void an_auditor_reads_and_writes_nothing(void **state)
{
    (void)state;
    team *t = team_new(DBK_ROLE_AUDITOR);
    assert_int_equal(listed(t->other.book), 1);
    assert_int_equal(found(t->other.book, "Alvarez"), 1);
    assert_writes_nothing(t, "auditor");
    sync_edit(&t->anne, &t->record, "Maria Alvarez Ruiz");
    (void)sync_now(&t->anne);
    (void)sync_now(&t->other);
    sync_assert_equal(&t->anne, &t->other, &t->space);
    team_end(t);
}

/* As if it had never been here: by the clock, in every way of asking. */
static void assert_shows_nothing(team *t)
{
    const dbk_list_opts here = { .since_ms = INT64_MIN, .space = &t->space };
    dbk_book *book = t->other.book;
    char typed[DBK_ID_UUID_SIZE];
    dbk_err missing = { 0 }, err = { 0 };
    dbk_note *note = NULL;
    dbk_id id, nobody = { { 7 } };
    unsigned rows = 0;
    dbk_id_uuid(typed, &t->record);
    typed[13] = '\0';
    assert_int_equal(listed(book), 0);
    assert_int_equal(found(book, "Alvarez"), 0);
    assert_rc(dbk_query_note(&note, book, &nobody, &missing), DBK_NOT_FOUND, &missing);
    assert_rc(dbk_query_note(&note, book, &t->record, &err), DBK_NOT_FOUND, &err);
    assert_string_equal(err.text, missing.text);
    dbk_err_clear(&err);
    assert_rc(dbk_query_history(book, &t->record, count_event, NULL, &err), DBK_NOT_FOUND, &err);
    assert_string_equal(err.text, missing.text);
    dbk_err_clear(&err);
    assert_rc(dbk_query_resolve_id(&id, book, typed, &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_query_list(book, &here, count_row, &rows, &err), DBK_DENIED, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_query_conflicts(book, count_row, &rows, &err), &err);
    assert_int_equal(rows, 0);
    dbk_space_status s = status_of(book);
    assert_true(s.mine.over);
    assert_int_equal(s.records + s.segments + s.attention + s.pending + s.log_size, 0);
}

static void a_guest_reads_and_writes_until_the_end_and_not_after_it_LL6(void **state)
{
    (void)state;
    team *t = team_new(DBK_ROLE_GUEST);
    dbk_sync_report report;
    dbk_err err = { 0 };
    assert_int_equal(dbk_book_standing(t->other.book, &t->space).until_ms, DBK_TEST_GUEST_UNTIL_MS);
    dbk_id mine = sync_write(&t->other, &t->space, "Written by a guest");
    sync_edit(&t->other, &t->record, "Maria Alvarez, corrected");
    (void)sync_now(&t->other);
    dbk_id waits = sync_write(&t->other, &t->space, "Not sent yet");
    /* The last moment, and the next. */
    t->other.env.step_ms = 0;
    t->other.env.now_ms = DBK_TEST_GUEST_UNTIL_MS - 1;
    assert_int_equal(listed(t->other.book), 3);
    t->other.env.now_ms = DBK_TEST_GUEST_UNTIL_MS;
    assert_shows_nothing(t);
    assert_writes_nothing(t, "over");
    /* What waits is told as before, and still leaves: the relay takes it, and gives nothing. */
    dbk_space_status s = status_of(t->other.book);
    assert_int_equal(s.own_ops - s.own_receipted_ops, 1);
    t->world.kit.now_ms = DBK_TEST_GUEST_UNTIL_MS;
    (void)sync_write(&t->anne, &t->space, "After the guest left");
    (void)sync_now(&t->anne);
    report = sync_now(&t->other);
    assert_int_equal(report.pushed_segments, 1);
    assert_int_equal(report.pulled_segments, 0);
    assert_true(sync_now(&t->other).idle);
    /* What the guest wrote stays, and others see until when. */
    dbk_id guest = dbk_book_device(t->other.book);
    (void)sync_now(&t->admin);
    dbk_standing theirs = dbk_book_standing_of(t->admin.book, &guest, &t->space);
    assert_int_equal(theirs.role, DBK_ROLE_GUEST);
    assert_true(theirs.until_ms == DBK_TEST_GUEST_UNTIL_MS);
    assert_int_equal(found(t->admin.book, "guest"), 2);
    dbk_note *note = NULL;
    assert_ok(dbk_query_note(&note, t->admin.book, &mine, &err), &err);
    dbk_note_free(note);
    /* What came in after the end is marked, whatever time it claims (LL-6). */
    assert_int_equal(late_events(t->admin.book, &mine), 0);
    assert_int_equal(late_events(t->admin.book, &waits), 1);
    assert_int_equal(late_events(t->admin.book, &t->record), 0);
    (void)sync_verify(&t->admin, &t->space);
    team_end(t);
}

/* The relay's receipt for what the guest wrote tells the time: what this machine's clock says
 * doesn't count. And a relay by whose clock the time is over is no relay that lies. */
static void a_guests_clock_that_was_set_back_gives_no_time_LL6(void **state)
{
    (void)state;
    team *t = team_new(DBK_ROLE_GUEST);
    t->other.env.now_ms = DBK_TEST_START_MS - 4000 * DBK_DAY_MS;
    assert_int_equal(listed(t->other.book), 1);
    t->world.kit.now_ms = DBK_TEST_GUEST_UNTIL_MS + DBK_DAY_MS;
    (void)sync_write(&t->anne, &t->space, "After the guest's time");
    (void)sync_now(&t->anne);
    dbk_sync_report report = sync_now(&t->other);
    assert_int_equal(report.pulled_segments, 0);
    assert_int_equal(listed(t->other.book), 1); /* nothing new, but what is known says nothing */
    dbk_id claimed = sync_write(&t->other, &t->space, "Written in time, says the guest");
    report = sync_now(&t->other);
    assert_int_equal(report.pushed_segments, 1);
    assert_int_equal(report.pulled_segments, 0);
    assert_shows_nothing(t);
    assert_true(status_of(t->other.book).own_ops == status_of(t->other.book).own_receipted_ops);
    (void)sync_now(&t->other);
    sync_device_reopen(&t->other);
    t->other.env.now_ms = DBK_TEST_START_MS - 4000 * DBK_DAY_MS;
    assert_shows_nothing(t);
    (void)sync_now(&t->admin);
    assert_int_equal(late_events(t->admin.book, &claimed), 1);
    team_end(t);
}

/* Given again with a later end, the space opens again; nothing was lost meanwhile. */
static void a_guests_time_can_be_prolonged(void **state)
{
    (void)state;
    team *t = team_new(DBK_ROLE_GUEST);
    dbk_err err = { 0 };
    dbk_new_grant again = { t->space, dbk_book_device(t->other.book), DBK_ROLE_GUEST,
                            DBK_TEST_GUEST_UNTIL_MS + 30 * DBK_DAY_MS };
    t->other.env.now_ms = t->world.kit.now_ms = DBK_TEST_GUEST_UNTIL_MS + DBK_DAY_MS;
    assert_int_equal(listed(t->other.book), 0);
    (void)sync_now(&t->admin);
    assert_ok(dbk_driver_grant(t->admin.book, &t->admin.t, &again, &err), &err);
    (void)sync_write(&t->anne, &t->space, "Meanwhile");
    (void)sync_now(&t->anne);
    (void)sync_now(&t->other);
    assert_int_equal(listed(t->other.book), 2);
    (void)sync_write(&t->other, &t->space, "Here again");
    (void)sync_now(&t->other);
    (void)sync_now(&t->admin);
    sync_assert_equal(&t->admin, &t->other, &t->space);
    team_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_auditor_reads_and_writes_nothing),
        cmocka_unit_test(a_guest_reads_and_writes_until_the_end_and_not_after_it_LL6),
        cmocka_unit_test(a_guests_clock_that_was_set_back_gives_no_time_LL6),
        cmocka_unit_test(a_guests_time_can_be_prolonged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
