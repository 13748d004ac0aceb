/* An entry that waits for a second administrator: what is shown of it, and who may sign. */
#include "tests/lib/test.h"

#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/proposal.h"
#include "tests/lib/org.h"

#define FIRST 0
#define OFFICER 1
#define SECOND 2

typedef struct fixture {
    dbk_test_org org;
    dbk_bytes entry, whole; /* a policy that the first admin proposes */
} fixture;

static int setup(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER, DBK_ROLE_ADMIN };
    static fixture f;
    dbk_err err = { 0 };
    f = (fixture){ .entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX),
                   .whole = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX) };
    dbk_test_org_make(&f.org, roles, ARRAY_LEN(roles));
    dbk_book *book = f.org.books[FIRST].book;
    dbk_policy policy = *dbk_roster_policy(dbk_book_roster(book));
    policy.lease_h = 500;
    assert_ok(dbk_org_policy(book, &f.entry, &policy, &err), &err);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    dbk_test_org_drop(&f->org);
    dbk_bytes_wipe(&f->entry);
    dbk_bytes_wipe(&f->whole);
    return 0;
}

static dbk_book *book_of(fixture *f, size_t i)
{
    return f->org.books[i].book;
}

static void a_proposal_is_shown_with_who_made_it_and_what_stood_before(void **state)
{
    fixture *f = *state;
    dbk_proposal p;
    dbk_err err = { 0 };
    dbk_id first = dbk_book_device(book_of(f, FIRST));
    assert_ok(dbk_proposal_open(&p, book_of(f, SECOND), dbk_bytes_span(&f->entry), &err), &err);
    assert_int_equal(p.lacking, 1);
    assert_false(p.mine);
    assert_int_equal(p.change.signers_count, 1);
    assert_true(dbk_id_equal(&p.change.signers[0]->device, &first));
    assert_int_equal(p.change.before->lease_h, 72);
    assert_int_equal(p.change.entry->policy.lease_h, 500);
    assert_memory_equal(p.id.b, p.decoded.hash.b, DBK_ID_BYTES);
    dbk_proposal_wipe(&p);
    assert_ok(dbk_proposal_open(&p, book_of(f, FIRST), dbk_bytes_span(&f->entry), &err), &err);
    assert_true(p.mine);
    dbk_proposal_wipe(&p);
}

static void only_another_person_who_is_an_admin_makes_it_whole_a18(void **state)
{
    fixture *f = *state;
    dbk_err err = { 0 };
    dbk_span entry = dbk_bytes_span(&f->entry);
    assert_rc(dbk_proposal_agree(book_of(f, FIRST), &f->whole, entry, &err), DBK_DENIED, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_proposal_agree(book_of(f, OFFICER), &f->whole, entry, &err), DBK_DENIED, &err);
    dbk_err_clear(&err);
    assert_int_equal(f->whole.len, 0);
    assert_ok(dbk_proposal_agree(book_of(f, SECOND), &f->whole, entry, &err), &err);
    dbk_test_org_post(&f->org, dbk_bytes_span(&f->whole));
    assert_int_equal(dbk_roster_policy(dbk_book_roster(book_of(f, OFFICER)))->lease_h, 500);
    /* Signed again, it follows no head any more. */
    dbk_bytes_truncate(&f->whole, 0);
    assert_rc(dbk_proposal_agree(book_of(f, SECOND), &f->whole, entry, &err), DBK_CONFLICT, &err);
    assert_int_equal(f->whole.len, 0);
}

/* What is shown is what is signed: nothing that differs from it in a bit is shown. */
static void a_proposal_that_was_changed_in_any_bit_or_cut_is_never_shown_m10(void **state)
{
    fixture *f = *state;
    dbk_proposal p;
    for (size_t bit = 0; bit < f->entry.len * 8; bit += 3) {
        dbk_err err = { 0 };
        f->entry.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (dbk_proposal_open(&p, book_of(f, SECOND), dbk_bytes_span(&f->entry), &err) == DBK_OK)
            fail_msg("bit %zu turned is shown", bit);
        assert_null(p.decoded.arrays);
        f->entry.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < f->entry.len; len++) {
        dbk_err err = { 0 };
        if (dbk_proposal_open(&p, book_of(f, SECOND), dbk_span_of(f->entry.p, len), &err) == DBK_OK)
            fail_msg("%zu bytes of it are shown", len);
    }
}

static void the_fate_of_an_own_proposal_is_read_from_the_chain(void **state)
{
    fixture *f = *state;
    dbk_proposed own;
    dbk_proposed_fate fate;
    dbk_err err = { 0 };
    dbk_book *first = book_of(f, FIRST);
    assert_rc(dbk_proposed_get(first, &own, &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_proposed_put(first, dbk_bytes_span(&f->entry), &err), &err);
    dbk_test_book_reopen(&f->org.books[FIRST]);
    first = book_of(f, FIRST);
    assert_ok(dbk_proposed_get(first, &own, &err), &err);
    assert_ok(dbk_proposed_look(first, &fate, &own, &err), &err);
    assert_int_equal(fate, DBK_PROPOSED_WAITS);
    assert_ok(dbk_proposal_agree(book_of(f, SECOND), &f->whole, dbk_bytes_span(&f->entry), &err),
              &err);
    dbk_test_org_post(&f->org, dbk_bytes_span(&f->whole));
    assert_ok(dbk_proposed_look(first, &fate, &own, &err), &err);
    assert_int_equal(fate, DBK_PROPOSED_AGREED);
    own.id.b[0] ^= 1; /* as if it had been another entry */
    assert_ok(dbk_proposed_look(first, &fate, &own, &err), &err);
    assert_int_equal(fate, DBK_PROPOSED_OVERTAKEN);
    assert_ok(dbk_proposed_forget(first, &err), &err);
    assert_rc(dbk_proposed_get(first, &own, &err), DBK_NOT_FOUND, &err);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_proposal_is_shown_with_who_made_it_and_what_stood_before),
        TEST(only_another_person_who_is_an_admin_makes_it_whole_a18),
        TEST(a_proposal_that_was_changed_in_any_bit_or_cut_is_never_shown_m10),
        TEST(the_fate_of_an_own_proposal_is_read_from_the_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
