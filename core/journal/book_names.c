/* Names of devices and spaces: sealed in the chain, opened with the keys that are held here. */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/journal/book_internal.h"
#include "core/seal/label.h"

/* "?" and the first 8 digits of the id. */
static dbk_rc append_unknown(dbk_bytes *out, const dbk_id *id, dbk_err *err)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, id);
    return dbk_bytes_append_fmt(out, err, "?%.8s", hex);
}

/* A label: what is named, and the space under whose keys the name is sealed. */
static dbk_rc append_name(const dbk_book *book, dbk_bytes *out, dbk_span sealed,
                          const dbk_id *subject, const dbk_id *space, dbk_err *err)
{
    dbk_bytes text = DBK_BYTES_INIT(DBK_LABEL_TEXT_BYTES_MAX);
    dbk_err inner = { 0 };
    const dbk_label_scope scope = { dbk_roster_org(book->roster), *subject };
    dbk_rc rc = dbk_label_open(&text, sealed, &scope, space, book->keyring, &inner);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(out, dbk_bytes_span(&text), err);
    else if (rc == DBK_NOMEM)
        rc = dbk_fail(err, rc, "%s", inner.text);
    else
        rc = append_unknown(out, subject, err);
    dbk_bytes_wipe(&text);
    return rc;
}

dbk_rc dbk_book_device_name(const dbk_book *book, dbk_bytes *out, const dbk_id *device,
                            dbk_err *err)
{
    const dbk_member *m = book->roster == NULL ? NULL : dbk_roster_device(book->roster, device);
    const dbk_space *names = dbk_book_roster_space(book);
    if (m == NULL || names == NULL)
        return append_unknown(out, device, err);
    return append_name(book, out, m->label, device, &names->space, err);
}

dbk_rc dbk_book_space_name(const dbk_book *book, dbk_bytes *out, const dbk_id *space, dbk_err *err)
{
    const dbk_space *s = book->roster == NULL ? NULL : dbk_roster_space(book->roster, space);
    if (s == NULL)
        return append_unknown(out, space, err);
    return append_name(book, out, s->label, space, space, err);
}

/* ---- the spaces that are held -------------------------------------------------------------- */

typedef struct named {
    dbk_id space;
    size_t name_len;
    uint8_t name[DBK_LABEL_TEXT_BYTES_MAX];
} named;

static int by_name(const void *a, const void *b)
{
    const named *x = a, *y = b;
    int order = dbk_span_compare(dbk_span_of(x->name, x->name_len),
                                 dbk_span_of(y->name, y->name_len));
    return order != 0 ? order : dbk_id_compare(&x->space, &y->space);
}

static dbk_rc collect(dbk_book *book, named *rows, size_t *count, dbk_err *err)
{
    dbk_bytes name = DBK_BYTES_INIT(DBK_LABEL_TEXT_BYTES_MAX);
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < dbk_roster_spaces(book->roster); i++) {
        const dbk_space *s = dbk_roster_space_at(book->roster, i);
        named *row = &rows[*count];
        if (s->is_roster || !(dbk_book_is_writer(book, &s->space) ||
                              dbk_keyring_current(book->keyring, &s->space, NULL) != NULL))
            continue;
        dbk_bytes_truncate(&name, 0);
        rc = dbk_book_space_name(book, &name, &s->space, err);
        if (rc != DBK_OK)
            break;
        row->space = s->space;
        row->name_len = name.len;
        memcpy(row->name, name.p, name.len);
        (*count)++;
    }
    dbk_bytes_wipe(&name);
    return rc;
}

dbk_rc dbk_book_sort_spaces(dbk_book *book, dbk_err *err)
{
    size_t count = 0;
    size_t spaces = dbk_roster_spaces(book->roster);
    named *rows = dbk_alloc_array(spaces + 1, sizeof(*rows));
    dbk_id *sorted = dbk_alloc_array(spaces + 1, sizeof(*sorted));
    dbk_rc rc = DBK_OK;
    if (rows == NULL || sorted == NULL)
        rc = dbk_fail(err, DBK_NOMEM, "no memory for %zu spaces", spaces);
    if (rc == DBK_OK)
        rc = collect(book, rows, &count, err);
    if (rc == DBK_OK) {
        qsort(rows, count, sizeof(*rows), by_name);
        for (size_t i = 0; i < count; i++)
            sorted[i] = rows[i].space;
        dbk_free(book->readable);
        book->readable = sorted;
        book->readable_count = count;
        book->unsorted = false;
        sorted = NULL;
    }
    dbk_free(rows);
    dbk_free(sorted);
    return rc;
}

size_t dbk_book_spaces(const dbk_book *book)
{
    return book->readable_count;
}

dbk_id dbk_book_space_at(const dbk_book *book, size_t i)
{
    DBK_ASSERT(i < book->readable_count);
    return book->readable[i];
}

static dbk_rc find_only(const dbk_book *book, dbk_id *out, dbk_err *err)
{
    if (book->readable_count == 1) {
        *out = book->readable[0];
        return DBK_OK;
    }
    if (book->readable_count == 0)
        return dbk_fail(err, DBK_NOT_FOUND, "this device is in no space yet");
    return dbk_fail(err, DBK_USAGE, "say which space: this device is in %zu", book->readable_count);
}

dbk_rc dbk_book_space_find(const dbk_book *book, dbk_id *out, const char *name, dbk_err *err)
{
    dbk_bytes text = DBK_BYTES_INIT(DBK_LABEL_TEXT_BYTES_MAX);
    dbk_id id;
    dbk_err inner = { 0 };
    size_t found = 0;
    dbk_rc rc = DBK_OK;
    *out = (dbk_id){ { 0 } };
    if (name == NULL)
        return find_only(book, out, err);
    bool is_id = dbk_id_parse(&id, name, &inner) == DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < book->readable_count; i++) {
        dbk_bytes_truncate(&text, 0);
        rc = dbk_book_space_name(book, &text, &book->readable[i], err);
        bool by_id = is_id && dbk_id_equal(&id, &book->readable[i]);
        if (rc != DBK_OK || !(by_id || dbk_span_equal(dbk_bytes_span(&text), dbk_span_str(name))))
            continue;
        *out = book->readable[i];
        found++;
        if (by_id) {
            found = 1;
            break;
        }
    }
    dbk_bytes_wipe(&text);
    if (rc == DBK_OK && found == 0)
        rc = dbk_fail(err, DBK_NOT_FOUND, "there is no space of that name here");
    if (rc == DBK_OK && found > 1)
        rc = dbk_fail(err, DBK_USAGE, "%zu spaces have that name: give the id", found);
    if (rc != DBK_OK)
        *out = (dbk_id){ { 0 } };
    return rc;
}
