#include "core/store/offers.h"

#include "core/store/sql.h"

dbk_rc dbk_offers_clear(dbk_store *store, dbk_rowid id, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_OFFER_CLEAR, "DELETE FROM offer WHERE id=?1", err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, id);
    return dbk_sql_run(&q, err);
}

dbk_rc dbk_offers_put(dbk_store *store, const dbk_store_offer *row, dbk_err *err)
{
    dbk_sql q;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_OFFER_PUT,
                             "INSERT OR REPLACE INTO offer(id,record,space,status,interpreters,"
                             "checked_day,due_day,age_min,age_max,terms)"
                             " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
                             err);
    if (rc != DBK_OK)
        return rc;
    dbk_sql_bind_int(&q, 1, row->id);
    dbk_sql_bind_id(&q, 2, &row->record);
    dbk_sql_bind_int(&q, 3, row->space);
    dbk_sql_bind_int(&q, 4, row->status);
    dbk_sql_bind_int(&q, 5, row->interpreters ? 1 : 0);
    dbk_sql_bind_int(&q, 6, row->checked_day);
    dbk_sql_bind_int(&q, 7, row->due_day);
    dbk_sql_bind_int(&q, 8, row->age_min);
    dbk_sql_bind_int(&q, 9, row->age_max);
    dbk_sql_bind_text(&q, 10, row->terms);
    return dbk_sql_run(&q, err);
}

static dbk_rc read_row(dbk_sql *q, dbk_store_offer *row, dbk_err *err)
{
    *row = (dbk_store_offer){ .id = dbk_sql_int(q, 0),
                              .space = dbk_sql_int(q, 2),
                              .status = (uint32_t)dbk_sql_int(q, 3),
                              .interpreters = dbk_sql_int(q, 4) != 0,
                              .checked_day = dbk_sql_int(q, 5),
                              .due_day = dbk_sql_int(q, 6),
                              .age_min = dbk_sql_int(q, 7),
                              .age_max = dbk_sql_int(q, 8),
                              .terms = dbk_sql_text(q, 9) };
    dbk_sql_copy(q, 1, row->record.b, sizeof(row->record.b));
    return dbk_sql_read_all(q, err);
}

dbk_rc dbk_offers_each(dbk_store *store, dbk_store_offer_fn fn, void *ctx, dbk_err *err)
{
    dbk_sql q;
    dbk_store_offer row;
    bool there = true;
    dbk_rc rc = dbk_sql_open(&q, store, DBK_SQL_OFFER_EACH,
                             "SELECT id,record,space,status,interpreters,checked_day,due_day,"
                             "age_min,age_max,terms FROM offer ORDER BY id",
                             err);
    if (rc != DBK_OK)
        return rc;
    while (rc == DBK_OK) {
        rc = dbk_sql_next(&q, &there, err);
        if (rc != DBK_OK || !there)
            break;
        rc = read_row(&q, &row, err);
        if (rc == DBK_OK)
            rc = fn(ctx, &row, err);
    }
    dbk_sql_close(&q);
    return rc;
}
