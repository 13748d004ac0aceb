/* core/journal/cosigned_internal.h - what the receive path, the read path and the witness need of
 * cosigned.h. Not for others. */
#ifndef DBK_JOURNAL_COSIGNED_INTERNAL_H
#define DBK_JOURNAL_COSIGNED_INTERNAL_H

#include "core/journal/book_internal.h"
#include "core/journal/cosigned.h"

/* A word about a log that this device doesn't hold so far: in memory only, since the relay shows
 * it again at each sync. */
struct dbk_ahead {
    dbk_id space;
    dbk_said said;
    dbk_hash root;
    dbk_frontier reached; /* the log here when it had said.size entries; else of another size */
    size_t note_len;
    uint8_t note[DBK_COSIGNED_NOTE_BYTES_MAX];
};
/* NULL: none. */
dbk_ahead *dbk_cosigned_ahead(const dbk_book *book, const dbk_id *space);
/* One more leaf has been added: DBK_PEER if the log has just come to a word's size with another
 * root. ahead NULL: nothing to check. */
DBK_MUST_CHECK dbk_rc dbk_cosigned_passes(dbk_ahead *ahead, dbk_book *book,
                                          const dbk_frontier *frontier, dbk_err *err);
/* In the transaction that moves a space's stand: keeps a word that the log has come to. */
DBK_MUST_CHECK dbk_rc dbk_cosigned_reached(dbk_book *book, dbk_book_space *space, dbk_err *err);

/* What counts now: by a witness in force, of this log, about what is applied here. */
dbk_cosigned dbk_cosigned_now(const dbk_book *book, const dbk_book_space *space);
/* Does the policy in force name this key? */
bool dbk_cosigned_names(const dbk_book *book, const dbk_sign_pk *witness);
/* In a transaction: keeps a word about the whole of what is applied here. */
DBK_MUST_CHECK dbk_rc dbk_cosigned_keep_own(dbk_book *book, dbk_book_space *space,
                                            const dbk_said *said, dbk_span note, dbk_err *err);

/* At opening. */
DBK_MUST_CHECK dbk_rc dbk_cosigned_load(dbk_book *book, dbk_err *err);
void dbk_cosigned_forget(dbk_book *book);
/* The stored row from its signed bytes up: *good, or not. */
DBK_MUST_CHECK dbk_rc dbk_cosigned_verify(dbk_book *book, bool *good, const dbk_book_space *space,
                                          dbk_err *err);

#endif
