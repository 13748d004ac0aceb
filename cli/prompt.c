#include "cli/prompt.h"

#include <stdio.h>
#include <string.h>

#include "cli/input.h"
#include "cli/questions.h"
#include "cli/typed.h"
#include "cli/when.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

#define CODES_SHOWN_MAX 24u
#define ANSWER_BYTES_MAX CLI_TYPED_LINE_BYTES_MAX
#define PATH_BYTES (2u * DBK_NAME_BYTES_MAX + 2u)
#define PARTS_MAX 64u /* sub-fields of one field: docs/FORMS.md */

typedef struct prompt {
    cli *c;
    dbk_id record;
    dbk_bytes line;
} prompt;

/* ---- asking ---------------------------------------------------------------------------------- */

static bool by_blanks(const dbk_field *field)
{
    return field->fields_count > 0 &&
           (field->fields[0].kind == DBK_FIELD_NUMBER || field->fields[0].kind == DBK_FIELD_BOOL3);
}

static void show_codes(const dbk_field *field)
{
    if (field->codes_count > CODES_SHOWN_MAX)
        out_note("    a code: see `daybook form show`");
    for (size_t i = 0; i < field->codes_count && field->codes_count <= CODES_SHOWN_MAX; i++)
        out_note("    %2zu  %s", i + 1, out_safe_str(field->codes[i].label));
}

static void show_parts(const dbk_field *field)
{
    for (size_t i = 0; i < field->fields_count; i++)
        out_note("    %-24s %s", out_safe_str(field->fields[i].name),
                 out_safe_str(field->fields[i].label));
    if (field->kind == DBK_FIELD_OBJECT && by_blanks(field))
        out_note("    in this order with blanks between, or name=value; a name alone is yes");
    else if (field->kind == DBK_FIELD_OBJECT)
        out_note("    in this order with ; between, or name=value");
}

static void show_question(const dbk_field *field)
{
    out_note("%s%s", out_safe_str(field->label),
             field->kind == DBK_FIELD_BOOL3 ? " (y, n, ?)" : "");
    if (field->help != NULL)
        out_note("    %s", out_safe_str(field->help));
    if (field->kind != DBK_FIELD_PRESENT)
        show_codes(field);
    if (field->kind == DBK_FIELD_OBJECT)
        show_parts(field);
}

/* ---- short answers --------------------------------------------------------------------------- */

/* "2" is the second code; "y", "n" and "?" are yes, no and not known. */
static const char *word_of(const dbk_field *field, const char *typed)
{
    static const char *const bools[][2] = { { "y", "yes" }, { "n", "no" } };
    uint64_t n;
    if (strcmp(typed, "?") == 0)
        return "not_known";
    for (size_t i = 0; i < 2 && field->kind == DBK_FIELD_BOOL3; i++)
        if (strcmp(typed, bools[i][0]) == 0)
            return bools[i][1];
    if ((field->kind == DBK_FIELD_CODE || field->kind == DBK_FIELD_CODES) &&
        dbk_u64_parse(&n, dbk_span_str(typed), NULL) == DBK_OK && n > 0 && n <= field->codes_count)
        return field->codes[n - 1].name;
    return typed;
}

/* The caller frees it. NULL: no memory. */
static char *spelt_out(const dbk_field *field, char *typed)
{
    dbk_bytes all = DBK_BYTES_INIT(ANSWER_BYTES_MAX);
    char *rest = NULL, *copy = NULL;
    dbk_rc rc = DBK_OK;
    if (field->kind == DBK_FIELD_DATETIME)
        return cli_when_typed(word_of(field, typed));
    if (field->kind != DBK_FIELD_CODES)
        return dbk_strdup(word_of(field, typed));
    for (char *one = strtok_r(typed, ", ", &rest); rc == DBK_OK && one != NULL;
         one = strtok_r(NULL, ", ", &rest))
        rc = dbk_bytes_append_fmt(&all, NULL, "%s%s", all.len > 0 ? ", " : "", word_of(field, one));
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(&all, 0, NULL);
    if (rc == DBK_OK)
        copy = dbk_strdup((const char *)all.p);
    dbk_bytes_wipe(&all);
    return copy;
}

/* ---- saving ---------------------------------------------------------------------------------- */

/* The texts of one answer: of an object one for each part that was named. */
typedef struct answer {
    dbk_input inputs[PARTS_MAX];
    char paths[PARTS_MAX][PATH_BYTES];
    char *texts[PARTS_MAX];
    size_t count;
} answer;

static dbk_rc add_text(answer *a, const dbk_field *top, const dbk_field *part, char *typed,
                       dbk_err *err)
{
    size_t i = a->count;
    if (i == PARTS_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u parts", PARTS_MAX);
    (void)snprintf(a->paths[i], PATH_BYTES, "%s%s%s", top->name, part == NULL ? "" : ".",
                   part == NULL ? "" : part->name);
    a->texts[i] = spelt_out(part == NULL ? top : part, typed);
    if (a->texts[i] == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the answer");
    a->inputs[i] = (dbk_input){ .op = DBK_INPUT_SET, .field = a->paths[i], .text = a->texts[i] };
    a->count++;
    return DBK_OK;
}

static const dbk_field *part_named(const dbk_field *top, const char *name, size_t len)
{
    for (size_t i = 0; i < top->fields_count; i++)
        if (strlen(top->fields[i].name) == len && memcmp(top->fields[i].name, name, len) == 0)
            return &top->fields[i];
    return NULL;
}

static dbk_rc add_part(answer *a, const dbk_field *top, size_t *place, char *typed, dbk_err *err)
{
    char yes[] = "yes";
    const char *equals = strchr(typed, '=');
    const dbk_field *part = part_named(top, typed,
                                       equals == NULL ? strlen(typed) : (size_t)(equals - typed));
    if (part != NULL && equals != NULL)
        return add_text(a, top, part, typed + (equals - typed) + 1, err);
    if (part != NULL && part->kind == DBK_FIELD_BOOL3)
        return add_text(a, top, part, yes, err);
    if (*place == top->fields_count)
        return dbk_fail(err, DBK_INVALID, "%s: that is more than it has parts", top->label);
    return add_text(a, top, &top->fields[(*place)++], typed, err);
}

static dbk_rc add_none(answer *a, const dbk_field *top, dbk_err *err)
{
    char no[] = "no";
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < top->fields_count; i++)
        if (top->fields[i].kind == DBK_FIELD_BOOL3)
            rc = add_text(a, top, &top->fields[i], no, err);
    return rc;
}

static dbk_rc read_answer(answer *a, const dbk_field *field, char *typed, dbk_err *err)
{
    char *rest = NULL;
    size_t place = 0;
    dbk_rc rc = DBK_OK;
    if (field->kind != DBK_FIELD_OBJECT || strcmp(word_of(field, typed), "not_known") == 0)
        return add_text(a, field, NULL, typed, err);
    if (by_blanks(field) && strcmp(typed, "none") == 0)
        return add_none(a, field, err);
    const char *between = by_blanks(field) ? ", " : ";";
    for (char *one = strtok_r(typed, between, &rest); rc == DBK_OK && one != NULL;
         one = strtok_r(NULL, between, &rest)) {
        one += strspn(one, " ");
        if (one[0] != '\0')
            rc = add_part(a, field, &place, one, err);
    }
    return rc;
}

static dbk_rc save(prompt *p, const dbk_input *inputs, size_t count, dbk_problems *problems,
                   dbk_err *err)
{
    dbk_edit edit = { .record = p->record, .inputs = inputs, .inputs_count = count };
    return dbk_journal_edit(p->c->book, problems, &edit, err);
}

/* *taken false: it was wrong in itself, and that was told. */
static dbk_rc take(prompt *p, bool *taken, const dbk_field *field, dbk_err *err)
{
    answer *a = dbk_alloc(sizeof(*a));
    dbk_problems problems = { 0 };
    dbk_err why = { 0 };
    if (a == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the answer");
    dbk_rc rc = read_answer(a, field, (char *)p->line.p, &why);
    if (rc == DBK_OK && a->count > 0)
        rc = save(p, a->inputs, a->count, &problems, &why);
    cli_print_problems(&problems);
    *taken = rc == DBK_OK;
    if (rc == DBK_INVALID) {
        if (problems.faults == 0)
            out_note("- %s", why.text);
        rc = DBK_OK;
    } else if (rc != DBK_OK) {
        rc = dbk_fail(err, rc, "%s", why.text);
    }
    for (size_t i = 0; i < a->count; i++)
        dbk_free(a->texts[i]);
    dbk_free(a);
    dbk_problems_wipe(&problems);
    return rc;
}

/* ---- the round ------------------------------------------------------------------------------- */

/* A record that this one refers to may have the answer already. */
static dbk_rc fill(prompt *p, bool *filled, const dbk_note *note, const dbk_field *field,
                   dbk_err *err)
{
    dbk_bytes json = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_problems problems = { 0 };
    dbk_input input = { .op = DBK_INPUT_SET, .field = field->name };
    struct json_t *value = NULL;
    *filled = false;
    dbk_rc rc = dbk_asking_known(&json, p->c->book, note, field, err);
    if (rc == DBK_OK && json.len > 0)
        rc = dbk_json_parse(&value, dbk_bytes_span(&json), err);
    if (rc == DBK_OK && value != NULL) {
        input.json = value;
        /* What doesn't fit is asked for like anything else. */
        *filled = save(p, &input, 1, &problems, NULL) == DBK_OK;
    }
    if (*filled)
        out_note("%s: %s", out_safe_str(field->label), out_safe(dbk_bytes_span(&json)));
    dbk_json_free(value);
    dbk_problems_wipe(&problems);
    dbk_bytes_wipe(&json);
    return rc;
}

/* *more false: the input has ended. Nothing typed leaves the field blank. */
static dbk_rc ask(prompt *p, bool *more, const dbk_field *field, dbk_err *err)
{
    bool taken = false;
    dbk_rc rc = DBK_OK;
    show_question(field);
    while (rc == DBK_OK && !taken) {
        rc = cli_typed_line(more, &p->line, err);
        if (rc != DBK_OK || !*more || p->line.len == 0)
            break;
        rc = dbk_bytes_append_u8(&p->line, 0, err);
        if (rc == DBK_OK)
            rc = take(p, &taken, field, err);
    }
    return rc;
}

/* Have all fields been asked that stand before the answers to a tool's questions? */
static bool is_past_answers(const dbk_note *note, const dbk_field *next)
{
    const dbk_field *answers = note->form == NULL ? NULL : dbk_form_field(note->form, "answers");
    return answers != NULL && (next == NULL || next > answers);
}

dbk_rc cli_prompt(cli *c, uint64_t *asked, dbk_problems *problems, const dbk_id *record,
                  dbk_err *err)
{
    prompt p = { c, *record, DBK_BYTES_INIT(ANSWER_BYTES_MAX) };
    const dbk_field *field = NULL;
    bool more = true, last = false, questioned = false;
    dbk_rc rc = DBK_OK;
    *asked = 0;
    while (rc == DBK_OK && !last) {
        dbk_note *note = NULL;
        bool filled = false;
        rc = dbk_query_note(&note, c->book, record, err);
        if (rc == DBK_OK && more)
            rc = dbk_asking_next(&field, note, field, err);
        /* A judgement comes behind the answers: it may not go below them. */
        if (rc == DBK_OK && more && !questioned && is_past_answers(note, field)) {
            questioned = true;
            rc = cli_questions(c, &more, asked, note, err);
        }
        last = !more || field == NULL;
        if (rc == DBK_OK && last)
            rc = dbk_asking_missing(problems, note, err);
        if (rc == DBK_OK && !last)
            rc = fill(&p, &filled, note, field, err);
        dbk_note_free(note);
        if (rc != DBK_OK || last || filled)
            continue;
        rc = ask(&p, &more, field, err);
        *asked += more;
    }
    dbk_bytes_wipe(&p.line);
    return rc;
}
