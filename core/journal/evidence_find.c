/* Where evidence comes from: two histories of a feed, of the chain, of the relay's log. */
#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/evidence_internal.h"
#include "core/journal/inbox_internal.h"
#include "core/journal/logtree.h"
#include "core/store/chain.h"

#define WAITING_MAX 4096u      /* of all */
#define WAITING_OF_ONE_MAX 16u /* of one author in one space, or of the relay */

/* ---- feeds --------------------------------------------------------------------------------- */

/* What is held from there on, up to a header that is signed itself: in a run the relay's copy of an
 * earlier one may hold another signature, since hashes vouch for it (inbox.h). */
typedef struct held_run {
    const dbk_sign_pk *author;
    dbk_bytes headers;
    bool is_signed;
} held_run;

static dbk_rc add_held(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    held_run *run = ctx;
    dbk_header h;
    if (run->is_signed)
        return DBK_OK;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&run->headers, row->header, err);
    run->is_signed = rc == DBK_OK && dbk_header_verify(&h, run->author, NULL) == DBK_OK;
    return rc;
}

/* No more of a run of headers than is needed until one is signed itself: so that all who met the
 * same hold the same bytes. */
static dbk_span trim(dbk_span headers, const dbk_sign_pk *author)
{
    dbk_header h;
    for (size_t len = DBK_SEGMENT_HEADER_BYTES; len < headers.len;
         len += DBK_SEGMENT_HEADER_BYTES) {
        const uint8_t *at = headers.p + len - DBK_SEGMENT_HEADER_BYTES;
        if (dbk_header_decode(&h, dbk_span_of(at, DBK_SEGMENT_HEADER_BYTES), NULL) == DBK_OK &&
            dbk_header_verify(&h, author, NULL) == DBK_OK)
            return dbk_span_of(headers.p, len);
    }
    return headers;
}

dbk_rc dbk_evidence_fork(dbk_book *book, dbk_span headers, dbk_err *err)
{
    held_run run = { .headers = DBK_BYTES_INIT(DBK_EXHIBIT_HEADERS_MAX *
                                               DBK_SEGMENT_HEADER_BYTES) };
    dbk_header h;
    dbk_rc rc = dbk_header_decode(&h, dbk_span_of(headers.p, DBK_SEGMENT_HEADER_BYTES), err);
    if (rc != DBK_OK)
        return rc;
    const dbk_book_feed *feed = dbk_tables_feed(&book->tables, &h.feed);
    const dbk_member *author = feed == NULL ? NULL : dbk_roster_device(book->roster, &feed->device);
    /* Two stores of this device are dealt with where they meet: core/journal/reissue.h. */
    if (author == NULL || feed->own || feed->now.last_seq == 0)
        return DBK_OK;
    run.author = &author->keys.sign;
    /* Beyond the end here it may contradict what stands before it. */
    uint64_t seq = h.first_seq > feed->now.last_seq ? feed->now.last_seq : h.first_seq;
    rc = dbk_segments_of_feed(book->store, feed->row, seq, DBK_EXHIBIT_HEADERS_MAX, add_held, &run,
                              err);
    if (rc == DBK_OK && run.is_signed) {
        const dbk_exhibit x = { .kind = DBK_EXHIBIT_FEED,
                                .a = trim(headers, run.author),
                                .b = dbk_bytes_span(&run.headers) };
        rc = dbk_evidence_keep(book, &x, err);
    }
    dbk_bytes_wipe(&run.headers);
    return rc;
}

/* ---- the membership chain ------------------------------------------------------------------ */

typedef struct own_entry {
    uint64_t seq;
    dbk_bytes *bytes;
} own_entry;

static dbk_rc take_entry(void *ctx, uint64_t seq, dbk_span entry, dbk_err *err)
{
    own_entry *own = ctx;
    if (seq != own->seq)
        return DBK_NOT_FOUND; /* the end, not a failure */
    return dbk_bytes_append(own->bytes, entry, err);
}

dbk_rc dbk_evidence_entry(dbk_book *book, bool *split, uint64_t seq, dbk_span entry, dbk_err *err)
{
    dbk_bytes bytes = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    own_entry own = { seq, &bytes };
    dbk_err inner = { 0 };
    bool before = book->frozen;
    dbk_rc rc = dbk_chain_each(book->store, seq, take_entry, &own, &inner);
    if (rc != DBK_OK && rc != DBK_NOT_FOUND)
        rc = dbk_fail(err, rc, "%s", inner.text);
    else
        rc = DBK_OK;
    const dbk_exhibit x = { .kind = DBK_EXHIBIT_CHAIN, .a = dbk_bytes_span(&bytes), .b = entry };
    if (rc == DBK_OK)
        rc = dbk_evidence_keep(book, &x, err);
    *split = rc == DBK_OK && book->frozen && !before;
    dbk_bytes_wipe(&bytes);
    return rc;
}

/* ---- logs ---------------------------------------------------------------------------------- */

/* Can anything be proved of the log now? Only what is applied here up to the pinned checkpoint
 * leads to a root that the relay signed. */
static bool is_provable(const dbk_stand *stand)
{
    return stand->note_len > 0 && stand->checkpoint_size == stand->frontier.size;
}

/* The log had a root at x's size (b's), and it leads to the pinned checkpoint. Nothing is kept
 * unless that is so: what is stored here may be damaged, and nobody is to be blamed for that. */
static dbk_rc keep_part(dbk_book *book, dbk_exhibit *x, const dbk_book_space *space, uint64_t size,
                        dbk_err *err)
{
    dbk_logtree *tree = NULL;
    dbk_rc rc = dbk_logtree_new(&tree, book, space, err);
    if (rc == DBK_OK)
        rc = dbk_logtree_root(tree, &x->root, size, err);
    if (rc == DBK_OK)
        rc = dbk_logtree_proof(tree, &x->proof, size, err);
    dbk_logtree_free(tree);
    x->a = dbk_span_of(space->now.note, space->now.note_len);
    return rc == DBK_OK ? dbk_evidence_keep(book, x, err) : rc;
}

/* Until the log has come to that size here. */
static dbk_rc wait_for(dbk_book *book, const dbk_exhibit *x, const dbk_id *space,
                       const dbk_id *about, uint64_t size, dbk_err *err)
{
    dbk_exhibit_totals all = { 0 };
    dbk_exhibit_count count = { 0 };
    dbk_store_exhibit row = { .subject = *about,
                              .kind = (uint32_t)x->kind,
                              .space = *space,
                              .size = size,
                              .state = DBK_EXHIBIT_WAITS,
                              .bytes = x->b };
    dbk_rc rc = dbk_exhibits_of(book->store, &count, about, x->b, err);
    if (rc == DBK_OK)
        rc = dbk_exhibits_count(book->store, &all, 0, err);
    if (rc != DBK_OK || count.same > 0 || count.waiting >= WAITING_OF_ONE_MAX ||
        all.waiting >= WAITING_MAX)
        return rc;
    return dbk_evidence_add(book, &row, err);
}

/* A header doesn't name the log that it speaks of: its author knew the one that was in force by the
 * membership that it had seen. How much of that the log here is; false: that membership isn't known
 * here (yet), nor is what it means. Where the root has let a log go on elsewhere, two histories are
 * right behind that place. */
static bool speaks_of(const dbk_book *book, uint64_t *share, const dbk_header *h)
{
    uint64_t seen;
    const dbk_book_space *space = dbk_tables_space(&book->tables, &h->space);
    *share = UINT64_MAX;
    if (!dbk_book_chain_seq(book, &seen, &h->members_seen))
        return false;
    if (space == NULL || dbk_id_is_zero(&space->now.log))
        return true;
    *share = dbk_roster_logs_share(book->roster, &h->space,
                                   dbk_roster_log_turn(book->roster, &h->space, &space->now.log),
                                   dbk_roster_log_turn_at(book->roster, &h->space, seen));
    return true;
}

dbk_rc dbk_evidence_said(dbk_book *book, dbk_span header, dbk_err *err)
{
    dbk_exhibit x = { .kind = DBK_EXHIBIT_SAID, .b = header };
    dbk_header h;
    uint64_t share;
    dbk_rc rc = dbk_header_decode(&h, header, err);
    if (rc != DBK_OK || h.checkpoint_size == 0)
        return rc;
    bool known = speaks_of(book, &share, &h);
    if (h.checkpoint_size > share)
        return DBK_OK; /* of a log that has ended */
    const dbk_book_space *space = dbk_tables_space(&book->tables, &h.space);
    uint64_t needed = h.checkpoint_size;
    if (known && space != NULL && is_provable(&space->now) && needed <= space->now.frontier.size)
        return keep_part(book, &x, space, h.checkpoint_size, err);
    if (space != NULL && space->now.checkpoint_size > needed)
        needed = space->now.checkpoint_size;
    return wait_for(book, &x, &h.space, &h.feed, needed, err);
}

/* A checkpoint of the same log that isn't newer than the pinned one. */
static dbk_rc judge_note(dbk_book *book, const dbk_book_space *space, const dbk_checkpoint *c,
                         dbk_span note, dbk_err *err)
{
    const dbk_stand *stand = &space->now;
    dbk_exhibit x = { .kind = DBK_EXHIBIT_VIEWS, .b = note };
    if (c->size == stand->checkpoint_size) {
        x.a = dbk_span_of(stand->note, stand->note_len);
        x.root = stand->checkpoint_root;
        return dbk_evidence_keep(book, &x, err);
    }
    if (c->size == 0)
        return DBK_OK;
    if (is_provable(stand))
        return keep_part(book, &x, space, c->size, err);
    return wait_for(book, &x, &space->space, &space->space, stand->checkpoint_size, err);
}

/* So much of the log here is one with that of the checkpoint: all, if it is that; else what the
 * root let go on, since each was begun with that. */
static bool is_of_both(const dbk_book *book, const dbk_book_space *space, const dbk_checkpoint *c)
{
    return c->size <= dbk_roster_logs_common(book->roster, &space->space, &space->now.log, &c->log);
}

/* Is it the relay's, and of a space of which a note is held to compare it with? */
static bool is_comparable(const dbk_book *book, dbk_checkpoint *c, const dbk_book_space *space,
                          dbk_span note)
{
    if (space == NULL || book->roster == NULL || space->now.note_len == 0)
        return false;
    dbk_id org = dbk_roster_org(book->roster);
    return dbk_checkpoint_open(c, note, dbk_roster_relay(book->roster), NULL) == DBK_OK &&
           dbk_id_equal(&c->org, &org) && dbk_id_equal(&c->space, &space->space);
}

dbk_rc dbk_evidence_carried(dbk_book *book, const dbk_id *space_id, dbk_span note, dbk_err *err)
{
    const dbk_book_space *space = dbk_tables_space(&book->tables, space_id);
    const dbk_exhibit x = { .kind = DBK_EXHIBIT_VIEWS, .b = note };
    dbk_checkpoint c;
    if (!is_comparable(book, &c, space, note) || !is_of_both(book, space, &c))
        return DBK_OK;
    if (c.size > space->now.checkpoint_size)
        return wait_for(book, &x, space_id, space_id, c.size, err);
    return judge_note(book, space, &c, note, err);
}

dbk_rc dbk_evidence_note(dbk_book *book, const dbk_id *space_id, dbk_span note, dbk_err *err)
{
    const dbk_book_space *space = dbk_tables_space(&book->tables, space_id);
    dbk_checkpoint c;
    if (!is_comparable(book, &c, space, note))
        return DBK_OK;
    const dbk_stand *stand = &space->now;
    bool same_log = dbk_id_equal(&c.log, &stand->log);
    /* The root may have let it go on there: then it isn't the relay that contradicts what is held.
     */
    if (same_log ? c.size > stand->checkpoint_size
                 : dbk_roster_log_turn(book->roster, space_id, &c.log) >
                       dbk_roster_log_turn(book->roster, space_id, &stand->log))
        return DBK_OK;
    dbk_rc rc = same_log ? judge_note(book, space, &c, note, err) : DBK_OK;
    const dbk_exhibit back = { .kind = DBK_EXHIBIT_BACK,
                               .a = dbk_span_of(stand->note, stand->note_len),
                               .b = note };
    return rc == DBK_OK ? dbk_evidence_keep(book, &back, err) : rc;
}

dbk_rc dbk_evidence_pair(dbk_book *book, dbk_span a, dbk_span b, dbk_err *err)
{
    dbk_exhibit x = { .kind = DBK_EXHIBIT_VIEWS, .a = a, .b = b };
    dbk_checkpoint c, other;
    const dbk_sign_pk *relay = book->roster == NULL ? NULL : dbk_roster_relay(book->roster);
    if (relay == NULL || dbk_checkpoint_open(&c, a, relay, NULL) != DBK_OK ||
        dbk_checkpoint_open(&other, b, relay, NULL) != DBK_OK || c.size != other.size)
        return DBK_OK;
    x.root = c.root;
    return dbk_evidence_keep(book, &x, err);
}

/* ---- what waited --------------------------------------------------------------------------- */

/* A header by whose membership it isn't known yet which log it speaks of. */
static bool is_early(const dbk_book *book, const dbk_store_exhibit *row)
{
    dbk_header h;
    uint64_t share;
    return row->kind == DBK_EXHIBIT_SAID && dbk_header_decode(&h, row->bytes, NULL) == DBK_OK &&
           !speaks_of(book, &share, &h);
}

static dbk_rc judge_waiting(void *ctx, const dbk_store_exhibit *row, dbk_err *err)
{
    dbk_book *book = ctx;
    dbk_checkpoint c;
    const dbk_book_space *space = dbk_tables_space(&book->tables, &row->space);
    dbk_rc rc = DBK_OK;
    if (space == NULL || !is_provable(&space->now) || is_early(book, row))
        return DBK_OK;
    if (row->kind == DBK_EXHIBIT_SAID)
        rc = dbk_evidence_said(book, row->bytes, err);
    else if (dbk_checkpoint_open(&c, row->bytes, dbk_roster_relay(book->roster), NULL) == DBK_OK &&
             is_of_both(book, space, &c) && c.size <= space->now.checkpoint_size)
        rc = judge_note(book, space, &c, row->bytes, err);
    return rc == DBK_OK ? dbk_exhibits_forget(book->store, row->id, err) : rc;
}

dbk_rc dbk_evidence_grown(dbk_book *book, const dbk_id *space_id, dbk_err *err)
{
    const dbk_book_space *space = dbk_tables_space(&book->tables, space_id);
    if (space == NULL || !is_provable(&space->now))
        return DBK_OK;
    return dbk_exhibits_waiting(book->store, space_id, space->now.frontier.size, judge_waiting,
                                book, err);
}
