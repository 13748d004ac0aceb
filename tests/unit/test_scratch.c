/* Words that were typed and aren't saved yet (core/journal/scratch.h). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/journal/scratch.h"
#include "tests/lib/org.h"

typedef struct heard {
    size_t count;
    char names[8][32], texts[8][64];
} heard;

static dbk_rc hear(void *ctx, const dbk_scratch *s, dbk_err *err)
{
    heard *h = ctx;
    (void)err;
    assert_true(h->count < ARRAY_LEN(h->names));
    (void)snprintf(h->names[h->count], sizeof(h->names[0]), "%.*s", (int)s->name.len, s->name.p);
    (void)snprintf(h->texts[h->count], sizeof(h->texts[0]), "%.*s", (int)s->text.len, s->text.p);
    h->count++;
    return DBK_OK;
}

static heard all_of(dbk_test_book *b)
{
    heard h = { 0 };
    dbk_err err = { 0 };
    assert_ok(dbk_scratch_each(b->book, hear, &h, &err), &err);
    return h;
}

static void keep(dbk_test_book *b, const char *name, const char *text)
{
    dbk_err err = { 0 };
    assert_ok(dbk_scratch_keep(b->book, dbk_span_str(name), dbk_span_str(text), &err), &err);
}

static void what_was_typed_is_there_after_the_store_was_closed_P1(void **state)
{
    dbk_test_book b;
    dbk_err err = { 0 };
    (void)state;
    dbk_test_book_make(&b, 1);
    keep(&b, "new/contact/account", "she sa");
    keep(&b, "new/contact/account", "she said that\nsh\xc3\xa9");
    keep(&b, "a", "1");
    dbk_test_book_reopen(&b);
    heard h = all_of(&b);
    assert_int_equal(h.count, 2);
    assert_string_equal(h.names[0], "a");
    assert_string_equal(h.names[1], "new/contact/account");
    assert_string_equal(h.texts[1], "she said that\nsh\xc3\xa9");
    keep(&b, "a", ""); /* saved, or not wanted any more */
    assert_ok(dbk_scratch_drop(b.book, dbk_span_str("new/contact/account"), &err), &err);
    assert_ok(dbk_scratch_drop(b.book, dbk_span_str("new/contact/account"), &err), &err);
    assert_int_equal(all_of(&b).count, 0);
    dbk_test_book_drop(&b);
}

static void a_name_is_dropped_with_all_beneath_it_and_nothing_else(void **state)
{
    static const char *const names[] = { "a", "a/1/x", "a/2", "a.b", "a0", "A/1", "b/a/1" };
    dbk_test_book b;
    dbk_err err = { 0 };
    (void)state;
    dbk_test_book_make(&b, 1);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        keep(&b, names[i], "t");
    assert_ok(dbk_scratch_drop(b.book, dbk_span_str("a"), &err), &err);
    heard h = all_of(&b);
    assert_int_equal(h.count, 4);
    assert_string_equal(h.names[0], "A/1");
    assert_string_equal(h.names[1], "a.b");
    assert_string_equal(h.names[2], "a0");
    assert_string_equal(h.names[3], "b/a/1");
    dbk_test_book_drop(&b);
}

static void names_texts_and_how_many_have_their_limits(void **state)
{
    static char text[DBK_SCRATCH_TEXT_BYTES_MAX + 2], name[DBK_SCRATCH_NAME_BYTES_MAX + 2];
    dbk_test_book b;
    dbk_err err = { 0 };
    (void)state;
    dbk_test_book_make(&b, 1);
    memset(text, 'x', sizeof(text) - 1);
    memset(name, 'n', sizeof(name) - 1);
    const struct {
        dbk_span name, text;
        dbk_rc rc;
    } cases[] = {
        { dbk_span_str("a"), dbk_span_of(text, DBK_SCRATCH_TEXT_BYTES_MAX), DBK_OK },
        { dbk_span_str("a"), dbk_span_of(text, DBK_SCRATCH_TEXT_BYTES_MAX + 1), DBK_LIMIT },
        { dbk_span_of(name, DBK_SCRATCH_NAME_BYTES_MAX), dbk_span_str("t"), DBK_OK },
        { dbk_span_of(name, DBK_SCRATCH_NAME_BYTES_MAX + 1), dbk_span_str("t"), DBK_LIMIT },
        { dbk_span_str(""), dbk_span_str("t"), DBK_INVALID },
        { dbk_span_str("\xff"), dbk_span_str("t"), DBK_INVALID },
        { dbk_span_str("a"), dbk_span_str("\xc3"), DBK_INVALID },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_err_clear(&err);
        assert_rc(dbk_scratch_keep(b.book, cases[i].name, cases[i].text, &err), cases[i].rc, &err);
    }
    for (unsigned i = 2; i < DBK_SCRATCHES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "%u", i);
        keep(&b, name, "t");
    }
    dbk_err_clear(&err);
    assert_rc(dbk_scratch_keep(b.book, dbk_span_str("one more"), dbk_span_str("t"), &err),
              DBK_LIMIT, &err);
    keep(&b, "2", "what is there may change");
    dbk_test_book_drop(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_typed_is_there_after_the_store_was_closed_P1),
        cmocka_unit_test(a_name_is_dropped_with_all_beneath_it_and_nothing_else),
        cmocka_unit_test(names_texts_and_how_many_have_their_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
