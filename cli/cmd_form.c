/* What can be recorded: forms, form show. Without a store they tell of the forms that are built in,
 * with one also of those that came in packs. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/render.h"
#include "cli/score.h"
#include "core/base/alloc.h"

/* ---- which forms --------------------------------------------------------------------------- */

typedef struct pack_row {
    uint64_t pack;
    char name[DBK_FORM_PACK_NAME_BYTES_MAX + 1];
    dbk_id signer;
    bool revoked;
} pack_row;

typedef struct known {
    const dbk_forms *forms;
    dbk_forms *own; /* without a store */
    pack_row packs[DBK_FORM_PACKS_MAX];
    size_t packs_count;
} known;

static dbk_rc keep_pack(void *ctx, const dbk_form_pack_row *row, dbk_err *err)
{
    known *k = ctx;
    if (k->packs_count == DBK_FORM_PACKS_MAX)
        return dbk_fail(err, DBK_DAMAGED, "the store has more packs of forms than it may");
    pack_row *p = &k->packs[k->packs_count++];
    p->pack = row->pack;
    p->signer = row->content->device;
    p->revoked = row->revoked;
    (void)snprintf(p->name, sizeof(p->name), "%.*s", (int)row->content->name.len,
                   (const char *)row->content->name.p);
    return DBK_OK;
}

static void known_free(known *k)
{
    if (k != NULL)
        dbk_forms_free(k->own);
    dbk_free(k);
}

static dbk_rc known_new(known **out, cli *c, const cli_args *a, dbk_err *err)
{
    *out = NULL;
    known *k = dbk_alloc(sizeof(*k));
    if (k == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for forms");
    dbk_rc rc = DBK_OK;
    if (cli_option_given(a, "--shipped") || cli_store_exists(c, NULL) != DBK_OK) {
        rc = dbk_forms_new(&k->own, err);
        k->forms = k->own;
    } else {
        rc = cli_open_book(c, NULL, err);
        if (rc == DBK_OK)
            rc = dbk_form_packs_tell(c->book, keep_pack, k, err);
        if (rc == DBK_OK)
            k->forms = dbk_book_forms(c->book);
    }
    if (rc == DBK_OK)
        *out = k;
    else
        known_free(k);
    return rc;
}

/* Of the i-th form; NULL: it is shipped. */
static const pack_row *pack_of(const known *k, size_t i)
{
    uint64_t pack = dbk_forms_pack_at(k->forms, i);
    for (size_t p = 0; pack != 0 && p < k->packs_count; p++)
        if (k->packs[p].pack == pack)
            return &k->packs[p];
    return NULL;
}

static json_t *pack_json(const cli *c, const pack_row *p)
{
    return p == NULL ? json_null()
                     : json_pack("{s:s, s:s, s:b}", "name", p->name, "signer",
                                 cli_device_name(c, &p->signer), "revoked", (int)p->revoked);
}

/* "starter, signed by Administrator" */
static const char *pack_text(const cli *c, const pack_row *p)
{
    static char text[DBK_FORM_PACK_NAME_BYTES_MAX + CLI_NAME_BYTES_MAX + 64];
    if (p == NULL)
        return "the program";
    (void)snprintf(text, sizeof(text), "pack %s, signed by %s%s", p->name,
                   cli_device_name(c, &p->signer), p->revoked ? " (revoked since)" : "");
    return text;
}

/* ---- forms --------------------------------------------------------------------------------- */

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
    return json_pack("{s:s, s:s, s:s*, s:s, s:s*, s:s, s:o}", "field", f->name, "label", f->label,
                     "help", f->help, "kind", dbk_field_kind_name(f->kind), "form", f->ref_form,
                     "required", need_word(f->need), "codes", codes_json(f));
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

/* Where each came from is told where there is a choice. */
static dbk_rc table_forms(const cli *c, const known *k, dbk_err *err)
{
    static const char *const heads[] = { "FORM", "VERSION", "WHAT IT RECORDS", "FROM" };
    out_table *table = NULL;
    dbk_rc rc = out_table_new(&table, heads, k->packs_count > 0 ? 4 : 3, err);
    for (size_t i = 0; rc == DBK_OK && i < dbk_forms_count(k->forms); i++) {
        const dbk_form *f = dbk_forms_at(k->forms, i);
        char version[16];
        (void)snprintf(version, sizeof(version), "%u", (unsigned)dbk_form_version(f));
        const char *const cells[] = { dbk_form_name(f), version, dbk_form_title(f),
                                      pack_text(c, pack_of(k, i)) };
        rc = out_table_row(table, cells, err);
    }
    if (rc == DBK_OK)
        out_table_print(table);
    out_table_free(table);
    return rc;
}

dbk_rc cmd_forms(cli *c, const cli_args *a, dbk_err *err)
{
    known *k = NULL;
    dbk_rc rc = known_new(&k, c, a, err);
    if (rc == DBK_OK && c->format == OUT_TEXT)
        rc = table_forms(c, k, err);
    if (rc == DBK_OK && c->format == OUT_JSON) {
        json_t *rows = json_array();
        for (size_t i = 0; i < dbk_forms_count(k->forms); i++) {
            const dbk_form *f = dbk_forms_at(k->forms, i);
            (void)json_array_append_new(
                rows, json_pack("{s:s, s:i, s:s, s:o}", "form", dbk_form_name(f), "version",
                                (int)dbk_form_version(f), "title", dbk_form_title(f), "pack",
                                pack_json(c, pack_of(k, i))));
        }
        rc = out_json_take(rows, err);
    }
    known_free(k);
    return rc;
}

/* ---- form show ----------------------------------------------------------------------------- */

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

static bool has_tools(const dbk_form *form)
{
    return strcmp(dbk_form_name(form), "risk_assessment") == 0;
}

static dbk_rc show_form(cli *c, const dbk_form *form, const pack_row *pack, dbk_err *err)
{
    const dbk_field *fields;
    size_t count = dbk_form_fields(form, &fields);
    if (c->format == OUT_JSON) {
        json_t *rows = json_array(), *tools = NULL;
        dbk_rc rc = has_tools(form) ? cli_tools_json(&tools, c, err) : DBK_OK;
        if (rc != DBK_OK) {
            json_decref(rows);
            return rc;
        }
        for (size_t i = 0; i < count; i++)
            (void)json_array_append_new(rows, field_json(form, &fields[i]));
        return out_json_take(json_pack("{s:s, s:i, s:s, s:b, s:o, s:o, s:o*}", "form",
                                       dbk_form_name(form), "version", (int)dbk_form_version(form),
                                       "title", dbk_form_title(form), "signs",
                                       (int)dbk_form_signs(form), "pack", pack_json(c, pack),
                                       "fields", rows, "tools", tools),
                             err);
    }
    out_text("%s (%s, version %u)%s\n", dbk_form_title(form), dbk_form_name(form),
             (unsigned)dbk_form_version(form),
             dbk_form_signs(form) ? "; it can be signed, then only addenda" : "");
    if (pack != NULL)
        out_text("From the %s.\n", pack_text(c, pack));
    if (dbk_form_help(form) != NULL)
        out_wrapped("", dbk_span_str(dbk_form_help(form)));
    out_text("\n  %-24s %-9s %-8s %s\n", "FIELD", "KIND", "NEEDED", "WHAT IT ASKS");
    for (size_t i = 0; i < count; i++)
        print_field(form, &fields[i]);
    return has_tools(form) ? cli_tools_print(c, err) : DBK_OK;
}

dbk_rc cmd_form_show(cli *c, const cli_args *a, dbk_err *err)
{
    known *k = NULL;
    const dbk_form *form = NULL;
    const pack_row *pack = NULL;
    dbk_rc rc = known_new(&k, c, a, err);
    if (rc == DBK_OK)
        rc = cli_form_find(&form, k->forms, a->positional[0], err);
    for (size_t i = 0; rc == DBK_OK && i < dbk_forms_count(k->forms); i++)
        if (dbk_forms_at(k->forms, i) == form)
            pack = pack_of(k, i);
    if (rc == DBK_OK)
        rc = show_form(c, form, pack, err);
    known_free(k);
    return rc;
}
