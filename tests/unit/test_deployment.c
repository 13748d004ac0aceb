#include "tests/lib/test.h"

#include <stdio.h>

#include "core/practice/deployment.h"
#include "core/practice/rules.h"
#include "tests/lib/org.h"

#define APPROVED                                                             \
    "strategy:=[{\"version\":1,\"objectives\":\"x\",\"approved_by\":\"%s\"," \
    "\"approved_at\":\"2016-01-09T10:00:00Z\"}]"
#define PLAN                                                                        \
    "exit_plan:=[{\"criteria\":\"inquest over\",\"family_told_on\":\"2016-01-10\"," \
    "\"reactivation\":\"an appeal\"}]"

static dbk_test_org org;
static dbk_book *book;
static dbk_problems problems;
static dbk_id officer;
static char uuid[DBK_ID_UUID_SIZE], approved[256], primary[64], owner[64];

static int make_org(void **state)
{
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    book = org.books[0].book;
    dbk_journal_heed(book, dbk_rules_judge);
    officer = dbk_test_add(book, &org.space, "officer",
                           (const char *const[]){ "name=Khan", "caseload_limit=2", NULL });
    dbk_id_uuid(uuid, &officer);
    (void)snprintf(approved, sizeof(approved), APPROVED, uuid);
    dbk_test_ref(primary, "flo_primary", &officer);
    dbk_test_ref(owner, "owner", &officer);
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_problems_wipe(&problems);
    dbk_test_org_drop(&org);
    return 0;
}

static dbk_rc try(dbk_id *id, const char *form, const char *const *fields)
{
    dbk_problems_wipe(&problems);
    problems = (dbk_problems){ 0 };
    return dbk_test_try_add(book, id, &problems, &org.space, form, fields);
}
#define TRY(id, form, ...) try(id, form, (const char *const[]){ __VA_ARGS__, NULL })

static dbk_rc change(const dbk_id *id, const char *field, const char *text)
{
    const dbk_input input = { .op = DBK_INPUT_SET, .field = field, .text = text };
    const dbk_edit edit = { .record = *id, .inputs = &input, .inputs_count = 1 };
    dbk_problems_wipe(&problems);
    problems = (dbk_problems){ 0 };
    return dbk_journal_edit(book, &problems, &edit, NULL);
}

static void no_deployment_is_active_without_an_approved_strategy_FL4(void **state)
{
    dbk_id id;
    (void)state;
    assert_rc(TRY(&id, "case", "kind=homicide", "status=active", PLAN,
                  "strategy:=[{\"version\":1,\"objectives\":\"x\"}]"),
              DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "strategy", "that the lead has approved"));
    assert_rc(TRY(&id, "case", "kind=homicide", "status=active", PLAN, approved), DBK_OK, NULL);
    assert_int_equal(problems.count, 0);
    /* In two steps as in one; and without an exit plan it isn't active either. */
    assert_rc(TRY(&id, "case", "kind=homicide", "status=proposed",
                  "strategy:=[{\"version\":1,\"objectives\":\"x\"}]", PLAN),
              DBK_OK, NULL);
    assert_rc(change(&id, "status", "active"), DBK_INVALID, NULL);
    dbk_test_edit(book, &id, (const char *const[]){ approved, NULL });
    assert_rc(change(&id, "status", "active"), DBK_OK, NULL);
    assert_rc(TRY(&id, "case", "kind=homicide", "status=active", approved), DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "exit_plan", "this is needed if Status is Active"));
    assert_rc(TRY(&id, "case", "kind=homicide", "status=active", approved,
                  "no_exit_plan_reason=Deployed on the night"),
              DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "exit_plan", "Say when they were"));
    assert_true(dbk_test_told(&problems, "exit_plan", "what would reactivate"));
}

static void no_deployment_ends_without_support_in_place_FL4(void **state)
{
    dbk_id id;
    (void)state;
    assert_rc(TRY(&id, "case", "kind=homicide", "status=active", PLAN, approved), DBK_OK, NULL);
    assert_rc(change(&id, "status", "exiting"), DBK_INVALID, NULL);
    assert_true(dbk_test_told(&problems, "exit_plan", "which support is in place"));
    dbk_test_edit(book, &id,
                  (const char *const[]){ "exit_plan:=[{\"criteria\":\"as before\","
                                         "\"support\":\"Caseworker Ann Lee\"}]",
                                         NULL });
    assert_rc(change(&id, "status", "exiting"), DBK_OK, NULL);
}

static void what_stood_so_before_stops_no_other_change_FL4(void **state)
{
    dbk_id id;
    (void)state;
    dbk_journal_heed(book, NULL); /* as an older version let it through */
    assert_rc(TRY(&id, "case", "kind=homicide", "status=active", PLAN,
                  "strategy:=[{\"version\":1,\"objectives\":\"x\"}]"),
              DBK_OK, NULL);
    dbk_journal_heed(book, dbk_rules_judge);
    assert_rc(change(&id, "ref", "URN 1"), DBK_OK, NULL);
    assert_rc(change(&id, "status", "paused"), DBK_OK, NULL);
    assert_rc(change(&id, "status", "reactivated"), DBK_INVALID, NULL);
}

static void one_deployment_too_many_is_warned_of_FL8(void **state)
{
    dbk_id first, id;
    uint64_t count = 0;
    dbk_err err = { 0 };
    (void)state;
    assert_rc(TRY(&first, "case", "kind=homicide", primary), DBK_OK, NULL);
    assert_rc(TRY(&id, "case", "kind=homicide", primary), DBK_OK, NULL);
    assert_int_equal(problems.count, 0);
    assert_rc(TRY(&id, "case", "kind=homicide", primary), DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "flo_primary",
                              "it is 3 deployments, and the register "
                              "allows 2"));
    assert_rc(change(&id, "ref", "URN 2"), DBK_OK, NULL); /* it isn't assigned anew */
    assert_int_equal(problems.count, 0);
    assert_rc(dbk_deployment_caseload(book, &count, &officer, &err), DBK_OK, &err);
    assert_int_equal(count, 3);
    /* What is over doesn't count. */
    dbk_test_edit(book, &first,
                  (const char *const[]){ "status=closed", "closure_reason=transferred",
                                         "lessons=none", "no_exit_plan_reason=moved away", NULL });
    assert_rc(dbk_deployment_caseload(book, &count, &officer, &err), DBK_OK, &err);
    assert_int_equal(count, 2);
}

static void the_families_officer_neither_searches_nor_arrests_FL5(void **state)
{
    static const struct {
        const char *suspect, *flo, *kind;
        dbk_rc rc;
    } rows[] = {
        { "yes", "flo_primary", "search", DBK_INVALID },
        { "yes", "flo_primary", "locate_arrest", DBK_INVALID },
        { "possible", "flo_deputy", "locate_arrest", DBK_INVALID },
        { "yes", "flo_primary", "enquiry", DBK_OK },
        { "no", "flo_primary", "search", DBK_OK },
        { "yes", "flo_coordinator", "search", DBK_OK },
    };
    char suspect[64], flo[80], kind[64], of_case[64], deputy[80];
    dbk_id other = dbk_test_add(book, &org.space, "officer",
                                (const char *const[]){ "name=Shaw", NULL });
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        dbk_id id;
        (void)snprintf(suspect, sizeof(suspect), "suspect_in_family=%s", rows[i].suspect);
        (void)snprintf(kind, sizeof(kind), "kind=%s", rows[i].kind);
        dbk_test_ref(flo, rows[i].flo, &officer);
        dbk_test_ref(deputy, "flo_deputy", &other);
        bool is_deputy = rows[i].flo[4] == 'd';
        id = dbk_test_add(book, &org.space, "case",
                          (const char *const[]){ "kind=homicide", suspect, flo,
                                                 is_deputy ? NULL : deputy, NULL });
        dbk_test_ref(of_case, "case_id", &id);
        if (TRY(&id, "action", "text=The flat", kind, of_case, owner) != rows[i].rc)
            fail_msg("row %zu", i);
        if (rows[i].rc != DBK_OK)
            assert_true(dbk_test_told(&problems, "owner", "Somebody else searches"));
    }
}

static void an_officer_does_not_approve_the_own_strategy_FL4(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_id id;
    (void)state;
    dbk_test_org_drop(&org);
    dbk_test_org_make(&org, roles, 1);
    dbk_book *headquarters = org.books[0].book;
    book = org.books[1].book;
    dbk_journal_heed(book, dbk_rules_judge);
    assert_rc(TRY(&id, "case", "kind=homicide", "status=active", PLAN, approved), DBK_INVALID,
              NULL);
    assert_true(dbk_test_told(&problems, "strategy", "An officer's word for it is a proposal"));
    assert_rc(TRY(&id, "case", "kind=homicide", "status=proposed", PLAN, approved), DBK_OK, NULL);
    assert_rc(change(&id, "status", "active"), DBK_INVALID, NULL);
    dbk_test_org_exchange(&org);
    dbk_test_edit(headquarters, &id, (const char *const[]){ approved, NULL });
    dbk_test_org_exchange(&org);
    assert_rc(change(&id, "status", "active"), DBK_OK, NULL);
}

static dbk_rc count_clash(void *ctx, const dbk_row *action, dbk_err *err)
{
    (void)action;
    (void)err;
    (*(size_t *)ctx)++;
    return DBK_OK;
}

static size_t clashes(const dbk_id *of)
{
    size_t count = 0;
    dbk_err err = { 0 };
    assert_rc(dbk_deployment_clashes(book, of, count_clash, &count, &err), DBK_OK, &err);
    return count;
}

static void
a_suspicion_that_comes_later_takes_the_arrest_from_the_families_officer_FL5(void **state)
{
    char of_case[64];
    dbk_id id, other, action;
    (void)state;
    assert_rc(TRY(&other, "case", "kind=homicide", "suspect_in_family=no"), DBK_OK, NULL);
    assert_rc(TRY(&id, "case", "kind=homicide", "suspect_in_family=no", primary), DBK_OK, NULL);
    dbk_test_ref(of_case, "case_id", &id);
    assert_rc(TRY(&action, "action", "text=The flat", "kind=search", of_case, owner), DBK_OK, NULL);
    assert_rc(change(&id, "ref", "URN 3"), DBK_OK, NULL);
    assert_int_equal(problems.count, 0);
    assert_int_equal(clashes(NULL), 0);
    /* FL-5 wants a deputy then. */
    const dbk_input inputs[] = {
        { .op = DBK_INPUT_SET, .field = "suspect_in_family", .text = "possible" },
        { .op = DBK_INPUT_SET, .field = "flo_deputy", .text = uuid },
    };
    const dbk_edit edit = { .record = id, .inputs = inputs, .inputs_count = 2 };
    assert_rc(dbk_journal_edit(book, &problems, &edit, NULL), DBK_OK, NULL);
    assert_true(dbk_test_told(&problems, "suspect_in_family",
                              "have 1 action to search or arrest. Give it to somebody else"));
    assert_int_equal(clashes(NULL), 1);
    assert_int_equal(clashes(&id), 1);
    assert_int_equal(clashes(&other), 0);
    dbk_journal_heed(book, NULL);
    dbk_test_edit(book, &action, (const char *const[]){ "state=done", "result=x", NULL });
    assert_int_equal(clashes(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_deployment_is_active_without_an_approved_strategy_FL4,
                                        make_org, drop_org),
        cmocka_unit_test_setup_teardown(no_deployment_ends_without_support_in_place_FL4, make_org,
                                        drop_org),
        cmocka_unit_test_setup_teardown(what_stood_so_before_stops_no_other_change_FL4, make_org,
                                        drop_org),
        cmocka_unit_test_setup_teardown(one_deployment_too_many_is_warned_of_FL8, make_org,
                                        drop_org),
        cmocka_unit_test_setup_teardown(the_families_officer_neither_searches_nor_arrests_FL5,
                                        make_org, drop_org),
        cmocka_unit_test_setup_teardown(
            a_suspicion_that_comes_later_takes_the_arrest_from_the_families_officer_FL5, make_org,
            drop_org),
        cmocka_unit_test_setup_teardown(an_officer_does_not_approve_the_own_strategy_FL4, make_org,
                                        drop_org),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
