/* The read path: records, lists, conditions, search, history, conflicts, status. */
#include "tests/lib/test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "core/journal/book_internal.h"
#include "core/store/sql.h"
#include "tests/lib/proof.h"
#include "tests/lib/querykit.h"

static rows list(dbk_book *book, const dbk_list_opts *opts)
{
    dbk_err err = { 0 };
    rows r;
    memset(&r, 0, sizeof(r));
    assert_ok(dbk_query_list(book, opts, rows_take, &r, &err), &err);
    return r;
}

/* ---- lists --------------------------------------------------------------------------------- */

static void lists_are_newest_first_and_can_be_narrowed(void **state)
{
    static const char *const flights[][3] = {
        { "number=BA1", "scheduled_at=2026-09-20T10:00:00Z", NULL },
        { "number=BA2", "scheduled_at=2026-09-22T10:00:00Z", NULL },
        { "number=BA3", "scheduled_at=2026-09-18T10:00:00Z", NULL },
    };
    world w;
    dbk_err err = { 0 };
    dbk_id ids[3];
    (void)state;
    world_make(&w);
    for (size_t i = 0; i < 3; i++)
        ids[i] = world_add(&w, ANNE, "flight", flights[i]);
    dbk_book *anne = world_book(&w, ANNE);
    dbk_list_opts opts = { .since_ms = INT64_MIN };
    rows r = list(anne, &opts);
    assert_int_equal(r.count, 4);
    opts.form = "flight";
    r = list(anne, &opts);
    assert_int_equal(r.count, 3);
    assert_true(dbk_id_equal(&r.record[0], &ids[1]));
    assert_true(dbk_id_equal(&r.record[1], &ids[0]));
    assert_true(dbk_id_equal(&r.record[2], &ids[2]));
    assert_string_equal(r.form[0], "flight");
    assert_int_equal(r.row[0].life, DBK_LIFE_LIVE);
    assert_int_equal(r.row[0].carriage, DBK_HERE_ONLY);
    assert_true(strstr(r.summary[0], "BA2") == r.summary[0]);
    opts.since_ms = r.row[1].when_ms;
    assert_int_equal(list(anne, &opts).count, 2);
    opts.limit = 1;
    assert_int_equal(list(anne, &opts).count, 1);
    opts = (dbk_list_opts){ .since_ms = INT64_MIN, .space = &w.org.space };
    assert_int_equal(list(anne, &opts).count, 4);
    dbk_id other = { { 9 } };
    opts.space = &other;
    assert_int_equal(list(anne, &opts).count, 0);
    /* Withdrawn records only on request. */
    assert_ok(dbk_journal_withdraw(anne, &ids[0], "cancelled", &err), &err);
    opts = (dbk_list_opts){ .since_ms = INT64_MIN, .form = "flight" };
    assert_int_equal(list(anne, &opts).count, 2);
    opts.with_withdrawn = true;
    r = list(anne, &opts);
    assert_int_equal(r.count, 3);
    assert_int_equal(r.row[1].life, DBK_LIFE_WITHDRAWN);
    opts.form = "nothing_of_the_kind";
    assert_int_equal(list(anne, &opts).count, 0);
    world_drop(&w);
}

static void conditions_are_on_what_is_displayed_in_the_officer_s_words_or_codes(void **state)
{
    static const char *const joanna[] = { "name=Joanna",
                                          "sex=female",
                                          "needs=hearing, sight",
                                          "languages=Urdu",
                                          "interpreter_needed=yes",
                                          NULL };
    static const char *const flight[] = { "number=BA1", "scheduled_at=2026-09-20T10:00:00Z", NULL };
    static const struct {
        const char *field, *value;
        size_t want;
    } cases[] = {
        { "sex", "female", 2 },
        { "sex", "Female", 2 },
        { "sex", "male", 0 },
        { "needs", "sight", 1 },
        { "needs", "Sight", 1 },
        { "needs", "Sight, Hearing", 1 },
        { "needs", "mobility", 0 },
        { "languages", "Urdu", 1 },
        { "name", "Joanna", 1 },
        { "name", "joanna", 0 },
        { "name", "Joan", 0 },
        { "interpreter_needed", "Yes", 1 },
        { "interpreter_needed", "yes", 1 },
        { "religion", "", 2 },
        { "number", "BA1", 1 },
        { "number", "", 0 },
    };
    world w;
    dbk_err err = { 0 };
    (void)state;
    world_make(&w);
    (void)world_add(&w, ANNE, "person", joanna);
    (void)world_add(&w, ANNE, "flight", flight);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_where where = { cases[i].field, cases[i].value };
        dbk_list_opts opts = { .since_ms = INT64_MIN, .where = &where, .where_count = 1 };
        size_t got = list(world_book(&w, ANNE), &opts).count;
        if (got != cases[i].want)
            fail_msg("%s=%s: %zu, not %zu", cases[i].field, cases[i].value, got, cases[i].want);
    }
    const dbk_where both[] = { { "sex", "female" }, { "needs", "sight" } };
    dbk_list_opts opts = { .since_ms = INT64_MIN, .where = both, .where_count = 2 };
    assert_int_equal(list(world_book(&w, ANNE), &opts).count, 1);
    opts.where_count = 1;
    opts.limit = 1;
    assert_int_equal(list(world_book(&w, ANNE), &opts).count, 1);
    rows r = { 0 };
    const dbk_where wrong = { "shoe_size", "9" };
    opts = (dbk_list_opts){ .since_ms = INT64_MIN, .where = &wrong, .where_count = 1 };
    assert_rc(dbk_query_list(world_book(&w, ANNE), &opts, rows_take, &r, &err), DBK_INVALID, &err);
    dbk_err_clear(&err);
    const dbk_where elsewhere = { "number", "BA1" };
    opts = (dbk_list_opts){
        .since_ms = INT64_MIN, .form = "person", .where = &elsewhere, .where_count = 1
    };
    assert_rc(dbk_query_list(world_book(&w, ANNE), &opts, rows_take, &r, &err), DBK_INVALID, &err);
    assert_int_equal(r.count, 0);
    world_drop(&w);
}

static dbk_rc stop(void *ctx, const dbk_row *row, dbk_err *err)
{
    (void)row;
    ++*(size_t *)ctx;
    return dbk_fail(err, DBK_LIMIT, "the page is full");
}

static void a_reader_that_has_enough_stops_the_walk_with_its_own_cause(void **state)
{
    world w;
    dbk_err err = { 0 };
    size_t calls = 0;
    (void)state;
    world_make(&w);
    dbk_list_opts opts = { .since_ms = INT64_MIN };
    assert_rc(dbk_query_list(world_book(&w, ANNE), &opts, stop, &calls, &err), DBK_LIMIT, &err);
    assert_string_equal(err.text, "the page is full");
    dbk_err_clear(&err);
    assert_rc(dbk_query_search(world_book(&w, ANNE), "joan", 0, stop, &calls, &err), DBK_LIMIT,
              &err);
    assert_int_equal(calls, 2);
    world_drop(&w);
}

/* ---- ids, notes, history ------------------------------------------------------------------- */

static void a_record_is_found_by_the_beginning_of_its_id(void **state)
{
    static const char *const fields[] = { "name=Ruth", NULL };
    world w;
    char uuid[DBK_ID_UUID_SIZE];
    dbk_id got;
    (void)state;
    world_make(&w);
    dbk_book *anne = world_book(&w, ANNE);
    dbk_id_uuid(uuid, &w.joan);
    dbk_err err = { 0 };
    assert_ok(dbk_query_resolve_id(&got, anne, uuid, &err), &err);
    assert_true(dbk_id_equal(&got, &w.joan));
    uuid[8] = '\0';
    for (char *p = uuid; *p != '\0'; p++)
        *p = (char)(*p >= 'a' && *p <= 'f' ? *p - 'a' + 'A' : *p);
    assert_ok(dbk_query_resolve_id(&got, anne, uuid, &err), &err);
    assert_true(dbk_id_equal(&got, &w.joan));
    /* Made in the same second: the first digits, which are the time, don't tell them apart. */
    (void)world_add(&w, ANNE, "person", fields);
    assert_rc(dbk_query_resolve_id(&got, anne, uuid, &err), DBK_CONFLICT, &err);
    assert_true(dbk_id_is_zero(&got));
    static const struct {
        const char *text;
        dbk_rc want;
    } cases[] = { { "0199a", DBK_INVALID },
                  { "", DBK_INVALID },
                  { "ffffffff", DBK_NOT_FOUND },
                  { "zzzzzzzz", DBK_INVALID },
                  { "0123456789abcdef0123456789abcdef0", DBK_INVALID } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_err_clear(&err);
        assert_rc(dbk_query_resolve_id(&got, anne, cases[i].text, &err), cases[i].want, &err);
    }
    world_drop(&w);
}

static void a_note_is_a_snapshot_with_its_form_and_how_far_it_came_p5(void **state)
{
    world w;
    dbk_note *note = NULL;
    dbk_err err = { 0 };
    dbk_id nobody = { { 1, 2, 3 } };
    (void)state;
    world_make(&w);
    dbk_book *anne = world_book(&w, ANNE);
    assert_ok(dbk_query_note(&note, anne, &w.joan, &err), &err);
    assert_true(dbk_id_equal(&note->record, &w.joan));
    assert_true(dbk_id_equal(&note->space, &w.org.space));
    assert_string_equal(dbk_form_name(note->form), "person");
    assert_int_equal(note->carriage, DBK_HERE_ONLY);
    dbk_note_free(note);
    (void)minilog_push(&w.log, anne, KIT_NOON_MS);
    assert_ok(dbk_query_note(&note, anne, &w.joan, &err), &err);
    assert_int_equal(note->carriage, DBK_RELAY_DURABLE);
    const dbk_state_group *g = dbk_state_group_find(note->state, dbk_span_str("name"));
    assert_int_equal(note->view.receipt(note->view.receipt_ctx, &g->registers[0].dot), KIT_NOON_MS);
    world_edit(&w, ANNE, "sex=male");
    dbk_note_free(note);
    assert_ok(dbk_query_note(&note, anne, &w.joan, &err), &err);
    assert_int_equal(note->carriage, DBK_HERE_ONLY);
    dbk_note_free(note);
    dbk_note_free(NULL);
    note = NULL;
    assert_rc(dbk_query_note(&note, anne, &nobody, &err), DBK_NOT_FOUND, &err);
    assert_null(note);
    /* What a folder brought is not known to be anywhere else. */
    (void)minilog_append_own(&w.log, anne, KIT_NOON_MS);
    dbk_inbox_stats stats;
    dbk_err_clear(&err);
    assert_ok(world_carry(&w, BEN, &w.log.items[0], &stats, &err), &err);
    dbk_list_opts opts = { .since_ms = INT64_MIN };
    assert_int_equal(list(world_book(&w, BEN), &opts).row[0].carriage, DBK_HERE_ONLY);
    minilog_pull(&w.log, world_book(&w, BEN), 10, NULL);
    assert_int_equal(list(world_book(&w, BEN), &opts).row[0].carriage, DBK_RELAY_DURABLE);
    world_drop(&w);
}

typedef struct events {
    size_t count;
    dbk_event row[16];
    size_t writes;
} events;

static dbk_rc take_event(void *ctx, const dbk_event *event, dbk_err *err)
{
    events *e = ctx;
    (void)err;
    assert_true(e->count < ARRAY_LEN(e->row));
    e->writes += event->op->writes_count;
    e->row[e->count++] = *event;
    return DBK_OK;
}

static void history_tells_every_op_in_the_order_of_claimed_time(void **state)
{
    world w;
    dbk_err err = { 0 };
    events e = { 0 };
    (void)state;
    world_make(&w);
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    minilog_pull(&w.log, world_book(&w, BEN), 10, NULL);
    /* Ben's edit is made later and received earlier than Anne's; Anne's clock is two days ahead. */
    w.org.books[BEN].env.now_ms = KIT_NOON_MS + 5000;
    world_edit(&w, BEN, "sex=male");
    (void)minilog_push(&w.log, world_book(&w, BEN), KIT_NOON_MS + 6000);
    w.org.books[ANNE].env.now_ms = KIT_NOON_MS + 2 * 86400000;
    world_edit(&w, ANNE, "religion=none");
    (void)minilog_append_own(&w.log, world_book(&w, ANNE), KIT_NOON_MS + 7000);
    minilog_pull(&w.log, world_book(&w, HQ), 10, NULL);
    assert_ok(dbk_query_history(world_book(&w, HQ), &w.joan, take_event, &e, &err), &err);
    assert_int_equal(e.count, 3);
    dbk_id anne = dbk_book_device(world_book(&w, ANNE)), ben = dbk_book_device(world_book(&w, BEN));
    assert_true(dbk_id_equal(&e.row[0].device, &anne));
    assert_true(dbk_id_equal(&e.row[1].device, &ben));
    assert_true(dbk_id_equal(&e.row[2].device, &anne));
    assert_true(e.row[0].time < e.row[1].time);
    assert_int_equal(e.row[1].receipt_ms, KIT_NOON_MS + 6000);
    assert_false(e.row[0].doubt);
    assert_false(e.row[1].doubt);
    assert_true(e.row[2].doubt);
    assert_int_equal(e.row[2].carriage, DBK_RELAY_DURABLE);
    assert_int_equal(e.row[2].dot.seq, 2);
    /* Before any receipt there is nothing to doubt. */
    world_edit(&w, ANNE, "religion=other");
    memset(&e, 0, sizeof(e));
    assert_ok(dbk_query_history(world_book(&w, ANNE), &w.joan, take_event, &e, &err), &err);
    assert_int_equal(e.count, 3); /* Ben's isn't here */
    assert_int_equal(e.row[2].receipt_ms, 0);
    assert_int_equal(e.row[2].carriage, DBK_HERE_ONLY);
    assert_false(e.row[2].doubt);
    dbk_id nobody = { { 1 } };
    assert_rc(dbk_query_history(world_book(&w, ANNE), &nobody, take_event, &e, &err), DBK_NOT_FOUND,
              &err);
    world_drop(&w);
}

static void authors_are_known_by_their_dots(void **state)
{
    world w;
    dbk_err err = { 0 };
    dbk_authorship who;
    (void)state;
    world_make(&w);
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    minilog_pull(&w.log, world_book(&w, HQ), 10, NULL);
    world_edit(&w, HQ, "religion=none");
    dbk_dot dot = { minilog_position(&w.log, world_book(&w, HQ)).own_feed, 1 };
    assert_ok(dbk_query_author(world_book(&w, HQ), &who, &dot, &err), &err);
    assert_true(who.hq);
    assert_int_equal(who.receipt_ms, 0);
    dot.feed = minilog_position(&w.log, world_book(&w, ANNE)).own_feed;
    assert_ok(dbk_query_author(world_book(&w, HQ), &who, &dot, &err), &err);
    assert_false(who.hq);
    assert_int_equal(who.receipt_ms, KIT_NOON_MS);
    dot.seq = 2;
    assert_rc(dbk_query_author(world_book(&w, HQ), &who, &dot, &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    dot.feed.b[0] ^= 1;
    assert_rc(dbk_query_author(world_book(&w, HQ), &who, &dot, &err), DBK_NOT_FOUND, &err);
    world_drop(&w);
}

/* ---- conflicts, status --------------------------------------------------------------------- */

static void conflicts_come_most_severe_first_and_then_the_oldest(void **state)
{
    static const char *const changes[][2] = {
        { "religion=none", "needs_detail=none" },  /* two fields: a review */
        { "safe_message=no", "safe_message=yes" }, /* cautious */
        { "name=A", "name=B" },                    /* ask */
        { "name=C", "name=D" },                    /* ask, later */
    };
    static const char *const fields[] = { "name=Ruth", NULL };
    world w;
    dbk_id ids[ARRAY_LEN(changes)];
    dbk_err err = { 0 };
    rows r = { 0 };
    (void)state;
    world_make(&w);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        ids[i] = world_add(&w, ANNE, "person", fields);
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    minilog_pull(&w.log, world_book(&w, BEN), 10, NULL);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        for (size_t k = 0; k < 2; k++) {
            const char *const edits[] = { changes[i][k], NULL };
            w.org.books[ANNE + k].env.now_ms = KIT_NOON_MS + i * 1000;
            dbk_test_edit(world_book(&w, ANNE + k), &ids[i], edits);
        }
    }
    (void)minilog_append_own(&w.log, world_book(&w, BEN), KIT_NOON_MS);
    (void)minilog_append_own(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    minilog_pull(&w.log, world_book(&w, HQ), 3, NULL);
    assert_ok(dbk_query_conflicts(world_book(&w, HQ), rows_take, &r, &err), &err);
    assert_int_equal(r.count, 4);
    assert_true(dbk_id_equal(&r.record[0], &ids[2]));
    assert_true(dbk_id_equal(&r.record[1], &ids[3]));
    assert_true(dbk_id_equal(&r.record[2], &ids[1]));
    assert_true(dbk_id_equal(&r.record[3], &ids[0]));
    assert_int_equal(r.row[0].attention.asks, 1);
    assert_int_equal(r.row[2].attention.cautious, 1);
    assert_int_equal(r.row[3].attention.reviews, 1);
    assert_int_equal(world_status(&w, HQ).attention, 4);
    world_drop(&w);
}

static void status_tells_what_has_arrived_where_p5_1_6(void **state)
{
    world w;
    (void)state;
    world_make(&w);
    world_edit(&w, ANNE, "religion=none");
    dbk_space_status s = world_status(&w, ANNE);
    assert_int_equal(s.mine.role, DBK_ROLE_OFFICER);
    assert_int_equal(s.records, 1);
    assert_int_equal(s.ops, 2);
    assert_int_equal(s.segments, 2);
    assert_int_equal(s.own_ops, 2);
    assert_int_equal(s.own_receipted_ops, 0);
    assert_int_equal(s.oldest_waiting_ms, DBK_TEST_START_MS);
    assert_int_equal(s.pending, 0);
    assert_int_equal(s.log_size, 0);
    (void)minilog_push(&w.log, world_book(&w, ANNE), KIT_NOON_MS);
    w.org.books[ANNE].env.now_ms = KIT_NOON_MS + 9000;
    world_edit(&w, ANNE, "religion=other");
    s = world_status(&w, ANNE);
    assert_int_equal(s.own_ops, 3);
    assert_int_equal(s.own_receipted_ops, 2);
    assert_int_equal(s.oldest_waiting_ms, KIT_NOON_MS + 9000);
    assert_int_equal(s.log_size, 2);
    minilog_pull(&w.log, world_book(&w, BEN), 10, NULL);
    s = world_status(&w, BEN);
    assert_int_equal(s.ops, 2);
    assert_int_equal(s.own_ops, 0);
    assert_int_equal(s.oldest_waiting_ms, 0);
    world_drop(&w);
}

static void a_damaged_row_is_told_as_damage(void **state)
{
    static const char *const damage[] = { "UPDATE record SET life=99",
                                          "UPDATE record SET state=x'00'" };
    world w;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(damage); i++) {
        dbk_err err = { 0 };
        rows r = { 0 };
        dbk_note *note = NULL;
        const dbk_where where = { "name", "Joan" };
        dbk_list_opts opts = {
            .since_ms = INT64_MIN, .with_withdrawn = true, .where = &where, .where_count = i
        };
        world_make(&w);
        dbk_book *anne = world_book(&w, ANNE);
        assert_int_equal(sqlite3_exec(anne->store->db, damage[i], NULL, NULL, NULL), SQLITE_OK);
        assert_rc(dbk_query_list(anne, &opts, rows_take, &r, &err), i == 0 ? DBK_OK : DBK_DAMAGED,
                  &err);
        dbk_err_clear(&err);
        if (i == 1)
            assert_rc(dbk_query_note(&note, anne, &w.joan, &err), DBK_DAMAGED, &err);
        dbk_err_clear(&err);
        assert_rc(dbk_query_search(anne, "joan", 0, rows_take, &r, &err), DBK_DAMAGED, &err);
        assert_int_equal(r.count, 0);
        world_drop(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_newest_first_and_can_be_narrowed),
        cmocka_unit_test(conditions_are_on_what_is_displayed_in_the_officer_s_words_or_codes),
        cmocka_unit_test(a_reader_that_has_enough_stops_the_walk_with_its_own_cause),
        cmocka_unit_test(a_record_is_found_by_the_beginning_of_its_id),
        cmocka_unit_test(a_note_is_a_snapshot_with_its_form_and_how_far_it_came_p5),
        cmocka_unit_test(history_tells_every_op_in_the_order_of_claimed_time),
        cmocka_unit_test(authors_are_known_by_their_dots),
        cmocka_unit_test(conflicts_come_most_severe_first_and_then_the_oldest),
        cmocka_unit_test(status_tells_what_has_arrived_where_p5_1_6),
        cmocka_unit_test(a_damaged_row_is_told_as_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
