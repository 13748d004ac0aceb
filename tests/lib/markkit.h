/* tests/lib/markkit.h - an officer's store with a mark outside of it, and copies of both that are
 * put back. Failures stop the test. */
#ifndef DBK_TESTS_LIB_MARKKIT_H
#define DBK_TESTS_LIB_MARKKIT_H

#include "core/journal/book_internal.h"
#include "tests/lib/org.h"

typedef struct markkit {
    dbk_test_org org;
    dbk_test_book *anne; /* an officer, with a mark */
    char marks[DBK_TEST_PATH_SIZE];
    char kept[DBK_TEST_PATH_SIZE]; /* where copies go */
} markkit;

void mark_begin(markkit *s);
void mark_end(markkit *s);
void mark_shut(markkit *s);
/* Closes the store, copies it, and opens it again. */
void mark_back_up(markkit *s);
/* Puts the copy in the place of the store, which must be closed. */
void mark_put_back(markkit *s);
/* The path of one of the two files of the mark; borrowed as dbk_test_path(). */
const char *mark_path(markkit *s, unsigned which);
void mark_note(markkit *s); /* a note in the space */
dbk_mark_found mark_found(const markkit *s);
const dbk_book_feed *mark_open_feed(const markkit *s);
/* The next note goes into a feed that nobody has signed in. */
void mark_expect_renewed(markkit *s, const dbk_id *old);

/* Whole files; one that isn't there is empty. copy: of none there is none. */
dbk_bytes mark_read_file(const char *path);
void mark_write_file(const char *path, dbk_span in);
void mark_copy_file(const char *to, const char *from);
/* No file can grow beyond this, as on a full disk; 0: no limit again. */
void mark_limit_files(uint64_t bytes);

#endif
