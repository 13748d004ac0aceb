#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/practice/journey.h"
#include "tests/lib/org.h"

static dbk_test_org org;
static dbk_book *book;
static dbk_id case_id;
static char of_case[64];
static char lines[4096];

static dbk_id officer(const char *name, const char *phone)
{
    return dbk_test_add(book, &org.space, "officer", (const char *const[]){ name, phone, NULL });
}

static int make_org(void **state)
{
    char strategy[400], primary[64], deputy[64], uuid[DBK_ID_UUID_SIZE];
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    book = org.books[0].book;
    dbk_id khan = officer("name=PC Khan", "phone=0121 496 0711");
    dbk_id shaw = officer("name=PC Shaw", "phone=0121 496 0713");
    dbk_test_ref(primary, "flo_primary", &khan);
    dbk_test_ref(deputy, "flo_deputy", &shaw);
    dbk_id_uuid(uuid, &khan);
    (void)snprintf(strategy, sizeof(strategy),
                   "strategy:=[{\"version\":1,\"objectives\":\"The aim nobody reads\","
                   "\"held_back\":[\"the speed\",\"Zo\u00eb\"],\"approved_by\":\"%s\","
                   "\"approved_at\":\"2016-01-01T10:00:00Z\"}]",
                   uuid);
    case_id = dbk_test_add(
        book, &org.space, "case",
        (const char *const[]){
            "kind=fatal_rtc", "ref=26/0417", primary, deputy, strategy,
            "inquest:=[{\"stage\":\"opening\",\"at\":\"2016-01-05T10:00:00Z\"},"
            "{\"stage\":\"hearing\",\"at\":\"2016-09-05T10:00:00Z\",\"place\":\"Oldbury\"}]",
            "coroner:=[{\"area\":\"Black Country\",\"officer\":\"Mr Reid\","
            "\"phone\":\"0121 496 0800\"}]",
            NULL });
    dbk_test_ref(of_case, "case_id", &case_id);
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_test_org_drop(&org);
    return 0;
}

#define MEET(...)                             \
    dbk_test_add(book, &org.space, "contact", \
                 (const char *const[]){ of_case, "method=visit", __VA_ARGS__, NULL })

static dbk_rc keep(void *ctx, const dbk_journey_line *l, dbk_err *err)
{
    size_t at = strlen(lines);
    (void)ctx;
    (void)err;
    (void)snprintf(lines + at, sizeof(lines) - at, "%s|%.*s|%.*s|%.*s\n",
                   dbk_journey_kind_name(l->kind), (int)(l->at.len < 10 ? l->at.len : 10),
                   l->at.len > 0 ? (const char *)l->at.p : "", (int)l->text.len,
                   l->text.len > 0 ? (const char *)l->text.p : "", (int)l->answer.len,
                   l->answer.len > 0 ? (const char *)l->answer.p : "");
    return DBK_OK;
}

static uint64_t make(const char *group)
{
    const dbk_journey_opts opts = { case_id, group, dbk_span_str("2016-02-01T00:00:00Z") };
    dbk_err err = { 0 };
    uint64_t held = 0;
    lines[0] = '\0';
    assert_rc(dbk_journey(book, &held, &opts, keep, NULL, &err), DBK_OK, &err);
    return held;
}

static void the_sheet_says_what_happened_whom_to_ring_and_the_next_dates_B14(void **state)
{
    (void)state;
    (void)MEET("started_at=2016-01-12T10:00:00Z", "account=Their words", "assessment=My view",
               "told:=[{\"topic\":\"How it will end\",\"detail\":\"Not for paper\"}]",
               "requests:=[{\"text\":\"to see him\",\"agreed\":\"yes\"}]",
               "complaints:=[{\"text\":\"about my sister\"}]", "family_voice=Was it quick?",
               "present=Aunt Joan (family)", "next_contact.when=2016-02-03T10:00:00Z",
               "answers:=[{\"of\":\"voice\",\"state\":\"closed\",\"outcome\":\"It was.\"}]");
    (void)MEET("started_at=2016-01-11T10:00:00Z", "next_contact.when=2016-02-09T10:00:00Z");
    assert_int_equal(make(NULL), 0);
    assert_string_equal(lines,
                        "contact|2016-01-11|Visit|\n"
                        "contact|2016-01-12|Visit|\n"
                        "told||How it will end|\n"
                        "request||to see him|\n"
                        "question||Was it quick?|It was.\n"
                        "date|2016-09-05|hearing|Oldbury\n"
                        "date|2016-02-03||\n" /* of the newest contact; what is over, isn't */
                        "person||PC Khan|0121 496 0711\n"
                        "person||PC Shaw|0121 496 0713\n"
                        "person||Mr Reid|0121 496 0800\n");
}

static void what_is_held_back_is_on_no_sheet_whoever_wrote_it_FL3(void **state)
{
    (void)state;
    (void)MEET(
        "started_at=2016-01-12T10:00:00Z",
        "told:=[{\"topic\":\"Speed\",\"authority\":\"D1\"},{\"topic\":\"The inquest\"}]",
        "requests:=[{\"text\":\"what Zoe saw\",\"agreed\":\"pending\"}]",
        "family_voice=Who was it?",
        "answers:=[{\"of\":\"voice\",\"state\":\"progress\",\"outcome\":\"ZO\u00cb told us\"}]");
    assert_int_equal(make(NULL), 3);
    assert_null(strstr(lines, "peed"));
    assert_null(strstr(lines, "Zoe"));
    assert_null(strstr(lines, "Who was it"));
    assert_non_null(strstr(lines, "The inquest"));
}

static void what_lies_in_a_compartment_or_is_sensitive_stays_inside_B14(void **state)
{
    (void)state;
    (void)MEET("started_at=2016-01-12T10:00:00Z", "compartments=fgm", "family_voice=secret one");
    (void)MEET("started_at=2016-01-13T10:00:00Z", "cpia_sensitive=yes",
               "cpia_sensitive_reason=source", "family_voice=secret two");
    (void)MEET("started_at=2016-01-14T10:00:00Z", "family_voice=plain");
    assert_int_equal(make(NULL), 0);
    assert_null(strstr(lines, "secret"));
    assert_null(strstr(lines, "2016-01-13"));
    assert_non_null(strstr(lines, "plain"));
}

static void one_side_of_a_family_gets_nothing_of_the_other_FL12(void **state)
{
    (void)state;
    (void)MEET("started_at=2016-01-12T10:00:00Z", "family_group=Her side", "family_voice=hers");
    (void)MEET("started_at=2016-01-13T10:00:00Z", "family_group=His side", "family_voice=his own");
    (void)make("Her side");
    assert_non_null(strstr(lines, "hers"));
    assert_null(strstr(lines, "his own"));
    assert_null(strstr(lines, "2016-01-13"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            the_sheet_says_what_happened_whom_to_ring_and_the_next_dates_B14, make_org, drop_org),
        cmocka_unit_test_setup_teardown(what_is_held_back_is_on_no_sheet_whoever_wrote_it_FL3,
                                        make_org, drop_org),
        cmocka_unit_test_setup_teardown(what_lies_in_a_compartment_or_is_sensitive_stays_inside_B14,
                                        make_org, drop_org),
        cmocka_unit_test_setup_teardown(one_side_of_a_family_gets_nothing_of_the_other_FL12,
                                        make_org, drop_org),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
