#include "core/model/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"

static const char too_many[] = "There are more problems than can be shown here.";

static char *format(const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    DBK_ASSERT(len >= 0);
    char *text = dbk_alloc((size_t)len + 1);
    if (text != NULL)
        (void)vsnprintf(text, (size_t)len + 1, fmt, args);
    return text;
}

/* Takes field and text, also when it fails. */
static dbk_rc push(dbk_problems *p, dbk_severity severity, char *field, char *text, dbk_err *err)
{
    dbk_problem *rows = NULL;
    if (field != NULL && text != NULL)
        rows = dbk_realloc(p->rows, (p->count + 1) * sizeof(p->rows[0]));
    if (rows == NULL) {
        dbk_free(field);
        dbk_free(text);
        return dbk_fail(err, DBK_NOMEM, "no memory for a list of problems");
    }
    p->rows = rows;
    p->rows[p->count++] = (dbk_problem){ severity, field, text };
    return DBK_OK;
}

dbk_rc dbk_problems_add(dbk_problems *p, dbk_severity severity, const char *field, dbk_err *err,
                        const char *fmt, ...)
{
    DBK_ASSERT(p->count <= DBK_PROBLEMS_MAX);
    if (p->count == DBK_PROBLEMS_MAX) {
        /* A fault that can't be shown still counts: it must never look like a warning. */
        dbk_problem *last = &p->rows[p->count - 1];
        if (severity == DBK_PROBLEM && last->severity == DBK_WARNING) {
            last->severity = DBK_PROBLEM;
            p->faults++;
        }
        return DBK_OK;
    }
    dbk_rc rc;
    if (p->count == DBK_PROBLEMS_MAX - 1) {
        rc = push(p, severity, dbk_strdup(""), dbk_strdup(too_many), err);
    } else {
        va_list args;
        va_start(args, fmt);
        char *text = format(fmt, args);
        va_end(args);
        rc = push(p, severity, dbk_strdup(field), text, err);
    }
    if (rc == DBK_OK && severity == DBK_PROBLEM)
        p->faults++;
    return rc;
}

void dbk_problems_wipe(dbk_problems *p)
{
    for (size_t i = 0; i < p->count; i++) {
        dbk_free(p->rows[i].field);
        dbk_free(p->rows[i].text);
    }
    dbk_free(p->rows);
    *p = (dbk_problems){ 0 };
}
