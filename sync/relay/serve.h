/* sync/relay/serve.h - the verb `serve`: a relay's folder on the network until a signal ends it. It
 * becomes the front (front.h), and begins the keeper (keeper.h) first.
 *
 *   devices --TLS--> front --channels--> keeper --> log
 *                    TLS key             relay.key, checkpoint key
 *
 * One ends with the other: the front, when it is told to, lets requests end and closes the
 * channels, on which the keeper closes the log and ends; when the keeper has ended otherwise the
 * front stops and fails, for the service manager to start both again. */
#ifndef DBK_RELAY_SERVE_H
#define DBK_RELAY_SERVE_H

#include "sync/relay/confine.h"
#include "sync/relay/http.h"

typedef struct dbk_serve_opts {
    const char *dir;
    const char *listen;             /* NULL: a socket was passed by the service manager */
    const char *tls_cert, *tls_key; /* NULL: the folder's own */
    const char *metrics;            /* where monitoring asks; NULL: nowhere */
    const char *disk_max;           /* percent; NULL: as limits.txt says */
    dbk_http_peers peers;
    dbk_confine_mode sandbox;
} dbk_serve_opts;

/* Says on standard output what it listens on, and on standard error what it does, until SIGTERM or
 * SIGINT. On SIGHUP limits.txt, the certificate and its key are read again: what is good of them
 * counts from there on, for the rest what was goes on, and a line in the log says so. DBK_IO: the
 * keeper has ended. */
DBK_MUST_CHECK dbk_rc dbk_serve(const dbk_serve_opts *opts, dbk_err *err);

#endif
