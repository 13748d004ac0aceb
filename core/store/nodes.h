/* core/store/nodes.h - rows of a log's tree: roots of perfect subtrees of 64, 64^2, ... leaves,
 * from which the log's root at any earlier size is found without reading all of it. Derived: what
 * is missing is made from the segments again. By the log's incarnation, so that another log's can't
 * be taken for them. */
#ifndef DBK_STORE_NODES_H
#define DBK_STORE_NODES_H

#include "core/base/id.h"
#include "core/store/store.h"

typedef struct dbk_store_node {
    unsigned level; /* the subtree has 2^level leaves */
    uint64_t place; /* from 0, among those of its level */
    dbk_hash node;
} dbk_store_node;
/* One that is there already is replaced. */
DBK_MUST_CHECK dbk_rc dbk_nodes_put(dbk_store *store, const dbk_id *log, const dbk_store_node *row,
                                    dbk_err *err);
typedef dbk_rc (*dbk_store_node_fn)(void *ctx, const dbk_store_node *row, dbk_err *err);
/* Those of the first `size` leaves of a log are another's from now on; the rest goes. In a
 * transaction. */
DBK_MUST_CHECK dbk_rc dbk_nodes_rename(dbk_store *store, const dbk_id *from, const dbk_id *to,
                                       uint64_t size, dbk_err *err);
/* Those of row's level from its place on, at most count, in order. */
DBK_MUST_CHECK dbk_rc dbk_nodes_each(dbk_store *store, const dbk_id *log,
                                     const dbk_store_node *from, uint64_t count,
                                     dbk_store_node_fn fn, void *ctx, dbk_err *err);

#endif
