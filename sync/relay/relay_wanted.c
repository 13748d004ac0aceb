/* The calls for bodies that relays have let go of (decision 0041): who lacks some says from where
 * on, whoever reads the space and holds each of them is told so and brings them, and they stand
 * beside the log until nobody wants them any more. Two desks of headquarters hold them for sure;
 * but a body is what its author signed, whoever brings it. */
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "sync/relay/erasure.h"
#include "sync/relay/log_floor.h"
#include "sync/relay/log_reach.h"
#include "sync/relay/relay_calls.h"

/* Who lacks something says so at each sync; who hasn't for so long is waited for no more. */
#define WANT_MS (UINT64_C(30) * 24 * 3600 * 1000)

/* ---- what is wanted -------------------------------------------------------------------------- */

typedef struct wanting {
    dbk_relay *relay;
    dbk_id space;
    uint64_t now_ms;
    bool writes;   /* by the thread that changes the roll */
    dbk_id caller; /* zero: nobody */
    bool callers;  /* there is one of the caller's own */
    bool any;
    uint64_t from; /* the least */
} wanting;

static bool reads(const wanting *w, const dbk_id *device)
{
    dbk_roll *roll = w->relay->roll;
    return w->writes ? dbk_roll_reads_peek(roll, device, &w->space)
                     : dbk_roll_reads(roll, &(dbk_caller){ .device = *device }, &w->space);
}

static dbk_rc see_want(void *ctx, const dbk_log_want *want, dbk_err *err)
{
    wanting *w = ctx;
    (void)err;
    if (!reads(w, &want->device) ||
        (w->now_ms >= want->heard_ms && w->now_ms - want->heard_ms >= WANT_MS))
        return DBK_OK;
    w->callers = w->callers || dbk_id_equal(&want->device, &w->caller);
    if (!w->any || want->from < w->from)
        w->from = want->from;
    w->any = true;
    return DBK_OK;
}

/* The next body that is to be brought; none if all that somebody lacks stand beside the log. */
static dbk_rc next_wanted(wanting *w, const dbk_log_space *s, dbk_wanted *out, dbk_err *err)
{
    dbk_log_brought brought;
    uint64_t let_go;
    *out = (dbk_wanted){ false, 0 };
    w->any = false;
    dbk_rc rc = dbk_log_wants(s, see_want, w, err);
    if (rc != DBK_OK || !w->any)
        return rc;
    rc = dbk_log_let_go_get(s, &let_go, err);
    if (rc == DBK_OK)
        rc = dbk_log_brought_get(s, &brought, err);
    if (rc != DBK_OK)
        return rc;
    bool begun = brought.from < brought.to && brought.from <= w->from && w->from <= brought.to;
    out->from = begun ? brought.to : w->from;
    out->any = out->from < let_go;
    return DBK_OK;
}

/* It has said that it holds each body of this log. */
static dbk_rc is_whole(const dbk_log_space *s, const dbk_id *device, bool *whole, dbk_err *err)
{
    dbk_log_state state;
    dbk_log_reach row;
    dbk_err absent = { 0 };
    *whole = false;
    dbk_rc rc = dbk_log_state_get(s, &state, err);
    if (rc != DBK_OK)
        return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
    rc = dbk_log_reach_get(s, device, &row, &absent);
    if (rc != DBK_OK && rc != DBK_NOT_FOUND)
        return dbk_fail(err, rc, "%s", absent.text);
    *whole = rc == DBK_OK && row.said.whole && dbk_id_equal(&row.said.log, &state.log);
    return DBK_OK;
}

dbk_rc dbk_relay_wanted(dbk_relay *r, const dbk_log_space *s, const dbk_caller *caller,
                        uint64_t now_ms, dbk_wanted *out, dbk_err *err)
{
    wanting w = { .relay = r, .space = s->space, .now_ms = now_ms, .caller = caller->device };
    bool whole = false;
    *out = (dbk_wanted){ false, 0 };
    if (!dbk_roll_reads(r->roll, caller, &s->space))
        return DBK_OK;
    dbk_rc rc = next_wanted(&w, s, out, err);
    if (rc == DBK_OK && out->any && !w.callers)
        rc = is_whole(s, &caller->device, &whole, err);
    if (rc == DBK_OK && !whole)
        *out = (dbk_wanted){ false, 0 };
    return rc;
}

/* ---- saying so ------------------------------------------------------------------------------- */

typedef struct want_job {
    dbk_relay *relay;
    dbk_id space;
    bool lacks;
    dbk_log_want want;
} want_job;

static dbk_rc run_want(void *ctx, const dbk_log *log, dbk_err *err)
{
    want_job *job = ctx;
    const dbk_log_space s = { log, job->space };
    wanting left = {
        .relay = job->relay, .space = job->space, .now_ms = job->want.heard_ms, .writes = true
    };
    if (job->lacks)
        return dbk_log_want_put(&s, &job->want, err);
    dbk_rc rc = dbk_log_want_del(&s, &job->want.device, err);
    if (rc == DBK_OK)
        rc = dbk_log_wants(&s, see_want, &left, err);
    return rc == DBK_OK && !left.any ? dbk_log_besides_forget(&s, err) : rc;
}

dbk_rc dbk_call_wanted(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    want_job job = { .relay = r, .space = c->id };
    const dbk_job submit = { run_want, &job };
    dbk_wire w = dbk_wire_from(c->req->body);
    job.want = (dbk_log_want){ c->caller.device, dbk_wire_get_u64(&w), c->req->now_ms };
    job.lacks = job.want.from != DBK_WANTED_NOTHING;
    dbk_rc rc = dbk_wire_end(&w, "what is wanted", err);
    if (rc == DBK_OK)
        rc = dbk_relay_check_reader(r, c, err);
    if (rc == DBK_OK)
        rc = dbk_relay_write(r, &submit, err);
    if (rc == DBK_OK)
        a->status = 204;
    return rc;
}

/* ---- bringing them --------------------------------------------------------------------------- */

typedef struct bringing {
    dbk_relay *relay;
    dbk_id space;
    wanting wanted;
    dbk_range range;
    dbk_range_item items[DBK_PUSH_SEGMENTS_MAX];
    size_t at;
    bool good;
    dbk_bytes store; /* a body of which ops are erased as it comes in */
    dbk_rc decision;
    dbk_wanted next; /* if OK */
} bringing;

static dbk_rc screen(bringing *b, dbk_span body, dbk_err *err)
{
    dbk_rc rc = dbk_range_decode(&b->range, body, err);
    if (rc == DBK_OK && (b->range.count == 0 || b->range.count > DBK_PUSH_SEGMENTS_MAX))
        rc = dbk_fail(err, DBK_LIMIT, "1 to %u bodies at once", DBK_PUSH_SEGMENTS_MAX);
    dbk_range left = b->range;
    for (size_t i = 0; i < b->range.count && rc == DBK_OK; i++) {
        rc = dbk_range_next(&left, &b->items[i], err);
        if (rc == DBK_OK && !b->items[i].has_body)
            rc = dbk_fail(err, DBK_FORMAT, "a body is missing");
    }
    return rc == DBK_NOT_FOUND ? dbk_fail(err, DBK_FORMAT, "a segment is missing") : rc;
}

/* Each is just what the author of the header that stands there has signed, but for what is ordered
 * erased. */
static dbk_rc compare(void *ctx, const dbk_log_segment *segment, bool *stop, dbk_err *err)
{
    bringing *b = ctx;
    dbk_header h;
    dbk_kept kept;
    const dbk_sealed *s = &b->items[b->at].segment;
    (void)err;
    b->good = segment->index == b->range.from + b->at &&
              dbk_span_equal(segment->header, s->header) &&
              dbk_header_decode(&h, s->header, NULL) == DBK_OK &&
              dbk_kept_read(&kept, &h, s->body, s->kept, NULL) == DBK_OK &&
              (kept.holes & ~dbk_roll_erased(b->relay->roll, &h)) == 0;
    b->at++;
    *stop = !b->good || b->at == b->range.count;
    return DBK_OK;
}

static dbk_rc keep_beside(bringing *b, const dbk_log_space *s, uint64_t index, dbk_sealed *segment,
                          dbk_err *err)
{
    dbk_header h;
    uint64_t erased;
    dbk_rc rc = dbk_header_decode(&h, segment->header, err);
    if (rc == DBK_OK)
        rc = dbk_sealed_erase(segment, &erased, &b->store, &h, dbk_roll_erased(b->relay->roll, &h),
                              err);
    const dbk_log_beside body = { index, segment->kept, segment->body };
    return rc == DBK_OK ? dbk_log_beside_put(s, &body, err) : rc;
}

static dbk_rc keep_all(bringing *b, const dbk_log_space *s, dbk_err *err)
{
    dbk_log_brought brought;
    dbk_rc rc = dbk_log_brought_get(s, &brought, err);
    if (rc == DBK_OK && (brought.from == brought.to || brought.to != b->range.from)) {
        rc = dbk_log_besides_forget(s, err);
        brought = (dbk_log_brought){ b->range.from, b->range.from };
    }
    for (size_t i = 0; i < b->range.count && rc == DBK_OK; i++)
        rc = keep_beside(b, s, b->range.from + i, &b->items[i].segment, err);
    brought.to += b->range.count;
    if (rc == DBK_OK)
        rc = dbk_log_brought_put(s, &brought, err);
    return rc == DBK_OK ? next_wanted(&b->wanted, s, &b->next, err) : rc;
}

static dbk_rc run_bring(void *ctx, const dbk_log *log, dbk_err *err)
{
    bringing *b = ctx;
    const dbk_log_space s = { log, b->space };
    const dbk_log_read read = { b->range.from, compare, b, b->range.count };
    uint64_t let_go = 0;
    dbk_rc rc = next_wanted(&b->wanted, &s, &b->next, err);
    if (rc == DBK_OK)
        rc = dbk_log_let_go_get(&s, &let_go, err);
    if (rc != DBK_OK)
        return rc;
    if (!b->next.any || b->next.from != b->range.from) {
        b->decision = DBK_CONFLICT; /* another device was faster, or nobody wants them any more */
        return DBK_OK;
    }
    if (b->range.count >
        let_go - b->range.from) /* what the relay holds itself it needs not twice */
        b->range.count = (uint32_t)(let_go - b->range.from);
    rc = log->ops->segments_read(log->self, &s.space, &read, err);
    if (rc == DBK_OK && (!b->good || b->at != b->range.count))
        b->decision = DBK_DENIED;
    return rc == DBK_OK && b->decision == DBK_OK ? keep_all(b, &s, err) : rc;
}

dbk_rc dbk_call_bodies(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    dbk_rc rc = dbk_relay_check_reader(r, c, err);
    if (rc != DBK_OK)
        return rc;
    bringing *b = dbk_alloc(sizeof(*b));
    if (b == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for bodies");
    b->relay = r;
    b->space = c->id;
    b->wanted = (wanting){ .relay = r, .space = c->id, .now_ms = c->req->now_ms, .writes = true };
    dbk_bytes_init(&b->store, DBK_KEPT_BYTES_MAX);
    rc = screen(b, c->req->body, err);
    if (rc == DBK_OK) {
        const dbk_job job = { run_bring, b };
        rc = dbk_relay_write(r, &job, err);
    }
    if (rc == DBK_OK)
        rc = b->decision;
    if (rc == DBK_OK && b->next.any) {
        a->content_type = DBK_TYPE_JSON;
        rc = dbk_posted_encode(&a->body, b->next.from, err);
    } else if (rc == DBK_OK) {
        a->status = 204;
    }
    dbk_bytes_wipe(&b->store);
    dbk_free(b);
    return rc;
}
