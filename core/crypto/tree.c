#include "core/crypto/tree.h"

#include <string.h>

#include "core/base/wire.h"
#include "core/crypto/hash.h"

#define SIZE_BYTES 8u

dbk_hash dbk_tree_leaf(const char *label, dbk_span data)
{
    static const uint8_t leaf_tag = 0x00;
    dbk_hasher h;
    dbk_hasher_init(&h, label);
    dbk_hasher_add(&h, dbk_span_of(&leaf_tag, 1));
    dbk_hasher_add(&h, data);
    return dbk_hasher_end(&h);
}

dbk_hash dbk_tree_node(const char *label, const dbk_hash *left, const dbk_hash *right)
{
    static const uint8_t node_tag = 0x01;
    dbk_hasher h;
    dbk_hasher_init(&h, label);
    dbk_hasher_add(&h, dbk_span_of(&node_tag, 1));
    dbk_hasher_add(&h, dbk_span_of(left->b, sizeof(left->b)));
    dbk_hasher_add(&h, dbk_span_of(right->b, sizeof(right->b)));
    return dbk_hasher_end(&h);
}

/* How many perfect subtrees a tree of this size is made of: one for each bit that is set. */
static size_t nodes_of(uint64_t size)
{
    size_t count = 0;
    for (; size > 0; size &= size - 1)
        count++;
    return count;
}

void dbk_frontier_init(dbk_frontier *f)
{
    memset(f, 0, sizeof(*f));
}

void dbk_frontier_add(dbk_frontier *f, const char *label, const dbk_hash *leaf, dbk_node_fn done,
                      void *ctx)
{
    DBK_ASSERT(f->size < DBK_TREE_SIZE_MAX);
    size_t count = nodes_of(f->size);
    dbk_hash node = *leaf;
    unsigned level = 0;
    if (done != NULL)
        done(ctx, 0, f->size, &node);
    /* As in counting up: each subtree of this size that stands there is carried into the next. */
    for (; (f->size >> level & 1) != 0; level++) {
        node = dbk_tree_node(label, &f->nodes[--count], &node);
        if (done != NULL)
            done(ctx, level + 1, f->size >> (level + 1), &node);
    }
    f->nodes[count] = node;
    f->size++;
    DBK_ASSERT(count + 1 == nodes_of(f->size));
}

dbk_hash dbk_frontier_root(const dbk_frontier *f, const char *label)
{
    size_t count = nodes_of(f->size);
    if (count == 0)
        return dbk_hash_of(label, (dbk_span){ NULL, 0 });
    dbk_hash root = f->nodes[--count];
    while (count > 0)
        root = dbk_tree_node(label, &f->nodes[--count], &root);
    return root;
}

dbk_rc dbk_frontier_encode(dbk_bytes *out, const dbk_frontier *f, dbk_err *err)
{
    size_t count = nodes_of(f->size);
    uint8_t *p;
    DBK_ASSERT(f->size <= DBK_TREE_SIZE_MAX);
    dbk_rc rc = dbk_bytes_extend(out, &p, SIZE_BYTES + count * DBK_HASH_BYTES, err);
    if (rc != DBK_OK)
        return rc;
    p = dbk_wire_put_u64(p, f->size);
    for (size_t i = 0; i < count; i++)
        p = dbk_wire_put_copy(p, f->nodes[i].b, sizeof(f->nodes[i].b));
    return DBK_OK;
}

dbk_rc dbk_frontier_decode(dbk_frontier *out, dbk_span in, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(in);
    dbk_frontier_init(out);
    uint64_t size = dbk_wire_get_u64(&w);
    if (size > DBK_TREE_SIZE_MAX)
        return dbk_fail(err, DBK_FORMAT, "a tree of %llu leaves", (unsigned long long)size);
    size_t count = nodes_of(size);
    for (size_t i = 0; i < count; i++)
        dbk_wire_get_copy(&w, out->nodes[i].b, sizeof(out->nodes[i].b));
    dbk_rc rc = dbk_wire_end(&w, "the frontier", err);
    if (rc != DBK_OK)
        dbk_frontier_init(out);
    else
        out->size = size;
    return rc;
}
