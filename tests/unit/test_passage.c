/* What passes between the relay's two processes is decoded strictly at both ends: the keeper takes
 * only what the gate would let in, whoever has taken the front over. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "sync/relay/passage.h"
#include "sync/relay/relay_calls.h"

#define FRAME_BYTES_MAX 4096u

static dbk_relay_request a_request(void)
{
    dbk_relay_request q = { .method = dbk_span_str("POST"),
                            .authority = dbk_span_str("relay.example:8443"),
                            .path = dbk_span_str("/v1/hello"),
                            .query = dbk_span_str("from=1"),
                            .content_type = dbk_span_str("application/json"),
                            .digest = dbk_span_str("sha-256=:AAAA:"),
                            .signature_input = dbk_span_str("sig=(\"@method\");nonce=\"n\""),
                            .signature = dbk_span_str("sig=:BBBB:"),
                            .setup = dbk_span_str("code"),
                            .body = dbk_span_str("{\"v\":1}"),
                            .has_body = true,
                            .peer = { 4, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 7 } };
    return q;
}

static dbk_relay_answer an_answer(void)
{
    dbk_relay_answer a = { .status = 429,
                           .content_type = DBK_TYPE_JSON,
                           .call = "push",
                           .cause = "too-often",
                           .nonce = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-0123",
                           .retry_after_s = 7 };
    dbk_bytes_init(&a.body, 64);
    assert_rc(dbk_bytes_append_str(&a.body, "{\"v\":1}", NULL), DBK_OK, NULL);
    return a;
}

static dbk_bytes frame_of_request(dbk_passage_kind kind, const dbk_relay_request *q)
{
    dbk_bytes out = DBK_BYTES_INIT(FRAME_BYTES_MAX);
    assert_rc(dbk_passage_ask(&out, kind, q, NULL), DBK_OK, NULL);
    if (kind == DBK_PASSAGE_HANDLE)
        assert_rc(dbk_bytes_append(&out, q->body, NULL), DBK_OK, NULL);
    return out;
}

static dbk_bytes frame_of_answer(const dbk_relay_answer *a)
{
    dbk_bytes out = DBK_BYTES_INIT(FRAME_BYTES_MAX);
    assert_rc(dbk_passage_answer(&out, a, NULL), DBK_OK, NULL);
    assert_rc(dbk_bytes_append(&out, dbk_bytes_span(&a->body), NULL), DBK_OK, NULL);
    return out;
}

static void assert_span(dbk_span got, dbk_span want)
{
    assert_int_equal(got.len, want.len);
    assert_true(dbk_span_equal(got, want));
}

static void a_request_arrives_as_it_was_asked(void **state)
{
    static const dbk_passage_kind kinds[] = { DBK_PASSAGE_EXPECT, DBK_PASSAGE_HANDLE };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        dbk_passage_asked got;
        dbk_err err = { 0 };
        const dbk_relay_request q = a_request();
        dbk_bytes frame = frame_of_request(kinds[i], &q);
        assert_ok(dbk_passage_asked_decode(&got, dbk_bytes_span(&frame), &err), &err);
        assert_int_equal(got.kind, kinds[i]);
        assert_span(got.request.method, q.method);
        assert_span(got.request.authority, q.authority);
        assert_span(got.request.path, q.path);
        assert_span(got.request.query, q.query);
        assert_span(got.request.content_type, q.content_type);
        assert_span(got.request.digest, q.digest);
        assert_span(got.request.signature_input, q.signature_input);
        assert_span(got.request.signature, q.signature);
        assert_span(got.request.setup, q.setup);
        assert_span(got.request.body,
                    kinds[i] == DBK_PASSAGE_HANDLE ? q.body : dbk_span_of(NULL, 0));
        assert_true(got.request.has_body);
        assert_memory_equal(got.request.peer, q.peer, sizeof(q.peer));
        dbk_bytes_wipe(&frame);
    }
}

static void an_answer_arrives_as_it_was_given(void **state)
{
    dbk_err err = { 0 };
    dbk_relay_answer got, a = an_answer();
    dbk_bytes frame = frame_of_answer(&a);
    (void)state;
    assert_ok(dbk_passage_answer_decode(&got, dbk_bytes_span(&frame), &err), &err);
    assert_int_equal(got.status, a.status);
    assert_string_equal(got.content_type, a.content_type);
    assert_string_equal(got.call, a.call);
    assert_string_equal(got.cause, a.cause);
    assert_string_equal(got.nonce, a.nonce);
    assert_int_equal(got.retry_after_s, a.retry_after_s);
    assert_span(dbk_bytes_span(&got.body), dbk_bytes_span(&a.body));
    dbk_bytes_wipe(&got.body);
    dbk_bytes_wipe(&a.body);
    dbk_bytes_wipe(&frame);
}

/* ---- what is cut short or changed -------------------------------------------------------- */

static dbk_rc take_as_request(dbk_span in, dbk_bytes *again)
{
    dbk_passage_asked got;
    dbk_rc rc = dbk_passage_asked_decode(&got, in, NULL);
    if (rc != DBK_OK)
        return rc;
    assert_rc(dbk_passage_ask(again, got.kind, &got.request, NULL), DBK_OK, NULL);
    if (got.kind == DBK_PASSAGE_HANDLE)
        assert_rc(dbk_bytes_append(again, got.request.body, NULL), DBK_OK, NULL);
    return DBK_OK;
}

static dbk_rc take_as_answer(dbk_span in, dbk_bytes *again)
{
    dbk_relay_answer got;
    dbk_rc rc = dbk_passage_answer_decode(&got, in, NULL);
    if (rc != DBK_OK)
        return rc;
    assert_rc(dbk_passage_answer(again, &got, NULL), DBK_OK, NULL);
    assert_rc(dbk_bytes_append(again, dbk_bytes_span(&got.body), NULL), DBK_OK, NULL);
    dbk_bytes_wipe(&got.body);
    return DBK_OK;
}

typedef dbk_rc (*take_fn)(dbk_span in, dbk_bytes *again);

/* Every truncation is refused; every turned bit is refused, or means what it says and nothing else:
 * written again it is the same bytes. */
static void check_strict(dbk_span frame, take_fn take)
{
    uint8_t copy[FRAME_BYTES_MAX];
    dbk_bytes again = DBK_BYTES_INIT(FRAME_BYTES_MAX);
    assert_true(frame.len + 1 < sizeof(copy));
    for (size_t cut = 0; cut < frame.len; cut++)
        assert_int_not_equal(take(dbk_span_of(frame.p, cut), &again), DBK_OK);
    memcpy(copy, frame.p, frame.len);
    copy[frame.len] = 0;
    assert_int_not_equal(take(dbk_span_of(copy, frame.len + 1), &again), DBK_OK);
    for (size_t bit = 0; bit < 8 * frame.len; bit++) {
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (take(dbk_span_of(copy, frame.len), &again) == DBK_OK)
            assert_span(dbk_bytes_span(&again), dbk_span_of(copy, frame.len));
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        dbk_bytes_wipe(&again);
    }
}

static void a_frame_means_one_thing_or_nothing(void **state)
{
    const dbk_relay_request q = a_request();
    dbk_relay_answer a = an_answer();
    dbk_bytes handle = frame_of_request(DBK_PASSAGE_HANDLE, &q);
    dbk_bytes expect = frame_of_request(DBK_PASSAGE_EXPECT, &q);
    dbk_bytes answer = frame_of_answer(&a);
    (void)state;
    check_strict(dbk_bytes_span(&handle), take_as_request);
    check_strict(dbk_bytes_span(&expect), take_as_request);
    check_strict(dbk_bytes_span(&answer), take_as_answer);
    dbk_bytes_wipe(&handle);
    dbk_bytes_wipe(&expect);
    dbk_bytes_wipe(&answer);
    dbk_bytes_wipe(&a.body);
}

/* ---- what no gate lets in ---------------------------------------------------------------- */

static void the_keeper_takes_nothing_that_the_gate_refuses(void **state)
{
    static const dbk_relay_request empty = { .has_body = false };
    dbk_relay_request bad[12];
    size_t n = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        bad[i] = a_request();
    bad[n++].method = dbk_span_str("DELETE");
    bad[n++].path = dbk_span_str("/v1/%68ello");
    bad[n++].path = dbk_span_str("/v1/hello?a=b");
    bad[n++].path = dbk_span_str("v1/hello");
    bad[n++].query = dbk_span_str("a=b?c");
    bad[n++].authority = dbk_span_str("Relay.Example");
    bad[n++].authority = dbk_span_of(NULL, 0);
    bad[n++].content_type = dbk_span_str("a\r\nb");
    bad[n++].signature = dbk_span_str("a\nb");
    bad[n++].setup = dbk_span_of("a\0b", 3);
    bad[n++].has_body = false; /* with a body all the same */
    bad[n++] = empty;
    assert_int_equal(n, ARRAY_LEN(bad));
    for (size_t i = 0; i < n; i++) {
        dbk_passage_asked got;
        dbk_bytes frame = frame_of_request(DBK_PASSAGE_HANDLE, &bad[i]);
        dbk_rc rc = dbk_passage_asked_decode(&got, dbk_bytes_span(&frame), NULL);
        if (rc != DBK_FORMAT)
            fail_msg("bad request %zu: %d", i, (int)rc);
        dbk_bytes_wipe(&frame);
    }
}

static void no_answer_puts_a_line_into_a_head(void **state)
{
    dbk_relay_answer got, a = an_answer();
    (void)state;
    memcpy(a.nonce, "ABCDEFGH\r\nSet-Cookie: a=b;0123456", DBK_NONCE_TEXT_LEN);
    dbk_bytes frame = frame_of_answer(&a);
    assert_rc(dbk_passage_answer_decode(&got, dbk_bytes_span(&frame), NULL), DBK_FORMAT, NULL);
    assert_null(got.call);
    dbk_bytes_wipe(&frame);
    dbk_bytes_wipe(&a.body);
}

static void words_that_nobody_knows_are_no_answer(void **state)
{
    static const char *const bad[][2] = { { "gossip", "busy" }, { "push", "whatever" } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        dbk_relay_answer got, a = an_answer();
        a.call = bad[i][0];
        a.cause = bad[i][1];
        dbk_bytes frame = frame_of_answer(&a);
        assert_rc(dbk_passage_answer_decode(&got, dbk_bytes_span(&frame), NULL), DBK_FORMAT, NULL);
        dbk_bytes_wipe(&frame);
        dbk_bytes_wipe(&a.body);
    }
}

/* ---- the first word ---------------------------------------------------------------------- */

static void the_keeper_greets_by_its_version_or_says_why_not(void **state)
{
    dbk_err err = { 0 };
    const dbk_err why = { DBK_BUSY, "another daybook-relay runs on this folder" };
    dbk_bytes frame = DBK_BYTES_INIT(FRAME_BYTES_MAX);
    (void)state;
    assert_rc(dbk_passage_greet(&frame, "1.2.3", NULL), DBK_OK, NULL);
    assert_ok(dbk_passage_greeting_decode("1.2.3", dbk_bytes_span(&frame), &err), &err);
    assert_rc(dbk_passage_greeting_decode("1.2.4", dbk_bytes_span(&frame), NULL), DBK_VERSION,
              NULL);
    dbk_bytes_wipe(&frame);
    assert_rc(dbk_passage_fail(&frame, &why, NULL), DBK_OK, NULL);
    assert_rc(dbk_passage_greeting_decode("1.2.3", dbk_bytes_span(&frame), &err), DBK_BUSY, NULL);
    assert_string_equal(err.text, why.text);
    for (size_t cut = 0; cut < frame.len; cut++)
        assert_rc(dbk_passage_greeting_decode("1.2.3", dbk_span_of(frame.p, cut), NULL), DBK_FORMAT,
                  NULL);
    frame.p[frame.len - 1] = 0x1b; /* a terminal would obey it */
    assert_rc(dbk_passage_greeting_decode("1.2.3", dbk_bytes_span(&frame), NULL), DBK_FORMAT, NULL);
    dbk_bytes_wipe(&frame);
}

static void expectations_and_measures_arrive(void **state)
{
    dbk_relay_expects got, e = { DBK_RELAY_PUSH_BYTES_MAX, true };
    dbk_bytes frame = DBK_BYTES_INIT(FRAME_BYTES_MAX), text = DBK_BYTES_INIT(64);
    const dbk_span said = dbk_span_str("daybook_relay_up 1\n");
    (void)state;
    assert_rc(dbk_passage_expects(&frame, &e, NULL), DBK_OK, NULL);
    assert_rc(dbk_passage_expects_decode(&got, dbk_bytes_span(&frame), NULL), DBK_OK, NULL);
    assert_int_equal(got.body_max, e.body_max);
    assert_true(got.keep);
    frame.p[frame.len - 1] = 2;
    assert_rc(dbk_passage_expects_decode(&got, dbk_bytes_span(&frame), NULL), DBK_FORMAT, NULL);
    assert_int_equal(got.body_max, 0);
    dbk_bytes_wipe(&frame);
    assert_rc(dbk_passage_measured(&frame, DBK_OK, said, NULL), DBK_OK, NULL);
    assert_rc(dbk_bytes_append(&frame, said, NULL), DBK_OK, NULL);
    assert_rc(dbk_passage_measured_decode(&text, dbk_bytes_span(&frame), NULL), DBK_OK, NULL);
    assert_span(dbk_bytes_span(&text), said);
    dbk_bytes_wipe(&frame);
    assert_rc(dbk_passage_measured(&frame, DBK_IO, dbk_span_of(NULL, 0), NULL), DBK_OK, NULL);
    assert_rc(dbk_passage_measured_decode(&text, dbk_bytes_span(&frame), NULL), DBK_IO, NULL);
    dbk_bytes_wipe(&frame);
    dbk_bytes_wipe(&text);
}

/* ---- what is read again ------------------------------------------------------------------- */

static void what_was_read_again_arrives_whole_or_says_why_not(void **state)
{
    const uint8_t pin[DBK_TLS_PIN_BYTES] = { 7, 8, 9 };
    dbk_passage_asked asked;
    dbk_passage_reloaded got;
    const dbk_passage_reloaded good = { "", dbk_span_str("a certificate"), dbk_span_str("a key") };
    const dbk_passage_reloaded bad = { "the disk is on fire", { NULL, 0 }, { NULL, 0 } };
    dbk_bytes frame = DBK_BYTES_INIT(FRAME_BYTES_MAX);
    (void)state;
    assert_rc(dbk_passage_ask_reload(&frame, pin, NULL), DBK_OK, NULL);
    assert_rc(dbk_passage_asked_decode(&asked, dbk_bytes_span(&frame), NULL), DBK_OK, NULL);
    assert_int_equal(asked.kind, DBK_PASSAGE_RELOAD);
    assert_memory_equal(asked.pin, pin, sizeof(pin));
    for (size_t cut = 0; cut < frame.len; cut++)
        assert_rc(dbk_passage_asked_decode(&asked, dbk_span_of(frame.p, cut), NULL), DBK_FORMAT,
                  NULL);
    dbk_bytes_wipe(&frame);
    assert_rc(dbk_passage_reloaded_encode(&frame, &good, NULL), DBK_OK, NULL);
    assert_rc(dbk_passage_reloaded_decode(&got, dbk_bytes_span(&frame), NULL), DBK_OK, NULL);
    assert_string_equal(got.why, "");
    assert_span(got.cert, good.cert);
    assert_span(got.key, good.key);
    for (size_t cut = 0; cut < frame.len; cut++)
        assert_rc(dbk_passage_reloaded_decode(&got, dbk_span_of(frame.p, cut), NULL), DBK_FORMAT,
                  NULL);
    assert_rc(dbk_bytes_append_u8(&frame, 0, NULL), DBK_OK, NULL);
    assert_rc(dbk_passage_reloaded_decode(&got, dbk_bytes_span(&frame), NULL), DBK_FORMAT, NULL);
    dbk_bytes_wipe(&frame);
    assert_rc(dbk_passage_reloaded_encode(&frame, &bad, NULL), DBK_OK, NULL);
    assert_rc(dbk_passage_reloaded_decode(&got, dbk_bytes_span(&frame), NULL), DBK_OK, NULL);
    assert_string_equal(got.why, bad.why);
    assert_int_equal(got.cert.len, 0);
    frame.p[2] = 0x1b; /* a terminal would obey it */
    assert_rc(dbk_passage_reloaded_decode(&got, dbk_bytes_span(&frame), NULL), DBK_FORMAT, NULL);
    dbk_bytes_wipe(&frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_arrives_as_it_was_asked),
        cmocka_unit_test(an_answer_arrives_as_it_was_given),
        cmocka_unit_test(a_frame_means_one_thing_or_nothing),
        cmocka_unit_test(the_keeper_takes_nothing_that_the_gate_refuses),
        cmocka_unit_test(no_answer_puts_a_line_into_a_head),
        cmocka_unit_test(words_that_nobody_knows_are_no_answer),
        cmocka_unit_test(the_keeper_greets_by_its_version_or_says_why_not),
        cmocka_unit_test(expectations_and_measures_arrive),
        cmocka_unit_test(what_was_read_again_arrives_whole_or_says_why_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
