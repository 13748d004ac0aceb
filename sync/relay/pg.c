#include "sync/relay/pg.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/wire.h"
#include "sync/relay/log_postgres.h"

/* Statements that may be under way before their results are read: bounds what the server has to
 * keep for us while we are still sending. */
#define PENDING_MAX 256u
#define TEXT(n) TEXT_OF(n)
#define TEXT_OF(n) #n

static const char schema_sql[] =
    "CREATE SCHEMA daybook;"
    "CREATE TABLE daybook.meta(version integer NOT NULL);"
    "CREATE TABLE daybook.row(space bytea NOT NULL, key bytea NOT NULL, value bytea NOT NULL,"
    " PRIMARY KEY(space, key));"
    "CREATE TABLE daybook.segment(space bytea NOT NULL, at bigint NOT NULL,"
    " receipt_ms bigint NOT NULL, header bytea NOT NULL, body bytea NOT NULL,"
    " kept boolean NOT NULL,"
    " PRIMARY KEY(space, at));"
    /* Sealed bytes don't compress. */
    "ALTER TABLE daybook.row ALTER COLUMN value SET STORAGE EXTERNAL;"
    "ALTER TABLE daybook.segment ALTER COLUMN body SET STORAGE EXTERNAL;"
    "INSERT INTO daybook.meta VALUES(1);";

static const struct {
    const char *name, *sql;
} statements[DBK_PG_COUNT] = {
    [DBK_PG_BEGIN] = { "begin", "BEGIN" },
    /* One number for all relays on this database: "daybook" in ASCII. */
    [DBK_PG_LOCK] = { "lock", "SELECT pg_advisory_xact_lock(28254671641472875)" },
    [DBK_PG_BEGIN_READ] = { "begin_read", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" },
    [DBK_PG_COMMIT] = { "commit", "COMMIT" },
    [DBK_PG_ROLLBACK] = { "rollback", "ROLLBACK" },
    [DBK_PG_GET] = { "get", "SELECT value FROM daybook.row WHERE space=$1 AND key=$2" },
    [DBK_PG_PUT] = { "put", "INSERT INTO daybook.row VALUES($1,$2,$3)"
                            " ON CONFLICT(space,key) DO UPDATE SET value=excluded.value" },
    /* A statement that fails would take the whole transaction along. */
    [DBK_PG_ADD] = { "add", "INSERT INTO daybook.row VALUES($1,$2,$3) ON CONFLICT DO NOTHING" },
    [DBK_PG_DEL] = { "del", "DELETE FROM daybook.row WHERE space=$1 AND key=$2" },
    [DBK_PG_SCAN] = { "scan",
                      "SELECT key,value FROM daybook.row WHERE space=$1 AND key>=$2 AND key<$3"
                      " ORDER BY key LIMIT " TEXT(DBK_PG_SCAN_ROWS) },
    [DBK_PG_SEGMENT_ADD] = { "segment_add",
                             "INSERT INTO daybook.segment VALUES($1,$2,$3,$4,$5,$6)" },
    [DBK_PG_SEGMENTS] = { "segments", "SELECT at,receipt_ms,header,body,kept FROM daybook.segment"
                                      " WHERE space=$1 AND at>=$2 ORDER BY at LIMIT $3" },
    /* An UPDATE that finds no row is no failure; dividing by zero is, and needn't be waited for. */
    [DBK_PG_SEGMENT_KEEP] = { "segment_keep",
                              "WITH done AS (UPDATE daybook.segment SET body=$3,kept=true"
                              " WHERE space=$1 AND at=$2 RETURNING at)"
                              " SELECT 1/count(*) FROM done" },
};

/* ---- errors ------------------------------------------------------------------------------ */

static dbk_rc rc_of_state(const char *state)
{
    static const struct {
        const char *prefix;
        dbk_rc rc;
    } rows[] = {
        { "23505", DBK_CONFLICT },  { "42P07", DBK_CONFLICT },  { "42P06", DBK_CONFLICT },
        { "53100", DBK_FULL },      { "53200", DBK_NOMEM },     { "53", DBK_BUSY },
        { "40", DBK_BUSY },         { "55", DBK_BUSY },         { "57", DBK_BUSY },
        { "08", DBK_BUSY },         { "25006", DBK_BUSY },      { "42P01", DBK_NOT_FOUND },
        { "3F000", DBK_NOT_FOUND }, { "42501", DBK_DENIED },    { "28", DBK_DENIED },
        { "XX", DBK_DAMAGED },      { "22012", DBK_NOT_FOUND },
    };
    for (size_t i = 0; state != NULL && i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strncmp(state, rows[i].prefix, strlen(rows[i].prefix)) == 0)
            return rows[i].rc;
    }
    return DBK_IO;
}

/* A server's message can quote values; its code can't. */
static dbk_rc fail_result(const dbk_pg *p, const PGresult *r, dbk_err *err)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    if (state == NULL && PQstatus(p->c) != CONNECTION_OK)
        return dbk_fail(err, DBK_BUSY, "the connection to the database was lost");
    return dbk_fail(err, rc_of_state(state), "the database answered %s",
                    state != NULL ? state : "nothing");
}

static dbk_rc lost(dbk_pg *p, dbk_err *err)
{
    p->trouble = DBK_BUSY;
    (void)dbk_fail(&p->trouble_text, DBK_BUSY, "the connection to the database was lost");
    return dbk_fail(err, DBK_BUSY, "%s", p->trouble_text.text);
}

static void note_trouble(dbk_pg *p, dbk_rc rc, const dbk_err *err)
{
    if (rc == DBK_OK || p->trouble != DBK_OK)
        return;
    p->trouble = rc;
    p->trouble_text = *err;
}

static dbk_rc in_vain(const dbk_pg *p, dbk_err *err)
{
    return p->trouble == DBK_OK ? DBK_OK : dbk_fail(err, p->trouble, "%s", p->trouble_text.text);
}

/* ---- connections ------------------------------------------------------------------------- */

dbk_rc dbk_pg_check_dsn(const char *dsn, dbk_err *err)
{
    char *message = NULL;
    dbk_rc rc = DBK_OK;
    if (strlen(dsn) > DBK_LOG_DSN_BYTES_MAX)
        return dbk_fail(err, DBK_USAGE, "the database's connection string is too long");
    PQconninfoOption *options = PQconninfoParse(dsn, &message);
    if (options == NULL)
        rc = dbk_fail(err, DBK_USAGE, "that is no connection string of a database");
    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (o->val != NULL && strstr(o->keyword, "password") != NULL)
            rc = dbk_fail(err, DBK_USAGE,
                          "a password doesn't belong into a connection string: "
                          "keep it in a file (~/.pgpass, PGPASSFILE)");
    }
    PQconninfoFree(options);
    PQfreemem(message);
    return rc;
}

static void hush(void *ctx, const char *message)
{
    (void)ctx;
    (void)message; /* notices would go to standard error */
}

static dbk_rc exec(PGconn *c, const char *sql, dbk_err *err)
{
    dbk_pg p = { .c = c };
    PGresult *r = PQexec(c, sql);
    ExecStatusType status = PQresultStatus(r);
    dbk_rc rc = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? DBK_OK
                                                                        : fail_result(&p, r, err);
    PQclear(r);
    return rc;
}

static dbk_rc check_version(PGconn *c, dbk_err *err)
{
    dbk_pg p = { .c = c };
    PGresult *r = PQexec(c, "SELECT version FROM daybook.meta");
    dbk_rc rc = DBK_OK;
    if (PQresultStatus(r) != PGRES_TUPLES_OK) {
        rc = fail_result(&p, r, err);
        if (rc == DBK_NOT_FOUND)
            rc = dbk_fail(err, rc, "there is no relay's log in this database");
    } else {
        long version = PQntuples(r) == 1 ? strtol(PQgetvalue(r, 0, 0), NULL, 10) : 0;
        if (version > (long)DBK_PG_SCHEMA)
            rc = dbk_fail(err, DBK_VERSION, "the database has schema %ld, this program knows %u",
                          version, DBK_PG_SCHEMA);
        else if (version != (long)DBK_PG_SCHEMA)
            rc = dbk_fail(err, DBK_DAMAGED, "the database's schema has no proper version");
    }
    PQclear(r);
    return rc;
}

static dbk_rc prepare(PGconn *c, dbk_err *err)
{
    dbk_pg p = { .c = c };
    dbk_rc rc = DBK_OK;
    for (int i = 0; i < DBK_PG_COUNT && rc == DBK_OK; i++) {
        PGresult *r = PQprepare(c, statements[i].name, statements[i].sql, 0, NULL);
        if (PQresultStatus(r) != PGRES_COMMAND_OK)
            rc = fail_result(&p, r, err);
        PQclear(r);
    }
    return rc;
}

/* A commit is durable when it returns: here, and on the synchronous standby if there is one. */
static dbk_rc make_ready(dbk_pg *p, dbk_err *err)
{
    (void)PQsetNoticeProcessor(p->c, hush, NULL);
    if (PQstatus(p->c) != CONNECTION_OK)
        return dbk_fail(err, DBK_BUSY, "the database can't be reached");
    dbk_rc rc = exec(p->c, "SET synchronous_commit=on", err);
    if (rc == DBK_OK)
        rc = check_version(p->c, err);
    if (rc == DBK_OK)
        rc = prepare(p->c, err);
    if (rc == DBK_OK && PQenterPipelineMode(p->c) != 1)
        rc = dbk_fail(err, DBK_IO, "the database's library has no pipeline");
    p->open = false;
    p->pending = 0;
    return rc;
}

/* Between transactions: a connection that was lost is made again. */
static dbk_rc ensure(dbk_pg *p, dbk_err *err)
{
    if (PQstatus(p->c) == CONNECTION_OK && p->trouble == DBK_OK)
        return DBK_OK;
    p->trouble = DBK_OK;
    PQreset(p->c);
    dbk_rc rc = make_ready(p, err);
    if (rc != DBK_OK)
        p->trouble = rc;
    return rc;
}

/* ---- statements -------------------------------------------------------------------------- */

void dbk_pg_add_bytes(dbk_pg_params *q, dbk_span in)
{
    DBK_ASSERT(q->count < DBK_PG_PARAMS_MAX);
    DBK_ASSERT(in.len <= INT32_MAX);
    q->values[q->count] = in.len > 0 ? (const char *)in.p : ""; /* NULL would be SQL's */
    q->lengths[q->count++] = (int)in.len;
}

void dbk_pg_add_id(dbk_pg_params *q, const dbk_id *id)
{
    dbk_pg_add_bytes(q, dbk_span_of(id->b, sizeof(id->b)));
}

void dbk_pg_add_number(dbk_pg_params *q, uint64_t n)
{
    DBK_ASSERT(q->count < DBK_PG_PARAMS_MAX);
    (void)dbk_wire_put_u64(q->numbers[q->count], n);
    dbk_pg_add_bytes(q, dbk_span_of(q->numbers[q->count], 8));
}

void dbk_pg_add_bool(dbk_pg_params *q, bool yes)
{
    DBK_ASSERT(q->count < DBK_PG_PARAMS_MAX);
    q->numbers[q->count][0] = yes ? 1 : 0;
    dbk_pg_add_bytes(q, dbk_span_of(q->numbers[q->count], 1));
}

static dbk_rc send(dbk_pg *p, dbk_pg_statement which, const dbk_pg_params *q, dbk_err *err)
{
    static const int binary[DBK_PG_PARAMS_MAX] = { 1, 1, 1, 1, 1, 1 };
    if (PQsendQueryPrepared(p->c, statements[which].name, q != NULL ? q->count : 0,
                            q != NULL ? q->values : NULL, q != NULL ? q->lengths : NULL,
                            q != NULL ? binary : NULL, 1) != 1)
        return lost(p, err);
    p->pending++;
    return DBK_OK;
}

static bool is_good(const PGresult *r)
{
    ExecStatusType status = PQresultStatus(r);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* Reads the results of all that was sent. last: the last one's, the caller's to clear; NULL: not
 * wanted. The first failure is what is told: the server skips what follows it. */
static dbk_rc drain(dbk_pg *p, PGresult **last, dbk_err *err)
{
    dbk_err first = { 0 };
    dbk_rc rc = DBK_OK;
    if (PQpipelineSync(p->c) != 1)
        return lost(p, err);
    for (; p->pending > 0; p->pending--) {
        PGresult *r = PQgetResult(p->c);
        if (r == NULL)
            return lost(p, err);
        if (rc == DBK_OK && !is_good(r))
            rc = fail_result(p, r, &first);
        if (last != NULL && p->pending == 1)
            *last = r;
        else
            PQclear(r);
        PQclear(PQgetResult(p->c)); /* the NULL that ends a statement's results */
    }
    PGresult *sync = PQgetResult(p->c);
    if (PQresultStatus(sync) != PGRES_PIPELINE_SYNC && rc == DBK_OK)
        rc = lost(p, &first);
    PQclear(sync);
    note_trouble(p, rc, &first);
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", first.text);
}

/* A statement whose result can wait. */
dbk_rc dbk_pg_later(dbk_pg *p, dbk_pg_statement which, const dbk_pg_params *q, dbk_err *err)
{
    dbk_rc rc = in_vain(p, err);
    if (rc == DBK_OK && p->pending >= PENDING_MAX)
        rc = drain(p, NULL, err);
    return rc == DBK_OK ? send(p, which, q, err) : rc;
}

/* A statement whose result is wanted: *out is the caller's to clear, NULL on failure. */
dbk_rc dbk_pg_now(dbk_pg *p, dbk_pg_statement which, const dbk_pg_params *q, PGresult **out,
                  dbk_err *err)
{
    *out = NULL;
    dbk_rc rc = p->open ? in_vain(p, err) : ensure(p, err);
    if (rc == DBK_OK)
        rc = send(p, which, q, err);
    if (rc == DBK_OK)
        rc = drain(p, out, err);
    if (rc != DBK_OK) {
        PQclear(*out);
        *out = NULL;
    }
    return rc;
}

dbk_span dbk_pg_field(const PGresult *r, int row, int column)
{
    return dbk_span_of(PQgetvalue(r, row, column), (size_t)PQgetlength(r, row, column));
}

uint64_t dbk_pg_number(const PGresult *r, int row, int column)
{
    dbk_wire w = dbk_wire_from(dbk_pg_field(r, row, column));
    return dbk_wire_get_u64(&w);
}

bool dbk_pg_bool(const PGresult *r, int row, int column)
{
    dbk_span field = dbk_pg_field(r, row, column);
    return field.len == 1 && field.p[0] != 0;
}

/* ---- transactions ------------------------------------------------------------------------ */

dbk_rc dbk_pg_begin_read(dbk_pg *p, dbk_err *err)
{
    DBK_ASSERT(!p->open);
    dbk_rc rc = ensure(p, err);
    if (rc != DBK_OK)
        return rc;
    p->open = true;
    return dbk_pg_later(p, DBK_PG_BEGIN_READ, NULL, err);
}

dbk_rc dbk_pg_begin_write(dbk_pg *p, dbk_err *err)
{
    DBK_ASSERT(!p->open);
    dbk_rc rc = ensure(p, err);
    if (rc != DBK_OK)
        return rc;
    p->open = true;
    rc = dbk_pg_later(p, DBK_PG_BEGIN, NULL, err);
    if (rc == DBK_OK)
        rc = dbk_pg_later(p, DBK_PG_LOCK, NULL, err);
    return rc == DBK_OK ? drain(p, NULL, err)
                        : rc; /* what follows sees what the last writer left */
}

void dbk_pg_rollback(dbk_pg *p)
{
    PGresult *ignored = NULL;
    if (!p->open)
        return;
    p->open = false;
    if (PQstatus(p->c) != CONNECTION_OK)
        return; /* ensure makes a new one */
    p->trouble = DBK_OK;
    if (send(p, DBK_PG_ROLLBACK, NULL, NULL) == DBK_OK)
        (void)drain(p, &ignored, NULL);
    PQclear(ignored);
}

dbk_rc dbk_pg_commit(dbk_pg *p, dbk_err *err)
{
    PGresult *done = NULL;
    dbk_rc rc = dbk_pg_now(p, DBK_PG_COMMIT, NULL, &done, err);
    /* COMMIT of a transaction in which something failed is answered with ROLLBACK. */
    if (rc == DBK_OK && strcmp(PQcmdStatus(done), "COMMIT") != 0)
        rc = dbk_fail(err, DBK_IO, "the database rolled back");
    PQclear(done);
    if (rc != DBK_OK)
        dbk_pg_rollback(p);
    p->open = false;
    return rc;
}

/* No part of a transaction, nor of a pipeline. */
static dbk_rc vacuum(PGconn *c, dbk_err *err)
{
    static const char *const steps[] = { "SET lock_timeout=2000", "VACUUM daybook.segment",
                                         "VACUUM daybook.row", "RESET lock_timeout" };
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && rc == DBK_OK; i++)
        rc = exec(c, steps[i], err);
    return rc;
}

dbk_rc dbk_pg_vacuum(dbk_pg *p, dbk_err *err)
{
    DBK_ASSERT(!p->open);
    dbk_rc rc = ensure(p, err);
    if (rc == DBK_OK && PQexitPipelineMode(p->c) != 1)
        rc = lost(p, err);
    if (rc != DBK_OK)
        return rc;
    rc = vacuum(p->c, err);
    if (PQenterPipelineMode(p->c) != 1)
        return lost(p, err);
    return rc;
}

/* ---- opening ----------------------------------------------------------------------------- */

dbk_rc dbk_pg_create(const char *dsn, dbk_err *err)
{
    dbk_rc rc = dbk_pg_check_dsn(dsn, err);
    if (rc != DBK_OK)
        return rc;
    PGconn *c = PQconnectdb(dsn);
    (void)PQsetNoticeProcessor(c, hush, NULL);
    if (PQstatus(c) != CONNECTION_OK)
        rc = dbk_fail(err, DBK_BUSY, "the database can't be reached");
    if (rc == DBK_OK)
        rc = exec(c, schema_sql, err); /* several statements at once are one transaction */
    if (rc == DBK_CONFLICT)
        rc = dbk_fail(err, rc, "there is a relay's log in this database already");
    PQfinish(c);
    return rc;
}

dbk_rc dbk_pg_connect(dbk_pg *p, const char *dsn, dbk_err *err)
{
    *p = (dbk_pg){ .c = NULL };
    dbk_rc rc = dbk_pg_check_dsn(dsn, err);
    if (rc != DBK_OK)
        return rc;
    p->c = PQconnectdb(dsn);
    return make_ready(p, err);
}

void dbk_pg_close(dbk_pg *p)
{
    PQfinish(p->c);
    p->c = NULL;
}
