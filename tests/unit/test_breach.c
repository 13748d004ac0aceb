/* A lost device: what it could read, and the 72 hours (domain.md 2.6; DPA 2018 s67). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/inbox.h"
#include "core/journal/org.h"
#include "core/practice/breach.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

enum { DESK, ANN, BEN, CAT };
static dbk_test_org org;

static int make_org(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER, DBK_ROLE_OFFICER, DBK_ROLE_OFFICER };
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    (void)state;
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_test_org_drop(&org);
    return 0;
}

static dbk_book *desk(void)
{
    return org.books[DESK].book;
}

static void revoke(int who, const char *reason)
{
    dbk_err err = { 0 };
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    const dbk_leaving leaving = { .device = dbk_book_device(org.books[who].book),
                                  .reason = reason };
    assert_ok(dbk_org_leave(desk(), &entry, &leaving, &err), &err);
    assert_ok(dbk_inbox_member(desk(), dbk_bytes_span(&entry), &err), &err);
    dbk_bytes_wipe(&entry);
}

static bool hide_all(void *ctx, const dbk_id *space)
{
    (void)ctx;
    (void)space;
    return false;
}

static dbk_breach only(bool hidden)
{
    dbk_breach *rows = NULL;
    size_t count = 0;
    dbk_err err = { 0 };
    const dbk_breach_opts opts = { .shows = hidden ? hide_all : NULL };
    assert_ok(dbk_breaches(&rows, &count, desk(), &opts, &err), &err);
    assert_int_equal(count, 1);
    dbk_breach b = rows[0];
    dbk_free(rows);
    return b;
}

static size_t lost(void)
{
    dbk_breach *rows = NULL;
    size_t count = 0;
    dbk_err err = { 0 };
    const dbk_breach_opts opts = { .shows = NULL };
    assert_ok(dbk_breaches(&rows, &count, desk(), &opts, &err), &err);
    dbk_free(rows);
    return count;
}

static dbk_breach_reach reach(const dbk_id *space)
{
    dbk_breach_reach r;
    dbk_err err = { 0 };
    const dbk_breach b = only(false);
    assert_ok(dbk_breach_reach_of(&r, desk(), &b, space, &err), &err);
    return r;
}

static void what_a_lost_device_could_read_is_listed_and_72_hours_run_2_6(void **state)
{
    char device[64], hex[DBK_ID_HEX_SIZE];
    const dbk_id ann = dbk_book_device(org.books[ANN].book);
    (void)state;
    (void)dbk_test_add(desk(), &org.space, "person", TEXTS("name=Ruth"));
    (void)dbk_test_add(desk(), &org.space, "person", TEXTS("name=Joan"));
    revoke(BEN, "left"); /* an officer who leaves is no breach */
    assert_int_equal(lost(), 0);
    revoke(ANN, "stolen");
    const dbk_breach b = only(false);
    assert_true(dbk_id_equal(&b.device, &ann));
    assert_true(b.stolen);
    assert_int_equal(b.until_ms - b.reported_ms, UINT64_C(72) * 3600 * 1000);
    assert_false(b.decided);
    /* What was begun later was never on it. */
    org.books[DESK].env.now_ms += 3600000;
    (void)dbk_test_add(desk(), &org.space, "person", TEXTS("name=Later"));
    const dbk_breach_reach r = reach(&org.space);
    assert_int_equal(r.role, DBK_ROLE_OFFICER);
    assert_int_equal(r.records, 2);
    assert_int_equal(r.heard_ms, 0);
    const dbk_id nowhere = { { 9 } };
    assert_int_equal(reach(&nowhere).role, DBK_ROLE_NONE);
    /* Assessing ends nothing; the decision does. */
    dbk_id_hex(hex, &ann);
    (void)snprintf(device, sizeof(device), "device=%s", hex);
    dbk_id record = dbk_test_add(desk(), &org.space, "breach",
                                 TEXTS(device, "what=Taken from a car", "decision=assessing"));
    const dbk_breach assessed = only(false);
    assert_true(dbk_id_equal(&assessed.record, &record));
    assert_false(assessed.decided);
    dbk_test_edit(desk(), &record, TEXTS("decision=to_be_told", "decision_reason=Numbers"));
    assert_false(only(false).decided);
    dbk_test_edit(desk(), &record, TEXTS("decision=told"));
    assert_true(only(false).decided);
    /* Of a space that isn't to be looked into nothing counts. */
    assert_false(only(true).decided);
    revoke(CAT, "lost");
    assert_int_equal(lost(), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_lost_device_could_read_is_listed_and_72_hours_run_2_6),
    };
    return cmocka_run_group_tests(tests, make_org, drop_org);
}
