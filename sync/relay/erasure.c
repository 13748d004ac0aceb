#include "sync/relay/erasure.h"

#include <string.h>

#include "core/base/alloc.h"

/* ---- what comes in ----------------------------------------------------------------------- */

bool dbk_erasure_allows(dbk_roll *roll, const dbk_append_item *item)
{
    return item->holes == 0 || (item->holes & ~dbk_roll_erased(roll, &item->header)) == 0;
}

dbk_rc dbk_erasure_apply(dbk_roll *roll, dbk_append_item *item, dbk_bytes *store, dbk_err *err)
{
    uint64_t erased;
    return dbk_sealed_erase(&item->segment, &erased, store, &item->header,
                            dbk_roll_erased(roll, &item->header), err);
}

/* ---- where an order's ops stand ---------------------------------------------------------- */

/* The dots of one feed, and the places of the segments that hold them. A segment begins at most
 * DBK_SEGMENT_OPS_MAX - 1 before each of its ops, and a feed has no gaps: so an op stands in the
 * last segment that begins at or before it. */
typedef struct search {
    const dbk_dot *dots; /* ascending */
    size_t count;
    size_t at; /* all before it are looked up */
    bool any;  /* a place was seen since the walk began: the last one is */
    uint64_t first_seq, index;
    uint64_t *found; /* indexes, ascending; room for count */
    size_t found_count;
} search;

/* Up to this seq the dots are of the segment seen last. */
static void note(search *s, uint64_t end)
{
    while (s->at < s->count && s->dots[s->at].seq < end) {
        bool in = s->any && s->dots[s->at].seq - s->first_seq < DBK_SEGMENT_OPS_MAX;
        bool noted = s->found_count > 0 && s->found[s->found_count - 1] == s->index;
        if (in && !noted)
            s->found[s->found_count++] = s->index;
        s->at++;
    }
}

static dbk_rc see_place(void *ctx, uint64_t first_seq, const dbk_log_place *place, bool *stop,
                        dbk_err *err)
{
    search *s = ctx;
    (void)err;
    note(s, first_seq);
    s->any = true;
    s->first_seq = first_seq;
    s->index = place->index;
    /* Dots far apart are looked up anew: nobody walks through all that is between. */
    *stop = s->at == s->count || s->dots[s->at].seq - first_seq >= DBK_SEGMENT_OPS_MAX;
    return DBK_OK;
}

static dbk_rc find_places(const dbk_log_space *space, search *s, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    while (s->at < s->count && rc == DBK_OK) {
        dbk_dot after = s->dots[s->at];
        after.seq = after.seq > DBK_SEGMENT_OPS_MAX ? after.seq - DBK_SEGMENT_OPS_MAX : 0;
        size_t before = s->at;
        s->any = false;
        rc = dbk_log_places(space, &after, see_place, s, err);
        if (s->any)
            note(s, s->first_seq + DBK_SEGMENT_OPS_MAX);
        if (s->at == before)
            s->at++; /* it isn't here: it may come, and is erased then */
    }
    return rc;
}

/* ---- what stands ------------------------------------------------------------------------- */

/* Segments that stand near each other are read at once: so many at most, of which some may be none
 * of the order's. */
#define RUN_MAX 16u

typedef struct job {
    dbk_log_space space;
    dbk_roll *roll;
    dbk_bytes store;       /* the kept body that a segment or fork gets, if it gets one */
    const uint64_t *wants; /* indexes of the run */
    size_t wants_count;
    size_t at;               /* of the run */
    dbk_bytes run;           /* the kept bodies of it ... */
    size_t lengths[RUN_MAX]; /* ... one after the other; 0: it stays as it is */
    dbk_log_fork fork;       /* whose header is below */
    uint8_t header[DBK_SEGMENT_HEADER_BYTES];
} job;

static dbk_rc erase_ordered(job *j, dbk_sealed *segment, dbk_err *err)
{
    dbk_header h;
    uint64_t erased;
    dbk_rc rc = dbk_header_decode(&h, segment->header, err);
    if (rc == DBK_OK)
        rc = dbk_sealed_erase(segment, &erased, &j->store, &h, dbk_roll_erased(j->roll, &h), err);
    return rc == DBK_OK || rc == DBK_NOMEM ? rc : DBK_DAMAGED;
}

static dbk_rc see_segment(void *ctx, const dbk_log_segment *segment, bool *stop, dbk_err *err)
{
    job *j = ctx;
    dbk_sealed sealed = { segment->header, segment->body, segment->kept };
    if (segment->index != j->wants[j->at])
        return DBK_OK;
    dbk_rc rc = erase_ordered(j, &sealed, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&j->run, dbk_bytes_span(&j->store), err);
    j->lengths[j->at++] = j->store.len;
    *stop = j->at == j->wants_count;
    return rc;
}

/* Nothing is written while the log is walked through. */
static dbk_rc erase_run(job *j, const uint64_t *wants, size_t count, dbk_err *err)
{
    const dbk_log *log = j->space.log;
    const dbk_id *space = &j->space.space;
    dbk_log_read read = { wants[0], see_segment, j, wants[count - 1] - wants[0] + 1 };
    j->wants = wants;
    j->wants_count = count;
    j->at = 0;
    dbk_bytes_truncate(&j->run, 0);
    dbk_rc rc = log->ops->segments_read(log->self, space, &read, err);
    if (rc == DBK_OK && j->at != count)
        rc = dbk_fail(err, DBK_DAMAGED, "a segment isn't where its feed says");
    size_t from = 0;
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        dbk_span kept = { j->run.p + from, j->lengths[i] };
        from += kept.len;
        if (kept.len > 0)
            rc = log->ops->segment_keep(log->self, space, wants[i], kept, err);
    }
    return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
}

static dbk_rc erase_found(job *j, const search *s, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t at = 0, end; at < s->found_count && rc == DBK_OK; at = end) {
        for (end = at + 1; end < s->found_count; end++) {
            if (s->found[end] - s->found[at] >= RUN_MAX)
                break;
        }
        rc = erase_run(j, s->found + at, end - at, err);
    }
    return rc;
}

static dbk_rc see_fork(void *ctx, const dbk_log_fork *fork, bool *stop, dbk_err *err)
{
    job *j = ctx;
    j->fork = *fork;
    memcpy(j->header, fork->segment.header.p, sizeof(j->header));
    j->fork.segment.header = dbk_span_of(j->header, sizeof(j->header));
    dbk_rc rc = erase_ordered(j, &j->fork.segment, err);
    *stop = j->store.len > 0;
    return rc;
}

/* One after the other, until there is none of which anything is left to erase. */
static dbk_rc erase_forks(job *j, const dbk_id *feed, dbk_err *err)
{
    dbk_rc rc;
    do {
        dbk_bytes_truncate(&j->store, 0);
        rc = dbk_log_forks_of(&j->space, feed, see_fork, j, err);
        if (rc == DBK_OK && j->store.len > 0)
            rc = dbk_log_fork_put(&j->space, &j->fork, err);
    } while (rc == DBK_OK && j->store.len > 0);
    return rc;
}

/* dots: all of one feed. */
static dbk_rc run_feed(job *j, const dbk_dot *dots, size_t count, dbk_err *err)
{
    search s = { .dots = dots, .count = count };
    s.found = dbk_alloc_array(count, sizeof(*s.found));
    if (s.found == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for an order to dispose");
    dbk_rc rc = find_places(&j->space, &s, err);
    if (rc == DBK_OK)
        rc = erase_found(j, &s, err);
    if (rc == DBK_OK)
        rc = erase_forks(j, &dots[0].feed, err);
    dbk_free(s.found);
    return rc;
}

dbk_rc dbk_erasure_run(const dbk_log *log, dbk_roll *roll, const dbk_entry *order, dbk_err *err)
{
    job j = { .space = { log, order->space }, .roll = roll };
    dbk_rc rc = DBK_OK;
    dbk_bytes_init(&j.store, DBK_KEPT_BYTES_MAX);
    dbk_bytes_init(&j.run, RUN_MAX * DBK_KEPT_BYTES_MAX);
    DBK_ASSERT(order->kind == DBK_ENTRY_DISPOSE);
    for (size_t at = 0, end; at < order->dots_count && rc == DBK_OK; at = end) {
        const dbk_dot *first = &order->dots[at];
        for (end = at + 1; end < order->dots_count; end++) {
            if (!dbk_id_equal(&order->dots[end].feed, &first->feed))
                break;
        }
        rc = run_feed(&j, first, end - at, err);
    }
    log->ops->forget(log->self);
    dbk_bytes_wipe(&j.run);
    dbk_bytes_wipe(&j.store);
    return rc;
}
