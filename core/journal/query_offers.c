/* Services of the directory: the small rows that look-ups read, and keeping them. */
#include "core/journal/query_internal.h"
#include "core/store/offers.h"

dbk_rc dbk_query_offer_row(dbk_book *book, dbk_namer *namer, const dbk_store_record *row,
                           dbk_err *err)
{
    dbk_state *state = NULL;
    dbk_offer offer;
    dbk_bytes terms = DBK_BYTES_INIT(DBK_OFFER_TERMS_MAX);
    if (!dbk_span_equal(row->form, dbk_span_str(DBK_OFFER_FORM)))
        return DBK_OK;
    if (row->life > DBK_LIFE_SIGNED)
        return dbk_offers_clear(book->store, row->id, err);
    dbk_rc rc = dbk_query_state(&state, row, err);
    if (rc == DBK_OK) {
        const dbk_view_opts view = dbk_book_view(book, state, row->form);
        rc = dbk_offer_of(&offer, &terms, namer, state, &view, err);
    }
    if (rc == DBK_OK) {
        const dbk_store_offer kept = { .id = row->id,
                                       .record = row->record,
                                       .space = row->space,
                                       .status = (uint32_t)offer.status,
                                       .interpreters = offer.interpreters,
                                       .checked_day = offer.checked_day,
                                       .due_day = offer.due_day,
                                       .age_min = offer.age_min,
                                       .age_max = offer.age_max,
                                       .terms = offer.terms };
        rc = dbk_offers_put(book->store, &kept, err);
    }
    dbk_bytes_wipe(&terms);
    dbk_state_free(state);
    return rc;
}

typedef struct offer_walk {
    dbk_book *book;
    bool with_restricted;
    dbk_offer_fn fn;
    void *ctx;
} offer_walk;

static dbk_rc take_offer(void *ctx, const dbk_store_offer *row, dbk_err *err)
{
    offer_walk *w = ctx;
    const dbk_book_space *space = dbk_tables_space_of_row(&w->book->tables, row->space);
    if (space == NULL || row->status > DBK_OFFER_CLOSED)
        return dbk_fail(err, DBK_DAMAGED, "a row of the directory in the store can't be read");
    if (!dbk_book_may_read(w->book, &space->space) ||
        (!w->with_restricted && dbk_book_is_restricted(w->book, &space->space)))
        return DBK_OK;
    const dbk_offer offer = { .status = (dbk_offer_status)row->status,
                              .interpreters = row->interpreters,
                              .checked_day = row->checked_day,
                              .due_day = row->due_day,
                              .age_min = row->age_min,
                              .age_max = row->age_max,
                              .terms = row->terms };
    return w->fn(w->ctx, &row->record, &offer, err);
}

dbk_rc dbk_query_offers(dbk_book *book, bool with_restricted, dbk_offer_fn fn, void *ctx,
                        dbk_err *err)
{
    offer_walk w = { book, with_restricted, fn, ctx };
    uint64_t left = 0;
    dbk_rc rc = dbk_query_index(book, &left, UINT64_MAX, err);
    return rc == DBK_OK ? dbk_offers_each(book->store, take_offer, &w, err) : rc;
}
