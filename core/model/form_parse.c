/* A whole form: its own fields and those of the files that it includes, groups, summary. */
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/cbor.h"
#include "core/model/form_builtin.h"
#include "core/model/form_impl.h"
#include "core/model/op.h"
#include "core/model/record.h"
#include "core/model/value_impl.h"

#define VERSION_MAX 1000000

/* A record keeps these groups itself. */
static const char *const reserved[] = { DBK_GROUP_LIFECYCLE, DBK_GROUP_ADDENDA,
                                        DBK_GROUP_ATTACHMENTS, DBK_GROUP_REVIEW };

static bool is_reserved(const char *name)
{
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        if (strcmp(reserved[i], name) == 0)
            return true;
    return false;
}

const json_t *dbk_form_part_json(form_reader *r, const char *file)
{
    json_t *part = json_object_get(*r->shared, file);
    if (part != NULL || r->rc != DBK_OK)
        return part;
    const dbk_form_builtin *row = dbk_forms_builtin;
    while (row->name != NULL && strcmp(row->name, file) != 0)
        row++;
    if (row->name == NULL)
        return NULL;
    r->rc = dbk_json_parse(&part, dbk_span_of(row->data, row->len), r->err);
    if (r->rc == DBK_OK && *r->shared == NULL)
        *r->shared = json_object();
    if (r->rc == DBK_OK && json_object_set_new(*r->shared, file, part) != 0) {
        r->rc = dbk_fail(r->err, DBK_NOMEM, "no memory for a form"); /* and the part is freed */
        part = NULL;
    }
    return part;
}

static bool names_hold(const json_t *array, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach((json_t *)(uintptr_t)array, i, one)
    {
        const char *text = json_string_value(one);
        if (text != NULL && strcmp(text, name) == 0)
            return true;
    }
    return false;
}

/* ---- include --------------------------------------------------------------------------------- */

/* The included field as this form wants it: the form's words go over the file's, null takes one
 * away. */
static void include_field(form_reader *r, json_t *into, const json_t *field, const json_t *over)
{
    const char *key;
    json_t *word;
    json_t *copy = json_copy((json_t *)(uintptr_t)field);
    bool failed = copy == NULL;
    json_object_foreach((json_t *)(uintptr_t)over, key, word)
    {
        if (!failed && json_is_null(word))
            (void)json_object_del(copy, key);
        else if (!failed)
            failed = json_object_set(copy, key, word) != 0;
    }
    if (failed || json_array_append(into, copy) != 0)
        r->rc = dbk_fail(r->err, DBK_NOMEM, "no memory for a form");
    json_decref(copy);
}

static void include_file(form_reader *r, json_t *into, const json_t *form, const char *file)
{
    size_t i;
    json_t *field;
    const json_t *without = dbk_form_get(r, form, "without", JSON_ARRAY);
    const json_t *over = dbk_form_get(r, form, "override", JSON_OBJECT);
    const json_t *part = dbk_form_part_json(r, file);
    const json_t *fields = json_object_get(part, "fields");
    json_t *groups = json_object_get(part, "groups");
    if (!json_is_array(fields) || json_object_get(part, "form") != NULL)
        dbk_form_fail(r, "there is nothing to include that is called \"%.48s\"", file);
    else if (groups != NULL && json_object_update_missing(r->groups, groups) != 0)
        r->rc = dbk_fail(r->err, DBK_NOMEM, "no memory for a form");
    json_array_foreach((json_t *)(uintptr_t)fields, i, field)
    {
        const char *name = json_string_value(json_object_get(field, "name"));
        if (r->rc == DBK_OK && name != NULL && !names_hold(without, name))
            include_field(r, into, field, json_object_get(over, name));
    }
}

static bool fields_hold(const json_t *fields, const char *name)
{
    size_t i;
    json_t *field;
    json_array_foreach((json_t *)(uintptr_t)fields, i, field)
    {
        const char *other = json_string_value(json_object_get(field, "name"));
        if (other != NULL && strcmp(other, name) == 0)
            return true;
    }
    return false;
}

/* A misspelt name in "override" would do nothing, and nobody would see it. */
static void check_overrides(form_reader *r, const json_t *form, const json_t *included)
{
    const char *name;
    json_t *one;
    const json_t *over = json_object_get(form, "override");
    json_object_foreach((json_t *)(uintptr_t)over, name, one)
    {
        if (!fields_hold(included, name))
            dbk_form_fail(r, "\"override\" names \"%.48s\", which is not included", name);
        if (!json_is_object(one))
            dbk_form_fail(r, "\"override\" of \"%.48s\" must be an object", name);
    }
}

/* All fields' JSON in the order of display: the form's own, then what it includes. */
static json_t *all_fields(form_reader *r, const json_t *form)
{
    size_t i;
    json_t *one;
    json_t *included = json_array(), *all = json_array();
    const json_t *own = dbk_form_get(r, form, "fields", JSON_ARRAY);
    const json_t *include = dbk_form_get(r, form, "include", JSON_ARRAY);
    json_t *groups = json_object_get(form, "groups");
    r->groups = json_object();
    if (r->rc == DBK_OK && (included == NULL || all == NULL || r->groups == NULL))
        r->rc = dbk_fail(r->err, DBK_NOMEM, "no memory for a form");
    if (dbk_form_get(r, form, "groups", JSON_OBJECT) != NULL &&
        json_object_update(r->groups, groups) != 0)
        r->rc = dbk_fail(r->err, DBK_NOMEM, "no memory for a form");
    if (own == NULL)
        dbk_form_fail(r, "\"fields\" is missing");
    json_array_foreach((json_t *)(uintptr_t)include, i, one)
    {
        if (r->rc == DBK_OK)
            include_file(r, included, form, json_is_string(one) ? json_string_value(one) : "");
    }
    check_overrides(r, form, included);
    if (r->rc == DBK_OK && (json_array_extend(all, (json_t *)(uintptr_t)own) != 0 ||
                            json_array_extend(all, included) != 0))
        r->rc = dbk_fail(r->err, DBK_NOMEM, "no memory for a form");
    json_decref(included);
    return all;
}

/* ---- groups ---------------------------------------------------------------------------------- */

static dbk_rule read_rule(form_reader *r, const json_t *from, dbk_rule otherwise)
{
    const char *rule = dbk_form_get_text(r, from, "rule", DBK_NAME_BYTES_MAX, FORM_MAY);
    if (rule == NULL)
        return otherwise;
    for (int i = 0; i < DBK_RULES; i++)
        if (strcmp(dbk_rule_name((dbk_rule)i), rule) == 0)
            return (dbk_rule)i;
    dbk_form_fail(r, "there is no rule \"%s\"", rule);
    return otherwise;
}

/* From a field that is a group by itself, or from a row of "groups". */
static void read_group(form_reader *r, dbk_group *group, const json_t *from, const json_t *form)
{
    const json_t *own = json_object_get(from, "own");
    group->rule = read_rule(r, from, read_rule(r, form, DBK_RULE_ASK));
    group->own = dbk_form_get_bool(r, own != NULL ? from : form, "own");
    group->lower_needs = group->rule == DBK_RULE_CAUTIOUS ? "reason" : NULL;
    const char *lower = dbk_form_get_text(r, from, "lower_needs", DBK_NAME_BYTES_MAX, FORM_MAY);
    if (lower == NULL)
        return;
    if (group->rule != DBK_RULE_CAUTIOUS)
        dbk_form_fail(r, "\"lower_needs\" is for the rule \"cautious\" only");
    else if (strcmp(lower, "nothing") == 0)
        group->lower_needs = NULL;
    else if (strcmp(lower, "reason") != 0)
        dbk_form_fail(r, "\"lower_needs\" is \"reason\" or \"nothing\"");
}

static bool is_array_kind(dbk_field_kind kind)
{
    return kind == DBK_FIELD_CODES || kind == DBK_FIELD_REFS || kind == DBK_FIELD_PRESENT ||
           kind == DBK_FIELD_LIST;
}

/* What a rule asks of its fields. */
static void check_rule(form_reader *r, const dbk_field *field, const dbk_group *group,
                       size_t fields_count)
{
    const form_more *more = dbk_form_more(r->form, field);
    bool reg = dbk_rule_is_register(group->rule);
    if (!reg && fields_count > 1)
        dbk_form_fail(r, "the rule \"%s\" is for one field by itself", dbk_rule_name(group->rule));
    if ((group->rule == DBK_RULE_SET || group->rule == DBK_RULE_LOG) && !is_array_kind(field->kind))
        dbk_form_fail(r, "the rule \"%s\" is for codes, refs, present and list",
                      dbk_rule_name(group->rule));
    if (group->rule == DBK_RULE_COUNT && (field->kind != DBK_FIELD_NUMBER || field->min < 0))
        dbk_form_fail(r, "the rule \"count\" is for numbers from 0");
    if (more->order != FORM_ORDER_NONE && group->rule != DBK_RULE_CAUTIOUS)
        dbk_form_fail(r, "\"protect\" is for the rule \"cautious\" only");
    if (more->preset.len > 0 && !reg)
        dbk_form_fail(r, "the rule \"%s\" has no \"default\"", dbk_rule_name(group->rule));
}

static size_t group_index(form_reader *r, const char *name)
{
    const dbk_group *found = dbk_form_group(r->form, dbk_span_str(name));
    return found != NULL ? (size_t)(found - r->form->groups) : r->form->groups_count;
}

/* The field's group, made when it is the first of its fields. */
static void join_group(form_reader *r, dbk_field *field, const json_t *from, const json_t *form)
{
    const char *name = dbk_form_get_name(r, from, "group", FORM_MAY);
    const json_t *row = name != NULL ? json_object_get(r->groups, name) : from;
    if (name != NULL && !json_is_object(row))
        dbk_form_fail(r, "the group \"%.48s\" is not in \"groups\"", name);
    if (name == NULL && json_object_get(r->groups, field->name) != NULL)
        dbk_form_fail(r, "a group has this name");
    if (name != NULL &&
        (json_object_get(from, "rule") != NULL || json_object_get(from, "own") != NULL ||
         json_object_get(from, "lower_needs") != NULL))
        dbk_form_fail(r, "\"rule\", \"own\" and \"lower_needs\" are the group's");
    if (r->rc != DBK_OK)
        return;
    size_t i = group_index(r, name != NULL ? name : field->name);
    field->group = i;
    if (i < r->form->groups_count)
        return;
    dbk_group *group = &r->form->groups[i];
    group->name = name != NULL ? name : field->name;
    group->label = name != NULL ? dbk_form_get_text(r, row, "label", FORM_LABEL_MAX, FORM_MUST)
                                : field->label;
    read_group(r, group, row, form);
    r->form->groups_count++;
}

static void check_groups(form_reader *r, const json_t *form)
{
    const char *name;
    json_t *row;
    dbk_form *f = r->form;
    for (size_t g = 0; g < f->groups_count && r->rc == DBK_OK; g++) {
        size_t members = 0, ordered = 0, orderly = 0;
        const dbk_field *first = NULL;
        for (size_t i = 0; i < f->fields_count; i++) {
            if (f->fields[i].group != g)
                continue;
            first = first != NULL ? first : &f->fields[i];
            members++;
            ordered += f->more[i].order != FORM_ORDER_NONE;
            orderly += f->fields[i].codes_count > 0;
        }
        dbk_form_at(r, "group %s", f->groups[g].name);
        for (size_t i = 0; i < f->fields_count; i++) {
            if (f->fields[i].group != g)
                continue;
            check_rule(r, &f->fields[i], &f->groups[g], members);
            if (f->fields[i].after_sign != first->after_sign)
                dbk_form_fail(r, "all of its fields or none may be written after signing");
        }
        if (f->groups[g].rule == DBK_RULE_CAUTIOUS && orderly > 0 && ordered == 0)
            dbk_form_fail(r, "the rule \"cautious\" needs an order: \"protect\"");
    }
    dbk_form_at(r, "groups");
    json_object_foreach(json_object_get((json_t *)(uintptr_t)form, "groups"), name, row)
    {
        if (r->rc == DBK_OK && dbk_form_group(f, dbk_span_str(name)) == NULL)
            dbk_form_fail(r, "no field is in the group \"%.48s\"", name);
    }
}

/* ---- fields ---------------------------------------------------------------------------------- */

static void read_preset(form_reader *r, const dbk_field *field, form_more *more, const json_t *from)
{
    const json_t *value = json_object_get(from, "default");
    dbk_bytes cbor = DBK_BYTES_INIT(DBK_FORM_JSON_BYTES_MAX);
    dbk_problems problems = { 0 };
    if (value == NULL || r->rc != DBK_OK)
        return;
    dbk_rc rc = dbk_value_from_json(&cbor, field, value, &problems, NULL);
    if (rc == DBK_NOMEM) {
        r->rc = dbk_fail(r->err, rc, "no memory for a form");
    } else if (rc != DBK_OK) {
        dbk_form_fail(r, "\"default\": %s",
                      problems.count > 0 ? problems.rows[0].text : dbk_rc_text(rc));
    } else {
        uint8_t *copy = dbk_form_take(r->form, cbor.len, 1);
        if (copy == NULL) {
            r->rc = dbk_fail(r->err, DBK_NOMEM, "no memory for a form");
        } else {
            memcpy(copy, cbor.p, cbor.len);
            more->preset = dbk_span_of(copy, cbor.len);
        }
    }
    dbk_problems_wipe(&problems);
    dbk_bytes_wipe(&cbor);
}

static void read_field(form_reader *r, const json_t *from, const json_t *form)
{
    dbk_form *f = r->form;
    dbk_field *field = &f->fields[f->fields_count];
    form_more *more = &f->more[f->fields_count];
    dbk_form_at(r, "field %zu", f->fields_count + 1);
    const char *name = dbk_form_get_name(r, from, "name", FORM_MUST);
    if (name == NULL)
        return;
    dbk_form_at(r, "field %s", name);
    if (is_reserved(name))
        dbk_form_fail(r, "every record keeps something of this name already");
    if (dbk_form_field(f, name) != NULL)
        dbk_form_fail(r, "the name is there twice");
    field->name = name;
    dbk_form_read_field(r, field, more, from);
    join_group(r, field, from, form);
    read_preset(r, field, more, from);
    f->fields_count++;
}

/* What may still be said on a signed record: a log of texts, the same in every form that signs. */
static void add_addenda(form_reader *r)
{
    dbk_form *f = r->form;
    dbk_field *field = &f->fields[f->fields_count];
    dbk_group *group = &f->groups[f->groups_count];
    *field = (dbk_field){ .name = DBK_GROUP_ADDENDA,
                          .label = "Addenda",
                          .kind = DBK_FIELD_LIST,
                          .len_max = 20000,
                          .after_sign = true,
                          .group = f->groups_count };
    *group = (dbk_group){ .name = DBK_GROUP_ADDENDA, .label = "Addenda", .rule = DBK_RULE_LOG };
    f->fields_count++;
    f->groups_count++;
}

/* Each group's fields as a chain in the order of CBOR keys: how a group's map is written. */
static void chain_groups(form_reader *r)
{
    dbk_form *f = r->form;
    f->firsts = dbk_form_take(f, f->groups_count, sizeof(f->firsts[0]));
    if (f->firsts == NULL) {
        r->rc = dbk_fail(r->err, DBK_NOMEM, "no memory for a form");
        return;
    }
    for (size_t i = 0; i < f->fields_count; i++) {
        const dbk_field **at = &f->firsts[f->fields[i].group];
        while (*at != NULL && dbk_value_key_compare((*at)->name, f->fields[i].name) < 0)
            at = &f->more[*at - f->fields].next;
        f->more[i].next = *at;
        *at = &f->fields[i];
    }
}

static void read_fields(form_reader *r, const json_t *form)
{
    dbk_form *f = r->form;
    json_t *all = all_fields(r, form);
    size_t count = json_array_size(all);
    if (r->rc == DBK_OK && (count == 0 || count >= DBK_FORM_FIELDS_MAX))
        dbk_form_fail(r, "a form has 1 to %u fields", DBK_FORM_FIELDS_MAX - 1);
    f->fields = dbk_form_take(f, count + 1, sizeof(f->fields[0]));
    f->more = dbk_form_take(f, count + 1, sizeof(f->more[0]));
    f->groups = dbk_form_take(f, count + 1, sizeof(f->groups[0]));
    if (r->rc == DBK_OK && (f->fields == NULL || f->more == NULL || f->groups == NULL))
        r->rc = dbk_fail(r->err, DBK_NOMEM, "no memory for a form");
    for (size_t i = 0; i < count && r->rc == DBK_OK; i++)
        read_field(r, json_array_get(all, i), form);
    form_siblings siblings = { f->fields, f->fields_count };
    for (size_t i = 0; i < count && r->rc == DBK_OK; i++) {
        dbk_form_at(r, "field %s", f->fields[i].name);
        dbk_form_read_conditions(r, &f->more[i], json_array_get(all, i), siblings);
    }
    check_groups(r, form);
    if (r->rc == DBK_OK && f->signs)
        add_addenda(r);
    if (r->rc == DBK_OK)
        chain_groups(r);
    json_decref(all);
}

static const dbk_field *named_field(form_reader *r, const json_t *name)
{
    const char *text = json_string_value(name);
    const dbk_field *field = text != NULL ? dbk_form_field(r->form, text) : NULL;
    if (field == NULL)
        dbk_form_fail(r, "\"%.48s\" is no field of the form", text != NULL ? text : "");
    return field;
}

static void read_summary(form_reader *r, const json_t *form)
{
    dbk_form *f = r->form;
    dbk_form_at(r, "summary");
    const json_t *names = dbk_form_get(r, form, "summary", JSON_ARRAY);
    size_t count = json_array_size(names);
    f->summary = dbk_form_take(f, count, sizeof(f->summary[0]));
    if (f->summary == NULL)
        r->rc = dbk_fail(r->err, DBK_NOMEM, "no memory for a form");
    for (size_t i = 0; i < count && r->rc == DBK_OK; i++)
        f->summary[i] = named_field(r, json_array_get(names, i));
    /* Lists are read without the safe-contact rule. */
    for (size_t i = 0; i < count && r->rc == DBK_OK; i++)
        if (f->summary[i]->route)
            dbk_form_fail(r, "\"%.48s\" is a way to reach a person and can't stand in lists",
                          f->summary[i]->name);
    f->summary_count = count;
    dbk_form_at(r, "when");
    const json_t *when = dbk_form_get(r, form, "when", JSON_STRING);
    if (when != NULL)
        f->when = named_field(r, when);
    if (f->when != NULL && f->when->kind != DBK_FIELD_DATE && f->when->kind != DBK_FIELD_DATETIME)
        dbk_form_fail(r, "it must be a date or a datetime");
}

static void read_form(form_reader *r, const json_t *form)
{
    dbk_form *f = r->form;
    f->name = dbk_form_get_name(r, form, "form", FORM_MUST);
    f->title = dbk_form_get_text(r, form, "title", FORM_LABEL_MAX, FORM_MUST);
    f->help = dbk_form_get_text(r, form, "help", FORM_HELP_MAX, FORM_MAY);
    f->signs = dbk_form_get_bool(r, form, "signs");
    int64_t version = dbk_form_get_int(r, form, "version", 0);
    if (version < 1 || version > VERSION_MAX)
        dbk_form_fail(r, "\"version\" must be 1 to %d", VERSION_MAX);
    f->version = (uint32_t)version;
    r->lists = dbk_form_get(r, form, "lists", JSON_OBJECT);
    read_fields(r, form);
    read_summary(r, form);
}

dbk_rc dbk_form_parse_with(dbk_form **out, dbk_span json, json_t **shared, dbk_err *err)
{
    json_t *form = NULL;
    form_reader r = { .shared = shared, .rc = DBK_OK, .err = err };
    *out = NULL;
    dbk_rc rc = dbk_json_parse(&form, json, err);
    if (rc != DBK_OK)
        return rc;
    r.form = dbk_alloc(sizeof(*r.form));
    if (r.form == NULL)
        r.rc = dbk_fail(err, DBK_NOMEM, "no memory for a form");
    else if (!json_is_object(form))
        dbk_form_fail(&r, "it must be an object");
    if (r.rc == DBK_OK)
        read_form(&r, form);
    if (r.rc == DBK_OK) {
        *out = r.form;
        r.form = NULL;
    }
    dbk_form_free(r.form);
    json_decref(r.groups);
    dbk_json_free(form);
    return r.rc;
}

dbk_rc dbk_form_parse(dbk_form **out, dbk_span json, dbk_err *err)
{
    json_t *shared = NULL;
    dbk_rc rc = dbk_form_parse_with(out, json, &shared, err);
    dbk_json_free(shared);
    return rc;
}
