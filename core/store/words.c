/* Full-text search: the FTS5 half of records.h. */
#include <string.h>

#include "core/store/records_sql.h"

dbk_rc dbk_words_put(dbk_store *store, dbk_rowid record, dbk_span words, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_WORDS_PUT,
                             "INSERT OR REPLACE INTO words(rowid,text) VALUES(?1,?2)", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, record);
    dbk_sql_bind_text(&q, 2, words);
    rc = dbk_sql_run(&q, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_sql_open(&q, store, DBK_SQL_WORDS_MARK, "UPDATE record SET indexed=1 WHERE id=?1",
                      err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, record);
    return dbk_sql_run(&q, err);
}

static int64_t limit_of(uint64_t limit)
{
    return limit == 0 || limit > INT64_MAX ? -1 : (int64_t)limit;
}

static dbk_rc delete_row(dbk_store *store, dbk_sql_slot slot, const char *text, dbk_rowid id,
                         dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, slot, text, err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, id);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_records_del(dbk_store *store, dbk_rowid id, dbk_err *err)
{
    dbk_rc rc = delete_row(store, DBK_SQL_WORDS_DEL, "DELETE FROM words WHERE rowid=?1", id, err);
    if (rc == DBK_OK)
        rc = delete_row(store, DBK_SQL_RECORD_DEL, "DELETE FROM record WHERE id=?1", id, err);
    return rc;
}

dbk_rc dbk_words_forget(dbk_store *store, dbk_err *err)
{
    return dbk_sql_exec(store, "INSERT INTO words(words) VALUES('optimize')", err);
}

dbk_rc dbk_words_waiting(dbk_store *store, uint64_t limit, dbk_store_record_fn fn, void *ctx,
                         dbk_err *err)
{
    dbk_sql q;
    uint64_t count = 0;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_WORDS_WAITING,
                             "SELECT " DBK_RECORD_COLUMNS ",state FROM record"
                             " INDEXED BY record_waiting WHERE indexed=0 ORDER BY id LIMIT ?1",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, limit_of(limit));
    return dbk_records_walk(&q, &count, fn, ctx, err);
}

dbk_rc dbk_words_waiting_count(dbk_store *store, uint64_t *count, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_WORDS_WAITING_COUNT,
                             "SELECT count(*) FROM record INDEXED BY record_waiting"
                             " WHERE indexed=0",
                             err);
    if (rc != DBK_OK)
        return rc;
    return dbk_sql_count(&q, count, err);
}

dbk_rc dbk_words_search(dbk_store *store, const char *match, uint64_t limit, dbk_store_record_fn fn,
                        void *ctx, dbk_err *err)
{
    dbk_sql q;
    uint64_t count = 0;
    dbk_err inner = { 0 };
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_WORDS_SEARCH,
                             "SELECT " DBK_RECORD_COLUMNS ",record.state FROM words"
                             " JOIN record ON record.id=words.rowid WHERE words MATCH ?1"
                             " ORDER BY words.rank LIMIT ?2",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_text(&q, 1, dbk_span_str(match));
    dbk_sql_bind_int(&q, 2, limit_of(limit));
    rc = dbk_records_walk(&q, &count, fn, ctx, &inner);
    /* The same code stands for a damaged page: only FTS5 itself speaks like this. */
    if (rc == DBK_DAMAGED && strncmp(sqlite3_errmsg(store->db), "fts5:", 5) == 0)
        return dbk_fail(err, DBK_INVALID, "these words can't be searched for");
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", inner.text);
}
