/* The session's actions carried out: exchanges by the transport, loads and takes by the journal.
 * What is to be done, and what it means when it fails, the session knows. */
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/absent.h"
#include "core/journal/outbox.h"
#include "core/journal/recovered.h"
#include "core/journal/refill.h"
#include "sync/driver/sync.h"
#include "sync/engine/session.h"

#define LACKING_MAX 4096u
#define SESSIONS_MAX 70u /* a turn for each feed that the relay takes of a device, and a few */

typedef struct run {
    dbk_line *line;
    dbk_book *book;
    dbk_session *session;
    dbk_sync_report *report;
    dbk_watch *watch;
    dbk_local local;
    dbk_local_space *spaces;
    dbk_local_space *began; /* spaces as they were when the session began */
    size_t began_count;
    dbk_refill *refill; /* of refill_space, while a relay takes back what it lost */
    dbk_id refill_space;
    dbk_bytes lacking; /* lack: spaces of which a relay has let go of what is needed here */
    bool gave;         /* the entry that was asked for */
    dbk_err why;       /* of the last failure that the session was told */
} run;

/* From which index on bodies of a space are lacking. */
typedef struct lack {
    dbk_id space;
    uint64_t from;
} lack;

/* ---- where this device stands
 * ---------------------------------------------------------------------- */

static dbk_rc read_local(run *r, dbk_err *err)
{
    dbk_position *positions = NULL;
    size_t count;
    const dbk_roster *roster = dbk_book_roster(r->book);
    dbk_rc rc = dbk_outbox_positions(r->book, &positions, &count, err);
    if (rc != DBK_OK)
        return rc;
    dbk_local_space *spaces = dbk_alloc_array(count, sizeof(*spaces));
    if (spaces == NULL) {
        dbk_free(positions);
        return dbk_fail(err, DBK_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        const dbk_position *p = &positions[i];
        spaces[i] = (dbk_local_space){ .space = p->space,
                                       .log = p->log,
                                       .size = p->size,
                                       .root = p->root,
                                       .own_feed = p->own_feed,
                                       .own_last_seq = p->own_last_seq,
                                       .absent_from = p->absent_from,
                                       .absent_to = p->absent_to,
                                       .strays = p->strays,
                                       .own_receipted_seq = p->own_receipted_seq,
                                       .lacks_note = p->lacks_note,
                                       .push_only = p->push_only,
                                       .ends = p->ends,
                                       .cosigned = p->cosigned };
    }
    dbk_free(positions);
    dbk_free(r->spaces);
    r->spaces = spaces;
    r->local = (dbk_local){ .spaces = spaces, .spaces_count = count };
    if (roster != NULL) {
        r->local.members_count = dbk_roster_count(roster);
        r->local.members_head = dbk_roster_head(roster);
    }
    return DBK_OK;
}

static dbk_session_event taken(run *r, dbk_rc rc)
{
    return (dbk_session_event){ .kind = DBK_EVENT_TAKEN, .rc = rc, .why = r->why.text };
}

/* ---- actions
 * ---------------------------------------------------------------------------------------- */

static dbk_call call_of(const dbk_session_request *r)
{
    return (dbk_call){ .method = r->method,
                       .target = r->target,
                       .content_type = r->content_type,
                       .body = r->body,
                       .has_body = r->has_body,
                       .answer_max = r->answer_max };
}

static dbk_session_event do_send(run *r, const dbk_session_action *a)
{
    dbk_call call = call_of(&a->request);
    dbk_rc rc = dbk_line_send(r->line, &call, a->request.nonce, &r->why);
    const dbk_answer *answer = dbk_line_answer(r->line);
    if (rc != DBK_OK)
        return (dbk_session_event){
            .kind = DBK_EVENT_FAILED, .round = a->round, .rc = rc, .why = r->why.text
        };
    return (dbk_session_event){ .kind = DBK_EVENT_ANSWER,
                                .round = a->round,
                                .status = answer->status,
                                .body = dbk_bytes_span(&answer->body),
                                .nonce = answer->nonce,
                                .retry_after_s = answer->retry_after_s };
}

static dbk_rc add_segment(void *ctx, const dbk_sealed *segment, dbk_err *err)
{
    const run *r = ctx;
    return dbk_session_add(r->session, segment, err);
}

static dbk_session_event do_load(run *r, const dbk_session_action *a)
{
    dbk_outbox_opts opts = { a->space, a->after_seq, a->count_max, a->bytes_max };
    const dbk_outbox_sealing sealing = { a->space, a->held_seq, a->late };
    dbk_rc rc = dbk_outbox_seal(r->book, &sealing, &r->why);
    if (rc == DBK_OK)
        rc = dbk_outbox_segments(r->book, &opts, add_segment, r, &r->why);
    return (dbk_session_event){ .kind = DBK_EVENT_BATCH, .rc = rc, .why = r->why.text };
}

static dbk_session_event batch(run *r, dbk_rc rc)
{
    return (dbk_session_event){ .kind = DBK_EVENT_BATCH, .rc = rc, .why = r->why.text };
}

static dbk_session_event do_load_strays(run *r, const dbk_session_action *a)
{
    dbk_outbox_strays_opts opts = { a->space, a->after_seq, a->count_max, a->bytes_max };
    return batch(r, dbk_outbox_strays(r->book, &opts, add_segment, r, &r->why));
}

/* The first entry only: the walk ends with the second. */
static dbk_rc give_entry(void *ctx, dbk_span entry, dbk_err *err)
{
    run *r = ctx;
    if (r->gave)
        return DBK_NOT_FOUND;
    r->gave = true;
    return dbk_session_give(r->session, entry, 1, err);
}

static dbk_session_event do_load_entry(run *r, const dbk_session_action *a)
{
    dbk_err inner = { 0 };
    r->gave = false;
    dbk_rc rc = dbk_outbox_members(r->book, a->after_seq, give_entry, r, &inner);
    if (rc != DBK_OK && inner.rc == DBK_OK)
        rc = DBK_OK; /* the end that give_entry asked for */
    return batch(r, rc == DBK_OK ? rc : dbk_fail(&r->why, rc, "%s", inner.text));
}

static dbk_rc refill_entry(void *ctx, const dbk_refill_entry *entry, dbk_err *err)
{
    dbk_range_item item = { entry->receipt_ms, true, entry->segment };
    return dbk_range_add(ctx, &item, err);
}

static dbk_rc make_refill(run *r, dbk_bytes *body, const dbk_session_action *a, uint32_t *count,
                          dbk_err *err)
{
    dbk_refill_batch found;
    dbk_refill_opts opts = { a->after_seq, a->count_max, a->bytes_max };
    dbk_rc rc = DBK_OK;
    if (r->refill == NULL || !dbk_id_equal(&r->refill_space, &a->space)) {
        dbk_refill_close(r->refill);
        r->refill = NULL;
        r->refill_space = a->space;
        rc = dbk_refill_open(&r->refill, r->book, &a->space, err);
    }
    if (rc == DBK_OK)
        rc = dbk_refill_next(r->refill, &found, &opts, err);
    if (rc != DBK_OK || found.count == 0)
        return rc;
    *count = found.count;
    dbk_range range = { .from = found.from,
                        .count = found.count,
                        .checkpoint = found.checkpoint,
                        .proof = found.proof };
    rc = dbk_range_begin(body, &range, err);
    if (rc == DBK_OK)
        rc = dbk_refill_entries(r->refill, &found, refill_entry, body, err);
    return rc;
}

static dbk_session_event do_load_refill(run *r, const dbk_session_action *a)
{
    uint32_t count = 0;
    dbk_bytes body = DBK_BYTES_INIT(DBK_RANGE_BYTES_MAX);
    dbk_rc rc = make_refill(r, &body, a, &count, &r->why);
    if (rc == DBK_OK && count > 0)
        rc = dbk_session_give(r->session, dbk_bytes_span(&body), count, &r->why);
    dbk_bytes_wipe(&body);
    return batch(r, rc);
}

static dbk_session_event do_members(run *r, const dbk_session_action *a)
{
    dbk_span left = a->entries, entry;
    dbk_err end = { 0 };
    dbk_rc rc;
    const dbk_roster *before = dbk_book_roster(r->book);
    uint64_t held = before == NULL ? 0 : dbk_roster_count(before);
    while ((rc = dbk_entries_next(&left, &entry, &end)) == DBK_OK) {
        rc = dbk_inbox_member(r->book, entry, &r->why);
        if (rc != DBK_OK)
            break;
    }
    if (dbk_book_roster(r->book) != NULL)
        r->report->members_new += dbk_roster_count(dbk_book_roster(r->book)) - held;
    if (rc == DBK_NOT_FOUND && r->why.rc == DBK_OK)
        rc = DBK_OK;
    else if (r->why.rc == DBK_OK)
        (void)dbk_fail(&r->why, rc, "%s", end.text);
    dbk_err local_err = { 0 };
    if (read_local(r, &local_err) != DBK_OK && rc == DBK_OK)
        rc = dbk_fail(&r->why, local_err.rc, "%s", local_err.text);
    dbk_session_event e = taken(r, rc);
    e.local = &r->local;
    return e;
}

static dbk_session_event do_cosigned(run *r, const dbk_session_action *a)
{
    dbk_rc rc = DBK_OK;
    if (a->checkpoint.len > 0)
        rc = dbk_inbox_checkpoint(r->book, &a->space, a->checkpoint, &r->why);
    for (size_t i = 0; i < a->cosigned_count && rc == DBK_OK; i++)
        rc = dbk_cosigned_take(r->book, &a->space, dbk_span_str(a->cosigned[i]), &r->why);
    return taken(r, rc);
}

static dbk_session_event do_receipts(run *r, const dbk_session_action *a)
{
    dbk_receipted *receipts = dbk_alloc_array(a->acked_count, sizeof(*receipts));
    dbk_rc rc = DBK_OK;
    if (receipts == NULL)
        return taken(r, dbk_fail(&r->why, DBK_NOMEM, "out of memory"));
    for (size_t i = 0; i < a->acked_count; i++)
        receipts[i] = (dbk_receipted){ a->acked[i].header_hash, a->acked[i].receipt };
    rc = dbk_inbox_receipts(r->book, &a->space, receipts, a->acked_count, a->checkpoint, &r->why);
    dbk_free(receipts);
    if (rc == DBK_OK)
        rc = read_local(r, &r->why);
    dbk_session_event e = taken(r, rc);
    e.local = rc == DBK_OK ? &r->local : NULL;
    return e;
}

static dbk_rc next_arrival(void *ctx, dbk_arrival *out, dbk_err *err)
{
    dbk_range_item item;
    dbk_rc rc = dbk_range_next(ctx, &item, err);
    *out = (dbk_arrival){ item.receipt_ms, item.has_body, item.segment };
    return rc;
}

static dbk_session_event do_range(run *r, const dbk_session_action *a)
{
    dbk_range range = a->range;
    dbk_inbox_stats stats = { 0 };
    dbk_run arrival = { .space = a->space,
                        .from = range.from,
                        .count = range.count,
                        .checkpoint = range.checkpoint,
                        .proof = &a->range.proof,
                        .next = next_arrival,
                        .next_ctx = &range };
    dbk_rc rc = a->comes_back ? dbk_absent_take(r->book, &stats, &arrival, &r->why)
                              : dbk_inbox_run(r->book, &stats, &arrival, &r->why);
    if (rc == DBK_OK)
        dbk_report_add(r->report, &stats);
    r->report->restored = r->report->restored || stats.restored;
    r->report->reissued += stats.reissued;
    bool again = rc == DBK_OK && (stats.restored || a->brings_own || a->comes_back);
    if (again)
        rc = read_local(r, &r->why);
    if (stats.let_go) {
        r->report->lacking++;
        const lack found = { a->space, stats.lacks_from };
        dbk_rc kept = dbk_bytes_append(&r->lacking, dbk_span_of(&found, sizeof(found)), NULL);
        (void)kept; /* short of memory it is said with the next sync */
    }
    dbk_session_event e = taken(r, rc);
    e.let_go = stats.let_go || stats.bare;
    e.local = rc == DBK_OK && again ? &r->local : NULL;
    return e;
}

static dbk_session_event do_begin(run *r, const dbk_session_action *a)
{
    dbk_snapshot_taken begun;
    bool refused;
    dbk_rc rc = dbk_line_snapshot_begin(r->line, &begun, &refused, &a->space, r->watch, &r->why);
    if (rc == DBK_OK && begun.segments > 0) {
        r->report->begun++;
        r->report->begun_records += begun.records;
        r->report->pulled_segments += begun.segments;
        rc = read_local(r, &r->why);
    }
    r->report->begun_refused += refused ? 1 : 0;
    dbk_session_event e = taken(r, rc);
    e.local = rc == DBK_OK && begun.segments > 0 ? &r->local : NULL;
    e.nonce = r->line->nonce;
    return e;
}

/* ---- the loop
 * --------------------------------------------------------------------------------------- */

static dbk_session_event perform(run *r, const dbk_session_action *a)
{
    dbk_err_clear(&r->why);
    if (a->ahead.method != NULL) {
        dbk_call call = call_of(&a->ahead);
        dbk_line_ahead(r->line, &call, a->ahead.nonce);
    }
    switch (a->kind) {
    case DBK_ACTION_SEND:
        return do_send(r, a);
    case DBK_ACTION_LOAD:
        dbk_line_settle(r->line); /* loading writes where a body ahead may be read from */
        return do_load(r, a);
    case DBK_ACTION_LOAD_STRAYS:
        dbk_line_settle(r->line);
        return do_load_strays(r, a);
    case DBK_ACTION_LOAD_ENTRY:
        dbk_line_settle(r->line);
        return do_load_entry(r, a);
    case DBK_ACTION_LOAD_REFILL:
        dbk_line_settle(r->line);
        return do_load_refill(r, a);
    case DBK_ACTION_TAKE_MEMBERS:
        return do_members(r, a);
    case DBK_ACTION_TAKE_COSIGNED:
        return do_cosigned(r, a);
    case DBK_ACTION_TAKE_RECEIPTS:
        return do_receipts(r, a);
    case DBK_ACTION_TAKE_RANGE:
        return do_range(r, a);
    case DBK_ACTION_BEGIN:
        dbk_line_settle(r->line);
        return do_begin(r, a);
    default:
        DBK_ASSERT(a->kind == DBK_ACTION_WAIT);
        dbk_line_wait(a->wait_ms);
        return (dbk_session_event){ .kind = DBK_EVENT_TIMER };
    }
}

static dbk_rc loop(run *r, dbk_err *err)
{
    const dbk_env *env = dbk_book_env(r->book);
    const dbk_org_link *link = dbk_book_link(r->book);
    dbk_trust trust = { .org = dbk_org_id(&link->root), .relay = link->relay };
    dbk_session_event event = {
        .kind = DBK_EVENT_START, .local = &r->local, .trust = &trust, .nonce = r->line->nonce
    };
    for (;;) {
        dbk_session_action action;
        env->random(env->self, (uint8_t *)&event.random, sizeof(event.random));
        dbk_session_step(r->session, &action, &event);
        dbk_watch_tell(r->watch, action.phase, action.done, action.total);
        if (action.kind == DBK_ACTION_DONE)
            return DBK_OK;
        if (action.kind == DBK_ACTION_FAIL)
            return dbk_fail(err, action.failure->rc, "%s", action.failure->text);
        event = perform(r, &action);
    }
}

static void sum_up(const run *r)
{
    dbk_session_counts c = dbk_session_count(r->session);
    r->report->pushed_segments += c.pushed_segments;
    r->report->pushed_ops += c.pushed_ops;
    r->report->refused += c.refused;
    r->report->carried += c.carried;
    r->report->given_back += c.given_entries + c.given_segments;
    r->report->idle = c.idle;
}

static void tell_recovered(run *r)
{
    dbk_recovered told = dbk_recovered_told(r->book);
    r->report->relay_restored = told.spaces > 0;
    r->report->lost_ops = told.own_ops;
    r->report->lost_others = told.others;
    r->report->contradictions = told.contradicted;
}

/* Does another own feed wait than when the session began? Then that one was brought to its end, or
 * closed, and the next one's turn has come. */
static dbk_rc has_more(run *r, bool *more, dbk_err *err)
{
    *more = false;
    dbk_rc rc = read_local(r, err);
    for (size_t i = 0; rc == DBK_OK && i < r->local.spaces_count && i < r->began_count; i++) {
        const dbk_local_space *now = &r->spaces[i];
        if (dbk_id_equal(&r->began[i].space, &now->space) &&
            !dbk_id_equal(&r->began[i].own_feed, &now->own_feed) &&
            now->own_receipted_seq < now->own_last_seq)
            *more = true;
    }
    return rc;
}

/* Not approved yet, as far as the relay tells: it doesn't know this device's key. The request may
 * never have arrived, or its answer was lost: it goes out again. */
static dbk_rc still_joining(dbk_line *line, dbk_sync_report *report, dbk_err *err)
{
    report->joining = true;
    return dbk_line_join(line, err);
}

/* What the relay signed and could not be believed may prove that it showed two views. */
static dbk_rc keep_doubts(const run *r, dbk_err *err)
{
    dbk_id space;
    dbk_span note;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && dbk_session_doubt(r->session, i, &space, &note); i++)
        rc = dbk_evidence_note(r->book, &space, note, err);
    return rc;
}

/* What others of headquarters have made waits for this desk's word, as far as the relay tells. That
 * it can't speak yet is nothing; that it makes something else is told at the end, and stops
 * nothing. */
static void confirm_waiting(const run *r)
{
    for (size_t i = 0; i < r->local.spaces_count; i++) {
        dbk_snapshot_told told;
        dbk_err why = { 0 };
        const dbk_id space = r->spaces[i].space;
        if (!dbk_session_confirms(r->session, &space))
            continue;
        dbk_rc rc = dbk_line_snapshot_confirm(r->line, &told, &space, &why);
        r->report->snapshots_confirmed += rc == DBK_OK ? 1 : 0;
        if (rc != DBK_OK && rc != DBK_PENDING && rc != DBK_NOT_FOUND)
            (void)dbk_fail(&r->line->unsaid, rc, "%s", why.text);
    }
}

/* The relay asks seldom, so that headquarters knows how far each device is. */
static dbk_rc say_reach(const run *r, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < r->local.spaces_count && rc == DBK_OK; i++) {
        const dbk_id space = r->spaces[i].space;
        if (dbk_session_asks_reach(r->session, &space))
            rc = dbk_line_say_reach(r->line, &space, err);
    }
    return rc;
}

static const lack *lack_of(const run *r, const dbk_id *space)
{
    const lack *all = (const lack *)(const void *)r->lacking.p;
    for (size_t i = 0; i < r->lacking.len / sizeof(*all); i++) {
        if (dbk_id_equal(&all[i].space, space))
            return &all[i];
    }
    return NULL;
}

/* Where the sync came to an end before, over just that or something else. */
static void say_lacking(const run *r)
{
    dbk_err why = { 0 };
    const lack *all = (const lack *)(const void *)r->lacking.p;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < r->lacking.len / sizeof(*all) && rc == DBK_OK; i++)
        rc = dbk_line_lacks(r->line, DBK_LACKS_LOG, &all[i].space, all[i].from, &why);
}

/* What this device lacks that relays have let go of, and what others lack that it holds. */
static dbk_rc mind_let_go(const run *r, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < r->local.spaces_count && rc == DBK_OK; i++) {
        uint64_t from;
        const dbk_id space = r->spaces[i].space;
        const lack *lacks = lack_of(r, &space);
        if (lacks != NULL)
            rc = dbk_line_lacks(r->line, DBK_LACKS_LOG, &space, lacks->from, err);
        else
            rc = dbk_line_lacks_nothing(r->line, DBK_LACKS_LOG, &space, err);
        if (rc == DBK_OK && lacks == NULL && dbk_session_wanted(r->session, &space, &from))
            rc = dbk_line_bring(r->line, &r->report->brought, &space, from, err);
    }
    return rc;
}

/* One session, from where this device stands now. */
static dbk_rc one_session(run *r, dbk_err *err)
{
    dbk_line_settle(r->line); /* it may still read the last session's buffer */
    dbk_session_free(r->session);
    r->session = NULL;
    dbk_rc rc = read_local(r, err);
    if (rc == DBK_OK)
        rc = dbk_session_new(&r->session, err);
    dbk_free(r->began);
    r->began_count = r->local.spaces_count;
    r->began = dbk_alloc_array(r->began_count, sizeof(*r->began));
    if (rc == DBK_OK && r->began == NULL)
        rc = dbk_fail(err, DBK_NOMEM, "out of memory");
    if (rc != DBK_OK)
        return rc;
    if (r->began_count > 0)
        memcpy(r->began, r->spaces, r->began_count * sizeof(*r->began));
    rc = loop(r, err);
    sum_up(r);
    dbk_err inner = { 0 };
    if (keep_doubts(r, &inner) != DBK_OK && rc == DBK_OK)
        rc = dbk_fail(err, inner.rc, "%s", inner.text);
    return rc;
}

dbk_rc dbk_sync_relay(dbk_line *line, dbk_sync_report *report, dbk_watch *watch, dbk_err *err)
{
    run r = { .line = line, .book = line->book, .report = report, .watch = watch };
    dbk_bytes_init(&r.lacking, LACKING_MAX * sizeof(lack));
    dbk_err failure = { 0 };
    bool joining = dbk_book_link(line->book)->stage == DBK_ORG_JOINING;
    bool more = true;
    dbk_rc rc = dbk_inbox_settle(line->book, &failure);
    for (unsigned i = 0; i < SESSIONS_MAX && rc == DBK_OK && more; i++) {
        rc = one_session(&r, &failure);
        if (rc == DBK_OK)
            rc = has_more(&r, &more, &failure);
    }
    /* An older copy vouches for nothing, nor does it have what it had. */
    if (rc == DBK_OK && dbk_book_restored_ms(line->book) == 0) {
        confirm_waiting(&r);
        rc = say_reach(&r, &failure);
    }
    if (rc == DBK_OK)
        rc = mind_let_go(&r, &failure);
    else if (r.lacking.len > 0)
        say_lacking(&r);
    tell_recovered(&r);
    report->joining = dbk_book_link(line->book)->stage == DBK_ORG_JOINING;
    if (joining && rc == DBK_DENIED && r.session != NULL && !dbk_session_count(r.session).greeted)
        rc = still_joining(line, report, err);
    else if (rc != DBK_OK)
        rc = dbk_fail(err, rc, "%s", failure.text);
    dbk_line_settle(line);
    dbk_session_free(r.session);
    dbk_refill_close(r.refill);
    dbk_bytes_wipe(&r.lacking);
    dbk_free(r.spaces);
    dbk_free(r.began);
    return rc;
}
