#include "sync/relay/measure.h"

#include <string.h>

#include "sync/engine/msg.h"
#include "sync/relay/room.h"

#define MOVES_BYTES_MAX (DBK_SPACES_MAX * sizeof(dbk_log_move))

static dbk_rc first_receipt(void *ctx, const dbk_log_segment *segment, bool *stop, dbk_err *err)
{
    uint64_t *at_ms = ctx;
    (void)err;
    *at_ms = segment->receipt_ms;
    *stop = true;
    return DBK_OK;
}

/* How much of the log as it is now has any witness's word. */
static dbk_rc witnessed_size(uint64_t *out, const dbk_log_space *s, const dbk_log_state *state,
                             const dbk_policy_keys *witnesses, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *out = 0;
    for (size_t i = 0; i < witnesses->count && rc == DBK_OK; i++) {
        dbk_sign_pk pk;
        dbk_log_cosigned row;
        dbk_err absent = { 0 };
        memcpy(pk.b, witnesses->b[i], sizeof(pk.b));
        dbk_id witness = dbk_witness_id(&pk);
        rc = dbk_log_cosigned_get(s, &witness, &row, &absent);
        if (rc == DBK_OK && dbk_id_equal(&row.log, &state->log) && row.said.size > *out)
            *out = row.said.size;
        if (rc == DBK_NOT_FOUND)
            rc = DBK_OK;
        else if (rc != DBK_OK)
            rc = dbk_fail(err, rc, "%s", absent.text);
    }
    return rc;
}

static dbk_rc measure_space(dbk_measure *m, dbk_measure_space *one, const dbk_log_space *s,
                            const dbk_policy_keys *witnesses, dbk_err *err)
{
    dbk_log_state state;
    dbk_room room = { 0, 0 };
    uint64_t seen = 0, at_ms = 0;
    dbk_rc rc = dbk_log_state_get(s, &state, err);
    if (rc == DBK_OK)
        rc = dbk_room_of_space(s->log, &s->space, &room, err);
    if (rc == DBK_OK)
        rc = witnessed_size(&seen, s, &state, witnesses, err);
    if (rc != DBK_OK)
        return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
    uint64_t size = state.frontier.size;
    one->number = ++m->spaces;
    one->segments = size;
    one->bytes = room.bytes;
    m->bytes += room.bytes;
    m->segments += size;
    if (seen >= size)
        return DBK_OK;
    m->unwitnessed += size - seen;
    dbk_log_read read = { seen, first_receipt, &at_ms, 1 };
    rc = s->log->ops->segments_read(s->log->self, &s->space, &read, err);
    if (m->oldest_ms == 0 || at_ms < m->oldest_ms)
        m->oldest_ms = at_ms;
    return rc;
}

dbk_rc dbk_measure_log(dbk_measure *out, const dbk_log *log, dbk_roll *roll, dbk_measure_fn fn,
                       void *ctx, dbk_err *err)
{
    dbk_policy_keys witnesses;
    dbk_bytes moves = DBK_BYTES_INIT(MOVES_BYTES_MAX);
    memset(out, 0, sizeof(*out));
    dbk_roll_witnesses(roll, &witnesses);
    out->witnesses = witnesses.count;
    dbk_rc rc = dbk_roll_logs(roll, &moves, err);
    for (size_t at = 0; at + sizeof(dbk_log_move) <= moves.len && rc == DBK_OK;
         at += sizeof(dbk_log_move)) {
        dbk_log_move move;
        dbk_measure_space one = { 0 };
        memcpy(&move, moves.p + at, sizeof(move));
        dbk_log_space s = { log, move.space };
        rc = measure_space(out, &one, &s, &witnesses, err);
        if (rc == DBK_OK)
            rc = fn(ctx, &one, err);
    }
    dbk_bytes_wipe(&moves);
    return rc;
}
