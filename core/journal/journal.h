/* core/journal/journal.h - the write path: input -> check -> op -> seal -> feed -> state, one
 * durable transaction (WAL, synchronous FULL). When a call returns DBK_OK the note is on disk.
 * Every function: DBK_INVALID with all problems (nothing stored), DBK_DENIED (signed record,
 * role, not the author of an own group), DBK_NOT_FOUND, DBK_FULL, DBK_IO. */
#ifndef DBK_JOURNAL_JOURNAL_H
#define DBK_JOURNAL_JOURNAL_H

#include "core/journal/book.h"
#include "core/model/record.h"

/* Rules of the work over several records, which the layer above brings: it is asked before a new or
 * changed record is saved (add, edit, batches), with the values as they would be, and adds problems
 * and warnings. A problem refuses the save. HQ's decisions between values are not asked about. */
typedef struct dbk_intent {
    dbk_book *book;
    const dbk_form *form;
    const dbk_id *space;  /* in which the record is, or will be */
    const dbk_id *record; /* NULL: a new one */
    dbk_span on;          /* today, YYYY-MM-DD, UTC */
    /* Of a register's field the value that it would have; of others what is shown now. */
    dbk_current_fn value;
    dbk_current_fn before; /* what is shown now; all blank for a new record */
    dbk_current_fn added;  /* the elements or entries that this change adds to a set or log */
    /* Writes a number into a field that its author left blank: one field for each save. NULL: this
     * isn't the author's own draft, or it is an import, which says what it says. */
    dbk_rc (*fill)(void *ctx, const char *field, uint64_t number, dbk_err *err);
    void *ctx;
} dbk_intent;
typedef dbk_rc (*dbk_practice_fn)(dbk_problems *problems, const dbk_intent *proposed, dbk_err *err);
void dbk_journal_heed(dbk_book *book, dbk_practice_fn practice); /* NULL: none */

typedef struct dbk_add {
    dbk_id space;
    const char *form;
    const dbk_input *inputs;
    size_t inputs_count;
    const dbk_id *record; /* NULL: a new UUIDv7; given by imports that know their ids */
} dbk_add;
DBK_MUST_CHECK dbk_rc dbk_journal_add(dbk_book *book, dbk_id *record, dbk_problems *problems,
                                      const dbk_add *add, dbk_err *err);

typedef struct dbk_edit {
    dbk_id record;
    const dbk_input *inputs;
    size_t inputs_count;
    const char *reason; /* needed to lower a cautious group; else may be NULL */
} dbk_edit;
DBK_MUST_CHECK dbk_rc dbk_journal_edit(dbk_book *book, dbk_problems *problems, const dbk_edit *edit,
                                       dbk_err *err);
/* Checks DBK_STAGE_SIGN first. */
DBK_MUST_CHECK dbk_rc dbk_journal_sign(dbk_book *book, dbk_problems *problems, const dbk_id *record,
                                       dbk_err *err);
/* An addendum to a signed record, with the reason for it (FL-11); DBK_DENIED if it isn't signed. */
typedef struct dbk_addendum {
    dbk_id record;
    const char *text, *reason;
} dbk_addendum;
DBK_MUST_CHECK dbk_rc dbk_journal_addendum(dbk_book *book, const dbk_addendum *addendum,
                                           dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_journal_withdraw(dbk_book *book, const dbk_id *record, const char *reason,
                                           dbk_err *err);

/* HQ decides: choice is a sibling's place in `conflicts` (0..), or a new value by inputs; group
 * "review" clears review pairs only; group "lifecycle" may be decided too. A reason is required.
 * DBK_DENIED unless this device holds role hq (or admin) in the space. */
typedef struct dbk_resolve {
    dbk_id record;
    const char *group;
    int choice;              /* -1: by inputs */
    const dbk_input *inputs; /* fields of that group */
    size_t inputs_count;
    const char *reason;
} dbk_resolve;
DBK_MUST_CHECK dbk_rc dbk_journal_resolve(dbk_book *book, dbk_problems *problems,
                                          const dbk_resolve *resolve, dbk_err *err);
/* To take a decision back is to decide again: value stood in the group once, as the history has it
 * (core/practice/dispute.h), and takes the place of whatever stands now. Nothing is removed. The
 * same right and reason as for dbk_journal_resolve; DBK_INVALID if it is what stands. */
typedef struct dbk_undo {
    dbk_id record;
    dbk_span group, value;
    const char *reason;
} dbk_undo;
DBK_MUST_CHECK dbk_rc dbk_journal_undo(dbk_book *book, const dbk_undo *undo, dbk_err *err);

/* Many adds, sealed 64 ops to a segment, one transaction for each `flush` (imports). Between
 * begin and end no other journal call may write. On an invalid row the batch goes on: the row is
 * skipped and its problems are the caller's to report. */
typedef struct dbk_batch dbk_batch;
DBK_MUST_CHECK dbk_rc dbk_batch_begin(dbk_batch **out, dbk_book *book, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_batch_add(dbk_batch *batch, dbk_id *record, dbk_problems *problems,
                                    const dbk_add *add, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_batch_flush(dbk_batch *batch, dbk_err *err); /* durable up to here */
void dbk_batch_end(dbk_batch *batch); /* drops what wasn't flushed; NULL is nothing */

#endif
