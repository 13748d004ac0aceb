#include "core/practice/statistic.h"

#include <stdio.h>
#include <string.h>

#define NAME_BYTES_MAX 256u

typedef dbk_rc (*begin_fn)(dbk_statistic *s, dbk_err *err);
typedef dbk_rc (*take_fn)(dbk_statistic *s, dbk_book *book, dbk_reading *r, dbk_figures_when when,
                          dbk_err *err);

/* ---- what they share ------------------------------------------------------------------------- */

static dbk_rc add_part(dbk_statistic *s, size_t *part, const char *code, const char *label,
                       const char *unclassified, dbk_err *err)
{
    const dbk_figures_new of = {
        .code = code, .label = label, .unclassified = unclassified, .above = DBK_FIGURES_NONE
    };
    return dbk_figures_part_add(&s->figures, part, &of, err);
}

static bool has_code(const dbk_field *field, const char *code)
{
    for (size_t i = 0; field != NULL && i < field->codes_count; i++)
        if (strcmp(field->codes[i].name, code) == 0)
            return true;
    return false;
}

/* One row of a part that counts each record once. */
static dbk_rc count_code(dbk_statistic *s, size_t part, dbk_reading *r, const char *field,
                         dbk_figures_when when, dbk_err *err)
{
    dbk_span code;
    dbk_rc rc = dbk_reading_text(r, &code, field, err);
    if (rc == DBK_OK) {
        dbk_figures_count(&s->figures, part, dbk_figures_row_of(&s->figures, part, code), when);
        dbk_figures_end(&s->figures, part, when);
    }
    return rc;
}

/* Every row that it names once; none of them: row 0. A set holds a code once. */
static dbk_rc count_codes(dbk_statistic *s, size_t part, dbk_reading *r, const char *field,
                          dbk_figures_when when, dbk_err *err)
{
    dbk_span value, one;
    bool any = false;
    dbk_rc rc = dbk_reading_value(r, &value, field, err);
    dbk_elements e = dbk_elements_of(value);
    while (rc == DBK_OK && dbk_elements_next(&e, &one)) {
        size_t row = dbk_figures_row_of(&s->figures, part, dbk_cbor_text_of(one));
        if (row > 0)
            dbk_figures_count(&s->figures, part, row, when);
        any = any || row > 0;
    }
    if (rc == DBK_OK && !any)
        dbk_figures_count(&s->figures, part, 0, when);
    if (rc == DBK_OK)
        dbk_figures_end(&s->figures, part, when);
    return rc;
}

/* Is the record of the area, and of the category, that was asked for? */
static dbk_rc is_asked(const dbk_statistic *s, dbk_reading *r, bool *asked, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *asked = true;
    if (s->opts.la_area != NULL)
        rc = dbk_reading_says(r, asked, "la_area", s->opts.la_area, err);
    if (rc == DBK_OK && *asked && s->opts.category != NULL)
        rc = dbk_reading_says(r, asked, "hidden_crime", s->opts.category, err);
    return rc;
}

/* ---- trends ---------------------------------------------------------------------------------- */

static dbk_rc begin_trends(dbk_statistic *s, dbk_err *err)
{
    const char *name = s->opts.by == NULL ? "hidden_crime" : s->opts.by;
    const dbk_field *field = dbk_form_field(s->form, name);
    size_t part = 0;
    if (field == NULL || (field->kind != DBK_FIELD_CODE && field->kind != DBK_FIELD_CODES))
        return dbk_fail(err, DBK_INVALID, "a case has no code \"%s\" to count by", name);
    const dbk_figures_new of = { .code = name,
                                 .label = field->label,
                                 .unclassified = "Unclassified",
                                 .several = field->kind == DBK_FIELD_CODES,
                                 .above = DBK_FIGURES_NONE };
    dbk_rc rc = dbk_figures_part_add(&s->figures, &part, &of, err);
    return rc == DBK_OK ? dbk_figures_rows_of(&s->figures, part, field, err) : rc;
}

static dbk_rc take_case(dbk_statistic *s, dbk_book *book, dbk_reading *r, dbk_figures_when when,
                        dbk_err *err)
{
    const dbk_figures_part *part = &s->figures.parts[0];
    (void)book;
    return part->several ? count_codes(s, 0, r, part->code, when, err)
                         : count_code(s, 0, r, part->code, when, err);
}

/* ---- indicators ------------------------------------------------------------------------------ */

static const struct {
    const char *code, *label;
} answers[] = { { "yes", "Yes" }, { "no", "No" }, { "not_known", "Not known" } };
#define ANSWERS (sizeof(answers) / sizeof(answers[0]))

static dbk_rc begin_indicators(dbk_statistic *s, dbk_err *err)
{
    const dbk_field *field = dbk_form_field(s->form, "indicators");
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && field != NULL && i < field->fields_count; i++) {
        size_t part = 0;
        if (field->fields[i].kind != DBK_FIELD_BOOL3)
            continue;
        rc = add_part(s, &part, field->fields[i].name, field->fields[i].label, "Not recorded", err);
        for (size_t k = 0; rc == DBK_OK && k < ANSWERS; k++)
            rc = dbk_figures_row_add(&s->figures, part, answers[k].code, answers[k].label, err);
    }
    return rc;
}

static dbk_rc take_intervention(dbk_statistic *s, dbk_book *book, dbk_reading *r,
                                dbk_figures_when when, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    (void)book;
    for (size_t part = 0; rc == DBK_OK && part < s->figures.parts_count; part++) {
        char name[2 * DBK_NAME_BYTES_MAX + 2];
        bool says = false;
        size_t row = 0;
        (void)snprintf(name, sizeof(name), "indicators.%s", s->figures.parts[part].code);
        for (size_t k = 0; rc == DBK_OK && row == 0 && k < ANSWERS; k++) {
            rc = dbk_reading_says(r, &says, name, answers[k].code, err);
            row = says ? k + 1 : 0;
        }
        if (rc == DBK_OK) {
            dbk_figures_count(&s->figures, part, row, when);
            dbk_figures_end(&s->figures, part, when);
        }
    }
    return rc;
}

/* ---- children -------------------------------------------------------------------------------- */

enum { NOT_RECORDED, HEARD, NOT_HEARD, NO_CHILD, NOT_KNOWN };

static dbk_rc begin_children(dbk_statistic *s, dbk_err *err)
{
    static const struct {
        const char *code, *label;
    } rows[] = { { "heard", "Child present or in the household, and its voice" },
                 { "not_heard", "Child present or in the household, no child's voice" },
                 { "no_child", "No child" },
                 { "not_known", "Not known" } };
    size_t part = 0;
    dbk_rc rc = add_part(s, &part, "child_present", "Contacts with families", "Not recorded", err);
    for (size_t i = 0; rc == DBK_OK && i < sizeof(rows) / sizeof(rows[0]); i++)
        rc = dbk_figures_row_add(&s->figures, part, rows[i].code, rows[i].label, err);
    return rc;
}

static dbk_rc take_contact(dbk_statistic *s, dbk_book *book, dbk_reading *r, dbk_figures_when when,
                           dbk_err *err)
{
    bool attempt = false, yes = false, no = false, unknown = false;
    dbk_span voice = { NULL, 0 };
    (void)book;
    dbk_rc rc = dbk_reading_says(r, &attempt, "method", "attempted", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &yes, "child_present", "yes", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &no, "child_present", "no", err);
    if (rc == DBK_OK)
        rc = dbk_reading_says(r, &unknown, "child_present", "not_known", err);
    if (rc == DBK_OK)
        rc = dbk_reading_text(r, &voice, "child_voice", err);
    if (rc != DBK_OK || attempt)
        return rc;
    size_t row = yes && voice.len > 0 ? HEARD
                 : yes                ? NOT_HEARD
                 : no                 ? NO_CHILD
                 : unknown            ? NOT_KNOWN
                                      : NOT_RECORDED;
    dbk_figures_count(&s->figures, 0, row, when);
    dbk_figures_end(&s->figures, 0, when);
    return DBK_OK;
}

/* ---- referrals ------------------------------------------------------------------------------- */

static bool by_service(const dbk_statistic *s)
{
    return s->opts.by != NULL;
}

static dbk_rc begin_referrals(dbk_statistic *s, dbk_err *err)
{
    size_t part = 0;
    if (by_service(s) && strcmp(s->opts.by, "service") != 0)
        return dbk_fail(err, DBK_INVALID, "referrals are counted by type or by service");
    if (by_service(s))
        return add_part(s, &part, "service", "Service", "No service named", err);
    dbk_rc rc = add_part(s, &part, "type", "Referral to", "Unclassified", err);
    return rc == DBK_OK
               ? dbk_figures_rows_of(&s->figures, part, dbk_form_field(s->form, "type"), err)
               : rc;
}

/* What a compartment holds has no name outside of it. */
static dbk_rc name_service(char out[NAME_BYTES_MAX], dbk_book *book, const dbk_id *service,
                           dbk_err *err)
{
    dbk_reading r;
    dbk_span name = { NULL, 0 };
    (void)snprintf(out, NAME_BYTES_MAX, "A service that isn't shown here");
    dbk_rc rc = dbk_reading_find(&r, book, service, err);
    if (rc == DBK_OK && r.note != NULL && !dbk_book_is_restricted(book, &r.note->space))
        rc = dbk_reading_text(&r, &name, "name", err);
    if (rc == DBK_OK && name.len > 0)
        (void)snprintf(out, NAME_BYTES_MAX, "%.*s", (int)name.len, (const char *)name.p);
    dbk_reading_wipe(&r);
    return rc;
}

/* The row of its provider; a new one for a service that wasn't met yet. */
static dbk_rc provider_row(dbk_statistic *s, dbk_book *book, dbk_reading *r, size_t *row,
                           dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE], name[NAME_BYTES_MAX];
    dbk_id service = { { 0 } };
    dbk_span type;
    dbk_rc rc;
    if (!by_service(s)) {
        rc = dbk_reading_text(r, &type, "type", err);
        *row = dbk_figures_row_of(&s->figures, 0, type);
        return rc;
    }
    rc = dbk_reading_ref(r, &service, "service", err);
    *row = 0;
    if (rc != DBK_OK || dbk_id_is_zero(&service))
        return rc;
    dbk_id_uuid(uuid, &service);
    *row = dbk_figures_row_of(&s->figures, 0, dbk_span_str(uuid));
    if (*row > 0)
        return DBK_OK;
    rc = name_service(name, book, &service, err);
    *row = s->figures.parts[0].rows_count;
    return rc == DBK_OK ? dbk_figures_row_add(&s->figures, 0, uuid, name, err) : rc;
}

/* A provider's own parts: its decisions, and behind them its outcomes. */
static dbk_rc provider_part(dbk_statistic *s, size_t row, size_t *part, dbk_err *err)
{
    const dbk_field *decision = dbk_form_field(s->form, "decision");
    const dbk_field *outcome = dbk_form_field(s->form, "outcome");
    size_t second = 0;
    for (*part = 1; *part < s->figures.parts_count; (*part)++)
        if (s->figures.parts[*part].above_row == row)
            return DBK_OK;
    const char *label = s->figures.parts[0].rows[row].label;
    dbk_figures_new of = { .code = "decision",
                           .label = label,
                           .unclassified = "No decision recorded",
                           .above = 0,
                           .above_row = row };
    dbk_rc rc = dbk_figures_part_add(&s->figures, part, &of, err);
    if (rc == DBK_OK)
        rc = dbk_figures_rows_of(&s->figures, *part, decision, err);
    of.code = "outcome";
    of.unclassified = "No outcome recorded";
    of.several = true;
    if (rc == DBK_OK)
        rc = dbk_figures_part_add(&s->figures, &second, &of, err);
    return rc == DBK_OK ? dbk_figures_rows_of(&s->figures, second, outcome, err) : rc;
}

static dbk_rc take_referral(dbk_statistic *s, dbk_book *book, dbk_reading *r, dbk_figures_when when,
                            dbk_err *err)
{
    size_t row = 0, part = 0;
    dbk_rc rc = provider_row(s, book, r, &row, err);
    if (rc == DBK_OK)
        rc = provider_part(s, row, &part, err);
    if (rc == DBK_OK)
        rc = count_code(s, part, r, "decision", when, err);
    if (rc == DBK_OK)
        rc = count_codes(s, part + 1, r, "outcome", when, err);
    if (rc == DBK_OK) {
        dbk_figures_count(&s->figures, 0, row, when);
        dbk_figures_end(&s->figures, 0, when);
    }
    return rc;
}

/* ---- all ------------------------------------------------------------------------------------- */

#define FORM(name, text, form) form,
static const char *const forms_of[] = { DBK_STATISTIC_TABLE(FORM) };
#undef FORM
static const begin_fn begins[] = { begin_trends, begin_indicators, begin_children,
                                   begin_referrals };
static const take_fn takes[] = { take_case, take_intervention, take_contact, take_referral };

const char *dbk_statistic_form(dbk_statistic_kind kind)
{
    return forms_of[kind];
}

dbk_rc dbk_statistic_init(dbk_statistic *s, const dbk_forms *forms, const dbk_statistic_opts *opts,
                          dbk_err *err)
{
    *s = (dbk_statistic){ .opts = *opts };
    dbk_figures_init(&s->figures);
    s->form = dbk_forms_find(forms, dbk_span_str(forms_of[opts->kind]), 0);
    if (s->form == NULL)
        return dbk_fail(err, DBK_NOT_FOUND, "the form of what is counted isn't here");
    if (opts->la_area != NULL && !has_code(dbk_form_field(s->form, "la_area"), opts->la_area))
        return dbk_fail(err, DBK_INVALID, "there is no area \"%s\"", opts->la_area);
    if (opts->category != NULL &&
        !has_code(dbk_form_field(s->form, "hidden_crime"), opts->category))
        return dbk_fail(err, DBK_INVALID, "there is no hidden crime \"%s\"", opts->category);
    return begins[opts->kind](s, err);
}

void dbk_statistic_wipe(dbk_statistic *s)
{
    dbk_figures_wipe(&s->figures);
}

dbk_rc dbk_statistic_take(dbk_statistic *s, dbk_book *book, const dbk_note *note,
                          dbk_figures_when when, dbk_err *err)
{
    dbk_reading r;
    bool asked = false;
    if (note->form == NULL || strcmp(dbk_form_name(note->form), forms_of[s->opts.kind]) != 0)
        return DBK_OK;
    dbk_reading_init(&r, note);
    dbk_rc rc = is_asked(s, &r, &asked, err);
    if (rc == DBK_OK && asked)
        rc = takes[s->opts.kind](s, book, &r, when, err);
    dbk_reading_wipe(&r);
    return rc;
}
