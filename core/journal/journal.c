#include "core/journal/journal.h"

#include <string.h>

#include "core/base/cbor.h"
#include "core/base/text.h"
#include "core/journal/draft.h"

#define TEXT_BYTES_MAX (16u * 1024u) /* of an addendum or a reason */

static dbk_rc check_text(const char *text, const char *what, dbk_err *err)
{
    size_t len = text == NULL ? 0 : strlen(text);
    if (len == 0)
        return dbk_fail(err, DBK_INVALID, "%s is needed", what);
    if (len > TEXT_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "%s is longer than %u bytes", what, TEXT_BYTES_MAX);
    if (!dbk_utf8_valid(dbk_span_str(text)))
        return dbk_fail(err, DBK_INVALID, "%s is not proper text (UTF-8)", what);
    return DBK_OK;
}

/* Only the one who began a record writes its `own` groups (domain.md section 3). */
static dbk_rc check_own(dbk_problems *problems, const dbk_draft *d, const dbk_change *change,
                        dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    if (dbk_draft_is_own(d))
        return DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < change->writes_count; i++) {
        const dbk_group *g = dbk_form_group(d->view.form, change->writes[i].group);
        if (g != NULL && g->own)
            rc = dbk_problems_add(problems, DBK_PROBLEM, g->name, err,
                                  "%s: only the officer who began this record may write it",
                                  g->label);
    }
    if (rc == DBK_OK && problems->faults > 0)
        rc = dbk_fail(err, DBK_DENIED, "only the officer who began the record may write that");
    return rc;
}

/* Lowering a protective value takes a person and a reason (P6). */
static dbk_rc check_lowering(dbk_problems *problems, const dbk_draft *d, const dbk_change *change,
                             const char *reason, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    bool given = reason != NULL && reason[0] != '\0';
    for (size_t i = 0; rc == DBK_OK && !given && i < change->writes_count; i++) {
        const dbk_write *w = &change->writes[i];
        const dbk_group *g = dbk_form_group(d->view.form, w->group);
        const dbk_state_group *now = dbk_state_group_find(d->state, w->group);
        if (g == NULL || g->rule != DBK_RULE_CAUTIOUS || g->lower_needs == NULL || now == NULL ||
            now->registers_count == 0)
            continue;
        dbk_span shown = now->registers[dbk_view_group(now, &d->view).winner].value;
        if (dbk_form_rank(d->view.form, g, w->value) < dbk_form_rank(d->view.form, g, shown))
            rc = dbk_problems_add(problems, DBK_PROBLEM, g->name, err,
                                  "%s: to lower this, give a reason", g->label);
    }
    if (rc == DBK_OK && problems->faults > 0)
        rc = dbk_fail(err, DBK_INVALID, "a protective value is lowered without a reason");
    return rc;
}

static dbk_rc check_life(const dbk_draft *d, dbk_life *life, dbk_err *err)
{
    dbk_dispute dispute;
    *life = dbk_view_life(d->state, &d->view, &dispute);
    if (*life == DBK_LIFE_WITHDRAWN || *life == DBK_LIFE_DISPOSED)
        return dbk_fail(err, DBK_DENIED, "the record is %s", dbk_life_name(*life));
    if (d->view.form == NULL)
        return dbk_fail(err, DBK_DENIED,
                        "the record's form isn't known here: it can be read, not changed");
    return DBK_OK;
}

dbk_rc dbk_journal_add(dbk_book *book, dbk_id *record, dbk_problems *problems, const dbk_add *add,
                       dbk_err *err)
{
    dbk_draft d = { 0 };
    dbk_change change;
    const dbk_draft_new what = { .record = dbk_draft_new_id(book, add->record),
                                 .space = add->space,
                                 .form = add->form };
    dbk_change_init(&change);
    dbk_rc rc = dbk_draft_begin(&d, book, &what, err);
    const dbk_check_opts opts = { .form = d.view.form, .is_new = true };
    if (rc == DBK_OK)
        rc = dbk_record_check(&change, problems, &opts, add->inputs, add->inputs_count, err);
    if (rc == DBK_OK && change.writes_count == 0)
        rc = dbk_fail(err, DBK_INVALID, "a record needs at least one answer");
    const dbk_draft_op op = { change.writes, change.writes_count, NULL };
    if (rc == DBK_OK)
        rc = dbk_draft_save(&d, &op, err);
    if (rc == DBK_OK)
        *record = what.record;
    dbk_change_wipe(&change);
    dbk_draft_wipe(&d);
    return rc;
}

dbk_rc dbk_journal_edit(dbk_book *book, dbk_problems *problems, const dbk_edit *edit, dbk_err *err)
{
    dbk_draft d = { 0 };
    dbk_change change;
    dbk_life life = DBK_LIFE_LIVE;
    dbk_change_init(&change);
    dbk_rc rc = edit->reason == NULL ? DBK_OK : check_text(edit->reason, "a reason", err);
    if (rc == DBK_OK)
        rc = dbk_draft_load(&d, book, &edit->record, err);
    if (rc == DBK_OK)
        rc = check_life(&d, &life, err);
    if (rc != DBK_OK)
        goto out;
    const dbk_check_opts opts = { .form = d.view.form,
                                  .current = dbk_draft_current,
                                  .current_ctx = &d,
                                  .is_signed = life == DBK_LIFE_SIGNED };
    rc = dbk_record_check(&change, problems, &opts, edit->inputs, edit->inputs_count, err);
    if (rc == DBK_OK)
        rc = check_own(problems, &d, &change, err);
    if (rc == DBK_OK)
        rc = check_lowering(problems, &d, &change, edit->reason, err);
    if (rc == DBK_OK && change.writes_count == 0)
        goto out; /* everything is so already */
    const dbk_draft_op op = { change.writes, change.writes_count, edit->reason };
    if (rc == DBK_OK)
        rc = dbk_draft_save(&d, &op, err);
out:
    dbk_change_wipe(&change);
    dbk_draft_wipe(&d);
    return rc;
}

/* { "state": STATE, ? "reason": REASON }, in deterministic key order. */
static dbk_rc put_life(dbk_bytes *out, dbk_life life, const char *reason, dbk_err *err)
{
    dbk_cbor_out o = dbk_cbor_to(out, err);
    dbk_cbor_put_map(&o, reason == NULL ? 1 : 2);
    dbk_cbor_put_str(&o, "state");
    dbk_cbor_put_str(&o, dbk_life_name(life));
    if (reason != NULL) {
        dbk_cbor_put_str(&o, "reason");
        dbk_cbor_put_str(&o, reason);
    }
    return o.rc;
}

static dbk_rc save_life(dbk_draft *d, dbk_life life, const char *reason, dbk_err *err)
{
    dbk_bytes value = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    dbk_rc rc = put_life(&value, life, reason, err);
    dbk_write w = { .kind = DBK_WRITE_LIFECYCLE,
                    .group = dbk_span_str(DBK_GROUP_LIFECYCLE),
                    .value = dbk_bytes_span(&value) };
    const dbk_draft_op op = { &w, 1, NULL };
    if (rc == DBK_OK)
        rc = dbk_draft_save(d, &op, err);
    dbk_bytes_wipe(&value);
    return rc;
}

dbk_rc dbk_journal_sign(dbk_book *book, dbk_problems *problems, const dbk_id *record, dbk_err *err)
{
    dbk_draft d = { 0 };
    dbk_life life = DBK_LIFE_LIVE;
    dbk_rc rc = dbk_draft_load(&d, book, record, err);
    if (rc == DBK_OK)
        rc = check_life(&d, &life, err);
    if (rc == DBK_OK && life == DBK_LIFE_SIGNED)
        rc = dbk_fail(err, DBK_DENIED, "the record is signed already");
    if (rc == DBK_OK && !dbk_form_signs(d.view.form))
        rc = dbk_fail(err, DBK_DENIED, "records of this form are not signed");
    if (rc == DBK_OK && !dbk_draft_is_own(&d))
        rc = dbk_fail(err, DBK_DENIED, "only the officer who began a record may sign it");
    if (rc == DBK_OK)
        rc = dbk_record_check_stage(problems, d.view.form, DBK_STAGE_SIGN, dbk_draft_current, &d,
                                    err);
    if (rc == DBK_OK)
        rc = save_life(&d, DBK_LIFE_SIGNED, NULL, err);
    dbk_draft_wipe(&d);
    return rc;
}

dbk_rc dbk_journal_withdraw(dbk_book *book, const dbk_id *record, const char *reason, dbk_err *err)
{
    dbk_draft d = { 0 };
    dbk_dispute dispute;
    dbk_rc rc = check_text(reason, "a reason", err);
    if (rc == DBK_OK)
        rc = dbk_draft_load(&d, book, record, err);
    if (rc == DBK_OK && dbk_view_life(d.state, &d.view, &dispute) >= DBK_LIFE_WITHDRAWN)
        rc = dbk_fail(err, DBK_DENIED, "the record is withdrawn already");
    if (rc == DBK_OK)
        rc = save_life(&d, DBK_LIFE_WITHDRAWN, reason, err);
    dbk_draft_wipe(&d);
    return rc;
}

dbk_rc dbk_journal_addendum(dbk_book *book, const dbk_id *record, const char *text, dbk_err *err)
{
    dbk_draft d = { 0 };
    dbk_dispute dispute;
    dbk_bytes value = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    dbk_rc rc = check_text(text, "the text of an addendum", err);
    if (rc == DBK_OK)
        rc = dbk_draft_load(&d, book, record, err);
    if (rc == DBK_OK && dbk_view_life(d.state, &d.view, &dispute) != DBK_LIFE_SIGNED)
        rc = dbk_fail(err, DBK_DENIED, "only a signed record takes an addendum; edit this one");
    if (rc == DBK_OK) {
        dbk_cbor_out o = dbk_cbor_to(&value, err);
        dbk_cbor_put_array(&o, 1);
        dbk_cbor_put_map(&o, 1);
        dbk_cbor_put_str(&o, "text");
        dbk_cbor_put_str(&o, text);
        rc = o.rc;
    }
    dbk_write w = { .kind = DBK_WRITE_APPEND,
                    .group = dbk_span_str(DBK_GROUP_ADDENDA),
                    .value = dbk_bytes_span(&value) };
    const dbk_draft_op op = { &w, 1, NULL };
    if (rc == DBK_OK)
        rc = dbk_draft_save(&d, &op, err);
    dbk_bytes_wipe(&value);
    dbk_draft_wipe(&d);
    return rc;
}

/* The RESOLVE write of a choice that stands already, or of new values for the group's fields. */
static dbk_rc resolve_write(dbk_write *w, dbk_change *change, dbk_problems *problems, dbk_draft *d,
                            const dbk_resolve *r, dbk_err *err)
{
    const dbk_state_group *g = dbk_state_group_find(d->state, dbk_span_str(r->group));
    *w = (dbk_write){ .kind = DBK_WRITE_RESOLVE, .group = dbk_span_str(r->group) };
    if (strcmp(r->group, DBK_GROUP_REVIEW) == 0) {
        if (dbk_state_reviews(d->state, NULL) == 0)
            return dbk_fail(err, DBK_NOT_FOUND, "nothing in this record waits to be looked over");
        return DBK_OK;
    }
    if (g == NULL || g->registers_count < 2)
        return dbk_fail(err, DBK_NOT_FOUND, "there is nothing to decide about that");
    if (r->choice >= 0) {
        if ((size_t)r->choice >= g->registers_count)
            return dbk_fail(err, DBK_INVALID, "there are %zu choices", g->registers_count);
        w->value = g->registers[r->choice].value;
        return DBK_OK;
    }
    if (d->view.form == NULL || dbk_form_group(d->view.form, g->name) == NULL)
        return dbk_fail(err, DBK_INVALID, "that takes one of the choices, not a new value");
    const dbk_check_opts opts = { .form = d->view.form,
                                  .current = dbk_draft_current,
                                  .current_ctx = d };
    dbk_rc rc = dbk_record_check(change, problems, &opts, r->inputs, r->inputs_count, err);
    if (rc != DBK_OK)
        return rc;
    if (change->writes_count != 1 || change->writes[0].kind != DBK_WRITE_SET ||
        !dbk_span_equal(change->writes[0].group, g->name))
        return dbk_fail(err, DBK_INVALID,
                        "a decision is about the fields of one group, and "
                        "differs from what is shown; or give its number");
    w->value = change->writes[0].value;
    return DBK_OK;
}

dbk_rc dbk_journal_resolve(dbk_book *book, dbk_problems *problems, const dbk_resolve *resolve,
                           dbk_err *err)
{
    dbk_draft d = { 0 };
    dbk_change change;
    dbk_write w = { 0 };
    dbk_change_init(&change);
    dbk_rc rc = check_text(resolve->reason, "a reason", err);
    if (rc == DBK_OK)
        rc = dbk_draft_load(&d, book, &resolve->record, err);
    if (rc == DBK_OK && !dbk_draft_is_hq(&d))
        rc = dbk_fail(err, DBK_DENIED, "only headquarters decides between values");
    if (rc == DBK_OK)
        rc = resolve_write(&w, &change, problems, &d, resolve, err);
    const dbk_draft_op op = { &w, 1, resolve->reason };
    if (rc == DBK_OK)
        rc = dbk_draft_save(&d, &op, err);
    dbk_change_wipe(&change);
    dbk_draft_wipe(&d);
    return rc;
}
