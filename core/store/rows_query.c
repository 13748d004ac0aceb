#include "core/store/rows_query.h"

#include "core/store/sql.h"

/* The first column of the first row; 0 without a row. Closes the statement. */
static dbk_rc ask_number(dbk_sql *q, uint64_t *out, dbk_err *err)
{
    bool row = false;
    dbk_rc rc = dbk_sql_next(q, &row, err);
    *out = rc == DBK_OK && row ? dbk_sql_uint(q, 0) : 0;
    dbk_sql_close(q);
    return rc;
}

dbk_rc dbk_ops_has(dbk_store *store, bool *yes, const dbk_store_op *row, dbk_err *err)
{
    dbk_sql q;
    uint64_t found = 0;
    *yes = false;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_OP_HAS,
                             "SELECT 1 FROM op WHERE record=?1 AND segment=?2 AND place=?3", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, row->record);
    dbk_sql_bind_int(&q, 2, row->segment);
    dbk_sql_bind_int(&q, 3, row->place);
    rc = ask_number(&q, &found, err);
    *yes = found != 0;
    return rc;
}

dbk_rc dbk_ops_count(dbk_store *store, uint64_t *count, dbk_rowid space, dbk_err *err)
{
    dbk_sql q;
    *count = 0;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_OP_COUNT,
                             "SELECT count(*) FROM record INDEXED BY record_id"
                             " JOIN op ON op.record=record.id WHERE record.space=?1",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, space);
    return ask_number(&q, count, err);
}

dbk_rc dbk_segments_any_pending(dbk_store *store, bool *yes, dbk_rowid space, dbk_err *err)
{
    dbk_sql q;
    uint64_t found = 0;
    *yes = false;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SEGMENT_ANY_PENDING,
                             "SELECT 1 FROM segment INDEXED BY segment_pending"
                             " WHERE status=1 AND space=?1 LIMIT 1",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, space);
    rc = ask_number(&q, &found, err);
    *yes = found != 0;
    return rc;
}

dbk_rc dbk_segments_adopt(dbk_store *store, dbk_rowid id, const dbk_segment_home *home,
                          dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SEGMENT_ADOPT,
                             "UPDATE segment SET feed=?2,first_seq=?3,count=?4 WHERE id=?1", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, id);
    dbk_sql_bind_int(&q, 2, home->feed);
    dbk_sql_bind_uint(&q, 3, home->first_seq);
    dbk_sql_bind_int(&q, 4, home->count);
    return dbk_sql_run(&q, err);
}
