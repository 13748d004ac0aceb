/* Notes that stand aside, and who lets them in: decision 0016. */
#include "tests/lib/test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "core/journal/inbox_internal.h"
#include "core/journal/record_id.h"
#include "core/store/sql.h"
#include "tests/lib/forge.h"
#include "tests/lib/latekit.h"

#define EVERYBODY (~(1u << LATE_BEN))

/* Two notes in time, then Ben is taken out, then `count` more that reach the log too late. */
static void make_late_notes(late *l, size_t count)
{
    late_make(l, 2);
    late_revoke(l, LATE_BEN, EVERYBODY);
    for (size_t i = 0; i < count; i++)
        (void)late_write(l, LATE_BEN, "Maria Alvarez");
    late_log(l, LATE_BEN);
    late_pull_all(l);
}

static dbk_space_status status_of(late *l, size_t who);

static dbk_rc take_status(void *ctx, const dbk_space_status *s, dbk_err *err)
{
    (void)err;
    *(dbk_space_status *)ctx = *s;
    return DBK_OK;
}

static dbk_space_status status_of(late *l, size_t who)
{
    dbk_space_status s = { .records = 0 };
    dbk_err err = { 0 };
    assert_ok(dbk_query_status(late_book(l, who), take_status, &s, &err), &err);
    return s;
}

/* ---- seeing -------------------------------------------------------------------------------- */

static void late_notes_are_listed_with_who_when_why_and_what_a24(void **state)
{
    late l;
    (void)state;
    make_late_notes(&l, 3);
    assert_int_equal(late_asides(&l, LATE_ANNE), 3);
    late_aside a = late_aside_at(&l, LATE_ANNE, 1);
    dbk_id ben = dbk_book_device(late_book(&l, LATE_BEN));
    assert_true(dbk_id_equal(&a.row.device, &ben));
    assert_int_equal(a.row.first_seq, 4);
    assert_int_equal(a.row.ops, 1);
    assert_int_equal(a.row.receipt_ms, LATE_NOON_MS);
    assert_string_equal(a.why, DBK_WAIT_LATE);
    assert_true(a.row.readable);
    assert_string_equal(a.form, "person");
    assert_non_null(strstr(a.summary, "Maria Alvarez"));
    assert_true(a.row.claimed_ms >= DBK_TEST_START_MS);
    assert_int_equal(a.row.ruling, DBK_RULING_NONE);
    dbk_space_status s = status_of(&l, LATE_ANNE);
    assert_int_equal(s.undecided, 3);
    assert_int_equal(s.aside, 3);
    assert_int_equal(s.pending, 0);
    assert_null(s.pending_reason);
    assert_int_equal(late_all_equal(&l).of.records, 2);
    late_drop(&l);
}

typedef struct events {
    size_t count;
    dbk_id device;
} events;

static dbk_rc take_event(void *ctx, const dbk_event *e, dbk_err *err)
{
    events *v = ctx;
    (void)err;
    v->count++;
    v->device = e->device;
    return DBK_OK;
}

static void what_one_holds_is_shown_to_who_has_the_key_and_to_nobody_else_a13(void **state)
{
    late l;
    events v = { 0 };
    dbk_err err = { 0 };
    (void)state;
    make_late_notes(&l, 1);
    late_aside a = late_aside_at(&l, LATE_SUP, 0);
    dbk_id ben = dbk_book_device(late_book(&l, LATE_BEN));
    assert_ok(dbk_quarantine_notes(late_book(&l, LATE_SUP), &a.row.id, take_event, &v, &err), &err);
    assert_int_equal(v.count, 1);
    assert_true(dbk_id_equal(&v.device, &ben));
    /* A key that nobody here holds. */
    dbk_book *book = late_book(&l, LATE_ANNE);
    dbk_keyring *mine = book->keyring;
    dbk_keyring *none = NULL;
    assert_ok(dbk_keyring_new(&none, &err), &err);
    book->keyring = none;
    late_aside closed = late_aside_at(&l, LATE_ANNE, 0);
    assert_false(closed.row.readable);
    assert_string_equal(closed.summary, "");
    assert_rc(dbk_quarantine_notes(book, &a.row.id, take_event, &v, &err), DBK_PENDING, &err);
    book->keyring = mine;
    dbk_keyring_free(none);
    late_drop(&l);
}

/* ---- deciding ------------------------------------------------------------------------------ */

static void an_admitted_note_is_merged_by_every_member_a24(void **state)
{
    late l;
    (void)state;
    make_late_notes(&l, 3);
    late_aside a = late_aside_at(&l, LATE_SUP, 0);
    late_decide(&l, LATE_SUP, &a.row.id, true);
    assert_int_equal(late_asides(&l, LATE_SUP), 2);
    late_log(&l, LATE_SUP);
    late_pull_all(&l);
    proof p = late_all_equal(&l);
    assert_int_equal(p.of.records, 4); /* two, one, and the decision */
    assert_int_equal(status_of(&l, LATE_ANNE).undecided, 2);
    /* Who decided, and why, is a note like any other. */
    events v = { 0 };
    dbk_err err = { 0 };
    dbk_id sup = dbk_book_device(late_book(&l, LATE_SUP));
    assert_ok(dbk_query_history(late_book(&l, LATE_ANNE), &a.row.id, take_event, &v, &err), &err);
    assert_int_equal(v.count, 1);
    assert_true(dbk_id_equal(&v.device, &sup));
    late_drop(&l);
}

static void an_author_s_earlier_notes_come_in_with_a_later_one(void **state)
{
    late l;
    (void)state;
    make_late_notes(&l, 30);
    dbk_id id = late_aside_at(&l, LATE_SUP, 29).row.id;
    late_decide(&l, LATE_SUP, &id, true);
    assert_int_equal(late_asides(&l, LATE_SUP), 0);
    late_log(&l, LATE_SUP);
    late_pull_all(&l);
    proof p = late_all_equal(&l);
    assert_int_equal(p.of.records, 2 + 30 + 1);
    /* What he writes after that stands aside again. */
    (void)late_write(&l, LATE_BEN, "still here");
    late_log(&l, LATE_BEN);
    late_pull_all(&l);
    assert_int_equal(late_asides(&l, LATE_ANNE), 1);
    assert_int_equal(late_all_equal(&l).of.records, 2 + 30 + 1);
    late_drop(&l);
}

static void a_refused_note_stays_and_can_be_let_in_later(void **state)
{
    late l;
    (void)state;
    make_late_notes(&l, 2);
    dbk_id id = late_aside_at(&l, LATE_SUP, 0).row.id;
    late_decide(&l, LATE_SUP, &id, false);
    late_log(&l, LATE_SUP);
    late_pull_all(&l);
    assert_int_equal(late_asides(&l, LATE_ANNE), 2);
    assert_int_equal(late_aside_at(&l, LATE_ANNE, 0).row.ruling, DBK_RULING_REFUSED);
    assert_int_equal(status_of(&l, LATE_ANNE).undecided, 1);
    assert_int_equal(status_of(&l, LATE_ANNE).aside, 2);
    assert_int_equal(late_all_equal(&l).of.records, 3);
    dbk_test_book_reopen(&l.org.books[LATE_HQ]);
    late_decide(&l, LATE_HQ, &id, true);
    /* And what was let in can't be taken out again. */
    assert_int_equal(late_try(&l, LATE_SUP2, &id, false), DBK_OK); /* doesn't know of it yet */
    late_log(&l, LATE_SUP2);
    late_log(&l, LATE_HQ);
    late_pull_all(&l);
    assert_int_equal(late_all_equal(&l).of.records, 4);
    assert_int_equal(late_try(&l, LATE_SUP2, &id, false), DBK_NOT_FOUND);
    late_drop(&l);
}

static void two_supervisors_who_disagree_end_with_admit_on_every_replica(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        late l;
        make_late_notes(&l, 1);
        dbk_id id = late_aside_at(&l, LATE_SUP, 0).row.id;
        late_decide(&l, LATE_SUP, &id, true);
        late_decide(&l, LATE_SUP2, &id, false);
        late_log(&l, order == 0 ? LATE_SUP : LATE_SUP2);
        late_pull(&l, LATE_ANNE);
        late_log(&l, order == 0 ? LATE_SUP2 : LATE_SUP);
        late_pull_all(&l);
        assert_int_equal(late_all_equal(&l).of.records, 4);
        assert_int_equal(dbk_test_attention(late_book(&l, LATE_HQ), &id).asks, 0);
        assert_int_equal(dbk_test_attention(late_book(&l, LATE_HQ), &id).reviews, 0);
        late_drop(&l);
    }
}

static void an_edit_upon_an_admitted_note_meets_it_in_any_order(void **state)
{
    static const char *const edits[] = { "sex=female", NULL };
    late l;
    (void)state;
    late_make(&l, 1);
    late_revoke(&l, LATE_BEN, EVERYBODY);
    dbk_id maria = late_write(&l, LATE_BEN, "Maria Alvarez");
    late_log(&l, LATE_BEN);
    late_pull(&l, LATE_SUP);
    dbk_id id = late_aside_at(&l, LATE_SUP, 0).row.id;
    late_decide(&l, LATE_SUP, &id, true);
    dbk_test_edit(late_book(&l, LATE_SUP), &maria, edits);
    late_log(&l, LATE_SUP);
    late_pull_all(&l);
    assert_int_equal(late_all_equal(&l).of.records, 3);
    assert_string_equal(dbk_test_text(late_book(&l, LATE_ANNE), &maria, "sex"), "Female");
    late_drop(&l);
}

/* ---- who may ------------------------------------------------------------------------------- */

static void an_officer_s_decision_has_no_effect_r8(void **state)
{
    late l;
    (void)state;
    make_late_notes(&l, 1);
    dbk_id id = late_aside_at(&l, LATE_ANNE, 0).row.id;
    assert_int_equal(late_try(&l, LATE_ANNE, &id, true), DBK_DENIED);
    late_write_decision(&l, LATE_ANNE, 2, "admit");
    late_log(&l, LATE_ANNE);
    late_pull_all(&l);
    assert_int_equal(late_asides(&l, LATE_HQ), 1);
    assert_int_equal(late_aside_at(&l, LATE_HQ, 0).row.ruling, DBK_RULING_NONE);
    assert_int_equal(late_all_equal(&l).of.records, 3);
    /* The very note that a supervisor writes counts. */
    late_decide(&l, LATE_HQ, &id, true);
    late_log(&l, LATE_HQ);
    late_pull_all(&l);
    assert_int_equal(late_asides(&l, LATE_ANNE), 0);
    (void)late_all_equal(&l);
    late_drop(&l);
}

static void a_reason_is_needed(void **state)
{
    late l;
    uint64_t merged;
    dbk_err err = { 0 };
    (void)state;
    make_late_notes(&l, 1);
    dbk_decision d = { late_aside_at(&l, LATE_SUP, 0).row.id, true, "  " };
    assert_rc(dbk_quarantine_decide(late_book(&l, LATE_SUP), &merged, &d, &err), DBK_INVALID, &err);
    d.id.b[0] ^= 1;
    d.reason = "because";
    dbk_err_clear(&err);
    assert_rc(dbk_quarantine_decide(late_book(&l, LATE_SUP), &merged, &d, &err), DBK_NOT_FOUND,
              &err);
    assert_int_equal(late_asides(&l, LATE_SUP), 1);
    late_drop(&l);
}

static void
a_supervisor_s_decision_stands_when_he_leaves_and_counts_no_more_afterwards(void **state)
{
    late l;
    (void)state;
    make_late_notes(&l, 2);
    dbk_id first = late_aside_at(&l, LATE_SUP, 0).row.id;
    dbk_id second = late_aside_at(&l, LATE_SUP, 1).row.id;
    late_decide(&l, LATE_SUP, &first, true);
    late_log(&l, LATE_SUP);
    late_revoke(&l, LATE_SUP, (1u << LATE_ANNE)); /* his own device doesn't hear of it */
    late_decide(&l, LATE_SUP, &second, true);
    late_log(&l, LATE_SUP);
    late_pull(&l, LATE_SUP2); /* before he hears of it: he believes both, for now */
    assert_int_equal(late_asides(&l, LATE_SUP2), 0);
    late_tell(&l, LATE_SUP2);
    late_pull(&l, LATE_HQ);
    late_pull(&l, LATE_ANNE);
    proof hq = proof_clean(late_book(&l, LATE_HQ), &l.org.space);
    proof anne = proof_clean(late_book(&l, LATE_ANNE), &l.org.space);
    proof sup2 = proof_clean(late_book(&l, LATE_SUP2), &l.org.space);
    assert_true(proof_equal(&hq, &anne));
    assert_true(proof_equal(&hq, &sup2));
    assert_int_equal(hq.of.records, 2 + 1 + 1);
    assert_int_equal(late_asides(&l, LATE_SUP2), 2); /* the second note, and the late decision */
    /* Let in, that decision still has no power: else two who were taken out let each other in. */
    for (size_t i = 0; i < 2; i++) {
        late_aside a = late_aside_at(&l, LATE_HQ, i);
        if (strcmp(a.form, "quarantine") == 0) {
            late_decide(&l, LATE_HQ, &a.row.id, true);
            break;
        }
    }
    assert_int_equal(late_asides(&l, LATE_HQ), 1);
    assert_string_equal(late_aside_at(&l, LATE_HQ, 0).form, "person");
    (void)proof_clean(late_book(&l, LATE_HQ), &l.org.space);
    late_drop(&l);
}

static void what_is_forged_is_never_let_in(void **state)
{
    late l;
    (void)state;
    late_make(&l, 1);
    late_revoke(&l, LATE_BEN, EVERYBODY);
    (void)late_write(&l, LATE_BEN, "Maria Alvarez");
    (void)late_write(&l, LATE_BEN, "Tomas Alvarez");
    late_log(&l, LATE_BEN);
    late_pull_all(&l);
    for (size_t who = 0; who < LATE_BOOKS; who++)
        dbk_test_spoil_signature(late_book(&l, who), DBK_SEGMENT_PENDING);
    assert_int_equal(late_asides(&l, LATE_SUP), 2);
    dbk_id id = late_aside_at(&l, LATE_SUP, 0).row.id;
    late_decide(&l, LATE_SUP, &id, true);
    assert_int_equal(late_asides(&l, LATE_SUP), 2);
    /* The next one's signature holds, and its chain vouches for the one before. */
    id = late_aside_at(&l, LATE_SUP, 1).row.id;
    late_decide(&l, LATE_SUP, &id, true);
    late_log(&l, LATE_SUP);
    late_pull_all(&l);
    assert_int_equal(late_asides(&l, LATE_SUP), 0);
    (void)late_all_equal(&l);
    late_drop(&l);
}

/* ---- order --------------------------------------------------------------------------------- */

static void who_pulled_before_hearing_of_the_revocation_ends_like_all_others_a24(void **state)
{
    static const char *const edits[] = { "sex=female", NULL };
    late l;
    (void)state;
    late_make(&l, 2);
    dbk_id both = late_write(&l, LATE_ANNE, "of Anne and Ben");
    late_log(&l, LATE_ANNE);
    late_pull(&l, LATE_BEN);
    late_revoke(&l, LATE_BEN, 1u << LATE_SUP);
    dbk_test_edit(late_book(&l, LATE_BEN), &both, edits);
    (void)late_write(&l, LATE_BEN, "Maria Alvarez");
    late_log(&l, LATE_BEN);
    late_pull_all(&l);
    assert_int_equal(late_asides(&l, LATE_ANNE), 0); /* merged: she can't know */
    assert_string_equal(dbk_test_text(late_book(&l, LATE_ANNE), &both, "sex"), "Female");
    dbk_test_book_reopen(&l.org.books[LATE_ANNE]);
    late_tell(&l, LATE_ANNE);
    assert_int_equal(late_asides(&l, LATE_ANNE), 2);
    assert_string_equal(dbk_test_text(late_book(&l, LATE_ANNE), &both, "sex"), "");
    late_tell(&l, LATE_SUP2);
    assert_int_equal(late_all_equal(&l).of.records, 3);
    /* The record that only he wrote is gone from every list, until it is let in. */
    dbk_id id = late_aside_at(&l, LATE_SUP, 1).row.id;
    late_decide(&l, LATE_SUP, &id, true);
    late_log(&l, LATE_SUP);
    late_pull_all(&l);
    assert_int_equal(late_all_equal(&l).of.records, 5);
    assert_string_equal(dbk_test_text(late_book(&l, LATE_ANNE), &both, "sex"), "Female");
    late_drop(&l);
}

/* ---- two histories ------------------------------------------------------------------------- */

typedef struct branches {
    forge a, b;
    minilog stick; /* both, for folders: a's two, then b's two */
} branches;

/* Ben signs two histories of one feed; Anne gets one first, the supervisor the other. */
static void make_branches(late *l, branches *br)
{
    static const char *const names[2] = { "for the folder", "for the relay" };
    forge *const both[2] = { &br->a, &br->b };
    late_make(l, 0);
    forge_init(&br->a, late_book(l, LATE_BEN), late_book(l, LATE_BEN), &l->org.space);
    br->b = br->a;
    dbk_bytes_init(&br->b.body, DBK_SEGMENT_BODY_BYTES_MAX);
    minilog_init(&br->stick, &l->log.org, &l->log.space, l->org.relay);
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 2; k++) {
            dbk_id record = forge_record(both[i], "person", 1 + 2 * i + k);
            forge_note(both[i], &(forge_edit){ record, "person", "name", names[i],
                                               (dbk_hlc)LATE_NOON_MS << 16, NULL, 0 });
            (void)minilog_append(&br->stick, forge_header(both[i]), forge_body(both[i]),
                                 LATE_NOON_MS);
        }
    }
    static const size_t first[2][4] = { { 0, 1, 2, 3 }, { 2, 3, 0, 1 } };
    for (size_t who = 0; who < LATE_BOOKS; who++)
        for (size_t i = 0; i < 4 && who != LATE_BEN; i++)
            assert_int_equal(
                late_carry(l, who, &br->stick.items[first[who == LATE_ANNE ? 0 : 1][i]]), DBK_OK);
}

static void drop_branches(late *l, branches *br)
{
    forge_wipe(&br->a);
    forge_wipe(&br->b);
    minilog_wipe(&br->stick);
    late_drop(l);
}

static dbk_id branch_id(late *l, const branches *br, size_t item)
{
    (void)l;
    const minilog_item *it = &br->stick.items[item];
    uint8_t name[48];
    memcpy(name, br->stick.space.b, 16);
    memcpy(name + 16, it->header_hash.b, 32);
    const dbk_id hash = dbk_hash_id("daybook/quarantine/1", dbk_span_of(name, sizeof(name)));
    return dbk_record_id_of(&br->stick.space, "quarantine", &hash);
}

static void of_two_histories_the_one_that_was_chosen_stands_everywhere(void **state)
{
    late l;
    branches br;
    (void)state;
    make_branches(&l, &br);
    proof anne = proof_clean(late_book(&l, LATE_ANNE), &l.org.space);
    proof sup = proof_clean(late_book(&l, LATE_SUP), &l.org.space);
    assert_false(proof_equal(&anne, &sup));
    assert_int_equal(late_asides(&l, LATE_SUP), 2);
    dbk_id id = branch_id(&l, &br, 1); /* the second of the folder's */
    late_decide(&l, LATE_SUP, &id, true);
    assert_int_equal(late_asides(&l, LATE_SUP), 2); /* now the other two */
    late_log(&l, LATE_SUP);
    late_pull_all(&l);
    proof p = late_all_equal(&l);
    assert_int_equal(p.of.records, 3);
    assert_int_equal(late_asides(&l, LATE_ANNE), 2);
    drop_branches(&l, &br);
}

static void of_two_chosen_histories_every_replica_shows_the_same(void **state)
{
    late l;
    branches br;
    (void)state;
    make_branches(&l, &br);
    dbk_id for_sup = branch_id(&l, &br, 0), for_anne = branch_id(&l, &br, 3);
    late_decide(&l, LATE_SUP, &for_sup, true);
    assert_int_equal(late_asides(&l, LATE_SUP), 3); /* what follows it wasn't chosen with it */
    late_decide(&l, LATE_SUP2, &for_sup, false);
    late_log(&l, LATE_SUP);
    late_log(&l, LATE_SUP2);
    late_pull(&l, LATE_HQ);
    assert_int_equal(late_asides(&l, LATE_HQ), 3);
    late_decide(&l, LATE_HQ, &for_anne, true);
    late_log(&l, LATE_HQ);
    late_pull_all(&l);
    (void)late_all_equal(&l);
    drop_branches(&l, &br);
}

/* ---- proof --------------------------------------------------------------------------------- */

static void run_sql(dbk_book *book, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(book->store->db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
}

/* Somebody with the store's key moves a late note into its feed. */
static void verify_finds_a_late_note_that_nobody_let_in(void **state)
{
    late l;
    char sql[512], hex[65];
    (void)state;
    make_late_notes(&l, 1);
    dbk_book *book = late_book(&l, LATE_ANNE);
    dbk_position ben = { 0 };
    for (size_t i = 0; i < book->tables.feeds_count; i++)
        if (!book->tables.feeds[i]->own && !dbk_inbox_is_aside(book->tables.feeds[i]))
            ben.size = (uint64_t)book->tables.feeds[i]->row;
    const dbk_hash *h = &l.log.items[2].header_hash;
    for (size_t i = 0; i < sizeof(h->b); i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", h->b[i]);
    (void)snprintf(sql, sizeof(sql),
                   "UPDATE segment SET feed=%llu,first_seq=3,reason='" DBK_WAIT_EARLIER
                   "' WHERE log_index=2;"
                   "UPDATE feed SET last_seq=3,head=x'%s' WHERE id=%llu",
                   (unsigned long long)ben.size, hex, (unsigned long long)ben.size);
    run_sql(book, sql);
    dbk_test_book_reopen(&l.org.books[LATE_ANNE]);
    proof p = proof_of(late_book(&l, LATE_ANNE), &l.org.space);
    assert_true(proof_says(&p, "nobody let it in"));
    late_drop(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(late_notes_are_listed_with_who_when_why_and_what_a24),
        cmocka_unit_test(what_one_holds_is_shown_to_who_has_the_key_and_to_nobody_else_a13),
        cmocka_unit_test(an_admitted_note_is_merged_by_every_member_a24),
        cmocka_unit_test(an_author_s_earlier_notes_come_in_with_a_later_one),
        cmocka_unit_test(a_refused_note_stays_and_can_be_let_in_later),
        cmocka_unit_test(two_supervisors_who_disagree_end_with_admit_on_every_replica),
        cmocka_unit_test(an_edit_upon_an_admitted_note_meets_it_in_any_order),
        cmocka_unit_test(an_officer_s_decision_has_no_effect_r8),
        cmocka_unit_test(a_reason_is_needed),
        cmocka_unit_test(
            a_supervisor_s_decision_stands_when_he_leaves_and_counts_no_more_afterwards),
        cmocka_unit_test(what_is_forged_is_never_let_in),
        cmocka_unit_test(who_pulled_before_hearing_of_the_revocation_ends_like_all_others_a24),
        cmocka_unit_test(of_two_histories_the_one_that_was_chosen_stands_everywhere),
        cmocka_unit_test(of_two_chosen_histories_every_replica_shows_the_same),
        cmocka_unit_test(verify_finds_a_late_note_that_nobody_let_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
