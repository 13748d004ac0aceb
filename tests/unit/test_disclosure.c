/* What a referral tells its recipient (domain.md 3.5; B21, B42, B107). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "tests/lib/org.h"

static dbk_test_org org;
static dbk_book *hq, *officer;
static dbk_disclosure d;
static dbk_problems problems;
static char person[64], service[64];
static dbk_id person_id, service_id;
static dbk_err err;

static const char *key_text(void)
{
    static char text[160];
    dbk_bytes printed = DBK_BYTES_INIT(sizeof(text));
    dbk_secret *secret = NULL;
    dbk_recipient r;
    assert_ok(dbk_secret_random(&secret, 32, &org.books[0].env.env, &err), &err);
    assert_ok(dbk_recipient_of(&r, NULL, secret, &err), &err);
    assert_ok(dbk_recipient_print(&printed, &r, &err), &err);
    (void)snprintf(text, sizeof(text), "recipient_key=%.*s", (int)printed.len, printed.p);
    dbk_bytes_wipe(&printed);
    dbk_secret_free(secret);
    return text;
}

static int make(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    (void)state;
    memset(&err, 0, sizeof(err));
    dbk_test_org_make(&org, roles, 1);
    hq = org.books[0].book;
    officer = org.books[1].book;
    const char *const fields[] = { "name=Brake", "la_areas=walsall", key_text(), NULL };
    service_id = dbk_test_add(hq, &org.space, "service", fields);
    dbk_test_ref(service, "service", &service_id);
    dbk_test_org_exchange(&org);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    dbk_disclosure_wipe(&d);
    dbk_problems_wipe(&problems);
    dbk_test_org_drop(&org);
    return 0;
}

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void add_person(const char *const *fields)
{
    person_id = dbk_test_add(officer, &org.space, "person", fields);
    dbk_test_ref(person, "person", &person_id);
}

static void add_phone(const char *entry)
{
    struct json_t *json = NULL;
    assert_ok(dbk_json_parse(&json, dbk_span_str(entry), &err), &err);
    const dbk_input in = { DBK_INPUT_ADD, "phones", NULL, json };
    const dbk_edit edit = { person_id, &in, 1, NULL };
    dbk_problems_wipe(&problems);
    problems = (dbk_problems){ 0 };
    assert_ok(dbk_journal_edit(officer, &problems, &edit, &err), &err);
    dbk_json_free(json);
}

static void disclose(const dbk_id *referral, dbk_telling telling)
{
    dbk_note *note = NULL;
    dbk_disclosure_wipe(&d);
    dbk_problems_wipe(&problems);
    problems = (dbk_problems){ 0 };
    assert_ok(dbk_query_note(&note, officer, referral, &err), &err);
    assert_ok(dbk_disclosure_make(&d, officer, note, telling, &problems, &err), &err);
    dbk_note_free(note);
}

static bool forbidden(const char *field)
{
    for (size_t i = 0; i < problems.count; i++) {
        if (strcmp(problems.rows[i].field, field) == 0)
            return true;
    }
    return false;
}

/* The value that is told under a name, or NULL. */
static const char *told(const char *name)
{
    static char value[4][512];
    static unsigned next;
    char *out = value[next++ % 4];
    for (size_t i = 0; i < d.fields_count; i++) {
        if (dbk_span_equal(d.fields[i].name, dbk_span_str(name))) {
            (void)snprintf(out, 512, "%.*s", (int)d.fields[i].value.len, d.fields[i].value.p);
            return out;
        }
    }
    return NULL;
}

static bool safe_says(const char *words)
{
    char text[2000];
    (void)snprintf(text, sizeof(text), "%.*s", (int)d.safe.len, (const char *)d.safe.p);
    return strstr(text, words) != NULL;
}

static dbk_id add_referral(const char *scope, const char *more)
{
    const char *const fields[] = { person,
                                   service,
                                   "la_area=walsall",
                                   "type=brake",
                                   "consent=given",
                                   "decision=referred",
                                   scope,
                                   more,
                                   NULL };
    return dbk_test_add(officer, &org.space, "referral", fields);
}

static void only_what_consent_covers_is_told_and_safe_contact_always_B21_B107(void **state)
{
    (void)state;
    add_person(TEXTS("name=Joan Marsh", "dob=1980-02-03", "languages=Welsh", "safe_rule=never_at",
                     "safe_rule_detail=the bakery", "safe_voicemail=no"));
    dbk_id id = add_referral("consent_scope=needs", "risk_band=high");
    disclose(&id, DBK_TELL_FIRST);
    assert_int_equal(problems.faults, 0);
    assert_string_equal(told("person.languages"), "Welsh");
    assert_null(told("person.name"));
    assert_null(told("person.dob"));
    assert_null(told("referral.risk_band"));
    assert_string_equal(told("referral.type"), "Brake");
    assert_true(safe_says("the bakery"));
    assert_true(safe_says("no voicemail"));
    dbk_test_edit(officer, &id, TEXTS("consent_scope=identity,risk"));
    disclose(&id, DBK_TELL_FIRST);
    assert_string_equal(told("person.name"), "Joan Marsh");
    assert_string_equal(told("referral.risk_band"), "High");
    assert_null(told("person.languages"));
    assert_false(d.routes);
}

static void a_number_is_told_only_if_it_is_known_to_be_safe_B107(void **state)
{
    (void)state;
    add_person(TEXTS("name=Joan Marsh", "safe_rule=times", "safe_times=mornings"));
    dbk_id id = add_referral("consent_scope=contact", "spoc=Ann");
    add_phone("{\"value\": \"07700 900111\", \"safe\": \"not_known\"}");
    add_phone("{\"value\": \"07700 900222\", \"safe\": \"no\"}");
    disclose(&id, DBK_TELL_FIRST);
    assert_null(told("person.phones"));
    assert_false(d.routes);
    add_phone("{\"value\": \"07700 900333\", \"safe\": \"yes\"}");
    disclose(&id, DBK_TELL_FIRST);
    assert_string_equal(told("person.phones"), "07700 900333");
    assert_true(d.routes);
    /* What any entry calls unsafe is unsafe. */
    add_phone("{\"value\": \"07700 900222\", \"safe\": \"yes\"}");
    disclose(&id, DBK_TELL_FIRST);
    assert_string_equal(told("person.phones"), "07700 900333");
    assert_int_equal(problems.faults, 0);
    /* Nor does it slip through in somebody's words, however they are written. */
    dbk_test_edit(officer, &id, TEXTS("spoc=Ann, (07700) 900-111"));
    disclose(&id, DBK_TELL_FIRST);
    assert_true(forbidden("spoc"));
}

static void what_is_not_known_of_safe_contact_stops_numbers_and_is_said_B107(void **state)
{
    (void)state;
    add_person(TEXTS("name=Joan Marsh"));
    dbk_id id = add_referral("consent_scope=identity", "spoc=Ann");
    disclose(&id, DBK_TELL_FIRST);
    assert_int_equal(problems.faults, 0);
    assert_true(safe_says("Nothing is recorded"));
    dbk_test_edit(officer, &id, TEXTS("consent_scope=identity,contact"));
    disclose(&id, DBK_TELL_FIRST);
    assert_true(forbidden("consent_scope"));
    (void)snprintf(person, sizeof(person), "person=018f4e2a-0000-7000-8000-000000000001");
    id = add_referral("consent_scope=identity", "spoc=Ann");
    disclose(&id, DBK_TELL_FIRST);
    assert_true(forbidden("person"));
    assert_false(d.person_read);
}

static void only_a_key_that_headquarters_wrote_is_sealed_to_R7(void **state)
{
    (void)state;
    const char *const fields[] = { "name=Other", "la_areas=walsall", key_text(), NULL };
    dbk_id own = dbk_test_add(officer, &org.space, "service", fields);
    add_person(TEXTS("name=Joan Marsh", "safe_rule=free"));
    dbk_id id = add_referral("consent_scope=identity", "spoc=Ann");
    disclose(&id, DBK_TELL_FIRST);
    assert_true(d.has_key);
    dbk_id right = dbk_recipient_id(&d.to);
    /* The officer's proposal beside headquarters' key changes nothing. */
    dbk_test_edit(officer, &service_id, TEXTS(key_text()));
    disclose(&id, DBK_TELL_FIRST);
    dbk_id still = dbk_recipient_id(&d.to);
    assert_true(d.has_key && dbk_id_equal(&right, &still));
    dbk_test_ref(service, "service", &own);
    id = add_referral("consent_scope=identity", "spoc=Ann");
    disclose(&id, DBK_TELL_FIRST);
    assert_true(forbidden("service"));
    assert_false(d.has_key);
}

static void what_is_not_made_or_says_nothing_of_its_scope_is_not_sent_B42(void **state)
{
    (void)state;
    add_person(TEXTS("name=Joan Marsh", "safe_rule=free"));
    dbk_id id = add_referral("consent_note=She said yes", "spoc=Ann");
    disclose(&id, DBK_TELL_FIRST);
    assert_true(forbidden("consent_scope"));
    dbk_test_edit(officer, &id,
                  TEXTS("consent_scope=identity", "decision=info_left", "reason=Not now"));
    disclose(&id, DBK_TELL_FIRST);
    assert_true(forbidden("decision"));
    dbk_test_edit(officer, &id, TEXTS("decision=referred", "consent=refused"));
    disclose(&id, DBK_TELL_FIRST);
    assert_true(forbidden("consent"));
}

static size_t changed_since(dbk_span before)
{
    size_t lines = 0;
    dbk_bytes names = DBK_BYTES_INIT(4096);
    assert_ok(dbk_disclosure_changed(&names, &d, before, &err), &err);
    for (size_t i = 0; i < names.len; i++)
        lines += names.p[i] == '\n' ? 1 : 0;
    dbk_bytes_wipe(&names);
    return lines;
}

static void what_was_told_and_changed_is_found_and_a_withdrawn_consent_tells_no_more(void **state)
{
    dbk_bytes before = DBK_BYTES_INIT(DBK_TOLD_BYTES_MAX);
    (void)state;
    add_person(TEXTS("name=Joan Marsh", "safe_rule=free", "languages=Welsh"));
    dbk_id id = add_referral("consent_scope=identity", "spoc=Ann");
    disclose(&id, DBK_TELL_FIRST);
    assert_ok(dbk_disclosure_told(&before, &d, &err), &err);
    size_t all = d.fields_count + 1;
    assert_int_equal(changed_since(dbk_bytes_span(&before)), 0);
    dbk_test_edit(officer, &person_id, TEXTS("languages+=Polish")); /* that wasn't told */
    disclose(&id, DBK_TELL_CORRECTION);
    assert_int_equal(changed_since(dbk_bytes_span(&before)), 0);
    dbk_test_edit(officer, &person_id, TEXTS("name=Joan Marsh-Lowe"));
    disclose(&id, DBK_TELL_CORRECTION);
    assert_int_equal(changed_since(dbk_bytes_span(&before)), 1);
    dbk_test_edit(officer, &person_id, TEXTS("safe_message=no"));
    disclose(&id, DBK_TELL_CORRECTION);
    assert_int_equal(changed_since(dbk_bytes_span(&before)), 2);
    dbk_test_edit(officer, &id, TEXTS("consent=refused"));
    disclose(&id, DBK_TELL_CORRECTION);
    assert_true(d.withdrawn);
    assert_null(told("person.name"));
    assert_string_equal(told("referral.consent"), "Refused");
    assert_int_equal(problems.faults, 0);
    /* Name, safe contact and consent. */
    assert_int_equal(changed_since(dbk_bytes_span(&before)), 3);
    assert_true(all > 3);
    dbk_bytes_wipe(&before);
}

static void a_referral_goes_forward_only_and_stays_rejected(void **state)
{
    (void)state;
    assert_true(dbk_referral_moves(dbk_span_str("draft"), "sent"));
    assert_true(dbk_referral_moves(dbk_span_str("sent"), "accepted"));
    assert_true(dbk_referral_moves(dbk_span_str("accepted"), "rejected"));
    assert_false(dbk_referral_moves(dbk_span_str("accepted"), "received"));
    assert_false(dbk_referral_moves(dbk_span_str("rejected"), "done"));
    assert_false(dbk_referral_moves(dbk_span_str("done"), "done"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_what_consent_covers_is_told_and_safe_contact_always_B21_B107),
        TEST(a_number_is_told_only_if_it_is_known_to_be_safe_B107),
        TEST(what_is_not_known_of_safe_contact_stops_numbers_and_is_said_B107),
        TEST(only_a_key_that_headquarters_wrote_is_sealed_to_R7),
        TEST(what_is_not_made_or_says_nothing_of_its_scope_is_not_sent_B42),
        TEST(what_was_told_and_changed_is_found_and_a_withdrawn_consent_tells_no_more),
        cmocka_unit_test(a_referral_goes_forward_only_and_stays_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
