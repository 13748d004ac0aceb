/* Who must sign what, and the rules of the entries that steer the whole organisation: POLICY,
 * RECOVERY, BAR (roster.h lists them). */
#include "core/crypto/roster_state.h"

bool dbk_roster_had_two_admins(const dbk_roster *r)
{
    for (size_t i = 1; i < r->admins_count; i++) {
        if (!dbk_id_equal(&r->devices[r->admins[i].device].member.person,
                          &r->devices[r->admins[0].device].member.person))
            return true;
    }
    return false;
}

/* What widens access, or takes away who could object to it (A18). */
static bool has_power(const dbk_roster *r, const dbk_entry *e)
{
    const dbk_space *space;
    const dbk_member *member;
    switch (e->kind) {
    case DBK_ENTRY_ENROL:
        return e->role == DBK_ROLE_HQ || e->role == DBK_ROLE_ADMIN;
    case DBK_ENTRY_SPACE:
        return e->restricted;
    case DBK_ENTRY_GRANT:
        space = dbk_roster_space(r, &e->space);
        return space != NULL && space->restricted;
    case DBK_ENTRY_REVOKE:
        member = dbk_roster_device(r, &e->device);
        return member != NULL && member->role == DBK_ROLE_ADMIN;
    case DBK_ENTRY_POLICY:
    case DBK_ENTRY_BAR:
    case DBK_ENTRY_DISPOSE:
    case DBK_ENTRY_FLOOR:
        return true;
    case DBK_ENTRY_GENESIS:
    case DBK_ENTRY_ROTATE:
    case DBK_ENTRY_RECOVERY:
    case DBK_ENTRY_REMOVE:
        break;
    }
    return false;
}

/* What lets go of notes: what is gone never comes back, and can wait for a second person. */
static bool lets_go(const dbk_entry *e)
{
    return e->kind == DBK_ENTRY_DISPOSE || e->kind == DBK_ENTRY_FLOOR;
}

size_t dbk_roster_signers_needed(const dbk_roster *r, const dbk_entry *e)
{
    if (lets_go(e))
        return 2;
    return dbk_roster_had_two_admins(r) && has_power(r, e) ? 2 : 1;
}

/* Else the device that holds the root would act for two where a second person could be asked. That
 * an organisation which lost one of its two admins isn't lost with it, needs no more than this. */
bool dbk_roster_root_may_second(const dbk_roster *r, const dbk_entry *e)
{
    const dbk_id *first = NULL;
    if (lets_go(e))
        return false;
    for (size_t i = 0; i < r->admins_count; i++) {
        const dbk_member *m = &r->devices[r->admins[i].device].member;
        if (m->revoked || (e->kind == DBK_ENTRY_REVOKE && dbk_id_equal(&m->device, &e->device)))
            continue;
        if (first != NULL && !dbk_id_equal(first, &m->person))
            return false;
        first = &m->person;
    }
    return true;
}

static bool reads(const dbk_roster *r, const dbk_id *device, const dbk_id *space)
{
    return dbk_role_reads(dbk_roster_role(r, device, space));
}

/* Whoever makes a space's next key knows it. That of a restricted space is made by an admin who is
 * in it, or one who isn't would let themself in by a rotation. */
static bool may_make_key(const dbk_roster *r, const dbk_entry *e, const roster_signers *signers)
{
    const dbk_space *space = dbk_roster_space(r, &e->space);
    if (e->kind != DBK_ENTRY_ROTATE || space == NULL || !space->restricted)
        return true;
    for (size_t i = 0; i < signers->devices_count; i++) {
        if (reads(r, &signers->devices[i], &e->space))
            return true;
    }
    return false;
}

/* Nobody agrees to the end of what they can't look at. */
static bool may_let_go(const dbk_roster *r, const dbk_entry *e, const roster_signers *signers)
{
    for (size_t i = 0; i < signers->devices_count && lets_go(e); i++) {
        if (!reads(r, &signers->devices[i], &e->space))
            return false;
    }
    return true;
}

dbk_rc dbk_roster_check_power(const dbk_roster *r, size_t *lacking, const dbk_entry *e,
                              const roster_signers *signers, dbk_err *err)
{
    *lacking = 0;
    if (e->kind == DBK_ENTRY_GENESIS || e->kind == DBK_ENTRY_RECOVERY) {
        if (!signers->root)
            return dbk_fail(err, DBK_DENIED, "only the organisation's root can sign this");
        return DBK_OK;
    }
    if (signers->admins == 0)
        return dbk_fail(err, DBK_DENIED, "the organisation's root can't sign this alone");
    if (!may_make_key(r, e, signers))
        return dbk_fail(err, DBK_DENIED,
                        "a restricted space's key is made by an administrator who is in it");
    if (!may_let_go(r, e, signers))
        return dbk_fail(err, DBK_DENIED, "%s is signed by administrators who read the space",
                        e->kind == DBK_ENTRY_FLOOR ? "a log's floor" : "an order to dispose");
    size_t needed = dbk_roster_signers_needed(r, e), counted = signers->admins;
    if (signers->root && dbk_roster_root_may_second(r, e))
        counted++;
    *lacking = counted < needed ? needed - counted : 0;
    return DBK_OK;
}

dbk_rc dbk_roster_check_policy(const dbk_roster *r, const dbk_entry *e, dbk_err *err)
{
    if (e->policy.protocol_floor < r->policy.protocol_floor)
        return dbk_fail(err, DBK_DENIED, "the least version is never lowered");
    return DBK_OK;
}

dbk_rc dbk_roster_check_recovery(const dbk_roster *r, const dbk_entry *e, dbk_err *err)
{
    for (size_t i = 0; i < e->logs_count; i++) {
        const dbk_log_move *log = &e->logs[i];
        const dbk_space *space = dbk_roster_space(r, &log->space);
        if (space == NULL || space->is_roster)
            return dbk_fail(err, DBK_DENIED, "a log's recovery is of a space of records");
        if (!dbk_id_is_zero(&space->recovery.new_log) &&
            !dbk_id_equal(&space->recovery.new_log, &log->old_log))
            return dbk_fail(err, DBK_DENIED, "a log's recovery is of another log");
    }
    return DBK_OK;
}

dbk_rc dbk_roster_check_bar(const dbk_roster *r, const dbk_entry *e, dbk_err *err)
{
    uint32_t place = dbk_roster_place_of_space(r, &e->space);
    bool known = false;
    if (place == DBK_INDEX_NONE || r->spaces[place].space.is_roster)
        return dbk_fail(err, DBK_DENIED, "a bar is for a space that exists");
    if (dbk_roster_bars(&r->spaces[place], &e->person))
        return dbk_fail(err, DBK_DENIED, "this person is barred from the space already");
    for (size_t i = 0; i < r->devices_count; i++) {
        const dbk_member *m = &r->devices[i].member;
        if (!dbk_id_equal(&m->person, &e->person))
            continue;
        known = true;
        if (dbk_roster_role(r, &m->device, &e->space) != DBK_ROLE_NONE)
            return dbk_fail(err, DBK_DENIED, "this person is in the space: remove them first");
    }
    if (!known)
        return dbk_fail(err, DBK_DENIED, "a bar is for a person of the organisation");
    return DBK_OK;
}
