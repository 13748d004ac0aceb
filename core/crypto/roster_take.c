/* Taking a checked entry into the state: first all memory, then changes that can't fail. */
#include "core/crypto/roster_state.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/room.h"

/* What an entry brings in, before it stands in the roster. */
typedef struct arrivals {
    roster_device device; /* GENESIS, ENROL */
    roster_space space;   /* GENESIS, SPACE */
    dbk_dot *dots;        /* DISPOSE */
} arrivals;

static void arrivals_free(arrivals *a)
{
    dbk_free(a->device.label);
    dbk_free(a->device.spaces);
    dbk_free(a->device.wraps);
    dbk_free(a->device.grants);
    dbk_free(a->space.label);
    dbk_free(a->space.epochs);
    dbk_free(a->space.members);
    dbk_free(a->dots);
}

static bool room_for_member(roster_space *s, size_t more)
{
    uint32_t *p = dbk_room_for(s->members, &s->members_cap, s->members_count + more, sizeof(*p));
    if (p != NULL)
        s->members = p;
    return p != NULL;
}

static bool room_for_epoch(roster_space *s)
{
    dbk_epoch *p = dbk_room_for(s->epochs, &s->epochs_cap, s->space.epochs_count + 1, sizeof(*p));
    if (p != NULL)
        s->space.epochs = s->epochs = p;
    return p != NULL;
}

static bool room_for_space(roster_device *d)
{
    dbk_member_space *p = dbk_room_for(d->spaces, &d->spaces_cap, d->member.spaces_count + 1,
                                       sizeof(*p));
    if (p != NULL)
        d->member.spaces = d->spaces = p;
    return p != NULL;
}

static bool room_for_wraps(roster_device *d, size_t more)
{
    roster_wrap *p = dbk_room_for(d->wraps, &d->wraps_cap, d->wraps_count + more, sizeof(*p));
    if (p != NULL)
        d->wraps = p;
    return p != NULL;
}

static bool room_for_grant(roster_device *d)
{
    roster_grant *p = dbk_room_for(d->grants, &d->grants_cap, d->grants_count + 1, sizeof(*p));
    if (p != NULL)
        d->grants = p;
    return p != NULL;
}

static bool room_for_bar(roster_space *s)
{
    dbk_id *p = dbk_room_for(s->barred, &s->barred_cap, s->barred_count + 1, sizeof(*p));
    if (p != NULL)
        s->barred = p;
    return p != NULL;
}

static bool room_for_move(roster_space *s)
{
    roster_move *p = dbk_room_for(s->moves, &s->moves_cap, s->moves_count + 1, sizeof(*p));
    if (p != NULL)
        s->moves = p;
    return p != NULL;
}

static bool copy_label(uint8_t **out, dbk_span *span, dbk_span label)
{
    *out = dbk_alloc(label.len);
    if (*out == NULL)
        return false;
    memcpy(*out, label.p, label.len);
    *span = dbk_span_of(*out, label.len);
    return true;
}

static bool arrive_device(arrivals *a, dbk_roster *r, const dbk_entry *e)
{
    roster_device *devices = dbk_room_for(r->devices, &r->devices_cap, r->devices_count + 1,
                                          sizeof(*devices));
    if (devices == NULL)
        return false;
    r->devices = devices;
    roster_admin *admins = dbk_room_for(r->admins, &r->admins_cap, r->admins_count + 1,
                                        sizeof(*admins));
    if (admins == NULL)
        return false;
    r->admins = admins;
    a->device.member.device = e->device;
    a->device.member.person = dbk_id_is_zero(&e->person) ? e->device : e->person;
    a->device.member.keys = e->keys;
    a->device.member.role = e->role;
    a->device.member.enrolled_seq = e->seq;
    return dbk_index_reserve(&r->by_device, r, 1, NULL) == DBK_OK &&
           dbk_index_reserve(&r->by_key, r, DBK_DEVICE_KEYS, NULL) == DBK_OK &&
           copy_label(&a->device.label, &a->device.member.label, e->label) &&
           room_for_space(&a->device) && room_for_grant(&a->device) &&
           room_for_wraps(&a->device, e->wraps_count);
}

static bool arrive_space(arrivals *a, dbk_roster *r, const dbk_entry *e)
{
    roster_space *spaces = dbk_room_for(r->spaces, &r->spaces_cap, r->spaces_count + 1,
                                        sizeof(*spaces));
    if (spaces == NULL)
        return false;
    r->spaces = spaces;
    a->space.space.space = e->space;
    a->space.space.restricted = e->restricted;
    a->space.space.is_roster = e->kind == DBK_ENTRY_GENESIS;
    /* The label of GENESIS names its device. */
    if (!a->space.space.is_roster && !copy_label(&a->space.label, &a->space.space.label, e->label))
        return false;
    return dbk_index_reserve(&r->by_space, r, 1, NULL) == DBK_OK && room_for_epoch(&a->space) &&
           room_for_member(&a->space, e->grants_count + 1);
}

/* Room in what stands in the roster already. */
static bool room_for_changes(dbk_roster *r, const dbk_entry *e)
{
    if (e->kind == DBK_ENTRY_ENROL)
        return room_for_member(&r->spaces[0], 1);
    if (e->kind == DBK_ENTRY_GRANT) {
        roster_device *d = &r->devices[dbk_roster_place_of_device(r, &e->device)];
        return room_for_member(&r->spaces[dbk_roster_place_of_space(r, &e->space)], 1) &&
               room_for_space(d) && room_for_grant(d) && room_for_wraps(d, e->wraps_count);
    }
    if (e->kind == DBK_ENTRY_REMOVE)
        return room_for_grant(&r->devices[dbk_roster_place_of_device(r, &e->device)]);
    if (e->kind == DBK_ENTRY_BAR)
        return room_for_bar(&r->spaces[dbk_roster_place_of_space(r, &e->space)]);
    if (e->kind == DBK_ENTRY_ROTATE &&
        !room_for_epoch(&r->spaces[dbk_roster_place_of_space(r, &e->space)]))
        return false;
    for (size_t i = 0; i < e->logs_count; i++) {
        if (!room_for_move(&r->spaces[dbk_roster_place_of_space(r, &e->logs[i].space)]))
            return false;
    }
    /* SPACE and ROTATE: one wrap for each who holds the key; SPACE makes its members. */
    for (size_t i = 0; i < e->wraps_count; i++) {
        uint32_t place = dbk_roster_place_of_device(r, &e->wraps[i].device);
        /* NONE: the device of GENESIS, which arrives with it. */
        if (place != DBK_INDEX_NONE && !room_for_wraps(&r->devices[place], 1))
            return false;
    }
    for (size_t i = 0; i < e->grants_count; i++) {
        roster_device *d = &r->devices[dbk_roster_place_of_device(r, &e->grants[i].device)];
        if (!room_for_space(d) || !room_for_grant(d))
            return false;
    }
    return true;
}

static void put_device(dbk_roster *r, arrivals *a)
{
    uint32_t place = (uint32_t)r->devices_count++;
    const dbk_device_keys *keys = &a->device.member.keys;
    bool admin = !dbk_key_is_zero(keys->admin.b);
    r->devices[place] = a->device;
    memset(&a->device, 0, sizeof(a->device)); /* moved */
    dbk_index_put(&r->by_device, r, place);
    for (uint32_t i = 0; i < DBK_DEVICE_KEYS - (admin ? 0 : 1); i++)
        dbk_index_put(&r->by_key, r, place * DBK_DEVICE_KEYS + i);
    if (admin) {
        const dbk_sign_pk *pk = &r->devices[place].member.keys.admin;
        r->admins[r->admins_count++] = (roster_admin){ dbk_signer_id(pk), place };
    }
}

static void put_epoch(roster_space *s, const dbk_entry *e)
{
    s->epochs[s->space.epochs_count++] = e->epoch;
    s->space.rotation_due = false;
    s->space.epoch_ms = e->time_ms;
}

static void put_space(dbk_roster *r, arrivals *a, const dbk_entry *e)
{
    uint32_t place = (uint32_t)r->spaces_count++;
    r->spaces[place] = a->space;
    memset(&a->space, 0, sizeof(a->space)); /* moved */
    put_epoch(&r->spaces[place], e);
    dbk_index_put(&r->by_space, r, place);
}

static void put_member(dbk_roster *r, const dbk_id *device, const dbk_member_space *membership)
{
    uint32_t place = dbk_roster_place_of_device(r, device);
    roster_device *d = &r->devices[place];
    roster_space *s = &r->spaces[dbk_roster_place_of_space(r, &membership->space)];
    bool again = false;
    size_t at = dbk_roster_find_space(&d->member, &membership->space, &again);
    if (!again) {
        size_t behind = d->member.spaces_count - at;
        memmove(d->spaces + at + 1, d->spaces + at, behind * sizeof(*d->spaces));
        d->member.spaces_count++;
        s->members[s->members_count++] = place;
    }
    d->spaces[at] = *membership;
    d->grants[d->grants_count++] = (roster_grant){ (uint32_t)(s - r->spaces), membership->role,
                                                   membership->granted_seq };
}

static void put_members(dbk_roster *r, const dbk_entry *e)
{
    dbk_member_space m = {
        .space = e->space, .role = e->role, .expires_ms = e->expires_ms, .granted_seq = e->seq
    };
    if (e->kind == DBK_ENTRY_GENESIS || e->kind == DBK_ENTRY_ENROL)
        m.space = r->spaces[0].space.space;
    if (e->kind == DBK_ENTRY_GENESIS || e->kind == DBK_ENTRY_ENROL || e->kind == DBK_ENTRY_GRANT)
        put_member(r, &e->device, &m);
    for (size_t i = 0; i < e->grants_count; i++) {
        m.role = e->grants[i].role;
        put_member(r, &e->grants[i].device, &m);
    }
}

static void put_wraps(dbk_roster *r, const dbk_entry *e)
{
    uint32_t space = e->kind == DBK_ENTRY_ENROL ? 0 : dbk_roster_place_of_space(r, &e->space);
    for (size_t i = 0; i < e->wraps_count; i++) {
        const dbk_wrapped *w = &e->wraps[i];
        roster_device *d = &r->devices[dbk_roster_place_of_device(r, &w->device)];
        DBK_ASSERT(w->epoch >= 1);
        DBK_ASSERT(w->epoch <= r->spaces[space].space.epochs_count);
        DBK_ASSERT(d->wraps_count < d->wraps_cap);
        roster_wrap *to = &d->wraps[d->wraps_count++];
        to->space = space;
        to->epoch = (uint32_t)(w->epoch - 1);
        memcpy(to->wrap, w->wrap, sizeof(to->wrap));
    }
}

/* Where the entry says that the device was cut in this space. */
static void put_cut(dbk_member_space *m, const dbk_entry *e)
{
    m->cut_known = false;
    for (size_t i = 0; i < e->cuts_count; i++) {
        if (dbk_id_equal(&e->cuts[i].space, &m->space)) {
            m->cut_known = true;
            m->cut_size = e->cuts[i].log_size;
        }
    }
}

/* REVOKE, REMOVE: out of all its spaces, or of one. Whoever leaves takes the key along. */
static void take_out(dbk_roster *r, const dbk_entry *e)
{
    roster_device *d = &r->devices[dbk_roster_place_of_device(r, &e->device)];
    for (size_t i = 0; i < d->member.spaces_count; i++) {
        dbk_member_space *m = &d->spaces[i];
        uint32_t place = dbk_roster_place_of_space(r, &m->space);
        if (m->removed || (e->kind == DBK_ENTRY_REMOVE && !dbk_id_equal(&m->space, &e->space)))
            continue;
        put_cut(m, e);
        r->spaces[place].space.rotation_due = true;
        if (e->kind == DBK_ENTRY_REMOVE) {
            m->removed = true;
            d->grants[d->grants_count++] = (roster_grant){ place, DBK_ROLE_NONE, e->seq };
        }
    }
    if (e->kind == DBK_ENTRY_REVOKE) {
        d->member.revoked = true;
        d->member.revoked_seq = e->seq;
    }
}

/* A log goes on in another one that begins with its first entries only. A cut said how much of the
 * old log came in time; what it covers of the new one is what both have. Entries behind that have
 * places that say nothing of when they were written, so none of them counts as in time by its place
 * (decision 0019). */
static void move_log(dbk_roster *r, const dbk_entry *e, const dbk_log_move *log)
{
    roster_space *s = &r->spaces[dbk_roster_place_of_space(r, &log->space)];
    s->space.recovery = *log;
    s->space.recovery_ms = e->time_ms;
    s->moves[s->moves_count++] = (roster_move){ *log, e->seq };
    for (size_t i = 0; i < r->devices_count; i++) {
        roster_device *d = &r->devices[i];
        for (size_t k = 0; k < d->member.spaces_count; k++) {
            dbk_member_space *m = &d->spaces[k];
            if (dbk_id_equal(&m->space, &log->space) && m->cut_known && m->cut_size > log->old_size)
                m->cut_size = log->old_size;
        }
    }
}

/* POLICY, RECOVERY, BAR, DISPOSE, FLOOR. */
static void put_rules(dbk_roster *r, arrivals *a, const dbk_entry *e)
{
    if (e->kind == DBK_ENTRY_POLICY) {
        r->policy = e->policy;
        r->policy_ms = e->time_ms;
    }
    for (size_t i = 0; i < e->logs_count; i++)
        move_log(r, e, &e->logs[i]);
    if (e->kind == DBK_ENTRY_BAR) {
        roster_space *s = &r->spaces[dbk_roster_place_of_space(r, &e->space)];
        s->barred[s->barred_count++] = e->person;
    }
    if (e->kind == DBK_ENTRY_DISPOSE) {
        dbk_roster_put_order(r, a->dots, e);
        a->dots = NULL; /* moved */
    }
    if (e->kind == DBK_ENTRY_FLOOR) {
        dbk_space *s = &r->spaces[dbk_roster_place_of_space(r, &e->space)].space;
        s->floor = e->floor;
        s->floor_ms = e->time_ms;
    }
}

dbk_rc dbk_roster_take(dbk_roster *r, const dbk_entry_decoded *decoded, dbk_err *err)
{
    const dbk_entry *e = &decoded->entry;
    bool device = e->kind == DBK_ENTRY_GENESIS || e->kind == DBK_ENTRY_ENROL;
    bool space = e->kind == DBK_ENTRY_GENESIS || e->kind == DBK_ENTRY_SPACE;
    arrivals a = { 0 };
    if ((device && !arrive_device(&a, r, e)) || (space && !arrive_space(&a, r, e)) ||
        (e->kind == DBK_ENTRY_DISPOSE && !dbk_roster_room_for_order(r, &a.dots, e)) ||
        !room_for_changes(r, e)) {
        arrivals_free(&a);
        return dbk_fail(err, DBK_NOMEM, "no memory for the roster");
    }
    /* From here on nothing fails. */
    if (e->kind == DBK_ENTRY_GENESIS)
        r->relay = e->relay;
    if (space)
        put_space(r, &a, e);
    if (device)
        put_device(r, &a);
    if (e->kind == DBK_ENTRY_ROTATE)
        put_epoch(&r->spaces[dbk_roster_place_of_space(r, &e->space)], e);
    put_members(r, e);
    put_wraps(r, e);
    if (e->kind == DBK_ENTRY_REVOKE || e->kind == DBK_ENTRY_REMOVE)
        take_out(r, e);
    put_rules(r, &a, e);
    r->head = decoded->hash;
    r->count++;
    return DBK_OK;
}
