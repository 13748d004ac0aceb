/* Many adds in few transactions: full segments, sealed as soon as they are full. */
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/journal_draft.h"

struct dbk_batch {
    dbk_book *book; /* borrowed */
    dbk_rc failed;  /* what ended it; DBK_OK: it goes on */
    /* Encoded ops that wait for their segment to be full; all of one space. */
    dbk_id space;
    dbk_book_feed *feed;
    dbk_bytes plain;
    size_t ends[DBK_SEGMENT_OPS_MAX]; /* of each op in plain */
    dbk_id records[DBK_SEGMENT_OPS_MAX];
    size_t count;
    size_t sealed_bound; /* what they take in a segment at most */
};

dbk_rc dbk_batch_begin(dbk_batch **out, dbk_book *book, dbk_err *err)
{
    if (book->batch_open)
        return dbk_fail(err, DBK_BUSY, "an import is under way");
    dbk_batch *batch = dbk_alloc(sizeof(*batch));
    if (batch == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for an import");
    batch->book = book;
    dbk_bytes_init(&batch->plain, DBK_SEGMENT_OPS_MAX * (size_t)DBK_OP_PLAIN_BYTES_MAX);
    book->batch_open = true;
    *out = batch;
    return DBK_OK;
}

static void forget_pending(dbk_batch *batch)
{
    dbk_bytes_truncate(&batch->plain, 0);
    batch->count = 0;
    batch->sealed_bound = 0;
}

void dbk_batch_end(dbk_batch *batch)
{
    if (batch == NULL)
        return;
    if (dbk_store_in_transaction(batch->book->store))
        dbk_book_rollback(batch->book);
    batch->book->batch_open = false;
    dbk_bytes_wipe(&batch->plain);
    dbk_free(batch);
}

/* Everything since the last flush goes, and nothing more is taken: the caller begins again after
 * what it knows to be durable. */
static dbk_rc fail_batch(dbk_batch *batch, dbk_rc rc)
{
    dbk_book_rollback(batch->book);
    forget_pending(batch);
    batch->feed = NULL;
    batch->failed = rc;
    return rc;
}

static dbk_rc check_alive(const dbk_batch *batch, dbk_err *err)
{
    if (batch->failed == DBK_OK)
        return DBK_OK;
    return dbk_fail(err, batch->failed, "the import failed earlier and must be begun again");
}

static dbk_rc seal_pending(dbk_batch *batch, dbk_err *err)
{
    dbk_span plain[DBK_SEGMENT_OPS_MAX];
    size_t begin = 0;
    if (batch->count == 0)
        return DBK_OK;
    for (size_t i = 0; i < batch->count; i++) {
        plain[i] = dbk_span_of(batch->plain.p + begin, batch->ends[i] - begin);
        begin = batch->ends[i];
    }
    dbk_rc rc = dbk_draft_store(batch->book, batch->feed, plain, batch->count, err);
    if (rc == DBK_OK)
        forget_pending(batch);
    return rc;
}

/* A transaction, and a feed of the space with room for one more op. */
static dbk_rc prepare(dbk_batch *batch, const dbk_id *space, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    if (!dbk_store_in_transaction(batch->book->store))
        rc = dbk_book_begin(batch->book, err);
    bool other_space = batch->feed == NULL || !dbk_id_equal(&batch->space, space);
    if (rc == DBK_OK && (other_space || batch->count == DBK_SEGMENT_OPS_MAX))
        rc = seal_pending(batch, err);
    if (rc == DBK_OK && other_space) {
        rc = dbk_feed_open(batch->book, &batch->feed, space, err);
        batch->space = *space;
    }
    return rc;
}

/* The op is encoded behind the others. When it might not fit their segment, they are sealed
 * first and it begins the next one. */
static dbk_rc take(dbk_batch *batch, dbk_draft *d, bool *row_fault, dbk_err *err)
{
    size_t begin = batch->plain.len;
    dbk_rc rc = dbk_draft_encode(d, &batch->plain, batch->feed, err);
    *row_fault = rc == DBK_LIMIT || rc == DBK_FORMAT;
    if (rc != DBK_OK)
        return rc;
    size_t bound = dbk_seal_frame_bound(batch->plain.len - begin);
    if (batch->count > 0 && batch->sealed_bound + bound > DBK_SEGMENT_BODY_BYTES_MAX) {
        dbk_bytes op = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
        rc = dbk_bytes_append(&op, dbk_span_of(batch->plain.p + begin, batch->plain.len - begin),
                              err);
        dbk_bytes_truncate(&batch->plain, begin);
        if (rc == DBK_OK)
            rc = seal_pending(batch, err);
        if (rc == DBK_OK)
            rc = dbk_bytes_append(&batch->plain, dbk_bytes_span(&op), err);
        dbk_bytes_wipe(&op);
    }
    if (rc != DBK_OK)
        return rc;
    batch->sealed_bound += bound;
    batch->records[batch->count] = d->record;
    batch->ends[batch->count] = batch->plain.len;
    batch->count++;
    return DBK_OK;
}

static dbk_rc check_pending(const dbk_batch *batch, const dbk_id *record, dbk_err *err)
{
    for (size_t i = 0; i < batch->count; i++)
        if (dbk_id_equal(&batch->records[i], record))
            return dbk_fail(err, DBK_CONFLICT, "there is a record with this id already");
    return DBK_OK;
}

dbk_rc dbk_batch_add(dbk_batch *batch, dbk_id *record, dbk_problems *problems, const dbk_add *add,
                     dbk_err *err)
{
    dbk_draft d = { 0 };
    bool row_fault = true;
    *record = (dbk_id){ { 0 } };
    dbk_rc rc = check_alive(batch, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_draft_new(&d, batch->book, &add->space, add->form, err);
    if (rc == DBK_OK)
        rc = dbk_journal_check_new(&d, problems, add, err);
    if (rc == DBK_OK)
        rc = dbk_journal_new_id(batch->book, &d.record, add, err);
    if (rc == DBK_OK)
        rc = check_pending(batch, &d.record, err);
    if (rc == DBK_OK) {
        row_fault = false;
        rc = prepare(batch, &add->space, err);
    }
    if (rc == DBK_OK)
        rc = take(batch, &d, &row_fault, err);
    if (rc == DBK_OK)
        *record = d.record;
    else if (!row_fault)
        (void)fail_batch(batch, rc);
    dbk_draft_wipe(&d);
    return rc;
}

dbk_book *dbk_batch_book(const dbk_batch *batch)
{
    return batch->book;
}

dbk_rc dbk_batch_take(dbk_batch *batch, dbk_draft *d, dbk_err *err)
{
    bool row_fault;
    dbk_rc rc = check_alive(batch, err);
    if (rc != DBK_OK)
        return rc;
    rc = prepare(batch, &d->space, err);
    if (rc == DBK_OK)
        rc = take(batch, d, &row_fault, err);
    return rc == DBK_OK ? DBK_OK : fail_batch(batch, rc);
}

dbk_rc dbk_batch_flush(dbk_batch *batch, dbk_err *err)
{
    dbk_rc rc = check_alive(batch, err);
    if (rc != DBK_OK || !dbk_store_in_transaction(batch->book->store))
        return rc;
    rc = seal_pending(batch, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(batch->book, err);
    return rc == DBK_OK ? DBK_OK : fail_batch(batch, rc);
}
