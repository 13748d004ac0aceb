/* What the log's state tells an operator's monitoring. A space is its number in the order of the
 * chain: that is the same at each relay and after each start, and says nothing to who can't read
 * the chain. */
#include <stdio.h>
#include <string.h>

#include "sync/relay/relay_calls.h"

#define SPACES_TOLD_MAX 200u /* the rest is told as one: monitoring keeps a row for each */
#define MOVES_BYTES_MAX (DBK_SPACES_MAX * sizeof(dbk_log_move))

typedef struct measured {
    uint64_t spaces, segments, unwitnessed;
    uint64_t oldest_ms; /* receipt of the oldest that waits for a witness; 0: none does */
    uint64_t sizes[SPACES_TOLD_MAX + 1]; /* in segments; the last: of all others together */
    dbk_policy_keys witnesses;
} measured;

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

static dbk_rc measure_space(measured *m, const dbk_log_space *s, dbk_err *err)
{
    dbk_log_state state;
    uint64_t seen, at_ms = 0;
    dbk_rc rc = dbk_log_state_get(s, &state, err);
    if (rc == DBK_OK)
        rc = witnessed_size(&seen, s, &state, &m->witnesses, err);
    if (rc != DBK_OK)
        return rc == DBK_NOT_FOUND ? DBK_DAMAGED : rc;
    uint64_t size = state.frontier.size;
    size_t at = m->spaces < SPACES_TOLD_MAX ? (size_t)m->spaces : SPACES_TOLD_MAX;
    m->sizes[at] += size;
    m->spaces++;
    m->segments += size;
    if (seen >= size)
        return DBK_OK;
    m->unwitnessed += size - seen;
    dbk_log_read read = { seen, first_receipt, &at_ms };
    rc = s->log->ops->segments_read(s->log->self, &s->space, &read, err);
    if (m->oldest_ms == 0 || at_ms < m->oldest_ms)
        m->oldest_ms = at_ms;
    return rc;
}

static dbk_rc measure_spaces(dbk_relay *r, measured *m, dbk_err *err)
{
    size_t reader;
    dbk_bytes moves = DBK_BYTES_INIT(MOVES_BYTES_MAX);
    dbk_roll_witnesses(r->roll, &m->witnesses);
    dbk_rc rc = dbk_roll_logs(r->roll, &moves, err);
    if (rc == DBK_OK)
        rc = dbk_relay_reader_take(r, &reader, err);
    if (rc == DBK_OK) {
        for (size_t at = 0; at + sizeof(dbk_log_move) <= moves.len && rc == DBK_OK;
             at += sizeof(dbk_log_move)) {
            dbk_log_move move;
            memcpy(&move, moves.p + at, sizeof(move));
            dbk_log_space s = { &r->readers[reader], move.space };
            rc = measure_space(m, &s, err);
        }
        dbk_relay_reader_give(r, reader);
    }
    dbk_bytes_wipe(&moves);
    return rc;
}

static dbk_rc print_sizes(dbk_bytes *out, const measured *m, dbk_err *err)
{
    static const char family[] = "space_segments";
    char label[32];
    dbk_rc rc = dbk_metrics_gauge_head(out, family,
                                       "Segments in a space, rounded up; a space is its number "
                                       "in the membership chain.",
                                       err);
    for (uint64_t i = 0; i < m->spaces && i <= SPACES_TOLD_MAX && rc == DBK_OK; i++) {
        if (i < SPACES_TOLD_MAX)
            (void)snprintf(label, sizeof(label), "space=\"%llu\"", (unsigned long long)i + 1);
        else
            (void)snprintf(label, sizeof(label), "space=\"others\"");
        rc = dbk_metrics_gauge_value(out, family, label, dbk_metrics_coarse(m->sizes[i]), err);
    }
    return rc;
}

static dbk_rc print_log(dbk_relay *r, dbk_bytes *out, const measured *m, uint64_t now_ms,
                        dbk_err *err)
{
    uint64_t age_s = m->oldest_ms != 0 && now_ms > m->oldest_ms ? (now_ms - m->oldest_ms) / 1000
                                                                : 0;
    const struct {
        const char *family, *help;
        uint64_t value;
    } rows[] = {
        { "healthy", "1 until the storage has failed.", atomic_load(&r->failed) ? 0 : 1 },
        { "recovering", "1 while the relay waits for the organisation's word on a restored log.",
          atomic_load(&r->recovering) ? 1 : 0 },
        { "spaces", "Spaces with a log.", m->spaces },
        { "log_segments", "Segments in all logs.", m->segments },
        { "witnesses", "Witnesses that the policy in force names.", m->witnesses.count },
        { "unwitnessed_segments", "Segments that no witness has vouched for.", m->unwitnessed },
        { "oldest_unwitnessed_age_seconds", "How long the oldest of these waits; 0: there is none.",
          age_s },
    };
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && rc == DBK_OK; i++) {
        rc = dbk_metrics_gauge_head(out, rows[i].family, rows[i].help, err);
        if (rc == DBK_OK)
            rc = dbk_metrics_gauge_value(out, rows[i].family, "", rows[i].value, err);
    }
    return rc;
}

dbk_rc dbk_relay_measure(dbk_relay *r, dbk_bytes *out, uint64_t now_ms, dbk_err *err)
{
    measured m = { .spaces = 0 };
    dbk_rc rc = measure_spaces(r, &m, err);
    if (rc == DBK_OK)
        rc = print_log(r, out, &m, now_ms, err);
    if (rc == DBK_OK)
        rc = print_sizes(out, &m, err);
    return rc == DBK_OK ? dbk_metrics_print(r->metrics, out, err) : rc;
}
