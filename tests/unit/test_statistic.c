#include "tests/lib/test.h"

#include <string.h>

#include "core/practice/statistic.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static dbk_test_org org;
static dbk_book *book;
static dbk_statistic s;

static int begin(void **state)
{
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    book = org.books[0].book;
    s = (dbk_statistic){ .form = NULL };
    return 0;
}

static int end(void **state)
{
    (void)state;
    dbk_statistic_wipe(&s);
    dbk_test_org_drop(&org);
    return 0;
}

static void want(dbk_statistic_opts opts)
{
    dbk_err err = { 0 };
    dbk_statistic_wipe(&s);
    assert_ok(dbk_statistic_init(&s, dbk_book_forms(book), &opts, &err), &err);
}

static void take(dbk_figures_when when, size_t times, const char *const *fields)
{
    dbk_err err = { 0 };
    dbk_note *note = NULL;
    dbk_id id = dbk_test_add(book, &org.space, dbk_statistic_form(s.opts.kind), fields);
    assert_ok(dbk_query_note(&note, book, &id, &err), &err);
    for (size_t i = 0; i < times; i++)
        assert_ok(dbk_statistic_take(&s, book, note, when, &err), &err);
    dbk_note_free(note);
    assert_ok(dbk_figures_check(&s.figures, &err), &err);
}
#define NOW(times, ...) take(DBK_FIGURES_NOW, times, TEXTS(__VA_ARGS__))
#define BEFORE(times, ...) take(DBK_FIGURES_BEFORE, times, TEXTS(__VA_ARGS__))

/* of: the row of the provider; NULL: a part by itself. code NULL: what fits no other row. */
static const dbk_cell *cells(const char *part, const char *of, const char *code)
{
    for (size_t i = 0; i < s.figures.parts_count; i++) {
        const dbk_figures_part *p = &s.figures.parts[i];
        const char *above = p->above == DBK_FIGURES_NONE
                                ? NULL
                                : s.figures.parts[p->above].rows[p->above_row].code;
        if (strcmp(p->code, part) != 0 ||
            (of == NULL ? p->above != DBK_FIGURES_NONE : above == NULL || strcmp(above, of) != 0))
            continue;
        if (code == NULL)
            return p->rows[0].cells;
        if (strcmp(code, "total") == 0)
            return p->total;
        return p->rows[dbk_figures_row_of(&s.figures, i, dbk_span_str(code))].cells;
    }
    fail_msg("no part %s of %s", part, of == NULL ? "all" : of);
    return NULL;
}

static void cases_are_counted_by_hidden_crime_in_both_periods_A25(void **state)
{
    (void)state;
    want((dbk_statistic_opts){ .kind = DBK_STATISTIC_TRENDS });
    NOW(3, "kind=other", "hidden_crime=domestic_abuse");
    NOW(1, "kind=fgm", "hidden_crime=fgm,forced_marriage");
    NOW(2, "kind=fatal_rtc");
    BEFORE(2, "kind=other", "hidden_crime=domestic_abuse");
    assert_int_equal(cells("hidden_crime", NULL, "domestic_abuse")[DBK_FIGURES_NOW].n, 3);
    assert_int_equal(cells("hidden_crime", NULL, "domestic_abuse")[DBK_FIGURES_BEFORE].n, 2);
    assert_int_equal(cells("hidden_crime", NULL, "fgm")[DBK_FIGURES_NOW].n, 1);
    assert_int_equal(cells("hidden_crime", NULL, "forced_marriage")[DBK_FIGURES_NOW].n, 1);
    assert_int_equal(cells("hidden_crime", NULL, NULL)[DBK_FIGURES_NOW].n, 2); /* B79 */
    assert_int_equal(cells("hidden_crime", NULL, "total")[DBK_FIGURES_NOW].n, 6);
    assert_int_equal(s.figures.parts[0].rows_count, 1 + 11); /* and all eleven have a row */
}

static void cases_can_be_counted_by_area_and_of_one_category_A11(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    want((dbk_statistic_opts){ .kind = DBK_STATISTIC_TRENDS, .by = "la_area", .category = "fgm" });
    NOW(4, "kind=fgm", "hidden_crime=fgm", "la_area=walsall");
    NOW(1, "kind=fgm", "hidden_crime=fgm");
    NOW(9, "kind=other", "hidden_crime=hate_crime", "la_area=walsall");
    assert_int_equal(cells("la_area", NULL, "walsall")[DBK_FIGURES_NOW].n, 4);
    assert_int_equal(cells("la_area", NULL, NULL)[DBK_FIGURES_NOW].n, 1);
    assert_int_equal(cells("la_area", NULL, "total")[DBK_FIGURES_NOW].n, 5);
    want((dbk_statistic_opts){ .kind = DBK_STATISTIC_TRENDS, .la_area = "dudley" });
    NOW(1, "kind=fgm", "hidden_crime=fgm", "la_area=dudley");
    NOW(1, "kind=fgm", "hidden_crime=fgm", "la_area=walsall");
    assert_int_equal(cells("hidden_crime", NULL, "total")[DBK_FIGURES_NOW].n, 1);
    /* A9: what is no crime is counted apart. */
    want((dbk_statistic_opts){ .kind = DBK_STATISTIC_TRENDS, .by = "record_class" });
    NOW(2, "kind=other", "record_class=non_crime");
    assert_int_equal(cells("record_class", NULL, "non_crime")[DBK_FIGURES_NOW].n, 2);
    static const dbk_statistic_opts wrong[] = {
        { .kind = DBK_STATISTIC_TRENDS, .by = "summary" },
        { .kind = DBK_STATISTIC_TRENDS, .by = "no_such" },
        { .kind = DBK_STATISTIC_TRENDS, .category = "theft" },
        { .kind = DBK_STATISTIC_TRENDS, .la_area = "leeds" },
        { .kind = DBK_STATISTIC_REFERRALS, .by = "person" },
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        dbk_statistic_wipe(&s);
        assert_rc(dbk_statistic_init(&s, dbk_book_forms(book), &wrong[i], &err), DBK_INVALID, NULL);
    }
}

static void each_indicator_is_counted_by_its_answers_and_never_added_up_B95(void **state)
{
    (void)state;
    want((dbk_statistic_opts){ .kind = DBK_STATISTIC_INDICATORS });
    assert_int_equal(s.figures.parts_count, 8);
    NOW(3, "indicators:={\"i1\":true,\"i8\":\"not_known\"}");
    NOW(2, "indicators:={\"i1\":false}");
    NOW(1, "team=T1");
    assert_int_equal(cells("i1", NULL, "yes")[DBK_FIGURES_NOW].n, 3);
    assert_int_equal(cells("i1", NULL, "no")[DBK_FIGURES_NOW].n, 2);
    assert_int_equal(cells("i1", NULL, NULL)[DBK_FIGURES_NOW].n, 1);
    assert_int_equal(cells("i8", NULL, "not_known")[DBK_FIGURES_NOW].n, 3);
    assert_int_equal(cells("i8", NULL, NULL)[DBK_FIGURES_NOW].n, 3);
    assert_int_equal(cells("i2", NULL, "total")[DBK_FIGURES_NOW].n, 6);
}

static void contacts_with_a_child_and_no_childs_voice_are_counted_A30(void **state)
{
    (void)state;
    want((dbk_statistic_opts){ .kind = DBK_STATISTIC_CHILDREN });
    NOW(2, "method=visit", "child_present=yes", "child_voice=She drew the house");
    NOW(3, "method=visit", "child_present=yes");
    NOW(1, "method=visit", "child_present=no");
    NOW(1, "method=visit", "child_present=not_known");
    NOW(1, "method=visit");
    NOW(5, "method=attempted", "attempt=no_answer"); /* FL-2 */
    assert_int_equal(cells("child_present", NULL, "heard")[DBK_FIGURES_NOW].n, 2);
    assert_int_equal(cells("child_present", NULL, "not_heard")[DBK_FIGURES_NOW].n, 3);
    assert_int_equal(cells("child_present", NULL, "no_child")[DBK_FIGURES_NOW].n, 1);
    assert_int_equal(cells("child_present", NULL, "not_known")[DBK_FIGURES_NOW].n, 1);
    assert_int_equal(cells("child_present", NULL, NULL)[DBK_FIGURES_NOW].n, 1);
    assert_int_equal(cells("child_present", NULL, "total")[DBK_FIGURES_NOW].n, 8);
}

static void each_provider_has_its_decisions_and_outcomes_B24(void **state)
{
    char service[64];
    (void)state;
    want((dbk_statistic_opts){ .kind = DBK_STATISTIC_REFERRALS });
    NOW(6, "type=victim_support", "decision=referred", "outcome=safety,health");
    NOW(2, "type=victim_support", "decision=declined", "reason=x", "revisit_on=2016-09-01");
    NOW(5, "type=brake", "decision=info_left", "reason=x");
    BEFORE(1, "type=brake");
    assert_int_equal(cells("type", NULL, "victim_support")[DBK_FIGURES_NOW].n, 8);
    assert_int_equal(cells("decision", "victim_support", "referred")[DBK_FIGURES_NOW].n, 6);
    assert_int_equal(cells("decision", "victim_support", "declined")[DBK_FIGURES_NOW].n, 2);
    assert_int_equal(cells("outcome", "victim_support", "safety")[DBK_FIGURES_NOW].n, 6);
    assert_int_equal(cells("outcome", "victim_support", NULL)[DBK_FIGURES_NOW].n, 2);
    assert_int_equal(cells("decision", "brake", "info_left")[DBK_FIGURES_NOW].n, 5);
    assert_int_equal(cells("decision", "brake", NULL)[DBK_FIGURES_BEFORE].n, 1);
    /* By service: only those that there are. */
    want((dbk_statistic_opts){ .kind = DBK_STATISTIC_REFERRALS, .by = "service" });
    dbk_id id = dbk_test_add(book, &org.space, "service", TEXTS("name=Brake helpline"));
    dbk_test_ref(service, "service", &id);
    NOW(2, "type=brake", "decision=referred", service);
    NOW(1, "type=brake", "decision=referred");
    assert_int_equal(s.figures.parts[0].rows_count, 2);
    assert_string_equal(s.figures.parts[0].rows[1].label, "Brake helpline");
    assert_int_equal(s.figures.parts[0].rows[1].cells[DBK_FIGURES_NOW].n, 2);
    assert_int_equal(cells("service", NULL, NULL)[DBK_FIGURES_NOW].n, 1);
}

static void a_provider_with_few_referrals_is_hidden_in_every_part_B24(void **state)
{
    (void)state;
    want((dbk_statistic_opts){ .kind = DBK_STATISTIC_REFERRALS });
    NOW(3, "type=idva", "decision=referred");
    NOW(7, "type=brake", "decision=referred");
    NOW(8, "type=victim_support", "decision=referred");
    NOW(20, "type=mash", "decision=referred");
    NOW(2, "type=mash", "decision=declined", "reason=x", "revisit_on=2016-09-01");
    NOW(6, "type=mash", "decision=info_left", "reason=x");
    dbk_figures_hide_small(&s.figures);
    assert_true(cells("type", NULL, "idva")[DBK_FIGURES_NOW].hidden);
    assert_true(cells("decision", "idva", "total")[DBK_FIGURES_NOW].hidden);
    assert_true(cells("decision", "idva", "referred")[DBK_FIGURES_NOW].hidden);
    /* One alone would be the rest of the total: the next goes with it, also where it stands alone.
     */
    assert_true(cells("type", NULL, "brake")[DBK_FIGURES_NOW].hidden);
    assert_true(cells("decision", "brake", "total")[DBK_FIGURES_NOW].hidden);
    assert_true(cells("outcome", "brake", NULL)[DBK_FIGURES_NOW].hidden);
    assert_false(cells("type", NULL, "victim_support")[DBK_FIGURES_NOW].hidden);
    /* Within a provider that is shown. */
    assert_false(cells("decision", "mash", "total")[DBK_FIGURES_NOW].hidden);
    assert_true(cells("decision", "mash", "declined")[DBK_FIGURES_NOW].hidden);
    assert_true(cells("decision", "mash", "info_left")[DBK_FIGURES_NOW].hidden);
    assert_false(cells("decision", "mash", "referred")[DBK_FIGURES_NOW].hidden);
    assert_false(cells("decision", "mash", "override")[DBK_FIGURES_NOW].hidden); /* none */
}

static void a_provider_whose_parts_give_too_much_away_is_hidden_above_B24(void **state)
{
    (void)state;
    want((dbk_statistic_opts){ .kind = DBK_STATISTIC_REFERRALS });
    NOW(1, "type=idva", "decision=referred");
    NOW(1, "type=idva", "decision=declined", "reason=x", "revisit_on=2016-09-01");
    NOW(3, "type=idva", "decision=info_left", "reason=x");
    NOW(30, "type=mash", "decision=referred");
    NOW(40, "type=brake", "decision=referred");
    dbk_figures_hide_small(&s.figures);
    /* Five of three kinds, each hidden: their sum tells too much. */
    assert_true(cells("decision", "idva", "total")[DBK_FIGURES_NOW].hidden);
    assert_true(cells("type", NULL, "idva")[DBK_FIGURES_NOW].hidden);
    assert_true(cells("type", NULL, "mash")[DBK_FIGURES_NOW].hidden);
    assert_false(cells("type", NULL, "brake")[DBK_FIGURES_NOW].hidden);
    assert_false(cells("type", NULL, "total")[DBK_FIGURES_NOW].hidden);
}

static void a_return_that_does_not_add_up_is_refused_B79(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    want((dbk_statistic_opts){ .kind = DBK_STATISTIC_TRENDS });
    NOW(2, "kind=fgm", "hidden_crime=fgm");
    s.figures.parts[0].rows[0].cells[DBK_FIGURES_NOW].n++;
    assert_rc(dbk_figures_check(&s.figures, &err), DBK_DAMAGED, &err);
    assert_non_null(strstr(err.text, "hidden_crime: the rows make 3, the total is 2"));
    want((dbk_statistic_opts){ .kind = DBK_STATISTIC_CHILDREN });
    NOW(2, "method=visit", "child_present=no");
    s.figures.parts[0].total[DBK_FIGURES_NOW].n++;
    assert_rc(dbk_figures_check(&s.figures, NULL), DBK_DAMAGED, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(cases_are_counted_by_hidden_crime_in_both_periods_A25),
        TEST(cases_can_be_counted_by_area_and_of_one_category_A11),
        TEST(each_indicator_is_counted_by_its_answers_and_never_added_up_B95),
        TEST(contacts_with_a_child_and_no_childs_voice_are_counted_A30),
        TEST(each_provider_has_its_decisions_and_outcomes_B24),
        TEST(a_provider_with_few_referrals_is_hidden_in_every_part_B24),
        TEST(a_provider_whose_parts_give_too_much_away_is_hidden_above_B24),
        TEST(a_return_that_does_not_add_up_is_refused_B79),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
