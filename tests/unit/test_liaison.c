#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/day.h"
#include "core/practice/liaison.h"
#include "tests/lib/org.h"

#define NOW_MS 1454284800000LL /* 2016-02-01 */

static dbk_test_org org;
static dbk_book *book;
static dbk_id case_id;
static char of_case[64];
static dbk_liaison_family *rows;
static size_t count;

static int make_org(void **state)
{
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    book = org.books[0].book;
    case_id = dbk_test_add(book, &org.space, "case", (const char *const[]){ "kind=other", NULL });
    dbk_test_ref(of_case, "case_id", &case_id);
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_free(rows);
    rows = NULL;
    dbk_test_org_drop(&org);
    return 0;
}

#define ADD(form, ...) \
    dbk_test_add(book, &org.space, form, (const char *const[]){ of_case, __VA_ARGS__, NULL })

static bool none(void *ctx, const dbk_id *space)
{
    (void)ctx;
    (void)space;
    return false;
}

static const dbk_liaison_family *look(void)
{
    const dbk_liaison_opts opts = { .now_ms = NOW_MS };
    dbk_err err = { 0 };
    dbk_free(rows);
    assert_rc(dbk_liaison_families(&rows, &count, book, &opts, &err), DBK_OK, &err);
    assert_true(count > 0);
    return &rows[0];
}

static void attempts_are_counted_apart_from_contacts_FL2(void **state)
{
    (void)state;
    assert_int_equal(look()->contacts, 0); /* a deployment without a contact is there too */
    (void)ADD("contact", "method=visit", "started_at=2016-01-02T10:00:00Z");
    (void)ADD("contact", "method=attempted", "started_at=2016-01-04T10:00:00Z");
    (void)ADD("contact", "method=phone", "started_at=2016-01-09T10:00:00Z");
    (void)ADD("contact", "method=phone", "started_at=2016-01-10T10:00:00Z", "family_voice=Why?");
    const dbk_liaison_family *f = look();
    assert_int_equal(count, 1);
    assert_int_equal(f->contacts, 3);
    assert_int_equal(f->attempts, 1);
    assert_int_equal(f->gap_ms / DBK_DAY_MS, 7); /* an attempt is no contact in between */
    assert_int_equal((f->last_ms - f->first_ms) / DBK_DAY_MS, 8);
    assert_int_equal(f->open, 1); /* FL-6 */
    assert_int_equal(f->oldest_open_ms, f->last_ms);
    assert_int_equal(f->incomplete, 4); /* FL-1 */
    const dbk_liaison_opts opts = { .now_ms = NOW_MS, .shows = none };
    dbk_free(rows);
    assert_rc(dbk_liaison_families(&rows, &count, book, &opts, NULL), DBK_OK, NULL);
    assert_int_equal(count, 0); /* what may not be shown isn't counted */
}

static void a_first_visit_without_an_assessment_in_date_is_reported_FL7(void **state)
{
    (void)state;
    (void)ADD("contact", "method=visit", "purpose=first_visit", "started_at=2016-01-05T10:00:00Z");
    /* Made afterwards, and past its day by then. */
    (void)ADD("risk_assessment", "kind=flo_deployment", "happened_at=2016-01-06T10:00:00Z");
    (void)ADD("risk_assessment", "kind=flo_deployment", "happened_at=2016-01-01T10:00:00Z",
              "review_on=2016-01-04");
    assert_true(look()->first_visit_ms != 0);
    assert_false(look()->assessed);
    (void)ADD("risk_assessment", "kind=flo_deployment", "happened_at=2016-01-02T10:00:00Z",
              "review_on=2016-01-05");
    assert_true(look()->assessed);
}

static void no_literature_by_day_2_is_reported_for_each_side_FL10(void **state)
{
    (void)state;
    dbk_test_edit(book, &case_id,
                  (const char *const[]){
                      "family_groups:=[{\"name\":\"Her side\"},{\"name\":\"His side\"}]", NULL });
    (void)ADD("contact", "method=visit", "started_at=2016-01-05T23:00:00Z",
              "family_group=Her side");
    (void)ADD("contact", "method=visit", "started_at=2016-01-06T22:00:00Z", "family_group=Her side",
              "given:=[{\"description\":\"pack\",\"literature\":true}]");
    (void)ADD("contact", "method=visit", "started_at=2016-01-05T23:00:00Z",
              "family_group=His side");
    (void)look();
    assert_int_equal(count, 2); /* FL-12 */
    assert_string_equal(rows[0].group, "Her side");
    assert_int_equal(rows[0].literature, DBK_LITERATURE_GIVEN);
    assert_int_equal(rows[1].literature, DBK_LITERATURE_MISSING);
    (void)ADD("contact", "method=visit", "started_at=2016-01-07T01:00:00Z", "family_group=His side",
              "given:=[{\"description\":\"pack\",\"literature\":true}]");
    (void)look();
    assert_int_equal(rows[1].literature, DBK_LITERATURE_LATE);
}

static dbk_rc see_officer(void *ctx, const dbk_liaison_officer *o, dbk_err *err)
{
    char *seen = ctx;
    dbk_span name;
    assert_rc(dbk_reading_text(o->reading, &name, "name", err), DBK_OK, err);
    (void)snprintf(seen + strlen(seen), 200 - strlen(seen), "%.*s %d/%d%s%s;", (int)name.len,
                   (const char *)name.p, (int)o->caseload, (int)o->limit, o->over ? " over" : "",
                   o->overdue ? " overdue" : "");
    return DBK_OK;
}

static void the_register_tells_whose_welfare_check_is_overdue_FL8(void **state)
{
    const dbk_liaison_opts opts = { .now_ms = NOW_MS, .welfare_days = 90 };
    char seen[200] = "", primary[64];
    dbk_err err = { 0 };
    (void)state;
    dbk_id ann = dbk_test_add(book, &org.space, "officer",
                              (const char *const[]){ "name=Ann", "skills=flo", "caseload_limit=1",
                                                     "welfare_last=2016-01-20", NULL });
    dbk_test_ref(primary, "flo_primary", &ann);
    for (int i = 0; i < 2; i++)
        (void)dbk_test_add(book, &org.space, "case", (const char *const[]){ primary, NULL });
    (void)dbk_test_add(book, &org.space, "officer",
                       (const char *const[]){ "name=Lee", "skills=fgm_spoc", NULL });
    assert_rc(dbk_liaison_officers(book, &opts, see_officer, seen, &err), DBK_OK, &err);
    assert_string_equal(seen, "Ann 2/1 over;");
    dbk_test_edit(book, &ann, (const char *const[]){ "welfare_last=2015-10-01", NULL });
    seen[0] = '\0';
    assert_rc(dbk_liaison_officers(book, &opts, see_officer, seen, &err), DBK_OK, &err);
    assert_string_equal(seen, "Ann 2/1 over overdue;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(attempts_are_counted_apart_from_contacts_FL2, make_org,
                                        drop_org),
        cmocka_unit_test_setup_teardown(a_first_visit_without_an_assessment_in_date_is_reported_FL7,
                                        make_org, drop_org),
        cmocka_unit_test_setup_teardown(no_literature_by_day_2_is_reported_for_each_side_FL10,
                                        make_org, drop_org),
        cmocka_unit_test_setup_teardown(the_register_tells_whose_welfare_check_is_overdue_FL8,
                                        make_org, drop_org),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
