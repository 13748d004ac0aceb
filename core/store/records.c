#include "core/store/records.h"

#include "core/store/records_sql.h"

#define LIGHT DBK_RECORD_COLUMNS ",NULL"
#define FULL DBK_RECORD_COLUMNS ",state"
#define NEEDS_A_PERSON "asks+cautious+proposals+reviews>0"

/* What add and update have in common, from place 2 on. */
static void bind_row(dbk_sql *q, const dbk_store_record *row)
{
    dbk_sql_bind_text(q, 2, row->form);
    dbk_sql_bind_int(q, 3, row->when_ms);
    dbk_sql_bind_uint(q, 4, row->created_ms);
    dbk_sql_bind_uint(q, 5, row->updated_ms);
    dbk_sql_bind_int(q, 6, row->life);
    dbk_sql_bind_int(q, 7, row->asks);
    dbk_sql_bind_int(q, 8, row->cautious);
    dbk_sql_bind_int(q, 9, row->proposals);
    dbk_sql_bind_int(q, 10, row->reviews);
    dbk_sql_bind_int(q, 11, row->contested);
    dbk_sql_bind_text(q, 12, row->summary);
    dbk_sql_bind_int(q, 13, row->indexed ? 1 : 0);
    dbk_sql_bind_blob(q, 14, row->state);
}

dbk_rc dbk_records_add(dbk_store *store, dbk_store_record *row, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(
        &q, store, DBK_SQL_RECORD_ADD,
        "INSERT INTO record(record,form,when_ms,created_ms,updated_ms,life,"
        "asks,cautious,proposals,reviews,contested,summary,indexed,state,space)"
        " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)",
        err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_id(&q, 1, &row->record);
    bind_row(&q, row);
    dbk_sql_bind_int(&q, 15, row->space);
    rc = dbk_sql_run(&q, err);
    if (rc == DBK_OK)
        row->id = sqlite3_last_insert_rowid(store->db);
    return rc;
}

dbk_rc dbk_records_update(dbk_store *store, const dbk_store_record *row, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_RECORD_UPDATE,
                             "UPDATE record SET form=?2,when_ms=?3,created_ms=?4,updated_ms=?5,"
                             "life=?6,asks=?7,cautious=?8,proposals=?9,reviews=?10,contested=?11,"
                             "summary=?12,indexed=?13,state=?14 WHERE id=?1",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, row->id);
    bind_row(&q, row);
    return dbk_sql_run(&q, err);
}

static void read_row(dbk_sql *q, dbk_store_record *row)
{
    row->id = dbk_sql_int(q, 0);
    dbk_sql_copy(q, 1, row->record.b, sizeof(row->record.b));
    row->space = dbk_sql_int(q, 2);
    row->form = dbk_sql_text(q, 3);
    row->when_ms = dbk_sql_int(q, 4);
    row->created_ms = dbk_sql_uint(q, 5);
    row->updated_ms = dbk_sql_uint(q, 6);
    row->life = (uint32_t)dbk_sql_uint(q, 7);
    row->asks = (uint32_t)dbk_sql_uint(q, 8);
    row->cautious = (uint32_t)dbk_sql_uint(q, 9);
    row->proposals = (uint32_t)dbk_sql_uint(q, 10);
    row->reviews = (uint32_t)dbk_sql_uint(q, 11);
    row->contested = (uint32_t)dbk_sql_uint(q, 12);
    row->summary = dbk_sql_text(q, 13);
    row->indexed = dbk_sql_int(q, 14) != 0;
    row->state = dbk_sql_blob(q, 15);
}

dbk_rc dbk_records_walk(dbk_sql *q, uint64_t *count, dbk_store_record_fn fn, void *ctx,
                        dbk_err *err)
{
    bool more = true;
    dbk_rc rc;
    *count = 0;
    for (;;) {
        dbk_store_record row = { 0 };
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

dbk_rc dbk_records_find(dbk_store *store, const dbk_id *record, dbk_rowid space,
                        dbk_store_record_fn fn, void *ctx, dbk_err *err)
{
    dbk_sql q;
    uint64_t found = 0;
    dbk_rc rc = space != 0
                    ? dbk_sql_open(&q, store, DBK_SQL_RECORD_FIND,
                                   "SELECT " FULL " FROM record WHERE record=?1 AND space=?2", err)
                    : dbk_sql_open(&q, store, DBK_SQL_RECORD_FIND_ANY,
                                   "SELECT " FULL " FROM record WHERE record=?1 AND ?2=0"
                                   " ORDER BY id LIMIT 1",
                                   err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_id(&q, 1, record);
    dbk_sql_bind_int(&q, 2, space);
    rc = dbk_records_walk(&q, &found, fn, ctx, err);
    if (rc == DBK_OK && found == 0)
        rc = dbk_fail(err, DBK_NOT_FOUND, "there is no such record");
    return rc;
}

dbk_rc dbk_records_get(dbk_store *store, dbk_rowid id, dbk_store_record_fn fn, void *ctx,
                       dbk_err *err)
{
    dbk_sql q;
    uint64_t found = 0;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_RECORD_GET,
                             "SELECT " FULL " FROM record WHERE id=?1", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, id);
    rc = dbk_records_walk(&q, &found, fn, ctx, err);
    if (rc == DBK_OK && found == 0)
        rc = dbk_fail(err, DBK_NOT_FOUND, "there is no such record");
    return rc;
}

dbk_rc dbk_records_lookup(dbk_store *store, dbk_rowid *id, const dbk_id *record, dbk_rowid space,
                          dbk_err *err)
{
    dbk_sql q;
    bool row = false;
    *id = 0;
    dbk_rc rc = space != 0
                    ? dbk_sql_open(&q, store, DBK_SQL_RECORD_LOOKUP,
                                   "SELECT id FROM record WHERE record=?1 AND space=?2", err)
                    : dbk_sql_open(&q, store, DBK_SQL_RECORD_LOOKUP_ANY,
                                   "SELECT min(id) FROM record WHERE record=?1 AND ?2=0", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_id(&q, 1, record);
    dbk_sql_bind_int(&q, 2, space);
    rc = dbk_sql_next(&q, &row, err);
    if (rc == DBK_OK && row)
        *id = dbk_sql_int(&q, 0);
    dbk_sql_close(&q);
    return rc;
}

dbk_rc dbk_records_between(dbk_store *store, dbk_id *out, size_t *count, size_t max,
                           const dbk_records_range *range, dbk_err *err)
{
    dbk_sql q;
    bool more = true;
    *count = 0;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_RECORD_BETWEEN,
                             "SELECT record FROM record INDEXED BY record_id"
                             " WHERE record BETWEEN ?1 AND ?2 AND space=?4"
                             " ORDER BY record LIMIT ?3",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_id(&q, 1, range->from);
    dbk_sql_bind_id(&q, 2, range->to);
    dbk_sql_bind_uint(&q, 3, max);
    dbk_sql_bind_int(&q, 4, range->space);
    for (;;) {
        rc = dbk_sql_next(&q, &more, err);
        if (rc != DBK_OK || !more)
            break;
        DBK_ASSERT(*count < max);
        dbk_sql_copy(&q, 0, out[*count].b, sizeof(out[*count].b));
        rc = dbk_sql_read_all(&q, err);
        if (rc != DBK_OK)
            break;
        (*count)++;
    }
    dbk_sql_close(&q);
    return rc;
}

/* The index holds the form, so that rows of other forms aren't even read. */
#define LIST                                                                                       \
    "SELECT " DBK_RECORD_COLUMNS ",CASE WHEN ?5 THEN state END FROM record INDEXED BY record_when" \
    " WHERE when_ms>=?1 AND when_ms<=?7 AND (when_ms<?7 OR id<?8) AND life<=?2"                    \
    " AND (?3=0 OR space=?3)"
#define LIST_ORDER " ORDER BY when_ms DESC,id DESC LIMIT ?4"

dbk_rc dbk_records_list(dbk_store *store, const dbk_records_list_opts *opts, dbk_store_record_fn fn,
                        void *ctx, dbk_err *err)
{
    dbk_sql q;
    uint64_t count = 0;
    bool all = opts->limit == 0 || opts->limit > INT64_MAX;
    dbk_rc rc = opts->form == NULL ? dbk_sql_open(&q, store, DBK_SQL_RECORD_LIST,
                                                  LIST " AND form<>?6" LIST_ORDER, err)
                                   : dbk_sql_open(&q, store, DBK_SQL_RECORD_LIST_FORM,
                                                  LIST " AND form=?6" LIST_ORDER, err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, opts->since_ms);
    dbk_sql_bind_int(&q, 2, opts->life_max);
    dbk_sql_bind_int(&q, 3, opts->space);
    dbk_sql_bind_int(&q, 4, all ? -1 : (int64_t)opts->limit);
    dbk_sql_bind_int(&q, 5, opts->with_state ? 1 : 0);
    const char *form = opts->form != NULL ? opts->form : opts->but_form;
    dbk_sql_bind_text(&q, 6, dbk_span_str(form == NULL ? "" : form));
    dbk_sql_bind_int(&q, 7, opts->after == NULL ? INT64_MAX : opts->after->when_ms);
    dbk_sql_bind_int(&q, 8, opts->after == NULL ? INT64_MAX : opts->after->id);
    return dbk_records_walk(&q, &count, fn, ctx, err);
}

dbk_rc dbk_records_of_space(dbk_store *store, dbk_rowid space, dbk_store_record_fn fn, void *ctx,
                            dbk_err *err)
{
    dbk_sql q;
    uint64_t count = 0;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_RECORD_OF_SPACE,
                             "SELECT " FULL " FROM record INDEXED BY record_id WHERE space=?1"
                             " ORDER BY record",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, space);
    return dbk_records_walk(&q, &count, fn, ctx, err);
}

dbk_rc dbk_records_attention(dbk_store *store, dbk_store_record_fn fn, void *ctx, dbk_err *err)
{
    dbk_sql q;
    uint64_t count = 0;
    dbk_rc rc = dbk_sql_open(
        &q, store, DBK_SQL_RECORD_ATTENTION,
        "SELECT " LIGHT " FROM record WHERE " NEEDS_A_PERSON
        " ORDER BY asks>0 DESC,cautious>0 DESC,proposals>0 DESC,reviews>0 DESC,"
        "updated_ms,id",
        err);
    return rc == DBK_OK ? dbk_records_walk(&q, &count, fn, ctx, err) : rc;
}

dbk_rc dbk_records_contested(dbk_store *store, dbk_rowid segment, dbk_store_record_fn fn, void *ctx,
                             dbk_err *err)
{
    dbk_sql q;
    uint64_t count = 0;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_RECORD_CONTESTED,
                             "SELECT " FULL " FROM record INDEXED BY record_contested"
                             " WHERE contested>0 AND EXISTS(SELECT 1 FROM op"
                             " WHERE op.record=record.id AND op.segment=?1)",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, segment);
    return dbk_records_walk(&q, &count, fn, ctx, err);
}

dbk_rc dbk_records_count(dbk_store *store, dbk_record_totals *out, dbk_rowid space,
                         const char *but_form, dbk_err *err)
{
    dbk_sql q;
    bool row = false;
    *out = (dbk_record_totals){ 0 };
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_RECORD_COUNT,
                             "SELECT (SELECT count(*) FROM record INDEXED BY record_id"
                             " WHERE space=?1)"
                             "-(SELECT count(*) FROM record INDEXED BY record_when"
                             " WHERE form=?2 AND space=?1),"
                             "(SELECT count(*) FROM record INDEXED BY record_attention"
                             " WHERE " NEEDS_A_PERSON " AND space=?1)",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, space);
    dbk_sql_bind_text(&q, 2, dbk_span_str(but_form));
    rc = dbk_sql_next(&q, &row, err);
    if (rc == DBK_OK && row) {
        out->records = dbk_sql_uint(&q, 0);
        out->attention = dbk_sql_uint(&q, 1);
    }
    dbk_sql_close(&q);
    return rc;
}

/* ---- ops ----------------------------------------------------------------------------------- */

dbk_rc dbk_ops_add(dbk_store *store, const dbk_store_op *row, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_OP_ADD,
                             "INSERT INTO op(record,segment,place) VALUES(?1,?2,?3)", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, row->record);
    dbk_sql_bind_int(&q, 2, row->segment);
    dbk_sql_bind_int(&q, 3, row->place);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_ops_del(dbk_store *store, const dbk_store_op *row, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_OP_DEL,
                             "DELETE FROM op WHERE record=?1 AND segment=?2 AND place=?3", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, row->record);
    dbk_sql_bind_int(&q, 2, row->segment);
    dbk_sql_bind_int(&q, 3, row->place);
    return dbk_sql_run(&q, err);
}

/* Calls fn for each row of a statement that is bound; closes it. */
static dbk_rc each_op(dbk_sql *q, dbk_store_op_fn fn, void *ctx, dbk_err *err)
{
    bool more = true;
    dbk_rc rc;
    for (;;) {
        rc = dbk_sql_next(q, &more, err);
        if (rc != DBK_OK || !more)
            break;
        dbk_store_op row = { dbk_sql_int(q, 0), dbk_sql_int(q, 1), (uint32_t)dbk_sql_uint(q, 2) };
        rc = fn(ctx, &row, err);
        if (rc != DBK_OK)
            break;
    }
    dbk_sql_close(q);
    return rc;
}

dbk_rc dbk_ops_of_record(dbk_store *store, dbk_rowid record, dbk_store_op_fn fn, void *ctx,
                         dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_OP_OF_RECORD,
                             "SELECT op.record,op.segment,op.place FROM op"
                             " LEFT JOIN segment ON segment.id=op.segment WHERE op.record=?1"
                             " ORDER BY segment.feed,segment.first_seq,op.place",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, record);
    return each_op(&q, fn, ctx, err);
}

dbk_rc dbk_ops_of_segment(dbk_store *store, dbk_rowid segment, dbk_store_op_fn fn, void *ctx,
                          dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_OP_OF_SEGMENT,
                             "SELECT record,segment,place FROM op WHERE segment=?1 ORDER BY place",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, segment);
    return each_op(&q, fn, ctx, err);
}
