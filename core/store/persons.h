/* core/store/persons.h - the keys under which records of persons that may be the same are found
 * (core/model/likeness.h). Written when a record's words are; gone with its row. */
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

#endif
