#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/absent.h"
#include "core/journal/floor.h"
#include "core/journal/inbox_internal.h"

#define RUN_SEGMENTS_MAX 65536u /* an 8 MiB answer holds 27,000 of the smallest segments */

dbk_stand dbk_inbox_stand(const dbk_book_space *space)
{
    if (space != NULL)
        return space->now;
    dbk_stand stand;
    memset(&stand, 0, sizeof(stand));
    dbk_frontier_init(&stand.frontier);
    return stand;
}

/* What the relay sent does not hold: the cause in its own words, with where it was found. What
 * says nothing about the relay is passed on as it is. */
static dbk_rc refuse_entry(uint64_t index, const dbk_err *cause, dbk_err *err)
{
    if (cause->rc == DBK_NOMEM || cause->rc == DBK_VERSION)
        return dbk_fail(err, cause->rc, "%s", cause->text);
    return dbk_fail(err, DBK_PEER, "entry %llu of the relay's log: %s", (unsigned long long)index,
                    cause->text);
}

static dbk_rc refuse(dbk_err *err, const char *why)
{
    return dbk_fail(err, DBK_PEER, "the relay's log does not verify: %s", why);
}

dbk_rc dbk_inbox_open_checkpoint(dbk_checkpoint *out, dbk_book *book, const dbk_stand *stand,
                                 const dbk_id *space, dbk_span note, dbk_err *err)
{
    dbk_err cause = { 0 };
    dbk_id org = dbk_roster_org(book->roster);
    const dbk_sign_pk *relay = dbk_roster_relay(book->roster);
    DBK_ASSERT(relay != NULL);
    dbk_rc rc = dbk_checkpoint_open(out, note, relay, &cause);
    if (rc == DBK_NOMEM)
        return dbk_fail(err, rc, "%s", cause.text);
    if (rc != DBK_OK)
        return refuse(err, cause.text);
    if (!dbk_id_equal(&out->org, &org) || !dbk_id_equal(&out->space, space))
        return refuse(err, "the checkpoint is of another organisation or space");
    if (!dbk_id_is_zero(&stand->log) && !dbk_id_equal(&out->log, &stand->log))
        return dbk_fail(err, DBK_PEER, "the relay's log was replaced by another one");
    const dbk_log_move *recovery = dbk_inbox_recovery(book, stand, space);
    if (recovery != NULL &&
        (out->size < recovery->old_size ||
         (out->size == recovery->old_size && !dbk_hash_equal(&out->root, &recovery->old_root))))
        return refuse(err, "it is not what the organisation's root let it go on with");
    if (out->size < stand->checkpoint_size)
        return refuse(err, "its log is shorter than what it signed before");
    if (out->size == stand->checkpoint_size && stand->checkpoint_size > 0 &&
        !dbk_hash_equal(&out->root, &stand->checkpoint_root))
        return refuse(err, "it signed two different logs of one size");
    return dbk_book_anchor_check(book, out, err);
}

const dbk_log_move *dbk_inbox_recovery(const dbk_book *book, const dbk_stand *stand,
                                       const dbk_id *space)
{
    const dbk_space *s = dbk_roster_space(book->roster, space);
    if (s == NULL || dbk_id_is_zero(&s->recovery.new_log) ||
        !dbk_id_equal(&s->recovery.new_log, &stand->log))
        return NULL;
    return &s->recovery;
}

dbk_rc dbk_inbox_add_leaf(dbk_stand *stand, dbk_logtree_done *done, dbk_book *book,
                          const dbk_leaf_in *in, dbk_err *err)
{
    DBK_ASSERT(in->place.index == stand->frontier.size);
    dbk_hash leaf = dbk_log_leaf(in->place.receipt_ms, &in->header_hash);
    dbk_frontier_add(&stand->frontier, DBK_TREE_LOG, &leaf, dbk_logtree_note, done);
    dbk_ahead *ahead = dbk_cosigned_ahead(book, &in->space);
    if (ahead != NULL && !dbk_id_is_zero(&stand->log) &&
        !dbk_id_equal(&stand->log, &ahead->said.log))
        ahead = NULL;
    dbk_rc rc = dbk_cosigned_passes(ahead, book, &stand->frontier, err);
    const dbk_log_move *recovery = dbk_inbox_recovery(book, stand, &in->space);
    bool pinned = stand->frontier.size == stand->checkpoint_size;
    bool restored = recovery != NULL && stand->frontier.size == recovery->old_size;
    if (rc != DBK_OK || (!pinned && !restored))
        return rc;
    dbk_hash root = dbk_frontier_root(&stand->frontier, DBK_TREE_LOG);
    if (pinned && !dbk_hash_equal(&root, &stand->checkpoint_root))
        return refuse(err, "it is not the log that it signed before");
    if (restored && !dbk_hash_equal(&root, &recovery->old_root))
        return refuse(err, "it is not what the organisation's root let it go on with");
    return DBK_OK;
}

void dbk_inbox_pin(dbk_stand *stand, const dbk_checkpoint *c, dbk_span note)
{
    DBK_ASSERT(note.len <= sizeof(stand->note));
    stand->log = c->log;
    if (stand->checkpoint_size > stand->frontier.size)
        return;
    if (c->size == 0) /* says nothing, so that there is nothing to keep */
        return;
    stand->checkpoint_size = c->size;
    stand->checkpoint_root = c->root;
    stand->note_len = note.len;
    memcpy(stand->note, note.p, note.len);
}

/* Takes the next segment off the run: its framing, its header, and the space that it is for. */
static dbk_rc load_item(dbk_inbox_run_state *s, uint32_t at, dbk_err *err)
{
    dbk_inbox_item *item = &s->items[at];
    dbk_header h;
    dbk_err cause = { 0 };
    item->index = s->run->from + at;
    dbk_rc rc = s->run->next(s->run->next_ctx, &item->in, &cause);
    if (rc == DBK_NOT_FOUND)
        return refuse(err, "it sent fewer entries than it announced");
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", cause.text);
    rc = dbk_header_decode(&h, item->in.segment.header, &cause);
    if (rc != DBK_OK)
        return refuse_entry(item->index, &cause, err);
    if (!dbk_id_equal(&h.space, &s->run->space))
        return dbk_fail(err, DBK_PEER, "entry %llu of the relay's log is of another space",
                        (unsigned long long)item->index);
    item->feed = h.feed;
    item->hash = dbk_header_hash(&h);
    item->seen_size = h.checkpoint_size;
    item->seen_root = h.checkpoint_root;
    item->seen_members = h.members_seen;
    return DBK_OK;
}

/* What two administrators signed for when they let relays let go of what stands below. */
static dbk_rc check_floor(const dbk_inbox_run_state *s, const dbk_checkpoint *c, dbk_err *err)
{
    const dbk_floor *floor = &dbk_roster_space(s->book->roster, &s->run->space)->floor;
    if (floor->size == 0 || floor->size != s->stand.frontier.size ||
        dbk_roster_floor(s->book->roster, &s->run->space, &c->log) != floor->size)
        return DBK_OK;
    dbk_hash root = dbk_frontier_root(&s->stand.frontier, DBK_TREE_LOG);
    if (!dbk_hash_equal(&root, &floor->root))
        return refuse(err, "it is not the log that has this floor");
    return DBK_OK;
}

/* All headers into the tree, and the tree against the checkpoint. */
static dbk_rc check_tree(dbk_inbox_run_state *s, const dbk_checkpoint *c, dbk_err *err)
{
    for (uint32_t i = 0; i < s->run->count; i++) {
        dbk_rc rc = load_item(s, i, err);
        if (rc != DBK_OK)
            return rc;
        dbk_leaf_in leaf = { s->run->space,
                             { true, s->items[i].index, s->items[i].in.receipt_ms },
                             s->items[i].hash };
        rc = dbk_inbox_add_leaf(&s->stand, &s->done, s->book, &leaf, err);
        if (rc == DBK_OK)
            rc = dbk_book_anchor_check_leaf(s->book, c, &s->stand.frontier, err);
        if (rc == DBK_OK)
            rc = check_floor(s, c, err);
        if (rc != DBK_OK)
            return rc;
    }
    uint64_t size = s->stand.frontier.size;
    dbk_hash root = dbk_frontier_root(&s->stand.frontier, DBK_TREE_LOG);
    if (size == c->size) {
        if (!dbk_hash_equal(&root, &c->root))
            return refuse(err, "the entries are not those of its checkpoint");
        return DBK_OK;
    }
    if (!dbk_tree_check_consistency(s->run->proof, DBK_TREE_LOG, size, &root, c->size, &c->root))
        return refuse(err, "the entries are not proved to lead to its checkpoint");
    return DBK_OK;
}

/* What the relay gave a receipt for must be what it shows in that place. */
static dbk_rc check_place(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    const dbk_inbox_run_state *s = ctx;
    dbk_header h;
    uint64_t at = row->log.index - s->run->from;
    if (at >= s->run->count)
        return DBK_NOT_FOUND; /* the end of the run, not a failure */
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc != DBK_OK)
        return rc;
    dbk_hash hash = dbk_header_hash(&h);
    if (!dbk_hash_equal(&hash, &s->items[at].hash))
        return dbk_fail(err, DBK_PEER,
                        "entry %llu of the relay's log is not the one that it signed for",
                        (unsigned long long)row->log.index);
    return DBK_OK;
}

static dbk_rc check_places(dbk_inbox_run_state *s, dbk_err *err)
{
    dbk_err inner = { 0 };
    if (s->space == NULL)
        return DBK_OK;
    dbk_rc rc = dbk_segments_by_log(s->book->store, s->space->row, s->run->from, check_place, s,
                                    &inner);
    if (rc == DBK_OK || (rc == DBK_NOT_FOUND && inner.rc == DBK_OK))
        return DBK_OK;
    return dbk_fail(err, rc, "%s", inner.text);
}

static int by_feed_and_index(const void *a, const void *b)
{
    const dbk_inbox_item *x = *(dbk_inbox_item *const *)a;
    const dbk_inbox_item *y = *(dbk_inbox_item *const *)b;
    int order = dbk_id_compare(&x->feed, &y->feed);
    if (order != 0)
        return order;
    return (x->index > y->index) - (x->index < y->index);
}

static dbk_rc check_feeds(dbk_inbox_run_state *s, dbk_err *err)
{
    uint32_t count = s->run->count;
    dbk_rc rc = DBK_OK;
    for (uint32_t i = 0; i < count; i++)
        s->by_feed[i] = &s->items[i];
    qsort(s->by_feed, count, sizeof(s->by_feed[0]), by_feed_and_index);
    for (uint32_t from = 0, to = 0; from < count && rc == DBK_OK && s->split.feed == NULL;
         from = to) {
        while (to < count && dbk_id_equal(&s->by_feed[to]->feed, &s->by_feed[from]->feed))
            to++;
        rc = dbk_inbox_check_feed(s, &s->by_feed[from], to - from, err);
    }
    return rc;
}

dbk_rc dbk_inbox_check_body(const dbk_book *book, const dbk_header *h, dbk_span body, bool kept,
                            dbk_err *err)
{
    dbk_kept read;
    dbk_rc rc = dbk_kept_read(&read, h, body, kept, err);
    if (rc == DBK_OK && read.holes != 0 && dbk_absent_ops(book, h, &read) != 0)
        rc = dbk_fail(err, DBK_PENDING, "a note is missing that no order known here disposes of");
    return rc;
}

/* Each body against its header, and none where none may be missing. */
static dbk_rc check_bodies(const dbk_inbox_run_state *s, dbk_err *err)
{
    for (uint32_t i = 0; i < s->run->count; i++) {
        const dbk_inbox_item *item = &s->items[i];
        dbk_header h;
        dbk_err cause = { 0 };
        if (!item->in.has_body && item->fate != DBK_FATE_HELD)
            return dbk_fail(err, DBK_PEER, "entry %llu of the relay's log came without its notes",
                            (unsigned long long)item->index);
        if (!item->in.has_body)
            continue;
        dbk_rc rc = dbk_header_decode(&h, item->in.segment.header, &cause);
        if (rc == DBK_OK)
            rc = dbk_inbox_check_body(s->book, &h, item->in.segment.body, item->in.segment.kept,
                                      &cause);
        if (rc == DBK_PENDING) /* the order may have come since the chain was asked for */
            return dbk_fail(err, rc, "entry %llu of the relay's log: %s",
                            (unsigned long long)item->index, cause.text);
        if (rc != DBK_OK)
            return refuse_entry(item->index, &cause, err);
    }
    return DBK_OK;
}

/* Nothing of a range is taken, and nothing concluded from it, where a relay has let go of a body
 * that this device needs: no store ever holds half of that (decision 0041). */
static dbk_rc check_let_go(dbk_inbox_run_state *s, dbk_err *err)
{
    for (uint32_t i = 0; i < s->run->count; i++) {
        const dbk_inbox_item *item = &s->items[i];
        dbk_header h;
        if (!item->in.has_body || !item->in.segment.kept ||
            dbk_header_decode(&h, item->in.segment.header, NULL) != DBK_OK ||
            !dbk_floor_let_go(s->book, &s->checkpoint.log, item->index, &h, &item->in.segment))
            continue;
        s->let_go = true;
        s->lacks_from = item->index;
        return dbk_fail(err, DBK_PENDING, DBK_FLOOR_LET_GO);
    }
    return DBK_OK;
}

static dbk_rc check_asked(dbk_inbox_run_state *s, dbk_err *err)
{
    const dbk_space *space;
    if (s->book->roster == NULL)
        return dbk_fail(err, DBK_DENIED, "this device is in no organisation yet");
    space = dbk_roster_space(s->book->roster, &s->run->space);
    if (space == NULL || space->is_roster || dbk_book_is_writer(s->book, &s->run->space))
        return dbk_fail(err, DBK_NOT_FOUND, "there is no such space");
    if (s->run->from != s->stand.frontier.size)
        return dbk_fail(err, DBK_CONFLICT, "the entries do not begin where this device stands");
    if (s->run->count > RUN_SEGMENTS_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u segments at once", RUN_SEGMENTS_MAX);
    return DBK_OK;
}

dbk_rc dbk_inbox_check_run(dbk_inbox_run_state *s, dbk_book *book, const dbk_run *run, dbk_err *err)
{
    dbk_checkpoint c;
    memset(s, 0, sizeof(*s));
    s->book = book;
    s->run = run;
    s->space = dbk_tables_space(&book->tables, &run->space);
    s->stand = dbk_inbox_stand(s->space);
    dbk_rc rc = check_asked(s, err);
    if (rc == DBK_OK)
        rc = dbk_inbox_open_checkpoint(&c, book, &s->stand, &run->space, run->checkpoint, err);
    if (rc != DBK_OK)
        return rc;
    if (c.size < run->from || c.size - run->from < run->count)
        return refuse(err, "its checkpoint does not cover what it sent");
    s->items = dbk_alloc_array(run->count, sizeof(s->items[0]));
    s->by_feed = dbk_alloc_array(run->count, sizeof(s->by_feed[0]));
    if (s->items == NULL || s->by_feed == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for %u segments", run->count);
    s->checkpoint = c;
    rc = check_tree(s, &c, err);
    if (rc == DBK_OK)
        rc = check_places(s, err);
    if (rc == DBK_OK)
        rc = check_let_go(s, err);
    return rc == DBK_OK ? dbk_inbox_check_again(s, err) : rc;
}

dbk_rc dbk_inbox_check_again(dbk_inbox_run_state *s, dbk_err *err)
{
    s->split = (dbk_reissue){ 0 };
    s->aside_listed = false;
    for (uint32_t i = 0; i < s->run->count; i++) {
        s->items[i].fate = DBK_FATE_NEW;
        s->items[i].held = 0;
    }
    dbk_rc rc = check_feeds(s, err);
    if (rc != DBK_OK || s->split.feed != NULL)
        return rc;
    rc = check_bodies(s, err);
    if (rc == DBK_OK)
        dbk_inbox_pin(&s->stand, &s->checkpoint, s->run->checkpoint);
    return rc;
}

void dbk_inbox_run_wipe(dbk_inbox_run_state *s)
{
    dbk_free(s->items);
    dbk_free(s->by_feed);
    dbk_bytes_wipe(&s->aside);
    dbk_logtree_done_wipe(&s->done);
    memset(s, 0, sizeof(*s));
}
