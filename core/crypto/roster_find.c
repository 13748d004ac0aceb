/* Looking up in a roster; nothing here changes it, but for the cache of feeds. */
#include "core/crypto/roster_state.h"

dbk_span dbk_roster_device_key(const void *roster, uint32_t value)
{
    const dbk_roster *r = roster;
    return dbk_span_of(r->devices[value].member.device.b, DBK_ID_BYTES);
}

dbk_span dbk_roster_space_key(const void *roster, uint32_t value)
{
    const dbk_roster *r = roster;
    return dbk_span_of(r->spaces[value].space.space.b, DBK_ID_BYTES);
}

dbk_span dbk_roster_key_key(const void *roster, uint32_t value)
{
    const dbk_roster *r = roster;
    const dbk_device_keys *keys = &r->devices[value / DBK_DEVICE_KEYS].member.keys;
    const uint8_t *const all[DBK_DEVICE_KEYS] = { keys->sign.b, keys->kem, keys->request.b,
                                                  keys->admin.b };
    return dbk_span_of(all[value % DBK_DEVICE_KEYS], 32);
}

uint32_t dbk_roster_place_of_device(const dbk_roster *r, const dbk_id *device)
{
    return dbk_index_find(&r->by_device, r, dbk_span_of(device->b, sizeof(device->b)));
}

uint32_t dbk_roster_place_of_space(const dbk_roster *r, const dbk_id *space)
{
    return dbk_index_find(&r->by_space, r, dbk_span_of(space->b, sizeof(space->b)));
}

uint32_t dbk_roster_place_of_key(const dbk_roster *r, const uint8_t key[32])
{
    return dbk_index_find(&r->by_key, r, dbk_span_of(key, 32));
}

size_t dbk_roster_find_space(const dbk_member *m, const dbk_id *space, bool *found)
{
    size_t lo = 0, hi = m->spaces_count;
    *found = false;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        int order = dbk_id_compare(&m->spaces[middle].space, space);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

size_t dbk_roster_key_holders(const dbk_roster *r, const roster_space *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->members_count; i++) {
        const dbk_member *m = &r->devices[s->members[i]].member;
        dbk_role role = dbk_roster_role(r, &m->device, &s->space.space);
        count += dbk_role_reads(role) ? 1 : 0;
    }
    return count;
}

bool dbk_roster_has_writer(const dbk_roster *r, const roster_space *s)
{
    bool found = false;
    for (size_t i = 0; i < s->members_count && !s->space.is_roster && !found; i++) {
        const dbk_member *m = &r->devices[s->members[i]].member;
        found = dbk_roster_role(r, &m->device, &s->space.space) == DBK_ROLE_WRITER;
    }
    return found;
}

bool dbk_roster_bars(const roster_space *s, const dbk_id *person)
{
    for (size_t i = 0; i < s->barred_count; i++) {
        if (dbk_id_equal(&s->barred[i], person))
            return true;
    }
    return false;
}

bool dbk_roster_barred(const dbk_roster *r, const dbk_id *person, const dbk_id *space)
{
    uint32_t place = dbk_roster_place_of_space(r, space);
    return place != DBK_INDEX_NONE && dbk_roster_bars(&r->spaces[place], person);
}

/* ---- a space's logs ------------------------------------------------------------------------ */

static const roster_space *space_of(const dbk_roster *r, const dbk_id *space)
{
    static const roster_space none;
    uint32_t place = dbk_roster_place_of_space(r, space);
    return place == DBK_INDEX_NONE ? &none : &r->spaces[place];
}

size_t dbk_roster_log_turn(const dbk_roster *r, const dbk_id *space, const dbk_id *log)
{
    const roster_space *s = space_of(r, space);
    for (size_t i = s->moves_count; i > 0; i--) {
        if (dbk_id_equal(&s->moves[i - 1].log.new_log, log))
            return i;
    }
    return 0;
}

size_t dbk_roster_log_turn_at(const dbk_roster *r, const dbk_id *space, uint64_t seq)
{
    const roster_space *s = space_of(r, space);
    size_t turn = s->moves_count;
    while (turn > 0 && s->moves[turn - 1].seq > seq)
        turn--;
    return turn;
}

uint64_t dbk_roster_logs_share(const dbk_roster *r, const dbk_id *space, size_t a, size_t b)
{
    const roster_space *s = space_of(r, space);
    uint64_t share = UINT64_MAX;
    DBK_ASSERT(a <= s->moves_count);
    DBK_ASSERT(b <= s->moves_count);
    for (size_t i = a < b ? a : b; i < (a < b ? b : a); i++) {
        if (s->moves[i].log.old_size < share)
            share = s->moves[i].log.old_size;
    }
    return share;
}

static bool names_log(const roster_space *s, const dbk_id *log)
{
    bool named = s->moves_count > 0 && dbk_id_equal(&s->moves[0].log.old_log, log);
    for (size_t i = 0; i < s->moves_count && !named; i++)
        named = dbk_id_equal(&s->moves[i].log.new_log, log);
    return named;
}

uint64_t dbk_roster_logs_common(const dbk_roster *r, const dbk_id *space, const dbk_id *a,
                                const dbk_id *b)
{
    const roster_space *s = space_of(r, space);
    if (dbk_id_equal(a, b))
        return UINT64_MAX;
    if (!names_log(s, a) || !names_log(s, b))
        return 0;
    return dbk_roster_logs_share(r, space, dbk_roster_log_turn(r, space, a),
                                 dbk_roster_log_turn(r, space, b));
}

uint64_t dbk_roster_log_seq(const dbk_roster *r, const dbk_id *space, size_t turn)
{
    const roster_space *s = space_of(r, space);
    DBK_ASSERT(turn <= s->moves_count);
    return turn == 0 ? 0 : s->moves[turn - 1].seq;
}

uint64_t dbk_roster_policy_ms(const dbk_roster *r)
{
    return r->policy_ms;
}

const dbk_policy *dbk_roster_policy(const dbk_roster *r)
{
    return &r->policy;
}

dbk_id dbk_roster_org(const dbk_roster *r)
{
    return r->org;
}

const dbk_sign_pk *dbk_roster_root(const dbk_roster *r)
{
    return &r->root;
}

const dbk_sign_pk *dbk_roster_relay(const dbk_roster *r)
{
    return r->count > 0 ? &r->relay : NULL;
}

uint64_t dbk_roster_count(const dbk_roster *r)
{
    return r->count;
}

dbk_hash dbk_roster_head(const dbk_roster *r)
{
    return r->head;
}

static const dbk_member *member_at(const dbk_roster *r, uint32_t place)
{
    return place == DBK_INDEX_NONE ? NULL : &r->devices[place].member;
}

const dbk_member *dbk_roster_device(const dbk_roster *r, const dbk_id *device)
{
    return member_at(r, dbk_roster_place_of_device(r, device));
}

const dbk_member *dbk_roster_device_by_request_key(const dbk_roster *r, const dbk_sign_pk *pk)
{
    uint32_t value = dbk_roster_place_of_key(r, pk->b);
    /* A key of another purpose opens nothing. */
    if (value == DBK_INDEX_NONE || value % DBK_DEVICE_KEYS != DBK_DEVICE_KEY_REQUEST)
        return NULL;
    return member_at(r, value / DBK_DEVICE_KEYS);
}

const dbk_space *dbk_roster_space(const dbk_roster *r, const dbk_id *space)
{
    uint32_t place = dbk_roster_place_of_space(r, space);
    return place == DBK_INDEX_NONE ? NULL : &r->spaces[place].space;
}

size_t dbk_roster_devices(const dbk_roster *r)
{
    return r->devices_count;
}

const dbk_member *dbk_roster_device_at(const dbk_roster *r, size_t i)
{
    DBK_ASSERT(i < r->devices_count);
    return &r->devices[i].member;
}

size_t dbk_roster_spaces(const dbk_roster *r)
{
    return r->spaces_count;
}

const dbk_space *dbk_roster_space_at(const dbk_roster *r, size_t i)
{
    DBK_ASSERT(i < r->spaces_count);
    return &r->spaces[i].space;
}

dbk_role dbk_roster_role(const dbk_roster *r, const dbk_id *device, const dbk_id *space)
{
    const dbk_member *m = dbk_roster_device(r, device);
    bool found = false;
    if (m == NULL || m->revoked)
        return DBK_ROLE_NONE;
    size_t at = dbk_roster_find_space(m, space, &found);
    return found && !m->spaces[at].removed ? m->spaces[at].role : DBK_ROLE_NONE;
}

dbk_role dbk_roster_role_at(const dbk_roster *r, const dbk_id *device, const dbk_id *space,
                            uint64_t seq)
{
    uint32_t place = dbk_roster_place_of_device(r, device);
    uint32_t where = dbk_roster_place_of_space(r, space);
    if (place == DBK_INDEX_NONE || where == DBK_INDEX_NONE)
        return DBK_ROLE_NONE;
    const roster_device *d = &r->devices[place];
    if (d->member.revoked && d->member.revoked_seq <= seq)
        return DBK_ROLE_NONE;
    for (size_t i = d->grants_count; i > 0; i--) {
        if (d->grants[i - 1].space == where && d->grants[i - 1].seq <= seq)
            return d->grants[i - 1].role;
    }
    return DBK_ROLE_NONE;
}

const dbk_member_space *dbk_roster_out(const dbk_roster *r, const dbk_id *device,
                                       const dbk_id *space)
{
    const dbk_member *m = dbk_roster_device(r, device);
    bool found = false;
    if (m == NULL)
        return NULL;
    size_t at = dbk_roster_find_space(m, space, &found);
    return found && (m->revoked || m->spaces[at].removed) ? &m->spaces[at] : NULL;
}

static bool owns(const dbk_member *m, const dbk_id *space, const dbk_id *feed,
                 const dbk_id *incarnation)
{
    dbk_id derived = dbk_feed_id(&m->device, space, incarnation);
    return dbk_id_equal(&derived, feed);
}

const dbk_member *dbk_roster_feed_owner(const dbk_roster *r, const dbk_id *space,
                                        const dbk_id *feed, const dbk_id *incarnation)
{
    uint32_t place = dbk_roster_place_of_space(r, space);
    bool member = false;
    if (place == DBK_INDEX_NONE)
        return NULL;
    size_t at = ((size_t)feed->b[0] << 8 | feed->b[1]) % DBK_ROSTER_FEEDS_CACHED;
    roster_feed *cached = &r->feeds[at];
    if (cached->device_1 != 0 && dbk_id_equal(&cached->feed, feed)) {
        const dbk_member *m = &r->devices[cached->device_1 - 1].member;
        (void)dbk_roster_find_space(m, space, &member);
        /* The cached answer counts only if it is one that the search could have given. */
        if (member && owns(m, space, feed, incarnation))
            return m;
    }
    const roster_space *s = &r->spaces[place];
    for (size_t i = 0; i < s->members_count; i++) {
        const dbk_member *m = &r->devices[s->members[i]].member;
        if (owns(m, space, feed, incarnation)) {
            *cached = (roster_feed){ *feed, s->members[i] + 1 };
            return m;
        }
    }
    return NULL;
}

dbk_rc dbk_roster_each_wrap(const dbk_roster *r, const dbk_id *device, dbk_wrap_fn fn, void *ctx,
                            dbk_err *err)
{
    uint32_t place = dbk_roster_place_of_device(r, device);
    dbk_rc rc = DBK_OK;
    if (place == DBK_INDEX_NONE)
        return DBK_OK;
    const roster_device *d = &r->devices[place];
    for (size_t i = 0; i < d->wraps_count && rc == DBK_OK; i++) {
        const roster_wrap *w = &d->wraps[i];
        const roster_space *s = &r->spaces[w->space];
        rc = fn(ctx, &s->space.space, &s->epochs[w->epoch], w->wrap, err);
    }
    return rc;
}

const dbk_member *dbk_roster_signer(const dbk_roster *r, bool *is_root, const dbk_id *signer)
{
    dbk_id root = dbk_signer_id(&r->root);
    *is_root = dbk_id_equal(&root, signer);
    for (size_t i = 0; i < r->admins_count; i++)
        if (dbk_id_equal(&r->admins[i].signer, signer))
            return &r->devices[r->admins[i].device].member;
    return NULL;
}
