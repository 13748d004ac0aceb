/* What a relay doesn't take: more than its disk has room for, and who asks too often. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/relaykit.h"

#define HELLO "{\"v\":1}"

typedef struct fixture {
    relaykit kit;
    relaykit_device officer, stranger;
    dbk_id space;
    char path[96]; /* of the space's segments */
} fixture;

static int setup(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof(f));
    relaykit_open(&f.kit, DBK_WRITER_INLINE);
    relaykit_org(&f.kit);
    relaykit_enrol(&f.kit, &f.officer, DBK_ROLE_OFFICER);
    relaykit_device_make(&f.kit, &f.stranger, DBK_ROLE_OFFICER);
    const relaykit_device *members[] = { &f.officer };
    f.space = relaykit_space(&f.kit, members, 1);
    relaykit_space_target(f.path, &f.space, "segments");
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    relaykit_device_drop(&f->officer);
    relaykit_device_drop(&f->stranger);
    relaykit_close(&f->kit);
    return 0;
}

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
    fixture *f = *state;
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

static int hello(fixture *f, relaykit_device *d)
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
    fixture *f = *state;
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_nearly_full_disk_takes_no_notes_but_serves_and_shuts_out_A25),
        TEST(who_asks_too_often_is_told_to_wait_and_nobody_else_A31),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
