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

/* ---- pairs ----------------------------------------------------------------------------------- */

dbk_rc dbk_alike_add(dbk_store *store, dbk_rowid a, dbk_rowid b, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_ALIKE_ADD,
                             "INSERT OR IGNORE INTO alike(later,earlier) VALUES(?1,?2)", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, a > b ? a : b);
    dbk_sql_bind_int(&q, 2, a > b ? b : a);
    return dbk_sql_run(&q, err);
}

static dbk_rc clear(dbk_store *store, dbk_sql_slot slot, const char *text, dbk_rowid record,
                    dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, slot, text, err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, record);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_alike_clear(dbk_store *store, dbk_rowid record, dbk_err *err)
{
    dbk_rc rc = clear(store, DBK_SQL_ALIKE_CLEAR, "DELETE FROM alike WHERE later=?1", record, err);
    if (rc == DBK_OK)
        rc = clear(store, DBK_SQL_ALIKE_CLEAR_EARLIER, "DELETE FROM alike WHERE earlier=?1", record,
                   err);
    return rc;
}

dbk_rc dbk_alike_each(dbk_store *store, const dbk_alike_pair *after, dbk_alike_fn fn, void *ctx,
                      dbk_err *err)
{
    dbk_sql q;
    bool more = true;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_ALIKE_EACH,
                             "SELECT later,earlier FROM alike WHERE (later,earlier)<(?1,?2)"
                             " ORDER BY later DESC,earlier DESC",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, after == NULL ? INT64_MAX : after->later);
    dbk_sql_bind_int(&q, 2, after == NULL ? INT64_MAX : after->earlier);
    while (rc == DBK_OK) {
        rc = dbk_sql_next(&q, &more, err);
        if (rc != DBK_OK || !more)
            break;
        const dbk_alike_pair pair = { dbk_sql_int(&q, 0), dbk_sql_int(&q, 1) };
        rc = fn(ctx, &pair, err);
    }
    dbk_sql_close(&q);
    return rc;
}
