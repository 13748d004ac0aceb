#include "tests/lib/test.h"

#include "core/practice/rules.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static dbk_test_org org;
static dbk_book *book;
static dbk_problems problems;

static int begin(void **state)
{
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    book = org.books[0].book;
    problems = (dbk_problems){ 0 };
    return 0;
}

static int end(void **state)
{
    (void)state;
    dbk_problems_wipe(&problems);
    dbk_test_org_drop(&org);
    return 0;
}

static dbk_rc add(const char *const *fields)
{
    dbk_id id;
    dbk_journal_heed(book, dbk_rules_judge);
    return dbk_test_try_add(book, &id, &problems, &org.space, "intervention", fields);
}

static void what_intelligence_led_to_is_refused_where_everybody_reads_it_LL3(void **state)
{
    (void)state;
    assert_rc(add(TEXTS("selection_basis=intelligence_led")), DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "selection_basis", "belongs into a restricted space"));
    dbk_problems_wipe(&problems);
    problems = (dbk_problems){ 0 };
    assert_rc(add(TEXTS("selection_basis=whole_flight")), DBK_OK, NULL);
    assert_int_equal(problems.count, 0);
}

/* It came from elsewhere, or from an earlier version: what else is to be said of it can be said. */
static void what_lies_there_already_can_be_gone_on_with_LL3(void **state)
{
    dbk_err err = { 0 };
    dbk_input input = { .op = DBK_INPUT_SET, .field = "team", .text = "T5" };
    dbk_edit edit = { .inputs = &input, .inputs_count = 1 };
    (void)state;
    edit.record = dbk_test_add(book, &org.space, "intervention",
                               TEXTS("selection_basis=intelligence_led"));
    dbk_journal_heed(book, dbk_rules_judge);
    assert_ok(dbk_journal_edit(book, &problems, &edit, &err), &err);
}

static void a_disclosure_where_everybody_reads_it_is_saved_and_warned_of(void **state)
{
    (void)state;
    assert_rc(add(TEXTS("outcome=disclosure", "compartments=fgm",
                        "disclosure:={\"by_whom\":\"the girl\",\"what\":\"x\","
                        "\"private_space\":true}")),
              DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "disclosure", "everybody in this space reads it"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(what_intelligence_led_to_is_refused_where_everybody_reads_it_LL3),
        TEST(what_lies_there_already_can_be_gone_on_with_LL3),
        TEST(a_disclosure_where_everybody_reads_it_is_saved_and_warned_of),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
