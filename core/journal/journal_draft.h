/* core/journal/journal_draft.h - inside the write path: one op in the making. Not for others.
 * A draft is begun for a new record or from a stored one, gets its writes, and is saved; its
 * record's state is what the author sees. journal.c: the calls. journal_draft.c: begin and save.
 * journal_rules.c: who may write what. journal_resolve.c: HQ's decisions. */
#ifndef DBK_JOURNAL_JOURNAL_DRAFT_H
#define DBK_JOURNAL_JOURNAL_DRAFT_H

#include "core/journal/feed.h"
#include "core/journal/journal.h"

/* A write's value with the fields that this program doesn't know: journal_unknown.c. */
typedef struct dbk_joined dbk_joined;
struct dbk_joined {
    dbk_bytes value;
    dbk_joined *next;
};

typedef struct dbk_draft {
    dbk_book *book; /* borrowed */
    dbk_id space, record;
    dbk_role role;    /* of this device in the space */
    bool hq;          /* role hq or admin */
    dbk_state *state; /* NULL: a new record */
    dbk_view_opts view;
    const dbk_form *form;
    dbk_life life;
    dbk_change change;  /* the writes, still without preds */
    const char *reason; /* borrowed; or NULL */
    dbk_span *shown;    /* the form's fields as they are shown, as far as asked for */
    dbk_bytes *scratch; /* what shown points into */
    dbk_rc shown_rc;    /* the first failure of showing one */
    dbk_joined *joined; /* values that change's writes point into */
    bool typed;         /* by its author, and not signed: a rule of the work may fill a field */
    const char *fill;   /* the field that one has filled, or NULL; borrowed from the form */
    uint64_t fill_with;
} dbk_draft;

/* DBK_DENIED: no organisation, or a role that doesn't write; DBK_NOT_FOUND: no such space, form or
 * record. Wipe it in any case. */
DBK_MUST_CHECK dbk_rc dbk_draft_new(dbk_draft *d, dbk_book *book, const dbk_id *space,
                                    const char *form, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_draft_load(dbk_draft *d, dbk_book *book, const dbk_id *record,
                                     dbk_err *err);
void dbk_draft_wipe(dbk_draft *d);
/* DBK_DENIED: records of this form are the program's own log. Loading looks at it already. */
DBK_MUST_CHECK dbk_rc dbk_draft_check_form(const dbk_draft *d, dbk_err *err);

/* A dbk_current_fn; ctx is the draft. Look at shown_rc afterwards. */
dbk_span dbk_draft_current(void *ctx, const char *field);
/* Inputs into d->change by the form: dbk_record_check. */
DBK_MUST_CHECK dbk_rc dbk_draft_check(dbk_draft *d, dbk_problems *problems, const dbk_input *inputs,
                                      size_t inputs_count, dbk_err *err);
/* Puts fields of the shown values that the form doesn't have into the writes that replace them;
 * dbk_draft_check does it. */
DBK_MUST_CHECK dbk_rc dbk_draft_keep_unknown(dbk_draft *d, dbk_err *err);
void dbk_draft_drop_joined(dbk_draft *d);
/* One write in place of inputs; group and value are copied. Empty value: none. */
DBK_MUST_CHECK dbk_rc dbk_draft_write(dbk_draft *d, dbk_write_kind kind, dbk_span group,
                                      dbk_span value, dbk_err *err);
/* { "state": state, ? "reason": reason } into the lifecycle. */
DBK_MUST_CHECK dbk_rc dbk_draft_life(dbk_draft *d, const char *state, const char *reason,
                                     dbk_err *err);

/* Did this device begin the record? */
bool dbk_draft_is_author(const dbk_draft *d);
/* The rules that are about persons: own groups (DBK_DENIED), lowering a cautious group without a
 * reason (DBK_INVALID); each with its problem row. Takes writes away that change nothing. */
DBK_MUST_CHECK dbk_rc dbk_draft_judge(dbk_draft *d, dbk_problems *problems, dbk_err *err);
/* The rules of the work (dbk_journal_heed), with the writes as they would be: DBK_INVALID when they
 * add a problem. */
DBK_MUST_CHECK dbk_rc dbk_draft_heed(dbk_draft *d, dbk_problems *problems, dbk_err *err);
/* The inputs once more, with what a rule of the work has filled; nothing when none has. */
DBK_MUST_CHECK dbk_rc dbk_draft_refill(dbk_draft *d, const dbk_input *inputs, size_t inputs_count,
                                       dbk_err *err);
/* Text that a person gave as a reason: DBK_INVALID when it is blank, too long or not UTF-8. */
DBK_MUST_CHECK dbk_rc dbk_reason_check(const char *reason, dbk_err *err);

/* Of dbk_add, for single adds and for batches: the checked writes; and the id, new or as given
 * (DBK_CONFLICT: it is taken). */
DBK_MUST_CHECK dbk_rc dbk_journal_check_new(dbk_draft *d, dbk_problems *problems,
                                            const dbk_add *add, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_journal_new_id(dbk_book *book, dbk_id *out, const dbk_add *add,
                                         dbk_err *err);

/* The op's plain bytes: writes with their preds, context, a new time. In a transaction. */
DBK_MUST_CHECK dbk_rc dbk_draft_encode(dbk_draft *d, dbk_bytes *plain, const dbk_book_feed *feed,
                                       dbk_err *err);
/* Seals the encoded ops as one segment and folds them. In a transaction. */
DBK_MUST_CHECK dbk_rc dbk_draft_store(dbk_book *book, dbk_book_feed *feed, const dbk_span *plain,
                                      size_t count, dbk_err *err);
/* Both, durably: when it returns DBK_OK the note is on the disk; else nothing has changed. */
DBK_MUST_CHECK dbk_rc dbk_draft_save(dbk_draft *d, dbk_err *err);
/* Durable when the batch is flushed. A failure ends the batch. */
dbk_book *dbk_batch_book(const dbk_batch *batch); /* which its drafts are begun in */
DBK_MUST_CHECK dbk_rc dbk_batch_take(dbk_batch *batch, dbk_draft *d, dbk_err *err);

#endif
