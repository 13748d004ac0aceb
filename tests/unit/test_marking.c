#include "tests/lib/test.h"

#include <string.h>

#include "core/practice/marking.h"
#include "core/practice/rules.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static dbk_test_org org;
static dbk_problems problems;

static int begin(void **state)
{
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    problems = (dbk_problems){ 0 };
    dbk_journal_heed(org.books[0].book, dbk_rules_judge);
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
    dbk_problems_wipe(&problems);
    problems = (dbk_problems){ 0 };
    return dbk_test_try_add(org.books[0].book, &id, &problems, &org.space, "contact", fields);
}

static void a_line_that_is_the_marking_counts_and_the_word_does_not_2_8(void **state)
{
    static const struct {
        const char *text;
        bool secret;
    } cases[] = {
        { "SECRET", true },
        { "  TOP SECRET  \nHe rang", true },
        { "He rang\nSECRET\r\n", true },
        { "SECRET // UK EYES ONLY", true },
        { "[SECRET]", true },
        { "UK SECRET - PERSONNEL", true },
        { "She keeps it secret", false },
        { "SECRETARY", false },
        { "SECRET meeting at noon", false },
        { "OFFICIAL-SENSITIVE", false },
        { "Secret", false },
        { "", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (dbk_marking_is_secret(dbk_span_str(cases[i].text)) != cases[i].secret)
            fail_msg("\"%s\"", cases[i].text);
}

static void secret_is_refused_as_a_marking_and_in_what_was_pasted_2_8(void **state)
{
    (void)state;
    assert_rc(add(TEXTS("method=visit", "marking=SECRET")), DBK_INVALID, NULL);
    assert_rc(add(TEXTS("method=visit", "marking=secret")), DBK_INVALID, NULL);
    assert_rc(add(TEXTS("method=visit", "marking=top_secret")), DBK_INVALID, NULL);
    assert_rc(add(TEXTS("method=visit", "account=TOP SECRET\nThe source says")), DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "account", "must not be kept here"));
    assert_rc(add(TEXTS("method=visit", "account=It is no secret")), DBK_OK, NULL);
}

static void every_record_is_official_sensitive_unless_somebody_lowers_it_2_8(void **state)
{
    dbk_book *book = org.books[0].book;
    (void)state;
    dbk_id id = dbk_test_add(book, &org.space, "contact", TEXTS("method=visit"));
    assert_string_equal(dbk_test_text(book, &id, "marking"), "OFFICIAL-SENSITIVE");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_line_that_is_the_marking_counts_and_the_word_does_not_2_8),
        TEST(secret_is_refused_as_a_marking_and_in_what_was_pasted_2_8),
        TEST(every_record_is_official_sensitive_unless_somebody_lowers_it_2_8),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
