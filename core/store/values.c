#include "core/store/values.h"

#include "core/store/sql.h"

dbk_rc dbk_values_clear(dbk_store *store, dbk_rowid record, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_VALUE_CLEAR,
                             "DELETE FROM value_key WHERE record=?1", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, record);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_values_add(dbk_store *store, int64_t key, const dbk_store_record *row, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_VALUE_ADD,
                             "INSERT OR IGNORE INTO value_key(key,when_ms,record)"
                             " VALUES(?1,?2,?3)",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, key);
    dbk_sql_bind_int(&q, 2, row->when_ms);
    dbk_sql_bind_int(&q, 3, row->id);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_values_of(dbk_store *store, int64_t *out, size_t *count, bool *others,
                     const dbk_store_record *row, dbk_err *err)
{
    dbk_sql q;
    bool more = true;
    *count = 0;
    *others = false;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_VALUE_OF,
                             "SELECT key,when_ms FROM value_key INDEXED BY value_key_record"
                             " WHERE record=?1 ORDER BY key LIMIT ?2",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, row->id);
    dbk_sql_bind_int(&q, 2, DBK_VALUES_KEYS_MAX + 1);
    for (;;) {
        rc = dbk_sql_next(&q, &more, err);
        if (rc != DBK_OK || !more)
            break;
        DBK_ASSERT(*count <= DBK_VALUES_KEYS_MAX);
        out[(*count)++] = dbk_sql_int(&q, 0);
        *others = *others || dbk_sql_int(&q, 1) != row->when_ms;
    }
    dbk_sql_close(&q);
    return rc;
}

dbk_rc dbk_values_count(dbk_store *store, uint64_t *count, int64_t key, uint64_t max, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_VALUE_COUNT,
                             "SELECT count(*) FROM"
                             " (SELECT 1 FROM value_key WHERE key=?1 LIMIT ?2)",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, key);
    dbk_sql_bind_uint(&q, 2, max);
    return dbk_sql_count(&q, count, err);
}

/* Each part is in order as it stands in the table, and they are merged as they are read: who stops
 * after a page has read a page. */
#define PART(key)                                                            \
    "SELECT when_ms,record FROM value_key WHERE key=" key " AND when_ms>=?3" \
    " AND when_ms<=?4 AND (when_ms<?4 OR record<?5)"

dbk_rc dbk_values_find(dbk_store *store, const dbk_values_ask *ask, dbk_values_fn fn, void *ctx,
                       dbk_err *err)
{
    dbk_sql q;
    bool row = true;
    dbk_rc rc = dbk_sql_open(
        &q, store, DBK_SQL_VALUE_FIND,
        PART("?1") " UNION " PART("?2") " UNION " PART("0") " ORDER BY when_ms DESC,record DESC",
        err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, ask->keys[0]);
    dbk_sql_bind_int(&q, 2, ask->keys[1]);
    dbk_sql_bind_int(&q, 3, ask->since_ms);
    dbk_sql_bind_int(&q, 4, ask->after == NULL ? INT64_MAX : ask->after->when_ms);
    dbk_sql_bind_int(&q, 5, ask->after == NULL ? INT64_MAX : ask->after->id);
    while (rc == DBK_OK && row) {
        rc = dbk_sql_next(&q, &row, err);
        if (rc == DBK_OK && row)
            rc = fn(ctx, dbk_sql_int(&q, 1), err);
    }
    dbk_sql_close(&q);
    return rc;
}
