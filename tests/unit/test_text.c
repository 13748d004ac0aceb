#include "tests/lib/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

#define TEXT_MAX 4096u

static dbk_span lit(const char *text)
{
    return dbk_span_str(text);
}

/* RFC 3629 section 4, row by row: the first and last of each range, and their neighbours. */
static void utf8_takes_just_the_table_of_rfc_3629(void **state)
{
    static const struct {
        const char *why;
        uint8_t in[5];
        size_t len;
        bool want;
    } cases[] = {
        { "empty", { 0 }, 0, true },
        { "zero byte", { 0x00 }, 1, false },
        { "U+0001", { 0x01 }, 1, true },
        { "U+007F", { 0x7f }, 1, true },
        { "lone continuation 80", { 0x80 }, 1, false },
        { "lone continuation BF", { 0xbf }, 1, false },
        { "over-long 2, C0", { 0xc0, 0x80 }, 2, false },
        { "over-long 2, C1", { 0xc1, 0xbf }, 2, false },
        { "U+0080", { 0xc2, 0x80 }, 2, true },
        { "U+07FF", { 0xdf, 0xbf }, 2, true },
        { "2, second too low", { 0xc2, 0x7f }, 2, false },
        { "2, second too high", { 0xc2, 0xc0 }, 2, false },
        { "2, cut short", { 0xc2 }, 1, false },
        { "over-long 3", { 0xe0, 0x9f, 0xbf }, 3, false },
        { "U+0800", { 0xe0, 0xa0, 0x80 }, 3, true },
        { "U+0FFF", { 0xe0, 0xbf, 0xbf }, 3, true },
        { "U+1000", { 0xe1, 0x80, 0x80 }, 3, true },
        { "U+CFFF", { 0xec, 0xbf, 0xbf }, 3, true },
        { "U+D7FF", { 0xed, 0x9f, 0xbf }, 3, true },
        { "first surrogate", { 0xed, 0xa0, 0x80 }, 3, false },
        { "last surrogate", { 0xed, 0xbf, 0xbf }, 3, false },
        { "U+E000", { 0xee, 0x80, 0x80 }, 3, true },
        { "U+FFFF", { 0xef, 0xbf, 0xbf }, 3, true },
        { "3, cut to 2", { 0xe2, 0x82 }, 2, false },
        { "3, cut to 1", { 0xe2 }, 1, false },
        { "3, third too low", { 0xe2, 0x82, 0x2c }, 3, false },
        { "over-long 4", { 0xf0, 0x8f, 0xbf, 0xbf }, 4, false },
        { "U+10000", { 0xf0, 0x90, 0x80, 0x80 }, 4, true },
        { "U+3FFFF", { 0xf0, 0xbf, 0xbf, 0xbf }, 4, true },
        { "U+40000", { 0xf1, 0x80, 0x80, 0x80 }, 4, true },
        { "U+FFFFF", { 0xf3, 0xbf, 0xbf, 0xbf }, 4, true },
        { "U+100000", { 0xf4, 0x80, 0x80, 0x80 }, 4, true },
        { "U+10FFFF", { 0xf4, 0x8f, 0xbf, 0xbf }, 4, true },
        { "U+110000", { 0xf4, 0x90, 0x80, 0x80 }, 4, false },
        { "lead F5", { 0xf5, 0x80, 0x80, 0x80 }, 4, false },
        { "lead FF", { 0xff }, 1, false },
        { "4, cut to 3", { 0xf0, 0x9f, 0x98 }, 3, false },
        { "good, then bad", { 'a', 0xc3, 0xa9, 0x80 }, 4, false },
        { "bad after zero", { 'a', 0x00, 'b' }, 3, false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (dbk_utf8_valid(dbk_span_of(cases[i].in, cases[i].len)) != cases[i].want)
            fail_msg("%s", cases[i].why);
}

/* All code points by an encoder that has nothing in common with the table in text.c. */
static void utf8_takes_every_code_point_but_zero_and_surrogates(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x110000; cp++) {
        uint8_t b[4];
        size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
        static const uint8_t lead[] = { 0, 0x00, 0xc0, 0xe0, 0xf0 };
        for (size_t i = n; i-- > 1;)
            b[i] = (uint8_t)(0x80 | (cp >> (6 * (n - 1 - i)) & 0x3f));
        b[0] = (uint8_t)(lead[n] | cp >> (6 * (n - 1)));
        bool want = cp != 0 && (cp < 0xd800 || cp > 0xdfff) && cp <= 0x10ffff;
        if (dbk_utf8_valid(dbk_span_of(b, n)) != want)
            fail_msg("U+%04X", (unsigned)cp);
        if (want && dbk_utf8_count(dbk_span_of(b, n)) != 1)
            fail_msg("U+%04X is not one code point", (unsigned)cp);
    }
    assert_int_equal(dbk_utf8_count(lit("Ōse's café")), 10);
}

static void safe(char out[TEXT_MAX], dbk_span in, bool keep_lines)
{
    dbk_bytes b = DBK_BYTES_INIT(TEXT_MAX - 1);
    dbk_err err = { 0 };
    assert_ok(dbk_text_append_safe(&b, in, (dbk_safe_opts){ .keep_lines = keep_lines }, &err),
              &err);
    if (b.len > 0)
        memcpy(out, b.p, b.len);
    out[b.len] = '\0';
    dbk_bytes_wipe(&b);
}

/* security.md A28: a note must not be able to drive or deceive the terminal that shows it. */
static void text_that_drives_a_terminal_is_made_visible_A28(void **state)
{
    static const struct {
        const char *in, *out, *out_lines;
    } cases[] = {
        { "plain, caf\xc3\xa9", "plain, caf\xc3\xa9", NULL },
        { "a\nb\tc", "a\\u{a}b\\u{9}c", "a\nb\tc" },
        { "a\rb", "a\\u{d}b", NULL },
        { "\x1b[2J\x1b]0;x\x07", "\\u{1b}[2J\\u{1b}]0;x\\u{7}", NULL },
        { "\xc2\x9b"
          "31m",
          "\\u{9b}31m", NULL }, /* C1 CSI */
        { "\x7f", "\\u{7f}", NULL },
        { "\xe2\x80\xae"
          "evil",
          "\\u{202e}evil", NULL }, /* right-to-left override */
        { "\xe2\x81\xa6"
          "x",
          "\\u{2066}x", NULL }, /* isolate */
        { "a\xe2\x80\x8b"
          "b",
          "a\\u{200b}b", NULL }, /* zero width */
        { "\xef\xbb\xbf"
          "x",
          "\\u{feff}x", NULL },
        { "\xe2\x80\xa8"
          "x",
          "\\u{2028}x", NULL },                     /* line separator */
        { "\xf3\xa0\x81\x81", "\\u{e0041}", NULL }, /* tag letters */
        { "\xff"
          "a\x80",
          "\\xffa\\x80", NULL },            /* not UTF-8 at all */
        { "\xe2\x82", "\\xe2\\x82", NULL }, /* cut short */
    };
    char got[TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        safe(got, lit(cases[i].in), false);
        assert_string_equal(got, cases[i].out);
        safe(got, lit(cases[i].in), true);
        assert_string_equal(got, cases[i].out_lines != NULL ? cases[i].out_lines : cases[i].out);
    }
    safe(got, dbk_span_of("a\0b", 3), true);
    assert_string_equal(got, "a\\x00b");
}

static void hex_goes_there_and_back_and_refuses_the_rest(void **state)
{
    uint8_t in[256], back[256];
    char hex[513];
    dbk_err err = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = (uint8_t)i;
    dbk_hex_print(hex, dbk_span_of(in, sizeof(in)));
    assert_int_equal(strlen(hex), 512);
    assert_memory_equal(hex, "000102", 6);
    assert_string_equal(hex + 506, "fdfeff");
    assert_ok(dbk_hex_parse(back, sizeof(back), hex, &err), &err);
    assert_memory_equal(in, back, sizeof(in));
    assert_ok(dbk_hex_parse(back, 2, "AbCd", &err), &err);
    assert_memory_equal(back, "\xab\xcd", 2);
    dbk_hex_print(hex, dbk_span_of(NULL, 0));
    assert_string_equal(hex, "");
    static const char *const bad[] = { "", "a", "abc", "abcde", "abcg", "ab d", "0xab", "abc\xc3" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        memset(back, 0xee, sizeof(back));
        assert_rc(dbk_hex_parse(back, 2, bad[i], NULL), DBK_FORMAT, NULL);
        assert_memory_equal(back, "\0\0", 2);
    }
}

typedef dbk_rc (*base64_fn)(dbk_bytes *out, dbk_span in, dbk_err *err);

/* RFC 4648 section 10. */
static void base64_gives_the_vectors_of_rfc_4648(void **state)
{
    static const struct {
        const char *plain, *padded, *url;
    } cases[] = {
        { "", "", "" },
        { "f", "Zg==", "Zg" },
        { "fo", "Zm8=", "Zm8" },
        { "foo", "Zm9v", "Zm9v" },
        { "foob", "Zm9vYg==", "Zm9vYg" },
        { "fooba", "Zm9vYmE=", "Zm9vYmE" },
        { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
        { "\xfb\xff\xbe", "+/++", "-_--" },
    };
    static const base64_fn there[] = { dbk_base64_append, dbk_base64url_append };
    static const base64_fn back[] = { dbk_base64_parse, dbk_base64url_parse };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (size_t k = 0; k < 2; k++) {
            const char *text = k == 0 ? cases[i].padded : cases[i].url;
            dbk_bytes b = DBK_BYTES_INIT(100);
            dbk_err err = { 0 };
            assert_ok(there[k](&b, lit(cases[i].plain), &err), &err);
            assert_true(dbk_span_equal(dbk_bytes_span(&b), lit(text)));
            dbk_bytes_truncate(&b, 0);
            assert_ok(back[k](&b, lit(text), &err), &err);
            assert_true(dbk_span_equal(dbk_bytes_span(&b), lit(cases[i].plain)));
            dbk_bytes_wipe(&b);
        }
    }
}

static void every_byte_triple_survives_base64(void **state)
{
    dbk_bytes text = DBK_BYTES_INIT(100), plain = DBK_BYTES_INIT(100);
    (void)state;
    for (uint32_t v = 0; v < 1u << 16; v++) {
        uint8_t in[3] = { (uint8_t)(v >> 8), (uint8_t)v, (uint8_t)(v * 7) };
        size_t len = v % 3 + 1;
        dbk_bytes_truncate(&text, 0);
        dbk_bytes_truncate(&plain, 0);
        assert_ok(dbk_base64url_append(&text, dbk_span_of(in, len), NULL), NULL);
        assert_ok(dbk_base64url_parse(&plain, dbk_bytes_span(&text), NULL), NULL);
        assert_true(dbk_span_equal(dbk_bytes_span(&plain), dbk_span_of(in, len)));
    }
    dbk_bytes_wipe(&text);
    dbk_bytes_wipe(&plain);
}

/* One value, one text: or a signature over a text would not be one over the value. */
static void base64_of_a_known_length_is_read_without_memory(void **state)
{
    uint8_t out[5] = { 9, 9, 9, 9, 9 };
    (void)state;
    assert_true(dbk_base64_read(out, 4, lit("Zm9vYg==")));
    assert_memory_equal(out, "foob\x09", 5);
    assert_true(dbk_base64url_read(out, 4, lit("Zm9vYg")));
    assert_false(dbk_base64_read(out, 3, lit("Zm9vYg==")));
    assert_false(dbk_base64_read(out, 5, lit("Zm9vYg==")));
    assert_false(dbk_base64_read(out, 4, lit("Zm9vYg")));
    assert_false(dbk_base64_read(out, 4, lit("Zm9vYh==")));
    assert_false(dbk_base64url_read(out, 4, lit("Zm9vY")));
    assert_false(dbk_base64url_read(out, 4, lit("Zm9v*g")));
}

static void base64_refuses_padding_spare_bits_and_foreign_letters(void **state)
{
    static const char *const bad_url[] = { "A",    "AAAAA",  "Zg==",    "Zg=",   "Zh",
                                           "Zm9",  "Zm9vYh", "Zm8 ",    "Zm\n8", "Zm9+",
                                           "Zm9/", "Zm=v",   "\xc3\xa9" };
    static const char *const bad_std[] = { "Z",    "Zg",    "Zg=",  "Zh==",     "Zm9=",
                                           "Zm8",  "====",  "A===", "Zg==Zg==", "Zm9-",
                                           "Zm9_", "Zg= =", "=Zg=", "Zm9v=" };
    dbk_bytes b = DBK_BYTES_INIT(100);
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_bytes_append_str(&b, "kept", &err), &err);
    for (size_t i = 0; i < ARRAY_LEN(bad_url); i++)
        if (dbk_base64url_parse(&b, lit(bad_url[i]), NULL) != DBK_FORMAT)
            fail_msg("url: %s", bad_url[i]);
    for (size_t i = 0; i < ARRAY_LEN(bad_std); i++)
        if (dbk_base64_parse(&b, lit(bad_std[i]), NULL) != DBK_FORMAT)
            fail_msg("std: %s", bad_std[i]);
    assert_rc(dbk_base64url_parse(&b, dbk_span_of("Zg\0g", 4), NULL), DBK_FORMAT, NULL);
    assert_true(dbk_span_equal(dbk_bytes_span(&b), lit("kept"))); /* nothing leaks out */
    dbk_bytes_wipe(&b);
    dbk_bytes_init(&b, 2);
    assert_rc(dbk_base64url_parse(&b, lit("Zm9v"), NULL), DBK_LIMIT, NULL);
    assert_int_equal(b.len, 0);
    dbk_bytes_wipe(&b);
}

static void a_number_is_the_whole_text_in_its_only_form(void **state)
{
    static const struct {
        const char *in;
        dbk_rc want;
        uint64_t value;
    } cases[] = {
        { "0", DBK_OK, 0 },
        { "7", DBK_OK, 7 },
        { "18446744073709551615", DBK_OK, UINT64_MAX },
        { "18446744073709551616", DBK_FORMAT, 0 },
        { "99999999999999999999", DBK_FORMAT, 0 },
        { "", DBK_FORMAT, 0 },
        { "00", DBK_FORMAT, 0 },
        { "01", DBK_FORMAT, 0 },
        { "+1", DBK_FORMAT, 0 },
        { "-1", DBK_FORMAT, 0 },
        { " 1", DBK_FORMAT, 0 },
        { "1 ", DBK_FORMAT, 0 },
        { "1.0", DBK_FORMAT, 0 },
        { "0x1", DBK_FORMAT, 0 },
        { "\xd9\xa1", DBK_FORMAT, 0 }, /* a digit, but not ours */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t got = 1;
        if (dbk_u64_parse(&got, lit(cases[i].in), NULL) != cases[i].want || got != cases[i].value)
            fail_msg("\"%s\" gave %" PRIu64, cases[i].in, got);
    }
}

static void a_date_is_a_day_that_there_was(void **state)
{
    static const struct {
        const char *in;
        bool want;
    } cases[] = {
        { "2026-11-24", true },   { "0001-01-01", true },   { "9999-12-31", true },
        { "0000-12-31", false },  { "2024-02-29", true },   { "2026-02-29", false },
        { "2000-02-29", true },   { "1900-02-29", false },  { "2100-02-29", false },
        { "2026-04-31", false },  { "2026-06-30", true },   { "2026-13-01", false },
        { "2026-00-10", false },  { "2026-01-00", false },  { "2026-01-32", false },
        { "2026-1-1", false },    { "26-01-01", false },    { "2026/01/01", false },
        { "2026-01-01 ", false }, { " 2026-01-01", false }, { "", false },
        { "2026-01-0a", false },  { "20260101", false },    { "+026-01-01", false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (dbk_date_valid(lit(cases[i].in)) != cases[i].want)
            fail_msg("%s", cases[i].in);
}

static void a_time_is_rfc_3339_with_an_offset(void **state)
{
    static const struct {
        const char *in;
        dbk_rc want;
        int64_t ms;
    } cases[] = {
        { "1970-01-01T00:00:00Z", DBK_OK, 0 },
        { "1970-01-01 00:00Z", DBK_OK, 0 },
        { "1970-01-01t00:00:00z", DBK_OK, 0 },
        { "1970-01-01T00:00:00.001Z", DBK_OK, 1 },
        { "1970-01-01T00:00:00.5Z", DBK_OK, 500 },
        { "1970-01-01T00:00:00.25Z", DBK_OK, 250 },
        { "1970-01-01T00:00:00.123456789Z", DBK_OK, 123 },
        { "1970-01-01T00:00:00.1234567890Z", DBK_FORMAT, 0 },
        { "1970-01-01T00:00:00.Z", DBK_FORMAT, 0 },
        { "1969-12-31T23:59:59.999Z", DBK_OK, -1 },
        { "1970-01-01T01:00:00+01:00", DBK_OK, 0 },
        { "1969-12-31T18:30:00-05:30", DBK_OK, 0 },
        { "1970-01-01T00:00:00-00:00", DBK_OK, 0 },
        { "2026-11-24T14:30:00+00:00", DBK_OK, 1795530600000 },
        { "2001-09-09T01:46:40Z", DBK_OK, 1000000000000 },
        { "2038-01-19T03:14:08Z", DBK_OK, 2147483648000 },
        { "0001-01-01T00:00:00Z", DBK_OK, -62135596800000 },
        { "9999-12-31T23:59:59.999Z", DBK_OK, 253402300799999 },
        { "2024-02-29T12:00:00Z", DBK_OK, 1709208000000 },
        { "2026-11-24T14:30:00", DBK_FORMAT, 0 }, /* no offset: whose clock? */
        { "2026-11-24 14:30", DBK_FORMAT, 0 },
        { "2026-11-24", DBK_FORMAT, 0 },
        { "2026-11-24T24:00:00Z", DBK_FORMAT, 0 },
        { "2026-11-24T23:60:00Z", DBK_FORMAT, 0 },
        { "2026-06-30T23:59:60Z", DBK_FORMAT, 0 }, /* no leap seconds */
        { "2026-11-24T14:30:00+24:00", DBK_FORMAT, 0 },
        { "2026-11-24T14:30:00+00:60", DBK_FORMAT, 0 },
        { "2026-11-24T14:30:00+0000", DBK_FORMAT, 0 },
        { "2026-11-24T14:30:00+00", DBK_FORMAT, 0 },
        { "2026-11-24T14:30:00 Z", DBK_FORMAT, 0 },
        { "2026-11-24  14:30:00Z", DBK_FORMAT, 0 },
        { "2026-11-24T14Z", DBK_FORMAT, 0 },
        { "2026-11-24T14:30:00Zx", DBK_FORMAT, 0 },
        { "2026-02-30T14:30:00Z", DBK_FORMAT, 0 },
        { "2026-11-24T-1:30:00Z", DBK_FORMAT, 0 },
        { "", DBK_FORMAT, 0 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms = 77;
        if (dbk_time_parse(&ms, lit(cases[i].in), NULL) != cases[i].want || ms != cases[i].ms)
            fail_msg("\"%s\" gave %" PRId64, cases[i].in, ms);
    }
}

static void a_date_stands_for_its_first_moment_and_a_time_for_itself(void **state)
{
    static const struct {
        const char *in;
        dbk_rc want;
        int64_t ms;
    } cases[] = {
        { "1970-01-02", DBK_OK, 86400000 },       { "1969-12-31", DBK_OK, -86400000 },
        { "1970-01-01T00:00:01Z", DBK_OK, 1000 }, { "1970-01-02T00:00:00+01:00", DBK_OK, 82800000 },
        { "2026-02-30", DBK_FORMAT, 0 },          { "1970-01-02x", DBK_FORMAT, 0 },
        { "1970-01-0", DBK_FORMAT, 0 },           { "", DBK_FORMAT, 0 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms = 77;
        if (dbk_moment_parse(&ms, lit(cases[i].in), NULL) != cases[i].want || ms != cases[i].ms)
            fail_msg("\"%s\" gave %" PRId64, cases[i].in, ms);
    }
}

static void every_cut_of_a_time_is_refused_or_another_time(void **state)
{
    static const char whole[] = "2026-11-24T14:30:59.125+01:00";
    (void)state;
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        int64_t ms;
        assert_rc(dbk_time_parse(&ms, dbk_span_of(whole, len), NULL), DBK_FORMAT, NULL);
    }
    for (size_t bit = 0; bit < 8 * (sizeof(whole) - 1); bit++) {
        char flipped[sizeof(whole)];
        int64_t ms;
        memcpy(flipped, whole, sizeof(whole));
        flipped[bit / 8] = (char)(flipped[bit / 8] ^ (1 << (bit % 8)));
        dbk_rc rc = dbk_time_parse(&ms, dbk_span_of(flipped, sizeof(whole) - 1), NULL);
        assert_true(rc == DBK_OK || ms == 0);
    }
}

static void printing_a_time_undoes_parsing_it(void **state)
{
    (void)state;
    /* A prime step walks through all months, hours and leap years. */
    for (int64_t s = -62135596800; s <= 253402300799; s += 86400 * 37 + 1009) {
        char text[DBK_TIME_TEXT_SIZE];
        int64_t back;
        dbk_err err = { 0 };
        dbk_time_print(text, s * 1000 + 999);
        assert_ok(dbk_time_parse(&back, lit(text), &err), &err);
        if (back != s * 1000)
            fail_msg("%s", text);
    }
    char text[DBK_TIME_TEXT_SIZE];
    dbk_time_print(text, -1);
    assert_string_equal(text, "1969-12-31T23:59:59Z");
    dbk_time_print(text, INT64_MAX);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    dbk_time_print(text, INT64_MIN);
    assert_string_equal(text, "0001-01-01T00:00:00Z");
    dbk_time_print(text, (int64_t)1 << 48); /* what a hostile clock can claim at most */
    assert_string_equal(text, "9999-12-31T23:59:59Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_takes_just_the_table_of_rfc_3629),
        cmocka_unit_test(utf8_takes_every_code_point_but_zero_and_surrogates),
        cmocka_unit_test(text_that_drives_a_terminal_is_made_visible_A28),
        cmocka_unit_test(hex_goes_there_and_back_and_refuses_the_rest),
        cmocka_unit_test(base64_gives_the_vectors_of_rfc_4648),
        cmocka_unit_test(every_byte_triple_survives_base64),
        cmocka_unit_test(base64_of_a_known_length_is_read_without_memory),
        cmocka_unit_test(base64_refuses_padding_spare_bits_and_foreign_letters),
        cmocka_unit_test(a_number_is_the_whole_text_in_its_only_form),
        cmocka_unit_test(a_date_is_a_day_that_there_was),
        cmocka_unit_test(a_time_is_rfc_3339_with_an_offset),
        cmocka_unit_test(a_date_stands_for_its_first_moment_and_a_time_for_itself),
        cmocka_unit_test(every_cut_of_a_time_is_refused_or_another_time),
        cmocka_unit_test(printing_a_time_undoes_parsing_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
