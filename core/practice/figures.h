/* core/practice/figures.h - a table of figures of a period beside the period before it: parts, each
 * a total and the rows that it falls into.
 * Knows:  each part has a row for what fits no other, and its rows add up (B79): they do in a part
 *         that counts each record once; where a record may stand in several rows, those that stand
 *         in any and those that stand in none do.
 * Never:  what is counted, wording. Memory is that of its rows, not of the records. */
#ifndef DBK_PRACTICE_FIGURES_H
#define DBK_PRACTICE_FIGURES_H

#include "core/model/form.h"
#include "core/practice/cells.h"

#define DBK_FIGURES_PARTS_MAX 1024u
#define DBK_FIGURES_ROWS_MAX 4096u /* of one part */
#define DBK_FIGURES_NONE SIZE_MAX

typedef enum dbk_figures_when {
    DBK_FIGURES_NOW,
    DBK_FIGURES_BEFORE,
    DBK_FIGURES_TIMES
} dbk_figures_when;

typedef struct dbk_figures_row {
    char *code; /* NULL: what fits no other row, which is row 0 of its part */
    char *label;
    dbk_cell cells[DBK_FIGURES_TIMES];
} dbk_figures_row;

typedef struct dbk_figures_part {
    char *code, *label;
    bool several; /* a record may stand in several rows */
    /* The part whose row this part's total stands in too, and that row; or DBK_FIGURES_NONE. */
    size_t above, above_row;
    dbk_figures_row *rows;
    size_t rows_count, room;
    dbk_cell total[DBK_FIGURES_TIMES];
    uint64_t classified[DBK_FIGURES_TIMES]; /* records that stand in a row with a code */
} dbk_figures_part;

typedef struct dbk_figures {
    dbk_figures_part *parts;
    size_t parts_count, room;
} dbk_figures;
void dbk_figures_init(dbk_figures *f);
void dbk_figures_wipe(dbk_figures *f);

/* A part with its row 0, of that label. Texts are copied. */
typedef struct dbk_figures_new {
    const char *code, *label, *unclassified;
    bool several;
    size_t above, above_row;
} dbk_figures_new;
DBK_MUST_CHECK dbk_rc dbk_figures_part_add(dbk_figures *f, size_t *part, const dbk_figures_new *of,
                                           dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_figures_row_add(dbk_figures *f, size_t part, const char *code,
                                          const char *label, dbk_err *err);
/* A row for each code of a field; NULL: none. */
DBK_MUST_CHECK dbk_rc dbk_figures_rows_of(dbk_figures *f, size_t part, const dbk_field *field,
                                          dbk_err *err);
/* The row of a code; 0: it fits none. */
size_t dbk_figures_row_of(const dbk_figures *f, size_t part, dbk_span code);

/* Counts one record in a part: first once in each of its rows, then as a whole. */
void dbk_figures_count(dbk_figures *f, size_t part, size_t row, dbk_figures_when when);
void dbk_figures_end(dbk_figures *f, size_t part, dbk_figures_when when);

/* For whoever is outside of the force: dbk_cells_hide() in every part and both times; and a total
 * that stands in a row above is hidden where that row is, and the other way round. */
void dbk_figures_hide_small(dbk_figures *f);
/* DBK_DAMAGED: a part's rows don't add up to its total. */
DBK_MUST_CHECK dbk_rc dbk_figures_check(const dbk_figures *f, dbk_err *err);

#endif
