/* A relay in two processes: what the front asks, the keeper decides for itself. Here both are
 * threads of one process, over the real channels. */
#include "tests/lib/test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sync/relay/channel.h"
#include "sync/relay/front.h"
#include "sync/relay/keeper.h"
#include "sync/relay/passage.h"
#include "tests/lib/relaykit.h"

#define CHANNELS RELAYKIT_READERS
#define HELLO "{\"v\":1}"

typedef struct fixture {
    relaykit kit;
    relaykit_device officer;
    dbk_id space;
    int fronts[CHANNELS], keepers[CHANNELS];
    pthread_t keeper;
    dbk_keeper_opts opts;
    dbk_rc rc; /* how the keeper ended */
    dbk_front *front;
    dbk_service service;
} fixture;

static void *keep(void *ctx)
{
    fixture *f = ctx;
    f->rc = dbk_keeper_serve(&f->opts, NULL);
    return NULL;
}

static void open_channels(fixture *f)
{
    for (size_t i = 0; i < CHANNELS; i++) {
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        f->fronts[i] = pair[0];
        f->keepers[i] = pair[1];
    }
    f->opts = (dbk_keeper_opts){ f->kit.relay, &f->kit.env.env, f->keepers, CHANNELS, NULL, NULL,
                                 NULL };
    assert_int_equal(pthread_create(&f->keeper, NULL, keep, f), 0);
}

static int setup(void **state)
{
    static fixture f;
    dbk_err err = { 0 };
    memset(&f, 0, sizeof(f));
    relaykit_open(&f.kit, DBK_WRITER_THREAD);
    relaykit_org(&f.kit);
    relaykit_enrol(&f.kit, &f.officer, DBK_ROLE_OFFICER);
    const relaykit_device *members[] = { &f.officer };
    f.space = relaykit_space(&f.kit, members, 1);
    open_channels(&f);
    assert_ok(dbk_front_new(&f.front, f.fronts, CHANNELS, &err), &err);
    assert_ok(dbk_front_meet(f.front, &err), &err);
    f.service = dbk_front_service(f.front);
    *state = &f;
    return 0;
}

static void end_keeper(fixture *f, dbk_rc expected)
{
    dbk_front_free(f->front);
    f->front = NULL;
    assert_int_equal(pthread_join(f->keeper, NULL), 0);
    assert_int_equal(f->rc, expected);
}

static int teardown(void **state)
{
    fixture *f = *state;
    if (f->front != NULL)
        end_keeper(f, DBK_OK);
    relaykit_device_drop(&f->officer);
    relaykit_close(&f->kit);
    return 0;
}

/* ---- asking ------------------------------------------------------------------------------ */

static int ask(fixture *f, dbk_relay_answer *answer, const relaykit_made *made)
{
    memset(answer, 0, sizeof(*answer));
    f->service.handle(f->service.self, answer, &made->req);
    memcpy(f->officer.nonce, answer->nonce, sizeof(answer->nonce));
    return answer->status;
}

/* With the nonce that the first answer brings, as a device does it. */
static int ask_signed(fixture *f, dbk_relay_answer *answer, const relaykit_request *req)
{
    relaykit_made made;
    relaykit_make(&f->kit, &f->officer, &made, req);
    if (ask(f, answer, &made) != 401)
        return answer->status;
    dbk_bytes_wipe(&answer->body);
    relaykit_make(&f->kit, &f->officer, &made, req);
    return ask(f, answer, &made);
}

static void a_signed_request_is_answered_through_both(void **state)
{
    fixture *f = *state;
    dbk_relay_answer a;
    const relaykit_request hello = { "POST", "/v1/hello", dbk_span_str(HELLO), NULL };
    assert_int_equal(ask_signed(f, &a, &hello), 200);
    assert_string_equal(a.call, "hello");
    assert_null(a.cause);
    assert_true(a.body.len > 0);
    dbk_bytes_wipe(&a.body);
}

static void a_front_can_sign_for_nobody_A33(void **state)
{
    fixture *f = *state;
    dbk_relay_answer a;
    relaykit_made made;
    const relaykit_request hello = { "POST", "/v1/hello", dbk_span_str(HELLO), NULL };
    assert_int_equal(ask_signed(f, &a, &hello), 200);
    dbk_bytes_wipe(&a.body);
    /* It holds a request that was signed, and would change what it asks. */
    relaykit_make(&f->kit, &f->officer, &made, &hello);
    made.req.body = dbk_span_str("{\"v\":1 }");
    assert_int_equal(ask(f, &a, &made), 401);
    dbk_bytes_wipe(&a.body);
    relaykit_make(&f->kit, &f->officer, &made, &hello);
    made.req.path = dbk_span_str("/v1/members");
    assert_int_equal(ask(f, &a, &made), 401);
    dbk_bytes_wipe(&a.body);
}

static void times_are_the_keepers_own(void **state)
{
    fixture *f = *state;
    dbk_relay_answer a;
    relaykit_made made;
    relaykit_segment s;
    dbk_push_result results[DBK_PUSH_SEGMENTS_MAX];
    dbk_span note;
    size_t count;
    char target[96];
    dbk_bytes body = DBK_BYTES_INIT(DBK_RELAY_PUSH_BYTES_MAX);
    relaykit_feed feed = relaykit_feed_begin(&f->kit, &f->officer, &f->space);
    relaykit_segment_make(&f->kit, &s, &feed, 1, 64);
    const dbk_sealed item = { dbk_span_of(s.raw, sizeof(s.raw)), dbk_bytes_span(&s.body), false };
    assert_rc(dbk_push_begin(&body, NULL), DBK_OK, NULL);
    assert_rc(dbk_push_add(&body, &item, NULL), DBK_OK, NULL);
    const relaykit_request push = { "POST", relaykit_space_target(target, &f->space, "segments"),
                                    dbk_bytes_span(&body), NULL };
    f->kit.env.now_ms = f->kit.now_ms + 5000;
    f->kit.env.step_ms = 0;
    for (int i = 0; i < 2; i++) {
        relaykit_make(&f->kit, &f->officer, &made, &push);
        made.req.now_ms = 1; /* what a front would have it be */
        if (ask(f, &a, &made) == 200)
            break;
        dbk_bytes_wipe(&a.body);
    }
    assert_int_equal(a.status, 200);
    assert_rc(dbk_results_decode(results, &count, &note, dbk_bytes_span(&a.body), NULL), DBK_OK,
              NULL);
    assert_int_equal(count, 1);
    assert_int_equal(results[0].status, DBK_PUSH_ACCEPTED);
    assert_int_equal(results[0].receipt.receipt_ms, f->kit.env.now_ms);
    assert_true(relaykit_receipt_ok(&f->kit, &s, &results[0].receipt));
    dbk_bytes_wipe(&a.body);
    dbk_bytes_wipe(&body);
    relaykit_segment_wipe(&s);
}

static void a_head_is_judged_by_the_keeper(void **state)
{
    fixture *f = *state;
    dbk_relay_answer a;
    relaykit_made made;
    const relaykit_request hello = { "POST", "/v1/hello", dbk_span_str(HELLO), NULL };
    assert_int_equal(ask_signed(f, &a, &hello), 200);
    dbk_bytes_wipe(&a.body);
    relaykit_make(&f->kit, &f->officer, &made, &hello);
    dbk_relay_expects e = f->service.expect(f->service.self, &made.req);
    assert_int_equal(e.body_max, 1024);
    assert_true(e.keep);
    relaykit_make(&f->kit, NULL, &made, &hello);
    e = f->service.expect(f->service.self, &made.req);
    assert_int_equal(e.body_max, 1024);
    assert_false(e.keep);
}

typedef struct asker {
    fixture *f;
    pthread_t thread;
    size_t right;
} asker;

static void *ask_often(void *ctx)
{
    asker *me = ctx;
    for (int i = 0; i < 200; i++) {
        dbk_relay_answer a = { 0 };
        relaykit_made made;
        const bool other = i % 2 == 0;
        const relaykit_request req = { "GET", other ? "/healthz" : "/nothing", { NULL, 0 }, NULL };
        relaykit_make(&me->f->kit, NULL, &made, &req);
        me->f->service.handle(me->f->service.self, &a, &made.req);
        me->right += a.status == (other ? 200 : 404) ? 1 : 0;
        dbk_bytes_wipe(&a.body);
    }
    return NULL;
}

static void many_threads_each_get_their_own_answer(void **state)
{
    asker askers[3 * CHANNELS];
    for (size_t i = 0; i < ARRAY_LEN(askers); i++) {
        askers[i] = (asker){ .f = *state };
        assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_often, &askers[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(askers); i++) {
        assert_int_equal(pthread_join(askers[i].thread, NULL), 0);
        assert_int_equal(askers[i].right, 200);
    }
}

static void it_is_measured_through_both(void **state)
{
    fixture *f = *state;
    dbk_bytes text = DBK_BYTES_INIT(DBK_METRICS_TEXT_BYTES_MAX);
    assert_rc(f->service.measure(f->service.self, &text, NULL), DBK_OK, NULL);
    assert_rc(dbk_bytes_append_u8(&text, 0, NULL), DBK_OK, NULL);
    assert_non_null(strstr((const char *)text.p, "daybook_relay_commits_total "));
    dbk_bytes_wipe(&text);
}

/* ---- who isn't a front of ours ----------------------------------------------------------- */

static void send_raw(const fixture *f, dbk_span bytes)
{
    assert_int_equal(send(f->fronts[1], bytes.p, bytes.len, MSG_NOSIGNAL), bytes.len);
}

static void a_frame_of_no_front_ends_the_keeper(void **state)
{
    static const uint8_t frame[] = { 0, 0, 0, 1, 99 };
    fixture *f = *state;
    send_raw(f, dbk_span_of(frame, sizeof(frame)));
    end_keeper(f, DBK_FORMAT);
}

static void a_frame_that_would_fill_memory_ends_the_keeper(void **state)
{
    static const uint8_t length[] = { 0x7f, 0xff, 0xff, 0xff };
    fixture *f = *state;
    send_raw(f, dbk_span_of(length, sizeof(length)));
    end_keeper(f, DBK_LIMIT);
}

static void a_front_that_ends_within_a_frame_is_no_failure(void **state)
{
    static const uint8_t begun[] = { 0, 0, 0, 9, 2, 4 };
    fixture *f = *state;
    send_raw(f, dbk_span_of(begun, sizeof(begun)));
    end_keeper(f, DBK_OK);
}

static void without_the_keeper_the_front_says_503(void **state)
{
    fixture *f = *state;
    dbk_relay_answer a = { 0 };
    relaykit_made made;
    dbk_bytes text = DBK_BYTES_INIT(DBK_METRICS_TEXT_BYTES_MAX);
    const relaykit_request hello = { "POST", "/v1/hello", dbk_span_str(HELLO), NULL };
    for (size_t i = 0; i < CHANNELS; i++)
        assert_int_equal(shutdown(f->keepers[i], SHUT_RDWR), 0);
    assert_int_equal(pthread_join(f->keeper, NULL), 0);
    relaykit_make(&f->kit, &f->officer, &made, &hello);
    f->service.handle(f->service.self, &a, &made.req);
    assert_int_equal(a.status, 503);
    assert_true(a.retry_after_s > 0);
    assert_false(f->service.expect(f->service.self, &made.req).keep);
    assert_rc(f->service.measure(f->service.self, &text, NULL), DBK_IO, NULL);
    dbk_bytes_wipe(&a.body);
    dbk_front_free(f->front);
    f->front = NULL;
}

static void a_keeper_that_cannot_serve_says_why(void **state)
{
    int pair[2];
    dbk_front *front;
    dbk_err err = { 0 };
    const dbk_err why = { DBK_BUSY, "another daybook-relay runs on this folder" };
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_rc(dbk_front_new(&front, &pair[0], 1, NULL), DBK_OK, NULL);
    dbk_keeper_excuse(pair[1], &why);
    assert_rc(dbk_front_meet(front, &err), DBK_BUSY, NULL);
    assert_string_equal(err.text, why.text);
    (void)close(pair[1]);
    err = (dbk_err){ 0 };
    assert_rc(dbk_front_meet(front, &err), DBK_IO, NULL); /* and one that is gone */
    dbk_front_free(front);
}

/* A reply that could not be read leaves what follows it in the channel. That is another's answer,
 * and never the next one's (P3). */
static void what_is_left_of_a_failed_question_answers_no_other_P3(void **state)
{
    static const uint8_t unreadable[] = { 0, 0, 0, 0 };
    int pair[2];
    dbk_front *front;
    dbk_bytes head = DBK_BYTES_INIT(DBK_PASSAGE_HEAD_BYTES_MAX);
    dbk_bytes text = DBK_BYTES_INIT(DBK_METRICS_TEXT_BYTES_MAX);
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_rc(dbk_front_new(&front, &pair[0], 1, NULL), DBK_OK, NULL);
    assert_int_equal(send(pair[1], unreadable, sizeof(unreadable), 0), sizeof(unreadable));
    const dbk_span theirs = dbk_span_str("another's");
    assert_rc(dbk_passage_measured(&head, DBK_OK, theirs, NULL), DBK_OK, NULL);
    assert_rc(dbk_channel_send(pair[1], dbk_bytes_span(&head), theirs, NULL), DBK_OK, NULL);
    const dbk_service service = dbk_front_service(front);
    assert_true(service.measure(service.self, &text, NULL) != DBK_OK);
    assert_true(service.measure(service.self, &text, NULL) != DBK_OK);
    assert_int_equal(text.len, 0);
    (void)close(pair[1]);
    dbk_front_free(front);
    dbk_bytes_wipe(&head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_signed_request_is_answered_through_both, setup, teardown),
        cmocka_unit_test_setup_teardown(a_front_can_sign_for_nobody_A33, setup, teardown),
        cmocka_unit_test_setup_teardown(times_are_the_keepers_own, setup, teardown),
        cmocka_unit_test_setup_teardown(a_head_is_judged_by_the_keeper, setup, teardown),
        cmocka_unit_test_setup_teardown(many_threads_each_get_their_own_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(it_is_measured_through_both, setup, teardown),
        cmocka_unit_test_setup_teardown(a_frame_of_no_front_ends_the_keeper, setup, teardown),
        cmocka_unit_test_setup_teardown(a_frame_that_would_fill_memory_ends_the_keeper, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_front_that_ends_within_a_frame_is_no_failure, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(without_the_keeper_the_front_says_503, setup, teardown),
        cmocka_unit_test(a_keeper_that_cannot_serve_says_why),
        cmocka_unit_test(what_is_left_of_a_failed_question_answers_no_other_P3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
