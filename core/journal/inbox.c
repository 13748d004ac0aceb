#include "core/journal/inbox.h"

#include <string.h>

#include "core/journal/absent.h"
#include "core/journal/evidence.h"
#include "core/journal/inbox_internal.h"
#include "core/journal/snapshot_kept.h"
#include "core/store/rows_query.h"

dbk_rc dbk_inbox_member(dbk_book *book, dbk_span entry, dbk_err *err)
{
    dbk_inbox_stats stats = { 0 };
    bool is_new = false;
    dbk_rc rc = dbk_recovered_settle(book, err);
    if (rc == DBK_OK)
        rc = dbk_book_take_entry(book, &is_new, entry, err);
    if (rc == DBK_OK && is_new)
        rc = dbk_recovered_settle(book, err);
    /* It may be the key or the author that something waits for. */
    for (size_t i = 0; i < book->tables.spaces_count && rc == DBK_OK && is_new; i++) {
        rc = dbk_inbox_retry(book, &book->tables.spaces[i]->space, &stats, err);
        if (rc == DBK_OK)
            rc = dbk_evidence_grown(book, &book->tables.spaces[i]->space, err);
    }
    return rc;
}

typedef struct aside_search {
    const dbk_hash *hash;
    dbk_store_segment_place *found;
} aside_search;

static dbk_rc look_aside(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    aside_search *s = ctx;
    dbk_header h;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc != DBK_OK)
        return rc;
    dbk_hash hash = dbk_header_hash(&h);
    if (dbk_hash_equal(&hash, s->hash))
        *s->found = (dbk_store_segment_place){ row->id, row->first_seq, row->count, row->log,
                                               row->status };
    return DBK_OK;
}

dbk_rc dbk_inbox_find_aside(dbk_book *book, dbk_store_segment_place *out, const dbk_id *space,
                            const dbk_hash *hash, dbk_err *err)
{
    dbk_id feed_id = dbk_inbox_aside_feed(space);
    const dbk_book_feed *feed = dbk_tables_feed(&book->tables, &feed_id);
    aside_search s = { hash, out };
    *out = (dbk_store_segment_place){ 0 };
    if (feed == NULL)
        return DBK_OK;
    return dbk_segments_of_feed(book->store, feed->row, 1, 0, look_aside, &s, err);
}

static dbk_rc take_item(dbk_taker *t, const dbk_inbox_item *item, dbk_err *err)
{
    dbk_segment_in in = { .hash = item->hash,
                          .header_bytes = item->in.segment.header,
                          .body = item->in.segment.body,
                          .kept = item->in.segment.kept,
                          .log = { true, item->index, item->in.receipt_ms },
                          .aside = item->fate == DBK_FATE_NEW ? item->held : 0 };
    if (item->fate == DBK_FATE_HELD)
        return dbk_taker_placed(t, item->held, &in.log, (dbk_span){ NULL, 0 }, err);
    dbk_rc rc = dbk_header_decode(&in.header, item->in.segment.header, err);
    if (rc != DBK_OK)
        return rc;
    if (item->fate == DBK_FATE_ASIDE)
        return dbk_taker_aside(t, &in, item->reason, err);
    return dbk_taker_next(t, &in, &item->device, err);
}

/* Own segments among them have got their receipts, in effect: the log is signed for. */
static dbk_rc advance_own(dbk_book *book, const dbk_id *space, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < book->tables.feeds_count && rc == DBK_OK; i++) {
        dbk_book_feed *feed = book->tables.feeds[i];
        if (feed->own && dbk_id_equal(&feed->space->space, space))
            rc = dbk_inbox_advance_receipted(book, feed, err);
    }
    return rc;
}

static dbk_rc set_stand(dbk_inbox_run_state *s, dbk_err *err)
{
    dbk_book *book = s->book;
    dbk_book_space *space = NULL;
    bool kept;
    dbk_rc rc = dbk_tables_need_space(&book->tables, book->store, &space, &s->run->space, err);
    /* Who has the log's beginning begins with no snapshot any more. */
    if (rc == DBK_OK && s->run->from == 0 && s->run->count > 0)
        rc = dbk_snapshot_kept_forget(book, &kept, &s->run->space, err);
    if (rc != DBK_OK)
        return rc;
    *dbk_space_touch(space) = s->stand;
    rc = dbk_logtree_keep(book, &s->done, &s->stand.log, err);
    return rc == DBK_OK ? dbk_cosigned_reached(book, space, err) : rc;
}

static dbk_rc take_run(dbk_inbox_run_state *s, dbk_taker *t, dbk_err *err)
{
    dbk_book *book = s->book;
    dbk_rc rc = dbk_book_begin(book, err);
    for (uint32_t i = 0; i < s->run->count && rc == DBK_OK; i++)
        rc = take_item(t, &s->items[i], err);
    if (rc == DBK_OK)
        rc = advance_own(book, &s->run->space, err);
    if (rc == DBK_OK)
        rc = set_stand(s, err);
    if (rc == DBK_OK)
        rc = dbk_inbox_look_back(s, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc != DBK_OK)
        dbk_book_rollback(book);
    return rc;
}

/* Each time round closes one own feed, and a closed one is cut at most once more. */
static dbk_rc reissue(dbk_inbox_run_state *s, dbk_inbox_stats *stats, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    while (s->split.feed != NULL && rc == DBK_OK) {
        uint64_t ops = 0;
        rc = dbk_reissue_run(s->book, &ops, &s->split, err);
        if (rc == DBK_OK) {
            stats->restored = true;
            stats->reissued += ops;
            rc = dbk_inbox_check_again(s, err);
        }
    }
    return rc;
}

dbk_rc dbk_inbox_run(dbk_book *book, dbk_inbox_stats *stats, const dbk_run *run, dbk_err *err)
{
    dbk_inbox_run_state s;
    dbk_inbox_stats taken = { 0 };
    dbk_taker t;
    memset(stats, 0, sizeof(*stats));
    dbk_taker_init(&t, book, &taken);
    memset(&s, 0, sizeof(s)); /* wiped below, also where nothing was checked */
    dbk_rc rc = run->count > 0 ? dbk_absent_none(book, &run->space, err) : DBK_OK;
    if (rc == DBK_OK)
        rc = dbk_inbox_check_run(&s, book, run, err);
    if (rc == DBK_OK) {
        rc = reissue(&s, &taken, err);
        taken.bare = rc == DBK_PENDING; /* of what is here: nothing that the relay hides */
    }
    if (rc == DBK_OK)
        rc = take_run(&s, &t, err);
    if (rc == DBK_OK) {
        dbk_taker_sum(&t);
        rc = dbk_inbox_retry(book, &run->space, &taken, err);
        *stats = taken;
    }
    if (rc == DBK_PEER) /* the relay may have signed what contradicts itself */
        rc = dbk_inbox_keep_note(book, &run->space, run->checkpoint, err);
    stats->bare = taken.bare;
    stats->let_go = s.let_go;
    stats->lacks_from = s.lacks_from;
    stats->restored = taken.restored; /* that has happened, whatever came after it */
    stats->reissued = taken.reissued;
    dbk_taker_wipe(&t);
    dbk_inbox_run_wipe(&s);
    return rc;
}

dbk_rc dbk_inbox_checkpoint(dbk_book *book, const dbk_id *space, dbk_span note, dbk_err *err)
{
    static const dbk_proof none;
    dbk_inbox_stats stats;
    const dbk_book_space *here = dbk_tables_space(&book->tables, space);
    const dbk_run run = { .space = *space,
                          .from = here == NULL ? 0 : here->now.frontier.size,
                          .checkpoint = note,
                          .proof = &none };
    return dbk_inbox_run(book, &stats, &run, err);
}
