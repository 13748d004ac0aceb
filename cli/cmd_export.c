/* Records as JSON Lines, one at a time, so that memory stays flat (sync-lessons 1.29). */
#include <jansson.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/looks.h"
#include "cli/render.h"
#include "cli/safe.h"
#include "cli/words.h"

typedef struct export_job {
    cli *c;
    const cli_args *args;
    cli_looks looks;
    const char *recipient;    /* or NULL: nobody said who gets it */
    uint64_t count, withheld; /* of the withheld: records whose ways to reach somebody are not in */
    uint64_t conditional;     /* intelligence that this recipient may not have */
    dbk_id first;             /* the first of those */
    dbk_anonymity *outside;   /* NULL: nobody is named who gets it */
    bool inside;              /* a device of the organisation does, and nothing else was said */
    dbk_id device;            /* the recipient, if it is one of the organisation; else zero */
    uint64_t anonymous;       /* records without whom they are about */
    out_progress bar;
} export_job;

/* A restricted space comes out alone and named: what is said of it (why, to whom) stands in its
 * log, and in no other's. */
static bool is_left_out(const export_job *e, const dbk_id *space)
{
    return cli_option_value(e->args, "--space") == NULL &&
           dbk_book_is_restricted(e->c->book, space);
}

/* Intelligence goes only where its handling conditions let it (2.10). */
static dbk_rc may_go(export_job *e, const dbk_row *row, bool *may, dbk_err *err)
{
    static const char *const graded[] = { "intel_report", "intervention", "source" };
    dbk_note *note = NULL;
    bool asked = false;
    for (size_t i = 0; i < sizeof(graded) / sizeof(graded[0]); i++)
        asked = asked || strcmp(row->form, graded[i]) == 0;
    *may = !asked;
    if (!asked)
        return DBK_OK;
    dbk_rc rc = dbk_query_note(&note, e->c->book, &row->record, err);
    if (rc == DBK_OK)
        rc = dbk_intelligence_may_go(may, note, e->recipient, err);
    dbk_note_free(note);
    return rc;
}

/* ---- without whom it is about (2.3) ---------------------------------------------------------- */

/* From a device that reads the space anyway nothing is kept. */
static bool holds_key(const export_job *e, const dbk_id *space)
{
    if (dbk_id_is_zero(&e->device))
        return false;
    dbk_standing s = dbk_book_standing_of(e->c->book, &e->device, space);
    return dbk_role_reads(s.role) && !s.over;
}

static dbk_rc is_anonymous(const export_job *e, bool *anonymous, const dbk_note *note, dbk_err *err)
{
    *anonymous = false;
    if (e->outside == NULL || holds_key(e, &note->space) ||
        (e->inside && !dbk_book_is_restricted(e->c->book, &note->space)))
        return DBK_OK;
    return dbk_anonymity_touches(e->outside, anonymous, note, err);
}

static json_t *told_code(const dbk_field *field, json_t *value)
{
    const char *code = json_string_value(value);
    bool told = code != NULL && dbk_anonymity_tells_code(field, dbk_span_str(code));
    return told ? json_incref(value) : NULL;
}

/* What may be told of a value that isn't an object; NULL: nothing. */
static json_t *told_value(const dbk_field *field, json_t *value)
{
    if (json_is_boolean(value) || json_is_integer(value))
        return json_incref(value);
    if (!json_is_array(value))
        return told_code(field, value);
    json_t *codes = json_array();
    for (size_t i = 0; i < json_array_size(value); i++) {
        json_t *code = told_code(field, json_array_get(value, i));
        if (code != NULL)
            (void)json_array_append_new(codes, code);
    }
    return codes;
}

static void tell_fields(json_t *out, const dbk_field *fields, size_t count, json_t *values)
{
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object_get(values, fields[i].name);
        if (value == NULL || json_is_object(value) || !dbk_anonymity_tells(&fields[i]))
            continue;
        json_t *told = told_value(&fields[i], value);
        if (told != NULL)
            (void)json_object_set_new(out, fields[i].name, told);
    }
}

/* Also without id, author and time, by which it could be found in what else is known. */
static dbk_rc tell_anonymous(export_job *e, const dbk_row *row, const dbk_note *note,
                             json_t *values, dbk_err *err)
{
    const dbk_field *fields = NULL;
    size_t count = note->form == NULL ? 0 : dbk_form_fields(note->form, &fields);
    json_t *told = json_object();
    tell_fields(told, fields, count, values);
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object_get(values, fields[i].name);
        if (!json_is_object(value) || !dbk_anonymity_tells(&fields[i]))
            continue;
        json_t *part = json_object();
        tell_fields(part, fields[i].fields, fields[i].fields_count, value);
        (void)json_object_set_new(told, fields[i].name, part);
    }
    e->anonymous++;
    return out_json_take(json_pack("{s:s, s:i, s:s, s:b, s:o}", "form", row->form, "version",
                                   (int)dbk_state_form_version(note->state), "state",
                                   dbk_life_name(row->life), "anonymous", 1, "fields", told),
                         err);
}

/* To whom that is no device of the organisation is outside, said or not. */
static dbk_rc find_recipient(export_job *e, dbk_err *err)
{
    bool outside = cli_option_given(e->args, "--outside");
    dbk_err none = { 0 };
    if (e->recipient == NULL)
        return outside ? dbk_fail(err, DBK_USAGE, "--outside needs --to: who gets it") : DBK_OK;
    dbk_rc rc = cmd_find_device(&e->device, e->c, e->recipient, &none);
    e->inside = rc == DBK_OK && !outside;
    if (rc != DBK_OK && rc != DBK_NOT_FOUND)
        return dbk_fail(err, rc, "%s", none.text);
    if (rc != DBK_OK)
        e->device = (dbk_id){ { 0 } };
    return dbk_anonymity_new(&e->outside, e->c->book, err);
}

/* ---- the records ----------------------------------------------------------------------------- */

static dbk_rc tell_whole(export_job *e, const dbk_row *row, const dbk_note *note, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    json_t *fields = NULL, *safe = NULL;
    dbk_dot first = { 0 };
    dbk_hlc began = 0;
    dbk_rc rc = cli_safe_meet(&safe, e->c, e->args, note, err);
    if (rc == DBK_OK)
        rc = cli_fields_json(&fields, e->c, note, err);
    if (rc != DBK_OK) {
        json_decref(safe);
        return rc;
    }
    dbk_id_uuid(uuid, &row->record);
    e->withheld += json_array_size(json_object_get(safe, "withheld")) > 0 ? 1 : 0;
    (void)dbk_state_created(note->state, &first, &began);
    return out_json_take(
        json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:o, s:b, s:o*, s:o}", "id", uuid, "form",
                  row->form, "version", (int)dbk_state_form_version(note->state), "space",
                  cli_space_name(e->c, &row->space), "state", dbk_life_name(row->life), "author",
                  cli_author_name(e->c, &first), "begun", cli_time_json((int64_t)dbk_hlc_ms(began)),
                  "disputed", row->attention.asks + row->attention.cautious > 0, "safe_contact",
                  safe, "fields", fields),
        err);
}

static dbk_rc export_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    export_job *e = ctx;
    dbk_note *note = NULL;
    json_t *fields = NULL;
    bool may = false, anonymous = false;
    if (is_left_out(e, &row->space))
        return DBK_OK;
    dbk_rc rc = may_go(e, row, &may, err);
    if (rc != DBK_OK || !may)
        return rc;
    rc = dbk_query_note(&note, e->c->book, &row->record, err);
    if (rc == DBK_OK)
        rc = is_anonymous(e, &anonymous, note, err);
    if (rc == DBK_OK && anonymous)
        rc = cli_fields_json(&fields, e->c, note, err);
    if (rc == DBK_OK)
        rc = anonymous ? tell_anonymous(e, row, note, fields, err) : tell_whole(e, row, note, err);
    json_decref(fields);
    dbk_note_free(note);
    if (rc == DBK_OK)
        out_progress_draw(&e->bar, "exporting", ++e->count, 0);
    return rc;
}

static dbk_rc name_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    export_job *e = ctx;
    bool may = false;
    if (is_left_out(e, &row->space))
        return DBK_OK;
    dbk_rc rc = may_go(e, row, &may, err);
    if (rc == DBK_OK && !may && e->conditional++ == 0)
        e->first = row->record;
    if (rc != DBK_OK || !may)
        return rc;
    return cli_looks_add(&e->looks, &row->space, &row->record, err);
}

/* Nothing comes out short in silence: it is refused, or asked for without. */
static dbk_rc refuse_conditional(const export_job *e, dbk_err *err)
{
    if (e->conditional == 0 || cli_option_given(e->args, "--leave-out"))
        return DBK_OK;
    return dbk_fail(err, DBK_DENIED,
                    "%llu record%s of intelligence may not go %s by the handling conditions (%s): "
                    "--to names who gets it, --leave-out leaves it out",
                    (unsigned long long)e->conditional, cli_plural(e->conditional),
                    e->recipient == NULL ? "to nobody in particular" : "to this recipient",
                    cli_short_id(&e->first));
}

/* What will come out is in the log before any of it does: who ends the program ends it too late. */
static dbk_rc log_first(export_job *e, dbk_err *err)
{
    const dbk_audit_entry how = { .op = DBK_AUDIT_DISCLOSURE,
                                  .what = "export",
                                  .recipient = e->recipient,
                                  .reason = cli_option_value(e->args, "--reason") };
    return cli_looks_log(e->c, &e->looks, &how, err);
}

/* For who exports, not for who gets it. */
static void say_what_lacks(const export_job *e)
{
    out_note("%llu records exported, in clear: keep them as " OUT_MARKING ".",
             (unsigned long long)e->count);
    if (e->conditional > 0)
        out_note("%llu record%s of intelligence left out, by the handling conditions.",
                 (unsigned long long)e->conditional, cli_plural(e->conditional));
    if (e->anonymous > 0)
        out_note("%llu of them touch%s a victim of FGM, and go without whoever they are about.",
                 (unsigned long long)e->anonymous, e->anonymous == 1 ? "es" : "");
    if (e->withheld > 0)
        out_note("Of %llu of them the ways to reach the person are left out, because of their "
                 "safe-contact rules (" CLI_SAFE_OPTION " --reason TEXT).",
                 (unsigned long long)e->withheld);
}

dbk_rc cmd_export(cli *c, const cli_args *a, dbk_err *err)
{
    export_job e = { .c = c, .args = a, .recipient = cli_option_value(a, "--to") };
    const char *file = cli_option_value(a, "--output"), *name = cli_option_value(a, "--space");
    dbk_list_opts opts = { .form = cli_option_value(a, "--form"),
                           .since_ms = INT64_MIN,
                           .with_withdrawn = true };
    dbk_id space;
    const char *reason = cli_option_value(a, "--reason");
    dbk_rc rc = DBK_OK;
    c->gives_out = true;
    if (cli_option_given(a, CLI_SAFE_OPTION) && (reason == NULL || reason[0] == '\0'))
        return dbk_fail(err, DBK_USAGE,
                        CLI_SAFE_OPTION " needs --reason here: why ways to reach people are "
                                        "exported although their safe-contact rules restrict them");
    if (name != NULL) {
        rc = dbk_book_space_find(c->book, &space, name, err);
        opts.space = &space;
    }
    if (rc == DBK_OK && name != NULL)
        rc = cli_looks_allowed(c, &space, err);
    if (rc == DBK_OK)
        rc = find_recipient(&e, err);
    if (rc == DBK_OK)
        rc = dbk_query_list(c->book, &opts, name_row, &e, err);
    if (rc == DBK_OK)
        rc = refuse_conditional(&e, err);
    if (rc == DBK_OK && file != NULL)
        rc = out_redirect(file, err);
    if (rc == DBK_OK)
        rc = log_first(&e, err);
    cli_looks_wipe(&e.looks);
    out_progress_start(&e.bar);
    if (rc == DBK_OK)
        rc = dbk_query_list(c->book, &opts, export_row, &e, err);
    out_progress_end(&e.bar);
    if (rc == DBK_OK && c->format == OUT_TEXT)
        say_what_lacks(&e);
    dbk_anonymity_free(e.outside);
    return rc;
}
