/* Letting go of the bodies below a log's floor (decision 0041): headers, signatures, places and the
 * tree stay, each op's leaf hash holds its place. So much with each transaction that nobody waits
 * for it; what is left goes with the next ones. */
#include <string.h>

#include "sync/relay/log_floor.h"
#include "sync/relay/relay_calls.h"

#define AT_ONCE_SEGMENTS 64u
#define AT_ONCE_BYTES (4u * 1024u * 1024u)
#define HOLES_BYTES_MAX (8u + DBK_SEGMENT_OPS_MAX * DBK_HOLE_BYTES)
#define MOVES_BYTES_MAX (DBK_SPACES_MAX * sizeof(dbk_log_move))

typedef struct job {
    dbk_log_space s;
    uint64_t from, end; /* indexes */
    size_t count;
    uint64_t bytes;
    dbk_bytes run; /* the kept bodies ... */
    dbk_bytes room;
    size_t lengths[AT_ONCE_SEGMENTS]; /* ... one after the other; 0: it stays as it is */
} job;

static dbk_rc see_segment(void *ctx, const dbk_log_segment *segment, bool *stop, dbk_err *err)
{
    job *j = ctx;
    dbk_header h;
    uint64_t erased;
    dbk_sealed sealed = { segment->header, segment->body, segment->kept };
    if (segment->index != j->from + j->count)
        return dbk_fail(err, DBK_DAMAGED, "a log has a hole");
    dbk_rc rc = dbk_header_decode(&h, segment->header, err);
    if (rc == DBK_OK)
        rc = dbk_sealed_erase(&sealed, &erased, &j->room, &h, dbk_segment_ops(&h), err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&j->run, dbk_bytes_span(&j->room), err);
    if (rc != DBK_OK)
        return rc == DBK_NOMEM ? rc : DBK_DAMAGED;
    j->lengths[j->count++] = j->room.len;
    j->bytes += segment->body.len;
    *stop = j->count == AT_ONCE_SEGMENTS || j->from + j->count == j->end ||
            j->bytes >= AT_ONCE_BYTES;
    return DBK_OK;
}

/* Nothing is written while the log is walked through. */
static dbk_rc let_go_run(job *j, dbk_err *err)
{
    const dbk_log *log = j->s.log;
    const dbk_log_read read = { j->from, see_segment, j, AT_ONCE_SEGMENTS };
    dbk_rc rc = log->ops->segments_read(log->self, &j->s.space, &read, err);
    if (rc == DBK_OK && j->count == 0)
        rc = dbk_fail(err, DBK_DAMAGED, "a log has lost its end");
    size_t from = 0;
    for (size_t i = 0; i < j->count && rc == DBK_OK; i++) {
        dbk_span kept = { j->run.p + from, j->lengths[i] };
        from += kept.len;
        if (kept.len > 0)
            rc = log->ops->segment_keep(log->self, &j->s.space, j->from + i, kept, err);
    }
    if (rc == DBK_OK)
        rc = dbk_log_let_go_put(&j->s, j->from + j->count, err);
    return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
}

/* *did: there was something, and perhaps there is more. */
static dbk_rc let_go_space(dbk_relay *r, const dbk_log_space *s, bool *did, dbk_err *err)
{
    dbk_log_state state;
    job j = { .s = *s };
    dbk_rc rc = dbk_log_state_get(s, &state, err);
    if (rc == DBK_OK)
        rc = dbk_log_let_go_get(s, &j.from, err);
    if (rc != DBK_OK)
        return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
    j.end = dbk_roll_floor(r->roll, &s->space, &state.log);
    if (j.end > state.frontier.size)
        j.end = state.frontier.size;
    *did = j.from < j.end;
    if (!*did)
        return DBK_OK;
    dbk_bytes_init(&j.run, AT_ONCE_SEGMENTS * HOLES_BYTES_MAX);
    dbk_bytes_init(&j.room, HOLES_BYTES_MAX);
    rc = let_go_run(&j, err);
    dbk_bytes_wipe(&j.run);
    dbk_bytes_wipe(&j.room);
    return rc;
}

/* A body that isn't what was signed stops this, and nothing else: fsck tells which it is. */
dbk_rc dbk_relay_let_go(dbk_relay *r, const dbk_log *log, dbk_err *err)
{
    dbk_err why = { 0 };
    dbk_bytes moves = DBK_BYTES_INIT(MOVES_BYTES_MAX);
    bool did = false;
    dbk_rc rc = dbk_roll_logs_peek(r->roll, &moves, &why);
    for (size_t at = 0; at < moves.len && rc == DBK_OK && !did; at += sizeof(dbk_log_move)) {
        dbk_log_move move;
        memcpy(&move, moves.p + at, sizeof(move));
        const dbk_log_space s = { log, move.space };
        rc = let_go_space(r, &s, &did, &why);
    }
    dbk_bytes_wipe(&moves);
    r->letting_go = rc == DBK_OK && did;
    if (rc == DBK_OK || rc == DBK_DAMAGED)
        return DBK_OK;
    return dbk_fail(err, rc, "%s", why.text);
}
