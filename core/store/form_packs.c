#include "core/store/form_packs.h"

#include "core/store/sql.h"

dbk_rc dbk_form_packs_add(dbk_store *store, dbk_store_form_pack *row, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_FORM_PACK_ADD,
                             "INSERT INTO form_pack(hash,installed_ms,bytes) VALUES(?1,?2,?3)",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_blob(&q, 1, dbk_span_of(row->hash.b, sizeof(row->hash.b)));
    dbk_sql_bind_uint(&q, 2, row->installed_ms);
    dbk_sql_bind_blob(&q, 3, row->bytes);
    rc = dbk_sql_run(&q, err);
    if (rc == DBK_OK)
        row->id = sqlite3_last_insert_rowid(store->db);
    return rc;
}

dbk_rc dbk_form_packs_has(dbk_store *store, bool *yes, const dbk_hash *hash, dbk_err *err)
{
    dbk_sql q;
    *yes = false;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_FORM_PACK_HAS,
                             "SELECT 1 FROM form_pack WHERE hash=?1", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_blob(&q, 1, dbk_span_of(hash->b, sizeof(hash->b)));
    rc = dbk_sql_next(&q, yes, err);
    dbk_sql_close(&q);
    return rc;
}

dbk_rc dbk_form_packs_each(dbk_store *store, dbk_store_form_pack_fn fn, void *ctx, dbk_err *err)
{
    dbk_sql q;
    bool there = true;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_FORM_PACK_EACH,
                             "SELECT id,hash,installed_ms,bytes FROM form_pack ORDER BY id", err);
    if (rc != DBK_OK)
        return rc;
    while (rc == DBK_OK) {
        rc = dbk_sql_next(&q, &there, err);
        if (rc != DBK_OK || !there)
            break;
        dbk_store_form_pack row = { .id = dbk_sql_int(&q, 0), .installed_ms = dbk_sql_uint(&q, 2) };
        dbk_sql_copy(&q, 1, row.hash.b, sizeof(row.hash.b));
        row.bytes = dbk_sql_blob(&q, 3);
        rc = dbk_sql_read_all(&q, err);
        if (rc == DBK_OK)
            rc = fn(ctx, &row, err);
    }
    dbk_sql_close(&q);
    return rc;
}
