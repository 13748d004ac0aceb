/* How a person may be reached (B107; domain.md section 4, item 1): what must be read. */
#include "tests/lib/test.h"

#include <string.h>

#include "core/practice/safe.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

enum { DESK, ANN, BEN };
static dbk_test_org org;
static dbk_safe safe;

static int make_org(void **state)
{
    (void)state;
    dbk_test_org_make(&org, (const dbk_role[]){ DBK_ROLE_OFFICER, DBK_ROLE_OFFICER }, 2);
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_safe_wipe(&safe);
    dbk_test_org_drop(&org);
    return 0;
}

static void read_by(int who, const dbk_id *record)
{
    dbk_book *book = org.books[who].book;
    dbk_note *note = NULL;
    dbk_err err = { 0 };
    dbk_safe_wipe(&safe);
    assert_ok(dbk_query_note(&note, book, record, &err), &err);
    assert_ok(dbk_safe_read(&safe, dbk_book_forms(book), note, &err), &err);
    assert_ok(dbk_bytes_append_u8(&safe.text, '\0', &err), &err);
    dbk_note_free(note);
}

static bool tells(const char *words)
{
    return strstr((const char *)safe.text.p, words) != NULL;
}

static void each_cautious_answer_must_be_read_and_blocks_its_way_B107(void **state)
{
    static const struct {
        const char *answer;
        unsigned blocked;
        bool must_read;
    } rows[] = {
        { "name=Nothing asked", 0, false },
        { "safe_rule=free", 0, false },
        { "safe_post=yes", 0, false },
        { "safe_withhold=no", 0, false },
        { "safe_rule=not_known", 1u << DBK_SAFE_RULE, true },
        { "safe_rule=times", 1u << DBK_SAFE_TIME, true },
        { "safe_post=no", 1u << DBK_SAFE_POST, true },
        { "safe_post=not_known", 1u << DBK_SAFE_POST, true },
        { "safe_message=no", 1u << DBK_SAFE_MESSAGE, true },
        { "safe_message=not_known", 1u << DBK_SAFE_MESSAGE, true },
        { "safe_voicemail=no", 1u << DBK_SAFE_VOICEMAIL, true },
        { "safe_voicemail=not_known", 1u << DBK_SAFE_VOICEMAIL, true },
        { "safe_withhold=yes", 1u << DBK_SAFE_NUMBER, true },
        { "safe_withhold=not_known", 1u << DBK_SAFE_NUMBER, true },
        { "safe_times=mornings", 0, true },
        { "safe_person_name=Ann", 0, true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        dbk_id id = dbk_test_add(org.books[DESK].book, &org.space, "person",
                                 TEXTS("sex=female", rows[i].answer));
        read_by(DESK, &id);
        if (safe.blocked != rows[i].blocked || safe.must_read != rows[i].must_read ||
            safe.recorded != (i > 0) || !safe.has_routes)
            fail_msg("%s: blocked %x, must be read %d", rows[i].answer, safe.blocked,
                     safe.must_read);
        assert_int_equal(safe.text.len > 1, rows[i].must_read);
    }
}

/* Each of the two saw no rule; both rules stand, and the officer has to keep to both. */
static void every_rule_that_stands_is_read_not_the_shown_one_alone_B107(void **state)
{
    (void)state;
    dbk_id id = dbk_test_add(org.books[DESK].book, &org.space, "person", TEXTS("name=Ruth"));
    dbk_test_org_exchange(&org);
    dbk_test_edit(org.books[ANN].book, &id,
                  TEXTS("safe_rule=never_at", "safe_rule_detail=her work", "safe_times=Mondays"));
    dbk_test_edit(org.books[BEN].book, &id,
                  TEXTS("safe_rule=never_whom", "safe_rule_detail=her uncle", "safe_post=no"));
    dbk_test_edit(org.books[DESK].book, &id, TEXTS("safe_rule=free", "safe_post=yes"));
    dbk_test_org_exchange(&org);
    for (int who = DESK; who <= BEN; who++) {
        read_by(who, &id);
        assert_true(safe.must_read);
        assert_int_equal(safe.blocked,
                         1u << DBK_SAFE_PLACE | 1u << DBK_SAFE_HEARING | 1u << DBK_SAFE_POST);
        assert_true(tells("Never at her work"));
        assert_true(tells("Never in the hearing of her uncle"));
        assert_true(tells("Mondays"));
        assert_true(tells("Send no letters."));
    }
}

static void routes_are_what_the_form_calls_so_and_what_nobody_here_knows(void **state)
{
    static const struct {
        const char *form, *group;
        bool route;
    } rows[] = {
        { "person", "phones", true },     { "person", "addresses", true },
        { "person", "emails", true },     { "person", "social", true },
        { "person", "name", false },      { "person", "safe_rule", false },
        { "person", "lifecycle", false }, { "person", "review", false },
        { "person", "pagers", true },     { "service", "phones", false },
        { "contact", "pagers", false },
    };
    const dbk_forms *forms = dbk_book_forms(org.books[DESK].book);
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const dbk_note note = { .form = dbk_forms_find(forms, dbk_span_str(rows[i].form), 0) };
        if (dbk_safe_is_route(forms, &note, dbk_span_str(rows[i].group)) != rows[i].route)
            fail_msg("%s.%s", rows[i].form, rows[i].group);
    }
    dbk_id id = dbk_test_add(org.books[DESK].book, &org.space, "contact", TEXTS("method=phone"));
    read_by(DESK, &id);
    assert_false(safe.has_routes);
    assert_false(safe.must_read);
}

/* A device that is behind sees a person of next year's form: nothing of it is taken for safe. */
static void a_record_of_a_newer_form_hides_all_that_may_be_a_route(void **state)
{
    dbk_book *book = org.books[DESK].book;
    dbk_note *note = NULL;
    dbk_err err = { 0 };
    (void)state;
    dbk_id id = dbk_test_add(book, &org.space, "person", TEXTS("name=Ruth", "safe_rule=free"));
    assert_ok(dbk_query_note(&note, book, &id, &err), &err);
    note->form = note->view.form = NULL;
    dbk_safe_wipe(&safe);
    assert_ok(dbk_safe_read(&safe, dbk_book_forms(book), note, &err), &err);
    assert_true(safe.must_read);
    assert_true(dbk_safe_is_route(dbk_book_forms(book), note, dbk_span_str("phones")));
    assert_true(dbk_safe_is_route(dbk_book_forms(book), note, dbk_span_str("pagers")));
    dbk_note_free(note);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cautious_answer_must_be_read_and_blocks_its_way_B107),
        cmocka_unit_test(every_rule_that_stands_is_read_not_the_shown_one_alone_B107),
        cmocka_unit_test(routes_are_what_the_form_calls_so_and_what_nobody_here_knows),
        cmocka_unit_test(a_record_of_a_newer_form_hides_all_that_may_be_a_route),
    };
    return cmocka_run_group_tests(tests, make_org, drop_org);
}
