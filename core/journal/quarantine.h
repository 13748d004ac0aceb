/* core/journal/quarantine.h - notes that stand aside, and who lets them in (decision 0016).
 * A decision is an ordinary op in the deciding device's own feed of the space: a log entry in the
 * record whose id follows from the header that it is about, so that it is signed, synced, merged
 * and proved like every other note. It counts when its author's device held role supervisor, hq
 * or admin in the space by the membership that it had seen; of a device that was taken out since,
 * only what stands before its cut. Nothing else about it matters: not when it came, nor what came
 * first.
 * Admitting a segment lets in the author's chain up to and including it, for an author's notes
 * build on each other. Admit wins over refuse, and is for ever. Of two histories of one feed an
 * admitted one stands; of several admitted ones, that whose first own segment has the least hash.
 * What was refused stays as evidence, and can be admitted later.
 * Memory: one row for each segment that stands aside. */
#ifndef DBK_JOURNAL_QUARANTINE_H
#define DBK_JOURNAL_QUARANTINE_H

#include "core/journal/query.h"

typedef enum dbk_ruling {
    DBK_RULING_NONE = 0,
    DBK_RULING_REFUSED = 1,
    DBK_RULING_ADMITTED = 2 /* it waits for an earlier note all the same, or another stands */
} dbk_ruling;

/* A segment that stands aside. */
typedef struct dbk_aside {
    dbk_id id; /* of the record that holds what is decided about it */
    dbk_id space;
    dbk_id device; /* the author's; zero: not known */
    dbk_hash hash; /* of the header */
    dbk_hash prev; /* of the header before it in its feed; zero: it is the first */
    uint64_t first_seq;
    uint32_t ops;
    uint64_t receipt_ms; /* 0: a folder brought it, and no log has it */
    const char *why;     /* borrowed */
    bool decidable;      /* false: forged, or its author isn't known yet, or taken */
    bool taken;          /* it has its place in its feed: `why` is about the op that is shown */
    dbk_ruling ruling;
    bool readable; /* its key is here; else the next four say nothing */
    uint64_t claimed_ms;
    dbk_id about;        /* the record that the op names */
    dbk_span form;       /* of the first op; taken: of the first that `why` is about */
    const char *summary; /* of what that op would show; not terminal-safe */
} dbk_aside;
typedef dbk_rc (*dbk_aside_fn)(void *ctx, const dbk_aside *aside, dbk_err *err);
/* All of them in the spaces that this device reads, in the order in which they came. And those that
 * are merged, but for an op that counts for nothing, or whose record was made to be two things
 * (decision 0033; inbox.h): nobody has to decide about them, and headquarters must see them. */
DBK_MUST_CHECK dbk_rc dbk_quarantine_each(dbk_book *book, dbk_aside_fn fn, void *ctx, dbk_err *err);
/* What one of them holds, op by op. DBK_NOT_FOUND: nothing stands aside under this id; DBK_PENDING:
 * its key isn't here. An op that can't be understood is left out, and so is, of one that is taken,
 * what counts like any other. */
DBK_MUST_CHECK dbk_rc dbk_quarantine_notes(dbk_book *book, const dbk_id *id, dbk_event_fn fn,
                                           void *ctx, dbk_err *err);

/* Durable when it returns, and what was let in is merged: *merged ops. DBK_DENIED: this device
 * holds none of the roles that decide, or it can't be admitted; DBK_NOT_FOUND; DBK_INVALID: no
 * reason. */
typedef struct dbk_decision {
    dbk_id id;
    bool admit;
    const char *reason;
} dbk_decision;
DBK_MUST_CHECK dbk_rc dbk_quarantine_decide(dbk_book *book, uint64_t *merged,
                                            const dbk_decision *decision, dbk_err *err);

#endif
