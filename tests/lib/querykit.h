/* tests/lib/querykit.h - what a list or a search gives, kept. Failures stop the test. */
#ifndef DBK_TESTS_LIB_QUERYKIT_H
#define DBK_TESTS_LIB_QUERYKIT_H

#include "core/journal/query.h"
#include "tests/lib/inboxkit.h"

#define ROWS_MAX 64u

/* row's own texts are gone with the call: they are copied beside it. */
typedef struct rows {
    size_t count;
    dbk_id record[ROWS_MAX];
    char summary[ROWS_MAX][96], snippet[ROWS_MAX][256], form[ROWS_MAX][32];
    dbk_row row[ROWS_MAX];
} rows;
/* ctx is the rows. */
dbk_rc rows_take(void *ctx, const dbk_row *row, dbk_err *err);

dbk_id world_add(world *w, size_t who, const char *form, const char *const *fields);

#endif
