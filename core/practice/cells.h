/* core/practice/cells.h - numbers of a table that may leave the force, and which of them must be
 * hidden so that nobody is told by them (B24). Pure.
 * Never:  wording, what is counted. */
#ifndef DBK_PRACTICE_CELLS_H
#define DBK_PRACTICE_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Below it a number may tell who is meant. */
#define DBK_CELLS_SMALL 5u

typedef struct dbk_cell {
    uint64_t n;
    bool hidden; /* then n must not be shown */
} dbk_cell;
bool dbk_cell_is_small(const dbk_cell *cell);

/* The cells that one total is broken down into, each so many bytes behind the one before. */
typedef struct dbk_cells {
    dbk_cell *first;
    size_t count, stride;
} dbk_cells;
uint64_t dbk_cells_sum(const dbk_cells *cells);
/* Hides small numbers, and as many others as it takes so that nobody can work them out from the
 * total; what is hidden already stays so. false: there is nothing left to hide them among. */
bool dbk_cells_hide(const dbk_cells *cells);
/* All but those that are none. */
void dbk_cells_hide_all(const dbk_cells *cells);

#endif
