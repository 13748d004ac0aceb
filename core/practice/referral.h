/* core/practice/referral.h - what is judged of a referral before it is saved: consent, and the
 * routing rules with what the book knows of its person and case.
 * Knows:  forms referral, person, case, risk_assessment; the rules (core/practice/routing.h).
 * Never:  writing; where the rules come from.
 * What isn't held or isn't readable here is not known, and is told as that. */
#ifndef DBK_PRACTICE_REFERRAL_H
#define DBK_PRACTICE_REFERRAL_H

#include "core/journal/journal.h"
#include "core/practice/routing.h"

/* Facts about a person, a case or both, as a rule asks them. Wipe it. */
typedef struct dbk_referral_facts {
    dbk_route_facts route; /* borrowed from text */
    dbk_bytes text;
} dbk_referral_facts;
typedef struct dbk_referral_about {
    dbk_id person, case_id; /* zero: none. The case of the person's record counts where none is */
    dbk_span risk_band;     /* as the referral says it: a graver assessment counts in its place */
    dbk_span la_area;       /* empty: the case's */
    dbk_span on;            /* the day of the referral: its age counts where the case has no day */
} dbk_referral_about;
DBK_MUST_CHECK dbk_rc dbk_referral_facts_of(dbk_referral_facts *out, dbk_book *book,
                                            const dbk_referral_about *about, dbk_err *err);
void dbk_referral_facts_wipe(dbk_referral_facts *f);

/* A dbk_practice_fn (core/journal/journal.h); other forms than `referral` pass. A referral that is
 * made needs consent; a refusal stops what isn't safeguarding, whatever the reason; a hard rule
 * stops another way until override_reason is given. Advice, gaps and what may hold are warnings, as
 * is what would stop it before anything was decided: a draft can always be saved. */
DBK_MUST_CHECK dbk_rc dbk_referral_judge(dbk_problems *problems, const dbk_intent *proposed,
                                         dbk_err *err);

#endif
