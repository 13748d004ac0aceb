#include "core/journal/refill.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/absent.h"
#include "core/journal/inbox_internal.h"
#include "core/journal/snapshot.h"

struct dbk_refill {
    dbk_book *book;
    const dbk_book_space *space;
    dbk_bytes leaves; /* dbk_hash, of all entries that are applied here */
};

static dbk_rc take_leaf(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    dbk_refill *r = ctx;
    dbk_header h;
    uint64_t count = r->leaves.len / sizeof(dbk_hash);
    if (count == r->space->now.frontier.size)
        return DBK_NOT_FOUND; /* the end: what follows is receipted, but not applied */
    dbk_rc rc = dbk_inbox_stored_header(&h, row, err);
    if (rc == DBK_OK && row->log.index != count)
        rc = dbk_fail(err, DBK_DAMAGED, "an entry of the relay's log is missing here");
    if (rc != DBK_OK)
        return rc;
    dbk_hash hash = dbk_header_hash(&h);
    dbk_hash leaf = dbk_log_leaf(row->log.receipt_ms, &hash);
    return dbk_bytes_append(&r->leaves, dbk_span_of(leaf.b, sizeof(leaf.b)), err);
}

/* Ends a walk early without an error of its own. */
static dbk_rc walked(dbk_rc rc, const dbk_err *inner, dbk_err *err)
{
    if (rc == DBK_OK || (rc == DBK_NOT_FOUND && inner->rc == DBK_OK))
        return DBK_OK;
    return dbk_fail(err, rc, "%s", inner->text);
}

dbk_rc dbk_refill_open(dbk_refill **out, dbk_book *book, const dbk_id *space, dbk_err *err)
{
    dbk_err inner = { 0 };
    const dbk_book_space *row = dbk_tables_space(&book->tables, space);
    *out = NULL;
    if (row == NULL || row->now.frontier.size == 0 ||
        row->now.frontier.size != row->now.checkpoint_size)
        return dbk_fail(err, DBK_NOT_FOUND, "the relay has not signed for what is here");
    if (row->now.frontier.size > DBK_REFILL_LEAVES_MAX)
        return dbk_fail(err, DBK_LIMIT, "the log is too long to be given back");
    dbk_rc rc = dbk_absent_none(book, space, err);
    if (rc != DBK_OK)
        return rc == DBK_PENDING ? DBK_NOT_FOUND : rc;
    dbk_refill *r = dbk_alloc(sizeof(*r));
    if (r == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a refill");
    r->book = book;
    r->space = row;
    dbk_bytes_init(&r->leaves, DBK_REFILL_LEAVES_MAX * sizeof(dbk_hash));
    rc = dbk_segments_by_log(book->store, row->row, 0, take_leaf, r, &inner);
    rc = walked(rc, &inner, err);
    if (rc == DBK_OK && r->leaves.len / sizeof(dbk_hash) != row->now.frontier.size)
        rc = dbk_fail(err, DBK_DAMAGED, "entries of the relay's log are missing here");
    if (rc == DBK_OK) {
        *out = r;
        r = NULL;
    }
    dbk_refill_close(r);
    return rc;
}

void dbk_refill_close(dbk_refill *r)
{
    if (r == NULL)
        return;
    dbk_bytes_wipe(&r->leaves);
    dbk_free(r);
}

/* The root of a perfect subtree, from its leaves: proofs ask for few, and seldom. */
static dbk_rc node_get(void *ctx, unsigned level, uint64_t index, dbk_hash *out, dbk_err *err)
{
    const dbk_refill *r = ctx;
    dbk_frontier f;
    uint64_t size = UINT64_C(1) << level, from = index << level;
    if (from + size > r->leaves.len / sizeof(dbk_hash))
        return dbk_fail(err, DBK_DAMAGED, "a proof asks for entries that are not here");
    dbk_frontier_init(&f);
    for (uint64_t i = 0; i < size; i++) {
        dbk_hash leaf;
        memcpy(leaf.b, r->leaves.p + (from + i) * sizeof(leaf.b), sizeof(leaf.b));
        dbk_frontier_add(&f, DBK_TREE_LOG, &leaf, NULL, NULL);
    }
    *out = dbk_frontier_root(&f, DBK_TREE_LOG);
    return DBK_OK;
}

typedef struct measure {
    const dbk_refill_opts *opts;
    uint64_t end; /* behind the last that may be taken */
    uint32_t count;
    uint64_t bytes;
} measure;

static dbk_rc measure_row(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    measure *m = ctx;
    uint64_t size = row->header.len + row->body.len;
    (void)err;
    if (row->log.index >= m->end || dbk_segment_is_bare(row) || m->count == m->opts->count_max ||
        (m->count > 0 && m->bytes + size > m->opts->bytes_max))
        return DBK_NOT_FOUND; /* the end of this batch */
    m->count++;
    m->bytes += size;
    return DBK_OK;
}

dbk_rc dbk_refill_next(dbk_refill *r, dbk_refill_batch *out, const dbk_refill_opts *opts,
                       dbk_err *err)
{
    dbk_err inner = { 0 };
    const dbk_stand *now = &r->space->now;
    measure m = { .opts = opts, .end = now->frontier.size };
    memset(out, 0, sizeof(*out));
    dbk_rc rc = dbk_segments_by_log(r->book->store, r->space->row, opts->from, measure_row, &m,
                                    &inner);
    rc = walked(rc, &inner, err);
    if (rc != DBK_OK || m.count == 0)
        return rc;
    out->from = opts->from;
    out->count = m.count;
    out->checkpoint = dbk_span_of(now->note, now->note_len);
    return dbk_tree_consistency(&out->proof, DBK_TREE_LOG, opts->from + m.count,
                                now->checkpoint_size, node_get, r, err);
}

typedef struct giving {
    const dbk_refill_batch *batch;
    dbk_refill_fn fn;
    void *ctx;
} giving;

static dbk_rc give_row(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    const giving *g = ctx;
    if (row->log.index >= g->batch->from + g->batch->count)
        return DBK_NOT_FOUND;
    dbk_refill_entry entry = { row->log.receipt_ms, { row->header, row->body, row->kept } };
    return g->fn(g->ctx, &entry, err);
}

dbk_rc dbk_refill_entries(dbk_refill *r, const dbk_refill_batch *batch, dbk_refill_fn fn, void *ctx,
                          dbk_err *err)
{
    dbk_err inner = { 0 };
    giving g = { batch, fn, ctx };
    dbk_rc rc = dbk_segments_by_log(r->book->store, r->space->row, batch->from, give_row, &g,
                                    &inner);
    return walked(rc, &inner, err);
}

typedef struct bringing {
    measure m;
    uint64_t next; /* index */
    dbk_refill_fn fn;
    void *ctx;
} bringing;

static dbk_rc bring_row(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    bringing *b = ctx;
    if (row->log.index != b->next)
        return DBK_NOT_FOUND;
    dbk_rc rc = measure_row(&b->m, row, err);
    b->next++;
    if (rc != DBK_OK)
        return rc;
    dbk_refill_entry entry = { row->log.receipt_ms, { row->header, row->body, row->kept } };
    return b->fn(b->ctx, &entry, err);
}

dbk_rc dbk_refill_bodies(dbk_book *book, dbk_refill_batch *out, const dbk_id *space,
                         const dbk_refill_opts *opts, dbk_refill_fn fn, void *ctx, dbk_err *err)
{
    dbk_err inner = { 0 };
    const dbk_book_space *here = dbk_tables_space(&book->tables, space);
    memset(out, 0, sizeof(*out));
    if (here == NULL || here->now.note_len == 0)
        return DBK_OK;
    dbk_rc rc = dbk_absent_none(book, space, err);
    if (rc != DBK_OK)
        return rc == DBK_PENDING ? DBK_NOT_FOUND : rc;
    bringing b = { { .opts = opts, .end = here->now.frontier.size }, opts->from, fn, ctx };
    rc = dbk_segments_by_log(book->store, here->row, opts->from, bring_row, &b, &inner);
    rc = walked(rc, &inner, err);
    out->from = opts->from;
    out->count = b.m.count;
    out->checkpoint = dbk_span_of(here->now.note, here->now.note_len);
    return rc;
}
