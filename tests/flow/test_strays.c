/* Notes of a colleague that only a stick brought, and whose author's device is lost: who holds them
 * takes them to the relay (P1). */
#include "tests/lib/test.h"

#include "core/journal/quarantine.h"
#include "tests/lib/restored.h"

typedef struct lost_author {
    story s;
    char stick[DBK_TEST_PATH_SIZE];
} lost_author;

static void lost_begin(lost_author *l)
{
    begin(&l->s);
    dbk_test_dir_make(l->stick);
    settle(&l->s);
}

/* Ben writes, and meets Anne by the stick only. */
static void hand_over(lost_author *l, int count)
{
    write_some(&l->s, &l->s.ben, count);
    (void)sync_folder(&l->s.ben, l->stick);
    (void)sync_folder(&l->s.anne, l->stick);
}

static void lost_end(lost_author *l)
{
    dbk_test_dir_remove(l->stick);
    end(&l->s);
}

static void leave(story *s, sync_device *d, const char *reason)
{
    const dbk_leaving leaving = { .device = dbk_book_device(d->book), .reason = reason };
    dbk_err err = { 0 };
    (void)sync_now(&s->hq);
    assert_ok(dbk_driver_leave(s->hq.book, &s->hq.t, &leaving, &err), &err);
}

static void what_a_stick_brought_of_a_lost_device_reaches_headquarters_p1(void **state)
{
    lost_author l;
    (void)state;
    lost_begin(&l);
    hand_over(&l, 3); /* and his phone falls into the river */
    dbk_sync_report r = meet(&l.s, &l.s.anne);
    assert_int_equal(r.carried, 3);
    assert_int_equal(r.lost_others, 0);
    assert_false(r.relay_restored);
    r = meet(&l.s, &l.s.anne);
    assert_int_equal(r.carried, 0);
    assert_true(r.idle);
    assert_int_equal(r.round_trips, 1);
    (void)meet(&l.s, &l.s.hq);
    sync_assert_equal(&l.s.anne, &l.s.hq, &l.s.space);
    expect_held(&l.s, 3);
    lost_end(&l);
}

/* More than fit into one request; and his device is well and brings them too. */
static void what_its_author_brings_too_is_there_once(void **state)
{
    lost_author l;
    (void)state;
    lost_begin(&l);
    hand_over(&l, 150);
    assert_int_equal(meet(&l.s, &l.s.anne).carried, 150);
    dbk_sync_report r = meet(&l.s, &l.s.ben);
    assert_int_equal(r.carried, 0);
    assert_true(meet(&l.s, &l.s.ben).idle);
    settle(&l.s);
    expect_held(&l.s, 150);
    lost_end(&l);
}

/* He brought them himself first: nobody else says them again. */
static void what_its_author_brought_first_is_not_carried(void **state)
{
    lost_author l;
    (void)state;
    lost_begin(&l);
    hand_over(&l, 3);
    (void)meet(&l.s, &l.s.ben);
    assert_int_equal(meet(&l.s, &l.s.anne).carried, 0);
    settle(&l.s);
    expect_held(&l.s, 3);
    lost_end(&l);
}

static dbk_rc count_aside(void *ctx, const dbk_aside *aside, dbk_err *err)
{
    (void)aside;
    (void)err;
    ++*(uint64_t *)ctx;
    return DBK_OK;
}

/* His device is reported lost before Anne syncs: what it wrote stands aside, for a supervisor to
 * decide about, but it stands there on headquarters' desk too. */
static void what_a_lost_device_wrote_stands_aside_at_headquarters_a24(void **state)
{
    lost_author l;
    uint64_t asides = 0;
    dbk_err err = { 0 };
    (void)state;
    lost_begin(&l);
    write_some(&l.s, &l.s.anne, 1);
    settle(&l.s);
    hand_over(&l, 3);
    leave(&l.s, &l.s.ben, "lost");
    dbk_sync_report r = meet(&l.s, &l.s.anne);
    assert_int_equal(r.carried, 3);
    assert_true(meet(&l.s, &l.s.anne).idle);
    (void)meet(&l.s, &l.s.hq);
    sync_assert_equal(&l.s.anne, &l.s.hq, &l.s.space);
    assert_ok(dbk_quarantine_each(l.s.hq.book, count_aside, &asides, &err), &err);
    assert_int_equal(asides, 3);
    lost_end(&l);
}

/* His store was put back to before he wrote them, and he wrote others in their place: the relay has
 * those, and would never take the first. It isn't asked at every sync. */
static void a_history_that_the_relay_would_not_take_is_not_offered_for_ever(void **state)
{
    lost_author l;
    (void)state;
    lost_begin(&l);
    write_some(&l.s, &l.s.ben, 1);
    settle(&l.s);
    sync_device_copy(&l.s.ben);
    hand_over(&l, 3);
    sync_device_swap(&l.s.ben);
    write_some(&l.s, &l.s.ben, 2);
    (void)meet(&l.s, &l.s.ben);
    dbk_sync_report r = meet(&l.s, &l.s.anne);
    assert_int_equal(r.carried, 0);
    assert_true(meet(&l.s, &l.s.anne).idle);
    lost_end(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_stick_brought_of_a_lost_device_reaches_headquarters_p1),
        cmocka_unit_test(what_its_author_brings_too_is_there_once),
        cmocka_unit_test(what_its_author_brought_first_is_not_carried),
        cmocka_unit_test(what_a_lost_device_wrote_stands_aside_at_headquarters_a24),
        cmocka_unit_test(a_history_that_the_relay_would_not_take_is_not_offered_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
