/* Packs of forms that a force signs for itself: form pack, form install. */
#include <jansson.h>

#include "cli/cmd.h"
#include "core/base/alloc.h"

/* ---- pack ---------------------------------------------------------------------------------- */

typedef struct packing {
    dbk_bytes files[DBK_FORM_PACK_TEXTS_MAX];
    dbk_form_pack_text texts[DBK_FORM_PACK_TEXTS_MAX];
    size_t count, faults;
} packing;

/* Each file by itself first, so that all faults are told, each with its file. */
static dbk_rc read_one(packing *p, const char *path, dbk_err *err)
{
    dbk_form *form = NULL;
    dbk_err why = { 0 };
    dbk_bytes *file = &p->files[p->count++];
    dbk_bytes_init(file, DBK_FORM_JSON_BYTES_MAX);
    dbk_rc rc = cli_read_file(file, path, &why);
    if (rc == DBK_OK)
        rc = dbk_form_parse(&form, dbk_bytes_span(file), &why);
    dbk_form_free(form);
    p->texts[p->count - 1] = (dbk_form_pack_text){ DBK_FORM_PACK_FORM, dbk_bytes_span(file) };
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
    dbk_rc rc = read_files(p, a, err);
    if (rc == DBK_OK) {
        const dbk_form_pack_new new_pack = { name, p->texts, p->count };
        rc = dbk_form_pack_make(c->book, &pack, &new_pack, err);
    }
    if (rc == DBK_OK)
        rc = out_file(path, dbk_bytes_span(&pack), err);
    if (rc == DBK_OK && c->format == OUT_JSON)
        rc = out_json_take(json_pack("{s:s, s:s, s:I, s:I}", "pack", name, "file", path, "forms",
                                     (json_int_t)p->count, "bytes", (json_int_t)pack.len),
                           err);
    else if (rc == DBK_OK)
        out_text("Written and signed by this device: %zu form%s. It is taken with\n"
                 "  daybook form install %s\n",
                 p->count, p->count == 1 ? "" : "s", out_safe_str(path));
    for (size_t i = 0; i < p->count; i++)
        dbk_bytes_wipe(&p->files[i]);
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
    out_text("Installed: %zu form%s that %s not here before.\n", done->forms,
             done->forms == 1 ? "" : "s", done->forms == 1 ? "was" : "were");
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
        rc = out_json_take(json_pack("{s:b, s:I, s:I}", "installed", (int)done.is_new, "forms",
                                     (json_int_t)done.forms, "records", (json_int_t)done.records),
                           err);
    else if (rc == DBK_OK)
        tell_installed(&done);
    dbk_bytes_wipe(&file);
    return rc;
}
