#include <string.h>

#include "core/journal/absent.h"
#include "core/journal/disposal.h"
#include "core/journal/evidence.h"
#include "core/journal/inbox_internal.h"
#include "core/journal/snapshot.h"

/* What a carried segment is, once its author is known. */
typedef enum carried {
    CARRIED_NEXT, /* the next of its feed */
    CARRIED_HELD, /* here already */
    CARRIED_FORK, /* another one stands in its place, or it follows what stands aside */
    CARRIED_GAP   /* something before it is missing */
} carried;

typedef struct place_of {
    dbk_hash hash;
    bool found;
    dbk_rowid bare; /* the row, if its body isn't here */
} place_of;

static dbk_rc hash_of(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    place_of *at = ctx;
    dbk_header h;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc == DBK_OK) {
        at->hash = dbk_header_hash(&h);
        at->found = true;
        at->bare = dbk_segment_is_bare(row) ? row->id : 0;
    }
    return rc;
}

/* *bare: the row that lacks just this body; 0: none. */
static dbk_rc place_carried(dbk_book *book, carried *out, dbk_rowid *bare, const dbk_segment_in *in,
                            dbk_err *err)
{
    const dbk_header *h = &in->header;
    const dbk_book_feed *feed = dbk_tables_feed(&book->tables, &h->feed);
    dbk_store_segment_place aside;
    place_of at = { .found = false };
    dbk_rc rc = DBK_OK;
    uint64_t last_seq = feed == NULL ? 0 : feed->now.last_seq;
    if (h->first_seq <= last_seq)
        rc = dbk_segments_at(book->store, feed->row, h->first_seq, hash_of, &at, err);
    /* Most of what a stick brings is here: what stands aside is read for the rest only. */
    if (rc == DBK_OK && at.found && dbk_hash_equal(&at.hash, &in->hash)) {
        *out = CARRIED_HELD;
        *bare = at.bare;
        return DBK_OK;
    }
    if (rc == DBK_OK)
        rc = dbk_inbox_find_aside(book, &aside, &h->space, &in->hash, err);
    if (rc != DBK_OK)
        return rc;
    if (aside.id != 0) {
        *out = CARRIED_HELD;
    } else if (h->first_seq <= last_seq) {
        *out = CARRIED_FORK;
    } else {
        bool next = h->first_seq == last_seq + 1;
        bool linked = last_seq == 0 || dbk_hash_equal(&h->prev, &feed->now.head);
        if (!next || !linked)
            rc = dbk_inbox_find_aside(book, &aside, &h->space, &h->prev, err);
        *out = next && linked ? CARRIED_NEXT : next || aside.id != 0 ? CARRIED_FORK : CARRIED_GAP;
    }
    return rc;
}

/* In a transaction of its own. A folder may bring what no relay would take: a second history is
 * kept beside the first, with its author's signature as the proof. */
static dbk_rc take_carried(dbk_book *book, dbk_inbox_stats *stats, const dbk_segment_in *in,
                           const dbk_id *device, const char *aside, dbk_err *err)
{
    dbk_taker t;
    dbk_taker_init(&t, book, stats);
    dbk_rc rc = dbk_book_begin(book, err);
    if (rc == DBK_OK && aside != NULL)
        rc = dbk_taker_aside(&t, in, aside, err);
    else if (rc == DBK_OK)
        rc = dbk_taker_next(&t, in, device, err);
    if (rc == DBK_OK && !dbk_id_equal(device, &book->own.device))
        rc = dbk_evidence_said(book, in->header_bytes, err);
    if (rc == DBK_OK && aside != NULL && strcmp(aside, DBK_WAIT_FORK) == 0)
        rc = dbk_evidence_fork(book, in->header_bytes, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc == DBK_OK)
        dbk_taker_sum(&t);
    else
        dbk_book_rollback(book);
    /* A decision may have come before it, or have come with it. */
    if (rc == DBK_OK && (aside != NULL || t.decided))
        rc = dbk_inbox_retry(book, &in->header.space, stats, err);
    dbk_taker_wipe(&t);
    return rc;
}

/* It is of an own feed: the store is an old copy, or there are two of it. What continues the feed
 * is taken, and this store goes on under a new incarnation. Which of two histories stands is for
 * the relay's log to say, not for a folder that shows one of them. */
static dbk_rc close_own(dbk_book *book, dbk_inbox_stats *stats, carried what,
                        const dbk_segment_in *in, dbk_err *err)
{
    dbk_book_feed *feed = dbk_tables_feed(&book->tables, &in->header.feed);
    if (feed == NULL || !feed->own)
        return DBK_OK;
    if (what == CARRIED_FORK)
        return dbk_fail(err, DBK_PEER,
                        "the folder holds other notes of this device than this store: the store "
                        "was restored or copied, and only a sync with the relay settles that");
    if (feed != dbk_tables_own_feed(&book->tables, feed->space))
        return DBK_OK;
    dbk_reissue close = { feed, in->header.first_seq, 0 };
    stats->restored = true;
    return dbk_reissue_run(book, &stats->reissued, &close, err);
}

/* Whose it is, and that it is. *author NULL: not known here yet. */
static dbk_rc check_author(dbk_book *book, const dbk_member **author, const dbk_segment_in *in,
                           dbk_err *err)
{
    const dbk_header *h = &in->header;
    *author = dbk_roster_feed_owner(book->roster, &h->space, &h->feed, &h->incarnation);
    if (*author == NULL)
        return DBK_OK;
    dbk_rc rc = dbk_header_verify(h, &(*author)->keys.sign, err);
    if (rc == DBK_OK)
        rc = dbk_inbox_check_body(book, h, in->body, in->kept, err);
    return rc;
}

/* What a snapshot left out. The record holds it already; the header vouches for it. */
static dbk_rc fill(dbk_book *book, dbk_rowid id, const dbk_segment_in *in, dbk_err *err)
{
    dbk_bytes room = DBK_BYTES_INIT(DBK_KEPT_BYTES_MAX);
    dbk_store_segment row = { .header = in->header_bytes, .body = in->body, .kept = in->kept };
    dbk_rc rc = dbk_inbox_check_body(book, &in->header, in->body, in->kept, err);
    if (rc == DBK_OK)
        rc = dbk_disposal_trim(book, &row, &in->header, &room, err);
    if (rc == DBK_OK)
        rc = dbk_book_begin(book, err);
    if (rc == DBK_OK)
        rc = dbk_segments_put_body(book->store, id, row.body, row.kept, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc != DBK_OK)
        dbk_book_rollback(book);
    dbk_bytes_wipe(&room);
    return rc;
}

static dbk_rc check_space(dbk_book *book, const dbk_id *id, dbk_err *err)
{
    const dbk_space *space = dbk_roster_space(book->roster, id);
    if (space == NULL || space->is_roster || dbk_book_role(book, id) == DBK_ROLE_NONE ||
        dbk_book_is_writer(book, id))
        return dbk_fail(err, DBK_NOT_FOUND, "a segment is of a space that this device is not in");
    return DBK_OK;
}

dbk_rc dbk_inbox_carried(dbk_book *book, dbk_inbox_stats *stats, const dbk_sealed *segment,
                         dbk_err *err)
{
    dbk_segment_in in = { .header_bytes = segment->header,
                          .body = segment->body,
                          .kept = segment->kept };
    const dbk_member *author = NULL;
    const char *aside;
    carried what = CARRIED_GAP;
    dbk_rowid bare = 0;
    memset(stats, 0, sizeof(*stats));
    if (book->roster == NULL)
        return dbk_fail(err, DBK_DENIED, "this device is in no organisation yet");
    dbk_rc rc = dbk_header_decode(&in.header, segment->header, err);
    if (rc == DBK_OK)
        rc = check_space(book, &in.header.space, err);
    if (rc != DBK_OK)
        return rc;
    in.hash = dbk_header_hash(&in.header);
    rc = place_carried(book, &what, &bare, &in, err);
    if (rc == DBK_OK && bare != 0)
        return fill(book, bare, &in, err);
    if (rc != DBK_OK || what == CARRIED_HELD)
        return rc;
    rc = dbk_absent_none(book, &in.header.space, err);
    stats->pending += rc == DBK_PENDING ? 1 : 0;
    if (rc != DBK_OK)
        return rc;
    rc = check_author(book, &author, &in, err);
    if (rc != DBK_OK)
        return rc;
    if (author == NULL || what == CARRIED_GAP) {
        stats->pending++;
        return dbk_fail(err, DBK_PENDING, "%s",
                        author == NULL ? "a segment's author is not known here yet"
                                       : "an earlier segment is missing");
    }
    rc = close_own(book, stats, what, &in, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_inbox_may_write(book, &aside, author, &in, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_book_feed *feed = dbk_tables_feed(&book->tables, &in.header.feed);
    if (aside == NULL && what == CARRIED_FORK)
        aside = dbk_inbox_waits_behind(book, author, &in.header,
                                       feed == NULL ? 0 : feed->now.last_seq)
                    ? DBK_WAIT_EARLIER
                    : DBK_WAIT_FORK;
    if (aside == NULL && dbk_inbox_is_held(feed))
        aside = DBK_WAIT_FORKED;
    return take_carried(book, stats, &in, &author->device, aside, err);
}
