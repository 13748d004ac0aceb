#include "core/store/rows_query.h"

#include "core/store/records_sql.h"

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

/* From the records on: those of the log are few, and have an index of their own. */
dbk_rc dbk_ops_count_of_log(dbk_store *store, uint64_t *count, const dbk_ops_of_log *of,
                            dbk_err *err)
{
    dbk_sql q;
    *count = 0;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_OP_COUNT_OF_LOG,
                             "SELECT count(*) FROM record INDEXED BY record_log"
                             " CROSS JOIN op ON op.record=record.id"
                             " CROSS JOIN segment ON segment.id=op.segment WHERE"
                             " record.form='audit' AND segment.feed=?1 AND segment.first_seq>=?2",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, of->feed);
    dbk_sql_bind_uint(&q, 2, of->from);
    return ask_number(&q, count, err);
}

dbk_rc dbk_records_place(dbk_store *store, dbk_store_place *out, dbk_rowid record, dbk_err *err)
{
    dbk_sql q;
    uint64_t found = 0;
    *out = (dbk_store_place){ 0 };
    /* The index plus one: 0 is "not there". */
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_RECORD_PLACE,
                             "SELECT coalesce(segment.log_index+1,0) FROM op"
                             " CROSS JOIN segment ON segment.id=op.segment"
                             " CROSS JOIN feed ON feed.id=segment.feed WHERE op.record=?1"
                             " ORDER BY feed.own DESC,op.segment DESC LIMIT 1",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, record);
    rc = ask_number(&q, &found, err);
    if (rc == DBK_OK && found > 0)
        *out = (dbk_store_place){ .known = true, .index = found - 1 };
    return rc;
}

dbk_rc dbk_segments_tally(dbk_store *store, dbk_segment_tally *out, dbk_bytes *reason,
                          dbk_rowid space, dbk_rowid aside, dbk_err *err)
{
    dbk_sql q;
    bool row = false;
    *out = (dbk_segment_tally){ 0 };
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SEGMENT_TALLY,
                             "SELECT (SELECT count(*) FROM feed CROSS JOIN segment"
                             " INDEXED BY segment_feed ON segment.feed=feed.id"
                             " WHERE feed.space=?1),"
                             "(SELECT count(*) FROM segment INDEXED BY segment_pending"
                             " WHERE status=1 AND space=?1)-"
                             "(SELECT count(*) FROM segment INDEXED BY segment_feed"
                             " WHERE feed=?2),"
                             "(SELECT reason FROM segment INDEXED BY segment_pending"
                             " WHERE status=1 AND space=?1 AND feed<>?2 ORDER BY id LIMIT 1)",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, space);
    dbk_sql_bind_int(&q, 2, aside);
    rc = dbk_sql_next(&q, &row, err);
    if (rc == DBK_OK && row) {
        out->segments = dbk_sql_uint(&q, 0);
        out->pending = dbk_sql_uint(&q, 1);
        rc = dbk_bytes_append(reason, dbk_sql_text(&q, 2), err);
    }
    dbk_sql_close(&q);
    return rc;
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

dbk_rc dbk_segments_newest_receipt(dbk_store *store, uint64_t *ms, dbk_rowid space, dbk_err *err)
{
    dbk_sql q;
    *ms = 0;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SEGMENT_NEWEST,
                             "SELECT receipt_ms FROM segment INDEXED BY segment_log"
                             " WHERE space=?1 AND log_index IS NOT NULL"
                             " ORDER BY log_index DESC LIMIT 1",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, space);
    return ask_number(&q, ms, err);
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

dbk_rc dbk_segments_leaves(dbk_store *store, const dbk_segment_span *range, dbk_store_leaf_fn fn,
                           void *ctx, dbk_err *err)
{
    dbk_sql q;
    bool row = true;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_SEGMENT_LEAVES,
                             "SELECT log_index,receipt_ms,header FROM segment WHERE space=?1"
                             " AND log_index>=?2 AND log_index<?3 ORDER BY log_index",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, range->space);
    dbk_sql_bind_uint(&q, 2, range->from);
    dbk_sql_bind_uint(&q, 3, range->from + range->count);
    while (rc == DBK_OK && row) {
        rc = dbk_sql_next(&q, &row, err);
        if (rc != DBK_OK || !row)
            break;
        uint64_t index = dbk_sql_uint(&q, 0), receipt_ms = dbk_sql_uint(&q, 1);
        dbk_span header = dbk_sql_blob(&q, 2);
        rc = dbk_sql_read_all(&q, err);
        if (rc == DBK_OK)
            rc = fn(ctx, index, receipt_ms, header, err);
    }
    dbk_sql_close(&q);
    return rc;
}

dbk_rc dbk_records_each_until(dbk_store *store, const dbk_records_until *ask,
                              dbk_store_record_fn fn, void *ctx, dbk_err *err)
{
    dbk_sql q;
    uint64_t count = 0;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_RECORD_UNTIL,
                             "SELECT " DBK_RECORD_COLUMNS ",NULL FROM record"
                             " INDEXED BY record_until"
                             " WHERE min(when_ms,updated_ms)<=?1 AND form<>?2",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, ask->until_ms);
    dbk_sql_bind_text(&q, 2, dbk_span_str(ask->but_form));
    return dbk_records_walk(&q, &count, fn, ctx, err);
}

static dbk_rc latest_logs(dbk_store *store, const dbk_records_changed *ask, dbk_store_record_fn fn,
                          void *ctx, dbk_err *err)
{
    dbk_sql q;
    uint64_t count = 0;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_LOG_LATEST,
                             "SELECT " DBK_RECORD_COLUMNS ",NULL FROM record"
                             " INDEXED BY record_log WHERE form='audit' AND updated_ms>=?1"
                             " ORDER BY updated_ms DESC",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_uint(&q, 1, ask->since_ms);
    return dbk_records_walk(&q, &count, fn, ctx, err);
}

dbk_rc dbk_records_latest(dbk_store *store, const dbk_records_changed *ask, dbk_store_record_fn fn,
                          void *ctx, dbk_err *err)
{
    dbk_sql q;
    uint64_t count = 0;
    if (ask->logs_only)
        return latest_logs(store, ask, fn, ctx, err);
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_RECORD_LATEST,
                             "SELECT " DBK_RECORD_COLUMNS ",NULL FROM record"
                             " INDEXED BY record_updated WHERE updated_ms>=?1 AND (?2<2 OR"
                             " (SELECT count(*) FROM op WHERE op.record=record.id)>=?2)"
                             " ORDER BY updated_ms DESC",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_uint(&q, 1, ask->since_ms);
    dbk_sql_bind_int(&q, 2, ask->ops_min);
    return dbk_records_walk(&q, &count, fn, ctx, err);
}
