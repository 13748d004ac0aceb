/* core/practice/answer.h - which of the things that a family brought up an answer is to (FL-6): it
 * must be there, and somebody who answers by the command line must find it open.
 * Knows:  form contact; items as core/practice/family.h numbers them.
 * Never:  writing, wording of answers. */
#ifndef DBK_PRACTICE_ANSWER_H
#define DBK_PRACTICE_ANSWER_H

#include "core/journal/journal.h"
#include "core/practice/family.h"

/* What is answered: texts are copied. */
typedef struct dbk_answered {
    dbk_family_kind kind;
    unsigned number;
    dbk_bytes text;
} dbk_answered;
void dbk_answered_wipe(dbk_answered *a);
/* of: the kind's name, or NULL: the only one of the entry that is open. number: 0 means 1.
 * DBK_NOT_FOUND: no contact, or it has no such item; DBK_INVALID: several are open, or no such
 * kind; DBK_CONFLICT: it has its answer already. */
DBK_MUST_CHECK dbk_rc dbk_answer_find(dbk_answered *out, const dbk_note *contact, const char *of,
                                      unsigned number, dbk_err *err);

/* A dbk_practice_fn; other forms pass. An answer to what the entry doesn't hold is a problem. */
DBK_MUST_CHECK dbk_rc dbk_answer_judge(dbk_problems *problems, const dbk_intent *proposed,
                                       dbk_err *err);

#endif
