#include "core/practice/cells.h"

/* Above the sum of as many ones: so far apart are what hidden numbers may be and what they are. */
#define SLACK (DBK_CELLS_SMALL - 1u)

bool dbk_cell_is_small(const dbk_cell *cell)
{
    return cell->n > 0 && cell->n < DBK_CELLS_SMALL;
}

static dbk_cell *cell_at(const dbk_cells *cells, size_t i)
{
    return (dbk_cell *)(void *)((char *)cells->first + i * cells->stride);
}

uint64_t dbk_cells_sum(const dbk_cells *cells)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < cells->count; i++)
        sum += cell_at(cells, i)->n;
    return sum;
}

/* The smallest that is shown and isn't zero; NULL: there is none. */
static dbk_cell *smallest_shown(const dbk_cells *cells)
{
    dbk_cell *found = NULL;
    for (size_t i = 0; i < cells->count; i++) {
        dbk_cell *cell = cell_at(cells, i);
        if (!cell->hidden && cell->n > 0 && (found == NULL || cell->n < found->n))
            found = cell;
    }
    return found;
}

/* The sum of what is hidden is known from the total: one alone, and several that must each be one,
 * would be given away. */
bool dbk_cells_hide(const dbk_cells *cells)
{
    uint64_t hidden = 0, sum = 0;
    for (size_t i = 0; i < cells->count; i++) {
        hidden += cell_at(cells, i)->hidden;
        sum += cell_at(cells, i)->hidden ? cell_at(cells, i)->n : 0;
    }
    for (;;) {
        dbk_cell *next = smallest_shown(cells);
        bool safe = hidden == 0 || (hidden > 1 && sum >= hidden + SLACK);
        if (safe && (next == NULL || !dbk_cell_is_small(next)))
            return true;
        if (next == NULL)
            return false;
        next->hidden = true;
        hidden++;
        sum += next->n;
    }
}

void dbk_cells_hide_all(const dbk_cells *cells)
{
    for (size_t i = 0; i < cells->count; i++)
        cell_at(cells, i)->hidden = cell_at(cells, i)->n > 0;
}
