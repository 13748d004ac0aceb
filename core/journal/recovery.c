#include "core/journal/recovery.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/journal/book_internal.h"
#include "core/journal/device_log.h"
#include "core/journal/tries.h"

/* Rows of { time (u64), print (16), H16("daybook/recovered-key/1", the store key then) }. */
#define OPENED_NAME "recovery.opened"
#define ROW_BYTES 40u
#define ROWS_BYTES_MAX (DBK_RECOVERY_OPENINGS_MAX * ROW_BYTES)

static dbk_id key_mark(const dbk_book *book)
{
    return dbk_hash_id("daybook/recovered-key/1", dbk_secret_bytes(book->store_key));
}

/* ---- looking ------------------------------------------------------------------------------- */

/* Zero: the policy names none. */
static dbk_recovery_to wanted_of(const dbk_book *book)
{
    dbk_recovery_to to = { .device = book->own.device };
    const dbk_policy *policy = book->roster == NULL ? NULL : dbk_roster_policy(book->roster);
    if (policy != NULL && policy->recovery.count > 0)
        memcpy(to.key, policy->recovery.b[0], sizeof(to.key));
    else
        to.device = (dbk_id){ { 0 } };
    return to;
}

static bool same_to(const dbk_recovery_to *a, const dbk_recovery_to *b)
{
    return memcmp(a->key, b->key, sizeof(a->key)) == 0 && dbk_id_equal(&a->device, &b->device);
}

/* The slot as it stands in a file that is proved to be this store's. */
static dbk_rc standing(const dbk_book *book, dbk_recovery_to *out, dbk_bytes *file, dbk_err *err)
{
    dbk_slots_look look;
    dbk_rc rc = dbk_book_read_slots(book, file, err);
    if (rc == DBK_OK)
        rc = dbk_slots_look_own(&look, dbk_bytes_span(file), book->store_key, err);
    if (rc == DBK_OK)
        *out = look.recovery;
    return rc;
}

static dbk_rc read_rows(dbk_book *book, dbk_bytes *rows, dbk_err *err)
{
    dbk_err inner = { 0 };
    dbk_rc rc = dbk_store_meta_get(book->store, rows, OPENED_NAME, &inner);
    if (rc == DBK_NOT_FOUND)
        return DBK_OK;
    if (rc == DBK_LIMIT || (rc == DBK_OK && rows->len % ROW_BYTES != 0))
        return dbk_fail(err, DBK_DAMAGED, "the notes of recoveries can't be read");
    return rc == DBK_OK ? rc : dbk_fail(err, rc, "%s", inner.text);
}

static dbk_rc load_openings(dbk_book *book, dbk_recovery *out, dbk_err *err)
{
    dbk_bytes rows = DBK_BYTES_INIT(ROWS_BYTES_MAX);
    dbk_id mark = key_mark(book);
    dbk_rc rc = read_rows(book, &rows, err);
    dbk_wire w = dbk_wire_from(dbk_bytes_span(&rows));
    while (rc == DBK_OK && w.left.len > 0) {
        dbk_recovery_opening *o = &out->openings[out->openings_count++];
        o->at_ms = dbk_wire_get_u64(&w);
        o->print = dbk_wire_get_id(&w);
        dbk_id then = dbk_wire_get_id(&w);
        out->rekey_due = out->rekey_due || dbk_id_equal(&then, &mark);
    }
    dbk_bytes_wipe(&rows);
    return rc;
}

dbk_rc dbk_recovery_look(dbk_book *book, dbk_recovery *out, dbk_err *err)
{
    dbk_bytes file = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_recovery_to want = wanted_of(book), is = { 0 };
    *out = (dbk_recovery){ 0 };
    dbk_rc rc = standing(book, &is, &file, err);
    dbk_bytes_wipe(&file);
    if (rc != DBK_OK)
        return rc;
    out->wanted = !dbk_key_is_zero(want.key);
    out->there = !dbk_key_is_zero(is.key);
    if (out->there)
        out->print = dbk_recovery_print(is.key);
    out->due = !same_to(&want, &is);
    return load_openings(book, out, err);
}

dbk_rc dbk_recovery_settle(dbk_book *book, dbk_err *err)
{
    dbk_bytes old = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_bytes made = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_recovery_to want = wanted_of(book), is = { 0 };
    dbk_rc rc = standing(book, &is, &old, err);
    if (rc == DBK_OK && !same_to(&want, &is)) {
        rc = dbk_slots_put_recovery(&made, dbk_bytes_span(&old), book->store_key, &want, book->env,
                                    err);
        if (rc == DBK_OK)
            rc = dbk_device_log_now(book, DBK_DEVICE_SLOTS, err);
        if (rc == DBK_OK)
            rc = dbk_folder_write(book->folder, DBK_BOOK_SLOTS_NAME, dbk_bytes_span(&made), err);
    }
    dbk_bytes_wipe(&old);
    dbk_bytes_wipe(&made);
    return rc;
}

/* ---- opening ------------------------------------------------------------------------------- */

static dbk_rc check_slot(const dbk_slots_look *look, const dbk_recovery_with *with, dbk_err *err)
{
    char theirs[DBK_ID_HEX_SIZE], ours[DBK_ID_HEX_SIZE];
    dbk_id slot = dbk_recovery_print(look->recovery.key);
    dbk_id shares = dbk_recovery_print(with->shares[0].key);
    if (dbk_key_is_zero(look->recovery.key))
        return dbk_fail(err, DBK_NOT_FOUND,
                        "no recovery key can open this store: when it was last used, the "
                        "organisation had none, or it had not arrived");
    if (dbk_id_equal(&slot, &shares))
        return DBK_OK;
    dbk_id_hex(ours, &shares);
    dbk_id_hex(theirs, &slot);
    return dbk_fail(err, DBK_CONFLICT,
                    "the shares are of recovery key %.8s..., this store is for "
                    "%.8s...",
                    ours, theirs);
}

static dbk_rc find_key(dbk_secret **store_key, const char *dir, const dbk_recovery_with *with,
                       const dbk_book_opts *opts, dbk_err *err)
{
    dbk_bytes slots = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_slots_look look = { 0 };
    dbk_secret *recovery = NULL;
    dbk_book *book = NULL;
    dbk_rc rc = dbk_book_new(&book, opts, err);
    if (rc == DBK_OK)
        rc = dbk_folder_open(&book->folder, dir, err);
    if (rc == DBK_OK)
        rc = dbk_book_settle_rekey(book->folder, err);
    if (rc == DBK_OK)
        rc = dbk_book_read_slots(book, &slots, err);
    if (rc == DBK_OK)
        rc = dbk_slots_look_at(&look, dbk_bytes_span(&slots), err);
    if (rc == DBK_OK)
        rc = dbk_shares_combine(&recovery, with->shares, with->count, book->env, err);
    if (rc == DBK_OK)
        rc = check_slot(&look, with, err);
    if (rc == DBK_OK)
        rc = dbk_slots_recover(store_key, dbk_bytes_span(&slots), recovery, err);
    dbk_secret_free(recovery);
    dbk_bytes_wipe(&slots);
    dbk_book_close(book);
    return rc;
}

/* In the store, where the officer will see it. */
static dbk_rc note_opening(dbk_book *book, const uint8_t key[32], dbk_err *err)
{
    dbk_bytes rows = DBK_BYTES_INIT(ROWS_BYTES_MAX), kept = DBK_BYTES_INIT(ROWS_BYTES_MAX);
    uint8_t row[ROW_BYTES];
    dbk_id print = dbk_recovery_print(key), mark = key_mark(book);
    uint8_t *p = dbk_wire_put_u64(row, book->env->now_ms(book->env->self));
    p = dbk_wire_put_copy(p, print.b, sizeof(print.b));
    p = dbk_wire_put_copy(p, mark.b, sizeof(mark.b));
    DBK_ASSERT(p == row + sizeof(row));
    dbk_rc rc = read_rows(book, &rows, err);
    size_t drop = rows.len == ROWS_BYTES_MAX ? ROW_BYTES : 0;
    if (rc == DBK_OK && rows.len > 0)
        rc = dbk_bytes_append(&kept, dbk_span_of(rows.p + drop, rows.len - drop), err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&kept, dbk_span_of(row, sizeof(row)), err);
    if (rc == DBK_OK)
        rc = dbk_store_meta_put(book->store, OPENED_NAME, dbk_bytes_span(&kept), err);
    if (rc == DBK_OK)
        rc = dbk_device_log_now(book, DBK_DEVICE_RECOVERED, err);
    dbk_bytes_wipe(&rows);
    dbk_bytes_wipe(&kept);
    return rc;
}

static dbk_rc put_passphrase(dbk_book *book, const dbk_secret *passphrase, dbk_err *err)
{
    dbk_bytes old = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_bytes made = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_rc rc = dbk_book_read_slots(book, &old, err);
    if (rc == DBK_OK)
        rc = dbk_book_settle_kdf(book, err);
    if (rc == DBK_OK)
        rc = dbk_slots_reset(&made, dbk_bytes_span(&old), book->store_key, passphrase, &book->kdf,
                             book->env, err);
    if (rc == DBK_OK)
        rc = dbk_folder_write(book->folder, DBK_BOOK_SLOTS_NAME, dbk_bytes_span(&made), err);
    if (rc == DBK_OK) /* a wait that can't be taken away ends by itself */
        (void)!dbk_tries_end(book->folder, 0, book->env, NULL);
    dbk_bytes_wipe(&old);
    dbk_bytes_wipe(&made);
    return rc;
}

dbk_rc dbk_recovery_open(dbk_book **out, const char *dir, const dbk_recovery_with *with,
                         const dbk_book_opts *opts, dbk_err *err)
{
    dbk_secret *store_key = NULL;
    dbk_book *book = NULL;
    dbk_rc rc = find_key(&store_key, dir, with, opts, err);
    if (rc == DBK_OK)
        rc = dbk_book_open_with_key(&book, dir, store_key, opts, err);
    if (rc == DBK_OK)
        rc = note_opening(book, with->shares[0].key, err);
    if (rc == DBK_OK)
        rc = put_passphrase(book, with->new_passphrase, err);
    dbk_secret_free(store_key);
    if (rc != DBK_OK) {
        dbk_book_close(book);
        return rc;
    }
    *out = book;
    return DBK_OK;
}
