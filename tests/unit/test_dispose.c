/* From headquarters' decision to each device's word that it is done (2.5, decision 0031). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/journal/audit.h"
#include "core/practice/dispose.h"
#include "core/practice/rules.h"
#include "tests/lib/inboxkit.h"
#include "tests/lib/proof.h"

#define SECOND 3 /* in the place of the auditor: another administrator */

typedef struct bench {
    world w;
    dbk_id of_case, person, contact; /* decided on, with what tells of them */
    dbk_id other, shared;            /* another case, and what tells of both */
} bench;

static dbk_book *book(bench *b, size_t who)
{
    return world_book(&b->w, who);
}

static int64_t now_ms(bench *b)
{
    return (int64_t)b->w.org.books[HQ].env.now_ms;
}

/* Everybody sends and fetches, until all hold the same. */
static void settle(bench *b)
{
    for (size_t round = 0; round < 2; round++) {
        for (size_t who = HQ; who <= SECOND; who++) {
            (void)minilog_push(&b->w.log, book(b, who), KIT_NOON_MS + b->w.log.count);
            minilog_pull(&b->w.log, book(b, who), 100, NULL);
        }
    }
}

static dbk_id add(bench *b, const char *form, const char *const *fields)
{
    return dbk_test_add(book(b, ANNE), &b->w.org.space, form, fields);
}

static void review(bench *b, const dbk_id *record)
{
    const dbk_retention_opts opts = { .now_ms = now_ms(b) };
    char about[DBK_TEST_REF_SIZE], basis[96], at[64], text[DBK_TIME_TEXT_SIZE];
    dbk_retention r;
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    const dbk_env *env = dbk_book_env(book(b, HQ));
    assert_ok(dbk_retention_of(&r, book(b, HQ), record, &opts, &err), &err);
    dbk_test_ref(about, "about", record);
    (void)snprintf(basis, sizeof(basis), "basis=%s", r.basis);
    dbk_time_print(text, (int64_t)env->now_ms(env->self));
    (void)snprintf(at, sizeof(at), "reviewed_at=%s", text);
    const char *const fields[] = { about,
                                   basis,
                                   at,
                                   "decision=dispose",
                                   "necessity=no",
                                   "adequacy=yes",
                                   "accuracy=yes",
                                   "reason=Nothing needs it",
                                   "before_time=recorded_wrongly",
                                   NULL };
    dbk_id id = dbk_test_add(book(b, HQ), &b->w.org.space, DBK_RETENTION_FORM, fields);
    assert_ok(dbk_journal_sign(book(b, HQ), &problems, &id, &err), &err);
    dbk_problems_wipe(&problems);
}

static int setup(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER, DBK_ROLE_OFFICER, DBK_ROLE_ADMIN };
    static bench b;
    char case_ref[DBK_TEST_REF_SIZE], other_ref[DBK_TEST_REF_SIZE], on[DBK_TEST_REF_SIZE];
    dbk_test_org_make(&b.w.org, roles, ARRAY_LEN(roles));
    for (size_t i = 0; i < b.w.org.count; i++)
        dbk_journal_heed(b.w.org.books[i].book, dbk_rules_judge);
    dbk_id org = dbk_roster_org(dbk_book_roster(book(&b, HQ)));
    minilog_init(&b.w.log, &org, &b.w.org.space, b.w.org.relay);
    b.of_case = add(&b, "case",
                    (const char *const[]){
                        "kind=fatal_rtc", "ref=05/0417", "happened_at=2005-03-01T10:00:00Z",
                        "mopi_group=mopi_3", "status=closed", "closure_reason=court_complete",
                        "no_exit_plan_reason=None needed", "lessons=None", NULL });
    b.other = add(&b, "case", (const char *const[]){ "kind=homicide", "ref=26/0001", NULL });
    dbk_test_ref(case_ref, "case_id", &b.of_case);
    dbk_test_ref(other_ref, "case_id", &b.other);
    dbk_test_ref(on, "information_relied_on", &b.of_case);
    b.person = add(&b, "person",
                   (const char *const[]){ case_ref, "name=Joan", "dob=1950-01-01", NULL });
    b.contact = add(
        &b, "contact",
        (const char *const[]){ case_ref, "method=visit", "started_at=2006-05-01T10:00:00Z", NULL });
    b.shared = add(&b, "decision",
                   (const char *const[]){ other_ref, on, "decision=As before", NULL });
    settle(&b);
    review(&b, &b.person);
    review(&b, &b.of_case);
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

/* The officers and the second administrator say that they hold it. */
static void confirm(bench *b)
{
    static const char *const fields[] = { "name=Somebody else", NULL };
    settle(b);
    for (size_t who = ANNE; who <= SECOND; who++)
        (void)dbk_test_add(book(b, who), &b->w.org.space, "person", fields);
    settle(b);
}

static bool is_among(const dbk_disposing *d, const dbk_id *record)
{
    for (size_t i = 0; i < d->records_count; i++)
        if (dbk_id_equal(&d->records[i], record))
            return true;
    return false;
}

static void plan(bench *b, dbk_disposing *d)
{
    dbk_err err = { 0 };
    const dbk_id subjects[] = { b->of_case, b->person, b->of_case };
    assert_ok(dbk_disposing_plan(d, book(b, HQ), subjects, 3, now_ms(b), &err), &err);
}

static void an_order_takes_what_tells_of_the_decided_and_of_nobody_else_2_5(void **state)
{
    bench *b = *state;
    dbk_disposing d;
    dbk_err err = { 0 };
    confirm(b);
    plan(b, &d);
    assert_int_equal(d.subjects_count, 2);
    assert_int_equal(d.records_count, 3);
    assert_true(is_among(&d, &b->of_case) && is_among(&d, &b->person) && is_among(&d, &b->contact));
    assert_int_equal(d.shared, 1); /* it tells of another case, too */
    assert_int_equal(d.dots_count, 3);
    assert_int_equal(d.silent_count, 0);
    dbk_disposing_wipe(&d);
    /* The case alone: its person, on whom nothing would be decided then, stays, and so does all
     * that tells of both. */
    assert_ok(dbk_disposing_plan(&d, book(b, HQ), &b->of_case, 1, now_ms(b), &err), &err);
    assert_int_equal(d.records_count, 2);
    assert_int_equal(d.shared, 2);
    dbk_disposing_wipe(&d);
    assert_rc(dbk_disposing_plan(&d, book(b, HQ), &b->other, 1, now_ms(b), &err), DBK_CONFLICT,
              &err);
    dbk_disposing_wipe(&d);
    dbk_err_clear(&err);
    assert_rc(dbk_disposing_plan(&d, book(b, HQ), &b->contact, 1, now_ms(b), &err), DBK_INVALID,
              &err);
    dbk_disposing_wipe(&d);
}

static void nothing_is_planned_against_a_hold_or_after_a_change_p6(void **state)
{
    bench *b = *state;
    dbk_disposing d;
    dbk_err err = { 0 };
    confirm(b);
    dbk_test_edit(book(b, BEN), &b->of_case,
                  (const char *const[]){ "legal_hold=yes", "legal_hold_for=litigation", NULL });
    settle(b);
    assert_rc(dbk_disposing_plan(&d, book(b, HQ), &b->of_case, 1, now_ms(b), &err), DBK_CONFLICT,
              &err);
    dbk_disposing_wipe(&d);
}

/* ---- proposing and agreeing ---------------------------------------------------------------- */

static void propose(bench *b, dbk_bytes *entry, const dbk_disposing *d)
{
    dbk_err err = { 0 };
    const dbk_new_order o = { d->space, d->review, d->dots, d->dots_count };
    assert_ok(dbk_org_dispose(book(b, HQ), entry, &o, &err), &err);
}

static dbk_rc check(bench *b, const dbk_bytes *entry)
{
    dbk_disposing d;
    dbk_proposal p;
    dbk_err err = { 0 };
    assert_ok(dbk_proposal_open(&p, book(b, SECOND), dbk_bytes_span(entry), &err), &err);
    dbk_rc rc = dbk_disposing_check(&d, book(b, SECOND), &p, now_ms(b), &err);
    dbk_disposing_wipe(&d);
    dbk_proposal_wipe(&p);
    return rc;
}

static void the_second_agrees_to_just_what_stands_decided_where_they_are_2_5(void **state)
{
    bench *b = *state;
    dbk_disposing d;
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    confirm(b);
    plan(b, &d);
    propose(b, &entry, &d);
    assert_int_equal(check(b, &entry), DBK_OK);
    /* One op less, another decision, one of nobody. */
    dbk_bytes_truncate(&entry, 0);
    d.dots_count--;
    propose(b, &entry, &d);
    assert_int_equal(check(b, &entry), DBK_CONFLICT);
    dbk_bytes_truncate(&entry, 0);
    d.dots_count++;
    d.review.b[0] ^= 1;
    propose(b, &entry, &d);
    assert_int_equal(check(b, &entry), DBK_CONFLICT);
    dbk_bytes_truncate(&entry, 0);
    d.review.b[0] ^= 1;
    d.dots[0].seq += 1000;
    d.dots_count = 1;
    propose(b, &entry, &d);
    assert_int_equal(check(b, &entry), DBK_CONFLICT);
    dbk_disposing_wipe(&d);
    /* Something came there that the first hasn't heard of. */
    dbk_bytes_truncate(&entry, 0);
    plan(b, &d);
    propose(b, &entry, &d);
    dbk_test_edit(book(b, BEN), &b->of_case, (const char *const[]){ "summary=More", NULL });
    (void)minilog_push(&b->w.log, book(b, BEN), KIT_NOON_MS + b->w.log.count);
    minilog_pull(&b->w.log, book(b, SECOND), 100, NULL);
    assert_int_equal(check(b, &entry), DBK_CONFLICT);
    dbk_disposing_wipe(&d);
    dbk_bytes_wipe(&entry);
}

static void nobody_agrees_while_a_device_is_silent_2_5(void **state)
{
    bench *b = *state;
    dbk_disposing d;
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    settle(b);
    plan(b, &d);
    assert_int_equal(d.silent_count, 3);
    propose(b, &entry, &d);
    assert_int_equal(check(b, &entry), DBK_CONFLICT);
    dbk_disposing_wipe(&d);
    dbk_bytes_wipe(&entry);
}

/* ---- carrying out -------------------------------------------------------------------------- */

static void order(bench *b)
{
    dbk_disposing d;
    dbk_err err = { 0 };
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX),
              whole = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    plan(b, &d);
    propose(b, &entry, &d);
    assert_ok(dbk_proposal_agree(book(b, SECOND), &whole, dbk_bytes_span(&entry), &err), &err);
    dbk_test_org_post(&b->w.org, dbk_bytes_span(&whole));
    dbk_disposing_wipe(&d);
    dbk_bytes_wipe(&entry);
    dbk_bytes_wipe(&whole);
}

typedef struct told {
    size_t count;
    dbk_disposed last;
} told;

static dbk_rc tell(void *ctx, const dbk_disposed *d, dbk_err *err)
{
    told *t = ctx;
    (void)err;
    t->count++;
    t->last = *d;
    return DBK_OK;
}

static told carry_out(bench *b, size_t who)
{
    told t = { 0 };
    dbk_err err = { 0 };
    assert_ok(dbk_dispose_carry_out(book(b, who), now_ms(b), tell, &t, &err), &err);
    return t;
}

static bool has(bench *b, size_t who, const dbk_id *record)
{
    dbk_note *note = NULL;
    dbk_rc rc = dbk_query_note(&note, book(b, who), record, NULL);
    dbk_note_free(note);
    return rc == DBK_OK;
}

static dbk_dispose_word word_of(bench *b, size_t who)
{
    dbk_err err = { 0 };
    dbk_disposal d;
    dbk_dispose_word *words = NULL, found = { 0 };
    size_t count = 0;
    dbk_id device = dbk_book_device(book(b, who));
    assert_ok(dbk_disposal_at(book(b, HQ), &d, 0, &err), &err);
    assert_ok(dbk_dispose_words(&words, &count, book(b, HQ), &d, &err), &err);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++)
        if (dbk_id_equal(&words[i].device, &device))
            found = words[i];
    dbk_free(words);
    return found;
}

static void each_device_erases_and_says_so_and_one_with_a_hold_keeps_it_p6(void **state)
{
    bench *b = *state;
    confirm(b);
    assert_int_equal(carry_out(b, ANNE).count, 0);
    order(b);
    /* Ben sets a hold before he hears of it; Anne writes on the contact. */
    dbk_test_edit(book(b, BEN), &b->of_case,
                  (const char *const[]){ "legal_hold=yes", "legal_hold_for=litigation", NULL });
    told t = carry_out(b, BEN);
    assert_int_equal(t.last.outcome, DBK_DISPOSE_HELD);
    assert_int_equal(t.last.ops, 0);
    assert_int_equal(carry_out(b, HQ).last.outcome, DBK_DISPOSE_DONE);
    t = carry_out(b, SECOND);
    assert_int_equal(t.last.outcome, DBK_DISPOSE_DONE);
    assert_int_equal(t.last.ops, 3);
    assert_int_equal(carry_out(b, SECOND).count, 0); /* once */
    dbk_test_edit(book(b, ANNE), &b->contact, (const char *const[]){ "method=phone", NULL });
    assert_int_equal(carry_out(b, ANNE).last.outcome, DBK_DISPOSE_CHANGED);
    assert_true(has(b, BEN, &b->contact) && has(b, ANNE, &b->contact));
    assert_false(has(b, HQ, &b->contact) || has(b, HQ, &b->of_case) || has(b, SECOND, &b->person));
    assert_true(has(b, HQ, &b->shared) && has(b, HQ, &b->other));
    settle(b);
    assert_true(word_of(b, HQ).said && word_of(b, HQ).outcome == DBK_DISPOSE_DONE);
    assert_int_equal(word_of(b, SECOND).outcome, DBK_DISPOSE_DONE);
    assert_int_equal(word_of(b, BEN).outcome, DBK_DISPOSE_HELD);
    assert_int_equal(word_of(b, ANNE).outcome, DBK_DISPOSE_CHANGED);
    for (size_t who = HQ; who <= SECOND; who++)
        (void)proof_clean(book(b, who), &b->w.org.space);
}

static void who_is_out_of_the_space_erases_without_judging(void **state)
{
    bench *b = *state;
    dbk_err err = { 0 };
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    confirm(b);
    dbk_test_edit(book(b, BEN), &b->of_case,
                  (const char *const[]){ "legal_hold=yes", "legal_hold_for=litigation", NULL });
    const dbk_leaving leaving = { .device = dbk_book_device(book(b, BEN)),
                                  .space = &b->w.org.space };
    assert_ok(dbk_org_leave(book(b, HQ), &entry, &leaving, &err), &err);
    dbk_test_org_post(&b->w.org, dbk_bytes_span(&entry));
    dbk_bytes_wipe(&entry);
    order(b);
    told t = carry_out(b, BEN);
    assert_int_equal(t.last.outcome, DBK_DISPOSE_DONE);
    assert_int_equal(t.last.ops, 3);
}

static dbk_rc see_erasure(void *ctx, const dbk_audit_row *row, dbk_err *err)
{
    size_t *count = ctx;
    (void)err;
    if (row->op != DBK_AUDIT_ERASURE || row->order.len == 0)
        return DBK_OK;
    assert_int_equal(row->records.len, 0);
    assert_int_equal(row->count, 3);
    (*count)++;
    return DBK_OK;
}

static void the_log_of_use_says_that_it_went_and_nothing_of_what_it_was_2_6(void **state)
{
    bench *b = *state;
    dbk_err err = { 0 };
    size_t count = 0;
    const dbk_audit_opts opts = { .from_ms = 0, .to_ms = INT64_MAX };
    confirm(b);
    order(b);
    assert_int_equal(carry_out(b, HQ).last.ops, 3);
    assert_ok(dbk_audit_each(book(b, HQ), &opts, see_erasure, &count, &err), &err);
    assert_int_equal(count, 1);
}

static void who_ends_between_erasing_and_saying_so_says_it_later_2_6(void **state)
{
    bench *b = *state;
    dbk_err err = { 0 };
    dbk_disposal d;
    uint64_t ops = 0;
    size_t count = 0;
    const dbk_audit_opts opts = { .from_ms = 0, .to_ms = INT64_MAX };
    confirm(b);
    order(b);
    assert_ok(dbk_disposal_at(book(b, HQ), &d, 0, &err), &err);
    assert_ok(dbk_disposal_erase(book(b, HQ), &ops, d.order, &err), &err);
    dbk_test_book_reopen(&b->w.org.books[HQ]);
    told t = carry_out(b, HQ);
    assert_int_equal(t.count, 1);
    assert_int_equal(t.last.ops, ops);
    assert_ok(dbk_audit_each(book(b, HQ), &opts, see_erasure, &count, &err), &err);
    assert_int_equal(count, 1);
    assert_int_equal(carry_out(b, HQ).count, 0);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH(an_order_takes_what_tells_of_the_decided_and_of_nobody_else_2_5),
        WITH(nothing_is_planned_against_a_hold_or_after_a_change_p6),
        WITH(the_second_agrees_to_just_what_stands_decided_where_they_are_2_5),
        WITH(nobody_agrees_while_a_device_is_silent_2_5),
        WITH(each_device_erases_and_says_so_and_one_with_a_hold_keeps_it_p6),
        WITH(who_is_out_of_the_space_erases_without_judging),
        WITH(the_log_of_use_says_that_it_went_and_nothing_of_what_it_was_2_6),
        WITH(who_ends_between_erasing_and_saying_so_says_it_later_2_6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
