#include "core/practice/retention_rules.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/practice/retention_builtin.h"

#define YEARS_MAX 200
#define YEAR_MAX 9999

/* ---- the table ------------------------------------------------------------------------------- */

static bool read_years(int *out, const json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);
    json_int_t years = json_integer_value(value);
    *out = (int)years;
    return value == NULL || (json_is_integer(value) && years > 0 && years <= YEARS_MAX);
}

static dbk_rc read_rule(dbk_retention_rule *rule, const json_t *row, dbk_err *err)
{
    const json_t *group = json_object_get(row, "group");
    *rule = (dbk_retention_rule){ .group = json_string_value(group),
                                  .from = json_string_value(json_object_get(row, "from")),
                                  .until = json_string_value(json_object_get(row, "until")) };
    bool years = read_years(&rule->review_years, row, "review_years") &&
                 read_years(&rule->clear_years, row, "clear_years") &&
                 read_years(&rule->to_age, row, "to_age");
    if (!years || group == NULL || rule->from == NULL || rule->review_years == 0 ||
        (rule->clear_years == 0) == (rule->to_age == 0))
        return dbk_fail(err, DBK_FORMAT,
                        "the table of review groups has a row that isn't understood");
    return DBK_OK;
}

dbk_rc dbk_retention_rules_init(dbk_retention_rules *rules, dbk_span json, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    bool ungraded = false;
    *rules = (dbk_retention_rules){ .rows = NULL };
    if (json.len == 0)
        json = dbk_span_of(dbk_blob_retention, dbk_blob_retention_len);
    rules->json = json_loadb((const char *)json.p, json.len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *rows = json_object_get(rules->json, "groups");
    if (!json_is_array(rows))
        return dbk_fail(err, DBK_FORMAT, "the table of review groups isn't understood");
    rules->rows = dbk_alloc_array(json_array_size(rows) + 1, sizeof(rules->rows[0]));
    if (rules->rows == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the review groups");
    for (size_t i = 0; rc == DBK_OK && i < json_array_size(rows); i++) {
        dbk_retention_rule *rule = &rules->rows[rules->count++];
        rc = read_rule(rule, json_array_get(rows, i), err);
        ungraded = ungraded || (rc == DBK_OK && rule->group == NULL && rule->until == NULL);
    }
    if (rc == DBK_OK && !ungraded)
        rc = dbk_fail(err, DBK_FORMAT, "the table of review groups has no row for what has none");
    return rc;
}

void dbk_retention_rules_wipe(dbk_retention_rules *rules)
{
    dbk_free(rules->rows);
    json_decref(rules->json);
    *rules = (dbk_retention_rules){ .rows = NULL };
}

static bool is_of(const dbk_retention_rule *rule, dbk_span group)
{
    return rule->group == NULL ? group.len == 0 : dbk_span_equal(group, dbk_span_str(rule->group));
}

/* Dates compare as texts. */
static bool in_force(const dbk_retention_rule *rule, dbk_span day)
{
    return dbk_span_compare(day, dbk_span_str(rule->from)) >= 0 &&
           (rule->until == NULL || dbk_span_compare(day, dbk_span_str(rule->until)) <= 0);
}

const dbk_retention_rule *dbk_retention_rule_of(const dbk_retention_rules *rules, dbk_span group,
                                                dbk_span day)
{
    const dbk_retention_rule *ungraded = NULL;
    for (size_t i = 0; i < rules->count; i++) {
        const dbk_retention_rule *rule = &rules->rows[i];
        if (is_of(rule, group) && in_force(rule, day))
            return rule;
        if (rule->group == NULL && (ungraded == NULL || in_force(rule, day)))
            ungraded = rule;
    }
    DBK_ASSERT(ungraded != NULL);
    return ungraded;
}

size_t dbk_retention_rank(const dbk_retention_rules *rules, dbk_span group)
{
    for (size_t i = 0; i < rules->count; i++)
        if (group.len > 0 && is_of(&rules->rows[i], group))
            return i;
    return SIZE_MAX;
}

bool dbk_retention_is_event(const dbk_retention_rules *rules, const char *form)
{
    const json_t *no_events = json_object_get(rules->json, "no_events");
    for (size_t i = 0; i < json_array_size(no_events); i++) {
        const char *one = json_string_value(json_array_get(no_events, i));
        if (one != NULL && strcmp(one, form) == 0)
            return false;
    }
    return true;
}

/* ---- the calendar ---------------------------------------------------------------------------- */

int64_t dbk_retention_years_on(int64_t unix_ms, int years)
{
    char text[DBK_TIME_TEXT_SIZE], day[DBK_TIME_TEXT_SIZE];
    int64_t then_ms = 0;
    dbk_time_print(text, unix_ms);
    int year = years;
    for (int i = 0, place = 1000; i < 4; i++, place /= 10)
        year += (text[i] - '0') * place;
    if (year > YEAR_MAX)
        return INT64_MAX;
    (void)snprintf(day, sizeof(day), "%04d%.6s", year, text + 4);
    if (!dbk_date_valid(dbk_span_str(day)))
        (void)snprintf(day, sizeof(day), "%04d-03-01", year);
    return dbk_moment_parse(&then_ms, dbk_span_str(day), NULL) == DBK_OK ? then_ms : INT64_MAX;
}
