/* Pushing and pulling the spaces, one after the other. */
#include <stdio.h>
#include <string.h>

#include "sync/engine/session_int.h"

#define SEGMENT_BYTES_MAX (DBK_SEGMENT_HEADER_BYTES + DBK_SEGMENT_BODY_BYTES_MAX)
#define RANGE_SLACK (SEGMENT_BYTES_MAX + 8u * 1024u) /* one segment over, head and proof */

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* What a backup left out comes before anything new. */
static bool lacks(const work *w)
{
    return w->local.absent_from < w->local.absent_to;
}

static uint64_t next_index(const work *w)
{
    return lacks(w) ? w->local.absent_from : w->local.size;
}

static bool is_pulled(const dbk_session *s, const work *w)
{
    return s->late || w->plan.push_only || (!lacks(w) && w->local.size >= w->plan.pull_to);
}

static bool has_words(const dbk_plan *plan)
{
    return plan->cosigned_count > 0 || plan->checkpoint != NULL;
}

/* The words of the next space that has some; behind the last, on to pushing. */
static void take_cosigned(dbk_session *s, dbk_session_action *next)
{
    while (s->at < s->works_count && !has_words(&s->works[s->at].plan))
        s->at++;
    if (s->at == s->works_count) {
        s->at = 0;
        dbk_session_next(s, next);
        return;
    }
    const work *w = &s->works[s->at];
    dbk_session_move(s, S_COSIGNED_TAKE);
    next->kind = DBK_ACTION_TAKE_COSIGNED;
    next->space = w->local.space;
    next->cosigned = w->plan.cosigned;
    next->cosigned_count = w->plan.cosigned_count;
    if (w->plan.checkpoint != NULL)
        next->checkpoint = dbk_span_str(w->plan.checkpoint);
}

void dbk_session_cosigned_taken(dbk_session *s, dbk_session_action *next,
                                const dbk_session_event *e)
{
    dbk_err err = { 0 };
    work *w = &s->works[s->at++];
    if (e->rc != DBK_OK) {
        (void)dbk_fail(&err, e->rc, "%s", e->why);
        if (dbk_retry_is_local(e->rc)) {
            dbk_session_fail(s, next, &err);
            return;
        }
        dbk_session_stopped(s, w, &err);
        w->push_over = w->pull_over = w->carry_over = true;
    }
    take_cosigned(s, next);
}

void dbk_session_spaces(dbk_session *s, dbk_session_action *next)
{
    for (size_t i = 0; i < s->works_count; i++) {
        dbk_err err = { 0 };
        work *w = &s->works[i];
        if (dbk_plan_space(&w->plan, &w->local, &s->welcome, &s->trust, &err) != DBK_OK) {
            dbk_session_stopped(s, w, &err);
            w->push_over = w->pull_over = w->carry_over = w->doubted = true;
            continue;
        }
        w->planned_feed = w->local.own_feed;
        w->planned_seq = w->local.own_last_seq;
        w->push_over = w->plan.push_after == w->local.own_last_seq;
        w->pull_over = is_pulled(s, w);
        w->carry_over = w->local.strays == 0;
        s->push_total += w->local.own_last_seq - w->plan.push_after;
    }
    s->batch_max = s->welcome.segments_max;
    s->at = 0;
    take_cosigned(s, next);
}

static void load(dbk_session *s, dbk_session_action *next, work *w)
{
    uint32_t bytes = least(s->welcome.push_bytes_max, DBK_SESSION_PUSH_BYTES);
    s->batch_count = 0;
    s->batch_ready = false;
    w->loaded_seq = w->plan.push_after;
    dbk_session_move(s, S_LOAD);
    next->kind = DBK_ACTION_LOAD;
    next->space = w->local.space;
    next->after_seq = w->plan.push_after;
    next->held_seq = w->plan.relay_seq;
    next->late = s->late;
    next->count_max = s->batch_max;
    /* A relay that takes less than one segment will say so; asking for none would be no end. */
    next->bytes_max = bytes > SEGMENT_BYTES_MAX + DBK_PUSH_HEAD_BYTES ? bytes - DBK_PUSH_HEAD_BYTES
                                                                      : SEGMENT_BYTES_MAX;
}

static void range_target(const dbk_session *s, char out[DBK_SESSION_TARGET_MAX], const work *w,
                         uint64_t from)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, &w->local.space);
    (void)snprintf(out, DBK_SESSION_TARGET_MAX, "/v1/spaces/%s/segments?from=%llu&bytes=%u%s", hex,
                   (unsigned long long)from,
                   (unsigned)least(s->welcome.range_bytes_max, DBK_SESSION_RANGE_BYTES),
                   w->plan.own_held && !lacks(w) ? "" : "&own=1");
}

static void pull(dbk_session *s, dbk_session_action *next, const work *w)
{
    dbk_session_get(s, least(s->welcome.range_bytes_max, DBK_SESSION_RANGE_BYTES) + RANGE_SLACK);
    range_target(s, s->target, w, next_index(w));
    s->pull_total = s->pull_done;
    for (size_t i = 0; i < s->works_count; i++) {
        const work *other = &s->works[i];
        if (!other->pull_over && lacks(other))
            s->pull_total += other->local.absent_to - other->local.absent_from;
        if (!other->pull_over)
            s->pull_total += other->plan.pull_to - other->local.size;
    }
    dbk_session_move(s, S_PULL);
    dbk_session_send(s, next);
}

/* The relay said that it has more of our feed, and its log, which is all here now, didn't show it:
 * nothing is believed (M48). */
static void check_shown(dbk_session *s, work *w)
{
    dbk_err err = { 0 };
    if (!w->pull_over || !w->plan.behind || !dbk_id_equal(&w->local.own_feed, &w->planned_feed))
        return;
    w->plan.behind = false; /* told once */
    if (w->plan.relay_seq > w->planned_seq && w->local.own_last_seq >= w->plan.relay_seq)
        return;            /* it did: the feed was closed when the store was restored */
    if (w->plan.push_only) /* nothing of it may be seen here, so nobody is accused */
        (void)dbk_fail(&err, DBK_PENDING,
                       "another store of this device has brought notes, and this device may not "
                       "read this space: what is only here stays here; show it to headquarters");
    else
        (void)dbk_fail(&err, DBK_PEER,
                       "the relay claims notes of this device that its log does not hold: tell "
                       "headquarters");
    dbk_session_stopped(s, w, &err);
}

/* A relay that answers a hello as it does to strangers may still take what was written: a device
 * that was removed brings it from its own last receipt on. What the relay says to that is signed,
 * or counts for nothing. */
bool dbk_session_late(dbk_session *s, dbk_session_action *next)
{
    bool any = false;
    for (size_t i = 0; i < s->works_count; i++) {
        work *w = &s->works[i];
        w->plan = (dbk_plan){ .push_after = w->local.own_receipted_seq,
                              .pull_to = w->local.size,
                              .own_held = true };
        w->push_over = w->plan.push_after == w->local.own_last_seq;
        w->pull_over = w->carry_over = true;
        s->push_total += w->local.own_last_seq - w->plan.push_after;
        any = any || !w->push_over;
    }
    if (!any)
        return false;
    s->late = true;
    s->welcome.push_bytes_max = DBK_SESSION_PUSH_BYTES;
    s->batch_max = DBK_PUSH_SEGMENTS_MAX;
    s->at = 0;
    dbk_session_next(s, next);
    return true;
}

void dbk_session_next(dbk_session *s, dbk_session_action *next)
{
    /* All pushes come before the first pull; once pulling, push_over is true everywhere. */
    for (size_t i = 0; i < s->works_count; i++) {
        if (!s->works[i].push_over) {
            s->at = i;
            load(s, next, &s->works[i]);
            return;
        }
    }
    for (size_t i = 0; i < s->works_count; i++) {
        if (!s->works[i].pull_over) {
            s->at = i;
            if (dbk_session_begins(s, &s->works[i]))
                dbk_session_begin(s, next, &s->works[i]);
            else
                pull(s, next, &s->works[i]);
            return;
        }
    }
    for (size_t i = 0; i < s->works_count; i++) {
        if (!s->works[i].carry_over) {
            s->at = i;
            dbk_session_carry(s, next, &s->works[i]);
            return;
        }
    }
    for (size_t i = 0; i < s->works_count; i++)
        check_shown(s, &s->works[i]);
    dbk_session_end(s, next);
}

static void stop_push(dbk_session *s, dbk_session_action *next, const dbk_err *err)
{
    work *w = &s->works[s->at];
    if (dbk_retry_is_local(err->rc)) {
        dbk_session_fail(s, next, err);
        return;
    }
    dbk_session_stopped(s, w, err);
    w->push_over = true;
    s->batch_ready = false;
    dbk_session_next(s, next);
}

void dbk_session_stop_pull(dbk_session *s, dbk_session_action *next, const dbk_err *err)
{
    work *w = &s->works[s->at];
    if (dbk_retry_is_local(err->rc)) {
        dbk_session_fail(s, next, err);
        return;
    }
    dbk_session_stopped(s, w, err);
    w->pull_over = w->carry_over = true;
    w->plan.behind = false; /* whatever it claims was not seen to the end */
    dbk_session_next(s, next);
}

/* ---- push ---------------------------------------------------------------------------- */

/* The relay holds another chain of our feed than we: the store was restored or copied. What it
 * holds is fetched, which gives this store a new incarnation (core/journal/reissue.h); nothing of
 * the old one is pushed any more. */
static void stop_forked(work *w)
{
    w->plan.behind = true;
    w->plan.own_held = false;
    w->push_over = true;
}

/* The relay's head of our feed must be a segment that we hold, or the two chains are two stores. */
static bool is_forked(const work *w, const dbk_header *h, const dbk_hash *hash)
{
    bool follows = h->first_seq == w->plan.relay_seq + 1 && w->plan.relay_seq > 0;
    bool is_head = dbk_header_last_seq(h) == w->plan.relay_seq;
    return (follows && !dbk_hash_equal(&h->prev, &w->plan.relay_head)) ||
           (is_head && !dbk_hash_equal(hash, &w->plan.relay_head));
}

dbk_rc dbk_session_add(dbk_session *s, const dbk_sealed *segment, dbk_err *err)
{
    dbk_header h;
    if (s->state == S_CARRY_LOAD)
        return dbk_session_add_stray(s, segment, err);
    DBK_ASSERT(s->state == S_LOAD);
    work *w = &s->works[s->at];
    if (w->plan.behind)
        return DBK_OK;
    dbk_rc rc = dbk_header_decode(&h, segment->header, NULL);
    if (rc != DBK_OK)
        return dbk_fail(err, DBK_DAMAGED, "an own segment is malformed");
    if (!dbk_id_equal(&h.space, &w->local.space) || !dbk_id_equal(&h.feed, &w->local.own_feed) ||
        h.first_seq != w->loaded_seq + 1 || dbk_header_last_seq(&h) > w->local.own_last_seq)
        return dbk_fail(err, DBK_DAMAGED, "own segments are not in order");
    dbk_hash hash = dbk_header_hash(&h);
    if (is_forked(w, &h, &hash)) {
        stop_forked(w);
        return DBK_OK;
    }
    if (s->batch_count == 0) {
        dbk_bytes_truncate(&s->body, 0);
        rc = dbk_push_begin(&s->body, err);
    }
    if (rc == DBK_OK)
        rc = dbk_push_add(&s->body, segment, err);
    if (rc != DBK_OK)
        return rc;
    s->batch[s->batch_count++] = (sent){ hash, dbk_header_last_seq(&h), h.count };
    w->loaded_seq = dbk_header_last_seq(&h);
    return DBK_OK;
}

static void take_receipts(dbk_session *s, dbk_session_action *next)
{
    dbk_session_move(s, S_PUSH_TAKE);
    next->kind = DBK_ACTION_TAKE_RECEIPTS;
    next->space = s->works[s->at].local.space;
    next->acked = s->acked;
    next->acked_count = s->acked_count;
    next->checkpoint = dbk_span_of(s->note, s->note_len);
    if (s->batch_ready)
        next->ahead = s->request;
}

void dbk_session_batch(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_err err = { 0 };
    if (e->rc == DBK_OK && s->works[s->at].plan.behind) { /* what was loaded before that stays */
        s->batch_ready = false;
        if (s->acked_count > 0)
            take_receipts(s, next);
        else
            dbk_session_next(s, next);
        return;
    }
    if (e->rc == DBK_OK && s->batch_count == 0)
        (void)dbk_fail(&err, DBK_DAMAGED, "own segments are missing from the store");
    else if (e->rc != DBK_OK)
        (void)dbk_fail(&err, e->rc, "%s", e->why);
    if (err.rc != DBK_OK && s->acked_count == 0) {
        stop_push(s, next, &err);
        return;
    }
    if (err.rc != DBK_OK) { /* what the relay has signed for is kept first */
        s->batch_failed = err;
        take_receipts(s, next);
        return;
    }
    dbk_session_post(s, "application/octet-stream",
                     DBK_PUSH_SEGMENTS_MAX * DBK_RESULT_BYTES + DBK_CHECKPOINT_BYTES_MAX + 64u);
    dbk_id_hex(hex, &s->works[s->at].local.space);
    (void)snprintf(s->target, sizeof(s->target), "/v1/spaces/%s/segments", hex);
    if (s->acked_count > 0) {
        s->batch_ready = true;
        take_receipts(s, next);
        return;
    }
    dbk_session_move(s, S_PUSH);
    dbk_session_send(s, next);
}

void dbk_session_push_refused(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    dbk_err err = { 0 };
    if (e->kind == DBK_EVENT_ANSWER && e->status == 413 && s->batch_count > 1) {
        s->batch_max = (uint32_t)(s->batch_count / 2);
        load(s, next, &s->works[s->at]);
        return;
    }
    if (e->kind == DBK_EVENT_FAILED)
        (void)dbk_fail(&err, e->rc, "%s", e->why);
    else
        (void)dbk_retry_cause(e->status, e->body, &err);
    stop_push(s, next, &err);
}

static void explain(dbk_push_status status, dbk_err *err)
{
    static const struct {
        dbk_rc rc;
        const char *text;
    } causes[] = {
        [DBK_PUSH_QUARANTINED] = { DBK_PENDING, "headquarters holds these notes, but this device "
                                                "was removed: a supervisor must admit them" },
        [DBK_PUSH_GAP] = { DBK_PEER, "the relay lost notes that it said it had" },
        [DBK_PUSH_TOO_LARGE] = { DBK_LIMIT, "a note is too large for the relay" },
        [DBK_PUSH_REFUSED] = { DBK_DENIED, "the relay does not take notes of this device" },
        [DBK_PUSH_DEVICE_FULL] = { DBK_LIMIT, "the relay has no more room for this device: its "
                                              "notes stay here; ask who runs the relay" },
        [DBK_PUSH_SPACE_FULL] = { DBK_LIMIT, "the relay has no more room for this space: its "
                                             "notes stay here; ask who runs the relay" },
    };
    (void)dbk_fail(err, causes[status].rc, "%s", causes[status].text);
}

/* Who was removed is shown nothing, so that its notes don't fit those that the relay has of it is
 * nobody's lie: this store or the relay may have been put back since. */
static bool is_past_fitting(const dbk_session *s, dbk_push_status status)
{
    return s->late && (status == DBK_PUSH_FORK || status == DBK_PUSH_GAP);
}

/* Fills acked with the leading segments that have receipts; stops the space at the first that
 * the relay did not take. Quarantined ones are held there: their receipts count as any other. */
static void sort_results(dbk_session *s, work *w, size_t count)
{
    s->acked_count = 0;
    s->acked_ops = 0;
    for (size_t i = 0; i < count; i++) {
        dbk_err err = { 0 };
        dbk_push_status status = s->results[i].status;
        if (status == DBK_PUSH_FORK && !s->late) {
            stop_forked(w);
            return;
        }
        if (!dbk_push_has_receipt(status)) {
            if (is_past_fitting(s, status))
                (void)dbk_fail(&err, DBK_PENDING,
                               "this device was removed, and its notes don't follow those that "
                               "the relay has of it: bring them to headquarters by a folder");
            else
                explain(status, &err);
            dbk_session_stopped(s, w, &err);
            s->counts.refused++;
            w->push_over = true;
            return;
        }
        if (status == DBK_PUSH_QUARANTINED || s->late) {
            explain(DBK_PUSH_QUARANTINED, &err);
            dbk_session_stopped(s, w, &err);
        }
        s->acked[s->acked_count++] = (dbk_acked){ s->batch[i].header_hash, s->results[i].receipt };
        s->acked_ops += s->batch[i].ops;
        DBK_ASSERT(s->batch[i].last_seq > w->plan.push_after);
        w->plan.push_after = s->batch[i].last_seq;
    }
}

/* The log has grown at least by what we sent: fetch what others sent in between. */
dbk_rc dbk_session_raise_goal(dbk_session *s, work *w, dbk_span note, dbk_err *err)
{
    dbk_checkpoint c;
    dbk_rc rc = dbk_plan_checkpoint(&c, note, &w->local.space, &s->trust, err);
    if (rc != DBK_OK)
        return rc;
    /* What was fetched in this session of a log that was never met before, the journal checked. */
    if (!dbk_id_is_zero(&w->local.log) && !dbk_id_equal(&c.log, &w->local.log))
        return dbk_fail(err, DBK_PEER, "the relay's log was rolled back or replaced");
    if (c.size > w->plan.pull_to)
        w->plan.pull_to = c.size;
    w->pull_over = is_pulled(s, w);
    return DBK_OK;
}

void dbk_session_pushed(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    size_t count;
    dbk_span note;
    dbk_err err = { 0 }, inner = { 0 };
    work *w = &s->works[s->at];
    dbk_rc rc = dbk_results_decode(s->results, &count, &note, e->body, &inner);
    if (rc != DBK_OK)
        rc = dbk_fail(&err, rc == DBK_VERSION ? rc : DBK_PEER, "%s", inner.text);
    else if (count != s->batch_count)
        rc = dbk_fail(&err, DBK_PEER, "the relay answered for other segments than were sent");
    if (rc != DBK_OK) {
        stop_push(s, next, &err);
        return;
    }
    sort_results(s, w, count);
    w->push_over = w->push_over || w->plan.push_after == w->local.own_last_seq;
    if (s->acked_count == 0 && !w->plan.behind) {
        dbk_session_next(s, next);
        return;
    }
    rc = dbk_session_raise_goal(s, w, note, &err);
    if (rc != DBK_OK) {
        w->pull_over = true;
        s->acked_count = 0;
        stop_push(s, next, &err);
        return;
    }
    if (s->acked_count == 0) {
        dbk_session_next(s, next);
        return;
    }
    memcpy(s->note, note.p, note.len);
    s->note_len = note.len;
    /* The next batch is read before these receipts are stored: it can travel in the meantime. */
    if (w->push_over)
        take_receipts(s, next);
    else
        load(s, next, w);
}

void dbk_session_receipts_taken(dbk_session *s, dbk_session_action *next,
                                const dbk_session_event *e)
{
    dbk_err err = s->batch_failed;
    work *w = &s->works[s->at];
    if (e->rc == DBK_OK) {
        s->counts.pushed_segments += s->acked_count;
        s->counts.pushed_ops += s->acked_ops;
        s->push_done += s->acked_ops;
        w->pull_over = is_pulled(s, w);
    } else {
        dbk_err_clear(&err);
        (void)dbk_fail(&err, e->rc, "%s", e->why);
    }
    s->acked_count = 0;
    dbk_err_clear(&s->batch_failed);
    if (err.rc != DBK_OK) {
        stop_push(s, next, &err);
    } else if (s->batch_ready) {
        s->batch_ready = false;
        dbk_session_move(s, S_PUSH);
        dbk_session_send(s, next);
    } else {
        dbk_session_next(s, next);
    }
}

/* ---- pull ---------------------------------------------------------------------------- */

void dbk_session_pull_refused(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    dbk_err err = { 0 };
    if (e->kind == DBK_EVENT_FAILED)
        (void)dbk_fail(&err, e->rc, "%s", e->why);
    else
        (void)dbk_retry_cause(e->status, e->body, &err);
    dbk_session_stop_pull(s, next, &err);
}

void dbk_session_pulled(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    dbk_range range;
    dbk_err err = { 0 }, inner = { 0 };
    const work *w = &s->works[s->at];
    dbk_rc rc = dbk_range_decode(&range, e->body, &inner);
    if (rc != DBK_OK)
        rc = dbk_fail(&err, rc == DBK_VERSION ? rc : DBK_PEER, "%s", inner.text);
    else if (range.from != next_index(w))
        rc = dbk_fail(&err, DBK_PEER, "the relay gives another range than was asked for");
    else if (range.count == 0)
        rc = dbk_fail(&err, DBK_PEER, "the relay keeps back what its checkpoint covers");
    if (rc != DBK_OK) {
        dbk_session_stop_pull(s, next, &err);
        return;
    }
    s->range_end = range.from + range.count;
    dbk_session_move(s, S_PULL_TAKE);
    next->kind = DBK_ACTION_TAKE_RANGE;
    next->space = w->local.space;
    next->range = range;
    next->brings_own = w->plan.behind;
    next->comes_back = lacks(w);
    if (s->range_end < (lacks(w) ? w->local.absent_to : w->plan.pull_to)) {
        range_target(s, s->ahead_target, w, s->range_end);
        next->ahead = s->request;
        next->ahead.target = s->ahead_target;
    }
}

/* A note is missing that no order here disposes of. One may have come between the chain and this
 * range, so both are asked for once more, and then it must be there: else the relay hides notes. */
static bool asks_again(dbk_session *s, const dbk_session_event *e)
{
    bool asks = e->rc == DBK_PENDING && !e->let_go && !lacks(&s->works[s->at]) && !s->asked_again;
    s->asked_again = s->asked_again || asks;
    return asks;
}

void dbk_session_range_taken(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    dbk_err err = { 0 };
    work *w = &s->works[s->at];
    if (asks_again(s, e)) {
        dbk_session_greet_again(s, next);
        return;
    }
    if (e->rc != DBK_OK) {
        bool hides = e->rc == DBK_PENDING && !e->let_go && !lacks(w);
        (void)dbk_fail(&err, hides ? DBK_PEER : e->rc, "%s", e->why);
        dbk_session_stop_pull(s, next, &err);
        return;
    }
    DBK_ASSERT(s->range_end > next_index(w));
    s->pull_done += s->range_end - next_index(w);
    bool back = lacks(w);
    if (e->local != NULL)
        dbk_session_refresh(s, e->local);
    if (back)
        w->local.absent_from = s->range_end;
    else
        w->local.size = s->range_end;
    w->pull_over = is_pulled(s, w);
    dbk_session_next(s, next);
}
