#include "tests/lib/test.h"

#include <string.h>

#include "core/journal/book_internal.h"
#include "core/store/records.h"
#include "core/store/segments.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Two desks with role hq, two officers. */
enum { DESK, DESK_2, ANN, BEN };
static dbk_test_org org;

static int make_org(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_HQ, DBK_ROLE_OFFICER, DBK_ROLE_OFFICER };
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_test_org_drop(&org);
    return 0;
}

static int check_org(void **state)
{
    (void)state;
    dbk_test_org_check(&org);
    return 0;
}

static dbk_book *book_of(int who)
{
    return org.books[who].book;
}

/* Two names that nobody has seen together, on every book. */
static dbk_id disputed_name(void)
{
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "person", TEXTS("name=Ada"));
    dbk_test_org_exchange(&org);
    dbk_test_edit(book_of(ANN), &id, TEXTS("name=Ada Byron"));
    dbk_test_edit(book_of(BEN), &id, TEXTS("name=Ada King"));
    dbk_test_org_exchange(&org);
    assert_int_equal(dbk_test_attention(book_of(DESK), &id).asks, 1);
    return id;
}

static dbk_rc resolve(int who, const dbk_resolve *r)
{
    dbk_problems problems = { 0 };
    dbk_err err = { 0 };
    dbk_rc rc = dbk_journal_resolve(book_of(who), &problems, r, &err);
    assert_int_equal(rc, err.rc);
    dbk_problems_wipe(&problems);
    return rc;
}

static size_t needs(int who, const dbk_id *id)
{
    dbk_attention need = dbk_test_attention(book_of(who), id);
    return need.asks + need.cautious + need.proposals + need.reviews;
}

/* Which of the values that stand is this? */
static int choice_of(int who, const dbk_id *id, const char *group, const char *holds)
{
    dbk_err err = { 0 };
    dbk_note *note = NULL;
    int found = -1;
    assert_ok(dbk_query_note(&note, book_of(who), id, &err), &err);
    const dbk_state_group *g = dbk_state_group_find(note->state, dbk_span_str(group));
    assert_non_null(g);
    for (size_t i = 0; i < g->registers_count; i++) {
        dbk_span v = g->registers[i].value;
        for (size_t at = 0; at + strlen(holds) <= v.len; at++)
            if (memcmp(v.p + at, holds, strlen(holds)) == 0)
                found = (int)i;
    }
    dbk_note_free(note);
    assert_true(found >= 0);
    return found;
}

/* Of two values that stand, the one that isn't shown. */
static int not_shown(int who, const dbk_id *id, const char *group)
{
    dbk_err err = { 0 };
    dbk_note *note = NULL;
    assert_ok(dbk_query_note(&note, book_of(who), id, &err), &err);
    const dbk_state_group *g = dbk_state_group_find(note->state, dbk_span_str(group));
    assert_non_null(g);
    assert_int_equal(g->registers_count, 2);
    int other = 1 - (int)dbk_view_group(g, &note->view).winner;
    dbk_note_free(note);
    return other;
}

/* ---- who and how --------------------------------------------------------------------------- */

static void only_headquarters_decides_and_gives_a_reason(void **state)
{
    (void)state;
    dbk_id id = disputed_name();
    const dbk_resolve by_choice = { id, "name", 0, NULL, 0, "Birth certificate seen" };
    dbk_resolve silent = by_choice, beyond = by_choice, other = by_choice, none = by_choice;
    silent.reason = "";
    beyond.choice = 2;
    other.group = "sex";
    none.group = "no_such_group";
    assert_int_equal(resolve(ANN, &by_choice), DBK_DENIED);
    assert_int_equal(resolve(DESK, &silent), DBK_INVALID);
    assert_int_equal(resolve(DESK, &beyond), DBK_INVALID);
    assert_int_equal(resolve(DESK, &other), DBK_NOT_FOUND); /* nothing stands against another */
    assert_int_equal(resolve(DESK, &none), DBK_NOT_FOUND);
    assert_int_equal(needs(DESK, &id), 2);
    assert_int_equal(resolve(DESK, &by_choice), DBK_OK);
    assert_int_equal(resolve(DESK, &by_choice), DBK_NOT_FOUND);
}

static void a_choice_ends_the_dispute_everywhere_and_nobody_lost_a_word_P2(void **state)
{
    (void)state;
    dbk_id id = disputed_name();
    const dbk_resolve r = { id,   "name", choice_of(DESK, &id, "name", "Ada King"),
                            NULL, 0,      "Birth certificate seen" };
    assert_int_equal(resolve(DESK, &r), DBK_OK);
    dbk_test_org_exchange(&org);
    for (int who = DESK; who <= BEN; who++) {
        assert_int_equal(needs(who, &id), 0);
        assert_string_equal(dbk_test_text(book_of(who), &id, "name"), "Ada King");
    }
}

static void a_new_value_can_be_decided_by_the_groups_own_fields_only(void **state)
{
    (void)state;
    dbk_id id = disputed_name();
    const dbk_input name = { DBK_INPUT_SET, "name", "Augusta Ada King", NULL };
    const dbk_input both[] = { name, { DBK_INPUT_SET, "sex", "female", NULL } };
    const dbk_input elsewhere = { DBK_INPUT_SET, "sex", "female", NULL };
    const dbk_resolve wide = { id, "name", -1, both, 2, "Passport seen" };
    const dbk_resolve beside = { id, "name", -1, &elsewhere, 1, "Passport seen" };
    const dbk_resolve empty = { id, "name", -1, NULL, 0, "Passport seen" };
    const dbk_resolve right = { id, "name", -1, &name, 1, "Passport seen" };
    assert_int_equal(resolve(DESK, &wide), DBK_INVALID);
    assert_int_equal(resolve(DESK, &beside), DBK_INVALID);
    assert_int_equal(resolve(DESK, &empty), DBK_INVALID);
    assert_int_equal(resolve(DESK, &right), DBK_OK);
    dbk_test_org_exchange(&org);
    assert_string_equal(dbk_test_text(book_of(BEN), &id, "name"), "Augusta Ada King");
    assert_int_equal(needs(BEN, &id), 0);
}

/* ---- what two desks decide ----------------------------------------------------------------- */

typedef struct op_bytes {
    dbk_book *book;
    dbk_bytes plain;
} op_bytes;

static dbk_rc open_last(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    op_bytes *o = ctx;
    dbk_header h;
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    dbk_rc rc = dbk_header_decode(&h, row->header, err);
    if (rc == DBK_OK)
        rc = dbk_body_split(frames, &h, row->body, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_secret *key = dbk_keyring_find(o->book->keyring, &h.space, &h.key_id);
    return dbk_open_frame(o->book->sealer, &o->plain, &h, &frames[h.count - 1], h.count - 1u, key,
                          err);
}

/* The bytes of the last op of this device, with its time set to zero. */
static dbk_bytes last_op(int who)
{
    dbk_err err = { 0 };
    op_bytes o = { book_of(who), DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX) };
    dbk_bytes again = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    dbk_op_decoded op = { 0 };
    const dbk_book_space *space = dbk_tables_space(&o.book->tables, &org.space);
    const dbk_book_feed *feed = dbk_tables_own_feed(&o.book->tables, space);
    assert_ok(dbk_segments_at(o.book->store, feed->row, feed->now.last_seq, open_last, &o, &err),
              &err);
    assert_ok(dbk_op_decode(&op, dbk_bytes_span(&o.plain), &feed->feed, &err), &err);
    op.op.time = 0;
    /* Dots of the own feed are written short: in full they are the same for everybody. */
    dbk_id nobody = { { 0 } };
    assert_ok(dbk_op_encode(&again, &op.op, &nobody, &err), &err);
    dbk_op_decoded_wipe(&op);
    dbk_bytes_wipe(&o.plain);
    return again;
}

static void the_same_decision_at_two_desks_is_the_same_bytes_and_no_new_dispute(void **state)
{
    (void)state;
    dbk_id id = disputed_name();
    const dbk_resolve r = { id,   "name", choice_of(DESK, &id, "name", "Ada Byron"),
                            NULL, 0,      "Birth certificate seen" };
    assert_int_equal(resolve(DESK, &r), DBK_OK);
    org.books[DESK_2].env.now_ms += 3600000;
    assert_int_equal(resolve(DESK_2, &r), DBK_OK);
    dbk_bytes one = last_op(DESK), two = last_op(DESK_2);
    assert_true(dbk_span_equal(dbk_bytes_span(&one), dbk_bytes_span(&two)));
    dbk_bytes_wipe(&one);
    dbk_bytes_wipe(&two);
    dbk_test_org_exchange(&org);
    for (int who = DESK; who <= BEN; who++) {
        assert_int_equal(needs(who, &id), 0);
        assert_string_equal(dbk_test_text(book_of(who), &id, "name"), "Ada Byron");
    }
}

static void different_decisions_at_two_desks_are_a_dispute_again_P2(void **state)
{
    (void)state;
    dbk_id id = disputed_name();
    const dbk_resolve one = { id,   "name", choice_of(DESK, &id, "name", "Ada Byron"),
                              NULL, 0,      "Birth certificate seen" };
    const dbk_resolve two = { id,   "name", choice_of(DESK_2, &id, "name", "Ada King"),
                              NULL, 0,      "Marriage certificate seen" };
    assert_int_equal(resolve(DESK, &one), DBK_OK);
    assert_int_equal(resolve(DESK_2, &two), DBK_OK);
    dbk_test_org_exchange(&org);
    for (int who = DESK; who <= BEN; who++)
        assert_int_equal(dbk_test_attention(book_of(who), &id).asks, 1);
    const dbk_resolve last = { id,   "name", choice_of(DESK, &id, "name", "Ada King"),
                               NULL, 0,      "Agreed by telephone" };
    assert_int_equal(resolve(DESK, &last), DBK_OK);
    dbk_test_org_exchange(&org);
    assert_int_equal(needs(BEN, &id), 0);
}

static void an_edit_that_a_decision_had_not_seen_asks_again(void **state)
{
    (void)state;
    dbk_id id = disputed_name();
    const dbk_resolve r = { id,   "name", choice_of(DESK, &id, "name", "Ada King"),
                            NULL, 0,      "Birth certificate seen" };
    dbk_test_edit(book_of(BEN), &id, TEXTS("name=Ada, Countess of Lovelace"));
    assert_int_equal(resolve(DESK, &r), DBK_OK);
    dbk_test_org_exchange(&org);
    assert_true(needs(ANN, &id) > 0);
}

/* ---- reviews, lifecycle, proposals, the protective value ----------------------------------- */

static void a_look_clears_the_review_and_writes_no_value(void **state)
{
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "person", TEXTS("name=Ada"));
    const dbk_resolve look = { id, "review", -1, NULL, 0, "The two fit together" };
    dbk_test_org_exchange(&org);
    assert_int_equal(resolve(DESK, &look), DBK_NOT_FOUND);
    dbk_test_edit(book_of(ANN), &id, TEXTS("name=Ada Byron"));
    dbk_test_edit(book_of(BEN), &id, TEXTS("sex=female"));
    dbk_test_org_exchange(&org);
    assert_int_equal(dbk_test_attention(book_of(DESK), &id).reviews, 1);
    assert_int_equal(resolve(ANN, &look), DBK_DENIED);
    assert_int_equal(resolve(DESK, &look), DBK_OK);
    dbk_test_org_exchange(&org);
    for (int who = DESK; who <= BEN; who++) {
        assert_int_equal(needs(who, &id), 0);
        assert_string_equal(dbk_test_text(book_of(who), &id, "name"), "Ada Byron");
        assert_string_equal(dbk_test_text(book_of(who), &id, "sex"), "Female");
    }
}

static dbk_id signed_against_withdrawn(void)
{
    dbk_err err = { 0 };
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "person", TEXTS("name=Ada"));
    dbk_test_org_exchange(&org);
    assert_ok(dbk_journal_withdraw(book_of(ANN), &id, "Written twice", &err), &err);
    assert_ok(dbk_journal_withdraw(book_of(BEN), &id, "Wrong family", &err), &err);
    dbk_test_org_exchange(&org);
    return id;
}

static void of_the_lifecycle_one_of_the_states_can_be_chosen(void **state)
{
    (void)state;
    dbk_id id = signed_against_withdrawn();
    /* Two withdrawals agree; but two values stand, and HQ may make them one. */
    const dbk_resolve r = { id,   "lifecycle", choice_of(DESK, &id, "lifecycle", "Wrong family"),
                            NULL, 0,           "The reason" };
    assert_int_equal(resolve(DESK, &r), DBK_OK);
    dbk_test_org_exchange(&org);
    for (int who = DESK; who <= BEN; who++) {
        assert_int_equal(dbk_test_life(book_of(who), &id), DBK_LIFE_WITHDRAWN);
        assert_int_equal(needs(who, &id), 0);
    }
}

static void hq_takes_or_leaves_a_proposal(void **state)
{
    (void)state;
    dbk_id id = dbk_test_add(book_of(DESK), &org.space, "case",
                             TEXTS("ref=LEX/1", "lead_role=sio"));
    dbk_test_org_exchange(&org);
    dbk_test_edit(book_of(ANN), &id, TEXTS("lead_role=oic"));
    dbk_test_org_exchange(&org);
    assert_int_equal(dbk_test_attention(book_of(DESK), &id).proposals, 1);
    const dbk_resolve r = { id,   "lead", choice_of(DESK, &id, "lead", "oic"),
                            NULL, 0,      "The officer is right" };
    assert_int_equal(resolve(DESK, &r), DBK_OK);
    dbk_test_org_exchange(&org);
    for (int who = DESK; who <= BEN; who++) {
        assert_string_equal(dbk_test_text(book_of(who), &id, "lead_role"), "Officer in the case");
        assert_int_equal(needs(who, &id), 0);
    }
}

static void hq_may_lower_the_protective_value_with_its_reason_P6(void **state)
{
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "person",
                             TEXTS("name=Ada", "safe_voicemail=not_known"));
    dbk_test_org_exchange(&org);
    dbk_test_edit(book_of(ANN), &id, TEXTS("safe_voicemail=no"));
    dbk_test_edit(book_of(BEN), &id, TEXTS("safe_voicemail=yes"));
    dbk_test_org_exchange(&org);
    assert_string_equal(dbk_test_text(book_of(DESK), &id, "safe_voicemail"), "No");
    const dbk_resolve r = { id,
                            "safe_voicemail",
                            not_shown(DESK, &id, "safe_voicemail"),
                            NULL,
                            0,
                            "She rang back and asked for it" };
    assert_int_equal(resolve(DESK, &r), DBK_OK);
    dbk_test_org_exchange(&org);
    for (int who = DESK; who <= BEN; who++) {
        assert_string_equal(dbk_test_text(book_of(who), &id, "safe_voicemail"), "Yes");
        assert_int_equal(needs(who, &id), 0);
    }
}

int main(void)
{
#define CHECKED(test) cmocka_unit_test_setup_teardown(test, NULL, check_org)
    const struct CMUnitTest tests[] = {
        CHECKED(only_headquarters_decides_and_gives_a_reason),
        CHECKED(a_choice_ends_the_dispute_everywhere_and_nobody_lost_a_word_P2),
        CHECKED(a_new_value_can_be_decided_by_the_groups_own_fields_only),
        CHECKED(the_same_decision_at_two_desks_is_the_same_bytes_and_no_new_dispute),
        CHECKED(different_decisions_at_two_desks_are_a_dispute_again_P2),
        CHECKED(an_edit_that_a_decision_had_not_seen_asks_again),
        CHECKED(a_look_clears_the_review_and_writes_no_value),
        CHECKED(of_the_lifecycle_one_of_the_states_can_be_chosen),
        CHECKED(hq_takes_or_leaves_a_proposal),
        CHECKED(hq_may_lower_the_protective_value_with_its_reason_P6),
    };
#undef CHECKED
    return cmocka_run_group_tests(tests, make_org, drop_org);
}
