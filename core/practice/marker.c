#include "core/practice/marker.h"

#include <string.h>

#include "core/base/day.h"
#include "core/practice/reading.h"

#define TEXT_BYTES_MAX 8192u /* over the 2000 characters of a reason */

typedef struct finder {
    dbk_book *book;
    int64_t now_ms;
    bool restricted;
    dbk_marker_fn fn;
    void *ctx;
} finder;

/* A marker's texts, each zero-ended, for as long as it is told. */
typedef struct telling {
    char kind[DBK_NAME_BYTES_MAX + 1], label[256], reason[TEXT_BYTES_MAX], ask[256];
} telling;

static dbk_rc read_text(dbk_reading *r, char *out, size_t size, const char *name, dbk_err *err)
{
    dbk_span text;
    dbk_rc rc = dbk_reading_text(r, &text, name, err);
    size_t len = text.len < size ? text.len : size - 1;
    out[0] = '\0';
    if (rc == DBK_OK && len > 0)
        memcpy(out, text.p, len);
    out[len] = '\0';
    return rc;
}

/* Does it stand now? */
static dbk_rc stands(dbk_reading *r, bool *yes, int64_t now_ms, dbk_err *err)
{
    bool cancelled = false, ended = false, there = false;
    int64_t last_day = 0;
    dbk_rc rc = dbk_reading_says(r, &cancelled, "state", "cancelled", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &ended, "state", "ended", err);
    if (rc == DBK_OK)
        rc = dbk_reading_time(r, &there, &last_day, "expires_on", err);
    *yes = !cancelled && !ended && !(there && now_ms >= last_day + DBK_DAY_MS);
    return rc;
}

static const char *label_of(const dbk_note *note, const char *kind)
{
    const dbk_field *field = note->form == NULL ? NULL : dbk_form_field(note->form, "kind");
    for (size_t i = 0; field != NULL && i < field->codes_count; i++)
        if (strcmp(field->codes[i].name, kind) == 0)
            return field->codes[i].label;
    return kind;
}

static dbk_rc tell(const finder *f, const dbk_note *note, dbk_reading *r, dbk_err *err)
{
    telling t = { 0 };
    dbk_rc rc = DBK_OK;
    if (f->restricted) {
        rc = read_text(r, t.ask, sizeof(t.ask), "ask", err);
    } else {
        rc = read_text(r, t.kind, sizeof(t.kind), "kind", err);
        if (rc == DBK_OK)
            rc = read_text(r, t.reason, sizeof(t.reason), "reason", err);
    }
    const dbk_marker m = { note->record,           f->restricted, t.kind,
                           label_of(note, t.kind), t.reason,      t.ask };
    return rc == DBK_OK ? f->fn(f->ctx, &m, err) : rc;
}

static dbk_rc take_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    const finder *f = ctx;
    dbk_reading r;
    bool yes = false;
    dbk_rc rc = dbk_reading_open(&r, f->book, &row->record, err);
    if (rc == DBK_OK)
        rc = stands(&r, &yes, f->now_ms, err);
    if (rc == DBK_OK && yes)
        rc = tell(f, r.note, &r, err);
    dbk_reading_wipe(&r);
    return rc;
}

dbk_rc dbk_markers_of(dbk_book *book, const dbk_id *subject, int64_t now_ms, dbk_marker_fn fn,
                      void *ctx, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_id_uuid(uuid, subject);
    const dbk_where about = { "about", uuid };
    dbk_list_opts opts = { .where = &about, .where_count = 1, .since_ms = INT64_MIN };
    finder f = { book, now_ms, true, fn, ctx };
    opts.form = "restricted_marker";
    dbk_rc rc = dbk_query_list(book, &opts, take_row, &f, err);
    if (rc != DBK_OK)
        return rc;
    f.restricted = false;
    opts.form = "marker";
    return dbk_query_list(book, &opts, take_row, &f, err);
}
