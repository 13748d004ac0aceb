/* What a relay doesn't take: more than its disk has room for, and who asks too often. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/relaykit.h"

#define HELLO "{\"v\":1}"

static dbk_span text(const char *s)
{
    return dbk_span_str(s);
}

static const dbk_span none = { NULL, 0 };

/* ---- a disk that is nearly full ----------------------------------------------------------- */

static bool answers(void *ctx)
{
    return *(const bool *)ctx;
}

static void a_nearly_full_disk_takes_no_notes_but_serves_and_shuts_out_A25(void **state)
{
    relaykit_fixture *f = *state;
    bool is_full = true;
    relaykit_pushed p = { 0 };
    static relaykit_segment s;
    dbk_relay_answer a;
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    relaykit_feed feed = relaykit_feed_begin(&f->kit, &f->officer, &f->space);
    relaykit_segment_make(&f->kit, &s, &feed, 1, 100);
    assert_int_equal(relaykit_push(&f->kit, &f->officer, &p, &s, 1), 200);
    relaykit_pushed_wipe(&p);
    relaykit_segment_wipe(&s);
    relaykit_segment_make(&f->kit, &s, &feed, 1, 100);
    dbk_relay_watch_disk(f->kit.relay, answers, &is_full);

    assert_int_equal(relaykit_push(&f->kit, &f->officer, &p, &s, 1), 507);
    relaykit_pushed_wipe(&p);
    assert_int_equal(relaykit_status(&f->kit, &f->officer, "POST", "/v1/hello", text(HELLO)), 200);
    char target[128];
    (void)snprintf(target, sizeof(target), "%s?from=0&bytes=4096", f->path);
    const relaykit_request range = { "GET", target, none, NULL };
    assert_int_equal(relaykit_call(&f->kit, &f->officer, &a, &range), 200);
    dbk_bytes_wipe(&a.body);
    is_full = false;
    assert_int_equal(relaykit_push(&f->kit, &f->officer, &p, &s, 1), 200); /* nothing was lost */
    relaykit_pushed_wipe(&p);
    is_full = true;
    assert_int_equal(relaykit_post(&f->kit, relaykit_entry_revoke(&f->kit, &entry, &f->officer)),
                     200);
    dbk_bytes_wipe(&entry);
    relaykit_segment_wipe(&s);
}

static int hello(relaykit_fixture *f, relaykit_device *d)
{
    dbk_relay_answer a;
    int status = relaykit_send(&f->kit, d, &a,
                               &(relaykit_request){ "POST", "/v1/hello", text(HELLO), NULL });
    assert_int_equal(a.retry_after_s, status == 429 ? 1 : 0);
    dbk_bytes_wipe(&a.body);
    return status;
}

static void who_asks_too_often_is_told_to_wait_and_nobody_else_A31(void **state)
{
    relaykit_fixture *f = *state;
    const dbk_relay_limits limits = { .device = { 3, 1 }, .stranger = { 4, 2 } };
    assert_rc(dbk_relay_limit(f->kit.relay, &limits, NULL), DBK_OK, NULL);
    assert_int_equal(hello(f, &f->officer), 401); /* its nonce was stale: a stranger's turn */
    for (int i = 0; i < 3; i++)
        assert_int_equal(hello(f, &f->officer), 200);
    assert_int_equal(hello(f, &f->officer), 429);
    for (int i = 0; i < 3; i++)
        assert_int_equal(hello(f, &f->stranger), 401);
    assert_int_equal(hello(f, &f->stranger), 429);
    assert_int_equal(hello(f, NULL), 429);
    f->kit.now_ms += 1000; /* from the same address: a known device, and who asks for health */
    assert_int_equal(hello(f, &f->officer), 200);
    assert_int_equal(hello(f, &f->officer), 429);
    assert_int_equal(hello(f, &f->stranger), 401);
    assert_int_equal(hello(f, NULL), 401);
    assert_int_equal(hello(f, NULL), 429);
    assert_int_equal(relaykit_status(&f->kit, NULL, "GET", "/healthz", none), 200);
}

/* ---- quotas -------------------------------------------------------------------------------- */

static void set_quota(relaykit_fixture *f, dbk_quota quota)
{
    const dbk_relay_limits limits = { .device = { 1000, 1000 },
                                      .stranger = { 1000, 1000 },
                                      .quota = quota };
    assert_rc(dbk_relay_limit(f->kit.relay, &limits, NULL), DBK_OK, NULL);
}

/* Pushes segments of a feed; what became of each. */
static void push_all(relaykit_fixture *f, relaykit_device *d, const relaykit_segment *s,
                     size_t count, dbk_push_status *out)
{
    relaykit_pushed p = { 0 };
    assert_int_equal(relaykit_push(&f->kit, d, &p, s, count), 200);
    assert_int_equal(p.count, count);
    for (size_t i = 0; i < count; i++) {
        out[i] = p.results[i].status;
        if (dbk_push_has_receipt(out[i]))
            assert_true(relaykit_receipt_ok(&f->kit, &s[i], &p.results[i].receipt));
    }
    relaykit_pushed_wipe(&p);
}

#define ASSERT_STATUSES(got, ...)                                   \
    do {                                                            \
        const dbk_push_status want[] = { __VA_ARGS__ };             \
        for (size_t n = 0; n < sizeof(want) / sizeof(want[0]); n++) \
            assert_int_equal((got)[n], want[n]);                    \
    } while (0)

static void make(relaykit_fixture *f, relaykit_feed *feed, relaykit_segment *s, size_t count)
{
    for (size_t i = 0; i < count; i++)
        relaykit_segment_make(&f->kit, &s[i], feed, 1, 100);
}

static void wipe(relaykit_segment *s, size_t count)
{
    for (size_t i = 0; i < count; i++)
        relaykit_segment_wipe(&s[i]);
}

static void a_device_without_room_reads_on_is_shut_out_as_ever_and_loses_nothing_A25(void **state)
{
    relaykit_fixture *f = *state;
    static relaykit_segment s[3];
    dbk_push_status got[3];
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    relaykit_feed feed = relaykit_feed_begin(&f->kit, &f->officer, &f->space);
    make(f, &feed, s, 3);
    set_quota(f, (dbk_quota){ .device = { 2, 0 } });
    push_all(f, &f->officer, s, 3, got);
    ASSERT_STATUSES(got, DBK_PUSH_ACCEPTED, DBK_PUSH_ACCEPTED, DBK_PUSH_DEVICE_FULL);
    /* An answer that was lost: what is held has its receipt, with or without room. */
    push_all(f, &f->officer, s, 3, got);
    ASSERT_STATUSES(got, DBK_PUSH_DUPLICATE, DBK_PUSH_DUPLICATE, DBK_PUSH_DEVICE_FULL);
    assert_int_equal(hello(f, &f->officer), 200);
    char target[128];
    dbk_relay_answer a;
    (void)snprintf(target, sizeof(target), "%s?from=0&bytes=4096", f->path);
    const relaykit_request range = { "GET", target, none, NULL };
    assert_int_equal(relaykit_call(&f->kit, &f->officer, &a, &range), 200);
    dbk_bytes_wipe(&a.body);
    set_quota(f, (dbk_quota){ .device = { 3, 0 } });
    push_all(f, &f->officer, s + 2, 1, got);
    ASSERT_STATUSES(got, DBK_PUSH_ACCEPTED);
    assert_int_equal(relaykit_check(&f->kit).segments, 3);
    assert_int_equal(relaykit_post(&f->kit, relaykit_entry_revoke(&f->kit, &entry, &f->officer)),
                     200);
    dbk_bytes_wipe(&entry);
    wipe(s, 3);
}

static void a_space_that_is_full_is_full_for_all_and_others_go_on(void **state)
{
    relaykit_fixture *f = *state;
    static relaykit_segment s[2], t[2], u[1];
    dbk_push_status got[2];
    relaykit_device second;
    relaykit_enrol(&f->kit, &second, DBK_ROLE_OFFICER);
    const relaykit_device *members[] = { &f->officer, &second };
    dbk_id shared = relaykit_space(&f->kit, members, 2);
    relaykit_feed mine = relaykit_feed_begin(&f->kit, &f->officer, &shared);
    relaykit_feed theirs = relaykit_feed_begin(&f->kit, &second, &shared);
    relaykit_feed other = relaykit_feed_begin(&f->kit, &f->officer, &f->space);
    make(f, &mine, s, 2);
    make(f, &theirs, t, 2);
    make(f, &other, u, 1);
    uint64_t each = sizeof(s[0].raw) + s[0].body.len;
    set_quota(f, (dbk_quota){ .space = { 0, 3 * each } }); /* three, to the byte */
    push_all(f, &f->officer, s, 2, got);
    ASSERT_STATUSES(got, DBK_PUSH_ACCEPTED, DBK_PUSH_ACCEPTED);
    push_all(f, &second, t, 2, got);
    ASSERT_STATUSES(got, DBK_PUSH_ACCEPTED, DBK_PUSH_SPACE_FULL);
    push_all(f, &f->officer, u, 1, got);
    ASSERT_STATUSES(got, DBK_PUSH_ACCEPTED);
    set_quota(f, (dbk_quota){ .space = { 0, 4 * each - 1 } });
    push_all(f, &second, t + 1, 1, got);
    ASSERT_STATUSES(got, DBK_PUSH_SPACE_FULL);
    set_quota(f, (dbk_quota){ .space = { 0, 4 * each } });
    push_all(f, &second, t + 1, 1, got);
    ASSERT_STATUSES(got, DBK_PUSH_ACCEPTED);
    wipe(s, 2);
    wipe(t, 2);
    wipe(u, 1);
    relaykit_device_drop(&second);
}

static void a_device_s_room_is_that_of_all_its_spaces_whoever_carries_it(void **state)
{
    relaykit_fixture *f = *state;
    static relaykit_segment s[2], t[1];
    dbk_push_status got[2];
    relaykit_device colleague;
    relaykit_enrol(&f->kit, &colleague, DBK_ROLE_OFFICER);
    const relaykit_device *members[] = { &f->officer, &colleague };
    dbk_id second = relaykit_space(&f->kit, members, 2);
    relaykit_feed here = relaykit_feed_begin(&f->kit, &f->officer, &f->space);
    relaykit_feed there = relaykit_feed_begin(&f->kit, &f->officer, &second);
    relaykit_feed theirs = relaykit_feed_begin(&f->kit, &colleague, &second);
    make(f, &there, s, 1);
    make(f, &here, s + 1, 1);
    make(f, &theirs, t, 1);
    set_quota(f, (dbk_quota){ .device = { 1, 0 } });
    push_all(f, &colleague, s, 1, got); /* the officer's own, through a colleague's device */
    ASSERT_STATUSES(got, DBK_PUSH_ACCEPTED);
    push_all(f, &f->officer, s + 1, 1, got);
    ASSERT_STATUSES(got, DBK_PUSH_DEVICE_FULL);
    push_all(f, &colleague, t, 1, got); /* whose own room is whole */
    ASSERT_STATUSES(got, DBK_PUSH_ACCEPTED);
    wipe(s, 2);
    wipe(t, 1);
    relaykit_device_drop(&colleague);
}

static void the_deep_check_finds_a_count_of_room_that_is_not_the_segments(void **state)
{
    relaykit_fixture *f = *state;
    static relaykit_segment s[1];
    dbk_push_status got[1];
    dbk_log log;
    dbk_room room;
    dbk_log_report report;
    relaykit_feed feed = relaykit_feed_begin(&f->kit, &f->officer, &f->space);
    make(f, &feed, s, 1);
    push_all(f, &f->officer, s, 1, got);
    wipe(s, 1);
    relaykit_stop(&f->kit);
    assert_rc(f->kit.source.open(f->kit.source.self, &log, DBK_LOG_WRITES, NULL), DBK_OK, NULL);
    assert_rc(dbk_room_of_device(&log, &f->officer.id, &room, NULL), DBK_OK, NULL);
    assert_int_equal(room.segments, 1);
    const dbk_room lies[] = { { 0, 0 }, { 1, room.bytes - 1 }, { 2, room.bytes } };
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        assert_rc(dbk_room_put_device(&log, &f->officer.id, &lies[i], NULL), DBK_OK, NULL);
        assert_rc(dbk_log_check_deep(&log, &report, NULL), DBK_DAMAGED, NULL);
    }
    assert_rc(dbk_room_put_device(&log, &f->officer.id, &room, NULL), DBK_OK, NULL);
    assert_rc(dbk_log_check_deep(&log, &report, NULL), DBK_OK, NULL);
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        assert_rc(dbk_room_put_space(&log, &f->space, &lies[i], NULL), DBK_OK, NULL);
        assert_rc(dbk_log_check_deep(&log, &report, NULL), DBK_DAMAGED, NULL);
    }
    assert_rc(dbk_room_put_space(&log, &f->space, &room, NULL), DBK_OK, NULL);
    assert_rc(dbk_room_put_device(&log, &f->stranger.id, &room, NULL), DBK_OK, NULL);
    assert_rc(dbk_log_check_deep(&log, &report, NULL), DBK_DAMAGED, NULL);
    dbk_log_close(&log);
    relaykit_start(&f->kit);
}

static void another_rule_of_pace_holds_from_the_next_request_on(void **state)
{
    relaykit_fixture *f = *state;
    dbk_relay_limits limits = { .device = { 2, 1 }, .stranger = { 100, 100 } };
    assert_rc(dbk_relay_limit(f->kit.relay, &limits, NULL), DBK_OK, NULL);
    (void)hello(f, &f->officer); /* fetches a nonce */
    assert_int_equal(hello(f, &f->officer), 200);
    assert_int_equal(hello(f, &f->officer), 200);
    assert_int_equal(hello(f, &f->officer), 429);
    limits.device = (dbk_pace_rule){ 5, 5 };
    assert_rc(dbk_relay_limit(f->kit.relay, &limits, NULL), DBK_OK, NULL);
    assert_int_equal(hello(f, &f->officer), 429); /* an empty bucket stays empty */
    f->kit.now_ms += 1000;
    for (int i = 0; i < 5; i++)
        assert_int_equal(hello(f, &f->officer), 200);
    assert_int_equal(hello(f, &f->officer), 429);
    limits.device = (dbk_pace_rule){ 1, 1 };
    f->kit.now_ms += 10000;
    assert_rc(dbk_relay_limit(f->kit.relay, &limits, NULL), DBK_OK, NULL);
    assert_int_equal(hello(f, &f->officer), 200);
    assert_int_equal(hello(f, &f->officer), 429);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, relaykit_setup, relaykit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_nearly_full_disk_takes_no_notes_but_serves_and_shuts_out_A25),
        TEST(who_asks_too_often_is_told_to_wait_and_nobody_else_A31),
        TEST(another_rule_of_pace_holds_from_the_next_request_on),
        TEST(a_device_without_room_reads_on_is_shut_out_as_ever_and_loses_nothing_A25),
        TEST(a_space_that_is_full_is_full_for_all_and_others_go_on),
        TEST(a_device_s_room_is_that_of_all_its_spaces_whoever_carries_it),
        TEST(the_deep_check_finds_a_count_of_room_that_is_not_the_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
