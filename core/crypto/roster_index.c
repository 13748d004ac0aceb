#include "core/crypto/roster_index.h"

#include "core/base/alloc.h"

#define SLOTS_FIRST 16u

void dbk_index_wipe(dbk_index *index)
{
    dbk_free(index->slots);
    *index = (dbk_index){ .key_of = index->key_of };
}

static size_t first_slot(const dbk_index *index, dbk_span key)
{
    DBK_ASSERT(key.len >= 4);
    size_t hash = (size_t)key.p[0] << 24 | (size_t)key.p[1] << 16 | (size_t)key.p[2] << 8 |
                  (size_t)key.p[3];
    /* Fibonacci hashing: ids made by counting in tests spread as well as random ones. */
    hash = (size_t)((uint64_t)hash * 0x9e3779b97f4a7c15u >> 32);
    return hash & (index->slots_count - 1);
}

/* The slot that holds this key, or the empty one where it belongs. */
static size_t slot_of(const dbk_index *index, const void *owner, dbk_span key)
{
    size_t slot = first_slot(index, key);
    while (index->slots[slot] != 0 &&
           !dbk_span_equal(index->key_of(owner, index->slots[slot] - 1), key))
        slot = (slot + 1) & (index->slots_count - 1);
    return slot;
}

void dbk_index_put(dbk_index *index, const void *owner, uint32_t value)
{
    DBK_ASSERT(value < DBK_INDEX_NONE);
    DBK_ASSERT((index->used + 1) * 2 <= index->slots_count);
    size_t slot = slot_of(index, owner, index->key_of(owner, value));
    DBK_ASSERT(index->slots[slot] == 0);
    index->slots[slot] = value + 1;
    index->used++;
}

dbk_rc dbk_index_reserve(dbk_index *index, const void *owner, size_t more, dbk_err *err)
{
    dbk_index grown = { .key_of = index->key_of };
    size_t count = index->slots_count == 0 ? SLOTS_FIRST : index->slots_count;
    while (count / 2 < index->used + more)
        count *= 2;
    if (count == index->slots_count)
        return DBK_OK;
    grown.slots = dbk_alloc_array(count, sizeof(*grown.slots));
    if (grown.slots == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the roster");
    grown.slots_count = count;
    for (size_t i = 0; i < index->slots_count; i++) {
        if (index->slots[i] != 0)
            dbk_index_put(&grown, owner, index->slots[i] - 1);
    }
    dbk_index_wipe(index);
    *index = grown;
    return DBK_OK;
}

uint32_t dbk_index_find(const dbk_index *index, const void *owner, dbk_span key)
{
    if (index->slots_count == 0)
        return DBK_INDEX_NONE;
    uint32_t value_1 = index->slots[slot_of(index, owner, key)];
    return value_1 == 0 ? DBK_INDEX_NONE : value_1 - 1;
}
