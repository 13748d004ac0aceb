/* The HQ desk on the command line: conflicts, resolve. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/looks.h"
#include "cli/names.h"
#include "cli/past.h"
#include "cli/render.h"
#include "cli/safe.h"
#include "cli/words.h"
#include "cli/seen.h"
#include "core/base/text.h"

/* A choice's value, for people. */
static dbk_rc choice_text(cli *c, dbk_bytes *out, const dbk_note *note, const dbk_state_group *g,
                          const dbk_sibling *s, dbk_err *err)
{
    if (cli_safe_hides(c, note, g->name))
        return dbk_bytes_append_str(out, cli_safe_hidden(note), err);
    return cli_group_text(c, out, note->form, s->value, err);
}

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

static dbk_rc print_choice(cli *c, const dbk_note *note, const dbk_state_group *g, size_t i,
                           const char *mark, dbk_err *err)
{
    const dbk_sibling *s = &g->registers[i];
    dbk_bytes text = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_authorship author = { 0 };
    dbk_rc rc = dbk_query_author(c->book, &author, &s->dot, err);
    if (rc == DBK_OK)
        rc = choice_text(c, &text, note, g, s, err);
    if (rc == DBK_OK) {
        out_text("    %zu  %s%s\n", i + 1, out_safe_lines(dbk_bytes_span(&text)), mark);
        out_text("       by %s%s, written %s, received %s\n", cli_device_name(c, &author.device),
                 s->hq ? " (headquarters)" : "", cli_time((int64_t)dbk_hlc_ms(s->time)),
                 author.receipt_ms == 0 ? "not yet" : cli_time((int64_t)author.receipt_ms));
        rc = cli_past_because(c, note, g, &s->dot, err);
    }
    dbk_bytes_wipe(&text);
    return rc;
}

static void print_reviews(cli *c, const dbk_note *note)
{
    const dbk_review_pair *pairs;
    size_t count = dbk_state_reviews(note->state, &pairs);
    for (size_t i = 0; i < count; i++)
        out_text("  review: %s and %s changed this record without seeing each other's change\n",
                 cli_author_name(c, &pairs[i].a), cli_author_name(c, &pairs[i].b));
}

static const char *group_label(const dbk_note *note, dbk_span name)
{
    const dbk_group *g = note->form == NULL ? NULL : dbk_form_group(note->form, name);
    return g == NULL || g->label == NULL ? "" : g->label;
}

static dbk_rc print_conflict(cli *c, const dbk_note *note, const char *summary, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_rc rc = DBK_OK;
    dbk_id_uuid(uuid, &note->record);
    out_text("%s  %s  %s\n", uuid,
             note->form == NULL ? out_safe(dbk_note_form(note)) : dbk_form_name(note->form),
             summary == NULL ? "" : out_safe_str(summary));
    out_text("  last changed %s\n", cli_time((int64_t)dbk_hlc_ms(dbk_state_updated(note->state))));
    for (size_t i = 0; rc == DBK_OK && i < dbk_state_groups(note->state); i++) {
        const dbk_state_group *g = dbk_state_group_at(note->state, i);
        dbk_shown shown;
        if (!disputed(note, g, &shown))
            continue;
        out_text("  %s (%s): %s\n", out_safe(g->name), group_label(note, g->name),
                 cli_dispute_word(shown.dispute));
        for (size_t k = 0; rc == DBK_OK && k < g->registers_count; k++)
            rc = print_choice(c, note, g, k, k == shown.winner ? "   <- shown meanwhile" : "", err);
        if (rc == DBK_OK)
            rc = cli_past_common(c, note, g, err);
    }
    if (rc != DBK_OK)
        return rc;
    print_reviews(c, note);
    return cli_past_decided(c, note, err);
}

static json_t *choice_json(cli *c, const dbk_note *note, const dbk_state_group *g, size_t i)
{
    const dbk_sibling *s = &g->registers[i];
    dbk_authorship author = { 0 };
    if (dbk_query_author(c->book, &author, &s->dot, NULL) != DBK_OK)
        author = (dbk_authorship){ 0 };
    return json_pack("{s:I, s:o, s:s, s:b, s:o, s:o, s:o}", "choice", (json_int_t)i + 1, "value",
                     cli_safe_hides(c, note, g->name) ? json_null() : cli_value_json(s->value),
                     "author", cli_device_name(c, &author.device), "hq", (int)s->hq, "claimed",
                     cli_time_json((int64_t)dbk_hlc_ms(s->time)), "received",
                     cli_time_json((int64_t)author.receipt_ms), "reason",
                     cli_past_because_json(c, note, g, &s->dot));
}

static json_t *dispute_json(cli *c, const dbk_note *note, const dbk_state_group *g,
                            const dbk_shown *shown)
{
    json_t *choices = json_array();
    for (size_t k = 0; k < g->registers_count; k++)
        (void)json_array_append_new(choices, choice_json(c, note, g, k));
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "group", out_safe(g->name), "label",
                     group_label(note, g->name), "why", cli_dispute_code(shown->dispute), "shown",
                     shown->winner == SIZE_MAX ? json_null()
                                               : json_integer((json_int_t)shown->winner + 1),
                     "choices", choices, "before", cli_past_common_json(c, note, g));
}

static json_t *reviews_json(cli *c, const dbk_note *note)
{
    const dbk_review_pair *pairs;
    size_t count = dbk_state_reviews(note->state, &pairs);
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(rows, json_pack("[s, s]", cli_author_name(c, &pairs[i].a),
                                                    cli_author_name(c, &pairs[i].b)));
    return rows;
}

/* The most that is wrong, as the queue is ordered. */
static const char *severity_code(const dbk_attention *a)
{
    return a->asks > 0        ? "decide"
           : a->cautious > 0  ? "protected"
           : a->proposals > 0 ? "proposal"
           : a->reviews > 0   ? "review"
                              : "none";
}

static dbk_rc conflict_json(cli *c, const dbk_note *note, const char *summary, dbk_err *err)
{
    const dbk_attention attention = dbk_view_attention(note->state, &note->view);
    char uuid[DBK_ID_UUID_SIZE];
    json_t *groups = json_array();
    for (size_t i = 0; i < dbk_state_groups(note->state); i++) {
        const dbk_state_group *g = dbk_state_group_at(note->state, i);
        dbk_shown shown;
        if (disputed(note, g, &shown))
            (void)json_array_append_new(groups, dispute_json(c, note, g, &shown));
    }
    dbk_id_uuid(uuid, &note->record);
    json_t *answer = json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "id", uuid, "form",
        out_safe(dbk_note_form(note)), "summary", summary == NULL ? "" : out_safe_str(summary),
        "severity", severity_code(&attention), "changed",
        cli_time_json((int64_t)dbk_hlc_ms(dbk_state_updated(note->state))), "groups", groups,
        "reviews", reviews_json(c, note), "decided", cli_past_decided_json(c, note));
    return out_json_take(cli_names_add(c, answer), err);
}

typedef struct queue {
    cli *c;
    cli_seen seen;
    uint64_t count;
} queue;

static dbk_rc show_conflict(queue *q, const dbk_id *record, const char *summary, dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_rc rc = dbk_query_note(&note, q->c->book, record, err);
    if (rc == DBK_OK && summary == NULL) /* it was named */
        rc = cli_look(q->c, note, "conflicts", err);
    if (rc != DBK_OK) {
        dbk_note_free(note);
        return rc;
    }
    if (q->count++ > 0 && q->c->format == OUT_TEXT)
        out_text("\n");
    rc = q->c->format == OUT_JSON ? conflict_json(q->c, note, summary, err)
                                  : print_conflict(q->c, note, summary, err);
    if (rc == DBK_OK)
        cli_seen_note(&q->seen, note);
    dbk_note_free(note);
    return rc;
}

static dbk_rc take_conflict(void *ctx, const dbk_row *row, dbk_err *err)
{
    const queue *q = ctx;
    return cli_shows(q->c, &row->space) ? show_conflict(ctx, &row->record, row->summary, err)
                                        : DBK_OK;
}

dbk_rc cmd_conflicts(cli *c, const cli_args *a, dbk_err *err)
{
    queue q = { .c = c };
    dbk_id record;
    dbk_rc rc = DBK_OK;
    if (a->count == 0) {
        rc = dbk_query_conflicts(c->book, take_conflict, &q, err);
    } else {
        rc = cli_record_find(&record, c, a->positional[0], err);
        if (rc == DBK_OK)
            rc = show_conflict(&q, &record, NULL, err);
    }
    if (rc == DBK_OK)
        rc = cli_seen_keep(c, &q.seen, err);
    if (rc == DBK_OK && c->format == OUT_TEXT) {
        if (q.count == 0)
            out_text("Nothing needs a decision.\n");
        else
            out_text("\nTo decide, at headquarters: daybook resolve ID GROUP=NUMBER --reason "
                     "TEXT\n");
    }
    return rc;
}

/* What stands on the right of "GROUP=" names one of the standing values by its number. */
static dbk_rc read_number(dbk_resolve *r, const dbk_state_group *g, const char *text, dbk_err *err)
{
    uint64_t number = 0;
    if (dbk_u64_parse(&number, dbk_span_str(text), NULL) != DBK_OK)
        return DBK_NOT_FOUND;
    if (number < 1 || number > g->registers_count)
        return dbk_fail(err, DBK_USAGE, "\"%s\" has choices 1 to %zu", r->group,
                        g->registers_count);
    r->choice = (int)number - 1;
    return DBK_OK;
}

/* "GROUP=2" picks a standing value, "review=ok" clears a review; anything else is a new value of
 * fields that belong to one group. */
static dbk_rc read_choice(dbk_resolve *r, char group[DBK_NAME_BYTES_MAX + 1], const cli_args *a,
                          const dbk_note *note, dbk_err *err)
{
    const char *arg = a->positional[1], *equals = strchr(arg, '=');
    size_t len = strcspn(arg, "=:+-");
    if (equals == NULL || len == 0 || len > DBK_NAME_BYTES_MAX)
        return dbk_fail(err, DBK_USAGE,
                        "GROUP=CHOICE is needed, as `daybook conflicts` shows them");
    memcpy(group, arg, len);
    group[len] = '\0';
    r->group = group;
    r->choice = -1;
    bool bare = arg + len == equals && a->count == 2; /* not ":=" and alone */
    if (bare && strcmp(group, DBK_GROUP_REVIEW) == 0 && strcmp(equals + 1, "ok") == 0)
        return DBK_OK;
    const dbk_state_group *g = dbk_state_group_find(note->state, dbk_span_str(group));
    if (bare && g != NULL && g->registers_count > 1) {
        dbk_rc rc = read_number(r, g, equals + 1, err);
        if (rc != DBK_NOT_FOUND)
            return rc;
    }
    const dbk_field *field = note->form == NULL ? NULL : dbk_form_field(note->form, group);
    if (field == NULL)
        return dbk_fail(err, DBK_USAGE, "\"%s\" is neither in dispute nor a field", group);
    const dbk_group *groups;
    (void)dbk_form_groups(note->form, &groups);
    r->group = groups[field->group].name;
    return DBK_OK;
}

static dbk_rc say_decided(cli *c, const dbk_resolve *r, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_note *note = NULL;
    dbk_bytes text = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_id_uuid(uuid, &r->record);
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:s, s:s, s:s}", "id", uuid, "resolved", r->group,
                                       "reason", out_safe_str(r->reason)),
                             err);
    dbk_rc rc = dbk_query_note(&note, c->book, &r->record, err);
    if (rc != DBK_OK)
        return rc;
    const dbk_state_group *g = dbk_state_group_find(note->state, dbk_span_str(r->group));
    if (g != NULL && g->registers_count == 1 && !cli_safe_hides(c, note, g->name))
        rc = cli_group_line(c, &text, note, g->name, g->registers[0].value, err);
    else
        rc = dbk_bytes_append_str(&text, "the record stands as it is", err);
    if (rc == DBK_OK)
        out_text("Decided. %s\nThe officers will see it when they sync.\n",
                 out_safe(dbk_bytes_span(&text)));
    dbk_bytes_wipe(&text);
    dbk_note_free(note);
    return rc;
}

/* "GROUP=2 --undo": a value that the standing decision put away, by another decision. */
static dbk_rc undo(cli *c, const cli_args *a, const char *reason, dbk_err *err)
{
    char group[DBK_NAME_BYTES_MAX + 1];
    dbk_bytes value = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    dbk_note *note = NULL;
    dbk_undo r = { .reason = reason };
    if (a->count != 2)
        return dbk_fail(err, DBK_USAGE, "one GROUP=NUMBER is needed");
    dbk_rc rc = cli_record_find(&r.record, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_query_note(&note, c->book, &r.record, err);
    if (rc == DBK_OK)
        rc = dbk_book_check_write(c->book, &note->space, err);
    if (rc == DBK_OK)
        rc = cli_past_undo(c, &r, &value, note, a->positional[1], err);
    if (rc == DBK_OK)
        rc = cli_seen_check(c, note, err);
    if (rc == DBK_OK)
        rc = dbk_journal_undo(c->book, &r, err);
    if (rc == DBK_OK) {
        (void)snprintf(group, sizeof(group), "%.*s", (int)r.group.len, (const char *)r.group.p);
        rc = say_decided(c, &(dbk_resolve){ .record = r.record, .group = group, .reason = reason },
                         err);
    }
    dbk_bytes_wipe(&value);
    dbk_note_free(note);
    return rc;
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
    if (cli_option_given(a, "--undo"))
        return undo(c, a, r.reason, err);
    dbk_rc rc = cli_record_find(&r.record, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_query_note(&note, c->book, &r.record, err);
    if (rc == DBK_OK)
        rc = dbk_book_check_write(c->book, &note->space, err);
    if (rc == DBK_OK)
        rc = read_choice(&r, group, a, note, err);
    if (rc == DBK_OK)
        rc = cli_seen_check(c, note, err);
    if (rc == DBK_OK && r.choice < 0 && strcmp(r.group, DBK_GROUP_REVIEW) != 0) {
        rc = cli_inputs_parse(&in, a->positional + 1, a->count - 1, note->form, err);
        r.inputs = in.rows;
        r.inputs_count = in.count;
    }
    if (rc == DBK_OK) {
        rc = dbk_journal_resolve(c->book, &problems, &r, err);
        if (rc != DBK_OK)
            rc = cli_refuse(c, rc, "nothing was decided", &problems, err);
    }
    if (rc == DBK_OK)
        rc = say_decided(c, &r, err);
    cli_inputs_wipe(&in);
    dbk_problems_wipe(&problems);
    dbk_note_free(note);
    return rc;
}
