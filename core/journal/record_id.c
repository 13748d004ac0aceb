#include "core/journal/record_id.h"

#include <string.h>

#include "core/crypto/hash.h"
#include "core/model/offer.h"

#define TAG_LABEL "daybook/record-id/1"
#define GIVEN_LABEL "daybook/given-id/1"
#define VERSION_TIME 7u /* RFC 9562 section 5.7 */
#define VERSION_OWN 8u  /* section 5.8: bits that the maker defines */

static unsigned version_of(const dbk_id *id)
{
    return id->b[6] >> 4;
}

static dbk_hash tag_of(const dbk_id *id, const dbk_id *space, dbk_span form)
{
    dbk_hasher h;
    dbk_hasher_init(&h, TAG_LABEL);
    dbk_hasher_add(&h, dbk_span_of(space->b, DBK_ID_BYTES));
    dbk_hasher_add(&h, dbk_span_of(id->b, DBK_RECORD_ID_HEAD_BYTES));
    dbk_hasher_add(&h, form);
    return dbk_hasher_end(&h);
}

static void put_tag(dbk_id *id, const dbk_id *space, const char *form)
{
    dbk_hash tag = tag_of(id, space, dbk_span_str(form));
    memcpy(id->b + DBK_RECORD_ID_HEAD_BYTES, tag.b, DBK_RECORD_ID_TAG_BYTES);
}

dbk_id dbk_record_id_new(const dbk_id *space, const char *form, uint64_t unix_ms,
                         const uint8_t random[DBK_RECORD_ID_RANDOM_BYTES])
{
    uint8_t tail[10] = { 0 };
    memcpy(tail, random, DBK_RECORD_ID_RANDOM_BYTES);
    dbk_id id = dbk_id_v7(unix_ms, tail);
    put_tag(&id, space, form);
    return id;
}

dbk_id dbk_record_id_of(const dbk_id *space, const char *form, const dbk_id *hash)
{
    dbk_id id = *hash;
    id.b[6] = (uint8_t)(VERSION_OWN << 4 | (id.b[6] & 0x0f));
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3f));
    put_tag(&id, space, form);
    return id;
}

dbk_id dbk_record_id_given(const dbk_id *space, const char *form, const dbk_id *given)
{
    const dbk_id hash = dbk_hash_id(GIVEN_LABEL, dbk_span_of(given->b, DBK_ID_BYTES));
    return dbk_record_id_of(space, form, &hash);
}

bool dbk_record_id_fits(const dbk_id *id, const dbk_id *space, dbk_span form)
{
    unsigned version = version_of(id);
    if (version != VERSION_TIME && version != VERSION_OWN)
        return !dbk_id_is_zero(id) && dbk_span_equal(form, dbk_span_str(DBK_OFFER_FORM));
    dbk_hash tag = tag_of(id, space, form);
    return memcmp(tag.b, id->b + DBK_RECORD_ID_HEAD_BYTES, DBK_RECORD_ID_TAG_BYTES) == 0;
}
