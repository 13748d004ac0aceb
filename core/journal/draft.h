/* core/journal/draft.h - one op in the making: the record as it stands here, who writes, what the
 * op overwrites, and the one transaction that makes it durable. Inside the journal only. */
#ifndef DBK_JOURNAL_DRAFT_H
#define DBK_JOURNAL_DRAFT_H

#include "core/journal/book_internal.h"
#include "core/journal/fold.h"

typedef struct dbk_draft {
    dbk_book *book;
    dbk_id record, space;
    dbk_state *state;   /* NULL: a new record */
    dbk_view_opts view; /* form NULL: not known here */
    dbk_bytes *scratch; /* one for each field of the form: what dbk_draft_current() lends */
    size_t scratch_count;
} dbk_draft; /* { 0 } is empty */

/* A record that is here. DBK_NOT_FOUND; DBK_DENIED when this device may not write in its space. */
DBK_MUST_CHECK dbk_rc dbk_draft_load(dbk_draft *d, dbk_book *book, const dbk_id *record,
                                     dbk_err *err);
/* A new record of the newest version of a form. DBK_NOT_FOUND: no such form; DBK_DENIED;
 * DBK_CONFLICT: the space has a record of this id. */
typedef struct dbk_draft_new {
    dbk_id record, space;
    const char *form;
} dbk_draft_new;
/* The id that the caller gave, or a new UUIDv7. */
dbk_id dbk_draft_new_id(const dbk_book *book, const dbk_id *given);
DBK_MUST_CHECK dbk_rc dbk_draft_begin(dbk_draft *d, dbk_book *book, const dbk_draft_new *what,
                                      dbk_err *err);
void dbk_draft_wipe(dbk_draft *d);

/* A dbk_current_fn over the draft: the displayed value of a field. */
dbk_span dbk_draft_current(void *draft, const char *field);
bool dbk_draft_is_hq(const dbk_draft *d);  /* this device decides in the space */
bool dbk_draft_is_own(const dbk_draft *d); /* this device began the record, or it is new */

/* Encodes an op of these writes, whose preds are filled in here by what is displayed: the shown
 * winner and the own dots; for REMOVE the dots that brought the elements; for RESOLVE all. */
typedef struct dbk_draft_op {
    dbk_write *writes;
    size_t writes_count;
    const char *reason; /* or NULL */
} dbk_draft_op;
DBK_MUST_CHECK dbk_rc dbk_draft_encode(dbk_bytes *out, const dbk_draft *d, const dbk_draft_op *op,
                                       const dbk_book_feed *feed, dbk_err *err);
/* Ops that were appended to a feed, folded into their records. In a transaction. */
typedef struct dbk_draft_place {
    const dbk_book_feed *feed;
    dbk_rowid segment;
    uint64_t first_seq;
} dbk_draft_place;
DBK_MUST_CHECK dbk_rc dbk_draft_fold(dbk_book *book, const dbk_draft_place *at,
                                     const dbk_span *plain, size_t count, dbk_err *err);
/* All of it, in one durable transaction. */
DBK_MUST_CHECK dbk_rc dbk_draft_save(dbk_draft *d, const dbk_draft_op *op, dbk_err *err);

#endif
