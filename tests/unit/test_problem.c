#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/problem.h"

static void rows_keep_their_order_and_faults_are_counted_apart(void **state)
{
    dbk_problems p = { 0 };
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_problems_add(&p, DBK_PROBLEM, "method", &err, "Method: %s.", "one"), &err);
    assert_ok(dbk_problems_add(&p, DBK_WARNING, "phones[0].value", &err, "Phones: two."), &err);
    assert_ok(dbk_problems_add(&p, DBK_PROBLEM, "", &err, "%s", ""), &err);
    assert_int_equal(p.count, 3);
    assert_int_equal(p.faults, 2);
    assert_string_equal(p.rows[0].field, "method");
    assert_string_equal(p.rows[0].text, "Method: one.");
    assert_int_equal(p.rows[1].severity, DBK_WARNING);
    assert_string_equal(p.rows[1].field, "phones[0].value");
    assert_string_equal(p.rows[2].text, "");
    dbk_problems_wipe(&p);
    assert_int_equal(p.count, 0);
    assert_int_equal(p.faults, 0);
    dbk_problems_wipe(&p);
}

static void a_long_sentence_is_kept_whole(void **state)
{
    char text[3000];
    dbk_problems p = { 0 };
    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_rc(dbk_problems_add(&p, DBK_WARNING, "a", NULL, "%s%%", text), DBK_OK, NULL);
    assert_int_equal(strlen(p.rows[0].text), sizeof(text));
    dbk_problems_wipe(&p);
}

static void over_the_cap_the_last_row_says_that_there_are_more(void **state)
{
    dbk_problems p = { 0 };
    (void)state;
    for (size_t i = 0; i < DBK_PROBLEMS_MAX + 50; i++)
        assert_rc(dbk_problems_add(&p, DBK_WARNING, "f", NULL, "Row %zu.", i), DBK_OK, NULL);
    assert_int_equal(p.count, DBK_PROBLEMS_MAX);
    assert_int_equal(p.faults, 0);
    assert_string_equal(p.rows[DBK_PROBLEMS_MAX - 2].text, "Row 198.");
    assert_string_equal(p.rows[DBK_PROBLEMS_MAX - 1].text,
                        "There are more problems than can be shown here.");
    /* A fault that finds no room must still be a fault. */
    assert_rc(dbk_problems_add(&p, DBK_PROBLEM, "f", NULL, "Bad."), DBK_OK, NULL);
    assert_rc(dbk_problems_add(&p, DBK_PROBLEM, "f", NULL, "Bad."), DBK_OK, NULL);
    assert_int_equal(p.count, DBK_PROBLEMS_MAX);
    assert_int_equal(p.faults, 1);
    assert_int_equal(p.rows[DBK_PROBLEMS_MAX - 1].severity, DBK_PROBLEM);
    dbk_problems_wipe(&p);
}

static int fail_nth(void *ctx, size_t size)
{
    size_t *left = ctx;
    (void)size;
    if (*left == 0)
        return 0;
    (*left)--;
    return 1;
}

static void without_memory_no_row_is_half_there_R19(void **state)
{
    dbk_problems p = { 0 };
    (void)state;
    assert_rc(dbk_problems_add(&p, DBK_PROBLEM, "a", NULL, "A."), DBK_OK, NULL);
    for (size_t n = 0; n < 3; n++) {
        size_t left = n;
        dbk_err err = { 0 };
        dbk_alloc_set_hook(fail_nth, &left);
        dbk_rc rc = dbk_problems_add(&p, DBK_PROBLEM, "b", &err, "B.");
        dbk_alloc_set_hook(NULL, NULL);
        assert_rc(rc, DBK_NOMEM, &err);
        assert_int_equal(p.count, 1);
        assert_int_equal(p.faults, 1);
        assert_string_equal(p.rows[0].text, "A.");
    }
    dbk_problems_wipe(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_keep_their_order_and_faults_are_counted_apart),
        cmocka_unit_test(a_long_sentence_is_kept_whole),
        cmocka_unit_test(over_the_cap_the_last_row_says_that_there_are_more),
        cmocka_unit_test(without_memory_no_row_is_half_there_R19),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
