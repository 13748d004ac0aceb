/* What a run's authors say that the log was, against what it is here (R21); and second histories of
 * feeds that came in it (A15). In the run's transaction, when all of it is stored. */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/evidence.h"
#include "core/journal/inbox_internal.h"
#include "core/journal/logtree.h"

static bool is_own(const dbk_inbox_run_state *s, const dbk_inbox_item *item)
{
    const dbk_book_feed *feed = dbk_tables_feed(&s->book->tables, &item->feed);
    return feed != NULL && feed->own;
}

static bool same_claim(const dbk_inbox_item *a, const dbk_inbox_item *b)
{
    return a->seen_size == b->seen_size && dbk_hash_equal(&a->seen_root, &b->seen_root) &&
           dbk_hash_equal(&a->seen_members, &b->seen_members);
}

static int by_claim(const void *a, const void *b)
{
    const dbk_inbox_item *x = *(dbk_inbox_item *const *)a;
    const dbk_inbox_item *y = *(dbk_inbox_item *const *)b;
    if (x->seen_size != y->seen_size)
        return x->seen_size < y->seen_size ? -1 : 1;
    int order = memcmp(x->seen_root.b, y->seen_root.b, sizeof(x->seen_root.b));
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

/* Those whose claims must be looked at: most say what the one before them says. */
static size_t collect(dbk_inbox_run_state *s, dbk_inbox_item **out)
{
    const dbk_inbox_item *last = NULL;
    size_t count = 0;
    for (uint32_t i = 0; i < s->run->count; i++) {
        dbk_inbox_item *item = &s->items[i];
        if (item->seen_size == 0 || (last != NULL && same_claim(item, last)) || is_own(s, item))
            continue;
        last = out[count++] = item;
    }
    qsort(out, count, sizeof(out[0]), by_claim);
    return count;
}

/* Smaller sizes first, so that rows of the tree are read once. */
static dbk_rc judge(dbk_inbox_run_state *s, dbk_inbox_item **items, size_t count,
                    const dbk_book_space *space, dbk_err *err)
{
    dbk_logtree *tree = NULL;
    dbk_hash root = { { 0 } };
    uint64_t size = 0; /* that root is of */
    dbk_rc rc = dbk_logtree_new(&tree, s->book, space, err);
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        const dbk_inbox_item *item = items[i];
        bool here = item->seen_size <= space->now.frontier.size;
        if (i > 0 && same_claim(items[i - 1], item))
            continue;
        if (here && item->seen_size != size)
            rc = dbk_logtree_root(tree, &root, item->seen_size, err);
        size = here ? item->seen_size : size;
        if (rc == DBK_OK && !(here && dbk_hash_equal(&root, &item->seen_root)))
            rc = dbk_evidence_said(s->book, item->in.segment.header, err);
    }
    dbk_logtree_free(tree);
    return rc;
}

static dbk_rc check_claims(dbk_inbox_run_state *s, dbk_err *err)
{
    const dbk_book_space *space = dbk_tables_space(&s->book->tables, &s->run->space);
    dbk_rc rc = DBK_OK;
    dbk_inbox_item **items = dbk_alloc_array(s->run->count, sizeof(items[0]));
    if (items == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for %u segments", s->run->count);
    size_t count = collect(s, items);
    if (count > 0)
        rc = judge(s, items, count, space, err);
    dbk_free(items);
    return rc;
}

static bool is_fork(const dbk_inbox_item *item)
{
    return item->fate == DBK_FATE_ASIDE && item->reason != NULL &&
           strcmp(item->reason, DBK_WAIT_FORK) == 0;
}

/* The first that stands aside of each feed, with what follows it there up to one that vouches. */
static dbk_rc check_forks(dbk_inbox_run_state *s, dbk_err *err)
{
    dbk_bytes headers = DBK_BYTES_INIT(DBK_EXHIBIT_HEADERS_MAX * DBK_SEGMENT_HEADER_BYTES);
    uint32_t count = s->run->count;
    dbk_rc rc = DBK_OK;
    for (uint32_t i = 0, next = 0; i < count && rc == DBK_OK; i = next) {
        const dbk_id *feed = &s->by_feed[i]->feed;
        dbk_bytes_truncate(&headers, 0);
        for (next = i; next < count && dbk_id_equal(&s->by_feed[next]->feed, feed); next++) {
            if (!is_fork(s->by_feed[next]) || headers.len == headers.max || rc != DBK_OK)
                continue;
            rc = dbk_bytes_append(&headers, s->by_feed[next]->in.segment.header, err);
        }
        if (rc == DBK_OK && headers.len > 0)
            rc = dbk_evidence_fork(s->book, dbk_bytes_span(&headers), err);
    }
    dbk_bytes_wipe(&headers);
    return rc;
}

dbk_rc dbk_inbox_look_back(dbk_inbox_run_state *s, dbk_err *err)
{
    dbk_rc rc = check_claims(s, err);
    if (rc == DBK_OK)
        rc = check_forks(s, err);
    if (rc == DBK_OK)
        rc = dbk_evidence_grown(s->book, &s->run->space, err);
    return rc;
}

dbk_rc dbk_inbox_keep_note(dbk_book *book, const dbk_id *space, dbk_span note, dbk_err *err)
{
    dbk_err inner = { 0 };
    const dbk_ahead *ahead = dbk_cosigned_ahead(book, space);
    dbk_rc rc = dbk_evidence_note(book, space, note, &inner);
    if (rc == DBK_OK && ahead != NULL)
        rc = dbk_evidence_pair(book, dbk_span_of(ahead->note, ahead->note_len), note, &inner);
    if (rc == DBK_OK)
        return DBK_PEER;
    dbk_err_clear(err);
    return dbk_fail(err, rc, "%s", inner.text);
}
