/* Where the relay's log is looked through, copied, put back from a backup, or large: what was
 * ordered erased is gone there too, and nothing else is (decision 0031). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/alloc.h"
#include "sync/relay/log_copy.h"
#include "tests/lib/orderkit.h"

/* ---- fsck and migrate -------------------------------------------------------------------- */

static void open_log(orderkit *f, dbk_log *log)
{
    relaykit_stop(&f->kit);
    assert_ok(f->kit.source.open(f->kit.source.self, log, DBK_LOG_WRITES, NULL), NULL);
    assert_ok(log->ops->begin(log->self, NULL), NULL);
}

/* The log as this transaction would leave it; nothing of it stays. */
static void assert_found(const dbk_log *log, const char *what)
{
    dbk_err err = { 0 };
    dbk_log_report report;
    assert_rc(dbk_log_check_deep(log, &report, &err), DBK_DAMAGED, &err);
    if (strstr(err.text, what) == NULL)
        fail_msg("found '%s', not '%s'", err.text, what);
    log->ops->rollback(log->self);
    assert_ok(log->ops->begin(log->self, NULL), NULL);
}

static void fsck_wants_holes_just_where_the_chain_orders_them(void **state)
{
    orderkit *f = *state;
    static const orderkit_part parts[] = { { 0, 1 } };
    dbk_log log;
    dbk_log_report report;
    dbk_err err = { 0 };
    orderkit_push(f, 0, 3, "000");
    orderkit_dispose(f, parts, 1);
    relaykit_segment_erase(&f->s[0], 1);
    relaykit_segment_erase(&f->s[1], 2);
    open_log(f, &log);
    assert_ok(dbk_log_check_deep(&log, &report, &err), &err);
    dbk_span other = dbk_bytes_span(&f->s[1].body), whole = dbk_bytes_span(&f->s[2].body);
    assert_ok(log.ops->segment_keep(log.self, &f->space, 1, other, &err), &err);
    assert_found(&log, "nobody ordered");
    relaykit_segment_erase(&f->s[0], 4);
    dbk_span more = dbk_bytes_span(&f->s[0].body);
    assert_ok(log.ops->segment_keep(log.self, &f->space, 0, more, &err), &err);
    assert_found(&log, "nobody ordered");
    assert_ok(log.ops->segment_keep(log.self, &f->space, 2, whole, &err), &err);
    assert_found(&log, "isn't what was signed");
    static const orderkit_part later[] = { { 1, 4 } };
    f->s[1].kept = false; /* of it only the header is used */
    dbk_span order = orderkit_order_of(f, later, 1, &f->second);
    assert_ok(dbk_log_entry_add(&log, dbk_roster_count(f->kit.roster), order, &err), &err);
    assert_found(&log, "ordered erased");
    log.ops->rollback(log.self);
    dbk_log_close(&log);
    relaykit_start(&f->kit);
}

static void migrate_copies_kept_bodies(void **state)
{
    orderkit *f = *state;
    static const orderkit_part parts[] = { { 0, 1 }, { 2, 6 } };
    char path[3 * DBK_TEST_PATH_SIZE];
    dbk_log from, to;
    dbk_log_report report;
    dbk_err err = { 0 };
    orderkit_push(f, 0, 4, "0000");
    orderkit_dispose(f, parts, 2);
    (void)snprintf(path, sizeof(path), "%s/copy.db", f->kit.dir);
    dbk_log_embedded file = { path, f->kit.db_key };
    assert_ok(dbk_log_embedded_create(&file, &err), &err);
    assert_ok(dbk_log_embedded_open(&file, &to, DBK_LOG_WRITES, &err), &err);
    assert_ok(f->kit.source.open(f->kit.source.self, &from, DBK_LOG_READS, &err), &err);
    assert_ok(dbk_log_copy(&to, &from, &f->kit.env.env, &report, &err), &err);
    assert_int_equal(report.segments, 4); /* and the copy was checked deeply */
    dbk_log_close(&from);
    dbk_log_close(&to);
}

/* ---- a relay that was put back from a backup --------------------------------------------- */

static int refill(orderkit *f, size_t from, size_t to)
{
    char target[96];
    dbk_bytes body = DBK_BYTES_INIT(DBK_PUSH_BYTES_MAX);
    dbk_range range = { .from = from,
                        .count = (uint32_t)(to - from),
                        .checkpoint = dbk_span_str(f->note) };
    assert_ok(dbk_range_begin(&body, &range, NULL), NULL);
    for (size_t i = from; i < to; i++) {
        dbk_range_item item = { f->ms[i],
                                true,
                                { dbk_span_of(f->s[i].raw, sizeof(f->s[i].raw)),
                                  dbk_bytes_span(&f->s[i].body), f->s[i].kept } };
        assert_ok(dbk_range_add(&body, &item, NULL), NULL);
    }
    int status = relaykit_status(&f->kit, &f->officer, "POST",
                                 relaykit_space_target(target, &f->space, "refill"),
                                 dbk_bytes_span(&body));
    dbk_bytes_wipe(&body);
    return status;
}

static void recover(orderkit *f)
{
    dbk_claims c;
    dbk_relay_answer a;
    dbk_bytes entry = { 0 };
    relaykit_request req = { "GET", "/v1/recovery", { NULL, 0 }, NULL };
    assert_int_equal(relaykit_call(&f->kit, &f->kit.admin, &a, &req), 200);
    assert_ok(dbk_claims_decode(&c, dbk_bytes_span(&a.body), NULL), NULL);
    assert_int_equal(c.logs_count, 1);
    dbk_log_move log = dbk_claims_log(&c, 0);
    assert_int_equal(
        relaykit_post(&f->kit, relaykit_entry_recovery(&f->kit, &entry, &log, 1, NULL)), 200);
    dbk_bytes_wipe(&a.body);
    dbk_bytes_wipe(&entry);
}

static void a_restored_relay_takes_kept_bodies_back_behind_their_order(void **state)
{
    orderkit *f = *state;
    static const orderkit_part parts[] = { { 0, 2 }, { 2, 5 }, { 4, 1 } };
    if (relaykit_on_postgres(&f->kit))
        skip();
    orderkit_push(f, 0, 2, "00");
    relaykit_backup(&f->kit);
    relaykit_start(&f->kit);
    orderkit_push(f, 2, 5, "000");
    orderkit_dispose(f, parts, ARRAY_LEN(parts));
    relaykit_put_back(&f->kit);
    relaykit_start(&f->kit);
    /* The backup holds again what was erased, until the order comes back. */
    assert_true(orderkit_store_holds(f, 0, 1));
    assert_int_equal(relaykit_check(&f->kit).segments, 2);
    relaykit_segment_erase(&f->s[2], 5);
    assert_int_equal(refill(f, 2, 5), 403);
    assert_int_equal(
        relaykit_status(&f->kit, &f->officer, "POST", "/v1/recovery", dbk_bytes_span(&f->entry)),
        200);
    assert_false(orderkit_store_holds(f, 0, 1));
    assert_int_equal(refill(f, 2, 5),
                     200); /* segment 4 whole, as one brings it who has not heard */
    assert_false(orderkit_store_holds(f, 4, 0));
    assert_true(orderkit_store_holds(f, 4, 1));
    recover(f);
    orderkit_expect(f, parts, ARRAY_LEN(parts));
}

/* ---- many -------------------------------------------------------------------------------- */

#define ORDERED 2500u
#define MANY (ORDERED + 100u)

/* Ops that stand in as many segments: an order of all that one entry has room for takes four times
 * as long. */
static void an_order_of_thousands_is_carried_out_at_once(void **state)
{
    orderkit *f = *state;
    static relaykit_segment s[DBK_PUSH_SEGMENTS_MAX];
    static dbk_dot dots[ORDERED];
    relaykit_order order = { f->space, dots, ORDERED, &f->second };
    struct timespec began, done;
    relaykit_feed feed = relaykit_feed_begin(&f->kit, &f->officer, &f->space);
    for (size_t at = 0; at < MANY;) {
        size_t count = MANY - at < DBK_PUSH_SEGMENTS_MAX ? MANY - at : DBK_PUSH_SEGMENTS_MAX;
        for (size_t i = 0; i < count; i++)
            relaykit_segment_make(&f->kit, &s[i], &feed, 2, 700);
        relaykit_pushed_wipe(&f->p);
        assert_int_equal(relaykit_push(&f->kit, &f->officer, &f->p, s, count), 200);
        for (size_t i = 0; i < count; i++)
            relaykit_segment_wipe(&s[i]);
        at += count;
    }
    for (size_t i = 0; i < ORDERED; i++) /* one of each segment, but a few */
        dots[i] = (dbk_dot){ feed.feed, 2 * i + (i > 1000 ? 100 : 0) + 1 };
    dbk_span entry = relaykit_entry_dispose(&f->kit, &f->entry, &order);
    (void)clock_gettime(CLOCK_MONOTONIC, &began);
    assert_int_equal(relaykit_post(&f->kit, entry), 200);
    (void)clock_gettime(CLOCK_MONOTONIC, &done);
    print_message("an order of %u ops in as many segments: %ld ms\n", ORDERED,
                  (done.tv_sec - began.tv_sec) * 1000 + (done.tv_nsec - began.tv_nsec) / 1000000);
    assert_int_equal(relaykit_check(&f->kit).segments, MANY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, orderkit_setup, orderkit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fsck_wants_holes_just_where_the_chain_orders_them),
        TEST(migrate_copies_kept_bodies),
        TEST(a_restored_relay_takes_kept_bodies_back_behind_their_order),
        TEST(an_order_of_thousands_is_carried_out_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
