/* core/store/chain.h - rows of the membership chain: the entries as they were received. */
#ifndef DBK_STORE_CHAIN_H
#define DBK_STORE_CHAIN_H

#include "core/base/id.h"
#include "core/store/store.h"

/* DBK_CONFLICT: there is an entry with this seq. */
DBK_MUST_CHECK dbk_rc dbk_chain_add(dbk_store *store, uint64_t seq, const dbk_hash *hash,
                                    dbk_span entry, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_chain_count(dbk_store *store, uint64_t *count, dbk_err *err);
/* The hash of the entry with this seq. DBK_NOT_FOUND. */
DBK_MUST_CHECK dbk_rc dbk_chain_hash(dbk_store *store, dbk_hash *out, uint64_t seq, dbk_err *err);
/* From seq `from` on, in order. */
typedef dbk_rc (*dbk_chain_fn)(void *ctx, uint64_t seq, dbk_span entry, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_chain_each(dbk_store *store, uint64_t from, dbk_chain_fn fn, void *ctx,
                                     dbk_err *err);

#endif
