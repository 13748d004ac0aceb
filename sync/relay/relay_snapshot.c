/* The calls for snapshots (decision 0040): headquarters brings one in parts and then its manifest,
 * another of its devices confirms it, and whoever begins in the space fetches it. The relay opens
 * nothing; it sees to who may, to room, and that the chunks are those that were signed for. What a
 * device believes of one it checks itself. One stands, confirmed; one more may be on its way, and
 * takes its place when it is confirmed. */
#include <string.h>

#include "sync/relay/log_snapshot.h"
#include "sync/relay/relay_calls.h"

/* Beyond the size of the log that it stands for: a log of a few segments is smaller than that. */
#define SLACK_BYTES DBK_PART_BYTES_MAX

typedef struct snapshot_job {
    dbk_relay *relay;
    dbk_id space, device;
    dbk_span body;
    dbk_part part;
    dbk_manifest manifest;
    dbk_confirmation_word word;
    dbk_rc decision; /* what the sender is told */
} snapshot_job;

static snapshot_job job_of(dbk_relay *r, const dbk_call *c)
{
    return (snapshot_job){
        .relay = r, .space = c->id, .device = c->caller.device, .body = c->req->body
    };
}

/* ---- a part ---------------------------------------------------------------------------------- */

/* The first part begins another upload in the place of one that came to no end. */
static dbk_rc begin_upload(const snapshot_job *job, const dbk_log_space *s, dbk_kept_snapshots *k,
                           dbk_err *err)
{
    dbk_rc rc = dbk_log_snapshot_drop(s, &k->next, err);
    k->next.there = true;
    k->next.name = job->part.name;
    k->next.maker = job->device;
    dbk_frontier_init(&k->next.tree);
    return rc;
}

/* The same part once more: its sender didn't hear the answer. */
static dbk_rc held_already(snapshot_job *job, const dbk_log_space *s, dbk_err *err)
{
    dbk_bytes held = DBK_BYTES_INIT(DBK_PART_BYTES_MAX);
    dbk_rc rc = dbk_log_snapshot_part_get(s, &job->part.name, job->part.number, &held, err);
    if (rc == DBK_OK && !dbk_span_equal(dbk_bytes_span(&held), job->body))
        job->decision = DBK_CONFLICT;
    dbk_bytes_wipe(&held);
    return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
}

static dbk_rc has_room(snapshot_job *job, const dbk_log_space *s, const dbk_kept_snapshot *next,
                       dbk_err *err)
{
    dbk_room log;
    dbk_rc rc = dbk_room_of_space(s->log, &s->space, &log, err);
    if (rc == DBK_OK && next->bytes + job->body.len > log.bytes + SLACK_BYTES)
        job->decision = DBK_LIMIT;
    return rc;
}

static dbk_rc add_part(const snapshot_job *job, const dbk_log_space *s, dbk_kept_snapshots *k,
                       dbk_err *err)
{
    dbk_part part = job->part;
    dbk_span chunk;
    dbk_kept_snapshot *next = &k->next;
    dbk_rc rc = dbk_log_snapshot_part_put(s, &job->part, job->body, err);
    while (dbk_part_next(&part, &chunk)) {
        dbk_hash leaf = dbk_tree_leaf(DBK_TREE_SNAPSHOT, chunk);
        dbk_frontier_add(&next->tree, DBK_TREE_SNAPSHOT, &leaf, NULL, NULL);
        next->chunks++;
    }
    next->bytes += job->body.len;
    return rc == DBK_OK ? dbk_log_snapshots_put(s, k, err) : rc;
}

static dbk_rc run_part(void *ctx, const dbk_log *log, dbk_err *err)
{
    snapshot_job *job = ctx;
    const dbk_log_space s = { log, job->space };
    const dbk_part *part = &job->part;
    dbk_kept_snapshots k;
    dbk_rc rc = dbk_log_snapshots_get(&s, &k, err);
    if (rc != DBK_OK)
        return rc;
    bool same = k.next.there && dbk_id_equal(&k.next.name, &part->name);
    bool stands = k.standing.there && dbk_id_equal(&k.standing.name, &part->name);
    if (!same && part->number == 0 && !stands) {
        rc = begin_upload(job, &s, &k, err);
    } else if (!same || !dbk_id_equal(&k.next.maker, &job->device)) {
        job->decision = DBK_CONFLICT; /* somebody else has begun one since */
        return DBK_OK;
    } else if (part->number < dbk_kept_parts(&k.next)) {
        return held_already(job, &s, err);
    }
    /* In order, and only the last one isn't full. */
    if (rc == DBK_OK && (k.next.whole || part->number * (uint64_t)DBK_PART_CHUNKS != k.next.chunks))
        job->decision = DBK_CONFLICT;
    else if (rc == DBK_OK)
        rc = has_room(job, &s, &k.next, err);
    return rc == DBK_OK && job->decision == DBK_OK ? add_part(job, &s, &k, err) : rc;
}

dbk_rc dbk_call_snapshot_part(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    snapshot_job job = job_of(r, c);
    dbk_rc rc = dbk_relay_check_desk(r, c, err);
    if (rc == DBK_OK)
        rc = dbk_part_decode(&job.part, job.body, err);
    const dbk_job work = { run_part, &job };
    return rc == DBK_OK ? dbk_relay_submit(r, a, &work, &job.decision, err) : rc;
}

/* ---- the manifest ---------------------------------------------------------------------------- */

static dbk_rc read_manifest(const dbk_log_space *s, const dbk_id *name, dbk_bytes *store,
                            dbk_manifest *out, dbk_err *err)
{
    dbk_rc rc = dbk_log_snapshot_manifest_get(s, name, store, err);
    if (rc == DBK_OK)
        rc = dbk_manifest_decode(out, dbk_bytes_span(store), err);
    return rc == DBK_OK || rc == DBK_NOMEM || rc == DBK_IO ? rc : DBK_DAMAGED;
}

/* Of a longer log, or as long a one: what stands is not replaced by what is older. */
static dbk_rc check_newer(snapshot_job *job, const dbk_log_space *s, const dbk_kept_snapshot *now,
                          dbk_err *err)
{
    dbk_manifest m;
    dbk_bytes store = DBK_BYTES_INIT(DBK_MANIFEST_BYTES_MAX);
    if (!now->there)
        return DBK_OK;
    dbk_rc rc = read_manifest(s, &now->name, &store, &m, err);
    if (rc == DBK_OK && dbk_id_equal(&m.claim.log, &job->manifest.claim.log) &&
        m.claim.size > job->manifest.claim.size)
        job->decision = DBK_CONFLICT;
    dbk_bytes_wipe(&store);
    return rc;
}

/* Made of the membership as it is now, of this log, of what the relay signed for. */
static dbk_rc check_manifest(snapshot_job *job, const dbk_log_space *s, dbk_err *err)
{
    const dbk_claim *claim = &job->manifest.claim;
    dbk_roll_org org;
    const dbk_checkpoint point = { claim->org, claim->space, claim->log, claim->size, claim->root };
    dbk_roll_org_peek(job->relay->roll, &org);
    if (!dbk_hash_equal(&claim->members, &org.head)) {
        job->decision = DBK_CONFLICT;
        return DBK_OK;
    }
    job->decision = dbk_roll_check_snapshot(job->relay->roll, &job->manifest, org.count - 1, NULL);
    if (job->decision == DBK_NOMEM)
        return dbk_fail(err, DBK_NOMEM, "no memory for a snapshot");
    return job->decision == DBK_OK ? dbk_relay_check_history(s, &point, &job->decision, err)
                                   : DBK_OK;
}

static dbk_rc finish_upload(const snapshot_job *job, const dbk_log_space *s, dbk_kept_snapshots *k,
                            dbk_err *err)
{
    dbk_roll_org org;
    dbk_roll_org_peek(job->relay->roll, &org);
    k->next.whole = true;
    k->next.members_seq = org.count - 1;
    dbk_rc rc = dbk_log_snapshot_manifest_put(s, &k->next.name, job->body, err);
    return rc == DBK_OK ? dbk_log_snapshots_put(s, k, err) : rc;
}

/* It was taken before, and its sender didn't hear so. */
static dbk_rc is_held(const snapshot_job *job, const dbk_log_space *s, bool *held, dbk_err *err)
{
    dbk_err absent = { 0 };
    dbk_id name;
    dbk_bytes store = DBK_BYTES_INIT(DBK_MANIFEST_BYTES_MAX);
    memcpy(name.b, job->manifest.salt, sizeof(name.b));
    dbk_rc rc = dbk_log_snapshot_manifest_get(s, &name, &store, &absent);
    *held = rc == DBK_OK && dbk_span_equal(dbk_bytes_span(&store), job->body);
    dbk_bytes_wipe(&store);
    return rc == DBK_OK || rc == DBK_NOT_FOUND ? DBK_OK : dbk_fail(err, rc, "%s", absent.text);
}

static dbk_rc run_manifest(void *ctx, const dbk_log *log, dbk_err *err)
{
    snapshot_job *job = ctx;
    const dbk_log_space s = { log, job->space };
    const dbk_manifest *m = &job->manifest;
    dbk_kept_snapshots k;
    bool held = false;
    dbk_rc rc = is_held(job, &s, &held, err);
    if (rc != DBK_OK || held)
        return rc;
    rc = dbk_log_snapshots_get(&s, &k, err);
    if (rc != DBK_OK)
        return rc;
    dbk_hash root = dbk_frontier_root(&k.next.tree, DBK_TREE_SNAPSHOT);
    if (!k.next.there || k.next.whole || memcmp(k.next.name.b, m->salt, sizeof(m->salt)) != 0 ||
        !dbk_id_equal(&k.next.maker, &m->device) || k.next.chunks != m->chunks ||
        !dbk_hash_equal(&root, &m->chunk_root)) {
        job->decision = DBK_CONFLICT;
        return DBK_OK;
    }
    rc = check_manifest(job, &s, err);
    if (rc == DBK_OK && job->decision == DBK_OK)
        rc = check_newer(job, &s, &k.standing, err);
    return rc == DBK_OK && job->decision == DBK_OK ? finish_upload(job, &s, &k, err) : rc;
}

dbk_rc dbk_call_snapshot_make(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    snapshot_job job = job_of(r, c);
    dbk_rc rc = dbk_relay_check_desk(r, c, err);
    if (rc == DBK_OK)
        rc = dbk_manifest_decode(&job.manifest, job.body, err);
    if (rc == DBK_OK && (!dbk_id_equal(&job.manifest.claim.space, &c->id) ||
                         !dbk_id_equal(&job.manifest.device, &c->caller.device)))
        rc = dbk_fail(err, DBK_DENIED, "a snapshot of another space, or of another device");
    const dbk_job work = { run_manifest, &job };
    return rc == DBK_OK ? dbk_relay_submit(r, a, &work, &job.decision, err) : rc;
}

/* ---- its confirmation ------------------------------------------------------------------------ */

static void add_word(dbk_kept_snapshot *k, dbk_span word)
{
    for (size_t i = 0; i < k->words_count; i++) {
        if (dbk_span_equal(dbk_span_of(k->words[i], sizeof(k->words[i])), word))
            return;
    }
    if (k->words_count == DBK_SNAPSHOT_OFFER_WORDS_MAX)
        return; /* one is enough */
    memcpy(k->words[k->words_count++], word.p, sizeof(k->words[0]));
}

/* Is it this one that is confirmed, and by one who may? */
static dbk_rc judge_word(snapshot_job *job, const dbk_log_space *s, const dbk_kept_snapshot *k,
                         dbk_err *err)
{
    dbk_bytes store = DBK_BYTES_INIT(DBK_MANIFEST_BYTES_MAX);
    dbk_roll *roll = job->relay->roll;
    job->decision = DBK_CONFLICT;
    if (!k->there || !k->whole)
        return DBK_OK;
    dbk_rc rc = read_manifest(s, &k->name, &store, &job->manifest, err);
    if (rc == DBK_OK)
        job->decision = dbk_roll_check_snapshot(roll, &job->manifest, k->members_seq, NULL);
    if (rc == DBK_OK && job->decision == DBK_OK)
        job->decision = dbk_roll_check_confirmation(roll, &job->word, &job->manifest, NULL);
    dbk_bytes_wipe(&store);
    return job->decision == DBK_NOMEM ? dbk_fail(err, DBK_NOMEM, "no memory for a snapshot") : rc;
}

/* The next one stands from now on; what stood goes. */
static dbk_rc promote(const dbk_log_space *s, dbk_kept_snapshots *k, dbk_err *err)
{
    dbk_rc rc = dbk_log_snapshot_drop(s, &k->standing, err);
    k->standing = k->next;
    memset(&k->next, 0, sizeof(k->next));
    return rc;
}

static dbk_rc run_word(void *ctx, const dbk_log *log, dbk_err *err)
{
    snapshot_job *job = ctx;
    const dbk_log_space s = { log, job->space };
    dbk_kept_snapshots k;
    dbk_rc rc = dbk_log_snapshots_get(&s, &k, err);
    if (rc == DBK_OK)
        rc = judge_word(job, &s, &k.next, err);
    dbk_rc of_next = job->decision;
    if (rc == DBK_OK && of_next == DBK_OK)
        rc = promote(&s, &k, err);
    else if (rc == DBK_OK)
        rc = judge_word(job, &s, &k.standing, err);
    if (rc != DBK_OK)
        return rc;
    if (job->decision != DBK_OK) {
        job->decision = of_next;
        return DBK_OK;
    }
    add_word(&k.standing, job->body);
    return dbk_log_snapshots_put(&s, &k, err);
}

dbk_rc dbk_call_snapshot_confirm(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    snapshot_job job = job_of(r, c);
    dbk_rc rc = dbk_relay_check_desk(r, c, err);
    if (rc == DBK_OK)
        rc = dbk_confirmation_decode(&job.word, job.body, err);
    if (rc == DBK_OK && !dbk_id_equal(&job.word.device, &c->caller.device))
        rc = dbk_fail(err, DBK_DENIED, "a confirmation of another device");
    const dbk_job work = { run_word, &job };
    return rc == DBK_OK ? dbk_relay_submit(r, a, &work, &job.decision, err) : rc;
}

dbk_rc dbk_relay_snapshots_told(dbk_relay *r, const dbk_log_space *s, const dbk_caller *caller,
                                dbk_snapshots_told *out, dbk_err *err)
{
    dbk_kept_snapshots k;
    dbk_rc rc = dbk_log_snapshots_get(s, &k, err);
    *out = (dbk_snapshots_told){ false, false };
    if (rc != DBK_OK)
        return rc;
    out->stands = k.standing.there && dbk_roll_reads(r->roll, caller, &s->space) &&
                  !dbk_roll_vouches(r->roll, &caller->device, &s->space);
    out->waits = k.next.there && k.next.whole &&
                 dbk_roll_may_confirm(r->roll, &caller->device, &k.next.maker, &s->space);
    return DBK_OK;
}

/* ---- fetching -------------------------------------------------------------------------------- */

static dbk_rc offer(dbk_relay_answer *a, const dbk_log_space *s, const dbk_kept_snapshot *k,
                    dbk_err *err)
{
    dbk_bytes manifest = DBK_BYTES_INIT(DBK_MANIFEST_BYTES_MAX);
    dbk_snapshot_offer o = { .words_count = k->words_count };
    if (!k->there || !k->whole)
        return dbk_fail(err, DBK_NOT_FOUND, "there is no snapshot");
    dbk_rc rc = dbk_log_snapshot_manifest_get(s, &k->name, &manifest, err);
    o.manifest = dbk_bytes_span(&manifest);
    for (size_t i = 0; i < k->words_count; i++)
        o.words[i] = dbk_span_of(k->words[i], sizeof(k->words[i]));
    if (rc == DBK_OK)
        rc = dbk_snapshot_offer_encode(&a->body, &o, err);
    dbk_bytes_wipe(&manifest);
    return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
}

dbk_rc dbk_call_snapshot_get(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    dbk_query_field q[] = { { "next", 0, false } };
    dbk_kept_snapshots k;
    size_t reader;
    dbk_rc rc = dbk_query_parse(q, 1, c->req->query, err);
    if (rc == DBK_OK && q[0].value > 1)
        rc = dbk_fail(err, DBK_FORMAT, "next is 0 or 1");
    /* What isn't confirmed is for those who may. */
    if (rc == DBK_OK)
        rc = q[0].value == 1 ? dbk_relay_check_desk(r, c, err) : dbk_relay_check_reader(r, c, err);
    if (rc == DBK_OK)
        rc = dbk_relay_reader_take(r, &reader, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_log_space s = { &r->readers[reader], c->id };
    a->content_type = DBK_TYPE_BINARY;
    rc = dbk_log_snapshots_get(&s, &k, err);
    if (rc == DBK_OK)
        rc = offer(a, &s, q[0].value == 1 ? &k.next : &k.standing, err);
    dbk_relay_reader_give(r, reader);
    return rc;
}

dbk_rc dbk_call_snapshot_fetch(dbk_relay *r, dbk_relay_answer *a, const dbk_call *c, dbk_err *err)
{
    dbk_query_field q[] = { { "number", 0, false } };
    dbk_kept_snapshots k;
    size_t reader;
    dbk_rc rc = dbk_query_parse(q, 1, c->req->query, err);
    if (rc == DBK_OK && !q[0].given)
        rc = dbk_fail(err, DBK_FORMAT, "number is missing");
    if (rc == DBK_OK)
        rc = dbk_relay_check_reader(r, c, err);
    if (rc == DBK_OK)
        rc = dbk_relay_reader_take(r, &reader, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_log_space s = { &r->readers[reader], c->id };
    a->content_type = DBK_TYPE_BINARY;
    rc = dbk_log_snapshots_get(&s, &k, err);
    if (rc == DBK_OK && (!k.standing.there || q[0].value >= dbk_kept_parts(&k.standing)))
        rc = dbk_fail(err, DBK_NOT_FOUND, "there is no such part");
    else if (rc == DBK_OK)
        rc = dbk_log_snapshot_part_get(&s, &k.standing.name, (uint32_t)q[0].value, &a->body, err);
    dbk_relay_reader_give(r, reader);
    return rc;
}
