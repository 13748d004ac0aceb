/* The log of DPA 2018 section 62: who collected, altered, looked at, gave out, linked, erased. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/render.h"
#include "cli/when.h"
#include "cli/words.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

#define ACTOR_DIGITS_MIN 6u

typedef struct auditing {
    cli *c;
    const char *actor; /* a device's name, or the beginning of its id; or NULL */
    bool csv;
    json_t *rows; /* as --json says them, until they are put into order */
} auditing;

static json_t *text_json(dbk_span text)
{
    return text.len == 0 ? NULL : json_string(out_safe(text));
}

static bool is_actor(const auditing *a, const dbk_id *device)
{
    char hex[DBK_ID_HEX_SIZE];
    if (a->actor == NULL)
        return true;
    dbk_id_hex(hex, device);
    return strcasecmp(a->actor, cli_device_name(a->c, device)) == 0 ||
           (strlen(a->actor) >= ACTOR_DIGITS_MIN &&
            strncasecmp(a->actor, hex, strlen(a->actor)) == 0);
}

static bool wants(void *ctx, const dbk_audit_row *row)
{
    return is_actor(ctx, &row->device);
}

/* ---- a row's place, by which the next page goes on ------------------------------------------- */

#define ENTRY_SIZE 96u

static void print_entry(char out[ENTRY_SIZE], const dbk_audit_place *p)
{
    char feed[DBK_ID_HEX_SIZE];
    dbk_id_hex(feed, &p->dot.feed);
    (void)snprintf(out, ENTRY_SIZE, "%016llx-%s-%llx-%x", (unsigned long long)p->time, feed,
                   (unsigned long long)p->dot.seq, (unsigned)p->op);
}

static dbk_rc read_entry(dbk_audit_place *out, const char *text, dbk_err *err)
{
    char feed[DBK_ID_HEX_SIZE], again[ENTRY_SIZE];
    unsigned long long time = 0, seq = 0;
    unsigned op = 0;
    if (sscanf(text, "%16llx-%32[0-9a-f]-%16llx-%8x", &time, feed, &seq, &op) != 4 ||
        op >= DBK_AUDIT_OPS || dbk_id_parse(&out->dot.feed, feed, NULL) != DBK_OK)
        return dbk_fail(err, DBK_USAGE, "--before is an entry, as --json names it");
    out->time = time;
    out->dot.seq = seq;
    out->op = op;
    print_entry(again, out);
    return strcmp(again, text) == 0
               ? DBK_OK
               : dbk_fail(err, DBK_USAGE, "--before is an entry, as --json names it");
}

/* ---- rows ------------------------------------------------------------------------------------ */

static dbk_rc take_row(void *ctx, const dbk_audit_row *row, dbk_err *err)
{
    auditing *a = ctx;
    char space[DBK_ID_HEX_SIZE], device[DBK_ID_HEX_SIZE], entry[ENTRY_SIZE];
    const char *op = dbk_audit_op_name(row->op);
    print_entry(entry, &row->place);
    dbk_id_hex(space, &row->space);
    dbk_id_hex(device, &row->device);
    json_t *json = json_pack(
        "{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:I, s:o, s:o*, s:o*, s:o*, s:o*}", "entry", entry,
        "op", op, "at", cli_time_json(row->at_ms), "received",
        cli_time_json((int64_t)row->receipt_ms), "author", cli_device_name(a->c, &row->device),
        "device", device, "space", space, "count", (json_int_t)row->count, "records",
        row->records.len == 0 ? json_array() : cli_value_json(row->records), "what",
        text_json(row->what), "recipient", text_json(row->recipient), "reason",
        text_json(row->reason), "order", text_json(row->order));
    if (json == NULL || json_array_append_new(a->rows, json) != 0)
        return dbk_fail(err, DBK_NOMEM, "no memory for the log");
    return DBK_OK;
}

static const char *said(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text == NULL ? "" : text;
}

/* A row's place begins with its time, in as many digits as every other. */
static int by_place(const void *a, const void *b)
{
    json_t *const *x = a, *const *y = b;
    return strcmp(said(*x, "entry"), said(*y, "entry"));
}

static dbk_rc print_row(out_table *table, const json_t *row, dbk_err *err)
{
    const json_t *records = json_object_get(row, "records");
    const char *first = json_string_value(json_array_get(records, 0));
    char many[32];
    int64_t at = 0;
    if (dbk_time_parse(&at, dbk_span_str(said(row, "at")), NULL) != DBK_OK)
        at = 0;
    (void)snprintf(many, sizeof(many), "%llu %s",
                   (unsigned long long)json_integer_value(json_object_get(row, "count")),
                   said(row, "order")[0] == '\0' ? "records" : "changes");
    dbk_id id = { { 0 } };
    if (json_array_size(records) == 1 && first != NULL && dbk_id_parse(&id, first, NULL) == DBK_OK)
        (void)snprintf(many, sizeof(many), "%s", cli_short_id(&id));
    const char *cells[] = { cli_time(at),      said(row, "op"),        said(row, "author"), many,
                            said(row, "what"), said(row, "recipient"), said(row, "reason") };
    return out_table_row(table, cells, err);
}

/* ---- as CSV (RFC 4180) ---------------------------------------------------------------------- */

static const char *const columns[] = {
    "at",    "received", "op",   "author",    "device", "space",
    "count", "records",  "what", "recipient", "reason", "order"
};

static dbk_rc print_csv(const json_t *row, dbk_err *err)
{
    const json_t *records = json_object_get(row, "records");
    dbk_bytes ids = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    char count[24];
    dbk_rc rc = DBK_OK;
    (void)snprintf(count, sizeof(count), "%lld",
                   (long long)json_integer_value(json_object_get(row, "count")));
    for (size_t i = 0; rc == DBK_OK && i < json_array_size(records); i++)
        rc = dbk_bytes_append_fmt(&ids, err, "%s%s", i == 0 ? "" : " ",
                                  json_string_value(json_array_get(records, i)));
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(&ids, 0, err);
    for (size_t i = 0; rc == DBK_OK && i < sizeof(columns) / sizeof(columns[0]); i++)
        out_csv_cell(strcmp(columns[i], "count") == 0     ? count
                     : strcmp(columns[i], "records") == 0 ? (const char *)ids.p
                                                          : said(row, columns[i]),
                     i == 0);
    out_text("\r\n");
    dbk_bytes_wipe(&ids);
    return rc;
}

static dbk_rc print_all_csv(json_t *const *rows, size_t count, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
        out_csv_cell(columns[i], i == 0);
    out_text("\r\n");
    for (size_t i = 0; rc == DBK_OK && i < count; i++)
        rc = print_csv(rows[i], err);
    return rc;
}

static dbk_rc print_rows(const auditing *a, json_t *const *rows, size_t count, dbk_err *err)
{
    static const char *const heads[] = { "WHEN", "WHAT", "BY", "RECORD", "HOW", "TO", "BECAUSE" };
    out_table *table = NULL;
    dbk_rc rc = DBK_OK;
    if (a->c->format == OUT_TEXT)
        rc = out_table_new(&table, heads, sizeof(heads) / sizeof(heads[0]), err);
    for (size_t i = 0; rc == DBK_OK && i < count; i++)
        rc = table == NULL ? out_json_take(json_incref(rows[i]), err)
                           : print_row(table, rows[i], err);
    if (rc == DBK_OK && table != NULL && count > 0)
        out_table_print(table);
    if (rc == DBK_OK && table != NULL)
        out_note("%zu entr%s", count, count == 1 ? "y" : "ies");
    out_table_free(table);
    return rc;
}

static dbk_rc put_in_order(const auditing *a, dbk_err *err)
{
    size_t count = json_array_size(a->rows);
    json_t **rows = dbk_alloc_array(count + 1, sizeof(json_t *));
    if (rows == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the log");
    for (size_t i = 0; i < count; i++)
        rows[i] = json_array_get(a->rows, i);
    qsort(rows, count, sizeof(json_t *), by_place);
    dbk_rc rc = a->csv ? print_all_csv(rows, count, err) : print_rows(a, rows, count, err);
    dbk_free(rows);
    return rc;
}

static dbk_rc read_times(dbk_audit_opts *opts, const cli_args *a, dbk_err *err)
{
    const char *since = cli_option_value(a, "--since"), *until = cli_option_value(a, "--until");
    dbk_rc rc = since == NULL ? DBK_OK : cli_since_parse(&opts->from_ms, since, "--since", err);
    if (rc == DBK_OK && until != NULL)
        rc = cli_since_parse(&opts->to_ms, until, "--until", err);
    return rc;
}

static dbk_rc read_op(dbk_audit_opts *opts, const char *op, dbk_err *err)
{
    char all[256] = "";
    for (unsigned i = 0; op != NULL && i < DBK_AUDIT_OPS; i++) {
        size_t len = strlen(all);
        if (strcmp(op, dbk_audit_op_name(i)) == 0) {
            opts->ops = 1u << i;
            return DBK_OK;
        }
        (void)snprintf(all + len, sizeof(all) - len, "%s%s",
                       i == 0                   ? ""
                       : i + 1 == DBK_AUDIT_OPS ? " or "
                                                : ", ",
                       dbk_audit_op_name(i));
    }
    return op == NULL ? DBK_OK : dbk_fail(err, DBK_USAGE, "--op is %s", all);
}

static dbk_rc read_page(dbk_audit_opts *opts, dbk_audit_place *before, const cli_args *a,
                        dbk_err *err)
{
    const char *entry = cli_option_value(a, "--before");
    dbk_rc rc = cli_limit_read(&opts->limit, a, err);
    if (rc != DBK_OK || entry == NULL)
        return rc;
    if (opts->limit == 0)
        return dbk_fail(err, DBK_USAGE, "--before wants --limit");
    opts->before = before;
    return read_entry(before, entry, err);
}

dbk_rc cmd_audit(cli *c, const cli_args *a, dbk_err *err)
{
    auditing job = { .c = c,
                     .actor = cli_option_value(a, "--actor"),
                     .csv = cli_option_given(a, "--csv"),
                     .rows = json_array() };
    dbk_audit_opts opts = { .from_ms = INT64_MIN, .to_ms = INT64_MAX, .wants = wants };
    dbk_audit_place before;
    const char *typed = cli_option_value(a, "--record");
    dbk_id record;
    dbk_rc rc = read_op(&opts, cli_option_value(a, "--op"), err);
    if (rc == DBK_OK)
        rc = read_times(&opts, a, err);
    if (rc == DBK_OK)
        rc = read_page(&opts, &before, a, err);
    if (rc == DBK_OK && typed != NULL) {
        rc = cli_record_find(&record, c, typed, err);
        opts.record = &record;
    }
    if (rc == DBK_OK)
        rc = dbk_audit_each(c->book, &opts, take_row, &job, err);
    const char *file = cli_option_value(a, "--output");
    if (rc == DBK_OK && file != NULL)
        rc = out_redirect(file, err);
    if (rc == DBK_OK)
        rc = put_in_order(&job, err);
    json_decref(job.rows);
    return rc;
}
