/* A relay that was put back from yesterday's backup (decision 0019, sync-lessons 2.1, 5.6): nothing
 * is lost, nothing doubled, all devices end equal; and nothing goes on without the root's word. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/journal/inbox.h"
#include "tests/lib/image.h"
#include "tests/lib/restored.h"

/* ---- what members hold comes back in its place ------------------------------------------- */

static void forty_notes_later_a_backup_loses_nothing_5_6(void **state)
{
    story s;
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 5);
    settle(&s);
    back_up(&s);
    for (int i = 0; i < 20; i++) {
        write_some(&s, &s.anne, 1);
        write_some(&s, &s.ben, 1);
        (void)sync_now(i % 2 == 0 ? &s.anne : &s.ben);
    }
    settle(&s);
    put_back(&s);
    write_some(&s, &s.ben, 1); /* life goes on */
    expect_pending(&s.anne);
    expect_pending(&s.ben);
    dbk_recovery_plan plan = recover(&s);
    assert_int_equal(plan.spaces_count, 1);
    assert_true(plan.spaces[0].held);
    assert_int_equal(plan.spaces[0].kept, 45); /* Anne's device gave back the forty */
    assert_int_equal(plan.spaces[0].lost, 0);
    assert_int_equal(plan.heard, 3);
    dbk_recovery_plan_wipe(&plan);
    assert_true(meet(&s, &s.hq).relay_restored);
    dbk_sync_report r = meet(&s, &s.anne);
    assert_true(r.relay_restored); /* told once */
    assert_int_equal(r.lost_ops, 0);
    assert_false(meet(&s, &s.anne).relay_restored);
    settle(&s);
    expect_held(&s, 46);
    end(&s);
}

static void what_only_its_author_had_receipts_for_is_pushed_again_2_1(void **state)
{
    story s;
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 3);
    settle(&s);
    back_up(&s);
    write_some(&s, &s.anne, 10);
    (void)meet(&s, &s.anne);
    put_back(&s);
    recover_quietly(&s); /* while Anne is in a train */
    write_some(&s, &s.ben, 2);
    (void)meet(&s, &s.ben); /* his notes take the places that hers had */
    write_some(&s, &s.anne, 1);
    dbk_sync_report r = meet(&s, &s.anne);
    assert_true(r.relay_restored);
    assert_int_equal(r.lost_ops, 10);
    assert_int_equal(r.lost_others, 0);
    assert_int_equal(r.pushed_ops, 11);
    r = meet(&s, &s.anne);
    assert_int_equal(r.lost_ops, 0);
    assert_true(r.idle);
    settle(&s);
    expect_held(&s, 16);
    end(&s);
}

static void notes_of_a_destroyed_device_come_from_whoever_holds_them_p1(void **state)
{
    story s;
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 2);
    settle(&s);
    back_up(&s);
    write_some(&s, &s.anne, 5);
    (void)meet(&s, &s.anne);
    (void)meet(&s, &s.ben);
    put_back(&s);
    recover_quietly(&s); /* Anne's device lies in the river; Ben was away */
    assert_int_equal(sync_verify(&s.hq, &s.space).records, 2);
    dbk_sync_report r = meet(&s, &s.ben);
    assert_true(r.relay_restored);
    assert_int_equal(r.lost_others, 5);
    assert_int_equal(r.carried, 5);
    r = meet(&s, &s.ben);
    assert_int_equal(r.carried, 0);
    assert_true(r.idle);
    (void)meet(&s, &s.hq);
    sync_assert_equal(&s.ben, &s.hq, &s.space);
    expect_held(&s, 7);
    (void)relaykit_check(&s.world.kit);
    end(&s);
}

static void two_who_carry_the_same_notes_double_nothing_p1(void **state)
{
    story s;
    (void)state;
    begin(&s);
    settle(&s);
    back_up(&s);
    write_some(&s, &s.anne, 4);
    write_some(&s, &s.ben, 4);
    (void)meet(&s, &s.anne);
    (void)meet(&s, &s.ben);
    (void)meet(&s, &s.anne);
    put_back(&s);
    recover_quietly(&s);
    (void)meet(&s, &s.ben);
    (void)meet(&s, &s.anne);
    settle(&s);
    expect_held(&s, 8);
    end(&s);
}

/* Ben's notes stand before hers in the log, and she couldn't fetch them: hers has a receipt all the
 * same, and keeps it. */
static void a_receipt_beyond_what_was_fetched_still_counts_after_a_restore_p4(void **state)
{
    story s;
    dbk_sync_report r;
    dbk_err err = { 0 };
    (void)state;
    begin(&s);
    settle(&s);
    write_some(&s, &s.ben, 3);
    (void)meet(&s, &s.ben);
    write_some(&s, &s.anne, 1);
    syncworld_fail(&s.world, WIRE_LOSES_REQUEST, 3, true); /* hello and push arrive */
    assert_true(sync_try(&s.anne, &r, &err) != DBK_OK);
    syncworld_mend(&s.world);
    assert_int_equal(r.pushed_ops, 1);
    assert_int_equal(r.pulled_ops, 0);
    back_up(&s);
    put_back(&s);
    recover_quietly(&s);
    (void)meet(&s, &s.anne);
    settle(&s);
    expect_held(&s, 4);
    end(&s);
}

/* Its disk was put back once more, to a moment when it waited for the root's word, which it has had
 * since: nobody ran `recover` again. */
static void a_relay_put_back_to_where_it_waited_goes_on_p1(void **state)
{
    story s;
    image waiting;
    relaykit *kit = &s.world.kit;
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 2);
    settle(&s);
    back_up(&s);
    write_some(&s, &s.ben, 2);
    (void)meet(&s, &s.ben);
    put_back(&s);
    relaykit_stop(kit);
    image_take(&waiting, kit->dir);
    relaykit_start(kit);
    recover_quietly(&s);
    write_some(&s, &s.anne, 2);
    (void)meet(&s, &s.anne);
    (void)meet(&s, &s.ben);
    relaykit_stop(kit);
    image_put(&waiting, kit->dir);
    relaykit_start(kit);
    image_wipe(&waiting);
    recover_quietly(&s);
    settle(&s);
    expect_held(&s, 6);
    end(&s);
}

/* ---- membership -------------------------------------------------------------------------- */

static void a_device_enrolled_after_the_backup_is_known_again_5_6(void **state)
{
    story s;
    sync_device carl;
    dbk_sync_report r;
    dbk_err err = { 0 };
    (void)state;
    begin(&s);
    settle(&s);
    back_up(&s);
    sync_device_open(&s.world, &carl, "Carl");
    sync_enlist(&s.hq, &carl, DBK_ROLE_OFFICER, &s.space);
    write_some(&s, &carl, 3);
    (void)meet(&s, &carl);
    put_back(&s);
    assert_rc(sync_try(&carl, &r, &err), DBK_DENIED, &err); /* a stranger, for now */
    recover_quietly(&s);
    write_some(&s, &carl, 1);
    r = meet(&s, &carl);
    assert_true(r.relay_restored);
    assert_int_equal(r.lost_ops, 3);
    settle(&s);
    sync_assert_equal(&carl, &s.hq, &s.space);
    expect_held(&s, 4);
    sync_device_close(&carl);
    end(&s);
}

static void a_space_made_after_the_backup_comes_back_whole_5_6(void **state)
{
    story s;
    (void)state;
    begin(&s);
    settle(&s);
    back_up(&s);
    dbk_id other = sync_space(&s.hq, "Op Rowan");
    for (int i = 0; i < 3; i++)
        (void)sync_write(&s.hq, &other, "Rowan");
    (void)meet(&s, &s.hq);
    put_back(&s);
    dbk_recovery_plan plan = recover(&s);
    assert_int_equal(plan.spaces_count, 2);
    assert_int_equal(plan.given_back, 1 + 3); /* the entry, the segments */
    dbk_recovery_plan_wipe(&plan);
    dbk_sync_report r = meet(&s, &s.hq);
    assert_true(r.relay_restored);
    assert_int_equal(r.lost_ops, 0);
    assert_int_equal(sync_verify(&s.hq, &other).log_size, 3);
    settle(&s);
    end(&s);
}

static void who_has_not_synced_since_is_named_before_the_root_signs_m49(void **state)
{
    story s;
    sync_device second;
    dbk_err err = { 0 };
    dbk_recovery_plan plan;
    const dbk_recovery_opts sign = { .sign = true }, anyway = { .sign = true, .anyway = true };
    (void)state;
    begin(&s);
    sync_device_open(&s.world, &second, "Second");
    sync_enlist(&s.hq, &second, DBK_ROLE_ADMIN, &s.space);
    settle(&s);
    (void)meet(&s, &second);
    back_up(&s);
    put_back(&s);
    dbk_id silent = dbk_book_device(second.book);
    assert_rc(dbk_driver_recover(s.hq.book, &s.hq.t, &plan, &sign, &err), DBK_PENDING, &err);
    assert_false(plan.done);
    assert_int_equal(plan.silent_count, 1);
    assert_true(dbk_id_equal(&plan.silent[0], &silent));
    dbk_recovery_plan_wipe(&plan);
    /* Another administrator can look, not sign. */
    dbk_err_clear(&err);
    assert_rc(dbk_driver_recover(second.book, &second.t, &plan, &sign, &err), DBK_DENIED, &err);
    dbk_recovery_plan_wipe(&plan);
    dbk_err_clear(&err);
    assert_ok(dbk_driver_recover(s.hq.book, &s.hq.t, &plan, &anyway, &err), &err);
    assert_int_equal(plan.silent_count, 0); /* it has been here since, to look */
    dbk_recovery_plan_wipe(&plan);
    settle(&s);
    assert_rc(dbk_driver_recover(s.hq.book, &s.hq.t, &plan, &sign, &err), DBK_NOT_FOUND, &err);
    dbk_recovery_plan_wipe(&plan);
    sync_device_close(&second);
    end(&s);
}

static void revoke(story *s, sync_device *d)
{
    const dbk_leaving leaving = { .device = dbk_book_device(d->book), .reason = "left" };
    dbk_err err = { 0 };
    (void)sync_now(&s->hq);
    assert_ok(dbk_driver_leave(s->hq.book, &s->hq.t, &leaving, &err), &err);
}

/* Anne's notes in time stand before her cut in the old log. Given back to their places they still
 * do, for a device that pulls the new log only. */
static void notes_in_time_stay_in_time_a24(void **state)
{
    story s;
    sync_device carl;
    (void)state;
    begin(&s);
    write_some(&s, &s.ben, 2);
    settle(&s);
    back_up(&s);
    write_some(&s, &s.anne, 6);
    (void)meet(&s, &s.anne);
    revoke(&s, &s.anne);
    put_back(&s);
    recover_quietly(&s);
    (void)meet(&s, &s.ben); /* he hadn't pulled them */
    sync_assert_equal(&s.ben, &s.hq, &s.space);
    assert_int_equal(sync_verify(&s.ben, &s.space).records, 8);
    sync_device_open(&s.world, &carl, "Carl");
    sync_enlist(&s.hq, &carl, DBK_ROLE_OFFICER, &s.space);
    (void)meet(&s, &carl);
    sync_assert_equal(&carl, &s.hq, &s.space);
    sync_device_close(&carl);
    end(&s);
}

/* A late note can't slip below the cut by being sent to a shorter log. */
static void a_late_note_stays_late_in_the_new_log_a24(void **state)
{
    story s;
    dbk_sync_report r;
    dbk_err err = { 0 };
    (void)state;
    begin(&s);
    write_some(&s, &s.ben, 2);
    settle(&s);
    back_up(&s);
    write_some(&s, &s.ben, 6);
    (void)meet(&s, &s.ben);
    (void)meet(&s, &s.anne);
    revoke(&s, &s.anne); /* cut at 8 */
    put_back(&s);
    /* Headquarters can't give back what lies before the cut, as if a pull had been cut off: the
     * relay has signed for more than is here. */
    dbk_space_touch(dbk_tables_space(&s.hq.book->tables, &s.space))->checkpoint_size++;
    dbk_recovery_plan plan = recover(&s);
    assert_int_equal(plan.spaces[0].kept, 2);
    dbk_recovery_plan_wipe(&plan);
    write_some(&s, &s.anne, 1);
    (void)!sync_try(&s.anne, &r, &err); /* her late note is the third of the new log */
    (void)meet(&s, &s.ben);
    (void)meet(&s, &s.hq);
    (void)meet(&s, &s.ben);
    sync_assert_equal(&s.ben, &s.hq, &s.space);
    assert_int_equal(sync_verify(&s.hq, &s.space).records, 8);
    end(&s);
}

/* ---- again, and cut off ------------------------------------------------------------------ */

static void a_second_restore_of_the_same_backup_loses_nothing_either_5_6(void **state)
{
    story s;
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 3);
    settle(&s);
    back_up(&s);
    for (int round = 0; round < 3; round++) {
        write_some(&s, &s.anne, 3);
        write_some(&s, &s.ben, 2);
        (void)meet(&s, &s.anne);
        (void)meet(&s, &s.ben);
        put_back(&s);
        if (round != 1)
            expect_pending(&s.anne); /* in the second round nobody gives anything back */
        recover_quietly(&s);
        (void)meet(&s, &s.ben);
        (void)meet(&s, &s.anne);
        settle(&s);
        expect_held(&s, 3 + 5 * ((uint64_t)round + 1));
    }
    end(&s);
}

/* Offline through two restores: one record after the other. */
static void a_device_that_missed_two_restores_catches_up_5_6(void **state)
{
    story s;
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 3);
    settle(&s);
    back_up(&s);
    write_some(&s, &s.anne, 4);
    write_some(&s, &s.ben, 4);
    (void)meet(&s, &s.anne);
    (void)meet(&s, &s.ben);
    (void)meet(&s, &s.anne);
    for (int i = 0; i < 2; i++) {
        put_back(&s);
        recover_quietly(&s);
        (void)meet(&s, &s.ben);
    }
    write_some(&s, &s.anne, 1);
    assert_true(meet(&s, &s.anne).relay_restored);
    settle(&s);
    expect_held(&s, 12);
    end(&s);
}

/* Every exchange fails once, in each way: of the giving back, of the root's word, of the sync after
 * it; whoever was cut off tries again. */
static void cut_off_anywhere_nothing_is_lost_or_doubled_2_2(void **state)
{
    static const wire_fault faults[] = { WIRE_LOSES_REQUEST, WIRE_LOSES_ANSWER, WIRE_DOUBLES };
    (void)state;
    for (size_t f = 0; f < ARRAY_LEN(faults); f++) {
        for (unsigned at = 1; at <= 9; at++) {
            story s;
            dbk_sync_report r;
            dbk_recovery_plan plan;
            dbk_err err = { 0 };
            const dbk_recovery_opts opts = { .sign = true };
            begin(&s);
            settle(&s);
            back_up(&s);
            write_some(&s, &s.anne, 3);
            (void)meet(&s, &s.anne);
            write_some(&s, &s.ben, 3);
            (void)meet(&s, &s.ben);
            put_back(&s);
            syncworld_fail(&s.world, faults[f], at, faults[f] != WIRE_DOUBLES);
            (void)!dbk_driver_recover(s.hq.book, &s.hq.t, &plan, &opts, &err);
            dbk_recovery_plan_wipe(&plan);
            syncworld_mend(&s.world);
            dbk_err_clear(&err);
            dbk_rc rc = dbk_driver_recover(s.hq.book, &s.hq.t, &plan, &opts, &err);
            assert_true(rc == DBK_OK || rc == DBK_NOT_FOUND); /* it had arrived */
            dbk_recovery_plan_wipe(&plan);
            syncworld_fail(&s.world, faults[f], at, faults[f] != WIRE_DOUBLES);
            dbk_err_clear(&err);
            (void)!sync_try(&s.ben, &r, &err);
            syncworld_mend(&s.world);
            check(&s, &s.ben);
            settle(&s);
            expect_held(&s, 6);
            end(&s);
        }
    }
}

/* ---- a relay that lies ------------------------------------------------------------------- */

/* Without the chain's word everything stays stopped. */
static void a_relay_that_only_rolls_back_is_stopped_m36_m37(void **state)
{
    story s;
    dbk_sync_report r;
    dbk_err err = { 0 };
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 2);
    settle(&s);
    back_up(&s);
    write_some(&s, &s.anne, 2);
    settle(&s);
    relaykit_put_back(&s.world.kit);
    {
        /* The operator's command is undone: the relay serves its old log as if nothing had been. */
        dbk_log log;
        assert_ok(s.world.kit.source.open(s.world.kit.source.self, &log, DBK_LOG_WRITES, &err),
                  &err);
        assert_ok(log.ops->begin(log.self, &err), &err);
        assert_ok(dbk_log_setting_del(&log, "recovering", &err), &err);
        assert_ok(log.ops->commit(log.self, &err), &err);
        dbk_log_close(&log);
    }
    relaykit_start(&s.world.kit);
    sync_held before = sync_verify(&s.anne, &s.space);
    assert_rc(sync_try(&s.anne, &r, &err), DBK_PEER, &err);
    sync_held after = sync_verify(&s.anne, &s.space);
    assert_memory_equal(&before, &after, sizeof(before));
    end(&s);
}

/* Says of an honest relay that it was restored. */
static void pretend(void *ctx, sync_device *d, const dbk_exchange *req, dbk_relay_answer *answer)
{
    static const char limits[] = ",\"spaces\":";
    static const char lie[] = ",\"recovering\":true";
    dbk_bytes changed = DBK_BYTES_INIT(DBK_WELCOME_BYTES_MAX);
    (void)ctx;
    (void)d;
    if (strcmp(req->target, "/v1/hello") != 0 || answer->status != 200)
        return;
    assert_ok(dbk_bytes_append_u8(&answer->body, 0, NULL), NULL);
    const char *text = (const char *)answer->body.p, *at = strstr(text, limits);
    dbk_bytes_truncate(&answer->body, answer->body.len - 1);
    if (at == NULL)
        return; /* an idle one */
    assert_ok(dbk_bytes_append(&changed, dbk_span_of(answer->body.p, (size_t)(at - text)), NULL),
              NULL);
    assert_ok(dbk_bytes_append_str(&changed, lie, NULL), NULL);
    assert_ok(dbk_bytes_append_str(&changed, at, NULL), NULL);
    dbk_bytes_wipe(&answer->body);
    answer->body = changed;
}

static void a_relay_that_pretends_to_be_restored_gets_nothing_decided_m38(void **state)
{
    story s;
    dbk_recovery_plan plan;
    dbk_err err = { 0 };
    const dbk_recovery_opts opts = { .sign = true };
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 2);
    settle(&s);
    write_some(&s, &s.anne, 1);
    s.world.meddle = pretend;
    sync_held before = sync_verify(&s.anne, &s.space);
    expect_pending(&s.anne);
    sync_held after = sync_verify(&s.anne, &s.space);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_rc(dbk_driver_recover(s.hq.book, &s.hq.t, &plan, &opts, &err), DBK_NOT_FOUND, &err);
    dbk_recovery_plan_wipe(&plan);
    s.world.meddle = NULL;
    settle(&s);
    expect_held(&s, 3);
    end(&s);
}

/* A recovery that the root signed for another history than this device has verified. */
static void a_record_that_contradicts_what_was_signed_before_is_refused_m38(void **state)
{
    (void)state;
    for (int what = 0; what < 3; what++) {
        story s;
        dbk_sync_report r;
        dbk_err err = { 0 };
        dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
        begin(&s);
        write_some(&s, &s.anne, 4);
        settle(&s);
        const dbk_stand *now = &dbk_tables_space(&s.anne.book->tables, &s.space)->now;
        dbk_log_move move = { s.space, now->log, now->log, 4,
                              dbk_frontier_root(&now->frontier, DBK_TREE_LOG) };
        move.new_log.b[0] ^= 1;
        if (what == 0)
            move.old_root.b[0] ^= 1; /* another history of that length */
        if (what == 1)
            move.old_size = 3; /* the root of four isn't that of three */
        if (what == 2)
            move.old_log.b[0] ^= 2; /* of a log that this device never saw */
        const dbk_log_recovery recovery = { &move, 1, dbk_span_str("restored") };
        assert_ok(dbk_org_recover(s.hq.book, &entry, &recovery, &err), &err);
        sync_held before = sync_verify(&s.anne, &s.space);
        assert_ok(dbk_inbox_member(s.anne.book, dbk_bytes_span(&entry), &err), &err);
        sync_held after = sync_verify(&s.anne, &s.space);
        assert_memory_equal(&before, &after, sizeof(before));
        dbk_recovered told = dbk_recovered_told(s.anne.book);
        assert_int_equal(told.spaces, 0);
        assert_int_equal(told.contradicted, 1);
        (void)!sync_try(&s.anne, &r, &err);
        assert_int_equal(r.contradictions, 1);
        dbk_bytes_wipe(&entry);
        end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forty_notes_later_a_backup_loses_nothing_5_6),
        cmocka_unit_test(what_only_its_author_had_receipts_for_is_pushed_again_2_1),
        cmocka_unit_test(notes_of_a_destroyed_device_come_from_whoever_holds_them_p1),
        cmocka_unit_test(two_who_carry_the_same_notes_double_nothing_p1),
        cmocka_unit_test(a_relay_put_back_to_where_it_waited_goes_on_p1),
        cmocka_unit_test(a_receipt_beyond_what_was_fetched_still_counts_after_a_restore_p4),
        cmocka_unit_test(a_device_enrolled_after_the_backup_is_known_again_5_6),
        cmocka_unit_test(a_space_made_after_the_backup_comes_back_whole_5_6),
        cmocka_unit_test(who_has_not_synced_since_is_named_before_the_root_signs_m49),
        cmocka_unit_test(notes_in_time_stay_in_time_a24),
        cmocka_unit_test(a_late_note_stays_late_in_the_new_log_a24),
        cmocka_unit_test(a_second_restore_of_the_same_backup_loses_nothing_either_5_6),
        cmocka_unit_test(a_device_that_missed_two_restores_catches_up_5_6),
        cmocka_unit_test(cut_off_anywhere_nothing_is_lost_or_doubled_2_2),
        cmocka_unit_test(a_relay_that_only_rolls_back_is_stopped_m36_m37),
        cmocka_unit_test(a_relay_that_pretends_to_be_restored_gets_nothing_decided_m38),
        cmocka_unit_test(a_record_that_contradicts_what_was_signed_before_is_refused_m38),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
