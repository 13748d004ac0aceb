/* core/journal/logtree.h - what a space's log looked like at any earlier size: its root then, and
 * the proof that it led to what it is now, from the segments that are stored here.
 * A root costs at most 63 rows of each level (core/store/nodes.h), read once for neighbouring
 * sizes. */
#ifndef DBK_JOURNAL_LOGTREE_H
#define DBK_JOURNAL_LOGTREE_H

#include "core/journal/book_internal.h"

typedef struct dbk_logtree dbk_logtree;
/* Of the log as far as it is applied here. The book must not change while it lives. */
DBK_MUST_CHECK dbk_rc dbk_logtree_new(dbk_logtree **out, dbk_book *book,
                                      const dbk_book_space *space, dbk_err *err);
void dbk_logtree_free(dbk_logtree *t); /* NULL is nothing */
/* size: at most what is applied here. DBK_DAMAGED: segments are missing. */
DBK_MUST_CHECK dbk_rc dbk_logtree_root(dbk_logtree *t, dbk_hash *out, uint64_t size, dbk_err *err);
/* The same, of one size. */
DBK_MUST_CHECK dbk_rc dbk_logtree_root_at(dbk_book *book, dbk_hash *out,
                                          const dbk_book_space *space, uint64_t size, dbk_err *err);
/* From this size to all that is applied. */
DBK_MUST_CHECK dbk_rc dbk_logtree_proof(dbk_logtree *t, dbk_proof *out, uint64_t size,
                                        dbk_err *err);

/* While leaves are added to a frontier: the perfect subtrees that are to be kept. */
#define DBK_LOGTREE_NODES_BYTES_MAX (1024u * 1024u)
typedef struct dbk_logtree_done {
    dbk_bytes nodes; /* dbk_store_node */
    dbk_rc rc;
} dbk_logtree_done;
void dbk_logtree_note(void *done, unsigned level, uint64_t place, const dbk_hash *node);
/* In a transaction; nothing is noted any more afterwards. */
DBK_MUST_CHECK dbk_rc dbk_logtree_keep(dbk_book *book, dbk_logtree_done *done, const dbk_id *log,
                                       dbk_err *err);
void dbk_logtree_done_wipe(dbk_logtree_done *done);

#endif
