#include "cli/questions.h"

#include <jansson.h>
#include <string.h>

#include "cli/input.h"
#include "cli/typed.h"
#include "core/base/alloc.h"

typedef struct questions {
    cli *c;
    dbk_id record;
    dbk_bytes line;
    dbk_assessment_question open[DBK_TOOL_QUESTIONS_MAX];
} questions;

/* What may be typed. NULL: something else was. */
static const char *code_of(const char *typed)
{
    static const char *const words[][2] = { { "y", "yes" }, { "n", "no" }, { "r", "refused" },
                                            { "1", "yes" }, { "2", "no" }, { "3", "refused" } };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(typed, words[i][0]) == 0 || strcmp(typed, words[i][1]) == 0)
            return words[i][1];
    return NULL;
}

/* What is only warned of is told at the end, with all that is open then. */
static void print_faults(const dbk_problems *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->rows[i].severity == DBK_PROBLEM)
            out_note("- %s", out_safe_str(p->rows[i].text));
}

static dbk_rc save(questions *q, bool *taken, const char *key, const char *code, dbk_err *err)
{
    json_t *entry = json_pack("{s:s, s:s}", "key", key, "answer", code);
    const dbk_input input = { .op = DBK_INPUT_ADD, .field = "answers", .json = entry };
    const dbk_edit edit = { .record = q->record, .inputs = &input, .inputs_count = 1 };
    dbk_problems problems = { 0 };
    dbk_err why = { 0 };
    if (entry == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the answer");
    dbk_rc rc = dbk_journal_edit(q->c->book, &problems, &edit, &why);
    *taken = rc == DBK_OK;
    print_faults(&problems);
    if (rc == DBK_INVALID && problems.faults == 0)
        out_note("- %s", why.text);
    else if (rc != DBK_OK && rc != DBK_INVALID)
        rc = dbk_fail(err, rc, "%s", why.text);
    dbk_problems_wipe(&problems);
    json_decref(entry);
    return rc == DBK_INVALID ? DBK_OK : rc;
}

static dbk_rc ask_one(questions *q, bool *more, const dbk_assessment_question *question,
                      dbk_err *err)
{
    bool taken = false;
    dbk_rc rc = DBK_OK;
    out_note("%s  %s (y, n, r: would not say)", out_safe_str(question->key),
             out_safe_str(question->text));
    while (rc == DBK_OK && !taken) {
        rc = cli_typed_line(more, &q->line, err);
        if (rc != DBK_OK || !*more || q->line.len == 0)
            break;
        rc = dbk_bytes_append_u8(&q->line, 0, err);
        const char *code = rc == DBK_OK ? code_of((const char *)q->line.p) : NULL;
        if (rc == DBK_OK && code == NULL)
            out_note("- y, n or r; or nothing, to leave it open");
        else if (rc == DBK_OK)
            rc = save(q, &taken, question->key, code, err);
    }
    return rc;
}

dbk_rc cli_questions(cli *c, bool *more, uint64_t *asked, const dbk_note *note, dbk_err *err)
{
    questions *q = dbk_alloc(sizeof(*q));
    size_t count = 0;
    if (q == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the questions");
    q->c = c;
    q->record = note->record;
    dbk_bytes_init(&q->line, CLI_TYPED_LINE_BYTES_MAX);
    dbk_rc rc = dbk_assessment_open(q->open, &count, c->book, note, err);
    for (size_t i = 0; rc == DBK_OK && *more && i < count; i++) {
        rc = ask_one(q, more, &q->open[i], err);
        *asked += *more;
    }
    dbk_bytes_wipe(&q->line);
    dbk_free(q);
    return rc;
}
