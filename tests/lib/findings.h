/* tests/lib/findings.h - what a book has found of two histories, as a test looks at it. */
#ifndef TESTS_LIB_FINDINGS_H
#define TESTS_LIB_FINDINGS_H

#include "core/journal/evidence.h"

typedef struct items {
    size_t count;
    dbk_evidence rows[8];
} items;
items evidence_of(dbk_book *book);
/* The first of this kind; NULL: none. */
const dbk_exhibit_shows *of_kind(const items *all, dbk_exhibit_kind kind);
/* Its file, as whoever holds nothing but the root key reads it. */
dbk_exhibit_shows read_by_expert(dbk_book *book, uint64_t id);

#endif
