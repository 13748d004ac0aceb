#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/form.h"

/* ---- reading a form ------------------------------------------------------------------------- */

#define HEAD "{\"form\":\"x\",\"version\":1,\"title\":\"X\","
#define ONE(field) HEAD "\"fields\":[" field "]}"
#define A "{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\"}"
#define CODE_REST "\"label\":\"C\",\"kind\":\"code\",\"codes\":{\"p\":\"P\",\"q\":\"Q\"}"

static const struct {
    const char *json, *says;
} refusals[] = {
    { "", "line 1" },
    { "[]", "must be an object" },
    { "{\"form\":\"x\",\"form\":\"x\"}", "duplicate" },
    { "{", "line 1" },
    { "{\"version\":1,\"title\":\"X\",\"fields\":[" A "]}", "\"form\" is missing" },
    { "{\"form\":\"X\",\"version\":1,\"title\":\"X\",\"fields\":[" A "]}", "is no name" },
    { "{\"form\":\"x\",\"title\":\"X\",\"fields\":[" A "]}", "\"version\" must be" },
    { "{\"form\":\"x\",\"version\":0,\"title\":\"X\",\"fields\":[" A "]}", "\"version\"" },
    { "{\"form\":\"x\",\"version\":1.0,\"title\":\"X\",\"fields\":[" A "]}", "whole number" },
    { "{\"form\":\"x\",\"version\":1,\"fields\":[" A "]}", "\"title\" is missing" },
    { HEAD "\"fields\":[]}", "1 to 127 fields" },
    { HEAD "\"x\":1}", "\"fields\" is missing" },
    { HEAD "\"fields\":{}}", "\"fields\" must be an array" },
    { ONE("{\"label\":\"A\",\"kind\":\"text\"}"), "field 1: \"name\" is missing" },
    { ONE("7"), "field 1: \"name\" is missing" },
    { ONE("{\"name\":\"a b\",\"label\":\"A\",\"kind\":\"text\"}"), "is no name" },
    { ONE("{\"name\":\"9a\",\"label\":\"A\",\"kind\":\"text\"}"), "is no name" },
    { ONE("{\"name\":\"a\",\"kind\":\"text\"}"), "field a: \"label\" is missing" },
    { ONE("{\"name\":\"a\",\"label\":\"\",\"kind\":\"text\"}"), "1 to 120 characters" },
    { ONE("{\"name\":\"a\",\"label\":\"A\"}"), "field a: \"kind\" is missing" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"txt\"}"), "no kind \"txt\"" },
    { ONE(A "," A), "field a: the name is there twice" },
    { ONE("{\"name\":\"lifecycle\",\"label\":\"A\",\"kind\":\"text\"}"), "of this name" },
    { ONE("{\"name\":\"addenda\",\"label\":\"A\",\"kind\":\"text\"}"), "of this name" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\",\"rule\":\"newest\"}"),
      "no rule \"newest\"" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\",\"need\":\"r\"}"), "\"need\" is" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\",\"length\":0}"), "\"length\" is" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"date\",\"length\":9}"), "\"length\" is" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\",\"min\":0}"), "for numbers only" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"number\",\"min\":9,\"max\":8}"), "over" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\",\"form\":\"case\"}"), "references" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"code\"}"), "\"codes\" is missing" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\",\"codes\":{\"p\":\"P\"}}"),
      "has no \"codes\"" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"code\",\"codes\":{}}"), "1 to 1024" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"code\",\"codes\":\"nowhere\"}"),
      "no code list \"nowhere\"" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"code\",\"codes\":[\"p\"]}"),
      "list of codes" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"code\",\"codes\":{\"P\":\"P\"}}"),
      "can't be the name of a code" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"code\",\"codes\":{\"not_known\":\"P\"}}"),
      "can't be the name of a code" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"code\",\"codes\":{\"p\":7}}"), "its label" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"code\",\"codes\":"
          "{\"p\":{\"label\":\"P\",\"from\":\"2026-02-30\"}}}"),
      "must be a date" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"object\"}"), "\"fields\" is missing" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\",\"fields\":[" A "]}"),
      "has no \"fields\"" },
    { ONE("{\"name\":\"b\",\"label\":\"A\",\"kind\":\"object\",\"fields\":[" A "," A "]}"),
      "field b.a: the name is there twice" },
    { ONE("{\"name\":\"b\",\"label\":\"A\",\"kind\":\"list\",\"fields\":[{\"name\":\"c\","
          "\"label\":\"C\",\"kind\":\"object\",\"fields\":[" A "]}]}"),
      "sub-fields can't have sub-fields" },
    { ONE("{\"name\":\"b\",\"label\":\"A\",\"kind\":\"list\",\"fields\":[{\"name\":\"c\","
          "\"label\":\"C\",\"kind\":\"text\",\"rule\":\"ask\"}]}"),
      "field b.c: \"rule\" belongs to the whole field" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\",\"group\":\"g\"}"),
      "the group \"g\" is not in \"groups\"" },
    { HEAD "\"groups\":{\"g\":{\"label\":\"G\"}},\"fields\":[" A "]}",
      "no field is in the group \"g\"" },
    { HEAD "\"groups\":{\"g\":{}},\"fields\":[{\"name\":\"a\",\"label\":\"A\","
           "\"kind\":\"text\",\"group\":\"g\"}]}",
      "\"label\" is missing" },
    { HEAD "\"groups\":{\"g\":{\"label\":\"G\"}},\"fields\":[{\"name\":\"a\",\"label\":\"A\","
           "\"kind\":\"text\",\"group\":\"g\",\"rule\":\"hq\"}]}",
      "are the group's" },
    { HEAD "\"groups\":{\"a\":{\"label\":\"G\"}},\"fields\":[" A "]}", "a group has this name" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\",\"rule\":\"set\"}"),
      "for codes, refs, present and list" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"object\",\"rule\":\"log\",\"fields\":[" A
          "]}"),
      "for codes, refs, present and list" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\",\"rule\":\"count\"}"),
      "for numbers from 0" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"number\",\"min\":-1,\"rule\":\"count\"}"),
      "for numbers from 0" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"number\",\"min\":-9007199254740993}"),
      "within 2^53" },
    { HEAD "\"groups\":{\"g\":{\"label\":\"G\",\"rule\":\"log\"}},\"fields\":["
           "{\"name\":\"a\",\"label\":\"A\",\"kind\":\"list\",\"group\":\"g\"},"
           "{\"name\":\"b\",\"label\":\"A\",\"kind\":\"list\",\"group\":\"g\"}]}",
      "one field by itself" },
    { ONE("{\"name\":\"a\"," CODE_REST ",\"rule\":\"cautious\"}"), "needs an order" },
    { ONE("{\"name\":\"a\"," CODE_REST ",\"rule\":\"cautious\",\"protect\":[\"p\"]}"),
      "leaves out \"q\"" },
    { ONE("{\"name\":\"a\"," CODE_REST ",\"rule\":\"cautious\",\"protect\":[\"p\",\"q\",\"r\"]}"),
      "names \"r\", which is no answer" },
    { ONE("{\"name\":\"a\"," CODE_REST ",\"rule\":\"cautious\",\"protect\":[\"p\",\"q\",\"p\"]}"),
      "names \"p\" twice" },
    { ONE("{\"name\":\"a\"," CODE_REST ",\"protect\":[\"p\",\"q\"]}"), "\"cautious\" only" },
    { ONE("{\"name\":\"a\"," CODE_REST ",\"rule\":\"cautious\",\"protect\":\"earliest\"}"),
      "one word is for dates and numbers" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"date\",\"rule\":\"cautious\","
          "\"protect\":\"lowest\"}"),
      "\"earliest\" or \"latest\"" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"number\",\"rule\":\"cautious\","
          "\"protect\":\"earliest\"}"),
      "\"lowest\" or \"highest\"" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"date\",\"rule\":\"ask\","
          "\"protect\":\"earliest\"}"),
      "\"cautious\" only" },
    { ONE("{\"name\":\"a\"," CODE_REST ",\"lower_needs\":\"reason\"}"), "\"cautious\" only" },
    { ONE("{\"name\":\"a\"," CODE_REST ",\"default\":\"r\"}"), "not one of the answers" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"list\",\"rule\":\"log\",\"default\":["
          "\"x\"]}"),
      "has no \"default\"" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\",\"need_if\":{\"z\":true}}"),
      "names \"z\", which is no field beside it" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\",\"need_if\":{\"c\":\"z\"}},"
          "{\"name\":\"c\"," CODE_REST "}"),
      "an answer that c does not have" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\",\"only_if\":{}}"), "is empty" },
    { ONE("{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\",\"need_or\":\"z\"}"), "\"z\"" },
    { HEAD "\"include\":[\"nothing\"],\"fields\":[" A "]}", "nothing to include" },
    { HEAD "\"include\":[\"case\"],\"fields\":[" A "]}", "nothing to include" },
    { HEAD "\"include\":[\"header\"],\"override\":{\"z\":{}},\"fields\":[" A "]}",
      "\"z\", which is not included" },
    { HEAD "\"include\":[\"header\"],\"fields\":[{\"name\":\"cpia\",\"label\":\"A\","
           "\"kind\":\"text\"}]}",
      "field cpia: the name is there twice" },
    { HEAD "\"summary\":[\"a\"],\"fields\":[{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\","
           "\"route\":true}]}",
      "can't stand in lists" },
    { HEAD "\"summary\":[\"z\"],\"fields\":[" A "]}", "summary: \"z\" is no field" },
    { HEAD "\"when\":\"z\",\"fields\":[" A "]}", "when: \"z\" is no field" },
    { HEAD "\"when\":\"a\",\"fields\":[" A "]}", "must be a date" },
    { HEAD "\"signs\":\"yes\",\"fields\":[" A "]}", "\"signs\" must be true or false" },
    { HEAD "\"groups\":{\"g\":{\"label\":\"G\"}},\"fields\":["
           "{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\",\"group\":\"g\"},"
           "{\"name\":\"b\",\"label\":\"B\",\"kind\":\"text\",\"group\":\"g\","
           "\"after_sign\":true}]}",
      "group g: all of its fields or none" },
};

static void a_form_is_refused_and_the_place_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        dbk_form *form = (dbk_form *)&refusals;
        dbk_err err = { 0 };
        dbk_rc rc = dbk_form_parse(&form, dbk_span_str(refusals[i].json), &err);
        if (rc != DBK_FORMAT || strstr(err.text, refusals[i].says) == NULL)
            fail_msg("wanted \"%s\", got %d \"%s\" from\n%s", refusals[i].says, (int)rc, err.text,
                     refusals[i].json);
        assert_null(form);
    }
}

static dbk_form *parse(const char *json)
{
    dbk_form *form = NULL;
    dbk_err err = { 0 };
    assert_ok(dbk_form_parse(&form, dbk_span_str(json), &err), &err);
    return form;
}

/* sync-lessons 1.11: a form of a newer version must still be usable. */
static void keys_that_we_do_not_know_are_passed_over_1_11(void **state)
{
    (void)state;
    dbk_form *form = parse(HEAD "\"colour\":\"red\",\"fields\":[{\"name\":\"a\",\"label\":\"A\","
                                "\"kind\":\"text\",\"width\":9,\"deep\":{\"er\":[1.5]}}]}");
    const dbk_field *fields;
    assert_int_equal(dbk_form_fields(form, &fields), 1);
    assert_int_equal(fields[0].len_max, 200);
    assert_null(dbk_form_when(form));
    assert_false(dbk_form_signs(form));
    dbk_form_free(form);
}

static void a_form_takes_the_header_its_own_way(void **state)
{
    (void)state;
    dbk_form *form = parse(HEAD "\"include\":[\"header\"],\"without\":[\"mopi_group\"],"
                                "\"rule\":\"hq\",\"own\":true,"
                                "\"override\":{\"happened_at\":{\"label\":\"Seen\",\"need\":null},"
                                "\"case_id\":{\"need\":\"sign\"}},\"fields\":[" A "]}");
    const dbk_group *groups;
    (void)dbk_form_groups(form, &groups);
    assert_null(dbk_form_field(form, "mopi_group"));
    const dbk_field *f = dbk_form_field(form, "happened_at");
    assert_string_equal(f->label, "Seen");
    assert_int_equal(f->need, DBK_NEED_OPTIONAL);
    assert_int_equal(groups[f->group].rule, DBK_RULE_HQ); /* the form's, where the file has none */
    assert_true(groups[f->group].own);
    f = dbk_form_field(form, "case_id");
    assert_int_equal(f->need, DBK_NEED_SIGN);
    assert_string_equal(f->ref_form, "case");
    f = dbk_form_field(form, "cpia");
    assert_int_equal(groups[f->group].rule, DBK_RULE_CAUTIOUS);
    assert_false(groups[f->group].own);
    assert_string_equal(groups[f->group].lower_needs, "reason");
    dbk_form_free(form);
}

static const char small_form[] = HEAD
    "\"signs\":true,\"summary\":[\"a\"],\"lists\":{\"l\":{\"p\":\"P\",\"q\":{\"label\":\"Q\"}}},"
    "\"groups\":{\"g\":{\"label\":\"G\",\"rule\":\"cautious\",\"lower_needs\":\"nothing\"}},"
    "\"fields\":[{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\",\"length\":9},"
    "{\"name\":\"c\",\"label\":\"C\",\"kind\":\"code\",\"codes\":\"l\",\"group\":\"g\","
    "\"protect\":[[\"p\",\"q\"],\"not_known\"],\"default\":\"q\"},"
    "{\"name\":\"o\",\"label\":\"O\",\"kind\":\"list\",\"rule\":\"log\",\"fields\":["
    "{\"name\":\"x\",\"label\":\"X\",\"kind\":\"number\",\"max\":3,\"need\":\"sign\"},"
    "{\"name\":\"y\",\"label\":\"Y\",\"kind\":\"text\",\"need_if\":{\"x\":true}}]}]}";

static void every_cut_and_bit_flip_of_a_form_is_refused_or_is_a_form(void **state)
{
    size_t len = sizeof(small_form) - 1, taken = 0;
    char json[sizeof(small_form)];
    (void)state;
    dbk_form_free(parse(small_form));
    for (size_t cut = 0; cut < len; cut++) {
        dbk_form *form;
        assert_rc(dbk_form_parse(&form, dbk_span_of(small_form, cut), NULL), DBK_FORMAT, NULL);
    }
    memcpy(json, small_form, sizeof(json));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        dbk_form *form;
        json[bit / 8] = (char)(json[bit / 8] ^ (1 << (bit % 8)));
        dbk_rc rc = dbk_form_parse(&form, dbk_span_of(json, len), NULL);
        assert_true(rc == DBK_OK || rc == DBK_FORMAT);
        assert_int_equal(form != NULL, rc == DBK_OK);
        taken += rc == DBK_OK;
        dbk_form_free(form);
        json[bit / 8] = (char)(json[bit / 8] ^ (1 << (bit % 8)));
    }
    assert_true(taken > 0); /* a changed letter of a label is another form */
}

/* Each kind on each scale, from what protects most to what protects least. */
static void dates_and_numbers_protect_by_their_place_P6(void **state)
{
    static const struct {
        const char *kind, *word;
        const char *order[6]; /* as CBOR; the empty map comes last */
    } cases[] = {
        { "date",
          "earliest",
          { "\x6a"
            "2026-11-24",
            "\x6a"
            "2026-11-25",
            "\x63"
            "May" } },
        { "date",
          "latest",
          { "\x6a"
            "2026-11-25",
            "\x6a"
            "2026-11-24",
            "\xf6" } },
        /* The offset counts, not the digits. */
        { "datetime",
          "earliest",
          { "\x74"
            "2026-11-24T09:00:00Z",
            "\x78\x19"
            "2026-11-24T08:30:00-01:00",
            "\x18\x2a" } },
        { "datetime",
          "latest",
          { "\x74"
            "2026-11-24T09:00:01Z",
            "\x74"
            "2026-11-24T09:00:00Z" } },
        { "number", "lowest", { "\x24", "\x03", "\x09", "\x18\x2a" } },
        { "number", "highest", { "\x09", "\x03", "\x24", "\x18\x2a", "\xf6" } },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char json[400];
        (void)snprintf(json, sizeof(json),
                       HEAD "\"fields\":[{\"name\":\"a\",\"label\":\"A\",\"kind\":\"%s\",%s"
                            "\"rule\":\"cautious\",\"protect\":\"%s\"}]}",
                       cases[i].kind, cases[i].kind[0] == 'n' ? "\"min\":-5,\"max\":9," : "",
                       cases[i].word);
        dbk_form *form = parse(json);
        const dbk_group *groups;
        (void)dbk_form_groups(form, &groups);
        int64_t above = INT64_MAX;
        for (size_t k = 0; k < 6 && cases[i].order[k] != NULL; k++) {
            char map[64];
            int len = snprintf(map, sizeof(map),
                               "\xa1\x61"
                               "a%s",
                               cases[i].order[k]);
            int64_t rank = dbk_form_rank(form, &groups[0], dbk_span_of(map, (size_t)len));
            /* What has no place ranks alike. */
            if (rank > above || (rank == above && rank > 1))
                fail_msg("%s %s: answer %zu is not below the one before", cases[i].kind,
                         cases[i].word, k);
            assert_true(rank > 0);
            above = rank;
        }
        dbk_form_free(form);
    }
}

static void a_form_over_256_kib_is_refused_before_it_is_read(void **state)
{
    static char big[DBK_FORM_JSON_BYTES_MAX + 2];
    dbk_form *form;
    (void)state;
    memset(big, ' ', sizeof(big));
    memcpy(big, small_form, sizeof(small_form) - 1);
    assert_rc(dbk_form_parse(&form, dbk_span_of(big, DBK_FORM_JSON_BYTES_MAX), NULL), DBK_OK, NULL);
    dbk_form_free(form);
    assert_rc(dbk_form_parse(&form, dbk_span_of(big, DBK_FORM_JSON_BYTES_MAX + 1), NULL), DBK_LIMIT,
              NULL);
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

/* R19: whichever allocation fails, the answer is "out of memory" and nothing leaks. */
static void any_allocation_may_fail_while_a_form_is_read_R19(void **state)
{
    static const char including[] = HEAD
        "\"include\":[\"header\"],\"override\":{\"cpia\":{\"need\":null}},\"fields\":[" A "]}";
    static const char *const forms[] = { small_form, including };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        dbk_form *form = NULL;
        dbk_rc rc = DBK_NOMEM;
        size_t n = 0;
        for (; rc != DBK_OK; n++) {
            size_t left = n;
            dbk_alloc_set_hook(fail_nth, &left);
            rc = dbk_form_parse(&form, dbk_span_str(forms[i]), NULL);
            dbk_alloc_set_hook(NULL, NULL);
            if (rc != DBK_OK && rc != DBK_NOMEM)
                fail_msg("allocation %zu of form %zu gives %d", n, i, (int)rc);
            assert_true(n < 100000);
        }
        assert_true(n > 3); /* the form, and its blocks; Jansson has a heap of its own here */
        dbk_form_free(form);
    }
}

/* ---- the set -------------------------------------------------------------------------------- */

#define VERSIONED(v, label)                                                                    \
    "{\"form\":\"x\",\"version\":" v ",\"title\":\"X\",\"fields\":[{\"name\":\"a\",\"label\":" \
    "\"" label "\",\"kind\":\"text\"}]}"

/* sync-lessons 1.32, 1.33: a draft is pinned to the version it was begun on. */
static void old_versions_stay_beside_the_newest_1_32(void **state)
{
    dbk_forms *forms;
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_forms_new(&forms, &err), &err);
    size_t before = dbk_forms_count(forms);
    assert_ok(dbk_forms_add(forms, dbk_span_str(VERSIONED("2", "B")), &err), &err);
    assert_ok(dbk_forms_add(forms, dbk_span_str(VERSIONED("10", "C")), &err), &err);
    assert_ok(dbk_forms_add(forms, dbk_span_str(VERSIONED("1", "A")), &err), &err);
    assert_int_equal(dbk_forms_count(forms), before + 3);
    dbk_span x = dbk_span_str("x");
    assert_int_equal(dbk_form_version(dbk_forms_find(forms, x, 0)), 10);
    assert_int_equal(dbk_form_version(dbk_forms_find(forms, x, 2)), 2);
    assert_int_equal(dbk_form_version(dbk_forms_find(forms, x, 1)), 1);
    assert_null(dbk_forms_find(forms, x, 3));
    assert_null(dbk_forms_find(forms, dbk_span_str("w"), 0));
    assert_null(dbk_forms_find(forms, dbk_span_str("xx"), 0));
    assert_null(dbk_forms_find(forms, dbk_span_str(""), 0));
    for (size_t i = 1; i < dbk_forms_count(forms); i++) {
        const dbk_form *a = dbk_forms_at(forms, i - 1), *b = dbk_forms_at(forms, i);
        int order = strcmp(dbk_form_name(a), dbk_form_name(b));
        assert_true(order < 0 || (order == 0 && dbk_form_version(a) < dbk_form_version(b)));
    }
    dbk_forms_free(forms);
}

/* Who opens many stores reads the shipped forms once. What one of the sets takes in is its own. */
static void a_borrowed_set_is_the_same_and_goes_its_own_way(void **state)
{
    dbk_forms *shipped, *ours, *others;
    dbk_err err = { 0 };
    dbk_forms_text pack = { dbk_span_str(VERSIONED("1000", "A")), 7, DBK_FORMS_AS_NEW };
    (void)state;
    assert_ok(dbk_forms_new(&shipped, &err), &err);
    size_t count = dbk_forms_count(shipped);
    assert_ok(dbk_forms_over(&ours, shipped, &err), &err);
    assert_ok(dbk_forms_over(&others, shipped, &err), &err);
    assert_int_equal(dbk_forms_count(ours), count);
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(dbk_forms_at(ours, i), dbk_forms_at(shipped, i));
    assert_ok(dbk_forms_add_pack(ours, &pack, &err), &err);
    assert_int_equal(dbk_form_version(dbk_forms_find(ours, dbk_span_str("x"), 0)), 1000);
    assert_null(dbk_forms_find(others, dbk_span_str("x"), 0));
    dbk_forms_drop_pack(ours, 7);
    assert_int_equal(dbk_forms_count(ours), count);
    dbk_forms_free(ours);
    dbk_forms_free(others);
    assert_non_null(dbk_forms_find(shipped, dbk_span_str("person"), 0));
    dbk_forms_free(shipped);
}

static void one_version_has_one_text(void **state)
{
    dbk_forms *forms;
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_forms_new(&forms, &err), &err);
    size_t before = dbk_forms_count(forms);
    assert_ok(dbk_forms_add(forms, dbk_span_str(VERSIONED("1", "A")), &err), &err);
    assert_ok(dbk_forms_add(forms, dbk_span_str(VERSIONED("1", "A")), &err), &err);
    assert_int_equal(dbk_forms_count(forms), before + 1);
    assert_rc(dbk_forms_add(forms, dbk_span_str(VERSIONED("1", "B")), &err), DBK_CONFLICT, &err);
    assert_string_equal(err.text, "another form is x version 1 already");
    assert_string_equal(dbk_form_field(dbk_forms_find(forms, dbk_span_str("x"), 1), "a")->label,
                        "A");
    assert_rc(dbk_forms_add(forms, dbk_span_str("{}"), NULL), DBK_FORMAT, NULL);
    assert_int_equal(dbk_forms_count(forms), before + 1);
    dbk_forms_free(forms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_is_refused_and_the_place_is_named),
        cmocka_unit_test(keys_that_we_do_not_know_are_passed_over_1_11),
        cmocka_unit_test(a_form_takes_the_header_its_own_way),
        cmocka_unit_test(every_cut_and_bit_flip_of_a_form_is_refused_or_is_a_form),
        cmocka_unit_test(dates_and_numbers_protect_by_their_place_P6),
        cmocka_unit_test(a_form_over_256_kib_is_refused_before_it_is_read),
        cmocka_unit_test(any_allocation_may_fail_while_a_form_is_read_R19),
        cmocka_unit_test(old_versions_stay_beside_the_newest_1_32),
        cmocka_unit_test(a_borrowed_set_is_the_same_and_goes_its_own_way),
        cmocka_unit_test(one_version_has_one_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
