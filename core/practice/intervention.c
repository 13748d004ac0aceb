#include "core/practice/intervention.h"

#include <string.h>

#include "core/base/cbor.h"

static bool by_intelligence(const dbk_intent *p, dbk_current_fn value)
{
    return dbk_span_equal(dbk_cbor_text_of(value(p->ctx, "selection_basis")),
                          dbk_span_str("intelligence_led"));
}

dbk_rc dbk_intervention_judge(dbk_problems *problems, const dbk_intent *proposed, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    if (strcmp(dbk_form_name(proposed->form), "intervention") != 0 ||
        dbk_book_is_restricted(proposed->book, proposed->space))
        return DBK_OK;
    if (by_intelligence(proposed, proposed->value) && !by_intelligence(proposed, proposed->before))
        rc = dbk_problems_add(problems, DBK_PROBLEM, "selection_basis", err,
                              "Why this family: an intervention that intelligence led to belongs "
                              "into a restricted space, that of FGM. Add it there, with --space.");
    if (rc == DBK_OK && proposed->value(proposed->ctx, "disclosure").len > 0)
        rc = dbk_problems_add(problems, DBK_WARNING, "disclosure", err,
                              "Disclosure: everybody in this space reads it. It belongs into a "
                              "restricted space, that of FGM.");
    return rc;
}
