#include "tests/lib/test.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/practice/rules.h"
#include "tests/lib/org.h"

static dbk_test_org org;
static dbk_book *book;
static dbk_problems problems;

static int make_org(void **state)
{
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    book = org.books[0].book;
    dbk_journal_heed(book, dbk_rules_judge);
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_problems_wipe(&problems);
    problems = (dbk_problems){ 0 };
    dbk_test_org_drop(&org);
    return 0;
}

#define ASKED                                                                       \
    "requests:=[{\"text\":\"see him\",\"agreed\":\"yes\"},{\"text\":\"the phone\"," \
    "\"agreed\":\"pending\"},{\"text\":\"the scene\",\"agreed\":\"no\",\"reason\":\"x\"}]"
#define MEET(...) \
    dbk_test_add(book, &org.space, "contact", (const char *const[]){ __VA_ARGS__, NULL })

/* "request 2: the phone", or why not. */
static const char *found(const dbk_id *id, const char *of, unsigned number, dbk_rc rc)
{
    static char text[256];
    dbk_answered item;
    dbk_note *note = NULL;
    dbk_err err = { 0 };
    assert_rc(dbk_query_note(&note, book, id, &err), DBK_OK, &err);
    assert_rc(dbk_answer_find(&item, note, of, number, &err), rc, &err);
    (void)snprintf(text, sizeof(text), "%s", err.text);
    if (rc == DBK_OK)
        (void)snprintf(text, sizeof(text), "%s %u: %.*s", dbk_family_kind_name(item.kind),
                       item.number, (int)item.text.len, (const char *)item.text.p);
    dbk_answered_wipe(&item);
    dbk_note_free(note);
    return text;
}

static void an_answer_is_to_something_that_is_there_and_open_FL6(void **state)
{
    (void)state;
    dbk_id id = MEET(ASKED, "complaints:=[{\"text\":\"told by a paper\"}]");
    assert_string_equal(found(&id, "request", 2, DBK_OK), "request 2: the phone");
    assert_string_equal(found(&id, "complaint", 0, DBK_OK), "complaint 1: told by a paper");
    assert_string_equal(found(&id, "request", 4, DBK_NOT_FOUND), "that entry has no request 4");
    assert_string_equal(found(&id, "voice", 1, DBK_NOT_FOUND), "that entry has no voice 1");
    /* A refusal with its reason is an answer. */
    assert_string_equal(found(&id, "request", 3, DBK_CONFLICT),
                        "request 3 of that entry has its answer already");
    assert_non_null(strstr(found(&id, "question", 1, DBK_INVALID), "a request, a complaint"));
    assert_non_null(strstr(found(&id, NULL, 0, DBK_INVALID), "3 things in that entry wait"));
    dbk_id other = dbk_test_add(book, &org.space, "case",
                                (const char *const[]){ "kind=other", NULL });
    assert_string_equal(found(&other, NULL, 0, DBK_NOT_FOUND), "that is no family contact");
}

static void the_only_thing_that_waits_needs_no_number_FL6(void **state)
{
    (void)state;
    dbk_id id = MEET(ASKED, "family_voice=Was it quick?");
    dbk_test_edit(book, &id,
                  (const char *const[]){
                      "answers:=[{\"of\":\"request\",\"state\":\"closed\",\"outcome\":\"done\"},"
                      "{\"of\":\"request\",\"number\":2,\"state\":\"closed\",\"outcome\":\"x\"}]",
                      NULL });
    assert_string_equal(found(&id, NULL, 0, DBK_OK), "voice 1: Was it quick?");
    dbk_test_edit(
        book, &id,
        (const char *const[]){
            "answers:=[{\"of\":\"voice\",\"state\":\"closed\",\"outcome\":\"Yes\"}]", NULL });
    assert_string_equal(found(&id, NULL, 0, DBK_NOT_FOUND),
                        "nothing in that entry waits for an answer");
    /* Nobody knows what they asked: that is no request. */
    id = MEET("requests=not_known", "complaints=not_known");
    assert_string_equal(found(&id, NULL, 0, DBK_NOT_FOUND),
                        "nothing in that entry waits for an answer");
}

static dbk_rc answer(const dbk_id *id, const char *of, int number)
{
    json_t *entry = json_pack("{s:s, s:i, s:s, s:s}", "of", of, "number", number, "state", "closed",
                              "outcome", "done");
    const dbk_input input = { .op = DBK_INPUT_ADD, .field = "answers", .json = entry };
    const dbk_edit edit = { .record = *id, .inputs = &input, .inputs_count = 1 };
    dbk_problems_wipe(&problems);
    problems = (dbk_problems){ 0 };
    dbk_rc rc = dbk_journal_edit(book, &problems, &edit, NULL);
    json_decref(entry);
    return rc;
}

static void an_answer_to_what_is_not_there_is_refused_FL6(void **state)
{
    (void)state;
    dbk_id id = MEET(ASKED);
    assert_rc(answer(&id, "request", 3), DBK_OK, NULL);
    assert_rc(answer(&id, "request", 4), DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "answers[0].number", "no request 4 to answer"));
    assert_rc(answer(&id, "complaint", 1), DBK_INVALID, NULL);
    assert_rc(answer(&id, "voice", 1), DBK_INVALID, NULL);
    /* In one go with the question. */
    dbk_id both;
    assert_rc(
        dbk_test_try_add(book, &both, &problems, &org.space, "contact",
                         (const char *const[]){ "family_voice=Was it quick?",
                                                "answers:=[{\"of\":\"voice\",\"state\":\"closed\","
                                                "\"outcome\":\"Yes\"}]",
                                                NULL }),
        DBK_OK, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_org, drop_org)
    const struct CMUnitTest tests[] = {
        TEST(an_answer_is_to_something_that_is_there_and_open_FL6),
        TEST(the_only_thing_that_waits_needs_no_number_FL6),
        TEST(an_answer_to_what_is_not_there_is_refused_FL6),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
