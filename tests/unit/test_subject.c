/* All that is held on one person, and what of it is withheld (domain.md 2.6; DPA 2018 ss45, 47). */
#include "tests/lib/test.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/org_internal.h"
#include "core/practice/match.h"
#include "core/practice/subject.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define TOLD_SIZE 16384u

enum { DESK, ANN, SECOND };
static dbk_test_org org;
static dbk_id hidden; /* a restricted space */

static dbk_book *desk(void)
{
    return org.books[DESK].book;
}

static int make_org(void **state)
{
    dbk_err err = { 0 };
    dbk_bytes one = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX), two = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    const dbk_new_space opts = { .name = "Op Yew",
                                 .creator_role = DBK_ROLE_HQ,
                                 .restricted = true };
    (void)state;
    dbk_test_org_make(&org, (const dbk_role[]){ DBK_ROLE_OFFICER, DBK_ROLE_ADMIN }, 2);
    assert_ok(dbk_org_space(desk(), &one, &hidden, &opts, &err), &err);
    assert_ok(dbk_entry_cosign(&two, dbk_bytes_span(&one), org.books[SECOND].book->own.admin, &err),
              &err);
    dbk_test_org_post(&org, dbk_bytes_span(&two));
    dbk_bytes_wipe(&one);
    dbk_bytes_wipe(&two);
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_test_org_drop(&org);
    return 0;
}

typedef struct told {
    dbk_subject subject;
    char all[TOLD_SIZE]; /* "form why field=mark field=mark\n" */
    size_t records;
} told;

static void say(told *t, const char *a, const char *b, const char *c)
{
    size_t len = strlen(t->all);
    (void)snprintf(t->all + len, TOLD_SIZE - len, "%s%s%s", a, b, c);
}

static dbk_rc take_note(void *ctx, const dbk_note *note, dbk_subject_why why, dbk_err *err)
{
    told *t = ctx;
    const dbk_field *fields;
    size_t count = dbk_form_fields(note->form, &fields);
    dbk_rc rc = DBK_OK;
    t->records++;
    say(t, dbk_form_name(note->form), " ", dbk_subject_why_code(why));
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        dbk_bytes scratch = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
        dbk_span value;
        dbk_subject_mark mark;
        rc = dbk_view_field(&value, &scratch, note->state, &fields[i], &note->view, err);
        if (rc == DBK_OK && value.len > 0) {
            rc = dbk_subject_judge(&t->subject, &mark, note, &fields[i], value, err);
            say(t, " ", fields[i].name, "=");
            say(t, dbk_subject_mark_code(mark), "", "");
        }
        dbk_bytes_wipe(&scratch);
    }
    say(t, "\n", "", "");
    return rc;
}

static told *tell(const dbk_id *person, const dbk_id *space)
{
    static told t;
    dbk_err err = { 0 };
    memset(&t, 0, sizeof(t));
    assert_ok(dbk_subject_init(&t.subject, desk(), person, space, &err), &err);
    assert_ok(dbk_subject_each(&t.subject, take_note, &t, &err), &err);
    dbk_subject_wipe(&t.subject);
    return &t;
}

static void assert_says(const told *t, const char *words)
{
    if (strstr(t->all, words) == NULL)
        fail_msg("\"%s\" isn't in\n%s", words, t->all);
}

static void link_persons(const dbk_id *a, const dbk_id *b)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    dbk_id holder = dbk_match_holder(a, b);
    dbk_id_uuid(uuid, dbk_id_equal(&holder, a) ? b : a);
    json_t *entry = json_pack("{s:s, s:s, s:s}", "person", uuid, "link", "confirmed", "evidence",
                              "the same birth certificate");
    const dbk_input input = { DBK_INPUT_ADD, "linked_persons", NULL, entry };
    const dbk_edit edit = { holder, &input, 1, "seen" };
    assert_ok(dbk_journal_edit(desk(), &problems, &edit, &err), &err);
    dbk_problems_wipe(&problems);
    json_decref(entry);
}

static dbk_id add(const dbk_id *space, const char *form, const char *const *fields)
{
    return dbk_test_add(desk(), space, form, fields);
}

static void everything_that_refers_to_a_person_or_to_who_is_linked_is_found_2_6(void **state)
{
    char ref[DBK_TEST_REF_SIZE], uuid[DBK_ID_UUID_SIZE], json[256], refs[256];
    (void)state;
    dbk_id case_id = add(&org.space, "case", TEXTS("ref=26/1", "kind=other"));
    dbk_id_uuid(uuid, &case_id);
    (void)snprintf(json, sizeof(json), "role_in_case:=[{\"role\":\"victim\",\"case\":\"%s\"}]",
                   uuid);
    dbk_id ruth = add(&org.space, "person", TEXTS("name=Ruth Marsh", json));
    dbk_id twin = add(&org.space, "person", TEXTS("name=Ruth Marsch"));
    dbk_id joan = add(&org.space, "person", TEXTS("name=Joan"));
    link_persons(&ruth, &twin);
    dbk_test_ref(ref, "person", &twin);
    (void)add(&org.space, "referral", TEXTS(ref, "type=cru", "la_area=walsall"));
    dbk_id_uuid(uuid, &ruth);
    (void)snprintf(json, sizeof(json), "present:=[{\"person\":\"%s\",\"role\":\"family\"}]", uuid);
    dbk_id contact = add(&org.space, "contact", TEXTS("method=visit", json, "account=They spoke"));
    (void)snprintf(refs, sizeof(refs), "persons:=[\"%s\"]", uuid);
    (void)add(&org.space, "intel_report", TEXTS(refs, "text=Words"));
    dbk_test_ref(ref, "person", &joan);
    (void)add(&org.space, "referral", TEXTS(ref, "type=cru"));
    dbk_test_ref(ref, "raised_from", &contact);
    (void)add(&org.space, "action", TEXTS(ref, "text=Ring"));
    const told *t = tell(&ruth, NULL);
    assert_says(t, "person self");
    assert_says(t, "person linked");
    assert_says(t, "case case ref=shown");
    assert_says(t, "contact refers");
    assert_says(t, "referral refers type=shown");
    assert_says(t, "intel_report refers");
    assert_int_equal(t->records, 6); /* neither Joan's, nor what refers to none of them */
    /* Taken out of use, it is held all the same. */
    dbk_err err = { 0 };
    assert_ok(dbk_journal_withdraw(desk(), &contact, "twice", &err), &err);
    assert_int_equal(tell(&ruth, NULL)->records, 6);
}

static void what_is_of_others_or_must_not_be_said_is_withheld_2_6_B107(void **state)
{
    char uuid[DBK_ID_UUID_SIZE], both[512], refs[256], relation[256];
    (void)state;
    dbk_id joan = add(&org.space, "person", TEXTS("name=Joan"));
    dbk_id_uuid(uuid, &joan);
    (void)snprintf(relation, sizeof(relation),
                   "relationships:=[{\"to\":\"%s\",\"kind\":\"sibling\"}]", uuid);
    dbk_id ruth = add(&org.space, "person",
                      TEXTS("name=Ruth", "sex=female", "needs_detail=Words", relation,
                            "safe_rule=never_at", "safe_rule_detail=Her work",
                            "phones:=[{\"value\":\"07700 900123\",\"safe\":true}]",
                            "social:=[{\"value\":\"@ruth\",\"safe\":true}]"));
    char own[DBK_ID_UUID_SIZE];
    dbk_id_uuid(own, &ruth);
    (void)snprintf(both, sizeof(both), "present:=[{\"person\":\"%s\"},{\"name\":\"A neighbour\"}]",
                   own);
    (void)snprintf(refs, sizeof(refs), "persons:=[\"%s\",\"%s\"]", own, uuid);
    (void)add(&org.space, "contact", TEXTS("method=visit", both, "account=She said", "place=Home"));
    (void)add(&org.space, "intervention", TEXTS(refs, "airport=BHX", "selection_basis=referral"));
    (void)add(&org.space, "intel_report", TEXTS(refs, "source_grade=s1", "text=Words"));
    (void)snprintf(relation, sizeof(relation),
                   "relationships:=[{\"to\":\"%s\",\"kind\":\"parent\"}]", own);
    dbk_test_edit(desk(), &joan, TEXTS(relation, "sex=female"));
    const told *t = tell(&ruth, NULL);
    assert_says(t, "person refers name=third_party sex=third_party");
    assert_says(t, " name=shown");
    assert_says(t, " sex=shown");
    assert_says(t, " needs_detail=free_text");
    assert_says(t, " relationships=third_party");
    assert_says(t, " safe_rule=safe_contact");
    assert_says(t, " safe_rule_detail=safe_contact");
    assert_says(t, " phones=safe_contact");
    assert_says(t, " social=safe_contact");
    assert_says(t, " method=shown");
    assert_says(t, " present=third_party");
    assert_says(t, " account=free_text");
    assert_says(t, " place=free_text");
    assert_says(t, " airport=shown");
    assert_says(t, " persons=third_party");
    assert_says(t, " source_grade=intelligence");
    assert_says(t, " text=intelligence");
}

static void a_restricted_space_shows_only_where_it_is_named_links_neither_P3(void **state)
{
    char ref[DBK_TEST_REF_SIZE];
    dbk_err err = { 0 };
    dbk_subject s;
    (void)state;
    dbk_id ruth = add(&org.space, "person", TEXTS("name=Ruth"));
    dbk_id secret = add(&hidden, "person", TEXTS("name=Ruth"));
    dbk_id third = add(&org.space, "person", TEXTS("name=Rut"));
    dbk_test_ref(ref, "subject", &ruth);
    (void)add(&hidden, "risk_assessment", TEXTS(ref, "kind=dash"));
    link_persons(&ruth, &secret);
    link_persons(&secret, &third);
    assert_int_equal(tell(&ruth, NULL)->records, 1);
    const told *t = tell(&ruth, &hidden);
    assert_int_equal(t->records, 2);
    assert_says(t, "person linked");
    assert_says(t, "risk_assessment refers");
    assert_rc(dbk_subject_init(&s, desk(), &secret, NULL, &err), DBK_INVALID, &err);
    assert_int_equal(tell(&secret, &hidden)->records, 2);
}

/* Each row names what there is, and no form of words is open by accident. */
static void the_table_names_forms_fields_and_marks_that_exist(void **state)
{
    dbk_err err = { 0 };
    dbk_subject s;
    size_t i;
    json_t *row;
    (void)state;
    dbk_id ruth = add(&org.space, "person", TEXTS("name=Ruth"));
    assert_ok(dbk_subject_init(&s, desk(), &ruth, NULL, &err), &err);
    json_array_foreach(s.table, i, row)
    {
        const char *form = json_string_value(json_object_get(row, "form"));
        const char *field = json_string_value(json_object_get(row, "field"));
        const char *mark = json_string_value(json_object_get(row, "mark"));
        bool known = false, there = form == NULL;
        for (unsigned m = 0; m < DBK_SUBJECT_MARKS; m++)
            known = known || strcmp(mark, dbk_subject_mark_code((dbk_subject_mark)m)) == 0;
        for (size_t f = 0; f < dbk_forms_count(dbk_book_forms(desk())); f++) {
            const dbk_form *at = dbk_forms_at(dbk_book_forms(desk()), f);
            if (form != NULL && strcmp(dbk_form_name(at), form) != 0)
                continue;
            there = there || form != NULL;
            if (field != NULL && dbk_form_field(at, field) != NULL)
                field = NULL;
        }
        if (!known || !there || field != NULL)
            fail_msg("row %zu: %s %s %s", i, form, field, mark);
    }
    dbk_subject_wipe(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_that_refers_to_a_person_or_to_who_is_linked_is_found_2_6),
        cmocka_unit_test(what_is_of_others_or_must_not_be_said_is_withheld_2_6_B107),
        cmocka_unit_test(a_restricted_space_shows_only_where_it_is_named_links_neither_P3),
        cmocka_unit_test(the_table_names_forms_fields_and_marks_that_exist),
    };
    return cmocka_run_group_tests(tests, make_org, drop_org);
}
