/* core/journal/evidence.h - what this device has met that shows two histories: kept byte for byte,
 * told until a person settles it, and exported so that anybody can check it (core/crypto/exhibit.h
 * says what each kind is, and which of them are proofs).
 * Where it comes from: the receive path, when an author's segment stands aside for a second history
 * (FEED); membership, when a second entry with one parent is properly signed (CHAIN); each
 * checkpoint that the relay signs, against those before (VIEWS, BACK) and, brought by a folder,
 * against those that others were shown (VIEWS); and the checkpoint that each segment's author says
 * to have verified, against the log as it is here (SAID, security.md R21). Of one fault of one
 * signer one item is kept open, so that nobody can fill the store with them; a fault that goes on
 * after it was settled is told anew. A feed of which two histories are proved (FEED) goes no
 * further: what continues it stands aside until a supervisor lets it in, whether the item is
 * settled or not (quarantine.h, decision 0014). An open CHAIN item freezes the book (R25): no entry
 * is taken, and nothing is exchanged, since who may read and write is what isn't known. Settling it
 * goes on with the chain that is held here. */
#ifndef DBK_JOURNAL_EVIDENCE_H
#define DBK_JOURNAL_EVIDENCE_H

#include "core/crypto/exhibit.h"
#include "core/journal/book.h"

typedef struct dbk_evidence {
    uint64_t id;
    uint64_t found_ms;
    bool settled;
    const char *reason; /* settled; borrowed for the callback */
    bool space_held;    /* else its space is not to be named here */
    dbk_exhibit_shows shows;
} dbk_evidence;
typedef dbk_rc (*dbk_evidence_fn)(void *ctx, const dbk_evidence *item, dbk_err *err);
/* The oldest first; checked anew. DBK_DAMAGED: one doesn't hold any more. */
DBK_MUST_CHECK dbk_rc dbk_evidence_each(dbk_book *book, dbk_evidence_fn fn, void *ctx,
                                        dbk_err *err);
typedef struct dbk_evidence_totals {
    uint64_t open, settled;
    uint64_t waiting; /* to be judged once a log has come far enough here */
    bool frozen;
} dbk_evidence_totals;
DBK_MUST_CHECK dbk_rc dbk_evidence_count(dbk_book *book, dbk_evidence_totals *out, dbk_err *err);
/* Appends a file that checks from the root key alone. DBK_NOT_FOUND. */
DBK_MUST_CHECK dbk_rc dbk_evidence_export(dbk_book *book, dbk_bytes *out, uint64_t id,
                                          dbk_err *err);
/* A person has dealt with it, as the reason says. DBK_NOT_FOUND; DBK_CONFLICT: settled already;
 * DBK_INVALID: no reason, or too long. */
#define DBK_EVIDENCE_REASON_BYTES_MAX 500u
DBK_MUST_CHECK dbk_rc dbk_evidence_settle(dbk_book *book, uint64_t id, const char *reason,
                                          dbk_err *err);
/* DBK_SPLIT, with what is to be done, while the book is frozen. */
DBK_MUST_CHECK dbk_rc dbk_evidence_check_frozen(const dbk_book *book, dbk_err *err);

/* The relay shows this as the state of its log of the space: compared with what it signed before.
 * What isn't signed by it, or contradicts nothing, is nothing. */
DBK_MUST_CHECK dbk_rc dbk_evidence_note(dbk_book *book, const dbk_id *space, dbk_span note,
                                        dbk_err *err);

/* Such a note that somebody else was shown, as a folder brings it: the same, but that a smaller one
 * is no step back. One of a longer log waits until the log here is as long; one of a log that the
 * root let go on in this one counts as far as it did. */
DBK_MUST_CHECK dbk_rc dbk_evidence_carried(dbk_book *book, const dbk_id *space, dbk_span note,
                                           dbk_err *err);
/* Two notes about as many entries, neither of which may be what is held here. */
DBK_MUST_CHECK dbk_rc dbk_evidence_pair(dbk_book *book, dbk_span a, dbk_span b, dbk_err *err);

/* For the journal's own files; the first four in a transaction or outside of one. */
/* Keeps what shows something; anything else, and what is open already, is nothing. */
DBK_MUST_CHECK dbk_rc dbk_evidence_keep(dbk_book *book, const dbk_exhibit *x, dbk_err *err);
/* Headers of a feed, chained, the first of which stands where another does, or names another before
 * it: beside those that are held. */
DBK_MUST_CHECK dbk_rc dbk_evidence_fork(dbk_book *book, dbk_span headers, dbk_err *err);
/* A header whose author says what the space's log was: judged now, or once the log is so long and
 * the membership known that the author had seen. After a RECOVERY the author spoke of the log that
 * was in force by that; what it says of another is judged as far as the two are one. */
DBK_MUST_CHECK dbk_rc dbk_evidence_said(dbk_book *book, dbk_span header, dbk_err *err);
/* The log of the space, or the membership, has grown here: what waited for that is judged. */
DBK_MUST_CHECK dbk_rc dbk_evidence_grown(dbk_book *book, const dbk_id *space, dbk_err *err);
/* Another entry in the place of one that is held. *split: both are properly signed, which is kept,
 * and freezes. */
DBK_MUST_CHECK dbk_rc dbk_evidence_entry(dbk_book *book, bool *split, uint64_t seq, dbk_span entry,
                                         dbk_err *err);
/* At opening: is it frozen? */
DBK_MUST_CHECK dbk_rc dbk_evidence_load(dbk_book *book, dbk_err *err);

#endif
