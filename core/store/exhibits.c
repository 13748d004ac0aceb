#include "core/store/exhibits.h"

#include "core/store/sql.h"

#define COLUMNS "id,subject,kind,space,size,state,found_ms,reason,bytes"

dbk_rc dbk_exhibits_add(dbk_store *store, dbk_store_exhibit *row, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_EXHIBIT_ADD,
                             "INSERT INTO exhibit(subject,kind,space,size,state,found_ms,reason,"
                             "bytes) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_id(&q, 1, &row->subject);
    dbk_sql_bind_int(&q, 2, row->kind);
    dbk_sql_bind_id(&q, 3, &row->space);
    dbk_sql_bind_uint(&q, 4, row->size);
    dbk_sql_bind_int(&q, 5, row->state);
    dbk_sql_bind_uint(&q, 6, row->found_ms);
    dbk_sql_bind_text(&q, 7, row->reason);
    dbk_sql_bind_blob(&q, 8, row->bytes);
    rc = dbk_sql_run(&q, err);
    if (rc == DBK_OK)
        row->id = sqlite3_last_insert_rowid(store->db);
    return rc;
}

dbk_rc dbk_exhibits_settle(dbk_store *store, dbk_rowid id, dbk_span reason, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_EXHIBIT_SETTLE,
                             "UPDATE exhibit SET state=2,reason=?2 WHERE id=?1 AND state=1", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, id);
    dbk_sql_bind_text(&q, 2, reason);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_exhibits_forget(dbk_store *store, dbk_rowid id, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_EXHIBIT_FORGET,
                             "DELETE FROM exhibit WHERE id=?1 AND state=0", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, id);
    return dbk_sql_run(&q, err);
}

static dbk_rc give(dbk_sql *q, dbk_store_exhibit_fn fn, void *ctx, dbk_err *err)
{
    dbk_store_exhibit row = { .id = dbk_sql_int(q, 0) };
    dbk_sql_copy(q, 1, row.subject.b, sizeof(row.subject.b));
    row.kind = (uint32_t)dbk_sql_uint(q, 2);
    dbk_sql_copy(q, 3, row.space.b, sizeof(row.space.b));
    row.size = dbk_sql_uint(q, 4);
    row.state = (dbk_exhibit_state)dbk_sql_int(q, 5);
    row.found_ms = dbk_sql_uint(q, 6);
    row.reason = dbk_sql_text(q, 7);
    row.bytes = dbk_sql_blob(q, 8);
    dbk_rc rc = dbk_sql_read_all(q, err);
    return rc == DBK_OK ? fn(ctx, &row, err) : rc;
}

static dbk_rc walk(dbk_sql *q, dbk_store_exhibit_fn fn, void *ctx, dbk_err *err)
{
    bool row = true;
    dbk_rc rc = DBK_OK;
    while (rc == DBK_OK && row) {
        rc = dbk_sql_next(q, &row, err);
        if (rc == DBK_OK && row)
            rc = give(q, fn, ctx, err);
    }
    dbk_sql_close(q);
    return rc;
}

dbk_rc dbk_exhibits_each(dbk_store *store, dbk_store_exhibit_fn fn, void *ctx, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_EXHIBIT_EACH,
                             "SELECT " COLUMNS " FROM exhibit ORDER BY id", err);
    return rc == DBK_OK ? walk(&q, fn, ctx, err) : rc;
}

dbk_rc dbk_exhibits_waiting(dbk_store *store, const dbk_id *space, uint64_t size,
                            dbk_store_exhibit_fn fn, void *ctx, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_EXHIBIT_WAITING,
                             "SELECT " COLUMNS " FROM exhibit WHERE state=0 AND space=?1"
                             " AND size<=?2 ORDER BY id",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_id(&q, 1, space);
    dbk_sql_bind_uint(&q, 2, size);
    return walk(&q, fn, ctx, err);
}

dbk_rc dbk_exhibits_of(dbk_store *store, dbk_exhibit_count *out, const dbk_id *subject,
                       dbk_span bytes, dbk_err *err)
{
    dbk_sql q;
    bool row = false;
    *out = (dbk_exhibit_count){ 0 };
    dbk_rc rc = dbk_sql_open(
        &q, store, DBK_SQL_EXHIBIT_OF,
        "SELECT coalesce(sum(state=0),0),coalesce(sum(state=1),0),coalesce(sum(bytes=?2),0) FROM "
        "exhibit"
        " WHERE subject=?1",
        err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_id(&q, 1, subject);
    dbk_sql_bind_blob(&q, 2, bytes);
    rc = dbk_sql_next(&q, &row, err);
    if (rc == DBK_OK && row)
        *out = (dbk_exhibit_count){ dbk_sql_uint(&q, 0), dbk_sql_uint(&q, 1), dbk_sql_uint(&q, 2) };
    dbk_sql_close(&q);
    return rc;
}

dbk_rc dbk_exhibits_count(dbk_store *store, dbk_exhibit_totals *out, uint32_t kind, dbk_err *err)
{
    dbk_sql q;
    bool row = false;
    *out = (dbk_exhibit_totals){ 0 };
    dbk_rc rc = dbk_sql_open(
        &q, store, DBK_SQL_EXHIBIT_COUNT,
        "SELECT coalesce(sum(state=0),0),coalesce(sum(state=1),0),coalesce(sum(state=2),0),"
        "coalesce(sum(state=1 AND kind=?1),0) FROM exhibit",
        err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, kind);
    rc = dbk_sql_next(&q, &row, err);
    if (rc == DBK_OK && row)
        *out = (dbk_exhibit_totals){ dbk_sql_uint(&q, 0), dbk_sql_uint(&q, 1), dbk_sql_uint(&q, 2),
                                     dbk_sql_uint(&q, 3) };
    dbk_sql_close(&q);
    return rc;
}
