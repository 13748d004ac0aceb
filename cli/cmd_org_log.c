/* Every change of the organisation's membership, in plain words. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/change.h"
#include "cli/cmd.h"
#include "cli/render.h"
#include "cli/words.h"
#include "core/base/text.h"

/* ---- rows ---------------------------------------------------------------------------------- */

typedef struct listing {
    cli *c;
    out_table *table; /* NULL: json */
} listing;

static json_t *hex_json(const dbk_id *id)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, id);
    return json_string(hex);
}

static json_t *signers_json(const cli *c, const dbk_orglog_row *change)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < change->signers_count; i++)
        (void)json_array_append_new(
            rows, json_pack("{s:s, s:o}", "name", cli_device_name(c, &change->signers[i]->device),
                            "device", hex_json(&change->signers[i]->device)));
    if (change->by_root)
        (void)json_array_append_new(rows, json_pack("{s:s, s:n}", "name", "root", "device"));
    return rows;
}

static bool is_about_device(dbk_entry_kind kind)
{
    return kind == DBK_ENTRY_GENESIS || kind == DBK_ENTRY_ENROL || kind == DBK_ENTRY_GRANT ||
           kind == DBK_ENTRY_REVOKE || kind == DBK_ENTRY_REMOVE;
}

static dbk_rc row_json(const cli *c, const dbk_orglog_row *change, const char *text, dbk_err *err)
{
    const dbk_entry *e = change->entry;
    json_t *row = json_pack("{s:I, s:s, s:o, s:o, s:s}", "change", (json_int_t)e->seq, "kind",
                            cli_change_code(e->kind), "claimed", cli_time_json((int64_t)e->time_ms),
                            "signed_by", signers_json(c, change), "text", text);
    if (is_about_device(e->kind))
        (void)json_object_set_new(row, "device", hex_json(&e->device));
    if (change->space_held && !dbk_id_is_zero(&e->space))
        (void)json_object_set_new(row, "space", hex_json(&e->space));
    return out_json_take(row, err);
}

static dbk_rc row_text(const listing *l, const dbk_orglog_row *change, const char *text,
                       dbk_err *err)
{
    dbk_bytes who = DBK_BYTES_INIT(CLI_CHANGE_BYTES_MAX);
    char seq[24];
    (void)snprintf(seq, sizeof(seq), "%llu", (unsigned long long)change->entry->seq);
    dbk_rc rc = cli_change_signers(&who, l->c, change, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(&who, 0, err);
    if (rc == DBK_OK)
        rc = out_table_row(
            l->table,
            (const char *[]){ seq, cli_time((int64_t)change->entry->time_ms), (char *)who.p, text },
            err);
    dbk_bytes_wipe(&who);
    return rc;
}

static dbk_rc show_change(void *ctx, const dbk_orglog_row *change, dbk_err *err)
{
    const listing *l = ctx;
    dbk_bytes text = DBK_BYTES_INIT(CLI_CHANGE_BYTES_MAX);
    dbk_rc rc = cli_change_words(&text, l->c, change, CLI_CHANGE_DONE, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(&text, 0, err);
    if (rc == DBK_OK && l->table == NULL)
        rc = row_json(l->c, change, (char *)text.p, err);
    else if (rc == DBK_OK)
        rc = row_text(l, change, (char *)text.p, err);
    dbk_bytes_wipe(&text);
    return rc;
}

dbk_rc cmd_org_log(cli *c, const cli_args *a, dbk_err *err)
{
    static const char *const heads[] = { "CHANGE", "CLAIMED", "SIGNED BY", "WHAT" };
    listing l = { c, NULL };
    const char *since = cli_option_value(a, "--since");
    uint64_t from = 0;
    dbk_rc rc = DBK_OK;
    if (since != NULL && dbk_u64_parse(&from, dbk_span_str(since), NULL) != DBK_OK)
        return dbk_fail(err, DBK_USAGE, "--since takes the number of a change");
    if (c->format == OUT_TEXT)
        rc = out_table_new(&l.table, heads, 4, err);
    if (rc == DBK_OK)
        rc = dbk_orglog_each(c->book, from, show_change, &l, err);
    if (rc == DBK_OK && l.table != NULL)
        out_table_print(l.table);
    out_table_free(l.table);
    return rc;
}
