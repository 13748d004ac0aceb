/* core/crypto/tree.h - RFC 6962 section 2.1 trees over BLAKE2b-256, for two uses: the relay's log
 * of a space, and the op frames of a segment. Leaf = H(label, 0x00 || data), node = H(label,
 * 0x01 || left || right); the empty tree is H(label, "") .
 * The frontier is the log's right edge: the roots of the perfect subtrees of its size, largest
 * first. It is all that an appender or a replica must keep. */
#ifndef DBK_CRYPTO_TREE_H
#define DBK_CRYPTO_TREE_H

#include "core/base/id.h"

#define DBK_TREE_LOG "daybook/tree/log/1"
#define DBK_TREE_OPS "daybook/tree/ops/1"
#define DBK_TREE_LEVELS_MAX 63u
#define DBK_TREE_PROOF_MAX 63u         /* hashes in a proof; C2SP's limit */
#define DBK_TREE_SIZE_MAX (1ull << 62) /* leaves: so that no proof is longer; DBK_LIMIT above */

dbk_hash dbk_tree_leaf(const char *label, dbk_span data);
dbk_hash dbk_tree_node(const char *label, const dbk_hash *left, const dbk_hash *right);

typedef struct dbk_frontier {
    uint64_t size;
    dbk_hash nodes[DBK_TREE_LEVELS_MAX]; /* popcount(size) of them, largest subtree first */
} dbk_frontier;
void dbk_frontier_init(dbk_frontier *f);
/* Adds one leaf hash. If done != NULL, it is called for each perfect subtree that this leaf
 * completes, level 0 (the leaf) first: what a log stores to be able to prove. */
typedef void (*dbk_node_fn)(void *ctx, unsigned level, uint64_t index, const dbk_hash *node);
void dbk_frontier_add(dbk_frontier *f, const char *label, const dbk_hash *leaf, dbk_node_fn done,
                      void *ctx);
dbk_hash dbk_frontier_root(const dbk_frontier *f, const char *label);
/* u64 size || nodes, big-endian. Strict. */
DBK_MUST_CHECK dbk_rc dbk_frontier_encode(dbk_bytes *out, const dbk_frontier *f, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_frontier_decode(dbk_frontier *out, dbk_span in, dbk_err *err);

typedef struct dbk_proof {
    dbk_hash nodes[DBK_TREE_PROOF_MAX];
    size_t count;
} dbk_proof;
/* Fetches a stored perfect subtree's root. DBK_NOT_FOUND: a broken log. */
typedef dbk_rc (*dbk_node_get_fn)(void *ctx, unsigned level, uint64_t index, dbk_hash *out,
                                  dbk_err *err);
/* RFC 9162 section 2.1.3 and 2.1.4; asked for index < size, and old_size <= new_size. A proof of
 * consistency with the empty tree or with itself is empty. */
DBK_MUST_CHECK dbk_rc dbk_tree_inclusion(dbk_proof *out, const char *label, uint64_t index,
                                         uint64_t size, dbk_node_get_fn get, void *ctx,
                                         dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_tree_consistency(dbk_proof *out, const char *label, uint64_t old_size,
                                           uint64_t new_size, dbk_node_get_fn get, void *ctx,
                                           dbk_err *err);
/* Root of the first `size` leaves from stored nodes. */
DBK_MUST_CHECK dbk_rc dbk_tree_root(dbk_hash *out, const char *label, uint64_t size,
                                    dbk_node_get_fn get, void *ctx, dbk_err *err);
/* false: the proof does not prove it. */
bool dbk_tree_check_inclusion(const dbk_proof *proof, const char *label, const dbk_hash *leaf,
                              uint64_t index, uint64_t size, const dbk_hash *root);
bool dbk_tree_check_consistency(const dbk_proof *proof, const char *label, uint64_t old_size,
                                const dbk_hash *old_root, uint64_t new_size,
                                const dbk_hash *new_root);

#endif
