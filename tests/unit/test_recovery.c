/* Headquarters' way into a store whose passphrase is forgotten: by the policy only, seen by the
 * officer, and written down when it is used. */
#include "tests/lib/test.h"

#include <string.h>

#include "core/journal/inbox.h"
#include "core/journal/org_internal.h"
#include "tests/lib/org.h"

typedef struct fixture {
    dbk_test_org org;
    dbk_test_book *officer;
    dbk_share shares[3], others[3];
    dbk_secret *fresh;
} fixture;

static void make_shares(fixture *f, dbk_share shares[3])
{
    const dbk_shares_opts opts = { "Unit Cedar", 2, 3 };
    dbk_err err = { 0 };
    assert_ok(dbk_shares_create(shares, &opts, &f->org.books[0].env.env, &err), &err);
}

static void set_up(fixture *f)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER, DBK_ROLE_ADMIN };
    dbk_err err = { 0 };
    memset(f, 0, sizeof(*f));
    dbk_test_org_make(&f->org, roles, ARRAY_LEN(roles));
    f->officer = &f->org.books[1];
    make_shares(f, f->shares);
    make_shares(f, f->others);
    assert_ok(dbk_secret_from(&f->fresh, dbk_span_str("a passphrase for the time being"), &err),
              &err);
}

static void tear_down(fixture *f)
{
    for (size_t i = 0; i < 3; i++) {
        dbk_share_wipe(&f->shares[i]);
        dbk_share_wipe(&f->others[i]);
    }
    dbk_secret_free(f->fresh);
    dbk_test_org_drop(&f->org);
}

/* A POLICY entry that names this recovery key (NULL: none), by the first admin alone. */
static void sign_policy(const fixture *f, dbk_bytes *entry, const uint8_t *key)
{
    const dbk_book *admin = f->org.books[0].book;
    dbk_err err = { 0 };
    dbk_entry e = { .kind = DBK_ENTRY_POLICY, .policy = *dbk_roster_policy(admin->roster) };
    e.policy.recovery.count = key == NULL ? 0 : 1;
    if (key != NULL)
        memcpy(e.policy.recovery.b[0], key, 32);
    dbk_bytes_init(entry, DBK_ENTRY_BYTES_MAX);
    assert_ok(dbk_org_sign(admin, entry, &e, &err), &err);
}

/* The same with the second admin besides, and told to everyone. */
static void decide(fixture *f, const uint8_t *key)
{
    dbk_bytes one, two = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_err err = { 0 };
    sign_policy(f, &one, key);
    assert_ok(dbk_entry_cosign(&two, dbk_bytes_span(&one), f->org.books[2].book->own.admin, &err),
              &err);
    dbk_test_org_post(&f->org, dbk_bytes_span(&two));
    dbk_bytes_wipe(&one);
    dbk_bytes_wipe(&two);
}

static dbk_recovery look(fixture *f)
{
    dbk_recovery got;
    dbk_err err = { 0 };
    assert_ok(dbk_recovery_look(f->officer->book, &got, &err), &err);
    return got;
}

static void settle(fixture *f)
{
    dbk_err err = { 0 };
    assert_ok(dbk_recovery_settle(f->officer->book, &err), &err);
}

/* The officer's store is closed; *book stays NULL when it isn't opened. */
static dbk_rc recover(fixture *f, const dbk_share *shares, size_t count, dbk_err *err)
{
    const dbk_recovery_with with = { shares, count, f->fresh };
    const dbk_book_opts opts = { .env = &f->officer->env.env, .kdf = DBK_KDF_COST_FLOOR };
    dbk_book_close(f->officer->book);
    f->officer->book = NULL;
    return dbk_recovery_open(&f->officer->book, f->officer->dir, &with, &opts, err);
}

static dbk_rc open_with(fixture *f, const char *passphrase)
{
    const dbk_book_opts opts = { .env = &f->officer->env.env };
    dbk_secret *secret;
    dbk_book_close(f->officer->book);
    f->officer->book = NULL;
    assert_int_equal(dbk_secret_from(&secret, dbk_span_str(passphrase), NULL), DBK_OK);
    dbk_rc rc = dbk_book_open(&f->officer->book, f->officer->dir, secret, &opts, NULL);
    dbk_secret_free(secret);
    return rc;
}

static void the_slot_follows_the_policy_and_the_officer_sees_it_R16(void **state)
{
    dbk_id first, second;
    fixture f;
    (void)state;
    set_up(&f);
    settle(&f);
    assert_false(look(&f).there || look(&f).due || look(&f).wanted);
    decide(&f, f.shares[0].key);
    assert_true(look(&f).wanted && look(&f).due && !look(&f).there);
    settle(&f);
    first = dbk_recovery_print(f.shares[0].key);
    assert_true(look(&f).there && !look(&f).due);
    assert_memory_equal(look(&f).print.b, first.b, sizeof(first.b));
    decide(&f, f.others[0].key); /* another key: replaced */
    assert_true(look(&f).due);
    settle(&f);
    second = dbk_recovery_print(f.others[0].key);
    assert_memory_equal(look(&f).print.b, second.b, sizeof(second.b));
    decide(&f, NULL); /* none any more: taken away */
    settle(&f);
    assert_false(look(&f).there || look(&f).due);
    dbk_test_book_reopen(f.officer);
    assert_int_equal(look(&f).openings_count, 0);
    tear_down(&f);
}

static void a_recovery_key_that_one_administrator_names_is_refused_M32(void **state)
{
    dbk_bytes entry;
    fixture f;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    sign_policy(&f, &entry, f.others[0].key);
    assert_rc(dbk_inbox_member(f.officer->book, dbk_bytes_span(&entry), &err), DBK_DENIED, &err);
    settle(&f);
    assert_false(look(&f).there || look(&f).wanted);
    assert_rc(recover(&f, f.others, 2, NULL), DBK_NOT_FOUND, NULL);
    assert_null(f.officer->book);
    dbk_bytes_wipe(&entry);
    tear_down(&f);
}

/* Whoever can write to the folder of a locked store puts his own key into its slot. */
static void a_slot_that_was_changed_behind_the_store_is_damage_M32(void **state)
{
    dbk_bytes file = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    fixture f;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    decide(&f, f.shares[0].key);
    settle(&f);
    assert_ok(dbk_folder_read(f.officer->book->folder, &file, DBK_BOOK_SLOTS_NAME, &err), &err);
    memcpy(file.p + 24 + 140 + 4, f.others[0].key, 32);
    assert_ok(
        dbk_folder_write(f.officer->book->folder, DBK_BOOK_SLOTS_NAME, dbk_bytes_span(&file), &err),
        &err);
    dbk_recovery got;
    assert_rc(dbk_recovery_look(f.officer->book, &got, &err), DBK_DAMAGED, &err);
    assert_rc(dbk_recovery_settle(f.officer->book, NULL), DBK_DAMAGED, NULL);
    assert_rc(recover(&f, f.others, 2, NULL), DBK_DAMAGED, NULL);
    dbk_bytes_wipe(&file);
    tear_down(&f);
}

static void two_of_three_open_a_store_whose_passphrase_is_lost_A30(void **state)
{
    static const char *const fields[] = { "airport=Luton", NULL };
    dbk_share pair[2];
    fixture f;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    decide(&f, f.shares[0].key);
    settle(&f);
    dbk_id note = dbk_test_add(f.officer->book, &f.org.space, "intervention", fields);
    pair[0] = f.shares[2];
    pair[1] = f.shares[0];
    assert_ok(recover(&f, pair, 2, &err), &err);
    assert_string_equal(dbk_test_text(f.officer->book, &note, "airport"), "Luton");
    assert_true(look(&f).there); /* headquarters can do it again */
    assert_int_equal(look(&f).openings_count, 1);
    assert_true(look(&f).rekey_due);
    assert_int_equal(open_with(&f, DBK_TEST_PASSPHRASE), DBK_PASSPHRASE);
    assert_int_equal(open_with(&f, "a passphrase for the time being"), DBK_OK);
    assert_ok(dbk_book_check_deep(f.officer->book, &err), &err);
    tear_down(&f);
}

static void what_cannot_recover_says_why_and_changes_nothing_A30(void **state)
{
    dbk_share mixed[2];
    fixture f;
    (void)state;
    set_up(&f);
    decide(&f, f.shares[0].key);
    settle(&f);
    mixed[0] = f.shares[0];
    mixed[1] = f.others[1];
    assert_rc(recover(&f, f.shares, 1, NULL), DBK_INVALID, NULL);
    assert_rc(recover(&f, mixed, 2, NULL), DBK_CONFLICT, NULL);
    assert_rc(recover(&f, f.others, 2, NULL), DBK_CONFLICT, NULL);
    assert_null(f.officer->book);
    assert_int_equal(open_with(&f, "a passphrase for the time being"), DBK_PASSPHRASE);
    assert_int_equal(open_with(&f, DBK_TEST_PASSPHRASE), DBK_OK);
    assert_int_equal(look(&f).openings_count, 0);
    tear_down(&f);
}

static void
wrong_passphrases_dont_delay_a_recovery_nor_does_its_failure_end_their_wait_A06(void **state)
{
    fixture f;
    (void)state;
    set_up(&f);
    decide(&f, f.shares[0].key);
    settle(&f);
    for (int i = 0; i < 4; i++)
        assert_int_equal(open_with(&f, "wrong"), DBK_PASSPHRASE);
    assert_int_equal(open_with(&f, DBK_TEST_PASSPHRASE), DBK_PENDING);
    assert_rc(recover(&f, f.shares, 1, NULL), DBK_INVALID, NULL);
    assert_rc(recover(&f, f.others, 2, NULL), DBK_CONFLICT, NULL);
    assert_int_equal(open_with(&f, DBK_TEST_PASSPHRASE), DBK_PENDING);
    assert_rc(recover(&f, f.shares + 1, 2, NULL), DBK_OK, NULL);
    assert_int_equal(open_with(&f, "a passphrase for the time being"), DBK_OK);
    tear_down(&f);
}

static void after_a_rekey_whoever_recovered_knows_no_key_of_the_store_any_more(void **state)
{
    fixture f;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    decide(&f, f.shares[0].key);
    settle(&f);
    assert_ok(recover(&f, f.shares, 2, &err), &err);
    dbk_book_close(f.officer->book);
    f.officer->book = NULL;
    const dbk_book_opts opts = { .env = &f.officer->env.env, .kdf = DBK_KDF_COST_FLOOR };
    assert_ok(dbk_book_rekey(f.officer->dir, f.fresh, &opts, &err), &err);
    assert_int_equal(open_with(&f, "a passphrase for the time being"), DBK_OK);
    assert_int_equal(look(&f).openings_count, 1); /* that it was opened stays to be seen */
    assert_false(look(&f).rekey_due);
    assert_true(look(&f).there); /* and the slot is made anew for the new key */
    assert_ok(recover(&f, f.shares, 2, &err), &err);
    tear_down(&f);
}

static void the_newest_openings_are_kept(void **state)
{
    fixture f;
    uint64_t last = 0;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    decide(&f, f.shares[0].key);
    settle(&f);
    for (size_t i = 0; i < DBK_RECOVERY_OPENINGS_MAX + 2; i++) {
        f.officer->env.now_ms += 1000;
        last = f.officer->env.now_ms;
        assert_ok(recover(&f, f.shares, 2, &err), &err);
    }
    dbk_recovery got = look(&f);
    assert_int_equal(got.openings_count, DBK_RECOVERY_OPENINGS_MAX);
    assert_true(got.openings[DBK_RECOVERY_OPENINGS_MAX - 1].at_ms >= last);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_slot_follows_the_policy_and_the_officer_sees_it_R16),
        cmocka_unit_test(a_recovery_key_that_one_administrator_names_is_refused_M32),
        cmocka_unit_test(a_slot_that_was_changed_behind_the_store_is_damage_M32),
        cmocka_unit_test(two_of_three_open_a_store_whose_passphrase_is_lost_A30),
        cmocka_unit_test(what_cannot_recover_says_why_and_changes_nothing_A30),
        cmocka_unit_test(
            wrong_passphrases_dont_delay_a_recovery_nor_does_its_failure_end_their_wait_A06),
        cmocka_unit_test(after_a_rekey_whoever_recovered_knows_no_key_of_the_store_any_more),
        cmocka_unit_test(the_newest_openings_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
