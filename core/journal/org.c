#include "core/journal/org_impl.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/seal/label.h"
#include "core/seal/wrap.h"

#define GENESIS_NAME "org.genesis" /* as it was built, until it is in the chain */
#define NAME_BYTES_MAX 128u

dbk_rc dbk_org_check_name(const char *name, const char *what, dbk_err *err)
{
    size_t len = name == NULL ? 0 : strlen(name);
    if (len == 0 || len > NAME_BYTES_MAX || !dbk_utf8_valid(dbk_span_str(name)))
        return dbk_fail(err, DBK_INVALID, "%s is 1 to %u bytes of text", what, NAME_BYTES_MAX);
    return DBK_OK;
}

dbk_rc dbk_org_next_entry(dbk_entry *e, const dbk_book *book, dbk_entry_kind kind, dbk_err *err)
{
    *e = (dbk_entry){ .kind = kind, .time_ms = book->env->now_ms(book->env->self) };
    if (book->own.admin == NULL || book->link.stage != DBK_ORG_MEMBER)
        return dbk_fail(err, DBK_DENIED, "only an administrator's device can do that");
    e->org = dbk_roster_org(book->roster);
    e->seq = dbk_roster_count(book->roster);
    e->prev = dbk_roster_head(book->roster);
    return DBK_OK;
}

dbk_rc dbk_org_need_key(dbk_book *book, dbk_secret **key, const char *meta_name, dbk_err *err)
{
    dbk_sign_pk pk;
    dbk_rc rc = DBK_OK;
    if (*key == NULL)
        rc = dbk_sign_keypair(&pk, key, book->env, err);
    /* Put also when it is held: an earlier attempt may have been rolled back. */
    if (rc == DBK_OK)
        rc = dbk_store_secret_put(book->store, meta_name, *key, err);
    return rc;
}

/* A label and its sealing, kept together for as long as the entry borrows them. */
typedef struct sealed_label {
    uint8_t bytes[DBK_LABEL_SEALED_BYTES_MAX];
    dbk_span span;
} sealed_label;

static dbk_rc seal_label(sealed_label *out, const dbk_book *book, const char *text,
                         const dbk_label_scope *scope, const dbk_secret *key, dbk_err *err)
{
    dbk_bytes sealed = DBK_BYTES_INIT(DBK_LABEL_SEALED_BYTES_MAX);
    dbk_rc rc = dbk_label_seal(&sealed, dbk_span_str(text), scope, key, book->env, err);
    if (rc == DBK_OK) {
        memcpy(out->bytes, sealed.p, sealed.len);
        out->span = dbk_span_of(out->bytes, sealed.len);
    }
    dbk_bytes_wipe(&sealed);
    return rc;
}

/* ---- create -------------------------------------------------------------------------------- */

static dbk_rc build_genesis(dbk_bytes *out, const dbk_book *book, const dbk_relay_card *card,
                            const char *device_name, dbk_err *err)
{
    dbk_secret *key = NULL;
    sealed_label label;
    dbk_entry e = { .kind = DBK_ENTRY_GENESIS,
                    .time_ms = book->env->now_ms(book->env->self),
                    .relay = card->relay,
                    .device = book->own.device,
                    .keys = book->own.keys,
                    .role = DBK_ROLE_ADMIN };
    dbk_wrapped wrap = { .device = book->own.device, .epoch = 1 };
    dbk_sign_pk_of(&e.root, book->own.root);
    dbk_sign_pk_of(&e.keys.admin, book->own.admin);
    e.org = dbk_hash_id("daybook/org-id/1", dbk_span_of(e.root.b, sizeof(e.root.b)));
    book->env->random(book->env->self, e.space.b, sizeof(e.space.b));
    const dbk_wrap_scope scope = { e.org, e.space, e.device, 1 };
    const dbk_label_scope named = { e.org, e.device };
    dbk_rc rc = dbk_epoch_new(&key, &e.epoch, 1, book->env, err);
    if (rc == DBK_OK)
        rc = seal_label(&label, book, device_name, &named, key, err);
    if (rc == DBK_OK)
        rc = dbk_wrap_seal(wrap.wrap, key, &scope, e.keys.kem, book->env, err);
    if (rc == DBK_OK) {
        e.label = label.span;
        e.wraps = &wrap;
        e.wraps_count = 1;
        rc = dbk_entry_sign(out, &e, book->own.root, err);
    }
    dbk_secret_free(key);
    return rc;
}

static dbk_rc create_in_tx(dbk_book *book, dbk_bytes *genesis, dbk_org_link *link,
                           const char *device_name, const dbk_relay_card *card, dbk_err *err)
{
    dbk_rc rc = dbk_org_need_key(book, &book->own.root, DBK_OWN_ROOT_NAME, err);
    if (rc == DBK_OK)
        rc = dbk_org_need_key(book, &book->own.admin, DBK_OWN_ADMIN_NAME, err);
    if (rc != DBK_OK)
        return rc;
    dbk_sign_pk_of(&book->own.keys.admin, book->own.admin);
    dbk_sign_pk_of(&link->root, book->own.root);
    rc = build_genesis(genesis, book, card, device_name, err);
    if (rc == DBK_OK)
        rc = dbk_book_put_link(book, link, err);
    if (rc == DBK_OK)
        rc = dbk_store_meta_put(book->store, GENESIS_NAME, dbk_bytes_span(genesis), err);
    return rc;
}

dbk_rc dbk_org_create(dbk_book *book, dbk_bytes *genesis, const char *device_name,
                      const dbk_relay_card *card, dbk_err *err)
{
    dbk_org_link link = { .stage = DBK_ORG_NONE, .relay = card->relay };
    dbk_err unread = { 0 };
    dbk_rc rc = dbk_org_check_name(device_name, "a device's name", err);
    if (rc != DBK_OK)
        return rc;
    if (book->link.stage != DBK_ORG_NONE)
        return dbk_fail(err, DBK_CONFLICT, "this store belongs to an organisation already");
    memcpy(link.relay_url, card->url, sizeof(link.relay_url));
    memcpy(link.tls_pin, card->tls_pin, sizeof(link.tls_pin));
    /* A genesis that may have reached this relay, though its answer was lost, is sent again as it
     * was: another one would be refused. */
    bool same_relay = memcmp(&book->link.relay, &card->relay, sizeof(card->relay)) == 0;
    bool kept = same_relay &&
                dbk_store_meta_get(book->store, genesis, GENESIS_NAME, &unread) == DBK_OK;
    link.root = book->link.root;
    rc = dbk_book_begin(book, err);
    if (rc != DBK_OK)
        return rc;
    rc = kept ? dbk_book_put_link(book, &link, err)
              : create_in_tx(book, genesis, &link, device_name, card, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    else
        dbk_book_rollback(book);
    if (rc == DBK_OK)
        book->link = link;
    return rc;
}

/* ---- spaces and grants --------------------------------------------------------------------- */

dbk_rc dbk_org_space(dbk_book *book, dbk_bytes *entry, dbk_id *space, const dbk_new_space *opts,
                     dbk_err *err)
{
    dbk_secret *key = NULL;
    sealed_label label;
    dbk_entry e;
    dbk_rc rc = dbk_org_check_name(opts->name, "a space's name", err);
    if (rc == DBK_OK)
        rc = dbk_org_next_entry(&e, book, DBK_ENTRY_SPACE, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_grant grant = { book->own.device, opts->creator_role };
    dbk_wrapped wrap = { .device = book->own.device, .epoch = 1 };
    book->env->random(book->env->self, e.space.b, sizeof(e.space.b));
    const dbk_wrap_scope scope = { e.org, e.space, book->own.device, 1 };
    const dbk_label_scope named = { e.org, e.space };
    rc = dbk_epoch_new(&key, &e.epoch, 1, book->env, err);
    if (rc == DBK_OK)
        rc = seal_label(&label, book, opts->name, &named, key, err);
    if (rc == DBK_OK)
        rc = dbk_wrap_seal(wrap.wrap, key, &scope, book->own.keys.kem, book->env, err);
    if (rc == DBK_OK) {
        e.label = label.span;
        e.grants = &grant;
        e.grants_count = 1;
        e.wraps = &wrap;
        e.wraps_count = 1;
        rc = dbk_entry_sign(entry, &e, book->own.admin, err);
    }
    if (rc == DBK_OK)
        *space = e.space;
    dbk_secret_free(key);
    return rc;
}

/* One wrap for each epoch whose key is held here, ascending; the current one must be. */
static dbk_rc wrap_epochs(dbk_wrapped *wraps, size_t *count, const dbk_book *book,
                          const dbk_space *s, const dbk_member *to, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    bool current = false;
    *count = 0;
    for (size_t i = 0; rc == DBK_OK && i < s->epochs_count; i++) {
        const dbk_epoch *epoch = &s->epochs[i];
        const dbk_secret *key = dbk_keyring_find(book->keyring, &s->space, &epoch->key_id);
        current = key != NULL;
        if (key == NULL)
            continue;
        dbk_wrapped *w = &wraps[(*count)++];
        const dbk_wrap_scope scope = { dbk_roster_org(book->roster), s->space, to->device,
                                       epoch->epoch };
        w->device = to->device;
        w->epoch = epoch->epoch;
        rc = dbk_wrap_seal(w->wrap, key, &scope, to->keys.kem, book->env, err);
    }
    if (rc == DBK_OK && !current)
        rc = dbk_fail(err, DBK_PENDING, "this device doesn't hold the space's key");
    return rc;
}

dbk_rc dbk_org_grant(dbk_book *book, dbk_bytes *entry, const dbk_new_grant *grant, dbk_err *err)
{
    dbk_entry e;
    dbk_rc rc = dbk_org_next_entry(&e, book, DBK_ENTRY_GRANT, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_space *s = dbk_roster_space(book->roster, &grant->space);
    const dbk_member *to = dbk_roster_device(book->roster, &grant->device);
    if (s == NULL || to == NULL)
        return dbk_fail(err, DBK_NOT_FOUND, "no such space or device");
    dbk_wrapped *wraps = dbk_alloc_array(s->epochs_count + 1, sizeof(*wraps));
    if (wraps == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a grant");
    e.space = grant->space;
    e.device = grant->device;
    e.role = grant->role;
    e.wraps = wraps;
    rc = wrap_epochs(wraps, &e.wraps_count, book, s, to, err);
    if (rc == DBK_OK)
        rc = dbk_entry_sign(entry, &e, book->own.admin, err);
    dbk_free(wraps);
    return rc;
}
