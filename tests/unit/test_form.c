#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/cbor.h"
#include "core/model/form.h"

static dbk_forms *shipped;

static const dbk_form *form_of(const char *name)
{
    const dbk_form *form = dbk_forms_find(shipped, dbk_span_str(name), 0);
    if (form == NULL)
        fail_msg("there is no form %s", name);
    return form;
}

static const dbk_field *field_of(const char *form, const char *path)
{
    const dbk_field *top;
    const dbk_field *field = dbk_form_part(form_of(form), path, &top);
    if (field == NULL)
        fail_msg("%s has no %s", form, path);
    return field;
}

static const dbk_group *group_of(const char *form, const char *field)
{
    const dbk_group *groups;
    (void)dbk_form_groups(form_of(form), &groups);
    return &groups[field_of(form, field)->group];
}

/* A sub-field of a list: dbk_form_part() goes into objects only. */
static const dbk_field *sub_of(const char *form, const char *field, const char *sub)
{
    const dbk_field *f = field_of(form, field);
    for (size_t i = 0; i < f->fields_count; i++)
        if (strcmp(f->fields[i].name, sub) == 0)
            return &f->fields[i];
    fail_msg("%s.%s has no %s", form, field, sub);
    return NULL;
}

/* ---- the shipped forms, domain.md section 3 ------------------------------------------------- */

static void the_forms_of_domain_3_are_shipped(void **state)
{
    static const struct {
        const char *name;
        bool signs;
        const char *when;
    } cases[] = {
        { "case", false, "happened_at" },    { "contact", true, "started_at" },
        { "flight", false, "scheduled_at" }, { "intervention", true, "happened_at" },
        { "person", false, "happened_at" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const dbk_form *form = form_of(cases[i].name);
        const dbk_field *const *summary;
        assert_int_equal(dbk_form_version(form), 1);
        assert_int_equal(dbk_form_signs(form), cases[i].signs);
        assert_string_equal(dbk_form_when(form)->name, cases[i].when);
        assert_true(dbk_form_summary(form, &summary) >= 2);
        assert_non_null(dbk_form_help(form));
        /* The header of 3.0, in every one. */
        assert_non_null(field_of(cases[i].name, "marking"));
        assert_non_null(field_of(cases[i].name, "cpia"));
        assert_non_null(field_of(cases[i].name, "legal_hold"));
        assert_non_null(field_of(cases[i].name, "compartments"));
        /* A form that signs has addenda; one that doesn't has not. */
        assert_int_equal(dbk_form_field(form, "addenda") != NULL, cases[i].signs);
    }
}

/* The codes, in the form's order. */
static void each_answer_of_domain_3_is_offered_and_no_other(void **state)
{
    static const struct {
        const char *form, *field, *codes;
    } cases[] = {
        { "case", "kind",
          "fatal_rtc life_changing_rtc homicide suspicious_death unexplained_death suicide "
          "missing_high_risk disaster hbv_fm fgm other" },
        { "case", "hidden_crime",
          "domestic_abuse child_abuse cse fgm forced_marriage hbv vulnerable_adult_abuse "
          "modern_slavery human_trafficking hate_crime gender_selective_abortion" },
        { "case", "la_area",
          "birmingham coventry dudley sandwell solihull walsall wolverhampton out_of_force "
          "unknown" },
        { "case", "lead_role", "sio sim lead_investigator oic" },
        { "case", "suspect_in_family", "no possible yes" },
        { "case", "status", "proposed active paused exiting closed reactivated" },
        { "case", "vps_state", "not_offered offered declined made updated" },
        { "case", "marking", "official official_sensitive" },
        { "case", "cpia", "relevant to_review not_relevant" },
        { "case", "s38", "fact personal_assessment mixed" },
        { "person", "needs",
          "hearing sight mobility learning mental_health literacy autism other" },
        { "person", "safe_rule", "free only_via never_at never_whom times" },
        { "contact", "method",
          "visit phone video text email letter court inquest hospital mortuary_viewing "
          "scene_visit attempted" },
        { "contact", "direction", "police_to_family family_to_police" },
        { "contact", "purpose",
          "first_visit update evidence statement vps property identification viewing coroner "
          "court support complaint exit other" },
        { "contact", "practical_needs",
          "moving_home translation food heating clothing transport alarms childcare repairs" },
        { "intervention", "agency",
          "police border_force social_care health ngo survivor_advocate" },
        { "intervention", "direction", "outbound inbound" },
        { "intervention", "selection_basis",
          "whole_flight all_with_girls_under_18 intelligence_led referral self_approach" },
        { "intervention", "response", "engaged aware unaware hostile distressed declined" },
        { "intervention", "outcome",
          "advice_only leaflet health_passport declined disclosure intel_submitted "
          "safeguarding_referral fgmpo_considered passport_issue arrest trafficking_indicator" },
        { "welfare", "state", "ok tired support_wanted" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const dbk_field *f = field_of(cases[i].form, cases[i].field);
        char got[1024] = "";
        size_t len = 0;
        for (size_t k = 0; k < f->codes_count; k++)
            len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%s", k > 0 ? " " : "",
                                    f->codes[k].name);
        assert_string_equal(got, cases[i].codes);
    }
    assert_int_equal(field_of("person", "ethnicity_self_defined")->codes_count, 18 + 1 + 1);
    assert_int_equal(field_of("person", "nationality")->codes_count, 249 + 2);
    /* Codes are dated data: the eleven hidden crimes have their day of entry. */
    assert_string_equal(field_of("case", "hidden_crime")->codes[3].from, "2015-09-01");
    assert_null(field_of("case", "hidden_crime")->codes[3].until);
}

static void each_field_of_domain_3_merges_and_is_needed_as_written(void **state)
{
    static const struct {
        const char *form, *field;
        dbk_rule rule;
        dbk_need need;
    } cases[] = {
        { "case", "ref", DBK_RULE_ONCE, DBK_NEED_WARN },
        { "case", "kind", DBK_RULE_ASK, DBK_NEED_SIGN },
        { "case", "hidden_crime", DBK_RULE_SET, DBK_NEED_OPTIONAL },
        { "case", "la_area", DBK_RULE_HQ, DBK_NEED_SIGN },
        { "case", "lead", DBK_RULE_HQ, DBK_NEED_SIGN },
        { "case", "flo_primary", DBK_RULE_HQ, DBK_NEED_SIGN },
        { "case", "flo_deputy", DBK_RULE_HQ, DBK_NEED_WARN },
        { "case", "flo_coordinator", DBK_RULE_HQ, DBK_NEED_WARN },
        { "case", "family_groups", DBK_RULE_LOG, DBK_NEED_WARN },
        { "case", "strategy", DBK_RULE_LOG, DBK_NEED_OPTIONAL },
        { "case", "suspect_in_family", DBK_RULE_CAUTIOUS, DBK_NEED_SIGN },
        { "case", "status", DBK_RULE_ASK, DBK_NEED_SIGN },
        { "case", "exit_plan", DBK_RULE_LOG, DBK_NEED_OPTIONAL },
        { "case", "inquest", DBK_RULE_LOG, DBK_NEED_OPTIONAL },
        { "case", "vps_state", DBK_RULE_ASK, DBK_NEED_WARN },
        { "case", "closure_reason", DBK_RULE_HQ, DBK_NEED_OPTIONAL },
        { "case", "marking", DBK_RULE_CAUTIOUS, DBK_NEED_SIGN },
        { "case", "compartments", DBK_RULE_SET, DBK_NEED_OPTIONAL },
        { "case", "cpia_sensitive", DBK_RULE_ASK, DBK_NEED_OPTIONAL },
        { "case", "mopi_group", DBK_RULE_CAUTIOUS, DBK_NEED_OPTIONAL },
        { "case", "legal_hold", DBK_RULE_CAUTIOUS, DBK_NEED_OPTIONAL },
        { "person", "names", DBK_RULE_LOG, DBK_NEED_WARN },
        { "person", "dob", DBK_RULE_ASK, DBK_NEED_WARN },
        { "person", "languages", DBK_RULE_SET, DBK_NEED_OPTIONAL },
        { "person", "interpreter_independent", DBK_RULE_CAUTIOUS, DBK_NEED_OPTIONAL },
        { "person", "needs", DBK_RULE_SET, DBK_NEED_OPTIONAL },
        { "person", "phones", DBK_RULE_LOG, DBK_NEED_OPTIONAL },
        { "person", "safe_rule", DBK_RULE_CAUTIOUS, DBK_NEED_WARN },
        { "person", "safe_voicemail", DBK_RULE_CAUTIOUS, DBK_NEED_OPTIONAL },
        { "person", "safe_post", DBK_RULE_CAUTIOUS, DBK_NEED_OPTIONAL },
        { "person", "role_in_case", DBK_RULE_LOG, DBK_NEED_SIGN },
        { "person", "s38_category", DBK_RULE_SET, DBK_NEED_SIGN },
        { "contact", "started_at", DBK_RULE_ASK, DBK_NEED_SIGN },
        { "contact", "ended_at", DBK_RULE_ASK, DBK_NEED_WARN },
        { "contact", "method", DBK_RULE_ASK, DBK_NEED_SIGN },
        { "contact", "present", DBK_RULE_ASK, DBK_NEED_SIGN },
        { "contact", "account", DBK_RULE_ASK, DBK_NEED_WARN },
        { "contact", "told", DBK_RULE_ASK, DBK_NEED_WARN },
        { "contact", "next_contact", DBK_RULE_ASK, DBK_NEED_WARN },
        { "contact", "supervised", DBK_RULE_LOG, DBK_NEED_OPTIONAL },
        { "contact", "addenda", DBK_RULE_LOG, DBK_NEED_OPTIONAL },
        { "intervention", "selection_basis", DBK_RULE_ASK, DBK_NEED_SIGN },
        { "intervention", "group", DBK_RULE_ASK, DBK_NEED_SIGN },
        { "intervention", "outcome", DBK_RULE_SET, DBK_NEED_SIGN },
        { "intervention", "next_flight_alert", DBK_RULE_HQ, DBK_NEED_OPTIONAL },
        { "flight", "families_approached", DBK_RULE_COUNT, DBK_NEED_OPTIONAL },
        { "flight", "girls_5_8", DBK_RULE_COUNT, DBK_NEED_OPTIONAL },
        { "flight", "carrier", DBK_RULE_ASK, DBK_NEED_SIGN },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (group_of(cases[i].form, cases[i].field)->rule != cases[i].rule)
            fail_msg("rule of %s.%s", cases[i].form, cases[i].field);
        if (field_of(cases[i].form, cases[i].field)->need != cases[i].need)
            fail_msg("need of %s.%s", cases[i].form, cases[i].field);
    }
}

/* sync-lessons 2.16: never a merged row that nobody entered. */
static void what_must_merge_as_one_value_is_one_group_2_16(void **state)
{
    static const struct {
        const char *form, *a, *b;
        bool together;
    } cases[] = {
        { "case", "status", "status_reason", true },
        { "case", "lead", "lead_role", true },
        { "person", "dob", "dob_precision", true },
        { "person", "safe_rule", "safe_rule_detail", true },
        { "person", "safe_post", "safe_voicemail", false }, /* each part by itself */
        { "contact", "started_at", "ended_at", true },
        { "contact", "cpia_sensitive", "cpia_sensitive_reason", true },
        { "flight", "origin", "destination", true },
        { "flight", "girls_0_4", "girls_5_8", false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(group_of(cases[i].form, cases[i].a) == group_of(cases[i].form, cases[i].b),
                         cases[i].together);
}

static void only_the_author_writes_an_entry_and_supervision_comes_after_signing(void **state)
{
    static const struct {
        const char *form, *field;
        bool own, after_sign;
    } cases[] = {
        { "contact", "account", true, false },
        { "contact", "started_at", true, false },
        { "contact", "supervised", false, true },
        { "contact", "addenda", false, true },
        { "contact", "cpia", false, true },
        { "contact", "legal_hold", false, true },
        { "contact", "case_id", true, false },
        { "contact", "s38", true, false },
        { "intervention", "group", true, false },
        { "intervention", "outcome", false, false },
        { "intervention", "next_flight_alert", false, true },
        { "case", "kind", false, false },
        { "flight", "pax", false, false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (group_of(cases[i].form, cases[i].field)->own != cases[i].own)
            fail_msg("own of %s.%s", cases[i].form, cases[i].field);
        if (field_of(cases[i].form, cases[i].field)->after_sign != cases[i].after_sign)
            fail_msg("after_sign of %s.%s", cases[i].form, cases[i].field);
    }
}

/* DPA 2018 s35(8), and the traps of domain.md 2.4 and section 4. */
static void sensitive_answers_are_marked_and_no_tool_text_is_shipped_P7(void **state)
{
    (void)state;
    assert_true(field_of("person", "ethnicity_self_defined")->sensitive);
    assert_true(field_of("person", "religion")->sensitive);
    assert_true(field_of("person", "needs")->sensitive);
    assert_true(field_of("intervention", "ethnicity_self_defined")->sensitive);
    assert_false(field_of("person", "dob")->sensitive);
    /* The eight indicators are yes, no or not known, and nothing adds them up. */
    const dbk_field *indicators = field_of("intervention", "indicators");
    assert_int_equal(indicators->fields_count, 8 + 1);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(indicators->fields[i].kind, DBK_FIELD_BOOL3);
        assert_int_equal(indicators->fields[i].name[0], 'i');
        assert_int_equal(indicators->fields[i].name[1], '1' + (char)i);
    }
    /* No position of a family's home. */
    assert_int_equal(field_of("contact", "place")->kind, DBK_FIELD_TEXT);
    /* The safe word and the officer's welfare are records of their own, in other spaces. */
    assert_int_equal(field_of("person", "safe_word")->kind, DBK_FIELD_REF);
    assert_int_equal(field_of("contact", "officer_welfare")->kind, DBK_FIELD_REF);
    assert_int_equal(field_of("contact", "intelligence")->kind, DBK_FIELD_REF);
}

/* Nothing that could be typed into it tells more, and who ends it doesn't outweigh who keeps it. */
static void a_restricted_marker_has_room_for_nothing_but_whom_to_ring_A26_P6(void **state)
{
    static const struct {
        const char *name;
        dbk_field_kind kind;
    } cases[] = { { "about", DBK_FIELD_REF },
                  { "ask", DBK_FIELD_PHONE },
                  { "state", DBK_FIELD_CODE } };
    const dbk_field *fields;
    (void)state;
    assert_int_equal(dbk_form_fields(form_of("restricted_marker"), &fields), ARRAY_LEN(cases));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(fields[i].name, cases[i].name);
        assert_int_equal(fields[i].kind, cases[i].kind);
    }
    const dbk_group *stands = group_of("restricted_marker", "state");
    assert_int_equal(stands->rule, DBK_RULE_CAUTIOUS);
    assert_string_equal(stands->lower_needs, "reason");
}

static void parts_of_fields_are_found_by_their_path(void **state)
{
    const dbk_field *top = NULL;
    (void)state;
    const dbk_form *form = form_of("contact");
    const dbk_field *part = dbk_form_part(form, "next_contact.when", &top);
    assert_non_null(part);
    assert_int_equal(part->kind, DBK_FIELD_DATETIME);
    assert_string_equal(top->name, "next_contact");
    part = dbk_form_part(form, "method", &top);
    assert_non_null(part);
    assert_ptr_equal(part, top);
    assert_null(dbk_form_part(form, "next_contact.where", &top));
    assert_null(dbk_form_part(form, "next_contact.", &top));
    assert_null(dbk_form_part(form, "told.topic", &top)); /* a list has no one topic */
    assert_null(dbk_form_part(form, "method.x", &top));
    assert_null(dbk_form_part(form, ".when", &top));
    assert_null(dbk_form_part(form, "", &top));
    assert_int_equal(sub_of("contact", "told", "authority")->kind, DBK_FIELD_TEXT);
}

/* ---- ranks: P6, the protective value stands ------------------------------------------------- */

static void map_of(dbk_bytes *out, const char *field, const char *value)
{
    dbk_cbor_out o = dbk_cbor_to(out, NULL);
    dbk_bytes_truncate(out, 0);
    dbk_cbor_put_map(&o, value == NULL ? 0 : 1);
    if (value != NULL) {
        dbk_cbor_put_str(&o, field);
        if (strcmp(value, "not_known") == 0)
            dbk_cbor_put_simple(&o, DBK_CBOR_NULL);
        else if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
            dbk_cbor_put_simple(&o, value[0] == 't' ? DBK_CBOR_TRUE : DBK_CBOR_FALSE);
        else
            dbk_cbor_put_str(&o, value);
    }
    assert_rc(o.rc, DBK_OK, NULL);
}

static int64_t rank_of(const char *form, const char *field, const char *value)
{
    dbk_bytes map = DBK_BYTES_INIT(200);
    map_of(&map, field, value);
    int64_t rank = dbk_form_rank(form_of(form), group_of(form, field), dbk_bytes_span(&map));
    dbk_bytes_wipe(&map);
    return rank;
}

static void the_more_protective_answer_ranks_higher_P6(void **state)
{
    /* Most protective first; NULL is blank. */
    static const struct {
        const char *form, *field;
        const char *order[8];
    } cases[] = {
        { "case", "suspect_in_family", { "yes", "possible", "not_known", "no", NULL } },
        { "contact", "cpia", { "relevant", "to_review", "not_relevant", NULL } },
        { "case", "marking", { "official_sensitive", "official", NULL } },
        { "case", "mopi_group", { "mopi_1", "mopi_2", "mopi_3", "mopi_4", NULL } },
        { "case", "legal_hold", { "true", "not_known", "false", NULL } },
        { "person", "safe_rule", { "only_via", "never_whom", "never_at", "times", "free", NULL } },
        { "person", "safe_voicemail", { "false", "not_known", "true", NULL } },
        { "person", "safe_withhold", { "true", "not_known", "false", NULL } },
        { "person", "interpreter_independent", { "false", "not_known", "true", NULL } },
        { "person", "interpreter_gender", { "female", "no_preference", NULL } },
        { "person", "safe_times", { "Mondays before three", NULL } },
        { "referral",
          "consent",
          { "refused", "lacks_capacity", "best_interests", "not_needed_safeguarding", "given",
            NULL } },
        { "referral", "risk_band", { "high", "medium", "standard", "not_graded", NULL } },
        { "risk_assessment",
          "judgement_band",
          { "high", "medium", "standard", "not_graded", NULL } },
        { "action",
          "state",
          { "reopened", "open", "in_progress", "blocked", "declined", "done", NULL } },
        { "service", "status", { "closed", "paused", "active", NULL } },
        { "risk_assessment",
          "review_on",
          { "0001-01-01", "2026-11-24", "2026-11-25", "9999-12-31", "not_known", NULL } },
        { "protective_order", "expires_on", { "2026-11-24", "2027-01-01", "soon", NULL } },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (size_t k = 0; cases[i].order[k] != NULL; k++) {
            const char *higher = cases[i].order[k], *lower = cases[i].order[k + 1];
            if (rank_of(cases[i].form, cases[i].field, higher) <=
                rank_of(cases[i].form, cases[i].field, lower))
                fail_msg("%s.%s: %s is not above %s", cases[i].form, cases[i].field, higher,
                         lower != NULL ? lower : "blank");
        }
    }
    assert_int_equal(rank_of("person", "interpreter_gender", "female"),
                     rank_of("person", "interpreter_gender", "male"));
}

/* "Cautious when in doubt": what we can't judge ranks above all we can, but the highest. */
static void an_unknown_code_ranks_just_below_the_highest_P6(void **state)
{
    (void)state;
    int64_t unknown = rank_of("person", "safe_rule", "a_code_of_next_year");
    assert_true(unknown < rank_of("person", "safe_rule", "only_via"));
    assert_true(unknown > rank_of("person", "safe_rule", "never_whom"));
    assert_int_equal(rank_of("person", "safe_rule", "not_known"), unknown);
    unknown = rank_of("case", "suspect_in_family", "certain");
    assert_true(unknown < rank_of("case", "suspect_in_family", "yes"));
    assert_true(unknown > rank_of("case", "suspect_in_family", "possible"));
}

static void a_value_of_another_shape_has_a_rank_too(void **state)
{
    static const uint8_t malformed[] = { 0xa1, 0x61 };
    static const uint8_t number[] = { 0xa1, 0x6a, 'l', 'e', 'g', 'a', 'l',
                                      '_',  'h',  'o', 'l', 'd', 0x07 };
    (void)state;
    const dbk_form *form = form_of("case");
    const dbk_group *hold = group_of("case", "legal_hold");
    assert_int_equal(dbk_form_rank(form, hold, dbk_span_of(NULL, 0)), 0);
    assert_int_equal(dbk_form_rank(form, hold, dbk_span_of(malformed, sizeof(malformed))), 0);
    int64_t odd = dbk_form_rank(form, hold, dbk_span_of(number, sizeof(number)));
    assert_true(odd > rank_of("case", "legal_hold", "false"));
    assert_true(odd < rank_of("case", "legal_hold", "true"));
    for (size_t len = 0; len < sizeof(number); len++)
        (void)dbk_form_rank(form, hold, dbk_span_of(number, len));
}

static int open_forms(void **state)
{
    (void)state;
    return dbk_forms_new(&shipped, NULL) == DBK_OK ? 0 : -1;
}

static int close_forms(void **state)
{
    (void)state;
    dbk_forms_free(shipped);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_forms_of_domain_3_are_shipped),
        cmocka_unit_test(each_answer_of_domain_3_is_offered_and_no_other),
        cmocka_unit_test(each_field_of_domain_3_merges_and_is_needed_as_written),
        cmocka_unit_test(what_must_merge_as_one_value_is_one_group_2_16),
        cmocka_unit_test(only_the_author_writes_an_entry_and_supervision_comes_after_signing),
        cmocka_unit_test(sensitive_answers_are_marked_and_no_tool_text_is_shipped_P7),
        cmocka_unit_test(a_restricted_marker_has_room_for_nothing_but_whom_to_ring_A26_P6),
        cmocka_unit_test(parts_of_fields_are_found_by_their_path),
        cmocka_unit_test(the_more_protective_answer_ranks_higher_P6),
        cmocka_unit_test(an_unknown_code_ranks_just_below_the_highest_P6),
        cmocka_unit_test(a_value_of_another_shape_has_a_rank_too),
    };
    return cmocka_run_group_tests(tests, open_forms, close_forms);
}
