/* What an officer finds wrong in the directory: directory correct. */
#include <jansson.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/render.h"
#include "cli/words.h"

/* Which groups were written, and whether headquarters' value still stands beside what is new. */
typedef struct outcome {
    json_t *proposed, *saved; /* labels */
} outcome;

static dbk_rc note_group(outcome *o, const dbk_note *note, const char *name, dbk_err *err)
{
    const dbk_group *groups;
    const dbk_field *field = dbk_form_field(note->form, name);
    if (field == NULL)
        return DBK_OK;
    (void)dbk_form_groups(note->form, &groups);
    const char *group = groups[field->group].name;
    const dbk_state_group *g = dbk_state_group_find(note->state, dbk_span_str(group));
    bool waits = g != NULL && g->registers_count > 1 &&
                 dbk_view_group(g, &note->view).dispute != DBK_DISPUTE_NONE;
    json_t *list = waits ? o->proposed : o->saved, *one;
    size_t i;
    json_array_foreach(list, i, one) if (strcmp(json_string_value(one), group) == 0) return DBK_OK;
    return json_array_append_new(list, json_string(group)) == 0
               ? DBK_OK
               : dbk_fail(err, DBK_NOMEM, "no memory for the answer");
}

static dbk_rc say(cli *c, const dbk_note *note, const outcome *o, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    json_t *one;
    size_t i;
    dbk_id_uuid(uuid, &note->record);
    if (c->format == OUT_JSON)
        return out_json_take(
            json_pack("{s:s, s:O, s:O}", "id", uuid, "proposed", o->proposed, "saved", o->saved),
            err);
    json_array_foreach(o->proposed, i, one) out_text(
        "%s: proposed. Headquarters' own stands until they decide.\n", json_string_value(one));
    json_array_foreach(o->saved, i, one)
        out_text("%s: saved, and shown from now on.\n", json_string_value(one));
    return DBK_OK;
}

static dbk_rc say_outcome(cli *c, const dbk_edit *edit, dbk_err *err)
{
    dbk_note *note = NULL;
    outcome o = { json_array(), json_array() };
    dbk_rc rc = dbk_query_note(&note, c->book, &edit->record, err);
    for (size_t i = 0; rc == DBK_OK && i < edit->inputs_count; i++)
        rc = note_group(&o, note, edit->inputs[i].field, err);
    if (rc == DBK_OK)
        rc = say(c, note, &o, err);
    json_decref(o.proposed);
    json_decref(o.saved);
    dbk_note_free(note);
    return rc;
}

/* The service, which may be written to. */
static dbk_rc find_service(dbk_note **out, cli *c, const char *typed, dbk_err *err)
{
    dbk_id record;
    dbk_rc rc = cli_record_find(&record, c, typed, err);
    if (rc == DBK_OK)
        rc = dbk_query_note(out, c->book, &record, err);
    if (rc != DBK_OK)
        return rc;
    if ((*out)->form == NULL || strcmp(dbk_form_name((*out)->form), DBK_OFFER_FORM) != 0)
        return dbk_fail(err, DBK_USAGE, "this is no service of the directory: daybook edit");
    return dbk_book_check_write(c->book, &(*out)->space, err);
}

dbk_rc cmd_directory_correct(cli *c, const cli_args *a, dbk_err *err)
{
    cli_inputs in = { 0 };
    dbk_problems problems = { 0 };
    dbk_note *note = NULL;
    dbk_edit edit = { .reason = cli_option_value(a, "--reason") };
    if (edit.reason == NULL || edit.reason[0] == '\0')
        return dbk_fail(err, DBK_USAGE,
                        "--reason is needed: how you know, for those who decide about it");
    dbk_rc rc = find_service(&note, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = cli_inputs_parse(&in, a->positional + 1, a->count - 1, note->form, err);
    if (rc == DBK_OK) {
        edit.record = note->record;
        edit.inputs = in.rows;
        edit.inputs_count = in.count;
        rc = dbk_journal_edit(c->book, &problems, &edit, err);
        rc = rc == DBK_OK ? say_outcome(c, &edit, err)
                          : cli_refuse(c, rc, "nothing was proposed", &problems, err);
    }
    dbk_note_free(note);
    cli_inputs_wipe(&in);
    dbk_problems_wipe(&problems);
    return rc;
}
