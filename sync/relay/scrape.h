/* sync/relay/scrape.h - the private listener: GET /metrics by plain HTTP for monitoring on this
 * machine, and nothing else. One connection after the other, one request on each, an absolute end
 * for each; every head passes the gate, as those of devices do. It has its own thread: a relay that
 * is at its limits is measured all the same. */
#ifndef DBK_RELAY_SCRAPE_H
#define DBK_RELAY_SCRAPE_H

#include "sync/relay/service.h"

#define DBK_SCRAPE_DEADLINE_MS 5000u /* for a connection, from its first moment to its end */

typedef struct dbk_scrape dbk_scrape;
typedef struct dbk_scrape_opts {
    dbk_service service;  /* for one thread more */
    dbk_metrics *metrics; /* borrowed; of requests */
    int listener;         /* of dbk_scrape_listen; taken, also on failure */
    /* Appends what only the caller knows; NULL: nothing. */
    dbk_rc (*more)(void *ctx, dbk_bytes *out, dbk_err *err);
    void *more_ctx;
} dbk_scrape_opts;

/* address: of this machine alone: 127.0.0.1:PORT, [::1]:PORT; 0: a free one. DBK_USAGE: no such
 * address, or one that others can reach; DBK_BUSY: it is taken. */
DBK_MUST_CHECK dbk_rc dbk_scrape_listen(int *listener, const char *address, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_scrape_start(dbk_scrape **out, const dbk_scrape_opts *opts, dbk_err *err);
const char *dbk_scrape_address(const dbk_scrape *s); /* borrowed */
void dbk_scrape_stop(dbk_scrape *s);                 /* NULL is nothing */

#endif
