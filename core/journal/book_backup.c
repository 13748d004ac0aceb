/* A store in one file, and a store from such a file (docs/format/crypto.md "Backup"; security.md
 * R5, M47). Pages go from file to file as they are, encrypted. */
#include <stdio.h>
#include <string.h>

#include "core/journal/absent.h"
#include "core/journal/book_internal.h"
#include "core/journal/feed.h"
#include "core/journal/tries.h"
#include "core/seal/backup.h"
#include "core/store/stream.h"

#define PART_BYTES 16384u
#define PROOF_NAME "backup.check" /* a database that a backup is proved with */
#define COPY_NAME "backup.copy"   /* the store's, of which something is left out */

/* What is read or written, with its MAC so far. */
typedef struct pipe {
    dbk_stream *file;
    dbk_hasher mac;
    uint8_t part[PART_BYTES];
} pipe;

static dbk_rc put(pipe *p, dbk_span in, dbk_err *err)
{
    dbk_hasher_add(&p->mac, in);
    return dbk_stream_write(p->file, in, err);
}

/* ---- writing ------------------------------------------------------------------------------- */

static dbk_rc put_store(pipe *p, dbk_stream *store, uint64_t bytes, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (uint64_t left = bytes; left > 0 && rc == DBK_OK;) {
        size_t n = left < PART_BYTES ? (size_t)left : PART_BYTES;
        rc = dbk_stream_read(store, p->part, n, err);
        if (rc == DBK_OK)
            rc = put(p, dbk_span_of(p->part, n), err);
        left -= n;
    }
    return rc;
}

static dbk_rc put_all(pipe *p, dbk_book *book, const char *name, dbk_span slots,
                      dbk_backup_head *head, dbk_err *err)
{
    char path[DBK_FOLDER_PATH_SIZE];
    uint8_t bytes[DBK_BACKUP_HEAD_BYTES];
    dbk_stream *store = NULL;
    dbk_rc rc = dbk_folder_path(book->folder, path, name, err);
    if (rc == DBK_OK)
        rc = dbk_stream_open(&store, &head->store_bytes, path, err);
    if (rc != DBK_OK)
        return rc;
    head->slots_bytes = (uint16_t)slots.len;
    head->made_ms = book->env->now_ms(book->env->self);
    dbk_backup_head_encode(bytes, head);
    dbk_backup_mac_init(&p->mac, book->store_key);
    rc = put(p, dbk_span_of(bytes, sizeof(bytes)), err);
    if (rc == DBK_OK)
        rc = put(p, slots, err);
    if (rc == DBK_OK)
        rc = put_store(p, store, head->store_bytes, err);
    if (rc == DBK_OK) {
        dbk_hash mac = dbk_hasher_end(&p->mac);
        rc = dbk_stream_write(p->file, dbk_span_of(&mac, sizeof(mac)), err);
    }
    dbk_stream_close(store);
    return rc;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* The head and the slot file, which may be looked at before anything is believed. */
static dbk_rc get_slots(pipe *p, dbk_backup_head *head, uint8_t bytes[DBK_BACKUP_HEAD_BYTES],
                        dbk_bytes *slots, uint64_t file_bytes, dbk_err *err)
{
    uint8_t *room = NULL;
    dbk_rc rc = DBK_OK;
    if (file_bytes < DBK_BACKUP_HEAD_BYTES)
        return dbk_fail(err, DBK_FORMAT, "this is no backup of a store");
    rc = dbk_stream_read(p->file, bytes, DBK_BACKUP_HEAD_BYTES, err);
    if (rc == DBK_OK)
        rc = dbk_backup_head_decode(head, dbk_span_of(bytes, DBK_BACKUP_HEAD_BYTES), file_bytes,
                                    err);
    if (rc == DBK_OK)
        rc = dbk_bytes_extend(slots, &room, head->slots_bytes, err);
    return rc == DBK_OK ? dbk_stream_read(p->file, room, head->slots_bytes, err) : rc;
}

/* The database into a new file; it is kept only if the MAC over everything fits. */
static dbk_rc get_store(pipe *p, const dbk_backup_head *head, const char *to, dbk_err *err)
{
    uint8_t mac[DBK_BACKUP_MAC_BYTES];
    dbk_stream *store = NULL;
    dbk_rc rc = dbk_stream_create(&store, to, err);
    for (uint64_t left = head->store_bytes; left > 0 && rc == DBK_OK;) {
        size_t n = left < PART_BYTES ? (size_t)left : PART_BYTES;
        rc = dbk_stream_read(p->file, p->part, n, err);
        if (rc == DBK_OK) {
            dbk_hasher_add(&p->mac, dbk_span_of(p->part, n));
            rc = dbk_stream_write(store, dbk_span_of(p->part, n), err);
        }
        left -= n;
    }
    if (rc == DBK_OK)
        rc = dbk_stream_read(p->file, mac, sizeof(mac), err);
    if (rc == DBK_OK && !dbk_backup_mac_fits(&p->mac, dbk_span_of(mac, sizeof(mac))))
        rc = dbk_fail(err, DBK_DAMAGED, "the backup was changed, or its disk has lost some of it");
    if (rc == DBK_OK)
        rc = dbk_stream_keep(store, err);
    dbk_stream_close(store);
    return rc;
}

/* How the store key is found when the slot file has been read. */
typedef struct unlocker {
    dbk_unlock by;               /* passphrase NULL: the store key is known */
    const dbk_secret *store_key; /* else NULL */
} unlocker;

static dbk_rc unlock(dbk_secret **key, const unlocker *with, dbk_span slots, dbk_err *err)
{
    if (with->store_key == NULL)
        return dbk_slots_open(key, slots, &with->by, err);
    return dbk_secret_from(key, dbk_secret_bytes(with->store_key), err);
}

/* A backup, half read: the database follows. */
typedef struct reading {
    pipe p;
    dbk_backup_head head;
    dbk_bytes slots;
    dbk_secret *key;
} reading;

static void reading_wipe(reading *r)
{
    dbk_stream_close(r->p.file);
    dbk_secret_free(r->key);
    dbk_bytes_wipe(&r->slots);
}

static dbk_rc reading_begin(reading *r, const char *file, const unlocker *with, dbk_err *err)
{
    uint8_t bytes[DBK_BACKUP_HEAD_BYTES];
    uint64_t size = 0;
    dbk_rc rc = dbk_stream_open(&r->p.file, &size, file, err);
    if (rc == DBK_OK)
        rc = get_slots(&r->p, &r->head, bytes, &r->slots, size, err);
    if (rc == DBK_OK)
        rc = unlock(&r->key, with, dbk_bytes_span(&r->slots), err);
    if (rc != DBK_OK)
        return rc;
    dbk_backup_mac_init(&r->p.mac, r->key);
    dbk_hasher_add(&r->p.mac, dbk_span_of(bytes, sizeof(bytes)));
    dbk_hasher_add(&r->p.mac, dbk_bytes_span(&r->slots));
    return DBK_OK;
}

/* ---- what is left out ---------------------------------------------------------------------- */

static dbk_rc forget(const dbk_folder *folder, const char *name, dbk_err *err)
{
    static const char *const traces[] = { "", "-wal", "-journal" };
    char path[sizeof(COPY_NAME "-journal")];
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < sizeof(traces) / sizeof(traces[0]) && rc == DBK_OK; i++) {
        (void)snprintf(path, sizeof(path), "%s%s", name, traces[i]);
        rc = dbk_folder_shred(folder, path, err);
    }
    return rc;
}

/* The copy as a book of its own, which signs nothing and keeps no mark. */
static dbk_rc leave_out(const dbk_book *book, const char *path, uint64_t *ops, dbk_err *err)
{
    dbk_book *copy = NULL;
    const dbk_book_opts opts = { .env = book->env };
    dbk_rc rc = dbk_book_new(&copy, &opts, err);
    if (rc == DBK_OK)
        rc = dbk_secret_from(&copy->store_key, dbk_secret_bytes(book->store_key), err);
    if (rc == DBK_OK)
        rc = dbk_store_open(&copy->store, path, copy->store_key, err);
    if (rc == DBK_OK)
        rc = dbk_book_load(copy, err);
    if (rc == DBK_OK)
        rc = dbk_absent_make(copy, ops, err);
    if (rc == DBK_OK)
        rc = dbk_store_checkpoint(copy->store, err);
    dbk_book_close(copy);
    return rc;
}

/* All of the open store stands in its one file. */
static dbk_rc make_copy(dbk_book *book, uint64_t *ops, dbk_err *err)
{
    char path[DBK_FOLDER_PATH_SIZE];
    dbk_rc rc = forget(book->folder, COPY_NAME, err); /* of one that was cut off */
    if (rc == DBK_OK)
        rc = dbk_folder_copy(book->folder, DBK_BOOK_STORE_NAME, COPY_NAME, err);
    if (rc == DBK_OK)
        rc = dbk_folder_path(book->folder, path, COPY_NAME, err);
    return rc == DBK_OK ? leave_out(book, path, ops, err) : rc;
}

/* ---- a backup ------------------------------------------------------------------------------ */

/* It is restored for a moment, from the file, and every page of it looked at. */
static dbk_rc prove(const dbk_book *book, const char *file, dbk_err *err)
{
    char path[DBK_FOLDER_PATH_SIZE];
    reading r = { .slots = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX) };
    const unlocker with = { .store_key = book->store_key };
    dbk_rc rc = reading_begin(&r, file, &with, err);
    if (rc == DBK_OK)
        rc = dbk_folder_path(book->folder, path, PROOF_NAME, err);
    if (rc == DBK_OK)
        rc = forget(book->folder, PROOF_NAME, err); /* of one that was cut off */
    if (rc == DBK_OK)
        rc = get_store(&r.p, &r.head, path, err);
    if (rc == DBK_OK)
        rc = dbk_store_prove(path, r.key, err);
    (void)!forget(book->folder, PROOF_NAME, NULL);
    reading_wipe(&r);
    return rc;
}

dbk_rc dbk_book_backup(dbk_book *book, dbk_backed_up *out, const dbk_backup_opts *opts,
                       dbk_err *err)
{
    dbk_backup_head head = { 0 };
    dbk_bytes slots = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    pipe p = { .file = NULL };
    memset(out, 0, sizeof(*out));
    dbk_rc rc = dbk_stream_create(&p.file, opts->file, err);
    if (rc == DBK_OK)
        rc = dbk_book_read_slots(book, &slots, err);
    if (rc == DBK_OK)
        rc = dbk_feed_keep_left(book, NULL, err); /* a store may be made of it, and go on */
    if (rc == DBK_OK)
        rc = dbk_store_checkpoint(book->store, err); /* all of it in the one file */
    if (rc == DBK_OK && !opts->whole)
        rc = make_copy(book, &out->left_out, err);
    if (rc == DBK_OK)
        rc = put_all(&p, book, opts->whole ? DBK_BOOK_STORE_NAME : COPY_NAME,
                     dbk_bytes_span(&slots), &head, err);
    if (rc == DBK_OK)
        rc = prove(book, opts->file, err);
    if (rc == DBK_OK)
        rc = dbk_stream_keep(p.file, err);
    if (!opts->whole)
        (void)!forget(book->folder, COPY_NAME, NULL);
    out->bytes = DBK_BACKUP_HEAD_BYTES + head.slots_bytes + head.store_bytes + DBK_BACKUP_MAC_BYTES;
    dbk_stream_close(p.file);
    dbk_bytes_wipe(&slots);
    return rc;
}

/* ---- a store from it ----------------------------------------------------------------------- */

static dbk_rc fill_folder(dbk_book *book, reading *r, dbk_err *err)
{
    char path[DBK_FOLDER_PATH_SIZE];
    dbk_rc rc = dbk_folder_path(book->folder, path, DBK_BOOK_STORE_NAME, err);
    if (rc == DBK_OK)
        rc = get_store(&r->p, &r->head, path, err);
    if (rc == DBK_OK)
        rc = dbk_store_prove(path, r->key, err);
    if (rc == DBK_OK)
        rc = dbk_store_open(&book->store, path, r->key, err);
    return rc;
}

/* The slot file is written last: without it there is no store, so none can be opened that could
 * still sign where it left off. */
dbk_rc dbk_book_restore(dbk_book **out, uint64_t *made_ms, const char *dir, const dbk_restore *from,
                        const dbk_book_opts *opts, dbk_err *err)
{
    dbk_book *book = NULL;
    reading r = { .slots = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX) };
    const unlocker with = { .by = { from->passphrase, opts == NULL ? NULL : opts->factor } };
    dbk_rc rc = dbk_book_new(&book, opts, err);
    if (rc == DBK_OK)
        rc = reading_begin(&r, from->file, &with, err);
    if (rc == DBK_OK)
        rc = dbk_book_make_folder(book, dir, err);
    if (rc == DBK_OK)
        rc = fill_folder(book, &r, err);
    if (rc == DBK_OK) {
        book->store_key = r.key;
        r.key = NULL;
        rc = dbk_book_load(book, err);
    }
    if (rc == DBK_OK)
        rc = dbk_book_anchor_restore(book, true, err);
    if (rc == DBK_OK)
        rc = dbk_tries_end(book->folder, 0, book->env, err);
    if (rc == DBK_OK)
        rc = dbk_folder_write(book->folder, DBK_BOOK_SLOTS_NAME, dbk_bytes_span(&r.slots), err);
    *made_ms = r.head.made_ms;
    reading_wipe(&r);
    if (rc != DBK_OK) {
        dbk_book_close(book);
        return rc;
    }
    dbk_book_anchor_new(book, opts == NULL ? NULL : opts->anchors);
    *out = book;
    return DBK_OK;
}
