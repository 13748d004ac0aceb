#include "tests/lib/test.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "core/base/alloc.h"
#include "core/journal/book_internal.h"
#include "core/journal/outbox.h"
#include "tests/lib/org.h"

/* ---- membership ---------------------------------------------------------------------------- */

static void the_chain_roster_and_keys_are_there_again_after_opening(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    dbk_err err = { 0 };
    dbk_bytes name = DBK_BYTES_INIT(64);
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    for (size_t i = 0; i < org.count; i++) {
        dbk_book *book = org.books[i].book;
        dbk_hash head = dbk_roster_head(dbk_book_roster(book));
        dbk_test_book_reopen(&org.books[i]);
        book = org.books[i].book;
        dbk_hash again = dbk_roster_head(dbk_book_roster(book));
        assert_true(dbk_hash_equal(&head, &again));
        assert_int_equal(dbk_book_link(book)->stage, DBK_ORG_MEMBER);
        assert_int_equal(dbk_book_spaces(book), 1);
        dbk_bytes_truncate(&name, 0);
        assert_ok(dbk_book_space_name(book, &name, &org.space, &err), &err);
        assert_true(dbk_span_equal(dbk_bytes_span(&name), dbk_span_str("Op Cedar")));
        dbk_id officer = dbk_book_device(org.books[1].book);
        dbk_bytes_truncate(&name, 0);
        assert_ok(dbk_book_device_name(book, &name, &officer, &err), &err);
        assert_true(dbk_span_equal(dbk_bytes_span(&name), dbk_span_str("Officer 1")));
        assert_ok(dbk_book_check_deep(book, &err), &err);
    }
    dbk_bytes_wipe(&name);
    dbk_test_org_drop(&org);
}

static dbk_rc keep_entry(void *ctx, dbk_span entry, dbk_err *err)
{
    dbk_bytes *out = ctx;
    dbk_bytes_truncate(out, 0);
    return dbk_bytes_append(out, entry, err);
}

static void an_entry_is_taken_once_and_a_fork_never_M(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    dbk_err err = { 0 };
    dbk_bytes last = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX),
              fork = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_id space;
    bool is_new = true;
    const dbk_new_space one = { .name = "Op Elm", .creator_role = DBK_ROLE_HQ },
                        two = { .name = "Op Oak", .creator_role = DBK_ROLE_HQ };
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    dbk_book *admin = org.books[0].book, *officer = org.books[1].book;
    assert_ok(dbk_org_space(admin, &last, &space, &one, &err), &err);
    assert_ok(dbk_org_space(admin, &fork, &space, &two, &err), &err);
    dbk_test_org_post(&org, dbk_bytes_span(&last));
    uint64_t count = dbk_roster_count(dbk_book_roster(officer));
    assert_ok(dbk_book_take_entry(officer, &is_new, dbk_bytes_span(&last), &err), &err);
    assert_false(is_new);
    assert_rc(dbk_book_take_entry(officer, &is_new, dbk_bytes_span(&fork), &err), DBK_SPLIT, &err);
    dbk_err_clear(&err);
    last.p[last.len - 1] ^= 1; /* a signature */
    assert_ok(dbk_outbox_members(officer, count - 1, keep_entry, &fork, &err), &err);
    assert_rc(dbk_book_take_entry(officer, &is_new, dbk_span_of(fork.p, fork.len - 1), &err),
              DBK_FORMAT, &err);
    dbk_err_clear(&err);
    assert_int_equal(dbk_roster_count(dbk_book_roster(officer)), count);
    assert_ok(dbk_book_check_deep(officer, &err), &err);
    dbk_bytes_wipe(&last);
    dbk_bytes_wipe(&fork);
    dbk_test_org_drop(&org);
}

static void an_entry_that_brings_a_key_is_taken_wholly_or_not_A37(void **state)
{
    dbk_test_org org;
    dbk_err err = { 0 };
    bool failed = true;
    size_t rounds = 0;
    (void)state;
    dbk_test_org_make(&org, NULL, 0);
    dbk_book *book = org.books[0].book;
    /* Each round adds a space, and thereby some allocations to the next: the steps outrun them. */
    for (uint64_t n = 1; failed; n += n < 40 ? 1 : 23) {
        rounds++;
        dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
        dbk_id space;
        char name[32];
        bool is_new = false;
        uint64_t before = dbk_roster_count(dbk_book_roster(book));
        (void)snprintf(name, sizeof(name), "Op %d", (int)n);
        const dbk_new_space opts = { .name = name, .creator_role = DBK_ROLE_HQ };
        assert_ok(dbk_org_space(book, &entry, &space, &opts, &err), &err);
        dbk_test_alloc a = { .fail_at = n };
        dbk_test_alloc_start(&a);
        dbk_rc rc = dbk_book_take_entry(book, &is_new, dbk_bytes_span(&entry), &err);
        failed = dbk_test_alloc_stop(&a) != 0;
        if (rc != DBK_OK)
            assert_rc(rc, DBK_NOMEM, &err);
        dbk_err_clear(&err);
        uint64_t after = dbk_roster_count(dbk_book_roster(book));
        assert_true(after == before || after == before + 1);
        assert_true(rc != DBK_OK || after == before + 1);
        assert_ok(dbk_book_check_deep(book, &err), &err);
        /* Again, with memory: then it is there, and its key is held. */
        assert_ok(dbk_book_take_entry(book, &is_new, dbk_bytes_span(&entry), &err), &err);
        assert_int_equal(is_new, after == before);
        assert_non_null(dbk_keyring_current(book->keyring, &space, NULL));
        assert_int_equal(dbk_book_spaces(book), rounds + 1);
        dbk_bytes_wipe(&entry);
    }
    dbk_test_org_drop(&org);
}

/* A grant given again adds nothing to what there is, so that every allocation has its turn. */
static void grant_again(dbk_test_org *org, dbk_bytes *entry, dbk_role role)
{
    dbk_err err = { 0 };
    const dbk_new_grant grant = { org->space, dbk_book_device(org->books[1].book), role, 0 };
    dbk_bytes_truncate(entry, 0);
    assert_ok(dbk_org_grant(org->books[0].book, entry, &grant, &err), &err);
}

static void an_entry_that_finds_no_memory_is_in_neither_rows_nor_roster_A37(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    bool failed = true;
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    dbk_book *admin = org.books[0].book;
    for (uint64_t n = 1; failed; n++) {
        dbk_test_alloc a = { .fail_at = n };
        dbk_err err = { 0 };
        bool is_new = false;
        dbk_hash before = dbk_roster_head(dbk_book_roster(admin));
        grant_again(&org, &entry, n % 2 ? DBK_ROLE_SUPERVISOR : DBK_ROLE_OFFICER);
        dbk_test_alloc_start(&a);
        dbk_rc rc = dbk_book_take_entry(admin, &is_new, dbk_bytes_span(&entry), &err);
        failed = dbk_test_alloc_stop(&a) != 0;
        dbk_hash after = dbk_roster_head(dbk_book_roster(admin));
        assert_true(rc == DBK_OK || dbk_hash_equal(&before, &after));
        dbk_err_clear(&err);
        assert_ok(dbk_book_check_deep(admin, &err), &err);
    }
    dbk_bytes_wipe(&entry);
    dbk_test_org_drop(&org);
}

/* The fold can't give an entry back: it is made anew from the rows. */
static void an_entry_whose_commit_fails_leaves_the_roster_as_it_was_A38(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    struct rlimit old, small;
    dbk_err err = { 0 };
    bool is_new = true;
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    dbk_book *admin = org.books[0].book;
    dbk_id officer = dbk_book_device(org.books[1].book);
    dbk_hash before = dbk_roster_head(dbk_book_roster(admin));
    grant_again(&org, &entry, DBK_ROLE_SUPERVISOR);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 4096;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    dbk_rc rc = dbk_book_take_entry(admin, &is_new, dbk_bytes_span(&entry), &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_rc(rc, DBK_FULL, &err);
    assert_false(is_new);
    dbk_hash after = dbk_roster_head(dbk_book_roster(admin));
    assert_true(dbk_hash_equal(&before, &after));
    assert_int_equal(dbk_roster_role(dbk_book_roster(admin), &officer, &org.space),
                     DBK_ROLE_OFFICER);
    dbk_err_clear(&err);
    assert_ok(dbk_book_check_deep(admin, &err), &err);
    assert_ok(dbk_book_take_entry(admin, &is_new, dbk_bytes_span(&entry), &err), &err);
    assert_true(is_new);
    assert_ok(dbk_book_check_deep(admin, &err), &err);
    dbk_bytes_wipe(&entry);
    dbk_test_org_drop(&org);
}

/* ---- names --------------------------------------------------------------------------------- */

static void a_space_is_found_by_name_by_id_or_as_the_only_one(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    dbk_err err = { 0 };
    dbk_id found;
    char hex[DBK_ID_HEX_SIZE];
    dbk_bytes name = DBK_BYTES_INIT(64);
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    dbk_book *admin = org.books[0].book, *officer = org.books[1].book;
    assert_ok(dbk_book_space_find(officer, &found, NULL, &err), &err);
    assert_true(dbk_id_equal(&found, &org.space));
    dbk_id_hex(hex, &org.space);
    assert_ok(dbk_book_space_find(officer, &found, hex, &err), &err);
    assert_true(dbk_id_equal(&found, &org.space));

    /* A space that the officer isn't in: not listed, not found, its name not known (P3). */
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_id hidden;
    const dbk_new_space opts = { .name = "Op Ash", .creator_role = DBK_ROLE_HQ };
    assert_ok(dbk_org_space(admin, &entry, &hidden, &opts, &err), &err);
    dbk_test_org_post(&org, dbk_bytes_span(&entry));
    assert_int_equal(dbk_book_spaces(admin), 2);
    dbk_id first = dbk_book_space_at(admin, 0);
    assert_true(dbk_id_equal(&first, &hidden)); /* by name: Ash before Cedar */
    assert_int_equal(dbk_book_spaces(officer), 1);
    assert_ok(dbk_book_space_find(admin, &found, "Op Ash", &err), &err);
    assert_rc(dbk_book_space_find(officer, &found, "Op Ash", &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    dbk_id_hex(hex, &hidden);
    assert_rc(dbk_book_space_find(officer, &found, hex, &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_book_space_name(officer, &name, &hidden, &err), &err);
    assert_int_equal(name.len, 9);
    assert_int_equal(name.p[0], '?');
    assert_memory_equal(name.p + 1, hex, 8);
    assert_rc(dbk_book_space_find(admin, &found, NULL, &err), DBK_USAGE, &err);
    dbk_err_clear(&err);

    /* Two of one name are told apart by id only. */
    dbk_bytes_truncate(&entry, 0);
    assert_ok(dbk_org_space(admin, &entry, &found, &opts, &err), &err);
    dbk_test_org_post(&org, dbk_bytes_span(&entry));
    assert_rc(dbk_book_space_find(admin, &found, "Op Ash", &err), DBK_USAGE, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_book_space_find(admin, &found, hex, &err), &err);
    assert_true(dbk_id_equal(&found, &hidden));
    dbk_bytes_wipe(&entry);
    dbk_bytes_wipe(&name);
    dbk_test_org_drop(&org);
}

/* ---- roles --------------------------------------------------------------------------------- */

static void hq_is_judged_by_the_membership_that_the_author_had_seen(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    dbk_test_org org;
    dbk_err err = { 0 };
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_hash unknown = { { 7 } };
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    dbk_book *admin = org.books[0].book;
    dbk_id officer = dbk_book_device(org.books[1].book), desk = dbk_book_device(admin);
    dbk_hash before = dbk_roster_head(dbk_book_roster(admin));
    assert_true(dbk_book_author_is_hq(admin, &desk, &org.space, &before));
    assert_false(dbk_book_author_is_hq(admin, &officer, &org.space, &before));
    const dbk_new_grant grant = { org.space, officer, DBK_ROLE_HQ, 0 };
    assert_ok(dbk_org_grant(admin, &entry, &grant, &err), &err);
    dbk_test_org_post(&org, dbk_bytes_span(&entry));
    dbk_hash after = dbk_roster_head(dbk_book_roster(admin));
    assert_true(dbk_book_author_is_hq(admin, &officer, &org.space, &after));
    /* What was written as an officer stays an officer's on every replica. */
    assert_false(dbk_book_author_is_hq(admin, &officer, &org.space, &before));
    assert_false(dbk_book_author_is_hq(admin, &officer, &org.space, &unknown));
    assert_int_equal(dbk_book_role(org.books[1].book, &org.space), DBK_ROLE_HQ);
    dbk_bytes_wipe(&entry);
    dbk_test_org_drop(&org);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chain_roster_and_keys_are_there_again_after_opening),
        cmocka_unit_test(an_entry_is_taken_once_and_a_fork_never_M),
        cmocka_unit_test(an_entry_that_brings_a_key_is_taken_wholly_or_not_A37),
        cmocka_unit_test(an_entry_that_finds_no_memory_is_in_neither_rows_nor_roster_A37),
        cmocka_unit_test(an_entry_whose_commit_fails_leaves_the_roster_as_it_was_A38),
        cmocka_unit_test(a_space_is_found_by_name_by_id_or_as_the_only_one),
        cmocka_unit_test(hq_is_judged_by_the_membership_that_the_author_had_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
