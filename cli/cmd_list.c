/* Lists: list, search. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/looks.h"
#include "cli/render.h"
#include "cli/safe.h"
#include "cli/when.h"
#include "cli/words.h"
#include "core/base/text.h"

#define SEARCH_LIMIT_DEFAULT 20u
#define LIST_LIMIT_DEFAULT 100u /* for eyes; a program that reads JSON gets all */
#define SEARCH_WORDS_BYTES_MAX 4096u

typedef struct listing {
    cli *c;
    out_table *table;       /* or NULL: JSON, one object a line */
    uint64_t rows, waiting; /* for a decision */
    uint64_t limit;         /* 0: none */
    bool full;              /* there are more */
    dbk_id last;
} listing;

/* Was it written long after what it is about (FL-11)? */
static bool is_late(const cli *c, const dbk_row *row)
{
    const dbk_form *form = dbk_forms_find(dbk_book_forms(c->book), dbk_span_str(row->form), 0);
    return form != NULL && dbk_form_is_late(form, row->when_ms, row->begun_ms);
}

static dbk_rc row_json(const cli *c, const dbk_row *row, const char *snippet, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE], space[DBK_ID_HEX_SIZE];
    dbk_id_uuid(uuid, &row->record);
    dbk_id_hex(space, &row->space);
    return out_json_take(
        json_pack(
            "{s:s, s:s, s:s, s:o, s:b, s:o, s:s, s:s, s:s, s:s*, s:{s:I, s:I, s:I, s:I}}", "id",
            uuid, "form", row->form, "space", space, "when", cli_time_json(row->when_ms), "late",
            (int)is_late(c, row), "updated", cli_time_json((int64_t)row->updated_ms), "state",
            dbk_life_name(row->life), "carriage", cli_carriage_code(row->carriage), "summary",
            row->summary, "snippet", snippet, "attention", "asks", (json_int_t)row->attention.asks,
            "cautious", (json_int_t)row->attention.cautious, "proposals",
            (json_int_t)row->attention.proposals, "reviews", (json_int_t)row->attention.reviews),
        err);
}

static dbk_rc print_row(void *ctx, const dbk_row *row, dbk_err *err)
{
    listing *l = ctx;
    const char *snippet = row->snippet;
    if (l->limit != 0 && l->rows == l->limit) {
        /* What isn't shown doesn't count as more either. */
        l->full = cli_looks_allowed(l->c, &row->space, NULL) == DBK_OK;
        return l->full ? DBK_LIMIT : DBK_OK; /* ends the walk */
    }
    if (!cli_shows(l->c, &row->space))
        return DBK_OK;
    l->rows++;
    l->last = row->record;
    /* The words around a match may be a number: not before the rule was read. */
    if (snippet != NULL && cli_safe_row_hides(l->c, row))
        snippet = NULL;
    if (l->table == NULL)
        return row_json(l->c, row, snippet, err);
    bool waits = cli_attention_words(&row->attention)[0] != '\0';
    l->waiting += waits;
    const char *flag = is_late(l->c, row) ? (waits ? "! late" : "late") : waits ? "!" : "";
    const char *cells[] = {
        cli_short_id(&row->record), row->form, cli_time(row->when_ms),
        dbk_life_name(row->life),   flag,      snippet != NULL ? snippet : row->summary
    };
    return out_table_row(l->table, cells, err);
}

/* One more than are shown is asked for, to tell that there are more. What is left out isn't
 * counted: the limit is looked after here, where anything may be. */
static dbk_rc begin(listing *l, cli *c, uint64_t *limit, const char *last_head, dbk_err *err)
{
    const char *heads[] = { "ID", "FORM", "WHEN", "STATE", "", last_head };
    *l = (listing){ .c = c, .limit = *limit };
    if (cli_leaves_out(c))
        *limit = 0;
    else if (*limit != 0 && *limit < UINT64_MAX)
        ++*limit;
    return c->format == OUT_JSON ? DBK_OK : out_table_new(&l->table, heads, 6, err);
}

static void finish(listing *l, dbk_rc rc)
{
    if (rc == DBK_OK && l->table != NULL && l->rows > 0)
        out_table_print(l->table);
    if (rc == DBK_OK && l->table != NULL)
        out_note("%llu record%s%s", (unsigned long long)l->rows, l->rows == 1 ? "" : "s",
                 l->waiting > 0 ? "; ! waits for a decision, see `daybook conflicts`" : "");
    out_table_free(l->table);
}

/* F=V pairs; the field names are copied into names. */
static dbk_rc parse_where(dbk_where *where, char names[][DBK_NAME_BYTES_MAX + 1],
                          const cli_values *values, dbk_err *err)
{
    for (size_t i = 0; i < values->count; i++) {
        const char *equals = strchr(values->rows[i], '=');
        size_t len = equals == NULL ? 0 : (size_t)(equals - values->rows[i]);
        if (len == 0 || len > DBK_NAME_BYTES_MAX)
            return dbk_fail(err, DBK_USAGE, "--where is FIELD=VALUE");
        memcpy(names[i], values->rows[i], len);
        names[i][len] = '\0';
        where[i] = (dbk_where){ names[i], equals + 1 };
    }
    return DBK_OK;
}

dbk_rc cmd_list(cli *c, const cli_args *a, dbk_err *err)
{
    static char names[CLI_REPEATS_MAX][DBK_NAME_BYTES_MAX + 1];
    dbk_where where[CLI_REPEATS_MAX];
    dbk_list_opts opts = { .form = a->count > 0 ? a->positional[0] : NULL,
                           .where = where,
                           .since_ms = INT64_MIN,
                           .with_withdrawn = cli_option_given(a, "--withdrawn") };
    const cli_values *pairs = cli_option_values(a, "--where");
    const char *space_name = cli_option_value(a, "--space");
    const char *since = cli_option_value(a, "--since");
    const char *after_typed = cli_option_value(a, "--after");
    dbk_id space, after;
    listing l = { 0 };
    opts.limit = c->format == OUT_JSON ? 0 : LIST_LIMIT_DEFAULT;
    dbk_rc rc = parse_where(where, names, pairs, err);
    opts.where_count = pairs->count;
    if (rc == DBK_OK && since != NULL)
        rc = cli_since_parse(&opts.since_ms, since, "--since", err);
    if (rc == DBK_OK)
        rc = cli_limit_read(&opts.limit, a, err);
    if (rc == DBK_OK && space_name != NULL) {
        rc = dbk_book_space_find(c->book, &space, space_name, err);
        opts.space = &space;
    }
    if (rc == DBK_OK && opts.space != NULL)
        rc = cli_looks_allowed(c, opts.space, err);
    if (rc == DBK_OK && after_typed != NULL) {
        rc = cli_record_find(&after, c, after_typed, err);
        opts.after = &after;
    }
    if (rc == DBK_OK)
        rc = begin(&l, c, &opts.limit, "SUMMARY", err);
    if (rc == DBK_OK)
        rc = dbk_query_list(c->book, &opts, print_row, &l, err);
    rc = l.full ? DBK_OK : rc;
    cli_looks_call(c, "list", opts.form);
    /* An empty list because of a mistyped form would read as "there are none". */
    const dbk_form *form;
    if (rc == DBK_OK && l.rows == 0 && opts.form != NULL)
        rc = cli_form_find(&form, dbk_book_forms(c->book), opts.form, err);
    finish(&l, rc);
    if (rc == DBK_OK && l.full && c->format == OUT_TEXT) {
        char uuid[DBK_ID_UUID_SIZE];
        dbk_id_uuid(uuid, &l.last);
        out_note("There are more: the same with --after %s, or all with --limit 0.", uuid);
    }
    return rc;
}

dbk_rc cmd_search(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_bytes words = DBK_BYTES_INIT(SEARCH_WORDS_BYTES_MAX);
    uint64_t limit = SEARCH_LIMIT_DEFAULT;
    listing l = { 0 };
    dbk_rc rc = cli_limit_read(&limit, a, err);
    for (size_t i = 0; rc == DBK_OK && i < a->count; i++)
        rc = dbk_bytes_append_fmt(&words, err, "%s%s", i > 0 ? " " : "", a->positional[i]);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(&words, 0, err);
    if (rc == DBK_OK)
        rc = begin(&l, c, &limit, "FOUND", err);
    if (rc == DBK_OK)
        rc = dbk_query_search(c->book, (const char *)words.p, limit, print_row, &l, err);
    rc = l.full ? DBK_OK : rc;
    finish(&l, rc);
    if (rc == DBK_OK && l.full && c->format == OUT_TEXT)
        out_note("There are more: another word, or a higher --limit.");
    dbk_bytes_wipe(&words);
    return rc;
}
