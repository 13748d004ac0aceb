/* core/journal/query_internal.h - inside the read path: what its files share. Not for others.
 * query.c: records, lists. query_where.c: conditions. query_words.c: search. query_past.c:
 * history, authors. query_status.c: what has arrived where. query_persons.c: keys of persons.
 * query_offers.c: rows of services. query_values.c: keys of values. query_devices.c: devices.
 * query_cues.c: cues of the rules of the work. */
#ifndef DBK_JOURNAL_QUERY_INTERNAL_H
#define DBK_JOURNAL_QUERY_INTERNAL_H

#include "core/journal/cosigned_internal.h"
#include "core/journal/query.h"
#include "core/model/likeness.h"
#include "core/store/records.h"
#include "core/store/segments.h"
#include "core/store/values.h"

/* May the row be shown here? A damaged one may: whoever reads it will say so. */
bool dbk_query_is_open(const dbk_book *book, const dbk_store_record *row);
/* How many rows to ask of the store for so many that are shown; 0: all, as some may not be. */
uint64_t dbk_query_limit(const dbk_book *book, uint64_t limit);
/* What lists show of a stored row; borrows from it. */
DBK_MUST_CHECK dbk_rc dbk_query_row(dbk_book *book, dbk_row *out, const dbk_store_record *row,
                                    dbk_err *err);

/* The same without how far it has come, which is not in the row. */
DBK_MUST_CHECK dbk_rc dbk_query_row_alone(dbk_book *book, dbk_row *out, const dbk_store_record *row,
                                          dbk_err *err);
/* The record in a row whose state is read; without how far it has come. Borrows the state. */
DBK_MUST_CHECK dbk_rc dbk_query_row_note(dbk_book *book, dbk_note *out, dbk_state *state,
                                         const dbk_store_record *row, dbk_err *err);

/* The state in a row. DBK_DAMAGED: what was encoded here can't be read any more. */
DBK_MUST_CHECK dbk_rc dbk_query_state(dbk_state **out, const dbk_store_record *row, dbk_err *err);

/* How far a change has come that stands at this place of its space's log. */
dbk_carriage dbk_query_carriage(const dbk_book *book, const dbk_book_space *space,
                                const dbk_store_place *log);

/* Keeps the keys of a row that is a person's, in the place of those it had, and whom it is to be
 * compared with. */
DBK_MUST_CHECK dbk_rc dbk_query_person_keys(dbk_book *book, dbk_namer *namer,
                                            const dbk_store_record *row, dbk_err *err);

/* Keeps the small row of a row that is a service's; a withdrawn one has none. */
DBK_MUST_CHECK dbk_rc dbk_query_offer_row(dbk_book *book, dbk_namer *namer,
                                          const dbk_store_record *row, dbk_err *err);

/* Keeps the keys of a row's values, in the place of those it had. */
DBK_MUST_CHECK dbk_rc dbk_query_value_keys(dbk_book *book, const dbk_store_record *row,
                                           dbk_err *err);
/* Does the row, if it says that it is indexed, have those keys and no others? */
DBK_MUST_CHECK dbk_rc dbk_query_values_in_step(dbk_book *book, bool *same,
                                               const dbk_store_record *row, dbk_err *err);

/* Indexes what waits for it. Rules ask many times: nothing is begun where nothing waits. */
DBK_MUST_CHECK dbk_rc dbk_query_keep_up(dbk_book *book, dbk_err *err);

/* Keeps the cues of a row, in the place of those it had; and whether it has those and no others. */
DBK_MUST_CHECK dbk_rc dbk_query_cue_rows(dbk_book *book, const dbk_store_record *row, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_query_cues_in_step(dbk_book *book, bool *same,
                                             const dbk_store_record *row, dbk_err *err);
/* Under which keys every record stands that can meet the rarest of the conditions; *found false:
 * none of them can be looked up. */
DBK_MUST_CHECK dbk_rc dbk_query_where_key(dbk_book *book, bool *found, dbk_values_ask *ask,
                                          const dbk_list_opts *opts, dbk_err *err);

/* A condition that can't hold for any record of the form (NULL: of any form that is known) is
 * DBK_INVALID. */
DBK_MUST_CHECK dbk_rc dbk_where_check(const dbk_book *book, const dbk_list_opts *opts,
                                      dbk_err *err);
/* Does a record of this form in this state meet every condition? */
typedef struct dbk_where_in {
    const dbk_state *state;
    dbk_span form;
} dbk_where_in;
DBK_MUST_CHECK dbk_rc dbk_where_holds(dbk_book *book, bool *yes, const dbk_where_in *in,
                                      const dbk_list_opts *opts, dbk_err *err);

/* Opens the op at a place of a stored segment: DBK_PENDING without the key, DBK_AUTH or DBK_FORMAT
 * for what was never a note. The op borrows from plain, which is emptied first. */
typedef struct dbk_opened {
    dbk_header header;
    dbk_op_decoded op; /* dbk_op_decoded_wipe() */
} dbk_opened;
DBK_MUST_CHECK dbk_rc dbk_query_open_op(dbk_book *book, dbk_opened *out, dbk_bytes *plain,
                                        const dbk_store_segment *row, uint32_t place, dbk_err *err);
#define DBK_QUERY_PLAIN_BYTES_MAX (64u * 1024u)

#endif
