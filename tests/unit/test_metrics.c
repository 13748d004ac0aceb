/* What a relay counts for its operator's monitoring, and what it doesn't tell there. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/crypto/checkpoint.h"
#include "sync/relay/listener.h"
#include "sync/relay/metrics.h"
#include "sync/relay/scrape.h"
#include "tests/lib/relaykit.h"

/* The value of a line that begins so; stops the test where there is none. */
static uint64_t value_of(const dbk_bytes *text, const char *series)
{
    const char *p = (const char *)text->p;
    size_t len = strlen(series);
    for (; p != NULL; p = strchr(p, '\n')) {
        p += *p == '\n';
        if (strncmp(p, series, len) == 0 && p[len] == ' ')
            return strtoull(p + len + 1, NULL, 10);
    }
    fail_msg("no series %s", series);
    return 0;
}

static void print(dbk_metrics *m, dbk_bytes *out)
{
    dbk_err err = { 0 };
    dbk_bytes_init(out, DBK_METRICS_TEXT_BYTES_MAX);
    assert_ok(dbk_metrics_print_log(m, out, &err), &err);
    assert_ok(dbk_metrics_print_requests(m, out, &err), &err);
    assert_ok(dbk_bytes_append_u8(out, 0, &err), &err);
}

static void a_histogram_rises_to_its_count(void **state)
{
    static const uint64_t took_us[] = { 0, 250, 251, 900, 26000, 99999999 };
    dbk_metrics *m;
    dbk_bytes text;
    (void)state;
    assert_rc(dbk_metrics_new(&m, NULL), DBK_OK, NULL);
    for (size_t i = 0; i < sizeof(took_us) / sizeof(took_us[0]); i++)
        dbk_metrics_fsync(m, took_us[i]);
    print(m, &text);
#define FSYNC "daybook_relay_fsync_seconds"
    assert_int_equal(value_of(&text, FSYNC "_bucket{le=\"0.000250\"}"), 2);
    assert_int_equal(value_of(&text, FSYNC "_bucket{le=\"0.000500\"}"), 3);
    assert_int_equal(value_of(&text, FSYNC "_bucket{le=\"0.001000\"}"), 4);
    assert_int_equal(value_of(&text, FSYNC "_bucket{le=\"0.025000\"}"), 4);
    assert_int_equal(value_of(&text, FSYNC "_bucket{le=\"0.100000\"}"), 5);
    assert_int_equal(value_of(&text, FSYNC "_bucket{le=\"2.500000\"}"), 5);
    assert_int_equal(value_of(&text, FSYNC "_bucket{le=\"+Inf\"}"), 6);
    assert_int_equal(value_of(&text, FSYNC "_count"), 6);
    assert_int_equal(value_of(&text, FSYNC "_sum"), 100); /* 100.027400 */
    dbk_bytes_wipe(&text);
    dbk_metrics_free(m);
}

static void what_has_no_name_here_is_counted_all_the_same(void **state)
{
    static const dbk_metrics_answer answers[] = {
        { "push", NULL, 1000, 10, 1 },    { "push", "auth", 1000, 10, 1 },
        { NULL, "malformed", 10, 0, 22 }, { "made up", "made up", 10, 0, 0 },
        { "none", "too-often", 1, 0, 0 },
    };
    dbk_metrics *m;
    dbk_bytes text;
    (void)state;
    assert_rc(dbk_metrics_new(&m, NULL), DBK_OK, NULL);
    dbk_metrics_name_call(m, "push");
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        dbk_metrics_answered(m, &answers[i]);
    print(m, &text);
#define CALL_COUNT(name) "daybook_relay_request_duration_seconds_count{call=\"" name "\"}"
#define REJECTS(cause) "daybook_relay_rejects_total{cause=\"" cause "\"}"
    assert_int_equal(value_of(&text, CALL_COUNT("push")), 2);
    assert_int_equal(value_of(&text, CALL_COUNT("none")), 3);
    assert_int_equal(value_of(&text, REJECTS("auth")), 1);
    assert_int_equal(value_of(&text, REJECTS("malformed")), 1);
    assert_int_equal(value_of(&text, REJECTS("too-often")), 1);
    assert_int_equal(value_of(&text, REJECTS("other")), 1);
    assert_int_equal(value_of(&text, "daybook_relay_request_body_bytes_total"), 20);
    assert_int_equal(value_of(&text, "daybook_relay_response_body_bytes_total"), 24);
    assert_null(strstr((const char *)text.p, "made up"));
    dbk_bytes_wipe(&text);
    dbk_metrics_free(m);
}

static void a_spaces_size_is_told_in_steps_that_hide_one_note_P3(void **state)
{
    const uint64_t least = DBK_METRICS_LEAST_SEGMENTS;
    (void)state;
    assert_int_equal(dbk_metrics_coarse(0, least), 0);
    for (uint64_t n = 1; n <= least; n++)
        assert_int_equal(dbk_metrics_coarse(n, least), least);
    for (uint64_t n = least + 1; n < 100000; n++) {
        uint64_t told = dbk_metrics_coarse(n, least);
        assert_true(told >= n);
        assert_true(told - n <= n / 8);
        assert_true(told >= dbk_metrics_coarse(n - 1, least));
        assert_true(told == dbk_metrics_coarse(told, least));
        /* What is told changes at every eighth note at most. */
        assert_true(told % 8 == 0);
    }
}

static void metrics_are_for_programs_of_this_machine_alone_P3(void **state)
{
    static const char *const wide[] = { "0.0.0.0:0",   "192.0.2.1:0",
                                        "[::]:0",      "[2001:db8::1]:0",
                                        "127.0.0.1",   "localhost:0",
                                        "128.0.0.1:0", "" };
    int listener;
    (void)state;
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
        dbk_err err = { 0 };
        dbk_rc rc = dbk_scrape_listen(&listener, wide[i], &err);
        if (rc != DBK_USAGE)
            fail_msg("%s: %d", wide[i], (int)rc);
    }
    assert_true(dbk_listener_is_local("127.0.0.1:1"));
    assert_true(dbk_listener_is_local("127.8.0.1:0"));
    assert_true(dbk_listener_is_local("[::1]:65535"));
}

/* ---- the relay's own ----------------------------------------------------------------------- */

#define OLDEST "daybook_relay_oldest_unwitnessed_age_seconds"

static void measure(relaykit *k, dbk_bytes *text)
{
    dbk_err err = { 0 };
    dbk_bytes_init(text, DBK_METRICS_TEXT_BYTES_MAX);
    assert_ok(dbk_relay_measure(k->relay, text, k->now_ms, &err), &err);
    assert_ok(dbk_bytes_append_u8(text, 0, &err), &err);
}

static void push(relaykit *k, relaykit_device *d, relaykit_segment *s)
{
    relaykit_pushed p = { 0 };
    assert_int_equal(relaykit_push(k, d, &p, s, 1), 200);
    relaykit_pushed_wipe(&p);
}

static void cosign(relaykit *k, relaykit_device *d, const dbk_id *space, const dbk_secret *witness)
{
    dbk_welcome w;
    char target[96];
    dbk_bytes body, note = DBK_BYTES_INIT(DBK_COSIGNED_NOTE_BYTES_MAX);
    relaykit_hello(k, d, &w, &body);
    assert_int_equal(w.spaces_count, 1);
    assert_rc(dbk_bytes_append_str(&note, w.spaces[0].checkpoint, NULL), DBK_OK, NULL);
    assert_rc(dbk_checkpoint_cosign(&note, k->now_ms / 1000, witness, NULL), DBK_OK, NULL);
    relaykit_space_target(target, space, "cosign");
    assert_int_equal(relaykit_status(k, d, "POST", target, dbk_bytes_span(&note)), 204);
    dbk_bytes_wipe(&note);
    dbk_bytes_wipe(&body);
    dbk_welcome_wipe(&w);
}

static void no_id_in(const dbk_bytes *text, const dbk_id *id)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, id);
    hex[8] = '\0'; /* nor its beginning */
    assert_null(strstr((const char *)text->p, hex));
}

typedef struct fixture {
    relaykit kit;
    relaykit_device officer, hq;
    dbk_id space;
    relaykit_feed feed;
} fixture;

static int setup(void **state)
{
    static fixture f;
    relaykit_open(&f.kit, DBK_WRITER_INLINE);
    relaykit_org(&f.kit);
    relaykit_enrol(&f.kit, &f.officer, DBK_ROLE_OFFICER);
    relaykit_enrol(&f.kit, &f.hq, DBK_ROLE_HQ);
    const relaykit_device *members[] = { &f.officer, &f.hq };
    f.space = relaykit_space(&f.kit, members, 2);
    f.feed = relaykit_feed_begin(&f.kit, &f.officer, &f.space);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    relaykit_device_drop(&f->officer);
    relaykit_device_drop(&f->hq);
    relaykit_close(&f->kit);
    return 0;
}

/* One new segment, pushed so many times. */
static uint64_t write_one(fixture *f, int times)
{
    static relaykit_segment s;
    relaykit_segment_make(&f->kit, &s, &f->feed, 1, 100);
    uint64_t bytes = sizeof(s.raw) + s.body.len;
    for (int i = 0; i < times; i++)
        push(&f->kit, &f->officer, &s);
    relaykit_segment_wipe(&s);
    return bytes;
}

static void what_came_is_counted_and_told_without_ids(void **state)
{
    fixture *f = *state;
    dbk_bytes text;
    measure(&f->kit, &text);
    assert_int_equal(value_of(&text, "daybook_relay_spaces"), 1);
    assert_int_equal(value_of(&text, "daybook_relay_space_segments{space=\"1\"}"), 0);
    assert_int_equal(value_of(&text, "daybook_relay_fullest_device_percent"), 0);
    assert_int_equal(value_of(&text, OLDEST), 0);
    dbk_bytes_wipe(&text);

    uint64_t bytes = write_one(f, 1) + write_one(f, 1);
    bytes += write_one(f, 2); /* an answer was lost */
    measure(&f->kit, &text);
    assert_int_equal(value_of(&text, "daybook_relay_segments_total{result=\"accepted\"}"), 3);
    assert_int_equal(value_of(&text, "daybook_relay_segments_total{result=\"duplicate\"}"), 1);
    assert_int_equal(value_of(&text, "daybook_relay_segment_bytes_total"), bytes);
    assert_int_equal(value_of(&text, "daybook_relay_log_segments"), 3);
    assert_int_equal(value_of(&text, "daybook_relay_space_segments{space=\"1\"}"), 64);
    assert_int_equal(value_of(&text, "daybook_relay_space_bytes{space=\"1\"}"), 65536);
    assert_int_equal(value_of(&text, "daybook_relay_log_bytes"), bytes);
    assert_true(value_of(&text, "daybook_relay_fsync_seconds_count") ==
                value_of(&text, "daybook_relay_commits_total"));
    no_id_in(&text, &f->space);
    no_id_in(&text, &f->officer.id);
    no_id_in(&text, &f->feed.feed);
    dbk_bytes_wipe(&text);
}

static void the_oldest_segment_without_a_witness_is_told_with_its_age(void **state)
{
    fixture *f = *state;
    dbk_secret *witness = NULL;
    dbk_sign_pk pk;
    dbk_bytes text, entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    for (int i = 0; i < 3; i++) {
        write_one(f, 1);
        f->kit.now_ms += 10000;
    }
    measure(&f->kit, &text);
    assert_int_equal(value_of(&text, "daybook_relay_witnesses"), 0);
    assert_int_equal(value_of(&text, "daybook_relay_unwitnessed_segments"), 3);
    assert_int_equal(value_of(&text, OLDEST), 30);
    dbk_bytes_wipe(&text);

    assert_rc(dbk_sign_keypair(&pk, &witness, &f->kit.env.env, NULL), DBK_OK, NULL);
    assert_int_equal(relaykit_post(&f->kit, relaykit_entry_policy(&f->kit, &entry, &pk, 1)), 200);
    cosign(&f->kit, &f->hq, &f->space, witness);
    f->kit.now_ms += 5000;
    write_one(f, 1);
    f->kit.now_ms += 7000;
    measure(&f->kit, &text);
    assert_int_equal(value_of(&text, "daybook_relay_witnesses"), 1);
    assert_int_equal(value_of(&text, "daybook_relay_unwitnessed_segments"), 1);
    assert_int_equal(value_of(&text, OLDEST), 7);
    dbk_bytes_wipe(&text);
    cosign(&f->kit, &f->hq, &f->space, witness);
    measure(&f->kit, &text);
    assert_int_equal(value_of(&text, OLDEST), 0);
    dbk_bytes_wipe(&text);
    dbk_bytes_wipe(&entry);
    dbk_secret_free(witness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_histogram_rises_to_its_count),
        cmocka_unit_test(what_has_no_name_here_is_counted_all_the_same),
        cmocka_unit_test(a_spaces_size_is_told_in_steps_that_hide_one_note_P3),
        cmocka_unit_test(metrics_are_for_programs_of_this_machine_alone_P3),
        cmocka_unit_test_setup_teardown(what_came_is_counted_and_told_without_ids, setup, teardown),
        cmocka_unit_test_setup_teardown(the_oldest_segment_without_a_witness_is_told_with_its_age,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
