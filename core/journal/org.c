#include "core/journal/org.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/journal/org_internal.h"
#include "core/seal/drop.h"
#include "core/seal/label.h"
#include "core/seal/wrap.h"

#define GENESIS_NAME "org.genesis"

/* ---- what all entries need ----------------------------------------------------------------- */

dbk_rc dbk_org_check_name(const char *name, dbk_err *err)
{
    dbk_span text = dbk_span_str(name);
    bool blank = true;
    bool control = false;
    for (size_t i = 0; i < text.len; i++) {
        blank = blank && text.p[i] == ' ';
        control = control || text.p[i] < 0x20 || text.p[i] == 0x7f;
    }
    if (blank)
        return dbk_fail(err, DBK_INVALID, "a name is needed");
    if (text.len > DBK_ORG_NAME_BYTES_MAX)
        return dbk_fail(err, DBK_INVALID, "a name has at most %u bytes", DBK_ORG_NAME_BYTES_MAX);
    if (control || !dbk_utf8_valid(text))
        return dbk_fail(err, DBK_INVALID, "a name is one line of UTF-8 text");
    return DBK_OK;
}

dbk_rc dbk_org_check_role(const dbk_book *book, dbk_role role, uint64_t until_ms, dbk_err *err)
{
    if (role == DBK_ROLE_NONE)
        return dbk_fail(err, DBK_INVALID, "there is no such role");
    if (role == DBK_ROLE_GUEST && until_ms == 0)
        return dbk_fail(err, DBK_INVALID, "a guest's time needs an end");
    if (until_ms != 0 && until_ms <= book->env->now_ms(book->env->self))
        return dbk_fail(err, DBK_INVALID, "the end of that time is in the past");
    return DBK_OK;
}

dbk_rc dbk_org_check_admin(const dbk_book *book, dbk_err *err)
{
    const dbk_member *m = book->roster == NULL ? NULL
                                               : dbk_roster_device(book->roster, &book->own.device);
    if (m == NULL || m->revoked || m->role != DBK_ROLE_ADMIN || book->own.admin == NULL)
        return dbk_fail(err, DBK_DENIED, "only an admin's device changes the membership");
    return DBK_OK;
}

dbk_rc dbk_org_key(const dbk_book *book, const dbk_secret **key, dbk_key_entry *at,
                   const dbk_id *space, dbk_err *err)
{
    *key = dbk_keyring_current(book->keyring, space, at);
    if (*key == NULL)
        return dbk_fail(err, DBK_DENIED, "this device holds no key of that space");
    return DBK_OK;
}

dbk_rc dbk_org_wrap(const dbk_book *book, dbk_wrapped *out, const dbk_secret *key,
                    const dbk_key_entry *at, const dbk_member *member, dbk_err *err)
{
    const dbk_wrap_scope scope = { dbk_roster_org(book->roster), at->space, member->device,
                                   at->epoch };
    out->device = member->device;
    out->epoch = at->epoch;
    return dbk_wrap_seal(out->wrap, key, &scope, member->keys.kem, book->env, err);
}

dbk_rc dbk_org_sign(const dbk_book *book, dbk_bytes *out, dbk_entry *e, dbk_err *err)
{
    e->org = dbk_roster_org(book->roster);
    e->seq = dbk_roster_count(book->roster);
    e->prev = dbk_roster_head(book->roster);
    e->time_ms = book->env->now_ms(book->env->self);
    if (book->own.root == NULL || dbk_roster_signers_needed(book->roster, e) == 1 ||
        !dbk_roster_root_may_second(book->roster, e))
        return dbk_entry_sign(out, e, book->own.admin, err);
    dbk_bytes one = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_rc rc = dbk_entry_sign(&one, e, book->own.admin, err);
    if (rc == DBK_OK)
        rc = dbk_entry_cosign(out, dbk_bytes_span(&one), book->own.root, err);
    dbk_bytes_wipe(&one);
    return rc;
}

static dbk_id random_id(const dbk_book *book)
{
    dbk_id id;
    book->env->random(book->env->self, id.b, sizeof(id.b));
    return id;
}

/* ---- a new organisation -------------------------------------------------------------------- */

/* What genesis needs beyond the entry; nothing of it is in the book before it is stored. */
typedef struct founding {
    dbk_org_link link;
    dbk_secret *root, *admin, *roster_key;
    dbk_device_keys keys;
    dbk_bytes label;
    dbk_wrapped wrap;
    dbk_entry entry;
} founding;

static void founding_wipe(founding *f)
{
    dbk_secret_free(f->root);
    dbk_secret_free(f->admin);
    dbk_secret_free(f->roster_key);
    dbk_bytes_wipe(&f->label);
    dbk_wipe(f, sizeof(*f));
}

static dbk_rc check_card(const dbk_relay_card *card, dbk_err *err)
{
    if (card->url[0] == '\0')
        return dbk_fail(err, DBK_INVALID, "the relay card names no address");
    if (!dbk_sign_pk_valid(&card->relay))
        return dbk_fail(err, DBK_INVALID, "the relay card's key is not a key");
    return DBK_OK;
}

static dbk_rc make_keys(founding *f, const dbk_book *book, dbk_err *err)
{
    f->keys = book->own.keys;
    dbk_rc rc = dbk_sign_keypair(&f->link.root, &f->root, book->env, err);
    if (rc == DBK_OK)
        rc = dbk_sign_keypair(&f->keys.admin, &f->admin, book->env, err);
    if (rc == DBK_OK)
        rc = dbk_epoch_new(&f->roster_key, &f->entry.epoch, 1, book->env, err);
    return rc;
}

static dbk_rc make_genesis(founding *f, dbk_bytes *out, const dbk_book *book, const char *name,
                           dbk_err *err)
{
    dbk_entry *e = &f->entry;
    e->org = dbk_org_id(&f->link.root);
    e->kind = DBK_ENTRY_GENESIS;
    e->time_ms = book->env->now_ms(book->env->self);
    e->root = f->link.root;
    e->relay = f->link.relay;
    e->device = book->own.device;
    e->keys = f->keys;
    e->role = DBK_ROLE_ADMIN;
    e->space = random_id(book);
    e->wraps = &f->wrap;
    e->wraps_count = 1;
    const dbk_label_scope scope = { e->org, e->device };
    const dbk_wrap_scope to = { e->org, e->space, e->device, e->epoch.epoch };
    f->wrap.device = e->device;
    f->wrap.epoch = e->epoch.epoch;
    dbk_rc rc = dbk_label_seal(&f->label, dbk_span_str(name), &scope, f->roster_key, book->env,
                               err);
    e->label = dbk_bytes_span(&f->label);
    if (rc == DBK_OK)
        rc = dbk_wrap_seal(f->wrap.wrap, f->roster_key, &to, f->keys.kem, book->env, err);
    return rc == DBK_OK ? dbk_entry_sign(out, e, f->root, err) : rc;
}

static dbk_rc store_founding(dbk_book *book, const founding *f, dbk_span genesis, dbk_err *err)
{
    dbk_rc rc = dbk_book_begin(book, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_store_secret_put(book->store, DBK_OWN_ROOT_NAME, f->root, err);
    if (rc == DBK_OK)
        rc = dbk_store_secret_put(book->store, DBK_OWN_ADMIN_NAME, f->admin, err);
    if (rc == DBK_OK)
        rc = dbk_store_meta_put(book->store, GENESIS_NAME, genesis, err);
    if (rc == DBK_OK)
        rc = dbk_book_put_link(book, &f->link, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    if (rc != DBK_OK)
        dbk_book_rollback(book);
    return rc;
}

static void take_founding(dbk_book *book, founding *f)
{
    dbk_secret_free(book->own.root);
    dbk_secret_free(book->own.admin);
    book->own.root = f->root;
    book->own.admin = f->admin;
    f->root = NULL;
    f->admin = NULL;
    book->own.keys = f->keys;
    book->link = f->link;
    dbk_book_settle_stage(book);
}

/* The relay may have taken the genesis of an earlier attempt though its answer was lost: for the
 * same relay the same bytes go again. */
static dbk_rc found_again(dbk_book *book, dbk_bytes *genesis, const dbk_relay_card *card,
                          dbk_err *err)
{
    dbk_org_link link = book->link;
    (void)memcpy(link.relay_url, card->url, sizeof(link.relay_url));
    (void)memcpy(link.tls_pin, card->tls_pin, sizeof(link.tls_pin));
    link.backup = card->backup;
    dbk_rc rc = dbk_store_meta_get(book->store, genesis, GENESIS_NAME, err);
    if (rc == DBK_OK)
        rc = dbk_book_put_link(book, &link, err);
    if (rc == DBK_OK)
        book->link = link;
    return rc;
}

dbk_rc dbk_org_create(dbk_book *book, dbk_bytes *genesis, const char *device_name,
                      const dbk_relay_card *card, dbk_err *err)
{
    founding f = { .label = DBK_BYTES_INIT(DBK_LABEL_SEALED_BYTES_MAX) };
    dbk_rc rc = dbk_org_check_name(device_name, err);
    if (rc == DBK_OK)
        rc = check_card(card, err);
    if (rc == DBK_OK && (book->roster != NULL || book->link.stage != DBK_ORG_NONE))
        rc = dbk_fail(err, DBK_CONFLICT, "this device belongs to an organisation already");
    if (rc != DBK_OK)
        return rc;
    if (book->own.root != NULL && memcmp(&book->link.relay, &card->relay, sizeof(card->relay)) == 0)
        return found_again(book, genesis, card, err);
    (void)memcpy(f.link.relay_url, card->url, sizeof(f.link.relay_url));
    (void)memcpy(f.link.tls_pin, card->tls_pin, sizeof(f.link.tls_pin));
    f.link.backup = card->backup;
    f.link.relay = card->relay;
    size_t begin = genesis->len;
    rc = make_keys(&f, book, err);
    if (rc == DBK_OK)
        rc = make_genesis(&f, genesis, book, device_name, err);
    if (rc == DBK_OK)
        rc = store_founding(book, &f, dbk_span_of(genesis->p + begin, genesis->len - begin), err);
    if (rc == DBK_OK)
        take_founding(book, &f);
    founding_wipe(&f);
    return rc;
}

/* ---- spaces and grants --------------------------------------------------------------------- */

/* What a new space's entry points to: its members, this device first, and the key for each. */
typedef struct founded {
    dbk_secret *key;
    dbk_bytes label;
    dbk_grant *grants;
    dbk_wrapped *wraps;
} founded;

static void founded_wipe(founded *f)
{
    dbk_secret_free(f->key);
    dbk_bytes_wipe(&f->label);
    dbk_free(f->grants);
    dbk_free(f->wraps);
}

static dbk_rc check_member(const dbk_book *book, const dbk_grant *grant, dbk_err *err)
{
    const dbk_member *m = dbk_roster_device(book->roster, &grant->device);
    if (m == NULL)
        return dbk_fail(err, DBK_NOT_FOUND, "there is no such device");
    if (m->revoked)
        return dbk_fail(err, DBK_DENIED, "the device was removed from the organisation");
    if (grant->role == DBK_ROLE_WRITER)
        return dbk_fail(err, DBK_INVALID, "a device that only writes is let in by a grant");
    return dbk_org_check_role(book, grant->role, 0, err);
}

static dbk_rc collect_members(founded *f, const dbk_book *book, const dbk_new_space *opts,
                              dbk_err *err)
{
    size_t count = opts->members_count + 1;
    if (count > DBK_ORG_SPACE_MEMBERS_MAX)
        return dbk_fail(err, DBK_LIMIT, "a space begins with at most %u devices",
                        DBK_ORG_SPACE_MEMBERS_MAX);
    f->grants = dbk_alloc_array(count, sizeof(*f->grants));
    f->wraps = dbk_alloc_array(count, sizeof(*f->wraps));
    if (f->grants == NULL || f->wraps == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a space");
    f->grants[0] = (dbk_grant){ book->own.device, opts->creator_role };
    if (opts->members_count > 0)
        memcpy(f->grants + 1, opts->members, opts->members_count * sizeof(*f->grants));
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        rc = check_member(book, &f->grants[i], err);
        for (size_t j = 0; rc == DBK_OK && j < i; j++) {
            if (dbk_id_equal(&f->grants[j].device, &f->grants[i].device))
                rc = dbk_fail(err, DBK_INVALID, "a device is named twice; this one is in already");
        }
    }
    return rc;
}

static dbk_rc seal_space(founded *f, const dbk_book *book, const dbk_entry *e, const char *name,
                         dbk_err *err)
{
    const dbk_label_scope scope = { dbk_roster_org(book->roster), e->space };
    const dbk_key_entry at = { e->space, e->epoch.epoch, e->epoch.key_id };
    dbk_rc rc = dbk_label_seal(&f->label, dbk_span_str(name), &scope, f->key, book->env, err);
    for (size_t i = 0; rc == DBK_OK && i < e->grants_count; i++)
        rc = dbk_org_wrap(book, &f->wraps[i], f->key, &at,
                          dbk_roster_device(book->roster, &e->grants[i].device), err);
    return rc;
}

dbk_rc dbk_org_space(dbk_book *book, dbk_bytes *entry, dbk_id *space, const dbk_new_space *opts,
                     dbk_err *err)
{
    founded f = { .label = DBK_BYTES_INIT(DBK_LABEL_SEALED_BYTES_MAX) };
    dbk_entry e = { .kind = DBK_ENTRY_SPACE, .restricted = opts->restricted };
    *space = (dbk_id){ { 0 } };
    dbk_rc rc = dbk_org_check_admin(book, err);
    if (rc == DBK_OK)
        rc = dbk_org_check_name(opts->name, err);
    if (rc == DBK_OK)
        rc = collect_members(&f, book, opts, err);
    if (rc == DBK_OK)
        rc = dbk_epoch_new(&f.key, &e.epoch, 1, book->env, err);
    if (rc == DBK_OK) {
        dbk_drop_public(e.epoch.drop, f.key);
        e.space = random_id(book);
        e.grants = f.grants;
        e.wraps = f.wraps;
        e.grants_count = e.wraps_count = opts->members_count + 1;
        rc = seal_space(&f, book, &e, opts->name, err);
        e.label = dbk_bytes_span(&f.label);
    }
    if (rc == DBK_OK)
        rc = dbk_org_sign(book, entry, &e, err);
    if (rc == DBK_OK)
        *space = e.space;
    founded_wipe(&f);
    return rc;
}

/* Every epoch that is held here, oldest first; the current one must be among them. */
static dbk_rc wrap_epochs(const dbk_book *book, dbk_wrapped *out, size_t *count,
                          const dbk_space *space, const dbk_member *member, dbk_err *err)
{
    const dbk_secret *key;
    dbk_key_entry current;
    dbk_rc rc = dbk_org_key(book, &key, &current, &space->space, err);
    const dbk_epoch *last = &space->epochs[space->epochs_count - 1];
    if (rc == DBK_OK && !dbk_id_equal(&current.key_id, &last->key_id))
        rc = dbk_fail(err, DBK_DENIED, "this device holds no current key of that space");
    *count = 0;
    for (size_t i = 0; rc == DBK_OK && i < space->epochs_count; i++) {
        const dbk_epoch *epoch = &space->epochs[i];
        const dbk_key_entry at = { space->space, epoch->epoch, epoch->key_id };
        key = dbk_keyring_find(book->keyring, &space->space, &epoch->key_id);
        if (key != NULL)
            rc = dbk_org_wrap(book, &out[(*count)++], key, &at, member, err);
    }
    return rc;
}

/* The chain wouldn't take it: said in words that help. */
static dbk_rc check_writer(const dbk_book *book, const dbk_space *space, const dbk_id *device,
                           dbk_err *err)
{
    dbk_role now = dbk_roster_role(book->roster, device, &space->space);
    if (dbk_role_reads(now))
        return dbk_fail(err, DBK_CONFLICT,
                        "the device holds the space's key: take it out of the space first");
    if (dbk_key_is_zero(space->epochs[space->epochs_count - 1].drop))
        return dbk_fail(err, DBK_CONFLICT,
                        "the space's key is of an earlier version: rotate it first");
    return DBK_OK;
}

dbk_rc dbk_org_grant(dbk_book *book, dbk_bytes *entry, const dbk_new_grant *grant, dbk_err *err)
{
    dbk_entry e = { .kind = DBK_ENTRY_GRANT,
                    .space = grant->space,
                    .device = grant->device,
                    .role = grant->role,
                    .expires_ms = grant->until_ms };
    dbk_rc rc = dbk_org_check_admin(book, err);
    if (rc == DBK_OK)
        rc = dbk_org_check_role(book, grant->role, grant->until_ms, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_space *space = dbk_roster_space(book->roster, &grant->space);
    const dbk_member *member = dbk_roster_device(book->roster, &grant->device);
    if (space == NULL || space->is_roster)
        return dbk_fail(err, DBK_NOT_FOUND, "there is no such space");
    if (member == NULL)
        return dbk_fail(err, DBK_NOT_FOUND, "there is no such device");
    if (member->revoked)
        return dbk_fail(err, DBK_DENIED, "the device was removed from the organisation");
    if (grant->role == DBK_ROLE_ADMIN && member->role != DBK_ROLE_ADMIN)
        return dbk_fail(err, DBK_DENIED, "only an admin's device is an admin in a space");
    if (grant->role == DBK_ROLE_WRITER) {
        rc = check_writer(book, space, &grant->device, err);
        return rc == DBK_OK ? dbk_org_sign(book, entry, &e, err) : rc;
    }
    dbk_wrapped *wraps = dbk_alloc_array(space->epochs_count, sizeof(*wraps));
    if (wraps == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the keys of a space");
    rc = wrap_epochs(book, wraps, &e.wraps_count, space, member, err);
    e.wraps = wraps;
    if (rc == DBK_OK)
        rc = dbk_org_sign(book, entry, &e, err);
    dbk_free(wraps);
    return rc;
}
