/* sync/relay/http.h - the relay on the network: TLS 1.3, HTTP/1.1, threads. The only file that
 * knows the HTTP library. Everything it hears passes the gate before the relay sees it.
 * Memory: 16 KiB for each connection's head, and bodies up to DBK_HTTP_BODIES_BYTES_MAX in all. */
#ifndef DBK_RELAY_HTTP_H
#define DBK_RELAY_HTTP_H

#include "sync/relay/service.h"
#include "sync/relay/tls.h"

#define DBK_HTTP_CONNECTIONS_MAX 4096u
#define DBK_HTTP_CONNECTIONS_PER_PEER_MAX 64u /* a station may share one address */
#define DBK_HTTP_IDLE_S 30u
#define DBK_HTTP_THREADS 8u
#define DBK_HTTP_BODIES_BYTES_MAX (32u * 1024u * 1024u)

typedef struct dbk_http dbk_http;
/* How it learns who asks. */
typedef enum dbk_http_peers {
    DBK_PEERS_CONNECT,  /* by the connection's address */
    DBK_PEERS_HIDDEN,   /* not at all: all connections come from a proxy, which passes them on */
    DBK_PEERS_BY_FIELD, /* by X-Real-IP, of a proxy that speaks HTTP */
    DBK_PEERS_KINDS
} dbk_http_peers;
typedef struct dbk_http_opts {
    dbk_service service;  /* for DBK_HTTP_THREADS threads at once */
    dbk_metrics *metrics; /* borrowed; knows the calls' names */
    const dbk_env *env;
    dbk_http_peers peers;
    int listener;                   /* listener.h; taken, also on failure */
    const char *cert_pem, *key_pem; /* texts; borrowed for the call */
    /* One line without its end, from any thread: no bodies, names, keys or whole addresses. */
    void (*log)(void *ctx, const char *line);
    void *log_ctx;
} dbk_http_opts;

/* Answers requests from here on, in threads of its own. DBK_FORMAT: no usable certificate or key.
 */
DBK_MUST_CHECK dbk_rc dbk_http_start(dbk_http **out, const dbk_http_opts *opts, dbk_err *err);
/* What it listens on: "127.0.0.1:43210". Borrowed. */
const char *dbk_http_address(const dbk_http *h);
/* Another certificate and key for handshakes from here on; connections that are open stay as they
 * are. A failure leaves all as it was. DBK_FORMAT: not usable, or not a pair; DBK_LIMIT: after
 * DBK_HTTP_RENEWALS_MAX the server has to be started again. One caller at a time. */
#define DBK_HTTP_RENEWALS_MAX 64u
DBK_MUST_CHECK dbk_rc dbk_http_renew(dbk_http *h, const char *cert_pem, const char *key_pem,
                                     dbk_err *err);
/* The pin that handshakes show, and until when the certificate is good. */
typedef struct dbk_http_shown {
    uint8_t pin[DBK_TLS_PIN_BYTES];
    uint64_t ends_ms;
} dbk_http_shown;
void dbk_http_shows(const dbk_http *h, dbk_http_shown *out);
/* Takes no new connections, lets running requests end (at most drain_ms), then stops and frees. */
/* How many requests were cut off at that end. */
unsigned dbk_http_stop(dbk_http *h, uint32_t drain_ms);

#endif
