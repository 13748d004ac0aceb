#include "core/store/chain.h"

#include "core/store/sql.h"

dbk_rc dbk_chain_add(dbk_store *store, uint64_t seq, const dbk_hash *hash, dbk_span entry,
                     dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_CHAIN_ADD, "INSERT INTO member VALUES(?1,?2,?3)",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_uint(&q, 1, seq);
    dbk_sql_bind_blob(&q, 2, dbk_span_of(hash->b, sizeof(hash->b)));
    dbk_sql_bind_blob(&q, 3, entry);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_chain_count(dbk_store *store, uint64_t *count, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_CHAIN_COUNT, "SELECT count(*) FROM member", err);
    if (rc != DBK_OK)
        return rc;
    return dbk_sql_count(&q, count, err);
}

dbk_rc dbk_chain_hash(dbk_store *store, dbk_hash *out, uint64_t seq, dbk_err *err)
{
    dbk_sql q;
    bool row = false;
    *out = (dbk_hash){ { 0 } };
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_CHAIN_HASH, "SELECT hash FROM member WHERE seq=?1",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_uint(&q, 1, seq);
    rc = dbk_sql_next(&q, &row, err);
    if (rc == DBK_OK && !row)
        rc = dbk_fail(err, DBK_NOT_FOUND, "the membership chain has no such entry");
    if (rc == DBK_OK) {
        dbk_sql_copy(&q, 0, out->b, sizeof(out->b));
        rc = dbk_sql_read_all(&q, err);
    }
    dbk_sql_close(&q);
    return rc;
}

dbk_rc dbk_chain_each(dbk_store *store, uint64_t from, dbk_chain_fn fn, void *ctx, dbk_err *err)
{
    dbk_sql q;
    bool row = true;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_CHAIN_EACH,
                             "SELECT seq,bytes FROM member WHERE seq>=?1 ORDER BY seq", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_uint(&q, 1, from);
    for (;;) {
        rc = dbk_sql_next(&q, &row, err);
        if (rc != DBK_OK || !row)
            break;
        dbk_span entry = dbk_sql_blob(&q, 1);
        rc = dbk_sql_read_all(&q, err);
        if (rc == DBK_OK)
            rc = fn(ctx, dbk_sql_uint(&q, 0), entry, err);
        if (rc != DBK_OK)
            break;
    }
    dbk_sql_close(&q);
    return rc;
}
