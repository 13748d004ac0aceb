/* A relay that was restored, replaced or lies: it is told apart, and nothing that it did is taken.
 */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/syncworld.h"

typedef struct pair {
    syncworld world;
    sync_device hq, asha;
    dbk_id space;
    uint64_t written;
} pair;

static pair *pair_new(void)
{
    static pair p;
    p.written = 0;
    syncworld_open(&p.world);
    sync_device_open(&p.world, &p.hq, "hq desk");
    sync_device_open(&p.world, &p.asha, "asha");
    sync_found(&p.hq);
    p.space = sync_space(&p.hq, "Operation Limelight");
    sync_enlist(&p.hq, &p.asha, DBK_ROLE_OFFICER, &p.space);
    return &p;
}

static void pair_end(pair *p)
{
    sync_device_close(&p->hq);
    sync_device_close(&p->asha);
    syncworld_close(&p->world);
}

static void write_some(pair *p, sync_device *d, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        (void)sync_write(d, &p->space, "someone");
        p->written++;
    }
}

/* A stopped relay's whole state is its database file. */
static void keep_backup(pair *p)
{
    relaykit *kit = &p->world.kit;
    relaykit_stop(kit);
    dbk_test_copy_file(dbk_test_path(kit->dir, "backup"), kit->db);
    relaykit_start(kit);
}

static void restore_backup(pair *p)
{
    relaykit *kit = &p->world.kit;
    relaykit_stop(kit);
    dbk_test_copy_file(kit->db, dbk_test_path(kit->dir, "backup"));
    relaykit_start(kit);
}

static void assert_refused(pair *p, sync_device *d, const char *word)
{
    dbk_sync_report report;
    dbk_err err = { 0 };
    sync_held before = sync_verify(d, &p->space);
    dbk_rc rc = sync_try(d, &report, &err);
    if (rc != DBK_PEER || strstr(err.text, word) == NULL)
        fail_msg("%s: %s", dbk_rc_name(rc), err.text);
    sync_held after = sync_verify(d, &p->space);
    assert_int_equal(after.ops, before.ops);
    assert_int_equal(after.log_size, before.log_size);
    assert_true(dbk_hash_equal(&after.state, &before.state));
}

static void a_relay_restored_from_yesterday_is_told_and_nothing_is_forgotten_2_2(void **state)
{
    (void)state;
    pair *p = pair_new();
    write_some(p, &p->asha, 3);
    (void)sync_now(&p->asha);
    keep_backup(p);
    write_some(p, &p->asha, 2);
    (void)sync_now(&p->asha);
    (void)sync_now(&p->hq);
    restore_backup(p);
    assert_refused(p, &p->asha, "rolled back");
    assert_refused(p, &p->hq, "rolled back");
    assert_int_equal(sync_verify(&p->asha, &p->space).ops, 5);
    pair_end(p);
}

static void a_relay_that_forgot_members_is_told_1_25(void **state)
{
    (void)state;
    pair *p = pair_new();
    write_some(p, &p->hq, 1);
    keep_backup(p);
    (void)sync_space(&p->hq, "Riverside");
    restore_backup(p);
    assert_refused(p, &p->hq, "membership");
    pair_end(p);
}

static void an_empty_relay_in_the_old_ones_place_takes_nothing_away_1_25(void **state)
{
    (void)state;
    pair *p = pair_new();
    dbk_sync_report report;
    dbk_err err = { 0 };
    write_some(p, &p->asha, 3);
    (void)sync_now(&p->asha);
    relaykit_close(&p->world.kit);
    relaykit_open(&p->world.kit, DBK_WRITER_INLINE);
    assert_rc(sync_try(&p->asha, &report, &err), DBK_DENIED, &err);
    assert_false(report.joining);
    assert_int_equal(sync_verify(&p->asha, &p->space).ops, 3);
    pair_end(p);
}

/* A lie in any place of any answer: the sync fails or mends itself; never a wrong note, never a
 * lost one, and an honest relay afterwards is all it takes. */
static void lie_in_every_answer(wire_fault fault)
{
    pair *p = pair_new();
    size_t place = 1;
    unsigned told = 0;
    for (unsigned i = 0; i < 240; i++) {
        dbk_sync_report report;
        dbk_err err = { 0 };
        write_some(p, &p->hq, 1);
        (void)sync_now(&p->hq);
        write_some(p, &p->asha, 1);
        syncworld_fail(&p->world, fault, 1 + i % 3, false); /* hello, push, pull */
        p->world.place = place = place * 2654435761u % 1000003u;
        dbk_rc rc = sync_try(&p->asha, &report, &err);
        syncworld_mend(&p->world);
        if (rc != DBK_OK && rc != DBK_PEER && rc != DBK_VERSION)
            fail_msg("%u: %s: %s", i, dbk_rc_name(rc), err.text);
        told += rc != DBK_OK;
        (void)sync_now(&p->asha);
    }
    (void)sync_now(&p->hq);
    assert_true(told > 200); /* some lies are harmless: another time, another limit */
    sync_held held = sync_verify(&p->asha, &p->space);
    assert_int_equal(held.ops, p->written);
    sync_assert_equal(&p->asha, &p->hq, &p->space);
    assert_int_equal(relaykit_check(&p->world.kit).segments, p->written);
    pair_end(p);
}

static void a_flipped_bit_in_an_answer_changes_nothing_here_R3(void **state)
{
    (void)state;
    lie_in_every_answer(WIRE_FLIPS);
}

static void an_answer_cut_short_changes_nothing_here_R3(void **state)
{
    (void)state;
    lie_in_every_answer(WIRE_CUTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relay_restored_from_yesterday_is_told_and_nothing_is_forgotten_2_2),
        cmocka_unit_test(a_relay_that_forgot_members_is_told_1_25),
        cmocka_unit_test(an_empty_relay_in_the_old_ones_place_takes_nothing_away_1_25),
        cmocka_unit_test(a_flipped_bit_in_an_answer_changes_nothing_here_R3),
        cmocka_unit_test(an_answer_cut_short_changes_nothing_here_R3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
