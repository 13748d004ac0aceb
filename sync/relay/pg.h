/* sync/relay/pg.h - one connection to the relay's database: statements that are prepared once and
 * sent in a pipeline, transactions, and a new connection for one that was lost. Knows the tables
 * and statements of log_postgres.h, nothing of what stands in them.
 * What needs no answer is sent and not waited for (later); its failure comes out with the next
 * answer that is waited for (now), at the latest with the commit: the server skips all that follows
 * it. */
#ifndef DBK_RELAY_PG_H
#define DBK_RELAY_PG_H

#include <libpq-fe.h>

#include "core/base/bytes.h"
#include "core/base/id.h"

#define DBK_PG_SCHEMA 1u /* numbered migrations begin when there is a second one */
#define DBK_PG_PARAMS_MAX 6
/* Of one answer; fewer come only at the end. */
#define DBK_PG_SCAN_ROWS 256
#define DBK_PG_READ_ROWS 64 /* segments of at most 64 KiB */

typedef enum dbk_pg_statement {
    DBK_PG_BEGIN,
    DBK_PG_LOCK,
    DBK_PG_BEGIN_READ,
    DBK_PG_COMMIT,
    DBK_PG_ROLLBACK,
    DBK_PG_GET,
    DBK_PG_PUT,
    DBK_PG_ADD,
    DBK_PG_DEL,
    DBK_PG_SCAN,
    DBK_PG_SEGMENT_ADD,
    DBK_PG_SEGMENTS,
    DBK_PG_SEGMENT_KEEP,
    DBK_PG_COUNT
} dbk_pg_statement;

typedef struct dbk_pg {
    PGconn *c;        /* in pipeline mode once it is ready */
    bool open;        /* a transaction is */
    unsigned pending; /* statements sent, their results not read */
    dbk_rc trouble;   /* the first failure since the transaction began; what follows is in vain */
    dbk_err trouble_text;
} dbk_pg;

/* DBK_USAGE: not a connection string, or a password in it. Connects to nobody. */
DBK_MUST_CHECK dbk_rc dbk_pg_check_dsn(const char *dsn, dbk_err *err);
/* DBK_CONFLICT: the tables are there already. DBK_BUSY: not reached. */
DBK_MUST_CHECK dbk_rc dbk_pg_create(const char *dsn, dbk_err *err);
/* DBK_NOT_FOUND: no tables of ours; DBK_VERSION: a newer program's; DBK_BUSY: not reached. Also
 * after a failure it is to be closed. */
DBK_MUST_CHECK dbk_rc dbk_pg_connect(dbk_pg *p, const char *dsn, dbk_err *err);
void dbk_pg_close(dbk_pg *p); /* an open transaction is rolled back */

/* All later spans are borrowed until the call that takes the params returns. */
typedef struct dbk_pg_params {
    int count;
    const char *values[DBK_PG_PARAMS_MAX];
    int lengths[DBK_PG_PARAMS_MAX];
    uint8_t numbers[DBK_PG_PARAMS_MAX][8];
} dbk_pg_params; /* { 0 } is ready to use */
void dbk_pg_add_bytes(dbk_pg_params *q, dbk_span in);
void dbk_pg_add_id(dbk_pg_params *q, const dbk_id *id);
void dbk_pg_add_number(dbk_pg_params *q, uint64_t n);
void dbk_pg_add_bool(dbk_pg_params *q, bool yes);

/* A statement whose result can wait. q NULL: without parameters. */
DBK_MUST_CHECK dbk_rc dbk_pg_later(dbk_pg *p, dbk_pg_statement which, const dbk_pg_params *q,
                                   dbk_err *err);
/* A statement whose result is wanted: *out is the caller's to PQclear, NULL on failure. Outside of
 * a transaction a lost connection is made again first. */
DBK_MUST_CHECK dbk_rc dbk_pg_now(dbk_pg *p, dbk_pg_statement which, const dbk_pg_params *q,
                                 PGresult **out, dbk_err *err);
dbk_span dbk_pg_field(const PGresult *r, int row, int column); /* borrowed from r */
uint64_t dbk_pg_number(const PGresult *r, int row, int column);
bool dbk_pg_bool(const PGresult *r, int row, int column);

/* In turn: one writing transaction at a time among all programs on this database. */
DBK_MUST_CHECK dbk_rc dbk_pg_begin_write(dbk_pg *p, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_pg_begin_read(dbk_pg *p, dbk_err *err); /* one snapshot */
/* Durable when it returns. DBK_BUSY: the connection was lost, it may have been done or not. */
DBK_MUST_CHECK dbk_rc dbk_pg_commit(dbk_pg *p, dbk_err *err);
void dbk_pg_rollback(dbk_pg *p); /* nothing to roll back is allowed */
/* Between transactions: takes rows out of the tables' pages that were replaced or deleted and that
 * no view sees any more. DBK_BUSY: the connection was lost, or a table is being seen to already. */
DBK_MUST_CHECK dbk_rc dbk_pg_vacuum(dbk_pg *p, dbk_err *err);

#endif
