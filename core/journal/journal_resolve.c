/* HQ decides what the merge left open. The same decision twice is the same bytes but for who and
 * when: nothing here depends on the device. */
#include "core/journal/journal_draft.h"

static dbk_rc check_right(const dbk_draft *d, const char *reason, dbk_err *err)
{
    if (!d->hq)
        return dbk_fail(err, DBK_DENIED, "only headquarters decides between values");
    return dbk_reason_check(reason, err);
}

/* A person has looked at edits that were made without knowledge of each other. */
static dbk_rc look(dbk_draft *d, dbk_err *err)
{
    const dbk_review_pair *pairs;
    if (dbk_state_reviews(d->state, &pairs) == 0)
        return dbk_fail(err, DBK_NOT_FOUND, "nothing in this record waits to be looked at");
    return dbk_draft_write(d, DBK_WRITE_RESOLVE, dbk_span_str(DBK_GROUP_REVIEW),
                           (dbk_span){ NULL, 0 }, err);
}

static dbk_rc choose(dbk_draft *d, const dbk_state_group *g, const dbk_resolve *r, dbk_err *err)
{
    if (r->choice < 0 || (size_t)r->choice >= g->registers_count)
        return dbk_fail(err, DBK_INVALID, "the choices are 0 to %zu", g->registers_count - 1);
    return dbk_draft_write(d, DBK_WRITE_RESOLVE, g->name, g->registers[r->choice].value, err);
}

/* A new value, by the fields of the group and of no other. */
static dbk_rc decide_anew(dbk_draft *d, const dbk_state_group *g, const dbk_resolve *r,
                          dbk_problems *problems, dbk_err *err)
{
    const dbk_check_opts opts = { .form = d->form, .current = dbk_draft_current, .current_ctx = d };
    const dbk_group *group = dbk_form_group(d->form, g->name);
    if (group == NULL || r->inputs_count == 0)
        return dbk_fail(err, DBK_INVALID, "choose one of the values that stand");
    dbk_rc rc = dbk_record_check(&d->change, problems, &opts, r->inputs, r->inputs_count, err);
    if (d->shown_rc != DBK_OK)
        rc = dbk_fail(err, d->shown_rc, "the record's values can't be shown");
    if (rc != DBK_OK)
        return rc;
    if (d->change.writes_count != 1 || d->change.writes[0].kind != DBK_WRITE_SET ||
        !dbk_span_equal(d->change.writes[0].group, g->name))
        return dbk_fail(err, DBK_INVALID, "only fields of %s can be decided here", group->label);
    d->change.writes[0].kind = DBK_WRITE_RESOLVE;
    return DBK_OK;
}

static dbk_rc decide(dbk_draft *d, const dbk_resolve *r, dbk_problems *problems, dbk_err *err)
{
    dbk_span name = dbk_span_str(r->group);
    if (dbk_span_equal(name, dbk_span_str(DBK_GROUP_REVIEW)))
        return look(d, err);
    const dbk_state_group *g = dbk_state_group_find(d->state, name);
    if (g == NULL || g->registers_count < 2)
        return dbk_fail(err, DBK_NOT_FOUND, "nothing in %.48s waits to be decided", r->group);
    if (g->registers_count > DBK_WRITE_PRED_MAX)
        return dbk_fail(err, DBK_LIMIT, "more values stand than one decision can name");
    return r->choice >= 0 ? choose(d, g, r, err) : decide_anew(d, g, r, problems, err);
}

dbk_rc dbk_journal_resolve(dbk_book *book, dbk_problems *problems, const dbk_resolve *resolve,
                           dbk_err *err)
{
    dbk_draft d;
    dbk_rc rc = dbk_draft_load(&d, book, &resolve->record, err);
    if (rc == DBK_OK)
        rc = check_right(&d, resolve->reason, err);
    d.reason = resolve->reason;
    if (rc == DBK_OK)
        rc = decide(&d, resolve, problems, err);
    if (rc == DBK_OK)
        rc = dbk_draft_save(&d, err);
    dbk_draft_wipe(&d);
    return rc;
}

/* ---- taking a decision back ------------------------------------------------------------------ */

static dbk_rc take_back(dbk_draft *d, const dbk_undo *r, dbk_err *err)
{
    const dbk_state_group *g = dbk_state_group_find(d->state, r->group);
    if (g == NULL || g->registers_count == 0)
        return dbk_fail(err, DBK_NOT_FOUND, "nothing stands in that group");
    if (g->registers_count > DBK_WRITE_PRED_MAX)
        return dbk_fail(err, DBK_LIMIT, "more values stand than one decision can name");
    if (g->registers_count == 1 && dbk_span_equal(g->registers[0].value, r->value))
        return dbk_fail(err, DBK_INVALID, "this is what stands already");
    return dbk_draft_write(d, DBK_WRITE_RESOLVE, g->name, r->value, err);
}

dbk_rc dbk_journal_undo(dbk_book *book, const dbk_undo *r, dbk_err *err)
{
    dbk_draft d;
    dbk_rc rc = dbk_draft_load(&d, book, &r->record, err);
    if (rc == DBK_OK)
        rc = check_right(&d, r->reason, err);
    d.reason = r->reason;
    if (rc == DBK_OK)
        rc = take_back(&d, r, err);
    if (rc == DBK_OK)
        rc = dbk_draft_save(&d, err);
    dbk_draft_wipe(&d);
    return rc;
}
