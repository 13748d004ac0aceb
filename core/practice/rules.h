/* core/practice/rules.h - the rules of the work that records are held against before they are
 * saved, all of them: for dbk_journal_heed(). Each is in the module of its form. */
#ifndef DBK_PRACTICE_RULES_H
#define DBK_PRACTICE_RULES_H

#include "core/journal/journal.h"

/* A dbk_practice_fn. */
DBK_MUST_CHECK dbk_rc dbk_rules_judge(dbk_problems *problems, const dbk_intent *proposed,
                                      dbk_err *err);

#endif
