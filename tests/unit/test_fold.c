#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/journal/fold.h"
#include "core/store/segments.h"
#include "tests/lib/org.h"

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

enum { DESK, ANN, BEN };
static dbk_test_org org;

static int make_org(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER, DBK_ROLE_OFFICER };
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

/* A record's row, copied. */
typedef struct row {
    dbk_store_record row;
    char form[64], summary[DBK_SUMMARY_BYTES_MAX + 1];
} row;

static dbk_rc copy_row(void *ctx, const dbk_store_record *from, dbk_err *err)
{
    row *r = ctx;
    (void)err;
    r->row = *from;
    assert_true(from->summary.len < sizeof(r->summary));
    (void)snprintf(r->form, sizeof(r->form), "%s", (const char *)from->form.p);
    (void)snprintf(r->summary, sizeof(r->summary), "%s", (const char *)from->summary.p);
    return DBK_OK;
}

static row row_of(int who, const dbk_id *id)
{
    row r;
    dbk_err err = { 0 };
    assert_ok(dbk_records_find(book_of(who)->store, id, 0, copy_row, &r, &err), &err);
    return r;
}

static int64_t ms_of(const char *time)
{
    int64_t ms = 0;
    dbk_err err = { 0 };
    assert_ok(dbk_time_parse(&ms, dbk_span_str(time), &err), &err);
    return ms;
}

/* ---- what lists show ----------------------------------------------------------------------- */

static void a_record_is_dated_by_its_forms_field_else_by_when_it_was_written(void **state)
{
    (void)state;
    const int64_t now = (int64_t)org.books[ANN].env.now_ms;
    dbk_id dated = dbk_test_add(book_of(ANN), &org.space, "contact",
                                TEXTS("method=visit", "started_at=2026-09-01T11:00:00+01:00"));
    dbk_id blank = dbk_test_add(book_of(ANN), &org.space, "contact", TEXTS("method=visit"));
    dbk_id unknown = dbk_test_add(book_of(ANN), &org.space, "contact",
                                  TEXTS("method=visit", "started_at=not_known"));
    assert_int_equal(row_of(ANN, &dated).row.when_ms, ms_of("2026-09-01T10:00:00Z"));
    assert_int_equal(row_of(ANN, &blank).row.when_ms, now);
    assert_int_equal(row_of(ANN, &unknown).row.when_ms, now);
    assert_int_equal(row_of(ANN, &dated).row.created_ms, now);
    dbk_test_edit(book_of(ANN), &dated, TEXTS("started_at=2026-09-02T10:00:00Z"));
    assert_int_equal(row_of(ANN, &dated).row.when_ms, ms_of("2026-09-02T10:00:00Z"));
}

static void times_of_writing_are_the_authors_claims(void **state)
{
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "person", TEXTS("name=Ada"));
    row before = row_of(ANN, &id);
    org.books[ANN].env.now_ms += 5000;
    dbk_test_edit(book_of(ANN), &id, TEXTS("name=Ada King"));
    row after = row_of(ANN, &id);
    assert_int_equal(after.row.created_ms, before.row.created_ms);
    assert_int_equal(after.row.updated_ms, before.row.updated_ms + 5000);
}

static void the_summary_is_the_forms_fields_in_one_line(void **state)
{
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "contact",
                             TEXTS("method=phone", "place=The mill"));
    row r = row_of(ANN, &id);
    assert_string_equal(r.form, "contact");
    assert_string_equal(r.summary, "Phone call, The mill");
    dbk_test_edit(book_of(ANN), &id, TEXTS("purpose=update,evidence"));
    assert_string_equal(row_of(ANN, &id).summary, "Phone call, Update, Evidence, The mill");
}

static void a_long_summary_is_cut_between_characters(void **state)
{
    static char name[2000];
    (void)state;
    memcpy(name, "name=x", 6);
    for (size_t at = 6; at + 3 < sizeof(name) && at < 6 + 3 * 199; at += 3)
        memcpy(name + at, "\xe2\x82\xac", 4); /* 199 euro signs */
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "person", TEXTS(name));
    row r = row_of(ANN, &id);
    assert_int_equal(r.row.summary.len, 1 + 3 * 170); /* 511: one byte more would tear one */
    assert_true(dbk_utf8_valid(dbk_span_str(r.summary)));
}

static void each_change_waits_to_be_indexed_again(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "person", TEXTS("name=Ada"));
    row r = row_of(ANN, &id);
    assert_false(r.row.indexed);
    assert_ok(dbk_words_put(book_of(ANN)->store, r.row.id, dbk_span_str("Ada"), &err), &err);
    assert_true(row_of(ANN, &id).row.indexed);
    dbk_test_edit(book_of(ANN), &id, TEXTS("name=Ada King"));
    assert_false(row_of(ANN, &id).row.indexed);
}

static void life_and_attention_stand_in_the_row_as_the_view_says(void **state)
{
    dbk_err err = { 0 };
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "person", TEXTS("name=Ada"));
    assert_int_equal(row_of(ANN, &id).row.life, DBK_LIFE_LIVE);
    dbk_test_org_exchange(&org);
    dbk_test_edit(book_of(ANN), &id, TEXTS("name=Ada Byron", "safe_voicemail=no"));
    dbk_test_edit(book_of(BEN), &id, TEXTS("name=Ada King", "safe_voicemail=yes"));
    dbk_test_org_exchange(&org);
    for (int who = DESK; who <= BEN; who++) {
        row r = row_of(who, &id);
        assert_int_equal(r.row.asks, 1);
        assert_int_equal(r.row.cautious, 1);
        assert_int_equal(r.row.proposals, 0);
        assert_int_equal(r.row.reviews, 1);
        assert_int_equal(r.row.contested, 2);
    }
    assert_ok(dbk_journal_withdraw(book_of(ANN), &id, "Written twice", &err), &err);
    assert_int_equal(row_of(ANN, &id).row.life, DBK_LIFE_WITHDRAWN);
}

static void replicas_that_hold_the_same_hold_the_same_state_bytes(void **state)
{
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "person", TEXTS("name=Ada"));
    dbk_test_org_exchange(&org);
    dbk_test_edit(book_of(ANN), &id, TEXTS("name=Ada Byron"));
    dbk_test_edit(book_of(BEN), &id, TEXTS("name=Ada King", "sex=female"));
    dbk_test_edit(book_of(DESK), &id, TEXTS("needs=sight"));
    dbk_test_org_exchange(&org);
    dbk_test_org_exchange(&org);
    row ann = row_of(ANN, &id), ben = row_of(BEN, &id), desk = row_of(DESK, &id);
    assert_string_equal(ann.summary, desk.summary);
    assert_string_equal(ben.summary, desk.summary);
    assert_int_equal(ann.row.state.len, desk.row.state.len);
    assert_int_equal(ben.row.state.len, desk.row.state.len);
}

/* ---- receipts ------------------------------------------------------------------------------ */

/* The newest own segment gets a receipt of this time. */
static void receipt(int who, int author, uint64_t index, uint64_t receipt_ms)
{
    dbk_book *book = book_of(who);
    dbk_store_segment_place place;
    dbk_err err = { 0 };
    dbk_id device = dbk_book_device(book_of(author));
    const dbk_book_feed *feed = NULL;
    for (size_t i = 0; i < book->tables.feeds_count; i++)
        if (dbk_id_equal(&book->tables.feeds[i]->device, &device))
            feed = book->tables.feeds[i];
    assert_non_null(feed);
    const dbk_store_place at = { true, index, receipt_ms };
    assert_ok(dbk_segments_place(book->store, &place, feed->row, feed->now.last_seq, &err), &err);
    assert_ok(dbk_book_begin(book, &err), &err);
    assert_ok(dbk_segments_set_log(book->store, place.id, &at, dbk_span_of(NULL, 0), &err), &err);
    assert_ok(dbk_fold_receipted(book, place.id, &err), &err);
    assert_ok(dbk_book_commit(book, &err), &err);
}

/* Of two names the later is shown: by the claimed time, but no later than the relay got it. */
static void a_receipt_can_change_what_is_shown_and_the_row_follows(void **state)
{
    (void)state;
    dbk_id id = dbk_test_add(book_of(ANN), &org.space, "person", TEXTS("name=Ada"));
    dbk_test_org_exchange(&org);
    org.books[ANN].env.now_ms += 1000;
    dbk_test_edit(book_of(ANN), &id, TEXTS("name=Ada Byron"));
    org.books[BEN].env.now_ms = org.books[ANN].env.now_ms + 3600000; /* its clock is fast */
    dbk_test_edit(book_of(BEN), &id, TEXTS("name=Ada King"));
    dbk_test_org_exchange(&org);
    row before = row_of(DESK, &id);
    assert_string_equal(before.summary, "Ada King");
    receipt(DESK, ANN, 1000, org.books[ANN].env.now_ms + 500);
    assert_string_equal(row_of(DESK, &id).summary, "Ada King");
    receipt(DESK, BEN, 1001, org.books[ANN].env.now_ms - 500);
    row after = row_of(DESK, &id);
    assert_string_equal(after.summary, "Ada Byron");
    assert_int_equal(after.row.updated_ms, before.row.updated_ms);
    assert_int_equal(after.row.asks, before.row.asks);
    assert_false(after.row.indexed);
}

int main(void)
{
#define CHECKED(test) cmocka_unit_test_setup_teardown(test, NULL, check_org)
    const struct CMUnitTest tests[] = {
        CHECKED(a_record_is_dated_by_its_forms_field_else_by_when_it_was_written),
        CHECKED(times_of_writing_are_the_authors_claims),
        CHECKED(the_summary_is_the_forms_fields_in_one_line),
        CHECKED(a_long_summary_is_cut_between_characters),
        CHECKED(each_change_waits_to_be_indexed_again),
        CHECKED(life_and_attention_stand_in_the_row_as_the_view_says),
        CHECKED(replicas_that_hold_the_same_hold_the_same_state_bytes),
        CHECKED(a_receipt_can_change_what_is_shown_and_the_row_follows),
    };
#undef CHECKED
    return cmocka_run_group_tests(tests, make_org, drop_org);
}
