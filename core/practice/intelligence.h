/* core/practice/intelligence.h - what may be done with graded intelligence (3x5x2, domain.md 2.10):
 * to whom it may go, and where its source may be written down.
 * Knows:  forms intel_report, intervention (its grade), source; whether a space is restricted.
 * Never:  grading, wording of a report, deciding who may see it: its conditions say so, by name.
 * What isn't graded, or graded by a code that isn't known here, goes to nobody. */
#ifndef DBK_PRACTICE_INTELLIGENCE_H
#define DBK_PRACTICE_INTELLIGENCE_H

#include "core/journal/journal.h"
#include "core/practice/reading.h"

/* May this record be given to that recipient (NULL: nobody said who gets it)? By its handling code:
 * P to anybody who lawfully may have it, C only to whom `may_see` names. A source goes to nobody
 * who is named. Other records: yes. */
DBK_MUST_CHECK dbk_rc dbk_intelligence_may_go(bool *may, const dbk_note *note,
                                              const char *recipient, dbk_err *err);

/* A dbk_practice_fn; other forms pass. Refused, by a change that brings it about: a source outside
 * of a restricted space; a report in the same space as its source, where whoever reads the one
 * reads the other; and a handing over to somebody whom the conditions don't name. */
DBK_MUST_CHECK dbk_rc dbk_intelligence_judge(dbk_problems *problems, const dbk_intent *proposed,
                                             dbk_err *err);

#endif
