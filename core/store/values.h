/* core/store/values.h - under which keys `list --where` finds records (core/journal/query_values.c
 * makes them). Written when a record's words are; gone with its row. */
#ifndef DBK_STORE_VALUES_H
#define DBK_STORE_VALUES_H

#include "core/store/records.h"

/* Under this one a record stands that has more values than are kept: it answers to any. */
#define DBK_VALUES_KEY_ANY INT64_C(0)
#define DBK_VALUES_KEYS_MAX 256u /* of one record */

/* Takes away what the record had. */
DBK_MUST_CHECK dbk_rc dbk_values_clear(dbk_store *store, dbk_rowid record, dbk_err *err);
/* Nothing, if it is there already. The record's time comes along: its rows are in its order. */
DBK_MUST_CHECK dbk_rc dbk_values_add(dbk_store *store, int64_t key, const dbk_store_record *row,
                                     dbk_err *err);
/* The keys that a record has at its time, ascending; DBK_VALUES_KEYS_MAX + 1 fit into out.
 * *others: rows of it that are of another time. */
DBK_MUST_CHECK dbk_rc dbk_values_of(dbk_store *store, int64_t *out, size_t *count, bool *others,
                                    const dbk_store_record *row, dbk_err *err);
/* How many rows stand under the key, but no more than max. */
DBK_MUST_CHECK dbk_rc dbk_values_count(dbk_store *store, uint64_t *count, int64_t key, uint64_t max,
                                       dbk_err *err);
/* Rows under either key, or under DBK_VALUES_KEY_ANY, each once; as dbk_records_list orders them.
 */
typedef struct dbk_values_ask {
    int64_t keys[2]; /* the same one twice, if there is only one */
    int64_t since_ms;
    const dbk_list_place *after; /* NULL: from the first on */
} dbk_values_ask;
typedef dbk_rc (*dbk_values_fn)(void *ctx, dbk_rowid record, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_values_find(dbk_store *store, const dbk_values_ask *ask, dbk_values_fn fn,
                                      void *ctx, dbk_err *err);

#endif
