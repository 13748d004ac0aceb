#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/inbox.h"
#include "tests/lib/org.h"

/* ---- founding ------------------------------------------------------------------------------ */

static void an_organisation_begins_with_one_admin_who_pins_its_root(void **state)
{
    dbk_test_org org;
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    dbk_book *book = org.books[0].book;
    const dbk_roster *roster = dbk_book_roster(book);
    dbk_id device = dbk_book_device(book), id = dbk_org_id(&dbk_book_link(book)->root),
           own = dbk_roster_org(roster);
    const dbk_member *m = dbk_roster_device(roster, &device);
    assert_true(dbk_id_equal(&id, &own));
    assert_int_equal(m->role, DBK_ROLE_ADMIN);
    assert_false(dbk_key_is_zero(m->keys.admin.b));
    assert_memory_equal(&m->keys.admin, &dbk_book_keys(book)->admin, sizeof(dbk_sign_pk));
    assert_memory_equal(dbk_roster_relay(roster), &org.card.relay, sizeof(dbk_sign_pk));
    assert_int_equal(dbk_roster_role(roster, &device, &org.space), DBK_ROLE_HQ);
    assert_string_equal(dbk_book_link(book)->relay_url, org.card.url);
    dbk_test_book_reopen(&org.books[0]);
    assert_non_null(org.books[0].book->own.root);
    assert_non_null(org.books[0].book->own.admin);
    dbk_test_org_check(&org);
    dbk_test_org_drop(&org);
}

static void a_founding_that_was_cut_short_goes_on_with_the_same_genesis(void **state)
{
    dbk_test_book b;
    dbk_relay_card card = { .url = "https://one.example" };
    dbk_bytes first = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX),
              again = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_secret *relay = NULL;
    dbk_err err = { 0 };
    (void)state;
    dbk_test_book_make(&b, 5);
    assert_ok(dbk_sign_keypair(&card.relay, &relay, &b.env.env, &err), &err);
    assert_ok(dbk_org_create(b.book, &first, "Desk", &card, &err), &err);
    assert_int_equal(dbk_book_link(b.book)->stage, DBK_ORG_NONE);
    assert_null(dbk_book_roster(b.book));
    dbk_test_book_reopen(&b);
    (void)snprintf(card.url, sizeof(card.url), "https://two.example"); /* it moved meanwhile */
    assert_ok(dbk_org_create(b.book, &again, "Desk", &card, &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&first), dbk_bytes_span(&again)));
    assert_string_equal(dbk_book_link(b.book)->relay_url, "https://two.example");
    /* Another relay: a new organisation, for that relay's key. */
    dbk_secret_free(relay);
    assert_ok(dbk_sign_keypair(&card.relay, &relay, &b.env.env, &err), &err);
    dbk_bytes_truncate(&again, 0);
    assert_ok(dbk_org_create(b.book, &again, "Desk", &card, &err), &err);
    assert_false(dbk_span_equal(dbk_bytes_span(&first), dbk_bytes_span(&again)));
    /* The genesis of a root that isn't ours is refused. */
    assert_true(dbk_inbox_member(b.book, dbk_bytes_span(&first), &err) != DBK_OK);
    assert_null(dbk_book_roster(b.book));
    dbk_err_clear(&err);
    assert_ok(dbk_inbox_member(b.book, dbk_bytes_span(&again), &err), &err);
    assert_int_equal(dbk_book_link(b.book)->stage, DBK_ORG_MEMBER);
    assert_rc(dbk_org_create(b.book, &again, "Desk", &card, &err), DBK_CONFLICT, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_book_check_deep(b.book, &err), &err);
    dbk_secret_free(relay);
    dbk_bytes_wipe(&first);
    dbk_bytes_wipe(&again);
    dbk_test_book_drop(&b);
}

static void names_are_one_line_of_text(void **state)
{
    static const struct {
        const char *name;
        dbk_rc want;
    } cases[] = {
        { "", DBK_INVALID },           { "   ", DBK_INVALID },      { "two\nlines", DBK_INVALID },
        { "esc\x1b[2J", DBK_INVALID }, { "bad \xff", DBK_INVALID }, { "Zoë's desk", DBK_OK },
    };
    char longest[130];
    dbk_test_org org;
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
        dbk_err err = { 0 };
        dbk_id space;
        const dbk_new_space opts = { .name = cases[i].name, .creator_role = DBK_ROLE_HQ };
        assert_rc(dbk_org_space(org.books[0].book, &entry, &space, &opts, &err), cases[i].want,
                  &err);
        dbk_bytes_wipe(&entry);
    }
    for (size_t len = 128; len <= 129; len++) {
        dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
        dbk_err err = { 0 };
        dbk_id space;
        memset(longest, 'n', sizeof(longest));
        longest[len] = '\0';
        const dbk_new_space opts = { .name = longest, .creator_role = DBK_ROLE_HQ };
        assert_rc(dbk_org_space(org.books[0].book, &entry, &space, &opts, &err),
                  len == 128 ? DBK_OK : DBK_INVALID, &err);
        dbk_bytes_wipe(&entry);
    }
    dbk_test_org_drop(&org);
}

/* ---- who may ------------------------------------------------------------------------------- */

static void only_an_admins_device_changes_the_membership_A18(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_HQ };
    dbk_test_org org;
    dbk_err err = { 0 };
    dbk_bytes out = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_id id;
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    dbk_book *desk = org.books[1].book; /* headquarters, but no admin */
    const dbk_new_space space = { .name = "Op Elm", .creator_role = DBK_ROLE_HQ };
    const dbk_new_grant grant = { org.space, dbk_book_device(desk), DBK_ROLE_HQ, 0 };
    const dbk_new_invite opts = { "PC Ward", DBK_ROLE_OFFICER, &org.space, 1, 60000, 0, { { 0 } } };
    assert_rc(dbk_org_space(desk, &out, &id, &space, &err), DBK_DENIED, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_org_grant(desk, &out, &grant, &err), DBK_DENIED, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_org_invite(desk, &out, &id, &opts, &err), DBK_DENIED, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_org_approve_next(desk, &out, &id, &err), DBK_DENIED, &err);
    assert_int_equal(out.len, 0);
    dbk_bytes_wipe(&out);
    dbk_test_org_drop(&org);
}

static void a_grant_names_what_there_is_and_a_role_that_fits(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    dbk_bytes out = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    dbk_book *admin = org.books[0].book;
    dbk_id officer = dbk_book_device(org.books[1].book), none = { { 3 } };
    dbk_id names = dbk_book_roster_space(admin)->space;
    const struct {
        dbk_new_grant grant;
        dbk_rc want;
    } cases[] = {
        { { org.space, officer, DBK_ROLE_SUPERVISOR, 0 }, DBK_OK },
        { { none, officer, DBK_ROLE_OFFICER, 0 }, DBK_NOT_FOUND },
        { { names, officer, DBK_ROLE_OFFICER, 0 }, DBK_NOT_FOUND },
        { { org.space, none, DBK_ROLE_OFFICER, 0 }, DBK_NOT_FOUND },
        { { org.space, officer, DBK_ROLE_ADMIN, 0 }, DBK_DENIED },
        { { org.space, officer, DBK_ROLE_GUEST, 0 }, DBK_INVALID },
        { { org.space, officer, DBK_ROLE_GUEST, 1 }, DBK_INVALID },
        { { org.space, officer, DBK_ROLE_GUEST, DBK_TEST_GUEST_UNTIL_MS }, DBK_OK },
        { { org.space, officer, DBK_ROLE_WRITER, 0 }, DBK_CONFLICT },
        { { org.space, officer, DBK_ROLE_NONE, 0 }, DBK_INVALID },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_err err = { 0 };
        dbk_rc rc = dbk_org_grant(admin, &out, &cases[i].grant, &err);
        if (rc != cases[i].want)
            fail_msg("case %zu: %s (%s)", i, dbk_rc_name(rc), err.text);
    }
    dbk_bytes_wipe(&out);
    dbk_test_org_drop(&org);
}

static void a_grant_that_has_ended_gives_no_right(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    dbk_err err = { 0 };
    dbk_bytes plain = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX),
              out = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_entry_decoded d = { 0 };
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    dbk_book *admin = org.books[0].book, *officer = org.books[1].book;
    const dbk_new_grant grant = { org.space, dbk_book_device(officer), DBK_ROLE_OFFICER, 0 };
    assert_ok(dbk_org_grant(admin, &plain, &grant, &err), &err);
    assert_ok(dbk_entry_decode(&d, dbk_bytes_span(&plain), &err), &err);
    d.entry.expires_ms = org.books[1].env.now_ms + 1000;
    assert_ok(dbk_entry_sign(&out, &d.entry, admin->own.admin, &err), &err);
    dbk_test_org_post(&org, dbk_bytes_span(&out));
    assert_int_equal(dbk_book_role(officer, &org.space), DBK_ROLE_OFFICER);
    org.books[1].env.now_ms += 999;
    assert_int_equal(dbk_book_role(officer, &org.space), DBK_ROLE_OFFICER);
    org.books[1].env.now_ms += 1;
    assert_int_equal(dbk_book_role(officer, &org.space), DBK_ROLE_NONE);
    dbk_entry_decoded_wipe(&d);
    dbk_bytes_wipe(&plain);
    dbk_bytes_wipe(&out);
    dbk_test_org_drop(&org);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_organisation_begins_with_one_admin_who_pins_its_root),
        cmocka_unit_test(a_founding_that_was_cut_short_goes_on_with_the_same_genesis),
        cmocka_unit_test(names_are_one_line_of_text),
        cmocka_unit_test(only_an_admins_device_changes_the_membership_A18),
        cmocka_unit_test(a_grant_names_what_there_is_and_a_role_that_fits),
        cmocka_unit_test(a_grant_that_has_ended_gives_no_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
