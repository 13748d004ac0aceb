#include "core/seal/keyring.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/crypto/hash.h"
#include "core/seal/sealer.h"

#define CAP_FIRST 16u

typedef struct item {
    dbk_key_entry entry;
    dbk_secret *key;
} item;

/* Items stand in order of arrival; two lists of their places are kept sorted. */
struct dbk_keyring {
    item *items;
    uint32_t *by_id;    /* by key id */
    uint32_t *by_epoch; /* by space, then epoch */
    size_t count, cap;
};

typedef int (*compare_fn)(const dbk_key_entry *a, const dbk_key_entry *b);

static int compare_id(const dbk_key_entry *a, const dbk_key_entry *b)
{
    return dbk_id_compare(&a->key_id, &b->key_id);
}

static int compare_epoch(const dbk_key_entry *a, const dbk_key_entry *b)
{
    int order = dbk_id_compare(&a->space, &b->space);
    if (order != 0)
        return order;
    return (a->epoch > b->epoch) - (a->epoch < b->epoch);
}

dbk_rc dbk_keyring_new(dbk_keyring **out, dbk_err *err)
{
    *out = dbk_alloc(sizeof(**out));
    if (*out == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a keyring");
    return DBK_OK;
}

void dbk_keyring_free(dbk_keyring *k)
{
    if (k == NULL)
        return;
    for (size_t i = 0; i < k->count; i++)
        dbk_secret_free(k->items[i].key);
    dbk_free(k->items);
    dbk_free(k->by_id);
    dbk_free(k->by_epoch);
    dbk_free(k);
}

/* The place in a list of the first item that is not below `what`. */
static size_t lower_bound(const dbk_keyring *k, const uint32_t *list, compare_fn compare,
                          const dbk_key_entry *what)
{
    size_t lo = 0, hi = k->count;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (compare(&k->items[list[middle]].entry, what) < 0)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

/* The item equal to `what`; NULL: none. */
static const item *find(const dbk_keyring *k, const uint32_t *list, compare_fn compare,
                        const dbk_key_entry *what)
{
    size_t at = lower_bound(k, list, compare, what);
    if (at == k->count)
        return NULL;
    const item *found = &k->items[list[at]];
    return compare(&found->entry, what) == 0 ? found : NULL;
}

static dbk_rc reserve(dbk_keyring *k, dbk_err *err)
{
    size_t cap = k->cap == 0 ? CAP_FIRST : k->cap * 2;
    if (k->count < k->cap)
        return DBK_OK;
    item *items = dbk_realloc(k->items, cap * sizeof(*items));
    if (items != NULL)
        k->items = items;
    uint32_t *by_id = dbk_realloc(k->by_id, cap * sizeof(*by_id));
    if (by_id != NULL)
        k->by_id = by_id;
    uint32_t *by_epoch = dbk_realloc(k->by_epoch, cap * sizeof(*by_epoch));
    if (by_epoch != NULL)
        k->by_epoch = by_epoch;
    if (items == NULL || by_id == NULL || by_epoch == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a keyring");
    k->cap = cap;
    return DBK_OK;
}

static void insert(dbk_keyring *k, uint32_t *list, compare_fn compare, uint32_t place)
{
    size_t at = lower_bound(k, list, compare, &k->items[place].entry);
    memmove(list + at + 1, list + at, (k->count - at) * sizeof(*list));
    list[at] = place;
}

dbk_rc dbk_keyring_add_take(dbk_keyring *k, const dbk_key_entry *entry, dbk_secret **key,
                            dbk_err *err)
{
    dbk_id derived = dbk_key_id(*key);
    if (!dbk_id_equal(&derived, &entry->key_id))
        return dbk_fail(err, DBK_AUTH, "a key is not the one that its id names");
    const item *same_id = find(k, k->by_id, compare_id, entry);
    const item *same_epoch = find(k, k->by_epoch, compare_epoch, entry);
    if (same_id != NULL && same_id == same_epoch &&
        dbk_equal_ct(dbk_secret_bytes(same_id->key), dbk_secret_bytes(*key))) {
        dbk_secret_free(*key);
        *key = NULL;
        return DBK_OK;
    }
    if (same_id != NULL || same_epoch != NULL)
        return dbk_fail(err, DBK_CONFLICT, "another key of this id or epoch is held");
    if (k->count == DBK_KEYRING_KEYS_MAX)
        return dbk_fail(err, DBK_LIMIT, "a keyring holds at most %u keys", DBK_KEYRING_KEYS_MAX);
    dbk_rc rc = reserve(k, err);
    if (rc != DBK_OK)
        return rc;
    uint32_t place = (uint32_t)k->count;
    k->items[place] = (item){ *entry, *key };
    *key = NULL;
    insert(k, k->by_id, compare_id, place);
    insert(k, k->by_epoch, compare_epoch, place);
    k->count++;
    return DBK_OK;
}

const dbk_secret *dbk_keyring_find(const dbk_keyring *k, const dbk_id *space, const dbk_id *key_id)
{
    dbk_key_entry what = { .key_id = *key_id };
    const item *found = find(k, k->by_id, compare_id, &what);
    if (found == NULL || !dbk_id_equal(&found->entry.space, space))
        return NULL;
    return found->key;
}

const dbk_secret *dbk_keyring_current(const dbk_keyring *k, const dbk_id *space,
                                      dbk_key_entry *entry)
{
    /* Everything of this space stands before the epoch that none can have. */
    dbk_key_entry behind = { .space = *space, .epoch = UINT64_MAX };
    size_t at = lower_bound(k, k->by_epoch, compare_epoch, &behind);
    if (at == 0)
        return NULL;
    const item *last = &k->items[k->by_epoch[at - 1]];
    if (!dbk_id_equal(&last->entry.space, space))
        return NULL;
    if (entry != NULL)
        *entry = last->entry;
    return last->key;
}
