/* Two officers and a headquarters desk, without a network in between: what one wrote reaches the
 * others by the log of a relay that is only a list, or by a folder. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/cbor.h"
#include "core/journal/book_internal.h"
#include "core/journal/org_internal.h"
#include "core/journal/outbox.h"
#include "core/seal/wrap.h"
#include "tests/lib/forge.h"
#include "tests/lib/opkit.h"
#include "tests/lib/proof.h"
#include "tests/lib/trio.h"

static dbk_note *note_of(trio *t, size_t who, const dbk_id *record)
{
    dbk_note *note = NULL;
    dbk_err err = { 0 };
    assert_ok(dbk_query_note(&note, trio_book(t, who), record, &err), &err);
    return note;
}

static const dbk_state_group *group_of(const dbk_note *note, const char *name)
{
    return dbk_state_group_find(note->state, dbk_span_str(name));
}

/* The displayed value of a field as text. */
static void assert_shown(trio *t, size_t who, const dbk_id *record, const char *field,
                         const char *want)
{
    dbk_err err = { 0 };
    dbk_note *note = note_of(t, who, record);
    dbk_bytes scratch = DBK_BYTES_INIT(65536), text = DBK_BYTES_INIT(65536);
    dbk_span value;
    const dbk_field *f = dbk_form_field(note->form, field);
    assert_non_null(f);
    assert_ok(dbk_view_field(&value, &scratch, note->state, f, &note->view, &err), &err);
    assert_ok(dbk_value_to_text(&text, f, value, &err), &err);
    assert_ok(dbk_bytes_append_u8(&text, '\0', &err), &err);
    assert_string_equal((const char *)text.p, want);
    dbk_bytes_wipe(&scratch);
    dbk_bytes_wipe(&text);
    dbk_note_free(note);
}

static dbk_rc count_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    (void)row;
    (void)err;
    ++*(size_t *)ctx;
    return DBK_OK;
}

static size_t conflicts(trio *t, size_t who)
{
    dbk_err err = { 0 };
    size_t count = 0;
    assert_ok(dbk_query_conflicts(trio_book(t, who), count_row, &count, &err), &err);
    return count;
}

static dbk_id add_person(trio *t, size_t who, const char *name)
{
    char field[80];
    (void)snprintf(field, sizeof(field), "name=%s", name);
    const char *const fields[] = { field, NULL };
    return dbk_test_add(trio_book(t, who), &t->org.space, "person", fields);
}

static void edit(trio *t, size_t who, const dbk_id *record, const char *field)
{
    const char *const fields[] = { field, NULL };
    dbk_test_edit(trio_book(t, who), record, fields);
}

static void resolve(trio *t, const dbk_id *record, const char *group, int choice)
{
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    dbk_resolve r = { .record = *record, .group = group, .choice = choice, .reason = "I asked" };
    assert_ok(dbk_journal_resolve(trio_book(t, HQ), &problems, &r, &err), &err);
    dbk_problems_wipe(&problems);
}

/* ---- the stories --------------------------------------------------------------------------- */

static void two_offline_edits_of_one_field_are_both_kept_and_hq_decides_p2_1_13(void **state)
{
    trio t;
    dbk_inbox_stats stats;
    (void)state;
    trio_make(&t);
    dbk_id joan = add_person(&t, ANNE, "Joan Marsh");
    trio_sync_all(&t);
    edit(&t, ANNE, &joan, "name=Joan Marsh-Lane");
    edit(&t, BEN, &joan, "name=Joanna Marsh");
    (void)trio_sync(&t, ANNE);
    (void)trio_sync(&t, BEN);
    stats = trio_sync(&t, HQ);
    assert_int_equal(stats.conflicts_new, 1);
    assert_int_equal(stats.records_changed, 1);
    assert_int_equal(stats.records_new, 0);

    /* Both values stand, each with its author. */
    dbk_note *note = note_of(&t, HQ, &joan);
    const dbk_state_group *g = group_of(note, "name");
    assert_int_equal(g->registers_count, 2);
    assert_int_equal(dbk_view_group(g, &note->view).dispute, DBK_DISPUTE_ASK);
    bool anne = false, ben = false;
    for (size_t i = 0; i < 2; i++) {
        dbk_err err = { 0 };
        dbk_authorship who;
        dbk_id a = dbk_book_device(trio_book(&t, ANNE)), b = dbk_book_device(trio_book(&t, BEN));
        assert_ok(dbk_query_author(trio_book(&t, HQ), &who, &g->registers[i].dot, &err), &err);
        anne = anne || dbk_id_equal(&who.device, &a);
        ben = ben || dbk_id_equal(&who.device, &b);
        assert_int_equal(who.receipt_ms, NOON_MS);
        assert_false(who.hq);
    }
    assert_true(anne);
    assert_true(ben);
    dbk_note_free(note);
    assert_int_equal(conflicts(&t, HQ), 1);

    resolve(&t, &joan, "name", 1);
    assert_int_equal(conflicts(&t, HQ), 0);
    trio_sync_all(&t);
    for (size_t who = 0; who < 3; who++)
        assert_int_equal(conflicts(&t, who), 0);
    trio_assert_converged(&t);
    trio_drop(&t);
}

static void edits_of_two_fields_ask_for_a_look_at_the_whole_record_2_16(void **state)
{
    trio t;
    (void)state;
    trio_make(&t);
    dbk_id joan = add_person(&t, ANNE, "Joan Marsh");
    trio_sync_all(&t);
    edit(&t, ANNE, &joan, "sex=female");
    edit(&t, BEN, &joan, "religion=none");
    trio_sync_all(&t);
    dbk_note *note = note_of(&t, HQ, &joan);
    dbk_attention attention = dbk_view_attention(note->state, &note->view);
    dbk_note_free(note);
    assert_int_equal(attention.reviews, 1);
    assert_int_equal(attention.asks, 0);
    resolve(&t, &joan, "review", -1);
    trio_sync_all(&t);
    assert_int_equal(conflicts(&t, BEN), 0);
    assert_shown(&t, HQ, &joan, "sex", "Female");
    assert_shown(&t, HQ, &joan, "religion", "No religion");
    trio_assert_converged(&t);
    trio_drop(&t);
}

static void the_more_protective_value_stands_until_hq_decides_p6_1_14(void **state)
{
    trio t;
    (void)state;
    trio_make(&t);
    dbk_id joan = add_person(&t, ANNE, "Joan Marsh");
    trio_sync_all(&t);
    edit(&t, ANNE, &joan, "safe_message=no");
    edit(&t, BEN, &joan, "safe_message=yes");
    trio_sync_all(&t);
    for (size_t who = 0; who < 3; who++)
        assert_shown(&t, who, &joan, "safe_message", "No");
    assert_int_equal(conflicts(&t, HQ), 1);
    trio_assert_converged(&t);
    trio_drop(&t);
}

static void an_edit_against_a_withdrawal_is_seen_by_both_2_20(void **state)
{
    trio t;
    dbk_err err = { 0 };
    dbk_dispute dispute = DBK_DISPUTE_NONE;
    (void)state;
    trio_make(&t);
    dbk_id joan = add_person(&t, ANNE, "Joan Marsh");
    trio_sync_all(&t);
    assert_ok(dbk_journal_withdraw(trio_book(&t, ANNE), &joan, "entered twice", &err), &err);
    edit(&t, BEN, &joan, "sex=female");
    trio_sync_all(&t);
    for (size_t who = 0; who < 3; who++) {
        dbk_note *note = note_of(&t, who, &joan);
        assert_int_equal(dbk_view_life(note->state, &note->view, &dispute), DBK_LIFE_WITHDRAWN);
        assert_int_equal(dbk_view_attention(note->state, &note->view).reviews, 1);
        assert_int_equal(group_of(note, "sex")->registers_count, 1);
        dbk_note_free(note);
        assert_int_equal(conflicts(&t, who), 1);
    }
    trio_assert_converged(&t);
    trio_drop(&t);
}

static dbk_id add_contact(trio *t, size_t who)
{
    static const char *const fields[] = { "started_at=2026-09-21T10:00:00Z",
                                          "case_id=0199a1b2-0000-7000-8000-000000000001",
                                          "method=visit",
                                          "s38=fact",
                                          "direction=police_to_family",
                                          "present=Joan Marsh (family)",
                                          NULL };
    return dbk_test_add(trio_book(t, who), &t->org.space, "contact", fields);
}

static void an_edit_that_had_not_seen_the_signature_is_kept_and_asked_about(void **state)
{
    trio t;
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    forge ben;
    (void)state;
    trio_make(&t);
    dbk_id visit = add_contact(&t, ANNE);
    trio_sync_all(&t);
    forge_init(&ben, trio_book(&t, BEN), trio_book(&t, BEN), &t.org.space);
    forge_note(&ben, &(forge_edit){ visit, "contact", "purpose", "to listen",
                                    (dbk_hlc)(NOON_MS << 16), NULL, 0 });
    assert_ok(dbk_journal_sign(trio_book(&t, ANNE), &problems, &visit, &err), &err);
    (void)minilog_append(&t.log, forge_header(&ben), forge_body(&ben), NOON_MS);
    (void)trio_sync(&t, ANNE);
    (void)trio_sync(&t, HQ);
    for (size_t who = HQ; who <= ANNE; who++) {
        dbk_dispute dispute;
        dbk_note *note = note_of(&t, who, &visit);
        assert_int_equal(dbk_view_life(note->state, &note->view, &dispute), DBK_LIFE_SIGNED);
        assert_int_equal(dbk_view_attention(note->state, &note->view).reviews, 1);
        dbk_note_free(note);
    }
    /* Whoever has seen the signature can't edit any more. */
    dbk_input input = { DBK_INPUT_SET, "purpose", "something else", NULL };
    dbk_edit late = { visit, &input, 1, NULL };
    assert_rc(dbk_journal_edit(trio_book(&t, ANNE), &problems, &late, &err), DBK_DENIED, &err);
    dbk_problems_wipe(&problems);
    proof anne = proof_clean(trio_book(&t, ANNE), &t.org.space);
    proof hq = proof_clean(trio_book(&t, HQ), &t.org.space);
    assert_true(proof_equal(&anne, &hq));
    forge_wipe(&ben);
    trio_drop(&t);
}

typedef struct carry {
    trio *t;
    size_t to;
    size_t count;
} carry;

static dbk_rc carry_one(void *ctx, const dbk_sealed *segment, dbk_err *err)
{
    carry *c = ctx;
    dbk_inbox_stats stats;
    c->count++;
    return dbk_inbox_carried(trio_book(c->t, c->to), &stats, segment, err);
}

static void a_form_that_nobody_here_knows_is_shown_and_passed_on_unchanged_1_11(void **state)
{
    trio t;
    dbk_err err = { 0 };
    forge ben;
    carry c = { &t, ANNE, 0 };
    (void)state;
    trio_make(&t);
    forge_init(&ben, trio_book(&t, BEN), trio_book(&t, BEN), &t.org.space);
    dbk_id flight = forge_record(&ben, "drone_log", 7);
    forge_note(&ben, &(forge_edit){ flight, "drone_log", "pilot", "S Okafor",
                                    (dbk_hlc)(NOON_MS << 16), NULL, 0 });
    (void)minilog_append(&t.log, forge_header(&ben), forge_body(&ben), NOON_MS);
    (void)trio_sync(&t, HQ);
    dbk_note *note = note_of(&t, HQ, &flight);
    assert_null(note->form);
    assert_true(dbk_span_equal(dbk_state_form(note->state), dbk_span_str("drone_log")));
    assert_int_equal(dbk_state_groups(note->state), 1);
    dbk_note_free(note);
    /* HQ's store goes to Anne by a folder; the bytes are those that Ben signed. */
    assert_ok(dbk_outbox_carry(trio_book(&t, HQ), &(dbk_outbox_feed){ .space = t.org.space },
                               carry_one, &c, &err),
              &err);
    assert_int_equal(c.count, 1);
    size_t found = 0;
    assert_ok(dbk_query_search(trio_book(&t, ANNE), "okafor", 0, count_row, &found, &err), &err);
    assert_int_equal(found, 1);
    proof anne = proof_clean(trio_book(&t, ANNE), &t.org.space);
    proof hq = proof_clean(trio_book(&t, HQ), &t.org.space);
    assert_true(dbk_hash_equal(&anne.of.state_hash, &hq.of.state_hash));
    assert_true(dbk_hash_equal(&anne.of.vector_hash, &hq.of.vector_hash));
    forge_wipe(&ben);
    trio_drop(&t);
}

/* The admin's entry that gives the space its next key, with a wrap for everybody in it. */
static void make_rotation(trio *t, dbk_bytes *entry)
{
    dbk_book *admin = trio_book(t, HQ);
    dbk_wrapped wraps[3];
    dbk_secret *key = NULL;
    dbk_err err = { 0 };
    dbk_entry e = {
        .kind = DBK_ENTRY_ROTATE, .space = t->org.space, .wraps = wraps, .wraps_count = 3
    };
    assert_ok(dbk_epoch_new(&key, &e.epoch, 2, admin->env, &err), &err);
    const dbk_key_entry at = { t->org.space, 2, e.epoch.key_id };
    dbk_id ids[3];
    for (size_t i = 0; i < 3; i++)
        ids[i] = dbk_book_device(trio_book(t, i));
    for (size_t i = 0; i < 3; i++) /* in order of their ids */
        for (size_t k = i + 1; k < 3; k++)
            if (dbk_id_compare(&ids[k], &ids[i]) < 0) {
                dbk_id kept = ids[i];
                ids[i] = ids[k];
                ids[k] = kept;
            }
    for (size_t i = 0; i < 3; i++) {
        const dbk_member *m = dbk_roster_device(dbk_book_roster(admin), &ids[i]);
        assert_ok(dbk_org_wrap(admin, &wraps[i], key, &at, m, &err), &err);
    }
    assert_ok(dbk_org_sign(admin, entry, &e, &err), &err);
    dbk_secret_free(key);
}

static uint64_t pending_of(trio *t, size_t who, char reason[128]);

static void what_came_before_its_key_waits_and_is_merged_when_the_key_comes_2_31(void **state)
{
    trio t;
    dbk_err err = { 0 };
    dbk_inbox_stats stats;
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    char reason[128];
    (void)state;
    trio_make(&t);
    dbk_id joan = add_person(&t, ANNE, "Joan Marsh");
    trio_sync_all(&t);
    make_rotation(&t, &entry);
    assert_ok(dbk_inbox_member(trio_book(&t, ANNE), dbk_bytes_span(&entry), &err), &err);
    edit(&t, ANNE, &joan, "sex=female"); /* under the new key */
    edit(&t, ANNE, &joan, "religion=none");
    edit(&t, BEN, &joan, "needs+=hearing"); /* under the old one */
    (void)minilog_push(&t.log, trio_book(&t, ANNE), NOON_MS);
    (void)minilog_push(&t.log, trio_book(&t, BEN), NOON_MS);
    stats = trio_sync(&t, HQ);
    assert_int_equal(stats.segments, 3);
    assert_int_equal(stats.pending, 2);
    assert_int_equal(stats.ops, 1); /* Ben's goes on */
    assert_int_equal(pending_of(&t, HQ, reason), 2);
    assert_string_equal(reason, "what its author knew of the members has not arrived here yet");
    assert_shown(&t, HQ, &joan, "needs", "Hearing");
    (void)proof_clean(trio_book(&t, HQ), &t.org.space);
    dbk_test_book_reopen(&t.org.books[HQ]);
    assert_int_equal(pending_of(&t, HQ, reason), 2);
    assert_ok(dbk_inbox_member(trio_book(&t, HQ), dbk_bytes_span(&entry), &err), &err);
    assert_int_equal(pending_of(&t, HQ, reason), 0);
    assert_shown(&t, HQ, &joan, "religion", "No religion");
    assert_ok(dbk_inbox_member(trio_book(&t, BEN), dbk_bytes_span(&entry), &err), &err);
    trio_sync_all(&t);
    trio_assert_converged(&t);
    dbk_bytes_wipe(&entry);
    trio_drop(&t);
}

static dbk_rc take_status(void *ctx, const dbk_space_status *status, dbk_err *err)
{
    dbk_space_status *out = ctx;
    char *reason = (char *)(uintptr_t)out->pending_reason;
    (void)err;
    (void)snprintf(reason, 128, "%s", status->pending_reason == NULL ? "" : status->pending_reason);
    *out = *status;
    return DBK_OK;
}

static uint64_t pending_of(trio *t, size_t who, char reason[128])
{
    dbk_space_status status = { .pending_reason = reason };
    dbk_err err = { 0 };
    assert_ok(dbk_query_status(trio_book(t, who), take_status, &status, &err), &err);
    return status.pending;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_offline_edits_of_one_field_are_both_kept_and_hq_decides_p2_1_13),
        cmocka_unit_test(edits_of_two_fields_ask_for_a_look_at_the_whole_record_2_16),
        cmocka_unit_test(the_more_protective_value_stands_until_hq_decides_p6_1_14),
        cmocka_unit_test(an_edit_against_a_withdrawal_is_seen_by_both_2_20),
        cmocka_unit_test(an_edit_that_had_not_seen_the_signature_is_kept_and_asked_about),
        cmocka_unit_test(a_form_that_nobody_here_knows_is_shown_and_passed_on_unchanged_1_11),
        cmocka_unit_test(what_came_before_its_key_waits_and_is_merged_when_the_key_comes_2_31),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
