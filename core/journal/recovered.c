#include "core/journal/recovered.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/fold.h"
#include "core/journal/inbox_internal.h"
#include "core/store/lost.h"
#include "core/store/nodes.h"

#define ROWS_BYTES_MAX (64u * 1024u * 1024u)
#define DEVICES_MAX 4096u /* counted; more are "many" alike */

/* The first `size` entries that stand here, and what comes behind them. */
typedef struct split {
    const dbk_book *book;
    uint64_t size;    /* where the old log is cut */
    uint64_t applied; /* entries that are applied here */
    dbk_frontier frontier;
    dbk_bytes rows;    /* dbk_rowid, of all that stands at `size` or later */
    dbk_bytes devices; /* dbk_id, each once */
    uint64_t from_ms, to_ms;
} split;

static dbk_rc add_leaf(split *s, const dbk_store_segment *row, dbk_err *err)
{
    dbk_header h;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc == DBK_OK && row->log.index != s->frontier.size)
        rc = dbk_fail(err, DBK_DAMAGED, "an entry of the relay's log is missing here");
    if (rc != DBK_OK)
        return rc;
    dbk_hash hash = dbk_header_hash(&h);
    dbk_hash leaf = dbk_log_leaf(row->log.receipt_ms, &hash);
    dbk_frontier_add(&s->frontier, DBK_TREE_LOG, &leaf, NULL, NULL);
    return DBK_OK;
}

static dbk_rc note_device(split *s, const dbk_store_segment *row, dbk_err *err)
{
    const dbk_book_feed *feed = dbk_tables_feed_of_row(&s->book->tables, row->feed);
    size_t count = s->devices.len / sizeof(dbk_id);
    if (feed == NULL || count == DEVICES_MAX)
        return DBK_OK;
    for (size_t i = 0; i < count; i++) {
        if (memcmp(s->devices.p + i * sizeof(dbk_id), feed->device.b, sizeof(dbk_id)) == 0)
            return DBK_OK;
    }
    return dbk_bytes_append(&s->devices, dbk_span_of(feed->device.b, sizeof(feed->device.b)), err);
}

static dbk_rc split_row(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    split *s = ctx;
    if (row->log.index < s->size)
        return row->log.index < s->applied ? add_leaf(s, row, err) : DBK_OK;
    if (s->rows.len == 0)
        s->from_ms = row->log.receipt_ms;
    if (row->log.receipt_ms > s->to_ms)
        s->to_ms = row->log.receipt_ms;
    dbk_rc rc = note_device(s, row, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&s->rows, dbk_span_of(&row->id, sizeof(row->id)), err);
    return rc;
}

static void split_wipe(split *s)
{
    dbk_bytes_wipe(&s->rows);
    dbk_bytes_wipe(&s->devices);
}

static dbk_rc split_at(split *s, const dbk_book *book, const dbk_book_space *space, uint64_t size,
                       dbk_err *err)
{
    memset(s, 0, sizeof(*s));
    s->book = book;
    s->size = size;
    s->applied = space->now.frontier.size;
    dbk_frontier_init(&s->frontier);
    dbk_bytes_init(&s->rows, ROWS_BYTES_MAX);
    dbk_bytes_init(&s->devices, DEVICES_MAX * sizeof(dbk_id));
    return dbk_segments_by_log(book->store, space->row, 0, split_row, s, err);
}

/* Does what the record says of the old log's beginning agree with the tree that stands here? Where
 * less is held than it says, the pull will tell (dbk_inbox_add_leaf). */
static bool agrees(const split *s, const dbk_log_move *move)
{
    dbk_hash root = dbk_frontier_root(&s->frontier, DBK_TREE_LOG);
    return s->frontier.size < s->size || dbk_hash_equal(&root, &move->old_root);
}

/* How much of the log that is known here the new one begins with; false: the record is about
 * another log. Where nothing is left it doesn't matter what the log was called: a relay that lost
 * it whole has forgotten the name, too. */
static bool cut_of(uint64_t *size, const dbk_stand *now, const dbk_log_move *move)
{
    *size = move->old_size;
    return dbk_id_equal(&now->log, &move->old_log) || move->old_size == 0;
}

/* ---- looking ----------------------------------------------------------------------------- */

dbk_rc dbk_recovered_look(dbk_book *book, dbk_recovered_view *out, const dbk_log_move *claim,
                          dbk_err *err)
{
    split s;
    uint64_t size;
    const dbk_book_space *space = dbk_tables_space(&book->tables, &claim->space);
    memset(out, 0, sizeof(*out));
    if (space == NULL || dbk_id_is_zero(&space->now.log))
        return DBK_OK;
    out->held = true;
    out->size = space->now.frontier.size;
    if (!cut_of(&size, &space->now, claim)) {
        out->contradicts = true;
        return DBK_OK;
    }
    dbk_rc rc = split_at(&s, book, space, size, err);
    if (rc == DBK_OK) {
        out->contradicts = !agrees(&s, claim);
        out->root = dbk_frontier_root(&s.frontier, DBK_TREE_LOG);
        out->lost = s.rows.len / sizeof(dbk_rowid);
        out->lost_devices = s.devices.len / sizeof(dbk_id);
        out->lost_from_ms = s.from_ms;
        out->lost_to_ms = s.to_ms;
    }
    split_wipe(&s);
    return rc;
}

/* ---- the step ---------------------------------------------------------------------------- */

static dbk_rc note_row(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    dbk_store_segment *out = ctx;
    (void)err;
    out->feed = row->feed;
    out->first_seq = row->first_seq;
    return DBK_OK;
}

/* One segment loses its place. An own one is to be pushed again, and with it all that follows. */
static dbk_rc lose(dbk_book *book, const dbk_book_space *space, dbk_rowid id, dbk_err *err)
{
    dbk_store_segment row = { 0 };
    dbk_rc rc = dbk_segments_get(book->store, id, note_row, &row, err);
    if (rc == DBK_OK)
        rc = dbk_lost_add(book->store, id, &space->now.log, err);
    if (rc == DBK_OK)
        rc = dbk_fold_receipted(book, id, err); /* what is shown may change without its receipt */
    if (rc != DBK_OK)
        return rc;
    dbk_book_feed *feed = dbk_tables_feed_of_row(&book->tables, row.feed);
    if (feed != NULL && feed->own && feed->now.receipted_seq >= row.first_seq)
        dbk_feed_touch(&book->tables, feed)->receipted_seq = row.first_seq - 1;
    return DBK_OK;
}

/* The old log's name and last note stay as evidence; the new one has signed for nothing yet. */
static dbk_rc begin_new(dbk_book *book, dbk_book_space *space, const split *s,
                        const dbk_log_move *move, dbk_err *err)
{
    /* Up to the cut, also where less is applied here: an own segment may stand beyond that. */
    const dbk_past_log past = { space->row, space->now.log, s->size,
                                dbk_span_of(space->now.note, space->now.note_len) };
    dbk_rc rc = dbk_past_log_add(book->store, &past, err);
    if (rc != DBK_OK)
        return rc;
    dbk_stand *now = dbk_space_touch(space);
    const dbk_said said =
        now->said; /* about the old log: it stays in its row, and counts no more */
    memset(now, 0, sizeof(*now));
    now->log = move->new_log;
    now->frontier = s->frontier;
    now->said = said;
    return dbk_nodes_rename(book->store, &past.log, &now->log, now->frontier.size, err);
}

static dbk_rc step(dbk_book *book, dbk_book_space *space, const split *s, const dbk_log_move *move,
                   dbk_err *err)
{
    dbk_rc rc = dbk_book_begin(book, err);
    for (size_t at = 0; at < s->rows.len && rc == DBK_OK; at += sizeof(dbk_rowid)) {
        dbk_rowid id;
        memcpy(&id, s->rows.p + at, sizeof(id));
        rc = lose(book, space, id, err);
    }
    if (rc == DBK_OK)
        rc = begin_new(book, space, s, move, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc != DBK_OK)
        dbk_book_rollback(book);
    return rc;
}

static dbk_rc settle_space(dbk_book *book, dbk_book_space *space, const dbk_log_move *move,
                           dbk_err *err)
{
    split s;
    dbk_recovered *out = &book->recovered;
    uint64_t size;
    dbk_lost_count lost = { 0 };
    if (!cut_of(&size, &space->now, move)) {
        out->contradicted++;
        return DBK_OK;
    }
    dbk_rc rc = split_at(&s, book, space, size, err);
    if (rc == DBK_OK && !agrees(&s, move)) {
        out->contradicted++;
        split_wipe(&s);
        return DBK_OK;
    }
    if (rc == DBK_OK)
        rc = step(book, space, &s, move, err);
    if (rc == DBK_OK)
        rc = dbk_lost_waiting(book->store, &lost, space->row, err);
    if (rc == DBK_OK) {
        out->spaces++;
        out->own_ops += lost.own_ops;
        out->others += lost.others;
    }
    split_wipe(&s);
    return rc;
}

dbk_recovered dbk_recovered_told(dbk_book *book)
{
    dbk_recovered told = book->recovered;
    book->recovered = (dbk_recovered){ 0 };
    return told;
}

bool dbk_recovered_is_settled(const dbk_book *book, const dbk_id *space)
{
    const dbk_book_space *here = dbk_tables_space(&book->tables, space);
    const dbk_space *known = book->roster == NULL ? NULL : dbk_roster_space(book->roster, space);
    return known == NULL || here == NULL || dbk_id_is_zero(&known->recovery.new_log) ||
           dbk_id_is_zero(&here->now.log) || dbk_id_equal(&known->recovery.new_log, &here->now.log);
}

dbk_rc dbk_recovered_settle(dbk_book *book, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    book->recovered.contradicted = 0; /* counted anew */
    for (size_t i = 0; i < book->tables.spaces_count && rc == DBK_OK; i++) {
        dbk_book_space *space = book->tables.spaces[i];
        if (dbk_recovered_is_settled(book, &space->space))
            continue;
        const dbk_log_move move = dbk_roster_space(book->roster, &space->space)->recovery;
        rc = settle_space(book, space, &move, err);
    }
    return rc;
}
