/* Text in the width of the terminal, paragraphs and tables; cells of CSV. See cli/out.h. */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700 /* wcwidth */
#endif
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "cli/out.h"
#include "core/base/alloc.h"

#define WIDTH_UNKNOWN 80u
#define WIDTH_LEAST 40u /* narrower terminals break lines themselves */
#define WIDTH_MAX 1000u
#define LAST_COLUMN_LEAST 16u

/* 0: standard output is no terminal. */
static size_t terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 0;
    size_t width = size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
    return width < WIDTH_LEAST ? WIDTH_LEAST : width;
}

/* Columns that the first len bytes take; a cell of Chinese is two wide, a combining mark none.
 * *fit: how many of the bytes stay within max columns. */
static size_t columns_of(size_t *fit, const char *text, size_t len, size_t max)
{
    mbstate_t state = { 0 };
    size_t columns = 0;
    *fit = 0;
    for (size_t at = 0; at < len;) {
        wchar_t wide;
        size_t step = mbrtowc(&wide, text + at, len - at, &state);
        int cells = 1;
        if (step == 0 || step > len - at) {
            step = 1; /* not text in this locale: a byte, a cell */
            state = (mbstate_t){ 0 };
        } else {
            cells = wcwidth(wide);
        }
        columns += cells > 0 ? (size_t)cells : 0;
        at += step;
        if (columns <= max)
            *fit = at;
    }
    return columns;
}

static size_t width_of(const char *text, size_t len)
{
    size_t fit;
    return columns_of(&fit, text, len, SIZE_MAX);
}

/* Breaks at spaces; a word longer than the line stands alone. */
void out_wrapped(const char *indent, dbk_span text)
{
    const char *p = out_safe_lines(text);
    size_t width = terminal_width(), margin = strlen(indent);
    if (width == 0)
        width = WIDTH_UNKNOWN;
    while (*p != '\0') {
        size_t line = strcspn(p, "\n");
        size_t column = margin;
        out_text("%s", line == 0 ? "" : indent);
        while (line > 0) {
            size_t word = strcspn(p, " \n");
            if (word > line)
                word = line;
            size_t cells = width_of(p, word);
            if (column > margin && column + 1 + cells > width) {
                out_text("\n%s", indent);
                column = margin;
            } else if (column > margin) {
                out_text(" ");
                column++;
            }
            out_text("%.*s", (int)word, p);
            column += cells;
            size_t step = word < line ? word + 1 : word;
            p += step;
            line -= step;
        }
        out_text("\n");
        if (*p == '\n')
            p++;
    }
}

struct out_table {
    size_t columns;
    size_t rows_count, rows_cap;
    char **cells; /* rows_count * columns; row 0 is the heads */
    size_t widths[OUT_COLUMNS_MAX];
};

dbk_rc out_table_new(out_table **out, const char *const *heads, size_t columns, dbk_err *err)
{
    DBK_ASSERT(columns > 0);
    DBK_ASSERT(columns <= OUT_COLUMNS_MAX);
    out_table *t = dbk_alloc(sizeof(*t));
    *out = NULL;
    if (t == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a table");
    t->columns = columns;
    dbk_rc rc = out_table_row(t, heads, err);
    if (rc != DBK_OK) {
        out_table_free(t);
        return rc;
    }
    *out = t;
    return DBK_OK;
}

dbk_rc out_table_row(out_table *t, const char *const *cells, dbk_err *err)
{
    if (t->rows_count == t->rows_cap) {
        size_t cap = t->rows_cap == 0 ? 32 : t->rows_cap * 2;
        char **grown = dbk_realloc(t->cells, cap * t->columns * sizeof(char *));
        if (grown == NULL)
            return dbk_fail(err, DBK_NOMEM, "no memory for a table");
        t->cells = grown;
        t->rows_cap = cap;
    }
    char **row = t->cells + t->rows_count * t->columns;
    for (size_t i = 0; i < t->columns; i++) {
        row[i] = dbk_strdup(cells[i] == NULL ? "" : out_safe_str(cells[i]));
        if (row[i] == NULL) {
            while (i > 0)
                dbk_free(row[--i]);
            return dbk_fail(err, DBK_NOMEM, "no memory for a table");
        }
        size_t width = width_of(row[i], strlen(row[i]));
        if (width > t->widths[i])
            t->widths[i] = width;
    }
    t->rows_count++;
    return DBK_OK;
}

/* The last cell fills the line; on a terminal what doesn't fit is left out, with dots. */
static void print_last(const char *cell, size_t room)
{
    size_t fit, len = strlen(cell);
    if (columns_of(&fit, cell, len, room) <= room) {
        out_text("%s\n", cell);
        return;
    }
    (void)columns_of(&fit, cell, len, room - 3);
    out_text("%.*s...\n", (int)fit, cell);
}

void out_table_print(const out_table *t)
{
    size_t width = terminal_width(), left = 0;
    for (size_t i = 0; i + 1 < t->columns; i++)
        left += t->widths[i] + (t->widths[i] == 0 ? 0 : 2);
    size_t room = width > left + LAST_COLUMN_LEAST ? width - left : LAST_COLUMN_LEAST;
    if (width == 0)
        room = SIZE_MAX;
    for (size_t r = 0; r < t->rows_count; r++) {
        char *const *row = t->cells + r * t->columns;
        for (size_t i = 0; i + 1 < t->columns; i++) {
            if (t->widths[i] == 0)
                continue; /* an empty column takes no room */
            size_t pad = t->widths[i] - width_of(row[i], strlen(row[i])) + 2;
            out_text("%s%*s", row[i], (int)pad, "");
        }
        print_last(row[t->columns - 1], room);
    }
}

void out_table_free(out_table *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->rows_count * t->columns; i++)
        dbk_free(t->cells[i]);
    dbk_free(t->cells);
    dbk_free(t);
}

/* ---- CSV ------------------------------------------------------------------------------------- */

static const char *guard_of(const char *text)
{
    return text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL ? "'" : "";
}

dbk_rc out_csv_append(dbk_bytes *out, const char *text, bool first, dbk_err *err)
{
    dbk_rc rc = dbk_bytes_append_fmt(out, err, "%s\"%s", first ? "" : ",", guard_of(text));
    for (const char *p = text; rc == DBK_OK && *p != '\0';) {
        size_t plain = strcspn(p, "\"");
        bool quote = p[plain] == '"';
        rc = dbk_bytes_append(out, dbk_span_of(p, plain), err);
        if (rc == DBK_OK && quote)
            rc = dbk_bytes_append_str(out, "\"\"", err);
        p += plain + quote;
    }
    return rc == DBK_OK ? dbk_bytes_append_str(out, "\"", err) : rc;
}

void out_csv_cell(const char *text, bool first)
{
    out_text("%s\"%s", first ? "" : ",", guard_of(text));
    for (const char *p = text; *p != '\0';) {
        size_t plain = strcspn(p, "\"");
        out_text("%.*s%s", (int)plain, p, p[plain] == '"' ? "\"\"" : "");
        p += plain + (p[plain] == '"');
    }
    out_text("\"");
}
