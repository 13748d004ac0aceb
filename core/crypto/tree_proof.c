/* Making and checking proofs: RFC 9162 section 2.1.3 (inclusion) and 2.1.4 (consistency), by
 * loops from the root down where the RFC recurses. */
#include "core/crypto/tree.h"

#include <string.h>

#include "core/crypto/hash.h"

/* Where the stored perfect subtrees are. */
typedef struct stored {
    const char *label;
    dbk_node_get_fn get;
    void *ctx;
} stored;

/* The largest power of two below n; n >= 2. */
static uint64_t split_of(uint64_t n)
{
    uint64_t k = 1;
    while (k < n - k)
        k *= 2;
    return k;
}

static unsigned level_of(uint64_t power_of_two)
{
    unsigned level = 0;
    while (power_of_two >> level > 1)
        level++;
    return level;
}

/* MTH(D[lo:hi]), where lo is a multiple of the largest power of two that is <= hi - lo: then
 * each bit of hi - lo is one stored subtree, and the root folds them from the right. */
static dbk_rc range_root(dbk_hash *out, const stored *s, uint64_t lo, uint64_t hi, dbk_err *err)
{
    dbk_rc rc;
    DBK_ASSERT(lo < hi);
    bool first = true;
    while (hi > lo) {
        uint64_t n = hi - lo;
        uint64_t piece = n & (~n + 1); /* the smallest subtree, at the right edge */
        dbk_hash node;
        DBK_ASSERT((hi - piece) % piece == 0);
        rc = s->get(s->ctx, level_of(piece), (hi - piece) / piece, &node, err);
        if (rc != DBK_OK)
            return rc;
        *out = first ? node : dbk_tree_node(s->label, &node, out);
        first = false;
        hi -= piece;
    }
    return DBK_OK;
}

/* The loops find a proof's hashes from the root down; a proof lists them from the leaf up. */
static void reverse(dbk_proof *proof)
{
    for (size_t i = 0, j = proof->count; i + 1 < j; i++) {
        dbk_hash node = proof->nodes[i];
        proof->nodes[i] = proof->nodes[--j];
        proof->nodes[j] = node;
    }
}

static dbk_rc push_range(dbk_proof *proof, const stored *s, uint64_t lo, uint64_t hi, dbk_err *err)
{
    DBK_ASSERT(proof->count < DBK_TREE_PROOF_MAX);
    return range_root(&proof->nodes[proof->count++], s, lo, hi, err);
}

dbk_rc dbk_tree_inclusion(dbk_proof *out, const char *label, uint64_t index, uint64_t size,
                          dbk_node_get_fn get, void *ctx, dbk_err *err)
{
    const stored s = { label, get, ctx };
    dbk_rc rc = DBK_OK;
    memset(out, 0, sizeof(*out));
    if (size > DBK_TREE_SIZE_MAX || index >= size)
        return dbk_fail(err, DBK_LIMIT, "no such leaf in a tree of this size");
    uint64_t lo = 0, hi = size;
    while (hi - lo > 1 && rc == DBK_OK) {
        uint64_t middle = lo + split_of(hi - lo);
        if (index < middle) {
            rc = push_range(out, &s, middle, hi, err);
            hi = middle;
        } else {
            rc = push_range(out, &s, lo, middle, err);
            lo = middle;
        }
    }
    if (rc != DBK_OK)
        memset(out, 0, sizeof(*out));
    reverse(out);
    return rc;
}

dbk_rc dbk_tree_consistency(dbk_proof *out, const char *label, uint64_t old_size, uint64_t new_size,
                            dbk_node_get_fn get, void *ctx, dbk_err *err)
{
    const stored s = { label, get, ctx };
    dbk_rc rc = DBK_OK;
    memset(out, 0, sizeof(*out));
    if (new_size > DBK_TREE_SIZE_MAX || old_size > new_size)
        return dbk_fail(err, DBK_LIMIT, "no such step between sizes of a tree");
    if (old_size == 0 || old_size == new_size)
        return DBK_OK;
    /* The subtree [lo, hi) holds the old tree's right edge; whole: it is the old tree itself,
     * whose root the checker has already. */
    uint64_t lo = 0, hi = new_size;
    while (hi != old_size && rc == DBK_OK) {
        uint64_t middle = lo + split_of(hi - lo);
        if (old_size <= middle) {
            rc = push_range(out, &s, middle, hi, err);
            hi = middle;
        } else {
            rc = push_range(out, &s, lo, middle, err);
            lo = middle;
        }
    }
    if (rc == DBK_OK && lo > 0)
        rc = push_range(out, &s, lo, hi, err);
    if (rc != DBK_OK)
        memset(out, 0, sizeof(*out));
    reverse(out);
    return rc;
}

dbk_rc dbk_tree_root(dbk_hash *out, const char *label, uint64_t size, dbk_node_get_fn get,
                     void *ctx, dbk_err *err)
{
    const stored s = { label, get, ctx };
    memset(out, 0, sizeof(*out));
    if (size > DBK_TREE_SIZE_MAX)
        return dbk_fail(err, DBK_LIMIT, "no tree has so many leaves");
    if (size == 0) {
        *out = dbk_hash_of(label, (dbk_span){ NULL, 0 });
        return DBK_OK;
    }
    dbk_rc rc = range_root(out, &s, 0, size, err);
    if (rc != DBK_OK)
        memset(out, 0, sizeof(*out));
    return rc;
}

/* Where a check stands on its way up: the index of the node, and of the last node, of its level. */
typedef struct climb {
    uint64_t node, last;
} climb;

/* Both up one level. */
static void up(climb *c)
{
    c->node >>= 1;
    c->last >>= 1;
}

/* True when the next hash stands to the left; then goes up past the levels at which the node is
 * the lonely right edge. */
static bool take_left(climb *c)
{
    if ((c->node & 1) == 0 && c->node != c->last)
        return false;
    while ((c->node & 1) == 0 && c->node != 0)
        up(c);
    return true;
}

bool dbk_tree_check_inclusion(const dbk_proof *proof, const char *label, const dbk_hash *leaf,
                              uint64_t index, uint64_t size, const dbk_hash *root)
{
    if (size > DBK_TREE_SIZE_MAX || index >= size || proof->count > DBK_TREE_PROOF_MAX)
        return false;
    climb c = { index, size - 1 };
    dbk_hash hash = *leaf;
    for (size_t i = 0; i < proof->count; i++) {
        if (c.last == 0)
            return false;
        if (take_left(&c))
            hash = dbk_tree_node(label, &proof->nodes[i], &hash);
        else
            hash = dbk_tree_node(label, &hash, &proof->nodes[i]);
        up(&c);
    }
    return c.last == 0 && dbk_hash_equal(&hash, root);
}

bool dbk_tree_check_consistency(const dbk_proof *proof, const char *label, uint64_t old_size,
                                const dbk_hash *old_root, uint64_t new_size,
                                const dbk_hash *new_root)
{
    if (new_size > DBK_TREE_SIZE_MAX || old_size > new_size || proof->count > DBK_TREE_PROOF_MAX)
        return false;
    if (old_size == new_size)
        return proof->count == 0 && dbk_hash_equal(old_root, new_root);
    if (old_size == 0) {
        dbk_hash empty = dbk_hash_of(label, (dbk_span){ NULL, 0 });
        return proof->count == 0 && dbk_hash_equal(old_root, &empty);
    }
    /* An old tree that is one perfect subtree is not repeated in the proof: it stands first. */
    bool perfect = (old_size & (old_size - 1)) == 0;
    size_t i = 0;
    if (!perfect && proof->count == 0)
        return false;
    dbk_hash old_hash = perfect ? *old_root : proof->nodes[i++];
    dbk_hash new_hash = old_hash;
    climb c = { old_size - 1, new_size - 1 };
    while ((c.node & 1) != 0)
        up(&c);
    for (; i < proof->count; i++) {
        if (c.last == 0)
            return false;
        if (take_left(&c)) {
            old_hash = dbk_tree_node(label, &proof->nodes[i], &old_hash);
            new_hash = dbk_tree_node(label, &proof->nodes[i], &new_hash);
        } else {
            new_hash = dbk_tree_node(label, &new_hash, &proof->nodes[i]);
        }
        up(&c);
    }
    return c.last == 0 && dbk_hash_equal(&old_hash, old_root) &&
           dbk_hash_equal(&new_hash, new_root);
}
