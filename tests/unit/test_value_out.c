#include "tests/lib/test.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/base/text.h"
#include "core/model/record.h"
#include "core/model/value.h"

#define ID1 "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f506"
#define OUT_MAX (64u * 1024u)

static dbk_forms *shipped;

static const dbk_field *field_of(const char *form, const char *name)
{
    const dbk_form *f = dbk_forms_find(shipped, dbk_span_str(form), 0);
    assert_non_null(f);
    const dbk_field *field = dbk_form_field(f, name);
    if (field == NULL)
        fail_msg("no %s.%s", form, name);
    return field;
}

static void take(dbk_bytes *cbor, const dbk_field *field, const char *json_text)
{
    json_t *json = NULL;
    dbk_problems problems = { 0 };
    assert_rc(dbk_json_parse(&json, dbk_span_str(json_text), NULL), DBK_OK, NULL);
    dbk_rc rc = dbk_value_from_json(cbor, field, json, &problems, NULL);
    if (rc != DBK_OK)
        fail_msg("%s", problems.count > 0 ? problems.rows[0].text : "no problem named");
    json_decref(json);
    dbk_problems_wipe(&problems);
}

static dbk_span unhex(uint8_t out[256], const char *hex)
{
    size_t len = strlen(hex) / 2;
    assert_rc(dbk_hex_parse(out, len, hex, NULL), DBK_OK, NULL);
    return dbk_span_of(out, len);
}

static void assert_text(const dbk_bytes *b, const char *want, const char *why)
{
    if (!dbk_span_equal(dbk_bytes_span(b), dbk_span_str(want)))
        fail_msg("%s: got \"%.*s\", want \"%s\"", why, (int)b->len, (const char *)b->p, want);
}

static void a_value_is_one_line_in_the_officers_words(void **state)
{
    static const struct {
        const char *form, *field, *json, *text;
    } cases[] = {
        { "contact", "method", "\"mortuary_viewing\"", "Viewing at the mortuary" },
        { "contact", "purpose", "[\"update\",\"vps\"]", "Victim personal statement, Update" },
        { "contact", "account", "\"one\\ntwo\\tthree\"", "one two three" },
        { "contact", "child_present", "true", "Yes" },
        { "contact", "child_present", "\"not_known\"", "Not known" },
        { "contact", "present",
          "[{\"name\":\"Joan Marsh\",\"role\":\"family\"},{\"role\":\"officer\",\"person\":\"" ID1
          "\"},\"Ben\"]",
          "Joan Marsh (Family); " ID1 " (Police officer); Ben" },
        { "contact", "present", "[{\"name\":\"Joan\",\"person\":\"" ID1 "\"}]", "Joan " ID1 },
        { "contact", "told", "[{\"topic\":\"Opening\",\"held_back\":false},{\"topic\":\"X\"}]",
          "Topic: Opening, On the held-back list: No; Topic: X" },
        { "contact", "next_contact", "{\"when\":\"2026-11-25T10:00:00Z\",\"how\":\"visit\"}",
          "How: Visit, When: 2026-11-25T10:00:00Z" },
        { "flight", "pax", "184", "184" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_bytes cbor = DBK_BYTES_INIT(OUT_MAX), text = DBK_BYTES_INIT(OUT_MAX);
        const dbk_field *field = field_of(cases[i].form, cases[i].field);
        take(&cbor, field, cases[i].json);
        assert_rc(dbk_value_to_text(&text, field, dbk_bytes_span(&cbor), NULL), DBK_OK, NULL);
        assert_text(&text, cases[i].text, cases[i].field);
        dbk_bytes_wipe(&text);
        dbk_bytes_wipe(&cbor);
    }
}

/* design.md section 5: what we don't know is kept and shown as such, never refused. */
static void what_no_form_explains_is_shown_as_it_stands(void **state)
{
    static const struct {
        const char *hex, *json, *text;
    } cases[] = {
        { "6576697369 74", "\"visit\"", "visit" },
        { "f5", "true", "yes" },
        { "f4", "false", "no" },
        { "f6", "\"not_known\"", "not_known" },
        { "00", "0", "0" },
        { "1bffffffffffffffff", "18446744073709551615", "18446744073709551615" },
        { "20", "-1", "-1" },
        { "3b7fffffffffffffff", "-9223372036854775808", "-9223372036854775808" },
        { "3bffffffffffffffff", "-18446744073709551616", "-18446744073709551616" },
        { "3bfffffffffffffffe", "-18446744073709551615", "-18446744073709551615" },
        { "4300ff10", "\"AP8Q\"", "AP8Q" },
        { "40", "\"\"", "" },
        { "80", "[]", "" },
        { "a0", "{}", "" },
        { "83010203", "[1, 2, 3]", "1; 2; 3" },
        { "a2 01 02 6161 f5", "{\"1\": 2, \"a\": true}", "1: 2, a: yes" },
        { "a1 41ff 80", "{\"_w\": []}", "_w: " },
        { "a1 20 00", "{\"-1\": 0}", "-1: 0" },
        { "d82550 0192f3a45b6c7d8e9fa0b1c2d3e4f506", "\"" ID1 "\"", ID1 },
        { "d8254101", "\"AQ\"", "AQ" }, /* tag 37 on something else: passed over */
        { "c1 1a514b67b0", "1363896240", "1363896240" },
        { "d9d9f7 8101", "[1]", "1" },
        { "81818180", "[[[[]]]]", "" },
        { "63 221b5c", "\"\\\"\\u001b\\\\\"", "\"\x1b\\" },
        { "62 c3bc", "\"\xc3\xbc\"", "\xc3\xbc" },
    };
    uint8_t bytes[256];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_bytes json = DBK_BYTES_INIT(OUT_MAX), text = DBK_BYTES_INIT(OUT_MAX);
        char hex[256];
        size_t n = 0;
        for (const char *p = cases[i].hex; *p != '\0'; p++)
            if (*p != ' ')
                hex[n++] = *p;
        hex[n] = '\0';
        dbk_span cbor = unhex(bytes, hex);
        dbk_err err = { 0 };
        assert_ok(dbk_value_to_json(&json, cbor, &err), &err);
        assert_text(&json, cases[i].json, cases[i].hex);
        assert_ok(dbk_value_to_text(&text, NULL, cbor, &err), &err);
        assert_text(&text, cases[i].text, cases[i].hex);
        dbk_bytes_wipe(&json);
        dbk_bytes_wipe(&text);
    }
}

static void an_unknown_code_under_a_known_form_is_shown_by_its_name_1_11(void **state)
{
    uint8_t bytes[256];
    dbk_bytes text = DBK_BYTES_INIT(OUT_MAX);
    (void)state;
    assert_rc(dbk_value_to_text(&text, field_of("contact", "method"),
                                unhex(bytes, "67686f6c6f67726d"), NULL),
              DBK_OK, NULL);
    assert_text(&text, "hologrm", "unknown code");
    /* And a value of another shape than the form's. */
    dbk_bytes_truncate(&text, 0);
    assert_rc(
        dbk_value_to_text(&text, field_of("contact", "method"), unhex(bytes, "a16161816162"), NULL),
        DBK_OK, NULL);
    assert_text(&text, "a: b", "map for a code");
    dbk_bytes_wipe(&text);
}

static void a_blank_value_is_nothing(void **state)
{
    dbk_bytes out = DBK_BYTES_INIT(100);
    (void)state;
    assert_rc(dbk_value_to_text(&out, NULL, dbk_span_of(NULL, 0), NULL), DBK_OK, NULL);
    assert_rc(dbk_value_to_words(&out, NULL, dbk_span_of(NULL, 0), NULL), DBK_OK, NULL);
    assert_int_equal(out.len, 0);
    assert_rc(dbk_value_to_json(&out, dbk_span_of(NULL, 0), NULL), DBK_OK, NULL);
    assert_text(&out, "null", "blank");
    dbk_bytes_wipe(&out);
}

static void search_finds_labels_codes_words_and_digits(void **state)
{
    static const struct {
        const char *form, *field, *json, *words;
    } cases[] = {
        { "case", "kind", "\"fatal_rtc\"", "Fatal road collision\nfatal_rtc\n" },
        { "contact", "account", "\"She asked\\nwhy.\"", "She asked\nwhy.\n" },
        { "contact", "started_at", "\"2026-11-24T14:30:00Z\"", "" },
        { "contact", "case_id", "\"" ID1 "\"", "" },
        { "contact", "child_present", "true", "" },
        { "contact", "present", "[{\"name\":\"Joan Marsh\",\"role\":\"family\"}]",
          "Joan Marsh\nFamily\nfamily\n" },
        { "person", "phones", "[{\"value\":\"0121 496 0123\",\"safe\":true}]",
          "0121 496 0123\n01214960123\n" },
        { "contact", "told", "[{\"topic\":\"Opening\",\"authority\":\"D7\"}]", "Opening\nD7\n" },
        { "contact", "next_contact", "{\"when\":\"2026-11-25T10:00:00Z\",\"how\":\"visit\"}",
          "Visit\nvisit\n" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_bytes cbor = DBK_BYTES_INIT(OUT_MAX), words = DBK_BYTES_INIT(OUT_MAX);
        const dbk_field *field = field_of(cases[i].form, cases[i].field);
        take(&cbor, field, cases[i].json);
        assert_rc(dbk_value_to_words(&words, field, dbk_bytes_span(&cbor), NULL), DBK_OK, NULL);
        assert_text(&words, cases[i].words, cases[i].field);
        dbk_bytes_wipe(&words);
        dbk_bytes_wipe(&cbor);
    }
}

/* What came from another device may be anything: nothing crashes, nothing half-made stays. */
static void every_cut_and_bit_flip_of_a_value_is_refused_or_shown(void **state)
{
    static const struct {
        const char *field, *json;
    } cases[] = {
        { "told", "[{\"topic\":\"Opening\",\"held_back\":false,\"authority\":\"D7\"}]" },
        { "present", "[{\"name\":\"J\",\"role\":\"family\"},{\"person\":\"" ID1 "\"}]" },
        { "next_contact", "{\"when\":\"2026-11-25T10:00:00Z\",\"how\":\"visit\"}" },
        { "strategy_version", "300" },
    };
    size_t shown = 0, refused = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const dbk_field *field = field_of("contact", cases[i].field);
        dbk_bytes cbor = DBK_BYTES_INIT(OUT_MAX);
        take(&cbor, field, cases[i].json);
        for (size_t at = 0; at < cbor.len + 8 * cbor.len; at++) {
            size_t len = at < cbor.len ? at : cbor.len;
            uint8_t *copy = dbk_alloc(len);
            dbk_bytes out = DBK_BYTES_INIT(OUT_MAX);
            assert_non_null(copy);
            memcpy(copy, cbor.p, len);
            if (at >= cbor.len)
                copy[(at - cbor.len) / 8] = (uint8_t)(copy[(at - cbor.len) / 8] ^
                                                      1u << (at - cbor.len) % 8);
            dbk_span span = dbk_span_of(copy, len);
            dbk_rc json = dbk_value_to_json(&out, span, NULL);
            assert_true(json == DBK_OK || (json == DBK_FORMAT && out.len == 0));
            json_t *parsed = NULL;
            if (json == DBK_OK && len > 0)
                assert_rc(dbk_json_parse(&parsed, dbk_bytes_span(&out), NULL), DBK_OK, NULL);
            json_decref(parsed);
            dbk_bytes_truncate(&out, 0);
            dbk_rc text = dbk_value_to_text(&out, field, span, NULL);
            /* JSON prints every key, the line of text only those of no known part. */
            assert_true(text == DBK_OK || (text == DBK_FORMAT && json == DBK_FORMAT));
            assert_true(dbk_utf8_valid(dbk_bytes_span(&out)));
            dbk_bytes_truncate(&out, 0);
            dbk_rc words = dbk_value_to_words(&out, field, span, NULL);
            assert_true(words == DBK_OK || words == DBK_FORMAT);
            shown += json == DBK_OK;
            refused += json != DBK_OK;
            dbk_bytes_wipe(&out);
            dbk_free(copy);
        }
        dbk_bytes_wipe(&cbor);
    }
    assert_true(shown > 100);
    assert_true(refused > 100);
}

static void too_deep_and_too_long_values_are_refused_whole(void **state)
{
    static const uint8_t digits[] = { 0x6a, '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' };
    const dbk_span ten = dbk_span_of(digits, sizeof(digits));
    uint8_t deep[40];
    dbk_bytes out = DBK_BYTES_INIT(1000);
    (void)state;
    memset(deep, 0x81, sizeof(deep));
    deep[sizeof(deep) - 1] = 0x00;
    assert_rc(dbk_value_to_json(&out, dbk_span_of(deep, sizeof(deep)), NULL), DBK_FORMAT, NULL);
    assert_int_equal(out.len, 0);
    dbk_bytes_wipe(&out);
    dbk_bytes_init(&out, 10);
    assert_rc(dbk_value_to_json(&out, ten, NULL), DBK_LIMIT, NULL); /* two quotation marks over */
    assert_int_equal(out.len, 0);
    assert_rc(dbk_value_to_text(&out, NULL, ten, NULL), DBK_OK, NULL);
    assert_int_equal(out.len, 10);
    dbk_bytes_wipe(&out);
}

static int open_forms(void **state)
{
    (void)state;
    return dbk_forms_new(&shipped, NULL) == DBK_OK ? 0 : -1;
}

static int close_forms(void **state)
{
    (void)state;
    dbk_forms_free(shipped);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_one_line_in_the_officers_words),
        cmocka_unit_test(what_no_form_explains_is_shown_as_it_stands),
        cmocka_unit_test(an_unknown_code_under_a_known_form_is_shown_by_its_name_1_11),
        cmocka_unit_test(a_blank_value_is_nothing),
        cmocka_unit_test(search_finds_labels_codes_words_and_digits),
        cmocka_unit_test(every_cut_and_bit_flip_of_a_value_is_refused_or_shown),
        cmocka_unit_test(too_deep_and_too_long_values_are_refused_whole),
    };
    return cmocka_run_group_tests(tests, open_forms, close_forms);
}
