/* What stands aside, judged again: by the chain, and by what was decided about it. */
#include <stdlib.h>
#include <string.h>

#include "core/journal/evidence.h"
#include "core/journal/feed.h"
#include "core/journal/quarantine_internal.h"
#include "core/store/rows_query.h"

#define ASIDE_BYTES_MAX (64u * 1024u * 1024u) /* of the rows below */

typedef struct aside_row {
    dbk_hash hash, prev;
    dbk_rowid id;
    bool admitted; /* it, or what its author wrote upon it */
    bool breach;   /* it was judged to be more than its author may */
} aside_row;

typedef struct aside_set {
    dbk_book *book;
    const dbk_book_space *space;
    dbk_bytes rows; /* aside_row, by hash */
    dbk_bytes ids;  /* dbk_rowid, in the order in which they came: each feed's in theirs */
    uint64_t moved;
} aside_set;

/* ---- which are admitted -------------------------------------------------------------------- */

/* Named by a decision, and signed by the author that it names: what is forged is never let in. */
static dbk_rc is_named(const aside_set *set, bool *yes, const dbk_header *h, const dbk_hash *hash,
                       dbk_err *err)
{
    dbk_ruling ruling;
    *yes = false;
    dbk_rc rc = dbk_quarantine_ruling(set->book, &ruling, set->space, hash, err);
    if (rc != DBK_OK || ruling != DBK_RULING_ADMITTED)
        return rc;
    const dbk_member *author = dbk_roster_feed_owner(set->book->roster, &h->space, &h->feed,
                                                     &h->incarnation);
    *yes = author != NULL && dbk_header_verify(h, &author->keys.sign, NULL) == DBK_OK;
    return DBK_OK;
}

static dbk_rc load_row(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    aside_set *set = ctx;
    dbk_header h;
    if (row->status != DBK_SEGMENT_PENDING)
        return DBK_OK;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc != DBK_OK)
        return rc;
    aside_row r = { .hash = dbk_header_hash(&h), .prev = h.prev, .id = row->id };
    rc = is_named(set, &r.admitted, &h, &r.hash, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&set->rows, dbk_span_of(&r, sizeof(r)), err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&set->ids, dbk_span_of(&r.id, sizeof(r.id)), err);
    return rc;
}

static int by_hash(const void *a, const void *b)
{
    const aside_row *x = a;
    const aside_row *y = b;
    return memcmp(x->hash.b, y->hash.b, sizeof(x->hash.b));
}

static aside_row *find_row(const aside_set *set, const dbk_hash *hash)
{
    const aside_row key = { .hash = *hash };
    if (set->rows.len == 0)
        return NULL;
    return bsearch(&key, set->rows.p, set->rows.len / sizeof(key), sizeof(key), by_hash);
}

/* An admitted segment takes with it what its author wrote before it. */
static void spread(const aside_set *set)
{
    aside_row *rows = (aside_row *)(void *)set->rows.p;
    for (size_t i = 0; i < set->rows.len / sizeof(*rows); i++) {
        aside_row *at = rows[i].admitted ? find_row(set, &rows[i].prev) : NULL;
        while (at != NULL && !at->admitted) {
            at->admitted = true;
            at = find_row(set, &at->prev);
        }
    }
}

/* ---- which take their place ---------------------------------------------------------------- */

typedef struct rival {
    dbk_book *book;
    const dbk_book_space *space;
    dbk_hash first;
    bool is_first;
    bool admitted; /* it, or what stands upon it */
} rival;

static dbk_rc look_rival(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    rival *r = ctx;
    dbk_header h;
    dbk_ruling ruling;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc != DBK_OK)
        return rc;
    dbk_hash hash = dbk_header_hash(&h);
    if (r->is_first)
        r->first = hash;
    r->is_first = false;
    rc = dbk_quarantine_ruling(r->book, &ruling, r->space, &hash, err);
    r->admitted = r->admitted || ruling == DBK_RULING_ADMITTED;
    return rc;
}

/* Another history stands in the place of an admitted segment. *wins: it gives way, the same on
 * every replica that holds both and the decisions, whichever of them came first. */
static dbk_rc beats_rival(const aside_set *set, bool *wins, const dbk_book_feed *feed,
                          const dbk_segment_in *in, dbk_err *err)
{
    const dbk_header *h = &in->header;
    rival r = { .book = set->book, .space = set->space, .is_first = true };
    dbk_hash before;
    *wins = false;
    if (feed->own || h->first_seq > feed->now.last_seq)
        return DBK_OK;
    dbk_rc rc = dbk_feed_hash_at(set->book, &before, feed, h->first_seq - 1, err);
    if (rc != DBK_OK || !dbk_hash_equal(&before, &h->prev))
        return rc; /* not where the two part */
    rc = dbk_segments_of_feed(set->book->store, feed->row, h->first_seq, 0, look_rival, &r, err);
    *wins = !r.admitted || memcmp(in->hash.b, r.first.b, sizeof(r.first.b)) < 0;
    if (rc == DBK_OK && *wins)
        rc = dbk_evict_ready(set->book, wins, feed, h->first_seq, err);
    return rc;
}

typedef struct judgement {
    const dbk_member *author;
    const char *reason; /* NULL: it takes its place */
    bool evicts;        /* after what stands there was put aside */
} judgement;

/* Whose it is, and whether that author may, and signed it. */
static dbk_rc judge_author(const aside_set *set, judgement *out, const dbk_segment_in *in,
                           bool admitted, dbk_err *err)
{
    const dbk_header *h = &in->header;
    dbk_book *book = set->book;
    uint64_t seen;
    out->author = dbk_roster_feed_owner(book->roster, &h->space, &h->feed, &h->incarnation);
    if (out->author == NULL) {
        out->reason = dbk_book_chain_seq(book, &seen, &h->members_seen) ? DBK_WAIT_FORGED
                                                                        : DBK_WAIT_AUTHOR;
        return DBK_OK;
    }
    dbk_rc rc = DBK_OK;
    if (!admitted)
        rc = dbk_inbox_may_write(book, &out->reason, out->author, in, err);
    if (rc != DBK_OK || out->reason != NULL)
        return rc;
    /* What an admitted one builds on needs no signature of its own: the chain of hashes vouches. */
    if ((!admitted && dbk_header_verify(h, &out->author->keys.sign, NULL) != DBK_OK) ||
        dbk_inbox_check_body(book, h, in->body, in->kept, NULL) != DBK_OK)
        out->reason = DBK_WAIT_FORGED;
    return DBK_OK;
}

/* Why one stands aside that doesn't follow the head of its feed. */
static const char *judge_place(const aside_set *set, const dbk_member *author, const dbk_header *h,
                               uint64_t last_seq)
{
    if (!dbk_inbox_waits_behind(set->book, author, h, last_seq))
        return DBK_WAIT_FORK;
    const aside_row *before = find_row(set, &h->prev);
    return before != NULL && before->breach ? DBK_WAIT_ROLE : DBK_WAIT_EARLIER;
}

static dbk_rc judge(const aside_set *set, judgement *out, const dbk_segment_in *in, bool admitted,
                    dbk_err *err)
{
    const dbk_header *h = &in->header;
    const dbk_book_feed *feed = dbk_tables_feed(&set->book->tables, &h->feed);
    uint64_t last_seq = feed == NULL ? 0 : feed->now.last_seq;
    dbk_hash head = { { 0 } };
    dbk_rc rc = DBK_OK;
    if (feed != NULL)
        head = feed->now.head;
    *out = (judgement){ 0 };
    rc = judge_author(set, out, in, admitted, err);
    if (rc != DBK_OK || out->reason != NULL)
        return rc;
    if (dbk_id_equal(&out->author->device, &set->book->own.device))
        out->reason = DBK_WAIT_FORK;
    else if (h->first_seq != last_seq + 1 || !dbk_hash_equal(&h->prev, &head))
        out->reason = judge_place(set, out->author, h, last_seq);
    else if (!admitted && dbk_inbox_is_held(feed))
        out->reason = DBK_WAIT_FORKED;
    if (out->reason == NULL)
        return DBK_OK;
    if (admitted && feed != NULL)
        rc = beats_rival(set, &out->evicts, feed, in, err);
    if (out->evicts)
        out->reason = NULL;
    return rc;
}

/* The segment leaves the aside feed and takes its place at the end of its own. It is merged
 * with whatever else the feed has pending. */
static dbk_rc adopt(dbk_book *book, const dbk_store_segment *row, const dbk_segment_in *in,
                    const dbk_member *author, dbk_err *err)
{
    const dbk_header *h = &in->header;
    dbk_book_space *space = dbk_tables_space(&book->tables, &h->space);
    dbk_book_feed *feed = NULL;
    dbk_new_feed new_feed = { h->feed, author->device, h->incarnation, false };
    DBK_ASSERT(space != NULL);
    dbk_rc rc = dbk_tables_need_feed(&book->tables, book->store, &feed, space, &new_feed, err);
    if (rc == DBK_OK)
        rc = dbk_segments_adopt(book->store, row->id,
                                &(dbk_segment_home){ feed->row, h->first_seq, h->count }, err);
    if (rc == DBK_OK)
        rc = dbk_segments_set_status(book->store, row->id, DBK_SEGMENT_PENDING,
                                     dbk_span_str(DBK_WAIT_EARLIER), err);
    if (rc != DBK_OK)
        return rc;
    dbk_feed_head_now *now = dbk_feed_touch(&book->tables, feed);
    now->last_seq = dbk_header_last_seq(h);
    now->head = in->hash;
    return DBK_OK;
}

static dbk_rc try_aside(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    aside_set *set = ctx;
    judgement j;
    dbk_segment_in in = {
        .header_bytes = row->header, .body = row->body, .kept = row->kept, .log = row->log
    };
    dbk_rc rc = dbk_inbox_stored_header(&in.header, row, err);
    if (rc != DBK_OK)
        return rc;
    in.hash = dbk_header_hash(&in.header);
    aside_row *r = find_row(set, &in.hash);
    rc = judge(set, &j, &in, r != NULL && r->admitted, err);
    if (r != NULL)
        r->breach = rc == DBK_OK && j.reason != NULL && strcmp(j.reason, DBK_WAIT_ROLE) == 0;
    if (rc == DBK_OK && j.evicts)
        rc = dbk_evict_run(set->book, dbk_tables_feed(&set->book->tables, &in.header.feed),
                           in.header.first_seq, DBK_WAIT_FORK, err);
    if (rc == DBK_OK && j.reason == NULL) {
        set->moved++;
        return adopt(set->book, row, &in, j.author, err);
    }
    if (rc != DBK_OK || dbk_span_equal(dbk_span_str(j.reason), row->reason))
        return rc;
    if (strcmp(j.reason, DBK_WAIT_FORK) == 0)
        rc = dbk_evidence_fork(set->book, row->header, err);
    if (rc != DBK_OK)
        return rc;
    return dbk_segments_set_status(set->book->store, row->id, DBK_SEGMENT_PENDING,
                                   dbk_span_str(j.reason), err);
}

static dbk_rc try_all(aside_set *set, dbk_err *err)
{
    dbk_rc rc = set->ids.len > 0 ? dbk_book_begin(set->book, err) : DBK_OK;
    for (size_t at = 0; at < set->ids.len && rc == DBK_OK; at += sizeof(dbk_rowid)) {
        dbk_rowid id;
        memcpy(&id, set->ids.p + at, sizeof(id));
        rc = dbk_segments_get(set->book->store, id, try_aside, set, err);
    }
    if (rc == DBK_OK && set->ids.len > 0)
        rc = dbk_book_commit(set->book, err);
    if (rc != DBK_OK)
        dbk_book_rollback(set->book);
    return rc;
}

dbk_rc dbk_inbox_judge_aside(dbk_book *book, uint64_t *moved, const dbk_book_space *space,
                             dbk_err *err)
{
    dbk_id aside_id = dbk_inbox_aside_feed(&space->space);
    const dbk_book_feed *aside = dbk_tables_feed(&book->tables, &aside_id);
    aside_set set = { .book = book,
                      .space = space,
                      .rows = DBK_BYTES_INIT(ASIDE_BYTES_MAX),
                      .ids = DBK_BYTES_INIT(ASIDE_BYTES_MAX) };
    *moved = 0;
    if (aside == NULL)
        return DBK_OK;
    dbk_rc rc = dbk_segments_of_feed(book->store, aside->row, 1, 0, load_row, &set, err);
    if (rc == DBK_OK && set.rows.len > 0)
        qsort(set.rows.p, set.rows.len / sizeof(aside_row), sizeof(aside_row), by_hash);
    if (rc == DBK_OK) {
        spread(&set);
        rc = try_all(&set, err);
    }
    *moved = set.moved;
    dbk_bytes_wipe(&set.rows);
    dbk_bytes_wipe(&set.ids);
    return rc;
}
