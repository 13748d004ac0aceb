/* tests/lib/opkit.h - ops built in a line or two, for tests of merging. No memory to free. */
#ifndef DBK_TESTS_LIB_OPKIT_H
#define DBK_TESTS_LIB_OPKIT_H

#include "core/base/cbor.h"
#include "core/model/op.h"
#include "core/model/state.h"

#define KIT_WRITES_MAX 8u
#define KIT_PREDS_MAX 16u
#define KIT_CONTEXT_MAX 16u
#define KIT_VALUE_MAX 200u

/* Points into itself: not to be copied. */
typedef struct kit_op {
    dbk_op op;
    dbk_write writes[KIT_WRITES_MAX];
    dbk_dot preds[KIT_WRITES_MAX][KIT_PREDS_MAX];
    dbk_dot context[KIT_CONTEXT_MAX];
    uint8_t values[KIT_WRITES_MAX][KIT_VALUE_MAX];
} kit_op;

/* Names by one letter or number: equal letters are equal ids, in the order of the letters. */
dbk_id kit_id(char letter);
dbk_dot kit_dot(char feed, uint64_t seq);

/* An op on record kit_id('R'), of form "note" version 1, claimed at the time. */
void kit_begin(kit_op *k, dbk_hlc time);
/* The kinds' values: { "v": n } for registers, { "state": text } for the lifecycle, [ n ] for
 * sets and logs, n for counts, nothing for RESOLVE on "review". */
void kit_write(kit_op *k, dbk_write_kind kind, const char *group, int64_t n);
/* ADD, REMOVE, APPEND of several: [ n, n + 1, ... ]. */
void kit_items(kit_op *k, dbk_write_kind kind, const char *group, int64_t n, size_t count);
/* Any value, as text: see tests/lib/diag.h. */
void kit_text(kit_op *k, dbk_write_kind kind, const char *group, const char *value);
void kit_life(kit_op *k, dbk_write_kind kind, const char *state);
/* Of the last write; kept sorted, a dot that is there already is not added again. */
void kit_pred(kit_op *k, dbk_dot dot);
/* Of the op; one dot per feed, the later one stays. */
void kit_seen(kit_op *k, dbk_dot dot);
/* All that the state's context says, for an author who writes as this feed. */
void kit_seen_all(kit_op *k, const dbk_state *s, const dbk_id *own_feed);

/* Encodes, decodes and applies as the dot's op, then checks the state deeply. hq: 'h' or 'o'. */
DBK_MUST_CHECK dbk_rc kit_apply(dbk_state *s, const kit_op *k, dbk_dot dot, char role,
                                dbk_err *err);
/* A state of record kit_id('R'); the same apply, which must succeed. */
dbk_state *kit_state(void);
void kit_do(dbk_state *s, const kit_op *k, dbk_dot dot, char role);
/* An edit of one group by an officer who has seen nothing. */
void kit_blind(dbk_state *s, dbk_dot dot, const char *group, int64_t n);
/* An op of an HQ desk that decides "name", having seen a1 and b1. */
void kit_decide(kit_op *k, int64_t n);
/* The n of a register's value, of an element or an entry; -1 when it has none. */
int64_t kit_number(dbk_span value);

/* Repeatable numbers: the same from the same seed on every machine. */
typedef struct kit_random {
    uint64_t at;
} kit_random;
void kit_random_seed(kit_random *r, uint64_t seed);
uint64_t kit_random_below(kit_random *r, uint64_t n); /* n > 0 */

#endif
