/* sync/engine/retry.h - what to make of an answer, or of none: take it, ask again, wait, give up.
 * Pure: randomness is an argument. Every request may be sent again: pushes, posts and join
 * requests that the relay holds already are duplicates to it. */
#ifndef DBK_ENGINE_RETRY_H
#define DBK_ENGINE_RETRY_H

#include "core/base/bytes.h"

#define DBK_RETRY_FIRST_MS 250u
#define DBK_RETRY_WAIT_MS_MAX 60000u
#define DBK_RETRY_AFTER_S_MAX 30u /* a relay that asks for more is for the next sync */
#define DBK_RETRY_LOST_MAX 2u     /* answers lost in a row before it counts as out of reach */
#define DBK_RETRY_BUSY_MAX 3u     /* 429 and 503 in a row */

/* Between half and all of FIRST * 2^attempt, at least floor_ms, and never over WAIT_MS_MAX: a
 * thousand devices that lost the relay together don't come back together. */
uint32_t dbk_retry_wait_ms(uint32_t attempt, uint32_t floor_ms, uint32_t random);

/* How often one request has failed, by cause. { 0 } for a fresh one. */
typedef struct dbk_tries {
    uint8_t nonces, lost, busy;
} dbk_tries;

typedef struct dbk_retry_outcome {
    bool answered;
    bool reached;     /* the relay has answered something before: it is there */
    dbk_rc rc;        /* !answered: why. Only DBK_UNREACHABLE is worth another try */
    int status;       /* answered */
    bool fresh_nonce; /* answered, with a nonce that wasn't the one just used */
    uint32_t retry_after_s;
    uint32_t random;
} dbk_retry_outcome;

typedef enum dbk_verdict {
    DBK_VERDICT_TAKE,   /* a status of 200..299 */
    DBK_VERDICT_AGAIN,  /* at once, with the fresh nonce */
    DBK_VERDICT_WAIT,   /* again after *wait_ms */
    DBK_VERDICT_REFUSED /* dbk_retry_cause() says why; for 413 send less */
} dbk_verdict;
/* Counts the failure in *tries. */
dbk_verdict dbk_retry_judge(dbk_tries *tries, uint32_t *wait_ms, const dbk_retry_outcome *outcome);

/* The cause of a refusal, in one sentence; never DBK_OK. body: a JSON error, or anything. */
dbk_rc dbk_retry_cause(int status, dbk_span body, dbk_err *err);

/* This device can't go on at all: its disk is full or broken, its memory short. */
bool dbk_retry_is_local(dbk_rc rc);

#endif
