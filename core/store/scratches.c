#include "core/store/scratches.h"

#include "core/store/sql.h"

dbk_rc dbk_scratches_put(dbk_store *store, const dbk_store_scratch *row, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SCRATCH_PUT,
                             "INSERT OR REPLACE INTO scratch(name,at_ms,text) VALUES(?1,?2,?3)",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_text(&q, 1, row->name);
    dbk_sql_bind_uint(&q, 2, row->at_ms);
    dbk_sql_bind_text(&q, 3, row->text);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_scratches_drop(dbk_store *store, dbk_span name, dbk_err *err)
{
    dbk_sql q;
    /* 0 follows / in ASCII. */
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SCRATCH_DROP,
                             "DELETE FROM scratch WHERE name=?1 OR "
                             "(name>=?1||'/' AND name<?1||'0')",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_text(&q, 1, name);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_scratches_count(dbk_store *store, uint64_t *count, dbk_span but, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SCRATCH_COUNT,
                             "SELECT count(*) FROM scratch WHERE name<>?1", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_text(&q, 1, but);
    return dbk_sql_count(&q, count, err);
}

dbk_rc dbk_scratches_each(dbk_store *store, dbk_store_scratch_fn fn, void *ctx, dbk_err *err)
{
    dbk_sql q;
    bool there = true;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SCRATCH_EACH,
                             "SELECT name,at_ms,text FROM scratch ORDER BY name", err);
    if (rc != DBK_OK)
        return rc;
    while (rc == DBK_OK) {
        rc = dbk_sql_next(&q, &there, err);
        if (rc != DBK_OK || !there)
            break;
        const dbk_store_scratch row = { .name = dbk_sql_text(&q, 0),
                                        .at_ms = dbk_sql_uint(&q, 1),
                                        .text = dbk_sql_text(&q, 2) };
        rc = dbk_sql_read_all(&q, err);
        if (rc == DBK_OK)
            rc = fn(ctx, &row, err);
    }
    dbk_sql_close(&q);
    return rc;
}
