/* The HQ desk on the command line: conflicts, resolve. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/render.h"
#include "core/base/text.h"

static bool disputed(const dbk_note *note, const dbk_state_group *g, dbk_shown *shown)
{
    if (g->registers_count < 2)
        return false;
    if (dbk_span_equal(g->name, dbk_span_str(DBK_GROUP_LIFECYCLE))) {
        dbk_dispute dispute;
        (void)dbk_view_life(note->state, &note->view, &dispute);
        *shown = (dbk_shown){ .winner = SIZE_MAX, .dispute = dispute };
        return dispute != DBK_DISPUTE_NONE;
    }
    *shown = dbk_view_group(g, &note->view);
    return shown->dispute != DBK_DISPUTE_NONE;
}

static dbk_rc print_choice(cli *c, const dbk_note *note, const dbk_sibling *s, const char *mark,
                           size_t number, dbk_err *err)
{
    dbk_bytes text = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_authorship author = { 0 };
    dbk_rc rc = dbk_query_author(c->book, &author, &s->dot, err);
    if (rc == DBK_OK)
        rc = cli_group_text(&text, note->form, s->value, err);
    if (rc == DBK_OK) {
        out_text("    %zu %s %s\n", number, mark, out_safe(dbk_bytes_span(&text)));
        out_text("        by %s%s, claimed %s, received %s\n", cli_device_name(c, &author.device),
                 s->hq ? " (headquarters)" : "", cli_time((int64_t)dbk_hlc_ms(s->time)),
                 author.receipt_ms == 0 ? "not yet" : cli_time((int64_t)author.receipt_ms));
    }
    dbk_bytes_wipe(&text);
    return rc;
}

static dbk_rc print_reviews(cli *c, const dbk_note *note)
{
    const dbk_review_pair *pairs;
    size_t count = dbk_state_reviews(note->state, &pairs);
    for (size_t i = 0; i < count; i++)
        out_text("  review: %s and %s changed this record without seeing each other's change\n",
                 cli_author_name(c, &pairs[i].a), cli_author_name(c, &pairs[i].b));
    return DBK_OK;
}

static dbk_rc print_conflict(cli *c, const dbk_id *record, const char *summary, dbk_err *err)
{
    dbk_note *note = NULL;
    char uuid[DBK_ID_UUID_SIZE];
    dbk_rc rc = dbk_query_note(&note, c->book, record, err);
    if (rc != DBK_OK)
        return rc;
    dbk_id_uuid(uuid, record);
    out_text("%s  %s  %s\n", uuid,
             note->form == NULL ? out_safe(dbk_state_form(note->state)) : dbk_form_name(note->form),
             summary == NULL ? "" : out_safe_str(summary));
    for (size_t i = 0; rc == DBK_OK && i < dbk_state_groups(note->state); i++) {
        const dbk_state_group *g = dbk_state_group_at(note->state, i);
        dbk_shown shown;
        if (!disputed(note, g, &shown))
            continue;
        out_text("  %s: %s\n", out_safe(g->name), cli_dispute_word(shown.dispute));
        for (size_t k = 0; rc == DBK_OK && k < g->registers_count; k++)
            rc = print_choice(c, note, &g->registers[k], k == shown.winner ? "(shown)" : "       ",
                              k + 1, err);
    }
    if (rc == DBK_OK)
        rc = print_reviews(c, note);
    dbk_note_free(note);
    return rc;
}

static json_t *choice_json(cli *c, const dbk_sibling *s, size_t number)
{
    dbk_authorship author = { 0 };
    if (dbk_query_author(c->book, &author, &s->dot, NULL) != DBK_OK)
        author = (dbk_authorship){ 0 };
    return json_pack("{s:I, s:o, s:s, s:b, s:o, s:o}", "choice", (json_int_t)number, "value",
                     cli_value_json(s->value), "author", cli_device_name(c, &author.device), "hq",
                     (int)s->hq, "claimed", cli_time_json((int64_t)dbk_hlc_ms(s->time)), "received",
                     cli_time_json((int64_t)author.receipt_ms));
}

static dbk_rc conflict_json(cli *c, const dbk_id *record, const char *summary, dbk_err *err)
{
    dbk_note *note = NULL;
    char uuid[DBK_ID_UUID_SIZE];
    json_t *groups = json_array();
    dbk_rc rc = dbk_query_note(&note, c->book, record, err);
    if (rc != DBK_OK) {
        json_decref(groups);
        return rc;
    }
    for (size_t i = 0; i < dbk_state_groups(note->state); i++) {
        const dbk_state_group *g = dbk_state_group_at(note->state, i);
        dbk_shown shown;
        if (!disputed(note, g, &shown))
            continue;
        json_t *choices = json_array();
        for (size_t k = 0; k < g->registers_count; k++)
            (void)json_array_append_new(choices, choice_json(c, &g->registers[k], k + 1));
        (void)json_array_append_new(
            groups, json_pack("{s:s%, s:s, s:o, s:o}", "group", (const char *)g->name.p,
                              g->name.len, "why", cli_dispute_word(shown.dispute), "shown",
                              shown.winner == SIZE_MAX ? json_null()
                                                       : json_integer((json_int_t)shown.winner + 1),
                              "choices", choices));
    }
    dbk_id_uuid(uuid, record);
    dbk_span form = dbk_state_form(note->state);
    rc = out_json_take(json_pack("{s:s, s:s%, s:s, s:o, s:I}", "id", uuid, "form",
                                 (const char *)form.p, form.len, "summary",
                                 summary == NULL ? "" : summary, "groups", groups, "reviews",
                                 (json_int_t)dbk_state_reviews(note->state, NULL)),
                       err);
    dbk_note_free(note);
    return rc;
}

typedef struct queue {
    cli *c;
    uint64_t count;
} queue;

static dbk_rc take_conflict(void *ctx, const dbk_row *row, dbk_err *err)
{
    queue *q = ctx;
    if (q->c->format == OUT_JSON)
        return conflict_json(q->c, &row->record, row->summary, err);
    if (q->count++ > 0)
        out_text("\n");
    return print_conflict(q->c, &row->record, row->summary, err);
}

dbk_rc cmd_conflicts(cli *c, const cli_args *a, dbk_err *err)
{
    queue q = { .c = c };
    dbk_id record;
    if (a->count == 0) {
        dbk_rc rc = dbk_query_conflicts(c->book, take_conflict, &q, err);
        if (rc == DBK_OK && q.count == 0 && c->format == OUT_TEXT)
            out_text("Nothing needs a decision.\n");
        return rc;
    }
    dbk_rc rc = dbk_query_resolve_id(&record, c->book, a->positional[0], err);
    if (rc != DBK_OK)
        return rc;
    return c->format == OUT_JSON ? conflict_json(c, &record, NULL, err)
                                 : print_conflict(c, &record, NULL, err);
}

/* "GROUP=2" picks a standing value, "review=ok" clears a review; anything else is a new value of
 * fields that belong to one group. */
static dbk_rc read_choice(dbk_resolve *r, char group[DBK_NAME_BYTES_MAX + 1], const cli_args *a,
                          const dbk_note *note, dbk_err *err)
{
    const char *arg = a->positional[1], *equals = strchr(arg, '=');
    size_t len = equals == NULL ? 0 : (size_t)(equals - arg);
    uint64_t number = 0;
    if (len == 0 || len > DBK_NAME_BYTES_MAX)
        return dbk_fail(err, DBK_USAGE,
                        "GROUP=CHOICE is needed, as `daybook conflicts` shows them");
    memcpy(group, arg, len);
    group[len] = '\0';
    r->group = group;
    r->choice = -1;
    if (a->count == 2 && strcmp(group, DBK_GROUP_REVIEW) == 0 && strcmp(equals + 1, "ok") == 0)
        return DBK_OK;
    const dbk_state_group *g = dbk_state_group_find(note->state, dbk_span_str(group));
    if (a->count == 2 && g != NULL &&
        dbk_u64_parse(&number, dbk_span_str(equals + 1), NULL) == DBK_OK) {
        if (number < 1 || number > g->registers_count)
            return dbk_fail(err, DBK_USAGE, "\"%s\" has choices 1 to %zu", group,
                            g->registers_count);
        r->choice = (int)number - 1;
        return DBK_OK;
    }
    const dbk_field *field = note->form == NULL ? NULL : dbk_form_field(note->form, group);
    if (field == NULL)
        return dbk_fail(err, DBK_USAGE, "\"%s\" is neither a disputed group nor a field", group);
    const dbk_group *groups;
    (void)dbk_form_groups(note->form, &groups);
    r->group = groups[field->group].name;
    return DBK_OK;
}

dbk_rc cmd_resolve(cli *c, const cli_args *a, dbk_err *err)
{
    char group[DBK_NAME_BYTES_MAX + 1];
    cli_inputs in = { 0 };
    dbk_problems problems = { 0 };
    dbk_note *note = NULL;
    dbk_resolve r = { .reason = cli_option_value(a, "--reason") };
    if (r.reason == NULL || r.reason[0] == '\0')
        return dbk_fail(err, DBK_USAGE, "--reason is needed: it stays with the record");
    dbk_rc rc = dbk_query_resolve_id(&r.record, c->book, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_query_note(&note, c->book, &r.record, err);
    if (rc == DBK_OK)
        rc = read_choice(&r, group, a, note, err);
    if (rc == DBK_OK && r.choice < 0 && strcmp(r.group, DBK_GROUP_REVIEW) != 0) {
        rc = cli_inputs_parse(&in, a->positional + 1, a->count - 1, note->form, err);
        r.inputs = in.rows;
        r.inputs_count = in.count;
    }
    if (rc == DBK_OK)
        rc = dbk_journal_resolve(c->book, &problems, &r, err);
    if (rc != DBK_OK)
        rc = cli_refuse(c, rc, &problems, err);
    else if (c->format == OUT_JSON)
        rc = out_json_take(json_pack("{s:s, s:s}", "resolved", r.group, "reason", r.reason), err);
    else
        out_text("Decided \"%s\". The officers will see it when they sync.\n", r.group);
    cli_inputs_wipe(&in);
    dbk_problems_wipe(&problems);
    dbk_note_free(note);
    return rc;
}
