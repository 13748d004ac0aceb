#include "core/practice/priority.h"

#include <jansson.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/practice/priority_builtin.h"

#define FORM "case"
#define FIELD "victim_priority"

/* A case of which this field says this code has that priority, from and until those days. */
struct dbk_priority_rule {
    const char *field, *code, *priority, *from, *until; /* until NULL: still */
};

/* ---- the table ------------------------------------------------------------------------------- */

static bool has_code(const dbk_form *form, const char *name, const char *code)
{
    const dbk_field *field = dbk_form_field(form, name);
    bool found = false;
    for (size_t i = 0; field != NULL && code != NULL && i < field->codes_count; i++)
        found = found || strcmp(field->codes[i].name, code) == 0;
    return found;
}

static dbk_rc read_rule(dbk_priority_rule *rule, const json_t *row, const dbk_form *form,
                        dbk_err *err)
{
    const char *crime = json_string_value(json_object_get(row, "hidden_crime"));
    const char *kind = json_string_value(json_object_get(row, "kind"));
    *rule = (dbk_priority_rule){
        .field = crime != NULL ? "hidden_crime" : "kind",
        .code = crime != NULL ? crime : kind,
        .priority = json_string_value(json_object_get(row, "priority")),
        .from = json_string_value(json_object_get(row, "from")),
        .until = json_string_value(json_object_get(row, "until")),
    };
    if (!has_code(form, rule->field, rule->code) || !has_code(form, FIELD, rule->priority) ||
        rule->from == NULL)
        return dbk_fail(err, DBK_FORMAT,
                        "the table of priorities has a row that the form of a "
                        "case doesn't know");
    return DBK_OK;
}

static dbk_rc read_rules(dbk_priorities *p, const dbk_form *form, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    p->json = json_loadb((const char *)dbk_blob_priority, dbk_blob_priority_len,
                         JSON_REJECT_DUPLICATES, NULL);
    size_t count = json_array_size(p->json);
    p->rules = dbk_alloc_array(count + 1, sizeof(p->rules[0]));
    if (p->json == NULL || p->rules == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the table of priorities");
    for (size_t i = 0; rc == DBK_OK && i < count; i++)
        rc = read_rule(&p->rules[p->rules_count++], json_array_get(p->json, i), form, err);
    return rc;
}

dbk_rc dbk_priorities_init(dbk_priorities *p, const dbk_forms *forms, dbk_err *err)
{
    const dbk_form *form = dbk_forms_find(forms, dbk_span_str(FORM), 0);
    const dbk_field *field = form == NULL ? NULL : dbk_form_field(form, FIELD);
    *p = (dbk_priorities){ .rows = NULL };
    if (field == NULL)
        return dbk_fail(err, DBK_NOT_FOUND, "the form of a case with priorities isn't here");
    p->rows = dbk_alloc_array(field->codes_count + 1, sizeof(p->rows[0]));
    if (p->rows == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the report");
    for (size_t i = 0; i < field->codes_count; i++)
        p->rows[p->rows_count++] = (dbk_priority_row){ .code = field->codes[i].name,
                                                       .label = field->codes[i].label };
    p->rows[p->rows_count++] = (dbk_priority_row){ .label = "No priority" };
    return read_rules(p, form, err);
}

void dbk_priorities_wipe(dbk_priorities *p)
{
    dbk_free(p->rows);
    dbk_free(p->rules);
    json_decref(p->json);
    *p = (dbk_priorities){ .rows = NULL };
}

/* ---- counting -------------------------------------------------------------------------------- */

/* Dates compare as texts. */
static bool in_force(const dbk_priority_rule *rule, dbk_span day)
{
    return dbk_span_compare(day, dbk_span_str(rule->from)) >= 0 &&
           (rule->until == NULL || dbk_span_compare(day, dbk_span_str(rule->until)) <= 0);
}

static dbk_rc is_meant(const dbk_priorities *p, dbk_reading *r, bool *meant, const char *priority,
                       dbk_span day, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    *meant = false;
    for (size_t i = 0; rc == DBK_OK && !*meant && i < p->rules_count; i++)
        if (strcmp(p->rules[i].priority, priority) == 0 && in_force(&p->rules[i], day))
            rc = dbk_reading_says(r, meant, p->rules[i].field, p->rules[i].code, err);
    return rc;
}

static dbk_rc count_case(dbk_priorities *p, dbk_reading *r, dbk_span day, dbk_err *err)
{
    bool any = false;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i + 1 < p->rows_count; i++) {
        dbk_priority_row *row = &p->rows[i];
        bool said = false, meant = false;
        rc = dbk_reading_says(r, &said, FIELD, row->code, err);
        if (rc == DBK_OK)
            rc = is_meant(p, r, &meant, row->code, day, err);
        row->said.n += said;
        row->meant.n += meant;
        row->cases.n += said || meant;
        any = any || said || meant;
    }
    p->cases.n++;
    p->classified += any;
    if (!any)
        p->rows[p->rows_count - 1].cases.n++;
    return rc;
}

dbk_rc dbk_priorities_take(dbk_priorities *p, const dbk_note *note, dbk_span day, dbk_err *err)
{
    dbk_reading reading;
    if (note->form == NULL || strcmp(dbk_form_name(note->form), FORM) != 0)
        return DBK_OK;
    dbk_reading_init(&reading, note);
    dbk_rc rc = count_case(p, &reading, day, err);
    dbk_reading_wipe(&reading);
    return rc;
}

void dbk_priorities_hide_small(dbk_priorities *p)
{
    const dbk_cells cells = { &p->rows[0].cases, p->rows_count, sizeof(p->rows[0]) };
    if (!dbk_cells_hide(&cells) || dbk_cell_is_small(&p->cases)) {
        dbk_cells_hide_all(&cells);
        p->cases.hidden = true;
    }
    for (size_t i = 0; i < p->rows_count; i++) {
        dbk_priority_row *row = &p->rows[i];
        /* What was said and what was meant differ from the row by few. */
        row->said.hidden = row->said.n > 0 && (row->cases.hidden || row->said.n != row->cases.n);
        row->meant.hidden = row->meant.n > 0 && (row->cases.hidden || row->meant.n != row->cases.n);
    }
}

dbk_rc dbk_priorities_check(const dbk_priorities *p, dbk_err *err)
{
    uint64_t none = p->rows[p->rows_count - 1].cases.n;
    if (p->classified + none != p->cases.n)
        return dbk_fail(err, DBK_DAMAGED, "%llu cases have a priority, %llu none: that isn't %llu",
                        (unsigned long long)p->classified, (unsigned long long)none,
                        (unsigned long long)p->cases.n);
    return DBK_OK;
}
