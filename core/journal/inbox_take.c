#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/disposal.h"
#include "core/journal/feed.h"
#include "core/journal/fold.h"
#include "core/journal/query.h"
#include "core/journal/quarantine_internal.h"
#include "core/store/rows_query.h"

#define PLAIN_BYTES_MAX (64u * 1024u)
#define TOUCHED_BYTES_MAX (64u * 1024u * 1024u)

/* A record that an op wrote to. */
typedef struct touch {
    dbk_id record;
    uint8_t is_new;
} touch;

void dbk_taker_init(dbk_taker *t, dbk_book *book, dbk_inbox_stats *stats)
{
    memset(t, 0, sizeof(*t));
    t->book = book;
    t->stats = stats;
    dbk_bytes_init(&t->plain, PLAIN_BYTES_MAX);
    dbk_bytes_init(&t->touched, TOUCHED_BYTES_MAX);
    dbk_bytes_init(&t->trimmed, DBK_KEPT_BYTES_MAX);
}

void dbk_taker_wipe(dbk_taker *t)
{
    dbk_bytes_wipe(&t->plain);
    dbk_bytes_wipe(&t->touched);
    dbk_bytes_wipe(&t->trimmed);
}

/* Of one record the op that made it first. */
static int by_record(const void *a, const void *b)
{
    const touch *x = a;
    const touch *y = b;
    int order = dbk_id_compare(&x->record, &y->record);
    return order != 0 ? order : (int)y->is_new - (int)x->is_new;
}

void dbk_taker_sum(dbk_taker *t)
{
    size_t count = t->touched.len / sizeof(touch);
    touch *rows = (touch *)(void *)t->touched.p;
    if (count == 0)
        return;
    qsort(rows, count, sizeof(*rows), by_record);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && dbk_id_equal(&rows[i].record, &rows[i - 1].record))
            continue;
        if (rows[i].is_new)
            t->stats->records_new++;
        else
            t->stats->records_changed++;
    }
    dbk_bytes_truncate(&t->touched, 0);
}

/* What is being merged. */
typedef struct merging {
    dbk_taker *t;
    const dbk_book_feed *feed;
    const dbk_store_segment *row;
    dbk_header header;
    const dbk_secret *key;
    bool hq;    /* the author held that role when it wrote */
    bool again; /* some of its ops may be in their records already */
} merging;

/* Is this op in its record already? Only asked when a segment is tried again. */
static dbk_rc is_folded(const merging *m, bool *yes, const dbk_id *record, uint32_t place,
                        dbk_err *err)
{
    dbk_rowid id = 0;
    *yes = false;
    if (!m->again)
        return DBK_OK;
    dbk_rc rc = dbk_records_lookup(m->t->book->store, &id, record, m->row->space, err);
    if (rc == DBK_OK && id != 0)
        rc = dbk_ops_has(m->t->book->store, yes, &(dbk_store_op){ id, m->row->id, place }, err);
    return rc;
}

/* The worst of what a merged segment's ops are. */
static const char *worse_of(const char *a, const char *b)
{
    static const char *const by_weight[] = { DBK_MISFIT, DBK_TWO_FORMS, DBK_POISON };
    for (size_t i = 0; i < sizeof(by_weight) / sizeof(by_weight[0]); i++)
        if ((a != NULL && strcmp(a, by_weight[i]) == 0) ||
            (b != NULL && strcmp(b, by_weight[i]) == 0))
            return by_weight[i];
    return NULL;
}

bool dbk_inbox_is_spoiled(const char *reason)
{
    return worse_of(reason, NULL) != NULL;
}

/* *reason: what is wrong with an op that is taken all the same; or unchanged. */
static dbk_rc fold(const merging *m, const char **reason, const dbk_op *op, uint32_t place,
                   dbk_err *err)
{
    dbk_taker *t = m->t;
    dbk_fold_out out = { 0 };
    bool folded = false;
    dbk_rc rc = is_folded(m, &folded, &op->record, place, err);
    if (rc != DBK_OK || folded)
        return rc;
    dbk_fold_in in = { op,
                       { { m->header.feed, m->header.first_seq + place }, m->hq },
                       m->feed->space,
                       m->row->id,
                       place };
    rc = dbk_fold_op(t->book, &out, &in, err);
    if (rc != DBK_OK)
        return rc;
    if (out.misfit || out.two_forms)
        *reason = out.misfit ? DBK_MISFIT : DBK_TWO_FORMS;
    if (out.misfit)
        return DBK_OK;
    dbk_book_seen(t->book, op->time);
    touch row = { op->record, out.is_new ? 1 : 0 };
    t->stats->ops++;
    t->decided = t->decided || dbk_quarantine_is_decision(op);
    t->stats->conflicts_new += out.conflict_new ? 1 : 0;
    if (dbk_span_equal(op->form, dbk_span_str(DBK_FORM_AUDIT))) /* no record among records */
        return DBK_OK;
    return dbk_bytes_append(&t->touched, dbk_span_of(&row, sizeof(row)), err);
}

/* One op: sealed bytes to record. *reason as dbk_taker_merge tells. What the bytes themselves say
 * is the same on every device that holds the key, and so is the outcome. */
static dbk_rc merge_op(const merging *m, const char **reason, const dbk_frame *frame,
                       uint32_t place, dbk_err *err)
{
    dbk_taker *t = m->t;
    dbk_op_decoded op = { 0 };
    dbk_err cause = { 0 };
    *reason = NULL;
    dbk_bytes_truncate(&t->plain, 0);
    dbk_rc rc = dbk_open_frame(t->book->sealer, &t->plain, &m->header, frame, place, m->key,
                               &cause);
    if (rc == DBK_OK)
        rc = dbk_op_decode(&op, dbk_bytes_span(&t->plain), &m->header.feed, &cause);
    if (rc == DBK_OK) {
        rc = fold(m, reason, &op.op, place, &cause);
        if (rc == DBK_LIMIT) {
            *reason = DBK_WAIT_FLOOD;
            rc = DBK_OK;
        }
    } else if (rc == DBK_VERSION) {
        *reason = DBK_WAIT_NEWER;
        rc = DBK_OK;
    } else if (rc == DBK_AUTH || rc == DBK_FORMAT || rc == DBK_LIMIT) {
        *reason = DBK_POISON;
        rc = DBK_OK;
    }
    if (rc != DBK_OK)
        rc = dbk_fail(err, rc, "%s", cause.text);
    dbk_op_decoded_wipe(&op);
    return rc;
}

dbk_rc dbk_taker_merge(dbk_taker *t, const char **reason, const dbk_book_feed *feed,
                       const dbk_store_segment *row, dbk_err *err)
{
    merging m = { t, feed, row, { 0 }, NULL, false, row->status == DBK_SEGMENT_PENDING };
    dbk_kept kept;
    const char *spoiled = NULL;
    uint64_t seen;
    *reason = NULL;
    dbk_rc rc = dbk_header_decode(&m.header, row->header, err);
    if (rc == DBK_OK)
        rc = dbk_kept_split(&kept, &m.header, row->body, row->kept, err);
    if (rc != DBK_OK)
        return rc;
    m.hq = dbk_book_author_is_hq(t->book, &feed->device, &m.header.space, &m.header.members_seen);
    m.key = dbk_keyring_find(t->book->keyring, &m.header.space, &m.header.key_id);
    /* By which role it was written is told by the membership that its author had seen: merged
     * without it, the records here would differ for ever from those of who had it. */
    if (!dbk_book_chain_seq(t->book, &seen, &m.header.members_seen))
        *reason = DBK_WAIT_MEMBERS;
    else if (m.key == NULL)
        *reason = DBK_WAIT_KEY;
    for (uint32_t i = 0; i < m.header.count && *reason == NULL && rc == DBK_OK; i++) {
        if (dbk_kept_is_hole(&kept, i))
            continue;
        rc = merge_op(&m, reason, &kept.frames[i], i, err);
        if (rc == DBK_OK && dbk_inbox_is_spoiled(*reason)) {
            spoiled = worse_of(spoiled, *reason);
            *reason = NULL;
        }
    }
    if (*reason == NULL)
        *reason = spoiled;
    else if (strcmp(*reason, DBK_WAIT_FLOOD) == 0)
        t->flooded = true;
    return rc;
}

/* Pending segments stand at the end of their feed, if anywhere: inbox.h. */
static dbk_rc is_blocked(dbk_taker *t, bool *yes, const dbk_book_feed *feed, dbk_err *err)
{
    dbk_store_segment_place newest;
    const dbk_known_feed *known = &t->known[(uint64_t)feed->row % DBK_KNOWN_FEEDS];
    *yes = known->row == feed->row && known->blocked;
    if (feed->now.last_seq == 0 || known->row == feed->row)
        return DBK_OK;
    dbk_rc rc = dbk_segments_place(t->book->store, &newest, feed->row, feed->now.last_seq, err);
    *yes = newest.status == DBK_SEGMENT_PENDING;
    return rc;
}

/* As it is stored: what the chain orders erased goes before it is written anywhere. */
static dbk_rc row_of(dbk_taker *t, dbk_store_segment *out, const dbk_segment_in *in,
                     const dbk_book_feed *feed, dbk_err *err)
{
    *out = (dbk_store_segment){ .space = feed->space->row,
                                .feed = feed->row,
                                .first_seq = in->header.first_seq,
                                .count = in->header.count,
                                .log = in->log,
                                .header = in->header_bytes,
                                .body = in->body,
                                .kept = in->kept };
    return dbk_disposal_trim(t->book, out, &in->header, &t->trimmed, err);
}

/* It is stored anew, or leaves what stands aside. */
static dbk_rc put_row(dbk_taker *t, dbk_store_segment *row, const dbk_segment_in *in, dbk_err *err)
{
    const dbk_segment_home home = { row->feed, row->first_seq, row->count };
    if (in->aside == 0)
        return dbk_segments_add(t->book->store, row, err);
    row->id = in->aside;
    dbk_rc rc = dbk_segments_adopt(t->book->store, row->id, &home, err);
    if (rc == DBK_OK)
        rc = dbk_segments_set_status(t->book->store, row->id, row->status, row->reason, err);
    return rc == DBK_OK ? dbk_taker_placed(t, row->id, &in->log, (dbk_span){ NULL, 0 }, err) : rc;
}

dbk_rc dbk_taker_next(dbk_taker *t, const dbk_segment_in *in, const dbk_id *device, dbk_err *err)
{
    const dbk_header *h = &in->header;
    dbk_book_space *space = NULL;
    dbk_book_feed *feed = NULL;
    const char *reason = NULL;
    bool blocked = false;
    dbk_new_feed new_feed = { h->feed, *device, h->incarnation, false };
    dbk_rc rc = dbk_tables_need_space(&t->book->tables, t->book->store, &space, &h->space, err);
    if (rc == DBK_OK)
        rc = dbk_tables_need_feed(&t->book->tables, t->book->store, &feed, space, &new_feed, err);
    if (rc == DBK_OK)
        rc = is_blocked(t, &blocked, feed, err);
    if (rc != DBK_OK)
        return rc;
    DBK_ASSERT(h->first_seq == feed->now.last_seq + 1);
    DBK_ASSERT(!feed->own || feed != dbk_tables_own_feed(&t->book->tables, space));
    dbk_store_segment row;
    rc = row_of(t, &row, in, feed, err);
    if (rc != DBK_OK)
        return rc;
    if (blocked) {
        row.status = DBK_SEGMENT_PENDING;
        reason = DBK_WAIT_EARLIER;
        row.reason = dbk_span_str(reason);
    }
    rc = put_row(t, &row, in, err);
    if (rc == DBK_OK && !blocked)
        rc = dbk_taker_merge(t, &reason, feed, &row, err);
    if (rc == DBK_OK && !blocked && reason != NULL) {
        blocked = !dbk_inbox_is_spoiled(reason);
        rc = dbk_segments_set_status(t->book->store, row.id,
                                     blocked ? DBK_SEGMENT_PENDING : DBK_SEGMENT_MERGED,
                                     dbk_span_str(reason), err);
    }
    if (rc != DBK_OK)
        return rc;
    dbk_feed_head_now *now = dbk_feed_touch(&t->book->tables, feed);
    now->last_seq = dbk_header_last_seq(h);
    now->head = in->hash;
    if (feed->own) /* it comes from outside */
        dbk_feed_left(t->book, feed, now->last_seq);
    t->known[(uint64_t)feed->row % DBK_KNOWN_FEEDS] = (dbk_known_feed){ feed->row, blocked };
    t->stats->segments++;
    t->stats->pending += blocked ? 1 : 0;
    return DBK_OK;
}

dbk_rc dbk_taker_aside(dbk_taker *t, const dbk_segment_in *in, const char *reason, dbk_err *err)
{
    dbk_book_space *space = NULL;
    dbk_book_feed *feed = NULL;
    dbk_new_feed new_feed = { .feed = dbk_inbox_aside_feed(&in->header.space) };
    dbk_rc rc = dbk_tables_need_space(&t->book->tables, t->book->store, &space, &in->header.space,
                                      err);
    if (rc == DBK_OK)
        rc = dbk_tables_need_feed(&t->book->tables, t->book->store, &feed, space, &new_feed, err);
    if (rc != DBK_OK)
        return rc;
    dbk_store_segment row;
    rc = row_of(t, &row, in, feed, err);
    if (rc != DBK_OK)
        return rc;
    dbk_feed_head_now *now = dbk_feed_touch(&t->book->tables, feed);
    row.first_seq = ++now->last_seq;
    row.count = 1;
    row.status = DBK_SEGMENT_PENDING;
    row.reason = dbk_span_str(reason);
    rc = dbk_segments_add(t->book->store, &row, err);
    if (rc != DBK_OK)
        return rc;
    t->stats->segments++;
    t->stats->pending++;
    return DBK_OK;
}

dbk_rc dbk_taker_placed(dbk_taker *t, dbk_rowid id, const dbk_store_place *log, dbk_span receipt,
                        dbk_err *err)
{
    dbk_err cause = { 0 };
    dbk_rc rc = dbk_segments_set_log(t->book->store, id, log, receipt, &cause);
    if (rc == DBK_CONFLICT) /* another segment of the space stands there */
        return dbk_fail(err, DBK_PEER, "the relay gave one place in its log to two notes");
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", cause.text);
    return dbk_fold_receipted(t->book, id, err);
}

dbk_rc dbk_inbox_advance_receipted(dbk_book *book, dbk_book_feed *feed, dbk_err *err)
{
    dbk_store_segment_place place;
    uint64_t seq = feed->now.receipted_seq;
    while (seq < feed->now.last_seq) {
        dbk_rc rc = dbk_segments_place(book->store, &place, feed->row, seq + 1, err);
        if (rc != DBK_OK)
            return rc;
        if (!place.log.known)
            break;
        seq = place.first_seq + place.count - 1;
    }
    if (seq != feed->now.receipted_seq)
        dbk_feed_touch(&book->tables, feed)->receipted_seq = seq;
    dbk_feed_left(book, feed, seq);
    return DBK_OK;
}
