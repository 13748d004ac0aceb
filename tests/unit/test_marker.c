/* Markers on a person: which stand, and what a restricted one tells. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/practice/marker.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NOON_MS INT64_C(1796040000000) /* 2026-11-30T12:00:00Z */

enum { DESK, ANN, BEN, MEMBERS };
static dbk_test_org org;
static char about[64]; /* "about=UUID" of Joan */
static dbk_id joan;

static int make_org(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER, DBK_ROLE_OFFICER };
    char uuid[DBK_ID_UUID_SIZE];
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    joan = dbk_test_add(org.books[DESK].book, &org.space, "person", TEXTS("name=Joan Marsh"));
    dbk_id_uuid(uuid, &joan);
    (void)snprintf(about, sizeof(about), "about=%s", uuid);
    dbk_test_org_exchange(&org);
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_test_org_drop(&org);
    return 0;
}

static dbk_rc write_down(void *ctx, const dbk_marker *m, dbk_err *err)
{
    char *out = ctx;
    size_t len = strlen(out);
    (void)err;
    (void)snprintf(out + len, 512 - len, "%s[%s|%s|%s]", m->restricted ? "R" : "M", m->label,
                   m->reason, m->ask);
    return DBK_OK;
}

static const char *told(int who)
{
    static char out[512];
    dbk_err err = { 0 };
    out[0] = '\0';
    assert_ok(dbk_markers_of(org.books[who].book, &joan, NOON_MS, write_down, out, &err), &err);
    return out;
}

static void what_stands_is_told_the_restricted_first(void **state)
{
    (void)state;
    dbk_book *desk = org.books[DESK].book;
    assert_string_equal(told(DESK), "");
    dbk_id lone = dbk_test_add(desk, &org.space, "marker",
                               TEXTS(about, "kind=no_lone_visit", "reason=A dog"));
    (void)dbk_test_add(desk, &org.space, "marker",
                       TEXTS(about, "kind=weapons", "reason=Old", "expires_on=2026-11-29"));
    (void)dbk_test_add(desk, &org.space, "restricted_marker", TEXTS(about, "ask=0300 123 4567"));
    dbk_test_org_exchange(&org);
    for (int who = DESK; who < MEMBERS; who++)
        assert_string_equal(told(who), "R[||0300 123 4567]M[No visit alone|A dog|]");
    dbk_test_edit(desk, &lone, TEXTS("state=cancelled", "cancelled_reason=The dog died"));
    assert_string_equal(told(DESK), "R[||0300 123 4567]");
}

/* Domain.md 3.9: a cancellation loses to a concurrent raise. */
static void who_cancels_a_marker_that_another_raises_again_finds_it_active_P6(void **state)
{
    (void)state;
    dbk_id child = dbk_test_add(org.books[DESK].book, &org.space, "marker",
                                TEXTS(about, "kind=child_at_risk", "reason=Seen"));
    dbk_test_org_exchange(&org);
    dbk_test_edit(org.books[ANN].book, &child, TEXTS("state=cancelled", "cancelled_reason=Closed"));
    dbk_test_edit(org.books[BEN].book, &child, TEXTS("state=active"));
    dbk_test_org_exchange(&org);
    for (int who = DESK; who < MEMBERS; who++)
        assert_non_null(strstr(told(who), "Child at risk"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_is_told_the_restricted_first),
        cmocka_unit_test(who_cancels_a_marker_that_another_raises_again_finds_it_active_P6),
    };
    return cmocka_run_group_tests(tests, make_org, drop_org);
}
