/* What happens to a device and to no record is in the log of use (domain.md 2.6, 3.11). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/journal/book_internal.h"
#include "core/journal/device_log.h"
#include "tests/lib/org.h"

enum { DESK, ANN, EVE };
static dbk_test_org org;

static int make_org(void **state)
{
    (void)state;
    dbk_test_org_make(&org, (const dbk_role[]){ DBK_ROLE_OFFICER, DBK_ROLE_AUDITOR }, 2);
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_test_org_drop(&org);
    return 0;
}

static dbk_book *book_of(int who)
{
    return org.books[who].book;
}

typedef struct tally {
    size_t ops[DBK_AUDIT_OPS];
    uint64_t counts[DBK_AUDIT_OPS];
    size_t named;
    char what[256];
    dbk_id device, space;
} tally;

static dbk_rc take_row(void *ctx, const dbk_audit_row *row, dbk_err *err)
{
    tally *t = ctx;
    (void)err;
    t->ops[row->op]++;
    if (row->op < DBK_AUDIT_LOGIN)
        return DBK_OK;
    t->counts[row->op] += row->count;
    t->named += row->records.len > 0 ? 1 : 0;
    t->device = row->device;
    t->space = row->space;
    (void)snprintf(t->what, sizeof(t->what), "%.*s", (int)row->what.len, (const char *)row->what.p);
    return DBK_OK;
}

static tally read_by(int who)
{
    tally t = { .named = 0 };
    dbk_err err = { 0 };
    const dbk_audit_opts opts = { .from_ms = INT64_MIN, .to_ms = INT64_MAX };
    assert_ok(dbk_audit_each(book_of(who), &opts, take_row, &t, &err), &err);
    return t;
}

static void settle(int who)
{
    bool left = true;
    dbk_err err = { 0 };
    assert_ok(dbk_device_log_settle(book_of(who), &left, &err), &err);
    assert_false(left);
}

static dbk_rc open_with(int who, const char *passphrase)
{
    dbk_test_book *b = &org.books[who];
    dbk_secret *secret = NULL;
    dbk_err err = { 0 };
    const dbk_book_opts opts = { .env = &b->env.env };
    dbk_book_close(b->book);
    b->book = NULL;
    assert_ok(dbk_secret_from(&secret, dbk_span_str(passphrase), &err), &err);
    dbk_rc rc = dbk_book_open(&b->book, b->dir, secret, &opts, NULL);
    dbk_secret_free(secret);
    return rc;
}

static void wrong_passphrases_are_told_with_the_next_right_one_3_11(void **state)
{
    char last[DBK_TIME_TEXT_SIZE];
    (void)state;
    assert_rc(open_with(ANN, "a guess that is wrong 1"), DBK_PASSPHRASE, NULL);
    assert_rc(open_with(ANN, "a guess that is wrong 2"), DBK_PASSPHRASE, NULL);
    dbk_time_print(last, (int64_t)org.books[ANN].env.now_ms);
    org.books[ANN].env.now_ms += 3600000;
    assert_ok(open_with(ANN, DBK_TEST_PASSPHRASE), NULL);
    dbk_test_book_reopen(&org.books[ANN]); /* it is on the disk before it is in the log */
    assert_int_equal(read_by(ANN).ops[DBK_AUDIT_FAILED_UNLOCK], 0);
    settle(ANN);
    settle(ANN); /* once */
    dbk_test_org_exchange(&org);
    const tally t = read_by(DESK);
    const dbk_id ann = dbk_book_device(book_of(ANN));
    assert_int_equal(t.ops[DBK_AUDIT_FAILED_UNLOCK], 1);
    assert_int_equal(t.counts[DBK_AUDIT_FAILED_UNLOCK], 2);
    assert_int_equal(t.named, 0);
    assert_non_null(strstr(t.what, last));
    assert_true(dbk_id_equal(&t.device, &ann));
    /* One that is right tells of none. */
    uint64_t before = dbk_test_own_ops(book_of(ANN), &org.space);
    assert_ok(open_with(ANN, DBK_TEST_PASSPHRASE), NULL);
    settle(ANN);
    assert_int_equal(dbk_test_own_ops(book_of(ANN), &org.space), before);
}

static void a_new_passphrase_and_a_new_key_are_entries_3_11(void **state)
{
    dbk_secret *old = NULL;
    dbk_err err = { 0 };
    dbk_test_book *b = &org.books[ANN];
    const dbk_book_opts opts = { .env = &b->env.env, .kdf = DBK_KDF_COST_FLOOR };
    (void)state;
    size_t before = read_by(ANN).ops[DBK_AUDIT_KEY];
    assert_ok(dbk_secret_from(&old, dbk_span_str(DBK_TEST_PASSPHRASE), &err), &err);
    const dbk_slots_change change = { old, old, NULL, NULL };
    b->book->kdf = (dbk_kdf_cost)DBK_KDF_COST_FLOOR;
    assert_ok(dbk_book_change_passphrase(b->book, &change, &err), &err);
    settle(ANN);
    assert_int_equal(read_by(ANN).ops[DBK_AUDIT_KEY], before + 1);
    assert_non_null(strstr(read_by(ANN).what, "passphrase"));
    dbk_book_close(b->book);
    b->book = NULL;
    assert_ok(dbk_book_rekey(b->dir, old, &opts, &err), &err);
    dbk_secret_free(old);
    assert_ok(open_with(ANN, DBK_TEST_PASSPHRASE), NULL);
    settle(ANN);
    assert_int_equal(read_by(ANN).ops[DBK_AUDIT_KEY], before + 2);
    assert_non_null(strstr(read_by(ANN).what, "key"));
}

static void an_auditors_device_tells_too_and_a_year_of_waiting_stays_small(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    for (int i = 0; i < 500; i++)
        assert_ok(dbk_device_log_now(book_of(EVE), DBK_DEVICE_UNLOCKED, &err), &err);
    uint64_t before = dbk_test_own_ops(book_of(EVE), &org.space);
    settle(EVE);
    assert_int_equal(dbk_test_own_ops(book_of(EVE), &org.space), before + 1);
    dbk_test_org_exchange(&org);
    const tally t = read_by(DESK);
    assert_int_equal(t.ops[DBK_AUDIT_LOGIN], 1);
    assert_int_equal(t.counts[DBK_AUDIT_LOGIN], 500);
    dbk_test_org_check(&org);
}

static void what_happens_before_there_is_an_organisation_waits(void **state)
{
    dbk_test_book b;
    dbk_err err = { 0 };
    bool left = false;
    (void)state;
    dbk_test_book_make(&b, 5);
    assert_ok(dbk_device_log_now(b.book, DBK_DEVICE_UNLOCKED, &err), &err);
    dbk_test_book_reopen(&b);
    assert_ok(dbk_device_log_settle(b.book, &left, &err), &err);
    assert_true(left);
    dbk_test_book_drop(&b);
}

static void what_waits_is_read_whole_or_not_at_all(void **state)
{
    /* No event, a count of none, half a row, more rows than there are events. */
    static const uint8_t rows[DBK_DEVICE_EVENTS + 1][13] = { { 0, 0, 0, 0, 1 } };
    uint8_t bad[13] = { DBK_DEVICE_EVENTS, 0, 0, 0, 1 }, none[13] = { 0 };
    const dbk_span spans[] = { { bad, sizeof(bad) },
                               { none, sizeof(none) },
                               { &rows[0][0], 12 },
                               { &rows[0][0], sizeof(rows) } };
    dbk_err err = { 0 };
    bool left;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
        assert_ok(dbk_book_note_put(book_of(ANN), "device-log", spans[i], &err), &err);
        dbk_rc rc = dbk_device_log_settle(book_of(ANN), &left, NULL);
        if (rc != DBK_DAMAGED && rc != DBK_LIMIT)
            fail_msg("%zu: %s", i, dbk_rc_name(rc));
    }
    assert_ok(dbk_book_note_put(book_of(ANN), "device-log", (dbk_span){ NULL, 0 }, &err), &err);
    settle(ANN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_passphrases_are_told_with_the_next_right_one_3_11),
        cmocka_unit_test(a_new_passphrase_and_a_new_key_are_entries_3_11),
        cmocka_unit_test(an_auditors_device_tells_too_and_a_year_of_waiting_stays_small),
        cmocka_unit_test(what_happens_before_there_is_an_organisation_waits),
        cmocka_unit_test(what_waits_is_read_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, make_org, drop_org);
}
