/* What can be recorded: forms, form show. Neither needs a store: the shipped forms are built in. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "core/base/alloc.h"

static json_t *codes_json(const dbk_field *f)
{
    json_t *codes = json_array();
    for (size_t i = 0; i < f->codes_count; i++)
        (void)json_array_append_new(
            codes, json_pack("{s:s, s:s}", "code", f->codes[i].name, "label", f->codes[i].label));
    return codes;
}

static const char *need_word(dbk_need need)
{
    return need == DBK_NEED_SIGN ? "to sign" : need == DBK_NEED_WARN ? "wanted" : "";
}

/* Sub-fields nest at most twice in the shipped forms; the form parser bounds the depth. */
static json_t *plain_field_json(const dbk_field *f)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "field", f->name, "label", f->label, "kind",
                     dbk_field_kind_name(f->kind), "required", need_word(f->need), "codes",
                     codes_json(f));
}

static json_t *field_json(const dbk_form *form, const dbk_field *f)
{
    const dbk_group *groups;
    (void)dbk_form_groups(form, &groups);
    json_t *row = plain_field_json(f);
    json_t *parts = json_array();
    for (size_t i = 0; i < f->fields_count; i++)
        (void)json_array_append_new(parts, plain_field_json(&f->fields[i]));
    (void)json_object_set_new(row, "group", json_string(groups[f->group].name));
    (void)json_object_set_new(row, "rule", json_string(dbk_rule_name(groups[f->group].rule)));
    (void)json_object_set_new(row, "fields", parts);
    return row;
}

static dbk_rc list_forms(cli *c, const dbk_forms *forms, dbk_err *err)
{
    out_table *table = NULL;
    json_t *rows = json_array();
    dbk_rc rc = DBK_OK;
    if (c->format == OUT_TEXT)
        rc = out_table_new(&table, (const char *[]){ "FORM", "VERSION", "WHAT IT RECORDS" }, 3,
                           err);
    for (size_t i = 0; rc == DBK_OK && i < dbk_forms_count(forms); i++) {
        const dbk_form *f = dbk_forms_at(forms, i);
        char version[16];
        (void)snprintf(version, sizeof(version), "%u", (unsigned)dbk_form_version(f));
        if (table != NULL)
            rc = out_table_row(
                table, (const char *[]){ dbk_form_name(f), version, dbk_form_title(f) }, err);
        else
            (void)json_array_append_new(rows, json_pack("{s:s, s:i, s:s}", "form", dbk_form_name(f),
                                                        "version", (int)dbk_form_version(f),
                                                        "title", dbk_form_title(f)));
    }
    if (rc == DBK_OK && table != NULL)
        out_table_print(table);
    else if (rc == DBK_OK)
        rc = out_json_take(json_incref(rows), err);
    json_decref(rows);
    out_table_free(table);
    return rc;
}

dbk_rc cmd_forms(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_forms *forms = NULL;
    (void)a;
    dbk_rc rc = dbk_forms_new(&forms, err);
    if (rc == DBK_OK)
        rc = list_forms(c, forms, err);
    dbk_forms_free(forms);
    return rc;
}

static void print_codes(const dbk_field *f)
{
    dbk_bytes line = DBK_BYTES_INIT(DBK_FORM_JSON_BYTES_MAX);
    for (size_t i = 0; i < f->codes_count; i++)
        if (dbk_bytes_append_fmt(&line, NULL, "%s%s", i == 0 ? "" : ", ", f->codes[i].name) !=
            DBK_OK)
            break;
    if (line.len > 0)
        out_wrapped("        ", dbk_bytes_span(&line));
    dbk_bytes_wipe(&line);
}

static void print_field(const dbk_form *form, const dbk_field *f)
{
    const dbk_group *groups;
    (void)dbk_form_groups(form, &groups);
    const dbk_group *g = &groups[f->group];
    out_text("  %-24s %-9s %-8s %s\n", f->name, dbk_field_kind_name(f->kind), need_word(f->need),
             f->label);
    if (f->help != NULL)
        out_wrapped("        ", dbk_span_str(f->help));
    print_codes(f);
    for (size_t i = 0; i < f->fields_count; i++) {
        out_text("        .%-20s %-9s %-8s %s\n", f->fields[i].name,
                 dbk_field_kind_name(f->fields[i].kind), need_word(f->fields[i].need),
                 f->fields[i].label);
    }
    if (strcmp(g->name, f->name) != 0)
        out_text("        merges with the group \"%s\" (%s)\n", g->name, dbk_rule_name(g->rule));
}

static dbk_rc show_form(cli *c, const dbk_form *form, dbk_err *err)
{
    const dbk_field *fields;
    size_t count = dbk_form_fields(form, &fields);
    if (c->format == OUT_JSON) {
        json_t *rows = json_array();
        for (size_t i = 0; i < count; i++)
            (void)json_array_append_new(rows, field_json(form, &fields[i]));
        return out_json_take(json_pack("{s:s, s:i, s:s, s:b, s:o}", "form", dbk_form_name(form),
                                       "version", (int)dbk_form_version(form), "title",
                                       dbk_form_title(form), "signs", (int)dbk_form_signs(form),
                                       "fields", rows),
                             err);
    }
    out_text("%s (%s, version %u)%s\n", dbk_form_title(form), dbk_form_name(form),
             (unsigned)dbk_form_version(form),
             dbk_form_signs(form) ? "; it can be signed, then only addenda" : "");
    if (dbk_form_help(form) != NULL)
        out_wrapped("", dbk_span_str(dbk_form_help(form)));
    out_text("\n  %-24s %-9s %-8s %s\n", "FIELD", "KIND", "NEEDED", "WHAT IT ASKS");
    for (size_t i = 0; i < count; i++)
        print_field(form, &fields[i]);
    return DBK_OK;
}

dbk_rc cmd_form_show(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_forms *forms = NULL;
    dbk_rc rc = dbk_forms_new(&forms, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_form *form = NULL;
    rc = cli_form_find(&form, forms, a->positional[0], err);
    if (rc == DBK_OK)
        rc = show_form(c, form, err);
    dbk_forms_free(forms);
    return rc;
}
