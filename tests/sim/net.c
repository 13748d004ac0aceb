/* The wire between a device and the relay, and all that can happen to a message on it. What is on
 * it goes into the trace, and is looked through for what must never be there. */
#include "tests/lib/test.h"

#include <string.h>
#include <time.h>

#include "tests/sim/disk.h"
#include "tests/sim/faults.h"
#include "tests/sim/sim.h"

#define REQUEST_MAX (256u * 1024u)

/* A request that the relay has heard, to arrive once more. */
typedef struct old_request {
    dbk_exchange req;
    char target[512];
    char names[DBK_HTTP_HEADERS_MAX][64], values[DBK_HTTP_HEADERS_MAX][1024];
    uint8_t body[REQUEST_MAX];
    sync_device *d;
} old_request;
static old_request old;
/* An answer that was given once, to come where another is due. */
typedef struct old_answer {
    int status;
    uint8_t body[REQUEST_MAX];
    size_t len;
    sync_device *d;
} old_answer;
static old_answer stale;

static sim *waiting; /* whose driver waits */

/* In the place of the C library's: before the driver asks again it waits, and here the time just
 * passes. */
int nanosleep(const struct timespec *want, struct timespec *left)
{
    (void)left;
    if (waiting != NULL)
        waiting->now_ms += (uint64_t)want->tv_sec * 1000 + (uint64_t)want->tv_nsec / 1000000;
    return 0;
}

static void keep_request(sync_device *d, const dbk_exchange *req)
{
    old.d = NULL;
    if (req->body.len > sizeof(old.body) || strlen(req->target) >= sizeof(old.target))
        return;
    old.req = *req;
    memcpy(old.target, req->target, strlen(req->target) + 1);
    old.req.target = old.target;
    for (size_t i = 0; i < req->fields_count; i++) {
        if (strlen(req->fields[i].value) >= sizeof(old.values[i]) ||
            strlen(req->fields[i].name) >= sizeof(old.names[i]))
            return;
        memcpy(old.names[i], req->fields[i].name, strlen(req->fields[i].name) + 1);
        memcpy(old.values[i], req->fields[i].value, strlen(req->fields[i].value) + 1);
        old.req.fields[i] = (dbk_http_field){ old.names[i], old.values[i] };
    }
    if (req->body.len > 0)
        memcpy(old.body, req->body.p, req->body.len);
    old.req.body = dbk_span_of(old.body, req->body.len);
    old.d = d;
}

static void keep_answer(sync_device *d, const dbk_relay_answer *answer)
{
    if (answer->body.len > sizeof(stale.body))
        return;
    stale.status = answer->status;
    stale.len = answer->body.len;
    if (stale.len > 0)
        memcpy(stale.body, answer->body.p, stale.len);
    stale.d = d;
}

/* The relay hears it; it may die over it, and starts again. False: no answer. */
static bool deliver(sim *s, sync_device *d, dbk_relay_answer *answer, const dbk_exchange *req)
{
    relaykit *kit = &s->world.kit;
    kit->now_ms = (uint64_t)((int64_t)s->now_ms + s->relay_skew_ms);
    sync_deliver(d, answer, req);
    if (!disk_is_dead(DISK_RELAY))
        return true;
    dbk_bytes_wipe(&answer->body);
    hostile_end(s); /* it has the log open */
    relaykit_stop(kit);
    disk_report r = disk_revive(DISK_RELAY);
    if (r.torn)
        sim_mark(s, MARK_TORN);
    if (r.lost > 0)
        sim_mark(s, MARK_UNSYNCED_LOST);
    if (r.lied > 0)
        fates_relay_disk_lied(s);
    relaykit_start(kit);
    sim_mark(s, MARK_RELAY_RESTARTED);
    sim_note(s, "relay restarts");
    return false;
}

static void forget_answer(dbk_relay_answer *answer)
{
    dbk_bytes_wipe(&answer->body);
}

/* Something arrives that nobody waits for. */
static void deliver_again(sim *s, sync_device *d, const dbk_exchange *req)
{
    dbk_relay_answer answer;
    if (deliver(s, d, &answer, req))
        forget_answer(&answer);
}

static void spoil(sim *s, dbk_bytes *body, bool cut)
{
    if (body->len == 0)
        return;
    if (cut)
        dbk_bytes_truncate(body, (size_t)sim_dice(s, body->len));
    else
        body->p[sim_dice(s, body->len)] ^= (uint8_t)(1u << sim_dice(s, 8));
}

static bool reaches_spoilt(sim *s, sync_device *d, const dbk_exchange *req,
                           dbk_relay_answer *answer, bool cut)
{
    dbk_exchange spoilt = *req;
    dbk_bytes body = DBK_BYTES_INIT(DBK_RESPONSE_BYTES_MAX);
    DBK_ASSERT(dbk_bytes_append(&body, req->body, NULL) == DBK_OK);
    spoil(s, &body, cut);
    spoilt.body = dbk_bytes_span(&body);
    bool answered = deliver(s, d, answer, &spoilt);
    dbk_bytes_wipe(&body);
    return answered;
}

/* False: nothing comes back. */
static bool travel(sim *s, sync_device *d, const dbk_exchange *req, dbk_relay_answer *answer)
{
    bool answered;
    if (sim_fault(s, FAULT_NET_DROP))
        return false;
    if (old.d != NULL && sim_fault(s, FAULT_NET_LATE))
        deliver_again(s, old.d, &old.req);
    if (req->body.len > 0 && sim_fault(s, FAULT_NET_CUT_REQUEST))
        answered = reaches_spoilt(s, d, req, answer, true);
    else if (req->body.len > 0 && sim_fault(s, FAULT_NET_FLIP_REQUEST))
        answered = reaches_spoilt(s, d, req, answer, false);
    else
        answered = deliver(s, d, answer, req);
    if (!answered)
        return false;
    hostile_meddle((sim_device *)d, req, answer);
    if (s->rates[FAULT_NET_LATE] > 0)
        keep_request(d, req);
    if (sim_fault(s, FAULT_NET_DOUBLE))
        deliver_again(s, d, req);
    if (sim_fault(s, FAULT_NET_LOST_ANSWER) || sim_fault(s, FAULT_NET_SLOW)) {
        forget_answer(answer);
        return false;
    }
    /* An administrator who believes that an entry was taken signs the next one on it: that takes a
     * relay that lies, and is none of the wire's. */
    bool signs = strcmp(req->method, "GET") != 0 && strncmp(req->target, "/v1/members", 11) == 0;
    if (stale.d == d && !signs && sim_fault(s, FAULT_NET_STALE)) {
        dbk_bytes_truncate(&answer->body, 0);
        answer->body.max = DBK_RESPONSE_BYTES_MAX;
        answer->status = stale.status;
        DBK_ASSERT(dbk_bytes_append(&answer->body, dbk_span_of(stale.body, stale.len), NULL) ==
                   DBK_OK);
    } else if (s->rates[FAULT_NET_STALE] > 0) {
        keep_answer(d, answer);
    }
    if (answer->body.len > 0 && sim_fault(s, FAULT_NET_CUT_ANSWER))
        spoil(s, &answer->body, true);
    else if (answer->body.len > 0 && sim_fault(s, FAULT_NET_FLIP_ANSWER))
        spoil(s, &answer->body, false);
    return true;
}

static dbk_rc hand_over(dbk_answer *out, const dbk_exchange *req, dbk_relay_answer *answer,
                        dbk_err *err)
{
    out->status = answer->status;
    out->retry_after_s = answer->retry_after_s;
    memcpy(out->nonce, answer->nonce, sizeof(answer->nonce));
    out->sent_bytes = req->body.len;
    out->received_bytes = answer->body.len;
    dbk_rc rc = dbk_bytes_append(&out->body, dbk_bytes_span(&answer->body), NULL);
    if (rc == DBK_LIMIT)
        (void)dbk_fail(err, rc, "the relay's answer is longer than it may be");
    forget_answer(answer);
    return rc;
}

static dbk_rc exchange(void *self, dbk_answer *out, const dbk_exchange *req, dbk_err *err)
{
    sim_device *d = self;
    sim *s = d->sim;
    dbk_relay_answer answer;
    dbk_bytes_truncate(&out->body, 0);
    out->nonce[0] = '\0';
    out->sent_bytes = out->received_bytes = 0;
    waiting = s;
    s->now_ms += 20 + sim_dice(s, 300);
    dbk_hasher_add(&s->trace, dbk_span_str(req->target));
    dbk_hasher_add(&s->trace, req->body);
    check_plaintext(s, req->body, "a request");
    if (!s->healing && d->offline_until > s->step)
        return dbk_fail(err, DBK_UNREACHABLE, "the device is cut off");
    if (!travel(s, &d->d, req, &answer))
        return dbk_fail(err, DBK_UNREACHABLE, "nothing comes back");
    dbk_hasher_add(&s->trace, dbk_bytes_span(&answer.body));
    check_plaintext(s, dbk_bytes_span(&answer.body), "an answer");
    return hand_over(out, req, &answer, err);
}

static void close_nothing(void *self)
{
    (void)self;
}

static const dbk_transport_ops wire = { exchange, close_nothing };

const dbk_transport_ops *sim_wire(void)
{
    return &wire;
}
