/* Every stored segment: chain, signature, seal, receipt, and its place in the relay's log. */
#include <string.h>

#include "core/journal/disposal.h"
#include "core/journal/quarantine_internal.h"
#include "core/journal/record_id.h"
#include "core/journal/verify_internal.h"
#include "core/store/lost.h"
#include "core/store/rows_query.h"

/* One segment under examination. */
typedef struct exam {
    dbk_verifier *v;
    const dbk_store_segment *row;
    const dbk_book_feed *feed;
    dbk_verify_feed *state;
    dbk_header header;
    dbk_hash hash;
    uint32_t merged_ops; /* that are in their records */
} exam;

dbk_verify_feed *dbk_verify_feed_of(const dbk_verifier *v, const dbk_book_feed *feed)
{
    const dbk_tables *t = &v->book->tables;
    size_t low = 0, high = t->feeds_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (t->feeds[mid]->row < feed->row)
            low = mid + 1;
        else
            high = mid;
    }
    DBK_ASSERT(low < t->feeds_count);
    DBK_ASSERT(t->feeds[low] == feed);
    return &v->feeds[low];
}

/* "The segment with op 12 of feed 0123..": how every fault begins. */
static dbk_rc fault(const exam *x, const char *what, dbk_err *err)
{
    char feed[DBK_ID_HEX_SIZE];
    dbk_id_hex(feed, &x->feed->feed);
    return dbk_verify_fault(x->v, err, "The segment that begins with op %llu of feed %.8s %s.",
                            (unsigned long long)x->row->first_seq, feed, what);
}

/* ---- the ops in it ------------------------------------------------------------------------- */

/* Is the op in its record? */
static dbk_rc check_row_of_op(exam *x, const dbk_op *op, uint32_t place, dbk_err *err)
{
    dbk_store *store = x->v->book->store;
    dbk_rowid record = 0;
    bool there = false;
    dbk_rc rc = dbk_records_lookup(store, &record, &op->record, x->row->space, err);
    if (rc == DBK_OK && record != 0)
        rc = dbk_ops_has(store, &there, &(dbk_store_op){ record, x->row->id, place }, err);
    if (rc != DBK_OK)
        return rc;
    bool fits = dbk_record_id_fits(&op->record, &x->header.space, op->form);
    if (there && !fits)
        return fault(x, "made something else of a record, by an id that is not of that form", err);
    if (there) {
        x->v->op_rows++;
        x->merged_ops++;
    } else if (!fits) {
        /* It counts for nothing here, as on every replica. What isn't said can't be seen. */
        if (x->row->status == DBK_SEGMENT_MERGED &&
            !dbk_span_equal(x->row->reason, dbk_span_str(DBK_MISFIT)))
            return fault(x, "would make something else of a record, and isn't said to", err);
    } else if (x->row->status == DBK_SEGMENT_MERGED) {
        return fault(x, "holds a note that is missing from its record", err);
    }
    return DBK_OK;
}

/* A pending segment may be merged in part (one of its records was flooded), or not be openable at
 * all; a merged one is open, but for poison, which its row must admit. */
static dbk_rc check_op(exam *x, const dbk_frame *frame, uint32_t place, const dbk_secret *key,
                       dbk_err *err)
{
    dbk_op_decoded op = { 0 };
    dbk_err cause = { 0 };
    dbk_bytes *plain = &x->v->plain;
    bool poison = x->row->reason.len > 0 && dbk_inbox_is_spoiled((const char *)x->row->reason.p);
    dbk_bytes_truncate(plain, 0);
    dbk_rc rc = dbk_open_frame(x->v->book->sealer, plain, &x->header, frame, place, key, &cause);
    if (rc == DBK_OK)
        rc = dbk_op_decode(&op, dbk_bytes_span(plain), &x->header.feed, &cause);
    if (rc == DBK_OK)
        rc = check_row_of_op(x, &op.op, place, err);
    else if (rc == DBK_NOMEM)
        rc = dbk_fail(err, rc, "%s", cause.text);
    else if (x->row->status == DBK_SEGMENT_PENDING || (poison && rc != DBK_VERSION))
        rc = DBK_OK;
    else
        rc = fault(x, "holds a note that can't be opened", err);
    dbk_op_decoded_wipe(&op);
    return rc;
}

/* Where the chain orders one, and nowhere else; and what was reported as done is done. */
static dbk_rc check_holes(const exam *x, uint64_t holes, dbk_err *err)
{
    const dbk_header *h = &x->header;
    const dbk_dot first = { h->feed, h->first_seq };
    bool done = false;
    uint64_t ordered = dbk_roster_erased(x->v->book->roster, &h->space, &first, h->count);
    if (x->v->lacks)
        x->v->result.absent += (uint64_t)__builtin_popcountll(holes & ~ordered);
    else if ((holes & ~ordered) != 0)
        return fault(x, "lacks a note that no order names", err);
    dbk_rc rc = dbk_disposal_is_done(x->v->book, &done, &h->space, &first, ordered & ~holes, err);
    return rc == DBK_OK && done ? fault(x, "holds a note that was disposed of", err) : rc;
}

static dbk_rc count_row(void *ctx, const dbk_store_op *op, dbk_err *err)
{
    exam *x = ctx;
    (void)err;
    if (op->place < x->header.count)
        x->v->op_rows++;
    return DBK_OK;
}

/* Could it have come with the snapshot? A relay that was restored has it elsewhere, or nowhere yet.
 */
static bool came_with_snapshot(const exam *x)
{
    const dbk_space *space = dbk_roster_space(x->v->book->roster, &x->header.space);
    bool moved = space != NULL && !dbk_id_is_zero(&space->recovery.new_log);
    bool within = x->row->log.known && x->row->log.index < x->v->begun.size;
    return x->v->begun.size > 0 && (within || moved);
}

/* Only what came with a snapshot may lack its notes, and only what was merged there. */
static dbk_rc check_bare(exam *x, dbk_err *err)
{
    if (x->row->status != DBK_SEGMENT_MERGED || x->row->kept || !came_with_snapshot(x))
        return fault(x, "has lost its notes", err);
    x->v->result.bare++;
    return dbk_ops_of_segment(x->v->book->store, x->row->id, count_row, x, err);
}

static dbk_rc check_body(exam *x, dbk_err *err)
{
    dbk_kept kept;
    const dbk_header *h = &x->header;
    if (dbk_segment_is_bare(x->row))
        return check_bare(x, err);
    if (dbk_kept_read(&kept, h, x->row->body, x->row->kept, NULL) != DBK_OK)
        return fault(x, "has notes that are not those that its author signed", err);
    dbk_rc rc = check_holes(x, kept.holes, err);
    if (rc != DBK_OK)
        return rc;
    x->merged_ops += (uint32_t)__builtin_popcountll(kept.holes);
    const dbk_secret *key = dbk_keyring_find(x->v->book->keyring, &h->space, &h->key_id);
    if (key == NULL && x->row->status == DBK_SEGMENT_PENDING)
        return DBK_OK;
    if (key == NULL)
        return fault(x, "is merged, but its key is not here", err);
    for (uint32_t i = 0; i < h->count && rc == DBK_OK; i++) {
        if (!dbk_kept_is_hole(&kept, i))
            rc = check_op(x, &kept.frames[i], i, key, err);
    }
    if (rc == DBK_OK && x->row->status == DBK_SEGMENT_PENDING && x->merged_ops == h->count)
        rc = fault(x, "is said to wait, but all of it is merged", err);
    return rc;
}

/* ---- header, chain, receipt ---------------------------------------------------------------- */

/* Nothing that holds comes behind it any more. */
static dbk_rc check_vouched(dbk_verifier *v, dbk_verify_feed *s, const dbk_id *feed, dbk_err *err)
{
    char hex[DBK_ID_HEX_SIZE];
    uint64_t seq = s->unsigned_seq;
    if (seq == 0)
        return DBK_OK;
    s->unsigned_seq = 0;
    dbk_id_hex(hex, feed);
    return dbk_verify_fault(
        v, err, "The segment that begins with op %llu of feed %.8s is not signed by its author.",
        (unsigned long long)seq, hex);
}

static dbk_rc check_author(const exam *x, dbk_err *err)
{
    const dbk_header *h = &x->header;
    const dbk_member *author = dbk_roster_feed_owner(x->v->book->roster, &h->space, &h->feed,
                                                     &h->incarnation);
    if (author == NULL || !dbk_id_equal(&author->device, &x->feed->device))
        return fault(x, "is not from the device that it is kept for", err);
    /* The signature is no part of what the chain and the log hash, so a relay can spoil all but the
     * newest of a run (evilrelay S01b). The next one that holds signs for all before it. */
    if (dbk_header_verify(h, &author->keys.sign, NULL) == DBK_OK)
        x->state->unsigned_seq = 0;
    else if (x->state->unsigned_seq == 0)
        x->state->unsigned_seq = x->row->first_seq;
    return DBK_OK;
}

static dbk_rc check_chain(const exam *x, dbk_err *err)
{
    const dbk_header *h = &x->header;
    dbk_verify_feed *s = x->state;
    dbk_rc rc = DBK_OK;
    bool merged = x->row->status == DBK_SEGMENT_MERGED;
    if (h->first_seq != x->row->first_seq || h->count != x->row->count ||
        !dbk_id_equal(&h->feed, &x->feed->feed) || !dbk_id_equal(&h->space, &x->feed->space->space))
        rc = fault(x, "has another header than its place", err);
    if (h->first_seq != s->last_seq + 1 || !dbk_hash_equal(&h->prev, &s->head)) {
        if (rc == DBK_OK)
            rc = fault(x, "does not follow the one before it: something is missing or was changed",
                       err);
        if (rc == DBK_OK)
            rc = check_vouched(x->v, s, &x->feed->feed, err);
    }
    if (rc == DBK_OK && merged && s->pending)
        rc = fault(x, "is merged, though an earlier one waits", err);
    s->last_seq = dbk_header_last_seq(h);
    s->head = x->hash;
    s->pending = s->pending || !merged;
    if (merged) {
        s->merged_seq = s->last_seq;
        s->merged_head = s->head;
    }
    return rc;
}

/* A receipt of a log that the relay had before it was restored counts as well: what it is for
 * stands in the next log in the same place. */
typedef struct past_receipt {
    const dbk_receipt_scope *scope;
    const dbk_sign_pk *relay;
    dbk_receipt receipt;
    bool holds;
} past_receipt;

static dbk_rc try_past_log(void *ctx, const dbk_past_log *row, dbk_err *err)
{
    past_receipt *p = ctx;
    (void)err;
    p->receipt.log = row->log;
    p->holds = p->holds || (p->receipt.index < row->size &&
                            dbk_receipt_verify(&p->receipt, p->scope, p->relay));
    return DBK_OK;
}

static dbk_rc check_receipt(const exam *x, dbk_err *err)
{
    dbk_receipt r = { x->v->space->now.log, x->row->log.index, x->row->log.receipt_ms, { { 0 } } };
    dbk_receipt_scope scope = { dbk_roster_org(x->v->book->roster), x->header.space, x->hash };
    if (x->row->receipt.len == 0)
        return DBK_OK;
    if (x->row->receipt.len == sizeof(r.sig.b) && x->row->log.known) {
        memcpy(r.sig.b, x->row->receipt.p, sizeof(r.sig.b));
        past_receipt past = { &scope, dbk_roster_relay(x->v->book->roster), r, false };
        if (dbk_receipt_verify(&r, &scope, past.relay))
            return DBK_OK;
        dbk_rc rc = dbk_past_logs(x->v->book->store, x->v->space->row, try_past_log, &past, err);
        if (rc != DBK_OK || past.holds)
            return rc;
    }
    return fault(x, "has a receipt that the relay did not sign", err);
}

typedef struct twin {
    const dbk_hash *hash;
    bool same;
} twin;

static dbk_rc look_twin(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    twin *t = ctx;
    dbk_header h;
    (void)err; /* a malformed one is told of where it stands */
    if (dbk_header_decode(&h, row->header, NULL) != DBK_OK)
        return DBK_OK;
    dbk_hash hash = dbk_header_hash(&h);
    t->same = dbk_hash_equal(&hash, t->hash);
    return DBK_OK;
}

/* Nothing of what stands aside counts, so it must not stand in its feed as well. */
static dbk_rc check_aside(const exam *x, dbk_err *err)
{
    const dbk_book_feed *feed = dbk_tables_feed(&x->v->book->tables, &x->header.feed);
    twin t = { .hash = &x->hash };
    char hex[DBK_ID_HEX_SIZE];
    if (feed == NULL || x->header.first_seq > feed->now.last_seq)
        return DBK_OK;
    dbk_err none = { 0 };
    dbk_rc rc = dbk_segments_at(x->v->book->store, feed->row, x->header.first_seq, look_twin, &t,
                                &none);
    if (rc != DBK_OK && rc != DBK_NOT_FOUND)
        return dbk_fail(err, rc, "%s", none.text);
    if (!t.same)
        return DBK_OK;
    dbk_id_hex(hex, &feed->feed);
    return dbk_verify_fault(x->v, err,
                            "The segment that begins with op %llu of feed %.8s stands aside and in "
                            "its feed.",
                            (unsigned long long)x->header.first_seq, hex);
}

static dbk_rc check_segment(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    dbk_verifier *v = ctx;
    exam x = { .v = v, .row = row, .feed = dbk_tables_feed_of_row(&v->book->tables, row->feed) };
    dbk_verify_step(v);
    if (x.feed == NULL || x.feed->space != v->space)
        return dbk_verify_fault(v, err, "Segment row %lld belongs to no feed of its space.",
                                (long long)row->id);
    x.state = dbk_verify_feed_of(v, x.feed);
    v->result.segments++;
    if (dbk_header_decode(&x.header, row->header, NULL) != DBK_OK)
        return fault(&x, "has a malformed header", err);
    x.hash = dbk_header_hash(&x.header);
    if (dbk_inbox_is_aside(x.feed))
        return check_aside(&x, err);
    v->result.ops += x.header.count;
    dbk_rc rc = check_chain(&x, err);
    if (rc == DBK_OK)
        rc = check_author(&x, err);
    if (rc == DBK_OK)
        rc = check_receipt(&x, err);
    if (rc == DBK_OK)
        rc = check_body(&x, err);
    return rc;
}

/* What came after its author was taken out is merged only if the records, which follow from sealed
 * bytes, hold a decision that lets it in. */
static dbk_rc check_let_in(dbk_verifier *v, const dbk_book_feed *feed, const char *hex,
                           dbk_err *err)
{
    uint64_t seq = 0;
    bool ready = false;
    dbk_rc rc = feed->own ? DBK_OK : dbk_evict_late_seq(v->book, &seq, feed, err);
    if (rc == DBK_OK && seq != 0)
        rc = dbk_evict_ready(v->book, &ready, feed, seq, err);
    if (rc != DBK_OK || !ready)
        return rc;
    return dbk_verify_fault(v, err,
                            "Op %llu of feed %.8s came after its author was taken out, and nobody "
                            "let it in.",
                            (unsigned long long)seq, hex);
}

/* What the segments say against the row of their feed. */
static dbk_rc check_feed_row(dbk_verifier *v, const dbk_book_feed *feed, dbk_err *err)
{
    dbk_verify_feed *s = dbk_verify_feed_of(v, feed);
    char hex[DBK_ID_HEX_SIZE];
    if (feed->space != v->space || dbk_inbox_is_aside(feed))
        return DBK_OK;
    dbk_rc rc = check_vouched(v, s, &feed->feed, err);
    if (rc != DBK_OK)
        return rc;
    dbk_id_hex(hex, &feed->feed);
    rc = check_let_in(v, feed, hex, err);
    if (rc != DBK_OK ||
        (feed->now.last_seq == s->last_seq && dbk_hash_equal(&feed->now.head, &s->head)))
        return rc;
    return dbk_verify_fault(v, err,
                            "Feed %.8s should end with op %llu, but its segments end with "
                            "op %llu or otherwise.",
                            hex, (unsigned long long)feed->now.last_seq,
                            (unsigned long long)s->last_seq);
}

dbk_rc dbk_verify_segments(dbk_verifier *v, dbk_err *err)
{
    dbk_err cause = { 0 };
    dbk_rc rc = dbk_segments_of_space(v->book->store, v->space->row, check_segment, v, &cause);
    rc = dbk_verify_damage(v, rc, &cause, err);
    for (size_t i = 0; i < v->book->tables.feeds_count && rc == DBK_OK; i++)
        rc = check_feed_row(v, v->book->tables.feeds[i], err);
    return rc;
}

/* ---- the relay's log ----------------------------------------------------------------------- */

static dbk_rc check_checkpoint(dbk_verifier *v, dbk_err *err)
{
    const dbk_stand *now = &v->space->now;
    dbk_hash root = dbk_frontier_root(&v->log, DBK_TREE_LOG);
    if (now->checkpoint_size != v->log.size || v->log.size == 0 ||
        dbk_hash_equal(&root, &now->checkpoint_root))
        return DBK_OK;
    v->log_broken = true;
    return dbk_verify_fault(v, err, "The log's entries are not those that the relay signed.");
}

static dbk_rc check_entry(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    dbk_verifier *v = ctx;
    dbk_header h;
    if (v->log_broken || v->log.size == v->space->now.frontier.size)
        return DBK_OK; /* receipts beyond what was pulled stand for themselves */
    if (row->log.index != v->log.size || dbk_header_decode(&h, row->header, NULL) != DBK_OK) {
        v->log_broken = true;
        return dbk_verify_fault(v, err, "Entry %llu of the relay's log is missing.",
                                (unsigned long long)v->log.size);
    }
    dbk_hash hash = dbk_header_hash(&h);
    dbk_hash leaf = dbk_log_leaf(row->log.receipt_ms, &hash);
    dbk_frontier_add(&v->log, DBK_TREE_LOG, &leaf, NULL, NULL);
    return check_checkpoint(v, err);
}

dbk_rc dbk_verify_log(dbk_verifier *v, dbk_err *err)
{
    const dbk_stand *now = &v->space->now;
    dbk_err cause = { 0 };
    dbk_checkpoint c;
    dbk_frontier_init(&v->log);
    v->log_broken = false;
    dbk_rc rc = dbk_segments_by_log(v->book->store, v->space->row, 0, check_entry, v, &cause);
    rc = dbk_verify_damage(v, rc, &cause, err);
    if (rc != DBK_OK || v->log_broken)
        return rc;
    dbk_hash mine = dbk_frontier_root(&v->log, DBK_TREE_LOG);
    dbk_hash kept = dbk_frontier_root(&now->frontier, DBK_TREE_LOG);
    if (v->log.size != now->frontier.size || !dbk_hash_equal(&mine, &kept))
        return dbk_verify_fault(v, err, "The log's %llu entries do not give its root.",
                                (unsigned long long)now->frontier.size);
    if (now->note_len == 0)
        return DBK_OK;
    dbk_span note = dbk_span_of(now->note, now->note_len);
    rc = dbk_checkpoint_open(&c, note, dbk_roster_relay(v->book->roster), NULL);
    if (rc != DBK_OK || c.size != now->checkpoint_size ||
        !dbk_hash_equal(&c.root, &now->checkpoint_root) ||
        !dbk_id_equal(&c.space, &v->space->space) || !dbk_id_equal(&c.log, &now->log))
        return dbk_verify_fault(v, err, "The relay's last checkpoint does not verify.");
    return DBK_OK;
}
