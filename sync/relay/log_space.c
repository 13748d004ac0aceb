#include "sync/relay/log_space.h"

#include <string.h>

#include "core/base/wire.h"

#define STATE_BYTES_MAX (8u * 1024u) /* note 2048, frontier 8 + 63 * 32, and 50 of fixed fields */
#define FEED_BYTES (16u + 8u + 32u)
#define PLACE_BYTES (8u + 8u + 32u)
#define CLAIM_BYTES (16u + 16u + 8u + 32u)

static dbk_span state_key(void)
{
    return dbk_span_of("L", 1);
}

static dbk_rc state_parse(dbk_log_state *out, dbk_span in, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(in);
    out->log = dbk_wire_get_id(&w);
    dbk_wire_get_copy(&w, out->root.b, sizeof(out->root.b));
    dbk_span note = dbk_wire_get_span(&w, dbk_wire_get_u16(&w));
    if (w.failed || note.len > sizeof(out->note))
        return dbk_fail(err, DBK_DAMAGED, "a log's state is malformed");
    memcpy(out->note, note.p, note.len);
    out->note_len = note.len;
    if (dbk_frontier_decode(&out->frontier, w.left, NULL) != DBK_OK)
        return dbk_fail(err, DBK_DAMAGED, "a log's frontier is malformed");
    return DBK_OK;
}

dbk_rc dbk_log_state_get(const dbk_log_space *s, dbk_log_state *out, dbk_err *err)
{
    dbk_bytes value = DBK_BYTES_INIT(STATE_BYTES_MAX);
    memset(out, 0, sizeof(*out));
    dbk_rc rc = s->log->ops->get(s->log->self, &s->space, state_key(), &value, err);
    if (rc == DBK_OK)
        rc = state_parse(out, dbk_bytes_span(&value), err);
    dbk_bytes_wipe(&value);
    return rc;
}

dbk_rc dbk_log_state_put(const dbk_log_space *s, const dbk_log_state *state, dbk_err *err)
{
    uint8_t *p;
    dbk_bytes value = DBK_BYTES_INIT(STATE_BYTES_MAX);
    DBK_ASSERT(state->note_len <= sizeof(state->note));
    dbk_rc rc = dbk_bytes_extend(&value, &p, 16 + 32 + 2 + state->note_len, err);
    if (rc == DBK_OK) {
        p = dbk_wire_put_copy(p, state->log.b, sizeof(state->log.b));
        p = dbk_wire_put_copy(p, state->root.b, sizeof(state->root.b));
        p = dbk_wire_put_u16(p, (uint16_t)state->note_len);
        (void)dbk_wire_put_copy(p, state->note, state->note_len);
        rc = dbk_frontier_encode(&value, &state->frontier, err);
    }
    if (rc == DBK_OK) {
        dbk_log_row row = { state_key(), dbk_bytes_span(&value) };
        rc = s->log->ops->put(s->log->self, &s->space, &row, err);
    }
    dbk_bytes_wipe(&value);
    return rc;
}

/* ---- what waits for its recovery ---------------------------------------------------------- */

static dbk_span claim_key(void)
{
    return dbk_span_of("R", 1);
}

dbk_rc dbk_log_claim_get(const dbk_log_space *s, dbk_log_claim *out, dbk_err *err)
{
    dbk_bytes value = DBK_BYTES_INIT(CLAIM_BYTES);
    memset(out, 0, sizeof(*out));
    dbk_rc rc = s->log->ops->get(s->log->self, &s->space, claim_key(), &value, err);
    if (rc == DBK_OK) {
        dbk_wire w = dbk_wire_from(dbk_bytes_span(&value));
        out->new_log = dbk_wire_get_id(&w);
        out->old_log = dbk_wire_get_id(&w);
        out->size = dbk_wire_get_u64(&w);
        dbk_wire_get_copy(&w, out->root.b, sizeof(out->root.b));
        if (w.failed || w.left.len != 0)
            rc = dbk_fail(err, DBK_DAMAGED, "a log's claim is malformed");
    }
    dbk_bytes_wipe(&value);
    return rc;
}

dbk_rc dbk_log_claim_put(const dbk_log_space *s, const dbk_log_claim *claim, dbk_err *err)
{
    uint8_t value[CLAIM_BYTES];
    uint8_t *p = dbk_wire_put_copy(value, claim->new_log.b, sizeof(claim->new_log.b));
    p = dbk_wire_put_copy(p, claim->old_log.b, sizeof(claim->old_log.b));
    p = dbk_wire_put_u64(p, claim->size);
    (void)dbk_wire_put_copy(p, claim->root.b, sizeof(claim->root.b));
    dbk_log_row row = { claim_key(), dbk_span_of(value, sizeof(value)) };
    return s->log->ops->put(s->log->self, &s->space, &row, err);
}

dbk_rc dbk_log_claim_del(const dbk_log_space *s, dbk_err *err)
{
    return s->log->ops->del(s->log->self, &s->space, claim_key(), err);
}

/* ---- feeds ------------------------------------------------------------------------------- */

static dbk_span feed_key(uint8_t key[17], const dbk_id *feed)
{
    key[0] = 'F';
    memcpy(key + 1, feed->b, DBK_ID_BYTES);
    return dbk_span_of(key, 17);
}

static dbk_span owner_key(uint8_t key[33], const dbk_id *owner, const dbk_id *feed)
{
    key[0] = 'O';
    memcpy(key + 1, owner->b, DBK_ID_BYTES);
    memcpy(key + 17, feed->b, DBK_ID_BYTES);
    return dbk_span_of(key, 33);
}

dbk_rc dbk_log_feed_get(const dbk_log_space *s, const dbk_id *feed, dbk_log_feed *out, dbk_err *err)
{
    uint8_t key[17];
    dbk_bytes value = DBK_BYTES_INIT(FEED_BYTES);
    memset(out, 0, sizeof(*out));
    out->feed = *feed;
    dbk_rc rc = s->log->ops->get(s->log->self, &s->space, feed_key(key, feed), &value, err);
    if (rc == DBK_OK) {
        dbk_wire w = dbk_wire_from(dbk_bytes_span(&value));
        out->owner = dbk_wire_get_id(&w);
        out->last_seq = dbk_wire_get_u64(&w);
        dbk_wire_get_copy(&w, out->head.b, sizeof(out->head.b));
        if (w.failed)
            rc = dbk_fail(err, DBK_DAMAGED, "a feed's head is malformed");
    }
    dbk_bytes_wipe(&value);
    return rc;
}

dbk_rc dbk_log_feed_put(const dbk_log_space *s, const dbk_log_feed *feed, dbk_err *err)
{
    uint8_t key[33];
    uint8_t value[FEED_BYTES];
    uint8_t *p = dbk_wire_put_copy(value, feed->owner.b, sizeof(feed->owner.b));
    p = dbk_wire_put_u64(p, feed->last_seq);
    (void)dbk_wire_put_copy(p, feed->head.b, sizeof(feed->head.b));
    dbk_log_row row = { feed_key(key, &feed->feed), dbk_span_of(value, sizeof(value)) };
    dbk_rc rc = s->log->ops->put(s->log->self, &s->space, &row, err);
    if (rc != DBK_OK)
        return rc;
    row = (dbk_log_row){ owner_key(key, &feed->owner, &feed->feed), dbk_span_of("", 0) };
    return s->log->ops->put(s->log->self, &s->space, &row, err);
}

typedef struct feed_walk {
    dbk_log_feed_fn fn;
    void *ctx;
} feed_walk;

static dbk_rc feed_row(void *ctx, const dbk_log_row *row, bool *stop, dbk_err *err)
{
    feed_walk *walk = ctx;
    dbk_wire w = dbk_wire_from(row->key);
    (void)dbk_wire_get_span(&w, 17);
    dbk_id feed = dbk_wire_get_id(&w);
    if (w.failed || w.left.len != 0)
        return dbk_fail(err, DBK_DAMAGED, "a feed has no proper name");
    return walk->fn(walk->ctx, &feed, stop, err);
}

dbk_rc dbk_log_feeds_of(const dbk_log_space *s, const dbk_id *owner, dbk_log_feed_fn fn, void *ctx,
                        dbk_err *err)
{
    uint8_t key[33];
    feed_walk walk = { fn, ctx };
    dbk_span prefix = { owner_key(key, owner, owner).p, 17 };
    dbk_log_scan scan = { prefix, { NULL, 0 }, feed_row, &walk };
    return s->log->ops->scan(s->log->self, &s->space, &scan, err);
}

/* ---- places ------------------------------------------------------------------------------ */

static dbk_span place_key(uint8_t key[25], const dbk_dot *first)
{
    key[0] = 'P';
    memcpy(key + 1, first->feed.b, DBK_ID_BYTES);
    (void)dbk_wire_put_u64(key + 17, first->seq);
    return dbk_span_of(key, 25);
}

static dbk_rc place_parse(dbk_log_place *out, dbk_span in, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(in);
    out->index = dbk_wire_get_u64(&w);
    out->receipt_ms = dbk_wire_get_u64(&w);
    dbk_wire_get_copy(&w, out->header_hash.b, sizeof(out->header_hash.b));
    return w.failed ? dbk_fail(err, DBK_DAMAGED, "a segment's place is malformed") : DBK_OK;
}

dbk_rc dbk_log_place_get(const dbk_log_space *s, const dbk_dot *first, dbk_log_place *out,
                         dbk_err *err)
{
    uint8_t key[25];
    dbk_bytes value = DBK_BYTES_INIT(PLACE_BYTES);
    memset(out, 0, sizeof(*out));
    dbk_rc rc = s->log->ops->get(s->log->self, &s->space, place_key(key, first), &value, err);
    if (rc == DBK_OK)
        rc = place_parse(out, dbk_bytes_span(&value), err);
    dbk_bytes_wipe(&value);
    return rc;
}

typedef struct place_walk {
    dbk_log_place_fn fn;
    void *ctx;
} place_walk;

static dbk_rc place_row(void *ctx, const dbk_log_row *row, bool *stop, dbk_err *err)
{
    place_walk *walk = ctx;
    dbk_log_place place;
    dbk_wire key = dbk_wire_from(row->key);
    (void)dbk_wire_get_span(&key, 17);
    uint64_t first_seq = dbk_wire_get_u64(&key);
    dbk_rc rc = place_parse(&place, row->value, err);
    if (rc == DBK_OK && (key.failed || key.left.len != 0))
        rc = dbk_fail(err, DBK_DAMAGED, "a segment's place is malformed");
    return rc == DBK_OK ? walk->fn(walk->ctx, first_seq, &place, stop, err) : rc;
}

dbk_rc dbk_log_places(const dbk_log_space *s, const dbk_dot *after, dbk_log_place_fn fn, void *ctx,
                      dbk_err *err)
{
    uint8_t key[25];
    place_walk walk = { fn, ctx };
    dbk_span at = place_key(key, after);
    dbk_log_scan scan = { { at.p, 17 }, at, place_row, &walk };
    return s->log->ops->scan(s->log->self, &s->space, &scan, err);
}

dbk_rc dbk_log_place_put(const dbk_log_space *s, const dbk_dot *first, const dbk_log_place *place,
                         dbk_err *err)
{
    uint8_t key[25];
    uint8_t value[PLACE_BYTES];
    uint8_t *p = dbk_wire_put_u64(value, place->index);
    p = dbk_wire_put_u64(p, place->receipt_ms);
    (void)dbk_wire_put_copy(p, place->header_hash.b, sizeof(place->header_hash.b));
    dbk_log_row row = { place_key(key, first), dbk_span_of(value, sizeof(value)) };
    return s->log->ops->add(s->log->self, &s->space, &row, err);
}

/* ---- the tree ---------------------------------------------------------------------------- */

static dbk_span node_key(uint8_t key[10], unsigned level, uint64_t index)
{
    DBK_ASSERT(level <= DBK_TREE_LEVELS_MAX);
    key[0] = 'N';
    key[1] = (uint8_t)level;
    (void)dbk_wire_put_u64(key + 2, index);
    return dbk_span_of(key, 10);
}

dbk_rc dbk_log_node_get(void *ctx, unsigned level, uint64_t index, dbk_hash *out, dbk_err *err)
{
    const dbk_log_space *s = ctx;
    uint8_t key[10];
    dbk_bytes value = DBK_BYTES_INIT(DBK_HASH_BYTES);
    memset(out, 0, sizeof(*out));
    dbk_rc rc = s->log->ops->get(s->log->self, &s->space, node_key(key, level, index), &value, err);
    if (rc == DBK_OK && value.len != sizeof(out->b))
        rc = dbk_fail(err, DBK_DAMAGED, "a tree node is malformed");
    if (rc == DBK_OK)
        memcpy(out->b, value.p, sizeof(out->b));
    dbk_bytes_wipe(&value);
    return rc;
}

dbk_rc dbk_log_node_put(const dbk_log_space *s, const dbk_log_node *node, dbk_err *err)
{
    uint8_t key[10];
    dbk_log_row row = { node_key(key, node->level, node->index),
                        dbk_span_of(node->hash.b, sizeof(node->hash.b)) };
    return s->log->ops->add(s->log->self, &s->space, &row, err);
}

/* ---- cosignatures ------------------------------------------------------------------------ */

#define COSIGNED_HEAD_BYTES (16u + 8u + 8u)

static dbk_span cosigned_key(uint8_t key[17], const dbk_id *witness)
{
    key[0] = 'C';
    memcpy(key + 1, witness->b, DBK_ID_BYTES);
    return dbk_span_of(key, 17);
}

dbk_rc dbk_log_cosigned_get(const dbk_log_space *s, const dbk_id *witness, dbk_log_cosigned *out,
                            dbk_err *err)
{
    uint8_t key[17];
    dbk_bytes value = DBK_BYTES_INIT(COSIGNED_HEAD_BYTES + DBK_COSIGNED_NOTE_BYTES_MAX);
    memset(out, 0, sizeof(*out));
    dbk_rc rc = s->log->ops->get(s->log->self, &s->space, cosigned_key(key, witness), &value, err);
    if (rc == DBK_OK) {
        dbk_wire w = dbk_wire_from(dbk_bytes_span(&value));
        out->log = dbk_wire_get_id(&w);
        out->said.size = dbk_wire_get_u64(&w);
        out->said.time_s = dbk_wire_get_u64(&w);
        if (w.failed || w.left.len > sizeof(out->note))
            rc = dbk_fail(err, DBK_DAMAGED, "a cosigned note is malformed");
        else
            memcpy(out->note, w.left.p, w.left.len);
        out->note_len = rc == DBK_OK ? w.left.len : 0;
    }
    dbk_bytes_wipe(&value);
    return rc;
}

dbk_rc dbk_log_cosigned_put(const dbk_log_space *s, const dbk_id *witness,
                            const dbk_log_cosigned *row, dbk_err *err)
{
    uint8_t key[17];
    uint8_t value[COSIGNED_HEAD_BYTES + DBK_COSIGNED_NOTE_BYTES_MAX];
    uint8_t *p = dbk_wire_put_copy(value, row->log.b, sizeof(row->log.b));
    DBK_ASSERT(row->note_len <= sizeof(row->note));
    p = dbk_wire_put_u64(p, row->said.size);
    p = dbk_wire_put_u64(p, row->said.time_s);
    p = dbk_wire_put_copy(p, row->note, row->note_len);
    dbk_log_row put = { cosigned_key(key, witness), dbk_span_of(value, (size_t)(p - value)) };
    return s->log->ops->put(s->log->self, &s->space, &put, err);
}

/* ---- forks ------------------------------------------------------------------------------- */

#define FORK_HEAD_BYTES 9u
#define FORK_BYTES_MAX (FORK_HEAD_BYTES + DBK_SEGMENT_HEADER_BYTES + DBK_KEPT_BYTES_MAX)

static dbk_span fork_key(uint8_t key[49], const dbk_log_fork *fork)
{
    key[0] = 'X';
    memcpy(key + 1, fork->feed.b, DBK_ID_BYTES);
    memcpy(key + 17, fork->header_hash.b, DBK_HASH_BYTES);
    return dbk_span_of(key, 49);
}

static dbk_rc count_row(void *ctx, const dbk_log_row *row, bool *stop, dbk_err *err)
{
    size_t *count = ctx;
    (void)row;
    (void)err;
    *stop = ++*count == DBK_FORKS_KEPT_MAX;
    return DBK_OK;
}

/* Appends the row's value. */
static dbk_rc fork_value(dbk_bytes *out, const dbk_log_fork *fork, dbk_err *err)
{
    uint8_t head[FORK_HEAD_BYTES];
    const dbk_sealed *segment = &fork->segment;
    *dbk_wire_put_u64(head, fork->seen_ms) = segment->kept ? 1 : 0;
    dbk_rc rc = dbk_bytes_append(out, dbk_span_of(head, sizeof(head)), err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(out, segment->header, err);
    return rc == DBK_OK ? dbk_bytes_append(out, segment->body, err) : rc;
}

dbk_rc dbk_log_fork_put(const dbk_log_space *s, const dbk_log_fork *fork, dbk_err *err)
{
    uint8_t key[49];
    dbk_bytes value = DBK_BYTES_INIT(FORK_BYTES_MAX);
    dbk_rc rc = fork_value(&value, fork, err);
    if (rc == DBK_OK) {
        dbk_log_row row = { fork_key(key, fork), dbk_bytes_span(&value) };
        rc = s->log->ops->put(s->log->self, &s->space, &row, err);
    }
    dbk_bytes_wipe(&value);
    return rc;
}

dbk_rc dbk_log_fork_keep(const dbk_log_space *s, const dbk_log_fork *fork, dbk_err *err)
{
    uint8_t key[49];
    size_t kept = 0;
    dbk_err exists = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(FORK_BYTES_MAX);
    dbk_log_scan scan = { { fork_key(key, fork).p, 17 }, { NULL, 0 }, count_row, &kept };
    dbk_rc rc = s->log->ops->scan(s->log->self, &s->space, &scan, err);
    if (rc != DBK_OK || kept >= DBK_FORKS_KEPT_MAX)
        return rc;
    rc = fork_value(&value, fork, err);
    if (rc == DBK_OK) {
        dbk_log_row row = { fork_key(key, fork), dbk_bytes_span(&value) };
        rc = s->log->ops->add(s->log->self, &s->space, &row, &exists);
        if (rc == DBK_CONFLICT)
            rc = DBK_OK; /* the same evidence, sent again */
        else if (rc != DBK_OK)
            rc = dbk_fail(err, rc, "%s", exists.text);
    }
    dbk_bytes_wipe(&value);
    return rc;
}

typedef struct fork_walk {
    dbk_log_fork_fn fn;
    void *ctx;
} fork_walk;

bool dbk_log_row_is_fork(const dbk_log_row *row)
{
    return row->key.len > 0 && row->key.p[0] == 'X';
}

dbk_rc dbk_log_fork_of_row(dbk_log_fork *out, const dbk_log_row *row, dbk_err *err)
{
    dbk_log_fork fork;
    dbk_wire key = dbk_wire_from(row->key);
    dbk_wire w = dbk_wire_from(row->value);
    (void)dbk_wire_get_u8(&key);
    fork.feed = dbk_wire_get_id(&key);
    dbk_wire_get_copy(&key, fork.header_hash.b, sizeof(fork.header_hash.b));
    fork.seen_ms = dbk_wire_get_u64(&w);
    uint8_t kept = dbk_wire_get_u8(&w);
    fork.segment.header = dbk_wire_get_span(&w, DBK_SEGMENT_HEADER_BYTES);
    fork.segment.body = w.left;
    fork.segment.kept = kept == 1;
    if (key.failed || w.failed || kept > 1)
        return dbk_fail(err, DBK_DAMAGED, "the evidence of a fork is malformed");
    *out = fork;
    return DBK_OK;
}

static dbk_rc fork_row(void *ctx, const dbk_log_row *row, bool *stop, dbk_err *err)
{
    fork_walk *walk = ctx;
    dbk_log_fork fork;
    dbk_rc rc = dbk_log_fork_of_row(&fork, row, err);
    return rc == DBK_OK ? walk->fn(walk->ctx, &fork, stop, err) : rc;
}

dbk_rc dbk_log_forks_of(const dbk_log_space *s, const dbk_id *feed, dbk_log_fork_fn fn, void *ctx,
                        dbk_err *err)
{
    uint8_t key[17];
    fork_walk walk = { fn, ctx };
    key[0] = 'X';
    memcpy(key + 1, feed->b, DBK_ID_BYTES);
    dbk_log_scan scan = { dbk_span_of(key, sizeof(key)), { NULL, 0 }, fork_row, &walk };
    return s->log->ops->scan(s->log->self, &s->space, &scan, err);
}
