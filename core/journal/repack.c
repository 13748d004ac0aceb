#include "core/journal/repack.h"

#include <stdio.h>
#include <string.h>

#include "core/base/wire.h"
#include "core/journal/feed.h"
#include "core/store/records.h"
#include "core/store/segments.h"

#define IDS_BYTES_MAX (64u * 1024u * 1024u) /* of row ids */

/* ---- is it worth it? ----------------------------------------------------------------------- */

typedef struct op_in {
    dbk_store_op row; /* where it stands now */
    size_t at, len;   /* in packed */
} op_in;

/* The segment in the making: neighbours whose author had seen the same. */
typedef struct group {
    dbk_header seen; /* the last one's header */
    dbk_rowid rows[DBK_SEGMENT_OPS_MAX];
    size_t rows_count;
    op_in ops[DBK_SEGMENT_OPS_MAX];
    uint32_t ops_count;
    uint32_t body_len;
} group;

typedef struct repack {
    dbk_book *book;
    dbk_book_feed *feed;
    dbk_id key_id;
    uint64_t from;
    bool apart;
    dbk_bytes ids;    /* dbk_rowid, in the feed's order */
    dbk_bytes packed; /* the group's ops, as dbk_open_packed() gives them */
    group g;
    bool worth;
} repack;

static bool same_seen(const dbk_header *a, const dbk_header *b)
{
    return dbk_hash_equal(&a->members_seen, &b->members_seen) &&
           a->checkpoint_size == b->checkpoint_size &&
           dbk_hash_equal(&a->checkpoint_root, &b->checkpoint_root);
}

static bool fits(const repack *r, const dbk_header *h)
{
    const group *g = &r->g;
    return !r->apart && g->rows_count > 0 && same_seen(&g->seen, h) &&
           g->ops_count + h->count <= DBK_SEGMENT_OPS_MAX &&
           g->body_len + h->body_len <= DBK_SEGMENT_BODY_BYTES_MAX;
}

static void clear(repack *r)
{
    r->g.rows_count = 0;
    r->g.ops_count = 0;
    r->g.body_len = 0;
    dbk_bytes_truncate(&r->packed, 0);
}

static dbk_rc look_row(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    repack *r = ctx;
    dbk_header h;
    dbk_rc rc = dbk_header_decode(&h, row->header, err);
    if (rc != DBK_OK)
        return rc;
    /* In the middle of it begins what hasn't left, which no honest relay says: that isn't touched
     * either. Nor is what can't be opened here (DBK_FEED_CLOSED), or
     * isn't whole any more. */
    if (row->log.known || row->first_seq < r->from || row->status != DBK_SEGMENT_MERGED ||
        row->kept) {
        dbk_bytes_truncate(&r->ids, 0);
        r->from = dbk_header_last_seq(&h) + 1;
        r->worth = false;
        clear(r);
        return DBK_OK;
    }
    bool packs = fits(r, &h);
    r->worth = r->worth || packs || !dbk_id_equal(&h.key_id, &r->key_id);
    if (!packs)
        clear(r);
    r->g.seen = h;
    r->g.rows_count = 1;
    r->g.ops_count += h.count;
    r->g.body_len += h.body_len;
    return dbk_bytes_append(&r->ids, dbk_span_of(&row->id, sizeof(row->id)), err);
}

/* ---- the group becomes a segment ----------------------------------------------------------- */

/* The rows that its ops stand in go. */
static dbk_rc give_up(const repack *r, dbk_err *err)
{
    const group *g = &r->g;
    dbk_rc rc = DBK_OK;
    for (uint32_t i = 0; i < g->ops_count && rc == DBK_OK; i++)
        rc = dbk_ops_del(r->book->store, &g->ops[i].row, err);
    for (size_t i = 0; i < g->rows_count && rc == DBK_OK; i++)
        rc = dbk_segments_del(r->book->store, g->rows[i], err);
    return rc;
}

static dbk_rc flush(repack *r, dbk_err *err)
{
    const group *g = &r->g;
    dbk_span packed[DBK_SEGMENT_OPS_MAX];
    dbk_appended at;
    if (g->ops_count == 0)
        return DBK_OK;
    for (uint32_t i = 0; i < g->ops_count; i++)
        packed[i] = dbk_span_of(r->packed.p + g->ops[i].at, g->ops[i].len);
    dbk_rc rc = give_up(r, err);
    if (rc == DBK_OK)
        rc = dbk_feed_append_again(r->book, &at, r->feed, &g->seen, packed, g->ops_count, err);
    for (uint32_t i = 0; i < g->ops_count && rc == DBK_OK; i++)
        rc = dbk_ops_add(r->book->store, &(dbk_store_op){ g->ops[i].row.record, at.segment, i },
                         err);
    clear(r);
    return rc;
}

static dbk_rc take_op_row(void *ctx, const dbk_store_op *row, dbk_err *err)
{
    group *g = ctx;
    if (g->ops_count == DBK_SEGMENT_OPS_MAX)
        return dbk_fail(err, DBK_DAMAGED, "an own segment has more rows of ops than ops");
    g->ops[g->ops_count++].row = *row;
    return DBK_OK;
}

/* The segment's ops, still compressed: what is inside is nobody's business here. */
static dbk_rc take_ops(repack *r, const dbk_header *h, dbk_span body, uint32_t first, dbk_err *err)
{
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    const dbk_secret *key = dbk_keyring_find(r->book->keyring, &h->space, &h->key_id);
    if (key == NULL)
        return dbk_fail(err, DBK_PENDING, "the key of a segment has not arrived here");
    dbk_rc rc = dbk_body_split(frames, h, body, err);
    for (uint32_t i = 0; i < h->count && rc == DBK_OK; i++) {
        op_in *op = &r->g.ops[first + i];
        op->at = r->packed.len;
        rc = dbk_open_packed(r->book->sealer, &r->packed, h, &frames[i], i, key, err);
        op->len = r->packed.len - op->at;
        if (rc == DBK_OK && op->row.place != i)
            rc = dbk_fail(err, DBK_DAMAGED, "an own note has no record");
    }
    return rc;
}

static dbk_rc take_row(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    repack *r = ctx;
    group *g = &r->g;
    dbk_header h;
    dbk_rc rc = dbk_header_decode(&h, row->header, err);
    if (rc == DBK_OK && !fits(r, &h))
        rc = flush(r, err);
    const uint32_t first = g->ops_count;
    if (rc == DBK_OK)
        rc = dbk_ops_of_segment(r->book->store, row->id, take_op_row, g, err);
    if (rc == DBK_OK && g->ops_count != first + h.count)
        rc = dbk_fail(err, DBK_DAMAGED, "an own note has no record");
    if (rc == DBK_OK)
        rc = take_ops(r, &h, row->body, first, err);
    if (rc != DBK_OK)
        return rc;
    g->seen = h;
    g->rows[g->rows_count++] = row->id;
    g->body_len += h.body_len;
    return DBK_OK;
}

/* The feed is cut before the first of them, and grows again to where it was. */
static dbk_rc rebuild(repack *r, dbk_err *err)
{
    uint64_t last_seq = r->feed->now.last_seq;
    dbk_hash head;
    dbk_rc rc = dbk_feed_hash_at(r->book, &head, r->feed, r->from - 1, err);
    if (rc != DBK_OK)
        return rc;
    dbk_feed_head_now *now = dbk_feed_touch(&r->book->tables, r->feed);
    now->last_seq = r->from - 1;
    now->head = head;
    for (size_t at = 0; at < r->ids.len && rc == DBK_OK; at += sizeof(dbk_rowid)) {
        dbk_rowid id;
        memcpy(&id, r->ids.p + at, sizeof(id));
        rc = dbk_segments_get(r->book->store, id, take_row, r, err);
    }
    if (rc == DBK_OK)
        rc = flush(r, err);
    if (rc == DBK_OK)
        DBK_ASSERT(r->feed->now.last_seq == last_seq);
    return rc;
}

/* Failures that would come again at each push: then the segments go as they are. */
static bool is_lasting(dbk_rc rc)
{
    return rc == DBK_PENDING || rc == DBK_LIMIT || rc == DBK_VERSION || rc == DBK_AUTH ||
           rc == DBK_FORMAT;
}

static dbk_rc run(repack *r, dbk_err *err)
{
    dbk_err cause = { 0 };
    dbk_rc rc = dbk_book_begin(r->book, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_segments_of_feed(r->book->store, r->feed->row, r->from, 0, look_row, r, &cause);
    clear(r);
    if (rc == DBK_OK && r->worth)
        rc = rebuild(r, &cause);
    if (rc == DBK_OK && r->worth)
        rc = dbk_book_commit(r->book, &cause);
    if (rc != DBK_OK || !r->worth)
        dbk_book_rollback(r->book);
    if (rc == DBK_OK || is_lasting(rc))
        return DBK_OK;
    return dbk_fail(err, rc, "%s", cause.text);
}

dbk_rc dbk_repack_run(dbk_book *book, dbk_book_feed *feed, const dbk_repack_opts *opts,
                      dbk_err *err)
{
    dbk_key_entry current;
    dbk_rc rc = DBK_OK;
    DBK_ASSERT(feed->own);
    DBK_ASSERT(feed->now.receipted_seq <= feed->now.left_seq);
    if (!book->anchor.known || dbk_book_is_writer(book, &feed->space->space) ||
        dbk_keyring_current(book->keyring, &feed->space->space, &current) == NULL)
        return DBK_OK;
    const dbk_packed now = { feed->row, feed->now.last_seq, current.key_id };
    if (book->packed.feed == now.feed && book->packed.last_seq == now.last_seq &&
        dbk_id_equal(&book->packed.key_id, &now.key_id))
        return DBK_OK; /* the next batch of the same */
    uint64_t left = feed->now.left_seq < opts->held_seq ? opts->held_seq : feed->now.left_seq;
    if (left < feed->now.last_seq) {
        repack r = { .book = book,
                     .feed = feed,
                     .key_id = current.key_id,
                     .from = left + 1,
                     .apart = opts->apart,
                     .ids = DBK_BYTES_INIT(IDS_BYTES_MAX),
                     .packed = DBK_BYTES_INIT(DBK_SEGMENT_BODY_BYTES_MAX) };
        rc = run(&r, err);
        dbk_bytes_wipe(&r.ids);
        dbk_bytes_wipe(&r.packed);
    }
    if (rc == DBK_OK)
        book->packed = now;
    return rc;
}
