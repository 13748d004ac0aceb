/* This device's keys, and its link to the organisation: rows of meta. */
#include <string.h>

#include "core/base/cbor.h"
#include "core/journal/book_internal.h"
#include "core/seal/wrap.h"

#define LINK_NAME "org.link"
#define LINK_BYTES_MAX 1024u
#define KEM_PUBLIC_NAME "key.kem.public"

/* The store's names of the secrets. */
#define SIGN_NAME "key.sign"
#define KEM_NAME "key.kem"
#define REQUEST_NAME "key.request"

void dbk_own_wipe(dbk_own *own)
{
    dbk_secret_free(own->sign);
    dbk_secret_free(own->kem);
    dbk_secret_free(own->request);
    dbk_secret_free(own->admin);
    dbk_secret_free(own->root);
    dbk_secret_free(own->witness);
    *own = (dbk_own){ 0 };
}

static void derive(dbk_own *own)
{
    dbk_sign_pk_of(&own->keys.sign, own->sign);
    dbk_sign_pk_of(&own->keys.request, own->request);
    if (own->admin != NULL)
        dbk_sign_pk_of(&own->keys.admin, own->admin);
    own->device = dbk_device_id(own->keys.sign.b, own->keys.kem);
}

dbk_rc dbk_own_new(dbk_own *own, dbk_store *store, const dbk_env *env, dbk_err *err)
{
    dbk_rc rc = dbk_sign_keypair(&own->keys.sign, &own->sign, env, err);
    if (rc == DBK_OK)
        rc = dbk_kem_keypair(own->keys.kem, &own->kem, env, err);
    if (rc == DBK_OK)
        rc = dbk_sign_keypair(&own->keys.request, &own->request, env, err);
    if (rc == DBK_OK)
        rc = dbk_store_secret_put(store, SIGN_NAME, own->sign, err);
    if (rc == DBK_OK)
        rc = dbk_store_secret_put(store, KEM_NAME, own->kem, err);
    if (rc == DBK_OK)
        rc = dbk_store_secret_put(store, REQUEST_NAME, own->request, err);
    if (rc == DBK_OK)
        rc = dbk_store_meta_put(store, KEM_PUBLIC_NAME,
                                dbk_span_of(own->keys.kem, sizeof(own->keys.kem)), err);
    if (rc == DBK_OK)
        derive(own);
    return rc;
}

/* A secret that the device may do without. */
static dbk_rc load_optional(dbk_store *store, dbk_secret **out, const char *name, dbk_err *err)
{
    dbk_err inner = { 0 };
    dbk_rc rc = dbk_store_secret_get(store, out, name, &inner);
    if (rc == DBK_OK || rc == DBK_NOT_FOUND)
        return DBK_OK;
    return dbk_fail(err, rc, "%s", inner.text);
}

static dbk_rc check_lengths(const dbk_own *own, size_t kem_len, dbk_err *err)
{
    const dbk_secret *const keys[] = { own->sign, own->request, own->admin, own->root,
                                       own->witness };
    bool bad = kem_len != sizeof(own->keys.kem) || dbk_secret_len(own->kem) != 32;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        bad = bad || (keys[i] != NULL && dbk_secret_len(keys[i]) != 64);
    return bad ? dbk_fail(err, DBK_DAMAGED, "a key of this device has the wrong length") : DBK_OK;
}

dbk_rc dbk_own_load(dbk_own *own, dbk_store *store, dbk_err *err)
{
    dbk_bytes kem = DBK_BYTES_INIT(64);
    dbk_rc rc = dbk_store_secret_get(store, &own->sign, SIGN_NAME, err);
    if (rc == DBK_OK)
        rc = dbk_store_secret_get(store, &own->kem, KEM_NAME, err);
    if (rc == DBK_OK)
        rc = dbk_store_secret_get(store, &own->request, REQUEST_NAME, err);
    if (rc == DBK_OK)
        rc = load_optional(store, &own->admin, DBK_OWN_ADMIN_NAME, err);
    if (rc == DBK_OK)
        rc = load_optional(store, &own->root, DBK_OWN_ROOT_NAME, err);
    if (rc == DBK_OK)
        rc = load_optional(store, &own->witness, DBK_OWN_WITNESS_NAME, err);
    if (rc == DBK_OK)
        rc = dbk_store_meta_get(store, &kem, KEM_PUBLIC_NAME, err);
    if (rc == DBK_OK)
        rc = check_lengths(own, kem.len, err);
    if (rc == DBK_OK) {
        memcpy(own->keys.kem, kem.p, sizeof(own->keys.kem));
        derive(own);
    }
    dbk_bytes_wipe(&kem);
    return rc == DBK_NOT_FOUND || rc == DBK_LIMIT ? DBK_DAMAGED : rc;
}

/* ---- the link ------------------------------------------------------------------------------ */

/* { 1: url, 2: tls pin, 3: root, 4: relay key, ? 5: invite, ? 6: backup pins } */
dbk_rc dbk_book_put_link(dbk_book *book, const dbk_org_link *link, dbk_err *err)
{
    dbk_bytes out = DBK_BYTES_INIT(LINK_BYTES_MAX);
    dbk_cbor_out o = dbk_cbor_to(&out, err);
    bool joining = !dbk_id_is_zero(&link->invite);
    dbk_cbor_put_map(&o, 4u + (joining ? 1u : 0u) + (link->backup.count > 0 ? 1u : 0u));
    dbk_cbor_put_uint(&o, 1);
    dbk_cbor_put_str(&o, link->relay_url);
    dbk_cbor_put_uint(&o, 2);
    dbk_cbor_put_bytes(&o, link->tls_pin, sizeof(link->tls_pin));
    dbk_cbor_put_uint(&o, 3);
    dbk_cbor_put_bytes(&o, link->root.b, sizeof(link->root.b));
    dbk_cbor_put_uint(&o, 4);
    dbk_cbor_put_bytes(&o, link->relay.b, sizeof(link->relay.b));
    if (joining) {
        dbk_cbor_put_uint(&o, 5);
        dbk_cbor_put_bytes(&o, link->invite.b, sizeof(link->invite.b));
    }
    if (link->backup.count > 0) {
        dbk_cbor_put_uint(&o, 6);
        dbk_pins_put(&o, &link->backup);
    }
    dbk_rc rc = o.rc;
    if (rc == DBK_OK)
        rc = dbk_store_meta_put(book->store, LINK_NAME, dbk_bytes_span(&out), err);
    dbk_bytes_wipe(&out);
    return rc;
}

static dbk_rc read_link(dbk_org_link *link, dbk_span in, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(in);
    dbk_span url = { NULL, 0 };
    dbk_rc rc = dbk_cbor_check(in, err);
    if (rc != DBK_OK)
        return DBK_DAMAGED;
    uint64_t pairs = dbk_cbor_get_map(&c);
    if (dbk_cbor_key(&c, 1))
        url = dbk_cbor_get_text(&c);
    if (dbk_cbor_key(&c, 2))
        dbk_cbor_get_copy(&c, link->tls_pin, sizeof(link->tls_pin));
    if (dbk_cbor_key(&c, 3))
        dbk_cbor_get_copy(&c, link->root.b, sizeof(link->root.b));
    if (dbk_cbor_key(&c, 4))
        dbk_cbor_get_copy(&c, link->relay.b, sizeof(link->relay.b));
    if (pairs > 4 && dbk_cbor_key(&c, 5)) {
        dbk_cbor_get_copy(&c, link->invite.b, sizeof(link->invite.b));
        pairs--;
    }
    if (pairs > 4 && dbk_cbor_key(&c, 6))
        dbk_pins_get(&c, &link->backup);
    if (dbk_cbor_end(&c, "the link to the organisation", err) != DBK_OK || pairs < 4 ||
        url.len > DBK_URL_BYTES_MAX)
        return dbk_fail(err, DBK_DAMAGED, "the link to the organisation can't be read");
    if (url.len > 0)
        memcpy(link->relay_url, url.p, url.len);
    link->relay_url[url.len] = '\0';
    return DBK_OK;
}

dbk_rc dbk_book_load_link(dbk_book *book, dbk_err *err)
{
    dbk_bytes in = DBK_BYTES_INIT(LINK_BYTES_MAX);
    dbk_err inner = { 0 };
    dbk_rc rc = dbk_store_meta_get(book->store, &in, LINK_NAME, &inner);
    if (rc == DBK_OK)
        rc = read_link(&book->link, dbk_bytes_span(&in), err);
    else if (rc == DBK_NOT_FOUND)
        rc = DBK_OK; /* neither created nor joined */
    else
        (void)dbk_fail(err, rc, "%s", inner.text);
    dbk_bytes_wipe(&in);
    return rc;
}

dbk_rc dbk_book_pin_met(dbk_book *book, const uint8_t pin[32], dbk_err *err)
{
    dbk_org_link link = book->link;
    if (memcmp(link.tls_pin, pin, sizeof(link.tls_pin)) == 0)
        return DBK_OK;
    memcpy(link.tls_pin, pin, sizeof(link.tls_pin));
    dbk_rc rc = dbk_book_put_link(book, &link, err);
    if (rc == DBK_OK)
        book->link = link;
    return rc;
}

/* The table of moves: none -> joining by an invite, none -> member by genesis, joining -> member by
 * the entry that enrols this device. There is no way back. */
void dbk_book_settle_stage(dbk_book *book)
{
    dbk_org_link *link = &book->link;
    if (book->roster != NULL && dbk_roster_device(book->roster, &book->own.device) != NULL)
        link->stage = DBK_ORG_MEMBER;
    else if (!dbk_id_is_zero(&link->invite))
        link->stage = DBK_ORG_JOINING;
    else
        link->stage = DBK_ORG_NONE;
}
