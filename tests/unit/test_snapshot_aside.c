/* Snapshots and authors who were taken out: what came late, what was let in, and what a device that
 * began so hears afterwards (decision 0039; A24). */
#include "tests/lib/test.h"

#include <string.h>

#include "core/journal/org.h"
#include "core/journal/quarantine_internal.h"
#include "tests/lib/proof.h"
#include "tests/lib/snapkit.h"

static dbk_rc count_aside(void *ctx, const dbk_aside *aside, dbk_err *err)
{
    (void)err;
    *(size_t *)ctx += aside->taken ? 0 : 1;
    return DBK_OK;
}

static size_t asides(snapkit *k, size_t who)
{
    dbk_err err = { 0 };
    size_t count = 0;
    assert_ok(dbk_quarantine_each(snapkit_book(k, who), count_aside, &count, &err), &err);
    return count;
}

#define ALL_BUT_BEN ((1u << SNAP_BOOKS) - 1 - (1u << BEN))

static void tell(snapkit *k, const dbk_bytes *entry, unsigned who)
{
    for (size_t i = 0; i < SNAP_BOOKS; i++) {
        dbk_err err = { 0 };
        if ((who & 1u << i) != 0)
            assert_ok(dbk_inbox_member(snapkit_book(k, i), dbk_bytes_span(entry), &err), &err);
    }
}

static void revoke(snapkit *k, size_t who, dbk_bytes *entry, unsigned told)
{
    const dbk_leaving leaving = { .device = dbk_book_device(snapkit_book(k, who)),
                                  .reason = "stolen" };
    dbk_err err = { 0 };
    assert_ok(dbk_org_leave(snapkit_book(k, HQ), entry, &leaving, &err), &err);
    tell(k, entry, told);
}

/* Who has not heard of it writes, and both desks get that. */
static void ben_writes(snapkit *k)
{
    world_edit(&k->w, BEN, "sex=male");
    (void)minilog_append_own(&k->w.log, snapkit_book(k, BEN), KIT_NOON_MS + 99);
    snapkit_pull(k, HQ);
    snapkit_pull(k, SNAP_SECOND);
}

static void bens_late_note(snapkit *k)
{
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    revoke(k, BEN, &entry, ALL_BUT_BEN);
    dbk_bytes_wipe(&entry);
    ben_writes(k);
}

static void decide(snapkit *k, size_t item)
{
    dbk_decision d = { .admit = true, .reason = "it was on the way" };
    uint64_t merged = 0;
    dbk_err err = { 0 };
    d.id = dbk_quarantine_id(&k->w.org.space, &k->w.log.items[item].header_hash);
    assert_ok(dbk_quarantine_decide(snapkit_book(k, HQ), &merged, &d, &err), &err);
}

static void what_stands_aside_comes_along_and_can_be_let_in_later_A24(void **state)
{
    snapkit *k = *state;
    snapkit_spread(k);
    bens_late_note(k);
    assert_int_equal(asides(k, HQ), 1);
    snapkit_snap(k);
    snapkit_take(k, SNAP_NEW);
    assert_int_equal(asides(k, SNAP_NEW), 1);
    snapkit_same(k, SNAP_NEW, HQ);
    decide(k, k->w.log.count - 1);
    snapkit_push(k, HQ);
    snapkit_pull(k, SNAP_NEW);
    assert_int_equal(asides(k, SNAP_NEW), 0);
    snapkit_same(k, SNAP_NEW, HQ);
    assert_string_equal(dbk_test_text(snapkit_book(k, SNAP_NEW), &k->w.joan, "sex"), "Male");
    /* And one that was let in already. */
    snapkit_pull(k, SNAP_SECOND);
    snapkit_snap(k);
    snapkit_take(k, SNAP_ALSO);
    snapkit_same(k, SNAP_ALSO, HQ);
}

/* Found by the simulator (seed 238, with a device shut out): the other desk, which had not heard of
 * the decision, called the one that made it a liar at each sync. */
static void none_is_made_of_what_a_decision_let_in_that_has_not_left_A24(void **state)
{
    snapkit *k = *state;
    dbk_err err = { 0 };
    snapkit_spread(k);
    bens_late_note(k);
    decide(k, k->w.log.count - 1);
    assert_rc(snapkit_try_make(k, HQ, &err), DBK_PENDING, &err);
    assert_non_null(strstr(err.text, "decided here"));
    snapkit_push(k, HQ);
    snapkit_pull(k, HQ);
    snapkit_pull(k, SNAP_SECOND);
    snapkit_snap(k);
    snapkit_take(k, SNAP_NEW);
    snapkit_same(k, SNAP_NEW, HQ);
}

static void a_snapshot_that_holds_what_came_too_late_is_refused(void **state)
{
    snapkit *k = *state;
    dbk_err err = { 0 };
    snapkit_spread(k);
    uint64_t in_time = k->w.log.count;
    bens_late_note(k);
    decide(k, in_time);
    snapkit_push(k, HQ);
    snapkit_pull(k, SNAP_SECOND);
    /* The desks forget that it was let in: the record that says so is gone. */
    for (size_t i = 0; i < 2; i++)
        snapkit_sql(snapkit_book(k, i == 0 ? HQ : SNAP_SECOND),
                    "PRAGMA foreign_keys=OFF;CREATE TEMP TABLE gone AS SELECT * FROM record WHERE "
                    "form='quarantine';DELETE FROM record WHERE form='quarantine'");
    snapkit_snap(k);
    assert_rc(snapkit_try_take(k, SNAP_NEW, &err), DBK_CONFLICT, &err);
    for (size_t i = 0; i < 2; i++)
        snapkit_sql(snapkit_book(k, i == 0 ? HQ : SNAP_SECOND),
                    "INSERT INTO record SELECT * FROM gone;PRAGMA foreign_keys=ON");
}

/* Somebody is cut off below what this device began with: it can't take that out before it has the
 * notes, and then it does. */
static void a_cut_below_its_beginning_waits_for_the_notes_A24(void **state)
{
    snapkit *k = *state;
    dbk_err err = { 0 };
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    snapkit_spread(k);
    revoke(k, BEN, &entry, 1u << HQ);
    ben_writes(k); /* the second desk hasn't heard of it either */
    snapkit_pull(k, SNAP_ALSO);
    assert_ok(snapkit_try_make(k, SNAP_SECOND, &err), &err);
    assert_ok(snapkit_try_confirm(k, SNAP_ALSO, &err), &err);
    snapkit_take(k, SNAP_NEW);
    tell(k, &entry, 1u << SNAP_SECOND | 1u << SNAP_NEW);
    assert_int_equal(asides(k, HQ), 1);
    assert_int_equal(asides(k, SNAP_SECOND), 1);
    assert_int_equal(asides(k, SNAP_NEW), 0);
    (void)proof_clean(snapkit_book(k, SNAP_NEW), &k->w.org.space);
    snapkit_carry_all(k, SNAP_NEW);
    world_edit(&k->w, HQ, "religion=none");
    snapkit_push(k, HQ);
    snapkit_pull(k, SNAP_NEW);
    assert_int_equal(asides(k, SNAP_NEW), 1);
    snapkit_same(k, SNAP_NEW, HQ);
    dbk_bytes_wipe(&entry);
}

/* Whoever knows better by now confirms nothing, and calls nobody a liar. */
static void what_was_decided_since_overtakes_a_snapshot_and_accuses_nobody_0040(void **state)
{
    snapkit *k = *state;
    dbk_err err = { 0 };
    snapkit_spread(k);
    bens_late_note(k);
    assert_ok(snapkit_try_make(k, HQ, &err), &err);
    decide(k, k->w.log.count - 1);
    snapkit_push(k, HQ);
    snapkit_pull(k, SNAP_SECOND);
    assert_rc(snapkit_try_confirm(k, SNAP_SECOND, &err), DBK_NOT_FOUND, &err);
    snapkit_snap(k);
    snapkit_take(k, SNAP_NEW);
    snapkit_same(k, SNAP_NEW, HQ);
}

static void who_was_cut_off_since_overtakes_a_snapshot_and_accuses_nobody_0040(void **state)
{
    snapkit *k = *state;
    dbk_err err = { 0 };
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    snapkit_spread(k);
    revoke(k, BEN, &entry, 1u << HQ);
    ben_writes(k);
    snapkit_pull(k, SNAP_ALSO);
    assert_ok(snapkit_try_make(k, SNAP_SECOND, &err), &err);
    tell(k, &entry, 1u << SNAP_ALSO);
    assert_int_equal(asides(k, SNAP_ALSO), 1);
    assert_rc(snapkit_try_confirm(k, SNAP_ALSO, &err), DBK_NOT_FOUND, &err);
    tell(k, &entry, 1u << SNAP_SECOND | 1u << SNAP_NEW);
    dbk_bytes_wipe(&entry);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, snapkit_setup, snapkit_teardown)
    const struct CMUnitTest tests[] = {
        WITH(what_stands_aside_comes_along_and_can_be_let_in_later_A24),
        WITH(none_is_made_of_what_a_decision_let_in_that_has_not_left_A24),
        WITH(a_snapshot_that_holds_what_came_too_late_is_refused),
        WITH(a_cut_below_its_beginning_waits_for_the_notes_A24),
        WITH(what_was_decided_since_overtakes_a_snapshot_and_accuses_nobody_0040),
        WITH(who_was_cut_off_since_overtakes_a_snapshot_and_accuses_nobody_0040),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
