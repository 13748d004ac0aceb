#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/bytes.h"
#include "core/base/text.h"

static void assert_bytes(const dbk_bytes *b, const char *want)
{
    assert_true(b->len <= b->cap);
    assert_true(b->cap <= b->max);
    assert_true(dbk_span_equal(dbk_bytes_span(b), dbk_span_str(want)));
}

static void spans_order_bytewise_and_a_prefix_comes_first(void **state)
{
    static const char *const sorted[] = { "", "A", "a", "aa", "ab", "b", "\x80", "\xff" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sorted); i++) {
        for (size_t k = 0; k < ARRAY_LEN(sorted); k++) {
            int order = dbk_span_compare(dbk_span_str(sorted[i]), dbk_span_str(sorted[k]));
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
            assert_int_equal(dbk_span_equal(dbk_span_str(sorted[i]), dbk_span_str(sorted[k])),
                             i == k);
        }
    }
    assert_true(dbk_span_equal((dbk_span){ NULL, 0 }, dbk_span_str("")));
    assert_int_equal(dbk_span_compare((dbk_span){ NULL, 0 }, dbk_span_str("")), 0);
}

static void appending_up_to_the_cap_works_and_one_over_changes_nothing(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 600; cap += 37) {
        dbk_bytes b = DBK_BYTES_INIT(cap);
        dbk_err err = { 0 };
        for (size_t i = 0; i < cap; i++)
            assert_ok(dbk_bytes_append_u8(&b, (uint8_t)i, &err), &err);
        assert_int_equal(b.len, cap);
        assert_rc(dbk_bytes_append_u8(&b, 1, &err), DBK_LIMIT, &err);
        assert_int_equal(b.len, cap);
        for (size_t i = 0; i < cap; i++)
            assert_int_equal(b.p[i], (uint8_t)i);
        dbk_bytes_wipe(&b);
        assert_null(b.p);
        assert_int_equal(b.max, cap); /* ready for reuse */
    }
}

static void appending_nothing_needs_no_memory(void **state)
{
    dbk_bytes b = DBK_BYTES_INIT(10);
    uint8_t *room = (uint8_t *)&b;
    (void)state;
    assert_rc(dbk_bytes_append(&b, (dbk_span){ NULL, 0 }, NULL), DBK_OK, NULL);
    assert_rc(dbk_bytes_append_str(&b, "", NULL), DBK_OK, NULL);
    assert_rc(dbk_bytes_append_fmt(&b, NULL, "%s", ""), DBK_OK, NULL);
    assert_rc(dbk_bytes_extend(&b, &room, 0, NULL), DBK_OK, NULL);
    assert_null(room);
    dbk_bytes_truncate(&b, 0);
    assert_null(b.p);
    dbk_bytes_wipe(&b);
}

/* The zero byte that vsnprintf writes is not the caller's and must not count. */
static void formatted_text_fills_the_cap_to_the_last_byte(void **state)
{
    static const size_t lens[] = { 0, 1, 9, 255, 256, 257, 1000 };
    char text[1001];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        dbk_err err = { 0 };
        memset(text, 'x', lens[i]);
        text[lens[i]] = '\0';
        dbk_bytes b = DBK_BYTES_INIT(lens[i] + 1);
        assert_ok(dbk_bytes_append_u8(&b, '>', &err), &err);
        assert_ok(dbk_bytes_append_fmt(&b, &err, "%s", text), &err);
        assert_int_equal(b.len, lens[i] + 1);
        assert_true(lens[i] == 0 || b.p[lens[i]] == 'x');
        dbk_bytes_wipe(&b);
        if (lens[i] == 0)
            continue;
        dbk_bytes_init(&b, lens[i] - 1);
        assert_rc(dbk_bytes_append_fmt(&b, &err, "%s", text), DBK_LIMIT, &err);
        assert_int_equal(b.len, 0);
        dbk_bytes_wipe(&b);
    }
}

static void extend_truncate_and_append_keep_what_is_there(void **state)
{
    dbk_bytes b = DBK_BYTES_INIT(1000);
    uint8_t *room;
    (void)state;
    assert_rc(dbk_bytes_append_str(&b, "ab", NULL), DBK_OK, NULL);
    assert_rc(dbk_bytes_extend(&b, &room, 3, NULL), DBK_OK, NULL);
    memcpy(room, "cde", 3);
    assert_bytes(&b, "abcde");
    dbk_bytes_truncate(&b, 4);
    assert_bytes(&b, "abcd");
    assert_int_equal(b.p[4], 0); /* what was cut off is wiped */
    assert_rc(dbk_bytes_append_fmt(&b, NULL, "%d-%s", 7, "z"), DBK_OK, NULL);
    assert_bytes(&b, "abcd7-z");
    assert_rc(dbk_bytes_extend(&b, &room, 994, NULL), DBK_LIMIT, NULL);
    assert_null(room);
    assert_bytes(&b, "abcd7-z");
    dbk_bytes_wipe(&b);
}

static int fail_now(void *ctx, size_t size)
{
    (void)ctx;
    (void)size;
    return 0;
}

static void without_memory_the_buffer_stays_as_it_was_R19(void **state)
{
    dbk_bytes b = DBK_BYTES_INIT(10000);
    dbk_err err = { 0 };
    char big[600];
    (void)state;
    memset(big, 'y', sizeof(big));
    big[sizeof(big) - 1] = '\0';
    assert_ok(dbk_bytes_append_str(&b, "kept", &err), &err);
    dbk_alloc_set_hook(fail_now, NULL);
    dbk_rc rc = dbk_bytes_append_str(&b, big, &err);
    dbk_rc fmt = dbk_bytes_append_fmt(&b, NULL, "%s", big);
    dbk_alloc_set_hook(NULL, NULL);
    assert_rc(rc, DBK_NOMEM, &err);
    assert_int_equal(fmt, DBK_NOMEM);
    assert_bytes(&b, "kept");
    dbk_bytes_wipe(&b);
}

/* ---- alloc --------------------------------------------------------------------------------- */

static void memory_starts_as_zeros_and_keeps_its_bytes_when_it_moves(void **state)
{
    (void)state;
    uint8_t *p = dbk_alloc(100);
    assert_non_null(p);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(p[i], 0);
        p[i] = (uint8_t)i;
    }
    assert_int_equal(dbk_alloc_size(p), 100);
    p = dbk_realloc(p, 5000);
    assert_non_null(p);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(p[i], i < 100 ? i : 0);
    p = dbk_realloc(p, 10);
    assert_non_null(p);
    assert_int_equal(dbk_alloc_size(p), 10);
    assert_int_equal(p[9], 9);
    dbk_free(p);
    dbk_free(NULL);
    p = dbk_realloc(NULL, 0);
    assert_non_null(p);
    dbk_free(p);
    char *text = dbk_strdup("note");
    assert_string_equal(text, "note");
    dbk_free(text);
}

static void a_size_that_overflows_is_refused(void **state)
{
    (void)state;
    /* volatile: or the compiler warns of what is tested here. */
    volatile size_t huge = SIZE_MAX;
    assert_null(dbk_alloc(huge));
    assert_null(dbk_alloc(huge - 8));
    assert_null(dbk_alloc_array(huge / 2, 3));
    void *none = dbk_alloc_array(0, 8);
    assert_non_null(none);
    dbk_free(none);
}

static void wiping_leaves_zeros(void **state)
{
    uint8_t secret[32];
    (void)state;
    memset(secret, 0x5a, sizeof(secret));
    dbk_wipe(secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(secret); i++)
        assert_int_equal(secret[i], 0);
    dbk_wipe(NULL, 0);
}

/* ---- err ----------------------------------------------------------------------------------- */

static void the_first_failure_is_kept_R10(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    assert_int_equal(dbk_fail(&err, DBK_FORMAT, "first %d", 1), DBK_FORMAT);
    assert_int_equal(dbk_fail(&err, DBK_IO, "second"), DBK_IO);
    assert_int_equal(err.rc, DBK_FORMAT);
    assert_string_equal(err.text, "first 1");
    dbk_err_clear(&err);
    assert_int_equal(err.rc, DBK_OK);
    assert_int_equal(dbk_fail(&err, DBK_IO, "third"), DBK_IO);
    assert_string_equal(err.text, "third");
    assert_int_equal(dbk_fail(NULL, DBK_IO, "nobody listens"), DBK_IO);
    dbk_err_clear(NULL);
}

/* A text that is cut short must still be UTF-8, or --json could not print it. */
static void a_long_failure_text_is_cut_between_characters(void **state)
{
    static const char *const chars[] = { "x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x9a\x93" };
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(chars); k++) {
        for (size_t shift = 0; shift < 5; shift++) {
            char text[2 * DBK_ERR_TEXT_MAX] = "";
            size_t len = shift, step = strlen(chars[k]);
            memset(text, '.', shift);
            while (len + step < sizeof(text)) {
                memcpy(text + len, chars[k], step + 1);
                len += step;
            }
            dbk_err err = { 0 };
            (void)dbk_fail(&err, DBK_IO, "%s", text);
            assert_true(dbk_utf8_valid(dbk_span_str(err.text)));
            assert_true(strlen(err.text) + 4 >= DBK_ERR_TEXT_MAX);
            assert_memory_equal(err.text, text, strlen(err.text));
        }
    }
}

static void each_cause_has_a_name_a_text_and_its_own_exit_status(void **state)
{
    (void)state;
    for (int i = 0; i < DBK_RC_COUNT; i++) {
        assert_memory_equal(dbk_rc_name((dbk_rc)i), "DBK_", 4);
        assert_true(strlen(dbk_rc_text((dbk_rc)i)) > 1);
        for (int k = 0; k < i; k++)
            assert_int_not_equal(dbk_rc_exit_status((dbk_rc)i), dbk_rc_exit_status((dbk_rc)k));
    }
    assert_int_equal(dbk_rc_exit_status(DBK_OK), 0);
    assert_int_equal(dbk_rc_exit_status(DBK_USAGE), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_order_bytewise_and_a_prefix_comes_first),
        cmocka_unit_test(appending_up_to_the_cap_works_and_one_over_changes_nothing),
        cmocka_unit_test(appending_nothing_needs_no_memory),
        cmocka_unit_test(formatted_text_fills_the_cap_to_the_last_byte),
        cmocka_unit_test(extend_truncate_and_append_keep_what_is_there),
        cmocka_unit_test(without_memory_the_buffer_stays_as_it_was_R19),
        cmocka_unit_test(memory_starts_as_zeros_and_keeps_its_bytes_when_it_moves),
        cmocka_unit_test(a_size_that_overflows_is_refused),
        cmocka_unit_test(wiping_leaves_zeros),
        cmocka_unit_test(the_first_failure_is_kept_R10),
        cmocka_unit_test(a_long_failure_text_is_cut_between_characters),
        cmocka_unit_test(each_cause_has_a_name_a_text_and_its_own_exit_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
