/* Full-text search: what is found, what is shown of it, and what is no search at all. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/proof.h"
#include "tests/lib/querykit.h"

static rows search(dbk_book *book, const char *text)
{
    dbk_err err = { 0 };
    rows r;
    memset(&r, 0, sizeof(r));
    assert_ok(dbk_query_search(book, text, 0, rows_take, &r, &err), &err);
    return r;
}

static void search_finds_words_whatever_their_case_and_accents(void **state)
{
    static const char *const rene[] = { "name=Ren\xc3\xa9\x65 O'Brien-\xc3\x9clk\xc3\xbc",
                                        "needs_detail=Sleeps badly since the crash on the A38",
                                        "phones:=", NULL };
    static const struct {
        const char *text;
        size_t want;
    } cases[] = {
        { "renee", 1 },
        { "REN\xc3\x89", 1 },
        { "ulku", 1 },
        { "o'brien", 1 },
        { "brien", 1 },
        { "O\xe2\x80\x99"
          "Brien",
          1 },
        { "a38 crash", 1 },
        { "crash a3", 1 },
        { "a3 crash", 0 },
        { "crash train", 0 },
        { "joan", 1 },
        { "jo", 1 },
        { "\"joan\"", 1 },
        { "joan OR renee", 0 },
        { "joan*", 1 },
        { "(joan", 1 },
        { "name:joan", 0 },
        { "joan -marsh", 1 },
        { "NOT joan", 0 },
        { "^joan", 1 },
        { "joan + marsh", 1 },
        { "{joan}", 1 },
        { "female", 1 },
        { "xyzzy", 0 },
    };
    const char *fields[] = { rene[0], rene[1], NULL };
    world w;
    (void)state;
    world_make(&w);
    (void)world_add(&w, ANNE, "person", fields);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t got = search(world_book(&w, ANNE), cases[i].text).count;
        if (got != cases[i].want)
            fail_msg("\"%s\": %zu, not %zu", cases[i].text, got, cases[i].want);
    }
    world_drop(&w);
}

static void a_search_for_nothing_or_too_much_is_an_error_in_words(void **state)
{
    static char long_text[2000], many[200];
    world w;
    (void)state;
    world_make(&w);
    memset(long_text, 'a', sizeof(long_text) - 1);
    for (size_t i = 0; i + 2 < sizeof(many); i += 2)
        memcpy(many + i, "a ", 2);
    const char *const wrong[] = { "", "   ", "*", "\"", "-- \"'", long_text, many, "\xff\xfe" };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        dbk_err err = { 0 };
        rows r = { 0 };
        dbk_rc rc = dbk_query_search(world_book(&w, ANNE), wrong[i], 0, rows_take, &r, &err);
        if (rc != DBK_INVALID || err.text[0] == '\0')
            fail_msg("case %zu: %s %s", i, dbk_rc_name(rc), err.text);
    }
    world_drop(&w);
}

static void the_snippet_shows_the_words_around_the_match(void **state)
{
    static const char *const fields[] = {
        "name=Ruth",
        "needs_detail=She asked three times whether the release of property can wait until after "
        "the "
        "funeral of her brother M\xc3\xa9h\xc3\xa9met in Izmir, because nobody else can travel, "
        "and "
        "the consulate has not said when the papers are to be ready.",
        NULL
    };
    world w;
    (void)state;
    world_make(&w);
    (void)world_add(&w, ANNE, "person", fields);
    rows r = search(world_book(&w, ANNE), "mehemet");
    assert_int_equal(r.count, 1);
    assert_non_null(strstr(r.snippet[0], "M\xc3\xa9h\xc3\xa9met in Izmir"));
    assert_true(strncmp(r.snippet[0], "\xe2\x80\xa6", 3) == 0);
    assert_true(strlen(r.snippet[0]) < 200);
    r = search(world_book(&w, ANNE), "ruth");
    assert_int_equal(r.count, 1);
    assert_true(strncmp(r.snippet[0], "Ruth", 4) == 0);
    assert_null(strchr(r.snippet[0], '\n'));
    world_drop(&w);
}

static void search_follows_edits_and_finds_what_lost_a_dispute_p2(void **state)
{
    world w;
    dbk_err err = { 0 };
    uint64_t left = 0;
    (void)state;
    world_make(&w);
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    minilog_pull(&w.log, world_book(&w, BEN), 10, NULL);
    dbk_book *anne = world_book(&w, ANNE);
    assert_int_equal(search(anne, "marsh").count, 1);
    world_edit(&w, ANNE, "name=Joan Fenn");
    assert_int_equal(search(anne, "marsh").count, 0);
    assert_int_equal(search(anne, "fenn").count, 1);
    world_edit(&w, BEN, "name=Joan Heath");
    (void)minilog_append_own(&w.log, world_book(&w, BEN), KIT_NOON_MS);
    minilog_pull(&w.log, anne, 10, NULL);
    assert_int_equal(search(anne, "fenn").count, 1);
    assert_int_equal(search(anne, "heath").count, 1);
    /* Indexing can be done bit by bit. */
    for (int i = 0; i < 5; i++) {
        static const char *const fields[] = { "name=Ruth", NULL };
        (void)world_add(&w, ANNE, "person", fields);
    }
    assert_ok(dbk_query_index(anne, &left, 3, &err), &err);
    assert_int_equal(left, 2);
    assert_ok(dbk_query_index(anne, &left, 0, &err), &err);
    assert_int_equal(left, 2);
    assert_int_equal(search(anne, "ruth").count, 5);
    assert_ok(dbk_query_index(anne, &left, 100, &err), &err);
    assert_int_equal(left, 0);
    (void)proof_clean(anne, &w.org.space);
    world_drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(search_finds_words_whatever_their_case_and_accents),
        cmocka_unit_test(a_search_for_nothing_or_too_much_is_an_error_in_words),
        cmocka_unit_test(the_snippet_shows_the_words_around_the_match),
        cmocka_unit_test(search_follows_edits_and_finds_what_lost_a_dispute_p2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
