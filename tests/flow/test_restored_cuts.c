/* Cuts, and what stands aside, after a relay was restored (decisions 0016, 0019): a place in the
 * log that goes on says nothing of when a note was written, and all members hold the same. */
#include "tests/lib/test.h"

#include <string.h>

#include "core/journal/quarantine.h"
#include "tests/lib/restored.h"

/* Four notes of Anne's came in time; the relay lost them, and nobody gave them back before the root
 * signed. Ben carries them to their new places, which say nothing of when they were written: they
 * stand aside on every device, also where they were merged, until a supervisor decides. */
static void lose_what_was_in_time(story *s)
{
    const dbk_leaving leaving = { .device = dbk_book_device(s->anne.book), .reason = "left" };
    dbk_err err = { 0 };
    write_some(s, &s->ben, 2);
    settle(s);
    back_up(s);
    write_some(s, &s->anne, 4);
    settle(s);
    assert_ok(dbk_driver_leave(s->hq.book, &s->hq.t, &leaving, &err), &err);
    (void)meet(s, &s->ben);
    assert_int_equal(sync_asides_of(&s->ben).count, 0);
    put_back(s);
    dbk_space_touch(dbk_tables_space(&s->hq.book->tables, &s->space))->checkpoint_size++;
    dbk_recovery_plan plan = recover(s);
    assert_int_equal(plan.spaces[0].kept, 2);
    dbk_recovery_plan_wipe(&plan);
}

static void meet_all(story *s)
{
    for (int i = 0; i < 2; i++) {
        (void)meet(s, &s->ben);
        (void)meet(s, &s->hq);
    }
    (void)meet(s, &s->ben);
    sync_assert_equal(&s->ben, &s->hq, &s->space);
}

static void what_lost_its_place_before_a_cut_stands_aside_for_all_A24(void **state)
{
    story s;
    sync_device carl;
    (void)state;
    begin(&s);
    lose_what_was_in_time(&s);
    meet_all(&s);
    assert_int_equal(sync_verify(&s.hq, &s.space).records, 2);
    assert_int_equal(sync_asides_of(&s.ben).count, 4);
    sync_asides at_hq = sync_asides_of(&s.hq);
    assert_int_equal(at_hq.count, 4);
    sync_device_open(&s.world, &carl, "Carl"); /* never saw them elsewhere */
    sync_enlist(&s.hq, &carl, DBK_ROLE_OFFICER, &s.space);
    (void)meet(&s, &carl);
    sync_assert_equal(&carl, &s.hq, &s.space);
    assert_int_equal(sync_asides_of(&carl).count, 4);
    /* The last of them lets in what she wrote before it. */
    sync_decide(&s.hq, &at_hq.ids[3], true);
    (void)meet(&s, &s.hq);
    meet_all(&s);
    (void)meet(&s, &carl);
    sync_assert_equal(&carl, &s.hq, &s.space);
    assert_int_equal(sync_verify(&s.hq, &s.space).records, 2 + 4 + 1); /* and the decision's */
    assert_int_equal(sync_asides_of(&carl).count, 0);
    sync_device_close(&carl);
    end(&s);
}

/* What was admitted in the old log is admitted in the new one, whatever place it gets. */
static void what_was_admitted_before_a_restore_stays_admitted_A24(void **state)
{
    story s;
    dbk_sync_report r;
    dbk_err err = { 0 };
    const dbk_leaving leaving = { .reason = "left" };
    (void)state;
    begin(&s);
    write_some(&s, &s.ben, 2);
    settle(&s);
    back_up(&s);
    dbk_leaving anne = leaving;
    anne.device = dbk_book_device(s.anne.book);
    write_some(&s, &s.anne, 1);
    (void)sync_now(&s.hq);
    assert_ok(dbk_driver_leave(s.hq.book, &s.hq.t, &anne, &err), &err);
    (void)!sync_try(&s.anne, &r, &err); /* late */
    (void)meet(&s, &s.hq);
    sync_asides at_hq = sync_asides_of(&s.hq);
    assert_int_equal(at_hq.count, 1);
    sync_decide(&s.hq, &at_hq.ids[0], true);
    meet_all(&s);
    sync_held before = sync_verify(&s.ben, &s.space);
    assert_int_equal(before.records, 4);
    put_back(&s);
    dbk_space_touch(dbk_tables_space(&s.hq.book->tables, &s.space))->checkpoint_size++;
    recover_quietly(&s);
    meet_all(&s);
    assert_int_equal(sync_asides_of(&s.hq).count, 0);
    sync_held after = sync_verify(&s.ben, &s.space);
    assert_memory_equal(&before.state, &after.state, sizeof(before.state));
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lost_its_place_before_a_cut_stands_aside_for_all_A24),
        cmocka_unit_test(what_was_admitted_before_a_restore_stays_admitted_A24),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
