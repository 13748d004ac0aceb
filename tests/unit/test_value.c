#include "tests/lib/test.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/base/text.h"
#include "core/model/record.h"
#include "core/model/value.h"

/* One field of each kind. */
static const char kinds_json[] =
    "{\"form\":\"kinds\",\"version\":1,\"title\":\"Kinds\",\"fields\":["
    "{\"name\":\"line\",\"label\":\"Line\",\"kind\":\"text\",\"length\":20},"
    "{\"name\":\"lines\",\"label\":\"Lines\",\"kind\":\"longtext\",\"length\":40},"
    "{\"name\":\"method\",\"label\":\"Method\",\"kind\":\"code\",\"codes\":{\"visit\":\"Visit\","
    "\"phone\":\"Phone call\",\"mortuary_viewing\":\"Viewing at the mortuary\"}},"
    "{\"name\":\"purpose\",\"label\":\"Purpose\",\"kind\":\"codes\",\"codes\":{\"update\":"
    "\"Update\",\"vps\":\"Victim personal statement\",\"first_visit\":\"First visit\"}},"
    "{\"name\":\"child\",\"label\":\"Children present\",\"kind\":\"bool3\"},"
    "{\"name\":\"born\",\"label\":\"Date of birth\",\"kind\":\"date\"},"
    "{\"name\":\"at\",\"label\":\"Started\",\"kind\":\"datetime\"},"
    "{\"name\":\"pax\",\"label\":\"Passengers\",\"kind\":\"number\",\"min\":-5,\"max\":900},"
    "{\"name\":\"case\",\"label\":\"Case\",\"kind\":\"ref\"},"
    "{\"name\":\"people\",\"label\":\"Persons\",\"kind\":\"refs\"},"
    "{\"name\":\"present\",\"label\":\"Present\",\"kind\":\"present\",\"codes\":{\"family\":"
    "\"Family\",\"officer\":\"Police officer\"}},"
    "{\"name\":\"phone\",\"label\":\"Number\",\"kind\":\"phone\"},"
    "{\"name\":\"email\",\"label\":\"Email\",\"kind\":\"email\"},"
    "{\"name\":\"home\",\"label\":\"Address\",\"kind\":\"address\"},"
    "{\"name\":\"topics\",\"label\":\"Topics\",\"kind\":\"list\",\"length\":30},"
    "{\"name\":\"told\",\"label\":\"What you told them\",\"kind\":\"list\",\"fields\":["
    "{\"name\":\"topic\",\"label\":\"Topic\",\"kind\":\"text\"},"
    "{\"name\":\"held_back\",\"label\":\"Held back\",\"kind\":\"bool3\"},"
    "{\"name\":\"tags\",\"label\":\"Tags\",\"kind\":\"list\"},"
    "{\"name\":\"how\",\"label\":\"How\",\"kind\":\"codes\",\"codes\":{\"a\":\"A\",\"b\":\"B\"}}]},"
    "{\"name\":\"next\",\"label\":\"Next contact\",\"kind\":\"object\",\"fields\":["
    "{\"name\":\"when\",\"label\":\"When\",\"kind\":\"datetime\"},"
    "{\"name\":\"n\",\"label\":\"Number\",\"kind\":\"number\"}]}]}";

#define ID1 "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506"
#define ID2 "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f5ff"
#define OUT_MAX (64u * 1024u)

static dbk_form *kinds;

static const dbk_field *kind(const char *name)
{
    const dbk_field *field = dbk_form_field(kinds, name);
    if (field == NULL)
        fail_msg("no field %s", name);
    return field;
}

static json_t *json_of(const char *text)
{
    json_t *json = NULL;
    dbk_err err = { 0 };
    assert_ok(dbk_json_parse(&json, dbk_span_str(text), &err), &err);
    return json;
}

/* `in` is JSON if it begins with ':'. */
static dbk_rc take(dbk_bytes *cbor, const char *field, const char *in, dbk_problems *problems)
{
    if (in[0] != ':')
        return dbk_value_from_text(cbor, kind(field), dbk_span_str(in), problems, NULL);
    json_t *json = json_of(in + 1);
    dbk_rc rc = dbk_value_from_json(cbor, kind(field), json, problems, NULL);
    json_decref(json);
    return rc;
}

static void out_json(char out[OUT_MAX], dbk_span cbor)
{
    dbk_bytes b = DBK_BYTES_INIT(OUT_MAX - 1);
    dbk_err err = { 0 };
    assert_ok(dbk_value_to_json(&b, cbor, &err), &err);
    if (b.len > 0)
        memcpy(out, b.p, b.len);
    out[b.len] = '\0';
    dbk_bytes_wipe(&b);
}

static const struct {
    const char *field, *in, *json;
} takings[] = {
    { "line", "Joan Marsh", "\"Joan Marsh\"" },
    { "line", "  trimmed\t", "\"trimmed\"" },
    { "line", "\xc3\x89ire \xe2\x82\xac", "\"\xc3\x89ire \xe2\x82\xac\"" },
    { "line", "12345678901234567890", "\"12345678901234567890\"" },
    { "line", ":\"say \\\"no\\\"\"", "\"say \\\"no\\\"\"" },
    { "lines", " two\nlines ", "\" two\\nlines \"" }, /* the family's words stay as typed */
    { "lines", "a\r\nb\rc\td", "\"a\\nb\\nc\\td\"" },
    { "method", "visit", "\"visit\"" },
    { "method", " phone ", "\"phone\"" },
    { "method", ":\"visit\"", "\"visit\"" },
    { "purpose", "vps, update", "[\"vps\", \"update\"]" }, /* sorted: shorter first */
    { "purpose", "update vps,update", "[\"vps\", \"update\"]" },
    { "purpose", ":[\"update\",\"vps\",\"vps\"]", "[\"vps\", \"update\"]" },
    { "purpose", ":\"update\"", "[\"update\"]" },
    { "purpose", ":[]", "[]" },
    { "child", "yes", "true" },
    { "child", "no", "false" },
    { "child", ":true", "true" },
    { "child", ":\"no\"", "false" },
    { "born", "1958-03-09", "\"1958-03-09\"" },
    { "at", "2026-11-24T14:30:00Z", "\"2026-11-24T14:30:00Z\"" },
    { "at", "2026-11-24 14:30+00:00", "\"2026-11-24T14:30:00+00:00\"" },
    { "at", "2026-11-24t14:30:15.25z", "\"2026-11-24T14:30:15.25Z\"" },
    { "at", "2026-06-24T14:30+01:00", "\"2026-06-24T14:30:00+01:00\"" },
    { "pax", "184", "184" },
    { "pax", "-5", "-5" },
    { "pax", ":0", "0" },
    { "case", ID1, "\"" ID1 "\"" },
    { "case", "0192f3a45b6c7d8e9fa0b1c2d3e4f506", "\"" ID1 "\"" },
    { "case", "0192F3A4-5B6C-7D8E-9FA0-B1C2D3E4F506", "\"" ID1 "\"" },
    { "people", ID2 ", " ID1 "," ID2, "[\"" ID1 "\", \"" ID2 "\"]" },
    { "people", ":[\"" ID1 "\"]", "[\"" ID1 "\"]" },
    { "present", "Joan Marsh (family)", "[{\"name\": \"Joan Marsh\", \"role\": \"family\"}]" },
    { "present", "Joan Marsh ; " ID1 " (officer)",
      "[{\"name\": \"Joan Marsh\"}, {\"role\": \"officer\", \"person\": \"" ID1 "\"}]" },
    { "present", ":[{\"person\":\"" ID1 "\",\"role\":\"family\",\"name\":\"J\"}]",
      "[{\"name\": \"J\", \"role\": \"family\", \"person\": \"" ID1 "\"}]" },
    { "present", ":{\"name\":\"Joan\"}", "[{\"name\": \"Joan\"}]" },
    { "present", ":\"PC Hill (officer)\"", "[{\"name\": \"PC Hill\", \"role\": \"officer\"}]" },
    { "phone", "0121 496 0123", "\"0121 496 0123\"" },
    { "phone", "+44 (0)121 496-0123", "\"+44 (0)121 496-0123\"" },
    { "email", "joan@example.org", "\"joan@example.org\"" },
    { "home", "4 Mill Lane\nDudley", "\"4 Mill Lane\\nDudley\"" },
    { "topics", "the inquest, and when", "[\"the inquest, and when\"]" },
    { "topics", ":[\"b\",\"a\",\"b\"]", "[\"b\", \"a\", \"b\"]" }, /* in the order told */
    { "told", "Date of the opening", "[{\"topic\": \"Date of the opening\"}]" },
    { "told", ":[{\"topic\":\"x\",\"held_back\":false,\"tags\":[\"t\"],\"how\":\"b\"}]",
      "[{\"how\": [\"b\"], \"tags\": [\"t\"], \"topic\": \"x\", \"held_back\": false}]" },
    { "told", ":[{\"topic\":\"not_known\",\"tags\":\"not_known\"}]",
      "[{\"tags\": \"not_known\", \"topic\": \"not_known\"}]" },
    { "next", "2026-11-25 10:00Z", "{\"when\": \"2026-11-25T10:00:00Z\"}" },
    { "next", ":{\"when\":\"2026-11-25T10:00Z\",\"n\":3}",
      "{\"n\": 3, \"when\": \"2026-11-25T10:00:00Z\"}" },
};

/* ---- in -------------------------------------------------------------------------------------- */

static void each_kind_takes_what_an_officer_types(void **state)
{
    static char json[OUT_MAX];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(takings); i++) {
        dbk_bytes cbor = DBK_BYTES_INIT(OUT_MAX);
        dbk_problems problems = { 0 };
        dbk_rc rc = take(&cbor, takings[i].field, takings[i].in, &problems);
        if (rc != DBK_OK || problems.count > 0)
            fail_msg("%s=%s: %s", takings[i].field, takings[i].in,
                     problems.count > 0 ? problems.rows[0].text : dbk_rc_text(rc));
        assert_rc(dbk_cbor_check(dbk_bytes_span(&cbor), NULL), DBK_OK, NULL);
        out_json(json, dbk_bytes_span(&cbor));
        assert_string_equal(json, takings[i].json);
        dbk_problems_wipe(&problems);
        dbk_bytes_wipe(&cbor);
    }
}

/* domain.md section 3: not_known is always a legal answer. */
static void not_known_is_an_answer_of_every_kind(void **state)
{
    const dbk_field *fields;
    size_t count = dbk_form_fields(kinds, &fields);
    (void)state;
    assert_int_equal(count, DBK_FIELD_KINDS + 1); /* lists of texts and of objects */
    for (size_t i = 0; i < count; i++) {
        static const char *const forms[] = { "not_known", " not_known\n", ":\"not_known\"" };
        for (size_t k = 0; k < ARRAY_LEN(forms); k++) {
            dbk_bytes cbor = DBK_BYTES_INIT(100);
            dbk_problems problems = { 0 };
            assert_rc(take(&cbor, fields[i].name, forms[k], &problems), DBK_OK, NULL);
            assert_int_equal(cbor.len, 1);
            assert_int_equal(cbor.p[0], 0xf6);
            dbk_bytes_wipe(&cbor);
        }
    }
}

static const struct {
    const char *field, *in, *path, *says;
} faults[] = {
    { "line", "", "line", "Line: this is empty. Leave it out, or answer not_known." },
    { "line", ":\"  \"", "line", "Line: this is empty." },
    { "line", "123456789012345678901", "line", "Line: this has 21 characters; the most is 20." },
    { "line", "a\nb", "line", "Line: this must be on one line." },
    { "line", "a\x1b[2J", "line", "Line: there is a control character at character 2." },
    { "line", "caf\xe9", "line", "Line: this is not readable text" },
    { "line", ":7", "line", "Line: this must be text, in quotation marks." },
    { "line", ":true", "line", "Line: this can't be answered with true or false." },
    { "line", ":null", "line", "Line: null is no answer." },
    { "line", ":[\"a\"]", "line", "Line: this must be one value, not a list" },
    { "line", ":1.5", "line", "Line: this must be a whole number." },
    { "lines", "\x7f", "lines", "Lines: there is a control character at character 1." },
    { "method", "visti", "method",
      "Method: \"visti\" is not one of the answers. Did you mean visit?" },
    { "method", "Visit", "method", "Did you mean visit?" },
    { "method", "mort", "method", "Did you mean mortuary_viewing?" },
    { "method", "phone call", "method", "Did you mean phone?" },
    { "method", "pigeon", "method",
      "Method: \"pigeon\" is not one of the answers: visit, phone, mortuary_viewing." },
    { "method", ":3", "method", "Method: this must be text" },
    { "purpose", "update,vsp", "purpose", "Did you mean vps?" },
    { "purpose", ":[\"update\",\"not_known\"]", "purpose[1]",
      "Purpose 2: not_known can't stand in a list." },
    { "purpose", ":[\"update\",3]", "purpose[1]", "Purpose 2: this must be text" },
    { "purpose", " , ", "purpose", "Purpose: this is empty." },
    { "child", "maybe", "child", "Children present: answer yes, no or not_known." },
    { "child", ":1", "child", "Children present: this must be text" },
    { "born", "09/03/1958", "born",
      "Date of birth: \"09/03/1958\" is not a date. It looks like 2026-11-24." },
    { "born", "2026-02-29", "born", "is not a date" },
    { "at", "2026-11-24 14:30", "at", "with the offset at the end" },
    { "at", "yesterday", "at", "Started: \"yesterday\" is not a time." },
    { "pax", "twelve", "pax", "Passengers: \"twelve\" is not a whole number." },
    { "pax", "901", "pax", "Passengers: the number must be from -5 to 900." },
    { "pax", "-6", "pax", "from -5 to 900" },
    { "pax", "12.0", "pax", "is not a whole number" },
    { "pax", ":12.0", "pax", "must be a whole number" },
    { "pax", ":\"12\"", "pax", "must be a number, without quotation marks" },
    { "pax", "9223372036854775808", "pax", "is not a whole number" },
    { "case", "@marsh", "case", "Case: \"@marsh\" is not a record's id." },
    { "case", "00000000-0000-0000-0000-000000000000", "case", "is not a record's id" },
    { "case", ID1 "0", "case", "is not a record's id" },
    { "people", ":[\"" ID1 "\",\"x\"]", "people[1]", "Persons 2: \"x\" is not a record's id." },
    { "present", "Joan (mum)", "present[0]", "Present 1: \"mum\" is not one of the answers" },
    { "present", "(family)", "present[0]", "this is empty" },
    { "present", ":[{\"role\":\"family\"}]", "present[0]", "Present 1: say who" },
    { "present", ":[{\"nme\":\"J\"}]", "present[0]", "there is no \"nme\" here" },
    { "present", ":[7]", "present[0]", "this must be like {\"name\"" },
    { "present", ":[{\"name\":7}]", "present[0]", "name must be text" },
    { "email", "joan at example", "email", "is not an email address" },
    { "email", "@example.org", "email", "is not an email address" },
    { "email", "a@b@c", "email", "is not an email address" },
    { "topics", ":[\"a\",\"\"]", "topics[1]", "Topics 2: this is empty" },
    { "told", ":[{\"topic\":\"a\"},{\"topc\":\"b\"}]", "told[1]",
      "What you told them 2: there is no \"topc\" here. Did you mean topic?" },
    { "told", ":[{\"topic\":\"a\"},{\"topic\":7}]", "told[1].topic",
      "What you told them 2, Topic: this must be text" },
    { "told", ":[{\"how\":[\"c\"]}]", "told[0].how[0]",
      "What you told them 1, How 1: \"c\" is not one of the answers: a, b." },
    { "told", ":[{}]", "told[0]", "What you told them 1: this is empty." },
    { "told", ":[[]]", "told[0]", "this must be an object like {\"topic\": ...}" },
    { "next", ":{\"when\":\"soon\"}", "next.when", "Next contact, When: \"soon\" is not a time." },
    { "next", ":{\"when\":null}", "next.when", "Next contact, When: null is no answer." },
    { "next", ":[]", "next", "Next contact: this must be an object" },
    { "next", "soon", "next.when", "is not a time" },
};

static void what_is_wrong_is_said_in_one_sentence_that_begins_with_the_label(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        dbk_bytes cbor = DBK_BYTES_INIT(OUT_MAX);
        dbk_problems problems = { 0 };
        assert_rc(dbk_bytes_append_str(&cbor, "kept", NULL), DBK_OK, NULL);
        dbk_rc rc = take(&cbor, faults[i].field, faults[i].in, &problems);
        if (rc != DBK_INVALID || problems.faults == 0)
            fail_msg("%s=%s was taken", faults[i].field, faults[i].in);
        const dbk_problem *row = &problems.rows[0];
        if (strstr(row->text, faults[i].says) == NULL)
            fail_msg("%s=%s: \"%s\"", faults[i].field, faults[i].in, row->text);
        assert_memory_equal(row->text, kind(faults[i].field)->label,
                            strlen(kind(faults[i].field)->label));
        assert_true(dbk_utf8_valid(dbk_span_str(row->text)));
        if (strncmp(row->field, faults[i].path, strlen(faults[i].path)) != 0)
            fail_msg("%s=%s: path %s", faults[i].field, faults[i].in, row->field);
        assert_int_equal(cbor.len, 4); /* nothing leaks out of a failure */
        dbk_problems_wipe(&problems);
        dbk_bytes_wipe(&cbor);
    }
}

static void all_faults_of_a_value_are_reported_not_the_first(void **state)
{
    dbk_bytes cbor = DBK_BYTES_INIT(OUT_MAX);
    dbk_problems problems = { 0 };
    (void)state;
    assert_rc(
        take(&cbor, "told",
             ":[{\"topic\":7,\"held_back\":\"maybe\"},{\"x\":1},{\"how\":[\"c\",\"a\",\"d\"]}]",
             &problems),
        DBK_INVALID, NULL);
    static const char *const paths[] = { "told[0].topic", "told[0].held_back", "told[1]",
                                         "told[2].how[0]", "told[2].how[2]" };
    assert_int_equal(problems.faults, ARRAY_LEN(paths));
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        assert_string_equal(problems.rows[i].field, paths[i]);
    dbk_problems_wipe(&problems);
    dbk_bytes_wipe(&cbor);
}

static void an_odd_phone_number_is_kept_with_a_warning(void **state)
{
    static const char *const odd[] = { "ask at the shop", "999", "0121 496 0123 ext 4" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        dbk_bytes cbor = DBK_BYTES_INIT(OUT_MAX);
        dbk_problems problems = { 0 };
        assert_rc(take(&cbor, "phone", odd[i], &problems), DBK_OK, NULL);
        assert_int_equal(problems.count, 1);
        assert_int_equal(problems.faults, 0);
        assert_int_equal(problems.rows[0].severity, DBK_WARNING);
        dbk_cbor c = dbk_cbor_from(dbk_bytes_span(&cbor));
        assert_true(dbk_span_equal(dbk_cbor_get_text(&c), dbk_span_str(odd[i])));
        dbk_problems_wipe(&problems);
        dbk_bytes_wipe(&cbor);
    }
}

static void a_list_has_at_most_1000_elements(void **state)
{
    (void)state;
    for (size_t count = 999; count <= 1001; count++) {
        json_t *json = json_array();
        dbk_bytes cbor = DBK_BYTES_INIT(OUT_MAX);
        dbk_problems problems = { 0 };
        for (size_t i = 0; i < count; i++)
            assert_int_equal(json_array_append_new(json, json_string("x")), 0);
        dbk_rc rc = dbk_value_from_json(&cbor, kind("topics"), json, &problems, NULL);
        assert_int_equal(rc, count <= 1000 ? DBK_OK : DBK_INVALID);
        json_decref(json);
        dbk_problems_wipe(&problems);
        dbk_bytes_wipe(&cbor);
    }
}

/* A value that is written out and read in again is the same value: exports can be imported. */
static void what_to_json_prints_from_json_takes(void **state)
{
    static const struct {
        const char *field, *in;
    } cases[] = {
        { "line", "J \"J\" O'Neill \\" },
        { "lines", "one\n\ttwo \xf0\x9f\x9a\x93" },
        { "method", "visit" },
        { "purpose", "update,vps" },
        { "child", "no" },
        { "at", "2026-11-24 14:30:01.5+01:00" },
        { "pax", "-3" },
        { "case", ID1 },
        { "people", ID1 "," ID2 },
        { "present", "A (family); B; " ID2 " (officer)" },
        { "told", ":[{\"topic\":\"a\",\"held_back\":true,\"tags\":[\"x\",\"y\"]},"
                  "{\"topic\":\"not_known\"}]" },
        { "next", ":{\"n\":9,\"when\":\"2026-11-24T14:30:00Z\"}" },
        { "topics", "not_known" },
    };
    static char text[OUT_MAX];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_bytes a = DBK_BYTES_INIT(OUT_MAX), b = DBK_BYTES_INIT(OUT_MAX);
        dbk_problems problems = { 0 };
        assert_rc(take(&a, cases[i].field, cases[i].in, &problems), DBK_OK, NULL);
        out_json(text, dbk_bytes_span(&a));
        json_t *json = json_of(text);
        assert_rc(dbk_value_from_json(&b, kind(cases[i].field), json, &problems, NULL), DBK_OK,
                  NULL);
        json_decref(json);
        assert_true(dbk_span_equal(dbk_bytes_span(&a), dbk_bytes_span(&b)));
        dbk_problems_wipe(&problems);
        dbk_bytes_wipe(&a);
        dbk_bytes_wipe(&b);
    }
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

static void any_allocation_may_fail_on_the_way_in_R19(void **state)
{
    static const struct {
        const char *field, *in;
    } cases[] = {
        { "told", ":[{\"topic\":\"a\",\"tags\":[\"x\",\"y\"],\"how\":[\"a\"]},{\"topic\":7}]" },
        { "purpose", "update,vsp" },
        { "present", "A (family); B (mum)" },
        { "lines", "a\r\nb" },
        { "phone", "call her" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_rc rc = DBK_NOMEM;
        for (size_t n = 0; rc == DBK_NOMEM; n++) {
            dbk_bytes cbor = DBK_BYTES_INIT(OUT_MAX);
            dbk_problems problems = { 0 };
            size_t left = n;
            dbk_alloc_set_hook(fail_nth, &left);
            rc = take(&cbor, cases[i].field, cases[i].in, &problems);
            dbk_alloc_set_hook(NULL, NULL);
            assert_true(rc == DBK_OK || rc == DBK_INVALID || rc == DBK_NOMEM);
            assert_true(rc == DBK_OK || cbor.len == 0);
            dbk_problems_wipe(&problems);
            dbk_bytes_wipe(&cbor);
            assert_true(n < 10000);
        }
    }
}

static int open_kinds(void **state)
{
    (void)state;
    return dbk_form_parse(&kinds, dbk_span_str(kinds_json), NULL) == DBK_OK ? 0 : -1;
}

static int close_kinds(void **state)
{
    (void)state;
    dbk_form_free(kinds);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_takes_what_an_officer_types),
        cmocka_unit_test(not_known_is_an_answer_of_every_kind),
        cmocka_unit_test(what_is_wrong_is_said_in_one_sentence_that_begins_with_the_label),
        cmocka_unit_test(all_faults_of_a_value_are_reported_not_the_first),
        cmocka_unit_test(an_odd_phone_number_is_kept_with_a_warning),
        cmocka_unit_test(a_list_has_at_most_1000_elements),
        cmocka_unit_test(what_to_json_prints_from_json_takes),
        cmocka_unit_test(any_allocation_may_fail_on_the_way_in_R19),
    };
    return cmocka_run_group_tests(tests, open_kinds, close_kinds);
}
