#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/practice/anonymity.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static dbk_test_org org;
static dbk_book *book;
static dbk_anonymity *anonymity;

static int begin(void **state)
{
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    book = org.books[0].book;
    return 0;
}

static int end(void **state)
{
    (void)state;
    dbk_anonymity_free(anonymity);
    anonymity = NULL;
    dbk_test_org_drop(&org);
    return 0;
}

static void look(void)
{
    dbk_err err = { 0 };
    dbk_anonymity_free(anonymity);
    assert_ok(dbk_anonymity_new(&anonymity, book, &err), &err);
}

static bool touches(const dbk_id *record)
{
    dbk_err err = { 0 };
    dbk_note *note = NULL;
    bool yes = false;
    assert_ok(dbk_query_note(&note, book, record, &err), &err);
    assert_ok(dbk_anonymity_touches(anonymity, &yes, note, &err), &err);
    dbk_note_free(note);
    return yes;
}

static dbk_id add(const char *form, const char *a, const char *b)
{
    return dbk_test_add(book, &org.space, form, b == NULL ? TEXTS(a) : TEXTS(a, b));
}

static const char *ref(const char *field, const dbk_id *id)
{
    static char texts[4][DBK_TEST_REF_SIZE];
    static unsigned next;
    next = (next + 1) % 4;
    dbk_test_ref(texts[next], field, id);
    return texts[next];
}

static const char *part_in(const dbk_id *case_id)
{
    static char texts[2][128];
    static unsigned next;
    char uuid[DBK_ID_UUID_SIZE];
    next = (next + 1) % 2;
    dbk_id_uuid(uuid, case_id);
    (void)snprintf(texts[next], sizeof(texts[0]),
                   "role_in_case:={\"role\":\"professional\",\"case\":\"%s\"}", uuid);
    return texts[next];
}

static void whoever_has_a_part_in_a_case_of_fgm_is_protected_2_3(void **state)
{
    (void)state;
    dbk_id fgm = add("case", "kind=fgm", NULL), crime = add("case", "hidden_crime=fgm,hbv", NULL);
    dbk_id other = add("case", "kind=homicide", NULL);
    dbk_id mother = add("person", "name=A", ref("case_id", &fgm));
    dbk_id girl = add("person", "name=B", part_in(&crime));
    dbk_id somebody = add("person", "name=C", ref("case_id", &other));
    dbk_id contact = add("contact", "method=visit", ref("case_id", &fgm));
    dbk_id told = add("contact", "method=visit", ref("present", &girl));
    dbk_id elsewhere = add("contact", "method=visit", ref("case_id", &other));
    look();
    assert_true(touches(&fgm) && touches(&crime));
    assert_true(touches(&mother) && touches(&girl));
    assert_true(touches(&contact));
    assert_true(touches(&told));
    assert_false(touches(&other));
    assert_false(touches(&somebody) || touches(&elsewhere));
}

static void reports_orders_interventions_and_markers_tag_their_person_2_3(void **state)
{
    static const struct {
        const char *form, *tag, *field;
        bool tagged;
    } cases[] = {
        { "fgm_report", "mandatory=no", "subject", true },
        { "intervention", "outcome=disclosure", "persons", true },
        { "protective_order", "kind=fgmpo", "protects", true },
        { "protective_order", "kind=nmo", "protects", false },
        { "intel_report", "hidden_crime=fgm", "persons", true },
        { "intel_report", "hidden_crime=cse", "persons", false },
        { "referral", "type=nspcc_fgm", "person", true },
        { "referral", "type=brake", "person", false },
        { "marker", "kind=fgm", "about", true },
        { "marker", "kind=hbv", "about", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dbk_id person = add("person", "name=A", NULL);
        dbk_id record = add(cases[i].form, cases[i].tag, ref(cases[i].field, &person));
        look();
        if (touches(&person) != cases[i].tagged || touches(&record) != cases[i].tagged)
            fail_msg("%s, %s", cases[i].form, cases[i].tag);
    }
}

/* Her name stands in whatever else she has a part in. An interpreter's doesn't make it so. */
static void her_other_cases_are_protected_and_those_of_others_are_not_2_3(void **state)
{
    (void)state;
    dbk_id fgm = add("case", "kind=fgm", NULL), burglary = add("case", "kind=other", NULL);
    dbk_id elsewhere = add("case", "kind=other", NULL);
    dbk_id girl = add("person", "name=A", ref("case_id", &burglary));
    dbk_id brother = add("person", "name=B", ref("case_id", &burglary));
    (void)add("fgm_report", "mandatory=no", ref("subject", &girl));
    dbk_id interpreter = add("person", part_in(&fgm), ref("case_id", &elsewhere));
    dbk_id stranger = add("person", "name=C", ref("case_id", &elsewhere));
    look();
    assert_true(touches(&burglary) && touches(&brother));
    assert_true(touches(&interpreter));
    assert_false(touches(&elsewhere));
    assert_false(touches(&stranger));
}

static void another_record_of_the_same_person_is_protected_2_3(void **state)
{
    char link[192], uuid[DBK_ID_UUID_SIZE];
    (void)state;
    dbk_id first = add("person", "name=A", "compartments=fgm");
    dbk_id_uuid(uuid, &first);
    (void)snprintf(link, sizeof(link), "linked_persons:={\"person\":\"%s\",\"link\":\"confirmed\"}",
                   uuid);
    dbk_id second = add("person", "name=B", link);
    dbk_id_uuid(uuid, &second);
    (void)snprintf(link, sizeof(link), "linked_persons:={\"person\":\"%s\",\"link\":\"proposed\"}",
                   uuid);
    dbk_id third = add("person", "name=C", link);
    (void)snprintf(link, sizeof(link), "linked_persons:={\"person\":\"%s\",\"link\":\"rejected\"}",
                   uuid);
    dbk_id fourth = add("person", "name=D", link);
    look();
    assert_true(touches(&first) && touches(&second) && touches(&third));
    /* It still names the second. */
    assert_true(touches(&fourth));
    dbk_id contact = add("contact", "method=visit", ref("present", &fourth));
    look();
    assert_false(touches(&contact));
}

static void only_codes_and_numbers_that_are_not_sensitive_are_told_2_3(void **state)
{
    const dbk_forms *forms = dbk_book_forms(book);
    const dbk_form *form = dbk_forms_find(forms, dbk_span_str("person"), 0);
    const dbk_field *fields;
    char told[512] = "";
    (void)state;
    size_t count = dbk_form_fields(form, &fields);
    for (size_t i = 0; i < count; i++)
        if (dbk_anonymity_tells(&fields[i]) && strlen(told) + strlen(fields[i].name) + 2 < 512) {
            (void)strncat(told, fields[i].name, 64);
            (void)strncat(told, " ", 2);
        }
    static const char *const never[] = { "name ",     "names",       "dob ",      "phones",
                                         "addresses", "ethnicity",   "religion",  "nationality",
                                         "needs",     "safe_person", "safe_word", "languages" };
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
        if (strstr(told, never[i]) != NULL)
            fail_msg("%s is told: %s", never[i], told);
    assert_non_null(strstr(told, "age_band"));
    const dbk_field *sex = dbk_form_field(form, "sex");
    assert_true(dbk_anonymity_tells_code(sex, dbk_span_str("female")));
    assert_true(dbk_anonymity_tells_code(sex, dbk_span_str("not_known")));
    /* A code of a newer form, or a name where a code should be. */
    assert_false(dbk_anonymity_tells_code(sex, dbk_span_str("Maria Alvarez")));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(whoever_has_a_part_in_a_case_of_fgm_is_protected_2_3),
        TEST(reports_orders_interventions_and_markers_tag_their_person_2_3),
        TEST(her_other_cases_are_protected_and_those_of_others_are_not_2_3),
        TEST(another_record_of_the_same_person_is_protected_2_3),
        TEST(only_codes_and_numbers_that_are_not_sensitive_are_told_2_3),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
