#include "cli/safe.h"

#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "cli/render.h"

#define ANSWER_BYTES_MAX 64u

/* Has to stay with those who keep the directory. */
static bool hides_place(const cli *c, const dbk_note *note, dbk_span group)
{
    dbk_role role = dbk_book_role(c->book, &note->space);
    bool keeps = role == DBK_ROLE_HQ || role == DBK_ROLE_ADMIN;
    return dbk_place_is_group(group) && (c->gives_out || !keeps) && dbk_place_is_confidential(note);
}

bool cli_safe_hides(const cli *c, const dbk_note *note, dbk_span group)
{
    if (hides_place(c, note, group))
        return true;
    bool met = !dbk_id_is_zero(&c->routes_of) && dbk_id_equal(&c->routes_of, &note->record);
    return !met && dbk_safe_is_route(dbk_book_forms(c->book), note, group);
}

bool cli_safe_was_met(const cli *c, const dbk_note *note)
{
    return c->rule_read && dbk_id_equal(&c->routes_of, &note->record);
}

bool cli_safe_hides_field(const cli *c, const dbk_note *note, const dbk_field *field)
{
    const dbk_group *groups;
    (void)dbk_form_groups(note->form, &groups);
    if (!field->route) /* its group's other fields are hidden with it in histories */
        return hides_place(c, note, dbk_span_str(groups[field->group].name));
    return cli_safe_hides(c, note, dbk_span_str(groups[field->group].name));
}

const char *cli_safe_hidden(const dbk_note *note)
{
    return dbk_place_is_confidential(note) ? "confidential: ring the service, or ask headquarters"
                                           : "hidden until the safe-contact rule is read";
}

bool cli_safe_row_hides(cli *c, const dbk_row *row)
{
    dbk_note *note = NULL;
    dbk_safe safe = { .must_read = true };
    dbk_rc rc = dbk_query_note(&note, c->book, &row->record, NULL);
    if (rc == DBK_OK)
        rc = dbk_safe_read(&safe, dbk_book_forms(c->book), note, NULL);
    bool hides = rc != DBK_OK || safe.must_read || dbk_place_is_confidential(note);
    dbk_safe_wipe(&safe);
    dbk_note_free(note);
    return hides;
}

/* ---- asking -------------------------------------------------------------------------------- */

/* The question has to be answered with the whole word: a stray Enter isn't a reading. */
static bool answered(dbk_err *err)
{
    static const char question[] = "Have you read it? Type yes to see numbers and addresses: ";
    char answer[ANSWER_BYTES_MAX] = "";
    size_t len = 0;
    if (out_finish(err) != DBK_OK) /* the rule has to stand there first */
        return false;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return false;
    bool asked = write(fd, question, sizeof(question) - 1) == (ssize_t)sizeof(question) - 1;
    while (asked && len + 1 < sizeof(answer) && read(fd, answer + len, 1) == 1) {
        if (answer[len] == '\n')
            break;
        len++;
    }
    answer[len] = '\0';
    (void)close(fd);
    return asked && (strcmp(answer, "yes") == 0 || strcmp(answer, "Yes") == 0);
}

static bool has_terminal(const cli *c)
{
    return c->format == OUT_TEXT && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* ---- saying -------------------------------------------------------------------------------- */

typedef struct lines {
    dbk_span left;
} lines;

static bool next_line(lines *l, dbk_span *out)
{
    const uint8_t *end = l->left.len == 0 ? NULL : memchr(l->left.p, '\n', l->left.len);
    if (end == NULL)
        return false;
    *out = dbk_span_of(l->left.p, (size_t)(end - l->left.p));
    l->left = dbk_span_of(end + 1, l->left.len - out->len - 1);
    return true;
}

static void print_rule(const dbk_safe *safe)
{
    lines l = { dbk_bytes_span(&safe->text) };
    dbk_span line;
    if (!safe->recorded && !safe->must_read) {
        out_text("No safe-contact rule is recorded: ask how this person can be reached safely.\n");
        return;
    }
    if (!safe->must_read)
        return;
    out_text("SAFE CONTACT: read this before you reach this person.\n");
    while (next_line(&l, &line))
        out_wrapped("  ! ", line);
    out_text("\n");
}

/* The fields that are there and aren't shown. */
static json_t *withheld_json(const cli *c, const dbk_note *note)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < dbk_state_groups(note->state); i++) {
        const dbk_state_group *g = dbk_state_group_at(note->state, i);
        if (cli_safe_hides(c, note, g->name))
            (void)json_array_append_new(rows, json_string(out_safe(g->name)));
    }
    return rows;
}

static json_t *rule_json(const cli *c, const dbk_note *note, const dbk_safe *safe)
{
    json_t *rule = json_array(), *blocks = json_array();
    lines l = { dbk_bytes_span(&safe->text) };
    dbk_span line;
    while (next_line(&l, &line))
        (void)json_array_append_new(rule, json_string(out_safe(line)));
    for (unsigned i = 0; i < DBK_SAFE_BLOCKS; i++)
        if ((safe->blocked & (1u << i)) != 0)
            (void)json_array_append_new(blocks, json_string(dbk_safe_block_name(i)));
    return json_pack("{s:b, s:b, s:o, s:o, s:o}", "recorded", (int)safe->recorded, "must_read",
                     (int)safe->must_read, "rule", rule, "blocks", blocks, "withheld",
                     withheld_json(c, note));
}

dbk_rc cli_safe_meet(struct json_t **json, cli *c, const cli_args *a, const dbk_note *note,
                     dbk_err *err)
{
    dbk_safe safe;
    bool text = json == NULL && c->format == OUT_TEXT;
    c->routes_of = (dbk_id){ { 0 } };
    c->rule_read = false;
    dbk_rc rc = dbk_safe_read(&safe, dbk_book_forms(c->book), note, err);
    if (rc == DBK_OK && safe.has_routes) {
        if (text)
            print_rule(&safe);
        bool met = !safe.must_read || cli_option_given(a, CLI_SAFE_OPTION) ||
                   (text && has_terminal(c) && answered(err));
        c->rule_read = met && safe.must_read;
        if (met)
            c->routes_of = note->record;
        else if (text)
            out_text("Numbers, addresses and accounts are hidden; with " CLI_SAFE_OPTION
                     " they are shown.\n\n");
        if (json != NULL)
            *json = rule_json(c, note, &safe);
    }
    dbk_safe_wipe(&safe);
    return rc;
}
