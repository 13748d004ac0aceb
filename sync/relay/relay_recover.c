/* A relay that was put back from a backup (decision 0019). What members hold and it lost it takes
 * back, as far as its own signatures vouch for it: entries of the chain by their signers', a log's
 * entries by a checkpoint that it signed before. Then the root signs for what each log has, and all
 * of them go on under new incarnations. */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "sync/relay/erasure.h"
#include "sync/relay/log_floor.h"
#include "sync/relay/log_snapshot.h"
#include "sync/relay/relay_calls.h"

#define MOVES_BYTES_MAX (DBK_SPACES_MAX * sizeof(dbk_log_move))

static const dbk_log_move *moves_of(const dbk_bytes *moves, size_t *count)
{
    *count = moves->len / sizeof(dbk_log_move);
    return (const dbk_log_move *)(const void *)moves->p;
}

static dbk_id fresh_log(const dbk_env *env)
{
    dbk_id log;
    env->random(env->self, log.b, sizeof(log.b));
    return log;
}

/* ---- the operator's part ----------------------------------------------------------------- */

/* How much of the log that the chain knows last this log still begins with. A log that is older
 * than the chain's last recovery is good up to where that one took over; an older one still claims
 * nothing, and devices check every entry of it anew. */
static dbk_rc claim_of(dbk_log_claim *out, const dbk_log_space *s, const dbk_log_move *last,
                       dbk_err *err)
{
    dbk_log_state state;
    dbk_rc rc = dbk_log_state_get(s, &state, err);
    if (rc != DBK_OK)
        return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
    out->old_log = state.log;
    out->size = state.frontier.size;
    if (!dbk_id_is_zero(&last->new_log) && !dbk_id_equal(&last->new_log, &state.log)) {
        out->old_log = last->new_log;
        if (!dbk_id_equal(&last->old_log, &state.log))
            out->size = 0;
        else if (last->old_size < out->size)
            out->size = last->old_size;
    }
    dbk_log_space copy = *s;
    return dbk_tree_root(&out->root, DBK_TREE_LOG, out->size, dbk_log_node_get, &copy, err);
}

static dbk_rc claim_all(const dbk_log *log, const dbk_bytes *moves, const dbk_env *env,
                        dbk_err *err)
{
    size_t count;
    const dbk_log_move *all = moves_of(moves, &count);
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        dbk_log_space s = { log, all[i].space };
        dbk_log_claim claim = { .new_log = fresh_log(env) };
        rc = claim_of(&claim, &s, &all[i], err);
        if (rc == DBK_OK)
            rc = dbk_log_claim_put(&s, &claim, err);
    }
    return rc;
}

static dbk_rc check_why(const char *why, dbk_err *err)
{
    dbk_span text = dbk_span_str(why);
    if (text.len == 0 || text.len > DBK_CLAIMS_WHY_BYTES_MAX || !dbk_utf8_valid(text))
        return dbk_fail(err, DBK_USAGE, "say why in one line of at most %u bytes",
                        DBK_CLAIMS_WHY_BYTES_MAX);
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] < 0x20 || text.p[i] == 0x7f)
            return dbk_fail(err, DBK_USAGE, "say why in one line");
    }
    return DBK_OK;
}

dbk_rc dbk_relay_recover(const dbk_log *log, const char *why, const dbk_env *env, dbk_err *err)
{
    dbk_roll *roll = NULL;
    dbk_roll_org org = { 0 };
    dbk_bytes moves = DBK_BYTES_INIT(MOVES_BYTES_MAX);
    dbk_rc rc = check_why(why, err);
    if (rc == DBK_OK)
        rc = dbk_roll_new(&roll, log, env, err);
    if (rc == DBK_OK)
        dbk_roll_org_peek(roll, &org);
    if (rc == DBK_OK && org.count == 0)
        rc = dbk_fail(err, DBK_NOT_FOUND, "this relay serves no organisation: nothing was lost");
    if (rc == DBK_OK)
        rc = dbk_roll_logs_peek(roll, &moves, err);
    if (rc == DBK_OK)
        rc = log->ops->begin(log->self, err);
    if (rc != DBK_OK)
        goto out;
    rc = claim_all(log, &moves, env, err);
    if (rc == DBK_OK)
        rc = dbk_log_setting_put(log, DBK_SETTING_RECOVERING, dbk_span_str(why), err);
    if (rc == DBK_OK)
        rc = log->ops->commit(log->self, err);
    if (rc != DBK_OK)
        log->ops->rollback(log->self);
out:
    dbk_bytes_wipe(&moves);
    dbk_roll_free(roll);
    return rc;
}

/* ---- waiting ----------------------------------------------------------------------------- */

dbk_rc dbk_recover_load(dbk_relay *r, const dbk_log *log, dbk_err *err)
{
    dbk_err absent = { 0 };
    dbk_bytes why = DBK_BYTES_INIT(DBK_CLAIMS_WHY_BYTES_MAX);
    dbk_rc rc = dbk_log_setting_get(log, DBK_SETTING_RECOVERING, &why, &absent);
    atomic_store(&r->recovering, rc == DBK_OK);
    dbk_bytes_wipe(&why);
    return rc == DBK_OK || rc == DBK_NOT_FOUND ? DBK_OK : dbk_fail(err, rc, "%s", absent.text);
}

static const dbk_id *heard_at(const dbk_relay *r, size_t i)
{
    return (const dbk_id *)(const void *)(r->heard.p + i * sizeof(dbk_id));
}

void dbk_recover_heard(dbk_relay *r, const dbk_id *device)
{
    uint8_t *p;
    size_t at = 0;
    DBK_ASSERT(pthread_mutex_lock(&r->lock) == 0);
    size_t count = r->heard.len / sizeof(dbk_id);
    while (at < count && dbk_id_compare(heard_at(r, at), device) < 0)
        at++;
    bool known = at < count && dbk_id_equal(heard_at(r, at), device);
    if (!known && dbk_bytes_extend(&r->heard, &p, sizeof(*device), NULL) == DBK_OK) {
        uint8_t *place = r->heard.p + at * sizeof(*device);
        memmove(place + sizeof(*device), place, (count - at) * sizeof(*device));
        memcpy(place, device->b, sizeof(*device));
    }
    DBK_ASSERT(pthread_mutex_unlock(&r->lock) == 0);
}

dbk_rc dbk_recover_claim(const dbk_log_space *s, dbk_log_claim *out, dbk_err *err)
{
    dbk_log_state state;
    dbk_err absent = { 0 };
    dbk_rc rc = dbk_log_claim_get(s, out, &absent);
    if (rc != DBK_NOT_FOUND)
        return rc == DBK_OK ? rc : dbk_fail(err, rc, "%s", absent.text);
    /* Recovered already, while others of its relay wait: it stands where it stands. */
    rc = dbk_log_state_get(s, &state, err);
    *out = (dbk_log_claim){ .old_log = state.log, .size = state.frontier.size, .root = state.root };
    return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
}

static dbk_rc put_logs(dbk_bytes *out, dbk_roll *roll, const dbk_log *log, dbk_err *err)
{
    size_t count;
    dbk_bytes moves = DBK_BYTES_INIT(MOVES_BYTES_MAX);
    dbk_rc rc = dbk_roll_logs(roll, &moves, err);
    const dbk_log_move *all = moves_of(&moves, &count);
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        dbk_log_claim claim;
        dbk_err absent = { 0 };
        dbk_log_space s = { log, all[i].space };
        rc = dbk_log_claim_get(&s, &claim, &absent);
        if (rc == DBK_NOT_FOUND) {
            rc = DBK_OK;
            continue;
        }
        dbk_log_move move = { s.space, claim.new_log, claim.old_log, claim.size, claim.root };
        rc = rc == DBK_OK ? dbk_claims_log_add(out, &move, err)
                          : dbk_fail(err, rc, "%s", absent.text);
    }
    dbk_bytes_wipe(&moves);
    return rc;
}

static int by_space(const void *a, const void *b)
{
    return memcmp(a, b, DBK_ID_BYTES);
}

static dbk_rc put_claims(dbk_relay *r, dbk_bytes *out, const dbk_log *log, dbk_err *err)
{
    dbk_bytes why = DBK_BYTES_INIT(DBK_CLAIMS_WHY_BYTES_MAX);
    dbk_bytes logs = DBK_BYTES_INIT(DBK_CLAIMS_BYTES_MAX);
    dbk_rc rc = dbk_log_setting_get(log, DBK_SETTING_RECOVERING, &why, err);
    if (rc == DBK_OK)
        rc = put_logs(&logs, r->roll, log, err);
    if (rc == DBK_OK) {
        size_t count = logs.len / DBK_CLAIM_BYTES;
        if (count > 0)
            qsort(logs.p, count, DBK_CLAIM_BYTES, by_space);
        DBK_ASSERT(pthread_mutex_lock(&r->lock) == 0);
        dbk_claims c = { dbk_bytes_span(&why), dbk_bytes_span(&r->heard),
                         r->heard.len / sizeof(dbk_id), dbk_bytes_span(&logs), count };
        rc = dbk_claims_encode(out, &c, err);
        DBK_ASSERT(pthread_mutex_unlock(&r->lock) == 0);
    }
    dbk_bytes_wipe(&logs);
    dbk_bytes_wipe(&why);
    return rc;
}

/* DBK_NOT_FOUND: it waits for nothing. */
dbk_rc dbk_call_claims(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    size_t reader;
    (void)c;
    dbk_rc rc = dbk_relay_reader_take(r, &reader, err);
    if (rc != DBK_OK)
        return rc;
    a->content_type = DBK_TYPE_BINARY;
    rc = put_claims(r, &a->body, &r->readers[reader], err);
    dbk_relay_reader_give(r, reader);
    return rc;
}

/* ---- entries ----------------------------------------------------------------------------- */

/* The root's word is about just what the logs have: what came back since it was asked for calls for
 * another one. */
static dbk_rc is_as_claimed(bool *yes, const dbk_log *log, const dbk_entry *e, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *yes = true;
    for (size_t i = 0; i < e->logs_count && rc == DBK_OK && *yes; i++) {
        dbk_log_claim claim;
        dbk_err absent = { 0 };
        const dbk_log_move *m = &e->logs[i];
        dbk_log_space s = { log, m->space };
        rc = dbk_log_claim_get(&s, &claim, &absent);
        *yes = rc == DBK_OK && dbk_id_equal(&claim.new_log, &m->new_log) &&
               dbk_id_equal(&claim.old_log, &m->old_log) && claim.size == m->old_size &&
               dbk_hash_equal(&claim.root, &m->old_root);
        if (rc == DBK_NOT_FOUND)
            rc = DBK_OK;
        else if (rc != DBK_OK)
            rc = dbk_fail(err, rc, "%s", absent.text);
    }
    return rc;
}

dbk_rc dbk_recover_may_take(dbk_relay *r, const dbk_log *log, const dbk_recover_entry *e,
                            dbk_rc *decision, dbk_err *err)
{
    bool recovering = atomic_load(&r->recovering);
    bool yes = true;
    dbk_rc rc = DBK_OK;
    if (e->lost) {
        *decision = recovering ? DBK_OK : DBK_CONFLICT;
    } else if (e->entry->kind == DBK_ENTRY_RECOVERY) {
        rc = recovering ? is_as_claimed(&yes, log, e->entry, err) : DBK_OK;
        *decision = recovering && yes ? DBK_OK : DBK_CONFLICT;
    } else {
        /* A new entry might take the place of one that members hold: a fork. */
        *decision = recovering ? DBK_PENDING : DBK_OK;
    }
    return rc;
}

/* An earlier recovery has come back: the chain knows the log by its later name, and perhaps less
 * of what stands here. */
static dbk_rc retell(const dbk_relay *r, const dbk_log *log, const dbk_log_move *m, dbk_err *err)
{
    dbk_log_claim claim;
    dbk_log_space s = { log, m->space };
    dbk_rc rc = dbk_log_claim_get(&s, &claim, err);
    if (rc != DBK_OK)
        return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
    uint64_t size = dbk_id_equal(&m->old_log, &claim.old_log) ? m->old_size : 0;
    claim.old_log = m->new_log;
    /* It was the answer to this very claim: the relay was put back once more, to where it waited.
     */
    if (dbk_id_equal(&claim.new_log, &m->new_log))
        claim.new_log = fresh_log(r->env);
    if (size < claim.size) {
        claim.size = size;
        rc = dbk_tree_root(&claim.root, DBK_TREE_LOG, size, dbk_log_node_get, &s, err);
    }
    return rc == DBK_OK ? dbk_log_claim_put(&s, &claim, err) : rc;
}

/* A space whose very beginning was lost: its log's name is not known here any more. */
static dbk_rc begin_claim(dbk_relay *r, const dbk_log *log, const dbk_id *space, dbk_err *err)
{
    const dbk_log_state *state;
    dbk_log_space s = { log, *space };
    dbk_rc rc = dbk_append_state(r->append, log, space, &state, err);
    if (rc != DBK_OK)
        return rc;
    dbk_log_claim claim = { fresh_log(r->env), state->log, 0, state->root };
    return dbk_log_claim_put(&s, &claim, err);
}

static dbk_rc any_claim(bool *any, dbk_relay *r, const dbk_log *log, dbk_err *err)
{
    size_t count;
    dbk_bytes moves = DBK_BYTES_INIT(MOVES_BYTES_MAX);
    dbk_rc rc = dbk_roll_logs_peek(r->roll, &moves, err);
    const dbk_log_move *all = moves_of(&moves, &count);
    *any = false;
    for (size_t i = 0; i < count && rc == DBK_OK && !*any; i++) {
        dbk_log_claim claim;
        dbk_err absent = { 0 };
        dbk_log_space s = { log, all[i].space };
        rc = dbk_log_claim_get(&s, &claim, &absent);
        *any = rc == DBK_OK;
        if (rc == DBK_NOT_FOUND)
            rc = DBK_OK;
        else if (rc != DBK_OK)
            rc = dbk_fail(err, rc, "%s", absent.text);
    }
    dbk_bytes_wipe(&moves);
    return rc;
}

/* The root has signed: the logs go on. Snapshots are of what has ended: no desk could confirm one
 * any more, and no device begin with it. */
static dbk_rc go_on(dbk_relay *r, const dbk_log *log, const dbk_entry *e, dbk_err *err)
{
    bool any = true;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < e->logs_count && rc == DBK_OK; i++) {
        dbk_log_space s = { log, e->logs[i].space };
        rc = dbk_append_rename(r->append, log, &s.space, &e->logs[i].new_log, err);
        if (rc == DBK_OK)
            rc = dbk_log_claim_del(&s, err);
        if (rc == DBK_OK)
            rc = dbk_log_snapshots_forget(&s, err);
        if (rc == DBK_OK)
            rc = dbk_log_besides_forget(&s, err);
    }
    if (rc == DBK_OK)
        rc = any_claim(&any, r, log, err);
    if (rc == DBK_OK && !any) {
        r->recovered = true;
        rc = dbk_log_setting_del(log, DBK_SETTING_RECOVERING, err);
    }
    return rc;
}

dbk_rc dbk_recover_taken(dbk_relay *r, const dbk_log *log, const dbk_recover_entry *e, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    if (!atomic_load(&r->recovering))
        return DBK_OK;
    if (e->lost && e->entry->kind == DBK_ENTRY_SPACE)
        return begin_claim(r, log, &e->entry->space, err);
    if (e->entry->kind != DBK_ENTRY_RECOVERY)
        return DBK_OK;
    if (!e->lost)
        return go_on(r, log, e->entry, err);
    for (size_t i = 0; i < e->entry->logs_count && rc == DBK_OK; i++)
        rc = retell(r, log, &e->entry->logs[i], err);
    return rc;
}

void dbk_recover_settle(dbk_relay *r, dbk_outcome outcome)
{
    if (r->recovered && outcome == DBK_COMMITTED) {
        atomic_store(&r->recovering, false);
        DBK_ASSERT(pthread_mutex_lock(&r->lock) == 0);
        dbk_bytes_truncate(&r->heard, 0);
        DBK_ASSERT(pthread_mutex_unlock(&r->lock) == 0);
    }
    r->recovered = false;
}

/* ---- a log's lost entries ---------------------------------------------------------------- */

typedef struct refill {
    dbk_relay *relay;
    dbk_id space;
    dbk_range range;
    dbk_checkpoint point; /* that this relay signed before */
    dbk_append_item items[DBK_PUSH_SEGMENTS_MAX];
    dbk_bytes store; /* a body of which ops are erased as it comes in */
    dbk_rc decision;
    uint64_t size; /* of the log, if OK */
} refill;

/* What needs no order: caps, canonical parse, a member's feed in this space, its signature. */
static bool is_sound(refill *f, dbk_append_item *item, const dbk_range_item *from)
{
    dbk_feed_owner owner;
    const dbk_header *h = &item->header;
    const dbk_sealed *raw = &from->segment;
    dbk_kept kept;
    if (!from->has_body ||
        raw->body.len > (raw->kept ? DBK_KEPT_BYTES_MAX : DBK_SEGMENT_BODY_BYTES_MAX) ||
        dbk_header_decode(&item->header, raw->header, NULL) != DBK_OK ||
        !dbk_id_equal(&h->space, &f->space) || !dbk_roll_feed_owner(f->relay->roll, &owner, h) ||
        dbk_header_verify(h, &owner.sign, NULL) != DBK_OK ||
        dbk_kept_read(&kept, h, raw->body, raw->kept, NULL) != DBK_OK)
        return false;
    item->header_hash = dbk_header_hash(h);
    item->owner = owner.device;
    item->segment = *raw;
    item->holes = kept.holes;
    item->now_ms = from->receipt_ms; /* the place in the log that it had is the one that it gets */
    return true;
}

static dbk_rc screen(refill *f, dbk_span body, dbk_err *err)
{
    dbk_roll_org org;
    dbk_range_item raw;
    dbk_roll_org_get(f->relay->roll, &org);
    dbk_rc rc = dbk_range_decode(&f->range, body, err);
    if (rc == DBK_OK && (f->range.count == 0 || f->range.count > DBK_PUSH_SEGMENTS_MAX))
        rc = dbk_fail(err, DBK_LIMIT, "a refill is of 1 to %u segments", DBK_PUSH_SEGMENTS_MAX);
    if (rc == DBK_OK &&
        dbk_checkpoint_open(&f->point, f->range.checkpoint, &f->relay->pk, NULL) != DBK_OK)
        rc = dbk_fail(err, DBK_DENIED, "the checkpoint isn't one of this relay");
    if (rc == DBK_OK &&
        (!dbk_id_equal(&f->point.org, &org.org) || !dbk_id_equal(&f->point.space, &f->space)))
        rc = dbk_fail(err, DBK_DENIED, "the checkpoint is of another log");
    dbk_range left = f->range;
    for (size_t i = 0; i < f->range.count && rc == DBK_OK; i++) {
        rc = dbk_range_next(&left, &raw, err);
        if (rc == DBK_OK && !is_sound(f, &f->items[i], &raw))
            rc = dbk_fail(err, DBK_DENIED, "a segment isn't what its author signed");
    }
    return rc == DBK_NOT_FOUND ? dbk_fail(err, DBK_FORMAT, "a segment is missing") : rc;
}

/* Do these entries, behind those that stand here, lead to what this relay signed? Then they are
 * what it lost: it vouched for receipt times and order itself. */
static bool leads_there(const refill *f, const dbk_log_state *state)
{
    dbk_frontier frontier = state->frontier;
    for (size_t i = 0; i < f->range.count; i++) {
        dbk_hash leaf = dbk_log_leaf(f->items[i].now_ms, &f->items[i].header_hash);
        dbk_frontier_add(&frontier, DBK_TREE_LOG, &leaf, NULL, NULL);
    }
    dbk_hash root = dbk_frontier_root(&frontier, DBK_TREE_LOG);
    if (frontier.size == f->point.size)
        return dbk_hash_equal(&root, &f->point.root);
    return frontier.size < f->point.size &&
           dbk_tree_check_consistency(&f->range.proof, DBK_TREE_LOG, frontier.size, &root,
                                      f->point.size, &f->point.root);
}

/* Of a log that lost its beginning the name comes back with the first entries; unless the chain
 * knows one. */
static bool may_name(const dbk_log_claim *claim, const dbk_bytes *moves, const dbk_id *space)
{
    size_t count;
    const dbk_log_move *all = moves_of(moves, &count);
    for (size_t i = 0; i < count; i++) {
        if (dbk_id_equal(&all[i].space, space))
            return claim->size == 0 && dbk_id_is_zero(&all[i].new_log);
    }
    return false;
}

static dbk_rc take_items(refill *f, const dbk_log *log, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < f->range.count && rc == DBK_OK; i++) {
        rc = dbk_erasure_apply(f->relay->roll, &f->items[i], &f->store, err);
        if (rc == DBK_OK)
            rc = dbk_append_take(f->relay->append, log, &f->items[i], err);
        /* Its own log had it here: what stands before must have let it in then, too. */
        if (rc == DBK_OK && f->items[i].status != DBK_PUSH_ACCEPTED)
            rc = dbk_fail(err, DBK_CONFLICT, "a segment does not continue the log");
    }
    return rc;
}

static dbk_rc store_refill(refill *f, const dbk_log *log, dbk_log_claim *claim, dbk_err *err)
{
    const dbk_log_state *state;
    dbk_log_space s = { log, f->space };
    dbk_rc rc = dbk_append_rename(f->relay->append, log, &f->space, &f->point.log, err);
    if (rc == DBK_OK)
        rc = take_items(f, log, err);
    if (rc == DBK_OK)
        rc = dbk_append_state(f->relay->append, log, &f->space, &state, err);
    if (rc != DBK_OK)
        return rc;
    claim->old_log = f->point.log;
    claim->size = state->frontier.size;
    claim->root = dbk_frontier_root(&state->frontier, DBK_TREE_LOG);
    f->size = claim->size;
    return dbk_log_claim_put(&s, claim, err);
}

static dbk_rc run_refill(void *ctx, const dbk_log *log, dbk_err *err)
{
    refill *f = ctx;
    dbk_err absent = { 0 };
    dbk_log_claim claim;
    const dbk_log_state *state;
    dbk_bytes moves = DBK_BYTES_INIT(MOVES_BYTES_MAX);
    dbk_log_space s = { log, f->space };
    dbk_rc rc = dbk_log_claim_get(&s, &claim, &absent);
    if (rc == DBK_NOT_FOUND) {
        f->decision = DBK_CONFLICT; /* it waits for nothing any more */
        return DBK_OK;
    }
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", absent.text);
    rc = dbk_append_state(f->relay->append, log, &f->space, &state, err);
    if (rc == DBK_OK)
        rc = dbk_roll_logs_peek(f->relay->roll, &moves, err);
    if (rc == DBK_OK) {
        bool here = claim.size == state->frontier.size && f->range.from == claim.size;
        bool named = dbk_id_equal(&f->point.log, &claim.old_log) ||
                     may_name(&claim, &moves, &f->space);
        f->decision = here && named && leads_there(f, state) ? DBK_OK : DBK_CONFLICT;
    }
    /* The chain comes back first, and with it who ordered what. */
    for (size_t i = 0; i < f->range.count && rc == DBK_OK && f->decision == DBK_OK; i++) {
        if (!dbk_erasure_allows(f->relay->roll, &f->items[i]))
            f->decision = DBK_DENIED;
    }
    if (rc == DBK_OK && f->decision == DBK_OK)
        rc = store_refill(f, log, &claim, err);
    dbk_bytes_wipe(&moves);
    return rc;
}

dbk_rc dbk_call_refill(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    if (!dbk_roll_in_space(r->roll, &c->caller, &c->id, c->req->now_ms))
        return dbk_fail(err, DBK_NOT_FOUND, "no such space");
    refill *f = dbk_alloc(sizeof(*f));
    if (f == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a refill");
    f->relay = r;
    f->space = c->id;
    dbk_bytes_init(&f->store, DBK_KEPT_BYTES_MAX);
    dbk_rc rc = screen(f, c->req->body, err);
    if (rc == DBK_OK) {
        dbk_job job = { run_refill, f };
        rc = dbk_relay_write(r, &job, err);
    }
    if (rc == DBK_OK)
        rc = f->decision;
    if (rc == DBK_OK) {
        a->content_type = DBK_TYPE_JSON;
        rc = dbk_posted_encode(&a->body, f->size, err);
    }
    dbk_bytes_wipe(&f->store);
    dbk_free(f);
    return rc;
}
