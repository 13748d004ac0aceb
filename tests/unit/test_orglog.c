#include "tests/lib/test.h"

#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/inbox.h"
#include "core/journal/orglog.h"
#include "tests/lib/org.h"

typedef struct seen {
    size_t count, held, by_root, signers;
    uint64_t first;
    dbk_entry_kind kinds[64];
    bool held_at[64];
    uint64_t freshness_before, freshness;
} seen;

static dbk_rc see(void *ctx, const dbk_orglog_row *row, dbk_err *err)
{
    seen *s = ctx;
    (void)err;
    assert_in_range(s->count, 0, 63);
    if (s->count == 0)
        s->first = row->entry->seq;
    s->kinds[s->count] = row->entry->kind;
    s->held_at[s->count] = row->space_held;
    s->held += row->space_held ? 1 : 0;
    s->by_root += row->by_root ? 1 : 0;
    s->signers += row->signers_count;
    if (row->entry->kind == DBK_ENTRY_POLICY) {
        assert_non_null(row->before);
        s->freshness_before = row->before->freshness_h;
        s->freshness = row->entry->policy.freshness_h;
    }
    s->count++;
    return DBK_OK;
}

static seen look(dbk_book *book, uint64_t since)
{
    seen s = { 0 };
    dbk_err err = { 0 };
    assert_ok(dbk_orglog_each(book, since, see, &s, &err), &err);
    return s;
}

static void every_member_sees_the_same_changes_and_who_signed_them(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    (void)state;
    dbk_test_org_make(&org, roles, 1);
    seen admin = look(org.books[0].book, 0), officer = look(org.books[1].book, 0);
    assert_int_equal(admin.count, dbk_roster_count(dbk_book_roster(org.books[0].book)));
    assert_int_equal(officer.count, admin.count);
    assert_memory_equal(officer.kinds, admin.kinds, sizeof(admin.kinds));
    assert_int_equal(admin.by_root, 1); /* genesis */
    assert_int_equal(admin.signers, admin.count - 1);
    seen later = look(org.books[1].book, 2);
    assert_int_equal(later.first, 2);
    assert_int_equal(later.count, admin.count - 2);
    assert_int_equal(look(org.books[1].book, 1000).count, 0);
    dbk_test_org_drop(&org);
}

static void a_space_that_is_not_held_is_not_to_be_named_A26(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_new_space opts = { .name = "Covert", .creator_role = DBK_ROLE_HQ };
    dbk_id covert;
    dbk_err err = { 0 };
    (void)state;
    dbk_test_org_make(&org, roles, 1);
    assert_ok(dbk_org_space(org.books[0].book, &entry, &covert, &opts, &err), &err);
    dbk_test_org_post(&org, dbk_bytes_span(&entry));
    seen admin = look(org.books[0].book, 0), officer = look(org.books[1].book, 0);
    assert_true(admin.held_at[admin.count - 1]);
    assert_false(officer.held_at[officer.count - 1]);
    assert_true(dbk_orglog_space_held(org.books[0].book, &covert));
    assert_false(dbk_orglog_space_held(org.books[1].book, &covert));
    assert_true(dbk_orglog_space_held(org.books[1].book, &org.space));
    dbk_bytes_wipe(&entry);
    dbk_test_org_drop(&org);
}

static void rules_are_shown_beside_those_that_stood_before(void **state)
{
    dbk_test_org org;
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_entry e = { .kind = DBK_ENTRY_POLICY, .policy = DBK_POLICY_DEFAULT };
    dbk_err err = { 0 };
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    dbk_book *book = org.books[0].book;
    for (uint64_t hours = 12; hours >= 6; hours -= 6) {
        e.policy.freshness_h = hours;
        e.org = dbk_roster_org(book->roster);
        e.seq = dbk_roster_count(book->roster);
        e.prev = dbk_roster_head(book->roster);
        dbk_bytes_truncate(&entry, 0);
        assert_ok(dbk_entry_sign(&entry, &e, book->own.admin, &err), &err);
        assert_ok(dbk_inbox_member(book, dbk_bytes_span(&entry), &err), &err);
    }
    /* Also where only the newest is asked for. */
    seen s = look(book, dbk_roster_count(book->roster) - 1);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.freshness_before, 12);
    assert_int_equal(s.freshness, 6);
    dbk_bytes_wipe(&entry);
    dbk_test_org_drop(&org);
}

static void there_is_nothing_to_see_before_there_is_an_organisation(void **state)
{
    dbk_test_book b;
    (void)state;
    dbk_test_book_make(&b, 3);
    assert_int_equal(look(b.book, 0).count, 0);
    dbk_test_book_drop(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_sees_the_same_changes_and_who_signed_them),
        cmocka_unit_test(a_space_that_is_not_held_is_not_to_be_named_A26),
        cmocka_unit_test(rules_are_shown_beside_those_that_stood_before),
        cmocka_unit_test(there_is_nothing_to_see_before_there_is_an_organisation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
