#include "core/practice/duty.h"

#include <string.h>

#include "core/base/text.h"
#include "core/practice/routing.h"
#include "core/practice/working_day.h"

#define FORM "fgm_report"
#define DATE_CHARS 10u
#define ADULT 18
#define WITHIN_DAYS 1u /* what the warning at saving goes by; reports go by the table of clocks */

static bool says(const dbk_intent *p, dbk_current_fn value, const char *field, const char *code)
{
    return dbk_element_is(value(p->ctx, field), code);
}

static bool is_duty(const dbk_intent *p, dbk_current_fn value)
{
    dbk_cbor c = dbk_cbor_from(value(p->ctx, "mandatory"));
    return dbk_cbor_peek(&c) == DBK_CBOR_SIMPLE && dbk_cbor_get_simple(&c) == DBK_CBOR_TRUE;
}

static bool by_others_word(const dbk_intent *p, dbk_current_fn value)
{
    return is_duty(p, value) &&
           (says(p, value, "known_from", "parent") || says(p, value, "known_from", "other"));
}

/* ---- her age --------------------------------------------------------------------------------- */

static dbk_rc age_then(dbk_age *age, const dbk_intent *p, dbk_current_fn value, dbk_err *err)
{
    dbk_reading r;
    char on[DBK_TIME_TEXT_SIZE], dob[DBK_TIME_TEXT_SIZE] = "";
    dbk_span text = { NULL, 0 };
    int64_t at_ms;
    dbk_id subject = dbk_element_id(value(p->ctx, "subject"));
    *age = (dbk_age){ .known = false };
    if (dbk_moment_parse(&at_ms, dbk_cbor_text_of(value(p->ctx, "identified_at")), NULL) != DBK_OK)
        return DBK_OK;
    dbk_rc rc = dbk_reading_find(&r, p->book, &subject, err);
    if (rc == DBK_OK && r.note != NULL)
        rc = dbk_reading_text(&r, &text, "dob", err);
    if (rc == DBK_OK && text.len == DATE_CHARS) {
        memcpy(dob, text.p, DATE_CHARS);
        dbk_time_print(on, dbk_uk_day(at_ms) * DBK_DAY_MS);
        rc = dbk_reading_text(&r, &text, "dob_precision", err);
        if (rc == DBK_OK)
            *age = dbk_age_on(dbk_span_of(dob, DATE_CHARS), text, dbk_span_of(on, DATE_CHARS));
    }
    dbk_reading_wipe(&r);
    return rc;
}

static dbk_rc judge_age(dbk_problems *problems, const dbk_intent *p, dbk_err *err)
{
    dbk_age age, before = { .known = false };
    dbk_rc rc = age_then(&age, p, p->value, err);
    if (rc == DBK_OK && is_duty(p, p->before))
        rc = age_then(&before, p, p->before, err);
    if (rc != DBK_OK || !age.known || age.high < ADULT)
        return rc;
    if (age.low < ADULT)
        return dbk_problems_add(problems, DBK_WARNING, "mandatory", err,
                                "Under the duty to report: she may have been 18 by then; her date "
                                "of birth isn't exact.");
    if (before.known && before.low >= ADULT)
        return DBK_OK;
    return dbk_problems_add(problems, DBK_PROBLEM, "mandatory", err,
                            "Under the duty to report: she was 18 or over when it was identified, "
                            "so there was no duty. Say no; the report counts all the same.");
}

/* ---- the rule -------------------------------------------------------------------------------- */

static dbk_rc judge_duty(dbk_problems *problems, const dbk_intent *p, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    if (by_others_word(p, p->value) && !by_others_word(p, p->before))
        rc = dbk_problems_add(problems, DBK_PROBLEM, "mandatory", err,
                              "Under the duty to report: only what the girl said herself, or signs "
                              "that were seen, make a duty. What a parent or somebody else said "
                              "doesn't. Say no; the report counts all the same.");
    if (rc == DBK_OK && is_duty(p, p->value) && says(p, p->value, "reporter_role", "other"))
        rc = dbk_problems_add(problems, DBK_WARNING, "reporter_role", err,
                              "Reporter's profession: only health and social care professionals "
                              "and teachers have the duty.");
    return rc == DBK_OK && is_duty(p, p->value) ? judge_age(problems, p, err) : rc;
}

static dbk_rc judge_time(dbk_problems *problems, const dbk_intent *p, dbk_err *err)
{
    int64_t identified_ms, reported_ms;
    dbk_working_days *days = NULL;
    if (!is_duty(p, p->value) || p->value(p->ctx, "late_reason").len > 0 ||
        dbk_moment_parse(&identified_ms, dbk_cbor_text_of(p->value(p->ctx, "identified_at")),
                         NULL) != DBK_OK ||
        dbk_moment_parse(&reported_ms, dbk_cbor_text_of(p->value(p->ctx, "reported_at")), NULL) !=
            DBK_OK)
        return DBK_OK;
    dbk_rc rc = dbk_working_days_new(&days, err);
    if (rc == DBK_OK &&
        reported_ms > dbk_working_days_after(days, identified_ms, WITHIN_DAYS).at_ms)
        rc = dbk_problems_add(problems, DBK_WARNING, "late_reason", err,
                              "Why it was late: it was reported after the next working day. Say "
                              "why, if they told you.");
    dbk_working_days_free(days);
    return rc;
}

dbk_rc dbk_duty_judge(dbk_problems *problems, const dbk_intent *proposed, dbk_err *err)
{
    if (strcmp(dbk_form_name(proposed->form), FORM) != 0)
        return DBK_OK;
    dbk_rc rc = judge_duty(problems, proposed, err);
    return rc == DBK_OK ? judge_time(problems, proposed, err) : rc;
}

dbk_rc dbk_duty_holds(bool *duty, dbk_reading *report, dbk_err *err)
{
    bool parent = false, other = false;
    dbk_rc rc = dbk_reading_says(report, duty, "mandatory", "yes", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(report, &parent, "known_from", "parent", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(report, &other, "known_from", "other", err);
    *duty = *duty && !parent && !other;
    return rc;
}
