/* Every group that merges cautiously, of every shipped form, times every pair of answers that two
 * officers give without seeing each other's (P6; domain.md section 3, "cau"). What must be shown is
 * read from the form's file, not from the program's ranks. */
#include "tests/lib/test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/org.h"

enum { DESK, ANN, BEN, MEMBERS };
#define ANSWERS_MAX 12u

static dbk_test_org org;

/* The answers of one group, by the one field of it that has an order; weight: the higher protects
 * more. */
typedef struct matrix {
    const dbk_form *form;
    const dbk_field *field;
    const dbk_group *group;
    const char *answers[ANSWERS_MAX];
    int weights[ANSWERS_MAX];
    size_t count;
} matrix;

static dbk_book *book_of(int who)
{
    return org.books[who].book;
}

/* ---- what the form's file says -------------------------------------------------------------- */

static json_t *read_form(const char *name)
{
    char path[1024];
    json_error_t error;
    const char *src = getenv("SRC");
    (void)snprintf(path, sizeof(path), "%s/core/forms/%s.json", src != NULL ? src : ".", name);
    json_t *json = json_load_file(path, 0, &error);
    if (json == NULL)
        fail_msg("%s: %s", path, error.text);
    return json;
}

static const json_t *order_in(const json_t *file, const char *field)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(file, "fields"), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "name")), field) == 0)
            return json_object_get(one, "protect");
    }
    return NULL;
}

static void answer(matrix *m, const char *text, int weight)
{
    assert_true(m->count < ANSWERS_MAX);
    m->answers[m->count] = text;
    m->weights[m->count++] = weight;
}

/* Odd weights, as many apart that one who isn't placed fits in below the highest. */
static void answers_of_array(matrix *m, const json_t *order)
{
    bool doubt = false;
    int steps = (int)json_array_size(order);
    for (int i = 0; i < steps; i++) {
        const json_t *step = json_array_get(order, (size_t)i);
        size_t equals = json_is_array(step) ? json_array_size(step) : 1;
        for (size_t k = 0; k < equals; k++) {
            const json_t *one = json_is_array(step) ? json_array_get(step, k) : step;
            answer(m, json_string_value(one), 2 * (steps - i) + 1);
            doubt = doubt || strcmp(json_string_value(one), "not_known") == 0;
        }
    }
    if (!doubt)
        answer(m, "not_known", 2 * steps);
}

static void answers_of_word(matrix *m, const char *word)
{
    static const char *const dates[] = { "2026-11-24", "2026-12-24", "2027-11-24" };
    static const char *const times[] = { "2026-11-24T09:00:00Z", "2026-11-24T10:00:00Z",
                                         "2026-11-25T01:00:00Z" };
    static const char *const numbers[] = { "1", "2", "3" };
    const char *const *scale = m->field->kind == DBK_FIELD_DATE       ? dates
                               : m->field->kind == DBK_FIELD_DATETIME ? times
                                                                      : numbers;
    bool first = strcmp(word, "earliest") == 0 || strcmp(word, "lowest") == 0;
    for (int i = 0; i < 3; i++)
        answer(m, scale[i], first ? 4 - i : 2 + i);
    answer(m, "not_known", 1);
}

/* The header's groups are the same file's in every form: one form that signs and one that doesn't
 * stand for all. */
static bool stands_for_others(const char *form)
{
    return strcmp(form, "case") == 0 || strcmp(form, "contact") == 0;
}

/* False: the group has no order, its fields are texts or references; or it is tried elsewhere. */
static bool matrix_of(matrix *m, const dbk_form *form, size_t group)
{
    const dbk_field *fields;
    const dbk_group *groups;
    size_t count = dbk_form_fields(form, &fields);
    json_t *file = read_form(dbk_form_name(form)), *header = read_form("header");
    (void)dbk_form_groups(form, &groups);
    *m = (matrix){ .form = form, .group = &groups[group] };
    for (size_t i = 0; i < count && m->count == 0; i++) {
        const json_t *order = order_in(file, fields[i].name);
        if (fields[i].group != group)
            continue;
        if (order == NULL && stands_for_others(dbk_form_name(form)))
            order = order_in(header, fields[i].name);
        m->field = &fields[i];
        if (json_is_string(order))
            answers_of_word(m, json_string_value(order));
        else if (order != NULL)
            answers_of_array(m, order);
    }
    /* The texts are read once more below: the field's own codes outlive the file. */
    for (size_t a = 0; a < m->count; a++) {
        for (size_t c = 0; c < m->field->codes_count; c++)
            if (strcmp(m->field->codes[c].name, m->answers[a]) == 0)
                m->answers[a] = m->field->codes[c].name;
        if (strcmp(m->answers[a], "not_known") == 0)
            m->answers[a] = "not_known";
    }
    json_decref(file);
    json_decref(header);
    return m->count > 0;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Something that a field may hold; a person's name stands for what nobody asks about here. */
static const char *sample_of(const dbk_field *field)
{
    switch (field->kind) {
    case DBK_FIELD_CODE:
    case DBK_FIELD_CODES:
        return field->codes[0].name;
    case DBK_FIELD_BOOL3:
        return "yes";
    case DBK_FIELD_DATE:
        return "2026-11-24";
    case DBK_FIELD_DATETIME:
        return "2026-11-24T09:00:00Z";
    case DBK_FIELD_NUMBER:
        return "1";
    case DBK_FIELD_REF:
        return "018f6b1c-0000-7000-8000-000000000001";
    default:
        return "Because";
    }
}

/* Writes the answer, and whatever the form then asks for beside it. */
static dbk_rc write_answer(int who, const dbk_id *record, const matrix *m, const char *text,
                           const char *reason)
{
    dbk_err err = { 0 };
    dbk_input inputs[8] = { { DBK_INPUT_SET, m->field->name, text, NULL } };
    dbk_edit edit = { *record, inputs, 1, reason };
    for (;;) {
        dbk_problems problems = { 0 };
        size_t before = edit.inputs_count;
        dbk_rc rc = dbk_journal_edit(book_of(who), &problems, &edit, &err);
        for (size_t i = 0; rc == DBK_INVALID && i < problems.count; i++) {
            const dbk_field *asked = dbk_form_field(m->form, problems.rows[i].field);
            if (problems.rows[i].severity != DBK_PROBLEM || asked == NULL || asked == m->field ||
                edit.inputs_count == ARRAY_LEN(inputs))
                continue;
            inputs[edit.inputs_count++] = (dbk_input){ DBK_INPUT_SET, asked->name, sample_of(asked),
                                                       NULL };
        }
        dbk_problems_wipe(&problems);
        if (rc != DBK_INVALID || edit.inputs_count == before)
            return rc;
        dbk_err_clear(&err);
    }
}

static void must_write(int who, const dbk_id *record, const matrix *m, const char *text)
{
    if (write_answer(who, record, m, text, "as the family told") != DBK_OK)
        fail_msg("%s.%s=%s is not taken", dbk_form_name(m->form), m->field->name, text);
}

static dbk_id new_record(const matrix *m)
{
    static const char *const none[] = { NULL };
    return dbk_test_add(book_of(DESK), &org.space, dbk_form_name(m->form), none);
}

/* ---- the matrix ----------------------------------------------------------------------------- */

typedef struct cell {
    dbk_id record;
    size_t a, b; /* Ann's answer and Ben's */
} cell;

static void look(const matrix *m, const cell *c, const dbk_id *controls)
{
    size_t shown = m->weights[c->a] >= m->weights[c->b] ? c->a : c->b;
    bool equal = m->weights[c->a] == m->weights[c->b];
    for (int who = DESK; who < MEMBERS; who++) {
        const char *text = dbk_test_text(book_of(who), &c->record, m->field->name);
        const char *want = dbk_test_text(book_of(who), &controls[shown], m->field->name);
        if (!equal && strcmp(text, want) != 0)
            fail_msg("%s.%s: of %s and %s, %s is shown", dbk_form_name(m->form), m->field->name,
                     m->answers[c->a], m->answers[c->b], text);
        if (dbk_test_attention(book_of(who), &c->record).cautious != 1)
            fail_msg("%s.%s: of %s and %s only one is kept", dbk_form_name(m->form), m->field->name,
                     m->answers[c->a], m->answers[c->b]);
    }
}

/* Down from what is shown: by a person, with a reason, where the group asks for one. */
static void lower(const matrix *m, const cell *c)
{
    bool a_stands = m->weights[c->a] > m->weights[c->b];
    const char *lower_answer = m->answers[a_stands ? c->b : c->a];
    if (m->weights[c->a] == m->weights[c->b])
        return;
    dbk_rc rc = write_answer(ANN, &c->record, m, lower_answer, NULL);
    bool asks = m->group->lower_needs != NULL;
    if (rc != (asks ? DBK_INVALID : DBK_OK))
        fail_msg("%s.%s: down to %s without a reason: %s", dbk_form_name(m->form), m->field->name,
                 lower_answer, dbk_rc_name(rc));
}

static size_t run_matrix(const matrix *m)
{
    static cell cells[ANSWERS_MAX * ANSWERS_MAX];
    dbk_id controls[ANSWERS_MAX];
    size_t count = 0;
    for (size_t a = 0; a < m->count; a++) {
        controls[a] = new_record(m);
        for (size_t b = 0; b < m->count; b++)
            if (a != b)
                cells[count++] = (cell){ new_record(m), a, b };
    }
    dbk_test_org_exchange(&org);
    for (size_t i = 0; i < count; i++) {
        must_write(ANN, &cells[i].record, m, m->answers[cells[i].a]);
        must_write(BEN, &cells[i].record, m, m->answers[cells[i].b]);
    }
    for (size_t a = 0; a < m->count; a++)
        must_write(DESK, &controls[a], m, m->answers[a]);
    dbk_test_org_exchange(&org);
    for (size_t i = 0; i < count; i++) {
        look(m, &cells[i], controls);
        lower(m, &cells[i]);
    }
    return count;
}

static void no_pair_of_concurrent_answers_lowers_protection_P6(void **state)
{
    const dbk_forms *forms = dbk_book_forms(book_of(DESK));
    size_t groups_run = 0, pairs = 0;
    (void)state;
    for (size_t i = 0; i < dbk_forms_count(forms); i++) {
        const dbk_form *form = dbk_forms_at(forms, i);
        const dbk_group *groups;
        size_t count = dbk_form_groups(form, &groups);
        for (size_t g = 0; g < count; g++) {
            matrix m;
            if (groups[g].rule != DBK_RULE_CAUTIOUS || groups[g].own || !matrix_of(&m, form, g))
                continue;
            pairs += run_matrix(&m);
            groups_run++;
        }
    }
    print_message("%zu groups, %zu pairs\n", groups_run, pairs);
    assert_true(groups_run >= 30);
    assert_true(pairs >= 250);
    dbk_test_org_check(&org);
}

static int make_org(void **state)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER, DBK_ROLE_OFFICER };
    (void)state;
    dbk_test_org_make(&org, roles, ARRAY_LEN(roles));
    return 0;
}

static int drop_org(void **state)
{
    (void)state;
    dbk_test_org_drop(&org);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_pair_of_concurrent_answers_lowers_protection_P6),
    };
    return cmocka_run_group_tests(tests, make_org, drop_org);
}
