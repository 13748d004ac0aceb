/* What lets go of notes takes two persons who read them: orders to dispose, and logs' floors. */
#include "tests/lib/test.h"

#include <string.h>

#include "tests/lib/story.h"

typedef void (*build_fn)(story *s, const dbk_id *space);

static const dbk_dot first = { { { 5 } }, 3 };

static void build_order(story *s, const dbk_id *space)
{
    chain_dispose(&s->entry, &s->c, space, &first, 4);
}

static void build_floor(story *s, const dbk_id *space)
{
    chain_floor(&s->entry, &s->c, space, 4);
}

/* Of two administrators who read the space, and of nobody else. *second: for what comes after. */
static void takes_two(story *s, chain_device *second, build_fn build)
{
    const chain_device *members[] = { &s->c.admin };
    chain_space(&s->entry, &s->c, members, 1);
    chain_take(&s->c, &s->entry, NULL);
    const dbk_id space = s->entry.e.space;
    build(s, &space);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "where there never was a second");
    story_refused_two(s, s->c.admin.admin, s->c.root, DBK_DENIED, "the root as second");
    chain_enrolled(second, &s->c, DBK_ROLE_ADMIN);
    build(s, &space);
    story_refused_two(s, s->c.admin.admin, second->admin, DBK_DENIED, "who doesn't read it");
    chain_grant(&s->entry, &s->c, &space, second);
    chain_take(&s->c, &s->entry, NULL);
    build(s, &space);
    story_refused(s, s->c.admin.admin, DBK_DENIED, "one");
    chain_take_two(&s->c, &s->entry, s->c.admin.admin, second->admin);
}

/* Decision 0031: nobody destroys alone, nor what they can't look at; and the root is never the
 * second, for what is erased never comes back. */
static void an_order_to_dispose_is_of_two_administrators_who_read_the_space_2_5(void **state)
{
    chain_device second;
    story *s = story_new();
    (void)state;
    takes_two(s, &second, build_order);
    const dbk_id space = s->entry.e.space;
    assert_int_equal(dbk_roster_orders(s->c.roster), 1);
    assert_int_equal(dbk_roster_order_at(s->c.roster, 0)->dots_count, 4);
    chain_dispose(&s->entry, &s->c, &space, &(dbk_dot){ first.feed, 6 }, 2);
    story_refused_two(s, s->c.admin.admin, second.admin, DBK_DENIED, "an op twice");
    chain_dispose(&s->entry, &s->c, &s->c.roster_space, &(dbk_dot){ first.feed, 9 }, 2);
    story_refused_two(s, s->c.admin.admin, second.admin, DBK_DENIED, "the roster space");
    dbk_roster_check_deep(s->c.roster);
    chain_device_free(&second);
    story_free(s);
}

/* Decision 0041: what a relay lets go of is gone there, so it is decided as an order to dispose is.
 */
static void a_floor_is_of_two_administrators_who_read_the_space_p1(void **state)
{
    chain_device second;
    story *s = story_new();
    (void)state;
    takes_two(s, &second, build_floor);
    chain_floor(&s->entry, &s->c, &s->c.roster_space, 9);
    story_refused_two(s, s->c.admin.admin, second.admin, DBK_DENIED, "the roster space");
    dbk_roster_check_deep(s->c.roster);
    chain_device_free(&second);
    story_free(s);
}

/* It holds in a log that goes on under another name as far as both are one, and never falls. */
static void a_floor_only_rises_and_follows_the_log_p1(void **state)
{
    chain_device second;
    story *s = story_of_two(&second);
    const dbk_roster *r = s->c.roster;
    (void)state;
    chain_grant(&s->entry, &s->c, &s->space, &s->c.admin);
    chain_take(&s->c, &s->entry, NULL);
    chain_grant(&s->entry, &s->c, &s->space, &second);
    chain_take(&s->c, &s->entry, NULL);
    chain_floor(&s->entry, &s->c, &s->space, 50);
    const dbk_id log = s->entry.e.floor.log, next = { { 0x77 } }, nobodys = { { 0x78 } };
    assert_int_equal(dbk_roster_floor(r, &s->space, &log), 0);
    chain_take_two(&s->c, &s->entry, s->c.admin.admin, second.admin);
    assert_int_equal(dbk_roster_floor(r, &s->space, &log), 50);
    assert_int_equal(dbk_roster_floor(r, &s->space, &nobodys), 0);
    chain_floor(&s->entry, &s->c, &s->space, 50);
    story_refused_two(s, s->c.admin.admin, second.admin, DBK_DENIED, "no higher");
    chain_floor(&s->entry, &s->c, &s->space, 60);
    s->entry.e.floor.log = nobodys;
    story_refused_two(s, s->c.admin.admin, second.admin, DBK_DENIED, "another log");
    chain_recovery(&s->entry, &s->c, &(dbk_log_move){ s->space, next, log, 40, { { 5 } } });
    chain_take(&s->c, &s->entry, s->c.root);
    assert_int_equal(dbk_roster_floor(r, &s->space, &next), 40);
    assert_int_equal(dbk_roster_floor(r, &s->space, &log), 50);
    chain_floor(&s->entry, &s->c, &s->space, 60);
    story_refused_two(s, s->c.admin.admin, second.admin, DBK_DENIED, "a log that has ended");
    chain_floor(&s->entry, &s->c, &s->space, 40);
    s->entry.e.floor.log = next;
    story_refused_two(s, s->c.admin.admin, second.admin, DBK_DENIED, "no higher in this log");
    chain_floor(&s->entry, &s->c, &s->space, 41);
    s->entry.e.floor.log = next;
    chain_take_two(&s->c, &s->entry, s->c.admin.admin, second.admin);
    assert_int_equal(dbk_roster_floor(r, &s->space, &next), 41);
    assert_int_equal(dbk_roster_floor(r, &s->space, &log), 40);
    dbk_roster_check_deep(r);
    story_of_two_free(s, &second);
}

/* Which ops of a segment are to be erased, whatever order named them, in whatever order. */
static void orders_name_ops_by_feed_and_place(void **state)
{
    chain_device second;
    story *s = story_of_two(&second);
    const dbk_id feeds[] = { { { 7 } }, { { 3 } }, { { 9 } } };
    (void)state;
    chain_grant(&s->entry, &s->c, &s->space, &s->c.admin);
    chain_take(&s->c, &s->entry, NULL);
    chain_grant(&s->entry, &s->c, &s->space, &second);
    chain_take(&s->c, &s->entry, NULL);
    assert_int_equal(dbk_roster_erased(s->c.roster, &s->space, &(dbk_dot){ feeds[0], 1 }, 64), 0);
    for (uint64_t turn = 0; turn < 3; turn++) {
        for (size_t i = 0; i < ARRAY_LEN(feeds); i++) {
            chain_dispose(&s->entry, &s->c, &s->space, &(dbk_dot){ feeds[i], 90 - 30 * turn }, 2);
            chain_take_two(&s->c, &s->entry, s->c.admin.admin, second.admin);
            dbk_roster_check_deep(s->c.roster);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(feeds); i++) {
        dbk_dot at = { feeds[i], 31 };
        assert_int_equal(dbk_roster_erased(s->c.roster, &s->space, &at, 29), 1);
        assert_int_equal(dbk_roster_erased(s->c.roster, &s->space, &at, 31), 1 | 3 << 29);
        at.seq = 29;
        assert_int_equal(dbk_roster_erased(s->c.roster, &s->space, &at, 64),
                         (uint64_t)3 << 1 | (uint64_t)3 << 31 | (uint64_t)3 << 61);
        assert_int_equal(dbk_roster_erased(s->c.roster, &s->c.roster_space, &at, 64), 0);
    }
    story_of_two_free(s, &second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_to_dispose_is_of_two_administrators_who_read_the_space_2_5),
        cmocka_unit_test(a_floor_is_of_two_administrators_who_read_the_space_p1),
        cmocka_unit_test(a_floor_only_rises_and_follows_the_log_p1),
        cmocka_unit_test(orders_name_ops_by_feed_and_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
