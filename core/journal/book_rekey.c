/* The end of a store, and a new store key. For the key two files change, so one of them decides:
 *   1 store.next, a copy of store.db, gets the new key and is proved whole
 *   2 keys.next, the slot file around the new key, is written: from here on the new key counts
 *   3 store.db-wal is removed, the old store.db overwritten, store.next takes its place
 *   4 keys.next takes the place of keys.slots
 * Cut off before 2, opening removes store.next; after it, opening does 3 and 4 (again). */
#include <stdio.h>

#include "core/base/alloc.h"
#include "core/journal/book_internal.h"
#include "core/journal/device_log.h"

#define STORE_NAME DBK_BOOK_STORE_NAME
#define STORE_NEXT "store.next"
#define SLOTS_NEXT "keys.next"

/* What only an attempt before step 2 leaves. */
static dbk_rc forget(const dbk_folder *folder, dbk_err *err)
{
    static const char *const names[] = { STORE_NEXT, STORE_NEXT "-wal", STORE_NEXT "-journal",
                                         SLOTS_NEXT ".new" };
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < sizeof(names) / sizeof(names[0]); i++)
        rc = dbk_folder_remove(folder, names[i], err);
    return rc;
}

dbk_rc dbk_book_shred_copies(const dbk_folder *folder, dbk_err *err)
{
    char name[sizeof(STORE_NAME ".before-00")];
    dbk_rc rc = DBK_OK;
    _Static_assert(DBK_STORE_SCHEMA < 100, "two digits name every copy");
    for (unsigned n = 1; rc == DBK_OK && n <= DBK_STORE_SCHEMA; n++) {
        (void)snprintf(name, sizeof(name), STORE_NAME ".before-%u", n);
        rc = dbk_folder_shred(folder, name, err);
    }
    return rc;
}

dbk_rc dbk_book_settle_rekey(const dbk_folder *folder, dbk_err *err)
{
    bool slots, store;
    dbk_rc rc = dbk_folder_has(folder, &slots, SLOTS_NEXT, err);
    if (rc == DBK_OK)
        rc = dbk_folder_has(folder, &store, STORE_NEXT, err);
    if (rc != DBK_OK || (!slots && !store))
        return rc;
    if (!slots)
        return forget(folder, err);
    if (store) {
        rc = dbk_folder_remove(folder, STORE_NAME "-wal", err);
        if (rc == DBK_OK)
            rc = dbk_folder_shred(folder, STORE_NAME, err);
        if (rc == DBK_OK)
            rc = dbk_folder_rename(folder, STORE_NEXT, STORE_NAME, err);
    }
    if (rc == DBK_OK)
        rc = dbk_book_shred_copies(folder, err);
    return rc == DBK_OK ? dbk_folder_rename(folder, SLOTS_NEXT, DBK_BOOK_SLOTS_NAME, err) : rc;
}

dbk_rc dbk_book_wipe(const char *dir, const dbk_book_opts *opts, dbk_err *err)
{
    static const char *const keys[] = { DBK_BOOK_SLOTS_NAME, SLOTS_NEXT, SLOTS_NEXT ".new",
                                        DBK_BOOK_SLOTS_NAME ".new", NULL };
    dbk_folder *folder = NULL;
    bool slots, store;
    dbk_rc rc = dbk_folder_open(&folder, dir, err);
    if (rc == DBK_OK)
        rc = dbk_folder_has(folder, &slots, DBK_BOOK_SLOTS_NAME, err);
    if (rc == DBK_OK)
        rc = dbk_folder_has(folder, &store, STORE_NAME, err);
    /* A folder that isn't a store's is never emptied, whatever its name. */
    if (rc == DBK_OK && !slots && !store)
        rc = dbk_fail(err, DBK_NOT_FOUND, "the folder holds no store");
    if (rc != DBK_OK) {
        dbk_folder_close(folder);
        return rc;
    }
    if (opts != NULL)
        dbk_book_anchor_forget(folder, opts->anchors);
    return dbk_folder_destroy(&folder, keys, err);
}

/* Everything into the one file, and the file closed. */
static dbk_rc close_whole(dbk_book *book, dbk_err *err)
{
    char path[DBK_FOLDER_PATH_SIZE];
    dbk_rc rc = dbk_folder_path(book->folder, path, STORE_NAME, err);
    if (rc == DBK_OK)
        rc = dbk_store_open(&book->store, path, book->store_key, err);
    if (rc == DBK_OK)
        rc = dbk_store_checkpoint(book->store, err);
    dbk_store_close(book->store);
    book->store = NULL;
    return rc;
}

static dbk_rc make_next(dbk_book *book, const dbk_secret *new_key, dbk_err *err)
{
    char path[DBK_FOLDER_PATH_SIZE];
    const dbk_store_keys keys = { book->store_key, new_key };
    dbk_rc rc = forget(book->folder, err);
    if (rc == DBK_OK)
        rc = dbk_folder_copy(book->folder, STORE_NAME, STORE_NEXT, err);
    if (rc == DBK_OK)
        rc = dbk_folder_path(book->folder, path, STORE_NEXT, err);
    return rc == DBK_OK ? dbk_store_rekey(path, &keys, err) : rc;
}

/* The log of use is told, and the mark gets the new key, so that it tells an old key file that is
 * put back later (A04). It is done at the next opening, should it fail here. */
static void tell_new_key(const char *dir, const dbk_secret *new_key, const dbk_book_opts *opts)
{
    dbk_book *book = NULL;
    if (dbk_book_open_with_key(&book, dir, new_key, opts, NULL) != DBK_OK)
        return;
    (void)!dbk_device_log_now(book, DBK_DEVICE_REKEYED, NULL); /* it is done, and can't fail now */
    dbk_book_close(book);
}

dbk_rc dbk_book_rekey(const char *dir, const dbk_secret *passphrase, const dbk_book_opts *opts,
                      dbk_err *err)
{
    dbk_book *book = NULL;
    dbk_secret *new_key = NULL;
    dbk_bytes old = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_bytes made = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    const dbk_unlock with = { passphrase, opts == NULL ? NULL : opts->factor };
    dbk_rc rc = dbk_book_new(&book, opts, err);
    if (rc == DBK_OK)
        rc = dbk_folder_open(&book->folder, dir, err);
    if (rc == DBK_OK)
        rc = dbk_book_settle_rekey(book->folder, err);
    if (rc == DBK_OK)
        rc = dbk_book_read_slots(book, &old, err);
    if (rc == DBK_OK)
        rc = dbk_book_try(book, &book->store_key, dbk_bytes_span(&old), passphrase, err);
    if (rc == DBK_OK)
        rc = dbk_book_settle_kdf(book, err);
    if (rc == DBK_OK)
        rc = dbk_slots_rekey(&made, &new_key, dbk_bytes_span(&old), &with, &book->kdf, book->env,
                             err);
    if (rc == DBK_OK)
        rc = close_whole(book, err);
    if (rc == DBK_OK)
        rc = make_next(book, new_key, err);
    if (rc == DBK_OK)
        rc = dbk_folder_write(book->folder, SLOTS_NEXT, dbk_bytes_span(&made), err);
    if (rc == DBK_OK)
        rc = dbk_book_settle_rekey(book->folder, err);
    dbk_bytes_wipe(&old);
    dbk_bytes_wipe(&made);
    dbk_book_close(book);
    if (rc == DBK_OK)
        tell_new_key(dir, new_key, opts);
    dbk_secret_free(new_key);
    return rc;
}
