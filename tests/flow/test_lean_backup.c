/* A backup that leaves out what headquarters holds, and a restored store that fetches it again
 * (2.5, P1, P6, R5, decision 0038). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/journal/absent.h"
#include "core/journal/book_internal.h"
#include "core/journal/query.h"
#include "core/journal/reach.h"
#include "core/journal/witness.h"
#include "tests/lib/cells.h"
#include "tests/lib/org.h"
#include "tests/lib/proof.h"
#include "tests/lib/syncworld.h"

#define MARKER "Quagmirevale"

typedef struct story {
    syncworld world;
    sync_device hq, anne, ben;
    dbk_id space;
    char kept[DBK_TEST_PATH_SIZE];
    dbk_backed_up made;
    unsigned asked; /* ranges of what was left out */
    bool withholds; /* the relay gives them without their bodies */
} story;

/* ---- the story ----------------------------------------------------------------------------- */

static void settle(story *s)
{
    sync_device *devices[] = { &s->anne, &s->ben, &s->hq, &s->anne, &s->ben };
    for (size_t i = 0; i < ARRAY_LEN(devices); i++)
        (void)sync_now(devices[i]);
}

static int begin(void **state)
{
    static story s;
    memset(&s, 0, sizeof(s));
    syncworld_open(&s.world);
    sync_device_open(&s.world, &s.hq, "HQ");
    sync_found(&s.hq);
    s.space = sync_space(&s.hq, "Op Cedar");
    sync_device_open(&s.world, &s.anne, "Anne");
    sync_enlist(&s.hq, &s.anne, DBK_ROLE_OFFICER, &s.space);
    sync_device_open(&s.world, &s.ben, "Ben");
    sync_enlist(&s.hq, &s.ben, DBK_ROLE_OFFICER, &s.space);
    sync_witness(&s.hq);
    settle(&s);
    dbk_test_dir_make(s.kept);
    *state = &s;
    return 0;
}

static int end(void **state)
{
    story *s = *state;
    sync_device *devices[] = { &s->hq, &s->anne, &s->ben };
    for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
        dbk_err err = { 0 };
        assert_ok(dbk_book_check_deep(devices[i]->book, &err), &err);
        (void)sync_verify(devices[i], &s->space);
        sync_device_close(devices[i]);
    }
    dbk_test_dir_remove(s->kept);
    syncworld_close(&s->world);
    return 0;
}

static const char *file_of(story *s)
{
    return dbk_test_path(s->kept, "backup");
}

static void back_up(story *s, sync_device *d, bool whole)
{
    dbk_err err = { 0 };
    const dbk_backup_opts opts = { file_of(s), whole };
    assert_ok(dbk_book_backup(d->book, &s->made, &opts, &err), &err);
    assert_int_not_equal(access(dbk_test_path(d->dir, "backup.copy"), F_OK), 0);
}

/* In the place of the device's store, which is lost. */
static void restore(story *s, sync_device *d)
{
    dbk_err err = { 0 };
    uint64_t made_ms = 0;
    char file[2 * DBK_TEST_PATH_SIZE];
    (void)snprintf(file, sizeof(file), "%s", file_of(s));
    const dbk_restore from = { file, s->world.passphrase };
    const dbk_book_opts opts = { .env = &d->env.env };
    dbk_book_close(d->book);
    dbk_test_dir_remove(d->dir);
    assert_ok(dbk_book_restore(&d->book, &made_ms, d->dir, &from, &opts, &err), &err);
    assert_ok(dbk_book_check_deep(d->book, &err), &err);
    (void)proof_clean(d->book, &s->space);
}

static dbk_rc take_status(void *ctx, const dbk_space_status *s, dbk_err *err)
{
    (void)err;
    *(dbk_space_status *)ctx = *s;
    return DBK_OK;
}

static dbk_space_status status_of(sync_device *d)
{
    dbk_err err = { 0 };
    dbk_space_status s = { .records = 0 };
    assert_ok(dbk_query_status(d->book, take_status, &s, &err), &err);
    return s;
}

static bool is_here(sync_device *d, const dbk_id *record)
{
    dbk_note *note = NULL;
    dbk_rc rc = dbk_query_note(&note, d->book, record, NULL);
    dbk_note_free(note);
    return rc == DBK_OK;
}

static size_t marked(sync_device *d)
{
    return cells_with(d->book, dbk_span_str(MARKER));
}

/* ---- what is in it ------------------------------------------------------------------------- */

static void a_backup_holds_what_headquarters_does_not_and_the_rest_comes_back_2_5_P1(void **state)
{
    story *s = *state;
    dbk_id joan = sync_write(&s->anne, &s->space, MARKER);
    dbk_id carl = sync_write(&s->ben, &s->space, "Carl " MARKER);
    settle(s);
    dbk_id dora = sync_write(&s->anne, &s->space, "Dora");
    sync_held before = sync_verify(&s->anne, &s->space);
    assert_true(marked(&s->anne) > 0);
    back_up(s, &s->anne, false);
    assert_true(s->made.left_out >= 2);
    assert_true(is_here(&s->anne, &joan)); /* the store itself is as it was */
    restore(s, &s->anne);
    assert_int_equal(marked(&s->anne), 0);
    assert_false(is_here(&s->anne, &joan));
    assert_false(is_here(&s->anne, &carl));
    assert_true(is_here(&s->anne, &dora));
    assert_int_equal(status_of(&s->anne).absent_ops, s->made.left_out);
    proof p = proof_clean(s->anne.book, &s->space);
    assert_int_equal(p.of.absent, s->made.left_out);
    dbk_err err = { 0 };
    uint8_t word[DBK_REACH_BYTES]; /* it doesn't say that it has what it lacks */
    assert_rc(dbk_reach_word(s->anne.book, word, &s->space, &err), DBK_NOT_FOUND, &err);

    dbk_sync_report r = sync_now(&s->anne);
    assert_int_equal(r.reissued, 0);
    assert_int_equal(status_of(&s->anne).absent_ops, 0);
    dbk_err_clear(&err);
    assert_ok(dbk_reach_word(s->anne.book, word, &s->space, &err), &err);
    sync_held after = sync_verify(&s->anne, &s->space);
    assert_int_equal(after.records, before.records);
    assert_memory_equal(&after.state, &before.state, sizeof(after.state));
    settle(s);
    sync_assert_equal(&s->anne, &s->hq, &s->space);
    sync_assert_equal(&s->anne, &s->ben, &s->space);
    assert_true(sync_now(&s->anne).idle);
}

/* Until headquarters has said that it holds a change, the backup holds it. */
static void nothing_is_left_out_on_the_relays_word_alone_P1(void **state)
{
    story *s = *state;
    dbk_id joan = sync_write(&s->anne, &s->space, MARKER);
    (void)sync_now(&s->anne);
    (void)sync_now(&s->anne);
    uint64_t before = status_of(&s->anne).own_confirmed_ops;
    back_up(s, &s->anne, false);
    restore(s, &s->anne);
    assert_true(is_here(&s->anne, &joan));
    assert_int_equal(status_of(&s->anne).own_confirmed_ops, before);
    (void)sync_now(&s->anne);
}

static void a_whole_backup_leaves_out_nothing(void **state)
{
    story *s = *state;
    dbk_id joan = sync_write(&s->anne, &s->space, MARKER);
    settle(s);
    back_up(s, &s->anne, true);
    assert_int_equal(s->made.left_out, 0);
    restore(s, &s->anne);
    assert_true(is_here(&s->anne, &joan));
    assert_int_equal(status_of(&s->anne).absent_ops, 0);
    (void)sync_now(&s->anne);
}

/* Of a person something was written after the last sync, and a rule on safe contact before: were
 * the one here without the other, it would be shown. So such a record stays whole. */
static void a_record_is_left_out_whole_or_not_at_all_P6(void **state)
{
    story *s = *state;
    dbk_id joan = sync_write(&s->anne, &s->space, "Joan " MARKER);
    dbk_id carl = sync_write(&s->anne, &s->space, "Carl");
    settle(s);
    static const char *const day[] = { "dob=1980-02-03", NULL };
    dbk_test_edit(s->anne.book, &joan, day);
    back_up(s, &s->anne, false);
    restore(s, &s->anne);
    assert_false(is_here(&s->anne, &carl));
    assert_string_equal(dbk_test_text(s->anne.book, &joan, "name"), "Joan " MARKER);
    assert_string_equal(dbk_test_text(s->anne.book, &joan, "dob"), "1980-02-03");
    settle(s);
    sync_assert_equal(&s->anne, &s->hq, &s->space);
}

/* ---- coming back --------------------------------------------------------------------------- */

static void meddle(void *ctx, sync_device *d, const dbk_exchange *req, dbk_relay_answer *answer)
{
    story *s = ctx;
    if (d != &s->anne || strstr(req->target, "/segments?from=0&") == NULL || answer->status != 200)
        return;
    s->asked++;
    if (s->withholds)
        dbk_bytes_truncate(&answer->body, answer->body.len - 20);
}

/* Changes of others that came meanwhile wait until what they build on is here again. */
static void nothing_new_is_merged_before_what_was_left_out_P6(void **state)
{
    story *s = *state;
    dbk_err err = { 0 };
    dbk_sync_report report;
    dbk_id joan = sync_write(&s->anne, &s->space, "Joan");
    settle(s);
    back_up(s, &s->anne, false);
    sync_edit(&s->ben, &joan, "Joan Moss");
    dbk_id ruth = sync_write(&s->ben, &s->space, "Ruth");
    settle(s);
    restore(s, &s->anne);
    dbk_id dora = sync_write(&s->anne, &s->space, "Dora");
    s->world.meddle = meddle;
    s->world.meddle_ctx = s;
    s->withholds = true;
    assert_int_not_equal(sync_try(&s->anne, &report, &err), DBK_OK);
    assert_true(s->asked > 0);
    assert_false(is_here(&s->anne, &joan));
    assert_false(is_here(&s->anne, &ruth));
    assert_true(is_here(&s->anne, &dora));
    /* What was written here leaves all the same. */
    (void)sync_now(&s->hq);
    assert_true(is_here(&s->hq, &dora));
    /* Nor does a folder bring it. */
    char folder[DBK_TEST_PATH_SIZE];
    dbk_test_dir_make(folder);
    (void)sync_folder(&s->ben, folder);
    (void)sync_folder(&s->anne, folder);
    assert_false(is_here(&s->anne, &ruth));
    dbk_test_dir_remove(folder);
    dbk_err_clear(&err);
    assert_ok(dbk_book_check_deep(s->anne.book, &err), &err);
    s->withholds = false;
    settle(s);
    s->world.meddle = NULL;
    assert_string_equal(dbk_test_text(s->anne.book, &joan, "name"), "Joan Moss");
    sync_assert_equal(&s->anne, &s->hq, &s->space);
}

/* Each exchange of the first sync fails in each way: the next brings the rest. */
static void a_first_sync_that_is_cut_anywhere_loses_and_doubles_nothing_P1(void **state)
{
    story *s = *state;
    for (int i = 0; i < 4; i++)
        (void)sync_write(&s->anne, &s->space, "Joan");
    settle(s);
    back_up(s, &s->anne, false);
    static const wire_fault faults[] = { WIRE_LOSES_REQUEST, WIRE_LOSES_ANSWER, WIRE_DOUBLES,
                                         WIRE_FLIPS, WIRE_CUTS };
    for (size_t f = 0; f < ARRAY_LEN(faults); f++) {
        for (unsigned at = 1; at < 5; at++) {
            dbk_err err = { 0 };
            dbk_sync_report report;
            restore(s, &s->anne);
            s->world.place = 977u * at;
            syncworld_fail(&s->world, faults[f], at, false);
            (void)!sync_try(&s->anne, &report, NULL);
            syncworld_mend(&s->world);
            assert_ok(dbk_book_check_deep(s->anne.book, &err), &err);
            (void)sync_now(&s->anne);
            sync_assert_equal(&s->anne, &s->hq, &s->space);
        }
    }
}

/* A restored store of headquarters doesn't hold what it once vouched for, and says nothing until it
 * does. */
static void headquarters_vouches_for_nothing_that_its_backup_left_out_P1(void **state)
{
    story *s = *state;
    dbk_bytes note = DBK_BYTES_INIT(DBK_CHECKPOINT_BYTES_MAX);
    (void)sync_write(&s->anne, &s->space, "Joan");
    settle(s);
    back_up(s, &s->hq, false);
    assert_true(s->made.left_out > 0);
    restore(s, &s->hq);
    s->hq.env.now_ms += UINT64_C(3) * 86400000; /* it would be said again */
    assert_int_equal(dbk_witness_word(s->hq.book, &note, &s->space, NULL), DBK_NOT_FOUND);
    (void)sync_now(&s->hq);
    settle(s);
    sync_assert_equal(&s->anne, &s->hq, &s->space);
    dbk_bytes_wipe(&note);
}

/* A backup of a store that has yet to fetch leaves out the same again, and nothing is forgotten. */
static void a_backup_of_a_restored_store_is_as_good_as_the_first(void **state)
{
    story *s = *state;
    dbk_id joan = sync_write(&s->anne, &s->space, "Joan");
    settle(s);
    back_up(s, &s->anne, false);
    uint64_t first = s->made.left_out;
    restore(s, &s->anne);
    dbk_id dora = sync_write(&s->anne, &s->space, "Dora");
    (void)remove(file_of(s));
    back_up(s, &s->anne, false);
    assert_int_equal(s->made.left_out, 0);
    restore(s, &s->anne);
    assert_int_equal(status_of(&s->anne).absent_ops, first);
    assert_true(is_here(&s->anne, &dora));
    settle(s);
    assert_true(is_here(&s->anne, &joan));
    sync_assert_equal(&s->anne, &s->hq, &s->space);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_backup_holds_what_headquarters_does_not_and_the_rest_comes_back_2_5_P1),
        TEST(nothing_is_left_out_on_the_relays_word_alone_P1),
        TEST(a_whole_backup_leaves_out_nothing),
        TEST(a_record_is_left_out_whole_or_not_at_all_P6),
        TEST(nothing_new_is_merged_before_what_was_left_out_P6),
        TEST(a_first_sync_that_is_cut_anywhere_loses_and_doubles_nothing_P1),
        TEST(headquarters_vouches_for_nothing_that_its_backup_left_out_P1),
        TEST(a_backup_of_a_restored_store_is_as_good_as_the_first),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
