/* Risk assessments by a tool (domain study 2.4; A22, A41, B47). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/book_internal.h"
#include "core/practice/assessment.h"
#include "core/practice/rules.h"
#include "tests/lib/org.h"

enum { DESK, SUPERVISOR, OFFICER };

static dbk_test_org org;
static dbk_problems problems;
static char subject[DBK_TEST_REF_SIZE];

static int make_org(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_SUPERVISOR, DBK_ROLE_OFFICER };
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    for (size_t i = 0; i < org.count; i++)
        dbk_journal_heed(org.books[i].book, dbk_rules_judge);
    dbk_id person = dbk_test_add(org.books[OFFICER].book, &org.space, "person",
                                 (const char *const[]){ "name=Joan Marsh", NULL });
    dbk_test_ref(subject, "subject", &person);
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_problems_wipe(&problems);
    problems = (dbk_problems){ 0 };
    dbk_test_org_check(&org);
    dbk_test_org_drop(&org);
    return 0;
}

/* "answers:=[...]" with this many Yes, then this many No, from q1 on. */
static const char *sheet(size_t yes, size_t no)
{
    static char text[4096];
    size_t len = (size_t)snprintf(text, sizeof(text), "answers:=[");
    for (size_t i = 0; i < yes + no; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                "%s{\"key\":\"q%zu\",\"answer\":\"%s\"}", i == 0 ? "" : ",", i + 1,
                                i < yes ? "yes" : "no");
    (void)snprintf(text + len, sizeof(text) - len, "]");
    return text;
}

static dbk_rc try(int who, dbk_id *id, const char *const *fields)
{
    dbk_problems_wipe(&problems);
    problems = (dbk_problems){ 0 };
    return dbk_test_try_add(org.books[who].book, id, &problems, &org.space, "risk_assessment",
                            fields);
}
#define RIC "kind=dash", "tool_version=safelives_ric"
#define TRY(who, id, ...) try(who, id, (const char *const[]){ __VA_ARGS__, NULL })

static dbk_rc change(int who, const dbk_id *id, const char *field, const char *text)
{
    const dbk_input input = { .op = DBK_INPUT_SET, .field = field, .text = text };
    const dbk_edit edit = {
        .record = *id, .inputs = &input, .inputs_count = 1, .reason = "Looked at again"
    };
    dbk_problems_wipe(&problems);
    problems = (dbk_problems){ 0 };
    return dbk_journal_edit(org.books[who].book, &problems, &edit, NULL);
}

static dbk_assessment_score score_of(const dbk_id *id)
{
    dbk_reading r;
    dbk_assessment_score s;
    dbk_err err = { 0 };
    assert_ok(dbk_reading_open(&r, org.books[OFFICER].book, id, &err), &err);
    assert_ok(dbk_assessment_read(&s, &r, &err), &err);
    dbk_reading_wipe(&r);
    return s;
}

static void the_score_is_the_count_of_yes_and_its_bands_begin_where_the_tool_says_2_4(void **state)
{
    static const struct {
        size_t yes;
        dbk_band band;
    } rows[] = { { 0, DBK_BAND_NONE },    { 1, DBK_BAND_STANDARD }, { 9, DBK_BAND_STANDARD },
                 { 10, DBK_BAND_MEDIUM }, { 13, DBK_BAND_MEDIUM },  { 14, DBK_BAND_HIGH },
                 { 24, DBK_BAND_HIGH } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        dbk_id id;
        assert_rc(TRY(OFFICER, &id, RIC, sheet(rows[i].yes, 24 - rows[i].yes)), DBK_OK, NULL);
        dbk_assessment_score s = score_of(&id);
        assert_true(s.known && s.scored && s.verified);
        assert_int_equal(s.questions, 24);
        assert_int_equal(s.yes, rows[i].yes);
        assert_int_equal(s.open, 0);
        assert_int_equal(s.band, rows[i].band);
    }
}

static void what_is_not_answered_is_not_No_2_4(void **state)
{
    dbk_id id;
    (void)state;
    assert_rc(TRY(OFFICER, &id, RIC, sheet(9, 12)), DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "answers", "3 of 24 not answered, and that isn't No"));
    assert_true(dbk_test_told(&problems, "answers", "would make it medium"));
    dbk_assessment_score s = score_of(&id);
    assert_int_equal(s.no, 12);
    assert_int_equal(s.open, 3);
    assert_int_equal(s.band, DBK_BAND_STANDARD);
    assert_int_equal(s.could, DBK_BAND_MEDIUM);
    /* Nor is an answer that was refused. */
    assert_rc(TRY(OFFICER, &id, RIC, "answers:=[{\"key\":\"q1\",\"answer\":\"refused\"}]"), DBK_OK,
              NULL);
    assert_int_equal(score_of(&id).open, 24);
}

static void the_answers_raise_a_band_and_no_officer_goes_below_2_4(void **state)
{
    dbk_id id;
    (void)state;
    assert_rc(TRY(OFFICER, &id, RIC, subject, sheet(14, 10), "judgement_band=medium",
                  "judgement_reason=He has left"),
              DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "judgement_band",
                              "14 of 24 answers are Yes, which is high by SafeLives RIC"));
    assert_rc(TRY(OFFICER, &id, RIC, subject, sheet(14, 10), "judgement_band=not_graded"),
              DBK_INVALID, NULL);
    assert_rc(TRY(OFFICER, &id, RIC, subject, sheet(14, 10), "judgement_band=high"), DBK_OK, NULL);
    /* Judgement goes above what the answers say. */
    assert_rc(TRY(OFFICER, &id, RIC, subject, sheet(1, 23), "judgement_band=high"), DBK_OK, NULL);
    /* A draft that isn't graded yet is told. */
    assert_rc(TRY(OFFICER, &id, RIC, subject, sheet(14, 10)), DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "judgement_band", "which is high"));
}

static void only_a_supervisor_with_a_reason_goes_below_the_answers_2_4(void **state)
{
    dbk_id id;
    (void)state;
    assert_rc(TRY(SUPERVISOR, &id, RIC, subject, sheet(10, 14), "judgement_band=standard"),
              DBK_INVALID, NULL);
    assert_rc(TRY(SUPERVISOR, &id, RIC, subject, sheet(10, 14), "judgement_band=standard",
                  "judgement_reason=Eight of them are of 2009"),
              DBK_OK, NULL);
}

static void a_band_that_was_given_is_raised_and_not_lowered_by_an_officer_2_4(void **state)
{
    dbk_id id;
    (void)state;
    assert_rc(TRY(OFFICER, &id, RIC, subject, sheet(9, 0), "judgement_band=standard"), DBK_OK,
              NULL);
    assert_rc(change(OFFICER, &id, "judgement_band", "medium"), DBK_OK, NULL);
    assert_rc(change(OFFICER, &id, "judgement_band", "standard"), DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "judgement_band", "it was graded higher"));
}

static void an_earlier_band_that_nobody_reviewed_is_not_undercut_2_4(void **state)
{
    dbk_id first, id;
    (void)state;
    assert_rc(TRY(OFFICER, &first, "kind=karma_nirvana", "tool_version=1", subject,
                  "judgement_band=high"),
              DBK_OK, NULL);
    assert_rc(TRY(OFFICER, &id, RIC, subject, sheet(2, 22), "judgement_band=standard"), DBK_INVALID,
              NULL);
    assert_true(dbk_test_told(&problems, "judgement_band",
                              "an earlier assessment of this person that nobody has reviewed says "
                              "high"));
    /* One of a visit is about the officer; another person's is another's. */
    assert_rc(TRY(OFFICER, &id, "kind=flo_deployment", "tool_version=1", subject,
                  "judgement_band=standard"),
              DBK_OK, NULL);
    dbk_id other = dbk_test_add(org.books[OFFICER].book, &org.space, "person",
                                (const char *const[]){ "name=Ann Lee", NULL });
    char of_other[DBK_TEST_REF_SIZE];
    dbk_test_ref(of_other, "subject", &other);
    assert_rc(TRY(OFFICER, &id, RIC, of_other, sheet(2, 22), "judgement_band=standard"), DBK_OK,
              NULL);
    /* Once it was reviewed it stops nothing. */
    dbk_test_edit(
        org.books[OFFICER].book, &first,
        (const char *const[]){ "supervised:=[{\"by\":\"018f0000-0000-7000-8000-000000000001\","
                               "\"at\":\"2026-11-20T10:00:00Z\",\"comment\":\"Agreed\"}]",
                               NULL });
    assert_rc(TRY(OFFICER, &id, RIC, subject, sheet(2, 22), "judgement_band=standard"), DBK_OK,
              NULL);
}

static void an_assessment_stays_with_the_version_it_was_answered_on_A22(void **state)
{
    dbk_id id;
    (void)state;
    assert_rc(TRY(OFFICER, &id, RIC, sheet(2, 0)), DBK_OK, NULL);
    assert_rc(change(OFFICER, &id, "tool_version", "dash_2009"), DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "tool_version", "Begin a new assessment"));
    assert_rc(change(OFFICER, &id, "kind", "dara"), DBK_INVALID, NULL);
    /* Before the first answer it may be put right. */
    assert_rc(TRY(OFFICER, &id, "kind=dash", "tool_version=dash_2009"), DBK_OK, NULL);
    assert_rc(change(OFFICER, &id, "tool_version", "safelives_ric"), DBK_OK, NULL);
}

static void a_yes_stays_a_yes_and_a_strange_key_is_told_2_4(void **state)
{
    dbk_id id;
    (void)state;
    assert_rc(TRY(OFFICER, &id, RIC, sheet(14, 10), "judgement_band=high"), DBK_OK, NULL);
    dbk_test_edit(org.books[OFFICER].book, &id,
                  (const char *const[]){ "answers:=[{\"key\":\"q1\",\"answer\":\"no\"}]", NULL });
    assert_int_equal(score_of(&id).yes, 14);
    assert_rc(TRY(OFFICER, &id, RIC, "answers:=[{\"key\":\"q25\",\"answer\":\"yes\"}]"), DBK_OK,
              NULL);
    assert_true(dbk_test_told(&problems, "answers", "no \"q25\""));
    assert_int_equal(score_of(&id).yes, 0);
}

static void fgm_indicators_and_unknown_versions_are_never_scored_2_4(void **state)
{
    dbk_id id;
    (void)state;
    assert_rc(TRY(OFFICER, &id, "kind=fgm_professional", "tool_version=2016", sheet(20, 0)), DBK_OK,
              NULL);
    dbk_assessment_score s = score_of(&id);
    assert_true(s.known && !s.scored);
    assert_int_equal(s.band, DBK_BAND_NONE);
    assert_int_equal(s.yes, 0);
    assert_rc(TRY(OFFICER, &id, "kind=dash", "tool_version=dash_2009", sheet(20, 0)), DBK_OK, NULL);
    s = score_of(&id);
    assert_true(s.known && !s.scored && !s.verified);
    assert_int_equal(s.yes, 20);
    assert_int_equal(s.band, DBK_BAND_NONE);
    assert_rc(TRY(OFFICER, &id, "kind=dara", "tool_version=1", sheet(20, 0)), DBK_OK, NULL);
    assert_false(score_of(&id).known);
}

static void high_proposes_a_marac_B47(void **state)
{
    dbk_id id;
    (void)state;
    assert_rc(TRY(OFFICER, &id, RIC, subject, sheet(14, 10)), DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "judgement_band", "referred to MARAC"));
    assert_rc(TRY(OFFICER, &id, RIC, subject, sheet(1, 23), "judgement_band=high"), DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "judgement_band", "referred to MARAC"));
    assert_rc(change(OFFICER, &id, "judgement_reason", "Strangulation"), DBK_OK, NULL);
    assert_false(dbk_test_told(&problems, "judgement_band", "referred to MARAC"));
}

/* ---- what is asked -------------------------------------------------------------------------- */

/* "q1 q3", the keys of what is open. */
static const char *open_of(const dbk_id *id)
{
    static char text[256];
    dbk_book *book = org.books[OFFICER].book;
    dbk_assessment_question open[DBK_TOOL_QUESTIONS_MAX];
    size_t count = 0;
    dbk_note *note = NULL;
    dbk_err err = { 0 };
    assert_ok(dbk_query_note(&note, book, id, &err), &err);
    assert_ok(dbk_assessment_open(open, &count, book, note, &err), &err);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(text);
        (void)snprintf(text + len, sizeof(text) - len, "%s%s", i == 0 ? "" : " ", open[i].key);
        assert_non_null(strstr(open[i].text, open[i].key));
    }
    dbk_note_free(note);
    return text;
}

static void what_a_pack_words_and_nobody_answered_is_asked_in_its_order_2_4(void **state)
{
    static const char words[] =
        "{\"tool\": \"dash\", \"version\": \"safelives_ric\", \"questions\":"
        " {\"q1\": \"our q1?\", \"q2\": \"our q2?\", \"q3\": \"our q3?\"}}";
    dbk_id id, other, person;
    dbk_err err = { 0 };
    (void)state;
    dbk_book *book = org.books[OFFICER].book;
    assert_rc(TRY(OFFICER, &id, RIC, subject, sheet(0, 1)), DBK_OK, NULL);
    assert_string_equal(open_of(&id), ""); /* no pack has its words */
    assert_ok(dbk_tool_texts_add(book->tools, dbk_span_str(words), 1, &err), &err);
    assert_string_equal(open_of(&id), "q2 q3");
    assert_rc(TRY(OFFICER, &other, "kind=dash", "tool_version=theirs", subject), DBK_OK, NULL);
    assert_string_equal(open_of(&other), ""); /* another version has other questions (A22) */
    assert_rc(TRY(OFFICER, &other, "kind=dara", "tool_version=safelives_ric", subject), DBK_OK,
              NULL);
    assert_string_equal(open_of(&other), "");
    person = dbk_test_add(book, &org.space, "person", (const char *const[]){ "name=Jo", NULL });
    assert_string_equal(open_of(&person), "");
}

int main(void)
{
#define WITH_ORG(test) cmocka_unit_test_setup_teardown(test, make_org, drop_org)
    const struct CMUnitTest tests[] = {
        WITH_ORG(the_score_is_the_count_of_yes_and_its_bands_begin_where_the_tool_says_2_4),
        WITH_ORG(what_is_not_answered_is_not_No_2_4),
        WITH_ORG(the_answers_raise_a_band_and_no_officer_goes_below_2_4),
        WITH_ORG(only_a_supervisor_with_a_reason_goes_below_the_answers_2_4),
        WITH_ORG(a_band_that_was_given_is_raised_and_not_lowered_by_an_officer_2_4),
        WITH_ORG(an_earlier_band_that_nobody_reviewed_is_not_undercut_2_4),
        WITH_ORG(an_assessment_stays_with_the_version_it_was_answered_on_A22),
        WITH_ORG(a_yes_stays_a_yes_and_a_strange_key_is_told_2_4),
        WITH_ORG(fgm_indicators_and_unknown_versions_are_never_scored_2_4),
        WITH_ORG(high_proposes_a_marac_B47),
        WITH_ORG(what_a_pack_words_and_nobody_answered_is_asked_in_its_order_2_4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
