/* Own segments before their first push: packed, under the current key; and what may have left this
 * device never changes (decision 0017). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/outbox.h"
#include "core/journal/repack.h"
#include "core/store/segments.h"
#include "tests/lib/markkit.h"
#include "tests/lib/proof.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })
enum { DESK, ANNE };

typedef markkit bench;

static dbk_book *anne(bench *b)
{
    return b->org.books[ANNE].book;
}

static void make(bench *b)
{
    static const dbk_role roles[] = { DBK_ROLE_HQ };
    memset(b, 0, sizeof(*b));
    dbk_test_org_make(&b->org, roles, ARRAY_LEN(roles));
    b->anne = &b->org.books[ANNE];
    dbk_test_dir_make(b->marks);
    dbk_test_dir_make(b->kept);
    b->anne->anchors = b->marks;
    dbk_test_book_reopen(b->anne);
}

static void drop(bench *b)
{
    mark_end(b);
}

static void write_notes(bench *b, int count)
{
    for (int i = 0; i < count; i++)
        (void)dbk_test_add(anne(b), &b->org.space, "person", TEXTS("name=Ada"));
}

static void seal(bench *b, uint64_t held_seq)
{
    dbk_err err = { 0 };
    assert_ok(
        dbk_outbox_seal(anne(b), &(dbk_outbox_sealing){ b->org.space, held_seq, false }, &err),
        &err);
}

/* The headers of the own feed, in order. */
typedef struct chain {
    dbk_header h[256];
    size_t count;
} chain;

static dbk_rc keep(void *ctx, const dbk_sealed *segment, dbk_err *err)
{
    chain *c = ctx;
    assert_true(c->count < ARRAY_LEN(c->h));
    return dbk_header_decode(&c->h[c->count++], segment->header, err);
}

static dbk_rc keep_row(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    return keep(ctx, &(dbk_sealed){ row->header, row->body, row->kept }, err);
}

/* As they lie in the store: nothing is handed out. */
static chain chain_of(bench *b)
{
    chain c = { .count = 0 };
    dbk_err err = { 0 };
    const dbk_book_space *space = dbk_tables_space(&anne(b)->tables, &b->org.space);
    const dbk_book_feed *feed = dbk_tables_push_feed(&anne(b)->tables, space);
    assert_ok(dbk_segments_of_feed(anne(b)->store, feed->row, 1, 0, keep_row, &c, &err), &err);
    return c;
}

static chain hand_out(bench *b, uint64_t after_seq, uint32_t count_max)
{
    chain c = { .count = 0 };
    dbk_err err = { 0 };
    const dbk_outbox_opts opts = { b->org.space, after_seq, count_max, 1u << 20 };
    assert_ok(dbk_outbox_segments(anne(b), &opts, keep, &c, &err), &err);
    return c;
}

static bool same(const dbk_header *a, const dbk_header *b)
{
    dbk_hash x = dbk_header_hash(a), y = dbk_header_hash(b);
    return dbk_hash_equal(&x, &y);
}

static void rotate(bench *b)
{
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_err err = { 0 };
    assert_ok(dbk_org_rotate(b->org.books[DESK].book, &entry, &b->org.space, &err), &err);
    dbk_test_org_post(&b->org, dbk_bytes_span(&entry));
    dbk_bytes_wipe(&entry);
}

/* ---- packing ------------------------------------------------------------------------------- */

static void notes_saved_one_by_one_leave_sixty_four_to_a_segment(void **state)
{
    bench b;
    (void)state;
    make(&b);
    write_notes(&b, 99);
    dbk_id ada = dbk_test_add(anne(&b), &b.org.space, "person", TEXTS("name=Ada"));
    proof before = proof_clean(anne(&b), &b.org.space);
    assert_int_equal(chain_of(&b).count, 100);
    seal(&b, 0);
    chain c = chain_of(&b);
    assert_int_equal(c.count, 2);
    assert_int_equal(c.h[0].count, 64);
    assert_int_equal(c.h[1].first_seq, 65);
    assert_int_equal(c.h[1].count, 36);
    /* The same dots, the same records, each note still there to be opened. */
    proof after = proof_clean(anne(&b), &b.org.space);
    assert_true(dbk_hash_equal(&before.of.state_hash, &after.of.state_hash));
    assert_true(dbk_hash_equal(&before.of.vector_hash, &after.of.vector_hash));
    assert_int_equal(after.of.ops, 100);
    dbk_test_book_reopen(&b.org.books[ANNE]);
    (void)proof_clean(anne(&b), &b.org.space);
    dbk_test_edit(anne(&b), &ada, TEXTS("sex=female"));
    assert_int_equal(chain_of(&b).count, 3);
    /* Others take it as anything. */
    dbk_test_org_exchange(&b.org);
    proof mine = proof_clean(anne(&b), &b.org.space);
    proof theirs = proof_clean(b.org.books[DESK].book, &b.org.space);
    assert_true(proof_equal(&mine, &theirs));
    drop(&b);
}

static void large_notes_fill_a_segment_earlier_and_lose_nothing(void **state)
{
    static char text[16 * 1024];
    bench b;
    (void)state;
    make(&b);
    uint32_t x = 7;
    memcpy(text, "name=", 5); /* what can't be compressed */
    for (size_t i = 5; i < 120; i++) {
        x = x * 1664525u + 1013904223u;
        text[i] = (char)('a' + (x >> 24) % 26);
    }
    text[120] = '\0';
    for (int i = 0; i < 70; i++)
        (void)dbk_test_add(anne(&b), &b.org.space, "person", TEXTS(text));
    proof before = proof_clean(anne(&b), &b.org.space);
    seal(&b, 0);
    chain c = chain_of(&b);
    assert_true(c.count >= 2);
    for (size_t i = 0; i < c.count; i++)
        assert_true(c.h[i].body_len <= DBK_SEGMENT_BODY_BYTES_MAX);
    proof after = proof_clean(anne(&b), &b.org.space);
    assert_true(proof_equal(&before, &after) || after.of.ops == before.of.ops);
    assert_true(dbk_hash_equal(&before.of.state_hash, &after.of.state_hash));
    drop(&b);
}

static void one_note_under_the_current_key_stays_as_it_was_saved(void **state)
{
    bench b;
    (void)state;
    make(&b);
    write_notes(&b, 1);
    chain before = chain_of(&b);
    seal(&b, 0);
    chain after = chain_of(&b);
    assert_int_equal(after.count, 1);
    assert_true(same(&before.h[0], &after.h[0]));
    drop(&b);
}

/* ---- the current key ----------------------------------------------------------------------- */

static void what_was_saved_under_an_old_key_leaves_under_the_current_one_m17(void **state)
{
    bench b;
    (void)state;
    make(&b);
    write_notes(&b, 3);
    dbk_id old_key = chain_of(&b).h[0].key_id;
    rotate(&b);
    write_notes(&b, 2);
    chain mixed = chain_of(&b);
    assert_false(dbk_id_equal(&mixed.h[4].key_id, &old_key));
    proof before = proof_clean(anne(&b), &b.org.space);
    seal(&b, 0);
    chain c = chain_of(&b);
    assert_int_equal(c.count, 2); /* what the author had seen of the members differs */
    for (size_t i = 0; i < c.count; i++)
        assert_true(dbk_id_equal(&c.h[i].key_id, &mixed.h[4].key_id));
    assert_true(dbk_hash_equal(&c.h[0].members_seen, &mixed.h[0].members_seen));
    assert_true(dbk_hash_equal(&c.h[1].members_seen, &mixed.h[4].members_seen));
    proof after = proof_clean(anne(&b), &b.org.space);
    assert_true(dbk_hash_equal(&before.of.state_hash, &after.of.state_hash));
    /* A single one too, which there is nothing to pack with. */
    hand_out(&b, 0, 10);
    write_notes(&b, 1);
    rotate(&b);
    dbk_id saved = chain_of(&b).h[2].key_id;
    seal(&b, 0);
    assert_false(dbk_id_equal(&chain_of(&b).h[2].key_id, &saved));
    (void)proof_clean(anne(&b), &b.org.space);
    drop(&b);
}

/* The right by which a note counts is that of the time when it was written. */
static void a_role_that_was_lost_since_still_counts_for_what_was_written_before(void **state)
{
    bench b;
    (void)state;
    make(&b);
    dbk_err err = { 0 };
    write_notes(&b, 3);
    proof before = proof_clean(anne(&b), &b.org.space);
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    const dbk_new_grant grant = { .space = b.org.space,
                                  .device = dbk_book_device(anne(&b)),
                                  .role = DBK_ROLE_OFFICER };
    assert_ok(dbk_org_grant(b.org.books[DESK].book, &entry, &grant, &err), &err);
    dbk_test_org_post(&b.org, dbk_bytes_span(&entry));
    seal(&b, 0);
    assert_int_equal(chain_of(&b).count, 1);
    proof after = proof_clean(anne(&b), &b.org.space);
    assert_true(dbk_hash_equal(&before.of.state_hash, &after.of.state_hash));
    dbk_bytes_wipe(&entry);
    drop(&b);
}

/* ---- what has left ------------------------------------------------------------------------- */

static void what_was_handed_out_never_changes_r5(void **state)
{
    bench b;
    (void)state;
    make(&b);
    write_notes(&b, 6);
    chain sent = hand_out(&b, 0, 3); /* and no answer ever comes */
    assert_int_equal(sent.count, 3);
    dbk_test_book_reopen(&b.org.books[ANNE]);
    rotate(&b);
    seal(&b, 0);
    chain c = chain_of(&b);
    assert_int_equal(c.count, 4);
    for (size_t i = 0; i < 3; i++)
        assert_true(same(&sent.h[i], &c.h[i]));
    assert_int_equal(c.h[3].count, 3);
    (void)proof_clean(anne(&b), &b.org.space);
    drop(&b);
}

static void what_a_folder_was_given_never_changes(void **state)
{
    bench b;
    dbk_err err = { 0 };
    (void)state;
    make(&b);
    write_notes(&b, 3);
    chain given = { .count = 0 };
    assert_ok(
        dbk_outbox_carry(anne(&b), &(dbk_outbox_feed){ .space = b.org.space }, keep, &given, &err),
        &err);
    write_notes(&b, 2);
    rotate(&b);
    seal(&b, 0);
    chain c = chain_of(&b);
    assert_int_equal(c.count, 4);
    for (size_t i = 0; i < 3; i++)
        assert_true(same(&given.h[i], &c.h[i]));
    drop(&b);
}

/* A store that was restored doesn't remember what has left: the relay does. */
static void what_the_relay_says_it_holds_never_changes(void **state)
{
    bench b;
    (void)state;
    make(&b);
    write_notes(&b, 5);
    chain before = chain_of(&b);
    seal(&b, UINT64_MAX); /* more than there is */
    assert_int_equal(chain_of(&b).count, 5);
    write_notes(&b, 1);
    seal(&b, 3);
    chain c = chain_of(&b);
    assert_int_equal(c.count, 4);
    for (size_t i = 0; i < 3; i++)
        assert_true(same(&before.h[i], &c.h[i]));
    assert_int_equal(c.h[3].count, 3);
    /* A relay that names the middle of a segment doesn't get it opened up. */
    write_notes(&b, 2);
    seal(&b, 5);
    chain d = chain_of(&b);
    assert_int_equal(d.count, 5);
    assert_true(same(&c.h[3], &d.h[3]));
    (void)proof_clean(anne(&b), &b.org.space);
    drop(&b);
}

/* A backup may become a store that goes on: what is in it has left. */
static void what_a_backup_holds_never_changes_r5(void **state)
{
    bench b;
    dbk_err err = { 0 };
    dbk_backed_up made;
    (void)state;
    make(&b);
    write_notes(&b, 3);
    chain before = chain_of(&b);
    assert_ok(dbk_book_backup(anne(&b), &made,
                              &(dbk_backup_opts){ .file = dbk_test_path(b.kept, "backup") }, &err),
              &err);
    write_notes(&b, 2);
    rotate(&b);
    seal(&b, 0);
    chain c = chain_of(&b);
    assert_int_equal(c.count, 4);
    for (size_t i = 0; i < 3; i++)
        assert_true(same(&before.h[i], &c.h[i]));
    drop(&b);
}

static void expect_untouched(bench *b, const chain *before)
{
    chain c = chain_of(b);
    assert_int_equal(c.count, before->count);
    for (size_t i = 0; i < c.count; i++)
        assert_true(same(&before->h[i], &c.h[i]));
}

/* The store is put back as it was before a folder got its notes. It doesn't know of that, and no
 * relay does; the mark outside of it does. */
static void what_left_after_the_store_was_copied_never_changes_r5(void **state)
{
    bench b;
    dbk_err err = { 0 };
    (void)state;
    make(&b);
    write_notes(&b, 3);
    chain before = chain_of(&b), given = { .count = 0 };
    mark_back_up(&b);
    const dbk_outbox_feed all = { .space = b.org.space };
    assert_ok(dbk_outbox_carry(anne(&b), &all, keep, &given, &err), &err);
    mark_shut(&b);
    mark_put_back(&b);
    dbk_test_book_reopen(b.anne);
    seal(&b, 0);
    expect_untouched(&b, &before);
    drop(&b);
}

/* On another machine nothing tells what the store gave out before it was copied there. */
static void what_stood_in_a_store_without_its_mark_never_changes_r5(void **state)
{
    for (int marks = 0; marks < 2; marks++) {
        bench b;
        (void)state;
        make(&b);
        write_notes(&b, 3);
        chain before = chain_of(&b);
        mark_shut(&b);
        (void)remove(mark_path(&b, 0));
        (void)remove(mark_path(&b, 1));
        b.anne->anchors = marks ? b.marks : NULL;
        dbk_test_book_reopen(b.anne);
        seal(&b, 0);
        expect_untouched(&b, &before);
        dbk_test_book_reopen(b.anne); /* now with a mark that fits */
        seal(&b, 0);
        expect_untouched(&b, &before);
        write_notes(&b, 2); /* these nobody else can have */
        seal(&b, 0);
        assert_int_equal(chain_of(&b).count, 4);
        drop(&b);
    }
}

/* kill -9 between the store's commit and its mark: the mark is from before the sealing. That is no
 * older copy, and no alarm. */
static void a_mark_from_before_the_sealing_is_no_older_copy_r4(void **state)
{
    bench b;
    dbk_bytes old[2];
    (void)state;
    make(&b);
    write_notes(&b, 3);
    mark_shut(&b);
    for (unsigned i = 0; i < 2; i++)
        old[i] = mark_read_file(mark_path(&b, i));
    dbk_test_book_reopen(b.anne);
    seal(&b, 0);
    dbk_id feed = mark_open_feed(&b)->feed;
    mark_shut(&b);
    for (unsigned i = 0; i < 2; i++) {
        mark_write_file(mark_path(&b, i), dbk_bytes_span(&old[i]));
        dbk_bytes_wipe(&old[i]);
    }
    dbk_test_book_reopen(b.anne);
    assert_int_equal(mark_found(&b), DBK_MARK_FITS);
    write_notes(&b, 1);
    assert_true(dbk_id_equal(&mark_open_feed(&b)->feed, &feed));
    chain c = chain_of(&b);
    assert_int_equal(c.count, 2);
    (void)proof_clean(anne(&b), &b.org.space);
    drop(&b);
}

/* ---- failures ------------------------------------------------------------------------------ */

static void a_seal_that_fails_at_any_allocation_changes_nothing(void **state)
{
    bench b;
    uint64_t failed = 0;
    (void)state;
    make(&b);
    write_notes(&b, 5);
    rotate(&b);
    write_notes(&b, 3);
    proof before = proof_clean(anne(&b), &b.org.space);
    for (uint64_t n = 1;; n += n < 200 ? 1 : 7) {
        dbk_err err = { 0 };
        dbk_test_alloc hook = { .fail_at = n };
        dbk_test_alloc_start(&hook);
        dbk_rc rc = dbk_outbox_seal(anne(&b), &(dbk_outbox_sealing){ .space = b.org.space }, &err);
        int came = dbk_test_alloc_stop(&hook);
        size_t left = chain_of(&b).count;
        if (rc == DBK_OK && left == 2)
            break;
        assert_int_equal(left, 8);
        assert_true(came);
        failed++;
        assert_false(dbk_store_in_transaction(anne(&b)->store));
        if (n % 16 == 0)
            (void)proof_clean(anne(&b), &b.org.space);
    }
    assert_true(failed > 10);
    proof after = proof_clean(anne(&b), &b.org.space);
    assert_true(dbk_hash_equal(&before.of.state_hash, &after.of.state_hash));
    drop(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_saved_one_by_one_leave_sixty_four_to_a_segment),
        cmocka_unit_test(large_notes_fill_a_segment_earlier_and_lose_nothing),
        cmocka_unit_test(one_note_under_the_current_key_stays_as_it_was_saved),
        cmocka_unit_test(what_was_saved_under_an_old_key_leaves_under_the_current_one_m17),
        cmocka_unit_test(a_role_that_was_lost_since_still_counts_for_what_was_written_before),
        cmocka_unit_test(what_was_handed_out_never_changes_r5),
        cmocka_unit_test(what_a_folder_was_given_never_changes),
        cmocka_unit_test(what_the_relay_says_it_holds_never_changes),
        cmocka_unit_test(what_a_backup_holds_never_changes_r5),
        cmocka_unit_test(what_left_after_the_store_was_copied_never_changes_r5),
        cmocka_unit_test(what_stood_in_a_store_without_its_mark_never_changes_r5),
        cmocka_unit_test(a_mark_from_before_the_sealing_is_no_older_copy_r4),
        cmocka_unit_test(a_seal_that_fails_at_any_allocation_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
