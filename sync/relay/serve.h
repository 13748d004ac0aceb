/* sync/relay/serve.h - the verb `serve`: a relay's folder on the network until a signal ends it. */
#ifndef DBK_RELAY_SERVE_H
#define DBK_RELAY_SERVE_H

#include <stdbool.h>

#include "core/base/err.h"

/* What to do about the walls of sandbox.h. */
typedef enum dbk_sandbox_mode {
    DBK_SANDBOX_ON,      /* those that the kernel has */
    DBK_SANDBOX_REQUIRE, /* serve with all of them, or not at all */
    DBK_SANDBOX_OFF
} dbk_sandbox_mode;

typedef struct dbk_serve_opts {
    const char *dir, *listen;
    const char *tls_cert, *tls_key; /* NULL: the folder's own */
    const char *metrics;            /* where monitoring asks; NULL: nowhere */
    unsigned disk_percent;
    bool behind_proxy;
    dbk_sandbox_mode sandbox;
} dbk_serve_opts;

/* Says on standard output what it listens on, and on standard error what it does, until SIGTERM or
 * SIGINT. */
DBK_MUST_CHECK dbk_rc dbk_serve(const dbk_serve_opts *opts, dbk_err *err);

#endif
