#include "core/store/persons.h"

#include "core/store/sql.h"

dbk_rc dbk_person_keys_clear(dbk_store *store, dbk_rowid record, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_PERSON_KEY_CLEAR,
                             "DELETE FROM person_key WHERE record=?1", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, record);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_person_keys_add(dbk_store *store, dbk_rowid record, const char *key, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_PERSON_KEY_ADD,
                             "INSERT OR IGNORE INTO person_key(key,record) VALUES(?1,?2)", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_text(&q, 1, dbk_span_str(key));
    dbk_sql_bind_int(&q, 2, record);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_person_keys_find(dbk_store *store, dbk_rowid *out, size_t *count, size_t max,
                            const char *key, dbk_err *err)
{
    dbk_sql q;
    bool row = true;
    *count = 0;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_PERSON_KEY_FIND,
                             "SELECT record FROM person_key WHERE key=?1 ORDER BY record LIMIT ?2",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_text(&q, 1, dbk_span_str(key));
    dbk_sql_bind_int(&q, 2, (int64_t)max);
    while (rc == DBK_OK && row) {
        rc = dbk_sql_next(&q, &row, err);
        if (rc == DBK_OK && row && *count < max)
            out[(*count)++] = dbk_sql_int(&q, 0);
    }
    dbk_sql_close(&q);
    return rc;
}
