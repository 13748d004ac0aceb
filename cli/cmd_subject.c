/* All that is held on one person, with what is withheld from them and why: persons held. */
#include <jansson.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/looks.h"
#include "cli/render.h"
#include "cli/words.h"
#include "core/base/text.h"

typedef struct holding {
    cli *c;
    dbk_subject subject;
    cli_looks looks;
    json_t *records; /* or NULL: as text */
    uint64_t count, withheld;
    char form[DBK_NAME_BYTES_MAX + 1]; /* whose heading stands */
} holding;

/* ---- before anything is out ------------------------------------------------------------------ */

static dbk_rc name_record(void *ctx, const dbk_note *note, dbk_subject_why why, dbk_err *err)
{
    holding *h = ctx;
    (void)why;
    return cli_looks_add(&h->looks, &note->space, &note->record, err);
}

/* Given out with --to; without it, it is looked at. */
static dbk_rc log_first(holding *h, const char *to, dbk_err *err)
{
    const dbk_audit_entry how = { .op = to == NULL ? DBK_AUDIT_CONSULTATION : DBK_AUDIT_DISCLOSURE,
                                  .what = "persons held",
                                  .recipient = to,
                                  .reason = h->c->reason };
    dbk_rc rc = dbk_subject_each(&h->subject, name_record, h, err);
    if (rc == DBK_OK)
        rc = cli_looks_log(h->c, &h->looks, &how, err);
    cli_looks_wipe(&h->looks);
    return rc;
}

/* ---- one record ------------------------------------------------------------------------------ */

static json_t *field_json(const dbk_subject_mark mark, dbk_span value)
{
    return mark == DBK_SUBJECT_SHOWN ? cli_value_json(value)
                                     : json_pack("{s:s}", "withheld", dbk_subject_mark_code(mark));
}

static dbk_rc print_field(holding *h, const dbk_field *field, dbk_subject_mark mark, dbk_span value,
                          dbk_err *err)
{
    dbk_bytes text = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_rc rc = DBK_OK;
    if (mark == DBK_SUBJECT_SHOWN)
        rc = cli_field_text(h->c, &text, field, value, err);
    if (rc == DBK_OK && mark == DBK_SUBJECT_SHOWN)
        out_text("  %s: %s\n", field->label, out_safe(dbk_bytes_span(&text)));
    else if (rc == DBK_OK)
        out_text("  %s: [withheld: %s]\n", field->label, dbk_subject_mark_text(mark));
    dbk_bytes_wipe(&text);
    return rc;
}

static dbk_rc say_field(holding *h, json_t *fields, const dbk_note *note, const dbk_field *field,
                        dbk_err *err)
{
    dbk_bytes scratch = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_span value = { NULL, 0 };
    dbk_subject_mark mark = DBK_SUBJECT_RESTRICTED;
    dbk_rc rc = dbk_view_field(&value, &scratch, note->state, field, &note->view, err);
    if (rc == DBK_OK && value.len > 0)
        rc = dbk_subject_judge(&h->subject, &mark, note, field, value, err);
    if (rc == DBK_OK && value.len > 0) {
        h->withheld += mark == DBK_SUBJECT_SHOWN ? 0 : 1;
        if (fields != NULL)
            (void)json_object_set_new(fields, field->name, field_json(mark, value));
        else
            rc = print_field(h, field, mark, value, err);
    }
    dbk_bytes_wipe(&scratch);
    return rc;
}

static void print_heading(holding *h, const dbk_note *note, dbk_subject_why why)
{
    static const char *const words[] = { "", ", linked to it", ", a case of theirs", "" };
    dbk_dispute dispute;
    dbk_life life = dbk_view_life(note->state, &note->view, &dispute);
    const char *form = dbk_form_name(note->form);
    if (strcmp(h->form, form) != 0)
        out_text("%s%s\n", h->count > 1 ? "\n" : "", dbk_form_title(note->form));
    (void)memcpy(h->form, form, strlen(form) + 1);
    out_text("- %s%s%s\n", cli_short_id(&note->record), words[why],
             life == DBK_LIFE_WITHDRAWN ? ", taken out of use" : "");
}

static dbk_rc say_record(void *ctx, const dbk_note *note, dbk_subject_why why, dbk_err *err)
{
    holding *h = ctx;
    const dbk_field *rows;
    char uuid[DBK_ID_UUID_SIZE], space[DBK_ID_HEX_SIZE];
    dbk_dispute dispute;
    json_t *fields = h->records == NULL ? NULL : json_object();
    size_t count = note->form == NULL ? 0 : dbk_form_fields(note->form, &rows);
    dbk_rc rc = DBK_OK;
    h->count++;
    if (fields == NULL && note->form != NULL)
        print_heading(h, note, why);
    for (size_t i = 0; rc == DBK_OK && i < count; i++)
        rc = say_field(h, fields, note, &rows[i], err);
    if (fields == NULL || rc != DBK_OK) {
        json_decref(fields);
        return rc;
    }
    dbk_id_uuid(uuid, &note->record);
    dbk_id_hex(space, &note->space);
    (void)json_array_append_new(
        h->records, json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "id", uuid, "form",
                              note->form == NULL ? "" : dbk_form_name(note->form), "space", space,
                              "why", dbk_subject_why_code(why), "state",
                              dbk_life_name(dbk_view_life(note->state, &note->view, &dispute)),
                              "fields", fields));
    return DBK_OK;
}

/* ---- the command ----------------------------------------------------------------------------- */

static dbk_rc say_all(holding *h, const char *to, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    json_t *persons = json_array();
    for (size_t i = 0; i < h->subject.persons_count; i++) {
        dbk_id_uuid(uuid, &h->subject.persons[i]);
        (void)json_array_append_new(persons, json_string(uuid));
    }
    if (h->c->format == OUT_JSON)
        h->records = json_array();
    dbk_rc rc = dbk_subject_each(&h->subject, say_record, h, err);
    if (rc == DBK_OK && h->records != NULL)
        rc = out_json_take(json_pack("{s:O, s:s*, s:I, s:I, s:O}", "persons", persons, "to", to,
                                     "count", (json_int_t)h->count, "withheld",
                                     (json_int_t)h->withheld, "records", h->records),
                           err);
    else if (rc == DBK_OK)
        out_note("%llu record%s, %llu answer%s withheld. What speaks of them in words alone isn't "
                 "among them: `daybook search` finds it by their name.",
                 (unsigned long long)h->count, cli_plural(h->count),
                 (unsigned long long)h->withheld, cli_plural(h->withheld));
    json_decref(h->records);
    json_decref(persons);
    return rc;
}

/* A restricted space is looked through alone, by its name and with a reason. */
static dbk_rc find_scope(cli *c, const cli_args *a, dbk_id *space, bool *named, dbk_err *err)
{
    const char *typed = cli_option_value(a, "--space");
    *named = typed != NULL;
    dbk_rc rc = typed == NULL ? DBK_OK : dbk_book_space_find(c->book, space, typed, err);
    return rc == DBK_OK && typed != NULL ? cli_looks_allowed(c, space, err) : rc;
}

dbk_rc cmd_persons_held(cli *c, const cli_args *a, dbk_err *err)
{
    holding h = { .c = c };
    const char *to = cli_option_value(a, "--to"), *file = cli_option_value(a, "--output");
    dbk_id person, space = { { 0 } };
    dbk_note *note = NULL;
    bool named = false;
    c->gives_out = true;
    dbk_rc rc = find_scope(c, a, &space, &named, err);
    if (rc == DBK_OK)
        rc = cli_record_find(&person, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_query_note(&note, c->book, &person, err);
    if (rc == DBK_OK)
        rc = cli_looks_allowed(c, &note->space, err);
    dbk_note_free(note);
    if (rc == DBK_OK)
        rc = dbk_subject_init(&h.subject, c->book, &person, named ? &space : NULL, err);
    if (rc == DBK_OK)
        rc = log_first(&h, to, err);
    if (rc == DBK_OK && file != NULL)
        rc = out_redirect(file, err);
    if (rc == DBK_OK)
        rc = say_all(&h, to, err);
    dbk_subject_wipe(&h.subject);
    return rc;
}
