/* core/store/form_packs.h - rows of the packs of forms that were installed here, as they came
 * (core/crypto/form_pack.h). They are never taken away: records may be of their forms. */
#ifndef DBK_STORE_FORM_PACKS_H
#define DBK_STORE_FORM_PACKS_H

#include "core/base/id.h"
#include "core/store/store.h"

typedef struct dbk_store_form_pack {
    dbk_rowid id; /* filled by add: ascending */
    dbk_hash hash;
    uint64_t installed_ms;
    dbk_span bytes;
} dbk_store_form_pack;

/* DBK_CONFLICT: it is there. */
DBK_MUST_CHECK dbk_rc dbk_form_packs_add(dbk_store *store, dbk_store_form_pack *row, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_form_packs_has(dbk_store *store, bool *yes, const dbk_hash *hash,
                                         dbk_err *err);
typedef dbk_rc (*dbk_store_form_pack_fn)(void *ctx, const dbk_store_form_pack *row, dbk_err *err);
/* In the order in which they were installed. */
DBK_MUST_CHECK dbk_rc dbk_form_packs_each(dbk_store *store, dbk_store_form_pack_fn fn, void *ctx,
                                          dbk_err *err);

#endif
