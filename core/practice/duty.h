/* core/practice/duty.h - the mandatory duty to report FGM: who has it, and when a report of it may
 * be called one (domain.md 2.3).
 * Knows:  forms fgm_report, person.
 * Never:  writing; whether a child is in danger: a report without the duty counts as much. */
#ifndef DBK_PRACTICE_DUTY_H
#define DBK_PRACTICE_DUTY_H

#include "core/journal/journal.h"
#include "core/practice/reading.h"

/* A dbk_practice_fn; other forms pass. Refused, by a change that brings it about: a duty from
 * another's word than the girl's, and for somebody who was 18. Warned of: a reporter whose
 * profession has none, an age that isn't exact, and a late report without a reason. */
DBK_MUST_CHECK dbk_rc dbk_duty_judge(dbk_problems *problems, const dbk_intent *proposed,
                                     dbk_err *err);

/* Does this fgm_report stand under the duty? Never on a parent's word, whatever else it says. */
DBK_MUST_CHECK dbk_rc dbk_duty_holds(bool *duty, dbk_reading *report, dbk_err *err);

#endif
