/* A21: what stands between a device and its relay gets no byte of a request, unless it has a key
 * that was pinned. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/env.h"
#include "sync/relay/tls.h"
#include "sync/transport/transport.h"
#include "tests/lib/env.h"
#include "tests/lib/rawtls.h"

#define TLS_1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define TLS_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"
#define YEAR_MS (UINT64_C(365) * 24 * 3600 * 1000)

typedef struct identity {
    dbk_bytes cert, key;
    uint8_t pin[32];
} identity;

static void identity_new(identity *id, uint64_t now_ms)
{
    dbk_err err = { 0 };
    dbk_bytes_init(&id->cert, DBK_TLS_PEM_BYTES_MAX);
    dbk_bytes_init(&id->key, DBK_TLS_PEM_BYTES_MAX);
    assert_ok(dbk_tls_make(&id->cert, &id->key, now_ms, &err), &err);
    assert_ok(dbk_tls_pin(id->pin, dbk_bytes_span(&id->cert), &err), &err);
}

static void identity_wipe(identity *id)
{
    dbk_bytes_wipe(&id->cert);
    dbk_bytes_wipe(&id->key);
}

static uint64_t now_ms(void)
{
    return dbk_env_system()->now_ms(dbk_env_system()->self);
}

static void start(rawtls *s, const identity *id, const char *priorities, const char *answer)
{
    rawtls_opts opts = { priorities, dbk_bytes_span(&id->cert), dbk_bytes_span(&id->key), answer };
    rawtls_start(s, &opts);
}

static dbk_rc post(const dbk_transport *t, int *status, dbk_err *err)
{
    dbk_answer a = { 0 };
    dbk_bytes_init(&a.body, 1024);
    dbk_exchange req = { .method = "POST",
                         .target = "/v1/hello",
                         .fields = { { "Signature", "sig=:secret:" } },
                         .fields_count = 1,
                         .body = dbk_span_str("{\"v\":1}"),
                         .has_body = true,
                         .timeout_ms = 5000 };
    dbk_rc rc = t->ops->exchange(t->self, &a, &req, err);
    *status = a.status;
    dbk_bytes_wipe(&a.body);
    return rc;
}

static dbk_rc post_to(const char *url, const uint8_t pin[32], int *status, dbk_err *err)
{
    dbk_transport t;
    dbk_https_opts opts = { .url = url, .connect_timeout_ms = 3000 };
    memcpy(opts.tls_pin, pin, 32);
    dbk_rc rc = dbk_transport_https(&t, &opts, err);
    if (rc == DBK_OK)
        rc = post(&t, status, err);
    dbk_transport_close(&t);
    return rc;
}

static void whoever_lacks_the_pinned_key_or_tls_1_3_gets_no_byte_of_a_request_A21(void **state)
{
    static const struct {
        const char *why, *priorities;
        bool has_key;
        dbk_rc want;
    } cases[] = {
        { "the relay itself", TLS_1_3, true, DBK_OK },
        { "another key, which every authority of the system vouches for", TLS_1_3, false,
          DBK_PEER },
        { "the right key under TLS 1.2", TLS_1_2, true, DBK_UNREACHABLE },
        { "no TLS at all", NULL, true, DBK_UNREACHABLE },
    };
    identity relay, other;
    char dir[DBK_TEST_PATH_SIZE], bundle[DBK_TEST_PATH_SIZE + 16];
    (void)state;
    identity_new(&relay, now_ms());
    identity_new(&other, now_ms());
    dbk_test_dir_make(dir);
    (void)snprintf(bundle, sizeof(bundle), "%s/ca.pem", dir);
    FILE *f = fopen(bundle, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(other.cert.p, 1, other.cert.len, f), other.cert.len);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(setenv("SSL_CERT_FILE", bundle, 1), 0);
    assert_int_equal(setenv("CURL_CA_BUNDLE", bundle, 1), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        rawtls s;
        dbk_err err = { 0 };
        int status = 0;
        start(&s, cases[i].has_key ? &relay : &other, cases[i].priorities, ANSWER);
        dbk_rc rc = post_to(s.url, relay.pin, &status, &err);
        rawtls_stop(&s);
        bool heard = atomic_load(&s.bytes) > 0;
        /* Without TLS the server reads the client's handshake, and no request. */
        bool want_heard = cases[i].want == DBK_OK || cases[i].priorities == NULL;
        if (rc != cases[i].want || heard != want_heard || atomic_load(&s.connections) == 0)
            fail_msg("%s: %s (%s), %lu bytes", cases[i].why, dbk_rc_name(rc), err.text,
                     (unsigned long)atomic_load(&s.bytes));
    }
    (void)unsetenv("SSL_CERT_FILE");
    (void)unsetenv("CURL_CA_BUNDLE");
    dbk_test_dir_remove(dir);
    identity_wipe(&relay);
    identity_wipe(&other);
}

/* Decision 0006: the pin ends a key's life, not the calendar. */
static void an_expired_certificate_with_the_pinned_key_is_the_relay_A21(void **state)
{
    rawtls s;
    identity old;
    dbk_err err = { 0 };
    int status = 0;
    (void)state;
    identity_new(&old, now_ms() - 45 * YEAR_MS); /* it was good for 40 */
    start(&s, &old, TLS_1_3, ANSWER);
    assert_ok(post_to(s.url, old.pin, &status, &err), &err);
    assert_int_equal(status, 200);
    rawtls_stop(&s);
    identity_wipe(&old);
}

static void a_redirect_is_an_answer_and_nobody_follows_it_A21(void **state)
{
    rawtls s, elsewhere;
    identity relay;
    char answer[256];
    dbk_err err = { 0 };
    int status = 0;
    (void)state;
    identity_new(&relay, now_ms());
    start(&elsewhere, &relay, TLS_1_3, ANSWER);
    (void)snprintf(answer, sizeof(answer),
                   "HTTP/1.1 307 Moved\r\nLocation: %s/v1/hello\r\nContent-Length: 0\r\n\r\n",
                   elsewhere.url);
    start(&s, &relay, TLS_1_3, answer);
    assert_ok(post_to(s.url, relay.pin, &status, &err), &err);
    assert_int_equal(status, 307);
    rawtls_stop(&s);
    rawtls_stop(&elsewhere);
    assert_int_equal(atomic_load(&elsewhere.connections), 0);
    identity_wipe(&relay);
}

static void a_proxy_of_the_environment_is_not_asked_A21(void **state)
{
    static const char *const names[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                         "ALL_PROXY" };
    rawtls s, proxy;
    identity relay;
    char url[80];
    dbk_err err = { 0 };
    int status = 0;
    (void)state;
    identity_new(&relay, now_ms());
    start(&s, &relay, TLS_1_3, ANSWER);
    start(&proxy, &relay, NULL, ANSWER);
    (void)snprintf(url, sizeof(url), "http://%s", proxy.address);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_int_equal(setenv(names[i], url, 1), 0);
    assert_ok(post_to(s.url, relay.pin, &status, &err), &err);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        (void)unsetenv(names[i]);
    rawtls_stop(&s);
    rawtls_stop(&proxy);
    assert_int_equal(atomic_load(&s.connections), 1);
    assert_int_equal(atomic_load(&proxy.connections), 0);
    identity_wipe(&relay);
}

static void a_backup_pin_lets_the_relays_next_key_in_and_is_told_A21(void **state)
{
    rawtls s;
    identity now, next, stranger;
    dbk_transport t;
    dbk_err err = { 0 };
    int status = 0;
    (void)state;
    identity_new(&now, now_ms());
    identity_new(&next, now_ms());
    identity_new(&stranger, now_ms());
    dbk_https_opts opts = { .backup_pins_count = 2, .connect_timeout_ms = 3000 };
    memcpy(opts.tls_pin, now.pin, 32);
    memset(opts.backup_pins[0], 7, 32);
    memcpy(opts.backup_pins[1], next.pin, 32);

    start(&s, &next, TLS_1_3, ANSWER);
    opts.url = s.url;
    assert_ok(dbk_transport_https(&t, &opts, &err), &err);
    assert_ok(post(&t, &status, &err), &err);
    assert_memory_equal(t.met, next.pin, 32);
    assert_ok(post(&t, &status, &err), &err); /* over the same connection: no more tries */
    dbk_transport_close(&t);
    rawtls_stop(&s);
    assert_int_equal(atomic_load(&s.connections), 3);

    start(&s, &stranger, TLS_1_3, ANSWER);
    opts.url = s.url;
    assert_ok(dbk_transport_https(&t, &opts, &err), &err);
    assert_rc(post(&t, &status, &err), DBK_PEER, &err);
    dbk_transport_close(&t);
    rawtls_stop(&s);
    assert_int_equal(atomic_load(&s.bytes), 0);
    identity_wipe(&now);
    identity_wipe(&next);
    identity_wipe(&stranger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_lacks_the_pinned_key_or_tls_1_3_gets_no_byte_of_a_request_A21),
        cmocka_unit_test(an_expired_certificate_with_the_pinned_key_is_the_relay_A21),
        cmocka_unit_test(a_redirect_is_an_answer_and_nobody_follows_it_A21),
        cmocka_unit_test(a_proxy_of_the_environment_is_not_asked_A21),
        cmocka_unit_test(a_backup_pin_lets_the_relays_next_key_in_and_is_told_A21),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
