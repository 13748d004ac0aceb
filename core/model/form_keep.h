/* core/model/form_keep.h - a later version of a form may add, and say things otherwise; it may not
 * protect less. What was asked stays asked, as the kind it was, by the rule it had.
 * In the newer version, of everything that the older one has:
 *   the form      a record that could be signed still can
 *   each field    is there, of the same kind, in the same group, with the same conditions; needed
 *                 as much; health and routes stay marked; not writable after the signature if it
 *                 wasn't; each answer is there
 *   each group    has the same rule; what only the author may write stays so; what took a reason
 *                 to lower still does
 *   cautious      the same default, and the same order of all answers that both have
 * And each field for a phone, an email or an address that is new is marked as a route: what reaches
 * a person is shown after the safe-contact rule (P6). */
#ifndef DBK_MODEL_FORM_KEEP_H
#define DBK_MODEL_FORM_KEEP_H

#include "core/model/form.h"

/* DBK_DENIED: names the field and what it would lose. Both are of one name. */
DBK_MUST_CHECK dbk_rc dbk_form_keeps(const dbk_form *newer, const dbk_form *older, dbk_err *err);

#endif
