#include "core/practice/months.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/room.h"
#include "core/base/text.h"

#define AREA_BYTES_MAX 100u /* longer ones are cut: they are no airport's name */

static const struct {
    const char *form, *area;
} counted[] = { { "intervention", "airport" }, { "referral", "la_area" } };
#define COUNTED (sizeof(counted) / sizeof(counted[0]))

const char *dbk_months_form(size_t i)
{
    return i < COUNTED ? counted[i].form : NULL;
}

void dbk_months_wipe(dbk_months *m)
{
    for (size_t i = 0; i < m->count; i++) {
        dbk_free(m->rows[i].area);
        dbk_free(m->rows[i].label);
    }
    dbk_free(m->rows);
    *m = (dbk_months){ 0 };
}

/* By part, month and area. */
static int compare(const dbk_months_row *row, const char *part, const char *month, const char *area)
{
    int by = strcmp(row->part, part);
    by = by == 0 ? strcmp(row->month, month) : by;
    return by == 0 ? strcmp(row->area, area) : by;
}

/* Where the row stands, or would stand. */
static size_t find(const dbk_months *m, const char *part, const char *month, const char *area,
                   bool *there)
{
    size_t low = 0, high = m->count;
    *there = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int by = compare(&m->rows[middle], part, month, area);
        *there = *there || by == 0;
        if (by < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const char *label_of(const dbk_note *note, const char *field, const char *code)
{
    const dbk_field *f = note->form == NULL ? NULL : dbk_form_field(note->form, field);
    for (size_t i = 0; f != NULL && i < f->codes_count; i++)
        if (strcmp(f->codes[i].name, code) == 0)
            return f->codes[i].label;
    return code;
}

static dbk_rc insert(dbk_months *m, size_t at, const dbk_months_row *row, dbk_err *err)
{
    if (m->count == DBK_MONTHS_ROWS_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u months and areas: ask for fewer months",
                        DBK_MONTHS_ROWS_MAX);
    dbk_months_row *rows = dbk_room_for(m->rows, &m->room, m->count + 1, sizeof(rows[0]));
    if (rows == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the months");
    m->rows = rows;
    memmove(&rows[at + 1], &rows[at], (m->count - at) * sizeof(rows[0]));
    rows[at] = *row;
    rows[at].area = dbk_strdup(row->area);
    rows[at].label = dbk_strdup(row->label);
    m->count++;
    if (rows[at].area == NULL || rows[at].label == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the months");
    return DBK_OK;
}

static dbk_rc count(dbk_months *m, const dbk_months_row *row, dbk_err *err)
{
    bool there;
    size_t at = find(m, row->part, row->month, row->area, &there);
    dbk_rc rc = there ? DBK_OK : insert(m, at, row, err);
    if (rc == DBK_OK)
        m->rows[at].count++;
    return rc;
}

/* The month on the clock of who wrote it; without a time the one in which the record was begun. */
static dbk_rc read_month(dbk_reading *r, char out[DBK_MONTH_SIZE], int64_t when_ms, dbk_err *err)
{
    char text[DBK_TIME_TEXT_SIZE];
    dbk_span time;
    dbk_rc rc = dbk_reading_text(r, &time, "happened_at", err);
    if (rc != DBK_OK)
        return rc;
    if (time.len < DBK_MONTH_SIZE - 1) {
        dbk_time_print(text, when_ms);
        time = dbk_span_str(text);
    }
    memcpy(out, time.p, DBK_MONTH_SIZE - 1);
    out[DBK_MONTH_SIZE - 1] = '\0';
    return DBK_OK;
}

static dbk_rc read_area(dbk_reading *r, char out[AREA_BYTES_MAX + 1], const char *field,
                        dbk_err *err)
{
    dbk_span text;
    dbk_rc rc = dbk_reading_text(r, &text, field, err);
    if (rc != DBK_OK)
        return rc;
    size_t len = text.len < AREA_BYTES_MAX ? text.len : AREA_BYTES_MAX;
    while (len < text.len && len > 0 && (text.p[len] & 0xc0) == 0x80) /* not within a character */
        len--;
    memcpy(out, text.len == 0 ? (const uint8_t *)"" : text.p, len);
    out[len] = '\0';
    return DBK_OK;
}

dbk_rc dbk_months_take(dbk_months *m, const dbk_note *note, int64_t when_ms, dbk_err *err)
{
    char area[AREA_BYTES_MAX + 1];
    dbk_months_row row = { .count = 0 };
    dbk_dispute dispute;
    dbk_reading r;
    size_t i = 0;
    while (i < COUNTED && !dbk_span_equal(dbk_note_form(note), dbk_span_str(counted[i].form)))
        i++;
    if (i == COUNTED || dbk_view_life(note->state, &note->view, &dispute) == DBK_LIFE_WITHDRAWN)
        return DBK_OK;
    dbk_reading_init(&r, note);
    dbk_rc rc = read_month(&r, row.month, when_ms, err);
    if (rc == DBK_OK)
        rc = read_area(&r, area, counted[i].area, err);
    dbk_reading_wipe(&r);
    row.part = counted[i].form;
    row.area = area;
    row.label = (char *)(uintptr_t)label_of(note, counted[i].area, area);
    return rc == DBK_OK ? count(m, &row, err) : rc;
}
