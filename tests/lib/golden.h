/* tests/lib/golden.h - golden vectors: JSON files under tests/vectors that hold, as text, what the
 * code must produce byte for byte on every machine and in every version to come. A test builds the
 * text anew and compares. To write them (a format change, with its line in docs/FORMAT.md):
 *     DAYBOOK_VECTORS=write build/asan/bin/unit/unit_vectors        (or unit_vectors_chain)
 * from the root of the tree. Also the tiny corpora of tests/fuzz, made and compared alike. */
#ifndef DBK_TESTS_LIB_GOLDEN_H
#define DBK_TESTS_LIB_GOLDEN_H

#include "core/base/bytes.h"

/* One flat JSON object of strings, in the order in which they are put. */
typedef struct golden {
    const char *path; /* from the root of the tree */
    dbk_bytes text;
} golden;

void golden_begin(golden *g, const char *path);
void golden_text(golden *g, const char *name, const char *text); /* ASCII without quotes */
void golden_hex(golden *g, const char *name, dbk_span bytes);
/* Compares with the file and fails the test at the first line that differs; or writes the file. */
void golden_end(golden *g);

/* The same for a file of raw bytes. */
void golden_file(const char *path, dbk_span bytes);

#endif
