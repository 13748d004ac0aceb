#include "core/journal/reach.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/absent.h"
#include "core/journal/book_internal.h"
#include "core/journal/snapshot.h"
#include "core/store/segments.h"

/* ---- saying ---------------------------------------------------------------------------------- */

dbk_rc dbk_reach_word(dbk_book *book, uint8_t out[DBK_REACH_BYTES], const dbk_id *space,
                      dbk_err *err)
{
    dbk_absent absent;
    dbk_snapshot_begun begun = { 0 };
    const dbk_book_space *here = dbk_tables_space(&book->tables, space);
    memset(out, 0, DBK_REACH_BYTES);
    if (book->roster == NULL || here == NULL || here->now.frontier.size == 0 ||
        !dbk_role_reads(dbk_roster_role(book->roster, &book->own.device, space)))
        return dbk_fail(err, DBK_NOT_FOUND, "nothing is to be said");
    dbk_rc rc = dbk_absent_get(book, &absent, space, err);
    if (rc == DBK_OK && absent.any)
        rc = dbk_fail(err, DBK_NOT_FOUND, "not all of the log is here");
    if (rc == DBK_OK)
        rc = dbk_snapshot_begun_with(book, &begun, space, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_reach word = { .org = dbk_roster_org(book->roster),
                             .space = *space,
                             .log = here->now.log,
                             .size = here->now.frontier.size,
                             .root = dbk_frontier_root(&here->now.frontier, DBK_TREE_LOG),
                             .device = book->own.device,
                             .time_ms = book->env->now_ms(book->env->self),
                             .whole = begun.bare == 0 };
    dbk_reach_sign(out, &word, book->own.sign);
    return DBK_OK;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The words, decoded, and in the order of their sizes. */
typedef struct reading {
    const dbk_book_space *here;
    dbk_reach *words; /* ascending by device */
    size_t count;
    const dbk_reach **by_size; /* of the log that is in force, and not ahead of it */
    size_t judged, next;
    dbk_frontier frontier; /* of the log here, as far as it was walked */
    dbk_err *err;
} reading;

static dbk_rc made_up(dbk_err *err)
{
    return dbk_fail(err, DBK_PEER,
                    "the relay shows a word that no device of this space said: tell headquarters");
}

static dbk_rc take_word(reading *r, const dbk_roster *roster, dbk_span in, dbk_err *err)
{
    dbk_reach *w = &r->words[r->count];
    const dbk_id org = dbk_roster_org(roster);
    if (dbk_reach_decode(w, in, NULL) != DBK_OK)
        return made_up(err);
    const dbk_member *m = dbk_roster_device(roster, &w->device);
    if (m == NULL || !dbk_id_equal(&w->org, &org) || !dbk_id_equal(&w->space, &r->here->space) ||
        !dbk_reach_verify(w, &m->keys.sign) ||
        (r->count > 0 && dbk_id_compare(&w[-1].device, &w->device) >= 0))
        return made_up(err);
    if (dbk_id_equal(&w->log, &r->here->now.log) && w->size <= r->here->now.frontier.size)
        r->by_size[r->judged++] = w;
    r->count++;
    return DBK_OK;
}

static int compare_sizes(const void *a, const void *b)
{
    const dbk_reach *const *x = a, *const *y = b;
    return (*x)->size < (*y)->size ? -1 : (*x)->size > (*y)->size;
}

static dbk_rc judge(reading *r)
{
    dbk_hash root = dbk_frontier_root(&r->frontier, DBK_TREE_LOG);
    for (; r->next < r->judged && r->by_size[r->next]->size == r->frontier.size; r->next++) {
        if (!dbk_hash_equal(&r->by_size[r->next]->root, &root))
            return dbk_fail(r->err, DBK_PEER,
                            "a device has another history of this space than this one: the relay "
                            "shows different people different logs; tell headquarters");
    }
    return DBK_OK;
}

static dbk_rc pass_leaf(void *ctx, const dbk_store_segment *segment, dbk_err *err)
{
    reading *r = ctx;
    dbk_header h;
    (void)err;
    if (r->next == r->judged || segment->log.index != r->frontier.size)
        return DBK_NOT_FOUND; /* the end, or a hole that is told by what is missing */
    if (dbk_header_decode(&h, segment->header, NULL) != DBK_OK)
        return dbk_fail(r->err, DBK_DAMAGED, "a stored segment header is malformed");
    dbk_hash hash = dbk_header_hash(&h);
    dbk_hash leaf = dbk_log_leaf(segment->log.receipt_ms, &hash);
    dbk_frontier_add(&r->frontier, DBK_TREE_LOG, &leaf, NULL, NULL);
    return judge(r);
}

/* One walk along the log for all of them. */
static dbk_rc judge_all(reading *r, dbk_book *book, dbk_err *err)
{
    dbk_err why = { 0 }, ended = { 0 };
    if (r->judged == 0)
        return DBK_OK;
    qsort(r->by_size, r->judged, sizeof(const dbk_reach *), compare_sizes);
    dbk_frontier_init(&r->frontier);
    r->err = &why;
    dbk_rc rc = dbk_segments_by_log(book->store, r->here->row, 0, pass_leaf, r, &ended);
    if (why.rc != DBK_OK)
        return dbk_fail(err, why.rc, "%s", why.text);
    if (rc != DBK_OK && ended.rc != DBK_OK)
        return dbk_fail(err, rc, "%s", ended.text);
    return r->next == r->judged ? DBK_OK
                                : dbk_fail(err, DBK_DAMAGED, "an entry of the log is missing here");
}

static dbk_reached reached_by(const reading *r, const dbk_id *device)
{
    dbk_reached out = { .device = *device, .here = r->here->now.frontier.size };
    for (size_t i = 0; i < r->count; i++) {
        const dbk_reach *w = &r->words[i];
        if (!dbk_id_equal(&w->device, device) || !dbk_id_equal(&w->log, &r->here->now.log))
            continue;
        out.size = w->size;
        out.time_ms = w->time_ms;
        out.whole = w->whole;
        out.ahead = w->size > r->here->now.frontier.size;
    }
    return out;
}

/* A guest whose time is over gets nothing any more, and nobody waits for it. */
static bool is_reader(const dbk_book *book, const dbk_id *device, const dbk_id *space)
{
    const dbk_standing standing = dbk_book_standing_of(book, device, space);
    return dbk_role_reads(standing.role) && !standing.over;
}

static dbk_rc tell(const reading *r, const dbk_book *book, dbk_reached_fn fn, void *ctx,
                   dbk_err *err)
{
    const dbk_roster *roster = book->roster;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < dbk_roster_devices(roster) && rc == DBK_OK; i++) {
        const dbk_member *m = dbk_roster_device_at(roster, i);
        if (!is_reader(book, &m->device, &r->here->space))
            continue;
        const dbk_reached reached = reached_by(r, &m->device);
        rc = fn(ctx, &reached, err);
    }
    return rc;
}

dbk_rc dbk_reach_read(dbk_book *book, const dbk_id *space, dbk_span words, dbk_reached_fn fn,
                      void *ctx, dbk_err *err)
{
    size_t count = words.len / DBK_REACH_BYTES;
    reading r = { .here = dbk_tables_space(&book->tables, space) };
    if (book->roster == NULL || r.here == NULL)
        return dbk_fail(err, DBK_NOT_FOUND, "nothing of that space is here yet: sync first");
    if (words.len % DBK_REACH_BYTES != 0 || count > DBK_ROSTER_DEVICES_MAX)
        return made_up(err);
    r.words = dbk_alloc_array(count + 1, sizeof(*r.words));
    r.by_size = dbk_alloc_array(count + 1, sizeof(const dbk_reach *));
    dbk_rc rc = r.words != NULL && r.by_size != NULL
                    ? DBK_OK
                    : dbk_fail(err, DBK_NOMEM, "no memory for the devices' words");
    for (size_t i = 0; i < count && rc == DBK_OK; i++)
        rc = take_word(&r, book->roster,
                       dbk_span_of(words.p + i * DBK_REACH_BYTES, DBK_REACH_BYTES), err);
    if (rc == DBK_OK)
        rc = judge_all(&r, book, err);
    if (rc == DBK_OK)
        rc = tell(&r, book, fn, ctx, err);
    dbk_free(r.by_size);
    dbk_free(r.words);
    return rc;
}
