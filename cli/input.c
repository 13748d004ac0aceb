#include "cli/input.h"

#include <jansson.h>
#include <string.h>

#include "cli/nearest.h"
#include "cli/when.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

#define FIELD_BYTES_MAX 200u

/* Splits "name<op>value". The name is what stands before the first of = += -= := . */
static dbk_rc split(dbk_input *in, char *name, const char **value, bool *is_json, const char *arg,
                    dbk_err *err)
{
    size_t len = strcspn(arg, "=");
    if (arg[len] == '\0')
        return dbk_fail(err, DBK_USAGE, "\"%.60s\" is not FIELD=VALUE", out_safe_str(arg));
    *value = arg + len + 1;
    *is_json = false;
    in->op = DBK_INPUT_SET;
    if (len > 0 && arg[len - 1] == ':') {
        *is_json = true;
        len--;
    } else if (len > 0 && (arg[len - 1] == '+' || arg[len - 1] == '-')) {
        in->op = arg[len - 1] == '+' ? DBK_INPUT_ADD : DBK_INPUT_REMOVE;
        len--;
        /* FIELD+:=JSON adds a JSON value. */
    }
    if (len > 1 && *is_json && (arg[len - 1] == '+' || arg[len - 1] == '-')) {
        in->op = arg[len - 1] == '+' ? DBK_INPUT_ADD : DBK_INPUT_REMOVE;
        len--;
    }
    if (len == 0 || len > FIELD_BYTES_MAX)
        return dbk_fail(err, DBK_USAGE, "\"%.60s\" does not begin with a field's name",
                        out_safe_str(arg));
    memcpy(name, arg, len);
    name[len] = '\0';
    return DBK_OK;
}

static dbk_rc parse_one(cli_inputs *out, const char *arg, const dbk_form *form, dbk_err *err)
{
    char name[FIELD_BYTES_MAX + 1];
    const char *value = NULL;
    bool is_json = false;
    size_t i = out->count;
    dbk_input *in = &out->rows[i];
    dbk_rc rc = split(in, name, &value, &is_json, arg, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_field *field = form == NULL ? NULL : dbk_form_field(form, name);
    bool timed = field != NULL && field->kind == DBK_FIELD_DATETIME && !is_json;
    out->count++;
    out->texts[2 * i] = dbk_strdup(name);
    out->texts[2 * i + 1] = timed ? cli_when_typed(value) : dbk_strdup(value);
    if (out->texts[2 * i] == NULL || out->texts[2 * i + 1] == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the arguments");
    in->field = out->texts[2 * i];
    in->text = is_json ? NULL : out->texts[2 * i + 1];
    if (is_json) {
        dbk_err why = { 0 };
        rc = dbk_json_parse(&out->json[i], dbk_span_str(value), &why);
        in->json = out->json[i];
        if (rc != DBK_OK)
            return dbk_fail(err, DBK_USAGE, "%s:= is not JSON: %s", name, why.text);
    }
    return DBK_OK;
}

dbk_rc cli_inputs_parse(cli_inputs *out, const char *const *args, size_t count,
                        const dbk_form *form, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *out = (cli_inputs){ 0 };
    out->rows = dbk_alloc_array(count + 1, sizeof(out->rows[0]));
    out->texts = dbk_alloc_array(2 * count + 1, sizeof(out->texts[0]));
    out->json = dbk_alloc_array(count + 1, sizeof(out->json[0]));
    if (out->rows == NULL || out->texts == NULL || out->json == NULL)
        rc = dbk_fail(err, DBK_NOMEM, "no memory for the arguments");
    for (size_t i = 0; rc == DBK_OK && i < count; i++)
        rc = parse_one(out, args[i], form, err);
    if (rc != DBK_OK)
        cli_inputs_wipe(out);
    return rc;
}

void cli_inputs_wipe(cli_inputs *in)
{
    for (size_t i = 0; i < in->count; i++) {
        dbk_free(in->texts[2 * i]);
        dbk_free(in->texts[2 * i + 1]);
        dbk_json_free(in->json[i]);
    }
    dbk_free(in->rows);
    dbk_free(in->texts);
    dbk_free(in->json);
    *in = (cli_inputs){ 0 };
}

void cli_print_problems(const dbk_problems *p)
{
    for (size_t i = 0; i < p->count; i++)
        out_note("%s %s", p->rows[i].severity == DBK_PROBLEM ? "-" : "- (note)",
                 out_safe_str(p->rows[i].text));
}

struct json_t *cli_problems_json(const dbk_problems *p)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < p->count; i++)
        (void)json_array_append_new(
            rows, json_pack("{s:s, s:s, s:s}", "severity",
                            p->rows[i].severity == DBK_PROBLEM ? "problem" : "warning", "field",
                            out_safe_str(p->rows[i].field), "text", out_safe_str(p->rows[i].text)));
    return rows;
}

dbk_rc cli_refuse(cli *c, dbk_rc rc, const char *outcome, const dbk_problems *p, dbk_err *err)
{
    DBK_ASSERT(rc != DBK_OK);
    cli_print_problems(p);
    if (p->faults == 0)
        return rc;
    if (c->format == OUT_JSON && c->problems == NULL)
        c->problems = cli_problems_json(p);
    dbk_err_clear(err);
    return dbk_fail(err, rc, "%s: %zu thing%s to put right", outcome, p->faults,
                    p->faults == 1 ? "" : "s");
}

dbk_rc cli_record_find(dbk_id *out, const cli *c, const char *typed, dbk_err *err)
{
    dbk_err why = { 0 };
    const char *safe = out_safe_str(typed);
    dbk_rc rc = dbk_query_resolve_id(out, c->book, typed, &why);
    switch (rc) {
    case DBK_OK:
        return rc;
    case DBK_INVALID:
        return dbk_fail(err, rc,
                        "\"%.40s\" is no record's id: that has digits 0-9 and a-f, at "
                        "least 6",
                        safe);
    case DBK_NOT_FOUND:
        return dbk_fail(err, rc, "no record here has the id %.40s", safe);
    case DBK_CONFLICT:
        return dbk_fail(err, rc, "more than one record's id begins with %.40s; give more of it",
                        safe);
    default:
        return dbk_fail(err, rc, "%s", why.text);
    }
}

dbk_rc cli_fit_id(const cli *c, dbk_id *id, const dbk_id *space, const char *form, dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_err why = { 0 };
    if (dbk_record_id_fits(id, space, dbk_span_str(form)))
        return DBK_OK;
    dbk_rc rc = dbk_query_note(&note, c->book, id, &why);
    dbk_note_free(note);
    if (rc == DBK_NOT_FOUND) {
        *id = dbk_record_id_given(space, form, id);
        return DBK_OK;
    }
    return rc == DBK_OK ? DBK_OK : dbk_fail(err, rc, "%s", why.text);
}

dbk_rc cli_form_find(const dbk_form **out, const dbk_forms *forms, const char *name, dbk_err *err)
{
    cli_nearest near;
    *out = dbk_forms_find(forms, dbk_span_str(name), 0);
    if (*out != NULL)
        return DBK_OK;
    cli_nearest_begin(&near, name);
    for (size_t i = 0; i < dbk_forms_count(forms); i++)
        cli_nearest_offer(&near, dbk_form_name(dbk_forms_at(forms, i)));
    return dbk_fail(err, DBK_NOT_FOUND, "no such form: %.48s%s", out_safe_str(name),
                    near.best == NULL ? "; `daybook forms` lists them" : cli_nearest_words(&near));
}
