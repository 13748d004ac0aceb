#include "core/store/deeds.h"

#include "core/store/records_sql.h"

dbk_rc dbk_deeds_add(dbk_store *store, dbk_rowid record, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_DEED_ADD,
                             "INSERT OR IGNORE INTO deed(record) VALUES(?1)", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, record);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_deeds_has(dbk_store *store, bool *has, dbk_rowid record, dbk_err *err)
{
    dbk_sql q;
    *has = false;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_DEED_HAS, "SELECT 1 FROM deed WHERE record=?1",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, record);
    rc = dbk_sql_next(&q, has, err);
    dbk_sql_close(&q);
    return rc;
}

dbk_rc dbk_deeds_latest(dbk_store *store, uint64_t since_ms, dbk_store_record_fn fn, void *ctx,
                        dbk_err *err)
{
    dbk_sql q;
    uint64_t count = 0;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_DEED_LATEST,
                             "SELECT " DBK_RECORD_COLUMNS ",NULL FROM record"
                             " WHERE record.id IN (SELECT record FROM deed) AND updated_ms>=?1"
                             " ORDER BY updated_ms DESC",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_uint(&q, 1, since_ms);
    return dbk_records_walk(&q, &count, fn, ctx, err);
}
