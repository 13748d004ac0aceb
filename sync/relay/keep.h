/* sync/relay/keep.h - the verb `keep`, which `serve` begins: a relay's folder, kept for the front.
 */
#ifndef DBK_RELAY_KEEP_H
#define DBK_RELAY_KEEP_H

#include "sync/relay/confine.h"
#include "sync/relay/http.h"

#define DBK_KEEP_CHANNELS (DBK_HTTP_THREADS + 1u) /* one of metrics */

typedef struct dbk_keep_opts {
    const char *dir;
    const char *address;            /* where the front listens, for `status` */
    const char *tls_cert, *tls_key; /* NULL: the folder's own */
    const char *disk_max;           /* percent; NULL: as limits.txt says */
    bool behind_proxy;
    dbk_confine_mode sandbox;
} dbk_keep_opts;

/* Until the front ends. Why it can't serve it tells the front, which fails by it: DBK_OK then.
 * DBK_USAGE: no front has begun it. */
DBK_MUST_CHECK dbk_rc dbk_keep(const dbk_keep_opts *opts, dbk_err *err);

#endif
