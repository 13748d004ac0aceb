/* core/journal/cosigned.h - what headquarters' witnesses said of each space's log, held against the
 * log as it is here (decision 0015).
 * A word counts when a witness that the policy in force names has signed it, under a checkpoint of
 * the relay's, and this device's own log has that root at that size. Kept is, for each space, the
 * newest that counts: what stands below its size is held by headquarters, and its time says how
 * fresh the device's view is. A word about more than is applied here is remembered until the log
 * has grown so far, and must hold then, before anything that leads there is merged.
 * A word that holds and contradicts the log here proves that the relay showed two logs: both notes
 * are kept (core/journal/evidence.h), and the space stops (R20, M38, M39). */
#ifndef DBK_JOURNAL_COSIGNED_H
#define DBK_JOURNAL_COSIGNED_H

#include "core/journal/book.h"

/* A note with a witness's line, from the relay. Words of keys that the policy doesn't name, and
 * older words than the one that is kept, are nothing. DBK_PEER: it doesn't verify, is of another
 * log, or contradicts this device's (nothing else was changed). DBK_NOT_FOUND: no such space. */
DBK_MUST_CHECK dbk_rc dbk_cosigned_take(dbk_book *book, const dbk_id *space, dbk_span note,
                                        dbk_err *err);

/* How fresh a device's view of a space is (R22), by its own clock. Nothing is ever refused for it:
 * a wrong clock warns too much or too little, and locks nobody out. */
#define DBK_CONFIRMATION_TABLE(X)                                                               \
    X(NO_WITNESS, "no-witness") /* the policy names none */                                     \
    X(NOTHING, "nothing")       /* the log is empty */                                          \
    X(WAITS, "waits")           /* never said yet, and that isn't late */                       \
    X(FRESH, "fresh")                                                                           \
    X(STALE, "stale") /* older than the policy allows, or never said: notes may be held back */ \
    X(DOUBT, "clock") /* said later than this device's clock says it is: one clock is wrong */
#define DBK_CONFIRMATION_ENUM(name, word) DBK_CONFIRMATION_##name,
typedef enum dbk_confirmation {
    DBK_CONFIRMATION_TABLE(DBK_CONFIRMATION_ENUM) DBK_CONFIRMATION_COUNT
} dbk_confirmation;
const char *dbk_confirmation_name(dbk_confirmation c);

typedef struct dbk_confirmed {
    dbk_confirmation state;
    uint64_t size;    /* of the log, as headquarters holds it; 0: nothing was said */
    uint64_t time_ms; /* when that was said */
    uint64_t age_ms;  /* by this device's clock; of what was never said, since it could have been */
    uint64_t limit_ms; /* the policy's */
} dbk_confirmed;
dbk_confirmed dbk_cosigned_judge(const dbk_book *book, const dbk_id *space);

#endif
