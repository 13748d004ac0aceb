/* Questions of assessment tools, as packs bring them (domain study 2.4; A22). */
#include "tests/lib/test.h"

#include <string.h>

#include "core/model/tool_texts.h"

#define TOOL(version, questions) \
    "{\"tool\":\"dash\",\"version\":\"" version "\",\"questions\":{" questions "}}"
#define FIRST "\"q1\":\"Are you hurt?\""

static dbk_tool_texts *texts;

static int setup(void **state)
{
    (void)state;
    return dbk_tool_texts_new(&texts, NULL) == DBK_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    dbk_tool_texts_free(texts);
    return 0;
}

static void added(const char *json, uint64_t pack, dbk_rc want, const char *words)
{
    dbk_err err = { 0 };
    assert_rc(dbk_tool_texts_add(texts, dbk_span_str(json), pack, &err), want, &err);
    if (words != NULL && strstr(err.text, words) == NULL)
        fail_msg("\"%s\" isn't in: %s", words, err.text);
}

static const char *found(const char *version, const char *key)
{
    return dbk_tool_texts_find(texts, dbk_span_str("dash"), dbk_span_str(version), key);
}

static void a_question_is_found_by_tool_version_and_key(void **state)
{
    const char *key = NULL, *version = NULL;
    (void)state;
    added(TOOL("ric", FIRST ",\"q2\":\"Of what are you afraid?\""), 1, DBK_OK, NULL);
    assert_string_equal(found("ric", "q1"), "Are you hurt?");
    assert_null(found("ric", "q3"));
    assert_null(found("2009", "q1"));
    assert_null(dbk_tool_texts_find(texts, dbk_span_str("dara"), dbk_span_str("ric"), "q1"));
    assert_string_equal(dbk_tool_texts_at(texts, 0, &version), "dash");
    assert_string_equal(version, "ric");
    assert_string_equal(dbk_tool_texts_question(texts, 0, 1, &key), "Of what are you afraid?");
    assert_string_equal(key, "q2");
    assert_null(dbk_tool_texts_question(texts, 0, 2, &key));
    assert_null(dbk_tool_texts_at(texts, 1, &version));
}

static void one_version_of_a_tool_has_one_text_for_ever_A22(void **state)
{
    (void)state;
    added(TOOL("ric", FIRST), 1, DBK_OK, NULL);
    added(TOOL("ric", FIRST), 2, DBK_OK, NULL);
    added(TOOL("ric", "\"q1\":\"Is anybody hurt?\""), 2, DBK_CONFLICT, "dash version ric already");
    assert_string_equal(found("ric", "q1"), "Are you hurt?");
    added(TOOL("ric2", FIRST), 2, DBK_OK, NULL);
    dbk_tool_texts_drop_pack(texts, 2);
    assert_null(found("ric2", "q1"));
    assert_string_equal(found("ric", "q1"), "Are you hurt?");
}

static void what_is_malformed_is_refused_and_said(void **state)
{
    static const struct {
        const char *json, *says;
    } rows[] = {
        { "", "isn't JSON" },
        { "[]", "begins with \"tool\"" },
        { "{\"tool\":\"Dash\"}", "begins with \"tool\"" },
        { "{\"tool\":\"dash\"}", "\"version\" has 1 to 40" },
        { TOOL("", FIRST), "\"version\" has 1 to 40" },
        { TOOL("12345678901234567890123456789012345678901", FIRST), "\"version\" has 1 to 40" },
        { "{\"tool\":\"dash\",\"version\":\"1\"}", "\"questions\" has 1 to" },
        { TOOL("1", ""), "\"questions\" has 1 to" },
        { TOOL("1", "\"Q1\":\"Upper\""), "each question has a key" },
        { TOOL("1", "\"q1\":7"), "each question has a key" },
        { TOOL("1", "\"q1\":\"\""), "each question has a key" },
        { TOOL("1", FIRST "," FIRST), "isn't JSON" },
    };
    const char *version = NULL;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        added(rows[i].json, 1, DBK_FORMAT, rows[i].says);
    assert_null(dbk_tool_texts_at(texts, 0, &version));
}

int main(void)
{
#define WITH_TEXTS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_TEXTS(a_question_is_found_by_tool_version_and_key),
        WITH_TEXTS(one_version_of_a_tool_has_one_text_for_ever_A22),
        WITH_TEXTS(what_is_malformed_is_refused_and_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
