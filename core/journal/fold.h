/* core/journal/fold.h - ops into record rows: load the state, apply, encode, derive what lists
 * show, store. The one way in which a record changes, for own ops and received ones alike. */
#ifndef DBK_JOURNAL_FOLD_H
#define DBK_JOURNAL_FOLD_H

#include "core/journal/book_internal.h"
#include "core/store/records.h"

#define DBK_SUMMARY_BYTES_MAX 512u

/* A decoded op, next in its feed, and where it lies. */
typedef struct dbk_fold_in {
    const dbk_op *op;
    dbk_origin origin;
    const dbk_book_space *space;
    dbk_rowid segment; /* stored already */
    uint32_t place;    /* in the segment, from 0 */
} dbk_fold_in;
typedef struct dbk_fold_out {
    bool misfit;       /* the record's id is of another form or space: nothing of the op counts */
    bool two_forms;    /* it fits the id, and what was here before is of another form */
    bool is_new;       /* the record was not here before */
    bool conflict_new; /* it needs a person now, and did not before */
} dbk_fold_out;
/* In a transaction. DBK_LIMIT: the record is flooded; then nothing of the op was stored, and the
 * caller may go on. */
DBK_MUST_CHECK dbk_rc dbk_fold_op(dbk_book *book, dbk_fold_out *out, const dbk_fold_in *in,
                                  dbk_err *err);
/* A record that was made anew from its ops: state and what is shown of it. In a transaction. */
typedef struct dbk_fold_row {
    dbk_rowid id, space;
} dbk_fold_row;
DBK_MUST_CHECK dbk_rc dbk_fold_replace(dbk_book *book, const dbk_fold_row *row,
                                       const dbk_state *state, dbk_err *err);
/* A record that comes with its state (snapshot.h): a new row; *row gets its id. In a transaction.
 * DBK_CONFLICT: the space has this record. */
DBK_MUST_CHECK dbk_rc dbk_fold_adopt(dbk_book *book, dbk_fold_row *row, const dbk_state *state,
                                     dbk_err *err);
/* The segment has got its receipt: what is shown of the contested records that it wrote to may
 * change by that. In a transaction, after dbk_segments_set_log. */
DBK_MUST_CHECK dbk_rc dbk_fold_receipted(dbk_book *book, dbk_rowid segment, dbk_err *err);
/* All records of a form, by what is known of it now: a form has come. NULL: of all forms that
 * aren't known here. *count: how many. In a transaction. */
DBK_MUST_CHECK dbk_rc dbk_fold_read_again(dbk_book *book, size_t *count, const char *form,
                                          dbk_err *err);
/* The one line that lists would show of a record in this state, of the form that its ops name. */
DBK_MUST_CHECK dbk_rc dbk_fold_summary(dbk_book *book, dbk_bytes *out, const dbk_state *state,
                                       dbk_err *err);
/* For verify: does the row show what its state says? *yes is about every derived column. */
DBK_MUST_CHECK dbk_rc dbk_fold_in_step(dbk_book *book, bool *yes, const dbk_store_record *row,
                                       const dbk_state *state, dbk_err *err);
/* Asserts that the columns of a stored row follow from its state, and that the state is sound. */
DBK_MUST_CHECK dbk_rc dbk_fold_check_deep(dbk_book *book, const dbk_store_record *row,
                                          dbk_err *err);

#endif
