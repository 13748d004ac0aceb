/* The machine: states, moves, requests and their answers. What is pushed and pulled is in
 * session_space.c, what a restored relay gets in session_recover.c. */
#include "sync/engine/session.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "sync/engine/session_int.h"

#define M(state) (1u << (state))
#define PULLS (M(S_BEGIN) | M(S_PULL))
#define SPACES (M(S_LOAD) | PULLS | M(S_CARRY_LOAD) | M(S_END))
#define BEGIN (M(S_GIVE_LOAD) | M(S_COSIGNED_TAKE) | SPACES)
/* From each state, where it may go; drawn in session.h. */
static const struct {
    const char *name;
    unsigned to;
} moves[S_COUNT] = {
    [S_NEW] = { "new", M(S_HELLO) | M(S_END) },
    [S_HELLO] = { "hello", M(S_HELLO) | M(S_WAIT) | M(S_MEMBERS) | BEGIN },
    [S_MEMBERS] = { "members", M(S_MEMBERS) | M(S_WAIT) | M(S_MEMBERS_TAKE) | M(S_END) },
    [S_MEMBERS_TAKE] = { "members-take", M(S_MEMBERS) | BEGIN },
    [S_COSIGNED_TAKE] = { "cosigned-take", M(S_COSIGNED_TAKE) | SPACES },
    [S_LOAD] = { "load", M(S_PUSH) | M(S_PUSH_TAKE) | SPACES },
    [S_PUSH] = { "push", M(S_PUSH) | M(S_WAIT) | M(S_PUSH_TAKE) | SPACES },
    [S_PUSH_TAKE] = { "push-take", M(S_PUSH) | SPACES },
    [S_BEGIN] = { "begin", PULLS | M(S_CARRY_LOAD) | M(S_END) },
    [S_PULL] = { "pull", PULLS | M(S_WAIT) | M(S_PULL_TAKE) | M(S_CARRY_LOAD) | M(S_END) },
    [S_PULL_TAKE] = { "pull-take", PULLS | M(S_CARRY_LOAD) | M(S_HELLO) | M(S_END) },
    [S_CARRY_LOAD] = { "carry-load", M(S_CARRY) | M(S_CARRY_LOAD) | PULLS | M(S_END) },
    [S_CARRY] = { "carry", M(S_CARRY) | M(S_WAIT) | M(S_CARRY_LOAD) | PULLS | M(S_END) },
    [S_GIVE_LOAD] = { "give-load", M(S_GIVE) | M(S_GIVE_LOAD) | M(S_END) },
    [S_GIVE] = { "give", M(S_GIVE) | M(S_WAIT) | M(S_GIVE_LOAD) | M(S_HELLO) | M(S_END) },
    [S_WAIT] = { "wait", M(S_HELLO) | M(S_MEMBERS) | M(S_PUSH) | M(S_PULL) | M(S_CARRY) |
                             M(S_GIVE) | M(S_END) },
    [S_END] = { "end", 0 },
};

dbk_rc dbk_session_new(dbk_session **out, dbk_err *err)
{
    dbk_session *s = dbk_alloc(sizeof(*s));
    *out = NULL;
    if (s == NULL)
        return dbk_fail(err, DBK_NOMEM, "out of memory");
    dbk_bytes_init(&s->body, DBK_PUSH_BYTES_MAX);
    *out = s;
    return DBK_OK;
}

void dbk_session_free(dbk_session *s)
{
    if (s == NULL)
        return;
    dbk_welcome_wipe(&s->welcome);
    dbk_bytes_wipe(&s->body);
    dbk_free(s->works);
    dbk_free(s);
}

void dbk_session_move(dbk_session *s, session_state to)
{
    DBK_ASSERT((moves[s->state].to & M(to)) != 0);
    s->state = to;
}

void dbk_session_fail(dbk_session *s, dbk_session_action *next, const dbk_err *err)
{
    DBK_ASSERT(err->rc != DBK_OK);
    s->first = *err;
    dbk_session_end(s, next);
}

void dbk_session_end(dbk_session *s, dbk_session_action *next)
{
    dbk_session_move(s, S_END);
    next->kind = s->first.rc == DBK_OK ? DBK_ACTION_DONE : DBK_ACTION_FAIL;
    next->failure = s->first.rc == DBK_OK ? NULL : &s->first;
}

void dbk_session_stopped(dbk_session *s, const work *w, const dbk_err *err)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, &w->local.space);
    DBK_ASSERT(err->rc != DBK_OK);
    (void)dbk_fail(&s->first, err->rc, "space %.8s: %s", hex, err->text);
}

/* ---- requests ------------------------------------------------------------------------ */

void dbk_session_get(dbk_session *s, size_t answer_max)
{
    s->tries = (dbk_tries){ 0 };
    s->request = (dbk_session_request){
        .method = "GET", .target = s->target, .nonce = s->nonce, .answer_max = answer_max
    };
}

void dbk_session_post(dbk_session *s, const char *content_type, size_t answer_max)
{
    dbk_session_get(s, answer_max);
    s->request.method = "POST";
    s->request.content_type = content_type;
    s->request.has_body = true;
    s->request.body = dbk_bytes_span(&s->body);
}

void dbk_session_send(dbk_session *s, dbk_session_action *next)
{
    dbk_err err = { 0 };
    if (s->counts.rounds >= s->rounds_max) {
        (void)dbk_fail(&err, DBK_PEER, "the relay gave no end of it: stopped after %u exchanges",
                       (unsigned)s->counts.rounds);
        dbk_session_fail(s, next, &err);
        return;
    }
    next->kind = DBK_ACTION_SEND;
    next->round = ++s->counts.rounds;
    next->request = s->request;
}

void dbk_session_keep_nonce(dbk_session *s, const char *nonce)
{
    size_t len = nonce != NULL ? strlen(nonce) : 0;
    if (len > 0 && len <= DBK_NONCE_TEXT_MAX)
        memcpy(s->nonce, nonce, len + 1);
}

static void send_hello(dbk_session *s, dbk_session_action *next)
{
    dbk_session_post(s, "application/json", DBK_WELCOME_BYTES_MAX);
    (void)snprintf(s->target, sizeof(s->target), "/v1/hello");
    dbk_session_move(s, S_HELLO);
    dbk_session_send(s, next);
}

void dbk_session_greet_again(dbk_session *s, dbk_session_action *next)
{
    dbk_err err = { 0 };
    const dbk_hello hello = { 0 };
    dbk_welcome_wipe(&s->welcome);
    dbk_bytes_truncate(&s->body, 0);
    if (dbk_hello_encode(&s->body, &hello, &err) == DBK_OK)
        send_hello(s, next);
    else
        dbk_session_fail(s, next, &err);
}

static void start(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    dbk_err err = { 0 };
    dbk_hello hello = { 0 };
    DBK_ASSERT(e->local != NULL && e->trust != NULL);
    s->trust = *e->trust;
    s->rounds_max = e->rounds_max != 0 ? e->rounds_max : DBK_SESSION_ROUNDS_MAX;
    dbk_session_keep_nonce(s, e->nonce);
    dbk_rc rc = dbk_session_take_local(s, e->local, &err);
    hello.has_known = dbk_plan_is_quiet(e->local);
    if (rc == DBK_OK && hello.has_known)
        rc = dbk_plan_known(&hello.known, e->local, &err);
    if (rc == DBK_OK)
        rc = dbk_hello_encode(&s->body, &hello, &err);
    if (rc != DBK_OK) {
        dbk_session_fail(s, next, &err);
        return;
    }
    send_hello(s, next);
}

/* ---- hello, members ------------------------------------------------------------------ */

static void ask_members(dbk_session *s, dbk_session_action *next)
{
    dbk_session_get(s, DBK_RANGE_BYTES_MAX);
    (void)snprintf(
        s->target, sizeof(s->target), "/v1/members?from=%llu",
        (unsigned long long)(s->chain_doubt.rc == DBK_OK ? s->members_count : s->compare_from));
    dbk_session_move(s, S_MEMBERS);
    dbk_session_send(s, next);
}

/* The relay's chain isn't ours. It is gone through from the beginning: where it shows another entry
 * than ours, and both are properly signed, that is a proof (M49); taking it says so. */
static void compare_chains(dbk_session *s, dbk_session_action *next, const dbk_err *why)
{
    DBK_ASSERT(s->chain_doubt.rc == DBK_OK);
    if (s->members_count == 0) {
        dbk_session_fail(s, next, why);
        return;
    }
    s->chain_doubt = *why;
    s->compare_from = 0;
    ask_members(s, next);
}

static void compared(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    dbk_err err = { 0 };
    s->compare_from += s->entries_count;
    if (e->rc == DBK_SPLIT) {
        (void)dbk_fail(&err, e->rc, "membership: %s", e->why);
        dbk_session_fail(s, next, &err);
    } else if (e->rc != DBK_OK || s->entries_count == 0 || s->compare_from >= s->members_count) {
        err = s->chain_doubt;
        dbk_session_fail(s, next, &err);
    } else {
        ask_members(s, next);
    }
}

/* A relay that speaks nonsense is no relay, whatever a decoder calls it. */
static void nonsense(dbk_session *s, dbk_session_action *next, const dbk_err *inner)
{
    dbk_err err = { 0 };
    if (inner->rc == DBK_NOMEM || inner->rc == DBK_VERSION) {
        dbk_session_fail(s, next, inner);
        return;
    }
    (void)dbk_fail(&err, DBK_PEER, "%s", inner->text);
    dbk_session_fail(s, next, &err);
}

/* The chain is as long here as there, or longer. */
static void go_on(dbk_session *s, dbk_session_action *next)
{
    if (s->welcome.recovering)
        dbk_session_recover(s, next);
    else
        dbk_session_spaces(s, next);
}

static void welcomed(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    dbk_err err = { 0 };
    dbk_rc rc = dbk_welcome_decode(&s->welcome, e->body, &err);
    if (rc != DBK_OK) {
        nonsense(s, next, &err);
        return;
    }
    s->counts.greeted = true;
    if (s->welcome.idle) {
        s->counts.idle = true;
        dbk_session_end(s, next);
        return;
    }
    dbk_local local = { .members_count = s->members_count, .members_head = s->members_head };
    rc = dbk_plan_members(&local, &s->welcome, &err);
    if (rc != DBK_OK)
        compare_chains(s, next, &err);
    else if (s->welcome.members_count > s->members_count)
        ask_members(s, next);
    else
        go_on(s, next);
}

static void got_members(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    dbk_span left = e->body, entry;
    s->entries_count = 0;
    while (dbk_entries_next(&left, &entry, NULL) == DBK_OK)
        s->entries_count++;
    dbk_session_move(s, S_MEMBERS_TAKE);
    next->kind = DBK_ACTION_TAKE_MEMBERS;
    next->entries = e->body;
}

/* An entry that can't be taken is not what the officer may not do, nor a race that was lost: the
 * relay shows a chain that the organisation didn't make. */
static dbk_rc chain_cause(dbk_rc rc)
{
    switch (rc) {
    case DBK_FORMAT:
    case DBK_AUTH:
    case DBK_DENIED:
    case DBK_CONFLICT:
    case DBK_LIMIT:
    case DBK_INVALID:
    case DBK_NOT_FOUND:
        return DBK_PEER;
    default: /* of this device, of a newer version, or two histories */
        return rc;
    }
}

static void members_taken(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    dbk_err err = { 0 };
    uint64_t before = s->members_count;
    dbk_rc rc = e->local != NULL ? dbk_session_take_local(s, e->local, &err) : DBK_OK;
    if (rc != DBK_OK) {
        dbk_session_fail(s, next, &err);
        return;
    }
    if (s->chain_doubt.rc != DBK_OK) {
        compared(s, next, e);
        return;
    }
    if (e->rc == DBK_VERSION) {
        /* A newer kind of entry: this program can't read on, but its notes can still leave. */
        (void)dbk_fail(&s->first, e->rc, "%s", e->why);
        dbk_session_spaces(s, next);
        return;
    }
    if (e->rc != DBK_OK) {
        (void)dbk_fail(&err, chain_cause(e->rc), "membership: %s", e->why);
        if (e->rc == DBK_CONFLICT)
            compare_chains(s, next, &err);
        else
            dbk_session_fail(s, next, &err);
        return;
    }
    if (s->members_count <= before) {
        (void)dbk_fail(&err, DBK_PEER, "the relay gives no membership entries that it says it has");
        dbk_session_fail(s, next, &err);
        return;
    }
    if (s->members_count < s->welcome.members_count) {
        ask_members(s, next);
        return;
    }
    dbk_local local = { .members_count = s->members_count, .members_head = s->members_head };
    if (s->members_count == s->welcome.members_count &&
        dbk_plan_members(&local, &s->welcome, &err) != DBK_OK) {
        dbk_session_fail(s, next, &err);
        return;
    }
    go_on(s, next);
}

/* ---- answers ------------------------------------------------------------------------- */

static void taken(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    switch (s->state) {
    case S_HELLO:
        welcomed(s, next, e);
        break;
    case S_MEMBERS:
        got_members(s, next, e);
        break;
    case S_PUSH:
        dbk_session_pushed(s, next, e);
        break;
    case S_CARRY:
        dbk_session_carried(s, next, e);
        break;
    case S_GIVE:
        dbk_session_given(s, next);
        break;
    default:
        DBK_ASSERT(s->state == S_PULL);
        dbk_session_pulled(s, next, e);
        break;
    }
}

/* Nobody can be reached, or the relay refuses: of one space, or of all. */
static void refused(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    dbk_err err = { 0 };
    if (e->kind == DBK_EVENT_FAILED)
        (void)dbk_fail(&err, e->rc, "%s", e->why);
    else
        (void)dbk_retry_cause(e->status, e->body, &err);
    /* A relay out of reach, another one, or one that no longer knows us is so for every space. */
    bool all = e->kind == DBK_EVENT_FAILED ? e->rc != DBK_LIMIT
                                           : err.rc == DBK_UNREACHABLE || e->status == 401;
    if (s->state == S_HELLO && e->kind == DBK_EVENT_ANSWER && e->status == 401) {
        if (!dbk_session_late(s, next))
            dbk_session_fail(s, next, &err);
        return;
    }
    if (s->state == S_PUSH && !all)
        dbk_session_push_refused(s, next, e);
    else if (s->state == S_PULL && !all)
        dbk_session_pull_refused(s, next, e);
    else if (s->state == S_CARRY && !all)
        dbk_session_carry_refused(s, next, e);
    else if (s->state == S_GIVE && !all)
        dbk_session_gift_refused(s, next, e);
    else
        dbk_session_fail(s, next, &err);
}

static void answered(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    uint32_t wait_ms;
    bool ok = e->kind == DBK_EVENT_ANSWER;
    dbk_retry_outcome outcome = {
        .answered = ok,
        .reached = s->reached,
        .rc = e->rc,
        .status = e->status,
        .fresh_nonce = ok && e->nonce != NULL && e->nonce[0] != '\0' &&
                       strcmp(e->nonce, s->nonce) != 0,
        .retry_after_s = e->retry_after_s,
        .random = e->random,
    };
    s->reached = s->reached || ok;
    if (ok)
        dbk_session_keep_nonce(s, e->nonce);
    switch (dbk_retry_judge(&s->tries, &wait_ms, &outcome)) {
    case DBK_VERDICT_TAKE:
        taken(s, next, e);
        break;
    case DBK_VERDICT_AGAIN:
        dbk_session_move(s, s->state);
        dbk_session_send(s, next);
        break;
    case DBK_VERDICT_WAIT:
        s->resume = s->state;
        dbk_session_move(s, S_WAIT);
        next->kind = DBK_ACTION_WAIT;
        next->wait_ms = wait_ms;
        break;
    case DBK_VERDICT_REFUSED:
        refused(s, next, e);
        break;
    }
}

static bool awaits_answer(session_state state)
{
    return state == S_HELLO || state == S_MEMBERS || state == S_PUSH || state == S_PULL ||
           state == S_CARRY || state == S_GIVE;
}

static void do_taken(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    if (s->state == S_MEMBERS_TAKE) {
        members_taken(s, next, e);
    } else if (s->state == S_COSIGNED_TAKE) {
        dbk_session_cosigned_taken(s, next, e);
    } else if (s->state == S_PUSH_TAKE) {
        if (e->local != NULL)
            dbk_session_refresh(s, e->local);
        dbk_session_receipts_taken(s, next, e);
    } else if (s->state == S_BEGIN) {
        dbk_session_begun(s, next, e);
    } else {
        DBK_ASSERT(s->state == S_PULL_TAKE);
        dbk_session_range_taken(s, next, e);
    }
}

static void loaded(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    if (s->state == S_CARRY_LOAD) {
        dbk_session_strays_loaded(s, next, e);
    } else if (s->state == S_GIVE_LOAD) {
        dbk_session_gift_loaded(s, next, e);
    } else {
        DBK_ASSERT(s->state == S_LOAD);
        dbk_session_batch(s, next, e);
    }
}

static void label(const dbk_session *s, dbk_session_action *next)
{
    switch (s->state) {
    case S_LOAD:
    case S_PUSH:
    case S_PUSH_TAKE:
        next->phase = "push";
        next->done = s->push_done;
        next->total = s->push_total;
        break;
    case S_BEGIN:
    case S_PULL:
    case S_PULL_TAKE:
        next->phase = "pull";
        next->done = s->pull_done;
        next->total = s->pull_total;
        break;
    case S_CARRY_LOAD:
    case S_CARRY:
    case S_GIVE_LOAD:
    case S_GIVE:
        next->phase = "recover";
        next->done = s->counts.carried + s->counts.given_entries + s->counts.given_segments;
        break;
    case S_MEMBERS:
    case S_MEMBERS_TAKE:
        next->phase = "members";
        next->done = s->members_count;
        next->total = s->welcome.members_count;
        break;
    default:
        next->phase = "hello";
        break;
    }
}

void dbk_session_step(dbk_session *s, dbk_session_action *next, const dbk_session_event *e)
{
    memset(next, 0, sizeof(*next));
    switch (e->kind) {
    case DBK_EVENT_START:
        DBK_ASSERT(s->state == S_NEW);
        start(s, next, e);
        break;
    case DBK_EVENT_ANSWER:
    case DBK_EVENT_FAILED:
        /* A late or doubled answer belongs to a round that is over. */
        if (awaits_answer(s->state) && e->round == s->counts.rounds)
            answered(s, next, e);
        break;
    case DBK_EVENT_BATCH:
        loaded(s, next, e);
        break;
    case DBK_EVENT_TAKEN:
        do_taken(s, next, e);
        break;
    case DBK_EVENT_TIMER:
        DBK_ASSERT(s->state == S_WAIT);
        dbk_session_move(s, s->resume);
        dbk_session_send(s, next);
        break;
    }
    label(s, next);
}

dbk_session_counts dbk_session_count(const dbk_session *s)
{
    return s->counts;
}

bool dbk_session_doubt(const dbk_session *s, size_t i, dbk_id *space, dbk_span *note)
{
    for (size_t k = 0; k < s->works_count; k++) {
        const work *w = &s->works[k];
        const dbk_welcome_space *there = w->doubted ? dbk_plan_find(&s->welcome, &w->local.space)
                                                    : NULL;
        if (there == NULL || there->checkpoint[0] == '\0' || i-- > 0)
            continue;
        *space = w->local.space;
        *note = dbk_span_str(there->checkpoint);
        return true;
    }
    return false;
}

const char *dbk_session_nonce(const dbk_session *s)
{
    return s->nonce;
}

const char *dbk_session_state(const dbk_session *s)
{
    return moves[s->state].name;
}

void dbk_session_check_deep(const dbk_session *s)
{
    DBK_ASSERT(s->state < S_COUNT);
    DBK_ASSERT(s->batch_count <= DBK_PUSH_SEGMENTS_MAX);
    DBK_ASSERT(s->acked_count <= DBK_PUSH_SEGMENTS_MAX);
    DBK_ASSERT(s->works_count == 0 || s->works != NULL);
    DBK_ASSERT(s->state == S_NEW || s->counts.rounds <= s->rounds_max);
    for (size_t i = 0; i < s->works_count; i++) {
        const work *w = &s->works[i];
        DBK_ASSERT(i == 0 || dbk_id_compare(&w[-1].local.space, &w->local.space) < 0);
        DBK_ASSERT(w->plan.push_after <= w->local.own_last_seq);
        DBK_ASSERT(w->local.own_receipted_seq <= w->local.own_last_seq);
    }
}
