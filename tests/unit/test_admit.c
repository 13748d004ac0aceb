#include "tests/lib/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "sync/relay/admit.h"
#include "tests/lib/chain.h"

typedef struct fixture {
    chain chain;
    chain_device officer;
    dbk_admit *admit;
} fixture;

static int setup(void **state)
{
    static fixture f;
    dbk_err err = { 0 };
    memset(&f, 0, sizeof(f));
    chain_begin(&f.chain, 11);
    chain_enrolled(&f.officer, &f.chain, DBK_ROLE_OFFICER);
    assert_ok(dbk_admit_new(&f.admit, f.chain.env, &err), &err);
    assert_ok(dbk_admit_learn(f.admit, f.chain.roster, &err), &err);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    dbk_admit_free(f->admit);
    chain_device_free(&f->officer);
    chain_free(&f->chain);
    return 0;
}

static dbk_http_claim claim_of(const dbk_sign_pk *pk)
{
    dbk_http_claim claim = { .created_s = 0 };
    dbk_http_key_hash(claim.key_hash, pk);
    return claim;
}

/* A claim of this device with a fresh nonce. */
static dbk_http_claim fresh(fixture *f, const chain_device *d)
{
    dbk_http_claim claim = claim_of(&d->keys.request);
    char nonce[DBK_NONCE_TEXT_LEN + 1];
    dbk_admit_nonce(f->admit, nonce, claim.key_hash);
    memcpy(claim.nonce, nonce, sizeof(nonce));
    return claim;
}

static void devices_are_found_by_key_hash_in_order_of_enrolment(void **state)
{
    fixture *f = *state;
    dbk_http_claim claim = claim_of(&f->officer.keys.request);
    size_t at;
    assert_true(dbk_admit_find(f->admit, claim.key_hash, &at));
    assert_int_equal(at, 1);
    claim = claim_of(&f->chain.admin.keys.request);
    assert_true(dbk_admit_find(f->admit, claim.key_hash, &at));
    assert_int_equal(at, 0);
    claim = claim_of(&f->officer.keys.sign); /* a key for another purpose is a stranger's */
    assert_false(dbk_admit_find(f->admit, claim.key_hash, &at));
}

static void many_devices_are_all_found_while_the_table_grows(void **state)
{
    fixture *f = *state;
    static chain_device devices[150];
    dbk_err err = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
        chain_enrolled(&devices[i], &f->chain, DBK_ROLE_OFFICER);
        assert_ok(dbk_admit_learn(f->admit, f->chain.roster, &err), &err);
        for (size_t k = 0; k <= i; k++) {
            size_t at;
            dbk_http_claim claim = claim_of(&devices[k].keys.request);
            assert_true(dbk_admit_find(f->admit, claim.key_hash, &at));
            assert_int_equal(at, 2 + k);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(devices); i++)
        chain_device_free(&devices[i]);
}

static void a_nonce_is_good_for_one_request_A22(void **state)
{
    fixture *f = *state;
    dbk_http_claim claim = fresh(f, &f->officer);
    assert_int_equal(strlen(claim.nonce), DBK_NONCE_TEXT_LEN);
    assert_true(dbk_admit_check(f->admit, &claim));
    assert_true(dbk_admit_check(f->admit, &claim)); /* looking doesn't use it up */
    assert_true(dbk_admit_use(f->admit, &claim));
    assert_false(dbk_admit_check(f->admit, &claim));
    assert_false(dbk_admit_use(f->admit, &claim));
}

static void a_nonce_of_another_device_another_start_or_nobody_is_none(void **state)
{
    fixture *f = *state;
    dbk_err err = { 0 };
    dbk_admit *restarted = NULL;
    dbk_http_claim claim = fresh(f, &f->officer);
    dbk_http_claim other = claim;
    dbk_http_key_hash(other.key_hash, &f->chain.admin.keys.request);
    assert_false(dbk_admit_check(f->admit, &other));
    assert_false(dbk_admit_use(f->admit, &other));
    assert_ok(dbk_admit_new(&restarted, f->chain.env, &err), &err);
    assert_ok(dbk_admit_learn(restarted, f->chain.roster, &err), &err);
    assert_false(dbk_admit_check(restarted, &claim));
    assert_false(dbk_admit_use(restarted, &claim));
    dbk_admit_free(restarted);
    other = claim_of(&f->officer.keys.request); /* "" */
    assert_false(dbk_admit_check(f->admit, &other));
    assert_true(dbk_admit_use(f->admit, &claim)); /* none of this has used it up */
}

static void a_nonce_with_any_letter_changed_or_cut_off_is_none(void **state)
{
    fixture *f = *state;
    const dbk_http_claim good = fresh(f, &f->officer);
    for (size_t i = 0; i < DBK_NONCE_TEXT_LEN; i++) {
        dbk_http_claim claim = good;
        claim.nonce[i] = claim.nonce[i] == 'A' ? 'B' : 'A';
        assert_false(dbk_admit_check(f->admit, &claim));
        claim = good;
        claim.nonce[i] = '\0';
        assert_false(dbk_admit_check(f->admit, &claim));
    }
    assert_true(dbk_admit_check(f->admit, &good));
}

static void nonces_may_be_used_out_of_order_within_the_window_only(void **state)
{
    fixture *f = *state;
    static dbk_http_claim claims[DBK_NONCE_WINDOW + 2];
    for (size_t i = 0; i < ARRAY_LEN(claims); i++)
        claims[i] = fresh(f, &f->officer);
    assert_true(dbk_admit_use(f->admit, &claims[DBK_NONCE_WINDOW]));
    assert_false(dbk_admit_use(f->admit, &claims[0])); /* 64 below the highest */
    for (size_t i = DBK_NONCE_WINDOW; i-- > 1;)
        assert_true(dbk_admit_use(f->admit, &claims[i]));
    for (size_t i = 0; i <= DBK_NONCE_WINDOW; i++)
        assert_false(dbk_admit_use(f->admit, &claims[i]));
    assert_true(dbk_admit_use(f->admit, &claims[DBK_NONCE_WINDOW + 1]));
}

static void a_jump_far_ahead_closes_all_earlier_nonces(void **state)
{
    fixture *f = *state;
    dbk_http_claim early = fresh(f, &f->officer), late = early;
    for (size_t i = 0; i < 1000; i++)
        late = fresh(f, &f->officer);
    assert_true(dbk_admit_use(f->admit, &late));
    assert_false(dbk_admit_use(f->admit, &early));
    early = fresh(f, &f->officer);
    assert_true(dbk_admit_use(f->admit, &early));
}

static void who_fetches_nonces_in_anothers_name_does_not_spoil_the_ones_it_holds(void **state)
{
    fixture *f = *state;
    dbk_http_claim held = fresh(f, &f->officer);
    for (size_t i = 0; i < 5000; i++)
        (void)fresh(f, &f->officer);
    assert_true(dbk_admit_use(f->admit, &held));
}

/* The counter stands in the first 11 letters: it must not tell a member from a stranger. */
static void a_strangers_nonces_look_like_a_members(void **state)
{
    fixture *f = *state;
    chain_device stranger;
    chain_device_new(&stranger, &f->chain, DBK_ROLE_OFFICER);
    for (size_t i = 0; i < 10; i++) {
        dbk_http_claim theirs = fresh(f, &stranger);
        dbk_http_claim ours = fresh(f, &f->officer);
        assert_int_equal(strlen(theirs.nonce), strlen(ours.nonce));
        assert_memory_equal(theirs.nonce, ours.nonce, 10);
        assert_memory_not_equal(theirs.nonce + 11, ours.nonce + 11, DBK_NONCE_TEXT_LEN - 11);
        assert_true(dbk_admit_check(f->admit, &theirs));
        assert_false(dbk_admit_use(f->admit, &theirs));
    }
    chain_device_free(&stranger);
}

static void a_stranger_who_is_enrolled_goes_on_with_the_nonce_it_has(void **state)
{
    fixture *f = *state;
    dbk_err err = { 0 };
    chain_device newcomer;
    static chain_entry entry;
    chain_device_new(&newcomer, &f->chain, DBK_ROLE_OFFICER);
    for (size_t i = 0; i < 2 * DBK_NONCE_WINDOW; i++)
        (void)fresh(f, &newcomer);
    dbk_http_claim held = fresh(f, &newcomer);
    chain_enrol(&entry, &f->chain, &newcomer);
    chain_take(&f->chain, &entry, NULL);
    assert_ok(dbk_admit_learn(f->admit, f->chain.roster, &err), &err);
    assert_true(dbk_admit_use(f->admit, &held));
    assert_false(dbk_admit_use(f->admit, &held));
    for (size_t i = 0; i < 3; i++) {
        dbk_http_claim next = fresh(f, &newcomer);
        assert_true(dbk_admit_use(f->admit, &next));
    }
    chain_device_free(&newcomer);
}

static void a_roster_built_anew_does_not_bring_used_nonces_back(void **state)
{
    fixture *f = *state;
    dbk_err err = { 0 };
    size_t at;
    dbk_http_claim used = fresh(f, &f->officer), unused = fresh(f, &f->officer);
    assert_true(dbk_admit_use(f->admit, &used));
    dbk_admit_forget(f->admit);
    assert_false(dbk_admit_find(f->admit, used.key_hash, &at));
    assert_false(dbk_admit_use(f->admit, &unused));
    assert_ok(dbk_admit_learn(f->admit, f->chain.roster, &err), &err);
    assert_false(dbk_admit_use(f->admit, &used));
    assert_true(dbk_admit_use(f->admit, &unused));
}

typedef struct race {
    dbk_admit *admit;
    const dbk_http_claim *claims;
    atomic_uint wins;
} race;

static void *use_all(void *ctx)
{
    race *r = ctx;
    for (size_t i = 0; i < DBK_NONCE_WINDOW; i++) {
        if (dbk_admit_check(r->admit, &r->claims[i]) && dbk_admit_use(r->admit, &r->claims[i]))
            (void)atomic_fetch_add(&r->wins, 1);
    }
    return NULL;
}

static void of_many_threads_with_one_nonce_exactly_one_wins_A22(void **state)
{
    fixture *f = *state;
    static dbk_http_claim claims[DBK_NONCE_WINDOW];
    pthread_t threads[4];
    race r = { .admit = f->admit, .claims = claims };
    atomic_init(&r.wins, 0);
    for (size_t i = 0; i < ARRAY_LEN(claims); i++)
        claims[i] = fresh(f, &f->officer);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_all, &r), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&r.wins), DBK_NONCE_WINDOW);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(devices_are_found_by_key_hash_in_order_of_enrolment),
        TEST(many_devices_are_all_found_while_the_table_grows),
        TEST(a_nonce_is_good_for_one_request_A22),
        TEST(a_nonce_of_another_device_another_start_or_nobody_is_none),
        TEST(a_nonce_with_any_letter_changed_or_cut_off_is_none),
        TEST(nonces_may_be_used_out_of_order_within_the_window_only),
        TEST(a_jump_far_ahead_closes_all_earlier_nonces),
        TEST(who_fetches_nonces_in_anothers_name_does_not_spoil_the_ones_it_holds),
        TEST(a_strangers_nonces_look_like_a_members),
        TEST(a_stranger_who_is_enrolled_goes_on_with_the_nonce_it_has),
        TEST(a_roster_built_anew_does_not_bring_used_nonces_back),
        TEST(of_many_threads_with_one_nonce_exactly_one_wins_A22),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
