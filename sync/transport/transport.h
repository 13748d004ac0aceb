/* sync/transport/transport.h - the one hole through which bytes leave the machine. */
#ifndef DBK_TRANSPORT_TRANSPORT_H
#define DBK_TRANSPORT_TRANSPORT_H

#include "core/base/bytes.h"

#define DBK_HTTP_HEADERS_MAX 8u
#define DBK_BACKUP_PINS_MAX 8u /* four of an invite, four of the policy */
#define DBK_RESPONSE_BYTES_MAX (10u * 1024u * 1024u)

typedef struct dbk_http_field {
    const char *name, *value;
} dbk_http_field;

typedef struct dbk_exchange {
    const char *method; /* "GET", "POST", "PUT" */
    const char *target; /* path with query: "/v1/hello" */
    dbk_http_field fields[DBK_HTTP_HEADERS_MAX];
    size_t fields_count;
    dbk_span body;
    bool has_body;
    uint32_t timeout_ms;
} dbk_exchange;

typedef struct dbk_answer {
    int status;                          /* HTTP status */
    dbk_bytes body;                      /* cap set by the caller */
    char nonce[65];                      /* Daybook-Nonce, or "" */
    uint32_t retry_after_s;              /* 0: none given */
    uint64_t sent_bytes, received_bytes; /* HTTP bytes with headers, for `status` and bench */
} dbk_answer;

typedef struct dbk_transport_ops {
    /* DBK_UNREACHABLE: delivery unknown, the engine will ask again. DBK_PEER: it isn't the relay
     * that was pinned, or it speaks nonsense. DBK_LIMIT: the answer is over the cap. */
    dbk_rc (*exchange)(void *self, dbk_answer *answer, const dbk_exchange *req, dbk_err *err);
    void (*close)(void *self);
} dbk_transport_ops;
typedef struct dbk_transport {
    const dbk_transport_ops *ops;
    void *self;
    char authority[256]; /* what requests are signed for: "127.0.0.1:8443" */
    bool carrier;        /* keeps files, answers no protocol: dbk_transport_dir() */
    const uint8_t *met;  /* HTTPS: the pin (32) that the server last met, zeros before; else NULL */
    bool is_slow;        /* worth calling from another thread meanwhile; never two calls at once */
} dbk_transport;

/* HTTPS by libcurl: TLS 1.3 only, the server's key must match a pin (SHA-256 of SPKI), no
 * redirects, proxies, cookies or other protocols; nothing is sent before a pin matches. The backup
 * pins are tried in turn, each with a handshake of its own, when the server has another key. */
typedef struct dbk_https_opts {
    const char *url; /* "https://host:port", no path */
    uint8_t tls_pin[32];
    uint8_t backup_pins[DBK_BACKUP_PINS_MAX][32];
    size_t backup_pins_count;
    uint32_t connect_timeout_ms;
} dbk_https_opts;
DBK_MUST_CHECK dbk_rc dbk_transport_https(dbk_transport *out, const dbk_https_opts *opts,
                                          dbk_err *err);

/* A folder (USB stick, LAN share) that carries the same membership and segments. It can't give
 * receipts: what it takes still goes to the relay later. It keeps opaque files, one folder deep:
 *   GET /names/DIR        -> 200: ( name ' ' size in decimal '\n' )*, in bytewise order of names
 *   GET /files/DIR/NAME   -> 200, or 404
 *   PUT /files/DIR/NAME   -> 201: durable, and seen whole or not at all, even if the power fails
 * DIR and NAME: [0-9a-z] [0-9a-z.-]{0,95}. What in the folder is named otherwise, is no plain file,
 * or is a link, is not seen. DBK_NOT_FOUND: no such folder. DBK_FULL, DBK_IO: the folder's disk. */
#define DBK_DIR_NAME_MAX 96u
#define DBK_DIR_FILES_MAX 65536u /* of one folder; more are DBK_LIMIT */
DBK_MUST_CHECK dbk_rc dbk_transport_dir(dbk_transport *out, const char *dir, dbk_err *err);

void dbk_transport_close(dbk_transport *t); /* { 0 } is allowed */

#endif
