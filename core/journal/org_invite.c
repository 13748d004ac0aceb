/* Invites as an admin keeps them: made, answered by a request, approved entry by entry. */
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/org_impl.h"
#include "core/seal/label.h"
#include "core/seal/wrap.h"
#include "core/store/invites.h"

#define INVITE_SPACES_MAX 64u
#define NAME_BYTES_MAX 128u

static bool can_be_invited(dbk_role role)
{
    return role == DBK_ROLE_OFFICER || role == DBK_ROLE_SUPERVISOR || role == DBK_ROLE_HQ ||
           role == DBK_ROLE_ADMIN;
}

dbk_rc dbk_org_invite(dbk_book *book, dbk_bytes *text, dbk_id *invite_id,
                      const dbk_new_invite *opts, dbk_err *err)
{
    dbk_invite invite = { .role = opts->role };
    dbk_entry unused;
    dbk_rc rc = dbk_org_next_entry(&unused, book, DBK_ENTRY_ENROL, err); /* an admin's device? */
    if (rc == DBK_OK)
        rc = dbk_org_check_name(opts->name, "an officer's name", err);
    if (rc == DBK_OK && !can_be_invited(opts->role))
        rc = dbk_fail(err, DBK_INVALID, "an invite is for an officer, supervisor, hq or admin");
    if (rc == DBK_OK && opts->spaces_count > INVITE_SPACES_MAX)
        rc = dbk_fail(err, DBK_LIMIT, "an invite names at most %u spaces", INVITE_SPACES_MAX);
    if (rc != DBK_OK)
        return rc;
    memcpy(invite.relay_url, book->link.relay_url, sizeof(invite.relay_url));
    memcpy(invite.tls_pin, book->link.tls_pin, sizeof(invite.tls_pin));
    invite.root = book->link.root;
    invite.relay = book->link.relay;
    invite.expires_ms = book->env->now_ms(book->env->self) + opts->ttl_ms;
    rc = dbk_invite_new(&invite, book->env, err);
    if (rc == DBK_OK)
        rc = dbk_invite_print(text, &invite, err);
    const dbk_store_invite row = { .invite = invite.id,
                                   .secret = invite.secret,
                                   .name = dbk_span_str(opts->name),
                                   .role = (uint32_t)opts->role,
                                   .spaces = dbk_span_of(opts->spaces,
                                                         opts->spaces_count * sizeof(dbk_id)),
                                   .expires_ms = invite.expires_ms };
    if (rc == DBK_OK)
        rc = dbk_invites_add(book->store, &row, err);
    if (rc == DBK_OK)
        *invite_id = invite.id;
    dbk_invite_wipe(&invite);
    return rc;
}

/* ---- requests ------------------------------------------------------------------------------ */

/* The request of a row, opened with the row's secret. The secret is copied: dbk_invite owns it. */
static dbk_rc open_request(dbk_join *out, const dbk_book *book, const dbk_store_invite *row,
                           dbk_span request, dbk_err *err)
{
    dbk_invite invite = { .root = book->link.root, .id = row->invite };
    dbk_rc rc = dbk_secret_from(&invite.secret, dbk_secret_bytes(row->secret), err);
    if (rc == DBK_OK)
        rc = dbk_join_open(out, request, &invite, err);
    dbk_invite_wipe(&invite);
    return rc;
}

typedef struct listing {
    const dbk_book *book;
    dbk_invite_fn fn;
    void *ctx;
} listing;

static dbk_rc give_invite(void *ctx, const dbk_store_invite *row, dbk_err *err)
{
    const listing *l = ctx;
    dbk_join join;
    dbk_invite_row out = { .id = row->invite,
                           .name = (const char *)row->name.p,
                           .role = (dbk_role)row->role,
                           .expires_ms = row->expires_ms,
                           .arrived = row->request.len > 0 };
    if (out.arrived) {
        dbk_rc rc = open_request(&join, l->book, row, row->request, err);
        if (rc != DBK_OK)
            return rc;
        out.told_name = join.name;
        out.device = dbk_device_id(join.keys.sign.b, join.keys.kem);
    }
    return l->fn(l->ctx, &out, err);
}

dbk_rc dbk_org_invites(dbk_book *book, dbk_invite_fn fn, void *ctx, dbk_err *err)
{
    listing l = { book, fn, ctx };
    return dbk_invites_each(book->store, give_invite, &l, err);
}

typedef struct arrival {
    const dbk_book *book;
    dbk_span request;
    bool is_first;
} arrival;

static dbk_rc check_arrival(void *ctx, const dbk_store_invite *row, dbk_err *err)
{
    arrival *a = ctx;
    dbk_join join;
    a->is_first = row->request.len == 0; /* one answer to an invite: the first stands (R26) */
    if (!a->is_first)
        return DBK_OK;
    return open_request(&join, a->book, row, a->request, err);
}

dbk_rc dbk_org_request_arrived(dbk_book *book, const dbk_id *invite, dbk_span request, dbk_err *err)
{
    arrival a = { .book = book, .request = request };
    dbk_err inner = { 0 };
    dbk_rc rc = dbk_invites_get(book->store, invite, check_arrival, &a, &inner);
    if (rc == DBK_OK && a.is_first)
        return dbk_invites_set_request(book->store, invite, request, err);
    if (rc == DBK_OK)
        return DBK_OK;
    if (rc == DBK_NOT_FOUND || rc == DBK_FORMAT)
        rc = DBK_AUTH;
    return dbk_fail(err, rc, "a request to join answers no invite of this device");
}

/* ---- approval ------------------------------------------------------------------------------ */

/* A row's content, for as long as the approval takes. */
typedef struct approval {
    const dbk_book *book;
    dbk_join join;
    dbk_id device;
    dbk_role role;
    char name[NAME_BYTES_MAX + 1];
    dbk_id spaces[INVITE_SPACES_MAX];
    size_t spaces_count;
} approval;

static dbk_rc read_row(void *ctx, const dbk_store_invite *row, dbk_err *err)
{
    approval *a = ctx;
    if (row->request.len == 0)
        return dbk_fail(err, DBK_PENDING, "nobody has answered this invite yet");
    if (row->name.len > NAME_BYTES_MAX || row->spaces.len > sizeof(a->spaces) ||
        row->spaces.len % sizeof(dbk_id) != 0)
        return dbk_fail(err, DBK_DAMAGED, "a stored invite can't be read");
    memcpy(a->name, row->name.p, row->name.len);
    a->name[row->name.len] = '\0';
    a->spaces_count = row->spaces.len / sizeof(dbk_id);
    if (a->spaces_count > 0)
        memcpy(a->spaces, row->spaces.p, row->spaces.len);
    a->role = (dbk_role)row->role;
    dbk_rc rc = open_request(&a->join, a->book, row, row->request, err);
    a->device = dbk_device_id(a->join.keys.sign.b, a->join.keys.kem);
    return rc;
}

static dbk_rc enrol_entry(dbk_bytes *out, const dbk_book *book, approval *a, dbk_err *err)
{
    dbk_bytes label = DBK_BYTES_INIT(DBK_LABEL_SEALED_BYTES_MAX);
    dbk_key_entry current;
    dbk_entry e;
    dbk_wrapped wrap = { .device = a->device };
    dbk_rc rc = dbk_org_next_entry(&e, book, DBK_ENTRY_ENROL, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_space *names = dbk_book_roster_space(book);
    const dbk_secret *key = dbk_keyring_current(book->keyring, &names->space, &current);
    if (key == NULL)
        return dbk_fail(err, DBK_PENDING, "this device doesn't hold the organisation's name key");
    if (a->role == DBK_ROLE_ADMIN && dbk_key_is_zero(a->join.keys.admin.b))
        return dbk_fail(err, DBK_INVALID, "the request of an administrator lacks an admin key");
    if (a->role != DBK_ROLE_ADMIN)
        memset(&a->join.keys.admin, 0, sizeof(a->join.keys.admin));
    e.device = a->device;
    e.keys = a->join.keys;
    e.role = a->role;
    wrap.epoch = current.epoch;
    const dbk_wrap_scope scope = { e.org, names->space, a->device, current.epoch };
    const dbk_label_scope named = { e.org, a->device };
    rc = dbk_label_seal(&label, dbk_span_str(a->name), &named, key, book->env, err);
    if (rc == DBK_OK)
        rc = dbk_wrap_seal(wrap.wrap, key, &scope, e.keys.kem, book->env, err);
    if (rc == DBK_OK) {
        e.label = dbk_bytes_span(&label);
        e.wraps = &wrap;
        e.wraps_count = 1;
        rc = dbk_entry_sign(out, &e, book->own.admin, err);
    }
    dbk_bytes_wipe(&label);
    return rc;
}

dbk_rc dbk_org_approve_next(dbk_book *book, dbk_bytes *entry, const dbk_id *invite, dbk_err *err)
{
    approval a = { .book = book };
    dbk_rc rc = dbk_invites_get(book->store, invite, read_row, &a, err);
    if (rc != DBK_OK)
        return rc;
    if (dbk_roster_device(book->roster, &a.device) == NULL)
        return enrol_entry(entry, book, &a, err);
    for (size_t i = 0; i < a.spaces_count; i++) {
        if (dbk_roster_role(book->roster, &a.device, &a.spaces[i]) != DBK_ROLE_NONE)
            continue;
        const dbk_new_grant grant = { a.spaces[i], a.device, a.role };
        return dbk_org_grant(book, entry, &grant, err);
    }
    rc = dbk_invites_del(book->store, invite, err);
    return rc == DBK_OK ? dbk_fail(err, DBK_NOT_FOUND, "everything is approved") : rc;
}
