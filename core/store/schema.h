/* core/store/schema.h - inside the store: the tables, as numbered migrations. Not for others. */
#ifndef DBK_STORE_SCHEMA_H
#define DBK_STORE_SCHEMA_H

#include "core/store/store.h"

/* Row n brings a file of version n to version n + 1; user_version says where a file stands.
 * A row that was released never changes. */
extern const char *const dbk_schema_migrations[DBK_STORE_SCHEMA];

/* Brings the file up to `count`. An existing file (version above 0) is first copied, as it is, to
 * PATH.before-VERSION. Each row is one transaction. DBK_VERSION: the file is of a later one. */
DBK_MUST_CHECK dbk_rc dbk_schema_apply(dbk_store *store, const char *path,
                                       const char *const *migrations, uint32_t count, dbk_err *err);

#endif
