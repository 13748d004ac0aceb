/* tests/lib/evidencekit.h - what books of a world hold as evidence, and notes that make some.
 * Failures stop the test. */
#ifndef DBK_TESTS_LIB_EVIDENCEKIT_H
#define DBK_TESTS_LIB_EVIDENCEKIT_H

#include "core/journal/evidence.h"
#include "tests/lib/forge.h"
#include "tests/lib/inboxkit.h"

typedef struct evidencekit_items {
    size_t count;
    dbk_evidence rows[8];
} evidencekit_items;
evidencekit_items evidencekit_of(dbk_book *book);
void evidencekit_nothing(world *w); /* nobody holds any */

/* The next note of a forged feed; and into the log with it. */
void evidencekit_note(world *w, forge *f);
void evidencekit_log(world *w, const forge *f);
/* run: segments at once. */
void evidencekit_pull(world *w, size_t who, uint32_t run);

/* The file of one; the caller wipes it. */
dbk_bytes evidencekit_export(dbk_book *book, uint64_t id);
/* Whoever has the root key sees the same in the file. */
void evidencekit_checks(dbk_book *book, const dbk_evidence *item);

/* BEN's notes into the log, so many. */
void evidencekit_fill(world *w, size_t count);
/* The same log in another view: its entries from there on came at other times. */
void evidencekit_other_view(world *w, uint64_t from);
/* who is shown the relay's note of that size. */
void evidencekit_show_note(world *w, size_t who, uint64_t size);

#endif
