/* core/model/state.h - the merge: one record's state as a pure join of ops.
 * Knows:     dots, preds, context. Never: forms, roles' meaning, names, the clock, the store.
 * Property:  replicas that applied the same ops hold byte-equal encodings, whatever the order
 *            in which the feeds interleaved (each feed's ops come in seq order).
 *            tests/model/merge_model.py is the oracle.
 *
 * A register group holds the writes that no applied op names in a pred. A set holds (dot,
 * element) pairs. A log holds (dot, index) entries for ever. A counter holds a total per feed.
 * A pred that arrives before its target waits as pre-removed until the target comes.
 * The trail remembers, for register-writing ops, what each had seen of the record: two that
 * had not seen each other, and that no later resolve has seen both of, are `review` pairs. */
#ifndef DBK_MODEL_STATE_H
#define DBK_MODEL_STATE_H

#include "core/model/op.h"

#define DBK_STATE_BYTES_MAX (8u * 1024u * 1024u)

typedef struct dbk_state dbk_state;

DBK_MUST_CHECK dbk_rc dbk_state_new(dbk_state **out, const dbk_id *record, dbk_err *err);
void dbk_state_free(dbk_state *s);
/* Canonical CBOR (docs/FORMAT.md). Decoding is strict. */
DBK_MUST_CHECK dbk_rc dbk_state_encode(dbk_bytes *out, const dbk_state *s, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_state_decode(dbk_state **out, const dbk_id *record, dbk_span in,
                                       dbk_err *err);

/* Has the replica applied this dot of the space already (any record)? */
typedef bool (*dbk_seen_fn)(void *ctx, const dbk_dot *dot);
typedef struct dbk_origin {
    dbk_dot dot;
    bool hq;          /* the author's device holds role hq in this space */
    dbk_seen_fn seen;
    void *seen_ctx;
} dbk_origin;
/* Applies an op that the caller knows to be new (its seq is next in its feed). On failure
 * (DBK_NOMEM, DBK_LIMIT) the state must be thrown away. */
DBK_MUST_CHECK dbk_rc dbk_state_apply(dbk_state *s, const dbk_op *op, const dbk_origin *origin,
                                      dbk_err *err);

/* Reading. Spans and arrays are borrowed until the next apply or free. */
typedef struct dbk_sibling {
    dbk_dot dot;
    dbk_hlc time;    /* claimed */
    bool hq;         /* written by role hq */
    uint64_t kind;   /* SET, LIFECYCLE or RESOLVE */
    dbk_span value;  /* register: map; set: element; log: entry */
    uint32_t index;  /* log: place within its op */
} dbk_sibling;
typedef struct dbk_state_group {
    dbk_span name;
    const dbk_sibling *registers; /* by dot */
    size_t registers_count;
    const dbk_sibling *elements;  /* sets: by dot, then element bytes */
    size_t elements_count;
    const dbk_sibling *entries;   /* logs: by dot, then index */
    size_t entries_count;
    uint64_t count;               /* counter total over all feeds */
    bool has_count;
} dbk_state_group;

const dbk_id *dbk_state_record(const dbk_state *s);
dbk_span dbk_state_form(const dbk_state *s);          /* of the op with the highest version, dot */
uint32_t dbk_state_form_version(const dbk_state *s);
size_t dbk_state_groups(const dbk_state *s);
const dbk_state_group *dbk_state_group_at(const dbk_state *s, size_t i); /* by name */
const dbk_state_group *dbk_state_group_find(const dbk_state *s, dbk_span name); /* or NULL */
/* The op that began the record: the least (time, dot) applied. False: none applied yet. */
bool dbk_state_created(const dbk_state *s, dbk_dot *dot, dbk_hlc *time);
/* The greatest claimed time applied. */
dbk_hlc dbk_state_updated(const dbk_state *s);
/* What an author who sees this state must put in an op's context: per other feed, the last op
 * on this record. Returns the count; writes at most max. */
size_t dbk_state_context(const dbk_state *s, const dbk_id *own_feed, dbk_dot *out, size_t max);
/* Pairs of concurrent register edits that no resolve has seen both of. */
typedef struct dbk_review_pair {
    dbk_dot a, b; /* a before b in dot order */
} dbk_review_pair;
size_t dbk_state_reviews(const dbk_state *s, const dbk_review_pair **out);
/* Asserts every invariant; for tests after each step. */
void dbk_state_check_deep(const dbk_state *s);

#endif
