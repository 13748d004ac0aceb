#include "tests/lib/test.h"

#include <string.h>

#include "core/practice/routing.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define TODAY "2016-01-15"

static dbk_forms *forms;
static dbk_routes *routes;
static dbk_bytes crimes = DBK_BYTES_INIT(4096);

static int make_routes(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    assert_ok(dbk_forms_new(&forms, &err), &err);
    assert_ok(dbk_routes_new(&routes, forms, &err), &err);
    return 0;
}

static int drop_routes(void **state)
{
    (void)state;
    dbk_bytes_wipe(&crimes);
    dbk_routes_free(routes);
    dbk_forms_free(forms);
    return 0;
}

static dbk_age aged(int years)
{
    return (dbk_age){ true, years, years };
}

static dbk_route_facts facts_of(const char *kind, const char *crime, const char *risk,
                                const char *area, dbk_age age)
{
    dbk_bytes_truncate(&crimes, 0);
    dbk_cbor_out o = dbk_cbor_to(&crimes, NULL);
    dbk_cbor_put_array(&o, crime[0] == '\0' ? 0 : 1);
    if (crime[0] != '\0')
        dbk_cbor_put_str(&o, crime);
    assert_rc(o.rc, DBK_OK, NULL);
    return (dbk_route_facts){
        dbk_span_str(kind), dbk_span_str(risk), dbk_span_str(area), dbk_bytes_span(&crimes), age,
        dbk_span_str(TODAY)
    };
}

static bool is_named(const dbk_route_rule *rule, const char *name)
{
    return rule != NULL && dbk_span_equal(dbk_route_name(rule), dbk_span_str(name));
}

/* "" : no rule, or one that leads nowhere. */
static void assert_leads(const char *asked, const dbk_route_facts *facts, const char *type)
{
    dbk_route_answer a = dbk_routes_ask(routes, asked, facts);
    if (type[0] == '\0') {
        assert_true(a.rule == NULL || dbk_route_to(a.rule).len == 0);
        return;
    }
    assert_non_null(a.rule);
    assert_true(dbk_route_leads_to(a.rule, type));
}

static void a_fatal_collision_goes_to_brake_and_high_risk_to_specialists_B23(void **state)
{
    (void)state;
    dbk_route_facts rtc = facts_of("fatal_rtc", "", "", "walsall", aged(40));
    dbk_route_answer a = dbk_routes_ask(routes, "victim_support", &rtc);
    assert_true(is_named(a.rule, "Fatal collision: Brake"));
    assert_true(dbk_route_hard(a.rule) && dbk_route_shipped(a.rule));
    assert_true(dbk_route_leads_to(a.rule, "brake"));
    assert_false(dbk_route_leads_to(a.rule, "victim_support"));
    /* The coroner is another matter. */
    assert_null(dbk_routes_ask(routes, "coroner", &rtc).rule);

    dbk_route_facts high = facts_of("other", "domestic_abuse", "high", "walsall", aged(40));
    a = dbk_routes_ask(routes, "victim_support", &high);
    assert_true(dbk_route_hard(a.rule));
    assert_leads("victim_support", &high, "ppu");
    assert_leads("victim_support", &high, "idva");
    assert_leads("marac", &high, "marac");
    /* Neither a lower risk nor another crime. */
    dbk_route_facts medium = facts_of("other", "domestic_abuse", "medium", "walsall", aged(40));
    assert_leads("victim_support", &medium, "victim_support");
    dbk_route_facts hate = facts_of("other", "hate_crime", "high", "walsall", aged(40));
    assert_leads("victim_support", &hate, "victim_support");
}

static void a_hard_rule_that_may_hold_is_told_of_B23(void **state)
{
    (void)state;
    static const char *const open[] = { "", "not_graded" };
    for (size_t i = 0; i < ARRAY_LEN(open); i++) {
        dbk_route_facts f = facts_of("other", "domestic_abuse", open[i], "walsall", aged(40));
        dbk_route_answer a = dbk_routes_ask(routes, "victim_support", &f);
        assert_true(is_named(a.rule, "Victim Support"));
        assert_true(is_named(a.perhaps, "High-risk domestic abuse: PPU and IDVA"));
    }
    dbk_route_facts high = facts_of("other", "domestic_abuse", "high", "walsall", aged(40));
    assert_null(dbk_routes_ask(routes, "victim_support", &high).perhaps);
}

static void a_mash_is_asked_where_one_is_live_and_the_cru_elsewhere_A20(void **state)
{
    (void)state;
    static const char *const live[] = { "birmingham", "coventry", "sandwell" };
    static const char *const not_yet[] = { "dudley",        "solihull",     "walsall",
                                           "wolverhampton", "out_of_force", "unknown" };
    for (size_t i = 0; i < ARRAY_LEN(live); i++) {
        dbk_route_facts f = facts_of("other", "child_abuse", "", live[i], aged(40));
        assert_leads("cru", &f, "mash");
        assert_leads("mash", &f, "mash");
        f.on = dbk_span_str("2015-09-01T00:10:00+01:00");
        assert_leads("mash", &f, "mash");
        f.on = dbk_span_str("2015-08-31T23:59:00+01:00");
        assert_leads("mash", &f, "cru");
    }
    for (size_t i = 0; i < ARRAY_LEN(not_yet); i++) {
        dbk_route_facts f = facts_of("other", "child_abuse", "", not_yet[i], aged(40));
        assert_leads("mash", &f, "cru");
    }
}

static void child_teams_own_by_age_to_the_day_A27(void **state)
{
    (void)state;
    dbk_span born = dbk_span_str("2014-03-10"), none = { NULL, 0 };
    dbk_route_facts f = facts_of("unexplained_death", "", "", "dudley", aged(0));
    f.age = dbk_age_on(born, none, dbk_span_str("2016-03-09T23:50:00Z"));
    dbk_route_answer a = dbk_routes_ask(routes, "ppu", &f);
    assert_true(is_named(a.rule, "Sudden unexpected death under 2 (SUDI)"));
    f.age = dbk_age_on(born, none, dbk_span_str("2016-03-10T00:10:00Z"));
    a = dbk_routes_ask(routes, "ppu", &f);
    assert_true(is_named(a.rule, "Sudden unexpected death from 2 to 17 (SUDC)"));
    f.age = dbk_age_on(born, none, dbk_span_str("2032-03-09"));
    assert_leads("ppu", &f, "child_abuse_team");
    f.age = dbk_age_on(born, none, dbk_span_str("2032-03-10"));
    assert_null(dbk_routes_ask(routes, "ppu", &f).rule);

    static const char *const owned[] = { "hbv", "fgm", "forced_marriage" };
    for (size_t i = 0; i < ARRAY_LEN(owned); i++) {
        dbk_route_facts g = facts_of("other", owned[i], "", "dudley", aged(17));
        assert_leads("ppu", &g, "child_abuse_team");
        g.age = aged(18);
        assert_null(dbk_routes_ask(routes, "ppu", &g).rule);
        g.age = (dbk_age){ false, 0, 0 };
        assert_null(dbk_routes_ask(routes, "ppu", &g).rule);
    }
}

static void nobody_serves_the_young_directly_and_that_is_a_gap_B23(void **state)
{
    (void)state;
    dbk_route_facts f = facts_of("homicide", "", "", "walsall", aged(17));
    dbk_route_answer a = dbk_routes_ask(routes, "victim_support", &f);
    assert_true(is_named(a.rule, "Gap: no direct service under 18"));
    assert_int_equal(dbk_route_to(a.rule).len, 0);
    assert_true(dbk_route_note(a.rule).len > 0);
    f.age = aged(18);
    assert_leads("victim_support", &f, "victim_support");
    /* What is hard comes before a gap. */
    dbk_route_facts rtc = facts_of("fatal_rtc", "", "", "walsall", aged(10));
    assert_leads("victim_support", &rtc, "brake");
}

static void an_age_is_as_exact_as_the_birthday(void **state)
{
    static const struct {
        const char *dob, *precision, *on;
        int low, high;
    } rows[] = {
        { "2000-02-29", "", "2018-02-28", 17, 17 },
        { "2000-02-29", "day", "2018-03-01", 18, 18 },
        { "2000-06-15", "month", "2018-06-20", 17, 18 },
        { "2000-06-15", "month", "2018-07-01", 18, 18 },
        { "2000-01-01", "year", "2018-06-20", 17, 18 },
        { "2000-01-01", "estimated", "2018-06-20", 15, 20 },
        { "2018-06-20", "", "2018-06-20", 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        dbk_age a = dbk_age_on(dbk_span_str(rows[i].dob), dbk_span_str(rows[i].precision),
                               dbk_span_str(rows[i].on));
        assert_true(a.known);
        assert_int_equal(a.low, rows[i].low);
        assert_int_equal(a.high, rows[i].high);
    }
    dbk_span none = { NULL, 0 }, day = dbk_span_str("2018-06-20");
    assert_false(dbk_age_on(none, none, day).known);
    assert_false(dbk_age_on(dbk_span_str("2018-06-21"), none, day).known);
    assert_false(dbk_age_on(day, none, dbk_span_str("soon")).known);
    dbk_age teen = dbk_age_of_band(dbk_span_str("age_14_17"));
    assert_true(teen.known && teen.low == 14 && teen.high == 17);
    assert_false(dbk_age_of_band(dbk_span_str("old")).known);
}

static void a_rule_says_where_to_and_why_in_the_forms_words(void **state)
{
    dbk_bytes text = DBK_BYTES_INIT(4096);
    dbk_err err = { 0 };
    (void)state;
    dbk_route_facts high = facts_of("other", "domestic_abuse", "high", "walsall", aged(40));
    const dbk_route_rule *rule = dbk_routes_ask(routes, "victim_support", &high).rule;
    assert_ok(dbk_route_append_to(&text, routes, rule, &err), &err);
    assert_ok(dbk_bytes_append_str(&text, "|", &err), &err);
    assert_ok(dbk_route_append_why(&text, routes, rule, &err), &err);
    assert_true(dbk_span_equal(
        dbk_bytes_span(&text),
        dbk_span_str("Public protection unit (PPU) or Domestic violence adviser (IDVA)|Hidden "
                     "crime: Domestic abuse; Risk: High; Asked for: Victim Support")));
    dbk_bytes_wipe(&text);
}

static void rules_that_the_form_refuses_are_refused(void **state)
{
    static const char *const bad[] = {
        "{}",
        "[1]",
        "[{}]",
        "[{\"name\": \"No strength\"}]",
        "[{\"name\": \"Odd\", \"strength\": \"soft\", \"when_below_age\": \"young\"}]",
        "[{\"name\": \"Odd\", \"strength\": \"soft\", \"where\": \"here\"}]",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_not_equal(dbk_routes_add_json(routes, dbk_span_str(bad[i]), NULL), DBK_OK);
}

/* ---- of headquarters ------------------------------------------------------------------------- */

static const char *answer_in(dbk_book *book, const char *asked, const dbk_route_facts *f)
{
    static char name[200];
    dbk_routes *mine = NULL;
    dbk_err err = { 0 };
    assert_ok(dbk_routes_new(&mine, dbk_book_forms(book), &err), &err);
    assert_ok(dbk_routes_add_book(mine, book, &err), &err);
    const dbk_route_rule *rule = dbk_routes_ask(mine, asked, f).rule;
    dbk_span text = rule == NULL ? dbk_span_str("") : dbk_route_name(rule);
    assert_true(text.len < sizeof(name));
    (void)memcpy(name, text.p, text.len);
    name[text.len] = '\0';
    dbk_routes_free(mine);
    return name;
}

static void headquarters_adds_a_mash_as_data_and_officers_only_propose_A20(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    (void)state;
    dbk_test_org_make(&org, roles, 1);
    dbk_book *hq = org.books[0].book, *officer = org.books[1].book;
    dbk_route_facts f = facts_of("other", "child_abuse", "", "walsall", aged(40));
    /* An officer's own rule counts for nothing. */
    (void)dbk_test_add(officer, &org.space, "routing_rule",
                       TEXTS("name=Fatal collision: Brake", "strength=soft", "when_type=mash"));
    (void)dbk_test_add(officer, &org.space, "routing_rule",
                       TEXTS("name=Mine", "strength=hard", "when_type=mash", "then_type=other"));
    dbk_test_org_exchange(&org);
    assert_string_equal(answer_in(hq, "mash", &f), "No MASH: central referral unit");
    assert_string_equal(answer_in(officer, "mash", &f), "No MASH: central referral unit");
    dbk_route_facts rtc = facts_of("fatal_rtc", "", "", "walsall", aged(40));
    assert_string_equal(answer_in(officer, "victim_support", &rtc), "Fatal collision: Brake");

    f = facts_of("other", "child_abuse", "", "walsall", aged(40));
    dbk_id mash = dbk_test_add(hq, &org.space, "routing_rule",
                               TEXTS("name=MASH Walsall", "strength=soft", "when_type=mash, cru",
                                     "when_la_area=walsall", "then_type=mash"));
    dbk_test_org_exchange(&org);
    assert_string_equal(answer_in(officer, "mash", &f), "MASH Walsall");
    /* Nor does an officer end a rule by a group that headquarters left blank. */
    dbk_test_edit(officer, &mash, TEXTS("valid_until=2015-12-31"));
    dbk_test_org_exchange(&org);
    assert_string_equal(answer_in(officer, "mash", &f), "MASH Walsall");
    dbk_test_edit(hq, &mash, TEXTS("valid_from=2015-12-01", "valid_until=2015-12-31"));
    dbk_test_org_exchange(&org);
    assert_string_equal(answer_in(officer, "mash", &f), "No MASH: central referral unit");
    /* One of a shipped rule's name takes its place. */
    rtc = facts_of("fatal_rtc", "", "", "walsall", aged(40));
    (void)dbk_test_add(hq, &org.space, "routing_rule",
                       TEXTS("name=Fatal collision: Brake", "strength=hard",
                             "when_case_kind=suicide", "when_type=victim_support",
                             "then_type=other"));
    dbk_test_org_exchange(&org);
    assert_string_equal(answer_in(officer, "victim_support", &rtc), "Victim Support");
    dbk_test_org_drop(&org);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fatal_collision_goes_to_brake_and_high_risk_to_specialists_B23),
        cmocka_unit_test(a_hard_rule_that_may_hold_is_told_of_B23),
        cmocka_unit_test(a_mash_is_asked_where_one_is_live_and_the_cru_elsewhere_A20),
        cmocka_unit_test(child_teams_own_by_age_to_the_day_A27),
        cmocka_unit_test(nobody_serves_the_young_directly_and_that_is_a_gap_B23),
        cmocka_unit_test(an_age_is_as_exact_as_the_birthday),
        cmocka_unit_test(a_rule_says_where_to_and_why_in_the_forms_words),
        cmocka_unit_test(rules_that_the_form_refuses_are_refused),
        cmocka_unit_test(headquarters_adds_a_mash_as_data_and_officers_only_propose_A20),
    };
    return cmocka_run_group_tests(tests, make_routes, drop_routes);
}
