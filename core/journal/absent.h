/* core/journal/absent.h - what a backup left out and a restored store fetches again: changes that
 * headquarters holds (docs/decisions/0038).
 * A backup lies where nobody can reach it when something is disposed of. So it holds only what this
 * device alone may hold. Of every other op the place stays, a hole (core/crypto/hole.h): feeds, log
 * and proofs go on as they were. Its record goes.
 * Invariant: a record is here whole, or not at all. While something of a space is absent, nothing
 * else of its log is merged: no rule of a person, and no hold, can be missing from what is shown.
 */
#ifndef DBK_JOURNAL_ABSENT_H
#define DBK_JOURNAL_ABSENT_H

#include "core/crypto/hole.h"
#include "core/journal/inbox.h"

typedef struct dbk_absent {
    bool any;
    uint64_t next; /* the log's index from which on it is to be fetched */
    uint64_t ops;  /* how many the backup left out */
} dbk_absent;
DBK_MUST_CHECK dbk_rc dbk_absent_get(const dbk_book *book, dbk_absent *out, const dbk_id *space,
                                     dbk_err *err);
/* DBK_PENDING, with words for people, while something of the space is absent. */
DBK_MUST_CHECK dbk_rc dbk_absent_none(const dbk_book *book, const dbk_id *space, dbk_err *err);
/* Ops of a segment that are missing though no order names them: bit i for op i. */
uint64_t dbk_absent_ops(const dbk_book *book, const dbk_header *h, const dbk_kept *kept);

/* Takes out of a book what headquarters said it holds, of records of which it holds every change;
 * then its file is written anew. Only ever of a copy. *ops: how many changes. */
DBK_MUST_CHECK dbk_rc dbk_absent_make(dbk_book *copy, uint64_t *ops, dbk_err *err);

/* A run of the log from `next` on, bodies of own segments too: what is absent is compared with the
 * headers that stand here, and merged; the rest is passed over. Checkpoint and proof are not looked
 * at. When the log's end is reached, everything must be here: else DBK_PENDING, and it begins
 * again. DBK_PEER: these aren't the log's entries. Fills stats. */
DBK_MUST_CHECK dbk_rc dbk_absent_take(dbk_book *book, dbk_inbox_stats *stats, const dbk_run *run,
                                      dbk_err *err);

#endif
