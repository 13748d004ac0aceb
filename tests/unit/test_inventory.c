/* The record types of domain.md section 3, sentence by sentence: each field that it names is there,
 * and merges as it says; each list of codes holds just those that it names. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/model/form.h"

static dbk_forms *forms;

static int open_forms(void **state)
{
    (void)state;
    return dbk_forms_new(&forms, NULL) == DBK_OK ? 0 : -1;
}

static int close_forms(void **state)
{
    (void)state;
    dbk_forms_free(forms);
    return 0;
}

static const dbk_form *form_of(const char *name)
{
    const dbk_form *form = dbk_forms_find(forms, dbk_span_str(name), 0);
    if (form == NULL)
        fail_msg("there is no form %s", name);
    return form;
}

/* "kind", or a part: "told.topic". */
static const dbk_field *field_of(const char *form, const char *path)
{
    char top[DBK_NAME_BYTES_MAX + 1];
    const char *dot = strchr(path, '.');
    size_t len = dot == NULL ? strlen(path) : (size_t)(dot - path);
    assert_true(len < sizeof(top));
    memcpy(top, path, len);
    top[len] = '\0';
    const dbk_field *field = dbk_form_field(form_of(form), top);
    for (size_t i = 0; field != NULL && dot != NULL && i < field->fields_count; i++)
        if (strcmp(field->fields[i].name, dot + 1) == 0)
            return &field->fields[i];
    if (field == NULL || dot != NULL)
        fail_msg("%s has no %s", form, path);
    return field;
}

static const dbk_group *group_of(const char *form, const char *field)
{
    const dbk_group *groups;
    (void)dbk_form_groups(form_of(form), &groups);
    return &groups[field_of(form, field)->group];
}

static bool has_code(const dbk_field *field, const char *code)
{
    for (size_t i = 0; i < field->codes_count; i++)
        if (strcmp(field->codes[i].name, code) == 0)
            return true;
    return false;
}

/* ---- fields and how they merge --------------------------------------------------------------- */

/* The study's words: "imm" is a form that is signed, and a field that only its author writes. */
static const struct row {
    const char *form, *merge, *fields; /* fields: with blanks between */
} rows[] = {
    /* 3.0: id, author, device, number, times, hashes and signature are the op's and the segment's
     * (docs/format/op.md), not fields. */
    { "case", "cau", "marking cpia mopi_group legal_hold" },
    { "case", "set", "compartments" },
    { "contact", "", "case_id s38 cpia_sensitive cpia_sensitive_reason" },
    /* 3.1 */
    { "case", "once", "ref" },
    { "case", "ask", "kind status vps_state" },
    { "case", "set", "hidden_crime" },
    { "case", "hq",
      "la_area lead_role lead flo_primary flo_deputy flo_coordinator closure_reason lessons" },
    { "case", "app",
      "family_groups strategy exit_plan coroner court inquest trial_dates escalation" },
    { "case", "cau", "suspect_in_family" },
    { "case", "",
      "family_groups.name family_groups.spokesperson family_groups.contact_plan "
      "family_groups.literature strategy.version strategy.objectives strategy.to_tell "
      "strategy.held_back strategy.contact_pattern strategy.interview_method strategy.approved_by "
      "strategy.approved_at exit_plan.criteria exit_plan.support exit_plan.family_told_on "
      "exit_plan.reactivation" },
    /* 3.2 */
    { "person", "app",
      "names addresses phones emails social role_in_case relationships supports_prosecution "
      "linked_persons" },
    { "person", "ask",
      "dob dob_precision age_band sex gender ethnicity_self_defined ethnicity_officer religion "
      "nationality deceased_at" },
    { "person", "ask", "safe_reviewed_at safe_reviewed_by" }, /* two reviews: neither protects */
    { "person", "set", "languages needs s38_category" },
    { "person", "cau",
      "interpreter_needed interpreter_gender interpreter_independent safe_rule safe_times "
      "safe_word "
      "safe_person safe_message safe_post safe_voicemail safe_withhold " },
    { "person", "",
      "names.kind names.given names.family names.transliteration phones.safe phones.shared_with "
      "addresses.safe addresses.from addresses.to relationships.split_side role_in_case.from "
      "role_in_case.to supports_prosecution.reason linked_persons.score linked_persons.evidence" },
    /* 3.3 */
    { "contact", "imm",
      "started_at ended_at method direction place present purpose account assessment told requests "
      "complaints received given demeanour reluctance_reason child_present child_voice "
      "intelligence "
      "family_voice next_contact officer_welfare" },
    { "contact", "app", "supervised addenda" },
    { "contact", "",
      "told.topic told.detail told.authority told.held_back requests.text requests.agreed "
      "requests.reason complaints.escalated_to received.exhibit_ref received.receipt "
      "given.literature given.edition demeanour.observed demeanour.reported next_contact.when "
      "next_contact.how next_contact.agreed_with" },
    /* 3.4 */
    { "intervention", "imm",
      "op_ref airport team agency flight direction selection_basis group travel indicators baggage "
      "shown_law leaflet health_passport material_language response disclosure "
      "ethnicity_self_defined persons grade" },
    { "intervention", "set", "outcome" },
    { "intervention", "hq", "next_flight_alert" },
    { "intervention", "",
      "group.adults group.girls_0_4 group.girls_5_8 group.girls_9_13 group.girls_14_17 group.boys "
      "travel.purpose travel.return_on travel.return_open travel.days travel.last_visit "
      "travel.booked_by travel.elder_female_visiting baggage.searched baggage.power baggage.items "
      "disclosure.by_whom disclosure.what disclosure.private_space disclosure.interpreter" },
    { "flight", "count",
      "families_approached adults girls_0_4 girls_5_8 girls_9_13 girls_14_17 boys law_shown "
      "leaflets health_passports" },
    { "flight", "ask",
      "carrier number scheduled_at actual_at origin destination onward pax direction" },
    /* 3.5 */
    { "referral", "once", "type person sent_at recipient_key package_hash" },
    { "referral", "ask", "service la_area decision reason override_reason spoc" },
    { "referral", "cau",
      "consent consent_scope consent_by consent_at risk_band safe_contact_copied state "
      "revisit_on" },
    { "referral", "hq", "outcome" },
    /* 3.6 */
    { "action", "ask", "text kind due" },
    { "action", "hq", "owner" },
    { "action", "cau", "priority state result" },
    { "action", "app", "notes" },
    { "action", "once", "raised_from" },
    /* 3.7 */
    { "service", "hq",
      "name organization description eligibility_description minimum_age maximum_age la_areas "
      "hidden_crime phones email url schedule languages interpretation_services fees_description "
      "referral_route self_referral waiting_weeks assured_date assurer verify_every_days latitude "
      "longitude alert recipient_key" },
    { "service", "cau", "status safe_to_post" },
    /* 3.8 */
    { "risk_assessment", "once", "subject assessor" },
    { "risk_assessment", "app", "answers controls supervised" },
    { "risk_assessment", "cau", "judgement_band judgement_reason review_on" },
    { "risk_assessment", "", "kind tool_version answers.key answers.answer answers.note" },
    /* 3.9 */
    { "marker", "cau", "state cancelled_reason cancelled_by review_on expires_on" },
    { "marker", "", "kind about reason evidence raised_by compartments" },
    /* 3.10 */
    { "decision", "hq", "number" },
    { "decision", "imm",
      "topic decision considered reason information_relied_on decided_by role decided_at review_on "
      "supersedes" },
    /* 3.12 */
    { "protective_order", "cau", "expires_on" },
    { "protective_order", "app", "served breach" },
    { "protective_order", "", "kind court made_on terms applicant passport_surrendered_on" },
    { "vps", "imm", "made_by made_at medium to_be_read_by" },
    { "vps", "app", "read" },
    { "intel_report", "imm", "source_grade information_grade handling text source" },
    { "disclosure_item", "cau", "sensitive sensitive_reason" },
    { "disclosure_item", "hq", "mg6c_number mg6d_number" },
    { "disclosure_item", "", "description decision shown_to" },
    { "attachment", "imm", "sha256 bytes mime caption exhibit_ref" },
    { "officer", "hq", "trained_on caseload_limit welfare_last" },
    /* Otherwise than the study: adding to these needs no decision of headquarters. */
    { "officer", "set", "skills languages" },
    { "officer", "app", "leave" },
    { "routing_rule", "hq",
      "name when_case_kind when_hidden_crime when_risk_band when_la_area "
      "when_type then_type strength valid_from valid_until" },
    { "lesson", "", "title text source case_kinds hidden_crime" },
    { "meeting", "", "type chair attendees decisions actions" },
    { "family_feedback", "", "overall themes words" },
    { "expertise", "", "officer topics la_areas spoc on_call" },
    { "reference_card", "", "title edition text" },
};

static bool merges_so(const char *form, const char *field, const char *merge)
{
    static const struct {
        const char *merge;
        dbk_rule rule;
    } rules[] = {
        { "cau", DBK_RULE_CAUTIOUS }, { "set", DBK_RULE_SET }, { "app", DBK_RULE_LOG },
        { "ask", DBK_RULE_ASK },      { "hq", DBK_RULE_HQ },   { "once", DBK_RULE_ONCE },
        { "count", DBK_RULE_COUNT },
    };
    const dbk_group *group = group_of(form, field);
    if (strcmp(merge, "imm") == 0)
        return dbk_form_signs(form_of(form)) && group->own;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        if (strcmp(merge, rules[i].merge) == 0)
            return group->rule == rules[i].rule;
    return merge[0] == '\0';
}

static void every_field_is_there_and_merges_as_the_study_says_3(void **state)
{
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *at = rows[i].fields;
        while (*at != '\0') {
            char name[2 * DBK_NAME_BYTES_MAX];
            size_t len = strcspn(at, " ");
            assert_true(len < sizeof(name));
            memcpy(name, at, len);
            name[len] = '\0';
            (void)field_of(rows[i].form, name);
            if (strchr(name, '.') == NULL && !merges_so(rows[i].form, name, rows[i].merge)) {
                print_message("%s.%s isn't %s\n", rows[i].form, name, rows[i].merge);
                wrong++;
            }
            at += len + (at[len] == ' ');
        }
    }
    assert_int_equal(wrong, 0);
}

/* ---- codes ----------------------------------------------------------------------------------- */

static const struct list {
    const char *form, *field;
    size_t count; /* of all; 0: further ones may be there */
    const char *codes;
} lists[] = {
    { "case", "hidden_crime", 11, /* cover 3.1 */
      "domestic_abuse child_abuse cse fgm forced_marriage hbv vulnerable_adult_abuse "
      "modern_slavery human_trafficking hate_crime gender_selective_abortion" },
    { "case", "victim_priority", 0, "rape asb fatal_rtc volume_crime" }, /* B33 */
    { "case", "la_area", 9,                                              /* A11 */
      "birmingham coventry dudley sandwell solihull walsall wolverhampton out_of_force unknown" },
    { "case", "record_class", 3, "crime non_crime intelligence_only" }, /* A9 */
    { "case", "hate_strand", 0, "race religion orientation transgender disability" },
    { "case", "kind", 11,
      "fatal_rtc life_changing_rtc homicide suspicious_death unexplained_death suicide "
      "missing_high_risk disaster hbv_fm fgm other" },
    { "case", "lead_role", 4, "sio sim lead_investigator oic" },
    { "case", "status", 6, "proposed active paused exiting closed reactivated" },
    { "case", "vps_state", 5, "not_offered offered declined made updated" },
    { "case", "escalation.forum", 0, "mase cmog cse_coordination marac mappa dmm" }, /* A28 */
    { "person", "role_in_case.role", 8,
      "deceased victim close_relative family_spokesperson witness suspect child_at_risk "
      "professional" },
    { "person", "s38_category.category", 0, "suspect convicted victim witness_other" },
    { "person", "supports_prosecution.answer", 0,
      "yes no undecided withdrawn not_asked" }, /* A14 */
    { "person", "needs", 0, "hearing sight mobility learning mental_health literacy autism other" },
    { "person", "dob_precision", 4, "day month year estimated" },
    { "person", "names.kind", 0, "legal known_as maiden script" },
    { "contact", "method", 12,
      "visit phone video text email letter court inquest hospital mortuary_viewing scene_visit "
      "attempted" },
    { "contact", "direction", 2, "police_to_family family_to_police" },
    { "contact", "purpose", 14,
      "first_visit update evidence statement vps property identification viewing coroner court "
      "support complaint exit other" },
    { "contact", "practical_needs", 9, /* B19 */
      "moving_home translation food heating clothing transport alarms childcare repairs" },
    { "intervention", "agency", 6, "police border_force social_care health ngo survivor_advocate" },
    { "intervention", "direction", 2, "outbound inbound" }, /* A38 */
    { "intervention", "selection_basis", 5,                 /* LL-2 */
      "whole_flight all_with_girls_under_18 intelligence_led referral self_approach" },
    { "intervention", "response", 0, "engaged aware unaware hostile distressed declined" },
    { "intervention", "outcome", 11, /* LL-4 */
      "advice_only leaflet health_passport declined disclosure intel_submitted "
      "safeguarding_referral fgmpo_considered passport_issue arrest trafficking_indicator" },
    { "referral", "type", 0,
      "victim_support brake mash cru marac idva isva nrm mase ppu children_social_care "
      "adult_social_care fmu karma_nirvana health education border_force coroner witness_care "
      "homicide_service nspcc_fgm other" },
    { "referral", "decision", 5, "referred declined info_left not_appropriate override" },
    { "referral", "consent", 5,
      "given refused not_needed_safeguarding lacks_capacity best_interests" },
    { "referral", "state", 8,
      "draft sent received accepted rejected in_progress done closed_no_contact" },
    { "action", "kind", 0,
      "enquiry family_request safeguarding disclosure welfare locate_arrest audit_query "
      "correction" },
    { "action", "state", 0, "open in_progress blocked done declined" },
    { "risk_assessment", "kind", 8,
      "flo_deployment dash dara karma_nirvana barnardos_dv fgm_professional cse_screen "
      "threat_to_life" },
    { "risk_assessment", "judgement_band", 4, "standard medium high not_graded" },
    { "marker", "kind", 15,
      "hbv fm fgm repeat_victim safe_contact child_at_risk suspect_in_family violent weapons "
      "officer_safety no_lone_visit media_interest insider_bar court_order interpreter" },
    { "marker", "state", 0, "proposed active cancelled" },
    { "decision", "topic", 0, "release_to_family hold_back press exit victim_care" },
    { "protective_order", "kind", 5, "fgmpo fmpo nmo restraining dvpo" },
    { "fgm_report", "fgm_type", 4, "type_1 type_2 type_3 type_4" }, /* B88 */
    { "intel_report", "source_grade", 3, "s1 s2 s3" },              /* 2.10 */
    { "intel_report", "information_grade", 5, "a b c d e" },
    { "intel_report", "handling", 2, "p c" },
    { "case", "s38", 3, "fact personal_assessment mixed" },
    { "case", "cpia", 3, "relevant not_relevant to_review" },
    { "case", "marking", 2, "official official_sensitive" }, /* 2.8: none above */
    { "meeting", "type", 0, "mash marac mappa" },            /* A12 */
    /* The other operations of 3.11 are read from the signed changes themselves: decision 0024. */
    { "audit", "entries.op", 0, "consultation disclosure" },
};

static void every_list_holds_the_codes_that_the_study_names_3(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        const dbk_field *field = field_of(lists[i].form, lists[i].field);
        const char *at = lists[i].codes;
        for (; *at != '\0'; at += strcspn(at, " ") + (at[strcspn(at, " ")] == ' ')) {
            char code[DBK_NAME_BYTES_MAX + 1];
            size_t len = strcspn(at, " ");
            assert_true(len < sizeof(code));
            memcpy(code, at, len);
            code[len] = '\0';
            if (!has_code(field, code))
                fail_msg("%s.%s has no code %s", lists[i].form, lists[i].field, code);
        }
        if (lists[i].count > 0 && field->codes_count != lists[i].count)
            fail_msg("%s.%s has %zu codes", lists[i].form, lists[i].field, field->codes_count);
    }
}

/* B95, and 2.2: recorded and never scored, so that there is no field for a sum. */
static void the_eight_indicators_of_FGM_are_questions_without_a_score_B95(void **state)
{
    const dbk_field *field = field_of("intervention", "indicators");
    size_t count = 0;
    (void)state;
    for (size_t i = 0; i < field->fields_count; i++) {
        assert_true(field->fields[i].kind == DBK_FIELD_BOOL3 ||
                    field->fields[i].kind == DBK_FIELD_LONGTEXT);
        count += field->fields[i].kind == DBK_FIELD_BOOL3;
    }
    assert_int_equal(count, 8);
    for (int i = 1; i <= 8; i++) {
        char name[24];
        (void)snprintf(name, sizeof(name), "indicators.i%d", i);
        (void)field_of("intervention", name);
    }
}

/* What is needed before a signature, and what is only asked for: 3.3, 3.4. */
static void what_must_be_there_and_what_is_only_wanted_3(void **state)
{
    static const struct {
        const char *form, *field;
        dbk_need need;
    } needs[] = {
        { "contact", "started_at", DBK_NEED_SIGN },
        { "contact", "ended_at", DBK_NEED_WARN },
        { "contact", "method", DBK_NEED_SIGN },
        { "contact", "direction", DBK_NEED_SIGN },
        { "contact", "present", DBK_NEED_SIGN },
        { "contact", "purpose", DBK_NEED_WARN },
        { "contact", "account", DBK_NEED_WARN },
        { "contact", "child_present", DBK_NEED_WARN }, /* A26: asked at every contact */
        { "intervention", "direction", DBK_NEED_SIGN },
        { "intervention", "selection_basis", DBK_NEED_SIGN },
        { "intervention", "indicators", DBK_NEED_WARN },
        { "intervention", "outcome", DBK_NEED_SIGN },
        { "case", "la_area", DBK_NEED_SIGN },
        { "case", "ref", DBK_NEED_WARN },
        { "case", "flo_deputy", DBK_NEED_WARN },
        { "referral", "service", DBK_NEED_WARN },
        { "referral", "consent", DBK_NEED_SIGN },
        { "action", "owner", DBK_NEED_SIGN },
        { "marker", "review_on", DBK_NEED_SIGN },
        { "person", "nationality", DBK_NEED_OPTIONAL }, /* B4-6: never asked to refer */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(needs); i++)
        if (field_of(needs[i].form, needs[i].field)->need != needs[i].need)
            fail_msg("%s.%s", needs[i].form, needs[i].field);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_there_and_merges_as_the_study_says_3),
        cmocka_unit_test(every_list_holds_the_codes_that_the_study_names_3),
        cmocka_unit_test(the_eight_indicators_of_FGM_are_questions_without_a_score_B95),
        cmocka_unit_test(what_must_be_there_and_what_is_only_wanted_3),
    };
    return cmocka_run_group_tests(tests, open_forms, close_forms);
}
