/* core/practice/held.h - which strategy is in force, what is held back, and whether a text speaks
 * of it (FL-3). Knows:  the case's field `strategy`: in force is the newest version whose approval
 * headquarters wrote. What an officer wrote as approved is a proposal: what a newer one holds back
 * is held back besides, and it lets nothing go. Never:  deciding what may be told: that is the
 * lead's. Compared without regard to case, accents and script (core/model/likeness.h). */
#ifndef DBK_PRACTICE_HELD_H
#define DBK_PRACTICE_HELD_H

#include "core/model/likeness.h"
#include "core/practice/reading.h"

typedef struct dbk_held {
    uint64_t version;  /* of the strategy in force; 0: none */
    uint64_t proposed; /* the newest that waits for headquarters' word; 0: none */
    dbk_bytes topics;  /* CBOR: its array; empty: nothing is held back */
    dbk_namer *namer;  /* NULL until it is needed */
} dbk_held;
void dbk_held_init(dbk_held *h);
void dbk_held_wipe(dbk_held *h);
DBK_MUST_CHECK dbk_rc dbk_held_read(dbk_held *h, const dbk_note *of_case, dbk_err *err);
/* Does this entry approve a version, by headquarters' word? */
bool dbk_held_approves(const dbk_sibling *entry);
uint64_t dbk_held_version(dbk_span entry);
/* The newest entry that is newer than the version in force: what headquarters may approve next.
 * Borrowed from the case; empty: none. */
dbk_span dbk_held_next(const dbk_note *of_case);

/* The topic that this text speaks of, borrowed; empty: none. A topic is the name of what was told:
 * it also counts when it is a part of one that is held back. */
typedef enum dbk_held_kind { DBK_HELD_WORDS, DBK_HELD_TOPIC } dbk_held_kind;
DBK_MUST_CHECK dbk_rc dbk_held_find(dbk_held *h, dbk_span *topic, dbk_span text, dbk_held_kind kind,
                                    dbk_err *err);

#endif
