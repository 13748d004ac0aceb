#include "sync/relay/http.h"

#include <arpa/inet.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "sync/relay/deadlines.h"
#include "sync/relay/gate.h"
#include "sync/relay/listener.h"
#include "sync/relay/peer.h"

#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define HEAD_BYTES_MAX (16u * 1024u) /* a connection's memory in the library */
#define DRAIN_STEP_MS 10
#define SWEEP_STEP_MS 250 /* how much later than its deadline a connection may go */
#define LINE_SIZE 256u

_Static_assert(DBK_COUNT_CUT_OPENING + DBK_STAGES == DBK_COUNT_CUT_WORK + 1, "as the stages are");

struct dbk_http {
    struct MHD_Daemon *daemon;
    dbk_service service;
    dbk_metrics *metrics;
    const dbk_env *env;
    dbk_http_peers peers;
    void (*log)(void *ctx, const char *line);
    void *log_ctx;
    int listener;
    char address[DBK_LISTENER_NAME_SIZE];
    atomic_size_t bodies; /* bytes that requests have been promised */
    atomic_uint running;  /* requests from their first byte to their answer's last */
    atomic_bool draining;
    /* Those of before stay until the end: a handshake may be in the middle of one. */
    dbk_tls_identity *identities[DBK_HTTP_RENEWALS_MAX + 1];
    size_t identities_count;
    _Atomic(dbk_tls_identity *) identity; /* the last of them */
    dbk_deadlines *deadlines;
    pthread_t sweeper;
    atomic_bool swept_out; /* the sweeper is to end */
};

/* One request. Begins when its request line has been read. */
typedef struct call {
    dbk_http *http;
    uint64_t started_us; /* monotonic */
    dbk_connection *connection;
    char target[DBK_GATE_TARGET_BYTES_MAX + 2];
    dbk_gate gate;
    enum { HEAD, BODY, ANSWERED } stage;
    bool drop;       /* the body isn't kept: the answer won't depend on it */
    bool busy;       /* no memory for its body at present */
    size_t promised; /* of http->bodies */
    dbk_bytes body;
    dbk_relay_answer answer;
    size_t answer_bytes;
    char peer[DBK_PEER_TEXT_SIZE];
} call;

/* ---- log --------------------------------------------------------------------------------- */

static void log_call(const call *q)
{
    char line[LINE_SIZE];
    const dbk_relay_answer *a = &q->answer;
    dbk_metrics_answer done = { a->call, a->cause, dbk_monotonic_us() - q->started_us, q->body.len,
                                q->answer_bytes };
    dbk_metrics_answered(q->http->metrics, &done);
    (void)snprintf(line, sizeof(line),
                   "event=request call=%s status=%d ms=%llu in=%llu out=%zu peer=%s%s%s",
                   a->call != NULL ? a->call : DBK_METRICS_NO_CALL, a->status,
                   (unsigned long long)done.took_us / 1000, (unsigned long long)q->gate.length,
                   q->answer_bytes, q->peer, a->cause != NULL ? " cause=" : "",
                   a->cause != NULL ? a->cause : "");
    q->http->log(q->http->log_ctx, line);
}

/* ---- deadlines --------------------------------------------------------------------------- */

static void enter_stage(call *q, dbk_stage stage, uint64_t bytes)
{
    dbk_deadlines_stage(q->http->deadlines, q->connection, stage, bytes, dbk_monotonic_ms());
}

static void on_connection(void *ctx, struct MHD_Connection *c, void **row,
                          enum MHD_ConnectionNotificationCode what)
{
    dbk_http *h = ctx;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        dbk_deadlines_leave(h->deadlines, *row);
        *row = NULL;
        return;
    }
    const union MHD_ConnectionInfo *fd = MHD_get_connection_info(c,
                                                                 MHD_CONNECTION_INFO_CONNECTION_FD);
    DBK_ASSERT(fd != NULL);
    const union MHD_ConnectionInfo *tls = MHD_get_connection_info(
        c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    DBK_ASSERT(tls != NULL && tls->tls_session != NULL);
    gnutls_session_set_ptr(tls->tls_session, h); /* for show_identity; the library needs none */
    dbk_metrics_add(h->metrics, DBK_COUNT_CONNECTIONS, 1);
    *row = dbk_deadlines_enter(h->deadlines, fd->connect_fd, dbk_monotonic_ms());
    if (*row == NULL)
        (void)shutdown(fd->connect_fd, SHUT_RDWR);
}

static dbk_connection *connection_of(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *row = MHD_get_connection_info(
        c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return row != NULL ? row->socket_context : NULL;
}

static void *sweep(void *ctx)
{
    dbk_http *h = ctx;
    while (!atomic_load(&h->swept_out)) {
        (void)poll(NULL, 0, SWEEP_STEP_MS);
        dbk_overdue cut = dbk_deadlines_sweep(h->deadlines, dbk_monotonic_ms());
        for (int stage = 0; stage < DBK_STAGES; stage++) {
            char line[LINE_SIZE];
            if (cut.in[stage] == 0)
                continue;
            dbk_metrics_add(h->metrics, (dbk_count)(DBK_COUNT_CUT_OPENING + stage), cut.in[stage]);
            (void)snprintf(line, sizeof(line), "event=cut stage=%s connections=%u",
                           dbk_stage_name(stage), cut.in[stage]);
            h->log(h->log_ctx, line);
        }
    }
    return NULL;
}

/* ---- answering --------------------------------------------------------------------------- */

static struct MHD_Response *response_of(dbk_bytes *body)
{
    struct MHD_Response *r;
    if (body->len == 0)
        return MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
    r = MHD_create_response_from_buffer_with_free_callback(body->len, body->p, dbk_free);
    if (r != NULL)
        *body = (dbk_bytes)DBK_BYTES_INIT(body->max); /* the response owns the bytes now */
    return r;
}

typedef enum after_answer { KEEP_OPEN, CLOSE } after_answer;

static enum MHD_Result answer(call *q, struct MHD_Connection *c, after_answer then)
{
    char seconds[16];
    dbk_relay_answer *a = &q->answer;
    q->answer_bytes = a->body.len;
    q->stage = ANSWERED;
    enter_stage(q, DBK_STAGE_ANSWER, a->body.len);
    bool last = then == CLOSE || atomic_load(&q->http->draining) ||
                dbk_deadlines_old(q->http->deadlines, q->connection, dbk_monotonic_ms());
    struct MHD_Response *r = response_of(&a->body);
    if (r == NULL)
        return MHD_NO;
    bool ok = MHD_add_response_header(r, "Cache-Control", "no-store") == MHD_YES;
    if (a->content_type != NULL)
        ok = ok && MHD_add_response_header(r, "Content-Type", a->content_type) == MHD_YES;
    if (a->nonce[0] != '\0')
        ok = ok && MHD_add_response_header(r, "Daybook-Nonce", a->nonce) == MHD_YES;
    if (a->retry_after_s > 0) {
        (void)snprintf(seconds, sizeof(seconds), "%u", (unsigned)a->retry_after_s);
        ok = ok && MHD_add_response_header(r, "Retry-After", seconds) == MHD_YES;
    }
    if (last)
        ok = ok && MHD_add_response_header(r, "Connection", "close") == MHD_YES;
    enum MHD_Result queued = ok ? MHD_queue_response(c, (unsigned)a->status, r) : MHD_NO;
    MHD_destroy_response(r);
    return queued;
}

/* What can't be a request of ours ends the connection: what follows it can't be trusted to begin
 * where the library thinks. */
static enum MHD_Result refuse(call *q, struct MHD_Connection *c, int status, const char *word)
{
    dbk_relay_refuse(&q->answer, status, word);
    return answer(q, c, CLOSE);
}

/* ---- receiving --------------------------------------------------------------------------- */

static enum MHD_Result each_field(void *ctx, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len)
{
    (void)kind;
    dbk_gate_field(ctx, dbk_span_of(name, name_len),
                   dbk_span_of(value, value != NULL ? value_len : 0));
    return MHD_YES;
}

static bool pass_gate(call *q, struct MHD_Connection *c, const char *method, const char *version)
{
    dbk_gate_line line = { dbk_span_str(method), dbk_span_str(q->target), dbk_span_str(version) };
    const union MHD_ConnectionInfo *size = MHD_get_connection_info(
        c, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    dbk_gate_begin(&q->gate, &line);
    (void)MHD_get_connection_values_n(c, MHD_HEADER_KIND, each_field, &q->gate);
    return dbk_gate_end(&q->gate, size != NULL ? size->header_size : 0);
}

/* Takes n bytes of what all bodies may hold together. */
static bool promise(dbk_http *h, size_t n)
{
    size_t held = atomic_fetch_add(&h->bodies, n);
    if (held + n <= DBK_HTTP_BODIES_BYTES_MAX)
        return true;
    (void)atomic_fetch_sub(&h->bodies, n);
    return false;
}

/* Behind a proxy that speaks HTTP it is whom the proxy names, and who isn't named is nobody: the
 * proxy is the only one that can connect (serve.c), and sets the field whatever it was sent. */
static bool find_peer(call *q, struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    dbk_peer peer = dbk_peer_of(info != NULL ? info->client_addr : NULL);
    bool known = q->http->peers != DBK_PEERS_BY_FIELD || dbk_peer_parse(&peer, q->gate.client);
    dbk_peer_print(q->peer, &peer);
    dbk_peer_key(q->gate.head.peer, &peer);
    return known;
}

static enum MHD_Result take_head(call *q, struct MHD_Connection *c, const char *method,
                                 const char *version)
{
    bool proper = pass_gate(q, c, method, version);
    if (!find_peer(q, c) || !proper)
        return refuse(q, c, 400, "malformed");
    q->stage = BODY;
    enter_stage(q, DBK_STAGE_BODY, q->gate.head.has_body ? q->gate.length : 0);
    if (!q->gate.head.has_body)
        return MHD_YES;
    dbk_relay_expects expects = q->http->service.expect(q->http->service.self, &q->gate.head);
    if (expects.body_max == 0)
        return refuse(q, c, 404, "unknown");
    if (q->gate.length > expects.body_max)
        return refuse(q, c, 413, "too-large");
    size_t length = (size_t)q->gate.length;
    if (!expects.keep) {
        q->drop = true;
    } else if (promise(q->http, length)) {
        q->promised = length;
        dbk_bytes_init(&q->body, length);
    } else {
        q->drop = true;
        q->busy = true;
    }
    return MHD_YES;
}

static enum MHD_Result take_body(call *q, const char *data, size_t *data_len)
{
    dbk_span part = dbk_span_of(data, *data_len);
    if (q->stage == BODY && !q->drop && dbk_bytes_append(&q->body, part, NULL) != DBK_OK) {
        q->drop = true; /* no memory; more than stated can't be, the library counts */
        q->busy = true;
    }
    *data_len = 0;
    return MHD_YES;
}

static enum MHD_Result finish(call *q, struct MHD_Connection *c)
{
    enter_stage(q, DBK_STAGE_WORK, 0);
    if (q->busy) {
        dbk_relay_refuse(&q->answer, 503, "busy");
        q->answer.retry_after_s = 1;
        return answer(q, c, KEEP_OPEN);
    }
    q->gate.head.body = dbk_bytes_span(&q->body);
    q->gate.head.now_ms = q->http->env->now_ms(q->http->env->self);
    q->http->service.handle(q->http->service.self, &q->answer, &q->gate.head);
    return answer(q, c, KEEP_OPEN);
}

/* ---- what the library calls -------------------------------------------------------------- */

static void *on_target(void *ctx, const char *target, struct MHD_Connection *c)
{
    dbk_http *h = ctx;
    dbk_connection *connection = connection_of(c);
    call *q = connection != NULL ? dbk_alloc(sizeof(*q)) : NULL;
    if (q == NULL)
        return NULL;
    q->http = h;
    q->connection = connection;
    q->started_us = dbk_monotonic_us();
    size_t len = strnlen(target, DBK_GATE_TARGET_BYTES_MAX + 1); /* one too many fails the gate */
    memcpy(q->target, target, len);
    (void)atomic_fetch_add(&h->running, 1);
    return q;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_len, void **state)
{
    call *q = *state;
    (void)ctx;
    (void)url; /* decoded; the gate looks at the target as it was sent */
    if (q == NULL)
        return MHD_NO;
    switch (q->stage) {
    case HEAD:
        return take_head(q, c, method, version);
    case BODY:
        return *data_len > 0 ? take_body(q, data, data_len) : finish(q, c);
    case ANSWERED:
        break;
    }
    *data_len = 0;
    return MHD_YES;
}

static void on_end(void *ctx, struct MHD_Connection *c, void **state,
                   enum MHD_RequestTerminationCode why)
{
    dbk_http *h = ctx;
    call *q = *state;
    (void)c;
    (void)why;
    if (q == NULL)
        return;
    *state = NULL;
    enter_stage(q, DBK_STAGE_IDLE, 0);
    if (q->answer.status != 0)
        log_call(q);
    (void)atomic_fetch_sub(&h->bodies, q->promised);
    dbk_bytes_wipe(&q->body);
    dbk_bytes_wipe(&q->answer.body);
    dbk_free(q);
    (void)atomic_fetch_sub(&h->running, 1);
}

/* ---- starting and stopping ---------------------------------------------------------------- */

/* Each handshake asks for the certificate: so another one needs no other server. */
static int show_identity(gnutls_session_t session, const gnutls_datum_t *names, int names_count,
                         const gnutls_pk_algorithm_t *algorithms, int algorithms_count,
                         gnutls_pcert_st **chain, unsigned *count, gnutls_privkey_t *key)
{
    const dbk_http *h = gnutls_session_get_ptr(session);
    (void)names;
    (void)names_count;
    (void)algorithms;
    (void)algorithms_count;
    if (h == NULL)
        return -1;
    dbk_tls_identity_show(atomic_load(&h->identity), chain, count, key);
    return 0;
}

dbk_rc dbk_http_renew(dbk_http *h, const char *cert_pem, const char *key_pem, dbk_err *err)
{
    dbk_tls_identity *id;
    if (h->identities_count > DBK_HTTP_RENEWALS_MAX)
        return dbk_fail(err, DBK_LIMIT, "too many certificates since the start");
    dbk_rc rc = dbk_tls_identity_load(&id, dbk_span_str(cert_pem), dbk_span_str(key_pem), err);
    if (rc != DBK_OK)
        return rc;
    h->identities[h->identities_count++] = id;
    atomic_store(&h->identity, id);
    return DBK_OK;
}

void dbk_http_shows(const dbk_http *h, dbk_http_shown *out)
{
    const dbk_tls_identity *id = atomic_load(&h->identity);
    memcpy(out->pin, dbk_tls_identity_pin(id), sizeof(out->pin));
    out->ends_ms = dbk_tls_identity_ends_ms(id);
}

static void free_identities(dbk_http *h)
{
    for (size_t i = 0; i < h->identities_count; i++)
        dbk_tls_identity_free(h->identities[i]);
}

static struct MHD_Daemon *start_daemon(dbk_http *h, const dbk_http_opts *opts)
{
    /* Not epoll: with it the library asks without end for the rest of a TLS record that has begun
     * in a handshake (decision 0036). */
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_TLS;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, h, MHD_OPTION_LISTEN_SOCKET, h->listener,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, h, MHD_OPTION_NOTIFY_COMPLETED, on_end, h,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_THREAD_POOL_SIZE,
        DBK_HTTP_THREADS, MHD_OPTION_CONNECTION_LIMIT, DBK_HTTP_CONNECTIONS_MAX,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        opts->peers == DBK_PEERS_CONNECT ? DBK_HTTP_CONNECTIONS_PER_PEER_MAX
                                         : DBK_HTTP_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, DBK_HTTP_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HEAD_BYTES_MAX, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_HTTPS_CERT_CALLBACK,
        show_identity, MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES, MHD_OPTION_END);
}

static dbk_rc start_sweeper(dbk_http *h, dbk_err *err)
{
    dbk_rc rc = dbk_deadlines_open(&h->deadlines, DBK_HTTP_CONNECTIONS_MAX, err);
    if (rc == DBK_OK && pthread_create(&h->sweeper, NULL, sweep, h) != 0) {
        dbk_deadlines_close(h->deadlines);
        rc = dbk_fail(err, DBK_NOMEM, "no thread for the deadlines");
    }
    return rc;
}

static void stop_sweeper(dbk_http *h)
{
    atomic_store(&h->swept_out, true);
    DBK_ASSERT(pthread_join(h->sweeper, NULL) == 0);
    dbk_deadlines_close(h->deadlines);
}

/* The server on a listener that is there. */
static dbk_rc serve_on(dbk_http *h, const dbk_http_opts *opts, dbk_err *err)
{
    dbk_rc rc = start_sweeper(h, err);
    if (rc != DBK_OK)
        return rc;
    h->daemon = start_daemon(h, opts);
    if (h->daemon != NULL)
        return DBK_OK;
    stop_sweeper(h);
    return dbk_fail(err, DBK_IO, "the server can't be started");
}

dbk_rc dbk_http_start(dbk_http **out, const dbk_http_opts *opts, dbk_err *err)
{
    *out = NULL;
    dbk_http *h = dbk_alloc(sizeof(*h));
    if (h == NULL) {
        (void)close(opts->listener);
        return dbk_fail(err, DBK_NOMEM, "no memory for the server");
    }
    h->service = opts->service;
    h->metrics = opts->metrics;
    h->env = opts->env;
    h->peers = opts->peers;
    h->log = opts->log;
    h->log_ctx = opts->log_ctx;
    h->listener = opts->listener;
    atomic_init(&h->bodies, 0);
    atomic_init(&h->running, 0);
    atomic_init(&h->draining, false);
    atomic_init(&h->swept_out, false);
    dbk_rc rc = dbk_listener_name(h->address, h->listener, err);
    if (rc == DBK_OK)
        rc = dbk_http_renew(h, opts->cert_pem, opts->key_pem, err);
    if (rc == DBK_OK)
        rc = serve_on(h, opts, err);
    if (rc == DBK_OK) {
        *out = h;
        return DBK_OK;
    }
    (void)close(h->listener);
    free_identities(h);
    dbk_free(h);
    return rc;
}

const char *dbk_http_address(const dbk_http *h)
{
    return h->address;
}

unsigned dbk_http_stop(dbk_http *h, uint32_t drain_ms)
{
    if (h == NULL)
        return 0;
    atomic_store(&h->draining, true);
    (void)MHD_quiesce_daemon(h->daemon);
    /* Without this, clients that the kernel has let in already would hang until the end. */
    (void)shutdown(h->listener, SHUT_RDWR);
    for (uint32_t waited = 0; waited < drain_ms && atomic_load(&h->running) > 0;
         waited += DRAIN_STEP_MS)
        (void)poll(NULL, 0, DRAIN_STEP_MS);
    unsigned cut = atomic_load(&h->running);
    MHD_stop_daemon(h->daemon);
    stop_sweeper(h);
    (void)close(h->listener);
    free_identities(h);
    dbk_free(h);
    return cut;
}
