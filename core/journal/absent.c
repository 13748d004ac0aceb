#include "core/journal/absent.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/wire.h"
#include "core/journal/floor.h"
#include "core/journal/inbox_internal.h"
#include "core/journal/snapshot.h"
#include "core/store/records.h"

#define LEAVES_BYTES_MAX (512u * 1024u * 1024u) /* 24 bytes a segment */
#define RECORD_OPS_BYTES_MAX (64u * 1024u * 1024u)

/* meta, one for each space: next (u64) || ops (u64) */
#define ROW_PREFIX "absent."
#define ROW_NAME_SIZE (sizeof(ROW_PREFIX) + DBK_ID_HEX_SIZE)
#define ROW_BYTES 16u

static void row_name(char out[ROW_NAME_SIZE], const dbk_id *space)
{
    memcpy(out, ROW_PREFIX, sizeof(ROW_PREFIX) - 1);
    dbk_id_hex(out + sizeof(ROW_PREFIX) - 1, space);
}

dbk_rc dbk_absent_get(const dbk_book *book, dbk_absent *out, const dbk_id *space, dbk_err *err)
{
    char name[ROW_NAME_SIZE];
    dbk_err none = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(ROW_BYTES);
    memset(out, 0, sizeof(*out));
    row_name(name, space);
    dbk_rc rc = dbk_store_meta_get(book->store, &value, name, &none);
    if (rc == DBK_OK) {
        dbk_wire w = dbk_wire_from(dbk_bytes_span(&value));
        out->any = true;
        out->next = dbk_wire_get_u64(&w);
        out->ops = dbk_wire_get_u64(&w);
        if (w.failed || w.left.len > 0)
            rc = dbk_fail(err, DBK_DAMAGED, "what the backup left out can't be read");
        const dbk_book_space *row = dbk_tables_space(&book->tables, space);
        if (row == NULL || out->next >= row->now.frontier.size)
            out->next = 0; /* the relay was restored, and has a shorter log */
    } else {
        rc = rc == DBK_NOT_FOUND ? DBK_OK : dbk_fail(err, rc, "%s", none.text);
    }
    dbk_bytes_wipe(&value);
    return rc;
}

static dbk_rc put(dbk_book *book, const dbk_absent *absent, const dbk_id *space, dbk_err *err)
{
    char name[ROW_NAME_SIZE];
    uint8_t value[ROW_BYTES];
    row_name(name, space);
    if (!absent->any)
        return dbk_store_meta_del(book->store, name, err);
    (void)dbk_wire_put_u64(dbk_wire_put_u64(value, absent->next), absent->ops);
    return dbk_store_meta_put(book->store, name, dbk_span_of(value, sizeof(value)), err);
}

dbk_rc dbk_absent_none(const dbk_book *book, const dbk_id *space, dbk_err *err)
{
    dbk_absent absent;
    dbk_rc rc = dbk_absent_get(book, &absent, space, err);
    if (rc == DBK_OK && absent.any)
        rc = dbk_fail(err, DBK_PENDING,
                      "what the backup left out has to come back from the relay first: sync");
    return rc;
}

uint64_t dbk_absent_ops(const dbk_book *book, const dbk_header *h, const dbk_kept *kept)
{
    const dbk_dot first = { h->feed, h->first_seq };
    return kept->holes & ~dbk_roster_erased(book->roster, &h->space, &first, h->count);
}

/* ---- leaving out --------------------------------------------------------------------------- */

/* A segment that headquarters holds. */
typedef struct leaving {
    dbk_rowid segment;
    uint64_t stays; /* ops of records that stay whole: bit i for op i */
    uint64_t index; /* in the log */
} leaving;

typedef struct making {
    dbk_book *book;
    const dbk_book_space *space;
    uint64_t size;      /* up to which headquarters holds the log */
    dbk_bytes segments; /* leaving, by row */
    dbk_bytes records;  /* dbk_rowid, all of the space */
    dbk_bytes ops;      /* dbk_store_op, of one record */
    uint64_t left_out;
    uint64_t first; /* the log's index of the first segment that lacks something */
} making;

static int by_segment(const void *a, const void *b)
{
    dbk_rowid x = ((const leaving *)a)->segment, y = ((const leaving *)b)->segment;
    return (x > y) - (x < y);
}

static leaving *leaving_of(const making *m, dbk_rowid segment)
{
    const leaving key = { .segment = segment };
    size_t count = m->segments.len / sizeof(leaving);
    return count == 0 ? NULL : bsearch(&key, m->segments.p, count, sizeof(leaving), by_segment);
}

/* What isn't merged yet waits for a key or a person: it stays as it came. */
static dbk_rc note_segment(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    making *m = ctx;
    const leaving l = { row->id, 0, row->log.index };
    if (row->log.index >= m->size || row->status != DBK_SEGMENT_MERGED ||
        dbk_segment_is_bare(row)) /* its records stay whole: they could not be made anew */
        return DBK_OK;
    return dbk_bytes_append(&m->segments, dbk_span_of(&l, sizeof(l)), err);
}

static dbk_rc note_record(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    making *m = ctx;
    return dbk_bytes_append(&m->records, dbk_span_of(&row->id, sizeof(row->id)), err);
}

static dbk_rc note_op(void *ctx, const dbk_store_op *op, dbk_err *err)
{
    making *m = ctx;
    return dbk_bytes_append(&m->ops, dbk_span_of(op, sizeof(*op)), err);
}

static bool is_held(const making *m, const dbk_store_op *ops, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (leaving_of(m, ops[i].segment) == NULL)
            return false;
    return true;
}

/* The record goes when headquarters holds every change to it, or stays whole. */
static dbk_rc leave_record(making *m, dbk_rowid record, dbk_err *err)
{
    dbk_store *store = m->book->store;
    dbk_bytes_truncate(&m->ops, 0);
    dbk_rc rc = dbk_ops_of_record(store, record, note_op, m, err);
    const dbk_store_op *ops = (const dbk_store_op *)(const void *)m->ops.p;
    size_t count = m->ops.len / sizeof(*ops);
    if (rc != DBK_OK)
        return rc;
    bool goes = count > 0 && is_held(m, ops, count);
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        leaving *l = leaving_of(m, ops[i].segment);
        if (goes)
            rc = dbk_ops_del(store, &ops[i], err);
        else if (l != NULL)
            l->stays |= UINT64_C(1) << ops[i].place;
    }
    return rc == DBK_OK && goes ? dbk_records_del(store, record, err) : rc;
}

typedef struct erasing {
    making *m;
    const leaving *of;
    dbk_bytes room;
} erasing;

static dbk_rc erase_body(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    erasing *e = ctx;
    dbk_header h;
    uint64_t erased = 0;
    dbk_sealed segment = { row->header, row->body, row->kept };
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc != DBK_OK)
        return rc;
    uint64_t all = h.count == 64 ? UINT64_MAX : (UINT64_C(1) << h.count) - 1;
    rc = dbk_sealed_erase(&segment, &erased, &e->room, &h, all & ~e->of->stays, err);
    if (rc != DBK_OK || erased == 0)
        return rc;
    if (e->m->left_out == 0 || e->of->index < e->m->first)
        e->m->first = e->of->index;
    e->m->left_out += (uint64_t)__builtin_popcountll(erased);
    return dbk_segments_put_body(e->m->book->store, row->id, segment.body, true, err);
}

static dbk_rc leave_segments(making *m, dbk_err *err)
{
    erasing e = { .m = m, .room = DBK_BYTES_INIT(DBK_KEPT_BYTES_MAX) };
    const leaving *all = (const leaving *)(const void *)m->segments.p;
    size_t count = m->segments.len / sizeof(*all);
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        e.of = &all[i];
        rc = dbk_segments_get(m->book->store, all[i].segment, erase_body, &e, err);
    }
    dbk_bytes_wipe(&e.room);
    return rc;
}

static dbk_rc leave_space(making *m, dbk_err *err)
{
    const dbk_records_list_opts all = { .space = m->space->row,
                                        .since_ms = INT64_MIN,
                                        .life_max = UINT32_MAX };
    dbk_rc rc = dbk_segments_by_log(m->book->store, m->space->row, 0, note_segment, m, err);
    if (rc == DBK_OK && m->segments.len > 0)
        qsort(m->segments.p, m->segments.len / sizeof(leaving), sizeof(leaving), by_segment);
    if (rc == DBK_OK)
        rc = dbk_records_list(m->book->store, &all, note_record, m, err);
    for (size_t at = 0; at < m->records.len && rc == DBK_OK; at += sizeof(dbk_rowid)) {
        dbk_rowid record;
        memcpy(&record, m->records.p + at, sizeof(record));
        rc = leave_record(m, record, err);
    }
    if (rc == DBK_OK)
        rc = leave_segments(m, err);
    return rc;
}

static dbk_rc make_space(dbk_book *copy, uint64_t *ops, const dbk_book_space *space, dbk_err *err)
{
    making m = { .book = copy,
                 .space = space,
                 .size = dbk_cosigned_now(copy, space).size,
                 .segments = DBK_BYTES_INIT(LEAVES_BYTES_MAX),
                 .records = DBK_BYTES_INIT(LEAVES_BYTES_MAX),
                 .ops = DBK_BYTES_INIT(RECORD_OPS_BYTES_MAX) };
    dbk_absent absent;
    dbk_rc rc = dbk_absent_get(copy, &absent, &space->space, err);
    if (rc == DBK_OK)
        rc = leave_space(&m, err);
    if (rc == DBK_OK && m.left_out > 0) {
        /* What this store itself lacks since it was restored is farther back, or the same. */
        if (!absent.any || m.first < absent.next)
            absent.next = m.first;
        absent.any = true;
        absent.ops += m.left_out;
        rc = put(copy, &absent, &space->space, err);
    }
    *ops += m.left_out;
    dbk_bytes_wipe(&m.segments);
    dbk_bytes_wipe(&m.records);
    dbk_bytes_wipe(&m.ops);
    return rc;
}

dbk_rc dbk_absent_make(dbk_book *copy, uint64_t *ops, dbk_err *err)
{
    *ops = 0;
    dbk_rc rc = dbk_book_begin(copy, err);
    for (size_t i = 0; i < copy->tables.spaces_count && rc == DBK_OK; i++)
        rc = make_space(copy, ops, copy->tables.spaces[i], err);
    if (rc == DBK_OK && *ops > 0)
        rc = dbk_words_forget(copy->store, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(copy, err);
    if (rc != DBK_OK)
        dbk_book_rollback(copy);
    return rc == DBK_OK && *ops > 0 ? dbk_store_rewrite(copy->store, err) : rc;
}

/* ---- what comes back ----------------------------------------------------------------------- */

typedef struct taking {
    dbk_book *book;
    dbk_taker taker;
    dbk_bytes room; /* the body that is stored in the end */
    dbk_id log;

    /* the entry under way */
    dbk_header h;
    dbk_hash hash;
    const dbk_arrival *in;
    dbk_store_segment row; /* without its bytes */
    uint64_t absent;
    bool let_go;         /* a relay has let go of it */
    uint64_t lacks_from; /* its index */
} taking;

/* What stands here of it; the bytes of the row go when this returns, so it is all done in here. */
static dbk_rc fill_row(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    taking *t = ctx;
    dbk_header here;
    dbk_kept kept, whole;
    dbk_rc rc = dbk_inbox_stored_header(&here, row, err);
    if (rc != DBK_OK)
        return rc;
    dbk_hash hash = dbk_header_hash(&here);
    t->absent = 0;
    if (!row->kept || !dbk_hash_equal(&hash, &t->hash))
        return DBK_OK; /* nothing of it is absent, or it is one of two histories: none left out */
    rc = dbk_kept_read(&kept, &here, row->body, true, err);
    if (rc == DBK_OK)
        t->absent = dbk_absent_ops(t->book, &here, &kept);
    if (rc != DBK_OK || t->absent == 0)
        return rc;
    if (!t->in->has_body)
        return dbk_fail(err, DBK_PEER, "the relay keeps back what the backup left out");
    t->let_go = dbk_floor_let_go(t->book, &t->log, row->log.index, &here, &t->in->segment);
    if (t->let_go)
        return dbk_fail(err, DBK_PENDING, DBK_FLOOR_LET_GO);
    rc = dbk_inbox_check_body(t->book, &here, t->in->segment.body, t->in->segment.kept, err);
    if (rc == DBK_OK)
        rc = dbk_kept_read(&whole, &here, t->in->segment.body, t->in->segment.kept, err);
    if (rc != DBK_OK)
        return rc;
    dbk_kept_fill(&kept, &whole, t->absent);
    dbk_bytes_truncate(&t->room, 0);
    rc = dbk_kept_body(&t->room, &kept, err);
    t->row = *row;
    t->row.kept = kept.holes != 0;
    return rc;
}

/* Its ops into their records: those that are there already (the backup kept a record whole) are
 * passed over, as where a segment is tried again. */
static dbk_rc merge_row(taking *t, const dbk_book_feed *feed, dbk_err *err)
{
    const char *reason = NULL;
    dbk_rc rc = dbk_segments_put_body(t->book->store, t->row.id, dbk_bytes_span(&t->room),
                                      t->row.kept, err);
    t->row.header = t->in->segment.header;
    t->row.body = dbk_bytes_span(&t->room);
    t->row.status = DBK_SEGMENT_PENDING;
    if (rc == DBK_OK)
        rc = dbk_taker_merge(&t->taker, &reason, feed, &t->row, err);
    if (rc == DBK_OK && reason != NULL && !dbk_inbox_is_spoiled(reason))
        rc = dbk_fail(err, DBK_PENDING, "what the backup left out can't be merged: %s", reason);
    t->taker.stats->segments++;
    return rc;
}

static dbk_rc take_entry(taking *t, const dbk_id *space, const dbk_arrival *in, dbk_err *err)
{
    dbk_err none = { 0 };
    t->in = in;
    t->absent = 0;
    dbk_rc rc = dbk_header_decode(&t->h, in->segment.header, err);
    if (rc != DBK_OK || !dbk_id_equal(&t->h.space, space))
        return dbk_fail(err, DBK_PEER, "the relay gives something that is no entry of its log");
    t->hash = dbk_header_hash(&t->h);
    const dbk_book_feed *feed = dbk_tables_feed(&t->book->tables, &t->h.feed);
    if (feed == NULL)
        return DBK_OK;
    rc = dbk_segments_at(t->book->store, feed->row, t->h.first_seq, fill_row, t, &none);
    if (rc == DBK_NOT_FOUND)
        return DBK_OK; /* it stands aside here: nothing of that was left out */
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", none.text);
    return t->absent != 0 ? merge_row(t, feed, err) : DBK_OK;
}

/* ---- is that all? -------------------------------------------------------------------------- */

typedef struct looking {
    const dbk_book *book;
    uint64_t ops;
} looking;

static dbk_rc look(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    looking *l = ctx;
    dbk_header h;
    dbk_kept kept;
    if (!row->kept)
        return DBK_OK;
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc == DBK_OK)
        rc = dbk_kept_split(&kept, &h, row->body, true, err);
    if (rc == DBK_OK)
        l->ops += (uint64_t)__builtin_popcountll(dbk_absent_ops(l->book, &h, &kept));
    return rc;
}

/* At the log's end. *lacks: something that the backup left out isn't in this log. */
static dbk_rc end(dbk_book *book, bool *lacks, dbk_absent *absent, const dbk_book_space *space,
                  dbk_err *err)
{
    looking l = { book, 0 };
    dbk_rc rc = dbk_segments_of_space(book->store, space->row, look, &l, err);
    *lacks = l.ops > 0;
    *absent = (dbk_absent){ .any = l.ops > 0, .ops = l.ops };
    return rc;
}

static dbk_rc take_all(taking *t, bool *lacks, const dbk_run *run, const dbk_book_space *space,
                       dbk_err *err)
{
    dbk_absent absent = { 0 };
    dbk_rc rc = dbk_absent_get(t->book, &absent, &run->space, err);
    if (rc == DBK_OK && (!absent.any || absent.next != run->from))
        rc = dbk_fail(err, DBK_CONFLICT, "nothing is absent from there on");
    for (uint32_t i = 0; i < run->count && rc == DBK_OK; i++) {
        dbk_arrival in;
        rc = run->next(run->next_ctx, &in, err);
        if (rc == DBK_OK)
            rc = take_entry(t, &run->space, &in, err);
        t->lacks_from = run->from + i;
    }
    absent.next += run->count;
    if (rc == DBK_OK && absent.next >= space->now.frontier.size)
        rc = end(t->book, lacks, &absent, space, err);
    return rc == DBK_OK ? put(t->book, &absent, &run->space, err) : rc;
}

dbk_rc dbk_absent_take(dbk_book *book, dbk_inbox_stats *stats, const dbk_run *run, dbk_err *err)
{
    taking t = { .book = book, .room = DBK_BYTES_INIT(DBK_KEPT_BYTES_MAX) };
    dbk_inbox_stats taken = { 0 };
    bool lacks = false;
    const dbk_book_space *space = dbk_tables_space(&book->tables, &run->space);
    memset(stats, 0, sizeof(*stats));
    if (space == NULL)
        return dbk_fail(err, DBK_NOT_FOUND, "there is no such space");
    t.log = space->now.log;
    dbk_taker_init(&t.taker, book, &taken);
    dbk_rc rc = dbk_book_begin(book, err);
    if (rc == DBK_OK)
        rc = take_all(&t, &lacks, run, space, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc != DBK_OK)
        dbk_book_rollback(book);
    if (rc == DBK_OK) {
        dbk_taker_sum(&t.taker);
        *stats = taken;
    }
    stats->let_go = t.let_go;
    stats->lacks_from = t.lacks_from;
    if (rc == DBK_OK && lacks)
        rc = dbk_fail(err, DBK_PENDING,
                      "the relay's log lacks some of what the backup left out: headquarters has to "
                      "give it back first");
    else if (rc == DBK_OK)
        rc = dbk_inbox_retry(book, &run->space, stats, err);
    dbk_taker_wipe(&t.taker);
    dbk_bytes_wipe(&t.room);
    return rc;
}
