#include "cli/out.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/env.h"
#include "core/base/text.h"

#define RING_BUFFERS 16u
#define SAFE_BYTES_MAX (4u * 1024u)
#define SAFE_LINES_BYTES_MAX (64u * 1024u)

static bool write_failed;
static int write_errno;
static bool out_streams; /* something was written to standard output already */
/* Both hold text of notes, and are wiped at the end. */
static char pending[16384]; /* standard output's, so that the C library has none of its own */
static dbk_bytes ring[RING_BUFFERS];
static dbk_bytes held = DBK_BYTES_INIT(OUT_HELD_BYTES_MAX);
static bool holds;
static dbk_rc held_rc; /* of the first that couldn't be kept */

void out_start(void)
{
    (void)setvbuf(stdout, pending, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, sizeof(pending));
}

static void note_failure(int result)
{
    if (result < 0 && !write_failed) {
        write_failed = true;
        write_errno = errno;
    }
}

static void put(const char *text, size_t len)
{
    if (len == 0) /* then there may be no text */
        return;
    if (!holds && fwrite(text, 1, len, stdout) != len)
        note_failure(-1);
    if (holds && held_rc == DBK_OK)
        held_rc = dbk_bytes_append(&held, dbk_span_of(text, len), NULL);
}

void out_hold(void)
{
    holds = true;
}

static void drop_held(void)
{
    dbk_bytes_wipe(&held);
    holds = false;
    held_rc = DBK_OK;
}

dbk_rc out_release(dbk_err *err)
{
    dbk_rc rc = held_rc;
    if (rc != DBK_OK)
        return dbk_fail(err, rc, "that is more than can be shown at once: ask for less of it");
    holds = false;
    put((const char *)held.p, held.len);
    drop_held();
    return DBK_OK;
}

static void hold_text(const char *fmt, va_list args)
{
    char *text = NULL;
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (len >= 0)
        text = dbk_alloc((size_t)len + 1);
    if (text == NULL) {
        held_rc = held_rc == DBK_OK ? DBK_NOMEM : held_rc;
        return;
    }
    (void)vsnprintf(text, (size_t)len + 1, fmt, args);
    put(text, (size_t)len);
    dbk_free(text);
}

static bool marks;

void out_mark(void)
{
    marks = true;
}

static void put_marking(void)
{
    if (marks)
        put(OUT_MARKING "\n", sizeof(OUT_MARKING));
    marks = false;
}

void out_text(const char *fmt, ...)
{
    va_list args;
    put_marking();
    out_streams = true;
    va_start(args, fmt);
    if (holds)
        hold_text(fmt, args);
    else
        note_failure(vprintf(fmt, args));
    va_end(args);
}

static const char *safe_in_ring(dbk_span text, dbk_safe_opts opts, size_t max)
{
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

static int put_json(const char *chunk, size_t len, void *ctx)
{
    (void)ctx;
    put(chunk, len);
    return 0;
}

dbk_rc out_json_take(struct json_t *json, dbk_err *err)
{
    if (json == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the JSON answer");
    int failed = json_dump_callback(json, put_json, NULL,
                                    JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    json_decref(json);
    out_text("\n");
    return failed ? dbk_fail(err, DBK_NOMEM, "no memory for the JSON answer") : DBK_OK;
}

void out_json_text(dbk_span text)
{
    out_text("%.*s\n", (int)text.len, (const char *)text.p);
}

void out_failure(dbk_rc rc, const char *sentence, out_details details, out_format format)
{
    const char *safe = out_safe_str(sentence);
    drop_held();
    (void)fflush(stdout);
    (void)fprintf(stderr, "daybook: %s\n", safe);
    if (format == OUT_JSON) {
        json_t *document = json_pack("{s:{s:s, s:i, s:s, s:s*, s:o*}}", "error", "code",
                                     dbk_rc_name(rc), "status", dbk_rc_exit_status(rc), "text",
                                     safe, "wants", details.wants, "problems", details.problems);
        if (document != NULL)
            (void)!out_json_take(document, NULL);
    } else {
        json_decref(details.problems);
    }
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
    static const char cells[] = "##############################";
    uint64_t now = dbk_monotonic_ms();
    if (!isatty(STDERR_FILENO) || now - p->started_ms < PROGRESS_FIRST_MS ||
        (now - p->drawn_ms < PROGRESS_EVERY_MS && done != total))
        return;
    /* Rows that stream to the same terminal are progress enough. */
    if (out_streams && isatty(STDOUT_FILENO))
        return;
    p->drawn_ms = now;
    p->shown = true;
    if (total == 0) {
        (void)fprintf(stderr, "\r\033[K%s: %llu", phase, (unsigned long long)done);
        return;
    }
    uint64_t shown = done < total ? done : total;
    size_t full = (size_t)(shown * PROGRESS_CELLS / total);
    (void)fprintf(stderr, "\r\033[K%s [%-*.*s] %3u%% (%llu of %llu)", phase, (int)PROGRESS_CELLS,
                  (int)full, cells, (unsigned)(shown * 100 / total), (unsigned long long)shown,
                  (unsigned long long)total);
}

void out_progress_end(out_progress *p)
{
    if (p->shown)
        (void)fprintf(stderr, "\r\033[K");
    p->shown = false;
}

static dbk_rc make_file(int *fd, const char *path, dbk_err *err)
{
    *fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0)
        return dbk_fail(err, errno == EEXIST ? DBK_CONFLICT : DBK_IO, "%.120s can't be made: %s",
                        path, strerror(errno));
    return DBK_OK;
}

dbk_rc out_file(const char *path, dbk_span bytes, dbk_err *err)
{
    int fd;
    dbk_rc rc = make_file(&fd, path, err);
    if (rc != DBK_OK)
        return rc;
    for (size_t at = 0; at < bytes.len && rc == DBK_OK;) {
        ssize_t n = write(fd, bytes.p + at, bytes.len - at);
        if (n < 0)
            rc = dbk_fail(err, errno == ENOSPC ? DBK_FULL : DBK_IO, "%.120s can't be written: %s",
                          path, strerror(errno));
        at += n < 0 ? 0 : (size_t)n;
    }
    if (rc == DBK_OK && fsync(fd) != 0)
        rc = dbk_fail(err, DBK_IO, "%.120s can't be written: %s", path, strerror(errno));
    (void)close(fd);
    if (rc != DBK_OK)
        (void)unlink(path); /* half of it could be taken for all */
    return rc;
}

static const char *redirected; /* into this file; an argument of the program, or NULL */

dbk_rc out_redirect(const char *path, dbk_err *err)
{
    int fd;
    dbk_rc rc = make_file(&fd, path, err);
    if (rc != DBK_OK)
        return rc;
    redirected = path;
    (void)fflush(stdout);
    int moved = dup2(fd, STDOUT_FILENO);
    (void)close(fd);
    if (moved < 0)
        return dbk_fail(err, DBK_IO, "%.120s can't be written: %s", path, strerror(errno));
    return DBK_OK;
}

dbk_rc out_redirect_end(bool whole, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    if (redirected == NULL)
        return DBK_OK;
    if (whole && fsync(STDOUT_FILENO) != 0)
        rc = dbk_fail(err, errno == ENOSPC ? DBK_FULL : DBK_IO, "%.120s can't be written: %s",
                      redirected, strerror(errno));
    if (!whole || rc != DBK_OK)
        (void)unlink(redirected);
    redirected = NULL;
    return rc;
}

dbk_rc out_finish(dbk_err *err)
{
    drop_held();
    if (fflush(stdout) != 0)
        note_failure(-1);
    dbk_wipe(pending, sizeof(pending));
    for (size_t i = 0; i < RING_BUFFERS; i++)
        dbk_bytes_wipe(&ring[i]);
    if (!write_failed)
        return DBK_OK;
    if (write_errno == ENOSPC)
        return dbk_fail(err, DBK_FULL, "the output could not be written: the disk is full");
    return dbk_fail(err, DBK_IO, "the output could not be written: %s", strerror(write_errno));
}
