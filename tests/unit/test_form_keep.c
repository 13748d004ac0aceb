/* A later version of a form may not protect less: core/model/form_keep.h (P6). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/form_keep.h"

#define HEAD(version, more) \
    "{\"form\":\"kit\",\"version\":" version ",\"title\":\"Kit\"" more ",\"fields\":["
#define END "]}"
#define NAME "{\"name\":\"name\",\"label\":\"Name\",\"kind\":\"text\",\"need\":\"sign\"}"
#define RISK(more)                                                                             \
    "{\"name\":\"risk\",\"label\":\"Risk\",\"kind\":\"code\",\"rule\":\"cautious\",\"codes\":" \
    "{\"high\":\"High\",\"low\":\"Low\"}" more "}"
#define ORDER ",\"protect\":[\"high\",\"not_known\",\"low\"]"
#define PHONE(more) \
    "{\"name\":\"phone\",\"label\":\"Phone\",\"kind\":\"phone\",\"need\":\"warn\"" more "}"
#define ROUTE ",\"route\":true"
#define ILL(more) "{\"name\":\"ill\",\"label\":\"Ill\",\"kind\":\"bool3\"" more "}"
#define SENSITIVE ",\"sensitive\":true"
#define WHY(more) "{\"name\":\"why\",\"label\":\"Why\",\"kind\":\"text\"" more "}"
#define IF_ILL ",\"need_if\":{\"ill\":\"yes\"}"
#define NEXT(more)                                                           \
    "{\"name\":\"next\",\"label\":\"Next\",\"kind\":\"object\",\"fields\":[" \
    "{\"name\":\"when\",\"label\":\"When\",\"kind\":\"date\",\"need\":\"sign\"}" more "]}"
#define WHERE ",{\"name\":\"where\",\"label\":\"Where\",\"kind\":\"text\"}"
#define SEEN(more) "{\"name\":\"seen\",\"label\":\"Seen\",\"kind\":\"text\"" more "}"
#define AFTER ",\"after_sign\":true"
#define REVIEW(order) \
    "{\"name\":\"revisit\",\"label\":\"Review\",\"kind\":\"date\",\"rule\":\"cautious\"" order "}"
#define EARLIEST ",\"protect\":\"earliest\""
#define ALL_BUT_RISK \
    PHONE(ROUTE)     \
    "," ILL(SENSITIVE) "," WHY(IF_ILL) "," NEXT(WHERE) "," SEEN("") "," REVIEW(EARLIEST)
#define ALL NAME "," RISK(ORDER) "," ALL_BUT_RISK
#define SIGNS ",\"signs\":true"
#define OLD HEAD("1", SIGNS) ALL END
#define NEW(fields) HEAD("1000", SIGNS) fields END

static dbk_form *parsed(const char *json)
{
    dbk_form *form = NULL;
    dbk_err err = { 0 };
    assert_ok(dbk_form_parse(&form, dbk_span_str(json), &err), &err);
    return form;
}

static dbk_rc compare(const char *newer, const char *older, dbk_err *err)
{
    dbk_form *a = parsed(newer), *b = parsed(older);
    dbk_rc rc = dbk_form_keeps(a, b, err);
    dbk_form_free(a);
    dbk_form_free(b);
    return rc;
}

static void what_adds_and_says_otherwise_is_kept(void **state)
{
    static const char *const rows[] = {
        NEW(ALL),
        /* a further field, other order, other labels */
        NEW("{\"name\":\"extra\",\"label\":\"Extra\",\"kind\":\"text\"}," ALL),
        /* needed more; another route that is marked as one */
        NEW(NAME "," RISK(ORDER) "," PHONE(ROUTE ",\"help\":\"Ours\"") "," ILL(
            SENSITIVE
            ",\"need\""
            ":\"sign"
            "\"") "," WHY(IF_ILL) "," NEXT(WHERE) "," SEEN("") "," REVIEW(EARLIEST) ",{\"name\":"
                                                                                    "\"email\","
                                                                                    "\"label\":"
                                                                                    "\"Email\","
                                                                                    "\"kind\":"
                                                                                    "\"email\","
                                                                                    "\"route\":"
                                                                                    "true}"),
        /* a further answer between the two */
        NEW(NAME ",{\"name\":\"risk\",\"label\":\"Danger\",\"kind\":\"code\",\"rule\":\"cautious\","
                 "\"codes\":{\"high\":\"High\",\"low\":\"Low\",\"middle\":\"Middle\"},"
                 "\"protect\":[\"high\",\"middle\",\"not_known\",\"low\"]}," ALL_BUT_RISK),
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        dbk_err err = { 0 };
        assert_ok(compare(rows[i], OLD, &err), &err);
    }
}

static void what_protects_less_is_refused_and_named(void **state)
{
    static const struct {
        const char *newer, *says;
    } rows[] = {
        { HEAD("1000", "") ALL END, "could not be signed" },
        { NEW(RISK(ORDER) "," ALL_BUT_RISK), "name is gone" },
        { NEW("{\"name\":\"name\",\"label\":\"Name\",\"kind\":\"longtext\",\"need\":\"sign\"}"
              "," RISK(ORDER) "," ALL_BUT_RISK),
          "name is of another kind" },
        { NEW("{\"name\":\"name\",\"label\":\"Name\",\"kind\":\"text\",\"need\":\"warn\"}," RISK(
              ORDER) "," ALL_BUT_RISK),
          "name is needed less" },
        { NEW(NAME ",{\"name\":\"risk\",\"label\":\"Risk\",\"kind\":\"code\",\"rule\":\"latest\","
                   "\"codes\":{\"high\":\"High\",\"low\":\"Low\"}}," ALL_BUT_RISK),
          "risk merges by another rule" },
        { NEW(NAME "," RISK(ORDER ",\"lower_needs\":\"nothing\"") "," ALL_BUT_RISK),
          "risk could be lowered without a reason" },
        { NEW(NAME "," RISK(",\"protect\":[\"low\",\"not_known\",\"high\"]") "," ALL_BUT_RISK),
          "risk has another order" },
        { NEW(NAME "," RISK(",\"protect\":[\"not_known\",\"high\",\"low\"]") "," ALL_BUT_RISK),
          "risk has another order" },
        { NEW(NAME "," RISK(ORDER ",\"default\":\"low\"") "," ALL_BUT_RISK),
          "risk begins with another answer" },
        { NEW(NAME ",{\"name\":\"risk\",\"label\":\"Risk\",\"kind\":\"code\",\"rule\":\"cautious\","
                   "\"codes\":{\"high\":\"High\"},\"protect\":[\"high\"]}," ALL_BUT_RISK),
          "risk lacks an answer" },
        { NEW(NAME "," RISK(ORDER) "," PHONE("") "," ILL(SENSITIVE) "," WHY(IF_ILL) "," NEXT(
              WHERE) "," SEEN("") "," REVIEW(EARLIEST)),
          "phone isn't marked as a route" },
        { NEW(NAME "," RISK(ORDER) "," PHONE(ROUTE) "," ILL("") "," WHY(IF_ILL) "," NEXT(
              WHERE) "," SEEN("") "," REVIEW(EARLIEST)),
          "ill isn't marked as sensitive" },
        { NEW(NAME "," RISK(ORDER) "," PHONE(ROUTE) "," ILL(SENSITIVE) "," WHY("") "," NEXT(
              WHERE) "," SEEN("") "," REVIEW(EARLIEST)),
          "why has other conditions" },
        { NEW(NAME "," RISK(ORDER) "," PHONE(ROUTE) "," ILL(SENSITIVE) "," WHY(
              IF_ILL ",\"need_or\":\"name\"") "," NEXT(WHERE) "," SEEN("") "," REVIEW(EARLIEST)),
          "why has other conditions" },
        { NEW(NAME "," RISK(ORDER) "," PHONE(ROUTE) "," ILL(SENSITIVE) "," WHY(IF_ILL) "," NEXT(
              "") "," SEEN("") "," REVIEW(EARLIEST)),
          "next.where is gone" },
        { NEW(NAME "," RISK(ORDER) "," PHONE(ROUTE) "," ILL(SENSITIVE) "," WHY(IF_ILL) "," NEXT(
              WHERE) "," SEEN(AFTER) "," REVIEW(EARLIEST)),
          "seen could be written after the signature" },
        { NEW(NAME "," RISK(ORDER) "," PHONE(ROUTE) "," ILL(SENSITIVE) "," WHY(IF_ILL) "," NEXT(
              WHERE) "," SEEN("") "," REVIEW(",\"protect\":\"latest\"")),
          "revisit has another order" },
        { NEW(ALL ",{\"name\":\"email\",\"label\":\"Email\",\"kind\":\"email\"}"),
          "email reaches a person and isn't marked as a route" },
        { NEW(ALL ",{\"name\":\"kin\",\"label\":\"Kin\",\"kind\":\"object\",\"fields\":["
                  "{\"name\":\"at\",\"label\":\"At\",\"kind\":\"address\"}]}"),
          "kin reaches a person and isn't marked as a route" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        dbk_err err = { 0 };
        dbk_rc rc = compare(rows[i].newer, OLD, &err);
        if (rc != DBK_DENIED || strstr(err.text, rows[i].says) == NULL)
            fail_msg("row %zu: \"%s\" isn't said, but: %s", i, rows[i].says, err.text);
    }
}

static void a_field_may_not_leave_its_group(void **state)
{
#define GROUPS ",\"groups\":{\"bag\":{\"label\":\"Bag\",\"rule\":\"once\"}}"
#define ONE(group)                                                                                 \
    "{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\"" group "},{\"name\":\"b\",\"label\":\"B\"," \
    "\"kind\":\"text\",\"group\":\"bag\"}"
    dbk_err err = { 0 };
    (void)state;
    assert_rc(compare(HEAD("2", GROUPS) ONE(",\"rule\":\"once\"") END,
                      HEAD("1", GROUPS) ONE(",\"group\":\"bag\"") END, &err),
              DBK_DENIED, &err);
    assert_non_null(strstr(err.text, "a is in another group"));
}

/* The shipped forms are what packs are measured by: each keeps itself. */
static void each_shipped_form_keeps_itself(void **state)
{
    dbk_forms *forms = NULL;
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_forms_new(&forms, &err), &err);
    for (size_t i = 0; i < dbk_forms_count(forms); i++)
        assert_ok(dbk_form_keeps(dbk_forms_at(forms, i), dbk_forms_at(forms, i), &err), &err);
    dbk_forms_free(forms);
}

/* ---- in a set of forms --------------------------------------------------------------------- */

static dbk_rc add(dbk_forms *forms, const char *json, uint64_t pack, dbk_forms_how how,
                  dbk_err *err)
{
    const dbk_forms_text text = { dbk_span_str(json), pack, how };
    return dbk_forms_add_pack(forms, &text, err);
}

static void a_packs_versions_begin_where_the_programs_end(void **state)
{
    dbk_forms *forms = NULL;
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_forms_new(&forms, &err), &err);
    size_t before = dbk_forms_count(forms);
    assert_rc(add(forms, HEAD("999", "") NAME END, 1, DBK_FORMS_AS_NEW, &err), DBK_INVALID, &err);
    err = (dbk_err){ 0 };
    assert_rc(add(forms,
                  "{\"form\":\"audit\",\"version\":1000,\"title\":\"A\",\"fields\":[" NAME END, 1,
                  DBK_FORMS_AS_NEW, &err),
              DBK_DENIED, &err);
    assert_int_equal(dbk_forms_count(forms), before);
    err = (dbk_err){ 0 };
    assert_ok(add(forms, HEAD("1000", "") NAME END, 7, DBK_FORMS_AS_NEW, &err), &err);
    assert_int_equal(dbk_forms_count(forms), before + 1);
    dbk_forms_drop_pack(forms, 7);
    assert_int_equal(dbk_forms_count(forms), before);
    assert_null(dbk_forms_find(forms, dbk_span_str("kit"), 0));
    dbk_forms_free(forms);
}

static void one_version_has_one_text_for_ever(void **state)
{
    dbk_forms *forms = NULL;
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_forms_new(&forms, &err), &err);
    assert_ok(add(forms, HEAD("1000", "") NAME END, 1, DBK_FORMS_AS_NEW, &err), &err);
    size_t before = dbk_forms_count(forms);
    assert_ok(add(forms, HEAD("1000", "") NAME END, 2, DBK_FORMS_AS_NEW, &err), &err);
    assert_rc(add(forms, HEAD("1000", SIGNS) NAME END, 2, DBK_FORMS_AS_NEW, &err), DBK_CONFLICT,
              &err);
    assert_int_equal(dbk_forms_count(forms), before);
    dbk_forms_free(forms);
}

static void between_two_versions_neither_side_is_weakened(void **state)
{
    dbk_forms *forms = NULL;
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_forms_new(&forms, &err), &err);
    assert_ok(add(forms, HEAD("1002", SIGNS) ALL END, 1, DBK_FORMS_AS_NEW, &err), &err);
    assert_rc(add(forms, HEAD("1003", SIGNS) NAME END, 2, DBK_FORMS_AS_NEW, &err), DBK_DENIED,
              &err);
    err = (dbk_err){ 0 };
    /* 1002 would lack what 1001 asks. */
    assert_rc(add(forms,
                  HEAD("1001", SIGNS) ALL
                  ",{\"name\":\"more\",\"label\":\"More\",\"kind\":\"text\"}" END,
                  2, DBK_FORMS_AS_NEW, &err),
              DBK_DENIED, &err);
    dbk_forms_free(forms);
}

/* A program that came later protects more: what the force had is for what was begun with it. */
static void a_later_program_that_protects_more_wins_for_new_records(void **state)
{
    dbk_forms *forms = NULL;
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_forms_new(&forms, &err), &err);
    assert_ok(dbk_forms_add(forms, dbk_span_str(HEAD("2", SIGNS) ALL END), &err), &err);
    assert_ok(add(forms, HEAD("1000", SIGNS) NAME END, 1, DBK_FORMS_AS_HELD, &err), &err);
    const dbk_form *newest = dbk_forms_find(forms, dbk_span_str("kit"), 0);
    assert_non_null(newest);
    assert_int_equal(dbk_form_version(newest), 2);
    assert_non_null(dbk_forms_find(forms, dbk_span_str("kit"), 1000));
    /* The next version of the force keeps what the program protects, and is the newest again. */
    assert_ok(add(forms, HEAD("1001", SIGNS) ALL END, 2, DBK_FORMS_AS_NEW, &err), &err);
    assert_int_equal(dbk_form_version(dbk_forms_find(forms, dbk_span_str("kit"), 0)), 1001);
    dbk_forms_free(forms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_adds_and_says_otherwise_is_kept),
        cmocka_unit_test(what_protects_less_is_refused_and_named),
        cmocka_unit_test(a_field_may_not_leave_its_group),
        cmocka_unit_test(each_shipped_form_keeps_itself),
        cmocka_unit_test(a_packs_versions_begin_where_the_programs_end),
        cmocka_unit_test(one_version_has_one_text_for_ever),
        cmocka_unit_test(between_two_versions_neither_side_is_weakened),
        cmocka_unit_test(a_later_program_that_protects_more_wins_for_new_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
