#include "tests/lib/test.h"

#include <string.h>

#include "core/practice/report.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static dbk_test_org org;
static dbk_book *book;
static dbk_report report;

static int begin(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    book = org.books[0].book;
    assert_ok(dbk_report_init(&report, dbk_book_forms(book), &err), &err);
    return 0;
}

static int end(void **state)
{
    (void)state;
    dbk_report_wipe(&report);
    dbk_test_org_drop(&org);
    return 0;
}

static void take(const char *form, const char *const *fields)
{
    dbk_note *note = NULL;
    dbk_err err = { 0 };
    dbk_id id = dbk_test_add(book, &org.space, form, fields);
    assert_ok(dbk_query_note(&note, book, &id, &err), &err);
    assert_ok(dbk_report_take(&report, note, &err), &err);
    dbk_note_free(note);
}

/* As many records of that outcome and basis. */
static void meet(size_t count, const char *outcome, const char *basis)
{
    for (size_t i = 0; i < count; i++)
        take("intervention", TEXTS(outcome, basis));
}

static dbk_report_row *row(dbk_report_part part, const char *code)
{
    for (size_t i = 0; i < report.rows_count; i++) {
        const char *own = report.rows[i].code;
        if (report.rows[i].part == part &&
            (code == NULL || own == NULL ? code == own : strcmp(code, own) == 0))
            return &report.rows[i];
    }
    fail_msg("no such row: %s", code == NULL ? "unclassified" : code);
    return NULL;
}

static uint64_t spoken(dbk_report_part part, const char *code)
{
    return row(part, code)->cells[DBK_REPORT_SPOKEN].n;
}

static void an_intervention_counts_once_at_its_furthest_outcome_LL4(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    take("intervention", TEXTS("outcome=leaflet,advice_only,disclosure", "compartments=fgm"));
    take("intervention", TEXTS("outcome=advice_only,leaflet"));
    take("intervention", TEXTS("outcome=declined", "response=declined"));
    assert_int_equal(spoken(DBK_REPORT_BY_OUTCOME, "disclosure"), 1);
    assert_int_equal(spoken(DBK_REPORT_BY_OUTCOME, "leaflet"), 1);
    assert_int_equal(spoken(DBK_REPORT_BY_OUTCOME, "advice_only"), 0);
    assert_int_equal(row(DBK_REPORT_BY_OUTCOME, "leaflet")->named.n, 2);
    assert_int_equal(report.total[DBK_REPORT_SPOKEN].n, 3);
    assert_int_equal(report.total[DBK_REPORT_PAST_ADVICE].n, 1);
    assert_int_equal(report.total[DBK_REPORT_DECLINED].n, 1);
    assert_int_equal(report.drafts, 3);
    assert_ok(dbk_report_check(&report, &err), &err);
}

static void what_is_not_recorded_has_a_row_and_the_rows_add_up_B79(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    take("intervention", TEXTS("team=T1"));
    take("intervention", TEXTS("outcome=not_known", "selection_basis=whole_flight"));
    take("intervention", TEXTS("agency=police", "direction=inbound"));
    assert_int_equal(spoken(DBK_REPORT_BY_OUTCOME, NULL), 3);
    assert_int_equal(spoken(DBK_REPORT_BY_BASIS, NULL), 2);
    assert_int_equal(spoken(DBK_REPORT_BY_BASIS, "whole_flight"), 1);
    assert_int_equal(spoken(DBK_REPORT_BY_AGENCY, "police"), 1);
    assert_int_equal(spoken(DBK_REPORT_BY_ETHNICITY, NULL), 3);
    assert_int_equal(report.total[DBK_REPORT_PAST_ADVICE].n, 0);
    assert_ok(dbk_report_check(&report, &err), &err);
}

static void a_table_that_does_not_add_up_is_refused_B79(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    meet(3, "outcome=leaflet", "selection_basis=referral");
    row(DBK_REPORT_BY_BASIS, "referral")->cells[DBK_REPORT_SPOKEN].n = 2;
    assert_rc(dbk_report_check(&report, &err), DBK_DAMAGED, &err);
    assert_non_null(strstr(err.text, "selection_basis: the rows make 2, the total is 3"));
}

static void searches_and_powers_are_counted_where_the_family_was_chosen_LL2(void **state)
{
    (void)state;
    take("intervention", TEXTS("selection_basis=referral", "ethnicity_self_defined=b2",
                               "baggage:={\"searched\":true,\"power\":\"s.19\"}"));
    take("intervention", TEXTS("selection_basis=referral", "ethnicity_self_defined=refused",
                               "baggage:={\"searched\":true,\"power\":\"not_known\"}"));
    take("intervention",
         TEXTS("selection_basis=whole_flight", "baggage:={\"searched\":\"not_known\"}"));
    assert_int_equal(row(DBK_REPORT_BY_BASIS, "referral")->cells[DBK_REPORT_SEARCHED].n, 2);
    assert_int_equal(row(DBK_REPORT_BY_BASIS, "referral")->cells[DBK_REPORT_POWER].n, 1);
    assert_int_equal(row(DBK_REPORT_BY_BASIS, "whole_flight")->cells[DBK_REPORT_SEARCHED].n, 0);
    assert_int_equal(row(DBK_REPORT_BY_ETHNICITY, "b2")->cells[DBK_REPORT_POWER].n, 1);
}

static uint64_t figure(const char *name)
{
    for (size_t i = 0; i < report.figures_count; i++)
        if (strcmp(report.figures[i].name, name) == 0)
            return report.figures[i].cell.n;
    fail_msg("no such figure: %s", name);
    return 0;
}

static void flight_sheets_are_the_denominators_less_what_was_a_mistake_LL4(void **state)
{
    (void)state;
    take("flight",
         TEXTS("number=XY1", "pax=180", "families_approached=9", "boys=2", "corrections=boys"));
    take("flight", TEXTS("number=XY2", "families_approached=4"));
    take("case", TEXTS("kind=fgm"));
    assert_int_equal(figure("flights"), 2);
    assert_int_equal(figure("pax"), 180);
    assert_int_equal(figure("flights_without_pax"), 1);
    assert_int_equal(figure("families_approached"), 13);
    assert_int_equal(figure("boys"), 1);
    assert_int_equal(report.total[DBK_REPORT_SPOKEN].n, 0);
}

static bool hidden(dbk_report_part part, const char *code)
{
    return row(part, code)->cells[DBK_REPORT_SPOKEN].hidden;
}

static void a_small_number_is_hidden_and_can_not_be_worked_out_B24(void **state)
{
    (void)state;
    meet(9, "outcome=advice_only", "selection_basis=whole_flight");
    meet(6, "outcome=leaflet", "selection_basis=all_with_girls_under_18");
    meet(2, "outcome=arrest", "selection_basis=whole_flight");
    dbk_report_hide_small(&report);
    /* Two of 17: with the other two shown it would be known. So the next smallest goes too. */
    assert_true(hidden(DBK_REPORT_BY_OUTCOME, "arrest"));
    assert_true(hidden(DBK_REPORT_BY_OUTCOME, "leaflet"));
    assert_false(hidden(DBK_REPORT_BY_OUTCOME, "advice_only"));
    assert_false(hidden(DBK_REPORT_BY_OUTCOME, "disclosure")); /* none is no small number */
    assert_true(row(DBK_REPORT_BY_OUTCOME, "arrest")->named.hidden);
    assert_true(row(DBK_REPORT_BY_OUTCOME, "leaflet")->named.hidden);
    assert_false(hidden(DBK_REPORT_BY_BASIS, "whole_flight"));
    assert_false(report.total[DBK_REPORT_SPOKEN].hidden);
    assert_true(report.total[DBK_REPORT_PAST_ADVICE].hidden);
    assert_true(row(DBK_REPORT_BY_BASIS, "whole_flight")->cells[DBK_REPORT_PAST_ADVICE].hidden);
}

static void single_ones_are_hidden_among_more_than_each_other_B24(void **state)
{
    (void)state;
    meet(1, "outcome=arrest", "selection_basis=whole_flight");
    meet(1, "outcome=disclosure", "selection_basis=whole_flight");
    meet(7, "outcome=leaflet", "selection_basis=whole_flight");
    meet(8, "outcome=declined", "selection_basis=whole_flight");
    dbk_report_hide_small(&report);
    /* Two hidden rows of two families would be one each. */
    assert_true(hidden(DBK_REPORT_BY_OUTCOME, "leaflet"));
    assert_false(hidden(DBK_REPORT_BY_OUTCOME, "declined"));
}

static void where_nothing_is_left_to_hide_among_the_measure_is_not_told_B24(void **state)
{
    (void)state;
    meet(3, "outcome=leaflet", "selection_basis=whole_flight");
    meet(3, "outcome=arrest", "selection_basis=whole_flight");
    dbk_report_hide_small(&report);
    assert_false(report.total[DBK_REPORT_SPOKEN].hidden); /* three and three may be one and five */
    dbk_report_wipe(&report);
    assert_int_equal(dbk_report_init(&report, dbk_book_forms(book), NULL), DBK_OK);
    meet(1, "outcome=arrest", "selection_basis=whole_flight");
    meet(1, "outcome=disclosure", "selection_basis=whole_flight");
    meet(3, "outcome=leaflet", "selection_basis=whole_flight");
    dbk_report_hide_small(&report);
    /* Five in all: whoever knows the total from the other part knows too much. */
    assert_true(report.total[DBK_REPORT_SPOKEN].hidden);
    assert_true(hidden(DBK_REPORT_BY_BASIS, "whole_flight"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(an_intervention_counts_once_at_its_furthest_outcome_LL4),
        TEST(what_is_not_recorded_has_a_row_and_the_rows_add_up_B79),
        TEST(a_table_that_does_not_add_up_is_refused_B79),
        TEST(searches_and_powers_are_counted_where_the_family_was_chosen_LL2),
        TEST(flight_sheets_are_the_denominators_less_what_was_a_mistake_LL4),
        TEST(a_small_number_is_hidden_and_can_not_be_worked_out_B24),
        TEST(single_ones_are_hidden_among_more_than_each_other_B24),
        TEST(where_nothing_is_left_to_hide_among_the_measure_is_not_told_B24),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
