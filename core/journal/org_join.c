/* The joining side: the invite is remembered, and the request that answers it, byte for byte, so
 * that sending it again after a lost answer is the same request. */
#include <string.h>

#include "core/journal/org_impl.h"

#define REQUEST_NAME "org.join-request"

static dbk_rc build_request(dbk_bytes *out, dbk_book *book, const dbk_invite *invite,
                            const char *device_name, dbk_err *err)
{
    dbk_join join = { .keys = book->own.keys };
    const dbk_join_secrets secrets = { book->own.sign, book->own.request, book->own.admin };
    size_t len = strlen(device_name);
    DBK_ASSERT(len < sizeof(join.name));
    memcpy(join.name, device_name, len);
    return dbk_join_seal(out, &join, invite, &secrets, book->env, err);
}

static dbk_rc join_in_tx(dbk_book *book, dbk_bytes *request, const dbk_org_link *link,
                         const dbk_invite *invite, const char *device_name, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    if (invite->role == DBK_ROLE_ADMIN) {
        rc = dbk_org_need_key(book, &book->own.admin, DBK_OWN_ADMIN_NAME, err);
        if (rc == DBK_OK)
            dbk_sign_pk_of(&book->own.keys.admin, book->own.admin);
    }
    if (rc == DBK_OK)
        rc = build_request(request, book, invite, device_name, err);
    if (rc == DBK_OK)
        rc = dbk_store_meta_put(book->store, REQUEST_NAME, dbk_bytes_span(request), err);
    if (rc == DBK_OK)
        rc = dbk_book_put_link(book, link, err);
    return rc;
}

dbk_rc dbk_org_join(dbk_book *book, dbk_bytes *request, dbk_span invite_text,
                    const char *device_name, dbk_err *err)
{
    dbk_invite invite = { 0 };
    dbk_org_link link = { .stage = DBK_ORG_JOINING };
    dbk_rc rc = dbk_org_check_name(device_name, "a device's name", err);
    if (rc != DBK_OK)
        return rc;
    if (book->link.stage == DBK_ORG_MEMBER)
        return dbk_fail(err, DBK_CONFLICT, "this store belongs to an organisation already");
    rc = dbk_invite_parse(&invite, invite_text, err);
    if (rc == DBK_OK && invite.expires_ms <= book->env->now_ms(book->env->self))
        rc = dbk_fail(err, DBK_DENIED, "the invite has expired; ask for a new one");
    if (rc == DBK_OK)
        rc = dbk_book_begin(book, err);
    if (rc != DBK_OK)
        goto out;
    memcpy(link.relay_url, invite.relay_url, sizeof(link.relay_url));
    memcpy(link.tls_pin, invite.tls_pin, sizeof(link.tls_pin));
    link.root = invite.root;
    link.relay = invite.relay;
    link.invite = invite.id;
    rc = join_in_tx(book, request, &link, &invite, device_name, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    else
        dbk_book_rollback(book);
    if (rc == DBK_OK)
        book->link = link;
out:
    dbk_invite_wipe(&invite);
    return rc;
}

dbk_rc dbk_org_join_again(dbk_book *book, dbk_bytes *request, dbk_err *err)
{
    if (book->link.stage != DBK_ORG_JOINING)
        return dbk_fail(err, DBK_DENIED, "this device isn't asking to join");
    return dbk_store_meta_get(book->store, request, REQUEST_NAME, err);
}
