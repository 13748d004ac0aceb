/* A log that shows what a stick has brought before (M40, M56). */
#include "tests/lib/test.h"

#include "tests/lib/inboxkit.h"

/* The simulator's seed 5000451: with a place for the second alone, the store was called damaged. */
static void the_relay_cannot_repeat_or_turn_round_what_a_stick_brought_m40_m56(void **state)
{
    world w;
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    (void)state;
    world_make(&w);
    world_edit(&w, ANNE, "religion=none");
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    const minilog_item first = w.log.items[0], second = w.log.items[1];
    for (size_t i = 0; i < 2; i++) {
        const dbk_sealed carried = minilog_sealed(&w.log.items[i]);
        assert_ok(dbk_inbox_carried(world_book(&w, HQ), &stats, &carried, &err), &err);
    }
    w.log.items[1] = first;
    minilog_rebuild(&w.log);
    world_refuse(&w, 2, DBK_PEER, "second time", "one repeated");
    w.log.items[0] = second;
    minilog_rebuild(&w.log);
    world_refuse(&w, 2, DBK_PEER, "does not follow", "turned round");
    w.log.items[0] = first;
    w.log.items[1] = second;
    minilog_rebuild(&w.log);
    assert_ok(world_pull(&w, HQ, 0, 0, &stats, &err), &err);
    world_drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_relay_cannot_repeat_or_turn_round_what_a_stick_brought_m40_m56),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
