#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/practice/dmm.h"
#include "tests/lib/org.h"

#define HOUR_MS (60 * 60 * INT64_C(1000))
#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static dbk_test_org org;
static dbk_book *book;
static char seen[1024];

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
    dbk_test_org_drop(&org);
    return 0;
}

static dbk_rc see(void *ctx, const dbk_dmm_item *item, dbk_err *err)
{
    size_t len = strlen(seen);
    (void)ctx;
    (void)err;
    (void)snprintf(seen + len, sizeof(seen) - len, "%s%s%s%s;",
                   item->kind == DBK_DMM_RISK ? "risk" : "action", item->is_new ? " new" : "",
                   item->urgent ? " urgent" : "", item->area_unsaid ? " somewhere" : "");
    return DBK_OK;
}

static int64_t now(void)
{
    const dbk_env *env = dbk_book_env(book);
    return (int64_t)env->now_ms(env->self);
}

static const char *page(int64_t since_ms, const char *area)
{
    dbk_err err = { 0 };
    const dbk_dmm_opts opts = { .since_ms = since_ms,
                                .today_ms = now() / (24 * HOUR_MS) * (24 * HOUR_MS),
                                .la_area = area };
    seen[0] = '\0';
    assert_ok(dbk_dmm(book, &opts, see, NULL, &err), &err);
    return seen;
}

static void high_risk_that_is_new_or_changed_is_told_A19(void **state)
{
    (void)state;
    (void)dbk_test_add(book, &org.space, "risk_assessment", TEXTS("judgement_band=standard"));
    dbk_id id = dbk_test_add(book, &org.space, "risk_assessment", TEXTS("judgement_band=high"));
    assert_string_equal(page(now() - HOUR_MS, NULL), "risk new somewhere;");
    org.books[0].env.now_ms += 48 * (uint64_t)HOUR_MS;
    assert_string_equal(page(now() - 24 * HOUR_MS, NULL), "");
    dbk_test_edit(book, &id, TEXTS("judgement_reason=Strangulation"));
    assert_string_equal(page(now() - 24 * HOUR_MS, NULL), "risk somewhere;");
    (void)dbk_test_add(book, &org.space, "referral", TEXTS("risk_band=high", "la_area=walsall"));
    assert_string_equal(page(now() - 24 * HOUR_MS, "dudley"), "risk somewhere;");
    assert_string_equal(page(now() - 24 * HOUR_MS, "walsall"), "risk somewhere;risk new;");
}

static void actions_that_are_overdue_are_told_by_the_area_of_their_case_A19(void **state)
{
    char of_case[64];
    (void)state;
    dbk_id id = dbk_test_add(book, &org.space, "case", TEXTS("kind=other", "la_area=walsall"));
    dbk_test_ref(of_case, "case_id", &id);
    (void)dbk_test_add(book, &org.space, "action",
                       TEXTS("text=x", "due=2015-12-30", "priority=urgent", of_case));
    (void)dbk_test_add(book, &org.space, "action",
                       TEXTS("text=x", "due=2015-12-30", "state=done", "result=x"));
    (void)dbk_test_add(book, &org.space, "action", TEXTS("text=x", "due=2095-12-30"));
    (void)dbk_test_add(book, &org.space, "action", TEXTS("text=x"));
    assert_string_equal(page(now(), NULL), "action urgent;");
    assert_string_equal(page(now(), "walsall"), "action urgent;");
    assert_string_equal(page(now(), "dudley"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(high_risk_that_is_new_or_changed_is_told_A19, begin, end),
        cmocka_unit_test_setup_teardown(
            actions_that_are_overdue_are_told_by_the_area_of_their_case_A19, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
