#include "core/store/lost.h"

#include "core/store/sql.h"

dbk_rc dbk_lost_add(dbk_store *store, dbk_rowid segment, const dbk_id *log, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_LOST_ADD,
                             "INSERT OR IGNORE INTO lost(segment,log,log_index,receipt_ms,receipt)"
                             " SELECT id,?2,log_index,receipt_ms,receipt FROM segment WHERE id=?1",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, segment);
    dbk_sql_bind_id(&q, 2, log);
    rc = dbk_sql_run(&q, err);
    if (rc == DBK_OK)
        rc = dbk_sql_open(&q, store, DBK_SQL_LOST_CLEAR,
                          "UPDATE segment SET log_index=NULL,receipt_ms=NULL,receipt=NULL"
                          " WHERE id=?1",
                          err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, segment);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_past_log_add(dbk_store *store, const dbk_past_log *row, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_PAST_LOG_ADD,
                             "INSERT INTO past_log(space,log,size,checkpoint) VALUES(?1,?2,?3,?4)"
                             " ON CONFLICT(space,log) DO UPDATE SET size=excluded.size,"
                             "checkpoint=excluded.checkpoint WHERE excluded.size>=size",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, row->space);
    dbk_sql_bind_id(&q, 2, &row->log);
    dbk_sql_bind_uint(&q, 3, row->size);
    dbk_sql_bind_blob(&q, 4, row->note);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_past_logs(dbk_store *store, dbk_rowid space, dbk_past_log_fn fn, void *ctx, dbk_err *err)
{
    dbk_sql q;
    bool more = true;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_PAST_LOG_EACH,
                             "SELECT log,size,checkpoint FROM past_log WHERE space=?1 ORDER BY log",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, space);
    for (;;) {
        dbk_past_log row = { .space = space };
        rc = dbk_sql_next(&q, &more, err);
        if (rc != DBK_OK || !more)
            break;
        dbk_sql_copy(&q, 0, row.log.b, sizeof(row.log.b));
        row.size = dbk_sql_uint(&q, 1);
        row.note = dbk_sql_blob(&q, 2);
        rc = dbk_sql_read_all(&q, err);
        if (rc == DBK_OK)
            rc = fn(ctx, &row, err);
        if (rc != DBK_OK)
            break;
    }
    dbk_sql_close(&q);
    return rc;
}

dbk_rc dbk_lost_waiting(dbk_store *store, dbk_lost_count *out, dbk_rowid space, dbk_err *err)
{
    dbk_sql q;
    bool row = false;
    *out = (dbk_lost_count){ 0 };
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_LOST_WAITING,
                             "SELECT coalesce(sum(f.own),0),coalesce(sum(1-f.own),0),"
                             "coalesce(sum(f.own*s.count),0) FROM segment s JOIN feed f"
                             " ON f.id=s.feed WHERE s.id IN (SELECT segment FROM lost)"
                             " AND s.space=?1 AND s.log_index IS NULL",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, space);
    rc = dbk_sql_next(&q, &row, err);
    if (rc == DBK_OK && row) {
        out->own = dbk_sql_uint(&q, 0);
        out->others = dbk_sql_uint(&q, 1);
        out->own_ops = dbk_sql_uint(&q, 2);
    }
    dbk_sql_close(&q);
    return rc;
}
