#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/book_internal.h"
#include "core/journal/inbox.h"
#include "core/journal/outbox.h"
#include "tests/lib/org.h"

/* An invite, and what came of it. */
typedef struct invitation {
    dbk_bytes text, request, entry;
    dbk_id id;
} invitation;

static void invitation_init(invitation *v)
{
    dbk_bytes_init(&v->text, DBK_INVITE_TEXT_BYTES_MAX);
    dbk_bytes_init(&v->request, DBK_JOIN_BYTES_MAX);
    dbk_bytes_init(&v->entry, DBK_ENTRY_BYTES_MAX);
}

static void invitation_wipe(invitation *v)
{
    dbk_bytes_wipe(&v->text);
    dbk_bytes_wipe(&v->request);
    dbk_bytes_wipe(&v->entry);
}

static void invite(dbk_test_org *org, invitation *v, dbk_role role)
{
    dbk_err err = { 0 };
    const dbk_new_invite opts = { "PC Ward", role, &org->space, 1, 60000, 0, { { 0 } } };
    invitation_init(v);
    assert_ok(dbk_org_invite(org->books[0].book, &v->text, &v->id, &opts, &err), &err);
}

static void join(dbk_test_book *b, invitation *v)
{
    dbk_err err = { 0 };
    assert_ok(dbk_org_join(b->book, &v->request, dbk_bytes_span(&v->text), "Ward's phone", &err),
              &err);
}

static dbk_rc arrive(dbk_test_org *org, const invitation *v)
{
    dbk_err err = { 0 };
    return dbk_org_request_arrived(org->books[0].book, &v->id, dbk_bytes_span(&v->request), &err);
}

static dbk_rc approve(dbk_test_org *org, invitation *v)
{
    dbk_err err = { 0 };
    dbk_bytes_truncate(&v->entry, 0);
    return dbk_org_approve_next(org->books[0].book, &v->entry, &v->id, &err);
}

static dbk_rc replay(void *ctx, dbk_span entry, dbk_err *err)
{
    return dbk_inbox_member(ctx, entry, err);
}

/* ---- joining ------------------------------------------------------------------------------- */

typedef struct listed {
    size_t count;
    dbk_invite_row row;
    char name[64], told[64];
} listed;

static dbk_rc list_one(void *ctx, const dbk_invite_row *row, dbk_err *err)
{
    listed *l = ctx;
    (void)err;
    l->count++;
    l->row = *row;
    (void)snprintf(l->name, sizeof(l->name), "%s", row->name);
    (void)snprintf(l->told, sizeof(l->told), "%s", row->told_name != NULL ? row->told_name : "-");
    return DBK_OK;
}

static listed list_of(dbk_test_org *org)
{
    listed l = { 0 };
    dbk_err err = { 0 };
    assert_ok(dbk_org_invites(org->books[0].book, list_one, &l, &err), &err);
    return l;
}

static void a_device_joins_step_by_step_and_the_admin_sees_its_fingerprint(void **state)
{
    dbk_test_org org;
    dbk_test_book b;
    invitation v;
    dbk_err err = { 0 };
    dbk_bytes again = DBK_BYTES_INIT(DBK_JOIN_BYTES_MAX), name = DBK_BYTES_INIT(64);
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    dbk_test_book_make(&b, 42);
    invite(&org, &v, DBK_ROLE_OFFICER);
    listed l = list_of(&org);
    assert_int_equal(l.count, 1);
    assert_string_equal(l.name, "PC Ward");
    assert_false(l.row.arrived);
    assert_true(dbk_id_is_zero(&l.row.device));
    assert_int_equal(approve(&org, &v), DBK_PENDING);

    join(&b, &v);
    assert_int_equal(dbk_book_link(b.book)->stage, DBK_ORG_JOINING);
    assert_true(dbk_id_equal(&dbk_book_link(b.book)->invite, &v.id));
    dbk_test_book_reopen(&b); /* the invite is remembered */
    assert_int_equal(dbk_book_link(b.book)->stage, DBK_ORG_JOINING);
    assert_ok(dbk_org_join_again(b.book, &again, &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&again), dbk_bytes_span(&v.request)));
    dbk_bytes_truncate(&again, 0);
    assert_ok(dbk_org_join(b.book, &again, dbk_bytes_span(&v.text), "Ward's phone", &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&again), dbk_bytes_span(&v.request)));

    assert_int_equal(arrive(&org, &v), DBK_OK);
    assert_int_equal(arrive(&org, &v), DBK_OK);
    l = list_of(&org);
    dbk_id device = dbk_book_device(b.book);
    assert_true(l.row.arrived);
    assert_string_equal(l.told, "Ward's phone");
    assert_true(dbk_id_equal(&l.row.device, &device));

    /* The device reads the chain that it isn't in yet, then its two entries. */
    assert_ok(dbk_outbox_members(org.books[0].book, 0, replay, b.book, &err), &err);
    assert_int_equal(dbk_book_link(b.book)->stage, DBK_ORG_JOINING);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(approve(&org, &v), DBK_OK);
        dbk_test_org_post(&org, dbk_bytes_span(&v.entry));
        assert_ok(dbk_inbox_member(b.book, dbk_bytes_span(&v.entry), &err), &err);
    }
    assert_int_equal(approve(&org, &v), DBK_NOT_FOUND);
    assert_int_equal(list_of(&org).count, 0);
    assert_int_equal(dbk_book_link(b.book)->stage, DBK_ORG_MEMBER);
    assert_int_equal(dbk_book_spaces(b.book), 1);
    assert_int_equal(dbk_book_role(b.book, &org.space), DBK_ROLE_OFFICER);
    assert_ok(dbk_book_device_name(b.book, &name, &device, &err), &err);
    assert_true(dbk_span_equal(dbk_bytes_span(&name), dbk_span_str("PC Ward")));
    assert_rc(dbk_org_join_again(b.book, &again, &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_book_check_deep(b.book, &err), &err);
    invitation_wipe(&v);
    dbk_bytes_wipe(&again);
    dbk_bytes_wipe(&name);
    dbk_test_book_drop(&b);
    dbk_test_org_drop(&org);
}

static void an_approval_that_was_cut_short_goes_on_where_it_stopped(void **state)
{
    dbk_test_org org;
    dbk_test_book b;
    invitation v;
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    dbk_test_book_make(&b, 42);
    invite(&org, &v, DBK_ROLE_OFFICER);
    join(&b, &v);
    assert_int_equal(arrive(&org, &v), DBK_OK);
    assert_int_equal(approve(&org, &v), DBK_OK); /* built, but never posted: built again */
    assert_int_equal(approve(&org, &v), DBK_OK);
    dbk_test_org_post(&org, dbk_bytes_span(&v.entry));
    dbk_test_book_reopen(&org.books[0]);
    org.books[0].env.now_ms += 120000; /* expired meanwhile: what was begun is finished */
    assert_int_equal(approve(&org, &v), DBK_OK);
    dbk_test_org_post(&org, dbk_bytes_span(&v.entry));
    assert_int_equal(approve(&org, &v), DBK_NOT_FOUND);
    dbk_id device = dbk_book_device(b.book);
    assert_int_equal(dbk_roster_role(dbk_book_roster(org.books[0].book), &device, &org.space),
                     DBK_ROLE_OFFICER);
    invitation_wipe(&v);
    dbk_test_book_drop(&b);
    dbk_test_org_drop(&org);
}

static void forged_foreign_and_second_requests_change_nothing_R7_R26(void **state)
{
    dbk_test_org org;
    dbk_test_book b, thief;
    invitation v, other;
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    dbk_test_book_make(&b, 42);
    dbk_test_book_make(&thief, 43);
    invite(&org, &v, DBK_ROLE_OFFICER);
    invite(&org, &other, DBK_ROLE_OFFICER);
    join(&b, &v);
    for (size_t at = 0; at < v.request.len; at += 7) {
        v.request.p[at] ^= 1;
        assert_int_equal(arrive(&org, &v), DBK_AUTH);
        v.request.p[at] ^= 1;
    }
    for (size_t len = 0; len < v.request.len; len += 11) {
        dbk_err err = { 0 };
        assert_rc(
            dbk_org_request_arrived(org.books[0].book, &v.id, dbk_span_of(v.request.p, len), &err),
            DBK_AUTH, &err);
    }
    dbk_id id = v.id;
    v.id = other.id; /* for another invite */
    assert_int_equal(arrive(&org, &v), DBK_AUTH);
    v.id.b[0] ^= 1; /* for none */
    assert_int_equal(arrive(&org, &v), DBK_AUTH);
    v.id = id;
    assert_false(list_of(&org).row.arrived);
    assert_int_equal(arrive(&org, &v), DBK_OK);
    /* Someone else who got hold of the text: the first request stands, and it is told. */
    dbk_bytes_truncate(&v.request, 0);
    join(&thief, &v);
    assert_int_equal(arrive(&org, &v), DBK_CONFLICT);
    assert_int_equal(approve(&org, &v), DBK_OK);
    dbk_test_org_post(&org, dbk_bytes_span(&v.entry));
    dbk_id honest = dbk_book_device(b.book), dishonest = dbk_book_device(thief.book);
    assert_non_null(dbk_roster_device(dbk_book_roster(org.books[0].book), &honest));
    assert_null(dbk_roster_device(dbk_book_roster(org.books[0].book), &dishonest));
    invitation_wipe(&v);
    invitation_wipe(&other);
    dbk_test_book_drop(&b);
    dbk_test_book_drop(&thief);
    dbk_test_org_drop(&org);
}

/* Whoever holds the text can change it: but not what the admin remembers. */
static void a_role_that_was_changed_in_the_text_fits_no_request_of_the_invite(void **state)
{
    static const dbk_role given[] = { DBK_ROLE_OFFICER, DBK_ROLE_ADMIN };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(given); i++) {
        dbk_test_org org;
        dbk_test_book b;
        invitation v;
        dbk_invite changed = { .tls_pin = { 0 } };
        dbk_err err = { 0 };
        dbk_test_org_make(&org, NULL, 0);
        dbk_test_book_make(&b, 42);
        invite(&org, &v, given[i]);
        assert_ok(dbk_invite_parse(&changed, dbk_bytes_span(&v.text), &err), &err);
        changed.role = given[1 - i];
        dbk_bytes_truncate(&v.text, 0);
        assert_ok(dbk_invite_print(&v.text, &changed, &err), &err);
        join(&b, &v);
        assert_int_equal(arrive(&org, &v), DBK_AUTH);
        assert_false(list_of(&org).row.arrived);
        dbk_invite_wipe(&changed);
        invitation_wipe(&v);
        dbk_test_book_drop(&b);
        dbk_test_org_drop(&org);
    }
}

static void invites_expire(void **state)
{
    dbk_test_org org;
    dbk_test_book b, late;
    invitation v, w;
    dbk_err err = { 0 };
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    dbk_test_book_make(&b, 42);
    dbk_test_book_make(&late, 43);
    invite(&org, &v, DBK_ROLE_OFFICER);
    invite(&org, &w, DBK_ROLE_OFFICER);
    join(&b, &v);
    join(&late, &w);
    assert_int_equal(arrive(&org, &v), DBK_OK);
    org.books[0].env.now_ms += 60000;
    assert_int_equal(arrive(&org, &w), DBK_AUTH);
    assert_int_equal(approve(&org, &v), DBK_DENIED);
    assert_int_equal(list_of(&org).count, 0);
    dbk_test_book_drop(&late);
    dbk_test_book_make(&late, 44);
    late.env.now_ms += 60000;
    dbk_bytes_truncate(&w.request, 0);
    assert_rc(dbk_org_join(late.book, &w.request, dbk_bytes_span(&w.text), "late", &err),
              DBK_DENIED, &err);
    assert_int_equal(dbk_book_link(late.book)->stage, DBK_ORG_NONE);
    /* Secrets of invites that can't be used any more are forgotten with the next one. */
    invitation_wipe(&v);
    invite(&org, &v, DBK_ROLE_OFFICER);
    assert_int_equal(list_of(&org).count, 1);
    assert_int_equal(arrive(&org, &w), DBK_AUTH);
    invitation_wipe(&v);
    invitation_wipe(&w);
    dbk_test_book_drop(&b);
    dbk_test_book_drop(&late);
    dbk_test_org_drop(&org);
}

static void a_second_admin_has_a_key_of_its_own_and_can_act(void **state)
{
    dbk_test_org org;
    dbk_test_book b;
    invitation v;
    dbk_err err = { 0 };
    dbk_id space;
    const dbk_new_space opts = { .name = "Op Elm", .creator_role = DBK_ROLE_ADMIN };
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    dbk_test_book_make(&b, 42);
    invite(&org, &v, DBK_ROLE_ADMIN);
    join(&b, &v);
    assert_false(dbk_key_is_zero(dbk_book_keys(b.book)->admin.b));
    dbk_test_book_reopen(&b);
    assert_false(dbk_key_is_zero(dbk_book_keys(b.book)->admin.b));
    assert_int_equal(arrive(&org, &v), DBK_OK);
    while (approve(&org, &v) == DBK_OK)
        dbk_test_org_post(&org, dbk_bytes_span(&v.entry));
    assert_ok(dbk_outbox_members(org.books[0].book, 0, replay, b.book, &err), &err);
    dbk_bytes_truncate(&v.entry, 0);
    assert_ok(dbk_org_space(b.book, &v.entry, &space, &opts, &err), &err);
    dbk_test_org_post(&org, dbk_bytes_span(&v.entry));
    assert_ok(dbk_inbox_member(b.book, dbk_bytes_span(&v.entry), &err), &err);
    assert_int_equal(dbk_book_role(b.book, &space), DBK_ROLE_ADMIN);
    assert_int_equal(dbk_book_spaces(b.book), 2);
    /* The first admin isn't in it: it has no key to give away. */
    const dbk_new_grant grant = { space, dbk_book_device(org.books[0].book), DBK_ROLE_HQ, 0 };
    dbk_bytes_truncate(&v.entry, 0);
    assert_rc(dbk_org_grant(org.books[0].book, &v.entry, &grant, &err), DBK_DENIED, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_org_grant(b.book, &v.entry, &grant, &err), &err);
    dbk_test_org_post(&org, dbk_bytes_span(&v.entry));
    assert_int_equal(dbk_book_spaces(org.books[0].book), 2);
    invitation_wipe(&v);
    dbk_test_book_drop(&b);
    dbk_test_org_drop(&org);
}

static void an_invite_names_spaces_and_roles_that_there_are(void **state)
{
    dbk_test_org org;
    dbk_bytes text = DBK_BYTES_INIT(DBK_INVITE_TEXT_BYTES_MAX);
    dbk_id id, none = { { 3 } };
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    const struct {
        dbk_new_invite opts;
        dbk_rc want;
    } cases[] = {
        { { "PC Ward", DBK_ROLE_OFFICER, &org.space, 1, 60000, 0, { { 0 } } }, DBK_OK },
        { { "PC Ward", DBK_ROLE_AUDITOR, NULL, 0, 60000, 0, { { 0 } } }, DBK_OK },
        { { "PC Ward", DBK_ROLE_OFFICER, &none, 1, 60000, 0, { { 0 } } }, DBK_NOT_FOUND },
        { { "PC Ward", DBK_ROLE_GUEST, &org.space, 1, 60000, 0, { { 0 } } }, DBK_INVALID },
        { { "PC Ward", DBK_ROLE_GUEST, &org.space, 1, 60000, DBK_TEST_START_MS, { { 0 } } },
          DBK_INVALID },
        { { "PC Ward", DBK_ROLE_GUEST, &org.space, 1, 60000, DBK_TEST_GUEST_UNTIL_MS, { { 0 } } },
          DBK_OK },
        { { "PC Ward", DBK_ROLE_OFFICER, &org.space, 1, 0, 0, { { 0 } } }, DBK_INVALID },
        { { "PC Ward", DBK_ROLE_OFFICER, &org.space, 1, UINT64_MAX, 0, { { 0 } } }, DBK_INVALID },
        { { "", DBK_ROLE_OFFICER, &org.space, 1, 60000, 0, { { 0 } } }, DBK_INVALID },
        { { "PC Ward", DBK_ROLE_OFFICER, &org.space, 257, 60000, 0, { { 0 } } }, DBK_LIMIT },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_err err = { 0 };
        dbk_bytes_truncate(&text, 0);
        dbk_rc rc = dbk_org_invite(org.books[0].book, &text, &id, &cases[i].opts, &err);
        if (rc != cases[i].want)
            fail_msg("case %zu: %s (%s)", i, dbk_rc_name(rc), err.text);
        assert_int_equal(text.len == 0, rc != DBK_OK);
        assert_int_equal(dbk_id_is_zero(&id), rc != DBK_OK);
    }
    dbk_bytes_wipe(&text);
    dbk_test_org_drop(&org);
}

static void joining_under_every_failed_allocation_changes_nothing_A37(void **state)
{
    dbk_test_org org;
    invitation v;
    dbk_test_book b;
    dbk_err err = { 0 };
    bool failed = true;
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    invite(&org, &v, DBK_ROLE_ADMIN);
    dbk_test_book_make(&b, 42);
    for (uint64_t n = 1; failed; n++) {
        dbk_test_alloc a = { .fail_at = n };
        dbk_bytes_truncate(&v.request, 0);
        dbk_err_clear(&err);
        dbk_test_alloc_start(&a);
        dbk_rc rc = dbk_org_join(b.book, &v.request, dbk_bytes_span(&v.text), "phone", &err);
        failed = dbk_test_alloc_stop(&a) != 0;
        if (rc == DBK_OK)
            break;
        assert_rc(rc, DBK_NOMEM, &err);
        assert_int_equal(dbk_book_link(b.book)->stage, DBK_ORG_NONE);
        assert_true(dbk_key_is_zero(dbk_book_keys(b.book)->admin.b));
        assert_int_equal(v.request.len, 0);
        dbk_err_clear(&err);
        assert_ok(dbk_book_check_deep(b.book, &err), &err);
    }
    assert_int_equal(arrive(&org, &v), DBK_OK);
    invitation_wipe(&v);
    dbk_test_book_drop(&b);
    dbk_test_org_drop(&org);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_joins_step_by_step_and_the_admin_sees_its_fingerprint),
        cmocka_unit_test(an_approval_that_was_cut_short_goes_on_where_it_stopped),
        cmocka_unit_test(forged_foreign_and_second_requests_change_nothing_R7_R26),
        cmocka_unit_test(a_role_that_was_changed_in_the_text_fits_no_request_of_the_invite),
        cmocka_unit_test(invites_expire),
        cmocka_unit_test(a_second_admin_has_a_key_of_its_own_and_can_act),
        cmocka_unit_test(an_invite_names_spaces_and_roles_that_there_are),
        cmocka_unit_test(joining_under_every_failed_allocation_changes_nothing_A37),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
