/* Notes of somebody who was taken out, by a folder and by the log: in whichever order (decision
 * 0016). */
#include "tests/lib/test.h"

#include "core/journal/evidence.h"
#include "core/journal/book_internal.h"
#include "core/store/sql.h"
#include "tests/lib/latekit.h"

#define EVERYBODY (~(1u << LATE_BEN))

static void a_decision_may_come_before_what_it_is_about(void **state)
{
    late l;
    (void)state;
    late_make(&l, 2);
    late_revoke(&l, LATE_BEN, EVERYBODY);
    late_pull_all(&l);
    (void)late_write(&l, LATE_BEN, "Maria Alvarez");
    (void)late_write(&l, LATE_BEN, "Tomas Alvarez");
    minilog stick; /* what travels by a folder */
    minilog_init(&stick, &l.log.org, &l.log.space, l.org.relay);
    (void)minilog_append_own(&stick, late_book(&l, LATE_BEN), LATE_NOON_MS);
    assert_int_equal(stick.count, 4);
    for (size_t i = 2; i < 4; i++)
        assert_int_equal(late_carry(&l, LATE_SUP, &stick.items[i]), DBK_OK);
    assert_int_equal(late_asides(&l, LATE_SUP), 2);
    dbk_id id = late_aside_at(&l, LATE_SUP, 1).row.id;
    late_decide(&l, LATE_SUP, &id, true);
    late_log(&l, LATE_SUP);
    late_pull_all(&l);
    /* Anne has the decision: the first note waits for the one that was named, then both come in. */
    assert_int_equal(late_carry(&l, LATE_ANNE, &stick.items[2]), DBK_OK);
    assert_int_equal(late_asides(&l, LATE_ANNE), 1);
    dbk_test_book_reopen(&l.org.books[LATE_ANNE]);
    assert_int_equal(late_carry(&l, LATE_ANNE, &stick.items[3]), DBK_OK);
    assert_int_equal(late_asides(&l, LATE_ANNE), 0);
    assert_int_equal(late_carry(&l, LATE_ANNE, &stick.items[3]), DBK_OK); /* held */
    late_log(&l, LATE_BEN); /* and the others get them by the relay, after all */
    late_pull_all(&l);
    assert_int_equal(late_all_equal(&l).of.records, 5);
    minilog_wipe(&stick);
    late_drop(&l);
}

/* Found by tests/model/members.pml: a note that no log has, merged from a folder before the word
 * came, stood in that device's records for ever, also when it was refused. */
static void a_folder_s_note_goes_aside_though_the_word_came_after_it_a24(void **state)
{
    late l;
    minilog stick;
    (void)state;
    late_make(&l, 2);
    late_pull_all(&l);
    minilog_init(&stick, &l.log.org, &l.log.space, l.org.relay);
    (void)late_write(&l, LATE_BEN, "Maria Alvarez");
    (void)minilog_append_own(&stick, late_book(&l, LATE_BEN), LATE_NOON_MS);
    assert_int_equal(late_carry(&l, LATE_ANNE, &stick.items[2]), DBK_OK);
    late_revoke(&l, LATE_BEN, 1u << LATE_SUP);
    for (size_t who = LATE_HQ; who < LATE_BOOKS; who++)
        if (who != LATE_BEN)
            assert_int_equal(late_carry(&l, who, &stick.items[2]), DBK_OK);
    assert_int_equal(late_asides(&l, LATE_SUP), 1);
    late_tell(&l, LATE_ANNE);
    late_tell(&l, LATE_SUP2);
    late_tell(&l, LATE_HQ);
    assert_int_equal(late_asides(&l, LATE_ANNE), 1);
    assert_int_equal(late_all_equal(&l).of.records, 2);
    dbk_id id = late_aside_at(&l, LATE_SUP, 0).row.id;
    late_decide(&l, LATE_SUP, &id, true);
    late_log(&l, LATE_SUP);
    late_pull_all(&l);
    assert_int_equal(late_asides(&l, LATE_ANNE), 0);
    assert_int_equal(late_all_equal(&l).of.records, 4); /* with the decision */
    minilog_wipe(&stick);
    late_drop(&l);
}

/* Found by the simulator (seed 547): what stood aside was taken a second time when the log showed
 * that it had come before the cut, and the first copy stood there as somebody's second history. */
static void
what_a_folder_brought_aside_takes_its_place_once_when_the_log_shows_it_in_time_a24(void **state)
{
    static const struct {
        size_t who, carried;
        bool told_first;
    } cases[] = { { LATE_ANNE, 3, false }, { LATE_SUP, 3, true }, { LATE_SUP2, 1, true } };
    late l;
    dbk_evidence_totals found;
    dbk_err err = { 0 };
    (void)state;
    late_make(&l, 3);
    late_revoke(&l, LATE_BEN, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t who = cases[i].who;
        if (cases[i].told_first)
            late_tell(&l, who);
        for (size_t item = 0; item < cases[i].carried; item++)
            assert_int_equal(late_carry(&l, who, &l.log.items[item]), DBK_OK);
        if (!cases[i].told_first)
            late_tell(&l, who);
        assert_int_equal(late_asides(&l, who), cases[i].carried);
        late_pull(&l, who);
        assert_int_equal(late_asides(&l, who), 0);
        assert_ok(dbk_evidence_count(late_book(&l, who), &found, &err), &err);
        assert_int_equal(found.open, 0);
        dbk_test_book_reopen(&l.org.books[who]);
    }
    proof p = late_all_equal(&l);
    assert_int_equal(p.of.segments, 3);
    assert_int_equal(p.of.records, 3);
    late_drop(&l);
}

static void verify_finds_what_stands_aside_and_in_its_feed(void **state)
{
    late l;
    dbk_err err = { 0 };
    (void)state;
    late_make(&l, 2);
    late_revoke(&l, LATE_BEN, EVERYBODY);
    (void)late_write(&l, LATE_BEN, "Maria Alvarez");
    late_log(&l, LATE_BEN);
    late_pull_all(&l);
    assert_int_equal(late_asides(&l, LATE_ANNE), 1);
    assert_ok(dbk_sql_exec(late_book(&l, LATE_ANNE)->store,
                           "UPDATE segment SET header=(SELECT header FROM segment WHERE status=0 "
                           "LIMIT 1) WHERE status=1",
                           &err),
              &err);
    proof p = proof_of(late_book(&l, LATE_ANNE), &l.org.space);
    assert_true(proof_says(&p, "stands aside and in its feed"));
    late_drop(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decision_may_come_before_what_it_is_about),
        cmocka_unit_test(a_folder_s_note_goes_aside_though_the_word_came_after_it_a24),
        cmocka_unit_test(
            what_a_folder_brought_aside_takes_its_place_once_when_the_log_shows_it_in_time_a24),
        cmocka_unit_test(verify_finds_what_stands_aside_and_in_its_feed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
