/* core/practice/contact.h - what is judged of a family contact before it is saved: what was told
 * against what the lead holds back (FL-3, FL-5), the first visit (FL-7), whose side of the family
 * it is of (FL-12), and what the first contact has to say of how they were and what they need
 * (FL-13). And which version of the strategy it was worked to, where the entry doesn't say so
 * itself (FL-3).
 * Knows:  forms contact, case, risk_assessment, person.
 * Never:  writing; deciding what may be told: that is the lead's.
 * In force is the newest version of the case's strategy whose approval headquarters wrote
 * (core/practice/held.h). What isn't held or isn't readable here is not known, and stops nothing.
 * Topics are compared without regard to case, accents and script (core/model/likeness.h). */
#ifndef DBK_PRACTICE_CONTACT_H
#define DBK_PRACTICE_CONTACT_H

#include "core/journal/journal.h"

/* A dbk_practice_fn; other forms than `contact` pass. A topic that was told and is held back is a
 * problem until the entry says on whose authority it was told; an account that speaks of one is a
 * warning, as words don't tell what was said of it. */
DBK_MUST_CHECK dbk_rc dbk_contact_judge(dbk_problems *problems, const dbk_intent *proposed,
                                        dbk_err *err);

#endif
