#include "core/journal/scratch.h"

#include "core/base/text.h"
#include "core/journal/book_internal.h"
#include "core/store/scratches.h"

static dbk_rc check(dbk_span name, dbk_span text, dbk_err *err)
{
    if (name.len == 0 || !dbk_utf8_valid(name) || !dbk_utf8_valid(text))
        return dbk_fail(err, DBK_INVALID, "a scratch needs a name, and text in UTF-8");
    if (name.len > DBK_SCRATCH_NAME_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "a scratch's name has at most %u bytes",
                        DBK_SCRATCH_NAME_BYTES_MAX);
    if (text.len > DBK_SCRATCH_TEXT_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "a scratch has at most %u bytes: save it as a record",
                        DBK_SCRATCH_TEXT_BYTES_MAX);
    return DBK_OK;
}

dbk_rc dbk_scratch_keep(dbk_book *book, dbk_span name, dbk_span text, dbk_err *err)
{
    uint64_t others = 0;
    dbk_rc rc = check(name, text, err);
    if (rc != DBK_OK || text.len == 0)
        return rc == DBK_OK ? dbk_scratches_drop(book->store, name, err) : rc;
    rc = dbk_scratches_count(book->store, &others, name, err);
    if (rc == DBK_OK && others >= DBK_SCRATCHES_MAX)
        return dbk_fail(err, DBK_LIMIT, "%u scratches are kept already: save or drop some",
                        DBK_SCRATCHES_MAX);
    const dbk_store_scratch row = { name, text, book->env->now_ms(book->env->self) };
    return rc == DBK_OK ? dbk_scratches_put(book->store, &row, err) : rc;
}

dbk_rc dbk_scratch_drop(dbk_book *book, dbk_span name, dbk_err *err)
{
    return dbk_scratches_drop(book->store, name, err);
}

typedef struct telling {
    dbk_scratch_fn fn;
    void *ctx;
} telling;

static dbk_rc tell(void *ctx, const dbk_store_scratch *row, dbk_err *err)
{
    const telling *t = ctx;
    return t->fn(t->ctx, &(dbk_scratch){ row->name, row->text, row->at_ms }, err);
}

dbk_rc dbk_scratch_each(dbk_book *book, dbk_scratch_fn fn, void *ctx, dbk_err *err)
{
    telling t = { fn, ctx };
    return dbk_scratches_each(book->store, tell, &t, err);
}
