#include "core/store/disposals.h"

#include "core/store/sql.h"

dbk_rc dbk_disposals_put(dbk_store *store, const dbk_store_disposal *row, dbk_err *err)
{
    dbk_sql q;
    DBK_ASSERT(row->state != DBK_DISPOSAL_DUE);
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_DISPOSAL_PUT,
                             "INSERT OR REPLACE INTO disposal(seq,state,held) VALUES(?1,?2,?3)",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_uint(&q, 1, row->seq);
    dbk_sql_bind_int(&q, 2, row->state);
    dbk_sql_bind_uint(&q, 3, row->held);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_disposals_get(dbk_store *store, dbk_store_disposal *out, uint64_t seq, dbk_err *err)
{
    dbk_sql q;
    bool there = false;
    *out = (dbk_store_disposal){ .seq = seq, .state = DBK_DISPOSAL_DUE };
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_DISPOSAL_GET,
                             "SELECT state,held FROM disposal WHERE seq=?1", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_uint(&q, 1, seq);
    rc = dbk_sql_next(&q, &there, err);
    if (rc == DBK_OK && there) {
        out->state = (dbk_disposal_state)dbk_sql_int(&q, 0);
        out->held = dbk_sql_uint(&q, 1);
    }
    dbk_sql_close(&q);
    return rc;
}

dbk_rc dbk_disposals_count_done(dbk_store *store, uint64_t *count, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_DISPOSAL_COUNT,
                             "SELECT count(*) FROM disposal WHERE state=1", err);
    if (rc != DBK_OK)
        return rc;
    return dbk_sql_count(&q, count, err);
}
