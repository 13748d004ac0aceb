/* A device begins with a snapshot of headquarters' and is then as one that pulled the whole log
 * (decision 0039). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/outbox.h"
#include "core/journal/query.h"
#include "core/store/records.h"
#include "tests/lib/opkit.h"
#include "tests/lib/proof.h"
#include "tests/lib/snapkit.h"

/* Anne's note, and what Ben and she then wrote without knowing of each other. */
static void dispute(snapkit *k)
{
    snapkit_push(k, ANNE);
    snapkit_pull(k, BEN);
    world_edit(&k->w, BEN, "name=Joanna Marsh");
    world_edit(&k->w, ANNE, "name=Joanne Marsh");
    world_edit(&k->w, ANNE, "religion=none");
    snapkit_push(k, BEN);
    snapkit_push(k, ANNE);
    snapkit_pull(k, HQ);
    snapkit_pull(k, SNAP_SECOND);
}

static proof proof_at(snapkit *k, size_t who)
{
    return proof_clean(snapkit_book(k, who), &k->w.org.space);
}

static dbk_snapshot_begun begun_at(snapkit *k, size_t who)
{
    dbk_snapshot_begun begun;
    dbk_err err = { 0 };
    assert_ok(dbk_snapshot_begun_with(snapkit_book(k, who), &begun, &k->w.org.space, &err), &err);
    return begun;
}

/* Nothing of the space is here. */
static void assert_nothing_here(snapkit *k, size_t who)
{
    dbk_book *book = snapkit_book(k, who);
    dbk_err err = { 0 };
    const dbk_book_space *home = dbk_tables_space(&book->tables, &k->w.org.space);
    assert_true(home == NULL || home->now.frontier.size == 0);
    for (size_t i = 0; i < book->tables.feeds_count; i++)
        assert_true(book->tables.feeds[i]->own);
    assert_int_equal(begun_at(k, who).size, 0);
    assert_ok(dbk_book_check_deep(book, &err), &err);
}

static void assert_refused(snapkit *k, dbk_rc want, const char *says)
{
    dbk_err err = { 0 };
    assert_rc(snapkit_try_take(k, SNAP_NEW, &err), want, &err);
    if (strstr(err.text, says) == NULL)
        fail_msg("'%s' does not say '%s'", err.text, says);
    assert_nothing_here(k, SNAP_NEW);
}

static void a_snapshot_and_the_tail_are_the_whole_log(void **state)
{
    snapkit *k = *state;
    dispute(k);
    snapkit_snap(k);
    snapkit_take(k, SNAP_NEW);
    proof began = proof_at(k, SNAP_NEW), desk = proof_at(k, HQ);
    assert_true(proof_equal(&began, &desk));
    assert_true(began.of.bare == k->w.log.count);
    assert_true(began.of.believed == 1);
    world_edit(&k->w, HQ, "sex=intersex");
    snapkit_push(k, HQ);
    snapkit_pull(k, SNAP_NEW);
    snapkit_pull(k, SNAP_ALSO); /* the whole log */
    proof all = proof_at(k, SNAP_ALSO);
    began = proof_at(k, SNAP_NEW);
    assert_true(proof_equal(&began, &all));
    assert_int_equal(all.of.bare, 0);
    assert_string_equal(dbk_test_text(snapkit_book(k, SNAP_NEW), &k->w.joan, "sex"), "Intersex");
    /* And it writes on, as any device does. */
    world_edit(&k->w, SNAP_NEW, "religion=sikh");
    snapkit_push(k, SNAP_NEW);
    snapkit_pull(k, HQ);
    desk = proof_at(k, HQ);
    began = proof_at(k, SNAP_NEW);
    assert_true(proof_equal(&began, &desk));
}

static void
a_note_of_an_officer_who_was_away_merges_as_if_nothing_had_been_left_out_P2(void **state)
{
    snapkit *k = *state;
    snapkit_push(k, ANNE);
    snapkit_pull(k, BEN);
    world_edit(&k->w, BEN, "name=Joanna Marsh"); /* and then Ben has no network for months */
    world_edit(&k->w, ANNE, "name=Joanne Marsh");
    snapkit_push(k, ANNE);
    snapkit_pull(k, HQ);
    snapkit_pull(k, SNAP_SECOND);
    snapkit_snap(k);
    snapkit_take(k, SNAP_NEW);
    assert_int_equal(dbk_test_attention(snapkit_book(k, SNAP_NEW), &k->w.joan).asks, 0);
    snapkit_push(k, BEN);
    snapkit_pull(k, SNAP_NEW);
    snapkit_pull(k, SNAP_ALSO);
    proof began = proof_at(k, SNAP_NEW), all = proof_at(k, SNAP_ALSO);
    assert_true(proof_equal(&began, &all));
    assert_int_equal(dbk_test_attention(snapkit_book(k, SNAP_NEW), &k->w.joan).asks, 1);
}

/* ---- who says so --------------------------------------------------------------------------- */

static void a_second_desk_confirms_also_when_it_has_gone_on(void **state)
{
    snapkit *k = *state;
    dbk_err err = { 0 };
    dispute(k);
    assert_ok(snapkit_try_make(k, HQ, &err), &err);
    static const char *const ruth[] = { "name=Ruth", NULL };
    world_edit(&k->w, ANNE, "sex=intersex");
    (void)dbk_test_add(snapkit_book(k, ANNE), &k->w.org.space, "person", ruth);
    snapkit_push(k, ANNE);
    snapkit_pull(k, SNAP_SECOND);
    world_edit(&k->w, SNAP_SECOND, "name=Jo"); /* not pushed yet */
    assert_ok(snapkit_try_confirm(k, SNAP_SECOND, &err), &err);
    snapkit_take(k, SNAP_NEW);
    snapkit_push(k, SNAP_SECOND);
    snapkit_pull(k, SNAP_NEW);
    snapkit_pull(k, SNAP_ALSO);
    proof began = proof_at(k, SNAP_NEW), all = proof_at(k, SNAP_ALSO);
    assert_true(proof_equal(&began, &all));
}

static void what_the_maker_has_not_sent_is_not_in_it(void **state)
{
    snapkit *k = *state;
    dispute(k);
    world_edit(&k->w, HQ, "name=Jo");
    snapkit_snap(k);
    snapkit_take(k, SNAP_NEW);
    assert_string_not_equal(dbk_test_text(snapkit_book(k, SNAP_NEW), &k->w.joan, "name"), "Jo");
    snapkit_pull(k, SNAP_ALSO);
    proof began = proof_at(k, SNAP_NEW), all = proof_at(k, SNAP_ALSO);
    assert_true(proof_equal(&began, &all));
}

static void headquarters_alone_makes_and_confirms(void **state)
{
    snapkit *k = *state;
    dbk_err err = { 0 };
    dispute(k);
    snapkit_pull(k, ANNE);
    assert_rc(snapkit_try_make(k, ANNE, &err), DBK_DENIED, &err);
    dbk_err_clear(&err);
    assert_ok(snapkit_try_make(k, HQ, &err), &err);
    assert_rc(snapkit_try_confirm(k, ANNE, &err), DBK_DENIED, &err);
    dbk_err_clear(&err);
    assert_rc(snapkit_try_confirm(k, HQ, &err), DBK_DENIED, &err); /* it made it */
    assert_refused(k, DBK_DENIED, "not confirmed");                /* zeros are no word */
    dbk_confirmation_sign(k->word, &(dbk_claim){ .size = 1 }, &(dbk_id){ { 0 } }, 1,
                          snapkit_book(k, ANNE)->own.sign);
    assert_refused(k, DBK_DENIED, "not confirmed");
    /* An officer's word, and the maker's own, properly signed. */
    dbk_manifest m;
    assert_ok(dbk_manifest_decode(&m, dbk_bytes_span(&k->manifest), &err), &err);
    static const size_t no_one[] = { ANNE, HQ };
    for (size_t i = 0; i < ARRAY_LEN(no_one); i++) {
        dbk_book *book = snapkit_book(k, no_one[i]);
        dbk_confirmation_sign(k->word, &m.claim, &book->own.device, 1, book->own.sign);
        assert_refused(k, DBK_DENIED, "not confirmed");
    }
    dbk_book *second = snapkit_book(k, SNAP_SECOND);
    dbk_confirmation_sign(k->word, &m.claim, &second->own.device, 1, second->own.sign);
    snapkit_take(k, SNAP_NEW);
}

static void a_desk_that_makes_something_else_of_the_same_notes_does_not_confirm(void **state)
{
    snapkit *k = *state;
    dbk_err err = { 0 };
    dbk_claim other;
    dbk_manifest m;
    dispute(k);
    snapkit_snap(k);
    assert_ok(dbk_manifest_decode(&m, dbk_bytes_span(&k->manifest), &err), &err);
    dbk_bytes out = DBK_BYTES_INIT(DBK_MANIFEST_BYTES_MAX);
    for (size_t i = 0; i < 4; i++) {
        dbk_manifest lie = m;
        other = m.claim;
        lie.claim.state_hash.b[0] ^= i == 0 ? 1 : 0;
        lie.claim.vector_hash.b[0] ^= i == 1 ? 1 : 0;
        lie.claim.plain_hash.b[0] ^= i == 2 ? 1 : 0;
        lie.claim.records += i == 3 ? 1 : 0;
        assert_false(dbk_claim_equal(&lie.claim, &other));
        dbk_bytes_truncate(&out, 0);
        assert_ok(dbk_manifest_sign(&out, &lie, snapkit_book(k, HQ)->own.sign, &err), &err);
        assert_rc(
            dbk_snapshot_confirm(snapkit_book(k, SNAP_SECOND), k->word, dbk_bytes_span(&out), &err),
            DBK_CONFLICT, &err);
        dbk_err_clear(&err);
    }
    dbk_bytes_wipe(&out);
}

/* Both desks' rows tell the same lie: the sealed notes are asked, or nobody would find it. */
static void a_desk_confirms_from_its_sealed_notes_and_not_from_its_rows_P4(void **state)
{
    snapkit *k = *state;
    dbk_err err = { 0 };
    static const size_t desks[] = { HQ, SNAP_SECOND };
    snapkit_push(k, ANNE);
    for (size_t i = 0; i < ARRAY_LEN(desks); i++) {
        snapkit_pull(k, desks[i]);
        snapkit_sql(snapkit_book(k, desks[i]),
                    "CREATE TEMP TABLE old AS SELECT record, state FROM record");
    }
    world_edit(&k->w, ANNE, "name=Joanne Marsh");
    snapkit_push(k, ANNE);
    for (size_t i = 0; i < ARRAY_LEN(desks); i++) {
        dbk_book *book = snapkit_book(k, desks[i]);
        snapkit_pull(k, desks[i]);
        snapkit_sql(book, "CREATE TEMP TABLE new AS SELECT record, state FROM record");
        snapkit_sql(book, "UPDATE record SET state=(SELECT o.state FROM old o"
                          " WHERE o.record=record.record)");
    }
    assert_ok(snapkit_try_make(k, HQ, &err), &err);
    assert_rc(snapkit_try_confirm(k, SNAP_SECOND, &err), DBK_CONFLICT, &err);
    for (size_t i = 0; i < ARRAY_LEN(desks); i++)
        snapkit_sql(snapkit_book(k, desks[i]), "UPDATE record SET state=(SELECT n.state FROM new n"
                                               " WHERE n.record=record.record)");
    dbk_err_clear(&err);
    assert_ok(snapkit_try_make(k, HQ, &err), &err);
    assert_ok(snapkit_try_confirm(k, SNAP_SECOND, &err), &err);
}

/* ---- what was changed ---------------------------------------------------------------------- */

static void every_bit_of_manifest_and_confirmation_counts(void **state)
{
    snapkit *k = *state;
    dispute(k);
    snapkit_snap(k);
    const dbk_snapshot_in in = snapkit_in(k);
    for (size_t bit = 0; bit < 8 * (k->manifest.len + sizeof(k->word)); bit++) {
        dbk_err err = { 0 };
        size_t at = bit / 8;
        uint8_t *byte = at < k->manifest.len ? &k->manifest.p[at] : &k->word[at - k->manifest.len];
        *byte ^= (uint8_t)(1u << bit % 8);
        if (dbk_snapshot_look(snapkit_book(k, SNAP_NEW), &in, &err) == DBK_OK)
            fail_msg("bit %zu counts for nothing", bit);
        *byte ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < k->manifest.len; len++) {
        dbk_err err = { 0 };
        dbk_snapshot_in cut = in;
        cut.manifest.len = len;
        assert_rc(dbk_snapshot_look(snapkit_book(k, SNAP_NEW), &cut, &err), DBK_FORMAT, &err);
    }
    assert_int_equal(k->given, 0);
    assert_nothing_here(k, SNAP_NEW);
    snapkit_take(k, SNAP_NEW);
}

/* Enough for several chunks. */
static void write_much(snapkit *k)
{
    char name[1990];
    kit_random r;
    kit_random_seed(&r, 39);
    for (int note = 0; note < 120; note++) {
        char field[sizeof(name) + 16];
        for (size_t i = 0; i < sizeof(name) - 1; i++)
            name[i] = (char)('a' + kit_random_below(&r, 26));
        name[sizeof(name) - 1] = '\0';
        (void)snprintf(field, sizeof(field), "needs_detail=%s", name);
        const char *const fields[] = { "name=Ruth", field, NULL };
        (void)dbk_test_add(snapkit_book(k, ANNE), &k->w.org.space, "person", fields);
    }
}

static void every_changed_cut_missing_and_swapped_part_is_refused_and_leaves_nothing(void **state)
{
    snapkit *k = *state;
    write_much(k);
    dispute(k);
    snapkit_snap(k);
    assert_true(k->chunks_count >= 3);
    for (uint32_t i = 0; i < k->chunks_count; i++) {
        dbk_bytes *c = &k->chunks[i];
        for (size_t at = 0; at < c->len; at += 9973) {
            c->p[at] ^= 0x10;
            assert_refused(k, DBK_AUTH, "does not verify");
            c->p[at] ^= 0x10;
        }
        c->len--;
        assert_refused(k, DBK_AUTH, "does not verify");
        c->len++;
    }
    dbk_bytes swapped = k->chunks[0];
    k->chunks[0] = k->chunks[1];
    k->chunks[1] = swapped;
    assert_refused(k, DBK_AUTH, "does not verify");
    k->chunks[1] = k->chunks[0];
    k->chunks[0] = swapped;
    k->chunks_count--;
    assert_refused(k, DBK_NOT_FOUND, "no such part");
    k->chunks_count++;
    snapkit_take(k, SNAP_NEW);
    proof began = proof_at(k, SNAP_NEW), desk = proof_at(k, HQ);
    assert_true(proof_equal(&began, &desk));
}

/* ---- any history --------------------------------------------------------------------------- */

static const size_t writers[] = { ANNE, BEN, HQ };

static dbk_rc hand_over(void *ctx, const dbk_sealed *segment, dbk_err *err)
{
    dbk_inbox_stats stats;
    dbk_rc rc = dbk_inbox_carried(ctx, &stats, segment, err);
    if (rc != DBK_PENDING)
        return rc;
    dbk_err_clear(err);
    return DBK_OK;
}

/* By a folder, past the log: so a note may reach the log before what it is an answer to. */
static void carry(snapkit *k, size_t from, size_t to)
{
    dbk_err err = { 0 };
    const dbk_outbox_feed all = { .space = k->w.org.space };
    assert_ok(dbk_outbox_carry(snapkit_book(k, from), &all, hand_over, snapkit_book(k, to), &err),
              &err);
}

static void write_something(snapkit *k, kit_random *r, size_t who)
{
    static const struct {
        dbk_input_op kind;
        const char *field, *text; /* NULL: a number */
    } edits[] = { { DBK_INPUT_SET, "name", NULL },         { DBK_INPUT_ADD, "needs", "sight" },
                  { DBK_INPUT_REMOVE, "needs", "sight" },  { DBK_INPUT_SET, "religion", "none" },
                  { DBK_INPUT_SET, "needs_detail", NULL }, { DBK_INPUT_SET, "sex", "male" } };
    dbk_book *book = snapkit_book(k, who);
    char number[32], name[40];
    dbk_note *note = NULL;
    dbk_problems problems = { 0 };
    const char *const fields[] = { name, NULL };
    (void)snprintf(number, sizeof(number), "%u", (unsigned)kit_random_below(r, 1000));
    (void)snprintf(name, sizeof(name), "name=%s", number);
    bool joan = dbk_query_note(&note, book, &k->w.joan, NULL) == DBK_OK;
    dbk_note_free(note);
    if (!joan || kit_random_below(r, 5) == 0) {
        (void)dbk_test_add(book, &k->w.org.space, "person", fields);
        return;
    }
    size_t which = kit_random_below(r, ARRAY_LEN(edits));
    const dbk_input input = { edits[which].kind, edits[which].field,
                              edits[which].text == NULL ? number : edits[which].text, NULL };
    const dbk_edit edit = { k->w.joan, &input, 1, "as the family told" };
    dbk_rc rc = dbk_journal_edit(book, &problems, &edit, NULL);
    assert_true(rc == DBK_OK || rc == DBK_INVALID); /* it may change nothing */
    dbk_problems_wipe(&problems);
}

static void step(snapkit *k, kit_random *r)
{
    size_t who = writers[kit_random_below(r, ARRAY_LEN(writers))];
    size_t other = writers[kit_random_below(r, ARRAY_LEN(writers))];
    uint64_t what = kit_random_below(r, 10);
    if (what < 5)
        write_something(k, r, who);
    else if (what < 7)
        snapkit_push(k, who);
    else if (what < 9)
        snapkit_pull(k, who);
    else if (who != other)
        carry(k, who, other);
}

static void a_snapshot_and_the_tail_are_the_whole_log_of_any_history(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        static snapkit k;
        kit_random r;
        kit_random_seed(&r, seed);
        snapkit_make(&k);
        uint64_t at = 20 + kit_random_below(&r, 60);
        snapkit_push(&k, ANNE);
        for (uint64_t i = 0; i < 120; i++) {
            step(&k, &r);
            if (i == at) {
                snapkit_pull(&k, HQ);
                dbk_err err = { 0 };
                assert_ok(snapkit_try_make(&k, HQ, &err), &err);
                snapkit_push(&k, BEN);
                snapkit_pull(&k, SNAP_SECOND);
                assert_ok(snapkit_try_confirm(&k, SNAP_SECOND, &err), &err);
                snapkit_take(&k, SNAP_NEW);
            }
        }
        for (size_t round = 0; round < 2; round++)
            for (size_t i = 0; i < ARRAY_LEN(writers); i++) {
                snapkit_push(&k, writers[i]);
                snapkit_pull(&k, writers[i]);
            }
        snapkit_pull(&k, HQ);
        snapkit_pull(&k, SNAP_NEW);
        snapkit_pull(&k, SNAP_ALSO);
        proof began = proof_at(&k, SNAP_NEW), all = proof_at(&k, SNAP_ALSO),
              desk = proof_at(&k, HQ);
        if (!proof_equal(&began, &all) || !proof_equal(&desk, &all))
            fail_msg("seed %u: not the same records", (unsigned)seed);
        assert_true(began.of.bare > 0);
        dbk_test_org_check(&k.w.org);
        snapkit_drop(&k);
    }
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, snapkit_setup, snapkit_teardown)
    const struct CMUnitTest tests[] = {
        WITH(a_snapshot_and_the_tail_are_the_whole_log),
        WITH(a_note_of_an_officer_who_was_away_merges_as_if_nothing_had_been_left_out_P2),
        WITH(a_second_desk_confirms_also_when_it_has_gone_on),
        WITH(what_the_maker_has_not_sent_is_not_in_it),
        WITH(headquarters_alone_makes_and_confirms),
        WITH(a_desk_that_makes_something_else_of_the_same_notes_does_not_confirm),
        WITH(a_desk_confirms_from_its_sealed_notes_and_not_from_its_rows_P4),
        WITH(every_bit_of_manifest_and_confirmation_counts),
        WITH(every_changed_cut_missing_and_swapped_part_is_refused_and_leaves_nothing),
        cmocka_unit_test(a_snapshot_and_the_tail_are_the_whole_log_of_any_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
