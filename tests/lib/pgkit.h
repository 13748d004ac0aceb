/* tests/lib/pgkit.h - a database for tests that stands in DBK_TEST_DSN, and statements into it. No
 * cmocka in here. */
#ifndef DBK_TESTS_LIB_PGKIT_H
#define DBK_TESTS_LIB_PGKIT_H

#include <stddef.h>

/* Drops what a relay made in it. */
void pgkit_clear(const char *dsn);
/* Runs SQL that has to succeed; the first column of the first row, or "", goes to out. */
void pgkit_ask(const char *dsn, const char *sql, char *out, size_t size);

#endif
