#include "tests/lib/minilog.h"

#include <string.h>

#include "core/base/alloc.h"

static void must(dbk_rc rc, const dbk_err *err)
{
    if (rc != DBK_OK)
        dbk_assert_failed(err->text, "minilog", 0);
}

void minilog_init(minilog *log, const dbk_id *org, const dbk_id *space, const dbk_secret *relay)
{
    memset(log, 0, sizeof(*log));
    log->org = *org;
    log->space = *space;
    log->relay = relay;
    memset(log->log.b, 0x4c, sizeof(log->log.b));
    dbk_frontier_init(&log->frontier);
}

void minilog_wipe(minilog *log)
{
    for (size_t i = 0; i < log->count; i++) {
        dbk_free(log->items[i].header);
        dbk_free(log->items[i].body);
    }
    dbk_free(log->items);
    for (size_t i = 0; i < DBK_TREE_LEVELS_MAX; i++)
        dbk_free(log->nodes[i]);
    memset(log, 0, sizeof(*log));
}

void minilog_clear(minilog *log)
{
    const minilog kept = *log;
    minilog_wipe(log);
    minilog_init(log, &kept.org, &kept.space, kept.relay);
    log->log = kept.log;
}

static void node_done(void *ctx, unsigned level, uint64_t index, const dbk_hash *node)
{
    minilog *log = ctx;
    DBK_ASSERT(index == log->nodes_count[level]);
    if (log->nodes_count[level] == log->nodes_cap[level]) {
        size_t cap = log->nodes_cap[level] == 0 ? 64 : log->nodes_cap[level] * 2;
        dbk_hash *more = dbk_realloc(log->nodes[level], cap * sizeof(*more));
        DBK_ASSERT(more != NULL);
        log->nodes[level] = more;
        log->nodes_cap[level] = cap;
    }
    log->nodes[level][log->nodes_count[level]++] = *node;
}

static uint8_t *copy(dbk_span in)
{
    uint8_t *out = dbk_alloc(in.len);
    DBK_ASSERT(out != NULL);
    if (in.len > 0)
        memcpy(out, in.p, in.len);
    return out;
}

static void add_leaf(minilog *log, const minilog_item *item)
{
    dbk_hash leaf = dbk_log_leaf(item->receipt_ms, &item->header_hash);
    dbk_frontier_add(&log->frontier, DBK_TREE_LOG, &leaf, node_done, log);
}

uint64_t minilog_append(minilog *log, dbk_span header, dbk_span body, uint64_t receipt_ms)
{
    dbk_err err = { 0 };
    dbk_header h;
    must(dbk_header_decode(&h, header, &err), &err);
    if (log->count == log->cap) {
        size_t cap = log->cap == 0 ? 64 : log->cap * 2;
        minilog_item *more = dbk_realloc(log->items, cap * sizeof(*more));
        DBK_ASSERT(more != NULL);
        log->items = more;
        log->cap = cap;
    }
    minilog_item *item = &log->items[log->count++];
    *item = (minilog_item){ receipt_ms, dbk_header_hash(&h), copy(header),
                            copy(body), header.len,          body.len,
                            false };
    add_leaf(log, item);
    return log->count - 1;
}

void minilog_rebuild(minilog *log)
{
    memset(log->nodes_count, 0, sizeof(log->nodes_count));
    dbk_frontier_init(&log->frontier);
    for (size_t i = 0; i < log->count; i++)
        add_leaf(log, &log->items[i]);
}

static dbk_rc node_get(void *ctx, unsigned level, uint64_t index, dbk_hash *out, dbk_err *err)
{
    const minilog *log = ctx;
    if (index >= log->nodes_count[level])
        return dbk_fail(err, DBK_NOT_FOUND, "no such node");
    *out = log->nodes[level][index];
    return DBK_OK;
}

/* The tree's functions take a context that they may change; ours they only read. */
static void *reader(const minilog *log)
{
    return (void *)(uintptr_t)log;
}

dbk_hash minilog_root(const minilog *log, uint64_t size)
{
    dbk_err err = { 0 };
    dbk_hash root;
    must(dbk_tree_root(&root, DBK_TREE_LOG, size, node_get, reader(log), &err), &err);
    return root;
}

void minilog_checkpoint(const minilog *log, dbk_bytes *note, uint64_t size)
{
    dbk_err err = { 0 };
    dbk_checkpoint c = { log->org, log->space, log->log, size, minilog_root(log, size) };
    dbk_bytes_init(note, DBK_CHECKPOINT_BYTES_MAX);
    must(dbk_checkpoint_sign(note, &c, log->relay, &err), &err);
}

void minilog_proof(const minilog *log, dbk_proof *out, uint64_t old_size, uint64_t new_size)
{
    dbk_err err = { 0 };
    must(dbk_tree_consistency(out, DBK_TREE_LOG, old_size, new_size, node_get, reader(log), &err),
         &err);
}

void minilog_receipt(const minilog *log, dbk_receipted *out, uint64_t index)
{
    const minilog_item *item = &log->items[index];
    dbk_receipt_scope scope = { log->org, log->space, item->header_hash };
    memset(out, 0, sizeof(*out));
    out->header_hash = item->header_hash;
    out->receipt.log = log->log;
    out->receipt.index = index;
    out->receipt.receipt_ms = item->receipt_ms;
    dbk_receipt_sign(&out->receipt, &scope, log->relay);
}

dbk_sealed minilog_sealed(const minilog_item *item)
{
    return (dbk_sealed){ dbk_span_of(item->header, item->header_len),
                         dbk_span_of(item->body, item->body_len), item->kept };
}

static dbk_rc next(void *ctx, dbk_arrival *out, dbk_err *err)
{
    minilog_run *r = ctx;
    dbk_err bad = { 0 };
    dbk_header h;
    if (r->at == r->end)
        return dbk_fail(err, DBK_NOT_FOUND, "the end");
    const minilog_item *item = &r->log->items[r->at++];
    out->receipt_ms = item->receipt_ms;
    out->segment = minilog_sealed(item);
    out->has_body = true;
    if (!dbk_id_is_zero(&r->own) && dbk_header_decode(&h, out->segment.header, &bad) == DBK_OK &&
        dbk_id_equal(&h.feed, &r->own)) {
        out->has_body = false;
        out->segment.body = (dbk_span){ NULL, 0 };
    }
    return DBK_OK;
}

void minilog_run_init(minilog_run *r, const minilog *log, uint64_t from, uint32_t count,
                      const dbk_id *own)
{
    DBK_ASSERT(from + count <= log->count);
    memset(r, 0, sizeof(*r));
    r->log = log;
    if (own != NULL)
        r->own = *own;
    r->at = from;
    r->end = from + count;
    minilog_checkpoint(log, &r->note, log->count);
    minilog_proof(log, &r->proof, from + count, log->count);
    r->run = (dbk_run){ log->space, from, count, dbk_bytes_span(&r->note), &r->proof, next, r };
}

void minilog_run_wipe(minilog_run *r)
{
    dbk_bytes_wipe(&r->note);
}

dbk_position minilog_position(const minilog *log, dbk_book *book)
{
    dbk_err err = { 0 };
    dbk_position *all = NULL, found = { 0 };
    size_t count = 0;
    must(dbk_outbox_positions(book, &all, &count, &err), &err);
    found.space = log->space;
    for (size_t i = 0; i < count; i++)
        if (dbk_id_equal(&all[i].space, &log->space))
            found = all[i];
    dbk_free(all);
    return found;
}

typedef struct pushing {
    minilog *log;
    uint64_t receipt_ms;
    size_t count;
} pushing;

static dbk_rc push_one(void *ctx, const dbk_sealed *segment, dbk_err *err)
{
    pushing *p = ctx;
    (void)err;
    (void)minilog_append(p->log, segment->header, segment->body, p->receipt_ms);
    p->log->items[p->log->count - 1].kept = segment->kept;
    p->count++;
    return DBK_OK;
}

/* The last seq of a feed that the log holds. */
static uint64_t last_seq_of(const minilog *log, const dbk_id *feed)
{
    for (size_t i = log->count; i > 0; i--) {
        dbk_header h;
        dbk_err err = { 0 };
        const minilog_item *item = &log->items[i - 1];
        must(dbk_header_decode(&h, dbk_span_of(item->header, item->header_len), &err), &err);
        if (dbk_id_equal(&h.feed, feed))
            return dbk_header_last_seq(&h);
    }
    return 0;
}

size_t minilog_append_own(minilog *log, dbk_book *book, uint64_t receipt_ms)
{
    dbk_err err = { 0 };
    dbk_position at = minilog_position(log, book);
    pushing p = { log, receipt_ms, 0 };
    if (dbk_id_is_zero(&at.own_feed))
        return 0;
    dbk_outbox_opts opts = { log->space, last_seq_of(log, &at.own_feed), UINT32_MAX - 1,
                             UINT32_MAX };
    must(dbk_outbox_segments(book, &opts, push_one, &p, &err), &err);
    return p.count;
}

size_t minilog_push(minilog *log, dbk_book *book, uint64_t receipt_ms)
{
    dbk_err err = { 0 };
    size_t first = log->count;
    size_t count = minilog_append_own(log, book, receipt_ms);
    if (count == 0)
        return 0;
    dbk_receipted *receipts = dbk_alloc_array(count, sizeof(*receipts));
    dbk_bytes note;
    DBK_ASSERT(receipts != NULL);
    for (size_t i = 0; i < count; i++)
        minilog_receipt(log, &receipts[i], first + i);
    minilog_checkpoint(log, &note, log->count);
    must(dbk_inbox_receipts(book, &log->space, receipts, count, dbk_bytes_span(&note), &err), &err);
    dbk_bytes_wipe(&note);
    dbk_free(receipts);
    return count;
}

void minilog_pull(const minilog *log, dbk_book *book, uint32_t run_count, dbk_inbox_stats *stats)
{
    dbk_position at = minilog_position(log, book);
    while (at.size < log->count) {
        dbk_err err = { 0 };
        dbk_inbox_stats one;
        minilog_run run;
        uint64_t left = log->count - at.size;
        minilog_run_init(&run, log, at.size, left < run_count ? (uint32_t)left : run_count,
                         &at.own_feed);
        must(dbk_inbox_run(book, &one, &run.run, &err), &err);
        minilog_run_wipe(&run);
        at = minilog_position(log, book);
        if (stats == NULL)
            continue;
        stats->segments += one.segments;
        stats->ops += one.ops;
        stats->records_new += one.records_new;
        stats->records_changed += one.records_changed;
        stats->conflicts_new += one.conflicts_new;
        stats->pending += one.pending;
    }
}
