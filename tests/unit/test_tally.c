#include "tests/lib/test.h"

#include "core/practice/tally.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static uint64_t tally(dbk_book *book, const dbk_id *flight, const char *counter)
{
    dbk_note *note = NULL;
    dbk_reading reading;
    dbk_err err = { 0 };
    uint64_t n = 99;
    assert_ok(dbk_query_note(&note, book, flight, &err), &err);
    dbk_reading_init(&reading, note);
    assert_ok(dbk_tally_read(&reading, &n, counter, &err), &err);
    dbk_reading_wipe(&reading);
    dbk_note_free(note);
    return n;
}

static void two_tablets_count_and_take_back_at_once_and_nothing_is_lost(void **state)
{
    dbk_test_org org;
    (void)state;
    dbk_test_org_make(&org, (const dbk_role[]){ DBK_ROLE_OFFICER }, 1);
    dbk_book *one = org.books[0].book, *two = org.books[1].book;
    dbk_id flight = dbk_test_add(one, &org.space, "flight", TEXTS("number=XY1"));
    dbk_test_org_exchange(&org);
    dbk_test_edit(one, &flight, TEXTS("boys+=1"));
    dbk_test_edit(one, &flight, TEXTS("boys+=1"));
    dbk_test_edit(one, &flight, TEXTS("corrections+=boys"));
    dbk_test_edit(two, &flight, TEXTS("boys+=1"));
    dbk_test_edit(two, &flight, TEXTS("boys+=1"));
    dbk_test_edit(two, &flight, TEXTS("corrections+=boys"));
    dbk_test_org_exchange(&org);
    /* Two entries of the same words are two entries. */
    assert_int_equal(tally(one, &flight, "boys"), 2);
    assert_int_equal(tally(two, &flight, "boys"), 2);
    assert_int_equal(tally(one, &flight, "adults"), 0);
    dbk_test_org_drop(&org);
}

static void more_taken_back_than_counted_is_none(void **state)
{
    dbk_test_org org;
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    dbk_id flight = dbk_test_add(org.books[0].book, &org.space, "flight",
                                 TEXTS("number=XY1", "boys=1", "corrections=boys"));
    dbk_test_edit(org.books[0].book, &flight, TEXTS("corrections+=boys"));
    assert_int_equal(tally(org.books[0].book, &flight, "boys"), 0);
    dbk_test_org_drop(&org);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_tablets_count_and_take_back_at_once_and_nothing_is_lost),
        cmocka_unit_test(more_taken_back_than_counted_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
