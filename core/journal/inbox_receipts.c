#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/evidence.h"
#include "core/journal/inbox_internal.h"

/* The receipts of a push beside the own segments that they are for. */
typedef struct matched {
    dbk_rowid id;
    bool placed; /* its place in the log was known before */
} matched;
typedef struct matching {
    const dbk_receipted *receipts;
    size_t count;
    matched *rows;
    size_t found;
    dbk_logtree_done done; /* of the log's tree */
} matching;

static dbk_store_place place_of(const dbk_receipt *r)
{
    return (dbk_store_place){ true, r->index, r->receipt_ms };
}

static dbk_rc match_row(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    matching *m = ctx;
    dbk_header h;
    if (m->found == m->count)
        return DBK_NOT_FOUND; /* the end, not a failure */
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_receipted *r = &m->receipts[m->found];
    dbk_hash hash = dbk_header_hash(&h);
    if (!dbk_hash_equal(&hash, &r->header_hash))
        return DBK_OK;
    if (row->log.known &&
        (row->log.index != r->receipt.index || row->log.receipt_ms != r->receipt.receipt_ms))
        return dbk_fail(err, DBK_PEER, "the relay signed two different receipts for one segment");
    m->rows[m->found++] = (matched){ row->id, row->log.known };
    return DBK_OK;
}

/* From what waits for a receipt on; if it isn't there, among all of the feed's. */
static dbk_rc match(dbk_book *book, matching *m, const dbk_book_feed *feed, dbk_err *err)
{
    const uint64_t starts[] = { feed->now.receipted_seq + 1, 1 };
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        dbk_err inner = { 0 };
        m->found = 0;
        dbk_rc rc = dbk_segments_of_feed(book->store, feed->row, starts[i], 0, match_row, m,
                                         &inner);
        if (rc != DBK_OK && rc != DBK_NOT_FOUND)
            return dbk_fail(err, rc, "%s", inner.text);
        if (m->found == m->count)
            return DBK_OK;
    }
    return dbk_fail(err, DBK_PEER, "the relay sent a receipt for a segment that nobody pushed");
}

static dbk_rc check_receipts(dbk_book *book, const dbk_stand *stand, const dbk_id *space,
                             const matching *m, dbk_err *err)
{
    const dbk_sign_pk *relay = dbk_roster_relay(book->roster);
    dbk_receipt_scope scope = { dbk_roster_org(book->roster), *space, { { 0 } } };
    for (size_t i = 0; i < m->count; i++) {
        const dbk_receipted *r = &m->receipts[i];
        scope.header_hash = r->header_hash;
        if (!dbk_receipt_verify(&r->receipt, &scope, relay))
            return dbk_fail(err, DBK_PEER, "a receipt is not signed by the relay");
        if (!dbk_id_equal(&r->receipt.log, &m->receipts[0].receipt.log) ||
            (!dbk_id_is_zero(&stand->log) && !dbk_id_equal(&r->receipt.log, &stand->log)))
            return dbk_fail(err, DBK_PEER, "the relay's log was replaced by another one");
    }
    return DBK_OK;
}

/* If the receipts continue this device's position up to the checkpoint, the position moves and
 * nothing need be pulled back. A gap is somebody else's segment: then the pull brings it, and
 * the place of ours is checked there. */
static dbk_rc move_stand(dbk_stand *stand, dbk_book *book, matching *m, const dbk_checkpoint *c,
                         dbk_span note, dbk_err *err)
{
    dbk_stand moved = *stand;
    for (size_t i = 0; i < m->count; i++) {
        const dbk_receipted *r = &m->receipts[i];
        dbk_store_place place = place_of(&r->receipt);
        if (place.index < moved.frontier.size)
            continue;
        if (place.index > moved.frontier.size || place.index >= c->size)
            break;
        dbk_leaf_in leaf = { c->space, place, r->header_hash };
        dbk_rc rc = dbk_inbox_add_leaf(&moved, &m->done, book, &leaf, err);
        if (rc != DBK_OK)
            return rc;
    }
    if (moved.frontier.size != c->size) {
        dbk_logtree_done_wipe(&m->done);
        return DBK_OK;
    }
    dbk_hash root = dbk_frontier_root(&moved.frontier, DBK_TREE_LOG);
    if (c->size > 0 && !dbk_hash_equal(&root, &c->root))
        return dbk_fail(err, DBK_PEER, "the relay's receipts are not in the log that it signed");
    dbk_inbox_pin(&moved, c, note);
    *stand = moved;
    return DBK_OK;
}

static dbk_rc store_receipts(dbk_book *book, dbk_book_space *space, dbk_book_feed *feed,
                             matching *m, const dbk_stand *stand, dbk_err *err)
{
    dbk_inbox_stats none = { 0 };
    dbk_taker t;
    dbk_taker_init(&t, book, &none);
    dbk_rc rc = dbk_book_begin(book, err);
    for (size_t i = 0; i < m->count && rc == DBK_OK; i++) {
        const dbk_receipt *r = &m->receipts[i].receipt;
        dbk_store_place place = place_of(r);
        dbk_span sig = dbk_span_of(r->sig.b, sizeof(r->sig.b));
        if (m->rows[i].placed)
            rc = dbk_segments_set_log(book->store, m->rows[i].id, &place, sig, err);
        else
            rc = dbk_taker_placed(&t, m->rows[i].id, &place, sig, err);
    }
    if (rc == DBK_OK)
        rc = dbk_inbox_advance_receipted(book, feed, err);
    if (rc == DBK_OK) {
        *dbk_space_touch(space) = *stand;
        rc = dbk_logtree_keep(book, &m->done, &stand->log, err);
    }
    if (rc == DBK_OK)
        rc = dbk_cosigned_reached(book, space, err);
    if (rc == DBK_OK)
        rc = dbk_evidence_grown(book, &space->space, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc != DBK_OK)
        dbk_book_rollback(book);
    dbk_taker_wipe(&t);
    return rc;
}

dbk_rc dbk_inbox_receipts(dbk_book *book, const dbk_id *space, const dbk_receipted *receipts,
                          size_t count, dbk_span checkpoint, dbk_err *err)
{
    dbk_book_space *row = dbk_tables_space(&book->tables, space);
    dbk_book_feed *feed = row == NULL ? NULL : dbk_tables_push_feed(&book->tables, row);
    matching m = { .receipts = receipts, .count = count };
    dbk_checkpoint c;
    dbk_rc rc;
    if (count == 0)
        return DBK_OK;
    if (book->roster == NULL || feed == NULL)
        return dbk_fail(err, DBK_PEER, "the relay sent receipts, but nothing was written here");
    dbk_stand stand = row->now;
    m.rows = dbk_alloc_array(count, sizeof(m.rows[0]));
    if (m.rows == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for %zu receipts", count);
    rc = check_receipts(book, &stand, space, &m, err);
    if (rc == DBK_OK)
        rc = match(book, &m, feed, err);
    if (rc == DBK_OK && checkpoint.len > 0)
        rc = dbk_inbox_open_checkpoint(&c, book, &stand, space, checkpoint, err);
    if (rc == DBK_OK && checkpoint.len > 0 && !dbk_id_equal(&c.log, &receipts[0].receipt.log))
        rc = dbk_fail(err, DBK_PEER, "a checkpoint and its receipts are of two logs");
    if (rc == DBK_OK && checkpoint.len > 0)
        rc = move_stand(&stand, book, &m, &c, checkpoint, err);
    stand.log = receipts[0].receipt.log; /* known now, if it wasn't: a receipt names its log */
    if (rc == DBK_OK)
        rc = store_receipts(book, row, feed, &m, &stand, err);
    if (rc == DBK_PEER && checkpoint.len > 0) /* it may contradict what it signed before */
        rc = dbk_inbox_keep_note(book, space, checkpoint, err);
    dbk_logtree_done_wipe(&m.done);
    dbk_free(m.rows);
    return rc;
}
