#include "core/journal/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/journal/absent.h"
#include "core/journal/cosigned_internal.h"
#include "core/journal/snapshot_kept.h"
#include "core/journal/verify_internal.h"
#include "core/store/records.h"
#include "core/store/rows_query.h"

#define SENTENCE_BYTES 256u
#define PROGRESS_EVERY 64u

dbk_rc dbk_verify_fault(dbk_verifier *v, dbk_err *err, const char *fmt, ...)
{
    char sentence[SENTENCE_BYTES];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(sentence, sizeof(sentence), fmt, args);
    va_end(args);
    v->faults++;
    return v->sink->fault(v->sink->ctx, sentence, err);
}

void dbk_verify_step(dbk_verifier *v)
{
    v->done++;
    if (v->sink->progress != NULL && (v->done % PROGRESS_EVERY == 0 || v->done == v->total))
        v->sink->progress(v->sink->ctx, v->done, v->total);
}

dbk_rc dbk_verify_damage(dbk_verifier *v, dbk_rc rc, const dbk_err *cause, dbk_err *err)
{
    if (rc == DBK_OK)
        return DBK_OK;
    if (rc != DBK_DAMAGED)
        return dbk_fail(err, rc, "%s", cause->text);
    return dbk_verify_fault(v, err, "The store can't be read: %s.", cause->text);
}

static dbk_rc store_fault(void *ctx, const char *sentence, dbk_err *err)
{
    return dbk_verify_fault(ctx, err, "%s", sentence);
}

/* ---- the rows that the book keeps in memory ------------------------------------------------ */

static dbk_rc check_space_row(void *ctx, const dbk_store_space *row, dbk_err *err)
{
    dbk_verifier *v = ctx;
    dbk_bytes frontier = DBK_BYTES_INIT(sizeof(uint64_t) + sizeof(dbk_frontier));
    const dbk_book_space *space = dbk_tables_space_of_row(&v->book->tables, row->id);
    dbk_rc rc = DBK_OK;
    bool same = space != NULL && dbk_id_equal(&space->space, &row->space) &&
                dbk_id_equal(&space->now.log, &row->log) &&
                dbk_span_equal(dbk_span_of(space->now.note, space->now.note_len), row->checkpoint);
    if (same && (row->frontier.len > 0 || space->now.frontier.size > 0)) {
        rc = dbk_frontier_encode(&frontier, &space->now.frontier, err);
        same = dbk_span_equal(dbk_bytes_span(&frontier), row->frontier);
    }
    if (rc == DBK_OK && !same)
        rc = dbk_verify_fault(v, err, "The position in a log was changed behind the program.");
    dbk_bytes_wipe(&frontier);
    return rc;
}

static dbk_rc check_feed_row(void *ctx, const dbk_store_feed *row, dbk_err *err)
{
    dbk_verifier *v = ctx;
    const dbk_book_feed *feed = dbk_tables_feed_of_row(&v->book->tables, row->id);
    bool same = feed != NULL && dbk_id_equal(&feed->feed, &row->feed) &&
                feed->space->row == row->space && dbk_id_equal(&feed->device, &row->device) &&
                dbk_id_equal(&feed->incarnation, &row->incarnation) && feed->own == row->own &&
                feed->now.last_seq == row->last_seq &&
                dbk_hash_equal(&feed->now.head, &row->head) &&
                feed->now.receipted_seq == row->receipted_seq;
    return same ? DBK_OK
                : dbk_verify_fault(v, err, "The end of a feed was changed behind the program.");
}

static dbk_rc check_words(dbk_verifier *v, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < v->book->tables.spaces_count; i++) {
        bool good;
        rc = dbk_cosigned_verify(v->book, &good, v->book->tables.spaces[i], err);
        if (rc == DBK_OK && !good)
            rc = dbk_verify_fault(v, err,
                                  "What headquarters said of a log was changed behind the "
                                  "program.");
    }
    return rc;
}

static dbk_rc check_kept(dbk_verifier *v, dbk_err *err)
{
    bool whole;
    dbk_rc rc = dbk_snapshot_kept_check(v->book, &whole, err);
    if (rc == DBK_OK && !whole)
        rc = dbk_verify_fault(v, err,
                              "What is kept of a snapshot that is on its way was changed behind "
                              "the program.");
    return rc;
}

static dbk_rc check_tables(dbk_verifier *v, dbk_err *err)
{
    dbk_err cause = { 0 };
    dbk_rc rc = dbk_spaces_each(v->book->store, check_space_row, v, &cause);
    if (rc == DBK_OK)
        rc = dbk_feeds_each(v->book->store, check_feed_row, v, &cause);
    if (rc == DBK_OK)
        rc = check_words(v, &cause);
    if (rc == DBK_OK)
        rc = check_kept(v, &cause);
    return dbk_verify_damage(v, rc, &cause, err);
}

/* ---- spaces -------------------------------------------------------------------------------- */

/* For the progress: each segment and each record is looked at once. */
static dbk_rc count_work(dbk_verifier *v, dbk_err *err)
{
    dbk_bytes reason = DBK_BYTES_INIT(SENTENCE_BYTES);
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < v->book->tables.spaces_count && rc == DBK_OK; i++) {
        dbk_rowid row = v->book->tables.spaces[i]->row;
        dbk_segment_tally tally = { 0 };
        dbk_record_totals records = { 0 };
        dbk_bytes_truncate(&reason, 0);
        rc = dbk_segments_tally(v->book->store, &tally, &reason, row, 0, err);
        if (rc == DBK_OK)
            rc = dbk_records_count(v->book->store, &records, row, "", err);
        v->total += tally.segments + records.records;
    }
    dbk_bytes_wipe(&reason);
    return rc;
}

/* The merged part of each feed: what the records are made of. */
static dbk_rc put_vector(dbk_verifier *v, dbk_vector_row **out, dbk_err *err)
{
    const dbk_tables *t = &v->book->tables;
    dbk_hasher h;
    *out = dbk_alloc_array(t->feeds_count + 1, sizeof(**out));
    if (*out == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for %zu feeds", t->feeds_count);
    dbk_hasher_init(&h, "daybook/vector/1");
    for (size_t i = 0; i < t->feeds_count; i++) {
        const dbk_book_feed *feed = t->by_id[i];
        uint8_t seq[8];
        const dbk_verify_feed *f = dbk_verify_feed_of(v, feed);
        if (feed->space != v->space || f->merged_seq == 0)
            continue;
        (*out)[v->result.vector_count++] = (dbk_vector_row){ feed->feed, feed->device,
                                                             f->merged_seq, f->merged_head };
        (void)dbk_wire_put_u64(seq, f->merged_seq);
        dbk_hasher_add(&h, dbk_span_of(feed->feed.b, sizeof(feed->feed.b)));
        dbk_hasher_add(&h, dbk_span_of(seq, sizeof(seq)));
    }
    v->result.vector = *out;
    v->result.vector_hash = dbk_hasher_end(&h);
    return DBK_OK;
}

static dbk_rc verify_space(dbk_verifier *v, const dbk_book_space *space, dbk_err *err)
{
    dbk_vector_row *vector = NULL;
    dbk_absent absent;
    v->space = space;
    v->op_rows = 0;
    v->faults_before = v->faults;
    memset(&v->result, 0, sizeof(v->result));
    v->result.space = space->space;
    v->result.log_size = space->now.frontier.size;
    dbk_rc rc = dbk_absent_get(v->book, &absent, &space->space, err);
    v->lacks = absent.any;
    if (rc == DBK_OK)
        rc = dbk_snapshot_begun_with(v->book, &v->begun, &space->space, err);
    if (rc == DBK_OK)
        rc = dbk_verify_segments(v, err);
    if (rc == DBK_OK)
        rc = dbk_verify_log(v, err);
    if (rc == DBK_OK)
        rc = dbk_verify_records(v, err);
    if (rc == DBK_OK)
        rc = put_vector(v, &vector, err);
    v->result.faults = v->faults - v->faults_before;
    if (rc == DBK_OK)
        rc = v->sink->space(v->sink->ctx, &v->result, err);
    dbk_free(vector);
    return rc;
}

dbk_rc dbk_verify_book(dbk_book *book, const dbk_verify_sink *sink, dbk_err *err)
{
    dbk_verifier v = { .book = book,
                       .sink = sink,
                       .plain = DBK_BYTES_INIT(DBK_VERIFY_PLAIN_BYTES_MAX) };
    v.feeds = dbk_alloc_array(book->tables.feeds_count + 1, sizeof(v.feeds[0]));
    if (v.feeds == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for %zu feeds", book->tables.feeds_count);
    dbk_rc rc = dbk_store_integrity(book->store, store_fault, &v, err);
    if (rc == DBK_OK && book->roster != NULL)
        rc = dbk_verify_chain(&v, err);
    if (rc == DBK_OK)
        rc = check_tables(&v, err);
    if (rc == DBK_OK)
        rc = count_work(&v, err);
    for (size_t i = 0; i < book->tables.spaces_count && rc == DBK_OK; i++)
        rc = verify_space(&v, book->tables.spaces[i], err);
    if (rc == DBK_OK && v.faults > 0)
        rc = dbk_fail(err, DBK_DAMAGED, "%zu things are wrong with this store", v.faults);
    dbk_bytes_wipe(&v.plain);
    dbk_free(v.feeds);
    return rc;
}
