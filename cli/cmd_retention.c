/* How long records are kept, and who decided it: retention due, show, review. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/looks.h"
#include "cli/render.h"
#include "cli/when.h"
#include "cli/words.h"
#include "core/base/alloc.h"
#include "core/base/day.h"
#include "core/base/text.h"

#define DAYS_MAX 3660u
#define WORDS_BYTES_MAX 512u

static const char *const stand_words[DBK_RETENTION_STANDS] = {
    [DBK_RETENTION_KEPT] = "kept",
    [DBK_RETENTION_DUE] = "review is due",
    [DBK_RETENTION_AGAIN] = "decide again: something came since",
    [DBK_RETENTION_HELD] = "to be disposed of, but held",
    [DBK_RETENTION_DISPOSE] = "to be disposed of",
};

static int64_t now_ms(void)
{
    return (int64_t)dbk_env_system()->now_ms(NULL);
}

static bool may_show(void *ctx, const dbk_id *space)
{
    return cli_shows(ctx, space);
}

/* "1 Mar 2011" as it is in the record: days are counted in UTC. Borrowed like out_safe(). */
static const char *day_words(int64_t unix_ms)
{
    char text[DBK_TIME_TEXT_SIZE], words[CLI_WHEN_SIZE];
    if (unix_ms == 0)
        return "";
    dbk_time_print(text, unix_ms);
    text[10] = '\0';
    (void)cli_when_read(words, dbk_span_str(text));
    return out_safe_str(words);
}

static json_t *day_json(int64_t unix_ms)
{
    char text[DBK_TIME_TEXT_SIZE];
    if (unix_ms == 0)
        return json_null();
    dbk_time_print(text, unix_ms);
    text[10] = '\0';
    return json_string(text);
}

static json_t *text_json(dbk_span text)
{
    return text.len == 0 ? json_null() : json_string(out_safe_lines(text));
}

/* ---- due ------------------------------------------------------------------------------------- */

static dbk_rc add_flag(dbk_bytes *out, bool yes, const char *words, dbk_err *err)
{
    if (!yes)
        return DBK_OK;
    return dbk_bytes_append_fmt(out, err, "%s%s", out->len > 0 ? "; " : "", words);
}

static dbk_rc flags_of(dbk_bytes *out, const dbk_retention *r, dbk_err *err)
{
    dbk_rc rc = add_flag(out, r->held, "legal hold", err);
    if (rc == DBK_OK)
        rc = add_flag(out, r->child, "a child under 10", err);
    if (rc == DBK_OK)
        rc = add_flag(out, r->group[0] == '\0', "no review group", err);
    return rc == DBK_OK ? add_flag(out, r->open, "not closed", err) : rc;
}

static json_t *retention_json(const dbk_retention *r)
{
    char uuid[DBK_ID_UUID_SIZE], decision[DBK_ID_UUID_SIZE];
    dbk_id_uuid(uuid, &r->record);
    dbk_id_uuid(decision, &r->decision);
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:o}", "id",
                     uuid, "form", r->is_case ? "case" : "person", "stand",
                     dbk_retention_stand_name(r->stand), "due", day_json(r->due_ms), "group",
                     r->group[0] == '\0' ? json_null() : json_string(r->group), "events",
                     (json_int_t)r->events, "first", cli_time_json(r->first_ms), "newest",
                     cli_time_json(r->newest_ms), "until", day_json(r->until_ms), "reviewed",
                     cli_time_json(r->reviewed_ms), "held", (int)r->held, "open", (int)r->open,
                     "child", (int)r->child, "decision",
                     dbk_id_is_zero(&r->decision) ? json_null() : json_string(decision));
}

static dbk_rc say_due(cli *c, out_table *table, const dbk_retention *r, dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_bytes about = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_bytes flags = DBK_BYTES_INIT(WORDS_BYTES_MAX);
    dbk_rc rc = dbk_query_note(&note, c->book, &r->record, err);
    if (rc == DBK_OK)
        rc = cli_summary_text(&about, note, err);
    if (rc == DBK_OK)
        rc = flags_of(&flags, r, err);
    dbk_note_free(note);
    if (rc == DBK_OK && table == NULL) {
        json_t *row = retention_json(r);
        (void)json_object_set_new(row, "summary", text_json(dbk_bytes_span(&about)));
        rc = out_json_take(row, err);
    } else if (rc == DBK_OK) {
        const char *cells[] = { day_words(r->due_ms),
                                stand_words[r->stand],
                                cli_short_id(&r->record),
                                r->is_case ? "case" : "person",
                                out_safe(dbk_bytes_span(&about)),
                                out_safe(dbk_bytes_span(&flags)) };
        rc = out_table_row(table, cells, err);
    }
    dbk_bytes_wipe(&about);
    dbk_bytes_wipe(&flags);
    return rc;
}

static dbk_rc days_of(unsigned *days, const cli_args *a, dbk_err *err)
{
    const char *typed = cli_option_value(a, "--within");
    uint64_t number = 0;
    if (typed != NULL &&
        (dbk_u64_parse(&number, dbk_span_str(typed), NULL) != DBK_OK || number > DAYS_MAX))
        return dbk_fail(err, DBK_USAGE, "--within is a number of days, at most %u", DAYS_MAX);
    *days = (unsigned)number;
    return DBK_OK;
}

dbk_rc cmd_retention_due(cli *c, const cli_args *a, dbk_err *err)
{
    static const char *const heads[] = { "DUE", "STANDS", "ID", "", "ABOUT", "TO LOOK AT" };
    const dbk_retention_opts opts = { .now_ms = now_ms(), .shows = may_show, .ctx = c };
    bool all = cli_option_given(a, "--all");
    dbk_retention *rows = NULL;
    out_table *table = NULL;
    size_t count = 0, said = 0;
    unsigned days = 0;
    dbk_rc rc = days_of(&days, a, err);
    if (rc == DBK_OK)
        rc = all ? dbk_retention_all(&rows, &count, c->book, &opts, err)
                 : dbk_retention_due(&rows, &count, c->book,
                                     opts.now_ms + (int64_t)days * DBK_DAY_MS, &opts, err);
    if (rc == DBK_OK && c->format == OUT_TEXT)
        rc = out_table_new(&table, heads, 6, err);
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        said++;
        rc = say_due(c, table, &rows[i], err);
    }
    if (rc == DBK_OK && table != NULL && said > 0)
        out_table_print(table);
    else if (rc == DBK_OK && table != NULL)
        out_text("No review is due.\n");
    out_table_free(table);
    dbk_free(rows);
    return rc;
}

/* What nobody has to give a reason for. */
static bool counts(void *ctx, const dbk_id *space)
{
    const cli *c = ctx;
    dbk_role role = dbk_book_role(c->book, space);
    return (role == DBK_ROLE_HQ || role == DBK_ROLE_ADMIN) &&
           !dbk_book_is_restricted(c->book, space);
}

dbk_rc cmd_retention_count(cli *c, uint64_t *due, dbk_err *err)
{
    const dbk_retention_opts opts = { .now_ms = now_ms(), .shows = counts, .ctx = c };
    dbk_retention *rows = NULL;
    size_t count = 0;
    *due = 0;
    dbk_rc rc = dbk_retention_due(&rows, &count, c->book, opts.now_ms, &opts, err);
    for (size_t i = 0; rc == DBK_OK && i < count; i++)
        *due += rows[i].stand == DBK_RETENTION_DUE || rows[i].stand == DBK_RETENTION_AGAIN;
    dbk_free(rows);
    return rc;
}

/* What may be told about one record without a further reason: nothing of a restricted space shows
 * through another's dates. */
static bool may_tell(void *ctx, const dbk_id *space)
{
    const cli *c = ctx;
    return c->reason != NULL || !dbk_book_is_restricted(c->book, space);
}

/* ---- show ------------------------------------------------------------------------------------ */

typedef struct reviews {
    const dbk_id *about, *space;
    json_t *rows; /* or NULL: as text */
    size_t count;
} reviews;

static dbk_rc say_review(reviews *v, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE], decision[16] = "";
    bool counted = row->life == DBK_LIFE_SIGNED && dbk_reading_is_hq(r->note, "decision");
    dbk_span text;
    dbk_rc rc = dbk_reading_text(r, &text, "decision", err);
    if (rc == DBK_OK && text.len > 0 && text.len < sizeof(decision))
        memcpy(decision, text.p, text.len);
    if (rc == DBK_OK)
        rc = dbk_reading_text(r, &text, "reason", err);
    if (rc != DBK_OK)
        return rc;
    dbk_id_uuid(uuid, &row->record);
    v->count++;
    if (v->rows != NULL)
        return json_array_append_new(v->rows,
                                     json_pack("{s:s, s:o, s:s, s:o, s:b}", "id", uuid, "at",
                                               cli_time_json(row->when_ms), "decision",
                                               out_safe_str(decision), "reason", text_json(text),
                                               "counts", (int)counted)) == 0
                   ? DBK_OK
                   : dbk_fail(err, DBK_NOMEM, "no memory for the answer");
    out_text("  %s  %s  %s%s\n", cli_time(row->when_ms), cli_short_id(&row->record),
             out_safe_str(decision),
             counted ? "" : " (not signed by headquarters: it doesn't count)");
    out_wrapped("      ", text);
    return DBK_OK;
}

static dbk_rc take_review(void *ctx, dbk_reading *r, const dbk_row *row, dbk_err *err)
{
    reviews *v = ctx;
    dbk_id about = { { 0 } };
    dbk_rc rc = dbk_reading_ref(r, &about, "about", err);
    if (rc != DBK_OK || !dbk_id_equal(&about, v->about) || !dbk_id_equal(&row->space, v->space))
        return rc;
    return say_review(v, r, row, err);
}

static const char *group_words(const dbk_note *note, const dbk_retention *r)
{
    const dbk_field *field = note->form == NULL ? NULL : dbk_form_field(note->form, "mopi_group");
    for (size_t i = 0; field != NULL && i < field->codes_count; i++)
        if (strcmp(field->codes[i].name, r->group) == 0)
            return field->codes[i].label;
    return r->group[0] == '\0' ? "none yet: give it one" : r->group;
}

static void print_retention(const dbk_note *note, const dbk_retention *r)
{
    out_text("Stands:        %s\n", stand_words[r->stand]);
    out_text("Review due:    %s\n", day_words(r->due_ms));
    out_text("Review group:  %s\n", out_safe_str(group_words(note, r)));
    out_text("Events:        %llu, from %s", (unsigned long long)r->events, day_words(r->first_ms));
    out_text(" to %s\n", day_words(r->newest_ms));
    out_text("Kept until:    %s\n",
             r->until_ms == 0 ? "not known: a day of birth is missing" : day_words(r->until_ms));
    out_text("Legal hold:    %s\n", r->held ? "yes, or nobody knows" : "none is recorded");
    if (r->open)
        out_text("Deployment:    not closed\n");
    if (r->child)
        out_text("A child:       somebody was under 10, or may have been, when it began\n");
}

dbk_rc cmd_retention_show(cli *c, const cli_args *a, dbk_err *err)
{
    const dbk_retention_opts opts = { .now_ms = now_ms(), .shows = may_tell, .ctx = c };
    dbk_retention r;
    dbk_id record;
    dbk_note *note = NULL;
    reviews v = { .about = &record };
    dbk_rc rc = cli_record_find(&record, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_query_note(&note, c->book, &record, err);
    if (rc == DBK_OK)
        rc = cli_look(c, note, "retention show", err);
    if (rc == DBK_OK)
        rc = dbk_retention_of(&r, c->book, &record, &opts, err);
    v.rows = c->format == OUT_JSON ? json_array() : NULL;
    if (note != NULL)
        v.space = &note->space;
    if (rc == DBK_OK && v.rows == NULL) {
        print_retention(note, &r);
        out_text("Reviews:\n");
    }
    if (rc == DBK_OK)
        rc = dbk_reading_each(c->book, DBK_RETENTION_FORM, take_review, &v, err);
    if (rc == DBK_OK && v.rows == NULL && v.count == 0)
        out_text("  none\n");
    if (rc == DBK_OK && v.rows != NULL) {
        json_t *answer = retention_json(&r);
        (void)json_object_set(answer, "reviews", v.rows);
        rc = out_json_take(answer, err);
    }
    json_decref(v.rows);
    dbk_note_free(note);
    return rc;
}

/* ---- review ---------------------------------------------------------------------------------- */

/* What the program fills in; nobody types that. */
static const char *const filled[] = { "about", "reviewed_at", "basis" };

static bool is_filled(const char *typed)
{
    for (size_t i = 0; i < sizeof(filled) / sizeof(filled[0]); i++) {
        size_t len = strlen(filled[i]);
        if (strncmp(typed, filled[i], len) == 0 && strchr("=:+-", typed[len]) != NULL)
            return true;
    }
    return false;
}

static dbk_rc parse_review(cli_inputs *in, const cli_args *a, const dbk_form *form,
                           const dbk_retention *now, dbk_err *err)
{
    const char *args[CLI_POSITIONAL_MAX + 3];
    char at[DBK_TIME_TEXT_SIZE], uuid[DBK_ID_UUID_SIZE], texts[3][96];
    size_t count = 0;
    dbk_time_print(at, now_ms());
    dbk_id_uuid(uuid, &now->record);
    (void)snprintf(texts[0], sizeof(texts[0]), "about=%s", uuid);
    (void)snprintf(texts[1], sizeof(texts[1]), "reviewed_at=%s", at);
    (void)snprintf(texts[2], sizeof(texts[2]), "basis=%s", now->basis);
    for (size_t i = 1; i < a->count; i++) {
        if (is_filled(a->positional[i]))
            return dbk_fail(err, DBK_USAGE, "`%s` is filled in by the program",
                            out_safe_str(a->positional[i]));
        args[count++] = a->positional[i];
    }
    for (size_t i = 0; i < 3; i++)
        args[count++] = texts[i];
    return cli_inputs_parse(in, args, count, form, err);
}

static dbk_rc say_reviewed(cli *c, const dbk_id *review, const dbk_id *record,
                           const dbk_problems *problems, dbk_err *err)
{
    const dbk_retention_opts opts = { .now_ms = now_ms(), .shows = may_tell, .ctx = c };
    char uuid[DBK_ID_UUID_SIZE], about[DBK_ID_UUID_SIZE];
    dbk_retention r;
    dbk_rc rc = dbk_retention_of(&r, c->book, record, &opts, err);
    if (rc != DBK_OK)
        return rc;
    dbk_id_uuid(uuid, review);
    dbk_id_uuid(about, record);
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:s, s:s, s:s, s:o, s:o}", "id", uuid, "about", about,
                                       "stand", dbk_retention_stand_name(r.stand), "due",
                                       day_json(r.due_ms), "warnings", cli_problems_json(problems)),
                             err);
    cli_print_problems(problems);
    if (r.stand == DBK_RETENTION_DISPOSE)
        out_text("Signed %s: to be disposed of, as long as nothing about it changes.\n", uuid);
    else
        out_text("Signed %s: to be reviewed again on %s.\n", uuid, day_words(r.due_ms));
    return DBK_OK;
}

dbk_rc cmd_retention_review(cli *c, const cli_args *a, dbk_err *err)
{
    const dbk_retention_opts opts = { .now_ms = now_ms() };
    const dbk_form *form = NULL;
    dbk_retention now;
    dbk_id record, review = { { 0 } };
    cli_inputs in = { 0 };
    dbk_problems problems = { 0 };
    dbk_add add = { .form = DBK_RETENTION_FORM };
    dbk_rc rc = cli_record_find(&record, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_retention_of(&now, c->book, &record, &opts, err);
    if (rc == DBK_OK)
        rc = cli_looks_allowed(c, &now.space, err);
    if (rc == DBK_OK)
        rc = dbk_book_check_write(c->book, &now.space, err);
    if (rc == DBK_OK)
        rc = cli_form_find(&form, dbk_book_forms(c->book), add.form, err);
    if (rc == DBK_OK)
        rc = parse_review(&in, a, form, &now, err);
    if (rc == DBK_OK) {
        add.space = now.space;
        add.inputs = in.rows;
        add.inputs_count = in.count;
        rc = dbk_journal_add(c->book, &review, &problems, &add, err);
        if (rc == DBK_OK)
            rc = dbk_journal_sign(c->book, &problems, &review, err);
        rc = rc == DBK_OK ? say_reviewed(c, &review, &record, &problems, err)
                          : cli_refuse(c, rc, "nothing was decided", &problems, err);
    }
    cli_inputs_wipe(&in);
    dbk_problems_wipe(&problems);
    return rc;
}
