/* Invites, the requests that come for them, and their approval step by step. */
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/org_internal.h"
#include "core/seal/label.h"
#include "core/store/invites.h"

#define INVITE_SPACES_MAX 256u
#define INVITE_TTL_MS_MAX (UINT64_C(366) * 24 * 3600 * 1000)

static uint64_t now_ms(const dbk_book *book)
{
    return book->env->now_ms(book->env->self);
}

/* ---- inviting ------------------------------------------------------------------------------ */

static dbk_rc check_spaces(const dbk_book *book, const dbk_new_invite *opts, dbk_err *err)
{
    const dbk_secret *key;
    dbk_key_entry at;
    if (opts->spaces_count > INVITE_SPACES_MAX)
        return dbk_fail(err, DBK_LIMIT, "an invite names at most %u spaces", INVITE_SPACES_MAX);
    for (size_t i = 0; i < opts->spaces_count; i++) {
        const dbk_space *space = dbk_roster_space(book->roster, &opts->spaces[i]);
        if (space == NULL || space->is_roster)
            return dbk_fail(err, DBK_NOT_FOUND, "there is no such space");
        dbk_rc rc = dbk_org_key(book, &key, &at, &opts->spaces[i], err);
        if (rc != DBK_OK)
            return rc;
    }
    return DBK_OK;
}

/* One of the chain's, or nobody. */
static bool is_person(const dbk_book *book, const dbk_id *person)
{
    bool found = dbk_id_is_zero(person);
    for (size_t i = 0; !found && i < dbk_roster_devices(book->roster); i++)
        found = dbk_id_equal(&dbk_roster_device_at(book->roster, i)->person, person);
    return found;
}

typedef struct expired {
    uint64_t now;
    dbk_id *ids;
    size_t count, max;
} expired;

static dbk_rc note_expired(void *ctx, const dbk_store_invite *row, dbk_err *err)
{
    expired *e = ctx;
    (void)err;
    if (row->expires_ms <= e->now && e->count < e->max)
        e->ids[e->count++] = row->invite;
    return DBK_OK;
}

/* The secrets of invites that can't be used any more needn't be kept. */
static dbk_rc forget_expired(dbk_book *book, dbk_err *err)
{
    dbk_id ids[64];
    expired e = { now_ms(book), ids, 0, sizeof(ids) / sizeof(ids[0]) };
    dbk_rc rc = dbk_invites_each(book->store, note_expired, &e, err);
    for (size_t i = 0; rc == DBK_OK && i < e.count; i++)
        rc = dbk_invites_del(book->store, &ids[i], err);
    return rc;
}

static dbk_rc store_invite(dbk_book *book, const dbk_invite *invite, const dbk_new_invite *opts,
                           dbk_err *err)
{
    const dbk_store_invite row = {
        .invite = invite->id,
        .secret = invite->secret,
        .name = dbk_span_str(opts->name),
        .role = opts->role,
        .spaces = dbk_span_of(opts->spaces, opts->spaces_count * sizeof(dbk_id)),
        .expires_ms = invite->expires_ms,
        .until_ms = opts->until_ms,
        .person = opts->person,
    };
    dbk_rc rc = dbk_book_begin(book, err);
    if (rc != DBK_OK)
        return rc;
    rc = forget_expired(book, err);
    if (rc == DBK_OK)
        rc = dbk_invites_add(book->store, &row, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc != DBK_OK)
        dbk_book_rollback(book);
    return rc;
}

dbk_rc dbk_org_invite(dbk_book *book, dbk_bytes *text, dbk_id *invite_id,
                      const dbk_new_invite *opts, dbk_err *err)
{
    dbk_invite invite = { .tls_pin = { 0 } };
    size_t begin = text->len;
    *invite_id = (dbk_id){ { 0 } };
    dbk_rc rc = dbk_org_check_admin(book, err);
    if (rc == DBK_OK)
        rc = dbk_org_check_name(opts->name, err);
    if (rc == DBK_OK)
        rc = dbk_org_check_role(book, opts->role, opts->until_ms, err);
    if (rc == DBK_OK)
        rc = check_spaces(book, opts, err);
    if (rc == DBK_OK && !is_person(book, &opts->person))
        rc = dbk_fail(err, DBK_NOT_FOUND, "there is no such person in the organisation");
    if (rc == DBK_OK && (opts->ttl_ms == 0 || opts->ttl_ms > INVITE_TTL_MS_MAX))
        rc = dbk_fail(err, DBK_INVALID, "an invite is open for at most a year");
    if (rc != DBK_OK)
        return rc;
    (void)memcpy(invite.relay_url, book->link.relay_url, sizeof(invite.relay_url));
    (void)memcpy(invite.tls_pin, book->link.tls_pin, sizeof(invite.tls_pin));
    invite.backup = book->link.backup;
    invite.root = book->link.root;
    invite.relay = book->link.relay;
    invite.role = opts->role;
    invite.expires_ms = now_ms(book) + opts->ttl_ms;
    rc = dbk_invite_new(&invite, book->env, err);
    if (rc == DBK_OK)
        rc = dbk_invite_print(text, &invite, err);
    if (rc == DBK_OK)
        rc = store_invite(book, &invite, opts, err);
    if (rc == DBK_OK)
        *invite_id = invite.id;
    else
        dbk_bytes_truncate(text, begin); /* an invite that nobody remembers is good for nothing */
    dbk_invite_wipe(&invite);
    return rc;
}

/* ---- requests ------------------------------------------------------------------------------ */

/* An invite's row, copied out of the store's walk. */
typedef struct opened {
    dbk_book *book;
    dbk_store_invite row; /* its spans and secret are not to be used after the walk */
    char name[DBK_ORG_NAME_BYTES_MAX + 1];
    dbk_id spaces[INVITE_SPACES_MAX];
    size_t spaces_count;
    bool arrived;
    dbk_join join;
    dbk_span request; /* to be compared with the one that came; or empty */
    bool other;       /* another one is here already */
} opened;

/* The keys and their proofs as the invite's secret authenticates them. DBK_AUTH. */
static dbk_rc open_request(opened *o, const dbk_store_invite *row, dbk_span request, dbk_err *err)
{
    dbk_invite invite = { .id = row->invite, .root = o->book->link.root };
    dbk_rc rc = dbk_secret_from(&invite.secret, dbk_secret_bytes(row->secret), err);
    if (rc == DBK_OK)
        rc = dbk_join_open(&o->join, request, &invite, err);
    dbk_invite_wipe(&invite);
    if (rc == DBK_FORMAT || rc == DBK_LIMIT)
        rc = DBK_AUTH;
    /* An admin needs a key of its own for the chain; nobody else may bring one. */
    if (rc == DBK_OK && (row->role == DBK_ROLE_ADMIN) == dbk_key_is_zero(o->join.keys.admin.b))
        rc = dbk_fail(err, DBK_AUTH, "the request's keys don't fit the invite's role");
    return rc;
}

static dbk_rc copy_row(void *ctx, const dbk_store_invite *row, dbk_err *err)
{
    opened *o = ctx;
    if (row->name.len > DBK_ORG_NAME_BYTES_MAX || row->spaces.len > sizeof(o->spaces) ||
        row->spaces.len % sizeof(dbk_id) != 0)
        return dbk_fail(err, DBK_DAMAGED, "an invite of the store can't be read");
    o->row = *row;
    memcpy(o->name, row->name.p, row->name.len);
    o->name[row->name.len] = '\0';
    o->spaces_count = row->spaces.len / sizeof(dbk_id);
    if (row->spaces.len > 0)
        memcpy(o->spaces, row->spaces.p, row->spaces.len);
    o->arrived = row->request.len > 0;
    if (o->request.len > 0) {
        o->other = o->arrived && !dbk_span_equal(row->request, o->request);
        return open_request(o, row, o->request, err);
    }
    return o->arrived ? open_request(o, row, row->request, err) : DBK_OK;
}

dbk_rc dbk_org_request_arrived(dbk_book *book, const dbk_id *invite, dbk_span request, dbk_err *err)
{
    opened o = { .book = book, .request = request };
    dbk_err inner = { 0 };
    if (request.len == 0)
        return dbk_fail(err, DBK_AUTH, "the request is empty");
    dbk_rc rc = dbk_invites_get(book->store, invite, copy_row, &o, &inner);
    if (rc == DBK_NOT_FOUND)
        return dbk_fail(err, DBK_AUTH, "a request for an invite that isn't open here");
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "%s", inner.text);
    if (o.row.expires_ms <= now_ms(book))
        rc = dbk_fail(err, DBK_AUTH, "a request for an invite that has expired");
    /* Two devices with one secret: it was passed on or stolen, and a person must look. */
    if (rc == DBK_OK && o.other)
        rc = dbk_fail(err, DBK_CONFLICT, "another device has used this invite already");
    if (rc == DBK_OK && !o.arrived)
        rc = dbk_invites_set_request(book->store, invite, request, err);
    dbk_wipe(&o, sizeof(o));
    return rc;
}

typedef struct listing {
    dbk_book *book;
    dbk_invite_fn fn;
    void *ctx;
    uint64_t now;
} listing;

static dbk_rc list_row(void *ctx, const dbk_store_invite *row, dbk_err *err)
{
    const listing *l = ctx;
    opened o = { .book = l->book };
    if (row->expires_ms <= l->now)
        return DBK_OK;
    dbk_rc rc = copy_row(&o, row, err);
    if (rc == DBK_OK) {
        dbk_invite_row out = { .id = row->invite,
                               .name = o.name,
                               .role = (dbk_role)row->role,
                               .expires_ms = row->expires_ms,
                               .arrived = o.arrived,
                               .told_name = o.arrived ? o.join.name : NULL };
        if (o.arrived)
            out.device = dbk_device_id(o.join.keys.sign.b, o.join.keys.kem);
        rc = l->fn(l->ctx, &out, err);
    }
    dbk_wipe(&o, sizeof(o));
    return rc;
}

dbk_rc dbk_org_invites(dbk_book *book, dbk_invite_fn fn, void *ctx, dbk_err *err)
{
    listing l = { book, fn, ctx, now_ms(book) };
    return dbk_invites_each(book->store, list_row, &l, err);
}

/* ---- approval ------------------------------------------------------------------------------ */

/* The name that the admin gave, not the one that the device told. */
static dbk_rc enrol(dbk_book *book, dbk_bytes *entry, const opened *o, const dbk_id *device,
                    dbk_err *err)
{
    dbk_bytes label = DBK_BYTES_INIT(DBK_LABEL_SEALED_BYTES_MAX);
    const dbk_secret *key = NULL;
    dbk_key_entry at;
    dbk_wrapped wrap = { 0 };
    const dbk_label_scope scope = { dbk_roster_org(book->roster), *device };
    const dbk_member member = { .device = *device, .keys = o->join.keys };
    bool writer = o->row.role == DBK_ROLE_WRITER; /* who reads nothing, no names either */
    dbk_rc rc = dbk_org_key(book, &key, &at, &dbk_book_roster_space(book)->space, err);
    if (rc == DBK_OK)
        rc = dbk_label_seal(&label, dbk_span_str(o->name), &scope, key, book->env, err);
    if (rc == DBK_OK && !writer)
        rc = dbk_org_wrap(book, &wrap, key, &at, &member, err);
    if (rc == DBK_OK) {
        dbk_entry e = { .kind = DBK_ENTRY_ENROL,
                        .device = *device,
                        .keys = o->join.keys,
                        .role = (dbk_role)o->row.role,
                        .person = o->row.person,
                        .label = dbk_bytes_span(&label),
                        .wraps = &wrap,
                        .wraps_count = writer ? 0 : 1 };
        rc = dbk_org_sign(book, entry, &e, err);
    }
    dbk_bytes_wipe(&label);
    dbk_wipe(&wrap, sizeof(wrap));
    return rc;
}

static dbk_rc next_step(dbk_book *book, dbk_bytes *entry, const opened *o, dbk_err *err)
{
    dbk_id device = dbk_device_id(o->join.keys.sign.b, o->join.keys.kem);
    if (dbk_roster_device(book->roster, &device) == NULL) {
        /* Once enrolled, the grants may still be completed. */
        if (o->row.expires_ms <= now_ms(book))
            return dbk_fail(err, DBK_DENIED, "the invite has expired: make a new one");
        dbk_rc rc = dbk_org_check_role(book, (dbk_role)o->row.role, o->row.until_ms, err);
        if (rc != DBK_OK)
            return rc;
        return enrol(book, entry, o, &device, err);
    }
    for (size_t i = 0; i < o->spaces_count; i++) {
        if (dbk_roster_role(book->roster, &device, &o->spaces[i]) != DBK_ROLE_NONE)
            continue;
        const dbk_new_grant grant = { o->spaces[i], device, (dbk_role)o->row.role,
                                      o->row.until_ms };
        return dbk_org_grant(book, entry, &grant, err);
    }
    dbk_rc rc = dbk_invites_del(book->store, &o->row.invite, err);
    return rc == DBK_OK ? dbk_fail(err, DBK_NOT_FOUND, "nothing is due for this invite") : rc;
}

dbk_rc dbk_org_approve_next(dbk_book *book, dbk_bytes *entry, const dbk_id *invite, dbk_err *err)
{
    opened o = { .book = book };
    dbk_rc rc = dbk_org_check_admin(book, err);
    if (rc == DBK_OK)
        rc = dbk_invites_get(book->store, invite, copy_row, &o, err);
    if (rc == DBK_OK && !o.arrived)
        rc = dbk_fail(err, DBK_PENDING, "no device has used this invite yet");
    if (rc == DBK_OK)
        rc = next_step(book, entry, &o, err);
    dbk_wipe(&o, sizeof(o));
    return rc;
}
