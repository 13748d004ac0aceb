#include "core/journal/reissue.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/anew.h"
#include "core/journal/feed.h"
#include "core/journal/query_internal.h"

#define FEEDS_MAX 64u                          /* as many as the relay takes of a device */
#define PLAIN_BYTES_MAX (256u * 1024u * 1024u) /* what a device can write without a relay */
#define ROWS_BYTES_MAX (64u * 1024u * 1024u)

/* An own feed that is cut: what stands at `cut` or later moves to seq base, base + 1, ... What
 * stands from `from` on and before `cut` is in the log, sealed again: it only goes, and is pulled.
 */
typedef struct cut_feed {
    dbk_book_feed *feed;
    uint64_t from, cut, base;
} cut_feed;

/* One op that moves. */
typedef struct mover {
    dbk_rowid record, segment;
    uint32_t place;
    size_t at, len; /* its new bytes */
    bool goes;      /* it isn't written again */
} mover;

typedef struct job {
    dbk_book *book;
    dbk_book_feed *to;
    cut_feed feeds[FEEDS_MAX];
    size_t feeds_count;
    size_t under_way; /* of feeds */
    dbk_bytes movers; /* mover; those that only go come first */
    size_t gone;      /* how many of them */
    dbk_bytes moved;  /* the ops' new bytes */
    dbk_bytes plain;
} job;

static size_t movers_count(const job *j)
{
    return j->movers.len / sizeof(mover);
}

static mover *mover_at(const job *j, size_t i)
{
    return (mover *)(void *)j->movers.p + i;
}

/* ---- what moves ---------------------------------------------------------------------------- */

static dbk_rc add_cut(job *j, dbk_book_feed *feed, uint64_t from, uint64_t cut, dbk_err *err)
{
    uint64_t base = 1;
    if (j->feeds_count == FEEDS_MAX)
        return dbk_fail(err, DBK_LIMIT, "this store was restored more than %u times", FEEDS_MAX);
    if (j->feeds_count > 0) {
        const cut_feed *before = &j->feeds[j->feeds_count - 1];
        base = before->base + (before->feed->now.last_seq + 1 - before->cut);
    }
    j->feeds[j->feeds_count++] = (cut_feed){ feed, from, cut, base };
    return DBK_OK;
}

/* Own feeds that came later may name dots of the one that is closed: they move with it. They are
 * never pushed before it (dbk_tables_push_feed). */
static dbk_rc choose_feeds(job *j, const dbk_reissue *what, dbk_err *err)
{
    const dbk_tables *t = &j->book->tables;
    const dbk_id space = what->feed->space->space;
    const uint64_t cut = what->twin_seq >= what->from_seq ? what->twin_seq + 1 : what->from_seq;
    dbk_rc rc = add_cut(j, what->feed, what->from_seq, cut, err);
    for (size_t i = 0; i < t->feeds_count && rc == DBK_OK; i++) {
        dbk_book_feed *feed = t->feeds[i];
        if (feed->own && feed->space == what->feed->space && feed->row > what->feed->row &&
            feed->now.receipted_seq < feed->now.last_seq)
            rc = add_cut(j, feed, feed->now.receipted_seq + 1, feed->now.receipted_seq + 1, err);
    }
    if (rc != DBK_OK)
        return rc;
    j->to = dbk_tables_own_feed(t, what->feed->space);
    if (j->to == what->feed || j->to->now.last_seq > 0)
        rc = dbk_feed_renew(j->book, &j->to, &space, err);
    return rc;
}

/* ---- one op under its new name ------------------------------------------------------------- */

typedef struct last_search {
    const job *j;
    const cut_feed *feed;
    uint32_t place;
    uint64_t seq; /* the last on the record that stays */
} last_search;

static dbk_rc look_segment(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    last_search *s = ctx;
    uint64_t seq = row->first_seq + s->place;
    (void)err;
    if (row->feed == s->feed->feed->row && seq < s->feed->cut && seq > s->seq)
        s->seq = seq;
    return DBK_OK;
}

static dbk_rc look_op(void *ctx, const dbk_store_op *op, dbk_err *err)
{
    last_search *s = ctx;
    s->place = op->place;
    return dbk_segments_get(s->j->book->store, op->segment, look_segment, s, err);
}

static const cut_feed *cut_of(const job *j, const dbk_id *feed)
{
    for (size_t i = 0; i < j->feeds_count; i++)
        if (dbk_id_equal(&j->feeds[i].feed->feed, feed))
            return &j->feeds[i];
    return NULL;
}

static int by_dot(const void *a, const void *b)
{
    return dbk_dot_compare(a, b);
}

static void map_dots(const job *j, dbk_dot *out, const dbk_dot *in, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const cut_feed *cut = cut_of(j, &in[i].feed);
        out[i] = in[i];
        if (cut != NULL && in[i].seq >= cut->cut && in[i].seq <= cut->feed->now.last_seq)
            out[i] = (dbk_dot){ j->to->feed, in[i].seq - cut->cut + cut->base };
    }
    if (count > 0)
        qsort(out, count, sizeof(*out), by_dot);
}

/* What the author had seen of others stays. Of its own feeds that are cut it had seen, of this
 * record, all that stays; what moves is its own feed's now, where nothing need be said. */
static dbk_rc map_context(job *j, dbk_dot *out, size_t *count, const dbk_op *op, dbk_rowid record,
                          dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *count = 0;
    for (size_t i = 0; i < op->context_count; i++)
        if (cut_of(j, &op->context[i].feed) == NULL)
            out[(*count)++] = op->context[i];
    for (size_t i = 0; i <= j->under_way && rc == DBK_OK; i++) {
        last_search s = { .j = j, .feed = &j->feeds[i] };
        rc = dbk_ops_of_record(j->book->store, record, look_op, &s, err);
        /* A full context loses the least that can be lost: one pair more to be looked at. */
        if (rc == DBK_OK && s.seq > 0 && *count < DBK_OP_CONTEXT_MAX)
            out[(*count)++] = (dbk_dot){ s.feed->feed->feed, s.seq };
    }
    if (*count > 0)
        qsort(out, *count, sizeof(*out), by_dot);
    return rc;
}

/* Arrays for the changed lists of dots. */
typedef struct scratch {
    dbk_write writes[DBK_OP_WRITES_MAX];
    dbk_dot context[DBK_OP_CONTEXT_MAX];
    dbk_dot preds[DBK_OP_WRITES_MAX][DBK_WRITE_PRED_MAX];
} scratch;

static dbk_rc rename_op(job *j, scratch *s, const dbk_opened *o, uint32_t place, dbk_rowid record,
                        dbk_err *err)
{
    dbk_op op = o->op.op;
    dbk_rc rc = map_context(j, s->context, &op.context_count, &op, record, err);
    if (rc != DBK_OK)
        return rc;
    op.context = s->context;
    for (size_t i = 0; i < op.writes_count; i++) {
        s->writes[i] = op.writes[i];
        map_dots(j, s->preds[i], op.writes[i].pred, op.writes[i].pred_count);
        s->writes[i].pred = s->preds[i];
    }
    op.writes = s->writes;
    op.has_replaces = true;
    op.replaces = (dbk_dot){ o->header.feed, o->header.first_seq + place };
    return dbk_op_encode(&j->moved, &op, &j->to->feed, err);
}

static dbk_rc collect_op(job *j, scratch *s, const dbk_store_segment *row, uint32_t place,
                         dbk_err *err)
{
    dbk_opened o;
    mover m = { .segment = row->id, .place = place, .at = j->moved.len };
    dbk_rc rc = dbk_query_open_op(j->book, &o, &j->plain, row, place, err);
    if (rc == DBK_OK)
        rc = dbk_records_lookup(j->book->store, &m.record, &o.op.op.record, row->space, err);
    if (rc == DBK_OK && m.record == 0)
        rc = dbk_fail(err, DBK_DAMAGED, "an own note has no record");
    m.goes = row->first_seq + place < j->feeds[j->under_way].cut;
    if (rc == DBK_OK && !m.goes)
        rc = rename_op(j, s, &o, place, m.record, err);
    m.len = j->moved.len - m.at;
    j->gone += m.goes ? 1 : 0;
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&j->movers, dbk_span_of(&m, sizeof(m)), err);
    dbk_op_decoded_wipe(&o.op);
    return rc;
}

static dbk_rc collect_segment(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    job *j = ctx;
    dbk_rc rc = DBK_OK;
    if (row->log.known || row->first_seq < j->feeds[j->under_way].from)
        return dbk_fail(err, DBK_PEER,
                        "the relay shows other notes of this device in the place of notes that it "
                        "has signed for");
    scratch *s = dbk_alloc(sizeof(*s));
    if (s == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a note");
    for (uint32_t i = 0; i < row->count && rc == DBK_OK; i++)
        rc = collect_op(j, s, row, i, err);
    dbk_free(s);
    return rc;
}

static dbk_rc collect(job *j, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (j->under_way = 0; j->under_way < j->feeds_count && rc == DBK_OK; j->under_way++) {
        const cut_feed *f = &j->feeds[j->under_way];
        if (f->from <= f->feed->now.last_seq)
            rc = dbk_segments_of_feed(j->book->store, f->feed->row, f->from, 0, collect_segment, j,
                                      err);
    }
    return rc;
}

/* ---- the old place is given up ------------------------------------------------------------- */

static dbk_rc cut_feed_head(job *j, const cut_feed *f, dbk_err *err)
{
    dbk_hash head;
    dbk_rc rc = dbk_feed_hash_at(j->book, &head, f->feed, f->from - 1, err);
    if (rc != DBK_OK)
        return rc;
    dbk_feed_head_now *now = dbk_feed_touch(&j->book->tables, f->feed);
    now->last_seq = f->from - 1;
    now->head = head;
    if (now->receipted_seq > now->last_seq)
        now->receipted_seq = now->last_seq;
    return DBK_OK;
}

static dbk_rc give_up(job *j, dbk_err *err)
{
    dbk_store *store = j->book->store;
    size_t count = movers_count(j);
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        const mover *m = mover_at(j, i);
        rc = dbk_ops_del(store, &(dbk_store_op){ m->record, m->segment, m->place }, err);
        bool is_last = i + 1 == count || mover_at(j, i + 1)->segment != m->segment;
        if (rc == DBK_OK && is_last)
            rc = dbk_segments_del(store, m->segment, err);
    }
    for (size_t i = 0; i < j->feeds_count && rc == DBK_OK; i++)
        rc = cut_feed_head(j, &j->feeds[i], err);
    return rc;
}

/* ---- the new one --------------------------------------------------------------------------- */

/* As many as one segment holds, at most DBK_SEGMENT_OPS_MAX: the ops have grown a little. */
static dbk_rc append_some(job *j, size_t from, size_t *taken, dbk_err *err)
{
    dbk_span plain[DBK_SEGMENT_OPS_MAX];
    dbk_appended at;
    dbk_err inner = { 0 };
    size_t count = movers_count(j) - from;
    dbk_rc rc;
    if (count > DBK_SEGMENT_OPS_MAX)
        count = DBK_SEGMENT_OPS_MAX;
    for (size_t i = 0; i < count; i++) {
        const mover *m = mover_at(j, from + i);
        plain[i] = dbk_span_of(j->moved.p + m->at, m->len);
    }
    for (;; count /= 2) {
        dbk_err_clear(&inner);
        rc = dbk_feed_append(j->book, &at, j->to, plain, count, &inner);
        if (rc != DBK_LIMIT || count == 1)
            break;
    }
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", inner.text);
    for (size_t i = 0; i < count && rc == DBK_OK; i++)
        rc = dbk_ops_add(j->book->store,
                         &(dbk_store_op){ mover_at(j, from + i)->record, at.segment, (uint32_t)i },
                         err);
    *taken = count;
    return rc;
}

static dbk_rc append_all(job *j, dbk_err *err)
{
    size_t taken = 0;
    dbk_rc rc = DBK_OK;
    for (size_t i = j->gone; i < movers_count(j) && rc == DBK_OK; i += taken)
        rc = append_some(j, i, &taken, err);
    return rc;
}

/* ---- records anew -------------------------------------------------------------------------- */

static int by_record(const void *a, const void *b)
{
    const mover *x = a;
    const mover *y = b;
    return (x->record > y->record) - (x->record < y->record);
}

static dbk_rc make_all_anew(job *j, dbk_err *err)
{
    size_t count = movers_count(j);
    dbk_rc rc = DBK_OK;
    if (count > 0)
        qsort(j->movers.p, count, sizeof(mover), by_record);
    for (size_t i = 0; i < count && rc == DBK_OK; i++)
        if (i == 0 || mover_at(j, i)->record != mover_at(j, i - 1)->record)
            rc = dbk_record_anew(j->book, mover_at(j, i)->record, &j->plain, err);
    return rc;
}

dbk_rc dbk_reissue_run(dbk_book *book, uint64_t *ops, const dbk_reissue *what, dbk_err *err)
{
    job j = { .book = book,
              .movers = DBK_BYTES_INIT(ROWS_BYTES_MAX),
              .moved = DBK_BYTES_INIT(PLAIN_BYTES_MAX),
              .plain = DBK_BYTES_INIT(DBK_QUERY_PLAIN_BYTES_MAX) };
    DBK_ASSERT(what->feed->own);
    *ops = 0;
    dbk_rc rc = dbk_book_begin(book, err);
    if (rc == DBK_OK)
        rc = choose_feeds(&j, what, err);
    if (rc == DBK_OK)
        rc = collect(&j, err);
    if (rc == DBK_OK)
        rc = give_up(&j, err);
    if (rc == DBK_OK)
        rc = append_all(&j, err);
    if (rc == DBK_OK)
        rc = make_all_anew(&j, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc == DBK_OK)
        *ops = movers_count(&j) - j.gone;
    else
        dbk_book_rollback(book);
    dbk_bytes_wipe(&j.movers);
    dbk_bytes_wipe(&j.moved);
    dbk_bytes_wipe(&j.plain);
    return rc;
}
