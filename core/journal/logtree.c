#include "core/journal/logtree.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/inbox_internal.h"
#include "core/store/nodes.h"
#include "core/store/rows_query.h"

#define STEP 6u            /* levels between those that are stored */
#define BLOCK (1u << STEP) /* nodes of one level that are read together */
#define LEVELS ((DBK_TREE_LEVELS_MAX + STEP - 1) / STEP)

/* Neighbouring nodes of one stored level; of level 0 the leaves. */
typedef struct block {
    bool valid;
    uint64_t first; /* place of the first one */
    size_t count;
    dbk_hash nodes[BLOCK];
} block;

struct dbk_logtree {
    dbk_book *book;              /* borrowed */
    const dbk_book_space *space; /* borrowed */
    block blocks[LEVELS];
};

dbk_rc dbk_logtree_new(dbk_logtree **out, dbk_book *book, const dbk_book_space *space, dbk_err *err)
{
    dbk_logtree *t = dbk_alloc(sizeof(*t));
    *out = NULL;
    if (t == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a log's tree");
    t->book = book;
    t->space = space;
    *out = t;
    return DBK_OK;
}

void dbk_logtree_free(dbk_logtree *t)
{
    dbk_free(t);
}

/* ---- leaves -------------------------------------------------------------------------------- */

/* Leaves into a frontier, without a gap. */
typedef struct leaves {
    dbk_frontier frontier;
    uint64_t next;  /* index */
    dbk_hash *keep; /* or NULL */
    size_t kept;
} leaves;

static dbk_rc add_leaf(void *ctx, uint64_t index, uint64_t receipt_ms, dbk_span header,
                       dbk_err *err)
{
    leaves *l = ctx;
    dbk_header h;
    if (index != l->next || dbk_header_decode(&h, header, NULL) != DBK_OK)
        return dbk_fail(err, DBK_DAMAGED, "a segment of the log is missing from the store");
    dbk_hash hash = dbk_header_hash(&h);
    dbk_hash leaf = dbk_log_leaf(receipt_ms, &hash);
    if (l->keep != NULL)
        l->keep[l->kept++] = leaf;
    else
        dbk_frontier_add(&l->frontier, DBK_TREE_LOG, &leaf, NULL, NULL);
    l->next++;
    return DBK_OK;
}

static dbk_rc read_leaves(const dbk_logtree *t, leaves *l, uint64_t from, uint64_t count,
                          dbk_err *err)
{
    const dbk_segment_span range = { t->space->row, from, count };
    l->next = from;
    dbk_rc rc = dbk_segments_leaves(t->book->store, &range, add_leaf, l, err);
    if (rc == DBK_OK && l->next != from + count)
        rc = dbk_fail(err, DBK_DAMAGED, "a segment of the log is missing from the store");
    return rc;
}

/* ---- nodes --------------------------------------------------------------------------------- */

static dbk_rc take_node(void *ctx, const dbk_store_node *row, dbk_err *err)
{
    block *b = ctx;
    (void)err;
    if (row->place == b->first + b->count)
        b->nodes[b->count++] = row->node;
    return DBK_OK;
}

/* What isn't stored (a store of an older layout) is made from its leaves. */
static dbk_rc make_node(const dbk_logtree *t, dbk_hash *out, unsigned level, uint64_t place,
                        dbk_err *err)
{
    leaves l = { .keep = NULL };
    dbk_frontier_init(&l.frontier);
    dbk_rc rc = read_leaves(t, &l, place << level, UINT64_C(1) << level, err);
    if (rc == DBK_OK)
        *out = dbk_frontier_root(&l.frontier, DBK_TREE_LOG);
    return rc;
}

/* The block of a stored level that begins at `first`, as far as the log has come. */
static dbk_rc load(dbk_logtree *t, block *b, unsigned level, uint64_t first, dbk_err *err)
{
    uint64_t complete = t->space->now.frontier.size >> level;
    const dbk_store_node from = { .level = level, .place = first };
    dbk_rc rc;
    DBK_ASSERT(first < complete);
    uint64_t count = complete - first < BLOCK ? complete - first : BLOCK;
    b->valid = false;
    b->first = first;
    b->count = 0;
    if (level == 0) {
        leaves l = { .keep = b->nodes };
        rc = read_leaves(t, &l, first, count, err);
        b->count = l.kept;
    } else {
        rc = dbk_nodes_each(t->book->store, &t->space->now.log, &from, count, take_node, b, err);
        for (; rc == DBK_OK && b->count < count; b->count++)
            rc = make_node(t, &b->nodes[b->count], level, first + b->count, err);
    }
    b->valid = rc == DBK_OK;
    return rc;
}

/* dbk_node_get_fn: a node of any level from those of the next stored level below. */
static dbk_rc get_node(void *ctx, unsigned level, uint64_t place, dbk_hash *out, dbk_err *err)
{
    dbk_logtree *t = ctx;
    dbk_hash nodes[BLOCK];
    unsigned up = level % STEP;
    block *b = &t->blocks[level / STEP];
    uint64_t at = place << up;
    dbk_rc rc = DBK_OK;
    if (!b->valid || b->first != at - at % BLOCK)
        rc = load(t, b, level - up, at - at % BLOCK, err);
    if (rc != DBK_OK)
        return rc;
    size_t count = (size_t)1 << up;
    DBK_ASSERT(at - b->first + count <= b->count);
    memcpy(nodes, &b->nodes[at - b->first], count * sizeof(nodes[0]));
    for (; count > 1; count /= 2)
        for (size_t i = 0; i < count / 2; i++)
            nodes[i] = dbk_tree_node(DBK_TREE_LOG, &nodes[2 * i], &nodes[2 * i + 1]);
    *out = nodes[0];
    return DBK_OK;
}

dbk_rc dbk_logtree_root(dbk_logtree *t, dbk_hash *out, uint64_t size, dbk_err *err)
{
    DBK_ASSERT(size <= t->space->now.frontier.size);
    if (size == t->space->now.frontier.size) {
        *out = dbk_frontier_root(&t->space->now.frontier, DBK_TREE_LOG);
        return DBK_OK;
    }
    return dbk_tree_root(out, DBK_TREE_LOG, size, get_node, t, err);
}

dbk_rc dbk_logtree_root_at(dbk_book *book, dbk_hash *out, const dbk_book_space *space,
                           uint64_t size, dbk_err *err)
{
    dbk_logtree *tree = NULL;
    dbk_rc rc = dbk_logtree_new(&tree, book, space, err);
    if (rc == DBK_OK)
        rc = dbk_logtree_root(tree, out, size, err);
    dbk_logtree_free(tree);
    return rc;
}

dbk_rc dbk_logtree_proof(dbk_logtree *t, dbk_proof *out, uint64_t size, dbk_err *err)
{
    DBK_ASSERT(size <= t->space->now.frontier.size);
    return dbk_tree_consistency(out, DBK_TREE_LOG, size, t->space->now.frontier.size, get_node, t,
                                err);
}

/* ---- keeping ------------------------------------------------------------------------------- */

void dbk_logtree_note(void *ctx, unsigned level, uint64_t place, const dbk_hash *node)
{
    dbk_logtree_done *done = ctx;
    dbk_store_node row = { .level = level, .place = place, .node = *node };
    if (level == 0 || level % STEP != 0 || done->rc != DBK_OK)
        return;
    done->nodes.max = DBK_LOGTREE_NODES_BYTES_MAX;
    done->rc = dbk_bytes_append(&done->nodes, dbk_span_of(&row, sizeof(row)), NULL);
}

dbk_rc dbk_logtree_keep(dbk_book *book, dbk_logtree_done *done, const dbk_id *log, dbk_err *err)
{
    dbk_rc rc = done->rc;
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "no memory for a log's tree");
    for (size_t at = 0; at < done->nodes.len && rc == DBK_OK; at += sizeof(dbk_store_node)) {
        dbk_store_node row;
        memcpy(&row, done->nodes.p + at, sizeof(row));
        rc = dbk_nodes_put(book->store, log, &row, err);
    }
    return rc;
}

void dbk_logtree_done_wipe(dbk_logtree_done *done)
{
    dbk_bytes_wipe(&done->nodes);
}
