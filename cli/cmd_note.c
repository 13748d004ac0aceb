/* Writing: add, edit, sign, addendum, withdraw. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/alike.h"
#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/prompt.h"
#include "cli/seen.h"
#include "core/base/text.h"

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

/* Saved as a record now: what was typed for it is wanted no more. The record stands whatever comes
 * of this. */
static void drop_typed(cli *c, const cli_args *a)
{
    dbk_err err = { 0 };
    const char *typed = cli_option_value(a, "--scratch");
    if (typed != NULL && dbk_scratch_drop(c->book, dbk_span_str(typed), &err) != DBK_OK)
        out_note("saved, but what was typed for it is still kept as a scratch: %s", err.text);
}

/* Asks for the rest. What is missing in the end doesn't make the draft a failure. */
static dbk_rc ask_rest(cli *c, const dbk_id *record, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_problems missing = { 0 };
    uint64_t asked = 0;
    dbk_id_uuid(uuid, record);
    out_note("Each answer is saved at once; Enter passes one by. To go on later: "
             "daybook edit %s --ask",
             uuid);
    dbk_rc rc = cli_prompt(c, &asked, &missing, record, err);
    if (rc == DBK_OK && c->format == OUT_JSON) {
        rc = out_json_take(json_pack("{s:s, s:s, s:I, s:o}", "id", uuid, "done", "saved", "asked",
                                     (json_int_t)asked, "warnings", cli_problems_json(&missing)),
                           err);
    } else if (rc == DBK_OK) {
        cli_print_problems(&missing);
        if (missing.faults > 0)
            out_note("A draft is saved. %zu thing%s to put right before it can be signed.",
                     missing.faults, missing.faults == 1 ? "" : "s");
        out_text("%s\n", uuid);
    }
    dbk_problems_wipe(&missing);
    return rc;
}

/* Who is asked for a record writes it now, unless they said otherwise. */
#define NOW_FIELD "happened_at"
static dbk_rc parse_with_now(cli_inputs *in, const cli_args *a, const dbk_form *form, dbk_err *err)
{
    const char *args[CLI_POSITIONAL_MAX + 1];
    char now[DBK_TIME_TEXT_SIZE], assigned[sizeof(NOW_FIELD "=") + DBK_TIME_TEXT_SIZE];
    size_t count = 0;
    bool given = false;
    for (size_t i = 1; i < a->count; i++) {
        args[count++] = a->positional[i];
        given = given || strncmp(a->positional[i], NOW_FIELD "=", sizeof(NOW_FIELD)) == 0;
    }
    if (cli_option_given(a, "--ask") && !given && dbk_form_field(form, NOW_FIELD) != NULL) {
        dbk_time_print(now, (int64_t)dbk_env_system()->now_ms(NULL));
        (void)snprintf(assigned, sizeof(assigned), NOW_FIELD "=%s", now);
        args[count++] = assigned;
    }
    return cli_inputs_parse(in, args, count, form, err);
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
        rc = parse_with_now(&in, a, form, err);
    if (rc != DBK_OK)
        return rc;
    add.inputs = in.rows;
    add.inputs_count = in.count;
    rc = dbk_journal_add(c->book, &record, &problems, &add, err);
    if (rc == DBK_OK)
        drop_typed(c, a);
    if (rc != DBK_OK)
        rc = cli_refuse(c, rc, "nothing was saved", &problems, err);
    else if (cli_option_given(a, "--ask"))
        rc = ask_rest(c, &record, err);
    else if (c->format == OUT_JSON)
        rc = say_done(c, &record, "saved", &problems, err);
    else {
        /* The id alone on standard output, for scripts. */
        char uuid[DBK_ID_UUID_SIZE];
        dbk_id_uuid(uuid, &record);
        cli_print_problems(&problems);
        out_text("%s\n", uuid);
    }
    if (rc == DBK_OK && strcmp(add.form, DBK_LIKENESS_FORM) == 0 && c->format == OUT_TEXT)
        cli_alike_hint(c, &record);
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

/* Nothing is put in the place of a value that its author hasn't seen (P2). */
static dbk_rc check_seen(cli *c, dbk_problems *problems, const cli_args *a, const dbk_edit *edit,
                         dbk_err *err)
{
    const cli_seen_edit seen = { cli_option_value(a, "--seen"), edit->inputs, edit->inputs_count };
    dbk_note *note = NULL;
    if (seen.seen == NULL)
        return DBK_OK;
    dbk_rc rc = dbk_query_note(&note, c->book, &edit->record, err);
    if (rc == DBK_OK)
        rc = cli_seen_match(problems, note, &seen, err);
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
    bool ask = cli_option_given(a, "--ask");
    if (rc == DBK_OK && ask && a->count == 1)
        return ask_rest(c, &edit.record, err);
    if (rc == DBK_OK && a->count == 1)
        rc = dbk_fail(err, DBK_USAGE, "say what to change: FIELD=VALUE, or --ask");
    if (rc == DBK_OK)
        rc = cli_inputs_parse(&in, a->positional + 1, a->count - 1, form, err);
    if (rc != DBK_OK)
        return rc;
    edit.inputs = in.rows;
    edit.inputs_count = in.count;
    rc = check_seen(c, &problems, a, &edit, err);
    if (rc == DBK_OK)
        rc = dbk_journal_edit(c->book, &problems, &edit, err);
    if (rc == DBK_OK)
        drop_typed(c, a);
    if (rc == DBK_OK)
        rc = ask ? ask_rest(c, &edit.record, err)
                 : say_done(c, &edit.record, "saved", &problems, err);
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
    dbk_addendum add = { .text = a->positional[1], .reason = cli_option_value(a, "--reason") };
    if (add.reason == NULL || add.reason[0] == '\0')
        return dbk_fail(err, DBK_USAGE, "--reason is needed: why the record is added to");
    dbk_rc rc = cli_record_find(&add.record, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_journal_addendum(c->book, &add, err);
    if (rc == DBK_OK)
        drop_typed(c, a);
    return rc == DBK_OK ? say_done(c, &add.record, "added to", &none, err) : rc;
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
