/* core/practice/held.h - what the strategy in force holds back, and whether a text speaks of it.
 * Knows:  the case's field `strategy`: in force is the newest version that somebody approved.
 * Never:  deciding what may be told: that is the lead's.
 * Compared without regard to case, accents and script (core/model/likeness.h). */
#ifndef DBK_PRACTICE_HELD_H
#define DBK_PRACTICE_HELD_H

#include "core/model/likeness.h"
#include "core/practice/reading.h"

typedef struct dbk_held {
    uint64_t version; /* of the strategy in force; 0: none */
    dbk_bytes topics; /* CBOR: its array; empty: nothing is held back */
    dbk_namer *namer; /* NULL until it is needed */
} dbk_held;
void dbk_held_init(dbk_held *h);
void dbk_held_wipe(dbk_held *h);
/* Takes an element of the field, if it is approved and newer than what was taken. */
DBK_MUST_CHECK dbk_rc dbk_held_take(dbk_held *h, dbk_span version, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_held_read(dbk_held *h, dbk_reading *of_case, dbk_err *err);

/* The topic that this text speaks of, borrowed; empty: none. A topic is the name of what was told:
 * it also counts when it is a part of one that is held back. */
typedef enum dbk_held_kind { DBK_HELD_WORDS, DBK_HELD_TOPIC } dbk_held_kind;
DBK_MUST_CHECK dbk_rc dbk_held_find(dbk_held *h, dbk_span *topic, dbk_span text, dbk_held_kind kind,
                                    dbk_err *err);

#endif
