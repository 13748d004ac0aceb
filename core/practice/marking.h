/* core/practice/marking.h - what is marked SECRET or above isn't kept here (domain.md 2.8).
 * The field `marking` has no code for it; this looks at texts that were pasted with their marking.
 * Never:  judging what a text is worth: a line that is the marking and nothing else counts. */
#ifndef DBK_PRACTICE_MARKING_H
#define DBK_PRACTICE_MARKING_H

#include "core/journal/journal.h"

/* Does one of its lines say SECRET or TOP SECRET and nothing else, but what follows a marking
 * ("SECRET // ...", "SECRET - ...", "[SECRET]")? In capitals, as markings are. */
bool dbk_marking_is_secret(dbk_span text);

/* A dbk_practice_fn: such a text is refused, in texts and in lists of texts. What stood so before
 * stops no other change. */
DBK_MUST_CHECK dbk_rc dbk_marking_judge(dbk_problems *problems, const dbk_intent *proposed,
                                        dbk_err *err);

#endif
