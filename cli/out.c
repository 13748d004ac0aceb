#include "cli/out.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/env.h"
#include "core/base/text.h"

#define RING_BUFFERS 16u
#define SAFE_BYTES_MAX (4u * 1024u)
#define SAFE_LINES_BYTES_MAX (64u * 1024u)
#define WIDTH_UNKNOWN 80u
#define WIDTH_MAX 1000u

static bool write_failed;
static int write_errno;

static void note_failure(int result)
{
    if (result < 0 && !write_failed) {
        write_failed = true;
        write_errno = errno;
    }
}

void out_text(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    note_failure(vprintf(fmt, args));
    va_end(args);
}

static const char *safe_in_ring(dbk_span text, dbk_safe_opts opts, size_t max)
{
    static dbk_bytes ring[RING_BUFFERS];
    static size_t next;
    dbk_bytes *b = &ring[next++ % RING_BUFFERS];
    dbk_bytes_wipe(b);
    dbk_bytes_init(b, max);
    /* The escapes may outgrow the cap: then the text ends with dots. */
    size_t room = max / 8 < text.len ? max / 8 : text.len;
    bool cut = room < text.len;
    while (cut && room > 0 && (text.p[room] & 0xc0) == 0x80)
        room--;
    if (dbk_text_append_safe(b, dbk_span_of(text.p, room), opts, NULL) != DBK_OK ||
        (cut && dbk_bytes_append_str(b, "...", NULL) != DBK_OK) ||
        dbk_bytes_append_u8(b, 0, NULL) != DBK_OK)
        return "...";
    return (const char *)b->p;
}

const char *out_safe(dbk_span text)
{
    return safe_in_ring(text, (dbk_safe_opts){ .keep_lines = false }, 8 * SAFE_BYTES_MAX);
}

const char *out_safe_str(const char *text)
{
    return out_safe(dbk_span_str(text));
}

const char *out_safe_lines(dbk_span text)
{
    return safe_in_ring(text, (dbk_safe_opts){ .keep_lines = true }, 8 * SAFE_LINES_BYTES_MAX);
}

static size_t terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return WIDTH_UNKNOWN;
    return size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
}

/* Breaks at spaces; a word longer than the line stands alone. */
void out_wrapped(const char *indent, dbk_span text)
{
    const char *p = out_safe_lines(text);
    size_t width = terminal_width(), margin = strlen(indent);
    while (*p != '\0') {
        size_t line = strcspn(p, "\n");
        out_text("%s", indent);
        size_t column = margin;
        while (line > 0) {
            size_t word = strcspn(p, " \n");
            if (word > line)
                word = line;
            size_t cells = dbk_utf8_count(dbk_span_of(p, word));
            if (column > margin && column + cells >= width) {
                out_text("\n%s", indent);
                column = margin;
            }
            size_t space = word < line ? 1 : 0;
            out_text("%.*s", (int)(word + space), p);
            column += cells + space;
            p += word + space;
            line -= word + space;
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
    DBK_ASSERT(columns > 0 && columns <= OUT_COLUMNS_MAX);
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
        size_t width = dbk_utf8_count(dbk_span_str(row[i]));
        if (width > t->widths[i])
            t->widths[i] = width;
    }
    t->rows_count++;
    return DBK_OK;
}

void out_table_print(const out_table *t)
{
    for (size_t r = 0; r < t->rows_count; r++) {
        char *const *row = t->cells + r * t->columns;
        for (size_t i = 0; i < t->columns; i++) {
            bool last = i + 1 == t->columns;
            size_t width = dbk_utf8_count(dbk_span_str(row[i]));
            size_t pad = last ? 0 : t->widths[i] - width + 2;
            out_text("%s%*s", row[i], (int)pad, "");
        }
        out_text("\n");
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

static int put_json(const char *chunk, size_t len, void *ctx)
{
    (void)ctx;
    if (fwrite(chunk, 1, len, stdout) != len)
        note_failure(-1);
    return 0;
}

dbk_rc out_json_take(struct json_t *json, dbk_err *err)
{
    if (json == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the JSON answer");
    int failed = json_dump_callback(json, put_json, NULL, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(json);
    out_text("\n");
    return failed ? dbk_fail(err, DBK_NOMEM, "no memory for the JSON answer") : DBK_OK;
}

void out_json_text(dbk_span text)
{
    out_text("%.*s\n", (int)text.len, (const char *)text.p);
}

void out_failure(dbk_rc rc, const char *sentence, out_format format)
{
    (void)fprintf(stderr, "daybook: %s\n", out_safe_str(sentence));
    if (format != OUT_JSON)
        return;
    json_t *detail = json_object();
    json_t *document = json_object();
    (void)json_object_set_new(detail, "code", json_string(dbk_rc_name(rc)));
    (void)json_object_set_new(detail, "status", json_integer(dbk_rc_exit_status(rc)));
    (void)json_object_set_new(detail, "text", json_string(sentence));
    (void)json_object_set_new(document, "error", detail);
    if (out_json_take(document, NULL) == DBK_OK)
        (void)fflush(stdout);
}

void out_note(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    (void)fprintf(stderr, "\n");
    va_end(args);
}

#define PROGRESS_FIRST_MS 1000u
#define PROGRESS_EVERY_MS 100u
#define PROGRESS_CELLS 30u

void out_progress_start(out_progress *p)
{
    *p = (out_progress){ .started_ms = dbk_monotonic_ms() };
}

void out_progress_draw(out_progress *p, const char *phase, uint64_t done, uint64_t total)
{
    uint64_t now = dbk_monotonic_ms();
    if (!isatty(STDERR_FILENO) || now - p->started_ms < PROGRESS_FIRST_MS ||
        now - p->drawn_ms < PROGRESS_EVERY_MS)
        return;
    p->drawn_ms = now;
    p->shown = true;
    if (total == 0) {
        (void)fprintf(stderr, "\r\033[K%s: %llu", phase, (unsigned long long)done);
        return;
    }
    uint64_t shown = done < total ? done : total;
    size_t full = (size_t)(shown * PROGRESS_CELLS / total);
    static const char cells[] = "##############################";
    (void)fprintf(stderr, "\r\033[K%s [%-*.*s] %3u %% (%llu of %llu)", phase, (int)PROGRESS_CELLS,
                  (int)full, cells, (unsigned)(shown * 100 / total), (unsigned long long)done,
                  (unsigned long long)total);
}

void out_progress_end(out_progress *p)
{
    if (p->shown)
        (void)fprintf(stderr, "\r\033[K");
    p->shown = false;
}

dbk_rc out_redirect(const char *path, dbk_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return dbk_fail(err, errno == EEXIST ? DBK_CONFLICT : DBK_IO, "%.120s can't be made: %s",
                        path, strerror(errno));
    (void)fflush(stdout);
    int moved = dup2(fd, STDOUT_FILENO);
    (void)close(fd);
    if (moved < 0)
        return dbk_fail(err, DBK_IO, "%.120s can't be written: %s", path, strerror(errno));
    return DBK_OK;
}

dbk_rc out_finish(dbk_err *err)
{
    if (fflush(stdout) != 0)
        note_failure(-1);
    if (!write_failed)
        return DBK_OK;
    if (write_errno == ENOSPC)
        return dbk_fail(err, DBK_FULL, "the output could not be written: the disk is full");
    return dbk_fail(err, DBK_IO, "the output could not be written: %s", strerror(write_errno));
}
