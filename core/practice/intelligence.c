#include "core/practice/intelligence.h"

#include <stdio.h>
#include <string.h>

#include "core/practice/wording.h"

#define REPORT "intel_report"
#define LED "intervention"
#define SOURCE "source"

/* ---- who may have it ------------------------------------------------------------------------- */

static bool names(dbk_span may_see, dbk_span recipient)
{
    dbk_elements e = dbk_elements_of(may_see);
    dbk_span one;
    while (dbk_elements_next(&e, &one))
        if (dbk_wording_same(dbk_cbor_text_of(one), recipient))
            return true;
    return false;
}

static dbk_rc by_handling(bool *may, dbk_reading *r, const char *handling, const char *may_see,
                          const char *recipient, dbk_err *err)
{
    bool conditions = false;
    dbk_span list;
    dbk_rc rc = dbk_reading_says(r, may, handling, "p", err);
    if (rc == DBK_OK && !*may)
        rc = dbk_reading_says(r, &conditions, handling, "c", err);
    if (rc == DBK_OK && conditions)
        rc = dbk_reading_value(r, &list, may_see, err);
    if (rc == DBK_OK && conditions)
        *may = recipient != NULL && names(list, dbk_span_str(recipient));
    return rc;
}

/* An intervention is intelligence as far as it says so. */
static dbk_rc by_grade(bool *may, dbk_reading *r, const char *recipient, dbk_err *err)
{
    dbk_span grade = { NULL, 0 };
    bool led = false;
    dbk_rc rc = dbk_reading_value(r, &grade, "grade", err);
    bool graded = grade.len > 0;
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &led, "selection_basis", "intelligence_led", err);
    if (rc != DBK_OK || graded || led)
        return rc == DBK_OK ? by_handling(may, r, "grade.handling", "grade_may_see", recipient, err)
                            : rc;
    *may = true;
    return DBK_OK;
}

dbk_rc dbk_intelligence_may_go(bool *may, const dbk_note *note, const char *recipient, dbk_err *err)
{
    dbk_reading r;
    dbk_rc rc = DBK_OK;
    const char *form = note->form == NULL ? "" : dbk_form_name(note->form);
    *may = false;
    dbk_reading_init(&r, note);
    if (strcmp(form, REPORT) == 0)
        rc = by_handling(may, &r, "handling", "may_see", recipient, err);
    else if (strcmp(form, LED) == 0)
        rc = by_grade(may, &r, recipient, err);
    else
        *may = strcmp(form, SOURCE) != 0 || recipient == NULL;
    dbk_reading_wipe(&r);
    return rc;
}

/* ---- before it is saved ---------------------------------------------------------------------- */

static dbk_rc judge_source(dbk_problems *problems, const dbk_intent *p, dbk_err *err)
{
    bool there = p->before(p->ctx, "reference").len > 0 || p->before(p->ctx, "at").len > 0 ||
                 p->before(p->ctx, "identity").len > 0;
    if (dbk_book_is_restricted(p->book, p->space) || there)
        return DBK_OK;
    return dbk_problems_add(problems, DBK_PROBLEM, "reference", err,
                            "Reference: a source belongs into a restricted space of its own, that "
                            "of sources. Add it there, with --space.");
}

static dbk_rc judge_apart(dbk_problems *problems, const dbk_intent *p, dbk_err *err)
{
    dbk_id now = dbk_element_id(p->value(p->ctx, "source"));
    dbk_id before = dbk_element_id(p->before(p->ctx, "source"));
    dbk_reading r;
    if (dbk_id_is_zero(&now) || dbk_id_equal(&now, &before))
        return DBK_OK;
    dbk_rc rc = dbk_reading_find(&r, p->book, &now, err);
    bool together = rc == DBK_OK && r.note != NULL && dbk_id_equal(&r.note->space, p->space);
    dbk_reading_wipe(&r);
    if (rc != DBK_OK || !together)
        return rc;
    return dbk_problems_add(problems, DBK_PROBLEM, "source", err,
                            "Source record: it lies in the same space as this report, so whoever "
                            "reads the report reads who the source is. Keep the source in a space "
                            "of its own.");
}

/* Of the report as it will be, one that was handed over. */
static dbk_rc judge_handed(dbk_problems *problems, const dbk_intent *p, unsigned place,
                           dbk_span handed, dbk_err *err)
{
    char field[40];
    dbk_span to = dbk_cbor_text_of(dbk_view_member(handed, "to"));
    bool free_to_go = dbk_element_is(p->value(p->ctx, "handling"), "p");
    if (to.len == 0 || free_to_go || names(p->value(p->ctx, "may_see"), to))
        return DBK_OK;
    (void)snprintf(field, sizeof(field), "submitted[%u].to", place);
    return dbk_problems_add(problems, DBK_PROBLEM, field, err,
                            "Handed over %u: the handling conditions of this report don't name "
                            "\"%.*s\". Only whom \"May be seen by\" names may have it.",
                            place + 1, (int)to.len, (const char *)to.p);
}

static dbk_rc judge_report(dbk_problems *problems, const dbk_intent *p, dbk_err *err)
{
    dbk_rc rc = judge_apart(problems, p, err);
    dbk_elements e = dbk_elements_of(p->added(p->ctx, "submitted"));
    dbk_span handed;
    for (unsigned place = 0; rc == DBK_OK && dbk_elements_next(&e, &handed); place++)
        rc = judge_handed(problems, p, place, handed, err);
    return rc;
}

dbk_rc dbk_intelligence_judge(dbk_problems *problems, const dbk_intent *proposed, dbk_err *err)
{
    const char *form = dbk_form_name(proposed->form);
    if (strcmp(form, SOURCE) == 0)
        return judge_source(problems, proposed, err);
    return strcmp(form, REPORT) == 0 ? judge_report(problems, proposed, err) : DBK_OK;
}
