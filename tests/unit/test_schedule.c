#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/practice/rules.h"
#include "core/practice/schedule.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static dbk_test_org org;
static dbk_book *book;
static dbk_problems problems;
static dbk_schedule schedule;
static dbk_id case_id;
static char of_case[DBK_TEST_REF_SIZE];

static int begin(void **state)
{
    (void)state;
    dbk_test_org_make(&org, (const dbk_role[]){ DBK_ROLE_OFFICER, DBK_ROLE_HQ }, 2);
    book = org.books[0].book;
    problems = (dbk_problems){ 0 };
    schedule = (dbk_schedule){ .lines = NULL };
    case_id = dbk_test_add(book, &org.space, "case", TEXTS("kind=other", "ref=26/1"));
    dbk_test_ref(of_case, "case_id", &case_id);
    dbk_journal_heed(book, dbk_rules_judge);
    return 0;
}

static int end(void **state)
{
    (void)state;
    dbk_schedule_wipe(&schedule);
    dbk_problems_wipe(&problems);
    dbk_test_org_drop(&org);
    return 0;
}

static dbk_id add(const char *description, const char *sensitive, const char *reason)
{
    static unsigned minute;
    char d[64], s[64], r[96], w[64];
    (void)snprintf(w, sizeof(w), "happened_at=2026-11-24T10:%02u:00Z", minute++ % 60);
    (void)snprintf(d, sizeof(d), "description=%s", description);
    (void)snprintf(s, sizeof(s), "sensitive=%s", sensitive);
    (void)snprintf(r, sizeof(r), "sensitive_reason=%s", reason);
    return dbk_test_add(book, &org.space, DBK_ITEM_FORM,
                        reason[0] == '\0' ? TEXTS(of_case, w, d, s) : TEXTS(of_case, w, d, s, r));
}

static dbk_rc edit(const dbk_id *record, const char *field, const char *text)
{
    dbk_err err = { 0 };
    const dbk_input input = { .op = DBK_INPUT_SET, .field = field, .text = text };
    const dbk_edit change = {
        .record = *record, .inputs = &input, .inputs_count = 1, .reason = "looked at again"
    };
    dbk_problems_wipe(&problems);
    problems = (dbk_problems){ 0 };
    return dbk_journal_edit(book, &problems, &change, &err);
}

static uint64_t number(void)
{
    dbk_err err = { 0 };
    uint64_t given = 0;
    assert_ok(dbk_schedule_number(book, &given, &case_id, &org.space, &err), &err);
    return given;
}

static void look(dbk_schedule_kind kind)
{
    dbk_err err = { 0 };
    dbk_schedule_wipe(&schedule);
    assert_ok(dbk_schedule_make(&schedule, book, kind, &case_id, &org.space, &err), &err);
}

static void line(size_t place, uint64_t want, const dbk_id *record, dbk_item_state state)
{
    assert_true(place < schedule.count);
    assert_int_equal(schedule.lines[place].number, want);
    assert_int_equal(schedule.lines[place].state, state);
    assert_true(record == NULL || dbk_id_equal(&schedule.lines[place].record, record));
}

static void withdraw(const dbk_id *record)
{
    dbk_err err = { 0 };
    assert_ok(dbk_journal_withdraw(book, record, "listed in error", &err), &err);
}

static void items_are_numbered_once_each_schedule_by_itself_2_7(void **state)
{
    (void)state;
    dbk_id a = add("Letter", "no", ""), b = add("Source note", "yes", "It names the source");
    dbk_id c = add("Photograph", "no", "");
    look(DBK_MG6C);
    assert_int_equal(schedule.unnumbered, 2);
    assert_int_equal(number(), 3);
    assert_int_equal(number(), 0);
    look(DBK_MG6C);
    assert_int_equal(schedule.count, 2);
    line(0, 1, &a, DBK_ITEM_LISTED);
    line(1, 2, &c, DBK_ITEM_LISTED); /* no gap tells of what is on the other */
    look(DBK_MG6D);
    assert_int_equal(schedule.count, 1);
    line(0, 1, &b, DBK_ITEM_LISTED);
}

static void the_number_of_a_withdrawn_item_is_never_used_again_2_7(void **state)
{
    (void)state;
    dbk_id a = add("Letter", "no", ""), b = add("Photograph", "no", "");
    assert_int_equal(number(), 2);
    withdraw(&b);
    dbk_id c = add("Diary", "no", "");
    assert_int_equal(number(), 1);
    look(DBK_MG6C);
    assert_int_equal(schedule.count, 3);
    assert_int_equal(schedule.listed, 2);
    line(0, 1, &a, DBK_ITEM_LISTED);
    line(1, 2, &b, DBK_ITEM_WITHDRAWN);
    line(2, 3, &c, DBK_ITEM_LISTED);
}

static void what_becomes_sensitive_looks_withdrawn_on_the_other_schedule_2_7(void **state)
{
    (void)state;
    dbk_id a = add("Letter", "no", "");
    assert_int_equal(number(), 1);
    const dbk_input inputs[] = {
        { .op = DBK_INPUT_SET, .field = "sensitive", .text = "yes" },
        { .op = DBK_INPUT_SET, .field = "sensitive_reason", .text = "It names where she lives" },
    };
    const dbk_edit change = { .record = a, .inputs = inputs, .inputs_count = 2 };
    dbk_err err = { 0 };
    assert_ok(dbk_journal_edit(book, &problems, &change, &err), &err);
    look(DBK_MG6C);
    assert_int_equal(schedule.listed, 0);
    line(0, 1, &a, DBK_ITEM_WITHDRAWN);
    assert_int_equal(number(), 1);
    look(DBK_MG6D);
    line(0, 1, &a, DBK_ITEM_LISTED);
}

static void sensitive_has_no_default_and_nothing_unconsidered_is_listed_2_7(void **state)
{
    const dbk_form *form = dbk_forms_find(dbk_book_forms(book), dbk_span_str(DBK_ITEM_FORM), 0);
    (void)state;
    assert_non_null(form);
    dbk_id a = dbk_test_add(book, &org.space, DBK_ITEM_FORM, TEXTS(of_case, "description=x"));
    assert_string_equal(dbk_test_text(book, &a, "sensitive"), "");
    (void)add("y", "not_known", "");
    look(DBK_MG6C);
    assert_int_equal(schedule.count, 0);
    assert_int_equal(schedule.unconsidered, 2);
    look(DBK_MG6D);
    assert_int_equal(schedule.count, 0);
    assert_int_equal(number(), 0);
}

static void sensitive_needs_a_reason_and_one_of_its_own_2_7(void **state)
{
    (void)state;
    dbk_id id;
    assert_rc(dbk_test_try_add(book, &id, &problems, &org.space, DBK_ITEM_FORM,
                               TEXTS(of_case, "description=x", "sensitive=yes")),
              DBK_INVALID, NULL);
    dbk_id a = add("x", "yes", "It names the source"), b = add("y", "yes", "Where she lives");
    assert_rc(edit(&b, "sensitive_reason", " it  names THE source"), DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "sensitive_reason", "never by its class"));
    assert_rc(edit(&a, "description", "letter"), DBK_OK, NULL);
    assert_int_equal(problems.count, 0);
    assert_rc(edit(&b, "sensitive_reason", "It names her street"), DBK_OK, NULL);
    assert_int_equal(problems.count, 0);
}

static void a_number_is_neither_changed_nor_used_twice_nor_taken_to_another_case_2_7(void **state)
{
    char other[DBK_ID_UUID_SIZE];
    (void)state;
    dbk_id a = add("x", "no", ""), b = add("y", "no", "");
    dbk_id elsewhere = dbk_test_add(book, &org.space, "case", TEXTS("kind=other"));
    assert_int_equal(number(), 2);
    assert_rc(edit(&a, "mg6c_number", "7"), DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "mg6c_number", "has number 1 for good"));
    dbk_id c = add("z", "no", "");
    assert_rc(edit(&c, "mg6c_number", "2"), DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "mg6c_number", "another item's"));
    dbk_id_uuid(other, &elsewhere);
    assert_rc(edit(&b, "case_id", other), DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "case_id", "Withdraw it"));
}

static void only_headquarters_gives_numbers_2_7(void **state)
{
    dbk_err err = { 0 };
    uint64_t given = 0;
    (void)state;
    dbk_id a = add("x", "no", "");
    dbk_test_org_exchange(&org);
    assert_rc(dbk_schedule_number(org.books[1].book, &given, &case_id, &org.space, &err),
              DBK_DENIED, &err);
    /* What an officer writes there is proposed, and no number. */
    dbk_test_edit(org.books[1].book, &a, TEXTS("mg6c_number=5"));
    dbk_test_org_exchange(&org);
    look(DBK_MG6C);
    line(0, 0, &a, DBK_ITEM_LISTED);
    assert_int_equal(number(), 1);
    look(DBK_MG6C);
    line(0, 1, &a, DBK_ITEM_LISTED);
}

/* Two desks, neither of which saw the other's: nothing is printed until a person has decided. */
static void one_number_on_two_items_stops_the_schedule_2_7(void **state)
{
    dbk_err err = { 0 };
    uint64_t given = 0;
    (void)state;
    dbk_id a = add("x", "no", "");
    dbk_test_org_exchange(&org);
    assert_int_equal(number(), 1);
    dbk_id b = dbk_test_add(org.books[2].book, &org.space, DBK_ITEM_FORM,
                            TEXTS(of_case, "description=y", "sensitive=no"));
    dbk_test_edit(org.books[2].book, &b, TEXTS("mg6c_number=1"));
    dbk_test_org_exchange(&org);
    assert_rc(dbk_schedule_make(&schedule, book, DBK_MG6C, &case_id, &org.space, &err),
              DBK_CONFLICT, &err);
    err = (dbk_err){ 0 };
    assert_rc(dbk_schedule_number(book, &given, &case_id, &org.space, &err), DBK_CONFLICT, &err);
    assert_rc(edit(&b, "mg6c_number", "2"), DBK_OK, NULL);
    look(DBK_MG6C);
    line(0, 1, &a, DBK_ITEM_LISTED);
    line(1, 2, &b, DBK_ITEM_LISTED);
}

/* Two officers who differ: it is on no schedule that the defence gets. */
static void an_item_that_anybody_calls_sensitive_is_not_on_the_mg6c_P6(void **state)
{
    (void)state;
    dbk_id a = dbk_test_add(book, &org.space, DBK_ITEM_FORM, TEXTS(of_case, "description=x"));
    dbk_test_org_exchange(&org);
    dbk_test_edit(org.books[1].book, &a, TEXTS("sensitive=no"));
    dbk_test_edit(org.books[2].book, &a, TEXTS("sensitive=yes", "sensitive_reason=Her school"));
    dbk_test_org_exchange(&org);
    look(DBK_MG6C);
    assert_int_equal(schedule.count, 0);
    look(DBK_MG6D);
    assert_int_equal(schedule.listed, 1);
}

static void a_number_whose_record_is_not_here_has_its_line_2_7(void **state)
{
    (void)state;
    dbk_id a = add("x", "no", "");
    assert_rc(edit(&a, "mg6c_number", "3"), DBK_OK, NULL);
    look(DBK_MG6C);
    assert_int_equal(schedule.missing, 2);
    line(0, 1, NULL, DBK_ITEM_MISSING);
    line(2, 3, &a, DBK_ITEM_LISTED);
}

static void
what_is_relevant_and_no_item_is_counted_and_contacts_begin_to_be_reviewed_2_7(void **state)
{
    dbk_err err = { 0 };
    dbk_unlisted unlisted;
    char item[DBK_TEST_REF_SIZE];
    (void)state;
    dbk_id contact = dbk_test_add(book, &org.space, "contact", TEXTS(of_case, "method=visit"));
    assert_string_equal(dbk_test_text(book, &contact, "cpia"), "To be reviewed");
    (void)dbk_test_add(book, &org.space, "contact", TEXTS(of_case, "cpia=relevant"));
    (void)dbk_test_add(book, &org.space, "contact", TEXTS(of_case, "cpia=not_relevant"));
    assert_ok(dbk_schedule_unlisted(&unlisted, book, &case_id, &org.space, &err), &err);
    assert_int_equal(unlisted.relevant, 1);
    assert_int_equal(unlisted.to_review, 1);
    dbk_test_ref(item, "item", &contact);
    (void)dbk_test_add(book, &org.space, DBK_ITEM_FORM,
                       TEXTS(of_case, item, "description=x", "sensitive=no"));
    assert_ok(dbk_schedule_unlisted(&unlisted, book, &case_id, &org.space, &err), &err);
    assert_int_equal(unlisted.to_review, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(items_are_numbered_once_each_schedule_by_itself_2_7),
        TEST(the_number_of_a_withdrawn_item_is_never_used_again_2_7),
        TEST(what_becomes_sensitive_looks_withdrawn_on_the_other_schedule_2_7),
        TEST(sensitive_has_no_default_and_nothing_unconsidered_is_listed_2_7),
        TEST(sensitive_needs_a_reason_and_one_of_its_own_2_7),
        TEST(a_number_is_neither_changed_nor_used_twice_nor_taken_to_another_case_2_7),
        TEST(only_headquarters_gives_numbers_2_7),
        TEST(one_number_on_two_items_stops_the_schedule_2_7),
        TEST(an_item_that_anybody_calls_sensitive_is_not_on_the_mg6c_P6),
        TEST(a_number_whose_record_is_not_here_has_its_line_2_7),
        TEST(what_is_relevant_and_no_item_is_counted_and_contacts_begin_to_be_reviewed_2_7),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
