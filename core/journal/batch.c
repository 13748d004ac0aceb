/* Many adds: ops gather until a segment is full, segments until flush. */
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/draft.h"
#include "core/journal/feed.h"
#include "core/journal/journal.h"

struct dbk_batch {
    dbk_book *book;
    bool broken; /* a write failed: only end is left */
    dbk_id space;
    dbk_book_feed *feed; /* valid while a transaction is open */
    dbk_id records[DBK_SEGMENT_OPS_MAX];
    size_t ends[DBK_SEGMENT_OPS_MAX]; /* of each op in plain */
    size_t count;
    size_t bound;    /* bytes that the segment's body takes at most */
    dbk_bytes plain; /* the ops of the segment in the making */
};

dbk_rc dbk_batch_begin(dbk_batch **out, dbk_book *book, dbk_err *err)
{
    *out = NULL;
    if (book->batch_open)
        return dbk_fail(err, DBK_BUSY, "an import is under way");
    dbk_batch *b = dbk_alloc(sizeof(*b));
    if (b == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for an import");
    b->book = book;
    dbk_bytes_init(&b->plain, (size_t)DBK_SEGMENT_OPS_MAX * DBK_OP_PLAIN_BYTES_MAX);
    book->batch_open = true;
    *out = b;
    return DBK_OK;
}

/* The ops that have gathered become one segment and go into their records. */
static dbk_rc seal_gathered(dbk_batch *b, dbk_err *err)
{
    dbk_span plain[DBK_SEGMENT_OPS_MAX];
    dbk_appended appended = { 0 };
    size_t start = 0;
    if (b->count == 0)
        return DBK_OK;
    for (size_t i = 0; i < b->count; i++) {
        plain[i] = dbk_span_of(b->plain.p + start, b->ends[i] - start);
        start = b->ends[i];
    }
    dbk_rc rc = dbk_feed_append(b->book, &appended, b->feed, plain, b->count, err);
    if (rc == DBK_OK) {
        const dbk_draft_place at = { b->feed, appended.segment, appended.first_seq };
        rc = dbk_draft_fold(b->book, &at, plain, b->count, err);
    }
    b->count = 0;
    b->bound = 0;
    dbk_bytes_truncate(&b->plain, 0);
    return rc;
}

/* The transaction, and the feed of the space: a batch may go through several spaces. */
static dbk_rc open_space(dbk_batch *b, const dbk_id *space, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    bool same = b->feed != NULL && dbk_id_equal(&b->space, space);
    if (!same)
        rc = seal_gathered(b, err);
    if (rc == DBK_OK && !dbk_store_in_transaction(b->book->store))
        rc = dbk_book_begin(b->book, err);
    if (rc == DBK_OK && !same) {
        rc = dbk_feed_open(b->book, &b->feed, space, err);
        b->space = *space;
    }
    return rc;
}

static dbk_rc gather(dbk_batch *b, const dbk_draft *d, const dbk_change *change, dbk_err *err)
{
    const dbk_draft_op op = { change->writes, change->writes_count, NULL };
    dbk_bytes one = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    dbk_rc rc = open_space(b, &d->space, err);
    if (rc == DBK_OK)
        rc = dbk_draft_encode(&one, d, &op, b->feed, err);
    size_t bound = dbk_seal_frame_bound(one.len);
    if (rc == DBK_OK &&
        (b->count == DBK_SEGMENT_OPS_MAX || bound > DBK_SEGMENT_BODY_BYTES_MAX - b->bound))
        rc = seal_gathered(b, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&b->plain, dbk_bytes_span(&one), err);
    if (rc == DBK_OK) {
        b->records[b->count] = d->record;
        b->ends[b->count++] = b->plain.len;
        b->bound += bound;
    }
    dbk_bytes_wipe(&one);
    return rc;
}

static bool gathered_already(const dbk_batch *b, const dbk_id *record)
{
    for (size_t i = 0; i < b->count; i++)
        if (dbk_id_equal(&b->records[i], record))
            return true;
    return false;
}

dbk_rc dbk_batch_add(dbk_batch *b, dbk_id *record, dbk_problems *problems, const dbk_add *add,
                     dbk_err *err)
{
    dbk_draft d = { 0 };
    dbk_change change;
    const dbk_draft_new what = { .record = dbk_draft_new_id(b->book, add->record),
                                 .space = add->space,
                                 .form = add->form };
    dbk_change_init(&change);
    if (b->broken)
        return dbk_fail(err, DBK_IO, "the import was broken off");
    dbk_rc rc = dbk_draft_begin(&d, b->book, &what, err);
    if (rc == DBK_OK && gathered_already(b, &what.record))
        rc = dbk_fail(err, DBK_CONFLICT, "there is a record of that id already");
    const dbk_check_opts opts = { .form = d.view.form, .is_new = true };
    if (rc == DBK_OK)
        rc = dbk_record_check(&change, problems, &opts, add->inputs, add->inputs_count, err);
    if (rc == DBK_OK && change.writes_count == 0)
        rc = dbk_fail(err, DBK_INVALID, "a record needs at least one answer");
    if (rc == DBK_OK) {
        rc = gather(b, &d, &change, err);
        b->broken = rc != DBK_OK;
    }
    if (rc == DBK_OK)
        *record = what.record;
    dbk_change_wipe(&change);
    dbk_draft_wipe(&d);
    return rc;
}

dbk_rc dbk_batch_flush(dbk_batch *b, dbk_err *err)
{
    if (b->broken)
        return dbk_fail(err, DBK_IO, "the import was broken off");
    if (!dbk_store_in_transaction(b->book->store))
        return DBK_OK;
    dbk_rc rc = seal_gathered(b, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(b->book, err);
    b->feed = NULL;
    b->broken = rc != DBK_OK;
    return rc;
}

void dbk_batch_end(dbk_batch *b)
{
    if (b == NULL)
        return;
    dbk_book_rollback(b->book);
    b->book->batch_open = false;
    dbk_bytes_wipe(&b->plain);
    dbk_free(b);
}
