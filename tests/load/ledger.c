#include "tests/load/ledger.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/crypto/hash.h"

#define RUN_AT 9u /* in a UUIDv7: behind its version and variant, with 7 bytes of our own */
#define NUMBER_AT 11u
#define LABEL "daybook/test/load-note"

static uint64_t short_hash(dbk_span plain)
{
    dbk_hash h = dbk_hash_of(LABEL, plain);
    dbk_wire w = dbk_wire_from(dbk_span_of(h.b, sizeof(h.b)));
    return dbk_wire_get_u64(&w);
}

void ledger_open(ledger *l, uint16_t run, uint32_t room)
{
    memset(l, 0, sizeof(*l));
    l->run = run;
    l->room = room;
    l->notes = dbk_alloc_array(room, sizeof(*l->notes));
    DBK_ASSERT(l->notes != NULL);
}

void ledger_close(ledger *l)
{
    dbk_free(l->notes);
    memset(l, 0, sizeof(*l));
}

uint32_t ledger_next(ledger *l, uint32_t count)
{
    unsigned first = atomic_load(&l->made);
    do {
        if (count > l->room - first)
            return UINT32_MAX;
    } while (!atomic_compare_exchange_weak(&l->made, &first, first + count));
    return first;
}

dbk_id ledger_record(const ledger *l, uint32_t number, uint64_t ms)
{
    uint8_t none[10] = { 0 };
    dbk_id id = dbk_id_v7(ms, none);
    id.b[RUN_AT] = (uint8_t)(l->run >> 8);
    id.b[RUN_AT + 1] = (uint8_t)l->run;
    (void)dbk_wire_put_u32(id.b + NUMBER_AT, number);
    return id;
}

void ledger_wrote(ledger *l, uint32_t number, dbk_span plain)
{
    l->notes[number].hash = short_hash(plain);
}

void ledger_signed_for(ledger *l, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++)
        (void)atomic_fetch_add(&l->notes[i].receipts, 1);
}

bool ledger_arrived(ledger *l, const dbk_id *record, dbk_span plain)
{
    dbk_wire w = dbk_wire_from(dbk_span_of(record->b + NUMBER_AT, 4));
    uint32_t number = dbk_wire_get_u32(&w);
    if (record->b[RUN_AT] != (uint8_t)(l->run >> 8) || record->b[RUN_AT + 1] != (uint8_t)l->run)
        return false;
    if (number >= atomic_load(&l->made) || l->notes[number].hash != short_hash(plain))
        (void)atomic_fetch_add(&l->strange, 1);
    else
        (void)atomic_fetch_add(&l->notes[number].arrivals, 1);
    return true;
}

ledger_sum ledger_total(const ledger *l)
{
    ledger_sum sum = { .written = atomic_load(&l->made), .strange = atomic_load(&l->strange) };
    for (uint32_t i = 0; i < sum.written; i++) {
        unsigned receipts = atomic_load(&l->notes[i].receipts);
        unsigned arrivals = atomic_load(&l->notes[i].arrivals);
        sum.receipted += receipts > 0;
        sum.arrived += arrivals > 0;
        sum.lost += receipts > 0 && arrivals == 0;
        sum.twice += arrivals > 1;
    }
    return sum;
}
