/* A list of a page as a table for spreadsheets: what a command answered with --json, in the columns
 * that the page shows. */
#include <jansson.h>
#include <string.h>

#include "cli/console.h"
#include "cli/out.h"
#include "core/base/alloc.h"

#define DEPTH_MAX 4u /* of a key: "receipts.last" */

/* Of a column: what stands above it, the key of its value, and words for its codes, or NULL. */
typedef struct column {
    const char *head, *key;
    const json_t *words;
} column;

static bool read_column(column *out, const json_t *from)
{
    size_t parts = json_array_size(from);
    *out = (column){ json_string_value(json_array_get(from, 0)),
                     json_string_value(json_array_get(from, 1)), json_array_get(from, 2) };
    return (parts == 2 || (parts == 3 && json_is_object(out->words))) && out->head != NULL &&
           out->key != NULL;
}

bool console_csv_asks(const json_t *columns)
{
    column c;
    bool good = json_array_size(columns) > 0 && json_array_size(columns) <= CONSOLE_COLUMNS_MAX;
    for (size_t i = 0; good && i < json_array_size(columns); i++)
        good = read_column(&c, json_array_get(columns, i));
    return good;
}

/* "a.b": a member of a member. "names.@id": the one that the row's own id names. */
static const json_t *member_of(const json_t *row, const char *key)
{
    const json_t *at = row;
    const char *dot = key;
    for (unsigned depth = 0; dot != NULL && at != NULL && depth < DEPTH_MAX; depth++) {
        dot = strchr(key, '.');
        size_t len = dot == NULL ? strlen(key) : (size_t)(dot - key);
        const char *named = NULL;
        if (key[0] == '@')
            named = json_string_value(json_object_getn(row, key + 1, len - 1));
        at = key[0] != '@'   ? json_object_getn(at, key, len)
             : named == NULL ? NULL
                             : json_object_get(at, named);
        key = dot == NULL ? key : dot + 1;
    }
    return at;
}

/* Of what has a name or a label, that. */
static dbk_rc put_scalar(dbk_bytes *out, const json_t *value, const json_t *words, dbk_err *err)
{
    const json_t *name = json_object_get(value, "name");
    const json_t *named = name == NULL ? json_object_get(value, "label") : name;
    const char *text = json_string_value(named == NULL ? value : named);
    const char *known = text == NULL ? NULL : json_string_value(json_object_get(words, text));
    if (json_is_integer(value))
        return dbk_bytes_append_fmt(out, err, "%lld", (long long)json_integer_value(value));
    if (json_is_boolean(value))
        return dbk_bytes_append_str(out, json_is_true(value) ? "yes" : "no", err);
    return text == NULL ? DBK_OK : dbk_bytes_append_str(out, known == NULL ? text : known, err);
}

static dbk_rc put_value(dbk_bytes *out, const json_t *value, const json_t *words, dbk_err *err)
{
    const json_t *one;
    size_t i;
    dbk_rc rc = DBK_OK;
    if (!json_is_array(value))
        return put_scalar(out, value, words, err);
    json_array_foreach(value, i, one)
    {
        if (rc == DBK_OK && i > 0)
            rc = dbk_bytes_append_str(out, "; ", err);
        if (rc == DBK_OK)
            rc = put_scalar(out, one, words, err);
    }
    return rc;
}

/* The marking is in each line: a spreadsheet has no other place that stays with it. */
static dbk_rc put_row(dbk_bytes *out, const json_t *row, const json_t *columns, dbk_err *err)
{
    dbk_bytes cell = DBK_BYTES_INIT(CONSOLE_ANSWER_BYTES_MAX);
    dbk_rc rc = out_csv_append(out, OUT_MARKING, true, err);
    for (size_t i = 0; rc == DBK_OK && i < json_array_size(columns); i++) {
        column c;
        (void)read_column(&c, json_array_get(columns, i));
        dbk_bytes_truncate(&cell, 0);
        rc = put_value(&cell, member_of(row, c.key), c.words, err);
        if (rc == DBK_OK)
            rc = dbk_bytes_append_u8(&cell, 0, err);
        if (rc == DBK_OK)
            rc = out_csv_append(out, (const char *)cell.p, false, err);
    }
    dbk_bytes_wipe(&cell);
    return rc == DBK_OK ? dbk_bytes_append_str(out, "\r\n", err) : rc;
}

static dbk_rc put_head(dbk_bytes *out, const json_t *columns, dbk_err *err)
{
    dbk_rc rc = out_csv_append(out, "Marking", true, err);
    for (size_t i = 0; rc == DBK_OK && i < json_array_size(columns); i++) {
        column c;
        (void)read_column(&c, json_array_get(columns, i));
        rc = out_csv_append(out, c.head, false, err);
    }
    return rc == DBK_OK ? dbk_bytes_append_str(out, "\r\n", err) : rc;
}

/* A line of the answer: a row, or several. One without the first column is none of the list's: it
 * says how many more there are. */
static dbk_rc put_line(dbk_bytes *out, const json_t *line, const json_t *columns, dbk_err *err)
{
    const json_t *row;
    column first;
    size_t i;
    dbk_rc rc = DBK_OK;
    (void)read_column(&first, json_array_get(columns, 0));
    if (!json_is_array(line))
        return member_of(line, first.key) == NULL ? DBK_OK : put_row(out, line, columns, err);
    json_array_foreach(line, i, row) rc = rc == DBK_OK ? put_row(out, row, columns, err) : rc;
    return rc;
}

dbk_rc console_csv_of(dbk_bytes *out, dbk_span lines, const json_t *columns, dbk_err *err)
{
    dbk_rc rc = put_head(out, columns, err);
    while (rc == DBK_OK && lines.len > 0) {
        const uint8_t *stop = memchr(lines.p, '\n', lines.len);
        size_t len = stop == NULL ? lines.len : (size_t)(stop - lines.p);
        json_t *line = json_loadb((const char *)lines.p, len, JSON_REJECT_DUPLICATES, NULL);
        if (line == NULL && len > 0)
            rc = dbk_fail(err, DBK_FORMAT, "a list can't be made into a table");
        else if (line != NULL)
            rc = put_line(out, line, columns, err);
        json_decref(line);
        len += stop != NULL;
        lines = dbk_span_of(lines.p + len, lines.len - len);
    }
    return rc;
}
