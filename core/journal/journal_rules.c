/* Rules that the form alone can't judge: about persons, and those of the layer above. */
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/journal/journal_draft.h"

#define REASON_CHARS_MAX 2000u

dbk_rc dbk_reason_check(const char *reason, dbk_err *err)
{
    dbk_span text = dbk_span_str(reason == NULL ? "" : reason);
    size_t i = 0;
    while (i < text.len && (text.p[i] == ' ' || text.p[i] == '\t' || text.p[i] == '\n'))
        i++;
    if (i == text.len)
        return dbk_fail(err, DBK_INVALID, "a reason is needed");
    if (!dbk_utf8_valid(text))
        return dbk_fail(err, DBK_INVALID, "the reason is not UTF-8 text");
    if (dbk_utf8_count(text) > REASON_CHARS_MAX)
        return dbk_fail(err, DBK_INVALID, "the reason is longer than %u characters",
                        REASON_CHARS_MAX);
    return DBK_OK;
}

bool dbk_draft_is_author(const dbk_draft *d)
{
    dbk_dot dot;
    dbk_hlc time;
    if (d->state == NULL || !dbk_state_created(d->state, &dot, &time))
        return d->state == NULL;
    const dbk_book_feed *feed = dbk_tables_feed(&d->book->tables, &dot.feed);
    return feed != NULL && feed->own;
}

/* The value that is shown of a register group; NULL: none. */
static const dbk_sibling *shown_of(const dbk_draft *d, dbk_span group)
{
    const dbk_state_group *g = d->state == NULL ? NULL : dbk_state_group_find(d->state, group);
    if (g == NULL || g->registers_count == 0)
        return NULL;
    return &g->registers[dbk_view_group(g, &d->view).winner];
}

/* One value stands, and the write would put the same in its place. What protects may be said
 * again: somebody may be lowering it at the same time, and then it stands. */
static bool changes_nothing(const dbk_draft *d, const dbk_write *w)
{
    const dbk_state_group *g = d->state == NULL ? NULL : dbk_state_group_find(d->state, w->group);
    const dbk_group *group = dbk_form_group(d->form, w->group);
    if (group != NULL && group->rule == DBK_RULE_CAUTIOUS)
        return false;
    return w->kind == DBK_WRITE_SET && g != NULL && g->registers_count == 1 &&
           dbk_span_equal(g->registers[0].value, w->value);
}

static bool lowers(const dbk_draft *d, const dbk_write *w, const dbk_group *group)
{
    if (w->kind != DBK_WRITE_SET || group->rule != DBK_RULE_CAUTIOUS)
        return false;
    const dbk_sibling *shown = shown_of(d, w->group);
    return shown != NULL &&
           dbk_form_rank(d->form, group, w->value) < dbk_form_rank(d->form, group, shown->value);
}

/* DBK_OK with a problem row is a finding; anything else a failure. */
static dbk_rc judge_write(const dbk_draft *d, const dbk_write *w, bool *denied,
                          dbk_problems *problems, dbk_err *err)
{
    const dbk_group *group = dbk_form_group(d->form, w->group);
    if (group == NULL)
        return DBK_OK;
    if (group->own && !dbk_draft_is_author(d)) {
        *denied = true;
        return dbk_problems_add(problems, DBK_PROBLEM, group->name, err,
                                "%s: only the officer who began the record may change this.",
                                group->label);
    }
    if (group->lower_needs != NULL && lowers(d, w, group) &&
        dbk_reason_check(d->reason, NULL) != DBK_OK)
        return dbk_problems_add(problems, DBK_PROBLEM, group->name, err,
                                "%s: a less protective answer needs a reason.", group->label);
    return DBK_OK;
}

dbk_rc dbk_draft_judge(dbk_draft *d, dbk_problems *problems, dbk_err *err)
{
    dbk_change *c = &d->change;
    size_t faults = problems->faults;
    size_t left = 0;
    bool denied = false;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < c->writes_count; i++)
        if (!changes_nothing(d, &c->writes[i]))
            c->writes[left++] = c->writes[i];
    c->writes_count = left;
    for (size_t i = 0; rc == DBK_OK && i < left; i++)
        rc = judge_write(d, &c->writes[i], &denied, problems, err);
    if (rc != DBK_OK)
        return rc;
    if (denied)
        return dbk_fail(err, DBK_DENIED, "only the officer who began the record may change that");
    if (problems->faults > faults)
        return dbk_fail(err, DBK_INVALID, "a reason is needed");
    return DBK_OK;
}

/* ---- rules of the work ----------------------------------------------------------------------- */

void dbk_journal_heed(dbk_book *book, dbk_practice_fn practice)
{
    book->practice = practice;
}

/* A dbk_current_fn: what the field would hold. */
static dbk_span proposed_value(void *ctx, const char *name)
{
    dbk_draft *d = ctx;
    const dbk_field *field = dbk_form_field(d->form, name);
    const dbk_group *groups;
    if (field == NULL)
        return dbk_span_of(NULL, 0);
    (void)dbk_form_groups(d->form, &groups);
    dbk_span group = dbk_span_str(groups[field->group].name);
    for (size_t i = 0; i < d->change.writes_count; i++) {
        const dbk_write *w = &d->change.writes[i];
        if (w->kind == DBK_WRITE_SET && dbk_span_equal(w->group, group))
            return dbk_view_member(w->value, name);
    }
    return dbk_draft_current(d, name);
}

static dbk_span added_value(void *ctx, const char *name)
{
    dbk_draft *d = ctx;
    const dbk_field *field = dbk_form_field(d->form, name);
    const dbk_group *groups;
    (void)dbk_form_groups(d->form, &groups);
    for (size_t i = 0; field != NULL && i < d->change.writes_count; i++) {
        const dbk_write *w = &d->change.writes[i];
        if ((w->kind == DBK_WRITE_ADD || w->kind == DBK_WRITE_APPEND) &&
            dbk_span_equal(w->group, dbk_span_str(groups[field->group].name)))
            return w->value;
    }
    return dbk_span_of(NULL, 0);
}

static dbk_rc fill(void *ctx, const char *name, uint64_t number, dbk_err *err)
{
    dbk_draft *d = ctx;
    const dbk_field *field = dbk_form_field(d->form, name);
    (void)err;
    if (field == NULL)
        return DBK_OK; /* a version of the form that doesn't have it */
    DBK_ASSERT(d->fill == NULL && field->kind == DBK_FIELD_NUMBER);
    d->fill = field->name;
    d->fill_with = number;
    return DBK_OK;
}

dbk_rc dbk_draft_refill(dbk_draft *d, const dbk_input *inputs, size_t inputs_count, dbk_err *err)
{
    dbk_problems known = { 0 }; /* these were told the first time */
    char number[24];
    bool given = d->fill == NULL;
    for (size_t i = 0; !given && i < inputs_count; i++)
        given = strcmp(inputs[i].field, d->fill) == 0; /* blanked, and meant so */
    if (given)
        return DBK_OK;
    dbk_input *all = dbk_alloc_array(inputs_count + 1, sizeof(*all));
    if (all == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a record");
    if (inputs_count > 0)
        memcpy(all, inputs, inputs_count * sizeof(*all));
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)d->fill_with);
    all[inputs_count] = (dbk_input){ .op = DBK_INPUT_SET, .field = d->fill, .text = number };
    dbk_change_wipe(&d->change);
    dbk_change_init(&d->change);
    dbk_draft_drop_joined(d);
    dbk_rc rc = dbk_draft_check(d, &known, all, inputs_count + 1, err);
    dbk_free(all);
    dbk_problems_wipe(&known);
    return rc;
}

dbk_rc dbk_draft_heed(dbk_draft *d, dbk_problems *problems, dbk_err *err)
{
    char today[DBK_TIME_TEXT_SIZE];
    size_t faults = problems->faults;
    if (d->book->practice == NULL || d->change.writes_count == 0)
        return DBK_OK;
    dbk_time_print(today, (int64_t)d->book->env->now_ms(d->book->env->self));
    const dbk_intent proposed = { .book = d->book,
                                  .form = d->form,
                                  .space = &d->space,
                                  .record = d->state == NULL ? NULL : &d->record,
                                  .on = dbk_span_of(today, 10),
                                  .value = proposed_value,
                                  .before = dbk_draft_current,
                                  .added = added_value,
                                  .fill = d->typed ? fill : NULL,
                                  .ctx = d };
    dbk_rc rc = d->book->practice(problems, &proposed, err);
    if (d->shown_rc != DBK_OK)
        rc = dbk_fail(err, d->shown_rc, "the record's values can't be shown");
    if (rc == DBK_OK && problems->faults > faults)
        rc = dbk_fail(err, DBK_INVALID, "a rule of the work forbids it");
    return rc;
}
