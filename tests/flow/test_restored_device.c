/* A device whose store is an old copy, or of which there are two (security.md R5, M47, M48,
 * sync-lessons 2.26): nothing is lost, nothing doubled, and all devices end equal. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/journal/book_internal.h"
#include "tests/lib/syncworld.h"

typedef struct story {
    syncworld world;
    sync_device hq, anne;
    dbk_id space;
} story;

static void begin(story *s)
{
    memset(s, 0, sizeof(*s));
    syncworld_open(&s->world);
    sync_device_open(&s->world, &s->hq, "HQ");
    sync_found(&s->hq);
    s->space = sync_space(&s->hq, "Op Cedar");
    sync_device_open(&s->world, &s->anne, "Anne");
    sync_enlist(&s->hq, &s->anne, DBK_ROLE_OFFICER, &s->space);
}

static void end(story *s)
{
    sync_device_close(&s->anne);
    sync_device_close(&s->hq);
    syncworld_close(&s->world);
}

static void check(story *s, sync_device *d)
{
    dbk_err err = { 0 };
    assert_rc(dbk_book_check_deep(d->book, &err), DBK_OK, &err);
    (void)sync_verify(d, &s->space);
}

static dbk_sync_report meet(story *s, sync_device *d)
{
    dbk_sync_report r = sync_now(d);
    check(s, d);
    return r;
}

/* All have exchanged all: the same ops and records everywhere. */
static void settle(story *s)
{
    (void)meet(s, &s->anne);
    (void)meet(s, &s->hq);
    (void)meet(s, &s->anne);
    sync_assert_equal(&s->anne, &s->hq, &s->space);
}

static void expect_held(story *s, uint64_t records, uint64_t ops)
{
    sync_held at_hq = sync_verify(&s->hq, &s->space);
    assert_int_equal(at_hq.records, records);
    assert_int_equal(at_hq.ops, ops);
}

static void a_store_restored_from_yesterday_gets_back_what_it_had_sent_m47_r5_2_26(void **state)
{
    story s;
    (void)state;
    begin(&s);
    dbk_id joan = sync_write(&s.anne, &s.space, "Joan");
    settle(&s);
    sync_device_copy(&s.anne);
    sync_edit(&s.anne, &joan, "Joan Low");
    (void)sync_write(&s.anne, &s.space, "Ben");
    (void)meet(&s, &s.anne);
    sync_device_swap(&s.anne); /* yesterday's */
    dbk_sync_report r = meet(&s, &s.anne);
    assert_true(r.restored);
    assert_int_equal(r.reissued, 0);
    assert_int_equal(r.pulled_ops, 2);
    (void)sync_write(&s.anne, &s.space, "Carl");
    r = meet(&s, &s.anne);
    assert_false(r.restored);
    settle(&s);
    expect_held(&s, 3, 4);
    end(&s);
}

static void what_only_an_old_copy_holds_is_written_again_once_r5_2_26(void **state)
{
    story s;
    (void)state;
    begin(&s);
    dbk_id joan = sync_write(&s.anne, &s.space, "Joan");
    settle(&s);
    sync_device_copy(&s.anne);
    sync_edit(&s.anne, &joan, "Joan Low");
    (void)meet(&s, &s.anne);
    sync_device_swap(&s.anne);
    /* Written on yesterday's store before it met the relay: the same place, other notes, and one
     * that builds on another. */
    dbk_id ben = sync_write(&s.anne, &s.space, "Ben");
    sync_edit(&s.anne, &ben, "Ben Ash");
    sync_edit(&s.anne, &joan, "Joan Moss");
    dbk_sync_report r = meet(&s, &s.anne);
    assert_true(r.restored);
    assert_int_equal(r.reissued, 3);
    assert_int_equal(r.pushed_ops, 3);
    settle(&s);
    expect_held(&s, 2, 5);
    r = meet(&s, &s.anne);
    assert_false(r.restored);
    assert_true(r.idle);
    end(&s);
}

static void two_stores_of_one_device_that_both_write_lose_nothing_2_26(void **state)
{
    story s;
    (void)state;
    begin(&s);
    dbk_id joan = sync_write(&s.anne, &s.space, "Joan");
    settle(&s);
    sync_device_copy(&s.anne);
    uint64_t ops = 1, records = 1, reissued = 0;
    for (int turn = 0; turn < 6; turn++) {
        char name[] = "Joan 0";
        name[5] = (char)('1' + turn); /* saying the same again would be no change */
        sync_edit(&s.anne, &joan, name);
        (void)sync_write(&s.anne, &s.space, "Ben");
        ops += 2;
        records++;
        dbk_sync_report r = meet(&s, &s.anne);
        reissued += r.reissued;
        if (turn > 1) /* they have parted for good */
            assert_false(r.restored);
        sync_device_swap(&s.anne);
    }
    assert_int_equal(reissued, 2); /* by the one that met the relay second */
    settle(&s);
    sync_device_swap(&s.anne);
    settle(&s);
    expect_held(&s, records, ops);
    end(&s);
}

static void a_store_restored_twice_still_loses_nothing_2_26(void **state)
{
    story s;
    (void)state;
    begin(&s);
    (void)sync_write(&s.anne, &s.space, "Joan");
    settle(&s);
    for (unsigned i = 0; i < 3; i++) {
        sync_device_copy(&s.anne);
        (void)sync_write(&s.anne, &s.space, "sent");
        (void)meet(&s, &s.anne);
        sync_device_swap(&s.anne);
        (void)sync_write(&s.anne, &s.space, "kept");
        dbk_sync_report r = meet(&s, &s.anne);
        assert_true(r.restored);
        assert_int_equal(r.reissued, 1);
        settle(&s);
        expect_held(&s, 3 + 2 * i, 3 + 2 * i);
    }
    end(&s);
}

/* Every exchange of the recovery fails once, in each way; the next sync goes on. */
static void a_recovery_that_is_cut_anywhere_neither_loses_nor_doubles_2_2_2_26(void **state)
{
    static const wire_fault faults[] = { WIRE_LOSES_REQUEST, WIRE_LOSES_ANSWER, WIRE_DOUBLES };
    (void)state;
    for (size_t f = 0; f < sizeof(faults) / sizeof(faults[0]); f++) {
        for (unsigned at = 1; at <= 5; at++) {
            story s;
            dbk_sync_report r;
            dbk_err err = { 0 };
            begin(&s);
            dbk_id joan = sync_write(&s.anne, &s.space, "Joan");
            settle(&s);
            sync_device_copy(&s.anne);
            sync_edit(&s.anne, &joan, "Joan Low");
            (void)meet(&s, &s.anne);
            sync_device_swap(&s.anne);
            sync_edit(&s.anne, &joan, "Joan Moss");
            syncworld_fail(&s.world, faults[f], at, faults[f] != WIRE_DOUBLES);
            (void)!sync_try(&s.anne, &r, &err);
            syncworld_mend(&s.world);
            check(&s, &s.anne);
            settle(&s);
            expect_held(&s, 1, 3);
            end(&s);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_restored_from_yesterday_gets_back_what_it_had_sent_m47_r5_2_26),
        cmocka_unit_test(what_only_an_old_copy_holds_is_written_again_once_r5_2_26),
        cmocka_unit_test(two_stores_of_one_device_that_both_write_lose_nothing_2_26),
        cmocka_unit_test(a_store_restored_twice_still_loses_nothing_2_26),
        cmocka_unit_test(a_recovery_that_is_cut_anywhere_neither_loses_nor_doubles_2_2_2_26),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
