/* sync/relay/pace.h - how often somebody may ask: a bucket for each key, which a request empties by
 * one and time fills again. Keys are hashes of request keys, or network addresses: whatever is 16
 * bytes. Pure: the time comes in.
 * Memory is fixed: a key has its place in one row of eight. Where the row is taken by others, a
 * full bucket gives way, as a full one and none are the same; if none is full, the fullest is
 * shared. So a flood of made-up keys slows strangers down, and nobody who has a row of their own.
 * Threads: all functions may be called by any. */
#ifndef DBK_RELAY_PACE_H
#define DBK_RELAY_PACE_H

#include <stdbool.h>

#include "core/base/err.h"

#define DBK_PACE_KEY_BYTES 16u
#define DBK_PACE_KEYS 4096u
#define DBK_PACE_WAYS 8u

typedef struct dbk_pace dbk_pace;
typedef struct dbk_pace_rule {
    uint32_t burst;      /* a full bucket */
    uint32_t per_second; /* how fast it fills */
} dbk_pace_rule;

DBK_MUST_CHECK dbk_rc dbk_pace_new(dbk_pace **out, const dbk_pace_rule *rule, dbk_err *err);
/* Another rule from here on; nobody holds more than its burst. */
void dbk_pace_change(dbk_pace *p, const dbk_pace_rule *rule);
void dbk_pace_free(dbk_pace *p); /* NULL is nothing */
/* Takes one. false: there is none; nothing was taken. */
bool dbk_pace_take(dbk_pace *p, const uint8_t key[DBK_PACE_KEY_BYTES], uint64_t now_ms);

#endif
