#include "core/practice/routing.h"

#include <jansson.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/record.h"
#include "core/practice/routing_builtin.h"

#define FORM "routing_rule"
#define RULE_BYTES_MAX (64u * 1024u)
#define DATE_CHARS 10u
#define AGE_MAX 150

/* The form's fields; conditions first. */
enum {
    CASE_KIND,
    CRIME,
    RISK,
    AREA,
    FROM_AGE,
    BELOW_AGE,
    TYPE,
    CONDITIONS,
    NAME = CONDITIONS,
    TO,
    NOTE,
    STRENGTH,
    VALID_FROM,
    VALID_UNTIL,
    FIELDS
};
static const char *const field_names[FIELDS] = {
    [CASE_KIND] = "when_case_kind",
    [CRIME] = "when_hidden_crime",
    [RISK] = "when_risk_band",
    [AREA] = "when_la_area",
    [FROM_AGE] = "when_from_age",
    [BELOW_AGE] = "when_below_age",
    [TYPE] = "when_type",
    [NAME] = "name",
    [TO] = "then_type",
    [NOTE] = "then_note",
    [STRENGTH] = "strength",
    [VALID_FROM] = "valid_from",
    [VALID_UNTIL] = "valid_until",
};

struct dbk_route_rule {
    bool shipped;
    bool replaced;  /* by one of headquarters of the same name */
    dbk_bytes text; /* the values' CBOR, one behind the other */
    size_t at[FIELDS], len[FIELDS];
};

struct dbk_routes {
    const dbk_form *form; /* borrowed */
    dbk_route_rule **rules;
    size_t count, room;
};

/* ---- ages ----------------------------------------------------------------------------------- */

static int digits(const uint8_t *p, size_t count)
{
    int n = 0;
    for (size_t i = 0; i < count; i++)
        n = n * 10 + (p[i] - '0');
    return n;
}

/* Years completed, when the birthday is at month and day. */
static int years(int born, int month, int day, dbk_span on)
{
    int m = digits(on.p + 5, 2), d = digits(on.p + 8, 2);
    return digits(on.p, 4) - born - (m < month || (m == month && d < day) ? 1 : 0);
}

static dbk_span day_of(dbk_span text)
{
    return text.len > DATE_CHARS ? dbk_span_of(text.p, DATE_CHARS) : text;
}

dbk_age dbk_age_on(dbk_span dob, dbk_span precision, dbk_span on)
{
    dbk_age age = { false, 0, 0 };
    on = day_of(on);
    if (!dbk_date_valid(dob) || !dbk_date_valid(on))
        return age;
    int year = digits(dob.p, 4), month = digits(dob.p + 5, 2), day = digits(dob.p + 8, 2);
    /* Born at the earliest, and at the latest, as far as it is known. */
    bool to_day = precision.len == 0 || dbk_span_equal(precision, dbk_span_str("day"));
    bool to_month = dbk_span_equal(precision, dbk_span_str("month"));
    int spread = dbk_span_equal(precision, dbk_span_str("estimated")) ? 2 : 0;
    age.high = years(year - spread, to_day || to_month ? month : 1, to_day ? day : 1, on);
    age.low = years(year + spread, to_day || to_month ? month : 12, to_day ? day : 31, on);
    age.known = age.high >= 0 && age.high <= AGE_MAX;
    age.low = age.low < 0 ? 0 : age.low;
    return age;
}

dbk_age dbk_age_of_band(dbk_span band)
{
    static const struct {
        const char *code;
        int low, high;
    } bands[] = {
        { "age_0_4", 0, 4 },     { "age_5_8", 5, 8 },          { "age_9_13", 9, 13 },
        { "age_14_17", 14, 17 }, { "age_18_24", 18, 24 },      { "age_25_39", 25, 39 },
        { "age_40_64", 40, 64 }, { "age_65_on", 65, AGE_MAX },
    };
    for (size_t i = 0; i < sizeof(bands) / sizeof(bands[0]); i++) {
        if (dbk_span_equal(band, dbk_span_str(bands[i].code)))
            return (dbk_age){ true, bands[i].low, bands[i].high };
    }
    return (dbk_age){ false, 0, 0 };
}

/* ---- the set of rules ------------------------------------------------------------------------ */

static dbk_span value_of(const dbk_route_rule *rule, size_t field)
{
    return dbk_span_of(rule->text.p + rule->at[field], rule->len[field]);
}

static dbk_span text_of(const dbk_route_rule *rule, size_t field)
{
    return dbk_cbor_text_of(value_of(rule, field));
}

static void free_rule(dbk_route_rule *rule)
{
    if (rule == NULL)
        return;
    dbk_bytes_wipe(&rule->text);
    dbk_free(rule);
}

static dbk_rc new_rule(dbk_route_rule **out, bool shipped, dbk_err *err)
{
    *out = dbk_alloc(sizeof(**out));
    if (*out == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a routing rule");
    (*out)->shipped = shipped;
    dbk_bytes_init(&(*out)->text, RULE_BYTES_MAX);
    return DBK_OK;
}

static dbk_rc keep(dbk_route_rule *rule, size_t field, dbk_span value, dbk_err *err)
{
    rule->at[field] = rule->text.len;
    rule->len[field] = value.len;
    return dbk_bytes_append(&rule->text, value, err);
}

static dbk_rc make_room(dbk_routes *routes, dbk_err *err)
{
    if (routes->count < routes->room)
        return DBK_OK;
    size_t room = routes->room == 0 ? 32 : routes->room * 2;
    if (room > DBK_ROUTE_RULES_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u routing rules", DBK_ROUTE_RULES_MAX);
    dbk_route_rule **rules = dbk_realloc(routes->rules, room * sizeof(dbk_route_rule *));
    if (rules == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for routing rules");
    routes->rules = rules;
    routes->room = room;
    return DBK_OK;
}

static bool is_whole(const dbk_route_rule *rule)
{
    return text_of(rule, NAME).len > 0 && text_of(rule, STRENGTH).len > 0;
}

/* Takes the rule. */
static dbk_rc take_rule(dbk_routes *routes, dbk_route_rule *rule, dbk_err *err)
{
    dbk_rc rc = make_room(routes, err);
    if (rc != DBK_OK) {
        free_rule(rule);
        return rc;
    }
    for (size_t i = 0; i < routes->count && !rule->shipped; i++) {
        dbk_route_rule *old = routes->rules[i];
        if (old->shipped && dbk_span_equal(text_of(old, NAME), text_of(rule, NAME)))
            old->replaced = true;
    }
    routes->rules[routes->count++] = rule;
    return DBK_OK;
}

/* ---- rules from JSON ------------------------------------------------------------------------- */

/* What a field was given by writes that each hold a group's map. */
static dbk_span written(const dbk_change *change, const char *field)
{
    dbk_span value = { NULL, 0 };
    for (size_t i = 0; value.len == 0 && i < change->writes_count; i++)
        value = dbk_view_member(change->writes[i].value, field);
    return value;
}

static dbk_rc take_change(dbk_routes *routes, const dbk_change *change, dbk_err *err)
{
    dbk_route_rule *rule = NULL;
    dbk_rc rc = new_rule(&rule, true, err);
    for (size_t i = 0; rc == DBK_OK && i < FIELDS; i++)
        rc = keep(rule, i, written(change, field_names[i]), err);
    if (rc == DBK_OK && !is_whole(rule))
        rc = dbk_fail(err, DBK_INVALID, "a routing rule needs a name and a strength");
    if (rc == DBK_OK)
        return take_rule(routes, rule, err);
    free_rule(rule);
    return rc;
}

static dbk_rc take_json(dbk_routes *routes, const json_t *object, dbk_err *err)
{
    const dbk_check_opts opts = { .form = routes->form, .is_new = true };
    dbk_problems problems = { 0 };
    dbk_input *inputs = NULL;
    size_t count = 0;
    dbk_change change;
    dbk_change_init(&change);
    dbk_rc rc = dbk_inputs_from_json(&inputs, &count, object, err);
    if (rc == DBK_OK) {
        dbk_err why = { 0 };
        rc = dbk_record_check(&change, &problems, &opts, inputs, count, &why);
        if (rc != DBK_OK)
            (void)dbk_fail(err, rc, "%s", problems.count > 0 ? problems.rows[0].text : why.text);
    }
    if (rc == DBK_OK)
        rc = take_change(routes, &change, err);
    dbk_change_wipe(&change);
    dbk_free(inputs);
    dbk_problems_wipe(&problems);
    return rc;
}

dbk_rc dbk_routes_add_json(dbk_routes *routes, dbk_span json, dbk_err *err)
{
    json_t *rules = NULL;
    dbk_rc rc = dbk_json_parse(&rules, json, err);
    if (rc == DBK_OK && !json_is_array(rules))
        rc = dbk_fail(err, DBK_FORMAT, "routing rules are a JSON array");
    for (size_t i = 0; rc == DBK_OK && i < json_array_size(rules); i++)
        rc = take_json(routes, json_array_get(rules, i), err);
    dbk_json_free(rules);
    return rc;
}

dbk_rc dbk_routes_new(dbk_routes **out, const dbk_forms *forms, dbk_err *err)
{
    dbk_routes *routes = dbk_alloc(sizeof(*routes));
    *out = NULL;
    if (routes == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for routing rules");
    routes->form = dbk_forms_find(forms, dbk_span_str(FORM), 0);
    DBK_ASSERT(routes->form != NULL);
    dbk_rc rc = dbk_routes_add_json(routes, dbk_span_of(dbk_blob_routing, dbk_blob_routing_len),
                                    err);
    if (rc == DBK_OK)
        *out = routes;
    else
        dbk_routes_free(routes);
    return rc;
}

void dbk_routes_free(dbk_routes *routes)
{
    if (routes == NULL)
        return;
    for (size_t i = 0; i < routes->count; i++)
        free_rule(routes->rules[i]);
    dbk_free(routes->rules);
    dbk_free(routes);
}

/* ---- rules of headquarters ------------------------------------------------------------------- */

/* An officer could lift a stop by writing a group that headquarters left blank: such counts as
 * blank. */
static dbk_rc keep_shown(dbk_route_rule *rule, const dbk_note *note, dbk_err *err)
{
    dbk_reading reading;
    dbk_rc rc = DBK_OK;
    dbk_reading_init(&reading, note);
    for (size_t i = 0; rc == DBK_OK && i < FIELDS; i++) {
        dbk_span value = { NULL, 0 };
        if (dbk_reading_is_hq(note, field_names[i]))
            rc = dbk_reading_value(&reading, &value, field_names[i], err);
        if (rc == DBK_OK)
            rc = keep(rule, i, value, err);
    }
    dbk_reading_wipe(&reading);
    return rc;
}

typedef struct taking {
    dbk_routes *routes;
    dbk_book *book;
} taking;

static dbk_rc take_record(void *ctx, const dbk_row *row, dbk_err *err)
{
    const taking *t = ctx;
    dbk_route_rule *rule = NULL;
    dbk_note *note = NULL;
    dbk_rc rc = dbk_query_note(&note, t->book, &row->record, err);
    if (rc == DBK_OK && note->form != NULL)
        rc = new_rule(&rule, false, err);
    if (rc == DBK_OK && rule != NULL)
        rc = keep_shown(rule, note, err);
    dbk_note_free(note);
    if (rc == DBK_OK && rule != NULL && is_whole(rule))
        return take_rule(t->routes, rule, err);
    free_rule(rule);
    return rc;
}

dbk_rc dbk_routes_add_book(dbk_routes *routes, dbk_book *book, dbk_err *err)
{
    const dbk_list_opts opts = { .form = FORM, .since_ms = INT64_MIN };
    taking t = { routes, book };
    return dbk_query_list(book, &opts, take_record, &t, err);
}

/* ---- does it hold? --------------------------------------------------------------------------- */

typedef enum tri { NO, PERHAPS, YES } tri;

static tri both(tri a, tri b)
{
    return a < b ? a : b;
}

static bool holds_code(dbk_span list, dbk_span code)
{
    dbk_span one;
    for (dbk_elements e = dbk_elements_of(list); dbk_elements_next(&e, &one);) {
        if (dbk_span_equal(dbk_cbor_text_of(one), code))
            return true;
    }
    return false;
}

static tri code_holds(dbk_span wanted, dbk_span fact, tri unknown)
{
    if (wanted.len == 0)
        return YES;
    if (holds_code(wanted, fact))
        return YES;
    return fact.len == 0 ? unknown : NO;
}

static tri any_holds(dbk_span wanted, dbk_span facts)
{
    dbk_span one;
    if (wanted.len == 0)
        return YES;
    for (dbk_elements e = dbk_elements_of(facts); dbk_elements_next(&e, &one);) {
        if (holds_code(wanted, dbk_cbor_text_of(one)))
            return YES;
    }
    return NO;
}

/* not_graded and unknown are words for "nobody knows". */
static dbk_span known(dbk_span code, const char *unknown)
{
    return dbk_span_equal(code, dbk_span_str(unknown)) ? dbk_span_of(NULL, 0) : code;
}

static bool number_of(dbk_span value, int64_t *out)
{
    dbk_cbor c = dbk_cbor_from(value);
    *out = 0;
    if (dbk_cbor_peek(&c) != DBK_CBOR_UINT)
        return false;
    *out = dbk_cbor_get_int(&c);
    return !c.failed;
}

/* From `from` on, and below `below`. A bound that isn't a number can't be met. */
static tri age_holds(const dbk_route_rule *rule, const dbk_age *age)
{
    dbk_span from = value_of(rule, FROM_AGE), below = value_of(rule, BELOW_AGE);
    int64_t low = 0, high = INT64_MAX;
    if (from.len == 0 && below.len == 0)
        return YES;
    if ((from.len > 0 && !number_of(from, &low)) || (below.len > 0 && !number_of(below, &high)))
        return NO;
    if (!age->known)
        return PERHAPS;
    if (age->low >= low && age->high < high)
        return YES;
    return age->high < low || age->low >= high ? NO : PERHAPS;
}

static bool is_valid_on(const dbk_route_rule *rule, dbk_span on)
{
    dbk_span from = text_of(rule, VALID_FROM), until = text_of(rule, VALID_UNTIL);
    on = day_of(on);
    return (from.len == 0 || dbk_span_compare(from, on) <= 0) &&
           (until.len == 0 || dbk_span_compare(on, until) <= 0);
}

static tri holds(const dbk_route_rule *rule, const char *asked, const dbk_route_facts *f)
{
    if (rule->replaced || !is_valid_on(rule, f->on))
        return NO;
    tri t = code_holds(value_of(rule, TYPE), dbk_span_str(asked), NO);
    t = both(t, code_holds(value_of(rule, CASE_KIND), f->case_kind, NO));
    t = both(t, any_holds(value_of(rule, CRIME), f->hidden_crime));
    t = both(t, code_holds(value_of(rule, RISK), known(f->risk_band, "not_graded"), PERHAPS));
    t = both(t, code_holds(value_of(rule, AREA), known(f->la_area, "unknown"), PERHAPS));
    return both(t, age_holds(rule, &f->age));
}

/* ---- which comes first ----------------------------------------------------------------------- */

static size_t conditions(const dbk_route_rule *rule)
{
    size_t n = 0;
    for (size_t i = 0; i < CONDITIONS; i++)
        n += rule->len[i] > 0 ? 1 : 0;
    return n;
}

static bool comes_before(const dbk_route_rule *a, const dbk_route_rule *b)
{
    if (b == NULL)
        return true;
    if (dbk_route_hard(a) != dbk_route_hard(b))
        return dbk_route_hard(a);
    if (conditions(a) != conditions(b))
        return conditions(a) > conditions(b);
    if (a->shipped != b->shipped)
        return b->shipped;
    return dbk_span_compare(text_of(a, NAME), text_of(b, NAME)) < 0;
}

dbk_route_answer dbk_routes_ask(const dbk_routes *routes, const char *asked,
                                const dbk_route_facts *facts)
{
    dbk_route_answer answer = { NULL, NULL };
    for (size_t i = 0; i < routes->count; i++) {
        const dbk_route_rule *rule = routes->rules[i];
        tri t = holds(rule, asked, facts);
        if (t == YES && comes_before(rule, answer.rule))
            answer.rule = rule;
        if (t == PERHAPS && dbk_route_hard(rule) && comes_before(rule, answer.perhaps))
            answer.perhaps = rule;
    }
    if (answer.perhaps != NULL && !comes_before(answer.perhaps, answer.rule))
        answer.perhaps = NULL;
    return answer;
}

/* ---- what a rule says ------------------------------------------------------------------------ */

dbk_span dbk_route_name(const dbk_route_rule *rule)
{
    return text_of(rule, NAME);
}

dbk_span dbk_route_note(const dbk_route_rule *rule)
{
    return text_of(rule, NOTE);
}

/* A strength that this program doesn't know stops. */
bool dbk_route_hard(const dbk_route_rule *rule)
{
    return !dbk_span_equal(text_of(rule, STRENGTH), dbk_span_str("soft"));
}

bool dbk_route_shipped(const dbk_route_rule *rule)
{
    return rule->shipped;
}

dbk_span dbk_route_to(const dbk_route_rule *rule)
{
    return value_of(rule, TO);
}

bool dbk_route_leads_to(const dbk_route_rule *rule, const char *type)
{
    return holds_code(value_of(rule, TO), dbk_span_str(type));
}

static dbk_rc append_code(dbk_bytes *out, const dbk_field *field, dbk_span code, dbk_err *err)
{
    for (size_t i = 0; i < field->codes_count; i++) {
        if (dbk_span_equal(code, dbk_span_str(field->codes[i].name)))
            return dbk_bytes_append_str(out, field->codes[i].label, err);
    }
    return dbk_bytes_append(out, code, err);
}

/* "One or Other", a number, or nothing. */
static dbk_rc append_value(dbk_bytes *out, const dbk_routes *routes, const dbk_route_rule *rule,
                           size_t i, dbk_err *err)
{
    const dbk_field *field = dbk_form_field(routes->form, field_names[i]);
    dbk_span value = value_of(rule, i), one;
    int64_t n;
    bool first = true;
    dbk_rc rc = DBK_OK;
    if (field == NULL || number_of(value, &n))
        return field == NULL ? DBK_OK : dbk_bytes_append_fmt(out, err, "%lld", (long long)n);
    dbk_elements e = dbk_elements_of(value);
    for (; rc == DBK_OK && dbk_elements_next(&e, &one); first = false) {
        rc = first ? DBK_OK : dbk_bytes_append_str(out, " or ", err);
        if (rc == DBK_OK)
            rc = append_code(out, field, dbk_cbor_text_of(one), err);
    }
    return rc;
}

dbk_rc dbk_route_append_to(dbk_bytes *out, const dbk_routes *routes, const dbk_route_rule *rule,
                           dbk_err *err)
{
    return append_value(out, routes, rule, TO, err);
}

dbk_rc dbk_route_append_why(dbk_bytes *out, const dbk_routes *routes, const dbk_route_rule *rule,
                            dbk_err *err)
{
    const char *separator = "";
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < CONDITIONS; i++) {
        const dbk_field *field = dbk_form_field(routes->form, field_names[i]);
        if (rule->len[i] == 0 || field == NULL)
            continue;
        rc = dbk_bytes_append_fmt(out, err, "%s%s: ", separator, field->label);
        separator = "; ";
        if (rc == DBK_OK)
            rc = append_value(out, routes, rule, i, err);
    }
    return rc;
}
