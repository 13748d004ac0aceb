/* core/store/scratches.h - rows of what was typed and isn't saved yet (core/journal/scratch.h), by
 * name. */
#ifndef DBK_STORE_SCRATCHES_H
#define DBK_STORE_SCRATCHES_H

#include "core/store/store.h"

typedef struct dbk_store_scratch {
    dbk_span name, text; /* UTF-8; text is followed by a zero byte when it comes from a row */
    uint64_t at_ms;
} dbk_store_scratch;
/* One that is there already is replaced. */
DBK_MUST_CHECK dbk_rc dbk_scratches_put(dbk_store *store, const dbk_store_scratch *row,
                                        dbk_err *err);
/* And those whose names go on with a slash. None: nothing is done. */
DBK_MUST_CHECK dbk_rc dbk_scratches_drop(dbk_store *store, dbk_span name, dbk_err *err);
/* Those of other names. */
DBK_MUST_CHECK dbk_rc dbk_scratches_count(dbk_store *store, uint64_t *count, dbk_span but,
                                          dbk_err *err);
typedef dbk_rc (*dbk_store_scratch_fn)(void *ctx, const dbk_store_scratch *row, dbk_err *err);
/* By name. */
DBK_MUST_CHECK dbk_rc dbk_scratches_each(dbk_store *store, dbk_store_scratch_fn fn, void *ctx,
                                         dbk_err *err);

#endif
