/* The joining side: from an invite to a sealed request. */
#include <string.h>

#include "core/journal/org_internal.h"

/* The request of this very invite, if it was made before: the relay takes the same bytes again,
 * and no others. */
static dbk_rc find_request(dbk_book *book, dbk_bytes *request, const dbk_invite *invite,
                           bool *found, dbk_err *err)
{
    *found = book->link.stage == DBK_ORG_JOINING && dbk_id_equal(&book->link.invite, &invite->id);
    return *found ? dbk_store_meta_get(book->store, request, DBK_ORG_REQUEST_NAME, err) : DBK_OK;
}

static dbk_rc check_joinable(const dbk_book *book, const dbk_invite *invite, dbk_err *err)
{
    if (book->link.stage == DBK_ORG_MEMBER || book->own.root != NULL)
        return dbk_fail(err, DBK_CONFLICT, "this device belongs to an organisation already");
    if (invite->expires_ms <= book->env->now_ms(book->env->self))
        return dbk_fail(err, DBK_DENIED, "the invite has expired: ask for a new one");
    return DBK_OK;
}

static dbk_rc store_join(dbk_book *book, const dbk_org_link *link, const dbk_secret *admin,
                         dbk_span request, dbk_err *err)
{
    dbk_rc rc = dbk_book_begin(book, err);
    if (rc != DBK_OK)
        return rc;
    if (admin != NULL)
        rc = dbk_store_secret_put(book->store, DBK_OWN_ADMIN_NAME, admin, err);
    if (rc == DBK_OK)
        rc = dbk_store_meta_put(book->store, DBK_ORG_REQUEST_NAME, request, err);
    if (rc == DBK_OK)
        rc = dbk_book_put_link(book, link, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc != DBK_OK)
        dbk_book_rollback(book);
    return rc;
}

static dbk_org_link link_of(const dbk_invite *invite)
{
    dbk_org_link link = { .root = invite->root, .relay = invite->relay, .invite = invite->id };
    (void)memcpy(link.relay_url, invite->relay_url, sizeof(link.relay_url));
    (void)memcpy(link.tls_pin, invite->tls_pin, sizeof(link.tls_pin));
    link.backup = invite->backup;
    return link;
}

/* Only an admin's device has a key for the chain. */
static dbk_rc make_join(dbk_book *book, dbk_join *join, dbk_secret **new_admin,
                        const dbk_invite *invite, const char *device_name, dbk_err *err)
{
    join->keys = book->own.keys;
    (void)memcpy(join->name, device_name, strlen(device_name) + 1);
    if (invite->role != DBK_ROLE_ADMIN) {
        join->keys.admin = (dbk_sign_pk){ { 0 } };
        return DBK_OK;
    }
    if (book->own.admin != NULL)
        return DBK_OK;
    return dbk_sign_keypair(&join->keys.admin, new_admin, book->env, err);
}

static void take_over(dbk_book *book, const dbk_invite *invite, const dbk_join *join,
                      dbk_secret **new_admin)
{
    book->link = link_of(invite);
    if (*new_admin != NULL) {
        book->own.admin = *new_admin;
        book->own.keys.admin = join->keys.admin;
        *new_admin = NULL;
    }
    dbk_book_settle_stage(book);
}

static dbk_rc join(dbk_book *book, dbk_bytes *request, const dbk_invite *invite,
                   const char *device_name, dbk_err *err)
{
    dbk_join asked = { .name = "" };
    dbk_secret *new_admin = NULL;
    size_t begin = request->len;
    _Static_assert(sizeof(asked.name) > DBK_ORG_NAME_BYTES_MAX, "a checked name fits");
    dbk_rc rc = make_join(book, &asked, &new_admin, invite, device_name, err);
    if (rc == DBK_OK) {
        const dbk_secret *admin = new_admin != NULL ? new_admin : book->own.admin;
        const dbk_join_secrets secrets = { book->own.sign, book->own.request,
                                           invite->role == DBK_ROLE_ADMIN ? admin : NULL };
        rc = dbk_join_seal(request, &asked, invite, &secrets, book->env, err);
    }
    if (rc == DBK_OK) {
        const dbk_org_link link = link_of(invite);
        rc = store_join(book, &link, new_admin,
                        dbk_span_of(request->p + begin, request->len - begin), err);
    }
    if (rc == DBK_OK)
        take_over(book, invite, &asked, &new_admin);
    else
        dbk_bytes_truncate(request, begin);
    dbk_secret_free(new_admin);
    return rc;
}

dbk_rc dbk_org_join(dbk_book *book, dbk_bytes *request, dbk_span invite_text,
                    const char *device_name, dbk_err *err)
{
    dbk_invite invite = { .tls_pin = { 0 } };
    bool found = false;
    dbk_rc rc = dbk_org_check_name(device_name, err);
    if (rc == DBK_OK)
        rc = dbk_invite_parse(&invite, invite_text, err);
    if (rc == DBK_OK)
        rc = check_joinable(book, &invite, err);
    if (rc == DBK_OK)
        rc = find_request(book, request, &invite, &found, err);
    if (rc == DBK_OK && !found)
        rc = join(book, request, &invite, device_name, err);
    dbk_invite_wipe(&invite);
    return rc;
}

dbk_rc dbk_org_join_again(dbk_book *book, dbk_bytes *request, dbk_err *err)
{
    if (book->link.stage != DBK_ORG_JOINING)
        return dbk_fail(err, DBK_NOT_FOUND, "no invite waits for an answer");
    return dbk_store_meta_get(book->store, request, DBK_ORG_REQUEST_NAME, err);
}
