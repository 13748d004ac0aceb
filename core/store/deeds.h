/* core/store/deeds.h - which records an op may have ended or combined with another one
 * (core/model/deed.h): one too many costs a read, one too few hides an entry of the log of use. */
#ifndef DBK_STORE_DEEDS_H
#define DBK_STORE_DEEDS_H

#include "core/store/records.h"

/* Nothing, if it is there already. It goes with the record's row. */
DBK_MUST_CHECK dbk_rc dbk_deeds_add(dbk_store *store, dbk_rowid record, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_deeds_has(dbk_store *store, bool *has, dbk_rowid record, dbk_err *err);
/* Those that were changed since, without states, whichever was changed last first. */
DBK_MUST_CHECK dbk_rc dbk_deeds_latest(dbk_store *store, uint64_t since_ms, dbk_store_record_fn fn,
                                       void *ctx, dbk_err *err);

#endif
