/* core/model/state_impl.h - what the files of state share. Not for others.
 * state.c: memory, tables, reading. state_apply.c: values. state_trail.c: who had seen what.
 * state_encode.c, state_decode.c: bytes. state_check.c: every invariant, once, for both the
 * decoder (which refuses by it) and check_deep (which asserts it). */
#ifndef DBK_MODEL_STATE_IMPL_H
#define DBK_MODEL_STATE_IMPL_H

#include "core/model/state.h"

/* A sorted table. Its memory comes from the state and goes with it. */
typedef struct dbk_table {
    void *rows;
    size_t count;
    size_t cap;
    size_t row_size;
} dbk_table;
typedef int (*dbk_row_order)(const void *row, const void *key);

typedef struct dbk_feed_row {
    dbk_id id;
    uint64_t last; /* the last op of the feed on this record; 0 only in an encoding's table */
} dbk_feed_row;

/* What several values of one op share. Held while anything refers to the op. */
typedef struct dbk_op_row {
    dbk_dot dot;
    dbk_hlc time;
    bool hq;
    size_t uses;
} dbk_op_row;

typedef struct dbk_count_row {
    dbk_id feed;
    uint64_t total; /* stays at UINT64_MAX once there */
} dbk_count_row;

typedef struct dbk_group_row {
    dbk_state_group seen; /* what readers see: always in step with the tables */
    dbk_table registers;  /* dbk_sibling by dot */
    dbk_table elements;   /* dbk_sibling by dot, then element */
    dbk_table entries;    /* dbk_sibling by dot, then index */
    dbk_table counts;     /* dbk_count_row by feed */
} dbk_group_row;

/* A pred whose target hasn't come: seq is after the feed's last. */
typedef struct dbk_removed_row {
    dbk_dot dot;
    dbk_span group;
    dbk_span element; /* of a set; empty: a register */
} dbk_removed_row;

/* An edit of registers that a coming op could still be concurrent with.
 * gaps: the dots of its context that haven't come, by feed. */
typedef struct dbk_trail_row {
    dbk_dot dot;
    dbk_span choice; /* a resolve by hq: what it wrote; an ordinary edit: empty */
    dbk_dot *gaps;
    size_t gaps_count;
} dbk_trail_row;

/* A resolve by hq that has seen ops which haven't come: its whole context. */
typedef struct dbk_clear_row {
    dbk_dot dot;
    const dbk_dot *context;
    size_t context_count;
} dbk_clear_row;

struct dbk_chunk;
struct dbk_state {
    dbk_id record;
    struct dbk_chunk *chunks;
    dbk_dot form_dot; /* seq 0: no op applied yet */
    dbk_span form;
    uint32_t form_version;
    dbk_dot created;
    dbk_hlc created_time;
    dbk_hlc updated;
    dbk_table feeds;   /* dbk_feed_row by id */
    dbk_table ops;     /* dbk_op_row by dot */
    dbk_table groups;  /* dbk_group_row * by name */
    dbk_table removed; /* dbk_removed_row by dot, group, element */
    dbk_table trail;   /* dbk_trail_row by dot */
    dbk_table clears;  /* dbk_clear_row by dot */
    dbk_table reviews; /* dbk_review_pair by a, b */
};

/* state.c. Zeroed and aligned for any of the rows; freed with the state. */
DBK_MUST_CHECK dbk_rc dbk_state_take(dbk_state *s, void **out, size_t size, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_state_copy(dbk_state *s, dbk_span *out, dbk_span in, dbk_err *err);

/* The place of the key: of the first row that isn't before it. */
size_t dbk_table_place(const dbk_table *t, const void *key, dbk_row_order order);
/* The row that equals the key, or NULL. */
void *dbk_table_find(const dbk_table *t, const void *key, dbk_row_order order);
void *dbk_table_at(const dbk_table *t, size_t i);
/* Puts a copy of the row there. DBK_LIMIT when the table holds max rows already. */
DBK_MUST_CHECK dbk_rc dbk_table_insert(dbk_state *s, dbk_table *t, size_t at, const void *row,
                                       size_t max, dbk_err *err);
void dbk_table_remove(dbk_table *t, size_t at, size_t count);

/* Orders of rows against a key of the same type, or of the type that is named. */
int dbk_order_feed(const void *feed_row, const void *id);
int dbk_order_op(const void *op_row, const void *dot);
int dbk_order_group(const void *group_row_pointer, const void *span);
int dbk_order_sibling(const void *sibling, const void *sibling_key); /* dot, value if set, index */
int dbk_order_count(const void *count_row, const void *id);
int dbk_order_removed(const void *removed_row, const void *removed_key);
int dbk_order_trail(const void *trail_row, const void *dot);
int dbk_order_clear(const void *clear_row, const void *dot);
int dbk_order_review(const void *pair, const void *pair_key);

/* The last op of the feed on this record; 0: none. */
uint64_t dbk_state_last(const dbk_state *s, const dbk_id *feed);
/* Dots sorted with one per feed: the seq of this feed, or 0. */
uint64_t dbk_dots_seq(const dbk_dot *dots, size_t count, const dbk_id *feed);
DBK_MUST_CHECK dbk_rc dbk_state_hold_op(dbk_state *s, const dbk_op_row *op, dbk_err *err);
void dbk_state_drop_op(dbk_state *s, const dbk_dot *dot);
DBK_MUST_CHECK dbk_rc dbk_state_need_group(dbk_state *s, dbk_group_row **out, dbk_span name,
                                           dbk_err *err);
dbk_group_row *dbk_state_find_group(const dbk_state *s, dbk_span name);
/* Brings `seen` into step; a group that holds nothing goes. */
void dbk_state_settle_group(dbk_state *s, dbk_group_row *g);
bool dbk_group_row_is_empty(const dbk_group_row *g);
uint64_t dbk_add_capped(uint64_t a, uint64_t b);

/* state_trail.c. Before the feed's last moves: the new op against the trail. */
DBK_MUST_CHECK dbk_rc dbk_trail_apply(dbk_state *s, const dbk_op *op, const dbk_origin *origin,
                                      dbk_err *err);
/* After it has moved: gaps that this dot closes are gone, and what only they kept. */
void dbk_trail_settle(dbk_state *s, const dbk_dot *dot);
/* Has this resolve seen the op? */
bool dbk_clear_has_seen(const dbk_clear_row *r, const dbk_dot *dot);
/* May row i of the trail go, by what its feed wrote later? */
bool dbk_trail_is_spent(const dbk_state *s, size_t i);

/* state_encode.c. Every feed that an encoding names, by id, with the last op on this record or
 * 0. The caller frees *out with dbk_free(). */
DBK_MUST_CHECK dbk_rc dbk_state_feed_table(const dbk_state *s, dbk_feed_row **out, size_t *count,
                                           dbk_err *err);

/* state_check.c. DBK_FORMAT names the first invariant that doesn't hold. */
DBK_MUST_CHECK dbk_rc dbk_state_verify(const dbk_state *s, dbk_err *err);

/* The encoding: its layout's number, its parts, and the keys of a group. */
#define DBK_STATE_LAYOUT 1u
enum { STATE_PARTS = 11 };
enum {
    STATE_GROUP_NAME = 1,
    STATE_GROUP_REGISTERS,
    STATE_GROUP_ELEMENTS,
    STATE_GROUP_ENTRIES,
    STATE_GROUP_COUNTS
};

#endif
