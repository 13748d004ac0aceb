/* Judging a membership entry against the state before it: the rules that roster.h lists. */
#include "core/crypto/roster_state.h"

#include <sodium.h>
#include <string.h>

bool dbk_key_is_zero(const uint8_t key[32])
{
    return sodium_is_zero(key, 32) == 1;
}

/* X25519: below 2^255, and no point of small order, which would make every shared secret zero. */
static bool kem_valid(const uint8_t kem[32])
{
    uint8_t shared[32];
    static const uint8_t any_secret[32] = { 1 };
    if ((kem[31] & 0x80) != 0)
        return false;
    return crypto_scalarmult(shared, any_secret, kem) == 0;
}

bool dbk_device_keys_valid(const dbk_device_keys *keys)
{
    const uint8_t *const all[DBK_DEVICE_KEYS] = { keys->sign.b, keys->kem, keys->request.b,
                                                  keys->admin.b };
    for (size_t i = 0; i < DBK_DEVICE_KEYS; i++) {
        for (size_t j = 0; j < i; j++) {
            if (dbk_span_equal(dbk_span_of(all[i], 32), dbk_span_of(all[j], 32)))
                return false;
        }
    }
    return dbk_sign_pk_valid(&keys->sign) && kem_valid(keys->kem) &&
           dbk_sign_pk_valid(&keys->request) &&
           (dbk_key_is_zero(keys->admin.b) || dbk_sign_pk_valid(&keys->admin));
}

/* The key that may have made this signature: the root's for genesis, an admin's or the root's
 * afterwards. *admin: whose; NULL for the root's. */
static dbk_rc signer_key(const dbk_sign_pk **out, const dbk_member **admin, const dbk_roster *r,
                         const dbk_id *signer, dbk_err *err)
{
    dbk_id root = dbk_signer_id(&r->root);
    *out = NULL;
    *admin = NULL;
    if (dbk_id_equal(&root, signer)) {
        *out = &r->root;
        return DBK_OK;
    }
    if (r->count == 0)
        return dbk_fail(err, DBK_AUTH, "genesis is not signed by the organisation's root");
    for (size_t i = 0; i < r->admins_count; i++) {
        if (!dbk_id_equal(&r->admins[i].signer, signer))
            continue;
        const dbk_member *m = &r->devices[r->admins[i].device].member;
        if (m->revoked)
            return dbk_fail(err, DBK_DENIED, "a membership entry is signed by a revoked admin");
        *out = &m->keys.admin;
        *admin = m;
        return DBK_OK;
    }
    return dbk_fail(err, DBK_AUTH, "a membership entry is not signed by an admin");
}

dbk_rc dbk_roster_check_signers(roster_signers *out, const dbk_roster *r,
                                const dbk_entry_parts *parts, dbk_err *err)
{
    dbk_id persons[DBK_ENTRY_SIGNERS_MAX];
    DBK_ASSERT(parts->sigs_count > 0);
    *out = (roster_signers){ 0 };
    for (size_t i = 0; i < parts->sigs_count; i++) {
        const dbk_sign_pk *pk;
        const dbk_member *admin;
        dbk_rc rc = signer_key(&pk, &admin, r, &parts->sigs[i].signer, err);
        if (rc != DBK_OK)
            return rc;
        if (!dbk_entry_sig_holds(&parts->sigs[i], &parts->hash, pk))
            return dbk_fail(err, DBK_AUTH, "a membership entry's signature does not hold");
        if (admin == NULL) {
            out->root = true;
            continue;
        }
        out->devices[out->devices_count++] = admin->device;
        /* One person with two devices is no second admin. */
        size_t at = 0;
        while (at < out->admins && !dbk_id_equal(&persons[at], &admin->person))
            at++;
        persons[at] = admin->person;
        out->admins += at == out->admins ? 1 : 0;
    }
    return DBK_OK;
}

static bool same_key(const uint8_t a[32], const uint8_t b[32])
{
    return dbk_span_equal(dbk_span_of(a, 32), dbk_span_of(b, 32));
}

/* A device that the chain may take in: GENESIS and ENROL. */
static dbk_rc check_new_device(const dbk_roster *r, const dbk_entry *e, dbk_err *err)
{
    const uint8_t *const all[DBK_DEVICE_KEYS] = { e->keys.sign.b, e->keys.kem, e->keys.request.b,
                                                  e->keys.admin.b };
    const dbk_sign_pk *relay = r->count == 0 ? &e->relay : &r->relay;
    dbk_id derived = dbk_device_id(e->keys.sign.b, e->keys.kem);
    if (!dbk_id_equal(&derived, &e->device))
        return dbk_fail(err, DBK_DENIED, "a device's id is not that of its keys");
    for (size_t i = 0; i < DBK_DEVICE_KEYS; i++) {
        if (dbk_roster_place_of_key(r, all[i]) != DBK_INDEX_NONE || same_key(all[i], r->root.b) ||
            same_key(all[i], relay->b))
            return dbk_fail(err, DBK_DENIED, "a device brings a key that is in use");
    }
    if (!dbk_device_keys_valid(&e->keys))
        return dbk_fail(err, DBK_DENIED, "a device's keys are not proper keys");
    if (r->devices_count == DBK_ROSTER_DEVICES_MAX)
        return dbk_fail(err, DBK_LIMIT, "an organisation has at most %u devices",
                        DBK_ROSTER_DEVICES_MAX);
    return DBK_OK;
}

/* An epoch's key id is in a segment's header and names its key: no two epochs may share one, or
 * an insider's two keys could open one segment as two texts (R24). */
static dbk_rc check_new_epoch(const dbk_roster *r, const dbk_epoch *epoch, uint64_t number,
                              dbk_err *err)
{
    if (epoch->epoch != number)
        return dbk_fail(err, DBK_DENIED, "a space's epochs follow each other from 1");
    for (size_t i = 0; i < r->spaces_count; i++) {
        const dbk_space *s = &r->spaces[i].space;
        for (size_t j = 0; j < s->epochs_count; j++) {
            if (dbk_id_equal(&s->epochs[j].key_id, &epoch->key_id))
                return dbk_fail(err, DBK_DENIED, "an epoch's key is one of another epoch");
        }
    }
    /* That it follows from the epoch's key only its holders can see: core/seal/wrap.c. */
    if (!dbk_key_is_zero(epoch->drop) &&
        (!kem_valid(epoch->drop) || dbk_roster_place_of_key(r, epoch->drop) != DBK_INDEX_NONE))
        return dbk_fail(err, DBK_DENIED, "the key that writers seal to is not a key of its own");
    return DBK_OK;
}

/* The one wrap of GENESIS and ENROL. Who only writes reads no names either. */
static dbk_rc check_own_wrap(const dbk_entry *e, uint64_t epoch, dbk_err *err)
{
    if (e->role == DBK_ROLE_WRITER && e->wraps_count > 0)
        return dbk_fail(err, DBK_DENIED, "a writer gets no key of the roster space");
    if (e->role == DBK_ROLE_WRITER)
        return DBK_OK;
    if (e->wraps_count != 1 || !dbk_id_equal(&e->wraps[0].device, &e->device) ||
        e->wraps[0].epoch != epoch)
        return dbk_fail(err, DBK_DENIED, "a new device needs its wrap of the roster space's key");
    return DBK_OK;
}

static dbk_rc check_genesis(const dbk_roster *r, const dbk_entry *e, dbk_err *err)
{
    if (!same_key(e->root.b, r->root.b))
        return dbk_fail(err, DBK_AUTH, "genesis carries another root key");
    if (!dbk_sign_pk_valid(&e->root) || !dbk_sign_pk_valid(&e->relay) ||
        same_key(e->root.b, e->relay.b))
        return dbk_fail(err, DBK_DENIED, "genesis carries no proper root and relay keys");
    if (e->role != DBK_ROLE_ADMIN)
        return dbk_fail(err, DBK_DENIED, "the first device is an admin's");
    dbk_rc rc = check_new_device(r, e, err);
    if (rc == DBK_OK)
        rc = check_new_epoch(r, &e->epoch, 1, err);
    if (rc == DBK_OK)
        rc = check_own_wrap(e, 1, err);
    return rc;
}

static dbk_rc check_enrol(const dbk_roster *r, const dbk_entry *e, dbk_err *err)
{
    if (r->spaces[0].space.rotation_due)
        return dbk_fail(err, DBK_DENIED, "someone left: the names' key has to be rotated first");
    dbk_rc rc = check_new_device(r, e, err);
    if (rc == DBK_OK)
        rc = check_own_wrap(e, r->spaces[0].space.epochs_count, err);
    return rc;
}

/* A device that may be given a role in a space. */
static dbk_rc check_grantee(const dbk_roster *r, const dbk_id *device, dbk_role role, dbk_err *err)
{
    const dbk_member *m = dbk_roster_device(r, device);
    if (m == NULL || m->revoked)
        return dbk_fail(err, DBK_DENIED, "a device that is not enrolled can have no role");
    if (role == DBK_ROLE_ADMIN && m->role != DBK_ROLE_ADMIN)
        return dbk_fail(err, DBK_DENIED, "the role admin needs an admin's device");
    return DBK_OK;
}

static dbk_rc check_drop(const dbk_epoch *epoch, dbk_err *err)
{
    if (dbk_key_is_zero(epoch->drop))
        return dbk_fail(err, DBK_DENIED, "this space has no key that a writer could seal to");
    return DBK_OK;
}

static dbk_rc check_space(const dbk_roster *r, const dbk_entry *e, dbk_err *err)
{
    if (dbk_roster_place_of_space(r, &e->space) != DBK_INDEX_NONE)
        return dbk_fail(err, DBK_DENIED, "a space of this id exists");
    if (r->spaces_count == DBK_ROSTER_SPACES_MAX)
        return dbk_fail(err, DBK_LIMIT, "an organisation has at most %u spaces",
                        DBK_ROSTER_SPACES_MAX);
    dbk_rc rc = check_new_epoch(r, &e->epoch, 1, err);
    if (rc != DBK_OK)
        return rc;
    if (e->restricted && !dbk_roster_had_two_admins(r))
        return dbk_fail(err, DBK_DENIED, "a restricted space needs a second administrator");
    /* Both are in order of device, so equal sets stand side by side; writers get no key. */
    size_t at = 0;
    for (size_t i = 0; i < e->grants_count; i++) {
        const dbk_grant *g = &e->grants[i];
        rc = check_grantee(r, &g->device, g->role, err);
        if (rc == DBK_OK && g->role == DBK_ROLE_GUEST)
            rc = dbk_fail(err, DBK_DENIED, "a guest's time needs an end");
        if (rc == DBK_OK && g->role == DBK_ROLE_WRITER)
            rc = check_drop(&e->epoch, err);
        if (rc != DBK_OK)
            return rc;
        if (g->role == DBK_ROLE_WRITER)
            continue;
        if (at == e->wraps_count || !dbk_id_equal(&e->wraps[at].device, &g->device) ||
            e->wraps[at].epoch != 1)
            return dbk_fail(err, DBK_DENIED, "a space needs a wrap of its key for each member");
        at++;
    }
    if (at == 0 || at != e->wraps_count)
        return dbk_fail(err, DBK_DENIED, "a space needs a wrap of its key for each member");
    return DBK_OK;
}

static dbk_rc check_grant(const dbk_roster *r, const dbk_entry *e, dbk_err *err)
{
    const dbk_space *s = dbk_roster_space(r, &e->space);
    if (s == NULL || s->is_roster)
        return dbk_fail(err, DBK_DENIED, "a grant is for a space that exists");
    dbk_rc rc = check_grantee(r, &e->device, e->role, err);
    if (rc != DBK_OK)
        return rc;
    if (s->rotation_due)
        return dbk_fail(err, DBK_DENIED, "someone left: the space's key has to be rotated first");
    if (dbk_roster_barred(r, &dbk_roster_device(r, &e->device)->person, &e->space))
        return dbk_fail(err, DBK_DENIED, "this person is barred from the space");
    if (e->role == DBK_ROLE_GUEST && e->expires_ms == 0)
        return dbk_fail(err, DBK_DENIED, "a guest's time needs an end");
    uint64_t current = s->epochs_count;
    if (e->role == DBK_ROLE_WRITER) {
        dbk_role before = dbk_roster_role(r, &e->device, &e->space);
        if (e->wraps_count > 0)
            return dbk_fail(err, DBK_DENIED, "a writer gets no key of the space");
        if (dbk_role_reads(before))
            return dbk_fail(err, DBK_DENIED, "who holds the space's key has to be removed first");
        return check_drop(&s->epochs[current - 1], err);
    }
    if (e->wraps_count == 0 || e->wraps[e->wraps_count - 1].epoch != current)
        return dbk_fail(err, DBK_DENIED, "a grant needs a wrap of the space's current key");
    /* Ascending by epoch, so all the others are of earlier ones. */
    for (size_t i = 0; i < e->wraps_count; i++) {
        if (!dbk_id_equal(&e->wraps[i].device, &e->device))
            return dbk_fail(err, DBK_DENIED, "a grant's wraps are for its device");
    }
    return DBK_OK;
}

static dbk_rc check_revoke(const dbk_roster *r, const dbk_entry *e, dbk_err *err)
{
    const dbk_member *m = dbk_roster_device(r, &e->device);
    size_t admins = 0;
    if (m == NULL || m->revoked)
        return dbk_fail(err, DBK_DENIED, "a device that is not enrolled can't be revoked");
    for (size_t i = 0; i < r->admins_count; i++)
        admins += r->devices[r->admins[i].device].member.revoked ? 0 : 1;
    if (m->role == DBK_ROLE_ADMIN && admins == 1)
        return dbk_fail(err, DBK_DENIED, "the last admin can't be revoked");
    return DBK_OK;
}

static dbk_rc check_remove(const dbk_roster *r, const dbk_entry *e, dbk_err *err)
{
    const dbk_space *s = dbk_roster_space(r, &e->space);
    if (s == NULL || s->is_roster)
        return dbk_fail(err, DBK_DENIED, "a removal is from a space that exists");
    if (dbk_roster_role(r, &e->device, &e->space) == DBK_ROLE_NONE)
        return dbk_fail(err, DBK_DENIED, "a device that is not in the space can't be removed");
    if (e->cuts_count > 1 || (e->cuts_count == 1 && !dbk_id_equal(&e->cuts[0].space, &e->space)))
        return dbk_fail(err, DBK_DENIED, "a removal's cut is of its space");
    return DBK_OK;
}

static dbk_rc check_rotate(const dbk_roster *r, const dbk_entry *e, dbk_err *err)
{
    uint32_t place = dbk_roster_place_of_space(r, &e->space);
    if (place == DBK_INDEX_NONE)
        return dbk_fail(err, DBK_DENIED, "a rotation is for a space that exists");
    const roster_space *s = &r->spaces[place];
    if (s->space.epochs_count == DBK_ROSTER_EPOCHS_MAX)
        return dbk_fail(err, DBK_LIMIT, "a space has at most %u epochs", DBK_ROSTER_EPOCHS_MAX);
    uint64_t next = s->space.epochs_count + 1;
    dbk_rc rc = check_new_epoch(r, &e->epoch, next, err);
    if (rc != DBK_OK)
        return rc;
    if (s->space.is_roster && !dbk_key_is_zero(e->epoch.drop))
        return dbk_fail(err, DBK_DENIED, "nobody writes into the roster space");
    if (dbk_roster_has_writer(r, s)) {
        rc = check_drop(&e->epoch, err);
        if (rc != DBK_OK)
            return rc;
    }
    /* No wrap twice (decoding saw to that), each for a member, as many as members: then none is
     * left out (M16). */
    if (e->wraps_count != dbk_roster_key_holders(r, s))
        return dbk_fail(err, DBK_DENIED, "a rotation needs a wrap for each member");
    for (size_t i = 0; i < e->wraps_count; i++) {
        dbk_role role = dbk_roster_role(r, &e->wraps[i].device, &e->space);
        if (e->wraps[i].epoch != next || !dbk_role_reads(role))
            return dbk_fail(err, DBK_DENIED, "a rotation needs a wrap for each member");
    }
    return DBK_OK;
}

dbk_rc dbk_roster_check_entry(const dbk_roster *r, const dbk_entry *e, dbk_err *err)
{
    DBK_ASSERT((e->kind == DBK_ENTRY_GENESIS) == (r->count == 0));
    switch (e->kind) {
    case DBK_ENTRY_GENESIS:
        return check_genesis(r, e, err);
    case DBK_ENTRY_ENROL:
        return check_enrol(r, e, err);
    case DBK_ENTRY_SPACE:
        return check_space(r, e, err);
    case DBK_ENTRY_GRANT:
        return check_grant(r, e, err);
    case DBK_ENTRY_REVOKE:
        return check_revoke(r, e, err);
    case DBK_ENTRY_ROTATE:
        return check_rotate(r, e, err);
    case DBK_ENTRY_POLICY:
        return dbk_roster_check_policy(r, e, err);
    case DBK_ENTRY_RECOVERY:
        return dbk_roster_check_recovery(r, e, err);
    case DBK_ENTRY_REMOVE:
        return check_remove(r, e, err);
    case DBK_ENTRY_BAR:
        return dbk_roster_check_bar(r, e, err);
    case DBK_ENTRY_DISPOSE:
        return dbk_roster_check_dispose(r, e, err);
    case DBK_ENTRY_FLOOR:
        return dbk_roster_check_floor(r, e, err);
    }
    return dbk_fail(err, DBK_VERSION, "a membership entry of a newer kind");
}
