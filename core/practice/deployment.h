/* core/practice/deployment.h - what is judged of a deployment before it is saved: an approved
 * strategy and an exit plan before it is active, support in place before it ends (FL-4), how many
 * deployments one officer bears (FL-8); and that no liaison officer of a family in which a suspect
 * may be is sent to search or to arrest (FL-5), whether the action or the suspicion came first.
 * Knows:  forms case, officer, action.
 * Never:  writing; who may approve: that stands in the strategy, in headquarters' word.
 * What isn't held or isn't readable here is not known, and stops nothing. */
#ifndef DBK_PRACTICE_DEPLOYMENT_H
#define DBK_PRACTICE_DEPLOYMENT_H

#include "core/journal/journal.h"
#include "core/practice/reading.h"

/* dbk_practice_fn; other forms pass. A change that brings a fault about is refused; what stood so
 * before doesn't stop another change. */
DBK_MUST_CHECK dbk_rc dbk_deployment_judge(dbk_problems *problems, const dbk_intent *proposed,
                                           dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_deployment_judge_action(dbk_problems *problems,
                                                  const dbk_intent *proposed, dbk_err *err);

/* Deployments that are not over, of which this officer is the liaison officer. */
DBK_MUST_CHECK dbk_rc dbk_deployment_caseload(dbk_book *book, uint64_t *count,
                                              const dbk_id *officer, dbk_err *err);

/* Actions to search or arrest, still to be done, whose owner is the liaison officer or deputy of a
 * family in which a suspect may be (FL-5): the suspicion, or the officer, came after the action.
 * case_id NULL: of all cases. Borrowed for the callback. */
typedef dbk_rc (*dbk_deployment_clash_fn)(void *ctx, const dbk_row *action, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_deployment_clashes(dbk_book *book, const dbk_id *case_id,
                                             dbk_deployment_clash_fn fn, void *ctx, dbk_err *err);

#endif
