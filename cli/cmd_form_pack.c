/* Packs of forms that a force signs for itself: form pack, form install. */
#include <jansson.h>

#include "cli/cmd.h"
#include "core/base/alloc.h"

/* ---- pack ---------------------------------------------------------------------------------- */

typedef struct packing {
    dbk_bytes files[DBK_FORM_PACK_TEXTS_MAX];
    dbk_form_pack_text texts[DBK_FORM_PACK_TEXTS_MAX];
    size_t count, faults;
    dbk_tool_texts *tools; /* each by itself, to be checked */
} packing;

static dbk_form_pack_kind kind_of(dbk_span text)
{
    json_t *json = json_loadb((const char *)text.p, text.len, 0, NULL);
    bool tool = json_object_get(json, "tool") != NULL;
    json_decref(json);
    return tool ? DBK_FORM_PACK_TOOL : DBK_FORM_PACK_FORM;
}

static dbk_rc check_text(packing *p, const dbk_form_pack_text *text, dbk_err *err)
{
    dbk_form *form = NULL;
    if (text->kind == DBK_FORM_PACK_TOOL)
        return dbk_tool_texts_add(p->tools, text->text, 1, err);
    dbk_rc rc = dbk_form_parse(&form, text->text, err);
    dbk_form_free(form);
    return rc;
}

/* Each file by itself first, so that all faults are told, each with its file. */
static dbk_rc read_one(packing *p, const char *path, dbk_err *err)
{
    dbk_err why = { 0 };
    dbk_form_pack_text *text = &p->texts[p->count];
    dbk_bytes *file = &p->files[p->count++];
    dbk_bytes_init(file, DBK_FORM_JSON_BYTES_MAX);
    dbk_rc rc = cli_read_file(file, path, &why);
    if (rc == DBK_OK) {
        *text = (dbk_form_pack_text){ kind_of(dbk_bytes_span(file)), dbk_bytes_span(file) };
        rc = check_text(p, text, &why);
    }
    if (rc == DBK_NOMEM)
        return dbk_fail(err, rc, "%s", why.text);
    if (rc != DBK_OK) {
        out_note("- %.120s: %s", out_safe_str(path), out_safe_str(why.text));
        p->faults++;
    }
    return DBK_OK;
}

static dbk_rc read_files(packing *p, const cli_args *a, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    if (a->count > DBK_FORM_PACK_TEXTS_MAX)
        return dbk_fail(err, DBK_LIMIT, "a pack holds at most %u forms", DBK_FORM_PACK_TEXTS_MAX);
    for (size_t i = 0; rc == DBK_OK && i < a->count; i++)
        rc = read_one(p, a->positional[i], err);
    if (rc == DBK_OK && p->faults > 0)
        rc = dbk_fail(err, DBK_INVALID, "%zu of %zu files can't go into a pack; nothing was made",
                      p->faults, a->count);
    return rc;
}

dbk_rc cmd_form_pack(cli *c, const cli_args *a, dbk_err *err)
{
    const char *name = cli_option_value(a, "--name");
    const char *path = cli_option_value(a, "--out");
    dbk_bytes pack = DBK_BYTES_INIT(DBK_FORM_PACK_BYTES_MAX);
    if (name == NULL || path == NULL)
        return dbk_fail(err, DBK_USAGE,
                        "--name says what the pack is called, --out which file is "
                        "made");
    packing *p = dbk_alloc(sizeof(*p));
    if (p == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a pack of forms");
    dbk_rc rc = dbk_tool_texts_new(&p->tools, err);
    if (rc == DBK_OK)
        rc = read_files(p, a, err);
    if (rc == DBK_OK) {
        const dbk_form_pack_new new_pack = { name, p->texts, p->count };
        rc = dbk_form_pack_make(c->book, &pack, &new_pack, err);
    }
    if (rc == DBK_OK)
        rc = out_file(path, dbk_bytes_span(&pack), err);
    if (rc == DBK_OK && c->format == OUT_JSON)
        rc = out_json_take(json_pack("{s:s, s:s, s:I, s:I}", "pack", name, "file", path, "texts",
                                     (json_int_t)p->count, "bytes", (json_int_t)pack.len),
                           err);
    else if (rc == DBK_OK)
        out_text("Written and signed by this device: %zu file%s. It is taken with\n"
                 "  daybook form install %s\n",
                 p->count, p->count == 1 ? "" : "s", out_safe_str(path));
    for (size_t i = 0; i < p->count; i++)
        dbk_bytes_wipe(&p->files[i]);
    dbk_tool_texts_free(p->tools);
    dbk_free(p);
    dbk_bytes_wipe(&pack);
    return rc;
}

/* ---- install ------------------------------------------------------------------------------- */

static void tell_installed(const dbk_form_pack_installed *done)
{
    if (!done->is_new) {
        out_text("This pack is installed already.\n");
        return;
    }
    if (done->forms > 0 || done->tools == 0)
        out_text("Installed: %zu form%s that %s not here before.\n", done->forms,
                 done->forms == 1 ? "" : "s", done->forms == 1 ? "was" : "were");
    if (done->tools > 0)
        out_text("It has the questions of %zu assessment tool%s: `daybook form show "
                 "risk_assessment`.\n",
                 done->tools, done->tools == 1 ? "" : "s");
    if (done->records > 0)
        out_text("%zu record%s that came earlier can be read by %s.\n", done->records,
                 done->records == 1 ? "" : "s", done->forms == 1 ? "it" : "them");
    out_text("`daybook forms` lists what can be recorded.\n");
}

dbk_rc cmd_form_install(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_form_pack_installed done;
    dbk_bytes file = DBK_BYTES_INIT(DBK_FORM_PACK_BYTES_MAX + 1);
    dbk_rc rc = cli_read_file(&file, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_form_pack_install(c->book, &done, dbk_bytes_span(&file), err);
    if (rc == DBK_OK && c->format == OUT_JSON)
        rc = out_json_take(json_pack("{s:b, s:I, s:I, s:I}", "installed", (int)done.is_new, "forms",
                                     (json_int_t)done.forms, "records", (json_int_t)done.records,
                                     "tools", (json_int_t)done.tools),
                           err);
    else if (rc == DBK_OK)
        tell_installed(&done);
    dbk_bytes_wipe(&file);
    return rc;
}
