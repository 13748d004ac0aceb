/* Every record made anew from its sealed ops, and compared with what is stored and shown. */
#include <string.h>

#include "core/base/wire.h"
#include "core/journal/fold.h"
#include "core/journal/query_internal.h"
#include "core/journal/verify_internal.h"
#include "core/model/deed.h"
#include "core/store/deeds.h"
#include "core/store/rows_query.h"

#define LATE_FEEDS_MAX 8u
#define FEEDS_BYTES_MAX (DBK_STATE_FEEDS_MAX * sizeof(dbk_dot) * 2u)

/* One record in the making. Feeds come one after the other as they lie in the store, but for
 * those in `late`: with their ops in between the record would pass a limit (a flood that was
 * merged when what it named had come), so they come last. The result is the same in any order. */
typedef struct replay {
    dbk_verifier *v;
    const dbk_store_record *row;
    dbk_state *state;
    dbk_bytes feeds; /* dbk_dot: the last op of each feed so far */
    uint32_t place;
    uint64_t ops;
    bool bare;         /* one of its ops isn't here: it is believed */
    bool deed;         /* one of them ended or combined it */
    bool broken;       /* told already: the rest of the record can't be judged */
    dbk_rowid flooder; /* the feed that passed the limit; 0: none */
    dbk_rowid late[LATE_FEEDS_MAX];
    size_t late_count;
    size_t pass; /* 0: all but the late ones; n: late[n - 1] */
} replay;

static dbk_rc fault(replay *r, const char *what, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_id_uuid(uuid, &r->row->record);
    r->broken = true;
    return dbk_verify_fault(r->v, err, "Record %s %s.", uuid, what);
}

/* Each feed's ops come in order, each once: else merging would be asked for the impossible. */
static dbk_rc check_order(replay *r, bool *good, const dbk_dot *dot, dbk_err *err)
{
    dbk_dot *rows = (dbk_dot *)(void *)r->feeds.p;
    size_t count = r->feeds.len / sizeof(dbk_dot);
    for (size_t i = 0; i < count; i++) {
        if (!dbk_id_equal(&rows[i].feed, &dot->feed))
            continue;
        *good = dot->seq > rows[i].seq;
        rows[i].seq = dot->seq;
        return DBK_OK;
    }
    *good = true;
    return dbk_bytes_append(&r->feeds, dbk_span_of(dot, sizeof(*dot)), err);
}

static dbk_rc apply(replay *r, const dbk_opened *o, const dbk_book_feed *feed, dbk_err *err)
{
    dbk_err cause = { 0 };
    bool good = false;
    dbk_origin origin = { { o->header.feed, o->header.first_seq + r->place },
                          dbk_book_author_is_hq(r->v->book, &feed->device, &o->header.space,
                                                &o->header.members_seen) };
    if (!dbk_id_equal(&o->op.op.record, &r->row->record))
        return fault(r, "is said to hold a note of another record", err);
    dbk_rc rc = check_order(r, &good, &origin.dot, err);
    if (rc != DBK_OK)
        return rc;
    if (!good)
        return fault(r, "is said to hold one note twice, or out of order", err);
    r->deed = r->deed || dbk_op_ends(&o->op.op) || dbk_op_combines(&o->op.op);
    rc = dbk_state_apply(r->state, &o->op.op, &origin, &cause);
    if (rc == DBK_LIMIT) {
        r->flooder = feed->row;
        return DBK_OK;
    }
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", cause.text);
}

static size_t pass_of(const replay *r, dbk_rowid feed)
{
    for (size_t i = 0; i < r->late_count; i++)
        if (r->late[i] == feed)
            return i + 1;
    return 0;
}

static dbk_rc replay_segment(void *ctx, const dbk_store_segment *row, dbk_err *err)
{
    replay *r = ctx;
    dbk_opened o;
    dbk_err cause = { 0 };
    const dbk_book_feed *feed = dbk_tables_feed_of_row(&r->v->book->tables, row->feed);
    if (pass_of(r, row->feed) != r->pass)
        return DBK_OK;
    r->ops++;
    if (dbk_segment_is_bare(row)) { /* check_bare has looked whether it may be */
        r->bare = true;
        return DBK_OK;
    }
    dbk_rc rc = dbk_query_open_op(r->v->book, &o, &r->v->plain, row, r->place, &cause);
    if (rc == DBK_NOMEM)
        rc = dbk_fail(err, rc, "%s", cause.text);
    else if (rc != DBK_OK || feed == NULL || row->space != r->row->space)
        rc = fault(r, "is said to hold a note that can't be opened", err);
    else
        rc = apply(r, &o, feed, err);
    dbk_op_decoded_wipe(&o.op);
    return rc;
}

static dbk_rc replay_op(void *ctx, const dbk_store_op *op, dbk_err *err)
{
    replay *r = ctx;
    dbk_err cause = { 0 };
    if (r->broken || r->flooder != 0)
        return DBK_OK;
    r->place = op->place;
    dbk_rc rc = dbk_segments_get(r->v->book->store, op->segment, replay_segment, r, &cause);
    if (rc == DBK_NOT_FOUND)
        return fault(r, "is said to hold a note of a segment that is missing", err);
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", cause.text);
}

/* All ops once more, into a fresh state. */
static dbk_rc replay_all(replay *r, dbk_err *err)
{
    dbk_rc rc;
    dbk_state_free(r->state);
    r->state = NULL;
    r->ops = 0;
    r->flooder = 0;
    dbk_bytes_truncate(&r->feeds, 0);
    rc = dbk_state_new(&r->state, &r->row->record, err);
    for (r->pass = 0; r->pass <= r->late_count && rc == DBK_OK; r->pass++)
        rc = dbk_ops_of_record(r->v->book->store, r->row->id, replay_op, r, err);
    return rc;
}

static dbk_rc make_anew(replay *r, dbk_err *err)
{
    dbk_rc rc = replay_all(r, err);
    while (rc == DBK_OK && r->flooder != 0) {
        if (r->late_count == LATE_FEEDS_MAX || pass_of(r, r->flooder) != 0)
            return fault(r, "is over a limit, which its stored state can't be", err);
        r->late[r->late_count++] = r->flooder;
        rc = replay_all(r, err);
    }
    return rc;
}

/* A state that can't be made anew is at least one, and listed as it says. */
static dbk_rc believe(replay *r, dbk_err *err)
{
    dbk_state_free(r->state);
    r->state = NULL;
    r->v->result.believed++;
    dbk_err cause = { 0 };
    dbk_rc rc = dbk_state_decode(&r->state, &r->row->record, r->row->state, &cause);
    if (rc == DBK_FORMAT)
        return fault(r, "can't be read", err);
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", cause.text);
}

/* ---- what is kept beside the state, for whoever looks for the record --------------------------
 */

static dbk_rc is_listed(const replay *r, bool *same, dbk_err *err)
{
    return dbk_fold_in_step(r->v->book, same, r->row, r->state, err);
}

static dbk_rc is_found(const replay *r, bool *same, dbk_err *err)
{
    return dbk_query_values_in_step(r->v->book, same, r->row, err);
}

static dbk_rc is_cued(const replay *r, bool *same, dbk_err *err)
{
    return dbk_query_cues_in_step(r->v->book, same, r->row, err);
}

/* One mark too many costs a read: only one too few hides something. */
static dbk_rc is_marked(const replay *r, bool *same, dbk_err *err)
{
    *same = true;
    return r->deed ? dbk_deeds_has(r->v->book->store, same, r->row->id, err) : DBK_OK;
}

static const struct {
    dbk_rc (*look)(const replay *r, bool *same, dbk_err *err);
    const char *else_it;
} beside[] = {
    { is_listed, "is listed otherwise than its notes say" },
    { is_found, "is looked for elsewhere than its values stand" },
    { is_cued, "isn't where the rules of the work look for it" },
    { is_marked, "isn't where the log of use looks for what ended" },
};

static dbk_rc compare(replay *r, dbk_err *err)
{
    dbk_bytes made = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_rc rc = DBK_OK;
    if (r->ops == 0)
        rc = fault(r, "has no notes behind it", err);
    else if (r->bare && !r->broken)
        rc = believe(r, err);
    if (rc == DBK_OK && !r->broken)
        rc = dbk_state_encode(&made, r->state, err);
    if (rc == DBK_OK && !r->broken && !dbk_span_equal(dbk_bytes_span(&made), r->row->state))
        rc = fault(r, "differs from what its notes say", err);
    for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]) && rc == DBK_OK && !r->broken; i++) {
        bool same = false;
        rc = beside[i].look(r, &same, err);
        if (rc == DBK_OK && !same)
            rc = fault(r, beside[i].else_it, err);
    }
    dbk_bytes_wipe(&made);
    return rc;
}

/* ---- all --------------------------------------------------------------------------------------
 */

typedef struct records_walk {
    dbk_verifier *v;
    dbk_hasher state_hash;
    uint64_t ops;
} records_walk;

static void add_to_hash(dbk_hasher *h, const dbk_store_record *row)
{
    uint8_t len[4];
    (void)dbk_wire_put_u32(len, (uint32_t)row->state.len);
    dbk_hasher_add(h, dbk_span_of(row->record.b, sizeof(row->record.b)));
    dbk_hasher_add(h, dbk_span_of(len, sizeof(len)));
    dbk_hasher_add(h, row->state);
}

static dbk_rc check_record(void *ctx, const dbk_store_record *row, dbk_err *err)
{
    records_walk *w = ctx;
    replay r = { .v = w->v, .row = row, .feeds = DBK_BYTES_INIT(FEEDS_BYTES_MAX) };
    dbk_verify_step(w->v);
    w->v->result.records++;
    add_to_hash(&w->state_hash, row);
    dbk_rc rc = make_anew(&r, err);
    if (rc == DBK_OK)
        rc = compare(&r, err);
    w->ops += r.ops;
    dbk_state_free(r.state);
    dbk_bytes_wipe(&r.feeds);
    return rc;
}

dbk_rc dbk_verify_records(dbk_verifier *v, dbk_err *err)
{
    records_walk w = { .v = v };
    dbk_err cause = { 0 };
    size_t before = v->faults;
    dbk_hasher_init(&w.state_hash, "daybook/state/1");
    dbk_rc rc = dbk_records_of_space(v->book->store, v->space->row, check_record, &w, &cause);
    rc = dbk_verify_damage(v, rc, &cause, err);
    v->result.state_hash = dbk_hasher_end(&w.state_hash);
    /* Every op that should have a row has one; then any other count means rows of nothing. */
    if (rc == DBK_OK && v->faults == before && w.ops != v->op_rows)
        rc = dbk_verify_fault(v, err, "The records list %llu notes, the segments hold %llu.",
                              (unsigned long long)w.ops, (unsigned long long)v->op_rows);
    return rc;
}
