/* A log's floor (decision 0041): where it may be. That everybody has what stands below it, the
 * relay alone can see; so it takes a new entry about it only if that is so, whoever signed it. One
 * that comes back after the relay was put back from a backup was judged when it was new. */
#include <string.h>

#include "sync/relay/log_reach.h"
#include "sync/relay/log_snapshot.h"
#include "sync/relay/relay_calls.h"

#define READERS_BYTES_MAX (DBK_ROSTER_DEVICES_MAX * sizeof(dbk_reader))
#define WHOLE_LEAST 2u /* desks of headquarters that hold each body themselves */

typedef struct gate {
    dbk_relay *relay;
    dbk_log_space s;
    const dbk_floor *floor;
    size_t whole;
} gate;

/* ---- what new devices begin with ------------------------------------------------------------- */

static bool is_confirmed(const gate *g, const dbk_kept_snapshot *k, const dbk_manifest *m)
{
    dbk_confirmation_word word;
    dbk_roll *roll = g->relay->roll;
    if (dbk_roll_check_snapshot(roll, m, k->members_seq, NULL) != DBK_OK)
        return false;
    for (size_t i = 0; i < k->words_count; i++) {
        dbk_span in = dbk_span_of(k->words[i], sizeof(k->words[i]));
        if (dbk_confirmation_decode(&word, in, NULL) == DBK_OK &&
            dbk_roll_check_confirmation(roll, &word, m, NULL) == DBK_OK)
            return true;
    }
    return false;
}

/* One of this log stands, at that size or beyond, and both who vouch for it are in the space now.
 */
static dbk_rc check_snapshot(const gate *g, bool *good, dbk_err *err)
{
    dbk_kept_snapshots k;
    dbk_manifest m;
    dbk_bytes store = DBK_BYTES_INIT(DBK_MANIFEST_BYTES_MAX);
    dbk_rc rc = dbk_log_snapshots_get(&g->s, &k, err);
    *good = false;
    if (rc != DBK_OK || !k.standing.there || !k.standing.whole)
        return rc;
    rc = dbk_log_snapshot_manifest_get(&g->s, &k.standing.name, &store, err);
    if (rc == DBK_OK)
        rc = dbk_manifest_decode(&m, dbk_bytes_span(&store), err);
    if (rc == DBK_OK)
        *good = dbk_id_equal(&m.claim.log, &g->floor->log) && m.claim.size >= g->floor->size &&
                is_confirmed(g, &k.standing, &m);
    dbk_bytes_wipe(&store);
    return rc == DBK_OK || rc == DBK_NOMEM || rc == DBK_IO ? rc : DBK_DAMAGED;
}

/* ---- what devices have ----------------------------------------------------------------------- */

static dbk_rc check_reader(gate *g, const dbk_reader *reader, bool *good, dbk_err *err)
{
    dbk_log_reach row;
    dbk_err absent = { 0 };
    const dbk_reach *said = &row.said;
    dbk_rc rc = dbk_log_reach_get(&g->s, &reader->device, &row, &absent);
    if (rc != DBK_OK && rc != DBK_NOT_FOUND)
        return dbk_fail(err, rc, "%s", absent.text);
    *good = rc == DBK_OK && dbk_id_equal(&said->log, &g->floor->log) &&
            said->size >= g->floor->size;
    if (*good && said->whole && reader->vouches)
        g->whole++;
    return DBK_OK;
}

/* Each device that reads there has said that it has as much, and two desks that they hold all of
 * it: so nobody lacks what goes, and who comes to lack it can be given it. */
static dbk_rc check_readers(gate *g, uint64_t now_ms, bool *good, dbk_err *err)
{
    dbk_bytes readers = DBK_BYTES_INIT(READERS_BYTES_MAX);
    dbk_rc rc = dbk_roll_readers(g->relay->roll, &g->s.space, now_ms, &readers, err);
    *good = true;
    for (size_t at = 0; at < readers.len && rc == DBK_OK && *good; at += sizeof(dbk_reader)) {
        dbk_reader reader;
        memcpy(&reader, readers.p + at, sizeof(reader));
        rc = check_reader(g, &reader, good, err);
    }
    *good = *good && g->whole >= WHOLE_LEAST;
    dbk_bytes_wipe(&readers);
    return rc;
}

dbk_rc dbk_relay_may_floor(dbk_relay *r, const dbk_log *log, const dbk_entry *e, uint64_t now_ms,
                           dbk_rc *decision, dbk_err *err)
{
    gate g = { r, { log, e->space }, &e->floor, 0 };
    dbk_roll_org org;
    dbk_log_state state;
    dbk_err absent = { 0 };
    bool good = false;
    dbk_rc history = DBK_OK;
    dbk_roll_org_peek(r->roll, &org);
    const dbk_checkpoint point = { org.org, e->space, e->floor.log, e->floor.size, e->floor.root };
    *decision = DBK_DENIED;
    dbk_rc rc = dbk_log_state_get(&g.s, &state, &absent);
    if (rc == DBK_NOT_FOUND)
        return DBK_OK; /* no such space: the chain says the same */
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", absent.text);
    rc = dbk_relay_check_history(&g.s, &point, &history, err);
    if (rc == DBK_OK && history == DBK_OK)
        rc = check_snapshot(&g, &good, err);
    if (rc == DBK_OK && good)
        rc = check_readers(&g, now_ms, &good, err);
    if (rc == DBK_OK && good)
        *decision = DBK_OK;
    return rc;
}
