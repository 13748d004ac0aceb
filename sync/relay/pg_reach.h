/* sync/relay/pg_reach.h - what libpq has to reach for a connection string, now and when a
 * connection is made anew: ports, and files. For the sandbox. */
#ifndef DBK_RELAY_PG_REACH_H
#define DBK_RELAY_PG_REACH_H

#include "sync/relay/sandbox.h"

#define DBK_PG_PORTS_MAX 16u
#define DBK_PG_PATHS_MAX 12u
#define DBK_PG_PATH_SIZE 512u

typedef struct dbk_pg_reach {
    uint16_t ports[DBK_PG_PORTS_MAX];
    size_t ports_count;
    char texts[DBK_PG_PATHS_MAX][DBK_PG_PATH_SIZE];
    const char *paths[DBK_PG_PATHS_MAX]; /* into texts */
    size_t paths_count;
} dbk_pg_reach; /* isn't moved once it is filled */

/* The string, and what the environment adds to it as libpq does. DBK_USAGE: not a connection
 * string; DBK_LIMIT: more hosts or longer paths than there is room for. */
DBK_MUST_CHECK dbk_rc dbk_pg_reach_of(dbk_pg_reach *out, const char *dsn, dbk_err *err);
void dbk_pg_reach_wants(const dbk_pg_reach *reach, dbk_sandbox_wants *out); /* borrows reach */

#endif
