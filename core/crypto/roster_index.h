/* core/crypto/roster_index.h - a hash table of places: finds items of an array by a key that the
 * items hold themselves. Keys are hashes, keys or random ids that an admin has signed for, so
 * their first bytes spread them. Nothing is ever removed.
 * Invariant: at most half of the slots are used; their number is a power of two. */
#ifndef DBK_CRYPTO_ROSTER_INDEX_H
#define DBK_CRYPTO_ROSTER_INDEX_H

#include "core/base/bytes.h"

#define DBK_INDEX_NONE UINT32_MAX

/* Of at least 4 bytes; borrowed from owner. */
typedef dbk_span (*dbk_index_key_fn)(const void *owner, uint32_t value);

typedef struct dbk_index {
    dbk_index_key_fn key_of;
    uint32_t *slots; /* value + 1; 0: empty */
    size_t slots_count;
    size_t used;
} dbk_index; /* { key_of } is empty */

void dbk_index_wipe(dbk_index *index);
/* Room for `more` values, so that the next puts can't fail. DBK_NOMEM. */
DBK_MUST_CHECK dbk_rc dbk_index_reserve(dbk_index *index, const void *owner, size_t more,
                                        dbk_err *err);
/* The item stands in its array already; its key is not in the index yet. */
void dbk_index_put(dbk_index *index, const void *owner, uint32_t value);
/* DBK_INDEX_NONE: not there. */
uint32_t dbk_index_find(const dbk_index *index, const void *owner, dbk_span key);

#endif
