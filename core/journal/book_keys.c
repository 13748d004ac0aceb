/* The slot file of a book: guesses at the passphrase, and changes of the slots. */
#include "core/base/alloc.h"
#include "core/journal/book_internal.h"
#include "core/journal/device_log.h"

dbk_rc dbk_book_settle_kdf(dbk_book *book, dbk_err *err)
{
    if (book->kdf.mem_bytes != 0)
        return DBK_OK;
    return dbk_kdf_measure(&book->kdf, dbk_monotonic_ms, err);
}

static dbk_rc say_wrong(uint32_t count, dbk_err *err)
{
    uint64_t wait_s = dbk_tries_wait_ms(count) / 1000;
    if (wait_s == 0)
        return dbk_fail(err, DBK_PASSPHRASE, "wrong passphrase");
    return dbk_fail(err, DBK_PASSPHRASE,
                    "wrong passphrase, for the %uth time: the next try is in %llu second%s", count,
                    (unsigned long long)wait_s, wait_s == 1 ? "" : "s");
}

dbk_rc dbk_book_try(dbk_book *book, dbk_secret **store_key, dbk_span slots,
                    const dbk_secret *passphrase, dbk_err *err)
{
    dbk_err inner = { 0 };
    dbk_tries before = { 0 };
    const dbk_unlock with = { passphrase, book->factor };
    dbk_rc rc = dbk_tries_begin(book->folder, &before, book->env, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_slots_open(store_key, slots, &with, &inner);
    if (rc == DBK_PASSPHRASE)
        return say_wrong(before.count + 1, err);
    if (rc == DBK_OK)
        book->guessed = before;
    /* Damage is no guess, and clears none. */
    dbk_rc counted = dbk_tries_end(book->folder, rc == DBK_OK ? 0 : before.count, book->env, err);
    return rc == DBK_OK ? counted : dbk_fail(err, rc, "%s", inner.text);
}

dbk_rc dbk_book_read_slots(const dbk_book *book, dbk_bytes *out, dbk_err *err)
{
    dbk_rc rc = dbk_folder_read(book->folder, out, DBK_BOOK_SLOTS_NAME, err);
    return rc == DBK_LIMIT ? DBK_DAMAGED : rc;
}

dbk_rc dbk_book_has_factor(dbk_book *book, bool *has, dbk_err *err)
{
    dbk_bytes file = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_slots_look look = { 0 };
    dbk_rc rc = dbk_book_read_slots(book, &file, err);
    if (rc == DBK_OK)
        rc = dbk_slots_look_own(&look, dbk_bytes_span(&file), book->store_key, err);
    *has = look.has_factor;
    dbk_bytes_wipe(&file);
    return rc;
}

dbk_rc dbk_book_change_passphrase(dbk_book *book, const dbk_slots_change *change, dbk_err *err)
{
    dbk_bytes old = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_bytes made = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_rc rc = dbk_book_read_slots(book, &old, err);
    if (rc == DBK_OK)
        rc = dbk_book_settle_kdf(book, err);
    if (rc == DBK_OK)
        rc = dbk_slots_rewrap(&made, dbk_bytes_span(&old), change, &book->kdf, book->env, err);
    if (rc == DBK_OK)
        rc = dbk_device_log_now(book, DBK_DEVICE_PASSPHRASE, err);
    if (rc == DBK_OK)
        rc = dbk_folder_write(book->folder, DBK_BOOK_SLOTS_NAME, dbk_bytes_span(&made), err);
    if (rc == DBK_OK)
        dbk_book_anchor_slots(book, dbk_bytes_span(&made));
    dbk_bytes_wipe(&old);
    dbk_bytes_wipe(&made);
    return rc;
}
