#include "tests/lib/test.h"

#include <jansson.h>

#include "core/base/alloc.h"
#include "core/journal/book_internal.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define KIT(version, more)                                                   \
    "{\"form\":\"kit\",\"version\":" version ",\"title\":\"Kit\","           \
    "\"groups\":{\"bag\":{\"label\":\"Bag\",\"rule\":\"ask\"}},\"fields\":[" \
    "{\"name\":\"colour\",\"label\":\"Colour\",\"kind\":\"text\",\"group\":\"bag\"}" more "]}"
#define SIZE ",{\"name\":\"size\",\"label\":\"Size\",\"kind\":\"text\",\"group\":\"bag\"}"

enum { DESK, ANN };

static void know(dbk_test_org *org, int who, const char *form)
{
    dbk_err err = { 0 };
    assert_ok(dbk_forms_add(org->books[who].book->forms, dbk_span_str(form), &err), &err);
}

/* "Unknown forms, fields and codes are kept and forwarded unchanged" (design.md section 5). */
static void an_older_program_edits_a_group_and_takes_no_newer_field_away_1_11(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    know(&org, DESK, KIT("1", ""));
    know(&org, DESK, KIT("2", SIZE));
    know(&org, ANN, KIT("1", ""));
    dbk_book *desk = org.books[DESK].book, *ann = org.books[ANN].book;
    dbk_id id = dbk_test_add(desk, &org.space, "kit", TEXTS("colour=red", "size=small"));
    dbk_test_org_exchange(&org);
    assert_string_equal(dbk_test_text(ann, &id, "colour"), "red");
    dbk_test_edit(ann, &id, TEXTS("colour=blue"));
    dbk_test_org_exchange(&org);
    assert_string_equal(dbk_test_text(desk, &id, "colour"), "blue");
    assert_string_equal(dbk_test_text(desk, &id, "size"), "small");
    assert_int_equal(dbk_test_attention(desk, &id).asks, 0);
    dbk_test_org_check(&org);
    dbk_test_org_drop(&org);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_program_edits_a_group_and_takes_no_newer_field_away_1_11),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
