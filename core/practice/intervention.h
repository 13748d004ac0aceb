/* core/practice/intervention.h - what is judged of an airport intervention before it is saved:
 * where it lies. A family that was chosen because of intelligence belongs into a restricted space
 * (LL-3); so does what was disclosed.
 * Knows:  form intervention; whether a space is restricted.
 * Never:  which subject a space is for: that is its name, by people. */
#ifndef DBK_PRACTICE_INTERVENTION_H
#define DBK_PRACTICE_INTERVENTION_H

#include "core/journal/journal.h"

/* A dbk_practice_fn; other forms pass. Intelligence as the basis is refused in an ordinary space,
 * where everybody reads it, by a change that says so; what stood so before stops no other change.
 * A disclosure there is warned of: it is written down on the spot, wherever that is. */
DBK_MUST_CHECK dbk_rc dbk_intervention_judge(dbk_problems *problems, const dbk_intent *proposed,
                                             dbk_err *err);

#endif
