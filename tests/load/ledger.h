/* tests/load/ledger.h - every note of a run: was it signed for by the relay, did it arrive, once,
 * and as it was? A note's number stands in its record's id. Threads may mark different notes. */
#ifndef DBK_TESTS_LOAD_LEDGER_H
#define DBK_TESTS_LOAD_LEDGER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/base/bytes.h"
#include "core/base/id.h"

typedef struct ledger_note {
    uint64_t hash; /* of its plaintext */
    atomic_uchar receipts, arrivals;
} ledger_note;
typedef struct ledger {
    uint16_t run; /* notes of other runs are none of ours */
    uint32_t room;
    atomic_uint made;
    ledger_note *notes;
    atomic_uint strange; /* arrived, and nobody wrote it, or other bytes than were written */
} ledger;

void ledger_open(ledger *l, uint16_t run, uint32_t room);
void ledger_close(ledger *l);
/* The first of so many new numbers; UINT32_MAX: the ledger has no room for them. */
uint32_t ledger_next(ledger *l, uint32_t count);
dbk_id ledger_record(const ledger *l, uint32_t number, uint64_t ms);
void ledger_wrote(ledger *l, uint32_t number, dbk_span plain);
void ledger_signed_for(ledger *l, uint32_t first, uint32_t count);
/* false: of another run. */
bool ledger_arrived(ledger *l, const dbk_id *record, dbk_span plain);

typedef struct ledger_sum {
    uint32_t written, receipted, arrived;
    uint32_t lost;    /* signed for, and not there */
    uint32_t twice;   /* arrived more than once */
    uint32_t strange; /* see above */
} ledger_sum;
ledger_sum ledger_total(const ledger *l);

#endif
