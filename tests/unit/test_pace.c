#include "tests/lib/test.h"

#include <string.h>

#include "sync/relay/pace.h"

#define START 1000000u

static const dbk_pace_rule rule = { 3, 2 };

static dbk_pace *fresh(void)
{
    dbk_pace *p = NULL;
    assert_rc(dbk_pace_new(&p, &rule, NULL), DBK_OK, NULL);
    return p;
}

/* How many it gives at once. */
static unsigned drained(dbk_pace *p, uint32_t who, uint64_t now_ms)
{
    uint8_t key[DBK_PACE_KEY_BYTES] = { 0 };
    unsigned count = 0;
    memcpy(key + 4, &who, sizeof(who));
    while (dbk_pace_take(p, key, now_ms)) {
        count++;
        assert_true(count <= rule.burst);
    }
    return count;
}

static void a_bucket_gives_its_burst_and_then_what_time_brings(void **state)
{
    (void)state;
    dbk_pace *p = fresh();
    assert_int_equal(drained(p, 1, START), 3);
    assert_int_equal(drained(p, 1, START + 499), 0);
    assert_int_equal(drained(p, 1, START + 500), 1);
    assert_int_equal(drained(p, 1, START + 1500), 2);
    assert_int_equal(drained(p, 1, START + 3600u * 1000u), 3); /* never more than it holds */
    dbk_pace_free(p);
}

static void each_key_has_its_own(void **state)
{
    (void)state;
    dbk_pace *p = fresh();
    assert_int_equal(drained(p, 1, START), 3);
    assert_int_equal(drained(p, 2, START), 3);
    assert_int_equal(drained(p, 1, START), 0);
    dbk_pace_free(p);
}

static void a_clock_that_goes_back_or_leaps_gives_nothing_away(void **state)
{
    (void)state;
    dbk_pace *p = fresh();
    assert_int_equal(drained(p, 1, START), 3);
    assert_int_equal(drained(p, 1, START - 900000), 0);
    assert_int_equal(drained(p, 1, START), 0);
    assert_int_equal(drained(p, 1, UINT64_MAX), 3);
    assert_int_equal(drained(p, 1, UINT64_MAX), 0);
    dbk_pace_free(p);
}

/* Ten times as many keys as there is room for, all at once. */
static void a_flood_of_keys_gets_no_more_than_the_table_holds_and_others_recover(void **state)
{
    (void)state;
    dbk_pace *p = fresh();
    uint64_t given = 0;
    for (uint32_t who = 1; who <= 10 * DBK_PACE_KEYS; who++)
        given += drained(p, who, START);
    assert_true(given <= (uint64_t)DBK_PACE_KEYS * rule.burst);
    /* When the flood is over, who comes has a whole bucket again. */
    assert_int_equal(drained(p, 7777777, START + 1500), 3);
    dbk_pace_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_gives_its_burst_and_then_what_time_brings),
        cmocka_unit_test(each_key_has_its_own),
        cmocka_unit_test(a_clock_that_goes_back_or_leaps_gives_nothing_away),
        cmocka_unit_test(a_flood_of_keys_gets_no_more_than_the_table_holds_and_others_recover),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
