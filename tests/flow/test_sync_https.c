/* The client's HTTPS against the relay's, on loopback: what the pin lets through, what an idle
 * sync costs in bytes, and what is told when nobody answers. */
#include "tests/lib/test.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/crypto/hash.h"
#include "sync/engine/httpsig.h"
#include "sync/relay/http.h"
#include "sync/relay/listener.h"
#include "sync/relay/metrics.h"
#include "sync/relay/tls.h"
#include "sync/transport/transport.h"
#include "tests/lib/relaykit.h"

#define READERS_NEEDED DBK_HTTP_THREADS
#define IDLE_BYTES_MAX 600u /* each way: design.md section 14 */

typedef struct server {
    relaykit kit;
    dbk_relay *relay; /* a second one on the kit's files would be refused: this is the kit's own */
    dbk_metrics *metrics;
    dbk_http *http;
    dbk_bytes cert, key;
    uint8_t pin[32];
    char url[64];
    atomic_uint requests; /* that the relay read */
} server;

static void count_line(void *ctx, const char *line)
{
    server *s = ctx;
    if (strstr(line, "health") != NULL)
        atomic_fetch_add(&s->requests, 1);
}

static void answer(void *self, dbk_relay_answer *out, const dbk_relay_request *request)
{
    dbk_relay_handle(self, out, request);
}

static dbk_relay_expects expect(void *self, const dbk_relay_request *head)
{
    return dbk_relay_expect(self, head);
}

static server *server_new(void)
{
    static server s;
    dbk_err err = { 0 };
    memset(&s, 0, sizeof(s));
    relaykit_open(&s.kit, DBK_WRITER_THREAD);
    relaykit_org(&s.kit);
    relaykit_stop(&s.kit);
    dbk_relay_opts relay = { &s.kit.source, dbk_env_system(), DBK_WRITER_THREAD, READERS_NEEDED };
    assert_ok(dbk_relay_open(&s.relay, &relay, &err), &err);
    dbk_bytes_init(&s.cert, DBK_TLS_PEM_BYTES_MAX);
    dbk_bytes_init(&s.key, DBK_TLS_PEM_BYTES_MAX);
    assert_ok(dbk_tls_make(&s.cert, &s.key, dbk_env_system()->now_ms(NULL), &err), &err);
    assert_ok(dbk_tls_pin(s.pin, dbk_bytes_span(&s.cert), &err), &err);
    assert_ok(dbk_bytes_append_u8(&s.cert, 0, &err), &err);
    assert_ok(dbk_bytes_append_u8(&s.key, 0, &err), &err);
    int listener;
    assert_ok(dbk_listener_open(&listener, "127.0.0.1:0", &err), &err);
    assert_ok(dbk_metrics_new(&s.metrics, &err), &err);
    dbk_relay_name_calls(s.metrics);
    dbk_http_opts opts = { .service = { answer, expect, NULL, s.relay },
                           .metrics = s.metrics,
                           .env = dbk_env_system(),
                           .listener = listener,
                           .cert_pem = (const char *)s.cert.p,
                           .key_pem = (const char *)s.key.p,
                           .log = count_line,
                           .log_ctx = &s };
    assert_ok(dbk_http_start(&s.http, &opts, &err), &err);
    (void)snprintf(s.url, sizeof(s.url), "https://%s", dbk_http_address(s.http));
    return &s;
}

/* When it has returned, every request has been logged. */
static void stop(server *s)
{
    if (s->http != NULL)
        dbk_http_stop(s->http, 1000);
    s->http = NULL;
}

static void server_end(server *s)
{
    stop(s);
    dbk_relay_close(s->relay);
    dbk_metrics_free(s->metrics);
    dbk_bytes_wipe(&s->cert);
    dbk_bytes_wipe(&s->key);
    relaykit_start(&s->kit);
    relaykit_close(&s->kit);
}

static dbk_transport connect_to(const server *s, const uint8_t pin[32])
{
    dbk_transport t;
    dbk_err err = { 0 };
    dbk_https_opts opts = { .url = s->url, .connect_timeout_ms = 3000 };
    memcpy(opts.tls_pin, pin, 32);
    assert_ok(dbk_transport_https(&t, &opts, &err), &err);
    return t;
}

static dbk_answer answer_new(size_t max)
{
    dbk_answer a = { 0 };
    dbk_bytes_init(&a.body, max);
    return a;
}

static void the_pinned_relay_is_reached_over_one_connection(void **state)
{
    (void)state;
    server *s = server_new();
    dbk_err err = { 0 };
    dbk_transport t = connect_to(s, s->pin);
    dbk_answer a = answer_new(1024);
    dbk_exchange req = { .method = "GET", .target = "/healthz" };
    for (int i = 0; i < 3; i++) {
        assert_ok(t.ops->exchange(t.self, &a, &req, &err), &err);
        assert_int_equal(a.status, 200);
        assert_true(dbk_span_equal(dbk_bytes_span(&a.body), dbk_span_str("ok\n")));
    }
    dbk_bytes_wipe(&a.body);
    dbk_transport_close(&t);
    stop(s);
    assert_int_equal(atomic_load(&s->requests), 3);
    server_end(s);
}

static void a_relay_with_another_key_gets_no_request_and_is_told_apart_A1(void **state)
{
    (void)state;
    server *s = server_new();
    dbk_err err = { 0 };
    uint8_t wrong[32];
    memcpy(wrong, s->pin, 32);
    wrong[31] ^= 1;
    dbk_transport t = connect_to(s, wrong);
    dbk_answer a = answer_new(1024);
    dbk_exchange req = { .method = "GET", .target = "/healthz" };
    assert_rc(t.ops->exchange(t.self, &a, &req, &err), DBK_PEER, &err);
    assert_non_null(strstr(err.text, t.authority));
    assert_int_equal(a.sent_bytes, 0);
    dbk_bytes_wipe(&a.body);
    dbk_transport_close(&t);
    stop(s);
    assert_int_equal(atomic_load(&s->requests), 0);
    server_end(s);
}

static void nobody_there_is_unreachable_and_names_where(void **state)
{
    (void)state;
    server *s = server_new();
    dbk_err err = { 0 };
    dbk_transport t = connect_to(s, s->pin);
    stop(s);
    dbk_answer a = answer_new(1024);
    dbk_exchange req = { .method = "GET", .target = "/healthz" };
    assert_rc(t.ops->exchange(t.self, &a, &req, &err), DBK_UNREACHABLE, &err);
    assert_non_null(strstr(err.text, t.authority));
    dbk_bytes_wipe(&a.body);
    dbk_transport_close(&t);
    server_end(s);
}

static void an_answer_over_the_callers_cap_is_not_kept_R8(void **state)
{
    (void)state;
    server *s = server_new();
    dbk_err err = { 0 };
    dbk_transport t = connect_to(s, s->pin);
    dbk_answer a = answer_new(2);
    dbk_exchange req = { .method = "GET", .target = "/healthz" };
    assert_rc(t.ops->exchange(t.self, &a, &req, &err), DBK_LIMIT, &err);
    assert_true(a.body.len <= 2);
    /* The handle is good for the next call. */
    dbk_bytes_init(&a.body, 64);
    dbk_err_clear(&err);
    assert_ok(t.ops->exchange(t.self, &a, &req, &err), &err);
    dbk_bytes_wipe(&a.body);
    dbk_transport_close(&t);
    server_end(s);
}

/* One signed hello; the answer's nonce signs the next. */
static void hello(server *s, dbk_transport *t, dbk_answer *a, const dbk_hello *h)
{
    dbk_err err = { 0 };
    dbk_http_signature sig;
    dbk_bytes body = DBK_BYTES_INIT(1024);
    assert_ok(dbk_hello_encode(&body, h, &err), &err);
    dbk_http_request req = { .method = dbk_span_str("POST"),
                             .authority = dbk_span_str(t->authority),
                             .path = dbk_span_str("/v1/hello"),
                             .content_type = dbk_span_str("application/json"),
                             .body = dbk_bytes_span(&body),
                             .has_body = true };
    dbk_http_sign_opts opts = { .created_s = dbk_env_system()->now_ms(NULL) / 1000,
                                .nonce = a->nonce,
                                .request_sk = s->kit.admin.request };
    assert_ok(dbk_http_sign(&sig, &req, &opts, &err), &err);
    dbk_exchange x = { .method = "POST",
                       .target = "/v1/hello",
                       .fields = { { "Content-Type", "application/json" },
                                   { "Content-Digest", sig.digest },
                                   { "Signature-Input", sig.input },
                                   { "Signature", sig.signature } },
                       .fields_count = 4,
                       .body = dbk_bytes_span(&body),
                       .has_body = true };
    assert_ok(t->ops->exchange(t->self, a, &x, &err), &err);
    dbk_bytes_wipe(&body);
}

static void an_idle_hello_is_at_most_600_bytes_each_way(void **state)
{
    (void)state;
    server *s = server_new();
    dbk_transport t = connect_to(s, s->pin);
    dbk_answer a = answer_new(DBK_WELCOME_BYTES_MAX);
    dbk_known known = { .members_count = dbk_roster_count(s->kit.roster),
                        .members_head = dbk_roster_head(s->kit.roster) };
    dbk_hello h = { .has_known = true, .known = dbk_known_digest(&known) };
    hello(s, &t, &a, &h); /* the first has no nonce */
    assert_int_equal(a.status, 401);
    assert_true(strlen(a.nonce) > 0);
    hello(s, &t, &a, &h);
    assert_int_equal(a.status, 200);
    assert_true(dbk_span_equal(dbk_bytes_span(&a.body), dbk_span_str("{\"v\":1,\"idle\":true}")));
    print_message("idle sync: %u bytes out, %u bytes in\n", (unsigned)a.sent_bytes,
                  (unsigned)a.received_bytes);
    assert_true(a.sent_bytes > 300);
    assert_true(a.sent_bytes <= IDLE_BYTES_MAX);
    assert_true(a.received_bytes <= IDLE_BYTES_MAX);
    dbk_bytes_wipe(&a.body);
    dbk_transport_close(&t);
    server_end(s);
}

static void a_nonce_is_good_for_one_request_A23(void **state)
{
    (void)state;
    server *s = server_new();
    dbk_transport t = connect_to(s, s->pin);
    dbk_answer a = answer_new(DBK_WELCOME_BYTES_MAX);
    dbk_hello h = { 0 };
    char used[65];
    hello(s, &t, &a, &h);
    memcpy(used, a.nonce, sizeof(used));
    hello(s, &t, &a, &h);
    assert_int_equal(a.status, 200);
    memcpy(a.nonce, used, sizeof(used)); /* the same once more */
    hello(s, &t, &a, &h);
    assert_int_equal(a.status, 401);
    dbk_bytes_wipe(&a.body);
    dbk_transport_close(&t);
    server_end(s);
}

/* TCP connections on which a TLS record has begun, and doesn't go on. */
#define HALVES 40u
static void begin_handshakes(const server *s, int fds[HALVES])
{
    static const uint8_t part[] = { 0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00 };
    const char *colon = strrchr(s->url, ':');
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    assert_non_null(colon);
    at.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    for (size_t i = 0; i < HALVES; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fds[i] >= 0);
        assert_int_equal(connect(fds[i], (struct sockaddr *)&at, sizeof(at)), 0);
        assert_int_equal(send(fds[i], part, sizeof(part), MSG_NOSIGNAL), sizeof(part));
    }
}

static uint64_t own_cpu_ms(void)
{
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* The library's epoll mode asks again and again whether the rest has come: half a processor for
 * twenty of them (decision 0036). */
static void a_handshake_that_stops_halfway_costs_no_processor_time_A31(void **state)
{
    (void)state;
    int fds[HALVES];
    server *s = server_new();
    begin_handshakes(s, fds);
    (void)poll(NULL, 0, 300); /* what there is has been read */
    uint64_t before = own_cpu_ms();
    (void)poll(NULL, 0, 1500);
    uint64_t spent = own_cpu_ms() - before;
    for (size_t i = 0; i < HALVES; i++)
        (void)close(fds[i]);
    assert_true(spent < 300);
    server_end(s);
}

static void an_address_is_https_host_and_port_and_no_more(void **state)
{
    (void)state;
    static const struct {
        const char *url, *authority; /* NULL: refused */
    } cases[] = {
        { "https://relay.example:8443", "relay.example:8443" },
        { "https://Relay.Example", "relay.example" },
        { "https://relay.example:443", "relay.example" },
        { "https://[::1]:8443", "[::1]:8443" },
        { "http://relay.example", NULL },
        { "https://", NULL },
        { "https://relay.example/", NULL },
        { "https://user@relay.example", NULL },
        { "https://relay.example?x", NULL },
        { "https://relay example", NULL },
        { "file:///etc/passwd", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_transport t;
        dbk_https_opts opts = { .url = cases[i].url };
        dbk_rc rc = dbk_transport_https(&t, &opts, NULL);
        if (rc != (cases[i].authority != NULL ? DBK_OK : DBK_INVALID) ||
            (rc == DBK_OK && strcmp(t.authority, cases[i].authority) != 0))
            fail_msg("%s: %s", cases[i].url, dbk_rc_name(rc));
        dbk_transport_close(&t);
    }
}

/* ---- another certificate while it serves --------------------------------------------------- */

static int ask_health(dbk_transport *t)
{
    dbk_answer a = answer_new(1024);
    dbk_exchange req = { .method = "GET", .target = "/healthz" };
    dbk_rc rc = t->ops->exchange(t->self, &a, &req, NULL);
    int status = rc == DBK_OK ? a.status : 0;
    dbk_bytes_wipe(&a.body);
    return status;
}

static int fresh_health(const server *s, const uint8_t pin[32])
{
    dbk_transport t = connect_to(s, pin);
    int status = ask_health(&t);
    dbk_transport_close(&t);
    return status;
}

typedef struct pair {
    dbk_bytes cert, key;
    uint8_t pin[32];
} pair;

static void pair_make(pair *p)
{
    dbk_bytes_init(&p->cert, DBK_TLS_PEM_BYTES_MAX);
    dbk_bytes_init(&p->key, DBK_TLS_PEM_BYTES_MAX);
    assert_rc(dbk_tls_make(&p->cert, &p->key, dbk_env_system()->now_ms(NULL), NULL), DBK_OK, NULL);
    assert_rc(dbk_tls_pin(p->pin, dbk_bytes_span(&p->cert), NULL), DBK_OK, NULL);
    assert_rc(dbk_bytes_append_u8(&p->cert, 0, NULL), DBK_OK, NULL);
    assert_rc(dbk_bytes_append_u8(&p->key, 0, NULL), DBK_OK, NULL);
}

static void pair_wipe(pair *p)
{
    dbk_bytes_wipe(&p->cert);
    dbk_bytes_wipe(&p->key);
}

static const char *text_of(const dbk_bytes *pem)
{
    return (const char *)pem->p;
}

static void another_certificate_is_shown_from_the_next_handshake_on_A21(void **state)
{
    (void)state;
    server *s = server_new();
    dbk_err err = { 0 };
    pair next;
    dbk_http_shown shown;
    dbk_transport open = connect_to(s, s->pin);
    pair_make(&next);
    assert_int_equal(ask_health(&open), 200);
    assert_ok(dbk_http_renew(s->http, text_of(&next.cert), text_of(&next.key), &err), &err);
    dbk_http_shows(s->http, &shown);
    assert_memory_equal(shown.pin, next.pin, sizeof(shown.pin));
    assert_true(shown.ends_ms > dbk_env_system()->now_ms(NULL));
    assert_int_equal(ask_health(&open), 200); /* the connection that was open stays */
    assert_int_equal(fresh_health(s, next.pin), 200);
    assert_int_equal(fresh_health(s, s->pin), 0);
    /* And back: what devices know is again what they see. */
    assert_ok(dbk_http_renew(s->http, text_of(&s->cert), text_of(&s->key), &err), &err);
    assert_int_equal(fresh_health(s, s->pin), 200);
    assert_int_equal(ask_health(&open), 200);
    dbk_transport_close(&open);
    pair_wipe(&next);
    server_end(s);
}

static void what_is_no_certificate_with_its_key_changes_nothing_A21(void **state)
{
    (void)state;
    server *s = server_new();
    pair next;
    pair_make(&next);
    char half[400] = "";
    (void)snprintf(half, sizeof(half), "%.300s", text_of(&next.cert));
    const struct {
        const char *cert, *key;
    } bad[] = {
        { text_of(&next.cert), text_of(&s->key) }, /* not a pair */
        { text_of(&s->cert), text_of(&next.key) },
        { "", "" },
        { text_of(&next.cert), "" },
        { "", text_of(&next.key) },
        { half, text_of(&next.key) },
        { text_of(&next.key), text_of(&next.cert) },
        { text_of(&next.cert), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" },
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        dbk_err err = { 0 };
        dbk_rc rc = dbk_http_renew(s->http, bad[i].cert, bad[i].key, &err);
        if (rc != DBK_FORMAT)
            fail_msg("case %zu: %d (%s)", i, (int)rc, err.text);
        assert_int_equal(fresh_health(s, s->pin), 200);
    }
    assert_int_equal(fresh_health(s, next.pin), 0);
    pair_wipe(&next);
    server_end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pinned_relay_is_reached_over_one_connection),
        cmocka_unit_test(a_relay_with_another_key_gets_no_request_and_is_told_apart_A1),
        cmocka_unit_test(nobody_there_is_unreachable_and_names_where),
        cmocka_unit_test(an_answer_over_the_callers_cap_is_not_kept_R8),
        cmocka_unit_test(an_idle_hello_is_at_most_600_bytes_each_way),
        cmocka_unit_test(a_nonce_is_good_for_one_request_A23),
        cmocka_unit_test(a_handshake_that_stops_halfway_costs_no_processor_time_A31),
        cmocka_unit_test(an_address_is_https_host_and_port_and_no_more),
        cmocka_unit_test(another_certificate_is_shown_from_the_next_handshake_on_A21),
        cmocka_unit_test(what_is_no_certificate_with_its_key_changes_nothing_A21),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
