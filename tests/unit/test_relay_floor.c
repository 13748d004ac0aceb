/* Where a relay lets a log's floor be (decision 0041). Losing a note is the worst that can happen:
 * each of these refusals stands between a floor and somebody who lacks what is below it. */
#include "tests/lib/test.h"

#include <string.h>

#include "tests/lib/floorkit.h"

#define REFUSED 403
#define TAKEN 200

static uint64_t floor_now(const floorkit *f)
{
    return dbk_roster_floor(f->kit.roster, &f->space, &f->points[1].log);
}

static void stands_confirmed(floorkit *f)
{
    floorkit_snapshot(f);
    floorkit_confirm(f);
}

static void a_floor_is_taken_where_everybody_has_what_is_below_it_p1(void **state)
{
    floorkit *f = *state;
    stands_confirmed(f);
    floorkit_say_all(f, NULL);
    assert_int_equal(floorkit_floor(f, f->size), TAKEN);
    assert_int_equal(floor_now(f), f->size);
    /* The same again, as a sender does who didn't hear the answer. */
    assert_int_equal(
        relaykit_status(&f->kit, &f->second, "POST", "/v1/members", dbk_bytes_span(&f->entry)),
        TAKEN);
}

static void no_floor_without_a_snapshot_that_is_confirmed_p1(void **state)
{
    floorkit *f = *state;
    floorkit_say_all(f, NULL);
    assert_int_equal(floorkit_floor(f, f->size), REFUSED);
    floorkit_snapshot(f);
    assert_int_equal(floorkit_floor(f, f->size), REFUSED);
    floorkit_confirm(f);
    assert_int_equal(floorkit_floor(f, f->size), TAKEN);
}

static void no_floor_above_the_snapshot_p1(void **state)
{
    floorkit *f = *state;
    size_t size = f->size;
    stands_confirmed(f);
    floorkit_grow(f, 1);
    floorkit_say_all(f, NULL);
    assert_int_equal(floorkit_floor(f, size + 1), REFUSED);
    assert_int_equal(floorkit_floor(f, size), TAKEN);
}

/* A snapshot whose maker was taken out is of no use to a device that begins. */
static void no_floor_where_who_vouches_for_the_snapshot_is_gone_p1(void **state)
{
    floorkit *f = *state;
    dbk_bytes entry = { 0 };
    stands_confirmed(f);
    floorkit_say_all(f, NULL);
    assert_int_equal(
        relaykit_post(&f->kit, relaykit_entry_remove(&f->kit, &entry, &f->space, &f->hq)), TAKEN);
    assert_int_equal(floorkit_floor(f, f->size), REFUSED);
    dbk_bytes_wipe(&entry);
}

static void no_floor_above_what_each_reader_has_said_p1(void **state)
{
    floorkit *f = *state;
    stands_confirmed(f);
    floorkit_say_all(f, &f->officer);
    assert_int_equal(floorkit_floor(f, f->size), REFUSED);
    floorkit_say(f, &f->officer, &(floorkit_word){ f->size - 1, false });
    assert_int_equal(floorkit_floor(f, f->size), REFUSED);
    assert_int_equal(floorkit_floor(f, f->size - 1), TAKEN);
    floorkit_say(f, &f->officer, &(floorkit_word){ f->size, false });
    assert_int_equal(floorkit_floor(f, f->size), TAKEN);
}

/* Who is enrolled meanwhile is asked, too, until they have said something or are out again. */
static void a_device_that_came_since_holds_the_floor_back_p1(void **state)
{
    floorkit *f = *state;
    dbk_bytes entry = { 0 };
    relaykit_device late;
    relaykit_enrol(&f->kit, &late, DBK_ROLE_OFFICER);
    assert_int_equal(
        relaykit_post(&f->kit, relaykit_entry_grant(&f->kit, &entry, &f->space, &late, 0)), TAKEN);
    stands_confirmed(f);
    floorkit_say_all(f, NULL);
    assert_int_equal(floorkit_floor(f, f->size), REFUSED);
    dbk_bytes_wipe(&entry);
    assert_int_equal(relaykit_post(&f->kit, relaykit_entry_revoke(&f->kit, &entry, &late)), TAKEN);
    assert_int_equal(floorkit_floor(f, f->size), TAKEN);
    dbk_bytes_wipe(&entry);
    relaykit_device_drop(&late);
}

static void a_guest_holds_the_floor_back_until_their_time_is_over_p1(void **state)
{
    floorkit *f = *state;
    dbk_bytes entry = { 0 };
    relaykit_device guest;
    relaykit_enrol(&f->kit, &guest, DBK_ROLE_GUEST);
    assert_int_equal(relaykit_post(&f->kit, relaykit_entry_grant(&f->kit, &entry, &f->space, &guest,
                                                                 f->kit.now_ms + 60000)),
                     TAKEN);
    stands_confirmed(f);
    floorkit_say_all(f, NULL);
    assert_int_equal(floorkit_floor(f, f->size), REFUSED);
    f->kit.now_ms += 60000;
    assert_int_equal(floorkit_floor(f, f->size), TAKEN);
    dbk_bytes_wipe(&entry);
    relaykit_device_drop(&guest);
}

/* Who comes to lack a body is given it by a desk that holds it: one can be lost. */
static void two_desks_of_headquarters_hold_each_body_p1(void **state)
{
    floorkit *f = *state;
    stands_confirmed(f);
    floorkit_say(f, &f->officer, &(floorkit_word){ f->size, true });
    floorkit_say(f, &f->kit.admin, &(floorkit_word){ f->size, false });
    floorkit_say(f, &f->second, &(floorkit_word){ f->size, false });
    floorkit_say(f, &f->hq, &(floorkit_word){ f->size, true });
    assert_int_equal(floorkit_floor(f, f->size), REFUSED);
    floorkit_say(f, &f->second, &(floorkit_word){ f->size, true }); /* its bodies have come */
    assert_int_equal(floorkit_floor(f, f->size), TAKEN);
}

static void no_floor_of_another_log_or_root_p1(void **state)
{
    floorkit *f = *state;
    stands_confirmed(f);
    floorkit_say_all(f, NULL);
    dbk_hash root = f->points[f->size].root;
    f->points[f->size].root.b[0] ^= 1;
    assert_int_equal(floorkit_floor(f, f->size), REFUSED);
    f->points[f->size].root = root;
    f->points[f->size].log.b[0] ^= 1;
    assert_int_equal(floorkit_floor(f, f->size), REFUSED);
    f->points[f->size].log.b[0] ^= 1;
    assert_int_equal(floorkit_floor(f, f->size), TAKEN);
}

static void one_administrator_moves_no_floor_p1(void **state)
{
    floorkit *f = *state;
    stands_confirmed(f);
    floorkit_say_all(f, NULL);
    assert_int_equal(relaykit_post(&f->kit, floorkit_entry(f, f->size, NULL)), REFUSED);
    assert_int_equal(floor_now(f), 0);
}

int main(void)
{
#define FLOOR_TEST(name) cmocka_unit_test_setup_teardown(name, floorkit_setup, floorkit_teardown)
    const struct CMUnitTest tests[] = {
        FLOOR_TEST(a_floor_is_taken_where_everybody_has_what_is_below_it_p1),
        FLOOR_TEST(no_floor_without_a_snapshot_that_is_confirmed_p1),
        FLOOR_TEST(no_floor_above_the_snapshot_p1),
        FLOOR_TEST(no_floor_where_who_vouches_for_the_snapshot_is_gone_p1),
        FLOOR_TEST(no_floor_above_what_each_reader_has_said_p1),
        FLOOR_TEST(a_device_that_came_since_holds_the_floor_back_p1),
        FLOOR_TEST(a_guest_holds_the_floor_back_until_their_time_is_over_p1),
        FLOOR_TEST(two_desks_of_headquarters_hold_each_body_p1),
        FLOOR_TEST(no_floor_of_another_log_or_root_p1),
        FLOOR_TEST(one_administrator_moves_no_floor_p1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
