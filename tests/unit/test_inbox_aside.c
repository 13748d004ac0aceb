/* What verifies and still can't be merged: it is kept with a reason, and everything else goes on
 * (sync-lessons 1.7, 1.34, 2.28, 2.35). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/journal/inbox_internal.h"
#include "core/journal/org_internal.h"
#include "tests/lib/forge.h"
#include "tests/lib/inboxkit.h"
#include "tests/lib/opkit.h"
#include "tests/lib/proof.h"

static uint64_t log_forged(world *w, const forge *f)
{
    return minilog_append(&w->log, forge_header(f), forge_body(f), KIT_NOON_MS);
}

static void forge_name(world *w, forge *f, const char *name)
{
    forge_note(f, &(forge_edit){ w->joan, "person", "name", name, KIT_NOON, NULL, 0 });
}

static void pull_all(world *w, size_t who, dbk_inbox_stats *stats)
{
    memset(stats, 0, sizeof(*stats));
    minilog_pull(&w->log, world_book(w, who), 100, stats);
}

/* The reason in a merged segment's row; "" if there is none. */
typedef struct reason_look {
    char text[128];
    dbk_segment_status status;
} reason_look;

static dbk_rc take_reason(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    reason_look *l = ctx;
    (void)err;
    l->status = row->status;
    (void)snprintf(l->text, sizeof(l->text), "%s", (const char *)row->reason.p);
    return DBK_OK;
}

static reason_look reason_at(world *w, size_t who, const dbk_id *feed, uint64_t seq)
{
    reason_look l = { 0 };
    dbk_err err = { 0 };
    const dbk_book_feed *row = dbk_tables_feed(&world_book(w, who)->tables, feed);
    assert_non_null(row);
    assert_ok(dbk_segments_at(world_book(w, who)->store, row->row, seq, take_reason, &l, &err),
              &err);
    return l;
}

/* ---- poison -------------------------------------------------------------------------------- */

static void an_op_that_nobody_can_read_does_nothing_and_blocks_nothing_2_28(void **state)
{
    static const uint8_t not_cbor[] = { 0xff, 0x00, 0x13 };
    static const uint8_t no_op[] = { 0xa0 };
    world w;
    forge f;
    dbk_inbox_stats stats;
    dbk_bytes good = DBK_BYTES_INIT(4096);
    (void)state;
    world_make(&w);
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    forge_init(&f, world_book(&w, BEN), world_book(&w, BEN), &w.org.space);
    const dbk_span empty[] = { dbk_span_of(not_cbor, 0) };
    forge_op(&f, &good, &(forge_edit){ w.joan, "person", "sex", "male", KIT_NOON, NULL, 0 });
    const dbk_span plain[] = { dbk_span_of(not_cbor, sizeof(not_cbor)), dbk_bytes_span(&good),
                               dbk_span_of(no_op, sizeof(no_op)) };
    forge_next(&f, plain, ARRAY_LEN(plain));
    (void)log_forged(&w, &f);
    forge_next(&f, empty, 1);
    (void)log_forged(&w, &f);
    /* A seal that is broken under the right key: the author's own doing, since it is signed. */
    forge_name(&w, &f, "Eve");
    f.body.p[f.body.len - 1] ^= 1;
    forge_resign(&f);
    (void)log_forged(&w, &f);
    forge_note(&f, &(forge_edit){ w.joan, "person", "religion", "none", KIT_NOON, NULL, 0 });
    (void)log_forged(&w, &f);
    pull_all(&w, HQ, &stats);
    assert_int_equal(stats.pending, 0);
    assert_int_equal(stats.ops, 3); /* Anne's, and two of Ben's six */
    assert_string_equal(reason_at(&w, HQ, &f.feed, 1).text, DBK_POISON);
    assert_int_equal(reason_at(&w, HQ, &f.feed, 1).status, DBK_SEGMENT_MERGED);
    assert_string_equal(reason_at(&w, HQ, &f.feed, 5).text, DBK_POISON);
    assert_string_equal(reason_at(&w, HQ, &f.feed, 6).text, "");
    /* The same on a replica that heard of it in another way. */
    for (size_t i = w.log.count; i > 1; i--) {
        for (size_t k = 1; k < w.log.count; k++) {
            dbk_err err = { 0 };
            dbk_rc rc = world_carry(&w, ANNE, &w.log.items[k], &stats, &err);
            assert_true(rc == DBK_OK || rc == DBK_PENDING);
        }
    }
    proof hq = proof_clean(world_book(&w, HQ), &w.org.space);
    proof anne = proof_clean(world_book(&w, ANNE), &w.org.space);
    assert_true(dbk_hash_equal(&hq.of.state_hash, &anne.of.state_hash));
    assert_true(dbk_hash_equal(&hq.of.vector_hash, &anne.of.vector_hash));
    dbk_bytes_wipe(&good);
    forge_wipe(&f);
    world_drop(&w);
}

/* ---- pending ------------------------------------------------------------------------------- */

static void what_a_newer_version_sealed_blocks_its_own_feed_only_1_11(void **state)
{
    world w;
    forge f;
    dbk_inbox_stats stats;
    (void)state;
    world_make(&w);
    forge_init(&f, world_book(&w, BEN), world_book(&w, BEN), &w.org.space);
    forge_name(&w, &f, "Joanna");
    (void)log_forged(&w, &f);
    forge_name(&w, &f, "Joanne");
    f.body.p[0] = 3; /* the frame's key tag: none of this version's */
    forge_resign(&f);
    (void)log_forged(&w, &f);
    forge_name(&w, &f, "Jo");
    (void)log_forged(&w, &f);
    (void)minilog_append_own(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    pull_all(&w, HQ, &stats);
    assert_int_equal(stats.ops, 2);
    assert_int_equal(stats.pending, 2);
    assert_string_equal(reason_at(&w, HQ, &f.feed, 2).text, DBK_WAIT_NEWER);
    assert_string_equal(reason_at(&w, HQ, &f.feed, 3).text, DBK_WAIT_EARLIER);
    assert_string_equal(world_status(&w, HQ).pending_reason, DBK_WAIT_NEWER);
    proof p = proof_clean(world_book(&w, HQ), &w.org.space);
    assert_int_equal(p.of.segments, 4);
    /* The vector is that of a replica which only has what is merged here. */
    dbk_err err = { 0 };
    assert_ok(world_carry(&w, AUDITOR, &w.log.items[0], &stats, &err), &err);
    assert_ok(world_carry(&w, AUDITOR, &w.log.items[3], &stats, &err), &err);
    proof other = proof_clean(world_book(&w, AUDITOR), &w.org.space);
    assert_true(dbk_hash_equal(&p.of.vector_hash, &other.of.vector_hash));
    assert_true(dbk_hash_equal(&p.of.state_hash, &other.of.state_hash));
    /* A later run finds the feed blocked still. */
    forge_name(&w, &f, "J");
    (void)log_forged(&w, &f);
    pull_all(&w, HQ, &stats);
    assert_int_equal(stats.pending, 1);
    (void)proof_clean(world_book(&w, HQ), &w.org.space);
    forge_wipe(&f);
    world_drop(&w);
}

/* Names 256 writes of another feed, from seq `from` on, that haven't come. */
static void forge_flood(world *w, forge *f, const dbk_id *victim, uint64_t from, dbk_bytes *out)
{
    dbk_dot preds[DBK_WRITE_PRED_MAX];
    for (size_t i = 0; i < ARRAY_LEN(preds); i++)
        preds[i] = (dbk_dot){ *victim, from + i };
    forge_op(f, out,
             &(forge_edit){ w->joan, "person", "name", "Eve", KIT_NOON, preds, ARRAY_LEN(preds) });
}

/* Six such ops pass the limit of a record in the middle of their segment. It waits, and when what
 * it names has come it is merged from there on: each op once. */
static void a_flood_waits_in_the_middle_and_goes_on_from_there(void **state)
{
    enum { FLOODS = 6 };
    world w;
    forge f;
    dbk_inbox_stats stats;
    dbk_err err = { 0 };
    dbk_bytes plain[FLOODS];
    dbk_span spans[FLOODS];
    (void)state;
    world_make(&w);
    dbk_position anne = minilog_position(&w.log, world_book(&w, ANNE));
    forge_init(&f, world_book(&w, BEN), world_book(&w, BEN), &w.org.space);
    for (size_t i = 0; i < FLOODS; i++) {
        dbk_bytes_init(&plain[i], DBK_OP_PLAIN_BYTES_MAX);
        forge_flood(&w, &f, &anne.own_feed, 2 + i * DBK_WRITE_PRED_MAX, &plain[i]);
        spans[i] = dbk_bytes_span(&plain[i]);
    }
    forge_next(&f, spans, FLOODS);
    (void)log_forged(&w, &f);
    forge_note(&f, &(forge_edit){ w.joan, "person", "religion", "none", KIT_NOON, NULL, 0 });
    (void)log_forged(&w, &f);
    pull_all(&w, HQ, &stats);
    assert_int_equal(stats.pending, 2);
    assert_int_equal(stats.ops, DBK_STATE_REMOVED_MAX / DBK_WRITE_PRED_MAX);
    assert_string_equal(reason_at(&w, HQ, &f.feed, 1).text, DBK_WAIT_FLOOD);
    assert_string_equal(reason_at(&w, HQ, &f.feed, 7).text, DBK_WAIT_EARLIER);
    (void)proof_clean(world_book(&w, HQ), &w.org.space);
    dbk_test_book_reopen(&w.org.books[HQ]);
    /* Anne writes 1600 other notes, and then one on this record: all those names mean nothing. */
    dbk_batch *batch = NULL;
    assert_ok(dbk_batch_begin(&batch, world_book(&w, ANNE), &err), &err);
    for (int i = 0; i < 1600; i++) {
        dbk_problems problems = { 0 };
        dbk_id id;
        dbk_input input = { DBK_INPUT_SET, "name", "Somebody", NULL };
        const dbk_add add = { w.org.space, "person", &input, 1, NULL };
        assert_ok(dbk_batch_add(batch, &id, &problems, &add, &err), &err);
        dbk_problems_wipe(&problems);
    }
    assert_ok(dbk_batch_flush(batch, &err), &err);
    dbk_batch_end(batch);
    world_edit(&w, ANNE, "sex=male");
    (void)minilog_append_own(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    pull_all(&w, HQ, &stats);
    assert_int_equal(world_status(&w, HQ).pending, 0);
    assert_string_equal(reason_at(&w, HQ, &f.feed, 1).text, "");
    pull_all(&w, AUDITOR, &stats); /* all at once */
    proof hq = proof_clean(world_book(&w, HQ), &w.org.space);
    proof other = proof_clean(world_book(&w, AUDITOR), &w.org.space);
    assert_true(proof_equal(&hq, &other));
    for (size_t i = 0; i < FLOODS; i++)
        dbk_bytes_wipe(&plain[i]);
    forge_wipe(&f);
    world_drop(&w);
}

/* ---- aside --------------------------------------------------------------------------------- */

/* A space in which Ben is a member, but Anne hasn't heard of it yet. */
typedef struct late_member {
    dbk_id elm;
    minilog log;
    dbk_bytes entry; /* Ben's grant */
} late_member;

static void make_late_member(world *w, late_member *l)
{
    dbk_err err = { 0 };
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_book *admin = world_book(w, HQ);
    const dbk_new_space space = { .name = "Op Elm", .creator_role = DBK_ROLE_HQ };
    assert_ok(dbk_org_space(admin, &entry, &l->elm, &space, &err), &err);
    dbk_test_org_post(&w->org, dbk_bytes_span(&entry));
    dbk_bytes_truncate(&entry, 0);
    dbk_new_grant grant = { l->elm, dbk_book_device(world_book(w, ANNE)), DBK_ROLE_OFFICER, 0 };
    assert_ok(dbk_org_grant(admin, &entry, &grant, &err), &err);
    dbk_test_org_post(&w->org, dbk_bytes_span(&entry));
    dbk_bytes_init(&l->entry, DBK_ENTRY_BYTES_MAX);
    grant.device = dbk_book_device(world_book(w, BEN));
    assert_ok(dbk_org_grant(admin, &l->entry, &grant, &err), &err);
    assert_ok(dbk_inbox_member(admin, dbk_bytes_span(&l->entry), &err), &err);
    assert_ok(dbk_inbox_member(world_book(w, BEN), dbk_bytes_span(&l->entry), &err), &err);
    minilog_init(&l->log, &w->log.org, &l->elm, w->org.relay);
    dbk_bytes_wipe(&entry);
}

static void drop_late_member(late_member *l)
{
    minilog_wipe(&l->log);
    dbk_bytes_wipe(&l->entry);
}

static void an_author_who_is_not_known_yet_is_taken_when_membership_comes_1_35(void **state)
{
    static const char *const fields[] = { "name=Ruth", NULL };
    world w;
    late_member l;
    dbk_inbox_stats stats = { 0 };
    dbk_err err = { 0 };
    (void)state;
    world_make(&w);
    make_late_member(&w, &l);
    dbk_id ruth = dbk_test_add(world_book(&w, BEN), &l.elm, "person", fields);
    (void)minilog_append_own(&l.log, world_book(&w, BEN), KIT_NOON_MS);
    const char *const edits[] = { "sex=female", NULL };
    dbk_test_edit(world_book(&w, BEN), &ruth, edits);
    (void)minilog_append_own(&l.log, world_book(&w, BEN), KIT_NOON_MS);
    /* A relay can't pile up what nobody can judge yet. */
    minilog evil;
    minilog_run run;
    minilog_init(&evil, &w.log.org, &l.elm, w.org.relay);
    for (int i = 0; i < 2; i++)
        (void)minilog_append(&evil, dbk_span_of(l.log.items[0].header, l.log.items[0].header_len),
                             dbk_span_of(l.log.items[0].body, l.log.items[0].body_len),
                             KIT_NOON_MS);
    before b = world_look(&w, ANNE);
    minilog_run_init(&run, &evil, 0, 2, NULL);
    assert_rc(dbk_inbox_run(world_book(&w, ANNE), &stats, &run.run, &err), DBK_PEER, &err);
    assert_true(world_untouched(&w, ANNE, &b));
    dbk_err_clear(&err);
    minilog_run_wipe(&run);
    minilog_wipe(&evil);
    memset(&stats, 0, sizeof(stats));
    minilog_pull(&l.log, world_book(&w, ANNE), 1, &stats);
    assert_int_equal(stats.pending, 2);
    assert_int_equal(stats.ops, 0);
    (void)proof_clean(world_book(&w, ANNE), &l.elm);
    /* A folder's segment of him would only be skipped. */
    assert_rc(world_carry(&w, ANNE, &l.log.items[0], &stats, &err), DBK_OK, &err);
    dbk_test_book_reopen(&w.org.books[ANNE]);
    assert_ok(dbk_inbox_member(world_book(&w, ANNE), dbk_bytes_span(&l.entry), &err), &err);
    minilog_pull(&l.log, world_book(&w, HQ), 10, &stats);
    proof anne = proof_clean(world_book(&w, ANNE), &l.elm);
    proof hq = proof_clean(world_book(&w, HQ), &l.elm);
    assert_true(proof_equal(&anne, &hq));
    assert_int_equal(anne.of.records, 1);
    /* And the feed goes on. */
    const char *const more[] = { "religion=none", NULL };
    dbk_test_edit(world_book(&w, BEN), &ruth, more);
    (void)minilog_append_own(&l.log, world_book(&w, BEN), KIT_NOON_MS);
    minilog_pull(&l.log, world_book(&w, ANNE), 1, &stats);
    (void)proof_clean(world_book(&w, ANNE), &l.elm);
    drop_late_member(&l);
    world_drop(&w);
}

/* Ben is made headquarters, and writes as such before Anne has heard of it; she holds the key. */
static void a_note_waits_for_the_membership_that_tells_its_authors_role_P1(void **state)
{
    world w;
    dbk_inbox_stats stats = { 0 };
    dbk_err err = { 0 };
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    (void)state;
    world_make(&w);
    const dbk_new_grant grant = { w.org.space, dbk_book_device(world_book(&w, BEN)), DBK_ROLE_HQ,
                                  0 };
    assert_ok(dbk_org_grant(world_book(&w, HQ), &entry, &grant, &err), &err);
    assert_ok(dbk_inbox_member(world_book(&w, HQ), dbk_bytes_span(&entry), &err), &err);
    assert_ok(dbk_inbox_member(world_book(&w, BEN), dbk_bytes_span(&entry), &err), &err);
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    pull_all(&w, BEN, &stats);
    world_edit(&w, BEN, "sex=male");
    (void)minilog_append_own(&w.log, world_book(&w, BEN), KIT_NOON_MS);
    dbk_id feed = minilog_position(&w.log, world_book(&w, BEN)).own_feed;
    pull_all(&w, HQ, &stats);
    pull_all(&w, ANNE, &stats);
    assert_string_equal(reason_at(&w, ANNE, &feed, 1).text, DBK_WAIT_MEMBERS);
    assert_int_equal(world_status(&w, ANNE).pending, 1);
    assert_ok(dbk_inbox_member(world_book(&w, ANNE), dbk_bytes_span(&entry), &err), &err);
    assert_int_equal(world_status(&w, ANNE).pending, 0);
    proof anne = proof_clean(world_book(&w, ANNE), &w.org.space);
    proof hq = proof_clean(world_book(&w, HQ), &w.org.space);
    assert_true(proof_equal(&anne, &hq));
    dbk_bytes_wipe(&entry);
    world_drop(&w);
}

static void a_forgery_that_came_before_its_author_stays_aside_and_takes_no_place(void **state)
{
    static const char *const fields[] = { "name=Ruth", NULL };
    world w;
    late_member l;
    forge f;
    dbk_inbox_stats stats = { 0 };
    dbk_err err = { 0 };
    (void)state;
    world_make(&w);
    make_late_member(&w, &l);
    (void)dbk_test_add(world_book(&w, BEN), &l.elm, "person", fields);
    /* Anne's device signs in the name of Ben's feed; the relay puts it first. */
    dbk_position ben = { 0 };
    for (size_t i = 0; i < 1; i++)
        ben = minilog_position(&l.log, world_book(&w, BEN));
    forge_init(&f, world_book(&w, AUDITOR), world_book(&w, HQ), &l.elm);
    f.feed = ben.own_feed;
    f.incarnation = dbk_tables_feed(&world_book(&w, BEN)->tables, &ben.own_feed)->incarnation;
    f.members_seen = dbk_roster_head(dbk_book_roster(world_book(&w, BEN)));
    forge_name(&w, &f, "Eve");
    minilog evil;
    minilog_init(&evil, &w.log.org, &l.elm, w.org.relay);
    (void)minilog_append(&evil, forge_header(&f), forge_body(&f), KIT_NOON_MS);
    (void)minilog_append_own(&l.log, world_book(&w, BEN), KIT_NOON_MS);
    minilog_pull(&evil, world_book(&w, ANNE), 1, &stats);
    const minilog_item *item = &l.log.items[0];
    (void)minilog_append(&evil, dbk_span_of(item->header, item->header_len),
                         dbk_span_of(item->body, item->body_len), KIT_NOON_MS);
    minilog_pull(&evil, world_book(&w, ANNE), 1, &stats);
    assert_int_equal(stats.pending, 2);
    assert_ok(dbk_inbox_member(world_book(&w, ANNE), dbk_bytes_span(&l.entry), &err), &err);
    proof anne = proof_clean(world_book(&w, ANNE), &l.elm);
    assert_int_equal(anne.of.records, 1);
    minilog_pull(&l.log, world_book(&w, HQ), 1, &stats);
    proof hq = proof_clean(world_book(&w, HQ), &l.elm);
    assert_true(dbk_hash_equal(&hq.of.state_hash, &anne.of.state_hash));
    dbk_id aside = dbk_inbox_aside_feed(&l.elm);
    assert_string_equal(reason_at(&w, ANNE, &aside, 1).text, DBK_WAIT_FORGED);
    minilog_wipe(&evil);
    forge_wipe(&f);
    drop_late_member(&l);
    world_drop(&w);
}

/* Ben signs two histories: one goes round by a folder, the other to the relay. */
static void two_histories_of_one_author_are_both_kept_and_nothing_else_waits(void **state)
{
    world w;
    forge a, b;
    dbk_inbox_stats stats;
    dbk_err err = { 0 };
    (void)state;
    world_make(&w);
    forge_init(&a, world_book(&w, BEN), world_book(&w, BEN), &w.org.space);
    forge_name(&w, &a, "Joanna");
    (void)log_forged(&w, &a);
    pull_all(&w, HQ, &stats);
    b = a;
    dbk_bytes_init(&b.body, DBK_SEGMENT_BODY_BYTES_MAX);
    forge_name(&w, &a, "for the folder");
    assert_ok(dbk_inbox_carried(world_book(&w, HQ), &stats, forge_sealed(&a), &err), &err);
    assert_int_equal(stats.ops, 1);
    proof carried = proof_clean(world_book(&w, HQ), &w.org.space);
    for (int i = 0; i < 3; i++) {
        forge_name(&w, &b, "for the relay");
        (void)log_forged(&w, &b);
        if (i == 2)
            continue;
        /* The folder brings two of them too: they are here before the log tells their places. */
        assert_ok(dbk_inbox_carried(world_book(&w, HQ), &stats, forge_sealed(&b), &err), &err);
        assert_int_equal(stats.pending, 1);
    }
    (void)minilog_append_own(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    pull_all(&w, HQ, &stats);
    assert_int_equal(stats.pending, 1);
    assert_int_equal(stats.ops, 1); /* Anne's */
    assert_int_equal(world_status(&w, HQ).undecided, 3);
    assert_int_equal(minilog_position(&w.log, world_book(&w, HQ)).size, 5);
    /* Another run goes on with the relay's branch, and the folder with its own. */
    forge_name(&w, &b, "for the relay");
    (void)log_forged(&w, &b);
    pull_all(&w, HQ, &stats);
    assert_int_equal(stats.pending, 1);
    forge_name(&w, &a, "for the folder");
    assert_ok(dbk_inbox_carried(world_book(&w, HQ), &stats, forge_sealed(&a), &err), &err);
    assert_int_equal(stats.ops, 0); /* neither is merged any further */
    assert_int_equal(stats.pending, 1);
    /* The relay's branch once more by a folder: held. */
    for (int i = 0; i < 100; i++) {
        assert_ok(world_carry(&w, HQ, &w.log.items[1], &stats, &err), &err);
        assert_int_equal(stats.segments, 0);
    }
    proof p = proof_clean(world_book(&w, HQ), &w.org.space);
    assert_int_equal(p.of.segments, 1 + 1 + 3 + 1 + 1 + 1);
    assert_false(proof_equal(&p, &carried));
    dbk_test_book_reopen(&w.org.books[HQ]);
    assert_ok(dbk_book_check_deep(world_book(&w, HQ), &err), &err);
    forge_wipe(&a);
    forge_wipe(&b);
    world_drop(&w);
}

/* ---- folders ------------------------------------------------------------------------------- */

static void a_folder_can_neither_forge_nor_leave_a_hole(void **state)
{
    world w;
    forge f;
    dbk_inbox_stats stats;
    dbk_err err = { 0 };
    (void)state;
    world_make(&w);
    world_edit(&w, ANNE, "religion=none");
    (void)minilog_append_own(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    before b = world_look(&w, HQ);
    assert_rc(world_carry(&w, HQ, &w.log.items[1], &stats, &err), DBK_PENDING, &err);
    assert_int_equal(stats.pending, 1);
    const struct {
        size_t at;
        dbk_rc want;
    } flips[] = { { 0, DBK_FORMAT },   { 4, DBK_VERSION }, { 10, DBK_NOT_FOUND },
                  { 30, DBK_PENDING }, { 100, DBK_AUTH },  { 250, DBK_AUTH } };
    for (size_t i = 0; i < ARRAY_LEN(flips); i++) {
        minilog_item *item = &w.log.items[0];
        dbk_err_clear(&err);
        item->header[flips[i].at] ^= 0x40;
        dbk_rc rc = world_carry(&w, HQ, item, &stats, &err);
        if (rc != flips[i].want)
            fail_msg("byte %zu: %s %s", flips[i].at, dbk_rc_name(rc), err.text);
        item->header[flips[i].at] ^= 0x40;
    }
    w.log.items[0].body[7] ^= 1;
    dbk_err_clear(&err);
    assert_rc(world_carry(&w, HQ, &w.log.items[0], &stats, &err), DBK_AUTH, &err);
    w.log.items[0].body[7] ^= 1;
    forge_init(&f, world_book(&w, BEN), world_book(&w, BEN), &w.org.space);
    dbk_id anne = dbk_book_device(world_book(&w, ANNE));
    f.feed = dbk_feed_id(&anne, &f.space, &f.incarnation);
    forge_name(&w, &f, "Eve");
    dbk_err_clear(&err);
    assert_rc(dbk_inbox_carried(world_book(&w, HQ), &stats, forge_sealed(&f), &err), DBK_AUTH,
              &err);
    assert_true(world_untouched(&w, HQ, &b));
    dbk_err_clear(&err);
    assert_ok(world_carry(&w, HQ, &w.log.items[0], &stats, &err), &err);
    assert_ok(world_carry(&w, HQ, &w.log.items[1], &stats, &err), &err);
    assert_int_equal(stats.records_changed, 1);
    forge_wipe(&f);
    /* What a reader wrote stands aside, by a folder too. */
    forge_init(&f, world_book(&w, AUDITOR), world_book(&w, AUDITOR), &w.org.space);
    forge_name(&w, &f, "Eve");
    assert_ok(dbk_inbox_carried(world_book(&w, HQ), &stats, forge_sealed(&f), &err), &err);
    assert_int_equal(stats.ops, 0);
    assert_int_equal(world_status(&w, HQ).undecided, 1);
    assert_int_equal(world_status(&w, HQ).pending, 0);
    (void)proof_clean(world_book(&w, HQ), &w.org.space);
    forge_wipe(&f);
    world_drop(&w);
}

/* ---- failures on this side ----------------------------------------------------------------- */

/* Every allocation of a pull fails in its turn: nothing is taken by halves, and the next pull does
 * it all. */
static void a_pull_that_runs_out_of_memory_changes_nothing(void **state)
{
    world w;
    dbk_inbox_stats stats;
    uint64_t failed = 0;
    (void)state;
    world_make(&w);
    world_edit(&w, ANNE, "religion=none");
    (void)minilog_append_own(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    proof empty = proof_clean(world_book(&w, HQ), &w.org.space);
    for (uint64_t n = 1;; n++) {
        dbk_err err = { 0 };
        minilog_run run;
        minilog_run_init(&run, &w.log, 0, 2, NULL);
        dbk_test_alloc hook = { .fail_at = n };
        dbk_test_alloc_start(&hook);
        dbk_rc rc = dbk_inbox_run(world_book(&w, HQ), &stats, &run.run, &err);
        int came = dbk_test_alloc_stop(&hook);
        minilog_run_wipe(&run);
        dbk_position at = minilog_position(&w.log, world_book(&w, HQ));
        if (rc == DBK_OK) {
            /* SQLite can do without some of what it asks for. */
            assert_int_equal(at.size, 2);
            if (!came)
                break;
            failed++;
            world_drop(&w);
            world_make(&w);
            world_edit(&w, ANNE, "religion=none");
            (void)minilog_append_own(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
            continue;
        }
        failed++;
        assert_int_equal(at.size, 0);
        assert_false(dbk_store_in_transaction(world_book(&w, HQ)->store));
        if (n % 16 == 0) {
            proof now = proof_clean(world_book(&w, HQ), &w.org.space);
            assert_true(proof_equal(&empty, &now));
        }
    }
    assert_true(failed > 20);
    (void)proof_clean(world_book(&w, HQ), &w.org.space);
    world_drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_op_that_nobody_can_read_does_nothing_and_blocks_nothing_2_28),
        cmocka_unit_test(what_a_newer_version_sealed_blocks_its_own_feed_only_1_11),
        cmocka_unit_test(a_flood_waits_in_the_middle_and_goes_on_from_there),
        cmocka_unit_test(an_author_who_is_not_known_yet_is_taken_when_membership_comes_1_35),
        cmocka_unit_test(a_note_waits_for_the_membership_that_tells_its_authors_role_P1),
        cmocka_unit_test(a_forgery_that_came_before_its_author_stays_aside_and_takes_no_place),
        cmocka_unit_test(two_histories_of_one_author_are_both_kept_and_nothing_else_waits),
        cmocka_unit_test(a_folder_can_neither_forge_nor_leave_a_hole),
        cmocka_unit_test(a_pull_that_runs_out_of_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
