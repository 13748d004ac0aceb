/* core/store/persons.h - the keys under which records of persons that may be the same are found
 * (core/model/likeness.h), and the pairs that share enough of them to be worth comparing. Written
 * when a record's words are; gone with its row. */
#ifndef DBK_STORE_PERSONS_H
#define DBK_STORE_PERSONS_H

#include "core/store/records.h"

/* Takes away what the record had. */
DBK_MUST_CHECK dbk_rc dbk_person_keys_clear(dbk_store *store, dbk_rowid record, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_person_keys_add(dbk_store *store, dbk_rowid record, const char *key,
                                          dbk_err *err);
/* Up to max rows that hold the key, by row. */
DBK_MUST_CHECK dbk_rc dbk_person_keys_find(dbk_store *store, dbk_rowid *out, size_t *count,
                                           size_t max, const char *key, dbk_err *err);

/* Two rows, in either order; nothing, if they are a pair already. */
DBK_MUST_CHECK dbk_rc dbk_alike_add(dbk_store *store, dbk_rowid a, dbk_rowid b, dbk_err *err);
/* Takes away every pair that the record is in. */
DBK_MUST_CHECK dbk_rc dbk_alike_clear(dbk_store *store, dbk_rowid record, dbk_err *err);
/* Pairs, the newest rows first; the later row of a pair comes first in it. */
typedef struct dbk_alike_pair {
    dbk_rowid later, earlier;
} dbk_alike_pair;
typedef dbk_rc (*dbk_alike_fn)(void *ctx, const dbk_alike_pair *pair, dbk_err *err);
/* after: a pair, which needn't be there (any more), or NULL. */
DBK_MUST_CHECK dbk_rc dbk_alike_each(dbk_store *store, const dbk_alike_pair *after, dbk_alike_fn fn,
                                     void *ctx, dbk_err *err);

#endif
