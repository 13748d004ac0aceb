/* core/journal/recovered.h - a relay that was restored from a backup, as this device sees it: what
 * the root's RECOVERY says against what is held here, and the step from a log to the one that takes
 * its place (docs/decisions/0019).
 * Invariant: nothing changes unless the record fits what this device has verified itself.
 * Afterwards every segment is still here; those that the new log doesn't begin with have no place
 * any more, and what the relay had signed for them is kept as evidence. */
#ifndef DBK_JOURNAL_RECOVERED_H
#define DBK_JOURNAL_RECOVERED_H

#include "core/crypto/roster.h"
#include "core/journal/book.h"

typedef struct dbk_recovered {
    size_t spaces;       /* whose log has been replaced just now */
    uint64_t own_ops;    /* own changes that the relay had signed for and that go out again */
    uint64_t others;     /* segments of others that it lost */
    size_t contradicted; /* spaces where the record doesn't fit what is held: they stay stopped */
} dbk_recovered;
/* Brings every space to the newest recovery that the chain holds for its log. To be done before the
 * chain goes on and when it has: a program may have been cut off in between. */
DBK_MUST_CHECK dbk_rc dbk_recovered_settle(dbk_book *book, dbk_err *err);
/* Is the log that stands here the one in force by the chain? */
bool dbk_recovered_is_settled(const dbk_book *book, const dbk_id *space);
/* What that did since it was told last. */
dbk_recovered dbk_recovered_told(dbk_book *book);

/* What a claim or a recovery says of a log, beside what is held here. */
typedef struct dbk_recovered_view {
    bool held;        /* this device knows that log, so that it can tell */
    bool contradicts; /* ... and the log never began like that */
    uint64_t size;    /* entries that are applied here */
    dbk_hash root;    /* of the first min(size, claimed size) */
    uint64_t lost;    /* entries behind the claimed size */
    size_t lost_devices;
    uint64_t lost_from_ms, lost_to_ms; /* their receipt times */
} dbk_recovered_view;
DBK_MUST_CHECK dbk_rc dbk_recovered_look(dbk_book *book, dbk_recovered_view *out,
                                         const dbk_log_move *claim, dbk_err *err);

#endif
