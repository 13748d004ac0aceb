/* Where a referral goes: referral suggest. */
#include <jansson.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/looks.h"
#include "cli/render.h"
#include "core/base/text.h"

#define WORDS_BYTES_MAX (16u * 1024u)
#define TYPES_MAX 128u

typedef struct suggesting {
    cli *c;
    dbk_routes *routes;
    const dbk_route_facts *facts;
    const dbk_route_rule *told[TYPES_MAX]; /* a rule that answers for several types is told once */
    size_t told_count;
    json_t *rows;
} suggesting;

/* ---- what is asked --------------------------------------------------------------------------- */

static const dbk_field *referral_field(const cli *c, const char *name)
{
    const dbk_form *form = dbk_forms_find(dbk_book_forms(c->book), dbk_span_str("referral"), 0);
    return dbk_form_field(form, name);
}

/* An option that is a code of a field of `referral`; empty when it wasn't given. */
static dbk_rc code_option(dbk_span *out, const cli *c, const cli_args *a, const char *option,
                          const char *field, dbk_err *err)
{
    const char *typed = cli_option_value(a, option);
    const dbk_field *f = referral_field(c, field);
    *out = dbk_span_of(NULL, 0);
    if (typed == NULL)
        return DBK_OK;
    for (size_t i = 0; i < f->codes_count; i++) {
        if (strcmp(f->codes[i].name, typed) == 0) {
            *out = dbk_span_str(typed);
            return DBK_OK;
        }
    }
    return dbk_fail(err, DBK_INVALID, "%s: no such answer: %.60s; see `daybook form show referral`",
                    option, out_safe_str(typed));
}

static dbk_rc about_whom(dbk_referral_about *about, cli *c, const char *typed, dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_id id;
    dbk_rc rc = cli_record_find(&id, c, typed, err);
    if (rc == DBK_OK)
        rc = dbk_query_note(&note, c->book, &id, err);
    /* The answer tells of the record by what the rules ask of it. */
    if (rc == DBK_OK)
        rc = cli_look(c, note, "referral suggest", err);
    if (rc != DBK_OK) {
        dbk_note_free(note);
        return rc;
    }
    dbk_span form = dbk_note_form(note);
    if (dbk_span_equal(form, dbk_span_str("person")))
        about->person = id;
    else if (dbk_span_equal(form, dbk_span_str("case")))
        about->case_id = id;
    else
        rc = dbk_fail(err, DBK_INVALID, "a person or a case is needed, and this is a %.*s",
                      (int)form.len, (const char *)form.p);
    dbk_note_free(note);
    return rc;
}

/* ---- what is answered ------------------------------------------------------------------------ */

static json_t *text_json(dbk_span text)
{
    return json_stringn(text.len == 0 ? "" : (const char *)text.p, text.len);
}

static void print_rule(const dbk_route_rule *rule, const char *to, const char *why, bool perhaps)
{
    bool gap = dbk_route_to(rule).len == 0;
    out_text("%s%s%s\n", perhaps ? "Perhaps: " : "", gap ? "No service" : to,
             dbk_route_hard(rule) ? "  (another way needs a reason)" : "");
    out_text("  rule: %s%s\n", out_safe(dbk_route_name(rule)),
             dbk_route_shipped(rule) ? "" : " (headquarters)");
    out_text("  why:  %s\n", why);
    if (dbk_route_note(rule).len > 0)
        out_wrapped("  ", dbk_route_note(rule));
}

static dbk_rc tell_rule(suggesting *s, const dbk_route_rule *rule, bool perhaps, dbk_err *err)
{
    dbk_bytes to = DBK_BYTES_INIT(WORDS_BYTES_MAX), why = DBK_BYTES_INIT(WORDS_BYTES_MAX);
    dbk_rc rc = dbk_route_append_to(&to, s->routes, rule, err);
    if (rc == DBK_OK)
        rc = dbk_route_append_why(&why, s->routes, rule, err);
    if (rc == DBK_OK && s->rows == NULL)
        print_rule(rule, out_safe(dbk_bytes_span(&to)), out_safe(dbk_bytes_span(&why)), perhaps);
    json_t *types = rc == DBK_OK ? cli_value_json(dbk_route_to(rule)) : NULL;
    if (rc == DBK_OK && s->rows != NULL)
        (void)json_array_append_new(
            s->rows, json_pack("{s:o, s:o, s:b, s:s, s:b, s:o, s:o}", "to",
                               json_is_array(types) ? json_incref(types) : json_array(), "rule",
                               text_json(dbk_route_name(rule)), "perhaps", (int)perhaps, "strength",
                               dbk_route_hard(rule) ? "hard" : "soft", "shipped",
                               (int)dbk_route_shipped(rule), "why", text_json(dbk_bytes_span(&why)),
                               "note", text_json(dbk_route_note(rule))));
    json_decref(types);
    dbk_bytes_wipe(&to);
    dbk_bytes_wipe(&why);
    return rc;
}

static dbk_rc tell_once(suggesting *s, const dbk_route_rule *rule, bool perhaps, dbk_err *err)
{
    for (size_t i = 0; i < s->told_count; i++) {
        if (s->told[i] == rule)
            return DBK_OK;
    }
    if (rule == NULL || s->told_count == TYPES_MAX)
        return DBK_OK;
    s->told[s->told_count++] = rule;
    return tell_rule(s, rule, perhaps, err);
}

/* For one type, or for each that there is. */
static dbk_rc suggest(suggesting *s, dbk_span type, dbk_err *err)
{
    const dbk_field *f = referral_field(s->c, "type");
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < f->codes_count; i++) {
        if (type.len > 0 && !dbk_span_equal(type, dbk_span_str(f->codes[i].name)))
            continue;
        dbk_route_answer a = dbk_routes_ask(s->routes, f->codes[i].name, s->facts);
        rc = tell_once(s, a.rule, false, err);
        if (rc == DBK_OK)
            rc = tell_once(s, a.perhaps, true, err);
    }
    if (rc == DBK_OK && s->rows == NULL && s->told_count == 0)
        out_text("No rule says anything about it.\n");
    return rc;
}

static dbk_rc answer(cli *c, const dbk_route_facts *facts, dbk_span type, dbk_err *err)
{
    suggesting s = { .c = c, .facts = facts };
    dbk_rc rc = dbk_routes_new(&s.routes, dbk_book_forms(c->book), err);
    if (rc == DBK_OK)
        rc = dbk_routes_add_book(s.routes, c->book, err);
    if (rc == DBK_OK && c->format == OUT_JSON)
        s.rows = json_array();
    if (rc == DBK_OK)
        rc = suggest(&s, type, err);
    if (rc == DBK_OK && s.rows != NULL)
        rc = out_json_take(json_incref(s.rows), err);
    json_decref(s.rows);
    dbk_routes_free(s.routes);
    return rc;
}

dbk_rc cmd_referral_suggest(cli *c, const cli_args *a, dbk_err *err)
{
    char today[DBK_TIME_TEXT_SIZE];
    dbk_referral_about about = { .person = { { 0 } } };
    dbk_referral_facts facts;
    dbk_span type = { NULL, 0 };
    const dbk_env *env = dbk_book_env(c->book);
    const char *on = cli_option_value(a, "--on");
    dbk_time_print(today, (int64_t)env->now_ms(env->self));
    about.on = on == NULL ? dbk_span_of(today, 10) : dbk_span_str(on);
    if (!dbk_date_valid(about.on))
        return dbk_fail(err, DBK_USAGE, "--on needs a date, such as 2026-11-24");
    dbk_rc rc = code_option(&type, c, a, "--type", "type", err);
    if (rc == DBK_OK)
        rc = code_option(&about.risk_band, c, a, "--risk", "risk_band", err);
    if (rc == DBK_OK)
        rc = code_option(&about.la_area, c, a, "--area", "la_area", err);
    if (rc == DBK_OK)
        rc = about_whom(&about, c, a->positional[0], err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_referral_facts_of(&facts, c->book, &about, err);
    if (rc == DBK_OK)
        rc = answer(c, &facts.route, type, err);
    dbk_referral_facts_wipe(&facts);
    return rc;
}
