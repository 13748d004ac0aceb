/* Officers who write without a network and meet again at the relay. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/syncworld.h"

typedef struct team {
    syncworld world;
    sync_device hq, asha, ben;
    dbk_id space;
} team;

static team *team_new(void)
{
    static team t;
    syncworld_open(&t.world);
    sync_device_open(&t.world, &t.hq, "hq desk");
    sync_device_open(&t.world, &t.asha, "asha");
    sync_device_open(&t.world, &t.ben, "ben");
    sync_found(&t.hq);
    t.space = sync_space(&t.hq, "Operation Limelight");
    sync_enlist(&t.hq, &t.asha, DBK_ROLE_OFFICER, &t.space);
    sync_enlist(&t.hq, &t.ben, DBK_ROLE_OFFICER, &t.space);
    (void)sync_now(&t.hq);
    return &t;
}

static void team_end(team *t)
{
    sync_device_close(&t->hq);
    sync_device_close(&t->asha);
    sync_device_close(&t->ben);
    syncworld_close(&t->world);
}

static void assert_all_hold(team *t, uint64_t ops, uint64_t records)
{
    sync_held held = sync_verify(&t->hq, &t->space);
    assert_int_equal(held.ops, ops);
    assert_int_equal(held.records, records);
    sync_assert_equal(&t->hq, &t->asha, &t->space);
    sync_assert_equal(&t->hq, &t->ben, &t->space);
}

static void two_officers_and_hq_converge_after_days_without_a_network_P5(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_id maria = sync_write(&t->asha, &t->space, "Maria Alvarez");
    (void)sync_write(&t->ben, &t->space, "Tomas Alvarez");
    (void)sync_write(&t->ben, &t->space, "Ines Alvarez");
    dbk_sync_report r = sync_now(&t->asha);
    assert_int_equal(r.pushed_ops, 1);
    r = sync_now(&t->ben);
    assert_int_equal(r.pushed_ops, 2);
    assert_int_equal(r.records_new, 1);
    r = sync_now(&t->hq);
    assert_int_equal(r.records_new, 3);

    /* Both correct the same name, neither knowing of the other. */
    sync_edit(&t->asha, &maria, "Maria Alvares");
    sync_edit(&t->ben, &maria, "Marya Alvarez");
    (void)sync_now(&t->asha);
    r = sync_now(&t->ben);
    assert_int_equal(r.conflicts_new, 1);
    (void)sync_now(&t->asha);
    (void)sync_now(&t->hq);
    assert_all_hold(t, 5, 3);
    team_end(t);
}

static void an_idle_sync_is_one_round_trip_after_every_kind_of_sync(void **state)
{
    (void)state;
    team *t = team_new();
    for (int i = 0; i < 3; i++) {
        sync_device *d = i == 0 ? &t->asha : i == 1 ? &t->ben : &t->hq;
        (void)sync_write(d, &t->space, "someone");
        (void)sync_now(d);
        dbk_sync_report r = sync_now(d);
        assert_true(r.idle);
        assert_int_equal(r.round_trips, 1);
    }
    (void)sync_now(&t->asha); /* fetches */
    sync_device_reopen(&t->asha);
    dbk_sync_report r = sync_now(&t->asha);
    assert_true(r.idle);
    assert_int_equal(r.round_trips, 1); /* the nonce was kept in the book */
    team_end(t);
}

static void a_relay_that_was_started_anew_costs_one_more_round_trip(void **state)
{
    (void)state;
    team *t = team_new();
    (void)sync_now(&t->asha); /* hears that ben has come */
    relaykit_stop(&t->world.kit);
    relaykit_start(&t->world.kit);
    dbk_sync_report r = sync_now(&t->asha);
    assert_true(r.idle);
    assert_int_equal(r.round_trips, 2); /* its nonces of before are worth nothing */
    team_end(t);
}

static void a_hundred_notes_of_each_go_both_ways_and_nothing_is_fetched_back(void **state)
{
    (void)state;
    team *t = team_new();
    for (int i = 0; i < 100; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "person %d", i);
        (void)sync_write(&t->asha, &t->space, name);
        (void)sync_write(&t->ben, &t->space, name);
    }
    dbk_sync_report r = sync_now(&t->asha);
    assert_int_equal(r.pushed_ops, 100);
    assert_int_equal(r.pulled_segments, 0);
    r = sync_now(&t->ben);
    assert_int_equal(r.pushed_ops, 100);
    assert_int_equal(r.records_new, 100);
    r = sync_now(&t->asha);
    assert_int_equal(r.records_new, 100);
    (void)sync_now(&t->hq);
    assert_all_hold(t, 200, 200);
    assert_int_equal(relaykit_check(&t->world.kit).segments, 200);
    team_end(t);
}

static void a_later_space_and_grant_bring_what_was_written_before(void **state)
{
    (void)state;
    team *t = team_new();
    dbk_err err = { 0 };
    dbk_id space = sync_space(&t->hq, "Riverside");
    (void)sync_write(&t->hq, &space, "Lena Roth");
    (void)sync_now(&t->hq);
    dbk_sync_report r = sync_now(&t->ben);
    assert_int_equal(r.records_new, 0); /* P3: not his */
    dbk_new_grant grant = { space, dbk_book_device(t->ben.book), DBK_ROLE_OFFICER, 0 };
    assert_ok(dbk_driver_grant(t->hq.book, &t->hq.t, &grant, &err), &err);
    r = sync_now(&t->ben);
    assert_int_equal(r.records_new, 1);
    sync_assert_equal(&t->hq, &t->ben, &space);
    team_end(t);
}

static void two_admins_at_once_both_get_their_change_in(void **state)
{
    (void)state;
    team *t = team_new();
    sync_device other;
    sync_device_open(&t->world, &other, "second admin");
    sync_enlist(&t->hq, &other, DBK_ROLE_ADMIN, &t->space);
    /* Each builds on a head that the other has moved. */
    dbk_id a = sync_space(&t->hq, "North");
    dbk_id b = sync_space(&other, "South");
    dbk_id c = sync_space(&t->hq, "West");
    assert_false(dbk_id_equal(&a, &b));
    assert_false(dbk_id_equal(&a, &c));
    (void)sync_now(&t->hq);
    (void)sync_now(&other);
    assert_int_equal(dbk_roster_count(dbk_book_roster(t->hq.book)),
                     dbk_roster_count(dbk_book_roster(other.book)));
    sync_device_close(&other);
    team_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_officers_and_hq_converge_after_days_without_a_network_P5),
        cmocka_unit_test(an_idle_sync_is_one_round_trip_after_every_kind_of_sync),
        cmocka_unit_test(a_relay_that_was_started_anew_costs_one_more_round_trip),
        cmocka_unit_test(a_hundred_notes_of_each_go_both_ways_and_nothing_is_fetched_back),
        cmocka_unit_test(a_later_space_and_grant_bring_what_was_written_before),
        cmocka_unit_test(two_admins_at_once_both_get_their_change_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
