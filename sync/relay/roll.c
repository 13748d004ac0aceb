#include "sync/relay/roll.h"

#include <pthread.h>
#include <string.h>

#include "core/base/alloc.h"

struct dbk_roll {
    pthread_mutex_t lock; /* the roster's readers share a cache: one at a time */
    dbk_roster *roster;   /* NULL: no organisation yet */
    dbk_admit *admit;
    bool changing; /* between add and settle: locked by the writer */
};

static void lock(dbk_roll *roll)
{
    DBK_ASSERT(pthread_mutex_lock(&roll->lock) == 0);
}

static void unlock(dbk_roll *roll)
{
    DBK_ASSERT(pthread_mutex_unlock(&roll->lock) == 0);
}

/* ---- folding ----------------------------------------------------------------------------- */

/* The first entry brings the root. It is trusted because an operator's setup code let it in; what
 * devices trust is the root that they have pinned themselves. */
static dbk_rc begin_roster(dbk_roster **out, dbk_span genesis, dbk_err *err)
{
    dbk_entry_decoded d = { 0 };
    dbk_rc rc = dbk_entry_decode(&d, genesis, err);
    if (rc == DBK_OK && d.entry.kind != DBK_ENTRY_GENESIS)
        rc = dbk_fail(err, DBK_FORMAT, "the first entry is no genesis");
    if (rc == DBK_OK)
        rc = dbk_roster_new(out, &d.entry.root, err);
    dbk_entry_decoded_wipe(&d);
    return rc;
}

static dbk_rc take(dbk_roster **roster, dbk_span entry, dbk_err *err)
{
    dbk_roster *begun = NULL;
    dbk_rc rc = DBK_OK;
    if (*roster == NULL)
        rc = begin_roster(&begun, entry, err);
    if (rc == DBK_OK)
        rc = dbk_roster_add(begun != NULL ? begun : *roster, entry, err);
    if (rc == DBK_OK && begun != NULL) {
        *roster = begun;
        begun = NULL;
    }
    dbk_roster_free(begun);
    return rc;
}

static dbk_rc fold_entry(void *ctx, uint64_t seq, dbk_span entry, bool *stop, dbk_err *err)
{
    (void)seq;
    (void)stop;
    return take(ctx, entry, err);
}

static dbk_rc fold(dbk_roll *roll, const dbk_log *log, dbk_err *err)
{
    dbk_roster *roster = NULL;
    dbk_rc rc = dbk_log_entries(log, 0, fold_entry, &roster, err);
    dbk_admit_forget(roll->admit);
    dbk_roster_free(roll->roster);
    roll->roster = NULL;
    if (rc == DBK_OK && roster != NULL)
        rc = dbk_admit_learn(roll->admit, roster, err);
    if (rc == DBK_OK) {
        roll->roster = roster;
        roster = NULL;
    }
    dbk_roster_free(roster);
    return rc;
}

dbk_rc dbk_roll_new(dbk_roll **out, const dbk_log *log, const dbk_env *env, dbk_err *err)
{
    *out = NULL;
    dbk_roll *roll = dbk_alloc(sizeof(*roll));
    if (roll == NULL || pthread_mutex_init(&roll->lock, NULL) != 0) {
        dbk_free(roll);
        return dbk_fail(err, DBK_NOMEM, "no memory for the roll");
    }
    dbk_rc rc = dbk_admit_new(&roll->admit, env, err);
    if (rc == DBK_OK)
        rc = fold(roll, log, err);
    if (rc == DBK_OK) {
        *out = roll;
        roll = NULL;
    }
    dbk_roll_free(roll);
    return rc;
}

void dbk_roll_free(dbk_roll *roll)
{
    if (roll == NULL)
        return;
    DBK_ASSERT(!roll->changing);
    (void)pthread_mutex_destroy(&roll->lock);
    dbk_roster_free(roll->roster);
    dbk_admit_free(roll->admit);
    dbk_free(roll);
}

dbk_admit *dbk_roll_admit(const dbk_roll *roll)
{
    return roll->admit;
}

/* ---- lookups ----------------------------------------------------------------------------- */

void dbk_roll_org_peek(const dbk_roll *roll, dbk_roll_org *out)
{
    memset(out, 0, sizeof(*out));
    if (roll->roster == NULL)
        return;
    out->org = dbk_roster_org(roll->roster);
    out->count = dbk_roster_count(roll->roster);
    out->head = dbk_roster_head(roll->roster);
}

void dbk_roll_org_get(dbk_roll *roll, dbk_roll_org *out)
{
    lock(roll);
    dbk_roll_org_peek(roll, out);
    unlock(roll);
}

void dbk_roll_witnesses(dbk_roll *roll, dbk_policy_keys *out)
{
    memset(out, 0, sizeof(*out));
    lock(roll);
    if (roll->roster != NULL)
        *out = dbk_roster_policy(roll->roster)->witnesses;
    unlock(roll);
}

bool dbk_roll_announces(dbk_roll *roll, const uint8_t pin[32])
{
    lock(roll);
    bool found = roll->roster == NULL;
    const dbk_policy_keys *pins = found ? NULL : &dbk_roster_policy(roll->roster)->tls_pins;
    for (size_t i = 0; !found && i < pins->count; i++)
        found = memcmp(pins->b[i], pin, sizeof(pins->b[i])) == 0;
    unlock(roll);
    return found;
}

bool dbk_roll_caller(dbk_roll *roll, dbk_caller *out, const uint8_t key_hash[DBK_KEY_HASH_BYTES])
{
    size_t at;
    bool found = false;
    memset(out, 0, sizeof(*out));
    lock(roll);
    if (roll->roster != NULL && dbk_admit_find(roll->admit, key_hash, &at)) {
        const dbk_member *m = dbk_roster_device_at(roll->roster, at);
        *out = (dbk_caller){ m->device, m->role, m->keys.request, m->revoked };
        found = true;
    }
    unlock(roll);
    return found;
}

static bool in_force(const dbk_member_space *s, uint64_t now_ms)
{
    return s->role != DBK_ROLE_NONE && !s->removed &&
           (s->expires_ms == 0 || now_ms < s->expires_ms);
}

/* A space of records that the member is in. */
static bool is_listed(const dbk_roster *roster, const dbk_member_space *s, uint64_t now_ms)
{
    const dbk_space *space = dbk_roster_space(roster, &s->space);
    return in_force(s, now_ms) && space != NULL && !space->is_roster;
}

dbk_rc dbk_roll_spaces(dbk_roll *roll, const dbk_caller *caller, uint64_t now_ms, dbk_bytes *out,
                       dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    lock(roll);
    const dbk_member *m = roll->roster != NULL ? dbk_roster_device(roll->roster, &caller->device)
                                               : NULL;
    size_t count = m != NULL && !m->revoked ? m->spaces_count : 0;
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        const dbk_member_space *s = &m->spaces[i];
        DBK_ASSERT(i == 0 || dbk_id_compare(&m->spaces[i - 1].space, &s->space) < 0);
        if (is_listed(roll->roster, s, now_ms))
            rc = dbk_bytes_append(out, dbk_span_of(s->space.b, sizeof(s->space.b)), err);
    }
    unlock(roll);
    return rc;
}

bool dbk_roll_in_space(dbk_roll *roll, const dbk_caller *caller, const dbk_id *space,
                       uint64_t now_ms)
{
    bool found = false;
    lock(roll);
    const dbk_member *m = roll->roster != NULL ? dbk_roster_device(roll->roster, &caller->device)
                                               : NULL;
    size_t count = m != NULL && m->revoked == caller->revoked ? m->spaces_count : 0;
    for (size_t i = 0; i < count && !found; i++)
        found = dbk_id_equal(&m->spaces[i].space, space) &&
                is_listed(roll->roster, &m->spaces[i], now_ms);
    unlock(roll);
    return found;
}

bool dbk_roll_left_space(dbk_roll *roll, const dbk_caller *caller, const dbk_id *space)
{
    bool left = false;
    lock(roll);
    const dbk_member *m = roll->roster != NULL ? dbk_roster_device(roll->roster, &caller->device)
                                               : NULL;
    for (size_t i = 0; m != NULL && i < m->spaces_count && !left; i++)
        left = m->spaces[i].removed && dbk_id_equal(&m->spaces[i].space, space);
    unlock(roll);
    return left;
}

bool dbk_roll_reads(dbk_roll *roll, const dbk_caller *caller, const dbk_id *space)
{
    bool reads = false;
    lock(roll);
    if (roll->roster != NULL) {
        dbk_role role = dbk_roster_role(roll->roster, &caller->device, space);
        reads = dbk_role_reads(role);
    }
    unlock(roll);
    return reads;
}

bool dbk_roll_reads_peek(const dbk_roll *roll, const dbk_id *device, const dbk_id *space)
{
    return roll->roster != NULL && dbk_role_reads(dbk_roster_role(roll->roster, device, space));
}

static bool reads_now(const dbk_roster *roster, const dbk_member *m, const dbk_id *space,
                      uint64_t now_ms)
{
    for (size_t i = 0; i < m->spaces_count; i++) {
        if (dbk_id_equal(&m->spaces[i].space, space))
            return is_listed(roster, &m->spaces[i], now_ms) &&
                   dbk_role_reads(dbk_roster_role(roster, &m->device, space));
    }
    return false;
}

dbk_rc dbk_roll_readers(dbk_roll *roll, const dbk_id *space, uint64_t now_ms, dbk_bytes *out,
                        dbk_err *err)
{
    bool held = roll->changing; /* locked already, by this thread */
    dbk_rc rc = DBK_OK;
    if (!held)
        lock(roll);
    size_t count = roll->roster != NULL ? dbk_roster_devices(roll->roster) : 0;
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        const dbk_member *m = dbk_roster_device_at(roll->roster, i);
        const dbk_reader reader = { m->device,
                                    dbk_snapshot_may_vouch(roll->roster, &m->device, space) };
        if (reads_now(roll->roster, m, space, now_ms))
            rc = dbk_bytes_append(out, dbk_span_of(&reader, sizeof(reader)), err);
    }
    if (!held)
        unlock(roll);
    return rc;
}

bool dbk_roll_sign_key(dbk_roll *roll, dbk_sign_pk *out, const dbk_id *device)
{
    memset(out, 0, sizeof(*out));
    lock(roll);
    const dbk_member *m = roll->roster != NULL ? dbk_roster_device(roll->roster, device) : NULL;
    if (m != NULL)
        *out = m->keys.sign;
    unlock(roll);
    return m != NULL;
}

/* ---- snapshots ---------------------------------------------------------------------------- */

bool dbk_roll_vouches(dbk_roll *roll, const dbk_id *device, const dbk_id *space)
{
    lock(roll);
    bool may = roll->roster != NULL && dbk_snapshot_may_vouch(roll->roster, device, space);
    unlock(roll);
    return may;
}

bool dbk_roll_may_confirm(dbk_roll *roll, const dbk_id *device, const dbk_id *maker,
                          const dbk_id *space)
{
    lock(roll);
    bool may = roll->roster != NULL &&
               dbk_snapshot_may_confirm(roll->roster, device, maker, space, NULL) == DBK_OK;
    unlock(roll);
    return may;
}

dbk_rc dbk_roll_check_snapshot(dbk_roll *roll, const dbk_manifest *m, uint64_t members_seq,
                               dbk_err *err)
{
    bool held = roll->changing; /* locked already, by this thread */
    if (!held)
        lock(roll);
    dbk_rc rc = roll->roster != NULL ? dbk_manifest_check(m, roll->roster, members_seq, err)
                                     : DBK_NOT_FOUND;
    if (!held)
        unlock(roll);
    return rc;
}

dbk_rc dbk_roll_check_confirmation(dbk_roll *roll, const dbk_confirmation_word *word,
                                   const dbk_manifest *m, dbk_err *err)
{
    bool held = roll->changing; /* locked already, by this thread */
    if (!held)
        lock(roll);
    dbk_rc rc = roll->roster != NULL ? dbk_confirmation_check(word, m, roll->roster, err)
                                     : DBK_NOT_FOUND;
    if (!held)
        unlock(roll);
    return rc;
}

/* ---- logs --------------------------------------------------------------------------------- */

dbk_rc dbk_roll_logs_peek(const dbk_roll *roll, dbk_bytes *out, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    size_t count = roll->roster != NULL ? dbk_roster_spaces(roll->roster) : 0;
    for (size_t i = 0; i < count && rc == DBK_OK; i++) {
        const dbk_space *space = dbk_roster_space_at(roll->roster, i);
        dbk_log_move move = space->recovery;
        move.space = space->space;
        if (!space->is_roster)
            rc = dbk_bytes_append(out, dbk_span_of(&move, sizeof(move)), err);
    }
    return rc;
}

dbk_rc dbk_roll_logs(dbk_roll *roll, dbk_bytes *out, dbk_err *err)
{
    lock(roll);
    dbk_rc rc = dbk_roll_logs_peek(roll, out, err);
    unlock(roll);
    return rc;
}

/* Its role in the space; of a revoked device the one that it had. */
static dbk_role role_had(const dbk_member *m, const dbk_id *space)
{
    for (size_t i = 0; i < m->spaces_count; i++) {
        if (dbk_id_equal(&m->spaces[i].space, space))
            return m->spaces[i].role;
    }
    return DBK_ROLE_NONE;
}

bool dbk_roll_feed_owner(dbk_roll *roll, dbk_feed_owner *out, const dbk_header *h)
{
    bool found = false;
    memset(out, 0, sizeof(*out));
    lock(roll);
    const dbk_member *m = roll->roster != NULL ? dbk_roster_feed_owner(roll->roster, &h->space,
                                                                       &h->feed, &h->incarnation)
                                               : NULL;
    if (m != NULL && dbk_role_writes(role_had(m, &h->space))) {
        *out = (dbk_feed_owner){ m->device, m->keys.sign };
        found = true;
    }
    unlock(roll);
    return found;
}

bool dbk_roll_is_late(dbk_roll *roll, const dbk_id *owner, const dbk_id *space)
{
    bool held = roll->changing; /* locked already, by this thread */
    if (!held)
        lock(roll);
    bool late = roll->roster == NULL || dbk_roster_out(roll->roster, owner, space) != NULL;
    if (!held)
        unlock(roll);
    return late;
}

uint64_t dbk_roll_erased(dbk_roll *roll, const dbk_header *h)
{
    bool held = roll->changing; /* locked already, by this thread */
    const dbk_dot first = { h->feed, h->first_seq };
    uint64_t erased = 0;
    if (!held)
        lock(roll);
    if (roll->roster != NULL)
        erased = dbk_roster_erased(roll->roster, &h->space, &first, h->count);
    if (!held)
        unlock(roll);
    return erased;
}

uint64_t dbk_roll_floor(dbk_roll *roll, const dbk_id *space, const dbk_id *log)
{
    bool held = roll->changing; /* locked already, by this thread */
    if (!held)
        lock(roll);
    uint64_t floor = roll->roster != NULL ? dbk_roster_floor(roll->roster, space, log) : 0;
    if (!held)
        unlock(roll);
    return floor;
}

dbk_rc dbk_roll_weigh(dbk_roll *roll, size_t *lacking, dbk_span entry, dbk_err *err)
{
    bool held = roll->changing; /* locked already, by this thread */
    *lacking = 0;
    if (!held)
        lock(roll);
    dbk_rc rc = roll->roster == NULL ? DBK_NOT_FOUND
                                     : dbk_roster_weigh(roll->roster, lacking, entry, err);
    if (!held)
        unlock(roll);
    return rc;
}

/* ---- what others wrote -------------------------------------------------------------------- */

static uint64_t count_of(const dbk_roll *roll)
{
    return roll->roster != NULL ? dbk_roster_count(roll->roster) : 0;
}

static dbk_rc note_entry(void *ctx, uint64_t seq, dbk_span entry, bool *stop, dbk_err *err)
{
    bool *any = ctx;
    (void)seq;
    (void)entry;
    (void)err;
    *any = true;
    *stop = true;
    return DBK_OK;
}

dbk_rc dbk_roll_refresh(dbk_roll *roll, const dbk_log *log, bool *changed, dbk_err *err)
{
    lock(roll);
    uint64_t count = count_of(roll);
    unlock(roll);
    *changed = false;
    /* Nearly always there is nothing: that is found out without holding anybody up. */
    dbk_rc rc = dbk_log_entries(log, count, note_entry, changed, err);
    if (rc != DBK_OK || !*changed)
        return rc;
    lock(roll);
    rc = dbk_log_entries(log, count_of(roll), fold_entry, &roll->roster, err);
    if (rc == DBK_OK)
        rc = dbk_admit_learn(roll->admit, roll->roster, err);
    if (rc !=
        DBK_OK) { /* it may have been taken in part: nobody is known until it is folded anew */
        dbk_admit_forget(roll->admit);
        dbk_roster_free(roll->roster);
        roll->roster = NULL;
    }
    unlock(roll);
    return rc;
}

/* ---- changes ----------------------------------------------------------------------------- */

static dbk_rc describe(dbk_roll_change *made, dbk_span entry, dbk_err *err)
{
    dbk_entry_decoded d = { 0 };
    dbk_rc rc = dbk_entry_decode(&d, entry, err);
    if (rc == DBK_OK)
        *made = (dbk_roll_change){ d.entry.kind, d.entry.space };
    dbk_entry_decoded_wipe(&d);
    return rc;
}

dbk_rc dbk_roll_add(dbk_roll *roll, const dbk_log *log, dbk_span entry, dbk_roll_change *made,
                    dbk_err *err)
{
    bool first = !roll->changing;
    memset(made, 0, sizeof(*made));
    dbk_rc rc = describe(made, entry, err);
    if (rc != DBK_OK)
        return rc;
    if (first)
        lock(roll);
    rc = take(&roll->roster, entry, err);
    if (rc == DBK_OK) {
        /* From here on memory is ahead of the disk: only settle may let others look. */
        roll->changing = true;
        rc = dbk_log_entry_add(log, dbk_roster_count(roll->roster) - 1, entry, err);
        if (rc == DBK_CONFLICT)
            rc = DBK_DAMAGED; /* the chain in memory isn't the one that is stored: our own fault */
    } else if (first) {
        unlock(roll);
    }
    return rc;
}

dbk_rc dbk_roll_settle(dbk_roll *roll, const dbk_log *log, dbk_outcome outcome, dbk_err *err)
{
    dbk_rc rc;
    if (!roll->changing)
        return DBK_OK;
    if (outcome == DBK_COMMITTED)
        rc = dbk_admit_learn(roll->admit, roll->roster, err);
    else
        rc = fold(roll, log, err);
    if (rc != DBK_OK) {
        dbk_admit_forget(roll->admit);
        dbk_roster_free(roll->roster);
        roll->roster = NULL;
    }
    roll->changing = false;
    unlock(roll);
    return rc;
}
