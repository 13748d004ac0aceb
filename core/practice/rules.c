#include "core/practice/rules.h"

#include "core/practice/answer.h"
#include "core/practice/assessment.h"
#include "core/practice/contact.h"
#include "core/practice/deployment.h"
#include "core/practice/duty.h"
#include "core/practice/intelligence.h"
#include "core/practice/intervention.h"
#include "core/practice/marking.h"
#include "core/practice/referral.h"
#include "core/practice/retention.h"
#include "core/practice/schedule.h"

static const dbk_practice_fn rules[] = {
    dbk_contact_judge,           dbk_answer_judge,
    dbk_assessment_judge,        dbk_deployment_judge,
    dbk_deployment_judge_action, dbk_intervention_judge,
    dbk_referral_judge,          dbk_duty_judge,
    dbk_retention_judge,         dbk_schedule_judge,
    dbk_intelligence_judge,      dbk_marking_judge,
};

dbk_rc dbk_rules_judge(dbk_problems *problems, const dbk_intent *proposed, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && rc == DBK_OK; i++)
        rc = rules[i](problems, proposed, err);
    return rc;
}
