/* What this device wrote itself: receipts, its place in the log, and what receipts show. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/journal/inbox_internal.h"
#include "core/journal/org_internal.h"
#include "tests/lib/forge.h"
#include "tests/lib/inboxkit.h"
#include "tests/lib/proof.h"

/* ---- this device's own --------------------------------------------------------------------- */

/* The same device, in another life of its store. */
static void forge_own(world *w, forge *f)
{
    forge_init(f, world_book(w, HQ), world_book(w, HQ), &w->org.space);
    forge_note(f, &(forge_edit){ w->joan, "person", "name", "Jo", KIT_NOON, NULL, 0 });
}

static void notes_of_this_device_that_it_does_not_hold_are_taken_as_such_2_26(void **state)
{
    (void)state;
    for (int by_folder = 0; by_folder < 2; by_folder++) {
        world w;
        dbk_err err = { 0 };
        dbk_inbox_stats stats;
        forge f;
        world_make(&w);
        forge_own(&w, &f);
        if (by_folder) {
            assert_ok(dbk_inbox_carried(world_book(&w, HQ), &stats, forge_sealed(&f), &err), &err);
        } else {
            (void)minilog_append(&w.log, forge_header(&f), forge_body(&f), KIT_NOON_MS);
            minilog_pull(&w.log, world_book(&w, HQ), 1, &stats);
        }
        assert_int_equal(stats.ops, 1);
        assert_false(stats.restored); /* an incarnation of its own: no feed of ours has parted */
        assert_ok(dbk_book_check_deep(world_book(&w, HQ), &err), &err);
        (void)proof_clean(world_book(&w, HQ), &w.org.space);
        forge_wipe(&f);
        world_drop(&w);
    }
}

static void own_notes_come_back_without_bodies_and_only_get_their_place(void **state)
{
    world w;
    dbk_inbox_stats stats = { 0 };
    (void)state;
    world_make(&w);
    world_edit(&w, ANNE, "religion=none");
    assert_int_equal(world_status(&w, ANNE).oldest_waiting_ms, DBK_TEST_START_MS);
    /* The push's answer was lost: the log has them, and there are no receipts. */
    assert_int_equal(minilog_append_own(&w.log, world_book(&w, ANNE), KIT_NOON_MS), 2);
    dbk_space_status s = world_status(&w, ANNE);
    assert_int_equal(s.own_ops, 2);
    assert_int_equal(s.own_receipted_ops, 0);
    minilog_pull(&w.log, world_book(&w, ANNE), 10, &stats);
    assert_int_equal(stats.segments, 0);
    s = world_status(&w, ANNE);
    assert_int_equal(s.own_receipted_ops, 2);
    assert_int_equal(s.oldest_waiting_ms, 0);
    assert_int_equal(s.log_size, 2);
    (void)proof_clean(world_book(&w, ANNE), &w.org.space);
    world_drop(&w);
}

/* ---- receipts ------------------------------------------------------------------------------ */

typedef struct answer {
    dbk_receipted receipts[4];
    size_t count;
    dbk_bytes note;
} answer;

/* What an honest relay says to a push of Anne's two notes. */
static void make_answer(world *w, answer *a)
{
    world_edit(w, ANNE, "religion=none");
    a->count = minilog_append_own(&w->log, world_book(w, ANNE), KIT_NOON_MS);
    assert_int_equal(a->count, 2);
    for (size_t i = 0; i < a->count; i++)
        minilog_receipt(&w->log, &a->receipts[i], w->log.count - a->count + i);
    minilog_checkpoint(&w->log, &a->note, w->log.count);
}

static dbk_rc give_answer(world *w, const answer *a, dbk_err *err)
{
    return dbk_inbox_receipts(world_book(w, ANNE), &w->org.space, a->receipts, a->count,
                              dbk_bytes_span(&a->note), err);
}

static void refuse_answer(world *w, const answer *a, const char *text, const char *why)
{
    dbk_err err = { 0 };
    before b = world_look(w, ANNE);
    dbk_rc rc = give_answer(w, a, &err);
    if (rc != DBK_PEER || strstr(err.text, text) == NULL)
        fail_msg("%s: %s \"%s\"", why, dbk_rc_name(rc), err.text);
    if (!world_untouched(w, ANNE, &b))
        fail_msg("%s: something was changed", why);
}

static void only_the_relay_s_word_counts_as_a_receipt_p1_1_1(void **state)
{
    world w;
    answer good, bad;
    dbk_receipt_scope scope;
    (void)state;
    world_make(&w);
    make_answer(&w, &good);
    bad = good;
    bad.receipts[1].receipt.sig.b[5] ^= 1;
    refuse_answer(&w, &bad, "not signed", "a forged signature");
    bad = good;
    bad.receipts[1].receipt.receipt_ms++;
    refuse_answer(&w, &bad, "not signed", "a changed time");
    bad = good;
    bad.receipts[1].header_hash.b[0] ^= 1;
    refuse_answer(&w, &bad, "not signed", "a changed hash");
    scope = (dbk_receipt_scope){ w.log.org, w.log.space, bad.receipts[1].header_hash };
    dbk_receipt_sign(&bad.receipts[1].receipt, &scope, w.org.relay);
    refuse_answer(&w, &bad, "nobody pushed", "of something else, signed");
    bad = good;
    bad.receipts[1].receipt.log.b[0] ^= 1;
    scope.header_hash = bad.receipts[1].header_hash;
    dbk_receipt_sign(&bad.receipts[1].receipt, &scope, w.org.relay);
    refuse_answer(&w, &bad, "replaced", "of another log, signed");
    bad = good;
    bad.receipts[1].receipt.receipt_ms++;
    dbk_receipt_sign(&bad.receipts[1].receipt, &scope, w.org.relay);
    refuse_answer(&w, &bad, "not in the log", "another time than in the log, signed");
    /* A whole answer of another log: its checkpoint tells, and later what is known of the log. */
    bad = good;
    for (size_t i = 0; i < bad.count; i++) {
        bad.receipts[i].receipt.log.b[0] ^= 1;
        scope.header_hash = bad.receipts[i].header_hash;
        dbk_receipt_sign(&bad.receipts[i].receipt, &scope, w.org.relay);
    }
    refuse_answer(&w, &bad, "two logs", "receipts of one log, a checkpoint of another");
    dbk_err err = { 0 };
    dbk_bytes note = bad.note;
    dbk_bytes_init(&bad.note, 1);
    assert_ok(give_answer(&w, &bad, &err), &err); /* without a checkpoint nobody can tell */
    bad.note = note;
    refuse_answer(&w, &good, "replaced", "the first log's, when the other is known");
    world_drop(&w);
    dbk_bytes_wipe(&good.note);
}

static void receipts_given_a_hundred_times_change_nothing_more_1_4(void **state)
{
    world w;
    answer a;
    dbk_err err = { 0 };
    (void)state;
    world_make(&w);
    make_answer(&w, &a);
    assert_ok(give_answer(&w, &a, &err), &err);
    proof once = proof_clean(world_book(&w, ANNE), &w.org.space);
    for (int i = 0; i < 100; i++)
        assert_ok(give_answer(&w, &a, &err), &err);
    proof often = proof_clean(world_book(&w, ANNE), &w.org.space);
    assert_true(proof_equal(&once, &often));
    assert_int_equal(often.of.log_size, 2);
    /* But the relay can't change its word. */
    dbk_receipt_scope scope = { w.log.org, w.log.space, a.receipts[0].header_hash };
    a.receipts[0].receipt.receipt_ms++;
    dbk_receipt_sign(&a.receipts[0].receipt, &scope, w.org.relay);
    refuse_answer(&w, &a, "two different receipts", "a second time for one segment");
    dbk_bytes_wipe(&a.note);
    world_drop(&w);
}

static void a_receipt_whose_forerunner_was_lost_does_not_count_for_both_2_4(void **state)
{
    world w;
    answer a;
    dbk_err err = { 0 };
    (void)state;
    world_make(&w);
    make_answer(&w, &a);
    a.receipts[0] = a.receipts[1];
    a.count = 1;
    assert_ok(give_answer(&w, &a, &err), &err);
    assert_int_equal(world_status(&w, ANNE).own_receipted_ops, 0);
    assert_int_equal(world_status(&w, ANNE).oldest_waiting_ms, DBK_TEST_START_MS);
    minilog_pull(&w.log, world_book(&w, ANNE), 1, NULL);
    assert_int_equal(world_status(&w, ANNE).own_receipted_ops, 2);
    (void)proof_clean(world_book(&w, ANNE), &w.org.space);
    dbk_bytes_wipe(&a.note);
    world_drop(&w);
}

static void receipts_behind_somebody_else_s_segment_wait_for_the_pull(void **state)
{
    world w;
    answer a;
    dbk_err err = { 0 };
    dbk_inbox_stats stats = { 0 };
    static const char *const fields[] = { "name=Ruth", NULL };
    (void)state;
    world_make(&w);
    (void)dbk_test_add(world_book(&w, BEN), &w.org.space, "person", fields);
    (void)minilog_push(&w.log, world_book(&w, BEN), KIT_NOON_MS);
    make_answer(&w, &a);
    assert_ok(give_answer(&w, &a, &err), &err);
    dbk_position at = minilog_position(&w.log, world_book(&w, ANNE));
    assert_int_equal(at.size, 0);
    assert_int_equal(at.own_receipted_seq, 2);
    (void)proof_clean(world_book(&w, ANNE), &w.org.space);
    /* A log that then gives them another time contradicts the receipts. */
    w.log.items[2].receipt_ms++;
    minilog_rebuild(&w.log);
    before b = world_look(&w, ANNE);
    assert_rc(world_pull(&w, ANNE, 0, 3, &stats, &err), DBK_PEER, &err);
    assert_non_null(strstr(err.text, "receipt"));
    assert_true(world_untouched(&w, ANNE, &b));
    w.log.items[2].receipt_ms--;
    minilog_rebuild(&w.log);
    minilog_pull(&w.log, world_book(&w, ANNE), 2, &stats);
    assert_int_equal(minilog_position(&w.log, world_book(&w, ANNE)).size, 3);
    (void)proof_clean(world_book(&w, ANNE), &w.org.space);
    dbk_bytes_wipe(&a.note);
    world_drop(&w);
}

static dbk_rc take_summary(void *ctx, const dbk_row *row, dbk_err *err)
{
    (void)err;
    (void)snprintf(ctx, 64, "%s", row->summary);
    return DBK_OK;
}

static void assert_listed(world *w, size_t who, const char *want)
{
    dbk_list_opts opts = { .since_ms = INT64_MIN };
    dbk_err err = { 0 };
    char summary[64] = "";
    assert_ok(dbk_query_list(world_book(w, who), &opts, take_summary, summary, &err), &err);
    assert_string_equal(summary, want);
}

static void a_receipt_takes_the_lead_from_a_clock_that_runs_ahead_2_18(void **state)
{
    world w;
    (void)state;
    world_make(&w);
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    minilog_pull(&w.log, world_book(&w, BEN), 10, NULL);
    w.org.books[ANNE].env.now_ms += UINT64_C(10) * 365 * 86400000;
    world_edit(&w, ANNE, "name=Anne's");
    w.org.books[BEN].env.now_ms = KIT_NOON_MS + 3600000;
    world_edit(&w, BEN, "name=Ben's");
    (void)minilog_push(&w.log, world_book(&w, BEN), KIT_NOON_MS + 3600001);
    minilog_pull(&w.log, world_book(&w, ANNE), 10, NULL);
    assert_listed(&w, ANNE, "Anne's"); /* in 2036, as far as anybody knows */
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS + 7200000);
    assert_listed(&w, ANNE, "Anne's");
    (void)proof_clean(world_book(&w, ANNE), &w.org.space);
    world_drop(&w);
}

static void the_shown_value_follows_the_receipts_on_every_replica(void **state)
{
    world w;
    (void)state;
    world_make(&w);
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    minilog_pull(&w.log, world_book(&w, BEN), 10, NULL);
    w.org.books[ANNE].env.now_ms += UINT64_C(10) * 365 * 86400000;
    world_edit(&w, ANNE, "name=Anne's");
    (void)minilog_append_own(&w.log, world_book(&w, ANNE), KIT_NOON_MS + 1000); /* received early */
    w.org.books[BEN].env.now_ms = KIT_NOON_MS + 3600000;
    world_edit(&w, BEN, "name=Ben's");
    (void)minilog_append_own(&w.log, world_book(&w, BEN), KIT_NOON_MS + 3600001);
    /* Ben's comes to Anne by a folder, before she hears of any receipt. */
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    const minilog_item *ben = &w.log.items[2];
    const dbk_sealed segment = minilog_sealed(ben);
    assert_ok(dbk_inbox_carried(world_book(&w, ANNE), &stats, &segment, &err), &err);
    assert_int_equal(stats.conflicts_new, 1);
    assert_listed(&w, ANNE, "Anne's");
    minilog_pull(&w.log, world_book(&w, ANNE), 1, NULL);
    minilog_pull(&w.log, world_book(&w, HQ), 10, NULL);
    assert_listed(&w, ANNE, "Ben's");
    assert_listed(&w, HQ, "Ben's");
    proof anne = proof_clean(world_book(&w, ANNE), &w.org.space);
    proof hq = proof_clean(world_book(&w, HQ), &w.org.space);
    assert_true(proof_equal(&anne, &hq));
    world_drop(&w);
}

static dbk_rc take_device(void *ctx, const dbk_event *event, dbk_err *err)
{
    (void)err;
    *(dbk_id *)ctx = event->device; /* of the last one, in the end */
    return DBK_OK;
}

static void an_answer_is_dated_after_what_it_answers_but_no_clock_drags_others_2_19(void **state)
{
    static const struct {
        uint64_t ahead_ms;
        bool follows;
    } cases[] = { { 30 * 60 * 1000, true }, { UINT64_C(10) * 365 * 86400000, false } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        world w;
        dbk_err err = { 0 };
        dbk_id last, desk;
        world_make(&w);
        w.org.books[ANNE].env.now_ms += cases[i].ahead_ms;
        world_edit(&w, ANNE, "religion=none");
        (void)minilog_append_own(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
        minilog_pull(&w.log, world_book(&w, HQ), 10, NULL);
        world_edit(&w, HQ, "religion=other");
        assert_ok(dbk_query_history(world_book(&w, HQ), &w.joan, take_device, &last, &err), &err);
        desk = dbk_book_device(world_book(&w, HQ));
        assert_int_equal(dbk_id_equal(&last, &desk), cases[i].follows);
        assert_true(dbk_hlc_ms(world_book(&w, HQ)->clock) <
                    DBK_TEST_START_MS + 2 * DBK_HLC_DRIFT_MS);
        dbk_test_book_reopen(&w.org.books[HQ]); /* and it is remembered */
        assert_ok(dbk_book_check_deep(world_book(&w, HQ), &err), &err);
        world_drop(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_of_this_device_that_it_does_not_hold_are_taken_as_such_2_26),
        cmocka_unit_test(own_notes_come_back_without_bodies_and_only_get_their_place),
        cmocka_unit_test(only_the_relay_s_word_counts_as_a_receipt_p1_1_1),
        cmocka_unit_test(receipts_given_a_hundred_times_change_nothing_more_1_4),
        cmocka_unit_test(a_receipt_whose_forerunner_was_lost_does_not_count_for_both_2_4),
        cmocka_unit_test(receipts_behind_somebody_else_s_segment_wait_for_the_pull),
        cmocka_unit_test(a_receipt_takes_the_lead_from_a_clock_that_runs_ahead_2_18),
        cmocka_unit_test(the_shown_value_follows_the_receipts_on_every_replica),
        cmocka_unit_test(an_answer_is_dated_after_what_it_answers_but_no_clock_drags_others_2_19),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
