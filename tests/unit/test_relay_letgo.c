/* What a relay lets go of below a log's floor, what stays, and how those who lack it are given it
 * (decision 0041). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/base/wire.h"
#include "sync/relay/log_copy.h"
#include "sync/relay/log_floor.h"
#include "tests/lib/floorkit.h"
#include "tests/lib/logcopy.h"

/* ---- what is there --------------------------------------------------------------------------- */

typedef struct seen {
    size_t holes, whole; /* segments */
    size_t first_whole;
} seen;

/* The log as a member gets it from `from` on: headers, places and bodies are what was pushed. */
static seen fetch(floorkit *f, relaykit_device *d, uint64_t from)
{
    char target[160], path[96];
    dbk_relay_answer a;
    dbk_range range;
    dbk_range_item item;
    seen out = { 0, 0, SIZE_MAX };
    (void)snprintf(target, sizeof(target), "%s?from=%llu&bytes=8000000&own=1",
                   relaykit_space_target(path, &f->space, "segments"), (unsigned long long)from);
    const relaykit_request req = { "GET", target, { NULL, 0 }, NULL };
    assert_int_equal(relaykit_call(&f->kit, d, &a, &req), 200);
    assert_ok(dbk_range_decode(&range, dbk_bytes_span(&a.body), NULL), NULL);
    for (size_t i = from; i < from + range.count; i++) {
        dbk_kept kept;
        const relaykit_segment *s = &f->s[i];
        assert_ok(dbk_range_next(&range, &item, NULL), NULL);
        assert_true(dbk_span_equal(item.segment.header, dbk_span_of(s->raw, sizeof(s->raw))));
        assert_ok(dbk_kept_read(&kept, &s->header, item.segment.body, item.segment.kept, NULL),
                  NULL);
        assert_true(kept.holes == 0 || kept.holes == dbk_segment_ops(&s->header));
        out.holes += kept.holes != 0;
        out.whole += kept.holes == 0;
        if (kept.holes == 0 && out.first_whole == SIZE_MAX)
            out.first_whole = i;
    }
    dbk_bytes_wipe(&a.body);
    return out;
}

static void everybody_has_all(floorkit *f)
{
    floorkit_snapshot(f);
    floorkit_confirm(f);
    floorkit_say_all(f, NULL);
}

static dbk_rc look(floorkit *f, dbk_err *err)
{
    dbk_log log;
    dbk_log_report report;
    assert_ok(f->kit.source.open(f->kit.source.self, &log, DBK_LOG_READS, NULL), NULL);
    assert_ok(log.ops->begin(log.self, NULL), NULL);
    dbk_rc rc = dbk_log_check_deep(&log, &report, err);
    log.ops->rollback(log.self);
    dbk_log_close(&log);
    return rc;
}

/* ---- letting go ------------------------------------------------------------------------------ */

static void below_the_floor_bodies_go_and_all_that_proves_them_stays_p4(void **state)
{
    floorkit *f = *state;
    everybody_has_all(f);
    size_t floor = f->size;
    assert_int_equal(floorkit_floor(f, floor), 200);
    floorkit_grow(f, 2);
    const seen s = fetch(f, &f->hq, 0);
    assert_int_equal(s.holes, floor);
    assert_int_equal(s.whole, 2);
    assert_int_equal(s.first_whole, floor);
    (void)relaykit_check(&f->kit); /* roots, signatures, feeds and receipts hold */
}

static void nothing_goes_without_a_floor_p1(void **state)
{
    floorkit *f = *state;
    everybody_has_all(f);
    floorkit_grow(f, 2);
    assert_int_equal(fetch(f, &f->hq, 0).holes, 0);
    relaykit_stop(&f->kit);
    relaykit_start(&f->kit);
    floorkit_grow(f, 1);
    assert_int_equal(fetch(f, &f->hq, 0).holes, 0);
}

/* Nobody waits for it: some with each transaction, also after a restart. */
static void so_much_goes_at_once_and_the_rest_by_and_by(void **state)
{
    floorkit *f = *state;
    floorkit_grow(f, 70);
    everybody_has_all(f);
    size_t floor = f->size;
    assert_int_equal(floorkit_floor(f, floor), 200);
    size_t first = fetch(f, &f->hq, 0).holes;
    assert_true(first > 0 && first < floor);
    (void)relaykit_check(&f->kit);
    relaykit_stop(&f->kit);
    relaykit_start(&f->kit);
    floorkit_grow(f, 1);
    assert_int_equal(fetch(f, &f->hq, 0).holes, floor);
}

static void fsck_finds_holes_above_the_floor_and_half_of_one_below(void **state)
{
    floorkit *f = *state;
    everybody_has_all(f);
    assert_int_equal(floorkit_floor(f, 3), 200);
    for (size_t i = 0; i < 3; i++) {
        dbk_log log;
        dbk_err err = { 0 };
        dbk_bytes room = DBK_BYTES_INIT(DBK_KEPT_BYTES_MAX);
        uint64_t erased, at = i == 0 ? 3 : 2;
        const dbk_header *h = &f->s[at].header;
        dbk_sealed s = { dbk_span_of(f->s[at].raw, sizeof(f->s[at].raw)),
                         dbk_bytes_span(&f->s[at].body), false };
        assert_ok(dbk_sealed_erase(&s, &erased, &room, h, i == 1 ? 1 : dbk_segment_ops(h), &err),
                  &err);
        relaykit_stop(&f->kit);
        assert_ok(f->kit.source.open(f->kit.source.self, &log, DBK_LOG_WRITES, NULL), NULL);
        assert_ok(log.ops->begin(log.self, NULL), NULL);
        assert_ok(log.ops->segment_keep(log.self, &f->space, at, s.body, NULL), NULL);
        dbk_log_report report;
        assert_rc(dbk_log_check_deep(&log, &report, &err), i == 2 ? DBK_OK : DBK_DAMAGED, &err);
        log.ops->rollback(log.self);
        dbk_log_close(&log);
        relaykit_start(&f->kit);
        dbk_bytes_wipe(&room);
    }
}

/* No device holds such a body, so none brings one. */
static void a_push_of_holes_is_refused_also_below_the_floor_p1(void **state)
{
    floorkit *f = *state;
    static relaykit_pushed p;
    relaykit_segment s;
    everybody_has_all(f);
    assert_int_equal(floorkit_floor(f, f->size), 200);
    relaykit_segment_make(&f->kit, &s, &f->feed, FLOORKIT_OPS, 100);
    relaykit_segment_erase(&s, dbk_segment_ops(&s.header));
    assert_int_equal(relaykit_push(&f->kit, &f->officer, &p, &s, 1), 200);
    assert_int_equal(p.results[0].status, DBK_PUSH_REFUSED);
    relaykit_pushed_wipe(&p);
    relaykit_segment_wipe(&s);
}

/* ---- who lacks it ---------------------------------------------------------------------------- */

static int wants(floorkit *f, relaykit_device *d, uint64_t from)
{
    char target[96];
    uint8_t body[DBK_WANTED_BYTES];
    (void)dbk_wire_put_u64(body, from);
    return relaykit_status(&f->kit, d, "POST", relaykit_space_target(target, &f->space, "wanted"),
                           dbk_span_of(body, sizeof(body)));
}

/* What the welcome asks the device to bring; -1: nothing. */
static int64_t asked(floorkit *f, relaykit_device *d)
{
    dbk_welcome w;
    dbk_bytes body;
    int64_t from = -1;
    relaykit_hello(&f->kit, d, &w, &body);
    for (size_t i = 0; i < w.spaces_count; i++) {
        if (dbk_id_equal(&w.spaces[i].space, &f->space) && w.spaces[i].wanted)
            from = (int64_t)w.spaces[i].wanted_from;
    }
    dbk_welcome_wipe(&w);
    dbk_bytes_wipe(&body);
    return from;
}

/* Brings the bodies of [from, to); `spoil` changes one of them. */
static int bring(floorkit *f, relaykit_device *d, size_t from, size_t to, bool spoil)
{
    char target[96];
    dbk_bytes body = DBK_BYTES_INIT(DBK_RANGE_BYTES_MAX);
    const dbk_range range = { .from = from,
                              .count = (uint32_t)(to - from),
                              .checkpoint = dbk_bytes_span(&f->note) };
    assert_ok(dbk_range_begin(&body, &range, NULL), NULL);
    for (size_t i = from; i < to; i++) {
        const dbk_range_item item = { 1,
                                      true,
                                      { dbk_span_of(f->s[i].raw, sizeof(f->s[i].raw)),
                                        dbk_bytes_span(&f->s[i].body), false } };
        assert_ok(dbk_range_add(&body, &item, NULL), NULL);
    }
    if (spoil)
        body.p[body.len - 1] ^= 1;
    int status = relaykit_status(&f->kit, d, "POST",
                                 relaykit_space_target(target, &f->space, "bodies"),
                                 dbk_bytes_span(&body));
    dbk_bytes_wipe(&body);
    return status;
}

static void with_a_floor(floorkit *f)
{
    everybody_has_all(f);
    assert_int_equal(floorkit_floor(f, f->size), 200);
    assert_int_equal(fetch(f, &f->hq, 0).whole, 0);
}

static void who_lacks_bodies_is_given_them_by_those_who_hold_each_p1(void **state)
{
    floorkit *f = *state;
    with_a_floor(f);
    assert_int_equal(asked(f, &f->hq), -1);
    assert_int_equal(wants(f, &f->officer, 2), 204);
    assert_int_equal(asked(f, &f->hq), 2);
    assert_int_equal(asked(f, &f->officer), -1);
    assert_int_equal(bring(f, &f->hq, 2, 4, false), 200);
    assert_int_equal(asked(f, &f->second), 4);
    assert_int_equal(bring(f, &f->second, 4, f->size, false), 204);
    assert_int_equal(asked(f, &f->hq), -1);
    seen s = fetch(f, &f->officer, 2);
    assert_int_equal(s.holes, 0);
    assert_int_equal(fetch(f, &f->officer, 0).holes, 2);
    (void)relaykit_check(&f->kit);
    /* Somebody who lacks more: from the beginning again. */
    assert_int_equal(wants(f, &f->kit.admin, 0), 204);
    assert_int_equal(asked(f, &f->hq), 0);
    assert_int_equal(bring(f, &f->hq, 0, f->size, false), 204);
    assert_int_equal(fetch(f, &f->kit.admin, 0).holes, 0);
    /* And when nobody lacks anything they go. */
    assert_int_equal(wants(f, &f->officer, DBK_WANTED_NOTHING), 204);
    assert_int_equal(fetch(f, &f->kit.admin, 0).holes, 0);
    assert_int_equal(wants(f, &f->kit.admin, DBK_WANTED_NOTHING), 204);
    assert_int_equal(fetch(f, &f->kit.admin, 0).whole, 0);
}

static void a_body_that_is_not_what_was_signed_is_not_kept_p4(void **state)
{
    floorkit *f = *state;
    with_a_floor(f);
    assert_int_equal(wants(f, &f->officer, 0), 204);
    assert_int_equal(bring(f, &f->hq, 0, 2, true), 403);
    relaykit_segment kept = f->s[0];
    f->s[0] = f->s[1]; /* another place's */
    assert_int_equal(bring(f, &f->hq, 0, 1, false), 403);
    f->s[0] = kept;
    assert_int_equal(bring(f, &f->hq, 1, 2, false), 409); /* not what is asked for */
    assert_int_equal(fetch(f, &f->hq, 0).whole, 0);
}

static void who_holds_each_body_is_asked_and_nobody_else(void **state)
{
    floorkit *f = *state;
    floorkit_snapshot(f);
    floorkit_confirm(f);
    floorkit_say_all(f, &f->hq);
    floorkit_say(f, &f->hq, &(floorkit_word){ f->size, false });
    assert_int_equal(floorkit_floor(f, f->size), 200);
    assert_int_equal(wants(f, &f->kit.admin, 0), 204);
    assert_int_equal(asked(f, &f->hq), -1); /* it began with a snapshot */
    assert_int_equal(asked(f, &f->second), 0);
    assert_int_equal(asked(f, &f->officer), 0);
    /* Who lacks them itself has said of itself that it holds them, before it was put back. */
    assert_int_equal(wants(f, &f->officer, 0), 204);
    assert_int_equal(asked(f, &f->officer), -1);
    assert_int_equal(bring(f, &f->second, 0, f->size, false), 204);
    assert_int_equal(fetch(f, &f->officer, 0).holes, 0);
}

/* Who has left, or hasn't said so for a month, is waited for no more. */
static void who_is_gone_lacks_nothing_any_more(void **state)
{
    floorkit *f = *state;
    dbk_bytes entry = { 0 };
    with_a_floor(f);
    assert_int_equal(wants(f, &f->officer, 0), 204);
    f->kit.now_ms += UINT64_C(31) * 24 * 3600 * 1000;
    assert_int_equal(asked(f, &f->hq), -1);
    assert_int_equal(wants(f, &f->officer, 0), 204);
    assert_int_equal(asked(f, &f->hq), 0);
    assert_int_equal(
        relaykit_post(&f->kit, relaykit_entry_remove(&f->kit, &entry, &f->space, &f->officer)),
        200);
    assert_int_equal(asked(f, &f->hq), -1);
    dbk_bytes_wipe(&entry);
}

static void the_next_floor_and_an_order_to_dispose_take_what_was_brought_along_p7(void **state)
{
    floorkit *f = *state;
    dbk_bytes entry = { 0 };
    with_a_floor(f);
    assert_int_equal(wants(f, &f->officer, 0), 204);
    assert_int_equal(bring(f, &f->hq, 0, 4, false), 200);
    const dbk_dot dot = { f->s[1].header.feed, f->s[1].header.first_seq };
    const relaykit_order order = { f->space, &dot, 1, &f->second };
    assert_int_equal(relaykit_post(&f->kit, relaykit_entry_dispose(&f->kit, &entry, &order)), 200);
    assert_int_equal(fetch(f, &f->officer, 0).whole, 0);
    (void)relaykit_check(&f->kit);
    /* What is brought after it comes without what was ordered erased. */
    assert_int_equal(asked(f, &f->hq), 0);
    assert_int_equal(bring(f, &f->hq, 0, 1, false), 200);
    assert_int_equal(fetch(f, &f->officer, 0).whole, 1);
    floorkit_grow(f, 1);
    everybody_has_all(f);
    assert_int_equal(floorkit_floor(f, f->size), 200);
    assert_int_equal(fetch(f, &f->officer, 0).whole, 0);
    dbk_bytes_wipe(&entry);
}

/* ---- copies of the log ----------------------------------------------------------------------- */

/* Does the copy hold what was brought for somebody? As a backup makes it, or as a move does. */
static bool is_copied(floorkit *f, logcopy_how how)
{
    dbk_log to;
    dbk_log_brought brought;
    dbk_log_beside body;
    dbk_bytes store = DBK_BYTES_INIT(1u + DBK_KEPT_BYTES_MAX);
    logcopy(&to, &f->kit, how);
    const dbk_log_space s = { &to, f->space };
    assert_ok(dbk_log_brought_get(&s, &brought, NULL), NULL);
    dbk_rc rc = dbk_log_beside_get(&s, &body, &store, 0, NULL);
    assert_int_equal(brought.to > 0, rc == DBK_OK);
    dbk_log_close(&to);
    dbk_bytes_wipe(&store);
    return rc == DBK_OK;
}

/* A backup would keep what is disposed of later. */
static void a_backup_leaves_out_what_was_brought_and_a_move_takes_it_along_p7(void **state)
{
    floorkit *f = *state;
    with_a_floor(f);
    assert_int_equal(wants(f, &f->officer, 0), 204);
    assert_int_equal(bring(f, &f->hq, 0, 3, false), 200);
    assert_false(is_copied(f, LOGCOPY_BACKUP));
    assert_true(is_copied(f, LOGCOPY_MOVE));
}

static void fsck_finds_a_body_beside_the_log_that_is_another(void **state)
{
    floorkit *f = *state;
    dbk_log log;
    dbk_err err = { 0 };
    with_a_floor(f);
    relaykit_stop(&f->kit);
    assert_ok(f->kit.source.open(f->kit.source.self, &log, DBK_LOG_WRITES, NULL), NULL);
    const dbk_log_space s = { &log, f->space };
    for (size_t i = 0; i < 2; i++) {
        dbk_log_report report;
        const dbk_log_beside body = { 0, false, dbk_bytes_span(&f->s[i].body) };
        assert_ok(log.ops->begin(log.self, NULL), NULL);
        assert_ok(dbk_log_beside_put(&s, &body, NULL), NULL);
        assert_rc(dbk_log_check_deep(&log, &report, &err), i == 0 ? DBK_OK : DBK_DAMAGED, &err);
        log.ops->rollback(log.self);
    }
    dbk_log_close(&log);
    relaykit_start(&f->kit);
    dbk_err_clear(&err);
    assert_ok(look(f, &err), &err);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, floorkit_setup, floorkit_teardown)
    const struct CMUnitTest tests[] = {
        T(below_the_floor_bodies_go_and_all_that_proves_them_stays_p4),
        T(nothing_goes_without_a_floor_p1),
        T(so_much_goes_at_once_and_the_rest_by_and_by),
        T(fsck_finds_holes_above_the_floor_and_half_of_one_below),
        T(a_push_of_holes_is_refused_also_below_the_floor_p1),
        T(who_lacks_bodies_is_given_them_by_those_who_hold_each_p1),
        T(a_body_that_is_not_what_was_signed_is_not_kept_p4),
        T(who_holds_each_body_is_asked_and_nobody_else),
        T(who_is_gone_lacks_nothing_any_more),
        T(the_next_floor_and_an_order_to_dispose_take_what_was_brought_along_p7),
        T(a_backup_leaves_out_what_was_brought_and_a_move_takes_it_along_p7),
        T(fsck_finds_a_body_beside_the_log_that_is_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
