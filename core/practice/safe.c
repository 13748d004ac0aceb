#include "core/practice/safe.h"

#include "core/model/value.h"
#include "core/practice/reading.h"

#define TEXT_BYTES_MAX (64u * 1024u)

static const char *const block_names[] = {
#define BLOCK_NAME(name, text) [DBK_SAFE_##name] = (text),
    DBK_SAFE_BLOCK_TABLE(BLOCK_NAME)
#undef BLOCK_NAME
};

const char *dbk_safe_block_name(dbk_safe_block block)
{
    DBK_ASSERT(block < DBK_SAFE_BLOCKS);
    return block_names[block];
}

void dbk_safe_wipe(dbk_safe *safe)
{
    dbk_bytes_wipe(&safe->text);
}

/* ---- routes -------------------------------------------------------------------------------- */

/* A record of a version that isn't known here: what the newest known one says of its fields. */
static const dbk_form *form_of(const dbk_forms *forms, const dbk_note *note)
{
    if (note->form != NULL || note->state == NULL)
        return note->form;
    return dbk_forms_find(forms, dbk_state_form(note->state), 0);
}

static bool form_has_routes(const dbk_form *form)
{
    const dbk_field *fields = NULL;
    size_t count = form == NULL ? 0 : dbk_form_fields(form, &fields);
    for (size_t i = 0; i < count; i++)
        if (fields[i].route)
            return true;
    return false;
}

bool dbk_safe_is_route(const dbk_forms *forms, const dbk_note *note, dbk_span group)
{
    const dbk_field *fields;
    const dbk_group *groups;
    const dbk_form *form = form_of(forms, note);
    if (!form_has_routes(form) || dbk_span_equal(group, dbk_span_str(DBK_GROUP_LIFECYCLE)) ||
        dbk_span_equal(group, dbk_span_str(DBK_GROUP_REVIEW)))
        return false;
    const dbk_group *known = dbk_form_group(form, group);
    if (known == NULL)
        return true;
    (void)dbk_form_groups(form, &groups);
    size_t count = dbk_form_fields(form, &fields);
    for (size_t i = 0; i < count; i++)
        if (&groups[fields[i].group] == known && fields[i].route)
            return true;
    return false;
}

/* ---- the rule ------------------------------------------------------------------------------ */

typedef struct telling {
    dbk_safe *safe;
    const dbk_note *note;
    dbk_reading reading;
} telling;

static void block(telling *t, dbk_safe_block what)
{
    t->safe->blocked |= 1u << what;
    t->safe->must_read = true;
}

static dbk_rc say(telling *t, const char *sentence, dbk_err *err)
{
    t->safe->must_read = true;
    dbk_rc rc = dbk_bytes_append_str(&t->safe->text, sentence, err);
    return rc == DBK_OK ? dbk_bytes_append_u8(&t->safe->text, '\n', err) : rc;
}

/* "Label: value", with code labels; a value that is several lines is one here. */
static dbk_rc say_value(telling *t, const char *name, dbk_span value, dbk_span detail, dbk_err *err)
{
    const dbk_field *field = dbk_form_field(t->note->form, name);
    dbk_bytes *text = &t->safe->text;
    t->safe->must_read = true;
    dbk_rc rc = dbk_bytes_append_fmt(text, err, "%s: ", field == NULL ? name : field->label);
    if (rc == DBK_OK)
        rc = dbk_value_to_text(text, field, value, err);
    if (rc == DBK_OK && detail.len > 0)
        rc = dbk_bytes_append_str(text, " ", err);
    if (rc == DBK_OK && detail.len > 0)
        rc = dbk_value_to_text(text, NULL, detail, err);
    return rc == DBK_OK ? dbk_bytes_append_u8(text, '\n', err) : rc;
}

static void block_of_rule(telling *t, dbk_span code)
{
    static const struct {
        const char *code;
        dbk_safe_block block;
    } rows[] = {
        { "only_via", DBK_SAFE_DIRECT },
        { "never_at", DBK_SAFE_PLACE },
        { "never_whom", DBK_SAFE_HEARING },
        { "times", DBK_SAFE_TIME },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (dbk_span_equal(code, dbk_span_str(rows[i].code))) {
            block(t, rows[i].block);
            return;
        }
    }
    block(t, DBK_SAFE_RULE);
}

/* Each rule that stands. "No restriction" is one only beside words that restrict it. */
static dbk_rc tell_rules(telling *t, dbk_err *err)
{
    const dbk_state_group *g = dbk_state_group_find(t->note->state, dbk_span_str("safe_rule"));
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && g != NULL && i < g->registers_count; i++) {
        dbk_span rule = dbk_view_member(g->registers[i].value, "safe_rule");
        dbk_span detail = dbk_view_member(g->registers[i].value, "safe_rule_detail");
        dbk_span code = dbk_cbor_text_of(rule);
        t->safe->recorded |= rule.len > 0 || detail.len > 0;
        if (rule.len > 0 && !dbk_span_equal(code, dbk_span_str("free"))) {
            block_of_rule(t, code);
            rc = say_value(t, "safe_rule", rule, detail, err);
        } else if (detail.len > 0) {
            rc = say_value(t, "safe_rule_detail", detail, dbk_span_of(NULL, 0), err);
        }
    }
    return rc;
}

/* Each value that stands of a group of one field. */
static dbk_rc tell_values(telling *t, const char *group, const char *name, dbk_err *err)
{
    const dbk_state_group *g = dbk_state_group_find(t->note->state, dbk_span_str(group));
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && g != NULL && i < g->registers_count; i++) {
        dbk_span value = dbk_view_member(g->registers[i].value, name);
        if (value.len > 0)
            rc = say_value(t, name, value, dbk_span_of(NULL, 0), err);
        t->safe->recorded |= value.len > 0;
    }
    return rc;
}

/* What is asked with yes and no. Blank is no answer, and forbids nothing by itself. */
static dbk_rc tell_answers(telling *t, dbk_err *err)
{
    static const struct {
        const char *field, *unsafe;
        dbk_safe_block block;
        const char *sentence, *doubt;
    } rows[] = {
        { "safe_message", "no", DBK_SAFE_MESSAGE, "Leave no message with anybody.",
          "Leave no message: nobody knows yet whether that is safe." },
        { "safe_post", "no", DBK_SAFE_POST, "Send no letters.",
          "Send no letters: nobody knows yet whether that is safe." },
        { "safe_voicemail", "no", DBK_SAFE_VOICEMAIL, "Leave no voicemail.",
          "Leave no voicemail: nobody knows yet whether that is safe." },
        { "safe_withhold", "yes", DBK_SAFE_NUMBER, "Withhold our number when you call.",
          "Withhold our number: nobody knows yet whether it may be seen." },
    };
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < sizeof(rows) / sizeof(rows[0]); i++) {
        dbk_span value;
        bool unsafe = false, doubt = false;
        rc = dbk_reading_value(&t->reading, &value, rows[i].field, err);
        t->safe->recorded |= rc == DBK_OK && value.len > 0;
        if (rc == DBK_OK)
            rc = dbk_reading_says(&t->reading, &unsafe, rows[i].field, rows[i].unsafe, err);
        if (rc == DBK_OK)
            rc = dbk_reading_says(&t->reading, &doubt, rows[i].field, "not_known", err);
        if (rc == DBK_OK && (unsafe || doubt)) {
            block(t, rows[i].block);
            rc = say(t, unsafe ? rows[i].sentence : rows[i].doubt, err);
        }
    }
    return rc;
}

static bool is_yes(dbk_span value)
{
    dbk_cbor c = dbk_cbor_from(value);
    return dbk_cbor_peek(&c) == DBK_CBOR_SIMPLE && dbk_cbor_get_simple(&c) == DBK_CBOR_TRUE;
}

/* How many of each kind nobody calls safe. */
static dbk_rc tell_routes(telling *t, dbk_err *err)
{
    const dbk_field *fields;
    size_t count = dbk_form_fields(t->note->form, &fields);
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        dbk_span value, one;
        unsigned all = 0, unsafe = 0;
        if (!fields[i].route)
            continue;
        rc = dbk_reading_value(&t->reading, &value, fields[i].name, err);
        dbk_elements e = dbk_elements_of(rc == DBK_OK ? value : dbk_span_of(NULL, 0));
        while (dbk_elements_next(&e, &one)) {
            all++;
            unsafe += is_yes(dbk_view_member(one, "safe")) ? 0 : 1;
        }
        if (rc == DBK_OK && unsafe > 0) {
            block(t, DBK_SAFE_ROUTE);
            rc = dbk_bytes_append_fmt(&t->safe->text, err, "%s: %u of %u not known to be safe.\n",
                                      fields[i].label, unsafe, all);
        }
    }
    return rc;
}

static dbk_rc tell(telling *t, dbk_err *err)
{
    dbk_span word;
    dbk_rc rc = tell_rules(t, err);
    if (rc == DBK_OK)
        rc = tell_values(t, "safe_times", "safe_times", err);
    if (rc == DBK_OK)
        rc = tell_values(t, "safe_person", "safe_person", err);
    if (rc == DBK_OK)
        rc = tell_values(t, "safe_person", "safe_person_name", err);
    if (rc == DBK_OK)
        rc = dbk_reading_value(&t->reading, &word, "safe_word", err);
    if (rc == DBK_OK && word.len > 0) {
        t->safe->recorded = true;
        rc = say(t, "A safe word is agreed with this person.", err);
    }
    if (rc == DBK_OK)
        rc = tell_answers(t, err);
    return rc == DBK_OK ? tell_routes(t, err) : rc;
}

dbk_rc dbk_safe_read(dbk_safe *out, const dbk_forms *forms, const dbk_note *note, dbk_err *err)
{
    telling t = { .safe = out, .note = note };
    *out = (dbk_safe){ .has_routes = form_has_routes(form_of(forms, note)) };
    dbk_bytes_init(&out->text, TEXT_BYTES_MAX);
    if (!out->has_routes)
        return DBK_OK;
    dbk_reading_init(&t.reading, note);
    if (note->form == NULL) {
        block(&t, DBK_SAFE_RULE);
        return say(&t, "This record is of a newer version: its safe-contact rule can't be read.",
                   err);
    }
    dbk_rc rc = tell(&t, err);
    dbk_reading_wipe(&t.reading);
    return rc;
}
