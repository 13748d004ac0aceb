#include "core/store/nodes.h"

#include "core/store/sql.h"

dbk_rc dbk_nodes_put(dbk_store *store, const dbk_id *log, const dbk_store_node *row, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_NODE_PUT,
                             "INSERT OR REPLACE INTO node VALUES(?1,?2,?3,?4)", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_id(&q, 1, log);
    dbk_sql_bind_int(&q, 2, row->level);
    dbk_sql_bind_uint(&q, 3, row->place);
    dbk_sql_bind_blob(&q, 4, dbk_span_of(row->node.b, sizeof(row->node.b)));
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_nodes_rename(dbk_store *store, const dbk_id *from, const dbk_id *to, uint64_t size,
                        dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_NODE_RENAME,
                             "UPDATE OR REPLACE node SET log=?2 WHERE log=?1"
                             " AND ((place+1)<<level)<=?3",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_id(&q, 1, from);
    dbk_sql_bind_id(&q, 2, to);
    dbk_sql_bind_uint(&q, 3, size);
    rc = dbk_sql_run(&q, err);
    if (rc == DBK_OK)
        rc = dbk_sql_open(&q, store, DBK_SQL_NODE_FORGET, "DELETE FROM node WHERE log=?1", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_id(&q, 1, from);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_nodes_each(dbk_store *store, const dbk_id *log, const dbk_store_node *from,
                      uint64_t count, dbk_store_node_fn fn, void *ctx, dbk_err *err)
{
    dbk_sql q;
    bool row = true;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_NODE_EACH,
                             "SELECT level,place,node FROM node WHERE log=?1 AND level=?2"
                             " AND place>=?3 ORDER BY place LIMIT ?4",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_id(&q, 1, log);
    dbk_sql_bind_int(&q, 2, from->level);
    dbk_sql_bind_uint(&q, 3, from->place);
    dbk_sql_bind_uint(&q, 4, count);
    while (rc == DBK_OK && row) {
        rc = dbk_sql_next(&q, &row, err);
        if (rc != DBK_OK || !row)
            break;
        dbk_store_node node = { .level = (unsigned)dbk_sql_uint(&q, 0),
                                .place = dbk_sql_uint(&q, 1) };
        dbk_sql_copy(&q, 2, node.node.b, sizeof(node.node.b));
        rc = dbk_sql_read_all(&q, err);
        if (rc == DBK_OK)
            rc = fn(ctx, &node, err);
    }
    dbk_sql_close(&q);
    return rc;
}
