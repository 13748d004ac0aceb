/* tests/lib/cells.h - what stands in the tables of a store, whatever they are. */
#ifndef DBK_TESTS_LIB_CELLS_H
#define DBK_TESTS_LIB_CELLS_H

#include "core/journal/book.h"

/* In how many cells of the whole store do these bytes stand? The index of words keeps none. */
size_t cells_with(dbk_book *of, dbk_span bytes);

#endif
