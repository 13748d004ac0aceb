/* Writing: add, edit, sign, addendum, withdraw. */
#include <jansson.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"

/* What every write ends with: the record's id, and the warnings that came along. */
static dbk_rc say_done(cli *c, const dbk_id *record, const char *done, const dbk_problems *p,
                       dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_id_uuid(uuid, record);
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:s, s:s, s:o}", "id", uuid, "done", done, "warnings",
                                       cli_problems_json(p)),
                             err);
    cli_print_problems(p);
    out_text("%s %s\n", done, uuid);
    return DBK_OK;
}

dbk_rc cmd_add(cli *c, const cli_args *a, dbk_err *err)
{
    cli_inputs in = { 0 };
    dbk_problems problems = { 0 };
    dbk_add add = { .form = a->positional[0] };
    dbk_id record = { { 0 } };
    const dbk_form *form = NULL;
    dbk_rc rc = cli_form_find(&form, dbk_book_forms(c->book), add.form, err);
    if (rc == DBK_OK)
        rc = dbk_book_space_find(c->book, &add.space, cli_option_value(a, "--space"), err);
    if (rc == DBK_OK)
        rc = dbk_book_check_write(c->book, &add.space, err);
    if (rc == DBK_OK)
        rc = cli_inputs_parse(&in, a->positional + 1, a->count - 1, form, err);
    if (rc != DBK_OK)
        return rc;
    add.inputs = in.rows;
    add.inputs_count = in.count;
    rc = dbk_journal_add(c->book, &record, &problems, &add, err);
    if (rc != DBK_OK)
        rc = cli_refuse(c, rc, "nothing was saved", &problems, err);
    else if (c->format == OUT_JSON)
        rc = say_done(c, &record, "saved", &problems, err);
    else {
        /* The id alone on standard output, for scripts. */
        char uuid[DBK_ID_UUID_SIZE];
        dbk_id_uuid(uuid, &record);
        cli_print_problems(&problems);
        out_text("%s\n", uuid);
    }
    cli_inputs_wipe(&in);
    dbk_problems_wipe(&problems);
    return rc;
}

/* The form of a record that may be written to. */
static dbk_rc form_of(const dbk_form **form, cli *c, const dbk_id *record, dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_rc rc = dbk_query_note(&note, c->book, record, err);
    if (rc == DBK_OK)
        rc = dbk_book_check_write(c->book, &note->space, err);
    if (rc == DBK_OK)
        *form = note->form;
    dbk_note_free(note);
    return rc;
}

dbk_rc cmd_edit(cli *c, const cli_args *a, dbk_err *err)
{
    cli_inputs in = { 0 };
    dbk_problems problems = { 0 };
    dbk_edit edit = { .reason = cli_option_value(a, "--reason") };
    const dbk_form *form = NULL;
    dbk_rc rc = cli_record_find(&edit.record, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = form_of(&form, c, &edit.record, err);
    if (rc == DBK_OK)
        rc = cli_inputs_parse(&in, a->positional + 1, a->count - 1, form, err);
    if (rc != DBK_OK)
        return rc;
    edit.inputs = in.rows;
    edit.inputs_count = in.count;
    rc = dbk_journal_edit(c->book, &problems, &edit, err);
    if (rc == DBK_OK)
        rc = say_done(c, &edit.record, "saved", &problems, err);
    else
        rc = cli_refuse(c, rc, "nothing was saved", &problems, err);
    cli_inputs_wipe(&in);
    dbk_problems_wipe(&problems);
    return rc;
}

dbk_rc cmd_sign(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_problems problems = { 0 };
    dbk_id record;
    dbk_rc rc = cli_record_find(&record, c, a->positional[0], err);
    if (rc == DBK_OK) {
        rc = dbk_journal_sign(c->book, &problems, &record, err);
        rc = rc == DBK_OK ? say_done(c, &record, "signed", &problems, err)
                          : cli_refuse(c, rc, "not signed", &problems, err);
    }
    dbk_problems_wipe(&problems);
    return rc;
}

dbk_rc cmd_addendum(cli *c, const cli_args *a, dbk_err *err)
{
    static const dbk_problems none;
    dbk_id record;
    dbk_rc rc = cli_record_find(&record, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_journal_addendum(c->book, &record, a->positional[1], err);
    return rc == DBK_OK ? say_done(c, &record, "added to", &none, err) : rc;
}

dbk_rc cmd_withdraw(cli *c, const cli_args *a, dbk_err *err)
{
    static const dbk_problems none;
    const char *reason = cli_option_value(a, "--reason");
    dbk_id record;
    if (reason == NULL || reason[0] == '\0')
        return dbk_fail(err, DBK_USAGE, "--reason is needed: it stays with the record");
    dbk_rc rc = cli_record_find(&record, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_journal_withdraw(c->book, &record, reason, err);
    return rc == DBK_OK ? say_done(c, &record, "withdrawn", &none, err) : rc;
}
