#include "core/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct rc_row {
    const char *name;
    int exit_status;
    const char *text;
} rc_row;

#define DBK_RC_ROW(name, exit_status, text) { #name, exit_status, text },
static const rc_row rows[DBK_RC_COUNT] = { DBK_RC_TABLE(DBK_RC_ROW) };
#undef DBK_RC_ROW

static const rc_row *row_of(dbk_rc rc)
{
    DBK_ASSERT((unsigned)rc < DBK_RC_COUNT);
    return &rows[rc];
}

dbk_rc dbk_fail(dbk_err *err, dbk_rc rc, const char *fmt, ...)
{
    DBK_ASSERT(rc != DBK_OK);
    if (err == NULL || err->rc != DBK_OK)
        return rc;
    err->rc = rc;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    return rc;
}

void dbk_err_clear(dbk_err *err)
{
    if (err != NULL)
        memset(err, 0, sizeof(*err));
}

const char *dbk_rc_name(dbk_rc rc)
{
    return row_of(rc)->name;
}

const char *dbk_rc_text(dbk_rc rc)
{
    return row_of(rc)->text;
}

int dbk_rc_exit_status(dbk_rc rc)
{
    return row_of(rc)->exit_status;
}

void dbk_assert_failed(const char *cond, const char *file, int line)
{
    char text[256];
    int n = snprintf(text, sizeof(text), "daybook: broken assumption %s at %s:%d\n", cond, file,
                     line);
    /* Nothing more can be done about a failing write: the next call ends the program. */
    if (n > 0)
        (void)!write(STDERR_FILENO, text,
                     (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
    abort();
}
