#include "core/journal/journal.h"

#include <string.h>

#include "core/base/text.h"
#include "core/journal/journal_draft.h"
#include "core/journal/record_id.h"
#include "core/store/records.h"

/* ---- adding -------------------------------------------------------------------------------- */

/* One that isn't in this store. */
static dbk_rc make_id(dbk_book *book, dbk_id *out, const dbk_add *add, dbk_err *err)
{
    uint8_t random[DBK_RECORD_ID_RANDOM_BYTES];
    dbk_rowid row = 0;
    dbk_rc rc = DBK_OK;
    do {
        book->env->random(book->env->self, random, sizeof(random));
        *out = dbk_record_id_new(&add->space, add->form, book->env->now_ms(book->env->self),
                                 random);
        rc = dbk_records_lookup(book->store, &row, out, 0, err);
    } while (rc == DBK_OK && row != 0);
    return rc;
}

dbk_rc dbk_journal_new_id(dbk_book *book, dbk_id *out, const dbk_add *add, dbk_err *err)
{
    dbk_rowid row = 0;
    if (add->record == NULL)
        return make_id(book, out, add, err);
    *out = *add->record;
    if (!dbk_record_id_fits(out, &add->space, dbk_span_str(add->form)))
        return dbk_fail(err, DBK_INVALID, "the id is not one of a record of this form here");
    dbk_rc rc = dbk_records_lookup(book->store, &row, out, 0, err);
    if (rc == DBK_OK && row != 0)
        rc = dbk_fail(err, DBK_CONFLICT, "there is a record with this id already");
    return rc;
}

dbk_rc dbk_journal_check_new(dbk_draft *d, dbk_problems *problems, const dbk_add *add, dbk_err *err)
{
    dbk_rc rc = dbk_draft_check_form(d, err);
    if (rc == DBK_OK)
        rc = dbk_draft_check(d, problems, add->inputs, add->inputs_count, err);
    if (rc == DBK_OK && d->change.writes_count == 0) {
        rc = dbk_problems_add(problems, DBK_PROBLEM, "", err, "Nothing was given to be recorded.");
        if (rc == DBK_OK)
            rc = dbk_fail(err, DBK_INVALID, "nothing was given to be recorded");
    }
    d->typed = add->record == NULL;
    if (rc == DBK_OK)
        rc = dbk_draft_heed(d, problems, err);
    return rc == DBK_OK ? dbk_draft_refill(d, add->inputs, add->inputs_count, err) : rc;
}

dbk_rc dbk_journal_add(dbk_book *book, dbk_id *record, dbk_problems *problems, const dbk_add *add,
                       dbk_err *err)
{
    dbk_draft d;
    *record = (dbk_id){ { 0 } };
    dbk_rc rc = dbk_draft_new(&d, book, &add->space, add->form, err);
    if (rc == DBK_OK)
        rc = dbk_journal_check_new(&d, problems, add, err);
    if (rc == DBK_OK)
        rc = dbk_journal_new_id(book, &d.record, add, err);
    if (rc == DBK_OK)
        rc = dbk_draft_save(&d, err);
    if (rc == DBK_OK)
        *record = d.record;
    dbk_draft_wipe(&d);
    return rc;
}

/* ---- changing ------------------------------------------------------------------------------ */

/* What has been taken back, or is gone, can't be changed. */
static dbk_rc check_life(const dbk_draft *d, dbk_err *err)
{
    if (d->life == DBK_LIFE_WITHDRAWN)
        return dbk_fail(err, DBK_DENIED, "the record was withdrawn");
    if (d->life == DBK_LIFE_DISPOSED)
        return dbk_fail(err, DBK_DENIED, "the record was disposed of");
    return DBK_OK;
}

static dbk_rc take_reason(dbk_draft *d, const char *reason, dbk_err *err)
{
    if (reason == NULL || reason[0] == '\0')
        return DBK_OK;
    d->reason = reason;
    return dbk_reason_check(reason, err);
}

dbk_rc dbk_journal_edit(dbk_book *book, dbk_problems *problems, const dbk_edit *edit, dbk_err *err)
{
    dbk_draft d;
    dbk_rc rc = dbk_draft_load(&d, book, &edit->record, err);
    if (rc == DBK_OK)
        rc = check_life(&d, err);
    if (rc == DBK_OK)
        rc = take_reason(&d, edit->reason, err);
    if (rc == DBK_OK)
        rc = dbk_draft_check(&d, problems, edit->inputs, edit->inputs_count, err);
    if (rc == DBK_OK)
        rc = dbk_draft_judge(&d, problems, err);
    d.typed = rc == DBK_OK && d.life == DBK_LIFE_LIVE && dbk_draft_is_author(&d);
    if (rc == DBK_OK)
        rc = dbk_draft_heed(&d, problems, err);
    if (rc == DBK_OK && d.fill != NULL) {
        rc = dbk_draft_refill(&d, edit->inputs, edit->inputs_count, err);
        if (rc == DBK_OK) /* once more: the writes are new */
            rc = dbk_draft_judge(&d, problems, err);
    }
    if (rc == DBK_OK && d.change.writes_count == 0)
        rc = dbk_problems_add(problems, DBK_WARNING, "", err,
                              "The record holds just that already: nothing was changed.");
    else if (rc == DBK_OK)
        rc = dbk_draft_save(&d, err);
    dbk_draft_wipe(&d);
    return rc;
}

dbk_rc dbk_journal_sign(dbk_book *book, dbk_problems *problems, const dbk_id *record, dbk_err *err)
{
    dbk_draft d;
    dbk_rc rc = dbk_draft_load(&d, book, record, err);
    if (rc == DBK_OK)
        rc = check_life(&d, err);
    if (rc == DBK_OK && d.life == DBK_LIFE_SIGNED)
        rc = dbk_fail(err, DBK_DENIED, "the record is signed already");
    if (rc == DBK_OK && !dbk_form_signs(d.form))
        rc = dbk_fail(err, DBK_DENIED, "records of this form are not signed");
    if (rc == DBK_OK)
        rc = dbk_record_check_stage(problems, d.form, DBK_STAGE_SIGN, dbk_draft_current, &d, err);
    if (d.shown_rc != DBK_OK)
        rc = dbk_fail(err, d.shown_rc, "the record's values can't be shown");
    if (rc == DBK_OK)
        rc = dbk_draft_life(&d, dbk_life_name(DBK_LIFE_SIGNED), NULL, err);
    if (rc == DBK_OK)
        rc = dbk_draft_save(&d, err);
    dbk_draft_wipe(&d);
    return rc;
}

dbk_rc dbk_journal_addendum(dbk_book *book, const dbk_addendum *addendum, dbk_err *err)
{
    const dbk_input input = { .op = DBK_INPUT_ADD,
                              .field = DBK_GROUP_ADDENDA,
                              .text = addendum->text };
    dbk_problems problems = { 0 };
    dbk_err inner = { 0 };
    dbk_draft d;
    dbk_rc rc = dbk_draft_load(&d, book, &addendum->record, err);
    if (rc == DBK_OK && d.life != DBK_LIFE_SIGNED)
        rc = dbk_fail(err, DBK_DENIED, "only a signed record takes an addendum: edit it instead");
    if (rc == DBK_OK)
        rc = dbk_reason_check(addendum->reason, err);
    d.reason = addendum->reason;
    if (rc == DBK_OK) {
        rc = dbk_draft_check(&d, &problems, &input, 1, &inner);
        /* There is no list for the caller: the first problem is the message. */
        if (rc != DBK_OK)
            (void)dbk_fail(err, rc, "%s", problems.count > 0 ? problems.rows[0].text : inner.text);
    }
    if (rc == DBK_OK && d.change.writes_count == 0)
        rc = dbk_fail(err, DBK_INVALID, "an addendum needs a text");
    if (rc == DBK_OK)
        rc = dbk_draft_save(&d, err);
    dbk_problems_wipe(&problems);
    dbk_draft_wipe(&d);
    return rc;
}

/* A signed record stands: an officer adds to it. Who supervises may take it back. */
dbk_rc dbk_journal_withdraw(dbk_book *book, const dbk_id *record, const char *reason, dbk_err *err)
{
    dbk_draft d;
    dbk_rc rc = dbk_draft_load(&d, book, record, err);
    if (rc == DBK_OK)
        rc = check_life(&d, err);
    if (rc == DBK_OK && d.life == DBK_LIFE_SIGNED && !d.hq && d.role != DBK_ROLE_SUPERVISOR)
        rc = dbk_fail(err, DBK_DENIED,
                      "the record is signed: write an addendum, or ask a "
                      "supervisor to withdraw it");
    if (rc == DBK_OK)
        rc = dbk_reason_check(reason, err);
    if (rc == DBK_OK)
        rc = dbk_draft_life(&d, dbk_life_name(DBK_LIFE_WITHDRAWN), reason, err);
    if (rc == DBK_OK)
        rc = dbk_draft_save(&d, err);
    dbk_draft_wipe(&d);
    return rc;
}
