/* Taking devices out, and giving those who stay a new key. */
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/day.h"
#include "core/journal/org_internal.h"
#include "core/seal/drop.h"
#include "core/seal/wrap.h"

/* ---- leaving ------------------------------------------------------------------------------- */

/* Is what has arrived of a space known here? That is none of it, where nothing was written yet. */
static bool knows_log(const dbk_book *book, const dbk_id *space)
{
    const dbk_space *s = dbk_roster_space(book->roster, space);
    return dbk_tables_space(&book->tables, space) != NULL ||
           (s != NULL && !s->is_roster && dbk_book_may_read(book, space));
}

/* Up to where the device wrote in time, in each space that it leaves and of which that is known. */
static size_t put_cuts(const dbk_book *book, dbk_cut *cuts, const dbk_member *member,
                       const dbk_id *only)
{
    size_t count = 0;
    for (size_t i = 0; i < member->spaces_count; i++) {
        const dbk_id *space = &member->spaces[i].space;
        const dbk_book_space *row = dbk_tables_space(&book->tables, space);
        if (!knows_log(book, space) || member->spaces[i].removed ||
            (only != NULL && !dbk_id_equal(only, space)))
            continue;
        cuts[count++] = (dbk_cut){ *space, row != NULL ? row->now.frontier.size : 0 };
    }
    return count;
}

static bool is_last_admin(const dbk_book *book, const dbk_member *member)
{
    size_t others = 0;
    for (size_t i = 0; i < dbk_roster_devices(book->roster); i++) {
        const dbk_member *m = dbk_roster_device_at(book->roster, i);
        others += m != member && m->role == DBK_ROLE_ADMIN && !m->revoked ? 1 : 0;
    }
    return member->role == DBK_ROLE_ADMIN && others == 0;
}

static dbk_rc check_leaving(const dbk_book *book, const dbk_leaving *leaving, dbk_err *err)
{
    const dbk_member *member = dbk_roster_device(book->roster, &leaving->device);
    if (member == NULL)
        return dbk_fail(err, DBK_NOT_FOUND, "there is no such device");
    if (member->revoked)
        return dbk_fail(err, DBK_CONFLICT, "the device was removed from the organisation already");
    if (leaving->space == NULL && is_last_admin(book, member))
        return dbk_fail(err, DBK_DENIED, "the last administrator's device can't be revoked");
    if (leaving->space != NULL &&
        dbk_roster_role(book->roster, &leaving->device, leaving->space) == DBK_ROLE_NONE)
        return dbk_fail(err, DBK_CONFLICT, "the device is not in that space");
    return DBK_OK;
}

dbk_rc dbk_org_leave(dbk_book *book, dbk_bytes *entry, const dbk_leaving *leaving, dbk_err *err)
{
    dbk_entry e = { .kind = leaving->space == NULL ? DBK_ENTRY_REVOKE : DBK_ENTRY_REMOVE,
                    .device = leaving->device };
    dbk_rc rc = dbk_org_check_admin(book, err);
    if (rc == DBK_OK)
        rc = check_leaving(book, leaving, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_member *member = dbk_roster_device(book->roster, &leaving->device);
    dbk_cut *cuts = dbk_alloc_array(member->spaces_count, sizeof(*cuts));
    if (cuts == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a membership entry");
    e.cuts = cuts;
    e.cuts_count = put_cuts(book, cuts, member, leaving->space);
    if (leaving->space == NULL)
        e.reason = dbk_span_str(leaving->reason);
    else
        e.space = *leaving->space;
    rc = dbk_org_sign(book, entry, &e, err);
    dbk_free(cuts);
    return rc;
}

/* ---- new keys ------------------------------------------------------------------------------ */

static dbk_rc wrap_for_all(const dbk_book *book, dbk_wrapped *out, size_t *count,
                           const dbk_secret *key, const dbk_key_entry *at, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *count = 0;
    for (size_t i = 0; rc == DBK_OK && i < dbk_roster_devices(book->roster); i++) {
        const dbk_member *member = dbk_roster_device_at(book->roster, i);
        dbk_role role = dbk_roster_role(book->roster, &member->device, &at->space);
        if (dbk_role_reads(role))
            rc = dbk_org_wrap(book, &out[(*count)++], key, at, member, err);
    }
    return rc;
}

dbk_rc dbk_org_rotate(dbk_book *book, dbk_bytes *entry, const dbk_id *space, dbk_err *err)
{
    dbk_entry e = { .kind = DBK_ENTRY_ROTATE, .space = *space };
    dbk_secret *key = NULL;
    dbk_wrapped *wraps = NULL;
    dbk_rc rc = dbk_org_check_admin(book, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_space *known = dbk_roster_space(book->roster, space);
    if (known == NULL)
        return dbk_fail(err, DBK_NOT_FOUND, "there is no such space");
    wraps = dbk_alloc_array(dbk_roster_devices(book->roster), sizeof(*wraps));
    if (wraps == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the keys of a space");
    rc = dbk_epoch_new(&key, &e.epoch, known->epochs_count + 1, book->env, err);
    if (rc == DBK_OK) {
        const dbk_key_entry at = { *space, e.epoch.epoch, e.epoch.key_id };
        if (!known->is_roster)
            dbk_drop_public(e.epoch.drop, key);
        rc = wrap_for_all(book, wraps, &e.wraps_count, key, &at, err);
    }
    e.wraps = wraps;
    if (rc == DBK_OK)
        rc = dbk_org_sign(book, entry, &e, err);
    dbk_secret_free(key);
    dbk_free(wraps);
    return rc;
}

/* That of a restricted space is another admin's to make, where this one isn't in it. */
static bool is_due(const dbk_book *book, const dbk_space *space, uint64_t now_ms)
{
    if (space->restricted &&
        dbk_roster_role(book->roster, &book->own.device, &space->space) == DBK_ROLE_NONE)
        return false;
    uint64_t age_max = dbk_roster_policy(book->roster)->rotate_days * DBK_DAY_MS;
    return space->rotation_due || (now_ms > space->epoch_ms && now_ms - space->epoch_ms > age_max);
}

dbk_rc dbk_org_rotate_due(dbk_book *book, dbk_bytes *entry, dbk_err *err)
{
    uint64_t now_ms = book->env->now_ms(book->env->self);
    dbk_rc rc = dbk_org_check_admin(book, err);
    if (rc != DBK_OK)
        return rc;
    for (size_t i = 0; i < dbk_roster_spaces(book->roster); i++) {
        const dbk_space *space = dbk_roster_space_at(book->roster, i);
        if (is_due(book, space, now_ms)) {
            dbk_id id = space->space;
            return dbk_org_rotate(book, entry, &id, err);
        }
    }
    return dbk_fail(err, DBK_NOT_FOUND, "no key is due");
}
