#include "core/store/sql.h"

#include <errno.h>
#include <string.h>

/* The unix VFS tells that a disk is full by SQLITE_FULL only for ENOSPC on a write; the other
 * ways in which a file can't grow come as I/O errors with the system's number. */
static bool is_full(dbk_store *store)
{
    int number = store != NULL && store->db != NULL ? sqlite3_system_errno(store->db) : 0;
    return number == ENOSPC || number == EFBIG || number == EDQUOT;
}

dbk_rc dbk_sql_rc(dbk_store *store, int code, dbk_err *err)
{
    dbk_rc rc;
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return DBK_OK;
    case SQLITE_FULL:
        rc = DBK_FULL;
        break;
    case SQLITE_ERROR: /* SQLCipher's word for a page whose MAC is wrong */
        return dbk_fail(err, DBK_DAMAGED, "the store: a part of it was changed by something else");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_SCHEMA:
        rc = DBK_DAMAGED;
        break;
    case SQLITE_NOMEM:
        /* Also SQLCipher's word for a page that it can't close, once it has met a wrong MAC. */
        if (!dbk_heap_was_short())
            return dbk_fail(err, DBK_DAMAGED, "the store: a part of it can't be read");
        rc = DBK_NOMEM;
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        rc = DBK_BUSY;
        break;
    case SQLITE_CONSTRAINT:
        rc = DBK_CONFLICT;
        break;
    case SQLITE_TOOBIG:
        rc = DBK_LIMIT;
        break;
    case SQLITE_IOERR:
        rc = code == SQLITE_IOERR_NOMEM ? DBK_NOMEM : is_full(store) ? DBK_FULL : DBK_IO;
        break;
    default:
        rc = DBK_IO;
        break;
    }
    return dbk_fail(err, rc, "the store: %s", sqlite3_errstr(code));
}

dbk_rc dbk_sql_open(dbk_sql *q, dbk_store *store, dbk_sql_slot slot, const char *text, dbk_err *err)
{
    *q = (dbk_sql){ store, store->statements[slot], slot, SQLITE_OK };
    store->statements[slot] = NULL;
    if (q->s != NULL)
        return DBK_OK;
    int code = sqlite3_prepare_v3(store->db, text, -1, SQLITE_PREPARE_PERSISTENT, &q->s, NULL);
    DBK_ASSERT(code != SQLITE_OK || q->s != NULL);
    return dbk_sql_rc(store, code, err);
}

void dbk_sql_close(dbk_sql *q)
{
    if (q->s == NULL)
        return;
    (void)sqlite3_reset(q->s); /* what the step found was reported by the step */
    (void)sqlite3_clear_bindings(q->s);
    if (q->store->statements[q->slot] == NULL)
        q->store->statements[q->slot] = q->s;
    else
        (void)sqlite3_finalize(q->s);
    q->s = NULL;
}

void dbk_sql_forget(dbk_store *store)
{
    for (size_t i = 0; i < DBK_SQL_SLOTS; i++) {
        (void)sqlite3_finalize(store->statements[i]);
        store->statements[i] = NULL;
    }
}

static void bound(dbk_sql *q, int code)
{
    if (q->code == SQLITE_OK)
        q->code = code;
}

void dbk_sql_bind_int(dbk_sql *q, int at, int64_t v)
{
    bound(q, sqlite3_bind_int64(q->s, at, v));
}

void dbk_sql_bind_uint(dbk_sql *q, int at, uint64_t v)
{
    int64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    bound(q, sqlite3_bind_int64(q->s, at, bits));
}

void dbk_sql_bind_blob(dbk_sql *q, int at, dbk_span v)
{
    /* A NULL pointer would bind NULL, not an empty blob. */
    const void *p = v.len > 0 ? (const void *)v.p : (const void *)"";
    bound(q, sqlite3_bind_blob64(q->s, at, p, v.len, SQLITE_STATIC));
}

void dbk_sql_bind_blob_or_null(dbk_sql *q, int at, dbk_span v)
{
    if (v.len > 0)
        dbk_sql_bind_blob(q, at, v);
    else
        dbk_sql_bind_null(q, at);
}

void dbk_sql_bind_text(dbk_sql *q, int at, dbk_span v)
{
    const char *p = v.len > 0 ? (const char *)v.p : "";
    bound(q, sqlite3_bind_text64(q->s, at, p, v.len, SQLITE_STATIC, SQLITE_UTF8));
}

void dbk_sql_bind_id(dbk_sql *q, int at, const dbk_id *v)
{
    dbk_sql_bind_blob(q, at, dbk_span_of(v->b, sizeof(v->b)));
}

void dbk_sql_bind_null(dbk_sql *q, int at)
{
    bound(q, sqlite3_bind_null(q->s, at));
}

dbk_rc dbk_sql_next(dbk_sql *q, bool *row, dbk_err *err)
{
    *row = false;
    int code = q->code;
    if (code == SQLITE_OK)
        code = sqlite3_step(q->s);
    if (code == SQLITE_ROW)
        *row = true;
    DBK_ASSERT(code != SQLITE_MISUSE);
    return dbk_sql_rc(q->store, code, err);
}

dbk_rc dbk_sql_run(dbk_sql *q, dbk_err *err)
{
    bool row = true;
    dbk_rc rc = DBK_OK;
    if (q->store->failed)
        rc = dbk_fail(err, DBK_IO, "the disk failed earlier: the store must be opened again");
    while (rc == DBK_OK && row)
        rc = dbk_sql_next(q, &row, err);
    dbk_sql_close(q);
    return rc;
}

dbk_rc dbk_sql_count(dbk_sql *q, uint64_t *count, dbk_err *err)
{
    bool row = false;
    dbk_rc rc = dbk_sql_next(q, &row, err);
    *count = rc == DBK_OK && row ? dbk_sql_uint(q, 0) : 0;
    dbk_sql_close(q);
    return rc;
}

int64_t dbk_sql_int(const dbk_sql *q, int at)
{
    return sqlite3_column_int64(q->s, at);
}

uint64_t dbk_sql_uint(const dbk_sql *q, int at)
{
    int64_t bits = sqlite3_column_int64(q->s, at);
    uint64_t v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}

/* NULL stands for an empty value, and for one that there was no memory to assemble. */
static void look(dbk_sql *q, const void *p)
{
    if (p == NULL && sqlite3_errcode(q->store->db) == SQLITE_NOMEM)
        bound(q, SQLITE_NOMEM);
}

dbk_span dbk_sql_blob(dbk_sql *q, int at)
{
    const void *p = sqlite3_column_blob(q->s, at); /* before the length, says SQLite */
    look(q, p);
    return dbk_span_of(p, (size_t)sqlite3_column_bytes(q->s, at));
}

dbk_span dbk_sql_text(dbk_sql *q, int at)
{
    const unsigned char *p = sqlite3_column_text(q->s, at);
    look(q, p);
    if (p == NULL)
        return dbk_span_of("", 0);
    return dbk_span_of(p, (size_t)sqlite3_column_bytes(q->s, at));
}

bool dbk_sql_is_null(const dbk_sql *q, int at)
{
    return sqlite3_column_type(q->s, at) == SQLITE_NULL;
}

void dbk_sql_copy(dbk_sql *q, int at, uint8_t *out, size_t len)
{
    dbk_span in = dbk_sql_blob(q, at);
    memset(out, 0, len);
    if (in.len == len)
        memcpy(out, in.p, len);
    else
        bound(q, SQLITE_CORRUPT);
}

dbk_rc dbk_sql_read_all(const dbk_sql *q, dbk_err *err)
{
    return dbk_sql_rc(q->store, q->code, err);
}

dbk_rc dbk_sql_exec(dbk_store *store, const char *text, dbk_err *err)
{
    return dbk_sql_rc(store, sqlite3_exec(store->db, text, NULL, NULL, NULL), err);
}

dbk_rc dbk_sql_ask(dbk_store *store, char *out, size_t out_size, const char *text, dbk_err *err)
{
    sqlite3_stmt *s = NULL;
    out[0] = '\0';
    int code = sqlite3_prepare_v2(store->db, text, -1, &s, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(s);
    if (code == SQLITE_ROW) {
        const unsigned char *answer = sqlite3_column_text(s, 0);
        if (answer != NULL)
            (void)sqlite3_snprintf((int)out_size, out, "%s", (const char *)answer);
        else if (sqlite3_errcode(store->db) == SQLITE_NOMEM)
            code = SQLITE_NOMEM;
    }
    (void)sqlite3_finalize(s);
    return dbk_sql_rc(store, code, err);
}
