/* What is missing, and what stands where it must not: needs and conditions of a form. */
#include <stdio.h>
#include <string.h>

#include "core/model/record_impl.h"

/* ---- conditions ------------------------------------------------------------------------------ */

static dbk_span scalar_code(dbk_span value)
{
    dbk_cbor c = dbk_cbor_from(value);
    if (dbk_cbor_peek(&c) == DBK_CBOR_TEXT)
        return dbk_cbor_get_text(&c);
    if (dbk_cbor_peek(&c) != DBK_CBOR_SIMPLE)
        return dbk_span_of(NULL, 0);
    switch (dbk_cbor_get_simple(&c)) {
    case DBK_CBOR_TRUE:
        return dbk_span_str("yes");
    case DBK_CBOR_FALSE:
        return dbk_span_str("no");
    default:
        return dbk_span_str("not_known");
    }
}

static bool test_takes(const form_test *test, dbk_span scalar)
{
    dbk_span code = scalar_code(scalar);
    for (size_t i = 0; i < test->codes_count; i++)
        if (dbk_span_equal(code, dbk_span_str(test->codes[i])))
            return true;
    return false;
}

static bool test_holds(const form_test *test, dbk_span value)
{
    dbk_cbor c = dbk_cbor_from(value);
    if (test->codes_count == 0)
        return !dbk_value_is_blank(value) && !dbk_value_is_null(value);
    if (dbk_cbor_peek(&c) != DBK_CBOR_ARRAY)
        return test_takes(test, value);
    uint64_t count = dbk_cbor_get_array(&c);
    for (uint64_t i = 0; i < count && !c.failed; i++)
        if (test_takes(test, dbk_cbor_get_item(&c)))
            return true;
    return false;
}

bool dbk_cond_holds(const form_cond *cond, const record_values *values)
{
    for (size_t i = 0; i < cond->count; i++)
        if (!test_holds(&cond->tests[i], values->get(values->ctx, cond->tests[i].field)))
            return false;
    return true;
}

static const char *label_among(const dbk_field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, name) == 0)
            return fields[i].label;
    return name;
}

/* "Status is Active or Exiting" */
typedef struct words {
    char text[300];
} words;

static void add_words(words *w, const char *text)
{
    size_t len = strlen(w->text);
    (void)snprintf(w->text + len, sizeof(w->text) - len, "%s", text);
}

static words cond_words(const form_cond *cond, const dbk_field *fields, size_t count)
{
    words w = { "" };
    for (size_t i = 0; i < cond->count; i++) {
        const form_test *test = &cond->tests[i];
        const dbk_field *field = NULL;
        for (size_t k = 0; k < count; k++)
            if (strcmp(fields[k].name, test->field) == 0)
                field = &fields[k];
        DBK_ASSERT(field != NULL);
        add_words(&w, i > 0 ? " and " : "");
        add_words(&w, field->label);
        add_words(&w, test->codes_count == 0 ? " is filled in" : " is ");
        for (size_t k = 0; k < test->codes_count; k++) {
            const char *label = test->codes[k];
            for (size_t c = 0; c < field->codes_count; c++)
                if (strcmp(field->codes[c].name, label) == 0)
                    label = field->codes[c].label;
            add_words(&w, k == 0 ? "" : k + 1 == test->codes_count ? " or " : ", ");
            add_words(&w, strcmp(label, "not_known") == 0 ? "not known" : label);
        }
    }
    return w;
}

/* ---- saying it ------------------------------------------------------------------------------- */

/* Who only asks whether something lacks is told that, without words. */
static bool is_only_asked(record_need *n)
{
    n->lacks = true;
    return n->problems == NULL;
}

/* What is said of one field: where it stands. Put into words only when something is said. */
typedef struct spot {
    const dbk_field *top, *part; /* part: NULL for the whole field or element */
    size_t element;              /* SIZE_MAX: it is no list */
} spot;

static void say(record_need *n, dbk_severity severity, const spot *at, const char *text)
{
    char path[2 * DBK_NAME_BYTES_MAX + 32], number[32] = "", count[32] = "";
    bool listed = at->element != SIZE_MAX;
    if (is_only_asked(n) || n->rc != DBK_OK)
        return;
    if (listed) {
        (void)snprintf(number, sizeof(number), "[%zu]", at->element);
        (void)snprintf(count, sizeof(count), " %zu", at->element + 1);
    }
    (void)snprintf(path, sizeof(path), "%s%s%s%s", at->top->name, number,
                   at->part != NULL ? "." : "", at->part != NULL ? at->part->name : "");
    n->rc = dbk_problems_add(n->problems, severity, path, n->err, "%s%s%s%s: %s", at->top->label,
                             count, at->part != NULL ? ", " : "",
                             at->part != NULL ? at->part->label : "", text);
}

static void judge_conditions(record_need *n, const dbk_field *fields, size_t count, size_t i,
                             const form_more *more, const record_values *values, const spot *at,
                             dbk_severity severity)
{
    char text[700];
    if (more->only_if.count == 0 && more->need_if.count == 0)
        return;
    bool blank = dbk_value_is_blank(values->get(values->ctx, fields[i].name));
    if (!blank && more->only_if.count > 0 && !dbk_cond_holds(&more->only_if, values) &&
        !is_only_asked(n)) {
        words when = cond_words(&more->only_if, fields, count);
        (void)snprintf(text, sizeof(text), "this belongs here only if %s.", when.text);
        say(n, severity, at, text);
    }
    if (!blank || more->need_if.count == 0 || !dbk_cond_holds(&more->need_if, values))
        return;
    if (more->need_or != NULL && !dbk_value_is_blank(values->get(values->ctx, more->need_or)))
        return;
    if (is_only_asked(n))
        return;
    words when = cond_words(&more->need_if, fields, count);
    if (more->need_or != NULL)
        (void)snprintf(text, sizeof(text), "this is needed if %s; or fill in \"%s\".", when.text,
                       label_among(fields, count, more->need_or));
    else
        (void)snprintf(text, sizeof(text), "this is needed if %s.", when.text);
    say(n, severity, at, text);
}

static void judge_need(record_need *n, const dbk_field *field, bool blank, const spot *at)
{
    if (blank && field->need == DBK_NEED_SIGN)
        say(n, DBK_PROBLEM, at, "this is needed before the record can be signed.");
    else if (blank && field->need == DBK_NEED_WARN)
        say(n, DBK_WARNING, at, "nothing is recorded here. If it isn't known, answer not_known.");
}

/* ---- sub-fields ------------------------------------------------------------------------------ */

static dbk_span member_of(void *ctx, const char *name)
{
    const dbk_span *map = ctx;
    return dbk_value_member(*map, name);
}

static void judge_element(record_need *n, const dbk_field *field, const form_more *more,
                          dbk_span map, size_t element, unsigned wants)
{
    const record_values values = { member_of, &map };
    for (size_t i = 0; i < field->fields_count; i++) {
        const dbk_field *part = &field->fields[i];
        const spot at = { field, part, element };
        if ((wants & WANT_CONDITIONS) != 0)
            judge_conditions(n, field->fields, field->fields_count, i, &more->parts[i], &values,
                             &at, DBK_PROBLEM);
        if ((wants & WANT_NEEDS) != 0 && part->need != DBK_NEED_OPTIONAL)
            judge_need(n, part, dbk_value_is_blank(member_of(&map, part->name)), &at);
    }
    const spot whole = { field, NULL, element };
    if (field->kind == DBK_FIELD_PRESENT && (wants & WANT_NEEDS) != 0 &&
        member_of(&map, "role").len == 0)
        say(n, DBK_PROBLEM, &whole, "say what part they had there (a role).");
}

void dbk_need_parts(record_need *n, const dbk_field *field, const form_more *more, dbk_span value,
                    unsigned wants)
{
    dbk_cbor c = dbk_cbor_from(value);
    if (field->fields_count == 0 && field->kind != DBK_FIELD_PRESENT)
        return;
    if (dbk_cbor_peek(&c) == DBK_CBOR_MAP) {
        judge_element(n, field, more, value, SIZE_MAX, wants);
        return;
    }
    uint64_t count = dbk_cbor_peek(&c) == DBK_CBOR_ARRAY ? dbk_cbor_get_array(&c) : 0;
    for (size_t i = 0; i < count && !c.failed; i++) {
        dbk_span item = dbk_cbor_get_item(&c);
        dbk_cbor peek = dbk_cbor_from(item);
        if (dbk_cbor_peek(&peek) == DBK_CBOR_MAP)
            judge_element(n, field, more, item, i, wants);
    }
}

/* ---- whole records --------------------------------------------------------------------------- */

void dbk_need_condition(record_need *n, const dbk_form *form, size_t field,
                        const record_values *values, dbk_severity severity)
{
    const spot at = { &form->fields[field], NULL, SIZE_MAX };
    judge_conditions(n, form->fields, form->fields_count, field, &form->more[field], values, &at,
                     severity);
}

void dbk_need_record(record_need *n, const dbk_form *form, const record_values *values)
{
    for (size_t i = 0; i < form->fields_count && (n->problems != NULL || !n->lacks); i++) {
        const dbk_field *field = &form->fields[i];
        dbk_span value = values->get(values->ctx, field->name);
        const spot at = { field, NULL, SIZE_MAX };
        judge_need(n, field, dbk_value_is_blank(value), &at);
        /* Last use of value: the next question may reuse the memory of this answer. */
        dbk_need_parts(n, field, &form->more[i], value, WANT_CONDITIONS | WANT_NEEDS);
        dbk_need_condition(n, form, i, values, DBK_PROBLEM);
    }
}

bool dbk_record_wants(const dbk_form *form, const dbk_field *field, dbk_current_fn current,
                      void *current_ctx)
{
    const form_more *more = dbk_form_more(form, field);
    const record_values values = { current, current_ctx };
    bool only = more->only_if.count > 0, need = more->need_if.count > 0;
    if (!dbk_value_is_blank(current(current_ctx, field->name)))
        return false;
    if (only && !dbk_cond_holds(&more->only_if, &values))
        return false;
    return only || field->need != DBK_NEED_OPTIONAL ||
           (need && dbk_cond_holds(&more->need_if, &values));
}

dbk_rc dbk_record_check_stage(dbk_problems *problems, const dbk_form *form, dbk_stage stage,
                              dbk_current_fn current, void *current_ctx, dbk_err *err)
{
    const record_values values = { current, current_ctx };
    record_need n = { .problems = problems, .err = err };
    size_t faults = problems->faults;
    /* A draft may lack anything: what is wrong in itself was refused when it was typed. */
    if (stage == DBK_STAGE_SIGN)
        dbk_need_record(&n, form, &values);
    if (n.rc == DBK_OK && problems->faults > faults)
        return dbk_fail(err, DBK_INVALID, "%zu things are missing or wrong",
                        problems->faults - faults);
    return n.rc;
}

bool dbk_record_lacks(const dbk_form *form, dbk_current_fn current, void *current_ctx)
{
    const record_values values = { current, current_ctx };
    record_need n = { .problems = NULL };
    dbk_need_record(&n, form, &values);
    return n.lacks;
}
