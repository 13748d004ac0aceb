/* What a relay gives of a snapshot, and what it is brought: an offer, or a part. What decodes says
 * the same again when it is written anew. */
#include <string.h>

#include "sync/engine/msg_snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void offer(dbk_span in)
{
    dbk_snapshot_offer o;
    dbk_bytes again = DBK_BYTES_INIT(DBK_SNAPSHOT_OFFER_BYTES_MAX);
    if (dbk_snapshot_offer_decode(&o, in, NULL) == DBK_OK) {
        DBK_ASSERT(dbk_snapshot_offer_encode(&again, &o, NULL) == DBK_OK);
        DBK_ASSERT(dbk_span_equal(dbk_bytes_span(&again), in));
    }
    dbk_bytes_wipe(&again);
}

static void part(dbk_span in)
{
    dbk_part p;
    dbk_span chunk;
    size_t count = 0;
    dbk_bytes again = DBK_BYTES_INIT(DBK_PART_BYTES_MAX);
    if (dbk_part_decode(&p, in, NULL) == DBK_OK) {
        DBK_ASSERT(dbk_part_begin(&again, &p.name, p.number, NULL) == DBK_OK);
        for (size_t all = p.count; dbk_part_next(&p, &chunk); DBK_ASSERT(count <= all)) {
            DBK_ASSERT(dbk_part_add(&again, chunk, NULL) == DBK_OK);
            count++;
        }
        DBK_ASSERT(count == p.count);
        DBK_ASSERT(dbk_span_equal(dbk_bytes_span(&again), in));
    }
    dbk_bytes_wipe(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const dbk_span in = { data, size };
    offer(in);
    part(in);
    return 0;
}
