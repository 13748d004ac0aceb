/* core/store/offers.h - one small row for each service of the directory, so that a look-up reads
 * these and not the records (core/model/offer.h). Written when a record's words are; gone with its
 * row. */
#ifndef DBK_STORE_OFFERS_H
#define DBK_STORE_OFFERS_H

#include "core/base/id.h"
#include "core/store/store.h"

typedef struct dbk_store_offer {
    dbk_rowid id; /* of the record's row */
    dbk_id record;
    dbk_rowid space;
    uint32_t status;
    bool interpreters;
    int64_t checked_day, due_day, age_min, age_max;
    dbk_span terms;
} dbk_store_offer;

DBK_MUST_CHECK dbk_rc dbk_offers_clear(dbk_store *store, dbk_rowid id, dbk_err *err);
/* In the place of what the record had. */
DBK_MUST_CHECK dbk_rc dbk_offers_put(dbk_store *store, const dbk_store_offer *row, dbk_err *err);
typedef dbk_rc (*dbk_store_offer_fn)(void *ctx, const dbk_store_offer *row, dbk_err *err);
/* All, by row. */
DBK_MUST_CHECK dbk_rc dbk_offers_each(dbk_store *store, dbk_store_offer_fn fn, void *ctx,
                                      dbk_err *err);

#endif
