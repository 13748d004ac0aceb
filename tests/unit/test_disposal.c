/* Orders to dispose, carried out by one device after another (decision 0031). */
#include "tests/lib/test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/book_internal.h"
#include "core/journal/disposal.h"
#include "core/journal/proposal.h"
#include "core/store/rows_query.h"
#include "core/store/sql.h"
#include "tests/lib/cells.h"
#include "tests/lib/inboxkit.h"
#include "tests/lib/proof.h"

#define SECOND 3 /* in the place of the auditor: another administrator */
#define MARKER "Quagmirevale"

typedef struct bench {
    world w;
    dbk_id ruth; /* whom nobody disposes of */
    dbk_dot dots[64];
    size_t dots_count;
} bench;

static dbk_book *book(bench *b, size_t who)
{
    return world_book(&b->w, who);
}

static int setup(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER, DBK_ROLE_OFFICER, DBK_ROLE_ADMIN };
    static const char *const joan[] = { "name=Joan " MARKER, NULL };
    static const char *const ruth[] = { "name=Ruth", NULL };
    static bench b;
    world *w = &b.w;
    dbk_test_org_make(&w->org, roles, ARRAY_LEN(roles));
    dbk_id org = dbk_roster_org(dbk_book_roster(book(&b, HQ)));
    minilog_init(&w->log, &org, &w->org.space, w->org.relay);
    w->joan = dbk_test_add(book(&b, ANNE), &w->org.space, "person", joan);
    b.ruth = dbk_test_add(book(&b, ANNE), &w->org.space, "person", ruth);
    world_edit(w, ANNE, "sex=female");
    (void)minilog_push(&w->log, book(&b, ANNE), KIT_NOON_MS);
    minilog_pull(&w->log, book(&b, HQ), 10, NULL);
    world_edit(w, HQ, "name=Joanna " MARKER);
    (void)minilog_push(&w->log, book(&b, HQ), KIT_NOON_MS + 1);
    minilog_pull(&w->log, book(&b, ANNE), 10, NULL);
    b.dots_count = 0;
    *state = &b;
    return 0;
}

static int teardown(void **state)
{
    bench *b = *state;
    dbk_test_org_check(&b->w.org);
    world_drop(&b->w);
    return 0;
}

static void take_ops(bench *b, const dbk_id *record)
{
    dbk_err err = { 0 };
    dbk_dot *dots = NULL;
    assert_ok(
        dbk_disposal_ops(book(b, HQ), &dots, &b->dots_count, &b->w.org.space, record, 1, &err),
        &err);
    assert_true(b->dots_count <= ARRAY_LEN(b->dots));
    memcpy(b->dots, dots, b->dots_count * sizeof(*dots));
    dbk_free(dots);
}

/* Two administrators order it; every book hears of it. */
static void order(bench *b)
{
    dbk_err err = { 0 };
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX),
              whole = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    const dbk_new_order o = { b->w.org.space, { { 3 } }, b->dots, b->dots_count };
    assert_ok(dbk_org_dispose(book(b, HQ), &entry, &o, &err), &err);
    assert_ok(dbk_proposal_agree(book(b, SECOND), &whole, dbk_bytes_span(&entry), &err), &err);
    dbk_test_org_post(&b->w.org, dbk_bytes_span(&whole));
    dbk_bytes_wipe(&entry);
    dbk_bytes_wipe(&whole);
}

static dbk_disposal stand(bench *b, size_t who, size_t i)
{
    dbk_err err = { 0 };
    dbk_disposal d;
    assert_ok(dbk_disposal_at(book(b, who), &d, i, &err), &err);
    return d;
}

static uint64_t carry_out(bench *b, size_t who)
{
    dbk_err err = { 0 };
    uint64_t ops = 0;
    dbk_disposal d = stand(b, who, 0);
    assert_ok(dbk_disposal_erase(book(b, who), &ops, d.order, &err), &err);
    assert_ok(dbk_book_check_deep(book(b, who), &err), &err);
    assert_int_equal(stand(b, who, 0).state, DBK_DISPOSAL_OWED);
    assert_int_equal(stand(b, who, 0).owed, ops);
    return ops;
}

static bool has(bench *b, size_t who, const dbk_id *record)
{
    dbk_note *note = NULL;
    dbk_rc rc = dbk_query_note(&note, book(b, who), record, NULL);
    dbk_note_free(note);
    assert_true(rc == DBK_OK || rc == DBK_NOT_FOUND);
    return rc == DBK_OK;
}

/* ---- nothing stays ------------------------------------------------------------------------- */

static void index_words(dbk_book *of)
{
    dbk_err err = { 0 };
    uint64_t left = 1;
    while (left > 0)
        assert_ok(dbk_query_index(of, &left, 100, &err), &err);
}

static void an_order_takes_its_ops_from_every_table_and_every_proof_holds_2_5_p4(void **state)
{
    bench *b = *state;
    static const char token[] = "quagmirevale"; /* as the index of words has it */
    uint8_t frame[32];
    take_ops(b, &b->w.joan);
    assert_int_equal(b->dots_count, 3);
    for (size_t who = HQ; who <= ANNE; who++) {
        const minilog_item *first = &b->w.log.items[0];
        dbk_span sealed = dbk_span_of(frame, sizeof(frame));
        memcpy(frame, first->body + 40, sizeof(frame)); /* within the first op */
        index_words(book(b, who));
        assert_true(cells_with(book(b, who), dbk_span_str(MARKER)) > 0);
        assert_true(cells_with(book(b, who), dbk_span_str(token)) > 0);
        assert_int_equal(cells_with(book(b, who), sealed), 1);
    }
    proof first_proof = proof_clean(book(b, HQ), &b->w.org.space);
    order(b);
    for (size_t who = HQ; who <= ANNE; who++) {
        dbk_err err = { 0 };
        dbk_id *records = NULL;
        size_t count = 0;
        dbk_disposal d = stand(b, who, 0);
        assert_int_equal(d.state, DBK_DISPOSAL_DUE);
        assert_ok(dbk_disposal_records(book(b, who), &records, &count, d.order, &err), &err);
        assert_int_equal(count, 1);
        assert_true(dbk_id_equal(&records[0], &b->w.joan));
        dbk_free(records);
        (void)proof_clean(book(b, who), &b->w.org.space); /* ordered, and not done yet */
        assert_int_equal(carry_out(b, who), 3);
        assert_int_equal(carry_out(b, who), 0);
        assert_false(has(b, who, &b->w.joan));
        assert_true(has(b, who, &b->ruth));
        assert_int_equal(cells_with(book(b, who), dbk_span_str(MARKER)), 0);
        assert_int_equal(cells_with(book(b, who), dbk_span_str(token)), 0);
        assert_int_equal(cells_with(book(b, who), dbk_span_of(frame, sizeof(frame))), 0);
        dbk_test_book_reopen(&b->w.org.books[who]);
        proof after = proof_clean(book(b, who), &b->w.org.space);
        assert_true(dbk_hash_equal(&after.of.vector_hash, &first_proof.of.vector_hash));
        assert_int_equal(after.of.log_size, first_proof.of.log_size);
    }
    proof hq = proof_clean(book(b, HQ), &b->w.org.space);
    proof anne = proof_clean(book(b, ANNE), &b->w.org.space);
    assert_true(proof_equal(&hq, &anne));
}

static void a_record_of_which_ops_are_left_is_made_anew(void **state)
{
    bench *b = *state;
    dbk_id hq = dbk_book_device(book(b, HQ));
    take_ops(b, &b->w.joan);
    assert_string_equal(dbk_test_text(book(b, ANNE), &b->w.joan, "name"), "Joanna " MARKER);
    /* Headquarters' op alone. */
    for (size_t i = 0; i < b->dots_count; i++) {
        dbk_authorship author;
        dbk_err err = { 0 };
        assert_ok(dbk_query_author(book(b, HQ), &author, &b->dots[i], &err), &err);
        if (dbk_id_equal(&author.device, &hq))
            b->dots[0] = b->dots[i];
    }
    b->dots_count = 1;
    order(b);
    assert_int_equal(carry_out(b, ANNE), 1);
    assert_string_equal(dbk_test_text(book(b, ANNE), &b->w.joan, "name"), "Joan " MARKER);
    assert_string_equal(dbk_test_text(book(b, ANNE), &b->w.joan, "sex"), "Female");
    (void)proof_clean(book(b, ANNE), &b->w.org.space);
}

/* ---- what comes later ---------------------------------------------------------------------- */

static void what_comes_whole_after_its_order_is_erased_before_it_is_stored(void **state)
{
    bench *b = *state;
    take_ops(b, &b->w.joan);
    order(b);
    minilog_pull(&b->w.log, book(b, BEN), 1, NULL);
    assert_false(has(b, BEN, &b->w.joan));
    assert_true(has(b, BEN, &b->ruth));
    assert_int_equal(cells_with(book(b, BEN), dbk_span_str(MARKER)), 0);
    for (size_t i = 0; i < b->w.log.count; i++) {
        dbk_err err = { 0 };
        dbk_inbox_stats stats;
        assert_ok(world_carry(&b->w, SECOND, &b->w.log.items[i], &stats, &err), &err);
    }
    assert_false(has(b, SECOND, &b->w.joan));
    assert_int_equal(carry_out(b, BEN), 0);
    (void)carry_out(b, HQ);
    proof hq = proof_clean(book(b, HQ), &b->w.org.space);
    proof ben = proof_clean(book(b, BEN), &b->w.org.space);
    assert_true(proof_equal(&hq, &ben));
    (void)proof_clean(book(b, SECOND), &b->w.org.space);
}

/* As a relay that has carried the order out would send it. */
static void keep(minilog_item *item, uint64_t holes)
{
    dbk_header h;
    dbk_kept kept;
    dbk_err err = { 0 };
    dbk_bytes bytes = DBK_BYTES_INIT(DBK_KEPT_BYTES_MAX);
    assert_ok(dbk_header_decode(&h, dbk_span_of(item->header, item->header_len), &err), &err);
    assert_ok(dbk_kept_read(&kept, &h, dbk_span_of(item->body, item->body_len), item->kept, &err),
              &err);
    dbk_kept_erase(&kept, holes);
    assert_ok(dbk_kept_encode(&bytes, &kept, &err), &err);
    dbk_free(item->body);
    item->body = dbk_alloc(bytes.len);
    assert_non_null(item->body);
    memcpy(item->body, bytes.p, bytes.len);
    item->body_len = bytes.len;
    item->kept = true;
    dbk_bytes_wipe(&bytes);
}

static dbk_rc pass_on(void *ctx, const dbk_sealed *segment, dbk_err *err)
{
    dbk_inbox_stats stats;
    return dbk_inbox_carried(ctx, &stats, segment, err);
}

static void a_hole_is_taken_where_the_chain_orders_one_and_nowhere_else(void **state)
{
    bench *b = *state;
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    keep(&b->w.log.items[0], 1);
    before seen = world_look(&b->w, BEN);
    assert_rc(world_pull(&b->w, BEN, 0, 1, &stats, &err), DBK_PENDING, &err);
    assert_non_null(strstr(err.text, "no order"));
    assert_true(world_untouched(&b->w, BEN, &seen));
    dbk_err_clear(&err);
    assert_rc(world_carry(&b->w, BEN, &b->w.log.items[0], &stats, &err), DBK_PENDING, &err);
    assert_true(world_untouched(&b->w, BEN, &seen));
    take_ops(b, &b->w.joan);
    order(b);
    minilog_pull(&b->w.log, book(b, BEN), 1, NULL);
    assert_false(has(b, BEN, &b->w.joan));
    assert_true(has(b, BEN, &b->ruth));
    (void)proof_clean(book(b, BEN), &b->w.org.space);
    /* It passes on what it holds, as it holds it. */
    const dbk_outbox_feed all = { .space = b->w.org.space };
    dbk_err_clear(&err);
    assert_ok(dbk_outbox_carry(book(b, BEN), &all, pass_on, book(b, SECOND), &err), &err);
    assert_true(has(b, SECOND, &b->ruth));
    assert_false(has(b, SECOND, &b->w.joan));
    (void)proof_clean(book(b, SECOND), &b->w.org.space);
}

/* ---- verify -------------------------------------------------------------------------------- */

static void assert_fault(bench *b, size_t who, const char *text)
{
    proof p = proof_of(book(b, who), &b->w.org.space);
    assert_int_equal(p.rc, DBK_DAMAGED);
    assert_true(proof_says(&p, text));
}

static void verify_finds_a_hole_without_an_order_and_an_order_that_is_not_done(void **state)
{
    bench *b = *state;
    dbk_err err = { 0 };
    minilog_item hole = b->w.log.items[1];
    hole.body = dbk_alloc(hole.body_len);
    assert_non_null(hole.body);
    memcpy(hole.body, b->w.log.items[1].body, hole.body_len);
    keep(&hole, 1); /* Ruth's */
    take_ops(b, &b->w.joan);
    order(b);
    const uint64_t seq = stand(b, HQ, 0).order->seq;
    assert_ok(dbk_disposals_put(book(b, HQ)->store,
                                &(dbk_store_disposal){ seq, DBK_DISPOSAL_DONE, 0 }, &err),
              &err);
    assert_fault(b, HQ, "holds a note that was disposed of");
    assert_ok(dbk_disposals_put(book(b, HQ)->store,
                                &(dbk_store_disposal){ seq, DBK_DISPOSAL_KEPT, 0 }, &err),
              &err);
    (void)proof_clean(book(b, HQ), &b->w.org.space);
    (void)carry_out(b, HQ);
    assert_ok(dbk_segments_put_body(book(b, ANNE)->store, 2, dbk_span_of(hole.body, hole.body_len),
                                    true, &err),
              &err);
    assert_fault(b, ANNE, "lacks a note that no order names");
    assert_ok(dbk_segments_put_body(book(b, ANNE)->store, 2, dbk_span_of(b->w.log.items[1].body, 9),
                                    true, &err),
              &err);
    assert_fault(b, ANNE, "not those that its author signed");
    dbk_free(hole.body);
    /* The fixture looks at every book when it ends. */
    sqlite3_stmt *row = NULL;
    assert_int_equal(sqlite3_prepare_v2(book(b, ANNE)->store->db,
                                        "UPDATE segment SET body=?1,kept=0 WHERE id=2", -1, &row,
                                        NULL),
                     SQLITE_OK);
    (void)sqlite3_bind_blob(row, 1, b->w.log.items[1].body, (int)b->w.log.items[1].body_len, NULL);
    assert_int_equal(sqlite3_step(row), SQLITE_DONE);
    sqlite3_finalize(row);
}

static void what_is_kept_is_looked_at_again_when_its_space_has_changed(void **state)
{
    bench *b = *state;
    dbk_err err = { 0 };
    bool due = false;
    take_ops(b, &b->w.joan);
    assert_ok(dbk_disposal_any_due(book(b, ANNE), &due, &err), &err);
    assert_false(due);
    order(b);
    assert_ok(dbk_disposal_any_due(book(b, ANNE), &due, &err), &err);
    assert_true(due);
    assert_ok(dbk_disposal_keep(book(b, ANNE), stand(b, ANNE, 0).order, &err), &err);
    assert_int_equal(stand(b, ANNE, 0).state, DBK_DISPOSAL_KEPT);
    assert_false(stand(b, ANNE, 0).changed);
    world_edit(&b->w, ANNE, "religion=none");
    assert_true(stand(b, ANNE, 0).changed);
    assert_int_equal(carry_out(b, ANNE), 3);
    assert_ok(dbk_disposal_any_due(book(b, ANNE), &due, &err), &err);
    assert_true(due); /* to be said */
    assert_ok(dbk_disposal_said(book(b, ANNE), stand(b, ANNE, 0).order, &err), &err);
    assert_ok(dbk_disposal_any_due(book(b, ANNE), &due, &err), &err);
    assert_false(due);
    /* What no order names stays. */
    assert_true(has(b, ANNE, &b->w.joan));
    (void)proof_clean(book(b, ANNE), &b->w.org.space);
}

static void devices_are_silent_until_they_sign_that_they_hold_it(void **state)
{
    bench *b = *state;
    dbk_err err = { 0 };
    dbk_id *silent = NULL;
    size_t count = 0;
    static const char *const fields[] = { "name=Somebody", NULL };
    const dbk_id *space = &b->w.org.space;
    assert_ok(dbk_disposal_silent(book(b, HQ), &silent, &count, space, &b->w.joan, 1, &err), &err);
    assert_int_equal(count, 3); /* but itself */
    dbk_free(silent);
    for (size_t who = ANNE; who <= SECOND; who++) {
        minilog_pull(&b->w.log, book(b, who), 10, NULL);
        (void)dbk_test_add(book(b, who), space, "person", fields);
        (void)minilog_push(&b->w.log, book(b, who), KIT_NOON_MS + 9);
        minilog_pull(&b->w.log, book(b, HQ), 10, NULL);
        assert_ok(dbk_disposal_silent(book(b, HQ), &silent, &count, space, &b->w.joan, 1, &err),
                  &err);
        assert_int_equal(count, SECOND - who);
        dbk_free(silent);
    }
    world_edit(&b->w, HQ, "religion=none");
    assert_rc(dbk_disposal_silent(book(b, HQ), &silent, &count, space, &b->w.joan, 1, &err),
              DBK_PENDING, &err);
    dbk_free(silent);
    dbk_dot *dots = NULL;
    dbk_err_clear(&err);
    assert_rc(dbk_disposal_ops(book(b, HQ), &dots, &count, space, &b->w.joan, 1, &err), DBK_PENDING,
              &err);
    dbk_free(dots);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH(an_order_takes_its_ops_from_every_table_and_every_proof_holds_2_5_p4),
        WITH(a_record_of_which_ops_are_left_is_made_anew),
        WITH(what_comes_whole_after_its_order_is_erased_before_it_is_stored),
        WITH(a_hole_is_taken_where_the_chain_orders_one_and_nowhere_else),
        WITH(verify_finds_a_hole_without_an_order_and_an_order_that_is_not_done),
        WITH(what_is_kept_is_looked_at_again_when_its_space_has_changed),
        WITH(devices_are_silent_until_they_sign_that_they_hold_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
