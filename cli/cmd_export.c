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

static dbk_rc export_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    export_job *e = ctx;
    dbk_note *note = NULL;
    char uuid[DBK_ID_UUID_SIZE];
    json_t *fields = NULL, *safe = NULL;
    dbk_dot first = { 0 };
    dbk_hlc began = 0;
    bool may = false;
    if (is_left_out(e, &row->space))
        return DBK_OK;
    dbk_rc rc = may_go(e, row, &may, err);
    if (rc != DBK_OK || !may)
        return rc;
    rc = dbk_query_note(&note, e->c->book, &row->record, err);
    if (rc == DBK_OK)
        rc = cli_safe_meet(&safe, e->c, e->args, note, err);
    if (rc == DBK_OK)
        rc = cli_fields_json(&fields, e->c, note, err);
    if (rc != DBK_OK) {
        json_decref(safe);
        dbk_note_free(note);
        return rc;
    }
    dbk_id_uuid(uuid, &row->record);
    e->withheld += json_array_size(json_object_get(safe, "withheld")) > 0 ? 1 : 0;
    (void)dbk_state_created(note->state, &first, &began);
    rc = out_json_take(
        json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:o, s:b, s:o*, s:o}", "id", uuid, "form",
                  row->form, "version", (int)dbk_state_form_version(note->state), "space",
                  cli_space_name(e->c, &row->space), "state", dbk_life_name(row->life), "author",
                  cli_author_name(e->c, &first), "begun", cli_time_json((int64_t)dbk_hlc_ms(began)),
                  "disputed", row->attention.asks + row->attention.cautious > 0, "safe_contact",
                  safe, "fields", fields),
        err);
    dbk_note_free(note);
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
        out_note("%llu records exported, in clear: keep them as OFFICIAL-SENSITIVE.",
                 (unsigned long long)e.count);
    if (rc == DBK_OK && c->format == OUT_TEXT && e.conditional > 0)
        out_note("%llu record%s of intelligence left out, by the handling conditions.",
                 (unsigned long long)e.conditional, cli_plural(e.conditional));
    if (rc == DBK_OK && c->format == OUT_TEXT && e.withheld > 0)
        out_note("Of %llu of them the ways to reach the person are left out, because of their "
                 "safe-contact rules (" CLI_SAFE_OPTION " --reason TEXT).",
                 (unsigned long long)e.withheld);
    return rc;
}
