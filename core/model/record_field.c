/* One input into the slot of its field, by the rule of the field's group. */
#include <stdio.h>
#include <string.h>

#include "core/model/record_impl.h"

void dbk_work_say(record_work *c, const dbk_field *field, dbk_severity severity, const char *text)
{
    if (c->rc == DBK_OK)
        c->rc = dbk_problems_add(c->problems, severity, field->name, c->err, "%s: %s", field->label,
                                 text);
}

record_slot *dbk_work_slot(record_work *c, const dbk_field *field)
{
    return &c->slots[field - c->form->fields];
}

static dbk_rule rule_of(const record_work *c, const dbk_field *field)
{
    return c->form->groups[field->group].rule;
}

dbk_span dbk_work_current(const record_work *c, const dbk_field *field)
{
    if (c->opts->current == NULL)
        return dbk_span_of(NULL, 0);
    return c->opts->current(c->opts->current_ctx, field->name);
}

dbk_span dbk_work_shows(record_work *c, const dbk_field *field)
{
    record_slot *s = dbk_work_slot(c, field);
    if (s->touched && !(rule_of(c, field) == DBK_RULE_LOG && s->value.len == 0))
        return dbk_bytes_span(&s->value);
    return dbk_work_current(c, field);
}

dbk_span dbk_work_shown(void *ctx, const char *name)
{
    record_work *c = ctx;
    const dbk_field *field = dbk_form_field(c->form, name);
    DBK_ASSERT(field != NULL);
    return dbk_work_shows(c, field);
}

void dbk_work_keep(record_work *c, dbk_rc rc)
{
    if (c->rc == DBK_OK)
        c->rc = rc;
}

void dbk_work_set_value(record_work *c, record_slot *s, dbk_span value)
{
    dbk_bytes_truncate(&s->value, 0);
    dbk_work_keep(c, dbk_bytes_append(&s->value, value, c->err));
}

static void set_items(record_work *c, record_slot *s, const value_items *items)
{
    dbk_bytes_truncate(&s->value, 0);
    dbk_cbor_out out = dbk_cbor_to(&s->value, c->err);
    if (items->count > 0)
        dbk_items_put(&out, items);
    dbk_work_keep(c, out.rc);
}

/* The input's value. False: there are faults, or none was given to take away. */
static bool parse(record_work *c, dbk_bytes *out, const dbk_field *field, const dbk_input *in)
{
    dbk_err ignored = { 0 }; /* a fault is a row of problems; other failures are kept */
    dbk_rc rc = in->json != NULL ? dbk_value_from_json(out, field, in->json, c->problems, &ignored)
                                 : dbk_value_from_text(out, field, dbk_span_str(in->text),
                                                       c->problems, &ignored);
    if (rc != DBK_OK && rc != DBK_INVALID)
        dbk_work_keep(c, dbk_fail(c->err, rc, "%s", ignored.text));
    return rc == DBK_OK;
}

/* FIELD-= without a value. */
static bool is_blanking(const dbk_input *in)
{
    return in->op == DBK_INPUT_REMOVE && in->json == NULL && in->text[0] == '\0';
}

static bool holds_list(const dbk_field *field)
{
    return field->kind == DBK_FIELD_CODES || field->kind == DBK_FIELD_REFS ||
           field->kind == DBK_FIELD_PRESENT || field->kind == DBK_FIELD_LIST;
}

/* ---- registers ------------------------------------------------------------------------------- */

/* += and -= on a register that holds a list: the whole list is the value. */
static void change_list(record_work *c, const dbk_field *field, record_slot *s, const dbk_input *in,
                        dbk_span value)
{
    static const uint8_t null = 7u << 5 | DBK_CBOR_NULL;
    value_items items = VALUE_ITEMS_INIT, given = VALUE_ITEMS_INIT;
    dbk_work_keep(c, dbk_items_add_all(&items, dbk_work_shows(c, field), c->err));
    dbk_work_keep(c, dbk_items_add_all(&given, value, c->err));
    dbk_items_drop(&items, dbk_span_of(&null, 1));
    for (size_t i = 0; i < given.count && c->rc == DBK_OK; i++) {
        dbk_span item = dbk_items_at(&given, i);
        if (in->op == DBK_INPUT_ADD)
            dbk_work_keep(c, dbk_items_add(&items, item, c->err));
        else if (dbk_items_hold(&items, item))
            dbk_items_drop(&items, item);
        else
            dbk_work_say(c, field, DBK_WARNING, "what was to be taken out is not there.");
    }
    if (field->kind == DBK_FIELD_CODES || field->kind == DBK_FIELD_REFS)
        dbk_items_sort(&items);
    if (items.count > VALUE_ITEMS_MAX)
        dbk_work_say(c, field, DBK_PROBLEM, "there are too many of these.");
    s->touched = true;
    set_items(c, s, &items);
    dbk_items_wipe(&items);
    dbk_items_wipe(&given);
}

static void take_register(record_work *c, const dbk_field *field, const dbk_input *in)
{
    record_slot *s = dbk_work_slot(c, field);
    dbk_bytes value = DBK_BYTES_INIT(DBK_FORM_JSON_BYTES_MAX);
    if (is_blanking(in)) {
        s->touched = true;
        dbk_bytes_truncate(&s->value, 0);
        return;
    }
    if (in->op != DBK_INPUT_SET && !holds_list(field)) {
        dbk_work_say(c, field, DBK_PROBLEM,
                     "this holds one value: write it with =, blank it with -=.");
        return;
    }
    if (parse(c, &value, field, in)) {
        if (in->op != DBK_INPUT_SET && dbk_value_is_null(dbk_bytes_span(&value))) {
            dbk_work_say(c, field, DBK_PROBLEM, "not_known stands by itself: write it with =.");
        } else if (in->op != DBK_INPUT_SET) {
            change_list(c, field, s, in, dbk_bytes_span(&value));
        } else {
            s->touched = true;
            bool blank = dbk_value_is_blank(dbk_bytes_span(&value));
            dbk_work_set_value(c, s, blank ? dbk_span_of(NULL, 0) : dbk_bytes_span(&value));
        }
    }
    dbk_bytes_wipe(&value);
}

/* One sub-field of an object: "next_contact.when". The object is copied with the one exchanged. */
static void put_member(record_work *c, dbk_bytes *out, const dbk_field *field, const char *name,
                       dbk_span value)
{
    const char *last = NULL;
    value_items items = VALUE_ITEMS_INIT; /* pairs, in the order of their keys */
    dbk_span old = dbk_work_shows(c, field);
    for (size_t n = 0; n < field->fields_count && c->rc == DBK_OK; n++) {
        const dbk_field *next = NULL;
        for (size_t i = 0; i < field->fields_count; i++) {
            const dbk_field *part = &field->fields[i];
            if ((last == NULL || dbk_value_key_compare(part->name, last) > 0) &&
                (next == NULL || dbk_value_key_compare(part->name, next->name) < 0))
                next = part;
        }
        last = next->name;
        dbk_span one = strcmp(next->name, name) == 0 ? value : dbk_value_member(old, next->name);
        if (one.len == 0)
            continue;
        dbk_bytes pair = DBK_BYTES_INIT(DBK_FORM_JSON_BYTES_MAX);
        dbk_cbor_out to = dbk_cbor_to(&pair, c->err);
        dbk_cbor_put_str(&to, next->name);
        dbk_cbor_put_item(&to, one);
        dbk_work_keep(c, to.rc);
        if (c->rc == DBK_OK)
            dbk_work_keep(c, dbk_items_add(&items, dbk_bytes_span(&pair), c->err));
        dbk_bytes_wipe(&pair);
    }
    dbk_cbor_out to = dbk_cbor_to(out, c->err);
    if (items.count > 0)
        dbk_cbor_put_map(&to, items.count);
    for (size_t i = 0; i < items.count; i++)
        dbk_cbor_put_item(&to, dbk_items_at(&items, i));
    dbk_work_keep(c, to.rc);
    dbk_items_wipe(&items);
}

void dbk_work_take_part(record_work *c, const dbk_field *top, const dbk_field *part,
                        const dbk_input *in)
{
    char label[2 * 512];
    dbk_field alias = *part; /* so that messages name the whole path */
    dbk_bytes value = DBK_BYTES_INIT(DBK_FORM_JSON_BYTES_MAX);
    dbk_bytes object = DBK_BYTES_INIT(DBK_FORM_JSON_BYTES_MAX);
    (void)snprintf(label, sizeof(label), "%s, %s", top->label, part->label);
    alias.name = in->field;
    alias.label = label;
    if (!dbk_rule_is_register(rule_of(c, top)))
        dbk_work_say(c, &alias, DBK_PROBLEM, "write this field as a whole.");
    else if (in->op != DBK_INPUT_SET && !is_blanking(in))
        dbk_work_say(c, &alias, DBK_PROBLEM,
                     "this holds one value: write it with =, blank it with -=.");
    else if (is_blanking(in) || parse(c, &value, &alias, in)) {
        put_member(c, &object, top, part->name, dbk_bytes_span(&value));
        dbk_work_slot(c, top)->touched = true;
        dbk_work_set_value(c, dbk_work_slot(c, top), dbk_bytes_span(&object));
    }
    dbk_bytes_wipe(&value);
    dbk_bytes_wipe(&object);
}

/* ---- sets, logs, counters -------------------------------------------------------------------- */

static void load_base(record_work *c, const dbk_field *field, record_slot *s)
{
    if (!s->loaded && c->rc == DBK_OK)
        dbk_work_keep(c, dbk_items_add_all(&s->base, dbk_work_current(c, field), c->err));
    s->loaded = true;
}

static void add_element(record_work *c, record_slot *s, dbk_span item)
{
    static const uint8_t null_byte = 7u << 5 | DBK_CBOR_NULL;
    const dbk_span null = dbk_span_of(&null_byte, 1);
    dbk_items_drop(&s->remove, item);
    if (!dbk_items_hold(&s->add, item))
        dbk_work_keep(c, dbk_items_add(&s->add, item, c->err));
    /* An answer takes the place of "not known", and the other way round by SET only. */
    if (dbk_value_is_null(item))
        return;
    dbk_items_drop(&s->add, null);
    if (dbk_items_hold(&s->base, null) && !dbk_items_hold(&s->remove, null))
        dbk_work_keep(c, dbk_items_add(&s->remove, null, c->err));
}

static void remove_element(record_work *c, const dbk_field *field, record_slot *s, dbk_span item)
{
    bool was_added = dbk_items_hold(&s->add, item);
    bool stands = dbk_items_hold(&s->base, item) && !dbk_items_hold(&s->remove, item);
    dbk_items_drop(&s->add, item);
    if (stands)
        dbk_work_keep(c, dbk_items_add(&s->remove, item, c->err));
    else if (!was_added)
        dbk_work_say(c, field, DBK_WARNING, "what was to be taken out is not there.");
}

/* "Make it just this": what stands and isn't wanted goes, what is wanted and doesn't stand comes.
 * What stands already isn't added anew. */
static void make_just(record_work *c, const dbk_field *field, record_slot *s,
                      const value_items *want)
{
    while (s->add.count > 0)
        dbk_items_drop(&s->add, dbk_items_at(&s->add, 0));
    while (s->remove.count > 0)
        dbk_items_drop(&s->remove, dbk_items_at(&s->remove, 0));
    for (size_t i = 0; i < s->base.count && c->rc == DBK_OK; i++)
        if (!dbk_items_hold(want, dbk_items_at(&s->base, i)))
            remove_element(c, field, s, dbk_items_at(&s->base, i));
    for (size_t i = 0; i < want->count && c->rc == DBK_OK; i++)
        if (!dbk_items_hold(&s->base, dbk_items_at(want, i)))
            add_element(c, s, dbk_items_at(want, i));
}

/* What the set will be, for the conditions. */
static void show_set(record_work *c, record_slot *s)
{
    value_items all = VALUE_ITEMS_INIT;
    for (size_t i = 0; i < s->base.count && c->rc == DBK_OK; i++)
        if (!dbk_items_hold(&s->remove, dbk_items_at(&s->base, i)))
            dbk_work_keep(c, dbk_items_add(&all, dbk_items_at(&s->base, i), c->err));
    for (size_t i = 0; i < s->add.count && c->rc == DBK_OK; i++)
        dbk_work_keep(c, dbk_items_add(&all, dbk_items_at(&s->add, i), c->err));
    dbk_items_sort(&all);
    set_items(c, s, &all);
    dbk_items_wipe(&all);
}

static void take_set(record_work *c, const dbk_field *field, const dbk_input *in)
{
    record_slot *s = dbk_work_slot(c, field);
    dbk_bytes value = DBK_BYTES_INIT(DBK_FORM_JSON_BYTES_MAX);
    value_items given = VALUE_ITEMS_INIT;
    bool blanking = is_blanking(in);
    load_base(c, field, s);
    if (!blanking && !parse(c, &value, field, in)) {
        dbk_bytes_wipe(&value);
        return;
    }
    dbk_work_keep(c, dbk_items_add_all(&given, dbk_bytes_span(&value), c->err));
    s->touched = true;
    if (blanking || in->op == DBK_INPUT_SET)
        make_just(c, field, s, &given);
    for (size_t i = 0; i < given.count && c->rc == DBK_OK; i++) {
        if (in->op == DBK_INPUT_ADD)
            add_element(c, s, dbk_items_at(&given, i));
        else if (in->op == DBK_INPUT_REMOVE)
            remove_element(c, field, s, dbk_items_at(&given, i));
    }
    show_set(c, s);
    dbk_items_wipe(&given);
    dbk_bytes_wipe(&value);
}

static void take_log(record_work *c, const dbk_field *field, const dbk_input *in)
{
    record_slot *s = dbk_work_slot(c, field);
    dbk_bytes value = DBK_BYTES_INIT(DBK_FORM_JSON_BYTES_MAX);
    if (in->op == DBK_INPUT_REMOVE) {
        dbk_work_say(c, field, DBK_PROBLEM,
                     "entries here stay for good. Add one that says what was wrong.");
        return;
    }
    if (parse(c, &value, field, in)) {
        s->touched = true;
        dbk_work_keep(c, dbk_items_add_all(&s->add, dbk_bytes_span(&value), c->err));
        if (s->add.count > VALUE_ITEMS_MAX)
            dbk_work_say(c, field, DBK_PROBLEM, "there are too many of these.");
        set_items(c, s, &s->add);
    }
    dbk_bytes_wipe(&value);
}

static uint64_t uint_of(dbk_span cbor)
{
    dbk_cbor in = dbk_cbor_from(cbor);
    return cbor.len == 0 ? 0 : dbk_cbor_get_uint(&in);
}

static void count_up(record_work *c, const dbk_field *field, const dbk_input *in, dbk_span value)
{
    char text[120];
    record_slot *s = dbk_work_slot(c, field);
    uint64_t before = uint_of(dbk_work_current(c, field)), n = uint_of(value);
    uint64_t stands = before + s->count;
    if (dbk_value_is_null(value)) {
        dbk_work_say(c, field, DBK_PROBLEM, "a count can't be not known. Leave it out.");
        return;
    }
    if (in->op == DBK_INPUT_SET && n < stands) {
        (void)snprintf(text, sizeof(text), "a count only grows, and it is %llu already.",
                       (unsigned long long)stands);
        dbk_work_say(c, field, DBK_PROBLEM, text);
        return;
    }
    s->touched = true;
    s->count += in->op == DBK_INPUT_SET ? n - stands : n;
    if (s->count > (uint64_t)field->max)
        dbk_work_say(c, field, DBK_PROBLEM, "the number is too large.");
    dbk_bytes_truncate(&s->value, 0);
    dbk_cbor_out out = dbk_cbor_to(&s->value, c->err);
    dbk_cbor_put_uint(&out, before + s->count);
    dbk_work_keep(c, out.rc);
}

static void take_count(record_work *c, const dbk_field *field, const dbk_input *in)
{
    dbk_bytes value = DBK_BYTES_INIT(64);
    if (in->op == DBK_INPUT_REMOVE)
        dbk_work_say(c, field, DBK_PROBLEM, "a count only grows.");
    else if (parse(c, &value, field, in))
        count_up(c, field, in, dbk_bytes_span(&value));
    dbk_bytes_wipe(&value);
}

void dbk_work_take(record_work *c, const dbk_field *field, const dbk_input *in)
{
    switch (rule_of(c, field)) {
    case DBK_RULE_SET:
        take_set(c, field, in);
        return;
    case DBK_RULE_LOG:
        take_log(c, field, in);
        return;
    case DBK_RULE_COUNT:
        take_count(c, field, in);
        return;
    default:
        take_register(c, field, in);
        return;
    }
}
