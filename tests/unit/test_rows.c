#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/crypto/hash.h"
#include "core/store/chain.h"
#include "core/store/feeds.h"
#include "core/store/invites.h"
#include "core/store/records.h"
#include "core/store/rows_query.h"
#include "core/store/segments.h"
#include "tests/lib/storekit.h"

/* ---- facts, chain, spaces, feeds ----------------------------------------------------------- */

typedef struct seen_rows {
    size_t count;
    dbk_store_space space;
    dbk_store_feed feed;
    char checkpoint[32];
} seen_rows;

static dbk_rc see_space(void *ctx, const dbk_store_space *row, dbk_err *err)
{
    seen_rows *s = ctx;
    (void)err;
    s->count++;
    s->space = *row;
    (void)snprintf(s->checkpoint, sizeof(s->checkpoint), "%.*s", (int)row->checkpoint.len,
                   (const char *)row->checkpoint.p);
    return DBK_OK;
}

static dbk_rc see_feed(void *ctx, const dbk_store_feed *row, dbk_err *err)
{
    seen_rows *s = ctx;
    (void)err;
    s->count++;
    s->feed = *row;
    return DBK_OK;
}

static void spaces_and_feeds_come_back_as_they_were_written(void **state)
{
    storekit *k = *state;
    dbk_err err = { 0 };
    seen_rows seen = { 0 };
    dbk_store_space space = { .id = k->space,
                              .log = storekit_id(9),
                              .frontier = dbk_span_str("frontier"),
                              .checkpoint = dbk_span_str("note") };
    assert_ok(dbk_spaces_update(k->store, &space, &err), &err);
    assert_ok(dbk_spaces_each(k->store, see_space, &seen, &err), &err);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.space.id, k->space);
    assert_memory_equal(seen.space.space.b, storekit_id(0x51).b, 16);
    assert_memory_equal(seen.space.log.b, storekit_id(9).b, 16);
    assert_string_equal(seen.checkpoint, "note");

    dbk_store_feed feed = { .id = k->feed,
                            .last_seq = (UINT64_C(1) << 62) + 3,
                            .head = storekit_hash(7),
                            .receipted_seq = 12 };
    assert_ok(dbk_feeds_update(k->store, &feed, &err), &err);
    seen.count = 0;
    assert_ok(dbk_feeds_each(k->store, see_feed, &seen, &err), &err);
    assert_int_equal(seen.count, 1);
    assert_true(seen.feed.last_seq == feed.last_seq);
    assert_true(dbk_hash_equal(&seen.feed.head, &feed.head));
    assert_int_equal(seen.feed.receipted_seq, 12);
    assert_true(seen.feed.own);
    assert_int_equal(seen.feed.space, k->space);
    assert_memory_equal(seen.feed.device.b, storekit_id(2).b, 16);

    dbk_store_space twin = { .space = storekit_id(0x51) };
    assert_rc(dbk_spaces_add(k->store, &twin, &err), DBK_CONFLICT, &err);
    dbk_err_clear(&err);
    dbk_store_feed lost = { .feed = storekit_id(0xf2), .space = 77 };
    assert_rc(dbk_feeds_add(k->store, &lost, &err), DBK_CONFLICT, &err); /* no such space */
}

/* ---- segments ------------------------------------------------------------------------------ */

static dbk_rowid add_segment(storekit *k, dbk_rowid feed, uint64_t first, uint32_t count,
                             const char *body)
{
    dbk_err err = { 0 };
    dbk_store_segment row = { .space = k->space,
                              .feed = feed,
                              .first_seq = first,
                              .count = count,
                              .header = dbk_span_str("header"),
                              .body = dbk_span_str(body) };
    assert_ok(dbk_segments_add(k->store, &row, &err), &err);
    return row.id;
}

typedef struct walk {
    char bodies[64];
    dbk_store_segment last;
    char reason[32];
    size_t stop_after; /* 0: never */
} walk;

static dbk_rc see_segment(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    walk *w = ctx;
    size_t len = strlen(w->bodies);
    (void)snprintf(w->bodies + len, sizeof(w->bodies) - len, "%.*s ", (int)row->body.len,
                   (const char *)row->body.p);
    w->last = *row;
    (void)snprintf(w->reason, sizeof(w->reason), "%s", (const char *)row->reason.p);
    if (w->stop_after > 0 && --w->stop_after == 0)
        return dbk_fail(err, DBK_LIMIT, "enough");
    return DBK_OK;
}

static void a_feeds_segment_is_found_by_any_of_its_ops(void **state)
{
    static const struct {
        uint64_t seq;
        const char *body; /* NULL: none */
    } cases[] = { { 1, "a " }, { 3, "a " }, { 4, "b " }, { 5, "c " },
                  { 8, "c " }, { 9, NULL }, { 0, NULL }, { UINT64_MAX / 2, NULL } };
    storekit *k = *state;
    add_segment(k, k->feed, 1, 3, "a");
    add_segment(k, k->feed, 4, 1, "b");
    dbk_rowid c = add_segment(k, k->feed, 5, 4, "c");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_err err = { 0 };
        walk w = { .stop_after = 0 };
        dbk_store_segment_place place;
        dbk_rc rc = dbk_segments_at(k->store, k->feed, cases[i].seq, see_segment, &w, &err);
        assert_int_equal(rc, cases[i].body == NULL ? DBK_NOT_FOUND : DBK_OK);
        assert_string_equal(w.bodies, cases[i].body == NULL ? "" : cases[i].body);
        dbk_err_clear(&err);
        assert_int_equal(dbk_segments_place(k->store, &place, k->feed, cases[i].seq, &err), rc);
        assert_int_equal(place.id, rc == DBK_OK ? w.last.id : 0);
    }
    dbk_err err = { 0 };
    walk w = { .stop_after = 0 };
    assert_ok(dbk_segments_get(k->store, c, see_segment, &w, &err), &err);
    assert_string_equal(w.bodies, "c ");
    assert_rc(dbk_segments_get(k->store, c + 1, see_segment, &w, &err), DBK_NOT_FOUND, &err);
}

static void walks_give_each_segment_in_order_and_stop_when_told(void **state)
{
    storekit *k = *state;
    dbk_err err = { 0 };
    walk w = { .stop_after = 0 };
    dbk_rowid other = storekit_add_feed(k, k->space, 0xf9);
    add_segment(k, k->feed, 1, 2, "a");
    add_segment(k, other, 1, 1, "x");
    add_segment(k, k->feed, 3, 2, "b");
    add_segment(k, k->feed, 5, 1, "c");
    assert_ok(dbk_segments_of_feed(k->store, k->feed, 1, 0, see_segment, &w, &err), &err);
    assert_string_equal(w.bodies, "a b c ");
    w.bodies[0] = '\0';
    assert_ok(dbk_segments_of_feed(k->store, k->feed, 4, 0, see_segment, &w, &err), &err);
    assert_string_equal(w.bodies, "b c ");
    w.bodies[0] = '\0';
    assert_ok(dbk_segments_of_feed(k->store, k->feed, 1, 2, see_segment, &w, &err), &err);
    assert_string_equal(w.bodies, "a b ");
    w.bodies[0] = '\0';
    assert_ok(dbk_segments_of_feed(k->store, k->feed, 6, 0, see_segment, &w, &err), &err);
    assert_string_equal(w.bodies, "");
    assert_ok(dbk_segments_of_space(k->store, k->space, see_segment, &w, &err), &err);
    assert_string_equal(w.bodies, "a b c x ");
    w = (walk){ .stop_after = 2 };
    assert_rc(dbk_segments_of_space(k->store, k->space, see_segment, &w, &err), DBK_LIMIT, &err);
    assert_string_equal(w.bodies, "a b ");
}

static void a_place_in_the_log_is_taken_once(void **state)
{
    storekit *k = *state;
    dbk_err err = { 0 };
    walk w = { .stop_after = 0 };
    const dbk_store_place five = { true, 5, UINT64_MAX }, two = { true, 2, 1000 };
    dbk_rowid a = add_segment(k, k->feed, 1, 1, "a");
    dbk_rowid c = add_segment(k, k->feed, 2, 1, "c");
    assert_ok(dbk_segments_set_log(k->store, a, &five, dbk_span_str("sig"), &err), &err);
    assert_rc(dbk_segments_set_log(k->store, c, &five, dbk_span_of(NULL, 0), &err), DBK_CONFLICT,
              &err);
    dbk_err_clear(&err);
    assert_ok(dbk_segments_set_log(k->store, c, &two, dbk_span_of(NULL, 0), &err), &err);
    assert_ok(dbk_segments_by_log(k->store, k->space, 0, see_segment, &w, &err), &err);
    assert_string_equal(w.bodies, "c a ");
    assert_true(w.last.log.known);
    assert_true(w.last.log.receipt_ms == UINT64_MAX); /* a hostile relay's number is kept exactly */
    w.bodies[0] = '\0';
    assert_ok(dbk_segments_by_log(k->store, k->space, 3, see_segment, &w, &err), &err);
    assert_string_equal(w.bodies, "a ");
    dbk_store_segment twin = { .space = k->space,
                               .feed = k->feed,
                               .first_seq = 2,
                               .count = 1,
                               .header = dbk_span_str("h"),
                               .body = dbk_span_str("b") };
    assert_rc(dbk_segments_add(k->store, &twin, &err), DBK_CONFLICT, &err);
}

static void what_is_pending_is_listed_with_its_reason_until_it_is_merged(void **state)
{
    storekit *k = *state;
    dbk_err err = { 0 };
    walk w = { .stop_after = 0 };
    dbk_segment_totals totals;
    dbk_rowid a = add_segment(k, k->feed, 1, 5, "a");
    add_segment(k, k->feed, 6, 2, "b");
    dbk_store_feed feed = { .id = k->feed, .last_seq = 7 };
    assert_ok(dbk_feeds_update(k->store, &feed, &err), &err);
    assert_ok(
        dbk_segments_set_status(k->store, a, DBK_SEGMENT_PENDING, dbk_span_str("no key"), &err),
        &err);
    assert_ok(dbk_segments_pending(k->store, k->space, see_segment, &w, &err), &err);
    assert_string_equal(w.bodies, "a ");
    assert_string_equal(w.reason, "no key");
    assert_ok(dbk_segments_count(k->store, &totals, k->space, &err), &err);
    assert_int_equal(totals.segments, 2);
    assert_int_equal(totals.ops, 7);
    assert_int_equal(totals.pending, 1);
    assert_ok(dbk_segments_set_status(k->store, a, DBK_SEGMENT_MERGED, dbk_span_of(NULL, 0), &err),
              &err);
    w.bodies[0] = '\0';
    assert_ok(dbk_segments_pending(k->store, k->space, see_segment, &w, &err), &err);
    assert_string_equal(w.bodies, "");
}

/* ---- records ------------------------------------------------------------------------------- */

static dbk_rowid add_record(storekit *k, uint8_t fill, const char *form, int64_t when_ms)
{
    dbk_err err = { 0 };
    dbk_store_record row = { .record = storekit_id(fill),
                             .space = k->space,
                             .form = dbk_span_str(form),
                             .when_ms = when_ms,
                             .created_ms = 1,
                             .updated_ms = fill,
                             .summary = dbk_span_str(form),
                             .state = dbk_span_of(&fill, 1) };
    assert_ok(dbk_records_add(k->store, &row, &err), &err);
    return row.id;
}

typedef struct list {
    char ids[64]; /* one hex digit each: the high half of the id's fill */
    dbk_store_record last;
    size_t state_len;
    storekit *again; /* asks the same within the callback */
} list;

static dbk_rc see_record(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    list *l = ctx;
    size_t len = strlen(l->ids);
    (void)snprintf(l->ids + len, sizeof(l->ids) - len, "%x", row->record.b[0] >> 4);
    l->last = *row;
    l->state_len = row->state.len;
    assert_int_equal(strlen((const char *)row->form.p), row->form.len);
    assert_int_equal(strlen((const char *)row->summary.p), row->summary.len);
    if (l->again != NULL) {
        list inner = { .ids = "" };
        dbk_rc rc = dbk_records_find(l->again->store, &row->record, 0, see_record, &inner, err);
        assert_int_equal(inner.ids[0], l->ids[len]);
        return rc;
    }
    return DBK_OK;
}

static void lists_are_newest_first_by_form_space_time_and_life(void **state)
{
    storekit *k = *state;
    dbk_rowid other = storekit_add_space(k, 0x52);
    add_record(k, 0x10, "contact", 100);
    add_record(k, 0x20, "person", 300);
    add_record(k, 0x30, "contact", 200);
    add_record(k, 0x40, "contact", 200);
    dbk_rowid home = k->space;
    k->space = other;
    add_record(k, 0x50, "contact", -5);
    k->space = home;
    const struct {
        dbk_records_list_opts opts;
        const char *want;
    } cases[] = {
        { { NULL, NULL, 0, INT64_MIN, 3, false, NULL, 0 }, "24315" },
        { { "contact", NULL, 0, INT64_MIN, 3, false, NULL, 0 }, "4315" },
        { { "contact", NULL, home, INT64_MIN, 3, false, NULL, 0 }, "431" },
        { { NULL, NULL, other, INT64_MIN, 3, false, NULL, 0 }, "5" },
        { { NULL, NULL, 0, 200, 3, false, NULL, 0 }, "243" },
        { { NULL, NULL, 0, INT64_MIN, 3, true, NULL, 2 }, "24" },
        { { "flight", NULL, 0, INT64_MIN, 3, false, NULL, 0 }, "" },
        { { NULL, "contact", 0, INT64_MIN, 3, false, NULL, 0 }, "2" },
        { { "contact", "contact", 0, INT64_MIN, 3, false, NULL, 0 }, "4315" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_err err = { 0 };
        list l = { .again = k };
        assert_ok(dbk_records_list(k->store, &cases[i].opts, see_record, &l, &err), &err);
        if (strcmp(l.ids, cases[i].want) != 0)
            fail_msg("case %zu: got %s, want %s", i, l.ids, cases[i].want);
        if (l.ids[0] != '\0')
            assert_int_equal(l.state_len, cases[i].opts.with_state ? 1 : 0);
    }
}

static void a_record_is_found_whole_by_id_in_its_space(void **state)
{
    storekit *k = *state;
    dbk_err err = { 0 };
    list l = { .ids = "" };
    dbk_rowid row = 0;
    dbk_id id = storekit_id(0x10), none = storekit_id(0x99), ids[4];
    size_t count = 0;
    dbk_rowid at = add_record(k, 0x10, "contact", 100);
    add_record(k, 0x11, "contact", 100);
    add_record(k, 0x21, "contact", 100);
    assert_ok(dbk_records_find(k->store, &id, k->space, see_record, &l, &err), &err);
    assert_int_equal(l.last.id, at);
    assert_int_equal(l.state_len, 1);
    assert_ok(dbk_records_get(k->store, at, see_record, &l, &err), &err);
    assert_rc(dbk_records_get(k->store, 999, see_record, &l, &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_records_find(k->store, &id, 99, see_record, &l, &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    assert_rc(dbk_records_find(k->store, &none, 0, see_record, &l, &err), DBK_NOT_FOUND, &err);
    dbk_err_clear(&err);
    assert_ok(dbk_records_lookup(k->store, &row, &id, 0, &err), &err);
    assert_int_equal(row, at);
    assert_ok(dbk_records_lookup(k->store, &row, &none, k->space, &err), &err);
    assert_int_equal(row, 0);
    dbk_id from = storekit_id(0x10), to = storekit_id(0x1f);
    dbk_records_range range = { k->space, &from, &to };
    assert_ok(dbk_records_between(k->store, ids, &count, 4, &range, &err), &err);
    assert_int_equal(count, 2);
    assert_int_equal(ids[1].b[0], 0x11);
    assert_ok(dbk_records_between(k->store, ids, &count, 1, &range, &err), &err);
    assert_int_equal(count, 1);
    range.space = 99;
    assert_ok(dbk_records_between(k->store, ids, &count, 4, &range, &err), &err);
    assert_int_equal(count, 0);
    dbk_store_record twin = { .record = id, .space = k->space };
    assert_rc(dbk_records_add(k->store, &twin, &err), DBK_CONFLICT, &err);
}

static void update(storekit *k, dbk_rowid id, dbk_store_record row)
{
    dbk_err err = { 0 };
    row.id = id;
    row.form = dbk_span_str("contact");
    row.summary = dbk_span_str("s");
    row.state = dbk_span_str("state");
    assert_ok(dbk_records_update(k->store, &row, &err), &err);
}

static void what_needs_a_person_comes_most_severe_and_oldest_first_P2(void **state)
{
    storekit *k = *state;
    dbk_err err = { 0 };
    list l = { .ids = "" };
    dbk_record_totals totals;
    dbk_rowid rows[6];
    for (uint8_t i = 0; i < 6; i++)
        rows[i] = add_record(k, (uint8_t)((i + 1) << 4), "contact", 1);
    update(k, rows[0], (dbk_store_record){ .reviews = 1, .updated_ms = 1 });
    update(k, rows[1], (dbk_store_record){ .asks = 1, .updated_ms = 9 });
    update(k, rows[2], (dbk_store_record){ .cautious = 2, .updated_ms = 5 });
    update(k, rows[3], (dbk_store_record){ .asks = 1, .updated_ms = 3 });
    update(k, rows[4], (dbk_store_record){ .proposals = 1, .updated_ms = 1 });
    assert_ok(dbk_records_attention(k->store, see_record, &l, &err), &err);
    assert_string_equal(l.ids, "42351");
    assert_int_equal(l.state_len, 0);
    assert_ok(dbk_records_count(k->store, &totals, k->space, "", &err), &err);
    assert_int_equal(totals.records, 6);
    assert_int_equal(totals.attention, 5);
    update(k, rows[3], (dbk_store_record){ .asks = 0 });
    l.ids[0] = '\0';
    assert_ok(dbk_records_attention(k->store, see_record, &l, &err), &err);
    assert_string_equal(l.ids, "2351");
}

static dbk_rc see_op(void *ctx, const dbk_store_op *op, dbk_err *err)
{
    char *out = ctx;
    (void)err;
    (void)snprintf(out + strlen(out), 64 - strlen(out), "%d.%d ", (int)op->segment, (int)op->place);
    return DBK_OK;
}

/* verify called a sound store damaged, and a stick gave the later one first (simulator, seed 1054).
 */
static void a_segment_that_stood_aside_comes_behind_what_it_follows(void **state)
{
    storekit *k = *state;
    dbk_err err = { 0 };
    walk w = { .stop_after = 0 };
    dbk_rowid aside = storekit_add_feed(k, k->space, 0xf9);
    const dbk_segment_home home = { k->feed, 3, 1 };
    dbk_rowid late = add_segment(k, aside, 1, 1, "later");
    add_segment(k, k->feed, 1, 2, "earlier");
    assert_ok(dbk_segments_adopt(k->store, late, &home, &err), &err);
    assert_ok(dbk_segments_of_space(k->store, k->space, see_segment, &w, &err), &err);
    assert_string_equal(w.bodies, "earlier later ");

    /* And so do the changes of a record, which is made anew from them. */
    char seen[64] = "";
    dbk_rowid record = add_record(k, 0x10, "contact", 1);
    assert_ok(dbk_ops_add(k->store, &(dbk_store_op){ record, late, 0 }, &err), &err);
    assert_ok(dbk_ops_add(k->store, &(dbk_store_op){ record, late + 1, 1 }, &err), &err);
    assert_ok(dbk_ops_of_record(k->store, record, see_op, seen, &err), &err);
    assert_string_equal(seen, "2.1 1.0 ");
}

static void ops_lead_from_records_to_segments_and_back_to_the_contested(void **state)
{
    storekit *k = *state;
    dbk_err err = { 0 };
    list l = { .ids = "" };
    char seen[64] = "";
    dbk_rowid s1 = add_segment(k, k->feed, 1, 2, "a"), s2 = add_segment(k, k->feed, 3, 2, "b");
    dbk_rowid r1 = add_record(k, 0x10, "contact", 1), r2 = add_record(k, 0x20, "contact", 1);
    const dbk_store_op ops[] = { { r1, s2, 0 }, { r1, s1, 1 }, { r1, s1, 0 }, { r2, s2, 1 } };
    for (size_t i = 0; i < ARRAY_LEN(ops); i++)
        assert_ok(dbk_ops_add(k->store, &ops[i], &err), &err);
    assert_rc(dbk_ops_add(k->store, &ops[0], &err), DBK_CONFLICT, &err);
    dbk_err_clear(&err);
    const dbk_store_op lost = { 99, s1, 0 };
    assert_rc(dbk_ops_add(k->store, &lost, &err), DBK_CONFLICT, &err); /* no such record */
    dbk_err_clear(&err);
    assert_ok(dbk_ops_of_record(k->store, r1, see_op, seen, &err), &err);
    assert_string_equal(seen, "1.0 1.1 2.0 ");
    seen[0] = '\0';
    assert_ok(dbk_ops_of_segment(k->store, s1, see_op, seen, &err), &err);
    assert_ok(dbk_ops_of_segment(k->store, s2, see_op, seen, &err), &err);
    assert_string_equal(seen, "1.0 1.1 2.0 2.1 ");
    assert_ok(dbk_records_contested(k->store, s2, see_record, &l, &err), &err);
    assert_string_equal(l.ids, "");
    update(k, r2, (dbk_store_record){ .contested = 1 });
    assert_ok(dbk_records_contested(k->store, s2, see_record, &l, &err), &err);
    assert_string_equal(l.ids, "2");
    l.ids[0] = '\0';
    assert_ok(dbk_records_contested(k->store, s1, see_record, &l, &err), &err);
    assert_string_equal(l.ids, "");
    assert_ok(dbk_records_of_space(k->store, k->space, see_record, &l, &err), &err);
    assert_string_equal(l.ids, "12");
}

/* ---- words --------------------------------------------------------------------------------- */

static void words_are_found_without_accents_by_prefix_and_replaced(void **state)
{
    storekit *k = *state;
    dbk_err err = { 0 };
    list l = { .ids = "" };
    uint64_t waiting = 0;
    dbk_rowid r1 = add_record(k, 0x10, "contact", 1), r2 = add_record(k, 0x20, "contact", 1);
    assert_ok(dbk_words_waiting_count(k->store, &waiting, &err), &err);
    assert_int_equal(waiting, 2);
    assert_ok(dbk_words_waiting(k->store, 1, see_record, &l, &err), &err);
    assert_string_equal(l.ids, "1");
    assert_ok(dbk_words_put(k->store, r1, dbk_span_str("Señora Núñez came to the mill"), &err),
              &err);
    assert_ok(dbk_words_put(k->store, r2, dbk_span_str("the miller"), &err), &err);
    assert_ok(dbk_words_waiting_count(k->store, &waiting, &err), &err);
    assert_int_equal(waiting, 0);
    static const struct {
        const char *match, *want;
    } cases[] = { { "\"senora\"", "1" },
                  { "\"mil\"*", "21" },
                  { "\"mill\"", "1" },
                  { "\"absent\"", "" },
                  { "\"mill\" \"the\"", "1" } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        list found = { .ids = "" };
        assert_ok(dbk_words_search(k->store, cases[i].match, 0, see_record, &found, &err), &err);
        if (strcmp(found.ids, cases[i].want) != 0 && strlen(found.ids) != strlen(cases[i].want))
            fail_msg("%s: got %s, want %s", cases[i].match, found.ids, cases[i].want);
    }
    assert_ok(dbk_words_put(k->store, r1, dbk_span_str("nothing of that"), &err), &err);
    l.ids[0] = '\0';
    assert_ok(dbk_words_search(k->store, "\"mill\"", 0, see_record, &l, &err), &err);
    assert_string_equal(l.ids, "");
    assert_ok(dbk_words_search(k->store, "\"nothing\"", 1, see_record, &l, &err), &err);
    assert_string_equal(l.ids, "1");
    assert_rc(dbk_words_search(k->store, "AND (", 0, see_record, &l, &err), DBK_INVALID, &err);
}

/* ---- invites ------------------------------------------------------------------------------- */

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, storekit_open_feed, storekit_close)
    const struct CMUnitTest tests[] = {
        WITH_STORE(spaces_and_feeds_come_back_as_they_were_written),
        WITH_STORE(a_feeds_segment_is_found_by_any_of_its_ops),
        WITH_STORE(walks_give_each_segment_in_order_and_stop_when_told),
        WITH_STORE(a_segment_that_stood_aside_comes_behind_what_it_follows),
        WITH_STORE(a_place_in_the_log_is_taken_once),
        WITH_STORE(what_is_pending_is_listed_with_its_reason_until_it_is_merged),
        WITH_STORE(lists_are_newest_first_by_form_space_time_and_life),
        WITH_STORE(a_record_is_found_whole_by_id_in_its_space),
        WITH_STORE(what_needs_a_person_comes_most_severe_and_oldest_first_P2),
        WITH_STORE(ops_lead_from_records_to_segments_and_back_to_the_contested),
        WITH_STORE(words_are_found_without_accents_by_prefix_and_replaced),
    };
#undef WITH_STORE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
