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

/* A text that was cut short may end within a character: takes the torn one off, so that the text
 * is still UTF-8 wherever it is printed. */
static void cut_to_characters(char *text)
{
    size_t len = strlen(text);
    size_t lead = len;
    while (lead > 0 && ((unsigned char)text[lead - 1] & 0xc0u) == 0x80u)
        lead--;
    if (lead == 0)
        return;
    unsigned char first = (unsigned char)text[lead - 1];
    size_t want = first >= 0xf0u ? 4 : first >= 0xe0u ? 3 : first >= 0xc0u ? 2 : 1;
    if (len - (lead - 1) < want)
        text[lead - 1] = '\0';
}

dbk_rc dbk_fail(dbk_err *err, dbk_rc rc, const char *fmt, ...)
{
    DBK_ASSERT(rc != DBK_OK);
    if (err == NULL || err->rc != DBK_OK)
        return rc;
    err->rc = rc;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    if (n >= (int)sizeof(err->text))
        cut_to_characters(err->text);
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
        (void)!write(STDERR_FILENO, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
    abort();
}
