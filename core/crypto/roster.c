#include "core/crypto/roster.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/crypto/roster_state.h"

dbk_rc dbk_roster_new(dbk_roster **out, const dbk_sign_pk *root, dbk_err *err)
{
    *out = NULL;
    dbk_roster *r = dbk_alloc(sizeof(*r));
    roster_feed *feeds = dbk_alloc_array(DBK_ROSTER_FEEDS_CACHED, sizeof(*feeds));
    if (r == NULL || feeds == NULL) {
        dbk_free(r);
        dbk_free(feeds);
        return dbk_fail(err, DBK_NOMEM, "no memory for the roster");
    }
    r->root = *root;
    r->org = dbk_org_id(root);
    r->feeds = feeds;
    r->policy = (dbk_policy)DBK_POLICY_DEFAULT;
    r->by_device.key_of = dbk_roster_device_key;
    r->by_space.key_of = dbk_roster_space_key;
    r->by_key.key_of = dbk_roster_key_key;
    *out = r;
    return DBK_OK;
}

void dbk_roster_free(dbk_roster *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->devices_count; i++) {
        dbk_free(r->devices[i].label);
        dbk_free(r->devices[i].spaces);
        dbk_free(r->devices[i].wraps);
        dbk_free(r->devices[i].grants);
    }
    for (size_t i = 0; i < r->spaces_count; i++) {
        dbk_free(r->spaces[i].label);
        dbk_free(r->spaces[i].epochs);
        dbk_free(r->spaces[i].members);
        dbk_free(r->spaces[i].moves);
        dbk_free(r->spaces[i].barred);
        dbk_free(r->spaces[i].erased);
    }
    for (size_t i = 0; i < r->orders_count; i++)
        dbk_roster_free_order(&r->orders[i]);
    dbk_free(r->orders);
    dbk_free(r->devices);
    dbk_free(r->spaces);
    dbk_free(r->admins);
    dbk_free(r->feeds);
    dbk_index_wipe(&r->by_device);
    dbk_index_wipe(&r->by_space);
    dbk_index_wipe(&r->by_key);
    dbk_free(r);
}

/* All but whether it has signers enough. */
static dbk_rc judge(const dbk_roster *r, dbk_entry_decoded *decoded, size_t *lacking,
                    dbk_span entry, dbk_err *err)
{
    dbk_entry_parts parts;
    roster_signers signers = { 0 };
    *lacking = 0;
    dbk_rc rc = dbk_entry_split(&parts, entry, err);
    if (rc != DBK_OK)
        return rc;
    if (!dbk_id_equal(&parts.org, &r->org))
        return dbk_fail(err, DBK_AUTH, "a membership entry of another organisation");
    if (parts.seq != r->count || !dbk_hash_equal(&parts.prev, &r->head))
        return dbk_fail(err, DBK_CONFLICT, "a membership entry doesn't follow the head");
    /* Signatures come before the body: what isn't signed isn't read, nor called a newer kind. */
    rc = dbk_roster_check_signers(&signers, r, &parts, err);
    if (rc == DBK_OK)
        rc = dbk_entry_read_body(decoded, &parts, err);
    if (rc == DBK_OK)
        rc = dbk_roster_check_power(r, lacking, &decoded->entry, &signers, err);
    if (rc == DBK_OK)
        rc = dbk_roster_check_entry(r, &decoded->entry, err);
    return rc;
}

dbk_rc dbk_roster_weigh(const dbk_roster *r, size_t *lacking, dbk_span entry, dbk_err *err)
{
    dbk_entry_decoded decoded = { 0 };
    dbk_rc rc = judge(r, &decoded, lacking, entry, err);
    dbk_entry_decoded_wipe(&decoded);
    return rc;
}

dbk_rc dbk_roster_add(dbk_roster *r, dbk_span entry, dbk_err *err)
{
    dbk_entry_decoded decoded = { 0 };
    size_t lacking;
    dbk_rc rc = judge(r, &decoded, &lacking, entry, err);
    if (rc == DBK_OK && lacking > 0)
        rc = dbk_fail(err, DBK_DENIED, "this needs the signatures of two administrators");
    if (rc == DBK_OK)
        rc = dbk_roster_take(r, &decoded, err);
    dbk_entry_decoded_wipe(&decoded);
    return rc;
}

static void check_device(const dbk_roster *r, uint32_t place)
{
    const roster_device *d = &r->devices[place];
    const dbk_member *m = &d->member;
    bool admin = !dbk_key_is_zero(m->keys.admin.b);
    dbk_id derived = dbk_device_id(m->keys.sign.b, m->keys.kem);
    DBK_ASSERT(dbk_id_equal(&derived, &m->device));
    DBK_ASSERT(dbk_roster_place_of_device(r, &m->device) == place);
    DBK_ASSERT(dbk_roster_place_of_key(r, m->keys.sign.b) == place * DBK_DEVICE_KEYS);
    DBK_ASSERT(dbk_roster_place_of_key(r, m->keys.kem) == place * DBK_DEVICE_KEYS + 1);
    DBK_ASSERT(dbk_roster_device_by_request_key(r, &m->keys.request) == m);
    DBK_ASSERT(admin == (m->role == DBK_ROLE_ADMIN));
    DBK_ASSERT(!admin ||
               dbk_roster_place_of_key(r, m->keys.admin.b) == place * DBK_DEVICE_KEYS + 3);
    DBK_ASSERT(m->label.p == d->label);
    DBK_ASSERT(m->spaces == d->spaces);
    DBK_ASSERT(m->spaces_count >= 1); /* the roster space */
    DBK_ASSERT(m->enrolled_seq < r->count);
    for (size_t i = 0; i < m->spaces_count; i++) {
        const dbk_member_space *s = &m->spaces[i];
        uint32_t at = dbk_roster_place_of_space(r, &s->space);
        size_t times = 0;
        DBK_ASSERT(i == 0 || dbk_id_compare(&s[-1].space, &s->space) < 0);
        DBK_ASSERT(at != DBK_INDEX_NONE);
        DBK_ASSERT(s->role != DBK_ROLE_NONE);
        DBK_ASSERT(s->granted_seq >= m->enrolled_seq);
        for (size_t j = 0; j < r->spaces[at].members_count; j++)
            times += r->spaces[at].members[j] == place ? 1 : 0;
        DBK_ASSERT(times == 1);
    }
    for (size_t i = 0; i < d->grants_count; i++) {
        DBK_ASSERT(d->grants[i].space < r->spaces_count);
        DBK_ASSERT(i == 0 || d->grants[i - 1].seq <= d->grants[i].seq);
    }
    for (size_t i = 0; i < d->wraps_count; i++) {
        DBK_ASSERT(d->wraps[i].space < r->spaces_count);
        DBK_ASSERT(d->wraps[i].epoch < r->spaces[d->wraps[i].space].space.epochs_count);
    }
}

static void check_space(const dbk_roster *r, uint32_t place)
{
    const roster_space *s = &r->spaces[place];
    DBK_ASSERT(dbk_roster_place_of_space(r, &s->space.space) == place);
    DBK_ASSERT(s->space.is_roster == (place == 0));
    DBK_ASSERT(s->space.label.p == s->label);
    DBK_ASSERT(s->space.epochs == s->epochs);
    DBK_ASSERT(s->space.epochs_count >= 1);
    for (size_t i = 0; i < s->space.epochs_count; i++)
        DBK_ASSERT(s->epochs[i].epoch == i + 1);
    for (size_t i = 0; i < s->members_count; i++) {
        bool found = false;
        DBK_ASSERT(s->members[i] < r->devices_count);
        (void)dbk_roster_find_space(&r->devices[s->members[i]].member, &s->space.space, &found);
        DBK_ASSERT(found);
        const dbk_member *m = &r->devices[s->members[i]].member;
        DBK_ASSERT(dbk_roster_role(r, &m->device, &s->space.space) == DBK_ROLE_NONE ||
                   !dbk_roster_bars(s, &m->person));
    }
}

void dbk_roster_check_deep(const dbk_roster *r)
{
    size_t admins = 0, keys = 0;
    DBK_ASSERT((r->count == 0) == dbk_hash_is_zero(&r->head));
    DBK_ASSERT((r->count == 0) == (r->spaces_count == 0));
    DBK_ASSERT(r->by_device.used == r->devices_count);
    DBK_ASSERT(r->by_space.used == r->spaces_count);
    for (uint32_t i = 0; i < r->devices_count; i++) {
        bool admin = r->devices[i].member.role == DBK_ROLE_ADMIN;
        check_device(r, i);
        admins += admin ? 1 : 0;
        keys += admin ? DBK_DEVICE_KEYS : DBK_DEVICE_KEYS - 1;
    }
    DBK_ASSERT(r->by_key.used == keys);
    DBK_ASSERT(r->admins_count == admins);
    for (uint32_t i = 0; i < r->spaces_count; i++)
        check_space(r, i);
    dbk_roster_check_orders(r);
    /* Every device is in the roster space. */
    DBK_ASSERT(r->count == 0 || r->spaces[0].members_count == r->devices_count);
}
