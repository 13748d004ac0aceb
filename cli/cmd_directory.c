/* Services, looked up without a network: directory find, stale, gaps. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/looks.h"
#include "cli/nearest.h"
#include "cli/render.h"
#include "cli/when.h"
#include "cli/words.h"
#include "core/base/alloc.h"
#include "core/base/day.h"
#include "core/base/text.h"

#define AGE_MAX 120u
#define FIND_LIMIT 20u

static const char *const statuses[] = { "active", "paused", "closed" };
static const char *const gap_codes[] = { "none", "age", "unsaid", "stale" };

/* ---- what is asked --------------------------------------------------------------------------- */

/* A code as it is typed, or a label. */
static bool is_code(const dbk_field *field, const char *typed, cli_nearest *near, const char **out)
{
    for (size_t i = 0; field != NULL && i < field->codes_count; i++) {
        cli_nearest_offer(near, field->codes[i].name);
        if (strcmp(field->codes[i].name, typed) == 0 || strcmp(field->codes[i].label, typed) == 0) {
            *out = field->codes[i].name;
            return true;
        }
    }
    return false;
}

static dbk_rc read_code(const char **out, cli *c, const cli_args *a, const char *option,
                        const char *const *fields, dbk_err *err)
{
    const char *typed = cli_option_value(a, option);
    const dbk_form *form = dbk_forms_find(dbk_book_forms(c->book), dbk_span_str(DBK_OFFER_FORM), 0);
    cli_nearest near;
    if (typed == NULL)
        return DBK_OK;
    cli_nearest_begin(&near, typed);
    for (size_t i = 0; fields[i] != NULL; i++)
        if (is_code(dbk_form_field(form, fields[i]), typed, &near, out))
            return DBK_OK;
    return dbk_fail(err, DBK_USAGE, "%s: \"%.48s\" is none of the directory's%s", option,
                    out_safe_str(typed), cli_nearest_words(&near));
}

static dbk_rc read_number(uint64_t *out, const cli_args *a, const char *option, uint64_t max,
                          dbk_err *err)
{
    const char *typed = cli_option_value(a, option);
    if (typed != NULL && (dbk_u64_parse(out, dbk_span_str(typed), NULL) != DBK_OK || *out > max))
        return dbk_fail(err, DBK_USAGE, "%s is a number, at most %llu", option,
                        (unsigned long long)max);
    return DBK_OK;
}

static dbk_rc read_day(int64_t *out, const cli_args *a, dbk_err *err)
{
    const char *typed = cli_option_value(a, "--on");
    int64_t ms = 0;
    dbk_rc rc;
    if (typed == NULL)
        rc = cli_when_today(&ms, (int64_t)dbk_env_system()->now_ms(NULL), err);
    else if (!dbk_date_valid(dbk_span_str(typed)))
        return dbk_fail(err, DBK_USAGE, "--on is a day, as 2026-11-29");
    else
        rc = dbk_moment_parse(&ms, dbk_span_str(typed), err);
    *out = ms / DBK_DAY_MS;
    return rc;
}

static dbk_rc read_ask(dbk_directory_ask *ask, cli *c, const cli_args *a, dbk_err *err)
{
    static const char *const categories[] = { "categories", "hidden_crime", NULL };
    static const char *const areas[] = { "la_areas", NULL };
    uint64_t age = 0;
    dbk_rc rc = read_code(&ask->category, c, a, "--category", categories, err);
    if (rc == DBK_OK)
        rc = read_code(&ask->area, c, a, "--area", areas, err);
    if (rc == DBK_OK)
        rc = read_number(&age, a, "--age", AGE_MAX, err);
    if (rc == DBK_OK && cli_option_value(a, "--age") != NULL)
        ask->age = (int)age;
    return rc == DBK_OK ? read_day(&ask->today, a, err) : rc;
}

/* ---- what is found --------------------------------------------------------------------------- */

static json_t *day_json(int64_t day)
{
    char text[DBK_TIME_TEXT_SIZE];
    if (day == DBK_OFFER_NEVER)
        return json_null();
    dbk_time_print(text, day * DBK_DAY_MS);
    return json_stringn(text, 10);
}

static const char *day_text(int64_t day)
{
    char text[DBK_TIME_TEXT_SIZE];
    dbk_time_print(text, day * DBK_DAY_MS);
    text[10] = '\0';
    return out_safe_str(text);
}

static dbk_rc hit_json(cli *c, const dbk_directory_hit *h, const dbk_note *note, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    json_t *fields = NULL, *unsaid = json_array();
    dbk_rc rc = cli_fields_json(&fields, c, note, err);
    if (h->area_unsaid)
        (void)json_array_append_new(unsaid, json_string("area"));
    if (h->age_unsaid)
        (void)json_array_append_new(unsaid, json_string("age"));
    dbk_id_uuid(uuid, &h->record);
    if (rc != DBK_OK) {
        json_decref(unsaid);
        return rc;
    }
    return out_json_take(json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:b, s:o}", "id", uuid, "status",
                                   statuses[h->status], "stale", (int)h->stale, "checked",
                                   day_json(h->checked_day), "due", day_json(h->due_day), "unsaid",
                                   unsaid, "by_interpreter", (int)h->by_interpreter, "fields",
                                   fields),
                         err);
}

static dbk_rc print_field(cli *c, dbk_reading *r, const char *name, dbk_err *err)
{
    const dbk_field *field = dbk_form_field(r->note->form, name);
    dbk_bytes text = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_span value = { NULL, 0 };
    dbk_rc rc = dbk_reading_value(r, &value, name, err);
    if (rc == DBK_OK && field != NULL && value.len > 0)
        rc = cli_field_text(c, &text, field, value, err);
    if (rc == DBK_OK && text.len > 0)
        out_text("  %s: %s\n", field->label, out_safe(dbk_bytes_span(&text)));
    dbk_bytes_wipe(&text);
    return rc;
}

static void print_standing(const dbk_directory_hit *h)
{
    if (h->status != DBK_OFFER_ACTIVE)
        out_text("  %s\n",
                 h->status == DBK_OFFER_PAUSED ? "PAUSED: takes nobody at present" : "CLOSED");
    if (h->checked_day == DBK_OFFER_NEVER)
        out_text("  NEVER CHECKED: ring before you send anybody\n");
    else if (h->stale)
        out_text("  CHECK OVERDUE since %s (last on %s): ring before you send anybody\n",
                 day_text(h->due_day), day_text(h->checked_day));
    else
        out_text("  checked on %s\n", day_text(h->checked_day));
    if (h->area_unsaid)
        out_text("  doesn't say for which areas it is\n");
    if (h->age_unsaid)
        out_text("  doesn't say for which ages it is\n");
    if (h->by_interpreter)
        out_text("  the language by an interpreter only\n");
}

static dbk_rc print_hit(cli *c, const dbk_directory_hit *h, const dbk_note *note, dbk_err *err)
{
    static const char *const shown[] = {
        "alert",     "phones",         "email",    "url",
        "languages", "referral_route", "schedule", "waiting_weeks"
    };
    dbk_reading r;
    dbk_span name = { NULL, 0 }, organization = { NULL, 0 };
    dbk_reading_init(&r, note);
    dbk_rc rc = dbk_reading_text(&r, &name, "name", err);
    const char *title = out_safe(name);
    if (rc == DBK_OK)
        rc = dbk_reading_text(&r, &organization, "organization", err);
    if (rc == DBK_OK) {
        out_text("%s  %s%s%s\n", cli_short_id(&h->record), title, organization.len > 0 ? ", " : "",
                 out_safe(organization));
        print_standing(h);
    }
    for (size_t i = 0; rc == DBK_OK && i < sizeof(shown) / sizeof(shown[0]); i++)
        rc = print_field(c, &r, shown[i], err);
    dbk_reading_wipe(&r);
    return rc;
}

static dbk_rc say_hit(cli *c, const dbk_directory_hit *h, dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_rc rc = dbk_query_note(&note, c->book, &h->record, err);
    if (rc == DBK_OK && cli_shows(c, &note->space))
        rc = c->format == OUT_JSON ? hit_json(c, h, note, err) : print_hit(c, h, note, err);
    dbk_note_free(note);
    return rc;
}

static dbk_rc say_hits(cli *c, const dbk_directory_hit *rows, size_t count, size_t limit,
                       dbk_err *err)
{
    size_t told = count < limit ? count : limit;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < told; i++)
        rc = say_hit(c, &rows[i], err);
    if (rc == DBK_OK && c->format == OUT_TEXT)
        out_note("%zu service%s%s", count, cli_plural(count),
                 told < count ? ", not all shown: --limit N" : "");
    return rc;
}

dbk_rc cmd_directory_find(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_directory_ask ask = { .language = cli_option_value(a, "--language"),
                              .age = DBK_OFFER_UNSAID,
                              .with_closed = cli_option_given(a, "--closed"),
                              .with_restricted = c->reason != NULL };
    dbk_directory_hit *rows = NULL;
    size_t count = 0;
    uint64_t limit = FIND_LIMIT;
    c->gives_out = true; /* it is read over somebody's shoulder */
    dbk_rc rc = read_ask(&ask, c, a, err);
    if (rc == DBK_OK)
        rc = read_number(&limit, a, "--limit", UINT32_MAX, err);
    if (rc == DBK_OK)
        rc = dbk_directory_find(&rows, &count, c->book, &ask, err);
    if (rc == DBK_OK)
        rc = say_hits(c, rows, count, (size_t)limit, err);
    dbk_free(rows);
    return rc;
}

static int longest_first(const void *pa, const void *pb)
{
    const dbk_directory_hit *a = pa, *b = pb;
    if (a->due_day != b->due_day)
        return a->due_day < b->due_day ? -1 : 1;
    return dbk_id_compare(&a->record, &b->record);
}

dbk_rc cmd_directory_stale(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_directory_ask ask = { .age = DBK_OFFER_UNSAID,
                              .stale_only = true,
                              .with_restricted = c->reason != NULL };
    dbk_directory_hit *rows = NULL;
    size_t count = 0;
    uint64_t limit = UINT32_MAX;
    c->gives_out = true;
    dbk_rc rc = read_day(&ask.today, a, err);
    if (rc == DBK_OK)
        rc = read_number(&limit, a, "--limit", UINT32_MAX, err);
    if (rc == DBK_OK)
        rc = dbk_directory_find(&rows, &count, c->book, &ask, err);
    if (rc == DBK_OK && count > 0)
        qsort(rows, count, sizeof(rows[0]), longest_first);
    if (rc == DBK_OK)
        rc = say_hits(c, rows, count, (size_t)limit, err);
    dbk_free(rows);
    return rc;
}

/* ---- gaps ------------------------------------------------------------------------------------ */

static dbk_rc gap_json(const dbk_directory_gap *g, int age, dbk_err *err)
{
    return out_json_take(json_pack("{s:s, s:s, s:s?, s:i, s:I}", "gap", gap_codes[g->kind],
                                   "category", g->category->name, "area",
                                   g->area == NULL ? NULL : g->area->name, "age", age, "services",
                                   (json_int_t)g->services),
                         err);
}

static void print_gap(const dbk_directory_gap *g, int age)
{
    const char *where = g->area == NULL ? "anywhere" : g->area->label;
    const char *what = g->category->label;
    switch (g->kind) {
    case DBK_GAP_NONE:
        out_text("%s: none, %s\n", what, where);
        break;
    case DBK_GAP_AGE:
        out_text("%s: none at age %d, %s (%zu for others)\n", what, age, where, g->services);
        break;
    case DBK_GAP_UNSAID:
        out_text("%s: none says that it is for age %d, %s (%zu to ask)\n", what, age, where,
                 g->services);
        break;
    case DBK_GAP_STALE:
        out_text("%s: only services whose check is overdue, %s (%zu)\n", what, where, g->services);
        break;
    }
}

dbk_rc cmd_directory_gaps(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_directory_ask ask = { .age = DBK_DIRECTORY_CHILD_AGE - 1 };
    dbk_directory_gap *rows = NULL;
    size_t count = 0;
    dbk_rc rc = read_ask(&ask, c, a, err);
    if (rc == DBK_OK)
        rc = dbk_directory_gaps(&rows, &count, c->book, &ask, err);
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        if (c->format == OUT_JSON)
            rc = gap_json(&rows[i], ask.age, err);
        else
            print_gap(&rows[i], ask.age);
    }
    if (rc == DBK_OK && c->format == OUT_TEXT)
        out_note("%zu gap%s", count, cli_plural(count));
    dbk_free(rows);
    return rc;
}
