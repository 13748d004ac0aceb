/* Inputs -> checked values of fields -> writes. */
#include "core/model/record.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/record_impl.h"

/* ---- inputs ---------------------------------------------------------------------------------- */

static void say_unknown_field(record_work *c, const char *name)
{
    dbk_near near = dbk_near_from(dbk_span_str(name));
    for (size_t i = 0; i < c->form->fields_count; i++)
        dbk_near_try(&near, c->form->fields[i].name, c->form->fields[i].label);
    value_shown shown = dbk_value_show(dbk_span_str(name));
    dbk_rc rc = near.best != NULL
                    ? dbk_problems_add(c->problems, DBK_PROBLEM, name, c->err,
                                       "The form %s has no field %s. Did you mean %s?",
                                       dbk_form_name(c->form), shown.text, near.best)
                    : dbk_problems_add(c->problems, DBK_PROBLEM, name, c->err,
                                       "The form %s has no field %s.", dbk_form_name(c->form),
                                       shown.text);
    dbk_work_keep(c, rc);
}

static bool may_write(record_work *c, const dbk_field *field)
{
    if (c->opts->is_signed && !field->after_sign) {
        dbk_work_say(c, field, DBK_PROBLEM,
                     "the record is signed and can't be changed. Write an addendum instead.");
        c->denied = true;
        return false;
    }
    if (!c->opts->is_signed && strcmp(field->name, DBK_GROUP_ADDENDA) == 0) {
        dbk_work_say(c, field, DBK_PROBLEM,
                     "the record isn't signed yet: change the record itself.");
        return false;
    }
    return true;
}

static void take_input(record_work *c, const dbk_input *in)
{
    const dbk_field *top;
    DBK_ASSERT((in->text != NULL) != (in->json != NULL));
    const dbk_field *field = dbk_form_part(c->form, in->field, &top);
    if (field == NULL) {
        say_unknown_field(c, in->field);
        return;
    }
    if (!may_write(c, top))
        return;
    if (field != top)
        dbk_work_take_part(c, top, field, in);
    else
        dbk_work_take(c, top, in);
}

static void take_presets(record_work *c)
{
    for (size_t i = 0; i < c->form->fields_count && c->opts->is_new; i++) {
        dbk_span preset = c->form->more[i].preset;
        if (preset.len == 0 || c->slots[i].touched)
            continue;
        c->slots[i].touched = true;
        dbk_work_set_value(c, &c->slots[i], preset);
    }
}

/* ---- what a change must hold ----------------------------------------------------------------- */

static bool tests_touched(record_work *c, const form_cond *cond)
{
    for (size_t i = 0; i < cond->count; i++)
        if (dbk_work_slot(c, dbk_form_field(c->form, cond->tests[i].field))->touched)
            return true;
    return false;
}

/* Codes come and go by date (hbv became hba): one that isn't in use on the record's day is taken,
 * and said. */
static void warn_of_dated(record_work *c, const dbk_field *field, dbk_span item, dbk_span day)
{
    char text[160];
    dbk_cbor in = dbk_cbor_from(item);
    dbk_span name = dbk_cbor_peek(&in) == DBK_CBOR_TEXT ? dbk_cbor_get_text(&in) : item;
    for (size_t i = 0; i < field->codes_count; i++) {
        const dbk_code *code = &field->codes[i];
        if (!dbk_span_equal(dbk_span_str(code->name), name))
            continue;
        bool early = code->from != NULL && dbk_span_compare(day, dbk_span_str(code->from)) < 0;
        bool late = code->until != NULL && dbk_span_compare(day, dbk_span_str(code->until)) > 0;
        if (!early && !late)
            continue;
        (void)snprintf(text, sizeof(text), "%s is used %s %s only.", code->name,
                       early ? "from" : "until", early ? code->from : code->until);
        dbk_work_say(c, field, DBK_WARNING, text);
    }
}

/* The day of the record: the first ten characters of its date. */
static dbk_span day_of(record_work *c)
{
    const dbk_field *when = dbk_form_when(c->form);
    dbk_cbor in = dbk_cbor_from(when != NULL ? dbk_work_shows(c, when) : dbk_span_of(NULL, 0));
    dbk_span text = dbk_cbor_peek(&in) == DBK_CBOR_TEXT ? dbk_cbor_get_text(&in) : in.left;
    return text.len >= 10 ? dbk_span_of(text.p, 10) : dbk_span_of(NULL, 0);
}

static void judge_dates(record_work *c, const dbk_field *field, dbk_span value)
{
    dbk_span day = day_of(c);
    value_items items = VALUE_ITEMS_INIT;
    if (day.len == 0 || (field->kind != DBK_FIELD_CODE && field->kind != DBK_FIELD_CODES))
        return;
    dbk_work_keep(c, dbk_items_add_all(&items, value, c->err));
    for (size_t i = 0; i < items.count; i++)
        warn_of_dated(c, field, dbk_items_at(&items, i), day);
    dbk_items_wipe(&items);
}

/* A need that this change brings about. A record that will be signed may wait for it until then;
 * one that never is signed may not: no active deployment without an exit plan (FL-4). What stands
 * without its condition is said, but kept: the answer that allows it may still come. */
static void judge_condition(record_work *c, record_need *n, size_t i, const record_values *values)
{
    const form_more *more = &c->form->more[i];
    bool touched = c->slots[i].touched;
    if (more->need_if.count == 0 && more->only_if.count == 0)
        return;
    bool blank = dbk_value_is_blank(dbk_work_shows(c, &c->form->fields[i]));
    if (blank && (touched || tests_touched(c, &more->need_if)))
        dbk_need_condition(n, c->form, i, values, c->form->signs ? DBK_WARNING : DBK_PROBLEM);
    else if (!blank && (touched || tests_touched(c, &more->only_if)))
        dbk_need_condition(n, c->form, i, values, DBK_WARNING);
}

/* Elements that this change brings to a set or a log. They can't be completed later, so they must
 * be whole at once. */
static void judge_added(record_work *c, record_need *n, size_t i)
{
    dbk_bytes added = DBK_BYTES_INIT(DBK_FORM_JSON_BYTES_MAX);
    dbk_cbor_out out = dbk_cbor_to(&added, c->err);
    dbk_items_put(&out, &c->slots[i].add);
    dbk_work_keep(c, out.rc);
    dbk_need_parts(n, &c->form->fields[i], &c->form->more[i], dbk_bytes_span(&added),
                   WANT_CONDITIONS | WANT_NEEDS);
    dbk_bytes_wipe(&added);
}

static void judge(record_work *c)
{
    const record_values values = { dbk_work_shown, c };
    record_need n = { .problems = c->problems, .err = c->err };
    for (size_t i = 0; i < c->form->fields_count && c->rc == DBK_OK; i++) {
        const dbk_field *field = &c->form->fields[i];
        dbk_rule rule = c->form->groups[field->group].rule;
        judge_condition(c, &n, i, &values);
        if (!c->slots[i].touched)
            continue;
        dbk_span value = dbk_bytes_span(&c->slots[i].value);
        if (rule == DBK_RULE_LOG || rule == DBK_RULE_SET)
            judge_added(c, &n, i);
        else
            dbk_need_parts(&n, field, &c->form->more[i], value, WANT_CONDITIONS);
        judge_dates(c, field, value);
    }
    dbk_work_keep(c, n.rc);
}

/* ---- the check ------------------------------------------------------------------------------- */

static dbk_rc work_begin(record_work *c)
{
    c->slots = dbk_alloc_array(c->form->fields_count, sizeof(c->slots[0]));
    if (c->slots == NULL)
        return dbk_fail(c->err, DBK_NOMEM, "no memory for a record");
    for (size_t i = 0; i < c->form->fields_count; i++) {
        dbk_bytes_init(&c->slots[i].value, DBK_FORM_JSON_BYTES_MAX);
        c->slots[i].base = c->slots[i].add = c->slots[i].remove = (value_items)VALUE_ITEMS_INIT;
    }
    return DBK_OK;
}

static void work_end(record_work *c)
{
    for (size_t i = 0; c->slots != NULL && i < c->form->fields_count; i++) {
        dbk_bytes_wipe(&c->slots[i].value);
        dbk_items_wipe(&c->slots[i].base);
        dbk_items_wipe(&c->slots[i].add);
        dbk_items_wipe(&c->slots[i].remove);
    }
    dbk_free(c->slots);
}

/* The same field given twice with = would leave one of the two values behind, unseen. */
static void say_if_double(record_work *c, const dbk_input *inputs, size_t i)
{
    const dbk_field *top;
    for (size_t k = 0; k < i && c->rc == DBK_OK; k++) {
        if (inputs[i].op != DBK_INPUT_SET || inputs[k].op != DBK_INPUT_SET ||
            strcmp(inputs[i].field, inputs[k].field) != 0)
            continue;
        const dbk_field *field = dbk_form_part(c->form, inputs[i].field, &top);
        if (field != NULL && c->form->groups[top->group].rule != DBK_RULE_LOG)
            dbk_work_say(c, field, DBK_PROBLEM, "this is given twice.");
    }
}

dbk_rc dbk_record_check(dbk_change *out, dbk_problems *problems, const dbk_check_opts *opts,
                        const dbk_input *inputs, size_t inputs_count, dbk_err *err)
{
    record_work c = { .opts = opts, .form = opts->form, .problems = problems, .err = err };
    size_t faults = problems->faults;
    DBK_ASSERT(out->writes_count == 0);
    c.rc = work_begin(&c);
    for (size_t i = 0; i < inputs_count && c.rc == DBK_OK; i++) {
        say_if_double(&c, inputs, i);
        take_input(&c, &inputs[i]);
    }
    if (c.rc == DBK_OK)
        take_presets(&c);
    if (c.rc == DBK_OK)
        judge(&c);
    if (c.rc == DBK_OK && problems->faults == faults)
        c.rc = dbk_work_write(out, &c);
    if (c.rc == DBK_OK && problems->faults > faults)
        c.rc = dbk_fail(err, c.denied ? DBK_DENIED : DBK_INVALID, "%zu thing%s to put right",
                        problems->faults - faults, problems->faults - faults == 1 ? "" : "s");
    if (c.rc != DBK_OK)
        dbk_change_wipe(out);
    work_end(&c);
    return c.rc;
}
