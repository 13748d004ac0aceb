#include "core/store/segments.h"

#include "core/store/sql.h"

#define COLUMNS \
    "id,space,feed,first_seq,count,log_index,receipt_ms,receipt,status,reason,header,body,kept"

dbk_rc dbk_segments_add(dbk_store *store, dbk_store_segment *row, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SEGMENT_ADD,
                             "INSERT INTO segment(space,feed,first_seq,count,log_index,receipt_ms,"
                             "receipt,status,reason,header,body,kept)"
                             " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, row->space);
    dbk_sql_bind_int(&q, 2, row->feed);
    dbk_sql_bind_uint(&q, 3, row->first_seq);
    dbk_sql_bind_int(&q, 4, row->count);
    if (row->log.known) {
        dbk_sql_bind_uint(&q, 5, row->log.index);
        dbk_sql_bind_uint(&q, 6, row->log.receipt_ms);
    } else {
        dbk_sql_bind_null(&q, 5);
        dbk_sql_bind_null(&q, 6);
    }
    dbk_sql_bind_blob_or_null(&q, 7, row->receipt);
    dbk_sql_bind_int(&q, 8, row->status);
    if (row->reason.len > 0)
        dbk_sql_bind_text(&q, 9, row->reason);
    else
        dbk_sql_bind_null(&q, 9);
    dbk_sql_bind_blob(&q, 10, row->header);
    dbk_sql_bind_blob(&q, 11, row->body);
    dbk_sql_bind_int(&q, 12, row->kept ? 1 : 0);
    rc = dbk_sql_run(&q, err);
    if (rc == DBK_OK)
        row->id = sqlite3_last_insert_rowid(store->db);
    return rc;
}

dbk_rc dbk_segments_set_log(dbk_store *store, dbk_rowid id, const dbk_store_place *place,
                            dbk_span receipt, dbk_err *err)
{
    dbk_sql q;
    DBK_ASSERT(place->known);
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SEGMENT_SET_LOG,
                             "UPDATE segment SET log_index=?2,receipt_ms=?3,"
                             "receipt=coalesce(?4,receipt) WHERE id=?1",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, id);
    dbk_sql_bind_uint(&q, 2, place->index);
    dbk_sql_bind_uint(&q, 3, place->receipt_ms);
    dbk_sql_bind_blob_or_null(&q, 4, receipt);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_segments_set_status(dbk_store *store, dbk_rowid id, dbk_segment_status status,
                               dbk_span reason, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SEGMENT_SET_STATUS,
                             "UPDATE segment SET status=?2,reason=?3 WHERE id=?1", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, id);
    dbk_sql_bind_int(&q, 2, status);
    if (reason.len > 0)
        dbk_sql_bind_text(&q, 3, reason);
    else
        dbk_sql_bind_null(&q, 3);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_segments_put_body(dbk_store *store, dbk_rowid id, dbk_span body, bool kept, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SEGMENT_BODY,
                             "UPDATE segment SET body=?2,kept=?3 WHERE id=?1", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, id);
    dbk_sql_bind_blob(&q, 2, body);
    dbk_sql_bind_int(&q, 3, kept ? 1 : 0);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_segments_bare(dbk_store *store, dbk_store_bare *out, dbk_rowid space, dbk_err *err)
{
    dbk_sql q;
    bool row = false;
    *out = (dbk_store_bare){ 0 };
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SEGMENT_BARE,
                             "SELECT count(*),min(log_index),max(log_index)+1 FROM segment"
                             " WHERE space=?1 AND body=x''",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, space);
    rc = dbk_sql_next(&q, &row, err);
    if (rc == DBK_OK && row)
        *out = (dbk_store_bare){ dbk_sql_uint(&q, 0), dbk_sql_uint(&q, 1), dbk_sql_uint(&q, 2) };
    dbk_sql_close(&q);
    return rc;
}

dbk_rc dbk_segments_del(dbk_store *store, dbk_rowid id, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SEGMENT_DEL, "DELETE FROM segment WHERE id=?1",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, id);
    return dbk_sql_run(&q, err);
}

static void read_row(dbk_sql *q, dbk_store_segment *row)
{
    row->id = dbk_sql_int(q, 0);
    row->space = dbk_sql_int(q, 1);
    row->feed = dbk_sql_int(q, 2);
    row->first_seq = dbk_sql_uint(q, 3);
    row->count = (uint32_t)dbk_sql_uint(q, 4);
    row->log.known = !dbk_sql_is_null(q, 5);
    row->log.index = dbk_sql_uint(q, 5);
    row->log.receipt_ms = dbk_sql_uint(q, 6);
    row->receipt = dbk_sql_blob(q, 7);
    row->status = (dbk_segment_status)dbk_sql_int(q, 8);
    row->reason = dbk_sql_text(q, 9);
    row->header = dbk_sql_blob(q, 10);
    row->body = dbk_sql_blob(q, 11);
    row->kept = dbk_sql_int(q, 12) != 0;
}

/* Calls fn for each row of a statement that is bound; closes it. */
static dbk_rc walk(dbk_sql *q, uint64_t *count, dbk_store_segment_fn fn, void *ctx, dbk_err *err)
{
    bool more = true;
    dbk_rc rc;
    *count = 0;
    for (;;) {
        dbk_store_segment row = { 0 };
        rc = dbk_sql_next(q, &more, err);
        if (rc != DBK_OK || !more)
            break;
        read_row(q, &row);
        rc = dbk_sql_read_all(q, err);
        if (rc == DBK_OK)
            rc = fn(ctx, &row, err);
        if (rc != DBK_OK)
            break;
        (*count)++;
    }
    dbk_sql_close(q);
    return rc;
}

dbk_rc dbk_segments_get(dbk_store *store, dbk_rowid id, dbk_store_segment_fn fn, void *ctx,
                        dbk_err *err)
{
    dbk_sql q;
    uint64_t found = 0;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SEGMENT_GET,
                             "SELECT " COLUMNS " FROM segment WHERE id=?1", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, id);
    rc = walk(&q, &found, fn, ctx, err);
    if (rc == DBK_OK && found == 0)
        rc = dbk_fail(err, DBK_NOT_FOUND, "the store has no such segment");
    return rc;
}

/* Of the segments that begin at or before seq the last; the caller looks whether it reaches. */
#define AT_OR_BEFORE " FROM segment WHERE feed=?1 AND first_seq<=?2 ORDER BY first_seq DESC LIMIT 1"

typedef struct at_walk {
    uint64_t seq;
    bool found;
    dbk_store_segment_fn fn;
    void *ctx;
} at_walk;

static dbk_rc at_row(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    at_walk *w = ctx;
    if (w->seq - row->first_seq >= row->count)
        return DBK_OK;
    w->found = true;
    return w->fn(w->ctx, row, err);
}

dbk_rc dbk_segments_at(dbk_store *store, dbk_rowid feed, uint64_t seq, dbk_store_segment_fn fn,
                       void *ctx, dbk_err *err)
{
    dbk_sql q;
    uint64_t count = 0;
    at_walk w = { seq, false, fn, ctx };
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SEGMENT_AT, "SELECT " COLUMNS AT_OR_BEFORE, err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, feed);
    dbk_sql_bind_uint(&q, 2, seq);
    rc = walk(&q, &count, at_row, &w, err);
    if (rc == DBK_OK && !w.found)
        rc = dbk_fail(err, DBK_NOT_FOUND, "the feed has no segment with this op");
    return rc;
}

dbk_rc dbk_segments_place(dbk_store *store, dbk_store_segment_place *out, dbk_rowid feed,
                          uint64_t seq, dbk_err *err)
{
    dbk_sql q;
    bool row = false;
    *out = (dbk_store_segment_place){ 0 };
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SEGMENT_PLACE,
                             "SELECT id,first_seq,count,log_index,receipt_ms,status" AT_OR_BEFORE,
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, feed);
    dbk_sql_bind_uint(&q, 2, seq);
    rc = dbk_sql_next(&q, &row, err);
    if (rc == DBK_OK && row) {
        out->id = dbk_sql_int(&q, 0);
        out->first_seq = dbk_sql_uint(&q, 1);
        out->count = (uint32_t)dbk_sql_uint(&q, 2);
        out->log.known = !dbk_sql_is_null(&q, 3);
        out->log.index = dbk_sql_uint(&q, 3);
        out->log.receipt_ms = dbk_sql_uint(&q, 4);
        out->status = (dbk_segment_status)dbk_sql_int(&q, 5);
    }
    if (rc == DBK_OK && (!row || seq - out->first_seq >= out->count)) {
        *out = (dbk_store_segment_place){ 0 };
        rc = dbk_fail(err, DBK_NOT_FOUND, "the feed has no segment with this op");
    }
    dbk_sql_close(&q);
    return rc;
}

dbk_rc dbk_segments_of_feed(dbk_store *store, dbk_rowid feed, uint64_t from_seq, uint64_t limit,
                            dbk_store_segment_fn fn, void *ctx, dbk_err *err)
{
    dbk_sql q;
    uint64_t count = 0;
    /* The segment that holds from_seq may begin before it. */
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SEGMENT_OF_FEED,
                             "SELECT " COLUMNS " FROM segment WHERE feed=?1 AND first_seq>="
                             "coalesce((SELECT first_seq FROM segment WHERE feed=?1"
                             " AND first_seq<=?2 AND first_seq+count>?2"
                             " ORDER BY first_seq DESC LIMIT 1),?2)"
                             " ORDER BY first_seq LIMIT ?3",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, feed);
    dbk_sql_bind_uint(&q, 2, from_seq);
    dbk_sql_bind_int(&q, 3, limit == 0 || limit > INT64_MAX ? -1 : (int64_t)limit);
    return walk(&q, &count, fn, ctx, err);
}

/* The walks over a space differ in what they pick and in their order. */
static dbk_rc walk_space(dbk_store *store, dbk_sql_slot slot, const char *text, dbk_rowid space,
                         uint64_t from, dbk_store_segment_fn fn, void *ctx, dbk_err *err)
{
    dbk_sql q;
    uint64_t count = 0;
    dbk_rc rc = dbk_sql_open(&q, store, slot, text, err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, space);
    dbk_sql_bind_uint(&q, 2, from);
    return walk(&q, &count, fn, ctx, err);
}

dbk_rc dbk_segments_of_space(dbk_store *store, dbk_rowid space, dbk_store_segment_fn fn, void *ctx,
                             dbk_err *err)
{
    dbk_sql q;
    uint64_t count = 0;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SEGMENT_OF_SPACE,
                             "SELECT " COLUMNS " FROM segment WHERE feed IN"
                             " (SELECT id FROM feed WHERE space=?1) ORDER BY feed,first_seq",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, space);
    return walk(&q, &count, fn, ctx, err);
}

dbk_rc dbk_segments_by_log(dbk_store *store, dbk_rowid space, uint64_t from,
                           dbk_store_segment_fn fn, void *ctx, dbk_err *err)
{
    return walk_space(store, DBK_SQL_SEGMENT_BY_LOG,
                      "SELECT " COLUMNS " FROM segment WHERE space=?1 AND log_index>=?2"
                      " ORDER BY log_index",
                      space, from, fn, ctx, err);
}

dbk_rc dbk_segments_placeless_feeds(dbk_store *store, dbk_rowid space, dbk_placeless_fn fn,
                                    void *ctx, dbk_err *err)
{
    dbk_sql q;
    bool more = true;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SEGMENT_PLACELESS_FEEDS,
                             "SELECT feed,count(*) FROM segment INDEXED BY segment_placeless"
                             " WHERE log_index IS NULL AND space=?1 AND feed IN"
                             " (SELECT id FROM feed WHERE space=?1 AND own=0) GROUP BY feed",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, space);
    while (rc == DBK_OK) {
        rc = dbk_sql_next(&q, &more, err);
        if (rc != DBK_OK || !more)
            break;
        rc = fn(ctx, dbk_sql_int(&q, 0), dbk_sql_uint(&q, 1), err);
    }
    dbk_sql_close(&q);
    return rc;
}

dbk_rc dbk_segments_placeless(dbk_store *store, dbk_rowid feed, uint64_t skip,
                              dbk_store_segment_fn fn, void *ctx, dbk_err *err)
{
    return walk_space(store, DBK_SQL_SEGMENT_PLACELESS,
                      "SELECT " COLUMNS " FROM segment WHERE feed=?1 AND log_index IS NULL"
                      " ORDER BY first_seq LIMIT -1 OFFSET ?2",
                      feed, skip, fn, ctx, err);
}

dbk_rc dbk_segments_pending(dbk_store *store, dbk_rowid space, dbk_store_segment_fn fn, void *ctx,
                            dbk_err *err)
{
    return walk_space(store, DBK_SQL_SEGMENT_PENDING,
                      "SELECT " COLUMNS " FROM segment WHERE status=1 AND space=?1 AND id>?2"
                      " ORDER BY id",
                      space, 0, fn, ctx, err);
}

dbk_rc dbk_segments_noted(dbk_store *store, dbk_rowid space, dbk_store_segment_fn fn, void *ctx,
                          dbk_err *err)
{
    return walk_space(store, DBK_SQL_SEGMENT_NOTED,
                      "SELECT " COLUMNS " FROM segment INDEXED BY segment_noted"
                      " WHERE status=0 AND reason IS NOT NULL AND space=?1 AND id>?2 ORDER BY id",
                      space, 0, fn, ctx, err);
}

/* A feed's segments have no gap, so its last seq is the number of its ops: no segment is read.
 * Segments that stand aside (a feed without a device) count as segments only. */
dbk_rc dbk_segments_count(dbk_store *store, dbk_segment_totals *out, dbk_rowid space, dbk_err *err)
{
    dbk_sql q;
    bool row = false;
    *out = (dbk_segment_totals){ 0 };
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SEGMENT_COUNT,
                             "SELECT (SELECT count(*) FROM segment WHERE feed IN"
                             " (SELECT id FROM feed WHERE space=?1)),"
                             "(SELECT sum(last_seq) FROM feed WHERE space=?1"
                             " AND device<>zeroblob(16)),"
                             "(SELECT count(*) FROM segment WHERE status=1 AND space=?1)",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, space);
    rc = dbk_sql_next(&q, &row, err);
    if (rc == DBK_OK && row) {
        out->segments = dbk_sql_uint(&q, 0);
        out->ops = dbk_sql_uint(&q, 1);
        out->pending = dbk_sql_uint(&q, 2);
    }
    dbk_sql_close(&q);
    return rc;
}
