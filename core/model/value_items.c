/* Encoded items of a list: collected, sorted, compared. */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/value_impl.h"

dbk_rc dbk_items_add(value_items *items, dbk_span item, dbk_err *err)
{
    if (items->count == items->cap) {
        size_t cap = items->cap == 0 ? 8 : items->cap * 2;
        void *rows = dbk_realloc(items->rows, cap * sizeof(items->rows[0]));
        if (rows == NULL)
            return dbk_fail(err, DBK_NOMEM, "no memory for a list");
        items->rows = rows;
        items->cap = cap;
    }
    size_t at = items->buf.len;
    dbk_rc rc = dbk_bytes_append(&items->buf, item, err);
    if (rc != DBK_OK)
        return rc;
    items->rows[items->count].at = at;
    items->rows[items->count].len = item.len;
    items->count++;
    return DBK_OK;
}

dbk_rc dbk_items_add_all(value_items *items, dbk_span value, dbk_err *err)
{
    dbk_cbor c = dbk_cbor_from(value);
    if (value.len == 0)
        return DBK_OK;
    if (dbk_cbor_peek(&c) != DBK_CBOR_ARRAY)
        return dbk_items_add(items, value, err);
    uint64_t count = dbk_cbor_get_array(&c);
    for (uint64_t i = 0; i < count; i++) {
        dbk_span item = dbk_cbor_get_item(&c);
        dbk_rc rc = dbk_cbor_ok(&c, "a stored list", err);
        if (rc == DBK_OK)
            rc = dbk_items_add(items, item, err);
        if (rc != DBK_OK)
            return rc;
    }
    return dbk_cbor_end(&c, "a stored list", err);
}

dbk_span dbk_items_at(const value_items *items, size_t i)
{
    DBK_ASSERT(i < items->count);
    return dbk_span_of(items->buf.p + items->rows[i].at, items->rows[i].len);
}

bool dbk_items_hold(const value_items *items, dbk_span item)
{
    for (size_t i = 0; i < items->count; i++)
        if (dbk_span_equal(dbk_items_at(items, i), item))
            return true;
    return false;
}

void dbk_items_drop(value_items *items, dbk_span item)
{
    size_t kept = 0;
    for (size_t i = 0; i < items->count; i++)
        if (!dbk_span_equal(dbk_items_at(items, i), item))
            items->rows[kept++] = items->rows[i];
    items->count = kept;
}

/* Insertion: a list has a handful of elements, and the order needs the buffer beside the rows. */
void dbk_items_sort(value_items *items)
{
    size_t kept = 0;
    for (size_t i = 0; i < items->count; i++) {
        struct value_item row = items->rows[i];
        dbk_span item = dbk_span_of(items->buf.p + row.at, row.len);
        size_t at = kept;
        while (at > 0 && dbk_span_compare(dbk_items_at(items, at - 1), item) > 0)
            at--;
        if (at > 0 && dbk_span_equal(dbk_items_at(items, at - 1), item))
            continue;
        memmove(&items->rows[at + 1], &items->rows[at], (kept - at) * sizeof(items->rows[0]));
        items->rows[at] = row;
        kept++;
    }
    items->count = kept;
}

void dbk_items_put(dbk_cbor_out *out, const value_items *items)
{
    dbk_cbor_put_array(out, items->count);
    for (size_t i = 0; i < items->count; i++)
        dbk_cbor_put_item(out, dbk_items_at(items, i));
}

void dbk_items_wipe(value_items *items)
{
    dbk_bytes_wipe(&items->buf);
    dbk_free(items->rows);
    items->rows = NULL;
    items->count = 0;
    items->cap = 0;
}
