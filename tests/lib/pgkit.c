#include "tests/lib/pgkit.h"

#include <libpq-fe.h>
#include <stdio.h>

#include "core/base/err.h"

static void hush(void *ctx, const char *message)
{
    (void)ctx;
    (void)message;
}

void pgkit_ask(const char *dsn, const char *sql, char *out, size_t size)
{
    PGconn *c = PQconnectdb(dsn);
    (void)PQsetNoticeProcessor(c, hush, NULL);
    PGresult *r = PQexec(c, sql);
    ExecStatusType status = PQresultStatus(r);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fprintf(stderr, "pgkit: %s", PQerrorMessage(c));
    DBK_ASSERT(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK);
    (void)snprintf(out, size, "%s", PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : "");
    PQclear(r);
    PQfinish(c);
}

void pgkit_clear(const char *dsn)
{
    char none[8];
    pgkit_ask(dsn, "DROP SCHEMA IF EXISTS daybook CASCADE", none, sizeof(none));
}
