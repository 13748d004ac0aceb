/* What a family hears back, and the lead's word for the strategy: liaison answer, liaison approve.
 */
#include <jansson.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/looks.h"
#include "core/base/text.h"

/* ---- an answer ------------------------------------------------------------------------------- */

typedef struct answering {
    const char *outcome, *told;
    bool progress;
    dbk_answered item;
} answering;

static dbk_rc read_answer(answering *job, const cli_args *a, dbk_err *err)
{
    *job = (answering){ .outcome = cli_option_value(a, "--outcome"),
                        .told = cli_option_value(a, "--told-by"),
                        .progress = cli_option_given(a, "--progress") };
    if (job->outcome == NULL || job->outcome[0] == '\0')
        return dbk_fail(err, DBK_USAGE, "--outcome is needed: nothing closes without words");
    return DBK_OK;
}

/* Which one, as it is typed behind the id: "request 2", "complaint", or nothing. */
static dbk_rc find_item(answering *job, cli *c, const cli_args *a, const dbk_id *contact,
                        dbk_err *err)
{
    const char *of = a->count > 1 ? a->positional[1] : NULL;
    uint64_t number = 1;
    dbk_note *note = NULL;
    if (a->count > 2 && (dbk_u64_parse(&number, dbk_span_str(a->positional[2]), NULL) != DBK_OK ||
                         number == 0 || number > 1000))
        return dbk_fail(err, DBK_USAGE, "\"%s\" is no number from 1 to 1000",
                        out_safe_str(a->positional[2]));
    dbk_rc rc = dbk_query_note(&note, c->book, contact, err);
    if (rc == DBK_OK)
        rc = dbk_book_check_write(c->book, &note->space, err);
    /* What they had asked is said again: that is a look at the record. */
    if (rc == DBK_OK)
        rc = cli_look(c, note, "liaison answer", err);
    if (rc == DBK_OK)
        rc = dbk_answer_find(&job->item, note, of, (unsigned)number, err);
    dbk_note_free(note);
    return rc;
}

static dbk_rc write_answer(const answering *job, cli *c, const dbk_id *contact,
                           dbk_problems *problems, dbk_err *err)
{
    json_t *entry = json_pack(
        "{s:s, s:I, s:s, s:s, s:s*}", "of", dbk_family_kind_name(job->item.kind), "number",
        (json_int_t)job->item.number, "state", job->progress ? "progress" : "closed", "outcome",
        job->outcome, "told", job->told);
    if (entry == NULL)
        return dbk_fail(err, DBK_INVALID, "the outcome is not UTF-8 text");
    const dbk_input input = { .op = DBK_INPUT_ADD, .field = "answers", .json = entry };
    const dbk_edit edit = { .record = *contact, .inputs = &input, .inputs_count = 1 };
    dbk_rc rc = dbk_journal_edit(c->book, problems, &edit, err);
    json_decref(entry);
    return rc == DBK_OK ? rc : cli_refuse(c, rc, "nothing was saved", problems, err);
}

static dbk_rc say_answered(const answering *job, cli *c, const dbk_id *contact,
                           const dbk_problems *problems, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    const char *of = dbk_family_kind_name(job->item.kind);
    dbk_id_uuid(uuid, contact);
    if (c->format == OUT_JSON)
        return out_json_take(
            json_pack("{s:s, s:s, s:I, s:s, s:o, s:s, s:o}", "id", uuid, "of", of, "number",
                      (json_int_t)job->item.number, "state", job->progress ? "progress" : "closed",
                      "text", json_string(out_safe_lines(dbk_bytes_span(&job->item.text))),
                      "outcome", job->outcome, "warnings", cli_problems_json(problems)),
            err);
    cli_print_problems(problems);
    out_text("%s %s %u: %s", job->progress ? "noted about" : "answered", of, job->item.number,
             out_safe(dbk_bytes_span(&job->item.text)));
    out_text(" -> %s\n", out_safe_str(job->outcome));
    return DBK_OK;
}

dbk_rc cmd_liaison_answer(cli *c, const cli_args *a, dbk_err *err)
{
    answering job;
    dbk_id contact;
    dbk_problems problems = { 0 };
    dbk_rc rc = read_answer(&job, a, err);
    if (rc == DBK_OK)
        rc = cli_record_find(&contact, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = find_item(&job, c, a, &contact, err);
    if (rc == DBK_OK)
        rc = write_answer(&job, c, &contact, &problems, err);
    if (rc == DBK_OK)
        rc = say_answered(&job, c, &contact, &problems, err);
    dbk_answered_wipe(&job.item);
    dbk_problems_wipe(&problems);
    return rc;
}

/* ---- the lead's word, by headquarters -------------------------------------------------------- */

/* The entry as it stands, with who approved it and when. */
static dbk_rc approval_of(json_t **out, const dbk_note *of_case, const char *by, dbk_err *err)
{
    char now[DBK_TIME_TEXT_SIZE];
    dbk_bytes text = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_span next = dbk_held_next(of_case);
    if (next.len == 0)
        return dbk_fail(err, DBK_NOT_FOUND, "no version of the strategy waits for an approval");
    dbk_rc rc = dbk_value_to_json(&text, next, err);
    if (rc == DBK_OK)
        rc = dbk_json_parse(out, dbk_bytes_span(&text), err);
    dbk_bytes_wipe(&text);
    dbk_time_print(now, (int64_t)dbk_env_system()->now_ms(NULL));
    if (rc == DBK_OK && (json_object_set_new(*out, "approved_by", json_string(by)) != 0 ||
                         json_object_set_new(*out, "approved_at", json_string(now)) != 0))
        rc = dbk_fail(err, DBK_NOMEM, "no memory for the strategy");
    return rc;
}

/* Only headquarters' word counts: that somebody else's would be saved helps nobody. */
static dbk_rc check_hq(const cli *c, const dbk_id *space, dbk_err *err)
{
    dbk_role role = dbk_book_role(c->book, space);
    if (role == DBK_ROLE_HQ || role == DBK_ROLE_ADMIN)
        return DBK_OK;
    return dbk_fail(err, DBK_DENIED, "the lead's approval counts as headquarters writes it");
}

static dbk_rc approve(cli *c, const dbk_note *of_case, const char *by, dbk_err *err)
{
    json_t *entry = NULL;
    dbk_problems problems = { 0 };
    dbk_rc rc = approval_of(&entry, of_case, by, err);
    const dbk_input input = { .op = DBK_INPUT_ADD, .field = "strategy", .json = entry };
    const dbk_edit edit = { .record = of_case->record, .inputs = &input, .inputs_count = 1 };
    json_int_t version = json_integer_value(json_object_get(entry, "version"));
    if (rc == DBK_OK) {
        rc = dbk_journal_edit(c->book, &problems, &edit, err);
        if (rc != DBK_OK)
            rc = cli_refuse(c, rc, "nothing was saved", &problems, err);
    }
    char uuid[DBK_ID_UUID_SIZE];
    dbk_id_uuid(uuid, &of_case->record);
    if (rc == DBK_OK && c->format == OUT_JSON)
        rc = out_json_take(json_pack("{s:s, s:I, s:o}", "id", uuid, "approved", version, "warnings",
                                     cli_problems_json(&problems)),
                           err);
    else if (rc == DBK_OK) {
        cli_print_problems(&problems);
        out_text("Strategy %lld is in force.\n", (long long)version);
    }
    dbk_problems_wipe(&problems);
    dbk_json_free(entry);
    return rc;
}

dbk_rc cmd_liaison_approve(cli *c, const cli_args *a, dbk_err *err)
{
    const char *typed = cli_option_value(a, "--by");
    char by[DBK_ID_UUID_SIZE];
    dbk_id case_id, officer;
    dbk_note *note = NULL;
    if (typed == NULL)
        return dbk_fail(err, DBK_USAGE, "--by is needed: the officer who approved it");
    dbk_rc rc = cli_record_find(&case_id, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = cli_record_find(&officer, c, typed, err);
    if (rc == DBK_OK)
        rc = dbk_query_note(&note, c->book, &case_id, err);
    if (rc == DBK_OK)
        rc = cli_looks_allowed(c, &note->space, err);
    if (rc == DBK_OK)
        rc = check_hq(c, &note->space, err);
    if (rc == DBK_OK) {
        dbk_id_uuid(by, &officer);
        rc = approve(c, note, by, err);
    }
    dbk_note_free(note);
    return rc;
}
