/* The receive path against a relay that lies (security.md section 2: the mutations M..).
 * Everything is verified before anything is changed. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/journal/inbox_internal.h"
#include "core/journal/org_internal.h"
#include "tests/lib/forge.h"
#include "tests/lib/inboxkit.h"
#include "tests/lib/proof.h"

/* ---- what the relay sends ------------------------------------------------------------------ */

static void a_run_that_verifies_is_taken_and_moves_the_position(void **state)
{
    world w;
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    (void)state;
    world_make(&w);
    world_edit(&w, ANNE, "religion=none");
    assert_int_equal(minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS), 2);
    /* Her receipts continued her position: nothing to pull back. */
    dbk_position anne = minilog_position(&w.log, world_book(&w, ANNE));
    assert_int_equal(anne.size, 2);
    assert_int_equal(anne.own_receipted_seq, 2);
    assert_ok(world_pull(&w, HQ, 0, 1, &stats, &err), &err);
    assert_int_equal(stats.segments, 1);
    assert_int_equal(stats.ops, 1);
    assert_int_equal(stats.records_new, 1);
    assert_int_equal(stats.records_changed, 0);
    assert_ok(world_pull(&w, HQ, 1, 1, &stats, &err), &err);
    assert_int_equal(stats.records_new, 0);
    assert_int_equal(stats.records_changed, 1);
    assert_int_equal(stats.conflicts_new, 0);
    dbk_position hq = minilog_position(&w.log, world_book(&w, HQ));
    assert_int_equal(hq.size, 2);
    assert_true(dbk_hash_equal(&hq.root, &anne.root));
    proof a = proof_clean(world_book(&w, ANNE), &w.org.space);
    proof b = proof_clean(world_book(&w, HQ), &w.org.space);
    assert_true(proof_equal(&a, &b));
    /* And all of it is on the disk. */
    dbk_test_book_reopen(&w.org.books[HQ]);
    b = proof_clean(world_book(&w, HQ), &w.org.space);
    assert_true(proof_equal(&a, &b));
    assert_ok(dbk_book_check_deep(world_book(&w, HQ), &err), &err);
    world_drop(&w);
}

static void an_empty_run_only_brings_the_checkpoint(void **state)
{
    world w;
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    (void)state;
    world_make(&w);
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    assert_ok(world_pull(&w, HQ, 0, 0, &stats, &err), &err);
    assert_int_equal(minilog_position(&w.log, world_book(&w, HQ)).size, 0);
    assert_int_equal(
        dbk_tables_space(&world_book(&w, HQ)->tables, &w.org.space)->now.checkpoint_size, 1);
    assert_ok(world_pull(&w, HQ, 0, 1, &stats, &err), &err);
    (void)proof_clean(world_book(&w, HQ), &w.org.space);
    world_drop(&w);
}

static void a_run_from_anywhere_but_the_position_is_a_conflict(void **state)
{
    world w;
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    (void)state;
    world_make(&w);
    world_edit(&w, ANNE, "religion=none");
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    assert_rc(world_pull(&w, HQ, 1, 1, &stats, &err), DBK_CONFLICT, &err);
    dbk_err_clear(&err);
    assert_ok(world_pull(&w, HQ, 0, 2, &stats, &err), &err);
    assert_rc(world_pull(&w, HQ, 0, 2, &stats, &err), DBK_CONFLICT, &err);
    world_drop(&w);
}

/* Both ways: the bytes were changed on their way, and the relay made a new tree over them. */
static void every_bit_of_a_run_counts_m01(void **state)
{
    world w;
    dbk_rc allowed[] = { DBK_PEER, DBK_VERSION };
    (void)state;
    world_make(&w);
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    minilog_item *item = &w.log.items[0];
    dbk_hash honest_hash = item->header_hash;
    before b = world_look(&w, HQ);
    size_t bits = (item->header_len + item->body_len) * 8;
    for (size_t bit = 0; bit < bits; bit++) {
        size_t at = bit / 8;
        uint8_t *byte = at < item->header_len ? &item->header[at]
                                              : &item->body[at - item->header_len];
        *byte ^= (uint8_t)(1u << bit % 8);
        for (int evil = 0; evil < 2; evil++) {
            dbk_err err = { 0 };
            dbk_inbox_stats stats;
            dbk_header h;
            dbk_err none = { 0 };
            if (evil &&
                dbk_header_decode(&h, dbk_span_of(item->header, item->header_len), &none) == DBK_OK)
                item->header_hash = dbk_header_hash(&h);
            minilog_rebuild(&w.log);
            dbk_rc rc = world_pull(&w, HQ, 0, 1, &stats, &err);
            if (rc != allowed[0] && rc != allowed[1])
                fail_msg("bit %zu (%d): %s %s", bit, evil, dbk_rc_name(rc), err.text);
            if (!world_untouched(&w, HQ, &b))
                fail_msg("bit %zu (%d): something was changed", bit, evil);
        }
        *byte ^= (uint8_t)(1u << bit % 8);
        item->header_hash = honest_hash;
    }
    minilog_rebuild(&w.log);
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    assert_ok(world_pull(&w, HQ, 0, 1, &stats, &err), &err);
    (void)proof_clean(world_book(&w, HQ), &w.org.space);
    world_drop(&w);
}

static void a_run_cut_short_anywhere_is_refused_m02(void **state)
{
    world w;
    (void)state;
    world_make(&w);
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    minilog_item *item = &w.log.items[0];
    const minilog_item whole = *item;
    for (size_t len = 0; len < whole.header_len; len++) {
        item->header_len = len;
        world_refuse(&w, 1, DBK_PEER, "entry 0", "header cut");
    }
    item->header_len = whole.header_len;
    for (size_t len = 0; len < whole.body_len; len++) {
        item->body_len = len;
        world_refuse(&w, 1, DBK_PEER, "entry 0", "body cut");
    }
    *item = whole;
    world_drop(&w);
}

static dbk_rc no_more(void *ctx, dbk_arrival *out, dbk_err *err)
{
    (void)ctx;
    (void)out;
    return dbk_fail(err, DBK_NOT_FOUND, "the end");
}

static dbk_rc torn(void *ctx, dbk_arrival *out, dbk_err *err)
{
    (void)ctx;
    (void)out;
    return dbk_fail(err, DBK_FORMAT, "the answer is torn");
}

static void fewer_entries_than_announced_and_broken_framing_are_refused(void **state)
{
    world w;
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    minilog_run run;
    (void)state;
    world_make(&w);
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    minilog_run_init(&run, &w.log, 0, 1, NULL);
    before b = world_look(&w, HQ);
    run.run.next = no_more;
    assert_rc(dbk_inbox_run(world_book(&w, HQ), &stats, &run.run, &err), DBK_PEER, &err);
    dbk_err_clear(&err);
    run.run.next = torn;
    assert_rc(dbk_inbox_run(world_book(&w, HQ), &stats, &run.run, &err), DBK_FORMAT, &err);
    dbk_err_clear(&err);
    run.run.count = 65537;
    assert_rc(dbk_inbox_run(world_book(&w, HQ), &stats, &run.run, &err), DBK_LIMIT, &err);
    dbk_err_clear(&err);
    run.run.count = 2; /* more than its checkpoint covers */
    assert_rc(dbk_inbox_run(world_book(&w, HQ), &stats, &run.run, &err), DBK_PEER, &err);
    dbk_err_clear(&err);
    run.run.count = 1;
    run.run.space = dbk_book_roster_space(world_book(&w, HQ))->space;
    assert_rc(dbk_inbox_run(world_book(&w, HQ), &stats, &run.run, &err), DBK_NOT_FOUND, &err);
    assert_true(world_untouched(&w, HQ, &b));
    minilog_run_wipe(&run);
    world_drop(&w);
}

static void swapped_entries_and_changed_receipt_times_are_refused_m23(void **state)
{
    world w;
    (void)state;
    world_make(&w);
    world_edit(&w, ANNE, "religion=none");
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    minilog_item kept = w.log.items[0];
    w.log.items[0] = w.log.items[1];
    w.log.items[1] = kept;
    world_refuse(&w, 2, DBK_PEER, "checkpoint", "swapped under an honest tree");
    minilog_rebuild(&w.log);
    world_refuse(&w, 2, DBK_PEER, "does not follow", "swapped by the relay");
    kept = w.log.items[0];
    w.log.items[0] = w.log.items[1];
    w.log.items[1] = kept;
    minilog_rebuild(&w.log);
    w.log.items[1].receipt_ms++;
    world_refuse(&w, 2, DBK_PEER, "checkpoint", "another receipt time");
    world_drop(&w);
}

static void the_relay_cannot_leave_out_or_repeat_an_author_s_segment_m40(void **state)
{
    world w;
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    (void)state;
    world_make(&w);
    world_edit(&w, ANNE, "religion=none");
    world_edit(&w, ANNE, "sex=male");
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    const minilog_item second = w.log.items[1], third = w.log.items[2];
    w.log.items[1] = third;
    w.log.count = 2;
    minilog_rebuild(&w.log);
    world_refuse(&w, 2, DBK_PEER, "does not follow", "one left out");
    w.log.items[1] = w.log.items[0];
    minilog_rebuild(&w.log);
    world_refuse(&w, 2, DBK_PEER, "second time", "one repeated in a run");
    assert_ok(world_pull(&w, HQ, 0, 0, &stats, &err), &err);
    w.log.items[1] = second;
    w.log.items[2] = third;
    w.log.count = 3;
    minilog_rebuild(&w.log);
    world_drop(&w);
}

static void a_body_may_only_be_left_out_of_what_is_held(void **state)
{
    world w;
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    minilog_run run;
    (void)state;
    world_make(&w);
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    dbk_position anne = minilog_position(&w.log, world_book(&w, ANNE));
    before b = world_look(&w, HQ);
    minilog_run_init(&run, &w.log, 0, 1, &anne.own_feed);
    assert_rc(dbk_inbox_run(world_book(&w, HQ), &stats, &run.run, &err), DBK_PEER, &err);
    assert_true(world_untouched(&w, HQ, &b));
    minilog_run_wipe(&run);
    world_drop(&w);
}

/* ---- who wrote it -------------------------------------------------------------------------- */

static void segments_of_strangers_are_refused_m05_m06_m07(void **state)
{
    world w;
    dbk_test_book stranger;
    forge f;
    dbk_err err = { 0 };
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_id closed;
    (void)state;
    world_make(&w);
    /* M05: keys that nobody has seen, though the epoch key leaked. */
    dbk_test_book_make(&stranger, 77);
    forge_init(&f, stranger.book, world_book(&w, HQ), &w.org.space);
    forge_note(&f, &(forge_edit){ w.joan, "person", "name", "Eve", KIT_NOON, NULL, 0 });
    (void)minilog_append(&w.log, forge_header(&f), forge_body(&f), KIT_NOON_MS);
    world_refuse(&w, 1, DBK_PEER, "not a member", "unknown key");
    forge_wipe(&f);
    dbk_test_book_drop(&stranger);
    /* M06, M07: a member of the organisation and of another space, but not of this one. */
    const dbk_new_space opts = { .name = "Op Elm", .creator_role = DBK_ROLE_HQ };
    assert_ok(dbk_org_space(world_book(&w, HQ), &entry, &closed, &opts, &err), &err);
    dbk_test_org_post(&w.org, dbk_bytes_span(&entry));
    minilog elm;
    minilog_init(&elm, &w.log.org, &closed, w.org.relay);
    forge_init(&f, world_book(&w, BEN), world_book(&w, HQ), &closed);
    forge_note(&f, &(forge_edit){ w.joan, "person", "name", "Eve", KIT_NOON, NULL, 0 });
    (void)minilog_append(&elm, forge_header(&f), forge_body(&f), KIT_NOON_MS);
    minilog kept = w.log;
    w.log = elm;
    world_refuse(&w, 1, DBK_PEER, "not a member", "member of another space");
    elm = w.log;
    w.log = kept;
    minilog_wipe(&elm);
    forge_wipe(&f);
    dbk_bytes_wipe(&entry);
    world_drop(&w);
}

static void a_member_cannot_write_in_another_s_name_m26(void **state)
{
    world w;
    forge f;
    (void)state;
    world_make(&w);
    forge_init(&f, world_book(&w, BEN), world_book(&w, BEN), &w.org.space);
    dbk_id anne = dbk_book_device(world_book(&w, ANNE));
    f.feed = dbk_feed_id(&anne, &f.space, &f.incarnation);
    forge_note(&f, &(forge_edit){ w.joan, "person", "name", "Eve", KIT_NOON, NULL, 0 });
    (void)minilog_append(&w.log, forge_header(&f), forge_body(&f), KIT_NOON_MS);
    world_refuse(&w, 1, DBK_PEER, "not signed by its author", "Ben signs for Anne");
    forge_wipe(&f);
    minilog_clear(&w.log);
    /* Nor go on with a feed under another incarnation than its id was made of. */
    forge_init(&f, world_book(&w, BEN), world_book(&w, BEN), &w.org.space);
    for (int i = 0; i < 2; i++) {
        forge_note(&f, &(forge_edit){ w.joan, "person", "name", "Jo", KIT_NOON, NULL, 0 });
        (void)minilog_append(&w.log, forge_header(&f), forge_body(&f), KIT_NOON_MS);
        f.incarnation.b[0] ^= 1;
    }
    world_refuse(&w, 2, DBK_PEER, "not its own", "another incarnation");
    forge_wipe(&f);
    minilog_clear(&w.log);
    /* Nor leave out numbers. */
    forge_init(&f, world_book(&w, BEN), world_book(&w, BEN), &w.org.space);
    for (int i = 0; i < 2; i++) {
        forge_note(&f, &(forge_edit){ w.joan, "person", "name", "Jo", KIT_NOON, NULL, 0 });
        (void)minilog_append(&w.log, forge_header(&f), forge_body(&f), KIT_NOON_MS);
        f.next_seq += 3;
    }
    world_refuse(&w, 2, DBK_PEER, "does not follow", "seqs left out");
    forge_wipe(&f);
    world_drop(&w);
}

/* What would only stand aside must be its author's too: it is kept as evidence against them. */
static void nobody_can_be_framed_by_a_forgery_that_would_stand_aside(void **state)
{
    world w;
    forge f;
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    (void)state;
    world_make(&w);
    /* In the name of the auditor, who may not write. */
    forge_init(&f, world_book(&w, BEN), world_book(&w, BEN), &w.org.space);
    dbk_id auditor = dbk_book_device(world_book(&w, AUDITOR));
    f.feed = dbk_feed_id(&auditor, &f.space, &f.incarnation);
    forge_note(&f, &(forge_edit){ w.joan, "person", "name", "Eve", KIT_NOON, NULL, 0 });
    (void)minilog_append(&w.log, forge_header(&f), forge_body(&f), KIT_NOON_MS);
    world_refuse(&w, 1, DBK_PEER, "not signed by its author", "the auditor");
    minilog_clear(&w.log);
    /* A second history in Anne's name. */
    (void)minilog_append_own(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    assert_ok(world_pull(&w, HQ, 0, 1, &stats, &err), &err);
    dbk_position anne = minilog_position(&w.log, world_book(&w, ANNE));
    f.feed = anne.own_feed;
    f.incarnation = dbk_tables_feed(&world_book(&w, ANNE)->tables, &f.feed)->incarnation;
    f.next_seq = 1;
    memset(&f.head, 0, sizeof(f.head));
    forge_note(&f, &(forge_edit){ w.joan, "person", "name", "Eve", KIT_NOON, NULL, 0 });
    (void)minilog_append(&w.log, forge_header(&f), forge_body(&f), KIT_NOON_MS);
    world_refuse(&w, 1, DBK_PEER, "not signed by its author", "Anne");
    forge_wipe(&f);
    world_drop(&w);
}

/* No hash covers them, and what is kept has to stand alone where it is passed on, or as a proof. */
static void every_signature_of_a_run_is_looked_at_not_only_the_newest_p1_a15(void **state)
{
    world w;
    forge f;
    (void)state;
    for (int aside = 0; aside < 2; aside++) { /* an auditor may not write */
        world_make(&w);
        forge_init(&f, world_book(&w, aside ? AUDITOR : BEN), world_book(&w, BEN), &w.org.space);
        for (int i = 0; i < 3; i++) {
            forge_note(&f, &(forge_edit){ w.joan, "person", "name", "Jo", KIT_NOON, NULL, 0 });
            f.header[DBK_SEGMENT_HEADER_BYTES - 1] ^= i == 1;
            (void)minilog_append(&w.log, forge_header(&f), forge_body(&f), KIT_NOON_MS);
        }
        world_refuse(&w, 3, DBK_PEER, "entry 1 of the relay's log is not signed by its author",
                     aside == 0 ? "what is merged" : "what stands aside");
        forge_wipe(&f);
        world_drop(&w);
    }
}

static void a_segment_of_another_space_is_refused_m27(void **state)
{
    world w;
    (void)state;
    world_make(&w);
    dbk_id elm = dbk_test_org_space(&w.org, "Op Elm");
    static const char *const fields[] = { "name=Ruth", NULL };
    minilog other;
    minilog_init(&other, &w.log.org, &elm, w.org.relay);
    (void)dbk_test_add(world_book(&w, ANNE), &elm, "person", fields);
    (void)minilog_push(&other, world_book(&w, ANNE), KIT_NOON_MS);
    const minilog_item *item = &other.items[0];
    (void)minilog_append(&w.log, dbk_span_of(item->header, item->header_len),
                         dbk_span_of(item->body, item->body_len), KIT_NOON_MS);
    world_refuse(&w, 1, DBK_PEER, "another space", "Op Elm's in Op Cedar's log");
    minilog_wipe(&other);
    world_drop(&w);
}

static void what_a_reader_writes_stands_aside_for_a_supervisor_m08(void **state)
{
    world w;
    forge f;
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    (void)state;
    world_make(&w);
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    forge_init(&f, world_book(&w, AUDITOR), world_book(&w, AUDITOR), &w.org.space);
    for (int i = 0; i < 2; i++) {
        forge_note(&f, &(forge_edit){ w.joan, "person", "name", "Eve", KIT_NOON, NULL, 0 });
        (void)minilog_append(&w.log, forge_header(&f), forge_body(&f), KIT_NOON_MS);
    }
    world_edit(&w, ANNE, "religion=none");
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    assert_ok(world_pull(&w, HQ, 0, 4, &stats, &err), &err);
    assert_int_equal(stats.pending, 2);
    assert_int_equal(stats.ops, 2); /* Anne's go on */
    dbk_space_status s = world_status(&w, HQ);
    assert_int_equal(s.pending, 0);
    assert_int_equal(s.undecided, 2);
    assert_int_equal(s.log_size, 4);
    (void)proof_clean(world_book(&w, HQ), &w.org.space);
    /* Once the admin lets them write, what was kept takes its place. */
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    const dbk_new_grant grant = { w.org.space, dbk_book_device(world_book(&w, AUDITOR)),
                                  DBK_ROLE_OFFICER, 0 };
    assert_ok(dbk_org_grant(world_book(&w, HQ), &entry, &grant, &err), &err);
    dbk_test_org_post(&w.org, dbk_bytes_span(&entry));
    assert_int_equal(world_status(&w, HQ).pending, 0);
    assert_int_equal(world_status(&w, HQ).attention, 1);
    (void)proof_clean(world_book(&w, HQ), &w.org.space);
    dbk_bytes_wipe(&entry);
    forge_wipe(&f);
    world_drop(&w);
}

/* ---- what it signs ------------------------------------------------------------------------- */

static dbk_rc run_with(world *w, minilog_run *run, dbk_err *err)
{
    dbk_inbox_stats stats;
    return dbk_inbox_run(world_book(w, HQ), &stats, &run->run, err);
}

static void wrong_proofs_are_refused_m43(void **state)
{
    world w;
    minilog_run run;
    (void)state;
    world_make(&w);
    for (int i = 0; i < 6; i++)
        world_edit(&w, ANNE, i % 2 == 0 ? "sex=male" : "sex=female");
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    assert_int_equal(w.log.count, 7);
    before b = world_look(&w, HQ);
    minilog_run_init(&run, &w.log, 0, 3, NULL);
    dbk_proof honest = run.proof;
    assert_true(honest.count > 2);
    for (size_t i = 0; i < honest.count * 32; i++) {
        dbk_err err = { 0 };
        run.at = 0;
        run.proof = honest;
        run.proof.nodes[i / 32].b[i % 32] ^= 0x10;
        assert_rc(run_with(&w, &run, &err), DBK_PEER, &err);
    }
    static const int changes[] = { -1, 1, -100 };
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        dbk_err err = { 0 };
        run.at = 0;
        run.proof = honest;
        run.proof.count = changes[i] == -100 ? 0 : (size_t)((int)honest.count + changes[i]);
        assert_rc(run_with(&w, &run, &err), DBK_PEER, &err);
    }
    assert_true(world_untouched(&w, HQ, &b));
    run.at = 0;
    run.proof = honest;
    dbk_err err = { 0 };
    assert_ok(run_with(&w, &run, &err), &err);
    minilog_run_wipe(&run);
    world_drop(&w);
}

/* A run of one entry under a checkpoint that the test makes. */
static void refuse_checkpoint(world *w, const dbk_checkpoint *c, const dbk_secret *sk,
                              const char *text, const char *why)
{
    dbk_err err = { 0 };
    minilog_run run;
    dbk_position at = minilog_position(&w->log, world_book(w, HQ));
    before b = world_look(w, HQ);
    minilog_run_init(&run, &w->log, at.size, 0, NULL);
    dbk_bytes_truncate(&run.note, 0);
    assert_ok(dbk_checkpoint_sign(&run.note, c, sk, &err), &err);
    run.run.checkpoint = dbk_bytes_span(&run.note);
    dbk_rc rc = run_with(w, &run, &err);
    if (rc != DBK_PEER)
        fail_msg("%s: %s", why, dbk_rc_name(rc));
    if (strstr(err.text, text) == NULL)
        fail_msg("%s: the text is \"%s\"", why, err.text);
    assert_true(world_untouched(w, HQ, &b));
    minilog_run_wipe(&run);
}

static void checkpoints_of_anything_else_are_refused_m36_m37_m38(void **state)
{
    world w;
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    (void)state;
    world_make(&w);
    world_edit(&w, ANNE, "religion=none");
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    assert_ok(world_pull(&w, HQ, 0, 2, &stats, &err), &err);
    dbk_checkpoint good = { w.log.org, w.log.space, w.log.log, 2, minilog_root(&w.log, 2) };
    dbk_checkpoint c = good;
    dbk_sign_pk pk;
    dbk_secret *other = NULL;
    assert_ok(dbk_sign_keypair(&pk, &other, dbk_book_env(world_book(&w, HQ)), &err), &err);
    refuse_checkpoint(&w, &c, other, "not signed by the relay", "another key");
    c.size = 1;
    c.root = minilog_root(&w.log, 1);
    refuse_checkpoint(&w, &c, w.org.relay, "shorter", "a smaller tree (M37)");
    c = good;
    c.root.b[0] ^= 1;
    refuse_checkpoint(&w, &c, w.org.relay, "two different logs", "another root (M38)");
    c = good;
    c.log.b[0] ^= 1;
    refuse_checkpoint(&w, &c, w.org.relay, "replaced", "another incarnation");
    c = good;
    c.space.b[0] ^= 1;
    refuse_checkpoint(&w, &c, w.org.relay, "another organisation or space", "another space");
    c = good;
    c.org.b[0] ^= 1;
    refuse_checkpoint(&w, &c, w.org.relay, "another organisation or space", "another organisation");
    dbk_secret_free(other);
    world_drop(&w);
}

/* The relay once showed five entries; four are pulled, and then the log goes on differently. */
static void a_log_that_forks_behind_a_seen_checkpoint_is_caught_r19(void **state)
{
    world w;
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    (void)state;
    world_make(&w);
    for (int i = 0; i < 4; i++)
        world_edit(&w, ANNE, i % 2 == 0 ? "sex=male" : "sex=female");
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    assert_int_equal(w.log.count, 5);
    assert_ok(world_pull(&w, HQ, 0, 3, &stats, &err), &err);
    w.log.items[4].receipt_ms++; /* another view of the fifth */
    minilog_rebuild(&w.log);
    world_refuse(&w, 1, DBK_PEER, "two different logs", "the same size");
    world_edit(&w, ANNE, "religion=none");
    world_edit(&w, ANNE, "religion=other");
    (void)minilog_append_own(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    /* The forked log has seven entries now; its proofs are right. The fourth still fits. */
    assert_ok(world_pull(&w, HQ, 3, 1, &stats, &err), &err);
    world_refuse(&w, 2, DBK_PEER, "signed before", "the fork");
    w.log.items[4].receipt_ms--;
    minilog_rebuild(&w.log);
    assert_ok(world_pull(&w, HQ, 4, 3, &stats, &err), &err);
    (void)proof_clean(world_book(&w, HQ), &w.org.space);
    world_drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_verifies_is_taken_and_moves_the_position),
        cmocka_unit_test(an_empty_run_only_brings_the_checkpoint),
        cmocka_unit_test(a_run_from_anywhere_but_the_position_is_a_conflict),
        cmocka_unit_test(every_bit_of_a_run_counts_m01),
        cmocka_unit_test(a_run_cut_short_anywhere_is_refused_m02),
        cmocka_unit_test(fewer_entries_than_announced_and_broken_framing_are_refused),
        cmocka_unit_test(swapped_entries_and_changed_receipt_times_are_refused_m23),
        cmocka_unit_test(the_relay_cannot_leave_out_or_repeat_an_author_s_segment_m40),
        cmocka_unit_test(a_body_may_only_be_left_out_of_what_is_held),
        cmocka_unit_test(segments_of_strangers_are_refused_m05_m06_m07),
        cmocka_unit_test(a_member_cannot_write_in_another_s_name_m26),
        cmocka_unit_test(nobody_can_be_framed_by_a_forgery_that_would_stand_aside),
        cmocka_unit_test(every_signature_of_a_run_is_looked_at_not_only_the_newest_p1_a15),
        cmocka_unit_test(a_segment_of_another_space_is_refused_m27),
        cmocka_unit_test(what_a_reader_writes_stands_aside_for_a_supervisor_m08),
        cmocka_unit_test(wrong_proofs_are_refused_m43),
        cmocka_unit_test(checkpoints_of_anything_else_are_refused_m36_m37_m38),
        cmocka_unit_test(a_log_that_forks_behind_a_seen_checkpoint_is_caught_r19),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
