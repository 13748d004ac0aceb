/* Devices that are shut out, over a real relay: what they lose, what they keep, and that everybody
 * else goes on under new keys. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/journal/book_internal.h"
#include "core/journal/org.h"
#include "tests/lib/syncworld.h"

typedef struct team {
    syncworld world;
    sync_device admin, asha, ben;
    dbk_id space;
} team;

static team *team_new(void)
{
    static team t;
    syncworld_open(&t.world);
    t.world.packs = true;
    sync_device_open(&t.world, &t.admin, "admin");
    sync_device_open(&t.world, &t.asha, "asha");
    sync_device_open(&t.world, &t.ben, "ben");
    sync_found(&t.admin);
    t.space = sync_space(&t.admin, "Family Liaison");
    sync_enlist(&t.admin, &t.asha, DBK_ROLE_OFFICER, &t.space);
    sync_enlist(&t.admin, &t.ben, DBK_ROLE_OFFICER, &t.space);
    (void)sync_now(&t.admin);
    (void)sync_now(&t.asha);
    return &t;
}

static void team_end(team *t)
{
    sync_device_close(&t->admin);
    sync_device_close(&t->asha);
    sync_device_close(&t->ben);
    syncworld_close(&t->world);
}

static void revoke(team *t, sync_device *d)
{
    const dbk_leaving leaving = { .device = dbk_book_device(d->book), .reason = "stolen" };
    dbk_err err = { 0 };
    (void)sync_now(&t->admin);
    assert_ok(dbk_driver_leave(t->admin.book, &t->admin.t, &leaving, &err), &err);
}

static size_t epochs(const sync_device *d, const dbk_id *space)
{
    return dbk_roster_space(dbk_book_roster(d->book), space)->epochs_count;
}

static void a_revoked_device_reads_nothing_of_later_epochs_a25(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_sync_report report;
    dbk_err err = { 0 };
    (void)sync_write(&t->asha, &t->space, "Maria Alvarez");
    (void)sync_now(&t->asha);
    (void)sync_now(&t->ben);
    revoke(t, &t->ben);
    assert_int_equal(epochs(&t->admin, &t->space), 2);
    assert_false(dbk_roster_space(dbk_book_roster(t->admin.book), &t->space)->rotation_due);
    /* The relay knows him no more, from the very next request on. */
    assert_rc(sync_try(&t->ben, &report, &err), DBK_DENIED, &err);
    (void)sync_now(&t->asha);
    (void)sync_write(&t->asha, &t->space, "Tomas Alvarez");
    (void)sync_now(&t->asha);
    (void)sync_now(&t->admin);
    sync_assert_equal(&t->admin, &t->asha, &t->space);
    assert_int_equal(sync_verify(&t->admin, &t->space).records, 2);
    /* Even with the whole chain in his hands he holds no key of the second epoch: what the relay
     * could hand him, he can't open. */
    const dbk_space *space = dbk_roster_space(dbk_book_roster(t->admin.book), &t->space);
    assert_null(dbk_keyring_find(t->ben.book->keyring, &t->space, &space->epochs[1].key_id));
    assert_non_null(dbk_keyring_find(t->asha.book->keyring, &t->space, &space->epochs[1].key_id));
    assert_int_equal(sync_verify(&t->ben, &t->space).records, 1); /* what he had, he has */
    team_end(t);
}

/* A relay that is in league with him gives him all that it has: here it comes by hand. */
static void
a_colluding_relay_opens_nothing_to_a_revoked_device_and_merges_nothing_of_it_a25(void **state)
{
    (void)state;
    team *t = team_new();
    char all[DBK_TEST_PATH_SIZE], his[DBK_TEST_PATH_SIZE];
    dbk_err err = { 0 };
    dbk_test_dir_make(all);
    dbk_test_dir_make(his);
    (void)sync_write(&t->asha, &t->space, "Maria Alvarez");
    (void)sync_now(&t->asha);
    (void)sync_now(&t->ben);
    revoke(t, &t->ben);
    (void)sync_now(&t->asha);
    for (int i = 0; i < 5; i++)
        (void)sync_write(&t->asha, &t->space, "Tomas Alvarez");
    (void)sync_now(&t->asha);
    (void)sync_folder(&t->asha, all);
    (void)sync_write(&t->ben, &t->space, "too late");
    (void)sync_folder(&t->ben, his); /* before he hears of it: then his program would refuse */
    dbk_sync_report got = sync_folder(&t->ben, all);
    assert_int_equal(dbk_roster_count(dbk_book_roster(t->ben.book)),
                     dbk_roster_count(dbk_book_roster(t->asha.book))); /* the whole chain */
    assert_int_equal(epochs(&t->ben, &t->space), 2);
    assert_int_equal(got.records_new, 0);
    assert_int_equal(sync_verify(&t->ben, &t->space).records, 2); /* what he had, and his own */
    /* What he wrote unknowing comes by hand, and is merged by nobody. */
    assert_int_equal(sync_folder(&t->asha, his).pending, 1);
    assert_int_equal(sync_folder(&t->admin, his).pending, 1);
    (void)sync_now(&t->asha);
    (void)sync_now(&t->admin);
    assert_int_equal(sync_verify(&t->asha, &t->space).records, 6);
    sync_assert_equal(&t->admin, &t->asha, &t->space);
    assert_ok(dbk_book_check_deep(t->ben.book, &err), &err);
    dbk_test_dir_remove(all);
    dbk_test_dir_remove(his);
    team_end(t);
}

typedef struct mail {
    dbk_id waits;
    bool any;
} mail;

static dbk_rc find_request(void *ctx, const dbk_invite_row *row, dbk_err *err)
{
    mail *m = ctx;
    (void)err;
    if (row->arrived) {
        m->waits = row->id;
        m->any = true;
    }
    return DBK_OK;
}

/* Enrols with an invite whose text he keeps; after he was taken out he brings it again. */
static void the_invite_of_a_revoked_device_lets_nobody_in_again_a25(void **state)
{
    (void)state;
    team *t = team_new();
    static sync_device gone, again;
    mail m = { .any = false };
    dbk_err err = { 0 };
    dbk_bytes text = DBK_BYTES_INIT(DBK_INVITE_TEXT_BYTES_MAX);
    dbk_bytes request = DBK_BYTES_INIT(DBK_JOIN_BYTES_MAX);
    const dbk_new_invite invite = { "gone", DBK_ROLE_OFFICER, &t->space, 1, UINT64_C(86400000),
                                    0,      { { 0 } } };
    sync_device_open(&t->world, &gone, "gone");
    sync_device_open(&t->world, &again, "again");
    assert_ok(dbk_driver_invite(t->admin.book, &t->admin.t, &text, &invite, &err), &err);
    assert_ok(dbk_org_join(gone.book, &request, dbk_bytes_span(&text), "gone", &err), &err);
    assert_ok(dbk_driver_join_over(gone.book, &gone.t, &err), &err);
    (void)sync_now(&gone);
    assert_ok(dbk_driver_requests(t->admin.book, &t->admin.t, &err), &err);
    assert_ok(dbk_org_invites(t->admin.book, find_request, &m, &err), &err);
    assert_true(m.any);
    assert_ok(dbk_driver_approve(t->admin.book, &t->admin.t, &m.waits, &err), &err);
    assert_false(sync_now(&gone).joining);
    revoke(t, &gone);

    assert_true(dbk_org_join(gone.book, &request, dbk_bytes_span(&text), "gone", &err) != DBK_OK);
    dbk_err_clear(&err);
    dbk_bytes_truncate(&request, 0);
    assert_ok(dbk_org_join(again.book, &request, dbk_bytes_span(&text), "again", &err), &err);
    assert_true(dbk_driver_join_over(again.book, &again.t, &err) != DBK_OK); /* it was used */
    dbk_err_clear(&err);
    m.any = false;
    assert_ok(dbk_driver_requests(t->admin.book, &t->admin.t, &err), &err);
    assert_ok(dbk_org_invites(t->admin.book, find_request, &m, &err), &err);
    assert_false(m.any);
    assert_true(dbk_book_link(again.book)->stage != DBK_ORG_MEMBER);
    dbk_bytes_wipe(&text);
    dbk_bytes_wipe(&request);
    sync_device_close(&gone);
    sync_device_close(&again);
    team_end(t);
}

static double seconds(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The relay looks at the membership at each request: the first one after the op is refused. */
static void a_revoked_device_is_refused_within_a_second_of_the_op_a25(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_sync_report report;
    dbk_err err = { 0 };
    (void)sync_now(&t->ben); /* it holds a fresh nonce */
    revoke(t, &t->ben);      /* stored and answered for */
    double began = seconds();
    unsigned before = t->world.exchanges;
    assert_rc(sync_try(&t->ben, &report, &err), DBK_DENIED, &err);
    double took = seconds() - began;
    printf("          refused %.1f ms after the op, at request %u\n", took * 1e3,
           t->world.exchanges - before);
    assert_true(took < 1);
    team_end(t);
}

static void the_cut_is_what_had_arrived_a24(void **state)
{
    (void)state;
    team *t = team_new();
    for (int i = 0; i < 3; i++)
        (void)sync_write(&t->ben, &t->space, "in time");
    (void)sync_now(&t->ben);
    revoke(t, &t->ben);
    dbk_id ben = dbk_book_device(t->ben.book);
    const dbk_member_space *out = dbk_roster_out(dbk_book_roster(t->admin.book), &ben, &t->space);
    assert_non_null(out);
    assert_true(out->cut_known);
    assert_int_equal(out->cut_size, 1); /* the three left in one segment */
    (void)sync_now(&t->asha);           /* who hears of the revocation before the notes */
    assert_int_equal(sync_verify(&t->asha, &t->space).records, 3);
    sync_assert_equal(&t->admin, &t->asha, &t->space);
    team_end(t);
}

/* Ben has her note by a stick before he hears that she is out; the administrators hear first. */
static void a_space_in_which_nothing_had_arrived_is_cut_too_P4_A24(void **state)
{
    (void)state;
    team *t = team_new();
    char stick[DBK_TEST_PATH_SIZE];
    dbk_sync_report report;
    dbk_err err = { 0 };
    dbk_test_dir_make(stick);
    (void)sync_write(&t->asha, &t->space, "too late");
    (void)sync_folder(&t->asha, stick);
    assert_int_equal(sync_folder(&t->ben, stick).records_new, 1);
    revoke(t, &t->asha);
    dbk_id asha = dbk_book_device(t->asha.book);
    const dbk_member_space *out = dbk_roster_out(dbk_book_roster(t->admin.book), &asha, &t->space);
    assert_true(out->cut_known);
    assert_int_equal(out->cut_size, 0);
    assert_rc(sync_try(&t->asha, &report, &err), DBK_PENDING, &err);
    (void)sync_now(&t->ben);
    (void)sync_now(&t->admin);
    assert_int_equal(sync_verify(&t->admin, &t->space).records, 0);
    sync_assert_equal(&t->admin, &t->ben, &t->space);
    dbk_test_dir_remove(stick);
    team_end(t);
}

/* Thirty notes written offline by a device that was revoked meanwhile: the relay takes them apart,
 * with receipts; nobody merges them, everybody holds them. */
static void thirty_late_notes_are_held_and_not_merged_a24(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_sync_report report;
    dbk_err err = { 0 };
    (void)sync_write(&t->ben, &t->space, "in time");
    (void)sync_now(&t->ben);
    revoke(t, &t->ben);
    for (int i = 0; i < 30; i++)
        (void)sync_write(&t->ben, &t->space, "too late");
    (void)sync_try(&t->ben, &report, &err); /* he may push, and is told */
    assert_int_equal(report.pushed_ops, 30);
    (void)sync_now(&t->asha);
    dbk_sync_report hq = sync_now(&t->admin);
    sync_held a = sync_verify(&t->asha, &t->space), b = sync_verify(&t->admin, &t->space);
    assert_int_equal(a.records, 1);
    assert_int_equal(b.records, 1);
    assert_int_equal(a.log_size, 31); /* not packed: a supervisor decides each by itself */
    assert_int_equal(a.segments, b.segments);
    assert_true(hq.pending >= 30);
    sync_assert_equal(&t->admin, &t->asha, &t->space);
    /* And whoever enrols later sees the same. */
    static sync_device late;
    sync_device_open(&t->world, &late, "late");
    sync_enlist(&t->admin, &late, DBK_ROLE_OFFICER, &t->space);
    (void)sync_now(&late);
    sync_assert_equal(&t->admin, &late, &t->space);
    sync_device_close(&late);
    team_end(t);
}

/* The first entry is posted, and the line dies: an administrator's next sync finishes it. */
/* Out of the organisation or of one space, she hears of it from the relay, or before from a
 * colleague's stick. What she had written reaches headquarters all the same. */
static void hear_of_it(bool of_all, bool by_stick)
{
    team *t = team_new();
    char stick[DBK_TEST_PATH_SIZE];
    dbk_sync_report report;
    dbk_err err = { 0 };
    dbk_test_dir_make(stick);
    (void)sync_write(&t->asha, &t->space, "in time");
    (void)sync_now(&t->asha);
    (void)sync_write(&t->asha, &t->space, "too late");
    const dbk_leaving leaving = { .device = dbk_book_device(t->asha.book),
                                  .space = of_all ? NULL : &t->space,
                                  .reason = of_all ? "stolen" : NULL };
    (void)sync_now(&t->admin);
    assert_ok(dbk_driver_leave(t->admin.book, &t->admin.t, &leaving, &err), &err);
    (void)sync_now(&t->ben);
    (void)sync_folder(&t->ben, stick);
    if (by_stick) {
        (void)sync_folder(&t->asha, stick);
        assert_int_equal(dbk_roster_role(dbk_book_roster(t->asha.book), &leaving.device, &t->space),
                         DBK_ROLE_NONE);
    }
    assert_rc(sync_try(&t->asha, &report, &err), DBK_PENDING, &err);
    dbk_err_clear(&err);
    const dbk_book_feed *feed = dbk_tables_own_feed(
        &t->asha.book->tables, dbk_tables_space(&t->asha.book->tables, &t->space));
    assert_int_equal(feed->now.receipted_seq, feed->now.last_seq);
    assert_int_equal(sync_now(&t->admin).pending, 1); /* it stands aside, for a supervisor */
    assert_int_equal(sync_verify(&t->admin, &t->space).records, 1);
    assert_ok(dbk_book_check_deep(t->asha.book, &err), &err);
    dbk_test_dir_remove(stick);
    team_end(t);
}

static void what_was_written_before_hearing_of_it_leaves_all_the_same_P1_A24(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        hear_of_it(i % 2 == 0, i / 2 == 0);
}

/* Two stores of one device; what one has brought late, the other can't fetch any more. Nobody is to
 * be accused for that (the simulator's seed 922000). */
static void the_copy_of_a_device_that_was_taken_out_does_not_accuse_the_relay(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_sync_report report;
    dbk_err err = { 0 };
    (void)sync_write(&t->ben, &t->space, "Maria Alvarez");
    (void)sync_now(&t->ben);
    (void)sync_now(&t->admin);
    sync_device_copy(&t->ben);
    const dbk_leaving leaving = { .device = dbk_book_device(t->ben.book), .space = &t->space };
    assert_ok(dbk_driver_leave(t->admin.book, &t->admin.t, &leaving, &err), &err);
    (void)sync_write(&t->ben, &t->space, "Tomas Alvarez");
    assert_rc(sync_try(&t->ben, &report, &err), DBK_PENDING, &err);
    sync_device_swap(&t->ben);
    dbk_err_clear(&err);
    (void)sync_write(&t->ben, &t->space, "Lena Roth");
    assert_rc(sync_try(&t->ben, &report, &err), DBK_PENDING, &err);
    assert_non_null(strstr(err.text, "another store of this device"));
    team_end(t);
}

static void a_removal_that_was_cut_off_is_finished_by_the_next_sync(void **state)
{
    (void)state;
    team *t = team_new();
    const dbk_leaving leaving = { .device = dbk_book_device(t->ben.book), .space = &t->space };
    dbk_err err = { 0 };
    syncworld_fail(&t->world, WIRE_LOSES_REQUEST, 2, true);
    assert_true(dbk_driver_leave(t->admin.book, &t->admin.t, &leaving, &err) != DBK_OK);
    syncworld_mend(&t->world);
    assert_true(dbk_roster_space(dbk_book_roster(t->admin.book), &t->space)->rotation_due);
    assert_int_equal(epochs(&t->admin, &t->space), 1);
    (void)sync_now(&t->admin);
    assert_false(dbk_roster_space(dbk_book_roster(t->admin.book), &t->space)->rotation_due);
    assert_int_equal(epochs(&t->admin, &t->space), 2);
    (void)sync_now(&t->ben); /* still a member of the organisation */
    team_end(t);
}

static void a_key_gets_no_older_than_the_policy_says(void **state)
{
    (void)state;
    team *t = team_new();
    const uint64_t day_ms = UINT64_C(24) * 3600 * 1000;
    t->admin.env.now_ms += 91 * day_ms;
    (void)sync_now(&t->admin);
    assert_int_equal(epochs(&t->admin, &t->space), 2);
    assert_int_equal(dbk_roster_space_at(dbk_book_roster(t->admin.book), 0)->epochs_count, 2);
    (void)sync_now(&t->admin);
    assert_int_equal(epochs(&t->admin, &t->space), 2);
    (void)sync_now(&t->asha);
    (void)sync_write(&t->asha, &t->space, "under the new key");
    (void)sync_now(&t->asha);
    (void)sync_now(&t->admin);
    sync_assert_equal(&t->admin, &t->asha, &t->space);
    team_end(t);
}

static void an_officer_takes_nobody_out_a18(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_leaving leaving = { .device = dbk_book_device(t->ben.book), .reason = "lost" };
    dbk_err err = { 0 };
    assert_rc(dbk_driver_leave(t->asha.book, &t->asha.t, &leaving, &err), DBK_DENIED, &err);
    dbk_err_clear(&err);
    leaving.device = dbk_book_device(t->admin.book);
    assert_rc(dbk_driver_leave(t->admin.book, &t->admin.t, &leaving, &err), DBK_DENIED, &err);
    assert_non_null(strstr(err.text, "last administrator"));
    team_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_revoked_device_reads_nothing_of_later_epochs_a25),
        cmocka_unit_test(
            a_colluding_relay_opens_nothing_to_a_revoked_device_and_merges_nothing_of_it_a25),
        cmocka_unit_test(the_invite_of_a_revoked_device_lets_nobody_in_again_a25),
        cmocka_unit_test(a_revoked_device_is_refused_within_a_second_of_the_op_a25),
        cmocka_unit_test(the_cut_is_what_had_arrived_a24),
        cmocka_unit_test(a_space_in_which_nothing_had_arrived_is_cut_too_P4_A24),
        cmocka_unit_test(thirty_late_notes_are_held_and_not_merged_a24),
        cmocka_unit_test(what_was_written_before_hearing_of_it_leaves_all_the_same_P1_A24),
        cmocka_unit_test(the_copy_of_a_device_that_was_taken_out_does_not_accuse_the_relay),
        cmocka_unit_test(a_removal_that_was_cut_off_is_finished_by_the_next_sync),
        cmocka_unit_test(a_key_gets_no_older_than_the_policy_says),
        cmocka_unit_test(an_officer_takes_nobody_out_a18),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
