/* core/journal/scratch.h - words that were typed and aren't saved in a record yet: kept in this
 * device's encrypted store so that a page that is left, a program that dies or a lock loses none.
 * They are no notes: they have no history, they are never synced and nobody else sees them. */
#ifndef DBK_JOURNAL_SCRATCH_H
#define DBK_JOURNAL_SCRATCH_H

#include "core/journal/book.h"

#define DBK_SCRATCH_NAME_BYTES_MAX 200u /* "edit/UUID/account": whoever keeps it chooses */
#define DBK_SCRATCH_TEXT_BYTES_MAX (64u * 1024u)
#define DBK_SCRATCHES_MAX 500u

/* Durable when it returns; what was kept under that name is replaced, and an empty text takes it
 * away. DBK_LIMIT: the name, the text, or one more than DBK_SCRATCHES_MAX. DBK_INVALID: the name is
 * empty or one of them is not UTF-8. */
DBK_MUST_CHECK dbk_rc dbk_scratch_keep(dbk_book *book, dbk_span name, dbk_span text, dbk_err *err);
/* With all whose names go on with a slash: "edit/UUID" takes away "edit/UUID/account" too. None of
 * that name is as good. */
DBK_MUST_CHECK dbk_rc dbk_scratch_drop(dbk_book *book, dbk_span name, dbk_err *err);

typedef struct dbk_scratch {
    dbk_span name, text; /* borrowed for the call */
    uint64_t at_ms;      /* when it was kept, by this machine's clock */
} dbk_scratch;
typedef dbk_rc (*dbk_scratch_fn)(void *ctx, const dbk_scratch *scratch, dbk_err *err);
/* By name. */
DBK_MUST_CHECK dbk_rc dbk_scratch_each(dbk_book *book, dbk_scratch_fn fn, void *ctx, dbk_err *err);

#endif
