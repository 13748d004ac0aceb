/* The call that takes segments. What costs time and needs no order (parse, signature, op root) is
 * done here by as many threads as ask; the chain rule and the log are the writer's; receipts are
 * signed when the transaction is durable. */
#include <string.h>

#include "core/base/alloc.h"
#include "sync/relay/erasure.h"
#include "sync/relay/relay_calls.h"

typedef struct push {
    dbk_relay *relay;
    dbk_sealed raw[DBK_PUSH_SEGMENTS_MAX];
    dbk_append_item items[DBK_PUSH_SEGMENTS_MAX];
    bool sound[DBK_PUSH_SEGMENTS_MAX]; /* passed all checks that need no order */
    size_t count;
    dbk_push_result results[DBK_PUSH_SEGMENTS_MAX];
    bool is_out;          /* who brings it is out of the space, or of all */
    dbk_quota quota;      /* as it stood when the push came */
    dbk_feed_owner owner; /* of the feed looked up last */
    dbk_id owner_feed, owner_incarnation;
    dbk_bytes store; /* a body of which ops are erased as it comes in */
} push;

static bool find_owner(push *p, const dbk_header *h)
{
    dbk_feed_owner found;
    if (dbk_id_equal(&p->owner_feed, &h->feed) &&
        dbk_id_equal(&p->owner_incarnation, &h->incarnation))
        return true;
    if (!dbk_roll_feed_owner(p->relay->roll, &found, h))
        return false; /* the feed looked up before stays */
    p->owner = found;
    p->owner_feed = h->feed;
    p->owner_incarnation = h->incarnation;
    return true;
}

/* A member may carry a colleague's segments, one who is out only its own. */
static bool may_bring(const push *p, const dbk_call *c)
{
    return !p->is_out || dbk_id_equal(&p->owner.device, &c->caller.device);
}

/* Caps, canonical parse, a member's feed in this space, its signature, the op root: in this order,
 * cheapest first. Which one fails is not told: a sender's own copy tells it more. */
static dbk_push_status screen(push *p, size_t i, const dbk_call *c)
{
    const dbk_sealed *raw = &p->raw[i];
    dbk_append_item *item = &p->items[i];
    const dbk_header *h = &item->header;
    dbk_kept kept;
    if (raw->body.len > (raw->kept ? DBK_KEPT_BYTES_MAX : DBK_SEGMENT_BODY_BYTES_MAX))
        return DBK_PUSH_TOO_LARGE;
    if (dbk_header_decode(&item->header, raw->header, NULL) != DBK_OK ||
        !dbk_id_equal(&h->space, &c->id) || !find_owner(p, h) || !may_bring(p, c) ||
        dbk_header_verify(h, &p->owner.sign, NULL) != DBK_OK ||
        dbk_kept_read(&kept, h, raw->body, raw->kept, NULL) != DBK_OK)
        return DBK_PUSH_REFUSED;
    item->header_hash = dbk_header_hash(h);
    item->owner = p->owner.device;
    item->segment = *raw;
    item->holes = kept.holes;
    item->now_ms = c->req->now_ms;
    item->quota = &p->quota;
    p->sound[i] = true;
    return DBK_PUSH_ACCEPTED;
}

/* What depends on the chain is asked here, in the order of the log: no segment slips in behind its
 * author's removal, and none whole behind an order to dispose. */
static dbk_rc take(push *p, const dbk_log *log, dbk_append_item *item, dbk_err *err)
{
    dbk_roll *roll = p->relay->roll;
    if (!dbk_erasure_allows(roll, item)) {
        item->status = DBK_PUSH_REFUSED; /* not what was signed, and nobody ordered it so */
        return DBK_OK;
    }
    item->late = dbk_roll_is_late(roll, &item->owner, &item->header.space);
    dbk_rc rc = dbk_erasure_apply(roll, item, &p->store, err);
    return rc == DBK_OK ? dbk_append_take(p->relay->append, log, item, err) : rc;
}

/* A refused segment stops nothing by itself: later ones of its feed have a gap before them, all
 * others go on. */
static dbk_rc run_push(void *ctx, const dbk_log *log, dbk_err *err)
{
    push *p = ctx;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < p->count && rc == DBK_OK; i++) {
        if (p->sound[i])
            rc = take(p, log, &p->items[i], err);
    }
    return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
}

static void count_segment(dbk_metrics *m, const dbk_append_item *item, dbk_push_status status)
{
    static const dbk_count counts[] = {
        [DBK_PUSH_ACCEPTED] = DBK_COUNT_SEGMENTS_ACCEPTED,
        [DBK_PUSH_DUPLICATE] = DBK_COUNT_SEGMENTS_DUPLICATE,
        [DBK_PUSH_QUARANTINED] = DBK_COUNT_SEGMENTS_QUARANTINED,
        [DBK_PUSH_FORK] = DBK_COUNT_SEGMENTS_FORK,
        [DBK_PUSH_GAP] = DBK_COUNT_SEGMENTS_GAP,
        [DBK_PUSH_TOO_LARGE] = DBK_COUNT_SEGMENTS_TOO_LARGE,
        [DBK_PUSH_REFUSED] = DBK_COUNT_SEGMENTS_REFUSED,
        [DBK_PUSH_DEVICE_FULL] = DBK_COUNT_SEGMENTS_DEVICE_FULL,
        [DBK_PUSH_SPACE_FULL] = DBK_COUNT_SEGMENTS_SPACE_FULL,
    };
    dbk_metrics_add(m, counts[status], 1);
    if (status == DBK_PUSH_ACCEPTED || status == DBK_PUSH_QUARANTINED)
        dbk_metrics_add(m, DBK_COUNT_SEGMENT_BYTES,
                        item->segment.header.len + item->segment.body.len);
}

static void sign_receipts(push *p, const dbk_id *space)
{
    dbk_roll_org org;
    dbk_roll_org_get(p->relay->roll, &org);
    for (size_t i = 0; i < p->count; i++) {
        dbk_push_result *result = &p->results[i];
        const dbk_append_item *item = &p->items[i];
        if (p->sound[i])
            result->status = item->status;
        count_segment(p->relay->metrics, item, result->status);
        if (!p->sound[i])
            continue;
        if (!dbk_push_has_receipt(item->status))
            continue;
        dbk_receipt_scope scope = { org.org, *space, item->header_hash };
        result->receipt.log = item->log;
        result->receipt.index = item->place.index;
        result->receipt.receipt_ms = item->place.receipt_ms;
        dbk_receipt_sign(&result->receipt, &scope, p->relay->sk);
    }
}

static dbk_rc answer(push *p, dbk_relay_answer *a, const dbk_id *space, dbk_err *err)
{
    dbk_log_state state;
    size_t reader;
    dbk_rc rc = dbk_relay_reader_take(p->relay, &reader, err);
    if (rc != DBK_OK)
        return rc;
    dbk_log_space s = { &p->relay->readers[reader], *space };
    rc = dbk_log_state_get(&s, &state, err);
    dbk_relay_reader_give(p->relay, reader);
    if (rc != DBK_OK)
        return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
    a->content_type = DBK_TYPE_BINARY;
    return dbk_results_encode(&a->body, p->results, p->count,
                              dbk_span_of(state.note, state.note_len), err);
}

dbk_rc dbk_call_push(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    bool any = false;
    dbk_rc rc;
    /* Also when a guest's time is over, or a device is out of the space: what it wrote before it
     * heard may come late, and stands aside. */
    bool is_in = dbk_roll_in_space(r->roll, &c->caller, &c->id, 0);
    if (!is_in && !dbk_roll_left_space(r->roll, &c->caller, &c->id))
        return dbk_fail(err, DBK_NOT_FOUND, "no such space");
    push *p = dbk_alloc(sizeof(*p));
    if (p == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a push");
    p->relay = r;
    p->is_out = !is_in || c->caller.revoked;
    dbk_bytes_init(&p->store, DBK_KEPT_BYTES_MAX);
    p->quota = dbk_relay_quota(r);
    rc = dbk_push_decode(p->raw, &p->count, c->req->body, err);
    for (size_t i = 0; i < p->count && rc == DBK_OK; i++) {
        p->results[i].status = screen(p, i, c);
        any = any || p->sound[i];
    }
    if (rc == DBK_OK && any) {
        dbk_job job = { run_push, p };
        rc = dbk_relay_write(r, &job, err);
    }
    /* From here on it is durable: now, and not before, the relay gives its word. */
    if (rc == DBK_OK) {
        sign_receipts(p, &c->id);
        rc = answer(p, a, &c->id, err);
    }
    dbk_bytes_wipe(&p->store);
    dbk_free(p);
    return rc;
}
