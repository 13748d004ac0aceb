#include "core/store/feeds.h"

#include "core/store/sql.h"

dbk_rc dbk_spaces_add(dbk_store *store, dbk_store_space *row, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SPACE_ADD,
                             "INSERT INTO space(space,log,frontier,checkpoint)"
                             " VALUES(?1,?2,?3,?4)",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_id(&q, 1, &row->space);
    dbk_sql_bind_id(&q, 2, &row->log);
    dbk_sql_bind_blob(&q, 3, row->frontier);
    dbk_sql_bind_blob(&q, 4, row->checkpoint);
    rc = dbk_sql_run(&q, err);
    if (rc == DBK_OK)
        row->id = sqlite3_last_insert_rowid(store->db);
    return rc;
}

dbk_rc dbk_spaces_update(dbk_store *store, const dbk_store_space *row, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SPACE_UPDATE,
                             "UPDATE space SET log=?2,frontier=?3,checkpoint=?4 WHERE id=?1", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, row->id);
    dbk_sql_bind_id(&q, 2, &row->log);
    dbk_sql_bind_blob(&q, 3, row->frontier);
    dbk_sql_bind_blob(&q, 4, row->checkpoint);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_spaces_each(dbk_store *store, dbk_store_space_fn fn, void *ctx, dbk_err *err)
{
    dbk_sql q;
    bool more = true;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SPACE_EACH,
                             "SELECT id,space,log,frontier,checkpoint FROM space ORDER BY id", err);
    if (rc != DBK_OK)
        return rc;
    for (;;) {
        dbk_store_space row = { 0 };
        rc = dbk_sql_next(&q, &more, err);
        if (rc != DBK_OK || !more)
            break;
        row.id = dbk_sql_int(&q, 0);
        dbk_sql_copy(&q, 1, row.space.b, sizeof(row.space.b));
        dbk_sql_copy(&q, 2, row.log.b, sizeof(row.log.b));
        row.frontier = dbk_sql_blob(&q, 3);
        row.checkpoint = dbk_sql_blob(&q, 4);
        rc = dbk_sql_read_all(&q, err);
        if (rc == DBK_OK)
            rc = fn(ctx, &row, err);
        if (rc != DBK_OK)
            break;
    }
    dbk_sql_close(&q);
    return rc;
}

dbk_rc dbk_feeds_add(dbk_store *store, dbk_store_feed *row, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_FEED_ADD,
                             "INSERT INTO feed(feed,space,device,incarnation,own,last_seq,head,"
                             "receipted_seq,clock,left_seq) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_id(&q, 1, &row->feed);
    dbk_sql_bind_int(&q, 2, row->space);
    dbk_sql_bind_id(&q, 3, &row->device);
    dbk_sql_bind_id(&q, 4, &row->incarnation);
    dbk_sql_bind_int(&q, 5, row->own ? 1 : 0);
    dbk_sql_bind_uint(&q, 6, row->last_seq);
    dbk_sql_bind_blob(&q, 7, dbk_span_of(row->head.b, sizeof(row->head.b)));
    dbk_sql_bind_uint(&q, 8, row->receipted_seq);
    dbk_sql_bind_uint(&q, 9, row->clock);
    dbk_sql_bind_uint(&q, 10, row->left_seq);
    rc = dbk_sql_run(&q, err);
    if (rc == DBK_OK)
        row->id = sqlite3_last_insert_rowid(store->db);
    return rc;
}

dbk_rc dbk_feeds_update(dbk_store *store, const dbk_store_feed *row, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(
        &q, store, DBK_SQL_FEED_UPDATE,
        "UPDATE feed SET last_seq=?2,head=?3,receipted_seq=?4,clock=?5,left_seq=?6"
        " WHERE id=?1",
        err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, row->id);
    dbk_sql_bind_uint(&q, 2, row->last_seq);
    dbk_sql_bind_blob(&q, 3, dbk_span_of(row->head.b, sizeof(row->head.b)));
    dbk_sql_bind_uint(&q, 4, row->receipted_seq);
    dbk_sql_bind_uint(&q, 5, row->clock);
    dbk_sql_bind_uint(&q, 6, row->left_seq);
    return dbk_sql_run(&q, err);
}

static void read_feed(dbk_sql *q, dbk_store_feed *row)
{
    row->id = dbk_sql_int(q, 0);
    dbk_sql_copy(q, 1, row->feed.b, sizeof(row->feed.b));
    row->space = dbk_sql_int(q, 2);
    dbk_sql_copy(q, 3, row->device.b, sizeof(row->device.b));
    dbk_sql_copy(q, 4, row->incarnation.b, sizeof(row->incarnation.b));
    row->own = dbk_sql_int(q, 5) != 0;
    row->last_seq = dbk_sql_uint(q, 6);
    dbk_sql_copy(q, 7, row->head.b, sizeof(row->head.b));
    row->receipted_seq = dbk_sql_uint(q, 8);
    row->clock = dbk_sql_uint(q, 9);
    row->left_seq = dbk_sql_uint(q, 10);
}

dbk_rc dbk_feeds_each(dbk_store *store, dbk_store_feed_fn fn, void *ctx, dbk_err *err)
{
    dbk_sql q;
    bool more = true;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_FEED_EACH,
                             "SELECT id,feed,space,device,incarnation,own,last_seq,head,"
                             "receipted_seq,clock,left_seq FROM feed ORDER BY id",
                             err);
    if (rc != DBK_OK)
        return rc;
    for (;;) {
        dbk_store_feed row = { 0 };
        rc = dbk_sql_next(&q, &more, err);
        if (rc != DBK_OK || !more)
            break;
        read_feed(&q, &row);
        rc = dbk_sql_read_all(&q, err);
        if (rc == DBK_OK)
            rc = fn(ctx, &row, err);
        if (rc != DBK_OK)
            break;
    }
    dbk_sql_close(&q);
    return rc;
}
