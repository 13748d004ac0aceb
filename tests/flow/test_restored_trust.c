/* What a relay that was restored (decision 0019) does to what devices believe of it: headquarters'
 * words, authors' words about the log, and the mark outside the store. What was said of the
 * log that ended raises no alarm, and whoever lies about the one that goes on is still told. */
#include "tests/lib/test.h"

#include <string.h>

#include "core/journal/cosigned_internal.h"
#include "core/journal/evidence.h"
#include "core/journal/inbox.h"
#include "core/journal/org.h"
#include "core/store/segments.h"
#include "tests/lib/restored.h"

#define HOUR_MS UINT64_C(3600000)

/* Headquarters has not been here since the backup, and signs for what that holds: what Anne and Ben
 * wrote since is lost, and stands elsewhere afterwards. */
static void lose_what_came_since(story *s)
{
    put_back(s);
    dbk_recovery_plan plan = recover(s);
    assert_true(plan.spaces[0].held);
    dbk_recovery_plan_wipe(&plan);
}

static const dbk_book_space *space_of(const story *s, const sync_device *d)
{
    return dbk_tables_space(&d->book->tables, &s->space);
}

static const dbk_id *log_of(const story *s, const sync_device *d)
{
    return &space_of(s, d)->now.log;
}

/* ---- evidence ---------------------------------------------------------------------------- */

typedef struct items {
    size_t count;
    dbk_evidence rows[8];
} items;

static dbk_rc take_item(void *ctx, const dbk_evidence *item, dbk_err *err)
{
    items *all = ctx;
    (void)err;
    assert_in_range(all->count, 0, 7);
    all->rows[all->count++] = *item;
    return DBK_OK;
}

static items evidence_of(sync_device *d)
{
    items all = { 0 };
    dbk_err err = { 0 };
    assert_ok(dbk_evidence_each(d->book, take_item, &all, &err), &err);
    return all;
}

static void assert_nothing(story *s)
{
    sync_device *all[] = { &s->hq, &s->anne, &s->ben };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        dbk_evidence_totals totals;
        dbk_err err = { 0 };
        assert_ok(dbk_evidence_count(all[i]->book, &totals, &err), &err);
        assert_int_equal(totals.open, 0);
        assert_int_equal(totals.waiting, 0);
    }
}

/* One finding, the same for whoever has the root key. */
static void assert_said(sync_device *d, const sync_device *author)
{
    items all = evidence_of(d);
    dbk_exhibit_shows shows;
    dbk_err err = { 0 };
    dbk_id device = dbk_book_device(author->book);
    assert_int_equal(all.count, 1);
    assert_int_equal(all.rows[0].shows.kind, DBK_EXHIBIT_SAID);
    assert_true(dbk_id_equal(&all.rows[0].shows.device, &device));
    dbk_bytes file = DBK_BYTES_INIT(DBK_EXHIBIT_FILE_BYTES_MAX);
    assert_ok(dbk_evidence_export(d->book, &file, all.rows[0].id, &err), &err);
    assert_ok(
        dbk_exhibit_file_check(&shows, dbk_bytes_span(&file), &dbk_book_link(d->book)->root, &err),
        &err);
    assert_memory_equal(&shows.subject, &all.rows[0].shows.subject, sizeof(shows.subject));
    dbk_bytes_wipe(&file);
}

/* d saw another log than the others, and says so in its next note. */
static void write_of_another_log(story *s, sync_device *d)
{
    dbk_stand *now = &dbk_tables_space(&d->book->tables, &s->space)->now;
    assert_true(now->checkpoint_size > 0);
    now->checkpoint_root.b[5] ^= 1;
    write_some(s, d, 1);
    now->checkpoint_root.b[5] ^= 1;
}

static void what_authors_said_of_a_log_that_ended_is_no_second_view_R21(void **state)
{
    story s;
    sync_device carl;
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 2);
    settle(&s);
    back_up(&s);
    for (int i = 0; i < 4; i++) { /* each says how long the log was when the other was there */
        write_some(&s, &s.anne, 1);
        (void)meet(&s, &s.anne);
        write_some(&s, &s.ben, 1);
        (void)meet(&s, &s.ben);
    }
    dbk_id old_log = *log_of(&s, &s.ben);
    lose_what_came_since(&s);
    write_some(&s, &s.ben, 3); /* he has heard nothing yet, and speaks of the old log */
    (void)meet(&s, &s.ben);    /* in another order */
    write_some(&s, &s.anne, 1);
    settle(&s);
    assert_false(dbk_id_equal(log_of(&s, &s.ben), &old_log));
    expect_held(&s, 14);
    assert_nothing(&s);
    sync_device_open(&s.world, &carl, "Carl"); /* never knew the old log */
    sync_enlist(&s.hq, &carl, DBK_ROLE_OFFICER, &s.space);
    (void)meet(&s, &carl);
    sync_assert_equal(&carl, &s.hq, &s.space);
    assert_int_equal(evidence_of(&carl).count, 0);
    sync_device_close(&carl);
    end(&s);
}

static void who_knows_of_the_recovery_and_saw_another_log_is_told_M39_R21(void **state)
{
    story s;
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 2);
    settle(&s);
    back_up(&s);
    write_some(&s, &s.anne, 3);
    (void)meet(&s, &s.anne);
    lose_what_came_since(&s);
    settle(&s);
    assert_nothing(&s);
    write_of_another_log(&s, &s.anne);
    settle(&s);
    assert_said(&s.hq, &s.anne);
    assert_said(&s.ben, &s.anne);
    expect_held(&s, 6); /* a lie in a header stops no sync */
    end(&s);
}

/* Where the two logs are one, what was said of the old one is held against the new one. */
static void an_old_word_about_what_both_logs_begin_with_is_judged_R21(void **state)
{
    story s;
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 2);
    settle(&s);
    back_up(&s);
    write_of_another_log(&s, &s.anne); /* about the two that the backup has */
    lose_what_came_since(&s);
    (void)meet(&s, &s.hq);
    (void)meet(&s, &s.anne);
    (void)meet(&s, &s.hq);
    (void)meet(&s, &s.ben);
    assert_said(&s.hq, &s.anne);
    assert_said(&s.ben, &s.anne);
    end(&s);
}

static void what_was_found_before_a_restore_holds_after_it_A17(void **state)
{
    story s;
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 2);
    settle(&s);
    write_of_another_log(&s, &s.anne);
    settle(&s);
    assert_said(&s.ben, &s.anne);
    back_up(&s);
    write_some(&s, &s.anne, 1);
    (void)meet(&s, &s.anne);
    lose_what_came_since(&s);
    settle(&s);
    assert_said(&s.ben, &s.anne);
    assert_said(&s.hq, &s.anne);
    end(&s);
}

/* A folder brings Ben what Anne wrote in the log that goes on, before he has heard of it. */
static void a_word_about_the_new_log_is_no_second_view_of_the_old_one_R21(void **state)
{
    story s;
    char stick[DBK_TEST_PATH_SIZE];
    (void)state;
    begin(&s);
    dbk_test_dir_make(stick);
    write_some(&s, &s.anne, 2);
    settle(&s);
    back_up(&s);
    write_some(&s, &s.ben, 2);
    (void)meet(&s, &s.ben);
    write_some(&s, &s.anne, 2);
    (void)meet(&s, &s.anne);
    (void)meet(&s, &s.ben);
    lose_what_came_since(&s);
    (void)meet(&s, &s.anne);
    write_some(&s, &s.anne, 1);
    (void)sync_folder(&s.anne, stick);
    (void)sync_folder(&s.ben, stick);
    check(&s, &s.ben);
    assert_int_equal(evidence_of(&s.ben).count, 0);
    settle(&s);
    assert_nothing(&s);
    expect_held(&s, 7);
    dbk_test_dir_remove(stick);
    end(&s);
}

static dbk_rc take_header(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    return dbk_header_decode(ctx, row->header, err);
}

/* Readers would take its words for the log that its membership names. */
static void a_device_that_stands_in_another_log_than_its_chain_claims_nothing_R21(void **state)
{
    story s;
    dbk_err err = { 0 };
    dbk_header h = { 0 };
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 4);
    settle(&s);
    const dbk_stand *now = &space_of(&s, &s.anne)->now;
    dbk_log_move move = { .space = s.space, .old_log = now->log, .old_size = 4 };
    move.new_log.b[0] = 7;
    move.old_root.b[0] = 7; /* another history than hers */
    const dbk_log_recovery recovery = { &move, 1, dbk_span_str("restored") };
    assert_ok(dbk_org_recover(s.hq.book, &entry, &recovery, &err), &err);
    for (int moved = 0; moved < 2; moved++) {
        write_some(&s, &s.anne, 1);
        dbk_book_feed *feed = dbk_tables_own_feed(&s.anne.book->tables, space_of(&s, &s.anne));
        assert_ok(dbk_segments_at(s.anne.book->store, feed->row, feed->now.last_seq, take_header,
                                  &h, &err),
                  &err);
        assert_int_equal(h.checkpoint_size, moved == 0 ? 4 : 0);
        assert_ok(dbk_inbox_member(s.anne.book, dbk_bytes_span(&entry), &err), &err);
    }
    dbk_bytes_wipe(&entry);
    end(&s);
}

/* The relay shows the log that ended, as if nothing had been: that is told of (M36). */
static void a_log_that_ended_and_is_shown_again_is_a_finding_M36(void **state)
{
    story s;
    (void)state;
    begin(&s);
    write_some(&s, &s.anne, 2);
    settle(&s);
    back_up(&s);
    const dbk_stand *now = &space_of(&s, &s.anne)->now;
    dbk_bytes old = DBK_BYTES_INIT(DBK_CHECKPOINT_BYTES_MAX);
    dbk_err err = { 0 };
    assert_ok(dbk_bytes_append(&old, dbk_span_of(now->note, now->note_len), &err), &err);
    lose_what_came_since(&s);
    settle(&s);
    assert_nothing(&s);
    assert_ok(dbk_evidence_note(s.anne.book, &s.space, dbk_bytes_span(&old), &err), &err);
    items found = evidence_of(&s.anne);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.rows[0].shows.kind, DBK_EXHIBIT_BACK);
    assert_true(found.rows[0].shows.other_log);
    dbk_bytes_wipe(&old);
    end(&s);
}

/* ---- headquarters' words ----------------------------------------------------------------- */

static dbk_rc take_status(void *ctx, const dbk_space_status *row, dbk_err *err)
{
    (void)err;
    *(dbk_space_status *)ctx = *row;
    return DBK_OK;
}

static dbk_space_status status_of(sync_device *d)
{
    dbk_space_status row;
    dbk_err err = { 0 };
    assert_ok(dbk_query_status(d->book, take_status, &row, &err), &err);
    return row;
}

static void words_about_a_log_that_ended_count_no_more_R20_R22(void **state)
{
    story s;
    dbk_err err = { 0 };
    (void)state;
    begin(&s);
    sync_witness(&s.hq);
    write_some(&s, &s.anne, 2);
    settle(&s);
    back_up(&s);
    write_some(&s, &s.anne, 3);
    settle(&s);
    (void)meet(&s, &s.anne); /* headquarters' newest word is about all five */
    dbk_space_status before = status_of(&s.anne);
    assert_int_equal(before.confirmed.state, DBK_CONFIRMATION_FRESH);
    assert_int_equal(before.own_confirmed_ops, 5);
    dbk_bytes word = DBK_BYTES_INIT(4096);
    char name[64] = "cosigned.";
    dbk_id_hex(name + strlen(name), &s.space);
    assert_ok(dbk_store_meta_get(s.anne.book->store, &word, name, &err), &err);
    /* A day later, and nobody gives back what the backup lacks. */
    sync_device *all[] = { &s.hq, &s.anne, &s.ben };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        all[i]->env.now_ms += 30 * HOUR_MS;
    dbk_space_touch(dbk_tables_space(&s.hq.book->tables, &s.space))->checkpoint_size++;
    lose_what_came_since(&s);
    (void)meet(&s, &s.anne);
    dbk_space_status after = status_of(&s.anne);
    assert_int_equal(after.confirmed.size, 0);
    assert_int_equal(after.own_confirmed_ops, 0); /* of the log that goes on nothing was said yet */
    assert_int_equal(after.confirmed.state, DBK_CONFIRMATION_WAITS); /* and that isn't late */
    sync_device_reopen(&s.anne);
    check(&s, &s.anne);
    assert_int_equal(status_of(&s.anne).confirmed.state, DBK_CONFIRMATION_WAITS);
    /* The old word, shown again: about another log, and nothing changes. */
    dbk_span note = dbk_span_of(word.p + 66, (size_t)(word.p[64] << 8 | word.p[65]));
    assert_rc(dbk_cosigned_take(s.anne.book, &s.space, note, &err), DBK_PEER, &err);
    assert_int_equal(evidence_of(&s.anne).count, 0);
    assert_int_equal(status_of(&s.anne).confirmed.size, 0);
    settle(&s);
    (void)meet(&s, &s.anne);
    after = status_of(&s.anne);
    assert_int_equal(after.confirmed.state, DBK_CONFIRMATION_FRESH);
    assert_int_equal(after.own_confirmed_ops, 5);
    assert_true(meet(&s, &s.anne).idle); /* and "nothing new" covers the new word */
    /* Without a word of headquarters in a day it is stale, also after a restore. */
    s.anne.env.now_ms += 30 * HOUR_MS;
    assert_int_equal(status_of(&s.anne).confirmed.state, DBK_CONFIRMATION_STALE);
    dbk_bytes_wipe(&word);
    end(&s);
}

/* All came back, and nobody writes for days: headquarters vouches for the log under its new name,
 * and a second restore finds members that can give back again. */
static void a_quiet_log_is_vouched_for_again_after_a_restore_R20(void **state)
{
    story s;
    (void)state;
    begin(&s);
    sync_witness(&s.hq);
    write_some(&s, &s.anne, 2);
    settle(&s);
    back_up(&s);
    write_some(&s, &s.anne, 3);
    settle(&s);
    for (int round = 0; round < 2; round++) {
        put_back(&s);
        dbk_recovery_plan plan = recover(&s);
        assert_int_equal(plan.spaces[0].kept, 5);
        dbk_recovery_plan_wipe(&plan);
        settle(&s);
        (void)meet(&s, &s.anne);
        dbk_space_status row = status_of(&s.anne);
        assert_int_equal(row.confirmed.state, DBK_CONFIRMATION_FRESH);
        assert_int_equal(row.confirmed.size, 5);
        assert_int_equal(row.own_confirmed_ops, 5);
        assert_true(meet(&s, &s.anne).idle);
        assert_true(meet(&s, &s.ben).idle);
    }
    assert_nothing(&s);
    end(&s);
}

/* ---- the mark outside the store ---------------------------------------------------------- */

static void begin_marked(story *s, char marks[DBK_TEST_PATH_SIZE])
{
    memset(s, 0, sizeof(*s));
    syncworld_open(&s->world);
    dbk_test_dir_make(marks);
    s->world.anchors = marks;
    story_enlist(s);
}

static dbk_mark_found found(const sync_device *d)
{
    return dbk_book_mark_found(d->book).found;
}

static void the_mark_goes_over_to_the_log_that_goes_on_R4(void **state)
{
    story s;
    char marks[DBK_TEST_PATH_SIZE];
    (void)state;
    begin_marked(&s, marks);
    write_some(&s, &s.anne, 3);
    settle(&s);
    back_up(&s);
    write_some(&s, &s.anne, 2);
    (void)meet(&s, &s.anne);
    lose_what_came_since(&s);
    (void)meet(&s, &s.anne);
    const dbk_log_mark *mark = dbk_anchor_log(&s.anne.book->anchor.marks, &s.space);
    assert_true(dbk_id_equal(&mark->log, log_of(&s, &s.anne)));
    assert_int_equal(mark->size, 5);
    sync_device_reopen(&s.anne);
    assert_int_equal(found(&s.anne), DBK_MARK_FITS);
    settle(&s);
    end(&s);
    dbk_test_dir_remove(marks);
}

/* Both at once: the relay's backup was put back, and then the device's. */
static void a_store_from_before_the_restore_comes_to_the_new_log_M47(void **state)
{
    story s;
    char marks[DBK_TEST_PATH_SIZE];
    (void)state;
    begin_marked(&s, marks);
    write_some(&s, &s.anne, 3);
    settle(&s);
    back_up(&s);
    sync_device_copy(&s.anne);
    write_some(&s, &s.anne, 2);
    (void)meet(&s, &s.anne);
    lose_what_came_since(&s);
    (void)meet(&s, &s.anne);
    write_some(&s, &s.ben, 1);
    settle(&s);
    dbk_log_mark before = *dbk_anchor_log(&s.anne.book->anchor.marks, &s.space);
    sync_device_swap(&s.anne);
    assert_int_equal(found(&s.anne), DBK_MARK_AHEAD);
    const dbk_log_mark *mark = dbk_anchor_log(&s.anne.book->anchor.marks, &s.space);
    assert_memory_equal(mark, &before, sizeof(before)); /* the old log here doesn't lower it */
    write_some(&s, &s.anne, 1);
    dbk_sync_report r = meet(&s, &s.anne);
    assert_true(r.relay_restored);
    assert_int_equal(r.contradictions, 0);
    settle(&s);
    assert_int_equal(dbk_book_restored_ms(s.anne.book), 0);
    assert_nothing(&s);
    expect_held(&s, 7);
    end(&s);
    dbk_test_dir_remove(marks);
}

/* What the mark says of the old log must be so in the new one, as far as the root let it go on: no
 * relay gets rid of a second view by being restored (M39). */
static void a_mark_of_another_history_is_held_against_the_new_log_R4_M39(void **state)
{
    story s;
    char marks[DBK_TEST_PATH_SIZE];
    dbk_sync_report r;
    dbk_err err = { 0 };
    (void)state;
    begin_marked(&s, marks);
    sync_device_copy(&s.anne); /* before she has anything of the log */
    write_some(&s, &s.ben, 3);
    settle(&s);
    back_up(&s);
    lose_what_came_since(&s);
    (void)meet(&s, &s.hq);
    /* Of the three entries that she had seen, one was another. */
    dbk_anchor *mine = &s.anne.book->anchor.marks;
    for (size_t i = 0; i < mine->logs_count; i++)
        mine->logs[i].root.b[3] ^= 1;
    const dbk_log_mark lie = *dbk_anchor_log(mine, &s.space);
    s.anne.book->anchor.stale = true;
    dbk_book_anchor_raise(s.anne.book);
    assert_memory_equal(dbk_anchor_log(mine, &s.space), &lie, sizeof(lie));
    sync_device_swap(&s.anne);
    assert_int_equal(found(&s.anne), DBK_MARK_AHEAD);
    assert_rc(sync_try(&s.anne, &r, &err), DBK_PEER, &err);
    assert_int_equal(sync_verify(&s.anne, &s.space).records, 0);
    assert_memory_equal(dbk_anchor_log(&s.anne.book->anchor.marks, &s.space), &lie, sizeof(lie));
    end(&s);
    dbk_test_dir_remove(marks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_authors_said_of_a_log_that_ended_is_no_second_view_R21),
        cmocka_unit_test(who_knows_of_the_recovery_and_saw_another_log_is_told_M39_R21),
        cmocka_unit_test(an_old_word_about_what_both_logs_begin_with_is_judged_R21),
        cmocka_unit_test(what_was_found_before_a_restore_holds_after_it_A17),
        cmocka_unit_test(a_word_about_the_new_log_is_no_second_view_of_the_old_one_R21),
        cmocka_unit_test(a_device_that_stands_in_another_log_than_its_chain_claims_nothing_R21),
        cmocka_unit_test(a_log_that_ended_and_is_shown_again_is_a_finding_M36),
        cmocka_unit_test(words_about_a_log_that_ended_count_no_more_R20_R22),
        cmocka_unit_test(a_quiet_log_is_vouched_for_again_after_a_restore_R20),
        cmocka_unit_test(the_mark_goes_over_to_the_log_that_goes_on_R4),
        cmocka_unit_test(a_store_from_before_the_restore_comes_to_the_new_log_M47),
        cmocka_unit_test(a_mark_of_another_history_is_held_against_the_new_log_R4_M39),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
