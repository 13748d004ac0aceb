#include "sync/relay/pace.h"

#include <pthread.h>
#include <string.h>

#include "core/base/alloc.h"

#define SETS (DBK_PACE_KEYS / DBK_PACE_WAYS)
#define UNIT 1000u /* thousandths of a request: what one millisecond brings is a whole number */

typedef struct bucket {
    uint8_t key[DBK_PACE_KEY_BYTES];
    uint64_t held; /* in UNIT, as of at_ms */
    uint64_t at_ms;
    bool used;
} bucket;
struct dbk_pace {
    pthread_mutex_t mutex;
    dbk_pace_rule rule;
    bucket buckets[SETS][DBK_PACE_WAYS];
};

dbk_rc dbk_pace_new(dbk_pace **out, const dbk_pace_rule *rule, dbk_err *err)
{
    DBK_ASSERT(rule->burst > 0);
    *out = dbk_alloc(sizeof(**out));
    if (*out == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory to count requests");
    DBK_ASSERT(pthread_mutex_init(&(*out)->mutex, NULL) == 0);
    (*out)->rule = *rule;
    return DBK_OK;
}

void dbk_pace_change(dbk_pace *p, const dbk_pace_rule *rule)
{
    uint64_t most = (uint64_t)rule->burst * UNIT;
    DBK_ASSERT(rule->burst > 0);
    DBK_ASSERT(pthread_mutex_lock(&p->mutex) == 0);
    /* What was full is full again: else a bucket that nobody used would hold less than a new one.
     */
    for (size_t i = 0; i < SETS; i++) {
        for (size_t k = 0; k < DBK_PACE_WAYS; k++) {
            bucket *b = &p->buckets[i][k];
            bool full = b->held == (uint64_t)p->rule.burst * UNIT;
            b->held = full || b->held > most ? most : b->held;
        }
    }
    p->rule = *rule;
    DBK_ASSERT(pthread_mutex_unlock(&p->mutex) == 0);
}

void dbk_pace_free(dbk_pace *p)
{
    if (p == NULL)
        return;
    (void)pthread_mutex_destroy(&p->mutex);
    dbk_free(p);
}

/* Keys are hashes, or addresses of which the last bytes differ most. */
static size_t set_of(const uint8_t key[DBK_PACE_KEY_BYTES])
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < DBK_PACE_KEY_BYTES; i++)
        h = (h ^ key[i]) * 16777619u;
    return (h ^ h >> 15) % SETS;
}

static void fill(const dbk_pace *p, bucket *b, uint64_t now_ms)
{
    uint64_t most = (uint64_t)p->rule.burst * UNIT;
    uint64_t ms = now_ms > b->at_ms ? now_ms - b->at_ms : 0;
    uint64_t lacks = most - b->held;
    if (p->rule.per_second > 0 && ms > lacks / p->rule.per_second)
        b->held = most;
    else
        b->held += ms * p->rule.per_second;
    b->at_ms = now_ms > b->at_ms ? now_ms : b->at_ms;
}

/* The key's bucket, filled up to now; else a free one, else the fullest. */
static bucket *find(dbk_pace *p, const uint8_t key[DBK_PACE_KEY_BYTES], uint64_t now_ms)
{
    bucket *set = p->buckets[set_of(key)];
    bucket *best = NULL;
    for (size_t i = 0; i < DBK_PACE_WAYS; i++) {
        bucket *b = &set[i];
        if (b->used)
            fill(p, b, now_ms);
        if (b->used && memcmp(b->key, key, DBK_PACE_KEY_BYTES) == 0)
            return b;
        if (best == NULL || (best->used && (!b->used || b->held > best->held)))
            best = b;
    }
    if (!best->used || best->held == (uint64_t)p->rule.burst * UNIT) {
        *best = (bucket){ .used = true, .at_ms = now_ms, .held = (uint64_t)p->rule.burst * UNIT };
        memcpy(best->key, key, DBK_PACE_KEY_BYTES);
    }
    return best;
}

bool dbk_pace_take(dbk_pace *p, const uint8_t key[DBK_PACE_KEY_BYTES], uint64_t now_ms)
{
    DBK_ASSERT(pthread_mutex_lock(&p->mutex) == 0);
    bucket *b = find(p, key, now_ms);
    bool there = b->held >= UNIT;
    if (there)
        b->held -= UNIT;
    DBK_ASSERT(pthread_mutex_unlock(&p->mutex) == 0);
    return there;
}
