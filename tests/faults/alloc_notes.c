/* Notes written and decided on. */
#include "tests/lib/test.h"

#include <stdio.h>

#include "tests/faults/alloc.h"
#include "tests/lib/org.h"

#define SET(field, value)                 \
    {                                     \
        DBK_INPUT_SET, field, value, NULL \
    }
#define ADD(field, value)                 \
    {                                     \
        DBK_INPUT_ADD, field, value, NULL \
    }

static dbk_rc add_form(alloc_world *w, const char *form, const dbk_input *inputs, size_t count,
                       dbk_err *err)
{
    dbk_id id;
    dbk_problems problems = { 0 };
    const dbk_add add = { w->space, form, inputs, count, NULL };
    dbk_rc rc = dbk_journal_add(w->asha.book, &id, &problems, &add, err);
    dbk_problems_wipe(&problems);
    return rc;
}

static dbk_rc add_person(alloc_world *w, dbk_err *err)
{
    const dbk_input inputs[] = { SET("name", "Ada"), SET("safe_voicemail", "no"),
                                 SET("needs", "hearing") };
    return add_form(w, "person", inputs, ARRAY_LEN(inputs), err);
}

static dbk_rc add_contact(alloc_world *w, dbk_err *err)
{
    char of_case[DBK_TEST_REF_SIZE];
    dbk_test_ref(of_case, "", &w->of_case);
    const dbk_input inputs[] = { SET("case_id", of_case + 1), SET("method", "visit"),
                                 SET("started_at", "2026-09-20T10:00:00Z"),
                                 SET("account", "They asked when the inquest is."),
                                 SET("place", "At home") };
    return add_form(w, "contact", inputs, ARRAY_LEN(inputs), err);
}

static dbk_rc add_intervention(alloc_world *w, dbk_err *err)
{
    const dbk_input inputs[] = { SET("airport", "BHX"), SET("agency", "police"),
                                 SET("team", "Limelight one") };
    return add_form(w, "intervention", inputs, ARRAY_LEN(inputs), err);
}

static dbk_rc edit(alloc_world *w, const dbk_id *record, const dbk_input *inputs, size_t count,
                   const char *reason, dbk_err *err)
{
    dbk_problems problems = { 0 };
    const dbk_edit e = { *record, inputs, count, reason };
    dbk_rc rc = dbk_journal_edit(w->asha.book, &problems, &e, err);
    dbk_problems_wipe(&problems);
    return rc;
}

static dbk_rc edit_name(alloc_world *w, dbk_err *err)
{
    const dbk_input inputs[] = { SET("name", "Joan Mary Other") };
    return edit(w, &w->person, inputs, 1, NULL, err);
}

static dbk_rc lower_caution(alloc_world *w, dbk_err *err)
{
    const dbk_input inputs[] = { SET("safe_voicemail", "yes") };
    return edit(w, &w->person, inputs, 1, "she said so herself", err);
}

static dbk_rc edit_sets(alloc_world *w, dbk_err *err)
{
    const dbk_input inputs[] = { SET("needs", "sight"), ADD("needs", "mobility") };
    return edit(w, &w->person, inputs, ARRAY_LEN(inputs), NULL, err);
}

static dbk_rc withdraw(alloc_world *w, dbk_err *err)
{
    return dbk_journal_withdraw(w->asha.book, &w->draft, "written twice", err);
}

static void draft_decision(alloc_world *w)
{
    char of_case[DBK_TEST_REF_SIZE], by[DBK_TEST_REF_SIZE];
    dbk_id officer = dbk_test_add(w->asha.book, &w->space, "officer",
                                  (const char *const[]){ "name=PC Example", NULL });
    dbk_test_ref(of_case, "case_id", &w->of_case);
    dbk_test_ref(by, "decided_by", &officer);
    w->id = dbk_test_add(w->asha.book, &w->space, "decision",
                         (const char *const[]){ of_case, by, "topic=other", "decision=Meet them",
                                                "reason=They asked", "role=FLO",
                                                "decided_at=2026-09-20T10:00:00Z", NULL });
}

static dbk_rc sign(alloc_world *w, dbk_err *err)
{
    dbk_problems problems = { 0 };
    dbk_rc rc = dbk_journal_sign(w->asha.book, &problems, &w->id, err);
    if (rc == DBK_INVALID && problems.count > 0)
        (void)dbk_fail(err, rc, "%s: %s", problems.rows[0].field, problems.rows[0].text);
    dbk_problems_wipe(&problems);
    return rc;
}

static void signed_decision(alloc_world *w)
{
    dbk_err err = { 0 };
    draft_decision(w);
    assert_ok(sign(w, &err), &err);
}

static dbk_rc addendum(alloc_world *w, dbk_err *err)
{
    const dbk_addendum a = { w->id, "They came on the Monday", "left out by mistake" };
    return dbk_journal_addendum(w->asha.book, &a, err);
}

static dbk_rc resolve_with(alloc_world *w, const dbk_resolve *r, dbk_err *err)
{
    dbk_problems problems = { 0 };
    dbk_rc rc = dbk_journal_resolve(w->hq.book, &problems, r, err);
    dbk_problems_wipe(&problems);
    return rc;
}

static dbk_rc resolve_choice(alloc_world *w, dbk_err *err)
{
    const dbk_resolve r = { w->disputed, "name", 0, NULL, 0, "birth certificate seen" };
    return resolve_with(w, &r, err);
}

static dbk_rc resolve_value(alloc_world *w, dbk_err *err)
{
    const dbk_input name = SET("name", "Augusta Ada King");
    const dbk_resolve r = { w->disputed, "name", -1, &name, 1, "passport seen" };
    return resolve_with(w, &r, err);
}

static dbk_rc resolve_review(alloc_world *w, dbk_err *err)
{
    const dbk_resolve r = { w->disputed, "review", -1, NULL, 0, "asked both" };
    return resolve_with(w, &r, err);
}

static dbk_rc import(alloc_world *w, dbk_err *err)
{
    dbk_batch *batch = NULL;
    dbk_rc rc = dbk_batch_begin(&batch, w->asha.book, err);
    for (unsigned i = 0; rc == DBK_OK && i < 8; i++) {
        char name[32];
        dbk_id id;
        dbk_problems problems = { 0 };
        (void)snprintf(name, sizeof(name), "Imported %u", i);
        const dbk_input input = SET("name", name);
        const dbk_add add = { w->space, "person", &input, 1, NULL };
        rc = dbk_batch_add(batch, &id, &problems, &add, err);
        dbk_problems_wipe(&problems);
    }
    if (rc == DBK_OK)
        rc = dbk_batch_flush(batch, err);
    dbk_batch_end(batch);
    return rc;
}

static dbk_rc log_use(alloc_world *w, dbk_err *err)
{
    const dbk_audit_entry entry = { .op = DBK_AUDIT_CONSULTATION,
                                    .space = w->space,
                                    .what = "show",
                                    .records = &w->person,
                                    .records_count = 1,
                                    .count = 1 };
    return dbk_audit_log(w->asha.book, &entry, err);
}

static const alloc_scenario notes[] = {
    { "add a person", NULL, add_person, 0 },
    { "add a contact of a case", NULL, add_contact, 0 },
    { "add an intervention", NULL, add_intervention, 0 },
    { "change a name", NULL, edit_name, 0 },
    { "lower a protective answer, with a reason", NULL, lower_caution, 0 },
    { "change a set", NULL, edit_sets, 0 },
    { "sign a decision", draft_decision, sign, 0 },
    { "an addendum to what is signed", signed_decision, addendum, 0 },
    { "withdraw a draft", NULL, withdraw, 0 },
    { "the desk chooses between two names", NULL, resolve_choice, 0 },
    { "the desk writes a third name", NULL, resolve_value, 0 },
    { "the desk has looked two changes over", NULL, resolve_review, 0 },
    { "import eight persons", NULL, import, 0 },
    { "a look is put into the log of use", NULL, log_use, 0 },
};
const alloc_table alloc_notes = { notes, ARRAY_LEN(notes) };
