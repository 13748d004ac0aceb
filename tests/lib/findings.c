#include "tests/lib/findings.h"

#include "tests/lib/test.h"

static dbk_rc take_item(void *ctx, const dbk_evidence *item, dbk_err *err)
{
    items *all = ctx;
    (void)err;
    assert_in_range(all->count, 0, ARRAY_LEN(all->rows) - 1);
    all->rows[all->count++] = *item;
    return DBK_OK;
}

items evidence_of(dbk_book *book)
{
    items all = { 0 };
    dbk_err err = { 0 };
    assert_ok(dbk_evidence_each(book, take_item, &all, &err), &err);
    return all;
}

dbk_exhibit_shows read_by_expert(dbk_book *book, uint64_t id)
{
    dbk_exhibit_shows shows;
    dbk_err err = { 0 };
    dbk_bytes file = DBK_BYTES_INIT(DBK_EXHIBIT_FILE_BYTES_MAX);
    dbk_sign_pk root = dbk_book_link(book)->root;
    assert_ok(dbk_evidence_export(book, &file, id, &err), &err);
    assert_ok(dbk_exhibit_file_check(&shows, dbk_bytes_span(&file), &root, &err), &err);
    dbk_bytes_wipe(&file);
    return shows;
}

const dbk_exhibit_shows *of_kind(const items *all, dbk_exhibit_kind kind)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->rows[i].shows.kind == kind)
            return &all->rows[i].shows;
    return NULL;
}
