#include "core/store/cues.h"

#include "core/store/sql.h"

/* Nothing takes no room in two trees. */
static dbk_span about_span(const dbk_id *about)
{
    return dbk_span_of(about->b, dbk_id_is_zero(about) ? 0 : sizeof(about->b));
}

static void read_about(dbk_sql *q, int at, dbk_id *out)
{
    *out = (dbk_id){ { 0 } };
    if (dbk_sql_blob(q, at).len > 0)
        dbk_sql_copy(q, at, out->b, sizeof(out->b));
}

dbk_rc dbk_cues_clear(dbk_store *store, dbk_rowid record, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_CUE_CLEAR, "DELETE FROM cue WHERE record=?1", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, record);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_cues_add(dbk_store *store, dbk_rowid record, const dbk_store_cue *cue, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_CUE_ADD,
                             "INSERT OR IGNORE INTO cue(kind,about,at_ms,record)"
                             " VALUES(?1,?2,?3,?4)",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, cue->kind);
    dbk_sql_bind_blob(&q, 2, about_span(&cue->about));
    dbk_sql_bind_int(&q, 3, cue->at_ms);
    dbk_sql_bind_int(&q, 4, record);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_cues_of(dbk_store *store, dbk_rowid record, dbk_store_cue_fn fn, void *ctx, dbk_err *err)
{
    dbk_sql q;
    bool more = true;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_CUE_OF,
                             "SELECT kind,about,at_ms FROM cue INDEXED BY cue_record"
                             " WHERE record=?1 ORDER BY kind,about,at_ms",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, record);
    while (rc == DBK_OK) {
        dbk_store_cue cue;
        rc = dbk_sql_next(&q, &more, err);
        if (rc != DBK_OK || !more)
            break;
        cue.kind = (uint32_t)dbk_sql_int(&q, 0);
        cue.at_ms = dbk_sql_int(&q, 2);
        read_about(&q, 1, &cue.about);
        rc = dbk_sql_read_all(&q, err);
        if (rc == DBK_OK)
            rc = fn(ctx, &cue, err);
    }
    dbk_sql_close(&q);
    return rc;
}

static void bind_ask(dbk_sql *q, const dbk_cues_ask *ask)
{
    dbk_sql_bind_int(q, 1, ask->kind);
    dbk_sql_bind_blob(q, 2, about_span(&ask->about));
    dbk_sql_bind_int(q, 3, ask->from_ms);
    dbk_sql_bind_int(q, 4, ask->until_ms);
}

dbk_rc dbk_cues_count(dbk_store *store, uint64_t *count, const dbk_cues_ask *ask, dbk_err *err)
{
    dbk_sql q;
    *count = 0;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_CUE_COUNT,
                             "SELECT count(*) FROM cue WHERE kind=?1 AND about=?2 AND at_ms>=?3"
                             " AND at_ms<=?4",
                             err);
    if (rc != DBK_OK)
        return rc;
    bind_ask(&q, ask);
    return dbk_sql_count(&q, count, err);
}

dbk_rc dbk_cues_find(dbk_store *store, const dbk_cues_ask *ask, dbk_cues_fn fn, void *ctx,
                     dbk_err *err)
{
    dbk_sql q;
    bool more = true;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_CUE_FIND,
                             "SELECT record,at_ms FROM cue WHERE kind=?1 AND about=?2"
                             " AND at_ms>=?3 AND at_ms<=?4 ORDER BY at_ms DESC,record DESC",
                             err);
    if (rc != DBK_OK)
        return rc;
    bind_ask(&q, ask);
    while (rc == DBK_OK) {
        rc = dbk_sql_next(&q, &more, err);
        if (rc != DBK_OK || !more)
            break;
        rc = fn(ctx, dbk_sql_int(&q, 0), dbk_sql_int(&q, 1), err);
    }
    dbk_sql_close(&q);
    return rc;
}

dbk_rc dbk_cues_nth(dbk_store *store, int64_t *at_ms, const dbk_cues_ask *ask, uint64_t n,
                    dbk_err *err)
{
    dbk_sql q;
    bool found = false;
    DBK_ASSERT(n > 0);
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_CUE_NTH,
                             "SELECT at_ms FROM cue WHERE kind=?1 AND about=?2 AND at_ms>=?3"
                             " AND at_ms<=?4 ORDER BY at_ms LIMIT 1 OFFSET ?5",
                             err);
    if (rc != DBK_OK)
        return rc;
    bind_ask(&q, ask);
    dbk_sql_bind_uint(&q, 5, n - 1);
    rc = dbk_sql_next(&q, &found, err);
    if (rc == DBK_OK && found)
        *at_ms = dbk_sql_int(&q, 0);
    dbk_sql_close(&q);
    return rc == DBK_OK && !found ? dbk_fail(err, DBK_NOT_FOUND, "there are not so many") : rc;
}

dbk_rc dbk_cues_latest(dbk_store *store, dbk_rowid *record, int64_t *at_ms, const dbk_cues_ask *ask,
                       dbk_err *err)
{
    dbk_sql q;
    bool found = false;
    *record = 0;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_CUE_LATEST,
                             "SELECT record,at_ms FROM cue WHERE kind=?1 AND about=?2"
                             " AND at_ms>=?3 AND at_ms<=?4"
                             " ORDER BY at_ms DESC,record DESC LIMIT 1",
                             err);
    if (rc != DBK_OK)
        return rc;
    bind_ask(&q, ask);
    rc = dbk_sql_next(&q, &found, err);
    if (rc == DBK_OK && found) {
        *record = dbk_sql_int(&q, 0);
        *at_ms = dbk_sql_int(&q, 1);
    }
    dbk_sql_close(&q);
    return rc;
}

dbk_rc dbk_cues_next(dbk_store *store, bool *found, dbk_id *about, uint32_t kind, dbk_err *err)
{
    dbk_sql q;
    *found = false;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_CUE_NEXT,
                             "SELECT about FROM cue WHERE kind=?1 AND about>?2"
                             " ORDER BY about LIMIT 1",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, kind);
    dbk_sql_bind_blob(&q, 2, about_span(about));
    rc = dbk_sql_next(&q, found, err);
    if (rc == DBK_OK && *found) {
        read_about(&q, 0, about);
        rc = dbk_sql_read_all(&q, err);
    }
    dbk_sql_close(&q);
    return rc;
}
