#include <stdlib.h>
#include <string.h>

#include "core/journal/inbox_internal.h"
#include "core/journal/query_internal.h"

#define TWICE "stands in it for the second time"
#define OUT_OF_ORDER "does not follow what its author wrote before"

/* A feed while its part of a run is walked. */
typedef struct walk {
    dbk_inbox_run_state *s;
    dbk_id incarnation;
    const dbk_book_feed *row; /* NULL: nothing of it is here */
    const dbk_member *author; /* NULL: not known */
    uint64_t last_seq;        /* of the chain, as far as it was walked */
    dbk_hash head;
    bool forked;                /* two histories of it are known, or came in this run */
    const dbk_inbox_item *tail; /* the newest that stands aside, or NULL */
    dbk_inbox_item **items;     /* this one and those that follow it in the run */
    size_t left;
    uint64_t tail_seq; /* its last seq */
    uint64_t held_seq; /* first seq of the newest in the run that is held in its place; 0: none */
} walk;

dbk_id dbk_inbox_aside_feed(const dbk_id *space)
{
    return dbk_hash_id("daybook/aside-feed/1", dbk_span_of(space->b, sizeof(space->b)));
}

dbk_rc dbk_inbox_stored_header(dbk_header *h, const dbk_store_segment *row, dbk_err *err)
{
    if (dbk_header_decode(h, row->header, NULL) != DBK_OK)
        return dbk_fail(err, DBK_DAMAGED, "a stored segment header is malformed");
    return DBK_OK;
}

bool dbk_inbox_is_held(const dbk_book_feed *feed)
{
    return feed != NULL && feed->now.forked && !feed->own;
}

static dbk_rc refuse(const dbk_inbox_item *item, const char *why, dbk_err *err)
{
    return dbk_fail(err, DBK_PEER, "entry %llu of the relay's log %s",
                    (unsigned long long)item->index, why);
}

/* All segments of a feed name one incarnation, else the feed id is not theirs. That the header
 * can be decoded is known. */
static dbk_rc header_of(const walk *w, dbk_header *h, const dbk_inbox_item *item, dbk_err *err)
{
    dbk_rc rc = dbk_header_decode(h, item->in.segment.header, err);
    if (rc == DBK_OK && !dbk_id_equal(&h->incarnation, &w->incarnation))
        rc = refuse(item, "names a feed that is not its own", err);
    return rc;
}

static dbk_rc check_signature(const walk *w, const dbk_inbox_item *item, dbk_err *err)
{
    dbk_header h;
    dbk_rc rc = header_of(w, &h, item, err);
    if (rc == DBK_OK && dbk_header_verify(&h, &w->author->keys.sign, NULL) != DBK_OK)
        rc = refuse(item, "is not signed by its author", err);
    return rc;
}

/* Held already: then it may only say what is known of it. */
static dbk_rc check_held(dbk_inbox_item *item, const dbk_store_segment_place *held, dbk_err *err)
{
    if (held->log.known &&
        (held->log.index != item->index || held->log.receipt_ms != item->in.receipt_ms))
        return refuse(item, "has another place or time than the relay's receipt says", err);
    item->fate = DBK_FATE_HELD;
    item->held = held->id;
    return DBK_OK;
}

/* Held in its place in the feed, brought by a stick perhaps. The log has each once, in the feed's
 * order; what is known of its place so far doesn't say that. */
static dbk_rc check_in_feed(walk *w, dbk_inbox_item *item, const dbk_store_segment_place *held,
                            dbk_err *err)
{
    if (held->first_seq == w->held_seq)
        return refuse(item, TWICE, err);
    if (held->first_seq < w->held_seq)
        return refuse(item, OUT_OF_ORDER, err);
    w->held_seq = held->first_seq;
    return check_held(item, held, err);
}

static bool follows(const dbk_header *h, uint64_t last_seq, const dbk_hash *head)
{
    return h->first_seq == last_seq + 1 && dbk_hash_equal(&h->prev, head);
}

typedef struct held_row {
    dbk_store_segment_place place;
    dbk_hash hash;
} held_row;

static dbk_rc take_held(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    held_row *held = ctx;
    dbk_header h;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc != DBK_OK)
        return rc;
    held->place = (dbk_store_segment_place){ row->id, row->first_seq, row->count, row->log,
                                             row->status };
    held->hash = dbk_header_hash(&h);
    return DBK_OK;
}

/* ---- what stands aside ----------------------------------------------------------------------- */

#define ASIDE_BYTES_MAX (64u * 1024u * 1024u)

static int by_hash(const void *a, const void *b)
{
    const held_row *x = a;
    const held_row *y = b;
    return memcmp(x->hash.b, y->hash.b, sizeof(x->hash.b));
}

static dbk_rc list_one(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    dbk_inbox_run_state *s = ctx;
    held_row held;
    dbk_rc rc = take_held(&held, row, err);
    return rc == DBK_OK ? dbk_bytes_append(&s->aside, dbk_span_of(&held, sizeof(held)), err) : rc;
}

/* Once for a run: each of its items is looked for. */
static dbk_rc list_aside(dbk_inbox_run_state *s, dbk_err *err)
{
    dbk_id feed_id = dbk_inbox_aside_feed(&s->run->space);
    const dbk_book_feed *feed = dbk_tables_feed(&s->book->tables, &feed_id);
    dbk_rc rc = DBK_OK;
    dbk_bytes_wipe(&s->aside);
    dbk_bytes_init(&s->aside, ASIDE_BYTES_MAX);
    if (feed != NULL)
        rc = dbk_segments_of_feed(s->book->store, feed->row, 1, 0, list_one, s, err);
    if (s->aside.len > 0)
        qsort(s->aside.p, s->aside.len / sizeof(held_row), sizeof(held_row), by_hash);
    s->aside_listed = rc == DBK_OK;
    return rc;
}

/* out->id 0: it doesn't. */
static dbk_rc find_aside(const walk *w, dbk_store_segment_place *out, const dbk_hash *hash,
                         dbk_err *err)
{
    const held_row key = { .hash = *hash }, *found = NULL;
    dbk_rc rc = w->s->aside_listed ? DBK_OK : list_aside(w->s, err);
    if (rc == DBK_OK && w->s->aside.len > 0)
        found = bsearch(&key, w->s->aside.p, w->s->aside.len / sizeof(key), sizeof(key), by_hash);
    *out = found == NULL ? (dbk_store_segment_place){ 0 } : found->place;
    return rc;
}

/* One that stands aside already, carried earlier perhaps, is held. */
static dbk_rc check_aside(walk *w, dbk_inbox_item *item, dbk_err *err)
{
    dbk_store_segment_place held;
    dbk_rc rc = find_aside(w, &held, &item->hash, err);
    if (rc == DBK_OK && held.id != 0)
        rc = check_held(item, &held, err);
    return rc;
}

/* What stands aside is one chain too, so that a relay can't pile up the same
 * thing. */
static dbk_rc set_aside(walk *w, dbk_inbox_item *item, const dbk_header *h, const char *reason,
                        dbk_err *err)
{
    if (w->tail != NULL && !follows(h, w->tail_seq, &w->tail->hash))
        return refuse(item, OUT_OF_ORDER, err);
    w->tail = item;
    w->tail_seq = dbk_header_last_seq(h);
    item->fate = DBK_FATE_ASIDE;
    item->reason = reason;
    return check_aside(w, item, err);
}

typedef struct own_op {
    dbk_book *book;
    dbk_bytes *plain;
    uint64_t seq;
} own_op;

static dbk_rc open_own(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    own_op *op = ctx;
    dbk_opened o;
    dbk_rc rc = dbk_query_open_op(op->book, &o, op->plain, row,
                                  (uint32_t)(op->seq - row->first_seq), err);
    dbk_op_decoded_wipe(&o.op);
    return rc;
}

/* Is the op at this place of the item the one that stands here under the same dot? */
static dbk_rc is_twin(walk *w, bool *yes, const dbk_store_segment *there, uint64_t seq,
                      dbk_bytes plain[2], dbk_err *err)
{
    own_op mine = { w->s->book, &plain[1], seq };
    dbk_opened o;
    dbk_err cause = { 0 };
    *yes = false;
    dbk_rc rc = dbk_query_open_op(w->s->book, &o, &plain[0], there,
                                  (uint32_t)(seq - there->first_seq), &cause);
    dbk_op_decoded_wipe(&o.op);
    if (rc == DBK_OK)
        rc = dbk_segments_at(w->s->book->store, w->row->row, seq, open_own, &mine, &cause);
    if (rc == DBK_NOMEM || rc == DBK_IO)
        return dbk_fail(err, rc, "%s", cause.text);
    *yes = rc == DBK_OK && dbk_span_equal(dbk_bytes_span(&plain[0]), dbk_bytes_span(&plain[1]));
    return DBK_OK;
}

/* Up to which op the log holds just what stands here, in segments that another copy of this store
 * has sealed again before it pushed them (repack.h). Each must be signed by this device: what is
 * believed here goes, and is taken from the log. */
static dbk_rc find_twins(walk *w, uint64_t *twin_seq, dbk_err *err)
{
    dbk_bytes plain[2] = { DBK_BYTES_INIT(DBK_QUERY_PLAIN_BYTES_MAX),
                           DBK_BYTES_INIT(DBK_QUERY_PLAIN_BYTES_MAX) };
    uint64_t seq = 0;
    bool same = true;
    dbk_rc rc = DBK_OK;
    *twin_seq = 0;
    for (size_t i = 0; i < w->left && same && rc == DBK_OK; i++) {
        const dbk_inbox_item *item = w->items[i];
        dbk_store_segment there = { .header = item->in.segment.header,
                                    .body = item->in.segment.body,
                                    .kept = item->in.segment.kept };
        dbk_header h;
        if (!item->in.has_body || dbk_header_decode(&h, item->in.segment.header, NULL) != DBK_OK ||
            (seq > 0 && h.first_seq != seq) ||
            dbk_inbox_check_body(w->s->book, &h, there.body, there.kept, NULL) != DBK_OK ||
            dbk_header_verify(&h, &w->author->keys.sign, NULL) != DBK_OK)
            break;
        there.first_seq = h.first_seq;
        for (seq = h.first_seq; seq <= dbk_header_last_seq(&h) && same && rc == DBK_OK; seq++) {
            rc = is_twin(w, &same, &there, seq, plain, err);
            if (same)
                *twin_seq = seq;
        }
    }
    dbk_bytes_wipe(&plain[0]);
    dbk_bytes_wipe(&plain[1]);
    return rc;
}

/* This device signed another segment for a place that this store has filled, or filled one that it
 * still has before it: the store is an old copy, or there are two of it. That the relay can't
 * make up (M48): the signature is our own, and the segment continues what is held here. */
static dbk_rc split(walk *w, const dbk_inbox_item *item, const dbk_header *h, dbk_err *err)
{
    held_row before = { 0 };
    dbk_err none = { 0 };
    dbk_rc rc = check_signature(w, item, err);
    if (rc == DBK_OK && !item->in.has_body)
        rc = dbk_fail(err, DBK_BUSY,
                      "another copy of this store was pushed just now: sync once more");
    if (rc == DBK_OK && dbk_inbox_check_body(w->s->book, h, item->in.segment.body,
                                             item->in.segment.kept, NULL) != DBK_OK)
        rc = refuse(item, "does not hold what its author signed", err);
    if (rc != DBK_OK)
        return rc;
    if (h->first_seq > 1) {
        rc = dbk_segments_at(w->s->book->store, w->row->row, h->first_seq - 1, take_held, &before,
                             &none);
        if (rc != DBK_OK && rc != DBK_NOT_FOUND)
            return dbk_fail(err, rc, "%s", none.text);
        if (rc != DBK_OK || !dbk_hash_equal(&before.hash, &h->prev))
            return refuse(item, OUT_OF_ORDER, err);
    }
    w->s->split = (dbk_reissue){ dbk_tables_feed(&w->s->book->tables, &item->feed), h->first_seq,
                                 0 };
    return find_twins(w, &w->s->split.twin_seq, err);
}

/* At or below the head that stands here. */
static dbk_rc check_known(walk *w, dbk_inbox_item *item, const dbk_header *h, bool own,
                          dbk_err *err)
{
    held_row held = { 0 };
    dbk_err none = { 0 };
    dbk_rc rc = DBK_NOT_FOUND;
    if (w->row != NULL)
        rc = dbk_segments_at(w->s->book->store, w->row->row, h->first_seq, take_held, &held, &none);
    if (rc != DBK_OK && rc != DBK_NOT_FOUND)
        return dbk_fail(err, rc, "%s", none.text);
    if (rc == DBK_OK && dbk_hash_equal(&held.hash, &item->hash))
        return check_in_feed(w, item, &held.place, err);
    if (rc == DBK_NOT_FOUND && (w->row == NULL || h->first_seq > w->row->now.last_seq))
        return refuse(item, TWICE, err);
    if (own)
        return split(w, item, h, err);
    w->forked = true;
    return set_aside(w, item, h, DBK_WAIT_FORK, err);
}

/* It continues the chain. Of two histories of a feed nothing more is merged until a person has
 * chosen (A15): by the log's order, so that all who follow it stop at the same place. What stands
 * aside here because nobody knew that it came in time leaves there for its place. */
static dbk_rc take_next(walk *w, dbk_inbox_item *item, const dbk_header *h, dbk_err *err)
{
    item->device = w->author->device;
    w->last_seq = dbk_header_last_seq(h);
    w->head = item->hash;
    item->fate = DBK_FATE_ASIDE;
    item->reason = DBK_WAIT_FORKED;
    dbk_rc rc = check_aside(w, item, err);
    if (!w->forked)
        item->fate = DBK_FATE_NEW;
    return rc;
}

/* Behind the head that stands here. What doesn't follow it must follow something that stands
 * aside; anything else is the relay's doing. */
static dbk_rc check_later(walk *w, dbk_inbox_item *item, const dbk_header *h, dbk_err *err)
{
    dbk_store_segment_place before = { 0 };
    const dbk_segment_in in = { .header = *h,
                                .header_bytes = item->in.segment.header,
                                .body = item->in.segment.body,
                                .kept = item->in.segment.kept,
                                .log = { true, item->index, item->in.receipt_ms } };
    bool next = follows(h, w->last_seq, &w->head);
    const char *aside;
    dbk_rc rc = dbk_inbox_may_write(w->s->book, &aside, w->author, &in, err);
    if (rc == DBK_OK && next && aside == NULL)
        return take_next(w, item, h, err);
    if (aside == NULL && dbk_inbox_waits_behind(w->s->book, w->author, h, w->last_seq))
        aside = w->tail != NULL ? w->tail->reason : DBK_WAIT_EARLIER;
    if (rc == DBK_OK && !next && w->tail == NULL) {
        rc = find_aside(w, &before, &h->prev, err);
        if (rc == DBK_OK && before.id == 0)
            return refuse(item, OUT_OF_ORDER, err);
    }
    if (rc == DBK_OK)
        rc = set_aside(w, item, h, aside != NULL ? aside : DBK_WAIT_FORK, err);
    return rc;
}

static dbk_rc place_item(walk *w, dbk_inbox_item *item, dbk_err *err)
{
    dbk_header h;
    dbk_rc rc = header_of(w, &h, item, err);
    if (rc != DBK_OK)
        return rc;
    bool own = w->row != NULL && w->row->own;
    if (h.first_seq <= w->last_seq)
        return check_known(w, item, &h, own, err);
    if (own && w->row == dbk_tables_own_feed(&w->s->book->tables, w->row->space) &&
        h.first_seq == w->row->now.last_seq + 1)
        return split(w, item, &h, err); /* the open feed: nobody but us writes it */
    return check_later(w, item, &h, err);
}

/* What is kept is signed, each for itself: by its hash a later one vouches for it here, but to
 * those whom it is carried to, to a restored relay and as a proof it stands alone. */
static dbk_rc check_item(walk *w, dbk_inbox_item *item, dbk_err *err)
{
    dbk_rc rc = place_item(w, item, err);
    if (rc == DBK_OK && w->s->split.feed == NULL && item->fate != DBK_FATE_HELD)
        rc = check_signature(w, item, err);
    return rc;
}

/* Nobody in the chain as it is known here has this feed. An author who had seen no more of the
 * chain than is held here would be in it: then the relay lets a stranger in (M05, M06). */
static dbk_rc check_unknown(walk *w, dbk_inbox_item *item, dbk_err *err)
{
    dbk_header h;
    uint64_t seq;
    dbk_rc rc = header_of(w, &h, item, err);
    if (rc != DBK_OK)
        return rc;
    if (dbk_book_chain_seq(w->s->book, &seq, &h.members_seen))
        return refuse(item, "is of a device that is not a member", err);
    return set_aside(w, item, &h, DBK_WAIT_AUTHOR, err);
}

dbk_rc dbk_inbox_check_feed(dbk_inbox_run_state *s, dbk_inbox_item **items, size_t count,
                            dbk_err *err)
{
    walk w = { 0 };
    dbk_header h;
    DBK_ASSERT(count > 0);
    w.s = s;
    w.row = dbk_tables_feed(&s->book->tables, &items[0]->feed);
    if (w.row != NULL) {
        w.last_seq = w.row->now.last_seq;
        w.head = w.row->now.head;
    }
    w.forked = dbk_inbox_is_held(w.row);
    dbk_rc rc = dbk_header_decode(&h, items[0]->in.segment.header, err);
    if (rc != DBK_OK)
        return rc;
    w.incarnation = h.incarnation;
    w.author = dbk_roster_feed_owner(s->book->roster, &h.space, &h.feed, &h.incarnation);
    for (size_t i = 0; i < count && rc == DBK_OK && s->split.feed == NULL; i++) {
        w.items = &items[i];
        w.left = count - i;
        if (w.author == NULL)
            rc = check_unknown(&w, items[i], err);
        else
            rc = check_item(&w, items[i], err);
    }
    return rc;
}
