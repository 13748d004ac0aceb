/* Notes saved one by one leave packed and under the current key, and whatever happens on the way
 * nobody sees two histories, loses a note or holds one twice (decision 0017). */
#include "tests/lib/test.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/journal/book_internal.h"
#include "core/journal/outbox.h"
#include "core/journal/quarantine.h"
#include "core/store/segments.h"
#include "tests/lib/syncworld.h"

typedef struct team {
    syncworld world;
    char marks[DBK_TEST_PATH_SIZE];
    sync_device admin, asha, ben;
    dbk_id space;
} team;

static void team_open(team *t)
{
    memset(t, 0, sizeof(*t));
    syncworld_open(&t->world);
    t->world.packs = true;
    dbk_test_dir_make(t->marks);
    t->world.anchors = t->marks;
    sync_device_open(&t->world, &t->admin, "admin");
    sync_device_open(&t->world, &t->asha, "asha");
    sync_device_open(&t->world, &t->ben, "ben");
    sync_found(&t->admin);
    t->space = sync_space(&t->admin, "Family Liaison");
    sync_enlist(&t->admin, &t->asha, DBK_ROLE_OFFICER, &t->space);
    sync_enlist(&t->admin, &t->ben, DBK_ROLE_OFFICER, &t->space);
}

static void team_close(team *t)
{
    sync_device_close(&t->admin);
    sync_device_close(&t->asha);
    sync_device_close(&t->ben);
    syncworld_close(&t->world);
    dbk_test_dir_remove(t->marks);
}

static dbk_rc no_aside(void *ctx, const dbk_aside *a, dbk_err *err)
{
    (void)ctx;
    (void)a;
    return dbk_fail(err, DBK_CONFLICT, "a segment stands aside");
}

/* Everybody ends with so many records, and nothing stands aside anywhere. */
static void settle(team *t, uint64_t records)
{
    sync_device *const all[] = { &t->asha, &t->ben, &t->admin };
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < ARRAY_LEN(all); i++)
            (void)sync_now(all[i]);
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        dbk_err err = { 0 };
        assert_ok(dbk_quarantine_each(all[i]->book, no_aside, NULL, &err), &err);
        assert_int_equal(sync_verify(all[i], &t->space).records, records);
        sync_assert_equal(all[0], all[i], &t->space);
    }
}

static void write_some(team *t, sync_device *d, int count)
{
    for (int i = 0; i < count; i++)
        (void)sync_write(d, &t->space, "a note");
}

static void a_hundred_notes_leave_in_two_segments(void **state)
{
    static team t;
    (void)state;
    team_open(&t);
    write_some(&t, &t.asha, 100);
    dbk_sync_report r = sync_now(&t.asha);
    assert_int_equal(r.pushed_ops, 100);
    assert_int_equal(r.pushed_segments, 2);
    settle(&t, 100);
    write_some(&t, &t.asha, 3);
    r = sync_now(&t.asha);
    assert_int_equal(r.pushed_segments, 1);
    settle(&t, 103);
    team_close(&t);
}

static dbk_rc key_of(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    dbk_header h;
    dbk_rc rc = dbk_header_decode(&h, row->header, err);
    *(dbk_id *)ctx = h.key_id;
    return rc;
}

/* The key of the first segment of the one feed that isn't this device's own. */
static dbk_id pulled_key(sync_device *d)
{
    dbk_id key = { { 0 } };
    dbk_err err = { 0 };
    size_t looked = 0;
    for (size_t i = 0; i < d->book->tables.feeds_count; i++) {
        const dbk_book_feed *feed = d->book->tables.feeds[i];
        if (feed->own)
            continue;
        assert_ok(dbk_segments_at(d->book->store, feed->row, 1, key_of, &key, &err), &err);
        looked++;
    }
    assert_int_equal(looked, 1);
    return key;
}

/* A device is taken out while another has notes that were never sent: they leave under the key that
 * the one who was taken out doesn't have (M17). */
static void notes_saved_before_a_rotation_leave_under_the_new_key_m17(void **state)
{
    static team t;
    (void)state;
    dbk_err err = { 0 };
    team_open(&t);
    write_some(&t, &t.asha, 5);
    (void)sync_now(&t.admin);
    assert_ok(dbk_driver_rotate(t.admin.book, &t.admin.t, &t.space, &err), &err);
    (void)sync_now(&t.asha);
    const dbk_space *space = dbk_roster_space(dbk_book_roster(t.admin.book), &t.space);
    (void)sync_now(&t.admin);
    dbk_id key = pulled_key(&t.admin);
    assert_true(dbk_id_equal(&key, &space->epochs[1].key_id));
    assert_int_equal(space->epochs_count, 2);
    settle(&t, 5);
    team_close(&t);
}

/* Who was taken out can't open what was saved before that and left after it, even if the relay
 * gives him all of it. */
static void a_removed_member_holds_no_key_to_notes_that_left_later_a25(void **state)
{
    static team t;
    (void)state;
    dbk_err err = { 0 };
    team_open(&t);
    write_some(&t, &t.asha, 3);
    const dbk_leaving leaving = { .device = dbk_book_device(t.ben.book), .space = &t.space };
    assert_ok(dbk_driver_leave(t.admin.book, &t.admin.t, &leaving, &err), &err);
    (void)sync_now(&t.asha);
    (void)sync_now(&t.admin);
    dbk_id key = pulled_key(&t.admin);
    assert_non_null(dbk_keyring_find(t.asha.book->keyring, &t.space, &key));
    assert_null(dbk_keyring_find(t.ben.book->keyring, &t.space, &key));
    assert_int_equal(sync_verify(&t.admin, &t.space).records, 3);
    sync_assert_equal(&t.admin, &t.asha, &t.space);
    team_close(&t);
}

static void an_answer_that_was_lost_leads_to_no_second_history_r5(void **state)
{
    static const wire_fault faults[] = { WIRE_LOSES_ANSWER, WIRE_LOSES_REQUEST, WIRE_CUTS,
                                         WIRE_DOUBLES };
    (void)state;
    for (size_t f = 0; f < ARRAY_LEN(faults); f++) {
        for (unsigned at = 1; at <= 4; at++) {
            static team t;
            dbk_sync_report report;
            dbk_err err = { 0 };
            team_open(&t);
            write_some(&t, &t.asha, 5);
            syncworld_fail(&t.world, faults[f], at, false);
            (void)sync_try(&t.asha, &report, &err);
            syncworld_mend(&t.world);
            sync_device_reopen(&t.asha);
            write_some(&t, &t.asha, 4);
            dbk_err_clear(&err);
            (void)sync_now(&t.admin);
            assert_ok(dbk_driver_rotate(t.admin.book, &t.admin.t, &t.space, &err), &err);
            dbk_sync_report r = sync_now(&t.asha);
            assert_false(r.restored);
            settle(&t, 9);
            team_close(&t);
        }
    }
}

static void a_folder_first_and_the_relay_later_give_one_history(void **state)
{
    static team t;
    char dir[DBK_TEST_PATH_SIZE];
    (void)state;
    team_open(&t);
    dbk_test_dir_make(dir);
    write_some(&t, &t.asha, 5);
    (void)sync_folder(&t.asha, dir);
    write_some(&t, &t.asha, 4);
    (void)sync_folder(&t.ben, dir);
    assert_int_equal(sync_verify(&t.ben, &t.space).records, 5);
    dbk_sync_report r = sync_now(&t.asha);
    assert_int_equal(r.pushed_segments, 2); /* the five as the folder has them, and the rest */
    settle(&t, 9);
    /* And what the folder brings after the relay is held already. */
    (void)sync_folder(&t.asha, dir);
    (void)sync_folder(&t.ben, dir);
    settle(&t, 9);
    dbk_test_dir_remove(dir);
    team_close(&t);
}

/* A copy of the store is put back that has notes as they were saved, which have left packed. */
static void a_restored_store_takes_its_notes_packed_and_not_twice_r5(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        static team t;
        team_open(&t);
        write_some(&t, &t.asha, 3);
        (void)sync_now(&t.asha);
        write_some(&t, &t.asha, 5);
        sync_device_copy(&t.asha);
        if (more)
            write_some(&t, &t.asha, 2); /* which the copy doesn't have */
        (void)sync_now(&t.asha);
        sync_device_swap(&t.asha);
        write_some(&t, &t.asha, 1); /* which only the copy has */
        dbk_sync_report r = sync_now(&t.asha);
        assert_true(r.restored);
        assert_int_equal(r.reissued, 1);
        settle(&t, 3 + 5 + 1 + (more ? 2 : 0));
        team_close(&t);
    }
}

/* kill -9 at any moment of sealing: the store opens, is whole, and goes on. */
static void a_kill_while_sealing_leaves_the_one_or_the_other(void **state)
{
    static team t;
    size_t whole = 0, packed = 0;
    (void)state;
    team_open(&t);
    uint64_t notes = 0;
    for (long us = 0; packed < 2; us = us * 5 / 4 + 2000) {
        assert_true(us < 60000000);
        write_some(&t, &t.asha, 20);
        notes += 20;
        uint64_t before = sync_verify(&t.asha, &t.space).segments;
        dbk_book_close(t.asha.book);
        t.asha.book = NULL;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            dbk_err err = { 0 };
            sync_device_reopen(&t.asha);
            dbk_rc rc = dbk_outbox_seal(t.asha.book, &(dbk_outbox_sealing){ .space = t.space },
                                        &err);
            _exit(rc == DBK_OK ? 0 : 1);
        }
        const struct timespec wait = { us / 1000000, us % 1000000 * 1000 };
        (void)nanosleep(&wait, NULL);
        (void)kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        sync_device_reopen(&t.asha);
        sync_held held = sync_verify(&t.asha, &t.space);
        assert_int_equal(held.ops, notes);
        if (held.segments == before)
            whole++;
        else
            packed++;
    }
    assert_true(whole > 0);
    settle(&t, notes);
    team_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_notes_leave_in_two_segments),
        cmocka_unit_test(notes_saved_before_a_rotation_leave_under_the_new_key_m17),
        cmocka_unit_test(a_removed_member_holds_no_key_to_notes_that_left_later_a25),
        cmocka_unit_test(an_answer_that_was_lost_leads_to_no_second_history_r5),
        cmocka_unit_test(a_folder_first_and_the_relay_later_give_one_history),
        cmocka_unit_test(a_restored_store_takes_its_notes_packed_and_not_twice_r5),
        cmocka_unit_test(a_kill_while_sealing_leaves_the_one_or_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
