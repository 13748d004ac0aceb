/* core/model/problem.h - everything that is wrong with an input, all at once.
 * Each row is one sentence in the officer's words that begins with the field's label. */
#ifndef DBK_MODEL_PROBLEM_H
#define DBK_MODEL_PROBLEM_H

#include "core/base/bytes.h"

#define DBK_PROBLEMS_MAX 200u

typedef enum dbk_severity { DBK_WARNING, DBK_PROBLEM } dbk_severity;

typedef struct dbk_problem {
    dbk_severity severity;
    char *field; /* name, with a path for parts: "told[2].topic" */
    char *text;  /* one sentence */
} dbk_problem;

typedef struct dbk_problems {
    dbk_problem *rows;
    size_t count;
    size_t faults; /* rows that are DBK_PROBLEM */
} dbk_problems;    /* { 0 } is empty */

/* Over the cap the row is dropped and the last row says that there are more. */
DBK_MUST_CHECK dbk_rc dbk_problems_add(dbk_problems *p, dbk_severity severity, const char *field,
                                       dbk_err *err, const char *fmt, ...) DBK_PRINTF(5, 6);
void dbk_problems_wipe(dbk_problems *p);

#endif
