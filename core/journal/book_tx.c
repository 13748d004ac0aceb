/* A book's transactions and its clock: memory and disk change together or not at all. */
#include "core/base/wire.h"
#include "core/journal/book_internal.h"

#define CLOCK_NAME "clock"

dbk_rc dbk_book_begin(dbk_book *book, dbk_err *err)
{
    if (book->broken)
        return dbk_fail(err, DBK_IO, "the store failed earlier and must be opened again");
    return dbk_store_begin(book->store, err);
}

/* Without a feed that changes (what was pending is merged) the clock needs its own place. */
static dbk_rc write_clock(dbk_book *book, dbk_err *err)
{
    uint8_t bytes[8];
    if (book->clock == book->clock_kept || book->tables.touched_count > 0)
        return DBK_OK;
    (void)dbk_wire_put_u64(bytes, book->clock);
    return dbk_store_meta_put(book->store, CLOCK_NAME, dbk_span_of(bytes, sizeof(bytes)), err);
}

dbk_rc dbk_book_commit(dbk_book *book, dbk_err *err)
{
    dbk_rc rc = dbk_tables_write(&book->tables, book->store, book->clock, err);
    if (rc == DBK_OK)
        rc = write_clock(book, err);
    if (rc == DBK_OK)
        rc = dbk_store_commit(book->store, err);
    if (rc != DBK_OK) {
        dbk_book_rollback(book);
        return rc;
    }
    dbk_tables_keep(&book->tables);
    book->clock_kept = book->clock;
    dbk_book_anchor_raise(book); /* after the commit: never ahead of what the disk holds */
    return DBK_OK;
}

void dbk_book_rollback(dbk_book *book)
{
    dbk_store_rollback(book->store);
    dbk_tables_revert(&book->tables);
    book->clock = book->clock_kept;
}

dbk_rc dbk_book_load_clock(dbk_book *book, dbk_err *err)
{
    dbk_bytes value = DBK_BYTES_INIT(8);
    dbk_err inner = { 0 };
    dbk_rc rc = dbk_store_meta_get(book->store, &value, CLOCK_NAME, &inner);
    if (rc == DBK_OK) {
        dbk_wire w = dbk_wire_from(dbk_bytes_span(&value));
        book->clock = dbk_wire_get_u64(&w);
        rc = dbk_wire_end(&w, "the clock", err) == DBK_OK ? DBK_OK : DBK_DAMAGED;
    } else if (rc == DBK_NOT_FOUND) {
        rc = DBK_OK; /* no op was written or seen yet */
    } else {
        (void)dbk_fail(err, rc, "%s", inner.text);
    }
    if (book->tables.clock > book->clock)
        book->clock = book->tables.clock;
    book->clock_kept = book->clock;
    dbk_bytes_wipe(&value);
    return rc;
}

dbk_hlc dbk_book_tick(dbk_book *book)
{
    book->clock = dbk_hlc_tick(book->clock, book->env->now_ms(book->env->self));
    return book->clock;
}

void dbk_book_seen(dbk_book *book, dbk_hlc remote)
{
    book->clock = dbk_hlc_merge(book->clock, remote, book->env->now_ms(book->env->self));
}
