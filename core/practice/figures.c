#include "core/practice/figures.h"

#include <string.h>

#include "core/base/alloc.h"

void dbk_figures_init(dbk_figures *f)
{
    *f = (dbk_figures){ .parts = NULL };
}

static void wipe_part(dbk_figures_part *part)
{
    for (size_t i = 0; i < part->rows_count; i++) {
        dbk_free(part->rows[i].code);
        dbk_free(part->rows[i].label);
    }
    dbk_free(part->rows);
    dbk_free(part->code);
    dbk_free(part->label);
}

void dbk_figures_wipe(dbk_figures *f)
{
    for (size_t i = 0; i < f->parts_count; i++)
        wipe_part(&f->parts[i]);
    dbk_free(f->parts);
    dbk_figures_init(f);
}

/* ---- parts and rows -------------------------------------------------------------------------- */

static dbk_rc copy(char **out, const char *text, dbk_err *err)
{
    size_t size = strlen(text) + 1;
    *out = dbk_alloc(size);
    if (*out == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the report");
    memcpy(*out, text, size);
    return DBK_OK;
}

/* Room for one more; the rows so far may move. */
static dbk_rc make_room(void **rows, size_t *room, size_t count, size_t size, dbk_err *err)
{
    if (count < *room)
        return DBK_OK;
    size_t more = *room == 0 ? 16 : 2 * *room;
    void *grown = dbk_realloc(*rows, more * size);
    if (grown == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the report");
    *rows = grown;
    *room = more;
    return DBK_OK;
}

dbk_rc dbk_figures_row_add(dbk_figures *f, size_t part, const char *code, const char *label,
                           dbk_err *err)
{
    dbk_figures_part *p = &f->parts[part];
    dbk_figures_row row = { .code = NULL };
    void *rows = p->rows;
    if (p->rows_count == DBK_FIGURES_ROWS_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u rows in a part of the report",
                        DBK_FIGURES_ROWS_MAX);
    dbk_rc rc = make_room(&rows, &p->room, p->rows_count, sizeof(row), err);
    p->rows = rows;
    if (rc == DBK_OK && code != NULL)
        rc = copy(&row.code, code, err);
    if (rc == DBK_OK)
        rc = copy(&row.label, label, err);
    if (rc == DBK_OK) {
        p->rows[p->rows_count++] = row;
        return DBK_OK;
    }
    dbk_free(row.code);
    return rc;
}

dbk_rc dbk_figures_part_add(dbk_figures *f, size_t *part, const dbk_figures_new *of, dbk_err *err)
{
    dbk_figures_part new_part = { .several = of->several,
                                  .above = of->above,
                                  .above_row = of->above_row };
    void *parts = f->parts;
    if (f->parts_count == DBK_FIGURES_PARTS_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u parts in the report", DBK_FIGURES_PARTS_MAX);
    dbk_rc rc = make_room(&parts, &f->room, f->parts_count, sizeof(new_part), err);
    f->parts = parts;
    if (rc == DBK_OK)
        rc = copy(&new_part.code, of->code, err);
    if (rc == DBK_OK)
        rc = copy(&new_part.label, of->label, err);
    if (rc != DBK_OK) {
        wipe_part(&new_part);
        return rc;
    }
    *part = f->parts_count;
    f->parts[f->parts_count++] = new_part;
    return dbk_figures_row_add(f, *part, NULL, of->unclassified, err);
}

dbk_rc dbk_figures_rows_of(dbk_figures *f, size_t part, const dbk_field *field, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && field != NULL && i < field->codes_count; i++)
        rc = dbk_figures_row_add(f, part, field->codes[i].name, field->codes[i].label, err);
    return rc;
}

size_t dbk_figures_row_of(const dbk_figures *f, size_t part, dbk_span code)
{
    const dbk_figures_part *p = &f->parts[part];
    for (size_t i = 1; i < p->rows_count; i++)
        if (dbk_span_equal(code, dbk_span_str(p->rows[i].code)))
            return i;
    return 0;
}

/* ---- counting -------------------------------------------------------------------------------- */

void dbk_figures_count(dbk_figures *f, size_t part, size_t row, dbk_figures_when when)
{
    dbk_figures_part *p = &f->parts[part];
    DBK_ASSERT(row < p->rows_count);
    p->rows[row].cells[when].n++;
}

void dbk_figures_end(dbk_figures *f, size_t part, dbk_figures_when when)
{
    dbk_figures_part *p = &f->parts[part];
    p->total[when].n++;
    p->classified[when] = p->total[when].n - p->rows[0].cells[when].n;
}

/* ---- small numbers --------------------------------------------------------------------------- */

static dbk_cells cells_of(const dbk_figures_part *p, size_t when)
{
    return (dbk_cells){ &p->rows[0].cells[when], p->rows_count, sizeof(p->rows[0]) };
}

static void hide_whole(dbk_figures_part *p, size_t when)
{
    const dbk_cells cells = cells_of(p, when);
    p->total[when].hidden = true;
    dbk_cells_hide_all(&cells);
}

/* Where the total, or the rows, would give a small number away nothing of it is told. */
static void hide_part(dbk_figures_part *p, size_t when)
{
    const dbk_cells cells = cells_of(p, when);
    bool safe = dbk_cells_hide(&cells);
    if (!safe || dbk_cell_is_small(&p->total[when]))
        hide_whole(p, when);
}

static dbk_cell *above_of(dbk_figures *f, const dbk_figures_part *p, size_t when)
{
    return p->above == DBK_FIGURES_NONE ? NULL : &f->parts[p->above].rows[p->above_row].cells[when];
}

void dbk_figures_hide_small(dbk_figures *f)
{
    for (size_t when = 0; when < DBK_FIGURES_TIMES; when++) {
        for (size_t i = 0; i < f->parts_count; i++) {
            dbk_cell *above = above_of(f, &f->parts[i], when);
            if (above == NULL)
                continue;
            hide_part(&f->parts[i], when);
            above->hidden = above->hidden || f->parts[i].total[when].hidden;
        }
        for (size_t i = 0; i < f->parts_count; i++)
            if (f->parts[i].above == DBK_FIGURES_NONE)
                hide_part(&f->parts[i], when);
        for (size_t i = 0; i < f->parts_count; i++) {
            const dbk_cell *above = above_of(f, &f->parts[i], when);
            if (above != NULL && above->hidden)
                hide_whole(&f->parts[i], when);
        }
    }
}

/* ---- the self-check -------------------------------------------------------------------------- */

dbk_rc dbk_figures_check(const dbk_figures *f, dbk_err *err)
{
    for (size_t i = 0; i < f->parts_count; i++) {
        const dbk_figures_part *p = &f->parts[i];
        for (size_t when = 0; when < DBK_FIGURES_TIMES; when++) {
            const dbk_cells cells = cells_of(p, when);
            uint64_t rows = p->several ? p->classified[when] + p->rows[0].cells[when].n
                                       : dbk_cells_sum(&cells);
            if (rows != p->total[when].n)
                return dbk_fail(err, DBK_DAMAGED, "%s: the rows make %llu, the total is %llu",
                                p->code, (unsigned long long)rows,
                                (unsigned long long)p->total[when].n);
        }
    }
    return DBK_OK;
}
