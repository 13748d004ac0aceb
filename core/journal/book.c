#include "core/journal/book.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/cosigned_internal.h"
#include "core/journal/device_log.h"
#include "core/journal/evidence.h"
#include "core/journal/form_packs.h"

#define STORE_NAME DBK_BOOK_STORE_NAME
#define SLOTS_NAME DBK_BOOK_SLOTS_NAME
#define NOTE_PREFIX "note."
#define NOTE_BYTES_MAX 4096u
#define NOTE_NAME_MAX 64u

/* What an interrupted create leaves. The slot file is written last: with it, the store is whole. */
static const char *const leftovers[] = { STORE_NAME,
                                         STORE_NAME "-wal",
                                         STORE_NAME "-shm",
                                         STORE_NAME "-journal",
                                         SLOTS_NAME ".new",
                                         DBK_BOOK_TRIES_NAME,
                                         NULL };

void dbk_book_close(dbk_book *book)
{
    if (book == NULL)
        return;
    dbk_book_anchor_close(book);
    dbk_own_wipe(&book->own);
    dbk_keyring_free(book->keyring);
    dbk_sealer_free(book->sealer);
    dbk_roster_free(book->roster);
    dbk_free(book->chain_hashes);
    dbk_free(book->readable);
    dbk_tables_wipe(&book->tables);
    dbk_cosigned_forget(book);
    dbk_forms_free(book->forms);
    dbk_tool_texts_free(book->tools);
    dbk_store_close(book->store);
    dbk_secret_free(book->store_key);
    dbk_folder_close(book->folder); /* last: until then nobody else may open the store */
    dbk_free(book);
}

dbk_rc dbk_book_new(dbk_book **out, const dbk_book_opts *opts, dbk_err *err)
{
    bool has_env = opts != NULL && opts->env != NULL;
    bool has_kdf = opts != NULL && (opts->kdf.ops != 0 || opts->kdf.mem_bytes != 0);
    dbk_rc rc = dbk_crypto_init(err);
    if (rc != DBK_OK)
        return rc;
    dbk_book *book = dbk_alloc(sizeof(*book));
    if (book == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the store");
    book->env = has_env ? opts->env : dbk_env_system();
    if (has_kdf)
        book->kdf = opts->kdf;
    book->factor = opts == NULL ? NULL : opts->factor;
    rc = opts != NULL && opts->forms != NULL ? dbk_forms_over(&book->forms, opts->forms, err)
                                             : dbk_forms_new(&book->forms, err);
    if (rc == DBK_OK)
        rc = dbk_tool_texts_new(&book->tools, err);
    if (rc == DBK_OK)
        rc = dbk_sealer_new(&book->sealer, err);
    if (rc == DBK_OK)
        rc = dbk_keyring_new(&book->keyring, err);
    if (rc != DBK_OK) {
        dbk_book_close(book);
        return rc;
    }
    *out = book;
    return DBK_OK;
}

/* ---- creating ------------------------------------------------------------------------------ */

dbk_rc dbk_book_make_folder(dbk_book *book, const char *dir, dbk_err *err)
{
    dbk_rc rc = dbk_folder_create(&book->folder, dir, leftovers, err);
    for (size_t i = 0; rc == DBK_OK && leftovers[i] != NULL; i++)
        rc = dbk_folder_remove(book->folder, leftovers[i], err);
    return rc;
}

static dbk_rc create_store(dbk_book *book, dbk_err *err)
{
    char path[DBK_FOLDER_PATH_SIZE];
    dbk_rc rc = dbk_folder_touch(book->folder, STORE_NAME, err); /* for its mode, 0600 */
    if (rc == DBK_OK)
        rc = dbk_folder_path(book->folder, path, STORE_NAME, err);
    if (rc == DBK_OK)
        rc = dbk_store_create(&book->store, path, book->store_key, err);
    if (rc == DBK_OK)
        rc = dbk_book_begin(book, err);
    if (rc == DBK_OK)
        rc = dbk_own_new(&book->own, book->store, book->env, err);
    if (rc == DBK_OK)
        rc = dbk_book_commit(book, err);
    return rc;
}

/* The folder exists and is locked only after this has succeeded wholly: what was made is taken
 * away again, and what can't be taken away is a leftover that the next create removes. */
dbk_rc dbk_book_create(dbk_book **out, const char *dir, const dbk_secret *passphrase,
                       const dbk_book_opts *opts, dbk_err *err)
{
    dbk_book *book = NULL;
    dbk_bytes slots = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_rc rc = dbk_book_new(&book, opts, err);
    if (rc == DBK_OK)
        rc = dbk_book_make_folder(book, dir, err);
    if (rc == DBK_OK)
        rc = dbk_book_settle_kdf(book, err);
    if (rc == DBK_OK)
        rc = dbk_slots_create(&slots, &book->store_key, passphrase, &book->kdf, book->env, err);
    if (rc == DBK_OK)
        rc = create_store(book, err);
    if (rc == DBK_OK)
        rc = dbk_tries_end(book->folder, 0, book->env, err); /* its room on the disk is taken now */
    if (rc == DBK_OK)
        rc = dbk_folder_write(book->folder, SLOTS_NAME, dbk_bytes_span(&slots), err);
    dbk_bytes_wipe(&slots);
    if (rc != DBK_OK) {
        dbk_book_close(book);
        return rc;
    }
    dbk_book_anchor_new(book, opts == NULL ? NULL : opts->anchors);
    *out = book;
    return DBK_OK;
}

/* ---- opening ------------------------------------------------------------------------------- */

/* What the store is opened with: one of the two. */
typedef struct opener {
    const dbk_secret *passphrase, *store_key;
} opener;

static dbk_rc find_key(dbk_book *book, const opener *with, dbk_err *err)
{
    bool there = false;
    dbk_bytes slots = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_rc rc = dbk_book_read_slots(book, &slots, err);
    if (rc == DBK_OK)
        rc = dbk_folder_has(book->folder, &there, STORE_NAME, err);
    if (rc == DBK_OK && !there)
        rc = dbk_fail(err, DBK_DAMAGED, "the folder has keys, but no " STORE_NAME);
    if (rc == DBK_OK && with->passphrase != NULL)
        rc = dbk_book_try(book, &book->store_key, dbk_bytes_span(&slots), with->passphrase, err);
    else if (rc == DBK_OK)
        rc = dbk_secret_from(&book->store_key, dbk_secret_bytes(with->store_key), err);
    dbk_bytes_wipe(&slots);
    return rc;
}

static dbk_rc open_store(dbk_book *book, const opener *with, dbk_err *err)
{
    char path[DBK_FOLDER_PATH_SIZE];
    dbk_err inner = { 0 };
    dbk_rc rc = find_key(book, with, &inner);
    if (rc == DBK_OK)
        rc = dbk_folder_path(book->folder, path, STORE_NAME, &inner);
    if (rc == DBK_OK)
        rc = dbk_store_open(&book->store, path, book->store_key, &inner);
    if ((rc == DBK_PASSPHRASE || rc == DBK_DAMAGED) && dbk_book_anchor_newer(book))
        return dbk_fail(err, rc, "%.110s; and the key file is older than the one of this device",
                        inner.text);
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", inner.text);
}

dbk_rc dbk_book_load(dbk_book *book, dbk_err *err)
{
    dbk_rc rc = dbk_own_load(&book->own, book->store, err);
    if (rc == DBK_OK)
        rc = dbk_book_load_link(book, err);
    if (rc == DBK_OK) {
        bool linked = !dbk_key_is_zero(book->link.root.b);
        rc = dbk_tables_load(&book->tables, book->store, linked ? &book->link.relay : NULL, err);
    }
    if (rc == DBK_OK)
        rc = dbk_cosigned_load(book, err);
    if (rc == DBK_OK)
        rc = dbk_book_load_clock(book, err);
    if (rc == DBK_OK)
        rc = dbk_book_load_chain(book, err);
    if (rc == DBK_OK)
        rc = dbk_form_packs_load(book, err);
    if (rc == DBK_OK)
        rc = dbk_evidence_load(book, err);
    return rc;
}

static dbk_rc open_with(dbk_book **out, const char *dir, const opener *with,
                        const dbk_book_opts *opts, dbk_err *err)
{
    dbk_book *book = NULL;
    dbk_rc rc = dbk_book_new(&book, opts, err);
    if (rc == DBK_OK)
        rc = dbk_folder_open(&book->folder, dir, err);
    if (rc == DBK_OK)
        rc = dbk_book_settle_rekey(book->folder, err);
    if (rc == DBK_OK) {
        dbk_book_anchor_find(book, opts == NULL ? NULL : opts->anchors);
        rc = open_store(book, with, err);
    }
    if (rc == DBK_OK)
        rc = dbk_book_load(book, err);
    if (rc != DBK_OK) {
        dbk_book_close(book);
        return rc;
    }
    dbk_book_anchor_open(book);
    const dbk_device_happened guesses = { DBK_DEVICE_GUESSED, book->guessed.count,
                                          book->guessed.at_ms };
    if (book->guessed.count > 0) /* a full disk keeps nobody out */
        (void)!dbk_device_log_note(book, &guesses, NULL);
    *out = book;
    return DBK_OK;
}

dbk_rc dbk_book_open(dbk_book **out, const char *dir, const dbk_secret *passphrase,
                     const dbk_book_opts *opts, dbk_err *err)
{
    const opener with = { passphrase, NULL };
    return open_with(out, dir, &with, opts, err);
}

dbk_rc dbk_book_open_with_key(dbk_book **out, const char *dir, const dbk_secret *store_key,
                              const dbk_book_opts *opts, dbk_err *err)
{
    const opener with = { NULL, store_key };
    if (dbk_secret_len(store_key) != DBK_STORE_KEY_BYTES)
        return dbk_fail(err, DBK_FORMAT, "a store key has %u bytes", DBK_STORE_KEY_BYTES);
    return open_with(out, dir, &with, opts, err);
}

/* ---- what it is ---------------------------------------------------------------------------- */

dbk_id dbk_book_device(const dbk_book *book)
{
    return book->own.device;
}

const dbk_device_keys *dbk_book_keys(const dbk_book *book)
{
    return &book->own.keys;
}

const dbk_secret *dbk_book_request_key(const dbk_book *book)
{
    return book->own.request;
}

const dbk_secret *dbk_book_store_key(const dbk_book *book)
{
    return book->store_key;
}

const dbk_forms *dbk_book_forms(const dbk_book *book)
{
    return book->forms;
}

const dbk_tool_texts *dbk_book_tools(const dbk_book *book)
{
    return book->tools;
}

const dbk_env *dbk_book_env(const dbk_book *book)
{
    return book->env;
}

const dbk_org_link *dbk_book_link(const dbk_book *book)
{
    return &book->link;
}

const dbk_roster *dbk_book_roster(const dbk_book *book)
{
    return book->roster;
}

/* ---- notes of the sync layer --------------------------------------------------------------- */

static dbk_rc note_name(dbk_bytes *out, const char *name, dbk_err *err)
{
    dbk_rc rc = dbk_bytes_append_str(out, NOTE_PREFIX, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_str(out, name, err);
    return rc == DBK_OK ? dbk_bytes_append_u8(out, 0, err) : rc;
}

dbk_rc dbk_book_note_put(dbk_book *book, const char *name, dbk_span value, dbk_err *err)
{
    dbk_bytes full = DBK_BYTES_INIT(NOTE_NAME_MAX);
    if (value.len > NOTE_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "a note of more than %u bytes", NOTE_BYTES_MAX);
    dbk_rc rc = note_name(&full, name, err);
    if (rc == DBK_OK)
        rc = dbk_store_meta_put(book->store, (const char *)full.p, value, err);
    dbk_bytes_wipe(&full);
    return rc;
}

dbk_rc dbk_book_note_get(dbk_book *book, const char *name, dbk_bytes *value, dbk_err *err)
{
    dbk_bytes full = DBK_BYTES_INIT(NOTE_NAME_MAX);
    dbk_rc rc = note_name(&full, name, err);
    if (rc == DBK_OK)
        rc = dbk_store_meta_get(book->store, value, (const char *)full.p, err);
    dbk_bytes_wipe(&full);
    return rc;
}
