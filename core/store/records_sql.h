/* core/store/records_sql.h - inside the store: record rows as statements give them. */
#ifndef DBK_STORE_RECORDS_SQL_H
#define DBK_STORE_RECORDS_SQL_H

#include "core/store/records.h"
#include "core/store/sql.h"

/* The state follows as the last column, or NULL in its place. */
#define DBK_RECORD_COLUMNS                                                                       \
    "record.id,record.record,record.space,record.form,record.when_ms,record.created_ms,"         \
    "record.updated_ms,record.life,record.asks,record.cautious,record.proposals,record.reviews," \
    "record.contested,record.summary,record.indexed"

/* Calls fn for each row of a statement that is bound; closes it. */
DBK_MUST_CHECK dbk_rc dbk_records_walk(dbk_sql *q, uint64_t *count, dbk_store_record_fn fn,
                                       void *ctx, dbk_err *err);

#endif
