/* A space's log and records as of one size, from what is stored here. */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/journal/inbox_internal.h"
#include "core/journal/query_internal.h"
#include "core/journal/snapshot_internal.h"

/* Which row of the store stands at which place of the log. */
typedef struct placed {
    dbk_rowid row;
    uint32_t index;
} placed;

typedef struct maker {
    dbk_book *book;
    const dbk_snap_survey *survey;
    dbk_claim *claim;
    dbk_bytes *keys; /* dbk_id, ascending */
    dbk_bytes rows;  /* placed, by row */
    dbk_bytes item, ops, state, plain;
    uint64_t *last_seq; /* merged, for each feed of the tables */
    dbk_hasher plain_hash, state_hash;
    uint64_t segments;
    bool done; /* the walk has come to the size */
} maker;

void dbk_snap_hash_state(dbk_hasher *h, const dbk_id *record, dbk_span state)
{
    uint8_t len[4];
    (void)dbk_wire_put_u32(len, (uint32_t)state.len);
    dbk_hasher_add(h, dbk_span_of(record->b, sizeof(record->b)));
    dbk_hasher_add(h, dbk_span_of(len, sizeof(len)));
    dbk_hasher_add(h, state);
}

void dbk_snap_hash_vector(dbk_hasher *h, const dbk_id *feed, uint64_t last_seq)
{
    uint8_t seq[8];
    (void)dbk_wire_put_u64(seq, last_seq);
    dbk_hasher_add(h, dbk_span_of(feed->b, sizeof(feed->b)));
    dbk_hasher_add(h, dbk_span_of(seq, sizeof(seq)));
}

static const char *const reasons[] = { [DBK_SNAP_MERGED] = NULL,
                                       [DBK_SNAP_POISON] = DBK_POISON,
                                       [DBK_SNAP_MISFIT] = DBK_MISFIT,
                                       [DBK_SNAP_TWO_FORMS] = DBK_TWO_FORMS };

const char *dbk_snap_reason(dbk_snap_fate fate)
{
    DBK_ASSERT(fate <= DBK_SNAP_TWO_FORMS);
    return reasons[fate];
}

/* m->item goes out. */
static dbk_rc give(maker *m, dbk_err *err)
{
    dbk_span item = dbk_bytes_span(&m->item);
    dbk_hasher_add(&m->plain_hash, item);
    m->claim->plain_bytes += item.len;
    dbk_rc rc = m->survey->item == NULL ? DBK_OK : m->survey->item(m->survey->ctx, item, err);
    dbk_bytes_truncate(&m->item, 0);
    return rc;
}

/* ---- segments -------------------------------------------------------------------------------- */

static dbk_rc note_key(maker *m, const dbk_id *key, dbk_err *err)
{
    dbk_id *ids = (dbk_id *)(void *)m->keys->p;
    size_t count = m->keys->len / sizeof(*ids), at = 0;
    while (at < count && dbk_id_compare(&ids[at], key) < 0)
        at++;
    if (at < count && dbk_id_equal(&ids[at], key))
        return DBK_OK;
    if (count == DBK_SNAPSHOT_KEYS_MAX)
        return dbk_fail(err, DBK_LIMIT, "a snapshot has at most %u keys", DBK_SNAPSHOT_KEYS_MAX);
    dbk_rc rc = dbk_bytes_append(m->keys, dbk_span_of(key, sizeof(*key)), err);
    if (rc != DBK_OK)
        return rc;
    ids = (dbk_id *)(void *)m->keys->p;
    memmove(&ids[at + 1], &ids[at], (count - at) * sizeof(*ids));
    ids[at] = *key;
    return DBK_OK;
}

static dbk_snap_fate fate_of(const dbk_book_feed *feed, const dbk_store_segment *row)
{
    if (dbk_inbox_is_aside(feed))
        return DBK_SNAP_ASIDE;
    if (row->status == DBK_SEGMENT_PENDING)
        return DBK_SNAP_WAITS;
    for (int fate = DBK_SNAP_POISON; fate <= DBK_SNAP_TWO_FORMS; fate++) {
        if (dbk_span_equal(row->reason, dbk_span_str(reasons[fate])))
            return (dbk_snap_fate)fate;
    }
    return DBK_SNAP_MERGED;
}

static size_t place_of_feed(const maker *m, const dbk_book_feed *feed)
{
    const dbk_tables *t = &m->book->tables;
    size_t low = 0, high = t->feeds_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (dbk_id_compare(&t->by_id[mid]->feed, &feed->feed) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    DBK_ASSERT(low < t->feeds_count);
    DBK_ASSERT(t->by_id[low] == feed);
    return low;
}

static dbk_rc add_segment(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    maker *m = ctx;
    dbk_header h;
    const dbk_book_feed *feed = dbk_tables_feed_of_row(&m->book->tables, row->feed);
    if (m->done || row->log.index >= m->survey->size) {
        m->done = true;
        return DBK_OK;
    }
    if (feed == NULL || row->log.index != m->segments)
        return dbk_fail(err, DBK_DAMAGED, "a segment of the log is missing from the store");
    if (dbk_segment_is_bare(row))
        return dbk_fail(err, DBK_PENDING, "%s", DBK_SNAPSHOT_BARE);
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    dbk_snap_segment s = { .fate = fate_of(feed, row),
                           .kept = row->kept,
                           .receipt_ms = row->log.receipt_ms,
                           .header = row->header,
                           .body = row->body };
    const placed at = { row->id, (uint32_t)row->log.index };
    if (rc == DBK_OK)
        rc = dbk_snap_put_segment(&m->item, &s, err);
    if (rc == DBK_OK)
        rc = give(m, err);
    if (rc == DBK_OK)
        rc = note_key(m, &h.key_id, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&m->rows, dbk_span_of(&at, sizeof(at)), err);
    if (s.fate <= DBK_SNAP_TWO_FORMS)
        m->last_seq[place_of_feed(m, feed)] = dbk_header_last_seq(&h);
    m->segments++;
    return rc;
}

static int by_row(const void *a, const void *b)
{
    const placed *x = a;
    const placed *y = b;
    return (x->row > y->row) - (x->row < y->row);
}

static dbk_rc add_segments(maker *m, dbk_err *err)
{
    dbk_rc rc = dbk_segments_by_log(m->book->store, m->survey->space->row, 0, add_segment, m, err);
    if (rc == DBK_OK && m->segments != m->survey->size)
        rc = dbk_fail(err, DBK_DAMAGED, "a segment of the log is missing from the store");
    if (rc == DBK_OK)
        qsort(m->rows.p, m->rows.len / sizeof(placed), sizeof(placed), by_row);
    return rc;
}

static const placed *find_row(const maker *m, dbk_rowid row)
{
    const placed key = { .row = row };
    return bsearch(&key, m->rows.p, m->rows.len / sizeof(key), sizeof(key), by_row);
}

/* ---- records --------------------------------------------------------------------------------- */

typedef struct record_ops {
    maker *m;
    dbk_bytes list;   /* dbk_snap_op */
    bool later;       /* it has ops behind the size, or in no log yet */
    dbk_state *state; /* while it is made anew */
    uint32_t place;
} record_ops;

static dbk_rc note_op(void *ctx, const dbk_store_op *op, dbk_err *err)
{
    record_ops *r = ctx;
    const placed *at = find_row(r->m, op->segment);
    if (at == NULL) {
        r->later = true;
        return DBK_OK;
    }
    const dbk_snap_op row = { at->index, (uint8_t)op->place };
    if (r->list.len == r->list.max)
        return dbk_fail(err, DBK_LIMIT, "a record has more than %u changes", DBK_SNAP_OPS_MAX);
    return dbk_bytes_append(&r->list, dbk_span_of(&row, sizeof(row)), err);
}

static int by_place(const void *a, const void *b)
{
    const dbk_snap_op *x = a;
    const dbk_snap_op *y = b;
    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static dbk_rc replay_segment(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    record_ops *r = ctx;
    dbk_opened o;
    dbk_book *book = r->m->book;
    const dbk_book_feed *feed = dbk_tables_feed_of_row(&book->tables, row->feed);
    dbk_rc rc = dbk_query_open_op(book, &o, &r->m->plain, row, r->place, err);
    if (rc == DBK_OK && feed == NULL)
        rc = dbk_fail(err, DBK_DAMAGED, "a feed of the store has no place");
    if (rc == DBK_OK) {
        dbk_origin origin = { { o.header.feed, o.header.first_seq + r->place },
                              dbk_book_author_is_hq(book, &feed->device, &o.header.space,
                                                    &o.header.members_seen) };
        rc = dbk_state_apply(r->state, &o.op.op, &origin, err);
    }
    dbk_op_decoded_wipe(&o.op);
    return rc;
}

static dbk_rc replay_op(void *ctx, const dbk_store_op *op, dbk_err *err)
{
    record_ops *r = ctx;
    r->place = op->place;
    return find_row(r->m, op->segment) == NULL
               ? DBK_OK
               : dbk_segments_get(r->m->book->store, op->segment, replay_segment, r, err);
}

/* The state as it was: of its ops up to the size. */
static dbk_rc as_it_was(record_ops *r, const dbk_store_record *row, dbk_err *err)
{
    dbk_rc rc = dbk_state_new(&r->state, &row->record, err);
    if (rc == DBK_OK)
        rc = dbk_ops_of_record(r->m->book->store, row->id, replay_op, r, err);
    if (rc == DBK_OK)
        rc = dbk_state_encode(&r->m->state, r->state, err);
    dbk_state_free(r->state);
    return rc;
}

static dbk_rc give_record(record_ops *r, const dbk_id *record, dbk_span state, dbk_err *err)
{
    maker *m = r->m;
    dbk_snap_op *ops = (dbk_snap_op *)(void *)r->list.p;
    size_t count = r->list.len / sizeof(*ops);
    dbk_rc rc = DBK_OK;
    qsort(ops, count, sizeof(*ops), by_place);
    for (size_t i = 0; i < count && rc == DBK_OK; i++)
        rc = dbk_snap_put_op(&m->ops, &ops[i], err);
    const dbk_snap_record item = { *record, state, dbk_bytes_span(&m->ops) };
    if (rc == DBK_OK)
        rc = dbk_snap_put_record(&m->item, &item, err);
    if (rc == DBK_OK)
        rc = give(m, err);
    dbk_snap_hash_state(&m->state_hash, record, state);
    m->claim->records++;
    return rc;
}

static dbk_rc add_record(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    maker *m = ctx;
    record_ops r = { .m = m, .list = DBK_BYTES_INIT(DBK_SNAP_OPS_MAX * sizeof(dbk_snap_op)) };
    dbk_span state = row->state;
    dbk_bytes_truncate(&m->state, 0);
    dbk_bytes_truncate(&m->ops, 0);
    dbk_rc rc = dbk_ops_of_record(m->book->store, row->id, note_op, &r, err);
    if (rc == DBK_OK && (r.later || m->survey->anew) && r.list.len > 0) {
        rc = as_it_was(&r, row, err);
        state = dbk_bytes_span(&m->state);
    }
    if (rc == DBK_OK && r.list.len > 0)
        rc = give_record(&r, &row->record, state, err);
    dbk_bytes_wipe(&r.list);
    return rc;
}

/* ---- all ------------------------------------------------------------------------------------- */

static dbk_hash vector_hash(const maker *m)
{
    const dbk_tables *t = &m->book->tables;
    dbk_hasher h;
    dbk_hasher_init(&h, "daybook/vector/1");
    for (size_t i = 0; i < t->feeds_count; i++) {
        if (m->last_seq[i] > 0)
            dbk_snap_hash_vector(&h, &t->by_id[i]->feed, m->last_seq[i]);
    }
    return dbk_hasher_end(&h);
}

static dbk_rc run(maker *m, dbk_err *err)
{
    dbk_rc rc = add_segments(m, err);
    if (rc == DBK_OK)
        rc = dbk_records_of_space(m->book->store, m->survey->space->row, add_record, m, err);
    if (rc == DBK_OK)
        rc = dbk_snap_put_end(&m->item, m->segments, m->claim->records, err);
    if (rc == DBK_OK)
        rc = give(m, err);
    m->claim->plain_hash = dbk_hasher_end(&m->plain_hash);
    m->claim->state_hash = dbk_hasher_end(&m->state_hash);
    m->claim->vector_hash = vector_hash(m);
    return rc;
}

dbk_rc dbk_snap_survey_run(dbk_book *book, dbk_claim *claim, dbk_bytes *keys,
                           const dbk_snap_survey *survey, dbk_err *err)
{
    maker m = { .book = book,
                .survey = survey,
                .claim = claim,
                .keys = keys,
                .rows = DBK_BYTES_INIT(DBK_SNAP_INDEX_BYTES_MAX),
                .item = DBK_BYTES_INIT(4u + DBK_SNAP_ITEM_BYTES_MAX),
                .ops = DBK_BYTES_INIT(DBK_SNAP_OPS_MAX * DBK_SNAP_OP_BYTES),
                .state = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX),
                .plain = DBK_BYTES_INIT(DBK_QUERY_PLAIN_BYTES_MAX) };
    DBK_ASSERT(survey->size <= survey->space->now.frontier.size);
    m.last_seq = dbk_alloc_array(book->tables.feeds_count + 1, sizeof(m.last_seq[0]));
    if (m.last_seq == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for %zu feeds", book->tables.feeds_count);
    claim->plain_bytes = claim->records = 0;
    dbk_hasher_init(&m.plain_hash, "daybook/snapshot-plain/1");
    dbk_hasher_init(&m.state_hash, "daybook/state/1");
    dbk_rc rc = run(&m, err);
    dbk_free(m.last_seq);
    dbk_bytes_wipe(&m.rows);
    dbk_bytes_wipe(&m.item);
    dbk_bytes_wipe(&m.ops);
    dbk_bytes_wipe(&m.state);
    dbk_bytes_wipe(&m.plain);
    return rc;
}
