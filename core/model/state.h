/* core/model/state.h - the merge: one record's state as a pure join of ops.
 * Knows:     dots, preds, context. Never: forms, roles' meaning, names, the clock, the store.
 * Property:  the state is a function of the set of ops applied to this record and of nothing
 *            else: replicas that applied the same ops hold byte-equal encodings, whatever the
 *            order in which the feeds interleaved (each feed's ops come in seq order), also when
 *            ops lie in their preds and contexts. tests/model/merge_model.py is the oracle.
 *
 * A register group holds the writes that no applied op names in a pred. A set holds (dot,
 * element) pairs. A log holds (dot, index) entries for ever. A counter holds a total per feed.
 * A pred that arrives before its target waits as pre-removed until an op of that feed and of
 * that seq or a later one has been applied to the record. A pred that names its own op or a
 * later one of its own feed means nothing.
 *
 * Two ops that write registers are concurrent if they come from different feeds and neither
 * author had seen the other's op (context[feed] >= seq). Two resolves by role hq that write the
 * same are not concurrent: the same resolution twice never conflicts. Of the concurrent pairs
 * between two feeds the latest is a review pair, until a RESOLVE by role hq has seen both ops
 * (its own feed's earlier ops count as seen). docs/FORMAT.md says why that needs no history. */
#ifndef DBK_MODEL_STATE_H
#define DBK_MODEL_STATE_H

#include "core/model/op.h"

#define DBK_STATE_BYTES_MAX (8u * 1024u * 1024u)
/* Far above anything honest: a record has as many values of a register as it has authors who
 * never met. Over a cap means that somebody floods. */
#define DBK_STATE_FEEDS_MAX 4096u /* feeds that wrote to one record */
#define DBK_STATE_GROUPS_MAX 512u
#define DBK_STATE_SIBLINGS_MAX 1024u  /* values of one register that stand side by side */
#define DBK_STATE_ITEMS_MAX 65536u    /* elements or entries of one group */
#define DBK_STATE_OPS_MAX 131072u     /* ops that left a value behind */
#define DBK_STATE_REMOVED_MAX 1024u   /* preds whose target hasn't come */
#define DBK_STATE_TRAIL_MAX 4096u     /* edits whose concurrency is still open, all feeds */
#define DBK_STATE_TRAIL_FEED_MAX 256u /* and of one feed */
#define DBK_STATE_CLEARS_MAX 256u     /* resolves that have seen ops which haven't come */
#define DBK_STATE_REVIEWS_MAX 8192u

typedef struct dbk_state dbk_state;

/* A state is short-lived: overwritten values keep their memory until it is freed. */
DBK_MUST_CHECK dbk_rc dbk_state_new(dbk_state **out, const dbk_id *record, dbk_err *err);
void dbk_state_free(dbk_state *s);
/* Canonical CBOR (docs/FORMAT.md) of a state that has applied an op at least. DBK_LIMIT over
 * DBK_STATE_BYTES_MAX. Decoding is strict: what it takes encodes to the same bytes. DBK_VERSION:
 * the layout is of a newer program. */
DBK_MUST_CHECK dbk_rc dbk_state_encode(dbk_bytes *out, const dbk_state *s, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_state_decode(dbk_state **out, const dbk_id *record, dbk_span in,
                                       dbk_err *err);

typedef struct dbk_origin {
    dbk_dot dot;
    bool hq; /* the author's device holds role hq in this space */
} dbk_origin;
/* Applies an op that dbk_op_decode() took and that the caller knows to be next in its feed: it
 * asserts that no later op of the feed was applied to this record. An op that was held back
 * (quarantine, a key that came late) must hold back its feed on this record, or the record is
 * built anew from its ops. On failure the state must be thrown away: DBK_NOMEM; DBK_LIMIT, also
 * from dbk_state_encode(), is a flood: the op goes to quarantine for a person to judge, and may
 * be tried again when more of the record's ops have come. */
DBK_MUST_CHECK dbk_rc dbk_state_apply(dbk_state *s, const dbk_op *op, const dbk_origin *origin,
                                      dbk_err *err);

/* Reading. Spans and arrays are borrowed until the next apply or free. */
typedef struct dbk_sibling {
    dbk_dot dot;
    dbk_hlc time;   /* claimed */
    bool hq;        /* written by role hq */
    uint64_t kind;  /* SET, LIFECYCLE or RESOLVE */
    dbk_span value; /* register: map; set: element; log: entry */
    uint32_t index; /* log: place within its op */
} dbk_sibling;
typedef struct dbk_state_group {
    dbk_span name;
    const dbk_sibling *registers; /* by dot */
    size_t registers_count;
    const dbk_sibling *elements; /* sets: by dot, then element bytes */
    size_t elements_count;
    const dbk_sibling *entries; /* logs: by dot, then index */
    size_t entries_count;
    uint64_t count; /* counter total over all feeds */
    bool has_count;
} dbk_state_group;

const dbk_id *dbk_state_record(const dbk_state *s);
/* That of the op with the highest version, dot. Whether an op may name it is looked at before it is
 * applied (core/journal/record_id.h). */
dbk_span dbk_state_form(const dbk_state *s);
uint32_t dbk_state_form_version(const dbk_state *s);
size_t dbk_state_groups(const dbk_state *s);
const dbk_state_group *dbk_state_group_at(const dbk_state *s, size_t i);        /* by name */
const dbk_state_group *dbk_state_group_find(const dbk_state *s, dbk_span name); /* or NULL */
/* The op that began the record: the least (time, dot) applied. False: none applied yet. */
bool dbk_state_created(const dbk_state *s, dbk_dot *dot, dbk_hlc *time);
/* The greatest claimed time applied. */
dbk_hlc dbk_state_updated(const dbk_state *s);
/* What an author who sees this state must put in an op's context: per other feed, the last op
 * on this record. Returns how many it wrote: at most max, and then it prefers feeds that edited
 * to feeds that only appended. */
size_t dbk_state_context(const dbk_state *s, const dbk_id *own_feed, dbk_dot *out, size_t max);
/* Pairs of concurrent register edits that no resolve has seen both of; by a, then b. */
typedef struct dbk_review_pair {
    dbk_dot a, b; /* a before b in dot order */
} dbk_review_pair;
size_t dbk_state_reviews(const dbk_state *s, const dbk_review_pair **out); /* out may be NULL */
/* Asserts every invariant; for tests after each step. */
void dbk_state_check_deep(const dbk_state *s);

#endif
