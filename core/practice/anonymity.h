/* core/practice/anonymity.h - the lifelong anonymity of victims of FGM (FGM Act 2003, section 4A;
 * domain.md 2.3): which records tell of one, and what of those can be told without saying who.
 * Knows:  what tags a person: their own compartments, a case of FGM that they have a part in, a
 *         report, an intervention, an FGM protection order, an intelligence report, a referral or a
 *         marker about it; and records of the same person.
 * Never:  who may have the whole: a recipient that holds the space's key (cli/cmd_export.c).
 * Whoever has a part in such a case is protected: who the mother is says who the girl is. And all
 * that stands in a restricted space is. What isn't held here isn't known, so what goes outside is
 * best made at headquarters. Of free text nothing is told: a name may stand anywhere in it. */
#ifndef DBK_PRACTICE_ANONYMITY_H
#define DBK_PRACTICE_ANONYMITY_H

#include "core/practice/reading.h"

#define DBK_ANONYMITY_MAX 262144u /* persons and cases */

typedef struct dbk_anonymity dbk_anonymity;
/* Of all that may be read here. The caller frees *out: dbk_anonymity_free(). */
DBK_MUST_CHECK dbk_rc dbk_anonymity_new(dbk_anonymity **out, dbk_book *book, dbk_err *err);
void dbk_anonymity_free(dbk_anonymity *a);

/* Is it of a protected person or case, or does it refer to one? */
DBK_MUST_CHECK dbk_rc dbk_anonymity_touches(const dbk_anonymity *a, bool *touches,
                                            const dbk_note *note, dbk_err *err);

/* Of such a record only these are told: codes, yes or no, and numbers that aren't sensitive. Of
 * objects those of their sub-fields; and a code only if the field has it. */
bool dbk_anonymity_tells(const dbk_field *field);
bool dbk_anonymity_tells_code(const dbk_field *field, dbk_span code);

#endif
