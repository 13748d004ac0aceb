/* A relay that was put back from a backup. While it waits for the root's word this device gives it
 * what it lost and is held here: entries of the chain, then entries of logs. When it goes on again,
 * what others wrote and only this device holds is carried there; also if a folder brought it. */
#include <stdio.h>
#include <string.h>

#include "sync/engine/session_int.h"

#define GIFT_SEGMENTS_MAX DBK_PUSH_SEGMENTS_MAX

/* ---- giving back ------------------------------------------------------------------------- */

static bool gives_entry(const dbk_session *s)
{
    return s->give_seq < s->members_count;
}

/* Is there more of this log here than there? Of a log that lost its very beginning the relay
 * doesn't know the name any more; of a space that was lost whole it learns with the entries. */
static bool has_more(const dbk_session *s, const work *w)
{
    const dbk_welcome_space *there = dbk_plan_find(&s->welcome, &w->local.space);
    return !w->give_over && w->given < w->local.size &&
           (there == NULL || there->size == 0 || dbk_id_equal(&there->log, &w->local.log));
}

static void load_gift(dbk_session *s, dbk_session_action *next)
{
    s->give_count = 0;
    dbk_session_move(s, S_GIVE_LOAD);
    if (gives_entry(s)) {
        next->kind = DBK_ACTION_LOAD_ENTRY;
        next->after_seq = s->give_seq;
        return;
    }
    next->kind = DBK_ACTION_LOAD_REFILL;
    next->space = s->works[s->at].local.space;
    next->after_seq = s->works[s->at].given;
    next->count_max = s->batch_max;
    next->bytes_max = DBK_SESSION_PUSH_BYTES;
}

static void next_gift(dbk_session *s, dbk_session_action *next)
{
    dbk_err err = { 0 };
    if (gives_entry(s)) {
        load_gift(s, next);
        return;
    }
    if (s->gave_entries) { /* one may have told it a log's later name, or of a space */
        s->gave_entries = false;
        dbk_session_greet_again(s, next);
        return;
    }
    for (; s->at < s->works_count; s->at++) {
        if (has_more(s, &s->works[s->at])) {
            load_gift(s, next);
            return;
        }
    }
    (void)dbk_fail(&err, DBK_PENDING,
                   "the relay was restored from a backup and waits for headquarters to confirm it "
                   "(daybook org recover-log): nothing is lost, keep working");
    dbk_session_fail(s, next, &err);
}

void dbk_session_recover(dbk_session *s, dbk_session_action *next)
{
    s->give_seq = s->welcome.members_count;
    s->batch_max = GIFT_SEGMENTS_MAX;
    s->at = 0;
    for (size_t i = 0; i < s->works_count; i++) {
        work *w = &s->works[i];
        const dbk_welcome_space *there = dbk_plan_find(&s->welcome, &w->local.space);
        w->given = there != NULL ? there->size : 0;
    }
    next_gift(s, next);
}

dbk_rc dbk_session_give(dbk_session *s, dbk_span body, uint32_t count, dbk_err *err)
{
    DBK_ASSERT(s->state == S_GIVE_LOAD);
    DBK_ASSERT(count > 0);
    dbk_bytes_truncate(&s->body, 0);
    s->give_count = count;
    return dbk_bytes_append(&s->body, body, err);
}

static void give_up(dbk_session *s, dbk_session_action *next)
{
    s->works[s->at].give_over = true;
    next_gift(s, next);
}

void dbk_session_gift_loaded(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    dbk_err err = { 0 };
    char hex[DBK_ID_HEX_SIZE];
    bool none = e->rc == DBK_NOT_FOUND || (e->rc == DBK_OK && s->give_count == 0);
    if (none && !gives_entry(s)) {
        give_up(s, next);
        return;
    }
    if (e->rc != DBK_OK || none) {
        (void)dbk_fail(&err, none ? DBK_DAMAGED : e->rc, "%s",
                       none ? "an entry of the membership chain is missing here" : e->why);
        dbk_session_fail(s, next, &err);
        return;
    }
    dbk_session_post(s, "application/octet-stream", DBK_CONTROL_BYTES_MAX);
    if (gives_entry(s)) {
        (void)snprintf(s->target, sizeof(s->target), "/v1/recovery");
    } else {
        dbk_id_hex(hex, &s->works[s->at].local.space);
        (void)snprintf(s->target, sizeof(s->target), "/v1/spaces/%s/refill", hex);
    }
    dbk_session_move(s, S_GIVE);
    dbk_session_send(s, next);
}

void dbk_session_given(dbk_session *s, dbk_session_action *next)
{
    if (gives_entry(s)) {
        s->give_seq++;
        s->gave_entries = true;
        s->counts.given_entries++;
    } else {
        s->works[s->at].given += s->give_count;
        s->counts.given_segments += s->give_count;
    }
    next_gift(s, next);
}

void dbk_session_gift_refused(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    dbk_err err = { 0 };
    if (gives_entry(s)) {
        (void)dbk_fail(&err, DBK_PEER,
                       "the relay does not take back what it lost of the membership chain: another "
                       "chain stands there, or it was recovered just now; sync once more");
        dbk_session_fail(s, next, &err);
    } else if (e->kind == DBK_EVENT_ANSWER && e->status == 413 && s->give_count > 1) {
        s->batch_max = s->give_count / 2;
        load_gift(s, next);
    } else { /* it can't place it: what is missing in the end is pushed anew */
        give_up(s, next);
    }
}

/* ---- carrying ---------------------------------------------------------------------------- */

void dbk_session_carry(dbk_session *s, dbk_session_action *next, const work *w)
{
    s->batch_count = 0;
    dbk_session_move(s, S_CARRY_LOAD);
    next->kind = DBK_ACTION_LOAD_STRAYS;
    next->space = w->local.space;
    next->after_seq = w->carried;
    next->count_max = s->batch_max;
    next->bytes_max = DBK_SESSION_PUSH_BYTES;
}

dbk_rc dbk_session_add_stray(dbk_session *s, const dbk_sealed *segment, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    if (s->batch_count == 0) {
        dbk_bytes_truncate(&s->body, 0);
        rc = dbk_push_begin(&s->body, err);
    }
    if (rc == DBK_OK)
        rc = dbk_push_add(&s->body, segment, err);
    if (rc == DBK_OK)
        s->batch_count++;
    return rc;
}

static void stop_carrying(dbk_session *s, dbk_session_action *next, const dbk_err *err)
{
    work *w = &s->works[s->at];
    if (dbk_retry_is_local(err->rc)) {
        dbk_session_fail(s, next, err);
        return;
    }
    dbk_session_stopped(s, w, err);
    w->carry_over = true;
    dbk_session_next(s, next);
}

void dbk_session_strays_loaded(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    dbk_err err = { 0 };
    char hex[DBK_ID_HEX_SIZE];
    work *w = &s->works[s->at];
    if (e->rc != DBK_OK) {
        (void)dbk_fail(&err, e->rc, "%s", e->why);
        stop_carrying(s, next, &err);
        return;
    }
    if (s->batch_count == 0) {
        w->carry_over = true;
        dbk_session_next(s, next);
        return;
    }
    dbk_session_post(s, "application/octet-stream",
                     DBK_PUSH_SEGMENTS_MAX * DBK_RESULT_BYTES + DBK_CHECKPOINT_BYTES_MAX + 64u);
    dbk_id_hex(hex, &w->local.space);
    (void)snprintf(s->target, sizeof(s->target), "/v1/spaces/%s/segments", hex);
    dbk_session_move(s, S_CARRY);
    dbk_session_send(s, next);
}

/* The receipts are their authors' business; where the segments stand now, the pull will show. */
void dbk_session_carried(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
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
    if (rc == DBK_OK)
        rc = dbk_session_raise_goal(s, w, note, &err);
    if (rc != DBK_OK) {
        stop_carrying(s, next, &err);
        return;
    }
    w->carried += count;
    for (size_t i = 0; i < count; i++) {
        dbk_push_status status = s->results[i].status;
        s->counts.carried += status == DBK_PUSH_ACCEPTED || status == DBK_PUSH_QUARANTINED;
    }
    dbk_session_carry(s, next, w);
}

void dbk_session_carry_refused(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    dbk_err err = { 0 };
    if (e->kind == DBK_EVENT_ANSWER && e->status == 413 && s->batch_count > 1) {
        s->batch_max = (uint32_t)(s->batch_count / 2);
        dbk_session_carry(s, next, &s->works[s->at]);
        return;
    }
    if (e->kind == DBK_EVENT_FAILED)
        (void)dbk_fail(&err, e->rc, "%s", e->why);
    else
        (void)dbk_retry_cause(e->status, e->body, &err);
    stop_carrying(s, next, &err);
}
