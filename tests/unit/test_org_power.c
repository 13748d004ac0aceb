/* What an admin builds where one admin isn't enough: policy, bars, restricted spaces, and who
 * stands in for the second. */
#include "tests/lib/test.h"

#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/inbox.h"
#include "tests/lib/org.h"

typedef struct fixture {
    dbk_test_org org;
    dbk_bytes entry, whole;
} fixture;

/* Books 0 and 1 are admins' of two persons, 0 holds the root; 2 is an officer's. */
static void begin(fixture *f)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER, DBK_ROLE_ADMIN };
    *f = (fixture){ .entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX),
                    .whole = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX) };
    dbk_test_org_make(&f->org, roles, ARRAY_LEN(roles));
}
#define FIRST 0
#define OFFICER 1
#define SECOND 2

static void end(fixture *f)
{
    dbk_test_org_check(&f->org);
    dbk_test_org_drop(&f->org);
    dbk_bytes_wipe(&f->entry);
    dbk_bytes_wipe(&f->whole);
}

static dbk_book *book_of(fixture *f, size_t i)
{
    return f->org.books[i].book;
}

static const dbk_roster *roster(fixture *f)
{
    return dbk_book_roster(book_of(f, FIRST));
}

/* f->entry lacks one signer, is refused by all, and with this admin's signature lacks none. */
static void assert_needs(fixture *f, size_t second)
{
    dbk_err err = { 0 };
    size_t lacking = 9;
    dbk_hash head = dbk_roster_head(roster(f));
    assert_ok(dbk_roster_weigh(roster(f), &lacking, dbk_bytes_span(&f->entry), &err), &err);
    assert_int_equal(lacking, 1);
    assert_rc(dbk_inbox_member(book_of(f, OFFICER), dbk_bytes_span(&f->entry), &err), DBK_DENIED,
              &err);
    dbk_err_clear(&err);
    dbk_bytes_truncate(&f->whole, 0);
    assert_ok(
        dbk_entry_cosign(&f->whole, dbk_bytes_span(&f->entry), book_of(f, second)->own.admin, &err),
        &err);
    assert_ok(dbk_roster_weigh(roster(f), &lacking, dbk_bytes_span(&f->whole), &err), &err);
    assert_int_equal(lacking, 0);
    dbk_hash now = dbk_roster_head(roster(f));
    assert_true(dbk_hash_equal(&head, &now)); /* weighing takes nothing */
}

static void post_whole(fixture *f)
{
    dbk_test_org_post(&f->org, dbk_bytes_span(&f->whole));
    dbk_bytes_truncate(&f->entry, 0);
}

static void the_rules_are_changed_by_two_and_every_member_sees_them_a18(void **state)
{
    fixture f;
    dbk_err err = { 0 };
    (void)state;
    begin(&f);
    dbk_policy policy = *dbk_roster_policy(roster(&f));
    assert_rc(dbk_org_policy(book_of(&f, FIRST), &f.entry, &policy, &err), DBK_CONFLICT, &err);
    dbk_err_clear(&err);
    policy.lease_h = 100;
    policy.witnesses.count = 1;
    memset(policy.witnesses.b[0], 7, 32);
    assert_rc(dbk_org_policy(book_of(&f, OFFICER), &f.entry, &policy, &err), DBK_DENIED, &err);
    dbk_err_clear(&err);
    /* Also from the device that holds the root: it isn't two persons. */
    assert_ok(dbk_org_policy(book_of(&f, FIRST), &f.entry, &policy, &err), &err);
    assert_needs(&f, SECOND);
    dbk_bytes_truncate(&f.entry, 0);
    assert_ok(dbk_org_policy(book_of(&f, SECOND), &f.entry, &policy, &err), &err);
    assert_needs(&f, FIRST);
    post_whole(&f);
    for (size_t i = 0; i < f.org.count; i++)
        assert_true(dbk_policy_equal(dbk_roster_policy(dbk_book_roster(book_of(&f, i))), &policy));
    end(&f);
}

static void a_bar_is_for_who_is_out_and_holds_for_ever_a18(void **state)
{
    fixture f;
    dbk_err err = { 0 };
    size_t lacking;
    (void)state;
    begin(&f);
    dbk_id officer = dbk_book_device(book_of(&f, OFFICER));
    const dbk_new_bar bar = { f.org.space, officer }; /* its device's id stands for the person */
    const dbk_leaving out = { .device = officer, .space = &f.org.space };
    assert_ok(dbk_org_bar(book_of(&f, FIRST), &f.entry, &bar, &err), &err);
    assert_rc(dbk_roster_weigh(roster(&f), &lacking, dbk_bytes_span(&f.entry), &err), DBK_DENIED,
              &err);
    dbk_err_clear(&err);
    dbk_bytes_truncate(&f.entry, 0);
    assert_ok(dbk_org_leave(book_of(&f, FIRST), &f.entry, &out, &err), &err);
    dbk_test_org_post(&f.org, dbk_bytes_span(&f.entry));
    dbk_bytes_truncate(&f.entry, 0);
    assert_ok(dbk_org_bar(book_of(&f, SECOND), &f.entry, &bar, &err), &err);
    assert_needs(&f, FIRST);
    post_whole(&f);
    assert_true(dbk_roster_barred(roster(&f), &officer, &f.org.space));
    assert_rc(dbk_org_bar(book_of(&f, SECOND), &f.entry, &bar, &err), DBK_CONFLICT, &err);
    end(&f);
}

static void a_restricted_space_and_each_who_comes_in_need_two_a18(void **state)
{
    fixture f;
    dbk_err err = { 0 };
    dbk_id space;
    dbk_bytes name = DBK_BYTES_INIT(128);
    (void)state;
    begin(&f);
    const dbk_grant other = { dbk_book_device(book_of(&f, SECOND)), DBK_ROLE_SUPERVISOR };
    dbk_new_space opts = { .name = "Op Yew",
                           .creator_role = DBK_ROLE_HQ,
                           .restricted = true,
                           .members = &other,
                           .members_count = 1 };
    assert_ok(dbk_org_space(book_of(&f, FIRST), &f.entry, &space, &opts, &err), &err);
    assert_needs(&f, SECOND);
    post_whole(&f);
    assert_true(dbk_roster_space(roster(&f), &space)->restricted);
    assert_int_equal(dbk_roster_role(roster(&f), &other.device, &space), DBK_ROLE_SUPERVISOR);
    /* The key came with it. */
    assert_ok(dbk_book_space_name(book_of(&f, SECOND), &name, &space, &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&name), dbk_span_str("Op Yew")));
    const dbk_new_grant grant = { space, dbk_book_device(book_of(&f, OFFICER)), DBK_ROLE_OFFICER,
                                  0 };
    assert_ok(dbk_org_grant(book_of(&f, SECOND), &f.entry, &grant, &err), &err);
    assert_needs(&f, FIRST);
    post_whole(&f);
    assert_int_equal(dbk_book_role(book_of(&f, OFFICER), &space), DBK_ROLE_OFFICER);
    /* An ordinary space still takes one. */
    size_t lacking;
    opts = (dbk_new_space){ .name = "Op Oak", .creator_role = DBK_ROLE_HQ };
    assert_ok(dbk_org_space(book_of(&f, FIRST), &f.entry, &space, &opts, &err), &err);
    assert_ok(dbk_roster_weigh(roster(&f), &lacking, dbk_bytes_span(&f.entry), &err), &err);
    assert_int_equal(lacking, 0);
    dbk_bytes_wipe(&name);
    end(&f);
}

static void a_space_s_first_members_are_devices_of_the_chain_once_each(void **state)
{
    fixture f;
    (void)state;
    begin(&f);
    const dbk_id first = dbk_book_device(book_of(&f, FIRST)),
                 officer = dbk_book_device(book_of(&f, OFFICER));
    const struct {
        const char *why;
        dbk_grant members[2];
        size_t count;
        dbk_rc want;
    } cases[] = {
        { "nobody besides", { { first, DBK_ROLE_HQ } }, 0, DBK_OK },
        { "an officer", { { officer, DBK_ROLE_OFFICER } }, 1, DBK_OK },
        { "this device again", { { first, DBK_ROLE_HQ } }, 1, DBK_INVALID },
        { "twice", { { officer, DBK_ROLE_HQ }, { officer, DBK_ROLE_HQ } }, 2, DBK_INVALID },
        { "nobody known", { { { { 1 } }, DBK_ROLE_HQ } }, 1, DBK_NOT_FOUND },
        { "no role", { { officer, DBK_ROLE_NONE } }, 1, DBK_INVALID },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_err err = { 0 };
        dbk_id space;
        const dbk_new_space opts = { .name = "Op Ash",
                                     .creator_role = DBK_ROLE_HQ,
                                     .members = cases[i].members,
                                     .members_count = cases[i].count };
        dbk_bytes_truncate(&f.entry, 0);
        dbk_rc rc = dbk_org_space(book_of(&f, FIRST), &f.entry, &space, &opts, &err);
        if (rc != cases[i].want)
            fail_msg("%s: %s (%s)", cases[i].why, dbk_rc_name(rc), err.text);
        assert_int_equal(f.entry.len == 0, rc != DBK_OK);
    }
    end(&f);
}

static void the_root_is_the_second_only_where_nobody_else_is_left_a18(void **state)
{
    fixture f;
    dbk_err err = { 0 };
    size_t lacking;
    (void)state;
    begin(&f);
    dbk_leaving leaving = { .device = dbk_book_device(book_of(&f, FIRST)), .reason = "left" };
    /* The second admin hasn't the root, and so can't take the first one out alone. */
    assert_ok(dbk_org_leave(book_of(&f, SECOND), &f.entry, &leaving, &err), &err);
    assert_needs(&f, FIRST);
    dbk_bytes_truncate(&f.entry, 0);
    /* Whoever has it can: of two admins one may be lost. */
    leaving.device = dbk_book_device(book_of(&f, SECOND));
    assert_ok(dbk_org_leave(book_of(&f, FIRST), &f.entry, &leaving, &err), &err);
    assert_ok(dbk_roster_weigh(roster(&f), &lacking, dbk_bytes_span(&f.entry), &err), &err);
    assert_int_equal(lacking, 0);
    dbk_test_org_post(&f.org, dbk_bytes_span(&f.entry));
    dbk_bytes_truncate(&f.entry, 0);
    /* And then for all else, until there is a second person again. */
    dbk_policy policy = *dbk_roster_policy(roster(&f));
    policy.rotate_days = 30;
    assert_ok(dbk_org_policy(book_of(&f, FIRST), &f.entry, &policy, &err), &err);
    assert_ok(dbk_roster_weigh(roster(&f), &lacking, dbk_bytes_span(&f.entry), &err), &err);
    assert_int_equal(lacking, 0);
    dbk_test_org_post(&f.org, dbk_bytes_span(&f.entry));
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rules_are_changed_by_two_and_every_member_sees_them_a18),
        cmocka_unit_test(a_bar_is_for_who_is_out_and_holds_for_ever_a18),
        cmocka_unit_test(a_restricted_space_and_each_who_comes_in_need_two_a18),
        cmocka_unit_test(a_space_s_first_members_are_devices_of_the_chain_once_each),
        cmocka_unit_test(the_root_is_the_second_only_where_nobody_else_is_left_a18),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
